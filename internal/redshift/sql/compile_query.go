package sql

import (
	"strconv"
	"strings"
)

// outColumn is a column of a compiled query.
type outColumn struct {
	name    string
	sqlName string // unique within the query
	typ     Type
	blank   bool
	notNull bool
	litLen  int // of an untyped literal
	use     *TableUse
	source  string
	attnum  int
}

// compiled is a query body whose columns may still be converted before it is printed.
type compiled interface {
	columns() []outColumn
	coerce(i int, t Type)
	trim(i int) // cuts trailing blanks, where rows are compared
	text() string
}

// cte is a WITH query in sight.
type cte struct {
	name string
	cols []outColumn
	sql  string // its name in generated SQL
}

// query compiles a query with its WITH, ORDER BY and LIMIT.
func (c *compiler) query(q *Query) compiled {
	c.depth++
	if c.depth > maxDepth {
		panic(errAt(q.At, "54001", "statement is nested too deeply"))
	}
	defer func() { c.depth-- }()
	ctes := c.ctes
	defer func() { c.ctes = ctes }()
	w := &wrapped{c: c}
	w.prefix = c.with(q.With)
	if s, ok := q.Body.(*Select); ok && s.Connect != nil {
		return c.query(c.hierarchy(q, s))
	}
	if s, ok := q.Body.(*Select); ok {
		sel := c.selectCore(s, q.OrderBy)
		w.body = sel
		w.tail = sel.order
		if s.Top != nil && q.Limit != nil {
			panic(errAt(s.Top.Pos(), CodeSyntax, "TOP and LIMIT can't be used together"))
		}
		if s.Top != nil {
			w.tail += " LIMIT " + c.count(s.Top, "TOP")
		}
	} else {
		w.body = c.body(q.Body)
		if len(q.OrderBy) > 0 {
			w.tail = c.orderOutput(q.OrderBy, w.body.columns())
		}
	}
	if q.Limit != nil {
		w.tail += " LIMIT " + c.count(q.Limit, "LIMIT")
	}
	if q.Offset != nil {
		w.tail += " OFFSET " + c.count(q.Offset, "OFFSET")
	}
	if w.prefix == "" && w.tail == "" {
		return w.body
	}
	return w
}

// wrapped is a body with what stands before and after it.
type wrapped struct {
	c            *compiler
	prefix, tail string
	body         compiled
}

func (w *wrapped) columns() []outColumn { return w.body.columns() }
func (w *wrapped) coerce(i int, t Type) { w.body.coerce(i, t) }
func (w *wrapped) trim(i int)           { w.body.trim(i) }
func (w *wrapped) text() string {
	if b, ok := w.body.(*wrapped); ok && w.tail != "" { // (SELECT ... LIMIT 1) ORDER BY ...
		return w.prefix + "(" + b.text() + ")" + w.tail
	}
	return w.prefix + w.body.text() + w.tail
}

func (c *compiler) count(e Expr, what string) string {
	save := c.scope
	c.scope = &scope{}
	v := c.implicit(c.expr(e), Int8)
	c.scope = save
	l, ok := e.(*Literal)
	if !ok || l.Kind != LitInteger {
		return v.sql
	}
	if strings.HasPrefix(l.Text, "-") {
		panic(errAt(e.Pos(), "2201W", "%s must not be negative", what))
	}
	return l.Text
}

func (c *compiler) body(b QueryBody) compiled {
	switch b := b.(type) {
	case *Select:
		if b.Top != nil || b.Connect != nil {
			return c.query(&Query{At: b.At, Body: b})
		}
		return c.selectCore(b, nil)
	case *Query:
		return c.query(b)
	case *Values:
		return c.values(b)
	case *SetOp:
		return c.setOp(b)
	}
	panic(errAt(-1, CodeNotSupported, "unknown kind of query"))
}

// setOut is UNION, INTERSECT or EXCEPT.
type setOut struct {
	op   string
	l, r compiled
	cols []outColumn
}

func (s *setOut) columns() []outColumn { return s.cols }
func (s *setOut) coerce(i int, t Type) {
	s.l.coerce(i, t)
	s.r.coerce(i, t)
	s.cols[i].typ = t
}
func (s *setOut) trim(i int) {
	s.l.trim(i)
	s.r.trim(i)
	s.cols[i].blank = false
}
func (s *setOut) text() string { return setMember(s.l) + " " + s.op + " " + setMember(s.r) }

func setMember(m compiled) string {
	if _, ok := m.(*selectOut); ok {
		return m.text()
	}
	return "(" + m.text() + ")"
}

func (c *compiler) setOp(s *SetOp) compiled {
	out := &setOut{op: upper(s.Op)}
	if s.All {
		out.op += " ALL"
	}
	out.l, out.r = c.body(s.L), c.body(s.R)
	l, r := out.l.columns(), out.r.columns()
	if len(l) != len(r) {
		panic(errAt(s.At, CodeSyntax, "each %s query must have the same number of columns", upper(s.Op)))
	}
	out.cols = make([]outColumn, len(l))
	for i := range l {
		t, ok := commonType(l[i].typ, r[i].typ)
		if !ok {
			panic(errAt(s.At, CodeTypeMismatch, "%s types %s and %s cannot be matched", upper(s.Op), l[i].typ.BaseName(), r[i].typ.BaseName()))
		}
		out.cols[i] = outColumn{name: l[i].name, sqlName: l[i].sqlName, typ: t, blank: l[i].blank || r[i].blank, litLen: max(l[i].litLen, r[i].litLen),
			notNull: l[i].notNull && r[i].notNull}
		if t.Kind != KUnknown {
			if l[i].typ != t {
				out.l.coerce(i, t)
			}
			if r[i].typ != t {
				out.r.coerce(i, t)
			}
		}
	}
	for i := range out.cols {
		if !s.All && out.cols[i].blank && out.cols[i].typ.IsText() {
			out.trim(i)
		}
	}
	return out
}

// valuesOut is VALUES as a query.
type valuesOut struct {
	c    *compiler
	rows [][]value
	cols []outColumn
}

func (v *valuesOut) columns() []outColumn { return v.cols }
func (v *valuesOut) coerce(i int, t Type) {
	for _, row := range v.rows {
		row[i] = v.c.implicit(row[i], t)
	}
	v.cols[i].typ = t
}
func (v *valuesOut) trim(i int) {
	for _, row := range v.rows {
		row[i] = v.c.trimBlank(row[i])
	}
	v.cols[i].blank = false
}
func (v *valuesOut) text() string {
	var rows, names []string
	for _, r := range v.rows {
		var vals []string
		for _, x := range r {
			vals = append(vals, x.sql)
		}
		rows = append(rows, "("+strings.Join(vals, ", ")+")")
	}
	for _, col := range v.cols {
		names = append(names, quoteIdent(col.sqlName))
	}
	return "SELECT * FROM (VALUES " + strings.Join(rows, ", ") + ") AS v(" + strings.Join(names, ", ") + ")"
}

func (c *compiler) values(v *Values) compiled {
	out := &valuesOut{c: c}
	save := c.scope
	c.scope = &scope{parent: save}
	defer func() { c.scope = save }()
	for _, row := range v.Rows {
		if len(row) != len(v.Rows[0]) {
			panic(errAt(row[0].Pos(), CodeSyntax, "VALUES lists must all be the same length"))
		}
		var vals []value
		for _, e := range row {
			vals = append(vals, c.expr(e))
		}
		out.rows = append(out.rows, vals)
	}
	for i := range v.Rows[0] {
		t := Unknown
		n, blank := 0, false
		for _, r := range out.rows {
			u, ok := commonType(t, r[i].typ)
			if !ok {
				panic(errAt(r[i].pos, CodeTypeMismatch, "VALUES types %s and %s cannot be matched", t.BaseName(), r[i].typ.BaseName()))
			}
			t = u
			blank = blank || r[i].blank
			if r[i].lit != nil {
				n = max(n, len(r[i].lit.Text))
			}
		}
		name := "column" + strconv.Itoa(i+1)
		out.cols = append(out.cols, outColumn{name: name, sqlName: name, typ: t, litLen: n, blank: blank})
		if t.Kind != KUnknown {
			out.coerce(i, t)
		}
	}
	return out
}

// with compiles the WITH clause, makes its queries visible and returns the clause's SQL.
func (c *compiler) with(w *With) string {
	if w == nil {
		return ""
	}
	var parts []string
	for _, e := range w.CTEs {
		sqlName := e.Name.Name
		recursive := w.Recursive && queryNames(e.Query, e.Name.Name)
		entry := &cte{name: e.Name.Name, sql: sqlName}
		var text string
		if recursive {
			text = c.recursiveCTE(e, entry)
		} else {
			save := c.scope
			out := c.query(e.Query)
			c.scope = save
			c.settleColumns(out)
			entry.cols = nameColumns(out.columns(), e.Columns, e.Name)
			text = out.text()
			c.ctes = append(c.ctes[:len(c.ctes):len(c.ctes)], entry)
		}
		var names []string
		for _, col := range entry.cols {
			names = append(names, quoteIdent(col.sqlName))
		}
		parts = append(parts, quoteIdent(sqlName)+"("+strings.Join(names, ", ")+") AS ("+text+")")
	}
	if w.Recursive {
		return "WITH RECURSIVE " + strings.Join(parts, ", ") + " "
	}
	return "WITH " + strings.Join(parts, ", ") + " "
}

func (c *compiler) recursiveCTE(e *CTE, entry *cte) string {
	set, ok := e.Query.Body.(*SetOp)
	if !ok || set.Op != "union" || !set.All || len(e.Query.OrderBy) > 0 || e.Query.Limit != nil {
		panic(errAt(e.Name.Pos, CodeInvalidRecursion, "recursive query \"%s\" must have the form: non-recursive term UNION ALL recursive term", e.Name.Name))
	}
	if e.Columns == nil {
		panic(errAt(e.Name.Pos, CodeInvalidRecursion, "Recursive CTE must have a column list").hint("write WITH RECURSIVE %s(column, ...) AS", e.Name.Name))
	}
	outer := c.ctes
	prefix := c.with(e.Query.With)
	seed := c.body(set.L)
	c.settleColumns(seed)
	entry.cols = nameColumns(seed.columns(), e.Columns, e.Name)
	for i := range entry.cols {
		if entry.cols[i].typ.Kind == KVarchar || entry.cols[i].typ.Kind == KChar { // later rows may be longer
			entry.cols[i].typ = Varchar(MaxVarchar)
			seed.coerce(i, Varchar(MaxVarchar))
		}
	}
	c.ctes = append(c.ctes[:len(c.ctes):len(c.ctes)], entry)
	step := c.body(set.R)
	cols := step.columns()
	if len(cols) != len(entry.cols) {
		panic(errAt(set.At, CodeSyntax, "each UNION query must have the same number of columns"))
	}
	for i := range cols {
		if cols[i].typ != entry.cols[i].typ {
			if _, ok := commonType(cols[i].typ, entry.cols[i].typ); !ok {
				panic(errAt(set.At, CodeTypeMismatch, "UNION types %s and %s cannot be matched", entry.cols[i].typ.BaseName(), cols[i].typ.BaseName()))
			}
			step.coerce(i, entry.cols[i].typ)
		}
	}
	c.ctes = append(outer[:len(outer):len(outer)], entry)
	return prefix + setMember(seed) + " UNION ALL " + setMember(step)
}

// queryNames says whether a query refers to a table by this bare name (so that only real recursion is printed as such).
func queryNames(q *Query, name string) bool {
	found := false
	var table func(TableExpr)
	var body func(QueryBody)
	query := func(q *Query) {
		if q.With != nil {
			for _, e := range q.With.CTEs {
				body(e.Query)
			}
		}
		body(q.Body)
	}
	table = func(t TableExpr) {
		switch t := t.(type) {
		case *TableRef:
			found = found || len(t.Name) == 1 && t.Name[0].Name == name
		case *Derived:
			query(t.Query)
		case *Join:
			table(t.L)
			table(t.R)
		}
	}
	body = func(b QueryBody) {
		switch b := b.(type) {
		case *Select:
			for _, t := range b.From {
				table(t)
			}
		case *SetOp:
			body(b.L)
			body(b.R)
		case *Query:
			query(b)
		}
	}
	query(q)
	return found
}

// nameColumns gives a query's columns the names of a column list; sqlName then is unique.
func nameColumns(cols []outColumn, names []Ident, of Ident) []outColumn {
	if len(names) > len(cols) {
		panic(errAt(names[len(cols)].Pos, CodeSyntax, "table \"%s\" has %d columns available but %d columns specified", of.Name, len(cols), len(names)))
	}
	out := append([]outColumn(nil), cols...)
	used := map[string]bool{}
	for i := range out {
		if i < len(names) {
			out[i].name = names[i].Name
		}
		out[i].sqlName = uniqueName(out[i].name, used)
	}
	return out
}

func uniqueName(name string, used map[string]bool) string {
	n := name
	for i := 1; used[n]; i++ {
		n = name + "_" + strconv.Itoa(i)
	}
	used[n] = true
	return n
}

// from compiles the members of FROM into the current scope and returns the clause's text.
func (c *compiler) from(list []TableExpr) string {
	var parts []string
	for _, t := range list {
		text, cols := c.tableExpr(t)
		c.scope.cols = append(c.scope.cols, cols...)
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

func (c *compiler) tableExpr(t TableExpr) (string, []*column) {
	switch t := t.(type) {
	case *TableRef:
		return c.tableRef(t)
	case *Derived:
		return c.derived(t)
	case *TableFunc:
		return c.tableFunc(t)
	case *Join:
		return c.join(t)
	case *Unpivot:
		return c.unpivotObject(t)
	case *Pivot:
		return c.pivot(t)
	case *UnpivotTable:
		return c.unpivotTable(t)
	}
	panic(errAt(-1, CodeNotSupported, "unknown member of FROM"))
}

func aliasOf(a *Ident, name string) string {
	if a != nil {
		return a.Name
	}
	return name
}

func (c *compiler) tableRef(t *TableRef) (string, []*column) {
	pos := t.Name.Pos()
	if c.isPath(t) {
		return c.unnest(t)
	}
	if t.AtAlias != nil {
		panic(errAt(t.AtAlias.Pos, CodeSyntax, "AT is only for arrays of an earlier member of FROM"))
	}
	alias := aliasOf(t.Alias, t.Name.Last())
	if len(t.Name) == 1 {
		for i := len(c.ctes) - 1; i >= 0; i-- {
			if e := c.ctes[i]; e.name == t.Name[0].Name {
				r := c.queryRel(e.cols, alias, t.Columns, pos)
				return quoteIdent(e.sql) + " AS " + quoteIdent(r.sql), r.cols
			}
		}
	}
	info := c.findTable(t.Name)
	if info.View != nil {
		return c.view(info, alias, t)
	}
	use, slot := c.newUse(info, pos)
	r := c.tableRel(info, use, alias)
	c.renameRel(r, t.Columns)
	c.scope.addRel(r, pos)
	return slot + " AS " + quoteIdent(r.sql), visible(r.cols)
}

func visible(cols []*column) []*column {
	var out []*column
	for _, col := range cols {
		if !col.hidden {
			out = append(out, col)
		}
	}
	return out
}

func (c *compiler) renameRel(r *rel, names []Ident) {
	cols := visible(r.cols)
	if len(names) > len(cols) {
		panic(errAt(names[len(cols)].Pos, CodeSyntax, "table \"%s\" has %d columns available but %d columns specified", r.alias, len(cols), len(names)))
	}
	for i, n := range names {
		cols[i].name = n.Name
	}
}

// maxViews bounds views over views, so that a view that reads itself ends in an error.
const maxViews = 64

// view expands a view in place: its names are resolved on their own, its permissions are its owner's.
func (c *compiler) view(info *TableInfo, alias string, t *TableRef) (string, []*column) {
	if c.views >= maxViews {
		panic(errAt(t.Name.Pos(), "42P17", "infinite recursion detected in view \"%s\"", t.Name.Last()))
	}
	sub := &compiler{cat: c.cat, ses: c.ses, tables: c.tables, via: info, views: c.views + 1}
	if info.ViewCatalog != nil {
		sub.cat = info.ViewCatalog
	}
	use, _ := sub.newUse(info, t.Name.Pos())
	use.Via = c.via
	var out compiled
	if err := c.guard(func() {
		out = sub.query(info.View)
		sub.settleColumns(out)
	}); err != nil {
		e := err.(*Error)
		panic(&Error{Code: e.Code, Message: e.Message, Pos: t.Name.Pos(), Hint: "in view \"" + t.Name.Last() + "\", which reads what is no longer there"})
	}
	c.tables = sub.tables
	cols := out.columns()
	// The view's declared columns win over the names in its query.
	r := c.queryRel(cols, alias, nil, t.Name.Pos())
	r.path = info.Path
	if len(info.Columns) == len(r.cols) {
		for i := range r.cols {
			r.cols[i].name = info.Columns[i].Name
		}
	}
	for i := range r.cols {
		r.cols[i].use, r.cols[i].source, r.cols[i].attnum = use, r.cols[i].name, i+1
	}
	c.renameRel(r, t.Columns)
	return "(" + out.text() + ") AS " + quoteIdent(r.sql), r.cols
}

// queryRel makes a compiled query's columns visible under an alias.
func (c *compiler) queryRel(cols []outColumn, alias string, names []Ident, pos int) *rel {
	r := &rel{alias: alias, sql: c.freeAlias(alias)}
	for _, col := range cols {
		r.cols = append(r.cols, &column{name: col.name, sql: quoteIdent(r.sql) + "." + quoteIdent(col.sqlName), typ: col.typ, blank: col.blank,
			notNull: col.notNull, rel: r})
	}
	c.renameRel(r, names)
	c.scope.addRel(r, pos)
	return r
}

func (c *compiler) derived(d *Derived) (string, []*column) {
	out := c.subquery(d.Query)
	c.settleColumns(out)
	alias := "derived_table"
	if d.Alias != nil {
		alias = d.Alias.Name
	} else {
		alias = c.freeName("derived_table")
	}
	r := c.queryRel(out.columns(), alias, d.Columns, d.At)
	return "(" + out.text() + ") AS " + quoteIdent(r.sql), r.cols
}

// freeName is an alias for a derived table that has none.
func (c *compiler) freeName(base string) string {
	for i := 1; ; i++ {
		n := base + strconv.Itoa(i)
		taken := false
		for _, r := range c.scope.rels {
			taken = taken || r.alias == n
		}
		if !taken {
			return n
		}
	}
}

// subquery compiles a query that sees the current scope as its outer one.
func (c *compiler) subquery(q *Query) compiled {
	save := c.f
	out := c.query(q)
	c.f = save
	return out
}

func (c *compiler) join(j *Join) (string, []*column) {
	ltext, lcols := c.tableExpr(j.L)
	rtext, rcols := c.tableExpr(j.R)
	if _, ok := j.R.(*Join); ok {
		rtext = "(" + rtext + ")"
	}
	kind := map[string]string{"inner": " JOIN ", "left": " LEFT JOIN ", "right": " RIGHT JOIN ", "full": " FULL JOIN ", "cross": " CROSS JOIN "}[j.Kind]
	nullable := func(cols []*column) {
		for _, col := range cols {
			col.notNull = false
		}
	}
	if j.Kind == "left" || j.Kind == "full" {
		nullable(rcols)
	}
	if j.Kind == "right" || j.Kind == "full" {
		nullable(lcols)
	}
	both := append(append([]*column(nil), lcols...), rcols...)
	if j.Kind == "cross" {
		return ltext + kind + rtext, both
	}
	if j.On != nil {
		// ON sees the two sides, and of the enclosing levels only the outer queries.
		save := c.scope
		c.scope = &scope{parent: save.parent, rels: save.rels, cols: both, used: save.used}
		on := c.condition(j.On, "JOIN/ON")
		c.scope = save
		return ltext + kind + rtext + " ON " + on, both
	}
	names := j.Using
	if j.Natural {
		for _, l := range lcols {
			for _, r := range rcols {
				if l.name == r.name {
					names = append(names, Ident{Name: l.name, Pos: j.At})
				}
			}
		}
		if len(names) == 0 {
			return ltext + " CROSS JOIN " + rtext, both
		}
	}
	var conds []string
	var merged []*column
	drop := map[*column]bool{}
	for _, n := range names {
		l, r := findUsing(lcols, n, "left"), findUsing(rcols, n, "right")
		c.touch(l)
		c.touch(r)
		lv := value{sql: l.sql, typ: l.typ, blank: l.blank, pos: n.Pos}
		rv := value{sql: r.sql, typ: r.typ, blank: r.blank, pos: n.Pos}
		conds = append(conds, c.compare("=", lv, rv, n.Pos).sql)
		m := *l
		m.merged, m.name = true, n.Name
		switch j.Kind {
		case "right":
			m = *r
			m.merged = true
		case "full":
			t, ok := commonType(l.typ, r.typ)
			if !ok {
				t = l.typ
			}
			m = column{name: n.Name, typ: t, blank: l.blank || r.blank, merged: true,
				sql: "coalesce(" + c.castTo(lv, t).sql + ", " + c.castTo(rv, t).sql + ")"}
		}
		merged = append(merged, &m)
		drop[l], drop[r] = true, true
	}
	out := merged
	for _, col := range both {
		if !drop[col] {
			out = append(out, col)
		}
	}
	return ltext + kind + rtext + " ON " + strings.Join(conds, " AND "), out
}

func findUsing(cols []*column, n Ident, side string) *column {
	var found *column
	for _, col := range cols {
		if col.name == n.Name {
			if found != nil {
				panic(errAt(n.Pos, CodeAmbiguousColumn, "common column name \"%s\" appears more than once in %s table", n.Name, side))
			}
			found = col
		}
	}
	if found == nil {
		panic(errAt(n.Pos, CodeUndefinedColumn, "column \"%s\" specified in USING clause does not exist in %s table", n.Name, side))
	}
	return found
}

// condition compiles a boolean clause that may hold neither aggregates nor window functions.
func (c *compiler) condition(e Expr, clause string) string {
	if e == nil {
		return ""
	}
	save := c.f
	c.f = flags{}
	c.clause = clause
	v := c.boolean(c.expr(e), clause)
	c.refuse(v, clause)
	c.f = save
	return v.sql
}

// boolean converts to a truth value. Clients write WHERE 1, so integers are taken.
func (c *compiler) boolean(v value, clause string) value {
	switch {
	case v.typ.Kind == KBool:
		return v
	case v.typ.Kind == KUnknown, v.typ.IsInteger(), v.typ.Kind == KSuper:
		return c.castTo(v, Bool)
	}
	panic(errAt(v.pos, CodeTypeMismatch, "argument of %s must be type boolean, not type %s", clause, v.typ.BaseName()))
}

func (c *compiler) refuse(v value, clause string) {
	if v.agg {
		panic(errAt(v.pos, CodeGrouping, "aggregates not allowed in %s clause", clause))
	}
	if v.win {
		panic(errAt(v.pos, CodeWindowing, "window functions not allowed in %s clause", clause))
	}
}

// selectOut is a compiled SELECT.
type selectOut struct {
	c     *compiler
	vals  []value
	cols  []outColumn
	head  string // SELECT [DISTINCT]
	rest  string // FROM to QUALIFY
	order string // ORDER BY
}

func (s *selectOut) columns() []outColumn { return s.cols }
func (s *selectOut) coerce(i int, t Type) {
	v := s.c.castTo(s.vals[i], t)
	s.vals[i], s.cols[i].typ = v, t
}
func (s *selectOut) trim(i int) {
	s.vals[i] = s.c.trimBlank(s.vals[i])
	s.cols[i].blank = false
}
func (s *selectOut) text() string {
	var items []string
	for i, v := range s.vals {
		items = append(items, v.sql+" AS "+quoteIdent(s.cols[i].sqlName))
	}
	return s.head + strings.Join(items, ", ") + s.rest
}

func (c *compiler) selectCore(s *Select, orderBy []OrderItem) *selectOut {
	if s.Start != nil {
		panic(errAt(s.At, CodeSyntax, "START WITH needs CONNECT BY"))
	}
	outer, saveF := c.scope, c.f
	c.scope, c.f = &scope{parent: outer}, flags{}
	sc := c.scope
	defer func() { c.scope, c.f = outer, saveF }()

	out := &selectOut{c: c, head: "SELECT "}
	if s.Distinct {
		out.head += "DISTINCT "
	}
	var b strings.Builder
	members, cond := outerMarks(s)
	if from := c.from(members); from != "" {
		b.WriteString(" FROM " + from)
	}
	if where := c.condition(cond, "WHERE"); where != "" {
		b.WriteString(" WHERE " + where)
	}
	items := c.expandStars(s.Items)
	group := c.groupBy(s, items)
	used := map[string]bool{}
	aggregated := len(s.GroupBy) > 0 || s.GroupAll || s.Having != nil
	for _, it := range items {
		v := it.v
		if it.x != nil {
			c.f = flags{}
			c.clause = "SELECT"
			v = c.expr(it.x)
		}
		aggregated = aggregated || v.agg
		if s.Distinct {
			v = c.trimBlank(v)
		}
		out.vals = append(out.vals, v)
		col := outColumn{name: it.name, sqlName: uniqueName(it.name, used), typ: v.typ, blank: v.blank}
		if v.lit != nil && v.typ.Kind == KUnknown {
			col.litLen = len(v.lit.Text)
		}
		if v.col != nil {
			col.use, col.source, col.attnum, col.notNull = v.col.use, v.col.source, v.col.attnum, v.col.notNull
		}
		out.cols = append(out.cols, col)
		if it.alias && !sc.has(it.name) {
			sc.aliases = append(sc.aliases, aliasValue{it.name, v})
		}
	}
	if s.GroupAll {
		group = c.groupAll(out)
	}
	having := ""
	aliases := sc.aliases
	if s.Having != nil {
		c.f, c.clause = flags{}, "HAVING"
		sc.aliases = nil
		v := c.boolean(c.expr(s.Having), "HAVING")
		sc.aliases = aliases
		if v.win {
			c.refuse(value{flags: flags{win: true}, pos: v.pos}, "HAVING")
		}
		c.checkGrouped(v)
		having = " HAVING " + v.sql
	}
	qualify := ""
	if s.Qualify != nil {
		c.f, c.clause = flags{}, "QUALIFY"
		v := c.boolean(c.expr(s.Qualify), "QUALIFY")
		aggregated = aggregated || v.agg
		if aggregated {
			c.checkGrouped(v)
		}
		qualify = " QUALIFY " + v.sql
	}
	sc.aliases = nil
	var orders []value
	out.order, orders = c.orderSelect(orderBy, out, s)
	for _, v := range orders {
		aggregated = aggregated || v.agg
	}
	if aggregated {
		for _, v := range append(append([]value(nil), out.vals...), orders...) {
			c.checkGrouped(v)
		}
	}
	b.WriteString(group)
	b.WriteString(having)
	b.WriteString(qualify)
	out.rest = b.String()
	return out
}

func (c *compiler) checkGrouped(v value) {
	if v.free != nil {
		panic(errAt(v.free.pos, CodeGrouping, "column \"%s\" must appear in the GROUP BY clause or be used in an aggregate function", v.free.name))
	}
}

// item is a select item after * is expanded: v is set for columns of a star, x for the rest.
type item struct {
	x     Expr
	v     value
	name  string
	alias bool
}

func (c *compiler) expandStars(items []SelectItem) []item {
	var out []item
	for _, it := range items {
		st, ok := it.X.(*Star)
		if !ok {
			n := item{x: it.X, name: outputName(it.X)}
			if it.Alias != nil {
				n.name, n.alias = it.Alias.Name, true
			}
			out = append(out, n)
			continue
		}
		cols := c.scope.cols
		if st.Table != nil {
			r := c.scope.findRel(st.Table)
			if r == nil {
				panic(errAt(st.Pos(), CodeUndefinedTable, "missing FROM-clause entry for table \"%s\"", st.Table.Last()))
			}
			cols = visible(r.cols)
		} else if len(c.scope.rels) == 0 {
			panic(errAt(st.Pos(), CodeSyntax, "SELECT * with no tables specified is not valid"))
		}
		excluded := map[string]bool{}
		for _, e := range st.Exclude {
			found := false
			for _, col := range cols {
				found = found || col.name == e.Name
			}
			if !found {
				panic(errAt(e.Pos, CodeUndefinedColumn, "column \"%s\" does not exist", e.Name))
			}
			excluded[e.Name] = true
		}
		for _, col := range cols {
			if col.hidden || excluded[col.name] {
				continue
			}
			c.f = flags{}
			v := c.columnValue(col, c.scope, st.Pos())
			v.flags = c.f
			if c.scope.keys[v.sql] {
				v.free = nil
			}
			out = append(out, item{v: v, name: col.name})
		}
	}
	return out
}

// outputName is the label of a column without an alias.
func outputName(e Expr) string {
	switch e := e.(type) {
	case *ColumnRef:
		return e.Name.Last()
	case *Field:
		return e.Name.Name
	case *Subscript:
		return outputName(e.X)
	case *Call:
		switch n := e.Name.Last(); n {
		case "current_date":
			return "date"
		case "extract":
			return "date_part"
		case "date_part", "datepart":
			if len(e.Args) > 0 {
				if _, ok := e.Args[0].(*ColumnRef); ok {
					return "pgdate_part"
				}
			}
			return "date_part"
		case "user":
			return "current_user"
		default:
			return n
		}
	case *Cast:
		if n := outputName(e.X); n != "?column?" {
			return n
		}
		if t, err := ResolveType(e.Type); err == nil {
			return t.TypeName()
		}
	case *Case:
		if e.Else != nil {
			if n := outputName(e.Else); n != "?column?" {
				return n
			}
		}
		return "case"
	case *AtTimeZone:
		return "timezone"
	case *Collate:
		return outputName(e.X)
	case *Subquery:
		if s, ok := firstSelect(e.Query.Body); ok && len(s.Items) == 1 {
			if s.Items[0].Alias != nil {
				return s.Items[0].Alias.Name
			}
			return outputName(s.Items[0].X)
		}
	case *Interval:
		return "interval"
	case *ArrayLit, *ArrayQuery:
		return "array"
	case *Row:
		return "row"
	}
	return "?column?"
}

// groupBy compiles the keys, notes them in the scope and returns the clause.
func (c *compiler) groupBy(s *Select, items []item) string {
	if len(s.GroupBy) == 0 {
		return ""
	}
	c.scope.keys = map[string]bool{}
	var parts []string
	for _, g := range s.GroupBy {
		parts = append(parts, c.groupItem(g, items))
	}
	// Star columns were compiled before the keys were known.
	for i := range items {
		if items[i].x != nil {
			continue
		}
		v := &items[i].v
		if t := c.scope.trimmed[v.sql]; t != "" {
			v.sql, v.blank = t, false
		}
		if c.scope.keys[v.sql] {
			v.free = nil
		}
	}
	return " GROUP BY " + strings.Join(parts, ", ")
}

func (c *compiler) groupItem(g GroupItem, items []item) string {
	switch g.Kind {
	case "":
		return c.groupKey(g.X, items)
	case "set":
		var keys []string
		for _, e := range g.List {
			keys = append(keys, c.groupKey(e, items))
		}
		return "(" + strings.Join(keys, ", ") + ")"
	}
	var sets []string
	for _, m := range g.Sets {
		sets = append(sets, c.groupItem(m, items))
	}
	return upper(g.Kind) + " (" + strings.Join(sets, ", ") + ")"
}

// groupKey compiles one key: an ordinal, a column, an output alias, or an expression.
func (c *compiler) groupKey(e Expr, items []item) string {
	target := e
	var star *item
	switch x := e.(type) {
	case *Literal:
		if x.Kind == LitInteger {
			n, err := strconv.Atoi(x.Text)
			if err != nil || n < 1 || n > len(items) {
				panic(errAt(x.Pos(), "42P10", "GROUP BY position %s is not in select list", x.Text))
			}
			it := items[n-1]
			if it.x == nil {
				star = &it
			}
			target = it.x
		}
	case *ColumnRef:
		if len(x.Name) == 1 && c.scope.lookup(x.Name[0].Name, x.Pos()) == nil {
			for _, it := range items {
				if it.alias && it.name == x.Name[0].Name {
					target = it.x
				}
			}
		}
	}
	c.f = flags{}
	var v value
	if star != nil {
		v = star.v
	} else {
		v = c.withAliases(items, func() value { return c.settle(c.expr(target)) })
	}
	if v.agg {
		panic(errAt(e.Pos(), CodeGrouping, "aggregates not allowed in GROUP BY clause"))
	}
	if v.win {
		panic(errAt(e.Pos(), CodeWindowing, "window functions not allowed in GROUP BY clause"))
	}
	if t := c.trimBlank(v); t.sql != v.sql && v.lit == nil {
		if c.scope.trimmed == nil {
			c.scope.trimmed = map[string]string{}
		}
		c.scope.trimmed[v.sql] = t.sql
		v.sql = t.sql
	}
	c.scope.keys[v.sql] = true
	if v.lit != nil || v.free == nil && v.col == nil { // a bare constant would be an ordinal to the engine
		return "(SELECT " + v.sql + ")"
	}
	return v.sql
}

// withAliases lets a key's expression use aliases of select items, as a select item's own expression may.
func (c *compiler) withAliases(items []item, f func() value) value {
	save := c.scope.aliases
	defer func() { c.scope.aliases = save }()
	for _, it := range items {
		if it.alias && it.x != nil && mentionsOnlyColumns(it.x) && !c.scope.has(it.name) {
			fl := c.f
			var v value
			if c.guard(func() { v = c.expr(it.x) }) == nil {
				c.scope.aliases = append(c.scope.aliases, aliasValue{it.name, v})
			}
			c.f = fl
		}
	}
	return f()
}

// mentionsOnlyColumns is false for expressions with subqueries, which must not be compiled twice for nothing.
func mentionsOnlyColumns(e Expr) bool {
	switch e := e.(type) {
	case *Subquery, *Exists, *InQuery, *ArrayQuery, *Quantified:
		return false
	case *Call:
		for _, a := range e.Args {
			if !mentionsOnlyColumns(a) {
				return false
			}
		}
		return e.Over == nil
	case *Binary:
		return mentionsOnlyColumns(e.L) && mentionsOnlyColumns(e.R)
	case *Case:
		return e.Operand == nil
	}
	return true
}

// groupAll groups by every item without an aggregate.
func (c *compiler) groupAll(out *selectOut) string {
	c.scope.keys = map[string]bool{}
	var parts []string
	for i := range out.vals {
		v := &out.vals[i]
		if v.agg || v.win {
			continue
		}
		c.scope.keys[v.sql] = true
		v.free = nil
		parts = append(parts, strconv.Itoa(i+1))
	}
	if len(parts) == 0 {
		return ""
	}
	return " GROUP BY " + strings.Join(parts, ", ")
}

func orderSuffix(o OrderItem) string {
	s := ""
	if o.Desc {
		s = " DESC"
	}
	if o.NullsFirst != nil {
		if *o.NullsFirst {
			return s + " NULLS FIRST"
		}
		return s + " NULLS LAST"
	}
	return s
}

// orderSelect compiles ORDER BY of a plain SELECT: output names first, then ordinals, then expressions over the input.
func (c *compiler) orderSelect(orderBy []OrderItem, out *selectOut, s *Select) (string, []value) {
	if len(orderBy) == 0 {
		return "", nil
	}
	var parts []string
	var vals []value
	for _, o := range orderBy {
		if n := outputOrdinal(o.X, out.cols); n > 0 {
			parts = append(parts, strconv.Itoa(n)+orderSuffix(o))
			continue
		}
		c.f, c.clause = flags{}, "ORDER BY"
		v := c.withOutputAliases(out, func() value { return c.settle(c.expr(o.X)) })
		ordinal := 0
		for i, item := range out.vals {
			if item.sql == v.sql || item.sql == c.trimBlank(v).sql {
				ordinal = i + 1
				break
			}
		}
		if ordinal > 0 {
			parts = append(parts, strconv.Itoa(ordinal)+orderSuffix(o))
			continue
		}
		if s.Distinct {
			panic(errAt(o.X.Pos(), "42P10", "for SELECT DISTINCT, ORDER BY expressions must appear in select list"))
		}
		if v.lit != nil || isConstant(o.X) {
			continue // ordering by a constant has no effect; the engine would read a number as an ordinal
		}
		vals = append(vals, v)
		parts = append(parts, v.sql+orderSuffix(o))
	}
	if len(parts) == 0 {
		return "", vals
	}
	return " ORDER BY " + strings.Join(parts, ", "), vals
}

func isConstant(e Expr) bool {
	switch e := e.(type) {
	case *Literal:
		return true
	case *Cast:
		return isConstant(e.X)
	}
	return false
}

func (c *compiler) withOutputAliases(out *selectOut, f func() value) value {
	save := c.scope.aliases
	defer func() { c.scope.aliases = save }()
	for i, col := range out.cols {
		c.scope.aliases = append(c.scope.aliases, aliasValue{col.name, out.vals[i]})
	}
	return f()
}

// outputOrdinal is the position that an ORDER BY expression names, 0 if it names none.
func outputOrdinal(e Expr, cols []outColumn) int {
	switch x := e.(type) {
	case *Literal:
		if x.Kind == LitInteger {
			n, err := strconv.Atoi(x.Text)
			if err != nil || n < 1 || n > len(cols) {
				panic(errAt(x.Pos(), "42P10", "ORDER BY position %s is not in select list", x.Text))
			}
			return n
		}
	case *ColumnRef:
		if len(x.Name) == 1 {
			for i, col := range cols {
				if col.name == x.Name[0].Name {
					return i + 1
				}
			}
		}
	}
	return 0
}

// orderOutput is ORDER BY after a set operation, where only the result's columns may be named.
func (c *compiler) orderOutput(orderBy []OrderItem, cols []outColumn) string {
	var parts []string
	for _, o := range orderBy {
		n := outputOrdinal(o.X, cols)
		if n == 0 {
			if r, ok := o.X.(*ColumnRef); ok && len(r.Name) == 1 {
				panic(errAt(o.X.Pos(), CodeUndefinedColumn, "column \"%s\" does not exist", r.Name[0].Name))
			}
			panic(errAt(o.X.Pos(), CodeNotSupported, "ORDER BY on a UNION/INTERSECT/EXCEPT result must be on one of the result columns"))
		}
		parts = append(parts, strconv.Itoa(n)+orderSuffix(o))
	}
	return " ORDER BY " + strings.Join(parts, ", ")
}
