package warehouse

import (
	"context"
	"fmt"
	"strings"

	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/wire"
)

// dispatch runs a statement.
func (s *Session) dispatch(ctx context.Context, stmt sql.Statement, text string, args *arguments) (wire.Result, error) {
	switch stmt := stmt.(type) {
	case *sql.SelectStmt:
		if stmt.Into != nil {
			return s.createTableAs(ctx, &sql.CreateTableAsStmt{Span: stmt.Span, Name: stmt.Into.Name, Temp: stmt.Into.Temp, Query: stmt.Query}, args)
		}
		return s.read(ctx, stmt, args)
	case *sql.InsertStmt:
		return s.write(ctx, stmt, stmt.Table, args, func(n int64) string { return fmt.Sprintf("INSERT 0 %d", n) })
	case *sql.UpdateStmt:
		return s.write(ctx, stmt, stmt.Table, args, func(n int64) string { return fmt.Sprintf("UPDATE %d", n) })
	case *sql.DeleteStmt:
		return s.write(ctx, stmt, stmt.Table, args, func(n int64) string { return fmt.Sprintf("DELETE %d", n) })
	case *sql.MergeStmt:
		return s.merge(ctx, stmt, args)
	case *sql.CopyStmt:
		return s.copy(ctx, stmt)
	case *sql.UnloadStmt:
		return s.unload(ctx, stmt)

	case *sql.BeginStmt:
		return s.block(ctx, stmt.ReadOnly)
	case *sql.CommitStmt:
		return s.commitBlock(ctx)
	case *sql.RollbackStmt:
		return s.rollbackBlock(ctx)
	case *sql.LockStmt:
		return s.lock(ctx, stmt)

	case *sql.SetStmt:
		return s.setStatement(ctx, stmt)
	case *sql.ResetStmt:
		return s.resetStatement(ctx, stmt)
	case *sql.ShowSettingStmt:
		return s.showSetting(stmt)
	case *sql.ShowStmt:
		return s.show(ctx, stmt, args)
	case *sql.UseStmt:
		return s.use(ctx, stmt)

	case *sql.CreateTableStmt:
		return s.createTable(ctx, stmt)
	case *sql.CreateTableAsStmt:
		return s.createTableAs(ctx, stmt, args)
	case *sql.AlterTableStmt:
		return s.alterTable(ctx, stmt)
	case *sql.CreateViewStmt:
		return s.createView(ctx, stmt)
	case *sql.RefreshViewStmt:
		return s.refreshView(ctx, stmt)
	case *sql.CreateSchemaStmt:
		return s.createSchema(ctx, stmt)
	case *sql.CreateExternalSchemaStmt:
		return s.createExternalSchema(ctx, stmt)
	case *sql.AlterSchemaStmt:
		return s.alterSchema(ctx, stmt)
	case *sql.DropStmt:
		return s.drop(ctx, stmt)
	case *sql.TruncateStmt:
		return s.truncate(ctx, stmt)
	case *sql.CommentStmt:
		return s.comment(ctx, stmt)
	case *sql.CreateDatabaseStmt:
		return s.createDatabase(ctx, stmt)

	case *sql.GrantStmt:
		return s.grant(ctx, stmt)
	case *sql.CreateUserStmt:
		return s.createUser(ctx, stmt)
	case *sql.AlterUserStmt:
		return s.alterUser(ctx, stmt)
	case *sql.GroupStmt:
		return s.group(ctx, stmt)

	case *sql.PrepareStmt:
		return s.prepareNamed(stmt)
	case *sql.ExecuteStmt:
		return s.executeNamed(ctx, stmt, text)
	case *sql.DeallocateStmt:
		return s.deallocate(stmt)
	case *sql.DeclareCursorStmt:
		return s.declare(ctx, stmt, args)
	case *sql.FetchStmt:
		return s.fetch(ctx, stmt)
	case *sql.CloseStmt:
		return s.closeCursor(stmt)

	case *sql.ExplainStmt:
		return s.explainStatement(ctx, stmt, args)
	case *sql.AnalyzeStmt:
		return s.analyze(ctx, stmt)
	case *sql.VacuumStmt:
		return s.vacuum(ctx, stmt)
	case *sql.CancelStmt:
		return s.cancel(stmt)
	}
	return nil, unsupported("%s is not supported yet", stmt.Tag())
}

// plan analyzes a statement and checks that the user may run it.
func (s *Session) plan(ctx context.Context, stmt sql.Statement, args *arguments) (*sql.Plan, *catalog, error) {
	cat := s.catalog(ctx)
	p, err := s.planIn(ctx, cat, stmt, args)
	return p, cat, err
}

func (s *Session) planIn(ctx context.Context, cat *catalog, stmt sql.Statement, args *arguments) (*sql.Plan, error) {
	standIns(stmt)
	env := s.environment(ctx, cat, args.declared())
	env.ParamBlanks = args.blanks()
	p, err := sql.Analyze(stmt, cat, &env)
	if err != nil {
		return nil, err
	}
	return p, cat.allow(p)
}

// read runs a query.
func (s *Session) read(ctx context.Context, stmt sql.Statement, args *arguments) (wire.Result, error) {
	return s.within(ctx, target{}, func() (wire.Result, error) {
		plan, cat, err := s.plan(ctx, stmt, args)
		if err != nil {
			return nil, err
		}
		return s.run(ctx, plan, cat, args)
	})
}

// run runs a query's plan in the session's transaction. All its rows are there when it returns.
func (s *Session) run(ctx context.Context, plan *sql.Plan, cat *catalog, args *arguments) (wire.Result, error) {
	scan := cat.scan()
	defer scan.release()
	values, err := args.bind(plan.Params)
	if err != nil {
		return nil, err
	}
	text, err := scan.print(plan, values...)
	if err != nil {
		return nil, err
	}
	for _, c := range plan.Settings {
		if strings.EqualFold(c.Name, "session_authorization") {
			e := fail("0A000", "set_config can't change session_authorization")
			e.Hint = "use SET SESSION AUTHORIZATION"
			return nil, e
		}
		if err := s.set(ctx, c.Name, &c.Value, c.Local); err != nil {
			return nil, err
		}
	}
	got, err := s.engine.Query(ctx, text, values...)
	if err != nil {
		return nil, scan.explain(err)
	}
	out := &rows{columns: s.columns(plan.Columns), rows: got, out: make([]any, len(plan.Columns)),
		tag: func(int64) string { return "SELECT" }, end: func(_ int64, err error) error { return err }}
	for _, c := range plan.Columns {
		out.types = append(out.types, c.Type)
	}
	return out, nil
}

// columns describes a query's columns to clients.
func (s *Session) columns(list []sql.ResultColumn) []wire.Column {
	out := make([]wire.Column, len(list))
	upper := s.settings.on("describe_field_name_in_uppercase")
	for i, c := range list {
		oid := c.Type.OID()
		if c.Type.Kind == sql.KUnknown {
			oid = wire.OIDVarchar
		}
		w := wire.Column{Name: c.Name, OID: oid, TypMod: c.Type.Typmod()}
		if upper {
			w.Name = strings.ToUpper(c.Name)
		}
		if c.Table != nil {
			w.Catalog, w.Schema, w.Source = c.Table.Path[0], c.Table.Path[1], c.Table.Path[len(c.Table.Path)-1]
			w.Base, w.NotNull = c.Source, c.NotNull
			if r, ok := c.Table.Ref.(*relation); ok {
				w.Table, w.Number = uint32(r.OID), uint16(c.Attnum)
				if col := r.column(c.Source); col != nil {
					w.Serial = col.Identity != nil
				}
			}
		}
		out[i] = w
	}
	return out
}

// counted is a command's result with the number of rows that it changed.
type counted struct {
	wire.Result
	n int64
}

func (c counted) affected() int64 { return c.n }

// Affected is how many rows a command changed, if it says so.
func Affected(r wire.Result) (int64, bool) {
	c, ok := r.(interface{ affected() int64 })
	if !ok {
		return 0, false
	}
	return c.affected(), true
}

func (r *rows) affected() int64 { return r.count }

// write runs INSERT, UPDATE or DELETE.
func (s *Session) write(ctx context.Context, stmt sql.Statement, name sql.QName, args *arguments, tag func(int64) string) (wire.Result, error) {
	return s.within(ctx, s.writes(name), func() (wire.Result, error) {
		plan, cat, err := s.plan(ctx, stmt, args)
		if err != nil {
			return nil, err
		}
		n, err := s.change(ctx, plan, cat, args)
		if err != nil {
			return nil, err
		}
		return counted{done(tag(n)), n}, nil
	})
}

// merge runs MERGE. REMOVE DUPLICATES is a DELETE and an INSERT in one transaction.
func (s *Session) merge(ctx context.Context, stmt *sql.MergeStmt, args *arguments) (wire.Result, error) {
	steps := []sql.Statement{stmt}
	if stmt.RemoveDuplicates {
		gone, come := stmt.Replace()
		steps = []sql.Statement{gone, come}
	}
	return s.within(ctx, s.writes(stmt.Table), func() (wire.Result, error) {
		var changed int64
		for _, step := range steps {
			plan, cat, err := s.plan(ctx, step, args)
			if err != nil {
				return nil, err
			}
			n, err := s.change(ctx, plan, cat, args)
			if err != nil {
				return nil, err
			}
			changed += n
		}
		return counted{done(stmt.Tag()), changed}, nil
	})
}

// change runs the plan of a change.
func (s *Session) change(ctx context.Context, plan *sql.Plan, cat *catalog, args *arguments) (int64, error) {
	r, ok := plan.Write.Table.Ref.(*relation)
	if !ok {
		return 0, unsupported("an external table can't be changed")
	}
	if r.Kind != "r" {
		return 0, fail("42809", "cannot change view %q", r.Name)
	}
	s.tx.tables[r.OID] = true
	scan := cat.scan()
	defer scan.release()
	values, err := args.bind(plan.Params)
	if err != nil {
		return 0, err
	}
	text, err := scan.print(plan, values...)
	if err != nil {
		return 0, err
	}
	if plan.Kind == sql.PlanMerge || plan.Kind == sql.PlanUpdate && s.settings.on("error_on_nondeterministic_update") {
		if err := s.guard(ctx, plan, scan, values); err != nil {
			return 0, err
		}
	}
	n, err := s.engine.Exec(ctx, text, values...)
	if err != nil || n == 0 {
		return n, scan.explain(err)
	}
	return n, s.noteBlanks(ctx, r, plan.Blanks, plan.Kind == sql.PlanInsert)
}

// guard refuses a change for which one target row has several source rows.
func (s *Session) guard(ctx context.Context, plan *sql.Plan, scan *scan, values []any) error {
	text, err := plan.GuardSQL(scan.relation)
	if err != nil || text == "" {
		return err
	}
	rows, err := s.engine.Query(ctx, text, values...)
	if err != nil {
		return scan.explain(err)
	}
	defer rows.Close()
	if rows.Next() {
		return fail("XX000", "Found multiple matches to update the same tuple.")
	}
	return rows.Err()
}

// describe says what parameters a statement has and what columns it gives.
func (s *Session) describe(ctx context.Context, stmt sql.Statement, oids []uint32) ([]uint32, []wire.Column, error) {
	switch stmt := stmt.(type) {
	case *sql.SelectStmt, *sql.InsertStmt, *sql.UpdateStmt, *sql.DeleteStmt, *sql.MergeStmt:
		if sel, ok := stmt.(*sql.SelectStmt); ok && sel.Into != nil {
			return nil, nil, nil
		}
		var params []uint32
		var columns []wire.Column
		_, err := s.within(ctx, target{}, func() (wire.Result, error) {
			types := make([]sql.Type, len(oids))
			for i, oid := range oids {
				types[i] = typeOf(oid)
			}
			if m, ok := stmt.(*sql.MergeStmt); ok && m.RemoveDuplicates {
				stmt, _ = m.Replace() // both halves have the same parameters: those of the condition and the source
			}
			plan, _, err := s.plan(ctx, stmt, &arguments{types: types})
			if err != nil {
				return nil, err
			}
			for i, t := range plan.Params {
				oid := t.OID()
				if i < len(oids) && oids[i] != 0 && oids[i] != wire.OIDUnknown {
					oid = oids[i]
				} else if t.Kind == sql.KUnknown {
					oid = wire.OIDVarchar
				}
				params = append(params, oid)
			}
			if plan.Kind == sql.PlanQuery {
				columns = s.columns(plan.Columns)
			}
			return nil, nil
		})
		return params, columns, err
	case *sql.ShowStmt:
		params := make([]uint32, showParams(stmt))
		for i := range params {
			params[i] = wire.OIDVarchar
		}
		columns, err := s.showColumns(stmt)
		return params, columns, err
	case *sql.ShowSettingStmt:
		return nil, showSettingColumns(stmt), nil
	case *sql.ExplainStmt:
		return nil, planColumns(), nil
	case *sql.FetchStmt:
		if c := s.cursors[stmt.Cursor.Name]; c != nil {
			return nil, c.Columns(), nil
		}
		return nil, nil, fail("34000", "cursor %q does not exist", stmt.Cursor.Name)
	case *sql.ExecuteStmt:
		p := s.prepared[stmt.Name.Name]
		if p == nil {
			return nil, nil, fail("26000", "prepared statement %q does not exist", stmt.Name.Name)
		}
		_, columns, err := s.describe(ctx, p.Statement, nil)
		return nil, columns, err
	}
	return nil, nil, nil
}

// lock runs LOCK: nobody else writes the tables until the transaction ends.
func (s *Session) lock(ctx context.Context, stmt *sql.LockStmt) (wire.Result, error) {
	if len(stmt.Tables) == 0 {
		return done(stmt.Tag()), nil
	}
	return s.within(ctx, s.writes(stmt.Tables...), func() (wire.Result, error) {
		cat := s.catalog(ctx)
		for _, name := range stmt.Tables {
			r, err := cat.table(name)
			if err != nil {
				return nil, err
			}
			if u := s.subject(); !u.may(r.Owner, r.ACL, "w") && !u.may(r.Owner, r.ACL, "d") && !u.may(r.Owner, r.ACL, "a") {
				return nil, fail("42501", "permission denied for relation %s", r.Name)
			}
		}
		return done(stmt.Tag()), nil
	})
}

// planColumns describe the answer of EXPLAIN.
func planColumns() []wire.Column {
	return []wire.Column{{Name: "QUERY PLAN", OID: wire.OIDVarchar, TypMod: sql.MaxVarchar + 4}}
}

// explainStatement runs EXPLAIN with the engine's own plan, which is what will be executed.
func (s *Session) explainStatement(ctx context.Context, stmt *sql.ExplainStmt, args *arguments) (wire.Result, error) {
	return s.within(ctx, target{}, func() (wire.Result, error) {
		plan, cat, err := s.plan(ctx, stmt.Statement, args)
		if err != nil {
			return nil, err
		}
		scan := cat.scan()
		defer scan.release()
		values, err := args.bind(plan.Params)
		if err != nil {
			return nil, err
		}
		text, err := scan.print(plan, values...)
		if err != nil {
			return nil, err
		}
		got, err := s.engine.Query(ctx, "EXPLAIN "+text, values...)
		if err != nil {
			return nil, err
		}
		defer got.Close()
		var out [][]any
		for got.Next() {
			v := got.Values()
			if len(v) < 2 {
				continue
			}
			body, _ := v[1].(string)
			for line := range strings.SplitSeq(strings.TrimRight(body, "\n"), "\n") {
				out = append(out, []any{line})
			}
		}
		return wire.NewResult(planColumns(), out, "EXPLAIN"), got.Err()
	})
}

// cancel runs CANCEL.
func (s *Session) cancel(stmt *sql.CancelStmt) (wire.Result, error) {
	w := s.w
	w.mu.Lock()
	control := w.control
	var target *Session
	for other := range w.sessions {
		if int64(other.start.PID) == stmt.PID {
			target = other
		}
	}
	w.mu.Unlock()
	if target == nil || control == nil {
		return nil, fail("22023", "process %d is not running a query", stmt.PID)
	}
	if !s.user.Super && target.user.ID != s.user.ID {
		return nil, fail("42501", "must be superuser to cancel another user's query")
	}
	control.Cancel(target.start.PID)
	return done("CANCEL"), nil
}

// use runs USE.
func (s *Session) use(ctx context.Context, stmt *sql.UseStmt) (wire.Result, error) {
	if err := s.outside("USE"); err != nil {
		return nil, err
	}
	db, err := s.w.attach(ctx, stmt.Database.Name)
	if err != nil {
		return nil, err
	}
	s.w.mu.Lock()
	s.db, s.database = db, db.Name
	s.w.mu.Unlock()
	return done("USE"), nil
}
