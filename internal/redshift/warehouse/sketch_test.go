package warehouse

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"tarn/api/glue"
	"tarn/internal/table"
)

// partitioned is a catalog of one partitioned table, that answers all partitions whatever is asked.
type partitioned struct {
	*glueFake
	asked []string
	parts []*glue.Partition
}

func (p *partitioned) GetPartitions(_ context.Context, in *glue.GetPartitionsInput) (*glue.GetPartitionsOutput, error) {
	expression := ""
	if in.Expression != nil {
		expression = *in.Expression
	}
	p.asked = append(p.asked, expression)
	return &glue.GetPartitionsOutput{Partitions: p.parts}, nil
}

// A query reads the partitions that it filters for: the others' files are not even opened, which
// shows since they can't be read.
func TestExternalPartitionsPrune(t *testing.T) {
	dir := t.TempDir()
	lake := folder{filepath.Join(dir, "objects")}
	column := func(name, typ string) *glue.Column { return &glue.Column{Name: &name, Type: &typ} }
	sd := func(location string) *glue.StorageDescriptor {
		return &glue.StorageDescriptor{Location: new(location), Columns: []*glue.Column{column("id", "int"), column("name", "string")},
			SerdeInfo: &glue.SerDeInfo{SerializationLibrary: new("org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"), Parameters: map[string]string{"field.delim": ","}}}
	}
	g := &partitioned{glueFake: &glueFake{tables: map[string]*glue.Table{"t": {
		Name: new("t"), DatabaseName: new("flights"), StorageDescriptor: sd("s3://b/t/"), PartitionKeys: []*glue.Column{column("day", "date"), column("place", "string"), column("n", "int")},
	}}}}
	for i := range 6 {
		path := filepath.Join(lake.dir, "b", "t", fmt.Sprint(i))
		if err := os.MkdirAll(path, 0o700); err != nil {
			t.Fatal(err)
		}
		data := fmt.Sprintf("%d,a\n%d,b\n", i, 10+i)
		if i > 2 {
			data = "\x1f\x8bno gzip"
		}
		if err := os.WriteFile(filepath.Join(path, "f.csv"), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		g.parts = append(g.parts, &glue.Partition{Values: []string{fmt.Sprintf("2013-01-%02d", i+1), fmt.Sprint("k", i), fmt.Sprint(i)}, StorageDescriptor: sd("s3://b/t/" + fmt.Sprint(i))})
	}
	n := 0
	reader, err := table.NewReader(lake, g, filepath.Join(dir, "scan"), func() string { n++; return fmt.Sprint("s", n) })
	if err != nil {
		t.Fatal(err)
	}
	g.Reader = reader
	w := openWorld(t, dir, Options{Files: files{lake, reader}, Principals: anyone{}, Lake: g})
	c := w.login("awsuser")
	c.want("create external schema lake from data catalog database 'flights' iam_role default", "CREATE SCHEMA")
	for query, want := range map[string]string{
		"select count(*) from lake.t where day < '2013-01-03'":                                                           "4",
		"select sum(id) from lake.t where place = 'k1'":                                                                  "12",
		"select sum(id) from lake.t where n in (0, 2) and name = 'a'":                                                    "2",
		"select count(*) from lake.t a join lake.t b using (n) where a.n = 1":                                            "4",
		"with x as (select * from lake.t) select count(*) from x where n between 1 and 2":                                "4",
		"select count(*) from lake.t where place like 'k0%' or n = 2":                                                    "4",
		"select (select max(id) from lake.t where n = 1) + (select max(id) from lake.t where n = 2)":                     "23",
		"select count(*) from lake.t where day = '2013-01-01'::date and extract(year from day) = 2013 and n is not null": "2",
	} {
		c.want(query, want+"\nSELECT")
	}
	c.want("create table kept as select * from lake.t where n < 2", "SELECT")
	c.want("insert into kept select * from lake.t where n = 2", "INSERT 0 2")
	c.want("create view v as select * from lake.t with no schema binding", "CREATE VIEW")
	c.want("select count(*) from v where n = 1", "2\nSELECT")
	c.do("begin")
	c.want("select count(*) from lake.t where n = 1", "2\nSELECT")
	c.do("commit")
	c.fails("select count(*) from lake.t", "XX000", "the gzip file is damaged")
	c.fails("select (select count(*) from lake.t), (select count(*) from lake.t where n = 1)", "XX000", "the gzip file is damaged")
	all := 0
	for _, e := range g.asked[:len(g.asked)-3] {
		if e == "" {
			all++
		}
	}
	if all > 1 { // LIKE is not the catalog's
		t.Errorf("all partitions were asked for %d times", all)
	}
	left, err := os.ReadDir(filepath.Join(dir, "scan"))
	if err != nil || len(left) != 0 {
		t.Errorf("%d scans were left behind, %v", len(left), err)
	}
}
