package sqlite

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tarn/internal/meta"
	"tarn/internal/meta/metatest"
)

// childEnv makes the test binary the writer that TestKill kills.
const childEnv = "TARN_TEST_META_WRITER"

func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		if err := writeUntilKilled(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func TestSuite(t *testing.T) {
	metatest.Run(t, func(dir string) (meta.Store, error) { return Open(filepath.Join(dir, "100% odd?name#.db")) })
}

// writeUntilKilled writes pairs that belong together and prints each number once it is durable.
func writeUntilKilled(path string) error {
	s, err := Open(path)
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		err := s.Update(context.Background(), func(tx meta.Tx) error {
			var n int
			if err := tx.Get("n", meta.Key{"n"}, &n); err != nil && !errors.Is(err, meta.ErrNotFound) {
				return err
			}
			if err := tx.Put("n", meta.Key{"n"}, n+1); err != nil {
				return err
			}
			i = n
			return tx.Insert("row", meta.Key{fmt.Sprintf("%08d", n)}, n)
		})
		if err != nil {
			return err
		}
		fmt.Println(i)
	}
}

func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meta.db")
	last := -1
	for round := range 6 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"="+path)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(150+37*round)*time.Millisecond, func() { cmd.Process.Kill() })
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if last, err = strconv.Atoi(lines.Text()); err != nil {
				t.Fatal(err)
			}
		}
		cmd.Wait() // it was killed: that is no news
		timer.Stop()

		s, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		n, rows := 0, 0
		err = s.View(context.Background(), func(tx meta.Tx) error {
			if err := tx.Get("n", meta.Key{"n"}, &n); err != nil && !errors.Is(err, meta.ErrNotFound) {
				return err
			}
			return tx.Scan("row", nil, nil, func(k meta.Key, raw json.RawMessage) (bool, error) {
				if want := fmt.Sprintf("%08d", rows); k[0] != want {
					t.Errorf("row %s, want %s", k[0], want)
				}
				rows++
				return true, nil
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		if rows != n || rows < last+1 || rows > last+2 {
			t.Errorf("round %d: %d rows, counter %d, last acknowledged %d", round, rows, n, last)
		}
		var ok string
		if err := s.(*store).reader.QueryRow("PRAGMA integrity_check").Scan(&ok); err != nil || ok != "ok" {
			t.Errorf("integrity: %s %v", ok, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if last < 0 {
		t.Error("nothing was ever acknowledged")
	}
}

func TestRefusesForeignFiles(t *testing.T) {
	cases := []struct{ name, setup, want string }{
		{"newer", "PRAGMA application_id=1952543342; PRAGMA user_version=99", "written by a newer version: its schema is 99, this program knows 1 (use the newer tarn"},
		{"another program's", "CREATE TABLE t(x)", "belongs to another program"},
		{"another program's id", "PRAGMA application_id=5", "belongs to another program"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.db")
			db, err := sql.Open("sqlite3", path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(c.setup); err != nil {
				t.Fatal(err)
			}
			db.Close()
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Open(path)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if c.name == "newer" != errors.Is(err, meta.ErrNewer) {
				t.Errorf("ErrNewer: %v", err)
			}
			after, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if len(before) != len(after) {
				t.Errorf("the file changed from %d to %d bytes", len(before), len(after))
			}
		})
	}
	t.Run("no database", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "x.db")
		if err := os.WriteFile(path, []byte(strings.Repeat("this is not SQLite ", 100)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want an error that names %s", err, path)
		}
	})
	t.Run("no folder", func(t *testing.T) {
		if _, err := Open(filepath.Join(t.TempDir(), "none", "x.db")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	})
}

func TestFileIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		fi, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if fi.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", fi.Name(), fi.Mode().Perm())
		}
	}
}

func BenchmarkGet(b *testing.B) {
	s, err := Open(filepath.Join(b.TempDir(), "x.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	ctx := context.Background()
	if err := s.Update(ctx, func(tx meta.Tx) error { return tx.Put("k", meta.Key{"a"}, "value") }); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := s.View(ctx, func(tx meta.Tx) error { return tx.Get("k", meta.Key{"a"}, new(string)) }); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDurablePut(b *testing.B) {
	s, err := Open(filepath.Join(b.TempDir(), "x.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for b.Loop() {
		if err := s.Update(context.Background(), func(tx meta.Tx) error { return tx.Put("k", meta.Key{"a"}, "value") }); err != nil {
			b.Fatal(err)
		}
	}
}
