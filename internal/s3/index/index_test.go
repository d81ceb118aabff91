package index

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"tarn/internal/s3/blob"
)

func open(t testing.TB, dir string) *Index {
	t.Helper()
	ix, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := blob.Open(dir, ix.Generation())
	if err != nil {
		t.Fatal(err)
	}
	ix.Attach(blobs)
	t.Cleanup(func() { ix.Close() })
	return ix
}

func addBucket(t testing.TB, ix *Index) *Bucket {
	t.Helper()
	err := ix.Update(t.Context(), func(tx *Tx) error { return tx.InsertBucket(&Bucket{Name: "b", Account: "0", Created: time.Unix(1, 0)}) })
	if err != nil {
		t.Fatal(err)
	}
	b, err := ix.Bucket("b")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFailureUndoesItselfAlone(t *testing.T) {
	ix := open(t, t.TempDir())
	b := addBucket(t, ix)
	failure := errors.New("on purpose")
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			err := ix.Update(context.Background(), func(tx *Tx) error {
				if i%3 == 1 {
					return failure // before it has written
				}
				s, err := tx.Pack([]byte{byte(i)})
				if err != nil {
					return err
				}
				if err := tx.PutObject(&Object{Bucket: b.ID, Key: fmt.Sprint(i), Segments: []Segment{s}}, nil); err != nil {
					return err
				}
				if i%3 == 2 {
					return failure // after
				}
				return nil
			})
			if want := i%3 != 0; errors.Is(err, failure) != want {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	all.Wait()
	n := 0
	err := ix.Scan(b.ID, "", func(o *Object) bool {
		n++
		return true
	})
	if err != nil || n != 67 {
		t.Errorf("%d objects, %v", n, err)
	}
}

// TestFull lets SQLite run out of pages, as it does on a full disk, in the middle of a group.
func TestFull(t *testing.T) {
	ix := open(t, t.TempDir())
	b := addBucket(t, ix)
	limit := func(pages int) {
		t.Helper()
		if _, err := ix.writer.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
			t.Fatal(err)
		}
	}
	limit(60)
	put := func(i int) error {
		return ix.Update(t.Context(), func(tx *Tx) error {
			o := &Object{Bucket: b.ID, Key: fmt.Sprintf("%05d", i), Doc: ObjectDoc{Metadata: map[string]string{"filler": fmt.Sprintf("%01000d", i)}}}
			if err := tx.PutObject(o, nil); err != nil {
				return err
			}
			return tx.Emit(Event{Kind: "put", Bucket: "b", Key: o.Key})
		})
	}
	stored := 0
	var err error
	for ; err == nil && stored < 10_000; stored++ {
		err = put(stored)
	}
	if err == nil {
		t.Fatal("it never got full")
	}
	stored--
	n := 0
	if err := ix.Scan(b.ID, "", func(*Object) bool { n++; return true }); err != nil || n != stored {
		t.Errorf("%d objects of %d, %v", n, stored, err)
	}
	if _, last, err := ix.EventBounds(); err != nil || last != int64(stored) {
		t.Errorf("%d events of %d, %v", last, stored, err)
	}
	limit(100_000)
	if err := put(stored); err != nil {
		t.Error(err)
	}
}

func TestReferences(t *testing.T) {
	ix := open(t, t.TempDir())
	b := addBucket(t, ix)
	at := time.Unix(100, 0)
	update := func(fn func(tx *Tx) error) error { return ix.Update(t.Context(), fn) }
	var o *Object
	if err := update(func(tx *Tx) error {
		s, err := tx.Pack([]byte("x"))
		if err != nil {
			return err
		}
		o = &Object{Bucket: b.ID, Key: "k", Modified: at, Segments: []Segment{s}}
		return tx.PutObject(o, nil)
	}); err != nil {
		t.Fatal(err)
	}
	dead := func() int {
		t.Helper()
		ids, err := ix.DeadBlobs(at.UnixMilli(), Dead{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		return len(ids)
	}
	replace := func(tx *Tx) error { return tx.PutObject(o, o) } // onto itself
	if err := update(replace); err != nil || dead() != 0 {
		t.Fatalf("%v, %d dead", err, dead())
	}
	if err := update(func(tx *Tx) error { return tx.DeleteObject(o, at) }); err != nil || dead() != 1 {
		t.Fatalf("%v, %d dead", err, dead())
	}
	if err := update(func(tx *Tx) error { return tx.PutObject(o, nil) }); !errors.Is(err, ErrGone) {
		t.Errorf("a dead blob was used again: %v", err)
	}
}

func TestGenerations(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir).Generation()
	ix := open(t, dir)
	if ix.Generation() <= first {
		t.Errorf("generation %d after %d", ix.Generation(), first)
	}
	got, err := ix.Unswept()
	if err != nil || !reflect.DeepEqual(got, []int64{first}) {
		t.Errorf("%v, %v", got, err)
	}
	ix.Close()
	if err := ix.Update(t.Context(), func(*Tx) error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("update after close: %v", err)
	}
}

func FuzzSegments(f *testing.F) {
	f.Add(encodeSegments([]Segment{{1, 2, 3}, {blob.Last(7), 0, 1 << 40}}))
	f.Add([]byte{0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		segments, err := decodeSegments(b)
		if err != nil {
			return
		}
		again, err := decodeSegments(encodeSegments(segments))
		if err != nil || !reflect.DeepEqual(segments, again) {
			t.Errorf("%v became %v, %v", segments, again, err)
		}
	})
}

func TestDeadBlobsArePaged(t *testing.T) {
	ix := open(t, t.TempDir())
	b := addBucket(t, ix)
	at := time.Unix(100, 0)
	for i := range 5 {
		err := ix.Update(t.Context(), func(tx *Tx) error {
			s, err := tx.Pack([]byte("x"))
			if err != nil {
				return err
			}
			o := &Object{Bucket: b.ID, Key: "k", Segments: []Segment{s}}
			if err := tx.PutObject(o, nil); err != nil {
				return err
			}
			return tx.DeleteObject(o, at.Add(time.Duration(i/2)*time.Second)) // some at the same time
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var got []Dead
	for last := (Dead{}); ; {
		page, err := ix.DeadBlobs(at.Add(time.Minute).UnixMilli(), last, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
		last = page[len(page)-1]
	}
	if len(got) != 5 {
		t.Errorf("%v", got)
	}
	for i := 1; i < len(got); i++ {
		if got[i].ID <= got[i-1].ID || got[i].At < got[i-1].At {
			t.Errorf("%v is not in order", got)
		}
	}
}

func TestTrimEvents(t *testing.T) {
	ix := open(t, t.TempDir())
	at := time.Unix(100, 0)
	err := ix.Update(t.Context(), func(tx *Tx) error {
		for i := range 50 {
			if err := tx.Emit(Event{Kind: "put", Bucket: "b", Key: fmt.Sprint(i), At: at.Add(time.Duration(i) * time.Second)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []int64{20, 20, 5, 0} {
		var n int64
		err := ix.Update(t.Context(), func(tx *Tx) (err error) {
			n, err = tx.TrimEvents(at.Add(45*time.Second), 20)
			return err
		})
		if err != nil || n != want {
			t.Errorf("trimmed %d, %v, want %d", n, err, want)
		}
	}
	if first, last, err := ix.EventBounds(); err != nil || first != 46 || last != 50 {
		t.Errorf("left are %d to %d, %v", first, last, err)
	}
}
