package sqljob

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tarn/internal/engine"
)

const delays = `-- delays of every flight
SELECT make_date(f.year, f.month, f.day) AS flight_date, f.hour, f.carrier, l.name AS airline, f.origin, f.dest, p.manufacturer, f.arr_delay
FROM raw.flights f LEFT JOIN raw.airlines l USING (carrier) LEFT JOIN raw.planes p USING (tailnum)
WHERE f.arr_delay IS NOT NULL;
`

// The figures are those that come with the data.
func TestDelaysOfRealFlights(t *testing.T) {
	w := newWorld(t)
	w.flights()
	s := w.spec(delays)
	s.Partition = []string{"month(flight_date)"}
	r := w.must(s)
	if r.Rows != 327346 || r.Mode != "replace" {
		t.Fatalf("%+v", r)
	}
	got := w.rows("SELECT count(*), round(avg(arr_delay), 6), count(DISTINCT month(flight_date)) FROM TABLE")
	if got != "327346 6.895377 12" {
		t.Fatalf("got %s", got)
	}
	got = w.rows("SELECT carrier, round(avg(arr_delay), 4) FROM TABLE GROUP BY ALL ORDER BY 2 DESC LIMIT 3")
	if got != "F9 21.9207\nFL 20.1159\nEV 15.7964" {
		t.Fatalf("got %s", got)
	}
	again := w.must(s)
	if again.Before != 327346 || again.Rows != 327346 {
		t.Fatalf("%+v", again)
	}
}

func TestNamesAndOtherProjects(t *testing.T) {
	w := newWorld(t)
	w.csv("flights_raw", "a", "n", "int")
	w.csv("flights", "b", "n", "int")
	w.csv("other", "c", "n", "int")
	w.put("flights_raw/a/1.csv", strings.NewReader("n\n1\n"))
	w.put("flights/b/1.csv", strings.NewReader("n\n10\n"))
	w.put("other/c/1.csv", strings.NewReader("n\n100\n"))
	w.must(w.spec(`WITH b AS (SELECT n + 1000 AS n FROM b), d AS (SELECT n FROM b)
		SELECT sum(n)::BIGINT AS n FROM (FROM raw.a UNION ALL FROM d UNION ALL FROM flights.b UNION ALL FROM other.c UNION ALL SELECT range::INTEGER FROM range(2))`))
	if got := w.rows("FROM TABLE"); got != "1122" {
		t.Fatalf("got %s", got)
	}
}

func TestErrorsOfTheQuery(t *testing.T) {
	w := newWorld(t)
	w.csv("flights_raw", "planes", "tailnum", "string", "year", "int", "seats", "int")
	w.csv("flights_raw", "airlines", "carrier", "string", "name", "string")
	w.csv("flights", "clean_flights", "tailnum", "string", "carrier", "string")
	w.put("flights_raw/planes/1.csv", strings.NewReader("tailnum,year,seats\nN1,2004,55\n"))
	for _, c := range []struct{ query, want string }{
		{"SELECT *\nFROM clean_flights f\nJOIN raw.planes p ON p.tail_num = f.tailnum", "jobs/t.sql:3:22  raw.planes has no column \"tail_num\"\n  It has: tailnum, year, seats.   Did you mean \"tailnum\"?"},
		{"SELECT sets FROM raw.planes", "jobs/t.sql:1:8  raw.planes has no column \"sets\"\n  It has: tailnum, year, seats.   Did you mean \"seats\"?"},
		{"SELECT f.carrier, nme FROM clean_flights f, raw.airlines", "jobs/t.sql:1:19  no table of the query has a column \"nme\"\n  Did you mean \"name\"?"},
		{"WITH x AS (SELECT 1 AS a) SELECT x.b FROM x", "jobs/t.sql:1:34  x has no column \"b\""},
		{"SELECT *\n  FROM raw.plane", "jobs/t.sql:2:8  there is no table raw.plane\n  There are: airlines, planes.   Did you mean \"planes\"?"},
		{"SELECT * FROM planes", "jobs/t.sql:1:15  there is no table planes\n  Did you mean \"raw.planes\"?"},
		{"SELECT * FROM nobody.planes", "jobs/t.sql:1:15  there is no table nobody.planes\n  The catalog's database nobody is not there."},
		{"SELECT * FROM other.planes", "The catalog's database other has no tables yet"},
		{"SELECT 1 +", "jobs/t.sql:1:11  syntax error at end of input"},
		{"SELEC 1", "jobs/t.sql:1:1  syntax error at or near \"SELEC\""},
		{"SELECT 'ü', $sart", "jobs/t.sql:1:13  the parameter $sart is not known\n  SQL jobs have $start and $end."},
		{"SELECT 1; SELECT 2", "there are 2 statements, a SQL job is one SELECT"},
		{"CREATE TABLE x AS SELECT 1", "a SQL job is one SELECT"},
		{"COPY (SELECT 1) TO '/tmp/x'", "a SQL job is one SELECT"},
		{"SELECT 1 AS a, 2 AS A", "two columns of this name"},
		{"SELECT sum(tailnum) AS s FROM raw.planes", "jobs/t.sql:1:8  No function matches the given name and argument types 'sum(VARCHAR)'"},
	} {
		_, err := w.run(w.spec(c.query))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\ngot  %v\nwant %s", c.query, err, c.want)
		}
	}
}

func TestRefusesWhatReachesOut(t *testing.T) {
	w := newWorld(t)
	w.csv("flights_raw", "a", "n", "int")
	for _, q := range []string{
		"SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM glob('/*')", "SELECT * FROM '/etc/passwd'", "SELECT * FROM 'x.parquet'",
		"SELECT getenv('HOME')", "SELECT * FROM query('SELECT 1')", "SELECT * FROM query_table('a')", "SELECT * FROM duckdb_settings()", "SELECT * FROM information_schema.tables",
		"SELECT * FROM pg_catalog.pg_tables", "SELECT * FROM duckdb_tables", "SELECT * FROM pragma_version()", "SELECT current_setting('memory_limit')", "SELECT * FROM sniff_csv('/etc/passwd')",
		"SELECT * FROM memory.main.a", "SHOW TABLES", "SELECT * FROM (DESCRIBE raw.a)", "SUMMARIZE raw.a", "SELECT * FROM raw.a AT (VERSION => 1)", "SELECT nextval('s')",
		"SELECT (SELECT count(*) FROM read_blob('/etc/*')) AS n", "WITH x AS (SELECT * FROM read_json('/x')) SELECT * FROM x", "SELECT list_transform([1], lambda x: getvariable('y'))",
		"SELECT * FROM json_execute_serialized_sql('x')", "SELECT write_log('x')", "SELECT pg_sleep(1)", "SELECT x FROM raw.a ORDER BY getenv('HOME')", "SELECT count(*) FILTER (WHERE getenv('A') = '') FROM raw.a",
		"SELECT sum(n) OVER (PARTITION BY getenv('HOME')) FROM raw.a", "SELECT * FROM raw.a LIMIT (SELECT count(*) FROM read_text('/etc/passwd'))", "FROM histogram('raw.a', n)", "SELECT * FROM unnest((SELECT list(content) FROM read_text('/etc/passwd')))",
		"SELECT * REPLACE (getenv('HOME') AS n) FROM raw.a", "SELECT COLUMNS(c -> getenv('HOME') = '') FROM raw.a", "SELECT * FROM raw.a QUALIFY getenv('HOME') = ''", "SELECT * FROM (VALUES (getenv('HOME'))) t", "SELECT system.main.getenv('HOME')",
		"PIVOT raw.a ON n", "SELECT * FROM (PIVOT raw.a ON n USING first(getenv('HOME')))", "CALL pragma_version()", "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r, read_text('/etc/passwd')) SELECT * FROM r",
	} {
		_, err := w.run(w.spec(q))
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", q, err)
		}
	}
	for _, q := range []string{
		"SELECT n, row_number() OVER (ORDER BY n) AS r FROM raw.a QUALIFY r = 1", "FROM raw.a SELECT count(*) AS c", "SELECT list_transform([1, 2], lambda x: x + 1) AS l",
		"SELECT extract(year FROM DATE '2013-01-01') AS y, position('a' IN 'ba') AS p, coalesce(NULL, 1) AS c, 'a' || 'b' AS s, 1 BETWEEN 0 AND 2 AS b, current_date AS d, 7 // 2 AS i, 'ab' LIKE 'a%' AS k, 'x' SIMILAR TO 'x' AS m, 'ab' ILIKE 'A_' AS n, trim(' a ') AS t, CAST('1' AS INTEGER) AS z",
		"SELECT DISTINCT ON (n) n FROM raw.a ORDER BY n LIMIT 5", "SELECT n, sum(n) AS s FROM raw.a GROUP BY GROUPING SETS ((n), ())", "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT n FROM r",
		"SELECT t.n FROM raw.a t ASOF JOIN raw.a u ON t.n >= u.n", "SELECT unnest([1, 2]) AS n", "SELECT CASE WHEN n > 1 THEN 'x' ELSE 'y' END AS c, nullif(n, 1) AS m, greatest(n, 2) AS g FROM raw.a", "SELECT string_agg(n::VARCHAR, ',' ORDER BY n) AS s, quantile_cont(n, 0.5) AS q FROM raw.a",
	} {
		s := w.spec(q)
		if _, err := w.run(s, "--allow_empty", "true"); err != nil {
			t.Errorf("%s: %v", q, err)
		}
	}
}

func TestBadRowOfAnInput(t *testing.T) {
	w := newWorld(t)
	w.csv("flights_raw", "flights", "year", "int", "carrier", "string")
	w.put("flights_raw/flights/flights-07.csv.gz", gz("year,carrier\n2013,UA\n2O13,AA\n"))
	_, err := w.run(w.spec("SELECT year, carrier FROM raw.flights"))
	want := "raw.flights: column year: \"2O13\" is not an int in s3://lake/flights_raw/flights/flights-07.csv.gz, line 3: 2O13,AA\n  Correct the row, or keep the column as text (columns: {year: string} of the source)"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("got %v", err)
	}
}

func TestEmptyAnswer(t *testing.T) {
	w := newWorld(t)
	w.csv("flights_raw", "quakes", "mag", "double")
	w.must(w.spec("SELECT 1.0::DOUBLE AS mag"))
	_, err := w.run(w.spec("SELECT mag FROM raw.quakes"))
	want := "t would replace 1 rows by none: raw.quakes is empty. The old table is untouched.\n  If that is right:  tarn run t --allow-empty"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("got %v", err)
	}
	if got := w.rows("FROM TABLE"); got != "1" {
		t.Fatalf("got %s", got)
	}
	if r := w.must(w.spec("SELECT mag FROM raw.quakes"), "--allow_empty", "true"); r.Rows != 0 {
		t.Fatalf("%+v", r)
	}
}

func TestIntervals(t *testing.T) {
	w := newWorld(t)
	query := "SELECT d::DATE AS day, 'run' AS what, $end AS until FROM generate_series(TIMESTAMP '2013-01-01', TIMESTAMP '2013-12-31', INTERVAL 1 DAY) g(d) WHERE d >= $start AND d < $end -- $start of a month"
	_, err := w.run(w.spec(query), "--start", "2013-01-15", "--end", "2013-02-20")
	if err == nil || !strings.Contains(err.Error(), "jobs/t.sql:1:154  $start is used, but nothing says how") || !strings.Contains(err.Error(), "partition: [month(column)]") {
		t.Fatalf("got %v", err)
	}
	s := w.spec(query)
	s.Partition = []string{"month(day)"}
	if _, err := w.run(s); err == nil || !strings.Contains(err.Error(), "has no interval") {
		t.Fatalf("got %v", err)
	}
	r := w.must(s, "--start", "2013-01-15", "--end", "2013-02-20")
	if r.Mode != "range" || r.Rows != 59 {
		t.Fatalf("%+v", r)
	}
	w.must(s, "--start", "2013-02-20", "--end", "2013-04-01")
	w.runner.Properties = func(_ context.Context, workflow, run string) (map[string]string, error) {
		if workflow != "nightly" || run != "wr_1" {
			t.Errorf("asked for %s %s", workflow, run)
		}
		return map[string]string{"start": "2013-02-20T00:00:00Z", "end": "2013-04-01T00:00:00Z"}, nil
	}
	w.must(s, "--WORKFLOW_NAME", "nightly", "--WORKFLOW_RUN_ID", "wr_1")
	if _, err := w.run(s, "--start", "2013-02-20", "--end", "2013-02-20"); err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Fatalf("got %v", err)
	}
	if got := w.rows("SELECT count(*), count(DISTINCT day), max(until)::DATE::VARCHAR FROM TABLE"); got != "90 90 2013-04-01" {
		t.Fatalf("got %s", got)
	}
	s.Keys, s.Partition, s.Timezone = []string{"day"}, nil, "America/New_York"
	s.Table, s.Query = "t", "SELECT d::DATE AS day, 'merged' AS what, $end AS until FROM generate_series($start, $end, INTERVAL 1 DAY) g(d)"
	r = w.must(s, "--start", "2013-03-31T05:00:00Z", "--end", "2013-04-02T05:00:00Z")
	if r.Mode != "merge" {
		t.Fatalf("%+v", r)
	}
	if got := w.rows("SELECT what, count(*), max(day)::VARCHAR, max(until)::VARCHAR FROM TABLE GROUP BY 1 ORDER BY 1"); got != "merged 3 2013-04-02 2013-04-02 01:00:00\nrun 89 2013-03-30 2013-04-01 00:00:00" {
		t.Fatalf("got %s", got)
	}
}

func TestWiden(t *testing.T) {
	day := func(s string) time.Time { d, _ := time.Parse("2006-01-02 15:04", s); return d }
	for _, c := range []struct{ transform, start, end, from, to string }{
		{"month", "2013-01-15 03:00", "2013-02-20 00:00", "2013-01-01 00:00", "2013-03-01 00:00"},
		{"month", "2013-01-01 00:00", "2013-02-01 00:00", "2013-01-01 00:00", "2013-02-01 00:00"},
		{"day", "2013-01-01 05:00", "2013-01-02 05:00", "2013-01-01 00:00", "2013-01-03 00:00"},
		{"year", "2012-12-31 23:59", "2013-01-01 00:01", "2012-01-01 00:00", "2014-01-01 00:00"},
		{"hour", "2013-01-01 05:10", "2013-01-01 06:00", "2013-01-01 05:00", "2013-01-01 06:00"},
	} {
		from, to := widen(c.transform, day(c.start), day(c.end))
		if !from.Equal(day(c.from)) || !to.Equal(day(c.to)) {
			t.Errorf("%+v: %s to %s", c, from, to)
		}
	}
}

func TestScriptRoundTrip(t *testing.T) {
	s := Spec{Project: "p", Name: "n", File: "jobs/n.sql", Query: "SELECT 'a\nb' -- ü \"", Database: "p", RawDatabase: "p_raw", Table: "n", Partition: []string{"month(d)"}}
	text, err := Script(s)
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseScript([]byte(text))
	if err != nil || back.Query != s.Query {
		t.Fatalf("%v %+v", err, back)
	}
	for _, bad := range []string{"", "print(1)", "# tarn:sql v2 {}", "# tarn:sql v1 {", "# tarn:sql v1 {}"} {
		if _, err := ParseScript([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
	s.Partition = []string{"week(d)"}
	if _, err := Script(s); err == nil {
		t.Error("week(d) was taken")
	}
}

func TestBind(t *testing.T) {
	values := map[string]string{"start": "TIMESTAMP '2013-01-01'"}
	for query, want := range map[string]string{
		"a > $start":                        "a > TIMESTAMP '2013-01-01'",
		"'$start' \"$start\" -- $start\n$x": "'$start' \"$start\" -- $start\n$x",
		"/* $start */ e'\\'$start' $start;": "/* $start */ e'\\'$start' TIMESTAMP '2013-01-01';",
		"$$ $start $$ $t$ $start $t$":       "$$ $start $$ $t$ $start $t$",
		"name'$start'":                      "name'$start'",
		"$starter a$start":                  "$starter a$start",
	} {
		if got := bind(query, values).text; got != want {
			t.Errorf("%s: %s", query, got)
		}
	}
	b := bind("a $start b $start c", values)
	for i, c := range b.text {
		at := b.origin(i)
		if at < 0 || at >= len("a $start b $start c") || strings.ContainsRune("abc", c) && i != 2 && b.text[i] == byte(c) && (i == 0 || b.text[i-1] == ' ') && "a $start b $start c"[at] != byte(c) {
			t.Errorf("%d came from %d", i, at)
		}
	}
}

func FuzzBind(f *testing.F) {
	f.Add("a $start '$start' $$x$$ e'\\' -- $end")
	f.Fuzz(func(t *testing.T, q string) {
		b := bind(q, map[string]string{"start": "S", "end": "TIMESTAMP 'x'"})
		for i := range len(b.text) {
			if o := b.origin(i); o < 0 || o > len(q) {
				t.Fatalf("%d of %q came from %d", i, b.text, o)
			}
		}
	})
}

// The name of a common table expression is no way to a file or a system table
// where the expression is out of scope.
func TestNamesOutOfScope(t *testing.T) {
	w := newWorld(t)
	w.csv("flights_raw", "a", "n", "int")
	w.put("flights_raw/a/a.csv", strings.NewReader("n\n1\n"))
	secret := filepath.Join(w.lake.TempDir(), "secret.csv")
	if err := os.WriteFile(secret, []byte("k\nhidden\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{secret, "duckdb_settings", "duckdb_tables", "sqlite_master", "pragma_database_list"} {
		q := engine.QuoteIdent(name)
		for _, query := range []string{
			"SELECT * FROM (WITH " + q + " AS (SELECT 1 AS one) SELECT * FROM " + q + ") x, " + q + " y",
			"WITH early AS (SELECT * FROM " + q + "), " + q + " AS (SELECT 1 AS one) SELECT * FROM early",
			"SELECT (WITH " + q + " AS (SELECT 1 AS one) SELECT one FROM " + q + ") AS one, (SELECT count(*) FROM " + q + ") AS n FROM raw.a",
			"WITH " + q + " AS (SELECT 1 AS one UNION ALL SELECT count(*) FROM " + q + ") SELECT * FROM " + q,
		} {
			if r, err := w.run(w.spec(query)); err == nil {
				t.Errorf("%s: %+v: %s", query, r, w.rows("FROM TABLE"))
			} else if strings.Contains(err.Error(), "hidden") || !strings.Contains(err.Error(), "belongs to another part of the query") {
				t.Errorf("%s: %v", query, err)
			}
		}
	}
	w.must(w.spec("WITH a AS (SELECT n FROM raw.a), b AS (SELECT n FROM a) SELECT (WITH a AS (SELECT 5 AS n) SELECT n FROM a) AS five, b.n FROM b JOIN a USING (n)"))
	if got := w.rows("FROM TABLE"); got != "5 1" {
		t.Fatal(got)
	}
}
