package warehouse

import (
	"context"
	"errors"
	"fmt"
	"io"

	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/wire"
)

func (s *Session) prepareNamed(stmt *sql.PrepareStmt) (wire.Result, error) {
	name := stmt.Name.Name
	if s.prepared[name] != nil {
		return nil, fail("42P05", "prepared statement %q already exists", name)
	}
	s.prepared[name] = stmt
	return done(stmt.Tag()), nil
}

// executeNamed runs EXECUTE: its arguments are expressions, computed first.
func (s *Session) executeNamed(ctx context.Context, stmt *sql.ExecuteStmt, text string) (wire.Result, error) {
	p := s.prepared[stmt.Name.Name]
	if p == nil {
		return nil, fail("26000", "prepared statement %q does not exist", stmt.Name.Name)
	}
	args := &arguments{}
	for i, x := range stmt.Args {
		want := sql.Unknown
		if i < len(p.Types) {
			t, err := sql.ResolveType(p.Types[i])
			if err != nil {
				return nil, err
			}
			want = t
		}
		cat := s.catalog(ctx)
		env := s.environment(ctx, cat, nil)
		plan, err := sql.AnalyzeExpr(x, want, &env)
		if err != nil {
			return nil, err
		}
		r, err := s.run(ctx, plan, cat, nil)
		if err != nil {
			return nil, err
		}
		row, err := r.Next(ctx)
		if err != nil {
			return nil, err
		}
		args.values = append(args.values, row[0])
		args.types = append(args.types, plan.Columns[0].Type)
		if err := r.Close(); err != nil {
			return nil, err
		}
	}
	return s.dispatch(ctx, p.Statement, text, args)
}

func (s *Session) deallocate(stmt *sql.DeallocateStmt) (wire.Result, error) {
	if stmt.All {
		clear(s.prepared)
		return done(stmt.Tag()), nil
	}
	if s.prepared[stmt.Name.Name] == nil {
		return nil, fail("26000", "prepared statement %q does not exist", stmt.Name.Name)
	}
	delete(s.prepared, stmt.Name.Name)
	return done(stmt.Tag()), nil
}

// declare opens a cursor, which lives as long as its transaction.
func (s *Session) declare(ctx context.Context, stmt *sql.DeclareCursorStmt, args *arguments) (wire.Result, error) {
	if s.tx.status != 'T' && !s.tx.implicit {
		return nil, fail("25P01", "DECLARE CURSOR may only be used in transaction blocks")
	}
	if s.cursors[stmt.Name.Name] != nil {
		return nil, fail("42P03", "cursor %q already exists", stmt.Name.Name)
	}
	r, err := s.read(ctx, stmt, args)
	if err != nil {
		return nil, err
	}
	s.cursors[stmt.Name.Name] = r
	return done(stmt.Tag()), nil
}

func (s *Session) fetch(ctx context.Context, stmt *sql.FetchStmt) (wire.Result, error) {
	cursor := s.cursors[stmt.Cursor.Name]
	if cursor == nil {
		return nil, fail("34000", "cursor %q does not exist", stmt.Cursor.Name)
	}
	return &fetched{Result: cursor, left: stmt.Count}, nil
}

// fetched is a piece of a cursor's rows.
type fetched struct {
	wire.Result
	left, count int64 // left is negative for all
}

func (f *fetched) Next(ctx context.Context) ([]any, error) {
	if f.left == 0 {
		return nil, io.EOF
	}
	row, err := f.Result.Next(ctx)
	if errors.Is(err, io.EOF) {
		f.left = 0
		return nil, err
	}
	if err == nil {
		f.left--
		f.count++
	}
	return row, err
}

func (f *fetched) Tag() string  { return fmt.Sprintf("FETCH %d", f.count) }
func (f *fetched) Close() error { return nil } // the cursor stays

func (s *Session) closeCursor(stmt *sql.CloseStmt) (wire.Result, error) {
	if stmt.All {
		s.closeCursors()
		return done(stmt.Tag()), nil
	}
	if s.cursors[stmt.Cursor.Name] == nil {
		return nil, fail("34000", "cursor %q does not exist", stmt.Cursor.Name)
	}
	s.cursors[stmt.Cursor.Name].Close()
	delete(s.cursors, stmt.Cursor.Name)
	return done(stmt.Tag()), nil
}

func (s *Session) closeCursors() {
	for name, r := range s.cursors {
		r.Close()
		delete(s.cursors, name)
	}
}
