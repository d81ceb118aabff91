package internal

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layers, from the bottom. A package may import packages of its own service and
// of the layers below, never a service beside it or anything above.
var layers = [][]string{
	{"internal/awsapi"},
	{"internal/meta"},
	{"internal/engine", "internal/identity"},
	{"internal/table"},
	{"internal/s3", "internal/glue", "internal/redshift", "internal/quicksight", "internal/logs", "internal/console", "internal/pipeline"},
	{"internal/server"},
	{"cmd"},
}

// pure packages import nothing of tarn's but what stands here.
var pure = map[string][]string{
	"internal/redshift/sql":          {},
	"internal/redshift/wire":         {},
	"internal/quicksight/expression": {},
	"internal/quicksight/query":      {"internal/quicksight/expression", "api/quicksight", "internal/awsapi"},
	"internal/awsapi":                {},
}

func TestImportsPointDown(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "-tags", "duckdb_arrow", "tarn/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	seen := 0
	for dec.More() {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		seen++
		from := strings.TrimPrefix(p.ImportPath, "tarn/")
		for _, i := range p.Imports {
			to, ours := strings.CutPrefix(i, "tarn/")
			if !ours {
				if strings.HasPrefix(i, "github.com/duckdb/duckdb-go") && from != "internal/engine" && from != "bench" { // bench measures the bare engine
					t.Errorf("%s imports %s: only internal/engine may", from, i)
				}
				if from == "internal/awsapi" && strings.Contains(i, ".") {
					t.Errorf("%s imports %s: it uses the standard library only", from, i)
				}
				continue
			}
			if allowed, ok := pure[from]; ok && !slices.Contains(allowed, to) {
				t.Errorf("%s is pure, and imports %s", from, to)
			}
			if strings.HasPrefix(from, "api/") && to != "internal/awsapi" {
				t.Errorf("%s imports %s: generated packages import awsapi alone", from, to)
			}
			fl, fs := layer(from)
			tl, ts := layer(to)
			if tl < 0 || fl < 0 {
				continue
			}
			if tl > fl {
				t.Errorf("%s imports %s, which lies above it", from, to)
			}
			if tl == fl && fs != ts {
				t.Errorf("%s imports %s, a service beside it: declare an interface instead", from, to)
			}
		}
	}
	if seen < 20 {
		t.Fatalf("only %d packages were found", seen)
	}
}

// layer is a package's layer and its service there; -1 for those in none.
func layer(pkg string) (int, string) {
	for i, l := range layers {
		for _, s := range l {
			if pkg == s || strings.HasPrefix(pkg, s+"/") {
				return i, s
			}
		}
	}
	return -1, ""
}
