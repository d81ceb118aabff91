package warehouse

import (
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// unloadedFiles are the objects under a prefix of bucket b, with their text.
func unloadedFiles(t *testing.T, w *world, prefix string) map[string]string {
	t.Helper()
	out := map[string]string{}
	root := filepath.Join(w.dir, "objects", "b")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		key, err := filepath.Rel(root, path)
		if err != nil || !strings.HasPrefix(key, prefix) {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		var in io.Reader = f
		if strings.HasSuffix(key, ".gz") {
			if in, err = gzip.NewReader(f); err != nil {
				return err
			}
		}
		b, err := io.ReadAll(in)
		out[key] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestUnload(t *testing.T) {
	w := lakeWorld(t, map[string]string{"there/x": "1"})
	c := w.login("awsuser")
	c.do("create table t (id int, name varchar(20), c char(4), price decimal(6,2), day date, ok bool, s super)",
		`insert into t values (1, 'a "b", c', 'x', 1.5, '2024-01-02', true, json_parse('{"k":[1]}')), (2, null, null, null, null, false, null), (3, 'p|q', 'y', 0, '2024-01-02', null, null)`)
	role := " iam_role default "
	for _, step := range []struct{ unload, prefix, key, want string }{
		{"unload ('select id, name, c, price, ok from t order by id') to 's3://b/txt/out_'" + role, "txt/", "txt/out_0000_part_00", "1|a \"b\", c|x|1.50|t\n2||||f\n3|p|q|y|0.00|\n"},
		{"unload ('select id, name from t order by id') to 's3://b/esc/'" + role + "escape addquotes null as 'NIL' parallel off", "esc/", "esc/000", "\"1\"|\"a \\\"b\\\", c\"\n\"2\"|NIL\n\"3\"|\"p\\|q\"\n"},
		{"unload ('select id, name, day from t order by id') to 's3://b/csv/'" + role + "format as csv header gzip", "csv/", "csv/0000_part_00.gz", "id,name,day\n1,\"a \"\"b\"\", c\",2024-01-02\n2,,\n3,p|q,2024-01-02\n"},
		{"unload ($$select id, name, price, ok, s from t where id < 3 order by id$$) to 's3://b/json/'" + role + "json", "json/", "json/0000_part_00",
			`{"id":1,"name":"a \"b\", c","price":1.50,"ok":"t","s":{"k":[1]}}` + "\n" + `{"id":2,"name":null,"price":null,"ok":"f","s":null}` + "\n"},
		{"unload ('select id from t where name = ''none''') to 's3://b/empty/'" + role + "csv extension 'csv'", "empty/", "empty/0000_part_00.csv", ""},
		{"unload ('select id, name, day from t order by id') to 's3://b/part'" + role + "csv partition by (day)", "part/", "part/day=2024-01-02/0000_part_00", "1,\"a \"\"b\"\", c\"\n3,p|q\n"},
	} {
		c.want(step.unload, "UNLOAD")
		got := unloadedFiles(t, w, step.prefix)
		if text, ok := got[step.key]; !ok || text != step.want {
			t.Errorf("%s\n got %q\nwant %q", step.unload, got, step.want)
		}
	}
	if _, ok := unloadedFiles(t, w, "part/")["part/day=__HIVE_DEFAULT_PARTITION__/0000_part_00"]; !ok {
		t.Error("the rows without a day are not there")
	}
	c.want("select pg_last_unload_count()", "3\nSELECT")

	// What was unloaded can be loaded.
	c.do("create table u (like t)")
	c.want("unload ('select * from t') to 's3://b/pq/'"+role+"format parquet manifest verbose", "UNLOAD")
	files := unloadedFiles(t, w, "pq/")
	if m := files["pq/manifest"]; !strings.Contains(m, `"url": "s3://b/pq/0000_part_00.parquet"`) || !strings.Contains(m, `"record_count": 3`) || !strings.Contains(m, `"precision": 6`) {
		t.Errorf("manifest %s", m)
	}
	c.want("copy u from 's3://b/pq/manifest'"+role+"format parquet manifest", "COPY")
	c.want("select count(*) from (select id, name, c, price, day, ok from t minus select id, name, c, price, day, ok from u)", "0\nSELECT")
	c.want("unload ('select * from t') to 's3://b/pp/'"+role+"parquet partition by (ok, day) include", "UNLOAD")
	var keys []string
	for k := range unloadedFiles(t, w, "pp/") {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	if len(keys) != 3 || !strings.HasPrefix(keys[0], "pp/ok=") || !strings.HasSuffix(keys[0], "/0000_part_00.parquet") {
		t.Errorf("files %q", keys)
	}

	c.fails("unload ('select 1') to 's3://b/there/'"+role, "XX000", "Specified unload destination on S3 is not empty")
	c.want("unload ('select 1 as x') to 's3://b/there/'"+role+"allowoverwrite", "UNLOAD")
	c.want("unload ('select 1 as x') to 's3://b/there/'"+role+"cleanpath parallel off", "UNLOAD")
	if got := unloadedFiles(t, w, "there/"); len(got) != 1 || got["there/000"] != "1\n" {
		t.Errorf("after CLEANPATH: %q", got)
	}
	c.fails("unload ('select id from t limit 1') to 's3://b/l/'"+role, "0A000", "Limit clause is not supported")
	c.fails("unload ('select id / 0 from t') to 's3://b/z/'"+role, "22012", "ivi")
	c.fails("unload ('select id from t') to 's3://b/z/'"+role+"csv partition by (id)", "0A000", "partition columns")
	c.fails("unload ('select id from nothere') to 's3://b/z/'"+role, "42P01", "does not exist")
	c.fails("unload ('select id from t') to 's3://b/z/'"+role+"bzip2", "0A000", "BZIP2")
	if got := unloadedFiles(t, w, "z/"); len(got) != 0 {
		t.Errorf("failed ones left %q", got)
	}
	c.do("create user ann password 'Secret123'")
	w.login("ann").fails("unload ('select id from t') to 's3://b/ann/'"+role, "42501", "permission denied for relation t")
	if left, err := filepath.Glob(filepath.Join(w.dir, "objects", "unload*")); err != nil || len(left) > 0 {
		t.Errorf("left over: %v %v", left, err)
	}
}
