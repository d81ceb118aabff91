package query

import (
	"strconv"
	"time"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/quicksight/expression"
)

// parameters gives every declared parameter its value: the viewer's, or its default.
func (b *builder) parameters() (map[string]expression.Parameter, error) {
	out := map[string]expression.Parameter{}
	for _, d := range b.req.Definition.ParameterDeclarations {
		var name string
		var p expression.Parameter
		var rolling *quicksight.RollingDateConfiguration
		switch {
		case d.StringParameterDeclaration != nil:
			s := d.StringParameterDeclaration
			name, p.Type, p.Multi = awsapi.Val(s.Name), expression.String, awsapi.Val(s.ParameterValueType) == quicksight.ParameterValueTypeMultiValued
			if s.DefaultValues != nil {
				for _, v := range s.DefaultValues.StaticValues {
					p.Values = append(p.Values, v)
				}
			}
			if u := s.ValueWhenUnset; len(p.Values) == 0 && u != nil && u.CustomValue != nil {
				p.Values = []any{*u.CustomValue}
			}
		case d.IntegerParameterDeclaration != nil:
			s := d.IntegerParameterDeclaration
			name, p.Type, p.Multi = awsapi.Val(s.Name), expression.Integer, awsapi.Val(s.ParameterValueType) == quicksight.ParameterValueTypeMultiValued
			if s.DefaultValues != nil {
				for _, v := range s.DefaultValues.StaticValues {
					p.Values = append(p.Values, v)
				}
			}
			if u := s.ValueWhenUnset; len(p.Values) == 0 && u != nil && u.CustomValue != nil {
				p.Values = []any{*u.CustomValue}
			}
		case d.DecimalParameterDeclaration != nil:
			s := d.DecimalParameterDeclaration
			name, p.Type, p.Multi = awsapi.Val(s.Name), expression.Decimal, awsapi.Val(s.ParameterValueType) == quicksight.ParameterValueTypeMultiValued
			if s.DefaultValues != nil {
				for _, v := range s.DefaultValues.StaticValues {
					p.Values = append(p.Values, v)
				}
			}
			if u := s.ValueWhenUnset; len(p.Values) == 0 && u != nil && u.CustomValue != nil {
				p.Values = []any{*u.CustomValue}
			}
		case d.DateTimeParameterDeclaration != nil:
			s := d.DateTimeParameterDeclaration
			name, p.Type = awsapi.Val(s.Name), expression.Datetime
			if s.DefaultValues != nil {
				for _, v := range s.DefaultValues.StaticValues {
					p.Values = append(p.Values, v.Time.UTC())
				}
				rolling = s.DefaultValues.RollingDate
			}
			if u := s.ValueWhenUnset; len(p.Values) == 0 && rolling == nil && u != nil && u.CustomValue != nil {
				p.Values = []any{u.CustomValue.Time.UTC()}
			}
		default:
			continue
		}
		if given, ok := b.req.Parameters[name]; ok {
			values, err := parse(name, p.Type, given)
			if err != nil {
				return nil, err
			}
			p.Values, rolling = values, nil
		}
		if rolling != nil && len(p.Values) == 0 {
			sql, err := b.rollingDate(rolling, "parameter "+name)
			if err != nil {
				return nil, err
			}
			p.SQL = sql
		}
		if !p.Multi && len(p.Values) > 1 {
			p.Values = p.Values[:1]
		}
		out[name] = p
	}
	return out, nil
}

func parse(name string, t expression.Type, given []string) ([]any, error) {
	var values []any
	for _, s := range given {
		var v any = s
		ok := true
		switch t {
		case expression.Integer:
			n, err := strconv.ParseInt(s, 10, 64)
			v, ok = n, err == nil
		case expression.Decimal:
			f, err := strconv.ParseFloat(s, 64)
			v, ok = f, err == nil
		case expression.Datetime:
			var at time.Time
			at, ok = expression.ParseTime(s)
			v = at
		}
		if !ok {
			return nil, fail("parameter "+name, "", "%q is no %s", s, t)
		}
		values = append(values, v)
	}
	return values, nil
}

// rollingDate compiles a constant date such as truncDate('MM', now()), or an aggregate of a column such as max({date}).
func (b *builder) rollingDate(r *quicksight.RollingDateConfiguration, where string) (string, error) {
	e := &expression.Environment{Columns: b.env.Columns, Bind: b.bind, Now: b.now, WeekStart: b.env.WeekStart}
	v, err := e.Compile(awsapi.Val(r.Expression))
	if err != nil {
		return "", &Error{Where: where + ", rolling date", Err: err}
	}
	if v.Type != expression.Datetime {
		return "", fail(where+", rolling date", "", "the expression is %s, not a date", v.Type)
	}
	switch {
	case v.Level == expression.Constant:
		return v.SQL, nil
	case v.Level == expression.Row:
		return "", fail(where+", rolling date", "use now() or an aggregate such as max({date})", "the expression is not constant")
	case awsapi.Val(r.DataSetIdentifier) != "" && awsapi.Val(r.DataSetIdentifier) != b.set:
		return "", fail(where+", rolling date", "", "an aggregate of another data set is not supported")
	}
	return "(SELECT " + v.SQL + " FROM " + b.source + ")", nil
}
