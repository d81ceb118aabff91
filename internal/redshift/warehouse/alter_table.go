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

// alterTable runs one action of ALTER TABLE, which also renames views and changes their owners.
func (s *Session) alterTable(ctx context.Context, stmt *sql.AlterTableStmt) (wire.Result, error) {
	names := []sql.QName{stmt.Table}
	switch a := stmt.Action.(type) {
	case sql.AlterRename:
		names = append(names, append(slices.Clone(stmt.Table[:len(stmt.Table)-1]), a.To))
	case sql.AlterAppend:
		return s.appendTable(ctx, stmt.Table, a)
	case sql.AlterColumnType, sql.AlterColumnEncode, sql.AlterEncodeAuto, sql.AlterDistStyle, sql.AlterSortKey:
		if s.tx.status == 'T' {
			return nil, fail("25001", "ALTER TABLE ALTER COLUMN, DISTKEY, SORTKEY or ENCODE cannot run inside a transaction block")
		}
	}
	return s.within(ctx, s.reshapes(names...), func() (wire.Result, error) {
		cat := s.catalog(ctx)
		r, err := cat.relation(stmt.Table)
		if err != nil {
			return nil, err
		}
		if r == nil {
			return nil, fail("42P01", "relation %q does not exist", stmt.Table.String())
		}
		if !s.subject().owns(r.Owner) && !r.Temp {
			return nil, fail("42501", "must be owner of relation %s", r.Name)
		}
		switch stmt.Action.(type) {
		case sql.AlterRename, sql.AlterOwner:
		default:
			if r.Kind != "r" {
				return nil, fail("42809", "%q is not a table", r.Name)
			}
		}
		changed := *r
		changed.Columns = slices.Clone(r.Columns)
		if err := s.alter(ctx, cat, &changed, stmt.Action); err != nil {
			return nil, err
		}
		if changed.Temp {
			delete(s.temp, r.Name)
			s.temp[changed.Name] = &changed
			return done(stmt.Tag()), nil
		}
		return done(stmt.Tag()), store{s.engine, r.Database}.putRelation(ctx, &changed)
	})
}

func (s *Session) alter(ctx context.Context, cat *catalog, r *relation, action sql.AlterAction) error {
	exec := func(format string, args ...any) error {
		_, err := s.engine.Exec(ctx, "ALTER TABLE "+r.physical()+" "+fmt.Sprintf(format, args...))
		return err
	}
	st := store{s.engine, r.Database}
	missing := func(name string) error { return fail("42703", "column %q of relation %q does not exist", name, r.Name) }
	switch a := action.(type) {
	case sql.AlterAddColumn:
		c, err := s.newColumn(r, a.Column)
		if err != nil {
			return err
		}
		if c.Identity != nil {
			return unsupported("an identity column can only be made with its table")
		}
		if c.NotNull && c.Default == "" {
			return fail("42601", "ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression")
		}
		r.Columns = append(r.Columns, c)
		setEncodings(r)
		preset := ""
		if a.Column.Default != nil {
			env := s.environment(ctx, cat, nil)
			plan, err := sql.AnalyzeExpr(a.Column.Default, c.Type, &env)
			if err != nil {
				return err
			}
			text, err := plan.SQL(nil)
			if err != nil {
				return err
			}
			preset = " DEFAULT (" + strings.TrimPrefix(text, "SELECT ") + ")"
		}
		if err := exec("ADD COLUMN %s %s%s", engine.QuoteIdent(c.Name), c.Type.DuckDB(), preset); err != nil {
			return err
		}
		if preset != "" {
			// New rows get the default from the statement that inserts them.
			if err := exec("ALTER COLUMN %s DROP DEFAULT", engine.QuoteIdent(c.Name)); err != nil {
				return err
			}
		}
		if c.NotNull {
			return exec("ALTER COLUMN %s SET NOT NULL", engine.QuoteIdent(c.Name))
		}
		return nil
	case sql.AlterDropColumn:
		c := r.column(a.Name.Name)
		if c == nil {
			return missing(a.Name.Name)
		}
		if c.DistKey || c.SortKey != 0 {
			return fail("0A000", "cannot drop %s column %q", map[bool]string{true: "distkey", false: "sortkey"}[c.DistKey], c.Name)
		}
		if len(r.Columns) == 1 {
			return fail("0A000", "cannot drop the only column %q", c.Name)
		}
		if !r.Temp {
			views, err := st.dependents(ctx, r.OID)
			if err != nil {
				return err
			}
			if len(views) > 0 && !a.Cascade {
				return depended("column "+c.Name+" of table "+r.Name, "view", views)
			}
			for _, v := range views {
				if err := s.dropRelation(ctx, v, true); err != nil {
					return err
				}
			}
		}
		name := c.Name
		r.Columns = slices.DeleteFunc(r.Columns, func(c column) bool { return c.Name == name })
		return exec("DROP COLUMN %s", engine.QuoteIdent(name))
	case sql.AlterRename:
		p := place{database: r.Database, schema: namespace{Name: r.Schema}, name: a.To.Name, temp: r.Temp}
		there, err := cat.taken(p)
		if err != nil {
			return err
		}
		if there != nil {
			return exists(p)
		}
		r.Name = a.To.Name
		return nil
	case sql.AlterRenameColumn:
		c := r.column(a.From.Name)
		if c == nil {
			return missing(a.From.Name)
		}
		if r.column(a.To.Name) != nil {
			return fail("42701", "column %q of relation %q already exists", a.To.Name, r.Name)
		}
		c.Name = a.To.Name
		return exec("RENAME COLUMN %s TO %s", engine.QuoteIdent(a.From.Name), engine.QuoteIdent(a.To.Name))
	case sql.AlterOwner:
		if err := s.userExists(ctx, a.To.Name); err != nil {
			return err
		}
		if !s.user.Super {
			return fail("42501", "must be superuser to change the owner of a relation")
		}
		r.Owner = a.To.Name
		return nil
	case sql.AlterAddConstraint:
		k, err := cat.constraint(r, a.Constraint)
		if err != nil {
			return err
		}
		if k.Kind == "p" {
			for _, c := range r.Columns {
				if slices.Contains(k.Columns, c.Num) {
					if err := exec("ALTER COLUMN %s SET NOT NULL", engine.QuoteIdent(c.Name)); err != nil {
						return err
					}
				}
			}
		}
		return s.addConstraints(ctx, r, []constraint{k})
	case sql.AlterDropConstraint:
		n, err := st.exec(ctx, "DELETE FROM {db}._tarn.constr WHERE rel = ? AND name = ?", r.OID, a.Name.Name)
		if err == nil && n == 0 {
			return fail("42704", "constraint %q of relation %q does not exist", a.Name.Name, r.Name)
		}
		return err
	case sql.AlterColumnType:
		c := r.column(a.Name.Name)
		if c == nil {
			return missing(a.Name.Name)
		}
		if c.Type.Kind != sql.KVarchar || a.Type.Kind != sql.KVarchar {
			return unsupported("only the length of a VARCHAR column can be altered")
		}
		var longest int64
		if err := s.engine.QueryRow(ctx, fmt.Sprintf("SELECT coalesce(max(strlen(%s)), 0) FROM %s", engine.QuoteIdent(c.Name), r.physical()), nil, &longest); err != nil {
			return err
		}
		if longest > int64(a.Type.Len) {
			return fail("22001", "target column size %d must be at least the size of the longest value, %d", a.Type.Len, longest)
		}
		c.Type = a.Type
		return nil
	case sql.AlterColumnEncode:
		for i, id := range a.Names {
			c := r.column(id.Name)
			if c == nil {
				return missing(id.Name)
			}
			c.Encode = a.Encodes[i]
		}
		return nil
	case sql.AlterEncodeAuto:
		for i := range r.Columns {
			r.Columns[i].Encode = ""
		}
		setEncodings(r)
		return nil
	case sql.AlterDistStyle:
		style := a.Style
		if a.Key != nil {
			style = "key"
		}
		r.DistStyle = style
		return applyAttrs(r, sql.TableAttrs{DistStyle: style, DistKey: a.Key})
	case sql.AlterSortKey:
		style := a.Style
		if style == "" && len(a.Columns) > 0 {
			style = "compound"
		}
		if len(a.Columns) == 0 {
			for i := range r.Columns {
				r.Columns[i].SortKey = 0
			}
		}
		return applyAttrs(r, sql.TableAttrs{SortStyle: style, SortKey: a.Columns})
	}
	return unsupported("this form of ALTER TABLE is not supported yet")
}
