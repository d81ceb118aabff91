package pipeline

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Source lands raw data: pushed by anyone, or files of this folder.
type Source struct {
	Name    string
	From    string // glob below the folder; empty: pushed
	Format  string // "", csv, json, jsonl, parquet
	CSV     CSVFormat
	Columns []Column // stated by the project; nil: crawled
	file    string   // that states it, below Dir
	line    int
	col     int
}

// crawledCSV tells whether the crawler finds out the columns of CSV files.
func (s *Source) crawledCSV() bool { return len(s.Columns) == 0 && s.formatName() == "csv" }

// CSVFormat is what a CSV source says about its files.
type CSVFormat struct {
	Delimiter, Quote string
	Header           *bool // nil: they have one
}

func (f CSVFormat) header() bool { return f.Header == nil || *f.Header }

// Column is a column's name and Glue type.
type Column struct{ Name, Type string }

var sourceKeys = []string{"from", "format", "columns", "tables", "cursor", "keys", "each", "pages", "records", "headers", "rules", "warn", "aws"}

func (r part) source() *Source {
	e := r.entry
	s := &Source{Name: e.key, line: 1, col: 1}
	if e.keyAt != nil {
		s.line, s.col = e.keyAt.Position.Line, e.keyAt.Position.Column
	}
	if rel, err := filepath.Rel(r.dir, r.file); err == nil {
		s.file = filepath.ToSlash(rel)
	}
	place := "sources." + e.key
	if !validName(e.key) {
		r.add(e.keyAt, len(e.key), "Use small letters, digits and single underscores.", "%q is not a name", e.key)
	}
	hints := map[string]string{"schedule": "A source has no schedule of its own; a project has one `schedule:` at the top. For another rhythm, start another project."}
	for _, k := range r.mapping(e.value, place) {
		switch k.key {
		case "from":
			s.From = r.text(k, place)
			if i := strings.Index(s.From, "://"); i > 0 {
				r.add(k.value.GetToken(), len(s.From), "Use files (from: data/x-*.csv) or pushed data (no from:).", "%s: sources of kind %s:// are not supported by this version", place, s.From[:i])
			} else if strings.HasPrefix(s.From, "/") || strings.Contains(s.From, "..") {
				r.add(k.value.GetToken(), len(s.From), "Files of a source lie below the project's folder.", "%s.from %q leads out of the project", place, s.From)
			} else if strings.HasPrefix(s.From, "sqlite:") {
				r.add(k.value.GetToken(), len(s.From), "Export the tables to files under data/.", "%s: sources of kind sqlite are not supported by this version", place)
			}
		case "format":
			r.format(s, k, place)
		case "columns":
			for _, c := range r.mapping(k.value, place+".columns") {
				s.Columns = append(s.Columns, Column{strings.ToLower(c.key), r.text(c, place+".columns")})
			}
		default:
			if slices.Contains(sourceKeys, k.key) {
				r.add(k.keyAt, len(k.key), later[k.key], "%q in %s is not supported by this version", k.key, place)
			} else {
				r.unknown(k, place, sourceKeys, hints)
			}
		}
	}
	return s
}

func (r *reader) format(s *Source, k entry, place string) {
	formats := []string{"csv", "json", "jsonl", "parquet"}
	if _, ok := k.value.(*ast.StringNode); ok {
		s.Format = r.text(k, place)
	} else {
		for _, f := range r.mapping(k.value, place+".format") {
			s.Format = f.key
			for _, c := range r.mapping(f.value, place+".format.csv") {
				switch c.key {
				case "delimiter":
					s.CSV.Delimiter = r.text(c, place)
				case "quote":
					s.CSV.Quote = r.text(c, place)
				case "header":
					s.CSV.Header = new(r.boolean(c, place))
				default:
					r.unknown(c, place+".format.csv", []string{"delimiter", "quote", "header"}, nil)
				}
			}
		}
	}
	if !slices.Contains(formats, s.Format) {
		r.add(k.value.GetToken(), len(s.Format), "One of "+strings.Join(formats, ", ")+".", "%s.format %q is not supported by this version", place, s.Format)
	}
}

// csvFormats checks that the crawler can tell the CSV sources apart: it knows a
// format by its delimiter, and the quote and the header must follow from that.
func (r *reader) csvFormats(sources []*Source) {
	seen := map[string]*Source{}
	for _, s := range sources {
		if !s.crawledCSV() {
			continue
		}
		delimiter := or(s.CSV.Delimiter, ",")
		other := seen[delimiter]
		if other == nil {
			seen[delimiter] = s
			continue
		}
		if other.CSV.header() != s.CSV.header() || or(other.CSV.Quote, `"`) != or(s.CSV.Quote, `"`) {
			r.fail(&Problem{File: filepath.Join(r.dir, s.file), Line: s.line, Col: s.col, Width: len(s.Name),
				Text: fmt.Sprintf("sources.%s and sources.%s have one delimiter, but not one header and quote: the crawler can't tell them apart", other.Name, s.Name),
				Hint: "Say the columns of one of them:  columns: {name: string, …}"})
		}
	}
}
