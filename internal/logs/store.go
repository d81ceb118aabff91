package logs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Store is the log files of all accounts.
type Store struct {
	dir string
	now func() time.Time

	mu   sync.Mutex
	open map[string]*live // by path

	blocks blockIndex
}

// live is a stream that someone writes or follows.
type live struct {
	path    string
	mu      sync.Mutex
	file    *os.File
	writers int
	changed chan struct{} // closed and replaced at each change
}

// Open makes a store below dir.
func Open(dir string, now func() time.Time) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return &Store{dir: dir, now: now, open: map[string]*live{}}, nil
}

func escape(name string) string {
	// A name may be "." or "..", which a file system takes for something else.
	return strings.ReplaceAll(url.PathEscape(name), ".", "%2E")
}

func unescape(name string) string {
	s, err := url.PathUnescape(name)
	if err != nil {
		return name
	}
	return s
}

func (s *Store) groupDir(account, group string) string {
	return filepath.Join(s.dir, escape(account), escape(group))
}

func (s *Store) path(account, group, stream string) string {
	return filepath.Join(s.groupDir(account, group), escape(stream)+".log")
}

// resolve is the file of a stream. A Glue run's driver stream is the run's own under another name.
func (s *Store) resolve(account, group, stream string) (string, error) {
	path := s.path(account, group, stream)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if run, ok := strings.CutSuffix(stream, "-driver"); ok {
		if alias := s.path(account, group, run); exists(alias) {
			return alias, nil
		}
	}
	return "", fs.ErrNotExist
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Writer appends to a stream, a line an event.
type Writer struct {
	s    *Store
	l    *live
	mu   sync.Mutex
	rest []byte
	done bool
}

// longest is how long an event may be: CloudWatch's own limit, near enough.
const longest = 256 << 10

// Stream opens a stream for appending; group and stream are made where they are missing.
func (s *Store) Stream(account, group, stream string) (io.WriteCloser, error) {
	if _, err := s.makeGroup(account, group); err != nil {
		return nil, err
	}
	l, err := s.acquire(s.path(account, group, stream))
	if err != nil {
		return nil, err
	}
	return &Writer{s: s, l: l}, nil
}

func (s *Store) acquire(path string) (*live, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.open[path]
	if l == nil {
		l = &live{path: path, changed: make(chan struct{})}
		s.open[path] = l
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, err
		}
		l.file = f
	}
	l.writers++
	return l, nil
}

// Write takes text; whole lines become events at once.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done {
		return 0, os.ErrClosed
	}
	w.rest = append(w.rest, p...)
	var lines [][]byte
	for {
		i := bytes.IndexByte(w.rest, '\n')
		if i < 0 && len(w.rest) < longest {
			break
		}
		if i < 0 || i > longest {
			i = longest
			lines = append(lines, w.rest[:i])
			w.rest = w.rest[i:]
			continue
		}
		lines = append(lines, w.rest[:i])
		w.rest = w.rest[i+1:]
	}
	if err := w.l.append(w.s.now(), lines); err != nil {
		return 0, err
	}
	if len(w.rest) == 0 {
		w.rest = nil
	}
	return len(p), nil
}

// Close ends the stream for those who follow it, unless someone else writes to it too.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done {
		return nil
	}
	w.done = true
	var err error
	if len(w.rest) > 0 {
		err = w.l.append(w.s.now(), [][]byte{w.rest})
	}
	return errors.Join(err, w.s.release(w.l))
}

func (s *Store) release(l *live) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writers--
	if l.writers > 0 {
		return nil
	}
	if s.open[l.path] == l { // it was not removed meanwhile
		delete(s.open, l.path)
	}
	err := l.file.Close()
	l.file = nil
	close(l.changed)
	l.changed = make(chan struct{})
	return err
}

func (l *live) append(at time.Time, lines [][]byte) error {
	events := make([]Event, len(lines))
	for i, line := range lines {
		events[i] = Event{Time: at, Message: strings.TrimSuffix(string(line), "\r")}
	}
	return l.appendEvents(events)
}

func (l *live) appendEvents(events []Event) error {
	if len(events) == 0 {
		return nil
	}
	var buf []byte
	for _, e := range events {
		buf = appendEvent(buf, e)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return os.ErrClosed
	}
	// One write a batch: a reader never sees half an event as the last line's end marks it.
	if _, err := l.file.Write(buf); err != nil {
		return err
	}
	close(l.changed)
	l.changed = make(chan struct{})
	return nil
}

// ErrNoStream tells that there is no such stream (yet).
var ErrNoStream = errors.New("no such log stream")

// Follow gives a stream's events from its first on, then the new ones as they are written, until the stream ends or
// ctx does. The channel is closed then.
func (s *Store) Follow(ctx context.Context, account, group, stream string) (<-chan Event, error) {
	path, err := s.resolve(account, group, stream)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", group, stream, ErrNoStream)
	}
	out := make(chan Event, 64)
	go func() {
		defer close(out)
		var at int64
		for {
			s.mu.Lock()
			l := s.open[path]
			s.mu.Unlock()
			var changed chan struct{}
			if l != nil {
				l.mu.Lock()
				if l.writers > 0 {
					changed = l.changed
				}
				l.mu.Unlock()
			}
			stopped := false
			at, err = scan(path, at, func(e Event) bool {
				select {
				case out <- e:
					return true
				case <-ctx.Done():
					stopped = true
					return false
				}
			})
			if err != nil || stopped || changed == nil {
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, nil
}
