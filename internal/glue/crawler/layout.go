package crawler

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"tarn/internal/glue/crawler/classify"
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
	l.distinct(t)
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

// distinct keeps one of the folders that mean the same partition, as a%20b and "a b" do: a table can't have two.
func (l *layout) distinct(t *foundTable) {
	seen := map[string]*leaf{}
	t.leaves = slices.DeleteFunc(t.leaves, func(lf *leaf) bool {
		id := partitionID(t.values(lf))
		first := seen[id]
		if first == nil {
			seen[id] = lf
			return false
		}
		l.warn("%s is the same partition as %s, and is skipped: move its files there", lf.dir.url(), first.dir.url())
		return true
	})
}

// hiveNull is the folder by which Hive writes NULL, and what it reads an empty value as.
const hiveNull = "__HIVE_DEFAULT_PARTITION__"

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
		if v == "" {
			v = hiveNull // no client can name an empty value
		}
		out[i] = v
	}
	return out
}
