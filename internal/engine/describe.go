package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// Description is what DuckDB knows of a statement before it runs.
type Description struct {
	// Parameters are the types of $1, $2, ... in order; "" where DuckDB can't
	// tell yet.
	Parameters []string
	// Columns of the answer; Known is false when they depend on parameters.
	Columns []Column
	Known   bool
}

// Describe prepares one statement, without running it.
func (s *Session) Describe(ctx context.Context, query string) (Description, error) {
	var d Description
	err := s.run(ctx, func(ctx context.Context) error {
		return s.conn.Raw(func(c any) error {
			prepared, err := c.(*duckdb.Conn).PrepareContext(ctx, query)
			if err != nil {
				return err
			}
			stmt := prepared.(*duckdb.Stmt)
			defer stmt.Close()
			for i := range stmt.NumInput() {
				t, err := stmt.ParamType(i + 1)
				if err != nil {
					return err
				}
				name := typeName(t)
				if t == duckdb.TYPE_INVALID || t == duckdb.TYPE_ANY {
					name = ""
				}
				d.Parameters = append(d.Parameters, name)
			}
			n, err := stmt.ColumnCount()
			if err != nil {
				return err
			}
			d.Known = true
			for i := range n {
				name, err := stmt.ColumnName(i)
				if err != nil {
					return err
				}
				col := Column{Name: name}
				if info, err := stmt.ColumnTypeInfo(i); err == nil {
					col.Type = typeText(info)
				} else {
					d.Known = false // the parameters decide
				}
				d.Columns = append(d.Columns, col)
			}
			return nil
		})
	})
	return d, err
}

// typeName is SQL's name of a type without parts.
func typeName(t duckdb.Type) string {
	switch t {
	case duckdb.TYPE_TIMESTAMP_TZ:
		return "TIMESTAMP WITH TIME ZONE"
	case duckdb.TYPE_TIME_TZ:
		return "TIME WITH TIME ZONE"
	}
	for name, known := range scalarTypes() {
		if known == t {
			return name
		}
	}
	return "UNKNOWN"
}

// typeText writes a type as SQL would.
func typeText(info duckdb.TypeInfo) string {
	switch d := info.Details().(type) {
	case *duckdb.DecimalDetails:
		return fmt.Sprintf("DECIMAL(%d,%d)", d.Width, d.Scale)
	case *duckdb.ListDetails:
		return typeText(d.Child) + "[]"
	case *duckdb.ArrayDetails:
		return fmt.Sprintf("%s[%d]", typeText(d.Child), d.Size)
	case *duckdb.MapDetails:
		return "MAP(" + typeText(d.Key) + ", " + typeText(d.Value) + ")"
	case *duckdb.StructDetails:
		parts := make([]string, len(d.Entries))
		for i, e := range d.Entries {
			parts[i] = QuoteIdent(e.Name()) + " " + typeText(e.Info())
		}
		return "STRUCT(" + strings.Join(parts, ", ") + ")"
	case *duckdb.EnumDetails:
		parts := make([]string, len(d.Values))
		for i, v := range d.Values {
			parts[i] = QuoteText(v)
		}
		return "ENUM(" + strings.Join(parts, ", ") + ")"
	}
	return typeName(info.InternalType())
}
