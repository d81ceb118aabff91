package expression

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

func seed(f *testing.F) {
	data, err := os.ReadFile("testdata/functions.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, line := range strings.Split(string(data), "\n") {
		src, _, _ := strings.Cut(line, "  =>  ")
		f.Add(strings.ReplaceAll(src, `\n`, "\n"))
	}
	f.Add(strings.Repeat("(", 10000))
	f.Add(strings.Repeat("-", 10000) + "1")
	f.Add("1" + strings.Repeat("+1", 5000))
	f.Add(strings.Repeat("NOT ", 5000) + "TRUE")
	f.Add("2" + strings.Repeat("^2", 5000))
	f.Add("{a\x00b}")
}

// FuzzCompile: every text either fails with an *Error that has a place, or prints SQL that DuckDB binds to the type it should have.
func FuzzCompile(f *testing.F) {
	seed(f)
	db := openTable(f)
	f.Fuzz(func(t *testing.T, src string) {
		defer time.AfterFunc(10*time.Second, func() { panic("takes too long: " + src) }).Stop()
		var args []any
		v, err := testEnvironment(&args).Compile(src)
		if err != nil {
			var mistake *Error
			if !errors.As(err, &mistake) || mistake.Pos.Line < 1 || mistake.Pos.Column < 1 || mistake.Code == "" {
				t.Fatalf("%q: not a placed error: %v", src, err)
			}
			return
		}
		shown := v.Column()
		rows, err := db.Query(context.Background(), "SELECT "+shown.SQL+" AS v FROM ds", args...)
		if err != nil {
			if strings.Contains(err.Error(), "Unknown TimeZone") || strings.Contains(err.Error(), "Cannot mix") {
				return
			}
			t.Fatalf("%q compiles to SQL that does not run: %v\n%s", src, err, shown.SQL)
		}
		defer rows.Close()
		if got := rows.Columns()[0].Type; got != shown.Type.SQL() {
			t.Fatalf("%q has type %s, DuckDB says %s\n%s", src, shown.Type, got, shown.SQL)
		}
	})
}
