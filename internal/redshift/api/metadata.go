package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"tarn/api/redshiftdata"
	"tarn/internal/awsapi"
	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/warehouse"
	"tarn/internal/redshift/wire"
)

// ask runs a query of the system catalog and gives its rows as text.
func ask(ctx context.Context, s *warehouse.Session, query string) ([][]string, error) {
	r, err := s.Execute(ctx, query, nil)
	if e, ok := errors.AsType[*wire.Error](err); ok {
		return nil, redshiftdata.ValidationException("ERROR: %s", e.Message)
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	columns := r.Columns()
	var out [][]string
	for {
		row, err := r.Next(ctx)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		texts := make([]string, len(row))
		for i, v := range row {
			if v != nil {
				if texts[i], err = wire.Text(columns[i], v, s.Format()); err != nil {
					return nil, err
				}
			}
		}
		out = append(out, texts)
	}
}

func quote(s string) string {
	return "'" + strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), "'", "''") + "'"
}

func like(column string, pattern *string) string {
	if pattern == nil || *pattern == "" {
		return ""
	}
	return " and " + column + " like " + quote(*pattern)
}

// within is the database that a listing is about: Database, or the one to connect to where that is
// another.
func (d *Data) metadata(ctx context.Context, cluster, workgroup, secret, user, database, connected *string, query func(database string) string) ([][]string, error) {
	login := connected
	if login == nil {
		login = database
	}
	s, _, err := d.connect(ctx, cluster, workgroup, secret, user, login)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if database != nil && *database != s.Database() {
		// The catalog of another database is read from there.
		other, err := d.o.Warehouse.Connect(ctx, s.User(), *database)
		if e, ok := errors.AsType[*wire.Error](err); ok {
			return nil, redshiftdata.ValidationException("FATAL: %s", e.Message)
		}
		if err != nil {
			return nil, err
		}
		defer other.Close()
		s = other
	}
	return ask(ctx, s, query(s.Database()))
}

func limitOf(n *int32) int {
	if v := int(awsapi.Val(n)); v > 0 {
		return v
	}
	return 1000
}

// ListDatabases lists the cluster's databases.
func (d *Data) ListDatabases(ctx context.Context, in *redshiftdata.ListDatabasesInput) (*redshiftdata.ListDatabasesOutput, error) {
	database := in.Database
	if database == nil {
		database = new("dev")
	}
	rows, err := d.metadata(ctx, in.ClusterIdentifier, in.WorkgroupName, in.SecretArn, in.DbUser, database, nil, func(string) string {
		return "select datname from pg_catalog.pg_database order by 1"
	})
	if err != nil {
		return nil, err
	}
	rows, next, err := cut(rows, in.NextToken, limitOf(in.MaxResults))
	out := &redshiftdata.ListDatabasesOutput{Databases: []string{}, NextToken: next}
	for _, r := range rows {
		out.Databases = append(out.Databases, r[0])
	}
	return out, err
}

// ListSchemas lists a database's schemas.
func (d *Data) ListSchemas(ctx context.Context, in *redshiftdata.ListSchemasInput) (*redshiftdata.ListSchemasOutput, error) {
	rows, err := d.metadata(ctx, in.ClusterIdentifier, in.WorkgroupName, in.SecretArn, in.DbUser, in.Database, in.ConnectedDatabase, func(string) string {
		return "select nspname from pg_catalog.pg_namespace where true" + like("nspname", in.SchemaPattern) + " order by 1"
	})
	if err != nil {
		return nil, err
	}
	rows, next, err := cut(rows, in.NextToken, limitOf(in.MaxResults))
	out := &redshiftdata.ListSchemasOutput{Schemas: []string{}, NextToken: next}
	for _, r := range rows {
		out.Schemas = append(out.Schemas, r[0])
	}
	return out, err
}

// ListTables lists a database's tables and views.
func (d *Data) ListTables(ctx context.Context, in *redshiftdata.ListTablesInput) (*redshiftdata.ListTablesOutput, error) {
	rows, err := d.metadata(ctx, in.ClusterIdentifier, in.WorkgroupName, in.SecretArn, in.DbUser, in.Database, in.ConnectedDatabase, func(string) string {
		return "select schema_name, table_name, table_type from pg_catalog.svv_all_tables where true" + like("schema_name", in.SchemaPattern) +
			like("table_name", in.TablePattern) + " order by 1, 2"
	})
	if err != nil {
		return nil, err
	}
	rows, next, err := cut(rows, in.NextToken, limitOf(in.MaxResults))
	out := &redshiftdata.ListTablesOutput{Tables: []*redshiftdata.TableMember{}, NextToken: next}
	for _, r := range rows {
		kind := r[2]
		if r[0] == "pg_catalog" || r[0] == "information_schema" {
			kind = "SYSTEM " + kind
		}
		out.Tables = append(out.Tables, &redshiftdata.TableMember{Schema: new(r[0]), Name: new(r[1]), Type: new(kind)})
	}
	return out, err
}

// DescribeTable lists a table's columns.
func (d *Data) DescribeTable(ctx context.Context, in *redshiftdata.DescribeTableInput) (*redshiftdata.DescribeTableOutput, error) {
	if awsapi.Val(in.Table) == "" {
		return nil, redshiftdata.ValidationException("Table must be given.")
	}
	schema := "public"
	if awsapi.Val(in.Schema) != "" {
		schema = *in.Schema
	}
	rows, err := d.metadata(ctx, in.ClusterIdentifier, in.WorkgroupName, in.SecretArn, in.DbUser, in.Database, in.ConnectedDatabase, func(string) string {
		return fmt.Sprintf(`select column_name, data_type, is_nullable, character_maximum_length, numeric_precision, numeric_scale, column_default
			from pg_catalog.svv_columns where table_schema = %s and table_name = %s order by ordinal_position`, quote(schema), quote(*in.Table))
	})
	if err != nil {
		return nil, err
	}
	rows, next, err := cut(rows, in.NextToken, limitOf(in.MaxResults))
	out := &redshiftdata.DescribeTableOutput{TableName: in.Table, ColumnList: []*redshiftdata.ColumnMetadata{}, NextToken: next}
	for _, r := range rows {
		t := columnType(r[1], r[3], r[4], r[5])
		nullable := int32(1)
		if r[2] == "NO" {
			nullable = 0
		}
		precision, scale, length := measure(t)
		out.ColumnList = append(out.ColumnList, &redshiftdata.ColumnMetadata{
			IsCaseSensitive: new(t.IsText()), IsCurrency: new(false), IsSigned: new(t.IsNumber()), Label: new(r[0]), Name: new(r[0]), Nullable: &nullable,
			Precision: &precision, Scale: &scale, SchemaName: new(schema), TableName: in.Table, TypeName: new(t.TypeName()), Length: &length, ColumnDefault: optional(r[6]),
		})
	}
	return out, err
}

// columnType puts a type together from what the catalog says of a column.
func columnType(name, length, precision, scale string) sql.Type {
	text := name
	switch {
	case length != "" && strings.HasPrefix(name, "character"), length != "" && name == "binary varying":
		text += "(" + length + ")"
	case name == "numeric" && precision != "":
		text += "(" + precision + "," + max(scale, "0") + ")"
	}
	t, err := sql.ParseType(text)
	if err != nil {
		return sql.TextT
	}
	return t
}
