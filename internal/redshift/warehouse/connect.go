package warehouse

import (
	"context"
	"errors"
	"reflect"
	"strings"

	"tarn/internal/meta"
	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/wire"
)

// Connect opens a session for work inside the process, such as the Data API's. user is a database
// user; the caller has made sure that it may act for that user.
func (w *Warehouse) Connect(ctx context.Context, user, database string) (*Session, error) {
	return w.open(ctx, wire.Startup{User: user, Database: database, PID: w.pids.Add(1)}, nil)
}

// PID is the session's number among processes.
func (s *Session) PID() uint32 { return s.start.PID }

// NamedParameter is a value for :name in a statement.
type NamedParameter struct{ Name, Value string }

// Execute runs one statement, whose :names have values.
func (s *Session) Execute(ctx context.Context, text string, named []NamedParameter) (wire.Result, error) {
	stmt, names, err := s.parseNamed(text)
	if err != nil {
		s.fail(ctx)
		return nil, s.explain(err, text)
	}
	if stmt == nil {
		return done(""), nil
	}
	args := &arguments{}
	for _, name := range names {
		found := false
		for _, p := range named {
			if p.Name == name {
				args.values = append(args.values, p.Value)
				args.types = append(args.types, sql.Unknown)
				found = true
				break
			}
		}
		if !found {
			s.fail(ctx)
			return nil, fail("42P02", "there is no value for parameter :%s", name)
		}
	}
	r, err := s.Run(ctx, stmt, text, args)
	if err != nil {
		s.fail(ctx)
	}
	return r, err
}

// Begin, Commit and Rollback make one transaction of several calls of Execute.
func (s *Session) Begin(ctx context.Context) error {
	_, err := s.block(ctx, false)
	return s.explain(err, "")
}

// Commit ends the transaction that Begin opened.
func (s *Session) Commit(ctx context.Context) error {
	_, err := s.commitBlock(ctx)
	return s.explain(err, "")
}

// Rollback undoes it.
func (s *Session) Rollback(ctx context.Context) error {
	_, err := s.rollbackBlock(ctx)
	return s.explain(err, "")
}

func (s *Session) parseNamed(text string) (sql.Statement, []string, error) {
	stmts, err := sql.ParseWith(text, sql.Options{CaseSensitive: s.settings.on("enable_case_sensitive_identifier"), NamedParameters: true})
	switch {
	case err != nil || len(stmts) == 0:
		return nil, nil, err
	case len(stmts) > 1:
		e := fail("42601", "cannot insert multiple commands into a prepared statement")
		e.Hint = "send one statement, or several as a batch"
		return nil, nil, e
	}
	return stmts[0], namesIn(stmts[0]), nil
}

// ParameterNames are the :names in a text, in the order in which they are met first. A text that
// can't be parsed has an error, which running it would give too.
func ParameterNames(text string) ([]string, error) {
	stmts, err := sql.ParseWith(text, sql.Options{NamedParameters: true})
	if err != nil {
		return nil, wireError(err)
	}
	var out []string
	for _, stmt := range stmts {
		out = append(out, namesIn(stmt)...)
	}
	return out, nil
}

// namesIn collects the names of a statement's parameters by their numbers.
func namesIn(stmt sql.Statement) []string {
	byNumber := map[int]string{}
	seen := map[uintptr]bool{}
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if v.IsNil() || seen[v.Pointer()] {
				return
			}
			seen[v.Pointer()] = true
			if p, ok := v.Interface().(*sql.Param); ok {
				byNumber[p.N] = p.Name
				return
			}
			walk(v.Elem())
		case reflect.Interface:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Struct:
			for i := range v.NumField() {
				if v.Type().Field(i).IsExported() {
					walk(v.Field(i))
				}
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		}
	}
	walk(reflect.ValueOf(stmt))
	var out []string
	for i := 1; i <= len(byNumber); i++ {
		out = append(out, strings.ToLower(byNumber[i]))
	}
	return out
}

// EnsureUser makes a plain user without a password where there is none of that name.
func (w *Warehouse) EnsureUser(ctx context.Context, name string) error {
	return w.meta.Update(ctx, func(tx meta.Tx) error {
		var u user
		err := tx.Get(kindUser, meta.Key{name}, &u)
		if errors.Is(err, meta.ErrNotFound) {
			u = user{Name: name, Created: w.now()}
			return w.insertUser(tx, &u)
		}
		return err
	})
}

// HasUser says whether there is a user of that name.
func (w *Warehouse) HasUser(ctx context.Context, name string) (bool, error) {
	users, err := w.users(ctx)
	for _, u := range users {
		if u.Name == name {
			return true, nil
		}
	}
	return false, err
}

// NamespaceID identifies the cluster.
func (w *Warehouse) NamespaceID() string { return w.namespaceID() }
