package warehouse

// Facts about a column's type, from its number and modifier.
const (
	textLength   = `CASE WHEN a.typoid IN (1042, 1043, 6551) AND a.typmod > 4 THEN a.typmod - 4 END`
	digits       = `CASE a.typoid WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 WHEN 700 THEN 24 WHEN 701 THEN 53 WHEN 1700 THEN ((a.typmod - 4) >> 16) & 65535 END`
	digitRadix   = `CASE WHEN a.typoid IN (21, 23, 20, 700, 701) THEN 2 WHEN a.typoid = 1700 THEN 10 END`
	digitScale   = `CASE WHEN a.typoid IN (21, 23, 20) THEN 0 WHEN a.typoid = 1700 THEN (a.typmod - 4) & 65535 END`
	timeDigits   = `CASE WHEN a.typoid IN (1083, 1114, 1184, 1266) THEN 6 END`
	plainType    = `regexp_replace(a.type, '\(.*\)', '')`
	nullableWord = `CASE WHEN a.required THEN 'NO' ELSE 'YES' END`

	localColumns = allAttributes + ` a JOIN ` + allRelations + ` c ON c.oid = a.rel`
)

// informationTables are the tables of information_schema.
func informationTables() []systemTable {
	is := func(name, columns, query string) systemTable {
		return define("information_schema", name, columns, query)
	}
	empty := func(name, columns string) systemTable {
		return define("information_schema", name, columns, emptyQuery(columns))
	}
	return []systemTable{
		is("schemata", `catalog_name text, schema_name text, schema_owner text, default_character_set_catalog text, default_character_set_schema text,
			default_character_set_name text, sql_path text`,
			`SELECT {database}, name, owner, NULL, NULL, NULL, NULL FROM {db}._tarn.namespace WHERE kind <> 'external'
			UNION ALL VALUES ({database}, 'pg_catalog', 'rdsdb', NULL, NULL, NULL, NULL), ({database}, 'information_schema', 'rdsdb', NULL, NULL, NULL, NULL)`),
		is("tables", `table_catalog text, table_schema text, table_name text, table_type text, self_referencing_column_name text, reference_generation text,
			user_defined_type_catalog text, user_defined_type_schema text, user_defined_name text`,
			`SELECT {database}, c.nspname, c.name, CASE c.kind WHEN 'r' THEN 'BASE TABLE' ELSE 'VIEW' END, NULL, NULL, NULL, NULL, NULL FROM `+allRelations+` c`),
		is("columns", `table_catalog text, table_schema text, table_name text, column_name text, ordinal_position int4, column_default text, is_nullable text,
			data_type text, character_maximum_length int4, character_octet_length int4, numeric_precision int4, numeric_precision_radix int4, numeric_scale int4,
			datetime_precision int4, interval_type text, interval_precision text, character_set_catalog text, character_set_schema text, character_set_name text,
			collation_catalog text, collation_schema text, collation_name text, domain_catalog text, domain_schema text, domain_name text, udt_catalog text,
			udt_schema text, udt_name text, scope_catalog text, scope_schema text, scope_name text, maximum_cardinality int4, dtd_identifier text,
			is_self_referencing text`,
			`SELECT {database}, c.nspname, c.name, a.name, a.num, a.preset, `+nullableWord+`, `+plainType+`, `+textLength+`, `+textLength+`, `+digits+`, `+digitRadix+`,
			`+digitScale+`, `+timeDigits+`, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, {database}, 'pg_catalog',
			(SELECT t.name FROM memory.tarn_system.types t WHERE t.oid = a.typoid), NULL, NULL, NULL, NULL, a.num::VARCHAR, 'NO'
			FROM `+localColumns+` WHERE NOT c.late`),
		is("views", "table_catalog text, table_schema text, table_name text, view_definition text, check_option text, is_updatable text, is_insertable_into text",
			`SELECT {database}, c.nspname, c.name, coalesce(c.definition, ''),
			'NONE', 'NO', 'NO' FROM `+allRelations+` c WHERE c.kind = 'v'`),
		is("table_constraints", `constraint_catalog text, constraint_schema text, constraint_name text, table_catalog text, table_schema text, table_name text,
			constraint_type text, is_deferrable text, initially_deferred text`,
			`SELECT {database}, n.name, k.name, {database}, n.name, r.name, CASE k.kind WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' ELSE 'FOREIGN KEY' END, 'NO', 'NO'
			FROM {db}._tarn.constr k JOIN {db}._tarn.relation r ON r.oid = k.rel JOIN {db}._tarn.namespace n ON n.oid = r.schema`),
		is("key_column_usage", `constraint_catalog text, constraint_schema text, constraint_name text, table_catalog text, table_schema text, table_name text,
			column_name text, ordinal_position int4`,
			`SELECT {database}, n.name, k.name, {database}, n.name, r.name, a.name, k.i FROM
			(SELECT *, unnest(columns) AS num, unnest(range(1, len(columns) + 1)) AS i FROM {db}._tarn.constr) k JOIN {db}._tarn.relation r ON r.oid = k.rel
			JOIN {db}._tarn.namespace n ON n.oid = r.schema JOIN {db}._tarn.attribute a ON a.rel = r.oid AND a.num = k.num`),
		empty("constraint_column_usage", "table_catalog text, table_schema text, table_name text, column_name text, constraint_catalog text, constraint_schema text, constraint_name text"),
		is("referential_constraints", `constraint_catalog text, constraint_schema text, constraint_name text, unique_constraint_catalog text,
			unique_constraint_schema text, unique_constraint_name text, match_option text, update_rule text, delete_rule text`,
			`SELECT {database}, n.name, k.name, {database}, n.name, (SELECT any_value(p.name) FROM {db}._tarn.constr p WHERE p.rel = k.refrel AND p.kind = 'p'), 'NONE',
			'NO ACTION', 'NO ACTION' FROM {db}._tarn.constr k JOIN {db}._tarn.relation r ON r.oid = k.rel JOIN {db}._tarn.namespace n ON n.oid = r.schema WHERE k.kind = 'f'`),
		empty("routines", `routine_catalog text, routine_schema text, routine_name text, specific_catalog text, specific_schema text, specific_name text,
			routine_type text, data_type text, routine_definition text`),
		empty("parameters", `specific_catalog text, specific_schema text, specific_name text, ordinal_position int4, parameter_mode text, parameter_name text, data_type text`),
		is("applicable_roles", "grantee text, role_name text, is_grantable text", `SELECT {user}, name, 'NO' FROM {groups}`),
		is("enabled_roles", "role_name text", `SELECT name FROM {groups}`),
		is("sql_features", "feature_id text, feature_name text, sub_feature_id text, sub_feature_name text, is_supported text, is_verified_by text, comments text",
			`VALUES ('F031', 'Basic schema manipulation', '', '', 'YES', NULL, '')`),
		is("table_privileges", "grantor text, grantee text, table_catalog text, table_schema text, table_name text, privilege_type text, is_grantable text, with_hierarchy text",
			`SELECT p.grantor, p.name, {database}, p.nspname, p.relname, p.privilege, 'NO', 'NO' FROM `+relationPrivileges+` p`),
		is("information_schema_catalog_name", "catalog_name text", `SELECT {database}`),
	}
}

// relationPrivileges are the grants on tables, one privilege a row, and what owners have.
const relationPrivileges = `(SELECT g.nspname, g.relname, g.kind, coalesce(nullif(g.name, ''), 'public') AS name, g.grantor, l.privilege FROM
	(SELECT n.name AS nspname, r.name AS relname, unnest(from_json(r.acl, '[{"kind":"VARCHAR","name":"VARCHAR","privileges":"VARCHAR","grantor":"VARCHAR"}]'), recursive := true)
		FROM {db}._tarn.relation r JOIN {db}._tarn.namespace n ON n.oid = r.schema WHERE r.acl IS NOT NULL
	UNION ALL SELECT n.name, r.name, 'user', r.owner, 'rawdxDAP', r.owner FROM {db}._tarn.relation r JOIN {db}._tarn.namespace n ON n.oid = r.schema)
		AS g(nspname, relname, kind, name, privileges, grantor),
	(VALUES ('r', 'SELECT'), ('a', 'INSERT'), ('w', 'UPDATE'), ('d', 'DELETE'), ('x', 'REFERENCES'), ('D', 'DROP'), ('A', 'ALTER'), ('P', 'TRUNCATE')) AS l(letter, privilege)
	WHERE contains(g.privileges, l.letter))`
