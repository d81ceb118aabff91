package pipeline

import (
	"context"
	"strings"

	"tarn/api/glue"
)

// Bucket is where the project lands its data.
func (pl *Planner) Bucket() string {
	if b := pl.Project.Environ.Bucket; b != "" {
		return b
	}
	return strings.ReplaceAll(pl.Project.Name, "_", "-") + "-" + pl.Target.Account + "-" + pl.Target.Client.Region
}

func (pl *Planner) role() string {
	if r := pl.Project.Environ.Role; r != "" {
		return r
	}
	return "arn:aws:iam::" + pl.Target.Account + ":role/" + pl.Project.Name
}

// resources is all that the project should be, in the order in which it is made.
func (pl *Planner) resources(ctx context.Context) ([]*resource, error) {
	p := pl.Project
	out := []*resource{pl.bucketResource()}
	out = append(out, pl.databaseResource(p.rawDatabase(), "raw/"), pl.databaseResource(p.database(), "curated/"))
	for _, s := range p.Sources {
		if len(s.Columns) > 0 {
			out = append(out, pl.sourceTable(s))
		}
	}
	var jobs []*resource
	for _, j := range p.Jobs {
		script, job, err := pl.jobResources(j)
		if err != nil {
			return nil, err
		}
		out = append(out, script)
		jobs = append(jobs, job)
		if j.Load != nil {
			for _, w := range j.Writes {
				script, job, err := pl.loadResources(j, w)
				if err != nil {
					return nil, err
				}
				out = append(out, script)
				jobs = append(jobs, job)
			}
		}
	}
	out = append(out, jobs...)
	if len(p.Sources) > 0 {
		if pl.needsJSONClassifier() {
			out = append(out, pl.jsonClassifierResource())
		}
		for _, c := range pl.csvClassifiers() {
			out = append(out, pl.csvClassifierResource(c))
		}
		out = append(out, pl.crawlerResource())
	}
	out = append(out, pl.workflowResource())
	out = append(out, pl.triggerResources()...)
	if pl.usesWarehouse() {
		out = append(out, pl.schemaResources()...)
	}
	more, err := pl.dashboardResources(ctx)
	return append(out, more...), err
}

func (pl *Planner) arn(rest string) string {
	return "arn:aws:glue:" + pl.Target.Client.Region + ":" + pl.Target.Account + ":" + rest
}

func glueTags(ctx context.Context, t *Target, arn string) (map[string]string, error) {
	out, err := glueCall[glue.GetTagsOutput](ctx, t, "GetTags", &glue.GetTagsInput{ResourceArn: &arn})
	if err != nil {
		return nil, err
	}
	return out.Tags, nil
}

func setGlueTags(ctx context.Context, t *Target, arn string, tags map[string]string) error {
	_, err := glueCall[glue.TagResourceOutput](ctx, t, "TagResource", &glue.TagResourceInput{ResourceArn: &arn, TagsToAdd: tags})
	return err
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
