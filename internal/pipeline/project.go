package pipeline

import (
	"cmp"
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

// Project is a folder, read and checked.
type Project struct {
	Dir        string
	Name       string
	Env        string
	Sources    []*Source
	Jobs       []*Job
	DataSets   map[string]*DataSet
	Dashboards []*Dashboard
	Environ    Environ
}

// Environ is one entry of envs.
type Environ struct {
	Target, Account, Region, Role, Bucket string
	Live                                  bool
	Vars                                  map[string]string
}

// Source lands raw data: pushed by anyone, or files of this folder.
type Source struct {
	Name    string
	From    string // glob below the folder; empty: pushed
	Format  string // "", csv, json, jsonl, parquet
	CSV     CSVFormat
	Columns []Column // stated by the project; nil: crawled
	line    int
}

// CSVFormat are what a CSV source says about its files.
type CSVFormat struct {
	Delimiter, Quote string
	Header           *bool
}

// Column is a column's name and Glue type.
type Column struct{ Name, Type string }

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

// DataSet adds to the data set of a table.
type DataSet struct {
	Title string
	SPICE *bool
}

// Dashboard is a QuickSight definition in a file.
type Dashboard struct {
	Name, File, Title string
	text              []byte
}

var nameRE = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

func validName(s string) bool { return nameRE.MatchString(s) && !strings.Contains(s, "__") }

// LoadOptions say for which environment a project is read.
type LoadOptions struct {
	Env  string
	Vars map[string]string // --var
	// LookupEnv finds TARN_VAR_NAME; os.LookupEnv
	LookupEnv func(string) (string, bool)
}

var topKeys = []string{"name", "schedule", "timezone", "since", "vars", "notify", "sources", "jobs", "datasets", "dashboards", "envs"}

// later are keys of the project file that exist but that this version can't act on.
var later = map[string]string{
	"schedule":   "Start runs with tarn run, or from cron.",
	"timezone":   "Times are UTC.",
	"since":      "Runs have no interval yet.",
	"notify":     "tarn run ends with status 1 when a run fails.",
	"rules":      "Check the table with a query in tarn sql after the run.",
	"warn":       "Check the table with a query in tarn sql after the run.",
	"quarantine": "Filter the rows in the job's SQL.",
	"tables":     "Export the tables to files under data/ and use from: data/….",
	"cursor":     "", "keys": "", "each": "", "pages": "", "records": "", "headers": "", "aws": "",
}

// Load reads a project folder.
func Load(dir string, o LoadOptions) (*Project, error) {
	file := filepath.Join(dir, "tarn.yaml")
	b, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, &Problem{File: file, Text: "there is no project here", Hint: "A project is a folder with tarn.yaml. Go there, or name it with -C DIR. To see one:  tarn demo"}
	}
	if err != nil {
		return nil, err
	}
	root, err := parseYAML(file, b)
	if err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	p := &Project{Dir: dir, Name: strings.ReplaceAll(strings.ToLower(filepath.Base(abs)), "-", "_"), Env: o.Env, DataSets: map[string]*DataSet{}}
	if p.Env == "" {
		p.Env = "dev"
	}
	r := &reader{file: file, vars: map[string]string{"env": p.Env}}
	top := map[string]entry{}
	for _, e := range r.mapping(root, "tarn.yaml") {
		if !slices.Contains(topKeys, e.key) {
			r.unknown(e, "tarn.yaml", topKeys, nil)
			continue
		}
		top[e.key] = e
	}
	for _, k := range []string{"schedule", "timezone", "since", "notify"} {
		if e, ok := top[k]; ok {
			r.add(e.keyAt, len(k), later[k], "%q is not supported by this version", k)
		}
	}
	r.environments(p, top, o)
	if e, ok := top["name"]; ok {
		p.Name = r.text(e, "tarn.yaml")
		if !validName(p.Name) {
			r.add(e.value.GetToken(), len(p.Name), "Use small letters, digits and single underscores, at most 40, starting with a letter.", "%q is not a name", p.Name)
		}
	} else if !validName(p.Name) {
		r.add(nil, 0, "Add name: to tarn.yaml.", "the folder's name %q is not a project name", p.Name)
	}
	if e, ok := top["sources"]; ok {
		for _, s := range r.mapping(e.value, "sources") {
			p.Sources = append(p.Sources, r.source(s))
		}
	}
	entries := map[string]entry{}
	if e, ok := top["jobs"]; ok {
		for _, j := range r.mapping(e.value, "jobs") {
			entries[j.key] = j
		}
	}
	r.jobs(p, entries)
	if e, ok := top["datasets"]; ok {
		for _, d := range r.mapping(e.value, "datasets") {
			p.DataSets[d.key] = r.dataSet(d)
		}
	}
	boards := map[string]entry{}
	if e, ok := top["dashboards"]; ok {
		for _, d := range r.mapping(e.value, "dashboards") {
			boards[d.key] = d
		}
	}
	r.dashboards(p, boards)
	if len(r.problems) > 0 {
		slices.SortStableFunc(r.problems, func(a, b *Problem) int {
			return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
		})
		return nil, r.problems
	}
	if err := p.graph(); err != nil {
		return nil, err
	}
	return p, nil
}

func (r *reader) environments(p *Project, top map[string]entry, o LoadOptions) {
	if e, ok := top["vars"]; ok {
		for _, v := range r.mapping(e.value, "vars") {
			r.vars[v.key] = r.text(v, "vars")
		}
	}
	known := []string{"target", "account", "region", "profile", "role", "bucket", "tags", "viewers", "warehouse", "live", "suffix", "vars", "schedule"}
	names := []string{"dev"}
	found := p.Env == "dev"
	p.Environ.Live = p.Env == "prod"
	if e, ok := top["envs"]; ok {
		for _, env := range r.mapping(e.value, "envs") {
			names = append(names, env.key)
			if env.key != p.Env {
				continue
			}
			found = true
			place := "envs." + env.key
			for _, k := range r.mapping(env.value, place) {
				switch k.key {
				case "target":
					p.Environ.Target = r.text(k, place)
				case "account":
					p.Environ.Account = r.text(k, place)
				case "region":
					p.Environ.Region = r.text(k, place)
				case "role":
					p.Environ.Role = r.text(k, place)
				case "bucket":
					p.Environ.Bucket = r.text(k, place)
				case "live":
					p.Environ.Live = r.boolean(k, place)
				case "vars":
					for _, v := range r.mapping(k.value, place+".vars") {
						r.vars[v.key] = r.text(v, place+".vars")
					}
				case "profile", "tags", "viewers", "warehouse", "suffix", "schedule":
					r.add(k.keyAt, len(k.key), "", "%q in %s is not supported by this version", k.key, place)
				default:
					r.unknown(k, place, known, nil)
				}
			}
		}
	}
	if !found {
		r.add(nil, 0, "It has: "+strings.Join(names, ", ")+".", "there is no environment %q", p.Env)
	}
	if o.LookupEnv != nil {
		for k := range r.vars {
			if v, ok := o.LookupEnv("TARN_VAR_" + strings.ToUpper(k)); ok {
				r.vars[k] = v
			}
		}
	}
	for k, v := range o.Vars {
		r.vars[k] = v
	}
}

var sourceKeys = []string{"from", "format", "columns", "tables", "cursor", "keys", "each", "pages", "records", "headers", "rules", "warn", "aws"}

func (r *reader) source(e entry) *Source {
	s := &Source{Name: e.key, line: e.keyAt.Position.Line}
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

var jobKeys = []string{"engine", "reads", "writes", "after", "keys", "partition", "format", "load", "rules", "warn", "quarantine", "args", "bookmark", "packages", "workers", "glue", "timeout", "retries", "aws"}

// jobs reads the files in jobs/, and what tarn.yaml adds to them.
func (r *reader) jobs(p *Project, entries map[string]entry) {
	files, err := os.ReadDir(filepath.Join(p.Dir, "jobs"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		r.problems = append(r.problems, &Problem{File: filepath.Join(p.Dir, "jobs"), Text: err.Error()})
	}
	for _, f := range files {
		ext := filepath.Ext(f.Name())
		name := strings.TrimSuffix(f.Name(), ext)
		rel := "jobs/" + f.Name()
		path := filepath.Join(p.Dir, rel)
		switch ext {
		case ".sql", ".py":
		case ".json":
			r.problems = append(r.problems, &Problem{File: path, Text: "visual jobs are not supported by this version", Hint: "Write the job as SQL or as a Glue script."})
			continue
		default:
			continue
		}
		if !validName(name) {
			r.problems = append(r.problems, &Problem{File: path, Text: fmt.Sprintf("%q is not a name for a job", name), Hint: "Use small letters, digits and single underscores."})
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			r.problems = append(r.problems, &Problem{File: path, Text: err.Error()})
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
			r.job(j, e)
			delete(entries, name)
		}
		if j.Engine == "duckdb" {
			j.refs = sqlTables(j.text)
			if strings.Contains(j.text, "$start") || strings.Contains(j.text, "$end") {
				r.problems = append(r.problems, &Problem{File: path, Text: "intervals ($start, $end) are not supported by this version", Hint: "A job without $start rebuilds its table whole at every run."})
			}
		} else {
			j.refs = scriptTables(j.text)
		}
		p.Jobs = append(p.Jobs, j)
	}
	for name, e := range entries {
		r.add(e.keyAt, len(name), fmt.Sprintf("Write jobs/%s.sql or jobs/%s.py.", name, name), "jobs.%s has no file", name)
	}
	sort.Slice(p.Jobs, func(i, k int) bool { return p.Jobs[i].Name < p.Jobs[k].Name })
}

var sparkImport = regexp.MustCompile(`(?m)^\s*(import|from)\s+(pyspark|awsglue)\b`)

func importsSpark(text string) bool { return sparkImport.MatchString(text) }

func (r *reader) job(j *Job, e entry) {
	place := "jobs." + e.key
	for _, k := range r.mapping(e.value, place) {
		switch k.key {
		case "engine":
			j.Engine = r.text(k, place)
			if !slices.Contains([]string{"duckdb", "spark", "python"}, j.Engine) {
				r.add(k.value.GetToken(), len(j.Engine), "One of duckdb, spark, python.", "%s.engine %q is not supported by this version", place, j.Engine)
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

func (r *reader) dataSet(e entry) *DataSet {
	d := &DataSet{}
	place := "datasets." + e.key
	known := []string{"title", "spice", "sql", "fields", "rows"}
	for _, k := range r.mapping(e.value, place) {
		switch k.key {
		case "title":
			d.Title = r.text(k, place)
		case "spice":
			d.SPICE = new(r.boolean(k, place))
		case "sql", "fields", "rows":
			r.add(k.keyAt, len(k.key), "", "%q in %s is not supported by this version", k.key, place)
		default:
			r.unknown(k, place, known, nil)
		}
	}
	return d
}

// dashboards reads the files in dashboards/.
func (r *reader) dashboards(p *Project, entries map[string]entry) {
	files, err := filepath.Glob(filepath.Join(p.Dir, "dashboards", "*.json"))
	if err != nil {
		r.problems = append(r.problems, &Problem{File: p.Dir, Text: err.Error()})
	}
	sort.Strings(files)
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".json")
		b, err := os.ReadFile(f)
		if err != nil {
			r.problems = append(r.problems, &Problem{File: f, Text: err.Error()})
			continue
		}
		if !validName(name) {
			r.problems = append(r.problems, &Problem{File: f, Text: fmt.Sprintf("%q is not a name for a dashboard", name)})
			continue
		}
		d := &Dashboard{Name: name, File: "dashboards/" + filepath.Base(f), Title: title(name), text: b}
		if e, ok := entries[name]; ok {
			for _, k := range r.mapping(e.value, "dashboards."+name) {
				switch k.key {
				case "title":
					d.Title = r.text(k, "dashboards."+name)
				case "viewers", "theme":
					r.add(k.keyAt, len(k.key), "", "%q in dashboards.%s is not supported by this version", k.key, name)
				default:
					r.unknown(k, "dashboards."+name, []string{"title", "viewers", "theme"}, nil)
				}
			}
			delete(entries, name)
		}
		p.Dashboards = append(p.Dashboards, d)
	}
	for name, e := range entries {
		r.add(e.keyAt, len(name), "Write dashboards/"+name+".json.", "dashboards.%s has no file", name)
	}
}

func title(name string) string {
	s := strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(s[:1]) + s[1:]
}
