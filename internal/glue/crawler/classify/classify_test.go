package classify

import (
	"archive/zip"
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/rogpeppe/go-internal/txtar"

	"tarn/api/glue"
	"tarn/internal/glue/crawler/schema"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func classifyBytes(t testing.TB, b []byte, name string, o Options) *Result {
	t.Helper()
	r, err := File(context.Background(), bytes.NewReader(b), int64(len(b)), name, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// describe prints a result on a few lines.
func describe(r *Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s records %d complete %v\n", r.Classification, r.Compression, r.Records, r.Complete)
	columns := r.Columns
	if c := r.CSV; c != nil {
		header, known, why := c.Header()
		fmt.Fprintf(&b, "delimiter %q quoted %v header %v known %v: %s\n", c.Delimiter, c.Quoted, header, known, why)
		columns = c.Fields(header)
	}
	if r.Array {
		b.WriteString("one array\n")
	}
	for _, f := range columns {
		fmt.Fprintf(&b, "  %s %s\n", f.Name, f.Type)
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", w)
	}
	return b.String()
}

// TestText runs testdata/text.txtar: each file is followed by its answer, named after it with .want behind.
func TestText(t *testing.T) {
	const path = "testdata/text.txtar"
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := &txtar.Archive{Comment: a.Comment}
	for i, f := range a.Files {
		if strings.HasSuffix(f.Name, ".want") {
			continue
		}
		data := strings.NewReplacer("<TAB>", "\t", "<CR>", "\r", "<NUL>", "\x00", "<A>", "\x01", "<BOM>", "\ufeff").Replace(string(f.Data))
		got := describe(classifyBytes(t, []byte(data), f.Name, Options{}))
		out.Files = append(out.Files, f, txtar.File{Name: f.Name + ".want", Data: []byte(got)})
		if *update {
			continue
		}
		if i+1 >= len(a.Files) || string(a.Files[i+1].Data) != got {
			t.Errorf("%s: got\n%s", f.Name, got)
		}
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

const people = "id,name\n1,Ada\n2,Alan\n3,Grace\n"

func compress(t testing.TB, kind string, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	switch kind {
	case "gzip":
		w := gzip.NewWriter(&b)
		_, err := w.Write(text)
		check(err)
		check(w.Close())
	case "zstd":
		w, err := zstd.NewWriter(&b)
		check(err)
		_, err = w.Write(text)
		check(err)
		check(w.Close())
	case "snappy":
		w := snappy.NewBufferedWriter(&b)
		_, err := w.Write(text)
		check(err)
		check(w.Close())
	case "lz4":
		w := lz4.NewWriter(&b)
		_, err := w.Write(text)
		check(err)
		check(w.Close())
	case "zip":
		w := zip.NewWriter(&b)
		f, err := w.Create("a.csv")
		check(err)
		_, err = f.Write(text)
		check(err)
		check(w.Close())
	case "bzip2":
		return bzip2People
	}
	return b.Bytes()
}

func TestCompression(t *testing.T) {
	for _, kind := range []string{"gzip", "zstd", "snappy", "lz4", "zip", "bzip2"} {
		r := classifyBytes(t, compress(t, kind, []byte(people)), "any.name", Options{})
		if r.Compression != kind || r.Classification != CSVFormat || r.Records != 4 || !r.Complete || len(r.Warnings) > 0 {
			t.Errorf("%s: %s", kind, describe(r))
		}
	}
	// Cut in the middle: what could be read is there, and the damage is named.
	var long bytes.Buffer
	long.WriteString("id,name\n")
	for i := range 20000 {
		fmt.Fprintf(&long, "%d,name %x\n", i, i*2654435761)
	}
	for _, kind := range []string{"gzip", "zstd"} {
		whole := compress(t, kind, long.Bytes())
		r := classifyBytes(t, whole[:len(whole)/2], "a.csv", Options{})
		if r.Classification != CSVFormat || r.Records < 100 || r.Records > 19999 || r.Complete || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0].Text, "truncated") {
			t.Errorf("%s cut: %s", kind, describe(r))
		}
		r = classifyBytes(t, whole[:12], "a.csv", Options{})
		if r.Classification != Unknown || len(r.Warnings) != 1 {
			t.Errorf("%s cut at its start: %s", kind, describe(r))
		}
	}
	r := classifyBytes(t, []byte("\x00\x01\x02 no gzip"), "a.csv.gz", Options{})
	if r.Classification != Unknown || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0].Text, "the name says gzip") {
		t.Errorf("wrong suffix: %s", describe(r))
	}
}

func TestLimit(t *testing.T) {
	if testing.Short() {
		return
	}
	line := "123456,some text that fills the line up,2013-01-01\n"
	text := "id,text,day\n" + strings.Repeat(line, textLimit/len(line)*2)
	r := classifyBytes(t, []byte(text), "a.csv", Options{})
	want := int64(textLimit / len(line) * 2)
	if r.Complete || r.Records < want*95/100 || r.Records > want*105/100 || len(r.Warnings) > 0 {
		t.Errorf("got %s, want about %d records", describe(r), want)
	}
}

func TestCustomClassifier(t *testing.T) {
	c := &glue.CsvClassifier{Name: new("c"), Version: new(int64(3)), Delimiter: new("|"), QuoteSymbol: new("'"), ContainsHeader: new("ABSENT"), Header: []string{"x", "y"}}
	r := classifyBytes(t, []byte("a|'b|c'\nd|e\n"), "a", Options{Custom: []*glue.Classifier{{CsvClassifier: c}}})
	if got := describe(r); !strings.Contains(got, "header false") || !strings.Contains(got, "x string\n  y string") || r.Classifier != "c@3" {
		t.Errorf("got %s %s", got, r.Classifier)
	}
	// One that does not fit leaves the file to the others.
	r = classifyBytes(t, []byte(people), "a", Options{Custom: []*glue.Classifier{{CsvClassifier: c}}})
	if r.Classifier != "" || r.CSV == nil || r.CSV.Delimiter != "," {
		t.Errorf("got %s %s", describe(r), r.Classifier)
	}
	single := &glue.CsvClassifier{Name: new("s"), Version: new(int64(1)), Delimiter: new(","), AllowSingleColumn: new(true), ContainsHeader: new("PRESENT")}
	r = classifyBytes(t, []byte("name\nAda\nAlan\n"), "a", Options{Custom: []*glue.Classifier{{CsvClassifier: single}}})
	if got := describe(r); !strings.Contains(got, "  name string") {
		t.Errorf("got %s", got)
	}
	// A classifier for CSV takes lines of JSON too, unless one for JSON comes first.
	lines := []byte("{\"id\":1,\"name\":\"Ada\"}\n{\"id\":2,\"name\":\"Alan\"}\n")
	csvFirst := []*glue.Classifier{{CsvClassifier: single}, {JsonClassifier: &glue.JsonClassifier{Name: new("j"), Version: new(int64(1)), JsonPath: new("$")}}}
	if r := classifyBytes(t, lines, "a", Options{Custom: csvFirst}); r.Classification != CSVFormat {
		t.Errorf("CSV first: %s", r.Classification)
	}
	slices.Reverse(csvFirst)
	if r := classifyBytes(t, lines, "a", Options{Custom: csvFirst}); r.Classification != JSONFormat || r.Classifier != "j@1" || r.Records != 2 {
		t.Errorf("JSON first: %s by %s, %d records", r.Classification, r.Classifier, r.Records)
	}
	if r := classifyBytes(t, []byte(people), "a", Options{Custom: csvFirst}); r.Classification != CSVFormat || r.Classifier != "s@1" {
		t.Errorf("CSV after JSON: %s by %s", r.Classification, r.Classifier)
	}
}

func parquetFile(t testing.TB) []byte {
	t.Helper()
	pool := memory.NewGoAllocator()
	fields := []arrow.Field{
		{Name: "Id", Type: arrow.PrimitiveTypes.Int64}, {Name: "small", Type: arrow.PrimitiveTypes.Int8}, {Name: "u32", Type: arrow.PrimitiveTypes.Uint32},
		{Name: "u64", Type: arrow.PrimitiveTypes.Uint64}, {Name: "f", Type: arrow.PrimitiveTypes.Float32}, {Name: "d", Type: arrow.PrimitiveTypes.Float64},
		{Name: "s", Type: arrow.BinaryTypes.String, Nullable: true}, {Name: "b", Type: arrow.BinaryTypes.Binary}, {Name: "ok", Type: arrow.FixedWidthTypes.Boolean},
		{Name: "day", Type: arrow.FixedWidthTypes.Date32}, {Name: "at", Type: &arrow.TimestampType{Unit: arrow.Microsecond}},
		{Name: "price", Type: &arrow.Decimal128Type{Precision: 10, Scale: 2}}, {Name: "tags", Type: arrow.ListOf(arrow.BinaryTypes.String)},
		{Name: "m", Type: arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int32)},
		{Name: "geo", Type: arrow.StructOf(arrow.Field{Name: "lat", Type: arrow.PrimitiveTypes.Float64}, arrow.Field{Name: "names", Type: arrow.ListOf(arrow.PrimitiveTypes.Int32)})},
	}
	sc := arrow.NewSchema(fields, nil)
	rb := array.NewRecordBuilder(pool, sc)
	defer rb.Release()
	for range 3 {
		for i := range fields {
			rb.Field(i).AppendEmptyValue()
		}
	}
	rec := rb.NewRecordBatch()
	defer rec.Release()
	var b bytes.Buffer
	w, err := pqarrow.NewFileWriter(sc, &b, parquet.NewWriterProperties(), pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rec); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestParquet(t *testing.T) {
	b := parquetFile(t)
	r := classifyBytes(t, b, "a", Options{})
	got := (&schema.Type{Base: "struct", Fields: r.Columns}).String()
	want := "struct<Id:bigint,small:tinyint,u32:bigint,u64:decimal(20,0),f:float,d:double,s:string,b:binary,ok:boolean,day:date,at:timestamp," +
		"price:decimal(10,2),tags:array<string>,m:map<string,int>,geo:struct<lat:double,names:array<int>>>"
	if got != want || r.Records != 3 || !r.Complete || r.Compression != "none" {
		t.Errorf("got %s\nwant %s\n%s", got, want, describe(r))
	}
	for _, n := range []int{len(b) - 1, len(b) / 2, 8, 4} {
		r := classifyBytes(t, b[:n], "a", Options{})
		if r.Classification != Unknown || len(r.Warnings) != 1 {
			t.Errorf("cut to %d bytes: %s", n, describe(r))
		}
	}
}

func FuzzFile(f *testing.F) {
	f.Add([]byte(people), "a.csv")
	f.Add([]byte("{\"a\":1,\"b\":[1,2.5,null]}\n{\"a\":\"x\"}\n"), "a.json")
	f.Add([]byte("[{\"a\":1},\n{\"a\":2}]"), "a.json")
	f.Add([]byte("a;\"b\"\"c\nd\";e\n1;2;3\n4;5;6\n"), "x")
	f.Add(compress(f, "gzip", []byte(people)), "a.gz")
	f.Add(compress(f, "zstd", []byte(people)), "a.zst")
	f.Add(compress(f, "zip", []byte(people)), "a.zip")
	f.Add(parquetFile(f), "a.parquet")
	f.Fuzz(func(t *testing.T, b []byte, name string) {
		if len(b) > 1<<20 {
			return
		}
		r, err := File(context.Background(), bytes.NewReader(b), int64(len(b)), name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		describe(r)
		if r.Classification == CSVFormat {
			if n := len(r.CSV.RestTypes); n < 2 || r.CSV.First != nil && len(r.CSV.First) != n {
				t.Errorf("%d columns, %d in the first line", n, len(r.CSV.First))
			}
		}
	})
}

// bzip2People is people as bzip2 has it: the standard library reads that, and nothing here writes it.
var bzip2People = []byte("\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\xc8\x15\xca\x16\x00\x00\x0b\xdd\x80\x00\x10\x00\x04\x38\x00\x20\x80\x2e\x27\x10\x00\x20\x00\x22\xb4\xd1\xa6\xd4\xf5\x0d\xa8\x53\x00\x04\xd0\x8a\x78\xd4\xf2\x58\x33\xa1\x46\xba\x91\xc4\x58\xaf\x8b\xb9\x22\x9c\x28\x48\x64\x0a\xe5\x0b\x00")

// TestDamaged: nothing of a file whose checksum is wrong decides on types; what precedes a cut does.
func TestDamaged(t *testing.T) {
	var text bytes.Buffer
	text.WriteString("id,v\n")
	for i := range 20000 {
		fmt.Fprintf(&text, "%d,%d.25\n", i, i*7919%10007)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(text.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	half := packed.Len() / 2
	cut := classifyBytes(t, packed.Bytes()[:half], "a.csv.gz", Options{})
	if cut.Classification != CSVFormat || len(cut.Warnings) != 1 || cut.Warnings[0].Line == 0 || cut.CSV.RestTypes[1] != "double" {
		t.Errorf("cut: %s", describe(cut))
	}
	damaged := bytes.Clone(packed.Bytes())
	for i := range 40 {
		damaged[half+i] = 0xff
	}
	if r := classifyBytes(t, damaged, "a.csv.gz", Options{}); r.Classification != Unknown || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0].Text, "damaged") {
		t.Errorf("damaged: %s", describe(r))
	}
}

// BenchmarkSmallFiles is what a lake of many small files costs for each.
func BenchmarkSmallFiles(b *testing.B) {
	text := []byte("id,name,amount\n1,a,2.5\n2,b,3.5\n")
	b.ReportAllocs()
	for b.Loop() {
		classifyBytes(b, text, "a.csv", Options{})
	}
}
