package sql

import (
	"slices"
	"strings"
)

// merge is MERGE with both arms. The engine's own MERGE runs it; a target row that several source rows match is an error
// there, as in Redshift.
func (c *compiler) merge(plan *Plan, s *MergeStmt) {
	if s.RemoveDuplicates {
		panic(errAt(s.Start, CodeNotSupported, "MERGE ... REMOVE DUPLICATES is not supported").hint("write WHEN MATCHED THEN UPDATE and WHEN NOT MATCHED THEN INSERT"))
	}
	plan.Kind = PlanMerge
	c.scope = &scope{}
	t, slot := c.targetTable(plan, s.Table)
	alias := c.targetRel(t, plan.Write, s.Alias, s.Table)
	source, cols := c.tableExpr(s.Using)
	c.scope.cols = append(c.scope.cols, cols...)
	on := c.condition(s.On, "MERGE ON")
	matched := "DELETE"
	var written []string
	if !s.Delete {
		var sets []string
		sets, written = c.assignments(t, s.Matched)
		matched = "UPDATE SET " + strings.Join(sets, ", ")
	}
	// The inserted values see the source alone.
	inner := &scope{cols: cols, rels: slices.Clone(c.scope.rels[1:])}
	save := c.scope
	c.scope = inner
	names, vals := c.mergeInsert(t, s)
	c.scope = save
	c.splitWrite(plan, written)
	plan.sql = "MERGE INTO " + slot + " AS " + alias + " USING " + source + " ON " + on + " WHEN MATCHED THEN " + matched +
		" WHEN NOT MATCHED THEN INSERT (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(vals, ", ") + ")"
}

func (c *compiler) mergeInsert(t *TableInfo, s *MergeStmt) (names, vals []string) {
	var targets []*Column
	for _, id := range s.InsertColumns {
		targets = append(targets, targetColumn(t, id))
	}
	if s.InsertColumns == nil {
		for i := range t.Columns {
			if !t.Columns[i].Hidden {
				targets = append(targets, &t.Columns[i])
			}
		}
	}
	if len(s.InsertValues) != len(targets) {
		panic(errAt(s.InsertValues[0].Pos(), CodeSyntax, "MERGE inserts %d values into %d columns", len(s.InsertValues), len(targets)))
	}
	used := map[string]bool{}
	for i, col := range targets {
		used[col.Name] = true
		v := value{}
		if _, ok := s.InsertValues[i].(*Default); ok {
			v = c.defaultValue(col)
		} else {
			v = c.assign(c.expr(s.InsertValues[i]), col.Type, col.Name)
		}
		names = append(names, quoteIdent(engineName(col)))
		vals = append(vals, v.sql)
	}
	for i := range t.Columns {
		col := &t.Columns[i]
		if !used[col.Name] && !col.Hidden && (col.Default != nil || col.Identity != nil) {
			names = append(names, quoteIdent(engineName(col)))
			vals = append(vals, c.defaultValue(col).sql)
		}
	}
	return names, vals
}
