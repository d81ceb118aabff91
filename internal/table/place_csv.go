package table

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"tarn/internal/engine"
)

// csvLayout is how the engine was told to read a CSV file: enough to find a
// row again. The engine's own words about the place are a hint and no more: it
// counts rows where people count lines, and reads several files at once.
type csvLayout struct {
	delimiter, quote, escape string
	skip                     int
	columns                  []Column // by position in the file; surplus ones have names of their own
	casts                    map[string]bool
}

// longestLine is where the engine gives a row up.
const longestLine = 2_000_000

// csvFault is what the engine says of a row, without the place.
type csvFault struct {
	column, value   string // a value that does not fit its column
	cast            bool   // after the file was read: only columns that are cast
	expected, found int    // numbers of values
	quote           bool
	encoding        bool
	long            bool
	message         string // whatever else
}

var (
	csvLine    = regexp.MustCompile(`CSV Error on Line: (\d+)`)
	csvRow     = regexp.MustCompile(`(?m)^Original Line: ?(.*)$`)
	csvFile    = regexp.MustCompile(`(?m)^\s*file = (.*)$`)
	csvConvert = regexp.MustCompile(`(?s)Error when converting column "((?:[^"]|"")*)"\. Could not convert string "(.*?)" to '([^']*)'`)
	csvColumns = regexp.MustCompile(`Expected Number of Columns: (\d+) Found: (\d+)`)
	badBase64  = regexp.MustCompile(`(?s)^Could not decode string "(.*)" as base64`)
)

// explainCSV answers for the engine's errors about rows of CSV.
func (s *Scan) explainCSV(failed *engine.Error) *Error {
	text := failed.Message
	var fault csvFault
	g := csvLine.FindStringSubmatch(text)
	switch {
	case g == nil:
		b := badBase64.FindStringSubmatch(text)
		c := castFailed.FindStringSubmatch(text)
		switch {
		case b != nil:
			fault = csvFault{value: b[1], cast: true}
		case c != nil:
			fault = csvFault{value: c[1], cast: true}
		default:
			return nil
		}
		return s.findCSV(fault, nil)
	case csvConvert.MatchString(text):
		g := csvConvert.FindStringSubmatch(text)
		fault.column, fault.value = strings.ReplaceAll(g[1], `""`, `"`), g[2]
	case csvColumns.MatchString(text):
		g := csvColumns.FindStringSubmatch(text)
		fault.expected, _ = strconv.Atoi(g[1])
		fault.found, _ = strconv.Atoi(g[2])
	case strings.Contains(text, "unterminated quote"):
		fault.quote = true
	case strings.Contains(text, "nvalid unicode"):
		fault.encoding = true
	case strings.Contains(text, "Maximum line size"):
		fault.long = true
	default:
		fault.message = "the row can't be read"
		if lines := strings.Split(text, "\n"); len(lines) > 2 && lines[2] != "" {
			fault.message += ": " + strings.TrimSpace(lines[2])
		}
	}
	var named *LinkedFile
	if f := csvFile.FindStringSubmatch(text); f != nil {
		if named = s.byPath[strings.TrimSpace(f[1])]; named == nil {
			return nil // of another scan
		}
	}
	if found := s.findCSV(fault, named); found != nil {
		return found
	}
	if named == nil {
		return nil
	}
	out := &Error{Bucket: named.Bucket, Key: named.Key, Column: fault.column, Value: fault.value, Message: fault.message}
	if out.Message == "" {
		out.Message = "a row can't be read: " + strings.SplitN(text+"\n\n\n", "\n", 4)[2]
	}
	out.Line, _ = strconv.ParseInt(g[1], 10, 64)
	if r := csvRow.FindStringSubmatch(text); r != nil {
		out.Row = clipRow([]byte(r[1]))
	}
	return out
}

// findCSV looks for the first row that has the fault, in the named file first.
func (s *Scan) findCSV(fault csvFault, named *LinkedFile) *Error {
	if fault.message != "" {
		return nil
	}
	if named != nil && named.csv != nil {
		if e := named.findCSV(fault); e != nil {
			return e
		}
	}
	for i := range s.Files {
		if f := &s.Files[i]; f != named && f.csv != nil {
			if e := f.findCSV(fault); e != nil {
				return e
			}
		}
	}
	return nil
}

func (f *LinkedFile) findCSV(fault csvFault) *Error {
	if fault.expected > 0 && len(f.csv.columns) != fault.expected {
		return nil
	}
	in, closeAll, err := openText(f)
	if err != nil {
		return nil
	}
	defer closeAll()
	r := newCSVReader(in, f.csv)
	for n := 0; ; n++ {
		if err := r.next(); err != nil {
			return nil
		}
		if n < f.csv.skip || len(r.raw) == 0 && len(f.csv.columns) > 1 {
			continue
		}
		if e := r.match(fault); e != nil {
			e.Bucket, e.Key, e.Row = f.Bucket, f.Key, clipRow(r.raw)
			return e
		}
	}
}

// csvReader reads records with the line that each begins on.
type csvReader struct {
	in     *bufio.Reader
	layout *csvLayout
	read   int64 // lines read
	end    byte  // of a line: '\n', or '\r' where the file has no '\n'
	// The record:
	line   int64
	raw    []byte
	fields []csvField // only where the record has quotes
	open   bool       // ends inside quotes
	junk   bool       // something follows a closing quote
}

type csvField struct {
	start, end int
	quoted     bool
}

func newCSVReader(in io.Reader, l *csvLayout) *csvReader {
	return &csvReader{in: bufio.NewReaderSize(in, 256<<10), layout: l}
}

// next reads a record.
func (r *csvReader) next() error {
	r.raw, r.fields, r.open, r.junk = r.raw[:0], r.fields[:0], false, false
	r.line = r.read + 1
	if err := r.more(); err != nil {
		return err
	}
	quote := r.layout.quote
	if quote == "" || !bytes.Contains(r.raw, []byte(quote)) {
		return nil
	}
	s := splitter{layout: r.layout}
	for {
		s.run(r)
		if !s.inside || len(r.raw) > longestLine {
			break
		}
		r.raw = append(r.raw, '\n')
		if err := r.more(); err != nil {
			r.raw = r.raw[:len(r.raw)-1]
			break
		}
	}
	r.open, r.junk = s.inside, s.junk
	r.fields = append(r.fields, csvField{s.start, len(r.raw), s.quoted})
	return nil
}

// more adds a line to the record, without its end.
func (r *csvReader) more() error {
	had := len(r.raw)
	if r.end == 0 {
		r.end = '\n'
		if start, _ := r.in.Peek(headSize); bytes.IndexByte(start, '\n') < 0 && bytes.IndexByte(start, '\r') >= 0 {
			r.end = '\r'
		}
	}
	for {
		part, err := r.in.ReadSlice(r.end)
		r.raw = append(r.raw, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && (len(r.raw) == had || !errors.Is(err, io.EOF)) {
			return err
		}
		break
	}
	r.read++
	r.raw = bytes.TrimSuffix(bytes.TrimSuffix(r.raw, []byte("\n")), []byte("\r"))
	if r.read == 1 {
		r.raw = bytes.TrimPrefix(r.raw, []byte("\ufeff"))
	}
	return nil
}

// splitter cuts a record into fields; it goes on where it stopped when the
// record turns out to be longer.
type splitter struct {
	layout         *csvLayout
	at, start      int
	quoted, inside bool // the field was opened by a quote, which is not closed yet
	junk           bool
}

func (s *splitter) run(r *csvReader) {
	raw, l := r.raw, s.layout
	for s.at < len(raw) {
		rest := raw[s.at:]
		has := func(mark string) bool { return mark != "" && bytes.HasPrefix(rest, []byte(mark)) }
		switch {
		case s.inside && l.escape != "" && l.escape != l.quote && has(l.escape) && (bytes.HasPrefix(rest[len(l.escape):], []byte(l.quote)) || bytes.HasPrefix(rest[len(l.escape):], []byte(l.escape))):
			s.at += len(l.escape) + 1
		case s.inside && has(l.quote):
			s.at += len(l.quote)
			if l.escape == l.quote && bytes.HasPrefix(raw[s.at:], []byte(l.quote)) {
				s.at += len(l.quote)
			} else {
				s.inside = false
				if s.at < len(raw) && !bytes.HasPrefix(raw[s.at:], []byte(l.delimiter)) {
					s.junk = true
				}
			}
		case s.inside:
			s.at++
		case has(l.quote) && s.at == s.start && !s.quoted:
			s.quoted, s.inside = true, true
			s.at += len(l.quote)
		case has(l.delimiter):
			r.fields = append(r.fields, csvField{s.start, s.at, s.quoted})
			s.at += len(l.delimiter)
			s.start, s.quoted = s.at, false
		default:
			s.at++
		}
	}
}

// count is how many values the record has.
func (r *csvReader) count() int {
	if len(r.fields) > 0 {
		return len(r.fields)
	}
	return 1 + bytes.Count(r.raw, []byte(r.layout.delimiter))
}

// split gives the record's fields.
func (r *csvReader) split() []csvField {
	if len(r.fields) > 0 {
		return r.fields
	}
	start := 0
	for {
		n := bytes.Index(r.raw[start:], []byte(r.layout.delimiter))
		if n < 0 {
			r.fields = append(r.fields, csvField{start: start, end: len(r.raw)})
			return r.fields
		}
		r.fields = append(r.fields, csvField{start: start, end: start + n})
		start += n + len(r.layout.delimiter)
	}
}

// text is a field's value, and escaped the same as it stands in the file: the
// engine's errors print either.
func (r *csvReader) text(f csvField) (text, escaped string) {
	v := string(r.raw[f.start:f.end])
	if !f.quoted {
		return v, v
	}
	l := r.layout
	v = strings.TrimSuffix(strings.TrimPrefix(v, l.quote), l.quote)
	if l.escape == "" {
		return v, v
	}
	return strings.ReplaceAll(v, l.escape+l.quote, l.quote), v
}

// lineOf is the line that a field begins on.
func (r *csvReader) lineOf(f csvField) int64 {
	return r.line + int64(bytes.Count(r.raw[:f.start], []byte("\n")))
}

// match says whether the record has the fault, and where.
func (r *csvReader) match(fault csvFault) *Error {
	switch {
	case fault.expected > 0:
		if r.count() == fault.found {
			return &Error{Line: r.line, Message: fmt.Sprintf("the row has %d values, %d are expected", fault.found, fault.expected)}
		}
	case fault.quote:
		if r.open {
			return &Error{Line: r.line, Message: "a quote is opened and never closed", Hint: "close it, or double a quote that belongs to the value"}
		}
		if r.junk {
			return &Error{Line: r.line, Message: "a value goes on after its closing quote", Hint: "double a quote that belongs to the value"}
		}
	case fault.long:
		if len(r.raw) > longestLine-2 {
			return &Error{Line: r.line, Message: fmt.Sprintf("the row is longer than %s bytes", thousands(longestLine)), Hint: "is a quote missing, or the file no CSV?"}
		}
	case fault.encoding:
		if utf8.Valid(r.raw) {
			return nil
		}
		for i, f := range r.split() {
			if v, _ := r.text(f); !utf8.ValidString(v) {
				return &Error{Line: r.lineOf(f), Column: r.name(i), Value: printable(v), Message: fmt.Sprintf("%s is not UTF-8", strconv.Quote(clip(v, 100))), Hint: "store the file as UTF-8"}
			}
		}
	default:
		return r.matchValue(fault)
	}
	return nil
}

func (r *csvReader) matchValue(fault csvFault) *Error {
	if !strings.Contains(fault.value, r.layout.quote) && !bytes.Contains(r.raw, []byte(fault.value)) {
		return nil
	}
	for i, f := range r.split() {
		if i >= len(r.layout.columns) {
			break
		}
		c := r.layout.columns[i]
		value, escaped := r.text(f)
		if fault.column != "" && c.Name != fault.column || fault.cast && !r.layout.casts[c.Name] || value != fault.value && escaped != fault.value {
			continue
		}
		e := &Error{Line: r.lineOf(f), Column: c.Name, Value: value, Message: fmt.Sprintf("%q is not %s", clip(value, 100), article(c.Hive))}
		if c.Type.Kind == Binary {
			if _, err := base64.StdEncoding.DecodeString(value); err == nil {
				continue
			}
			e.Message = fmt.Sprintf("%q is not base64, as which CSV holds binary values", clip(value, 100))
		}
		return e
	}
	return nil
}

func (r *csvReader) name(i int) string {
	if i < len(r.layout.columns) {
		return r.layout.columns[i].Name
	}
	return ""
}

// printable makes text of whatever bytes a file holds.
func printable(s string) string { return strings.ToValidUTF8(s, "\ufffd") }

// clipRow is a row for people: one line, not too long.
func clipRow(raw []byte) string {
	if len(raw) > 400 {
		raw = raw[:400]
	}
	return clip(strings.NewReplacer("\n", `\n`, "\r", `\r`, "\x00", `\0`).Replace(printable(string(raw))), 200)
}
