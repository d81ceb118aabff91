package table

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/iceberg-go"
	icetable "github.com/apache/iceberg-go/table"
)

// pruned plans a query over sketches, reads it over what that leaves, and
// wants the same rows as over the whole tables. TABLE, OTHER are the tables.
func (w *world) pruned(query string, names ...string) (files int) {
	w.Helper()
	with := func(sqls []string) string {
		q := query
		for i, s := range sqls {
			q = strings.ReplaceAll(q, []string{"TABLE", "OTHER"}[i], s)
		}
		return q
	}
	var sketches []*Sketch
	var sketched, whole, least []string
	for i, name := range names {
		t, err := w.reader.Table(w.Context(), "db", name)
		if err != nil {
			w.Fatal(err)
		}
		k, err := w.reader.Sketch(w.Context(), t, i)
		if err != nil {
			w.Fatal(err)
		}
		defer k.Close()
		sketches, sketched = append(sketches, k), append(sketched, k.SQL)
		rel, err := w.reader.RelationOf(w.Context(), w.sess, t, Options{})
		if err != nil {
			w.Fatal(err)
		}
		defer rel.Close()
		whole = append(whole, rel.SQL)
	}
	if err := Learn(w.Context(), w.sess, with(sketched), nil, sketches...); err != nil {
		w.Fatal(err)
	}
	for i, name := range names {
		rel, err := w.reader.Relation(w.Context(), w.sess, "db", name, Options{Filter: sketches[i].Filter()})
		if err != nil {
			w.Fatal(err)
		}
		defer rel.Close()
		files += rel.Files
		least = append(least, rel.SQL)
	}
	want, err := w.read(with(whole))
	if err != nil {
		w.Fatal(err)
	}
	got, err := w.read(with(least))
	w.want(got, err, want)
	return files
}

func TestPruneByPartitionKeys(t *testing.T) {
	w := newWorld(t)
	tab := w.table("t", lazySimple, columns("id", "int", "tags", "string"), columns("day", "date", "place", "string", "n", "int"), nil, "field.delim", ",")
	for i := range 20 {
		i = (i + 7) % 20 // the order of the partitions is not that of their values
		day, place := fmt.Sprintf("2013-01-%02d", 1+i/2), []string{"JFK", "a'b"}[i%2]
		if i == 19 {
			place = hiveNull
		}
		w.partition(tab, fmt.Sprintf("s3://lake/t/%d", i), day, place, fmt.Sprint(i))
		w.put(fmt.Sprintf("t/%d/f.csv", i), fmt.Sprintf("%d,x\n%d,y\n", i, i+100))
	}
	w.catalog.understands = func(string) bool { return false } // the engine chooses, too
	for _, c := range []struct {
		where string
		files int
	}{
		{"day = '2013-01-03'", 2},
		{"day = DATE '2013-01-03' AND place = 'JFK'", 1},
		{"day BETWEEN '2013-01-03' AND '2013-01-04' AND id < 100", 4},
		{"n IN (3, 4) OR n > 17", 4},
		{"n = 3 OR id = 4", 20},
		{"place IS NULL", 1},
		{"place IS NOT NULL AND NOT n > 1", 2},
		{"place = 'a''b' AND n < 4", 2},
		{"place LIKE 'J%' AND n <> 2 AND n <= 4", 2},
		{"upper(place) = 'JFK' AND year(day) = 2013 AND n + 1 < 3", 1},
		{"upper(place) || 'x' = 'JFKx'", 20}, // not judged
		{"upper(place) = 'JFK'", 10},
		{"n = 99", 0},
		{"day = current_date", 20},
		{"tags = 'x'", 20},
	} {
		if got := w.pruned("SELECT count(*), sum(id)::INT FROM TABLE WHERE "+c.where, "t"); got != c.files {
			t.Errorf("%s: %d files, not %d", c.where, got, c.files)
		}
	}
	for query, files := range map[string]int{
		"SELECT count(*) FROM (SELECT n * 1 AS m, place AS p FROM TABLE) WHERE p = 'JFK'":                                  10,
		"SELECT (SELECT count(*) FROM TABLE), (SELECT count(*) FROM TABLE WHERE n = 3)":                                    20,
		"SELECT (SELECT max(id) FROM TABLE WHERE n = 5), (SELECT count(*) FROM TABLE WHERE n = 3)":                         2,
		"WITH c AS (SELECT *, row_number() OVER (PARTITION BY n ORDER BY id) AS r FROM TABLE) SELECT * FROM c WHERE n = 7": 1,
		"SELECT count(*) FROM TABLE GROUP BY n HAVING n = 2":                                                               1,
	} {
		if got := w.pruned(query, "t"); got != files {
			t.Errorf("%s: %d files, not %d", query, got, files)
		}
	}
	other := w.table("o", lazySimple, columns("id", "int"), columns("n", "int"), nil)
	for i := range 10 {
		w.partition(other, fmt.Sprintf("s3://lake/o/%d", i), fmt.Sprint(i))
		w.put(fmt.Sprintf("o/%d/f.csv", i), fmt.Sprintf("%d\n", i))
	}
	if got := w.pruned("SELECT count(*) FROM TABLE a JOIN OTHER b USING (n) WHERE a.n = 3", "t", "o"); got != 2 {
		t.Errorf("a join: %d files", got)
	}
}

// What the catalog is asked for is its own grammar.
func TestPruneAsksTheCatalog(t *testing.T) {
	w := newWorld(t)
	tab := w.table("t", lazySimple, columns("id", "int"), columns("day", "date", "place", "string", "n", "int"), nil, "field.delim", ",")
	w.partition(tab, "s3://lake/t/1", "2013-01-01", "JFK", "1")
	for where, want := range map[string]string{
		"day = '2013-01-03'": "(day = '2013-01-03')",
		"day >= '2013-01-03' AND place IN ('a', 'b') AND n > 3": "(day >= '2013-01-03' AND n > 3 AND ((place = 'a') OR (place = 'b')))",
		"n BETWEEN 1 AND 5":                "(n >= 1 AND n <= 5)",
		"n = 1 OR n = 4":                   "(((n = 1) OR (n = 4)))",
		"n = 1 OR id = 4":                  "",
		"place = 'it''s'":                  "",
		"upper(place) = 'JFK' AND n < 300": "(n < 300)",
	} {
		k, err := w.reader.Sketch(t.Context(), tab, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := Learn(t.Context(), w.sess, "SELECT id FROM "+k.SQL+" WHERE "+where, nil, k); err != nil {
			t.Fatal(err)
		}
		if got := k.Filter().expression(); got != want {
			t.Errorf("%s: %s", where, got)
		}
		k.Close()
	}
}

func TestPruneIceberg(t *testing.T) {
	w := newWorld(t)
	w.land(Landing{Query: `SELECT range::INTEGER AS id, DATE '2013-01-01' + range::INTEGER AS day, 'o' || range % 2 AS origin,
		TIMESTAMP '2013-01-01' + to_hours(24 * range::INTEGER) AS stamp, TIMESTAMPTZ '2013-01-01 00:00:00+00' + to_hours(24 * range::INTEGER) AS tz, range * 1.5::DOUBLE AS x FROM range(365)`,
		Partition: []PartitionField{{"day", Month}}})
	for where, files := range map[string]int{
		"day = '2013-02-05'":                             1,
		"day >= '2013-11-15'":                            2,
		"day IN ('2013-01-01', '2013-03-01')":            2,
		"stamp >= '2013-11-15' AND origin = 'o1'":        2, // by the files' statistics
		"stamp = TIMESTAMP '2013-05-05 00:00:00.000001'": 1,
		"tz < TIMESTAMPTZ '2013-02-01 00:00:00+00'":      2, // a bound of milliseconds is cautious
		"id = 40":             1,
		"id < 40 OR id > 360": 3,
		"origin LIKE 'p%'":    0,
		"origin IS NULL":      0,
		"x > 540":             12, // NaN
		"day = '2013-02-05' AND x > 3 AND length(origin) = 2 AND id <> 7": 1,
	} {
		if got := w.pruned("SELECT count(*), min(id), max(id) FROM TABLE WHERE "+where, "t"); got > files || got < files-1 {
			t.Errorf("%s: %d files, not %d", where, got, files)
		}
	}
}

// A widened column's statistics are of its former type: they decide nothing,
// those of other columns still do.
func TestPruneIcebergWidened(t *testing.T) {
	w := newWorld(t)
	w.land(Landing{Query: "SELECT range::INTEGER AS id, DATE '2013-01-01' + range::INTEGER AS day, range::FLOAT AS x FROM range(365)", Partition: []PartitionField{{"day", Month}}})
	tx := w.foreign().NewTransaction()
	change := tx.UpdateSchema(true, false)
	change.UpdateColumn([]string{"id"}, icetable.ColumnUpdate{FieldType: iceberg.Optional[iceberg.Type]{Val: iceberg.PrimitiveTypes.Int64, Valid: true}})
	change.RenameColumn([]string{"day"}, "moved")
	if err := change.Commit(); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for where, files := range map[string]int{"id = 40": 12, "id = 40 AND moved < '2013-03-01'": 2, "moved = '2013-05-05'": 1} {
		if got := w.pruned("SELECT count(*), min(id), max(id) FROM TABLE WHERE "+where, "t"); got != files {
			t.Errorf("%s: %d files, not %d", where, got, files)
		}
	}
}
