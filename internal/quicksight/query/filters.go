package query

import (
	"errors"
	"slices"
	"strings"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/quicksight/expression"
)

// filterStages are the filters of one visual by the stage they act at.
type filterStages struct {
	rows       []string // joined by AND, over rows
	aggregates []string // joined by AND, over groups
	top        [][]*quicksight.TopBottomFilter
}

// condition is one compiled filter. An empty SQL filters nothing.
type condition struct {
	sql       string
	aggregate bool
}

// filters compiles what applies to the visual: filter groups (joined by AND, their filters by OR), then clicked marks.
func (b *builder) filters() (filterStages, error) {
	var out filterStages
	for _, g := range b.req.Definition.FilterGroups {
		if awsapi.Val(g.Status) == quicksight.WidgetStatusDisabled || !b.inScope(g.ScopeConfiguration) {
			continue
		}
		if err := b.group(g, &out); err != nil {
			return out, err
		}
	}
	for _, s := range b.req.Selections {
		sql, err := b.selection(s)
		if err != nil {
			return out, err
		}
		if sql != "" {
			out.rows = append(out.rows, sql)
		}
	}
	return out, nil
}

func (b *builder) inScope(s *quicksight.FilterScopeConfiguration) bool {
	switch {
	case s == nil:
		return false
	case s.AllSheets != nil:
		return true
	case s.SelectedSheets == nil:
		return false
	}
	for _, c := range s.SelectedSheets.SheetVisualScopingConfigurations {
		if awsapi.Val(c.SheetId) == awsapi.Val(b.sheet.SheetId) {
			return awsapi.Val(c.Scope) == quicksight.FilterVisualScopeAllVisuals || slices.Contains(c.VisualIds, b.shape.id)
		}
	}
	return false
}

func (b *builder) group(g *quicksight.FilterGroup, out *filterStages) error {
	where := "filter group " + awsapi.Val(g.FilterGroupId)
	var any []condition
	var top []*quicksight.TopBottomFilter
	for _, f := range g.Filters {
		id, column := filterColumn(f)
		applies, err := b.applies(column, awsapi.Val(g.CrossDataset) == quicksight.CrossDatasetTypesAllDatasets)
		if err != nil {
			return err
		}
		if !applies {
			continue
		}
		if f.TopBottomFilter != nil {
			top = append(top, f.TopBottomFilter)
			continue
		}
		c, err := b.filter(f, "filter "+id)
		if err != nil {
			return err
		}
		if c.sql != "" {
			any = append(any, c)
		}
	}
	if len(top) > 0 {
		if len(any) > 0 {
			return fail(where, "put it into a group of its own", "a top and bottom filter cannot be joined with other filters")
		}
		out.top = append(out.top, top)
	}
	if len(any) == 0 {
		return nil
	}
	var parts []string
	for _, c := range any {
		if c.aggregate != any[0].aggregate {
			return fail(where, "put them into groups of their own", "filters on rows and on aggregates cannot be joined by OR")
		}
		parts = append(parts, c.sql)
	}
	sql := "(" + strings.Join(parts, " OR ") + ")"
	if any[0].aggregate {
		out.aggregates = append(out.aggregates, sql)
	} else {
		out.rows = append(out.rows, sql)
	}
	return nil
}

func filterColumn(f *quicksight.Filter) (id string, c *quicksight.ColumnIdentifier) {
	switch {
	case f.CategoryFilter != nil:
		return awsapi.Val(f.CategoryFilter.FilterId), f.CategoryFilter.Column
	case f.NumericRangeFilter != nil:
		return awsapi.Val(f.NumericRangeFilter.FilterId), f.NumericRangeFilter.Column
	case f.NumericEqualityFilter != nil:
		return awsapi.Val(f.NumericEqualityFilter.FilterId), f.NumericEqualityFilter.Column
	case f.TimeEqualityFilter != nil:
		return awsapi.Val(f.TimeEqualityFilter.FilterId), f.TimeEqualityFilter.Column
	case f.TimeRangeFilter != nil:
		return awsapi.Val(f.TimeRangeFilter.FilterId), f.TimeRangeFilter.Column
	case f.RelativeDatesFilter != nil:
		return awsapi.Val(f.RelativeDatesFilter.FilterId), f.RelativeDatesFilter.Column
	case f.TopBottomFilter != nil:
		return awsapi.Val(f.TopBottomFilter.FilterId), f.TopBottomFilter.Column
	case f.NestedFilter != nil:
		return awsapi.Val(f.NestedFilter.FilterId), f.NestedFilter.Column
	case f.HierarchyFilter != nil:
		return awsapi.Val(f.HierarchyFilter.FilterId), nil
	}
	return "", nil
}

// applies: a filter acts on visuals of its data set, and across data sets where a column of the same name and type is.
func (b *builder) applies(c *quicksight.ColumnIdentifier, across bool) (bool, error) {
	if c == nil || awsapi.Val(c.DataSetIdentifier) == b.set {
		return true, nil
	}
	if !across {
		return false, nil
	}
	return b.sameColumn(awsapi.Val(c.DataSetIdentifier), awsapi.Val(c.ColumnName))
}

// sameColumn says whether the visual's data set has the column of another data set, by name and type.
func (b *builder) sameColumn(set, name string) (bool, error) {
	mine, err := b.env.Field(name)
	var mistake *expression.Error
	if errors.As(err, &mistake) && mistake.Code == expression.UnknownField && mistake.Field == "" {
		return false, nil
	}
	if err != nil {
		return false, &Error{Where: b.where, Err: err}
	}
	other, err := newBuilder(&Request{Definition: b.req.Definition, Columns: b.req.Columns, Parameters: b.req.Parameters, Now: b.req.Now}, set)
	if err != nil {
		return false, err
	}
	theirs, err := other.env.Field(name)
	if err != nil {
		return false, &Error{Where: "data set " + set, Err: err}
	}
	return mine.Type == theirs.Type, nil
}

func (b *builder) filter(f *quicksight.Filter, where string) (condition, error) {
	switch {
	case f.CategoryFilter != nil:
		return b.category(f.CategoryFilter, where)
	case f.NumericRangeFilter != nil:
		return b.numericRange(f.NumericRangeFilter, where)
	case f.NumericEqualityFilter != nil:
		return b.numericEquality(f.NumericEqualityFilter, where)
	case f.TimeEqualityFilter != nil:
		return b.timeEquality(f.TimeEqualityFilter, where)
	case f.TimeRangeFilter != nil:
		return b.timeRange(f.TimeRangeFilter, where)
	case f.RelativeDatesFilter != nil:
		return b.relativeDates(f.RelativeDatesFilter, where)
	case f.NestedFilter != nil:
		return b.nested(f.NestedFilter, where)
	}
	return condition{}, fail(where, "", "this type of filter is not supported yet")
}

// withNulls admits NULLs as the filter says. An empty predicate passes every value.
func withNulls(option, column, predicate string) string {
	switch option {
	case quicksight.FilterNullOptionNullsOnly:
		return column + " IS NULL"
	case quicksight.FilterNullOptionAllValues:
		if predicate == "" {
			return ""
		}
		return "(" + predicate + " OR " + column + " IS NULL)"
	}
	if predicate == "" {
		return column + " IS NOT NULL"
	}
	return "(" + column + " IS NOT NULL AND " + predicate + ")"
}

// parameter gives the values of a parameter that a filter names, as SQL; none when it is unset.
func (b *builder) parameter(name, where string) ([]string, expression.Type, error) {
	p, ok := b.env.Parameters[name]
	if !ok {
		return nil, p.Type, fail(where, "declare it in ParameterDeclarations", "there is no parameter named %q", name)
	}
	if p.SQL != "" {
		return []string{p.SQL}, p.Type, nil
	}
	var out []string
	for _, v := range p.Values {
		out = append(out, b.bindAs(v, p.Type))
	}
	return out, p.Type, nil
}
