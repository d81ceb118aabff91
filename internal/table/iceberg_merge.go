package table

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/apache/iceberg-go"

	"tarn/internal/engine"
)

// touched is the part of the table that a merge must write again: the files
// that hold a row with a key of the answer's. The others are kept as they are.
// same compares the keys of o, an old row, and n, a new one.
func (l *landing) touched(ctx context.Context, answer, same string) (_ *Relation, err error) {
	whole := func() (*Relation, error) {
		l.keep = nil
		return l.w.reader.icebergRelation(ctx, l.sess, l.current, Options{})
	}
	fit, err := l.mergeFits()
	if err != nil {
		return nil, err
	}
	if !fit {
		return whole()
	}
	tasks, err := l.base.Scan().PlanFiles(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: plan its files: %w", nameOf(l.current), err)
	}
	for _, t := range tasks {
		if len(t.DeleteFiles)+len(t.EqualityDeleteFiles)+len(t.DeletionVectorFiles) > 0 || t.File.FileFormat() != iceberg.ParquetFile {
			return whole() // rows were deleted one by one: write what is left
		}
	}
	entries, ok, err := l.entries(ctx)
	if err != nil {
		return nil, err
	}
	if !ok {
		return whole()
	}
	columns, err := icebergColumns(l.base.Schema())
	if err != nil {
		return nil, err
	}
	rel := &Relation{Columns: columns, SQL: union(nil, columns)}
	defer func() {
		if err != nil {
			err = errors.Join(err, rel.Close())
		}
	}()
	if len(tasks) == 0 {
		return rel, nil
	}
	files := make([]File, len(tasks))
	for i, t := range tasks {
		bucket, key, err := parseLocation(t.File.FilePath())
		if err != nil {
			return nil, &Error{Table: nameOf(l.current), Message: err.Error()}
		}
		files[i] = File{Bucket: bucket, Key: key, Size: t.File.FileSizeBytes()}
	}
	link, err := l.w.reader.Link(ctx, files, LinkOptions{Table: nameOf(l.current), Suffix: ".parquet"})
	if err != nil {
		return nil, err
	}
	link.parquet, link.probe = &parquetLayout{}, prober(l.sess)
	rel.scans = append(rel.scans, link)
	hit, err := l.filesWith(ctx, link, answer, same)
	if err != nil {
		return nil, link.Explain(err)
	}
	var again []*LinkedFile
	for i := range link.Files {
		f := &link.Files[i]
		if hit[f.Path] {
			again = append(again, f)
			rel.Files++
			rel.Bytes += f.Size
			continue
		}
		entry, ok := entries[tasks[i].File.FilePath()]
		if !ok {
			return nil, fmt.Errorf("%s: no manifest has %s", nameOf(l.current), f.object())
		}
		l.keep = append(l.keep, keptFile{entry})
	}
	if len(again) > 0 {
		rel.SQL = "(" + selectByKey(again, l.base.Schema(), columns, func(f iceberg.NestedField) string { return fmt.Sprint(f.ID) }) + ")"
	}
	return rel, nil
}

// filesWith finds the links that have a row of the answer's keys.
func (l *landing) filesWith(ctx context.Context, link *Scan, answer, same string) (map[string]bool, error) {
	paths := make([]*LinkedFile, len(link.Files))
	for i := range link.Files {
		paths[i] = &link.Files[i]
	}
	var keys []string
	for _, k := range l.Keys {
		f, ok := l.base.Schema().FindFieldByNameCaseInsensitive(k)
		if !ok { // a new column: no old row has the key
			return nil, nil
		}
		t, err := fromIceberg(f.Type)
		if err != nil {
			return nil, err
		}
		keys = append(keys, fmt.Sprintf("%d: {name: %s, type: %s, default_value: NULL}", f.ID, engine.QuoteText(k), engine.QuoteText(t.DuckDB())))
	}
	rows, err := l.sess.Query(ctx, "SELECT DISTINCT filename FROM read_parquet("+pathList(paths)+", filename = true, schema = MAP {"+strings.Join(keys, ", ")+"}) o WHERE EXISTS (SELECT 1 FROM "+answer+" n WHERE "+same+")")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	hit := map[string]bool{}
	for rows.Next() {
		var path string
		if err := rows.Scan(&path); err != nil {
			return nil, err
		}
		hit[path] = true
	}
	return hit, rows.Err()
}

// mergeFits says whether present data files may stand beside the new ones
// under the schema and spec that the landing will give the table: columns may
// come, none may change.
func (l *landing) mergeFits() (bool, error) {
	meta := l.base.Metadata()
	if l.base.NameMapping() != nil || !readableByID(meta) {
		return false, nil
	}
	if err := l.plan(); err != nil {
		return false, err
	}
	spec := l.base.Spec()
	if !l.spec.CompatibleWith(&spec) {
		return false, nil
	}
	for _, f := range l.base.Schema().Fields() {
		if n, ok := l.schema.FindFieldByID(f.ID); ok && !n.Type.Equals(f.Type) {
			return false, nil
		}
	}
	return true, nil
}

// entries are the present data files by their addresses; ok is false if some
// are of another partition spec than the present one.
func (l *landing) entries(ctx context.Context) (_ map[string]iceberg.ManifestEntry, ok bool, err error) {
	in := lakeIO{ctx, l.w.lake}
	manifests, err := l.base.CurrentSnapshot().Manifests(in)
	if err != nil {
		return nil, false, err
	}
	spec := l.base.Spec()
	out := map[string]iceberg.ManifestEntry{}
	for _, m := range manifests {
		if m.ManifestContent() != iceberg.ManifestContentData {
			continue
		}
		if int(m.PartitionSpecID()) != spec.ID() {
			return nil, false, nil
		}
		for e, err := range m.Entries(in, true) {
			if err != nil {
				return nil, false, err
			}
			if e.Status() != iceberg.EntryStatusDELETED {
				out[e.DataFile().FilePath()] = e
			}
		}
	}
	return out, true, nil
}
