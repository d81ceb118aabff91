package sql

func (p *parser) selectStmt() Statement {
	p.into = nil
	q := p.query()
	return &SelectStmt{Query: q, Into: p.takeInto(q)}
}

// takeInto accepts INTO only in the outermost select.
func (p *parser) takeInto(q *Query) *IntoTarget {
	into := p.into
	p.into = nil
	if into == nil {
		return nil
	}
	if s, ok := firstSelect(q.Body); !ok || s.At > into.Name.Pos() {
		panic(errAt(into.Name.Pos(), CodeSyntax, "INTO is only allowed on the first SELECT of a query"))
	}
	return into
}

func firstSelect(b QueryBody) (*Select, bool) {
	switch b := b.(type) {
	case *Select:
		return b, true
	case *SetOp:
		return firstSelect(b.L)
	}
	return nil, false
}

// withStmt is WITH before any of the statements that take it.
func (p *parser) withStmt() Statement {
	start := p.pos
	w := p.with()
	switch {
	case p.is("insert"):
		return p.insertStmt(w)
	case p.is("update"):
		return p.updateStmt(w)
	case p.is("delete"):
		return p.deleteStmt(w)
	}
	p.pos = start
	return p.selectStmt()
}

func (p *parser) with() *With {
	p.expect("with")
	w := &With{Recursive: p.accept("recursive")}
	w.CTEs = list(p, func() *CTE {
		c := &CTE{Name: p.ident()}
		if p.isOp("(") {
			c.Columns = parens(p, p.ident)
		}
		p.expect("as")
		if !p.queryAhead() {
			p.expectOp("(")
			p.failHint("expected a SELECT")
		}
		c.Query = p.parenQuery()
		return c
	})
	return w
}

// query parses a whole query expression.
func (p *parser) query() *Query {
	p.enter()
	defer p.leave()
	q := &Query{At: p.here()}
	if p.is("with") {
		q.With = p.with()
	}
	q.Body = p.setOps()
	p.queryTail(q)
	return q
}

func (p *parser) queryTail(q *Query) {
	if p.accept("order", "by") {
		q.OrderBy = list(p, p.orderItem)
	}
	for {
		switch {
		case q.Limit == nil && p.accept("limit"):
			if !p.accept("all") {
				q.Limit = p.exprAt(bindOther)
			}
		case q.Offset == nil && p.accept("offset"):
			q.Offset = p.exprAt(bindOther)
			p.acceptAny("rows", "row")
		case p.is("for", "update") || p.is("for", "share"):
			p.unsupported(p.here(), "SELECT FOR "+upper(p.ahead(1).text))
		case p.is("fetch", "first") || p.is("fetch", "next"):
			p.unsupported(p.here(), "FETCH FIRST")
		default:
			return
		}
	}
}

func (p *parser) setOps() QueryBody {
	l := p.intersects()
	for {
		pos := p.here()
		op := p.acceptAny("union", "except", "minus")
		if op == "" {
			return l
		}
		if op == "minus" {
			op = "except"
		}
		all := p.setQuantifier(op)
		l = &SetOp{At: pos, Op: op, All: all, L: l, R: p.intersects()}
	}
}

func (p *parser) intersects() QueryBody {
	l := p.queryPrimary()
	for p.is("intersect") {
		pos := p.take().start
		p.setQuantifier("intersect")
		l = &SetOp{At: pos, Op: "intersect", L: l, R: p.queryPrimary()}
	}
	return l
}

func (p *parser) setQuantifier(op string) (all bool) {
	if p.is("all") && op != "union" {
		p.unsupported(p.here(), upper(op)+" ALL")
	}
	if p.accept("all") {
		return true
	}
	p.accept("distinct")
	return false
}

func (p *parser) queryPrimary() QueryBody {
	switch {
	case p.isOp("("):
		if !p.queryAhead() {
			p.pos++
			p.fail()
		}
		return p.parenQuery()
	case p.is("select"):
		return p.selectCore()
	case p.is("values"):
		v := &Values{At: p.take().start}
		v.Rows = list(p, func() []Expr { return parens(p, p.expr) })
		return v
	}
	p.failHint("expected SELECT")
	return nil
}

// parenQuery takes ( query ).
func (p *parser) parenQuery() *Query {
	p.expectOp("(")
	save := p.into
	p.into = nil
	q := p.query()
	if p.into != nil {
		panic(errAt(p.into.Name.Pos(), CodeSyntax, "INTO is not allowed in a subquery"))
	}
	p.into = save
	p.expectOp(")")
	return q
}

// queryAhead says whether the parenthesis here encloses a query rather than an expression or a joined table. Nested
// parentheses are judged by what follows each of them, without backtracking.
func (p *parser) queryAhead() bool {
	k := 0
	for p.ahead(k).isOp("(") {
		k++
	}
	if k == 0 {
		return false
	}
	if t := p.ahead(k); !t.is("select") && !t.is("with") && !t.is("values") {
		return false
	}
	p.matchParens()
	end := p.match[p.pos+k-1]
	for level := k - 2; level >= 0 && end >= 0; level-- {
		close := p.match[p.pos+level]
		if end+1 == close {
			end = close
			continue
		}
		switch t := p.toks[end+1]; {
		case t.is("union"), t.is("except"), t.is("minus"), t.is("intersect"), t.is("order"), t.is("limit"), t.is("offset"):
			end = close
		default:
			return false
		}
	}
	return true
}

func (p *parser) matchParens() {
	if p.match != nil {
		return
	}
	p.match = make([]int, len(p.toks))
	var stack []int
	for i, t := range p.toks {
		p.match[i] = -1
		switch {
		case t.isOp("("):
			stack = append(stack, i)
		case t.isOp(")") && len(stack) > 0:
			p.match[stack[len(stack)-1]] = i
			stack = stack[:len(stack)-1]
		}
	}
}

func (p *parser) selectCore() QueryBody {
	s := &Select{At: p.here()}
	p.expect("select")
	for done := false; !done; {
		switch {
		case p.is("distinct"):
			p.pos++
			if p.is("on") && p.ahead(1).isOp("(") {
				p.unsupported(p.here(), "DISTINCT ON")
			}
			s.Distinct = true
		case p.is("all"):
			p.pos++
		case p.is("top") && s.Top == nil:
			p.pos++
			if p.isOp("(") {
				p.pos++
				s.Top = p.expr()
				p.expectOp(")")
			} else {
				s.Top = p.primary()
			}
		default:
			done = true
		}
	}
	s.Items = list(p, p.selectItem)
	if p.accept("into") {
		into := &IntoTarget{}
		p.acceptAny("local")
		into.Temp = p.acceptAny("temp", "temporary") != ""
		p.accept("table")
		into.Name = p.qname()
		if into.Name.Last()[0] == '#' {
			into.Temp = true
		}
		p.into = into
	}
	if p.accept("from") {
		s.From = list(p, p.tableExpr)
	}
	if p.accept("where") {
		s.Where = p.expr()
	}
	p.hierarchy(s)
	if p.accept("group", "by") {
		if p.is("all") {
			p.pos++
			s.GroupAll = true
		} else {
			s.GroupBy = list(p, p.groupItem)
		}
	}
	if p.accept("having") {
		s.Having = p.expr()
	}
	if p.accept("qualify") {
		s.Qualify = p.expr()
	}
	return s
}

// hierarchy parses START WITH and CONNECT BY, in either order.
func (p *parser) hierarchy(s *Select) {
	for {
		switch {
		case s.Start == nil && p.accept("start", "with"):
			s.Start = p.expr()
		case s.Connect == nil && p.accept("connect", "by"):
			s.NoCycle = p.accept("nocycle")
			s.Connect = p.expr()
		default:
			return
		}
	}
}

func (p *parser) selectItem() SelectItem {
	x := p.expr()
	if st, ok := x.(*Star); ok {
		if p.accept("exclude") {
			if p.isOp("(") {
				st.Exclude = parens(p, p.label)
			} else {
				st.Exclude = []Ident{p.label()}
			}
		}
		return SelectItem{X: x}
	}
	return SelectItem{X: x, Alias: p.alias()}
}

func (p *parser) groupItem() GroupItem {
	switch {
	case p.is("rollup") && p.ahead(1).isOp("("), p.is("cube") && p.ahead(1).isOp("("):
		kind := p.take().text
		return GroupItem{Kind: kind, Sets: parens(p, p.groupSet)}
	case p.is("grouping", "sets"):
		p.pos += 2
		return GroupItem{Kind: "grouping sets", Sets: parens(p, func() GroupItem {
			if p.isAny("rollup", "cube") && p.ahead(1).isOp("(") || p.is("grouping", "sets") {
				return p.groupItem()
			}
			return p.groupSet()
		})}
	case p.isOp("(") && p.ahead(1).isOp(")"):
		p.pos += 2
		return GroupItem{Kind: "set"}
	}
	return GroupItem{X: p.expr()}
}

// groupSet is one member of ROLLUP, CUBE or GROUPING SETS: an expression or a list of them.
func (p *parser) groupSet() GroupItem {
	if p.isOp("(") && p.ahead(1).isOp(")") {
		p.pos += 2
		return GroupItem{Kind: "set"}
	}
	x := p.expr()
	if r, ok := x.(*Row); ok {
		return GroupItem{Kind: "set", List: r.Items}
	}
	return GroupItem{Kind: "set", List: []Expr{x}}
}

// tableExpr is one comma-separated member of FROM, with its joins.
func (p *parser) tableExpr() TableExpr {
	p.enter()
	defer p.leave()
	l := p.tablePrimary()
	for {
		j := &Join{At: p.here(), Kind: "inner"}
		if p.is("natural") && !p.ahead(1).isOp(",") {
			p.pos++
			j.Natural = true
		}
		switch {
		case p.accept("cross", "join"):
			j.Kind = "cross"
		case p.accept("join"), p.accept("inner", "join"):
		case p.is("left") || p.is("right") || p.is("full"):
			j.Kind = p.take().text
			p.accept("outer")
			p.expect("join")
		default:
			if j.Natural {
				p.fail()
			}
			return l
		}
		j.L, j.R = l, p.tablePrimary()
		if j.Kind != "cross" && !j.Natural {
			switch {
			case p.accept("on"):
				j.On = p.expr()
			case p.accept("using"):
				j.Using = parens(p, p.label)
			default:
				// The condition of a nested join comes after it: a JOIN b JOIN c ON .. ON ..
				if next := p.nestedJoin(j.R); next != nil {
					j.R = next
					if p.accept("on") {
						j.On = p.expr()
					} else {
						p.expect("using")
						j.Using = parens(p, p.label)
					}
				} else {
					p.failHint("expected ON or USING")
				}
			}
		}
		l = j
	}
}

// nestedJoin continues a join whose right side is itself a join, nil if no join starts here.
func (p *parser) nestedJoin(l TableExpr) TableExpr {
	if !p.isAny("join", "inner", "left", "right", "full", "cross", "natural") {
		return nil
	}
	p.enter()
	defer p.leave()
	j := &Join{At: p.here(), Kind: "inner", L: l}
	switch {
	case p.accept("join"), p.accept("inner", "join"):
	case p.is("left") || p.is("right") || p.is("full"):
		j.Kind = p.take().text
		p.accept("outer")
		p.expect("join")
	default:
		p.fail()
	}
	j.R = p.tablePrimary()
	if next := p.nestedJoin(j.R); next != nil {
		j.R = next
	}
	if p.accept("on") {
		j.On = p.expr()
	} else {
		p.expect("using")
		j.Using = parens(p, p.label)
	}
	return j
}

func (p *parser) tablePrimary() TableExpr {
	switch {
	case p.isOp("("):
		if p.queryAhead() {
			d := &Derived{At: p.here(), Query: p.parenQuery()}
			d.Alias = p.tableAlias()
			if d.Alias != nil && p.isOp("(") {
				d.Columns = parens(p, p.label)
			}
			return p.pivot(d)
		}
		p.expectOp("(")
		t := p.tableExpr()
		p.expectOp(")")
		return t
	case p.is("lateral"):
		p.unsupported(p.here(), "LATERAL")
	case p.is("unpivot"):
		u := &Unpivot{At: p.take().start, X: p.postfix(p.primary())}
		p.expect("as")
		u.Alias = p.ident()
		if p.accept("at") {
			id := p.ident()
			u.AtAlias = &id
		}
		return u
	case p.is("only"):
		p.pos++
		return p.tablePrimary()
	}
	if p.ahead(1).isOp("(") && p.tok().kind == tokWord && levelOf(p.tok().text) != wordReserved ||
		p.ahead(1).isOp(".") && p.ahead(3).isOp("(") && p.tok().kind == tokWord {
		return p.tableFunc()
	}
	t := &TableRef{Name: p.qname()}
	if p.isOp("[") { // an element of an array: t.arr[0].items
		x := p.postfix(&ColumnRef{at: at(t.Name.Pos()), Name: t.Name})
		t.Path = x
	}
	t.Alias = p.tableAlias()
	if t.Alias != nil && p.isOp("(") {
		t.Columns = parens(p, p.label)
	}
	if p.accept("at") {
		id := p.ident()
		t.AtAlias = &id
	}
	return p.pivot(t)
}

// pivot takes PIVOT or UNPIVOT after a table, if there is one.
func (p *parser) pivot(t TableExpr) TableExpr {
	pos := p.here()
	switch {
	case p.accept("pivot"):
		v := &Pivot{At: pos, Source: t}
		p.expectOp("(")
		v.Aggs = list(p, func() SelectItem { return SelectItem{X: p.expr(), Alias: p.alias()} })
		p.expect("for")
		v.For = p.label()
		p.expect("in")
		v.Values = parens(p, func() SelectItem { return SelectItem{X: p.expr(), Alias: p.alias()} })
		p.expectOp(")")
		v.Alias = p.tableAlias()
		return v
	case p.accept("unpivot"):
		v := &UnpivotTable{At: pos, Source: t}
		if p.accept("include", "nulls") {
			v.IncludeNulls = true
		} else {
			p.accept("exclude", "nulls")
		}
		p.expectOp("(")
		v.Value = p.label()
		p.expect("for")
		v.For = p.label()
		p.expect("in")
		v.Columns = parens(p, func() SelectItem {
			it := SelectItem{X: p.primary()}
			if p.accept("as") {
				if p.tok().kind == tokString {
					t := p.take()
					it.Alias = &Ident{Name: t.text, Pos: t.start}
				} else {
					id := p.label()
					it.Alias = &id
				}
			}
			return it
		})
		p.expectOp(")")
		v.Alias = p.tableAlias()
		return v
	}
	return t
}

func (p *parser) tableFunc() TableExpr {
	e := p.nameOrCall()
	c, ok := e.(*Call)
	if !ok || c.Over != nil {
		p.fail()
	}
	f := &TableFunc{Call: c}
	if p.is("as") && p.ahead(1).isOp("(") {
		p.pos++
	} else {
		f.Alias = p.tableAlias()
	}
	if p.isOp("(") {
		f.Columns = parens(p, func() RecordColumn {
			col := RecordColumn{Name: p.label()}
			if !p.isOp(",") && !p.isOp(")") {
				n := p.typeName()
				col.Type = &n
			}
			return col
		})
	}
	return f
}
