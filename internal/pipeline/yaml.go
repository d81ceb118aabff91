package pipeline

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// reader walks a YAML document strictly: unknown keys and wrong types become
// problems with their place.
type reader struct {
	dir      string // of the project
	file     string
	problems *Problems // of all files of a project
	vars     map[string]string
}

// part is an entry of one of a project's maps, and the reader of its file.
type part struct {
	*reader
	entry
}

// section gives the entries of a map of tarn.yaml, then those that are files of
// their own: sources/weather.yaml is sources.weather.
func (r *reader) section(top map[string]entry, key string) []part {
	var out []part
	inline := map[string]bool{}
	for _, e := range r.mapping(top[key].value, key) {
		inline[e.key] = true
		out = append(out, part{r, e})
	}
	files, err := filepath.Glob(filepath.Join(r.dir, key, "*.y*ml"))
	if err != nil {
		r.fail(&Problem{File: r.dir, Text: err.Error()})
	}
	for _, f := range files {
		name, isYAML := strings.CutSuffix(filepath.Base(f), ".yaml")
		switch {
		case !isYAML:
			r.fail(&Problem{File: f, Text: "this file is not read", Hint: "Its name should end in .yaml."})
			continue
		case inline[name]:
			r.fail(&Problem{File: f, Text: fmt.Sprintf("%s.%s stands in tarn.yaml too", key, name), Hint: "Keep one of them."})
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			r.fail(&Problem{File: f, Text: err.Error()})
			continue
		}
		root, err := parseYAML(f, b)
		if ps, ok := errors.AsType[Problems](err); ok {
			r.fail(ps...)
			continue
		}
		own := *r
		own.file = f
		out = append(out, part{&own, entry{key: name, value: root}})
	}
	return out
}

func (r *reader) fail(ps ...*Problem) { *r.problems = append(*r.problems, ps...) }

type entry struct {
	key   string
	keyAt *token.Token
	value ast.Node
}

func (r *reader) add(t *token.Token, width int, hint, format string, args ...any) {
	p := &Problem{File: r.file, Text: fmt.Sprintf(format, args...), Hint: hint, Width: width}
	if t != nil && t.Position != nil {
		p.Line, p.Col = t.Position.Line, t.Position.Column
	}
	r.fail(p)
}

func parseYAML(file string, b []byte) (ast.Node, error) {
	f, err := parser.ParseBytes(b, 0)
	if err != nil {
		p := &Problem{File: file, Text: err.Error()}
		type positioned interface{ GetToken() *token.Token }
		if t, ok := err.(positioned); ok && t.GetToken() != nil {
			p.Line, p.Col = t.GetToken().Position.Line, t.GetToken().Position.Column
			if m, ok := err.(interface{ GetMessage() string }); ok {
				p.Text = m.GetMessage()
			}
		}
		return nil, Problems{p}
	}
	if len(f.Docs) == 0 || f.Docs[0].Body == nil {
		return nil, nil
	}
	if len(f.Docs) > 1 {
		return nil, Problems{{File: file, Text: "holds more than one YAML document"}}
	}
	return f.Docs[0].Body, nil
}

// mapping gives a mapping's entries in order; what names the place in problems.
func (r *reader) mapping(n ast.Node, what string) []entry {
	switch m := n.(type) {
	case nil, *ast.NullNode:
		return nil
	case *ast.MappingValueNode:
		return []entry{r.entry(m)}
	case *ast.MappingNode:
		var out []entry
		seen := map[string]bool{}
		for _, v := range m.Values {
			e := r.entry(v)
			if seen[e.key] {
				r.add(e.keyAt, len(e.key), "", "key %q stands twice in %s", e.key, what)
			}
			seen[e.key] = true
			out = append(out, e)
		}
		return out
	}
	r.add(n.GetToken(), 1, "", "%s should be a mapping (key: value), not %s", what, kindOf(n))
	return nil
}

func (r *reader) entry(v *ast.MappingValueNode) entry {
	key := v.Key.GetToken()
	return entry{strings.Trim(key.Value, `"'`), key, v.Value}
}

func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.IntegerNode, *ast.FloatNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	case *ast.NullNode:
		return "nothing"
	}
	return "text"
}

// unknown reports a key that a place does not have.
func (r *reader) unknown(e entry, place string, known []string, hints map[string]string) {
	hint := hints[e.key]
	words := slices.Clone(known)
	for k := range hints {
		words = append(words, k)
	}
	slices.Sort(words)
	near := nearest(e.key, words)
	if hint == "" {
		hint = hints[near]
	}
	switch {
	case hint != "":
	case slices.Contains(known, near) && near != "":
		hint = fmt.Sprintf("Did you mean %q?", near)
	default:
		hint = "It has: " + strings.Join(known, ", ") + "."
	}
	r.add(e.keyAt, len(e.key), hint, "unknown key %q in %s", e.key, place)
}

func (r *reader) text(e entry, place string) string {
	switch n := e.value.(type) {
	case *ast.StringNode:
		return r.expand(n.Value, n.GetToken())
	case *ast.LiteralNode:
		return r.expand(n.Value.Value, n.GetToken())
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value
	}
	r.add(e.value.GetToken(), 1, "", "%s.%s should be text, not %s", place, e.key, kindOf(e.value))
	return ""
}

func (r *reader) boolean(e entry, place string) bool {
	if n, ok := e.value.(*ast.BoolNode); ok {
		return n.Value
	}
	r.add(e.value.GetToken(), 1, "", "%s.%s should be true or false, not %s", place, e.key, kindOf(e.value))
	return false
}

func (r *reader) integer(e entry, place string) int {
	if n, ok := e.value.(*ast.IntegerNode); ok {
		if v, err := strconv.Atoi(n.GetToken().Value); err == nil {
			return v
		}
	}
	r.add(e.value.GetToken(), 1, "", "%s.%s should be a whole number, not %s", place, e.key, kindOf(e.value))
	return 0
}

// list reads a list of texts; one text stands for a list of one.
func (r *reader) list(e entry, place string) []string {
	seq, ok := e.value.(*ast.SequenceNode)
	if !ok {
		return []string{r.text(e, place)}
	}
	out := []string{}
	for _, v := range seq.Values {
		out = append(out, r.text(entry{e.key, e.keyAt, v}, place))
	}
	return out
}

// expand puts variables in: ${name}. An unknown one is an error, never nothing.
func (r *reader) expand(s string, at *token.Token) string {
	var b strings.Builder
	for {
		i := strings.Index(s, "${")
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		j := strings.IndexByte(s[i:], '}')
		if j < 0 {
			r.add(at, len(s), "", "%q has ${ without }", s)
			return s
		}
		name := s[i+2 : i+j]
		v, ok := r.vars[name]
		if !ok {
			var known []string
			for k := range r.vars {
				known = append(known, k)
			}
			slices.Sort(known)
			hint := "Define it under vars:, in the environment as TARN_VAR_" + strings.ToUpper(name) + ", or with --var " + name + "=…"
			switch {
			case strings.HasPrefix(name, "secret.") || strings.HasPrefix(name, "run.") || strings.HasPrefix(name, "each."):
				hint = "${" + name + "} belongs to sources that are pulled, which this version does not have."
			case nearest(name, known) != "":
				hint = fmt.Sprintf("Did you mean ${%s}?", nearest(name, known))
			}
			r.add(at, len(name)+3, hint, "variable ${%s} is not defined", name)
			v = name // so that what follows is judged by something like it
		}
		b.WriteString(s[:i])
		b.WriteString(v)
		s = s[i+j+1:]
	}
}
