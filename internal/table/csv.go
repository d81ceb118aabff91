package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"tarn/internal/engine"
)

// headSize is how much of a file is looked at before it is read.
const headSize = 64 << 10

// head reads a file's first bytes, decompressed. It may end inside a line.
func head(f *LinkedFile) ([]byte, error) {
	in, closeAll, err := openText(f)
	if err != nil {
		return nil, err
	}
	defer closeAll()
	buf := make([]byte, headSize)
	n, err := io.ReadFull(in, buf)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return bytes.TrimPrefix(buf[:n], []byte("\ufeff")), nil
}

// shape is what the columns of one CSV file are: an index into the group's
// columns, or -1 for a value that no column takes.
type shape struct {
	columns []int
	escape  string
}

func csvSelects(scan *Scan, g *group, columns []Column) ([]string, error) {
	for _, c := range g.columns {
		if c.Type.Elem != nil || c.Type.Fields != nil {
			return nil, &Error{Table: scan.Table, Column: c.Name, Message: c.Hive + " is not read from CSV", Hint: "store the table as JSON lines or Parquet"}
		}
	}
	byShape := map[string][]*LinkedFile{}
	shapes := map[string]shape{}
	var order []string
	for i := range scan.Files {
		f := &scan.Files[i]
		start, err := head(f)
		if err != nil {
			return nil, &Error{Table: scan.Table, Bucket: f.Bucket, Key: f.Key, Message: err.Error(), Hint: "upload the file again", Err: err}
		}
		s := csvShape(start, g)
		key := fmt.Sprint(s)
		if _, ok := shapes[key]; !ok {
			shapes[key] = s
			order = append(order, key)
		}
		f.csv = csvLayoutOf(g, s, columns)
		byShape[key] = append(byShape[key], f)
	}
	selects := make([]string, len(order))
	for i, key := range order {
		selects[i] = csvSelect(byShape[key], g, shapes[key], columns)
	}
	return selects, nil
}

// csvLayoutOf says how csvSelect reads files of a shape.
func csvLayoutOf(g *group, s shape, columns []Column) *csvLayout {
	c := g.format.CSV
	out := &csvLayout{delimiter: c.Delimiter, quote: c.Quote, escape: s.escape, skip: c.Skip, casts: map[string]bool{}}
	for i, j := range s.columns {
		column := Column{Name: surplus(i), Type: Type{Kind: String}, Hive: "string"}
		if j >= 0 {
			column = g.columns[j]
			if k := findColumn(columns, column.Name); k >= 0 && (column.Type.Kind == Binary || columns[k].DuckDB() != column.DuckDB()) {
				column.Hive = columns[k].Hive
				out.casts[column.Name] = true
			}
		}
		out.columns = append(out.columns, column)
	}
	return out
}

// surplus names a value that no column takes.
func surplus(i int) string { return fmt.Sprintf("surplus %d", i+1) }

// csvShape decides which column each value of a file's lines belongs to. A
// header that names columns of the table in another order, or leaves some out,
// is followed; otherwise position counts, as in Hive: surplus values are
// ignored, missing ones are NULL.
func csvShape(start []byte, g *group) shape {
	c := g.format.CSV
	s := shape{escape: c.Escape}
	if s.escape == "" && c.Quote != "" {
		s.escape = c.Quote
		if bytes.Contains(start, []byte(`\`+c.Quote)) && !bytes.Contains(start, []byte(`\`+c.Quote+c.Delimiter)) {
			s.escape = `\`
		}
	}
	record, ok := firstRecord(start, c)
	n := len(g.columns)
	if ok {
		n = len(record)
	}
	for i := range n {
		if i >= len(g.columns) {
			i = -1
		}
		s.columns = append(s.columns, i)
	}
	if !ok || c.Skip == 0 {
		return s
	}
	byName := make([]int, n)
	known, inPlace := 0, 0
	taken := map[int]bool{}
	for i, name := range record {
		byName[i] = -1
		for j, column := range g.columns {
			if !taken[j] && sameName(name, column.Name) {
				byName[i], taken[j] = j, true
				known++
				if i == j {
					inPlace++
				}
				break
			}
		}
	}
	if inPlace < min(n, len(g.columns)) && 2*known > n {
		s.columns = byName
	}
	return s
}

// sameName compares a header with a column: crawlers lower names and replace
// what a catalog name can't hold.
func sameName(header, column string) bool {
	header = strings.TrimSpace(header)
	if strings.EqualFold(header, column) {
		return true
	}
	clean := func(s string) string {
		return strings.Map(func(c rune) rune {
			if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c > 127 {
				return c
			}
			return '_'
		}, strings.ToLower(s))
	}
	return strings.Trim(clean(header), "_") == strings.Trim(clean(column), "_")
}

// firstRecord splits a file's first line, the header if there is one.
func firstRecord(start []byte, c CSV) ([]string, bool) {
	if len(start) == 0 {
		return nil, false
	}
	text := string(start)
	var out []string
	var field strings.Builder
	quoted := false
	for i := 0; i < len(text); {
		rest := text[i:]
		switch {
		case quoted && c.Quote != `\` && rest[0] == '\\' && strings.HasPrefix(rest[1:], c.Quote):
			field.WriteString(c.Quote)
			i += 1 + len(c.Quote)
		case c.Quote != "" && strings.HasPrefix(rest, c.Quote) && (quoted || field.Len() == 0):
			i += len(c.Quote)
			if quoted && strings.HasPrefix(text[i:], c.Quote) {
				field.WriteString(c.Quote)
				i += len(c.Quote)
			} else {
				quoted = !quoted
			}
		case !quoted && c.Delimiter != "" && strings.HasPrefix(rest, c.Delimiter):
			out = append(out, field.String())
			field.Reset()
			i += len(c.Delimiter)
		case !quoted && (rest[0] == '\n' || rest[0] == '\r'):
			return append(out, field.String()), true
		default:
			field.WriteByte(rest[0])
			i++
		}
	}
	return append(out, field.String()), true
}

func csvSelect(files []*LinkedFile, g *group, s shape, columns []Column) string {
	c := g.format.CSV
	text := engine.QuoteText
	where := make([]int, len(g.columns)) // column of the group -> position in the file, or -1
	for i := range where {
		where[i] = -1
	}
	var types, forced []string
	names := make([]string, len(s.columns))
	plain := !c.HasNull || c.AllText // '' and NULL differ in text columns
	for i, j := range s.columns {
		names[i] = surplus(i)
		typ := "VARCHAR"
		if j >= 0 {
			where[j] = i
			names[i] = g.columns[j].Name
			if k := g.columns[j].Type; !k.isText() && k.Kind != Binary {
				typ = k.DuckDB()
			} else if plain {
				forced = append(forced, text(names[i]))
			}
		}
		types = append(types, text(names[i])+": "+text(typ))
	}
	nulls := []string{"''"}
	if c.HasNull && c.Null != "" {
		nulls = append(nulls, text(c.Null))
	}
	var b strings.Builder
	b.WriteString("SELECT ")
	for i, col := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		if col.Partition {
			b.WriteString(quote(col.Name))
			continue
		}
		j := findColumn(g.columns, col.Name)
		if j < 0 || where[j] < 0 {
			b.WriteString(null(col))
			continue
		}
		b.WriteString(csvValue(col, g.columns[j], plain) + " AS " + quote(col.Name))
	}
	fmt.Fprintf(&b, "\nFROM read_csv(%s, columns = {%s}, auto_detect = false, header = false, skip = %d, delim = %s, quote = %s, escape = %s, nullstr = [%s]",
		pathList(files), strings.Join(types, ", "), c.Skip, text(c.Delimiter), text(c.Quote), text(s.escape), strings.Join(nulls, ", "))
	if len(forced) > 0 {
		fmt.Fprintf(&b, ", force_not_null = [%s]", strings.Join(forced, ", "))
	}
	b.WriteString(", " + hiveOptions(columns) + ")")
	return b.String()
}

// csvValue is the table's value of a file's column. LazySimple's \N in text is
// NULL even where the table does not say so.
func csvValue(want, have Column, plain bool) string {
	v := quote(have.Name)
	if have.Type.isText() && plain {
		v = "nullif(" + v + `, '\N')`
	}
	if have.Type.Kind == Binary {
		v = "from_base64(nullif(" + v + ", ''))"
	}
	if want.DuckDB() != have.DuckDB() {
		v = "CAST(" + v + " AS " + want.DuckDB() + ")"
	}
	return v
}
