package warehouse

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/table"
)

// glueFake is a catalog of one database.
type glueFake struct {
	*table.Reader
	tables map[string]*glue.Table
	made   []string
}

func (g *glueFake) GetDatabase(_ context.Context, in *glue.GetDatabaseInput) (*glue.GetDatabaseOutput, error) {
	if name := awsapi.Val(in.Name); name != "flights" {
		return nil, glue.EntityNotFoundException("Database %s not found.", name)
	}
	return &glue.GetDatabaseOutput{}, nil
}

func (g *glueFake) CreateDatabase(_ context.Context, in *glue.CreateDatabaseInput) (*glue.CreateDatabaseOutput, error) {
	g.made = append(g.made, *in.DatabaseInput.Name)
	return &glue.CreateDatabaseOutput{}, nil
}

func (g *glueFake) GetTable(_ context.Context, in *glue.GetTableInput) (*glue.GetTableOutput, error) {
	if t := g.tables[*in.Name]; t != nil {
		return &glue.GetTableOutput{Table: t}, nil
	}
	return nil, glue.EntityNotFoundException("Table %s not found.", *in.Name)
}

func (g *glueFake) GetTables(_ context.Context, in *glue.GetTablesInput) (*glue.GetTablesOutput, error) {
	out := &glue.GetTablesOutput{}
	if *in.DatabaseName != "flights" {
		return out, nil
	}
	for _, t := range g.tables {
		out.TableList = append(out.TableList, t)
	}
	return out, nil
}

func (g *glueFake) GetPartitions(context.Context, *glue.GetPartitionsInput) (*glue.GetPartitionsOutput, error) {
	return &glue.GetPartitionsOutput{}, nil
}

func (g *glueFake) CreateTable(context.Context, *glue.CreateTableInput) (*glue.CreateTableOutput, error) {
	return nil, fmt.Errorf("nothing is created here")
}

func (g *glueFake) UpdateTable(context.Context, *glue.UpdateTableInput) (*glue.UpdateTableOutput, error) {
	return nil, fmt.Errorf("nothing is changed here")
}

func TestExternalSchema(t *testing.T) {
	dir := t.TempDir()
	lake := folder{filepath.Join(dir, "objects")}
	path := filepath.Join(lake.dir, "b", "delays")
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path, "a.csv"), []byte("UA,3,2013-01-01\nAA,,2013-01-02\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	column := func(name, typ string) *glue.Column { return &glue.Column{Name: &name, Type: &typ} }
	g := &glueFake{tables: map[string]*glue.Table{"delays": {
		Name: new("delays"), DatabaseName: new("flights"), Parameters: map[string]string{"classification": "csv"},
		StorageDescriptor: &glue.StorageDescriptor{Location: new("s3://b/delays/"), InputFormat: new("org.apache.hadoop.mapred.TextInputFormat"),
			OutputFormat: new("org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"),
			SerdeInfo:    &glue.SerDeInfo{SerializationLibrary: new("org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"), Parameters: map[string]string{"field.delim": ","}},
			Columns:      []*glue.Column{column("carrier", "string"), column("delay", "int"), column("day", "date")}},
	}}}
	n := 0
	reader, err := table.NewReader(lake, g, filepath.Join(dir, "scan"), func() string { n++; return fmt.Sprint("s", n) })
	if err != nil {
		t.Fatal(err)
	}
	g.Reader = reader
	w := openWorld(t, dir, Options{Files: files{lake, reader}, Principals: anyone{}, Lake: g})
	c := w.login("awsuser")
	c.fails("create external schema x from data catalog database 'nowhere' iam_role default", "XX000", `external database "nowhere" does not exist`)
	c.want("create external schema x from data catalog database 'nowhere' iam_role default create external database if not exists", "CREATE SCHEMA")
	if fmt.Sprint(g.made) != "[nowhere]" {
		t.Errorf("made %v", g.made)
	}
	c.want("create external schema lake from data catalog database 'flights' iam_role default", "CREATE SCHEMA")
	c.want("select carrier, delay, day from lake.delays order by carrier", "AA|NULL|2013-01-02 00:00:00\nUA|3|2013-01-01 00:00:00\nSELECT")
	c.want("create table delays as select * from lake.delays where delay is not null", "SELECT")
	c.want("insert into delays select * from lake.delays", "INSERT 0 2")
	c.want("select schemaname, tablename, location from svv_external_tables where schemaname = 'lake'", "lake|delays|s3://b/delays/\nSELECT")
	c.want("select columnname, external_type, columnnum from svv_external_columns where schemaname = 'lake' order by 3", "carrier|string|1\ndelay|int|2\nday|date|3\nSELECT")
	c.want("select table_schema, table_type from svv_tables where table_name = 'delays' order by 1", "lake|EXTERNAL TABLE\npublic|BASE TABLE\nSELECT")
	c.want("create view v as select carrier from lake.delays with no schema binding", "CREATE VIEW")
	c.want("select count(*) from v", "2\nSELECT")
	c.want("select view_name, col_name, col_type from pg_get_late_binding_view_cols() cols(view_schema name, view_name name, col_name name, col_type varchar, col_num int)",
		"v|carrier|character varying(65535)\nSELECT")
	c.fails("create view bound as select carrier from lake.delays", "0A000", "WITH NO SCHEMA BINDING")
	c.fails("select * from lake.none", "42P01", "does not exist")
	c.fails("insert into lake.delays values ('x', 1, null)", "0A000", "external")
	c.do("create user ann password 'Secret123'")
	w.login("ann").fails("select * from lake.delays", "42501", "permission denied for schema lake")
	if err := os.WriteFile(filepath.Join(path, "a.csv"), []byte("AA,1,2013-01-01\nUA,late,2013-01-01\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	e := c.fails("select sum(delay) from lake.delays", "XX000", "Spectrum Scan Error")
	if !strings.Contains(e.Message, "a.csv, line 2") || !strings.Contains(e.Message, "late") {
		t.Errorf("message %q", e.Message)
	}
	left, err := os.ReadDir(filepath.Join(dir, "scan"))
	if err != nil || len(left) != 0 {
		t.Errorf("%d scans were left behind, %v", len(left), err)
	}
}
