package warehouse

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/wire"
)

// drop runs DROP of anything.
func (s *Session) drop(ctx context.Context, stmt *sql.DropStmt) (wire.Result, error) {
	switch stmt.Kind {
	case "table", "view", "materialized view":
		return s.dropRelations(ctx, stmt)
	case "schema":
		return s.dropSchemas(ctx, stmt)
	case "user":
		return s.dropUsers(ctx, stmt)
	case "group":
		return s.dropGroups(ctx, stmt)
	case "database":
		if err := s.outside("DROP DATABASE"); err != nil {
			return nil, err
		}
		name := stmt.Names[0].Last()
		if name == defaultDatabase {
			return nil, fail("55006", "database %q can't be dropped: it is the cluster's first", name)
		}
		if err := s.ownsDatabase(ctx, name); err != nil {
			return nil, err
		}
		return done(stmt.Tag()), s.w.dropDatabase(ctx, name)
	}
	return nil, unsupported("%s is not supported yet", stmt.Tag())
}

func (s *Session) dropRelations(ctx context.Context, stmt *sql.DropStmt) (wire.Result, error) {
	return s.within(ctx, s.reshapes(stmt.Names...), func() (wire.Result, error) {
		for _, name := range stmt.Names {
			cat := s.catalog(ctx)
			r, err := cat.relation(name)
			if e, ok := errors.AsType[*sql.Error](err); ok && e.Code == "3F000" && stmt.IfExists {
				r, err = nil, nil
			}
			if err != nil {
				return nil, err
			}
			kind := "table"
			if r != nil && r.Kind == "v" {
				kind = "view"
				if r.Materialized {
					kind = "materialized view"
				}
			}
			switch {
			case r == nil && stmt.IfExists:
				s.client.Notice(&wire.Error{Severity: "INFO", Code: "00000",
					Message: fmt.Sprintf("%s %q does not exist and will be skipped", strings.ToUpper(stmt.Kind[:1])+stmt.Kind[1:], name.String())})
				continue
			case r == nil:
				return nil, fail("42P01", "%s %q does not exist", strings.ToUpper(stmt.Kind[:1])+stmt.Kind[1:], name.String())
			case kind != stmt.Kind:
				e := fail("42809", "%q is not a %s", r.Name, stmt.Kind)
				e.Hint = "Use DROP " + strings.ToUpper(kind) + " to remove it."
				return nil, e
			}
			if !r.Temp && !s.subject().owns(r.Owner) && !s.subject().may(r.Owner, r.ACL, "D") {
				return nil, fail("42501", "must be owner of relation %s", r.Name)
			}
			if err := s.dropRelation(ctx, r, stmt.Cascade); err != nil {
				return nil, err
			}
		}
		return done(stmt.Tag()), nil
	})
}

// dropRelation removes a relation, and the bound views over it where cascade says so.
func (s *Session) dropRelation(ctx context.Context, r *relation, cascade bool) error {
	if r.Temp {
		if _, err := s.engine.Exec(ctx, "DROP TABLE "+r.physical()); err != nil {
			return err
		}
		for _, c := range r.Columns {
			if c.Identity != nil {
				if _, err := s.engine.Exec(ctx, "DROP SEQUENCE "+r.sequence(c.Num)); err != nil {
					return err
				}
			}
		}
		delete(s.temp, r.Name)
		return nil
	}
	st := store{s.engine, r.Database}
	views, err := st.dependents(ctx, r.OID)
	if err != nil {
		return err
	}
	if len(views) > 0 && !cascade {
		kind := "table"
		if r.Kind == "v" {
			kind = "view"
		}
		return depended(kind+" "+r.Name, "view", views)
	}
	for _, v := range views {
		// A view over another of the list may be gone already.
		there, err := st.relationByOID(ctx, v.OID)
		if err != nil {
			return err
		}
		if there == nil {
			continue
		}
		if err := s.dropRelation(ctx, there, true); err != nil {
			return err
		}
	}
	if r.Kind == "r" || r.Materialized {
		if _, err := s.engine.Exec(ctx, "DROP TABLE "+r.physical()); err != nil {
			return err
		}
		for _, c := range r.Columns {
			if c.Identity != nil {
				if _, err := s.engine.Exec(ctx, "DROP SEQUENCE "+r.sequence(c.Num)); err != nil {
					return err
				}
			}
		}
	}
	s.tx.tables[r.OID] = true
	return st.dropRelation(ctx, r.OID)
}

// depended says what stands in the way of a removal.
func depended(what, kind string, by []*relation) error {
	e := fail("2BP01", "cannot drop %s because other objects depend on it", what)
	var lines []string
	for _, v := range by {
		lines = append(lines, fmt.Sprintf("%s %s depends on %s", kind, v.full(), what))
	}
	e.Detail = strings.Join(lines, "\n")
	e.Hint = "Use DROP ... CASCADE to drop the dependent objects too."
	return e
}

// truncate runs TRUNCATE, which ends the open transaction and can't be undone.
func (s *Session) truncate(ctx context.Context, stmt *sql.TruncateStmt) (wire.Result, error) {
	r, err := s.within(ctx, s.writes(stmt.Table), func() (wire.Result, error) {
		r, err := s.catalog(ctx).table(stmt.Table)
		if err != nil {
			return nil, err
		}
		if !r.Temp && !s.subject().owns(r.Owner) && !s.subject().may(r.Owner, r.ACL, "P") {
			return nil, fail("42501", "must be owner of relation %s", r.Name)
		}
		s.tx.tables[r.OID] = true
		_, err = s.engine.Exec(ctx, "DELETE FROM "+r.physical())
		return done(stmt.Tag()), err
	})
	if err == nil && s.tx.open && !s.tx.implicit {
		err = s.commit(ctx)
	}
	return r, err
}
