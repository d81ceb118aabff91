package expression

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxSource = 250_000 // characters, QuickSight's own limit
	maxDepth  = 250     // nested levels; each becomes up to five of DuckDB's
)

// Parse reads an expression. An error is an *Error.
func Parse(src string) (Node, error) {
	start := Pos{Line: 1, Column: 1}
	if len(src) > maxSource {
		return nil, fail(TooComplex, start, "split it into several calculated fields", "the expression has more than %d characters", maxSource)
	}
	if !utf8.ValidString(src) {
		return nil, fail(Syntax, start, "", "the expression is not valid UTF-8")
	}
	p := &parser{lex: lexer{src: src, pos: start}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind == tokenEnd {
		return nil, fail(Syntax, p.tok.pos, "write a field, a function or a value", "the expression is empty")
	}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokenEnd {
		return nil, p.unexpected("an operator or the end")
	}
	return n, nil
}

type parser struct {
	lex   lexer
	tok   token
	depth int
}

func (p *parser) advance() error {
	t, err := p.lex.next()
	if err != nil {
		return err
	}
	p.tok = t
	return nil
}

func (p *parser) unexpected(wanted string) error {
	return fail(Syntax, p.tok.pos, "", "expected %s, found %s", wanted, p.tok.describe())
}

func (p *parser) isWord(w string) bool {
	return p.tok.kind == tokenName && strings.EqualFold(p.tok.text, w)
}
func (p *parser) isSymbol(s string) bool {
	return p.tok.kind == tokenSymbol && p.tok.text == s
}

func (p *parser) expect(symbol string) error {
	if !p.isSymbol(symbol) {
		return p.unexpected("'" + symbol + "'")
	}
	return p.advance()
}

// enter guards the recursion; each enter is followed by a deferred leave.
func (p *parser) enter() error {
	p.depth++
	if p.depth > maxDepth {
		return fail(TooComplex, p.tok.pos, "split it into several calculated fields", "the expression is nested more than %d levels deep", maxDepth)
	}
	return nil
}

func (p *parser) leave() { p.depth-- }

func (p *parser) or() (Node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	return p.chain(p.and, func() string {
		if p.isWord("OR") {
			return "OR"
		}
		return ""
	})
}

func (p *parser) and() (Node, error) {
	return p.chain(p.not, func() string {
		if p.isWord("AND") {
			return "AND"
		}
		return ""
	})
}

// chain parses operand (op operand)*, left to right.
func (p *parser) chain(operand func() (Node, error), op func() string) (Node, error) {
	left, err := operand()
	if err != nil {
		return nil, err
	}
	for o := op(); o != ""; o = op() {
		pos := p.tok.pos
		if err := p.advance(); err != nil {
			return nil, err
		}
		right, err := operand()
		if err != nil {
			return nil, err
		}
		left = &Binary{Pos: pos, Op: o, Left: left, Right: right}
	}
	return left, nil
}

func (p *parser) not() (Node, error) {
	if !p.isWord("NOT") {
		return p.comparison()
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	pos := p.tok.pos
	if err := p.advance(); err != nil {
		return nil, err
	}
	x, err := p.not()
	if err != nil {
		return nil, err
	}
	return &Unary{Pos: pos, Op: "NOT", X: x}, nil
}

func (p *parser) comparisonOperator() string {
	if p.tok.kind != tokenSymbol {
		return ""
	}
	switch p.tok.text {
	case "=", "==":
		return "="
	case "<>", "!=":
		return "<>"
	case "<", "<=", ">", ">=":
		return p.tok.text
	}
	return ""
}

func (p *parser) comparison() (Node, error) {
	left, err := p.sum()
	if err != nil {
		return nil, err
	}
	pos := p.tok.pos
	if op := p.comparisonOperator(); op != "" {
		if err := p.advance(); err != nil {
			return nil, err
		}
		right, err := p.sum()
		if err != nil {
			return nil, err
		}
		if p.comparisonOperator() != "" {
			return nil, fail(Syntax, p.tok.pos, "join them with AND", "comparisons cannot be chained")
		}
		return &Binary{Pos: pos, Op: op, Left: left, Right: right}, nil
	}
	not := p.isWord("NOT")
	if !not && !p.isWord("IN") {
		return left, nil
	}
	if not {
		if err := p.advance(); err != nil {
			return nil, err
		}
		if !p.isWord("IN") {
			return nil, p.unexpected("IN")
		}
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	list, err := p.primary()
	if err != nil {
		return nil, err
	}
	return &In{Pos: pos, X: left, List: list, Not: not}, nil
}

func (p *parser) symbolOf(set string) func() string {
	return func() string {
		if p.tok.kind == tokenSymbol && len(p.tok.text) == 1 && strings.Contains(set, p.tok.text) {
			return p.tok.text
		}
		return ""
	}
}

func (p *parser) sum() (Node, error)     { return p.chain(p.product, p.symbolOf("+-")) }
func (p *parser) product() (Node, error) { return p.chain(p.unary, p.symbolOf("*/%")) }

func (p *parser) unary() (Node, error) {
	if !p.isSymbol("-") && !p.isSymbol("+") {
		return p.power()
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	pos, op := p.tok.pos, p.tok.text
	if err := p.advance(); err != nil {
		return nil, err
	}
	x, err := p.unary()
	if err != nil || op == "+" {
		return x, err
	}
	return &Unary{Pos: pos, Op: "-", X: x}, nil
}

func (p *parser) power() (Node, error) {
	base, err := p.primary()
	if err != nil || !p.isSymbol("^") {
		return base, err
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	pos := p.tok.pos
	if err := p.advance(); err != nil {
		return nil, err
	}
	exponent, err := p.unary()
	if err != nil {
		return nil, err
	}
	return &Binary{Pos: pos, Op: "^", Left: base, Right: exponent}, nil
}

func (p *parser) primary() (Node, error) {
	t := p.tok
	if t.kind == tokenSymbol {
		switch t.text {
		case "(":
			if err := p.advance(); err != nil {
				return nil, err
			}
			n, err := p.or()
			if err != nil {
				return nil, err
			}
			return n, p.expect(")")
		case "[":
			return p.list()
		}
		return nil, p.unexpected("a value, a field or a function")
	}
	if t.kind == tokenEnd || t.kind == tokenDollar {
		return nil, p.unexpected("a value, a field or a function")
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	switch t.kind {
	case tokenNumber:
		kind := Integer
		if _, err := strconv.ParseInt(t.text, 10, 64); err != nil { // also when it has more digits than 64 bits hold
			kind = Decimal
		}
		return &Literal{Pos: t.pos, Type: kind, Text: t.text}, nil
	case tokenString:
		return &Literal{Pos: t.pos, Type: String, Text: t.text}, nil
	case tokenField:
		return &FieldRef{Pos: t.pos, Name: t.text}, nil
	case tokenParameter:
		return &ParameterRef{Pos: t.pos, Name: t.text}, nil
	}
	if p.isSymbol("(") {
		return p.call(t)
	}
	switch strings.ToUpper(t.text) {
	case "NULL":
		return &Literal{Pos: t.pos, Type: Null}, nil
	case "TRUE", "FALSE":
		return &Literal{Pos: t.pos, Type: Boolean, Text: strings.ToUpper(t.text)}, nil
	case "AND", "OR", "NOT", "IN":
		return nil, fail(Syntax, t.pos, "write a field of that name as {"+t.text+"}", "expected a value, a field or a function, found '%s'", t.text)
	}
	return &FieldRef{Pos: t.pos, Name: t.text}, nil
}

func (p *parser) call(name token) (Node, error) {
	call := &Call{Pos: name.pos, Name: name.text}
	if err := p.advance(); err != nil {
		return nil, err
	}
	for !p.isSymbol(")") {
		if len(call.Args) > 0 {
			if !p.isSymbol(",") {
				return nil, p.unexpected("',' or ')'")
			}
			if err := p.advance(); err != nil {
				return nil, err
			}
		}
		arg, err := p.or()
		if err != nil {
			return nil, err
		}
		call.Args = append(call.Args, arg)
	}
	return call, p.advance()
}

func (p *parser) list() (Node, error) {
	list := &List{Pos: p.tok.pos}
	if err := p.advance(); err != nil {
		return nil, err
	}
	for !p.isSymbol("]") {
		if len(list.Items) > 0 {
			if !p.isSymbol(",") {
				return nil, p.unexpected("',' or ']'")
			}
			if err := p.advance(); err != nil {
				return nil, err
			}
		}
		item, err := p.listItem()
		if err != nil {
			return nil, err
		}
		list.Items = append(list.Items, item)
	}
	return list, p.advance()
}

func (p *parser) listItem() (ListItem, error) {
	var it ListItem
	if (p.tok.kind == tokenDollar || p.tok.kind == tokenParameter) && strings.EqualFold(p.tok.text, "visualDimensions") {
		it.VisualDimensions = true
		return it, p.advance()
	}
	if p.isSymbol("!") {
		it.Except = true
		if err := p.advance(); err != nil {
			return it, err
		}
	}
	x, err := p.or()
	if err != nil {
		return it, err
	}
	it.X = x
	if p.isWord("ASC") || p.isWord("DESC") {
		it.Direction = strings.ToUpper(p.tok.text)
		err = p.advance()
	}
	return it, err
}
