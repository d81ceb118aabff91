package warehouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tarn/internal/engine"
	"tarn/internal/meta/sqlite"
	"tarn/internal/redshift/wire"
)

// world is a warehouse on a folder of its own.
type world struct {
	*Warehouse
	t   testing.TB
	dir string
	pid uint32
}

func newWorld(t *testing.T) *world { return openWorld(t, t.TempDir(), Options{}) }

func openWorld(t testing.TB, dir string, o Options) *world {
	t.Helper()
	store, err := sqlite.Open(filepath.Join(dir, "tarn.db"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.Open(engine.Options{TempDir: filepath.Join(dir, "spill"), AllowedDirectories: []string{dir}, MemoryLimit: 512 << 20, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := e.Close(ctx); err != nil {
			t.Error(err)
		}
		store.Close()
	})
	o.Dir, o.Engine, o.Meta = filepath.Join(dir, "warehouse"), e, store
	o.MasterPassword = func() string { return "Secret123" }
	w, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return &world{Warehouse: w, t: t, dir: dir}
}

// client collects what a session says beside its answers.
type testClient struct{ notices []string }

func (c *testClient) Notice(n *wire.Error)     { c.notices = append(c.notices, n.Message) }
func (c *testClient) Parameter(string, string) {}

type conn struct {
	*Session
	t      testing.TB
	client *testClient
}

func (w *world) login(user string) *conn {
	w.t.Helper()
	w.pid++
	client := &testClient{}
	s, err := w.open(w.t.Context(), wire.Startup{User: user, Database: "dev", PID: 1000 + w.pid}, client)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { s.Close() })
	return &conn{s, w.t, client}
}

// run gives the answer of a text as lines: rows with | between values, then the tag.
func (c *conn) run(text string) (string, error) {
	var out []string
	err := c.Query(c.t.Context(), text, func(r wire.Result) error {
		defer r.Close()
		for {
			row, err := r.Next(c.t.Context())
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
			out = append(out, show(row))
		}
		out = append(out, r.Tag())
		return nil
	})
	return strings.Join(out, "\n"), err
}

func show(row []any) string {
	parts := make([]string, len(row))
	for i, v := range row {
		switch v := v.(type) {
		case nil:
			parts[i] = "NULL"
		case time.Time:
			parts[i] = v.UTC().Format("2006-01-02 15:04:05")
		default:
			parts[i] = fmt.Sprint(v)
		}
	}
	return strings.Join(parts, "|")
}

func (c *conn) want(text, want string) {
	c.t.Helper()
	got, err := c.run(text)
	if err != nil {
		c.t.Errorf("%s: %v", text, err)
		return
	}
	if got != want {
		c.t.Errorf("%s\n got: %q\nwant: %q", text, got, want)
	}
}

func (c *conn) do(texts ...string) {
	c.t.Helper()
	for _, text := range texts {
		if _, err := c.run(text); err != nil {
			c.t.Fatalf("%s: %v", text, err)
		}
	}
}

func (c *conn) fails(text, code, message string) *wire.Error {
	c.t.Helper()
	_, err := c.run(text)
	e, ok := errors.AsType[*wire.Error](err)
	if !ok || e.Code != code || !strings.Contains(e.Message, message) {
		c.t.Errorf("%s: got %v (%+v), want %s %s", text, err, e, code, message)
		return &wire.Error{}
	}
	return e
}

func TestTables(t *testing.T) {
	c := newWorld(t).login("awsuser")
	c.want("create table t (a int not null distkey, b varchar(3) encode lzo, c decimal(8,2) default 1.5, primary key (a)) sortkey(a)", "CREATE TABLE")
	c.want("insert into t values (2, 'x', 3), (1, 'abc', 2.25)", "INSERT 0 2")
	c.want("insert into t (a) values (3)", "INSERT 0 1")
	c.want("select a, b, c from t order by a", "1|abc|2.25\n2|x|3.00\n3|NULL|1.50\nSELECT")
	c.fails("insert into t values (4, 'abcd', 0)", "22001", "value too long for type character varying(3)")
	c.fails("insert into t values (null, 'a', 0)", "23502", "Cannot insert a NULL value into column a")
	c.fails("create table t (a int)", "42P07", `Relation "t" already exists`)
	c.want("create table if not exists t (a int)", "CREATE TABLE")
	c.want("update t set b = 'y' where a > 1", "UPDATE 2")
	c.want("delete from t where a = 3", "DELETE 1")
	c.want("create table u distkey(b) sortkey(b) as select b, count(*) as n from t group by b", "SELECT")
	c.want("select * from u order by b", "abc|1\ny|1\nSELECT")
	c.want("alter table t rename to v", "ALTER TABLE")
	c.fails("select * from t", "42P01", `relation "t" does not exist`)
	c.want("alter table v add column d int default 7 not null", "ALTER TABLE")
	c.want("select d from v", "7\n7\nSELECT")
	c.want("alter table v rename column d to e", "ALTER TABLE")
	c.want("alter table v drop column e", "ALTER TABLE")
	c.want("alter table v alter column b type varchar(10)", "ALTER TABLE")
	c.want("insert into v values (9, 'abcdefghij', 0)", "INSERT 0 1")
	c.want("truncate v", "TRUNCATE TABLE")
	c.want("select count(*) from v", "0\nSELECT")
	c.want("create table i (id int identity(10, 5), x int)", "CREATE TABLE")
	c.want("insert into i (x) values (1), (2)", "INSERT 0 2")
	c.want("select id, x from i order by 1", "10|1\n15|2\nSELECT")
	c.want("create temp table tt (a int)", "CREATE TABLE")
	c.want("insert into tt select x from i", "INSERT 0 2")
	c.want("create table #h as select 1 as one", "SELECT")
	c.want("select one from #h", "1\nSELECT")
	c.want("drop table v, u", "DROP TABLE")
	c.fails("drop table v", "42P01", "does not exist")
	c.want("drop table if exists v", "DROP TABLE")
	c.want("vacuum", "VACUUM")
	c.want("analyze i", "ANALYZE")
}
