package sql

import (
	"strconv"
)

// Options of parsing that a session's settings decide.
type Options struct {
	CaseSensitive   bool // enable_case_sensitive_identifier: quoted names keep their case
	NamedParameters bool // the Data API's :name
}

// Parse cuts a text into statements. Empty statements (";;") are dropped. The error is always an *Error.
func Parse(text string) ([]Statement, error) { return ParseWith(text, Options{}) }

// ParseWith is Parse under a session's settings.
func ParseWith(text string, opt Options) ([]Statement, error) {
	toks, err := lex(text, opt)
	if err != nil {
		return nil, asError(err).locate(text)
	}
	p := &parser{text: text, toks: toks, opt: opt}
	var out []Statement
	err = p.guard(func() {
		for {
			for p.acceptOp(";") {
			}
			if p.tok().kind == tokEOF {
				return
			}
			s := p.spanned(p.statement)
			if p.tok().kind != tokEOF && !p.isOp(";") {
				p.fail()
			}
			out = append(out, s)
		}
	})
	if err != nil {
		return nil, asError(err).locate(text)
	}
	return out, nil
}

// parser is a recursive-descent parser over a token list. It fails by panicking with an *Error, which guard turns into a
// return value: no grammar function needs an error path.
type parser struct {
	text   string
	toks   []token
	pos    int
	opt    Options
	depth  int
	params map[string]int // named parameters, numbered as met
	into   *IntoTarget    // SELECT ... INTO of the select being parsed
	match  []int          // closing parenthesis of each opening one
}

func (p *parser) guard(f func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			err = e
		}
	}()
	f()
	return nil
}

// maxDepth bounds nesting, so that a hostile text can't exhaust the stack.
const maxDepth = 600

func (p *parser) enter() {
	p.depth++
	if p.depth > maxDepth {
		panic(errAt(p.tok().start, "54001", "statement is nested too deeply").hint("at most %d levels", maxDepth))
	}
}
func (p *parser) leave() { p.depth-- }

func (p *parser) tok() token { return p.toks[p.pos] }
func (p *parser) ahead(n int) token {
	if p.pos+n < len(p.toks) {
		return p.toks[p.pos+n]
	}
	return p.toks[len(p.toks)-1]
}
func (p *parser) here() int    { return p.tok().start }
func (p *parser) prevEnd() int { return p.toks[max(p.pos-1, 0)].end }

func (p *parser) take() token {
	t := p.tok()
	if t.kind != tokEOF {
		p.pos++
	}
	return t
}

// fail raises a syntax error at the current token.
func (p *parser) fail() { panic(p.syntaxError("")) }

func (p *parser) failHint(hint string) { panic(p.syntaxError(hint)) }

func (p *parser) syntaxError(hint string) *Error {
	t := p.tok()
	e := errAt(t.start, CodeSyntax, "syntax error at or near \"%s\"", clip(p.text[t.start:t.end]))
	if t.kind == tokEOF {
		e.Message = "syntax error at end of input"
	}
	e.Hint = hint
	return e
}

func (p *parser) unsupported(pos int, what string) {
	panic(errAt(pos, CodeNotSupported, "%s is not supported", what))
}

func (t token) is(word string) bool   { return t.kind == tokWord && t.text == word }
func (t token) isOp(op string) bool   { return t.kind == tokOp && t.text == op }
func (p *parser) isOp(op string) bool { return p.tok().isOp(op) }

// is says whether the next tokens are these words.
func (p *parser) is(words ...string) bool {
	for i, w := range words {
		if !p.ahead(i).is(w) {
			return false
		}
	}
	return true
}

func (p *parser) isAny(words ...string) bool {
	for _, w := range words {
		if p.tok().is(w) {
			return true
		}
	}
	return false
}

func (p *parser) accept(words ...string) bool {
	if !p.is(words...) {
		return false
	}
	p.pos += len(words)
	return true
}

// acceptAny takes one of the words and returns it, "" for none.
func (p *parser) acceptAny(words ...string) string {
	for _, w := range words {
		if p.accept(w) {
			return w
		}
	}
	return ""
}

func (p *parser) expect(words ...string) {
	for _, w := range words {
		if !p.accept(w) {
			p.failHint("expected " + upper(w))
		}
	}
}

func (p *parser) expectAny(words ...string) string {
	if w := p.acceptAny(words...); w != "" {
		return w
	}
	list := ""
	for i, w := range words {
		if i > 0 {
			list += ", "
		}
		list += upper(w)
	}
	p.failHint("expected one of " + list)
	return ""
}

func (p *parser) acceptOp(op string) bool {
	if p.isOp(op) {
		p.pos++
		return true
	}
	return false
}

func (p *parser) expectOp(op string) {
	if !p.acceptOp(op) {
		p.failHint("expected " + op)
	}
}

func (p *parser) str() string {
	if p.tok().kind != tokString {
		p.failHint("expected a quoted string")
	}
	return p.take().text
}

func (p *parser) integer() int64 {
	neg := p.acceptOp("-")
	t := p.tok()
	if t.kind != tokNumber {
		p.failHint("expected a number")
	}
	n, err := strconv.ParseInt(t.text, 10, 64)
	if err != nil {
		p.failHint("expected a whole number")
	}
	p.pos++
	if neg {
		return -n
	}
	return n
}

func (p *parser) smallInt() int {
	n := p.integer()
	if n < -1<<31 || n > 1<<31-1 {
		p.pos--
		p.failHint("number out of range")
	}
	return int(n)
}

// isIdent says whether a name may start here.
func (p *parser) isIdent() bool {
	t := p.tok()
	return t.kind == tokQuoted || t.kind == tokWord && levelOf(t.text) == wordFree ||
		t.isOp("#") && p.ahead(1).start == t.end && (p.ahead(1).kind == tokWord)
}

// ident takes a name that is not reserved.
func (p *parser) ident() Ident {
	if !p.isIdent() {
		if t := p.tok(); t.kind == tokWord {
			p.failHint("\"" + t.text + "\" is a reserved word; quote it to use it as a name")
		}
		p.failHint("expected a name")
	}
	t := p.take()
	if t.kind == tokOp { // #temp
		w := p.take()
		return Ident{Name: "#" + w.text, Pos: t.start}
	}
	return Ident{Name: t.text, Pos: t.start, Quoted: t.kind == tokQuoted}
}

// label takes any word: after AS, after a dot, as an option's value.
func (p *parser) label() Ident {
	t := p.tok()
	if t.kind != tokWord && t.kind != tokQuoted {
		p.failHint("expected a name")
	}
	p.pos++
	return Ident{Name: t.text, Pos: t.start, Quoted: t.kind == tokQuoted}
}

// qname takes name[.name...].
func (p *parser) qname() QName {
	q := QName{p.ident()}
	for p.isOp(".") && !p.ahead(1).isOp("*") {
		p.pos++
		q = append(q, p.label())
	}
	return q
}

// paramName is qname where each part may be $n.
func (p *parser) paramName() QName {
	part := func(first bool) Ident {
		if t := p.tok(); t.kind == tokParam {
			p.pos++
			return Ident{Pos: t.start, Param: p.paramNumber(t)}
		}
		if t := p.tok(); t.kind == tokString { // drivers quote names both ways
			p.pos++
			return Ident{Name: t.text, Pos: t.start, Quoted: true}
		}
		if first {
			return p.ident()
		}
		return p.label()
	}
	q := QName{part(true)}
	for p.acceptOp(".") {
		q = append(q, part(false))
	}
	return q
}

func (p *parser) paramNumber(t token) int {
	if t.raw == "$" {
		n, err := strconv.Atoi(t.text)
		if err != nil || n < 1 || n > 32767 {
			panic(errAt(t.start, CodeUndefinedParameter, "there is no parameter $%s", t.text))
		}
		return n
	}
	if p.params == nil {
		p.params = map[string]int{}
	}
	if _, ok := p.params[t.text]; !ok {
		p.params[t.text] = len(p.params) + 1
	}
	return p.params[t.text]
}

func list[T any](p *parser, one func() T) []T {
	out := []T{one()}
	for p.acceptOp(",") {
		out = append(out, one())
	}
	return out
}

// parens takes ( one, one ... ).
func parens[T any](p *parser, one func() T) []T {
	p.expectOp("(")
	out := list(p, one)
	p.expectOp(")")
	return out
}

func (p *parser) alias() *Ident {
	if p.accept("as") {
		id := p.label()
		return &id
	}
	t := p.tok()
	if t.kind == tokQuoted || t.kind == tokWord && levelOf(t.text) == wordFree && !clauseWords[t.text] {
		id := p.label()
		return &id
	}
	return nil
}

// tableAlias is alias, without the words that may follow a table.
func (p *parser) tableAlias() *Ident {
	if p.is("at") || p.isAny("when", "values") {
		return nil
	}
	return p.alias()
}

// spanned runs a statement's grammar and fills its Span.
func (p *parser) spanned(f func() Statement) Statement {
	start := p.here()
	s := f()
	src := s.Source()
	src.Start, src.End = start, p.prevEnd()
	src.Text, src.whole = p.text[start:src.End], p.text
	return s
}

// statement dispatches on the first words. Every known form has a grammar function; nothing is passed through.
func (p *parser) statement() Statement {
	t := p.tok()
	if t.isOp("(") {
		return p.selectStmt()
	}
	if t.kind != tokWord {
		p.fail()
	}
	switch t.text {
	case "select", "values":
		return p.selectStmt()
	case "with":
		return p.withStmt()
	case "insert":
		return p.insertStmt(nil)
	case "update":
		return p.updateStmt(nil)
	case "delete":
		return p.deleteStmt(nil)
	case "merge":
		return p.mergeStmt()
	case "truncate":
		return p.truncateStmt()
	case "create":
		return p.createStmt()
	case "drop":
		return p.dropStmt()
	case "alter":
		return p.alterStmt()
	case "comment":
		return p.commentStmt()
	case "copy":
		return p.copyStmt()
	case "unload":
		return p.unloadStmt()
	case "begin", "start":
		return p.beginStmt()
	case "commit", "end":
		p.pos++
		p.acceptAny("work", "transaction")
		return &CommitStmt{}
	case "rollback", "abort":
		p.pos++
		p.acceptAny("work", "transaction")
		if p.is("to") {
			p.unsupported(p.here(), "SAVEPOINT")
		}
		return &RollbackStmt{}
	case "savepoint", "release":
		p.unsupported(t.start, "SAVEPOINT")
	case "set":
		return p.setStmt()
	case "reset":
		return p.resetStmt()
	case "show":
		return p.showStmt()
	case "prepare":
		return p.prepareStmt()
	case "execute":
		return p.executeStmt()
	case "deallocate":
		return p.deallocateStmt()
	case "declare":
		return p.declareStmt()
	case "fetch":
		return p.fetchStmt()
	case "close":
		return p.closeStmt()
	case "explain":
		return p.explainStmt()
	case "analyze", "analyse":
		return p.analyzeStmt()
	case "vacuum":
		return p.vacuumStmt()
	case "lock":
		p.pos++
		p.accept("table")
		return &LockStmt{Tables: list(p, p.qname)}
	case "grant":
		return p.grantStmt(false)
	case "revoke":
		return p.grantStmt(true)
	case "call":
		p.pos++
		s := &CallStmt{Name: p.qname()}
		p.expectOp("(")
		if !p.isOp(")") {
			s.Args = list(p, p.expr)
		}
		p.expectOp(")")
		return s
	case "use":
		p.pos++
		return &UseStmt{Database: p.ident()}
	case "cancel":
		p.pos++
		s := &CancelStmt{PID: p.integer()}
		if p.tok().kind == tokString {
			s.Message = p.str()
		}
		return s
	case "refresh":
		p.pos++
		p.expect("materialized", "view")
		s := &RefreshViewStmt{Name: p.qname()}
		p.acceptAny("cascade", "restrict")
		return s
	case "attach", "detach", "desc":
		p.unsupported(t.start, upper(t.text))
	}
	p.fail()
	return nil
}
