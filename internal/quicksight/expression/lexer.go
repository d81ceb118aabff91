package expression

import (
	"strings"
	"unicode/utf8"
)

type tokenKind int

const (
	tokenEnd       tokenKind = iota
	tokenNumber              // text holds the digits
	tokenString              // text holds the unescaped value
	tokenName                // a bare word
	tokenField               // {name}
	tokenParameter           // ${name}
	tokenDollar              // $name, only $visualDimensions
	tokenSymbol
)

type token struct {
	kind tokenKind
	text string
	pos  Pos
}

func (t token) describe() string {
	switch t.kind {
	case tokenEnd:
		return "the end of the expression"
	case tokenString:
		return "the text '" + clip(t.text) + "'"
	case tokenField:
		return "{" + clip(t.text) + "}"
	case tokenParameter:
		return "${" + clip(t.text) + "}"
	default:
		return "'" + clip(t.text) + "'"
	}
}

func clip(s string) string {
	if utf8.RuneCountInString(s) > 40 {
		return string([]rune(s)[:40]) + "…"
	}
	return s
}

type lexer struct {
	src string
	pos Pos
}

func (l *lexer) rest() string { return l.src[l.pos.Offset:] }

func (l *lexer) advance(n int) {
	for i := 0; i < n; {
		r, size := utf8.DecodeRuneInString(l.rest())
		if r == '\n' {
			l.pos.Line++
			l.pos.Column = 1
		} else {
			l.pos.Column++
		}
		l.pos.Offset += size
		i += size
	}
}

func (l *lexer) skip() error {
	for {
		s := l.rest()
		switch {
		case s == "":
			return nil
		case strings.ContainsRune(" \t\r\n\u00a0\ufeff", firstRune(s)):
			l.advance(utf8.RuneLen(firstRune(s)))
		case strings.HasPrefix(s, "//"):
			if i := strings.IndexByte(s, '\n'); i >= 0 {
				l.advance(i)
			} else {
				l.advance(len(s))
			}
		case strings.HasPrefix(s, "/*"):
			i := strings.Index(s[2:], "*/")
			if i < 0 {
				return fail(Syntax, l.pos, "close it with */", "this comment has no end")
			}
			l.advance(i + 4)
		default:
			return nil
		}
	}
}

func firstRune(s string) rune { r, _ := utf8.DecodeRuneInString(s); return r }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isNameStart(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf
}

func (l *lexer) next() (token, error) {
	if err := l.skip(); err != nil {
		return token{}, err
	}
	t := token{pos: l.pos}
	s := l.rest()
	if s == "" {
		return t, nil
	}
	switch c := s[0]; {
	case isDigit(c) || c == '.' && len(s) > 1 && isDigit(s[1]):
		n := numberLength(s)
		t.kind, t.text = tokenNumber, s[:n]
		l.advance(n)
	case isNameStart(c):
		n := 1
		for n < len(s) && (isNameStart(s[n]) || isDigit(s[n])) {
			n++
		}
		t.kind, t.text = tokenName, s[:n]
		l.advance(n)
	case c == '\'' || c == '"':
		text, n, ok := unquote(s)
		if !ok {
			return t, fail(Syntax, l.pos, "close it with "+string(c), "this text has no closing quote")
		}
		t.kind, t.text = tokenString, text
		l.advance(n)
	case c == '{':
		i := strings.IndexByte(s, '}')
		if i < 0 {
			return t, fail(Syntax, l.pos, "close it with }", "this field name has no end")
		}
		t.kind, t.text = tokenField, s[1:i]
		l.advance(i + 1)
	case strings.HasPrefix(s, "${"):
		i := strings.IndexByte(s, '}')
		if i < 0 {
			return t, fail(Syntax, l.pos, "close it with }", "this parameter name has no end")
		}
		t.kind, t.text = tokenParameter, strings.TrimSpace(s[2:i])
		l.advance(i + 1)
	case c == '$' && len(s) > 1 && isNameStart(s[1]):
		n := 2
		for n < len(s) && (isNameStart(s[n]) || isDigit(s[n])) {
			n++
		}
		t.kind, t.text = tokenDollar, s[1:n]
		l.advance(n)
	default:
		t.kind = tokenSymbol
		for _, sym := range []string{"<>", "!=", "<=", ">=", "=="} {
			if strings.HasPrefix(s, sym) {
				t.text = sym
				l.advance(2)
				return t, nil
			}
		}
		if strings.IndexByte("()[],+-*/%^=<>!", c) < 0 {
			return t, fail(Syntax, l.pos, "", "%q means nothing here", firstRune(s))
		}
		t.text = s[:1]
		l.advance(1)
	}
	if strings.IndexByte(t.text, 0) >= 0 {
		return t, fail(Syntax, t.pos, "remove it", "%s holds a zero byte", t.describe())
	}
	return t, nil
}

func numberLength(s string) int {
	n := 0
	digits := func() {
		for n < len(s) && isDigit(s[n]) {
			n++
		}
	}
	digits()
	if n < len(s) && s[n] == '.' {
		n++
		digits()
	}
	if n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		m := n + 1
		if m < len(s) && (s[m] == '+' || s[m] == '-') {
			m++
		}
		if m < len(s) && isDigit(s[m]) {
			n = m
			digits()
		}
	}
	return n
}

// unquote reads a quoted text: a backslash escapes the quotes and itself, a doubled quote stands for one.
func unquote(s string) (text string, length int, ok bool) {
	quote := s[0]
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && (s[i+1] == '\\' || s[i+1] == '\'' || s[i+1] == '"'):
			i++
			b.WriteByte(s[i])
		case c == quote && i+1 < len(s) && s[i+1] == quote:
			i++
			b.WriteByte(quote)
		case c == quote:
			return b.String(), i + 1, true
		default:
			b.WriteByte(c)
		}
	}
	return "", 0, false
}
