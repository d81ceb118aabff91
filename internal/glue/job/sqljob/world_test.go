package sqljob

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"tarn/api/glue"
	s3api "tarn/api/s3"
	"tarn/internal/awsapi"
	"tarn/internal/engine"
	"tarn/internal/glue/catalog"
	"tarn/internal/meta/sqlite"
	"tarn/internal/s3"
	"tarn/internal/table"
)

// lake shows the real store as table.Lake.
type lake struct{ *s3.Lake }

func (l lake) List(ctx context.Context, bucket, prefix string) iter.Seq2[table.Object, error] {
	return func(yield func(table.Object, error) bool) {
		for o, err := range l.Lake.List(ctx, bucket, prefix) {
			if !yield(table.Object(o), err) {
				return
			}
		}
	}
}

func (l lake) Open(ctx context.Context, bucket, key string) (table.Pinned, error) {
	p, err := l.Lake.Open(ctx, bucket, key)
	if err != nil {
		return table.Pinned{}, err
	}
	return table.Pinned{Path: p.Path, Size: p.Size, ETag: p.ETag, Release: func() { p.Close() }}, nil
}

// world is the real lake, catalog and engine on a folder.
type world struct {
	testing.TB
	ctx     context.Context
	s3      *s3.Service
	lake    lake
	catalog *catalog.Service
	engine  *engine.Engine
	runner  *Runner
}

func newWorld(t testing.TB) *world {
	t.Helper()
	dir := t.TempDir()
	store, err := sqlite.Open(filepath.Join(dir, "tarn.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	w := &world{TB: t, ctx: awsapi.WithCaller(t.Context(), awsapi.Caller{Account: "000000000000", Region: "us-east-1", ARN: "arn:aws:iam::000000000000:root", Root: true})}
	w.s3, err = s3.Open(w.ctx, s3.Options{Dir: filepath.Join(dir, "objects"), Authorize: func(context.Context, string, string) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.s3.Close() })
	w.lake = lake{w.s3.Lake()}
	w.catalog = catalog.New(catalog.Config{Store: store, Now: time.Now})
	scans := filepath.Join(dir, "tmp/scan")
	w.engine, err = engine.Open(engine.Options{TempDir: filepath.Join(dir, "tmp/spill"), AllowedDirectories: []string{scans, w.lake.TempDir()}, Threads: 2, MemoryLimit: 2 << 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.engine.Close(context.Background()) })
	var n atomic.Int64
	newID := func() string { return fmt.Sprintf("n%d", n.Add(1)) }
	reader, err := table.NewReader(w.lake, w.catalog, scans, newID)
	if err != nil {
		t.Fatal(err)
	}
	w.runner = &Runner{Engine: w.engine, Reader: reader, Writer: table.NewWriter(w.lake, w.catalog, reader, time.Now, uuid.New), Catalog: w.catalog, Now: time.Now, NewID: newID}
	if _, err := w.s3.CreateBucket(w.ctx, &s3api.CreateBucketInput{Bucket: new("lake")}); err != nil {
		t.Fatal(err)
	}
	for _, db := range []string{"flights", "flights_raw", "other"} {
		if _, err := w.catalog.CreateDatabase(w.ctx, &glue.CreateDatabaseInput{DatabaseInput: &glue.DatabaseInput{Name: new(db)}}); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if left, _ := os.ReadDir(scans); len(left) > 0 {
			t.Errorf("%d scans were left behind", len(left))
		}
		if left, _ := filepath.Glob(filepath.Join(w.lake.TempDir(), "land-*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
	return w
}

func (w *world) put(key string, data io.Reader) {
	w.Helper()
	if _, err := w.s3.PutObject(w.ctx, &s3api.PutObjectInput{Bucket: new("lake"), Key: new(key), Body: data}); err != nil {
		w.Fatal(err)
	}
}

// csv makes a CSV table with a header line; types are name type pairs.
func (w *world) csv(db, name string, types ...string) {
	w.Helper()
	var columns []*glue.Column
	for i := 0; i < len(types); i += 2 {
		columns = append(columns, &glue.Column{Name: new(types[i]), Type: new(types[i+1])})
	}
	_, err := w.catalog.CreateTable(w.ctx, &glue.CreateTableInput{DatabaseName: new(db), TableInput: &glue.TableInput{
		Name: new(name), TableType: new("EXTERNAL_TABLE"), Parameters: map[string]string{"classification": "csv", "skip.header.line.count": "1"},
		StorageDescriptor: &glue.StorageDescriptor{Columns: columns, Location: new("s3://lake/" + db + "/" + name + "/"),
			SerdeInfo: &glue.SerDeInfo{SerializationLibrary: new("org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"), Parameters: map[string]string{"field.delim": ",", "serialization.null.format": "NA"}}},
	}})
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) spec(query string) Spec {
	return Spec{Project: "flights", Name: "t", File: "jobs/t.sql", Query: query, Database: "flights", RawDatabase: "flights_raw", Table: "t", Location: "s3://lake/curated/t/"}
}

func (w *world) run(s Spec, args ...string) (Result, error) {
	w.Helper()
	script, err := Script(s)
	if err != nil {
		return Result{}, err
	}
	given := map[string]string{}
	for i := 0; i < len(args); i += 2 {
		given[args[i]] = args[i+1]
	}
	var log strings.Builder
	r, err := w.runner.Run(w.ctx, []byte(script), given, &log)
	if w.Failed() {
		w.Log(log.String())
	}
	return r, err
}

func (w *world) must(s Spec, args ...string) Result {
	w.Helper()
	r, err := w.run(s, args...)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// rows reads flights.t.
func (w *world) rows(query string) string {
	w.Helper()
	sess, err := w.engine.Session(w.ctx)
	if err != nil {
		w.Fatal(err)
	}
	defer sess.Close()
	rel, err := w.runner.Reader.Relation(w.ctx, sess, "flights", "t", table.Options{})
	if err != nil {
		w.Fatal(err)
	}
	defer rel.Close()
	rows, err := sess.Query(w.ctx, strings.ReplaceAll(query, "TABLE", rel.SQL))
	if err != nil {
		w.Fatal(rel.Explain(err))
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		out = append(out, strings.TrimSuffix(fmt.Sprintln(anys(rows.Values())...), "\n"))
	}
	return strings.Join(out, "\n")
}

func anys[T any](in []T) []any {
	out := make([]any, len(in))
	for i, v := range in {
		out[i] = v
	}
	return out
}

// flights fills the catalog with the real tables of the flights example.
func (w *world) flights() {
	w.Helper()
	data := "../../../../examples/flights/data"
	w.csv("flights_raw", "airlines", "carrier", "string", "name", "string")
	w.csv("flights_raw", "planes", "tailnum", "string", "year", "int", "type", "string", "manufacturer", "string", "model", "string", "engines", "int", "seats", "int", "speed", "int", "engine", "string")
	w.csv("flights_raw", "flights", "year", "int", "month", "int", "day", "int", "dep_time", "int", "sched_dep_time", "int", "dep_delay", "double", "arr_time", "int", "sched_arr_time", "int",
		"arr_delay", "double", "carrier", "string", "flight", "int", "tailnum", "string", "origin", "string", "dest", "string", "air_time", "double", "distance", "int", "hour", "int", "minute", "int", "time_hour", "timestamp")
	months, err := filepath.Glob(data + "/flights-*.csv.gz")
	if err != nil || len(months) != 12 {
		w.Fatalf("%d months, %v", len(months), err)
	}
	for _, file := range append(months, data+"/airlines.csv", data+"/planes.csv") {
		f, err := os.Open(file)
		if err != nil {
			w.Fatal(err)
		}
		name, _, _ := strings.Cut(filepath.Base(file), ".")
		folder, _, _ := strings.Cut(name, "-")
		w.put("flights_raw/"+folder+"/"+filepath.Base(file), f)
		f.Close()
	}
}

func gz(s string) io.Reader {
	var b strings.Builder
	z := gzip.NewWriter(&b)
	z.Write([]byte(s))
	z.Close()
	return strings.NewReader(b.String())
}
