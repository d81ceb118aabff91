package sql

import (
	"strings"
)

// aggregateFunctions work on groups, and with OVER on windows.
func aggregateFunctions() []function {
	agg := func(names string, build func(c *compiler, a *aggregateCall) value) function {
		return function{names: names, aggregate: true, build: func(c *compiler, e *Call) value { return c.aggregate(e, build) }}
	}
	float := func(names, engine string) function {
		return agg(names, func(c *compiler, a *aggregateCall) value {
			v := c.pass(a.only(cNum), cFloat)
			return value{sql: a.text(engine, v.sql), typ: Float8}
		})
	}
	return []function{
		agg("count", func(c *compiler, a *aggregateCall) value {
			if a.e.Star {
				return value{sql: a.text("count", "*"), typ: Int8}
			}
			c.arity(a.e, 1, 1)
			v := c.trimBlank(c.settle(a.vals[0]))
			return value{sql: a.text("count", v.sql), typ: Int8}
		}),
		agg("sum", func(c *compiler, a *aggregateCall) value {
			v := c.pass(a.only(cNum), cNum)
			switch t := v.typ; {
			case t.Kind == KInt8:
				return value{sql: "CAST(" + a.text("sum", v.sql) + " AS DECIMAL(38,0))", typ: Decimal(38, 0)}
			case t.IsInteger():
				return value{sql: "CAST(" + a.text("sum", v.sql) + " AS BIGINT)", typ: Int8}
			case t.Kind == KDecimal:
				return value{sql: a.text("sum", v.sql), typ: Decimal(38, t.Scale)}
			}
			return value{sql: a.text("sum", c.castTo(v, Float8).sql), typ: Float8}
		}),
		agg("avg", func(c *compiler, a *aggregateCall) value {
			v := c.pass(a.only(cNum), cNum)
			switch t := v.typ; {
			case t.IsInteger():
				return value{sql: "CAST(" + a.text("sum", v.sql) + " // " + a.text("count", v.sql) + " AS BIGINT)", typ: Int8}
			case t.Kind == KDecimal:
				out := Decimal(38, t.Scale)
				sum := value{sql: a.text("sum", v.sql), typ: out}
				return value{sql: scaled(unscaled(sum, out)+" // "+a.text("count", v.sql), out), typ: out}
			}
			return value{sql: a.text("avg", c.castTo(v, Float8).sql), typ: Float8}
		}),
		agg("min", func(c *compiler, a *aggregateCall) value { return c.extreme(a, "min") }),
		agg("max", func(c *compiler, a *aggregateCall) value { return c.extreme(a, "max") }),
		float("stddev stddev_samp", "stddev_samp"),
		float("stddev_pop", "stddev_pop"),
		float("variance var_samp", "var_samp"),
		float("var_pop", "var_pop"),
		agg("any_value", func(c *compiler, a *aggregateCall) value {
			c.arity(a.e, 1, 1)
			v := c.settle(a.vals[0])
			return value{sql: a.text("any_value", v.sql), typ: v.typ, blank: v.blank}
		}),
		agg("bool_and", func(c *compiler, a *aggregateCall) value {
			return value{sql: a.text("bool_and", c.pass(a.only(cBool), cBool).sql), typ: Bool}
		}),
		agg("bool_or", func(c *compiler, a *aggregateCall) value {
			return value{sql: a.text("bool_or", c.pass(a.only(cBool), cBool).sql), typ: Bool}
		}),
		agg("bit_and", func(c *compiler, a *aggregateCall) value {
			v := c.pass(a.only(cInt), cInt)
			return value{sql: a.text("bit_and", v.sql), typ: v.typ}
		}),
		agg("bit_or", func(c *compiler, a *aggregateCall) value {
			v := c.pass(a.only(cInt), cInt)
			return value{sql: a.text("bit_or", v.sql), typ: v.typ}
		}),
		agg("listagg", listagg),
		agg("median", func(c *compiler, a *aggregateCall) value { return c.continuous(a, a.only(cAny), "0.5") }),
		agg("percentile_cont", func(c *compiler, a *aggregateCall) value {
			f, v := a.percentile(c)
			return c.continuous(a, v, f)
		}),
		agg("percentile_disc", func(c *compiler, a *aggregateCall) value {
			f, v := a.percentile(c)
			v = c.settle(v)
			return value{sql: a.text("quantile_disc", v.sql+", "+f), typ: v.typ, blank: v.blank}
		}),
		agg("hll", func(c *compiler, a *aggregateCall) value {
			c.arity(a.e, 1, 1)
			a.e = &Call{at: a.e.at, Name: a.e.Name, Args: a.e.Args, Distinct: true, Over: a.e.Over}
			return value{sql: a.text("count", c.settle(a.vals[0]).sql), typ: Int8}
		}),
		{names: "grouping grouping_id", build: func(c *compiler, e *Call) value {
			if len(e.Args) == 0 {
				c.noFunction(e, nil)
			}
			f := c.f
			var keys []string
			for _, x := range e.Args {
				v := c.settle(c.expr(x))
				if c.scope == nil || !c.scope.keys[v.sql] {
					panic(errAt(x.Pos(), CodeGrouping, "arguments to GROUPING must be grouping expressions of the associated query level"))
				}
				keys = append(keys, v.sql)
			}
			c.f = f
			c.f.agg = true
			return value{sql: "CAST(grouping(" + strings.Join(keys, ", ") + ") AS INTEGER)", typ: Int4}
		}},
	}
}

// aggregateCall is a call of an aggregate with its arguments compiled.
type aggregateCall struct {
	c    *compiler
	e    *Call
	vals []value
	over string
}

// aggregate compiles the arguments and keeps the flags right: inside a plain aggregate every column is covered, inside a
// window none is.
func (c *compiler) aggregate(e *Call, build func(c *compiler, a *aggregateCall) value) value {
	save := c.f
	c.f = flags{}
	if len(e.Args) == 1 && e.Name.Last() == "count" { // count(t.*) counts rows
		if st, ok := e.Args[0].(*Star); ok && st.Table != nil {
			e = &Call{at: e.at, Name: e.Name, Star: true, Over: e.Over}
		}
	}
	a := &aggregateCall{c: c, e: e, vals: c.exprs(e.Args)}
	// ORDER BY of WITHIN GROUP is compiled by the builder, so its flags come below.
	if e.Over != nil {
		name := e.Name.Last()
		needFrame := name != "listagg" && name != "median" && name != "percentile_cont" && name != "percentile_disc"
		inner := c.f
		c.f = flags{}
		a.over = c.over(e.Over, name, e.Pos(), needFrame)
		inner.merge(c.f)
		c.f = inner
	}
	v := build(c, a)
	if c.f.win && e.Over == nil {
		panic(errAt(e.Pos(), CodeWindowing, "aggregate function calls may not contain window function calls"))
	}
	if e.Over != nil {
		c.f.win = true
	} else {
		if c.f.agg {
			panic(errAt(e.Pos(), CodeGrouping, "aggregate function calls may not be nested"))
		}
		c.f.agg, c.f.free = true, nil
	}
	v.blank = v.blank && v.typ.IsText()
	inner := c.f
	c.f = save
	c.f.merge(inner)
	return v
}

// only is the single argument, which must be of a class.
func (a *aggregateCall) only(cl class) value {
	a.c.arity(a.e, 1, 1)
	if matchCost(a.vals[0], cl) < 0 {
		a.c.noFunction(a.e, a.vals)
	}
	return a.vals[0]
}

// text prints the engine's call, with DISTINCT and OVER.
func (a *aggregateCall) text(engine, args string) string {
	distinct := ""
	if a.e.Distinct {
		distinct = "DISTINCT "
	}
	return engine + "(" + distinct + args + ")" + a.over
}

// percentile is the fraction and the ordered value of PERCENTILE_*(f) WITHIN GROUP (ORDER BY x).
func (a *aggregateCall) percentile(c *compiler) (string, value) {
	c.arity(a.e, 1, 1)
	if len(a.e.Within) != 1 {
		panic(errAt(a.e.Pos(), CodeSyntax, "%s needs WITHIN GROUP (ORDER BY one expression)", a.e.Name.Last()))
	}
	f := c.pass(a.vals[0], cNum)
	if f.lit == nil {
		panic(errAt(a.e.Pos(), CodeInvalidParameter, "the percentile of %s must be a constant between 0 and 1", a.e.Name.Last()))
	}
	frac := f.lit.Text
	if a.e.Within[0].Desc {
		frac = "1 - " + frac
	}
	return frac, c.expr(a.e.Within[0].X)
}

// continuous is MEDIAN and PERCENTILE_CONT: numbers come out as decimal or double, dates as they are.
func (c *compiler) continuous(a *aggregateCall, v value, frac string) value {
	t := v.typ
	switch {
	case t.IsInteger():
		v, t = c.castTo(v, Decimal(20, 1)), Decimal(20, 1)
	case t.Kind == KUnknown, t.IsText():
		v, t = c.castTo(v, Float8), Float8
	case t.Kind == KDate:
		t = Timestamp
		v = c.castTo(v, Timestamp)
		return value{sql: a.text("quantile_cont", v.sql+", "+frac), typ: t}
	case t.Kind == KDecimal, t.IsFloat(), t.isTimestamp(), t.IsInterval():
	default:
		c.noFunction(a.e, []value{v})
	}
	return value{sql: a.text("quantile_cont", v.sql+", "+frac), typ: t}
}

func (c *compiler) extreme(a *aggregateCall, engine string) value {
	c.arity(a.e, 1, 1)
	v := c.settle(a.vals[0])
	if v.typ.Kind == KBool || v.typ.Kind == KSuper {
		c.noFunction(a.e, a.vals)
	}
	return value{sql: a.text(engine, v.sql), typ: v.typ, blank: v.blank}
}

func listagg(c *compiler, a *aggregateCall) value {
	c.arity(a.e, 1, 2)
	x := c.asText(a.vals[0])
	delim := "''"
	if len(a.vals) == 2 {
		delim = c.asText(a.vals[1]).sql
	}
	order := ""
	if len(a.e.Within) > 0 {
		order = " ORDER BY " + c.orderList(a.e.Within)
	}
	return value{sql: "rs_listagg_limit(" + a.text("string_agg", x.sql+", "+delim+order) + ")", typ: Varchar(MaxVarchar), blank: true}
}
