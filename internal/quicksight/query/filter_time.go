package query

import (
	"fmt"
	"strings"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/quicksight/expression"
)

func (b *builder) dateOperand(c *quicksight.ColumnIdentifier, where string) (expression.Value, error) {
	v, err := b.field(c, where)
	if err == nil && v.Type != expression.Datetime {
		err = fail(where, "use a filter of the column's type", "%q is %s, not a date", awsapi.Val(c.ColumnName), v.Type)
	}
	return v, err
}

// date reads a date that a control sent.
func (b *builder) date(v any, where string) (string, error) {
	if s, ok := v.(string); ok {
		if t, ok := expression.ParseTime(s); ok {
			return b.bindAs(t, expression.Datetime), nil
		}
	}
	return "", fail(where, "write it as 2013-02-01 or 2013-02-01T10:00:00Z", "%v is no date", v)
}

func (b *builder) dateParameter(name, where string) (string, error) {
	values, t, err := b.parameter(name, where)
	if err != nil || len(values) == 0 {
		return "", err
	}
	if t != expression.Datetime {
		return "", fail(where, "", "parameter %q is %s, not a date", name, t)
	}
	return values[0], nil
}

func (b *builder) timeEnd(v *quicksight.TimeRangeFilterValue, where string) (string, error) {
	switch {
	case v == nil:
		return "", nil
	case v.StaticValue != nil:
		return b.bindAs(v.StaticValue.Time.UTC(), expression.Datetime), nil
	case v.RollingDate != nil:
		return b.rollingDate(v.RollingDate, where)
	case v.Parameter != nil:
		return b.dateParameter(*v.Parameter, where)
	}
	return "", nil
}

// The filters compare the column itself with the ends of whole periods, not its truncation: the same rows, and scans can skip.

func (b *builder) after(p, t string) string {
	return "(" + b.env.Truncate(p, t) + " + " + expression.Interval(p, "1") + ")"
}

func (b *builder) timeRange(f *quicksight.TimeRangeFilter, where string) (condition, error) {
	v, err := b.dateOperand(f.Column, where)
	if err != nil {
		return condition{}, err
	}
	p := period(awsapi.Val(f.TimeGranularity))
	from, to, includeFrom, includeTo := "", "", awsapi.Val(f.IncludeMinimum), awsapi.Val(f.IncludeMaximum)
	override, set := b.req.Filters[awsapi.Val(f.FilterId)]
	if set {
		includeFrom, includeTo = true, true
		if override.From != nil {
			if from, err = b.date(override.From, where); err != nil {
				return condition{}, err
			}
		}
		if override.To != nil {
			if to, err = b.date(override.To, where); err != nil {
				return condition{}, err
			}
		}
	} else {
		if from, err = b.timeEnd(f.RangeMinimumValue, where); err != nil {
			return condition{}, err
		}
		if to, err = b.timeEnd(f.RangeMaximumValue, where); err != nil {
			return condition{}, err
		}
	}
	var parts []string
	if from != "" {
		start := b.env.Truncate(p, from)
		if !includeFrom {
			start = b.after(p, from)
		}
		parts = append(parts, v.SQL+" >= "+start)
	}
	if to != "" {
		end := b.env.Truncate(p, to)
		if includeTo {
			end = b.after(p, to)
		}
		if x := f.ExcludePeriodConfiguration; x != nil && !set && awsapi.Val(x.Status) != quicksight.WidgetStatusDisabled {
			end = "(" + end + " - " + expression.Interval(period(awsapi.Val(x.Granularity)), fmt.Sprint(awsapi.Val(x.Amount))) + ")"
		}
		parts = append(parts, v.SQL+" < "+end)
	}
	if len(parts) == 0 && (set || awsapi.Val(f.NullOption) != quicksight.FilterNullOptionNullsOnly) {
		return condition{}, nil
	}
	return condition{sql: withNulls(awsapi.Val(f.NullOption), v.SQL, strings.Join(parts, " AND ")), aggregate: v.Level == expression.Aggregated}, nil
}

func (b *builder) timeEquality(f *quicksight.TimeEqualityFilter, where string) (condition, error) {
	v, err := b.dateOperand(f.Column, where)
	if err != nil {
		return condition{}, err
	}
	at := ""
	override, set := b.req.Filters[awsapi.Val(f.FilterId)]
	switch {
	case set && override.off():
	case set && len(override.Values) > 0:
		at, err = b.date(override.Values[0], where)
	case set && override.From != nil:
		at, err = b.date(override.From, where)
	case f.Value != nil:
		at = b.bindAs(f.Value.Time.UTC(), expression.Datetime)
	case f.ParameterName != nil:
		at, err = b.dateParameter(*f.ParameterName, where)
	case f.RollingDate != nil:
		at, err = b.rollingDate(f.RollingDate, where)
	}
	if err != nil || at == "" {
		return condition{}, err
	}
	p := period(awsapi.Val(f.TimeGranularity))
	sql := fmt.Sprintf("(%s >= %s AND %s < %s)", v.SQL, b.env.Truncate(p, at), v.SQL, b.after(p, at))
	return condition{sql: sql, aggregate: v.Level == expression.Aggregated}, nil
}

func (b *builder) relativeDates(f *quicksight.RelativeDatesFilter, where string) (condition, error) {
	v, err := b.dateOperand(f.Column, where)
	if err != nil {
		return condition{}, err
	}
	override, set := b.req.Filters[awsapi.Val(f.FilterId)]
	if set && (override.off() || override.From != nil || override.To != nil) {
		return b.timeRange(&quicksight.TimeRangeFilter{FilterId: f.FilterId, Column: f.Column, NullOption: f.NullOption}, where)
	}
	anchor := b.env.NowSQL()
	if a := f.AnchorDateConfiguration; a != nil && a.ParameterName != nil {
		if anchor, err = b.dateParameter(*a.ParameterName, where); err != nil || anchor == "" {
			return condition{}, err
		}
	}
	n := fmt.Sprint(max(1, awsapi.Val(f.RelativeDateValue)))
	if f.ParameterName != nil {
		values, t, err := b.parameter(*f.ParameterName, where)
		if err != nil || len(values) == 0 {
			return condition{}, err
		}
		if t != expression.Integer {
			return condition{}, fail(where, "", "parameter %q is %s, not INTEGER", *f.ParameterName, t)
		}
		n = values[0]
	}
	p := period(awsapi.Val(f.TimeGranularity))
	t := b.env.Truncate(p, anchor)
	shifted := func(n string) string { return "(" + t + " + " + expression.Interval(p, n) + ")" }
	from, to, op := t, shifted("1"), "<"
	switch awsapi.Val(f.RelativeDateType) {
	case quicksight.RelativeDateTypePrevious:
		from, to = shifted("-1"), t
	case quicksight.RelativeDateTypeThis:
	case quicksight.RelativeDateTypeNow:
		to, op = anchor, "<="
	case quicksight.RelativeDateTypeLast:
		from = shifted("1 - " + n)
	case quicksight.RelativeDateTypeNext:
		to = shifted(n)
	default:
		return condition{}, fail(where, "", "%q is no type of relative date", awsapi.Val(f.RelativeDateType))
	}
	if x := f.ExcludePeriodConfiguration; x != nil && awsapi.Val(x.Status) != quicksight.WidgetStatusDisabled {
		g := period(awsapi.Val(x.Granularity))
		back := "(" + b.after(g, anchor) + " - " + expression.Interval(g, fmt.Sprint(awsapi.Val(x.Amount))) + ")"
		switch awsapi.Val(f.RelativeDateType) {
		case quicksight.RelativeDateTypeLast:
			to = back
		case quicksight.RelativeDateTypeNext:
			from = "(" + b.env.Truncate(g, anchor) + " + " + expression.Interval(g, fmt.Sprint(awsapi.Val(x.Amount))) + ")"
		}
	}
	predicate := fmt.Sprintf("%s >= %s AND %s %s %s", v.SQL, from, v.SQL, op, to)
	return condition{sql: withNulls(awsapi.Val(f.NullOption), v.SQL, predicate), aggregate: v.Level == expression.Aggregated}, nil
}
