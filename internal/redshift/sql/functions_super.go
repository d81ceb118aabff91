package sql

import "strings"

// superFunctions work on SUPER and on JSON text. SUPER is the engine's JSON type.
func superFunctions() []function {
	return []function{
		fn("json_parse", ov(args(cText), is(Super), "rs_json_parse($1)")),
		fn("json_serialize", overload{args: args(cSuper), result: anyText, sql: "CAST($1 AS VARCHAR)"}),
		fn("is_valid_json", ov(args(cText), is(Bool), "(json_valid($1) AND json_type($1) IN ('OBJECT', 'ARRAY'))")),
		fn("is_valid_json_array", ov(args(cText), is(Bool), "(json_valid($1) AND json_type($1) = 'ARRAY')")),
		fn("can_json_parse", ov(args(cText), is(Bool), "json_valid($1)")),
		special("json_extract_path_text", jsonExtractPathText),
		fn("json_extract_array_element_text",
			overload{args: args(cText, cInt8), result: anyText, sql: "rs_json_element($1, $2)", blank: true},
			overload{args: args(cText, cInt8, cBool), result: anyText, sql: "CASE WHEN $3 AND NOT json_valid($1) THEN NULL ELSE rs_json_element($1, $2) END", blank: true}),
		fn("json_array_length",
			ov(args(cText), is(Int4), "CAST(json_array_length($1) AS INTEGER)"),
			ov(args(cText, cBool), is(Int4), "CASE WHEN $2 AND NOT json_valid($1) THEN NULL ELSE CAST(json_array_length($1) AS INTEGER) END")),
		fn("json_typeof", ov(args(cSuper), is(Varchar(16)), "rs_json_typeof($1)")),
		fn("get_array_length", ov(args(cSuper), is(Int4), "CASE WHEN json_type($1) = 'ARRAY' THEN CAST(json_array_length($1) AS INTEGER) END")),
		fn("is_array", ov(args(cSuper), is(Bool), "(json_type($1) = 'ARRAY')")),
		fn("is_object", ov(args(cSuper), is(Bool), "(json_type($1) = 'OBJECT')")),
		fn("is_scalar", ov(args(cSuper), is(Bool), "(json_type($1) NOT IN ('OBJECT', 'ARRAY'))")),
		fn("is_varchar is_char", ov(args(cSuper), is(Bool), "(json_type($1) = 'VARCHAR')")),
		fn("is_integer is_bigint is_smallint", ov(args(cSuper), is(Bool), "(json_type($1) IN ('BIGINT', 'UBIGINT'))")),
		fn("is_decimal is_float", ov(args(cSuper), is(Bool), "(json_type($1) = 'DOUBLE')")),
		fn("is_boolean", ov(args(cSuper), is(Bool), "(json_type($1) = 'BOOLEAN')")),
		fn("json_size", ov(args(cSuper), is(Int4), "CAST(strlen(CAST($1 AS VARCHAR)) AS INTEGER)")),
		fn("array",
			ov(args(), is(Super), "json_array()"),
			variadic(args(cAny), is(Super), "json_array($*)")),
		fn("object",
			ov(args(), is(Super), "json_object()"),
			variadic(args(cAny, cAny), is(Super), "json_object($*)")),
		fn("array_concat", ov(args(cSuper, cSuper), is(Super), "to_json(list_concat(CAST($1 AS JSON[]), CAST($2 AS JSON[])))")),
		fn("array_flatten", ov(args(cSuper), is(Super), "to_json(flatten(CAST($1 AS JSON[][])))")),
		fn("subarray", ov(args(cSuper, cInt8, cInt8), is(Super), "to_json(CAST($1 AS JSON[])[$2 + 1 : $2 + $3])")),
		fn("split_to_array",
			ov(args(cText), is(Super), "to_json(string_split($1, ','))"),
			ov(args(cText, cText), is(Super), "to_json(string_split($1, $2))")),
		fn("array_contains", ov(args(cSuper, cAny), is(Bool), "list_contains(CAST($1 AS JSON[]), to_json($2))")),
		fn("array_distinct", ov(args(cSuper), is(Super), "to_json(list_distinct(CAST($1 AS JSON[])))")),
	}
}

// jsonExtractPathText walks object keys: missing keys and JSON null give the empty string.
func jsonExtractPathText(c *compiler, e *Call) value {
	if len(e.Args) < 2 || len(e.Args) > 7 {
		c.noFunction(e, c.exprs(e.Args))
	}
	doc := c.asText(c.expr(e.Args[0]))
	lenient := ""
	keys := e.Args[1:]
	if l, ok := keys[len(keys)-1].(*Literal); ok && l.Kind == LitBool {
		lenient, keys = l.Text, keys[:len(keys)-1]
	}
	pointer := ""
	dynamic := false
	var parts []string
	for _, k := range keys {
		v := c.asText(c.expr(k))
		if s, ok := constant(v); ok {
			s = "/" + strings.ReplaceAll(strings.ReplaceAll(s, "~", "~0"), "/", "~1")
			pointer += s
			parts = append(parts, quoteText(s))
			continue
		}
		dynamic = true
		parts = append(parts, "'/' || replace(replace("+v.sql+", '~', '~0'), '/', '~1')")
	}
	path := quoteText(pointer)
	if dynamic {
		path = "(" + strings.Join(parts, " || ") + ")"
	}
	text := "CASE WHEN " + doc.sql + " IS NOT NULL THEN coalesce(json_extract_string(" + doc.sql + ", " + path + "), '') END"
	if lenient == "true" {
		text = "CASE WHEN json_valid(" + doc.sql + ") THEN coalesce(json_extract_string(" + doc.sql + ", " + path + "), '') END"
	}
	return value{sql: text, typ: Varchar(MaxVarchar), blank: true}
}
