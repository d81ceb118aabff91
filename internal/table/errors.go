package table

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"tarn/internal/engine"
)

// Error says what is wrong with a table or one of its files, and where.
type Error struct {
	Table       string // db.table
	Bucket, Key string // the object, if one is to blame
	Line        int64  // from 1; 0 = not known
	Column      string
	Value       string
	Row         string // the line as it stands in the file
	Message     string // what is wrong, without the place
	Hint        string
	Err         error
}

// Object is the object's address, or "".
func (e *Error) Object() string {
	if e.Key == "" {
		return ""
	}
	return "s3://" + e.Bucket + "/" + e.Key
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.Table != "" {
		b.WriteString(e.Table + ": ")
	}
	if e.Column != "" {
		b.WriteString("column " + e.Column + ": ")
	}
	b.WriteString(e.Message)
	if o := e.Object(); o != "" {
		b.WriteString(" in " + o)
		if e.Line > 0 {
			b.WriteString(", line " + thousands(e.Line))
		}
		if e.Row != "" {
			b.WriteString(": " + e.Row)
		}
	}
	if e.Hint != "" {
		b.WriteString(" (" + e.Hint + ")")
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// thousands writes 18204 as 18,204.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// The shapes of DuckDB 1.5's messages about files. They are prose, so what
// doesn't match keeps DuckDB's own words, with the path replaced.
type messages struct {
	csvLine, csvRow, csvConvert, csvColumns, csvFile *regexp.Regexp
	jsonAt, jsonTransform, jsonWhat, castColumn      *regexp.Regexp
}

func newMessages() *messages {
	return &messages{
		csvLine:       regexp.MustCompile(`CSV Error on Line: (\d+)`),
		csvRow:        regexp.MustCompile(`(?m)^Original Line: ?(.*)$`),
		csvConvert:    regexp.MustCompile(`(?s)Error when converting column "((?:[^"]|"")*)"\. Could not convert string "(.*?)" to '([^']*)'`),
		csvColumns:    regexp.MustCompile(`Expected Number of Columns: (\d+) Found: (\d+)`),
		csvFile:       regexp.MustCompile(`(?m)^\s*file = (.*)$`),
		jsonAt:        regexp.MustCompile(`(?s)^Malformed JSON in file "([^"]*)", at byte (\d+) in line (\d+): (.*?)\.?\s*$`),
		jsonTransform: regexp.MustCompile(`(?s)^JSON transform error in file "([^"]*)", in (?:line|record/value) (\d+): (.*?)(?:\nTry setting.*)?$`),
		jsonWhat:      regexp.MustCompile(`^Failed to cast value(?: to ([a-z]+))?: (.*)$`),
		castColumn:    regexp.MustCompile(`(?s)^Could not convert string '(.*?)' to (\w+)`),
	}
}

// Explain replaces DuckDB's words about a linked file by the object's address,
// line, column and value. Any other error comes back unchanged.
func (s *Scan) Explain(err error) error {
	var failed *engine.Error
	if err == nil || !errors.As(err, &failed) {
		return err
	}
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	m := newMessages()
	text := failed.Message
	out := &Error{Table: s.Table, Err: err}
	at := func(path string) bool {
		f, ok := s.byPath[strings.TrimSpace(path)]
		if ok {
			out.Bucket, out.Key = f.Bucket, f.Key
		}
		return ok
	}
	if g := m.csvLine.FindStringSubmatch(text); g != nil {
		out.Line, _ = strconv.ParseInt(g[1], 10, 64)
		if g := m.csvFile.FindStringSubmatch(text); g != nil && !at(g[1]) {
			return err
		}
		if g := m.csvRow.FindStringSubmatch(text); g != nil {
			out.Row = clip(g[1], 200)
		}
		switch {
		case m.csvConvert.MatchString(text):
			g := m.csvConvert.FindStringSubmatch(text)
			out.Column, out.Value = strings.ReplaceAll(g[1], `""`, `"`), g[2]
			out.Message = fmt.Sprintf("%q is not %s", clip(g[2], 100), article(hiveWord(g[3])))
		case m.csvColumns.MatchString(text):
			g := m.csvColumns.FindStringSubmatch(text)
			out.Message = fmt.Sprintf("the row has %s values, %s are expected", g[2], g[1])
		default:
			lines := strings.Split(text, "\n")
			out.Message = "the row can't be read"
			if len(lines) > 2 && lines[2] != "" {
				out.Message += ": " + strings.TrimSpace(lines[2])
			}
		}
		return out
	}
	if g := m.jsonAt.FindStringSubmatch(text); g != nil && at(g[1]) {
		out.Line, _ = strconv.ParseInt(g[3], 10, 64)
		out.Message = "not valid JSON (byte " + g[2] + " of the line): " + g[4]
		s.locateSyntax(out)
		return out
	}
	if g := m.jsonTransform.FindStringSubmatch(text); g != nil && at(g[1]) {
		out.Line, _ = strconv.ParseInt(g[2], 10, 64)
		out.Message = g[3]
		if w := m.jsonWhat.FindStringSubmatch(g[3]); w != nil {
			out.Value = strings.Trim(w[2], `"`)
			out.Message = fmt.Sprintf("%s is not of the column's type", w[2])
			if w[1] == "numerical" {
				out.Message = fmt.Sprintf("%s is not a number", w[2])
			}
		}
		s.locateJSON(out)
		return out
	}
	// Whatever else names one of our files.
	for path, f := range s.byPath {
		if strings.Contains(text, path) {
			out.Bucket, out.Key = f.Bucket, f.Key
			what, _, _ := strings.Cut(strings.ReplaceAll(text, path, out.Object()), "\n")
			out.Message = what
			switch {
			case strings.Contains(text, "magic bytes"), strings.Contains(text, "too small to be a Parquet file"):
				out.Message = "not a whole Parquet file"
			}
			return out
		}
	}
	return err
}

func clip(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "") + "…"
	}
	return s
}

// hiveWord names a DuckDB type as the catalog does.
func hiveWord(duck string) string {
	t, err := ParseDuckDB(duck)
	if err != nil {
		return strings.ToLower(duck)
	}
	return t.Hive()
}

func article(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}
