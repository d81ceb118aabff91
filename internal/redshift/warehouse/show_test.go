package warehouse

import "testing"

func TestShow(t *testing.T) {
	c := newWorld(t).login("awsuser")
	c.do("create schema s", "create table s.p (id int, primary key (id))",
		"create table s.t (a int not null default 3 distkey, b varchar(10) encode zstd, i bigint identity(1,2), primary key (a), foreign key (a) references s.p (id)) compound sortkey(a, b)",
		"create view s.v as select a from s.t", "comment on table s.t is 'things'", "comment on column s.t.b is 'text'")
	c.want("show databases", "dev|100|local|NULL|NULL|Snapshot Isolation\nSHOW")
	c.want("show schemas from database dev like 's'", "dev|s|100|local|NULL|NULL|NULL\nSHOW")
	c.want("show tables from schema dev.s", "dev|s|p|TABLE|NULL|NULL|awsuser|NULL|NULL|AUTO(EVEN)|REGULAR TABLE\n"+
		"dev|s|t|TABLE|NULL|things|awsuser|NULL|NULL|KEY(a)|REGULAR TABLE\ndev|s|v|VIEW|NULL|NULL|awsuser|NULL|NULL|NULL|REGULAR VIEW\nSHOW")
	c.want("show columns from table dev.s.t like 'b'", "dev|s|t|b|2|NULL|YES|character varying|10|NULL|NULL|text|COMPOUND|2|0|zstd|default\nSHOW")
	c.want("show constraints primary keys from table s.t", "dev|s|t|a|1|t_pkey\nSHOW")
	c.want("show constraints foreign keys from table s.t", "dev|s|p|id|dev|s|t|a|1|3|3|t_a_fkey|p_pkey|7\nSHOW")
	c.want("show table s.t", "CREATE TABLE s.t (\n    \"a\" integer NOT NULL DEFAULT 3 ENCODE raw distkey,\n    \"b\" character varying(10) ENCODE zstd,\n"+
		"    \"i\" bigint identity(1, 2) ENCODE az64\n)\nDISTSTYLE KEY\nSORTKEY (\"a\", \"b\");\nSHOW")
	c.want("show view s.v", "CREATE VIEW s.v AS\nselect a from s.t;\nSHOW")
	c.fails("show tables from schema dev.none", "3F000", "does not exist")
	c.fails("show columns from table s.none", "42P01", "does not exist")
	c.want("show search_path", "\"$user\", public\nSHOW")
	c.want("set search_path to s; select current_schema()", "SET\ns\nSELECT")
	c.want("select a.attname, format_type(a.atttypid, a.atttypmod) from pg_attribute a where a.attrelid = 's.t'::regclass order by attnum",
		"a|integer\nb|character varying(10)\ni|bigint\nSELECT")
	c.want("select trim(\"column\"), trim(type), trim(encoding), distkey, sortkey, \"notnull\" from pg_table_def where tablename = 't'",
		"a|integer|none|true|1|true\nb|character varying(10)|zstd|false|2|false\ni|bigint|az64|false|0|true\nSELECT")
	c.fails("show nosuchsetting", "42704", "unrecognized configuration parameter")
	c.fails("set nosuchsetting to 1", "42704", "unrecognized configuration parameter")

	st, err := c.Prepare(t.Context(), "SHOW TABLES FROM SCHEMA $1.$2 LIKE $3", []uint32{0, 0, 0})
	if err != nil || len(st.Params()) != 3 || len(st.Columns()) != 11 {
		t.Fatalf("%v %v", st, err)
	}
	r, err := st.Run(t.Context(), []any{"dev", "s", "t"})
	if err != nil {
		t.Fatal(err)
	}
	if row, err := r.Next(t.Context()); err != nil || row[2] != "t" {
		t.Errorf("%v %v", row, err)
	}
	// A name with braces is a name.
	c.do(`create schema "{users}"`)
	c.want(`show tables from schema "{users}"`, "SHOW")
}

func TestViews(t *testing.T) {
	c := newWorld(t).login("awsuser")
	c.do("create table t (a int, b varchar(5))", "insert into t values (1, 'x')", "create view v (one, two) as select a, b from t", "create view w as select one from v")
	c.want("select two, one from v", "x|1\nSELECT")
	c.fails("drop table t", "2BP01", "cannot drop table t because other objects depend on it")
	c.fails("alter table t drop column b", "2BP01", "depend")
	c.fails("create or replace view v as select a as other from t", "42P16", "cannot")
	c.want("create or replace view v (one, two) as select a + 1, b from t", "CREATE VIEW")
	c.want("select one from w", "2\nSELECT")
	c.want("create view l as select a from public.nothere with no schema binding", "CREATE VIEW")
	c.fails("select * from l", "42P01", "does not exist")
	c.want("create materialized view m as select count(*) as n from t", "CREATE MATERIALIZED VIEW")
	c.do("insert into t values (2, 'y')")
	c.want("select n from m", "1\nSELECT")
	c.want("refresh materialized view m", "REFRESH")
	c.want("select n from m", "2\nSELECT")
	c.fails("drop view m", "42809", "is not a view")
	c.want("drop table t cascade", "DROP TABLE")
	c.fails("select * from w", "42P01", "does not exist")
	c.do("create schema s", "create table s.x (a int)")
	c.fails("drop schema s", "2BP01", "depend")
	c.want("drop schema s cascade", "DROP SCHEMA")
	c.want("select count(*) from pg_class where relnamespace > 20000", "0\nSELECT")
}
