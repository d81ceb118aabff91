package engine

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"sync"

	"github.com/duckdb/duckdb-go/v2"
)

// Session is one pinned connection: its settings, temporary tables and
// transaction are its own. One statement at a time; close it after use.
type Session struct {
	engine *Engine
	conn   *sql.Conn
	weight int

	mu     sync.Mutex // held while a statement runs
	held   func()     // slots kept over several statements, by Hold
	closed bool
}

// Option shapes a new session.
type Option func(*sessionOptions)

type sessionOptions struct {
	settings []setting
	weight   int
}

type setting struct{ name, value string }

// WithSetting sets a DuckDB option for the session; value is a SQL literal.
func WithSetting(name, value string) Option {
	return func(o *sessionOptions) { o.settings = append(o.settings, setting{name, value}) }
}

// WithRedshiftSettings makes arithmetic and NULL order answer as Redshift does.
func WithRedshiftSettings() Option {
	return func(o *sessionOptions) {
		o.settings = append(o.settings,
			setting{"integer_division", "true"},
			setting{"default_null_order", "'nulls_last_on_asc_first_on_desc'"},
			setting{"ieee_floating_point_ops", "false"},
			setting{"TimeZone", "'UTC'"})
	}
}

// WithWeight sets how many admission slots each statement of the session
// takes: 0 never waits (catalog look-ups), 1 is the default, bulk loads take more.
func WithWeight(n int) Option { return func(o *sessionOptions) { o.weight = n } }

// Session opens a session, starting DuckDB if this is the first one.
func (e *Engine) Session(ctx context.Context, options ...Option) (*Session, error) {
	o := sessionOptions{weight: 1}
	for _, f := range options {
		f(&o)
	}
	db, err := e.instance(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, wrap(ctx, err)
	}
	s := &Session{engine: e, conn: conn, weight: o.weight}
	e.mu.Lock()
	if e.closing {
		e.mu.Unlock()
		return nil, errors.Join(errClosed(), conn.Close())
	}
	e.sessions[s] = struct{}{}
	e.mu.Unlock()
	for _, set := range o.settings {
		if _, err := conn.ExecContext(ctx, "SET SESSION "+QuoteIdent(set.name)+" = "+set.value); err != nil {
			return nil, errors.Join(wrap(ctx, err), s.Close())
		}
	}
	return s, nil
}

// Close rolls back an open transaction and gives the connection up.
func (s *Session) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	held := s.held
	s.held = nil
	s.mu.Unlock()
	if held != nil {
		held()
	}
	err := s.conn.Close() // the pool keeps no idle connections: DuckDB's one ends here
	e := s.engine
	e.mu.Lock()
	delete(e.sessions, s)
	if e.closing && len(e.sessions) == 0 {
		select {
		case <-e.idle:
		default:
			close(e.idle)
		}
	}
	e.mu.Unlock()
	if err != nil && !errors.Is(err, sql.ErrConnDone) {
		return wrap(context.Background(), err)
	}
	return nil
}

// Hold waits for n slots and keeps them until release is called, so that a
// piece of work of several statements waits once.
func (s *Session) Hold(ctx context.Context, n int) (release func(), err error) {
	leave, err := s.engine.gate.enter(ctx, n)
	if err != nil {
		return nil, wrap(ctx, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held != nil || s.closed {
		leave()
		return nil, &Error{Kind: Internal, Message: "the session already holds slots, or is closed", Position: -1}
	}
	s.held = leave
	return func() {
		s.mu.Lock()
		s.held = nil
		s.mu.Unlock()
		leave()
	}, nil
}

// run admits one statement, ties its context to the engine's life and holds
// the session while it runs.
func (s *Session) run(ctx context.Context, fn func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.engine.stop, func() { cancel(context.Cause(s.engine.stop)) })()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return &Error{Kind: Closed, Message: "the session is closed", Position: -1}
	}
	if s.held == nil {
		leave, err := s.engine.gate.enter(ctx, s.weight)
		if err != nil {
			return wrap(ctx, err)
		}
		defer leave()
	}
	return wrap(ctx, fn(ctx))
}

// Exec runs statements that answer no rows and returns how many rows the last
// one changed.
func (s *Session) Exec(ctx context.Context, query string, args ...any) (changed int64, err error) {
	err = s.run(ctx, func(ctx context.Context) error {
		return s.conn.Raw(func(c any) error {
			r, err := c.(*duckdb.Conn).ExecContext(ctx, query, named(args))
			if err != nil {
				return err
			}
			changed, err = r.RowsAffected()
			return err
		})
	})
	return changed, err
}

// named numbers the arguments for the driver; sql.Named ones keep their names.
func named(args []any) []driver.NamedValue {
	out := make([]driver.NamedValue, len(args))
	for i, a := range args {
		out[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
		if n, ok := a.(sql.NamedArg); ok {
			out[i].Name, out[i].Value = n.Name, n.Value
		}
	}
	return out
}

// Query runs a statement to its end and returns its rows. The result is
// DuckDB's, held within the memory limit: close it.
func (s *Session) Query(ctx context.Context, query string, args ...any) (*Rows, error) {
	var out *Rows
	err := s.run(ctx, func(rctx context.Context) error {
		// database/sql closes rows when their context ends; this one ends with
		// run, while the caller still reads. Reading itself needs no context:
		// the result is complete.
		var rows driver.Rows
		if err := s.conn.Raw(func(c any) error {
			var err error
			rows, err = c.(*duckdb.Conn).QueryContext(rctx, query, named(args))
			return err
		}); err != nil {
			return err
		}
		out = newRows(rows)
		return nil
	})
	return out, err
}

// QueryRow scans the first row's columns into dst, which are pointers to any,
// string, int64, float64, bool or time.Time; no row is ErrNoRows.
func (s *Session) QueryRow(ctx context.Context, query string, args []any, dst ...any) error {
	rows, err := s.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return ErrNoRows
	}
	return rows.Scan(dst...)
}

// Begin opens a transaction. It may write one attached database only.
func (s *Session) Begin(ctx context.Context) error {
	_, err := s.control(ctx, "BEGIN TRANSACTION")
	return err
}

// Commit makes the transaction's work durable. Cancelling ctx does not tear
// it half way.
func (s *Session) Commit(ctx context.Context) error {
	_, err := s.control(context.WithoutCancel(ctx), "COMMIT")
	return err
}

// Rollback undoes the transaction; without one it does nothing.
func (s *Session) Rollback(ctx context.Context) error {
	_, err := s.control(context.WithoutCancel(ctx), "ROLLBACK")
	var e *Error
	if errors.As(err, &e) && strings.Contains(e.Message, "no transaction is active") {
		return nil
	}
	return err
}

// control runs a statement that must not queue behind the work it ends.
func (s *Session) control(ctx context.Context, query string) (sql.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, &Error{Kind: Closed, Message: "the session is closed", Position: -1}
	}
	r, err := s.conn.ExecContext(ctx, query)
	return r, wrap(ctx, err)
}

// Beside opens another session of the same engine, for a look that must
// neither wait behind statements nor care for this session's transaction.
func (s *Session) Beside(ctx context.Context) (*Session, error) {
	return s.engine.Session(ctx, WithWeight(0))
}
