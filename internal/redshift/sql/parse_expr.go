package sql

import "strings"

// Binding levels, loosest first. They are PostgreSQL 8's, but all comparisons share one level.
const (
	bindOr = iota + 1
	bindAnd
	bindNot
	bindCompare
	bindLike
	bindOther
	bindIs
	bindAdd
	bindMul
	bindPow
	bindZone
	bindUnary
)

func (p *parser) expr() Expr { return p.exprAt(bindOr) }

// infix is the binary operator at the current token and its level; level 0 means none.
func (p *parser) infix() (op string, level int) {
	t := p.tok()
	switch t.kind {
	case tokWord:
		switch t.text {
		case "or":
			return "or", bindOr
		case "and":
			return "and", bindAnd
		case "like", "ilike", "similar", "between", "in", "overlaps":
			return t.text, bindLike
		case "not":
			if n := p.ahead(1); n.is("like") || n.is("ilike") || n.is("similar") || n.is("between") || n.is("in") {
				return n.text, bindLike
			}
		case "is", "isnull", "notnull":
			return t.text, bindIs
		case "at":
			if p.ahead(1).is("time") {
				return "at", bindZone
			}
		case "collate":
			return "collate", bindUnary
		case "operator":
			if p.ahead(1).isOp("(") {
				return "operator", bindOther
			}
		}
	case tokOp:
		switch t.text {
		case "=", "<", ">", "<=", ">=", "<>", "!=":
			return t.text, bindCompare
		case "+", "-":
			return t.text, bindAdd
		case "*", "/", "%":
			return t.text, bindMul
		case "^":
			return t.text, bindPow
		case "||", "~", "~*", "!~", "!~*", "~~", "~~*", "!~~", "!~~*", "&", "|", "#", "<<", ">>":
			return t.text, bindOther
		}
	}
	return "", 0
}

func (p *parser) exprAt(min int) Expr {
	p.enter()
	defer p.leave()
	l := p.prefix()
	for {
		op, level := p.infix()
		if level == 0 || level < min {
			return l
		}
		l = p.infixTail(l, op, level)
	}
}

func (p *parser) infixTail(l Expr, op string, level int) Expr {
	pos := at(l.Pos())
	opPos := at(p.here())
	switch op {
	case "like", "ilike", "similar", "between", "in":
		not := p.accept("not")
		p.pos++
		return p.predicate(l, op, not)
	case "overlaps":
		p.pos++
		return &Binary{at: opPos, Op: "overlaps", L: l, R: p.exprAt(bindLike + 1)}
	case "isnull", "notnull":
		p.pos++
		return &IsTest{at: pos, X: l, What: "null", Not: op == "notnull"}
	case "is":
		p.pos++
		not := p.accept("not")
		return &IsTest{at: pos, X: l, What: p.expectAny("null", "true", "false", "unknown"), Not: not}
	case "at":
		p.expect("at", "time", "zone")
		return &AtTimeZone{at: pos, X: l, Zone: p.exprAt(bindZone + 1)}
	case "collate":
		p.pos++
		q := QName{p.label()}
		for p.acceptOp(".") {
			q = append(q, p.label())
		}
		return &Collate{at: pos, X: l, Name: q}
	case "operator": // OPERATOR(pg_catalog.~)
		p.pos += 2
		if p.tok().kind == tokWord && p.ahead(1).isOp(".") {
			p.pos += 2
		}
		real, level := p.infix()
		if p.tok().kind != tokOp || level == 0 {
			p.fail()
		}
		p.pos++
		p.expectOp(")")
		return p.operate(l, real, opPos, bindOther)
	case "or", "and":
		p.pos++
		return &Binary{at: opPos, Op: op, L: l, R: p.exprAt(level + 1)}
	}
	p.pos++
	return p.operate(l, op, opPos, level)
}

// operate parses the right side of an operator, which may be ANY or ALL.
func (p *parser) operate(l Expr, op string, opPos at, level int) Expr {
	switch op {
	case "!=":
		op = "<>"
	case "~~":
		return &Like{at: at(l.Pos()), X: l, Pattern: p.exprAt(level + 1), Kind: "like"}
	case "~~*":
		return &Like{at: at(l.Pos()), X: l, Pattern: p.exprAt(level + 1), Kind: "ilike"}
	case "!~~":
		return &Like{at: at(l.Pos()), X: l, Pattern: p.exprAt(level + 1), Kind: "like", Not: true}
	case "!~~*":
		return &Like{at: at(l.Pos()), X: l, Pattern: p.exprAt(level + 1), Kind: "ilike", Not: true}
	}
	if p.isAny("any", "some", "all") && p.ahead(1).isOp("(") {
		q := &Quantified{at: opPos, X: l, Op: op, All: p.take().text == "all"}
		if p.queryAhead() {
			q.Query = p.parenQuery()
		} else {
			p.expectOp("(")
			q.Array = p.expr()
			p.expectOp(")")
		}
		return q
	}
	return &Binary{at: opPos, Op: op, L: l, R: p.exprAt(level + 1)}
}

func (p *parser) predicate(l Expr, op string, not bool) Expr {
	pos := at(l.Pos())
	switch op {
	case "between":
		b := &Between{at: pos, X: l, Not: not}
		b.Symmetric = p.accept("symmetric")
		p.accept("asymmetric")
		b.Lo = p.exprAt(bindOther)
		p.expect("and")
		b.Hi = p.exprAt(bindOther)
		return b
	case "in":
		if p.queryAhead() {
			return &InQuery{at: pos, X: l, Query: p.parenQuery(), Not: not}
		}
		return &InList{at: pos, X: l, List: parens(p, p.expr), Not: not}
	case "similar":
		p.expect("to")
	}
	e := &Like{at: pos, X: l, Kind: op, Not: not, Pattern: p.exprAt(bindOther)}
	if p.accept("escape") {
		e.Escape = p.exprAt(bindOther)
	}
	return e
}

func (p *parser) prefix() Expr {
	t := p.tok()
	pos := at(t.start)
	if t.is("not") {
		p.pos++
		return &Unary{at: pos, Op: "not", X: p.exprAt(bindNot)}
	}
	if t.is("prior") && !p.endsOperand(p.ahead(1)) {
		p.pos++
		return &Prior{at: pos, X: p.exprAt(bindUnary)}
	}
	if t.kind == tokOp {
		switch t.text {
		case "-", "+":
			p.pos++
			x := p.exprAt(bindUnary)
			if t.text == "+" {
				return &Unary{at: pos, Op: "+", X: x}
			}
			return negate(pos, x)
		case "~", "@", "|/", "||/", "!!":
			p.pos++
			return &Unary{at: pos, Op: t.text, X: p.exprAt(bindIs)}
		}
	}
	return p.postfix(p.primary())
}

// endsOperand says whether a word before t must have been a whole operand.
func (p *parser) endsOperand(t token) bool {
	switch t.kind {
	case tokEOF:
		return true
	case tokOp:
		return t.text != "("
	case tokWord:
		return levelOf(t.text) == wordReserved
	}
	return false
}

// negate folds the sign into a literal, also below a cast: -9223372036854775808::bigint is in range only so.
func negate(pos at, x Expr) Expr {
	switch e := x.(type) {
	case *Literal:
		if (e.Kind == LitInteger || e.Kind == LitDecimal || e.Kind == LitFloat) && !strings.HasPrefix(e.Text, "-") {
			return &Literal{at: pos, Kind: e.Kind, Text: "-" + e.Text}
		}
	case *Cast:
		if l, ok := e.X.(*Literal); ok && l.Kind == LitInteger && !strings.HasPrefix(l.Text, "-") {
			return &Cast{at: pos, X: &Literal{at: pos, Kind: l.Kind, Text: "-" + l.Text}, Type: e.Type}
		}
	}
	return &Unary{at: pos, Op: "-", X: x}
}

func (p *parser) postfix(x Expr) Expr {
	for {
		switch {
		case p.isOp("::"):
			p.pos++
			x = &Cast{at: at(x.Pos()), X: x, Type: p.typeName()}
		case p.isOp("["):
			p.pos++
			i := p.expr()
			p.expectOp("]")
			x = &Subscript{at: at(x.Pos()), X: x, Index: i}
		case p.isOp(".") && (p.ahead(1).kind == tokWord || p.ahead(1).kind == tokQuoted):
			p.pos++
			x = &Field{at: at(x.Pos()), X: x, Name: p.label()}
		case p.isOp("(") && p.ahead(1).isOp("+") && p.ahead(2).isOp(")"):
			p.pos += 3
			x = &Outer{at: at(x.Pos()), X: x}
		default:
			return x
		}
	}
}

// bareCalls are functions that are called without parentheses.
var bareCalls = wordSet(`current_date current_time current_timestamp current_user current_user_id session_user user sysdate
	localtime localtimestamp`)

func (p *parser) primary() Expr {
	t := p.tok()
	pos := at(t.start)
	switch t.kind {
	case tokNumber:
		p.pos++
		kind := LitInteger
		if strings.ContainsAny(t.text, "eE") {
			kind = LitFloat
		} else if strings.Contains(t.text, ".") {
			kind = LitDecimal
		}
		return &Literal{at: pos, Kind: kind, Text: t.text}
	case tokString:
		p.pos++
		return &Literal{at: pos, Kind: LitString, Text: t.text}
	case tokParam:
		p.pos++
		prm := &Param{at: pos, N: p.paramNumber(t)}
		if t.raw == ":" {
			prm.Name = t.text
		}
		return prm
	case tokOp:
		switch t.text {
		case "(":
			return p.paren()
		case "*":
			p.pos++
			return &Star{at: pos}
		}
		p.fail()
	case tokQuoted:
		return p.nameOrCall()
	case tokWord:
		return p.word()
	}
	p.fail()
	return nil
}

func (p *parser) paren() Expr {
	pos := at(p.here())
	if p.queryAhead() {
		return &Subquery{at: pos, Query: p.parenQuery()}
	}
	p.expectOp("(")
	items := list(p, p.expr)
	p.expectOp(")")
	if len(items) == 1 {
		return items[0]
	}
	return &Row{at: pos, Items: items}
}

func (p *parser) word() Expr {
	t := p.tok()
	pos := at(t.start)
	next := p.ahead(1)
	switch t.text {
	case "null":
		p.pos++
		return &Literal{at: pos, Kind: LitNull}
	case "true", "false":
		p.pos++
		return &Literal{at: pos, Kind: LitBool, Text: t.text}
	case "default":
		p.pos++
		return &Default{at: pos}
	case "case":
		return p.caseExpr()
	case "cast", "try_cast":
		if next.isOp("(") {
			p.pos += 2
			x := p.expr()
			p.expect("as")
			c := &Cast{at: pos, X: x, Type: p.typeName(), Try: t.text == "try_cast"}
			p.expectOp(")")
			return c
		}
	case "convert":
		if next.isOp("(") {
			p.pos += 2
			typ := p.typeName()
			p.expectOp(",")
			c := &Cast{at: pos, X: p.expr(), Type: typ}
			p.expectOp(")")
			return c
		}
	case "exists":
		if next.isOp("(") {
			p.pos++
			if !p.queryAhead() {
				p.fail()
			}
			return &Exists{at: pos, Query: p.parenQuery()}
		}
	case "array":
		p.pos++
		if p.acceptOp("[") {
			a := &ArrayLit{at: pos}
			if !p.isOp("]") {
				a.Items = list(p, p.expr)
			}
			p.expectOp("]")
			return a
		}
		if p.queryAhead() {
			return &ArrayQuery{at: pos, Query: p.parenQuery()}
		}
		return p.callTail(QName{{Name: "array", Pos: t.start}}, pos)
	case "row":
		if next.isOp("(") {
			p.pos++
			return &Row{at: pos, Items: parens(p, p.expr)}
		}
	case "interval":
		if next.kind == tokString {
			return p.interval()
		}
	case "approximate":
		if next.kind == tokWord && p.ahead(2).isOp("(") {
			p.pos++
			e := p.nameOrCall()
			c, ok := e.(*Call)
			if !ok {
				p.fail()
			}
			c.Approximate = true
			return c
		}
	}
	if bareCalls[t.text] {
		p.pos++
		if p.isOp("(") && p.ahead(1).isOp(")") {
			p.pos += 2
		} else if p.isOp("(") && p.ahead(1).kind == tokNumber && p.ahead(2).isOp(")") { // CURRENT_TIMESTAMP(3)
			p.pos += 3
		}
		return &Call{at: pos, Name: QName{{Name: t.text, Pos: t.start}}, Bare: true}
	}
	if e := p.typedLiteral(); e != nil {
		return e
	}
	if levelOf(t.text) == wordReserved || levelOf(t.text) == wordFunction && !next.isOp("(") {
		p.fail()
	}
	return p.nameOrCall()
}

// typedLiteral parses DATE '2024-01-31' and the like, nil if there is none here.
func (p *parser) typedLiteral() Expr {
	t := p.tok()
	if _, ok := typeWords[t.text]; !ok || t.kind != tokWord {
		return nil
	}
	save := p.pos
	n := 1
	switch {
	case (t.text == "time" || t.text == "timestamp") && (p.ahead(1).is("with") || p.ahead(1).is("without")) && p.ahead(2).is("time"):
		n = 4
	case t.text == "double" && p.ahead(1).is("precision"), t.text == "character" && p.ahead(1).is("varying"):
		n = 2
	}
	if p.ahead(n).isOp("(") && p.ahead(n+1).kind == tokNumber && p.ahead(n+2).isOp(")") {
		n += 3
	}
	if p.ahead(n).kind != tokString {
		return nil
	}
	typ := p.typeName()
	if p.tok().kind != tokString {
		p.pos = save
		return nil
	}
	s := p.take()
	return &Cast{at: at(t.start), X: &Literal{at: at(s.start), Kind: LitString, Text: s.text}, Type: typ}
}

var intervalFields = wordSet(`year years month months day days hour hours minute minutes second seconds week weeks
	millisecond milliseconds microsecond microseconds quarter quarters decade century millennium`)

func (p *parser) interval() Expr {
	e := &Interval{at: at(p.here()), Prec: -1}
	p.expect("interval")
	e.Text = p.str()
	if t := p.tok(); t.kind == tokWord && intervalFields[t.text] {
		e.From = t.text
		p.pos++
		prec := func() {
			if p.isOp("(") && p.ahead(1).kind == tokNumber {
				p.pos++
				e.Prec = p.smallInt()
				p.expectOp(")")
			}
		}
		prec()
		if p.accept("to") {
			if t := p.tok(); t.kind != tokWord || !intervalFields[t.text] {
				p.fail()
			}
			e.To = p.take().text
			prec()
		}
	}
	return e
}

func (p *parser) caseExpr() Expr {
	e := &Case{at: at(p.here())}
	p.expect("case")
	if !p.is("when") {
		e.Operand = p.expr()
	}
	for p.accept("when") {
		c := p.expr()
		p.expect("then")
		e.Whens = append(e.Whens, When{c, p.expr()})
	}
	if len(e.Whens) == 0 {
		p.expect("when")
	}
	if p.accept("else") {
		e.Else = p.expr()
	}
	p.expect("end")
	return e
}

// nameOrCall parses a qualified name, name.* or a call.
func (p *parser) nameOrCall() Expr {
	pos := at(p.here())
	q := QName{p.label()}
	for p.isOp(".") {
		if p.ahead(1).isOp("*") {
			p.pos += 2
			return &Star{at: pos, Table: q}
		}
		if n := p.ahead(1); n.kind != tokWord && n.kind != tokQuoted {
			p.pos++
			p.failHint("expected a name after the dot")
		}
		p.pos++
		q = append(q, p.label())
	}
	if p.isOp("(") && !(p.ahead(1).isOp("+") && p.ahead(2).isOp(")")) {
		return p.callTail(q, pos)
	}
	return &ColumnRef{at: pos, Name: q}
}

func (p *parser) callTail(q QName, pos at) Expr {
	p.enter()
	defer p.leave()
	c := &Call{at: pos, Name: q}
	p.expectOp("(")
	if len(q) == 1 && p.specialArgs(c) {
		p.expectOp(")")
		return p.callSuffix(c)
	}
	switch {
	case p.isOp("*") && p.ahead(1).isOp(")"):
		p.pos++
		c.Star = true
	case p.isOp(")"):
	default:
		if p.accept("distinct") {
			c.Distinct = true
		} else {
			p.accept("all")
		}
		c.Args = list(p, p.expr)
		if p.accept("order", "by") {
			c.OrderBy = list(p, p.orderItem)
		}
		if p.acceptNulls(c) && !p.isOp(")") {
			p.fail()
		}
	}
	p.expectOp(")")
	return p.callSuffix(c)
}

func (p *parser) acceptNulls(c *Call) bool {
	switch {
	case p.accept("ignore", "nulls"):
		c.IgnoreNulls = true
	case p.accept("respect", "nulls"):
	default:
		return false
	}
	return true
}

func (p *parser) callSuffix(c *Call) Expr {
	if p.accept("within", "group") {
		p.expectOp("(")
		p.expect("order", "by")
		c.Within = list(p, p.orderItem)
		p.expectOp(")")
	}
	p.acceptNulls(c)
	if p.is("filter") && p.ahead(1).isOp("(") {
		p.unsupported(p.here(), "the FILTER clause")
	}
	if p.accept("over") {
		if !p.isOp("(") {
			p.unsupported(p.here(), "a named window")
		}
		c.Over = p.window()
	}
	return c
}

// specialArgs parses argument lists that have words in them; false means a plain list.
func (p *parser) specialArgs(c *Call) bool {
	pos := at(p.here())
	switch c.Name[0].Name {
	case "extract":
		if p.ahead(1).is("from") {
			t := p.take()
			if t.kind != tokWord && t.kind != tokString && t.kind != tokQuoted {
				p.pos--
				p.failHint("expected a date part")
			}
			p.expect("from")
			c.Args = []Expr{&Literal{at: pos, Kind: LitString, Text: t.text}, p.expr()}
			return true
		}
	case "position":
		if p.isOp(")") {
			return false
		}
		a := p.exprAt(bindOther)
		if p.accept("in") {
			c.Args = []Expr{a, p.expr()}
		} else {
			p.expectOp(",")
			c.Args = []Expr{a, p.expr()}
		}
		return true
	case "substring":
		if p.isOp(")") {
			return false
		}
		c.Args = []Expr{p.expr()}
		switch {
		case p.accept("from"):
			c.Args = append(c.Args, p.expr())
			if p.accept("for") {
				c.Args = append(c.Args, p.expr())
			}
		case p.accept("for"):
			c.Args = append(c.Args, &Literal{at: pos, Kind: LitInteger, Text: "1"}, p.expr())
		default:
			for p.acceptOp(",") {
				c.Args = append(c.Args, p.expr())
			}
		}
		return true
	case "trim":
		if p.isOp(")") {
			return false
		}
		name := "btrim"
		switch p.acceptAny("both", "leading", "trailing") {
		case "leading":
			name = "ltrim"
		case "trailing":
			name = "rtrim"
		}
		var chars, s Expr
		if p.accept("from") {
			s = p.expr()
		} else {
			s = p.expr()
			if p.accept("from") {
				chars, s = s, p.expr()
			} else if p.acceptOp(",") {
				chars = p.expr()
			}
		}
		c.Name = QName{{Name: name, Pos: c.Name[0].Pos}}
		c.Args = []Expr{s}
		if chars != nil {
			c.Args = append(c.Args, chars)
		}
		return true
	}
	return false
}

func (p *parser) window() *Window {
	w := &Window{}
	p.expectOp("(")
	if p.accept("partition", "by") {
		w.Partition = list(p, p.expr)
	}
	if p.accept("order", "by") {
		w.Order = list(p, p.orderItem)
	}
	if unit := p.acceptAny("rows", "range"); unit != "" {
		f := &Frame{Unit: unit}
		if p.accept("between") {
			f.From = p.frameBound()
			p.expect("and")
			f.To = p.frameBound()
		} else {
			f.From = p.frameBound()
			f.To = FrameBound{Kind: "current row"}
		}
		w.Frame = f
	}
	p.expectOp(")")
	return w
}

func (p *parser) frameBound() FrameBound {
	switch {
	case p.accept("current", "row"):
		return FrameBound{Kind: "current row"}
	case p.accept("unbounded"):
		return FrameBound{Kind: "unbounded " + p.expectAny("preceding", "following")}
	}
	n := p.exprAt(bindAdd)
	return FrameBound{Kind: p.expectAny("preceding", "following"), N: n}
}

func (p *parser) orderItem() OrderItem {
	o := OrderItem{X: p.expr()}
	if p.acceptAny("asc", "desc") == "desc" {
		o.Desc = true
	}
	if p.accept("nulls") {
		first := p.expectAny("first", "last") == "first"
		o.NullsFirst = &first
	}
	return o
}

// typeName parses a type with its modifiers.
func (p *parser) typeName() TypeName {
	n := TypeName{Pos: p.here()}
	t := p.tok()
	if t.kind == tokQuoted && t.text == "char" {
		p.pos++
		n.Name = `"char"`
	} else {
		if t.kind == tokWord && levelOf(t.text) == wordReserved && t.text != "interval" && t.text != "binary" {
			p.failHint("expected a type")
		}
		id := p.label()
		if id.Name == "pg_catalog" && p.acceptOp(".") {
			id = p.label()
			if id.Quoted && id.Name == "char" {
				id.Name = `"char"`
			}
		}
		n.Name = id.Name
	}
	switch n.Name {
	case "double":
		if p.accept("precision") {
			n.Name = "double precision"
		}
	case "character", "char", "nchar", "binary":
		if p.accept("varying") {
			n.Name += " varying"
			if n.Name == "nchar varying" {
				n.Name = "character varying"
			}
		}
	case "national":
		p.expectAny("character", "char")
		n.Name = "character"
		if p.accept("varying") {
			n.Name = "character varying"
		}
	case "interval":
		if t := p.tok(); t.kind == tokWord && intervalFields[t.text] {
			p.pos++
			n.Qual = strings.TrimSuffix(t.text, "s")
			if p.accept("to") {
				n.Qual += " to " + strings.TrimSuffix(p.label().Name, "s")
			}
		}
	}
	if p.isOp("(") && (p.ahead(1).kind == tokNumber || p.ahead(1).is("max")) {
		p.pos++
		if p.accept("max") {
			n.Max = true
		} else {
			n.Args = list(p, p.smallInt)
		}
		p.expectOp(")")
	}
	if n.Name == "time" || n.Name == "timestamp" {
		if p.is("with", "time", "zone") || p.is("without", "time", "zone") {
			n.Name += " " + p.take().text + " time zone"
			p.pos += 2
		}
	}
	for p.isOp("[") && p.ahead(1).isOp("]") {
		p.pos += 2
		n.Array = true
	}
	return n
}
