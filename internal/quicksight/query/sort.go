package query

import (
	"fmt"
	"strings"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/quicksight/expression"
)

// ranking says how the ranks of a dimension's members are found.
type ranking struct {
	rank   string // over the groups
	groups string // joins them to the groups
	rows   string // joins them to the rows
}

// rankMembers ranks the members of a dimension by that dimension's own sort, where the order of rows cannot do it: with several
// dimensions a category's place follows from all its rows, and members beyond a limit become "other".
func (b *builder) rankMembers(d *compiledDimension, i, dimensions int, rows string, measures []compiledMeasure) (r ranking, err error) {
	kind := d.role == "Category" || d.role == "Color" || d.role == "SmallMultiple"
	if !kind || dimensions == 1 && !d.other {
		return r, nil
	}
	d.ranked = true
	order, inner, err := b.memberOrder(d, measures, "k")
	if err != nil {
		return r, err
	}
	if len(inner) == 0 && !d.other { // by its own label: the groups know it
		order, _, err = b.memberOrder(d, measures, fmt.Sprintf("agg.f%d", i))
		r.rank = "dense_rank() OVER (ORDER BY " + strings.Join(order, ", ") + ")"
		return r, err
	}
	selected := []string{d.value.SQL + " AS k"}
	for j, sql := range inner {
		selected = append(selected, fmt.Sprintf("%s AS s%d", sql, j))
	}
	member, key := fmt.Sprintf("m%d", i), b.private(fmt.Sprintf("k%d", i))
	r.rank = b.memberRank(i)
	b.stage(member, fmt.Sprintf("SELECT k AS %s, row_number() OVER (ORDER BY %s) AS %s FROM (SELECT %s FROM %s GROUP BY 1)",
		key, strings.Join(order, ", "), strings.TrimPrefix(r.rank, member+"."), strings.Join(selected, ", "), rows))
	if d.other {
		r.rows = fmt.Sprintf(" JOIN %s ON %s IS NOT DISTINCT FROM %s.%s", member, d.value.SQL, member, key)
	} else {
		r.groups = fmt.Sprintf(" JOIN %s ON agg.f%d IS NOT DISTINCT FROM %s.%s", member, i, member, key)
	}
	return r, nil
}

// byLabel says whether a dimension without a sort goes by its own labels: dates, and what a line runs along. Others go by the first
// measure, the greatest first.
func (b *builder) byLabel(d dimension, t expression.Type) bool {
	return t == expression.Datetime || b.shape.kind == "LineChart" && d.role == "Category" || d.role == "GroupBy" || d.role == "TrendGroup"
}

// memberOrder gives the terms that sort a dimension's members, where key is the member's SQL, and the aggregates s0, s1, … among them.
func (b *builder) memberOrder(d *compiledDimension, measures []compiledMeasure, key string) (order, inner []string, err error) {
	by := func(sql string, direction *string) {
		order = append(order, term(fmt.Sprintf("s%d", len(inner)), awsapi.Val(direction), false))
		inner = append(inner, sql)
	}
	text := d.value.Type == expression.String
	own := false
	for _, o := range d.sort {
		switch {
		case o.FieldSort != nil && awsapi.Val(o.FieldSort.FieldId) == d.id:
			order, own = append(order, term(key, awsapi.Val(o.FieldSort.Direction), text)), true
		case o.FieldSort != nil:
			if m, ok := measureOf(measures, awsapi.Val(o.FieldSort.FieldId)); ok {
				by(m.value.SQL, o.FieldSort.Direction)
			}
		case o.ColumnSort != nil:
			v, err := b.columnSort(o.ColumnSort)
			if err != nil {
				return nil, nil, err
			}
			by(v.SQL, o.ColumnSort.Direction)
		}
	}
	if len(order) == 0 && !b.byLabel(d.dimension, d.value.Type) && len(measures) > 0 {
		by(measures[0].value.SQL, new("DESC"))
	}
	if !own {
		order = append(order, term(key, "ASC", text))
	}
	return order, inner, nil
}

// memberRank names the rank of the ith dimension's member, in the stage of its members.
func (b *builder) memberRank(i int) string {
	return fmt.Sprintf("m%d.", i) + b.private(fmt.Sprintf("rank%d", i))
}

// private gives a name that no column of the data set has.
func (b *builder) private(name string) string {
	for again := true; again; {
		again = false
		for _, c := range b.columns {
			if strings.EqualFold(c.Name, name) {
				name, again = "_"+name, true
			}
		}
	}
	return name
}

func measureOf(measures []compiledMeasure, id string) (compiledMeasure, bool) {
	for _, m := range measures {
		if m.id == id {
			return m, true
		}
	}
	return compiledMeasure{}, false
}

// columnSort compiles a sort by a column that need not be shown.
func (b *builder) columnSort(c *quicksight.ColumnSort) (expression.Value, error) {
	m, ok := aggregation(c.AggregationFunction)
	m.column = c.SortBy
	if !ok {
		x, err := b.field(c.SortBy, b.where+", sort")
		if err != nil {
			return x, err
		}
		if x.Level != expression.Aggregated && !x.Type.IsNumber() {
			m.function = "MIN"
		}
	}
	v, _, err := b.measureSQL(m, b.where+", sort")
	return v, err
}

// order gives the terms of the final ORDER BY over the columns f (dimensions), r (their ranks), v (measures) and s (hidden).
func (b *builder) order(dims []compiledDimension, measures []compiledMeasure) (order, hidden []string, err error) {
	text := func(i int) bool { return dims[i].value.Type == expression.String }
	ranked := false
	for i, d := range dims {
		if d.ranked {
			order, ranked = append(order, fmt.Sprintf("r%d", i)), true
		}
	}
	if !ranked {
		if order, hidden, err = b.sorted(dims, measures); err != nil {
			return nil, nil, err
		}
	}
	if len(order) == 0 && len(dims) > 0 {
		if len(measures) > 0 && !b.byLabel(dims[0].dimension, dims[0].value.Type) {
			order = append(order, term("v0", "DESC", false))
		}
	}
	for i, d := range dims { // whatever is equal so far goes by its labels, so that the answer is always the same
		if !d.ranked {
			order = append(order, term(fmt.Sprintf("f%d", i), "ASC", text(i)))
		}
	}
	return order, hidden, nil
}

func (b *builder) sorted(dims []compiledDimension, measures []compiledMeasure) (order, hidden []string, err error) {
	for _, o := range b.shape.sort {
		if o.ColumnSort != nil {
			v, err := b.columnSort(o.ColumnSort)
			if err != nil {
				return nil, nil, err
			}
			order = append(order, term(fmt.Sprintf("s%d", len(hidden)), awsapi.Val(o.ColumnSort.Direction), false))
			hidden = append(hidden, v.SQL)
			continue
		}
		if o.FieldSort == nil {
			continue
		}
		id, direction := awsapi.Val(o.FieldSort.FieldId), awsapi.Val(o.FieldSort.Direction)
		for i, d := range dims {
			if d.id == id {
				order = append(order, term(fmt.Sprintf("f%d", i), direction, d.value.Type == expression.String))
			}
		}
		for i, m := range measures {
			if m.id == id {
				order = append(order, term(fmt.Sprintf("v%d", i), direction, false))
			}
		}
	}
	return order, hidden, nil
}
