package sql

import "strings"

func (c *compiler) update(plan *Plan, s *UpdateStmt) {
	plan.Kind = PlanUpdate
	c.scope = &scope{}
	with := c.with(s.With)
	t, slot := c.targetTable(plan, s.Table)
	alias := c.targetRel(t, plan.Write, s.Alias, s.Table)
	from := c.from(s.From)
	where := c.condition(s.Where, "WHERE")
	sets, written := c.assignments(plan, t, s.Set)
	c.splitWrite(plan, written)
	plan.sql = with + "UPDATE " + slot + " AS " + alias + " SET " + strings.Join(sets, ", ")
	if from != "" {
		plan.guard = with + c.severalMatches(slot, alias, from, where)
		plan.sql += " FROM " + from
	}
	if where != "" {
		plan.sql += " WHERE " + where
	}
}

// assignments compiles SET and returns its members and the columns they write.
func (c *compiler) assignments(plan *Plan, t *TableInfo, set []Assignment) (sets, written []string) {
	seen := map[string]bool{}
	for _, a := range set {
		col := targetColumn(t, a.Column)
		if seen[col.Name] {
			panic(errAt(a.Column.Pos, CodeSyntax, "multiple assignments to same column \"%s\"", col.Name))
		}
		seen[col.Name] = true
		if col.Identity != nil {
			panic(errAt(a.Column.Pos, CodeNotSupported, "cannot set an identity column to a value"))
		}
		var v value
		if _, ok := a.Value.(*Default); ok {
			v = c.defaultValue(plan, col)
		} else {
			c.clause = "UPDATE"
			v = c.stored(plan, c.expr(a.Value), col)
			c.refuse(v, "UPDATE")
		}
		sets = append(sets, quoteIdent(engineName(col))+" = "+v.sql)
		written = append(written, col.Name)
	}
	return sets, written
}
