package workflow

import (
	"encoding/json"
	"time"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/cron"
	"tarn/internal/meta"
)

func (s *Service) reschedule() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// longestSleep bounds how wrong the clock can get while schedules are slept on.
const longestSleep = time.Hour

// keepSchedules fires what is due, and prunes histories. What was missed while nothing ran fires once.
func (s *Service) keepSchedules() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.wake:
		case <-timer.C:
		}
		wait := longestSleep
		next, err := s.fireDue()
		if err == nil {
			err = s.pruneDue()
		}
		switch {
		case err != nil && s.ctx.Err() == nil:
			s.Log.Error("schedules and histories could not be looked at; they are again in a minute", "error", err)
			wait = time.Minute
		case !next.IsZero():
			wait = min(max(next.Sub(s.Now()), 0), longestSleep)
		}
		timer.Reset(wait)
	}
}

// fireDue fires all scheduled triggers whose time has come and answers the next time.
func (s *Service) fireDue() (time.Time, error) {
	now := s.Now().UTC()
	var next time.Time
	var due []meta.Key
	err := s.Store.View(s.ctx, func(tx meta.Tx) error {
		return tx.Scan(kindTrigger, nil, nil, func(k meta.Key, raw json.RawMessage) (bool, error) {
			var d triggerDoc
			if err := json.Unmarshal(raw, &d); err != nil {
				return false, err
			}
			at := nextFiring(&d)
			switch {
			case at.IsZero():
			case !at.After(now):
				due = append(due, k)
			case next.IsZero() || at.Before(next):
				next = at
			}
			return true, nil
		})
	})
	if err != nil {
		return next, err
	}
	for _, k := range due {
		if err := s.fireScheduled(k[0], k[1], now); err != nil {
			return next, err
		}
		next = now // look again at once for its next time
	}
	return next, nil
}

func nextFiring(d *triggerDoc) time.Time {
	if *d.Trigger.Type != glue.TriggerTypeScheduled || *d.Trigger.State != glue.TriggerStateActivated {
		return time.Time{}
	}
	parsed, err := cron.Parse(awsapi.Val(d.Trigger.Schedule))
	if err != nil {
		return time.Time{} // it was checked when it was stored
	}
	return parsed.Next(d.LastFiring)
}

func (s *Service) fireScheduled(account, name string, now time.Time) error {
	var todo item
	var begun *runDoc
	err := s.Store.Update(s.ctx, func(tx meta.Tx) error {
		d, err := getTrigger(tx, account, name)
		if awsapi.IsCode(err, "EntityNotFoundException") {
			return nil
		}
		if err != nil {
			return err
		}
		d.LastFiring = now
		if err := putTrigger(tx, account, d); err != nil {
			return err
		}
		workflow := awsapi.Val(d.Trigger.WorkflowName)
		if workflow == "" {
			todo = item{kind: alone, account: account}
			return s.fireAlone(tx, d.Caller, &d.Trigger)
		}
		r, err := s.begin(tx, d.Caller, workflow, nil)
		if awsapi.IsCode(err, "ConcurrentRunsExceededException") {
			// It shows in the history that this firing came to nothing.
			w, err := getWorkflow(tx, account, workflow)
			if err != nil {
				return err
			}
			if r, err = s.newRun(tx, d.Caller, w, nil); err != nil {
				return err
			}
			r.Status, r.Completed, r.Error = glue.WorkflowRunStatusError, now, "Concurrent runs exceeded for "+workflow
			return putRun(tx, account, r)
		}
		if err != nil {
			return err
		}
		todo, begun = runItem(r), r
		return nil
	})
	if err == nil && begun != nil {
		s.expect(begun)
	}
	if err == nil && todo.account != "" {
		s.work.add(todo)
	}
	return err
}
