package main

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	glueapi "tarn/api/glue"
	"tarn/internal/table"
)

type previewQuery struct {
	Database, Table string
	Limit           int
}

type previewColumn struct{ Name, Type string }

type preview struct {
	Columns   []previewColumn
	Rows      [][]any
	Truncated bool
}

// preview reads the first rows of a table of the catalog, for the caller in ctx.
func (w *wiring) preview(ctx context.Context, q previewQuery) (any, error) {
	limit := min(max(q.Limit, 1), 1000)
	sess, err := w.engine.Session(ctx)
	if err != nil {
		return nil, err
	}
	defer sess.Close()
	rel, err := w.reader.Relation(ctx, sess, q.Database, q.Table, table.Options{Preview: true})
	if err != nil {
		return nil, badTable(err)
	}
	defer rel.Close()
	rows, err := sess.Query(ctx, fmt.Sprintf("SELECT * FROM %s LIMIT %d", rel.SQL, limit+1))
	if err != nil {
		return nil, badTable(rel.Explain(err))
	}
	defer rows.Close()
	out := preview{Columns: []previewColumn{}, Rows: [][]any{}, Truncated: rel.Truncated}
	for _, c := range rel.Columns {
		out.Columns = append(out.Columns, previewColumn{c.Name, c.Hive})
	}
	for rows.Next() {
		if len(out.Rows) == limit {
			out.Truncated = true
			break
		}
		values := rows.Values()
		row := make([]any, len(values))
		for i, v := range values {
			row[i] = plain(v)
		}
		out.Rows = append(out.Rows, row)
	}
	return out, badTable(rel.Explain(rows.Err()))
}

// badTable answers for a table or a file of it that can't be read: that is the user's to mend, not
// a failure of ours.
func badTable(err error) error {
	var bad *table.Error
	if !errors.As(err, &bad) {
		return err
	}
	return glueapi.InvalidInputException("%s", bad.Error())
}

// plain gives a value in a form that JSON and a person can read.
func plain(v any) any {
	switch v := v.(type) {
	case time.Time:
		if v.Hour() == 0 && v.Minute() == 0 && v.Second() == 0 && v.Nanosecond() == 0 {
			return v.Format("2006-01-02")
		}
		return v.Format("2006-01-02 15:04:05.999999")
	case []byte:
		return fmt.Sprintf("%x", v)
	case *big.Int:
		return v.String()
	case fmt.Stringer:
		return v.String()
	}
	return v
}
