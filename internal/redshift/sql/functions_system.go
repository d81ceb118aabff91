package sql

import (
	"strconv"
	"strings"
)

// HostFunction is a function over the catalog that the warehouse gives the engine, as a macro or a scalar function of the
// same name, because only it knows the answers.
type HostFunction struct {
	Name   string // the engine's name
	Args   []Type
	Result Type
	Doc    string
}

// HostFunctions are the functions that generated SQL may call and Prelude and ScalarUDFs do not define.
func HostFunctions() []HostFunction {
	txt, oid := Varchar(MaxVarchar), OIDT
	f := func(name, doc string, result Type, args ...Type) HostFunction {
		return HostFunction{name, args, result, doc}
	}
	return []HostFunction{
		f("rs_regclass", "the OID of a relation by its name", oid, txt),
		f("rs_regclass_text", "a relation's name by OID", txt, oid),
		f("rs_regproc", "the OID of a function by its name", oid, txt),
		f("rs_regproc_text", "a function's name by OID", txt, oid),
		f("rs_regtype", "the OID of a type by its name", oid, txt),
		f("rs_regtype_text", "a type's name by OID", txt, oid),
		f("rs_format_type", "format_type(oid, typmod)", txt, oid, Int4),
		f("rs_get_userbyid", "a user's name", NameT, oid),
		f("rs_get_viewdef", "the text of a view", txt, oid),
		f("rs_get_expr", "the text of a default", txt, txt, oid),
		f("rs_get_constraintdef", "the text of a constraint", txt, oid),
		f("rs_get_indexdef", "the text of an index", txt, oid),
		f("rs_table_is_visible", "whether a table is found without a schema", Bool, oid),
		f("rs_function_is_visible", "whether a function is found without a schema", Bool, oid),
		f("rs_col_description", "a column's comment", txt, oid, Int4),
		f("rs_obj_description", "an object's comment", txt, oid, txt),
		f("rs_has_table_privilege", "user, table, privileges", Bool, txt, txt, txt),
		f("rs_has_schema_privilege", "user, schema, privileges", Bool, txt, txt, txt),
		f("rs_has_database_privilege", "user, database, privileges", Bool, txt, txt, txt),
		f("rs_has_function_privilege", "user, function, privileges", Bool, txt, txt, txt),
		f("rs_encoding_name", "format_encoding(number)", txt, Int4),
		f("rs_user_is_member_of", "user, role", Bool, txt, txt),
		f("rs_terminate_backend", "ends a session", Int4, Int4),
		f("rs_cancel_backend", "cancels a session's query", Int4, Int4),
	}
}

// systemFunctions tell of the session and the catalog. What the session knows becomes a constant.
func systemFunctions() []function {
	text := func(names string, get func(s *Session) string) function {
		return special(names, func(c *compiler, e *Call) value {
			c.arity(e, 0, 0)
			return value{sql: quoteText(get(c.ses)), typ: Varchar(128)}
		})
	}
	number := func(names string, t Type, get func(s *Session) int64) function {
		return special(names, func(c *compiler, e *Call) value {
			c.arity(e, 0, 0)
			return value{sql: "CAST(" + strconv.FormatInt(get(c.ses), 10) + " AS " + t.DuckDB() + ")", typ: t}
		})
	}
	privilege := func(name string) function {
		return special("has_"+name+"_privilege", func(c *compiler, e *Call) value {
			c.arity(e, 2, 3)
			var texts []string
			for _, v := range c.exprs(e.Args) {
				texts = append(texts, c.asText(v).sql)
			}
			if len(texts) == 2 {
				texts = append([]string{quoteText(c.ses.User)}, texts...)
			}
			return value{sql: "rs_has_" + name + "_privilege(" + strings.Join(texts, ", ") + ")", typ: Bool}
		})
	}
	txt := Varchar(MaxVarchar)
	return []function{
		text("current_database", func(s *Session) string { return s.Database }),
		special("current_schema", func(c *compiler, e *Call) value {
			if c.ses.Schema == "" {
				return value{sql: "CAST(NULL AS VARCHAR)", typ: NameT}
			}
			return value{sql: quoteText(c.ses.Schema), typ: NameT}
		}),
		special("current_schemas", func(c *compiler, e *Call) value {
			c.arity(e, 1, 1)
			v := c.expr(e.Args[0])
			names := c.ses.Schemas
			if s, _ := constant(v); s == "true" {
				names = append([]string{"pg_catalog"}, names...)
			}
			var parts []string
			for _, n := range names {
				parts = append(parts, quoteText(n))
			}
			return value{sql: "CAST([" + strings.Join(parts, ", ") + "] AS VARCHAR[])", typ: ArrayOf(KName)}
		}),
		text("current_user user", func(s *Session) string { return s.User }),
		text("session_user", func(s *Session) string {
			if s.SessionUser == "" {
				return s.User
			}
			return s.SessionUser
		}),
		number("current_user_id", Int4, func(s *Session) int64 { return int64(s.UserID) }),
		text("version", func(s *Session) string { return s.Version }),
		number("pg_backend_pid", Int4, func(s *Session) int64 { return int64(s.BackendPID) }),
		number("pg_last_query_id", Int8, func(s *Session) int64 { return s.LastQueryID }),
		number("pg_last_copy_id", Int8, func(s *Session) int64 { return s.LastCopyID }),
		number("pg_last_copy_count", Int8, func(s *Session) int64 { return s.LastCopyRows }),
		number("pg_last_unload_id", Int8, func(s *Session) int64 { return s.LastUnloadID }),
		number("pg_last_unload_count", Int8, func(s *Session) int64 { return s.LastUnload }),
		number("txid_current", Int8, func(s *Session) int64 { return s.LastQueryID }),
		number("slice_num", Int4, func(s *Session) int64 { return 0 }),
		text("current_aws_account", func(s *Session) string { return s.Account }),
		text("current_namespace", func(s *Session) string { return s.Namespace }),
		special("current_setting", currentSetting),
		special("set_config", setConfig),
		special("has_type_privilege", func(c *compiler, e *Call) value {
			c.arity(e, 2, 3)
			c.exprs(e.Args)
			return value{sql: "true", typ: Bool}
		}),
		privilege("table"), privilege("schema"), privilege("database"), privilege("function"),
		fn("pg_get_userbyid", ov(args(cOID), is(NameT), "rs_get_userbyid($1)")),
		fn("format_type", ov(args(cOID, cInt4), is(txt), "rs_format_type($1, $2)")),
		fn("format_encoding", ov(args(cInt4), is(txt), "rs_encoding_name($1)")),
		fn("pg_get_viewdef",
			ov(args(cOID), is(txt), "rs_get_viewdef($1)"),
			ov(args(cOID, cAny), is(txt), "rs_get_viewdef($1)")),
		fn("pg_get_expr",
			ov(args(cText, cOID), is(txt), "rs_get_expr($1, $2)"),
			ov(args(cText, cOID, cBool), is(txt), "rs_get_expr($1, $2)")),
		fn("pg_get_constraintdef",
			ov(args(cOID), is(txt), "rs_get_constraintdef($1)"),
			ov(args(cOID, cBool), is(txt), "rs_get_constraintdef($1)")),
		fn("pg_get_indexdef",
			ov(args(cOID), is(txt), "rs_get_indexdef($1)"),
			ov(args(cOID, cInt4, cBool), is(txt), "rs_get_indexdef($1)")),
		fn("pg_table_is_visible", ov(args(cOID), is(Bool), "rs_table_is_visible($1)")),
		fn("pg_function_is_visible", ov(args(cOID), is(Bool), "rs_function_is_visible($1)")),
		fn("col_description", ov(args(cOID, cInt4), is(txt), "rs_col_description($1, $2)")),
		fn("obj_description",
			ov(args(cOID), is(txt), "rs_obj_description($1, '')"),
			ov(args(cOID, cText), is(txt), "rs_obj_description($1, $2)")),
		fn("array_to_string", ov(args(cArray, cText), is(txt), "array_to_string($1, $2)")),
		fn("array_upper", ov(args(cArray, cInt4), is(Int4), "CAST(nullif(len($1), 0) AS INTEGER)")),
		fn("array_lower", ov(args(cArray, cInt4), is(Int4), "CASE WHEN len($1) > 0 THEN 1 END")),
		fn("user_is_member_of", ov(args(cText, cText), is(Bool), "rs_user_is_member_of($1, $2)")),
		fn("pg_terminate_backend", ov(args(cInt4), is(Int4), "rs_terminate_backend($1)")),
		fn("pg_cancel_backend", ov(args(cInt4), is(Int4), "rs_cancel_backend($1)")),
	}
}

func currentSetting(c *compiler, e *Call) value {
	c.arity(e, 1, 2)
	v := c.expr(e.Args[0])
	name, ok := constant(v)
	if !ok {
		panic(unsupportedArg(e.Args[0].Pos(), "current_setting of a name that is not a constant is not supported"))
	}
	if c.ses.Setting != nil {
		if s, ok := c.ses.Setting(foldASCII(name)); ok {
			return value{sql: quoteText(s), typ: Varchar(MaxVarchar)}
		}
	}
	if len(e.Args) == 2 {
		if s, _ := constant(c.expr(e.Args[1])); s == "true" {
			return value{sql: "CAST(NULL AS VARCHAR)", typ: Varchar(MaxVarchar)}
		}
	}
	panic(errAt(e.Args[0].Pos(), CodeUndefinedObject, "unrecognized configuration parameter \"%s\"", name))
}

// setConfig notes the change for the caller; the query gives the new value.
func setConfig(c *compiler, e *Call) value {
	c.arity(e, 3, 3)
	var texts []string
	for _, v := range c.exprs(e.Args) {
		s, ok := constant(v)
		if !ok {
			panic(unsupportedArg(v.pos, "arguments of set_config must be constants"))
		}
		texts = append(texts, s)
	}
	c.set = append(c.set, SettingChange{Name: foldASCII(texts[0]), Value: texts[1], Local: texts[2] == "true"})
	return value{sql: quoteText(texts[1]), typ: Varchar(MaxVarchar)}
}

// tableFunc compiles a function in FROM. generate_series is the engine's; record functions of the catalog are tables to
// the Catalog, under their own name.
func (c *compiler) tableFunc(t *TableFunc) (string, []*column) {
	e := t.Call
	name := e.Name.Last()
	alias := aliasOf(t.Alias, name)
	r := &rel{alias: alias, sql: c.freeAlias(alias)}
	var text string
	switch name {
	case "generate_series":
		c.arity(e, 2, 3)
		vals := c.exprs(e.Args)
		var parts []string
		typ := Int4
		for _, v := range vals {
			if v.typ.Kind == KInt8 {
				typ = Int8
			}
			parts = append(parts, c.implicit(v, Int8).sql)
		}
		text = "(SELECT CAST(x AS " + typ.DuckDB() + ") AS " + quoteIdent(name) + " FROM generate_series(" + strings.Join(parts, ", ") + ") AS g(x)) AS " + quoteIdent(r.sql)
		r.cols = []*column{{name: alias, sql: quoteIdent(r.sql) + "." + quoteIdent(name), typ: typ, rel: r}}
		if t.Alias == nil {
			r.cols[0].name = name
		}
	default:
		if f := functions[name]; f != nil && len(t.Columns) == 0 { // select * from current_schema()
			v := c.settle(c.expr(e))
			text = "(SELECT " + v.sql + " AS " + quoteIdent(name) + ") AS " + quoteIdent(r.sql)
			r.cols = []*column{{name: alias, sql: quoteIdent(r.sql) + "." + quoteIdent(name), typ: v.typ, rel: r}}
			break
		}
		info, err := c.recordFunction(e)
		if err != nil {
			panic(err)
		}
		use, slot := c.newUse(info, e.Pos())
		r = c.tableRel(info, use, alias)
		text = slot + " AS " + quoteIdent(r.sql)
		if len(t.Columns) > len(r.cols) {
			panic(errAt(t.Columns[len(r.cols)].Name.Pos, CodeTypeMismatch, "query-specified return row and actual function return row do not match"))
		}
	}
	for i, col := range t.Columns {
		if i >= len(r.cols) {
			panic(errAt(col.Name.Pos, CodeSyntax, "table \"%s\" has %d columns available but %d columns specified", alias, len(r.cols), len(t.Columns)))
		}
		r.cols[i].name = col.Name.Name
		if col.Type != nil {
			want, err := ResolveType(*col.Type)
			if err != nil {
				panic(err)
			}
			if want != r.cols[i].typ {
				v := c.castTo(value{sql: r.cols[i].sql, typ: r.cols[i].typ, pos: col.Name.Pos}, want)
				r.cols[i].sql, r.cols[i].typ = v.sql, want
			}
		}
	}
	c.scope.addRel(r, e.Pos())
	return text, r.cols
}

// recordFunction asks the catalog for a function's rows, as the table "name()" or "name('argument')".
func (c *compiler) recordFunction(e *Call) (*TableInfo, error) {
	var texts []string
	for _, v := range c.exprs(e.Args) {
		s, ok := constant(v)
		if !ok {
			panic(unsupportedArg(v.pos, "arguments of %s in FROM must be constants", e.Name.Last()))
		}
		texts = append(texts, quoteText(s))
	}
	name := e.Name.Last() + "(" + strings.Join(texts, ", ") + ")"
	if c.cat != nil {
		info, err := c.cat.Table([]string{"pg_catalog", name})
		if info != nil || err != nil {
			return info, err
		}
	}
	return nil, errAt(e.Pos(), CodeUndefinedFunction, "function %s does not exist", name)
}
