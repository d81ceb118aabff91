package pipeline

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the golden files")

// Each file of testdata is a project folder and, in "want", what reading it
// says: its problems, or its graph.
func TestLoad(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(f)
			if err != nil {
				t.Fatal(err)
			}
			root := t.TempDir()
			dir := filepath.Join(root, "flights")
			var want *txtar.File
			for i := range ar.Files {
				if ar.Files[i].Name == "want" {
					want = &ar.Files[i]
					continue
				}
				p := filepath.Join(dir, ar.Files[i].Name)
				if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(p, ar.Files[i].Data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got := describe(dir)
			got = strings.ReplaceAll(got, dir+"/", "")
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(f, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(want.Data) {
				t.Errorf("got\n%s\nwant\n%s", got, want.Data)
			}
		})
	}
}

func describe(dir string) string {
	p, err := Load(dir, LoadOptions{LookupEnv: func(string) (string, bool) { return "", false }})
	if err != nil {
		return err.Error() + "\n"
	}
	var b strings.Builder
	jobs, err := p.order()
	if err != nil {
		return err.Error() + "\n"
	}
	for _, j := range jobs {
		fmt.Fprintf(&b, "%s (%s) reads %s writes %s after %s\n", j.Name, j.Engine, strings.Join(j.Reads, " "), strings.Join(j.Writes, " "), strings.Join(p.predecessors(j), " "))
	}
	return b.String()
}

func TestRawNames(t *testing.T) {
	for in, want := range map[string]string{
		"select * from raw.flights":                           "select * from flights_raw.flights",
		"select raw.x, 'raw.y', t.raw.z -- raw.c\nfrom raw.x": "select flights_raw.x, 'raw.y', t.raw.z -- raw.c\nfrom flights_raw.x",
		"select \"raw\".x from RAW . x":                       "select \"raw\".x from flights_raw . x",
		"":                                                    "",
	} {
		if got := RawNames(in, "flights"); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func FuzzSQLTables(f *testing.F) {
	f.Add("with a as (select 1) select * from a, raw.b join c using (x) where extract(year from d) = 1 /* from e */")
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range sqlTables(s) {
			if r.table == "" && !strings.Contains(s, `""`) || r.line < 1 || r.col < 1 {
				t.Fatalf("%q gave %+v", s, r)
			}
		}
		RawNames(s, "p")
	})
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 327346: "327,346", -1234567: "-1,234,567"} {
		if got := Grouped(n); got != want {
			t.Errorf("%d became %s", n, got)
		}
	}
}

func TestVariables(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tarn.yaml"), []byte("name: p\nvars: {from: data/a.csv}\nsources: {a: {from: \"${from}\"}}\nenvs: {ci: {vars: {from: data/b.csv}}}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	environment := func(name string) (string, bool) { return "data/c.csv", name == "TARN_VAR_FROM" }
	for _, c := range []struct {
		name, want string
		o          LoadOptions
	}{
		{"tarn.yaml", "data/a.csv", LoadOptions{}},
		{"the environment of the project", "data/b.csv", LoadOptions{Env: "ci"}},
		{"the process's environment", "data/c.csv", LoadOptions{Env: "ci", LookupEnv: environment}},
		{"the flag", "data/d.csv", LoadOptions{Env: "ci", LookupEnv: environment, Vars: map[string]string{"from": "data/d.csv"}}},
	} {
		p, err := Load(dir, c.o)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Sources[0].From; got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if _, err := Load(dir, LoadOptions{Vars: map[string]string{"form": "x"}}); err == nil || !strings.Contains(err.Error(), `Did you mean "from"?`) {
		t.Errorf("a variable that is not there: %v", err)
	}
}

func TestDifferences(t *testing.T) {
	type list []map[string]string
	type args map[string]any
	for name, c := range map[string]struct {
		live, want any
		changes    string
	}{
		"nothing":                {args{"A": "1", "B": "2"}, args{"A": "1"}, ""},
		"a value":                {args{"A": "1"}, args{"A": "2"}, "A: 1 → 2"},
		"a member":               {args{}, args{"A": args{"B": "2"}}, "A.B:  → 2"},
		"a shorter list":         {args{"L": list{{"P": "a"}, {"P": "b", "Q": ""}}}, args{"L": list{{"P": "a"}}}, "L.2.P: b → "},
		"a longer list":          {args{"L": list{{"P": "a"}}}, args{"L": list{{"P": "a"}, {"P": "b"}}}, "L.2.P:  → b"},
		"an element's own":       {args{"L": list{{"P": "a", "Added": "x"}}}, args{"L": list{{"P": "a"}}}, ""},
		"texts":                  {args{"L": []string{"a", "b"}}, args{"L": []string{"a"}}, "L: a, b → a"},
		"an argument":            {args{"DefaultArguments": args{"--a": "1", "--b": "2"}}, args{"DefaultArguments": args{"--a": "1"}}, "DefaultArguments.--b: 2 → "},
		"columns of the crawler": {args{"StorageDescriptor": args{"Columns": list{{"Name": "a"}, {"Name": "b"}}}}, args{"StorageDescriptor": args{"Columns": list{{"Name": "a"}}}}, ""},
	} {
		changes, err := differences(c.live, c.want)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, ch := range changes {
			got = append(got, ch.Member+": "+ch.From+" → "+ch.To)
		}
		if s := strings.Join(got, "; "); s != c.changes {
			t.Errorf("%s: %s, want %s", name, s, c.changes)
		}
	}
}
