package sql

import (
	"strconv"
	"strings"
)

// from compiles the members of FROM into the current scope and returns the clause's text.
func (c *compiler) from(list []TableExpr) string {
	var parts []string
	for _, t := range list {
		text, cols := c.tableExpr(t)
		c.scope.cols = append(c.scope.cols, cols...)
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

func (c *compiler) tableExpr(t TableExpr) (string, []*column) {
	switch t := t.(type) {
	case *TableRef:
		return c.tableRef(t)
	case *Derived:
		return c.derived(t)
	case *TableFunc:
		return c.tableFunc(t)
	case *Join:
		return c.join(t)
	case *Unpivot:
		return c.unpivotObject(t)
	case *Pivot:
		return c.pivot(t)
	case *UnpivotTable:
		return c.unpivotTable(t)
	}
	panic(errAt(-1, CodeNotSupported, "unknown member of FROM"))
}

func aliasOf(a *Ident, name string) string {
	if a != nil {
		return a.Name
	}
	return name
}

func (c *compiler) tableRef(t *TableRef) (string, []*column) {
	pos := t.Name.Pos()
	if c.isPath(t) {
		return c.unnest(t)
	}
	if t.AtAlias != nil {
		panic(errAt(t.AtAlias.Pos, CodeSyntax, "AT is only for arrays of an earlier member of FROM"))
	}
	alias := aliasOf(t.Alias, t.Name.Last())
	if len(t.Name) == 1 {
		for i := len(c.ctes) - 1; i >= 0; i-- {
			if e := c.ctes[i]; e.name == t.Name[0].Name {
				r := c.queryRel(e.cols, alias, t.Columns, pos)
				return quoteIdent(e.sql) + " AS " + quoteIdent(r.sql), r.cols
			}
		}
	}
	info := c.findTable(t.Name)
	if info.View != nil {
		return c.view(info, alias, t)
	}
	use, slot := c.newUse(info, pos)
	r := c.tableRel(info, use, alias)
	c.renameRel(r, t.Columns)
	c.scope.addRel(r, pos)
	return slot + " AS " + quoteIdent(r.sql), visible(r.cols)
}

func visible(cols []*column) []*column {
	var out []*column
	for _, col := range cols {
		if !col.hidden {
			out = append(out, col)
		}
	}
	return out
}

func (c *compiler) renameRel(r *rel, names []Ident) {
	cols := visible(r.cols)
	if len(names) > len(cols) {
		panic(errAt(names[len(cols)].Pos, CodeSyntax, "table \"%s\" has %d columns available but %d columns specified", r.alias, len(cols), len(names)))
	}
	for i, n := range names {
		cols[i].name = n.Name
	}
}

// queryRel makes a compiled query's columns visible under an alias.
func (c *compiler) queryRel(cols []outColumn, alias string, names []Ident, pos int) *rel {
	r := &rel{alias: alias, sql: c.freeAlias(alias)}
	for _, col := range cols {
		r.cols = append(r.cols, &column{name: col.name, sql: quoteIdent(r.sql) + "." + quoteIdent(col.sqlName), typ: col.typ, blank: col.blank,
			notNull: col.notNull, rel: r})
	}
	c.renameRel(r, names)
	c.scope.addRel(r, pos)
	return r
}

func (c *compiler) derived(d *Derived) (string, []*column) {
	out := c.subquery(d.Query)
	c.settleColumns(out)
	var alias string
	if d.Alias != nil {
		alias = d.Alias.Name
	} else {
		alias = c.freeName("derived_table")
	}
	r := c.queryRel(out.columns(), alias, d.Columns, d.At)
	return "(" + out.text() + ") AS " + quoteIdent(r.sql), r.cols
}

// freeName is an alias for a derived table that has none.
func (c *compiler) freeName(base string) string {
	for i := 1; ; i++ {
		n := base + strconv.Itoa(i)
		taken := false
		for _, r := range c.scope.rels {
			taken = taken || r.alias == n
		}
		if !taken {
			return n
		}
	}
}

// subquery compiles a query that sees the current scope as its outer one.
func (c *compiler) subquery(q *Query) compiled {
	save := c.f
	out := c.query(q)
	c.f = save
	return out
}

// tableRel makes the columns of a table visible under an alias.
func (c *compiler) tableRel(t *TableInfo, use *TableUse, alias string) *rel {
	r := &rel{alias: alias, path: t.Path, sql: c.freeAlias(alias)}
	for i, col := range t.Columns {
		name := col.Engine
		if name == "" {
			name = col.Name
		}
		blank := col.TrailingBlanks && col.Type.Kind == KVarchar
		r.cols = append(r.cols, &column{name: col.Name, sql: quoteIdent(r.sql) + "." + quoteIdent(name), typ: col.Type, blank: blank,
			hidden: col.Hidden, notNull: col.NotNull, rel: r, use: use, source: col.Name, attnum: i + 1})
	}
	return r
}
