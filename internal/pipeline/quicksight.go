package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"tarn/api/quicksight"
	"tarn/api/redshiftdata"
	"tarn/internal/awsapi"
)

func (pl *Planner) qsID(name string) string { return pl.Project.Name + "-" + name }

func (pl *Planner) qsARN(kind, id string) string {
	return "arn:aws:quicksight:" + pl.Target.Client.Region + ":" + pl.Target.Account + ":" + kind + "/" + id
}

// identifiers are the tables that dashboards draw.
func (pl *Planner) identifiers() (map[string]string, error) {
	out := map[string]string{} // table -> file of the first dashboard that names it
	for _, d := range pl.Project.Dashboards {
		var def struct {
			DataSetIdentifierDeclarations []struct{ Identifier string }
		}
		path := filepath.Join(pl.Project.Dir, d.File)
		if err := json.Unmarshal(d.text, &def); err != nil {
			return nil, jsonProblem(path, d.text, err)
		}
		for _, id := range def.DataSetIdentifierDeclarations {
			if out[id.Identifier] == "" {
				out[id.Identifier] = path
			}
		}
	}
	return out, nil
}

// jsonProblem gives a JSON error its line.
func jsonProblem(path string, text []byte, err error) error {
	p := &Problem{File: path, Text: err.Error()}
	var off int64 = -1
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		off = e.Offset
	} else if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		off = e.Offset
	}
	if off > 0 && off <= int64(len(text)) {
		before := text[:off-1]
		p.Line = 1 + bytes.Count(before, []byte("\n"))
		p.Col = int(off-1) - bytes.LastIndexByte(before, '\n')
	}
	return p
}

func (pl *Planner) drawn(table string) bool {
	ids, err := pl.identifiers()
	return err == nil && ids[table] != ""
}

// dashboardResources are the data source, a data set for each drawn table, and the dashboards.
func (pl *Planner) dashboardResources(ctx context.Context) ([]*resource, error) {
	p := pl.Project
	if len(p.Dashboards) == 0 {
		return nil, nil
	}
	ids, err := pl.identifiers()
	if err != nil {
		return nil, err
	}
	var tables []string
	for t := range ids {
		tables = append(tables, t)
	}
	sort.Strings(tables)
	out := []*resource{pl.dataSourceResource()}
	waits := map[string]string{}
	for _, table := range tables {
		j := p.producer(table)
		if j == nil || j.Load == nil {
			known := []string{}
			for _, j := range p.Jobs {
				if j.Load != nil {
					known = append(known, j.Writes...)
				}
			}
			return nil, &Problem{File: ids[table], Text: fmt.Sprintf("DataSetIdentifierDeclarations names %q, which no job loads into the warehouse", table), Hint: "Loaded are: " + strings.Join(known, ", ") + ".   Add `load: true` to the job that makes it."}
		}
		columns, err := pl.warehouseColumns(ctx, table)
		if err != nil {
			return nil, err
		}
		r := pl.dataSetResource(table, columns)
		if columns == nil {
			r.waits = "its table is loaded by the first run"
			waits[table] = r.waits
		}
		out = append(out, r)
	}
	for _, d := range p.Dashboards {
		r, uses, err := pl.dashboardResource(d)
		if err != nil {
			return nil, err
		}
		for _, t := range uses {
			if waits[t] != "" {
				r.waits = waits[t]
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// warehouseColumns describes a loaded table; nil if it is not there yet.
func (pl *Planner) warehouseColumns(ctx context.Context, table string) ([]*quicksight.InputColumn, error) {
	out, err := dataCall[redshiftdata.DescribeTableOutput](ctx, pl.Target, "DescribeTable", &redshiftdata.DescribeTableInput{
		ClusterIdentifier: new(warehouseCluster), Database: new(warehouseDatabase), DbUser: new("awsuser"), Schema: new(pl.Project.Name), Table: &table,
	})
	if absent, err := missing(err, "ValidationException", "ResourceNotFoundException"); absent || err != nil {
		return nil, err
	}
	var cols []*quicksight.InputColumn
	for _, c := range out.ColumnList {
		cols = append(cols, &quicksight.InputColumn{Name: c.Name, Type: new(columnType(awsapi.Val(c.TypeName)))})
	}
	return cols, nil
}

// columnType is QuickSight's type for a column of the warehouse.
func columnType(t string) string {
	t, _, _ = strings.Cut(strings.ToLower(t), "(")
	switch strings.TrimSpace(t) {
	case "int2", "int4", "int8", "smallint", "integer", "bigint":
		return "INTEGER"
	case "numeric", "decimal", "float4", "float8", "real", "double precision":
		return "DECIMAL"
	case "date", "timestamp", "timestamptz", "timestamp without time zone", "timestamp with time zone":
		return "DATETIME"
	case "bool", "boolean":
		return "BOOLEAN"
	}
	return "STRING"
}

func (pl *Planner) account() *string { return new(pl.Target.Account) }

func qsTags(tags map[string]string) []*quicksight.Tag {
	var out []*quicksight.Tag
	for k, v := range tags {
		out = append(out, &quicksight.Tag{Key: new(k), Value: new(v)})
	}
	slices.SortFunc(out, func(a, b *quicksight.Tag) int { return strings.Compare(*a.Key, *b.Key) })
	return out
}

func (pl *Planner) readQSTags(ctx context.Context, arn string) (map[string]string, error) {
	out, err := qsCall[quicksight.ListTagsForResourceOutput](ctx, pl.Target, "ListTagsForResource", &quicksight.ListTagsForResourceInput{ResourceArn: &arn})
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	for _, t := range out.Tags {
		tags[awsapi.Val(t.Key)] = awsapi.Val(t.Value)
	}
	return tags, nil
}

func (pl *Planner) setQSTags(ctx context.Context, arn string, tags map[string]string) error {
	_, err := qsCall[quicksight.TagResourceOutput](ctx, pl.Target, "TagResource", &quicksight.TagResourceInput{ResourceArn: &arn, Tags: qsTags(tags)})
	return err
}

func (pl *Planner) dataSourceResource() *resource {
	id := pl.qsID("warehouse")
	arn := pl.qsARN("datasource", id)
	in := &quicksight.CreateDataSourceInput{
		AwsAccountId: pl.account(), DataSourceId: &id, Name: new(pl.Project.Name + " warehouse"), Type: new("REDSHIFT"),
		DataSourceParameters: &quicksight.DataSourceParameters{RedshiftParameters: &quicksight.RedshiftParameters{Database: new(warehouseDatabase), ClusterId: new(warehouseCluster)}},
	}
	want := map[string]any{"DataSourceId": id, "Name": in.Name, "Type": in.Type, "DataSourceParameters": in.DataSourceParameters}
	return &resource{kind: "datasource", name: id, want: want,
		live: func(ctx context.Context, t *Target) (any, map[string]string, error) {
			out, err := qsCall[quicksight.DescribeDataSourceOutput](ctx, t, "DescribeDataSource", &quicksight.DescribeDataSourceInput{AwsAccountId: pl.account(), DataSourceId: &id})
			if absent, err := missing(err, "ResourceNotFoundException"); absent || err != nil {
				return nil, nil, err
			}
			tags, err := pl.readQSTags(ctx, arn)
			return out.DataSource, tags, err
		},
		create: func(ctx context.Context, t *Target, tags map[string]string) error {
			c := *in
			c.Tags = qsTags(tags)
			_, err := qsCall[quicksight.CreateDataSourceOutput](ctx, t, "CreateDataSource", &c)
			return err
		},
		update: func(ctx context.Context, t *Target, tags map[string]string) error {
			if _, err := qsCall[quicksight.UpdateDataSourceOutput](ctx, t, "UpdateDataSource", &quicksight.UpdateDataSourceInput{AwsAccountId: pl.account(), DataSourceId: &id, Name: in.Name, DataSourceParameters: in.DataSourceParameters}); err != nil {
				return err
			}
			return pl.setQSTags(ctx, arn, tags)
		},
	}
}

func (pl *Planner) dataSetResource(table string, columns []*quicksight.InputColumn) *resource {
	id := pl.qsID(table)
	arn := pl.qsARN("dataset", id)
	extra := pl.Project.DataSets[table]
	name, mode := title(table), "SPICE"
	if extra != nil {
		name = or(extra.Title, name)
		if extra.SPICE != nil && !*extra.SPICE {
			mode = "DIRECT_QUERY"
		}
	}
	physical := map[string]*quicksight.PhysicalTable{table: {RelationalTable: &quicksight.RelationalTable{
		DataSourceArn: new(pl.qsARN("datasource", pl.qsID("warehouse"))), Schema: new(pl.Project.Name), Name: &table, InputColumns: columns,
	}}}
	want := map[string]any{"Name": name, "ImportMode": mode, "PhysicalTableMap": physical}
	return &resource{kind: "dataset", name: id, want: want,
		live: func(ctx context.Context, t *Target) (any, map[string]string, error) {
			out, err := qsCall[quicksight.DescribeDataSetOutput](ctx, t, "DescribeDataSet", &quicksight.DescribeDataSetInput{AwsAccountId: pl.account(), DataSetId: &id})
			if absent, err := missing(err, "ResourceNotFoundException"); absent || err != nil {
				return nil, nil, err
			}
			tags, err := pl.readQSTags(ctx, arn)
			return out.DataSet, tags, err
		},
		create: func(ctx context.Context, t *Target, tags map[string]string) error {
			_, err := qsCall[quicksight.CreateDataSetOutput](ctx, t, "CreateDataSet", &quicksight.CreateDataSetInput{AwsAccountId: pl.account(), DataSetId: &id, Name: &name, ImportMode: &mode, PhysicalTableMap: physical, Tags: qsTags(tags)})
			return err
		},
		update: func(ctx context.Context, t *Target, tags map[string]string) error {
			if _, err := qsCall[quicksight.UpdateDataSetOutput](ctx, t, "UpdateDataSet", &quicksight.UpdateDataSetInput{AwsAccountId: pl.account(), DataSetId: &id, Name: &name, ImportMode: &mode, PhysicalTableMap: physical}); err != nil {
				return err
			}
			return pl.setQSTags(ctx, arn, tags)
		},
	}
}

// dashboardResource fills a definition's data set ARNs in; all else stays byte for byte.
func (pl *Planner) dashboardResource(d *Dashboard) (*resource, []string, error) {
	path := filepath.Join(pl.Project.Dir, d.File)
	var def map[string]json.RawMessage
	if err := json.Unmarshal(d.text, &def); err != nil {
		return nil, nil, jsonProblem(path, d.text, err)
	}
	var decls []map[string]any
	if err := json.Unmarshal(def["DataSetIdentifierDeclarations"], &decls); err != nil {
		return nil, nil, &Problem{File: path, Text: "DataSetIdentifierDeclarations is missing or not a list"}
	}
	var uses []string
	for _, decl := range decls {
		table, _ := decl["Identifier"].(string)
		decl["DataSetArn"] = pl.qsARN("dataset", pl.qsID(table))
		uses = append(uses, table)
	}
	b, err := json.Marshal(decls)
	if err != nil {
		return nil, nil, err
	}
	def["DataSetIdentifierDeclarations"] = b
	full, err := json.Marshal(def)
	if err != nil {
		return nil, nil, err
	}
	id := pl.qsID(d.Name)
	arn := pl.qsARN("dashboard", id)
	want := map[string]any{"Name": d.Title, "Definition": json.RawMessage(full)}
	r := &resource{kind: "dashboard", name: id, file: d.File, want: want,
		live: func(ctx context.Context, t *Target) (any, map[string]string, error) {
			out, err := qsCall[quicksight.DescribeDashboardDefinitionOutput](ctx, t, "DescribeDashboardDefinition", &quicksight.DescribeDashboardDefinitionInput{AwsAccountId: pl.account(), DashboardId: &id})
			if absent, err := missing(err, "ResourceNotFoundException"); absent || err != nil {
				return nil, nil, err
			}
			tags, err := pl.readQSTags(ctx, arn)
			return map[string]any{"Name": out.Name, "Definition": out.Definition}, tags, err
		},
		create: func(ctx context.Context, t *Target, tags map[string]string) error {
			_, err := qsCall[quicksight.CreateDashboardOutput](ctx, t, "CreateDashboard", &quicksight.CreateDashboardInput{AwsAccountId: pl.account(), DashboardId: &id, Name: &d.Title, Definition: full, Tags: qsTags(tags)})
			return err
		},
		update: func(ctx context.Context, t *Target, tags map[string]string) error {
			out, err := qsCall[quicksight.UpdateDashboardOutput](ctx, t, "UpdateDashboard", &quicksight.UpdateDashboardInput{AwsAccountId: pl.account(), DashboardId: &id, Name: &d.Title, Definition: full})
			if err != nil {
				return err
			}
			version := awsapi.Val(out.VersionArn)
			var n int64
			if _, err := fmt.Sscan(version[strings.LastIndexByte(version, '/')+1:], &n); err != nil {
				return fmt.Errorf("the version in %q can't be read: %w", version, err)
			}
			if _, err := qsCall[quicksight.UpdateDashboardPublishedVersionOutput](ctx, t, "UpdateDashboardPublishedVersion", &quicksight.UpdateDashboardPublishedVersionInput{AwsAccountId: pl.account(), DashboardId: &id, VersionNumber: &n}); err != nil {
				return err
			}
			return pl.setQSTags(ctx, arn, tags)
		},
	}
	return r, uses, nil
}
