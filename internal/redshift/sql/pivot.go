package sql

// peek gives the names of the columns of a member of FROM, without keeping anything of its compilation.
func (c *compiler) peek(t TableExpr) []string {
	tables, f := len(c.tables), c.f
	sub := *c
	sub.scope = &scope{parent: c.scope}
	if c.scope != nil {
		sub.scope.parent = c.scope.parent
	}
	var cols []*column
	if err := c.guard(func() { _, cols = sub.tableExpr(t) }); err != nil {
		panic(err)
	}
	c.tables, c.f, c.params = c.tables[:tables], f, sub.params
	var names []string
	for _, col := range cols {
		names = append(names, col.name)
	}
	return names
}

func sourceName(t TableExpr) string {
	switch t := t.(type) {
	case *TableRef:
		return aliasOf(t.Alias, t.Name.Last())
	case *Derived:
		return aliasOf(t.Alias, "derived_table1")
	}
	return "pivot"
}

func nameRef(name string, pos int) *ColumnRef {
	return &ColumnRef{at: at(pos), Name: QName{{Name: name, Pos: pos}}}
}

// pivot rewrites PIVOT to a grouping: agg(CASE WHEN column = value THEN x END) for each value, grouped by the columns that
// neither the aggregates nor FOR name.
func (c *compiler) pivot(p *Pivot) (string, []*column) {
	used := map[string]bool{p.For.Name: true}
	for _, a := range p.Aggs {
		call, ok := a.X.(*Call)
		if !ok || call.Over != nil || !wordSet("count sum min max avg")[call.Name.Last()] {
			panic(errAt(a.X.Pos(), CodeSyntax, "PIVOT needs COUNT, SUM, MIN, MAX or AVG"))
		}
		for _, x := range call.Args {
			markColumns(x, used)
		}
	}
	names := c.peek(p.Source)
	s := &Select{At: p.At, From: []TableExpr{p.Source}}
	found := false
	for _, n := range names {
		found = found || n == p.For.Name
		if !used[n] {
			ref := nameRef(n, p.At)
			s.Items = append(s.Items, SelectItem{X: ref})
			s.GroupBy = append(s.GroupBy, GroupItem{X: ref})
		}
	}
	if !found {
		panic(errAt(p.For.Pos, CodeUndefinedColumn, "column \"%s\" does not exist", p.For.Name))
	}
	for _, v := range p.Values {
		label := ""
		if l, ok := v.X.(*Literal); ok {
			label = foldASCII(l.Text)
		} else if v.Alias == nil {
			panic(errAt(v.X.Pos(), CodeSyntax, "a value of PIVOT that is no constant needs a name"))
		}
		if v.Alias != nil {
			label = v.Alias.Name
		}
		for _, a := range p.Aggs {
			call := *a.X.(*Call)
			then := Expr(&Literal{at: at(p.At), Kind: LitInteger, Text: "1"})
			if !call.Star && len(call.Args) == 1 {
				then = call.Args[0]
			}
			test := &Binary{at: at(p.For.Pos), Op: "=", L: nameRef(p.For.Name, p.For.Pos), R: v.X}
			call.Star, call.Args = false, []Expr{&Case{at: call.at, Whens: []When{{test, then}}}}
			name := label
			switch {
			case a.Alias != nil:
				name += "_" + a.Alias.Name
			case len(p.Aggs) > 1:
				name += "_" + call.Name.Last()
			}
			s.Items = append(s.Items, SelectItem{X: &call, Alias: &Ident{Name: name, Pos: v.X.Pos()}})
		}
	}
	alias := Ident{Name: aliasOf(p.Alias, sourceName(p.Source)), Pos: p.At}
	return c.derived(&Derived{At: p.At, Alias: &alias, Query: &Query{At: p.At, Body: s}})
}

// markColumns notes the bare column names in an expression.
func markColumns(e Expr, used map[string]bool) {
	switch e := e.(type) {
	case *ColumnRef:
		used[e.Name.Last()] = true
	case *Binary:
		markColumns(e.L, used)
		markColumns(e.R, used)
	case *Unary:
		markColumns(e.X, used)
	case *Cast:
		markColumns(e.X, used)
	case *Call:
		for _, a := range e.Args {
			markColumns(a, used)
		}
	}
}

// unpivotTable rewrites UNPIVOT: each row meets each listed name, and CASE picks that column's value.
func (c *compiler) unpivotTable(u *UnpivotTable) (string, []*column) {
	used := map[string]bool{}
	values := &Values{At: u.At}
	pick := &Case{at: at(u.At), Operand: nameRef(u.For.Name, u.For.Pos)}
	for _, col := range u.Columns {
		ref, ok := col.X.(*ColumnRef)
		if !ok || len(ref.Name) != 1 {
			panic(errAt(col.X.Pos(), CodeSyntax, "UNPIVOT needs names of columns"))
		}
		name := ref.Name.Last()
		used[name] = true
		label := &Literal{at: ref.at, Kind: LitString, Text: aliasOf(col.Alias, name)}
		values.Rows = append(values.Rows, []Expr{label})
		pick.Whens = append(pick.Whens, When{label, ref})
	}
	s := &Select{At: u.At}
	for _, n := range c.peek(u.Source) {
		if !used[n] {
			s.Items = append(s.Items, SelectItem{X: nameRef(n, u.At)})
		}
	}
	names := Ident{Name: "unpivot_names", Pos: u.At}
	s.From = []TableExpr{u.Source, &Derived{At: u.At, Alias: &names, Columns: []Ident{u.For}, Query: &Query{At: u.At, Body: values}}}
	s.Items = append(s.Items, SelectItem{X: nameRef(u.For.Name, u.For.Pos)}, SelectItem{X: pick, Alias: &u.Value})
	if !u.IncludeNulls {
		s.Where = &IsTest{at: at(u.At), X: pick, What: "null", Not: true}
	}
	alias := Ident{Name: aliasOf(u.Alias, sourceName(u.Source)), Pos: u.At}
	return c.derived(&Derived{At: u.At, Alias: &alias, Query: &Query{At: u.At, Body: s}})
}
