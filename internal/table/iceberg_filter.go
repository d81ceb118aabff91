package table

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/apache/iceberg-go"
	icetable "github.com/apache/iceberg-go/table"
)

// iceberg writes the filter for Iceberg's planner, which holds it against
// partitions, hidden ones too, and against the statistics of files; AlwaysTrue
// where nothing is known.
//
// Columns whose type was widened are left out: files keep the statistics of
// the type that they were written with, which the planner can't read as the new one.
func (f *Filter) iceberg(meta icetable.Metadata) iceberg.BooleanExpression {
	if f == nil {
		return iceberg.AlwaysTrue{}
	}
	types := map[int]iceberg.Type{}
	widened := map[int]bool{}
	for _, s := range meta.Schemas() {
		for _, field := range s.Fields() {
			if was, seen := types[field.ID]; seen && !was.Equals(field.Type) {
				widened[field.ID] = true
			}
			types[field.ID] = field.Type
		}
	}
	schema := meta.CurrentSchema()
	known := func(name string) (iceberg.NestedField, bool) {
		field, ok := schema.FindFieldByName(name)
		return field, ok && !widened[field.ID]
	}
	var out iceberg.BooleanExpression = iceberg.AlwaysFalse{}
	for _, conditions := range f.alternatives {
		var all iceberg.BooleanExpression = iceberg.AlwaysTrue{}
		for _, c := range conditions {
			if e, ok := f.icebergOf(&c.expr, known); ok {
				all = iceberg.NewAnd(all, e)
			}
		}
		out = iceberg.NewOr(out, all)
	}
	return out
}

func (f *Filter) icebergOf(e *filterExpr, known func(string) (iceberg.NestedField, bool)) (iceberg.BooleanExpression, bool) {
	field := func(x *filterExpr) (iceberg.Reference, iceberg.Type, bool) {
		if x == nil || x.Class != "COLUMN_REF" {
			return "", nil, false
		}
		n, ok := known(f.sketch.Columns[x.column].Name)
		if !ok {
			return "", nil, false
		}
		return iceberg.Reference(n.Name), n.Type, true
	}
	compare := func(op iceberg.Operation, column, value *filterExpr) (iceberg.BooleanExpression, bool) {
		ref, typ, ok := field(column)
		if !ok {
			return nil, false
		}
		lit, ok := icebergLiteral(typ, value)
		if !ok {
			return nil, false
		}
		return iceberg.LiteralPredicate(op, ref, lit), true
	}
	switch {
	case e.Class == "COMPARISON":
		ops := map[string]iceberg.Operation{"=": iceberg.OpEQ, "<": iceberg.OpLT, "<=": iceberg.OpLTEQ, ">": iceberg.OpGT, ">=": iceberg.OpGTEQ}
		op, ok := ops[e.comparison()]
		if !ok {
			return nil, false
		}
		return compare(op, e.Left, e.Right)
	case e.Class == "BETWEEN":
		from, okFrom := compare(iceberg.OpGTEQ, e.Input, e.Lower)
		to, okTo := compare(iceberg.OpLTEQ, e.Input, e.Upper)
		if !okFrom || !okTo {
			return nil, false
		}
		return iceberg.NewAnd(from, to), true
	case e.Class == "CONJUNCTION":
		var out iceberg.BooleanExpression
		for i := range e.Children {
			c, ok := f.icebergOf(&e.Children[i], known)
			if !ok && e.Type == "CONJUNCTION_AND" {
				continue
			}
			switch {
			case !ok:
				return nil, false
			case out == nil:
				out = c
			case e.Type == "CONJUNCTION_AND":
				out = iceberg.NewAnd(out, c)
			default:
				out = iceberg.NewOr(out, c)
			}
		}
		return out, out != nil
	case e.Class == "OPERATOR" && e.Type == "COMPARE_IN":
		var out iceberg.BooleanExpression = iceberg.AlwaysFalse{}
		for i := range e.Children[1:] {
			c, ok := compare(iceberg.OpEQ, &e.Children[0], &e.Children[i+1])
			if !ok {
				return nil, false
			}
			out = iceberg.NewOr(out, c)
		}
		return out, true
	case e.Class == "OPERATOR" && e.Type == "OPERATOR_IS_NULL":
		ref, _, ok := field(&e.Children[0])
		return iceberg.IsNull(ref), ok
	case e.Class == "FUNCTION" && e.FunctionName == "prefix" && len(e.Children) == 2:
		ref, typ, ok := field(&e.Children[0])
		var text string
		_, isText := typ.(iceberg.StringType)
		if !ok || !isText || e.Children[1].Class != "CONSTANT" || json.Unmarshal(e.Children[1].Value.Value, &text) != nil {
			return nil, false
		}
		return iceberg.StartsWith(ref, text), true
	}
	return nil, false
}

// icebergLiteral is a constant as a value of the type. Floating point is left
// out: the engine sorts NaN after all numbers, statistics don't know it.
func icebergLiteral(typ iceberg.Type, e *filterExpr) (iceberg.Literal, bool) {
	if e == nil {
		return nil, false
	}
	as, v := e.Value.Type.ID, e
	if e.Class == "CAST" && e.Child != nil {
		as, v = e.CastType.ID, e.Child
	}
	if v.Class != "CONSTANT" || v.Value.IsNull {
		return nil, false
	}
	var text string
	isText := json.Unmarshal(v.Value.Value, &text) == nil
	switch typ.(type) {
	case iceberg.Int32Type, iceberg.Int64Type:
		n, err := strconv.ParseInt(string(v.Value.Value), 10, 64)
		if err != nil || as != "INTEGER" && as != "BIGINT" {
			return nil, false
		}
		lit, err := iceberg.NewLiteral(n).To(typ)
		return lit, err == nil
	case iceberg.StringType:
		return iceberg.NewLiteral(text), isText && as == "VARCHAR"
	case iceberg.DateType:
		d, err := time.Parse("2006-01-02", text)
		return iceberg.NewLiteral(iceberg.Date(floorDiv(d.Unix(), 86400))), err == nil && as == "DATE"
	case iceberg.TimestampType:
		at, err := time.Parse("2006-01-02 15:04:05.999999", text)
		return iceberg.NewLiteral(iceberg.Timestamp(at.UnixMicro())), err == nil && as == "TIMESTAMP"
	case iceberg.TimestampTzType:
		at, err := time.Parse("2006-01-02 15:04:05.999999Z07", text)
		return iceberg.NewLiteral(iceberg.Timestamp(at.UnixMicro())), err == nil && as == "TIMESTAMP WITH TIME ZONE"
	}
	return nil, false
}
