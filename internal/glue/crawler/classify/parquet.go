package classify

import (
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	pq "github.com/apache/arrow-go/v18/parquet/schema"

	"tarn/internal/glue/crawler/schema"
)

// readParquet reads a file's footer.
func readParquet(r *Result, in io.ReaderAt, size int64) {
	r.Classification = ParquetFormat
	fields, rows, err := parquetFooter(in, size)
	if err != nil {
		r.Classification = Unknown
		r.warn(0, "the Parquet file is damaged: %v", err)
		return
	}
	r.Columns, r.Records, r.Bytes, r.Complete = fields, rows, size, true
}

func parquetFooter(in io.ReaderAt, size int64) (fields []schema.Field, rows int64, err error) {
	// The reader panics on some damaged footers.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	f, err := file.NewParquetReader(io.NewSectionReader(in, 0, size))
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	root := f.MetaData().Schema.Root()
	for i := range root.NumFields() {
		n := root.Field(i)
		fields = append(fields, schema.Field{Name: n.Name(), Type: parquetType(n, 0)})
	}
	return fields, f.NumRows(), nil
}

// parquetType is the Hive type of a column, by its logical type.
func parquetType(n pq.Node, depth int) *schema.Type {
	if depth > deepestJSON {
		return schema.Of("string")
	}
	t := parquetBare(n, depth)
	if n.RepetitionType() == parquet.Repetitions.Repeated {
		return &schema.Type{Base: "array", Elem: t}
	}
	return t
}

func parquetBare(n pq.Node, depth int) *schema.Type {
	if g, ok := n.(*pq.GroupNode); ok {
		return parquetGroup(g, depth)
	}
	p := n.(*pq.PrimitiveNode)
	switch l := n.LogicalType().(type) {
	case pq.StringLogicalType, *pq.StringLogicalType, pq.EnumLogicalType, *pq.EnumLogicalType, pq.UUIDLogicalType, *pq.UUIDLogicalType, pq.JSONLogicalType, *pq.JSONLogicalType:
		return schema.Of("string")
	case pq.DateLogicalType, *pq.DateLogicalType:
		return schema.Of("date")
	case *pq.TimestampLogicalType:
		return schema.Of("timestamp")
	case pq.TimestampLogicalType:
		return schema.Of("timestamp")
	case *pq.DecimalLogicalType:
		return schema.Decimal(int(l.Precision()), int(l.Scale()))
	case pq.DecimalLogicalType:
		return schema.Decimal(int(l.Precision()), int(l.Scale()))
	case *pq.IntLogicalType:
		return parquetInt(int(l.BitWidth()), l.IsSigned())
	case pq.IntLogicalType:
		return parquetInt(int(l.BitWidth()), l.IsSigned())
	}
	switch p.PhysicalType() {
	case parquet.Types.Boolean:
		return schema.Of("boolean")
	case parquet.Types.Int32:
		return schema.Of("int")
	case parquet.Types.Int64:
		return schema.Of("bigint")
	case parquet.Types.Int96:
		return schema.Of("timestamp")
	case parquet.Types.Float:
		return schema.Of("float")
	case parquet.Types.Double:
		return schema.Of("double")
	}
	return schema.Of("binary")
}

// parquetInt widens unsigned numbers so that all their values fit.
func parquetInt(bits int, signed bool) *schema.Type {
	if !signed {
		if bits >= 64 {
			return schema.Decimal(20, 0)
		}
		bits *= 2
	}
	switch bits {
	case 8:
		return schema.Of("tinyint")
	case 16:
		return schema.Of("smallint")
	case 32:
		return schema.Of("int")
	}
	return schema.Of("bigint")
}

func parquetGroup(g *pq.GroupNode, depth int) *schema.Type {
	only := func() pq.Node { // the repeated child of a list or map
		if g.NumFields() == 1 && g.Field(0).RepetitionType() == parquet.Repetitions.Repeated {
			return g.Field(0)
		}
		return nil
	}
	switch g.LogicalType().(type) {
	case pq.ListLogicalType, *pq.ListLogicalType:
		rep := only()
		if rep == nil {
			break
		}
		// The three-level form names a group around the element; older files repeat the element itself.
		if inner, ok := rep.(*pq.GroupNode); ok && inner.NumFields() == 1 && rep.Name() != "array" && rep.Name() != g.Name()+"_tuple" {
			return &schema.Type{Base: "array", Elem: parquetType(inner.Field(0), depth+1)}
		}
		return &schema.Type{Base: "array", Elem: parquetBare(rep, depth+1)}
	case pq.MapLogicalType, *pq.MapLogicalType:
		if inner, ok := only().(*pq.GroupNode); ok && inner.NumFields() == 2 {
			return &schema.Type{Base: "map", Key: parquetType(inner.Field(0), depth+1), Elem: parquetType(inner.Field(1), depth+1)}
		}
	}
	t := &schema.Type{Base: "struct"}
	for i := range g.NumFields() {
		t.Fields = append(t.Fields, schema.Field{Name: g.Field(i).Name(), Type: parquetType(g.Field(i), depth+1)})
	}
	return t
}
