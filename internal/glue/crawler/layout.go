package crawler

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"tarn/internal/glue/crawler/classify"
	"tarn/internal/glue/crawler/schema"
)

// foundFile is an object with what is known about it.
type foundFile struct {
	bucket string
	Object
	result *classify.Result
	known  bool // from the last crawl, not read in this one
}

func (f *foundFile) url() string  { return "s3://" + f.bucket + "/" + f.Key }
func (f *foundFile) name() string { return f.Key[strings.LastIndexByte(f.Key, '/')+1:] }

// folder is one level of keys.
type folder struct {
	bucket   string
	path     string // key prefix with a slash at its end; "" is the bucket itself
	name     string
	files    []*foundFile
	children []*folder
}

func (d *folder) url() string { return "s3://" + d.bucket + "/" + d.path }

// leaf is a folder of data within a table: a partition, or the table itself.
type leaf struct {
	names []string // of the folders between the table's root and this one
	dir   *folder
	files []*foundFile
}

// foundTable is a table that the data makes.
type foundTable struct {
	base     string // what it is named after
	location string
	keys     []string // names of the partition keys, one a level
	leaves   []*leaf
	file     *foundFile // it is one file
	why      string
}

// layout decides which folders are tables and which are partitions of one.
type layout struct {
	combine bool
	level   int // depth of tables, the bucket being 1; 0 = by similarity
	warn    func(format string, args ...any)
	tables  []*foundTable
}

// add lays out what lies under one target.
func (l *layout) add(root *folder) {
	switch {
	case l.level > 0:
		l.atLevel(root, depth(root))
	case l.combine:
		l.table(root, "all compatible schemas of the include path are combined")
	default:
		l.similar(root)
	}
}

// depth counts the bucket as 1.
func depth(d *folder) int { return 1 + strings.Count(d.path, "/") }

// atLevel makes one table of each folder at the configured depth.
func (l *layout) atLevel(d *folder, at int) {
	if at >= l.level {
		l.table(d, fmt.Sprintf("TableLevelConfiguration is %d", l.level))
		return
	}
	if len(d.files) > 0 {
		l.warn("%d files lie in %s, above table level %d, and are skipped, %s among them", len(d.files), d.url(), l.level, d.files[0].name())
	}
	for _, c := range d.children {
		l.atLevel(c, at+1)
	}
}

// table makes one table of all that is below a folder.
func (l *layout) table(d *folder, why string) {
	var leaves []*leaf
	collect(d, nil, &leaves)
	t := &foundTable{base: d.name, location: d.url(), leaves: leaves, why: why}
	if l.regular(t) {
		l.tables = append(l.tables, t)
	}
}

func collect(d *folder, names []string, into *[]*leaf) {
	if len(d.files) > 0 {
		*into = append(*into, &leaf{names: slices.Clone(names), dir: d, files: d.files})
	}
	for _, c := range d.children {
		collect(c, append(names, c.name), into)
	}
}

// regular keeps of a table what has one format, one depth and one set of keys; the others are warned of. It reports
// whether anything is left.
func (l *layout) regular(t *foundTable) bool {
	format := commonFormat(allFiles(t))
	for _, lf := range t.leaves {
		kept := lf.files[:0:0]
		for _, f := range lf.files {
			if k := formatOf(f); !k.known() || k.readsAs(format) {
				kept = append(kept, f)
				continue
			}
			l.warn("Multiple tables are found under location %s: %s is %s, the table is %s; the file is left out of the schema", t.location, f.url(), formatOf(f), format)
		}
		lf.files = kept
	}
	t.leaves = slices.DeleteFunc(t.leaves, func(lf *leaf) bool { return len(lf.files) == 0 })
	depths := map[int]int{}
	for _, lf := range t.leaves {
		depths[len(lf.names)]++
	}
	common := mostCommon(depths)
	t.leaves = slices.DeleteFunc(t.leaves, func(lf *leaf) bool {
		if len(lf.names) != common {
			l.warn("Found schemas don't match at level %d: %s lies %d folders below %s where %d are usual, and is skipped", depth(lf.dir), lf.dir.url(), len(lf.names), t.location, common)
		}
		return len(lf.names) != common
	})
	t.keys = make([]string, common)
	for i := range common {
		l.nameLevel(t, i)
	}
	return len(t.leaves) > 0
}

func allFiles(t *foundTable) []*foundFile {
	var all []*foundFile
	for _, lf := range t.leaves {
		all = append(all, lf.files...)
	}
	return all
}

func mostCommon[K comparable](counts map[K]int) K {
	var best K
	n := -1
	for k, c := range counts {
		if c > n || c == n && fmt.Sprint(k) < fmt.Sprint(best) {
			best, n = k, c
		}
	}
	return best
}

// nameLevel names a partition level: k where the folders are k=v, else partition_0, partition_1, ...
func (l *layout) nameLevel(t *foundTable, level int) {
	counts := map[string]int{}
	for _, lf := range t.leaves {
		k, _, ok := strings.Cut(lf.names[level], "=")
		if !ok || k == "" {
			k = ""
		}
		counts[strings.ToLower(k)]++
	}
	key := mostCommon(counts)
	if counts[""] > 0 || key == "" || slices.Contains(t.keys[:level], key) {
		t.keys[level] = fmt.Sprintf("partition_%d", level)
		return
	}
	t.keys[level] = key
	t.leaves = slices.DeleteFunc(t.leaves, func(lf *leaf) bool {
		k, _, _ := strings.Cut(lf.names[level], "=")
		if strings.ToLower(k) == key {
			return false
		}
		l.warn("Found schemas don't match at level %d: the folder %s should be %s=..., and is skipped", depth(lf.dir), lf.dir.url(), key)
		return true
	})
}

// values are a leaf's partition values.
func (t *foundTable) values(lf *leaf) []string {
	out := make([]string, len(t.keys))
	for i, key := range t.keys {
		v := lf.names[i]
		if k, after, ok := strings.Cut(v, "="); ok && strings.ToLower(k) == key {
			v = after
		}
		if decoded, err := url.PathUnescape(v); err == nil {
			v = decoded
		}
		out[i] = v
	}
	return out
}

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
	kind := func(u *unit) string { return fmt.Sprintf("%d %s", u.levels(), u.format) }
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
	if sameKey(units) {
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

// format is what files of one table share.
type format struct{ classification, compression, delimiter string }

func (f format) known() bool { return f.classification != "" && f.classification != classify.Unknown }

func (f format) String() string {
	if !f.known() {
		return "unknown"
	}
	s := f.classification
	if f.compression != "none" {
		s += " in " + f.compression
	}
	if f.delimiter != "" && f.delimiter != "," {
		s += fmt.Sprintf(" divided by %q", f.delimiter)
	}
	return s
}

// readsAs: readers decompress each file by itself, so that alone does not part what was combined on purpose.
func (f format) readsAs(o format) bool {
	return f.classification == o.classification && f.delimiter == o.delimiter
}

func formatOf(f *foundFile) format {
	r := f.result
	k := format{classification: r.Classification, compression: r.Compression}
	if r.CSV != nil {
		k.delimiter = r.CSV.Delimiter
	}
	if !k.known() {
		return format{}
	}
	return k
}

func commonFormat(files []*foundFile) format {
	counts := map[format]int{}
	for _, f := range files {
		if k := formatOf(f); k.known() {
			counts[k]++
		}
	}
	if len(counts) == 0 {
		return format{}
	}
	return mostCommon(counts)
}

// fieldsOf are a file's columns on its own opinion of its first line.
func fieldsOf(f *foundFile) []schema.Field {
	if c := f.result.CSV; c != nil {
		header, known, _ := c.Header()
		if !known {
			return nil // it abstains
		}
		return c.Fields(header)
	}
	return f.result.Columns
}
