package query

import (
	"strconv"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/quicksight/expression"
)

// numericOperand compiles the column of a numeric filter, aggregated where the filter says so.
func (b *builder) numericOperand(c *quicksight.ColumnIdentifier, f *quicksight.AggregationFunction, where string) (expression.Value, error) {
	v, err := b.field(c, where)
	if err != nil {
		return v, err
	}
	if m, ok := aggregation(f); ok && v.Level != expression.Aggregated {
		if v, _, err = b.aggregate(m, v.Column()); err != nil {
			return v, &Error{Where: where, Err: err}
		}
	}
	v = v.Column()
	if !v.Type.IsNumber() {
		return v, fail(where, "use a filter of the column's type", "%q is %s, not a number", awsapi.Val(c.ColumnName), v.Type)
	}
	return v, nil
}

// number reads a number that a control sent.
func number(v any, where string) (float64, error) {
	switch v := v.(type) {
	case float64:
		return v, nil
	case string:
		if f, err := strconv.ParseFloat(v, 64); err == nil {
			return f, nil
		}
	}
	return 0, fail(where, "", "%v is no number", v)
}

func (b *builder) numericRange(f *quicksight.NumericRangeFilter, where string) (condition, error) {
	v, err := b.numericOperand(f.Column, f.AggregationFunction, where)
	if err != nil {
		return condition{}, err
	}
	c := condition{aggregate: v.Level == expression.Aggregated}
	predicate := ""
	add := func(op, end string) {
		if predicate != "" {
			predicate += " AND "
		}
		predicate += v.SQL + " " + op + " " + end
	}
	if override, set := b.req.Filters[awsapi.Val(f.FilterId)]; set {
		for _, end := range []struct {
			op    string
			value any
		}{{">=", override.From}, {"<=", override.To}} {
			if end.value == nil {
				continue
			}
			n, err := number(end.value, where)
			if err != nil {
				return c, err
			}
			add(end.op, b.bindAs(n, expression.Decimal))
		}
		if predicate == "" {
			return condition{}, nil
		}
		c.sql = withNulls(awsapi.Val(f.NullOption), v.SQL, predicate)
		return c, nil
	}
	if f.SelectAllOptions != nil {
		return condition{}, nil
	}
	for _, end := range []struct {
		op       string
		included *bool
		value    *quicksight.NumericRangeFilterValue
	}{{">", f.IncludeMinimum, f.RangeMinimum}, {"<", f.IncludeMaximum, f.RangeMaximum}} {
		if end.value == nil {
			continue
		}
		sql, err := b.numericEnd(end.value.StaticValue, end.value.Parameter, where)
		if err != nil {
			return c, err
		}
		if sql == "" {
			continue
		}
		if awsapi.Val(end.included) {
			end.op += "="
		}
		add(end.op, sql)
	}
	if predicate == "" && awsapi.Val(f.NullOption) != quicksight.FilterNullOptionNullsOnly {
		return condition{}, nil
	}
	c.sql = withNulls(awsapi.Val(f.NullOption), v.SQL, predicate)
	return c, nil
}

func (b *builder) numericEnd(static *float64, parameter *string, where string) (string, error) {
	if parameter != nil {
		values, t, err := b.parameter(*parameter, where)
		if err != nil || len(values) == 0 {
			return "", err
		}
		if !t.IsNumber() {
			return "", fail(where, "", "parameter %q is %s, not a number", *parameter, t)
		}
		return values[0], nil
	}
	if static == nil {
		return "", nil
	}
	return b.bindAs(*static, expression.Decimal), nil
}

func (b *builder) numericEquality(f *quicksight.NumericEqualityFilter, where string) (condition, error) {
	v, err := b.numericOperand(f.Column, f.AggregationFunction, where)
	if err != nil {
		return condition{}, err
	}
	c := condition{aggregate: v.Level == expression.Aggregated}
	static := f.Value
	override, set := b.req.Filters[awsapi.Val(f.FilterId)]
	switch {
	case set && len(override.Values) == 0, !set && f.SelectAllOptions != nil:
		return condition{}, nil
	case set:
		n, err := number(override.Values[0], where)
		if err != nil {
			return c, err
		}
		static, f = &n, &quicksight.NumericEqualityFilter{MatchOperator: f.MatchOperator, NullOption: f.NullOption}
	}
	end, err := b.numericEnd(static, f.ParameterName, where)
	if err != nil {
		return c, err
	}
	predicate := ""
	if end != "" {
		op := " = "
		if awsapi.Val(f.MatchOperator) == quicksight.NumericEqualityMatchOperatorDoesNotEqual {
			op = " <> "
		}
		predicate = v.SQL + op + end
	} else if awsapi.Val(f.NullOption) != quicksight.FilterNullOptionNullsOnly {
		return condition{}, nil
	}
	c.sql = withNulls(awsapi.Val(f.NullOption), v.SQL, predicate)
	return c, nil
}
