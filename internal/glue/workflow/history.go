package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"tarn/api/glue"
	"tarn/internal/meta"
)

// kept is how long a run stays in its workflow's history, counted from its start: as long as AWS keeps it.
const kept = 90 * 24 * time.Hour

// pruneEvery is how often the history is looked at, and pruneBatch how many runs one transaction takes.
const (
	pruneEvery = 24 * time.Hour
	pruneBatch = 200
)

// putRun stores a run, and whether it goes on. The runs that do are listed by themselves, so that nothing that asks for
// them has to read a whole history.
func putRun(tx meta.Tx, account string, r *runDoc) error {
	key := runKey(account, r)
	if err := tx.Put(KindRun, key, r); err != nil {
		return err
	}
	if !r.over() {
		return tx.Put(kindGoing, key, struct{}{})
	}
	if err := tx.Delete(kindGoing, key); err != nil && !errors.Is(err, meta.ErrNotFound) {
		return err
	}
	return nil
}

// goingOn counts a workflow's runs that have not ended.
func goingOn(tx meta.Tx, account, workflow string) (n int32, err error) {
	err = tx.Scan(kindGoing, meta.Key{account, workflow}, nil, func(meta.Key, json.RawMessage) (bool, error) {
		n++
		return true, nil
	})
	return n, err
}

// listGoing makes the list of runs that go on, once: stores of earlier versions have none.
func (s *Service) listGoing(ctx context.Context) error {
	return s.Store.Update(ctx, func(tx meta.Tx) error {
		marker := meta.Key{"going"}
		if err := tx.Get(kindState, marker, new(struct{})); !errors.Is(err, meta.ErrNotFound) {
			return err
		}
		err := tx.Scan(KindRun, nil, nil, func(k meta.Key, raw json.RawMessage) (bool, error) {
			var r runDoc
			if err := json.Unmarshal(raw, &r); err != nil {
				return false, err
			}
			if r.over() {
				return true, nil
			}
			return true, tx.Put(kindGoing, k, struct{}{})
		})
		if err != nil {
			return err
		}
		return tx.Put(kindState, marker, struct{}{})
	})
}

// pruneDue prunes once in a while.
func (s *Service) pruneDue() error {
	now := s.Now().UTC()
	if !s.pruned.IsZero() && now.Sub(s.pruned) < pruneEvery {
		return nil
	}
	if err := s.prune(now.Add(-kept)); err != nil {
		return err
	}
	s.pruned = now
	return nil
}

// prune forgets the runs that were begun before a time and have ended. It reads nothing that is younger: a run's id
// says when it began.
func (s *Service) prune(before time.Time) error {
	var workflows []meta.Key
	err := s.Store.View(s.ctx, func(tx meta.Tx) error {
		return tx.Scan(kindWorkflow, nil, nil, func(k meta.Key, _ json.RawMessage) (bool, error) {
			workflows = append(workflows, k)
			return true, nil
		})
	})
	if err != nil {
		return err
	}
	for _, w := range workflows {
		after := meta.Key{w[0], w[1], countdown(before)}
		for after != nil {
			if after, err = s.pruneSome(w, after); err != nil {
				return fmt.Errorf("pruning the history of workflow %s: %w", w[1], err)
			}
		}
	}
	return nil
}

// pruneSome forgets some of a workflow's runs behind a key, and answers the key to go on from; nil at the end.
func (s *Service) pruneSome(workflow, after meta.Key) (next meta.Key, err error) {
	err = s.Store.Update(s.ctx, func(tx meta.Tx) error {
		next = nil
		var old []meta.Key
		seen := 0
		err := tx.Scan(KindRun, workflow, after, func(k meta.Key, raw json.RawMessage) (bool, error) {
			if seen == pruneBatch {
				return false, nil
			}
			seen++
			next = k
			var r struct{ Status string }
			if err := json.Unmarshal(raw, &r); err != nil {
				return false, err
			}
			if r.Status != glue.WorkflowRunStatusRunning && r.Status != glue.WorkflowRunStatusStopping {
				old = append(old, k)
			}
			return true, nil
		})
		if err != nil {
			return err
		}
		if seen < pruneBatch {
			next = nil
		}
		for _, k := range old {
			if err := tx.Delete(KindRun, k); err != nil {
				return err
			}
		}
		return nil
	})
	return next, err
}
