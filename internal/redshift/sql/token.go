package sql

import (
	"strings"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokEOF    tokenKind = iota
	tokWord             // an unquoted identifier or key word; text is folded to lower case
	tokQuoted           // "quoted" identifier; text has the quotes undone
	tokString           // 'text'; text has the quotes and escapes undone
	tokNumber
	tokParam // $1: text "1"; :name (only when asked for): text "name"
	tokOp    // operators and punctuation
)

// token is one lexical element. start and end are byte offsets into the source.
type token struct {
	kind       tokenKind
	text       string
	start, end int
	raw        string // strings: between the quotes, with only the doubled quote undone; words: as written
}

// lexer cuts a text into tokens. It keeps no state between texts.
type lexer struct {
	text string
	pos  int
	opt  Options
	toks []token
}

// operators, longest first so that the first match is the right one.
var operators = []string{
	"!~~*", "||/", "!~~", "!~*", "~~*", "::", ":=", "<=", ">=", "<>", "!=", "||", "|/", "!~", "~~", "~*", "<<", ">>", "!!", "=>",
	"+", "-", "*", "/", "%", "^", "=", "<", ">", "~", "!", "@", "#", "&", "|", "(", ")", "[", "]", ",", ";", ".", ":", "?", "{", "}",
}

func lex(text string, opt Options) ([]token, error) {
	l := &lexer{text: text, opt: opt}
	if i := strings.IndexByte(text, 0); i >= 0 {
		return nil, errAt(i, CodeNoCharacter, "invalid byte sequence for encoding \"UTF8\": 0x00")
	}
	for {
		if err := l.space(); err != nil {
			return nil, err
		}
		if l.pos >= len(text) {
			l.toks = append(l.toks, token{kind: tokEOF, start: len(text), end: len(text)})
			return l.toks, nil
		}
		if err := l.next(); err != nil {
			return nil, err
		}
	}
}

// space skips blanks and comments; /* */ comments nest.
func (l *lexer) space() error {
	for l.pos < len(l.text) {
		rest := l.text[l.pos:]
		switch {
		case strings.HasPrefix(rest, "--"):
			if i := strings.IndexByte(rest, '\n'); i >= 0 {
				l.pos += i + 1
			} else {
				l.pos = len(l.text)
			}
		case strings.HasPrefix(rest, "/*"):
			start, depth := l.pos, 0
			for {
				switch rest := l.text[l.pos:]; {
				case rest == "":
					return errAt(start, CodeSyntax, "unterminated /* comment")
				case strings.HasPrefix(rest, "/*"):
					depth++
					l.pos += 2
				case strings.HasPrefix(rest, "*/"):
					depth--
					l.pos += 2
				default:
					l.pos++
				}
				if depth == 0 {
					break
				}
			}
		case rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\n' || rest[0] == '\r' || rest[0] == '\f' || rest[0] == '\v':
			l.pos++
		case strings.HasPrefix(rest, "\ufeff") && l.pos == 0, strings.HasPrefix(rest, "\u00a0"):
			_, n := firstRune(rest)
			l.pos += n
		default:
			return nil
		}
	}
	return nil
}

func (l *lexer) add(kind tokenKind, text string, start int, raw string) {
	l.toks = append(l.toks, token{kind: kind, text: text, start: start, end: l.pos, raw: raw})
}

func (l *lexer) next() error {
	start, c := l.pos, l.text[l.pos]
	switch {
	case c == '\'':
		return l.str(start)
	case (c == 'e' || c == 'E' || c == 'n' || c == 'N') && l.at(1) == '\'':
		l.pos++
		return l.str(start)
	case c == '"':
		return l.quoted(start)
	case isDigit(c) || c == '.' && isDigit(l.at(1)):
		return l.number(start)
	case isIdentStart(c):
		for l.pos < len(l.text) && isIdentPart(l.text[l.pos]) {
			l.pos++
		}
		raw := l.text[start:l.pos]
		l.add(tokWord, cutName(foldASCII(raw)), start, raw)
		return nil
	case c == '$':
		return l.dollar(start)
	case c == ':' && l.opt.NamedParameters && isIdentStart(l.at(1)) && !l.afterColon():
		l.pos++
		for l.pos < len(l.text) && isIdentPart(l.text[l.pos]) && l.text[l.pos] != '$' {
			l.pos++
		}
		l.add(tokParam, l.text[start+1:l.pos], start, ":")
		return nil
	}
	for _, op := range operators {
		if strings.HasPrefix(l.text[l.pos:], op) {
			l.pos += len(op)
			l.add(tokOp, op, start, op)
			return nil
		}
	}
	r, _ := firstRune(l.text[l.pos:])
	return errAt(start, CodeSyntax, "syntax error at or near \"%c\"", r)
}

func (l *lexer) afterColon() bool { return l.pos > 0 && l.text[l.pos-1] == ':' }

func (l *lexer) at(n int) byte {
	if l.pos+n < len(l.text) {
		return l.text[l.pos+n]
	}
	return 0
}

// str reads '...'. As in PostgreSQL 8, a backslash escapes in plain strings too.
func (l *lexer) str(start int) error {
	l.pos++
	var b, raw strings.Builder
	for {
		if l.pos >= len(l.text) {
			return errAt(start, CodeSyntax, "unterminated quoted string at or near \"%s\"", clip(l.text[start:]))
		}
		c := l.text[l.pos]
		switch {
		case c == '\'' && l.at(1) == '\'':
			b.WriteByte('\'')
			raw.WriteByte('\'')
			l.pos += 2
		case c == '\'':
			l.pos++
			l.add(tokString, b.String(), start, raw.String())
			return nil
		case c == '\\' && l.pos+1 < len(l.text):
			from := l.pos
			if err := l.escape(&b); err != nil {
				return err
			}
			raw.WriteString(l.text[from:l.pos])
		default:
			b.WriteByte(c)
			raw.WriteByte(c)
			l.pos++
		}
	}
}

func (l *lexer) escape(b *strings.Builder) error {
	l.pos++
	c := l.text[l.pos]
	start := l.pos - 1
	l.pos++
	switch {
	case c == 'n':
		b.WriteByte('\n')
	case c == 't':
		b.WriteByte('\t')
	case c == 'r':
		b.WriteByte('\r')
	case c == 'b':
		b.WriteByte('\b')
	case c == 'f':
		b.WriteByte('\f')
	case c >= '0' && c <= '7':
		v := int(c - '0')
		for i := 0; i < 2 && l.pos < len(l.text) && l.text[l.pos] >= '0' && l.text[l.pos] <= '7'; i++ {
			v = v*8 + int(l.text[l.pos]-'0')
			l.pos++
		}
		return l.escapedByte(b, v, start)
	case c == 'x' && isHex(l.at(0)):
		v := 0
		for i := 0; i < 2 && isHex(l.at(0)); i++ {
			v = v*16 + hexVal(l.text[l.pos])
			l.pos++
		}
		return l.escapedByte(b, v, start)
	default:
		b.WriteByte(c)
	}
	return nil
}

// escapedByte takes ASCII alone: a lone byte above it would make the text invalid UTF-8. NUL stands for itself only in
// the raw text, where COPY's NULL AS looks for it.
func (l *lexer) escapedByte(b *strings.Builder, v, start int) error {
	if v > 0x7f {
		return errAt(start, CodeNoCharacter, "invalid byte sequence for encoding \"UTF8\": 0x%02x", v&0xff)
	}
	if v != 0 {
		b.WriteByte(byte(v))
	}
	return nil
}

func (l *lexer) quoted(start int) error {
	l.pos++
	var b strings.Builder
	for {
		if l.pos >= len(l.text) {
			return errAt(start, CodeSyntax, "unterminated quoted identifier at or near \"%s\"", clip(l.text[start:]))
		}
		c := l.text[l.pos]
		if c == '"' {
			if l.at(1) != '"' {
				break
			}
			l.pos++
		}
		b.WriteByte(c)
		l.pos++
	}
	l.pos++
	if b.Len() == 0 {
		return errAt(start, CodeSyntax, "zero-length delimited identifier at or near \"\"\"\"")
	}
	raw := b.String()
	name := raw
	if !l.opt.CaseSensitive {
		name = foldASCII(raw)
	}
	l.add(tokQuoted, cutName(name), start, raw)
	return nil
}

func (l *lexer) number(start int) error {
	digits := func() {
		for l.pos < len(l.text) && isDigit(l.text[l.pos]) {
			l.pos++
		}
	}
	digits()
	if l.at(0) == '.' && l.at(1) != '.' {
		l.pos++
		digits()
	}
	if c := l.at(0); c == 'e' || c == 'E' {
		n := 1
		if s := l.at(1); s == '+' || s == '-' {
			n = 2
		}
		if isDigit(l.at(n)) {
			l.pos += n
			digits()
		}
	}
	if l.pos < len(l.text) && isIdentStart(l.text[l.pos]) {
		return errAt(start, CodeSyntax, "syntax error at or near \"%s\"", clip(l.text[start:l.pos+1])).hint("a name can't start with a digit, and a number must be followed by a blank")
	}
	l.add(tokNumber, l.text[start:l.pos], start, "")
	return nil
}

// dollar reads $1, $$text$$ and $tag$text$tag$.
func (l *lexer) dollar(start int) error {
	if isDigit(l.at(1)) {
		l.pos++
		for l.pos < len(l.text) && isDigit(l.text[l.pos]) {
			l.pos++
		}
		l.add(tokParam, l.text[start+1:l.pos], start, "$")
		return nil
	}
	i := l.pos + 1
	for i < len(l.text) && l.text[i] != '$' && isIdentPart(l.text[i]) {
		i++
	}
	if i >= len(l.text) || l.text[i] != '$' {
		return errAt(start, CodeSyntax, "syntax error at or near \"$\"")
	}
	tag := l.text[l.pos : i+1]
	body := l.text[i+1:]
	n := strings.Index(body, tag)
	if n < 0 {
		return errAt(start, CodeSyntax, "unterminated dollar-quoted string at or near \"%s\"", clip(l.text[start:]))
	}
	l.pos = i + 1 + n + len(tag)
	l.add(tokString, body[:n], start, body[:n])
	return nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isHex(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
func hexVal(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case c >= 'a':
		return int(c-'a') + 10
	}
	return int(c-'A') + 10
}
func isIdentStart(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
func isIdentPart(c byte) bool { return isIdentStart(c) || isDigit(c) || c == '$' }

func firstRune(s string) (rune, int) { return utf8.DecodeRuneInString(s) }

// foldASCII lower-cases A-Z alone, as Redshift folds identifiers.
func foldASCII(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= 'A' && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if b[i] >= 'A' && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

// maxName is the longest identifier in bytes; longer ones are cut at a character.
const maxName = 127

func cutName(s string) string {
	if len(s) <= maxName {
		return s
	}
	n := maxName
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n]
}

func clip(s string) string {
	const n = 30
	if len(s) <= n {
		return s
	}
	i := n
	for i > 0 && s[i]&0xc0 == 0x80 {
		i--
	}
	return s[:i] + "..."
}
