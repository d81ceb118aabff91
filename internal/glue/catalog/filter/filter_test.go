package filter

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"tarn/internal/awsapi"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden runs testdata/filter.txt: "keys" lines declare the table's keys, "part" lines add a partition, every other
// line is an expression, followed by its answer behind "=>".
func TestGolden(t *testing.T) {
	const path = "testdata/filter.txt"
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var keys []Key
	var parts [][]string
	var out strings.Builder
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		expr, want, isCase := strings.Cut(line, " => ")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "keys"):
			keys, parts = nil, nil
			for _, k := range strings.Fields(line)[1:] {
				name, typ, _ := strings.Cut(k, ":")
				keys = append(keys, Key{name, typ})
			}
		case strings.HasPrefix(line, "part "):
			parts = append(parts, strings.Split(strings.TrimPrefix(line, "part "), "|"))
		default:
			expr = strings.TrimSuffix(expr, " =>")
			got := answer(expr, keys, parts)
			if !*update && (!isCase || got != want) {
				t.Errorf("line %d: %s\n got %s\nwant %s", n, expr, got, want)
			}
			line = expr + " => " + got
		}
		out.WriteString(line + "\n")
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func answer(expr string, keys []Key, parts [][]string) string {
	f, err := Compile(expr, keys)
	if err != nil {
		return err.Error()
	}
	var matched []string
	for _, p := range parts {
		ok, err := f.Match(p)
		if err != nil {
			return err.Error()
		}
		if ok {
			matched = append(matched, strings.Join(p, "|"))
		}
	}
	s := strings.Join(matched, "  ")
	if s == "" {
		s = "none"
	}
	if p := f.Prefix(); len(p) > 0 {
		s += fmt.Sprintf("  (prefix %s)", strings.Join(p, "|"))
	}
	return s
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{
		"year = '2021' AND month IN (1, '2') OR NOT (day BETWEEN 1 AND 31)",
		"(s) like 'a%_\\%' and d <> -1.5e3", "dt >= '2021-01-01' or ts is not null", "s = 2021-01-01", "((((s = 'x'))))", "`S` = ''''",
	} {
		f.Add(s, "2021", "07")
	}
	keys := []Key{{"s", "string"}, {"year", "int"}, {"month", "tinyint"}, {"day", "bigint"}, {"d", "decimal(10,2)"}, {"dt", "date"}, {"ts", "timestamp"}}
	f.Fuzz(func(t *testing.T, expr, a, b string) {
		c, err := Compile(expr, keys)
		if err != nil {
			if !awsapi.IsCode(err, "InvalidInputException") {
				t.Errorf("%s: %v", expr, err)
			}
			return
		}
		values := []string{a, "2021", "1", "2", "1.5", "2021-01-01", "2021-01-01 00:00:00"}
		ok, err := c.Match(values)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
		}
		if p := c.Prefix(); ok && len(p) > 0 && p[0] != a {
			t.Errorf("%s matched %q outside its prefix %q", expr, a, p[0])
		}
		values[1] = b
		if _, err := c.Match(values); err != nil && !awsapi.IsCode(err, "InvalidStateException") {
			t.Errorf("%s: %v", expr, err)
		}
	})
}

func TestNestingIsBounded(t *testing.T) {
	for _, expr := range []string{strings.Repeat("(", 100000) + "s", strings.Repeat("NOT ", 100000) + "s = 'x'"} {
		_, err := Compile(expr, []Key{{"s", "string"}})
		var e *awsapi.Error
		if !errors.As(err, &e) || len(e.Text()) > 200000 {
			t.Errorf("got %v", err)
		}
	}
}
