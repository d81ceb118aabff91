package sql

import (
	"strconv"
	"strings"
)

// Analyze resolves and types a statement: SELECT, VALUES, INSERT, UPDATE, DELETE, MERGE, and the query inside CREATE TABLE AS,
// SELECT INTO, CREATE VIEW, DECLARE CURSOR, UNLOAD and EXPLAIN. Other statements have no plan and give an error with code 0A000.
func Analyze(stmt Statement, cat Catalog, ses *Session) (*Plan, error) {
	src := stmt.Source()
	switch s := stmt.(type) {
	case *UnloadStmt:
		return Analyze(s.Query, cat, ses)
	case *ExplainStmt:
		return Analyze(s.Statement, cat, ses)
	case *DeclareCursorStmt:
		return Analyze(s.Query, cat, ses)
	}
	c := newCompiler(cat, ses)
	plan := &Plan{}
	err := c.guard(func() {
		switch s := stmt.(type) {
		case *SelectStmt:
			c.queryPlan(plan, s.Query)
		case *CreateTableAsStmt:
			c.queryPlan(plan, s.Query)
			renameColumns(plan, s.Columns)
		case *CreateViewStmt:
			c.queryPlan(plan, s.Query)
			renameColumns(plan, s.Columns)
		case *InsertStmt:
			c.insert(plan, s)
		case *UpdateStmt:
			c.update(plan, s)
		case *DeleteStmt:
			c.delete(plan, s)
		case *MergeStmt:
			c.merge(plan, s)
		default:
			panic(errAt(src.Start, CodeNotSupported, "%s has no query", stmt.Tag()))
		}
	})
	if err != nil {
		return nil, locate(err, src)
	}
	c.finish(plan)
	return plan, nil
}

// AnalyzeQuery is Analyze for a query that is no statement by itself (a stored view).
func AnalyzeQuery(q *Query, cat Catalog, ses *Session) (*Plan, error) {
	c := newCompiler(cat, ses)
	plan := &Plan{}
	if err := c.guard(func() { c.queryPlan(plan, q) }); err != nil {
		return nil, err
	}
	c.finish(plan)
	return plan, nil
}

// AnalyzeExpr types a single expression without columns, such as a column's DEFAULT or EXECUTE's arguments, converted to
// the wanted type as an assignment (Unknown: left as it is). The plan selects one row of one column.
func AnalyzeExpr(e Expr, want Type, ses *Session) (*Plan, error) {
	c := newCompiler(nil, ses)
	plan := &Plan{}
	err := c.guard(func() {
		c.scope = &scope{}
		v := c.expr(e)
		if want.Kind != KUnknown {
			v = c.assign(v, want, "?column?")
		}
		v = c.settle(v)
		plan.Columns = []ResultColumn{{Name: "?column?", Type: v.typ}}
		plan.sql = "SELECT " + v.sql
	})
	if err != nil {
		return nil, err
	}
	c.finish(plan)
	return plan, nil
}

func locate(err error, src *Span) error {
	if e, ok := err.(*Error); ok && src != nil {
		e.locate(src.whole)
	}
	return err
}

// compiler turns an AST into typed DuckDB SQL. It fails by panicking with an *Error, which guard catches.
type compiler struct {
	cat    Catalog
	ses    *Session
	scope  *scope
	f      flags // of the expression being compiled
	ctes   []*cte
	tables []*TableUse
	params []Type
	via    *TableInfo
	views  int // depth of view expansion
	depth  int
	clause string // for messages: where the expression stands
	set    []SettingChange
}

func newCompiler(cat Catalog, ses *Session) *compiler {
	if ses == nil {
		ses = &Session{}
	}
	c := &compiler{cat: cat, ses: ses}
	c.params = append(c.params, ses.ParamTypes...)
	return c
}

func (c *compiler) guard(f func()) error { return (&parser{}).guard(f) }

func (c *compiler) finish(p *Plan) {
	p.tables = c.tables
	p.Settings = c.set
	for _, t := range c.tables {
		if t != p.Write {
			p.Reads = append(p.Reads, t)
		}
	}
	p.Params = c.params
	for i, t := range p.Params {
		if t.Kind == KUnknown {
			p.Params[i] = Varchar(MaxVarchar)
		}
	}
}

func renameColumns(p *Plan, names []Ident) {
	if len(names) > len(p.Columns) {
		panic(errAt(names[len(p.Columns)].Pos, CodeSyntax, "CREATE specifies too many column names"))
	}
	for i, n := range names {
		p.Columns[i].Name = n.Name
	}
	seen := map[string]bool{}
	for _, col := range p.Columns {
		if seen[col.Name] {
			panic(errAt(-1, CodeDuplicateColumn, "column \"%s\" duplicated", col.Name))
		}
		seen[col.Name] = true
	}
}

// queryPlan compiles a whole query and settles its result columns.
func (c *compiler) queryPlan(plan *Plan, q *Query) {
	out := c.query(q)
	c.settleColumns(out)
	for _, col := range out.columns() {
		rc := ResultColumn{Name: col.name, Type: col.typ, NotNull: col.notNull}
		if col.use != nil && col.use.Via == nil {
			rc.Table, rc.Source, rc.Attnum = col.use.Table, col.source, col.attnum
		}
		plan.Columns = append(plan.Columns, rc)
	}
	plan.sql = out.text()
}

// settleColumns gives untyped columns the type that they go out with.
func (c *compiler) settleColumns(out compiled) {
	for i, col := range out.columns() {
		if col.typ.Kind == KUnknown {
			n := max(col.litLen, 1)
			out.coerce(i, Varchar(min(n, MaxVarchar)))
		}
	}
}

// table makes a use of a table and returns its place in the SQL.
func (c *compiler) newUse(t *TableInfo, pos int) (*TableUse, string) {
	u := &TableUse{Table: t, Pos: pos, Via: c.via, slot: len(c.tables)}
	c.tables = append(c.tables, u)
	return u, slotMark + strconv.Itoa(u.slot) + slotMark
}

// findTable resolves a name in the catalog or raises 42P01.
func (c *compiler) findTable(name QName) *TableInfo {
	for _, id := range name {
		if id.Param > 0 {
			panic(errAt(id.Pos, CodeSyntax, "a parameter can't stand for a table's name"))
		}
	}
	var t *TableInfo
	if c.cat != nil {
		var err error
		if t, err = c.cat.Table(name.Strings()); err != nil {
			if e, ok := err.(*Error); ok {
				if e.Pos <= 0 {
					e.Pos = name.Pos()
				}
				panic(e)
			}
			panic(&Error{Code: "XX000", Message: err.Error(), Pos: name.Pos()})
		}
	}
	if t == nil {
		panic(errAt(name.Pos(), CodeUndefinedTable, "relation \"%s\" does not exist", name.String()))
	}
	return t
}

// tableRel makes the columns of a table visible under an alias.
func (c *compiler) tableRel(t *TableInfo, use *TableUse, alias string) *rel {
	r := &rel{alias: alias, path: t.Path, sql: c.freeAlias(alias)}
	for i, col := range t.Columns {
		name := col.Engine
		if name == "" {
			name = col.Name
		}
		blank := col.TrailingBlanks && col.Type.Kind == KVarchar
		r.cols = append(r.cols, &column{name: col.Name, sql: quoteIdent(r.sql) + "." + quoteIdent(name), typ: col.Type, blank: blank,
			hidden: col.Hidden, notNull: col.NotNull, rel: r, use: use, source: col.Name, attnum: i + 1})
	}
	return r
}

// targetTable resolves the table that a statement writes.
func (c *compiler) targetTable(plan *Plan, name QName) (*TableInfo, string) {
	t := c.findTable(name)
	if t.View != nil {
		panic(errAt(name.Pos(), CodeNotSupported, "cannot change view \"%s\"", name.Last()))
	}
	use, slot := c.newUse(t, name.Pos())
	plan.Write = use
	return t, slot
}

func targetColumn(t *TableInfo, id Ident) *Column {
	for i := range t.Columns {
		if t.Columns[i].Name == id.Name && !t.Columns[i].Hidden {
			return &t.Columns[i]
		}
	}
	panic(errAt(id.Pos, CodeUndefinedColumn, "column \"%s\" does not exist in %s", id.Name, t.Path[len(t.Path)-1]))
}

func engineName(col *Column) string {
	if col.Engine != "" {
		return col.Engine
	}
	return col.Name
}

// defaultValue is what a column gets that an INSERT leaves out.
func (c *compiler) defaultValue(col *Column) value {
	switch {
	case col.IdentityNext != "":
		return value{sql: col.IdentityNext, typ: col.Type}
	case col.Default != nil:
		save, f := c.scope, c.f
		c.scope = &scope{}
		v := c.assign(c.expr(col.Default), col.Type, col.Name)
		c.scope, c.f = save, f
		return v
	}
	return value{sql: "NULL", typ: col.Type}
}

func (c *compiler) insert(plan *Plan, s *InsertStmt) {
	plan.Kind = PlanInsert
	t, slot := c.targetTable(plan, s.Table)
	var targets []*Column
	seen := map[string]bool{}
	if s.Columns == nil {
		for i := range t.Columns {
			if col := &t.Columns[i]; !col.Hidden {
				targets = append(targets, col)
			}
		}
	}
	for _, id := range s.Columns {
		col := targetColumn(t, id)
		if seen[col.Name] {
			panic(errAt(id.Pos, CodeDuplicateColumn, "column \"%s\" specified more than once", id.Name))
		}
		seen[col.Name] = true
		if col.Identity != nil && !col.Identity.ByDefault {
			panic(errAt(id.Pos, CodeNotSupported, "cannot set an identity column to a value").hint("leave \"%s\" out of the column list", id.Name))
		}
		targets = append(targets, col)
	}
	// Columns without a value in the statement.
	var rest []*Column
	for i := range t.Columns {
		col := &t.Columns[i]
		if s.Columns != nil && !seen[col.Name] && !col.Hidden && (col.Default != nil || col.Identity != nil) {
			rest = append(rest, col)
		}
	}
	var names []string
	list := func(cols []*Column) {
		for _, col := range cols {
			names = append(names, quoteIdent(engineName(col)))
			plan.Write.Columns = append(plan.Write.Columns, col.Name)
		}
	}
	var body string
	switch {
	case s.DefaultValues:
		list(targets)
		var vals []string
		for _, col := range targets {
			vals = append(vals, c.defaultValue(col).sql)
		}
		body = "SELECT " + strings.Join(vals, ", ")
	case isValues(s.Query):
		rows := s.Query.Body.(*Values).Rows
		width := len(rows[0])
		if s.Columns == nil {
			targets, rest = c.positional(t, targets, width, rows[0], s)
		} else {
			c.checkWidth(width, len(targets), s)
		}
		list(targets)
		list(rest)
		body = c.insertRows(rows, targets, rest)
	default:
		c.scope = nil
		out := c.query(s.Query)
		cols := out.columns()
		if s.Columns == nil {
			targets, rest = c.positional(t, targets, len(cols), nil, s)
		} else {
			c.checkWidth(len(cols), len(targets), s)
		}
		list(targets)
		list(rest)
		// The conversions go round the query: its own ORDER BY and DISTINCT keep their meaning.
		for i, col := range cols {
			if col.typ.Kind == KUnknown && !targets[i].Type.IsText() {
				out.coerce(i, targets[i].Type)
			}
		}
		c.settleColumns(out)
		cols = out.columns()
		var vals []string
		for i, col := range cols {
			v := value{sql: "q." + quoteIdent(col.sqlName), typ: col.typ, blank: col.blank, pos: s.Query.At}
			vals = append(vals, c.assign(v, targets[i].Type, targets[i].Name).sql)
		}
		for _, col := range rest {
			vals = append(vals, c.defaultValue(col).sql)
		}
		body = "SELECT " + strings.Join(vals, ", ") + " FROM (" + out.text() + ") AS q"
	}
	plan.sql = "INSERT INTO " + slot + " (" + strings.Join(names, ", ") + ") " + body
}

func isValues(q *Query) bool {
	_, ok := q.Body.(*Values)
	return ok && q.With == nil && q.OrderBy == nil && q.Limit == nil && q.Offset == nil
}

// positional matches values to columns without a column list: identity columns that are always generated are skipped
// when the statement gives no value for them.
func (c *compiler) positional(t *TableInfo, all []*Column, width int, first []Expr, s *InsertStmt) (targets, rest []*Column) {
	if width < len(all) {
		var plain []*Column
		for _, col := range all {
			if col.Identity == nil {
				plain = append(plain, col)
			}
		}
		if width <= len(plain) {
			targets = plain[:width]
			for _, col := range all {
				used := false
				for _, tc := range targets {
					used = used || tc == col
				}
				if !used && (col.Default != nil || col.Identity != nil) {
					rest = append(rest, col)
				}
			}
			return targets, rest
		}
	}
	c.checkWidth(width, len(all), s)
	for i, col := range all[:width] {
		if col.Identity == nil || col.Identity.ByDefault {
			continue
		}
		if first != nil {
			if _, ok := first[i].(*Default); ok {
				continue
			}
		}
		panic(errAt(s.Table.Pos(), CodeNotSupported, "cannot set an identity column to a value").hint("name the other columns in the INSERT"))
	}
	return all[:width], nil
}

func (c *compiler) checkWidth(have, want int, s *InsertStmt) {
	if have > want {
		panic(errAt(s.Query.At, CodeSyntax, "INSERT has more expressions than target columns"))
	}
	if have < want && s.Columns != nil {
		panic(errAt(s.Query.At, CodeSyntax, "INSERT has more target columns than expressions"))
	}
}

func (c *compiler) insertRows(rows [][]Expr, targets, rest []*Column) string {
	c.scope = &scope{}
	var out []string
	for _, row := range rows {
		if len(row) != len(targets) {
			panic(errAt(row[0].Pos(), CodeSyntax, "VALUES lists must all be the same length"))
		}
		var vals []string
		for i, e := range row {
			if _, ok := e.(*Default); ok {
				vals = append(vals, c.defaultValue(targets[i]).sql)
				continue
			}
			vals = append(vals, c.assign(c.expr(e), targets[i].Type, targets[i].Name).sql)
		}
		for _, col := range rest {
			vals = append(vals, c.defaultValue(col).sql)
		}
		out = append(out, "("+strings.Join(vals, ", ")+")")
	}
	return "VALUES " + strings.Join(out, ", ")
}

func (c *compiler) update(plan *Plan, s *UpdateStmt) {
	plan.Kind = PlanUpdate
	c.scope = &scope{}
	with := c.with(s.With)
	t, slot := c.targetTable(plan, s.Table)
	alias := c.targetRel(t, plan.Write, s.Alias, s.Table)
	from := c.from(s.From)
	where := c.condition(s.Where, "WHERE")
	sets, written := c.assignments(t, s.Set)
	c.splitWrite(plan, written)
	plan.sql = with + "UPDATE " + slot + " AS " + alias + " SET " + strings.Join(sets, ", ")
	if from != "" {
		plan.sql += " FROM " + from
	}
	if where != "" {
		plan.sql += " WHERE " + where
	}
}

// assignments compiles SET and returns its members and the columns they write.
func (c *compiler) assignments(t *TableInfo, set []Assignment) (sets, written []string) {
	seen := map[string]bool{}
	for _, a := range set {
		col := targetColumn(t, a.Column)
		if seen[col.Name] {
			panic(errAt(a.Column.Pos, CodeSyntax, "multiple assignments to same column \"%s\"", col.Name))
		}
		seen[col.Name] = true
		if col.Identity != nil {
			panic(errAt(a.Column.Pos, CodeNotSupported, "cannot set an identity column to a value"))
		}
		var v value
		if _, ok := a.Value.(*Default); ok {
			v = c.defaultValue(col)
		} else {
			c.clause = "UPDATE"
			v = c.assign(c.expr(a.Value), col.Type, col.Name)
			c.refuse(v, "UPDATE")
		}
		sets = append(sets, quoteIdent(engineName(col))+" = "+v.sql)
		written = append(written, col.Name)
	}
	return sets, written
}

// splitWrite keeps the assigned columns on the written use and gives the columns that it reads a use of their own.
func (c *compiler) splitWrite(plan *Plan, written []string) {
	if read := plan.Write.Columns; len(read) > 0 {
		plan.Reads = append(plan.Reads, &TableUse{Table: plan.Write.Table, Pos: plan.Write.Pos, Columns: read, slot: plan.Write.slot})
	}
	plan.Write.Columns = written
}

func (c *compiler) targetRel(t *TableInfo, use *TableUse, alias *Ident, name QName) string {
	n := name.Last()
	if alias != nil {
		n = alias.Name
	}
	r := c.tableRel(t, use, n)
	c.scope.addRel(r, name.Pos())
	c.scope.cols = append(c.scope.cols, r.cols...)
	return quoteIdent(r.sql)
}

func (c *compiler) delete(plan *Plan, s *DeleteStmt) {
	plan.Kind = PlanDelete
	c.scope = &scope{}
	with := c.with(s.With)
	t, slot := c.targetTable(plan, s.Table)
	alias := c.targetRel(t, plan.Write, s.Alias, s.Table)
	using := c.from(s.Using)
	where := c.condition(s.Where, "WHERE")
	c.splitWrite(plan, nil)
	plan.sql = with + "DELETE FROM " + slot + " AS " + alias
	if using != "" {
		plan.sql += " USING " + using
	}
	if where != "" {
		plan.sql += " WHERE " + where
	}
}

// merge is MERGE with both arms. The engine's own MERGE runs it; a target row that several source rows match is an error
// there, as in Redshift.
func (c *compiler) merge(plan *Plan, s *MergeStmt) {
	if s.RemoveDuplicates {
		panic(errAt(s.Start, CodeNotSupported, "MERGE ... REMOVE DUPLICATES is not supported").hint("write WHEN MATCHED THEN UPDATE and WHEN NOT MATCHED THEN INSERT"))
	}
	plan.Kind = PlanMerge
	c.scope = &scope{}
	t, slot := c.targetTable(plan, s.Table)
	alias := c.targetRel(t, plan.Write, s.Alias, s.Table)
	source, cols := c.tableExpr(s.Using)
	c.scope.cols = append(c.scope.cols, cols...)
	on := c.condition(s.On, "MERGE ON")
	matched := "DELETE"
	var written []string
	if !s.Delete {
		var sets []string
		sets, written = c.assignments(t, s.Matched)
		matched = "UPDATE SET " + strings.Join(sets, ", ")
	}
	// The inserted values see the source alone.
	inner := &scope{cols: cols}
	for _, r := range c.scope.rels[1:] {
		inner.rels = append(inner.rels, r)
	}
	save := c.scope
	c.scope = inner
	names, vals := c.mergeInsert(t, s)
	c.scope = save
	c.splitWrite(plan, written)
	plan.sql = "MERGE INTO " + slot + " AS " + alias + " USING " + source + " ON " + on + " WHEN MATCHED THEN " + matched +
		" WHEN NOT MATCHED THEN INSERT (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(vals, ", ") + ")"
}

func (c *compiler) mergeInsert(t *TableInfo, s *MergeStmt) (names, vals []string) {
	var targets []*Column
	for _, id := range s.InsertColumns {
		targets = append(targets, targetColumn(t, id))
	}
	if s.InsertColumns == nil {
		for i := range t.Columns {
			if !t.Columns[i].Hidden {
				targets = append(targets, &t.Columns[i])
			}
		}
	}
	if len(s.InsertValues) != len(targets) {
		panic(errAt(s.InsertValues[0].Pos(), CodeSyntax, "MERGE inserts %d values into %d columns", len(s.InsertValues), len(targets)))
	}
	used := map[string]bool{}
	for i, col := range targets {
		used[col.Name] = true
		v := value{}
		if _, ok := s.InsertValues[i].(*Default); ok {
			v = c.defaultValue(col)
		} else {
			v = c.assign(c.expr(s.InsertValues[i]), col.Type, col.Name)
		}
		names = append(names, quoteIdent(engineName(col)))
		vals = append(vals, v.sql)
	}
	for i := range t.Columns {
		col := &t.Columns[i]
		if !used[col.Name] && !col.Hidden && (col.Default != nil || col.Identity != nil) {
			names = append(names, quoteIdent(engineName(col)))
			vals = append(vals, c.defaultValue(col).sql)
		}
	}
	return names, vals
}
