package table

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func gz(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(s))
	z.Close()
	return b.String()
}

func zst(s string) string {
	var b bytes.Buffer
	z, _ := zstd.NewWriter(&b)
	z.Write([]byte(s))
	z.Close()
	return b.String()
}

var header = map[string]string{"skip.header.line.count": "1", "classification": "csv"}

func TestCSVPlainGzipZstd(t *testing.T) {
	w := newWorld(t)
	w.table("t", lazySimple, columns("id", "int", "name", "string", "at", "timestamp", "d", "date", "ok", "boolean", "m", "decimal(9,2)"), nil, header, "field.delim", ",")
	w.put("t/1.csv", "id,name,at,d,ok,m\n1,a,2013-01-01T10:00:00Z,2013-01-01,true,1.50\n")
	w.put("t/2.csv.gz", gz("id,name,at,d,ok,m\r\n2,\"b, \"\"c\"\"\",,,,\r\n"))
	w.put("t/3", zst("id,name,at,d,ok,m\n3,,2013-01-01 10:00:00,2013-01-02,FALSE,-2\n")) // no suffix: its bytes tell
	w.put("t/4.gz", "id,name,at,d,ok,m\n4,plain,,,,\n")                                  // the suffix lies
	w.put("t/5.csv", "\xef\xbb\xbfid,name,at,d,ok,m\n5,bom,,,,\n")
	w.put("t/_SUCCESS", "junk")
	w.put("t/.hidden/x", "junk")
	w.put("t/_temporary/x", "junk")
	w.put("t/empty", "")
	w.put("t2/x", "junk")
	got, err := w.rows("t", "*", "ORDER BY id", Options{})
	w.want(got, err, `
		1|"a"|2013-01-01 10:00:00 +0000 UTC|2013-01-01 00:00:00 +0000 UTC|true|1.5
		2|"b, \"c\""|NULL|NULL|NULL|NULL
		3|""|2013-01-01 10:00:00 +0000 UTC|2013-01-02 00:00:00 +0000 UTC|false|-2
		4|"plain"|NULL|NULL|NULL|NULL
		5|"bom"|NULL|NULL|NULL|NULL`)
}

func TestCSVVariants(t *testing.T) {
	for _, c := range []struct {
		name, serde string
		serdeParams []string
		params      map[string]string
		data, want  string
	}{
		{"tab", lazySimple, []string{"field.delim", "\t"}, nil, "1\tx\n2\t\\N\n", "1|\"x\"\n2|NULL"},
		{"escaped tab", lazySimple, []string{"field.delim", `\t`}, nil, "1\tx\n", "1|\"x\""},
		{"ctrl-a", lazySimple, nil, nil, "1\x01\"x\n\\N\x01y\n", "1|\"\\\"x\"\nNULL|\"y\""},
		{"null format", lazySimple, []string{"field.delim", ",", "serialization.null.format", "NA"}, nil, "NA,NA\n3,z\n", "NULL|NULL\n3|\"z\""},
		{"empty is NULL", lazySimple, []string{"field.delim", ",", "serialization.null.format", ""}, nil, ",\n3,z\n", "NULL|NULL\n3|\"z\""},
		{"two characters", "org.apache.hadoop.hive.contrib.serde2.MultiDelimitSerDe", []string{"field.delim", "||"}, nil, "1||a|b\n", "1|\"a|b\""},
		{"open csv", openCSV, []string{"separatorChar", ";", "quoteChar", "'"}, nil, "1;'a;b'\n", "1|\"a;b\""},
		{"open csv backslash", openCSV, nil, nil, "1,\"say \\\"hi\\\" twice\"\n", "1|\"say \\\"hi\\\" twice\""},
		{"doubled quotes", openCSV, nil, nil, "1,\"say \"\"hi\"\" twice\"\n", "1|\"say \\\"hi\\\" twice\""},
		{"surplus values", lazySimple, []string{"field.delim", ","}, nil, "1,a,b,c\n2,d,e,f\n", "1|\"a\"\n2|\"d\""},
		{"missing values", lazySimple, []string{"field.delim", ","}, nil, "1\n2\n", "1|NULL\n2|NULL"},
		{"header in another order", lazySimple, []string{"field.delim", ","}, header, "Name,ID\nx,1\n", "1|\"x\""},
		{"header of other names", lazySimple, []string{"field.delim", ","}, header, "foo,bar\n1,x\n", "1|\"x\""},
		{"line breaks in quotes", openCSV, nil, nil, "1,\"a\nb\"\n2,c\n", "1|\"a\\nb\"\n2|\"c\""},
		{"classification alone", "", nil, map[string]string{"classification": "csv", "delimiter": ";"}, "1;x\n", "1|\"x\""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.table("t", c.serde, columns("id", "int", "name", "string"), nil, c.params, c.serdeParams...)
			w.put("t/f", c.data)
			got, err := w.rows("t", "id, name", "ORDER BY id NULLS FIRST", Options{})
			if c.name == "ctrl-a" {
				got, err = w.rows("t", "id, name", "ORDER BY id", Options{})
			}
			w.want(got, err, c.want)
		})
	}
}

func TestCSVColumnAddedLater(t *testing.T) {
	w := newWorld(t)
	w.table("t", lazySimple, columns("id", "int", "name", "string", "extra", "int"), nil, header, "field.delim", ",")
	w.put("t/a", "id,name\n1,x\n")
	w.put("t/b", "id,extra,name\n2,20,y\n")
	w.put("t/c", "id,name,extra\n3,z,30\n")
	got, err := w.rows("t", "*", "ORDER BY id", Options{})
	w.want(got, err, "1|\"x\"|NULL\n2|\"y\"|20\n3|\"z\"|30")
}

func TestPartitions(t *testing.T) {
	w := newWorld(t)
	tab := w.table("t", lazySimple, columns("id", "int"), columns("year", "int", "place", "string"), nil, "field.delim", ",")
	places := []string{"New York/JFK", "a=b&c%", "ünï", hiveNull, ""}
	for i, p := range places {
		loc := fmt.Sprintf("s3a://lake/anywhere/%d", i)
		w.partition(tab, loc, fmt.Sprint(9+i), p)
		w.put(fmt.Sprintf("anywhere/%d/f.csv", i), fmt.Sprintf("%d\n", i))
	}
	w.put("t/year=1/ignored.csv", "77\n") // not registered
	got, err := w.rows("t", "id, year, place", "ORDER BY id", Options{})
	w.want(got, err, `
		0|9|"New York/JFK"
		1|10|"a=b&c%"
		2|11|"ünï"
		3|12|NULL
		4|13|""`)
	if w.catalog.pages != 3 {
		t.Errorf("%d pages were asked for", w.catalog.pages)
	}
	got, err = w.rows("t", "id, year + 1", "", Options{Partitions: "year = '10'"})
	w.want(got, err, "1|11")
	got, err = w.rows("t", "id", "WHERE year > 9 AND place = 'ünï'", Options{})
	w.want(got, err, "2")
	if _, err := w.rows("t", "id", "", Options{Partitions: "id = '10'"}); !isCode(err, "InvalidInputException") {
		t.Errorf("a column that is no key: %v", err)
	}
	empty := w.table("e", parquetLib, columns("id", "int"), columns("p", "date"), nil)
	got, err = w.rows("e", "count(*), max(p)", "", Options{})
	w.want(got, err, "0|NULL")
	_ = empty
}

func TestJSONLines(t *testing.T) {
	w := newWorld(t)
	w.table("t", openxJSON, columns("id", "bigint", "timehour", "timestamp", "tags", "array<string>", "geo", "struct<lat:double,Lon:double>", "m", "map<string,int>", "other", "string"), nil, nil, "mapping.other", "x-other")
	w.put("t/a.json", `{"id":1,"timeHour":"2013-01-01T05:00:00Z","tags":["a","b"],"geo":{"lat":1.5,"Lon":2},"m":{"k":1},"x-other":{"deep":[1]}}`+"\n"+`{"id":2}`+"\n")
	w.put("t/b.json.gz", gz(`{"id":3,"timehour":"2013-01-01 06:00:00","unknown":1}`))
	w.put("t/c.json", ` [{"ID":4},{"ID":5}]`)
	got, err := w.rows("t", "id, timehour, tags, geo.lat, m['k'], other", "ORDER BY id", Options{})
	w.want(got, err, `
		1|2013-01-01 05:00:00 +0000 UTC|[a b]|1.5|1|"{\"deep\":[1]}"
		2|NULL|NULL|NULL|NULL|NULL
		3|2013-01-01 06:00:00 +0000 UTC|NULL|NULL|NULL|NULL
		4|NULL|NULL|NULL|NULL|NULL
		5|NULL|NULL|NULL|NULL|NULL`)
}

// parquet writes a query's rows as an object.
func (w *world) parquet(key, query, options string) {
	w.Helper()
	file := filepath.Join(w.lake.TempDir(), "write.parquet")
	if _, err := w.sess.Exec(w.Context(), "COPY ("+query+") TO '"+file+"' (FORMAT parquet"+options+")"); err != nil {
		w.Fatal(err)
	}
	if _, err := w.lake.Put(w.Context(), "lake", key, file); err != nil {
		w.Fatal(err)
	}
}

func TestParquetEvolution(t *testing.T) {
	w := newWorld(t)
	tab := w.table("t", parquetLib, columns("id", "bigint", "name", "string", "at", "timestamp", "geo", "struct<lat:double,alt:int>", "raw", "string"), columns("month", "int"), nil)
	w.partition(tab, "s3://lake/t/month=1", "1")
	w.partition(tab, "s3://lake/t/month=2", "2")
	w.parquet("t/month=1/a", "SELECT 1::INTEGER AS ID, 'x' AS Name, {'lat': 1.0} AS geo, 'bytes'::BLOB AS raw", "")
	w.parquet("t/month=2/a", "SELECT 2::BIGINT AS id, TIMESTAMPTZ '2013-01-01 12:00:00+02' AS \"at\", {'lat': 2.0, 'alt': 7, 'more': 1} AS geo, 9 AS surplus", "")
	got, err := w.rows("t", "id, name, \"at\", geo.lat, geo.alt, raw, month", "ORDER BY id", Options{})
	w.want(got, err, `
		1|"x"|NULL|1|NULL|"bytes"|1
		2|NULL|2013-01-01 10:00:00 +0000 UTC|2|7|NULL|2`)
}

func TestErrorsNameThePlace(t *testing.T) {
	for _, c := range []struct{ name, serde, key, data, want string }{
		{"value", lazySimple, "t/f-07.csv.gz", gz("year,name\n2013,a\n2O13,b\n"), `db.t: column year: "2O13" is not an int in s3://lake/t/f-07.csv.gz, line 3: 2O13,b`},
		{"too few", lazySimple, "t/a.csv", "year,name\n2013,a\n2014\n", `db.t: the row has 1 values, 2 are expected in s3://lake/t/a.csv, line 3: 2014`},
		{"too many", lazySimple, "t/a.csv", "year,name\n2013,a\n2014,b,c\n", `db.t: the row has 3 values, 2 are expected in s3://lake/t/a.csv, line 3: 2014,b,c`},
		{"open quote", lazySimple, "t/a.csv", "year,name\n2013,\"a\n2014,b\n", `in s3://lake/t/a.csv, line 2: 2013,"a`},
		{"cut gzip", lazySimple, "t/a.csv.gz", gz("year,name\n" + strings.Repeat("2013,abc\n", 5000))[:90], `db.t: the gzip file is cut off in s3://lake/t/a.csv.gz (upload the file again)`},
		{"cut zstd", lazySimple, "t/a.csv.zst", zst("year,name\n" + strings.Repeat("2013,abc\n", 5000))[:30], `db.t: the zstd file is cut off in s3://lake/t/a.csv.zst (upload the file again)`},
		{"bzip2", lazySimple, "t/a.bz2", "BZh91AY", `db.t: bzip2 compression is not read in s3://lake/t/a.bz2 (store the file as gzip, zstd or plain)`},
		{"not utf-8", lazySimple, "t/a.csv", "year,name\n2013,a\n2014,\xff\xfe\n", `in s3://lake/t/a.csv, line 3`},
		{"json value", openxJSON, "t/a.json", `{"year":1,"name":"a"}` + "\n" + `{"year":"x","name":"b"}` + "\n", `db.t: column year: "x" is not an int in s3://lake/t/a.json, line 2: {"year":"x","name":"b"}`},
		{"json syntax", openxJSON, "t/a.json.gz", gz(`{"year":1}` + "\n" + `{"year":`), `in s3://lake/t/a.json.gz, line 2`},
		{"not parquet", parquetLib, "t/a.parquet", "year,name\n2013,a\n", `db.t: not a whole Parquet file in s3://lake/t/a.parquet`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.table("t", c.serde, columns("year", "int", "name", "string"), nil, header, "field.delim", ",")
			w.put(c.key, c.data)
			_, err := w.rows("t", "*", "", Options{})
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(e.Error(), c.want) {
				t.Fatalf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestCutGzipIsFoundAfterAGoodOne(t *testing.T) {
	w := newWorld(t)
	w.table("t", lazySimple, columns("n", "int"), nil, nil, "field.delim", ",")
	good := gz(strings.Repeat("1\n", 100000))
	w.put("t/a.gz", good)
	for range 2 {
		got, err := w.rows("t", "sum(n)::INT", "", Options{})
		w.want(got, err, "100000")
	}
	w.put("t/a.gz", good[:len(good)-3]) // even the trailer counts
	if _, err := w.rows("t", "sum(n)::INT", "", Options{}); err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Fatalf("got %v", err)
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	orc := w.table("orc", "org.apache.hadoop.hive.ql.io.orc.OrcSerde", columns("a", "int"), nil, nil)
	view := w.table("v", "", columns("a", "int"), nil, nil)
	view.TableType = new("VIRTUAL_VIEW")
	odd := w.table("odd", lazySimple, columns("a", "nonsense"), nil, nil)
	w.table("nested", lazySimple, columns("a", "array<int>"), nil, nil)
	w.put("nested/f", "1\n")
	nowhere := w.table("nowhere", lazySimple, columns("a", "int"), nil, nil)
	nowhere.StorageDescriptor.Location = new("/local/path")
	_, _ = orc, odd
	for name, want := range map[string]string{
		"orc": "files of OrcSerde are not read", "v": "it is a view", "odd": `"nonsense" is not a type`,
		"nested": "array<int> is not read from CSV", "nowhere": `"/local/path" is not s3://`,
	} {
		if _, err := w.rows(name, "*", "", Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := w.rows("gone", "*", "", Options{}); !isCode(err, "EntityNotFoundException") {
		t.Errorf("gone: %v", err)
	}
}

func TestPreviewReadsLittle(t *testing.T) {
	w := newWorld(t)
	w.table("t", lazySimple, columns("n", "int"), nil, nil, "field.delim", ",")
	for i := range 300 {
		w.put(fmt.Sprintf("t/%03d.csv", i), fmt.Sprintf("%d\n", i))
	}
	rel, err := w.reader.Relation(t.Context(), w.sess, "db", "t", Options{Preview: true})
	if err != nil {
		t.Fatal(err)
	}
	if rel.Files != previewFiles {
		t.Errorf("%d files", rel.Files)
	}
	rel.Close()
	got, err := w.rows("t", "count(*)", "", Options{})
	w.want(got, err, "300")
}

func TestReplacedObjectStaysReadable(t *testing.T) {
	w := newWorld(t)
	w.table("t", lazySimple, columns("n", "int"), nil, nil, "field.delim", ",")
	w.put("t/a", "1\n")
	rel, err := w.reader.Relation(t.Context(), w.sess, "db", "t", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer rel.Close()
	old := w.lake.files["lake/t/a"]
	w.put("t/a", "2\n")
	if err := os.Remove(old); err != nil {
		t.Fatal(err)
	}
	got, err := w.read("SELECT n FROM " + rel.SQL)
	w.want(got, err, "1")
}

func TestLeftoversGoAtStart(t *testing.T) {
	w := newWorld(t)
	left := filepath.Join(w.reader.dir, "old/x=1")
	if err := os.MkdirAll(left, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := NewReader(w.lake, w.catalog, w.reader.dir, w.reader.newID); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Fatal("still there")
	}
}

func TestCancelledScanLeavesNothing(t *testing.T) {
	w := newWorld(t)
	w.table("t", lazySimple, columns("n", "int"), nil, nil, "field.delim", ",")
	for i := range 50 {
		w.put(fmt.Sprintf("t/%d", i), "1\n")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.reader.Relation(ctx, w.sess, "db", "t", Options{}); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}
