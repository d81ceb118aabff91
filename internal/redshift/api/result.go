package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"tarn/api/redshiftdata"
	"tarn/internal/awsapi"
	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/warehouse"
	"tarn/internal/redshift/wire"
)

// A result's file has the columns in its first line, and a row in each of the others, all in the
// words of the Data API. It is complete once the statement is finished.

// one runs one statement and keeps its rows.
func (d *Data) one(ctx context.Context, r *record, i int, session *warehouse.Session) error {
	s := &r.Subs[i]
	var named []warehouse.NamedParameter
	for _, p := range r.Params {
		named = append(named, warehouse.NamedParameter{Name: p.Name, Value: p.Value})
	}
	res, err := session.Execute(ctx, s.SQL, named)
	if err != nil {
		return err
	}
	defer res.Close()
	columns := res.Columns()
	if columns == nil {
		if _, err := res.Next(ctx); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if n, ok := warehouse.Affected(res); ok {
			s.Rows = n
		}
		return nil
	}
	file, err := os.OpenFile(d.resultPath(r.ID, i), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	out := bufio.NewWriterSize(file, 256<<10)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	meta := make([]*redshiftdata.ColumnMetadata, len(columns))
	for j, c := range columns {
		meta[j] = describeColumn(c)
	}
	if err := enc.Encode(meta); err != nil {
		return err
	}
	format := session.Format()
	var rows, size int64
	fields := make([]*redshiftdata.Field, len(columns))
	for {
		row, err := res.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		for j, v := range row {
			f, n, err := field(columns[j], v, format)
			if err != nil {
				return err
			}
			fields[j] = f
			size += n
		}
		if size > maxResult {
			return wire.Errorf("54000", "the result is larger than 500 MB")
		}
		if err := enc.Encode(fields); err != nil {
			return err
		}
		rows++
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	s.HasResult, s.Rows, s.Size = true, rows, size
	return nil
}

// field is a value in the Data API's form, with its size.
func field(c wire.Column, v any, format wire.Format) (*redshiftdata.Field, int64, error) {
	switch v := v.(type) {
	case nil:
		return &redshiftdata.Field{IsNull: new(true)}, 0, nil
	case bool:
		return &redshiftdata.Field{BooleanValue: new(v)}, 1, nil
	case int16:
		return &redshiftdata.Field{LongValue: new(int64(v))}, 2, nil
	case int32:
		return &redshiftdata.Field{LongValue: new(int64(v))}, 4, nil
	case int64:
		return &redshiftdata.Field{LongValue: new(v)}, 8, nil
	case float32:
		if f := float64(v); !math.IsNaN(f) && !math.IsInf(f, 0) {
			// The shortest digits that give the same number, not those of the wider type.
			short, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', -1, 32), 64)
			return &redshiftdata.Field{DoubleValue: new(short)}, 4, err
		}
	case float64:
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			return &redshiftdata.Field{DoubleValue: new(v)}, 8, nil
		}
	}
	s, err := wire.Text(c, v, format)
	return &redshiftdata.Field{StringValue: new(s)}, int64(len(s)), err
}

// describeColumn is a column in the Data API's form.
func describeColumn(c wire.Column) *redshiftdata.ColumnMetadata {
	t := typeOf(c)
	nullable := int32(1)
	if c.NotNull {
		nullable = 0
	}
	precision, scale, length := measure(t)
	return &redshiftdata.ColumnMetadata{
		IsCaseSensitive: new(t.IsText()), IsCurrency: new(false), IsSigned: new(t.IsNumber()), Label: new(c.Name), Name: new(c.Name), Nullable: &nullable,
		Precision: &precision, Scale: &scale, SchemaName: new(c.Schema), TableName: new(c.Source), TypeName: new(t.TypeName()), Length: &length,
	}
}

func typeOf(c wire.Column) sql.Type {
	switch c.OID {
	case wire.OIDVarchar:
		return sql.Varchar(max(int(c.TypMod)-4, 0))
	case wire.OIDChar:
		return sql.Char(max(int(c.TypMod)-4, 0))
	case wire.OIDNumeric:
		n := max(int(c.TypMod)-4, 0)
		return sql.Decimal(n>>16, n&0xffff)
	case wire.OIDText:
		return sql.TextT
	case wire.OIDName:
		return sql.NameT
	case wire.OIDVarbyte:
		return sql.Varbyte(max(int(c.TypMod)-4, 0))
	}
	for _, t := range []sql.Type{sql.Bool, sql.Int2, sql.Int4, sql.Int8, sql.Float4, sql.Float8, sql.Date, sql.Time, sql.TimeTZ, sql.Timestamp, sql.TimestampTZ,
		sql.IntervalT, sql.Super, sql.OIDT} {
		if t.OID() == c.OID {
			return t
		}
	}
	return sql.TextT
}

// measure gives a type's precision, scale and length as JDBC has them.
func measure(t sql.Type) (precision, scale, length int32) {
	switch t.Kind {
	case sql.KInt2:
		return 5, 0, 0
	case sql.KInt4:
		return 10, 0, 0
	case sql.KInt8:
		return 19, 0, 0
	case sql.KFloat4:
		return 8, 8, 0
	case sql.KFloat8:
		return 17, 17, 0
	case sql.KDecimal:
		return int32(t.Prec), int32(t.Scale), 0
	case sql.KBool:
		return 1, 0, 0
	case sql.KDate:
		return 13, 0, 0
	case sql.KTimestamp:
		return 29, 6, 0
	case sql.KTimestampTZ:
		return 35, 6, 0
	}
	return int32(t.Len), 0, int32(t.Len)
}

// page is one answer's worth of a result.
type page struct {
	columns []*redshiftdata.ColumnMetadata
	rows    [][]*redshiftdata.Field
	next    *string
}

// result reads a page of a statement's result.
func (d *Data) result(ctx context.Context, id, token *string, wait *int32, format string) (*page, int64, error) {
	if wait != nil {
		whole, _, _ := strings.Cut(awsapi.Val(id), ":")
		d.await(ctx, whole, time.Duration(*wait)*time.Second)
	}
	r, n, err := d.load(ctx, awsapi.Val(id))
	if err != nil {
		return nil, 0, err
	}
	if r.Batch && n == 0 && len(r.Subs) > 1 {
		return nil, 0, redshiftdata.ValidationException("The result of a batch is that of one of its statements: give an Id such as %s:1.", r.ID)
	}
	i := max(n-1, 0)
	s := r.Subs[i]
	if r.Format != format {
		return nil, 0, redshiftdata.ValidationException("The result of statement %s has the format %s.", r.ID, r.Format)
	}
	if !ended(s.Status) {
		return nil, 0, redshiftdata.ResourceNotFoundException("Query result is not available yet: the statement is %s.", s.Status).With("ResourceId", awsapi.Val(id))
	}
	if !s.HasResult || s.Status != finished {
		return nil, 0, redshiftdata.ResourceNotFoundException("Query does not have result. Please check query status with DescribeStatement.").With("ResourceId", awsapi.Val(id))
	}
	p, err := readPage(d.resultPath(r.ID, i), awsapi.Val(token))
	return p, s.Rows, err
}

func readPage(path, token string) (*page, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	in := bufio.NewReaderSize(file, 256<<10)
	head, err := in.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("read a result: %w", err)
	}
	p := &page{rows: [][]*redshiftdata.Field{}}
	if err := json.Unmarshal(head, &p.columns); err != nil {
		return nil, err
	}
	offset := int64(len(head))
	if token != "" {
		bad := redshiftdata.ValidationException("Invalid NextToken.")
		at, err := strconv.ParseInt(token, 36, 64)
		if err != nil || at < offset {
			return nil, bad
		}
		// A token points behind the end of a row.
		end := make([]byte, 1)
		if _, err := file.ReadAt(end, at-1); err != nil || end[0] != '\n' {
			return nil, bad
		}
		if _, err := file.Seek(at, io.SeekStart); err != nil {
			return nil, err
		}
		in.Reset(file)
		offset = at
	}
	size := 0
	for len(p.rows) < pageRows && size < pageBytes {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return p, nil
		}
		if err != nil {
			return nil, err
		}
		var row []*redshiftdata.Field
		if err := json.Unmarshal(line, &row); err != nil {
			return nil, err
		}
		p.rows = append(p.rows, row)
		size += len(line)
		offset += int64(len(line))
	}
	if _, err := in.Peek(1); errors.Is(err, io.EOF) {
		return p, nil
	}
	p.next = new(strconv.FormatInt(offset, 36))
	return p, nil
}

// GetStatementResult gives a page of rows.
func (d *Data) GetStatementResult(ctx context.Context, in *redshiftdata.GetStatementResultInput) (*redshiftdata.GetStatementResultOutput, error) {
	p, total, err := d.result(ctx, in.Id, in.NextToken, in.WaitTimeSeconds, "JSON")
	if err != nil {
		return nil, err
	}
	return &redshiftdata.GetStatementResultOutput{Records: p.rows, ColumnMetadata: p.columns, TotalNumRows: &total, NextToken: p.next}, nil
}

// GetStatementResultV2 gives a page of rows as CSV.
func (d *Data) GetStatementResultV2(ctx context.Context, in *redshiftdata.GetStatementResultV2Input) (*redshiftdata.GetStatementResultV2Output, error) {
	p, total, err := d.result(ctx, in.Id, in.NextToken, in.WaitTimeSeconds, "CSV")
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	w.UseCRLF = true
	if in.NextToken == nil {
		header := make([]string, len(p.columns))
		for i, c := range p.columns {
			header[i] = awsapi.Val(c.Label)
		}
		if err := w.Write(header); err != nil {
			return nil, err
		}
	}
	for _, row := range p.rows {
		line := make([]string, len(row))
		for i, f := range row {
			line[i] = plain(f)
		}
		if err := w.Write(line); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return &redshiftdata.GetStatementResultV2Output{Records: []*redshiftdata.QueryRecords{{CSVRecords: new(text.String())}}, ColumnMetadata: p.columns,
		TotalNumRows: &total, ResultFormat: new("CSV"), NextToken: p.next}, w.Error()
}

func plain(f *redshiftdata.Field) string {
	switch {
	case f.StringValue != nil:
		return *f.StringValue
	case f.LongValue != nil:
		return strconv.FormatInt(*f.LongValue, 10)
	case f.DoubleValue != nil:
		return strconv.FormatFloat(*f.DoubleValue, 'g', -1, 64)
	case f.BooleanValue != nil:
		return strconv.FormatBool(*f.BooleanValue)
	}
	return ""
}
