package sql

import (
	"errors"
	"strconv"
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
	if e, ok := errors.AsType[*Error](err); ok && src != nil {
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
		rc := ResultColumn{Name: col.name, Type: col.typ, NotNull: col.notNull, Blank: col.blank && col.typ.IsText()}
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

// newUse notes a use of a table and returns its place in the SQL.
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
			if e, ok := errors.AsType[*Error](err); ok {
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
