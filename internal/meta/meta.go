// Package meta is the metadata store: ordered JSON documents in named kinds, read in snapshots and written in
// serializable transactions, with a feed of what was committed.
//
// It owns the interface, the encoding of keys and the feed. It does not own any kind: each is read and written by
// the one package that defines it. Backends live in folders of their own and pass the suite in metatest.
package meta

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Errors that callers compare with errors.Is.
var (
	ErrNotFound = errors.New("not found")
	ErrExists   = errors.New("already exists")
	ErrNewer    = errors.New("written by a newer version")
	ErrClosed   = errors.New("store is closed")
	ErrReadOnly = errors.New("read-only transaction")
	ErrKey      = errors.New("empty key")
)

// Store is a set of ordered documents.
type Store interface {
	// View runs fn on one consistent snapshot. Readers do not wait for the writer.
	View(ctx context.Context, fn func(Tx) error) error
	// Update runs fn in a serializable transaction, and returns once its writes are durable. fn may run more than
	// once, so it must not act outside the transaction, nor call Update itself. An error from fn undoes everything.
	Update(ctx context.Context, fn func(Tx) error) error
	// Watch tells of committed changes of these kinds (none = all), in the order of commits, until ctx ends; then
	// the channel is closed. A View that starts after a change was received sees it. A reader that is too slow
	// receives a Change with Dropped set in place of what it missed, and must look at everything again.
	Watch(ctx context.Context, kinds ...string) <-chan Change
	Close() error
}

// Tx is one transaction. It is used by one goroutine, and not after its function has returned.
type Tx interface {
	// Get decodes a document into v; ErrNotFound.
	Get(kind string, key Key, v any) error
	// Put stores a document, whether or not it was there.
	Put(kind string, key Key, v any) error
	// Insert stores a new document; ErrExists.
	Insert(kind string, key Key, v any) error
	// Delete removes a document; ErrNotFound.
	Delete(kind string, key Key) error
	// DeletePrefix removes all documents whose keys start with these components, and says how many they were.
	DeletePrefix(kind string, prefix Key) (int, error)
	// Scan calls fn in key order for the documents whose keys start with prefix, from the first that comes strictly
	// after the key `after` (nil = from the start), until fn returns false or an error. fn may use the transaction.
	Scan(kind string, prefix Key, after Key, fn func(k Key, raw json.RawMessage) (more bool, err error)) error
}

// Change is one committed change.
type Change struct {
	Kind    string
	Key     Key
	Deleted bool
	// Dropped stands for any number of changes that a slow reader has missed; Kind and Key are empty.
	Dropped bool
}

// Key is ordered component by component, each by its bytes: {"a"} < {"a", "b"} < {"a\x00"} < {"b"}.
type Key []string

func (k Key) String() string { return strings.Join(k, "/") }

// HasPrefix reports whether k starts with the components of prefix.
func (k Key) HasPrefix(prefix Key) bool {
	if len(k) < len(prefix) {
		return false
	}
	for i, c := range prefix {
		if k[i] != c {
			return false
		}
	}
	return true
}

// Compare orders keys as the store does.
func (k Key) Compare(o Key) int {
	for i := 0; i < len(k) && i < len(o); i++ {
		if c := strings.Compare(k[i], o[i]); c != 0 {
			return c
		}
	}
	return len(k) - len(o)
}

// Error says which operation failed on what.
type Error struct {
	Op   string // get, put, open, ...
	Kind string
	Key  Key
	Path string
	Err  error
	Hint string // what to do about it, where there is something
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "meta: %s", e.Op)
	if e.Path != "" {
		fmt.Fprintf(&b, " %s", e.Path)
	}
	if e.Kind != "" {
		fmt.Fprintf(&b, " %s", e.Kind)
	}
	if len(e.Key) > 0 {
		fmt.Fprintf(&b, " %s", e.Key)
	}
	fmt.Fprintf(&b, ": %v", e.Err)
	if e.Hint != "" {
		fmt.Fprintf(&b, " (%s)", e.Hint)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }
