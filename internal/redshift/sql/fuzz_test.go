package sql

import (
	"errors"
	"os"
	"strings"
	"testing"
)

func seeds(f *testing.F) {
	for _, name := range []string{"testdata/parse/accept.sql", "testdata/parse/errors.txt", "testdata/parse/clients.sql"} {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.SplitSeq(string(data), "\n") {
			f.Add(line)
		}
	}
	f.Add("'\\x41\\7'")
	f.Add("$a$ $b$ $a$")
	f.Add("((((((((select 1))))))))")
}

// checkError fails unless an error is typed and its place is in the text.
func checkError(t *testing.T, text string, err error) {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("%q: error %T is not an *Error", text, err)
	}
	if e.Code == "" || e.Message == "" || e.Pos < 0 || e.Pos > len(text) {
		t.Fatalf("%q: code %q, message %q, position %d of %d", text, e.Code, e.Message, e.Pos, len(text))
	}
}

func FuzzLex(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		toks, err := lex(text, Options{NamedParameters: true})
		if err != nil {
			checkError(t, text, err)
			return
		}
		end := 0
		for _, tok := range toks {
			if tok.start < end || tok.end < tok.start || tok.end > len(text) {
				t.Fatalf("%q: token %d..%d after %d", text, tok.start, tok.end, end)
			}
			end = tok.end
		}
	})
}

func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		stmts, err := Parse(text)
		if err != nil {
			checkError(t, text, err)
			return
		}
		end := 0
		for _, s := range stmts {
			src := s.Source()
			if src.Start < end || src.End > len(text) || text[src.Start:src.End] != src.Text || s.Tag() == "" {
				t.Fatalf("%q: statement at %d..%d", text, src.Start, src.End)
			}
			end = src.End
			again, err := Parse(src.Text)
			if err != nil || len(again) != 1 {
				t.Fatalf("%q: alone: %d statements, %v", src.Text, len(again), err)
			}
		}
	})
}

// anyCatalog knows every table, with the same columns.
type anyCatalog struct{}

func (anyCatalog) Table(path []string) (*TableInfo, error) {
	return &TableInfo{Path: path, Columns: []Column{{Name: "a", Type: Int4}, {Name: "b", Type: Varchar(10)}, {Name: "c", Type: Super},
		{Name: "d", Type: Date}, {Name: "x", Type: Decimal(10, 2)}, {Name: "id", Type: Int8, NotNull: true}}}, nil
}

// FuzzAnalyze looks for panics in the analyzer and printer.
func FuzzAnalyze(f *testing.F) {
	seeds(f)
	for _, name := range []string{"basics", "strings", "math", "dates", "super", "system", "more", "shapes"} {
		data, err := os.ReadFile("testdata/cases/" + name + ".txt")
		if err != nil {
			f.Fatal(err)
		}
		for block := range strings.SplitSeq(string(data), "\n\n") {
			q, _, _ := strings.Cut(block, "\n----\n")
			f.Add(q)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		stmts, err := Parse(text)
		if err != nil {
			return
		}
		for _, s := range stmts {
			plan, err := Analyze(s, anyCatalog{}, &Session{})
			if err != nil {
				e, ok := errors.AsType[*Error](err)
				if !ok || e.Code == "" || e.Pos > len(text) {
					t.Fatalf("%q: %#v", text, err)
				}
				continue
			}
			out, err := plan.SQL(func(u *TableUse) (string, error) { return "t", nil })
			if err != nil || strings.Contains(out, slotMark) {
				t.Fatalf("%q: %q, %v", text, out, err)
			}
		}
	})
}
