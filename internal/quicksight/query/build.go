package query

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/quicksight/expression"
)

// Build compiles the query of one visual.
func Build(req *Request) (*Query, error) {
	sheet, visual, err := find(req.Definition, req.SheetID, req.VisualID)
	if err != nil {
		return nil, err
	}
	s, err := shapeOf(visual)
	if err != nil {
		return nil, err
	}
	set, err := dataSetOf(req.Definition, s)
	if err != nil {
		return nil, err
	}
	b, err := newBuilder(req, set)
	if err != nil {
		return nil, err
	}
	b.sheet, b.visual, b.shape = sheet, visual, s
	b.where = "visual " + s.id
	q, err := b.build()
	if err != nil {
		return nil, err
	}
	return q.compact(), nil
}

func find(d *quicksight.DashboardVersionDefinition, sheetID, visualID string) (*quicksight.SheetDefinition, *quicksight.Visual, error) {
	for _, sheet := range d.Sheets {
		if sheetID != "" && awsapi.Val(sheet.SheetId) != sheetID {
			continue
		}
		for _, v := range sheet.Visuals {
			if id, _ := Identify(v); id == visualID {
				return sheet, v, nil
			}
		}
		if sheetID != "" {
			return nil, nil, fail("", "", "sheet %q has no visual %q", sheetID, visualID)
		}
	}
	return nil, nil, fail("", "", "there is no sheet %q with a visual %q", sheetID, visualID)
}

func dataSetOf(d *quicksight.DashboardVersionDefinition, s shape) (string, error) {
	set := ""
	see := func(c *quicksight.ColumnIdentifier) error {
		id := ""
		if c != nil {
			id = awsapi.Val(c.DataSetIdentifier)
		}
		if id == "" || id == set {
			return nil
		}
		if set != "" {
			return fail("visual "+s.id, "use fields of one data set in a visual", "its fields come from the data sets %q and %q", set, id)
		}
		set = id
		return nil
	}
	for _, f := range append(s.dimensions, s.raw...) {
		if err := see(f.column); err != nil {
			return "", err
		}
	}
	for _, m := range s.measures {
		if err := see(m.column); err != nil {
			return "", err
		}
	}
	if set == "" && len(s.measures) > 0 && len(d.DataSetIdentifierDeclarations) == 1 {
		set = awsapi.Val(d.DataSetIdentifierDeclarations[0].Identifier)
	}
	if set == "" {
		return "", fail("visual "+s.id, "put a field into its wells", "it shows no field")
	}
	return set, nil
}

// builder makes one statement.
type builder struct {
	req     *Request
	set     string
	columns []Column
	env     *expression.Environment
	zone    string // of the definition; empty is UTC
	now     time.Time
	sheet   *quicksight.SheetDefinition
	visual  *quicksight.Visual
	shape   shape
	where   string
	source  string // the relation before any filter: ds, or ds in local time
	query   *Query
}

func newBuilder(req *Request, set string) (*builder, error) {
	columns, ok := req.Columns[set]
	if !ok {
		return nil, fail("", "declare it in DataSetIdentifierDeclarations", "there is no data set %q", set)
	}
	limit := req.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	b := &builder{req: req, set: set, columns: columns, now: req.Now.UTC(), source: "ds", query: &Query{DataSet: set, Limit: limit}}
	b.env = &expression.Environment{Columns: map[string]expression.Type{}, Calculated: map[string]string{}, Bind: b.bind}
	for _, c := range columns {
		b.env.Columns[c.Name] = c.Type
	}
	for _, f := range req.Definition.CalculatedFields {
		if awsapi.Val(f.DataSetIdentifier) == set {
			b.env.Calculated[awsapi.Val(f.Name)] = awsapi.Val(f.Expression)
		}
	}
	if o := req.Definition.Options; o != nil {
		b.env.WeekStart = isoDay(awsapi.Val(o.WeekStart))
		if err := b.setZone(awsapi.Val(o.Timezone)); err != nil {
			return nil, err
		}
	}
	b.env.Now = b.now
	var err error
	b.env.Parameters, err = b.parameters()
	return b, err
}

// setZone makes every date local: QuickSight converts before it truncates, filters and shows.
func (b *builder) setZone(name string) error {
	if name == "" || name == "UTC" {
		return nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return fail("Options.Timezone", "an IANA name such as Europe/Vienna", "%q is no time zone", name)
	}
	b.zone = name
	local := b.now.In(zone)
	b.now = time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), time.UTC)
	var replaced []string
	for _, c := range b.columns {
		if c.Type == expression.Datetime {
			id := expression.Ident(c.Name)
			replaced = append(replaced, "("+id+" AT TIME ZONE 'UTC') AT TIME ZONE "+expression.Text(name)+" AS "+id)
		}
	}
	if len(replaced) > 0 {
		b.query.ctes = append(b.query.ctes, "local AS (SELECT * REPLACE ("+strings.Join(replaced, ", ")+") FROM ds)")
		b.source = "local"
	}
	return nil
}

func isoDay(day string) int {
	for i, d := range []string{"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"} {
		if d == strings.ToUpper(day) {
			return i + 1
		}
	}
	return 0
}

func (b *builder) bind(v any) string {
	if t, ok := v.(time.Time); ok {
		v = t.UTC()
	}
	b.query.Args = append(b.query.Args, v)
	return fmt.Sprintf("$%d", len(b.query.Args))
}

func (b *builder) bindAs(v any, t expression.Type) string {
	return "CAST(" + b.bind(v) + " AS " + t.SQL() + ")"
}

// field compiles a column or calculated field by its identifier.
func (b *builder) field(c *quicksight.ColumnIdentifier, where string) (expression.Value, error) {
	if c == nil {
		return expression.Value{}, fail(where, "", "it names no column")
	}
	v, err := b.env.Field(awsapi.Val(c.ColumnName))
	var mistake *expression.Error
	if errors.As(err, &mistake) && mistake.Field == "" { // about the name itself: it has no place in a text
		return v, &Error{Where: where, Message: mistake.Message, Hint: mistake.Hint, Err: err}
	}
	if err != nil {
		return v, &Error{Where: where, Err: err}
	}
	return v, nil
}

var periods = map[string]string{
	"YEAR": "YYYY", "QUARTER": "Q", "MONTH": "MM", "WEEK": "WK", "DAY": "DD", "HOUR": "HH", "MINUTE": "MI", "SECOND": "SS", "MILLISECOND": "MS",
}

func period(granularity string) string {
	if p, ok := periods[granularity]; ok {
		return p
	}
	return "DD"
}

// dimensionSQL compiles a dimension to what is grouped by.
func (b *builder) dimensionSQL(d dimension) (expression.Value, error) {
	where := b.where + ", field " + d.id
	v, err := b.field(d.column, where)
	if err != nil {
		return v, err
	}
	if v.Level == expression.Aggregated {
		return v, fail(where, "put it into a value well", "%q is an aggregate and cannot group", awsapi.Val(d.column.ColumnName))
	}
	if d.date {
		if v.Type != expression.Datetime {
			return v, fail(where, "use a categorical field", "%q is %s, not a date", awsapi.Val(d.column.ColumnName), v.Type)
		}
		v.SQL = b.env.Truncate(period(d.granularity), v.SQL)
	}
	return v.Column(), nil
}

var functions = map[string]struct{ name, shown string }{
	"SUM": {"sum", "Sum"}, "AVERAGE": {"avg", "Average"}, "MIN": {"min", "Min"}, "MAX": {"max", "Max"}, "COUNT": {"count", "Count"},
	"DISTINCT_COUNT": {"distinct_count", "Count Distinct"}, "MEDIAN": {"median", "Median"}, "STDEV": {"stdev", "Std Dev"},
	"STDEVP": {"stdevp", "Std Dev (Population)"}, "VAR": {"var", "Variance"}, "VARP": {"varp", "Variance (Population)"},
}

// measureSQL compiles a measure to an aggregate, with the name it is shown by.
func (b *builder) measureSQL(m measure, where string) (expression.Value, string, error) {
	if m.expression != "" {
		v, err := b.env.Compile(m.expression)
		if err != nil {
			return v, "", &Error{Where: where, Err: err}
		}
		if v.Level == expression.Row {
			return v, "", fail(where, "wrap it in sum(...) or another aggregate", "its expression is not an aggregate")
		}
		return v.Column(), m.expression, nil
	}
	x, err := b.field(m.column, where)
	if err != nil {
		return x, "", err
	}
	name := awsapi.Val(m.column.ColumnName)
	if x.Level == expression.Aggregated {
		if m.function != "" {
			return x, "", fail(where, "leave AggregationFunction out", "%q is an aggregate already", name)
		}
		return x.Column(), name, nil
	}
	x = x.Column()
	v, shown, err := b.aggregate(m, x)
	if err != nil {
		return v, "", &Error{Where: where, Err: err}
	}
	return v.Column(), name + " (" + shown + ")", nil
}

func (b *builder) aggregate(m measure, x expression.Value) (expression.Value, string, error) {
	function := m.function
	if function == "" {
		function = "COUNT"
		if x.Type.IsNumber() {
			function = "SUM"
		}
	}
	switch function {
	case "PERCENTILE":
		v, err := expression.Percentile(x, *m.percentile)
		return v, fmt.Sprintf("Percentile %g", *m.percentile), err
	case "UNIQUE_VALUE":
		sql := "CASE WHEN count(DISTINCT " + x.SQL + ") = 1 AND count(" + x.SQL + ") = count(*) THEN any_value(" + x.SQL + ") END"
		return expression.Value{SQL: sql, Type: x.Type, Level: expression.Aggregated}, "Unique value", nil
	}
	f, ok := functions[function]
	if !ok {
		return x, "", fail("", "", "there is no aggregation %q", function)
	}
	v, err := expression.Aggregate(f.name, x)
	return v, f.shown, err
}

// stage adds a named step and gives its name.
func (b *builder) stage(name, body string) string {
	b.query.ctes = append(b.query.ctes, name+" AS ("+body+")")
	return name
}

func (b *builder) build() (*Query, error) {
	filters, err := b.filters()
	if err != nil {
		return nil, err
	}
	rows := b.source
	if len(filters.rows) > 0 {
		rows = b.stage("base", "SELECT * FROM "+rows+" WHERE "+strings.Join(filters.rows, " AND "))
	}
	for i, top := range filters.top {
		sql, err := b.topSQL(top, rows)
		if err != nil {
			return nil, err
		}
		rows = b.stage(fmt.Sprintf("top%d", i), sql)
	}
	if len(b.shape.raw) > 0 {
		if len(filters.aggregates) > 0 {
			return nil, fail(b.where, "aggregate the table, or filter the column itself", "a filter on an aggregate cannot apply to a table of single rows")
		}
		return b.rawTable(rows)
	}
	return b.grouped(rows, filters.aggregates)
}

// rawTable shows rows as they are.
func (b *builder) rawTable(rows string) (*Query, error) {
	var selected []string
	values := map[string]expression.Value{}
	for _, d := range b.shape.raw {
		v, err := b.dimensionSQL(d)
		if err != nil {
			return nil, err
		}
		values[d.id] = v
		selected = append(selected, v.SQL+" AS f"+fmt.Sprint(len(selected)))
		b.query.Columns = append(b.query.Columns, OutputColumn{FieldID: d.id, Name: awsapi.Val(d.column.ColumnName), Role: d.role, Type: v.Type})
	}
	formats := b.formats(false)
	b.formatColumns(formats)
	for _, f := range formats {
		selected = append(selected, f.value.SQL)
	}
	var order []string
	for _, o := range b.shape.sort {
		var v expression.Value
		var err error
		direction := ""
		switch {
		case o.FieldSort != nil:
			var ok bool
			if v, ok = values[awsapi.Val(o.FieldSort.FieldId)]; !ok {
				continue // left over from a field that was taken out of the wells
			}
			direction = awsapi.Val(o.FieldSort.Direction)
		case o.ColumnSort != nil:
			if v, err = b.field(o.ColumnSort.SortBy, b.where+", sort"); err != nil {
				return nil, err
			}
			if v.Level == expression.Aggregated {
				return nil, fail(b.where+", sort", "", "rows cannot be sorted by an aggregate")
			}
			direction = awsapi.Val(o.ColumnSort.Direction)
		}
		order = append(order, term(v.SQL, direction, false))
	}
	b.query.final = "SELECT " + strings.Join(selected, ", ") + " FROM " + rows
	if len(order) > 0 {
		b.query.final += " ORDER BY " + strings.Join(order, ", ")
	}
	b.query.final += fmt.Sprintf(" LIMIT %d", b.query.Limit+1)
	return b.query, nil
}

func term(sql, direction string, text bool) string {
	suffix := " ASC NULLS LAST"
	if direction == "DESC" {
		suffix = " DESC NULLS LAST"
	}
	if text { // as people sort names; the second key settles names that differ in case only
		return "lower(" + sql + ")" + suffix + ", " + sql + suffix
	}
	return sql + suffix
}
