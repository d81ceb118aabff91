package sql

import (
	"strconv"
	"strings"
)

// groupBy compiles the keys, notes them in the scope and returns the clause.
func (c *compiler) groupBy(s *Select, items []item) string {
	if len(s.GroupBy) == 0 {
		return ""
	}
	c.scope.keys = map[string]bool{}
	var parts []string
	for _, g := range s.GroupBy {
		parts = append(parts, c.groupItem(g, items))
	}
	// Star columns were compiled before the keys were known.
	for i := range items {
		if items[i].x != nil {
			continue
		}
		v := &items[i].v
		if t := c.scope.trimmed[v.sql]; t != "" {
			v.sql, v.blank = t, false
		}
		if c.scope.keys[v.sql] {
			v.free = nil
		}
	}
	return " GROUP BY " + strings.Join(parts, ", ")
}

func (c *compiler) groupItem(g GroupItem, items []item) string {
	switch g.Kind {
	case "":
		return c.groupKey(g.X, items)
	case "set":
		var keys []string
		for _, e := range g.List {
			keys = append(keys, c.groupKey(e, items))
		}
		return "(" + strings.Join(keys, ", ") + ")"
	}
	var sets []string
	for _, m := range g.Sets {
		sets = append(sets, c.groupItem(m, items))
	}
	return upper(g.Kind) + " (" + strings.Join(sets, ", ") + ")"
}

// groupKey compiles one key: an ordinal, a column, an output alias, or an expression.
func (c *compiler) groupKey(e Expr, items []item) string {
	target := e
	var star *item
	switch x := e.(type) {
	case *Literal:
		if x.Kind == LitInteger {
			n, err := strconv.Atoi(x.Text)
			if err != nil || n < 1 || n > len(items) {
				panic(errAt(x.Pos(), "42P10", "GROUP BY position %s is not in select list", x.Text))
			}
			it := items[n-1]
			if it.x == nil {
				star = &it
			}
			target = it.x
		}
	case *ColumnRef:
		if len(x.Name) == 1 && c.scope.lookup(x.Name[0].Name, x.Pos()) == nil {
			for _, it := range items {
				if it.alias && it.name == x.Name[0].Name {
					target = it.x
				}
			}
		}
	}
	c.f = flags{}
	var v value
	if star != nil {
		v = star.v
	} else {
		v = c.withAliases(items, func() value { return c.settle(c.expr(target)) })
	}
	if v.agg {
		panic(errAt(e.Pos(), CodeGrouping, "aggregates not allowed in GROUP BY clause"))
	}
	if v.win {
		panic(errAt(e.Pos(), CodeWindowing, "window functions not allowed in GROUP BY clause"))
	}
	if t := c.trimBlank(v); t.sql != v.sql && v.lit == nil {
		if c.scope.trimmed == nil {
			c.scope.trimmed = map[string]string{}
		}
		c.scope.trimmed[v.sql] = t.sql
		v.sql = t.sql
	}
	c.scope.keys[v.sql] = true
	if v.lit != nil || v.free == nil && v.col == nil { // a bare constant would be an ordinal to the engine
		return "(SELECT " + v.sql + ")"
	}
	return v.sql
}

// withAliases lets a key's expression use aliases of select items, as a select item's own expression may.
func (c *compiler) withAliases(items []item, f func() value) value {
	save := c.scope.aliases
	defer func() { c.scope.aliases = save }()
	for _, it := range items {
		if it.alias && it.x != nil && mentionsOnlyColumns(it.x) && !c.scope.has(it.name) {
			fl := c.f
			var v value
			if c.guard(func() { v = c.expr(it.x) }) == nil {
				c.scope.aliases = append(c.scope.aliases, aliasValue{it.name, v})
			}
			c.f = fl
		}
	}
	return f()
}

// mentionsOnlyColumns is false for expressions with subqueries, which must not be compiled twice for nothing.
func mentionsOnlyColumns(e Expr) bool {
	switch e := e.(type) {
	case *Subquery, *Exists, *InQuery, *ArrayQuery, *Quantified:
		return false
	case *Call:
		for _, a := range e.Args {
			if !mentionsOnlyColumns(a) {
				return false
			}
		}
		return e.Over == nil
	case *Binary:
		return mentionsOnlyColumns(e.L) && mentionsOnlyColumns(e.R)
	case *Case:
		return e.Operand == nil
	}
	return true
}

// groupAll groups by every item without an aggregate.
func (c *compiler) groupAll(out *selectOut) string {
	c.scope.keys = map[string]bool{}
	var parts []string
	for i := range out.vals {
		v := &out.vals[i]
		if v.agg || v.win {
			continue
		}
		c.scope.keys[v.sql] = true
		v.free = nil
		parts = append(parts, strconv.Itoa(i+1))
	}
	if len(parts) == 0 {
		return ""
	}
	return " GROUP BY " + strings.Join(parts, ", ")
}
