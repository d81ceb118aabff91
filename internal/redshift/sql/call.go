package sql

import (
	"fmt"
	"strings"
)

// class is what a parameter of a function takes.
type class uint8

const (
	cAny     class = iota
	cText          // char, varchar; other scalars are converted
	cInt           // any integer, kept as it is
	cInt4          // converted to integer
	cInt8          // converted to bigint
	cNum           // any number, kept as it is
	cDecimal       // decimals alone
	cFloat         // converted to double precision
	cBool
	cDate
	cTimestamp
	cTimestampTZ
	cTime
	cInterval
	cSuper
	cVarbyte
	cOID
	cArray
)

// overload is one signature of a function. sql is the DuckDB text with $1, $2, ... for the arguments, $* for all of them
// separated by commas, and $t for the engine's name of the result type.
type overload struct {
	args   []class
	rest   bool // the last class repeats
	result func(args []value) Type
	sql    string
	blank  bool // the text may end in blanks
	keeps  bool // the text ends in blanks only if an argument does
}

// function is an entry of the function table. Either overloads are given, or build compiles the call itself.
type function struct {
	names     string // separated by blanks
	overloads []overload
	build     func(c *compiler, e *Call) value
	aggregate bool // may take DISTINCT and OVER
	window    bool // needs OVER
}

// fn declares a function by signatures.
func fn(names string, overloads ...overload) function {
	return function{names: names, overloads: overloads}
}

// special declares a function that compiles its own call.
func special(names string, build func(c *compiler, e *Call) value) function {
	return function{names: names, build: build}
}

func ov(args []class, result func([]value) Type, sql string) overload {
	return overload{args: args, result: result, sql: sql}
}

func variadic(args []class, result func([]value) Type, sql string) overload {
	return overload{args: args, rest: true, result: result, sql: sql}
}

func args(a ...class) []class { return a }

// is is a fixed result type.
func is(t Type) func([]value) Type { return func([]value) Type { return t } }

// same is the type of argument i (from 1); untyped ones count as text.
func same(i int) func([]value) Type {
	return func(a []value) Type {
		if a[i-1].typ.Kind == KUnknown {
			return Varchar(MaxVarchar)
		}
		return a[i-1].typ
	}
}

// textOf is varchar as long as argument i.
func textOf(i int) func([]value) Type {
	return func(a []value) Type {
		if n := a[i-1].typ.Len; a[i-1].typ.IsText() && n > 0 {
			return Varchar(n)
		}
		return Varchar(min(textLen(a[i-1].typ), MaxVarchar))
	}
}

var anyText = is(Varchar(MaxVarchar))

// functions is the table of all functions by name, never changed after it is built. To add one, add an entry to the
// list of its family. It is filled in init because its entries refer, through the compiler, to the table itself.
var functions map[string]*function

func init() {
	functions = indexFunctions(stringFunctions, regexFunctions, mathFunctions, dateFunctions, conditionalFunctions,
		aggregateFunctions, windowFunctions, superFunctions, systemFunctions, hashFunctions, formatFunctions)
}

func indexFunctions(families ...func() []function) map[string]*function {
	m := map[string]*function{}
	for _, family := range families {
		list := family()
		for i := range list {
			for name := range strings.FieldsSeq(list[i].names) {
				if m[name] != nil {
					panic("function " + name + " is declared twice")
				}
				m[name] = &list[i]
			}
		}
	}
	return m
}

// FunctionNames lists the known functions.
func FunctionNames() []string {
	var out []string
	for n := range functions {
		out = append(out, n)
	}
	return out
}

func (c *compiler) call(e *Call) value {
	name := e.Name.Last()
	if len(e.Name) > 1 {
		switch q := e.Name[len(e.Name)-2].Name; q {
		case "pg_catalog", "information_schema":
		default:
			panic(errAt(e.Pos(), CodeUndefinedFunction, "function %s does not exist", e.Name.String()))
		}
	}
	f := functions[name]
	if f == nil {
		c.noFunction(e, c.exprs(e.Args))
	}
	if e.Over != nil && !f.aggregate && !f.window {
		panic(errAt(e.Pos(), CodeWindowing, "OVER specified, but %s is not a window function nor an aggregate function", name))
	}
	if e.Over == nil && f.window {
		panic(errAt(e.Pos(), CodeWindowing, "window function %s requires an OVER clause", name))
	}
	if !f.aggregate && (e.Distinct || e.Star || e.Approximate || len(e.Within) > 0) {
		panic(errAt(e.Pos(), CodeSyntax, "DISTINCT, * and WITHIN GROUP are only for aggregate functions, and %s is not one", name))
	}
	if e.Approximate && name != "count" && name != "percentile_disc" {
		panic(errAt(e.Pos(), CodeNotSupported, "APPROXIMATE is not supported for %s", name))
	}
	if f.build != nil {
		return f.build(c, e)
	}
	vals := c.exprs(e.Args)
	return c.apply(e, f, vals)
}

func (c *compiler) exprs(list []Expr) []value {
	var out []value
	for _, e := range list {
		out = append(out, c.expr(e))
	}
	return out
}

// noFunction raises 42883 with the types that were passed.
func (c *compiler) noFunction(e *Call, vals []value) {
	var types []string
	for _, v := range vals {
		types = append(types, v.typ.BaseName())
	}
	panic(errAt(e.Pos(), CodeUndefinedFunction, "function %s(%s) does not exist", e.Name.Last(), strings.Join(types, ", ")).hint(
		"No function matches the given name and argument types. You may need to add explicit type casts."))
}

// apply chooses the overload whose conversions cost least and fills in its text.
func (c *compiler) apply(e *Call, f *function, vals []value) value {
	best, bestCost := -1, 1<<30
	for i, o := range f.overloads {
		if cost := o.cost(vals); cost >= 0 && cost < bestCost {
			best, bestCost = i, cost
		}
	}
	if best < 0 {
		c.noFunction(e, vals)
	}
	return c.fill(f.overloads[best], vals)
}

func (o overload) class(i int) class {
	if i < len(o.args) {
		return o.args[i]
	}
	return o.args[len(o.args)-1]
}

func (o overload) cost(vals []value) int {
	if len(vals) < len(o.args) || len(vals) > len(o.args) && !o.rest {
		return -1
	}
	total := 0
	for i, v := range vals {
		n := matchCost(v, o.class(i))
		if n < 0 {
			return -1
		}
		total += n
	}
	return total
}

// matchCost says how far a value is from a class; -1 if it can't be passed.
func matchCost(v value, cl class) int {
	t := v.typ
	if t.Kind == KUnknown {
		switch cl {
		case cText:
			return 1
		case cAny:
			return 2
		}
		return 3
	}
	switch cl {
	case cAny:
		return 1
	case cText:
		switch {
		case t.IsText():
			return 0
		case t.Kind == KVarbyte, t.Kind == KRecord:
			return -1
		case t.Kind == KSuper:
			return 7
		}
		return 6
	case cInt, cInt4, cInt8:
		switch {
		case t.IsInteger() || t.isOIDLike():
			return 0
		case t.Kind == KDecimal:
			return 3
		case t.IsFloat():
			return 4
		case t.IsText():
			return 5
		case t.Kind == KSuper:
			return 6
		}
	case cNum:
		switch {
		case t.IsNumber():
			return 0
		case t.IsText():
			return 5
		case t.Kind == KSuper:
			return 6
		}
	case cDecimal:
		if t.Kind == KDecimal {
			return 0
		}
	case cFloat:
		switch {
		case t.IsFloat():
			return 0
		case t.IsNumber():
			return 2
		case t.IsText():
			return 5
		case t.Kind == KSuper:
			return 6
		}
	case cBool:
		if t.Kind == KBool {
			return 0
		}
	case cDate:
		switch {
		case t.Kind == KDate:
			return 0
		case t.isTimestamp():
			return 4
		case t.IsText():
			return 5
		}
	case cTimestamp:
		switch {
		case t.Kind == KTimestamp:
			return 0
		case t.Kind == KDate:
			return 1
		case t.Kind == KTimestampTZ:
			return 3
		case t.IsText():
			return 5
		}
	case cTimestampTZ:
		switch {
		case t.Kind == KTimestampTZ:
			return 0
		case t.isTimestamp(), t.Kind == KDate:
			return 4
		case t.IsText():
			return 6
		}
	case cTime:
		if isClock(t) {
			return 0
		}
	case cInterval:
		if t.IsInterval() {
			return 0
		}
	case cSuper:
		if t.Kind == KSuper {
			return 0
		}
		return 8
	case cVarbyte:
		if t.Kind == KVarbyte {
			return 0
		}
	case cOID:
		if t.isOIDLike() || t.IsInteger() {
			return 0
		}
	case cArray:
		if t.Kind == KArray || t.Kind == KInt2Vector || t.Kind == KOIDVector {
			return 0
		}
	}
	return -1
}

// pass converts an argument to its class.
func (c *compiler) pass(v value, cl class) value {
	t := v.typ
	switch cl {
	case cText:
		return c.asText(v)
	case cInt4:
		return c.castTo(v, Int4)
	case cInt8:
		return c.castTo(v, Int8)
	case cInt:
		if !t.IsInteger() {
			return c.castTo(v, Int8)
		}
	case cNum:
		if t.Kind == KUnknown && v.lit != nil && v.lit.Kind == LitString {
			return c.numberText(v)
		}
		if !t.IsNumber() {
			return c.castTo(v, Float8)
		}
	case cFloat:
		return c.castTo(v, Float8)
	case cBool:
		return c.castTo(v, Bool)
	case cDate:
		return c.castTo(v, Date)
	case cTimestamp:
		return c.castTo(v, Timestamp)
	case cTimestampTZ:
		return c.castTo(v, TimestampTZ)
	case cTime:
		if !isClock(t) {
			return c.castTo(v, Time)
		}
	case cInterval:
		if !t.IsInterval() {
			return c.castTo(v, IntervalT)
		}
	case cSuper:
		return c.castTo(c.settleNull(v), Super)
	case cVarbyte:
		if t.Kind != KVarbyte {
			return c.castTo(v, Varbyte(64000))
		}
	case cOID:
		if t.Kind == KUnknown {
			return c.castTo(v, OIDT)
		}
	case cAny:
		return c.settle(v)
	}
	return v
}

// settleNull gives text its type but leaves NULL to take the target's.
func (c *compiler) settleNull(v value) value {
	if v.lit != nil && v.lit.Kind == LitNull {
		return v
	}
	return c.settle(v)
}

func (c *compiler) fill(o overload, vals []value) value {
	passed := make([]value, len(vals))
	texts := make([]string, len(vals))
	for i, v := range vals {
		passed[i] = c.pass(v, o.class(i))
		texts[i] = passed[i].sql
	}
	blank := o.blank
	for _, v := range passed {
		blank = blank || o.keeps && v.blank
	}
	t := o.result(passed)
	return value{sql: fillTemplate(o.sql, texts, t), typ: t, blank: blank}
}

// fillTemplate puts argument texts in the places of $1, $2, ... and $*, and the result's engine type in that of $t.
func fillTemplate(tmpl string, texts []string, t Type) string {
	var b strings.Builder
	for i := 0; i < len(tmpl); i++ {
		if tmpl[i] == '$' && i+1 < len(tmpl) {
			switch d := tmpl[i+1]; {
			case d == 't':
				b.WriteString(t.DuckDB())
				i++
				continue
			case d == '*':
				b.WriteString(strings.Join(texts, ", "))
				i++
				continue
			case d >= '1' && d <= '9':
				b.WriteString(texts[d-'1'])
				i++
				continue
			}
		}
		b.WriteByte(tmpl[i])
	}
	return b.String()
}

// arity raises 42883 unless the call has between lo and hi arguments.
func (c *compiler) arity(e *Call, lo, hi int) {
	if len(e.Args) < lo || len(e.Args) > hi {
		c.noFunction(e, c.exprs(e.Args))
	}
}

// constant is the text of a string or number literal, which some functions need at planning time.
func constant(v value) (string, bool) {
	if v.lit == nil || v.lit.Kind == LitNull {
		return "", false
	}
	return v.lit.Text, true
}

// over prints an OVER clause. frame says whether an aggregate with ORDER BY must have one.
func (c *compiler) over(w *Window, name string, pos int, needFrame bool) string {
	var parts []string
	if len(w.Partition) > 0 {
		var keys []string
		for _, e := range w.Partition {
			v := c.trimBlank(c.settle(c.expr(e)))
			keys = append(keys, v.sql)
		}
		parts = append(parts, "PARTITION BY "+strings.Join(keys, ", "))
	}
	if len(w.Order) > 0 {
		if needFrame && w.Frame == nil {
			panic(errAt(pos, CodeWindowing, "Aggregate window functions with an ORDER BY clause require a frame clause").hint(
				"add ROWS UNBOUNDED PRECEDING after ORDER BY"))
		}
		parts = append(parts, "ORDER BY "+c.orderList(w.Order))
	}
	if w.Frame != nil {
		bound := func(b FrameBound) string {
			if b.N != nil {
				return c.implicit(c.expr(b.N), Int8).sql + " " + upper(b.Kind)
			}
			return upper(b.Kind)
		}
		if w.Frame.Unit == "range" && (w.Frame.From.N != nil || w.Frame.To.N != nil) {
			panic(errAt(pos, CodeNotSupported, "RANGE with an offset is not supported").hint("use ROWS"))
		}
		parts = append(parts, upper(w.Frame.Unit)+" BETWEEN "+bound(w.Frame.From)+" AND "+bound(w.Frame.To))
	}
	return " OVER (" + strings.Join(parts, " ") + ")"
}

// orderList prints ORDER BY items of windows and aggregates, where numbers are no ordinals.
func (c *compiler) orderList(items []OrderItem) string {
	var keys []string
	for _, o := range items {
		v := c.settle(c.expr(o.X))
		if v.lit != nil {
			v.sql = "(" + v.sql + " + 0)"
			if v.lit.Kind == LitString {
				v.sql = "(" + quoteText(v.lit.Text) + " || '')"
			}
		}
		keys = append(keys, v.sql+orderSuffix(o))
	}
	return strings.Join(keys, ", ")
}

func unsupportedArg(pos int, format string, args ...any) *Error {
	return errAt(pos, CodeNotSupported, "%s", fmt.Sprintf(format, args...))
}
