package table

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// place is what an error must name.
type place struct {
	key           string
	line          int64
	column, value string
	about         string // in the message
}

func (w *world) wantPlace(err error, want place) {
	w.Helper()
	var e *Error
	if !errors.As(err, &e) {
		w.Fatalf("got %v", err)
	}
	if e.Key != want.key || e.Line != want.line || e.Column != want.column || e.Value != want.value || !strings.Contains(e.Message, want.about) {
		w.Errorf("got  %s line %d column %q value %q: %s\nwant %s line %d column %q value %q: %s", e.Key, e.Line, e.Column, e.Value, e.Message, want.key, want.line, want.column, want.value, want.about)
	}
	if strings.Contains(e.Error(), "/tmp/") || strings.Contains(e.Error(), "\n") {
		w.Errorf("it is not for people: %s", e)
	}
}

// One bad row among many files, good ones before and after it: the place must
// be exactly that, however the file is packed and wherever the row stands.
func TestPlaceOfCSVRow(t *testing.T) {
	const rows, files = 3000, 7
	faults := []struct {
		row   string
		place place
	}{
		{"2O13,name,1.5", place{column: "year", value: "2O13", about: `"2O13" is not an int`}},
		{"2013,name,abc", place{column: "score", value: "abc", about: `"abc" is not a decimal(9,2)`}},
		{"2013,name, ", place{column: "score", value: " ", about: `" " is not a decimal(9,2)`}},
		{`2013,"a ""b"" c","x ""y"" z"`, place{column: "score", value: `x "y" z`, about: `is not a decimal(9,2)`}},
		{"2013,name", place{about: "the row has 2 values, 3 are expected"}},
		{"2013,name,1.5,6", place{about: "the row has 4 values, 3 are expected"}},
		{"2013,n\xff\xfe,1.5", place{column: "name", value: "n\ufffd", about: "is not UTF-8"}},
		{`2013,"name"x,1.5`, place{about: "a value goes on after its closing quote"}},
		{"2013," + strings.Repeat("long ", 500_000) + ",1.5", place{about: "the row is longer than 2,000,000 bytes"}},
	}
	n := 0
	for _, pack := range []struct {
		suffix string
		pack   func(string) string
	}{{"", func(s string) string { return s }}, {".gz", gz}, {".zst", zst}} {
		for _, multi := range []bool{false, true} {
			for i, fault := range faults {
				at := []int{0, rows / 2, rows - 1}[n%3]
				bad := []int{0, 3, 6}[(n/3+i)%3]
				n++
				t.Run(fmt.Sprintf("csv%s/multi=%t/%s", pack.suffix, multi, fault.place.about), func(t *testing.T) {
					w := newWorld(t)
					w.table("t", lazySimple, columns("year", "int", "name", "string", "score", "decimal(9,2)"), nil, header, "field.delim", ",")
					want := fault.place
					want.key = fmt.Sprintf("t/f-%d.csv%s", bad, pack.suffix)
					for f := range files {
						var b strings.Builder
						b.WriteString("year,name,score\r\n")
						line := 1
						for r := range rows + f {
							switch {
							case f == bad && r == at:
								want.line = int64(line + 1)
								b.WriteString(fault.row + "\r\n")
								line++
							case multi && r%3 == 0:
								fmt.Fprintf(&b, "%d,\"two\r\nlines, of %d\",1.5\r\n", 2000+r%20, r)
								line += 2
							default:
								fmt.Fprintf(&b, "%d,name %d,1.5\r\n", 2000+r%20, r)
								line++
							}
						}
						w.put(fmt.Sprintf("t/f-%d.csv%s", f, pack.suffix), pack.pack(b.String()))
					}
					_, err := w.rows("t", "sum(year), max(name), sum(score)", "", Options{})
					w.wantPlace(err, want)
				})
			}
		}
	}
}

func TestPlaceOfCSVValue(t *testing.T) {
	for _, c := range []struct {
		name string
		cols []string
		bad  string
		want place
	}{
		{"on its own line", []string{"name", "string", "n", "int"}, "a,1\n\"two\nlines\",x\n", place{line: 3, column: "n", value: "x", about: "not an int"}},
		{"after blank lines", []string{"name", "string", "n", "int"}, "a,1\n\n\nb,x\n", place{line: 4, column: "n", value: "x", about: "not an int"}},
		{"old line ends", []string{"name", "string", "n", "int"}, "a,1\rb,2\rc,x\r", place{line: 3, column: "n", value: "x", about: "not an int"}},
		{"open quote", []string{"name", "string", "n", "int"}, "a,1\n\"b,2\nc,3\n", place{line: 2, about: "opened and never closed"}},
		{"too large", []string{"name", "string", "n", "int"}, "a,99999999999\n", place{line: 1, column: "n", value: "99999999999", about: "not an int"}},
		{"date", []string{"name", "string", "n", "date"}, "a,2013-02-30\n", place{line: 1, column: "n", value: "2013-02-30", about: "not a date"}},
		{"timestamp", []string{"name", "string", "n", "timestamp"}, "a,noon\n", place{line: 1, column: "n", value: "noon", about: "not a timestamp"}},
		{"boolean", []string{"name", "string", "n", "boolean"}, "a,perhaps\n", place{line: 1, column: "n", value: "perhaps", about: "not a boolean"}},
		{"binary", []string{"name", "string", "n", "binary"}, "a,aGk=\nb,?\n", place{line: 2, column: "n", value: "?", about: "not base64"}},
		{"the value in another column", []string{"name", "string", "n", "int"}, "x,1\nx,x\n", place{line: 2, column: "n", value: "x", about: "not an int"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.table("t", lazySimple, columns(c.cols...), nil, nil, "field.delim", ",")
			w.put("t/a.csv", "good,\n")
			w.put("t/b.csv", c.bad)
			w.put("t/c.csv", "good,\n")
			_, err := w.rows("t", "*", "", Options{})
			c.want.key = "t/b.csv"
			w.wantPlace(err, c.want)
		})
	}
}

// Files whose lines are laid out differently are read by a read_csv each.
func TestPlaceAmongShapes(t *testing.T) {
	w := newWorld(t)
	w.table("t", lazySimple, columns("id", "int", "name", "string", "extra", "int"), nil, header, "field.delim", ",")
	w.put("t/a", "id,name\n1,7x\n")
	w.put("t/b", "id,extra,name\n2,20,7x\n3,7x,y\n")
	w.put("t/c", "id,name,extra\n3,z,30\n")
	_, err := w.rows("t", "*", "", Options{})
	w.wantPlace(err, place{key: "t/b", line: 3, column: "extra", value: "7x", about: "not an int"})
	// A partition whose files hold text where the table says int.
	p := w.table("p", lazySimple, columns("id", "int", "n", "int"), columns("day", "string"), nil, "field.delim", ",")
	w.partition(p, "s3://lake/p/1", "1")
	w.partition(p, "s3://lake/p/2", "2")
	w.catalog.partitions["db.p"][1].StorageDescriptor.Columns = columns("id", "int", "n", "string")
	w.put("p/1/a", "1,5\n")
	w.put("p/2/a", "1,5\n2,oops\n")
	_, err = w.rows("p", "*", "", Options{})
	w.wantPlace(err, place{key: "p/2/a", line: 2, column: "n", value: "oops", about: "not an int"})
	// A cast of the query's own is its author's business.
	if _, err := w.rows("t", "name::INT", "WHERE id = 1", Options{}); err == nil || strings.Contains(err.Error(), "s3://") {
		t.Fatalf("got %v", err)
	}
}

func TestPlaceOfJSONValue(t *testing.T) {
	cols := columns("a", "string", "b", "int", "s", "struct<x:int>", "l", "array<int>", "d", "date", "o", "boolean", "m", "decimal(9,2)", "t", "timestamp", "k", "map<string,int>")
	good := strings.Repeat(`{"a":"q","b":1,"s":{"x":1},"l":[1]}`+"\n", 2500)
	for _, c := range []struct {
		bad  string
		want place
	}{
		{`{"a":"q","b":"q"}`, place{column: "b", value: "q", about: "not an int"}},
		{`{"b":99999999999}`, place{column: "b", value: "99999999999", about: "not an int"}},
		{`{"b":{"z":1}}`, place{column: "b", value: `{"z":1}`, about: "not an int"}},
		{`{"s":{"x":"w"}}`, place{column: "s.x", value: "w", about: "not an int"}},
		{`{"s":5}`, place{column: "s", value: "5", about: "not a struct<x:int>"}},
		{`{"l":[1,"v"]}`, place{column: "l[1]", value: "v", about: "not an int"}},
		{`{"k":{"u":1,"v":"w"}}`, place{column: "k.v", value: "w", about: "not an int"}},
		{`{"d":"2013-99-01"}`, place{column: "d", value: "2013-99-01", about: "not a date"}},
		{`{"t":"noon"}`, place{column: "t", value: "noon", about: "not a timestamp"}},
		{`{"o":"maybe"}`, place{column: "o", value: "maybe", about: "not a boolean"}},
		{`{"m":"1,5"}`, place{column: "m", value: "1,5", about: "not a decimal(9,2)"}},
		{`[1,2]`, place{value: "[1,2]", about: "is no row"}},
		{`{"a":"x","b":1`, place{about: "not valid JSON"}},
		{`{"a":"x" "b":1}`, place{about: "not valid JSON"}},
		{`plain words`, place{about: "not valid JSON"}},
		{"{\"a\":\"\xff\"}", place{about: "it is not UTF-8"}},
	} {
		t.Run(c.bad, func(t *testing.T) {
			for i, pack := range []func(string) string{func(s string) string { return s }, gz, zst} {
				w := newWorld(t)
				w.table("t", openxJSON, cols, nil, nil)
				before := strings.Repeat(good, i+1)
				w.put("t/a.json", good)
				w.put("t/b.json", pack(before+c.bad+"\n"+good))
				w.put("t/c.json", good)
				_, err := w.rows("t", "*", "", Options{})
				c.want.key, c.want.line = "t/b.json", int64(2500*(i+1)+1)
				w.wantPlace(err, c.want)
			}
		})
	}
}

func TestPlaceInJSONArray(t *testing.T) {
	for bad, want := range map[string]place{
		"[\n{\"a\":\"x\",\"b\":1},\n {\"a\":\"x\",\"b\":\"q\"}]": {line: 3, column: "b", value: "q", about: "not an int"},
		"[\n{\"a\":\"x\",\"b\":1},\n {\"a\":\"x\" \"b\":2}]":     {line: 3, about: "not valid JSON"},
		"[\n{\"a\":\"x\",\"b\":1},\n":                            {line: 2, about: "the array is not closed"},
		"[{\"a\":\"x\",\"b\":1}]\n{\"a\":\"x\"}\n[1]":            {line: 2, about: "not valid JSON"},
		"{\n\"a\":\"x\",\n\"b\":1}\n":                            {line: 1, about: "not valid JSON"},
	} {
		w := newWorld(t)
		w.table("t", openxJSON, columns("a", "string", "b", "int"), nil, nil)
		w.put("t/a.json", `{"a":"x","b":1}`)
		w.put("t/b.json", bad)
		_, err := w.rows("t", "*", "", Options{})
		want.key = "t/b.json"
		w.wantPlace(err, want)
	}
}

func TestPlaceOfParquetFault(t *testing.T) {
	w := newWorld(t)
	w.table("t", parquetLib, columns("id", "int", "name", "string"), nil, nil)
	const query = "SELECT range::INTEGER AS id, 'name ' || hash(range) AS name FROM range(100000)"
	for _, key := range []string{"t/a", "t/b", "t/c"} {
		w.parquet(key, query, ", COMPRESSION zstd")
	}
	whole := w.content("t/b")
	flip := func(from, to int) string {
		data := []byte(whole)
		for i := from; i < to; i++ {
			data[i] ^= 0x5a
		}
		return string(data)
	}
	n := len(whole)
	for _, c := range []struct {
		name, data string
		want       place
	}{
		{"half", whole[:n/2], place{about: "not a whole Parquet file"}},
		{"all but a byte", whole[:n-1], place{about: "not a whole Parquet file"}},
		{"three bytes", whole[:3], place{about: "not a whole Parquet file"}},
		{"footer", flip(n-300, n-8), place{about: "the Parquet file is damaged"}},
		{"first page", flip(4, 300), place{column: "id", about: "the Parquet file is damaged"}},
		{"a later page", flip(n/2, n/2+4096), place{column: "name", about: "the Parquet file is damaged"}},
	} {
		w.put("t/b", c.data)
		_, err := w.rows("t", "count(*), sum(id), max(name)", "", Options{})
		c.want.key = "t/b"
		w.wantPlace(err, c.want)
	}
	w.parquet("t/b", "SELECT CASE WHEN range = 4000 THEN 'abc' ELSE range::VARCHAR END AS id, 'x' AS name FROM range(5000)", "")
	_, err := w.rows("t", "count(*), sum(id), max(name)", "", Options{})
	w.wantPlace(err, place{key: "t/b", column: "id", value: "abc", about: `"abc" of row 4,001 is not an int`})
}

func TestPlaceInIcebergFile(t *testing.T) {
	w := newWorld(t)
	w.land(Landing{Query: "SELECT range::INTEGER AS id, 'name ' || hash(range) AS name, range % 3 AS p FROM range(60000)", Partition: []PartitionField{{"p", Identity}}})
	var key string
	for _, k := range w.lake.keys("lake") {
		if strings.Contains(k, "/p=1/") {
			key = k
		}
	}
	data := []byte(w.content(key))
	for i := len(data) / 2; i < len(data)/2+4096; i++ {
		data[i] ^= 0x5a
	}
	w.put(key, string(data))
	_, err := w.rows("t", "max(name)", "", Options{})
	w.wantPlace(err, place{key: key, column: "name", about: "the Parquet file is damaged"})
}

func FuzzCSVPlace(f *testing.F) {
	f.Add("a,\"b\nc\",1\n\"x\"\"y\",z", `"`, `"`)
	f.Add("a\\\"b", `"`, `\`)
	f.Fuzz(func(t *testing.T, text, quote, escape string) {
		l := &csvLayout{delimiter: ",", quote: quote, escape: escape, columns: []Column{{Name: "a"}, {Name: "b"}}}
		r := newCSVReader(strings.NewReader(text), l)
		last := int64(0)
		for r.next() == nil {
			if r.line <= last {
				t.Fatalf("line %d after %d", r.line, last)
			}
			last = r.line
			for _, field := range r.split() {
				r.text(field)
				r.lineOf(field)
			}
		}
	})
}
