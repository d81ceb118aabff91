// Package sqlite keeps the metadata store in one SQLite file.
//
// It owns that file: its schema, migrations and durability. Writes go through one connection, one transaction at a
// time, and are on disk when Update returns (write-ahead log, synchronous=FULL). Reads have connections of their own
// and never wait for the writer.
package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"sync"

	_ "github.com/mattn/go-sqlite3" // registers the driver "sqlite3"

	"tarn/internal/meta"
)

type store struct {
	path   string
	writer *sql.DB
	reader *sql.DB
	write  statements
	read   statements
	feed   meta.Feed

	turn   chan struct{} // holds one token: whoever has it may write
	closed chan struct{}
	once   sync.Once
}

var _ meta.Store = (*store)(nil)

// Open opens the store at path, makes it if it is not there, and brings it up to the current schema.
func Open(path string) (meta.Store, error) {
	s, err := open(path)
	if err != nil {
		var me *meta.Error
		if errors.As(err, &me) {
			return nil, err
		}
		return nil, &meta.Error{Op: "open", Path: path, Err: err}
	}
	return s, nil
}

func open(path string) (*store, error) {
	// The file holds sealed secrets and policies: make it for its owner alone before SQLite makes it for everyone.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	const common = "?_busy_timeout=10000&_journal_mode=WAL&_synchronous=FULL"
	file := "file:" + (&url.URL{Path: path}).EscapedPath()
	s := &store{path: path, turn: make(chan struct{}, 1), closed: make(chan struct{})}
	if s.writer, err = sql.Open("sqlite3", file+common+"&_txlock=immediate"); err != nil {
		return nil, err
	}
	s.writer.SetMaxOpenConns(1)
	if err := migrate(s.writer, path); err != nil {
		return nil, errors.Join(err, s.writer.Close())
	}
	if s.reader, err = sql.Open("sqlite3", file+common+"&_query_only=1"); err != nil {
		return nil, errors.Join(err, s.writer.Close())
	}
	n := max(4, runtime.GOMAXPROCS(0))
	s.reader.SetMaxOpenConns(n)
	s.reader.SetMaxIdleConns(n)
	if err := s.write.prepare(s.writer, true); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if err := s.read.prepare(s.reader, false); err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.turn <- struct{}{}
	return s, nil
}

func (s *store) View(ctx context.Context, fn func(meta.Tx) error) error {
	select {
	case <-s.closed:
		return &meta.Error{Op: "view", Err: meta.ErrClosed}
	default:
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// The transaction does not end with ctx by itself: each step looks at it instead, which costs no goroutine.
	sqlTx, err := s.reader.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return &meta.Error{Op: "view", Err: err}
	}
	defer sqlTx.Rollback()
	return fn(newTx(ctx, sqlTx, &s.read, false))
}

func (s *store) Update(ctx context.Context, fn func(meta.Tx) error) error {
	select {
	case <-s.turn:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closed:
		return &meta.Error{Op: "update", Err: meta.ErrClosed}
	}
	defer func() { s.turn <- struct{}{} }()
	if err := ctx.Err(); err != nil {
		return err
	}
	sqlTx, err := s.writer.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return &meta.Error{Op: "update", Err: err}
	}
	defer sqlTx.Rollback() // also when fn panics
	t := newTx(ctx, sqlTx, &s.write, true)
	if err := fn(t); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := sqlTx.Commit(); err != nil {
		return &meta.Error{Op: "commit", Path: s.path, Err: err, Hint: "nothing of this change was kept; is the disk full?"}
	}
	s.feed.Publish(t.changes)
	return nil
}

func (s *store) Watch(ctx context.Context, kinds ...string) <-chan meta.Change {
	return s.feed.Watch(ctx, kinds...)
}

// Close waits for the writer, ends the watchers and folds the log into the file.
func (s *store) Close() error {
	var err error
	s.once.Do(func() {
		close(s.closed)
		<-s.turn
		s.feed.Close()
		if err = s.close(); err != nil {
			err = &meta.Error{Op: "close", Path: s.path, Err: err}
		}
	})
	return err
}

func (s *store) close() error {
	err := s.reader.Close()
	return errors.Join(err, s.writer.Close())
}

// statements are compiled once; database/sql keeps a compiled copy for each connection.
type statements struct {
	get, scan, scanOpen                        *sql.Stmt
	put, insert, del, delPrefix, delAllOfAKind *sql.Stmt
}

func (p *statements) prepare(db *sql.DB, writes bool) error {
	var first error
	stmt := func(text string) *sql.Stmt {
		st, err := db.Prepare(text)
		if err != nil && first == nil {
			first = fmt.Errorf("preparing %q: %w", text, err)
		}
		return st
	}
	p.get = stmt(`SELECT value FROM doc WHERE kind = ? AND key = ?`)
	p.scan = stmt(`SELECT key, value FROM doc WHERE kind = ? AND key > ? AND key < ? ORDER BY key LIMIT ?`)
	p.scanOpen = stmt(`SELECT key, value FROM doc WHERE kind = ? AND key > ? ORDER BY key LIMIT ?`)
	if writes {
		p.put = stmt(`INSERT INTO doc (kind, key, value) VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value`)
		p.insert = stmt(`INSERT INTO doc (kind, key, value) VALUES (?, ?, ?) ON CONFLICT (kind, key) DO NOTHING`)
		p.del = stmt(`DELETE FROM doc WHERE kind = ? AND key = ?`)
		p.delPrefix = stmt(`DELETE FROM doc WHERE kind = ? AND key >= ? AND key < ? RETURNING key`)
		p.delAllOfAKind = stmt(`DELETE FROM doc WHERE kind = ? RETURNING key`)
	}
	return first
}

// Scans fetch pages and hold no cursor open, so that fn may read and write in the same transaction. Most scans stop
// early or are short: pages start small.
const (
	firstPage = 16
	fullPage  = 1024
)

type tx struct {
	ctx     context.Context
	sql     *sql.Tx
	p       *statements
	writes  bool
	changes []meta.Change
}

func newTx(ctx context.Context, sqlTx *sql.Tx, p *statements, writes bool) *tx {
	return &tx{ctx: ctx, sql: sqlTx, p: p, writes: writes}
}

func (t *tx) fail(op, kind string, key meta.Key, err error) error {
	return &meta.Error{Op: op, Kind: kind, Key: key, Err: err}
}

func (t *tx) ready(op, kind string, key meta.Key, write bool) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	if write && !t.writes {
		return t.fail(op, kind, key, meta.ErrReadOnly)
	}
	return nil
}

func (t *tx) Get(kind string, key meta.Key, v any) error {
	if err := t.ready("get", kind, key, false); err != nil {
		return err
	}
	var raw []byte
	err := t.sql.Stmt(t.p.get).QueryRow(kind, key.Encode()).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		err = meta.ErrNotFound
	}
	if err == nil {
		err = json.Unmarshal(raw, v)
	}
	if err != nil {
		return t.fail("get", kind, key, err)
	}
	return nil
}

func (t *tx) Put(kind string, key meta.Key, v any) error {
	_, err := t.store("put", t.p.put, kind, key, v)
	return err
}

func (t *tx) Insert(kind string, key meta.Key, v any) error {
	n, err := t.store("insert", t.p.insert, kind, key, v)
	if err == nil && n == 0 {
		return t.fail("insert", kind, key, meta.ErrExists)
	}
	return err
}

func (t *tx) store(op string, stmt *sql.Stmt, kind string, key meta.Key, v any) (int64, error) {
	if err := t.ready(op, kind, key, true); err != nil {
		return 0, err
	}
	if len(key) == 0 {
		return 0, t.fail(op, kind, key, meta.ErrKey)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return 0, t.fail(op, kind, key, err)
	}
	n, err := t.exec(stmt, kind, key.Encode(), raw)
	if err != nil {
		return 0, t.fail(op, kind, key, err)
	}
	if n > 0 {
		t.changes = append(t.changes, meta.Change{Kind: kind, Key: append(meta.Key{}, key...)})
	}
	return n, nil
}

func (t *tx) exec(stmt *sql.Stmt, args ...any) (int64, error) {
	res, err := t.sql.Stmt(stmt).Exec(args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (t *tx) Delete(kind string, key meta.Key) error {
	if err := t.ready("delete", kind, key, true); err != nil {
		return err
	}
	n, err := t.exec(t.p.del, kind, key.Encode())
	if err == nil && n == 0 {
		err = meta.ErrNotFound
	}
	if err != nil {
		return t.fail("delete", kind, key, err)
	}
	t.changes = append(t.changes, meta.Change{Kind: kind, Key: append(meta.Key{}, key...), Deleted: true})
	return nil
}

func (t *tx) DeletePrefix(kind string, prefix meta.Key) (int, error) {
	if err := t.ready("delete", kind, prefix, true); err != nil {
		return 0, err
	}
	var rows *sql.Rows
	var err error
	if end := prefix.EncodeEnd(); end != nil {
		rows, err = t.sql.Stmt(t.p.delPrefix).Query(kind, prefix.Encode(), end)
	} else {
		rows, err = t.sql.Stmt(t.p.delAllOfAKind).Query(kind)
	}
	if err != nil {
		return 0, t.fail("delete", kind, prefix, err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var b sql.RawBytes
		if err := rows.Scan(&b); err != nil {
			return n, t.fail("delete", kind, prefix, err)
		}
		k, err := meta.DecodeKey(b)
		if err != nil {
			return n, t.fail("delete", kind, prefix, err)
		}
		t.changes = append(t.changes, meta.Change{Kind: kind, Key: k, Deleted: true})
		n++
	}
	if err := rows.Err(); err != nil {
		return n, t.fail("delete", kind, prefix, err)
	}
	return n, nil
}

func (t *tx) Scan(kind string, prefix, after meta.Key, fn func(meta.Key, json.RawMessage) (bool, error)) error {
	// All keys of a prefix have more bytes than it, except the prefix itself as a key: start just before that.
	var from []byte
	switch {
	case after == nil && len(prefix) == 0:
		from = []byte{}
	case after == nil:
		from = prefix.Encode()
		from[len(from)-1]--
	case after.Compare(prefix) < 0:
		return t.Scan(kind, prefix, nil, fn)
	default:
		from = after.Encode()
	}
	end := prefix.EncodeEnd()
	for limit := firstPage; ; limit = min(limit*4, fullPage) {
		if err := t.ready("scan", kind, prefix, false); err != nil {
			return err
		}
		page, err := t.page(kind, from, end, limit)
		if err != nil {
			return t.fail("scan", kind, prefix, err)
		}
		for _, row := range page {
			k, err := meta.DecodeKey(row.key)
			if err != nil {
				return t.fail("scan", kind, prefix, err)
			}
			if more, err := fn(k, row.value); err != nil || !more {
				return err
			}
		}
		if len(page) < limit {
			return nil
		}
		from = page[len(page)-1].key
	}
}

type row struct {
	key   []byte
	value json.RawMessage
}

func (t *tx) page(kind string, from, end []byte, limit int) ([]row, error) {
	var rows *sql.Rows
	var err error
	if end == nil {
		rows, err = t.sql.Stmt(t.p.scanOpen).Query(kind, from, limit)
	} else {
		rows, err = t.sql.Stmt(t.p.scan).Query(kind, from, end, limit)
	}
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var page []row
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.key, (*[]byte)(&r.value)); err != nil {
			return nil, err
		}
		page = append(page, r)
	}
	return page, rows.Err()
}
