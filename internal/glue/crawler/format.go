package crawler

import (
	"fmt"

	"tarn/internal/glue/crawler/classify"
	"tarn/internal/glue/crawler/schema"
)

// format is what files of one table share.
type format struct{ classification, compression, delimiter string }

func (f format) known() bool { return f.classification != "" && f.classification != classify.Unknown }

func (f format) String() string {
	if !f.known() {
		return "unknown"
	}
	s := f.classification
	if f.compression != "none" {
		s += " in " + f.compression
	}
	if f.delimiter != "" && f.delimiter != "," {
		s += fmt.Sprintf(" divided by %q", f.delimiter)
	}
	return s
}

// readsAs: readers decompress each file by itself, so that alone does not part what was combined on purpose.
func (f format) readsAs(o format) bool {
	return f.classification == o.classification && f.delimiter == o.delimiter
}

func formatOf(f *foundFile) format {
	r := f.result
	k := format{classification: r.Classification, compression: r.Compression}
	if r.CSV != nil {
		k.delimiter = r.CSV.Delimiter
	}
	if !k.known() {
		return format{}
	}
	return k
}

func commonFormat(files []*foundFile) format {
	counts := map[format]int{}
	for _, f := range files {
		if k := formatOf(f); k.known() {
			counts[k]++
		}
	}
	if len(counts) == 0 {
		return format{}
	}
	return mostCommon(counts)
}

// fieldsOf are a file's columns on its own opinion of its first line.
func fieldsOf(f *foundFile) []schema.Field {
	if c := f.result.CSV; c != nil {
		header, known, _ := c.Header()
		if !known {
			return nil // it abstains
		}
		return c.Fields(header)
	}
	return f.result.Columns
}
