package sql

// mathFunctions are section "Math functions".
func mathFunctions() []function {
	double := func(names, engine string) function {
		return fn(names, ov(args(cFloat), is(Float8), engine+"($1)"))
	}
	return []function{
		fn("abs", ov(args(cNum), same(1), "abs($1)")),
		special("ceil ceiling", rounding("ceil")),
		special("floor", rounding("floor")),
		special("round", roundTo("round")),
		special("trunc", trunc),
		fn("sign",
			ov(args(cDecimal), is(Decimal(1, 0)), "CAST(sign($1) AS DECIMAL(1,0))"),
			overload{args: args(cNum), result: same(1), sql: "CAST(sign($1) AS $t)"}),
		special("mod", func(c *compiler, e *Call) value {
			c.arity(e, 2, 2)
			l, r := c.expr(e.Args[0]), c.expr(e.Args[1])
			v := c.arithmetic("%", l, r, e.Pos())
			return v
		}),
		fn("power pow", ov(args(cFloat, cFloat), is(Float8), "pow($1, $2)")),
		double("exp dexp", "exp"),
		double("ln dlog1", "ln"),
		fn("log",
			ov(args(cFloat), is(Float8), "log10($1)"),
			ov(args(cFloat, cFloat), is(Float8), "(ln($2) / ln($1))")),
		double("dlog10", "log10"),
		double("sqrt dsqrt", "sqrt"),
		double("cbrt", "cbrt"),
		double("sin", "sin"), double("cos", "cos"), double("tan", "tan"), double("asin", "asin"), double("acos", "acos"),
		double("atan", "atan"), double("cot", "cot"), double("degrees", "degrees"), double("radians", "radians"),
		fn("atan2", ov(args(cFloat, cFloat), is(Float8), "atan2($1, $2)")),
		fn("pi", ov(args(), is(Float8), "pi()")),
		fn("random", ov(args(), is(Float8), "random()")),
		fn("factorial", ov(args(cInt4), is(Decimal(38, 0)), "CAST(factorial($1) AS DECIMAL(38,0))")),
		fn("width_bucket", ov(args(cFloat, cFloat, cFloat, cInt4), is(Int4), "rs_width_bucket($1, $2, $3, $4)")),
	}
}

// rounding is CEIL and FLOOR, which keep the argument's type.
func rounding(engine string) func(c *compiler, e *Call) value {
	return func(c *compiler, e *Call) value {
		c.arity(e, 1, 1)
		v := c.pass(c.expr(e.Args[0]), cNum)
		switch {
		case v.typ.IsInteger():
			return value{sql: v.sql, typ: v.typ}
		case v.typ.Kind == KDecimal:
			return value{sql: "CAST(" + engine + "(" + v.sql + ") AS " + v.typ.DuckDB() + ")", typ: v.typ}
		}
		return value{sql: engine + "(" + v.sql + ")", typ: v.typ}
	}
}

// roundTo is ROUND(x[, n]): half away from zero, in the argument's type.
func roundTo(engine string) func(c *compiler, e *Call) value {
	return func(c *compiler, e *Call) value {
		c.arity(e, 1, 2)
		v := c.pass(c.expr(e.Args[0]), cNum)
		n := value{sql: "0"}
		if len(e.Args) == 2 {
			n = c.implicit(c.expr(e.Args[1]), Int4)
		}
		t := v.typ
		switch {
		case t.IsInteger() && len(e.Args) == 1:
			return value{sql: v.sql, typ: t}
		case t.IsInteger(), t.IsFloat():
			return value{sql: "CAST(" + engine + "(" + v.sql + ", " + n.sql + ") AS " + t.DuckDB() + ")", typ: t}
		}
		if len(e.Args) == 1 {
			return value{sql: "CAST(" + engine + "(" + v.sql + ") AS " + Decimal(t.Prec, 0).DuckDB() + ")", typ: Decimal(t.Prec, 0)}
		}
		return value{sql: "CAST(" + engine + "(" + v.sql + ", " + n.sql + ") AS " + t.DuckDB() + ")", typ: t}
	}
}

// trunc is TRUNC of a number, or of a timestamp to its date.
func trunc(c *compiler, e *Call) value {
	c.arity(e, 1, 2)
	if len(e.Args) == 1 {
		f := c.f
		v := c.expr(e.Args[0])
		if isDay(v.typ) {
			return value{sql: "CAST(" + v.sql + " AS DATE)", typ: Date}
		}
		c.f = f
	}
	return roundTo("trunc")(c, e)
}
