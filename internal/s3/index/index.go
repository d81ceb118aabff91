// Package index is the ordered index of the lake: buckets, objects, uploads, the blobs they lie in, and the outbox
// of events, in one SQLite file.
//
// It owns the schema, the group commit and the order of keys. It does not own S3's rules (who may write what, which
// error is answered): those are functions handed to Update, which run inside the transaction.
package index

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	_ "github.com/mattn/go-sqlite3" // the driver

	"tarn/internal/s3/blob"
)

// maxBatch bounds how many updates share one transaction.
const maxBatch = 256

// Index is an open index. It is safe for concurrent use.
type Index struct {
	db *sql.DB // readers
	statements
	writer     *sql.DB // one connection, used by the committer alone
	wtx        *Tx
	generation int64

	queue     chan *update
	stop      chan struct{}
	stopped   sync.WaitGroup
	closeOnce sync.Once
	closeErr  error
	blobs     Blobs
	cache     cache

	buckets atomic.Pointer[map[string]*Bucket] // as committed
	mu      sync.Mutex
	changed chan struct{} // closed and replaced at each commit with events
}

// Blobs is where the index puts small bodies, and what makes the names of new blobs durable.
type Blobs interface {
	Allocate() (blob.ID, error)
	WriteAll(id blob.ID, b []byte) error
	SyncFolders(ids []blob.ID) error
	Remove(id blob.ID) (removed bool, err error)
}

type update struct {
	fn   func(*Tx) error
	done chan error
}

var (
	// ErrClosed says that the index has been closed.
	ErrClosed = errors.New("index is closed")
	// ErrUnknown says that a commit failed in a way that does not tell whether a restart will find it done.
	ErrUnknown = errors.New("commit failed")
)

// Open opens or makes index.db in dir and starts a new generation of blobs. Updates work after Attach.
func Open(dir string) (*Index, error) {
	path := filepath.Join(dir, "index.db")
	base := "file:" + escape(path) + "?_journal_mode=WAL&_synchronous=FULL&_busy_timeout=10000&_cache_size=-16384"
	writer, err := sql.Open("sqlite3", base+"&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	writer.SetMaxOpenConns(1)
	writer.SetConnMaxLifetime(0)
	ix := &Index{
		writer: writer, queue: make(chan *update, maxBatch), stop: make(chan struct{}), changed: make(chan struct{}),
		cache: cache{objects: map[objectKey]*Object{}},
	}
	if err := ix.migrate(); err != nil {
		writer.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	ix.db, err = sql.Open("sqlite3", base+"&_query_only=true")
	if err != nil {
		writer.Close()
		return nil, err
	}
	readers := max(4, 2*runtime.NumCPU())
	ix.db.SetMaxOpenConns(readers)
	ix.db.SetMaxIdleConns(readers)
	if ix.statements, err = prepare(ix.db, readStatements()); err == nil {
		ix.wtx = &Tx{}
		ix.wtx.statements, err = prepare(writer, readStatements())
	}
	if err == nil {
		ix.wtx.writes, err = prepare(writer, writeStatements())
	}
	if err == nil {
		err = ix.loadBuckets()
	}
	if err != nil {
		ix.db.Close()
		writer.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	ix.stopped.Add(1)
	go ix.commitLoop()
	return ix, nil
}

// escape keeps the characters of a path that mean something in a URI out of it.
func escape(path string) string {
	var b []byte
	for i := range len(path) {
		switch c := path[i]; c {
		case '%', '?', '#':
			b = fmt.Appendf(b, "%%%02X", c)
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

func (ix *Index) migrate() error {
	tx, err := ix.writer.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var version int
	if err := tx.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	steps := migrations()
	if version > len(steps) {
		return fmt.Errorf("the index has version %d, this program knows up to %d: use the newer program", version, len(steps))
	}
	for ; version < len(steps); version++ {
		if _, err := tx.Exec(steps[version]); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(fmt.Sprintf("PRAGMA user_version = %d", version)); err != nil {
		return err
	}
	if err := tx.QueryRow("INSERT INTO generation DEFAULT VALUES RETURNING id").Scan(&ix.generation); err != nil {
		return err
	}
	return tx.Commit()
}

// Generation is this start's: higher than any before.
func (ix *Index) Generation() int64 { return ix.generation }

// Attach sets the store of blobs, which needs the generation first. It comes before the first Update.
func (ix *Index) Attach(blobs Blobs) { ix.blobs = blobs }

// Close ends the index after the updates under way.
func (ix *Index) Close() error {
	ix.closeOnce.Do(func() {
		close(ix.stop)
		ix.stopped.Wait()
		ix.closeErr = errors.Join(ix.db.Close(), ix.writer.Close())
	})
	return ix.closeErr
}

// Update runs fn in a transaction and returns when it is durable. Concurrent updates share a transaction, in which
// they see each other's writes in turn. fn may run more than once. An error from fn undoes its writes alone.
func (ix *Index) Update(ctx context.Context, fn func(*Tx) error) error {
	u := &update{fn: fn, done: make(chan error, 1)}
	select {
	case ix.queue <- u:
	case <-ix.stop:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	// From here on the update may become durable at any time, so its outcome is waited for.
	select {
	case err := <-u.done:
		return err
	case <-ix.stop:
	}
	ix.stopped.Wait()
	select {
	case err := <-u.done:
		return err
	default:
		return ErrClosed
	}
}

func (ix *Index) commitLoop() {
	defer ix.stopped.Done()
	for {
		var batch []*update
		select {
		case u := <-ix.queue:
			batch = append(batch, u)
		case <-ix.stop:
			return
		}
	gather:
		for len(batch) < maxBatch {
			select {
			case u := <-ix.queue:
				batch = append(batch, u)
			default:
				break gather
			}
		}
		ix.commitBatch(batch)
	}
}

// errDirty says that a function failed after it had written, so the group has to be taken apart.
var errDirty = errors.New("failed after writing")

func (ix *Index) commitBatch(batch []*update) {
	results := make([]error, len(batch))
	err := ix.commitOne(batch, results)
	if err != nil && len(batch) > 1 {
		// One of them broke the group: each stands alone.
		for i, u := range batch {
			results[i] = nil
			if err := ix.commitOne([]*update{u}, results[i:i+1]); err != nil && results[i] == nil {
				results[i] = err
			}
		}
	} else if err != nil && results[0] == nil {
		results[0] = err
	}
	for i, u := range batch {
		u.done <- results[i]
	}
}

// commitOne runs updates in one transaction. Those that fail before they have written get their error in results;
// any other failure undoes all and is returned.
func (ix *Index) commitOne(batch []*update, results []error) error {
	tx := ix.wtx
	tx.reset(*ix.buckets.Load(), ix.blobs)
	if _, err := ix.writer.Exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := func() error {
		for i, u := range batch {
			tx.dirty = false
			if results[i] = u.fn(tx); results[i] == nil {
				continue
			}
			if tx.err != nil {
				return tx.err
			}
			if tx.dirty {
				return errDirty
			}
		}
		if err := tx.writePacks(); err != nil {
			return err
		}
		if len(tx.fresh) > 0 {
			return ix.blobs.SyncFolders(tx.fresh)
		}
		return nil
	}()
	if err == nil {
		ix.cache.begin(tx.touched)
		if _, err = ix.writer.Exec("COMMIT"); err != nil {
			err = fmt.Errorf("%w: %w", ErrUnknown, err)
		}
		ix.cache.end()
	}
	if err != nil {
		ix.writer.Exec("ROLLBACK") // fails when SQLite has rolled back already
		if !errors.Is(err, ErrUnknown) {
			tx.dropPacks()
		}
		return err
	}
	if tx.buckets {
		if err := ix.loadBuckets(); err != nil {
			return err
		}
	}
	if tx.events {
		ix.mu.Lock()
		close(ix.changed)
		ix.changed = make(chan struct{})
		ix.mu.Unlock()
	}
	return nil
}

func (ix *Index) loadBuckets() error {
	list, err := ix.wtx.listBuckets()
	if err != nil {
		return err
	}
	m := mapBuckets(list)
	ix.buckets.Store(&m)
	return nil
}

// Bucket is a bucket by its name; ErrNotFound.
func (ix *Index) Bucket(name string) (*Bucket, error) { return lookup(*ix.buckets.Load(), name) }

// Buckets lists an account's buckets by name.
func (ix *Index) Buckets(account string) []*Bucket {
	var out []*Bucket
	for _, b := range *ix.buckets.Load() {
		if b.Account == account {
			c := *b
			out = append(out, &c)
		}
	}
	slices.SortFunc(out, func(a, b *Bucket) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Changed is closed at the next commit that has events.
func (ix *Index) Changed() <-chan struct{} {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	return ix.changed
}

type statements map[string]*sql.Stmt

func prepare(db *sql.DB, texts map[string]string) (statements, error) {
	out := statements{}
	for name, text := range texts {
		st, err := db.Prepare(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = st
	}
	return out, nil
}

func millis(t time.Time) int64 { return t.UnixMilli() }

func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
