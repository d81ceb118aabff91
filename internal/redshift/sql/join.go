package sql

import "strings"

func (c *compiler) join(j *Join) (string, []*column) {
	ltext, lcols := c.tableExpr(j.L)
	rtext, rcols := c.tableExpr(j.R)
	if _, ok := j.R.(*Join); ok {
		rtext = "(" + rtext + ")"
	}
	kind := map[string]string{"inner": " JOIN ", "left": " LEFT JOIN ", "right": " RIGHT JOIN ", "full": " FULL JOIN ", "cross": " CROSS JOIN "}[j.Kind]
	nullable := func(cols []*column) {
		for _, col := range cols {
			col.notNull = false
		}
	}
	if j.Kind == "left" || j.Kind == "full" {
		nullable(rcols)
	}
	if j.Kind == "right" || j.Kind == "full" {
		nullable(lcols)
	}
	both := append(append([]*column(nil), lcols...), rcols...)
	if j.Kind == "cross" {
		return ltext + kind + rtext, both
	}
	if j.On != nil {
		// ON sees the two sides, and of the enclosing levels only the outer queries.
		save := c.scope
		c.scope = &scope{parent: save.parent, rels: save.rels, cols: both, used: save.used}
		on := c.condition(j.On, "JOIN/ON")
		c.scope = save
		return ltext + kind + rtext + " ON " + on, both
	}
	names := j.Using
	if j.Natural {
		for _, l := range lcols {
			for _, r := range rcols {
				if l.name == r.name {
					names = append(names, Ident{Name: l.name, Pos: j.At})
				}
			}
		}
		if len(names) == 0 {
			return ltext + " CROSS JOIN " + rtext, both
		}
	}
	var conds []string
	var merged []*column
	drop := map[*column]bool{}
	for _, n := range names {
		l, r := findUsing(lcols, n, "left"), findUsing(rcols, n, "right")
		c.touch(l)
		c.touch(r)
		lv := value{sql: l.sql, typ: l.typ, blank: l.blank, pos: n.Pos}
		rv := value{sql: r.sql, typ: r.typ, blank: r.blank, pos: n.Pos}
		conds = append(conds, c.compare("=", lv, rv, n.Pos).sql)
		m := *l
		m.merged, m.name = true, n.Name
		switch j.Kind {
		case "right":
			m = *r
			m.merged = true
		case "full":
			t, ok := commonType(l.typ, r.typ)
			if !ok {
				t = l.typ
			}
			m = column{name: n.Name, typ: t, blank: l.blank || r.blank, merged: true,
				sql: "coalesce(" + c.castTo(lv, t).sql + ", " + c.castTo(rv, t).sql + ")"}
		}
		merged = append(merged, &m)
		drop[l], drop[r] = true, true
	}
	out := merged
	for _, col := range both {
		if !drop[col] {
			out = append(out, col)
		}
	}
	return ltext + kind + rtext + " ON " + strings.Join(conds, " AND "), out
}

func findUsing(cols []*column, n Ident, side string) *column {
	var found *column
	for _, col := range cols {
		if col.name == n.Name {
			if found != nil {
				panic(errAt(n.Pos, CodeAmbiguousColumn, "common column name \"%s\" appears more than once in %s table", n.Name, side))
			}
			found = col
		}
	}
	if found == nil {
		panic(errAt(n.Pos, CodeUndefinedColumn, "column \"%s\" specified in USING clause does not exist in %s table", n.Name, side))
	}
	return found
}
