package sql

import "slices"

// targetTable resolves the table that a statement writes.
func (c *compiler) targetTable(plan *Plan, name QName) (*TableInfo, string) {
	t := c.findTable(name)
	if t.View != nil {
		panic(errAt(name.Pos(), CodeNotSupported, "cannot change view \"%s\"", name.Last()))
	}
	use, slot := c.newUse(t, name.Pos())
	plan.Write = use
	return t, slot
}

func targetColumn(t *TableInfo, id Ident) *Column {
	for i := range t.Columns {
		if t.Columns[i].Name == id.Name && !t.Columns[i].Hidden {
			return &t.Columns[i]
		}
	}
	panic(errAt(id.Pos, CodeUndefinedColumn, "column \"%s\" does not exist in %s", id.Name, t.Path[len(t.Path)-1]))
}

// stored is an expression's value as a column keeps it, and notes where a text may come to end in blanks.
func (c *compiler) stored(plan *Plan, v value, col *Column) value {
	v = c.assign(v, col.Type, col.Name)
	if v.blank && col.Type.Kind == KVarchar && !col.TrailingBlanks && !slices.Contains(plan.Blanks, col.Name) {
		plan.Blanks = append(plan.Blanks, col.Name)
	}
	return v
}

func engineName(col *Column) string {
	if col.Engine != "" {
		return col.Engine
	}
	return col.Name
}

// defaultValue is what a column gets that an INSERT leaves out.
func (c *compiler) defaultValue(plan *Plan, col *Column) value {
	switch {
	case col.IdentityNext != "":
		return value{sql: col.IdentityNext, typ: col.Type}
	case col.Default != nil:
		save, f := c.scope, c.f
		c.scope = &scope{}
		v := c.stored(plan, c.expr(col.Default), col)
		c.scope, c.f = save, f
		return v
	}
	return value{sql: "NULL", typ: col.Type}
}

// splitWrite keeps the assigned columns on the written use and gives the columns that it reads a use of their own.
func (c *compiler) splitWrite(plan *Plan, written []string) {
	if read := plan.Write.Columns; len(read) > 0 {
		plan.Reads = append(plan.Reads, &TableUse{Table: plan.Write.Table, Pos: plan.Write.Pos, Columns: read, slot: plan.Write.slot})
	}
	plan.Write.Columns = written
}

func (c *compiler) targetRel(t *TableInfo, use *TableUse, alias *Ident, name QName) string {
	n := name.Last()
	if alias != nil {
		n = alias.Name
	}
	r := c.tableRel(t, use, n)
	c.scope.addRel(r, name.Pos())
	c.scope.cols = append(c.scope.cols, r.cols...)
	return quoteIdent(r.sql)
}
