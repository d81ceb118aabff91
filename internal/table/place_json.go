package table

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"tarn/internal/engine"
)

// jsonLayout is how the engine was told to read a JSON file.
type jsonLayout struct {
	array   bool
	keys    []string // in the file's spelling, of
	columns []Column
}

// longestJSON is the engine's largest object.
const longestJSON = 16 << 20

var (
	jsonMalformed = regexp.MustCompile(`(?s)^Malformed JSON in file "([^"]*)", at byte (\d+) in (?:line|record/value) (\d+): (.*?)\.?\s*$`)
	jsonTransform = regexp.MustCompile(`(?s)^JSON transform error in file "([^"]*)", in (?:line|record/value) (\d+): (.*)$`)
	jsonTrailer   = regexp.MustCompile(`(?s)\n(?:Try setting| If this error occurred).*$`)
	jsonCast      = regexp.MustCompile(`(?s)^Failed to cast value(?: to [a-z]+)?: (.*)$`)
	jsonExpected  = regexp.MustCompile(`(?s)^Expected [A-Z]+, but got [A-Z]+: (.*)$`)
	jsonQuoted    = regexp.MustCompile(`(?s)"((?:[^"\\]|\\.)*)"`)
)

// explainJSON answers for the engine's errors about rows of JSON. The engine
// names the file; its line is now that of the value, now the one after it,
// now the first of the batch.
func (s *Scan) explainJSON(failed *engine.Error) *Error {
	if g := jsonMalformed.FindStringSubmatch(failed.Message); g != nil {
		f := s.byPath[g[1]]
		if f == nil {
			return nil
		}
		out := &Error{Bucket: f.Bucket, Key: f.Key, Message: "not valid JSON: " + g[4]}
		out.Line, _ = strconv.ParseInt(g[3], 10, 64)
		f.findMalformed(out)
		return out
	}
	g := jsonTransform.FindStringSubmatch(failed.Message)
	if g == nil {
		return nil
	}
	f := s.byPath[g[1]]
	if f == nil {
		return nil
	}
	what := strings.TrimSpace(jsonTrailer.ReplaceAllString(g[3], ""))
	out := &Error{Bucket: f.Bucket, Key: f.Key, Message: what}
	value := ""
	switch {
	case jsonCast.MatchString(what):
		value = jsonCast.FindStringSubmatch(what)[1]
	case jsonExpected.MatchString(what):
		value = jsonExpected.FindStringSubmatch(what)[1]
	default:
		value = jsonQuoted.FindString(what)
	}
	if !f.findJSONValue(strings.TrimSpace(value), out) {
		out.Line, _ = strconv.ParseInt(g[2], 10, 64)
	}
	return out
}

// eachJSON reads a file's values with the line that each begins on, until do
// says that it has seen enough. What can't be read comes as broken.
func (f *LinkedFile) eachJSON(do func(line int64, raw []byte, broken error) bool) {
	in, closeAll, err := openText(f)
	if err != nil {
		return
	}
	defer closeAll()
	if f.json.array {
		eachOfArray(in, do)
		return
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 64<<10), longestJSON)
	for n := int64(1); lines.Scan(); n++ {
		raw := bytes.TrimSpace(lines.Bytes())
		if n == 1 {
			raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
		}
		if len(raw) == 0 {
			continue
		}
		if !do(n, raw, syntaxError(raw)) {
			return
		}
	}
}

// syntaxError says what is wrong with a line.
func syntaxError(raw []byte) error {
	if !utf8.Valid(raw) {
		return errors.New("it is not UTF-8")
	}
	if json.Valid(raw) {
		return nil
	}
	var any json.RawMessage
	return json.Unmarshal(raw, &any)
}

// eachOfArray reads the elements of one array.
func eachOfArray(in io.Reader, do func(line int64, raw []byte, broken error) bool) {
	lines := &lineCounter{in: in}
	d := json.NewDecoder(lines)
	if _, err := d.Token(); err != nil {
		do(1, nil, err)
		return
	}
	for d.More() {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			at := d.InputOffset()
			var syntax *json.SyntaxError
			if errors.As(err, &syntax) {
				at = max(at, syntax.Offset-1)
			}
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				err = errors.New("the array is not closed")
			}
			do(lines.at(at), nil, err)
			return
		}
		if !do(lines.at(d.InputOffset()-int64(len(raw))), raw, nil) {
			return
		}
	}
	if _, err := d.Token(); err != nil {
		do(lines.at(d.InputOffset()), nil, errors.New("the array is not closed"))
		return
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		do(lines.at(d.InputOffset()), nil, errors.New("something follows the array"))
	}
}

// closed says whether a file that begins as an array ends as one: the engine
// takes the end of a cut-off file for the array's.
func (f *LinkedFile) closed() (bool, error) {
	in, closeAll, err := openText(f)
	if err != nil {
		return false, err
	}
	defer closeAll()
	if file, ok := in.(*os.File); ok {
		if _, err := file.Seek(-min(f.Size, 4<<10), io.SeekEnd); err != nil {
			return false, err
		}
	}
	last := byte(0)
	buf := make([]byte, 64<<10)
	for {
		n, err := in.Read(buf)
		if text := bytes.TrimRight(buf[:n], " \t\r\n"); len(text) > 0 {
			last = text[len(text)-1]
		}
		if errors.Is(err, io.EOF) {
			return last == ']', nil
		}
		if err != nil {
			return false, err
		}
	}
}

// lineCounter remembers where the lines of what was read through it end.
type lineCounter struct {
	in   io.Reader
	read int64
	ends []int64 // of lines that at was not asked beyond yet
	past int64   // lines before those
}

func (l *lineCounter) Read(p []byte) (int, error) {
	n, err := l.in.Read(p)
	for i, c := range p[:n] {
		if c == '\n' {
			l.ends = append(l.ends, l.read+int64(i))
		}
	}
	l.read += int64(n)
	return n, err
}

// at is the line of an offset; offsets only grow.
func (l *lineCounter) at(offset int64) int64 {
	n, _ := slices.BinarySearch(l.ends, offset)
	l.past += int64(n)
	l.ends = slices.Delete(l.ends, 0, n)
	return l.past + 1
}

// findMalformed corrects the place of a syntax error.
func (f *LinkedFile) findMalformed(out *Error) {
	if f.json == nil {
		return
	}
	f.eachJSON(func(line int64, raw []byte, broken error) bool {
		if broken == nil {
			return true
		}
		out.Line, out.Row = line, clipRow(raw)
		out.Message = "not valid JSON: " + broken.Error()
		if s := bytes.TrimSpace(raw); !f.json.array && (string(s) == "{" || string(s) == "[") {
			out.Hint = "each record must stand on one line"
		}
		return false
	})
}

// findJSONValue finds the first value that does not fit its column and reads
// as the engine printed it.
func (f *LinkedFile) findJSONValue(value string, out *Error) bool {
	if f.json == nil || value == "" {
		return false
	}
	inner := []byte(strings.Trim(value, `"`))
	found := false
	f.eachJSON(func(line int64, raw []byte, broken error) bool {
		if broken != nil {
			return false
		}
		if (value[0] == '"' || value[0] >= '0' && value[0] <= '9') && !bytes.Contains(raw, inner) {
			return true
		}
		path, typ, ok := f.json.misfit(raw, value)
		if !ok {
			return true
		}
		found = true
		out.Line, out.Column, out.Value, out.Row = line, path, strings.Trim(value, `"`), clipRow(raw)
		if path == "" {
			out.Message = fmt.Sprintf("%s is no row: each line must be an object", clip(value, 100))
		} else {
			out.Message = fmt.Sprintf("%s is not %s", clip(value, 100), article(typ))
		}
		return false
	})
	return found
}

// misfit looks for the value in a row, where a column's type is not text.
func (l *jsonLayout) misfit(raw []byte, value string) (path, typ string, ok bool) {
	var row map[string]json.RawMessage
	if json.Unmarshal(raw, &row) != nil {
		return "", "", sameJSON(raw, value)
	}
	for i, c := range l.columns {
		v, there := row[l.keys[i]]
		if !there {
			continue
		}
		if path, typ, ok := misfit(c.Name, c.Type, v, value); ok {
			return path, typ, true
		}
	}
	return "", "", false
}

func misfit(path string, t Type, raw json.RawMessage, value string) (string, string, bool) {
	if t.isText() || string(raw) == "null" {
		return "", "", false
	}
	switch t.Kind {
	case Array:
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) == nil {
			for i, v := range list {
				if p, typ, ok := misfit(fmt.Sprintf("%s[%d]", path, i), *t.Elem, v, value); ok {
					return p, typ, true
				}
			}
			return "", "", false
		}
	case MapOf, Struct:
		var object map[string]json.RawMessage
		if json.Unmarshal(raw, &object) == nil {
			if t.Kind == Struct {
				for _, f := range t.Fields {
					if p, typ, ok := misfit(path+"."+f.Name, f.Type, object[f.Name], value); ok {
						return p, typ, true
					}
				}
				return "", "", false
			}
			for _, k := range sortedKeys(object) {
				if p, typ, ok := misfit(path+"."+k, *t.Elem, object[k], value); ok {
					return p, typ, true
				}
			}
			return "", "", false
		}
	}
	return path, t.Hive(), sameJSON(raw, value)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// sameJSON compares texts of JSON values but for blanks.
func sameJSON(raw json.RawMessage, value string) bool {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return false
	}
	return b.String() == value
}
