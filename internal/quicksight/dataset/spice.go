package dataset

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/engine"
	"tarn/internal/meta"
	"tarn/internal/quicksight/resource"
)

// generation is a database file that holds the rows of a data set at one time.
type generation struct {
	id      string
	refs    int  // readers; guarded by Service.mu
	retired bool // guarded by Service.mu

	attach   sync.Mutex
	attached bool
}

const suffix = ".duckdb"

func (s *Service) path(id string) string { return filepath.Join(s.o.Dir, id+suffix) }

// database is the name of a generation in the engine.
func database(id string) string { return "spice_" + id }

func relation(id string) string { return engine.QuoteIdent(database(id)) + ".main.rows" }

// build makes a new generation and moves the data set's pointer to it.
func (s *Service) build(j *job, start time.Time) (err error) {
	ctx := j.ctx
	account, id := j.rec.Account, j.rec.DataSet
	var set setRecord
	var sources map[string]*sourceRecord
	err = s.o.Store.View(ctx, func(tx meta.Tx) (err error) {
		if err := resource.Get(tx, resource.DataSet, account, id, &set); err != nil {
			return errDeleted
		}
		sources, err = s.sourcesOf(tx, account, &set.Set)
		return err
	})
	if err != nil {
		return err
	}
	p, reads, err := s.plan(ctx, &set.Set, sources)
	if err != nil {
		return err
	}
	g := &generation{id: s.o.NewID()}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.drop(g))
		}
	}()
	rows, err := s.fill(ctx, g, p, reads)
	if err != nil {
		return err
	}
	info, err := os.Stat(s.path(g.id))
	if err != nil {
		return err
	}
	old := ""
	// From here on a cancellation comes too late: the rows are there.
	err = s.o.Store.Update(context.WithoutCancel(ctx), func(tx meta.Tx) error {
		var now setRecord
		if err := resource.Get(tx, resource.DataSet, account, id, &now); err != nil {
			return errDeleted
		}
		if now.Revision != set.Revision {
			return errSuperseded
		}
		var r ingestionRecord
		if err := tx.Get(ingestionKind, j.rec.key(), &r); err != nil {
			return err
		}
		old = ""
		if now.Spice != nil {
			old = now.Spice.Generation
		}
		now.Spice = &spiceState{Generation: g.id, Columns: p.queryColumns(), Rows: rows, Bytes: info.Size()}
		now.Set.ConsumedSpiceCapacityInBytes, now.Set.OutputColumns = new(info.Size()), p.outputColumns()
		r.Ingestion.IngestionStatus = new(quicksight.IngestionStatusCompleted)
		r.Ingestion.RowInfo = &quicksight.RowInfo{RowsIngested: &rows, RowsDropped: new(int64(0)), TotalRowsInDataset: &rows}
		r.Ingestion.IngestionSizeInBytes = new(info.Size())
		r.Ingestion.IngestionTimeInSeconds = new(int64(s.o.Now().Sub(start) / time.Second))
		if err := tx.Put(ingestionKind, j.rec.key(), r); err != nil {
			return err
		}
		return tx.Put(resource.Kind(resource.DataSet), meta.Key{account, id}, now)
	})
	if err != nil {
		return err
	}
	s.retire(old)
	return nil
}

// fill writes the rows into the file of a new generation, which is closed and durable afterwards.
func (s *Service) fill(ctx context.Context, g *generation, p *plan, reads []read) (rows int64, err error) {
	sess, err := s.session(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, sess.Close()) }()
	relations, release, err := s.relations(ctx, sess, reads)
	if err != nil {
		return 0, err
	}
	defer release()
	if err := p.check(ctx, sess, relations); err != nil {
		return 0, err
	}
	name := database(g.id)
	if err := s.o.Engine.Attach(ctx, name, s.path(g.id), engine.AttachOptions{}); err != nil {
		return 0, err
	}
	g.attached = true
	err = sess.Write(ctx, name, func() error {
		_, err := sess.Exec(ctx, "CREATE TABLE "+relation(g.id)+" AS SELECT * FROM "+p.sql(relations))
		return err
	})
	if err != nil {
		return 0, err
	}
	if err := sess.QueryRow(ctx, "SELECT count(*) FROM "+relation(g.id), nil, &rows); err != nil {
		return 0, err
	}
	if err := s.o.Engine.Checkpoint(ctx, name); err != nil {
		return 0, err
	}
	if err := s.o.Engine.Detach(ctx, name); err != nil {
		return 0, err
	}
	g.attached = false
	return rows, syncDir(s.o.Dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// openSpice opens the present generation. A data set that has none yet is waited for.
func (s *Service) openSpice(ctx context.Context, account, id string) (*Handle, error) {
	for {
		state, err := s.spice(ctx, account, id)
		if err != nil {
			return nil, err
		}
		if state == nil {
			waited, err := s.waitIdle(ctx, account, id)
			if err != nil {
				return nil, err
			}
			if state, err = s.spice(ctx, account, id); err != nil {
				return nil, err
			}
			if state == nil && !waited {
				return nil, s.never(ctx, account, id)
			}
			continue
		}
		g := s.acquire(state.Generation)
		// Between reading the pointer and holding the generation it may have been retired: then the pointer has moved.
		now, err := s.spice(ctx, account, id)
		if err != nil {
			s.release(g)
			return nil, err
		}
		if now == nil || now.Generation != g.id {
			s.release(g)
			continue
		}
		h, err := s.handle(ctx, g, state)
		if err != nil {
			s.release(g)
			return nil, err
		}
		return h, nil
	}
}

func (s *Service) handle(ctx context.Context, g *generation, state *spiceState) (*Handle, error) {
	g.attach.Lock()
	defer g.attach.Unlock()
	if !g.attached {
		if err := s.o.Engine.Attach(ctx, database(g.id), s.path(g.id), engine.AttachOptions{ReadOnly: true}); err != nil {
			return nil, err
		}
		g.attached = true
	}
	sess, err := s.session(ctx)
	if err != nil {
		return nil, err
	}
	return &Handle{Session: sess, Relation: relation(g.id), Columns: state.Columns, Version: g.id, release: func() { s.release(g) }}, nil
}

func (s *Service) spice(ctx context.Context, account, id string) (*spiceState, error) {
	var rec setRecord
	err := s.o.Store.View(ctx, func(tx meta.Tx) error { return resource.Get(tx, resource.DataSet, account, id, &rec) })
	return rec.Spice, err
}

// never says why a data set has no rows.
func (s *Service) never(ctx context.Context, account, id string) error {
	var last *quicksight.Ingestion
	err := s.o.Store.View(ctx, func(tx meta.Tx) error {
		return tx.Scan(ingestionKind, meta.Key{account, id}, nil, func(_ meta.Key, raw json.RawMessage) (bool, error) {
			var r ingestionRecord
			if err := json.Unmarshal(raw, &r); err != nil {
				return false, err
			}
			if last == nil || r.Ingestion.CreatedTime.After(last.CreatedTime.Time) {
				last = &r.Ingestion
			}
			return true, nil
		})
	})
	if err != nil {
		return err
	}
	why := "it was never ingested"
	if last != nil && last.ErrorInfo != nil {
		why = "its last ingestion ended as " + awsapi.Val(last.IngestionStatus) + ": " + awsapi.Val(last.ErrorInfo.Message)
	}
	return quicksight.ConflictException("Data set %s has no rows yet: %s", id, why).WithHint("Put right what it says, then create an ingestion.")
}

func (s *Service) acquire(id string) *generation {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.generations[id]
	if g == nil {
		g = &generation{id: id}
		s.generations[id] = g
	}
	g.refs++
	return g
}

func (s *Service) release(g *generation) {
	s.mu.Lock()
	g.refs--
	last := g.retired && g.refs == 0
	s.mu.Unlock()
	if last {
		s.discard(g)
	}
}

// retire lets a generation go once its last reader has.
func (s *Service) retire(id string) {
	if id == "" {
		return
	}
	s.mu.Lock()
	g := s.generations[id]
	if g == nil {
		g = &generation{id: id}
		s.generations[id] = g
	}
	g.retired = true
	last := g.refs == 0
	s.mu.Unlock()
	if last {
		s.discard(g)
	}
}

func (s *Service) discard(g *generation) {
	if err := s.drop(g); err != nil {
		s.o.Log.Error("removing a SPICE generation", "generation", g.id, "error", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.generations[g.id] == g && g.refs == 0 {
		delete(s.generations, g.id)
	}
}

// drop detaches and removes a generation's file.
func (s *Service) drop(g *generation) error {
	g.attach.Lock()
	defer g.attach.Unlock()
	if g.attached {
		if err := s.o.Engine.Detach(context.Background(), database(g.id)); err != nil {
			return err
		}
		g.attached = false
	}
	for _, path := range []string{s.path(g.id), s.path(g.id) + ".wal"} {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// recover ends what an earlier process left running and removes files that nothing points to.
func (s *Service) recover(ctx context.Context) error {
	used := map[string]bool{}
	err := s.o.Store.Update(ctx, func(tx meta.Tx) error {
		clear(used)
		err := tx.Scan(resource.Kind(resource.DataSet), nil, nil, func(_ meta.Key, raw json.RawMessage) (bool, error) {
			var rec setRecord
			if err := json.Unmarshal(raw, &rec); err != nil {
				return false, err
			}
			if rec.Spice != nil {
				used[rec.Spice.Generation] = true
			}
			return true, nil
		})
		if err != nil {
			return err
		}
		var broken []ingestionRecord
		err = tx.Scan(ingestionKind, nil, nil, func(_ meta.Key, raw json.RawMessage) (bool, error) {
			var r ingestionRecord
			if err := json.Unmarshal(raw, &r); err != nil {
				return false, err
			}
			if !r.ended() {
				broken = append(broken, r)
			}
			return true, nil
		})
		if err != nil {
			return err
		}
		for _, r := range broken {
			r.Ingestion.IngestionStatus, r.Ingestion.QueueInfo = new(quicksight.IngestionStatusFailed), nil
			r.Ingestion.ErrorInfo = &quicksight.ErrorInfo{Type: new(quicksight.IngestionErrorTypeInternalServiceError), Message: new("tarn stopped while the ingestion ran. Create another one.")}
			if err := tx.Put(ingestionKind, r.key(), r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(s.o.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		id, ok := strings.CutSuffix(strings.TrimSuffix(e.Name(), ".wal"), suffix)
		if ok && !used[id] {
			if err := os.Remove(filepath.Join(s.o.Dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
