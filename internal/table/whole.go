package table

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// wholeCache remembers which compressed blobs were found to be whole. DuckDB
// takes the end of a cut-off gzip file for the end of the data and answers the
// rows before it, so each blob is decompressed once before it is believed.
type wholeCache struct {
	mu    sync.Mutex
	limit int
	seen  map[string]struct{}
}

func newWholeCache(limit int) *wholeCache {
	return &wholeCache{limit: limit, seen: map[string]struct{}{}}
}

func (c *wholeCache) known(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.seen[id]
	return ok
}

func (c *wholeCache) add(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.seen) >= c.limit {
		clear(c.seen) // rare, and only costs another look
	}
	c.seen[id] = struct{}{}
}

// checkWhole decompresses the scan's files that were not seen before and
// answers an Error for the first that ends early or is damaged.
func (r *Reader) checkWhole(ctx context.Context, s *Scan) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	todo := make(chan *LinkedFile)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for f := range todo {
				if err := readThrough(ctx, f); err != nil {
					if ctx.Err() == nil {
						err = &Error{Table: s.Table, Bucket: f.Bucket, Key: f.Key, Message: err.Error(), Hint: "upload the file again", Err: err}
					}
					cancel(err)
					return
				}
				r.whole.add(wholeID(f))
			}
		})
	}
feed:
	for i := range s.Files {
		f := &s.Files[i]
		if f.Compression == "" || r.whole.known(wholeID(f)) {
			continue
		}
		select {
		case todo <- f:
		case <-ctx.Done():
			break feed
		}
	}
	close(todo)
	workers.Wait()
	return context.Cause(ctx)
}

func wholeID(f *LinkedFile) string {
	return fmt.Sprintf("%s/%s@%s+%d", f.Bucket, f.Key, f.ETag, f.Size)
}

// readThrough decompresses a file to nowhere.
func readThrough(ctx context.Context, f *LinkedFile) error {
	in, closeAll, err := openText(f)
	if err != nil {
		return err
	}
	defer closeAll()
	buf := make([]byte, 256<<10)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		_, err := in.Read(buf)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			return fmt.Errorf("the %s file is cut off", f.Compression)
		case err != nil:
			return fmt.Errorf("the %s file is damaged: %w", f.Compression, err)
		}
	}
}

// openText opens a linked file's text, decompressed.
func openText(f *LinkedFile) (io.Reader, func(), error) {
	file, err := os.Open(f.Path)
	if err != nil {
		return nil, nil, err
	}
	switch f.Compression {
	case "gzip":
		z, err := gzip.NewReader(file)
		if err != nil {
			file.Close()
			return nil, nil, fmt.Errorf("the gzip file is damaged: %w", err)
		}
		return z, func() { z.Close(); file.Close() }, nil
	case "zstd":
		z, err := zstd.NewReader(file, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
		if err != nil {
			file.Close()
			return nil, nil, err
		}
		return z, func() { z.Close(); file.Close() }, nil
	}
	return file, func() { file.Close() }, nil
}
