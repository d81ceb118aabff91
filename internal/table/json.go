package table

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"tarn/internal/engine"
)

// jsonSelects reads JSON lines. Hive's readers find keys without case, DuckDB
// with: the first rows of each file say how it spells them.
func jsonSelects(scan *Scan, g *group, columns []Column) ([]string, error) {
	byKeys := map[string][]*LinkedFile{}
	spellings := map[string]spelling{}
	var order []string
	for i := range scan.Files {
		f := &scan.Files[i]
		start, err := head(f)
		if err != nil {
			return nil, &Error{Table: scan.Table, Bucket: f.Bucket, Key: f.Key, Message: err.Error(), Hint: "upload the file again", Err: err}
		}
		s := spell(start, g)
		key := fmt.Sprint(s)
		if _, ok := spellings[key]; !ok {
			spellings[key] = s
			order = append(order, key)
		}
		f.json = &jsonLayout{array: s.array, keys: s.keys, columns: g.columns}
		if s.array {
			if whole, err := f.closed(); err != nil || !whole {
				out := &Error{Table: scan.Table, Bucket: f.Bucket, Key: f.Key, Message: "not valid JSON: the array is not closed", Err: err}
				f.findMalformed(out)
				return nil, out
			}
		}
		byKeys[key] = append(byKeys[key], f)
	}
	selects := make([]string, len(order))
	for i, key := range order {
		selects[i] = jsonSelect(byKeys[key], g, spellings[key], columns)
	}
	return selects, nil
}

// spelling is how a file writes the keys of the group's columns.
type spelling struct {
	array bool // the file is one JSON array
	keys  []string
}

func spell(start []byte, g *group) spelling {
	s := spelling{keys: make([]string, len(g.columns))}
	for i, c := range g.columns {
		s.keys[i] = c.Name
		if k, ok := g.format.JSON.Mapping[strings.ToLower(c.Name)]; ok {
			s.keys[i] = k
		}
	}
	start = bytes.TrimLeft(start, " \t\r\n")
	s.array = bytes.HasPrefix(start, []byte("["))
	found := map[string]string{} // lower case -> as in the file
	in := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(start, []byte("["))))
	for range 200 {
		var row map[string]json.RawMessage
		if in.Decode(&row) != nil {
			break
		}
		for k := range row {
			low := strings.ToLower(k)
			if had, ok := found[low]; !ok || k == low && had != low {
				found[low] = k
			}
		}
		if s.array {
			break // a comma follows, which is no value: one row must do
		}
	}
	for i, k := range s.keys {
		if exact, ok := found[strings.ToLower(k)]; ok {
			s.keys[i] = exact
		}
	}
	return s
}

func jsonSelect(files []*LinkedFile, g *group, s spelling, columns []Column) string {
	types := make([]string, len(g.columns))
	for i, c := range g.columns {
		types[i] = engine.QuoteText(s.keys[i]) + ": " + engine.QuoteText(c.DuckDB())
	}
	var b strings.Builder
	b.WriteString("SELECT ")
	for i, col := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		j := findColumn(g.columns, col.Name)
		switch {
		case col.Partition:
			b.WriteString(quote(col.Name))
		case j < 0:
			b.WriteString(null(col))
		default:
			b.WriteString(quote(s.keys[j]) + " AS " + quote(col.Name))
		}
	}
	layout := "newline_delimited"
	if s.array {
		layout = "array"
	}
	fmt.Fprintf(&b, "\nFROM read_json(%s, columns = {%s}, format = '%s', ignore_errors = %t, %s)",
		pathList(files), strings.Join(types, ", "), layout, g.format.JSON.IgnoreMalformed, hiveOptions(columns))
	return b.String()
}
