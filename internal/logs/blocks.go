package logs

import (
	"errors"
	"io"
	"os"
	"slices"
	"sync"
)

// blockSize is about how much of a file one block covers, and mostBlocks how many are remembered of all files.
const (
	blockSize  = 512 << 10
	mostBlocks = 1 << 18
)

// block is a part of a file with the times of its events: whoever looks for others needs not read it.
type block struct {
	offset, end int64
	times       span
}

// blockIndex remembers the blocks of large files. It is made by reading a file once, and goes on where the file has
// grown.
type blockIndex struct {
	mu    sync.Mutex
	files map[string]*fileBlocks
	total int
}

type fileBlocks struct {
	mu     sync.Mutex
	blocks []block
}

// forget drops what is known about a file that was replaced or removed.
func (x *blockIndex) forget(path string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if f := x.files[path]; f != nil {
		delete(x.files, path)
	}
}

func (x *blockIndex) file(path string) *fileBlocks {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.total > mostBlocks {
		x.files, x.total = nil, 0 // they are made anew as they are asked for
	}
	if x.files == nil {
		x.files = map[string]*fileBlocks{}
	}
	f := x.files[path]
	if f == nil {
		f = &fileBlocks{}
		x.files[path] = f
	}
	return f
}

// of answers the blocks of a file, in order, up to the end of its last whole event.
func (x *blockIndex) of(path string) ([]block, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() <= blockSize {
		return []block{{0, info.Size(), always}}, nil
	}
	f := x.file(path)
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.blocks)
	if n > 0 && f.blocks[n-1].end > info.Size() {
		f.blocks, n = nil, 0 // another file under the same name
	}
	from := int64(0)
	if n > 0 {
		from = f.blocks[n-1].end
	}
	if from < info.Size() {
		if err := f.extend(path, from); err != nil {
			return nil, err
		}
	}
	x.mu.Lock()
	x.total += len(f.blocks) - n
	x.mu.Unlock()
	return slices.Clone(f.blocks), nil
}

func (f *fileBlocks) extend(path string, from int64) error {
	c, err := openAt(path, from)
	if err != nil {
		return err
	}
	defer c.close()
	for {
		err := c.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		n := len(f.blocks)
		if n == 0 || f.blocks[n-1].end-f.blocks[n-1].offset >= blockSize {
			f.blocks = append(f.blocks, block{c.begin, c.begin, span{c.ms, c.ms}})
			n++
		}
		b := &f.blocks[n-1]
		b.end, b.times = c.at, span{min(b.times.from, c.ms), max(b.times.to, c.ms)}
	}
}

// forward calls fn for the events of a file from an offset on that lie within a time, until fn says no more. It answers
// where it stopped. skip may leave out whole blocks; nil leaves out none.
func (x *blockIndex) forward(path string, from int64, within span, skip func(block) bool, fn func(*cursor) bool) (int64, error) {
	blocks, err := x.of(path)
	if err != nil {
		return from, err
	}
	at := from
	var c *cursor
	defer func() {
		if c != nil {
			c.close()
		}
	}()
	for i, b := range blocks {
		last := i == len(blocks)-1
		if b.end <= from && !last {
			continue
		}
		if b.times.to < within.from || b.times.from > within.to || skip != nil && skip(b) {
			at = max(at, b.end)
			continue
		}
		if start := max(from, b.offset); c == nil || c.at != start {
			if c != nil {
				c.close()
			}
			if c, err = openAt(path, start); err != nil {
				return at, err
			}
		}
		for last || c.at < b.end {
			err := c.next()
			if errors.Is(err, io.EOF) {
				return max(at, c.at), nil
			}
			if err != nil {
				return at, err
			}
			if within.has(c.ms) && !fn(c) {
				return c.begin, nil
			}
			at = c.at
		}
	}
	return at, nil
}

// backward answers the last events before an offset that lie within a time, in their order: as many as are allowed, and
// as their messages fit.
func (x *blockIndex) backward(path string, before int64, within span, most, mostBytes int) ([]Event, error) {
	blocks, err := x.of(path)
	if err != nil {
		return nil, err
	}
	var found []Event // backward
	bytes := 0
	for _, b := range slices.Backward(blocks) {
		if b.offset >= before || b.times.to < within.from || b.times.from > within.to {
			continue
		}
		var some []Event
		c, err := openAt(path, b.offset)
		if err != nil {
			return nil, err
		}
		for c.at < min(before, b.end) {
			if err = c.next(); err != nil {
				break
			}
			if within.has(c.ms) {
				some = append(some, c.event())
			}
		}
		if err := errors.Join(c.close(), ignoreEOF(err)); err != nil {
			return nil, err
		}
		for _, e := range slices.Backward(some) {
			bytes += len(e.Message) + overhead
			if len(found) == most || len(found) > 0 && bytes > mostBytes {
				slices.Reverse(found)
				return found, nil
			}
			found = append(found, e)
		}
	}
	slices.Reverse(found)
	return found, nil
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
