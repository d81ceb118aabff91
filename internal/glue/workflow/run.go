package workflow

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/paging"
	"tarn/internal/meta"
)

func runKey(account string, r *runDoc) meta.Key { return meta.Key{account, r.Workflow, r.ID} }

func getRun(tx meta.Tx, account, workflow, id string) (*runDoc, error) {
	var r runDoc
	err := tx.Get(KindRun, meta.Key{account, workflow, id}, &r)
	if errors.Is(err, meta.ErrNotFound) {
		return nil, glue.EntityNotFoundException("Workflow run %s of workflow %s not found.", id, workflow)
	}
	return &r, err
}

// nodeID is a node's id: the same in the design of a workflow and in all of its runs.
func nodeID(account, workflow, kind, name string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{account, workflow, kind, name}, "\x00")))
	return "wnode_" + hex.EncodeToString(sum[:])
}

// design lays out a workflow's triggers as a run that has not begun.
func design(account, workflow string, triggers []*triggerDoc) *runDoc {
	r := &runDoc{Workflow: workflow, Triggers: []*triggerNode{}, Nodes: []*actionNode{}}
	add := func(kind, name string) {
		if r.node(kind, name) == nil {
			r.Nodes = append(r.Nodes, &actionNode{ID: nodeID(account, workflow, kind, name), Type: kind, Name: name})
		}
	}
	for _, t := range triggers {
		r.Triggers = append(r.Triggers, &triggerNode{ID: nodeID(account, workflow, glue.NodeTypeTrigger, *t.Trigger.Name), Trigger: &t.Trigger})
		for _, a := range t.Trigger.Actions {
			add(started(a))
		}
	}
	return r
}

// begin stores a new run with its start trigger fired.
func (s *Service) begin(tx meta.Tx, caller awsapi.Caller, workflow string, properties map[string]string) (*runDoc, error) {
	w, err := getWorkflow(tx, caller.Account, workflow)
	if err != nil {
		return nil, err
	}
	if limit := w.Workflow.MaxConcurrentRuns; limit != nil && *limit > 0 {
		n, err := goingOn(tx, caller.Account, workflow)
		if err != nil {
			return nil, err
		}
		if n >= *limit {
			return nil, glue.ConcurrentRunsExceededException("Concurrent runs exceeded for %s", workflow).
				WithHint("%d of %d allowed runs are going on; MaxConcurrentRuns of the workflow sets the limit.", n, *limit)
		}
	}
	r, err := s.newRun(tx, caller, w, properties)
	if err != nil {
		return nil, err
	}
	var start *triggerNode
	for _, t := range r.Triggers {
		if *t.Trigger.Type != glue.TriggerTypeConditional {
			start = t
		}
	}
	if start == nil {
		return nil, glue.InvalidInputException("Workflow %s has no start trigger.", workflow).WithHint("Create an ON_DEMAND or SCHEDULED trigger in it.")
	}
	r.Status = glue.WorkflowRunStatusRunning
	if err := r.fire(start, s.newID); err != nil {
		return nil, err
	}
	return r, putRun(tx, caller.Account, r)
}

func (s *Service) newRun(tx meta.Tx, caller awsapi.Caller, w *workflowDoc, properties map[string]string) (*runDoc, error) {
	triggers, err := triggersOf(tx, caller.Account, *w.Workflow.Name)
	if err != nil {
		return nil, err
	}
	r := design(caller.Account, *w.Workflow.Name, triggers)
	if r.ID, err = s.newRunID(); err != nil {
		return nil, err
	}
	r.Started, r.Caller = s.Now().UTC(), caller
	r.Properties = map[string]string{}
	maps.Copy(r.Properties, w.Workflow.DefaultRunProperties)
	maps.Copy(r.Properties, properties)
	return r, nil
}

func (s *Service) newID(kind string) (string, error) {
	if kind == glue.NodeTypeCrawler {
		return s.Crawlers.NewCrawlID()
	}
	return s.Jobs.NewRunID()
}

// StartWorkflowRun begins a run.
func (s *Service) StartWorkflowRun(ctx context.Context, in *glue.StartWorkflowRunInput) (*glue.StartWorkflowRunOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	var r *runDoc
	err = s.Store.Update(ctx, func(tx meta.Tx) (err error) {
		r, err = s.begin(tx, caller, awsapi.Val(in.Name), in.RunProperties)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.expect(r)
	s.work.add(runItem(r))
	return &glue.StartWorkflowRunOutput{RunId: &r.ID}, nil
}

// expect announces the jobs of a run that has begun.
func (s *Service) expect(r *runDoc) {
	if s.Expect == nil {
		return
	}
	var jobs []string
	for _, n := range r.Nodes {
		if n.Type == glue.NodeTypeJob {
			jobs = append(jobs, n.Name)
		}
	}
	if len(jobs) > 0 {
		s.Expect(r.Caller, jobs)
	}
}

// StopWorkflowRun asks a run to end: what runs is stopped, nothing else starts.
func (s *Service) StopWorkflowRun(ctx context.Context, in *glue.StopWorkflowRunInput) (*glue.StopWorkflowRunOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	var r *runDoc
	err = s.Store.Update(ctx, func(tx meta.Tx) error {
		if r, err = getRun(tx, caller.Account, awsapi.Val(in.Name), awsapi.Val(in.RunId)); err != nil {
			return err
		}
		if r.Status != glue.WorkflowRunStatusRunning {
			return glue.IllegalWorkflowStateException("Workflow run %s is in state %s and can't be stopped.", r.ID, r.Status)
		}
		r.Status = glue.WorkflowRunStatusStopping
		return putRun(tx, caller.Account, r)
	})
	if err != nil {
		return nil, err
	}
	s.work.add(runItem(r))
	return &glue.StopWorkflowRunOutput{}, nil
}

// ResumeWorkflowRun begins a new run that goes on from an old one at some of its nodes.
func (s *Service) ResumeWorkflowRun(ctx context.Context, in *glue.ResumeWorkflowRunInput) (*glue.ResumeWorkflowRunOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	var r *runDoc
	var nodes []string
	err = s.Store.Update(ctx, func(tx meta.Tx) error {
		w, err := getWorkflow(tx, caller.Account, awsapi.Val(in.Name))
		if err != nil {
			return err
		}
		if r, err = getRun(tx, caller.Account, awsapi.Val(in.Name), awsapi.Val(in.RunId)); err != nil {
			return err
		}
		if !r.over() {
			return glue.IllegalWorkflowStateException("Workflow run %s is in state %s and can't be resumed.", r.ID, r.Status).WithHint("Wait until it has ended, or stop it.")
		}
		for _, id := range in.NodeIds {
			i := slices.IndexFunc(r.Nodes, func(n *actionNode) bool { return n.ID == id })
			switch {
			case i < 0:
				return glue.InvalidInputException("%s is not a job or crawler of workflow run %s.", id, r.ID)
			case r.Nodes[i].last() == nil:
				return glue.InvalidInputException("%s was not attempted in workflow run %s and can't be resumed.", r.Nodes[i].Name, r.ID)
			}
		}
		if limit := w.Workflow.MaxConcurrentRuns; limit != nil && *limit > 0 {
			n, err := goingOn(tx, caller.Account, r.Workflow)
			if err != nil {
				return err
			}
			if n >= *limit {
				return glue.ConcurrentRunsExceededException("Concurrent runs exceeded for %s", r.Workflow)
			}
		}
		if nodes, err = r.resume(in.NodeIds, s.newID); err != nil {
			return err
		}
		r.Previous = r.ID
		if r.ID, err = s.newRunID(); err != nil {
			return err
		}
		r.Started, r.Completed, r.Error, r.Caller = s.Now().UTC(), time.Time{}, "", caller
		return putRun(tx, caller.Account, r)
	})
	if err != nil {
		return nil, err
	}
	s.work.add(runItem(r))
	return &glue.ResumeWorkflowRunOutput{RunId: &r.ID, NodeIds: nodes}, nil
}

// GetWorkflowRun answers one run.
func (s *Service) GetWorkflowRun(ctx context.Context, in *glue.GetWorkflowRunInput) (*glue.GetWorkflowRunOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	var r *runDoc
	err = s.Store.View(ctx, func(tx meta.Tx) (err error) {
		r, err = getRun(tx, caller.Account, awsapi.Val(in.Name), awsapi.Val(in.RunId))
		return err
	})
	if err != nil {
		return nil, err
	}
	return &glue.GetWorkflowRunOutput{Run: s.shown(ctx, r, awsapi.Val(in.IncludeGraph))}, nil
}

// GetWorkflowRuns lists a workflow's runs, newest first.
func (s *Service) GetWorkflowRuns(ctx context.Context, in *glue.GetWorkflowRunsInput) (*glue.GetWorkflowRunsOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	out := &glue.GetWorkflowRunsOutput{Runs: []*glue.WorkflowRun{}}
	var docs []*runDoc
	err = s.Store.View(ctx, func(tx meta.Tx) error {
		if _, err := getWorkflow(tx, caller.Account, awsapi.Val(in.Name)); err != nil {
			return err
		}
		docs, out.NextToken, err = paging.List[runDoc](tx, KindRun, meta.Key{caller.Account, *in.Name},
			paging.Request{Of: []any{"GetWorkflowRuns", caller.Account, in.Name, in.IncludeGraph}, Token: in.NextToken, Max: in.MaxResults, Default: 100}, nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, r := range docs {
		out.Runs = append(out.Runs, s.shown(ctx, r, awsapi.Val(in.IncludeGraph)))
	}
	return out, nil
}

// GetWorkflowRunProperties answers what jobs of a run share.
func (s *Service) GetWorkflowRunProperties(ctx context.Context, in *glue.GetWorkflowRunPropertiesInput) (*glue.GetWorkflowRunPropertiesOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	out := &glue.GetWorkflowRunPropertiesOutput{RunProperties: map[string]string{}}
	err = s.Store.View(ctx, func(tx meta.Tx) error {
		r, err := getRun(tx, caller.Account, awsapi.Val(in.Name), awsapi.Val(in.RunId))
		if err != nil {
			return err
		}
		maps.Copy(out.RunProperties, r.Properties)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// PutWorkflowRunProperties adds to what jobs of a run share.
func (s *Service) PutWorkflowRunProperties(ctx context.Context, in *glue.PutWorkflowRunPropertiesInput) (*glue.PutWorkflowRunPropertiesOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	err = s.Store.Update(ctx, func(tx meta.Tx) error {
		r, err := getRun(tx, caller.Account, awsapi.Val(in.Name), awsapi.Val(in.RunId))
		if err != nil {
			return err
		}
		if r.Properties == nil {
			r.Properties = map[string]string{}
		}
		maps.Copy(r.Properties, in.RunProperties)
		return putRun(tx, caller.Account, r)
	})
	if err != nil {
		return nil, err
	}
	return &glue.PutWorkflowRunPropertiesOutput{}, nil
}
