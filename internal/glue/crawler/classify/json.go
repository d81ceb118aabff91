package classify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"tarn/internal/glue/crawler/schema"
)

// startsJSON reports whether a text begins like records of JSON.
func startsJSON(head []byte) bool {
	b := bytes.TrimLeft(head, " \t\r\n")
	if len(b) == 0 || b[0] != '{' && b[0] != '[' {
		return false
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	if _, err := dec.Token(); err != nil {
		return false
	}
	t, err := dec.Token()
	if err != nil {
		return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	}
	if b[0] == '{' {
		_, isKey := t.(string)
		return isKey || t == json.Delim('}')
	}
	return true
}

// readJSON infers the columns of a record a line, of objects one after the other, or of one array of objects.
func readJSON(r *Result, src *lines) {
	r.Classification = JSONFormat
	var fields []schema.Field
	first, ok := src.next()
	for ok && len(bytes.TrimSpace(first)) == 0 {
		first, ok = src.next()
	}
	if !ok {
		return
	}
	if !json.Valid(first) {
		readJSONStream(r, src, first)
		return
	}
	bad, badLine, badErr := int64(0), int64(0), error(nil)
	spelled := map[string]string{}
	for line := first; ok; line, ok = src.next() {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		t, err := inferJSON(line)
		if err == nil && t.Base == "array" && t.Elem != nil && t.Elem.Base == "struct" && r.Records == 0 {
			// A whole file that is one array on one line.
			r.Array = true
			r.Records = int64(arrayLength(line))
			r.Bytes = int64(len(line))
			fields = t.Elem.Fields
			continue
		}
		if err == nil && t.Base != "struct" {
			err = fmt.Errorf("a record is an object, this is %s", article(t.Base))
		}
		if err != nil {
			if bad++; bad == 1 {
				badLine, badErr = src.line, err
			}
			continue
		}
		r.Records++
		r.Bytes += int64(len(line)) + 1
		r.spelling(spelled, src.line, t.Fields)
		fields = schema.MergeFields(fields, t.Fields)
	}
	if bad > 0 {
		r.warn(badLine, "%v (such lines: %d)", badErr, bad)
	}
	r.setJSON(fields)
}

func article(base string) string {
	switch base {
	case "":
		return "null"
	case "array", "int":
		return "an " + base
	}
	return "a " + base
}

func (r *Result) setJSON(fields []schema.Field) {
	if r.Records == 0 {
		r.Classification = Unknown
		return
	}
	r.Columns = fields
}

// spelling warns of keys that differ in nothing but case: they fall into one column.
func (r *Result) spelling(seen map[string]string, line int64, fields []schema.Field) {
	for _, f := range fields {
		key := strings.ToLower(f.Name)
		switch other, ok := seen[key]; {
		case !ok:
			seen[key] = f.Name
		case other != f.Name && other != "":
			r.warn(line, "the keys %s and %s are one column, because names do not tell upper from lower case", other, f.Name)
			seen[key] = "" // once is enough
		}
	}
}

func arrayLength(b []byte) int {
	var all []json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return 0 // it was valid before
	}
	return len(all)
}

// readJSONStream reads values that go on over lines.
func readJSONStream(r *Result, src *lines, first []byte) {
	rest := &lineReader{lines: src, buf: append(append([]byte{}, first...), '\n')}
	dec := json.NewDecoder(rest)
	dec.UseNumber()
	var fields []schema.Field
	spelled := map[string]string{}
	if bytes.TrimLeft(first, " \t")[0] == '[' {
		if _, err := dec.Token(); err != nil {
			r.warn(1, "%v", err)
			r.setJSON(nil)
			return
		}
		r.Array = true
	}
	for dec.More() {
		t, err := inferValue(dec, 0)
		if err == nil && t.Base != "struct" {
			err = fmt.Errorf("a record is an object, this is %s", article(t.Base))
		}
		if err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) {
				err = errors.New("the JSON ends in the middle")
			}
			if src.err == nil || errors.Is(src.err, io.EOF) {
				r.warn(src.line, "%v", err)
			}
			break
		}
		r.Records++
		r.spelling(spelled, src.line, t.Fields)
		fields = schema.MergeFields(fields, t.Fields)
	}
	r.Bytes = dec.InputOffset()
	r.setJSON(fields)
}

// lineReader makes a stream of lines again.
type lineReader struct {
	*lines
	buf []byte
}

func (l *lineReader) Read(p []byte) (int, error) {
	if len(l.buf) == 0 {
		line, ok := l.next()
		if !ok {
			return 0, l.err
		}
		l.buf = append(append(l.buf, line...), '\n')
	}
	n := copy(p, l.buf)
	l.buf = l.buf[n:]
	return n, nil
}

func inferJSON(line []byte) (*schema.Type, error) {
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	t, err := inferValue(dec, 0)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, errors.New("the object ends in the middle")
	}
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value on a line")
	}
	return t, nil
}

const deepestJSON = 100

func inferValue(dec *json.Decoder, depth int) (*schema.Type, error) {
	if depth > deepestJSON {
		return nil, fmt.Errorf("objects are nested more than %d deep", deepestJSON)
	}
	tok, err := dec.Token()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	switch v := tok.(type) {
	case json.Delim:
		if v == '[' {
			t := &schema.Type{Base: "array", Elem: &schema.Type{}}
			for dec.More() {
				e, err := inferValue(dec, depth+1)
				if err != nil {
					return nil, err
				}
				t.Elem = schema.Merge(t.Elem, e)
			}
			_, err := dec.Token()
			return t, err
		}
		t := &schema.Type{Base: "struct"}
		for dec.More() {
			key, err := dec.Token()
			if err != nil {
				return nil, err
			}
			e, err := inferValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			name := key.(string) // the decoder lets nothing else pass
			i := slices.IndexFunc(t.Fields, func(f schema.Field) bool { return f.Name == name })
			if i < 0 {
				t.Fields = append(t.Fields, schema.Field{Name: name, Type: e})
			} else {
				t.Fields[i].Type = schema.Merge(t.Fields[i].Type, e)
			}
		}
		_, err := dec.Token()
		return t, err
	case json.Number:
		return schema.Of(jsonNumber(string(v))), nil
	case bool:
		return schema.Of("boolean"), nil
	case string:
		return schema.Of("string"), nil
	}
	return &schema.Type{}, nil // null
}

func jsonNumber(s string) string {
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil:
		return "double"
	case n >= math.MinInt32 && n <= math.MaxInt32:
		return "int"
	}
	return "bigint"
}
