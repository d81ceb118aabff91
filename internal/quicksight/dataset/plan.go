package dataset

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/engine"
	"tarn/internal/quicksight/expression"
	"tarn/internal/quicksight/query"
)

// plan is a data set compiled: the columns it has, and the SQL that makes them from its physical table.
type plan struct {
	tableID string   // of the physical table
	input   []string // columns that the source must have
	columns []planColumn
	steps   []step
}

// step is one SELECT: head FROM ... tail.
type step struct{ head, tail string }

type planColumn struct {
	query.Column
	id, description string
	subType         *string
}

// sql wraps a relation in the steps.
func (p *plan) sql(relation string) string {
	for _, s := range p.steps {
		relation = "(" + s.head + " FROM " + relation + s.tail + ")"
	}
	return relation
}

// check tells which declared column the source does not have, better than the engine would.
func (p *plan) check(ctx context.Context, sess *engine.Session, relation string) error {
	d, err := sess.Describe(ctx, "SELECT * FROM "+relation)
	if err != nil {
		return err
	}
	names := make([]string, len(d.Columns))
	for i, c := range d.Columns {
		names[i] = c.Name
	}
	for _, want := range p.input {
		if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, want) }) {
			e := &engine.Error{Kind: engine.Missing, ObjectType: "Column", Name: want, Candidates: names, Position: -1, Message: "the source has no column " + want}
			if near := expression.Nearest(want, names); near != "" {
				e.Hint = "did you mean " + near + "?"
			}
			return e
		}
	}
	return nil
}

func (p *plan) queryColumns() []query.Column {
	out := make([]query.Column, len(p.columns))
	for i, c := range p.columns {
		out[i] = c.Column
	}
	return out
}

func (p *plan) outputColumns() []*quicksight.OutputColumn {
	out := make([]*quicksight.OutputColumn, len(p.columns))
	for i, c := range p.columns {
		out[i] = &quicksight.OutputColumn{Name: new(c.Name), Type: new(c.Type.String()), SubType: c.subType}
		if c.id != "" {
			out[i].Id = new(c.id)
		}
		if c.description != "" {
			out[i].Description = new(c.description)
		}
		if c.Type == expression.Decimal && c.subType == nil {
			out[i].SubType = new(quicksight.ColumnDataSubTypeFloat)
		}
	}
	return out
}

func invalid(format string, args ...any) *awsapi.Error {
	return quicksight.InvalidParameterValueException(format, args...)
}

// refuse names what a data set asks for that is not built: nothing is stored that would then be ignored.
func refuse(set *quicksight.DataSet) error {
	var what string
	switch {
	case set.RowLevelPermissionDataSet != nil && awsapi.Val(set.RowLevelPermissionDataSet.Status) != quicksight.StatusDisabled, set.RowLevelPermissionTagConfiguration != nil:
		what = "Row-level permissions"
	case len(set.ColumnLevelPermissionRules) > 0:
		what = "Column-level permissions"
	case len(set.DatasetParameters) > 0:
		what = "Data set parameters"
	case set.DataPrepConfiguration != nil, set.SemanticModelConfiguration != nil:
		what = "DataPrepConfiguration and SemanticModelConfiguration"
	default:
		return nil
	}
	return invalid("%s of a data set are not supported yet", what)
}

// compile makes the plan of a data set. Inferred are the source's columns, for custom SQL that declares none.
func compile(set *quicksight.DataSet, inferred []SourceColumn, now time.Time) (*plan, error) {
	id, table, logical, err := tables(set)
	if err != nil {
		return nil, err
	}
	p := &plan{tableID: id}
	var input []*quicksight.InputColumn
	switch {
	case table.RelationalTable != nil:
		input = table.RelationalTable.InputColumns
	case table.CustomSql != nil:
		input = table.CustomSql.Columns
	}
	if len(input) == 0 {
		for _, c := range inferred {
			input = append(input, &quicksight.InputColumn{Name: new(c.Name), Type: new(columnType(c.Type).String())})
		}
	}
	var selected []string
	for _, c := range input {
		name := awsapi.Val(c.Name)
		t, ok := expression.ParseType(awsapi.Val(c.Type))
		if !ok {
			return nil, invalid("Column %s has the type %s, which is none", name, awsapi.Val(c.Type))
		}
		if p.taken(name) >= 0 {
			return nil, invalid("Column %s is declared twice", name)
		}
		p.columns = append(p.columns, planColumn{Column: query.Column{Name: name, Type: t}, id: awsapi.Val(c.Id), subType: c.SubType})
		p.input = append(p.input, name)
		selected = append(selected, "TRY_CAST("+expression.Ident(name)+" AS "+t.SQL()+") AS "+expression.Ident(name))
	}
	if len(selected) == 0 {
		return nil, invalid("The data set has no columns")
	}
	p.steps = append(p.steps, step{head: "SELECT " + strings.Join(selected, ", ")})
	if logical != nil {
		for i, t := range logical.DataTransforms {
			if err := p.transform(t, now); err != nil {
				return nil, transformError(err, i)
			}
		}
	}
	return p, nil
}

func transformError(err error, i int) error {
	var e *awsapi.Error
	if errors.As(err, &e) {
		e.Message = fmt.Sprintf("DataTransforms[%d]: %s", i, e.Message)
		return e
	}
	return invalid("DataTransforms[%d]: %s", i, err)
}

// tables finds the one physical table and the logical table over it, which may be missing.
func tables(set *quicksight.DataSet) (string, *quicksight.PhysicalTable, *quicksight.LogicalTable, error) {
	if len(set.PhysicalTableMap) != 1 || len(set.LogicalTableMap) > 1 {
		return "", nil, nil, invalid("A data set over %d physical and %d logical tables is not supported yet", len(set.PhysicalTableMap), len(set.LogicalTableMap)).WithHint("Join them in custom SQL.")
	}
	var id string
	var table *quicksight.PhysicalTable
	for id, table = range set.PhysicalTableMap {
	}
	if table == nil || table.RelationalTable == nil && table.CustomSql == nil {
		return "", nil, nil, invalid("Physical table %s is not supported yet", id).WithHint("RelationalTable and CustomSql are.")
	}
	for name, l := range set.LogicalTableMap {
		if l == nil || l.Source == nil || awsapi.Val(l.Source.PhysicalTableId) == "" {
			return "", nil, nil, invalid("Logical table %s has a source that is not supported yet", name).WithHint("PhysicalTableId is.")
		}
		if *l.Source.PhysicalTableId != id {
			return "", nil, nil, invalid("Logical table %s has the source %s, which is not in PhysicalTableMap", name, *l.Source.PhysicalTableId)
		}
		return id, table, l, nil
	}
	return id, table, nil, nil
}

func (p *plan) find(name string) int {
	return slices.IndexFunc(p.columns, func(c planColumn) bool { return c.Name == name })
}

// taken is find for new names: the engine knows no difference between cases.
func (p *plan) taken(name string) int {
	return slices.IndexFunc(p.columns, func(c planColumn) bool { return strings.EqualFold(c.Name, name) })
}

func (p *plan) must(name string) (int, error) {
	i := p.find(name)
	if i >= 0 {
		return i, nil
	}
	names := make([]string, len(p.columns))
	for j, c := range p.columns {
		names[j] = c.Name
	}
	err := invalid("There is no column named %s", name)
	if near := expression.Nearest(name, names); near != "" {
		err = err.WithHint("Did you mean %s?", near)
	}
	return i, err
}

func (p *plan) environment(now time.Time) *expression.Environment {
	e := &expression.Environment{Columns: map[string]expression.Type{}, Now: now, Bind: func(v any) string {
		t, _ := v.(time.Time) // there are no parameters, so that now() is all that is ever bound
		return expression.Timestamp(t)
	}}
	for _, c := range p.columns {
		e.Columns[c.Name] = c.Type
	}
	return e
}

func (p *plan) transform(t *quicksight.TransformOperation, now time.Time) error {
	switch {
	case t.ProjectOperation != nil:
		return p.project(t.ProjectOperation)
	case t.RenameColumnOperation != nil:
		return p.rename(t.RenameColumnOperation)
	case t.CastColumnTypeOperation != nil:
		return p.cast(t.CastColumnTypeOperation)
	case t.CreateColumnsOperation != nil:
		return p.create(t.CreateColumnsOperation, now)
	case t.FilterOperation != nil:
		return p.filter(t.FilterOperation, now)
	case t.TagColumnOperation != nil:
		i, err := p.must(awsapi.Val(t.TagColumnOperation.ColumnName))
		if err != nil {
			return err
		}
		for _, tag := range t.TagColumnOperation.Tags {
			if tag.ColumnDescription != nil {
				p.columns[i].description = awsapi.Val(tag.ColumnDescription.Text)
			}
		}
		return nil
	case t.UntagColumnOperation != nil:
		_, err := p.must(awsapi.Val(t.UntagColumnOperation.ColumnName))
		return err
	}
	return invalid("This transform is not supported yet")
}

func (p *plan) project(o *quicksight.ProjectOperation) error {
	var kept []planColumn
	var selected []string
	for _, name := range o.ProjectedColumns {
		i, err := p.must(name)
		if err != nil {
			return err
		}
		kept = append(kept, p.columns[i])
		selected = append(selected, expression.Ident(name))
	}
	p.columns = kept
	p.steps = append(p.steps, step{head: "SELECT " + strings.Join(selected, ", ")})
	return nil
}

func (p *plan) rename(o *quicksight.RenameColumnOperation) error {
	i, err := p.must(awsapi.Val(o.ColumnName))
	if err != nil {
		return err
	}
	to := awsapi.Val(o.NewColumnName)
	if j := p.taken(to); j >= 0 && j != i {
		return invalid("There is a column named %s already", to)
	}
	from := p.columns[i].Name
	p.columns[i].Name = to
	p.steps = append(p.steps, step{head: "SELECT * RENAME (" + expression.Ident(from) + " AS " + expression.Ident(to) + ")"})
	return nil
}

func (p *plan) cast(o *quicksight.CastColumnTypeOperation) error {
	i, err := p.must(awsapi.Val(o.ColumnName))
	if err != nil {
		return err
	}
	to, ok := expression.ParseType(awsapi.Val(o.NewColumnType))
	if !ok {
		return invalid("%s is no type of column", awsapi.Val(o.NewColumnType))
	}
	c := &p.columns[i]
	v, err := expression.Convert(expression.Value{SQL: expression.Ident(c.Name), Type: c.Type, Level: expression.Row}, to, awsapi.Val(o.Format))
	if err != nil {
		return err
	}
	c.Type, c.subType = to, o.SubType
	p.steps = append(p.steps, step{head: "SELECT * REPLACE (" + v.SQL + " AS " + expression.Ident(c.Name) + ")"})
	return nil
}

func (p *plan) create(o *quicksight.CreateColumnsOperation, now time.Time) error {
	for _, c := range o.Columns { // a step each, so that later ones see earlier ones
		name := awsapi.Val(c.ColumnName)
		if p.taken(name) >= 0 {
			return invalid("There is a column named %s already", name)
		}
		v, err := p.environment(now).Compile(awsapi.Val(c.Expression))
		if err != nil {
			return invalid("Column %s: %s", name, err)
		}
		if v.Level == expression.Aggregated {
			return invalid("Column %s: a column of a data set cannot be an aggregate", name).WithHint("Make it a calculated field of the dashboard.")
		}
		v = v.Column()
		p.columns = append(p.columns, planColumn{Column: query.Column{Name: name, Type: v.Type}, id: awsapi.Val(c.ColumnId)})
		p.steps = append(p.steps, step{head: "SELECT *, " + v.SQL + " AS " + expression.Ident(name)})
	}
	return nil
}

func (p *plan) filter(o *quicksight.FilterOperation, now time.Time) error {
	if awsapi.Val(o.ConditionExpression) == "" {
		return invalid("A filter without ConditionExpression is not supported yet")
	}
	v, err := p.environment(now).Compile(*o.ConditionExpression)
	if err != nil {
		return err
	}
	if v.Type != expression.Boolean || v.Level == expression.Aggregated {
		return invalid("ConditionExpression must be a condition on rows, this is %s", v.Type)
	}
	p.steps = append(p.steps, step{head: "SELECT *", tail: " WHERE " + v.SQL})
	return nil
}
