package query

import (
	"fmt"
	"strings"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/quicksight/expression"
)

// topSQL keeps the rows of the best (or worst) members of a column. The ranking sees the rows after all other row filters, at the
// level of that column alone. Filters of one group are joined by OR.
func (b *builder) topSQL(group []*quicksight.TopBottomFilter, rows string) (string, error) {
	var parts []string
	for _, f := range group {
		where := "filter " + awsapi.Val(f.FilterId)
		v, err := b.field(f.Column, where)
		if err != nil {
			return "", err
		}
		if v.Level == expression.Aggregated {
			return "", fail(where, "", "the members of an aggregate cannot be ranked")
		}
		v = v.Column()
		if f.TimeGranularity != nil && v.Type == expression.Datetime {
			v.SQL = b.env.Truncate(period(*f.TimeGranularity), v.SQL)
		}
		limit := ""
		if f.ParameterName != nil {
			values, t, err := b.parameter(*f.ParameterName, where)
			if err != nil {
				return "", err
			}
			if len(values) > 0 && t != expression.Integer {
				return "", fail(where, "", "parameter %q is %s, not INTEGER", *f.ParameterName, t)
			}
			if len(values) > 0 {
				limit = "greatest(" + values[0] + ", 0)"
			}
		} else if f.Limit != nil {
			limit = fmt.Sprint(max(0, *f.Limit))
		}
		if limit == "" {
			parts = append(parts, "TRUE")
			continue
		}
		var order []string
		for _, s := range f.AggregationSortConfigurations {
			m, _ := aggregation(s.AggregationFunction)
			m.column = s.Column
			by, _, err := b.measureSQL(m, where)
			if err != nil {
				return "", err
			}
			order = append(order, term(by.SQL, awsapi.Val(s.SortDirection), false))
		}
		order = append(order, term(v.SQL, "ASC", false))
		parts = append(parts, fmt.Sprintf("%s IN (SELECT %s FROM %s WHERE %s IS NOT NULL GROUP BY %s ORDER BY %s LIMIT %s)",
			v.SQL, v.SQL, rows, v.SQL, v.SQL, strings.Join(order, ", "), limit))
	}
	return "SELECT * FROM " + rows + " WHERE " + strings.Join(parts, " OR "), nil
}
