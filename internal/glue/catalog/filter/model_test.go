package filter

import (
	"database/sql"
	"fmt"
	"math/rand"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/mattn/go-sqlite3" // another implementation of the same comparisons
)

// writer makes random expressions over these keys.
type writer struct{ *rand.Rand }

var modelKeys = []struct {
	Key
	column string // its type in SQLite
	values []string
}{
	{Key{"s", "string"}, "TEXT", []string{"a", "B", "ab", "it's", "10", "9", "%", "a_c", hiveNull}},
	{Key{"t", "varchar(9)"}, "TEXT", []string{"x", "é", "X", hiveNull}},
	{Key{"n", "int"}, "INTEGER", []string{"2", "10", "-3", "0", hiveNull}},
	{Key{"d", "date"}, "TEXT", []string{"2024-02-29", "2023-12-31", hiveNull}},
	{Key{"ts", "timestamp"}, "TEXT", []string{"2024-02-29 00:00:00", "2023-12-31 23:59:59.5"}},
	{Key{"m", "decimal(5,2)"}, "NUMERIC", []string{"1.5", "-2", "10", "0.25"}},
}

func (w writer) pick(all ...string) string { return all[w.Intn(len(all))] }

func (w writer) literal(key int) string {
	k := modelKeys[key]
	v := hiveNull
	for v == hiveNull {
		v = w.pick(k.values...)
	}
	if (k.Type == "int" || strings.HasPrefix(k.Type, "decimal")) && w.Intn(2) == 0 {
		return v
	}
	return "'" + strings.ReplaceAll(v, "'", "''") + "'"
}

func (w writer) test() string {
	key := w.Intn(len(modelKeys))
	name := modelKeys[key].Name
	if w.Intn(3) == 0 {
		name = strings.ToUpper(name)
	}
	not := w.pick("", "", " NOT")
	forms := []func() string{
		func() string { return name + w.pick(" = ", "<>", "!=", " < ", "<=", ">", ">= ") + w.literal(key) },
		func() string {
			var all []string
			for range 1 + w.Intn(3) {
				all = append(all, w.literal(key))
			}
			return name + not + w.pick(" in (", " IN (") + strings.Join(all, ", ") + ")"
		},
		func() string { return name + not + " BETWEEN " + w.literal(key) + " AND " + w.literal(key) },
		func() string { return name + " is" + not + " null" },
	}
	if modelKeys[key].column == "TEXT" && strings.Contains("st", modelKeys[key].Name) {
		forms = append(forms, func() string { return name + not + " LIKE " + w.pick("'a%'", "'%'", "'_'", "'a_c'", "'%''s'", "'X'") })
	}
	return forms[w.Intn(len(forms))]()
}

func (w writer) expression(depth int) string {
	if depth == 0 {
		return w.test()
	}
	a, b := w.expression(depth-1), w.expression(w.Intn(depth))
	switch w.Intn(5) {
	case 0:
		return a + w.pick(" AND ", " and ") + b
	case 1:
		return a + w.pick(" OR ", " or ") + b
	case 2:
		return "(" + a + ")"
	case 3:
		return "NOT (" + a + ") AND " + b
	}
	return a
}

// TestAgainstSQLite compares random expressions over random partitions with what SQLite makes of them.
func TestAgainstSQLite(t *testing.T) {
	db, err := sql.Open("sqlite3", filepath.Join(t.TempDir(), "model.db")+"?_case_sensitive_like=on")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	w := writer{rand.New(rand.NewSource(1))}
	var keys []Key
	var columns []string
	for _, k := range modelKeys {
		keys = append(keys, k.Key)
		columns = append(columns, k.Name+" "+k.column)
	}
	if _, err := db.Exec("CREATE TABLE p (id INTEGER, " + strings.Join(columns, ", ") + ")"); err != nil {
		t.Fatal(err)
	}
	var partitions [][]string
	for id := range 200 {
		args, marks := []any{id}, "?"
		var values []string
		for _, k := range modelKeys {
			v := w.pick(k.values...)
			values = append(values, v)
			marks += ", ?"
			if v == hiveNull {
				args = append(args, nil)
			} else {
				args = append(args, v)
			}
		}
		if _, err := db.Exec("INSERT INTO p VALUES ("+marks+")", args...); err != nil {
			t.Fatal(err)
		}
		partitions = append(partitions, values)
	}
	matched := 0
	for range 3000 {
		expression := w.expression(w.Intn(4))
		f, err := Compile(expression, keys)
		if err != nil {
			t.Fatalf("%s: %v", expression, err)
		}
		prefix := f.Prefix()
		var got, want []int
		for id, values := range partitions {
			ok, err := f.Match(values)
			if err != nil {
				t.Fatalf("%s: %v", expression, err)
			}
			if ok {
				got = append(got, id)
			}
			if ok && !slices.Equal(values[:len(prefix)], prefix) {
				t.Errorf("%s: %v matches outside of its prefix %v", expression, values, prefix)
			}
		}
		rows, err := db.Query("SELECT id FROM p WHERE " + expression + " ORDER BY id")
		if err != nil {
			t.Fatalf("%s: %v", expression, err)
		}
		for rows.Next() {
			var id int
			if err := rows.Scan(&id); err != nil {
				t.Fatal(err)
			}
			want = append(want, id)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		rows.Close()
		matched += len(got)
		if !slices.Equal(got, want) {
			t.Fatalf("%s\n matches %s\n SQLite's %s", expression, some(partitions, got, want), some(partitions, want, got))
		}
	}
	if matched < 10000 {
		t.Errorf("only %d partitions matched in all: the expressions say too little", matched)
	}
}

// some shows a partition that is in one answer alone.
func some(partitions [][]string, in, out []int) string {
	for _, id := range in {
		if !slices.Contains(out, id) {
			return fmt.Sprint(partitions[id])
		}
	}
	return "no other"
}
