package expression

import "fmt"

// Pos is a place in the source: a byte offset, and line and column counted from one (columns in characters).
type Pos struct{ Offset, Line, Column int }

func (p Pos) String() string { return fmt.Sprintf("line %d, column %d", p.Line, p.Column) }

// Node is a parsed expression.
type Node interface{ Position() Pos }

type (
	// Literal is a number, a text, TRUE, FALSE or NULL. Text holds the unescaped text or the number's digits.
	Literal struct {
		Pos  Pos
		Type Type
		Text string
	}
	// FieldRef is {name} or a bare name.
	FieldRef struct {
		Pos  Pos
		Name string
	}
	// ParameterRef is ${name}.
	ParameterRef struct {
		Pos  Pos
		Name string
	}
	// Call is name(args).
	Call struct {
		Pos  Pos
		Name string
		Args []Node
	}
	// Binary is left op right; Op is one of + - * / % ^ = <> < <= > >= AND OR.
	Binary struct {
		Pos         Pos // of the operator
		Op          string
		Left, Right Node
	}
	// Unary is -x or NOT x.
	Unary struct {
		Pos Pos
		Op  string
		X   Node
	}
	// In is x IN list or x NOT IN list.
	In struct {
		Pos  Pos
		X    Node
		List Node
		Not  bool
	}
	// List is [a, b, ...], an argument of in, notIn, and of the level-aware and table functions.
	List struct {
		Pos   Pos
		Items []ListItem
	}
	// ListItem is one entry of a List. Only the level-aware and table functions give Direction and Except a meaning.
	ListItem struct {
		X                Node   // nil for VisualDimensions
		Direction        string // "", "ASC" or "DESC"
		Except           bool   // !{field}
		VisualDimensions bool   // $visualDimensions
	}
)

func (n *Literal) Position() Pos      { return n.Pos }
func (n *FieldRef) Position() Pos     { return n.Pos }
func (n *ParameterRef) Position() Pos { return n.Pos }
func (n *Call) Position() Pos         { return n.Pos }
func (n *Binary) Position() Pos       { return n.Pos }
func (n *Unary) Position() Pos        { return n.Pos }
func (n *In) Position() Pos           { return n.Pos }
func (n *List) Position() Pos         { return n.Pos }

// Walk calls visit for n and every node below it.
func Walk(n Node, visit func(Node)) {
	visit(n)
	switch n := n.(type) {
	case *Call:
		for _, a := range n.Args {
			Walk(a, visit)
		}
	case *Binary:
		Walk(n.Left, visit)
		Walk(n.Right, visit)
	case *Unary:
		Walk(n.X, visit)
	case *In:
		Walk(n.X, visit)
		Walk(n.List, visit)
	case *List:
		for _, it := range n.Items {
			if it.X != nil {
				Walk(it.X, visit)
			}
		}
	}
}

// Fields lists the names of the fields that n mentions, each once, in order of appearance.
func Fields(n Node) []string {
	var names []string
	seen := map[string]bool{}
	Walk(n, func(n Node) {
		if f, ok := n.(*FieldRef); ok && !seen[f.Name] {
			seen[f.Name] = true
			names = append(names, f.Name)
		}
	})
	return names
}
