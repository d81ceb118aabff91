// Package classify looks into one file and says what it is: compression, format, columns and their types, how many
// records, and what is wrong with it. It knows no catalog, no folders and no S3.
package classify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"tarn/api/glue"
	"tarn/internal/glue/crawler/schema"
)

// Classifications that the built-in classifiers answer.
const (
	CSVFormat     = "csv"
	JSONFormat    = "json"
	ParquetFormat = "parquet"
	Unknown       = "UNKNOWN"
)

// Generation counts changes to what this package answers: results of an older one are not reused.
const Generation = 2

// textLimit is how much decompressed text of one file is read; the rest is taken to be alike.
const textLimit = 64 << 20

// Options are what a crawler says about all its files.
type Options struct {
	Custom []*glue.Classifier // custom classifiers for CSV and JSON, in order
}

// Result is what is known about one file. It is stored, so that a file that has not changed is not read again.
type Result struct {
	Classification string
	Compression    string         // none, gzip, bzip2, zstd, ...
	Columns        []schema.Field `json:",omitzero"` // JSON and Parquet
	CSV            *CSV           `json:",omitzero"`
	Records        int64          // estimated where not Complete
	Bytes          int64          // of records, decompressed
	Complete       bool           // the whole file was read
	Array          bool           `json:",omitzero"` // JSON: one array of records, not a record a line
	Classifier     string         `json:",omitzero"` // the custom one that took it, name@version
	Warnings       []Warning      `json:",omitzero"`
}

// Warning is one thing that is wrong with a file.
type Warning struct {
	Line int64 // from 1; 0 = not about a line
	Text string
}

func (w Warning) String() string {
	if w.Line == 0 {
		return w.Text
	}
	return fmt.Sprintf("line %d: %s", w.Line, w.Text)
}

// maxWarnings bounds what is kept about one file.
const maxWarnings = 5

func (r *Result) warn(line int64, format string, args ...any) {
	if len(r.Warnings) < maxWarnings {
		r.Warnings = append(r.Warnings, Warning{line, fmt.Sprintf(format, args...)})
	}
}

// File reads as much of a file as it takes. What is wrong inside the file is in the result; an error means that it
// could not be read at all.
func File(ctx context.Context, in io.ReaderAt, size int64, name string, o Options) (*Result, error) {
	head := make([]byte, min(size, 512))
	if _, err := in.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	r := &Result{Classification: Unknown, Compression: "none"}
	switch {
	case bytes.HasPrefix(head, []byte("PAR1")):
		readParquet(r, in, size)
		return r, nil
	case bytes.HasPrefix(head, []byte("Obj\x01")):
		r.warn(0, "Avro files are not read by this crawler")
		return r, nil
	case bytes.HasPrefix(head, []byte("ORC")):
		r.warn(0, "ORC files are not read by this crawler")
		return r, nil
	}
	raw := &counter{ctx: ctx, r: io.NewSectionReader(in, 0, size)}
	text, closeText, err := decompress(r, raw, in, size, head, name)
	if err != nil {
		r.warn(0, "%v", err)
		return r, ctx.Err()
	}
	defer closeText()
	readText(r, text, raw, size, o)
	return r, ctx.Err()
}

// counter counts what was consumed of the raw file, and ends with its context.
type counter struct {
	ctx context.Context
	r   io.Reader
	n   int64
}

func (c *counter) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// readText decides between the text formats by the beginning of the text, and reads the rest as that.
func readText(r *Result, text io.Reader, raw *counter, size int64, o Options) {
	src := newLines(io.LimitReader(text, textLimit), textSize(r, size))
	src.limit = textLimit
	head := src.head()
	if head = bytes.TrimPrefix(head, []byte("\ufeff")); len(bytes.TrimSpace(head)) == 0 {
		if src.err != nil && !errors.Is(src.err, io.EOF) {
			r.warn(0, "%s", damage(r, src.err))
		}
		return
	}
	if bad := notText(head); bad != "" {
		r.warn(0, "%s", bad)
		return
	}
	var d dialect
	found := false
	takenAsJSON := false
	for _, c := range o.Custom {
		if j := c.JsonClassifier; j != nil && startsJSON(head) {
			r.Classifier = fmt.Sprintf("%s@%d", *j.Name, *j.Version)
			takenAsJSON = true
			break
		}
		if c.CsvClassifier == nil {
			continue
		}
		if d, found = customDialect(head, src.whole(), c.CsvClassifier); found {
			r.Classifier = fmt.Sprintf("%s@%d", *c.CsvClassifier.Name, *c.CsvClassifier.Version)
			break
		}
	}
	switch {
	case found:
		readCSV(r, src, d)
	case takenAsJSON || startsJSON(head):
		readJSON(r, src)
	case head[0] == '<':
		r.warn(0, "XML files are not read by this crawler")
		return
	default:
		if d, found = sniffDialect(head, src.whole()); !found {
			r.warn(0, "%s", whyNoDialect(head, src.whole()))
			return
		}
		readCSV(r, src, d)
	}
	switch {
	case src.err == nil || errors.Is(src.err, io.EOF):
		r.Complete = src.n < textLimit
	case r.Classification == Unknown:
	case truncated(src.err):
		r.warn(src.line+1, "%s", damage(r, src.err))
	default:
		// Where it began to be damaged is not known, so nothing of it may decide on the types of a table.
		*r = Result{Classification: Unknown, Compression: r.Compression, Warnings: []Warning{{Text: damage(r, src.err)}}}
	}
	if !r.Complete && errors.Is(src.err, io.EOF) && raw.n > 0 {
		r.Records = int64(float64(r.Records) * float64(size) / float64(raw.n))
		r.Bytes = int64(float64(r.Bytes) * float64(size) / float64(raw.n))
	}
}

// textSize bounds how long a file's text is; 0 = not known.
func textSize(r *Result, size int64) int64 {
	if r.Compression == "none" {
		return size
	}
	return 0
}

func truncated(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) }

// damage says what a broken stream of compressed data means.
func damage(r *Result, err error) string {
	if truncated(err) {
		return fmt.Sprintf("the %s data ends in the middle: the file is truncated; upload it again", r.Compression)
	}
	return fmt.Sprintf("the %s data is damaged (%v); upload it again", r.Compression, err)
}

func notText(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}) || bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return "the text is UTF-16; only UTF-8 is read"
	case bytes.IndexByte(head, 0) >= 0:
		return "the format is not known: neither text nor any binary format that is read"
	}
	bad := 0
	for b := head; len(b) > utf8.UTFMax; {
		c, n := utf8.DecodeRune(b)
		if c == utf8.RuneError && n == 1 || c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != 1 {
			bad++
		}
		b = b[n:]
	}
	if bad*20 > len(head) {
		return "the format is not known: too many bytes are no text"
	}
	return ""
}
