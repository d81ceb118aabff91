package schema

import (
	"strings"
	"testing"
)

func parse(t *testing.T, s string) *Type {
	t.Helper()
	if s == "null" {
		return &Type{}
	}
	typ, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

func TestMerge(t *testing.T) {
	cases := []struct{ a, b, want string }{
		{"int", "bigint", "bigint"}, {"tinyint", "int", "int"}, {"bigint", "double", "double"}, {"float", "float", "float"}, {"float", "int", "double"},
		{"decimal(10,2)", "decimal(5,4)", "decimal(12,4)"}, {"decimal(10,2)", "double", "double"}, {"decimal(10,2)", "int", "decimal(12,2)"},
		{"decimal(38,0)", "decimal(38,10)", "double"}, {"decimal", "decimal(10)", "decimal(10,0)"},
		{"date", "timestamp", "timestamp"}, {"date", "date", "date"}, {"date", "int", "string"}, {"boolean", "int", "string"}, {"boolean", "boolean", "boolean"},
		{"null", "int", "int"}, {"int", "null", "int"}, {"null", "null", "string"}, {"string", "int", "string"}, {"varchar(3)", "varchar(5)", "varchar(5)"},
		{"struct<a:int>", "struct<b:string,A:double>", "struct<a:double,b:string>"}, {"struct<a:int>", "int", "string"},
		{"array<int>", "array<double>", "array<double>"}, {"array<int>", "struct<a:int>", "string"}, {"map<string,int>", "map<string,bigint>", "map<string,bigint>"},
		{"binary", "string", "string"},
	}
	for _, c := range cases {
		if got := Merge(parse(t, c.a), parse(t, c.b)).String(); got != c.want {
			t.Errorf("%s and %s: got %s, want %s", c.a, c.b, got, c.want)
		}
	}
}

func TestParse(t *testing.T) {
	same := []string{
		"string", "array<struct<a:int,b:array<string>>>", "map<string,struct<x y:int>>", "uniontype", "timestamp with local time zone", "struct<>",
		"decimal(38,10)", "char(3)", "struct<`a:b`:int>", "struct<```:int>",
	}
	for _, s := range same {
		typ, err := Parse(s)
		want := strings.ReplaceAll(s, "x y", "`x y`")
		if s == "struct<```:int>" {
			if err == nil {
				t.Errorf("%s parsed", s)
			}
			continue
		}
		if err != nil || typ.String() != want {
			t.Errorf("%s: got %v %v", s, typ, err)
		}
	}
	for in, want := range map[string]string{" ARRAY < INT > ": "array<int>", "integer": "int", "REAL": "float", "decimal": "decimal(10,0)", "decimal ( 5 , 2 )": "decimal(5,2)"} {
		if typ, err := Parse(in); err != nil || typ.String() != want {
			t.Errorf("%s: got %v %v, want %s", in, typ, err, want)
		}
	}
	for _, bad := range []string{"", "array", "array<", "array<int", "map<int>", "struct<a>", "struct<a:int", "decimal(", "decimal(x)", "int>", strings.Repeat("array<", 200)} {
		if typ, err := Parse(bad); err == nil {
			t.Errorf("%q parsed as %v", bad, typ)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("struct<a:int,`b c`:array<map<string,decimal(10,2)>>>", "int")
	f.Add("varchar(10)", "struct<x:double>")
	f.Fuzz(func(t *testing.T, a, b string) {
		x, err := Parse(a)
		if err != nil {
			return
		}
		again, err := Parse(x.String())
		if err != nil || again.String() != x.String() {
			t.Errorf("%q is written as %q, which reads as %v (%v)", a, x, again, err)
		}
		y, err := Parse(b)
		if err != nil {
			return
		}
		m := Merge(x, y)
		if again := Merge(m, y); again.String() != m.String() {
			t.Errorf("merging %s again into %s gives %s", y, m, again)
		}
	})
}

func fields(t *testing.T, s string) []Field { return parse(t, "struct<"+s+">").Fields }

func TestSimilarityAndAppend(t *testing.T) {
	cases := []struct {
		a, b string
		want float64
	}{
		{"a:int,b:string", "a:bigint,b:string", 1}, {"a:int,b:string", "a:string,B:date", 1}, {"a:int", "b:int", 0}, {"a:int,b:int,c:int", "a:int,b:int,d:int", 0.5},
		{"a:int", "a:date", 0}, {"a:int", "", 1}, {"a:struct<x:int>", "a:string", 0},
	}
	for _, c := range cases {
		if got := Similarity(fields(t, c.a), fields(t, c.b)); got != c.want {
			t.Errorf("%s and %s: got %v, want %v", c.a, c.b, got, c.want)
		}
	}
	got := &Type{Base: "struct", Fields: Append(fields(t, "a:int,s:struct<x:int>"), fields(t, "b:string,S:struct<y:date,x:string>,a:double"))}
	if want := "struct<a:int,s:struct<x:int,y:date>,b:string>"; got.String() != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
