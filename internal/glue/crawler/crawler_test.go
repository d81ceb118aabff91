package crawler

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/txtar"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/catalog"
	"tarn/internal/meta"
	"tarn/internal/meta/sqlite"
)

var updateGolden = flag.Bool("update", false, "rewrite the golden parts of testdata")

// memoryLake is a lake in memory.
type memoryLake struct {
	mu      sync.Mutex
	objects map[string][]byte // bucket/key
	opened  []string
	gate    chan struct{} // Open waits for it, where there is one
	deny    func(ctx context.Context, bucket, key string) error
}

func (l *memoryLake) List(ctx context.Context, bucket, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		l.mu.Lock()
		var keys []string
		known := false
		for k := range l.objects {
			known = known || strings.HasPrefix(k, bucket+"/")
			if strings.HasPrefix(k, bucket+"/"+prefix) {
				keys = append(keys, k)
			}
		}
		l.mu.Unlock()
		if !known {
			yield(Object{}, errors.New("The specified bucket does not exist"))
			return
		}
		slices.Sort(keys)
		for _, k := range keys {
			l.mu.Lock()
			b := l.objects[k]
			l.mu.Unlock()
			sum := md5.Sum(b)
			if !yield(Object{Key: strings.TrimPrefix(k, bucket+"/"), Size: int64(len(b)), ETag: hex.EncodeToString(sum[:])}, nil) {
				return
			}
		}
	}
}

type memoryFile struct{ *bytes.Reader }

func (memoryFile) Close() error { return nil }

func (l *memoryLake) Open(ctx context.Context, bucket, key string) (File, error) {
	if l.gate != nil {
		select {
		case <-l.gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if l.deny != nil {
		if err := l.deny(ctx, bucket, key); err != nil {
			return nil, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.opened = append(l.opened, key)
	return memoryFile{bytes.NewReader(l.objects[bucket+"/"+key])}, nil
}

// testRoles lets everyone act as every role.
type testRoles struct{}

func (testRoles) Assume(ctx context.Context, role, _ string) (context.Context, func(), error) {
	c := awsapi.CallerFrom(ctx)
	c.ARN = "arn:aws:sts::" + c.Account + ":assumed-role/" + role + "/crawler"
	return awsapi.WithCaller(ctx, c), func() {}, nil
}

func (testRoles) Authorize(context.Context, string, string) error { return nil }

type plainSealer struct{}

func (plainSealer) Seal(b []byte, _ string) ([]byte, error) { return b, nil }
func (plainSealer) Open(b []byte, _ string) ([]byte, error) { return b, nil }

type fixture struct {
	*Service
	t       *testing.T
	store   meta.Store
	catalog *catalog.Service
	lake    *memoryLake
	ctx     context.Context
	mu      sync.Mutex
	logged  []string
	ids     int
	clock   time.Time
}

func newFixture(t *testing.T) *fixture {
	store, err := sqlite.Open(filepath.Join(t.TempDir(), "meta.db"))
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, store: store, lake: &memoryLake{objects: map[string][]byte{}}, clock: time.Date(2013, 12, 31, 12, 0, 0, 0, time.UTC)}
	f.ctx = awsapi.WithCaller(context.Background(), awsapi.Caller{Account: "000000000000", Region: "us-east-1", ARN: "arn:aws:iam::000000000000:root"})
	f.catalog = catalog.New(catalog.Config{Store: store, Sealer: plainSealer{}, Now: f.now})
	f.Service = f.open()
	t.Cleanup(func() {
		f.Service.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func (f *fixture) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clock = f.clock.Add(time.Second)
	return f.clock
}

func (f *fixture) open() *Service {
	return New(Config{Store: f.store, Catalog: f.catalog, Lake: f.lake, Roles: testRoles{}, Now: f.now,
		Log: func(_ context.Context, _, _, message string) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.logged = append(f.logged, message)
		},
		NewID: func() string {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.ids++
			return fmt.Sprintf("crawl-%d", f.ids)
		}})
}

// wait waits until a crawler is ready, and answers it.
func (f *fixture) wait(name string) *glue.Crawler {
	f.t.Helper()
	for range 2000 {
		out, err := f.GetCrawler(f.ctx, &glue.GetCrawlerInput{Name: &name})
		if err != nil {
			f.t.Fatal(err)
		}
		if *out.Crawler.State == glue.CrawlerStateReady {
			return out.Crawler
		}
		time.Sleep(5 * time.Millisecond)
	}
	f.t.Fatal("the crawler never became ready")
	return nil
}

func (f *fixture) put(key string, b []byte) {
	f.t.Helper()
	f.lake.mu.Lock()
	defer f.lake.mu.Unlock()
	f.lake.objects[key] = compressAs(f.t, key, b)
}

func compressAs(t *testing.T, key string, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	switch {
	case strings.HasSuffix(key, ".gz"):
		z := gzip.NewWriter(&out)
		if _, err := z.Write(b); err != nil {
			t.Fatal(err)
		}
		z.Close()
		return out.Bytes()
	case strings.HasSuffix(key, ".zst"):
		z, err := zstd.NewWriter(&out)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := z.Write(b); err != nil {
			t.Fatal(err)
		}
		z.Close()
		return out.Bytes()
	}
	return b
}

// describe prints what the catalog holds.
func (f *fixture) describe() string {
	f.t.Helper()
	var b strings.Builder
	dbs, err := f.catalog.GetDatabases(f.ctx, &glue.GetDatabasesInput{})
	if err != nil {
		f.t.Fatal(err)
	}
	for _, db := range dbs.DatabaseList {
		tables, err := f.catalog.GetTables(f.ctx, &glue.GetTablesInput{DatabaseName: db.Name})
		if err != nil {
			f.t.Fatal(err)
		}
		for _, t := range tables.TableList {
			sd := t.StorageDescriptor
			fmt.Fprintf(&b, "table %s.%s version %s at %s\n", *db.Name, *t.Name, *t.VersionId, awsapi.Val(sd.Location))
			fmt.Fprintf(&b, "  columns %s\n", columnList(sd.Columns))
			if len(t.PartitionKeys) > 0 {
				fmt.Fprintf(&b, "  keys %s\n", columnList(t.PartitionKeys))
			}
			fmt.Fprintf(&b, "  serde %s %s\n", lastPart(awsapi.Val(sd.SerdeInfo.SerializationLibrary)), stable(sd.SerdeInfo.Parameters))
			fmt.Fprintf(&b, "  %s\n", stable(t.Parameters))
			parts, err := f.catalog.GetPartitions(f.ctx, &glue.GetPartitionsInput{DatabaseName: db.Name, TableName: t.Name})
			if err != nil {
				f.t.Fatal(err)
			}
			for _, p := range parts.Partitions {
				fmt.Fprintf(&b, "  partition %s at %s", strings.Join(p.Values, "/"), awsapi.Val(p.StorageDescriptor.Location))
				if columnList(p.StorageDescriptor.Columns) != columnList(sd.Columns) {
					fmt.Fprintf(&b, " columns %s", columnList(p.StorageDescriptor.Columns))
				}
				fmt.Fprintf(&b, " records %s", p.Parameters["recordCount"])
				if p.Parameters["DEPRECATED_BY_CRAWLER"] != "" {
					b.WriteString(" deprecated")
				}
				b.WriteString("\n")
			}
		}
	}
	return b.String()
}

func lastPart(s string) string { return s[strings.LastIndexByte(s, '.')+1:] }

func columnList(all []*glue.Column) string {
	var out []string
	for _, c := range all {
		out = append(out, *c.Name+":"+awsapi.Val(c.Type))
	}
	return strings.Join(out, " ")
}

// stable prints a map without what is the same everywhere or different in every run.
func stable(m map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		v := m[k]
		switch k {
		case "CrawlerSchemaSerializerVersion", "CrawlerSchemaDeserializerVersion", "typeOfData", "columnsOrdered":
			continue
		case "DEPRECATED_BY_CRAWLER", "sizeKey":
			v = "..."
		}
		out = append(out, fmt.Sprintf("%s=%q", k, v))
	}
	return strings.Join(out, " ")
}

// TestGolden runs the archives in testdata. crawler.json is the crawler; classifier.json a CSV classifier; N/bucket/key
// are the objects put before crawl N; N/remove lists objects removed, N/update.json changes the crawler; N/want is what
// the log says and the catalog then holds.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) { golden(t, path) })
	}
}

func golden(t *testing.T, path string) {
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f := newFixture(t)
	decode := func(b []byte, v any) {
		t.Helper()
		if err := json.Unmarshal(b, v); err != nil {
			t.Fatal(err)
		}
	}
	in := &glue.CreateCrawlerInput{Name: new("flights"), Role: new("crawl"), DatabaseName: new("raw")}
	for i := range a.Files {
		file := &a.Files[i]
		phase, rest, _ := strings.Cut(file.Name, "/")
		switch {
		case file.Name == "classifier.json":
			c := &glue.CreateClassifierInput{}
			decode(file.Data, c)
			if _, err := f.CreateClassifier(f.ctx, c); err != nil {
				t.Fatal(err)
			}
		case file.Name == "table.json":
			for _, db := range []string{"raw"} {
				if _, err := f.catalog.CreateDatabase(f.ctx, &glue.CreateDatabaseInput{DatabaseInput: &glue.DatabaseInput{Name: &db}}); err != nil {
					t.Fatal(err)
				}
			}
			table := &glue.TableInput{}
			decode(file.Data, table)
			if _, err := f.catalog.CreateTable(f.ctx, &glue.CreateTableInput{DatabaseName: new("raw"), TableInput: table}); err != nil {
				t.Fatal(err)
			}
		case file.Name == "crawler.json":
			decode(file.Data, in)
			if _, err := f.CreateCrawler(f.ctx, in); err != nil {
				t.Fatal(err)
			}
		case rest == "update.json":
			u := &glue.UpdateCrawlerInput{Name: in.Name}
			decode(file.Data, u)
			if _, err := f.UpdateCrawler(f.ctx, u); err != nil {
				t.Fatal(err)
			}
		case rest == "remove":
			for _, key := range strings.Fields(string(file.Data)) {
				delete(f.lake.objects, key)
			}
		case rest == "cut":
			for _, key := range strings.Fields(string(file.Data)) {
				f.lake.objects[key] = f.lake.objects[key][:len(f.lake.objects[key])/2]
			}
		case rest == "want":
			f.mu.Lock()
			f.logged = nil
			f.mu.Unlock()
			if _, err := f.StartCrawler(f.ctx, &glue.StartCrawlerInput{Name: in.Name}); err != nil {
				t.Fatal(err)
			}
			c := f.wait(*in.Name)
			var got strings.Builder
			fmt.Fprintf(&got, "%s %s\n", *c.LastCrawl.Status, awsapi.Val(c.LastCrawl.ErrorMessage))
			f.mu.Lock()
			for _, l := range f.logged {
				for _, boring := range []string{"Running Start Crawl", "Classification complete", "Crawler configured", "Finished writing", "has finished running"} {
					if strings.Contains(l, boring) {
						l = ""
					}
				}
				if l != "" {
					got.WriteString(strings.TrimPrefix(l, "[crawl-"+phase+"] ") + "\n")
				}
			}
			f.mu.Unlock()
			got.WriteString(f.describe())
			if *updateGolden {
				file.Data = []byte(got.String())
			} else if got.String() != string(file.Data) {
				t.Errorf("crawl %s: got\n%s\nwant\n%s", phase, got.String(), file.Data)
			}
		default:
			f.put(rest, file.Data)
		}
	}
	if *updateGolden {
		if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
