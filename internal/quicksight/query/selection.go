package query

import (
	"slices"
	"strings"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/quicksight/expression"
)

// selection compiles a clicked mark to a filter on rows. The clicked visual keeps its own rows.
func (b *builder) selection(s Selection) (string, error) {
	if s.VisualID == b.shape.id || len(s.Values) == 0 {
		return "", nil
	}
	where := "selection in visual " + s.VisualID
	granularity, targeted := b.clicked(s)
	if !targeted {
		return "", nil
	}
	if s.DataSetIdentifier != "" && s.DataSetIdentifier != b.set {
		same, err := b.sameColumn(s.DataSetIdentifier, s.ColumnName)
		if err != nil || !same {
			return "", err
		}
	}
	v, err := b.field(&quicksight.ColumnIdentifier{ColumnName: &s.ColumnName}, where)
	if err != nil {
		return "", err
	}
	if v.Level == expression.Aggregated {
		return "", fail(where, "", "%q is an aggregate: a click on it cannot filter rows", s.ColumnName)
	}
	v = v.Column()
	if v.Type == expression.Datetime && granularity != "" {
		v.SQL = b.env.Truncate(period(granularity), v.SQL)
	}
	var values []string
	null := false
	for _, x := range s.Values {
		var sql string
		switch {
		case x == nil:
			null = true
			continue
		case v.Type == expression.Datetime:
			if sql, err = b.date(x, where); err != nil {
				return "", err
			}
		case v.Type.IsNumber():
			n, err := number(x, where)
			if err != nil {
				return "", err
			}
			sql = b.bindAs(n, expression.Decimal)
		default:
			sql = b.bindAs(text(x), expression.String)
		}
		values = append(values, sql)
	}
	in := v.SQL + " IN (" + strings.Join(values, ", ") + ")"
	switch {
	case null && len(values) > 0:
		return "(" + in + " OR " + v.SQL + " IS NULL)", nil
	case null:
		return "(" + v.SQL + " IS NULL)", nil
	}
	return "(" + in + ")", nil
}

// clicked looks at the visual that was clicked: at what granularity it shows the column, and whether its actions aim at this visual.
// A visual without a filter action aims at all.
func (b *builder) clicked(s Selection) (granularity string, targeted bool) {
	targeted = true
	for _, v := range b.sheet.Visuals {
		if id, _ := Identify(v); id != s.VisualID {
			continue
		}
		source, err := shapeOf(v)
		if err != nil {
			return "", true
		}
		for _, d := range source.dimensions {
			if d.column != nil && awsapi.Val(d.column.ColumnName) == s.ColumnName && d.date {
				granularity = d.granularity
				if granularity == "" {
					granularity = "DAY"
				}
			}
		}
		filters, hit := false, false
		for _, a := range source.actions {
			if awsapi.Val(a.Status) == quicksight.WidgetStatusDisabled {
				continue
			}
			for _, o := range a.ActionOperations {
				if o.FilterOperation == nil {
					continue
				}
				filters = true
				t := o.FilterOperation.TargetVisualsConfiguration
				if t == nil || t.SameSheetTargetVisualConfiguration == nil {
					hit = true
				} else if c := t.SameSheetTargetVisualConfiguration; awsapi.Val(c.TargetVisualOptions) != "" || slices.Contains(c.TargetVisuals, b.shape.id) {
					hit = true
				}
			}
		}
		targeted = !filters || hit
	}
	return granularity, targeted
}
