package logs

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"
)

// Event is a line of a log.
type Event struct {
	Time    time.Time
	Message string
	// Offset is where the event begins in its stream; with the stream it names the event.
	Offset int64
	next   int64
}

// In a file, an event is a line: its milliseconds, a blank, its message with line ends and backslashes escaped.
var (
	encoder = strings.NewReplacer("\\", "\\\\", "\n", "\\n")
	decoder = strings.NewReplacer("\\\\", "\\", "\\n", "\n")
)

// cursor reads the events of a file one after the other.
type cursor struct {
	f     *os.File
	r     *bufio.Reader
	begin int64 // of the event that was read last
	at    int64 // behind it
	ms    int64
	text  []byte // its message as it is in the file; valid until the next one is read
	long  []byte
}

// openAt begins at the first event that starts at an offset or behind it: a token may be older than the file's last
// trimming.
func openAt(path string, from int64) (*cursor, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	c := &cursor{f: f, at: from}
	if from > 0 {
		c.at = from - 1
	}
	if _, err := f.Seek(c.at, io.SeekStart); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	c.r = bufio.NewReaderSize(f, 64<<10)
	if from > 0 {
		// The byte before is the end of the line before, or is in the midst of one.
		if _, err := c.line(); err != nil && !errors.Is(err, io.EOF) {
			return nil, errors.Join(err, f.Close())
		}
	}
	return c, nil
}

func (c *cursor) close() error { return c.f.Close() }

// line reads a whole line; io.EOF where there is none (yet).
func (c *cursor) line() ([]byte, error) {
	b, err := c.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		c.long = append(c.long[:0], b...)
		for errors.Is(err, bufio.ErrBufferFull) {
			b, err = c.r.ReadSlice('\n')
			c.long = append(c.long, b...)
		}
		b = c.long
	}
	if err != nil {
		return nil, err
	}
	c.begin = c.at
	c.at += int64(len(b))
	return b[:len(b)-1], nil
}

// next reads the next event; io.EOF at the end.
func (c *cursor) next() error {
	line, err := c.line()
	if err != nil {
		return err
	}
	i := 0
	c.ms = 0
	for ; i < len(line) && i < 18 && line[i] >= '0' && line[i] <= '9'; i++ {
		c.ms = c.ms*10 + int64(line[i]-'0')
	}
	if i == 0 || i == len(line) || line[i] != ' ' {
		c.ms, c.text = 0, line
		return nil
	}
	c.text = line[i+1:]
	return nil
}

// message is the message of the event that was read last; valid until the next one is read.
func (c *cursor) message() []byte {
	if bytes.IndexByte(c.text, '\\') < 0 {
		return c.text
	}
	return []byte(decoder.Replace(string(c.text)))
}

// event is the event that was read last.
func (c *cursor) event() Event {
	return Event{Time: time.UnixMilli(c.ms).UTC(), Message: string(c.message()), Offset: c.begin, next: c.at}
}

// span is a range of time in milliseconds; both ends belong to it.
type span struct{ from, to int64 }

var always = span{math.MinInt64, math.MaxInt64}

func (s span) has(ms int64) bool { return ms >= s.from && ms <= s.to }

// scan calls fn for the whole events of a file from an offset on, until fn says no more. It answers where it stopped.
func scan(path string, from int64, fn func(Event) bool) (int64, error) {
	c, err := openAt(path, from)
	if err != nil {
		return from, err
	}
	defer c.close()
	for {
		err := c.next()
		if errors.Is(err, io.EOF) {
			return c.at, nil
		}
		if err != nil {
			return c.at, err
		}
		if !fn(c.event()) {
			return c.begin, nil
		}
	}
}

func appendEvent(buf []byte, e Event) []byte {
	buf = strconv.AppendInt(buf, e.Time.UnixMilli(), 10)
	buf = append(buf, ' ')
	buf = append(buf, encoder.Replace(e.Message)...)
	return append(buf, '\n')
}
