package warehouse

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"tarn/internal/engine"
	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/wire"
)

// transaction is the session's state of one. A block that the user opened has the status T, or E
// once a statement failed in it; a single statement's transaction shows as I.
type transaction struct {
	status   byte
	open     bool // in the engine
	implicit bool // of a simple query with several statements
	begun    time.Time
	xid      int64
	readOnly bool
	writes   string // the database that it has written
	shape    bool   // it has made, changed or removed relations
	looked   bool   // it has a view of the database, as of the commit snapshot
	snapshot int64
	reads    map[int64]bool // tables that it has read
	tables   map[int64]bool // tables that it has written
	temp     map[string]*relation
	commits  []func() // run after the commit
}

// note remembers that a table is read.
func (t *transaction) note(use *sql.TableUse) {
	if r, ok := use.Table.Ref.(*relation); ok && !r.Temp && t.reads != nil {
		t.reads[r.OID] = true
	}
}

// begin opens a transaction in the engine.
func (s *Session) begin(ctx context.Context) error {
	if err := s.engine.Begin(ctx); err != nil {
		return err
	}
	s.tx = transaction{status: s.tx.status, open: true, begun: s.w.now().UTC(), xid: s.w.queries.Add(1),
		reads: map[int64]bool{}, tables: map[int64]bool{}, temp: maps.Clone(s.temp)}
	s.settings.begin()
	return nil
}

// commit makes the transaction's work durable.
func (s *Session) commit(ctx context.Context) error {
	if !s.tx.open {
		return nil
	}
	if rival, table := s.w.history.violated(s); rival != nil {
		err := errors.Join(s.violation(rival, table), s.engine.Rollback(ctx))
		s.ended(false)
		return err
	}
	err := s.engine.Commit(ctx)
	if err != nil {
		err = s.conflict(errors.Join(err, s.engine.Rollback(ctx)))
		s.ended(false)
		return err
	}
	if s.tx.writes != "" {
		s.w.history.committed(s)
	}
	after := s.tx.commits
	s.ended(true)
	for _, f := range after {
		f()
	}
	return nil
}

// rollback undoes the transaction.
func (s *Session) rollback(ctx context.Context) error {
	if !s.tx.open {
		s.tx.status = 'I'
		return nil
	}
	err := s.engine.Rollback(ctx)
	s.ended(false)
	return err
}

func (s *Session) ended(committed bool) {
	s.w.locks.release(s)
	if !committed {
		s.temp = s.tx.temp
		clear(s.macros) // those made in the transaction are gone
	}
	s.settings.end(committed)
	s.closeCursors()
	s.tx = transaction{status: 'I'}
}

// fail marks a block of the user as failed. Its work is undone at once, so that nobody waits for it.
func (s *Session) fail(ctx context.Context) {
	switch {
	case s.tx.status == 'T':
		s.rollback(ctx)
		s.tx.status = 'E'
	case s.tx.open && !s.tx.implicit:
		s.rollback(ctx)
	}
}

func (s *Session) abandon(ctx context.Context) {
	if s.tx.open {
		s.rollback(ctx)
	}
}

// within runs fn in the session's transaction, or in one of its own that ends with it. A result's
// rows have been computed by then. Writers of the same table take turns.
func (s *Session) within(ctx context.Context, t target, fn func() (wire.Result, error)) (wire.Result, error) {
	own := !s.tx.open
	if !own && t.database != "" {
		switch {
		case s.tx.readOnly:
			return nil, fail("25006", "transaction is read-only")
		case s.tx.writes != "" && t.database != s.tx.writes:
			e := unsupported("a transaction can't write both database %q and database %q", s.tx.writes, t.database)
			e.Hint = "commit before writing the other database"
			return nil, e
		}
	}
	err := s.turn(ctx, t)
	if err == nil && !own && s.tx.looked {
		err = s.outdated(t)
	}
	if err != nil {
		if own {
			s.w.locks.release(s)
		}
		return nil, err
	}
	if own {
		if err := s.begin(ctx); err != nil {
			s.w.locks.release(s)
			return nil, err
		}
	}
	if t.database != "" {
		s.tx.writes = t.database
		s.tx.shape = s.tx.shape || t.shape
	}
	if !s.tx.looked {
		s.tx.looked, s.tx.snapshot = true, s.w.history.latest()
	}
	r, err := fn()
	if err == nil && t.database != "" && !own {
		if rival, table := s.w.history.violated(s); rival != nil {
			err = s.violation(rival, table)
		}
	}
	if err != nil {
		err = s.conflict(err)
		if r != nil {
			r.Close()
		}
		if own {
			s.rollback(ctx)
		}
		return nil, err
	}
	if own {
		if err := s.commit(ctx); err != nil {
			if r != nil {
				r.Close()
			}
			return nil, err
		}
	}
	return r, nil
}

// outside refuses what can't run in a transaction block.
func (s *Session) outside(what string) error {
	if s.tx.open {
		return fail("25001", "%s cannot run inside a transaction block", what)
	}
	return nil
}

// outdated refuses to write a name whose relation another transaction has made, changed or removed
// since this one looked: it would work on what is no longer there.
func (s *Session) outdated(t target) error {
	if rival := s.w.history.reshaped(s, t); rival != nil {
		return s.violation(rival, 0)
	}
	return nil
}

// conflict names the transaction that was in the way.
func (s *Session) conflict(err error) error {
	if !errors.Is(err, engine.ErrConflict) {
		return err
	}
	rival, table := s.w.history.rival(s)
	e := s.violation(rival, table)
	e.Err = err
	return e
}

// violation says that no order of transactions explains what this one and another did.
func (s *Session) violation(other *commit, table int64) *wire.Error {
	e := fail("XX000", "1023")
	e.Hint = "run the transaction again"
	if other == nil {
		e.Detail = fmt.Sprintf("Serializable isolation violation, transaction %d (pid:%d) changed what another had changed", s.tx.xid, s.start.PID)
		return e
	}
	e.Detail = fmt.Sprintf("Serializable isolation violation on table - %d, transactions forming the cycle are: %d, %d (pid:%d). The other transaction's query was: %s",
		table, s.tx.xid, other.xid, other.pid, other.text)
	return e
}

// block runs BEGIN.
func (s *Session) block(ctx context.Context, readOnly bool) (wire.Result, error) {
	if s.tx.status == 'T' {
		s.client.Notice(&wire.Error{Severity: "WARNING", Code: "25001", Message: "there is already a transaction in progress"})
		return done("BEGIN"), nil
	}
	if !s.tx.open {
		if err := s.begin(ctx); err != nil {
			return nil, err
		}
	}
	s.tx.status, s.tx.implicit, s.tx.readOnly = 'T', false, readOnly
	return done("BEGIN"), nil
}

// commitBlock runs COMMIT.
func (s *Session) commitBlock(ctx context.Context) (wire.Result, error) {
	switch s.tx.status {
	case 'E':
		s.tx.status = 'I'
		return done("ROLLBACK"), s.rollback(ctx)
	case 'T':
		return done("COMMIT"), s.commit(ctx)
	}
	s.client.Notice(&wire.Error{Severity: "WARNING", Code: "25P01", Message: "there is no transaction in progress"})
	return done("COMMIT"), nil
}

// rollbackBlock runs ROLLBACK.
func (s *Session) rollbackBlock(ctx context.Context) (wire.Result, error) {
	if s.tx.status == 'I' {
		s.client.Notice(&wire.Error{Severity: "WARNING", Code: "25P01", Message: "there is no transaction in progress"})
		return done("ROLLBACK"), nil
	}
	return done("ROLLBACK"), s.rollback(ctx)
}
