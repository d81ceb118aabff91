package table

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/iceberg-go"
	icebergio "github.com/apache/iceberg-go/io"
	icetable "github.com/apache/iceberg-go/table"
	"github.com/google/uuid"
)

// writeIO lets iceberg-go write into the test's lake, as a foreign client would.
type writeIO struct {
	lakeIO
	dir *dirLake
}

type objectWriter struct {
	bytes.Buffer
	done func([]byte) error
}

func (o *objectWriter) Close() error { return o.done(o.Bytes()) }

func (w writeIO) WriteFile(name string, data []byte) error {
	bucket, key, err := parseLocation(name)
	if err != nil {
		return err
	}
	f := filepath.Join(w.dir.TempDir(), uuid.NewString())
	if err := os.WriteFile(f, data, 0o600); err != nil {
		return err
	}
	_, err = w.dir.Put(context.Background(), bucket, key, f)
	return err
}

func (w writeIO) Create(name string) (icebergio.FileWriter, error) {
	return &objectWriter{done: func(data []byte) error { return w.WriteFile(name, data) }}, nil
}

var _ io.ReaderFrom = (*objectWriter)(nil)

// foreign commits to the catalog as iceberg-go's Glue catalog does.
type foreign struct{ w *world }

func (f foreign) LoadTable(ctx context.Context, _ icetable.Identifier) (*icetable.Table, error) {
	t, err := f.w.reader.Table(ctx, "db", "t")
	if err != nil {
		return nil, err
	}
	load := func(ctx context.Context) (icebergio.IO, error) { return writeIO{lakeIO{ctx, f.w.lake}, f.w.lake}, nil }
	return icetable.NewFromLocation(ctx, icetable.Identifier{"db", "t"}, t.Parameters["metadata_location"], load, f)
}

func (f foreign) CommitTable(ctx context.Context, id icetable.Identifier, _ []icetable.Requirement, updates []icetable.Update) (icetable.Metadata, string, error) {
	t, err := f.LoadTable(ctx, id)
	if err != nil {
		return nil, "", err
	}
	meta, err := icetable.UpdateTableMetadata(t.Metadata(), updates, t.MetadataLocation())
	if err != nil {
		return nil, "", err
	}
	text, err := meta.(interface{ MarshalJSON() ([]byte, error) }).MarshalJSON()
	if err != nil {
		return nil, "", err
	}
	location := fmt.Sprintf("%s/metadata/%05d-%s.metadata.json", meta.Location(), metadataVersion(t.MetadataLocation())+1, uuid.NewString())
	if err := (writeIO{lakeIO{ctx, f.w.lake}, f.w.lake}).WriteFile(location, text); err != nil {
		return nil, "", err
	}
	f.w.catalog.mu.Lock()
	defer f.w.catalog.mu.Unlock()
	changed := *f.w.catalog.tables["db.t"]
	changed.Parameters = maps.Clone(changed.Parameters)
	changed.Parameters["metadata_location"] = location
	changed.VersionId = new(*changed.VersionId + "0")
	f.w.catalog.tables["db.t"] = &changed
	return meta, location, nil
}

func (w *world) foreign() *icetable.Table {
	w.Helper()
	t, err := foreign{w}.LoadTable(w.Context(), nil)
	if err != nil {
		w.Fatal(err)
	}
	return t
}

func TestIcebergRowsDeletedElsewhere(t *testing.T) {
	for _, mode := range []string{"merge-on-read", "copy-on-write"} {
		t.Run(mode, func(t *testing.T) {
			w := newWorld(t)
			w.land(Landing{Query: "SELECT range::INTEGER AS id, 'n' || range AS name, {'a': range} AS s FROM range(100)", Properties: map[string]string{"write.delete.mode": mode}})
			if _, err := w.foreign().Delete(t.Context(), iceberg.GreaterThanEqual(iceberg.Reference("id"), int32(50)), nil); err != nil {
				t.Fatal(err)
			}
			got, err := w.rows("t", "count(*), max(id), max(s.a)", "", Options{})
			w.want(got, err, "50|49|49")
			// Again on top of it, read twice in one query.
			if _, err := w.foreign().Delete(t.Context(), iceberg.EqualTo(iceberg.Reference("name"), "n7"), nil); err != nil {
				t.Fatal(err)
			}
			rel, err := w.reader.Relation(t.Context(), w.sess, "db", "t", Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer rel.Close()
			got, err = w.read("SELECT count(*) FROM " + rel.SQL + " a JOIN " + rel.SQL + " b USING (id)")
			w.want(got, err, "49")
			// A range landing meets rows deleted one by one, a merge too.
			w.land(Landing{Query: "SELECT 1 AS id, 'one' AS name, {'a': 1::BIGINT} AS s", Mode: Merge, Keys: []string{"id"}})
			got, err = w.rows("t", "count(*), min(name) FILTER (id = 1)", "", Options{})
			w.want(got, err, "49|\"one\"")
		})
	}
}

func TestIcebergSchemaChangedElsewhere(t *testing.T) {
	w := newWorld(t)
	w.land(Landing{Query: "SELECT 1::INTEGER AS id, 'x' AS name, {'a': 5::INTEGER, 'b': 6::INTEGER} AS s"})
	change := func(fn func(u *icetable.UpdateSchema)) {
		t.Helper()
		tx := w.foreign().NewTransaction()
		u := tx.UpdateSchema(true, false)
		fn(u)
		if err := u.Commit(); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	change(func(u *icetable.UpdateSchema) {
		u.RenameColumn([]string{"name"}, "title").AddColumn([]string{"name"}, iceberg.PrimitiveTypes.Int64, "", false, nil)
	})
	got, err := w.rows("t", "id, title, name, s.a", "", Options{})
	w.want(got, err, `1|"x"|NULL|5`)
	change(func(u *icetable.UpdateSchema) { u.RenameColumn([]string{"s", "a"}, "z") })
	got, err = w.rows("t", "id, title, name, s.z", "", Options{})
	w.want(got, err, `1|"x"|NULL|5`)
}

func TestIcebergFilesWithoutIDs(t *testing.T) {
	w := newWorld(t)
	w.land(Landing{Query: "SELECT 1::INTEGER AS id, 'x' AS name"})
	w.parquet("added/a.parquet", "SELECT 2::INTEGER AS id, 'y' AS name", "")
	tx := w.foreign().NewTransaction()
	if err := tx.AddFiles(t.Context(), []string{"s3://lake/added/a.parquet"}, nil, false); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := w.rows("t", "id, name", "ORDER BY id", Options{})
	w.want(got, err, "1|\"x\"\n2|\"y\"")
}
