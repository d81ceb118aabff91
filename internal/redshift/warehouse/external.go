package warehouse

import (
	"context"
	"strings"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/redshift/sql"
	"tarn/internal/table"
)

// externalTable is a table of the lake's catalog, seen through an external schema.
type externalTable struct {
	database string // of the warehouse
	schema   *namespace
	name     string
	table    *glue.Table
	columns  []externalColumn
}

// externalColumn is one of its columns.
type externalColumn struct {
	table.Column
	redshift sql.Type
	convert  string // how the engine's value becomes the type's; %s is the column
}

// reach puts the identity into the context for which an external schema reads the lake.
func (w *Warehouse) reach(ctx context.Context, role string) (context.Context, error) {
	if w.principals == nil {
		return nil, unsupported("this warehouse has no lake")
	}
	return w.principals.Role(ctx, role)
}

// glueDatabase is the catalog's database behind an external schema.
func (n *namespace) glueDatabase() string { return n.Options["database"] }

// external looks a table up in the lake's catalog.
func (c *catalog) external(database string, n *namespace, name string) (*sql.TableInfo, error) {
	if c.s.w.lake == nil {
		return nil, unsupported("this warehouse has no lake")
	}
	ctx, err := c.s.w.reach(c.ctx, n.Options["role"])
	if err != nil {
		return nil, err
	}
	out, err := c.s.w.lake.GetTable(ctx, &glue.GetTableInput{DatabaseName: new(n.glueDatabase()), Name: new(name)})
	if awsapi.IsCode(err, "EntityNotFoundException") {
		return nil, nil
	}
	if err != nil {
		return nil, lakeError(err)
	}
	t, err := newExternalTable(database, n, out.Table)
	if err != nil {
		return nil, err
	}
	info := &sql.TableInfo{Path: []string{database, n.Name, t.name}, Ref: t}
	for _, col := range t.columns {
		info.Columns = append(info.Columns, sql.Column{Name: strings.ToLower(col.Name), Type: col.redshift})
	}
	return info, nil
}

func newExternalTable(database string, n *namespace, t *glue.Table) (*externalTable, error) {
	columns, err := table.ColumnsOf(t)
	if err != nil {
		return nil, fail("XX000", "external table %s.%s: %v", n.Name, awsapi.Val(t.Name), err)
	}
	out := &externalTable{database: database, schema: n, name: strings.ToLower(awsapi.Val(t.Name)), table: t}
	for _, c := range columns {
		ec := externalColumn{Column: c}
		ec.redshift, ec.convert = spectrumType(c.Hive)
		out.columns = append(out.columns, ec)
	}
	return out, nil
}

// sql is the engine's relation of what a filter may keep, with values of the types that the
// columns have here.
func (t *externalTable) sql(c *catalog, filter *table.Filter) (string, *table.Relation, error) {
	ctx, err := c.s.w.reach(c.ctx, t.schema.Options["role"])
	if err != nil {
		return "", nil, err
	}
	rel, err := c.s.w.lake.RelationOf(ctx, c.s.engine, t.table, table.Options{Filter: filter})
	if err != nil {
		return "", nil, lakeError(err)
	}
	return t.over(rel.SQL), rel, nil
}

// spectrumType is the type with which Redshift shows a type of the lake's catalog, and how a value
// of the engine becomes it.
func spectrumType(hive string) (sql.Type, string) {
	hive = strings.ToLower(strings.TrimSpace(hive))
	base, _, _ := strings.Cut(hive, "(")
	switch base {
	case "tinyint":
		return sql.Int2, "%s::SMALLINT"
	case "smallint", "int", "integer", "bigint", "double", "boolean", "date", "decimal", "char", "varchar":
		if t, err := sql.ParseType(hive); err == nil {
			return t, "%s"
		}
	case "float", "real":
		return sql.Float4, "%s::REAL"
	case "timestamp", "timestamp_ntz":
		return sql.Timestamp, "%s::TIMESTAMP"
	case "timestamptz", "timestamp with local time zone":
		return sql.TimestampTZ, "%s"
	case "binary":
		return sql.Varbyte(64000), "%s"
	}
	if strings.HasPrefix(hive, "array<") || strings.HasPrefix(hive, "struct<") || strings.HasPrefix(hive, "map<") {
		return sql.Super, "to_json(%s)"
	}
	return sql.Varchar(sql.MaxVarchar), "%s::VARCHAR"
}

// lakeError gives an error of the lake its place among SQLSTATEs, and its own words.
func lakeError(err error) error {
	e := fail("XX000", "%v", err)
	e.Err = err
	switch {
	case awsapi.IsCode(err, "AccessDeniedException"), awsapi.IsCode(err, "AccessDenied"):
		e.Code = "42501"
		e.Message = "Spectrum Scan Error: Access denied"
		e.Detail = err.Error()
	}
	return e
}

// externalTables lists the tables of an external schema.
func (w *Warehouse) externalTables(ctx context.Context, database string, n *namespace) ([]*externalTable, error) {
	if w.lake == nil {
		return nil, nil
	}
	ctx, err := w.reach(ctx, n.Options["role"])
	if err != nil {
		return nil, err
	}
	var out []*externalTable
	in := &glue.GetTablesInput{DatabaseName: new(n.glueDatabase())}
	for {
		page, err := w.lake.GetTables(ctx, in)
		if awsapi.IsCode(err, "EntityNotFoundException") {
			return nil, nil
		}
		if err != nil {
			return nil, lakeError(err)
		}
		for _, t := range page.TableList {
			et, err := newExternalTable(database, n, t)
			if err != nil {
				return nil, err
			}
			out = append(out, et)
		}
		if awsapi.Val(page.NextToken) == "" {
			return out, nil
		}
		in.NextToken = page.NextToken
	}
}
