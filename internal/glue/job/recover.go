package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"tarn/api/glue"
	"tarn/internal/meta"
)

// kindProcess holds the long-lived processes (the Spark server, the warm runners) under {name}.
const kindProcess = "glue.job.process"

// recover ends what a predecessor that was killed left running, and settles its runs: what had begun is FAILED, what
// had not is started.
func (s *Service) recover(ctx context.Context) error {
	var runs []*runDoc
	var left []process
	err := s.o.Store.View(ctx, func(tx meta.Tx) error {
		runs, left = nil, nil
		err := tx.Scan(kindActive, nil, nil, func(k meta.Key, _ json.RawMessage) (bool, error) {
			doc := &runDoc{}
			if err := tx.Get(kindRun, k, doc); err != nil {
				return false, fmt.Errorf("run %s: %w", k, err)
			}
			runs = append(runs, doc)
			return true, nil
		})
		if err != nil {
			return err
		}
		return tx.Scan(kindProcess, nil, nil, func(_ meta.Key, raw json.RawMessage) (bool, error) {
			var p process
			err := json.Unmarshal(raw, &p)
			left = append(left, p)
			return true, err
		})
	})
	if err != nil {
		return err
	}
	for _, p := range left {
		p.endGroup()
	}
	for _, doc := range runs {
		if doc.Process != nil {
			doc.Process.endGroup()
		}
	}
	// Before anything is started again: what is started makes folders there.
	if err := os.RemoveAll(filepath.Join(s.o.Data, "tmp", "run")); err != nil {
		return err
	}
	if err := s.env.sweep(); err != nil {
		return err
	}
	for _, doc := range runs {
		if err := s.settle(ctx, doc); err != nil {
			return err
		}
	}
	return nil
}

// settle decides about a run that a killed predecessor had going on, and whose processes have ended.
func (s *Service) settle(ctx context.Context, doc *runDoc) error {
	if err := s.o.Roles.Revoke(ctx, *doc.Run.Id); err != nil {
		return fmt.Errorf("revoke the credentials of run %s: %w", *doc.Run.Id, err)
	}
	state := *doc.Run.JobRunState
	if !doc.Began && state != glue.JobRunStateStopping {
		s.o.Log.Info("a run that had not begun is started", "job", *doc.Run.JobName, "run", *doc.Run.Id)
		s.launch(doc)
		return nil
	}
	end, text := glue.JobRunStateFailed, "tarn ended while the run was going on; its processes were ended"
	if state == glue.JobRunStateStopping {
		end, text = glue.JobRunStateStopped, ""
	}
	s.o.Log.Info("a run did not survive the end of the server", "job", *doc.Run.JobName, "run", *doc.Run.Id, "state", end)
	retry, err := s.finish(doc, end, text)
	if err != nil {
		return err
	}
	if w, err := s.o.Logs.Stream(doc.Caller.Account, *doc.Run.LogGroupName+"/error", *doc.Run.Id); err == nil {
		if text != "" {
			fmt.Fprintln(w, text)
		}
		w.Close()
	}
	if retry != nil {
		s.launch(retry)
	}
	return nil
}

// remember records a long-lived process before anything uses it; forget removes it.
func (s *Service) remember(name string, p process) error {
	return s.o.Store.Update(context.Background(), func(tx meta.Tx) error { return tx.Put(kindProcess, meta.Key{name}, p) })
}

func (s *Service) forget(name string) error {
	return s.o.Store.Update(context.Background(), func(tx meta.Tx) error {
		if err := tx.Delete(kindProcess, meta.Key{name}); !errors.Is(err, meta.ErrNotFound) {
			return err
		}
		return nil
	})
}
