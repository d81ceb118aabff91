package workflow

import (
	"encoding/json"
	"errors"
	"fmt"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/meta"
)

// actionDoc is a job's run or a crawl that a trigger outside workflows has started, until it has ended. What people
// start by hand has none: only what triggers start makes other triggers fire.
type actionDoc struct {
	Kind, Name, ID string
	Trigger        string
	Caller         awsapi.Caller
	State          string
	Arguments      map[string]string `json:",omitzero"`
	Timeout        *int32            `json:",omitzero"`
}

// fireAlone decides on a run of each of a trigger's actions.
func (s *Service) fireAlone(tx meta.Tx, caller awsapi.Caller, t *glue.Trigger) error {
	for _, a := range t.Actions {
		kind, name := started(a)
		id, err := s.newID(kind)
		if err != nil {
			return err
		}
		d := actionDoc{Kind: kind, Name: name, ID: id, Trigger: *t.Name, Caller: caller, State: waiting, Arguments: a.Arguments, Timeout: a.Timeout}
		if err := tx.Insert(kindAction, meta.Key{caller.Account, id}, d); err != nil {
			return err
		}
	}
	return nil
}

// settleAlone brings an account's actions outside workflows as far as they can get now.
func (s *Service) settleAlone(account string) error {
	it := item{kind: alone, account: account}
	for again := true; again; {
		again = false
		var all []*actionDoc
		err := s.Store.View(s.ctx, func(tx meta.Tx) error {
			all = nil
			return tx.Scan(kindAction, meta.Key{account}, nil, func(_ meta.Key, raw json.RawMessage) (bool, error) {
				d := new(actionDoc)
				all = append(all, d)
				return true, json.Unmarshal(raw, d)
			})
		})
		if err != nil {
			return err
		}
		for _, d := range all {
			ctx := awsapi.WithCaller(s.ctx, d.Caller)
			s.work.watch(d.ID, it)
			var o observation
			done := false
			if d.State == waiting {
				if o, done, err = s.start(ctx, d.Kind, d.Name, JobStart{Arguments: d.Arguments, Timeout: d.Timeout, TriggerName: d.Trigger, RunID: d.ID}); err != nil {
					return err
				}
			}
			if !done {
				o, err = s.ask(ctx, d.Kind, d.Name, d.ID)
				if awsapi.IsCode(err, "EntityNotFoundException") {
					o, err = observation{state: glue.JobRunStateError}, nil
				}
				if err != nil {
					return err
				}
			}
			fired, err := s.record(account, d, o)
			if err != nil {
				return err
			}
			if done {
				// No run shows it, as there is none.
				s.Log.Warn("a trigger could not start what it is to start", "trigger", d.Trigger, "kind", d.Kind, "name", d.Name, "reason", o.message)
			}
			if ended(o.state) {
				s.work.unwatch(d.ID)
			}
			again = again || fired || o.retry != ""
		}
	}
	return nil
}

// record writes down how an action is. When it has ended, the triggers that wait for it are told in the same step, so
// that each end counts once.
func (s *Service) record(account string, d *actionDoc, o observation) (fired bool, err error) {
	if o.state == d.State {
		return false, nil
	}
	err = s.Store.Update(s.ctx, func(tx meta.Tx) error {
		fired = false
		key := meta.Key{account, d.ID}
		if !ended(o.state) {
			d.State = o.state
			return tx.Put(kindAction, key, d)
		}
		if err := tx.Delete(kindAction, key); errors.Is(err, meta.ErrNotFound) {
			return nil
		} else if err != nil {
			return err
		}
		if o.retry != "" {
			next := *d
			next.ID, next.State = o.retry, glue.JobRunStateStarting
			return tx.Put(kindAction, meta.Key{account, next.ID}, next)
		}
		all, err := triggersOf(tx, account, "")
		if err != nil {
			return err
		}
		for _, t := range all {
			did, err := s.tell(tx, account, t, d, o.state)
			if err != nil {
				return err
			}
			fired = fired || did
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("recording the end of %s %s: %w", d.Name, d.ID, err)
	}
	return fired, nil
}

// tell lets a conditional trigger know how an action has ended, and fires it when its predicate holds.
func (s *Service) tell(tx meta.Tx, account string, t *triggerDoc, d *actionDoc, state string) (fired bool, err error) {
	if *t.Trigger.Type != glue.TriggerTypeConditional || *t.Trigger.State != glue.TriggerStateActivated || t.Trigger.Predicate == nil {
		return false, nil
	}
	news := false
	for i, c := range t.Trigger.Predicate.Conditions {
		kind, name, want := watched(c)
		if kind == d.Kind && name == d.Name && want == state && !t.Met[i] {
			if t.Met == nil {
				t.Met = map[int]bool{}
			}
			t.Met[i], news = true, true
		}
	}
	if !news {
		return false, nil
	}
	index := map[*glue.Condition]int{}
	for i, c := range t.Trigger.Predicate.Conditions {
		index[c] = i
	}
	if fired = holds(t.Trigger.Predicate, func(c *glue.Condition) bool { return t.Met[index[c]] }); fired {
		t.Met = nil
		if err := s.fireAlone(tx, t.Caller, &t.Trigger); err != nil {
			return false, err
		}
	}
	return fired, putTrigger(tx, account, t)
}
