package pipeline

import (
	"context"
	"fmt"
	"slices"

	"tarn/api/redshiftdata"
)

// usesWarehouse tells whether there is a warehouse to put schemas into: tarn always
// has one, so that every table can be asked with SQL; elsewhere it costs money, and
// is asked for by what loads or draws.
func (pl *Planner) usesWarehouse() bool {
	loads := func(j *Job) bool { return j.Load != nil }
	return pl.Target.Client.Endpoint != "" || len(pl.Project.Dashboards) > 0 || slices.ContainsFunc(pl.Project.Jobs, loads)
}

// schemaResources are the project's schema in the warehouse, and one external
// schema for each of its Glue databases.
func (pl *Planner) schemaResources() []*resource {
	p := pl.Project
	// Names have been checked: letters, digits and underscores. Quoted, they may be words of SQL.
	external := func(schema, database string) *resource {
		return pl.schemaResource(schema, fmt.Sprintf(`CREATE EXTERNAL SCHEMA IF NOT EXISTS "%s" FROM DATA CATALOG DATABASE '%s' IAM_ROLE default`, schema, database))
	}
	return []*resource{
		pl.schemaResource(p.Name, fmt.Sprintf(`CREATE SCHEMA IF NOT EXISTS "%s"`, p.Name)),
		external(p.Name+"_lake", p.database()),
		external(p.Name+"_raw", p.rawDatabase()),
	}
}

func (pl *Planner) schemaResource(name, ddl string) *resource {
	run := func(ctx context.Context, t *Target, _ map[string]string) error {
		_, err := t.SQL(ctx, ddl)
		return err
	}
	return &resource{kind: "schema", name: name, want: map[string]string{"Schema": name}, untagged: true,
		live: func(ctx context.Context, t *Target) (any, map[string]string, error) {
			out, err := dataCall[redshiftdata.ListSchemasOutput](ctx, t, "ListSchemas", &redshiftdata.ListSchemasInput{
				ClusterIdentifier: new(warehouseCluster), Database: new(warehouseDatabase), DbUser: new("awsuser"), SchemaPattern: &name,
			})
			if err != nil {
				return nil, nil, err
			}
			for _, s := range out.Schemas {
				if s == name {
					return map[string]string{"Schema": name}, nil, nil
				}
			}
			return nil, nil, nil
		},
		create: run, update: run,
	}
}
