package query

import (
	"fmt"
	"strings"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/quicksight/expression"
)

type compiledDimension struct {
	dimension
	value  expression.Value
	ranked bool  // its members have ranks
	keep   int64 // members kept, 0 is all
	other  bool  // the rest becomes one more member
}

type compiledMeasure struct {
	measure
	name  string
	value expression.Value
}

// grouped makes the statement of an aggregated visual: one row for each combination of the dimensions' members.
func (b *builder) grouped(rows string, having []string) (*Query, error) {
	dims, measures, err := b.compileWells()
	if err != nil {
		return nil, err
	}
	// Ranks join the groups, which are few. Only what puts the members beyond a limit into one group must know ranks row by row.
	from, joins, ranks := rows, "", ""
	for i := range dims {
		r, err := b.rankMembers(&dims[i], i, len(dims), rows, measures)
		if err != nil {
			return nil, err
		}
		from += r.rows
		joins += r.groups
		if dims[i].ranked && !dims[i].other {
			ranks += ", " + r.rank + fmt.Sprintf(" AS r%d", i)
		}
	}
	var selected, groups []string
	group := func(sql, alias string) {
		selected = append(selected, sql+" AS "+alias)
		groups = append(groups, fmt.Sprint(len(selected)))
	}
	for i, d := range dims {
		sql := d.value.SQL
		if d.other {
			rank := b.memberRank(i)
			sql = fmt.Sprintf("CASE WHEN %s <= %d THEN %s END", rank, d.keep, sql)
			group(fmt.Sprintf("least(%s, %d)", rank, d.keep+1), fmt.Sprintf("r%d", i))
		}
		group(sql, fmt.Sprintf("f%d", i))
	}
	for i, m := range measures {
		selected = append(selected, m.value.SQL+fmt.Sprintf(" AS v%d", i))
	}
	formats := b.formats(true)
	for i, f := range formats {
		selected = append(selected, f.value.SQL+fmt.Sprintf(" AS p%d", i))
	}
	order, hidden, err := b.order(dims, measures)
	if err != nil {
		return nil, err
	}
	for i, h := range hidden {
		selected = append(selected, h+fmt.Sprintf(" AS s%d", i))
	}
	body := "SELECT " + strings.Join(selected, ", ") + " FROM " + from
	if len(groups) > 0 {
		body += " GROUP BY " + strings.Join(groups, ", ")
	}
	if len(having) > 0 {
		body += " HAVING " + strings.Join(having, " AND ")
	}
	agg := b.stage("agg", body)
	if ranks != "" {
		agg = b.stage("ranked", "SELECT agg.*"+ranks+" FROM agg"+joins)
	}
	if b.shape.totals && len(measures) > 0 {
		total, err := b.total(agg, rows, dims, measures, len(formats), len(hidden), len(having) > 0)
		if err != nil {
			return nil, err
		}
		agg, order = total, append([]string{"total DESC"}, order...)
		b.query.Total = true
	}
	b.finish(agg, dims, measures, formats, order)
	return b.query, nil
}

// total adds the row of the whole to the groups. It aggregates the rows themselves, never the groups; where groups are filtered out,
// the rows of those that stay. A measure whose total is told to be something else aggregates what is shown.
func (b *builder) total(agg, rows string, dims []compiledDimension, measures []compiledMeasure, formats, hidden int, filtered bool) (string, error) {
	var groups, whole []string
	for i, d := range dims {
		groups, whole = append(groups, fmt.Sprintf("f%d", i)), append(whole, "NULL")
		if d.ranked {
			groups, whole = append(groups, fmt.Sprintf("r%d", i)), append(whole, "NULL")
		}
	}
	for i, m := range measures {
		sql, err := b.totalOf(i, m, agg)
		if err != nil {
			return "", err
		}
		groups, whole = append(groups, fmt.Sprintf("v%d", i)), append(whole, sql)
		if b.shape.totalFunctions[m.id] == quicksight.SimpleTotalAggregationFunctionAverage {
			measures[i].value.Type = expression.Decimal // the column holds the mean of whole numbers too
		}
	}
	for i := range formats {
		groups, whole = append(groups, fmt.Sprintf("p%d", i)), append(whole, "NULL")
	}
	for i := range hidden {
		groups, whole = append(groups, fmt.Sprintf("s%d", i)), append(whole, "NULL")
	}
	if filtered && len(dims) > 0 {
		var keys, same []string
		for i, d := range dims {
			key := b.private(fmt.Sprintf("g%d", i))
			keys = append(keys, fmt.Sprintf("f%d AS %s", i, key))
			same = append(same, fmt.Sprintf("%s IS NOT DISTINCT FROM shown.%s", d.value.SQL, key))
		}
		rows += " SEMI JOIN (SELECT " + strings.Join(keys, ", ") + " FROM " + agg + ") shown ON " + strings.Join(same, " AND ")
	}
	// HAVING makes it one row also where no measure aggregates rows.
	return b.stage("all_rows", "SELECT FALSE AS total, "+strings.Join(groups, ", ")+" FROM "+agg+" UNION ALL SELECT TRUE, "+strings.Join(whole, ", ")+" FROM "+rows+" HAVING TRUE"), nil
}

var totalFunctions = map[string]string{"SUM": "sum", "AVERAGE": "avg", "MIN": "min", "MAX": "max"}

func (b *builder) totalOf(i int, m compiledMeasure, agg string) (string, error) {
	name := b.shape.totalFunctions[m.id]
	switch f := totalFunctions[name]; {
	case name == "" || name == quicksight.SimpleTotalAggregationFunctionDefault:
		return m.value.SQL, nil
	case name == quicksight.SimpleTotalAggregationFunctionNone:
		return "NULL", nil
	case f == "":
		return "", fail(b.where+", field "+m.id, "", "there is no aggregation of totals %q", name)
	case !m.value.Type.IsNumber() && (f == "sum" || f == "avg"):
		return "", fail(b.where+", field "+m.id, "use MIN or MAX", "its total cannot be %s: the field is %s", name, m.value.Type)
	default:
		sql := fmt.Sprintf("%s(v%d)", f, i)
		if f == "sum" && m.value.Type == expression.Integer {
			sql = "TRY_CAST(" + sql + " AS BIGINT)"
		}
		return "(SELECT " + sql + " FROM " + agg + ")", nil
	}
}

func (b *builder) finish(from string, dims []compiledDimension, measures []compiledMeasure, formats []compiledFormat, order []string) {
	var shown, kept []string
	limit := int64(b.query.Limit) + 1
	if b.query.Total {
		limit++
	}
	for i, d := range dims {
		shown = append(shown, fmt.Sprintf("f%d", i))
		b.query.Columns = append(b.query.Columns, OutputColumn{FieldID: d.id, Name: awsapi.Val(d.column.ColumnName), Role: d.role, Type: d.value.Type})
		switch {
		case d.keep > 0 && !d.ranked:
			limit = min(limit, d.keep)
		case d.keep > 0 && !d.other:
			kept = append(kept, fmt.Sprintf("r%d <= %d", i, d.keep))
		}
	}
	for i, m := range measures {
		shown = append(shown, fmt.Sprintf("v%d", i))
		b.query.Columns = append(b.query.Columns, OutputColumn{FieldID: m.id, Name: m.name, Role: m.role, Type: m.value.Type})
	}
	for i, d := range dims {
		if d.other { // tells the rest apart from a member without a name
			shown = append(shown, fmt.Sprintf("CAST(r%d > %d AS BIGINT)", i, d.keep))
			b.query.Columns = append(b.query.Columns, OutputColumn{FieldID: d.id, Name: "OTHER", Role: "Other", Type: expression.Integer})
		}
	}
	shown = append(shown, b.formatColumns(formats)...)
	b.query.final = "SELECT " + strings.Join(shown, ", ") + " FROM " + from
	if len(kept) > 0 {
		b.query.final += " WHERE " + strings.Join(kept, " AND ")
	}
	if len(order) > 0 {
		b.query.final += " ORDER BY " + strings.Join(order, ", ")
	}
	b.query.final += fmt.Sprintf(" LIMIT %d", limit)
}

func (b *builder) compileWells() ([]compiledDimension, []compiledMeasure, error) {
	var dims []compiledDimension
	for _, d := range b.shape.dimensions {
		v, err := b.dimensionSQL(d)
		if err != nil {
			return nil, nil, err
		}
		c := compiledDimension{dimension: d, value: v}
		if l := d.limit; l != nil {
			c.keep = awsapi.Val(l.ItemsLimit)
			c.other = c.keep > 0 && awsapi.Val(l.OtherCategories) == quicksight.OtherCategoriesInclude && v.Type != expression.Datetime
		}
		dims = append(dims, c)
	}
	var measures []compiledMeasure
	for _, m := range b.shape.measures {
		v, name, err := b.measureSQL(m, b.where+", field "+m.id)
		if err != nil {
			return nil, nil, err
		}
		measures = append(measures, compiledMeasure{measure: m, name: name, value: v})
	}
	if len(dims) == 0 && len(measures) == 0 {
		return nil, nil, fail(b.where, "put a field into its wells", "it shows no field")
	}
	return dims, measures, nil
}
