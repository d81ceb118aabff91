package sql

import "strings"

func (c *compiler) insert(plan *Plan, s *InsertStmt) {
	plan.Kind = PlanInsert
	t, slot := c.targetTable(plan, s.Table)
	var targets []*Column
	seen := map[string]bool{}
	if s.Columns == nil {
		for i := range t.Columns {
			if col := &t.Columns[i]; !col.Hidden {
				targets = append(targets, col)
			}
		}
	}
	for _, id := range s.Columns {
		col := targetColumn(t, id)
		if seen[col.Name] {
			panic(errAt(id.Pos, CodeDuplicateColumn, "column \"%s\" specified more than once", id.Name))
		}
		seen[col.Name] = true
		if col.Identity != nil && !col.Identity.ByDefault {
			panic(errAt(id.Pos, CodeNotSupported, "cannot set an identity column to a value").hint("leave \"%s\" out of the column list", id.Name))
		}
		targets = append(targets, col)
	}
	// Columns without a value in the statement.
	var rest []*Column
	for i := range t.Columns {
		col := &t.Columns[i]
		if s.Columns != nil && !seen[col.Name] && !col.Hidden && (col.Default != nil || col.Identity != nil) {
			rest = append(rest, col)
		}
	}
	var names []string
	list := func(cols []*Column) {
		for _, col := range cols {
			names = append(names, quoteIdent(engineName(col)))
			plan.Write.Columns = append(plan.Write.Columns, col.Name)
		}
	}
	var body string
	switch {
	case s.DefaultValues:
		list(targets)
		var vals []string
		for _, col := range targets {
			vals = append(vals, c.defaultValue(plan, col).sql)
		}
		body = "SELECT " + strings.Join(vals, ", ")
	case isValues(s.Query):
		rows := s.Query.Body.(*Values).Rows
		width := len(rows[0])
		if s.Columns == nil {
			targets, rest = c.positional(t, targets, width, rows[0], s)
		} else {
			c.checkWidth(width, len(targets), s)
		}
		list(targets)
		list(rest)
		body = c.insertRows(plan, rows, targets, rest)
	default:
		c.scope = nil
		out := c.query(s.Query)
		cols := out.columns()
		if s.Columns == nil {
			targets, rest = c.positional(t, targets, len(cols), nil, s)
		} else {
			c.checkWidth(len(cols), len(targets), s)
		}
		list(targets)
		list(rest)
		// The conversions go round the query: its own ORDER BY and DISTINCT keep their meaning.
		for i, col := range cols {
			if col.typ.Kind == KUnknown && !targets[i].Type.IsText() {
				out.coerce(i, targets[i].Type)
			}
		}
		c.settleColumns(out)
		cols = out.columns()
		var vals []string
		for i, col := range cols {
			v := value{sql: "q." + quoteIdent(col.sqlName), typ: col.typ, blank: col.blank, pos: s.Query.At}
			vals = append(vals, c.stored(plan, v, targets[i]).sql)
		}
		for _, col := range rest {
			vals = append(vals, c.defaultValue(plan, col).sql)
		}
		body = "SELECT " + strings.Join(vals, ", ") + " FROM (" + out.text() + ") AS q"
	}
	plan.sql = "INSERT INTO " + slot + " (" + strings.Join(names, ", ") + ") " + body
}

func isValues(q *Query) bool {
	_, ok := q.Body.(*Values)
	return ok && q.With == nil && q.OrderBy == nil && q.Limit == nil && q.Offset == nil
}

// positional matches values to columns without a column list: identity columns that are always generated are skipped
// when the statement gives no value for them.
func (c *compiler) positional(t *TableInfo, all []*Column, width int, first []Expr, s *InsertStmt) (targets, rest []*Column) {
	if width < len(all) {
		var plain []*Column
		for _, col := range all {
			if col.Identity == nil {
				plain = append(plain, col)
			}
		}
		if width <= len(plain) {
			targets = plain[:width]
			for _, col := range all {
				used := false
				for _, tc := range targets {
					used = used || tc == col
				}
				if !used && (col.Default != nil || col.Identity != nil) {
					rest = append(rest, col)
				}
			}
			return targets, rest
		}
	}
	c.checkWidth(width, len(all), s)
	for i, col := range all[:width] {
		if col.Identity == nil || col.Identity.ByDefault {
			continue
		}
		if first != nil {
			if _, ok := first[i].(*Default); ok {
				continue
			}
		}
		panic(errAt(s.Table.Pos(), CodeNotSupported, "cannot set an identity column to a value").hint("name the other columns in the INSERT"))
	}
	return all[:width], nil
}

func (c *compiler) checkWidth(have, want int, s *InsertStmt) {
	if have > want {
		panic(errAt(s.Query.At, CodeSyntax, "INSERT has more expressions than target columns"))
	}
	if have < want && s.Columns != nil {
		panic(errAt(s.Query.At, CodeSyntax, "INSERT has more target columns than expressions"))
	}
}

func (c *compiler) insertRows(plan *Plan, rows [][]Expr, targets, rest []*Column) string {
	c.scope = &scope{}
	var out []string
	for _, row := range rows {
		if len(row) != len(targets) {
			panic(errAt(row[0].Pos(), CodeSyntax, "VALUES lists must all be the same length"))
		}
		var vals []string
		for i, e := range row {
			if _, ok := e.(*Default); ok {
				vals = append(vals, c.defaultValue(plan, targets[i]).sql)
				continue
			}
			vals = append(vals, c.stored(plan, c.expr(e), targets[i]).sql)
		}
		for _, col := range rest {
			vals = append(vals, c.defaultValue(plan, col).sql)
		}
		out = append(out, "("+strings.Join(vals, ", ")+")")
	}
	return "VALUES " + strings.Join(out, ", ")
}
