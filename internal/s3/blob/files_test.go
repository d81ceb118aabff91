package blob

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// openBlobs counts this process's open files under a folder, also those that have been removed.
func openBlobs(t *testing.T, dir string) (n int) {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil || len(links) == 0 {
		return 0 // no /proc on this system
	}
	for _, l := range links {
		if to, err := os.Readlink(l); err == nil && strings.HasPrefix(to, dir) {
			n++
		}
	}
	return n
}

func TestReadAt(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 1)
	var ids []ID
	for i := range 3 * fileShards * shardFiles {
		id, err := s.Allocate()
		if err == nil {
			err = os.WriteFile(s.Path(id), fmt.Appendf(nil, "blob %05d", i), 0o600) // without the fsync of write
		}
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			buf := make([]byte, 5)
			for i, id := range ids {
				if err := s.ReadAt(id, buf, 5); err != nil || string(buf) != fmt.Sprintf("%05d", i) {
					t.Errorf("%d: %q, %v", i, buf, err)
				}
			}
		})
	}
	all.Wait()
	if n := openBlobs(t, dir); n > fileShards*shardFiles {
		t.Errorf("%d files are kept open", n)
	}
	if err := s.ReadAt(ids[0], make([]byte, 11), 0); err == nil {
		t.Error("read past the end")
	}
	for _, id := range ids {
		if _, err := s.Remove(id); err != nil {
			t.Fatal(err)
		}
		if err := s.ReadAt(id, make([]byte, 1), 0); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("read what is gone: %v", err)
		}
	}
	if n := openBlobs(t, dir); n != 0 {
		t.Errorf("%d removed files are kept open", n)
	}
}

// TestReadAtWhileRemoved reads blobs while they are removed: each read gives the blob or says that it is gone.
func TestReadAtWhileRemoved(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 1)
	want := bytes.Repeat([]byte("x"), 1000)
	for range 50 {
		id := write(t, s, string(want))
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				buf := make([]byte, len(want))
				for {
					err := s.ReadAt(id, buf, 0)
					if errors.Is(err, fs.ErrNotExist) {
						return
					}
					if err != nil || !bytes.Equal(buf, want) {
						t.Errorf("%q, %v", buf, err)
						return
					}
				}
			})
		}
		if _, err := s.Remove(id); err != nil {
			t.Fatal(err)
		}
		all.Wait()
	}
	if n := openBlobs(t, dir); n != 0 {
		t.Errorf("%d removed files are kept open", n)
	}
	id := write(t, s, "text")
	if err := s.ReadAt(id, make([]byte, 4), 0); err != nil {
		t.Fatal(err)
	}
	if s.Close(); openBlobs(t, dir) != 0 {
		t.Error("Close keeps files open")
	}
}
