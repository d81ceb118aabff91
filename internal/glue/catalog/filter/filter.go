// Package filter is the expression language of GetPartitions: lexer, parser, and evaluation by the types of the
// partition keys. It is pure.
//
// Errors carry Glue's own texts; what they add is a hint with the place in the expression.
package filter

import (
	"tarn/api/glue"
)

// Key is a partition key of the table that is asked.
type Key struct{ Name, Type string }

// Filter is an expression bound to a table's keys.
type Filter struct {
	root node
	keys []Key
}

// hiveNull is the folder name, and so the value, by which Hive writes NULL.
const hiveNull = "__HIVE_DEFAULT_PARTITION__"

// Compile parses an expression and binds it to the keys. The error is an InvalidInputException.
func Compile(expression string, keys []Key) (*Filter, error) {
	root, err := parse(expression, keys)
	if err != nil {
		return nil, err
	}
	return &Filter{root: root, keys: keys}, nil
}

// Match reports whether the partition with these values is wanted. A stored value that does not fit its key's type
// is an InvalidStateException.
func (f *Filter) Match(values []string) (bool, error) {
	if len(values) != len(f.keys) {
		return false, glue.InvalidStateException("The partition has %d values for %d partition keys.", len(values), len(f.keys))
	}
	t, err := f.root.eval(values)
	return t == yes, err
}

// Prefix returns the values that every match has in its first keys: what the whole expression pins with equality on
// keys of type string. It may be shorter than what could be known, never wrong.
func (f *Filter) Prefix() []string {
	pinned := map[int]string{}
	pins(f.root, pinned)
	var prefix []string
	for i := range f.keys {
		v, ok := pinned[i]
		if !ok {
			break
		}
		prefix = append(prefix, v)
	}
	return prefix
}

func pins(n node, into map[int]string) {
	switch n := n.(type) {
	case *and:
		pins(n.left, into)
		pins(n.right, into)
	case *compare:
		if n.op == "=" && n.column.kind == text {
			into[n.column.index] = n.value.(string)
		}
	}
}

// truth is SQL's: a comparison with NULL is neither true nor false.
type truth int

const (
	no truth = iota
	unknown
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

type node interface {
	eval(values []string) (truth, error)
}

type or struct{ left, right node }

func (n *or) eval(v []string) (truth, error) {
	l, err := n.left.eval(v)
	if err != nil || l == yes {
		return l, err
	}
	r, err := n.right.eval(v)
	return max(l, r), err
}

type and struct{ left, right node }

func (n *and) eval(v []string) (truth, error) {
	l, err := n.left.eval(v)
	if err != nil || l == no {
		return l, err
	}
	r, err := n.right.eval(v)
	return min(l, r), err
}

type not struct{ inner node }

func (n *not) eval(v []string) (truth, error) {
	t, err := n.inner.eval(v)
	return yes - t, err
}

// column is a reference to a partition key.
type column struct {
	index int
	name  string
	kind  kind
}

// value reads the partition's own value; nil = NULL.
func (c column) value(values []string) (any, error) {
	s := values[c.index]
	if s == hiveNull {
		return nil, nil
	}
	v, err := c.kind.parse(s)
	if err != nil {
		return nil, glue.InvalidStateException("%s", err).WithHint("This is the stored value of the partition key %s.", c.name)
	}
	return v, nil
}

type compare struct {
	column column
	op     string
	value  any
}

func (n *compare) eval(values []string) (truth, error) {
	v, err := n.column.value(values)
	if err != nil || v == nil {
		return unknown, err
	}
	c := n.column.kind.compare(v, n.value)
	switch n.op {
	case "=":
		return truthOf(c == 0), nil
	case "<>":
		return truthOf(c != 0), nil
	case "<":
		return truthOf(c < 0), nil
	case "<=":
		return truthOf(c <= 0), nil
	case ">":
		return truthOf(c > 0), nil
	}
	return truthOf(c >= 0), nil
}

type in struct {
	column column
	list   []any
}

func (n *in) eval(values []string) (truth, error) {
	v, err := n.column.value(values)
	if err != nil || v == nil {
		return unknown, err
	}
	for _, x := range n.list {
		if n.column.kind.compare(v, x) == 0 {
			return yes, nil
		}
	}
	return no, nil
}

type between struct {
	column    column
	low, high any
}

func (n *between) eval(values []string) (truth, error) {
	v, err := n.column.value(values)
	if err != nil || v == nil {
		return unknown, err
	}
	return truthOf(n.column.kind.compare(v, n.low) >= 0 && n.column.kind.compare(v, n.high) <= 0), nil
}

type like struct {
	column  column
	pattern []wild
}

func (n *like) eval(values []string) (truth, error) {
	v, err := n.column.value(values)
	if err != nil || v == nil {
		return unknown, err
	}
	return truthOf(likeMatch([]rune(v.(string)), n.pattern)), nil
}

type isNull struct{ column column }

func (n *isNull) eval(values []string) (truth, error) {
	return truthOf(values[n.column.index] == hiveNull), nil
}
