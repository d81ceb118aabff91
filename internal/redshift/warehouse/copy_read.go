package warehouse

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxRecord is the longest row that COPY takes.
const maxRecord = 4 << 20

// textFormat is how a text file is cut into rows and fields.
type textFormat struct {
	csv          bool
	delimiter    string
	quote        byte
	escape       bool
	removeQuotes bool
	header       int // lines to skip
	blankLines   bool
	invalid      *byte // ACCEPTINVCHARS: what stands for a byte that is not UTF-8
}

// field is one value as it stands in a file.
type field struct {
	text   string
	quoted bool
	null   bool // there is no value
}

// record is one row of a file.
type record struct {
	fields []field
	line   int64 // on which it starts, from 1
	raw    string
}

// rowError is what is wrong with a row, in the words and numbers of stl_load_errors.
type rowError struct {
	code   int
	reason string
	column int // index of the column, -1 for the row as a whole
	value  string
}

func (e *rowError) Error() string { return e.reason }

// textReader cuts a file into records.
type textReader struct {
	in     *bufio.Reader
	f      textFormat
	line   int64 // lines read so far
	fields []field
	raw    bytes.Buffer
}

func newTextReader(r io.Reader, f textFormat) (*textReader, error) {
	t := &textReader{in: bufio.NewReaderSize(r, 1<<20), f: f}
	if b, err := t.in.Peek(3); err == nil && string(b) == "\xef\xbb\xbf" {
		t.in.Discard(3)
	}
	for range f.header {
		if _, err := t.readLine(); err != nil {
			if errors.Is(err, io.EOF) {
				return t, nil
			}
			return nil, err
		}
	}
	return t, nil
}

// readLine reads to the end of a line, which it leaves in place.
func (t *textReader) readLine() ([]byte, error) {
	var line []byte
	for {
		part, err := t.in.ReadSlice('\n')
		if line == nil && err == nil {
			t.line++
			return part, nil
		}
		line = append(line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			if len(line) > maxRecord {
				return nil, &rowError{code: 1204, reason: "Row is longer than 4 MB", column: -1}
			}
		case errors.Is(err, io.EOF) && len(line) > 0:
			t.line++
			return line, nil
		case err != nil:
			return nil, err
		default:
			t.line++
			return line, nil
		}
	}
}

func trimEnd(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r"))
}

// next reads a record. A *rowError is about this record alone: reading may go on.
func (t *textReader) next() (record, error) {
	for {
		start := t.line + 1
		line, err := t.readLine()
		if err != nil {
			return record{line: start}, err
		}
		if t.f.blankLines && len(trimEnd(line)) == 0 {
			continue
		}
		t.raw.Reset()
		t.raw.Write(line)
		t.fields = t.fields[:0]
		if t.f.csv {
			err = t.cutCSV()
		} else {
			err = t.cutDelimited()
		}
		rec := record{fields: t.fields, line: start, raw: string(trimEnd(t.raw.Bytes()))}
		if err != nil {
			return rec, err
		}
		return rec, t.checkText(rec.fields)
	}
}

// more adds the next line to the record, for a quote or an escape that runs over the line's end.
func (t *textReader) more() error {
	line, err := t.readLine()
	if err != nil {
		return err
	}
	t.raw.Write(line)
	if t.raw.Len() > maxRecord {
		return &rowError{code: 1204, reason: "Row is longer than 4 MB", column: -1}
	}
	return nil
}

// cutCSV cuts a record of CSV: quoted fields may hold delimiters, line ends and doubled quotes.
func (t *textReader) cutCSV() error {
	at := 0
	for {
		line := t.raw.Bytes()
		if at < len(line) && line[at] == t.f.quote {
			text, end, err := t.quoted(at + 1)
			if err != nil {
				return err
			}
			t.fields = append(t.fields, field{text: text, quoted: true})
			line = t.raw.Bytes()
			rest := trimEnd(line[end:])
			switch {
			case len(rest) == 0:
				return nil
			case bytes.HasPrefix(rest, []byte(t.f.delimiter)):
				at = end + len(t.f.delimiter)
				continue
			}
			return &rowError{code: 1214, reason: "Invalid quote formatting for CSV", column: len(t.fields) - 1, value: clip(string(rest), 100)}
		}
		rest := trimEnd(line[min(at, len(line)):])
		before, _, found := bytes.Cut(rest, []byte(t.f.delimiter))
		t.fields = append(t.fields, field{text: string(before)})
		if !found {
			return nil
		}
		at += len(before) + len(t.f.delimiter)
	}
}

// quoted reads a quoted field from after its quote, and says where the text goes on.
func (t *textReader) quoted(at int) (text string, end int, err error) {
	var out []byte
	start := at
	for {
		line := t.raw.Bytes()
		i := bytes.IndexByte(line[at:], t.f.quote)
		if i < 0 {
			at = len(line)
			if err := t.more(); err != nil {
				if errors.Is(err, io.EOF) {
					return "", 0, &rowError{code: 1214, reason: "Missing closing quote of a CSV field", column: len(t.fields), value: clip(string(line[start:]), 100)}
				}
				return "", 0, err
			}
			continue
		}
		out = append(out, line[start:at+i]...)
		at += i + 1
		if at < len(line) && line[at] == t.f.quote {
			out = append(out, t.f.quote)
			at++
			start = at
			continue
		}
		return string(out), at, nil
	}
}

// cutDelimited cuts a record of delimited text, with backslash escapes where asked for.
func (t *textReader) cutDelimited() error {
	var out []byte
	flush := func() {
		f := field{text: string(out)}
		if t.f.removeQuotes && len(out) > 1 && (out[0] == '"' || out[0] == '\'') && out[0] == out[len(out)-1] {
			f = field{text: string(out[1 : len(out)-1]), quoted: true}
		}
		t.fields = append(t.fields, f)
		out = out[:0]
	}
	if !t.f.escape {
		rest := trimEnd(t.raw.Bytes())
		for {
			before, after, found := bytes.Cut(rest, []byte(t.f.delimiter))
			out = append(out, before...)
			flush()
			if !found {
				return nil
			}
			rest = after
		}
	}
	for at := 0; ; {
		line := t.raw.Bytes()
		if at >= len(line) {
			flush()
			return nil
		}
		switch {
		case line[at] == '\\' && at+1 < len(line):
			if line[at+1] == '\r' && at+2 < len(line) && line[at+2] == '\n' {
				at++
			}
			switch c := line[at+1]; c {
			case 'N': // a NULL, which is the field's whole text
				out = append(out, '\\', 'N')
			default:
				out = append(out, c)
			}
			at += 2
			if at == len(line) && line[at-1] == '\n' {
				if err := t.more(); err != nil && !errors.Is(err, io.EOF) {
					return err
				}
			}
		case bytes.HasPrefix(line[at:], []byte(t.f.delimiter)):
			flush()
			at += len(t.f.delimiter)
		case line[at] == '\n' || line[at] == '\r' && at+2 >= len(line):
			flush()
			return nil
		default:
			out = append(out, line[at])
			at++
		}
	}
}

// checkText refuses what is not UTF-8, or puts the accepted character in its place.
func (t *textReader) checkText(fields []field) error {
	for i := range fields {
		text := fields[i].text
		if utf8.ValidString(text) {
			continue
		}
		if t.f.invalid == nil {
			for at := 0; at < len(text); {
				r, n := utf8.DecodeRuneInString(text[at:])
				if r == utf8.RuneError && n == 1 {
					return &rowError{code: 1220, column: i, value: text,
						reason: fmt.Sprintf("String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence: %x (error 4)", text[at])}
				}
				at += n
			}
		}
		var b strings.Builder
		for at := 0; at < len(text); {
			r, n := utf8.DecodeRuneInString(text[at:])
			if r == utf8.RuneError && n == 1 {
				b.WriteByte(*t.f.invalid)
			} else {
				b.WriteString(text[at : at+n])
			}
			at += n
		}
		fields[i].text = b.String()
	}
	return nil
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
