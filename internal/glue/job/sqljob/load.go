package sqljob

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

// Warehouse runs Redshift SQL for the caller in the context. All statements of
// one call are one transaction.
type Warehouse interface {
	Execute(ctx context.Context, statements ...string) error
}

// DataSets refreshes a QuickSight data set and waits until it is done.
type DataSets interface {
	Refresh(ctx context.Context, id string) error
}

// Loader carries out loads.
type Loader struct {
	Warehouse Warehouse
	DataSets  DataSets // nil = none are refreshed
	Now       func() time.Time
}

// Run carries out a script that LoadScript wrote. Readers of the table see the
// old rows until they see the new ones.
func (l *Loader) Run(ctx context.Context, script []byte, log io.Writer) error {
	spec, err := ParseLoadScript(script)
	if err != nil {
		return err
	}
	started := l.Now()
	stage, swap := spec.Statements()
	for _, s := range stage {
		if err := l.Warehouse.Execute(ctx, s); err != nil {
			return fmt.Errorf("load %s: %w", spec.Table, err)
		}
	}
	if err := l.Warehouse.Execute(ctx, swap...); err != nil {
		return fmt.Errorf("load %s: put the new rows in place: %w", spec.Table, err)
	}
	fmt.Fprintf(log, "loaded %s.%s from %s, %.1f s\n", spec.Schema, spec.Table, spec.ExternalSchema, l.Now().Sub(started).Seconds())
	if l.DataSets == nil {
		return nil
	}
	for _, id := range spec.DataSets {
		if err := l.DataSets.Refresh(ctx, id); err != nil {
			return fmt.Errorf("refresh data set %s: %w", id, err)
		}
		fmt.Fprintf(log, "refreshed data set %s\n", id)
	}
	return nil
}

// Statements are a load's SQL: stage fills a staging table, a statement at a
// time; swap puts it in the table's place in one transaction.
func (s LoadSpec) Statements() (stage, swap []string) {
	schema, staging, final := ident(s.Schema), s.Table+"__new", s.Table
	var keys strings.Builder
	if s.Dist != "" {
		switch low := strings.ToLower(s.Dist); low {
		case "even", "all", "auto":
			keys.WriteString(" DISTSTYLE " + strings.ToUpper(low))
		default:
			keys.WriteString(" DISTKEY (" + ident(s.Dist) + ")")
		}
	}
	if len(s.Sort) > 0 {
		cols := make([]string, len(s.Sort))
		for i, c := range s.Sort {
			cols[i] = ident(c)
		}
		keys.WriteString(" SORTKEY (" + strings.Join(cols, ", ") + ")")
	}
	stage = []string{
		"CREATE SCHEMA IF NOT EXISTS " + schema,
		"DROP TABLE IF EXISTS " + schema + "." + ident(staging),
		"CREATE TABLE " + schema + "." + ident(staging) + keys.String() + " AS SELECT * FROM " + ident(s.ExternalSchema) + "." + ident(s.Table),
	}
	swap = []string{
		"DROP TABLE IF EXISTS " + schema + "." + ident(final),
		"ALTER TABLE " + schema + "." + ident(staging) + " RENAME TO " + ident(final),
	}
	return stage, swap
}

func ident(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
