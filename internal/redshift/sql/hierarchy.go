package sql

// maxLevel ends a CONNECT BY whose data runs in a circle.
const maxLevel = "1000"

// hierarchy rewrites START WITH ... CONNECT BY to a recursive query: the seed is START WITH, the step joins children to
// PRIOR rows, and WHERE filters the result. LEVEL is a column of the recursive query.
func (c *compiler) hierarchy(q *Query, s *Select) *Query {
	if len(s.From) != 1 {
		panic(errAt(s.At, CodeNotSupported, "CONNECT BY over several tables is not supported").hint("join them in a subquery"))
	}
	if _, ok := s.From[0].(*Join); ok {
		panic(errAt(s.At, CodeNotSupported, "CONNECT BY over a join is not supported").hint("join the tables in a subquery"))
	}
	const cte, prior = "connect by", "prior row"
	alias := Ident{Name: sourceName(s.From[0]), Pos: s.At}
	at0 := at(s.At)
	one := &Literal{at: at0, Kind: LitInteger, Text: "1"}
	level := &ColumnRef{at: at0, Name: QName{{Name: prior, Pos: s.At}, {Name: "level", Pos: s.At}}}
	seed := &Select{At: s.At, From: s.From, Where: s.Start}
	step := &Select{At: s.At, From: []TableExpr{s.From[0], &TableRef{Name: QName{{Name: cte, Pos: s.At}}, Alias: &Ident{Name: prior, Pos: s.At}}}}
	var columns []Ident
	for _, n := range c.peek(s.From[0]) {
		ref := &ColumnRef{at: at0, Name: QName{alias, {Name: n, Pos: s.At}}}
		seed.Items = append(seed.Items, SelectItem{X: ref})
		step.Items = append(step.Items, SelectItem{X: ref})
		columns = append(columns, Ident{Name: n, Pos: s.At})
	}
	columns = append(columns, Ident{Name: "level", Pos: s.At})
	seed.Items = append(seed.Items, SelectItem{X: one})
	step.Items = append(step.Items, SelectItem{X: &Binary{at: at0, Op: "+", L: level, R: one}})
	step.Where = &Binary{at: at0, Op: "and", L: priorColumns(qualify(s.Connect, alias.Name, columns), prior),
		R: &Binary{at: at0, Op: "<", L: level, R: &Literal{at: at0, Kind: LitInteger, Text: maxLevel}}}
	rec := &CTE{Name: Ident{Name: cte, Pos: s.At}, Columns: columns, Query: &Query{At: s.At, Body: &SetOp{At: s.At, Op: "union", All: true, L: seed, R: step}}}
	outer := *s
	outer.Start, outer.Connect = nil, nil
	outer.From = []TableExpr{&TableRef{Name: QName{{Name: cte, Pos: s.At}}, Alias: &alias}}
	out := *q
	out.Body = &outer
	w := &With{Recursive: true}
	if q.With != nil {
		w.CTEs = append(w.CTEs, q.With.CTEs...)
	}
	w.CTEs = append(w.CTEs, rec)
	out.With = w
	return &out
}

// qualify gives the bare columns of a CONNECT BY condition their table, since the prior row has the same names. LEVEL is
// left to the prior row alone.
func qualify(e Expr, table string, columns []Ident) Expr {
	return rewrite(e, func(e Expr) Expr {
		r, ok := e.(*ColumnRef)
		if !ok || len(r.Name) != 1 || r.Name[0].Name == "level" {
			return e
		}
		for _, col := range columns {
			if col.Name == r.Name[0].Name {
				return &ColumnRef{at: r.at, Name: QName{{Name: table, Pos: r.Pos()}, r.Name[0]}}
			}
		}
		return e
	})
}

// priorColumns turns PRIOR x into the prior row's column, and LEVEL into the level of the row being added.
func priorColumns(e Expr, prior string) Expr {
	return rewrite(e, func(e Expr) Expr {
		switch x := e.(type) {
		case *Prior:
			return rewrite(x.X, func(e Expr) Expr {
				if r, ok := e.(*ColumnRef); ok {
					return &ColumnRef{at: r.at, Name: QName{{Name: prior, Pos: r.Pos()}, r.Name[len(r.Name)-1]}}
				}
				return e
			})
		case *ColumnRef:
			if len(x.Name) == 1 && x.Name[0].Name == "level" {
				ref := &ColumnRef{at: x.at, Name: QName{{Name: prior, Pos: x.Pos()}, x.Name[0]}}
				return &Binary{at: x.at, Op: "+", L: ref, R: &Literal{at: x.at, Kind: LitInteger, Text: "1"}}
			}
		}
		return e
	})
}

// rewrite copies the common operators of a condition, replacing what f replaces.
func rewrite(e Expr, f func(Expr) Expr) Expr {
	if out := f(e); out != e {
		return out
	}
	switch x := e.(type) {
	case *Binary:
		y := *x
		y.L, y.R = rewrite(x.L, f), rewrite(x.R, f)
		return &y
	case *Unary:
		y := *x
		y.X = rewrite(x.X, f)
		return &y
	case *IsTest:
		y := *x
		y.X = rewrite(x.X, f)
		return &y
	case *Prior:
		y := *x
		y.X = rewrite(x.X, f)
		return &y
	case *Cast:
		y := *x
		y.X = rewrite(x.X, f)
		return &y
	case *Between:
		y := *x
		y.X, y.Lo, y.Hi = rewrite(x.X, f), rewrite(x.Lo, f), rewrite(x.Hi, f)
		return &y
	case *Call:
		y := *x
		y.Args = nil
		for _, a := range x.Args {
			y.Args = append(y.Args, rewrite(a, f))
		}
		return &y
	}
	return e
}
