package meta

import (
	"bytes"
	"strings"
	"testing"
)

func FuzzKeyOrder(f *testing.F) {
	f.Add("a", "b", "a\x00", "")
	f.Add("", "", "\x00", "\x01")
	f.Add("\xff", "a", "\x00\xff", "\x00\x01")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		keys := []Key{{}, {a}, {a, b}, {c}, {c, d}, {a, b, c}}
		for _, x := range keys {
			got, err := DecodeKey(x.Encode())
			if err != nil || got.Compare(x) != 0 || len(got) != len(x) {
				t.Fatalf("%q came back as %q (%v)", x, got, err)
			}
			for _, y := range keys {
				if sign(x.Compare(y)) != bytes.Compare(x.Encode(), y.Encode()) {
					t.Fatalf("%q and %q compare as %d, encoded as %d", x, y, x.Compare(y), bytes.Compare(x.Encode(), y.Encode()))
				}
				if y.HasPrefix(x) != bytes.HasPrefix(y.Encode(), x.Encode()) {
					t.Fatalf("prefix %q of %q is lost", x, y)
				}
				if end := x.EncodeEnd(); end != nil {
					inside := bytes.Compare(y.Encode(), x.Encode()) >= 0 && bytes.Compare(y.Encode(), end) < 0
					if inside != y.HasPrefix(x) {
						t.Fatalf("range of %q and %q: inside %v", x, y, inside)
					}
				}
			}
		}
	})
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

func FuzzDecodeKey(f *testing.F) {
	f.Add([]byte("a\x00\x01"))
	f.Add([]byte("a\x00"))
	f.Add([]byte("a\x00\x02"))
	f.Add([]byte("a"))
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := DecodeKey(b)
		if err == nil && !bytes.Equal(k.Encode(), b) {
			t.Fatalf("%x decodes to %q, which encodes to %x", b, k, k.Encode())
		}
	})
}

func TestErrorText(t *testing.T) {
	err := &Error{Op: "get", Kind: "glue.table", Key: Key{"1", "db", "t"}, Err: ErrNotFound, Hint: "look elsewhere"}
	if got, want := err.Error(), "meta: get glue.table 1/db/t: not found (look elsewhere)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := (&Error{Op: "open", Path: "x.db", Err: ErrNewer}); !strings.Contains(err.Error(), "open x.db: written by a newer version") {
		t.Error(err)
	}
}
