package sqljob

import (
	"fmt"
	"strings"
	"testing"

	"tarn/api/glue"
)

// A job reads the partitions that its query asks for, as the real catalog
// understands it, and the answer is that of all of them.
func TestReadsOnlyPartitionsAskedFor(t *testing.T) {
	w := newWorld(t)
	sd := func(location string) *glue.StorageDescriptor {
		return &glue.StorageDescriptor{Columns: []*glue.Column{{Name: new("id"), Type: new("int")}}, Location: new(location),
			SerdeInfo: &glue.SerDeInfo{SerializationLibrary: new("org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"), Parameters: map[string]string{"field.delim": ","}}}
	}
	keys := []*glue.Column{{Name: new("day"), Type: new("date")}, {Name: new("place"), Type: new("string")}, {Name: new("n"), Type: new("int")}}
	if _, err := w.catalog.CreateTable(w.ctx, &glue.CreateTableInput{DatabaseName: new("flights_raw"), TableInput: &glue.TableInput{Name: new("p"), PartitionKeys: keys, StorageDescriptor: sd("s3://lake/p/")}}); err != nil {
		t.Fatal(err)
	}
	var in []*glue.PartitionInput
	for i := range 20 {
		place := "k" + fmt.Sprint(i%3)
		if i == 19 {
			place = "__HIVE_DEFAULT_PARTITION__"
		}
		location := fmt.Sprintf("s3://lake/p/%d/", i)
		in = append(in, &glue.PartitionInput{Values: []string{fmt.Sprintf("2013-01-%02d", 1+i/2), place, fmt.Sprint(i)}, StorageDescriptor: sd(location)})
		w.put(fmt.Sprintf("p/%d/f.csv", i), strings.NewReader(fmt.Sprintf("%d\n", i)))
	}
	if _, err := w.catalog.BatchCreatePartition(w.ctx, &glue.BatchCreatePartitionInput{DatabaseName: new("flights_raw"), TableName: new("p"), PartitionInputList: in}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		where string
		rows  int64
		files int
	}{
		{"day = '2013-01-03'", 2, 2},
		{"day BETWEEN '2013-01-03' AND '2013-01-04' AND place = 'k1'", 2, 2},
		{"n IN (3, 4) OR n > 17", 4, 4},
		{"n > 17 AND place IS NULL", 1, 1},
		{"id = 3", 1, 20},
		{"place >= 'k1' AND n < 6", 4, 4},
	} {
		var log strings.Builder
		r, err := w.runner.RunSpec(w.ctx, w.spec("SELECT * FROM raw.p WHERE "+c.where), map[string]string{}, &log)
		if err != nil {
			t.Fatalf("%s: %v", c.where, err)
		}
		if want := fmt.Sprintf("reads raw.p: %d files", c.files); r.Rows != c.rows || !strings.Contains(log.String(), want) {
			t.Errorf("%s: %d rows, not %d; want %q in %s", c.where, r.Rows, c.rows, want, &log)
		}
	}
}
