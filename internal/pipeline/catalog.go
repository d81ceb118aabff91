package pipeline

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"strings"

	"tarn/api/glue"
)

// The catalog's databases and tables carry the project in their parameters.
func withTags(params, tags map[string]string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, params)
	maps.Copy(out, tags)
	return out
}

func (pl *Planner) databaseResource(name, prefix string) *resource {
	want := &glue.DatabaseInput{Name: &name, LocationUri: new("s3://" + pl.Bucket() + "/" + prefix)}
	input := func(tags map[string]string) *glue.DatabaseInput {
		in := *want
		in.Parameters = tags
		return &in
	}
	return &resource{kind: "database", name: name, want: want,
		live: func(ctx context.Context, t *Target) (any, map[string]string, error) {
			out, err := glueCall[glue.GetDatabaseOutput](ctx, t, "GetDatabase", &glue.GetDatabaseInput{Name: &name})
			if absent, err := missing(err, "EntityNotFoundException"); absent || err != nil {
				return nil, nil, err
			}
			return out.Database, out.Database.Parameters, nil
		},
		create: func(ctx context.Context, t *Target, tags map[string]string) error {
			_, err := glueCall[glue.CreateDatabaseOutput](ctx, t, "CreateDatabase", &glue.CreateDatabaseInput{DatabaseInput: input(tags)})
			return err
		},
		update: func(ctx context.Context, t *Target, tags map[string]string) error {
			_, err := glueCall[glue.UpdateDatabaseOutput](ctx, t, "UpdateDatabase", &glue.UpdateDatabaseInput{Name: &name, DatabaseInput: input(tags)})
			return err
		},
	}
}

// format is a source's format: stated, else by its files' names.
func (s *Source) formatName() string {
	if s.Format != "" {
		return s.Format
	}
	name := s.From
	for _, z := range []string{".gz", ".zst", ".bz2"} {
		name = strings.TrimSuffix(name, z)
	}
	switch filepath.Ext(name) {
	case ".json", ".jsonl", ".ndjson":
		return "json"
	case ".parquet":
		return "parquet"
	}
	return "csv"
}

func (pl *Planner) sourceTable(s *Source) *resource {
	db := pl.Project.rawDatabase()
	sd := &glue.StorageDescriptor{Location: new("s3://" + pl.Bucket() + "/raw/" + s.Name + "/")}
	for _, c := range s.Columns {
		sd.Columns = append(sd.Columns, &glue.Column{Name: new(c.Name), Type: new(c.Type)})
	}
	params := map[string]string{"classification": s.formatName(), "typeOfData": "file"}
	switch s.formatName() {
	case "csv":
		sd.InputFormat = new("org.apache.hadoop.mapred.TextInputFormat")
		sd.OutputFormat = new("org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat")
		delim := or(s.CSV.Delimiter, ",")
		sd.SerdeInfo = &glue.SerDeInfo{SerializationLibrary: new("org.apache.hadoop.hive.serde2.OpenCSVSerde"),
			Parameters: map[string]string{"separatorChar": delim, "quoteChar": or(s.CSV.Quote, `"`), "escapeChar": `\`}}
		params["delimiter"] = delim
		if s.CSV.header() {
			params["skip.header.line.count"] = "1"
		}
	case "json", "jsonl":
		params["classification"] = "json"
		sd.InputFormat = new("org.apache.hadoop.mapred.TextInputFormat")
		sd.OutputFormat = new("org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat")
		sd.SerdeInfo = &glue.SerDeInfo{SerializationLibrary: new("org.openx.data.jsonserde.JsonSerDe")}
	case "parquet":
		sd.InputFormat = new("org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat")
		sd.OutputFormat = new("org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat")
		sd.SerdeInfo = &glue.SerDeInfo{SerializationLibrary: new("org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"), Parameters: map[string]string{"serialization.format": "1"}}
	}
	want := &glue.TableInput{Name: new(s.Name), TableType: new("EXTERNAL_TABLE"), StorageDescriptor: sd, Parameters: params}
	input := func(tags map[string]string, keep map[string]string) *glue.TableInput {
		in := *want
		in.PartitionKeys = []*glue.Column{}
		in.Parameters = withTags(withTags(keep, params), tags)
		return &in
	}
	return &resource{kind: "table", name: db + "." + s.Name, file: fmt.Sprintf("%s:%d", s.file, s.line), want: want,
		live: func(ctx context.Context, t *Target) (any, map[string]string, error) {
			out, err := glueCall[glue.GetTableOutput](ctx, t, "GetTable", &glue.GetTableInput{DatabaseName: &db, Name: new(s.Name)})
			if absent, err := missing(err, "EntityNotFoundException"); absent || err != nil {
				return nil, nil, err
			}
			return out.Table, out.Table.Parameters, nil
		},
		create: func(ctx context.Context, t *Target, tags map[string]string) error {
			_, err := glueCall[glue.CreateTableOutput](ctx, t, "CreateTable", &glue.CreateTableInput{DatabaseName: &db, TableInput: input(tags, nil)})
			return err
		},
		update: func(ctx context.Context, t *Target, tags map[string]string) error {
			_, err := glueCall[glue.UpdateTableOutput](ctx, t, "UpdateTable", &glue.UpdateTableInput{DatabaseName: &db, TableInput: input(tags, nil)})
			return err
		},
	}
}
