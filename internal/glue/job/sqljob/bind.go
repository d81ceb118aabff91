package sqljob

import (
	"strings"
)

// bound is a query with its parameters written out.
type bound struct {
	text  string
	cuts  []cut
	names map[string]int // parameters met, with the place of the first
}

// cut is where text and the user's query drift apart.
type cut struct{ origin, length, at, written int }

// bind writes values in place of $name. Strings, quoted names and comments are
// left alone.
func bind(query string, values map[string]string) bound {
	out := bound{names: map[string]int{}}
	var b strings.Builder
	last := 0
	for i := 0; i < len(query); {
		if n := opaque(query[i:]); n > 0 {
			i += n
			continue
		}
		if query[i] == '$' {
			name := word(query[i+1:])
			if name != "" && (i == 0 || !isWord(query[i-1])) {
				if _, ok := out.names[name]; !ok {
					out.names[name] = i
				}
				if value, ok := values[name]; ok {
					b.WriteString(query[last:i])
					out.cuts = append(out.cuts, cut{i, len(name) + 1, b.Len(), len(value)})
					b.WriteString(value)
					last = i + 1 + len(name)
				}
				i += 1 + len(name)
				continue
			}
		}
		i++
	}
	b.WriteString(query[last:])
	out.text = b.String()
	return out
}

// unended blanks the semicolons that end a query, so that it can stand in
// parentheses; places stay what they are.
func unended(query string) string {
	out := []byte(query)
	for {
		last := -1
		for i := 0; i < len(out); {
			n := opaque(string(out[i:]))
			switch {
			case n == 0:
				if c := out[i]; c != ' ' && c != '\t' && c != '\n' && c != '\r' {
					last = i
				}
				n = 1
			case out[i] == '-' || out[i] == '/': // a comment
			default:
				last = i + n - 1
			}
			i += n
		}
		if last < 0 || out[last] != ';' {
			return string(out)
		}
		out[last] = ' '
	}
}

// origin is the user's place of a place in the text.
func (b *bound) origin(position int) int {
	shift := 0
	for _, c := range b.cuts {
		switch {
		case position < c.at:
			return position - shift
		case position < c.at+c.written:
			return c.origin
		}
		shift += c.written - c.length
	}
	return position - shift
}

// opaque is the length of a string, quoted name or comment at the start of s,
// or 0.
func opaque(s string) int {
	end := func(from int, mark string) int {
		if n := strings.Index(s[from:], mark); n >= 0 {
			return from + n + len(mark)
		}
		return len(s)
	}
	switch {
	case strings.HasPrefix(s, "--"):
		return end(2, "\n")
	case strings.HasPrefix(s, "/*"):
		return end(2, "*/")
	case (s[0] == 'e' || s[0] == 'E') && strings.HasPrefix(s[1:], "'"):
		for i := 2; i < len(s); i++ {
			switch {
			case s[i] == '\\':
				i++
			case s[i] == '\'' && strings.HasPrefix(s[i+1:], "'"):
				i++
			case s[i] == '\'':
				return i + 1
			}
		}
		return len(s)
	case s[0] == '\'' || s[0] == '"':
		for i := 1; i < len(s); i++ {
			if s[i] == s[0] {
				if i+1 < len(s) && s[i+1] == s[0] {
					i++
					continue
				}
				return i + 1
			}
		}
		return len(s)
	case s[0] == '$': // $$text$$ and $tag$text$tag$
		tag := "$" + word(s[1:]) + "$"
		if strings.HasPrefix(s, tag) {
			return end(len(tag), tag)
		}
	case isWord(s[0]): // a whole word, so that the e of name'...' starts nothing
		if n := len(word(s)); n > 1 {
			return n
		}
	}
	return 0
}

// word is the name at the start of s.
func word(s string) string {
	n := 0
	for n < len(s) && isWord(s[n]) {
		n++
	}
	return s[:n]
}

func isWord(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80
}
