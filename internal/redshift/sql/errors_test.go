package sql

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var updateErrors = flag.Bool("update-errors", false, "rewrite testdata/parse/errors.golden")

// TestParseErrors pins code, message, place and hint of each line of errors.txt.
func TestParseErrors(t *testing.T) {
	data, err := os.ReadFile("testdata/parse/errors.txt")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for line := range strings.SplitSeq(strings.TrimSpace(string(data)), "\n") {
		_, err := Parse(line)
		e, ok := errors.AsType[*Error](err)
		if !ok {
			t.Errorf("%s: no error", line)
			continue
		}
		fmt.Fprintf(&b, "%s\n%s^ %s %s", line, strings.Repeat(" ", max(e.Col-1, 0)), e.Code, e.Message)
		if e.Hint != "" {
			b.WriteString(" (" + e.Hint + ")")
		}
		b.WriteString("\n")
	}
	const golden = "testdata/parse/errors.golden"
	if *updateErrors {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("have:\n%s", b.String())
	}
}
