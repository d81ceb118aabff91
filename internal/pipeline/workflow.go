package pipeline

import (
	"context"
	"strings"

	"tarn/api/glue"
	"tarn/internal/awsapi"
)

func (pl *Planner) workflowResource() *resource {
	name := pl.Project.workflow()
	arn := pl.arn("workflow/" + name)
	in := &glue.CreateWorkflowInput{Name: &name, Description: new("tarn project " + pl.Project.Name), MaxConcurrentRuns: new(int32(1))}
	return &resource{kind: "workflow", name: name, file: "tarn.yaml", want: in,
		live: func(ctx context.Context, t *Target) (any, map[string]string, error) {
			out, err := glueCall[glue.GetWorkflowOutput](ctx, t, "GetWorkflow", &glue.GetWorkflowInput{Name: &name})
			if absent, err := missing(err, "EntityNotFoundException"); absent || err != nil {
				return nil, nil, err
			}
			tags, err := glueTags(ctx, t, arn)
			return out.Workflow, tags, err
		},
		create: func(ctx context.Context, t *Target, tags map[string]string) error {
			c := *in
			c.Tags = tags
			_, err := glueCall[glue.CreateWorkflowOutput](ctx, t, "CreateWorkflow", &c)
			return err
		},
		update: func(ctx context.Context, t *Target, tags map[string]string) error {
			if _, err := glueCall[glue.UpdateWorkflowOutput](ctx, t, "UpdateWorkflow", &glue.UpdateWorkflowInput{Name: in.Name, Description: in.Description, MaxConcurrentRuns: in.MaxConcurrentRuns}); err != nil {
				return err
			}
			return setGlueTags(ctx, t, arn, tags)
		},
	}
}

// triggerResources start the crawler, then each set of jobs with the same
// predecessors, then loads after their tables.
func (pl *Planner) triggerResources() []*resource {
	p := pl.Project
	start := &glue.CreateTriggerInput{Name: new(p.Name + "-start"), WorkflowName: new(p.workflow()), Type: new("ON_DEMAND")}
	out := []*resource{}
	type group struct {
		crawl bool
		preds []string
		jobs  []string
	}
	groups := map[string]*group{}
	var order []string
	add := func(key string, g group, job string) {
		if groups[key] == nil {
			groups[key] = &g
			order = append(order, key)
		}
		groups[key].jobs = append(groups[key].jobs, job)
	}
	jobs, _ := p.order() // checked when the project was read
	for _, j := range jobs {
		preds := p.predecessors(j)
		if len(preds) == 0 {
			add("crawl", group{crawl: true}, p.jobName(j.Name))
		} else {
			add(strings.Join(preds, "+"), group{preds: preds}, p.jobName(j.Name))
		}
		if j.Load != nil {
			for _, w := range j.Writes {
				add(j.Name, group{preds: []string{j.Name}}, p.loadName(w))
			}
		}
	}
	if len(p.Sources) > 0 {
		start.Actions = []*glue.Action{{CrawlerName: new(p.crawler())}}
	} else if g := groups["crawl"]; g != nil { // no sources: jobs start at once
		for _, j := range g.jobs {
			start.Actions = append(start.Actions, &glue.Action{JobName: new(j)})
		}
		delete(groups, "crawl")
	}
	out = append(out, pl.triggerResource(start))
	for _, key := range order {
		g := groups[key]
		if g == nil {
			continue
		}
		pred := &glue.Predicate{Logical: new("AND")}
		if g.crawl {
			pred.Conditions = []*glue.Condition{{LogicalOperator: new("EQUALS"), CrawlerName: new(p.crawler()), CrawlState: new("SUCCEEDED")}}
		}
		for _, q := range g.preds {
			pred.Conditions = append(pred.Conditions, &glue.Condition{LogicalOperator: new("EQUALS"), JobName: new(p.jobName(q)), State: new("SUCCEEDED")})
		}
		in := &glue.CreateTriggerInput{Name: new(p.Name + "-after-" + strings.ReplaceAll(key, "+", "-")), WorkflowName: new(p.workflow()), Type: new("CONDITIONAL"), Predicate: pred}
		for _, j := range g.jobs {
			in.Actions = append(in.Actions, &glue.Action{JobName: new(j)})
		}
		out = append(out, pl.triggerResource(in))
	}
	return out
}

func (pl *Planner) triggerResource(in *glue.CreateTriggerInput) *resource {
	name := awsapi.Val(in.Name)
	arn := pl.arn("trigger/" + name)
	return &resource{kind: "trigger", name: name, file: "tarn.yaml", want: in,
		live: func(ctx context.Context, t *Target) (any, map[string]string, error) {
			out, err := glueCall[glue.GetTriggerOutput](ctx, t, "GetTrigger", &glue.GetTriggerInput{Name: &name})
			if absent, err := missing(err, "EntityNotFoundException"); absent || err != nil {
				return nil, nil, err
			}
			tags, err := glueTags(ctx, t, arn)
			return out.Trigger, tags, err
		},
		create: func(ctx context.Context, t *Target, tags map[string]string) error {
			c := *in
			c.Tags = tags
			if awsapi.Val(c.Type) == "CONDITIONAL" {
				c.StartOnCreation = new(true)
			}
			_, err := glueCall[glue.CreateTriggerOutput](ctx, t, "CreateTrigger", &c)
			return err
		},
		update: func(ctx context.Context, t *Target, tags map[string]string) error {
			if _, err := glueCall[glue.UpdateTriggerOutput](ctx, t, "UpdateTrigger", &glue.UpdateTriggerInput{Name: &name, TriggerUpdate: &glue.TriggerUpdate{Actions: in.Actions, Predicate: in.Predicate}}); err != nil {
				return err
			}
			return setGlueTags(ctx, t, arn, tags)
		},
		remove: func(ctx context.Context, t *Target) error {
			_, err := glueCall[glue.DeleteTriggerOutput](ctx, t, "DeleteTrigger", &glue.DeleteTriggerInput{Name: &name})
			return err
		},
	}
}
