package pipeline

import (
	"context"
	"fmt"
	"strings"

	"tarn/api/redshiftdata"
	"tarn/internal/awsapi"
)

// Result is a query's answer.
type Result struct {
	Columns []string
	Rows    [][]any // string, int64, float64, bool or nil
	Tag     string  // for what returns no rows
}

// Query runs a statement and reads its whole answer, as Rows does.
func (t *Target) Query(ctx context.Context, sql, project string) (*Result, error) {
	res := &Result{}
	var err error
	res.Tag, err = t.Rows(ctx, sql, project, func(columns []string) error {
		res.Columns = columns
		return nil
	}, func(row []any) error {
		res.Rows = append(res.Rows, row)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return res, nil
}

// Rows runs a statement through the Data API, and hands on the names of its
// columns, then row after row. In a project, names without a schema are looked for
// in the project's schemas. What returns no rows answers what it did.
func (t *Target) Rows(ctx context.Context, sql, project string, head func([]string) error, row func([]any) error) (tag string, err error) {
	statements := []string{sql}
	if project != "" {
		statements = []string{fmt.Sprintf(`SET search_path TO "%s", "%[1]s_lake", public`, project), sql}
	}
	d, err := t.SQL(ctx, statements...)
	if err != nil {
		return "", err
	}
	id := d.Id
	has := awsapi.Val(d.HasResultSet)
	for _, s := range d.SubStatements {
		if awsapi.Val(s.HasResultSet) {
			id, has = s.Id, true
		}
	}
	if !has {
		if n := awsapi.Val(d.ResultRows); n >= 0 {
			return "done, " + Count(n, "row"), nil
		}
		return "done", nil
	}
	first := true
	return "", pages(func(token *string) (*string, error) {
		page, err := dataCall[redshiftdata.GetStatementResultOutput](ctx, t, "GetStatementResult", &redshiftdata.GetStatementResultInput{Id: id, NextToken: token})
		if err != nil {
			return nil, err
		}
		if first {
			first = false
			var columns []string
			for _, c := range page.ColumnMetadata {
				columns = append(columns, or(awsapi.Val(c.Label), awsapi.Val(c.Name)))
			}
			if err := head(columns); err != nil {
				return nil, err
			}
		}
		for _, rec := range page.Records {
			if err := row(values(rec)); err != nil {
				return nil, err
			}
		}
		return page.NextToken, nil
	})
}

// values are a record's: string, int64, float64, bool or nil.
func values(rec []*redshiftdata.Field) []any {
	row := make([]any, len(rec))
	for i, f := range rec {
		switch {
		case f.StringValue != nil:
			row[i] = *f.StringValue
		case f.LongValue != nil:
			row[i] = *f.LongValue
		case f.DoubleValue != nil:
			row[i] = *f.DoubleValue
		case f.BooleanValue != nil:
			row[i] = *f.BooleanValue
		case f.BlobValue != nil:
			row[i] = fmt.Sprintf("%x", f.BlobValue)
		}
	}
	return row
}

// RawNames writes raw.x as <project>_raw.x, outside strings and comments.
func RawNames(sql, project string) string {
	if project == "" {
		return sql
	}
	var b strings.Builder
	toks := sqlTokens(sql)
	// Positions of tokens are lines and columns; find each in the text.
	lines := strings.SplitAfter(sql, "\n")
	starts := make([]int, len(lines)+1)
	for i, l := range lines {
		starts[i+1] = starts[i] + len(l)
	}
	last := 0
	for i := 0; i+2 < len(toks); i++ {
		t := toks[i]
		if !t.word || t.quoted || !strings.EqualFold(t.text, "raw") || toks[i+1].text != "." || i > 0 && toks[i-1].text == "." {
			continue
		}
		off := starts[t.line-1] + t.col - 1
		b.WriteString(sql[last:off])
		b.WriteString(project + "_raw")
		last = off + len(t.text)
	}
	b.WriteString(sql[last:])
	return b.String()
}
