package sql

import (
	"strconv"
	"strings"
)

// value is a compiled expression: its DuckDB text and its Redshift type.
type value struct {
	sql   string
	typ   Type
	lit   *Literal // a constant that still may take another type
	param int      // a parameter whose type is not known yet
	blank bool     // text that may end in blanks
	flags
	col *column // a plain column
	pos int
}

// flags say what a compiled expression holds.
type flags struct {
	free *freeColumn // a column outside every aggregate and group key
	agg  bool
	win  bool
}

type freeColumn struct {
	name string
	pos  int
}

func (f *flags) merge(g flags) {
	if f.free == nil {
		f.free = g.free
	}
	f.agg = f.agg || g.agg
	f.win = f.win || g.win
}

// column is a column that expressions can name.
type column struct {
	name    string
	sql     string // how to refer to it
	typ     Type
	blank   bool
	hidden  bool
	notNull bool
	rel     *rel
	use     *TableUse // the table it comes from, nil for computed ones
	source  string    // its name in that table
	attnum  int
	merged  bool // of USING or NATURAL
}

// rel is one named member of FROM.
type rel struct {
	alias string
	path  []string // the table's canonical name, for schema.table.column
	cols  []*column
	sql   string  // the alias in generated SQL
	item  *column // of an unnested SUPER array: alias.x is a path into the element
}

// scope is what names mean at one level of a query.
type scope struct {
	parent  *scope
	rels    []*rel
	cols    []*column // visible without qualification, in the order of *
	aliases []aliasValue
	items   []item            // aliases that WHERE names before the items are compiled
	keys    map[string]bool   // SQL of the GROUP BY keys
	trimmed map[string]string // of keys that may end in blanks: their SQL without them, which stands for them everywhere
	used    map[string]bool   // aliases taken in generated SQL
}

type aliasValue struct {
	name string
	v    value
}

func (s *scope) addRel(r *rel, pos int) {
	for _, o := range s.rels {
		if o.alias == r.alias && (len(o.path) == 0 || len(r.path) == 0 || strings.Join(o.path, ".") == strings.Join(r.path, ".")) {
			panic(errAt(pos, CodeDuplicateAlias, "table name \"%s\" specified more than once", r.alias))
		}
	}
	s.rels = append(s.rels, r)
}

// freeAlias picks an alias that no enclosing level of the generated SQL uses.
func (c *compiler) freeAlias(name string) string {
	taken := func(n string) bool {
		for s := c.scope; s != nil; s = s.parent {
			if s.used[n] {
				return true
			}
		}
		return false
	}
	out := name
	for i := 1; taken(out); i++ {
		out = name + "_" + strconv.Itoa(i)
	}
	if c.scope.used == nil {
		c.scope.used = map[string]bool{}
	}
	c.scope.used[out] = true
	return out
}

// lookup finds an unqualified name at this level alone.
func (s *scope) lookup(name string, pos int) *column {
	var found *column
	for _, col := range s.cols {
		if col.name == name && !col.hidden {
			if found != nil {
				panic(errAt(pos, CodeAmbiguousColumn, "column reference \"%s\" is ambiguous", name))
			}
			found = col
		}
	}
	if found != nil {
		return found
	}
	for _, r := range s.rels {
		for _, col := range r.cols {
			if col.name == name && col.hidden {
				if found != nil {
					panic(errAt(pos, CodeAmbiguousColumn, "column reference \"%s\" is ambiguous", name))
				}
				found = col
			}
		}
	}
	return found
}

// has says whether a name is a visible column at this level, even an ambiguous one.
func (s *scope) has(name string) bool {
	for _, col := range s.cols {
		if col.name == name && !col.hidden {
			return true
		}
	}
	return false
}

// findRel finds the relation that a qualifier names.
func (s *scope) findRel(q QName) *rel {
	last := q.Last()
	for _, r := range s.rels {
		if r.alias == last && (len(q) == 1 || suffixOf(r.path, q.Strings())) {
			return r
		}
	}
	return nil
}

func suffixOf(path, tail []string) bool {
	if len(tail) > len(path) {
		return false
	}
	for i, t := range tail {
		if path[len(path)-len(tail)+i] != t {
			return false
		}
	}
	return true
}

func (r *rel) find(name string) *column {
	for _, col := range r.cols {
		if col.name == name {
			return col
		}
	}
	return nil
}

// columnValue makes a reference to a column found at scope s.
func (c *compiler) columnValue(col *column, s *scope, pos int) value {
	c.touch(col)
	v := value{sql: col.sql, typ: col.typ, blank: col.blank, col: col, pos: pos}
	if s == c.scope {
		name := col.name
		if col.rel != nil {
			name = col.rel.alias + "." + col.name
		}
		c.f.merge(flags{free: &freeColumn{name, pos}})
	}
	return v
}

// touch notes that a table's column is read.
func (c *compiler) touch(col *column) {
	if col.use == nil || col.source == "" {
		return
	}
	for _, n := range col.use.Columns {
		if n == col.source {
			return
		}
	}
	col.use.Columns = append(col.use.Columns, col.source)
}

// columnRef resolves a dotted name: alias, table.column, schema.table.column, or the path into a SUPER column.
func (c *compiler) columnRef(e *ColumnRef) value {
	q := e.Name
	pos := e.Pos()
	if len(q) == 1 {
		if v, ok := c.bareName(q[0].Name, pos); ok {
			return v
		}
		panic(errAt(pos, CodeUndefinedColumn, "column \"%s\" does not exist", q[0].Name).hint("%s", c.suggest(q[0].Name)))
	}
	// The longest qualifier that names a relation wins; what is left after the column is a path.
	for s := c.scope; s != nil; s = s.parent {
		for n := min(len(q)-1, 3); n >= 1; n-- {
			r := s.findRel(q[:n])
			if r == nil {
				continue
			}
			col := r.find(q[n].Name)
			if col == nil && r.item != nil {
				return c.path(c.columnValue(r.item, s, pos), q[n:])
			}
			if col == nil {
				panic(errAt(q[n].Pos, CodeUndefinedColumn, "column \"%s\" does not exist in %s", q[n].Name, r.alias).hint("%s", nearest(q[n].Name, r.cols)))
			}
			v := c.columnValue(col, s, pos)
			return c.path(v, q[n+1:])
		}
	}
	if v, ok := c.bareName(q[0].Name, pos); ok && v.typ.Kind == KSuper {
		return c.path(v, q[1:])
	}
	panic(errAt(pos, CodeUndefinedTable, "missing FROM-clause entry for table \"%s\"", q[len(q)-2].Name))
}

func (c *compiler) path(v value, names QName) value {
	for _, n := range names {
		v = c.superField(v, n)
	}
	return v
}

// bareName resolves an unqualified name: columns first, then aliases of earlier select items, level by level.
func (c *compiler) bareName(name string, pos int) (value, bool) {
	for s := c.scope; s != nil; s = s.parent {
		if col := s.lookup(name, pos); col != nil {
			return c.columnValue(col, s, pos), true
		}
		for _, a := range s.aliases {
			if a.name == name {
				v := a.v
				v.pos = pos
				if s == c.scope {
					c.f.merge(v.flags)
				}
				return v, true
			}
		}
		if v, ok := c.itemAlias(s, name, pos); ok {
			return v, true
		}
	}
	return value{}, false
}

// itemAlias resolves an alias of a select item by compiling the item's expression where the alias stands.
func (c *compiler) itemAlias(s *scope, name string, pos int) (value, bool) {
	for i, it := range s.items {
		if !it.alias || it.name != name || it.x == nil {
			continue
		}
		scope, items, f := c.scope, s.items, c.f
		c.scope, s.items, c.f = s, items[:i], flags{} // an item may name those before it
		v := c.expr(it.x)
		c.scope, s.items, c.f = scope, items, f
		v.pos = pos
		if s == scope {
			c.f.merge(v.flags)
		}
		return v, true
	}
	return value{}, false
}

// suggest is a hint with the nearest name in sight, "" if nothing is near.
func (c *compiler) suggest(name string) string {
	for s := c.scope; s != nil; s = s.parent {
		if h := nearest(name, s.cols); h != "" {
			return h
		}
	}
	return ""
}

func nearest(name string, cols []*column) string {
	best, dist := "", 3
	for _, col := range cols {
		if d := editDistance(name, col.name); d < dist && d < len(name) {
			best, dist = col.name, d
		}
	}
	if best == "" {
		return ""
	}
	return "did you mean \"" + best + "\"?"
}

func editDistance(a, b string) int {
	if len(a)-len(b) > 2 || len(b)-len(a) > 2 {
		return 3
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		prev := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := prev
			if a[i-1] != b[j-1] {
				cost++
			}
			prev = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}

func quoteIdent(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
func quoteText(s string) string  { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// fillSlots puts the caller's relations in the places of the tables.
func fillSlots(text string, tables []*TableUse, relation Relation) (string, error) {
	var b strings.Builder
	for {
		i := strings.Index(text, slotMark)
		if i < 0 {
			b.WriteString(text)
			return b.String(), nil
		}
		j := i + 1 + strings.Index(text[i+1:], slotMark)
		n, err := strconv.Atoi(text[i+1 : j])
		if err != nil {
			return "", err
		}
		r, err := relation(tables[n])
		if err != nil {
			return "", err
		}
		b.WriteString(text[:i])
		b.WriteString(r)
		text = text[j+1:]
	}
}
