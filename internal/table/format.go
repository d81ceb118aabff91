package table

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"tarn/api/glue"
)

// Format is how a descriptor's files are read.
type Format struct {
	Kind string // csv, json, parquet
	CSV  CSV
	JSON JSON
}

// CSV are the choices that matter to delimited text.
type CSV struct {
	Delimiter string // one character or more
	Quote     string // "" = none
	Escape    string // "" = find out from the file
	Skip      int    // header lines
	// Null is the text that stands for NULL in every column; HasNull says that
	// the table states it.
	Null    string
	HasNull bool
	// AllText: the SerDe reads every column as a string first (OpenCSV).
	AllText bool
}

// JSON are the choices that matter to JSON lines.
type JSON struct {
	IgnoreMalformed bool
	// Mapping is column -> key in the file.
	Mapping map[string]string
}

func isIceberg(t *glue.Table) bool { return strings.EqualFold(t.Parameters["table_type"], "ICEBERG") }

// formatOf reads a descriptor: SerDe first, then InputFormat, then
// classification.
func formatOf(t *glue.Table, sd *glue.StorageDescriptor) (Format, error) {
	fail := func(message, hint string) (Format, error) {
		return Format{}, &Error{Table: nameOf(t), Message: message, Hint: hint}
	}
	if kind := val(t.TableType); kind == "VIRTUAL_VIEW" {
		return fail("it is a view, which has no files", "")
	}
	if sd == nil {
		return fail("it has no storage descriptor", "crawl it, or give it a Location and a SerDe")
	}
	if sd.Location == nil || *sd.Location == "" {
		return fail("it has no Location", "")
	}
	var serde string
	params := map[string]string{}
	if sd.SerdeInfo != nil {
		serde = val(sd.SerdeInfo.SerializationLibrary)
		for k, v := range sd.SerdeInfo.Parameters {
			params[k] = v
		}
	}
	input := val(sd.InputFormat)
	property := func(keys ...string) (string, bool) {
		for _, k := range keys {
			for _, m := range []map[string]string{params, sd.Parameters, t.Parameters} {
				if v, ok := m[k]; ok {
					return v, true
				}
			}
		}
		return "", false
	}
	classification, _ := property("classification")
	kind := ""
	switch {
	case strings.Contains(input, "SymlinkTextInputFormat"):
		return fail("symlink manifests are not read", "")
	case strings.HasSuffix(serde, "LazySimpleSerDe"), strings.HasSuffix(serde, "OpenCSVSerde"), strings.HasSuffix(serde, "MultiDelimitSerDe"):
		kind = "csv"
	case strings.HasSuffix(serde, "JsonSerDe"):
		kind = "json"
	case strings.HasSuffix(serde, "ParquetHiveSerDe"), strings.Contains(input, "Parquet"):
		kind = "parquet"
	case serde != "":
		return fail("files of "+serde[strings.LastIndexByte(serde, '.')+1:]+" are not read", "CSV, JSON lines, Parquet and Iceberg are")
	default:
		kind = strings.ToLower(classification)
	}
	switch kind {
	case "csv", "tsv":
		return csvFormat(t, serde, kind, property), nil
	case "json":
		f := Format{Kind: "json", JSON: JSON{Mapping: map[string]string{}}}
		ignore, _ := property("ignore.malformed.json")
		f.JSON.IgnoreMalformed = strings.EqualFold(ignore, "true")
		for k, v := range params {
			if column, ok := strings.CutPrefix(k, "mapping."); ok {
				f.JSON.Mapping[strings.ToLower(column)] = v
			}
		}
		return f, nil
	case "parquet", "glueparquet":
		return Format{Kind: "parquet"}, nil
	case "":
		return fail("nothing says which format its files have", "set a SerDe or the classification parameter")
	}
	return fail(kind+" files are not read", "CSV, JSON lines, Parquet and Iceberg are")
}

func csvFormat(t *glue.Table, serde, kind string, property func(...string) (string, bool)) Format {
	f := Format{Kind: "csv", CSV: CSV{Delimiter: ",", Quote: `"`}}
	c := &f.CSV
	if kind == "tsv" {
		c.Delimiter = "\t"
	}
	if n, ok := property("skip.header.line.count"); ok {
		c.Skip, _ = strconv.Atoi(strings.TrimSpace(n))
	}
	if strings.HasSuffix(serde, "OpenCSVSerde") {
		c.AllText = true
		if d, ok := property("separatorChar"); ok && d != "" {
			c.Delimiter = unescapeJava(d)
		}
		if q, ok := property("quoteChar"); ok {
			c.Quote = quoteChar(q)
		}
		if e, ok := property("escapeChar"); ok && unescapeJava(e) != `\` {
			c.Escape = unescapeJava(e)
		}
		return f
	}
	d, ok := property("field.delim", "delimiter", "separatorChar", "serialization.format")
	switch {
	case ok && d != "":
		c.Delimiter = unescapeJava(d)
	case serde != "":
		c.Delimiter = "\x01" // Hive's own default, and then quotes mean nothing
		c.Quote = ""
	}
	if c.Delimiter == "1" { // serialization.format=1 is the Ctrl-A again
		c.Delimiter, c.Quote = "\x01", ""
	}
	// Hive's SerDe knows no quotes, Glue's jobs read them: so do we, since a
	// field that merely starts with one is rarer by far.
	if q, ok := property("quoteChar"); ok {
		c.Quote = quoteChar(q)
	}
	if e, ok := property("escape.delim", "escapeChar"); ok {
		c.Escape = unescapeJava(e)
	}
	if n, ok := property("serialization.null.format"); ok {
		c.Null, c.HasNull = n, true
	} else if c.Delimiter == "\x01" {
		c.Null, c.HasNull = `\N`, true
	}
	return f
}

func quoteChar(s string) string {
	if s = unescapeJava(s); s == "\x00" {
		return ""
	}
	return s
}

// unescapeJava reads the escapes that descriptors hold for characters that
// are hard to type: \t, \u0001, \001.
func unescapeJava(s string) string {
	if len(s) < 2 || s[0] != '\\' {
		return s
	}
	switch s {
	case `\t`:
		return "\t"
	case `\n`:
		return "\n"
	case `\\`:
		return `\`
	}
	digits, base := s[1:], 8
	if rest, ok := strings.CutPrefix(digits, "u"); ok {
		digits, base = rest, 16
	}
	if n, err := strconv.ParseUint(digits, base, 16); err == nil {
		return string(rune(n))
	}
	return s
}

// exclusions reads the table's list of globs, which are relative to the
// bucket's address as crawlers write them.
func exclusions(t *glue.Table) func(key string) bool {
	text := t.Parameters["exclusions"]
	if text == "" {
		return func(string) bool { return false }
	}
	var globs []string
	if json.Unmarshal([]byte(text), &globs) != nil {
		return func(string) bool { return false }
	}
	for i, g := range globs {
		if _, key, err := parseLocation(g); err == nil {
			globs[i] = key
		}
	}
	return func(key string) bool {
		for _, g := range globs {
			if ok, err := doublestar.Match(g, key); ok && err == nil {
				return true
			}
		}
		return false
	}
}
