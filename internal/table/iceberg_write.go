package table

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/apache/iceberg-go"
	icetable "github.com/apache/iceberg-go/table"
	"github.com/google/uuid"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/engine"
)

// Writer lands query results in Iceberg tables.
type Writer struct {
	lake    Lake
	catalog Catalog
	reader  *Reader
	now     func() time.Time
	newID   func() uuid.UUID
	started time.Time

	mu    sync.Mutex
	swept map[string]bool // tables' locations that were looked through for orphans
}

// NewWriter returns a writer. Its temporary files lie under the lake's
// TempDir, which the engine must be allowed to write; what an earlier process
// left there is the lake's to remove.
func NewWriter(lake Lake, catalog Catalog, reader *Reader, now func() time.Time, newID func() uuid.UUID) *Writer {
	return &Writer{lake: lake, catalog: catalog, reader: reader, now: now, newID: newID, started: now(), swept: map[string]bool{}}
}

// Transform makes a partition value of a column.
type Transform string

// The transforms that are written.
const (
	Identity Transform = "identity"
	Year     Transform = "year"
	Month    Transform = "month"
	Day      Transform = "day"
	Hour     Transform = "hour"
)

// PartitionField is one field of a table's partition spec.
type PartitionField struct {
	Column    string
	Transform Transform
}

// Mode says what happens to the rows that a table already has.
type Mode string

// The ways to land. There is no append: every landing can be repeated.
const (
	// Replace: the answer is the whole table.
	Replace Mode = "replace"
	// ReplaceRange: the answer replaces the rows whose RangeColumn lies in
	// [From, To), which are whole partitions.
	ReplaceRange Mode = "range"
	// Merge: rows replace those of equal Keys, new ones are added.
	Merge Mode = "merge"
)

// Landing is one write.
type Landing struct {
	Database, Table string
	Location        string // s3://bucket/prefix of a new table; an existing one stays where it is
	Query           string // a SELECT for the session
	Args            []any
	Partition       []PartitionField
	Mode            Mode
	Keys            []string
	RangeColumn     string
	From, To        time.Time
	// AllowEmpty lets no rows replace some.
	AllowEmpty  bool
	Properties  map[string]string // Iceberg's, added to those there are
	Parameters  map[string]string // the catalog table's, likewise
	Description string
	// Wrap turns an error of Query into one that its author understands.
	Wrap func(error) error
	// Check looks at the rows before they are committed: it gets a relation of
	// the new files, and its error stops the landing. nil = nothing to check.
	Check func(ctx context.Context, relation string) error
}

// Landed is what became of it.
type Landed struct {
	Rows             int64 // written
	Files            int
	Bytes            int64
	Partitions       int
	Before           int64 // rows the table had
	Total            int64 // rows it has: those written and those kept
	Created          bool
	SnapshotID       int64
	MetadataLocation string
	// Expired snapshots went with this commit, and Removed files with them.
	// What could not be removed is no fault of the commit: CleanupErr says why.
	Expired, Removed int
	CleanupErr       error
}

// EmptyError says that a landing would have emptied a table.
type EmptyError struct {
	Table string
	Rows  int64
}

func (e *EmptyError) Error() string {
	return fmt.Sprintf("%s would replace %s rows by none; the old table is untouched", e.Table, thousands(e.Rows))
}

// ConflictError says that another writer changed the table meanwhile.
type ConflictError struct {
	Table string
	Err   error
}

func (e *ConflictError) Error() string {
	return e.Table + " was changed by another writer while this one ran; the table is as that one left it (run again)"
}

func (e *ConflictError) Unwrap() error { return e.Err }

// ReplaceTable creates a table of a query's answer or replaces its content, in
// one step that readers see whole or not at all.
func (w *Writer) ReplaceTable(ctx context.Context, sess *engine.Session, db, name, location, query string, partition []PartitionField, properties map[string]string) (Landed, error) {
	return w.Land(ctx, sess, Landing{Database: db, Table: name, Location: location, Query: query, Partition: partition, Mode: Replace, Properties: properties})
}

// landing is a Landing under way.
type landing struct {
	Landing
	w       *Writer
	sess    *engine.Session
	id      uuid.UUID
	dir     string // temporary folder
	bucket  string
	prefix  string // the table's, without a slash at its end
	current *glue.Table
	base    *icetable.Table // nil for a new table
	columns []Column
	schema  *iceberg.Schema
	spec    iceberg.PartitionSpec
	keep    []keptFile
	rewrote bool     // a range landing writes the old rows again, too
	put     []string // keys written so far
}

// Land runs the query and lands its answer. Until the catalog has taken the
// new metadata nothing is visible; on any failure what was written is removed.
// A landing that builds on the table as it was is computed again if another
// writer was faster.
func (w *Writer) Land(ctx context.Context, sess *engine.Session, in Landing) (out Landed, err error) {
	var lost *ConflictError
	for range attempts {
		out, err = w.land(ctx, sess, in)
		if !errors.As(err, &lost) {
			break
		}
	}
	return out, err
}

func (w *Writer) land(ctx context.Context, sess *engine.Session, in Landing) (out Landed, err error) {
	l := &landing{Landing: in, w: w, sess: sess, id: w.newID()}
	if l.Mode == "" {
		l.Mode = Replace
	}
	if l.Wrap == nil {
		l.Wrap = func(err error) error { return err }
	}
	l.dir = filepath.Join(w.lake.TempDir(), "land-"+l.id.String())
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return out, err
	}
	committed := false
	defer func() {
		// The caller may be gone; the rubbish must go regardless.
		clean := context.WithoutCancel(ctx)
		errs := []error{err, os.RemoveAll(l.dir)}
		if !committed && len(l.put) > 0 {
			errs = append(errs, w.lake.Delete(clean, l.bucket, l.put...))
		}
		err = errors.Join(errs...)
	}()
	if err := l.loadBase(ctx); err != nil {
		return out, err
	}
	drop, err := l.prepare(ctx)
	defer drop()
	if err != nil {
		return out, err
	}
	if err := l.plan(); err != nil {
		return out, err
	}
	files, err := l.write(ctx)
	if err != nil {
		return out, err
	}
	if l.base != nil {
		out.Before = totalRecords(l.base)
	}
	for _, f := range files {
		out.Rows += f.rows
		out.Bytes += f.size
	}
	if out.Rows == 0 && out.Before > 0 && !l.AllowEmpty && l.emptied() {
		return out, &EmptyError{Table: l.Database + "." + l.Table, Rows: out.Before}
	}
	if err := l.checkRange(files); err != nil {
		return out, err
	}
	if l.Check != nil {
		if err := l.Check(ctx, l.written(files)); err != nil {
			return out, err
		}
	}
	if err := l.upload(ctx, files); err != nil {
		return out, err
	}
	done, err := l.commit(ctx, files)
	if err != nil {
		return out, err
	}
	committed = true
	out.MetadataLocation, out.SnapshotID, out.Expired = done.location, done.snapshot, len(done.gone)
	out.Removed, out.CleanupErr = l.sweep(ctx, done.meta, done.gone)
	out.Files, out.Created, out.Total = len(files), l.current == nil, out.Rows
	for _, k := range l.keep {
		out.Total += k.entry.DataFile().Count()
	}
	seen := map[string]bool{}
	for _, f := range files {
		seen[f.partitionPath] = true
	}
	out.Partitions = len(seen)
	return out, nil
}

// loadBase reads the table as it is.
func (l *landing) loadBase(ctx context.Context) error {
	t, err := l.w.reader.Table(ctx, l.Database, l.Table)
	switch {
	case awsapi.IsCode(err, "EntityNotFoundException"):
		l.current, l.base = nil, nil
	case err != nil:
		return err
	default:
		if !isIceberg(t) {
			return &Error{Table: nameOf(t), Message: "it is not an Iceberg table", Hint: "drop it from the catalog, or let the job write another table"}
		}
		l.current = t
		if l.base, err = loadIceberg(ctx, l.w.lake, t); err != nil {
			return err
		}
	}
	location := l.Location
	if l.base != nil {
		location = l.base.Location()
	}
	l.bucket, l.prefix, err = parseLocation(location)
	if err != nil {
		return err
	}
	l.prefix = strings.Trim(l.prefix, "/")
	return nil
}

// location is the table's address.
func (l *landing) location() string { return "s3://" + path.Join(l.bucket, l.prefix) }

// plan settles columns, schema and partition spec.
func (l *landing) plan() error {
	seen := map[string]bool{}
	for _, c := range l.columns {
		low := strings.ToLower(c.Name)
		if seen[low] {
			return &Error{Table: l.Database + "." + l.Table, Column: c.Name, Message: "the answer has two columns of this name", Hint: "name one of them with AS"}
		}
		seen[low] = true
	}
	b := &schemaBuilder{}
	var base *iceberg.Schema
	if l.base != nil {
		b.last = l.base.Metadata().LastColumnID()
		base = l.base.Schema()
	}
	var err error
	if l.schema, err = b.build(l.columns, base); err != nil {
		return &Error{Table: l.Database + "." + l.Table, Message: err.Error(), Err: err}
	}
	l.spec, err = partitionSpec(l.Partition, l.schema)
	if err != nil {
		return &Error{Table: l.Database + "." + l.Table, Message: err.Error(), Err: err}
	}
	return nil
}

// upload moves the files into the lake, some at a time so that they share
// their fsyncs.
func (l *landing) upload(ctx context.Context, files []*dataFile) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	var wg sync.WaitGroup
	gate := make(chan struct{}, 8)
	for _, f := range files {
		gate <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-gate }()
			mu.Lock()
			l.put = append(l.put, f.key)
			mu.Unlock()
			if _, err := l.w.lake.Put(ctx, l.bucket, f.key, f.path); err != nil {
				cancel(fmt.Errorf("store s3://%s/%s: %w", l.bucket, f.key, err))
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// putBytes stores a small object.
func (l *landing) putBytes(ctx context.Context, key string, data []byte) error {
	file := filepath.Join(l.dir, path.Base(key))
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return err
	}
	l.put = append(l.put, key)
	if _, err := l.w.lake.Put(ctx, l.bucket, key, file); err != nil {
		return fmt.Errorf("store s3://%s/%s: %w", l.bucket, key, err)
	}
	return nil
}

// totalRecords is how many rows the current snapshot says it has.
func totalRecords(t *icetable.Table) int64 {
	s := t.CurrentSnapshot()
	if s == nil || s.Summary == nil {
		return 0
	}
	var n int64
	if _, err := fmt.Sscan(s.Summary.Properties["total-records"], &n); err != nil {
		return 0
	}
	return n
}
