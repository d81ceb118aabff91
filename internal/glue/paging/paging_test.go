package paging

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"tarn/internal/awsapi"
	"tarn/internal/meta"
	"tarn/internal/meta/sqlite"
)

func TestPagesAreStableUnderInserts(t *testing.T) {
	s, err := sqlite.Open(filepath.Join(t.TempDir(), "m.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	put := func(names ...string) {
		err := s.Update(context.Background(), func(tx meta.Tx) error {
			for _, n := range names {
				if err := tx.Put("k", meta.Key{"acct", n}, n); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	list := func(max int32, of string, token *string) (got []string, next *string, err error) {
		err = s.View(context.Background(), func(tx meta.Tx) error {
			items, n, err := List(tx, "k", meta.Key{"acct"}, Request{Of: []any{"ListThings", of}, Token: token, Max: &max}, func(_ meta.Key, v *string) (bool, error) {
				return *v != "skipped", nil
			})
			for _, it := range items {
				got = append(got, *it)
			}
			next = n
			return err
		})
		return got, next, err
	}
	put("b", "d", "f", "h", "skipped")
	page, next, err := list(2, "x", nil)
	if err != nil || !slices.Equal(page, []string{"b", "d"}) || next == nil {
		t.Fatalf("first page: %v %v %v", page, next, err)
	}
	put("a", "c", "e")
	page, next2, err := list(2, "x", next)
	if err != nil || !slices.Equal(page, []string{"e", "f"}) || next2 == nil {
		t.Fatalf("second page: %v %v", page, err)
	}
	page, last, err := list(2, "x", next2)
	if err != nil || !slices.Equal(page, []string{"h"}) || last != nil {
		t.Fatalf("last page: %v %v %v", page, last, err)
	}
	for _, bad := range []struct {
		name, of string
		token    string
	}{{"foreign", "y", *next}, {"garbage", "x", "????"}, {"no token of ours", "x", "e30="}} {
		if _, _, err := list(2, bad.of, &bad.token); !awsapi.IsCode(err, "InvalidInputException") {
			t.Errorf("%s token: %v", bad.name, err)
		}
	}
}

func TestSlice(t *testing.T) {
	all := make([]int, 7)
	for i := range all {
		all[i] = i
	}
	key := func(i int) meta.Key { return meta.Key{fmt.Sprint(i)} }
	var got []int
	var token *string
	for pages := 1; ; pages++ {
		page, next, err := Slice(all, key, Request{Of: []any{"op"}, Token: token, Default: 3})
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page...)
		if token = next; token == nil {
			if pages != 3 {
				t.Errorf("%d pages", pages)
			}
			break
		}
	}
	if !slices.Equal(got, all) {
		t.Errorf("got %v", got)
	}
}
