package blob

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func open(t *testing.T, dir string, generation int64) *Store {
	t.Helper()
	s, err := Open(dir, generation)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func write(t *testing.T, s *Store, text string) ID {
	t.Helper()
	w, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Sync(); err != nil {
		t.Fatal(err)
	}
	return w.ID
}

func TestLife(t *testing.T) {
	s := open(t, t.TempDir(), 3)
	id := write(t, s, "text")
	if id.Generation() != 3 || id < First(3) || id > Last(3) {
		t.Errorf("id %x", int64(id))
	}
	if err := s.SyncFolders([]ID{id, id}); err != nil {
		t.Fatal(err)
	}
	if err := s.Pin(id); err != nil {
		t.Fatal(err)
	}
	if removed, err := s.Remove(id); removed || err != nil {
		t.Errorf("removed while pinned: %v, %v", removed, err)
	}
	s.Unpin(id)
	if removed, err := s.Remove(id); !removed || err != nil {
		t.Errorf("not removed: %v, %v", removed, err)
	}
	if removed, err := s.Remove(id); !removed || err != nil {
		t.Errorf("removed again: %v, %v", removed, err)
	}
	if err := s.Pin(id); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("pinned what is gone: %v", err)
	}
}

func TestAbortLeavesNothing(t *testing.T) {
	s := open(t, t.TempDir(), 1)
	w, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	w.Abort()
	if _, err := s.Open(w.ID); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestAdopt(t *testing.T) {
	s := open(t, t.TempDir(), 1)
	file := filepath.Join(s.TempDir(), "f")
	if err := os.WriteFile(file, []byte("adopted"), 0o600); err != nil {
		t.Fatal(err)
	}
	id, err := s.Adopt(file)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(s.Path(id)); err != nil || string(b) != "adopted" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 1)
	kept, lost := write(t, s, "kept"), write(t, s, "lost")
	if err := os.WriteFile(filepath.Join(s.TempDir(), "left"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, 2)
	now := write(t, s, "now")
	n, err := s.Sweep(1, func(id ID) (bool, error) { return id == kept, nil })
	if err != nil || n != 1 {
		t.Fatalf("%d removed, %v", n, err)
	}
	for id, want := range map[ID]bool{kept: true, lost: false, now: true} {
		if _, err := os.Stat(s.Path(id)); (err == nil) != want {
			t.Errorf("%x: %v", int64(id), err)
		}
	}
	if left, _ := os.ReadDir(s.TempDir()); len(left) > 0 {
		t.Error("the temporary folder was not emptied")
	}
	if removed, err := s.Remove(kept); !removed || err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Dir(s.Path(kept))); !os.IsNotExist(err) {
		t.Errorf("an empty folder of an earlier start is left: %v", err)
	}
	if n, err := s.Sweep(99, nil); n != 0 || err != nil {
		t.Errorf("a generation without blobs: %d, %v", n, err)
	}
}
