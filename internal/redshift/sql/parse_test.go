package sql

import (
	"os"
	"testing"
)

func TestParseAccepts(t *testing.T) {
	for _, file := range []string{"accept", "clients"} {
		testAccepts(t, "testdata/parse/"+file+".sql")
	}
}

func testAccepts(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	stmts, err := Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stmts {
		src := s.Source()
		if string(text)[src.Start:src.End] != src.Text {
			t.Errorf("%s: text and range differ", src.Text)
		}
		again, err := Parse(src.Text)
		if err != nil || len(again) != 1 {
			t.Errorf("%s: alone it gives %d statements, %v", src.Text, len(again), err)
		}
	}
	t.Logf("%d statements", len(stmts))
}
