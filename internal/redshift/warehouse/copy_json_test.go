package warehouse

import (
	"strings"
	"testing"
)

func TestCopyJSON(t *testing.T) {
	w := lakeWorld(t, map[string]string{
		"auto/a.json": `{"id":1,"name":"ann","price":1.50,"tags":["a", 1],"day":"2024-01-02","ok":true}` + "\n" +
			`{"name":"b\u00f6b\n\"x\"","id":"2","other":{"x":1},"price":null}` + "{\"id\":3,\n \"tags\":{\"k\": {}}}",
		"case/a.json":  `{"ID":1,"Name":"Ann"}`,
		"paths/a.json": `{"a":{"b":7,"c.d":["x","y"]}} [1]`,
		"paths.json":   `{"jsonpaths":["$.a.b","$['a']['c.d'][1]"]}`,
		"short.json":   `{"jsonpaths":["$.a.b"]}`,
		"array/a.json": `[1,"one"],[2,"two"]`,
		"array.json":   `{"jsonpaths":["$[0]","$[1]"]}`,
		"bad/a.json":   "{\"id\":1}\n{\"id\":x}\nnonsense\n{\"id\":\"y\"}\n[1]\n{\"id\":2}\n{\"id\":",
	})
	c := w.login("awsuser")
	c.do("create table t (id int, name varchar(10), price decimal(6,2), tags super, day date, ok bool)", "create table two (id int, name varchar(10))", "create table whole (x super)")
	role := " iam_role default json "
	c.want("copy t from 's3://b/auto/'"+role+"'auto'", "COPY")
	c.want("select id, name, price, json_serialize(tags), day, ok from t order by id",
		"1|ann|1.50|[\"a\",1]|2024-01-02 00:00:00|true\n2|böb\n\"x\"|NULL|NULL|NULL|NULL\n3|NULL|NULL|{\"k\":{}}|NULL|NULL\nSELECT")
	c.want("copy two from 's3://b/case/'"+role+"'auto'", "COPY")
	c.want("copy two from 's3://b/case/'"+role+"'auto ignorecase'", "COPY")
	c.want("copy two from 's3://b/paths/'"+role+"'s3://b/paths.json'", "COPY")
	c.want("copy two from 's3://b/array/'"+role+"'s3://b/array.json'", "COPY")
	c.want("select id, name from two order by id, name", "1|Ann\n1|one\n2|two\n7|y\nNULL|NULL\nNULL|NULL\nSELECT")
	c.want("copy whole from 's3://b/auto/'"+role+"'noshred'", "COPY")
	c.want("select x.id, x.tags[0] from whole order by x.id::int", "1|a\n2|NULL\n3|NULL\nSELECT")
	c.fails("copy two from 's3://b/paths/'"+role+"'s3://b/short.json'", "XX000", "Number of jsonpaths and the number of columns should match")
	c.fails("copy two from 's3://b/auto/'"+role+"'noshred'", "0A000", "noshred")
	c.fails("copy two from 's3://b/auto/'"+role+"'auto' delimiter ','", "0A000", "DELIMITER argument is not supported for JSON")
	c.do("delete from two")
	e := c.fails("copy two from 's3://b/bad/'"+role+"'auto'", "XX000", "Load into table 'two' failed")
	if !strings.Contains(e.Detail, `Invalid JSON (error 1216) in s3://b/bad/a.json, line 2, value '{"id":x}'`) {
		t.Errorf("detail %q", e.Detail)
	}
	c.want("copy two from 's3://b/bad/'"+role+"'auto' maxerror 10", "COPY")
	c.want("select id from two order by 1", "1\n2\nSELECT")
	c.want("select line_number, err_code, trim(colname) from stl_load_errors where query = pg_last_copy_id() order by 1",
		"2|1216|NULL\n3|1216|NULL\n4|1207|id\n5|1216|NULL\n7|1216|NULL\nSELECT")
}

func TestJSONPath(t *testing.T) {
	for p, want := range map[string]string{"$.a.b": "a b", `$['a']["b.c"][0]`: "a b.c [0]", "$": "", "$[2].x": "[2] x"} {
		if got, ok := jsonPath(p); !ok || strings.Join(got, " ") != want {
			t.Errorf("%s: %q %v", p, got, ok)
		}
	}
	for _, p := range []string{"a.b", "$a", "$.", "$..a", "$.*", "$[x]", "$[-1]", "$['a", "$.a["} {
		if got, ok := jsonPath(p); ok {
			t.Errorf("%s: %q", p, got)
		}
	}
}
