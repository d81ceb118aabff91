package sql

import (
	"strconv"
	"strings"
)

// expr compiles an expression. It keeps the flags of what is inside on the value and adds them to the enclosing
// expression's; a whole expression that equals a GROUP BY key is no longer free.
func (c *compiler) expr(e Expr) value {
	c.depth++
	if c.depth > maxDepth {
		panic(errAt(e.Pos(), "54001", "statement is nested too deeply"))
	}
	save := c.f
	c.f = flags{}
	v := c.exprNode(e)
	if c.scope != nil && c.scope.trimmed[v.sql] != "" {
		v.sql, v.blank = c.scope.trimmed[v.sql], false
	}
	if c.f.free != nil && c.scope != nil && c.scope.keys[v.sql] {
		c.f.free = nil
	}
	v.flags, v.pos = c.f, e.Pos()
	c.f = save
	c.f.merge(v.flags)
	c.depth--
	return v
}

func (c *compiler) exprNode(e Expr) value {
	switch e := e.(type) {
	case *Literal:
		return literal(e)
	case *ColumnRef:
		return c.columnRef(e)
	case *Param:
		return c.paramRef(e)
	case *Unary:
		return c.unary(e)
	case *Binary:
		return c.binary(e)
	case *IsTest:
		return c.isTest(e)
	case *Between:
		return c.between(e)
	case *InList:
		return c.inList(e)
	case *InQuery:
		return c.inQuery(e)
	case *Like:
		return c.like(e)
	case *Quantified:
		return c.quantified(e)
	case *Exists:
		out := c.subquery(e.Query)
		c.settleColumns(out)
		return value{sql: "EXISTS (" + out.text() + ")", typ: Bool}
	case *Subquery:
		return c.scalarQuery(e.Query, e.Pos())
	case *ArrayQuery:
		out := c.subquery(e.Query)
		c.settleColumns(out)
		cols := out.columns()
		if len(cols) != 1 {
			panic(errAt(e.Pos(), CodeSyntax, "subquery must return only one column"))
		}
		return value{sql: "ARRAY(" + out.text() + ")", typ: ArrayOf(cols[0].typ.Kind)}
	case *ArrayLit:
		return c.arrayLit(e)
	case *Case:
		return c.caseExpr(e)
	case *Cast:
		return c.cast(e)
	case *Call:
		return c.call(e)
	case *Interval:
		return c.interval(e)
	case *AtTimeZone:
		return c.atTimeZone(c.expr(e.X), c.expr(e.Zone))
	case *Collate:
		return c.collate(e)
	case *Subscript:
		return c.subscript(e)
	case *Field:
		return c.superField(c.expr(e.X), e.Name)
	case *Row:
		var parts []string
		for _, x := range e.Items {
			parts = append(parts, c.settle(c.expr(x)).sql)
		}
		return value{sql: "(" + strings.Join(parts, ", ") + ")", typ: Type{Kind: KRecord}}
	case *Star:
		panic(errAt(e.Pos(), CodeSyntax, "syntax error at or near \"*\""))
	case *Default:
		panic(errAt(e.Pos(), CodeSyntax, "DEFAULT is not allowed in this context"))
	case *Outer:
		panic(errAt(e.Pos(), CodeSyntax, "the outer join operator (+) is only allowed in WHERE, on a column of a table in FROM"))
	case *Prior:
		panic(errAt(e.Pos(), CodeSyntax, "PRIOR is only allowed in CONNECT BY"))
	}
	panic(errAt(e.Pos(), CodeNotSupported, "this expression is not supported"))
}

func literal(e *Literal) value {
	switch e.Kind {
	case LitNull:
		return value{sql: "NULL", typ: Unknown, lit: e}
	case LitBool:
		return value{sql: e.Text, typ: Bool, lit: e}
	case LitInteger:
		return integerLiteral(e)
	case LitDecimal:
		return decimalLiteral(e)
	case LitFloat:
		return value{sql: e.Text, typ: Float8, lit: e}
	}
	return value{sql: quoteText(e.Text), typ: Unknown, lit: e, blank: strings.HasSuffix(e.Text, " ")}
}

func integerLiteral(e *Literal) value {
	if n, err := strconv.ParseInt(e.Text, 10, 64); err == nil {
		text := strconv.FormatInt(n, 10)
		if int64(int32(n)) == n {
			return value{sql: text, typ: Int4, lit: e}
		}
		return value{sql: "CAST(" + text + " AS BIGINT)", typ: Int8, lit: e}
	}
	digits := strings.TrimLeft(strings.TrimPrefix(e.Text, "-"), "0")
	if len(digits) > 38 {
		panic(errAt(e.Pos(), CodeNumericRange, "numeric literal has more than 38 digits"))
	}
	t := Decimal(len(digits), 0)
	return value{sql: "CAST(" + quoteText(e.Text) + " AS " + t.DuckDB() + ")", typ: t, lit: e}
}

func decimalLiteral(e *Literal) value {
	whole, frac, _ := strings.Cut(strings.TrimPrefix(e.Text, "-"), ".")
	whole = strings.TrimLeft(whole, "0")
	p := max(len(whole)+len(frac), 1)
	if p > 38 || len(frac) > 37 {
		panic(errAt(e.Pos(), CodeNumericRange, "numeric literal has more than 38 digits"))
	}
	t := Decimal(p, len(frac))
	text := e.Text
	if strings.HasSuffix(text, ".") {
		text += "0"
	}
	if whole == "" || len(frac) == 0 || strings.HasPrefix(text, ".") {
		return value{sql: "CAST(" + quoteText(e.Text) + " AS " + t.DuckDB() + ")", typ: t, lit: e}
	}
	return value{sql: text, typ: t, lit: e}
}

func (c *compiler) paramRef(e *Param) value {
	for len(c.params) < e.N {
		c.params = append(c.params, Unknown)
	}
	t := c.params[e.N-1]
	if t.Kind == KUnknown {
		return value{sql: "$" + strconv.Itoa(e.N), typ: Unknown, param: e.N, blank: c.ses.ParamBlanks}
	}
	return value{sql: "CAST($" + strconv.Itoa(e.N) + " AS " + t.DuckDB() + ")", typ: t, blank: t.IsText() && c.ses.ParamBlanks}
}

// settle gives an untyped value the type it has when nothing else decides: text.
func (c *compiler) settle(v value) value {
	if v.typ.Kind == KUnknown {
		n := MaxVarchar
		if v.lit != nil {
			n = min(max(len(v.lit.Text), 1), MaxVarchar)
		}
		return c.castTo(v, Varchar(n))
	}
	return v
}

// scalarQuery is a subquery used as a value.
func (c *compiler) scalarQuery(q *Query, pos int) value {
	out := c.subquery(q)
	c.settleColumns(out)
	cols := out.columns()
	if len(cols) != 1 {
		panic(errAt(pos, CodeSyntax, "subquery must return only one column"))
	}
	return value{sql: "(" + out.text() + ")", typ: cols[0].typ, blank: cols[0].blank}
}

func (c *compiler) isTest(e *IsTest) value {
	v := c.expr(e.X)
	not := ""
	if e.Not {
		not = "NOT "
	}
	if e.What == "null" {
		if v.typ.Kind == KSuper {
			v.sql = "nullif(" + v.sql + ", 'null')"
		}
		return value{sql: "(" + c.settle(v).sql + " IS " + not + "NULL)", typ: Bool}
	}
	v = c.boolean(v, "IS "+upper(e.What))
	if e.What == "unknown" {
		return value{sql: "(" + v.sql + " IS " + not + "NULL)", typ: Bool}
	}
	return value{sql: "(" + v.sql + " IS " + not + upper(e.What) + ")", typ: Bool}
}

func (c *compiler) between(e *Between) value {
	x, lo, hi := c.expr(e.X), c.expr(e.Lo), c.expr(e.Hi)
	cond := func(lo, hi value) string {
		return c.compare(">=", x, lo, e.Pos()).sql + " AND " + c.compare("<=", x, hi, e.Pos()).sql
	}
	s := "(" + cond(lo, hi) + ")"
	if e.Symmetric {
		s = "(" + cond(lo, hi) + " OR " + cond(hi, lo) + ")"
	} else if a, b := c.compare(">=", x, lo, e.Pos()), c.compare("<=", x, hi, e.Pos()); a.left == b.left {
		s = "(" + a.left + " BETWEEN " + a.right + " AND " + b.right + ")"
	}
	if e.Not {
		s = "(NOT " + s + ")"
	}
	return value{sql: s, typ: Bool}
}

func (c *compiler) inList(e *InList) value {
	x := c.expr(e.X)
	not := ""
	if e.Not {
		not = "NOT "
	}
	if r, ok := e.X.(*Row); ok {
		return c.rowInList(r, e, not)
	}
	// Members of one kind go into one IN; a member that needs its own conversion of x becomes a comparison.
	var groups []struct {
		left  string
		right []string
	}
	for _, m := range e.List {
		cmp := c.compare("=", x, c.expr(m), m.Pos())
		if n := len(groups); n > 0 && groups[n-1].left == cmp.left {
			groups[n-1].right = append(groups[n-1].right, cmp.right)
			continue
		}
		groups = append(groups, struct {
			left  string
			right []string
		}{cmp.left, []string{cmp.right}})
	}
	var parts []string
	for _, g := range groups {
		parts = append(parts, "("+g.left+" "+not+"IN ("+strings.Join(g.right, ", ")+"))")
	}
	if len(parts) == 1 {
		return value{sql: parts[0], typ: Bool}
	}
	op := " OR "
	if e.Not {
		op = " AND "
	}
	return value{sql: "(" + strings.Join(parts, op) + ")", typ: Bool}
}

func (c *compiler) rowInList(r *Row, e *InList, not string) value {
	var alts []string
	for _, m := range e.List {
		rr, ok := m.(*Row)
		if !ok || len(rr.Items) != len(r.Items) {
			panic(errAt(m.Pos(), CodeSyntax, "unequal number of entries in row expressions"))
		}
		alts = append(alts, c.rowCompare("=", r, rr))
	}
	s := "(" + strings.Join(alts, " OR ") + ")"
	if not != "" {
		s = "(NOT " + s + ")"
	}
	return value{sql: s, typ: Bool}
}

// rowCompare compares rows member by member.
func (c *compiler) rowCompare(op string, l, r *Row) string {
	var parts []string
	for i := range l.Items {
		lv, rv := c.expr(l.Items[i]), c.expr(r.Items[i])
		switch op {
		case "=":
			parts = append(parts, c.compare("=", lv, rv, l.Pos()).sql)
		case "<>":
			parts = append(parts, c.compare("<>", lv, rv, l.Pos()).sql)
		}
	}
	if op == "<>" {
		return "(" + strings.Join(parts, " OR ") + ")"
	}
	return "(" + strings.Join(parts, " AND ") + ")"
}

func (c *compiler) inQuery(e *InQuery) value {
	not := ""
	if e.Not {
		not = "NOT "
	}
	lhs := []Expr{e.X}
	if r, ok := e.X.(*Row); ok {
		lhs = r.Items
	}
	var left []string
	var vals []value
	for _, x := range lhs {
		vals = append(vals, c.expr(x))
	}
	out := c.subquery(e.Query)
	cols := out.columns()
	if len(cols) != len(lhs) {
		if len(cols) > len(lhs) {
			panic(errAt(e.Query.At, CodeSyntax, "subquery has too many columns"))
		}
		panic(errAt(e.Query.At, CodeSyntax, "subquery has too few columns"))
	}
	for i, v := range vals {
		l, r := c.comparable(v, value{sql: "", typ: cols[i].typ, pos: e.Query.At, blank: cols[i].blank}, "=", e.Pos())
		if r.typ != cols[i].typ {
			out.coerce(i, r.typ)
		}
		left = append(left, l.sql)
	}
	s := left[0]
	if len(left) > 1 {
		s = "(" + strings.Join(left, ", ") + ")"
	}
	return value{sql: "(" + s + " " + not + "IN (" + out.text() + "))", typ: Bool}
}

func (c *compiler) quantified(e *Quantified) value {
	x := c.expr(e.X)
	word := " ANY "
	if e.All {
		word = " ALL "
	}
	if e.Query != nil {
		out := c.subquery(e.Query)
		cols := out.columns()
		if len(cols) != 1 {
			panic(errAt(e.Query.At, CodeSyntax, "subquery has too many columns"))
		}
		l, r := c.comparable(x, value{typ: cols[0].typ, pos: e.Query.At}, e.Op, e.Pos())
		if r.typ != cols[0].typ {
			out.coerce(0, r.typ)
		}
		return value{sql: "(" + l.sql + " " + e.Op + word + "(" + out.text() + "))", typ: Bool}
	}
	arr := c.expr(e.Array)
	if arr.lit != nil && arr.typ.Kind == KUnknown {
		arr = c.arrayText(arr, ArrayOf(c.settle(x).typ.Kind))
	}
	elem := Type{Kind: arr.typ.Elem}
	switch arr.typ.Kind {
	case KArray:
	case KInt2Vector:
		elem = Int2
	case KOIDVector:
		elem = OIDT
	default:
		panic(errAt(arr.pos, CodeTypeMismatch, "op ANY/ALL (array) requires array on right side"))
	}
	l, _ := c.comparable(x, value{typ: elem, pos: arr.pos}, e.Op, e.Pos())
	return value{sql: "(" + l.sql + " " + e.Op + word + "(" + arr.sql + "))", typ: Bool}
}

func (c *compiler) arrayLit(e *ArrayLit) value {
	t := Unknown
	var vals []value
	for _, x := range e.Items {
		v := c.expr(x)
		u, ok := commonType(t, v.typ)
		if !ok {
			panic(errAt(x.Pos(), CodeTypeMismatch, "ARRAY types %s and %s cannot be matched", t.BaseName(), v.typ.BaseName()))
		}
		t = u
		vals = append(vals, v)
	}
	if t.Kind == KUnknown {
		t = TextT
	}
	var parts []string
	for _, v := range vals {
		parts = append(parts, c.castTo(v, t).sql)
	}
	return value{sql: "CAST([" + strings.Join(parts, ", ") + "] AS " + Type{Kind: t.Kind}.DuckDB() + "[])", typ: ArrayOf(t.Kind)}
}

// arrayText reads an array literal such as '{a,b}'.
func (c *compiler) arrayText(v value, t Type) value {
	s := strings.TrimSpace(v.lit.Text)
	if !strings.HasPrefix(s, "{") || !strings.HasSuffix(s, "}") {
		panic(errAt(v.pos, CodeInvalidText, "array value must start with \"{\" or dimension information"))
	}
	elem := Type{Kind: t.Elem, Len: MaxVarchar}
	var parts []string
	if body := s[1 : len(s)-1]; strings.TrimSpace(body) != "" {
		for m := range strings.SplitSeq(body, ",") {
			m = strings.Trim(strings.TrimSpace(m), `"`)
			if foldASCII(m) == "null" {
				parts = append(parts, "NULL")
				continue
			}
			parts = append(parts, c.castTo(value{sql: quoteText(m), typ: Unknown, lit: &Literal{at: at(v.pos), Kind: LitString, Text: m}, pos: v.pos}, elem).sql)
		}
	}
	return value{sql: "CAST([" + strings.Join(parts, ", ") + "] AS " + t.DuckDB() + ")", typ: t, pos: v.pos}
}

func (c *compiler) caseExpr(e *Case) value {
	t := Unknown
	var thens []value
	add := func(x Expr) {
		v := c.expr(x)
		u, ok := commonType(t, v.typ)
		if !ok {
			panic(errAt(x.Pos(), CodeTypeMismatch, "CASE types %s and %s cannot be matched", t.BaseName(), v.typ.BaseName()))
		}
		t = u
		thens = append(thens, v)
	}
	var conds []string
	var operand value
	if e.Operand != nil {
		operand = c.expr(e.Operand)
	}
	for _, w := range e.Whens {
		if e.Operand != nil {
			conds = append(conds, c.compare("=", operand, c.expr(w.Cond), w.Cond.Pos()).sql)
		} else {
			conds = append(conds, c.boolean(c.expr(w.Cond), "CASE/WHEN").sql)
		}
		add(w.Then)
	}
	if e.Else != nil {
		add(e.Else)
	}
	if t.Kind == KUnknown {
		t = c.unknownText(thens)
	}
	var b strings.Builder
	b.WriteString("CASE")
	blank := false
	for i, cond := range conds {
		v := c.castTo(thens[i], t)
		blank = blank || v.blank
		b.WriteString(" WHEN " + cond + " THEN " + v.sql)
	}
	if e.Else != nil {
		v := c.castTo(thens[len(thens)-1], t)
		blank = blank || v.blank
		b.WriteString(" ELSE " + v.sql)
	}
	b.WriteString(" END")
	return value{sql: b.String(), typ: t, blank: blank}
}

// unknownText is the text type for a set of untyped values.
func (c *compiler) unknownText(vals []value) Type {
	n := 1
	for _, v := range vals {
		if v.lit != nil {
			n = max(n, len(v.lit.Text))
		} else if v.param > 0 {
			n = MaxVarchar
		}
	}
	return Varchar(min(n, MaxVarchar))
}

func (c *compiler) collate(e *Collate) value {
	v := c.settle(c.expr(e.X))
	switch e.Name.Last() {
	case "default", "case_sensitive", "c", "C", "posix", "POSIX":
		return v
	case "case_insensitive":
		v.sql = "(" + v.sql + " COLLATE NOCASE)"
		return v
	}
	panic(errAt(e.Name.Pos(), CodeUndefinedObject, "collation \"%s\" does not exist", e.Name.Last()))
}

func (c *compiler) subscript(e *Subscript) value {
	x, i := c.expr(e.X), c.expr(e.Index)
	switch x.typ.Kind {
	case KSuper:
		if l := i.lit; l != nil && l.Kind == LitInteger {
			return superPath(x, "["+l.Text+"]")
		}
		i = c.implicit(i, Int8)
		return value{sql: "rs_super_null(json_extract(" + x.sql + ", '$[' || " + i.sql + " || ']'))", typ: Super}
	case KArray:
		return value{sql: x.sql + "[" + c.implicit(i, Int8).sql + "]", typ: elemType(x.typ)}
	case KInt2Vector, KOIDVector: // these count from 0
		t := Int2
		if x.typ.Kind == KOIDVector {
			t = OIDT
		}
		return value{sql: x.sql + "[" + c.implicit(i, Int8).sql + " + 1]", typ: t}
	}
	panic(errAt(e.Pos(), CodeTypeMismatch, "cannot subscript type %s", x.typ.BaseName()))
}

func elemType(t Type) Type {
	switch t.Elem {
	case KVarchar, KText:
		return Type{Kind: t.Elem, Len: MaxVarchar}
	case KName:
		return NameT
	}
	return Type{Kind: t.Elem}
}

// superField is x.name of a SUPER value.
func (c *compiler) superField(v value, n Ident) value {
	if v.typ.Kind != KSuper {
		panic(errAt(n.Pos, CodeTypeMismatch, "cannot navigate into \"%s\": type %s is not SUPER", n.Name, v.typ.BaseName()))
	}
	return superPath(v, "."+`"`+strings.ReplaceAll(n.Name, `"`, `\"`)+`"`)
}

// superPath extends a path into a SUPER value; steps on the same value become one path.
func superPath(v value, step string) value {
	const open = "rs_super_null(json_extract("
	if strings.HasPrefix(v.sql, open) && strings.HasSuffix(v.sql, "'))") && strings.Count(v.sql, open) == 1 {
		v.sql = strings.TrimSuffix(v.sql, "'))") + strings.ReplaceAll(step, "'", "''") + "'))"
		v.col = nil
		return v
	}
	return value{sql: open + v.sql + ", '$" + strings.ReplaceAll(step, "'", "''") + "'))", typ: Super, pos: v.pos}
}
