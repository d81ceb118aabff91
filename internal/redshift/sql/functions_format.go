package sql

import "strings"

// formatFunctions are TO_CHAR and its inverses. Formats are read by Go functions; a constant date format made of the
// usual parts becomes the engine's own strftime, which is faster.
func formatFunctions() []function {
	return []function{
		special("to_char", toChar),
		fn("to_date",
			ov(args(cText, cText), is(Date), "CAST(rs_to_date($1, $2, false) AS DATE)"),
			ov(args(cText, cText, cBool), is(Date), "CAST(rs_to_date($1, $2, $3) AS DATE)")),
		fn("to_timestamp",
			ov(args(cText, cText), is(TimestampTZ), "CAST(rs_to_timestamp($1, $2, false) AS TIMESTAMPTZ)"),
			ov(args(cText, cText, cBool), is(TimestampTZ), "CAST(rs_to_timestamp($1, $2, $3) AS TIMESTAMPTZ)")),
		special("to_number", func(c *compiler, e *Call) value {
			c.arity(e, 2, 2)
			s, f := c.asText(c.expr(e.Args[0])), c.asText(c.expr(e.Args[1]))
			t := Decimal(38, 0)
			if text, ok := constant(f); ok {
				t.Scale = min(fractionDigits(text), 37)
			}
			return value{sql: "CAST(rs_to_number(" + s.sql + ", " + f.sql + ") AS " + t.DuckDB() + ")", typ: t}
		}),
	}
}

func fractionDigits(format string) int {
	f := upper(format)
	i := strings.LastIndexAny(f, ".D")
	if i < 0 {
		return 0
	}
	n := 0
	for _, r := range f[i+1:] {
		if r == '9' || r == '0' {
			n++
		}
	}
	return n
}

func toChar(c *compiler, e *Call) value {
	c.arity(e, 2, 2)
	v, f := c.expr(e.Args[0]), c.asText(c.expr(e.Args[1]))
	if v.typ.Kind == KUnknown || v.typ.IsText() {
		v = c.castTo(v, Timestamp)
	}
	out := value{typ: Varchar(256), blank: true}
	switch t := v.typ; {
	case isDay(t):
		if text, ok := constant(f); ok {
			if layout, ok := strftimeLayout(text); ok {
				out.sql = "strftime(" + v.sql + ", " + quoteText(layout) + ")"
				return out
			}
		}
		zone := c.ses.TimeZone
		if zone == "" {
			zone = "UTC"
		}
		if t.Kind != KTimestampTZ {
			zone = ""
		}
		out.sql = "rs_to_char_timestamp(" + c.castTo(v, Timestamp).sql + ", " + f.sql + ", " + quoteText(zone) + ")"
	case t.IsFloat():
		out.sql = "rs_to_char_number(CAST(" + v.sql + " AS VARCHAR), " + f.sql + ")"
	case t.IsNumber():
		out.sql = "rs_to_char_number(CAST(" + v.sql + " AS VARCHAR), " + f.sql + ")"
	case t.IsInterval():
		out.sql = "rs_to_char_timestamp(TIMESTAMP '2000-01-01' + " + v.sql + ", " + f.sql + ", '')"
	case isClock(t):
		out.sql = "rs_to_char_timestamp(DATE '2000-01-01' + CAST(" + v.sql + " AS TIME), " + f.sql + ", '')"
	default:
		c.noFunction(e, []value{v, f})
	}
	return out
}

// strftimeLayout translates a format of plain numeric parts; false if it has anything else.
func strftimeLayout(format string) (string, bool) {
	for _, w := range []struct{ from, to string }{{"Mon", "\x01b"}, {"Dy", "\x01a"}} { // whose case matters
		if !strings.Contains(upper(format), "MONTH") {
			format = strings.ReplaceAll(format, w.from, w.to)
		}
	}
	parts := []struct{ from, to string }{
		{"\x01B", "%b"}, {"\x01A", "%a"}, {"YYYY", "%Y"}, {"MS", "%g"}, {"US", "%f"}, {"AM", "%p"}, {"PM", "%p"}, {"HH24", "%H"}, {"HH12", "%I"}, {"MM", "%m"}, {"DD", "%d"}, {"MI", "%M"}, {"SS", "%S"}, {"HH", "%I"},
	}
	up := upper(format)
	var b strings.Builder
	for i := 0; i < len(format); {
		if strings.HasPrefix(up[i:], "DDD") || strings.HasPrefix(up[i:], "SSSS") || strings.HasPrefix(up[i:], "YYYY,") {
			return "", false
		}
		found := false
		for _, p := range parts {
			if strings.HasPrefix(up[i:], p.from) {
				if p.to == "%p" && format[i] == 'a' || p.to == "%p" && format[i] == 'p' {
					return "", false
				}
				b.WriteString(p.to)
				i += len(p.from)
				found = true
				if i+1 < len(up) && up[i:i+2] == "TH" {
					return "", false
				}
				break
			}
		}
		if found {
			continue
		}
		switch ch := format[i]; {
		case strings.IndexByte(" -/:.,;_", ch) >= 0:
			b.WriteByte(ch)
			i++
		default:
			return "", false
		}
	}
	return b.String(), true
}
