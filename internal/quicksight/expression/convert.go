package expression

import "strings"

var convertFunctions = map[string]function{
	"tostring": {min: 1, max: 1, compile: toString},
	// A plain cast would round 200.50 to 201, and DuckDB also reads 1e3 and 1_000: only digits pass.
	"parseint":     simple(Integer, `CASE WHEN regexp_full_match(trim($1), '[+-]?[0-9]+(\.[0-9]*)?') THEN TRY_CAST(split_part(trim($1), '.', 1) AS BIGINT) END`, String),
	"parsedecimal": simple(Decimal, `CASE WHEN regexp_full_match(trim($1), '[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?') THEN TRY_CAST(trim($1) AS DOUBLE) END`, String),
	"decimaltoint": simple(Integer, "TRY_CAST(trunc($1) AS BIGINT)", Decimal),
	"inttodecimal": simple(Decimal, "$1", Decimal),
}

func toString(_ *compiler, _ *Call, args []Value) (Value, error) {
	return Value{SQL: AsText(args[0]), Type: String}, nil
}

// AsText prints a value as the text that QuickSight shows for it: no exponents, no trailing zeros, ISO dates.
func AsText(v Value) string {
	switch v.Type {
	case Decimal:
		return `regexp_replace(regexp_replace(printf('%.10f', ` + v.SQL + `), '\.?0+$', ''), '^-?$|^-0$', '0')`
	case Datetime:
		return `strftime(` + v.SQL + `, '%Y-%m-%dT%H:%M:%S.%gZ')`
	case Boolean:
		return "CAST(" + v.As(Integer) + " AS VARCHAR)"
	}
	return v.As(String)
}

// Convert casts a value to another type of column as a data set's CastColumnType does: what cannot be read becomes NULL.
// Format is a pattern of Java's date tokens and serves texts to dates only.
func Convert(v Value, to Type, format string) (Value, error) {
	out := Value{Type: to, Level: v.Level}
	call := &Call{Name: "cast", Args: []Node{&Literal{Pos: Pos{Line: 1, Column: 1}}}}
	apply := func(f function, args ...Value) (Value, error) {
		for len(call.Args) < len(args) {
			call.Args = append(call.Args, call.Args[0])
		}
		r, err := f.compile(nil, call, args)
		r.Level = v.Level
		return r, err
	}
	switch {
	case v.Type == to:
		return v, nil
	case to == String:
		out.SQL = AsText(v)
	case v.Type == String && to == Integer:
		return apply(convertFunctions["parseint"], v)
	case v.Type == String && to == Decimal:
		return apply(convertFunctions["parsedecimal"], v)
	case v.Type == String && to == Datetime && format != "":
		return apply(dateFunctions["parsedate"], v, Value{SQL: Text(format), Type: String, Literal: &format})
	case v.Type == String && to == Datetime:
		return apply(dateFunctions["parsedate"], v)
	case v.Type == Decimal && to == Integer:
		return apply(convertFunctions["decimaltoint"], v)
	case v.Type == Integer && to == Decimal, v.Type == Boolean && to == Integer, v.Type == Null:
		out.SQL = v.As(to)
	case v.Type.IsNumber() && to == Datetime: // seconds since 1970
		return apply(dateFunctions["epochdate"], Value{SQL: v.As(Integer), Type: Integer})
	case v.Type == Datetime && to.IsNumber():
		out.SQL = "CAST(epoch(" + v.SQL + ") AS " + to.SQL() + ")"
	default:
		return Value{}, fail(ArgumentType, Pos{Line: 1, Column: 1}, "", "a %s cannot be cast to %s", v.Type, to)
	}
	return out, nil
}

// javaFormat turns Java's date tokens into pieces of SQL over t, or one strptime format.
type formatPiece struct {
	strftime string // a strftime token or an escaped literal
	sql      string // instead, SQL over $t
}

func javaFormat(pattern string) ([]formatPiece, string) {
	var pieces []formatPiece
	literal := func(s string) { pieces = append(pieces, formatPiece{strftime: strings.ReplaceAll(s, "%", "%%")}) }
	for i := 0; i < len(pattern); {
		c := pattern[i]
		if c == '\'' {
			if i+1 < len(pattern) && pattern[i+1] == '\'' {
				literal("'")
				i += 2
				continue
			}
			j := i + 1
			for j < len(pattern) && pattern[j] != '\'' {
				j++
			}
			if j == len(pattern) {
				return nil, "a quote has no end"
			}
			literal(pattern[i+1 : j])
			i = j + 1
			continue
		}
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter || c == 'T' || c == 'Z' && !strings.HasPrefix(pattern[i:], "ZZ") {
			literal(string(c))
			i++
			continue
		}
		j := i
		for j < len(pattern) && pattern[j] == c {
			j++
		}
		piece, ok := javaToken(c, j-i)
		if !ok {
			return nil, "'" + pattern[i:j] + "' is no date token"
		}
		pieces = append(pieces, piece)
		i = j
	}
	return pieces, ""
}

func javaToken(c byte, n int) (formatPiece, bool) {
	token := func(short, long string) (formatPiece, bool) {
		if n >= 2 {
			return formatPiece{strftime: long}, true
		}
		return formatPiece{strftime: short}, true
	}
	switch c {
	case 'y', 'Y', 'u':
		if n == 2 {
			return formatPiece{strftime: "%y"}, true
		}
		return formatPiece{strftime: "%Y"}, true
	case 'M', 'L':
		switch {
		case n >= 4:
			return formatPiece{strftime: "%B"}, true
		case n == 3:
			return formatPiece{strftime: "%b"}, true
		}
		return token("%-m", "%m")
	case 'd':
		return token("%-d", "%d")
	case 'E':
		if n >= 4 {
			return formatPiece{strftime: "%A"}, true
		}
		return formatPiece{strftime: "%a"}, true
	case 'H':
		return token("%-H", "%H")
	case 'h':
		return token("%-I", "%I")
	case 'k':
		return formatPiece{strftime: "%H", sql: "CASE WHEN hour($t) = 0 THEN '24' ELSE strftime($t, '%H') END"}, true
	case 'm':
		return token("%-M", "%M")
	case 's':
		return token("%-S", "%S")
	case 'S':
		return formatPiece{strftime: "%g"}, true
	case 'a':
		return formatPiece{strftime: "%p"}, true
	case 'D':
		return formatPiece{strftime: "%j"}, true
	case 'Q', 'q':
		return formatPiece{sql: "CAST(quarter($t) AS VARCHAR)"}, true
	}
	return formatPiece{}, false
}
