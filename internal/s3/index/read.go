package index

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"tarn/internal/s3/blob"
)

const objectColumns = "bucket, key, size, etag, modified, class, algorithm, checksum_type, segments, doc"

func readStatements() map[string]string {
	return map[string]string{
		"buckets":     "SELECT id, name, account, region, created, doc FROM bucket ORDER BY name",
		"object":      "SELECT " + objectColumns + " FROM object WHERE bucket = ? AND key = ?",
		"scan":        "SELECT key, size, etag, modified, class, algorithm, checksum_type FROM object WHERE bucket = ? AND key >= ? ORDER BY key",
		"anyObject":   "SELECT 1 FROM object WHERE bucket = ? LIMIT 1",
		"upload":      "SELECT bucket, key, id, initiated, doc FROM upload WHERE id = ?",
		"anyUpload":   "SELECT 1 FROM upload WHERE bucket = ? LIMIT 1",
		"uploads":     "SELECT bucket, key, id, initiated, doc FROM upload WHERE bucket = ?1 AND (key, id) > (?2, ?3) ORDER BY key, id LIMIT ?4",
		"part":        "SELECT upload, number, size, etag, modified, segments, checksums FROM part WHERE upload = ? AND number = ?",
		"parts":       "SELECT upload, number, size, etag, modified, segments, checksums FROM part WHERE upload = ? AND number > ? ORDER BY number LIMIT ?",
		"completed":   "SELECT doc FROM completed WHERE upload = ?",
		"blob":        "SELECT refs FROM blob WHERE id = ?",
		"deadBlobs":   "SELECT id, died FROM blob WHERE died <= ? AND (died, id) > (?, ?) ORDER BY died, id LIMIT ?",
		"unswept":     "SELECT id FROM generation WHERE swept = 0 AND id < ? ORDER BY id",
		"events":      "SELECT seq, at, kind, account, bucket, key, size, etag FROM event WHERE seq > ? ORDER BY seq LIMIT ?",
		"eventBounds": "SELECT coalesce((SELECT min(seq) FROM event), 0), coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0)",
		"state":       "SELECT value FROM state WHERE name = ?",
	}
}

type scanner interface{ Scan(dest ...any) error }

func found(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

func (st statements) listBuckets() ([]Bucket, error) {
	rows, err := st["buckets"].Query()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Bucket
	for rows.Next() {
		var b Bucket
		var created int64
		var doc sql.RawBytes
		if err := rows.Scan(&b.ID, &b.Name, &b.Account, &b.Region, &created, &doc); err != nil {
			return nil, err
		}
		b.Created = fromMillis(created)
		if err := json.Unmarshal(doc, &b.Doc); err != nil {
			return nil, fmt.Errorf("bucket %s: %w", b.Name, err)
		}
		out = append(out, b)
	}
	return out, rows.Err()
}

// Object is the current state of a key; ErrNotFound.
func (st statements) Object(bucket int64, key string) (*Object, error) {
	var o Object
	var modified int64
	var k, segments, doc []byte
	err := st["object"].QueryRow(bucket, []byte(key)).
		Scan(&o.Bucket, &k, &o.Size, &o.ETag, &modified, &o.Class, &o.Algorithm, &o.ChecksumType, &segments, &doc)
	if err != nil {
		return nil, found(err)
	}
	o.Key, o.Modified = string(k), fromMillis(modified)
	if o.Segments, err = decodeSegments(segments); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(doc, &o.Doc); err != nil {
		return nil, fmt.Errorf("object %s: %w", key, err)
	}
	return &o, nil
}

// Scan calls fn for a bucket's objects from the key `from` on, in the order of keys, until it returns false. The
// objects lack their segments and doc.
func (st statements) Scan(bucket int64, from string, fn func(*Object) bool) error {
	rows, err := st["scan"].Query(bucket, []byte(from))
	if err != nil {
		return err
	}
	defer rows.Close()
	var key sql.RawBytes
	for rows.Next() {
		o := Object{Bucket: bucket}
		var modified int64
		if err := rows.Scan(&key, &o.Size, &o.ETag, &modified, &o.Class, &o.Algorithm, &o.ChecksumType); err != nil {
			return err
		}
		o.Key, o.Modified = string(key), fromMillis(modified)
		if !fn(&o) {
			return nil
		}
	}
	return rows.Err()
}

// Empty tells whether a bucket has no objects.
func (st statements) Empty(bucket int64) (bool, error) {
	var one int
	err := found(st["anyObject"].QueryRow(bucket).Scan(&one))
	if errors.Is(err, ErrNotFound) {
		return true, nil
	}
	return false, err
}

func scanUpload(row scanner) (*Upload, error) {
	var u Upload
	var initiated int64
	var key, doc []byte
	if err := row.Scan(&u.Bucket, &key, &u.ID, &initiated, &doc); err != nil {
		return nil, found(err)
	}
	u.Key, u.Initiated = string(key), fromMillis(initiated)
	if err := json.Unmarshal(doc, &u.Doc); err != nil {
		return nil, fmt.Errorf("upload %s: %w", u.ID, err)
	}
	return &u, nil
}

// Upload is a multipart upload under way; ErrNotFound.
func (st statements) Upload(id string) (*Upload, error) {
	return scanUpload(st["upload"].QueryRow(id))
}

// Uploads lists a bucket's uploads in the order of key and id, strictly after the given ones.
func (st statements) Uploads(bucket int64, afterKey, afterID string, limit int) ([]*Upload, error) {
	return collect(scanUpload)(st["uploads"].Query(bucket, []byte(afterKey), afterID, limit))
}

func collect[T any](scan func(scanner) (T, error)) func(*sql.Rows, error) ([]T, error) {
	return func(rows *sql.Rows, err error) ([]T, error) {
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		var out []T
		for rows.Next() {
			v, err := scan(rows)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, rows.Err()
	}
}

func scanPart(row scanner) (*Part, error) {
	var p Part
	var modified int64
	var segments, checksums []byte
	err := row.Scan(&p.Upload, &p.Number, &p.Size, &p.ETag, &modified, &segments, &checksums)
	if err != nil {
		return nil, found(err)
	}
	p.Modified = fromMillis(modified)
	if p.Segments, err = decodeSegments(segments); err != nil {
		return nil, err
	}
	return &p, json.Unmarshal(checksums, &p.Checksums)
}

// Part is an uploaded part; ErrNotFound.
func (st statements) Part(upload string, number int) (*Part, error) {
	return scanPart(st["part"].QueryRow(upload, number))
}

// Parts lists an upload's parts with a number above `after`.
func (st statements) Parts(upload string, after, limit int) ([]*Part, error) {
	return collect(scanPart)(st["parts"].Query(upload, after, limit))
}

// Completed decodes the answer of a completed upload into v; ErrNotFound.
func (st statements) Completed(upload string, v any) error {
	var doc []byte
	if err := st["completed"].QueryRow(upload).Scan(&doc); err != nil {
		return found(err)
	}
	return json.Unmarshal(doc, v)
}

// HasBlob tells whether the index knows a blob, in use or dead.
func (st statements) HasBlob(id blob.ID) (bool, error) {
	var refs int64
	err := found(st["blob"].QueryRow(int64(id)).Scan(&refs))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Dead is a blob that nothing uses any more.
type Dead struct {
	ID blob.ID
	At int64 // when its last use ended, in Unix milliseconds
}

// DeadBlobs lists blobs that nothing has used since the given time (in Unix milliseconds) or longer, in the order in
// which they died, from after a given one on.
func (st statements) DeadBlobs(before int64, after Dead, limit int) ([]Dead, error) {
	return collect(func(row scanner) (d Dead, err error) {
		var id int64
		err = row.Scan(&id, &d.At)
		d.ID = blob.ID(id)
		return d, err
	})(st["deadBlobs"].Query(before, after.At, int64(after.ID), limit))
}

// Unswept lists the generations before this one that may have left files behind.
func (ix *Index) Unswept() ([]int64, error) {
	return collect(func(row scanner) (int64, error) {
		var id int64
		err := row.Scan(&id)
		return id, err
	})(ix.statements["unswept"].Query(ix.generation))
}

func scanEvent(row scanner) (Event, error) {
	var e Event
	var at int64
	var key []byte
	err := row.Scan(&e.Seq, &at, &e.Kind, &e.Account, &e.Bucket, &key, &e.Size, &e.ETag)
	e.At, e.Key = fromMillis(at), string(key)
	return e, err
}

// Events lists the events after a sequence number.
func (st statements) Events(after int64, limit int) ([]Event, error) {
	return collect(scanEvent)(st["events"].Query(after, limit))
}

// EventBounds are the lowest sequence number kept (0: none is) and the highest ever given.
func (st statements) EventBounds() (first, last int64, err error) {
	err = st["eventBounds"].QueryRow().Scan(&first, &last)
	return first, last, err
}

// State reads a named value; ErrNotFound.
func (st statements) State(name string, v any) error {
	return found(st["state"].QueryRow(name).Scan(v))
}
