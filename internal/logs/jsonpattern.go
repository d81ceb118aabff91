package logs

import (
	"bytes"
	"cmp"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// parseJSONPattern reads a pattern on messages that are JSON objects:
//
//	pattern  := '{' or '}' ; or := and {'||' and} ; and := test {'&&' test}
//	test     := '(' or ')' | selector (= | != | < | <= | > | >=) value
//	          | selector IS (NULL | TRUE | FALSE) | selector NOT EXISTS
//	selector := '$' {'.' name | '[' index ']' | '[*]' | '["name"]'}
//	value    := number | text with * | '"' text with * '"' | '%' regular expression '%'
func parseJSONPattern(text string) (func([]byte) bool, error) {
	p := &jsonPattern{rest: text[1:]}
	test, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if !p.take("}") || strings.TrimSpace(p.rest) != "" {
		return nil, badPattern("%s should be the end: } or && or ||.", p.next())
	}
	return func(message []byte) bool {
		message = bytes.TrimSpace(message)
		if len(message) == 0 || message[0] != '{' && message[0] != '[' {
			return false
		}
		dec := json.NewDecoder(bytes.NewReader(message))
		dec.UseNumber()
		var doc any
		return dec.Decode(&doc) == nil && test(doc)
	}, nil
}

type jsonTest func(doc any) bool

type jsonPattern struct{ rest string }

// deepestPattern bounds how deep parentheses may be nested.
const deepestPattern = 50

// take takes a sign, if it is next.
func (p *jsonPattern) take(sign string) bool {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	rest, ok := strings.CutPrefix(p.rest, sign)
	if ok {
		p.rest = rest
	}
	return ok
}

// word takes a keyword, if it is next.
func (p *jsonPattern) word(keyword string) bool {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	n := len(keyword)
	if len(p.rest) < n || !strings.EqualFold(p.rest[:n], keyword) || len(p.rest) > n && !strings.ContainsRune(" \t\r\n)}&|", rune(p.rest[n])) {
		return false
	}
	p.rest = p.rest[n:]
	return true
}

// next is what stands where something else should.
func (p *jsonPattern) next() string {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	if p.rest == "" {
		return "the end"
	}
	return strconv.Quote(p.rest[:min(len(p.rest), 20)])
}

func (p *jsonPattern) or(depth int) (jsonTest, error) {
	left, err := p.and(depth)
	for err == nil && p.take("||") {
		var right jsonTest
		if right, err = p.and(depth); err == nil {
			was := left
			left = func(doc any) bool { return was(doc) || right(doc) }
		}
	}
	return left, err
}

func (p *jsonPattern) and(depth int) (jsonTest, error) {
	left, err := p.test(depth)
	for err == nil && p.take("&&") {
		var right jsonTest
		if right, err = p.test(depth); err == nil {
			was := left
			left = func(doc any) bool { return was(doc) && right(doc) }
		}
	}
	return left, err
}

func (p *jsonPattern) test(depth int) (jsonTest, error) {
	if p.take("(") {
		if depth == deepestPattern {
			return nil, badPattern("Parentheses are nested more than %d deep.", deepestPattern)
		}
		inner, err := p.or(depth + 1)
		if err == nil && !p.take(")") {
			err = badPattern("%s should be a closing parenthesis.", p.next())
		}
		return inner, err
	}
	find, err := p.selector()
	if err != nil {
		return nil, err
	}
	switch {
	case p.word("NOT"):
		if !p.word("EXISTS") {
			return nil, badPattern("NOT is followed by EXISTS, not by %s.", p.next())
		}
		return func(doc any) bool { return len(find(doc)) == 0 }, nil
	case p.word("IS"):
		for _, c := range []struct {
			word string
			is   any
		}{{"NULL", nil}, {"TRUE", true}, {"FALSE", false}} {
			if p.word(c.word) {
				return anyOf(find, func(v any) bool { return v == c.is }), nil
			}
		}
		return nil, badPattern("IS is followed by NULL, TRUE or FALSE, not by %s.", p.next())
	}
	for _, op := range []string{"!=", "<=", ">=", "=", "<", ">"} {
		if p.take(op) {
			test, err := p.value(op)
			if err != nil {
				return nil, err
			}
			return anyOf(find, test), nil
		}
	}
	return nil, badPattern("%s should be one of = != < <= > >=, IS or NOT EXISTS.", p.next())
}

func anyOf(find func(any) []any, test func(any) bool) jsonTest {
	return func(doc any) bool {
		for _, v := range find(doc) {
			if test(v) {
				return true
			}
		}
		return false
	}
}

// step leads from a value to those below it.
type step struct {
	name  string
	index int // of an array, where name is ""
	all   bool
}

// selector reads where a value is; what it answers finds the values there.
func (p *jsonPattern) selector() (func(any) []any, error) {
	if !p.take("$") {
		return nil, badPattern("%s should be a selector such as $.level.", p.next())
	}
	var steps []step
	for {
		switch {
		case strings.HasPrefix(p.rest, "."):
			n := 1
			for n < len(p.rest) && !strings.ContainsRune(" \t\r\n.[]()=!<>&|{}\"", rune(p.rest[n])) {
				n++
			}
			if n == 1 {
				return nil, badPattern("The selector has no name before %s.", p.next())
			}
			steps = append(steps, step{name: p.rest[1:n]})
			p.rest = p.rest[n:]
		case strings.HasPrefix(p.rest, "["):
			inside, rest, ok := strings.Cut(p.rest[1:], "]")
			if !ok {
				return nil, badPattern("A selector's [ has no ].")
			}
			p.rest = rest
			inside = strings.TrimSpace(inside)
			index, err := strconv.Atoi(inside)
			switch {
			case inside == "*":
				steps = append(steps, step{all: true})
			case len(inside) > 2 && (inside[0] == '"' || inside[0] == '\'') && inside[len(inside)-1] == inside[0]:
				steps = append(steps, step{name: inside[1 : len(inside)-1]})
			case err == nil && index >= 0:
				steps = append(steps, step{index: index})
			default:
				return nil, badPattern("[%s] is neither an index nor [*] nor a name in quotes.", inside)
			}
		default:
			return func(doc any) []any { return follow([]any{doc}, steps) }, nil
		}
	}
}

func follow(values []any, steps []step) []any {
	for _, s := range steps {
		var below []any
		for _, v := range values {
			switch v := v.(type) {
			case map[string]any:
				if inner, ok := v[s.name]; ok && s.name != "" {
					below = append(below, inner)
				}
			case []any:
				switch {
				case s.all:
					below = append(below, v...)
				case s.name == "" && s.index < len(v):
					below = append(below, v[s.index])
				}
			}
		}
		values = below
	}
	return values
}

// value reads what a value is compared with.
func (p *jsonPattern) value(op string) (func(any) bool, error) {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	var text string
	quoted := strings.HasPrefix(p.rest, `"`)
	var re *regexp.Regexp
	switch {
	case quoted:
		var err error
		if text, p.rest, err = cutQuoted(p.rest); err != nil {
			return nil, err
		}
	case strings.HasPrefix(p.rest, "%"):
		inside, rest, ok := strings.Cut(p.rest[1:], "%")
		if !ok {
			return nil, badPattern("A regular expression stands between two %%.")
		}
		p.rest = rest
		var err error
		if re, err = regexp.Compile(inside); err != nil {
			return nil, badPattern("The regular expression can't be read: %v.", err)
		}
	default:
		n := strings.IndexAny(p.rest, " \t\r\n()&|}\"")
		if n < 0 {
			n = len(p.rest)
		}
		text, p.rest = p.rest[:n], p.rest[n:]
		if text == "" {
			return nil, badPattern("%s should be a value.", p.next())
		}
	}
	number, err := strconv.ParseFloat(text, 64)
	if isNumber := err == nil && !quoted && re == nil; isNumber {
		return func(v any) bool {
			n, ok := v.(json.Number)
			if !ok {
				return op == "!=" && v != nil
			}
			have, err := n.Float64()
			return err == nil && holds(op, cmp.Compare(have, number))
		}, nil
	}
	if op != "=" && op != "!=" {
		return nil, badPattern("Text is compared with = or != alone, not with %s.", op)
	}
	if text == "*" && op == "=" {
		return func(any) bool { return true }, nil // it is there
	}
	if re == nil {
		parts := strings.Split(text, "*")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		re = regexp.MustCompile(`(?s)\A` + strings.Join(parts, ".*") + `\z`)
	}
	return func(v any) bool {
		s, ok := v.(string)
		if n, isNumber := v.(json.Number); isNumber {
			s, ok = string(n), true
		}
		return ok && re.MatchString(s) == (op == "=")
	}, nil
}

func holds(op string, c int) bool {
	switch op {
	case "=":
		return c == 0
	case "!=":
		return c != 0
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	}
	return c >= 0
}
