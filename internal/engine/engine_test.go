package engine

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func open(t *testing.T, change func(*Options)) (*Engine, string) {
	t.Helper()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		t.Fatal(err)
	}
	o := Options{TempDir: filepath.Join(dir, "spill"), AllowedDirectories: []string{data}, MemoryLimit: 512 << 20, Threads: 2}
	if change != nil {
		change(&o)
	}
	e, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := e.Close(ctx); err != nil {
			t.Error("close:", err)
		}
	})
	return e, data
}

func session(t *testing.T, e *Engine, o ...Option) *Session {
	t.Helper()
	s, err := e.Session(t.Context(), o...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func exec(t *testing.T, s *Session, q string, args ...any) int64 {
	t.Helper()
	n, err := s.Exec(t.Context(), q, args...)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return n
}

func one(t *testing.T, s *Session, q string, args ...any) any {
	t.Helper()
	var v any
	if err := s.QueryRow(t.Context(), q, args, &v); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return v
}

func TestStartsLazily(t *testing.T) {
	e, _ := open(t, nil)
	if e.Started() {
		t.Fatal("started before the first session")
	}
	s := session(t, e)
	if got := one(t, s, "SELECT 41 + ?", 1); fmt.Sprint(got) != "42" {
		t.Fatalf("got %v", got)
	}
	if !e.Started() {
		t.Fatal("not started")
	}
}

func TestLockdown(t *testing.T) {
	e, data := open(t, nil)
	s := session(t, e)
	outside := filepath.Join(filepath.Dir(data), "outside.csv")
	if err := os.WriteFile(outside, []byte("a\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(data, "link.csv")); err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{
		"SELECT * FROM read_csv('/etc/passwd')",
		"SELECT * FROM read_text(" + QuoteText(outside) + ")",
		"SELECT * FROM read_text(" + QuoteText(data+"/../outside.csv") + ")",
		"SELECT * FROM glob('/*')",
		"COPY (SELECT 1) TO " + QuoteText(outside),
		"ATTACH " + QuoteText(filepath.Dir(data)+"/x.duckdb") + " AS x",
		"LOAD httpfs", "INSTALL httpfs", "SET enable_external_access = true",
	} {
		rows, err := s.Query(t.Context(), q)
		if err == nil {
			n := 0
			for rows.Next() {
				n++
			}
			rows.Close()
			if n > 0 {
				t.Errorf("%s was answered with %d rows", q, n)
			}
			if !strings.Contains(q, "glob") {
				t.Errorf("%s was allowed", q)
			}
		}
	}
	exec(t, s, "COPY (SELECT 1 AS a) TO "+QuoteText(data+"/in.parquet"))
	if err := e.Attach(t.Context(), "no", filepath.Dir(data)+"/x.duckdb", AttachOptions{}); !errors.Is(err, &Error{Kind: Permission}) {
		t.Errorf("attach outside: %v", err)
	}
}

func TestAttachWriteDetach(t *testing.T) {
	e, data := open(t, nil)
	path := filepath.Join(data, "w.duckdb")
	if err := e.Attach(t.Context(), "w", path, AttachOptions{}); err != nil {
		t.Fatal(err)
	}
	s := session(t, e)
	if err := s.Write(t.Context(), "w", func() error {
		exec(t, s, "CREATE TABLE w.main.t (n INTEGER)")
		a, err := s.Appender("w", "main", "t")
		if err != nil {
			return err
		}
		for i := range 1000 {
			if err := a.Append(int32(i)); err != nil {
				return err
			}
		}
		return a.Close(t.Context())
	}); err != nil {
		t.Fatal(err)
	}
	undone := errors.New("undone")
	if err := s.Write(t.Context(), "w", func() error { exec(t, s, "DELETE FROM w.main.t"); return undone }); !errors.Is(err, undone) {
		t.Fatal(err)
	}
	if got := one(t, s, "SELECT count(*) FROM w.main.t"); got != int64(1000) {
		t.Fatalf("rolled back to %v rows", got)
	}
	if err := e.Checkpoint(t.Context(), "w"); err != nil {
		t.Fatal(err)
	}
	if err := e.Detach(t.Context(), "w"); err != nil {
		t.Fatal(err)
	}
	if err := e.Attach(t.Context(), "r", path, AttachOptions{ReadOnly: true}); err != nil {
		t.Fatal(err)
	}
	if got := one(t, s, "SELECT sum(n) FROM r.main.t"); fmt.Sprint(got) != "499500" {
		t.Fatalf("after attaching again: %v", got)
	}
	if _, err := s.Exec(t.Context(), "INSERT INTO r.main.t VALUES (1)"); err == nil {
		t.Fatal("a read-only database was written")
	}
	if err := e.Attach(t.Context(), "none", filepath.Join(data, "none.duckdb"), AttachOptions{ReadOnly: true}); !errors.Is(err, &Error{Kind: IO}) {
		t.Fatalf("attaching what is not there: %v", err)
	}
}

// A generation is swapped under running readers: the old file may be detached
// and deleted while a query still reads it.
func TestDetachUnderReaders(t *testing.T) {
	e, data := open(t, nil)
	for i := range 2 {
		name := fmt.Sprintf("g%d", i)
		if err := e.Attach(t.Context(), name, filepath.Join(data, name), AttachOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	s := session(t, e)
	exec(t, s, "CREATE TABLE g0.main.t AS SELECT range AS n FROM range(3000000)")
	done := make(chan error, 1)
	go func() {
		r, err := e.Session(context.Background())
		if err != nil {
			done <- err
			return
		}
		defer r.Close()
		var v any
		err = r.QueryRow(context.Background(), "SELECT sum(hash(a.n, b.n) % 3) FROM g0.main.t a, (FROM g0.main.t LIMIT 20) b", nil, &v)
		done <- err
	}()
	time.Sleep(50 * time.Millisecond)
	if err := e.Detach(t.Context(), "g0"); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(data, "g0")); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestCancelKeepsTheSession(t *testing.T) {
	e, _ := open(t, nil)
	s := session(t, e)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := s.Query(ctx, "SELECT sum(hash(a.range, b.range)) FROM range(1000000) a, range(1000000) b")
	if !errors.Is(err, ErrCancelled) || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Fatalf("took %v to stop", d)
	}
	if got := one(t, s, "SELECT 1::BIGINT"); got != int64(1) {
		t.Fatal("the session is gone")
	}
}

func TestSpill(t *testing.T) {
	e, _ := open(t, func(o *Options) { o.MemoryLimit = 128 << 20 })
	s := session(t, e)
	got := one(t, s, "SELECT count(*) FROM (SELECT row_number() OVER (ORDER BY hash(range)) AS n, repeat('x', 40) AS pad FROM range(4000000)) WHERE n % 2 = 0 AND pad <> ''")
	if got != int64(2000000) {
		t.Fatalf("got %v", got)
	}
}

func TestOutOfMemory(t *testing.T) {
	e, _ := open(t, func(o *Options) { o.MemoryLimit = 32 << 20 })
	s := session(t, e)
	_, err := s.Query(t.Context(), "SELECT list(range) FROM range(20000000)")
	if !errors.Is(err, ErrOutOfMemory) {
		t.Fatalf("got %v", err)
	}
	if got := one(t, s, "SELECT 1::BIGINT"); got != int64(1) {
		t.Fatal("the session is gone")
	}
}

func TestLargeResultStaysWithinTheLimit(t *testing.T) {
	e, _ := open(t, func(o *Options) { o.MemoryLimit = 64 << 20 })
	s := session(t, e)
	rows, err := s.Query(t.Context(), "SELECT range, repeat('y', 100) FROM range(2000000)")
	if errors.Is(err, ErrOutOfMemory) {
		return // refused rather than grown past the limit
	}
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		n++
	}
	if n != 2000000 {
		t.Fatalf("%d rows, %v", n, rows.Err())
	}
}

func TestConcurrentReadersAndWriters(t *testing.T) {
	e, data := open(t, nil)
	if err := e.Attach(t.Context(), "w", filepath.Join(data, "w.duckdb"), AttachOptions{}); err != nil {
		t.Fatal(err)
	}
	exec(t, session(t, e), "CREATE TABLE w.main.acc AS SELECT range AS id, 100 AS money FROM range(10)")
	var wg sync.WaitGroup
	var reads, writes atomic.Int64
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	work := func(fn func(s *Session) error) {
		wg.Go(func() {
			s, err := e.Session(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			for ctx.Err() == nil {
				if err := fn(s); err != nil && ctx.Err() == nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 6 {
		work(func(s *Session) error {
			var sum int64
			if err := s.QueryRow(ctx, "SELECT sum(money) FROM w.main.acc", nil, &sum); err != nil {
				return err
			}
			if sum != 1000 {
				return fmt.Errorf("sum %d", sum)
			}
			reads.Add(1)
			return nil
		})
	}
	for i := range 3 {
		work(func(s *Session) error {
			defer writes.Add(1)
			return s.Write(ctx, "w", func() error {
				if _, err := s.Exec(ctx, "UPDATE w.main.acc SET money = money - 1 WHERE id = ?", i); err != nil {
					return err
				}
				_, err := s.Exec(ctx, "UPDATE w.main.acc SET money = money + 1 WHERE id = ?", 9-i)
				return err
			})
		})
	}
	wg.Wait()
	t.Logf("%d reads, %d writes", reads.Load(), writes.Load())
	if l := e.Load(); l.Busy != 0 || l.Waiting != 0 {
		t.Fatalf("left behind: %+v", l)
	}
}

func TestConflict(t *testing.T) {
	e, data := open(t, nil)
	if err := e.Attach(t.Context(), "w", filepath.Join(data, "w.duckdb"), AttachOptions{}); err != nil {
		t.Fatal(err)
	}
	a, b := session(t, e), session(t, e)
	exec(t, a, "CREATE TABLE w.main.t AS SELECT 1 AS n")
	for _, s := range []*Session{a, b} {
		if err := s.Begin(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	exec(t, a, "UPDATE w.main.t SET n = 2")
	if _, err := b.Exec(t.Context(), "UPDATE w.main.t SET n = 3"); !errors.Is(err, ErrConflict) {
		t.Fatalf("got %v", err)
	}
	if err := b.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Rollback(t.Context()); err != nil {
		t.Fatalf("rollback without a transaction: %v", err)
	}
}

func TestErrorsSayWhere(t *testing.T) {
	e, _ := open(t, nil)
	s := session(t, e)
	exec(t, s, "CREATE TEMP TABLE planes (tailnum VARCHAR, year INTEGER)")
	for _, c := range []struct {
		query      string
		kind       Kind
		position   int
		name       string
		candidates string
	}{
		{"SELECT tail_num FROM planes", Missing, 7, "tail_num", "tailnum"},
		{"SELECT *\nFROM plane", Missing, 14, "plane", "planes"},
		{"SELEC 1", Syntax, 0, "", ""},
		{"SELECT nofunc(1)", Missing, 7, "nofunc", "count"},
		{"SELECT CAST('x' AS INTEGER)", Conversion, 7, "", ""},
		{"CREATE TEMP TABLE planes (n INTEGER)", Exists, -1, "planes", ""},
	} {
		_, err := s.Exec(t.Context(), c.query)
		var got *Error
		if !errors.As(err, &got) {
			t.Errorf("%s: %v", c.query, err)
			continue
		}
		if got.Kind != c.kind || got.Position != c.position || got.Name != c.name || !strings.Contains(strings.Join(got.Candidates, ","), c.candidates) {
			t.Errorf("%s: %+v", c.query, *got)
		}
		if strings.Contains(got.Error(), "{") {
			t.Errorf("%s: raw text %q", c.query, got.Error())
		}
	}
}

func TestSettingsStayWithTheirSession(t *testing.T) {
	e, _ := open(t, nil)
	red, plain := session(t, e, WithRedshiftSettings()), session(t, e)
	if got := one(t, red, "SELECT 7 / 2"); fmt.Sprint(got) != "3" {
		t.Errorf("redshift: %v", got)
	}
	if got := one(t, plain, "SELECT 7 / 2"); fmt.Sprint(got) != "3.5" {
		t.Errorf("plain: %v", got)
	}
	red.Close()
	if got := one(t, session(t, e), "SELECT 7 / 2"); fmt.Sprint(got) != "3.5" {
		t.Errorf("after close: %v", got)
	}
}

func TestScalarAndPrelude(t *testing.T) {
	e, _ := open(t, nil)
	shout := Scalar{Name: "shout", Overloads: []Overload{
		{Args: []string{"VARCHAR"}, Result: "VARCHAR", Func: func(a []driver.Value) (any, error) { return strings.ToUpper(a[0].(string)), nil }},
		{Args: []string{"BIGINT"}, Result: "VARCHAR", NullIn: true, Func: func(a []driver.Value) (any, error) {
			if a[0] == nil {
				return "nothing", nil
			}
			return fmt.Sprintf("%d!", a[0]), nil
		}},
	}}
	if err := e.RegisterScalar(shout); err != nil {
		t.Fatal(err)
	}
	if err := e.Prelude(t.Context(), "CREATE MACRO twice(x) AS x * 2"); err != nil {
		t.Fatal(err)
	}
	s := session(t, e)
	if got := one(t, s, "SELECT shout('hi') || shout(2::BIGINT) || shout(NULL::BIGINT) || twice(4)"); got != "HI2!nothing8" {
		t.Fatalf("got %v", got)
	}
	late := Scalar{Name: "late", Overloads: []Overload{{Args: []string{"ANY"}, Result: "BIGINT", Func: func(a []driver.Value) (any, error) { return nil, errors.New("no luck") }}}}
	if err := e.RegisterScalar(late); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Exec(t.Context(), "SELECT late(1)"); err == nil || !strings.Contains(err.Error(), "no luck") {
		t.Fatalf("got %v", err)
	}
	if err := e.RegisterScalar(Scalar{Name: "bad", Overloads: []Overload{{Result: "NOPE"}}}); err == nil {
		t.Fatal("an unknown type was taken")
	}
}

func TestDescribe(t *testing.T) {
	e, _ := open(t, nil)
	s := session(t, e)
	d, err := s.Describe(t.Context(), "SELECT 1::DECIMAL(9,2) AS m, [1] AS l, {'a': 'x'} AS st, now() AS ts WHERE $1::INTEGER > 2")
	if err != nil {
		t.Fatal(err)
	}
	want := `[{m DECIMAL(9,2)} {l INTEGER[]} {st STRUCT("a" VARCHAR)} {ts TIMESTAMP WITH TIME ZONE}] [INTEGER] true`
	if got := fmt.Sprint(d.Columns, d.Parameters, d.Known); got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
}

func TestArrow(t *testing.T) {
	e, _ := open(t, nil)
	s := session(t, e)
	r, err := s.Arrow(t.Context(), "SELECT range AS n FROM range(10000)")
	if err != nil {
		t.Fatal(err)
	}
	release, err := s.RegisterArrow(r, "stream")
	if err != nil {
		t.Fatal(err)
	}
	got := one(t, s, "SELECT sum(n)::BIGINT FROM stream")
	release()
	r.Release()
	if got != int64(49995000) {
		t.Fatalf("got %v", got)
	}
}

func TestAdmissionIsInOrder(t *testing.T) {
	g := newGate(2)
	leave, err := g.enter(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	order := make(chan int, 3)
	for i, w := range []int{2, 1, 1} {
		started := make(chan struct{})
		go func() {
			close(started)
			out, err := g.enter(context.Background(), w)
			if err == nil {
				order <- i
				time.Sleep(10 * time.Millisecond)
				out()
			}
		}()
		<-started
		for g.load().Waiting < i+1 {
			time.Sleep(time.Millisecond)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := g.enter(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("waiting did not end: %v", err)
	}
	leave()
	if first := <-order; first != 0 {
		t.Fatalf("%d came before the first", first)
	}
	<-order
	<-order
	for g.load().Busy > 0 {
		time.Sleep(time.Millisecond)
	}
}

func TestCloseStopsRunningQueries(t *testing.T) {
	e, _ := open(t, nil)
	s := session(t, e)
	result := make(chan error, 1)
	go func() {
		_, err := s.Query(context.Background(), "SELECT sum(hash(a.range, b.range)) FROM range(1000000) a, range(1000000) b")
		s.Close()
		result <- err
	}()
	time.Sleep(100 * time.Millisecond)
	if err := e.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-result; !errors.Is(err, ErrClosed) {
		t.Fatalf("got %v", err)
	}
	if _, err := e.Session(t.Context()); !errors.Is(err, ErrClosed) {
		t.Fatalf("a session after close: %v", err)
	}
}

func TestLeftoverSpillIsRemoved(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, "duckdb_temp_storage_DEFAULT-0.tmp")
	if err := os.WriteFile(left, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := Open(Options{TempDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(t.Context())
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Fatal("still there")
	}
}

func BenchmarkFirstSession(b *testing.B) {
	for b.Loop() {
		e, err := Open(Options{TempDir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		s, err := e.Session(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
		e.Close(b.Context())
	}
}
