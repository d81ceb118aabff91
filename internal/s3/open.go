package s3

import (
	"bytes"
	"errors"
	"io"
	"os"
	"sync"

	"tarn/internal/s3/blob"
	"tarn/internal/s3/index"
)

// open opens a stretch of an object's bytes; fs.ErrNotExist when they have been collected. From then on the bytes
// are safe until Close: a small stretch is read, one file is opened, several are pinned and opened in turn.
func (s *Service) open(segments []index.Segment, offset, size int64) (io.ReadCloser, error) {
	ps := &pieces{blobs: s.blobs}
	for _, g := range segments {
		if offset >= g.Size {
			offset -= g.Size
			continue
		}
		if size == 0 {
			break
		}
		n := min(size, g.Size-offset)
		ps.rest = append(ps.rest, index.Segment{Blob: g.Blob, Offset: g.Offset + offset, Size: n})
		size -= n
		offset = 0
	}
	if len(ps.rest) == 1 && ps.rest[0].Size <= maxSmall {
		return s.load(ps.rest[0])
	}
	if len(ps.rest) == 1 {
		p, err := openPiece(s.blobs, ps.rest[0])
		if err != nil {
			return nil, err
		}
		return p, nil
	}
	for i, g := range ps.rest {
		if err := s.blobs.Pin(g.Blob); err != nil {
			ps.rest = ps.rest[:i]
			ps.Close()
			return nil, err
		}
	}
	return ps, nil
}

// load reads a small stretch: that costs less than opening its file for it.
func (s *Service) load(g index.Segment) (io.ReadCloser, error) {
	buf := s.buffers.Get().(*buffer)
	if err := s.blobs.ReadAt(g.Blob, buf[:g.Size], g.Offset); err != nil {
		s.buffers.Put(buf)
		return nil, err
	}
	return &loaded{Reader: *bytes.NewReader(buf[:g.Size]), buf: buf, pool: &s.buffers}, nil
}

// loaded is a stretch in memory, in a buffer that others use after Close.
type loaded struct {
	bytes.Reader
	buf  *buffer
	pool *sync.Pool
}

func (l *loaded) Close() error {
	if l.buf != nil {
		l.Reset(nil)
		l.pool.Put(l.buf)
		l.buf = nil
	}
	return nil
}

// piece is a stretch of one file. The LimitedReader over the file lets net/http send it without copying.
type piece struct {
	io.LimitedReader
	file *os.File
}

func openPiece(blobs *blob.Store, g index.Segment) (*piece, error) {
	f, err := blobs.Open(g.Blob)
	if err != nil {
		return nil, err
	}
	if g.Offset > 0 {
		if _, err := f.Seek(g.Offset, io.SeekStart); err != nil {
			f.Close()
			return nil, err
		}
	}
	return &piece{io.LimitedReader{R: f, N: g.Size}, f}, nil
}

func (p *piece) Close() error { return p.file.Close() }

// WriteTo hands the file itself to the writer, which may know a shorter way for it (sendfile).
func (p *piece) WriteTo(w io.Writer) (int64, error) {
	if r, ok := w.(io.ReaderFrom); ok {
		return r.ReadFrom(&p.LimitedReader)
	}
	return io.Copy(w, &p.LimitedReader)
}

// pieces is a row of stretches, of which one file is open at a time. The blobs of rest are pinned.
type pieces struct {
	blobs *blob.Store
	now   *piece
	rest  []index.Segment
}

// next opens the next stretch, if none is open; io.EOF after the last.
func (ps *pieces) next() error {
	if ps.now != nil {
		return nil
	}
	if len(ps.rest) == 0 {
		return io.EOF
	}
	p, err := openPiece(ps.blobs, ps.rest[0])
	if err != nil {
		return err
	}
	ps.blobs.Unpin(ps.rest[0].Blob) // an open file needs no pin
	ps.now, ps.rest = p, ps.rest[1:]
	return nil
}

func (ps *pieces) Read(b []byte) (int, error) {
	for {
		if err := ps.next(); err != nil {
			return 0, err
		}
		n, err := ps.now.Read(b)
		if !errors.Is(err, io.EOF) {
			return n, err
		}
		ps.now.Close()
		ps.now = nil
		if n > 0 {
			return n, nil
		}
	}
}

// WriteTo writes the stretches one after another.
func (ps *pieces) WriteTo(w io.Writer) (total int64, err error) {
	for {
		if err := ps.next(); errors.Is(err, io.EOF) {
			return total, nil
		} else if err != nil {
			return total, err
		}
		n, err := ps.now.WriteTo(w)
		total += n
		if err != nil {
			return total, err
		}
		ps.now.Close()
		ps.now = nil
	}
}

func (ps *pieces) Close() error {
	for _, g := range ps.rest {
		ps.blobs.Unpin(g.Blob)
	}
	ps.rest = nil
	if ps.now == nil {
		return nil
	}
	err := ps.now.Close()
	ps.now = nil
	return err
}
