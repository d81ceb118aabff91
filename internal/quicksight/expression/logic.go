package expression

import "strings"

var logicFunctions = map[string]function{
	"ifelse":    {min: 3, max: -1, compile: ifelse},
	"switch":    {min: 4, max: -1, compile: switchCase},
	"coalesce":  {min: 1, max: -1, compile: coalesce},
	"nullif":    {min: 2, max: 2, compile: nullIf},
	"isnull":    {min: 1, max: 1, compile: nullTest("IS NULL")},
	"isnotnull": {min: 1, max: 1, compile: nullTest("IS NOT NULL")},
}

// logicLists holds the functions over lists. It is a function because their code leads back to the table.
func logicLists(name string) (function, bool) {
	switch name {
	case "in", "notin":
		return function{min: 2, max: 2, raw: func(c *compiler, call *Call) (Value, error) {
			return c.in(call.Args[0], call.Args[1], name == "notin")
		}}, true
	}
	return function{}, false
}

func ifelse(_ *compiler, call *Call, args []Value) (Value, error) {
	if len(args)%2 == 0 {
		return Value{}, fail(ArgumentCount, call.Pos, "end with the value for everything else", "ifelse takes pairs of a condition and a value, then one more value")
	}
	results := []Value{args[len(args)-1]}
	for i := 1; i < len(args); i += 2 {
		results = append(results, args[i])
	}
	t, err := unify(call.Pos, call.Name, results...)
	if err != nil {
		return Value{}, err
	}
	var b strings.Builder
	b.WriteString("CASE")
	for i := 0; i+1 < len(args); i += 2 {
		cond, err := want(call, args, i, Boolean)
		if err != nil {
			return Value{}, err
		}
		b.WriteString(" WHEN " + cond + " THEN " + args[i+1].As(t))
	}
	b.WriteString(" ELSE " + args[len(args)-1].As(t) + " END")
	return Value{SQL: b.String(), Type: t}, nil
}

func switchCase(_ *compiler, call *Call, args []Value) (Value, error) {
	if len(args)%2 != 0 {
		return Value{}, fail(ArgumentCount, call.Pos, "end with the value for everything else", "switch takes a value, pairs of a literal and a result, then one more result")
	}
	results := []Value{args[len(args)-1]}
	for i := 2; i < len(args); i += 2 {
		results = append(results, args[i])
	}
	t, err := unify(call.Pos, call.Name, results...)
	if err != nil {
		return Value{}, err
	}
	var b strings.Builder
	b.WriteString("CASE")
	for i := 1; i+1 < len(args); i += 2 {
		l, r, err := Comparable(call.Args[i].Position(), args[0], args[i])
		if err != nil {
			return Value{}, err
		}
		b.WriteString(" WHEN " + l.SQL + " = " + r.SQL + " THEN " + args[i+1].As(t))
	}
	b.WriteString(" ELSE " + args[len(args)-1].As(t) + " END")
	return Value{SQL: b.String(), Type: t}, nil
}

func coalesce(_ *compiler, call *Call, args []Value) (Value, error) {
	t, err := unify(call.Pos, call.Name, args...)
	if err != nil {
		return Value{}, err
	}
	parts := make([]string, len(args))
	for i, a := range args {
		parts[i] = a.As(t)
	}
	return Value{SQL: "coalesce(" + strings.Join(parts, ", ") + ")", Type: t}, nil
}

func nullIf(_ *compiler, call *Call, args []Value) (Value, error) {
	l, r, err := Comparable(call.Pos, args[0], args[1])
	if err != nil {
		return Value{}, err
	}
	return Value{SQL: "CASE WHEN " + l.SQL + " = " + r.SQL + " THEN NULL ELSE " + l.SQL + " END", Type: l.Type}, nil
}

func nullTest(test string) func(*compiler, *Call, []Value) (Value, error) {
	return func(_ *compiler, _ *Call, args []Value) (Value, error) {
		return Value{SQL: "(" + args[0].SQL + " " + test + ")", Type: Boolean}, nil
	}
}
