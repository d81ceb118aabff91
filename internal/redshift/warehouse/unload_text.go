package warehouse

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"

	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/wire"
)

// unloadText is how UNLOAD writes rows as text.
type unloadText struct {
	csv, json   bool
	delimiter   string
	null        string
	header      bool
	addQuotes   bool
	escape      bool
	compression string // gzip, zstd, ""
	columns     []int  // those that are written
	format      wire.Format
}

// value is a value's text.
func (t *unloadText) value(c wire.Column, v any) (string, error) {
	c.TypMod = -1 // CHAR goes out without its padding
	return wire.Text(c, v, t.format)
}

// field writes a text as a field.
func (t *unloadText) field(text string) string {
	switch {
	case t.csv:
		if strings.ContainsAny(text, "\"\r\n"+t.delimiter) {
			return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
		}
		return text
	case t.escape:
		var b strings.Builder
		for i := range len(text) {
			switch c := text[i]; {
			case c == '\n', c == '\r', c == '\\', c == '"', string(c) == t.delimiter:
				b.WriteByte('\\')
			}
			b.WriteByte(text[i])
		}
		text = b.String()
	}
	if t.addQuotes {
		if !t.escape {
			text = strings.ReplaceAll(text, `"`, `""`)
		}
		return `"` + text + `"`
	}
	return text
}

// unloadWriter writes one file.
type unloadWriter struct {
	t                 *unloadText
	columns           []wire.Column
	key, folder, path string
	rows, size        int64 // size is that before compression
	file              *os.File
	packed            io.WriteCloser
	out               *bufio.Writer
}

func newUnloadWriter(path string, t *unloadText, columns []wire.Column) (*unloadWriter, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	w := &unloadWriter{t: t, columns: columns, path: path, file: file}
	var to io.Writer = file
	switch t.compression {
	case "gzip":
		w.packed = gzip.NewWriter(file)
		to = w.packed
	case "zstd":
		z, err := zstd.NewWriter(file)
		if err != nil {
			file.Close()
			return nil, err
		}
		w.packed, to = z, z
	}
	w.out = bufio.NewWriterSize(to, 1<<16)
	if t.header {
		var names []string
		for _, i := range t.columns {
			names = append(names, t.field(columns[i].Name))
		}
		return w, w.line(strings.Join(names, t.delimiter))
	}
	return w, nil
}

func (w *unloadWriter) line(text string) error {
	w.size += int64(len(text)) + 1
	if _, err := w.out.WriteString(text); err != nil {
		return err
	}
	return w.out.WriteByte('\n')
}

func (w *unloadWriter) write(row []any) error {
	w.rows++
	if w.t.json {
		return w.object(row)
	}
	fields := make([]string, len(w.t.columns))
	for n, i := range w.t.columns {
		if row[i] == nil {
			fields[n] = w.t.null
			continue
		}
		text, err := w.t.value(w.columns[i], row[i])
		if err != nil {
			return err
		}
		fields[n] = w.t.field(text)
	}
	return w.line(strings.Join(fields, w.t.delimiter))
}

// object writes a row as an object of JSON.
func (w *unloadWriter) object(row []any) error {
	var b strings.Builder
	for n, i := range w.t.columns {
		name, err := json.Marshal(w.columns[i].Name)
		if err != nil {
			return err
		}
		sep := ","
		if n == 0 {
			sep = "{"
		}
		fmt.Fprintf(&b, "%s%s:", sep, name)
		if row[i] == nil {
			b.WriteString("null")
			continue
		}
		text, err := w.t.value(w.columns[i], row[i])
		if err != nil {
			return err
		}
		switch w.columns[i].OID {
		case wire.OIDInt2, wire.OIDInt4, wire.OIDInt8, wire.OIDNumeric, wire.OIDFloat4, wire.OIDFloat8, sql.Super.OID():
			if json.Valid([]byte(text)) { // NaN is not
				b.WriteString(text)
				continue
			}
		}
		quoted, err := json.Marshal(text)
		if err != nil {
			return err
		}
		b.Write(quoted)
	}
	b.WriteString("}")
	return w.line(b.String())
}

// Close completes the file and gives its size.
func (w *unloadWriter) Close() (int64, error) {
	err := w.out.Flush()
	if w.packed != nil {
		if closed := w.packed.Close(); err == nil {
			err = closed
		}
	}
	var size int64
	if info, stat := w.file.Stat(); stat == nil {
		size = info.Size()
	}
	if closed := w.file.Close(); err == nil {
		err = closed
	}
	return size, err
}
