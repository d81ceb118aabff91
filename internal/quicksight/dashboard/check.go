package dashboard

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/quicksight/expression"
	"tarn/internal/quicksight/query"
)

// checker finds what a definition names that is not there.
type checker struct {
	columns    map[string][]query.Column
	missing    map[string]error
	calculated map[string]map[string]bool
	parameters map[string]bool
	found      map[string]*quicksight.DashboardError // by message, so that each mistake is told once with all its places
}

// check compares a definition with its data sets. Every mistake comes with the paths where it is made.
func check(raw json.RawMessage, d *quicksight.DashboardVersionDefinition, columns map[string][]query.Column, missing map[string]error) ([]*quicksight.DashboardError, error) {
	c := &checker{columns: columns, missing: missing, calculated: map[string]map[string]bool{}, parameters: map[string]bool{}, found: map[string]*quicksight.DashboardError{}}
	for _, f := range d.CalculatedFields {
		set := awsapi.Val(f.DataSetIdentifier)
		if c.calculated[set] == nil {
			c.calculated[set] = map[string]bool{}
		}
		c.calculated[set][awsapi.Val(f.Name)] = true
	}
	for _, p := range d.ParameterDeclarations {
		switch {
		case p.StringParameterDeclaration != nil:
			c.parameters[awsapi.Val(p.StringParameterDeclaration.Name)] = true
		case p.IntegerParameterDeclaration != nil:
			c.parameters[awsapi.Val(p.IntegerParameterDeclaration.Name)] = true
		case p.DecimalParameterDeclaration != nil:
			c.parameters[awsapi.Val(p.DecimalParameterDeclaration.Name)] = true
		case p.DateTimeParameterDeclaration != nil:
			c.parameters[awsapi.Val(p.DateTimeParameterDeclaration.Name)] = true
		}
	}
	for i, decl := range d.DataSetIdentifierDeclarations {
		if err := missing[awsapi.Val(decl.Identifier)]; err != nil {
			message := err.Error()
			var e *awsapi.Error
			if errors.As(err, &e) {
				message = e.Text()
			}
			c.report(quicksight.DashboardErrorTypeDataSetNotFound, fmt.Sprintf("DataSetIdentifierDeclarations[%d]", i), "%s", message)
		}
	}
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return nil, err
	}
	c.walk(tree, "")
	return slices.SortedFunc(maps.Values(c.found), func(a, b *quicksight.DashboardError) int {
		return cmp.Or(cmp.Compare(*a.ViolatedEntities[0].Path, *b.ViolatedEntities[0].Path), cmp.Compare(*a.Message, *b.Message))
	}), nil
}

func (c *checker) report(kind, path, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	e := c.found[message]
	if e == nil {
		e = &quicksight.DashboardError{Type: &kind, Message: &message}
		c.found[message] = e
	}
	e.ViolatedEntities = append(e.ViolatedEntities, &quicksight.Entity{Path: &path})
}

func (c *checker) walk(n any, path string) {
	switch n := n.(type) {
	case []any:
		for i, x := range n {
			c.walk(x, fmt.Sprintf("%s[%d]", path, i))
		}
	case map[string]any:
		set, hasSet := n["DataSetIdentifier"].(string)
		column, hasColumn := n["ColumnName"].(string)
		if hasSet && hasColumn {
			c.column(set, column, path)
		}
		for _, member := range []string{"ParameterName", "SourceParameterName"} {
			if name, ok := n[member].(string); ok && !c.parameters[name] {
				c.report(quicksight.DashboardErrorTypeParameterNotFound, path+"."+member, "Parameter %s is not declared.%s", name, didYouMean(name, slices.Collect(maps.Keys(c.parameters))))
			}
		}
		for _, k := range slices.Sorted(maps.Keys(n)) {
			inner := k
			if path != "" {
				inner = path + "." + k
			}
			c.walk(n[k], inner)
		}
	}
}

func didYouMean(name string, names []string) string {
	if near := expression.Nearest(name, names); near != "" {
		return " Did you mean " + near + "?"
	}
	return ""
}

func (c *checker) column(set, column, path string) {
	if c.missing[set] != nil || c.calculated[set][column] {
		return
	}
	columns, declared := c.columns[set]
	if !declared {
		c.report(quicksight.DashboardErrorTypeDataSetNotFound, path, "Data set identifier %s is not declared.%s", set, didYouMean(set, slices.Collect(maps.Keys(c.columns))))
		return
	}
	names := slices.Collect(maps.Keys(c.calculated[set]))
	for _, x := range columns {
		if x.Name == column {
			return
		}
		names = append(names, x.Name)
	}
	c.report(quicksight.DashboardErrorTypeColumnReplacementMissing, path, "Data set %s has no column %s.%s", set, column, didYouMean(column, names))
}
