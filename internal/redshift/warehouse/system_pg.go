package warehouse

import "strings"

// Pieces that several tables share. Access lists are stored as JSON and shown as PostgreSQL shows them.
const (
	// allRelations: oid, name, schema oid, schema name, kind, owner, acl, diststyle, natts, created, remark, definition, pkey, system
	allRelations = `(SELECT r.oid, r.name, n.oid AS nsoid, n.name AS nspname, r.kind, u.id AS owner, u.name AS ownername, ` + relACL + ` AS acl,
			r.diststyle, (SELECT count(*) FROM {db}._tarn.attribute a WHERE a.rel = r.oid) AS natts, r.created, r.remark,
			CASE WHEN r.materialized THEN 'create materialized view ' || r.name || ' as ' || CASE WHEN r.definition LIKE '(%)' THEN r.definition ELSE '(' || r.definition || ')' END || ';'
				ELSE r.definition END AS definition,
			EXISTS (SELECT 1 FROM {db}._tarn.constr k WHERE k.rel = r.oid AND k.kind = 'p') AS pkey, false AS system, r.late, r.materialized
		FROM {db}._tarn.relation r JOIN {db}._tarn.namespace n ON n.oid = r.schema LEFT JOIN {users} u ON u.name = r.owner
		UNION ALL SELECT c.oid, c.name, c.schema, c.nspname, c.kind, 1, 'rdsdb', NULL, 'all', c.natts, NULL, NULL, NULL, false, true, false, false
		FROM memory.tarn_system.classes c)`
	relACL = `CASE WHEN r.acl IS NULL THEN NULL ELSE list_transform(from_json(r.acl, '[{"kind":"VARCHAR","name":"VARCHAR","privileges":"VARCHAR","grantor":"VARCHAR"}]'),
		lambda g: CASE g.kind WHEN 'group' THEN 'group ' ELSE '' END || coalesce(g.name, '') || '=' || g.privileges || '/' || g.grantor) END`
	nspACL = `CASE WHEN n.acl IS NULL THEN NULL ELSE list_transform(from_json(n.acl, '[{"kind":"VARCHAR","name":"VARCHAR","privileges":"VARCHAR","grantor":"VARCHAR"}]'),
		lambda g: CASE g.kind WHEN 'group' THEN 'group ' ELSE '' END || coalesce(g.name, '') || '=' || g.privileges || '/' || g.grantor) END`

	// allAttributes: rel, num, name, typoid, typmod, len, required, preset, encode, distkey, sortkey, type, remark, seed
	allAttributes = `(SELECT rel, num, name, typoid, typmod, len, required, preset, encode, distkey, sortkey, type, remark, seed, step FROM {db}._tarn.attribute
		UNION ALL SELECT rel, num, name, typoid, typmod, len, false, NULL, 'none', false, 0, type, NULL, NULL, NULL FROM memory.tarn_system.attributes)`

	distStyle = `CASE c.diststyle WHEN 'even' THEN 0 WHEN 'key' THEN 1 WHEN 'all' THEN 8 ELSE 11 END`
	encoding  = `CASE a.encode WHEN 'none' THEN 0 WHEN 'runlength' THEN 1 WHEN 'bytedict' THEN 2 WHEN 'delta' THEN 3 WHEN 'delta32k' THEN 4 WHEN 'lzo' THEN 8
		WHEN 'mostly8' THEN 128 WHEN 'mostly16' THEN 129 WHEN 'mostly32' THEN 130 WHEN 'text255' THEN 6 WHEN 'text32k' THEN 7 WHEN 'zstd' THEN 9
		WHEN 'az64' THEN 11 ELSE 0 END`

	classColumns = `oid oid, relname name, relnamespace oid, reltype oid, relowner int4, relam oid, relfilenode oid, reltablespace oid, relpages int4,
		reltuples float4, reltoastrelid oid, relhasindex bool, relisshared bool, relkind char, relnatts int2, relexternid oid, relisreplicated bool,
		relispinned bool, reldiststyle int2, relprojbaseid oid, relchecks int2, relhasoids bool, relhaspkey bool, relhasrules bool, relhassubclass bool,
		relacl acl, -relhastriggers bool, -reloftype oid, -relpersistence char,
		-relreplident char, -reloptions names`
	classValues = `c.oid, c.name, c.nsoid, 0, c.owner, 0, c.oid, 0, 1, 0.001, 0, false, c.system, c.kind, c.natts, 0, false, false, ` + distStyle + `,
		0, 0, false, c.pkey, c.kind = 'v', false, c.acl, false, 0, 'p', 'd', NULL`
	attributeColumns = `attrelid oid, attname name, atttypid oid, attstattarget int4, attlen int2, attnum int2, attndims int4, attcacheoff int4,
		atttypmod int4, attbyval bool, attstorage char, attalign char, attnotnull bool, atthasdef bool, attisdropped bool, attislocal bool, attinhcount int4,
		attisdistkey bool, attispreloaded bool, attsortkeyord int4, attencodingtype int2, attencrypttype int2, -attcollation oid, -attidentity char, -attgenerated char, -attacl acl`
	attributeQuery = `SELECT a.rel, a.name, a.typoid, -1, a.len, a.num, 0, -1, a.typmod, a.len BETWEEN 1 AND 8, 'p', 'i', a.required,
		a.preset IS NOT NULL OR a.seed IS NOT NULL, false, true, 0, a.distkey, false, a.sortkey, ` + encoding + `, 0, 0, '', '', NULL FROM ` + allAttributes + ` a`
)

// pgTables are PostgreSQL's own tables as Redshift has them.
func pgTables() []systemTable {
	pg := func(name, columns, query string) systemTable { return define("pg_catalog", name, columns, query) }
	empty := func(name, columns string) systemTable {
		return define("pg_catalog", name, columns, emptyQuery(columns))
	}
	return []systemTable{
		pg("pg_namespace", "oid oid, nspname name, nspowner int4, nspacl acl",
			`SELECT n.oid, n.name, u.id, `+nspACL+` FROM {db}._tarn.namespace n LEFT JOIN {users} u ON u.name = n.owner
			UNION ALL VALUES (11, 'pg_catalog', 1, ['rdsdb=UC/rdsdb', '=U/rdsdb']), (13000, 'information_schema', 1, ['rdsdb=UC/rdsdb', '=U/rdsdb'])`),
		pg("pg_class", classColumns, "SELECT "+classValues+" FROM "+allRelations+" c"),
		pg("pg_class_info", classColumns+", relcreationtime ts, releffectivediststyle int2",
			"SELECT "+classValues+", c.created, "+distStyle+" FROM "+allRelations+" c"),
		pg("pg_attribute", attributeColumns, attributeQuery),
		pg("pg_attribute_info", strings.Replace(attributeColumns, "-attacl", "attacl", 1), attributeQuery),
		pg("pg_attrdef", "oid oid, adrelid oid, adnum int2, adbin text, adsrc text",
			`SELECT rel * 1000 + num, rel, num, coalesce(preset, ''), coalesce(preset, '"identity"(' || rel || ', ' || num || ', ''' || seed || ',' || step || '''::text)')
			FROM {db}._tarn.attribute WHERE preset IS NOT NULL OR seed IS NOT NULL`),
		pg("pg_type", `oid oid, typname name, typnamespace oid, typowner int4, typlen int2, typbyval bool, typtype char, typisdefined bool, typdelim char,
			typrelid oid, typelem oid, typinput regproc, typoutput regproc, typreceive regproc, typsend regproc, typanalyze regproc, typalign char,
			typstorage char, typnotnull bool, typbasetype oid, typtypmod int4, typndims int4, typdefaultbin text, typdefault text, -typcollation oid, -typarray oid`,
			`SELECT oid, name, 11, 1, len, len BETWEEN 1 AND 8, kind, true, ',', 0, elem, 0, 0, 0, 0, 0, 'i', 'p', false, 0, -1, 0, NULL, NULL, 0, coalesce((SELECT any_value(a.oid) FROM memory.tarn_system.types a WHERE a.elem = t.oid), 0)
			FROM memory.tarn_system.types t`),
		pg("pg_constraint", `oid oid, conname name, connamespace oid, contype char, condeferrable bool, condeferred bool, -convalidated bool, -conparentid oid, conrelid oid, contypid oid, confrelid oid,
			confupdtype char, confdeltype char, confmatchtype char, conkey int2s, confkey int2s, conbin text, consrc text`,
			`SELECT k.oid, k.name, r.schema, k.kind, false, false, true, 0, k.rel, 0, coalesce(k.refrel, 0), 'a', 'a', 'u', k.columns, nullif(k.refcolumns, []), NULL, NULL
			FROM {db}._tarn.constr k JOIN {db}._tarn.relation r ON r.oid = k.rel`),
		empty("pg_index", `indexrelid oid, indrelid oid, indkey int2vector, indclass oids, indnatts int2, indisunique bool, indisprimary bool, indisclustered bool,
			indexprs text, indpred text`),
		pg("pg_description", "objoid oid, classoid oid, objsubid int4, description text",
			`SELECT oid, 1259, 0, remark FROM {db}._tarn.relation WHERE remark IS NOT NULL
			UNION ALL SELECT rel, 1259, num, remark FROM {db}._tarn.attribute WHERE remark IS NOT NULL
			UNION ALL SELECT oid, 2615, 0, remark FROM {db}._tarn.namespace WHERE remark IS NOT NULL`),
		empty("pg_shdescription", "objoid oid, classoid oid, description text"),
		pg("pg_depend", "classid oid, objid oid, objsubid int4, refclassid oid, refobjid oid, refobjsubid int4, deptype char",
			`SELECT 2618, view + 1000000000, 0, 1259, rel, 0, 'n' FROM {db}._tarn.depend
			UNION ALL SELECT DISTINCT 2618, view + 1000000000, 0, 1259, view, 0, 'i' FROM {db}._tarn.depend`),
		pg("pg_rewrite", "oid oid, rulename name, ev_class oid, ev_attr int2, ev_type char, is_instead bool, ev_qual text, ev_action text",
			`SELECT oid + 1000000000, '_RETURN', oid, -1, '1', true, NULL, NULL FROM {db}._tarn.relation WHERE kind = 'v'`),
		empty("pg_proc", `oid oid, proname name, pronamespace oid, proowner int4, prolang oid, proisagg bool, prosecdef bool, proisstrict bool, proretset bool,
			provolatile char, pronargs int2, prorettype oid, proargtypes oids, proargnames names, prosrc text, probin text, proacl acl, -proiswindow bool`),
		empty("pg_proc_info", `prooid oid, proname name, pronamespace oid, proowner int4, prolang oid, prokind char, proisagg bool, prosecdef bool, proisstrict bool,
			proretset bool, provolatile char, pronargs int2, prorettype oid, proargtypes oids, proallargtypes int4s, proargmodes names, proargnames names,
			prosrc text, probin text, proacl acl`),
		pg("pg_language", "oid oid, lanname name, lanispl bool, lanpltrusted bool, lanplcallfoid oid, lanvalidator oid, lanacl acl",
			`VALUES (12, 'internal', false, false, 0, 0, NULL), (14, 'sql', false, true, 0, 0, NULL)`),
		pg("pg_user", "usename name, usesysid int4, usecreatedb bool, usesuper bool, usecatupd bool, passwd text, valuntil text, useconfig names",
			`SELECT name, id, createdb, super, super, '********', until, NULL FROM {users}`),
		pg("pg_user_info", `usename name, usesysid int4, usecreatedb bool, usesuper bool, usecatupd bool, passwd text, valuntil text, useconfig names, useconnlimit text,
			syslogaccess text, sessiontimeout int4, lastddltime ts, externaluser text, externalid text`,
			`SELECT name, id, createdb, super, super, '********', until, NULL, 'UNLIMITED', CASE WHEN syslog THEN 'UNRESTRICTED' ELSE 'RESTRICTED' END, 0, NULL, NULL, NULL
			FROM {users}`),
		pg("pg_roles", `rolname name, rolsuper bool, rolinherit bool, rolcreaterole bool, rolcreatedb bool, rolcatupdate bool, rolcanlogin bool, rolconnlimit int4,
			rolpassword text, rolvaliduntil text, rolconfig names, oid oid, -rolreplication bool, -rolbypassrls bool`,
			`SELECT name, super, true, super, createdb, super, true, -1, '********', until, NULL, id, false, false FROM {users}`),
		empty("pg_auth_members", "roleid oid, member oid, grantor oid, admin_option bool"),
		pg("pg_shadow", "usename name, usesysid int4, usecreatedb bool, usesuper bool, usecatupd bool, passwd text, valuntil text, useconfig names",
			`SELECT name, id, createdb, super, super, '********', until, NULL FROM {users}`),
		pg("pg_group", "groname name, grosysid int4, grolist int4s", `SELECT name, id, members FROM {groups}`),
		pg("pg_database", `oid oid, datname name, datdba int4, encoding int4, datistemplate bool, datallowconn bool, datlastsysoid oid, datvacuumxid xid, datfrozenxid xid,
			dattablespace oid, datconfig names, datacl acl, -datcollate name, -datctype name`,
			`SELECT d.oid, d.name, u.id, 6, false, true, 99999, 0, 0, 1663, NULL, NULL, 'C', 'C' FROM {databases} d LEFT JOIN {users} u ON u.name = d.owner`),
		pg("pg_database_info", `datid oid, datname name, datdba int4, encoding int4, datistemplate bool, datallowconn bool, datlastsysoid oid, datvacuumxid xid,
			datfrozenxid xid, dattablespace oid, datconfig names, datacl acl, datconnlimit text`,
			`SELECT d.oid, d.name, u.id, 6, false, true, 99999, 0, 0, 1663, NULL, NULL, 'UNLIMITED' FROM {databases} d LEFT JOIN {users} u ON u.name = d.owner`),
		empty("pg_default_acl", "defacluser int4, defaclnamespace oid, defaclobjtype char, defaclacl acl"),
		pg("pg_external_schema", "esoid oid, eskind int2, esdbname text, esoptions text",
			`SELECT oid, 1, options->>'database', to_json({'IAM_ROLE': options->>'role'}) FROM {db}._tarn.namespace WHERE kind = 'external'`),
		empty("pg_library", "name name, language_oid oid, file_store_id int4, owner int4"),
		empty("pg_statistic_indicator", "stairelid oid, stairows float4, staiins float4, staidels float4"),
		pg("pg_settings", `name text, setting text, category text, short_desc text, extra_desc text, context text, vartype text, source text, min_val text,
			max_val text`, `SELECT name, setting, NULL, NULL, NULL, 'user', 'string', 'default', NULL, NULL FROM {settings}`),
		pg("pg_tables", "schemaname name, tablename name, tableowner name, tablespace name, hasindexes bool, hasrules bool, hastriggers bool",
			`SELECT nspname, name, ownername, NULL, false, false, false FROM `+allRelations+` WHERE kind = 'r'`),
		pg("pg_views", "schemaname name, viewname name, viewowner name, definition text",
			`SELECT nspname, name, ownername, definition FROM `+allRelations+` WHERE kind = 'v'`),
		empty("pg_indexes", "schemaname name, tablename name, indexname name, tablespace name, indexdef text"),
		pg("pg_stat_activity", "datid oid, datname name, procpid int4, usesysid int4, usename name, current_query text, query_start ts",
			`SELECT d.oid, s.db, s.pid, s.userid, s.name, (SELECT any_value(h.querytext) FROM {history} h WHERE h.pid = s.pid AND h.status = 'running'), NULL
			FROM {sessions} s JOIN {databases} d ON d.name = s.db`),
		empty("pg_locks", `locktype text, database oid, relation oid, page int4, tuple int2, transactionid xid, classid oid, objid oid, objsubid int2, transaction xid,
			pid int4, mode text, granted bool`),
		empty("pg_collation", "oid oid, collname name, collnamespace oid, collowner int4, collencoding int4, collcollate name, collctype name"),
		empty("pg_foreign_table", "ftrelid oid, ftserver oid, ftoptions names"),
		empty("pg_foreign_server", "oid oid, srvname name, srvowner int4, srvfdw oid, srvtype text, srvversion text, srvacl acl, srvoptions names"),
		pg("pg_am", "oid oid, amname name, amowner int4", `VALUES (403, 'btree', 1)`),
		empty("pg_operator", "oid oid, oprname name, oprnamespace oid, oprowner int4, oprkind char, oprleft oid, oprright oid, oprresult oid"),
		empty("pg_cast", "castsource oid, casttarget oid, castfunc oid, castcontext char"),
		empty("pg_aggregate", "aggfnoid regproc, aggtransfn regproc, aggfinalfn regproc, aggtranstype oid, agginitval text"),
		empty("pg_inherits", "inhrelid oid, inhparent oid, inhseqno int4"),
		empty("pg_trigger", "oid oid, tgrelid oid, tgname name, tgfoid oid, tgtype int2, tgenabled bool, tgisconstraint bool, tgconstrname name, tgconstrrelid oid"),
		pg("pg_tablespace", "oid oid, spcname name, spcowner int4, spclocation text, spcacl acl", `VALUES (1663, 'pg_default', 1, '', NULL), (1664, 'pg_global', 1, '', NULL)`),
		pg("pg_table_def", "schemaname name, tablename name, column name, type c128, encoding c32, distkey bool, sortkey int4, notnull bool",
			`SELECT n.name, r.name, a.name, a.type, a.encode, a.distkey, a.sortkey, a.required FROM {db}._tarn.attribute a
			JOIN {db}._tarn.relation r ON r.oid = a.rel AND r.kind = 'r' JOIN {db}._tarn.namespace n ON n.oid = r.schema WHERE list_contains({path}, n.name)
			UNION ALL SELECT 'pg_temp', t.relname, t.name, t.type, 'none', false, 0, t.required FROM {temp} t`),
	}
}

// emptyQuery is the query of a table that has no rows: what it lists does not exist in this warehouse.
func emptyQuery(columns string) string {
	n := 1
	for _, r := range columns {
		if r == ',' {
			n++
		}
	}
	nulls := "NULL"
	for range n - 1 {
		nulls += ", NULL"
	}
	return "SELECT " + nulls + " WHERE false"
}
