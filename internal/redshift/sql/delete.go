package sql

func (c *compiler) delete(plan *Plan, s *DeleteStmt) {
	plan.Kind = PlanDelete
	c.scope = &scope{}
	with := c.with(s.With)
	t, slot := c.targetTable(plan, s.Table)
	alias := c.targetRel(t, plan.Write, s.Alias, s.Table)
	using := c.from(s.Using)
	where := c.condition(s.Where, "WHERE")
	c.splitWrite(plan, nil)
	plan.sql = with + "DELETE FROM " + slot + " AS " + alias
	if using != "" {
		plan.sql += " USING " + using
	}
	if where != "" {
		plan.sql += " WHERE " + where
	}
}
