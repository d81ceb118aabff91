package identity

import "strings"

// pattern is a text of a policy with wildcards and, if it may have them, variables.
type pattern struct {
	text   string
	expand bool
}

// In a pattern the wildcards are bytes that no UTF-8 text has, so that a * in a variable's value is just a character.
const (
	anyRun = '\xfe'
	anyOne = '\xff'
)

func newPattern(text string, expand bool) pattern {
	expand = expand && strings.Contains(text, "${")
	if !expand {
		text = wild(text)
	}
	return pattern{text, expand}
}

func newPatterns(texts []string, expand bool) []pattern {
	var out []pattern
	for _, t := range texts {
		out = append(out, newPattern(t, expand))
	}
	return out
}

func wild(text string) string {
	if !strings.ContainsAny(text, "*?") {
		return text
	}
	b := []byte(text)
	for i, c := range b {
		switch c {
		case '*':
			b[i] = anyRun
		case '?':
			b[i] = anyOne
		}
	}
	return string(b)
}

// matches compares with wildcards. A variable without a value matches nothing, as on AWS.
func (p pattern) matches(s string, values lookup) bool {
	text, ok := p.resolve(values, wild)
	return ok && glob(text, s)
}

// resolve puts values in the place of variables: ${aws:username}, or ${aws:username, 'nobody'} with a default. ${*},
// ${?} and ${$} are these characters. The text between is passed through other.
func (p pattern) resolve(values lookup, other func(string) string) (string, bool) {
	if !p.expand {
		return p.text, true
	}
	var b strings.Builder
	rest := p.text
	for {
		before, after, found := strings.Cut(rest, "${")
		b.WriteString(other(before))
		if !found {
			return b.String(), true
		}
		name, after, closed := strings.Cut(after, "}")
		if !closed {
			b.WriteString(other("${" + name))
			return b.String(), true
		}
		rest = after
		if name == "*" || name == "?" || name == "$" {
			b.WriteString(name)
			continue
		}
		name, fallback, hasDefault := strings.Cut(name, ",")
		value, ok := values(strings.ToLower(strings.TrimSpace(name)))
		if !ok {
			if !hasDefault {
				return "", false
			}
			value = strings.Trim(strings.TrimSpace(fallback), "'")
		}
		b.WriteString(value)
	}
}

// glob matches IAM's wildcards in linear time.
func glob(pattern, s string) bool {
	p, i := 0, 0
	star, mark := -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && (pattern[p] == anyOne || pattern[p] == s[i]):
			p++
			i++
		case p < len(pattern) && pattern[p] == anyRun:
			star, mark = p, i
			p++
		case star >= 0:
			p = star + 1
			mark++
			i = mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == anyRun {
		p++
	}
	return p == len(pattern)
}
