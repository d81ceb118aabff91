// Package sqljob runs the SQL steps of a pipeline: a SELECT that lands as an
// Iceberg table, and the load of such a table into the warehouse. The same
// step is a Glue job: its script's first line carries the step as JSON, which
// Runner carries out in process, and the rest of the script is Python that
// does the same with DuckDB on AWS.
//
// It owns the script's form, what a SELECT may contain, the names it may use,
// its parameters and the words of its errors. It does not own the engine, the
// files of tables (package table), the warehouse, or the state of job runs.
package sqljob

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

// Modules is what the scripts need on AWS, for --additional-python-modules.
const Modules = "duckdb==1.5.5,pyiceberg[glue,pyarrow,pyiceberg-core]==0.12.0"

// Spec is a SQL step.
type Spec struct {
	Project string `json:"project"`
	Name    string `json:"name"` // the job's
	File    string `json:"file"` // the user's SQL file, for errors
	Query   string `json:"query"`
	// Database has the project's tables, RawDatabase those that the query
	// calls raw.x.
	Database    string `json:"database"`
	RawDatabase string `json:"raw_database"`
	Table       string `json:"table"`
	Location    string `json:"location"` // s3://bucket/prefix/ of a new table
	// Partition is written as in tarn.yaml: a column, month(column), day(column), ...
	Partition []string `json:"partition,omitempty"`
	Format    string   `json:"format,omitempty"` // iceberg
	Keys      []string `json:"keys,omitempty"`
	Timezone  string   `json:"timezone,omitempty"` // of $start and $end; UTC
	// Parameters go to the catalog's table.
	Parameters map[string]string `json:"parameters,omitempty"`
}

// LoadSpec is the load of a table of the lake into the warehouse.
type LoadSpec struct {
	Project        string   `json:"project"`
	Table          string   `json:"table"`
	Schema         string   `json:"schema"`
	ExternalSchema string   `json:"external_schema"`
	Dist           string   `json:"dist,omitempty"`
	Sort           []string `json:"sort,omitempty"`
	// DataSets are QuickSight data sets in SPICE to refresh afterwards.
	DataSets []string `json:"data_sets,omitempty"`
	// Where it is on AWS; in process the warehouse is the one at hand.
	Workgroup string `json:"workgroup,omitempty"`
	Cluster   string `json:"cluster,omitempty"`
	Database  string `json:"warehouse_database,omitempty"`
}

//go:embed body/sql.py
var sqlBody string

//go:embed body/load.py
var loadBody string

// Script writes the Glue script of a SQL step. It refuses what Run would
// refuse without looking at the tables.
func Script(s Spec) (string, error) {
	if err := s.check(); err != nil {
		return "", err
	}
	return script("sql", s, sqlBody)
}

// LoadScript writes the Glue script of a load.
func LoadScript(s LoadSpec) (string, error) {
	if s.Table == "" || s.Schema == "" || s.ExternalSchema == "" {
		return "", fmt.Errorf("a load needs a table, a schema and an external schema")
	}
	return script("load", s, loadBody)
}

func script(kind string, spec any, body string) (string, error) {
	// One line: JSON escapes line breaks, and </, which no one needs here, stays.
	text, err := json.Marshal(spec)
	if err != nil {
		return "", err
	}
	return "# tarn:" + kind + " v1 " + string(text) + "\n" + body, nil
}

// header reads the first line of a script.
func header(kind string, text []byte, spec any) error {
	line, _, _ := strings.Cut(string(text), "\n")
	rest, ok := strings.CutPrefix(strings.TrimSuffix(line, "\r"), "# tarn:"+kind+" v1 ")
	if !ok {
		return fmt.Errorf("the script does not begin with # tarn:%s v1", kind)
	}
	if err := json.Unmarshal([]byte(rest), spec); err != nil {
		return fmt.Errorf("the script's first line is damaged: %w", err)
	}
	return nil
}

// ParseScript reads the step of a script that Script wrote.
func ParseScript(text []byte) (Spec, error) {
	var s Spec
	if err := header("sql", text, &s); err != nil {
		return s, err
	}
	return s, s.check()
}

// ParseLoadScript reads the step of a script that LoadScript wrote.
func ParseLoadScript(text []byte) (LoadSpec, error) {
	var s LoadSpec
	return s, header("load", text, &s)
}

func (s *Spec) check() error {
	switch {
	case s.Query == "":
		return &Error{File: s.File, Message: "the file is empty", Hint: "write a SELECT"}
	case s.Database == "" || s.Table == "":
		return fmt.Errorf("a SQL step needs a database and a table")
	case s.Format != "" && s.Format != "iceberg":
		return &Error{File: s.File, Message: fmt.Sprintf("format %q is not written by SQL jobs", s.Format), Hint: "leave it out: the table will be Iceberg"}
	}
	_, err := s.partition()
	return err
}

// partition reads Spec.Partition.
func (s *Spec) partition() ([]partitionField, error) {
	var out []partitionField
	for _, text := range s.Partition {
		f := partitionField{column: strings.TrimSpace(text), transform: "identity"}
		if name, rest, ok := strings.Cut(f.column, "("); ok {
			f.transform = strings.ToLower(strings.TrimSpace(name))
			column, ok := strings.CutSuffix(strings.TrimSpace(rest), ")")
			f.column = strings.TrimSpace(column)
			if !ok || !words("year month day hour")[f.transform] {
				return nil, &Error{File: s.File, Message: fmt.Sprintf("partition %q is not a column, year(column), month(column), day(column) or hour(column)", text)}
			}
		}
		if f.column == "" {
			return nil, &Error{File: s.File, Message: fmt.Sprintf("partition %q names no column", text)}
		}
		out = append(out, f)
	}
	return out, nil
}

type partitionField struct{ column, transform string }

// location is where a new table goes.
func (s *Spec) location(bucket string) string {
	if s.Location != "" || bucket == "" {
		return s.Location
	}
	return "s3://" + path.Join(bucket, "curated", s.Table) + "/"
}
