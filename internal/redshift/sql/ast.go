package sql

import "strings"

// Statement is one parsed statement. Its concrete types are the *...Stmt structs of the ast_*.go files.
type Statement interface {
	// Source says where in the parsed text the statement stood.
	Source() *Span
	// Tag is the command's name for messages and for the protocol ("SELECT", "CREATE TABLE").
	Tag() string
}

// Span is the place of a statement. Positions of nodes and errors count from the start of the whole parsed text, so a
// node's text is whole[node.Pos():...]. Statements embed it.
type Span struct {
	Start, End int    // byte range within the whole text, without the semicolon
	Text       string // the statement's own text
	whole      string
}

func (s *Span) Source() *Span { return s }

// Ident is one name, folded as Redshift folds it. Param is n when a $n stands in its place (drivers prepare
// SHOW TABLES FROM SCHEMA $1.$2), else 0.
type Ident struct {
	Name   string
	Pos    int
	Quoted bool
	Param  int
}

// QName is a possibly qualified name: name, schema.name, database.schema.name.
type QName []Ident

func (q QName) Strings() []string {
	out := make([]string, len(q))
	for i, id := range q {
		out[i] = id.Name
	}
	return out
}

func (q QName) String() string { return strings.Join(q.Strings(), ".") }

// Pos is where the name starts, -1 for an empty one.
func (q QName) Pos() int {
	if len(q) == 0 {
		return -1
	}
	return q[0].Pos
}

// Last is the unqualified name.
func (q QName) Last() string {
	if len(q) == 0 {
		return ""
	}
	return q[len(q)-1].Name
}

// Expr is any expression.
type Expr interface {
	Pos() int
}

type at int

func (a at) Pos() int { return int(a) }
