package table

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/engine"
)

// dirLake keeps objects as immutable files, replaced by rename, and their keys
// in a map.
type dirLake struct {
	dir     string
	mu      sync.Mutex
	objects map[string]Object // bucket/key
	files   map[string]string
	n       int
	failPut error
	// failAfter lets one put less than that many succeed, 0 = all; deaf loses deletes.
	failAfter int
	deaf      bool
}

func newDirLake(t testing.TB) *dirLake {
	dir := t.TempDir()
	for _, d := range []string{"objects", "tmp/lake"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return &dirLake{dir: dir, objects: map[string]Object{}, files: map[string]string{}}
}

func (l *dirLake) List(ctx context.Context, bucket, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		l.mu.Lock()
		var found []Object
		for k, o := range l.objects {
			if strings.HasPrefix(k, bucket+"/"+prefix) {
				found = append(found, o)
			}
		}
		l.mu.Unlock()
		sort.Slice(found, func(i, j int) bool { return found[i].Key < found[j].Key })
		for _, o := range found {
			if err := ctx.Err(); err != nil {
				yield(Object{}, err)
				return
			}
			if !yield(o, nil) {
				return
			}
		}
	}
}

func (l *dirLake) Open(ctx context.Context, bucket, key string) (Pinned, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	o, ok := l.objects[bucket+"/"+key]
	if !ok {
		return Pinned{}, fmt.Errorf("NoSuchKey: %s/%s: %w", bucket, key, fs.ErrNotExist)
	}
	return Pinned{Path: l.files[bucket+"/"+key], Size: o.Size, ETag: o.ETag}, ctx.Err()
}

func (l *dirLake) Put(ctx context.Context, bucket, key, file string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failPut != nil {
		return "", l.failPut
	}
	if l.failAfter == 1 {
		return "", errors.New("killed")
	}
	if l.failAfter > 1 {
		l.failAfter--
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if rel, err := filepath.Rel(l.TempDir(), file); err != nil || strings.HasPrefix(rel, "..") {
		return "", fmt.Errorf("%s is not under TempDir", file)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	l.n++
	to := filepath.Join(l.dir, "objects", strconv.Itoa(l.n))
	if err := os.Rename(file, to); err != nil {
		return "", err
	}
	sum := md5.Sum(data)
	l.objects[bucket+"/"+key] = Object{Key: key, LastModified: time.Now(), Size: int64(len(data)), ETag: hex.EncodeToString(sum[:])}
	l.files[bucket+"/"+key] = to
	return hex.EncodeToString(sum[:]), nil
}

func (l *dirLake) Delete(ctx context.Context, bucket string, keys ...string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.deaf {
		return nil
	}
	for _, k := range keys {
		delete(l.objects, bucket+"/"+k)
	}
	return nil
}

func (l *dirLake) TempDir() string { return filepath.Join(l.dir, "tmp/lake") }

func (l *dirLake) keys(bucket string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for k := range l.objects {
		out = append(out, strings.TrimPrefix(k, bucket+"/"))
	}
	sort.Strings(out)
	return out
}

// write puts an object's content.
func (l *dirLake) write(t testing.TB, bucket, key string, data []byte) {
	t.Helper()
	f, err := os.CreateTemp(l.TempDir(), "put")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(data); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if _, err := l.Put(context.Background(), bucket, key, f.Name()); err != nil {
		t.Fatal(err)
	}
}

// mapCatalog keeps tables in memory, with Glue's version check.
type mapCatalog struct {
	mu         sync.Mutex
	tables     map[string]*glue.Table
	partitions map[string][]*glue.Partition
	conflicts  int // how many of the next updates lose a race
	pages      int
	// understands says which expressions are answered; of others all
	// partitions are, for what asked to choose itself. nil = all, or an error.
	understands func(expression string) bool
}

func newMapCatalog() *mapCatalog {
	return &mapCatalog{tables: map[string]*glue.Table{}, partitions: map[string][]*glue.Partition{}}
}

func (c *mapCatalog) GetTable(_ context.Context, in *glue.GetTableInput) (*glue.GetTableOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t, ok := c.tables[strings.ToLower(*in.DatabaseName+"."+*in.Name)]
	if !ok {
		return nil, glue.EntityNotFoundException("Table %s not found.", *in.Name)
	}
	copied := *t
	return &glue.GetTableOutput{Table: &copied}, nil
}

// GetPartitions answers pages of two, and understands key = 'value' alone.
func (c *mapCatalog) GetPartitions(_ context.Context, in *glue.GetPartitionsInput) (*glue.GetPartitionsOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pages++
	name := *in.DatabaseName + "." + *in.TableName
	all := c.partitions[name]
	if in.Expression != nil && (c.understands == nil || c.understands(*in.Expression)) {
		key, value, _ := strings.Cut(*in.Expression, "=")
		at := slices.IndexFunc(c.tables[name].PartitionKeys, func(k *glue.Column) bool { return *k.Name == strings.TrimSpace(key) })
		if at < 0 {
			return nil, glue.InvalidInputException("Invalid partition expression!")
		}
		var some []*glue.Partition
		for _, p := range all {
			if p.Values[at] == strings.Trim(strings.TrimSpace(value), "'") {
				some = append(some, p)
			}
		}
		all = some
	}
	start := 0
	if in.NextToken != nil {
		start, _ = strconv.Atoi(*in.NextToken)
	}
	out := &glue.GetPartitionsOutput{Partitions: []*glue.Partition{}}
	for i := start; i < len(all) && i < start+2; i++ {
		out.Partitions = append(out.Partitions, all[i])
	}
	if start+2 < len(all) {
		out.NextToken = new(strconv.Itoa(start + 2))
	}
	return out, nil
}

func (c *mapCatalog) CreateTable(_ context.Context, in *glue.CreateTableInput) (*glue.CreateTableOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := *in.DatabaseName + "." + *in.TableInput.Name
	if _, ok := c.tables[name]; ok {
		return nil, glue.AlreadyExistsException("Table already exists.")
	}
	c.tables[name] = fromInput(*in.DatabaseName, in.TableInput, "0")
	return &glue.CreateTableOutput{}, nil
}

func (c *mapCatalog) UpdateTable(_ context.Context, in *glue.UpdateTableInput) (*glue.UpdateTableOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := *in.DatabaseName + "." + *in.TableInput.Name
	t, ok := c.tables[name]
	if !ok {
		return nil, glue.EntityNotFoundException("Table %s not found.", *in.TableInput.Name)
	}
	version, _ := strconv.Atoi(*t.VersionId)
	if c.conflicts > 0 {
		c.conflicts--
		t.VersionId = new(strconv.Itoa(version + 1))
		return nil, glue.ConcurrentModificationException("Update table failed due to concurrent modifications.")
	}
	if in.VersionId != nil && *in.VersionId != *t.VersionId {
		return nil, glue.ConcurrentModificationException("Update table failed due to concurrent modifications.")
	}
	c.tables[name] = fromInput(*in.DatabaseName, in.TableInput, strconv.Itoa(version+1))
	return &glue.UpdateTableOutput{}, nil
}

func fromInput(db string, in *glue.TableInput, version string) *glue.Table {
	return &glue.Table{
		DatabaseName: new(db), Name: in.Name, Description: in.Description, TableType: in.TableType, Parameters: in.Parameters,
		StorageDescriptor: in.StorageDescriptor, PartitionKeys: in.PartitionKeys, VersionId: new(version), CatalogId: new("000000000000"),
	}
}

// world is an engine, a lake, a catalog and a reader.
type world struct {
	testing.TB
	engine  *engine.Engine
	lake    *dirLake
	catalog *mapCatalog
	reader  *Reader
	sess    *engine.Session
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{TB: t, lake: newDirLake(t), catalog: newMapCatalog()}
	var err error
	w.engine, err = engine.Open(engine.Options{
		TempDir: filepath.Join(w.lake.dir, "tmp/spill"), Threads: 2, MemoryLimit: 1 << 30,
		AllowedDirectories: []string{filepath.Join(w.lake.dir, "tmp")},
	})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	var mu sync.Mutex
	w.reader, err = NewReader(w.lake, w.catalog, filepath.Join(w.lake.dir, "tmp/scan"), func() string {
		mu.Lock()
		defer mu.Unlock()
		n++
		return fmt.Sprintf("s%d", n)
	})
	if err != nil {
		t.Fatal(err)
	}
	if w.sess, err = w.engine.Session(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.sess.Close()
		if err := w.engine.Close(context.Background()); err != nil {
			t.Error(err)
		}
		left, _ := os.ReadDir(filepath.Join(w.lake.dir, "tmp/scan"))
		if len(left) > 0 && !t.Failed() {
			t.Errorf("%d scans were left behind", len(left))
		}
		left, _ = os.ReadDir(w.lake.TempDir())
		if len(left) > 0 && !t.Failed() {
			t.Errorf("temporary files were left behind: %v", left)
		}
	})
	return w
}

func columns(pairs ...string) []*glue.Column {
	var out []*glue.Column
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, &glue.Column{Name: new(pairs[i]), Type: new(pairs[i+1])})
	}
	return out
}

const (
	lazySimple = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
	openCSV    = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
	openxJSON  = "org.openx.data.jsonserde.JsonSerDe"
	parquetLib = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
)

// table defines a table of database db at s3://lake/<name>/.
func (w *world) table(name, serde string, cols, keys []*glue.Column, params map[string]string, serdeParams ...string) *glue.Table {
	sp := map[string]string{}
	for i := 0; i < len(serdeParams); i += 2 {
		sp[serdeParams[i]] = serdeParams[i+1]
	}
	t := &glue.Table{
		Name: new(name), DatabaseName: new("db"), TableType: new("EXTERNAL_TABLE"), VersionId: new("0"), Parameters: params, PartitionKeys: keys,
		StorageDescriptor: &glue.StorageDescriptor{Columns: cols, Location: new("s3://lake/" + name + "/"), SerdeInfo: &glue.SerDeInfo{SerializationLibrary: new(serde), Parameters: sp}},
	}
	w.catalog.tables["db."+name] = t
	return t
}

func (w *world) partition(t *glue.Table, location string, values ...string) {
	sd := *t.StorageDescriptor
	sd.Location = new(location)
	name := "db." + *t.Name
	w.catalog.partitions[name] = append(w.catalog.partitions[name], &glue.Partition{Values: values, StorageDescriptor: &sd})
}

func (w *world) put(key, data string) { w.Helper(); w.lake.write(w.TB, "lake", key, []byte(data)) }

// content is an object's bytes.
func (w *world) content(key string) string {
	w.Helper()
	data, err := os.ReadFile(w.lake.files["lake/"+key])
	if err != nil {
		w.Fatal(err)
	}
	return string(data)
}

// rows runs "SELECT <what> FROM <table> <rest>" and writes the rows as text.
func (w *world) rows(table, what, rest string, o Options) (string, error) {
	w.Helper()
	rel, err := w.reader.Relation(w.Context(), w.sess, "db", table, o)
	if err != nil {
		return "", err
	}
	defer rel.Close()
	out, err := w.read("SELECT " + what + " FROM " + rel.SQL + " " + rest)
	return out, rel.Explain(err)
}

func (w *world) read(query string) (string, error) {
	rows, err := w.sess.Query(w.Context(), query)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var b strings.Builder
	for rows.Next() {
		for i, v := range rows.Values() {
			if i > 0 {
				b.WriteByte('|')
			}
			switch v := v.(type) {
			case nil:
				b.WriteString("NULL")
			case string:
				fmt.Fprintf(&b, "%q", v)
			default:
				fmt.Fprint(&b, v)
			}
		}
		b.WriteByte('\n')
	}
	return b.String(), rows.Err()
}

func (w *world) want(got string, err error, want string) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
	if strings.TrimSpace(got) != strings.TrimSpace(strings.ReplaceAll(want, "\t", "")) {
		w.Fatalf("got\n%s\nwant\n%s", got, strings.ReplaceAll(want, "\t", ""))
	}
}

func isCode(err error, code string) bool { return awsapi.IsCode(err, code) }
