package table

import "testing"

func TestTypes(t *testing.T) {
	for _, c := range []struct{ hive, duck, back string }{
		{"int", "INTEGER", "int"},
		{"INTEGER", "INTEGER", "int"},
		{"decimal", "DECIMAL(10,0)", "decimal(10,0)"},
		{"decimal( 12 , 3 )", "DECIMAL(12,3)", "decimal(12,3)"},
		{"varchar(20)", "VARCHAR", "varchar(20)"},
		{"timestamp with local time zone", "TIMESTAMP WITH TIME ZONE", "timestamp"},
		{"array< struct<a b:int,`x,y`:map<string,double> > >", `STRUCT("a b" INTEGER, "x,y" MAP(VARCHAR, DOUBLE))[]`, "array<struct<`a b`:int,`x,y`:map<string,double>>>"},
		{"struct<Lat:double comment 'north',lon:double>", `STRUCT("Lat" DOUBLE, "lon" DOUBLE)`, "struct<Lat:double,lon:double>"},
		{"uniontype<int,string>", "UNION(tag_0 INTEGER, tag_1 VARCHAR)", "uniontype<int,string>"},
	} {
		got, err := ParseHive(c.hive)
		if err != nil {
			t.Errorf("%s: %v", c.hive, err)
			continue
		}
		if got.DuckDB() != c.duck || got.Hive() != c.back {
			t.Errorf("%s: %s, %s", c.hive, got.DuckDB(), got.Hive())
		}
	}
	for _, bad := range []string{"", "nope", "decimal(50,2)", "array<int", "struct<a>", "map<int>", "int x", "decimal(2,3)", "array<>", "struct<:int>"} {
		if got, err := ParseHive(bad); err == nil {
			t.Errorf("%q was read as %s", bad, got.Hive())
		}
	}
}

func TestDuckDBTypes(t *testing.T) {
	for duck, hive := range map[string]string{
		"HUGEINT": "decimal(38,0)", "UBIGINT": "decimal(20,0)", "UINTEGER": "bigint", "JSON": "string", "TIMESTAMP_NS": "timestamp",
		"TIMESTAMP WITH TIME ZONE": "timestamp", "TIMESTAMPTZ": "timestamp", "TIME": "string", "INTEGER[3]": "array<int>", `STRUCT("a" INTEGER, b VARCHAR[])[]`: "array<struct<a:int,b:array<string>>>",
		"MAP(VARCHAR, DECIMAL(9,2))": "map<string,decimal(9,2)>", "ENUM('a', 'b'')')": "string", `"NULL"`: "string",
	} {
		got, err := ParseDuckDB(duck)
		if err != nil || got.Hive() != hive {
			t.Errorf("%s: %s, %v", duck, got.Hive(), err)
		}
	}
	for _, bad := range []string{"", "UNION(a INTEGER)", "STRUCT(a)", "DECIMAL(", "INTEGER["} {
		if got, err := ParseDuckDB(bad); err == nil {
			t.Errorf("%q was read as %s", bad, got.Hive())
		}
	}
}

// What parses prints to what parses to the same.
func FuzzParseHive(f *testing.F) {
	for _, s := range []string{"int", "decimal(3,1)", "struct<a:int,`b``,`:array<map<string,char(3)>>>", "uniontype<int>", "timestamp with time zone"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		typ, err := ParseHive(s)
		if err != nil {
			return
		}
		again, err := ParseHive(typ.Hive())
		if err != nil || again.Hive() != typ.Hive() {
			t.Fatalf("%q: %q: %v", s, typ.Hive(), err)
		}
	})
}

func FuzzParseDuckDB(f *testing.F) {
	for _, s := range []string{"INTEGER", "DECIMAL(3,1)", `STRUCT("a" INTEGER, b ENUM('x'))[]`, "MAP(VARCHAR, TIMESTAMP WITH TIME ZONE)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		typ, err := ParseDuckDB(s)
		if err != nil {
			return
		}
		if again, err := ParseDuckDB(typ.DuckDB()); err != nil || again.DuckDB() != typ.DuckDB() {
			t.Fatalf("%q: %q: %v", s, typ.DuckDB(), err)
		}
	})
}

// The head of a file is anything at all.
func FuzzCSVShape(f *testing.F) {
	f.Add("a,b\n", ",", `"`)
	f.Add("\"a\"\"\n\\\"", "||", `'`)
	f.Fuzz(func(t *testing.T, start, delimiter, q string) {
		g := &group{columns: []Column{{Name: "a"}, {Name: "b"}}}
		g.format.CSV = CSV{Delimiter: delimiter, Quote: q, Skip: 1}
		s := csvShape([]byte(start), g)
		seen := map[int]bool{}
		for _, c := range s.columns {
			if c >= len(g.columns) || c >= 0 && seen[c] {
				t.Fatalf("%v", s.columns)
			}
			seen[c] = true
		}
	})
}
