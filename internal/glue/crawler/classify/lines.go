package classify

import (
	"bufio"
	"errors"
	"io"
)

const (
	// headSize is how much of a text decides its format.
	headSize = 256 << 10
	// longestLine bounds one line: longer ones are cut, not kept.
	longestLine = 32 << 20
)

// lines reads a text line by line.
type lines struct {
	br    *bufio.Reader
	n     int64 // bytes read so far
	line  int64 // lines read so far
	err   error // what ended it; io.EOF at the end
	long  []byte
	start bool
	limit int64 // where the reader ends although the text may go on; 0 = nowhere
}

// newLines reads a text of at most size bytes, as far as that is known; 0 = not at all. A lake has many small files, for
// which a large buffer would be most of the work.
func newLines(r io.Reader, size int64) *lines {
	if size <= 0 || size >= headSize {
		size = headSize - 1
	}
	return &lines{br: bufio.NewReaderSize(r, int(size)+1), start: true} // one more, to see the end
}

// head looks at the beginning without consuming it.
func (l *lines) head() []byte {
	b, err := l.br.Peek(l.br.Size())
	if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
		l.err = err
	}
	return b
}

// whole reports whether the head is all there is.
func (l *lines) whole() bool { return errors.Is(l.err, io.EOF) }

// next is the next line without its end. It is valid until the call after.
func (l *lines) next() ([]byte, bool) {
	b, err := l.br.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		l.long = append(l.long[:0], b...)
		l.n += int64(len(b))
		for errors.Is(err, bufio.ErrBufferFull) {
			b, err = l.br.ReadSlice('\n')
			l.n += int64(len(b))
			if len(l.long) < longestLine {
				l.long = append(l.long, b...)
			}
		}
		b = l.long
	} else {
		l.n += int64(len(b))
	}
	if err != nil {
		l.err = err
		if len(b) == 0 || !errors.Is(err, io.EOF) || l.limit > 0 && l.n >= l.limit {
			return nil, false // what precedes a break in compressed data, or the limit, is no whole line
		}
	}
	l.line++
	if l.start {
		l.start = false
		if len(b) >= 3 && b[0] == 0xef && b[1] == 0xbb && b[2] == 0xbf {
			b = b[3:]
		}
	}
	if n := len(b); n > 0 && b[n-1] == '\n' {
		b = b[:n-1]
	}
	if n := len(b); n > 0 && b[n-1] == '\r' {
		b = b[:n-1]
	}
	return b, true
}
