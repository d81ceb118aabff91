package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

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

func (e part) dataSet() *DataSet {
	d := &DataSet{}
	place := "datasets." + e.key
	known := []string{"title", "spice", "sql", "fields", "rows"}
	for _, k := range e.mapping(e.value, place) {
		switch k.key {
		case "title":
			d.Title = e.text(k, place)
		case "spice":
			d.SPICE = new(e.boolean(k, place))
		case "sql", "fields", "rows":
			e.add(k.keyAt, len(k.key), "", "%q in %s is not supported by this version", k.key, place)
		default:
			e.unknown(k, place, known, nil)
		}
	}
	return d
}

// dashboards reads the files in dashboards/.
func (r *reader) dashboards(p *Project, entries map[string]part) {
	files, err := filepath.Glob(filepath.Join(p.Dir, "dashboards", "*.json"))
	if err != nil {
		r.fail(&Problem{File: p.Dir, Text: err.Error()})
	}
	sort.Strings(files)
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".json")
		b, err := os.ReadFile(f)
		if err != nil {
			r.fail(&Problem{File: f, Text: err.Error()})
			continue
		}
		if !validName(name) {
			r.fail(&Problem{File: f, Text: fmt.Sprintf("%q is not a name for a dashboard", name)})
			continue
		}
		d := &Dashboard{Name: name, File: "dashboards/" + filepath.Base(f), Title: title(name), text: b}
		if e, ok := entries[name]; ok {
			for _, k := range e.mapping(e.value, "dashboards."+name) {
				switch k.key {
				case "title":
					d.Title = e.text(k, "dashboards."+name)
				case "viewers", "theme":
					e.add(k.keyAt, len(k.key), "", "%q in dashboards.%s is not supported by this version", k.key, name)
				default:
					e.unknown(k, "dashboards."+name, []string{"title", "viewers", "theme"}, nil)
				}
			}
			delete(entries, name)
		}
		p.Dashboards = append(p.Dashboards, d)
	}
	for name, e := range entries {
		e.add(e.keyAt, len(name), "Write dashboards/"+name+".json.", "dashboards.%s has no file", name)
	}
}

func title(name string) string {
	s := strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(s[:1]) + s[1:]
}
