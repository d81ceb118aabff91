package dataset

import (
	"maps"
	"slices"
	"strings"
	"time"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
)

// tables are the tables of a data set: what is read, and what is made of it.
type tables struct {
	physical map[string]*quicksight.PhysicalTable
	logical  map[string]*quicksight.LogicalTable
	root     string // the logical table that none other joins; empty where there is none at all
}

// tablesOf reads the tables of a data set and finds its root.
func tablesOf(set *quicksight.DataSet) (tables, error) {
	t := tables{physical: set.PhysicalTableMap, logical: set.LogicalTableMap}
	used, joined := map[string]bool{}, map[string]bool{}
	for id, p := range t.physical {
		if p == nil || p.RelationalTable == nil && p.CustomSql == nil {
			kind := "of no kind"
			switch {
			case p != nil && p.S3Source != nil:
				kind = "an S3Source"
			case p != nil && p.SaaSTable != nil:
				kind = "a SaaSTable"
			case p != nil && p.FileSource != nil:
				kind = "a FileSource"
			}
			return t, invalid("Physical table %s is %s, which is not supported yet", id, kind).WithHint("RelationalTable and CustomSql are; files in S3 are tables of the Glue catalog.")
		}
	}
	for id, l := range t.logical {
		switch {
		case l == nil || l.Source == nil:
			return t, invalid("Logical table %s has no source", id)
		case l.Source.JoinInstruction != nil:
			j := l.Source.JoinInstruction
			for _, operand := range []string{awsapi.Val(j.LeftOperand), awsapi.Val(j.RightOperand)} {
				if t.logical[operand] == nil {
					return t, invalid("Logical table %s joins %s, which is not in LogicalTableMap", id, operand)
				}
				if joined[operand] {
					return t, invalid("Logical table %s is joined more than once", operand)
				}
				joined[operand] = true
			}
		case l.Source.PhysicalTableId != nil:
			if t.physical[*l.Source.PhysicalTableId] == nil {
				return t, invalid("Logical table %s has the source %s, which is not in PhysicalTableMap", id, *l.Source.PhysicalTableId)
			}
			used[*l.Source.PhysicalTableId] = true
		default:
			return t, invalid("Logical table %s has a source that is not supported yet", id).WithHint("PhysicalTableId and JoinInstruction are.")
		}
	}
	var roots []string
	for _, id := range slices.Sorted(maps.Keys(t.logical)) {
		if !joined[id] {
			roots = append(roots, id)
		}
	}
	switch {
	case len(t.physical) == 0:
		return t, invalid("A data set needs a table in PhysicalTableMap")
	case len(t.logical) == 0 && len(t.physical) > 1:
		return t, invalid("The data set has %d physical tables and no logical table that joins them", len(t.physical))
	case len(t.logical) == 0:
		return t, nil
	case len(roots) == 0:
		return t, invalid("The logical tables join one another in a circle")
	case len(roots) > 1:
		return t, invalid("The logical tables %s are not joined", strings.Join(roots, ", "))
	}
	for _, id := range slices.Sorted(maps.Keys(t.physical)) {
		if !used[id] {
			return t, invalid("Physical table %s is used by no logical table", id)
		}
	}
	t.root = roots[0]
	return t, nil
}

// compiler makes the plan of a data set from its root down.
type compiler struct {
	tables
	inferred map[string][]SourceColumn
	now      time.Time
	seen     int
}

func (c *compiler) root() (*plan, error) {
	if c.tables.root != "" {
		p, err := c.table(c.tables.root)
		if err == nil && c.seen != len(c.logical) {
			err = invalid("The logical tables join one another in a circle")
		}
		return p, err
	}
	for id, p := range c.physical {
		return declare(id, p, c.inferred[id])
	}
	return nil, nil // there is one: tablesOf saw to it
}

// table makes the plan of a logical table. Each is joined once at most, so that this comes to an end.
func (c *compiler) table(id string) (*plan, error) {
	c.seen++
	l := c.logical[id]
	p, err := c.from(l.Source)
	if err == nil {
		err = p.transforms(l.DataTransforms, c.now)
	}
	if err != nil && len(c.logical) > 1 {
		err = placed(err, "LogicalTableMap["+id+"]")
	}
	return p, err
}

func (c *compiler) from(s *quicksight.LogicalTableSource) (*plan, error) {
	if s.JoinInstruction == nil {
		id := *s.PhysicalTableId
		return declare(id, c.physical[id], c.inferred[id])
	}
	j := s.JoinInstruction
	left, err := c.table(awsapi.Val(j.LeftOperand))
	if err != nil {
		return nil, err
	}
	right, err := c.table(awsapi.Val(j.RightOperand))
	if err != nil {
		return nil, err
	}
	return joinPlans(left, right, j, awsapi.Val(c.logical[*j.RightOperand].Alias), c.now)
}
