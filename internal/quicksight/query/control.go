package query

import (
	"fmt"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/quicksight/expression"
)

// ControlLimit is the number of values that a control lists.
const ControlLimit = 1000

// Control compiles the query of a filter's control: the column's values, in order, or for dates and numbers the least and the greatest.
// Other filters do not touch it.
func Control(req *Request, filterID string) (q *Query, bounds bool, err error) {
	f, column := findFilter(req.Definition, filterID)
	if f == nil {
		return nil, false, fail("", "", "there is no filter %q", filterID)
	}
	where := "filter " + filterID
	if column == nil {
		return nil, false, fail(where, "", "this type of filter has no control yet")
	}
	bounds = f.CategoryFilter == nil && f.NestedFilter == nil && f.TopBottomFilter == nil
	q, err = offered(req, column, bounds, where)
	return q, bounds, err
}

// Values compiles the query of a parameter's control that links to a column.
func Values(req *Request, column *quicksight.ColumnIdentifier) (*Query, error) {
	return offered(req, column, false, "column "+awsapi.Val(column.ColumnName))
}

func offered(req *Request, column *quicksight.ColumnIdentifier, bounds bool, where string) (*Query, error) {
	b, err := newBuilder(req, awsapi.Val(column.DataSetIdentifier))
	if err != nil {
		return nil, err
	}
	v, err := b.field(column, where)
	if err != nil {
		return nil, err
	}
	if v.Level == expression.Aggregated {
		return nil, fail(where, "", "the values of an aggregate cannot be listed")
	}
	v = v.Column()
	name := awsapi.Val(column.ColumnName)
	if bounds {
		b.query.Columns = []OutputColumn{{Name: name, Role: "Min", Type: v.Type}, {Name: name, Role: "Max", Type: v.Type}}
		b.query.Limit = 1
		b.query.final = "SELECT min(" + v.SQL + "), max(" + v.SQL + ") FROM " + b.source
		return b.query.compact(), nil
	}
	b.query.Columns = []OutputColumn{{Name: name, Role: "Category", Type: v.Type}}
	b.query.Limit = ControlLimit
	b.query.final = fmt.Sprintf("SELECT x FROM (SELECT DISTINCT %s AS x FROM %s) ORDER BY %s LIMIT %d",
		v.SQL, b.source, term("x", "ASC", v.Type == expression.String), ControlLimit+1)
	return b.query.compact(), nil
}

func findFilter(d *quicksight.DashboardVersionDefinition, id string) (*quicksight.Filter, *quicksight.ColumnIdentifier) {
	for _, g := range d.FilterGroups {
		for _, f := range g.Filters {
			if found, column := filterColumn(f); found == id {
				return f, column
			}
		}
	}
	return nil, nil
}
