package crawler

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Summary counts what a crawl wrote.
type Summary struct {
	Table     changes `json:"TABLE,omitzero"`
	Partition changes `json:"PARTITION,omitzero"`
}

type changes struct {
	Add    change `json:"ADD,omitzero"`
	Update change `json:"UPDATE,omitzero"`
	Delete change `json:"DELETE,omitzero"`
}

type change struct {
	Names []string `json:",omitzero"`
	Count int
}

// mostNames bounds what a summary names.
const mostNames = 50

func (c *change) add(name string) {
	c.Count++
	if len(c.Names) < mostNames {
		c.Names = append(c.Names, name)
	}
}

func (c *changes) String() string {
	var parts []string
	for _, p := range []struct {
		verb string
		c    change
	}{{"ADD", c.Add}, {"UPDATE", c.Update}, {"DELETE", c.Delete}} {
		if p.c.Count > 0 {
			parts = append(parts, fmt.Sprintf("%s: %d", p.verb, p.c.Count))
		}
	}
	return strings.Join(parts, ", ")
}

// String is the JSON text that ListCrawls answers; "" when nothing was written.
func (s Summary) String() string {
	type answered struct {
		Details string
		Count   int
	}
	all := map[string]map[string]answered{}
	for kind, c := range map[string]changes{"TABLE": s.Table, "PARTITION": s.Partition} {
		for verb, ch := range map[string]change{"ADD": c.Add, "UPDATE": c.Update, "DELETE": c.Delete} {
			if ch.Count == 0 {
				continue
			}
			details, _ := json.Marshal(map[string][]string{"names": ch.Names}) // strings always marshal
			if all[kind] == nil {
				all[kind] = map[string]answered{}
			}
			all[kind][verb] = answered{string(details), ch.Count}
		}
	}
	if len(all) == 0 {
		return ""
	}
	b, _ := json.Marshal(all)
	return string(b)
}
