package warehouse

import (
	"context"
	"fmt"
	"strings"

	"tarn/internal/engine"
	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/wire"
)

// appendTable runs ALTER TABLE APPEND: the rows of one table move to the end of another, whose columns
// of the same names take them. It is a transaction of its own.
func (s *Session) appendTable(ctx context.Context, name sql.QName, a sql.AlterAppend) (wire.Result, error) {
	if err := s.outside("ALTER TABLE APPEND"); err != nil {
		return nil, err
	}
	return s.within(ctx, s.writes(name, a.From), func() (wire.Result, error) {
		cat := s.catalog(ctx)
		to, err := cat.table(name)
		if err != nil {
			return nil, err
		}
		from, err := cat.table(a.From)
		if err != nil {
			return nil, err
		}
		for _, r := range []*relation{to, from} {
			if r.Temp {
				return nil, fail("0A000", "ALTER TABLE APPEND takes permanent tables, and %q is temporary", r.Name)
			}
			if !s.subject().owns(r.Owner) {
				return nil, fail("42501", "must be owner of relation %s", r.Name)
			}
		}
		switch {
		case to.OID == from.OID:
			return nil, fail("0A000", "cannot append table %q to itself", to.Name)
		case to.Database != from.Database:
			return nil, unsupported("ALTER TABLE APPEND takes tables of one database")
		}
		if err := appendable(to, from, a); err != nil {
			return nil, err
		}
		cat.explicit = true
		insert := &sql.InsertStmt{Table: name}
		rows := &sql.Select{From: []sql.TableExpr{&sql.TableRef{Name: a.From}}}
		for _, c := range to.Columns {
			if from.column(c.Name) == nil {
				continue
			}
			insert.Columns = append(insert.Columns, sql.Ident{Name: c.Name})
			rows.Items = append(rows.Items, sql.SelectItem{X: &sql.ColumnRef{Name: sql.QName{{Name: c.Name}}}})
		}
		insert.Query = &sql.Query{Body: rows}
		plan, err := s.planIn(ctx, cat, insert, nil)
		if err != nil {
			return nil, err
		}
		n, err := s.change(ctx, plan, cat, nil)
		if err != nil {
			return nil, err
		}
		s.tx.tables[from.OID] = true
		if _, err := s.engine.Exec(ctx, "DELETE FROM "+from.physical()); err != nil {
			return nil, err
		}
		s.client.Notice(&wire.Error{Severity: "INFO", Code: "00000", Message: fmt.Sprintf("ALTER TABLE APPEND %q from %q is complete.", to.Name, from.Name)})
		return counted{done("ALTER TABLE"), n}, nil
	})
}

// appendable says why the rows of one table can't move to another.
func appendable(to, from *relation, a sql.AlterAppend) error {
	var extra, missing []string
	for _, c := range from.Columns {
		t := to.column(c.Name)
		switch {
		case t == nil:
			extra = append(extra, engine.QuoteIdent(c.Name))
		case t.Type != c.Type:
			return fail("42804", "column %q is %s in %q and %s in %q: ALTER TABLE APPEND needs the same type", c.Name, formatType(c.Type), from.Name, formatType(t.Type), to.Name)
		case (t.Identity == nil) != (c.Identity == nil) || t.Identity != nil && *t.Identity != *c.Identity:
			return fail("0A000", "column %q is an identity in one of the tables alone", c.Name)
		}
	}
	for _, c := range to.Columns {
		if from.column(c.Name) == nil {
			missing = append(missing, engine.QuoteIdent(c.Name))
			if c.Identity != nil {
				return fail("0A000", "identity column %q is not in table %q", c.Name, from.Name)
			}
		}
	}
	if len(extra) > 0 && !a.IgnoreExtra {
		e := fail("42804", "table %q has columns that %q lacks: %s", from.Name, to.Name, strings.Join(extra, ", "))
		e.Hint = "IGNOREEXTRA leaves them out"
		return e
	}
	if len(missing) > 0 && !a.FillTarget {
		e := fail("42804", "table %q lacks columns of %q: %s", from.Name, to.Name, strings.Join(missing, ", "))
		e.Hint = "FILLTARGET fills them with their default, or NULL"
		return e
	}
	return nil
}
