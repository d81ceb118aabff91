package sql

// windowFunctions need OVER.
func windowFunctions() []function {
	win := func(names string, build func(c *compiler, w *windowCall) value) function {
		return function{names: names, window: true, build: func(c *compiler, e *Call) value {
			w := &windowCall{c: c, e: e, vals: c.exprs(e.Args)}
			w.over = c.over(e.Over, e.Name.Last(), e.Pos(), false)
			v := build(c, w)
			c.f.win = true
			return v
		}}
	}
	rank := func(names, engine string, t Type) function {
		return win(names, func(c *compiler, w *windowCall) value {
			c.arity(w.e, 0, 0)
			return value{sql: engine + "()" + w.over, typ: t}
		})
	}
	offset := func(name string) function {
		return win(name, func(c *compiler, w *windowCall) value {
			c.arity(w.e, 1, 2)
			x := c.settle(w.vals[0])
			arg := x.sql
			if len(w.vals) == 2 {
				arg += ", " + c.implicit(w.vals[1], Int8).sql
			}
			return value{sql: name + "(" + arg + w.nulls() + ")" + w.over, typ: x.typ, blank: x.blank}
		})
	}
	pick := func(name string, n int) function {
		return win(name, func(c *compiler, w *windowCall) value {
			c.arity(w.e, n, n)
			if len(w.e.Over.Order) > 0 && w.e.Over.Frame == nil {
				panic(errAt(w.e.Pos(), CodeWindowing, "Aggregate window functions with an ORDER BY clause require a frame clause").hint(
					"add ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING after ORDER BY"))
			}
			x := c.settle(w.vals[0])
			arg := x.sql
			if n == 2 {
				arg += ", " + c.implicit(w.vals[1], Int8).sql
			}
			return value{sql: name + "(" + arg + w.nulls() + ")" + w.over, typ: x.typ, blank: x.blank}
		})
	}
	return []function{
		rank("row_number", "row_number", Int8),
		rank("rank", "rank", Int8),
		rank("dense_rank", "dense_rank", Int8),
		rank("percent_rank", "percent_rank", Float8),
		rank("cume_dist", "cume_dist", Float8),
		win("ntile", func(c *compiler, w *windowCall) value {
			c.arity(w.e, 1, 1)
			return value{sql: "ntile(" + c.implicit(w.vals[0], Int8).sql + ")" + w.over, typ: Int8}
		}),
		offset("lag"), offset("lead"),
		pick("first_value", 1), pick("last_value", 1), pick("nth_value", 2),
		win("ratio_to_report", func(c *compiler, w *windowCall) value {
			c.arity(w.e, 1, 1)
			x := c.pass(w.vals[0], cFloat)
			return value{sql: "(" + x.sql + " / nullif(sum(" + x.sql + ")" + w.over + ", 0))", typ: Float8}
		}),
	}
}

// windowCall is a call of a window function with its arguments compiled.
type windowCall struct {
	c    *compiler
	e    *Call
	vals []value
	over string
}

// nulls is IGNORE NULLS, which the engine wants inside the parentheses.
func (w *windowCall) nulls() string {
	if w.e.IgnoreNulls {
		return " IGNORE NULLS"
	}
	return ""
}
