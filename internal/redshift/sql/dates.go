package sql

import "strings"

// datePart is a date part's canonical name for each of its spellings.
var datePart = partNames(map[string]string{
	"millennium": "millennium millennia mil mils", "century": "century centuries c cent cents", "decade": "decade decades dec decs",
	"epoch": "epoch", "year": "year years y yr yrs", "quarter": "quarter quarters qtr qtrs", "month": "month months mon mons",
	"week": "week weeks w", "dow": "dayofweek dow dw weekday", "doy": "dayofyear doy dy yearday", "day": "day days d",
	"hour": "hour hours h hr hrs", "minute": "minute minutes m min mins", "second": "second seconds s sec secs",
	"millisecond": "millisecond milliseconds ms msec msecs msecond mseconds millisec millisecs millisecon",
	"microsecond": "microsecond microseconds us usec usecs microsec microsecs microsecond usecond useconds",
	"timezone":    "timezone", "timezone_hour": "timezone_hour", "timezone_minute": "timezone_minute",
})

func partNames(groups map[string]string) map[string]string {
	m := map[string]string{}
	for name, spellings := range groups {
		for s := range strings.FieldsSeq(spellings) {
			m[s] = name
		}
	}
	return m
}

// part reads a date part: a bare word or a string literal.
func (c *compiler) part(e Expr, function string) string {
	word := ""
	switch x := e.(type) {
	case *ColumnRef:
		if len(x.Name) == 1 {
			word = x.Name[0].Name
		}
	case *Literal:
		if x.Kind == LitString {
			word = foldASCII(strings.TrimSpace(x.Text))
		}
	}
	if p := datePart[word]; p != "" {
		return p
	}
	panic(errAt(e.Pos(), CodeInvalidParameter, "unit \"%s\" not recognized in %s", word, upper(function)).hint("a date part such as year, month, day, hour"))
}

// dateFunctions are section "Date and time functions".
func dateFunctions() []function {
	now := func(names string, t Type, text func(c *compiler) string) function {
		return special(names, func(c *compiler, e *Call) value {
			c.arity(e, 0, 1)
			return value{sql: text(c), typ: t}
		})
	}
	const layout = "2006-01-02 15:04:05.999999"
	return []function{
		now("getdate", Timestamp, func(c *compiler) string { return "TIMESTAMP '" + c.ses.Now.UTC().Format(layout) + "'" }),
		now("sysdate", Timestamp, func(c *compiler) string { return "TIMESTAMP '" + c.ses.TxNow.UTC().Format(layout) + "'" }),
		now("current_date", Date, func(c *compiler) string {
			return "CAST(TIMESTAMPTZ '" + c.ses.TxNow.UTC().Format(layout) + "+00' AS DATE)"
		}),
		now("current_timestamp now statement_timestamp transaction_timestamp", TimestampTZ, func(c *compiler) string {
			return "TIMESTAMPTZ '" + c.ses.TxNow.UTC().Format(layout) + "+00'"
		}),
		now("localtimestamp", Timestamp, func(c *compiler) string {
			return "CAST(TIMESTAMPTZ '" + c.ses.TxNow.UTC().Format(layout) + "+00' AS TIMESTAMP)"
		}),
		now("current_time", TimeTZ, func(c *compiler) string { return "TIMETZ '" + c.ses.TxNow.UTC().Format("15:04:05.999999") + "+00'" }),
		now("localtime", Time, func(c *compiler) string { return "TIME '" + c.ses.TxNow.UTC().Format("15:04:05.999999") + "'" }),
		now("timeofday", Varchar(64), func(c *compiler) string {
			return quoteText(c.ses.Now.UTC().Format("Mon Jan 02 15:04:05.000000 2006 MST"))
		}),
		special("dateadd date_add", dateAdd),
		special("datediff date_diff", dateDiff),
		special("date_part datepart pgdate_part", func(c *compiler, e *Call) value { return datePartOf(c, e, false) }),
		special("extract", func(c *compiler, e *Call) value { return datePartOf(c, e, true) }),
		fn("date_part_year", ov(args(cDate), is(Int4), "CAST(year($1) AS INTEGER)")),
		special("date_trunc", func(c *compiler, e *Call) value {
			c.arity(e, 2, 2)
			p := c.part(e.Args[0], "date_trunc")
			v := c.moment(c.expr(e.Args[1]))
			if v.typ.Kind == KDate {
				v = c.castTo(v, Timestamp)
			}
			return value{sql: "date_trunc('" + p + "', " + v.sql + ")", typ: v.typ}
		}),
		fn("last_day", ov(args(cTimestamp), is(Date), "last_day($1)")),
		fn("add_months", ov(args(cTimestamp, cInt4), is(Timestamp), "rs_add_months($1, $2)")),
		fn("months_between", ov(args(cTimestamp, cTimestamp), is(Float8), "rs_months_between($1, $2)")),
		fn("next_day", ov(args(cDate, cText), is(Date), "rs_next_day($1, $2)")),
		special("convert_timezone", func(c *compiler, e *Call) value {
			c.arity(e, 2, 3)
			vals := c.exprs(e.Args)
			src := value{sql: "'UTC'"}
			if len(vals) == 3 {
				src = c.zone(vals[0])
			}
			target := c.zone(vals[len(vals)-2])
			ts := c.castTo(vals[len(vals)-1], Timestamp)
			return value{sql: "((" + ts.sql + " AT TIME ZONE " + src.sql + ") AT TIME ZONE " + target.sql + ")", typ: Timestamp}
		}),
		special("timezone", func(c *compiler, e *Call) value {
			c.arity(e, 2, 2)
			return c.atTimeZone(c.expr(e.Args[1]), c.expr(e.Args[0]))
		}),
		special("date_cmp timestamp_cmp timestamptz_cmp date_cmp_timestamp date_cmp_timestamptz timestamp_cmp_date timestamp_cmp_timestamptz timestamptz_cmp_date timestamptz_cmp_timestamp interval_cmp",
			func(c *compiler, e *Call) value {
				c.arity(e, 2, 2)
				l, r := c.moment(c.expr(e.Args[0])), c.moment(c.expr(e.Args[1]))
				l, r = c.comparable(l, r, "=", e.Pos())
				return value{sql: "CASE WHEN " + l.sql + " < " + r.sql + " THEN -1 WHEN " + l.sql + " > " + r.sql + " THEN 1 WHEN " + l.sql + " = " + r.sql + " THEN 0 END", typ: Int4}
			}),
	}
}

// moment gives untyped and text arguments of date functions a timestamp.
func (c *compiler) moment(v value) value {
	if v.typ.Kind == KUnknown || v.typ.IsText() {
		return c.castTo(v, Timestamp)
	}
	if !isDay(v.typ) && !isClock(v.typ) && !v.typ.IsInterval() {
		panic(errAt(v.pos, CodeUndefinedFunction, "a date or time is needed here, not type %s", v.typ.BaseName()))
	}
	return v
}

// addUnits prints n units as an interval.
func addUnits(part, n string) string {
	times := func(k int) string { return "CAST(" + n + " * " + itoa(k) + " AS INTEGER)" }
	switch part {
	case "millennium":
		return "to_years(" + times(1000) + ")"
	case "century":
		return "to_years(" + times(100) + ")"
	case "decade":
		return "to_years(" + times(10) + ")"
	case "year":
		return "to_years(CAST(" + n + " AS INTEGER))"
	case "quarter":
		return "to_months(" + times(3) + ")"
	case "month":
		return "to_months(CAST(" + n + " AS INTEGER))"
	case "week":
		return "to_days(" + times(7) + ")"
	case "day", "dow", "doy":
		return "to_days(CAST(" + n + " AS INTEGER))"
	case "hour":
		return "to_hours(" + n + ")"
	case "minute":
		return "to_minutes(" + n + ")"
	case "second", "epoch":
		return "to_seconds(" + n + ")"
	case "millisecond":
		return "to_milliseconds(" + n + ")"
	}
	return "to_microseconds(" + n + ")"
}

func dateAdd(c *compiler, e *Call) value {
	c.arity(e, 3, 3)
	p := c.part(e.Args[0], e.Name.Last())
	n := c.expr(e.Args[1])
	if n.typ.Kind == KDecimal || n.typ.IsFloat() {
		n = c.explicit(n, Int8)
	}
	n = c.implicit(n, Int8)
	d := c.moment(c.expr(e.Args[2]))
	if d.typ.Kind == KDate {
		d = c.castTo(d, Timestamp)
	}
	return value{sql: "(" + d.sql + " + " + addUnits(p, n.sql) + ")", typ: d.typ}
}

func dateDiff(c *compiler, e *Call) value {
	c.arity(e, 3, 3)
	p := c.part(e.Args[0], e.Name.Last())
	a, b := c.moment(c.expr(e.Args[1])), c.moment(c.expr(e.Args[2]))
	if a.typ != b.typ {
		t, ok := commonType(a.typ, b.typ)
		if !ok {
			c.noFunction(e, []value{{typ: Varchar(1)}, a, b})
		}
		a, b = c.castTo(a, t), c.castTo(b, t)
	}
	switch p {
	case "week":
		return value{sql: "((CAST(date_trunc('week', " + b.sql + ") AS DATE) - CAST(date_trunc('week', " + a.sql + ") AS DATE)) // 7)", typ: Int8}
	case "decade", "century", "millennium":
		return value{sql: "(date_part('" + p + "', " + b.sql + ") - date_part('" + p + "', " + a.sql + "))", typ: Int8}
	case "dow", "doy":
		p = "day"
	case "epoch":
		p = "second"
	case "timezone", "timezone_hour", "timezone_minute":
		panic(errAt(e.Args[0].Pos(), CodeInvalidParameter, "unit \"%s\" not supported in DATEDIFF", p))
	}
	return value{sql: "date_diff('" + p + "', " + a.sql + ", " + b.sql + ")", typ: Int8}
}

// datePartOf is EXTRACT, a whole number, and DATE_PART, a double with fractions.
func datePartOf(c *compiler, e *Call, extract bool) value {
	c.arity(e, 2, 2)
	p := c.part(e.Args[0], e.Name.Last())
	v := c.moment(c.expr(e.Args[1]))
	engine := map[string]string{"millisecond": "milliseconds", "microsecond": "microseconds"}[p]
	if engine == "" {
		engine = p
	}
	text := "date_part('" + engine + "', " + v.sql + ")"
	switch {
	case p == "second" && !extract && v.typ.Kind != KDate:
		text = "(date_part('microseconds', " + v.sql + ") / 1000000.0)"
	case p == "millisecond" && extract:
		text = "(" + text + " % 1000)"
	case p == "microsecond" && extract:
		text = "(" + text + " % 1000000)"
	}
	switch {
	case !extract:
		return value{sql: "CAST(" + text + " AS DOUBLE)", typ: Float8}
	case p == "epoch":
		return value{sql: "CAST(floor(" + text + ") AS BIGINT)", typ: Int8}
	case v.typ.Kind == KTimestampTZ:
		return value{sql: "CAST(" + text + " AS DOUBLE)", typ: Float8}
	}
	return value{sql: "CAST(" + text + " AS INTEGER)", typ: Int4}
}
