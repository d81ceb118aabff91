// Package schema is the types that a crawler infers: Hive's type strings as trees, the lattice by which types that
// differ between records or files become one, and how alike two schemas are. It is pure.
package schema

import (
	"fmt"
	"strconv"
	"strings"
)

// Type is a Hive type. Base is lower-case; "" is the type of nothing but nulls.
type Type struct {
	Base   string
	Args   []int   // of decimal, char, varchar
	Elem   *Type   // of an array; the value of a map
	Key    *Type   // of a map
	Fields []Field // of a struct
}

// Field is a member of a struct, or a column.
type Field struct {
	Name string
	Type *Type
}

// Of makes a type without parameters.
func Of(base string) *Type { return &Type{Base: base} }

// Decimal makes a decimal type.
func Decimal(p, s int) *Type { return &Type{Base: "decimal", Args: []int{p, s}} }

func (t *Type) String() string {
	var b strings.Builder
	t.write(&b)
	return b.String()
}

func (t *Type) write(b *strings.Builder) {
	switch {
	case t == nil || t.Base == "":
		b.WriteString("string") // nothing but nulls
	case t.Base == "array":
		b.WriteString("array<")
		t.Elem.write(b)
		b.WriteByte('>')
	case t.Base == "map":
		b.WriteString("map<")
		t.Key.write(b)
		b.WriteByte(',')
		t.Elem.write(b)
		b.WriteByte('>')
	case t.Base == "struct":
		b.WriteString("struct<")
		for i, f := range t.Fields {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(quoteName(f.Name))
			b.WriteByte(':')
			f.Type.write(b)
		}
		b.WriteByte('>')
	default:
		b.WriteString(t.Base)
		for i, n := range t.Args {
			b.WriteByte("(,"[min(i, 1)])
			b.WriteString(strconv.Itoa(n))
		}
		if len(t.Args) > 0 {
			b.WriteByte(')')
		}
	}
}

// quoteName puts backticks around a struct's field that would break the type string.
func quoteName(name string) string {
	if name == "" || strings.ContainsAny(name, ",:<>` \t\n") {
		return "`" + strings.ReplaceAll(name, "`", "``") + "`"
	}
	return name
}

// deepest bounds nesting.
const deepest = 100

// Parse reads a type string. What Hive does not know stays one word, verbatim.
func Parse(s string) (*Type, error) {
	p := &typeParser{s: s}
	t, err := p.typ(0)
	if err == nil && p.skip() < len(p.s) {
		err = fmt.Errorf("unexpected %q", p.s[p.i:])
	}
	if err != nil {
		return nil, fmt.Errorf("type %q at character %d: %w", s, p.i+1, err)
	}
	return t, nil
}

type typeParser struct {
	s string
	i int
}

func (p *typeParser) skip() int {
	for p.i < len(p.s) && (p.s[p.i] == ' ' || p.s[p.i] == '\t') {
		p.i++
	}
	return p.i
}

func (p *typeParser) take(c byte) bool {
	if p.skip() < len(p.s) && p.s[p.i] == c {
		p.i++
		return true
	}
	return false
}

func (p *typeParser) want(c byte) error {
	if !p.take(c) {
		return fmt.Errorf("missing %q", string(c))
	}
	return nil
}

func (p *typeParser) typ(depth int) (*Type, error) {
	if depth > deepest {
		return nil, fmt.Errorf("nested more than %d deep", deepest)
	}
	start := p.skip()
	for p.i < len(p.s) && !strings.ContainsRune("<>(),:`", rune(p.s[p.i])) {
		p.i++
	}
	base := strings.ToLower(strings.TrimSpace(p.s[start:p.i]))
	if base == "" {
		return nil, fmt.Errorf("missing type")
	}
	t := &Type{Base: base}
	var err error
	switch base {
	case "array":
		if err = p.want('<'); err == nil {
			if t.Elem, err = p.typ(depth + 1); err == nil {
				err = p.want('>')
			}
		}
		return t, err
	case "map":
		if err = p.want('<'); err != nil {
			return nil, err
		}
		if t.Key, err = p.typ(depth + 1); err != nil {
			return nil, err
		}
		if err = p.want(','); err != nil {
			return nil, err
		}
		if t.Elem, err = p.typ(depth + 1); err != nil {
			return nil, err
		}
		return t, p.want('>')
	case "struct":
		return t, p.fields(t, depth)
	case "integer":
		t.Base = "int"
	case "real":
		t.Base = "float"
	}
	if p.take('(') {
		for {
			start := p.skip()
			for p.i < len(p.s) && p.s[p.i] >= '0' && p.s[p.i] <= '9' {
				p.i++
			}
			n, err := strconv.Atoi(p.s[start:p.i])
			if err != nil {
				return nil, fmt.Errorf("missing number")
			}
			t.Args = append(t.Args, n)
			if p.take(')') {
				break
			}
			if err := p.want(','); err != nil {
				return nil, err
			}
		}
	}
	if t.Base == "decimal" {
		switch len(t.Args) {
		case 0:
			t.Args = []int{10, 0}
		case 1:
			t.Args = append(t.Args, 0)
		}
	}
	return t, nil
}

func (p *typeParser) fields(t *Type, depth int) error {
	if err := p.want('<'); err != nil {
		return err
	}
	if p.take('>') {
		return nil
	}
	for {
		name, err := p.name()
		if err != nil {
			return err
		}
		if err := p.want(':'); err != nil {
			return err
		}
		inner, err := p.typ(depth + 1)
		if err != nil {
			return err
		}
		t.Fields = append(t.Fields, Field{name, inner})
		if p.take('>') {
			return nil
		}
		if err := p.want(','); err != nil {
			return err
		}
	}
}

func (p *typeParser) name() (string, error) {
	if p.take('`') {
		var b strings.Builder
		for p.i < len(p.s) {
			if p.s[p.i] != '`' {
				b.WriteByte(p.s[p.i])
				p.i++
				continue
			}
			p.i++
			if p.i == len(p.s) || p.s[p.i] != '`' {
				return b.String(), nil
			}
			b.WriteByte('`')
			p.i++
		}
		return "", fmt.Errorf("the backtick is never closed")
	}
	start := p.skip()
	for p.i < len(p.s) && !strings.ContainsRune(",:<>`", rune(p.s[p.i])) {
		p.i++
	}
	name := strings.TrimSpace(p.s[start:p.i])
	if name == "" {
		return "", fmt.Errorf("missing field name")
	}
	return name, nil
}
