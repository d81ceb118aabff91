package warehouse

import (
	"reflect"
	"strings"

	"tarn/internal/redshift/sql"
)

// psql asks PostgreSQL's catalog functions that Redshift does not have. They are answered in the
// statement itself: a NULL stands for what is not known of a table here, such as its size.
func standIn(node any) (sql.Expr, bool) {
	null := &sql.Cast{X: &sql.Literal{Kind: sql.LitNull}, Type: sql.TypeName{Name: "varchar", Args: []int{256}}}
	switch x := node.(type) {
	case *sql.Call:
		switch x.Name.Last() {
		case "pg_encoding_to_char":
			return &sql.Literal{Kind: sql.LitString, Text: "UTF8"}, true
		case "pg_type_is_visible":
			return &sql.Literal{Kind: sql.LitBool, Text: "true"}, true
		case "pg_get_function_result", "pg_get_function_arguments", "pg_table_size", "pg_relation_size", "pg_total_relation_size", "pg_size_pretty", "shobj_description",
			"pg_tablespace_location":
			return null, true
		}
	case *sql.ArrayQuery: // the storage options of a table's long values
		if body, ok := x.Query.Body.(*sql.Select); ok && len(body.From) == 1 {
			if f, ok := body.From[0].(*sql.TableFunc); ok && f.Call.Name.Last() == "unnest" {
				return &sql.ArrayLit{Items: []sql.Expr{null}}, true
			}
		}
	}
	return nil, false
}

// standIns puts them into a statement of psql's.
func standIns(stmt sql.Statement) {
	span := stmt.Source()
	if span == nil || !strings.Contains(span.Text, "pg_catalog.") {
		return
	}
	seen := map[uintptr]bool{}
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if v.IsNil() || seen[v.Pointer()] {
				return
			}
			seen[v.Pointer()] = true
			walk(v.Elem())
		case reflect.Interface:
			if v.IsNil() {
				return
			}
			if v.CanSet() {
				if x, ok := standIn(v.Interface()); ok {
					v.Set(reflect.ValueOf(x))
					return
				}
			}
			walk(v.Elem())
		case reflect.Struct:
			for i := range v.NumField() {
				if v.Type().Field(i).IsExported() {
					walk(v.Field(i))
				}
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		}
	}
	walk(reflect.ValueOf(stmt))
}
