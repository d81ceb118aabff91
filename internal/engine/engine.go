// Package engine owns the one DuckDB instance of the process: its start and
// stop, the memory and thread budget, the lockdown, pinned sessions, admission,
// cancellation, attached databases and the errors DuckDB answers with.
//
// It does not own any SQL dialect, any catalog or any access control: callers
// decide what text may reach a session. No other package imports duckdb-go.
package engine

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

// Options say where the engine may work and how much of the machine it may take.
type Options struct {
	// TempDir takes what does not fit into memory. It belongs to the engine
	// alone: what an earlier process left there is removed.
	TempDir string
	// AllowedDirectories are the only folders whose files SQL can reach:
	// attached databases, hard-linked scans, files that COPY writes.
	AllowedDirectories []string
	// MemoryLimit in bytes; 0 takes half of what the machine has. DuckDB may
	// go over it by some 40 per cent.
	MemoryLimit int64
	// Threads that all queries share; 0 takes one per CPU.
	Threads int
	// Slots bound how many statements run at once; 0 takes twice Threads, at
	// least 4. The rest wait in order.
	Slots int
	// ExtensionDir holds signed extensions to load at start, by name, before
	// the lockdown. The core needs none.
	ExtensionDir string
	Extensions   []string
}

// Engine is the instance. It starts DuckDB when the first session is asked
// for, so that a process that never queries pays nothing.
type Engine struct {
	opts  Options
	gate  *gate
	stop  context.Context
	abort context.CancelCauseFunc

	// Lock order: start, then mu.
	start sync.Mutex // held while DuckDB starts
	mu    sync.Mutex
	db    *sql.DB
	// anchor keeps the in-memory instance, and what is attached to it, alive.
	anchor    *sql.Conn
	functions []Scalar
	preludes  []string
	sessions  map[*Session]struct{}
	idle      chan struct{} // closed when closing and the last session has gone
	closing   bool
	attached  map[string]*database
}

// Open checks the folders and prepares an engine; DuckDB itself starts with
// the first session.
func Open(opts Options) (*Engine, error) {
	if opts.TempDir == "" {
		return nil, &Error{Kind: InvalidConfiguration, Message: "the engine needs a folder to spill to", Hint: "set Options.TempDir"}
	}
	if opts.Threads <= 0 {
		opts.Threads = runtime.GOMAXPROCS(0)
	}
	if opts.Slots <= 0 {
		opts.Slots = max(4, 2*opts.Threads)
	}
	for i, dir := range opts.AllowedDirectories {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return nil, err
		}
		opts.AllowedDirectories[i] = abs
	}
	if err := os.MkdirAll(opts.TempDir, 0o700); err != nil {
		return nil, err
	}
	if err := removeSpill(opts.TempDir); err != nil {
		return nil, err
	}
	stop, abort := context.WithCancelCause(context.Background())
	return &Engine{
		opts: opts, gate: newGate(opts.Slots), stop: stop, abort: abort,
		sessions: map[*Session]struct{}{}, attached: map[string]*database{}, idle: make(chan struct{}),
	}, nil
}

// removeSpill deletes what a killed process left in the spill folder.
func removeSpill(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "duckdb_temp_") {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// Prelude adds statements (macros, mostly) that run once when the instance
// starts, or at once if it has. They land in the database "memory", schema
// "main".
func (e *Engine) Prelude(ctx context.Context, statements ...string) error {
	e.start.Lock()
	defer e.start.Unlock()
	e.mu.Lock()
	anchor := e.anchor
	e.mu.Unlock()
	if anchor != nil {
		for _, s := range statements {
			if _, err := anchor.ExecContext(ctx, s); err != nil {
				return wrap(ctx, err)
			}
		}
	}
	e.preludes = append(e.preludes, statements...)
	return nil
}

// Started says whether DuckDB is running.
func (e *Engine) Started() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.db != nil
}

// Load counts what runs and what waits.
type Load struct{ Slots, Busy, Waiting, Sessions int }

// Load returns the present load.
func (e *Engine) Load() Load {
	l := e.gate.load()
	e.mu.Lock()
	l.Sessions = len(e.sessions)
	e.mu.Unlock()
	return l
}

// instance returns the running database, starting it if need be.
func (e *Engine) instance(ctx context.Context) (*sql.DB, error) {
	running := func() (*sql.DB, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.closing {
			return nil, errClosed()
		}
		return e.db, nil
	}
	// Once it runs, nobody waits for the start's lock: a checkpoint holds it
	// for as long as it takes.
	db, err := running()
	if db != nil || err != nil {
		return db, err
	}
	e.start.Lock()
	defer e.start.Unlock()
	if db, err = running(); db != nil || err != nil {
		return db, err
	}
	// A caller that gives up must not leave a half-locked instance behind.
	ctx = context.WithoutCancel(ctx)
	connector, err := duckdb.NewConnector(":memory:?"+e.config().Encode(), initConnection)
	if err != nil {
		return nil, wrap(ctx, err)
	}
	db = sql.OpenDB(connector)
	db.SetMaxIdleConns(0) // a session's settings and temporary tables die with it
	anchor, err := e.prepare(ctx, db)
	if err != nil {
		return nil, errors.Join(wrap(ctx, err), db.Close())
	}
	e.mu.Lock()
	e.db, e.anchor = db, anchor
	e.mu.Unlock()
	return db, nil
}

func (e *Engine) config() url.Values {
	v := url.Values{
		"threads":                      {strconv.Itoa(e.opts.Threads)},
		"temp_directory":               {e.opts.TempDir},
		"autoinstall_known_extensions": {"false"},
		"autoload_known_extensions":    {"false"},
		"allow_community_extensions":   {"false"},
		"allow_persistent_secrets":     {"false"},
	}
	if e.opts.ExtensionDir != "" {
		v.Set("extension_directory", e.opts.ExtensionDir)
	}
	return v
}

// initConnection makes DuckDB answer errors as JSON: kind, position and
// candidates without reading its prose.
func initConnection(ex driver.ExecerContext) error {
	_, err := ex.ExecContext(context.Background(), "SET errors_as_json = true", nil)
	return err
}

// prepare runs everything that must precede the first session, and closes the
// door behind it.
func (e *Engine) prepare(ctx context.Context, db *sql.DB) (*sql.Conn, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*sql.Conn, error) { return nil, errors.Join(err, conn.Close()) }
	for _, name := range e.opts.Extensions {
		if _, err := conn.ExecContext(ctx, "LOAD "+QuoteIdent(name)); err != nil {
			return fail(fmt.Errorf("load extension %s: %w", name, err))
		}
	}
	for _, f := range e.functions {
		if err := f.register(conn); err != nil {
			return fail(err)
		}
	}
	for _, s := range e.preludes {
		if _, err := conn.ExecContext(ctx, s); err != nil {
			return fail(err)
		}
	}
	dirs := make([]string, 0, len(e.opts.AllowedDirectories)+1)
	for _, d := range append([]string{e.opts.TempDir}, e.opts.AllowedDirectories...) {
		dirs = append(dirs, QuoteText(strings.TrimSuffix(d, "/")+"/"))
	}
	limit, err := e.memoryLimit(ctx, conn)
	if err != nil {
		return fail(err)
	}
	for _, s := range []string{
		"SET memory_limit = " + QuoteText(limit),
		"SET allowed_directories = [" + strings.Join(dirs, ", ") + "]",
		"SET enable_external_access = false",
	} {
		if _, err := conn.ExecContext(ctx, s); err != nil {
			return fail(err)
		}
	}
	return conn, nil
}

// memoryLimit is what was asked for, or half of the machine: DuckDB's own
// default, which knows of containers' limits, is four fifths of it.
func (e *Engine) memoryLimit(ctx context.Context, conn *sql.Conn) (string, error) {
	if e.opts.MemoryLimit > 0 {
		return strconv.FormatInt(e.opts.MemoryLimit, 10) + "B", nil
	}
	var fourFifths string
	if err := conn.QueryRowContext(ctx, "SELECT current_setting('memory_limit')").Scan(&fourFifths); err != nil {
		return "", err
	}
	number, unit, _ := strings.Cut(fourFifths, " ")
	n, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return "", fmt.Errorf("memory limit %q: %w", fourFifths, err)
	}
	return strconv.FormatFloat(n*5/8, 'f', 2, 64) + unit, nil
}

// Close stops running statements, waits for their sessions to be closed,
// writes every attached database's log into its file and ends the instance.
// When ctx ends first, it stops waiting for sessions and closes regardless.
func (e *Engine) Close(ctx context.Context) error {
	e.mu.Lock()
	if e.closing {
		e.mu.Unlock()
		return nil
	}
	e.closing = true
	if len(e.sessions) == 0 {
		close(e.idle)
	}
	e.mu.Unlock()
	e.abort(errClosed())
	select {
	case <-e.idle:
	case <-ctx.Done():
	}

	e.start.Lock() // a start under way ends first
	defer e.start.Unlock()
	e.mu.Lock()
	db, anchor := e.db, e.anchor
	var left []*Session
	for s := range e.sessions {
		left = append(left, s)
	}
	var writable []string
	for name, d := range e.attached {
		if !d.readOnly {
			writable = append(writable, name)
		}
	}
	e.mu.Unlock()
	if db == nil {
		return nil
	}
	var errs []error
	for _, s := range left {
		errs = append(errs, s.Close())
	}
	for _, name := range writable {
		cctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		err := checkpoint(cctx, anchor, name)
		cancel()
		// A transaction that is still winding up keeps the log: nothing is
		// lost by it, the next attach reads it.
		var failed *Error
		if err != nil && !(errors.As(err, &failed) && failed.Kind == Transaction) {
			errs = append(errs, fmt.Errorf("checkpoint %s: %w", name, err))
		}
	}
	errs = append(errs, anchor.Close(), db.Close())
	return errors.Join(errs...)
}
