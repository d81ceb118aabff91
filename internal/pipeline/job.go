package pipeline

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Job makes a table.
type Job struct {
	Name      string
	File      string // relative to Dir
	Engine    string // duckdb, spark, python
	Reads     []string
	Writes    []string
	After     []string
	Keys      []string
	Partition []string
	Format    string
	Load      *WarehouseLoad
	Args      map[string]string
	Bookmark  *bool
	Packages  []string
	Workers   string
	Glue      string
	Timeout   int // minutes
	Retries   int

	text string
	// what the text says it reads and writes, and where
	refs []tableRef
}

// WarehouseLoad copies a job's table into the warehouse after it.
type WarehouseLoad struct {
	Sort []string
	Dist string
}

var jobKeys = []string{"engine", "reads", "writes", "after", "keys", "partition", "format", "load", "rules", "warn", "quarantine", "args", "bookmark", "packages", "workers", "glue", "timeout", "retries", "aws"}

// jobs reads the files in jobs/, and what tarn.yaml adds to them.
func (r *reader) jobs(p *Project, entries map[string]part) {
	files, err := os.ReadDir(filepath.Join(p.Dir, "jobs"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		r.fail(&Problem{File: filepath.Join(p.Dir, "jobs"), Text: err.Error()})
	}
	for _, f := range files {
		ext := filepath.Ext(f.Name())
		name := strings.TrimSuffix(f.Name(), ext)
		rel := "jobs/" + f.Name()
		path := filepath.Join(p.Dir, rel)
		switch ext {
		case ".sql", ".py":
		case ".json":
			r.fail(&Problem{File: path, Text: "visual jobs are not supported by this version", Hint: "Write the job as SQL or as a Glue script."})
			continue
		default:
			continue
		}
		if !validName(name) {
			r.fail(&Problem{File: path, Text: fmt.Sprintf("%q is not a name for a job", name), Hint: "Use small letters, digits and single underscores."})
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			r.fail(&Problem{File: path, Text: err.Error()})
			continue
		}
		j := &Job{Name: name, File: rel, text: string(b), Format: "iceberg", Args: map[string]string{}, Glue: "6.0", Workers: "2 G.1X"}
		j.Engine = "duckdb"
		if ext == ".py" {
			j.Engine = "python"
			if importsSpark(j.text) {
				j.Engine = "spark"
			}
		}
		if e, ok := entries[name]; ok {
			e.job(j)
			delete(entries, name)
		}
		if j.Engine == "duckdb" {
			j.refs = sqlTables(j.text)
			if strings.Contains(j.text, "$start") || strings.Contains(j.text, "$end") {
				r.fail(&Problem{File: path, Text: "intervals ($start, $end) are not supported by this version", Hint: "A job without $start rebuilds its table whole at every run."})
			}
		} else {
			j.refs = scriptTables(j.text)
		}
		p.Jobs = append(p.Jobs, j)
	}
	for name, e := range entries {
		e.add(e.keyAt, len(name), fmt.Sprintf("Write jobs/%s.sql or jobs/%s.py.", name, name), "jobs.%s has no file", name)
	}
	sort.Slice(p.Jobs, func(i, k int) bool { return p.Jobs[i].Name < p.Jobs[k].Name })
}

var workersRE = regexp.MustCompile(`^[0-9]{1,3} (Standard|[GR]\.[0-9]+X)$`)

var sparkImport = regexp.MustCompile(`(?m)^\s*(import|from)\s+(pyspark|awsglue)\b`)

func importsSpark(text string) bool { return sparkImport.MatchString(text) }

func (r part) job(j *Job) {
	e := r.entry
	place := "jobs." + e.key
	for _, k := range r.mapping(e.value, place) {
		switch k.key {
		case "engine":
			j.Engine = r.text(k, place)
			if !slices.Contains([]string{"duckdb", "spark", "python"}, j.Engine) {
				r.add(k.value.GetToken(), len(j.Engine), "One of duckdb, spark, python.", "%s.engine %q is not supported by this version", place, j.Engine)
			} else if isSQL := strings.HasSuffix(j.File, ".sql"); isSQL != (j.Engine == "duckdb") {
				r.add(k.value.GetToken(), len(j.Engine), "A .sql file runs on duckdb; a .py file on spark or python.", "%s can't run on engine %q", j.File, j.Engine)
			}
		case "reads":
			j.Reads = r.list(k, place)
		case "writes":
			j.Writes = r.list(k, place)
		case "after":
			j.After = r.list(k, place)
		case "partition":
			j.Partition = r.list(k, place)
		case "format":
			j.Format = r.text(k, place)
			if j.Format != "iceberg" {
				r.add(k.value.GetToken(), len(j.Format), "SQL jobs land as Iceberg.", "%s.format %q is not supported by this version", place, j.Format)
			}
		case "load":
			r.load(j, k, place)
		case "args":
			for _, a := range r.mapping(k.value, place+".args") {
				j.Args[a.key] = r.text(a, place+".args")
			}
		case "bookmark":
			j.Bookmark = new(r.boolean(k, place))
		case "packages":
			j.Packages = r.list(k, place)
		case "workers":
			j.Workers = r.text(k, place)
			if !workersRE.MatchString(j.Workers) {
				r.add(k.value.GetToken(), len(j.Workers), `A number and a worker type, such as "10 G.2X".`, "%s.workers %q is not a size", place, j.Workers)
			}
		case "glue":
			j.Glue = r.text(k, place)
		case "timeout":
			j.Timeout = r.integer(k, place)
		case "retries":
			j.Retries = r.integer(k, place)
		default:
			if slices.Contains(jobKeys, k.key) {
				r.add(k.keyAt, len(k.key), later[k.key], "%q in %s is not supported by this version", k.key, place)
			} else {
				r.unknown(k, place, jobKeys, map[string]string{"schedule": "A job has no schedule of its own; a project has one."})
			}
		}
	}
}

func (r *reader) load(j *Job, k entry, place string) {
	if b, ok := k.value.(*ast.BoolNode); ok {
		if b.Value {
			j.Load = &WarehouseLoad{}
		}
		return
	}
	j.Load = &WarehouseLoad{}
	for _, l := range r.mapping(k.value, place+".load") {
		switch l.key {
		case "sort":
			j.Load.Sort = r.list(l, place+".load")
		case "dist":
			j.Load.Dist = r.text(l, place+".load")
		default:
			r.unknown(l, place+".load", []string{"sort", "dist"}, nil)
		}
	}
}
