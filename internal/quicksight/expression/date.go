package expression

import (
	"regexp"
	"strings"
)

// datePart maps the periods of the language to DuckDB's names.
var datePart = map[string]string{
	"YYYY": "year", "Q": "quarter", "MM": "month", "WK": "week", "DD": "day", "HH": "hour", "MI": "minute", "SS": "second", "MS": "millisecond",
}

var dateFunctions = map[string]function{
	"now": {min: 0, max: 0, compile: func(c *compiler, _ *Call, _ []Value) (Value, error) {
		return Value{SQL: c.env.NowSQL(), Type: Datetime}, nil
	}},
	"truncdate":   {min: 2, max: 2, compile: truncDate},
	"extract":     {min: 2, max: 2, compile: extract},
	"datediff":    {min: 2, max: 3, compile: dateDiff},
	"adddatetime": {min: 3, max: 3, compile: addDateTime},
	"epochdate": {min: 1, max: 1, compile: func(_ *compiler, call *Call, args []Value) (Value, error) {
		n, err := want(call, args, 0, Integer)
		return Value{SQL: try(args, "make_timestamp("+n+" * 1000000)"), Type: Datetime}, err
	}},
	"formatdate": {min: 1, max: 3, compile: formatDate},
	"parsedate":  {min: 1, max: 3, compile: parseDate},
}

func period(call *Call, args []Value, i int, more ...string) (string, error) {
	const hint = "one of YYYY, Q, MM, WK, DD, HH, MI, SS, MS"
	text, err := wantText(call, args, i, hint)
	if err != nil {
		return "", err
	}
	p := strings.ToUpper(text)
	if _, ok := datePart[p]; ok {
		return p, nil
	}
	for _, m := range more {
		if p == m {
			return p, nil
		}
	}
	return "", fail(ArgumentType, call.Args[i].Position(), strings.Join(append([]string{hint}, more...), ", "), "%q is no period", text)
}

func truncDate(c *compiler, call *Call, args []Value) (Value, error) {
	p, err := period(call, args, 0)
	if err != nil {
		return Value{}, err
	}
	d, err := want(call, args, 1, Datetime)
	return Value{SQL: c.env.Truncate(p, d), Type: Datetime}, err
}

func extract(_ *compiler, call *Call, args []Value) (Value, error) {
	p, err := period(call, args, 0, "WD")
	if err != nil {
		return Value{}, err
	}
	d, err := want(call, args, 1, Datetime)
	if err != nil {
		return Value{}, err
	}
	sql := datePart[p] + "(" + d + ")"
	switch p {
	case "WD":
		sql = "(dayofweek(" + d + ") + 1)"
	case "MS":
		sql = "(millisecond(" + d + ") % 1000)"
	}
	return Value{SQL: "CAST(" + sql + " AS BIGINT)", Type: Integer}, nil
}

func dateDiff(c *compiler, call *Call, args []Value) (Value, error) {
	p := "DD"
	if len(args) == 3 {
		var err error
		if p, err = period(call, args, 2); err != nil {
			return Value{}, err
		}
	}
	a, err := want(call, args, 0, Datetime)
	if err != nil {
		return Value{}, err
	}
	b, err := want(call, args, 1, Datetime)
	if err != nil {
		return Value{}, err
	}
	if p == "WK" { // DuckDB's week counts whole weeks, not the boundaries crossed
		return Value{SQL: "(date_diff('day', " + c.env.Truncate("WK", a) + ", " + c.env.Truncate("WK", b) + ") // 7)", Type: Integer}, nil
	}
	return Value{SQL: "date_diff('" + datePart[p] + "', " + a + ", " + b + ")", Type: Integer}, nil
}

func addDateTime(_ *compiler, call *Call, args []Value) (Value, error) {
	n, err := want(call, args, 0, Integer)
	if err != nil {
		return Value{}, err
	}
	p, err := period(call, args, 1)
	if err != nil {
		return Value{}, err
	}
	d, err := want(call, args, 2, Datetime)
	if err != nil {
		return Value{}, err
	}
	return Value{SQL: try(args, d+" + "+Interval(p, n)), Type: Datetime}, nil
}

// try makes an overflow NULL. TRY binds over row scalars only: over aggregates an overflow stays an error of the engine.
func try(args []Value, sql string) string {
	for _, a := range args {
		if a.Level == Aggregated {
			return "(" + sql + ")"
		}
	}
	return "TRY(" + sql + ")"
}

// Interval prints n periods.
func Interval(period, n string) string {
	name := map[string]string{"YYYY": "years", "Q": "quarters", "MM": "months", "WK": "weeks", "DD": "days", "HH": "hours", "MI": "minutes", "SS": "seconds", "MS": "milliseconds"}[period]
	if period == "HH" || period == "MI" || period == "SS" || period == "MS" {
		return "to_" + name + "(" + n + ")"
	}
	return "to_" + name + "(CAST(" + n + " AS INTEGER))"
}

var zoneName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$`)

func zone(call *Call, args []Value, i int) (string, error) {
	z, err := wantText(call, args, i, "a time zone such as 'Europe/Vienna'")
	if err == nil && !zoneName.MatchString(z) {
		err = fail(ArgumentType, call.Args[i].Position(), "a time zone such as 'Europe/Vienna'", "%q is no time zone", clip(z))
	}
	return Text(z), err
}

func formatDate(_ *compiler, call *Call, args []Value) (Value, error) {
	d, err := want(call, args, 0, Datetime)
	if err != nil {
		return Value{}, err
	}
	pattern := "yyyy-MM-dd'T'kk:mm:ss:SSS"
	if len(args) > 1 {
		if pattern, err = wantText(call, args, 1, "a pattern such as 'dd-MMM-yyyy'"); err != nil {
			return Value{}, err
		}
	}
	if len(args) > 2 {
		z, err := zone(call, args, 2)
		if err != nil {
			return Value{}, err
		}
		d = "((" + d + " AT TIME ZONE 'UTC') AT TIME ZONE " + z + ")"
	}
	pieces, problem := javaFormat(pattern)
	if problem != "" {
		return Value{}, fail(ArgumentType, call.Args[1].Position(), "yyyy MM dd HH mm ss and the like; other text goes into single quotes", "in the pattern %q, %s", clip(pattern), problem)
	}
	var parts []string
	format := ""
	flush := func() {
		if format != "" {
			parts = append(parts, "strftime("+d+", "+Text(format)+")")
			format = ""
		}
	}
	for _, p := range pieces {
		if p.sql == "" {
			format += p.strftime
			continue
		}
		flush()
		parts = append(parts, strings.ReplaceAll(p.sql, "$t", d))
	}
	flush()
	if len(parts) == 0 {
		parts = []string{"CASE WHEN " + d + " IS NOT NULL THEN '' END"}
	}
	return Value{SQL: "(" + strings.Join(parts, " || ") + ")", Type: String}, nil
}

func parseDate(_ *compiler, call *Call, args []Value) (Value, error) {
	s, err := want(call, args, 0, String)
	if err != nil {
		return Value{}, err
	}
	if len(args) == 1 {
		formats := "['%Y-%m-%dT%H:%M:%S.%g%z', '%Y-%m-%dT%H:%M:%S%z', '%Y-%m-%d %H:%M:%S%z']"
		plain := "['%Y-%m-%dT%H:%M:%S.%gZ', '%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%M:%S.%g', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%dT%H:%M', '%Y-%m-%d %H:%M:%S.%g', '%Y-%m-%d %H:%M:%S', '%Y-%m-%d']"
		return Value{SQL: "coalesce(try_strptime(" + s + ", " + plain + "), CAST(try_strptime(" + s + ", " + formats + ") AS TIMESTAMP))", Type: Datetime}, nil
	}
	pattern, err := wantText(call, args, 1, "a pattern such as 'dd-MMM-yyyy'")
	if err != nil {
		return Value{}, err
	}
	pieces, problem := javaFormat(pattern)
	format := ""
	for _, p := range pieces {
		if p.strftime == "" {
			problem = "quarters cannot be read"
		}
		// Reading, one digit passes for two everywhere, and %-m is not known.
		format += strings.Replace(p.strftime, "%-", "%", 1)
	}
	if len(pieces) == 0 && problem == "" {
		problem = "there is nothing to read"
	}
	if problem != "" {
		return Value{}, fail(ArgumentType, call.Args[1].Position(), "yyyy MM dd HH mm ss and the like; other text goes into single quotes", "in the pattern %q, %s", clip(pattern), problem)
	}
	sql := "try_strptime(" + s + ", " + Text(format) + ")"
	if len(args) == 3 {
		z, err := zone(call, args, 2)
		if err != nil {
			return Value{}, err
		}
		sql = "((" + sql + " AT TIME ZONE " + z + ") AT TIME ZONE 'UTC')"
	}
	return Value{SQL: sql, Type: Datetime}, nil
}
