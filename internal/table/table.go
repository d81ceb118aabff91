// Package table turns a table of the Glue catalog into a DuckDB relation over
// its files in the lake, and writes Iceberg tables back: storage descriptors,
// Hive types, partitions and their pruning, hard-linked scans, Iceberg
// metadata, and errors that name the object, line, column and value.
//
// It does not own the objects (Lake), the catalog (Catalog) or the engine, and
// it checks no permissions: lake and catalog do, for the caller in the context.
package table

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tarn/api/glue"
)

// Object is one entry of a listing.
type Object struct {
	Key          string
	Size         int64
	ETag         string
	LastModified time.Time
}

// Pinned is an object's content as a local file that does not change and stays
// until Close.
type Pinned struct {
	Path    string
	Size    int64
	ETag    string
	Release func()
}

// Close lets the file go.
func (p Pinned) Close() {
	if p.Release != nil {
		p.Release()
	}
}

// Lake is what this package needs of the object store.
type Lake interface {
	List(ctx context.Context, bucket, prefix string) iter.Seq2[Object, error] // in key order
	Open(ctx context.Context, bucket, key string) (Pinned, error)
	// Put adopts a file written under TempDir as the object's content.
	Put(ctx context.Context, bucket, key, file string) (etag string, err error)
	Delete(ctx context.Context, bucket string, keys ...string) error
	TempDir() string // on the objects' own file system
}

// Catalog is what this package needs of the Glue catalog.
type Catalog interface {
	GetTable(context.Context, *glue.GetTableInput) (*glue.GetTableOutput, error)
	GetPartitions(context.Context, *glue.GetPartitionsInput) (*glue.GetPartitionsOutput, error)
	CreateTable(context.Context, *glue.CreateTableInput) (*glue.CreateTableOutput, error)
	UpdateTable(context.Context, *glue.UpdateTableInput) (*glue.UpdateTableOutput, error)
}

// Reader makes relations of tables.
type Reader struct {
	lake    Lake
	catalog Catalog
	dir     string
	newID   func() string
	whole   *wholeCache
}

// NewReader returns a reader whose scans live under dir, which must be on the
// objects' file system and inside the engine's allowed directories. Scans that
// an earlier process left there are removed. newID names scans: a fresh word
// of [a-z0-9] each time.
func NewReader(lake Lake, catalog Catalog, dir string, newID func() string) (*Reader, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.RemoveAll(abs); err != nil {
		return nil, fmt.Errorf("remove scans of an earlier run: %w", err)
	}
	if err := os.MkdirAll(abs, 0o700); err != nil {
		return nil, err
	}
	return &Reader{lake: lake, catalog: catalog, dir: abs, newID: newID, whole: newWholeCache(10_000)}, nil
}

// Table fetches a table's definition.
func (r *Reader) Table(ctx context.Context, db, name string) (*glue.Table, error) {
	out, err := r.catalog.GetTable(ctx, &glue.GetTableInput{DatabaseName: new(db), Name: new(name)})
	if err != nil {
		return nil, err
	}
	return out.Table, nil
}

// Column is a table's column in the catalog's words and in DuckDB's.
type Column struct {
	Name      string
	Type      Type
	Hive      string // as the catalog spells it
	Comment   string
	Partition bool // a partition key: its values come from the catalog
}

// DuckDB is the column's type in DuckDB's SQL.
func (c Column) DuckDB() string { return c.Type.DuckDB() }

// Columns returns the columns of a table, partition keys last, without
// looking at its files.
func (r *Reader) Columns(ctx context.Context, db, name string) ([]Column, error) {
	t, err := r.Table(ctx, db, name)
	if err != nil {
		return nil, err
	}
	return ColumnsOf(t)
}

// ColumnsOf reads the columns of a table's definition.
func ColumnsOf(t *glue.Table) ([]Column, error) {
	var out []Column
	add := func(list []*glue.Column, partition bool) error {
		for _, c := range list {
			hive := "string"
			if c.Type != nil {
				hive = *c.Type
			}
			typ, err := ParseHive(hive)
			if err != nil {
				return &Error{Table: nameOf(t), Column: val(c.Name), Message: err.Error(), Hint: "correct the column's type in the catalog"}
			}
			if partition {
				// A key that is also a column of the files: the catalog's value wins.
				for i := range out {
					if strings.EqualFold(out[i].Name, val(c.Name)) {
						out = append(out[:i], out[i+1:]...)
						break
					}
				}
			}
			out = append(out, Column{Name: val(c.Name), Type: typ, Hive: hive, Comment: val(c.Comment), Partition: partition})
		}
		return nil
	}
	if t.StorageDescriptor != nil {
		columns := t.StorageDescriptor.Columns
		if isIceberg(t) {
			columns = currentOnly(columns)
		}
		if err := add(columns, false); err != nil {
			return nil, err
		}
	}
	if err := add(t.PartitionKeys, true); err != nil {
		return nil, err
	}
	return out, nil
}

// currentOnly drops the columns of earlier schemas, which Iceberg's clients
// keep in the descriptor with iceberg.field.current=false.
func currentOnly(list []*glue.Column) []*glue.Column {
	out := make([]*glue.Column, 0, len(list))
	for _, c := range list {
		if c.Parameters["iceberg.field.current"] != "false" {
			out = append(out, c)
		}
	}
	return out
}

func nameOf(t *glue.Table) string { return val(t.DatabaseName) + "." + val(t.Name) }

func val[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// parseLocation splits s3://bucket/prefix; s3a and s3n are the same place.
func parseLocation(location string) (bucket, prefix string, err error) {
	for _, scheme := range []string{"s3://", "s3a://", "s3n://"} {
		if rest, ok := strings.CutPrefix(location, scheme); ok {
			bucket, prefix, _ = strings.Cut(rest, "/")
			if bucket == "" {
				break
			}
			return bucket, prefix, nil
		}
	}
	return "", "", fmt.Errorf("location %q is not s3://bucket/prefix", location)
}
