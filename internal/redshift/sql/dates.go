package sql

import (
	"math"
	"strconv"
	"strings"
)

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

// zoneAbbreviations are fixed offsets in Redshift, where the engine follows daylight saving.
var zoneAbbreviations = map[string]int{"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
	"AKST": -9, "AKDT": -8, "HST": -10, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "JST": 9, "KST": 9, "IST_": 5, "WET": 0, "WEST": 1}

// zone prints a time zone; constants are mapped to names that the engine reads as Redshift does.
func (c *compiler) zone(v value) value {
	v = c.asText(v)
	if s, ok := constant(v); ok {
		v.sql = quoteText(zoneName(s))
		v.lit = nil
	}
	return v
}

func zoneName(s string) string {
	name := strings.TrimSpace(s)
	up := upper(name)
	if off, ok := zoneAbbreviations[up]; ok {
		return etc(-off)
	}
	for _, prefix := range []string{"UTC", "GMT"} { // POSIX style: UTC+2 is west of Greenwich
		if rest := strings.TrimPrefix(up, prefix); rest != up {
			if n, err := strconv.Atoi(rest); err == nil && n >= -14 && n <= 14 {
				return etc(n)
			}
		}
	}
	if n, err := strconv.Atoi(strings.TrimSuffix(name, ":00")); err == nil && (strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-")) && n >= -14 && n <= 14 {
		return etc(-n)
	}
	return name
}

// etc is the zone n hours west of Greenwich.
func etc(n int) string {
	if n == 0 {
		return "UTC"
	}
	if n > 0 {
		return "Etc/GMT+" + itoa(n)
	}
	return "Etc/GMT" + itoa(n)
}

func (c *compiler) atTimeZone(x, z value) value {
	x = c.moment(x)
	z = c.zone(z)
	switch x.typ.Kind {
	case KTimestampTZ:
		return value{sql: "(" + x.sql + " AT TIME ZONE " + z.sql + ")", typ: Timestamp}
	case KDate:
		x = c.castTo(x, Timestamp)
	case KTimestamp:
	default:
		panic(errAt(x.pos, CodeUndefinedFunction, "function timezone(character varying, %s) does not exist", x.typ.BaseName()))
	}
	return value{sql: "(" + x.sql + " AT TIME ZONE " + z.sql + ")", typ: TimestampTZ}
}

// dateArithmetic is + - * / with dates, times and intervals; false when neither side is one.
func (c *compiler) dateArithmetic(op string, l, r value) (value, bool) {
	lt, rt := l.typ, r.typ
	temporal := func(t Type) bool { return isDay(t) || isClock(t) || t.IsInterval() }
	if !temporal(lt) && !temporal(rt) {
		return value{}, false
	}
	// Untyped text takes the type that makes sense beside the other side.
	guess := func(v, other value, right bool) value {
		if v.typ.Kind != KUnknown && !v.typ.IsText() {
			return v
		}
		switch {
		case other.typ.IsInterval() && (op == "*" || op == "/"):
			return c.castTo(v, Float8)
		case other.typ.IsInterval():
			if s, ok := constant(v); ok {
				if _, err := ParseTimestamp(s, c.ses.Now); err != nil {
					return c.castTo(v, IntervalT)
				}
			}
			return c.castTo(v, Timestamp)
		case op == "-" && isDay(other.typ):
			if s, ok := constant(v); ok {
				if _, err := ParseTimestamp(s, c.ses.Now); err != nil {
					return c.castTo(v, IntervalT)
				}
			}
			return c.castTo(v, other.typ)
		case right && v.lit != nil:
			if numeric(strings.TrimSpace(v.lit.Text), LitInteger) {
				return c.castTo(v, Int4)
			}
			return c.castTo(v, IntervalT)
		}
		return c.castTo(v, other.typ)
	}
	l, r = guess(l, r, false), guess(r, l, true)
	lt, rt = l.typ, r.typ
	out := func(t Type) (value, bool) {
		return value{sql: "(" + l.sql + " " + op + " " + r.sql + ")", typ: t}, true
	}
	days := func(v value) string {
		if v.typ.Kind == KDecimal || v.typ.IsFloat() {
			v = c.explicit(v, Int4)
		}
		return c.castTo(v, Int4).sql
	}
	switch op {
	case "+":
		switch {
		case lt.Kind == KDate && rt.IsNumber():
			return value{sql: "(" + l.sql + " + " + days(r) + ")", typ: Date}, true
		case rt.Kind == KDate && lt.IsNumber():
			return value{sql: "(" + r.sql + " + " + days(l) + ")", typ: Date}, true
		case lt.isTimestamp() && rt.IsNumber():
			return value{sql: "(" + l.sql + " + to_days(" + days(r) + "))", typ: lt}, true
		case lt.Kind == KDate && rt.IsInterval(), rt.Kind == KDate && lt.IsInterval(), lt.Kind == KDate && rt.Kind == KTime, lt.Kind == KTime && rt.Kind == KDate:
			return out(Timestamp)
		case (lt.isTimestamp() || isClock(lt)) && rt.IsInterval():
			return out(lt)
		case (rt.isTimestamp() || isClock(rt)) && lt.IsInterval():
			return out(rt)
		case lt.IsInterval() && rt.IsInterval():
			return out(lt)
		}
	case "-":
		switch {
		case lt.Kind == KDate && rt.Kind == KDate:
			return value{sql: "CAST(" + l.sql + " - " + r.sql + " AS INTEGER)", typ: Int4}, true
		case lt.Kind == KDate && rt.IsNumber():
			return value{sql: "(" + l.sql + " - " + days(r) + ")", typ: Date}, true
		case lt.isTimestamp() && rt.IsNumber():
			return value{sql: "(" + l.sql + " - to_days(" + days(r) + "))", typ: lt}, true
		case isDay(lt) && isDay(rt):
			t, _ := commonType(lt, rt)
			l, r = c.castTo(l, t), c.castTo(r, t)
			return out(IntervalT)
		case isClock(lt) && isClock(rt):
			return value{sql: "to_microseconds(CAST((date_part('epoch', " + l.sql + ") - date_part('epoch', " + r.sql + ")) * 1000000 AS BIGINT))", typ: IntervalT}, true
		case lt.Kind == KDate && rt.IsInterval():
			return out(Timestamp)
		case (lt.isTimestamp() || isClock(lt)) && rt.IsInterval():
			return out(lt)
		case lt.IsInterval() && rt.IsInterval():
			return out(lt)
		}
	case "*":
		scale := func(iv, n value) (value, bool) {
			if n.typ.IsInteger() {
				return value{sql: "(" + iv.sql + " * " + n.sql + ")", typ: iv.typ}, true
			}
			return value{sql: "to_microseconds(CAST(epoch(" + iv.sql + ") * 1000000 * " + n.sql + " AS BIGINT))", typ: iv.typ}, true
		}
		switch {
		case lt.IsInterval() && rt.IsNumber():
			return scale(l, r)
		case rt.IsInterval() && lt.IsNumber():
			return scale(r, l)
		}
	case "/":
		if lt.IsInterval() && rt.IsNumber() {
			return value{sql: "to_microseconds(CAST(epoch(" + l.sql + ") * 1000000 / " + nonzero(r, r.sql) + " AS BIGINT))", typ: lt}, true
		}
	}
	return value{}, false
}

func (c *compiler) interval(e *Interval) value {
	return intervalValue(e.Text, e.From, e.To, e.Pos())
}

// intervalValue reads an interval's text into months, days and microseconds.
func intervalValue(text, from, to string, pos int) value {
	months, days, micros, err := parseInterval(text, from, to)
	if err != nil {
		panic(errAt(pos, CodeInvalidDatetime, "invalid input syntax for type interval: \"%s\"", text))
	}
	t := IntervalT
	switch {
	case from == "":
	case strings.HasPrefix(from, "year") || strings.HasPrefix(from, "month"):
		t = Type{Kind: KIntervalYM}
	default:
		t = Type{Kind: KIntervalDS}
	}
	var parts []string
	if months != 0 {
		parts = append(parts, "to_months("+itoa(months)+")")
	}
	if days != 0 {
		parts = append(parts, "to_days("+itoa(days)+")")
	}
	if micros != 0 {
		parts = append(parts, "to_microseconds("+strconv.FormatInt(micros, 10)+")")
	}
	if len(parts) == 0 {
		parts = []string{"to_days(0)"}
	}
	s := strings.Join(parts, " + ")
	if len(parts) > 1 {
		s = "(" + s + ")"
	}
	return value{sql: s, typ: t, pos: pos}
}

var errInterval = errAt(-1, CodeInvalidDatetime, "invalid interval")

// parseInterval reads '1 year 2 months', '3 hours, 35 minutes', '1-2' YEAR TO MONTH, '1 02:03:04.5', '5' (seconds, or the
// qualifier's unit).
func parseInterval(text, from, to string) (months, days int, micros int64, err error) {
	fields := strings.Fields(strings.ReplaceAll(foldASCII(strings.TrimSpace(text)), ",", " "))
	if len(fields) == 0 {
		return 0, 0, 0, errInterval
	}
	bare := "second"
	if to != "" {
		bare = datePart[to]
	} else if from != "" {
		bare = datePart[from]
	}
	sign := 1.0
	if fields[len(fields)-1] == "ago" {
		sign = -1
		fields = fields[:len(fields)-1]
	}
	if fields[0] == "@" {
		fields = fields[1:]
	}
	var us float64
	add := func(n float64, unit string) error {
		whole, frac := math.Modf(n)
		switch unit {
		case "millennium", "century", "decade", "year", "quarter", "month":
			k := map[string]float64{"millennium": 12000, "century": 1200, "decade": 120, "year": 12, "quarter": 3, "month": 1}[unit]
			m, f := math.Modf(n * k)
			months += int(m)
			us += f * 30 * 86400e6
		case "week":
			d, f := math.Modf(n * 7)
			days += int(d)
			us += f * 86400e6
		case "day":
			days += int(whole)
			us += frac * 86400e6
		case "hour":
			us += n * 3600e6
		case "minute":
			us += n * 60e6
		case "second":
			us += n * 1e6
		case "millisecond":
			us += n * 1e3
		case "microsecond":
			us += n
		default:
			return errInterval
		}
		if math.Abs(n) > 1e12 {
			return errInterval
		}
		return nil
	}
	for i := 0; i < len(fields); i++ {
		f := fields[i]
		if strings.Contains(f, ":") {
			if err := addClock(f, from, to, add); err != nil {
				return 0, 0, 0, err
			}
			continue
		}
		if j := strings.IndexByte(strings.TrimLeft(f, "-+"), '-'); j > 0 { // years-months
			neg := strings.HasPrefix(f, "-")
			y, m, _ := strings.Cut(strings.TrimLeft(f, "-+"), "-")
			yn, e1 := strconv.Atoi(y)
			mn, e2 := strconv.Atoi(m)
			if e1 != nil || e2 != nil {
				return 0, 0, 0, errInterval
			}
			total := yn*12 + mn
			if neg {
				total = -total
			}
			months += total
			continue
		}
		end := len(f)
		for end > 0 && (f[end-1] >= 'a' && f[end-1] <= 'z' || f[end-1] == '_') {
			end--
		}
		n, e := strconv.ParseFloat(f[:end], 64)
		if e != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return 0, 0, 0, errInterval
		}
		unit := f[end:]
		switch {
		case unit != "":
			unit = datePart[unit]
		case i+1 < len(fields) && strings.Contains(fields[i+1], ":"):
			unit = "day"
		case i+1 < len(fields) && datePart[fields[i+1]] != "":
			i++
			unit = datePart[fields[i]]
		default:
			unit = bare
		}
		if err := add(n, unit); err != nil {
			return 0, 0, 0, err
		}
	}
	if math.Abs(us) > 9e18 {
		return 0, 0, 0, errInterval
	}
	s := int(sign)
	return months * s, days * s, int64(math.Round(us * sign)), nil
}

// addClock reads h:m[:s], or m:s under a MINUTE TO SECOND qualifier.
func addClock(f, from, to string, add func(float64, string) error) error {
	sign := 1.0
	if strings.HasPrefix(f, "-") {
		sign = -1
	}
	parts := strings.Split(strings.TrimLeft(f, "+-"), ":")
	units := []string{"hour", "minute", "second"}
	if len(parts) == 2 && strings.HasPrefix(from, "minute") {
		units = units[1:]
	}
	if len(parts) > len(units) {
		return errInterval
	}
	for i, p := range parts {
		n, err := strconv.ParseFloat(p, 64)
		if err != nil || n < 0 {
			return errInterval
		}
		if err := add(sign*n, units[i]); err != nil {
			return err
		}
	}
	return nil
}
