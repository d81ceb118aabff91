package pipeline

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
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
	r := &reader{dir: dir, file: file, problems: new(Problems), vars: map[string]string{"env": p.Env}}
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
	for _, s := range r.section(top, "sources") {
		p.Sources = append(p.Sources, s.source())
	}
	r.csvFormats(p.Sources)
	r.jobs(p, byKey(r.section(top, "jobs")))
	for _, d := range r.section(top, "datasets") {
		p.DataSets[d.key] = d.dataSet()
	}
	r.dashboards(p, byKey(r.section(top, "dashboards")))
	if problems := *r.problems; len(problems) > 0 {
		slices.SortStableFunc(problems, func(a, b *Problem) int {
			return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
		})
		return nil, problems
	}
	if err := p.graph(); err != nil {
		return nil, err
	}
	return p, nil
}

func byKey(parts []part) map[string]part {
	out := map[string]part{}
	for _, p := range parts {
		out[p.key] = p
	}
	return out
}
