package table

import (
	"context"
	"fmt"
	"strings"

	"tarn/internal/engine"
)

// parquetSelect reads Parquet files by column name. Files may lack columns or
// have further ones; the declared types win.
func parquetSelect(ctx context.Context, sess *engine.Session, scan *Scan, columns []Column) (string, error) {
	files := make([]*LinkedFile, len(scan.Files))
	for i := range scan.Files {
		files[i] = &scan.Files[i]
	}
	from := fmt.Sprintf("read_parquet(%s, union_by_name = %t, %s)", pathList(files), len(files) > 1, hiveOptions(columns))
	scan.parquet, scan.probe = &parquetLayout{}, prober(sess)
	d, err := sess.Describe(ctx, "SELECT * FROM "+from)
	if err != nil {
		return "", scan.Explain(err)
	}
	have := make(map[string]engine.Column, len(d.Columns))
	for _, c := range d.Columns {
		have[strings.ToLower(c.Name)] = c
		scan.columns = append(scan.columns, c.Name)
	}
	parts := make([]string, len(columns))
	for i, c := range columns {
		h, ok := have[strings.ToLower(c.Name)]
		switch {
		case c.Partition:
			parts[i] = quote(c.Name)
		case !ok:
			parts[i] = null(c)
		default:
			value := parquetValue(h, c)
			if strings.HasPrefix(value, "CAST(") {
				scan.parquet.casts = append(scan.parquet.casts, parquetCast{h.Name, value, c})
			}
			parts[i] = value + " AS " + quote(c.Name)
		}
	}
	return "SELECT " + strings.Join(parts, ", ") + "\nFROM " + from, nil
}

// parquetValue casts a file's column to the table's type. A cast that would do
// nothing is left out: it would keep filters from the file's statistics.
func parquetValue(have engine.Column, want Column) string {
	v := quote(have.Name)
	target := want.DuckDB()
	switch {
	case have.Type == target:
		return v
	case have.Type == "BLOB" && want.Type.isText():
		return "decode(" + v + ")" // text without its annotation, as older writers leave it
	case isTZ(have.Type) && want.Type.Kind == Timestamp:
		return "timezone('UTC', " + v + ")" // an instant, which Hive's timestamps show in UTC
	case isTZ(have.Type) && want.Type.Kind == Date:
		return "CAST(timezone('UTC', " + v + ") AS DATE)"
	}
	return "CAST(" + v + " AS " + target + ")"
}

func isTZ(duck string) bool { return duck == "TIMESTAMP WITH TIME ZONE" || duck == "TIMESTAMPTZ" }
