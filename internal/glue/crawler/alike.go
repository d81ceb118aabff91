package crawler

import (
	"fmt"
	"slices"
	"strings"

	"tarn/internal/glue/crawler/schema"
)

// unit is what a folder looks like from above: one table's data, or one partition of a table still to be found.
type unit struct {
	dir    *folder
	leaves []*leaf // names are relative to dir
	format format
	fields []schema.Field
}

func (u *unit) levels() int { return len(u.leaves[0].names) }

// similar lays out a folder and what is below it by the similarity of schemas.
func (l *layout) similar(root *folder) {
	if u := l.unit(root); u != nil {
		l.emit(u)
	}
}

func (l *layout) emit(u *unit) {
	t := &foundTable{base: u.dir.name, location: u.dir.url(), leaves: u.leaves, why: "all its files have similar schemas"}
	if u.levels() > 0 {
		t.why = "its folders have similar schemas"
	}
	if l.regular(t) {
		l.tables = append(l.tables, t)
	}
}

func (l *layout) emitFile(f *foundFile, why string) {
	l.tables = append(l.tables, &foundTable{base: f.name(), location: f.url(), file: f, why: why, leaves: []*leaf{{files: []*foundFile{f}}}})
}

// unit returns what can still become part of a table above; what can't has been emitted as tables.
func (l *layout) unit(d *folder) *unit {
	own := l.ownFiles(d)
	var units []*unit
	for _, c := range d.children {
		if u := l.unit(c); u != nil {
			units = append(units, u)
		}
	}
	if len(units) == 0 {
		return own
	}
	if own != nil {
		// Files beside folders: neither can be a partition of the other.
		for _, f := range d.files {
			l.emitFile(f, "it lies beside folders")
		}
	}
	parent, odd := l.parent(d, units)
	if parent == nil || own != nil {
		for _, u := range units {
			l.emit(u)
		}
		return nil
	}
	for _, u := range odd {
		l.emit(u)
	}
	return parent
}

// ownFiles is the unit of a folder's own files, or nil when each of them is a table.
func (l *layout) ownFiles(d *folder) *unit {
	if len(d.files) == 0 {
		return nil
	}
	var known []*foundFile
	for _, f := range d.files {
		if formatOf(f).known() {
			known = append(known, f)
		}
	}
	whole := &unit{dir: d, leaves: []*leaf{{dir: d, files: d.files}}}
	if len(known) == 0 {
		return whole
	}
	whole.format = formatOf(known[0])
	for _, f := range known {
		if formatOf(f) != whole.format {
			why := fmt.Sprintf("the files of %s have different formats: %s and %s", d.url(), whole.format, formatOf(f))
			for _, f := range d.files {
				l.emitFile(f, why)
			}
			return nil
		}
	}
	cluster, odd := largestCluster(known, fieldsOf)
	if float64(len(cluster)) < schema.Threshold*float64(len(known)) {
		for _, f := range d.files {
			l.emitFile(f, fmt.Sprintf("the files of %s have different columns", d.url()))
		}
		return nil
	}
	for _, f := range odd {
		l.warn("Found schemas don't match at level %d: %s has other columns than the %d files beside it", depth(d)+1, f.url(), len(cluster))
	}
	for _, f := range cluster {
		whole.fields = schema.MergeFields(whole.fields, fieldsOf(f))
	}
	return whole
}

// parent makes one unit of a folder's children, if most of them are alike.
func (l *layout) parent(d *folder, units []*unit) (*unit, []*unit) {
	byKind := map[string]int{}
	partitions := sameKey(units)
	kind := func(u *unit) string {
		f := u.format
		if partitions {
			f.compression = "none" // that a month was compressed makes no table of it
		}
		return fmt.Sprintf("%d %s", u.levels(), f)
	}
	known := 0
	for _, u := range units {
		if u.format.known() {
			byKind[kind(u)]++
			known++
		}
	}
	if known == 0 {
		return nil, nil
	}
	common := mostCommon(byKind)
	var alike, odd []*unit
	for _, u := range units {
		if u.format.known() && kind(u) == common {
			alike = append(alike, u)
		} else {
			odd = append(odd, u)
		}
	}
	cluster, others := largestCluster(alike, func(u *unit) []schema.Field { return u.fields })
	if partitions {
		// Whoever names folders k=v means partitions, however sparse their records are.
		cluster, others = alike, nil
	}
	if float64(len(cluster)) < schema.Threshold*float64(known) {
		return nil, nil
	}
	// One folder alone says nothing about its siblings, unless its name does.
	if len(units) == 1 && !partitionLike(units[0].dir.name) {
		return nil, nil
	}
	odd = append(odd, others...)
	p := &unit{dir: d, format: cluster[0].format}
	for _, u := range cluster {
		for _, lf := range u.leaves {
			p.leaves = append(p.leaves, &leaf{names: append([]string{u.dir.name}, lf.names...), dir: lf.dir, files: lf.files})
		}
		p.fields = schema.MergeFields(p.fields, u.fields)
	}
	// What is broken or empty abstains: it is a partition like its siblings.
	odd = slices.DeleteFunc(odd, func(u *unit) bool {
		if u.format.known() || u.levels() != cluster[0].levels() {
			return false
		}
		for _, lf := range u.leaves {
			p.leaves = append(p.leaves, &leaf{names: append([]string{u.dir.name}, lf.names...), dir: lf.dir, files: lf.files})
		}
		return true
	})
	for _, u := range odd {
		l.warn("Multiple tables are found under location %s: %s is unlike the %d folders beside it, and becomes a table of its own", d.url(), u.dir.url(), len(cluster))
	}
	return p, odd
}

// sameKey reports whether all folders are named k=v with one k.
func sameKey(units []*unit) bool {
	first := ""
	for i, u := range units {
		k, _, ok := strings.Cut(u.dir.name, "=")
		if i == 0 {
			first = strings.ToLower(k)
		}
		if !ok || k == "" || strings.ToLower(k) != first {
			return false
		}
	}
	return true
}

// partitionLike: k=v, or digits as in dates.
func partitionLike(name string) bool {
	if strings.Contains(name, "=") {
		return true
	}
	digits := 0
	for _, c := range name {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c != '-' && c != '_':
			return false
		}
	}
	return digits > 0
}

// largestCluster groups items around the first one that each is similar to, and answers the largest group.
func largestCluster[T any](items []T, fields func(T) []schema.Field) (cluster, others []T) {
	type group struct {
		fields  []schema.Field
		members []int
	}
	var groups []*group
	for i, it := range items {
		f := fields(it)
		var home *group
		for _, g := range groups {
			if schema.Similarity(g.fields, f) >= schema.Threshold {
				home = g
				break
			}
		}
		if home == nil {
			home = &group{fields: f}
			groups = append(groups, home)
		}
		home.members = append(home.members, i)
	}
	if len(groups) == 0 {
		return nil, nil
	}
	best := slices.MaxFunc(groups, func(a, b *group) int { return len(a.members) - len(b.members) })
	in := map[int]bool{}
	for _, i := range best.members {
		in[i] = true
	}
	for i, it := range items {
		if in[i] {
			cluster = append(cluster, it)
		} else {
			others = append(others, it)
		}
	}
	return cluster, others
}
