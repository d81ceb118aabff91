package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tarn/internal/engine"
	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/wire"
)

// createView stores a view: its text, the columns it has now, and what it depends on. A late-binding
// view is its text alone. A materialized view is a table with a query.
func (s *Session) createView(ctx context.Context, stmt *sql.CreateViewStmt) (wire.Result, error) {
	return s.within(ctx, s.tableTarget(stmt.Name, false), func() (wire.Result, error) {
		cat := s.catalog(ctx)
		p, err := cat.place(stmt.Name, false)
		if err != nil {
			return nil, err
		}
		if p.temp {
			return nil, fail("42602", "a view's name can't start with #")
		}
		definition := strings.TrimSpace(strings.TrimRight(strings.TrimSpace(stmt.QueryText), ";"))
		var plan *sql.Plan
		var direct map[int64]bool
		if !stmt.NoBinding {
			if plan, err = s.planIn(ctx, cat, stmt, nil); err != nil {
				return nil, err
			}
			direct = cat.direct
			for _, use := range plan.Reads {
				if t, ok := use.Table.Ref.(*relation); ok && t.Temp {
					return nil, unsupported("a view can't read temporary table %q", t.Name)
				}
				if _, ok := use.Table.Ref.(*externalTable); ok && !stmt.Materialized {
					e := fail("0A000", "a view over external table %q must be created WITH NO SCHEMA BINDING", use.Table.Path[len(use.Table.Path)-1])
					return nil, e
				}
			}
		} else if len(stmt.Columns) > 0 {
			// The names must survive without stored columns.
			names := make([]string, len(stmt.Columns))
			for i, id := range stmt.Columns {
				names[i] = engine.QuoteIdent(id.Name)
			}
			definition = fmt.Sprintf("SELECT * FROM (%s) AS v(%s)", definition, strings.Join(names, ", "))
		}
		old, err := cat.taken(p)
		if err != nil {
			return nil, err
		}
		st := store{s.engine, p.database}
		var r *relation
		switch {
		case old == nil:
			r = s.newRelation(p, "v")
		case !stmt.OrReplace:
			return nil, exists(p)
		case old.Kind != "v" || old.Materialized:
			return nil, fail("42809", "%q is not a view", old.Name)
		case !s.subject().owns(old.Owner):
			return nil, fail("42501", "must be owner of relation %s", old.Name)
		default:
			r = old
			if err := sameColumns(old, plan); err != nil {
				return nil, err
			}
			if err := st.dropRelation(ctx, old.OID); err != nil {
				return nil, err
			}
		}
		r.Definition, r.Late, r.Materialized, r.Path = definition, stmt.NoBinding, stmt.Materialized, strings.Join(cat.path, ",")
		r.Columns = nil
		if plan != nil {
			for i, c := range plan.Columns {
				r.Columns = append(r.Columns, column{Num: i + 1, Name: c.Name, Type: storable(c.Type), Encode: "none"})
			}
		}
		if stmt.Materialized {
			if err := applyAttrs(r, stmt.Attrs); err != nil {
				return nil, err
			}
			setEncodings(r)
			if err := s.makeTable(ctx, r); err != nil {
				return nil, err
			}
			if _, err := s.fill(ctx, r, plan, cat, nil); err != nil {
				return nil, err
			}
		} else if err := st.putRelation(ctx, r); err != nil {
			return nil, err
		}
		for oid := range direct {
			if _, err := st.exec(ctx, "INSERT INTO {db}._tarn.depend VALUES (?, ?)", r.OID, oid); err != nil {
				return nil, err
			}
		}
		return done(stmt.Tag()), nil
	})
}

// sameColumns holds OR REPLACE to the columns that a bound view has, since others may use them.
func sameColumns(old *relation, plan *sql.Plan) error {
	if plan == nil || old.Late {
		return nil
	}
	if len(plan.Columns) < len(old.Columns) {
		return fail("42P16", "cannot drop columns from view")
	}
	for i, c := range old.Columns {
		n := plan.Columns[i]
		if n.Name != c.Name {
			return fail("42P16", "cannot change name of view column %q", c.Name)
		}
		if storable(n.Type) != c.Type {
			return fail("42P16", "cannot change data type of view column %q from %s to %s", c.Name, c.Type, storable(n.Type))
		}
	}
	return nil
}

// refreshView computes a materialized view again.
func (s *Session) refreshView(ctx context.Context, stmt *sql.RefreshViewStmt) (wire.Result, error) {
	return s.within(ctx, s.writes(stmt.Name), func() (wire.Result, error) {
		cat := s.catalog(ctx)
		r, err := cat.relation(stmt.Name)
		if err != nil {
			return nil, err
		}
		if r == nil {
			return nil, fail("42P01", "Materialized view %q does not exist", stmt.Name.String())
		}
		if !r.Materialized {
			return nil, fail("42809", "%q is not a materialized view", r.Name)
		}
		if !s.subject().owns(r.Owner) {
			return nil, fail("42501", "must be owner of relation %s", r.Name)
		}
		q, err := parseQuery(r.Definition)
		if err != nil {
			return nil, err
		}
		inner := *cat
		inner.path = strings.Split(r.Path, ",")
		env := s.environment(ctx, &inner, nil)
		plan, err := sql.AnalyzeQuery(q, &inner, &env)
		if err != nil {
			return nil, err
		}
		if err := inner.allow(plan); err != nil {
			return nil, err
		}
		if !slices.EqualFunc(plan.Columns, r.Columns, func(a sql.ResultColumn, b column) bool { return storable(a.Type) == b.Type }) {
			return nil, fail("42P16", "the tables of materialized view %q have changed: drop and create it", r.Name)
		}
		if _, err := s.engine.Exec(ctx, "DELETE FROM "+r.physical()); err != nil {
			return nil, err
		}
		s.tx.tables[r.OID] = true
		if _, err := s.fill(ctx, r, plan, &inner, nil); err != nil {
			return nil, err
		}
		s.client.Notice(&wire.Error{Severity: "INFO", Code: "00000", Message: fmt.Sprintf("Materialized view %s was recomputed successfully.", r.Name)})
		return done(stmt.Tag()), nil
	})
}
