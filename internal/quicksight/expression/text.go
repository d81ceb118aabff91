package expression

import "strings"

var compareModes = []string{"CASE_SENSITIVE", "CASE_INSENSITIVE"}

var textFunctions = map[string]function{
	"concat":     {min: 1, max: -1, compile: concat},
	"contains":   {min: 2, max: 3, words: compareModes, compile: matcher("contains")},
	"startswith": {min: 2, max: 3, words: compareModes, compile: matcher("starts_with")},
	"endswith":   {min: 2, max: 3, words: compareModes, compile: matcher("ends_with")},
	"left":       simple(String, "substring($1, 1, greatest($2, 0))", String, Integer),
	"right":      simple(String, "CASE WHEN $2 > 0 THEN right($1, $2) WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN '' END", String, Integer),
	"substring":  simple(String, "substring($1, greatest($2, 1), greatest($3, 0))", String, Integer, Integer),
	"locate":     {min: 2, max: 3, compile: locate},
	"split":      {min: 2, max: 3, compile: split},
	"replace":    simple(String, "replace($1, $2, $3)", String, String, String),
	"strlen":     simple(Integer, "length($1)", String),
	"tolower":    simple(String, "lower($1)", String),
	"toupper":    simple(String, "upper($1)", String),
	"trim":       simple(String, "trim($1)", String),
	"ltrim":      simple(String, "ltrim($1)", String),
	"rtrim":      simple(String, "rtrim($1)", String),
}

// concat uses ||: like QuickSight's it is NULL when a part is, where DuckDB's concat() would leave that part out.
func concat(_ *compiler, call *Call, args []Value) (Value, error) {
	parts := make([]string, len(args))
	for i := range args {
		sql, err := want(call, args, i, String)
		if err != nil {
			return Value{}, err
		}
		parts[i] = sql
	}
	return Value{SQL: "(" + strings.Join(parts, " || ") + ")", Type: String}, nil
}

func matcher(name string) func(*compiler, *Call, []Value) (Value, error) {
	return func(_ *compiler, call *Call, args []Value) (Value, error) {
		s, err := want(call, args, 0, String)
		if err != nil {
			return Value{}, err
		}
		t, err := want(call, args, 1, String)
		if err != nil {
			return Value{}, err
		}
		if len(args) == 3 {
			const modes = "CASE_SENSITIVE or CASE_INSENSITIVE"
			mode, err := wantText(call, args, 2, modes)
			if err != nil {
				return Value{}, err
			}
			switch strings.ToUpper(mode) {
			case "CASE_SENSITIVE":
			case "CASE_INSENSITIVE":
				s, t = "lower("+s+")", "lower("+t+")"
			default:
				return Value{}, fail(ArgumentType, call.Args[2].Position(), "write "+modes, "%q is no way of comparing", mode)
			}
		}
		return Value{SQL: name + "(" + s + ", " + t + ")", Type: Boolean}, nil
	}
}

func locate(_ *compiler, call *Call, args []Value) (Value, error) {
	s, err := want(call, args, 0, String)
	if err != nil {
		return Value{}, err
	}
	t, err := want(call, args, 1, String)
	if err != nil {
		return Value{}, err
	}
	sql := "strpos(" + s + ", " + t + ")"
	if len(args) == 3 {
		n, err := want(call, args, 2, Integer)
		if err != nil {
			return Value{}, err
		}
		n = "greatest(" + n + ", 1)"
		found := "strpos(substring(" + s + ", " + n + "), " + t + ")"
		sql = "CASE WHEN " + found + " > 0 THEN " + found + " + " + n + " - 1 ELSE " + found + " END"
	}
	return Value{SQL: sql, Type: Integer}, nil
}

// split checks the bounds itself: split_part gives ” beyond the last part and counts negative numbers from the end.
func split(_ *compiler, call *Call, args []Value) (Value, error) {
	s, err := want(call, args, 0, String)
	if err != nil {
		return Value{}, err
	}
	d, err := want(call, args, 1, String)
	if err != nil {
		return Value{}, err
	}
	n := "1"
	if len(args) == 3 {
		if n, err = want(call, args, 2, Integer); err != nil {
			return Value{}, err
		}
	}
	return Value{SQL: "CASE WHEN " + n + " BETWEEN 1 AND len(string_split(" + s + ", " + d + ")) THEN split_part(" + s + ", " + d + ", " + n + ") END", Type: String}, nil
}
