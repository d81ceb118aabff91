package warehouse

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"tarn/internal/redshift/sql"
)

// jsonFormat is how COPY's JSON finds the value of each column in an object.
type jsonFormat struct {
	names      []string   // of the columns, in their order: keys of the object
	ignoreCase bool       // of keys
	paths      [][]string // instead of names: steps of JSONPath; numbers are written "[n]"
	whole      bool       // the object as a whole is the one column: noshred
	super      []bool     // the column keeps JSON as it is
}

// jsonShape reads the argument of COPY's JSON.
func (l *load) jsonShape(ctx context.Context) error {
	f := &jsonFormat{}
	for _, c := range l.columns {
		f.names = append(f.names, c.Name)
		f.super = append(f.super, c.Type.Kind == sql.KSuper)
	}
	switch arg := l.stmt.FormatArg; arg {
	case "auto", "":
	case "auto ignorecase":
		f.ignoreCase = true
		for i := range f.names {
			f.names[i] = strings.ToLower(f.names[i])
		}
	case "noshred":
		if len(l.columns) != 1 || !f.super[0] {
			return fail("0A000", "JSON 'noshred' loads one column of type SUPER, and %q has %d columns to fill", l.target.Name, len(l.columns))
		}
		f.whole = true
	default:
		paths, err := l.jsonPaths(ctx, arg)
		if err != nil {
			return err
		}
		if len(paths) != len(l.columns) {
			return fail("XX000", "Number of jsonpaths and the number of columns should match. JSONPath size: %d, Number of columns in table or column list: %d", len(paths), len(l.columns))
		}
		f.paths = paths
	}
	l.json = f
	return nil
}

// jsonPaths reads a jsonpaths file.
func (l *load) jsonPaths(ctx context.Context, url string) ([][]string, error) {
	bucket, key, err := s3URL(url)
	if err != nil {
		return nil, fail("42601", "JSON takes 'auto', 'auto ignorecase', 'noshred' or the address of a jsonpaths file, not %q", url)
	}
	pin, err := l.s.w.files.Open(ctx, bucket, key)
	if err != nil {
		return nil, l.source(err, url)
	}
	defer pin.Close()
	if pin.Size > maxRecord {
		return nil, fail("XX000", "jsonpaths file %s is larger than 4 MB", url)
	}
	body, err := os.ReadFile(pin.Path)
	if err != nil {
		return nil, err
	}
	var file struct {
		Paths []string `json:"jsonpaths"`
	}
	if err := json.Unmarshal(body, &file); err != nil {
		return nil, fail("XX000", "Invalid JSONPath format. Supported notations are 'dot-notation' and 'bracket-notation': %s: %v", url, err)
	}
	var out [][]string
	for _, p := range file.Paths {
		steps, ok := jsonPath(p)
		if !ok {
			e := fail("XX000", "Invalid JSONPath format: %s", p)
			e.Detail = "Supported notations are 'dot-notation' and 'bracket-notation': $.a.b and $['a'][0]; " + url
			return nil, e
		}
		out = append(out, steps)
	}
	return out, nil
}

// jsonPath cuts a path into its steps.
func jsonPath(p string) ([]string, bool) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(p), "$")
	if !ok {
		return nil, false
	}
	steps := []string{}
	for rest != "" {
		switch {
		case strings.HasPrefix(rest, "['"), strings.HasPrefix(rest, `["`):
			end := strings.Index(rest[2:], rest[1:2]+"]")
			if end < 0 {
				return nil, false
			}
			steps = append(steps, rest[2:2+end])
			rest = rest[2+end+2:]
		case rest[0] == '[':
			digits, after, ok := strings.Cut(rest[1:], "]")
			n, err := strconv.Atoi(digits)
			if !ok || err != nil || n < 0 {
				return nil, false
			}
			steps = append(steps, fmt.Sprintf("[%d]", n))
			rest = after
		case rest[0] == '.' && len(rest) > 1:
			end := strings.IndexAny(rest[1:], ".[")
			if end < 0 {
				end = len(rest) - 1
			}
			if end == 0 || strings.ContainsAny(rest[1:1+end], "*?") {
				return nil, false
			}
			steps = append(steps, rest[1:1+end])
			rest = rest[1+end:]
		default:
			return nil, false
		}
	}
	return steps, true
}

// jsonReader cuts a file into JSON values, one a record.
type jsonReader struct {
	in    *bufio.Reader
	f     *jsonFormat
	line  int64
	ended bool // the value before ended with its line
	text  bytes.Buffer
}

func newJSONReader(r io.Reader, f *jsonFormat) *jsonReader {
	in := bufio.NewReaderSize(r, 1<<20)
	if b, err := in.Peek(3); err == nil && string(b) == "\xef\xbb\xbf" {
		in.Discard(3)
	}
	return &jsonReader{in: in, f: f, line: 1}
}

// next reads a value. A *rowError is about this value alone: reading may go on.
func (r *jsonReader) next() (record, error) {
	if err := r.cut(); err != nil {
		rec := record{line: r.line, raw: r.text.String()}
		if bad, ok := errors.AsType[*rowError](err); ok {
			bad.value = clip(rec.raw, 100)
		}
		return rec, err
	}
	rec := record{line: r.line, raw: r.text.String()}
	raw := r.text.Bytes()
	if !utf8.Valid(raw) {
		return rec, &rowError{code: 1220, reason: "String contains invalid or unsupported UTF8 codepoints", column: -1}
	}
	if !json.Valid(raw) {
		return rec, &rowError{code: 1216, reason: "Invalid JSON", column: -1, value: clip(rec.raw, 100)}
	}
	fields, err := r.f.fields(raw)
	rec.fields = fields
	return rec, err
}

// cut reads one value's text, from its first bracket to the one that closes it.
func (r *jsonReader) cut() error {
	r.text.Reset()
	if r.ended {
		r.ended = false
		r.line++
	}
	var first byte
	for first == 0 {
		b, err := r.in.ReadByte()
		switch {
		case err != nil:
			return err
		case b == '\n':
			r.line++
		case b == ' ', b == '\t', b == '\r', b == ',':
		default:
			first = b
		}
	}
	r.text.WriteByte(first)
	if first != '{' && first != '[' {
		rest, err := r.in.ReadString('\n')
		r.ended = strings.HasSuffix(rest, "\n")
		r.text.WriteString(clip(strings.TrimRight(rest, "\r\n"), 1024))
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		return &rowError{code: 1216, reason: "Invalid JSON: an object or an array was expected", column: -1}
	}
	depth, quoted, escaped := 1, false, false
	for depth > 0 {
		b, err := r.in.ReadByte()
		if errors.Is(err, io.EOF) {
			return &rowError{code: 1216, reason: "Invalid JSON: the file ends within a value", column: -1}
		}
		if err != nil {
			return err
		}
		if r.text.Len() >= maxRecord {
			return fmt.Errorf("the JSON value that ends after line %d is larger than 4 MB", r.line)
		}
		r.text.WriteByte(b)
		switch {
		case b == '\n':
			r.line++
		case escaped:
			escaped = false
		case quoted && b == '\\':
			escaped = true
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '{', b == '[':
			depth++
		case b == '}', b == ']':
			depth--
		}
	}
	return nil
}

// fields finds the columns' values.
func (f *jsonFormat) fields(raw []byte) ([]field, error) {
	if f.whole {
		return []field{{text: compact(raw)}}, nil
	}
	out := make([]field, len(f.names))
	if f.paths != nil {
		for i, path := range f.paths {
			out[i] = jsonField(at(raw, path), f.super[i])
		}
		return out, nil
	}
	if raw[0] != '{' {
		return nil, &rowError{code: 1216, reason: "Invalid JSON: JSON 'auto' reads objects; an array needs a jsonpaths file", column: -1}
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil {
		return nil, &rowError{code: 1216, reason: "Invalid JSON", column: -1}
	}
	if f.ignoreCase {
		folded := make(map[string]json.RawMessage, len(object))
		for k, v := range object {
			folded[strings.ToLower(k)] = v
		}
		object = folded
	}
	for i, name := range f.names {
		out[i] = jsonField(object[name], f.super[i])
	}
	return out, nil
}

// at walks a path; nil where nothing is there.
func at(raw json.RawMessage, path []string) json.RawMessage {
	for _, step := range path {
		raw = bytes.TrimSpace(raw)
		if len(raw) == 0 {
			return nil
		}
		if n, ok := strings.CutPrefix(step, "["); ok && raw[0] == '[' {
			i, err := strconv.Atoi(strings.TrimSuffix(n, "]"))
			var list []json.RawMessage
			if err != nil || json.Unmarshal(raw, &list) != nil || i >= len(list) {
				return nil
			}
			raw = list[i]
			continue
		}
		var object map[string]json.RawMessage
		if raw[0] != '{' || json.Unmarshal(raw, &object) != nil {
			return nil
		}
		raw = object[step]
	}
	return raw
}

// jsonField is a value as the conversions read it.
func jsonField(raw json.RawMessage, super bool) field {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0, string(raw) == "null":
		return field{null: true}
	case super || raw[0] == '{' || raw[0] == '[':
		return field{text: compact(raw)}
	case raw[0] == '"':
		var s string
		if json.Unmarshal(raw, &s) == nil {
			return field{text: s, quoted: true}
		}
	}
	return field{text: string(raw)}
}

func compact(raw []byte) string {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return string(raw)
	}
	return b.String()
}
