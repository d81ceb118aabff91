package warehouse

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tarn/internal/table"
)

// folder is a lake of one folder a bucket.
type folder struct{ dir string }

func (f folder) List(_ context.Context, bucket, prefix string) iter.Seq2[table.Object, error] {
	return func(yield func(table.Object, error) bool) {
		var keys []string
		root := filepath.Join(f.dir, bucket)
		err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				key, _ := filepath.Rel(root, path)
				keys = append(keys, key)
			}
			return err
		})
		if err != nil {
			yield(table.Object{}, fmt.Errorf("NoSuchBucket: The specified bucket does not exist"))
			return
		}
		slices.Sort(keys)
		for _, key := range keys {
			if strings.HasPrefix(key, prefix) {
				info, err := os.Stat(filepath.Join(root, key))
				if err != nil || !yield(table.Object{Key: key, Size: info.Size()}, nil) {
					return
				}
			}
		}
	}
}

func (f folder) Open(_ context.Context, bucket, key string) (table.Pinned, error) {
	path := filepath.Join(f.dir, bucket, key)
	info, err := os.Stat(path)
	if err != nil {
		return table.Pinned{}, errors.New("NoSuchKey: The specified key does not exist.")
	}
	return table.Pinned{Path: path, Size: info.Size()}, nil
}

func (f folder) Put(_ context.Context, bucket, key, file string) (string, error) {
	to := filepath.Join(f.dir, bucket, key)
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return "", err
	}
	return "", os.Rename(file, to)
}

func (f folder) Delete(_ context.Context, bucket string, keys ...string) error {
	for _, key := range keys {
		if err := os.Remove(filepath.Join(f.dir, bucket, key)); err != nil {
			return err
		}
	}
	return nil
}

func (f folder) TempDir() string { return f.dir }

// files adds links to a folder.
type files struct {
	folder
	reader *table.Reader
}

func (f files) Link(ctx context.Context, list []table.File, o table.LinkOptions) (*table.Scan, error) {
	return f.reader.Link(ctx, list, o)
}

// anyone reaches the lake without asking for whom.
type anyone struct{}

func (anyone) Role(ctx context.Context, arn string) (context.Context, error) {
	if arn == "arn:aws:iam::1:role/none" {
		return nil, errors.New("no such role")
	}
	return ctx, nil
}
func (anyone) Keys(ctx context.Context, id, _, _ string) (context.Context, error) { return ctx, nil }

// lakeWorld is a warehouse with a lake whose bucket b has the given objects.
func lakeWorld(t testing.TB, objects map[string]string) *world {
	t.Helper()
	dir := t.TempDir()
	lake := folder{filepath.Join(dir, "objects")}
	for key, body := range objects {
		path := filepath.Join(lake.dir, "b", key)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	reader, err := table.NewReader(lake, nil, filepath.Join(dir, "scan"), func() string { n++; return fmt.Sprint("s", n) })
	if err != nil {
		t.Fatal(err)
	}
	return openWorld(t, dir, Options{Files: files{lake, reader}, Principals: anyone{}})
}

func zipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(s))
	w.Close()
	return b.String()
}

func TestCopy(t *testing.T) {
	w := lakeWorld(t, map[string]string{
		"csv/a.csv":    "a,b,c,d\n1,\"x, \"\"y\"\"\",1.239,2024-01-02\n2,\"two\nlines\",,\n",
		"csv/b.csv":    "a,b,c,d\n3,plain,-2,2024-12-31\r\n",
		"pipe/a":       "1|x|NULL|2024-01-02\n2|a\\|b|3|\n",
		"gz/a.gz":      zipped("7,seven,7.5,2013-07-07\n"),
		"bad/a.csv":    "1,x,1,2024-01-01\nnope,x,1,2024-01-01\n3,much too long a text,1,2024-01-01\n4,x,1,01/02/2024\n5,ok,1,2024-01-05\n",
		"broken/a.gz":  zipped("1,x,1,2024-01-01\n")[:20],
		"manifest":     `{"entries":[{"url":"s3://b/csv/b.csv","mandatory":true},{"url":"s3://b/csv/none.csv","mandatory":false}]}`,
		"latin/a.csv":  "1,caf\xe9,1,2024-01-01\n",
		"short/a.csv":  "1,x\n",
		"quote/a.csv":  "1,\"x,1,2024-01-01\n",
		"dates/a.csv":  "1,x,1,31.12.2024\n",
		"fill/a.csv":   "1\n",
		"null/a.csv":   "1,NA,NA,NA\n",
		"defaults/a":   "9,1,2024-01-01\n3,1,2024-01-01\n",
		"spaces/a.csv": " 1 ,x,1,2024-01-01\n",
	})
	c := w.login("awsuser")
	c.do("create table t (a int not null, b varchar(12), c decimal(6,2), d date) sortkey(a)")
	role := " iam_role default "
	for _, step := range []struct{ copy, want string }{
		{"copy t from 's3://b/csv/'" + role + "csv ignoreheader 1", "1|x, \"y\"|1.23|2024-01-02 00:00:00\n2|two\nlines|NULL|NULL\n3|plain|-2.00|2024-12-31 00:00:00"},
		{"copy t from 's3://b/pipe/'" + role + "escape null as 'NULL'", "1|x|NULL|2024-01-02 00:00:00\n2|a|b|3.00|NULL"},
		{"copy t from 's3://b/gz/'" + role + "format as csv gzip", "7|seven|7.50|2013-07-07 00:00:00"},
		{"copy t from 's3://b/manifest'" + role + "csv manifest ignoreheader 1", "3|plain|-2.00|2024-12-31 00:00:00"},
		{"copy t from 's3://b/bad/'" + role + "csv maxerror 10", "1|x|1.00|2024-01-01 00:00:00\n5|ok|1.00|2024-01-05 00:00:00"},
		{"copy t from 's3://b/bad/'" + role + "csv maxerror 10 truncatecolumns dateformat 'auto'", "1|x|1.00|2024-01-01 00:00:00\n3|much too lon|1.00|2024-01-01 00:00:00\n4|x|1.00|2024-01-02 00:00:00\n5|ok|1.00|2024-01-05 00:00:00"},
		{"copy t from 's3://b/latin/'" + role + "csv acceptinvchars '^'", "1|caf^|1.00|2024-01-01 00:00:00"},
		{"copy t (a, b) from 's3://b/short/' access_key_id 'k' secret_access_key 's' csv", "1|x|NULL|NULL"},
		{"copy t from 's3://b/dates/'" + role + "csv dateformat 'DD.MM.YYYY'", "1|x|1.00|2024-12-31 00:00:00"},
		{"copy t from 's3://b/fill/'" + role + "csv fillrecord emptyasnull", "1|NULL|NULL|NULL"},
		{"copy t from 's3://b/null/'" + role + "csv null as 'NA'", "1|NULL|NULL|NULL"},
		{"copy t from 's3://b/spaces/'" + role + "csv", "1|x|1.00|2024-01-01 00:00:00"},
	} {
		c.do("truncate t")
		c.want(step.copy, "COPY")
		c.want("select a, b, c, d from t order by a", step.want+"\nSELECT")
	}
	for _, step := range []struct{ copy, message, detail string }{
		{"copy t from 's3://b/bad/'" + role + "csv", "Load into table 't' failed.  Check 'stl_load_errors'",
			"Invalid digit, Value 'n', Pos 0, Type: Integer (error 1207) in s3://b/bad/a.csv, line 2, column a integer, value 'nope'"},
		{"copy t from 's3://b/latin/'" + role + "csv", "Load into table 't' failed", "error 1220"},
		{"copy t from 's3://b/short/'" + role + "csv", "Load into table 't' failed", "Delimiter not found (error 1203) in s3://b/short/a.csv, line 1, column c"},
		{"copy t from 's3://b/quote/'" + role + "csv", "Load into table 't' failed", "Missing closing quote"},
		{"copy t from 's3://b/csv/'" + role + "csv", "Load into table 't' failed", "value 'a'"},
		{"copy t from 's3://b/broken/'" + role + "csv gzip", "unexpected EOF", "s3://b/broken/a.gz"},
		{"copy t from 's3://b/csv/'" + role + "csv gzip", "not a gzip file", "s3://b/csv/a.csv"},
		{"copy t from 's3://b/none'" + role + "csv", "The specified S3 prefix 'none' does not exist", ""},
		{"copy t from 's3://nobucket/x'" + role + "csv", "NoSuchBucket", ""},
	} {
		c.do("truncate t")
		if e := c.fails(step.copy, "XX000", step.message); !strings.Contains(e.Detail, step.detail) {
			t.Errorf("%s: detail %q, want %q", step.copy, e.Detail, step.detail)
		}
		c.want("select count(*) from t", "0\nSELECT")
	}
	c.want("select trim(filename), line_number, trim(colname), trim(type), trim(col_length), trim(raw_field_value), err_code, trim(err_reason) from stl_load_errors where err_code = 1204 limit 1",
		"s3://b/bad/a.csv|3|b|varchar|12|much too long a text|1204|String length exceeds DDL length\nSELECT")
	c.fails("copy t from 's3://b/csv/' iam_role 'arn:aws:iam::1:role/none' csv", "XX000", "no such role")
	c.fails("copy t from 's3://b/csv/' iam_role default avro 'auto'", "0A000", "AVRO")
	c.fails("copy u from 's3://b/csv/' iam_role default csv", "42P01", `relation "u" does not exist`)

	// A failed load in a block ends it, and its reason stays.
	c.do("begin")
	c.fails("copy t from 's3://b/bad/' iam_role default csv", "XX000", "failed")
	c.fails("select 1", "25P02", "current transaction is aborted")
	c.want("rollback", "ROLLBACK")

	// Defaults, identities and the order of the sort key come with COPY too.
	c.do("create table i (id int identity(1,1), a int, b varchar(5) default 'dflt', c decimal(6,2), d date) sortkey(a)")
	c.want("copy i (a, c, d) from 's3://b/defaults/' iam_role default csv", "COPY")
	c.want("select id, a, b from i order by id", "1|3|dflt\n2|9|dflt\nSELECT")
	c.want("select pg_last_copy_count()", "2\nSELECT")
}

func TestCopyParquet(t *testing.T) {
	w := lakeWorld(t, nil)
	dir := filepath.Join(w.dir, "objects", "b", "p")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	c := w.login("awsuser")
	path := filepath.Join(dir, "a.parquet")
	if _, err := c.engine.Exec(t.Context(), "COPY (SELECT 1 AS a, 'x' AS b, 1.5::DECIMAL(6,2) AS c, DATE '2024-01-01' AS d UNION ALL SELECT 2, 'a long text', NULL, NULL) TO '"+path+"'"); err != nil {
		t.Fatal(err)
	}
	c.do("create table t (a bigint, b varchar(20), c decimal(6,2), d date)", "create table narrow (a bigint, b varchar(3), c decimal(6,2), d date)",
		"create table other (a date, b varchar(20), c decimal(6,2), d date)", "create table few (a bigint)")
	c.want("copy t from 's3://b/p/' iam_role default format as parquet", "COPY")
	c.want("select * from t order by a", "1|x|1.50|2024-01-01 00:00:00\n2|a long text|NULL|NULL\nSELECT")
	c.fails("copy narrow from 's3://b/p/' iam_role default parquet", "22001", "value too long")
	c.fails("copy other from 's3://b/p/' iam_role default parquet", "XX000", "incompatible Parquet schema for column 'other.a'")
	c.fails("copy few from 's3://b/p/' iam_role default parquet", "XX000", "the file has 4 columns, the table 1")
	c.fails("copy t from 's3://b/p/' iam_role default parquet maxerror 3", "0A000", "MAXERROR")
	if err := os.WriteFile(path, []byte("PAR1 not really"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.fails("copy t from 's3://b/p/' iam_role default parquet", "XX000", "Spectrum Scan Error")
}

// FuzzTextReader cuts any bytes into records and ends.
func FuzzTextReader(f *testing.F) {
	f.Add([]byte("a,\"b\"\"c\"\n\"x\ny\",z\r\n"), true, false)
	f.Add([]byte("a|b\\|c\\\nd|'q'\n"), false, true)
	f.Fuzz(func(t *testing.T, b []byte, csv, escape bool) {
		format := textFormat{csv: csv, escape: escape, removeQuotes: escape, delimiter: "|", quote: '"'}
		if csv {
			format.delimiter = ","
		}
		r, err := newTextReader(bytes.NewReader(b), format)
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; ; n++ {
			_, err := r.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if _, ok := errors.AsType[*rowError](err); err != nil && !ok {
				t.Fatal(err)
			}
			if n > len(b)+1 {
				t.Fatal("more records than bytes")
			}
		}
	})
}
