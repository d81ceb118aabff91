package sql

import (
	"strconv"
	"strings"
)

func orderSuffix(o OrderItem) string {
	s := ""
	if o.Desc {
		s = " DESC"
	}
	if o.NullsFirst != nil {
		if *o.NullsFirst {
			return s + " NULLS FIRST"
		}
		return s + " NULLS LAST"
	}
	return s
}

// orderSelect compiles ORDER BY of a plain SELECT: output names first, then ordinals, then expressions over the input.
func (c *compiler) orderSelect(orderBy []OrderItem, out *selectOut, s *Select) (string, []value) {
	if len(orderBy) == 0 {
		return "", nil
	}
	var parts []string
	var vals []value
	for _, o := range orderBy {
		if n := outputOrdinal(o.X, out.cols); n > 0 {
			parts = append(parts, strconv.Itoa(n)+orderSuffix(o))
			continue
		}
		c.f, c.clause = flags{}, "ORDER BY"
		v := c.withOutputAliases(out, func() value { return c.settle(c.expr(o.X)) })
		ordinal := 0
		for i, item := range out.vals {
			if item.sql == v.sql || item.sql == c.trimBlank(v).sql {
				ordinal = i + 1
				break
			}
		}
		if ordinal > 0 {
			parts = append(parts, strconv.Itoa(ordinal)+orderSuffix(o))
			continue
		}
		if s.Distinct {
			panic(errAt(o.X.Pos(), "42P10", "for SELECT DISTINCT, ORDER BY expressions must appear in select list"))
		}
		if v.lit != nil || isConstant(o.X) {
			continue // ordering by a constant has no effect; the engine would read a number as an ordinal
		}
		vals = append(vals, v)
		parts = append(parts, v.sql+orderSuffix(o))
	}
	if len(parts) == 0 {
		return "", vals
	}
	return " ORDER BY " + strings.Join(parts, ", "), vals
}

func isConstant(e Expr) bool {
	switch e := e.(type) {
	case *Literal:
		return true
	case *Cast:
		return isConstant(e.X)
	}
	return false
}

func (c *compiler) withOutputAliases(out *selectOut, f func() value) value {
	save := c.scope.aliases
	defer func() { c.scope.aliases = save }()
	for i, col := range out.cols {
		c.scope.aliases = append(c.scope.aliases, aliasValue{col.name, out.vals[i]})
	}
	return f()
}

// outputOrdinal is the position that an ORDER BY expression names, 0 if it names none.
func outputOrdinal(e Expr, cols []outColumn) int {
	switch x := e.(type) {
	case *Literal:
		if x.Kind == LitInteger {
			n, err := strconv.Atoi(x.Text)
			if err != nil || n < 1 || n > len(cols) {
				panic(errAt(x.Pos(), "42P10", "ORDER BY position %s is not in select list", x.Text))
			}
			return n
		}
	case *ColumnRef:
		if len(x.Name) == 1 {
			for i, col := range cols {
				if col.name == x.Name[0].Name {
					return i + 1
				}
			}
		}
	}
	return 0
}

// orderOutput is ORDER BY after a set operation, where only the result's columns may be named.
func (c *compiler) orderOutput(orderBy []OrderItem, cols []outColumn) string {
	var parts []string
	for _, o := range orderBy {
		n := outputOrdinal(o.X, cols)
		if n == 0 {
			if r, ok := o.X.(*ColumnRef); ok && len(r.Name) == 1 {
				panic(errAt(o.X.Pos(), CodeUndefinedColumn, "column \"%s\" does not exist", r.Name[0].Name))
			}
			panic(errAt(o.X.Pos(), CodeNotSupported, "ORDER BY on a UNION/INTERSECT/EXCEPT result must be on one of the result columns"))
		}
		parts = append(parts, strconv.Itoa(n)+orderSuffix(o))
	}
	return " ORDER BY " + strings.Join(parts, ", ")
}
