package sql

import "strings"

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
	if cond != nil {
		sc.items = named(s.Items)
		b.WriteString(" WHERE " + c.condition(cond, "WHERE"))
		sc.items = nil
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
	if s.Having != nil {
		c.f, c.clause = flags{}, "HAVING"
		v := c.boolean(c.expr(s.Having), "HAVING")
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

// named are the select items that have an alias.
func named(items []SelectItem) []item {
	var out []item
	for _, it := range items {
		if it.Alias != nil {
			out = append(out, item{x: it.X, name: it.Alias.Name, alias: true})
		}
	}
	return out
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
