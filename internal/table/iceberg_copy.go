package table

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/apache/iceberg-go"

	"tarn/internal/engine"
)

// dataFile is a Parquet file that COPY wrote.
type dataFile struct {
	path, key     string
	rows, size    int64
	partitionPath string
	values        map[int]any // partition field id -> value
	entry         iceberg.DataFile
}

// largestFile is where a data file is ended and another begun.
const largestFile = "512MB"

// write runs the query into Parquet files with field ids.
func (l *landing) write(ctx context.Context) ([]*dataFile, error) {
	parts := make([]string, len(l.columns))
	for i, c := range l.columns {
		stored := storedAs(c.Type).DuckDB()
		parts[i] = quote(c.Name)
		if c.Hive != stored { // Hive holds the query's own type here
			parts[i] = "CAST(" + quote(c.Name) + " AS " + stored + ") AS " + quote(c.Name)
		}
	}
	options := "FORMAT parquet, COMPRESSION zstd, RETURN_STATS, FIELD_IDS " + fieldIDs(l.schema)
	var by []string
	for i, f := range l.Partition {
		name := fmt.Sprintf("__p%d", i)
		parts = append(parts, "CAST("+partitionExpression(f, l.column(f.Column))+" AS VARCHAR) AS "+name)
		by = append(by, name)
	}
	if len(by) > 0 {
		options += ", PARTITION_BY (" + strings.Join(by, ", ") + "), FILENAME_PATTERN 'f_{uuid}'"
	} else {
		options += ", FILE_SIZE_BYTES '" + largestFile + "'"
	}
	target := filepath.Join(l.dir, "data")
	rows, err := l.sess.Query(ctx, "COPY (SELECT "+strings.Join(parts, ", ")+" FROM ("+l.Query+"\n)) TO "+engine.QuoteText(target)+" ("+options+")", l.Args...)
	if err != nil {
		return nil, l.Wrap(err)
	}
	defer rows.Close()
	var out []*dataFile
	for rows.Next() {
		f, err := l.dataFile(rows.Values()[0], rows.Values()[1], rows.Values()[2], rows.Values()[4], rows.Values()[5], len(out))
		if err != nil {
			return nil, err
		}
		if f.rows > 0 {
			out = append(out, f)
		}
	}
	return out, rows.Err()
}

func (l *landing) column(name string) Column {
	if i := findColumn(l.columns, name); i >= 0 {
		return l.columns[i]
	}
	return Column{Name: name}
}

// dataFile reads one row of COPY's statistics.
func (l *landing) dataFile(name, count, size, statistics, keys any, n int) (*dataFile, error) {
	f := &dataFile{values: map[int]any{}}
	var ok bool
	if f.path, ok = name.(string); !ok {
		return nil, fmt.Errorf("COPY named no file: %v", name)
	}
	rows, okRows := count.(uint64)
	bytes, okSize := size.(uint64)
	if !okRows || !okSize {
		return nil, fmt.Errorf("COPY gave no size of %s", f.path)
	}
	f.rows, f.size = int64(rows), int64(bytes)
	logical := map[int]string{}
	partition := textMap(keys)
	for i := range l.spec.NumFields() {
		field := l.spec.Field(i)
		source, _ := l.schema.FindFieldByID(field.SourceID())
		var text *string
		if v, ok := partition[fmt.Sprintf("__p%d", i)].(string); ok {
			text = &v
		}
		value, human, err := partitionValue(l.Partition[i], source.Type, text)
		if err != nil {
			return nil, fmt.Errorf("partition %s of %s: %w", field.Name, f.path, err)
		}
		f.values[field.FieldID] = value
		f.partitionPath = path.Join(f.partitionPath, partitionFolder(field.Name, human))
		switch field.Transform.ResultType(source.Type).(type) {
		case iceberg.DateType:
			logical[field.FieldID] = "date"
		case iceberg.TimestampType, iceberg.TimestampTzType:
			logical[field.FieldID] = "timestamp-micros"
		}
	}
	f.key = path.Join(l.prefix, "data", f.partitionPath, fmt.Sprintf(ownFiles+"%s-%05d.parquet", l.id, n))
	b, err := iceberg.NewDataFileBuilder(l.spec, iceberg.EntryContentData, "s3://"+l.bucket+"/"+f.key, iceberg.ParquetFile, f.values, logical, nil, f.rows, f.size)
	if err != nil {
		return nil, err
	}
	l.statistics(b, statistics)
	f.entry = b.Build()
	return f, nil
}

// statistics hands COPY's figures of the columns on.
func (l *landing) statistics(b *iceberg.DataFileBuilder, statistics any) {
	sizes, values, nulls := map[int]int64{}, map[int]int64{}, map[int]int64{}
	lower, upper := map[int][]byte{}, map[int][]byte{}
	for name, figures := range textMap(statistics) {
		field, ok := l.fieldAt(name)
		if !ok {
			continue
		}
		m := textMap(figures)
		get := func(key string) (string, bool) { v, ok := m[key].(string); return v, ok }
		count := func(key string, into map[int]int64) {
			if v, ok := get(key); ok {
				if n, err := strconv.ParseInt(v, 10, 64); err == nil {
					into[field.ID] = n
				}
			}
		}
		count("column_size_bytes", sizes)
		count("num_values", values)
		count("null_count", nulls)
		if nan, ok := get("has_nan"); ok && nan == "true" {
			continue
		}
		if v, ok := get("min"); ok {
			if e := bound(field.Type, v, false); e != nil {
				lower[field.ID] = e
			}
		}
		if v, ok := get("max"); ok {
			if e := bound(field.Type, v, true); e != nil {
				upper[field.ID] = e
			}
		}
	}
	b.ColumnSizes(sizes).ValueCounts(values).NullValueCounts(nulls).LowerBoundValues(lower).UpperBoundValues(upper)
}

// textMap reads a MAP value with text keys.
func textMap(v any) map[string]any {
	m, _ := v.(engine.Map)
	out := make(map[string]any, m.Len())
	values := m.Values()
	for i, k := range m.Keys() {
		if text, ok := k.(string); ok {
			out[text] = values[i]
		}
	}
	return out
}

// fieldAt finds the field of a quoted path, "a"."b". Those within lists and
// maps have no bounds in Iceberg.
func (l *landing) fieldAt(text string) (iceberg.NestedField, bool) {
	p := &typeParser{text: text}
	fields := l.schema.Fields()
	for {
		if !p.take('"') {
			return iceberg.NestedField{}, false
		}
		name, err := p.quoted('"')
		if err != nil {
			return iceberg.NestedField{}, false
		}
		var found *iceberg.NestedField
		for i := range fields {
			if fields[i].Name == name {
				found = &fields[i]
			}
		}
		if found == nil {
			return iceberg.NestedField{}, false
		}
		if !p.take('.') {
			return *found, true
		}
		s, ok := found.Type.(*iceberg.StructType)
		if !ok {
			return iceberg.NestedField{}, false
		}
		fields = s.FieldList
	}
}

// written is a relation of the new files, for a look before the commit.
func (l *landing) written(files []*dataFile) string {
	if len(files) == 0 {
		return union(nil, l.columns)
	}
	paths := make([]*LinkedFile, len(files))
	for i, f := range files {
		paths[i] = &LinkedFile{Path: f.path}
	}
	return "(SELECT * FROM read_parquet(" + pathList(paths) + ", hive_partitioning = false))"
}
