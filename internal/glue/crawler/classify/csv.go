package classify

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/crawler/schema"
)

// CSV is what is known about a CSV file. Whether its first line is a header is decided by Header, for all files of a
// table together, so the first line's own types are kept apart.
type CSV struct {
	Delimiter string
	Quote     string
	Quoted    bool     // some value was quoted
	First     []string // the first line
	// FirstTypes and RestTypes are the types of the first line and of all others; "" where there is nothing but nulls.
	FirstTypes []string
	RestTypes  []string
	// Odd are the values that make columns string whose values before are something else.
	Odd []OddValue `json:",omitzero"`
	// Repeats: some value of the first line occurs again in its column.
	Repeats bool `json:",omitzero"`
	// What a custom classifier says.
	HasHeader *bool    `json:",omitzero"`
	Names     []string `json:",omitzero"`
	Serde     string   `json:",omitzero"`
	Rest      int64    // records after the first
}

// OddValue is the first value of a column that is not like those before it.
type OddValue struct {
	Column int
	Line   int64
	Value  string
	Before int64  // how many values of the type there were before
	Type   string // of those
}

// dialect is how the lines of a file are to be divided.
type dialect struct {
	delimiter byte
	quote     byte
	columns   int
	trim      bool
	custom    *glue.CsvClassifier
}

// delimiters are tried in this order; the earlier wins between equals.
const delimiters = ",|\t;\x01"

const (
	sampleLines = 1000
	// regular is the share of lines that must agree on the number of columns; the others are warned of.
	regular = 0.8
)

// sniffDialect picks the delimiter with the highest number of columns on which the lines agree.
func sniffDialect(head []byte, whole bool) (dialect, bool) {
	best, found := dialect{}, false
	for i := range len(delimiters) {
		d := dialect{delimiter: delimiters[i], quote: '"', trim: true}
		n, agree, total := d.measure(head, whole)
		if n < 2 || total < 2 || float64(agree) < regular*float64(total) {
			continue
		}
		if !found || n > best.columns {
			d.columns = n
			best, found = d, true
		}
	}
	return best, found
}

// customDialect applies a custom classifier, if the text fits it.
func customDialect(head []byte, whole bool, c *glue.CsvClassifier) (dialect, bool) {
	d := dialect{delimiter: ',', quote: '"', trim: !awsapi.Val(c.DisableValueTrimming), custom: c}
	if q := awsapi.Val(c.QuoteSymbol); q != "" {
		d.quote = q[0]
	}
	if s := awsapi.Val(c.Delimiter); s != "" {
		d.delimiter = s[0]
	} else if sniffed, ok := sniffDialect(head, whole); ok {
		d.delimiter = sniffed.delimiter
	}
	n, agree, total := d.measure(head, whole)
	least := 2
	if awsapi.Val(c.AllowSingleColumn) {
		least = 1
	}
	if len(c.Header) > 0 && len(c.Header) != n {
		return d, false
	}
	d.columns = n
	return d, n >= least && total > 0 && float64(agree) >= regular*float64(total)
}

// measure is the most common number of columns among the first lines, how many agree on it, and how many there are.
func (d dialect) measure(head []byte, whole bool) (columns, agree, total int) {
	if !whole {
		if i := bytes.LastIndexByte(head, '\n'); i >= 0 {
			head = head[:i+1]
		}
	}
	src := newLines(bytes.NewReader(head), int64(len(head)))
	rec := records{lines: src, dialect: d}
	counts := map[int]int{}
	for total < sampleLines {
		fields, ok := rec.next()
		if !ok {
			break
		}
		total++
		counts[len(fields)]++
		if n := counts[len(fields)]; n > agree || n == agree && len(fields) > columns {
			columns, agree = len(fields), n
		}
	}
	return columns, agree, total
}

// records divides lines into fields. Blank lines are no records.
type records struct {
	*lines
	dialect
	fields   [][]byte
	buf      []byte
	quoted   bool  // some field was quoted
	at       int64 // the line where the last record began
	unclosed int64 // the line where a quote was opened that is never closed
}

func (r *records) next() ([][]byte, bool) {
	for {
		line, ok := r.lines.next()
		if !ok {
			return nil, false
		}
		r.at = r.line
		if len(line) == 0 {
			continue
		}
		if r.quote == 0 || bytes.IndexByte(line, r.quote) < 0 {
			r.fields = r.fields[:0]
			for {
				i := bytes.IndexByte(line, r.delimiter)
				if i < 0 {
					break
				}
				r.fields = append(r.fields, line[:i])
				line = line[i+1:]
			}
			r.fields = append(r.fields, line)
			return r.fields, true
		}
		return r.quotedRecord(line), true
	}
}

// longestRecord bounds a record that goes on over lines because a quote is open.
const longestRecord = 1 << 20

// quotedRecord reads a record whose fields may hold delimiters, doubled quotes and line ends.
func (r *records) quotedRecord(first []byte) [][]byte {
	r.buf = append(r.buf[:0], first...)
	type span struct{ from, to int }
	var spans []span
	var out []byte
	from, i, inside, opened := 0, 0, false, false
	begin := func() { from, opened = len(out), false }
	begin()
	for {
		if i == len(r.buf) {
			if !inside {
				break
			}
			line, ok := r.lines.next()
			if !ok || len(r.buf) > longestRecord {
				if r.unclosed == 0 {
					r.unclosed = r.at
				}
				break
			}
			r.buf = append(append(r.buf, '\n'), line...)
		}
		c := r.buf[i]
		switch {
		case inside && c == r.quote && i+1 < len(r.buf) && r.buf[i+1] == r.quote:
			out = append(out, c)
			i++
		case inside && c == r.quote:
			inside = false
		case inside:
			out = append(out, c)
		case c == r.quote && !opened && len(bytes.TrimSpace(out[from:])) == 0:
			out, inside, opened, r.quoted = out[:from], true, true, true
		case c == r.delimiter:
			spans = append(spans, span{from, len(out)})
			begin()
		default:
			out = append(out, c)
		}
		i++
	}
	spans = append(spans, span{from, len(out)})
	r.fields = r.fields[:0]
	for _, s := range spans {
		r.fields = append(r.fields, out[s.from:s.to])
	}
	return r.fields
}

func readCSV(r *Result, src *lines, d dialect) {
	r.Classification = CSVFormat
	c := &CSV{Delimiter: string(d.delimiter), Quote: string(d.quote)}
	r.CSV = c
	if cc := d.custom; cc != nil {
		switch awsapi.Val(cc.ContainsHeader) {
		case glue.CsvHeaderOptionPresent:
			c.HasHeader = new(true)
		case glue.CsvHeaderOptionAbsent:
			c.HasHeader = new(false)
		}
		c.Names, c.Serde = cc.Header, awsapi.Val(cc.Serde)
	}
	rec := records{lines: src, dialect: d}
	votes := make([]vote, d.columns)
	var ragged, raggedLine int64
	raggedText := ""
	for {
		before := src.n
		fields, ok := rec.next()
		if !ok {
			break
		}
		r.Records++
		r.Bytes += src.n - before
		if len(fields) != d.columns {
			if ragged++; ragged == 1 {
				raggedLine, raggedText = rec.at, d.ragged(fields)
			}
			continue
		}
		if c.First == nil {
			c.First, c.FirstTypes = make([]string, d.columns), make([]string, d.columns)
			for i, f := range fields {
				c.First[i] = strings.ToValidUTF8(string(bytes.TrimSpace(f)), "\ufffd")
				var v vote
				v.add(f, d.trim, rec.at)
				c.FirstTypes[i] = v.typ()
			}
			continue
		}
		c.Rest++
		for i, f := range fields {
			votes[i].add(f, d.trim, rec.at)
			if !c.Repeats && len(f) == len(c.First[i]) && string(f) == c.First[i] && len(f) > 0 {
				c.Repeats = true
			}
		}
	}
	c.Quoted = rec.quoted
	c.RestTypes = make([]string, d.columns)
	for i := range votes {
		c.RestTypes[i] = votes[i].typ()
		if odd := votes[i].odd; odd != nil {
			odd.Column = i
			c.Odd = append(c.Odd, *odd)
		}
	}
	if ragged > 0 {
		r.warn(raggedLine, "%s (such lines: %d)", raggedText, ragged)
	}
	if rec.unclosed > 0 {
		r.warn(rec.unclosed, "a quote is opened here and never closed")
	}
}

// ragged says what is wrong with a line of too many or too few columns.
func (d dialect) ragged(fields [][]byte) string {
	s := fmt.Sprintf("%s where %d are expected", columns(len(fields)), d.columns)
	if len(fields) > d.columns {
		s += fmt.Sprintf("; %s is the first value too many", quote(clip(strings.ToValidUTF8(string(bytes.TrimSpace(fields[d.columns])), "\ufffd"), longestShown)))
	}
	return s
}

func columns(n int) string {
	if n == 1 {
		return "1 column"
	}
	return fmt.Sprintf("%d columns", n)
}

// longestShown is how much of a value is shown.
const longestShown = 40

// whyNoDialect says what keeps a text from being CSV, by the delimiter that comes closest.
func whyNoDialect(head []byte, whole bool) string {
	closest, most, lines := dialect{}, 0, 0
	for i := range len(delimiters) {
		d := dialect{delimiter: delimiters[i], quote: '"', trim: true}
		n, agree, total := d.measure(head, whole)
		lines = max(lines, total)
		if n >= 2 && agree > most {
			d.columns = n
			closest, most = d, agree
		}
	}
	switch {
	case lines < 2 && most > 0:
		return "it has one line alone, which does not tell names from values"
	case most == 0:
		return "none of the delimiters , | tab ; and Ctrl-A divides its lines into columns; a CSV classifier can name another one, or allow a single column"
	}
	src := newLines(bytes.NewReader(head), int64(len(head)))
	rec := records{lines: src, dialect: closest}
	for {
		fields, ok := rec.next()
		if !ok {
			return "its lines have different numbers of columns"
		}
		if len(fields) != closest.columns {
			return fmt.Sprintf("its lines have different numbers of columns: by %q, line %d has %s; only %d of its first %d lines agree", closest.delimiter, rec.at, closest.ragged(fields), most, lines)
		}
	}
}

// identifier is what a header looks like where only its looks speak for it.
var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Header decides whether the first line names the columns, and says why. known = false: the file has no opinion.
func (c *CSV) Header() (header, known bool, reason string) {
	if c.HasHeader != nil {
		return *c.HasHeader, true, "the classifier says so"
	}
	if c.First == nil || c.Rest == 0 {
		return false, false, "there are no lines to compare the first one with"
	}
	typed := false
	for _, t := range c.RestTypes {
		typed = typed || t != "" && t != "string"
	}
	seen := map[string]bool{}
	distinct, names := true, true
	for i, f := range c.First {
		// The first name may be missing: data frames write their index so.
		if c.FirstTypes[i] != "string" && !(i == 0 && f == "" && len(c.First) > 1) {
			return false, true, "its value " + quote(f) + " is no name"
		}
		if len(f) >= 150 && i < len(c.First)-1 || strings.ContainsAny(f, "\r\n") {
			return false, true, "its value " + quote(clip(f, 20)) + " can't be a column's name"
		}
		key := strings.ToLower(f)
		distinct = distinct && !seen[key]
		seen[key] = true
		names = names && identifier.MatchString(f)
	}
	switch {
	case typed:
		return true, true, "all of its values are text, and some column's others are not"
	case distinct && names && !c.Repeats && c.Rest >= 2:
		return true, true, "its values are distinct names that never occur again"
	}
	return false, true, "all columns are text, and its values do not look like names"
}

func quote(s string) string { return "'" + s + "'" }

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "..."
}

// Fields are the columns when the first line is, or is not, a header.
func (c *CSV) Fields(header bool) []schema.Field {
	fields := make([]schema.Field, len(c.RestTypes))
	for i, t := range c.RestTypes {
		f := schema.Field{Name: columnName(i), Type: schema.Of(t)}
		if i < len(c.Names) {
			f.Name = c.Names[i]
		} else if header && i < len(c.First) && c.First[i] != "" {
			f.Name = c.First[i]
		}
		if !header && i < len(c.FirstTypes) {
			f.Type = schema.Merge(f.Type, schema.Of(c.FirstTypes[i]))
		}
		fields[i] = f
	}
	return fields
}
