package query

import (
	"fmt"
	"strconv"
	"strings"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/quicksight/expression"
)

// picked is what the three forms of a category filter have in common.
type picked struct {
	operator  string
	values    []string // SQL of the values
	all       bool     // SelectAllOptions
	nulls     string
	substring bool // CONTAINS and the like look into the text
	hasNull   bool // a control picked NULL itself
}

func (b *builder) category(f *quicksight.CategoryFilter, where string) (condition, error) {
	v, err := b.field(f.Column, where)
	if err != nil {
		return condition{}, err
	}
	override, set := b.req.Filters[awsapi.Val(f.FilterId)]
	if set && override.off() {
		return condition{}, nil
	}
	p, err := b.pick(f.Configuration, where)
	if err != nil {
		return condition{}, err
	}
	if set && len(override.Values) == 0 {
		if p.excludes() {
			return condition{}, nil
		}
		return condition{sql: "FALSE", aggregate: v.Level == expression.Aggregated}, nil
	}
	if set {
		p.values, p.all, p.hasNull, p.nulls = nil, false, false, quicksight.FilterNullOptionNonNullsOnly
		for _, x := range override.Values {
			if x == nil {
				p.hasNull = true
				continue
			}
			p.values = append(p.values, b.bindAs(text(x), expression.String))
		}
	}
	return condition{sql: p.sql(v), aggregate: v.Level == expression.Aggregated}, nil
}

// text prints a value of a control as the filter's column shows it.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		if v {
			return "1"
		}
		return "0"
	}
	return fmt.Sprint(v)
}

func (b *builder) pick(c *quicksight.CategoryFilterConfiguration, where string) (picked, error) {
	var p picked
	bind := func(values []string) {
		for _, v := range values {
			p.values = append(p.values, b.bindAs(v, expression.String))
		}
	}
	switch {
	case c == nil:
		return p, fail(where, "", "it has no configuration")
	case c.FilterListConfiguration != nil:
		l := c.FilterListConfiguration
		p.operator, p.all, p.nulls = awsapi.Val(l.MatchOperator), awsapi.Val(l.SelectAllOptions) != "", awsapi.Val(l.NullOption)
		bind(l.CategoryValues)
	case c.CustomFilterListConfiguration != nil:
		l := c.CustomFilterListConfiguration
		p.operator, p.all, p.nulls = awsapi.Val(l.MatchOperator), awsapi.Val(l.SelectAllOptions) != "", awsapi.Val(l.NullOption)
		bind(l.CategoryValues)
	case c.CustomFilterConfiguration != nil:
		l := c.CustomFilterConfiguration
		p.operator, p.all, p.nulls, p.substring = awsapi.Val(l.MatchOperator), awsapi.Val(l.SelectAllOptions) != "", awsapi.Val(l.NullOption), true
		if l.CategoryValue != nil {
			bind([]string{*l.CategoryValue})
		}
		if l.ParameterName != nil {
			values, t, err := b.parameter(*l.ParameterName, where)
			if err != nil {
				return p, err
			}
			p.values = p.values[:0]
			for _, v := range values {
				p.values = append(p.values, expression.AsText(expression.Value{SQL: v, Type: t}))
			}
			if len(values) == 0 {
				p.all, p.nulls = true, quicksight.FilterNullOptionAllValues // an unset parameter filters nothing
			}
		}
	default:
		return p, fail(where, "", "it has no configuration")
	}
	if p.nulls == "" {
		p.nulls = quicksight.FilterNullOptionNonNullsOnly
	}
	return p, nil
}

func (p picked) excludes() bool {
	return p.operator == quicksight.CategoryFilterMatchOperatorDoesNotContain || p.operator == quicksight.CategoryFilterMatchOperatorDoesNotEqual
}

func (p picked) sql(v expression.Value) string {
	column := v.SQL
	if v.Type != expression.String {
		column = expression.AsText(v)
	}
	exclude := p.excludes()
	if p.all || len(p.values) == 0 && !p.hasNull {
		if exclude && p.nulls != quicksight.FilterNullOptionNullsOnly {
			return ""
		}
		return withNulls(p.nulls, column, "")
	}
	match := p.match(column)
	if p.hasNull {
		if match == "" {
			match = column + " IS NULL"
		} else {
			match = "(" + match + " OR " + column + " IS NULL)"
		}
		match = "coalesce(" + match + ", FALSE)"
		if exclude {
			return "NOT " + match
		}
		return match
	}
	if exclude {
		match = "NOT " + match
	}
	return withNulls(p.nulls, column, match)
}

func (p picked) match(column string) string {
	if len(p.values) == 0 {
		return ""
	}
	functions := map[string]string{
		quicksight.CategoryFilterMatchOperatorContains: "contains", quicksight.CategoryFilterMatchOperatorDoesNotContain: "contains",
		quicksight.CategoryFilterMatchOperatorStartsWith: "starts_with", quicksight.CategoryFilterMatchOperatorEndsWith: "ends_with",
	}
	starts := p.operator == quicksight.CategoryFilterMatchOperatorStartsWith || p.operator == quicksight.CategoryFilterMatchOperatorEndsWith
	if f := functions[p.operator]; f != "" && (p.substring || starts) {
		var parts []string
		for _, v := range p.values { // texts inside texts are sought whatever their case
			parts = append(parts, f+"(lower("+column+"), lower("+v+"))")
		}
		return "(" + strings.Join(parts, " OR ") + ")"
	}
	return "(" + column + " IN (" + strings.Join(p.values, ", ") + "))"
}

func (b *builder) nested(f *quicksight.NestedFilter, where string) (condition, error) {
	outer, err := b.field(f.Column, where)
	if err != nil {
		return condition{}, err
	}
	if f.InnerFilter == nil || f.InnerFilter.CategoryInnerFilter == nil {
		return condition{}, fail(where, "", "it has no inner filter")
	}
	in := f.InnerFilter.CategoryInnerFilter
	inner, err := b.field(in.Column, where)
	if err != nil {
		return condition{}, err
	}
	if outer.Level == expression.Aggregated || inner.Level == expression.Aggregated {
		return condition{}, fail(where, "", "a nested filter works on rows, not on aggregates")
	}
	p, err := b.pick(in.Configuration, where)
	if err != nil {
		return condition{}, err
	}
	predicate := p.sql(inner)
	if predicate == "" {
		predicate = "TRUE"
	}
	set := "(SELECT " + outer.SQL + " FROM " + b.source + " WHERE " + predicate + " AND " + outer.SQL + " IS NOT NULL)"
	if awsapi.Val(f.IncludeInnerSet) {
		return condition{sql: outer.SQL + " IN " + set}, nil
	}
	return condition{sql: "(" + outer.SQL + " NOT IN " + set + ")"}, nil
}
