package sql

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryFunctionHasACase fails for a function that no case in testdata/cases calls, unless it asks the warehouse or is
// another name of one that is called.
func TestEveryFunctionHasACase(t *testing.T) {
	files, err := filepath.Glob("testdata/cases/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	called := map[*function]bool{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for block := range strings.SplitSeq(string(data), "\n\n") {
			query, want, _ := strings.Cut(block, "\n----\n")
			if strings.HasPrefix(want, "error: 42883") {
				continue
			}
			toks, err := lex(query, Options{})
			if err != nil {
				continue
			}
			for i, tok := range toks {
				if tok.kind == tokWord && (toks[min(i+1, len(toks)-1)].isOp("(") || bareCalls[tok.text]) {
					called[functions[tok.text]] = true
				}
			}
		}
	}
	host := map[string]bool{}
	for _, h := range HostFunctions() {
		host[h.Name] = true
	}
	for name, f := range functions {
		if called[f] || len(f.overloads) > 0 && host[f.overloads[0].sql[:strings.IndexByte(f.overloads[0].sql, '(')]] || strings.HasPrefix(name, "has_") {
			continue
		}
		t.Errorf("no case in testdata/cases calls %s", name)
	}
}
