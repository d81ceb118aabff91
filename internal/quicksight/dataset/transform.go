package dataset

import (
	"strings"
	"time"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/quicksight/expression"
	"tarn/internal/quicksight/query"
)

// The transforms of a logical table: each is a SELECT over the one before it.

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
