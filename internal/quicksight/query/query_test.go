package query

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tarn/api/quicksight"
	"tarn/internal/engine"
	"tarn/internal/quicksight/expression"
)

var update = flag.Bool("update", false, "rewrite the golden files from what comes out")

var flights = []Column{
	{"flight_date", expression.Datetime}, {"carrier", expression.String}, {"airline", expression.String}, {"origin", expression.String},
	{"dest", expression.String}, {"dep_delay", expression.Integer}, {"arr_delay", expression.Integer}, {"distance", expression.Integer},
}

// TestVisuals runs every visual of testdata/definition.json, and the cases of testdata/cases.json, over all flights of 2013 in a real
// engine. The golden file holds the statement and the first rows.
func TestVisuals(t *testing.T) {
	s := open(t)
	d := definition(t, "testdata/definition.json")
	var cases []struct {
		Name, Visual string
		Filters      map[string]Override
		Selections   []Selection
		Parameters   map[string][]string
		Limit        int
	}
	read(t, "testdata/cases.json", &cases)
	var out strings.Builder
	for _, c := range cases {
		fmt.Fprintf(&out, "=== %s\n", c.Name)
		q, err := Build(&Request{
			Definition: d, Columns: map[string][]Column{"flights": flights}, SheetID: "s1", VisualID: c.Visual,
			Filters: c.Filters, Selections: c.Selections, Parameters: c.Parameters, Limit: c.Limit,
			Now: time.Date(2013, 6, 15, 12, 0, 0, 0, time.UTC),
		})
		if err != nil {
			fmt.Fprintf(&out, "error: %s\n\n", err)
			continue
		}
		print(t, &out, s, q)
	}
	golden(t, "testdata/visuals.golden", out.String())
}

func TestControls(t *testing.T) {
	s := open(t)
	d := definition(t, "testdata/definition.json")
	var out strings.Builder
	for _, id := range []string{"f-origin", "f-date", "x4", "x10", "x26", "nope"} {
		fmt.Fprintf(&out, "=== %s\n", id)
		q, bounds, err := Control(&Request{Definition: d, Columns: map[string][]Column{"flights": flights}}, id)
		if err != nil {
			fmt.Fprintf(&out, "error: %s\n\n", err)
			continue
		}
		fmt.Fprintf(&out, "bounds: %v\n", bounds)
		print(t, &out, s, q)
	}
	golden(t, "testdata/controls.golden", out.String())
}

// The dashboard of the flights example, visual by visual.
func TestExample(t *testing.T) {
	s := open(t)
	d := definition(t, "../../../examples/flights/dashboards/delays.json")
	var out strings.Builder
	for _, v := range d.Sheets[0].Visuals {
		id, _ := Identify(v)
		fmt.Fprintf(&out, "=== %s\n", id)
		q, err := Build(&Request{Definition: d, Columns: map[string][]Column{"delays": flights}, SheetID: "delays", VisualID: id})
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		print(t, &out, s, q)
	}
	golden(t, "testdata/example.golden", out.String())
}

// A definition in another time zone groups and filters by local days.
func TestTimezone(t *testing.T) {
	s := open(t)
	d := definition(t, "testdata/definition.json")
	d.Options = &quicksight.AssetOptions{Timezone: new("America/New_York"), WeekStart: new("MONDAY")}
	q, err := Build(&Request{Definition: d, Columns: map[string][]Column{"flights": flights}, SheetID: "s1", VisualID: "line"})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := s.Query(t.Context(), q.SQL("flights"), q.Args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if !rows.Next() { // midnight UTC of 1 January is still December in New York
		t.Fatal("no rows")
	}
	if got := fmt.Sprintf("%s %v", rows.Values()[0].(time.Time).Format("2006-01"), rows.Values()[1]); got != "2012-12 842" {
		t.Errorf("got %s", got)
	}
}

func TestArgumentsAreThoseInUse(t *testing.T) {
	q := &Query{Args: []any{"a", "b", "c"}, ctes: []string{`x AS (SELECT '$1', "$2", $3)`}, final: "SELECT $3, $2 FROM x"}
	q.compact()
	if got, want := q.SQL("r"), "WITH ds AS (SELECT * FROM r),\n  x AS (SELECT '$1', \"$2\", $1)\nSELECT $1, $2 FROM x"; got != want {
		t.Errorf("got %s", got)
	}
	if fmt.Sprint(q.Args) != "[c b]" {
		t.Errorf("got %v", q.Args)
	}
}

func print(t *testing.T, out *strings.Builder, s *engine.Session, q *Query) {
	t.Helper()
	sql := q.SQL("flights")
	fmt.Fprintf(out, "%s\n", sql)
	for i, a := range q.Args {
		fmt.Fprintf(out, "$%d = %v\n", i+1, a)
	}
	for _, n := range q.Notes {
		fmt.Fprintf(out, "note: %s\n", n)
	}
	rows, err := s.Query(t.Context(), sql, q.Args...)
	if err != nil {
		t.Errorf("%v\n%s", err, sql)
		fmt.Fprintf(out, "engine: %s\n\n", err)
		return
	}
	defer rows.Close()
	var head []string
	for i, c := range q.Columns {
		head = append(head, fmt.Sprintf("%s:%s:%s:%s", c.FieldID, c.Name, c.Role, c.Type))
		if got := rows.Columns()[i].Type; got != c.Type.SQL() {
			t.Errorf("column %d is %s, not %s\n%s", i, got, c.Type, sql)
		}
	}
	fmt.Fprintln(out, strings.Join(head, " | "))
	n := 0
	for ; rows.Next(); n++ {
		if n >= 18 {
			continue
		}
		var cells []string
		for _, v := range rows.Values() {
			switch v := v.(type) {
			case nil:
				cells = append(cells, "NULL")
			case time.Time:
				cells = append(cells, v.UTC().Format("2006-01-02T15:04:05"))
			case float64:
				cells = append(cells, fmt.Sprintf("%.6f", v))
			default:
				cells = append(cells, fmt.Sprint(v))
			}
		}
		fmt.Fprintln(out, strings.Join(cells, " | "))
	}
	fmt.Fprintf(out, "(%d rows)\n\n", n)
}

func open(t *testing.T) *engine.Session {
	t.Helper()
	dir, err := filepath.Abs("../testdata")
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.Open(engine.Options{TempDir: t.TempDir(), AllowedDirectories: []string{dir}, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Session(t.Context(), engine.WithSetting("TimeZone", "'UTC'"), engine.WithSetting("ieee_floating_point_ops", "false"), engine.WithSetting("max_expression_depth", "3000"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), e.Close(context.Background())); err != nil {
			t.Error(err)
		}
	})
	if _, err := s.Exec(t.Context(), "CREATE TEMP TABLE flights AS SELECT * REPLACE (dep_delay::BIGINT AS dep_delay, arr_delay::BIGINT AS arr_delay, distance::BIGINT AS distance) FROM read_parquet('"+dir+"/flights.parquet')"); err != nil {
		t.Fatal(err)
	}
	return s
}

func read(t *testing.T, path string, v any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func definition(t *testing.T, path string) *quicksight.DashboardVersionDefinition {
	t.Helper()
	var d quicksight.DashboardVersionDefinition
	read(t, path, &d)
	return &d
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			t.Fatalf("%s:%d: got  %s\nrun with -update and look at the difference", path, i+1, g[i])
		}
	}
	t.Fatalf("%s has %d lines more", path, len(w)-len(g))
}
