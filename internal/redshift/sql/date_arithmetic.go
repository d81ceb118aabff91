package sql

import "strings"

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
