package table

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/apache/iceberg-go"
	icetable "github.com/apache/iceberg-go/table"

	"tarn/api/glue"
	"tarn/internal/engine"
)

// icebergRelation reads an Iceberg table's current snapshot. Data files
// without deletes are read by DuckDB, column by field id; files that rows were
// deleted from go through iceberg-go once, into a file of the scan's own.
func (r *Reader) icebergRelation(ctx context.Context, sess *engine.Session, t *glue.Table, o Options) (_ *Relation, err error) {
	tbl, err := loadIceberg(ctx, r.lake, t)
	if err != nil {
		return nil, err
	}
	columns, err := icebergColumns(tbl.Schema())
	if err != nil {
		return nil, &Error{Table: nameOf(t), Message: err.Error(), Err: err}
	}
	rel := &Relation{Columns: columns}
	defer func() {
		if err != nil {
			err = errors.Join(err, rel.Close())
		}
	}()
	if tbl.CurrentSnapshot() == nil {
		rel.SQL = union(nil, columns)
		return rel, nil
	}
	scan := tbl.Scan()
	tasks, err := tbl.Scan(icetable.WithRowFilter(o.Filter.iceberg(tbl.Metadata()))).PlanFiles(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: plan its files: %w", nameOf(t), err)
	}
	ids := readableByID(tbl.Metadata())
	var plain, rewritten []icetable.FileScanTask
	for _, task := range tasks {
		if o.Preview && (rel.Files >= previewFiles || rel.Bytes >= previewBytes) {
			rel.Truncated = true
			break
		}
		rel.Files++
		rel.Bytes += task.File.FileSizeBytes()
		deletes := len(task.DeleteFiles) + len(task.EqualityDeleteFiles) + len(task.DeletionVectorFiles)
		if deletes > 0 || !ids || task.File.FileFormat() != iceberg.ParquetFile {
			rewritten = append(rewritten, task)
		} else {
			plain = append(plain, task)
		}
	}
	var selects []string
	if len(plain) > 0 {
		s, err := r.icebergPlain(ctx, sess, t, tbl, plain, rel)
		if err != nil {
			return nil, err
		}
		selects = append(selects, s...)
	}
	if len(rewritten) > 0 {
		s, err := r.icebergRewrite(ctx, sess, t, scan, rewritten, rel)
		if err != nil {
			return nil, err
		}
		selects = append(selects, s)
	}
	rel.SQL = union(selects, columns)
	return rel, nil
}

// icebergPlain links data files and reads them as they are.
func (r *Reader) icebergPlain(ctx context.Context, sess *engine.Session, t *glue.Table, tbl *icetable.Table, tasks []icetable.FileScanTask, rel *Relation) ([]string, error) {
	files := make([]File, len(tasks))
	for i, task := range tasks {
		bucket, key, err := parseLocation(task.File.FilePath())
		if err != nil {
			return nil, &Error{Table: nameOf(t), Message: err.Error()}
		}
		files[i] = File{Bucket: bucket, Key: key, Size: task.File.FileSizeBytes()}
	}
	link, err := r.Link(ctx, files, LinkOptions{Table: nameOf(t), Suffix: ".parquet"})
	if err != nil {
		return nil, err
	}
	link.parquet, link.probe = &parquetLayout{}, prober(sess)
	for _, c := range rel.Columns {
		link.columns = append(link.columns, c.Name)
	}
	rel.scans = append(rel.scans, link)
	withID := make([]*LinkedFile, len(link.Files))
	for i := range link.Files {
		withID[i] = &link.Files[i]
	}
	var byName []*LinkedFile
	if tbl.NameMapping() != nil { // only then may files lack ids
		if withID, byName, err = splitByIDs(ctx, sess, link, withID); err != nil {
			return nil, err
		}
	}
	var out []string
	if len(withID) > 0 {
		out = append(out, selectByKey(withID, tbl.Schema(), rel.Columns, func(f iceberg.NestedField) string { return fmt.Sprint(f.ID) }))
	}
	if len(byName) > 0 {
		out = append(out, selectByKey(byName, tbl.Schema(), rel.Columns, func(f iceberg.NestedField) string { return engine.QuoteText(f.Name) }))
	}
	return out, nil
}

// selectByKey reads Parquet files whose columns are found by id or by name,
// as key writes it; what a file lacks is NULL.
func selectByKey(files []*LinkedFile, schema *iceberg.Schema, columns []Column, key func(iceberg.NestedField) string) string {
	parts := make([]string, len(columns))
	for i, f := range schema.Fields() {
		parts[i] = fmt.Sprintf("%s: {name: %s, type: %s, default_value: NULL}", key(f), engine.QuoteText(f.Name), engine.QuoteText(columns[i].DuckDB()))
	}
	return "SELECT * FROM read_parquet(" + pathList(files) + ", schema = MAP {" + strings.Join(parts, ", ") + "})"
}

// splitByIDs tells files that carry field ids from those that don't.
func splitByIDs(ctx context.Context, sess *engine.Session, link *Scan, files []*LinkedFile) (with, without []*LinkedFile, err error) {
	rows, err := sess.Query(ctx, "SELECT DISTINCT file_name FROM parquet_schema("+pathList(files)+") WHERE field_id IS NOT NULL")
	if err != nil {
		return nil, nil, link.Explain(err)
	}
	defer rows.Close()
	has := map[string]bool{}
	for rows.Next() {
		name, _ := rows.Values()[0].(string)
		has[name] = true
	}
	for _, f := range files {
		if has[f.Path] {
			with = append(with, f)
		} else {
			without = append(without, f)
		}
	}
	return with, without, rows.Err()
}

// readableByID says whether DuckDB's reading by field id gives what Iceberg
// means. It follows ids at the top only: nested fields go by name, so no name
// may have changed its id, nor an id its name; and it knows no initial values.
func readableByID(meta icetable.Metadata) bool {
	pathOf, idOf := map[int]string{}, map[string]int{}
	ok := true
	var walk func(path string, t iceberg.Type)
	note := func(path string, f iceberg.NestedField) {
		if p, seen := pathOf[f.ID]; seen && p != path {
			ok = false
		}
		if id, seen := idOf[path]; seen && id != f.ID {
			ok = false
		}
		pathOf[f.ID], idOf[path] = path, f.ID
		if f.InitialDefault != nil {
			ok = false
		}
		walk(path, f.Type)
	}
	walk = func(path string, t iceberg.Type) {
		switch t := t.(type) {
		case *iceberg.StructType:
			for _, f := range t.FieldList {
				note(path+"."+strings.ToLower(f.Name), f)
			}
		case *iceberg.ListType:
			walk(path+".element", t.Element)
		case *iceberg.MapType:
			walk(path+".key", t.KeyType)
			walk(path+".value", t.ValueType)
		}
	}
	for _, s := range meta.Schemas() {
		for _, f := range s.Fields() {
			if f.InitialDefault != nil {
				ok = false
			}
			walk(fmt.Sprint(f.ID), f.Type) // top-level names may change
		}
	}
	return ok
}

// icebergRewrite reads tasks through iceberg-go, which applies position
// deletes, deletion vectors and equality deletes, into one Parquet file that
// DuckDB can read as often as it likes.
func (r *Reader) icebergRewrite(ctx context.Context, sess *engine.Session, t *glue.Table, scan *icetable.Scan, tasks []icetable.FileScanTask, rel *Relation) (string, error) {
	link, err := r.Link(ctx, nil, LinkOptions{Table: nameOf(t)})
	if err != nil {
		return "", err
	}
	rel.scans = append(rel.scans, link)
	schema, batches, err := scan.ReadTasks(ctx, tasks)
	if err != nil {
		return "", fmt.Errorf("%s: read rows with deletes: %w", nameOf(t), err)
	}
	reader := newBatchReader(schema, batches)
	defer reader.Release()
	view := "iceberg_" + filepath.Base(link.Dir)
	release, err := sess.RegisterArrow(reader, view)
	if err != nil {
		return "", err
	}
	defer release()
	file := filepath.Join(link.Dir, "rows.parquet")
	columns := make([]string, len(rel.Columns))
	for i, c := range rel.Columns {
		columns[i] = "CAST(" + quote(c.Name) + " AS " + c.DuckDB() + ") AS " + quote(c.Name)
	}
	_, err = sess.Exec(ctx, "COPY (SELECT "+strings.Join(columns, ", ")+" FROM "+quote(view)+") TO "+engine.QuoteText(file)+" (FORMAT parquet, COMPRESSION zstd)")
	if reader.Err() != nil {
		return "", fmt.Errorf("%s: read rows with deletes: %w", nameOf(t), reader.Err())
	}
	if err != nil {
		return "", err
	}
	if _, err := sess.Exec(ctx, "DROP VIEW IF EXISTS "+quote(view)); err != nil {
		return "", err
	}
	return "SELECT * FROM read_parquet(" + engine.QuoteText(file) + ")", nil
}
