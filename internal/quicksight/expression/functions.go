package expression

import (
	"maps"
	"slices"
	"strings"
)

// function is one entry of a family's table.
type function struct {
	min, max int // number of arguments; max < 0 is any number
	// compile prints a call of compiled arguments. The result's level is filled in by the caller unless aggregate is set.
	compile func(c *compiler, call *Call, args []Value) (Value, error)
	// raw replaces compile where arguments are not plain values (lists).
	raw       func(c *compiler, call *Call) (Value, error)
	aggregate bool
	// words are names that stand for themselves as an argument, without quotes, and are no fields there.
	words []string
}

func lookup(name string) (function, bool) {
	for _, family := range []map[string]function{textFunctions, numberFunctions, dateFunctions, calendarFunctions, convertFunctions, logicFunctions, aggregateFunctions} {
		if f, ok := family[name]; ok {
			return f, true
		}
	}
	return logicLists(name)
}

// Names lists the functions that compile, in order, in lower case.
func Names() []string {
	var names []string
	for _, family := range []map[string]function{textFunctions, numberFunctions, dateFunctions, calendarFunctions, convertFunctions, logicFunctions, aggregateFunctions} {
		names = slices.AppendSeq(names, maps.Keys(family))
	}
	names = append(names, "in", "notin")
	slices.Sort(names)
	return names
}

func (c *compiler) call(n *Call) (Value, error) {
	name := strings.ToLower(n.Name)
	f, ok := lookup(name)
	if !ok {
		if what := unsupported(name); what != "" {
			return Value{}, fail(NotSupported, n.Pos, "", "%s is not supported: %s", n.Name, what)
		}
		hint := ""
		if near := Nearest(name, Names()); near != "" {
			hint = "did you mean " + near + "?"
		}
		return Value{}, fail(UnknownFunction, n.Pos, hint, "there is no function named %s", n.Name)
	}
	if f.aggregate {
		for _, a := range n.Args {
			if list, ok := a.(*List); ok {
				return Value{}, fail(NotSupported, list.Pos, "", "%s with a list of fields (a level-aware calculation) is not supported", n.Name)
			}
		}
	}
	if len(n.Args) < f.min || f.max >= 0 && len(n.Args) > f.max {
		return Value{}, fail(ArgumentCount, n.Pos, "", "%s takes %s, not %d", n.Name, plural(f.min, f.max), len(n.Args))
	}
	if f.raw != nil {
		return f.raw(c, n)
	}
	args := make([]Value, len(n.Args))
	for i, a := range n.Args {
		if ref, ok := a.(*FieldRef); ok && slices.Contains(f.words, strings.ToUpper(ref.Name)) {
			a = &Literal{Pos: ref.Pos, Type: String, Text: strings.ToUpper(ref.Name)}
		}
		v, err := c.node(a)
		if err != nil {
			return Value{}, err
		}
		args[i] = v
	}
	if f.aggregate {
		for i, a := range args {
			if a.Level == Aggregated {
				return Value{}, fail(NestedAggregation, n.Args[i].Position(), "aggregate once", "%s cannot aggregate an aggregate", n.Name)
			}
		}
		v, err := f.compile(c, n, args)
		v.Level = Aggregated
		return v, err
	}
	level, err := combine(n.Pos, args...)
	if err != nil {
		return Value{}, err
	}
	v, err := f.compile(c, n, args)
	v.Level = level
	return v, err
}

func plural(lo, hi int) string {
	digits := func(n int) string { return [...]string{"no", "one", "two", "three", "four", "five"}[n] }
	s := " arguments"
	switch {
	case hi < 0:
		if lo == 1 {
			s = " argument"
		}
		return "at least " + digits(lo) + s
	case lo == hi:
		if lo == 1 {
			s = " argument"
		}
		return digits(lo) + s
	}
	return digits(lo) + " to " + digits(hi) + s
}

// want checks the type of argument i and brings it there.
func want(call *Call, args []Value, i int, t Type) (string, error) {
	a := args[i]
	if a.Type == t || a.Type == Null || t == Decimal && a.Type == Integer {
		return a.As(t), nil
	}
	if t == Datetime && a.Literal != nil {
		if at, ok := ParseTime(*a.Literal); ok {
			return Timestamp(at), nil
		}
	}
	hint := ""
	switch {
	case t == String && a.Type != String:
		hint = "toString(...) turns it into a text"
	case t.IsNumber() && a.Type == String:
		hint = "parseInt(...) and parseDecimal(...) read numbers"
	case t == Datetime && a.Type == String:
		hint = "parseDate(...) reads dates"
	case t == Integer && a.Type == Decimal:
		hint = "decimalToInt(...), floor(...) or round(...) make it whole"
	case t == Boolean:
		hint = "write a condition such as {field} = 1"
	}
	return "", fail(ArgumentType, call.Args[i].Position(), hint, "argument %d of %s must be %s, not %s", i+1, call.Name, t, a.Type)
}

// wantNumber checks that argument i is a number of either kind.
func wantNumber(call *Call, args []Value, i int) (Value, error) {
	a := args[i]
	if a.Type == Null {
		return Value{SQL: a.As(Decimal), Type: Decimal}, nil
	}
	if !a.Type.IsNumber() {
		_, err := want(call, args, i, Decimal)
		return Value{}, err
	}
	return a, nil
}

// wantText gives argument i, which must be written as a text in the expression.
func wantText(call *Call, args []Value, i int, hint string) (string, error) {
	if args[i].Literal == nil {
		return "", fail(ArgumentType, call.Args[i].Position(), hint, "argument %d of %s must be written as a text", i+1, call.Name)
	}
	return *args[i].Literal, nil
}

// simple is a function whose arguments have fixed types; the template's $1, $2 stand for them.
func simple(result Type, template string, types ...Type) function {
	return function{min: len(types), max: len(types), compile: func(_ *compiler, call *Call, args []Value) (Value, error) {
		pairs := make([]string, 0, 2*len(types))
		for i, t := range types {
			sql, err := want(call, args, i, t)
			if err != nil {
				return Value{}, err
			}
			pairs = append(pairs, "$"+string(rune('1'+i)), sql)
		}
		return Value{SQL: strings.NewReplacer(pairs...).Replace(template), Type: result}, nil
	}}
}

// unsupported says why a function of the language that is known does not compile.
func unsupported(name string) string {
	switch {
	case strings.HasPrefix(name, "periodtodate"), strings.HasPrefix(name, "periodoverperiod"):
		return "it is a period function"
	case strings.HasSuffix(name, "over") && len(name) > 4, strings.HasPrefix(name, "running"), strings.HasPrefix(name, "window") && len(name) > 6:
		return "it is a table calculation"
	}
	switch name {
	case "lag", "lead", "difference", "percentdifference", "percentoftotal", "rank", "denserank", "percentilerank", "firstvalue", "lastvalue":
		return "it is a table calculation"
	}
	return ""
}
