package sql

import (
	"strconv"
	"strings"
)

// valuesOut is VALUES as a query.
type valuesOut struct {
	c    *compiler
	rows [][]value
	cols []outColumn
}

func (v *valuesOut) columns() []outColumn { return v.cols }
func (v *valuesOut) coerce(i int, t Type) {
	for _, row := range v.rows {
		row[i] = v.c.implicit(row[i], t)
	}
	v.cols[i].typ = t
}
func (v *valuesOut) trim(i int) {
	for _, row := range v.rows {
		row[i] = v.c.trimBlank(row[i])
	}
	v.cols[i].blank = false
}
func (v *valuesOut) text() string {
	var rows, names []string
	for _, r := range v.rows {
		var vals []string
		for _, x := range r {
			vals = append(vals, x.sql)
		}
		rows = append(rows, "("+strings.Join(vals, ", ")+")")
	}
	for _, col := range v.cols {
		names = append(names, quoteIdent(col.sqlName))
	}
	return "SELECT * FROM (VALUES " + strings.Join(rows, ", ") + ") AS v(" + strings.Join(names, ", ") + ")"
}

func (c *compiler) values(v *Values) compiled {
	out := &valuesOut{c: c}
	save := c.scope
	c.scope = &scope{parent: save}
	defer func() { c.scope = save }()
	for _, row := range v.Rows {
		if len(row) != len(v.Rows[0]) {
			panic(errAt(row[0].Pos(), CodeSyntax, "VALUES lists must all be the same length"))
		}
		var vals []value
		for _, e := range row {
			vals = append(vals, c.expr(e))
		}
		out.rows = append(out.rows, vals)
	}
	for i := range v.Rows[0] {
		t := Unknown
		n, blank := 0, false
		for _, r := range out.rows {
			u, ok := commonType(t, r[i].typ)
			if !ok {
				panic(errAt(r[i].pos, CodeTypeMismatch, "VALUES types %s and %s cannot be matched", t.BaseName(), r[i].typ.BaseName()))
			}
			t = u
			blank = blank || r[i].blank
			if r[i].lit != nil {
				n = max(n, len(r[i].lit.Text))
			}
		}
		name := "column" + strconv.Itoa(i+1)
		out.cols = append(out.cols, outColumn{name: name, sqlName: name, typ: t, litLen: n, blank: blank})
		if t.Kind != KUnknown {
			out.coerce(i, t)
		}
	}
	return out
}
