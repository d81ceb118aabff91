// Package metatest is the suite that every backend of the metadata store passes.
package metatest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"tarn/internal/meta"
)

// Run runs the suite. open opens the store that lives in dir, which is the same one when asked again after Close.
func Run(t *testing.T, open func(dir string) (meta.Store, error)) {
	cases := []struct {
		name string
		test func(t *testing.T, s meta.Store)
	}{
		{"documents", documents},
		{"scans", scans},
		{"prefixes", prefixes},
		{"a scan sees its own writes", scanWhileWriting},
		{"an error undoes everything", rollback},
		{"a panic undoes everything", panics},
		{"views are read-only snapshots", snapshots},
		{"updates are serial", serial},
		{"a cancelled context changes nothing", cancelled},
		{"watch", watch},
		{"a slow watcher is told", slowWatcher},
		{"random histories agree with a map", randomHistory},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, err := open(filepath.Join(t.TempDir()))
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}()
			c.test(t, s)
		})
	}
	t.Run("a store keeps what it was given", func(t *testing.T) { reopen(t, open) })
}

var bg = context.Background()

func update(t *testing.T, s meta.Store, fn func(meta.Tx) error) {
	t.Helper()
	if err := s.Update(bg, fn); err != nil {
		t.Fatal(err)
	}
}

func keys(t *testing.T, s meta.Store, kind string, prefix, after meta.Key, limit int) []string {
	t.Helper()
	got := []string{}
	err := s.View(bg, func(tx meta.Tx) error {
		return tx.Scan(kind, prefix, after, func(k meta.Key, raw json.RawMessage) (bool, error) {
			got = append(got, k.String())
			return len(got) < limit, nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func want[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}

func wantErr(t *testing.T, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: got error %v, want %v", what, err, target)
	}
}

func documents(t *testing.T, s meta.Store) {
	type doc struct {
		Name string
		N    int `json:",omitzero"`
	}
	k := meta.Key{"a", "b"}
	update(t, s, func(tx meta.Tx) error {
		wantErr(t, "get of nothing", tx.Get("x", k, &doc{}), meta.ErrNotFound)
		wantErr(t, "delete of nothing", tx.Delete("x", k), meta.ErrNotFound)
		wantErr(t, "put without a key", tx.Put("x", nil, 1), meta.ErrKey)
		wantErr(t, "insert without a key", tx.Insert("x", meta.Key{}, 1), meta.ErrKey)
		if err := tx.Insert("x", k, doc{"one", 1}); err != nil {
			return err
		}
		wantErr(t, "second insert", tx.Insert("x", k, doc{"two", 2}), meta.ErrExists)
		return tx.Put("y", k, json.RawMessage(`{"Name":"other kind","Unknown":[1,2]}`))
	})
	update(t, s, func(tx meta.Tx) error {
		var d doc
		if err := tx.Get("x", k, &d); err != nil {
			return err
		}
		want(t, "inserted", d, doc{"one", 1})
		var raw json.RawMessage
		if err := tx.Get("y", k, &raw); err != nil {
			return err
		}
		want(t, "raw", string(raw), `{"Name":"other kind","Unknown":[1,2]}`)
		if err := tx.Put("x", k, doc{"three", 3}); err != nil {
			return err
		}
		d = doc{}
		if err := tx.Get("x", k, &d); err != nil {
			return err
		}
		want(t, "own write", d, doc{"three", 3})
		return tx.Delete("y", k)
	})
	err := s.View(bg, func(tx meta.Tx) error {
		wantErr(t, "deleted", tx.Get("y", k, new(json.RawMessage)), meta.ErrNotFound)
		return tx.Get("x", k, new(int))
	})
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		t.Errorf("a document of another type: got %v", err)
	}
	if err := s.Update(bg, func(tx meta.Tx) error { return tx.Put("x", k, make(chan int)) }); err == nil {
		t.Error("a value that is no JSON was stored")
	}
}

// Keys that a careless encoding would confuse or misorder.
var trickyKeys = []meta.Key{
	{""}, {"", ""}, {"", "a"}, {"\x00"}, {"\x00\x01"}, {"\x00\xff"}, {"\x01"}, {"a"}, {"a", ""}, {"a", "\x00"}, {"a", "b"},
	{"a", "b", "c"}, {"a", "b\x00"}, {"a", "c"}, {"a\x00"}, {"a\x00\x01"}, {"a\x00", "b"}, {"a\x01"}, {"a/b"}, {"aa"}, {"b"},
	{"é"}, {"日本"}, {"\xff"}, {"\xff", "\xff"}, {"\xff\xff"},
}

func scans(t *testing.T, s meta.Store) {
	sorted := slices.Clone(trickyKeys)
	slices.SortFunc(sorted, meta.Key.Compare)
	update(t, s, func(tx meta.Tx) error {
		for _, i := range rand.New(rand.NewSource(1)).Perm(len(sorted)) {
			if err := tx.Insert("k", sorted[i], i); err != nil {
				return err
			}
		}
		return tx.Insert("other", meta.Key{"a"}, -1)
	})
	for _, prefix := range append([]meta.Key{nil, {}, {"none"}}, sorted...) {
		for _, after := range append([]meta.Key{nil, {}}, sorted...) {
			var expect []int
			for i, k := range sorted {
				if k.HasPrefix(prefix) && (after == nil || k.Compare(after) > 0) {
					expect = append(expect, i)
				}
			}
			var got []int
			err := s.View(bg, func(tx meta.Tx) error {
				return tx.Scan("k", prefix, after, func(k meta.Key, raw json.RawMessage) (bool, error) {
					var i int
					if err := json.Unmarshal(raw, &i); err != nil {
						return false, err
					}
					if k.Compare(sorted[i]) != 0 {
						t.Errorf("key %q holds the value of %q", k, sorted[i])
					}
					got = append(got, i)
					return true, nil
				})
			})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, expect) {
				t.Errorf("scan of prefix %q after %q: got %v, want %v", prefix, after, got, expect)
			}
		}
	}
	stop := errors.New("stop")
	err := s.View(bg, func(tx meta.Tx) error {
		return tx.Scan("k", nil, nil, func(meta.Key, json.RawMessage) (bool, error) { return true, stop })
	})
	wantErr(t, "error of the callback", err, stop)
}

func prefixes(t *testing.T, s meta.Store) {
	update(t, s, func(tx meta.Tx) error {
		for _, k := range trickyKeys {
			if err := tx.Put("k", k, 1); err != nil {
				return err
			}
		}
		n, err := tx.DeletePrefix("k", meta.Key{"a", "b"})
		want(t, "deleted", n, 2)
		return err
	})
	want(t, "left below a", keys(t, s, "k", meta.Key{"a"}, nil, 100), []string{"a", "a/", "a/\x00", "a/b\x00", "a/c"})
	update(t, s, func(tx meta.Tx) error {
		n, err := tx.DeletePrefix("k", nil)
		want(t, "deleted", n, len(trickyKeys)-2)
		return err
	})
	want(t, "left", keys(t, s, "k", nil, nil, 100), []string{})
}

func scanWhileWriting(t *testing.T, s meta.Store) {
	const n = 3000
	update(t, s, func(tx meta.Tx) error {
		for i := range n {
			if err := tx.Put("k", meta.Key{fmt.Sprintf("%05d", i)}, i); err != nil {
				return err
			}
		}
		seen := 0
		err := tx.Scan("k", nil, nil, func(k meta.Key, raw json.RawMessage) (bool, error) {
			seen++
			if err := tx.Put("copy", k, raw); err != nil {
				return false, err
			}
			return true, tx.Delete("k", k)
		})
		want(t, "seen", seen, n)
		return err
	})
	want(t, "left", len(keys(t, s, "k", nil, nil, n+1)), 0)
	want(t, "copied", len(keys(t, s, "copy", nil, nil, n+1)), n)
}

func rollback(t *testing.T, s meta.Store) {
	no := errors.New("no")
	err := s.Update(bg, func(tx meta.Tx) error {
		if err := tx.Put("k", meta.Key{"a"}, 1); err != nil {
			return err
		}
		return no
	})
	wantErr(t, "error of the function", err, no)
	want(t, "left", len(keys(t, s, "k", nil, nil, 1)), 0)
}

func panics(t *testing.T, s meta.Store) {
	func() {
		defer func() { want(t, "panic", recover(), any("boom")) }()
		_ = s.Update(bg, func(tx meta.Tx) error {
			if err := tx.Put("k", meta.Key{"a"}, 1); err != nil {
				return err
			}
			panic("boom")
		})
	}()
	update(t, s, func(tx meta.Tx) error { return tx.Put("k", meta.Key{"b"}, 1) })
	want(t, "left", keys(t, s, "k", nil, nil, 9), []string{"b"})
}

func snapshots(t *testing.T, s meta.Store) {
	update(t, s, func(tx meta.Tx) error { return tx.Put("k", meta.Key{"a"}, 1) })
	err := s.View(bg, func(tx meta.Tx) error {
		wantErr(t, "put in a view", tx.Put("k", meta.Key{"b"}, 1), meta.ErrReadOnly)
		wantErr(t, "insert in a view", tx.Insert("k", meta.Key{"b"}, 1), meta.ErrReadOnly)
		wantErr(t, "delete in a view", tx.Delete("k", meta.Key{"a"}), meta.ErrReadOnly)
		_, err := tx.DeletePrefix("k", nil)
		wantErr(t, "delete of a prefix in a view", err, meta.ErrReadOnly)
		var before, after int
		if err := tx.Get("k", meta.Key{"a"}, &before); err != nil {
			return err
		}
		update(t, s, func(tx meta.Tx) error { return tx.Put("k", meta.Key{"a"}, 2) })
		if err := tx.Get("k", meta.Key{"a"}, &after); err != nil {
			return err
		}
		want(t, "value in an older snapshot", after, before)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func serial(t *testing.T, s meta.Store) {
	const writers, each = 8, 25
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				err := s.Update(bg, func(tx meta.Tx) error {
					var n int
					if err := tx.Get("k", meta.Key{"n"}, &n); err != nil && !errors.Is(err, meta.ErrNotFound) {
						return err
					}
					return tx.Put("k", meta.Key{"n"}, n+1)
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	var n int
	if err := s.View(bg, func(tx meta.Tx) error { return tx.Get("k", meta.Key{"n"}, &n) }); err != nil {
		t.Fatal(err)
	}
	want(t, "count", n, writers*each)
}

func cancelled(t *testing.T, s meta.Store) {
	ctx, cancel := context.WithCancel(bg)
	err := s.Update(ctx, func(tx meta.Tx) error {
		if err := tx.Put("k", meta.Key{"a"}, 1); err != nil {
			return err
		}
		cancel()
		return nil
	})
	wantErr(t, "cancelled before commit", err, context.Canceled)
	wantErr(t, "update", s.Update(ctx, func(meta.Tx) error { return nil }), context.Canceled)
	wantErr(t, "view", s.View(ctx, func(meta.Tx) error { return nil }), context.Canceled)
	want(t, "left", len(keys(t, s, "k", nil, nil, 1)), 0)

	// One who waits for the writer's turn gives up with its context.
	inside, done := make(chan struct{}), make(chan error)
	release := make(chan struct{})
	go func() {
		done <- s.Update(bg, func(meta.Tx) error { close(inside); <-release; return nil })
	}()
	<-inside
	ctx, cancel = context.WithTimeout(bg, 10*time.Millisecond)
	defer cancel()
	wantErr(t, "waiting", s.Update(ctx, func(meta.Tx) error { return nil }), context.DeadlineExceeded)
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func next(t *testing.T, ch <-chan meta.Change) (meta.Change, bool) {
	t.Helper()
	select {
	case c, ok := <-ch:
		return c, ok
	case <-time.After(10 * time.Second):
		t.Fatal("no change came")
		return meta.Change{}, false
	}
}

func watch(t *testing.T, s meta.Store) {
	ctx, cancel := context.WithCancel(bg)
	some := s.Watch(ctx, "x", "y")
	all := s.Watch(ctx)
	no := errors.New("no")
	_ = s.Update(bg, func(tx meta.Tx) error { return errors.Join(tx.Put("x", meta.Key{"undone"}, 1), no) })
	update(t, s, func(tx meta.Tx) error {
		return errors.Join(tx.Put("z", meta.Key{"z"}, 1), tx.Insert("x", meta.Key{"a", "1"}, 1), tx.Put("x", meta.Key{"a", "2"}, 1))
	})
	update(t, s, func(tx meta.Tx) error {
		_, err := tx.DeletePrefix("x", meta.Key{"a"})
		return errors.Join(err, tx.Put("y", meta.Key{"b"}, 1))
	})
	for _, expect := range []string{"{x a/1 false false}", "{x a/2 false false}", "{x a/1 true false}", "{x a/2 true false}", "{y b false false}"} {
		c, _ := next(t, some)
		want(t, "change", fmt.Sprint(c), expect)
	}
	if c, _ := next(t, all); c.Kind != "z" {
		t.Errorf("a watcher of everything got %v first, want z", c)
	}
	cancel()
	for {
		if _, open := next(t, all); !open {
			break
		}
	}
	// A change is visible as soon as it is told of.
	told := s.Watch(bg, "k")
	go func() {
		for i := range 50 {
			if err := s.Update(bg, func(tx meta.Tx) error { return tx.Insert("k", meta.Key{fmt.Sprint(i)}, i) }); err != nil {
				t.Error(err)
			}
		}
	}()
	for range 50 {
		c, _ := next(t, told)
		if err := s.View(bg, func(tx meta.Tx) error { return tx.Get("k", c.Key, new(int)) }); err != nil {
			t.Errorf("told of %v, but: %v", c, err)
		}
	}
}

func slowWatcher(t *testing.T, s meta.Store) {
	ctx, cancel := context.WithCancel(bg)
	defer cancel()
	ch := s.Watch(ctx, "k")
	const n = 20000
	for from := 0; from < n; from += 1000 {
		update(t, s, func(tx meta.Tx) error {
			for i := range 1000 {
				if err := tx.Put("k", meta.Key{fmt.Sprintf("%06d", from+i)}, 1); err != nil {
					return err
				}
			}
			return nil
		})
	}
	update(t, s, func(tx meta.Tx) error { return tx.Put("k", meta.Key{"last"}, 1) })
	dropped, got := false, 0
	for {
		c, _ := next(t, ch)
		if c.Dropped {
			dropped = true
			continue
		}
		got++
		if c.Key[0] == "last" {
			break
		}
	}
	if !dropped || got >= n {
		t.Errorf("got %d of %d changes, told of a gap: %v", got, n, dropped)
	}
}

// randomHistory runs the same operations on the store and on a map, with errors that undo some transactions.
func randomHistory(t *testing.T, s meta.Store) {
	undo := errors.New("undo")
	rnd := rand.New(rand.NewSource(42))
	model := map[string]map[string]string{"k0": {}, "k1": {}}
	randomKey := func() meta.Key {
		k := meta.Key{}
		for range 1 + rnd.Intn(3) {
			k = append(k, []string{"", "a", "b", "a\x00", "\xff", "ab"}[rnd.Intn(6)])
		}
		return k
	}
	for step := range 300 {
		next := map[string]map[string]string{"k0": maps.Clone(model["k0"]), "k1": maps.Clone(model["k1"])}
		fail := rnd.Intn(4) == 0
		err := s.Update(bg, func(tx meta.Tx) error {
			for range rnd.Intn(12) {
				kind := fmt.Sprintf("k%d", rnd.Intn(2))
				k := randomKey()
				id := string(k.Encode())
				old, there := next[kind][id]
				v := fmt.Sprint(rnd.Intn(1000))
				switch rnd.Intn(6) {
				case 0, 1:
					if err := tx.Put(kind, k, v); err != nil {
						return err
					}
					next[kind][id] = v
				case 2:
					err := tx.Insert(kind, k, v)
					if there != errors.Is(err, meta.ErrExists) || !there && err != nil {
						t.Fatalf("step %d: insert of %q (there: %v): %v", step, k, there, err)
					}
					if !there {
						next[kind][id] = v
					}
				case 3:
					err := tx.Delete(kind, k)
					if there == errors.Is(err, meta.ErrNotFound) || there && err != nil {
						t.Fatalf("step %d: delete of %q (there: %v): %v", step, k, there, err)
					}
					delete(next[kind], id)
				case 4:
					n, err := tx.DeletePrefix(kind, k)
					if err != nil {
						return err
					}
					expect := 0
					for o := range next[kind] {
						ok, err := meta.DecodeKey([]byte(o))
						if err != nil {
							return err
						}
						if ok.HasPrefix(k) {
							delete(next[kind], o)
							expect++
						}
					}
					if n != expect {
						t.Fatalf("step %d: deleting %q removed %d, want %d", step, k, n, expect)
					}
				case 5:
					var got string
					err := tx.Get(kind, k, &got)
					if there == errors.Is(err, meta.ErrNotFound) || got != old {
						t.Fatalf("step %d: get of %q: %q %v, want %q", step, k, got, err, old)
					}
				}
			}
			if fail {
				return undo
			}
			return nil
		})
		switch {
		case fail:
			wantErr(t, "undone", err, undo)
		case err != nil:
			t.Fatal(err)
		default:
			model = next
		}
	}
	for kind, docs := range model {
		ids := slices.Sorted(maps.Keys(docs))
		var got []string
		err := s.View(bg, func(tx meta.Tx) error {
			return tx.Scan(kind, nil, nil, func(k meta.Key, raw json.RawMessage) (bool, error) {
				id := string(k.Encode())
				got = append(got, id)
				if want := fmt.Sprintf("%q", docs[id]); string(raw) != want {
					t.Errorf("%q holds %s, want %s", k, raw, want)
				}
				return true, nil
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, ids) {
			t.Errorf("kind %s: got %q, want %q", kind, got, ids)
		}
	}
}

func reopen(t *testing.T, open func(string) (meta.Store, error)) {
	dir := t.TempDir()
	for i := range 3 {
		s, err := open(dir)
		if err != nil {
			t.Fatal(err)
		}
		want(t, "documents", len(keys(t, s, "k", nil, nil, 99)), i)
		update(t, s, func(tx meta.Tx) error { return tx.Insert("k", meta.Key{fmt.Sprint(i)}, i) })
		ch := s.Watch(bg)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, ok := next(t, ch); ok {
			t.Error("a watcher of a closed store got a change")
		}
		if _, ok := next(t, s.Watch(bg)); ok {
			t.Error("a closed store was watched")
		}
		wantErr(t, "update after close", s.Update(bg, func(meta.Tx) error { return nil }), meta.ErrClosed)
		wantErr(t, "view after close", s.View(bg, func(meta.Tx) error { return nil }), meta.ErrClosed)
		if err := s.Close(); err != nil {
			t.Errorf("second close: %v", err)
		}
	}
}
