package table

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"tarn/api/glue"
	"tarn/internal/engine"
)

// Sketch is a table without its rows: its columns over an empty file. A query
// is planned over sketches first; what the planner would filter each scan by,
// pushed down through joins, views and subqueries, says which partitions and
// files the real relation needs.
type Sketch struct {
	SQL     string // a parenthesised query, like a Relation's
	Columns []Column

	dir    string
	number int
	filter *Filter
}

// Sketch makes a sketch of a table; close it after Learn. number tells the
// sketches of one query apart.
func (r *Reader) Sketch(ctx context.Context, t *glue.Table, number int) (*Sketch, error) {
	k := &Sketch{number: number, dir: filepath.Join(r.dir, r.newID())}
	var err error
	if isIceberg(t) {
		tbl, err := loadIceberg(ctx, r.lake, t)
		if err != nil {
			return nil, err
		}
		k.Columns, err = icebergColumns(tbl.Schema())
		if err != nil {
			return nil, err
		}
	} else if k.Columns, err = ColumnsOf(t); err != nil {
		return nil, err
	}
	if len(k.Columns) == 0 {
		return nil, &Error{Table: nameOf(t), Message: "it has no columns", Hint: "crawl the table again"}
	}
	if err := os.Mkdir(k.dir, 0o700); err != nil {
		return nil, err
	}
	file := filepath.Join(k.dir, "none.csv")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		os.RemoveAll(k.dir)
		return nil, err
	}
	types, out := make([]string, len(k.Columns)), make([]string, len(k.Columns))
	for i, c := range k.Columns {
		// The file has text alone, whatever the column is: nested types are not
		// read from CSV, and a plan with a cast in the way filters above it.
		typ := c.DuckDB()
		if c.Type.Elem != nil || c.Type.Fields != nil || c.Type.Kind == Binary {
			out[i] = "CAST(" + k.column(i) + " AS " + typ + ") AS " + quote(c.Name)
			typ = "VARCHAR"
		} else {
			out[i] = k.column(i) + " AS " + quote(c.Name)
		}
		types[i] = engine.QuoteText(k.column(i)) + ": " + engine.QuoteText(typ)
	}
	k.SQL = "(SELECT " + strings.Join(out, ", ") + " FROM read_csv(" + engine.QuoteText(file) + ", columns = {" + strings.Join(types, ", ") + "}, auto_detect = false, header = false))"
	return k, nil
}

// Prunes says whether a filter can spare a table's reader anything.
func Prunes(t *glue.Table) bool { return len(t.PartitionKeys) > 0 || isIceberg(t) }

// column is what a plan calls a column.
func (k *Sketch) column(i int) string { return fmt.Sprintf("t%d_%d", k.number, i) }

// Close removes the sketch's file. A nil sketch has none.
func (k *Sketch) Close() error {
	if k == nil {
		return nil
	}
	return os.RemoveAll(k.dir)
}

// Filter is what Learn found, for Options.
func (k *Sketch) Filter() *Filter {
	if k == nil {
		return nil
	}
	return k.filter
}

// clock finds queries whose plan depends on when it is made: the plan that is
// run may be a moment younger than the one that was learnt from.
var clock = regexp.MustCompile(`(?i)\b(now|today|current_\w+|get_current_\w+|local_?time\w*|transaction_timestamp|txid_\w+|age|ago|random|uuid|setseed|nextval|currval)\b`)

// Learn plans a query over sketches and notes what it filters them by. A query
// that can't be planned teaches nothing: whoever runs it learns why.
func Learn(ctx context.Context, sess *engine.Session, query string, args []any, sketches ...*Sketch) error {
	if clock.MatchString(query) || len(sketches) == 0 {
		return nil
	}
	var kind, text string
	if err := sess.QueryRow(ctx, "EXPLAIN (FORMAT json) "+query, args, &kind, &text); err != nil {
		return ctx.Err()
	}
	var plan []planNode
	if json.Unmarshal([]byte(text), &plan) != nil {
		return nil
	}
	byNumber := map[int]*Sketch{}
	found := map[int][]string{} // one a scan; "" = all rows
	for _, k := range sketches {
		byNumber[k.number] = k
	}
	for _, n := range plan {
		if !n.scans("", found) {
			return nil
		}
	}
	for number, expressions := range found {
		k := byNumber[number]
		if k == nil {
			return nil
		}
		filter, err := parseFilter(ctx, sess, k, expressions)
		if err != nil {
			return err
		}
		k.filter = filter
	}
	return nil
}

// planNode is a node of the engine's plan.
type planNode struct {
	Name     string     `json:"name"`
	Children []planNode `json:"children"`
	Extra    struct {
		Expression  planText `json:"Expression"`
		Projections planText `json:"Projections"`
		Function    planText `json:"Function"`
	} `json:"extra_info"`
}

// planText is a text or a list of texts.
type planText []string

func (p *planText) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*p = nil
		if one != "" {
			*p = planText{one}
		}
		return nil
	}
	var many []string
	err := json.Unmarshal(data, &many)
	*p = many
	return err
}

// scans notes each scan of a sketch with the filter right above it; false if
// there is one that can't be told whose it is.
func (n planNode) scans(filter string, found map[int][]string) bool {
	if len(n.Children) == 0 && strings.Contains(n.Name, "READ_CSV") {
		number, ok := -1, false
		for _, p := range n.Extra.Projections {
			if rest, is := strings.CutPrefix(p, "t"); is {
				digits, _, _ := strings.Cut(rest, "_")
				if v, err := strconv.Atoi(digits); err == nil {
					number, ok = v, true
				}
			}
		}
		if !ok {
			return false // it counts rows: of which table does not show
		}
		found[number] = append(found[number], filter)
		return true
	}
	filter = ""
	if n.Name == "FILTER" && len(n.Extra.Expression) > 0 {
		filter = "(" + strings.Join(n.Extra.Expression, ") AND (") + ")"
	}
	for _, c := range n.Children {
		if !c.scans(filter, found) {
			return false
		}
	}
	return true
}
