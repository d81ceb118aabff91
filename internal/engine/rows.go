package engine

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

// ErrNoRows is QueryRow's answer to an empty result.
var ErrNoRows = errors.New("the query answered no row")

// Values that have no Go type of their own come as the driver's: exact
// decimals, intervals, UUIDs, and maps.
type (
	Decimal  = duckdb.Decimal
	Interval = duckdb.Interval
	UUID     = duckdb.UUID
	Map      = duckdb.OrderedMap
)

// Column is a result's column with DuckDB's name for its type, for example
// DECIMAL(18,2) or STRUCT("a" INTEGER).
type Column struct{ Name, Type string }

// Rows is a complete result, read forwards. Values are bool, int8 to int64,
// uint8 to uint64, float32, float64, string, []byte, time.Time, *big.Int,
// Decimal, Interval, []any, map[string]any, Map, or nil.
type Rows struct {
	rows    driver.Rows
	columns []Column
	row     []driver.Value
	err     error
	closed  bool
}

func newRows(rows driver.Rows) *Rows {
	names := rows.Columns()
	types := rows.(driver.RowsColumnTypeDatabaseTypeName)
	r := &Rows{rows: rows, columns: make([]Column, len(names)), row: make([]driver.Value, len(names))}
	for i, n := range names {
		r.columns[i] = Column{n, types.ColumnTypeDatabaseTypeName(i)}
	}
	return r
}

// Columns describes the result.
func (r *Rows) Columns() []Column { return r.columns }

// Next moves to the next row.
func (r *Rows) Next() bool {
	if r.closed || r.err != nil {
		return false
	}
	err := r.rows.Next(r.row)
	if errors.Is(err, io.EOF) {
		return false
	}
	if err != nil {
		r.err = wrap(context.Background(), err)
		return false
	}
	return true
}

// Values returns the present row; the slice is reused by Next.
func (r *Rows) Values() []driver.Value { return r.row }

// Err is what stopped Next early, if anything.
func (r *Rows) Err() error { return r.err }

// Close frees the result.
func (r *Rows) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	return r.rows.Close()
}

// Scan copies the present row into pointers to any, string, int64, float64,
// bool or time.Time; NULL leaves the zero value.
func (r *Rows) Scan(dst ...any) error {
	if len(dst) != len(r.row) {
		return fmt.Errorf("scan %d columns into %d values", len(r.row), len(dst))
	}
	for i, d := range dst {
		if err := assign(d, r.row[i]); err != nil {
			return fmt.Errorf("column %s: %w", r.columns[i].Name, err)
		}
	}
	return nil
}

func assign(dst any, v driver.Value) error {
	switch d := dst.(type) {
	case *any:
		*d = v
		return nil
	case *string:
		switch v := v.(type) {
		case nil:
			*d = ""
		case string:
			*d = v
		case []byte:
			*d = string(v)
		default:
			*d = fmt.Sprint(v)
		}
		return nil
	case *bool:
		b, ok := v.(bool)
		if ok || v == nil {
			*d = b
			return nil
		}
	case *time.Time:
		t, ok := v.(time.Time)
		if ok || v == nil {
			*d = t
			return nil
		}
	case *int64:
		if n, ok := integer(v); ok {
			*d = n
			return nil
		}
	case *float64:
		switch v := v.(type) {
		case float64:
			*d = v
			return nil
		case float32:
			*d = float64(v)
			return nil
		case Decimal:
			*d = v.Float64()
			return nil
		}
		if n, ok := integer(v); ok {
			*d = float64(n)
			return nil
		}
	}
	return fmt.Errorf("can't put %T into %T", v, dst)
}

func integer(v driver.Value) (int64, bool) {
	switch v := v.(type) {
	case nil:
		return 0, true
	case int64:
		return v, true
	case int32:
		return int64(v), true
	case int16:
		return int64(v), true
	case int8:
		return int64(v), true
	case uint8:
		return int64(v), true
	case uint16:
		return int64(v), true
	case uint32:
		return int64(v), true
	case uint64:
		return int64(v), v <= 1<<63-1
	case interface{ IsInt64() bool }: // *big.Int, of HUGEINT
		if b, ok := v.(interface{ Int64() int64 }); ok && v.IsInt64() {
			return b.Int64(), true
		}
	}
	return 0, false
}
