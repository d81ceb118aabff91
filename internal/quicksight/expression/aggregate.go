package expression

import (
	"strconv"
	"strings"
)

var aggregateFunctions = aggregates()

// aggregates makes the table: every function of one argument comes with its …If form.
func aggregates() map[string]function {
	table := map[string]function{}
	for _, name := range []string{"sum", "avg", "count", "distinct_count", "min", "max", "median", "stdev", "stdevp", "var", "varp"} {
		table[name] = function{min: 1, max: 1, aggregate: true, compile: func(_ *compiler, call *Call, args []Value) (Value, error) {
			return aggregate(call.Pos, name, args[0], "")
		}}
		table[name+"if"] = function{min: 2, max: 2, aggregate: true, compile: func(_ *compiler, call *Call, args []Value) (Value, error) {
			cond, err := want(call, args, 1, Boolean)
			if err != nil {
				return Value{}, err
			}
			return aggregate(call.Pos, name, args[0], " FILTER (WHERE "+cond+")")
		}}
	}
	for _, name := range []string{"percentile", "percentilecont", "percentiledisc"} {
		table[name] = function{min: 2, max: 2, aggregate: true, compile: func(_ *compiler, call *Call, args []Value) (Value, error) {
			p := args[1].number
			if p == nil || *p < 0 || *p > 100 {
				return Value{}, fail(ArgumentType, call.Args[1].Position(), "", "the percentile must be a number from 0 to 100")
			}
			return percentile(call.Pos, name, args[0], *p)
		}}
	}
	return table
}

// Aggregate prints an aggregation of a row value, by the name that the expression language gives it.
func Aggregate(name string, x Value) (Value, error) {
	pos := Pos{Line: 1, Column: 1}
	if x.Level == Aggregated {
		return Value{}, fail(NestedAggregation, pos, "leave the aggregation of the field out", "%s cannot aggregate an aggregate", name)
	}
	return aggregate(pos, strings.ToLower(name), x, "")
}

// Percentile prints the continuous percentile (0 to 100) of a row value.
func Percentile(x Value, p float64) (Value, error) {
	return percentile(Pos{Line: 1, Column: 1}, "percentile", x, p)
}

func aggregate(pos Pos, name string, x Value, filter string) (Value, error) {
	v := Value{Level: Aggregated}
	switch name {
	case "count", "distinct_count":
		v.Type, v.SQL = Integer, "count("+x.SQL+")"+filter
		if name == "distinct_count" {
			v.SQL = "count(DISTINCT " + x.SQL + ")" + filter
		}
		return v, nil
	case "min", "max":
		if x.Type == Boolean || x.Type == Null {
			x = x.Column()
		}
		v.Type, v.SQL = x.Type, name+"("+x.SQL+")"+filter
		return v, nil
	}
	if x.Type == Null {
		x = Value{SQL: x.As(Decimal), Type: Decimal}
	}
	if !x.Type.IsNumber() {
		return Value{}, fail(ArgumentType, pos, "count and distinct_count take any type", "%s needs a number, not %s", name, x.Type)
	}
	v.Type = Decimal
	switch name {
	case "sum":
		v.SQL = "sum(" + x.SQL + ")" + filter
		if x.Type == Integer { // DuckDB sums to 128 bits
			v.Type, v.SQL = Integer, "TRY_CAST("+v.SQL+" AS BIGINT)"
		}
	case "avg":
		v.SQL = "avg(" + x.SQL + ")" + filter
	case "median":
		v.SQL = "quantile_cont(" + x.As(Decimal) + ", 0.5)" + filter
	case "stdev":
		v.SQL = "stddev_samp(" + x.As(Decimal) + ")" + filter
	case "stdevp":
		v.SQL = "stddev_pop(" + x.As(Decimal) + ")" + filter
	case "var":
		v.SQL = "var_samp(" + x.As(Decimal) + ")" + filter
	case "varp":
		v.SQL = "var_pop(" + x.As(Decimal) + ")" + filter
	default:
		return Value{}, fail(UnknownFunction, pos, "", "there is no aggregation named %s", name)
	}
	return v, nil
}

func percentile(pos Pos, name string, x Value, p float64) (Value, error) {
	share := strconv.FormatFloat(p/100, 'f', -1, 64)
	if name == "percentiledisc" && (x.Type.IsNumber() || x.Type == Datetime) {
		return Value{SQL: "quantile_disc(" + x.SQL + ", " + share + ")", Type: x.Type, Level: Aggregated}, nil
	}
	if !x.Type.IsNumber() {
		return Value{}, fail(ArgumentType, pos, "", "%s needs a number, not %s", name, x.Type)
	}
	return Value{SQL: "quantile_cont(" + x.As(Decimal) + ", " + share + ")", Type: Decimal, Level: Aggregated}, nil
}
