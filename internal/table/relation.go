package table

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"tarn/api/glue"
	"tarn/internal/engine"
)

// Options narrow a read.
type Options struct {
	// Partitions is a partition expression in the catalog's grammar; other
	// partitions are neither listed nor linked. DuckDB prunes further by
	// itself.
	Partitions string
	// Filter is what the query keeps, if Learn found out: partitions and files
	// that can't hold such rows are left out.
	Filter *Filter
	// Preview reads some files, not all: enough for a look at the first rows.
	Preview bool
}

// A preview stops listing at whichever comes first.
const (
	previewFiles = 200
	previewBytes = 32 << 20
)

// Relation is a table as DuckDB sees it.
type Relation struct {
	// SQL is a parenthesised query, to be put after FROM. It holds while the
	// relation is open, on any session.
	SQL     string
	Columns []Column
	Files   int
	Bytes   int64
	// Truncated: a preview left files out.
	Truncated bool

	scans []*Scan
}

// Close removes the relation's links; queries over it must have ended.
func (r *Relation) Close() error {
	if r == nil {
		return nil
	}
	var errs []error
	for _, s := range r.scans {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// Explain turns an engine error about one of the relation's files into an
// Error that names the object, line, column and value.
func (r *Relation) Explain(err error) error {
	for _, s := range r.scans {
		if explained := s.Explain(err); explained != err { //nolint:errorlint // identity is the question
			return explained
		}
	}
	return err
}

// Relation makes a relation of a catalog table. sess looks into the files; the
// relation itself may be queried on any session. Close it afterwards.
func (r *Reader) Relation(ctx context.Context, sess *engine.Session, db, name string, o Options) (*Relation, error) {
	t, err := r.Table(ctx, db, name)
	if err != nil {
		return nil, err
	}
	return r.RelationOf(ctx, sess, t, o)
}

// RelationOf is Relation for a definition at hand.
func (r *Reader) RelationOf(ctx context.Context, sess *engine.Session, t *glue.Table, o Options) (_ *Relation, err error) {
	if isIceberg(t) {
		return r.icebergRelation(ctx, sess, t, o)
	}
	columns, err := ColumnsOf(t)
	if err != nil {
		return nil, err
	}
	rel := &Relation{Columns: columns}
	defer func() {
		if err != nil {
			err = errors.Join(err, rel.Close())
		}
	}()
	// A table that can't be read is refused even while it is empty.
	if _, err := formatOf(t, t.StorageDescriptor); err != nil {
		return nil, err
	}
	groups, err := r.groups(ctx, sess, t, o, rel)
	if err != nil {
		return nil, err
	}
	var selects []string
	for _, g := range groups {
		s, err := r.scanGroup(ctx, sess, t, g, columns, o, rel)
		if err != nil {
			return nil, err
		}
		selects = append(selects, s...)
	}
	rel.SQL = union(selects, columns)
	return rel, nil
}

// group is the files that are read alike.
type group struct {
	format  Format
	columns []Column // of the files, in order; the table's or the partition's own
	files   []File
}

func (r *Reader) groups(ctx context.Context, sess *engine.Session, t *glue.Table, o Options, rel *Relation) ([]*group, error) {
	expression := o.Partitions
	if expression == "" {
		expression = o.Filter.expression()
	}
	parts, err := r.parts(ctx, t, expression)
	if err != nil {
		return nil, err
	}
	if o.Filter != nil && len(t.PartitionKeys) > 0 {
		if parts, err = o.Filter.choose(ctx, sess, parts); err != nil {
			return nil, err
		}
	}
	exclude := exclusions(t)
	enough := func() bool { return false }
	if o.Preview {
		enough = func() bool { return rel.Files >= previewFiles || rel.Bytes >= previewBytes }
	}
	own, err := fileColumns(t, t.StorageDescriptor)
	if err != nil {
		return nil, err
	}
	byKey := map[string]*group{}
	var out []*group
	for _, p := range parts {
		if enough() {
			rel.Truncated = true
			break
		}
		format, err := formatOf(t, p.sd)
		if err != nil {
			return nil, err
		}
		columns := own
		if format.Kind == "csv" && len(p.sd.Columns) > 0 { // positions matter
			if columns, err = fileColumns(t, p.sd); err != nil {
				return nil, err
			}
		}
		key := fmt.Sprint(format)
		for _, c := range columns {
			key += "\x00" + c.Name + "\x00" + c.Hive
		}
		g := byKey[key]
		if g == nil {
			g = &group{format: format, columns: columns}
			byKey[key] = g
			out = append(out, g)
		}
		if err := r.files(ctx, nameOf(t), p, exclude, enough, func(f File) {
			g.files = append(g.files, f)
			rel.Files++
			rel.Bytes += f.Size
		}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// fileColumns are the columns that a descriptor's files hold.
func fileColumns(t *glue.Table, sd *glue.StorageDescriptor) ([]Column, error) {
	return ColumnsOf(&glue.Table{Name: t.Name, DatabaseName: t.DatabaseName, StorageDescriptor: sd})
}

// scanGroup links a group's files and writes the SELECTs that read them.
func (r *Reader) scanGroup(ctx context.Context, sess *engine.Session, t *glue.Table, g *group, columns []Column, o Options, rel *Relation) ([]string, error) {
	if len(g.files) == 0 {
		return nil, nil
	}
	text := g.format.Kind != "parquet"
	scan, err := r.Link(ctx, g.files, LinkOptions{Table: nameOf(t), Suffix: "." + g.format.Kind, Text: text})
	if err != nil {
		return nil, err
	}
	rel.scans = append(rel.scans, scan)
	if text && (!o.Preview || scan.Bytes <= 2*previewBytes) {
		if err := r.checkWhole(ctx, scan); err != nil {
			return nil, err
		}
	}
	switch g.format.Kind {
	case "csv":
		return csvSelects(scan, g, columns)
	case "json":
		return jsonSelects(scan, g, columns)
	default:
		s, err := parquetSelect(ctx, sess, scan, columns)
		return []string{s}, err
	}
}

// union joins SELECTs of the same columns; none is an empty relation.
func union(selects []string, columns []Column) string {
	if len(selects) == 0 {
		parts := make([]string, len(columns))
		for i, c := range columns {
			parts[i] = "CAST(NULL AS " + c.DuckDB() + ") AS " + quote(c.Name)
		}
		if len(parts) == 0 {
			parts = []string{"NULL"}
		}
		return "(SELECT " + strings.Join(parts, ", ") + " WHERE false)"
	}
	return "(" + strings.Join(selects, "\nUNION ALL ") + ")"
}

// hiveOptions tell DuckDB which columns the folders' names hold.
func hiveOptions(columns []Column) string {
	var types []string
	for _, c := range columns {
		if c.Partition {
			types = append(types, quote(c.Name)+": "+c.DuckDB())
		}
	}
	if len(types) == 0 {
		return "hive_partitioning = false"
	}
	return "hive_partitioning = true, hive_types = {" + strings.Join(types, ", ") + "}"
}

func pathList(files []*LinkedFile) string {
	parts := make([]string, len(files))
	for i, f := range files {
		parts[i] = engine.QuoteText(f.Path)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// findColumn looks a name up as the catalog does: without case.
func findColumn(columns []Column, name string) int {
	for i := range columns {
		if strings.EqualFold(columns[i].Name, name) {
			return i
		}
	}
	return -1
}

// null is a column that the files lack.
func null(c Column) string { return "CAST(NULL AS " + c.DuckDB() + ") AS " + quote(c.Name) }
