package warehouse

import "testing"

func TestGrants(t *testing.T) {
	w := newWorld(t)
	root := w.login("awsuser")
	root.do("create user ann password 'Secret123'", "create user bob password 'Secret123'", "create group readers with user bob",
		"create schema s", "create table s.t (a int)", "insert into s.t values (1)", "create view s.v as select a from s.t", "create view s.lv as select a from s.t with no schema binding")
	ann, bob := w.login("ann"), w.login("bob")
	ann.fails("select * from s.t", "42501", "permission denied for schema s")
	root.do("grant usage on schema s to ann", "grant usage on schema s to group readers")
	ann.fails("select * from s.t", "42501", "permission denied for relation t")
	ann.fails("select * from s.v", "42501", "permission denied for relation v")
	root.do("grant select on s.v to ann", "grant select on s.lv to ann", "grant select, insert on table s.t to group readers")
	ann.want("select * from s.v", "1\nSELECT") // by the view's owner's right
	ann.want("select * from s.lv", "1\nSELECT")
	ann.fails("select * from s.t", "42501", "permission denied for relation t")
	ann.fails("insert into s.t values (2)", "42501", "permission denied for relation t")
	bob.want("insert into s.t values (2)", "INSERT 0 1")
	bob.want("select count(*) from s.t", "2\nSELECT")
	bob.fails("delete from s.t", "42501", "permission denied for relation t")
	bob.fails("update s.t set a = 3", "42501", "permission denied for relation t")
	bob.fails("drop table s.t", "42501", "must be owner of relation t")
	bob.fails("truncate s.t", "42501", "must be owner of relation t")
	bob.fails("alter table s.t rename to u", "42501", "must be owner of relation t")
	bob.fails("create table s.x (a int)", "42501", "permission denied for schema s")
	bob.fails("create user eve password 'Secret123'", "42501", "must be superuser")
	bob.fails("create schema mine", "42501", "permission denied for database dev")
	bob.fails("set session authorization awsuser", "42501", "permission denied")
	bob.fails("create database d", "42501", "permission denied to create database")
	bob.fails("grant select on s.t to ann", "42501", "permission denied for relation t")
	bob.want("create table public.own (a int)", "CREATE TABLE")
	bob.want("grant select on own to ann", "GRANT")
	ann.want("select count(*) from own", "0\nSELECT")
	root.want("revoke select on s.v from ann", "REVOKE")
	ann.fails("select * from s.v", "42501", "permission denied for relation v")
	root.want("grant select on all tables in schema s to ann", "GRANT")
	ann.want("select count(*) from s.t", "2\nSELECT")
	root.fails("drop user ann", "2BP01", "cannot be dropped")
	root.fails("drop user awsuser", "55006", "cannot be dropped")
	root.do("revoke all on all tables in schema s from ann", "revoke all on schema s from ann", "revoke all on own from ann")
	root.want("drop user ann", "DROP USER")
	root.fails("grant select on s.t to role r", "0A000", "roles")
	root.fails("grant usage on language sql to bob", "0A000", "LANGUAGE")
	root.want("select has_table_privilege('bob', 's.t', 'select'), has_table_privilege('bob', 's.t', 'delete'), has_schema_privilege('bob', 's', 'usage')", "true|false|true\nSELECT")
	root.want("set session authorization bob", "SET")
	root.want("select current_user, session_user", "bob|awsuser\nSELECT")
	root.fails("delete from s.t", "42501", "permission denied")
	root.want("reset session authorization", "RESET")
	bob.fails("select * from _tarn.relation", "3F000", "does not exist")
	bob.fails("select * from data.t100003", "3F000", "does not exist")
	for _, q := range []string{"select * from read_csv('/etc/passwd')", "select * from '/etc/passwd'", "select * from duckdb_tables()", "select * from read_text('/etc/passwd')",
		"copy own to '/tmp/x'", "attach '/tmp/x'", "load httpfs", "pragma database_list", "set memory_limit = '1GB'", "set enable_external_access = true", "select getenv('HOME')"} {
		if _, err := bob.run(q); err == nil {
			t.Errorf("%s was run", q)
		}
	}
}

func TestPasswords(t *testing.T) {
	w := newWorld(t)
	c := w.login("awsuser")
	for password, want := range map[string]string{"short": "between 8 and 64", "alllower1": "uppercase", "ALLUPPER1": "lowercase", "NoDigitsHere": "number"} {
		c.fails("create user u password '"+password+"'", "22023", want)
	}
	c.do("create user u password 'Secret123' valid until '2020-01-01'")
	if ok, _ := w.CheckPassword(t.Context(), "u", "Secret123"); ok {
		t.Error("an expired password works")
	}
	c.do("alter user u password 'Secret124' valid until 'infinity'")
	if ok, err := w.CheckPassword(t.Context(), "u", "Secret124"); !ok || err != nil {
		t.Error("the new password does not work")
	}
	c.do("alter user u password disable")
	if ok, _ := w.CheckPassword(t.Context(), "u", "Secret124"); ok {
		t.Error("a disabled password works")
	}
	c.do("alter user u set search_path to s, public")
	w.login("u").want("show search_path", "s, public\nSHOW")
}
