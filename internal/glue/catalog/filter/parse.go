package filter

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"tarn/api/glue"
	"tarn/internal/awsapi"
)

// deepest bounds nesting, which the model's limit on an expression's length bounds too.
const deepest = 1000

type tokenKind int

const (
	tEnd    tokenKind = iota
	tWord             // a name or keyword
	tQuoted           // a name in "" or ``
	tText             // 'text'
	tNumber
	tSymbol
)

type token struct {
	kind tokenKind
	text string
	at   int // column, from 1
}

type parser struct {
	source string
	tokens []token
	pos    int
	depth  int
	keys   []Key
}

func parse(source string, keys []Key) (node, error) {
	p := &parser{source: source, keys: keys}
	if err := p.lex(); err != nil {
		return nil, err
	}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != tEnd {
		return nil, p.unexpected(t, "AND, OR or the end")
	}
	return n, nil
}

func (p *parser) unsupported(what string) *awsapi.Error {
	return glue.InvalidInputException("Unsupported expression '%s'", what)
}

func (p *parser) unexpected(t token, want string) error {
	got := "the end"
	if t.kind != tEnd {
		got = t.text
	}
	return p.unsupported(p.source).WithHint("Column %d: found %s where %s should be.", t.at, got, want)
}

func isWordStart(r rune) bool { return r == '_' || unicode.IsLetter(r) }
func isDigit(r rune) bool     { return r >= '0' && r <= '9' }

func (p *parser) lex() error {
	s := p.source
	at, counted := 1, 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		at += utf8.RuneCountInString(s[counted:i])
		start := i
		counted = i
		switch {
		case unicode.IsSpace(r):
			i += size
		case r == '\'' || r == '"' || r == '`':
			body, end, ok := quoted(s, i)
			if !ok {
				return p.unsupported(s).WithHint("Column %d: the quote is never closed.", at)
			}
			kind := tQuoted
			if r == '\'' {
				kind = tText
			}
			p.tokens = append(p.tokens, token{kind, body, at})
			i = end
		case isDigit(r) || r == '.' && i+1 < len(s) && isDigit(rune(s[i+1])):
			i = number(s, i)
			p.tokens = append(p.tokens, token{tNumber, s[start:i], at})
		case isWordStart(r):
			for i < len(s) {
				r, size := utf8.DecodeRuneInString(s[i:])
				if !isWordStart(r) && !unicode.IsDigit(r) {
					break
				}
				i += size
			}
			p.tokens = append(p.tokens, token{tWord, s[start:i], at})
		default:
			i += size
			for _, two := range []string{"<>", "!=", "<=", ">="} {
				if strings.HasPrefix(s[start:], two) {
					i = start + 2
				}
			}
			sym := s[start:i]
			if !strings.Contains(" <> != <= >= = < > ( ) , - + ", " "+sym+" ") {
				return p.unsupported(s).WithHint("Column %d: %s is not understood.", at, sym)
			}
			p.tokens = append(p.tokens, token{tSymbol, sym, at})
		}
	}
	p.tokens = append(p.tokens, token{tEnd, "", utf8.RuneCountInString(s) + 1})
	return nil
}

// quoted reads from the quote at i; a doubled quote is one.
func quoted(s string, i int) (body string, end int, ok bool) {
	q := s[i]
	var b strings.Builder
	for i++; i < len(s); i++ {
		if s[i] != q {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == q {
			b.WriteByte(q)
			i++
			continue
		}
		return b.String(), i + 1, true
	}
	return "", 0, false
}

func number(s string, i int) int {
	digits := func() {
		for i < len(s) && isDigit(rune(s[i])) {
			i++
		}
	}
	digits()
	if i < len(s) && s[i] == '.' {
		i++
		digits()
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		if j < len(s) && isDigit(rune(s[j])) {
			i = j
			digits()
		}
	}
	return i
}

func (p *parser) peek() token { return p.tokens[p.pos] }

func (p *parser) next() token {
	t := p.tokens[p.pos]
	if t.kind != tEnd {
		p.pos++
	}
	return t
}

func (p *parser) keyword(words ...string) bool {
	t := p.peek()
	for _, w := range words {
		if t.kind == tWord && strings.EqualFold(t.text, w) {
			return true
		}
	}
	return false
}

func (p *parser) takeKeyword(word string) bool {
	if p.keyword(word) {
		p.pos++
		return true
	}
	return false
}

func (p *parser) symbol(s string) bool {
	t := p.peek()
	return t.kind == tSymbol && t.text == s
}

func (p *parser) takeSymbol(s string) bool {
	if p.symbol(s) {
		p.pos++
		return true
	}
	return false
}

func (p *parser) or() (node, error) {
	left, err := p.and()
	for err == nil && p.takeKeyword("OR") {
		var right node
		right, err = p.and()
		left = &or{left, right}
	}
	return left, err
}

func (p *parser) and() (node, error) {
	left, err := p.not()
	for err == nil && p.takeKeyword("AND") {
		var right node
		right, err = p.not()
		left = &and{left, right}
	}
	return left, err
}

func (p *parser) not() (node, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > deepest {
		return nil, p.unsupported("...").WithHint("It is nested more than %d deep.", deepest)
	}
	if p.takeKeyword("NOT") {
		n, err := p.not()
		return &not{n}, err
	}
	// A parenthesis opens an expression, or stands around a key: then all that are opened here close right behind it.
	if p.symbol("(") && !p.parenthesisedKey() {
		p.pos++
		n, err := p.or()
		if err != nil {
			return nil, err
		}
		if !p.takeSymbol(")") {
			return nil, p.unexpected(p.peek(), ")")
		}
		return n, nil
	}
	return p.test()
}

func (p *parser) parenthesisedKey() bool {
	is := func(i int, s string) bool { return p.tokens[i].kind == tSymbol && p.tokens[i].text == s }
	i, open := p.pos, 0
	for is(i, "(") {
		i++
		// Deeper than the parser goes anyway: no need to look, over and over, how deep.
		if open++; open > deepest {
			return false
		}
	}
	if k := p.tokens[i].kind; k != tWord && k != tQuoted {
		return false
	}
	for i++; open > 0 && is(i, ")"); i++ { // tEnd stops it at the latest
		open--
	}
	return open == 0
}

func (p *parser) test() (node, error) {
	c, err := p.key()
	if err != nil {
		return nil, err
	}
	if p.takeKeyword("IS") {
		negated := p.takeKeyword("NOT")
		if !p.takeKeyword("NULL") {
			return nil, p.unexpected(p.peek(), "NULL")
		}
		return negate(&isNull{c}, negated), nil
	}
	negated := p.takeKeyword("NOT")
	switch {
	case p.takeKeyword("IN"):
		n, err := p.in(c)
		return negate(n, negated), err
	case p.takeKeyword("BETWEEN"):
		low, err := p.literal(c)
		if err != nil {
			return nil, err
		}
		if !p.takeKeyword("AND") {
			return nil, p.unexpected(p.peek(), "AND")
		}
		high, err := p.literal(c)
		return negate(&between{c, low, high}, negated), err
	case p.takeKeyword("LIKE"):
		n, err := p.like(c)
		return negate(n, negated), err
	case negated:
		return nil, p.unexpected(p.peek(), "IN, BETWEEN or LIKE")
	}
	t := p.next()
	if t.kind != tSymbol || !strings.Contains(" = <> != < <= > >= ", " "+t.text+" ") {
		return nil, p.unexpected(t, "a comparison")
	}
	op := t.text
	if op == "!=" {
		op = "<>"
	}
	v, err := p.literal(c)
	return &compare{c, op, v}, err
}

func negate(n node, negated bool) node {
	if negated {
		return &not{n}
	}
	return n
}

func (p *parser) key() (column, error) {
	if p.takeSymbol("(") {
		c, err := p.key()
		if err == nil && !p.takeSymbol(")") {
			err = p.unexpected(p.peek(), ")")
		}
		return c, err
	}
	t := p.next()
	if t.kind != tWord && t.kind != tQuoted {
		return column{}, p.unexpected(t, "a partition key")
	}
	for i, k := range p.keys {
		if strings.EqualFold(k.Name, t.text) {
			kind, ok := kindOf(k.Type)
			if !ok {
				return column{}, glue.InvalidInputException("Unknown type : '%s'", k.Type).
					WithHint("The partition key %s can't be filtered by Glue.", k.Name)
			}
			return column{index: i, name: k.Name, kind: kind}, nil
		}
	}
	e := glue.InvalidInputException("Invalid partition expression!")
	if len(p.keys) == 0 {
		return column{}, e.WithHint("The table is not partitioned.")
	}
	names := make([]string, len(p.keys))
	for i, k := range p.keys {
		names[i] = k.Name
	}
	return column{}, e.WithHint("Column %d: %s is not a partition key; the keys are %s.", t.at, t.text, strings.Join(names, ", "))
}

func (p *parser) in(c column) (node, error) {
	if !p.takeSymbol("(") {
		return nil, p.unexpected(p.peek(), "(")
	}
	n := &in{column: c}
	for {
		v, err := p.literal(c)
		if err != nil {
			return nil, err
		}
		n.list = append(n.list, v)
		if p.takeSymbol(")") {
			return n, nil
		}
		if !p.takeSymbol(",") {
			return nil, p.unexpected(p.peek(), ", or )")
		}
	}
}

func (p *parser) like(c column) (node, error) {
	s, _, err := p.constant()
	if err != nil {
		return nil, err
	}
	if c.kind != text {
		return nil, glue.InvalidInputException("%s data type doesn't support operation 'LIKE'", c.kind.noLike())
	}
	return &like{c, likePattern(s)}, nil
}

// literal reads a constant as a value of the key's type.
func (p *parser) literal(c column) (any, error) {
	s, quoted, err := p.constant()
	if err != nil {
		return nil, err
	}
	if !quoted && (c.kind == date || c.kind == timestamp) {
		_, err := c.kind.parse("")
		return nil, glue.InvalidInputException("%s%s", s, err).WithHint("Write it in single quotes.")
	}
	v, err := c.kind.parse(s)
	if err != nil {
		return nil, glue.InvalidInputException("%s", err)
	}
	return v, nil
}

// constant reads 'text' or a number with its sign.
func (p *parser) constant() (s string, quoted bool, err error) {
	if p.takeSymbol("(") {
		s, quoted, err = p.constant()
		if err == nil && !p.takeSymbol(")") {
			err = p.unexpected(p.peek(), ")")
		}
		return s, quoted, err
	}
	t := p.next()
	switch {
	case t.kind == tText:
		return t.text, true, nil
	case t.kind == tSymbol && (t.text == "-" || t.text == "+") && p.peek().kind == tNumber:
		s = p.next().text
		if t.text == "-" {
			s = "-" + s
		}
	case t.kind == tNumber:
		s = t.text
	default:
		return "", false, p.unexpected(t, "a value")
	}
	return s, false, p.noArithmetic(s)
}

// noArithmetic refuses what an unquoted date is: a subtraction.
func (p *parser) noArithmetic(first string) error {
	parts := []string{first}
	for (p.symbol("-") || p.symbol("+")) && p.tokens[p.pos+1].kind == tNumber {
		parts = append(parts, p.next().text, p.next().text)
	}
	if len(parts) == 1 {
		return nil
	}
	return p.unsupported(strings.Join(parts, " ")).WithHint("Write a date in single quotes.")
}
