package expression

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

type compiler struct {
	env    *Environment
	inside string // the calculated field being compiled
	depth  int
}

func (c *compiler) node(n Node) (Value, error) {
	c.depth++
	defer func() { c.depth-- }()
	if c.depth > maxDepth || c.env.nesting > maxDepth {
		return Value{}, fail(TooComplex, n.Position(), "split it into several calculated fields", "the expression is nested more than %d levels deep", maxDepth)
	}
	v, err := c.dispatch(n)
	if err == nil && len(v.SQL) > maxSQL {
		err = fail(TooComplex, n.Position(), "calculated fields that use one another several times multiply", "the expression grows beyond %d bytes of SQL", maxSQL)
	}
	return v, err
}

func (c *compiler) dispatch(n Node) (Value, error) {
	switch n := n.(type) {
	case *Literal:
		return literal(n)
	case *FieldRef:
		return c.env.field(n.Name, n.Pos, c.inside)
	case *ParameterRef:
		return c.parameter(n)
	case *Call:
		return c.call(n)
	case *Unary:
		return c.unary(n)
	case *Binary:
		return c.binary(n)
	case *In:
		return c.in(n.X, n.List, n.Not)
	case *List:
		return Value{}, fail(Syntax, n.Pos, "lists go into in, notIn and the level-aware functions", "a list cannot stand here")
	}
	return Value{}, fail(Syntax, n.Position(), "", "this cannot be compiled")
}

func literal(n *Literal) (Value, error) {
	switch n.Type {
	case String:
		return Value{SQL: Text(n.Text), Type: String, Literal: &n.Text}, nil
	case Boolean:
		return Value{SQL: n.Text, Type: Boolean}, nil
	case Null:
		return Value{SQL: "NULL", Type: Null}, nil
	}
	f, err := strconv.ParseFloat(n.Text, 64)
	if err != nil {
		return Value{}, fail(Syntax, n.Pos, "", "the number %s is out of range", clip(n.Text))
	}
	if n.Type == Integer {
		i, err := strconv.ParseInt(n.Text, 10, 64)
		if err != nil {
			return Value{}, fail(Syntax, n.Pos, "", "the number %s is out of range", clip(n.Text))
		}
		return Value{SQL: fmt.Sprintf("CAST(%d AS BIGINT)", i), Type: Integer, number: &f}, nil
	}
	return Value{SQL: "CAST(" + strconv.FormatFloat(f, 'g', -1, 64) + " AS DOUBLE)", Type: Decimal, number: &f}, nil
}

func (c *compiler) parameter(n *ParameterRef) (Value, error) {
	p, holders, err := c.env.parameter(n)
	if err != nil {
		return Value{}, err
	}
	if len(holders) > 1 {
		return Value{}, fail(ArgumentType, n.Pos, "use it in in() or notIn()", "parameter %q holds several values", n.Name)
	}
	if len(holders) == 0 {
		return Value{SQL: "CAST(NULL AS " + p.Type.SQL() + ")", Type: p.Type}, nil
	}
	return Value{SQL: holders[0], Type: p.Type}, nil
}

func (c *compiler) unary(n *Unary) (Value, error) {
	x, err := c.node(n.X)
	if err != nil {
		return Value{}, err
	}
	if n.Op == "NOT" {
		if x.Type != Boolean && x.Type != Null {
			return Value{}, wrongOperand(n.Pos, "NOT", "a condition", x)
		}
		return Value{SQL: "(NOT " + x.As(Boolean) + ")", Type: Boolean, Level: x.Level}, nil
	}
	if !x.Type.IsNumber() && x.Type != Null {
		return Value{}, wrongOperand(n.Pos, "-", "a number", x)
	}
	v := Value{SQL: "(-" + x.SQL + ")", Type: x.Type, Level: x.Level}
	if x.Type == Null {
		v = Value{SQL: "CAST(NULL AS DOUBLE)", Type: Decimal}
	}
	if x.number != nil {
		f := -*x.number
		v.number = &f
	}
	return v, nil
}

func wrongOperand(pos Pos, op, wanted string, v Value) error {
	return fail(ArgumentType, pos, "", "%s needs %s, not %s", op, wanted, v.Type)
}

// combine finds the level of a result made of several values.
func combine(pos Pos, values ...Value) (Level, error) {
	level := Constant
	for _, v := range values {
		if v.Level == Constant {
			continue
		}
		if level != Constant && level != v.Level {
			return level, fail(MismatchedAggregation, pos, "aggregate the row value too, for example sum(...) or max(...)", "row values and aggregates cannot be mixed")
		}
		level = v.Level
	}
	return level, nil
}

func (c *compiler) binary(n *Binary) (Value, error) {
	l, err := c.node(n.Left)
	if err != nil {
		return Value{}, err
	}
	r, err := c.node(n.Right)
	if err != nil {
		return Value{}, err
	}
	level, err := combine(n.Pos, l, r)
	if err != nil {
		return Value{}, err
	}
	v := Value{Level: level}
	switch n.Op {
	case "AND", "OR":
		for _, x := range []Value{l, r} {
			if x.Type != Boolean && x.Type != Null {
				return Value{}, wrongOperand(n.Pos, n.Op, "conditions on both sides", x)
			}
		}
		v.Type, v.SQL = Boolean, "("+l.As(Boolean)+" "+n.Op+" "+r.As(Boolean)+")"
		return v, nil
	case "=", "<>", "<", "<=", ">", ">=":
		l, r, err = Comparable(n.Pos, l, r)
		if err != nil {
			return Value{}, err
		}
		v.Type, v.SQL = Boolean, "("+l.SQL+" "+n.Op+" "+r.SQL+")"
		return v, nil
	}
	for _, x := range []Value{l, r} {
		if !x.Type.IsNumber() && x.Type != Null {
			hint := ""
			if n.Op == "+" && x.Type == String {
				hint = "concat(a, b) joins texts"
			} else if x.Type == Datetime {
				hint = "addDateTime and dateDiff calculate with dates"
			}
			return Value{}, fail(ArgumentType, n.Pos, hint, "%s needs numbers on both sides, not %s", n.Op, x.Type)
		}
	}
	v.Type = Decimal
	if l.Type == Integer && r.Type == Integer && n.Op != "/" && n.Op != "^" {
		v.Type = Integer
	}
	switch n.Op {
	case "/":
		v.SQL = "(" + l.As(Decimal) + " / " + r.As(Decimal) + ")"
	case "^":
		v.SQL = finite("pow(" + l.As(Decimal) + ", " + r.As(Decimal) + ")")
	case "%":
		v.SQL = "mod(" + l.As(v.Type) + ", " + r.As(v.Type) + ")"
	default:
		v.SQL = arithmetic(n.Op, l, r, v)
	}
	return v, nil
}

// arithmetic prints + - *. Integers that leave 64 bits become NULL: TRY does it fast, but binds over row scalars only.
func arithmetic(op string, l, r, result Value) string {
	switch {
	case result.Type == Decimal:
		return "(" + l.As(Decimal) + " " + op + " " + r.As(Decimal) + ")"
	case result.Level == Aggregated:
		return "TRY_CAST(CAST(" + l.SQL + " AS HUGEINT) " + op + " CAST(" + r.SQL + " AS HUGEINT) AS BIGINT)"
	}
	return "TRY(" + l.SQL + " " + op + " " + r.SQL + ")"
}

// finite turns infinities and NaN, which QuickSight does not have, into NULL. Long operands go through a lambda, slower than a CASE,
// so that powers of powers do not double the SQL at each step.
func finite(sql string) string {
	if len(sql) > 200 {
		return "list_transform([" + sql + "], lambda v: CASE WHEN isfinite(v) THEN v END)[1]"
	}
	return "CASE WHEN isfinite(" + sql + ") THEN " + sql + " END"
}

// Comparable brings two values to one type, so that the engine never casts on its own.
func Comparable(pos Pos, l, r Value) (Value, Value, error) {
	switch {
	case l.Type == r.Type && l.Type != Null:
		return l, r, nil
	case l.Type == Null && r.Type == Null:
		return Value{SQL: l.As(String), Type: String}, Value{SQL: r.As(String), Type: String}, nil
	case l.Type == Null:
		l.SQL, l.Type = l.As(r.Type), r.Type
		return l, r, nil
	case r.Type == Null:
		r.SQL, r.Type = r.As(l.Type), l.Type
		return l, r, nil
	case l.Type.IsNumber() && r.Type.IsNumber():
		l.SQL, l.Type = l.As(Decimal), Decimal
		r.SQL, r.Type = r.As(Decimal), Decimal
		return l, r, nil
	case l.Type == Datetime && r.Literal != nil:
		if t, ok := ParseTime(*r.Literal); ok {
			return l, Value{SQL: Timestamp(t), Type: Datetime}, nil
		}
	case r.Type == Datetime && l.Literal != nil:
		if t, ok := ParseTime(*l.Literal); ok {
			return Value{SQL: Timestamp(t), Type: Datetime}, r, nil
		}
	}
	hint := ""
	switch {
	case l.Type == Datetime || r.Type == Datetime:
		hint = "parseDate turns a text into a date"
	case l.Type == String && r.Type.IsNumber() || r.Type == String && l.Type.IsNumber():
		hint = "parseInt, parseDecimal and toString convert"
	}
	return l, r, fail(ArgumentType, pos, hint, "%s and %s cannot be compared", l.Type, r.Type)
}

// ParseTime reads the ISO forms of a date that QuickSight writes.
func ParseTime(s string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// Timestamp prints a constant instant.
func Timestamp(t time.Time) string {
	return "TIMESTAMP '" + t.UTC().Format("2006-01-02 15:04:05.000") + "'"
}

// unify finds the one type of several branches; NULL fits all, numbers meet at DECIMAL.
func unify(pos Pos, name string, values ...Value) (Type, error) {
	t := Null
	for _, v := range values {
		switch {
		case v.Type == Null || v.Type == t:
		case t == Null:
			t = v.Type
		case t.IsNumber() && v.Type.IsNumber():
			t = Decimal
		default:
			return t, fail(ArgumentType, pos, "", "the results of %s must have one type, these are %s and %s", name, t, v.Type)
		}
	}
	if t == Null {
		t = String
	}
	return t, nil
}

// in prints x IN list. A NULL operand is in no list, and not in every list.
func (c *compiler) in(operand, list Node, not bool) (Value, error) {
	x, err := c.node(operand)
	if err != nil {
		return Value{}, err
	}
	items, err := c.listValues(list)
	if err != nil {
		return Value{}, err
	}
	parts := make([]string, 0, len(items))
	for _, it := range items {
		l, r, err := Comparable(list.Position(), x, it)
		if err != nil {
			return Value{}, err
		}
		if l.SQL != x.SQL { // numbers met at DECIMAL: all of them do
			x = l
		}
		parts = append(parts, r.SQL)
	}
	v := Value{Type: Boolean, Level: x.Level}
	switch {
	case len(parts) == 0 && not:
		v.SQL = "TRUE"
	case len(parts) == 0:
		v.SQL = "FALSE"
	case not:
		v.SQL = "((" + x.SQL + " NOT IN (" + strings.Join(parts, ", ") + ")) IS NOT FALSE)"
	default:
		v.SQL = "coalesce(" + x.SQL + " IN (" + strings.Join(parts, ", ") + "), FALSE)"
	}
	return v, nil
}

func (c *compiler) listValues(n Node) ([]Value, error) {
	switch n := n.(type) {
	case *ParameterRef:
		p, holders, err := c.env.parameter(n)
		if err != nil {
			return nil, err
		}
		values := make([]Value, len(holders))
		for i, h := range holders {
			values[i] = Value{SQL: h, Type: p.Type}
		}
		return values, nil
	case *List:
		var values []Value
		for _, it := range n.Items {
			if it.X == nil || it.Except || it.Direction != "" {
				return nil, fail(Syntax, n.Pos, "", "this list holds values only")
			}
			if p, ok := it.X.(*ParameterRef); ok {
				more, err := c.listValues(p)
				if err != nil {
					return nil, err
				}
				values = append(values, more...)
				continue
			}
			v, err := c.node(it.X)
			if err != nil {
				return nil, err
			}
			if v.Level != Constant {
				return nil, fail(ArgumentType, it.X.Position(), "compare with = instead", "the list of in holds constants and parameters only")
			}
			values = append(values, v)
		}
		return values, nil
	}
	return nil, fail(ArgumentType, n.Position(), "write [a, b] or ${parameter}", "expected a list")
}
