package warehouse

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestSystemTables reads every table of the system catalog once.
func TestSystemTables(t *testing.T) {
	c := newWorld(t).login("awsuser")
	c.do("create table t (a int not null, b varchar(10), primary key (a))", "create view v as select a from t", "create view l as select a from public.t with no schema binding",
		"comment on table t is 'things'", "grant select on t to public")
	for name := range systemTables() {
		if name[len(name)-1] == ')' {
			continue
		}
		if _, err := c.run("select * from " + name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

var placeholder = regexp.MustCompile(`\$\d`)

// TestClientQueries asks what psql, redshift_connector, psycopg, the JDBC driver and dbt ask of the
// catalog, as they were seen to ask it.
func TestClientQueries(t *testing.T) {
	c := newWorld(t).login("awsuser")
	c.do("create table t (a int not null, b varchar(10), c decimal(10,2) default 3, primary key (a)) distkey(a) sortkey(b)", "create view v as select a from t",
		"create schema an", "create table an.m1 sortkey(name) as select 1 as id, 'x'::varchar(5) as name", "create view an.m2 as select count(*) as n from an.m1", "comment on column t.b is 'text'")
	out, err := c.run("select 't'::regclass::oid")
	if err != nil {
		t.Fatal(err)
	}
	oid := strings.TrimSuffix(out, "\nSELECT")
	file, err := os.ReadFile("testdata/clients.txt")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for i, q := range strings.Split(string(file), "-- query\n")[1:] {
		q = strings.ReplaceAll(strings.TrimSpace(q), "100004", oid)
		fmt.Fprintf(&got, "-- %d\n", i+1)
		if placeholder.MatchString(q) {
			s, err := c.Prepare(t.Context(), q, nil)
			if err != nil {
				t.Errorf("%s\n%v", q, err)
				continue
			}
			fmt.Fprintf(&got, "parameters %v\n", s.Params())
			for _, col := range s.Columns() {
				fmt.Fprintf(&got, "%s %d\n", col.Name, col.OID)
			}
			continue
		}
		answer, err := c.run(q)
		if err != nil {
			t.Errorf("%s\n%v", q, err)
		}
		lines := strings.Split(answer, "\n")
		if len(lines) > 40 {
			lines = append(lines[:40], fmt.Sprintf("... %d lines", len(lines)))
		}
		fmt.Fprintln(&got, strings.Join(lines, "\n"))
	}
	const golden = "testdata/clients.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		a, b := strings.Split(got.String(), "\n"), strings.Split(string(want), "\n")
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Fatalf("line %d of %s:\n got %q\nwant %q", i+1, golden, a[i], b[i])
			}
		}
		t.Fatalf("%d lines, want %d", len(a), len(b))
	}
}
