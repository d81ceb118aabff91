package sql

import (
	"strings"
)

func (c *compiler) unary(e *Unary) value {
	x := c.expr(e.X)
	bad := func() {
		panic(errAt(e.Pos(), CodeUndefinedFunction, "operator does not exist: %s %s", e.Op, x.typ.BaseName()))
	}
	switch e.Op {
	case "not":
		return value{sql: "(NOT " + c.boolean(x, "NOT").sql + ")", typ: Bool}
	case "-", "+":
		if x.typ.Kind == KUnknown {
			x = c.castTo(x, Float8)
		}
		if x.typ.Kind == KSuper {
			x = c.castTo(x, Float8)
		}
		if !x.typ.IsNumber() && !x.typ.IsInterval() {
			bad()
		}
		if e.Op == "+" {
			return value{sql: x.sql, typ: x.typ}
		}
		return value{sql: "(- " + x.sql + ")", typ: x.typ}
	case "~":
		if x.typ.Kind == KUnknown {
			x = c.castTo(x, Int4)
		}
		if !x.typ.IsInteger() {
			bad()
		}
		return value{sql: "(~ " + x.sql + ")", typ: x.typ}
	case "@":
		if !x.typ.IsNumber() {
			bad()
		}
		return value{sql: "abs(" + x.sql + ")", typ: x.typ}
	case "|/":
		return value{sql: "sqrt(" + c.implicit(x, Float8).sql + ")", typ: Float8}
	case "||/":
		return value{sql: "cbrt(" + c.implicit(x, Float8).sql + ")", typ: Float8}
	case "!!":
		return value{sql: "CAST(factorial(" + c.implicit(x, Int4).sql + ") AS DECIMAL(38,0))", typ: Decimal(38, 0)}
	}
	bad()
	return value{}
}

func (c *compiler) binary(e *Binary) value {
	switch e.Op {
	case "and", "or":
		return c.logic(e)
	case "=", "<>", "<", ">", "<=", ">=":
		l, lok := e.L.(*Row)
		r, rok := e.R.(*Row)
		if lok && rok {
			if len(l.Items) != len(r.Items) {
				panic(errAt(e.Pos(), CodeSyntax, "unequal number of entries in row expressions"))
			}
			if e.Op == "=" || e.Op == "<>" {
				return value{sql: c.rowCompare(e.Op, l, r), typ: Bool}
			}
			lv, rv := c.expr(l), c.expr(r)
			return value{sql: "(" + lv.sql + " " + e.Op + " " + rv.sql + ")", typ: Bool}
		}
		v := c.compare(e.Op, c.expr(e.L), c.expr(e.R), e.Pos())
		return value{sql: v.sql, typ: Bool}
	case "overlaps":
		return c.overlaps(e)
	}
	l, r := c.expr(e.L), c.expr(e.R)
	switch e.Op {
	case "||":
		return c.concat(l, r, e.Pos())
	case "+", "-", "*", "/", "%":
		return c.arithmetic(e.Op, l, r, e.Pos())
	case "^":
		return value{sql: "pow(" + c.implicit(l, Float8).sql + ", " + c.implicit(r, Float8).sql + ")", typ: Float8}
	case "~", "~*", "!~", "!~*":
		return c.regexMatch(e.Op, l, r)
	case "&", "|", "#", "<<", ">>":
		return c.bits(e.Op, l, r, e.Pos())
	}
	panic(errAt(e.Pos(), CodeUndefinedFunction, "operator does not exist: %s %s %s", l.typ.BaseName(), e.Op, r.typ.BaseName()))
}

// logic flattens chains of AND and OR, which generated queries make long.
func (c *compiler) logic(e *Binary) value {
	var parts []Expr
	for {
		parts = append(parts, e.R)
		l, ok := e.L.(*Binary)
		if !ok || l.Op != e.Op {
			parts = append(parts, e.L)
			break
		}
		e = l
	}
	var out []string
	for i := len(parts) - 1; i >= 0; i-- {
		out = append(out, c.boolean(c.expr(parts[i]), upper(e.Op)).sql)
	}
	return value{sql: "(" + strings.Join(out, " "+upper(e.Op)+" ") + ")", typ: Bool}
}

// comparison is a compared pair, kept apart so that IN and BETWEEN can join several.
type comparison struct{ left, right, sql string }

func (c *compiler) compare(op string, l, r value, pos int) comparison {
	l, r = c.comparable(l, r, op, pos)
	return comparison{l.sql, r.sql, "(" + l.sql + " " + op + " " + r.sql + ")"}
}

// comparable converts two sides so that the engine compares them as Redshift does.
func (c *compiler) comparable(l, r value, op string, pos int) (value, value) {
	bad := func() {
		panic(errAt(pos, CodeUndefinedFunction, "operator does not exist: %s %s %s", l.typ.BaseName(), op, r.typ.BaseName()).hint(
			"No operator matches the given name and argument type(s). You may need to add explicit type casts."))
	}
	lk, rk := l.typ, r.typ
	switch {
	case lk.Kind == KUnknown && rk.Kind == KUnknown:
		l, r = c.settle(l), c.settle(r)
		return c.trimBlank(l), c.trimBlank(r)
	case lk.Kind == KUnknown:
		return c.adopt(l, r), c.trimBlank(r)
	case rk.Kind == KUnknown:
		return c.trimBlank(l), c.adopt(r, l)
	case lk.IsText() && rk.IsText():
		return c.trimBlank(l), c.trimBlank(r)
	case lk.IsNumber() && rk.IsNumber():
		return l, r
	case lk.Kind == KSuper && rk.Kind == KSuper:
		return l, r
	case lk.Kind == KSuper:
		return c.castTo(l, compareType(rk)), r
	case rk.Kind == KSuper:
		return l, c.castTo(r, compareType(lk))
	case lk.IsText() && convertible(rk):
		return c.castTo(l, rk), r
	case rk.IsText() && convertible(lk):
		return l, c.castTo(r, lk)
	case lk.Kind == rk.Kind:
		return l, r
	case isDay(lk) && isDay(rk), isClock(lk) && isClock(rk), lk.IsInterval() && rk.IsInterval():
		return l, r
	case lk.Kind == KBool && rk.IsInteger():
		return l, c.castTo(r, Bool)
	case rk.Kind == KBool && lk.IsInteger():
		return c.castTo(l, Bool), r
	case (lk.isOIDLike() || lk.IsInteger()) && (rk.isOIDLike() || rk.IsInteger()):
		return l, r
	case lk.isOIDLike() && rk.IsText(), rk.isOIDLike() && lk.IsText():
		bad()
	}
	bad()
	return l, r
}

// compareType is what a SUPER value is unwrapped to for a comparison.
func compareType(t Type) Type {
	if t.IsText() {
		return Varchar(MaxVarchar)
	}
	if t.IsNumber() {
		return Float8
	}
	return t
}

// convertible says whether varchar is converted to t when the two meet.
func convertible(t Type) bool {
	return t.IsNumber() || isDay(t) || isClock(t) || t.Kind == KBool || t.IsInterval() || t.Kind == KVarbyte
}

func isDay(t Type) bool   { return t.Kind == KDate || t.isTimestamp() }
func isClock(t Type) bool { return t.Kind == KTime || t.Kind == KTimeTZ }

// adopt gives an untyped literal the other side's type; text literals lose trailing blanks, which do not count.
func (c *compiler) adopt(u, other value) value {
	t := other.typ
	if t.IsText() {
		if u.lit != nil && u.lit.Kind == LitString {
			s := strings.TrimRight(u.lit.Text, " ")
			return value{sql: quoteText(s), typ: Varchar(max(len(s), 1)), pos: u.pos, flags: u.flags}
		}
		return c.trimBlank(c.castTo(u, Varchar(MaxVarchar)))
	}
	if t.Kind == KDecimal { // the literal's own digits, not the column's
		if u.lit != nil && u.lit.Kind == LitString {
			return c.numberText(u)
		}
		t = Decimal(38, max(t.Scale, 6))
	}
	if t.Kind == KSuper {
		return c.castTo(c.settle(u), Super)
	}
	return c.castTo(u, t)
}

func (c *compiler) trimBlank(v value) value {
	if v.typ.IsText() && v.blank {
		if v.lit != nil {
			v.sql = quoteText(strings.TrimRight(v.lit.Text, " "))
		} else {
			v.sql = "rtrim(" + v.sql + ", ' ')"
		}
		v.blank = false
	}
	return v
}

func (c *compiler) concat(l, r value, pos int) value {
	if l.typ.Kind == KArray || r.typ.Kind == KArray {
		return value{sql: "(" + l.sql + " || " + r.sql + ")", typ: l.typ}
	}
	if l.typ.Kind == KVarbyte && r.typ.Kind == KVarbyte {
		return value{sql: "(" + l.sql + " || " + r.sql + ")", typ: Varbyte(min(l.typ.Len+r.typ.Len, 1024000))}
	}
	n := 0
	blank := false
	text := func(v value) string {
		if v.typ.Kind == KInterval || v.typ.Kind == KRecord {
			panic(errAt(pos, CodeUndefinedFunction, "operator does not exist: %s || %s", l.typ.BaseName(), r.typ.BaseName()))
		}
		v = c.asText(v)
		n += v.typ.Len
		blank = blank || v.blank || strings.HasSuffix(v.sql, " '")
		return v.sql
	}
	a, b := text(l), text(r)
	if isNull(l) || isNull(r) { // the engine would lose the type
		return value{sql: "CAST(NULL AS VARCHAR)", typ: Varchar(min(max(n, 1), MaxVarchar))}
	}
	return value{sql: "(" + a + " || " + b + ")", typ: Varchar(min(max(n, 1), MaxVarchar)), blank: blank}
}

func isNull(v value) bool { return v.lit != nil && v.lit.Kind == LitNull }

// asText converts any value to varchar as || and text functions do.
func (c *compiler) asText(v value) value {
	if v.typ.Kind == KUnknown {
		return c.settle(v)
	}
	if v.typ.IsText() {
		return v
	}
	return c.castTo(v, Varchar(textLen(v.typ)))
}

// textLen is the longest text of a type's values.
func textLen(t Type) int {
	switch t.Kind {
	case KBool:
		return 5
	case KInt2:
		return 6
	case KInt4, KDate:
		return 13
	case KInt8:
		return 20
	case KDecimal:
		return t.Prec + 3
	case KFloat4, KFloat8:
		return 32
	case KTimestamp, KTimestampTZ, KTime, KTimeTZ:
		return 40
	case KChar, KVarchar, KName, KText:
		return t.Len
	}
	return MaxVarchar
}

func (c *compiler) bits(op string, l, r value, pos int) value {
	if l.typ.Kind == KUnknown {
		l = c.castTo(l, Int4)
	}
	if r.typ.Kind == KUnknown {
		r = c.castTo(r, Int4)
	}
	if l.typ.Kind == KBool && r.typ.Kind == KBool && (op == "&" || op == "|" || op == "#") {
		return value{sql: "(" + l.sql + map[string]string{"&": " AND ", "|": " OR ", "#": " <> "}[op] + r.sql + ")", typ: Bool}
	}
	if !l.typ.IsInteger() || !r.typ.IsInteger() {
		panic(errAt(pos, CodeUndefinedFunction, "operator does not exist: %s %s %s", l.typ.BaseName(), op, r.typ.BaseName()))
	}
	t := widerInt(l.typ, r.typ)
	switch op {
	case "#":
		return value{sql: "xor(" + c.castTo(l, t).sql + ", " + c.castTo(r, t).sql + ")", typ: t}
	case "<<", ">>":
		return value{sql: "(" + l.sql + " " + op + " " + r.sql + ")", typ: l.typ}
	}
	return value{sql: "(" + c.castTo(l, t).sql + " " + op + " " + c.castTo(r, t).sql + ")", typ: t}
}

func widerInt(a, b Type) Type {
	if a.Kind > b.Kind {
		return a
	}
	return b
}

// arithmetic is + - * / % by the rules of numbers and of dates.
func (c *compiler) arithmetic(op string, l, r value, pos int) value {
	if l.typ.Kind == KSuper {
		l = c.castTo(l, superNumber(r.typ))
	}
	if r.typ.Kind == KSuper {
		r = c.castTo(r, superNumber(l.typ))
	}
	if !l.typ.IsNumber() || !r.typ.IsNumber() {
		if v, ok := c.dateArithmetic(op, l, r); ok {
			return v
		}
		l, r = c.numberOperand(l, r), c.numberOperand(r, l)
	}
	if !l.typ.IsNumber() || !r.typ.IsNumber() {
		panic(errAt(pos, CodeUndefinedFunction, "operator does not exist: %s %s %s", l.typ.BaseName(), op, r.typ.BaseName()).hint(
			"No operator matches the given name and argument type(s). You may need to add explicit type casts."))
	}
	switch {
	case l.typ.IsFloat() || r.typ.IsFloat():
		return c.floatOp(op, l, r)
	case l.typ.Kind == KDecimal || r.typ.Kind == KDecimal:
		return c.decimalOp(op, l, r)
	}
	return c.integerOp(op, l, r)
}

func superNumber(other Type) Type {
	if other.IsNumber() {
		return other
	}
	return Float8
}

// numberOperand converts text that meets a number.
func (c *compiler) numberOperand(v, other value) value {
	if v.typ.Kind == KUnknown {
		if other.typ.IsNumber() {
			if v.lit != nil && v.lit.Kind == LitString && !other.typ.IsFloat() {
				return c.numberText(v)
			}
			return c.castTo(v, other.typ)
		}
		if v.lit != nil && v.lit.Kind == LitString {
			return c.numberText(v)
		}
		return c.castTo(v, Int4)
	}
	if v.typ.IsText() && other.typ.IsNumber() {
		return c.castTo(v, other.typ)
	}
	return v
}

func isZero(v value) (zero, constant bool) {
	if v.lit == nil || v.lit.Kind == LitString || v.lit.Kind == LitNull {
		return false, false
	}
	return strings.Trim(v.lit.Text, "-0.") == "", true
}

// nonzero is a divisor's text, which raises an error for zero (the engine would give NULL) unless it is a constant.
func nonzero(divisor value, text string) string {
	if zero, constant := isZero(divisor); constant && !zero {
		return text
	}
	return "rs_nonzero(" + text + ")"
}

func (c *compiler) integerOp(op string, l, r value) value {
	t := widerInt(l.typ, r.typ)
	a, b := l, r
	if l.typ != r.typ && (l.typ.Kind == KInt2 || r.typ.Kind == KInt2) || (l.typ.Kind == KInt4 || r.typ.Kind == KInt4) && t.Kind == KInt8 {
		// The engine types small literals by the other side; say the type.
		if a.typ != t && a.lit == nil {
			a = c.castTo(a, t)
		}
		if b.typ != t && b.lit == nil {
			b = c.castTo(b, t)
		}
		if a.lit != nil && t.Kind == KInt4 {
			a.sql = "CAST(" + a.sql + " AS INTEGER)"
		}
		if b.lit != nil && t.Kind == KInt4 {
			b.sql = "CAST(" + b.sql + " AS INTEGER)"
		}
	}
	switch op {
	case "/":
		return value{sql: "(" + a.sql + " // " + nonzero(b, b.sql) + ")", typ: t}
	case "%":
		return value{sql: "(" + a.sql + " % " + nonzero(b, b.sql) + ")", typ: t}
	}
	return value{sql: "(" + a.sql + " " + op + " " + b.sql + ")", typ: t}
}

func (c *compiler) floatOp(op string, l, r value) value {
	t := Float8
	if l.typ.Kind == KFloat4 && r.typ.Kind == KFloat4 {
		t = Float4
	}
	a, b := l, r
	if !(a.typ.IsFloat() && b.typ.IsFloat()) {
		a, b = c.castTo(a, t), c.castTo(b, t)
	}
	switch op {
	case "/":
		return value{sql: "(" + a.sql + " / " + nonzero(b, b.sql) + ")", typ: t}
	case "%":
		return value{sql: "(" + a.sql + " % " + nonzero(b, b.sql) + ")", typ: t}
	}
	return value{sql: "(" + a.sql + " " + op + " " + b.sql + ")", typ: t}
}

// asDecimal is the decimal type that an integer takes part in arithmetic as.
func asDecimal(v value) Type {
	switch v.typ.Kind {
	case KInt2:
		return Decimal(5, 0)
	case KInt4:
		return Decimal(10, 0)
	case KInt8:
		return Decimal(19, 0)
	}
	return v.typ
}

func (c *compiler) decimalOp(op string, l, r value) value {
	a, b := asDecimal(l), asDecimal(r)
	switch op {
	case "+", "-":
		s := max(a.Scale, b.Scale)
		p := min(max(a.Prec-a.Scale, b.Prec-b.Scale)+1+s, 38)
		return value{sql: "(" + l.sql + " " + op + " " + r.sql + ")", typ: Decimal(p, s)}
	case "*":
		s := a.Scale + b.Scale
		t := Decimal(min(a.Prec+b.Prec+1, 38), min(s, 37))
		if s > 37 {
			panic(errAt(l.pos, CodeNumericRange, "Numeric data overflow (result precision)").hint("the product has %d decimal places; cast one side to fewer", s))
		}
		return value{sql: "(" + l.sql + " * " + r.sql + ")", typ: t}
	case "%":
		s := max(a.Scale, b.Scale)
		t := Decimal(min(max(a.Prec-a.Scale, b.Prec-b.Scale)+s, 38), s)
		return value{sql: "CAST(" + l.sql + " % " + nonzero(r, r.sql) + " AS " + t.DuckDB() + ")", typ: t}
	}
	s := max(4, a.Scale+b.Prec-b.Scale+1)
	p := a.Prec - a.Scale + b.Scale + s
	if p > 38 {
		s = max(38+s-p, min(4, s))
		p = 38
	}
	s = min(s, 37)
	t := Decimal(p, s)
	shift := s - a.Scale + b.Scale
	if digits, ok := longDivision(l, a, r, b, shift); ok {
		return value{sql: scaled(digits, t), typ: t}
	}
	num := unscaled(l, a)
	den := unscaled(r, b)
	switch {
	case shift > 0:
		num = "(" + num + " * " + pow10(shift) + ")"
	case shift < 0:
		den = "(" + den + " * " + pow10(-shift) + ")"
	}
	return value{sql: scaled(num+" // "+nonzero(r, den), t), typ: t}
}

// maxFastScale is the largest scale whose fraction, times its own factor, fits the engine's decimals.
const maxFastScale = 18

// pow10 is 10^n as the engine's 128-bit integer.
func pow10(n int) string {
	if n <= 9 {
		return "1" + strings.Repeat("0", n)
	}
	return "CAST('1" + strings.Repeat("0", n) + "' AS HUGEINT)"
}

// unscaled is a decimal's digits as a 128-bit integer.
func unscaled(v value, t Type) string {
	switch {
	case t.Scale == 0:
		return "CAST(" + v.sql + " AS HUGEINT)"
	case t.Prec+t.Scale+1 <= 38:
		return "CAST(" + v.sql + " * " + pow10Decimal(t.Scale) + " AS HUGEINT)"
	}
	if t.Scale <= maxFastScale {
		return "rs_unscaled(" + v.sql + ", " + pow10(t.Scale) + ")"
	}
	return "CAST(replace(CAST(" + v.sql + " AS VARCHAR), '.', '') AS HUGEINT)"
}

func pow10Decimal(n int) string {
	return "CAST('1" + strings.Repeat("0", n) + "' AS DECIMAL(" + itoa(n+1) + ",0))"
}

// scaled turns a 128-bit integer of digits back into a decimal.
func scaled(digits string, t Type) string {
	if t.Scale == 0 {
		return "CAST(" + digits + " AS " + t.DuckDB() + ")"
	}
	// The factor's only digit is its last, so that the product has the same digits and just gets the scale.
	return "CAST(CAST(" + digits + " AS DECIMAL(38,0)) * CAST('0." + strings.Repeat("0", t.Scale-1) + "1' AS DECIMAL(" +
		itoa(t.Scale) + "," + itoa(t.Scale) + ")) AS " + t.DuckDB() + ")"
}

// maxDivisionSteps is how many rs_divN macros the prelude has.
const maxDivisionSteps = 8

// longDivision divides a * 10^shift by b in steps of as many digits as keep every intermediate in 64 bits: the engine
// divides 128-bit numbers bit by bit, thirty times slower. False if the operands are too wide.
func longDivision(l value, a Type, r value, b Type, shift int) (string, bool) {
	k := 18 - b.Prec
	if a.Prec > 18 || k < 2 || shift <= 0 {
		return "", false
	}
	n := (shift + k - 1) / k
	if n > maxDivisionSteps {
		return "", false
	}
	small := func(v value, t Type) string {
		if t.Scale == 0 {
			return "CAST(" + v.sql + " AS BIGINT)"
		}
		return "CAST(" + v.sql + " * " + pow10Decimal(t.Scale) + " AS BIGINT)"
	}
	den := small(r, b)
	if zero, constant := isZero(r); zero || !constant {
		den = "rs_nonzero8(" + den + ")"
	}
	return "rs_div" + itoa(n) + "(" + small(l, a) + ", " + den + ", " + bigPow10(k) + ", " + bigPow10(shift-(n-1)*k) + ")", true
}

func bigPow10(n int) string { return "CAST(1" + strings.Repeat("0", n) + " AS BIGINT)" }

func (c *compiler) regexMatch(op string, l, r value) value {
	s, p := c.asText(l), c.asText(r)
	call := "regexp_matches(" + s.sql + ", " + p.sql
	if strings.HasSuffix(op, "*") {
		call += ", 'i'"
	}
	call += ")"
	if strings.HasPrefix(op, "!") {
		return value{sql: "(NOT " + call + ")", typ: Bool}
	}
	return value{sql: call, typ: Bool}
}

// like prints LIKE with Redshift's default escape, the backslash, and SIMILAR TO as a regular expression.
func (c *compiler) like(e *Like) value {
	x, p := c.asText(c.expr(e.X)), c.asText(c.expr(e.Pattern))
	not := ""
	if e.Not {
		not = "NOT "
	}
	escape := "'\\'"
	char := `\`
	if e.Escape != nil {
		v := c.expr(e.Escape)
		if v.lit == nil || v.lit.Kind != LitString {
			panic(errAt(e.Escape.Pos(), CodeNotSupported, "ESCAPE must be a constant"))
		}
		char = v.lit.Text
		if len([]rune(char)) > 1 {
			panic(errAt(e.Escape.Pos(), "22025", "invalid escape string").hint("Escape string must be empty or one character."))
		}
		escape = quoteText(char)
	}
	if e.Kind == "similar" {
		pattern := "rs_similar(" + p.sql + ", " + escape + ")"
		if l, ok := e.Pattern.(*Literal); ok && l.Kind == LitString {
			pattern = quoteText(similarPattern(l.Text, char))
		}
		return value{sql: "(" + not + "regexp_full_match(" + x.sql + ", " + pattern + "))", typ: Bool}
	}
	word := "LIKE"
	if e.Kind == "ilike" {
		word = "ILIKE"
	}
	s := "(" + x.sql + " " + not + word + " " + p.sql
	if l, ok := e.Pattern.(*Literal); ok && (char == "" || !strings.Contains(l.Text, char)) {
		return value{sql: s + ")", typ: Bool}
	}
	if char == "" {
		return value{sql: s + ")", typ: Bool}
	}
	return value{sql: s + " ESCAPE " + escape + ")", typ: Bool}
}

// similarPattern turns a SIMILAR TO pattern into a regular expression for a full match.
func similarPattern(s, escape string) string {
	var b strings.Builder
	b.WriteString("(?s)")
	rs := []rune(s)
	inClass := false
	for i := 0; i < len(rs); i++ {
		ch := string(rs[i])
		switch {
		case ch == escape && escape != "" && i+1 < len(rs):
			i++
			b.WriteString(quoteRegex(string(rs[i])))
		case inClass:
			b.WriteString(ch)
			inClass = ch != "]"
		case ch == "[":
			inClass = true
			b.WriteString(ch)
		case ch == "%":
			b.WriteString(".*")
		case ch == "_":
			b.WriteString(".")
		case ch == "." || ch == "^" || ch == "$" || ch == `\`:
			b.WriteString(`\` + ch)
		case ch == "(":
			b.WriteString("(?:")
		default:
			b.WriteString(ch)
		}
	}
	return b.String()
}

func quoteRegex(s string) string {
	if strings.ContainsAny(s, `\.+*?()|[]{}^$`) {
		return `\` + s
	}
	return s
}

func (c *compiler) overlaps(e *Binary) value {
	l, lok := e.L.(*Row)
	r, rok := e.R.(*Row)
	if !lok || !rok || len(l.Items) != 2 || len(r.Items) != 2 {
		panic(errAt(e.Pos(), CodeSyntax, "wrong number of parameters on OVERLAPS expression"))
	}
	ends := func(row *Row) (string, string) {
		a := c.expr(row.Items[0])
		if a.typ.Kind == KUnknown {
			a = c.castTo(a, Timestamp)
		}
		b := c.expr(row.Items[1])
		if b.typ.IsInterval() {
			b = c.arithmetic("+", a, b, row.Pos())
		} else if b.typ.Kind == KUnknown {
			b = c.castTo(b, a.typ)
		}
		return "least(" + a.sql + ", " + b.sql + ")", "greatest(" + a.sql + ", " + b.sql + ")"
	}
	a1, a2 := ends(l)
	b1, b2 := ends(r)
	return value{sql: "((" + a1 + " < " + b2 + " AND " + b1 + " < " + a2 + ") OR " + a1 + " = " + b1 + ")", typ: Bool}
}
