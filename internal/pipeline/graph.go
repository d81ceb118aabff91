package pipeline

import (
	"fmt"
	"path/filepath"
	"slices"
	"sort"
	"strings"
)

// Names of what a project becomes.
func (p *Project) workflow() string         { return p.Name }
func (p *Project) crawler() string          { return p.Name }
func (p *Project) rawDatabase() string      { return p.Name + "_raw" }
func (p *Project) database() string         { return p.Name }
func (p *Project) jobName(j string) string  { return p.Name + "-" + j }
func (p *Project) loadName(j string) string { return p.Name + "-load-" + j }

func (p *Project) source(name string) *Source {
	for _, s := range p.Sources {
		if s.Name == name {
			return s
		}
	}
	return nil
}

func (p *Project) job(name string) *Job {
	for _, j := range p.Jobs {
		if j.Name == name {
			return j
		}
	}
	return nil
}

// graph settles what each job reads, and checks that it can be ordered.
func (p *Project) graph() error {
	var problems Problems
	producers := map[string]string{}
	for _, j := range p.Jobs {
		if len(j.Writes) == 0 {
			for _, r := range j.refs {
				if r.writes && r.schema == p.database() && !slices.Contains(j.Writes, r.table) {
					j.Writes = append(j.Writes, r.table)
				}
			}
		}
		if len(j.Writes) == 0 {
			j.Writes = []string{j.Name}
		}
		for _, w := range j.Writes {
			if other, ok := producers[w]; ok {
				problems = append(problems, &Problem{File: filepath.Join(p.Dir, j.File), Text: fmt.Sprintf("%s writes table %q, which %s writes too", j.Name, w, other)})
			}
			producers[w] = j.Name
		}
	}
	for _, j := range p.Jobs {
		if j.Reads != nil {
			continue
		}
		for _, r := range j.refs {
			if r.writes {
				continue
			}
			name := ""
			switch r.schema {
			case "raw", p.rawDatabase():
				if p.source(r.table) == nil {
					problems = append(problems, p.noTable(j, r, "raw."+r.table, p.rawNames()))
					continue
				}
				name = "raw." + r.table
			case "", p.database():
				if producers[r.table] == "" {
					var known []string
					for t := range producers {
						known = append(known, t)
					}
					problems = append(problems, p.noTable(j, r, r.table, append(known, p.rawNames()...)))
					continue
				}
				name = r.table
			default: // another project's table: read, but nothing waits for it
				continue
			}
			if !slices.Contains(j.Reads, name) && !slices.Contains(j.Writes, name) {
				j.Reads = append(j.Reads, name)
			}
		}
	}
	if len(problems) > 0 {
		return problems
	}
	for _, j := range p.Jobs {
		for _, a := range j.After {
			if p.job(a) == nil {
				return Problems{{File: filepath.Join(p.Dir, "tarn.yaml"), Text: fmt.Sprintf("jobs.%s.after names %q, which is no job", j.Name, a)}}
			}
		}
	}
	_, err := p.order()
	return err
}

func (p *Project) rawNames() []string {
	var out []string
	for _, s := range p.Sources {
		out = append(out, "raw."+s.Name)
	}
	return out
}

func (p *Project) noTable(j *Job, r tableRef, name string, known []string) *Problem {
	sort.Strings(known)
	hint := "It has: " + strings.Join(known, ", ") + "."
	if n := nearest(name, known); n != "" {
		hint += fmt.Sprintf("   Did you mean %q?", n)
	}
	return &Problem{File: filepath.Join(p.Dir, j.File), Line: r.line, Col: r.col, Width: len(name), Text: fmt.Sprintf("no source or job makes %q", name), Hint: hint}
}

// producer is the job that makes a table.
func (p *Project) producer(table string) *Job {
	for _, j := range p.Jobs {
		if slices.Contains(j.Writes, table) {
			return j
		}
	}
	return nil
}

// predecessors are the jobs whose end a job waits for, sorted.
func (p *Project) predecessors(j *Job) []string {
	var out []string
	for _, r := range j.Reads {
		if strings.HasPrefix(r, "raw.") {
			continue
		}
		if q := p.producer(r); q != nil && q != j && !slices.Contains(out, q.Name) {
			out = append(out, q.Name)
		}
	}
	for _, a := range j.After {
		if !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	sort.Strings(out)
	return out
}

// order sorts jobs so that each comes after what it waits for.
func (p *Project) order() ([]*Job, error) {
	var out []*Job
	state := map[string]int{}
	var visit func(j *Job, path []string) error
	visit = func(j *Job, path []string) error {
		switch state[j.Name] {
		case 2:
			return nil
		case 1:
			return Problems{{File: filepath.Join(p.Dir, j.File), Text: "jobs wait for each other: " + strings.Join(append(path, j.Name), " → ")}}
		}
		state[j.Name] = 1
		for _, q := range p.predecessors(j) {
			if err := visit(p.job(q), append(path, j.Name)); err != nil {
				return err
			}
		}
		state[j.Name] = 2
		out = append(out, j)
		return nil
	}
	for _, j := range p.Jobs {
		if err := visit(j, nil); err != nil {
			return nil, err
		}
	}
	return out, nil
}
