package pipeline

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// Do is what a plan does with a resource.
type Do string

// What a plan does.
const (
	DoCreate  Do = "create"
	DoUpdate  Do = "update"
	DoPutBack Do = "put back" // someone else changed it
	DoDelete  Do = "delete"
	DoWait    Do = "wait" // made once its table is there
)

// Step is one line of a plan.
type Step struct {
	Do      Do       `json:"do"`
	Kind    string   `json:"kind"`
	Name    string   `json:"name"`
	File    string   `json:"file,omitempty"`
	Changes []Change `json:"changes,omitempty"`
	Why     string   `json:"why,omitempty"`

	res  *resource
	tags map[string]string
}

// Plan is what apply would do.
type Plan struct {
	Project, Env, Where, Account string
	Steps                        []*Step
	Unchanged                    int
}

// Pending counts the steps that change something.
func (p *Plan) Pending() int {
	n := 0
	for _, s := range p.Steps {
		if s.Do != DoWait {
			n++
		}
	}
	return n
}

// Runnable says what is missing before the project can run at all.
func (p *Plan) Runnable() error {
	for _, s := range p.Steps {
		if s.Do == DoCreate && s.Kind == "workflow" {
			return &Problem{Text: fmt.Sprintf("%s is not applied to %s yet", p.Project, p.Where), Hint: "Do it:  tarn apply"}
		}
	}
	return nil
}

// Generators make the scripts of steps that tarn adds or runs natively.
type Generators struct {
	SQL  func(SQLJob) (string, error)
	Load func(LoadJob) (string, error)
}

// SQLJob is a SELECT that lands as a table.
type SQLJob struct {
	Project, Name, File, Query, Bucket string
	Database, RawDatabase              string
	Partition, Keys                    []string
}

// LoadJob copies a table of the lake into the warehouse.
type LoadJob struct {
	Project, Table, Bucket       string
	Schema, ExternalSchema, Dist string
	Sort                         []string
	DataSets                     []string // to refresh afterwards
}

// Planner compares a project with a target.
type Planner struct {
	Project *Project
	Target  *Target
	Gen     Generators
}

// Plan finds out what apply would do, and changes nothing.
func (pl *Planner) Plan(ctx context.Context) (*Plan, error) {
	p, t := pl.Project, pl.Target
	if a := p.Environ.Account; a != "" && a != t.Account {
		return nil, &Unreachable{fmt.Errorf("the credentials are of account %s, but envs.%s says %s: nothing was touched", t.Account, p.Env, a)}
	}
	out := &Plan{Project: p.Name, Env: p.Env, Where: t.where(), Account: t.Account}
	resources, err := pl.resources(ctx)
	if err != nil {
		return nil, err
	}
	have := map[string]bool{}
	for _, r := range resources {
		have[r.title()] = true
		s, err := pl.compare(ctx, r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.title(), err)
		}
		if s == nil {
			out.Unchanged++
			continue
		}
		out.Steps = append(out.Steps, s)
	}
	gone, err := pl.obsolete(ctx, have)
	if err != nil {
		return nil, err
	}
	for _, r := range gone {
		why := "its file is gone"
		if r.kind == "classifier" {
			why = "its source is gone"
		}
		out.Steps = append(out.Steps, &Step{Do: DoDelete, Kind: r.kind, Name: r.name, Why: why, res: r})
	}
	return out, nil
}

func (pl *Planner) compare(ctx context.Context, r *resource) (*Step, error) {
	want, err := hash(r.want)
	if err != nil {
		return nil, err
	}
	tags := map[string]string{tagProject: pl.Project.Name, tagEnv: pl.Project.Env, tagWant: want}
	step := &Step{Kind: r.kind, Name: r.name, File: r.file, res: r, tags: tags}
	if r.waits != "" {
		step.Do, step.Why = DoWait, r.waits
		return step, nil
	}
	live, have, err := r.live(ctx, pl.Target)
	if err != nil {
		return nil, err
	}
	if live == nil {
		step.Do = DoCreate
		return step, nil
	}
	if !r.untagged && have[tagProject] != pl.Project.Name {
		owner := "carries no tag of a project"
		if have[tagProject] != "" {
			owner = "belongs to project " + have[tagProject]
		}
		return nil, &Refused{fmt.Errorf("%s is there already and %s; it is not touched.\n  Give this project another name (name: in tarn.yaml), or delete that resource yourself", r.title(), owner)}
	}
	changes, err := differences(live, r.want)
	if err != nil {
		return nil, err
	}
	asked := r.untagged || have[tagWant] == want // what is there is what the last apply asked for
	if len(changes) == 0 && asked {
		return nil, nil
	}
	step.Do, step.Changes = DoUpdate, changes
	switch {
	case len(changes) == 0:
		step.Why = "a setting was taken out" // so that the service's default holds
	case asked && !r.untagged:
		step.Do, step.Why = DoPutBack, "changed outside this project"
	}
	return step, nil
}

// Refused is a step that would touch what is not the project's, or is protected.
type Refused struct{ Err error }

func (r *Refused) Error() string { return r.Err.Error() }
func (r *Refused) Unwrap() error { return r.Err }

// Apply does what a plan says, in its order. A failure stops it; the next plan goes on from there.
func (pl *Planner) Apply(ctx context.Context, plan *Plan, done func(*Step)) error {
	n := 0
	for _, s := range plan.Steps {
		var err error
		switch s.Do {
		case DoWait:
			continue
		case DoCreate:
			err = s.res.create(ctx, pl.Target, s.tags)
		case DoUpdate, DoPutBack:
			err = s.res.update(ctx, pl.Target, s.tags)
		case DoDelete:
			err = s.res.remove(ctx, pl.Target)
		}
		if err != nil {
			return fmt.Errorf("%s: %w\n  %d of %d done; apply again to continue", s.res.title(), err, n, plan.Pending())
		}
		n++
		if done != nil {
			done(s)
		}
	}
	return nil
}

// Print writes a plan for a person.
func (p *Plan) Print(w io.Writer) {
	fmt.Fprintf(w, "%s → %s   %s   account %s\n", p.Project, p.Env, p.Where, p.Account)
	mark := map[Do]string{DoCreate: "+", DoUpdate: "~", DoPutBack: "!", DoDelete: "-", DoWait: "·"}
	counts := map[Do]int{}
	for _, s := range p.Steps {
		counts[s.Do]++
		line := fmt.Sprintf("  %s %-10s %-24s %s", mark[s.Do], s.Kind, s.Name, s.File)
		if s.Why != "" {
			line += "   " + s.Why
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
		for _, c := range s.Changes {
			fmt.Fprintf(w, "      %-28s %s → %s\n", c.Member, short(c.From), short(c.To))
		}
	}
	if len(p.Steps) == 0 {
		fmt.Fprintf(w, "  nothing to do: %d resources are as the project says\n", p.Unchanged)
		return
	}
	var parts []string
	for _, d := range []struct {
		do   Do
		text string
	}{{DoCreate, "to create"}, {DoUpdate, "to change"}, {DoPutBack, "to put back"}, {DoDelete, "to delete"}, {DoWait, "after the first run"}} {
		if counts[d.do] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[d.do], d.text))
		}
	}
	if p.Pending() > 0 {
		fmt.Fprintf(w, "  %s.   tarn apply\n", strings.Join(parts, ", "))
	} else {
		fmt.Fprintf(w, "  %s.   tarn run\n", strings.Join(parts, ", "))
	}
}

func short(s string) string {
	if s == "" {
		return "(nothing)"
	}
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 60 {
		return string(r[:57]) + "..."
	}
	return s
}
