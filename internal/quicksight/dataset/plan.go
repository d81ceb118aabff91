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

// plan is a data set compiled, or a table of it: the columns it has, and the SQL that makes them from a physical table or from two
// other plans joined.
type plan struct {
	tableID string   // of the physical table
	input   []string // columns that the source must have
	join    *join    // instead
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

// sql prints the plan over its physical tables, by their ids.
func (p *plan) sql(relations map[string]string) string {
	relation := relations[p.tableID]
	if p.join != nil {
		relation = p.join.sql(relations)
	}
	for _, s := range p.steps {
		relation = "(" + s.head + " FROM " + relation + s.tail + ")"
	}
	return relation
}

// check tells which declared column a source does not have, better than the engine would.
func (p *plan) check(ctx context.Context, sess *engine.Session, relations map[string]string) error {
	if p.join != nil {
		return errors.Join(p.join.left.check(ctx, sess, relations), p.join.right.check(ctx, sess, relations))
	}
	d, err := sess.Describe(ctx, "SELECT * FROM "+relations[p.tableID])
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

// compile makes the plan of a data set. Inferred are the columns of sources, by physical table, for custom SQL that declares none.
func compile(set *quicksight.DataSet, inferred map[string][]SourceColumn, now time.Time) (*plan, error) {
	t, err := tablesOf(set)
	if err != nil {
		return nil, err
	}
	p, err := (&compiler{tables: t, inferred: inferred, now: now}).root()
	if err != nil {
		return nil, err
	}
	return p, checkFolders(set, p)
}

// checkFolders refuses folders of fields that hold what the data set does not have.
func checkFolders(set *quicksight.DataSet, p *plan) error {
	for folder, f := range set.FieldFolders {
		for _, name := range f.Columns {
			if _, err := p.must(name); err != nil {
				return placed(err, "FieldFolders["+folder+"]")
			}
		}
	}
	return nil
}

// declare makes the plan of a physical table: its columns in the types that it declares.
func declare(id string, table *quicksight.PhysicalTable, inferred []SourceColumn) (*plan, error) {
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
	return p, nil
}

// transforms applies the transforms of a logical table, in order.
func (p *plan) transforms(list []*quicksight.TransformOperation, now time.Time) error {
	for i, t := range list {
		if err := p.transform(t, now); err != nil {
			return placed(err, fmt.Sprintf("DataTransforms[%d]", i))
		}
	}
	return nil
}

// placed says where in the data set a mistake is.
func placed(err error, where string) error {
	var e *awsapi.Error
	if errors.As(err, &e) {
		e.Message = where + ": " + e.Message
		return e
	}
	return invalid("%s: %s", where, err)
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
