package dataset

import (
	"strings"
	"time"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/quicksight/expression"
)

// join is two plans side by side.
type join struct {
	left, right *plan
	kind        string
	selected    string // of the right one, under the names that its columns have in the join
	on          string
}

var joinKinds = map[string]string{
	quicksight.JoinTypeInner: "INNER", quicksight.JoinTypeLeft: "LEFT", quicksight.JoinTypeRight: "RIGHT", quicksight.JoinTypeOuter: "FULL",
}

func (j *join) sql(relations map[string]string) string {
	return "(SELECT * FROM " + j.left.sql(relations) + " AS l " + j.kind + " JOIN (SELECT " + j.selected + " FROM " + j.right.sql(relations) + ") AS r ON " + j.on + ")"
}

// joinPlans joins two tables. Columns of the right one whose names the left one has too get its alias: "id[orders]".
func joinPlans(left, right *plan, in *quicksight.JoinInstruction, alias string, now time.Time) (*plan, error) {
	j := &join{left: left, right: right, kind: joinKinds[awsapi.Val(in.Type)]}
	if j.kind == "" {
		return nil, invalid("%s is no type of join", awsapi.Val(in.Type))
	}
	p := &plan{join: j}
	p.columns = append(p.columns, left.columns...)
	renamed := map[string]string{}
	var selected []string
	for _, c := range right.columns {
		from := c.Name
		if left.taken(from) >= 0 {
			c.Name = from + "[" + alias + "]"
			renamed[strings.ToLower(from)] = c.Name
		}
		if p.taken(c.Name) >= 0 {
			return nil, invalid("The join has two columns named %s", c.Name).WithHint("Rename one of them before the join.")
		}
		selected = append(selected, expression.Ident(from)+" AS "+expression.Ident(c.Name))
		p.columns = append(p.columns, c)
	}
	j.selected = strings.Join(selected, ", ")
	n, err := expression.Parse(awsapi.Val(in.OnClause))
	if err != nil {
		return nil, placed(err, "OnClause")
	}
	// {id} = {id} means the column of the left table and that of the right one.
	expression.Walk(n, func(n expression.Node) {
		b, ok := n.(*expression.Binary)
		if !ok || b.Op != "=" {
			return
		}
		l, isField := b.Left.(*expression.FieldRef)
		r, isToo := b.Right.(*expression.FieldRef)
		if isField && isToo && strings.EqualFold(l.Name, r.Name) && renamed[strings.ToLower(r.Name)] != "" {
			r.Name = renamed[strings.ToLower(r.Name)]
		}
	})
	v, err := p.environment(now).CompileNode(n)
	if err != nil {
		return nil, placed(err, "OnClause")
	}
	if v.Type != expression.Boolean || v.Level != expression.Row {
		return nil, invalid("OnClause: it must be a condition on columns such as {a} = {b}")
	}
	j.on = v.SQL
	return p, nil
}
