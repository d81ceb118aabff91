package dashboard

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"tarn/api/quicksight"
)

// definitions keeps the definitions last queried in their types: a sheet asks for dozens of visuals at once, and a definition may
// weigh megabytes. Who gets one must not change it.
type definitions struct {
	mu      sync.Mutex
	entries []entry // the last used first
}

const keptDefinitions = 8

type entry struct {
	key        string
	definition *quicksight.DashboardVersionDefinition
}

// versionID names a version for good: a dashboard that is deleted and made again starts counting anew, at another time.
func versionID(account, id string, created time.Time, n int64) string {
	return fmt.Sprintf("%s/%s/%d/%d", account, id, created.UnixNano(), n)
}

func (d *definitions) get(key string) *quicksight.DashboardVersionDefinition {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, e := range d.entries {
		if e.key == key {
			copy(d.entries[1:i+1], d.entries[:i])
			d.entries[0] = e
			return e.definition
		}
	}
	return nil
}

func (d *definitions) put(key string, definition *quicksight.DashboardVersionDefinition) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.entries = append([]entry{{key, definition}}, d.entries[:min(len(d.entries), keptDefinitions-1)]...)
}

func (d *definitions) drop(key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.entries = slices.DeleteFunc(d.entries, func(e entry) bool { return e.key == key })
}
