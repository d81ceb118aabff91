package sql_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	rs "tarn/internal/redshift/sql"
)

var update = flag.Bool("update", false, "rewrite the expected parts of testdata/cases")

// now is the time of every statement in the cases.
var now = time.Date(2024, 3, 15, 10, 20, 30, 500_000_000, time.UTC)

// engine is a DuckDB with the settings, functions and macros that printed SQL needs.
type engine struct {
	conn   *sql.Conn
	tables map[string]*rs.TableInfo
	ses    *rs.Session
}

func newEngine(t *testing.T) *engine {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	e := &engine{conn: conn, tables: map[string]*rs.TableInfo{}}
	for _, f := range rs.ScalarUDFs(func() time.Time { return now }) {
		if err := duckdb.RegisterScalarUDF(conn, f.Name, &udf{t, f}); err != nil {
			t.Fatal(f.Name, err)
		}
	}
	e.exec(t, "SET integer_division=true; SET default_null_order='nulls_last_on_asc_first_on_desc'; SET ieee_floating_point_ops=false; SET TimeZone='UTC'")
	e.exec(t, rs.Prelude(true))
	e.ses = &rs.Session{User: "awsuser", UserID: 100, Database: "dev", Schema: "public", Schemas: []string{"public"}, BackendPID: 4242,
		Now: now, TxNow: now.Add(-time.Second), TimeZone: "UTC", Version: "PostgreSQL 8.0.2, Redshift 1.0",
		Setting: func(n string) (string, bool) { return "on", n == "downcase_delimited_identifier" }}
	return e
}

func (e *engine) exec(t *testing.T, q string) {
	t.Helper()
	if _, err := e.conn.ExecContext(context.Background(), q); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
}

// Table is the catalog of the cases: the tables of setup.sql, in schema public.
func (e *engine) Table(path []string) (*rs.TableInfo, error) {
	if len(path) > 1 && path[len(path)-2] != "public" {
		return nil, nil
	}
	return e.tables[path[len(path)-1]], nil
}

func relation(u *rs.TableUse) (string, error) {
	return `"` + u.Table.Path[len(u.Table.Path)-1] + `"`, nil
}

// setup creates what a text of CREATE TABLE, CREATE VIEW and INSERT says.
func (e *engine) setup(t *testing.T, text string) {
	t.Helper()
	stmts, err := rs.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stmts {
		switch s := s.(type) {
		case *rs.CreateTableStmt:
			info := &rs.TableInfo{Path: []string{"dev", "public", s.Name.Last()}}
			var cols []string
			for _, c := range s.Columns {
				col := rs.Column{Name: c.Name.Name, Type: c.Type, NotNull: c.NotNull, Default: c.Default, Identity: c.Identity}
				if c.Identity != nil {
					e.exec(t, "CREATE SEQUENCE seq")
					col.IdentityNext = "nextval('seq')"
				}
				col.TrailingBlanks = c.Name.Name == "padded"
				info.Columns = append(info.Columns, col)
				cols = append(cols, `"`+c.Name.Name+`" `+c.Type.DuckDB())
			}
			e.tables[s.Name.Last()] = info
			e.exec(t, `CREATE TABLE "`+s.Name.Last()+`" (`+strings.Join(cols, ", ")+")")
		case *rs.CreateViewStmt:
			plan, err := rs.Analyze(s, e, e.ses)
			if err != nil {
				t.Fatal(err)
			}
			info := &rs.TableInfo{Path: []string{"dev", "public", s.Name.Last()}, View: s.Query}
			for _, c := range plan.Columns {
				info.Columns = append(info.Columns, rs.Column{Name: c.Name, Type: c.Type})
			}
			e.tables[s.Name.Last()] = info
		default:
			plan, err := rs.Analyze(s, e, e.ses)
			if err != nil {
				t.Fatalf("%s: %v", s.Source().Text, err)
			}
			q, err := plan.SQL(relation)
			if err != nil {
				t.Fatal(err)
			}
			e.exec(t, q)
		}
	}
}

type udf struct {
	t *testing.T
	f rs.ScalarUDF
}

func (u *udf) Config() duckdb.ScalarFuncConfig {
	var cfg duckdb.ScalarFuncConfig
	for _, a := range u.f.Args {
		cfg.InputTypeInfos = append(cfg.InputTypeInfos, typeInfo(u.t, a))
	}
	cfg.ResultTypeInfo = typeInfo(u.t, u.f.Result)
	return cfg
}

func (u *udf) Executor() duckdb.ScalarFuncExecutor {
	return duckdb.ScalarFuncExecutor{RowExecutor: func(vals []driver.Value) (any, error) {
		in := make([]any, len(vals))
		for i, v := range vals {
			in[i] = v
		}
		return u.f.Fn(in)
	}}
}

func typeInfo(t *testing.T, typ rs.Type) duckdb.TypeInfo {
	kinds := map[string]duckdb.Type{"VARCHAR": duckdb.TYPE_VARCHAR, "INTEGER": duckdb.TYPE_INTEGER, "BIGINT": duckdb.TYPE_BIGINT,
		"BOOLEAN": duckdb.TYPE_BOOLEAN, "TIMESTAMP": duckdb.TYPE_TIMESTAMP, "BLOB": duckdb.TYPE_BLOB, "DOUBLE": duckdb.TYPE_DOUBLE}
	info, err := duckdb.NewTypeInfo(kinds[typ.DuckDB()])
	if err != nil {
		t.Fatal(typ, err)
	}
	return info
}

// run gives a case's expected part: the printed SQL, the columns, the rows, or the error.
func (e *engine) run(text string) string {
	stmts, err := rs.Parse(text)
	if err != nil {
		return errorText(err)
	}
	var b strings.Builder
	for _, s := range stmts {
		plan, err := rs.Analyze(s, e, e.ses)
		if err != nil {
			return errorText(err)
		}
		q, err := plan.SQL(relation)
		if err != nil {
			return errorText(err)
		}
		b.WriteString(q + "\n")
		if plan.Kind != rs.PlanQuery {
			if _, err := e.conn.ExecContext(context.Background(), q); err != nil {
				return b.String() + engineError(err)
			}
			continue
		}
		var cols []string
		for _, c := range plan.Columns {
			cols = append(cols, c.Name+" "+c.Type.String())
		}
		b.WriteString(strings.Join(cols, ", ") + "\n")
		rows, err := e.rows(q, plan)
		if err != nil {
			return b.String() + engineError(err)
		}
		b.WriteString(rows)
	}
	return b.String()
}

var inDecimal = regexp.MustCompile(`^DECIMAL\(\d+,`)

// rows runs a query and writes its values as text. It also checks that the engine's types are the declared ones.
func (e *engine) rows(q string, plan *rs.Plan) (string, error) {
	ctx := context.Background()
	types, err := e.conn.QueryContext(ctx, "SELECT column_type FROM (DESCRIBE "+q+")")
	if err != nil {
		return "", err
	}
	defer types.Close()
	for i := 0; types.Next(); i++ {
		var have string
		if err := types.Scan(&have); err != nil {
			return "", err
		}
		want := plan.Columns[i].Type.DuckDB()
		if want == "REAL" {
			want = "FLOAT"
		}
		want = strings.Replace(want, "TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE", 1)
		want = strings.Replace(want, "TIMETZ", "TIME WITH TIME ZONE", 1)
		if inDecimal.ReplaceAllString(have, "D") != inDecimal.ReplaceAllString(want, "D") {
			return "", fmt.Errorf("column %s is %s in the engine, declared %s", plan.Columns[i].Name, have, want)
		}
	}
	var cols []string
	for i := range plan.Columns {
		cols = append(cols, fmt.Sprintf("CAST(c%d AS VARCHAR)", i))
	}
	var names []string
	for i := range plan.Columns {
		names = append(names, fmt.Sprintf("c%d", i))
	}
	rows, err := e.conn.QueryContext(ctx, "SELECT "+strings.Join(cols, ", ")+" FROM ("+q+") AS q("+strings.Join(names, ", ")+")")
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var b strings.Builder
	for rows.Next() {
		vals := make([]sql.NullString, len(cols))
		ptrs := make([]any, len(cols))
		for i := range vals {
			ptrs[i] = &vals[i]
		}
		if err := rows.Scan(ptrs...); err != nil {
			return "", err
		}
		for i, v := range vals {
			if i > 0 {
				b.WriteString(" | ")
			}
			if v.Valid {
				b.WriteString(strings.ReplaceAll(v.String, "\n", `\n`))
			} else {
				b.WriteString("NULL")
			}
		}
		b.WriteString("\n")
	}
	return b.String(), rows.Err()
}

func errorText(err error) string {
	e, ok := errors.AsType[*rs.Error](err)
	if !ok {
		return "error: " + err.Error() + "\n"
	}
	s := fmt.Sprintf("error: %s %s @%d:%d", e.Code, e.Message, e.Line, e.Col)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s + "\n"
}

func engineError(err error) string {
	first, _, _ := strings.Cut(err.Error(), "\n")
	e := rs.EngineError(err.Error())
	return "run-time error: " + e.Code + " " + e.Message + "  [" + first + "]\n"
}

// TestCases runs testdata/cases/*.txt: statements, a line of dashes, what they print and give, a blank line.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/cases/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	setup, err := os.ReadFile("testdata/setup.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			e := newEngine(t)
			e.setup(t, string(setup))
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			for block := range strings.SplitSeq(strings.TrimRight(string(data), "\n"), "\n\n") {
				query, want, _ := strings.Cut(strings.Trim(block, "\n"), "\n----\n")
				query = strings.TrimSuffix(query, "\n----")
				if query == "" {
					continue
				}
				have := strings.TrimRight(e.run(query), "\n")
				if have != strings.TrimRight(want, "\n") && !*update {
					t.Errorf("%s\nhave:\n%s\nwant:\n%s", query, have, want)
				}
				out.WriteString(query + "\n----\n" + have + "\n\n")
			}
			if *update {
				if err := os.WriteFile(file, []byte(strings.TrimRight(out.String(), "\n")+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
