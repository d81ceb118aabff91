package sql

// outerMarks rewrites Oracle's a.x = b.y(+) to LEFT JOIN: the conditions that mark one optional table become the ON of
// its join. It returns the FROM and the WHERE to compile.
func outerMarks(s *Select) ([]TableExpr, Expr) {
	if s.Where == nil || !hasOuter(s.Where) {
		return s.From, s.Where
	}
	var rest Expr
	conds := map[string]Expr{}
	var order []string
	and := func(a, b Expr) Expr {
		if a == nil {
			return b
		}
		return &Binary{at: at(b.Pos()), Op: "and", L: a, R: b}
	}
	for _, e := range conjuncts(s.Where) {
		if !hasOuter(e) {
			rest = and(rest, e)
			continue
		}
		plain, table := stripOuter(e)
		if table == "" {
			panic(errAt(e.Pos(), CodeSyntax, "the outer join operator (+) must stand on the columns of one table, qualified by its name, in a comparison"))
		}
		if conds[table] == nil {
			order = append(order, table)
		}
		conds[table] = and(conds[table], plain)
	}
	var from []TableExpr
	names := map[string]TableExpr{}
	for _, t := range s.From {
		r, ok := t.(*TableRef)
		d, isDerived := t.(*Derived)
		name := ""
		switch {
		case ok:
			name = aliasOf(r.Alias, r.Name.Last())
		case isDerived && d.Alias != nil:
			name = d.Alias.Name
		default:
			panic(errAt(s.At, CodeSyntax, "the outer join operator (+) can't be used together with JOIN"))
		}
		if conds[name] != nil {
			names[name] = t
			continue
		}
		from = append(from, t)
	}
	if len(names) != len(order) || len(from) == 0 {
		panic(errAt(s.Where.Pos(), CodeSyntax, "the outer join operator (+) needs another table that is not optional"))
	}
	left := from[0]
	for _, t := range from[1:] {
		left = &Join{At: s.At, Kind: "cross", L: left, R: t}
	}
	for _, n := range order {
		left = &Join{At: s.At, Kind: "left", L: left, R: names[n], On: conds[n]}
	}
	return []TableExpr{left}, rest
}

func conjuncts(e Expr) []Expr {
	if b, ok := e.(*Binary); ok && b.Op == "and" {
		return append(conjuncts(b.L), conjuncts(b.R)...)
	}
	return []Expr{e}
}

func hasOuter(e Expr) bool {
	switch e := e.(type) {
	case *Outer:
		return true
	case *Binary:
		return hasOuter(e.L) || hasOuter(e.R)
	case *Unary:
		return hasOuter(e.X)
	case *IsTest:
		return hasOuter(e.X)
	case *Between:
		return hasOuter(e.X) || hasOuter(e.Lo) || hasOuter(e.Hi)
	case *Call:
		for _, a := range e.Args {
			if hasOuter(a) {
				return true
			}
		}
	case *Cast:
		return hasOuter(e.X)
	case *InList:
		return hasOuter(e.X)
	case *Like:
		return hasOuter(e.X)
	}
	return false
}

// stripOuter removes the marks from a condition and says which table they stood on; "" if that isn't one table.
func stripOuter(e Expr) (Expr, string) {
	table, bad := "", false
	var strip func(Expr) Expr
	strip = func(e Expr) Expr {
		switch x := e.(type) {
		case *Outer:
			r, ok := x.X.(*ColumnRef)
			if !ok || len(r.Name) < 2 {
				bad = true
				return e
			}
			n := r.Name[len(r.Name)-2].Name
			if table != "" && table != n {
				bad = true
			}
			table = n
			return r
		case *Binary:
			if x.Op == "or" {
				bad = true
			}
			y := *x
			y.L, y.R = strip(x.L), strip(x.R)
			return &y
		case *IsTest:
			y := *x
			y.X = strip(x.X)
			return &y
		case *Between:
			y := *x
			y.X, y.Lo, y.Hi = strip(x.X), strip(x.Lo), strip(x.Hi)
			return &y
		case *Call:
			y := *x
			y.Args = nil
			for _, a := range x.Args {
				y.Args = append(y.Args, strip(a))
			}
			return &y
		case *Cast:
			y := *x
			y.X = strip(x.X)
			return &y
		case *Like:
			y := *x
			y.X = strip(x.X)
			return &y
		case *InList, *Unary:
			if hasOuter(e) {
				bad = true
			}
		}
		return e
	}
	out := strip(e)
	if bad {
		return e, ""
	}
	return out, table
}
