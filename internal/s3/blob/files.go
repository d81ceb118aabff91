package blob

import (
	"io/fs"
	"os"
	"sync"
)

const (
	fileShards = 16
	shardFiles = 32 // kept open in a shard
)

// files keeps blobs open that were read lately: opening a file costs more than reading a small object from it.
type files struct{ shards [fileShards]fileShard }

type fileShard struct {
	mu   sync.Mutex
	open map[ID]*openFile
}

type openFile struct {
	*os.File
	readers int
	dropped bool // the last reader closes it
}

func (fs *files) shard(id ID) *fileShard { return &fs.shards[uint64(id)%fileShards] }

// use opens a blob or takes one that is open. The lock is held meanwhile, so that remove leaves none behind.
func (sh *fileShard) use(id ID, path string) (*openFile, error) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if f := sh.open[id]; f != nil {
		f.readers++
		return f, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	for old := range sh.open { // any will do
		if len(sh.open) < shardFiles {
			break
		}
		sh.drop(old)
	}
	if sh.open == nil {
		sh.open = map[ID]*openFile{}
	}
	o := &openFile{File: f, readers: 1}
	sh.open[id] = o
	return o, nil
}

func (sh *fileShard) done(f *openFile) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if f.readers--; f.readers == 0 && f.dropped {
		f.Close()
	}
}

func (sh *fileShard) drop(id ID) {
	f := sh.open[id]
	if f == nil {
		return
	}
	delete(sh.open, id)
	if f.dropped = true; f.readers == 0 {
		f.Close()
	}
}

// remove deletes a file and lets go of it, so that its space is free.
func (fs *files) remove(id ID, path string) error {
	sh := fs.shard(id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	err := os.Remove(path)
	sh.drop(id)
	return err
}

// closeAll lets go of every file.
func (fs *files) closeAll() {
	for i := range fs.shards {
		sh := &fs.shards[i]
		sh.mu.Lock()
		for id := range sh.open {
			sh.drop(id)
		}
		sh.mu.Unlock()
	}
}

// ReadAt reads a stretch of a blob; fs.ErrNotExist when the blob has been collected.
func (s *Store) ReadAt(id ID, p []byte, offset int64) error {
	sh := s.files.shard(id)
	f, err := sh.use(id, s.Path(id))
	if err != nil {
		return err
	}
	defer sh.done(f)
	n, err := f.ReadAt(p, offset)
	if n == len(p) {
		return nil
	}
	return &fs.PathError{Op: "read", Path: f.Name(), Err: err}
}
