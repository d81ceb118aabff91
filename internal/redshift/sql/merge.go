package sql

import (
	"slices"
	"strconv"
	"strings"
)

// merge is MERGE with both arms. The engine's own MERGE runs it; a target row that several source rows match is an error
// there, as in Redshift.
func (c *compiler) merge(plan *Plan, s *MergeStmt) {
	if s.RemoveDuplicates {
		panic(errAt(s.Start, CodeNotSupported, "MERGE ... REMOVE DUPLICATES has no plan of its own: it is run as what Replace gives"))
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
		sets, written = c.assignments(plan, t, s.Matched)
		matched = "UPDATE SET " + strings.Join(sets, ", ")
	}
	// The inserted values see the source alone.
	inner := &scope{cols: cols, rels: slices.Clone(c.scope.rels[1:])}
	save := c.scope
	c.scope = inner
	names, vals := c.mergeInsert(plan, t, s)
	c.scope = save
	c.splitWrite(plan, written)
	plan.guard = c.severalMatches(slot, alias, source, on)
	plan.sql = "MERGE INTO " + slot + " AS " + alias + " USING " + source + " ON " + on + " WHEN MATCHED THEN " + matched +
		" WHEN NOT MATCHED THEN INSERT (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(vals, ", ") + ")"
}

// severalMatches is the guard of a plan whose target rows may each match one source row.
func (c *compiler) severalMatches(slot, alias, source, on string) string {
	out := "SELECT 1 FROM " + slot + " AS " + alias + ", " + source
	sep := " WHERE "
	if on != "" {
		out, sep = out+sep+on, " AND "
	}
	for i := range c.params { // the engine wants each parameter that it is given to be used
		out, sep = out+sep+"(CAST($"+strconv.Itoa(i+1)+" AS VARCHAR) IS NULL OR true)", " AND "
	}
	return out + " GROUP BY " + alias + ".rowid HAVING count(*) > 1 LIMIT 1"
}

// Replace is MERGE ... REMOVE DUPLICATES as two statements: the target rows that match go, and the source's distinct rows come.
func (s *MergeStmt) Replace() (*DeleteStmt, *InsertStmt) {
	source := []TableExpr{s.Using}
	rows := &Select{Distinct: true, Items: []SelectItem{{X: &Star{}}}, From: source}
	return &DeleteStmt{Span: s.Span, Table: s.Table, Alias: s.Alias, Using: source, Where: s.On},
		&InsertStmt{Span: s.Span, Table: s.Table, Query: &Query{Body: rows}}
}

func (c *compiler) mergeInsert(plan *Plan, t *TableInfo, s *MergeStmt) (names, vals []string) {
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
			v = c.defaultValue(plan, col)
		} else {
			v = c.stored(plan, c.expr(s.InsertValues[i]), col)
		}
		names = append(names, quoteIdent(engineName(col)))
		vals = append(vals, v.sql)
	}
	for i := range t.Columns {
		col := &t.Columns[i]
		if !used[col.Name] && !col.Hidden && (col.Default != nil || col.Identity != nil) {
			names = append(names, quoteIdent(engineName(col)))
			vals = append(vals, c.defaultValue(plan, col).sql)
		}
	}
	return names, vals
}
