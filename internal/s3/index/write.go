package index

import (
	"encoding/json"
	"errors"
	"slices"
	"time"

	"tarn/internal/s3/blob"
)

func writeStatements() map[string]string {
	return map[string]string{
		"insertBucket": "INSERT INTO bucket (name, account, region, created, doc) VALUES (?, ?, ?, ?, ?)",
		"updateBucket": "UPDATE bucket SET doc = ? WHERE id = ?",
		"deleteBucket": "DELETE FROM bucket WHERE id = ?",
		"putObject": "INSERT INTO object (" + objectColumns + ") VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT (bucket, key) DO UPDATE SET " +
			"size = excluded.size, etag = excluded.etag, modified = excluded.modified, class = excluded.class, algorithm = excluded.algorithm, " +
			"checksum_type = excluded.checksum_type, segments = excluded.segments, doc = excluded.doc",
		"setDoc":          "UPDATE object SET doc = ? WHERE bucket = ? AND key = ?",
		"deleteObject":    "DELETE FROM object WHERE bucket = ? AND key = ?",
		"insertBlob":      "INSERT INTO blob (id, refs) VALUES (?, 1)",
		"refBlob":         "UPDATE blob SET refs = refs + 1 WHERE id = ? AND refs > 0",
		"unrefBlob":       "UPDATE blob SET refs = refs - 1, died = CASE refs WHEN 1 THEN ?2 END WHERE id = ?1",
		"forgetBlob":      "DELETE FROM blob WHERE id = ? AND refs = 0",
		"insertEvent":     "INSERT INTO event (at, kind, account, bucket, key, size, etag) VALUES (?, ?, ?, ?, ?, ?, ?)",
		"trimEvents":      "DELETE FROM event WHERE at < ? AND seq IN (SELECT seq FROM event ORDER BY seq LIMIT ?)",
		"insertUpload":    "INSERT INTO upload (bucket, key, id, initiated, doc) VALUES (?, ?, ?, ?, ?)",
		"deleteUpload":    "DELETE FROM upload WHERE bucket = ? AND key = ? AND id = ?",
		"putPart":         "INSERT OR REPLACE INTO part (upload, number, size, etag, modified, segments, checksums) VALUES (?, ?, ?, ?, ?, ?, ?)",
		"deleteParts":     "DELETE FROM part WHERE upload = ?",
		"insertCompleted": "INSERT OR REPLACE INTO completed (upload, at, doc) VALUES (?, ?, ?)",
		"trimCompleted":   "DELETE FROM completed WHERE at < ?",
		"swept":           "UPDATE generation SET swept = 1 WHERE id = ?",
		"putState":        "INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)",
	}
}

// Tx is the transaction that an Update runs in. It is valid only within its function.
type Tx struct {
	statements
	writes statements
	byName map[string]*Bucket // nil: to be read

	dirty   bool  // the current function has written
	err     error // a statement failed: the transaction is lost
	events  bool
	buckets bool // buckets changed
	fresh   []blob.ID
	blobs   Blobs
	packs   []*pack
	spare   [][]byte    // memory of earlier packs
	touched []objectKey // objects written
}

func (tx *Tx) reset(byName map[string]*Bucket, blobs Blobs) {
	tx.dirty, tx.err, tx.events, tx.buckets, tx.fresh, tx.byName = false, nil, false, false, nil, byName
	tx.blobs, tx.touched = blobs, tx.touched[:0]
	tx.recyclePacks()
}

func (tx *Tx) exec(name string, args ...any) error {
	_, err := tx.count(name, args...)
	return err
}

// count executes a statement and answers how many rows it changed.
func (tx *Tx) count(name string, args ...any) (n int64, err error) {
	tx.dirty = true
	r, err := tx.writes[name].Exec(args...)
	if err == nil {
		n, err = r.RowsAffected()
	}
	if err != nil && tx.err == nil {
		tx.err = err
	}
	return n, err
}

func (tx *Tx) json(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil && tx.err == nil {
		tx.err = err
	}
	return b, err
}

// InsertBucket makes a bucket; its name must be free.
func (tx *Tx) InsertBucket(b *Bucket) error {
	doc, err := tx.json(b.Doc)
	if err != nil {
		return err
	}
	tx.buckets, tx.byName = true, nil
	return tx.exec("insertBucket", b.Name, b.Account, b.Region, millis(b.Created), doc)
}

// UpdateBucket replaces a bucket's doc.
func (tx *Tx) UpdateBucket(b *Bucket) error {
	doc, err := tx.json(b.Doc)
	if err != nil {
		return err
	}
	tx.buckets, tx.byName = true, nil
	return tx.exec("updateBucket", doc, b.ID)
}

// DeleteBucket removes a bucket, which must be empty.
func (tx *Tx) DeleteBucket(b *Bucket) error {
	tx.buckets, tx.byName = true, nil
	return tx.exec("deleteBucket", b.ID)
}

// Use tells that blobs written since the last commit get their first reference in this transaction.
func (tx *Tx) Use(fresh ...blob.ID) error {
	for _, id := range fresh {
		if err := tx.exec("insertBlob", int64(id)); err != nil {
			return err
		}
	}
	tx.fresh = append(tx.fresh, fresh...)
	return nil
}

// ref adds references to the segments' blobs, but for the first one of each fresh blob, which Use has counted.
func (tx *Tx) ref(segments []Segment, fresh []blob.ID) error {
	for _, s := range segments {
		if i := slices.Index(fresh, s.Blob); i >= 0 {
			fresh = slices.Delete(slices.Clone(fresh), i, i+1)
			if err := tx.Use(s.Blob); err != nil {
				return err
			}
			continue
		}
		if p := tx.packOf(s.Blob); p != nil && !p.used {
			p.used = true
			if err := tx.Use(s.Blob); err != nil {
				return err
			}
			continue
		}
		tx.dirty = true
		result, err := tx.writes["refBlob"].Exec(int64(s.Blob))
		if err == nil {
			var n int64
			if n, err = result.RowsAffected(); err == nil && n == 0 {
				return ErrGone
			}
		}
		if err != nil {
			tx.err = err
			return err
		}
	}
	return nil
}

func (tx *Tx) unref(segments []Segment, at time.Time) error {
	for _, s := range segments {
		if err := tx.exec("unrefBlob", int64(s.Blob), millis(at)); err != nil {
			return err
		}
	}
	return nil
}

// PutObject makes o the current state of its key in place of old (nil: there is none). fresh are those of its blobs
// that were not published before.
func (tx *Tx) PutObject(o, old *Object, fresh ...blob.ID) error {
	doc, err := tx.json(o.Doc)
	if err != nil {
		return err
	}
	if err := tx.ref(o.Segments, fresh); err != nil {
		return err
	}
	if old != nil {
		if err := tx.unref(old.Segments, o.Modified); err != nil {
			return err
		}
	}
	tx.touched = append(tx.touched, objectKey{o.Bucket, o.Key})
	return tx.exec("putObject", o.Bucket, []byte(o.Key), o.Size, o.ETag, millis(o.Modified), o.Class, o.Algorithm, o.ChecksumType,
		encodeSegments(o.Segments), doc)
}

// Repack puts an object's bytes into another blob without changing the object.
func (tx *Tx) Repack(o *Object, segments []Segment, at time.Time, fresh ...blob.ID) error {
	n := *o
	n.Segments = segments
	doc, err := tx.json(n.Doc)
	if err != nil {
		return err
	}
	if err := tx.ref(segments, fresh); err != nil {
		return err
	}
	if err := tx.unref(o.Segments, at); err != nil {
		return err
	}
	tx.touched = append(tx.touched, objectKey{n.Bucket, n.Key})
	return tx.exec("putObject", n.Bucket, []byte(n.Key), n.Size, n.ETag, millis(n.Modified), n.Class, n.Algorithm, n.ChecksumType,
		encodeSegments(segments), doc)
}

// SetDoc replaces an object's doc, and nothing else.
func (tx *Tx) SetDoc(o *Object) error {
	doc, err := tx.json(o.Doc)
	if err != nil {
		return err
	}
	tx.touched = append(tx.touched, objectKey{o.Bucket, o.Key})
	return tx.exec("setDoc", doc, o.Bucket, []byte(o.Key))
}

// DeleteObject removes an object that Object has returned in this transaction.
func (tx *Tx) DeleteObject(o *Object, at time.Time) error {
	if err := tx.unref(o.Segments, at); err != nil {
		return err
	}
	tx.touched = append(tx.touched, objectKey{o.Bucket, o.Key})
	return tx.exec("deleteObject", o.Bucket, []byte(o.Key))
}

// Emit puts an event into the outbox. Its number is given by the index.
func (tx *Tx) Emit(e Event) error {
	tx.events = true
	return tx.exec("insertEvent", millis(e.At), e.Kind, e.Account, e.Bucket, []byte(e.Key), e.Size, e.ETag)
}

// TrimEvents forgets those of the first events that are older than a time, and says how many: when as many as the
// limit, there may be more. It looks at no more than these, however many events there are.
func (tx *Tx) TrimEvents(before time.Time, limit int) (int64, error) {
	return tx.count("trimEvents", millis(before), limit)
}

// InsertUpload starts an upload.
func (tx *Tx) InsertUpload(u *Upload) error {
	doc, err := tx.json(u.Doc)
	if err != nil {
		return err
	}
	return tx.exec("insertUpload", u.Bucket, []byte(u.Key), u.ID, millis(u.Initiated), doc)
}

// DeleteUpload ends an upload and lets go of its parts.
func (tx *Tx) DeleteUpload(u *Upload, at time.Time) error {
	parts, err := tx.Parts(u.ID, 0, -1)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if err := tx.unref(p.Segments, at); err != nil {
			return err
		}
	}
	if err := tx.exec("deleteParts", u.ID); err != nil {
		return err
	}
	return tx.exec("deleteUpload", u.Bucket, []byte(u.Key), u.ID)
}

// PutPart stores a part in place of an earlier one of its number.
func (tx *Tx) PutPart(p *Part, fresh ...blob.ID) error {
	sums, err := tx.json(p.Checksums)
	if err != nil {
		return err
	}
	old, err := tx.Part(p.Upload, p.Number)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if err := tx.ref(p.Segments, fresh); err != nil {
		return err
	}
	if old != nil {
		if err := tx.unref(old.Segments, p.Modified); err != nil {
			return err
		}
	}
	return tx.exec("putPart", p.Upload, p.Number, p.Size, p.ETag, millis(p.Modified), encodeSegments(p.Segments), sums)
}

// PutCompleted keeps the answer of a completed upload.
func (tx *Tx) PutCompleted(upload string, at time.Time, answer any) error {
	doc, err := tx.json(answer)
	if err != nil {
		return err
	}
	return tx.exec("insertCompleted", upload, millis(at), doc)
}

// TrimCompleted forgets the answers of uploads completed before a time.
func (tx *Tx) TrimCompleted(before time.Time) error { return tx.exec("trimCompleted", millis(before)) }

// ForgetBlobs removes dead blobs from the index. It comes after their files: a file that is left behind would not be
// found again, a row that is left behind is tried again.
func (tx *Tx) ForgetBlobs(ids []blob.ID) error {
	for _, id := range ids {
		if err := tx.exec("forgetBlob", int64(id)); err != nil {
			return err
		}
	}
	return nil
}

// Swept tells that a generation has left no files behind.
func (tx *Tx) Swept(generation int64) error { return tx.exec("swept", generation) }

// PutState stores a named value.
func (tx *Tx) PutState(name string, v any) error { return tx.exec("putState", name, v) }

// Bucket is a bucket by its name; ErrNotFound.
func (tx *Tx) Bucket(name string) (*Bucket, error) {
	if tx.byName == nil {
		list, err := tx.listBuckets()
		if err != nil {
			return nil, err
		}
		tx.byName = mapBuckets(list)
	}
	return lookup(tx.byName, name)
}

func mapBuckets(list []Bucket) map[string]*Bucket {
	m := make(map[string]*Bucket, len(list))
	for i := range list {
		m[list[i].Name] = &list[i]
	}
	return m
}

func lookup(m map[string]*Bucket, name string) (*Bucket, error) {
	b := m[name]
	if b == nil {
		return nil, ErrNotFound
	}
	c := *b
	return &c, nil
}
