package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/cron"
	"tarn/internal/glue/paging"
	"tarn/internal/glue/tags"
	"tarn/internal/meta"
)

// triggerDoc is a trigger as it is stored.
type triggerDoc struct {
	Trigger    glue.Trigger
	Caller     awsapi.Caller // who made, changed or activated it last: what it starts runs on their behalf
	LastFiring time.Time     `json:",omitzero"` // of its schedule; at first, when it was activated
	// Met are the conditions that were met since it fired last, outside workflows.
	Met map[int]bool `json:",omitzero"`
}

const maxCrawlers = 2 // that one trigger may start

func getTrigger(tx meta.Tx, account, name string) (*triggerDoc, error) {
	var d triggerDoc
	err := tx.Get(kindTrigger, meta.Key{account, name}, &d)
	if errors.Is(err, meta.ErrNotFound) {
		return nil, glue.EntityNotFoundException("Trigger %s not found.", name)
	}
	return &d, err
}

func putTrigger(tx meta.Tx, account string, d *triggerDoc) error {
	return tx.Put(kindTrigger, meta.Key{account, *d.Trigger.Name}, d)
}

// checkTrigger refuses a trigger that could never do what it says.
func checkTrigger(t *glue.Trigger) error {
	if err := checkActions(t.Actions); err != nil {
		return err
	}
	switch awsapi.Val(t.Type) {
	case glue.TriggerTypeScheduled:
		if awsapi.Val(t.Schedule) == "" {
			return glue.InvalidInputException("A SCHEDULED trigger needs a Schedule.")
		}
		if _, err := cron.Parse(*t.Schedule); err != nil {
			return glue.InvalidInputException("%s", err)
		}
	case glue.TriggerTypeConditional:
		return checkPredicate(t.Predicate)
	case glue.TriggerTypeEvent:
		return glue.InvalidInputException("EVENT triggers are not supported.").WithHint("Start the workflow by StartWorkflowRun, or on a schedule.")
	}
	return nil
}

func checkActions(actions []*glue.Action) error {
	if len(actions) == 0 {
		return glue.InvalidInputException("A trigger needs at least one action.")
	}
	crawlers := 0
	for _, a := range actions {
		job, crawler := awsapi.Val(a.JobName), awsapi.Val(a.CrawlerName)
		if (job == "") == (crawler == "") {
			return glue.InvalidInputException("An action names either a job or a crawler.")
		}
		if crawler != "" {
			crawlers++
		}
	}
	if crawlers > maxCrawlers {
		return glue.InvalidInputException("A trigger can start at most %d crawlers, not %d.", maxCrawlers, crawlers)
	}
	return nil
}

func checkPredicate(p *glue.Predicate) error {
	if p == nil || len(p.Conditions) == 0 {
		return glue.InvalidInputException("A CONDITIONAL trigger needs a Predicate with at least one condition.")
	}
	if len(p.Conditions) > 1 && p.Logical == nil {
		return glue.InvalidInputException("A predicate of more than one condition needs Logical: AND or ANY.")
	}
	jobStates := []string{glue.JobRunStateSucceeded, glue.JobRunStateStopped, glue.JobRunStateFailed, glue.JobRunStateTimeout, glue.JobRunStateError}
	crawlStates := []string{glue.CrawlStateSucceeded, glue.CrawlStateFailed, glue.CrawlStateCancelled}
	for _, c := range p.Conditions {
		if op := c.LogicalOperator; op != nil && *op != glue.LogicalOperatorEquals {
			return glue.ValidationException("The logical operator %s is not supported; EQUALS is.", *op)
		}
		job, crawler := awsapi.Val(c.JobName), awsapi.Val(c.CrawlerName)
		switch {
		case (job == "") == (crawler == ""):
			return glue.InvalidInputException("A condition names either a job or a crawler.")
		case job != "" && !slices.Contains(jobStates, awsapi.Val(c.State)):
			return glue.InvalidInputException("The condition on job %s must have one of the states %s.", job, strings.Join(jobStates, ", "))
		case crawler != "" && !slices.Contains(crawlStates, awsapi.Val(c.CrawlState)):
			return glue.InvalidInputException("The condition on crawler %s must have one of the crawl states %s.", crawler, strings.Join(crawlStates, ", "))
		}
	}
	return nil
}

// CreateTrigger stores a new trigger.
func (s *Service) CreateTrigger(ctx context.Context, in *glue.CreateTriggerInput) (*glue.CreateTriggerOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	d := &triggerDoc{Caller: caller, Trigger: glue.Trigger{
		Name: in.Name, WorkflowName: in.WorkflowName, Type: in.Type, State: new(glue.TriggerStateCreated), Description: in.Description,
		Schedule: in.Schedule, Actions: in.Actions, Predicate: in.Predicate, EventBatchingCondition: in.EventBatchingCondition,
	}}
	if err := checkTrigger(&d.Trigger); err != nil {
		return nil, err
	}
	if awsapi.Val(in.StartOnCreation) {
		if *in.Type == glue.TriggerTypeOnDemand {
			return nil, glue.InvalidInputException("StartOnCreation is not supported for ON_DEMAND triggers.")
		}
		d.Trigger.State = new(glue.TriggerStateActivated)
		d.LastFiring = s.Now().UTC()
	}
	err = s.Store.Update(ctx, func(tx meta.Tx) error {
		if in.WorkflowName != nil {
			if err := s.joinWorkflow(tx, caller.Account, &d.Trigger); err != nil {
				return err
			}
		}
		err := tx.Insert(kindTrigger, meta.Key{caller.Account, *in.Name}, d)
		if errors.Is(err, meta.ErrExists) {
			return glue.AlreadyExistsException("Trigger with name %s already submitted", *in.Name)
		}
		if err != nil {
			return err
		}
		return tags.Set(tx, tags.ARN(caller, "trigger", *in.Name), in.Tags)
	})
	if err != nil {
		return nil, err
	}
	s.reschedule()
	return &glue.CreateTriggerOutput{Name: in.Name}, nil
}

// joinWorkflow checks that a trigger fits into its workflow.
func (s *Service) joinWorkflow(tx meta.Tx, account string, t *glue.Trigger) error {
	w, err := getWorkflow(tx, account, *t.WorkflowName)
	if err != nil {
		return err
	}
	if *t.Type != glue.TriggerTypeConditional {
		all, err := triggersOf(tx, account, *t.WorkflowName)
		if err != nil {
			return err
		}
		for _, other := range all {
			if *other.Trigger.Type != glue.TriggerTypeConditional && *other.Trigger.Name != *t.Name {
				return glue.InvalidInputException("The workflow %s is started by the trigger %s already; a workflow has one start trigger.", *t.WorkflowName, *other.Trigger.Name)
			}
		}
	}
	w.Workflow.LastModifiedOn = stamp(s.Now())
	return putWorkflow(tx, account, w)
}

// triggersOf are the triggers of a workflow, by name; with an empty name, those outside workflows.
func triggersOf(tx meta.Tx, account, workflow string) ([]*triggerDoc, error) {
	all := []*triggerDoc{}
	err := tx.Scan(kindTrigger, meta.Key{account}, nil, func(_ meta.Key, raw json.RawMessage) (bool, error) {
		d := new(triggerDoc)
		if err := json.Unmarshal(raw, d); err != nil {
			return false, err
		}
		if awsapi.Val(d.Trigger.WorkflowName) == workflow {
			all = append(all, d)
		}
		return true, nil
	})
	return all, err
}

// UpdateTrigger changes what it is given of a trigger; its type and its state stay.
func (s *Service) UpdateTrigger(ctx context.Context, in *glue.UpdateTriggerInput) (*glue.UpdateTriggerOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	out := &glue.UpdateTriggerOutput{}
	err = s.Store.Update(ctx, func(tx meta.Tx) error {
		d, err := getTrigger(tx, caller.Account, awsapi.Val(in.Name))
		if err != nil {
			return err
		}
		t, u := &d.Trigger, in.TriggerUpdate
		if u.Name != nil && *u.Name != *t.Name {
			return glue.InvalidInputException("Trigger %s can't be renamed to %s.", *t.Name, *u.Name)
		}
		if u.Description != nil {
			t.Description = u.Description
		}
		if u.Schedule != nil {
			t.Schedule = u.Schedule
			d.LastFiring = s.Now().UTC()
		}
		if u.Actions != nil {
			t.Actions = u.Actions
		}
		if u.Predicate != nil {
			t.Predicate = u.Predicate
			d.Met = nil
		}
		if u.EventBatchingCondition != nil {
			t.EventBatchingCondition = u.EventBatchingCondition
		}
		if err := checkTrigger(t); err != nil {
			return err
		}
		d.Caller = caller
		out.Trigger = t
		return putTrigger(tx, caller.Account, d)
	})
	if err != nil {
		return nil, err
	}
	s.reschedule()
	return out, nil
}

// GetTrigger answers one trigger.
func (s *Service) GetTrigger(ctx context.Context, in *glue.GetTriggerInput) (*glue.GetTriggerOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	out := &glue.GetTriggerOutput{}
	err = s.Store.View(ctx, func(tx meta.Tx) error {
		d, err := getTrigger(tx, caller.Account, awsapi.Val(in.Name))
		if err != nil {
			return err
		}
		out.Trigger = &d.Trigger
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func startsJob(t *glue.Trigger, job *string) bool {
	return job == nil || slices.ContainsFunc(t.Actions, func(a *glue.Action) bool { return awsapi.Val(a.JobName) == *job })
}

// GetTriggers lists triggers by name, of all or of those that start a job.
func (s *Service) GetTriggers(ctx context.Context, in *glue.GetTriggersInput) (*glue.GetTriggersOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	out := &glue.GetTriggersOutput{Triggers: []*glue.Trigger{}}
	err = s.Store.View(ctx, func(tx meta.Tx) error {
		docs, next, err := paging.List(tx, kindTrigger, meta.Key{caller.Account},
			paging.Request{Of: []any{"GetTriggers", caller.Account, in.DependentJobName}, Token: in.NextToken, Max: in.MaxResults, Default: 100},
			func(_ meta.Key, d *triggerDoc) (bool, error) { return startsJob(&d.Trigger, in.DependentJobName), nil })
		for _, d := range docs {
			out.Triggers = append(out.Triggers, &d.Trigger)
		}
		out.NextToken = next
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListTriggers lists the names of triggers.
func (s *Service) ListTriggers(ctx context.Context, in *glue.ListTriggersInput) (*glue.ListTriggersOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	out := &glue.ListTriggersOutput{TriggerNames: []string{}}
	err = s.Store.View(ctx, func(tx meta.Tx) error {
		docs, next, err := paging.List(tx, kindTrigger, meta.Key{caller.Account},
			paging.Request{Of: []any{"ListTriggers", caller.Account, in.DependentJobName, in.Tags}, Token: in.NextToken, Max: in.MaxResults, Default: 100},
			func(k meta.Key, d *triggerDoc) (bool, error) {
				if !startsJob(&d.Trigger, in.DependentJobName) {
					return false, nil
				}
				return tags.Match(tx, tags.ARN(caller, "trigger", k[1]), in.Tags)
			})
		for _, d := range docs {
			out.TriggerNames = append(out.TriggerNames, *d.Trigger.Name)
		}
		out.NextToken = next
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// BatchGetTriggers answers those of the triggers that are there, and the names of the others.
func (s *Service) BatchGetTriggers(ctx context.Context, in *glue.BatchGetTriggersInput) (*glue.BatchGetTriggersOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	out := &glue.BatchGetTriggersOutput{Triggers: []*glue.Trigger{}, TriggersNotFound: []string{}}
	err = s.Store.View(ctx, func(tx meta.Tx) error {
		for _, name := range in.TriggerNames {
			d, err := getTrigger(tx, caller.Account, name)
			switch {
			case awsapi.IsCode(err, "EntityNotFoundException"):
				out.TriggersNotFound = append(out.TriggersNotFound, name)
			case err != nil:
				return err
			default:
				out.Triggers = append(out.Triggers, &d.Trigger)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeleteTrigger forgets a trigger; that there is none is fine. What it started goes on.
func (s *Service) DeleteTrigger(ctx context.Context, in *glue.DeleteTriggerInput) (*glue.DeleteTriggerOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	err = s.Store.Update(ctx, func(tx meta.Tx) error { return deleteTrigger(tx, caller, awsapi.Val(in.Name)) })
	if err != nil {
		return nil, err
	}
	return &glue.DeleteTriggerOutput{Name: in.Name}, nil
}

func deleteTrigger(tx meta.Tx, caller awsapi.Caller, name string) error {
	if err := tx.Delete(kindTrigger, meta.Key{caller.Account, name}); err != nil && !errors.Is(err, meta.ErrNotFound) {
		return err
	}
	return tags.Remove(tx, tags.ARN(caller, "trigger", name))
}

// StartTrigger fires an on-demand trigger, and activates any other.
func (s *Service) StartTrigger(ctx context.Context, in *glue.StartTriggerInput) (*glue.StartTriggerOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	name := awsapi.Val(in.Name)
	var workflow string
	err = s.Store.Update(ctx, func(tx meta.Tx) error {
		workflow = ""
		d, err := getTrigger(tx, caller.Account, name)
		if err != nil {
			return err
		}
		if *d.Trigger.Type == glue.TriggerTypeOnDemand {
			if workflow = awsapi.Val(d.Trigger.WorkflowName); workflow != "" {
				return nil
			}
			return s.fireAlone(tx, caller, &d.Trigger)
		}
		if *d.Trigger.State != glue.TriggerStateActivated {
			d.Trigger.State = new(glue.TriggerStateActivated)
			d.LastFiring, d.Caller, d.Met = s.Now().UTC(), caller, nil
		}
		return putTrigger(tx, caller.Account, d)
	})
	if err == nil && workflow != "" {
		_, err = s.StartWorkflowRun(ctx, &glue.StartWorkflowRunInput{Name: &workflow})
	}
	if err != nil {
		return nil, err
	}
	s.reschedule()
	s.work.add(item{kind: alone, account: caller.Account})
	return &glue.StartTriggerOutput{Name: in.Name}, nil
}

// StopTrigger keeps a trigger from firing.
func (s *Service) StopTrigger(ctx context.Context, in *glue.StopTriggerInput) (*glue.StopTriggerOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	err = s.Store.Update(ctx, func(tx meta.Tx) error {
		d, err := getTrigger(tx, caller.Account, awsapi.Val(in.Name))
		if err != nil {
			return err
		}
		if *d.Trigger.Type == glue.TriggerTypeOnDemand {
			return glue.InvalidInputException("Trigger %s is ON_DEMAND: there is nothing to stop.", *in.Name)
		}
		d.Trigger.State = new(glue.TriggerStateDeactivated)
		return putTrigger(tx, caller.Account, d)
	})
	if err != nil {
		return nil, err
	}
	return &glue.StopTriggerOutput{Name: in.Name}, nil
}
