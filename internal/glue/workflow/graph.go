package workflow

import (
	"context"

	"tarn/api/glue"
)

// shown is a run as it is answered.
func (s *Service) shown(ctx context.Context, r *runDoc, graph bool) *glue.WorkflowRun {
	out := &glue.WorkflowRun{Name: &r.Workflow, WorkflowRunId: &r.ID, WorkflowRunProperties: r.Properties, StartedOn: stamp(r.Started),
		CompletedOn: stamp(r.Completed), Status: &r.Status, Statistics: r.statistics()}
	if out.WorkflowRunProperties == nil {
		out.WorkflowRunProperties = map[string]string{}
	}
	if r.Previous != "" {
		out.PreviousRunId = &r.Previous
	}
	if r.Error != "" {
		out.ErrorMessage = &r.Error
	}
	if graph {
		out.Graph = s.graph(ctx, r, true)
	}
	return out
}

// graph draws a run, or a design, which has no runs of jobs to show.
func (s *Service) graph(ctx context.Context, r *runDoc, runs bool) *glue.WorkflowGraph {
	g := &glue.WorkflowGraph{Nodes: []*glue.Node{}, Edges: r.edges()}
	for _, t := range r.Triggers {
		g.Nodes = append(g.Nodes, &glue.Node{Type: new(glue.NodeTypeTrigger), Name: t.Trigger.Name, UniqueId: &t.ID, TriggerDetails: &glue.TriggerNodeDetails{Trigger: t.Trigger}})
	}
	for _, n := range r.Nodes {
		node := &glue.Node{Type: &n.Type, Name: &n.Name, UniqueId: &n.ID}
		if n.Type == glue.NodeTypeCrawler {
			node.CrawlerDetails = &glue.CrawlerNodeDetails{}
			if runs {
				node.CrawlerDetails.Crawls = s.crawls(ctx, n)
			}
		} else {
			node.JobDetails = &glue.JobNodeDetails{}
			if runs {
				node.JobDetails.JobRuns = s.jobRuns(ctx, n)
			}
		}
		g.Nodes = append(g.Nodes, node)
	}
	return g
}

// jobRuns are a node's runs as the job's own history has them; what never became a run is shown as it was decided.
func (s *Service) jobRuns(ctx context.Context, n *actionNode) []*glue.JobRun {
	all := []*glue.JobRun{}
	for _, a := range n.Attempts {
		if a.State != waiting {
			if run, err := s.Jobs.Run(ctx, n.Name, a.ID); err == nil {
				all = append(all, run)
				continue
			}
		}
		run := &glue.JobRun{Id: &a.ID, JobName: &n.Name, TriggerName: &a.Trigger, JobRunState: &a.State, StartedOn: stamp(a.Started), CompletedOn: stamp(a.Completed), Arguments: a.Arguments}
		if a.Error != "" {
			run.ErrorMessage = &a.Error
		}
		all = append(all, run)
	}
	return all
}

func (s *Service) crawls(ctx context.Context, n *actionNode) []*glue.Crawl {
	all := []*glue.Crawl{}
	for _, a := range n.Attempts {
		if a.State == waiting {
			continue
		}
		if c, err := s.Crawlers.Crawl(ctx, n.Name, a.ID); err == nil {
			all = append(all, c)
			continue
		}
		c := &glue.Crawl{State: &a.State, StartedOn: stamp(a.Started), CompletedOn: stamp(a.Completed)}
		if a.Error != "" {
			c.ErrorMessage = &a.Error
		}
		all = append(all, c)
	}
	return all
}
