package query

import (
	"strconv"
	"strings"
	"time"

	"tarn/api/quicksight"
	"tarn/internal/quicksight/expression"
)

// Column is one column of a data set.
type Column struct {
	Name string
	Type expression.Type
}

// Request says which visual to compute and what the viewer has set.
type Request struct {
	Definition *quicksight.DashboardVersionDefinition
	Columns    map[string][]Column // of each data set, by its identifier in the definition
	SheetID    string
	VisualID   string
	Filters    map[string]Override // by FilterId
	Selections []Selection
	Parameters map[string][]string // values that replace the defaults, by parameter name; dates in ISO form
	Now        time.Time
	Limit      int // rows at most; 0 is DefaultLimit
}

// DefaultLimit is the number of rows that a visual gets when the request names none.
const DefaultLimit = 10_000

// Override is what a control of a filter is set to. All members nil means "everything": the filter is off.
type Override struct {
	Values []any // picked values: string, float64, bool or nil; empty but not nil: none. For ranges of numbers, From and To serve
	From   any   // string or float64, included
	To     any   // string or float64, included (of dates, the whole period that it lies in)
}

func (o Override) off() bool { return o.Values == nil && o.From == nil && o.To == nil }

// Selection is a clicked mark of another visual: its column has one of the values.
type Selection struct {
	VisualID          string
	ColumnName        string
	DataSetIdentifier string
	Values            []any // string, float64, bool or nil
}

// OutputColumn describes one column of the result.
type OutputColumn struct {
	FieldID string
	Name    string
	Role    string // Category, Value, Color, SmallMultiple, TrendGroup, TargetValue, GroupBy, Other or Format
	Type    expression.Type
}

// Query is a statement over the relation ds.
type Query struct {
	DataSet string // the identifier of the data set that ds stands for
	Columns []OutputColumn
	Args    []any
	Limit   int      // the statement yields one row more when there are more
	Total   bool     // the first row is the total, and does not count
	Notes   []string // what of the visual is not applied, and why

	ctes  []string // name AS (...), after ds
	final string
}

// compact drops the arguments that the statement does not use and numbers the rest anew: what was compiled and then not needed
// (the default of a parameter, a filter's own values under a control's) leaves some behind, and DuckDB wants exactly those it uses.
func (q *Query) compact() *Query {
	numbers := map[string]string{}
	var args []any
	renumber := func(s string) string {
		var b strings.Builder
		for i := 0; i < len(s); {
			j := i + 1
			switch c := s[i]; {
			case c == '\'' || c == '"': // a doubled quote inside reads as two quoted pieces, which is as good
				for j < len(s) && s[j] != c {
					j++
				}
				j = min(j+1, len(s))
			case c == '$':
				for j < len(s) && s[j] >= '0' && s[j] <= '9' {
					j++
				}
				n, seen := numbers[s[i:j]]
				if !seen {
					old, _ := strconv.Atoi(s[i+1 : j])
					args = append(args, q.Args[old-1])
					n = "$" + strconv.Itoa(len(args))
					numbers[s[i:j]] = n
				}
				b.WriteString(n)
				i = j
				continue
			}
			b.WriteString(s[i:j])
			i = j
		}
		return b.String()
	}
	for i, c := range q.ctes {
		q.ctes[i] = renumber(c)
	}
	q.final = renumber(q.final)
	q.Args = args
	return q
}

// SQL prints the statement over a relation (a table's quoted name or a parenthesised SELECT).
func (q *Query) SQL(relation string) string {
	s := "WITH ds AS (SELECT * FROM " + relation + ")"
	for _, c := range q.ctes {
		s += ",\n  " + c
	}
	return s + "\n" + q.final
}
