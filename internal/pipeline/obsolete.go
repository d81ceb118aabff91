package pipeline

import (
	"context"
	"strings"

	"tarn/api/glue"
	"tarn/api/quicksight"
	"tarn/internal/awsapi"
)

// obsolete are definitions with the project's tags that the project no longer
// has. Tables, the crawler and the workflow are not among them: data stay.
func (pl *Planner) obsolete(ctx context.Context, have map[string]bool) ([]*resource, error) {
	t := pl.Target
	tags := map[string]string{tagProject: pl.Project.Name, tagEnv: pl.Project.Env}
	var out []*resource
	add := func(r *resource) {
		if !have[r.title()] {
			out = append(out, r)
		}
	}
	// Each before what it uses.
	err := pages(func(token *string) (*string, error) {
		page, err := glueCall[glue.ListTriggersOutput](ctx, t, "ListTriggers", &glue.ListTriggersInput{Tags: tags, NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, n := range page.TriggerNames {
			add(pl.triggerResource(&glue.CreateTriggerInput{Name: new(n)}))
		}
		return page.NextToken, nil
	})
	if err != nil {
		return nil, err
	}
	err = pages(func(token *string) (*string, error) {
		page, err := glueCall[glue.ListJobsOutput](ctx, t, "ListJobs", &glue.ListJobsInput{Tags: tags, NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, n := range page.JobNames {
			add(pl.jobResource(&glue.CreateJobInput{Name: new(n)}, ""))
		}
		return page.NextToken, nil
	})
	if err != nil {
		return nil, err
	}
	err = pages(func(token *string) (*string, error) {
		page, err := glueCall[glue.GetClassifiersOutput](ctx, t, "GetClassifiers", &glue.GetClassifiersInput{NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, c := range page.Classifiers {
			// Classifiers have no tags; a project's name holds no "-".
			switch {
			case c.CsvClassifier != nil:
				if n := awsapi.Val(c.CsvClassifier.Name); n == pl.Project.Name+"-csv" || strings.HasPrefix(n, pl.Project.Name+"-csv-") {
					add(pl.csvClassifierResource(csvClassifier{name: n}))
				}
			case c.JsonClassifier != nil && awsapi.Val(c.JsonClassifier.Name) == pl.jsonClassifier():
				add(pl.jsonClassifierResource())
			}
		}
		return page.NextToken, nil
	})
	if err != nil {
		return nil, err
	}
	err = pl.obsoleteDrawn(ctx, "dashboard", add)
	if err != nil {
		return nil, err
	}
	return out, pl.obsoleteDrawn(ctx, "dataset", add)
}

// obsoleteDrawn looks among dashboards or data sets, which are found by their id
// and known by their tags.
func (pl *Planner) obsoleteDrawn(ctx context.Context, kind string, add func(*resource)) error {
	t := pl.Target
	prefix := pl.qsID("")
	consider := func(id, arn *string) error {
		if !strings.HasPrefix(awsapi.Val(id), prefix) {
			return nil
		}
		have, err := pl.readQSTags(ctx, *arn)
		if err != nil || have[tagProject] != pl.Project.Name || have[tagEnv] != pl.Project.Env {
			return err
		}
		add(&resource{kind: kind, name: *id, remove: func(ctx context.Context, t *Target) error {
			if kind == "dashboard" {
				_, err := qsCall[quicksight.DeleteDashboardOutput](ctx, t, "DeleteDashboard", &quicksight.DeleteDashboardInput{AwsAccountId: pl.account(), DashboardId: id})
				return err
			}
			_, err := qsCall[quicksight.DeleteDataSetOutput](ctx, t, "DeleteDataSet", &quicksight.DeleteDataSetInput{AwsAccountId: pl.account(), DataSetId: id})
			return err
		}})
		return nil
	}
	return pages(func(token *string) (*string, error) {
		if kind == "dashboard" {
			page, err := qsCall[quicksight.ListDashboardsOutput](ctx, t, "ListDashboards", &quicksight.ListDashboardsInput{AwsAccountId: pl.account(), NextToken: token})
			if err != nil {
				return nil, err
			}
			for _, d := range page.DashboardSummaryList {
				if err := consider(d.DashboardId, d.Arn); err != nil {
					return nil, err
				}
			}
			return page.NextToken, nil
		}
		page, err := qsCall[quicksight.ListDataSetsOutput](ctx, t, "ListDataSets", &quicksight.ListDataSetsInput{AwsAccountId: pl.account(), NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, d := range page.DataSetSummaries {
			if err := consider(d.DataSetId, d.Arn); err != nil {
				return nil, err
			}
		}
		return page.NextToken, nil
	})
}

// pages asks for page after page until one has no token for the next.
func pages(page func(token *string) (next *string, err error)) error {
	var token *string
	for {
		next, err := page(token)
		if err != nil || awsapi.Val(next) == "" {
			return err
		}
		token = next
	}
}
