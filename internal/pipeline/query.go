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

// Query runs a statement through the Data API and reads its whole answer. In a
// project, names without a schema are looked for in the project's schemas.
func (t *Target) Query(ctx context.Context, sql, project string) (*Result, error) {
	statements := []string{sql}
	if project != "" {
		statements = []string{fmt.Sprintf(`SET search_path TO "%s", "%[1]s_lake", public`, project), sql}
	}
	d, err := t.SQL(ctx, statements...)
	if err != nil {
		return nil, err
	}
	res := &Result{Tag: "done"}
	id := d.Id
	has := awsapi.Val(d.HasResultSet)
	for _, s := range d.SubStatements {
		if awsapi.Val(s.HasResultSet) {
			id, has = s.Id, true
		}
	}
	if !has {
		if n := awsapi.Val(d.ResultRows); n >= 0 {
			res.Tag = fmt.Sprintf("done, %s rows", Grouped(n))
		}
		return res, nil
	}
	var token *string
	for {
		page, err := dataCall[redshiftdata.GetStatementResultOutput](ctx, t, "GetStatementResult", &redshiftdata.GetStatementResultInput{Id: id, NextToken: token})
		if err != nil {
			return nil, err
		}
		if res.Columns == nil {
			for _, c := range page.ColumnMetadata {
				res.Columns = append(res.Columns, or(awsapi.Val(c.Label), awsapi.Val(c.Name)))
			}
		}
		for _, rec := range page.Records {
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
			res.Rows = append(res.Rows, row)
		}
		if token = page.NextToken; token == nil {
			return res, nil
		}
	}
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
