package expression

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"tarn/internal/engine"
)

var update = flag.Bool("update", false, "rewrite the golden files from what comes out")

// TestFunctions runs testdata/functions.txt on a real DuckDB: an expression a line, and after => its type and result, or its error.
// Row expressions run over the first row of the table, aggregates over all five.
func TestFunctions(t *testing.T) {
	db := openTable(t)
	if _, err := db.Exec(t.Context(), `INSERT INTO ds VALUES
		(1, 'Newark-Liberty', 10, 2.5, TIMESTAMP '2013-02-14 15:04:05.678', 'odd', NULL),
		(2, 'JFK', 20, -7.25, TIMESTAMP '2013-03-01 00:00:00', NULL, NULL),
		(3, 'LGA', NULL, NULL, NULL, NULL, NULL),
		(4, 'JFK', 20, 1e15, TIMESTAMP '2013-12-31 23:59:59.999', NULL, NULL),
		(5, 'O''Hare', -5, 0, TIMESTAMP '2014-01-05 12:00:00', NULL, NULL)`); err != nil {
		t.Fatal(err)
	}
	const path = "testdata/functions.txt"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for i, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			fmt.Fprintln(&out, line)
			continue
		}
		src, want, _ := strings.Cut(line, "  =>  ")
		got := evaluate(db, strings.ReplaceAll(src, `\n`, "\n"))
		if got != want && !*update {
			t.Errorf("%s:%d: %s\n got %s\nwant %s", path, i+1, src, got, want)
		}
		fmt.Fprintf(&out, "%s  =>  %s\n", src, got)
	}
	if *update {
		if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// openTable gives a session of the real engine with an empty table ds.
func openTable(t testing.TB) *engine.Session {
	e, err := engine.Open(engine.Options{TempDir: t.TempDir(), Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Session(context.Background(), engine.WithSetting("TimeZone", "'UTC'"), engine.WithSetting("ieee_floating_point_ops", "false"), engine.WithSetting("max_expression_depth", "3000"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), e.Close(context.Background())); err != nil {
			t.Error(err)
		}
	})
	if _, err := s.Exec(context.Background(), `CREATE TEMP TABLE ds (id BIGINT, s VARCHAR, n BIGINT, x DOUBLE, d TIMESTAMP, "odd ""name""" VARCHAR, empty VARCHAR)`); err != nil {
		t.Fatal(err)
	}
	return s
}

func testEnvironment(args *[]any) *Environment {
	return &Environment{
		Columns:    map[string]Type{"id": Integer, "s": String, "n": Integer, "x": Decimal, "d": Datetime, `odd "name"`: String, "empty": String},
		Calculated: map[string]string{"double": "{n} * 2", "total": "sum({double})", "loop": "{pool} + 1", "pool": "{loop} + 1", "broken": "1 +\n foo({n})", "x": "{x} + 0.5"},
		Parameters: map[string]Parameter{
			"Airport":  {Type: String, Values: []any{"JFK"}},
			"Airports": {Type: String, Multi: true, Values: []any{"JFK", "LGA"}},
			"Least":    {Type: Integer, Values: []any{int64(15)}},
			"From":     {Type: Datetime, Values: []any{time.Date(2013, 2, 1, 0, 0, 0, 0, time.UTC)}},
			"Unset":    {Type: String},
		},
		Now: time.Date(2013, 7, 4, 10, 30, 0, 0, time.UTC),
		Bind: func(v any) string {
			*args = append(*args, v)
			return fmt.Sprintf("$%d", len(*args))
		},
	}
}

func evaluate(db *engine.Session, src string) string {
	var args []any
	v, err := testEnvironment(&args).Compile(src)
	var mistake *Error
	if errors.As(err, &mistake) {
		return fmt.Sprintf("%s %s", mistake.Code, mistake)
	}
	if err != nil {
		return "not a typed error: " + err.Error()
	}
	shown := v.Column()
	query := "SELECT " + shown.SQL + ", typeof(" + shown.SQL + ") FROM ds"
	if v.Level != Aggregated {
		query += " WHERE id = 1"
	}
	var got any
	var engineType string
	if err := db.QueryRow(context.Background(), query, args, &got, &engineType); err != nil {
		return "ENGINE " + err.Error() + " IN " + query
	}
	if engineType != shown.Type.SQL() {
		return fmt.Sprintf("ENGINE TYPE %s INSTEAD OF %s IN %s", engineType, shown.Type.SQL(), query)
	}
	text := fmt.Sprint(got)
	switch got := got.(type) {
	case nil:
		text = "NULL"
	case time.Time:
		text = got.UTC().Format("2006-01-02T15:04:05.000")
	case string:
		text = "'" + got + "'"
	}
	return v.Type.String() + " " + text
}
