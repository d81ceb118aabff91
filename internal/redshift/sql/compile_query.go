package sql

import "strings"

// outColumn is a column of a compiled query.
type outColumn struct {
	name    string
	sqlName string // unique within the query
	typ     Type
	blank   bool
	notNull bool
	litLen  int // of an untyped literal
	use     *TableUse
	source  string
	attnum  int
}

// compiled is a query body whose columns may still be converted before it is printed.
type compiled interface {
	columns() []outColumn
	coerce(i int, t Type)
	trim(i int) // cuts trailing blanks, where rows are compared
	text() string
}

// cte is a WITH query in sight.
type cte struct {
	name string
	cols []outColumn
	sql  string // its name in generated SQL
}

// query compiles a query with its WITH, ORDER BY and LIMIT.
func (c *compiler) query(q *Query) compiled {
	c.depth++
	if c.depth > maxDepth {
		panic(errAt(q.At, "54001", "statement is nested too deeply"))
	}
	defer func() { c.depth-- }()
	ctes := c.ctes
	defer func() { c.ctes = ctes }()
	w := &wrapped{c: c}
	w.prefix = c.with(q.With)
	if s, ok := q.Body.(*Select); ok && s.Connect != nil {
		return c.query(c.hierarchy(q, s))
	}
	if s, ok := q.Body.(*Select); ok {
		sel := c.selectCore(s, q.OrderBy)
		w.body = sel
		w.tail = sel.order
		if s.Top != nil && q.Limit != nil {
			panic(errAt(s.Top.Pos(), CodeSyntax, "TOP and LIMIT can't be used together"))
		}
		if s.Top != nil {
			w.tail += " LIMIT " + c.count(s.Top, "TOP")
		}
	} else {
		w.body = c.body(q.Body)
		if len(q.OrderBy) > 0 {
			w.tail = c.orderOutput(q.OrderBy, w.body.columns())
		}
	}
	if q.Limit != nil {
		w.tail += " LIMIT " + c.count(q.Limit, "LIMIT")
	}
	if q.Offset != nil {
		w.tail += " OFFSET " + c.count(q.Offset, "OFFSET")
	}
	if w.prefix == "" && w.tail == "" {
		return w.body
	}
	return w
}

// wrapped is a body with what stands before and after it.
type wrapped struct {
	c            *compiler
	prefix, tail string
	body         compiled
}

func (w *wrapped) columns() []outColumn { return w.body.columns() }
func (w *wrapped) coerce(i int, t Type) { w.body.coerce(i, t) }
func (w *wrapped) trim(i int)           { w.body.trim(i) }
func (w *wrapped) text() string {
	if b, ok := w.body.(*wrapped); ok && w.tail != "" { // (SELECT ... LIMIT 1) ORDER BY ...
		return w.prefix + "(" + b.text() + ")" + w.tail
	}
	return w.prefix + w.body.text() + w.tail
}

func (c *compiler) count(e Expr, what string) string {
	save := c.scope
	c.scope = &scope{}
	v := c.implicit(c.expr(e), Int8)
	c.scope = save
	l, ok := e.(*Literal)
	if !ok || l.Kind != LitInteger {
		return v.sql
	}
	if strings.HasPrefix(l.Text, "-") {
		panic(errAt(e.Pos(), "2201W", "%s must not be negative", what))
	}
	return l.Text
}

func (c *compiler) body(b QueryBody) compiled {
	switch b := b.(type) {
	case *Select:
		if b.Top != nil || b.Connect != nil {
			return c.query(&Query{At: b.At, Body: b})
		}
		return c.selectCore(b, nil)
	case *Query:
		return c.query(b)
	case *Values:
		return c.values(b)
	case *SetOp:
		return c.setOp(b)
	}
	panic(errAt(-1, CodeNotSupported, "unknown kind of query"))
}
