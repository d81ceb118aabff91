package sql

import (
	"strconv"
	"strings"
)

// with compiles the WITH clause, makes its queries visible and returns the clause's SQL.
func (c *compiler) with(w *With) string {
	if w == nil {
		return ""
	}
	var parts []string
	for _, e := range w.CTEs {
		sqlName := e.Name.Name
		recursive := w.Recursive && queryNames(e.Query, e.Name.Name)
		entry := &cte{name: e.Name.Name, sql: sqlName}
		var text string
		if recursive {
			text = c.recursiveCTE(e, entry)
		} else {
			save := c.scope
			out := c.query(e.Query)
			c.scope = save
			c.settleColumns(out)
			entry.cols = nameColumns(out.columns(), e.Columns, e.Name)
			text = out.text()
			c.ctes = append(c.ctes[:len(c.ctes):len(c.ctes)], entry)
		}
		var names []string
		for _, col := range entry.cols {
			names = append(names, quoteIdent(col.sqlName))
		}
		parts = append(parts, quoteIdent(sqlName)+"("+strings.Join(names, ", ")+") AS ("+text+")")
	}
	if w.Recursive {
		return "WITH RECURSIVE " + strings.Join(parts, ", ") + " "
	}
	return "WITH " + strings.Join(parts, ", ") + " "
}

func (c *compiler) recursiveCTE(e *CTE, entry *cte) string {
	set, ok := e.Query.Body.(*SetOp)
	if !ok || set.Op != "union" || !set.All || len(e.Query.OrderBy) > 0 || e.Query.Limit != nil {
		panic(errAt(e.Name.Pos, CodeInvalidRecursion, "recursive query \"%s\" must have the form: non-recursive term UNION ALL recursive term", e.Name.Name))
	}
	if e.Columns == nil {
		panic(errAt(e.Name.Pos, CodeInvalidRecursion, "Recursive CTE must have a column list").hint("write WITH RECURSIVE %s(column, ...) AS", e.Name.Name))
	}
	outer := c.ctes
	prefix := c.with(e.Query.With)
	seed := c.body(set.L)
	c.settleColumns(seed)
	entry.cols = nameColumns(seed.columns(), e.Columns, e.Name)
	for i := range entry.cols {
		if entry.cols[i].typ.Kind == KVarchar || entry.cols[i].typ.Kind == KChar { // later rows may be longer
			entry.cols[i].typ = Varchar(MaxVarchar)
			seed.coerce(i, Varchar(MaxVarchar))
		}
	}
	c.ctes = append(c.ctes[:len(c.ctes):len(c.ctes)], entry)
	step := c.body(set.R)
	cols := step.columns()
	if len(cols) != len(entry.cols) {
		panic(errAt(set.At, CodeSyntax, "each UNION query must have the same number of columns"))
	}
	for i := range cols {
		if cols[i].typ != entry.cols[i].typ {
			if _, ok := commonType(cols[i].typ, entry.cols[i].typ); !ok {
				panic(errAt(set.At, CodeTypeMismatch, "UNION types %s and %s cannot be matched", entry.cols[i].typ.BaseName(), cols[i].typ.BaseName()))
			}
			step.coerce(i, entry.cols[i].typ)
		}
	}
	c.ctes = append(outer[:len(outer):len(outer)], entry)
	return prefix + setMember(seed) + " UNION ALL " + setMember(step)
}

// queryNames says whether a query refers to a table by this bare name (so that only real recursion is printed as such).
func queryNames(q *Query, name string) bool {
	found := false
	var table func(TableExpr)
	var body func(QueryBody)
	query := func(q *Query) {
		if q.With != nil {
			for _, e := range q.With.CTEs {
				body(e.Query)
			}
		}
		body(q.Body)
	}
	table = func(t TableExpr) {
		switch t := t.(type) {
		case *TableRef:
			found = found || len(t.Name) == 1 && t.Name[0].Name == name
		case *Derived:
			query(t.Query)
		case *Join:
			table(t.L)
			table(t.R)
		}
	}
	body = func(b QueryBody) {
		switch b := b.(type) {
		case *Select:
			for _, t := range b.From {
				table(t)
			}
		case *SetOp:
			body(b.L)
			body(b.R)
		case *Query:
			query(b)
		}
	}
	query(q)
	return found
}

// nameColumns gives a query's columns the names of a column list; sqlName then is unique.
func nameColumns(cols []outColumn, names []Ident, of Ident) []outColumn {
	if len(names) > len(cols) {
		panic(errAt(names[len(cols)].Pos, CodeSyntax, "table \"%s\" has %d columns available but %d columns specified", of.Name, len(cols), len(names)))
	}
	out := append([]outColumn(nil), cols...)
	used := map[string]bool{}
	for i := range out {
		if i < len(names) {
			out[i].name = names[i].Name
		}
		out[i].sqlName = uniqueName(out[i].name, used)
	}
	return out
}

func uniqueName(name string, used map[string]bool) string {
	n := name
	for i := 1; used[n]; i++ {
		n = name + "_" + strconv.Itoa(i)
	}
	used[n] = true
	return n
}
