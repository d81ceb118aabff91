package sql

import (
	"errors"
	"math/big"
	"strconv"
	"strings"
)

func itoa(n int) string { return strconv.Itoa(n) }

// commonType is the type in which UNION, CASE, COALESCE and the like bring two types together.
func commonType(a, b Type) (Type, bool) {
	switch {
	case a == b:
		return a, true
	case a.Kind == KUnknown:
		return b, true
	case b.Kind == KUnknown:
		return a, true
	case a.IsInteger() && b.IsInteger():
		return widerInt(a, b), true
	case a.IsNumber() && b.IsNumber():
		if a.IsFloat() || b.IsFloat() {
			if a.Kind == KFloat4 && b.Kind == KFloat4 {
				return Float4, true
			}
			return Float8, true
		}
		x, y := asDecimal(value{typ: a}), asDecimal(value{typ: b})
		s := max(x.Scale, y.Scale)
		return Decimal(min(max(x.Prec-x.Scale, y.Prec-y.Scale)+s, 38), s), true
	case a.IsText() && b.IsText():
		if a.Kind == KChar && b.Kind == KChar {
			return Char(max(a.Len, b.Len)), true
		}
		if a.Kind == KVarchar && b.Kind != KText || b.Kind == KVarchar && a.Kind != KText || a.Kind == KChar || b.Kind == KChar {
			return Varchar(min(max(a.Len, b.Len), MaxVarchar)), true
		}
		return TextT, true
	case isDay(a) && isDay(b):
		if a.Kind == KTimestampTZ || b.Kind == KTimestampTZ {
			return TimestampTZ, true
		}
		return Timestamp, true
	case isClock(a) && isClock(b):
		return TimeTZ, true
	case a.IsInterval() && b.IsInterval():
		return IntervalT, true
	case a.Kind == KSuper || b.Kind == KSuper:
		return Super, true
	case (a.isOIDLike() || a.IsInteger()) && (b.isOIDLike() || b.IsInteger()):
		if a.isOIDLike() {
			return a, true
		}
		return b, true
	case a.Kind == KVarbyte && b.Kind == KVarbyte:
		return Varbyte(max(a.Len, b.Len)), true
	}
	return Type{}, false
}

// cast is an explicit cast as written.
func (c *compiler) cast(e *Cast) value {
	t, err := ResolveType(e.Type)
	if err != nil {
		panic(err)
	}
	if iv, ok := e.X.(*Literal); ok && iv.Kind == LitString && t.IsInterval() {
		return intervalValue(iv.Text, "", "", e.X.Pos())
	}
	v := c.expr(e.X)
	if l := v.lit; l != nil && l.Kind == LitString && t.Kind == KBool && v.typ.Kind == KUnknown {
		return c.castTo(v, t)
	}
	if e.Try {
		return c.tryCast(v, t)
	}
	out := c.explicit(v, t)
	return out
}

func (c *compiler) tryCast(v value, t Type) value {
	if v.typ.Kind == KUnknown {
		v = c.settle(v)
	}
	if !v.typ.IsText() {
		return c.explicit(v, t)
	}
	switch {
	case t.IsInteger():
		return value{sql: "CASE WHEN regexp_full_match(" + v.sql + ", '\\s*[+-]?\\d+\\s*') THEN TRY_CAST(" + v.sql + " AS " + t.DuckDB() + ") END", typ: t}
	case t.IsText():
		return c.explicit(v, t)
	case t.Kind == KDate:
		return value{sql: "rs_try_date(" + v.sql + ")", typ: t}
	case t.Kind == KTimestamp:
		return value{sql: "rs_try_timestamp(" + v.sql + ")", typ: t}
	}
	return value{sql: "TRY_CAST(" + v.sql + " AS " + t.DuckDB() + ")", typ: t}
}

func cannotCast(v value, t Type) *Error {
	return errAt(v.pos, CodeCannotCast, "cannot cast type %s to %s", v.typ.BaseName(), t.BaseName())
}

// implicit converts an argument or operand; what only an explicit cast may do is an error.
func (c *compiler) implicit(v value, t Type) value {
	if v.typ.Kind == KBool && t.IsNumber() || v.typ.IsFloat() && t.Kind == KBool {
		panic(cannotCast(v, t))
	}
	return c.castTo(v, t)
}

// explicit is CAST: text is cut silently to its length, decimals lose digits by truncation.
func (c *compiler) explicit(v value, t Type) value { return c.convert(v, t, castExplicit) }

// castTo converts without cutting text: for operators and common types.
func (c *compiler) castTo(v value, t Type) value { return c.convert(v, t, castImplicit) }

// assign converts for storage in a column: text that is too long is an error, decimals round.
func (c *compiler) assign(v value, t Type, column string) value {
	if v.typ.Kind == KBool && t.IsNumber() || v.typ.IsNumber() && t.Kind == KBool && !v.typ.IsInteger() ||
		(isDay(v.typ) || isClock(v.typ)) && t.IsNumber() || v.typ.IsNumber() && (isDay(t) || isClock(t)) {
		panic(errAt(v.pos, CodeTypeMismatch, "column \"%s\" is of type %s but expression is of type %s", column, t.BaseName(), v.typ.BaseName()).hint(
			"You will need to rewrite or cast the expression."))
	}
	return c.convert(v, t, castAssign)
}

type castMode uint8

const (
	castImplicit castMode = iota
	castAssign
	castExplicit
)

func (c *compiler) convert(v value, t Type, mode castMode) value {
	if v.typ == t && v.param == 0 {
		return v
	}
	out := value{typ: t, pos: v.pos, flags: v.flags, blank: v.blank}
	if v.typ.Kind == KUnknown {
		if v.param > 0 {
			return c.bindParam(v, t)
		}
		if v.lit == nil || v.lit.Kind == LitNull {
			out.sql = "CAST(NULL AS " + t.DuckDB() + ")"
			if mode == castAssign {
				out.sql = "NULL"
			}
			out.lit = v.lit
			return out
		}
		return c.literalAs(v, t, mode)
	}
	from := v.typ
	simple := func() value {
		out.sql = "CAST(" + v.sql + " AS " + t.DuckDB() + ")"
		return out
	}
	switch {
	case t.Kind == KUnknown:
		return v
	case t.IsText():
		return c.toText(v, t, mode)
	case t.Kind == KSuper:
		if from.Kind == KSuper {
			return v
		}
		out.sql = "to_json(" + v.sql + ")"
		return out
	case from.Kind == KSuper:
		return fromSuper(v, t)
	case t.IsInteger():
		return c.toInteger(v, t, mode)
	case t.Kind == KDecimal:
		switch {
		case from.IsInteger(), from.IsFloat(), from.isOIDLike():
			return simple()
		case from.IsText():
			return simple()
		case from.Kind == KBool && mode == castExplicit:
			return simple()
		case from.Kind == KDecimal:
			if mode == castExplicit && from.Scale > t.Scale && !c.ses.NumericRounding {
				v.sql = "trunc(" + v.sql + ", " + itoa(t.Scale) + ")"
			}
			return simple()
		}
	case t.IsFloat():
		if from.IsNumber() || from.IsText() || from.Kind == KBool && mode == castExplicit {
			return simple()
		}
	case t.Kind == KBool:
		switch {
		case from.IsInteger():
			return simple()
		case from.IsText():
			out.sql = "rs_text_bool(" + v.sql + ")"
			return out
		}
	case t.Kind == KDate:
		switch {
		case from.isTimestamp():
			return simple()
		case from.IsText():
			out.sql = "rs_text_date(" + v.sql + ")"
			return out
		}
	case t.Kind == KTimestamp:
		switch {
		case from.Kind == KDate, from.Kind == KTimestampTZ:
			return simple()
		case from.IsText():
			out.sql = "rs_text_timestamp(" + v.sql + ")"
			return out
		}
	case t.Kind == KTimestampTZ:
		switch {
		case from.Kind == KDate, from.Kind == KTimestamp:
			return simple()
		case from.IsText():
			out.sql = "rs_text_timestamptz(" + v.sql + ")"
			return out
		}
	case t.Kind == KTime:
		if from.isTimestamp() || from.Kind == KTimeTZ || from.IsText() {
			return simple()
		}
	case t.Kind == KTimeTZ:
		if from.Kind == KTime || from.Kind == KTimestampTZ || from.IsText() {
			return simple()
		}
	case t.IsInterval():
		if from.IsText() || from.IsInterval() {
			return simple()
		}
	case t.Kind == KVarbyte:
		switch {
		case from.IsText():
			out.sql = "encode(" + v.sql + ")"
			return out
		case from.Kind == KVarbyte:
			out.sql = v.sql
			return out
		}
	case t.isOIDLike():
		switch {
		case from.isOIDLike():
			out.sql = v.sql
			return out
		case from.IsInteger():
			return simple()
		case from.IsText() && t.Kind != KOID && t.Kind != KXid:
			out.sql = "rs_" + kindNames[t.Kind] + "(" + v.sql + ")"
			return out
		case from.IsText():
			return simple()
		}
	case t.Kind == KArray && (from.Kind == KArray || from.Kind == KInt2Vector || from.Kind == KOIDVector),
		(t.Kind == KInt2Vector || t.Kind == KOIDVector) && from.Kind == KArray:
		return simple()
	}
	panic(cannotCast(v, t))
}

// bindParam gives a parameter its type, which the rest of the statement then sees.
func (c *compiler) bindParam(v value, t Type) value {
	bound := t
	if t.Kind == KVarchar || t.Kind == KChar { // the target's length is not the parameter's
		bound = Varchar(MaxVarchar)
	}
	if t.Kind == KDecimal && t.Prec < 38 {
		bound = Decimal(38, t.Scale)
	}
	if c.params[v.param-1].Kind == KUnknown {
		c.params[v.param-1] = bound
	}
	bound = c.params[v.param-1]
	p := value{sql: "CAST($" + itoa(v.param) + " AS " + bound.DuckDB() + ")", typ: bound, pos: v.pos, flags: v.flags, blank: bound.IsText() && c.ses.ParamBlanks}
	if bound == t {
		return p
	}
	return c.convert(p, t, castImplicit)
}

func fromSuper(v value, t Type) value {
	out := value{typ: t, pos: v.pos, flags: v.flags}
	text := "json_extract_string(" + v.sql + ", '$')"
	switch {
	case t.IsInteger():
		out.sql = "TRY_CAST(TRY_CAST(" + text + " AS DECIMAL(38,4)) AS " + t.DuckDB() + ")"
	case t.Kind == KDate, t.Kind == KTimestamp, t.Kind == KTimestampTZ, t.Kind == KTime, t.IsNumber(), t.Kind == KBool:
		out.sql = "TRY_CAST(" + text + " AS " + t.DuckDB() + ")"
	default:
		panic(cannotCast(v, t))
	}
	return out
}

func (c *compiler) toText(v value, t Type, mode castMode) value {
	from := v.typ
	out := value{typ: t, pos: v.pos, flags: v.flags, blank: v.blank}
	switch {
	case from.IsText():
		out.sql = v.sql
	case from.Kind == KDecimal && from.Prec == from.Scale: // the engine would leave out the zero before the point
		out.sql = "CAST(CAST(" + v.sql + " AS " + Decimal(from.Prec+1, from.Scale).DuckDB() + ") AS VARCHAR)"
	case from.Kind == KFloat8:
		out.sql = "rs_float8_text(" + v.sql + ")"
	case from.Kind == KFloat4:
		out.sql = "rs_float4_text(" + v.sql + ")"
	case from.Kind == KSuper:
		out.sql = "json_extract_string(" + v.sql + ", '$')"
	case from.Kind == KRegclass, from.Kind == KRegproc, from.Kind == KRegtype:
		out.sql = "rs_" + kindNames[from.Kind] + "_text(" + v.sql + ")"
	case from.Kind == KVarbyte:
		out.sql = "lower(to_hex(" + v.sql + "))"
	case from.Kind == KArray, from.Kind == KInt2Vector, from.Kind == KOIDVector:
		out.sql = "('{' || array_to_string(" + v.sql + ", ',') || '}')"
	case from.Kind == KTimestamp && v.lit == nil, from.Kind == KTimestampTZ, from.IsNumber(), from.Kind == KBool, isDay(from), isClock(from), from.IsInterval(), from.isOIDLike():
		out.sql = "CAST(" + v.sql + " AS VARCHAR)"
	default:
		panic(cannotCast(v, t))
	}
	if from.Kind == KBool && mode == castImplicit {
		out.sql = "CAST(" + v.sql + " AS VARCHAR)"
	}
	n := textLen(from)
	if from.IsText() {
		n = from.Len
	}
	fits := n <= t.Len && n > 0 || t.Len == 0 || t.Kind == KText || t.Kind == KName || t.Kind == KInternalChar
	if t.Kind == KInternalChar {
		return out
	}
	if t.Kind == KChar && from.Kind != KChar && (v.blank || !from.IsText()) && mode != castImplicit {
		out.blank = false
		if fits {
			out.sql = "rtrim(" + out.sql + ", ' ')"
			return out
		}
	}
	if fits || mode == castImplicit {
		return out
	}
	if mode == castAssign {
		if t.Kind == KChar {
			out.sql = "rs_fit_char(" + out.sql + ", " + itoa(t.Len) + ")"
			out.blank = false
		} else {
			out.sql = "rs_fit_varchar(" + out.sql + ", " + itoa(t.Len) + ")"
		}
		return out
	}
	out.sql = "rs_cut(" + out.sql + ", " + itoa(t.Len) + ")"
	if t.Kind == KChar {
		out.sql = "rtrim(" + out.sql + ", ' ')"
		out.blank = false
	} else {
		out.blank = true
	}
	return out
}

func (c *compiler) toInteger(v value, t Type, mode castMode) value {
	out := value{typ: t, pos: v.pos, flags: v.flags}
	switch from := v.typ; {
	case from.IsInteger(), from.IsFloat(), from.isOIDLike():
		out.sql = "CAST(" + v.sql + " AS " + t.DuckDB() + ")"
	case from.Kind == KBool && mode == castExplicit:
		out.sql = "CAST(" + v.sql + " AS " + t.DuckDB() + ")"
	case from.Kind == KDecimal:
		if mode == castExplicit && from.Scale > 0 && !c.ses.NumericRounding {
			v.sql = "trunc(" + v.sql + ")"
		}
		out.sql = "CAST(" + v.sql + " AS " + t.DuckDB() + ")"
	case from.IsText():
		out.sql = "rs_text_" + t.TypeName() + "(" + v.sql + ")"
	default:
		panic(cannotCast(v, t))
	}
	return out
}

// numberText reads a quoted number as the literal it would be without quotes.
func (c *compiler) numberText(v value) value {
	s := strings.TrimSpace(v.lit.Text)
	kind := LitInteger
	if strings.ContainsAny(s, "eE") {
		kind = LitFloat
	} else if strings.Contains(s, ".") {
		kind = LitDecimal
	}
	if !numeric(s, kind) {
		panic(errAt(v.pos, CodeInvalidText, "invalid input syntax for numeric: \"%s\"", v.lit.Text))
	}
	out := literal(&Literal{at: at(v.pos), Kind: kind, Text: strings.TrimPrefix(s, "+")})
	out.pos, out.flags = v.pos, v.flags
	return out
}

func numeric(s string, kind LiteralKind) bool {
	if kind == LitFloat {
		_, err := strconv.ParseFloat(s, 64)
		return err == nil
	}
	s = strings.TrimLeft(s, "+-")
	if s == "" || s == "." {
		return false
	}
	for _, r := range strings.Replace(s, ".", "", 1) {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}

// literalAs gives an untyped string literal a type, checking and folding it here.
func (c *compiler) literalAs(v value, t Type, mode castMode) value {
	s := v.lit.Text
	out := value{typ: t, pos: v.pos, flags: v.flags}
	bad := func() {
		panic(errAt(v.pos, CodeInvalidText, "invalid input syntax for %s: \"%s\"", inputName(t), s))
	}
	switch {
	case t.Kind == KUnknown:
		return v
	case t.IsText():
		text := s
		if t.Kind == KChar {
			text = strings.TrimRight(text, " ")
		}
		if t.Len > 0 && len(text) > t.Len && mode != castImplicit {
			if mode == castAssign {
				if len(strings.TrimRight(text, " ")) > t.Len {
					panic(errAt(v.pos, "22001", "value too long for type %s", t.String()))
				}
				text = text[:t.Len]
			} else {
				text = cutBytes(text, t.Len)
			}
			if t.Kind == KChar {
				text = strings.TrimRight(text, " ")
			}
		}
		out.sql, out.blank = quoteText(text), strings.HasSuffix(text, " ")
		out.lit = &Literal{at: v.lit.at, Kind: LitString, Text: text}
		return out
	case t.IsInteger():
		n, err := strconv.ParseInt(strings.TrimPrefix(strings.TrimSpace(s), "+"), 10, 64)
		if err != nil {
			if errors.Is(err, strconv.ErrRange) {
				panic(errAt(v.pos, CodeNumericRange, "value \"%s\" is out of range for type %s", s, t.BaseName()))
			}
			bad()
		}
		if t.Kind == KInt2 && int64(int16(n)) != n || t.Kind == KInt4 && int64(int32(n)) != n {
			panic(errAt(v.pos, CodeNumericRange, "value \"%s\" is out of range for type %s", s, t.BaseName()))
		}
		out.sql = strconv.FormatInt(n, 10)
		out.lit = &Literal{at: v.lit.at, Kind: LitInteger, Text: out.sql}
		if t.Kind != KInt4 {
			out.sql = "CAST(" + out.sql + " AS " + t.DuckDB() + ")"
		}
		return out
	case t.Kind == KDecimal:
		text := strings.TrimSpace(s)
		if _, ok := new(big.Rat).SetString(text); !ok || strings.ContainsAny(text, "/xXpP_") {
			bad()
		}
		out.sql = "CAST(" + quoteText(text) + " AS " + t.DuckDB() + ")"
		return out
	case t.IsFloat():
		text := strings.TrimSpace(s)
		if _, err := strconv.ParseFloat(text, 64); err != nil && !isRange(err) {
			bad()
		}
		out.sql = "CAST(" + quoteText(text) + " AS " + t.DuckDB() + ")"
		return out
	case t.Kind == KBool:
		switch foldASCII(strings.TrimSpace(s)) {
		case "t", "true", "y", "yes", "1":
			out.sql = "true"
		case "f", "false", "n", "no", "0":
			out.sql = "false"
		default:
			bad()
		}
		return out
	case t.Kind == KDate:
		d, err := ParseDate(s, c.ses.Now)
		if err != nil {
			panic(dateError(err, v.pos, "date", s))
		}
		out.sql = "DATE " + quoteText(d)
		out.lit = nil
		return out
	case t.Kind == KTimestamp:
		ts, err := ParseTimestamp(s, c.ses.Now)
		if err != nil {
			panic(dateError(err, v.pos, "timestamp", s))
		}
		out.sql = "TIMESTAMP " + quoteText(ts)
		return out
	case t.Kind == KTimestampTZ:
		ts, zoned, err := ParseTimestampTZ(s, c.ses.Now)
		if err != nil {
			panic(dateError(err, v.pos, "timestamp with time zone", s))
		}
		if zoned {
			ts += "+00"
		}
		out.sql = "TIMESTAMPTZ " + quoteText(ts)
		return out
	case t.Kind == KTime, t.Kind == KTimeTZ:
		out.sql = "CAST(" + quoteText(strings.TrimSpace(s)) + " AS " + t.DuckDB() + ")"
		return out
	case t.IsInterval():
		iv := intervalValue(s, "", "", v.pos)
		iv.flags = v.flags
		return iv
	case t.Kind == KSuper:
		out.sql = "to_json(" + quoteText(s) + ")"
		return out
	case t.Kind == KVarbyte:
		out.sql = "encode(" + quoteText(s) + ")"
		return out
	case t.Kind == KArray:
		return c.arrayText(v, t)
	case t.Kind == KOID, t.Kind == KXid:
		if _, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64); err != nil {
			bad()
		}
		out.sql = "CAST(" + strings.TrimSpace(s) + " AS BIGINT)"
		return out
	case t.isOIDLike():
		if _, err := strconv.ParseInt(s, 10, 64); err == nil {
			out.sql = "CAST(" + s + " AS BIGINT)"
			return out
		}
		out.sql = "rs_" + kindNames[t.Kind] + "(" + quoteText(s) + ")"
		return out
	}
	panic(cannotCast(v, t))
}

func isRange(err error) bool {
	return errors.Is(err, strconv.ErrRange)
}

// inputName is a type's name in "invalid input syntax".
func inputName(t Type) string {
	switch t.Kind {
	case KFloat4, KFloat8:
		return "type " + t.BaseName()
	case KBool:
		return "type boolean"
	}
	return t.BaseName()
}

// cutBytes cuts at the last whole character within n bytes.
func cutBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n]
}
