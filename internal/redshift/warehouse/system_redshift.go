package warehouse

const (
	tableKind    = `CASE c.kind WHEN 'r' THEN 'BASE TABLE' ELSE 'VIEW' END`
	shortKind    = `CASE c.kind WHEN 'r' THEN 'TABLE' ELSE 'VIEW' END`
	distWord     = `CASE c.diststyle WHEN 'key' THEN 'KEY(' || coalesce((SELECT any_value(a.name) FROM {db}._tarn.attribute a WHERE a.rel = c.oid AND a.distkey), '') || ')' WHEN 'even' THEN 'EVEN' WHEN 'all' THEN 'ALL' ELSE 'AUTO(EVEN)' END`
	allSchemas   = `(SELECT n.oid, n.name, n.owner, n.kind, ` + nspACL + ` AS acl, n.options FROM {db}._tarn.namespace n UNION ALL SELECT 11, 'pg_catalog', 'rdsdb', 'local', NULL, NULL UNION ALL SELECT 13000, 'information_schema', 'rdsdb', 'local', NULL, NULL)`
	joinedACL    = `array_to_string(c.acl, '|')`
	columnDetail = `a.num, a.preset, ` + nullableWord + `, ` + plainType + `, ` + textLength + `, ` + digits
)

// redshiftTables are the views that Redshift adds: svv_, stv_, stl_, svl_ and sys_.
func redshiftTables() []systemTable {
	rs := func(name, columns, query string) systemTable { return define("pg_catalog", name, columns, query) }
	empty := func(name, columns string) systemTable {
		return define("pg_catalog", name, columns, emptyQuery(columns))
	}
	return []systemTable{
		rs("pg_get_late_binding_view_cols()", "view_schema name, view_name name, col_name name, col_type v, col_num int4",
			`SELECT view_schema, view_name, col_name, col_type, col_num FROM {late_columns}`),
		rs("svv_tables", "table_catalog text, table_schema text, table_name text, table_type text, remarks text",
			`SELECT {database}, c.nspname, c.name, `+tableKind+`, c.remark FROM `+allRelations+` c
			UNION ALL SELECT {database}, schemaname, tablename, 'EXTERNAL TABLE', NULL FROM {external_tables}`),
		rs("svv_columns", `table_catalog text, table_schema text, table_name text, column_name text, ordinal_position int4, column_default text, is_nullable text,
			data_type text, character_maximum_length int4, numeric_precision int4, numeric_precision_radix int4, numeric_scale int4, datetime_precision int4,
			interval_type text, interval_precision text, character_set_catalog text, character_set_schema text, character_set_name text, collation_catalog text,
			collation_schema text, collation_name text, domain_name text, remarks text`,
			`SELECT {database}, c.nspname, c.name, a.name, `+columnDetail+`, `+digitRadix+`, `+digitScale+`, `+timeDigits+`, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
			NULL, a.remark FROM `+localColumns+`
			UNION ALL SELECT {database}, schemaname, tablename, columnname, columnnum, NULL, 'YES', regexp_replace(redshift_type, '\(.*\)', ''),
			TRY_CAST(regexp_extract(redshift_type, 'character.*\((\d+)\)', 1) AS INTEGER), TRY_CAST(regexp_extract(redshift_type, 'numeric\((\d+)', 1) AS INTEGER), NULL,
			TRY_CAST(regexp_extract(redshift_type, 'numeric\(\d+,(\d+)', 1) AS INTEGER), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
			FROM {external_columns}
			UNION ALL SELECT {database}, view_schema, view_name, col_name, col_num, NULL, 'YES', regexp_replace(col_type, '\(.*\)', ''),
			TRY_CAST(regexp_extract(col_type, 'character.*\((\d+)\)', 1) AS INTEGER), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
			FROM {late_columns}`),
		rs("svv_all_tables", "database_name v, schema_name v, table_name v, table_acl v, table_type v, remarks v256",
			`SELECT {database}, c.nspname, c.name, `+joinedACL+`, `+shortKind+`, c.remark FROM `+allRelations+` c
			UNION ALL SELECT {database}, schemaname, tablename, NULL, 'EXTERNAL TABLE', NULL FROM {external_tables}`),
		rs("svv_all_columns", `database_name v, schema_name v, table_name v, column_name v, ordinal_position int4, column_default v4000, is_nullable v3, data_type v,
			character_maximum_length int4, numeric_precision int4, numeric_scale int4, remarks v256`,
			`SELECT {database}, c.nspname, c.name, a.name, `+columnDetail+`, `+digitScale+`, a.remark FROM `+localColumns+`
			UNION ALL SELECT {database}, schemaname, tablename, columnname, columnnum, NULL, 'YES', regexp_replace(redshift_type, '\(.*\)', ''), NULL, NULL, NULL, NULL
			FROM {external_columns}`),
		rs("svv_all_schemas", "database_name v, schema_name v, schema_owner int4, schema_type v, schema_acl v, source_database v, schema_option v",
			`SELECT {database}, s.name, u.id, s.kind, array_to_string(s.acl, '|'), s.options->>'database', NULL FROM `+allSchemas+` s LEFT JOIN {users} u ON u.name = s.owner`),
		rs("svv_redshift_databases", "database_name v, database_owner int4, database_type v32, database_acl v, database_options v, database_isolation_level v",
			`SELECT d.name, u.id, 'local', NULL, NULL, 'Snapshot Isolation' FROM {databases} d LEFT JOIN {users} u ON u.name = d.owner`),
		rs("svv_redshift_schemas", "database_name v, schema_name v, schema_owner int4, schema_type v16, schema_acl v, schema_option v",
			`SELECT {database}, s.name, u.id, s.kind, array_to_string(s.acl, '|'), NULL FROM `+allSchemas+` s LEFT JOIN {users} u ON u.name = s.owner WHERE s.kind = 'local'`),
		rs("svv_redshift_tables", "database_name v, schema_name v, table_name v, table_type v, table_acl v, remarks v, table_owner v",
			`SELECT {database}, c.nspname, c.name, `+shortKind+`, `+joinedACL+`, c.remark, c.ownername FROM `+allRelations+` c`),
		rs("svv_redshift_columns", `database_name v, schema_name v, table_name v, column_name v, ordinal_position int4, data_type v32, column_default v4000, is_nullable v3,
			encoding v, distkey bool, sortkey int4, column_acl v, remarks v256`,
			`SELECT {database}, c.nspname, c.name, a.name, a.num, a.type, a.preset, `+nullableWord+`, a.encode, a.distkey, a.sortkey, NULL, a.remark FROM `+localColumns),
		empty("svv_redshift_functions", "database_name v, schema_name v, function_name v, function_type v, argument_type v512, result_type v"),
		rs("svv_external_schemas", "esoid oid, eskind int2, schemaname name, esowner int4, databasename text, esoptions text",
			`SELECT n.oid, 1, n.name, u.id, n.options->>'database', to_json({'IAM_ROLE': n.options->>'role'}) FROM {db}._tarn.namespace n
			LEFT JOIN {users} u ON u.name = n.owner WHERE n.kind = 'external'`),
		rs("svv_external_tables", `redshift_database_name text, schemaname text, tablename text, tabletype text, location text, input_format text, output_format text,
			serialization_lib text, serde_parameters text, compressed int4, parameters text`,
			`SELECT {database}, schemaname, tablename, 'TABLE', location, input_format, output_format, serialization_lib, serde_parameters, 0, parameters FROM {external_tables}`),
		rs("svv_external_columns", `redshift_database_name text, schemaname text, tablename text, columnname text, external_type text, columnnum int4, part_key int4,
			is_nullable text`, `SELECT {database}, schemaname, tablename, columnname, external_type, columnnum, part_key, 'true' FROM {external_columns}`),
		rs("svv_external_databases", "eskind int4, esoptions text, databasename text, location text, parameters text",
			`SELECT DISTINCT 1, NULL, options->>'database', NULL, NULL FROM {db}._tarn.namespace WHERE kind = 'external'`),
		rs("svv_table_info", `database text, schema text, table_id oid, table text, encoded text, diststyle text, sortkey1 text, max_varchar int4, sortkey1_enc c32,
			sortkey_num int4, size int8, pct_used n10.4, empty int8, unsorted n5.2, stats_off n5.2, tbl_rows n38.0, skew_sortkey1 n19.2, skew_rows n19.2,
			estimated_visible_rows n38.0, risk_event text, vacuum_sort_benefit n12.2, create_time ts`,
			`SELECT {database}, c.nspname, c.oid, c.name, 'Y, AUTO(ENCODE)', `+distWord+`,
			(SELECT any_value(a.name) FROM {db}._tarn.attribute a WHERE a.rel = c.oid AND a.sortkey = 1), coalesce((SELECT max(a.typmod - 4) FROM {db}._tarn.attribute a
			WHERE a.rel = c.oid AND a.typoid = 1043), 0), (SELECT any_value(a.encode) FROM {db}._tarn.attribute a WHERE a.rel = c.oid AND a.sortkey = 1),
			(SELECT count(*) FROM {db}._tarn.attribute a WHERE a.rel = c.oid AND a.sortkey <> 0), 1, 0.0001, 0, NULL, 0, t.estimated_size, NULL, NULL, t.estimated_size, NULL, NULL,
			c.created FROM `+allRelations+` c JOIN duckdb_tables() t ON t.database_name = 'db_' || {database} AND t.schema_name = 'data' AND t.table_name = 't' || c.oid
			WHERE (c.kind = 'r' OR c.materialized) AND t.estimated_size > 0`),
		rs("svv_relation_privileges", "namespace_name text, relation_name text, privilege_type text, identity_id int4, identity_name text, identity_type text, admin_option bool",
			`SELECT p.nspname, p.relname, p.privilege, coalesce(u.id, 0), p.name, p.kind, false FROM `+relationPrivileges+` p LEFT JOIN {users} u ON u.name = p.name`),
		rs("svv_user_info", `user_name text, user_id int4, createdb bool, superuser bool, catalog_update bool, connection_limit text, syslog_access text, last_ddl_ts ts,
			session_timeout int4, external_id text`,
			`SELECT name, id, createdb, super, super, 'UNLIMITED', CASE WHEN syslog THEN 'UNRESTRICTED' ELSE 'RESTRICTED' END, NULL, 0, NULL FROM {users}`),
		empty("svv_roles", "role_id int4, role_name text, role_owner text, external_id text"),
		empty("svv_role_grants", "role_id int4, role_name text, granted_role_id int4, granted_role_name text"),
		empty("svv_user_grants", "user_id int4, user_name text, role_id int4, role_name text, admin_option bool"),
		empty("svv_default_privileges", `schema_name text, object_type text, owner_id int4, owner_name text, owner_type text, privilege_type text, grantee_id int4,
			grantee_name text, grantee_type text, admin_option bool`),
		rs("svv_mv_info", "database_name c128, schema_name c128, user_name c128, name c128, is_stale c1, state int4, autorewrite c1, autorefresh c1",
			`SELECT {database}, c.nspname, c.ownername, c.name, 'u', 1, 'f', 'f' FROM `+allRelations+` c WHERE c.materialized`),
		rs("stv_mv_info", "db_name c128, schema c128, name c128, updated_upto_xid int8, is_stale c1, owner_user_name c128, state int4, autorewrite c1, autorefresh c1",
			`SELECT {database}, c.nspname, c.name, 0, 'u', c.ownername, 1, 'f', 'f' FROM `+allRelations+` c WHERE c.materialized`),
		rs("stv_mv_deps", "db_name c128, schema c128, name c128, ref_schema c128, ref_name c128, ref_database_name c128",
			`SELECT {database}, vn.name, v.name, rn.name, r.name, {database} FROM {db}._tarn.depend d JOIN {db}._tarn.relation v ON v.oid = d.view AND v.materialized
			JOIN {db}._tarn.namespace vn ON vn.oid = v.schema JOIN {db}._tarn.relation r ON r.oid = d.rel JOIN {db}._tarn.namespace rn ON rn.oid = r.schema`),
		rs("stv_sessions", "starttime ts, process int4, user_name c50, db_name c50, timeout_sec int4", `SELECT started, pid, name, db, 0 FROM {sessions}`),
		rs("stv_recents", "userid int4, status c20, starttime ts, duration int8, user_name c50, db_name c50, query c600, pid int4",
			`SELECT userid, CASE status WHEN 'running' THEN 'Running' ELSE 'Done' END, started, micros, username, db, left(querytext, 600),
			CASE status WHEN 'running' THEN pid ELSE -1 END FROM {history}`),
		rs("stv_inflight", `userid int4, slice int4, query int8, label c320, xid int8, pid int4, starttime ts, text c100, suspended int4, insert_pristine int4,
			concurrency_scaling_status int4`,
			`SELECT userid, 0, id, label, xid, pid, started, left(querytext, 100), 0, 0, 0 FROM {history} WHERE status = 'running'`),
		empty("stv_locks", `table_id int8, last_commit ts, last_update ts, lock_owner int8, lock_owner_pid int8, lock_owner_start_ts ts, lock_owner_end_ts ts, lock_status c22`),
		rs("stv_slices", "node int4, slice int4, localslice int4, type c1", `VALUES (0, 0, 0, 'D')`),
		rs("stl_query", `userid int4, query int8, label c320, xid int8, pid int4, database c32, querytxt c4000, starttime ts, endtime ts, aborted int4, insert_pristine int4,
			concurrency_scaling_status int4`,
			`SELECT userid, id, label, xid, pid, db, querytext, started, ended, CASE WHEN message = '' THEN 0 ELSE 1 END, 0, 0 FROM {history}
			WHERE kind IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'COPY', 'UNLOAD', 'CTAS')`),
		rs("svl_qlog", `userid int4, query int8, xid int8, pid int4, starttime ts, endtime ts, elapsed int8, aborted int4, label c320, substring c60, source_query int8,
			concurrency_scaling_status_txt text, from_sp_call int4`,
			`SELECT userid, id, xid, pid, started, ended, micros, CASE WHEN message = '' THEN 0 ELSE 1 END, label, left(querytext, 60), NULL, 'Ran on the main cluster', NULL
			FROM {history}`),
		rs("sys_query_history", `user_id int4, query_id int8, query_label c320, transaction_id int8, session_id int4, database_name c128, query_type c32, status c10,
			result_cache_hit bool, start_time ts, end_time ts, elapsed_time int8, queue_time int8, execution_time int8, error_message c512, returned_rows int8,
			returned_bytes int8, query_text c4000, redshift_version c256`,
			`SELECT userid, id, label, xid, pid, db, kind, status, false, started, ended, micros, 0, micros, left(message, 512), nrows, NULL, querytext, '1.0.100000'
			FROM {history}`),
		rs("stl_load_errors", `userid int4, slice int4, tbl int8, starttime ts, session int8, query int8, filename c256, line_number int8, colname c127, type c10,
			col_length c10, position int4, raw_line c1024, raw_field_value c1024, err_code int4, err_reason c100, is_partial int4, start_offset int8`,
			`SELECT userid, 0, tbl, starttime, session, query, filename, line_number, colname, type, col_length, position, raw_line, raw_field_value, err_code, err_reason,
			0, 0 FROM {db}._tarn.load_error`),
		rs("stl_loaderror_detail", `userid int4, slice int4, session int8, query int8, filename c256, line_number int8, field int4, colname c1024, value c1024, is_null int4,
			type c10, col_length c10`,
			`SELECT userid, 0, session, query, filename, line_number, position, colname, raw_field_value, 0, type, col_length FROM {db}._tarn.load_error`),
		rs("sys_load_error_detail", `user_id int4, query_id int8, transaction_id int8, session_id int8, database_name c64, table_id int8, start_time ts, file_name c256,
			line_number int8, column_name c127, column_type c10, column_length c10, position int4, error_code int4, error_message c512`,
			`SELECT userid, query, query, session, {database}, tbl, starttime, filename, line_number, colname, type, col_length, position, err_code, err_reason
			FROM {db}._tarn.load_error`),
	}
}
