// Package blob keeps immutable files: written once, then read, pinned and at last removed, never changed.
//
// It owns the files, their names, their durability and the pins on them. It does not know which of them are in use:
// the index does, and decides what is collected.
//
// A blob's id is never used twice, and nothing reads a blob before the index names it. So a file is written under
// its final name; one that a crash left behind is told by the index not knowing it (see Sweep).
package blob

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
)

// ID names a blob: the generation (one for each start of the store) and a number within it.
type ID int64

const (
	numberBits = 36
	folderBits = 10 // blobs in a folder: enough that one fsync of the folder serves a whole group commit
)

// Generation is the start of the store in which the blob was made.
func (id ID) Generation() int64 { return int64(id) >> numberBits }

func (id ID) number() int64 { return int64(id) & (1<<numberBits - 1) }

func (id ID) folder() string {
	return filepath.Join(generationName(id.Generation()), strconv.FormatInt(id.number()>>folderBits, 16))
}

func generationName(g int64) string { return strconv.FormatInt(g, 16) }

func (id ID) name() string { return filepath.Join(id.folder(), strconv.FormatInt(int64(id), 16)) }

// First and Last bound the ids of a generation.
func First(generation int64) ID { return ID(generation << numberBits) }

// Last is the highest id of a generation.
func Last(generation int64) ID { return First(generation+1) - 1 }

// Store is a folder of blobs.
type Store struct {
	root       string // of the blobs
	tmp        string // of files that may be adopted
	generation int64
	next       atomic.Int64

	mu      sync.Mutex
	folders map[string]bool // made and durable in this run
	pins    map[ID]int

	files files // locked after mu
}

// Close lets go of the files that are kept open.
func (s *Store) Close() { s.files.closeAll() }

// Open makes the folders of a store under dir. The generation must be higher than any used before in dir.
func Open(dir string, generation int64) (*Store, error) {
	s := &Store{
		root: filepath.Join(dir, "blobs"), tmp: filepath.Join(dir, "tmp"), generation: generation,
		folders: map[string]bool{}, pins: map[ID]int{},
	}
	if err := os.RemoveAll(s.tmp); err != nil {
		return nil, err
	}
	for _, d := range []string{s.root, s.tmp} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
	}
	return s, syncFolder(dir)
}

// TempDir is a folder in the same file system, emptied at each start.
func (s *Store) TempDir() string { return s.tmp }

// Path is where a blob lies.
func (s *Store) Path(id ID) string { return filepath.Join(s.root, id.name()) }

// Allocate names a new blob, whose folder exists and is durable when it returns.
func (s *Store) Allocate() (ID, error) {
	n := s.next.Add(1)
	if n >= 1<<numberBits {
		return 0, errors.New("blob numbers of this start are used up; restart to go on")
	}
	id := First(s.generation) + ID(n)
	folder := id.folder()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.folders[folder] {
		return id, nil
	}
	path := filepath.Join(s.root, folder)
	if err := os.MkdirAll(path, 0o700); err != nil {
		return 0, err
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return 0, err
	}
	if err := syncFolder(s.root); err != nil {
		return 0, err
	}
	s.folders[folder] = true
	return id, nil
}

// Writer writes one blob. It ends with either Sync or Abort; Abort after Sync does nothing.
type Writer struct {
	ID   ID
	file *os.File
	path string
	done bool
}

// Create starts a blob.
func (s *Store) Create() (*Writer, error) {
	id, err := s.Allocate()
	if err != nil {
		return nil, err
	}
	path := s.Path(id)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return &Writer{ID: id, file: f, path: path}, nil
}

func (w *Writer) Write(p []byte) (int, error) { return w.file.Write(p) }

// Sync makes the blob's bytes durable and closes it. Its name is durable after SyncFolders, which serves many.
func (w *Writer) Sync() error {
	err := w.file.Sync()
	if e := w.file.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	w.done = true
	return nil
}

// Abort removes what was written, unless Sync went well.
func (w *Writer) Abort() {
	if w.done {
		return
	}
	w.done = true
	w.file.Close()
	os.Remove(w.path)
}

// WriteAll writes a blob that has been allocated, durable but for its name (see SyncFolders).
func (s *Store) WriteAll(id ID, b []byte) error {
	path := s.Path(id)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	w := &Writer{ID: id, file: f, path: path}
	defer w.Abort()
	if _, err := w.Write(b); err != nil {
		return err
	}
	return w.Sync()
}

// Adopt makes a file under TempDir a blob, durable but for its name (see SyncFolders). The file keeps no other name.
func (s *Store) Adopt(file string) (ID, error) {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	err = f.Sync()
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return 0, err
	}
	id, err := s.Allocate()
	if err != nil {
		return 0, err
	}
	return id, os.Rename(file, s.Path(id))
}

// SyncFolders makes the names of these blobs durable, with one fsync a folder.
func (s *Store) SyncFolders(ids []ID) error {
	var done []string
	for _, id := range ids {
		folder := id.folder()
		if slices.Contains(done, folder) {
			continue
		}
		if err := syncFolder(filepath.Join(s.root, folder)); err != nil {
			return err
		}
		done = append(done, folder)
	}
	return nil
}

// Open opens a blob for reading; fs.ErrNotExist when it has been collected. An open file stays readable.
func (s *Store) Open(id ID) (*os.File, error) { return os.Open(s.Path(id)) }

// Pin keeps a blob from being removed until Unpin; fs.ErrNotExist when it has been collected.
func (s *Store) Pin(id ID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := os.Stat(s.Path(id)); err != nil {
		return err
	}
	s.pins[id]++
	return nil
}

// Unpin takes back one Pin.
func (s *Store) Unpin(id ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pins[id]--; s.pins[id] <= 0 {
		delete(s.pins, id)
	}
}

// Remove deletes a blob, unless it is pinned. That it is gone already is no error.
func (s *Store) Remove(id ID) (removed bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pins[id] > 0 {
		return false, nil
	}
	if err := s.files.remove(id, s.Path(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if folder := id.folder(); !s.folders[folder] {
		os.Remove(filepath.Join(s.root, folder)) // of an earlier start, which gets no new blobs: goes with its last
	}
	return true, nil
}

// Sweep removes the files of an earlier generation that known denies: what a crash left unpublished.
func (s *Store) Sweep(generation int64, known func(ID) (bool, error)) (removed int, err error) {
	root := filepath.Join(s.root, generationName(generation))
	folders, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	for _, folder := range folders {
		dir := filepath.Join(root, folder.Name())
		files, err := os.ReadDir(dir)
		if err != nil {
			return removed, err
		}
		for _, f := range files {
			n, err := strconv.ParseInt(f.Name(), 16, 64)
			if err != nil || ID(n).Generation() != generation {
				return removed, fmt.Errorf("%s is not a blob of this store", filepath.Join(dir, f.Name()))
			}
			ok, err := known(ID(n))
			if err != nil {
				return removed, err
			}
			if ok {
				continue
			}
			if err := os.Remove(filepath.Join(dir, f.Name())); err != nil {
				return removed, err
			}
			removed++
		}
	}
	return removed, nil
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	err = d.Sync()
	if e := d.Close(); err == nil {
		err = e
	}
	return err
}
