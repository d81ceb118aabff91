package sql

import (
	"fmt"
	"strings"
	"testing"
)

// mapCatalog holds tables by their bare names.
type mapCatalog map[string]*TableInfo

func (m mapCatalog) Table(path []string) (*TableInfo, error) { return m[path[len(path)-1]], nil }

func testCatalog(t *testing.T) mapCatalog {
	m := mapCatalog{
		"orders": {Path: []string{"dev", "public", "orders"}, Columns: []Column{{Name: "id", Type: Int8, NotNull: true}, {Name: "day", Type: Date},
			{Name: "amount", Type: Decimal(12, 2)}, {Name: "note", Type: Varchar(40)}, {Name: "$path", Type: Varchar(100), Hidden: true, Engine: "filename"}}},
		"people": {Path: []string{"dev", "hr", "people"}, Columns: []Column{{Name: "id", Type: Int4}, {Name: "name", Type: Varchar(20)}, {Name: "pay", Type: Int4}}},
	}
	stmts, err := Parse("select id, name from people")
	if err != nil {
		t.Fatal(err)
	}
	m["names"] = &TableInfo{Path: []string{"dev", "hr", "names"}, View: stmts[0].(*SelectStmt).Query, Columns: []Column{{Name: "pid", Type: Int4}, {Name: "name", Type: Varchar(20)}}}
	return m
}

func TestPlanTellsWhatIsReadAndWritten(t *testing.T) {
	cat := testCatalog(t)
	for _, tc := range []struct{ text, want string }{
		{"select day, sum(amount) from orders where note like 'x%' group by day", "reads orders(note,day,amount)"},
		{"select count(*) from orders", "reads orders()"},
		{"select n.name from names n", "reads names(name) people(id,name)/via names"},
		{"select 1 from orders o join people p using (id)", "reads orders(id) people(id)"},
		{"select \"$path\" from orders", "reads orders($path)"},
		{"insert into people (id) select id from orders", "writes people(id) reads orders(id)"},
		{"update people set pay = pay + 1, name = 'x' where id = 1", "writes people(pay,name) reads people(id,pay)"},
		{"delete from people using orders o where o.id = people.id", "writes people() reads people(id) orders(id)"},
		{"delete from people", "writes people()"},
		{"with x as (select id from orders) select id from x where id in (select id from people)", "reads orders(id) people(id)"},
		{"create table c as select * from people", "reads people(id,name,pay)"},
		{"explain select id from people", "reads people(id)"},
		{"unload ('select id from people where name = ''x''') to 's3://b/x' iam_role default", "reads people(name,id)"},
	} {
		stmts, err := Parse(tc.text)
		if err != nil {
			t.Errorf("%s: %v", tc.text, err)
			continue
		}
		plan, err := Analyze(stmts[0], cat, nil)
		if err != nil {
			t.Errorf("%s: %v", tc.text, err)
			continue
		}
		var parts []string
		use := func(u *TableUse) string {
			s := u.Table.Path[2] + "(" + strings.Join(u.Columns, ",") + ")"
			if u.Via != nil {
				s += "/via " + u.Via.Path[2]
			}
			return s
		}
		if plan.Write != nil {
			parts = append(parts, "writes "+use(plan.Write))
		}
		if len(plan.Reads) > 0 {
			parts = append(parts, "reads")
		}
		for _, u := range plan.Reads {
			parts = append(parts, use(u))
		}
		if have := strings.Join(parts, " "); have != tc.want {
			t.Errorf("%s\nhave %s\nwant %s", tc.text, have, tc.want)
		}
	}
}

func TestParametersAreInferred(t *testing.T) {
	cat := testCatalog(t)
	for _, tc := range []struct {
		text     string
		declared []Type
		want     string
	}{
		{"select * from orders where id = $1 and day >= $2 and note = $3", nil, "bigint, date, character varying(65535)"},
		{"select $1 + 1, $2", nil, "integer, character varying(65535)"},
		{"select $1::decimal(10,2), dateadd(day, $2, $3)", nil, "numeric(38,2), bigint, timestamp without time zone"},
		{"insert into people values ($1, $2, $3)", nil, "integer, character varying(65535), integer"},
		{"select * from orders where id = $1", []Type{Int4}, "integer"},
		{"select * from orders limit $1 offset $2", nil, "bigint, bigint"},
		{"select * from people where id in ($1, $2)", nil, "integer, integer"},
		{"select case when id = $1 then $2 else 5 end from people", nil, "integer, integer"},
	} {
		stmts, err := Parse(tc.text)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := Analyze(stmts[0], cat, &Session{ParamTypes: tc.declared})
		if err != nil {
			t.Errorf("%s: %v", tc.text, err)
			continue
		}
		var types []string
		for _, p := range plan.Params {
			types = append(types, p.String())
		}
		if have := strings.Join(types, ", "); have != tc.want {
			t.Errorf("%s\nhave %s\nwant %s", tc.text, have, tc.want)
		}
	}
}

func TestResultColumnsNameTheirSource(t *testing.T) {
	stmts, err := Parse("select o.id, amount * 2, n.pid as who from orders o left join names n on n.pid = o.id")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := Analyze(stmts[0], testCatalog(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, c := range plan.Columns {
		s := c.Name + " " + c.Type.String()
		if c.Table != nil {
			s += fmt.Sprintf(" from %s.%s #%d", strings.Join(c.Table.Path, "."), c.Source, c.Attnum)
		}
		if c.NotNull {
			s += " not null"
		}
		out = append(out, s)
	}
	want := "id bigint from dev.public.orders.id #1 not null; ?column? numeric(23,2); who integer from dev.hr.names.pid #1"
	if have := strings.Join(out, "; "); have != want {
		t.Errorf("have %s\nwant %s", have, want)
	}
}

func TestNamedParameters(t *testing.T) {
	stmts, err := ParseWith("select id from people where id = :id and name = ':x' || :who::varchar or id = :id", Options{NamedParameters: true})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := Analyze(stmts[0], testCatalog(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Params) != 2 {
		t.Fatalf("%d parameters", len(plan.Params))
	}
	sql, err := plan.SQL(func(*TableUse) (string, error) { return "people", nil })
	if err != nil || !strings.Contains(sql, "CAST($1 AS INTEGER)") || !strings.Contains(sql, "CAST($2 AS VARCHAR)") {
		t.Fatal(sql, err)
	}
}

func TestTypesReadAndWrite(t *testing.T) {
	for text, want := range map[string]string{
		"varchar(10)": "character varying(10) 1043 14", "text": "character varying(256) 1043 260", "varchar(max)": "character varying(65535) 1043 65539",
		"char": "character(1) 1042 5", "bpchar": "character(256) 1042 260", "decimal(12,2)": "numeric(12,2) 1700 786438", "numeric": "numeric(18,0) 1700 1179652",
		"float": "double precision 701 -1", "float(20)": "real 700 -1", "double precision": "double precision 701 -1", "int8": "bigint 20 -1",
		"timestamp with time zone": "timestamp with time zone 1184 -1", "timestamptz": "timestamp with time zone 1184 -1", "super": "super 4000 -1",
		"varbyte(10)": "binary varying(10) 6551 14", "interval year to month": "intervaly2m 1188 -1", "interval day to second(3)": "intervald2s 1190 -1",
		"int[]": "integer[] 1007 -1", "string": "character varying(65535) 1043 65539", "boolean": "boolean 16 -1",
	} {
		typ, err := ParseType(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if have := fmt.Sprintf("%s %d %d", typ, typ.OID(), typ.Typmod()); have != want {
			t.Errorf("%s: have %s, want %s", text, have, want)
		}
	}
	if _, err := ParseType("int int"); err == nil {
		t.Error("int int is no type")
	}
}

func BenchmarkParseAndAnalyze(b *testing.B) {
	cat := mapCatalog{"orders": {Path: []string{"dev", "public", "orders"}, Columns: []Column{{Name: "id", Type: Int8}, {Name: "day", Type: Date}, {Name: "amount", Type: Decimal(12, 2)}}}}
	const text = "select date_trunc('month', day) as m, count(*) n, sum(amount) as total, avg(amount) from orders where day >= '2024-01-01' and amount > 10 group by 1 having count(*) > 5 order by total desc limit 10"
	for b.Loop() {
		stmts, err := Parse(text)
		if err != nil {
			b.Fatal(err)
		}
		plan, err := Analyze(stmts[0], cat, nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := plan.SQL(func(*TableUse) (string, error) { return "orders", nil }); err != nil {
			b.Fatal(err)
		}
	}
}
