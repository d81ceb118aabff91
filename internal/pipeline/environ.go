package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Environ is one entry of envs.
type Environ struct {
	Target, Account, Region, Role, Bucket string
	Live                                  bool
}

var environKeys = []string{"target", "account", "region", "profile", "role", "bucket", "tags", "viewers", "warehouse", "live", "suffix", "vars", "schedule"}

// environments reads the variables and the environment that was asked for, and
// settles what each variable is: vars < envs.<env>.vars < TARN_VAR_NAME < --var.
func (r *reader) environments(p *Project, top map[string]entry, o LoadOptions) {
	for _, v := range r.mapping(top["vars"].value, "vars") {
		r.vars[v.key] = r.text(v, "vars")
	}
	names := []string{"dev"}
	found := p.Env == "dev"
	p.Environ.Live = p.Env == "prod"
	for _, e := range r.section(top, "envs") {
		names = append(names, e.key)
		if e.key == p.Env {
			found = true
			e.environ(&p.Environ)
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
	for _, k := range slices.Sorted(maps.Keys(o.Vars)) {
		if _, ok := r.vars[k]; !ok {
			known := slices.Sorted(maps.Keys(r.vars))
			hint := "It has: " + strings.Join(known, ", ") + "."
			if n := nearest(k, known); n != "" {
				hint = fmt.Sprintf("Did you mean %q?", n)
			}
			r.add(nil, 0, hint, "--var %s=…: the project has no variable %q", k, k)
		}
		r.vars[k] = o.Vars[k]
	}
}

func (e part) environ(env *Environ) {
	place := "envs." + e.key
	for _, k := range e.mapping(e.value, place) {
		switch k.key {
		case "target":
			env.Target = e.text(k, place)
		case "account":
			env.Account = e.text(k, place)
		case "region":
			env.Region = e.text(k, place)
		case "role":
			env.Role = e.text(k, place)
		case "bucket":
			env.Bucket = e.text(k, place)
		case "live":
			env.Live = e.boolean(k, place)
		case "vars":
			for _, v := range e.mapping(k.value, place+".vars") {
				e.vars[v.key] = e.text(v, place+".vars")
			}
		case "profile", "tags", "viewers", "warehouse", "suffix", "schedule":
			e.add(k.keyAt, len(k.key), "", "%q in %s is not supported by this version", k.key, place)
		default:
			e.unknown(k, place, environKeys, nil)
		}
	}
}
