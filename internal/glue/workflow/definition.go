package workflow

import (
	"context"
	"encoding/json"
	"errors"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/paging"
	"tarn/internal/glue/tags"
	"tarn/internal/meta"
)

// workflowDoc is a workflow as it is stored: its triggers know that they belong to it.
type workflowDoc struct {
	Workflow glue.Workflow
}

func workflowNotFound(name string) error {
	return glue.EntityNotFoundException("Workflow %s not found.", name)
}

func getWorkflow(tx meta.Tx, account, name string) (*workflowDoc, error) {
	var w workflowDoc
	err := tx.Get(kindWorkflow, meta.Key{account, name}, &w)
	if errors.Is(err, meta.ErrNotFound) {
		return nil, workflowNotFound(name)
	}
	return &w, err
}

func putWorkflow(tx meta.Tx, account string, w *workflowDoc) error {
	return tx.Put(kindWorkflow, meta.Key{account, *w.Workflow.Name}, w)
}

// CreateWorkflow stores a new workflow, without triggers.
func (s *Service) CreateWorkflow(ctx context.Context, in *glue.CreateWorkflowInput) (*glue.CreateWorkflowOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	now := stamp(s.Now())
	w := &workflowDoc{Workflow: glue.Workflow{Name: in.Name, Description: in.Description, DefaultRunProperties: in.DefaultRunProperties,
		CreatedOn: now, LastModifiedOn: now, MaxConcurrentRuns: in.MaxConcurrentRuns}}
	err = s.Store.Update(ctx, func(tx meta.Tx) error {
		err := tx.Insert(kindWorkflow, meta.Key{caller.Account, *in.Name}, w)
		if errors.Is(err, meta.ErrExists) {
			return glue.AlreadyExistsException("Workflow with name %s already exists", *in.Name)
		}
		if err != nil {
			return err
		}
		return tags.Set(tx, tags.ARN(caller, "workflow", *in.Name), in.Tags)
	})
	if err != nil {
		return nil, err
	}
	return &glue.CreateWorkflowOutput{Name: in.Name}, nil
}

// UpdateWorkflow changes what it is given of a workflow.
func (s *Service) UpdateWorkflow(ctx context.Context, in *glue.UpdateWorkflowInput) (*glue.UpdateWorkflowOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	err = s.Store.Update(ctx, func(tx meta.Tx) error {
		w, err := getWorkflow(tx, caller.Account, awsapi.Val(in.Name))
		if err != nil {
			return err
		}
		if in.Description != nil {
			w.Workflow.Description = in.Description
		}
		if in.DefaultRunProperties != nil {
			w.Workflow.DefaultRunProperties = in.DefaultRunProperties
		}
		if in.MaxConcurrentRuns != nil {
			w.Workflow.MaxConcurrentRuns = in.MaxConcurrentRuns
		}
		w.Workflow.LastModifiedOn = stamp(s.Now())
		return putWorkflow(tx, caller.Account, w)
	})
	if err != nil {
		return nil, err
	}
	return &glue.UpdateWorkflowOutput{Name: in.Name}, nil
}

// describe is a workflow as it is answered: with its last run, and on demand with the graph of its design.
func (s *Service) describe(ctx context.Context, tx meta.Tx, account string, w *workflowDoc, graph bool) (*glue.Workflow, *runDoc, error) {
	out := w.Workflow
	var last *runDoc
	err := tx.Scan(KindRun, meta.Key{account, *out.Name}, nil, func(_ meta.Key, raw json.RawMessage) (bool, error) {
		last = new(runDoc)
		return false, json.Unmarshal(raw, last)
	})
	if err != nil {
		return nil, nil, err
	}
	if graph {
		triggers, err := triggersOf(tx, account, *out.Name)
		if err != nil {
			return nil, nil, err
		}
		out.Graph = s.graph(ctx, design(account, *out.Name, triggers), false)
	}
	return &out, last, nil
}

func (s *Service) getWorkflow(ctx context.Context, account, name string, graph bool) (*glue.Workflow, error) {
	var out *glue.Workflow
	var last *runDoc
	err := s.Store.View(ctx, func(tx meta.Tx) error {
		w, err := getWorkflow(tx, account, name)
		if err != nil {
			return err
		}
		out, last, err = s.describe(ctx, tx, account, w, graph)
		return err
	})
	if err != nil {
		return nil, err
	}
	if last != nil {
		out.LastRun = s.shown(ctx, last, graph)
	}
	return out, nil
}

// GetWorkflow answers one workflow.
func (s *Service) GetWorkflow(ctx context.Context, in *glue.GetWorkflowInput) (*glue.GetWorkflowOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	w, err := s.getWorkflow(ctx, caller.Account, awsapi.Val(in.Name), awsapi.Val(in.IncludeGraph))
	if err != nil {
		return nil, err
	}
	return &glue.GetWorkflowOutput{Workflow: w}, nil
}

// BatchGetWorkflows answers those of the workflows that are there, and the names of the others.
func (s *Service) BatchGetWorkflows(ctx context.Context, in *glue.BatchGetWorkflowsInput) (*glue.BatchGetWorkflowsOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	out := &glue.BatchGetWorkflowsOutput{Workflows: []*glue.Workflow{}, MissingWorkflows: []string{}}
	for _, name := range in.Names {
		w, err := s.getWorkflow(ctx, caller.Account, name, awsapi.Val(in.IncludeGraph))
		switch {
		case awsapi.IsCode(err, "EntityNotFoundException"):
			out.MissingWorkflows = append(out.MissingWorkflows, name)
		case err != nil:
			return nil, err
		default:
			out.Workflows = append(out.Workflows, w)
		}
	}
	return out, nil
}

// ListWorkflows lists the names of workflows.
func (s *Service) ListWorkflows(ctx context.Context, in *glue.ListWorkflowsInput) (*glue.ListWorkflowsOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	out := &glue.ListWorkflowsOutput{Workflows: []string{}}
	err = s.Store.View(ctx, func(tx meta.Tx) error {
		docs, next, err := paging.List[workflowDoc](tx, kindWorkflow, meta.Key{caller.Account},
			paging.Request{Of: []any{"ListWorkflows", caller.Account}, Token: in.NextToken, Max: in.MaxResults, Default: 25}, nil)
		for _, w := range docs {
			out.Workflows = append(out.Workflows, *w.Workflow.Name)
		}
		out.NextToken = next
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeleteWorkflow forgets a workflow with its triggers and the history of its runs; that there is none is fine. A run
// that goes on keeps it from that.
func (s *Service) DeleteWorkflow(ctx context.Context, in *glue.DeleteWorkflowInput) (*glue.DeleteWorkflowOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	name := awsapi.Val(in.Name)
	err = s.Store.Update(ctx, func(tx meta.Tx) error {
		going, err := goingOn(tx, caller.Account, name)
		if err != nil {
			return err
		}
		if going > 0 {
			return glue.ConcurrentModificationException("The workflow %s has %d runs going on.", name, going).WithHint("Stop them first.")
		}
		all, err := triggersOf(tx, caller.Account, name)
		if err != nil {
			return err
		}
		for _, t := range all {
			if err := deleteTrigger(tx, caller, *t.Trigger.Name); err != nil {
				return err
			}
		}
		if _, err := tx.DeletePrefix(KindRun, meta.Key{caller.Account, name}); err != nil {
			return err
		}
		if err := tags.Remove(tx, tags.ARN(caller, "workflow", name)); err != nil {
			return err
		}
		if err := tx.Delete(kindWorkflow, meta.Key{caller.Account, name}); err != nil && !errors.Is(err, meta.ErrNotFound) {
			return err
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &glue.DeleteWorkflowOutput{Name: in.Name}, nil
}
