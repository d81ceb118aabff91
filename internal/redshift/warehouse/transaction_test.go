package warehouse

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tarn/internal/redshift/wire"
)

func TestTransactions(t *testing.T) {
	w := newWorld(t)
	a, b := w.login("awsuser"), w.login("awsuser")
	a.do("create table t (a int)", "insert into t values (1)")
	a.want("begin", "BEGIN")
	a.do("insert into t values (2)", "create table u (x int)", "create temp table tmp (x int)")
	b.want("select count(*) from t", "1\nSELECT")
	b.fails("select * from u", "42P01", "does not exist")
	a.want("select count(*) from t", "2\nSELECT")
	a.want("rollback", "ROLLBACK")
	a.want("select count(*) from t", "1\nSELECT")
	a.fails("select * from u", "42P01", "does not exist")
	a.fails("select * from tmp", "42P01", "does not exist")

	// An error ends the block; COMMIT answers ROLLBACK.
	a.do("begin", "insert into t values (3)")
	a.fails("select 1/0 from t", "22012", "ivi")
	a.fails("select 1", "25P02", "current transaction is aborted")
	a.want("commit", "ROLLBACK")
	a.want("select count(*) from t", "1\nSELECT")

	// Several statements of one text are one transaction.
	if _, err := a.run("insert into t values (4); insert into nothere values (1)"); err == nil {
		t.Error("an unknown table was taken")
	}
	a.want("select count(*) from t", "1\nSELECT")
	a.want("insert into t values (5); select count(*) from t", "INSERT 0 1\n2\nSELECT")
	a.want("begin; insert into t values (6); commit; select count(*) from t", "BEGIN\nINSERT 0 1\nCOMMIT\n3\nSELECT")

	// What belongs outside of blocks is refused in them.
	a.do("begin")
	a.fails("vacuum", "25001", "VACUUM cannot run inside a transaction block")
	a.do("rollback")

	// Settings are undone with their transaction.
	a.do("begin", "set query_group to 'x'", "rollback")
	a.want("show query_group", "default\nSHOW")
}

func TestConflictNamesTheOther(t *testing.T) {
	w := newWorld(t)
	a, b := w.login("awsuser"), w.login("awsuser")
	a.do("create table t (a int, b int)", "insert into t values (1, 0)", "begin")
	a.want("select * from t", "1|0\nSELECT")
	b.want("update t set b = 7 where a = 1", "UPDATE 1")
	e := a.fails("update t set b = 8 where a = 1", "XX000", "1023")
	if !strings.Contains(e.Detail, "Serializable isolation violation on table - ") || !strings.Contains(e.Detail, "update t set b = 7") ||
		!strings.Contains(e.Detail, fmt.Sprintf("(pid:%d)", b.start.PID)) {
		t.Errorf("detail %q", e.Detail)
	}
	a.do("rollback")
	a.want("update t set b = 8 where a = 1", "UPDATE 1")
}

// TestWritersOfOtherTables lets transactions that are open write different tables at the same time.
// dbt's threads hold one while another drops a table under a lock of their own.
func TestWritersOfOtherTables(t *testing.T) {
	w := newWorld(t)
	a, b := w.login("awsuser"), w.login("awsuser")
	a.do("create table t (a int)", "create table u (a int)", "begin", "insert into t values (1)", "create table a1 as select 1 as x", "create view va as select a from t")
	b.do("begin", "insert into u values (1)", "create table b1 as select 1 as x", "alter table b1 rename to b2", "commit", "drop table u", "create schema s")
	a.do("alter table a1 rename to a2", "commit")
	a.want("select (select count(*) from a2), (select count(*) from b2), (select count(*) from va)", "1|1|1\nSELECT")
}

// TestSerializable refuses what no order of transactions explains, and nothing else.
func TestSerializable(t *testing.T) {
	w := newWorld(t)
	a, b := w.login("awsuser"), w.login("awsuser")
	a.do("create table t (n int)", "create table u (n int)")

	// Each reads what the other writes.
	a.do("begin", "insert into t select count(*) from u")
	b.do("begin", "insert into u select count(*) from t")
	a.do("commit")
	e := b.fails("commit", "XX000", "1023")
	if !strings.Contains(e.Detail, "transactions forming the cycle are: ") {
		t.Errorf("detail %q", e.Detail)
	}
	b.want("select (select count(*) from t), (select count(*) from u)", "1|0\nSELECT")

	// Both read and write one table.
	a.do("begin", "select max(n) from t")
	b.do("begin", "select max(n) from t", "insert into t values (2)", "commit")
	a.fails("insert into t values (2)", "XX000", "1023")
	a.do("rollback")

	// Both only add; one reads what the other writes.
	a.do("begin", "insert into t values (3)")
	b.do("begin", "select 1 from u", "select 1")
	a.do("commit")
	b.do("insert into t values (4)", "commit")
	a.do("begin", "insert into t select 5 from u")
	b.do("insert into u values (1)")
	a.do("commit")
	a.want("select count(*) from t", "4\nSELECT")

	// A name that another transaction has taken since.
	a.do("begin", "select 1 from u")
	b.do("create table x (a int)")
	a.fails("create table x (a int)", "XX000", "1023")
	a.do("rollback")
	a.fails("create table x (a int)", "42P07", "already exists")
}

// TestDeadlock ends one of two transactions that wait for each other.
func TestDeadlock(t *testing.T) {
	w := newWorld(t)
	a, b := w.login("awsuser"), w.login("awsuser")
	a.do("create table t (n int)", "create table u (n int)", "begin", "insert into t values (1)")
	b.do("begin", "insert into u values (1)")
	waited := make(chan error)
	go func() {
		_, err := a.run("insert into u values (2)")
		waited <- err
	}()
	for w.locks.waiting() == 0 {
		time.Sleep(time.Millisecond)
	}
	b.fails("insert into t values (2)", "40P01", "deadlock detected")
	if err := <-waited; err != nil {
		t.Error(err)
	}
	a.do("commit")
	b.do("rollback")
	b.want("select (select count(*) from t), (select count(*) from u)", "1|1\nSELECT")

	// Who waits can be cancelled, and leaves nothing behind.
	a.do("begin", "insert into t values (3)")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := b.Query(ctx, "insert into t values (4)", func(wire.Result) error { return nil })
	if e, ok := errors.AsType[*wire.Error](err); !ok || e.Code != "57014" {
		t.Errorf("got %v", err)
	}
	a.do("commit")
	b.do("insert into t values (5)")
	if len(w.locks.held) != 0 || w.locks.waiting() != 0 {
		t.Errorf("locks remain: %v", w.locks.held)
	}
}

// waiting counts the sessions that wait for a lock.
func (l *locks) waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, k := range l.held {
		n += len(k.waiters)
	}
	return n
}

// TestWriters lets many sessions change the same row; each change is there in the end.
func TestWriters(t *testing.T) {
	w := newWorld(t)
	w.login("awsuser").do("create table t (n int)", "insert into t values (0)")
	var wg sync.WaitGroup
	for range 4 {
		c := w.login("awsuser")
		wg.Go(func() {
			for range 10 {
				if _, err := c.run("update t set n = n + 1"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	w.login("awsuser").want("select n from t", "40\nSELECT")
}

func TestStatementTimeoutAndCancel(t *testing.T) {
	c := newWorld(t).login("awsuser")
	long := "select count(*) from generate_series(1, 100000000) a(x), generate_series(1, 100000) b(y) where a.x % 7 = b.y % 11"
	c.do("set statement_timeout to 200")
	c.fails(long, "57014", "cancelled")
	c.do("set statement_timeout to 0")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err := c.Query(ctx, long, func(wire.Result) error { return nil })
	if e, ok := errors.AsType[*wire.Error](err); !ok || e.Code != "57014" {
		t.Errorf("got %v", err)
	}
	c.want("select 1", "1\nSELECT")
}

func TestCursors(t *testing.T) {
	c := newWorld(t).login("awsuser")
	c.fails("declare c cursor for select 1", "25P01", "transaction blocks")
	c.do("begin", "declare c cursor for select n from generate_series(1, 5) as g(n) order by n")
	c.want("fetch 2 from c", "1\n2\nFETCH 2")
	c.want("fetch next from c", "3\nFETCH 1")
	c.want("fetch all from c", "4\n5\nFETCH 2")
	c.want("fetch 1 from c", "FETCH 0")
	c.want("close c", "CLOSE CURSOR")
	c.fails("fetch 1 from c", "34000", "does not exist")
	c.do("rollback")
}

func TestPrepared(t *testing.T) {
	c := newWorld(t).login("awsuser")
	c.do("create table t (a int, b varchar(5))", "prepare p (int, varchar) as insert into t values ($1, $2)")
	c.want("execute p(1 + 1, 'x')", "INSERT 0 1")
	c.want("select * from t", "2|x\nSELECT")
	c.fails("execute q(1)", "26000", "does not exist")
	c.want("deallocate p", "DEALLOCATE")

	s, err := c.Prepare(t.Context(), "select a + $1, b || $2, $3::date from t where a > $1", []uint32{0, 0, 0})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(s.Params()); got != "[23 1043 1082]" {
		t.Errorf("parameters %s", got)
	}
	r, err := s.Run(t.Context(), []any{"1", "y", "2024-02-03"})
	if err != nil {
		t.Fatal(err)
	}
	row, err := r.Next(t.Context())
	if err != nil || show(row) != "3|xy|2024-02-03 00:00:00" {
		t.Errorf("%v %v", row, err)
	}
	if _, err := c.Prepare(t.Context(), "select 1; select 2", nil); err == nil {
		t.Error("two statements were prepared as one")
	}
}

// TestKill9 ends a process that inserts, again and again: what it was told is there stays there.
func TestKill9(t *testing.T) {
	if dir := os.Getenv("TARN_WAREHOUSE_VICTIM"); dir != "" {
		victim(t, dir)
		return
	}
	dir := t.TempDir()
	acknowledged := 0
	for range 4 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKill9$", "-test.v")
		cmd.Env = append(os.Environ(), "TARN_WAREHOUSE_VICTIM="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); {
			if v, ok := strings.CutPrefix(lines.Text(), "acknowledged "); ok {
				acknowledged, _ = strconv.Atoi(v)
				if n++; n == 15 {
					break
				}
			}
		}
		cmd.Process.Kill()
		cmd.Wait()
	}
	if acknowledged < 60 {
		t.Fatalf("only %d inserts were acknowledged", acknowledged)
	}
	c := openWorld(t, dir, Options{}).login("awsuser")
	got, err := c.run("select count(*) >= " + strconv.Itoa(acknowledged) + ", count(*) - count(distinct a), max(a) - count(*) from t")
	if err != nil || got != "true|0|0\nSELECT" {
		t.Errorf("after kill -9: %q %v, %d acknowledged", got, err, acknowledged)
	}
	// The store and the engine know the same tables.
	var strays int64
	if err := c.engine.QueryRow(t.Context(), `SELECT count(*) FROM (SELECT table_name FROM duckdb_tables() WHERE database_name = 'db_dev' AND schema_name = 'data') t
		FULL JOIN (SELECT 't' || oid AS name FROM db_dev._tarn.relation) r ON r.name = t.table_name WHERE r.name IS NULL OR t.table_name IS NULL`, nil, &strays); err != nil || strays != 0 {
		t.Errorf("%d tables are known to one side alone, %v", strays, err)
	}
}

func victim(t *testing.T, dir string) {
	c := openWorld(t, dir, Options{}).login("awsuser")
	c.do("create table if not exists t (a int, b varchar(10)) sortkey(a)")
	out, err := c.run("select coalesce(max(a), 0) from t")
	if err != nil {
		t.Fatal(err)
	}
	last, _ := strconv.Atoi(strings.TrimSuffix(out, "\nSELECT"))
	for n := last + 1; ; n++ {
		c.do(fmt.Sprintf("insert into t values (%d, 'x')", n))
		fmt.Printf("acknowledged %d\n", n)
		if n%5 == 0 {
			c.do(fmt.Sprintf("create table c%d as select * from t", n))
		}
	}
}

func TestReopen(t *testing.T) {
	dir := t.TempDir()
	t.Run("write", func(t *testing.T) {
		c := openWorld(t, dir, Options{}).login("awsuser")
		c.do("create schema s", "create table s.t (a int identity(1,1), b varchar(4) default 'x')", "insert into s.t (b) values ('y')",
			"create view s.v as select b from s.t", "create user ann password 'Secret123'", "grant usage on schema s to ann", "grant select on s.v to ann", "create database other")
		if _, err := os.Stat(filepath.Join(dir, "warehouse", "dev.duckdb")); err != nil {
			t.Error(err)
		}
	})
	t.Run("read", func(t *testing.T) {
		w := openWorld(t, dir, Options{})
		c := w.login("awsuser")
		c.want("insert into s.t (b) values (default)", "INSERT 0 1")
		c.want("select a, b from s.t order by a", "1|y\n2|x\nSELECT")
		w.login("ann").want("select count(*) from s.v", "2\nSELECT")
		c.want("select datname from pg_database order by 1", "dev\nother\nSELECT")
	})
}
