package table

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/iceberg-go"

	"tarn/api/glue"
	"tarn/internal/engine"
)

// fromIceberg maps an Iceberg type.
func fromIceberg(t iceberg.Type) (Type, error) {
	switch t := t.(type) {
	case iceberg.BooleanType:
		return Type{Kind: Boolean}, nil
	case iceberg.Int32Type:
		return Type{Kind: Int}, nil
	case iceberg.Int64Type:
		return Type{Kind: BigInt}, nil
	case iceberg.Float32Type:
		return Type{Kind: Float}, nil
	case iceberg.Float64Type:
		return Type{Kind: Double}, nil
	case iceberg.DecimalType:
		return Type{Kind: Decimal, Precision: t.Precision(), Scale: t.Scale()}, nil
	case iceberg.StringType:
		return Type{Kind: String}, nil
	case iceberg.BinaryType, iceberg.FixedType:
		return Type{Kind: Binary}, nil
	case iceberg.UUIDType:
		return Type{Kind: UUID}, nil
	case iceberg.DateType:
		return Type{Kind: Date}, nil
	case iceberg.TimeType:
		return Type{Kind: Time}, nil
	case iceberg.TimestampType, iceberg.TimestampNsType:
		return Type{Kind: Timestamp}, nil
	case iceberg.TimestampTzType, iceberg.TimestampTzNsType:
		return Type{Kind: TimestampTZ}, nil
	case *iceberg.ListType:
		elem, err := fromIceberg(t.Element)
		return Type{Kind: Array, Elem: &elem}, err
	case *iceberg.MapType:
		key, err := fromIceberg(t.KeyType)
		if err != nil {
			return Type{}, err
		}
		elem, err := fromIceberg(t.ValueType)
		return Type{Kind: MapOf, Key: &key, Elem: &elem}, err
	case *iceberg.StructType:
		out := Type{Kind: Struct}
		for _, f := range t.FieldList {
			ft, err := fromIceberg(f.Type)
			if err != nil {
				return Type{}, err
			}
			out.Fields = append(out.Fields, Field{f.Name, ft})
		}
		return out, nil
	}
	return Type{}, fmt.Errorf("Iceberg type %s is not read", t)
}

// icebergColumns are the columns of a schema.
func icebergColumns(schema *iceberg.Schema) ([]Column, error) {
	out := make([]Column, 0, schema.NumFields())
	for _, f := range schema.Fields() {
		t, err := fromIceberg(f.Type)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", f.Name, err)
		}
		out = append(out, Column{Name: f.Name, Type: t, Hive: t.Hive(), Comment: f.Doc})
	}
	return out, nil
}

// schemaBuilder gives a query's columns Iceberg types and field ids. A column
// keeps the id that the table's present schema has for its name, so that older
// snapshots and statistics still mean the same.
type schemaBuilder struct{ last int }

func (b *schemaBuilder) fresh() int { b.last++; return b.last }

// build makes the schema of columns on top of base, which may be nil.
func (b *schemaBuilder) build(columns []Column, base *iceberg.Schema) (*iceberg.Schema, error) {
	fields := make([]iceberg.NestedField, len(columns))
	var old []iceberg.NestedField
	if base != nil {
		old = base.Fields()
	}
	for i, c := range columns {
		f, err := b.field(c.Name, c.Type, old)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", c.Name, err)
		}
		f.Doc = c.Comment
		fields[i] = f
	}
	return iceberg.NewSchema(0, fields...), nil
}

func (b *schemaBuilder) field(name string, t Type, old []iceberg.NestedField) (iceberg.NestedField, error) {
	f := iceberg.NestedField{Name: name}
	var was iceberg.Type
	for _, o := range old {
		if strings.EqualFold(o.Name, name) {
			f.ID, was, f.Doc = o.ID, o.Type, o.Doc
		}
	}
	if f.ID == 0 {
		f.ID = b.fresh()
	}
	var err error
	f.Type, err = b.typ(t, was)
	return f, err
}

func (b *schemaBuilder) typ(t Type, was iceberg.Type) (iceberg.Type, error) {
	switch t.Kind {
	case Boolean:
		return iceberg.PrimitiveTypes.Bool, nil
	case TinyInt, SmallInt, Int:
		return iceberg.PrimitiveTypes.Int32, nil
	case BigInt:
		return iceberg.PrimitiveTypes.Int64, nil
	case Float:
		return iceberg.PrimitiveTypes.Float32, nil
	case Double:
		return iceberg.PrimitiveTypes.Float64, nil
	case Decimal:
		return iceberg.DecimalTypeOf(t.Precision, t.Scale), nil
	case String, Char, Varchar, Void, UUID, Interval:
		return iceberg.PrimitiveTypes.String, nil
	case Binary:
		return iceberg.PrimitiveTypes.Binary, nil
	case Date:
		return iceberg.PrimitiveTypes.Date, nil
	case Time:
		return iceberg.PrimitiveTypes.Time, nil
	case Timestamp:
		return iceberg.PrimitiveTypes.Timestamp, nil
	case TimestampTZ:
		return iceberg.PrimitiveTypes.TimestampTz, nil
	case Array:
		l := &iceberg.ListType{}
		var old iceberg.Type
		if w, ok := was.(*iceberg.ListType); ok {
			l.ElementID, old = w.ElementID, w.Element
		} else {
			l.ElementID = b.fresh()
		}
		var err error
		l.Element, err = b.typ(*t.Elem, old)
		return l, err
	case MapOf:
		m := &iceberg.MapType{}
		var oldKey, oldValue iceberg.Type
		if w, ok := was.(*iceberg.MapType); ok {
			m.KeyID, m.ValueID, oldKey, oldValue = w.KeyID, w.ValueID, w.KeyType, w.ValueType
		} else {
			m.KeyID, m.ValueID = b.fresh(), b.fresh()
		}
		var err error
		if m.KeyType, err = b.typ(*t.Key, oldKey); err != nil {
			return nil, err
		}
		m.ValueType, err = b.typ(*t.Elem, oldValue)
		return m, err
	case Struct:
		s := &iceberg.StructType{}
		var old []iceberg.NestedField
		if w, ok := was.(*iceberg.StructType); ok {
			old = w.FieldList
		}
		for _, f := range t.Fields {
			nested, err := b.field(f.Name, f.Type, old)
			if err != nil {
				return nil, err
			}
			s.FieldList = append(s.FieldList, nested)
		}
		return s, nil
	}
	return nil, fmt.Errorf("Iceberg has no type for %s", t.Kind)
}

// storedAs is how a column of the type is written: what Iceberg's reader of
// the column expects, in DuckDB's words.
func storedAs(t Type) Type {
	switch t.Kind {
	case TinyInt, SmallInt:
		return Type{Kind: Int}
	case Char, Varchar, Void, UUID, Interval:
		return Type{Kind: String}
	case Array:
		elem := storedAs(*t.Elem)
		return Type{Kind: Array, Elem: &elem}
	case MapOf:
		key, elem := storedAs(*t.Key), storedAs(*t.Elem)
		return Type{Kind: MapOf, Key: &key, Elem: &elem}
	case Struct:
		out := Type{Kind: Struct}
		for _, f := range t.Fields {
			out.Fields = append(out.Fields, Field{f.Name, storedAs(f.Type)})
		}
		return out
	}
	return t
}

// fieldIDs writes a schema's ids as COPY wants them.
func fieldIDs(schema *iceberg.Schema) string {
	return "{" + structIDs(schema.Fields()) + "}"
}

func structIDs(fields []iceberg.NestedField) string {
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = engine.QuoteText(f.Name) + ": " + nestedIDs(f.ID, f.Type)
	}
	return strings.Join(parts, ", ")
}

func nestedIDs(id int, t iceberg.Type) string {
	switch t := t.(type) {
	case *iceberg.ListType:
		return fmt.Sprintf("{__duckdb_field_id: %d, 'element': %s}", id, nestedIDs(t.ElementID, t.Element))
	case *iceberg.MapType:
		return fmt.Sprintf("{__duckdb_field_id: %d, 'key': %s, 'value': %s}", id, nestedIDs(t.KeyID, t.KeyType), nestedIDs(t.ValueID, t.ValueType))
	case *iceberg.StructType:
		return fmt.Sprintf("{__duckdb_field_id: %d, %s}", id, structIDs(t.FieldList))
	}
	return strconv.Itoa(id)
}

// catalogColumns describes a schema as Iceberg's Glue clients do.
func catalogColumns(schema *iceberg.Schema) ([]*glue.Column, error) {
	columns, err := icebergColumns(schema)
	if err != nil {
		return nil, err
	}
	out := make([]*glue.Column, len(columns))
	for i, f := range schema.Fields() {
		out[i] = &glue.Column{Name: new(f.Name), Type: new(columns[i].Hive), Parameters: map[string]string{
			"iceberg.field.id":       strconv.Itoa(f.ID),
			"iceberg.field.optional": strconv.FormatBool(!f.Required),
			"iceberg.field.current":  "true",
		}}
		if f.Doc != "" {
			out[i].Comment = new(f.Doc)
		}
	}
	return out, nil
}
