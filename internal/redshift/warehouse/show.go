package warehouse

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"tarn/internal/engine"
	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/wire"
)

// maxShown is how many rows SHOW gives before it refuses.
const maxShown = 10000

// showing is one form of SHOW: its columns, and the query over the system catalog that answers it.
// {name} is what is asked of; the words of fillSystem work too.
type showing struct {
	columns string
	parts   int // of the name that must be given
	query   string
	like    string // the column that LIKE is about
	order   string
}

const (
	shownRelations = `SELECT {database} AS database_name, c.nspname AS schema_name, c.name AS table_name, ` + shortKind + ` AS table_type, ` + joinedACL + ` AS table_acl,
		c.remark AS remarks, c.ownername AS owner, NULL::TIMESTAMP AS last_altered_time, NULL::TIMESTAMP AS last_modified_time,
		CASE WHEN c.kind = 'r' AND NOT c.system THEN ` + distWord + ` END AS dist_style,
		CASE WHEN c.materialized THEN 'MATERIALIZED VIEW' WHEN c.late THEN 'LATE BINDING VIEW' WHEN c.kind = 'v' THEN 'REGULAR VIEW' ELSE 'REGULAR TABLE' END AS table_subtype
		FROM ` + allRelations + ` c WHERE c.nspname = {schema}
		UNION ALL SELECT {database}, schemaname, tablename, 'EXTERNAL TABLE', NULL, NULL, NULL, NULL, NULL, NULL, 'EXTERNAL TABLE' FROM {external_tables} WHERE schemaname = {schema}`
	shownColumns = `SELECT {database} AS database_name, c.nspname AS schema_name, c.name AS table_name, a.name AS column_name, a.num AS ordinal_position,
		coalesce(a.preset, '"identity"(' || a.rel || ', ' || a.num || ', ''' || a.seed || ',' || a.step || '''::text)') AS column_default, ` + nullableWord + ` AS is_nullable,
		` + plainType + ` AS data_type, ` + textLength + ` AS character_maximum_length, ` + digits + ` AS numeric_precision, ` + digitScale + ` AS numeric_scale, a.remark AS remarks,
		CASE WHEN a.sortkey = 0 THEN NULL WHEN a.sortkey < 0 THEN 'INTERLEAVED' ELSE 'COMPOUND' END AS sort_key_type, a.sortkey AS sort_key,
		CASE WHEN a.distkey THEN 1 ELSE 0 END AS dist_key, a.encode AS encoding, 'default' AS collation FROM ` + localColumns + ` WHERE c.nspname = {schema} AND c.name = {table}
		UNION ALL SELECT {database}, schemaname, tablename, columnname, columnnum, NULL, 'YES', regexp_replace(redshift_type, '\(.*\)', ''),
		TRY_CAST(regexp_extract(redshift_type, 'character.*\((\d+)\)', 1) AS INTEGER), TRY_CAST(regexp_extract(redshift_type, 'numeric\((\d+)', 1) AS INTEGER),
		TRY_CAST(regexp_extract(redshift_type, 'numeric\(\d+,(\d+)', 1) AS INTEGER), NULL, NULL, 0, 0, NULL, NULL FROM {external_columns} WHERE schemaname = {schema} AND tablename = {table}
		UNION ALL SELECT {database}, view_schema, view_name, col_name, col_num, NULL, 'YES', regexp_replace(col_type, '\(.*\)', ''),
		TRY_CAST(regexp_extract(col_type, 'character.*\((\d+)\)', 1) AS INTEGER), NULL, NULL, NULL, NULL, 0, 0, NULL, NULL FROM {late_columns}
		WHERE view_schema = {schema} AND view_name = {table}`
	shownKeys = `(SELECT *, unnest(columns) AS num, unnest(range(1, len(columns) + 1)) AS i FROM {db}._tarn.constr) k JOIN {db}._tarn.relation r ON r.oid = k.rel
		JOIN {db}._tarn.namespace n ON n.oid = r.schema JOIN {db}._tarn.attribute a ON a.rel = r.oid AND a.num = k.num`
	shownForeign = `SELECT {database} AS pk_database_name, pn.name AS pk_schema_name, p.name AS pk_table_name, pa.name AS pk_column_name, {database} AS fk_database_name,
		n.name AS fk_schema_name, r.name AS fk_table_name, a.name AS fk_column_name, k.i AS key_seq, 3 AS update_rule, 3 AS delete_rule, k.name AS fk_name,
		(SELECT any_value(x.name) FROM {db}._tarn.constr x WHERE x.rel = p.oid AND x.kind = 'p') AS pk_name, 7 AS deferrability FROM ` + shownKeys + `
		JOIN {db}._tarn.relation p ON p.oid = k.refrel JOIN {db}._tarn.namespace pn ON pn.oid = p.schema
		LEFT JOIN {db}._tarn.attribute pa ON pa.rel = p.oid AND pa.num = k.refcolumns[k.i] WHERE k.kind = 'f'`
	foreignColumns = `pk_database_name text, pk_schema_name text, pk_table_name text, pk_column_name text, fk_database_name text, fk_schema_name text, fk_table_name text,
		fk_column_name text, key_seq int4, update_rule int4, delete_rule int4, fk_name text, pk_name text, deferrability int4`
)

// showings are the forms of SHOW that list.
func showings(kind string) (showing, bool) {
	s, ok := map[string]showing{
		"databases": {columns: "database_name v, database_owner int4, database_type v32, database_acl v, parameters v, database_isolation_level v",
			query: `SELECT d.name, u.id, 'local', NULL, NULL, 'Snapshot Isolation' FROM {databases} d LEFT JOIN {users} u ON u.name = d.owner`, like: "database_name", order: "1"},
		"schemas": {columns: "database_name v, schema_name v, schema_owner int4, schema_type v, schema_acl v, source_database v, schema_option v", parts: 1,
			query: `SELECT {database}, s.name, u.id, s.kind, array_to_string(s.acl, '|'), s.options->>'database', NULL FROM ` + allSchemas + ` s LEFT JOIN {users} u ON u.name = s.owner`,
			like:  "schema_name", order: "2"},
		"tables": {columns: `database_name v, schema_name v, table_name v, table_type v, table_acl v, remarks v256, owner v, last_altered_time ts, last_modified_time ts,
			dist_style v, table_subtype v`, parts: 2, query: shownRelations, like: "table_name", order: "3"},
		"columns": {columns: `database_name v, schema_name v, table_name v, column_name v, ordinal_position int4, column_default v4000, is_nullable v3, data_type v,
			character_maximum_length int4, numeric_precision int4, numeric_scale int4, remarks v256, sort_key_type v, sort_key int4, dist_key int4, encoding v, collation v`,
			parts: 3, query: shownColumns, like: "column_name", order: "5"},
		"primary keys": {columns: "database_name v, schema_name v, table_name v, column_name v, key_seq int4, pk_name v", parts: 3,
			query: `SELECT {database}, n.name, r.name, a.name, k.i, k.name FROM ` + shownKeys + ` WHERE k.kind = 'p' AND n.name = {schema} AND r.name = {table}`, like: "column_name", order: "5"},
		"foreign keys":  {columns: foreignColumns, parts: 3, query: shownForeign + " AND n.name = {schema} AND r.name = {table}", like: "fk_column_name", order: "12, 9"},
		"exported keys": {columns: foreignColumns, parts: 3, query: shownForeign + " AND pn.name = {schema} AND p.name = {table}", like: "pk_column_name", order: "12, 9"},
		"grants": {columns: `database_name v, schema_name v, object_name v, object_type v, privilege_type v, identity_id int4, identity_name v, identity_type v, admin_option bool,
			privilege_scope v, grantor_name v`, parts: 3,
			query: `SELECT {database}, p.nspname, p.relname, 'TABLE', p.privilege, coalesce(u.id, 0), p.name, p.kind, false, 'TABLE', p.grantor FROM ` + relationPrivileges + ` p
			LEFT JOIN {users} u ON u.name = p.name WHERE p.nspname = {schema} AND p.relname = {table}`, like: "identity_name", order: "7, 5"},
		"procedures": {columns: "database_name v, schema_name v, procedure_name v, number_of_arguments int4, argument_list v, return_type v, remarks v256", parts: 2,
			query: "SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL WHERE false", like: "procedure_name", order: "3"},
		"functions": {columns: "database_name v, schema_name v, function_name v, number_of_arguments int4, argument_list v, return_type v, remarks v256", parts: 2,
			query: "SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL WHERE false", like: "function_name", order: "3"},
	}[kind]
	return s, ok
}

// ddlColumns name the one column of the forms that give DDL.
var ddlColumns = map[string]string{"table": "Show Table DDL statement", "view": "Show View DDL statement"}

// showParams is how many parameters a SHOW has in its names, LIKE and LIMIT.
func showParams(stmt *sql.ShowStmt) int {
	n := 0
	for _, id := range stmt.Name {
		n = max(n, id.Param)
	}
	for _, x := range []sql.Expr{stmt.Like, stmt.Limit} {
		if p, ok := x.(*sql.Param); ok {
			n = max(n, p.N)
		}
	}
	return n
}

func (s *Session) showColumns(stmt *sql.ShowStmt) ([]wire.Column, error) {
	if name, ok := ddlColumns[stmt.Kind]; ok {
		return []wire.Column{{Name: name, OID: wire.OIDVarchar, TypMod: sql.MaxVarchar + 4}}, nil
	}
	form, ok := showings(stmt.Kind)
	if !ok || stmt.For != "" {
		return nil, unsupported("SHOW %s is not supported yet", strings.ToUpper(stmt.Kind))
	}
	var out []wire.Column
	for _, c := range define("", "", form.columns, "").columns {
		out = append(out, wire.Column{Name: c.Name, OID: c.Type.OID(), TypMod: c.Type.Typmod()})
	}
	return out, nil
}

// text is the value of a name's part, LIKE or LIMIT, which may be a parameter.
func (a *arguments) text(n int, otherwise string) (string, error) {
	if n == 0 {
		return otherwise, nil
	}
	if a == nil || n > len(a.values) {
		return "", fail("42P02", "there is no parameter $%d", n)
	}
	if a.values[n-1] == nil {
		return "", nil
	}
	return fmt.Sprint(a.values[n-1]), nil
}

func (a *arguments) expr(x sql.Expr) (string, bool, error) {
	switch x := x.(type) {
	case nil:
		return "", false, nil
	case *sql.Literal:
		return x.Text, true, nil
	case *sql.Param:
		t, err := a.text(x.N, "")
		return t, t != "", err
	}
	return "", false, fail("42601", "a literal is expected")
}

// show answers the SHOW family.
func (s *Session) show(ctx context.Context, stmt *sql.ShowStmt, args *arguments) (wire.Result, error) {
	columns, err := s.showColumns(stmt)
	if err != nil {
		return nil, err
	}
	var parts []string
	for _, id := range stmt.Name {
		p, err := args.text(id.Param, id.Name)
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	if _, ok := ddlColumns[stmt.Kind]; ok {
		return s.showDDL(ctx, stmt, columns, parts)
	}
	form, _ := showings(stmt.Kind)
	return s.within(ctx, target{}, func() (wire.Result, error) {
		cat := s.catalog(ctx)
		database, schema, name, err := cat.shown(form.parts, parts)
		if err != nil {
			return nil, err
		}
		t := define("pg_catalog", "show", form.columns, form.query)
		t.given = map[string]string{"schema": engine.QuoteText(schema), "table": engine.QuoteText(name)}
		text, err := t.sql(cat, database)
		if err != nil {
			return nil, err
		}
		text = "SELECT * FROM " + text
		like, given, err := args.expr(stmt.Like)
		if err != nil {
			return nil, err
		}
		if given {
			text += " WHERE " + form.like + " LIKE " + engine.QuoteText(like) + ` ESCAPE '\'`
		}
		text += " ORDER BY " + form.order
		limit, given, err := args.expr(stmt.Limit)
		if err != nil {
			return nil, err
		}
		n := maxShown + 1
		if given {
			if n, err = strconv.Atoi(limit); err != nil || n < 0 || n > maxShown {
				return nil, fail("22023", "LIMIT must be between 0 and %d", maxShown)
			}
		}
		got, err := s.engine.Query(ctx, text+" LIMIT "+strconv.Itoa(n))
		if err != nil {
			return nil, err
		}
		var types []sql.Type
		for _, c := range t.columns {
			types = append(types, c.Type)
		}
		r := &rows{columns: columns, types: types, rows: got, out: make([]any, len(columns)), tag: func(int64) string { return "SHOW" },
			end: func(count int64, err error) error {
				if err == nil && count > maxShown {
					return fail("54000", "SHOW would give more than %d rows: use LIKE or LIMIT", maxShown)
				}
				return err
			}}
		return r, nil
	})
}

// shown completes the name in a SHOW, and checks that it is there.
func (c *catalog) shown(want int, parts []string) (database, schema, name string, err error) {
	database = c.s.database
	if want == 0 {
		return database, "", "", nil
	}
	if want == 1 {
		if len(parts) > 0 {
			database = parts[0]
		}
	} else {
		if len(parts) == want {
			database, parts = parts[0], parts[1:]
		}
		switch {
		case len(parts) == want-1:
			schema = parts[0]
			if want == 3 {
				name = parts[1]
			}
		case want == 3 && len(parts) == 1:
			name = parts[0]
			info, err := c.unqualified(name)
			if err != nil {
				return "", "", "", err
			}
			if info == nil {
				return "", "", "", fail("42P01", "relation %q does not exist", name)
			}
			return info.Path[0], info.Path[1], name, nil
		default:
			return "", "", "", fail("42601", "the schema is missing")
		}
	}
	if database != c.s.database {
		if _, err := c.s.w.attach(c.ctx, database); err != nil {
			return "", "", "", err
		}
	}
	if schema != "" && schema != "pg_catalog" && schema != "information_schema" {
		n, err := c.namespace(database, schema)
		if err != nil {
			return "", "", "", err
		}
		if n == nil {
			return "", "", "", fail("3F000", "schema %q does not exist", schema)
		}
	}
	if want == 3 {
		info, err := c.in(database, schema, name)
		if err != nil {
			return "", "", "", err
		}
		if info == nil {
			return "", "", "", fail("42P01", "relation %q does not exist", schema+"."+name)
		}
	}
	return database, schema, name, nil
}

// showDDL answers SHOW TABLE and SHOW VIEW with a statement that makes the relation again.
func (s *Session) showDDL(ctx context.Context, stmt *sql.ShowStmt, columns []wire.Column, parts []string) (wire.Result, error) {
	return s.within(ctx, target{}, func() (wire.Result, error) {
		cat := s.catalog(ctx)
		info, err := cat.find(parts)
		if err != nil {
			return nil, err
		}
		if info == nil {
			return nil, fail("42P01", "relation %q does not exist", strings.Join(parts, "."))
		}
		r, ok := info.Ref.(*relation)
		if !ok || (stmt.Kind == "view") != (r.Kind == "v") {
			return nil, fail("42809", "%q is not a %s", strings.Join(parts, "."), stmt.Kind)
		}
		if err := cat.allowRelation(s.subject(), r, "r"); err != nil {
			return nil, err
		}
		return wire.NewResult(columns, [][]any{{r.ddl()}}, "SHOW"), nil
	})
}

// ddl is the statement that makes the relation.
func (r *relation) ddl() string {
	if r.Kind == "v" {
		kind, tail := "VIEW", ""
		if r.Materialized {
			kind = "MATERIALIZED VIEW"
		}
		if r.Late {
			tail = "\nWITH NO SCHEMA BINDING"
		}
		return fmt.Sprintf("CREATE %s %s.%s AS\n%s%s;", kind, r.Schema, r.Name, r.Definition, tail)
	}
	var lines []string
	for _, c := range r.Columns {
		line := "    " + engine.QuoteIdent(c.Name) + " " + formatType(c.Type)
		if c.NotNull && c.Identity == nil {
			line += " NOT NULL"
		}
		if c.Identity != nil {
			words := "identity"
			if c.Identity.ByDefault {
				words = "GENERATED BY DEFAULT AS IDENTITY"
			}
			line += fmt.Sprintf(" %s(%d, %d)", words, c.Identity.Seed, c.Identity.Step)
		}
		if c.Default != "" {
			line += " DEFAULT " + c.Default
		}
		encode := c.Encode
		if encode == "none" {
			encode = "raw"
		}
		line += " ENCODE " + encode
		if c.DistKey {
			line += " distkey"
		}
		lines = append(lines, line)
	}
	out := fmt.Sprintf("CREATE TABLE %s.%s (\n%s\n)", r.Schema, r.Name, strings.Join(lines, ",\n"))
	out += "\nDISTSTYLE " + strings.ToUpper(r.DistStyle)
	if key := r.sortKey(); len(key) > 0 {
		for i := range key {
			key[i] = engine.QuoteIdent(key[i])
		}
		style := ""
		if r.SortStyle == "interleaved" {
			style = "INTERLEAVED "
		}
		out += "\n" + style + "SORTKEY (" + strings.Join(key, ", ") + ")"
	}
	return out + ";"
}
