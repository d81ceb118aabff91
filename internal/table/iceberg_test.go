package table

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go"
	icetable "github.com/apache/iceberg-go/table"
	"github.com/google/uuid"

	"tarn/internal/engine"
)

func (w *world) writer() *Writer {
	return NewWriter(w.lake, w.catalog, w.reader, time.Now, uuid.New)
}

func (w *world) land(in Landing) Landed {
	w.Helper()
	out, err := w.tryLand(in)
	if err != nil {
		w.Fatal(err)
	}
	return out
}

func (w *world) tryLand(in Landing) (Landed, error) {
	in.Database, in.Table = "db", "t"
	if in.Location == "" {
		in.Location = "s3://lake/curated/t/"
	}
	return w.writer().Land(w.Context(), w.sess, in)
}

const manyTypes = `SELECT range::INTEGER AS id, range::TINYINT AS tiny, range * 10000000000 AS big, 'name ' || range AS name, range % 2 = 0 AS even,
	range / 4 AS d, (range / 4)::FLOAT AS f, (range * 1.25)::DECIMAL(9,2) AS m, range::HUGEINT AS huge, range::UBIGINT AS ub,
	DATE '2013-01-01' + range::INTEGER AS day, TIMESTAMP '2013-01-01 10:00:00' + to_days(range::INTEGER) AS ts, TIMESTAMPTZ '2013-01-01 10:00:00+00' AS tz,
	'abc'::BLOB AS raw, uuid '6f1f7f0e-8e2a-4bb5-9f37-0d1f0a7f3c11' AS u, {'lat': range::DOUBLE, 'in': {'x': range}} AS s, [range, NULL] AS l, MAP {'k': range} AS mp,
	NULL AS nothing, '{"a":1}'::JSON AS j, TIME '10:00:00' AS tm
	FROM range(40)`

func TestIcebergRoundTrip(t *testing.T) {
	w := newWorld(t)
	out := w.land(Landing{Query: manyTypes, Partition: []PartitionField{{"day", Month}, {"even", Identity}}})
	if !out.Created || out.Rows != 40 || out.Partitions != 4 {
		t.Fatalf("%+v", out)
	}
	got, err := w.rows("t", "count(*), sum(id)::INT, sum(big)::BIGINT, max(name), sum(m), sum(huge), min(day), max(ts), max(tz), max(s.in.x), max(l[1]), max(mp['k']), count(nothing), max(j), max(u), max(tm::VARCHAR)", "", Options{})
	w.want(got, err, `40|780|7800000000000|"name 9"|975|780|2013-01-01 00:00:00 +0000 UTC|2013-02-09 10:00:00 +0000 UTC|2013-01-01 10:00:00 +0000 UTC|39|39|39|0|"{\"a\":1}"|"6f1f7f0e-8e2a-4bb5-9f37-0d1f0a7f3c11"|"10:00:00"`)
	table := w.catalog.tables["db.t"]
	if table.Parameters["table_type"] != "ICEBERG" || *table.StorageDescriptor.Location != "s3://lake/curated/t" || len(table.StorageDescriptor.Columns) != 21 {
		t.Fatalf("%+v", table)
	}
	checkPyIceberg(w, `40 780`)
}

// checkPyIceberg reads the table with pyiceberg, if TARN_TEST_PYICEBERG names
// a Python that has it, and compares "count sum(id)" and a pruned count.
func checkPyIceberg(w *world, want string) {
	w.Helper()
	python := os.Getenv("TARN_TEST_PYICEBERG")
	if python == "" {
		return
	}
	// s3:// addresses become files: pyiceberg gets an IO over a copy by key.
	dir := w.TempDir()
	for key, file := range w.lake.files {
		to := filepath.Join(dir, key)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			w.Fatal(err)
		}
		if err := os.Link(file, to); err != nil {
			w.Fatal(err)
		}
	}
	script := `
import sys
from pyiceberg.table import StaticTable
from pyiceberg.io.pyarrow import PyArrowFileIO
import pyarrow.fs as pafs
root, location = sys.argv[1], sys.argv[2]
class IO(PyArrowFileIO):
    def _initialize_fs(self, scheme, netloc=None):
        return pafs.SubTreeFileSystem(root, pafs.LocalFileSystem())
import pyiceberg.io.pyarrow as m
m.PyArrowFileIO = IO
import pyiceberg.io as pio
pio.ARROW_FILE_IO = "__main__.IO"
t = StaticTable.from_metadata(location, {"py-io-impl": "__main__.IO"})
a = t.scan().to_arrow()
print(a.num_rows, sum(a["id"].to_pylist()))
if len(sys.argv) > 3:
    print(t.scan(row_filter=sys.argv[3]).to_arrow().num_rows, len(list(t.scan(row_filter=sys.argv[3]).plan_files())))
`
	args := []string{"-c", script, dir, w.catalog.tables["db.t"].Parameters["metadata_location"]}
	lines := strings.Split(want, "\n")
	if len(lines) > 2 {
		args = append(args, lines[2])
	}
	out, err := exec.Command(python, args...).CombinedOutput()
	if err != nil {
		w.Fatalf("pyiceberg: %v\n%s", err, out)
	}
	if got := strings.TrimSpace(string(out)); got != strings.Join(lines[:min(2, len(lines))], "\n") {
		w.Fatalf("pyiceberg read %q, want %q", got, lines[:min(2, len(lines))])
	}
}

func TestIcebergReplaceKeepsFieldIDs(t *testing.T) {
	w := newWorld(t)
	w.land(Landing{Query: "SELECT 1 AS id, 'a' AS name, {'x': 1} AS s"})
	first := w.catalog.tables["db.t"].Parameters["metadata_location"]
	out := w.land(Landing{Query: "SELECT 2.5::DOUBLE AS extra, 'b' AS name, 2 AS id, {'y': 5, 'x': 2} AS s UNION ALL SELECT 3, 'c', 3, {'y': 6, 'x': 7}"})
	if out.Before != 1 || out.Rows != 2 || out.Created {
		t.Fatalf("%+v", out)
	}
	got, err := w.rows("t", "id, name, extra, s.x, s.y", "ORDER BY id", Options{})
	w.want(got, err, "2|\"b\"|2.5|2|5\n3|\"c\"|3|7|6")
	table := w.catalog.tables["db.t"]
	if table.Parameters["previous_metadata_location"] != first || *table.VersionId != "1" {
		t.Fatalf("%v %s", table.Parameters, *table.VersionId)
	}
	meta, err := loadIceberg(t.Context(), w.lake, table)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]int{}
	for _, f := range meta.Schema().Fields() {
		ids[f.Name] = f.ID
	}
	if ids["id"] != 1 || ids["name"] != 2 || ids["s"] != 3 || ids["extra"] != 5 {
		t.Fatalf("%v", ids)
	}
	if n := len(meta.Metadata().Snapshots()); n != 2 {
		t.Fatalf("%d snapshots", n)
	}
	checkPyIceberg(w, "2 5")
}

func TestIcebergPartitionsPrune(t *testing.T) {
	w := newWorld(t)
	w.land(Landing{Query: "SELECT range::INTEGER AS id, DATE '2013-01-01' + range::INTEGER AS day, 'o/' || range % 2 AS origin, TIMESTAMP '1969-12-31 23:00:00' + to_hours(range::INTEGER) AS stamp FROM range(365) UNION ALL SELECT 1000, NULL, NULL, NULL",
		Partition: []PartitionField{{"day", Month}, {"origin", Identity}}})
	got, err := w.rows("t", "count(*)", "WHERE day >= '2013-02-01' AND day < '2013-03-01' AND origin = 'o/1'", Options{})
	w.want(got, err, "14")
	keys := strings.Join(w.lake.keys("lake"), "\n")
	for _, want := range []string{"curated/t/data/day_month=2013-12/origin=o_1/", "curated/t/data/day_month=null/origin=null/"} {
		if !strings.Contains(keys, want) {
			t.Errorf("%s is not in\n%s", want, keys)
		}
	}
	checkPyIceberg(w, "366 67430\n28 2\nday >= '2013-02-01' and day < '2013-03-01'")
	w.land(Landing{Query: "SELECT range::INTEGER AS id, DATE '2013-01-01' + range::INTEGER AS day, 'o/' || range % 2 AS origin, TIMESTAMP '1969-12-31 23:00:00' + to_hours(range::INTEGER) AS stamp FROM range(30)",
		Partition: []PartitionField{{"stamp", Hour}, {"stamp", Identity}, {"id", Identity}}})
	got, err = w.rows("t", "count(*), min(stamp)", "", Options{})
	w.want(got, err, "30|1969-12-31 23:00:00 +0000 UTC")
	checkPyIceberg(w, "30 435\n1 1\nstamp < '1970-01-01T00:00:00'")
}

func TestIcebergRefusals(t *testing.T) {
	w := newWorld(t)
	w.land(Landing{Query: "SELECT 1 AS id, 'x' AS name"})
	before := w.lake.keys("lake")
	var empty *EmptyError
	if _, err := w.tryLand(Landing{Query: "SELECT 1 AS id, 'x' AS name WHERE false"}); !errors.As(err, &empty) || empty.Rows != 1 {
		t.Fatalf("got %v", err)
	}
	for query, want := range map[string]string{
		"SELECT 1 AS id, 2 AS ID":             "two columns of this name",
		"SELECT 1 AS a, nope FROM range(3) t": "nope",
		"SELECT CASE WHEN range = 2 THEN error('late') ELSE '' END AS a FROM range(3)": "late",
		"SELECT union_value(a := 1) AS u":                                              "can't be stored in a table",
	} {
		if _, err := w.tryLand(Landing{Query: query}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", query, err)
		}
	}
	if _, err := w.tryLand(Landing{Query: "SELECT 1 AS id", Partition: []PartitionField{{"day", Day}}}); err == nil || !strings.Contains(err.Error(), `"day" is not in the answer, which has id`) {
		t.Errorf("got %v", err)
	}
	if _, err := w.tryLand(Landing{Query: "SELECT 'x' AS id", Partition: []PartitionField{{"id", Day}}}); err == nil || !strings.Contains(err.Error(), `can't be partitioned by day`) {
		t.Errorf("got %v", err)
	}
	failed := errors.New("a rule failed")
	if _, err := w.tryLand(Landing{Query: "SELECT 5 AS id", Check: func(ctx context.Context, rel string) error {
		got, err := w.read("SELECT id FROM " + rel)
		w.want(got, err, "5")
		return failed
	}}); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
	w.lake.failPut = errors.New("disk full")
	if _, err := w.tryLand(Landing{Query: "SELECT 5 AS id"}); err == nil {
		t.Error("a failing put was taken for a commit")
	}
	w.lake.failPut = nil
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := w.writer().Land(ctx, w.sess, Landing{Database: "db", Table: "t", Query: "SELECT count(*) AS n FROM range(1000000) a, range(1000000) b WHERE hash(a.range, b.range) = 1"}); !errors.Is(err, engine.ErrCancelled) {
		t.Errorf("got %v", err)
	}
	if after := w.lake.keys("lake"); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("left behind:\n%v\n%v", before, after)
	}
	got, err := w.rows("t", "*", "", Options{})
	w.want(got, err, `1|"x"`)
	w.land(Landing{Query: "SELECT 1 AS id, 'x' AS name WHERE false", AllowEmpty: true})
	got, err = w.rows("t", "count(*)", "", Options{})
	w.want(got, err, "0")
	w.land(Landing{Query: "SELECT 7 AS id, 'y' AS name"})
	got, err = w.rows("t", "*", "", Options{})
	w.want(got, err, `7|"y"`)
}

func TestIcebergRaces(t *testing.T) {
	w := newWorld(t)
	w.land(Landing{Query: "SELECT 1 AS id"})
	w.catalog.conflicts = 2
	w.land(Landing{Query: "SELECT 2 AS id"}) // the catalog's entry changed, the table did not
	got, err := w.rows("t", "*", "", Options{})
	w.want(got, err, "2")
	keys := len(w.lake.keys("lake"))
	w.catalog.conflicts = 100
	var lost *ConflictError
	if _, err := w.tryLand(Landing{Query: "SELECT 3 AS id"}); !errors.As(err, &lost) {
		t.Fatalf("got %v", err)
	}
	w.catalog.conflicts = 0
	if n := len(w.lake.keys("lake")); n != keys {
		t.Fatalf("%d keys became %d", keys, n)
	}
	// Another whole replacement in between: the later one wins.
	_, err = w.tryLand(Landing{Query: "SELECT 4 AS id", Check: func(context.Context, string) error {
		s, err := w.engine.Session(t.Context())
		if err != nil {
			return err
		}
		defer s.Close()
		_, err = w.writer().ReplaceTable(t.Context(), s, "db", "t", "", "SELECT 5 AS id", nil, nil)
		return err
	}})
	if err != nil {
		t.Fatal(err)
	}
	got, err = w.rows("t", "*", "", Options{})
	w.want(got, err, "4")
	// A merge may not: it was computed from what is no longer there.
	_, err = w.tryLand(Landing{Query: "SELECT 6 AS id", Mode: Merge, Keys: []string{"id"}, Check: func(context.Context, string) error {
		s, err := w.engine.Session(t.Context())
		if err != nil {
			return err
		}
		defer s.Close()
		_, err = w.writer().ReplaceTable(t.Context(), s, "db", "t", "", "SELECT 7 AS id", nil, nil)
		return err
	}})
	if !errors.As(err, &lost) {
		t.Fatalf("got %v", err)
	}
	got, err = w.rows("t", "*", "", Options{})
	w.want(got, err, "7")
}

func TestIcebergMerge(t *testing.T) {
	w := newWorld(t)
	merge := func(q string) (Landed, error) { return w.tryLand(Landing{Query: q, Mode: Merge, Keys: []string{"id"}}) }
	if _, err := merge("SELECT 1 AS id, 'a' AS name UNION ALL SELECT 2, 'b'"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // a run may be repeated
		if _, err := merge("SELECT 2 AS id, 'B' AS name, 9 AS extra UNION ALL SELECT 3, 'c', NULL"); err != nil {
			t.Fatal(err)
		}
	}
	got, err := w.rows("t", "id, name, extra", "ORDER BY id", Options{})
	w.want(got, err, "1|\"a\"|NULL\n2|\"B\"|9\n3|\"c\"|NULL")
	if _, err := merge("SELECT 4 AS id, 'a' AS name UNION ALL SELECT 4, 'b'"); err == nil || !strings.Contains(err.Error(), "more than one row for 4") {
		t.Fatalf("got %v", err)
	}
	if _, err := merge("SELECT 4 AS id, 'a' AS name WHERE false"); err != nil {
		t.Fatal(err)
	}
	got, err = w.rows("t", "count(*)", "", Options{})
	w.want(got, err, "3")
}

func TestIcebergReplaceRange(t *testing.T) {
	w := newWorld(t)
	day := func(s string) time.Time { d, _ := time.Parse("2006-01-02", s); return d }
	rangeOf := func(q, from, to string) (Landed, error) {
		return w.tryLand(Landing{Query: q, Mode: ReplaceRange, RangeColumn: "day", From: day(from), To: day(to), Partition: []PartitionField{{"day", Month}}})
	}
	days := "SELECT range::INTEGER AS id, DATE '2013-01-01' + range::INTEGER AS day, %d AS run FROM range(%d, %d)"
	if _, err := rangeOf(fmt.Sprintf(days, 1, 0, 90), "2013-01-01", "2013-04-01"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := rangeOf(fmt.Sprintf(days, 2, 31, 59), "2013-02-01", "2013-03-01"); err != nil {
			t.Fatal(err)
		}
	}
	got, err := w.rows("t", "month(day), run, count(*)", "GROUP BY ALL ORDER BY ALL", Options{})
	w.want(got, err, "1|1|31\n2|2|28\n3|1|31")
	checkPyIceberg(w, "90 4005\n28 1\nday >= '2013-02-01' and day < '2013-03-01'")
	if _, err := rangeOf(fmt.Sprintf(days, 3, 31, 60), "2013-02-01", "2013-03-01"); err == nil || !strings.Contains(err.Error(), "day_month=2013-03, outside of 2013-02-01 to 2013-03-01") {
		t.Fatalf("got %v", err)
	}
	var empty *EmptyError
	if _, err := rangeOf(fmt.Sprintf(days, 3, 31, 31), "2013-02-01", "2013-03-01"); !errors.As(err, &empty) {
		t.Fatalf("got %v", err)
	}
	if _, err := rangeOf(fmt.Sprintf(days, 3, 90, 90), "2013-04-01", "2013-05-01"); err != nil {
		t.Fatal(err) // nothing was there
	}
	// A new column: the whole table is written anew.
	if _, err := rangeOf("SELECT 1 AS id, DATE '2013-02-10' AS day, 4 AS run, 'n' AS note", "2013-02-01", "2013-03-01"); err != nil {
		t.Fatal(err)
	}
	got, err = w.rows("t", "month(day), run, count(*), max(note)", "GROUP BY ALL ORDER BY ALL", Options{})
	w.want(got, err, "1|1|31|NULL\n2|4|1|\"n\"\n3|1|31|NULL")
}

func TestBounds(t *testing.T) {
	for _, c := range []struct {
		t    iceberg.Type
		text string
		want string
	}{
		{iceberg.PrimitiveTypes.Int32, "-2", "feffffff"},
		{iceberg.PrimitiveTypes.Int64, "258", "0201000000000000"},
		{iceberg.PrimitiveTypes.Bool, "true", "01"},
		{iceberg.PrimitiveTypes.Date, "1970-01-03", "02000000"},
		{iceberg.PrimitiveTypes.Date, "1969-12-31", "ffffffff"},
		{iceberg.PrimitiveTypes.Timestamp, "1970-01-01 00:00:00.000001", "0100000000000000"},
		{iceberg.PrimitiveTypes.TimestampTz, "1970-01-01 00:00:01+00", "40420f0000000000"},
		{iceberg.PrimitiveTypes.Float64, "1", "000000000000f03f"},
		{iceberg.DecimalTypeOf(9, 2), "1.5", "0096"},
		{iceberg.DecimalTypeOf(9, 2), "-1.28", "80"},
		{iceberg.DecimalTypeOf(9, 2), "0.00", "00"},
		{iceberg.PrimitiveTypes.String, "abc", "616263"},
		{iceberg.PrimitiveTypes.String, "0123456789abcdefX", "30313233343536373839616263646567"},
	} {
		if got := fmt.Sprintf("%x", bound(c.t, c.text, true)); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.t, c.text, got, c.want)
		}
	}
	if got := bound(iceberg.PrimitiveTypes.String, strings.Repeat(string(rune(0x10FFFF)), 20), true); got != nil {
		t.Errorf("got %x", got)
	}
	for _, n := range []int64{0, 1, 127, 128, 255, 256, -1, -127, -128, -129, -255, -256, -257, 1 << 40} {
		b := twosComplement(big.NewInt(n))
		back := new(big.Int).SetBytes(b)
		if b[0]&0x80 != 0 {
			back.Sub(back, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
		if back.Int64() != n || len(b) > 1 && (b[0] == 0 && b[1] < 0x80 || b[0] == 0xff && b[1] >= 0x80) {
			t.Errorf("%d became %x", n, b)
		}
	}
}

func TestIcebergSnapshotsExpire(t *testing.T) {
	w := newWorld(t)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	writer := NewWriter(w.lake, w.catalog, w.reader, func() time.Time { return now }, uuid.New)
	land := func(n int, properties map[string]string) Landed {
		t.Helper()
		out, err := writer.Land(t.Context(), w.sess, Landing{Database: "db", Table: "t", Location: "s3://lake/curated/t", Query: fmt.Sprintf("SELECT %d AS id, range AS n FROM range(10)", n), Properties: properties})
		if err != nil || out.CleanupErr != nil {
			t.Fatal(err, out.CleanupErr)
		}
		return out
	}
	land(0, nil)
	first := w.foreign().CurrentSnapshot().SnapshotID
	for i := range 3 { // a day apart: all stay
		now = now.AddDate(0, 0, 1)
		if out := land(i+1, nil); out.Expired != 0 {
			t.Fatalf("%+v", out)
		}
	}
	files := len(w.lake.keys("lake"))
	rel, err := w.reader.Relation(t.Context(), w.sess, "db", "t", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer rel.Close()
	now = now.AddDate(0, 0, 3) // the first is six days old
	out := land(4, nil)
	if out.Expired != 1 || out.Removed != 3 || len(w.lake.keys("lake")) != files+1 {
		t.Fatalf("%+v, %d files were %d", out, len(w.lake.keys("lake")), files)
	}
	if w.foreign().SnapshotByID(first) != nil {
		t.Fatal("it is still there")
	}
	now = now.AddDate(0, 0, 30)
	if out = land(5, map[string]string{"history.expire.min-snapshots-to-keep": "3"}); out.Expired != 2 {
		t.Fatalf("%+v", out)
	}
	// A reader that began before goes on.
	got, err := w.read("SELECT max(id), count(*) FROM " + rel.SQL)
	w.want(got, err, "3|10")
	got, err = w.rows("t", "max(id), count(*)", "", Options{})
	w.want(got, err, "5|10")
	// Those that are left can be read back in time.
	for _, s := range w.foreign().Metadata().Snapshots() {
		if _, err := w.foreign().Scan(icetable.WithSnapshotID(s.SnapshotID)).ToArrowTable(t.Context()); err != nil {
			t.Errorf("snapshot %d: %v", s.SnapshotID, err)
		}
	}
	now = now.AddDate(0, 0, 30)
	if out = land(6, map[string]string{"gc.enabled": "false"}); out.Expired != 0 {
		t.Fatalf("%+v", out)
	}
	// A tag keeps its snapshot.
	tagged := w.foreign().CurrentSnapshot().SnapshotID
	updates := []icetable.Update{icetable.NewSetSnapshotRefUpdate("release", tagged, icetable.TagRef, 0, 0, 0)}
	if _, _, err := (foreign{w}).CommitTable(t.Context(), nil, nil, updates); err != nil {
		t.Fatal(err)
	}
	now = now.AddDate(0, 0, 30)
	out = land(7, map[string]string{"gc.enabled": "true", "history.expire.min-snapshots-to-keep": "1"})
	if n := len(w.foreign().Metadata().Snapshots()); out.Expired != 3 || n != 2 || w.foreign().SnapshotByID(tagged) == nil {
		t.Fatalf("%+v, %d are left", out, n)
	}
}

// What a killed landing left goes with the first landing after the next start;
// another writer's files and those of snapshots don't.
func TestIcebergOrphansGo(t *testing.T) {
	w := newWorld(t)
	w.land(Landing{Query: "SELECT 1 AS id"})
	w.lake.deaf = true // deletes are lost, as if the process had been killed
	if _, err := w.tryLand(Landing{Query: "SELECT 2 AS id", Check: func(context.Context, string) error { w.lake.failAfter = 3; return nil }}); err == nil {
		t.Fatal("it landed")
	}
	w.lake.deaf, w.lake.failAfter = false, 0
	w.put("curated/t/data/00000-0-spark.parquet", "of a writer under way")
	keys := w.lake.keys("lake")
	for k, o := range w.lake.objects {
		o.LastModified = time.Now().Add(-time.Minute)
		w.lake.objects[k] = o
	}
	out := w.land(Landing{Query: "SELECT 3 AS id"})
	if out.Removed != 2 || out.CleanupErr != nil {
		t.Fatalf("%+v\n%s", out, strings.Join(keys, "\n"))
	}
	if got := strings.Join(w.lake.keys("lake"), "\n"); !strings.Contains(got, "00000-0-spark.parquet") {
		t.Fatal(got)
	}
	for _, s := range w.foreign().Metadata().Snapshots() {
		if _, err := w.foreign().Scan(icetable.WithSnapshotID(s.SnapshotID)).ToArrowTable(t.Context()); err != nil {
			t.Errorf("snapshot %d: %v", s.SnapshotID, err)
		}
	}
}

// Tables of every format version are landed in, and stay of it; version 1 is
// moved up.
func TestIcebergFormatVersions(t *testing.T) {
	for _, version := range []int{2, 3} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			w := newWorld(t)
			w.land(Landing{Query: "SELECT range::INTEGER AS id, DATE '2013-01-01' + range::INTEGER AS day FROM range(90)", Partition: []PartitionField{{"day", Month}}})
			tx := w.foreign().NewTransaction()
			if err := tx.UpgradeFormatVersion(version); err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			day := func(s string) time.Time { d, _ := time.Parse("2006-01-02", s); return d }
			w.land(Landing{Query: "SELECT 1000 AS id, DATE '2013-02-01' AS day", Mode: ReplaceRange, RangeColumn: "day", From: day("2013-02-01"), To: day("2013-03-01"), Partition: []PartitionField{{"day", Month}}})
			got, err := w.rows("t", "count(*), sum(id)::INT", "", Options{})
			w.want(got, err, "63|3759")
			w.land(Landing{Query: "SELECT 1000 AS id, DATE '2013-02-02' AS day", Mode: Merge, Keys: []string{"id"}, Partition: []PartitionField{{"day", Month}}})
			got, err = w.rows("t", "count(*), sum(id)::INT, max(day) FILTER (id = 1000)::VARCHAR", "", Options{})
			w.want(got, err, `63|3759|"2013-02-02"`)
			if v := w.foreign().Metadata().Version(); v != version {
				t.Fatalf("it is version %d", v)
			}
			checkPyIceberg(w, "63 3759")
		})
	}
}

// Landings at once, and another client's commits between them, lose nothing.
func TestIcebergAtOnce(t *testing.T) {
	w := newWorld(t)
	w.land(Landing{Query: "SELECT 0 AS id, 0 AS who", Mode: Merge, Keys: []string{"id"}})
	var wg sync.WaitGroup
	for job := range 3 {
		wg.Go(func() {
			s, err := w.engine.Session(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			for i := range 4 {
				in := Landing{Database: "db", Table: "t", Query: fmt.Sprintf("SELECT %d AS id, %d AS who", 1+job*10+i, job), Mode: Merge, Keys: []string{"id"}}
				for { // a landing that loses again and again says so; the job is run again
					_, err := w.writer().Land(t.Context(), s, in)
					var lost *ConflictError
					if errors.As(err, &lost) {
						continue
					}
					if err != nil {
						t.Error(err)
					}
					break
				}
			}
		})
	}
	wg.Wait()
	got, err := w.rows("t", "count(*), count(DISTINCT id), sum(id)::INT", "", Options{})
	w.want(got, err, "13|13|150")
	// Another client appends while a merge is under way: the merge is computed again on top.
	schema, err := icetable.SchemaToArrowSchema(w.foreign().Schema(), nil, false, false)
	if err != nil {
		t.Fatal(err)
	}
	rows, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, strings.NewReader(`[{"id": 100, "who": 9}, {"id": 101, "who": 9}]`))
	if err != nil {
		t.Fatal(err)
	}
	appended := false
	w.land(Landing{Query: "SELECT 101 AS id, 7 AS who", Mode: Merge, Keys: []string{"id"}, Check: func(ctx context.Context, _ string) error {
		if appended {
			return nil
		}
		appended = true
		batches, err := array.NewRecordReader(schema, []arrow.RecordBatch{rows})
		if err != nil {
			return err
		}
		_, err = w.foreign().Append(ctx, batches, nil)
		return err
	}})
	got, err = w.rows("t", "count(*), min(who) FILTER (id = 101), min(who) FILTER (id = 100)", "", Options{})
	w.want(got, err, "15|7|9")
}

// A merge writes the files again that hold a key of its own, and no others.
func TestIcebergMergeKeepsFiles(t *testing.T) {
	w := newWorld(t)
	month := []PartitionField{{"day", Month}}
	w.land(Landing{Query: "SELECT range::INTEGER AS id, DATE '2013-01-01' + range::INTEGER AS day, 'old' AS name FROM range(365)", Partition: month})
	data := func() map[string]bool {
		out := map[string]bool{}
		for _, k := range w.lake.keys("lake") {
			if strings.Contains(k, "/data/") {
				out[k] = true
			}
		}
		return out
	}
	before := data()
	out := w.land(Landing{Query: "SELECT 40 AS id, DATE '2013-02-10' AS day, 'new' AS name UNION ALL SELECT 1000, DATE '2013-07-01', 'added'", Partition: month, Mode: Merge, Keys: []string{"id"}})
	if out.Rows != 29 || out.Total != 366 || out.Before != 365 || out.Files != 2 || len(data()) != len(before)+2 {
		t.Fatalf("%+v", out)
	}
	got, err := w.rows("t", "count(*), count(DISTINCT id), min(name) FILTER (id = 40), min(name) FILTER (id = 1000)", "", Options{})
	w.want(got, err, `366|366|"new"|"added"`)
	checkPyIceberg(w, "366 67430\n28 1\nday >= '2013-02-01' and day < '2013-03-01'")
	// A new column: the files that stay have none of it.
	out = w.land(Landing{Query: "SELECT 1 AS id, DATE '2013-01-02' AS day, 'new' AS name, 5 AS extra", Partition: month, Mode: Merge, Keys: []string{"id"}})
	if out.Rows != 31 || out.Total != 366 {
		t.Fatalf("%+v", out)
	}
	got, err = w.rows("t", "count(*), count(extra), sum(extra)::INT", "", Options{})
	w.want(got, err, `366|1|5`)
	// A key that no file has: nothing is read again.
	out = w.land(Landing{Query: "SELECT 5000 AS id, DATE '2014-01-02' AS day, 'new' AS name, 5 AS extra", Partition: month, Mode: Merge, Keys: []string{"id"}})
	if out.Rows != 1 || out.Total != 367 || out.Files != 1 {
		t.Fatalf("%+v", out)
	}
	// Another type: the whole table is written anew.
	out = w.land(Landing{Query: "SELECT 5000 AS id, DATE '2014-01-02' AS day, 'new' AS name, 5.5::DOUBLE AS extra", Partition: month, Mode: Merge, Keys: []string{"id"}})
	if out.Rows != 367 || out.Total != 367 {
		t.Fatalf("%+v", out)
	}
	// Another spec likewise.
	out = w.land(Landing{Query: "SELECT 5000 AS id, DATE '2014-01-02' AS day, 'new' AS name, 5.5::DOUBLE AS extra", Partition: []PartitionField{{"day", Year}}, Mode: Merge, Keys: []string{"id"}})
	if out.Rows != 367 || out.Total != 367 {
		t.Fatalf("%+v", out)
	}
	got, err = w.rows("t", "count(*), count(DISTINCT id), sum(extra)", "", Options{})
	w.want(got, err, `367|367|10.5`)
}
