package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// database is one attached file. Its write token makes writers take turns.
type database struct {
	path     string
	readOnly bool
	token    chan struct{}
}

// AttachOptions say how a database file is opened.
type AttachOptions struct{ ReadOnly bool }

// Attach opens a database file inside the allowed directories under a name,
// for all sessions. It must exist if read-only.
func (e *Engine) Attach(ctx context.Context, name, path string, o AttachOptions) error {
	path, err := e.allowed(path)
	if err != nil {
		return err
	}
	if o.ReadOnly {
		if _, err := os.Stat(path); err != nil {
			return &Error{Kind: IO, Message: fmt.Sprintf("database %s: %v", name, err), Position: -1, Err: err}
		}
	}
	text := "ATTACH " + QuoteText(path) + " AS " + QuoteIdent(name)
	if o.ReadOnly {
		text += " (READ_ONLY)"
	}
	return e.administer(ctx, text, func() {
		e.attached[name] = &database{path: path, readOnly: o.ReadOnly, token: make(chan struct{}, 1)}
	})
}

// Detach closes a database, waiting for its writer. Queries that still read
// it finish undisturbed.
func (e *Engine) Detach(ctx context.Context, name string) error {
	release, err := e.Writer(ctx, name)
	if err != nil {
		return err
	}
	defer release()
	return e.administer(ctx, "DETACH "+QuoteIdent(name), func() { delete(e.attached, name) })
}

// Checkpoint writes a database's log into its file. It waits for the writer;
// a reader's open transaction makes it try again for a while.
func (e *Engine) Checkpoint(ctx context.Context, name string) error {
	release, err := e.Writer(ctx, name)
	if err != nil {
		return err
	}
	defer release()
	if _, err := e.instance(ctx); err != nil {
		return err
	}
	e.start.Lock()
	defer e.start.Unlock()
	e.mu.Lock()
	anchor, closing := e.anchor, e.closing
	e.mu.Unlock()
	if closing {
		return errClosed()
	}
	return checkpoint(ctx, anchor, name)
}

// checkpoint tries for a second or two: it can't run beside other transactions.
func checkpoint(ctx context.Context, conn *sql.Conn, name string) error {
	for wait := 10 * time.Millisecond; ; wait *= 2 {
		_, err := conn.ExecContext(ctx, "CHECKPOINT "+QuoteIdent(name))
		err = wrap(ctx, err)
		var failed *Error
		if err == nil || !errors.As(err, &failed) || failed.Kind != Transaction || wait > time.Second {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return wrap(ctx, ctx.Err())
		}
	}
}

// Attached lists the names of attached databases.
func (e *Engine) Attached() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	names := make([]string, 0, len(e.attached))
	for n := range e.attached {
		names = append(names, n)
	}
	return names
}

// Writer waits for its turn to write a database: DuckDB would let two writers
// run and fail the slower one. Hold it from before the first write of a
// transaction until after its commit.
func (e *Engine) Writer(ctx context.Context, name string) (release func(), err error) {
	e.mu.Lock()
	d := e.attached[name]
	e.mu.Unlock()
	if d == nil {
		return nil, &Error{Kind: Missing, ObjectType: "Database", Name: name, Position: -1, Message: "database " + name + " is not attached"}
	}
	select {
	case d.token <- struct{}{}:
		return func() { <-d.token }, nil
	default:
	}
	select {
	case d.token <- struct{}{}:
		return func() { <-d.token }, nil
	case <-ctx.Done():
		return nil, wrap(ctx, ctx.Err())
	case <-e.stop.Done():
		return nil, errClosed()
	}
}

// Write runs fn as one transaction of the only writer of a database. fn's
// error, or a failing commit, undoes it.
func (s *Session) Write(ctx context.Context, name string, fn func() error) error {
	release, err := s.engine.Writer(ctx, name)
	if err != nil {
		return err
	}
	defer release()
	if err := s.Begin(ctx); err != nil {
		return errors.Join(err, s.Rollback(ctx)) // interrupted, it may have begun
	}
	if err := fn(); err != nil {
		return errors.Join(err, s.Rollback(ctx))
	}
	if err := s.Commit(ctx); err != nil {
		return errors.Join(err, s.Rollback(ctx))
	}
	return nil
}

// administer runs an instance-wide statement on the engine's own connection.
func (e *Engine) administer(ctx context.Context, text string, done func()) error {
	if _, err := e.instance(ctx); err != nil {
		return err
	}
	e.start.Lock()
	defer e.start.Unlock()
	e.mu.Lock()
	anchor, closing := e.anchor, e.closing
	e.mu.Unlock()
	if closing {
		return errClosed()
	}
	if _, err := anchor.ExecContext(ctx, text); err != nil {
		return wrap(ctx, err)
	}
	e.mu.Lock()
	done()
	e.mu.Unlock()
	return nil
}

// allowed resolves a path and refuses it before DuckDB does, with a plainer word.
func (e *Engine) allowed(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	for _, d := range e.opts.AllowedDirectories {
		if rel, err := filepath.Rel(d, abs); err == nil && rel != ".." && !strings.HasPrefix(rel, "../") {
			return abs, nil
		}
	}
	return "", &Error{Kind: Permission, Position: -1, Message: path + " is outside the folders that the engine may read"}
}

// Scratch makes an empty database in memory for one piece of work, under a
// name that must be new. release drops it; sessions that use it must be closed.
func (e *Engine) Scratch(ctx context.Context, name string) (release func() error, err error) {
	if err := e.administer(ctx, "ATTACH ':memory:' AS "+QuoteIdent(name), func() {}); err != nil {
		return nil, err
	}
	return func() error {
		return e.administer(context.WithoutCancel(ctx), "DETACH "+QuoteIdent(name), func() {})
	}, nil
}
