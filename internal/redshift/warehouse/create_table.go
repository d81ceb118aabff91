package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tarn/internal/engine"
	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/wire"
)

// place is where a new relation goes.
type place struct {
	database string
	schema   namespace
	name     string
	temp     bool
}

// place finds the schema of a new relation, and checks that the user may create there.
func (c *catalog) place(name sql.QName, temp bool) (place, error) {
	p := place{database: c.s.database, name: name.Last(), temp: temp || len(name) == 1 && strings.HasPrefix(name.Last(), "#")}
	if p.temp {
		if len(name) > 1 && !strings.HasPrefix(name[0].Name, "pg_temp") {
			return p, fail("42P16", "temporary tables cannot specify a schema name")
		}
		p.schema = namespace{Name: "pg_temp", Owner: c.s.user.Name}
		return p, nil
	}
	parts := name.Strings()
	if len(parts) == 3 {
		p.database, parts = parts[0], parts[1:]
		if p.database != c.s.database {
			if _, err := c.s.w.attach(c.ctx, p.database); err != nil {
				return p, err
			}
		}
	}
	var candidates []string
	if len(parts) == 2 {
		candidates = parts[:1]
	} else {
		candidates = c.path
	}
	for _, schema := range candidates {
		if schema == "pg_catalog" || schema == "information_schema" {
			return p, fail("42501", "permission denied for schema %s", schema)
		}
		n, err := c.namespace(p.database, schema)
		if err != nil {
			return p, err
		}
		if n == nil {
			continue
		}
		if n.Kind == "external" {
			return p, unsupported("a table of external schema %q is made in the lake's catalog", schema)
		}
		if err := c.allowSchema(c.s.subject(), p.database, schema, "C"); err != nil {
			return p, err
		}
		p.schema = *n
		return p, nil
	}
	if len(parts) == 2 {
		return p, fail("3F000", "schema %q does not exist", parts[0])
	}
	return p, fail("3F000", "no schema has been selected to create in")
}

// taken says whether there is a relation of that name already.
func (c *catalog) taken(p place) (*relation, error) {
	if p.temp {
		return c.s.temp[p.name], nil
	}
	return c.store(p.database).relation(c.ctx, p.schema.Name, p.name)
}

func exists(p place) error { return fail("42P07", "Relation %q already exists", p.name) }

// newRelation is a relation of the session's user.
func (s *Session) newRelation(p place, kind string) *relation {
	db := s.db
	if p.database != s.database {
		s.w.mu.Lock()
		db = s.w.databases[p.database]
		s.w.mu.Unlock()
	}
	return &relation{OID: db.oid(), Database: p.database, Schema: p.schema.Name, SchemaOID: p.schema.OID, Name: p.name, Kind: kind,
		Owner: s.user.Name, DistStyle: "auto", SortStyle: "", Created: s.w.now().UTC(), Temp: p.temp}
}

// tableTarget is what a new relation writes.
func (s *Session) tableTarget(name sql.QName, temp bool) target {
	if temp || len(name) == 1 && strings.HasPrefix(name.Last(), "#") {
		return target{}
	}
	database := s.database
	if len(name) == 3 {
		database = name[0].Name
	}
	return target{database, []string{name.Last()}, true}
}

func (s *Session) createTable(ctx context.Context, stmt *sql.CreateTableStmt) (wire.Result, error) {
	return s.within(ctx, s.tableTarget(stmt.Name, stmt.Temp), func() (wire.Result, error) {
		cat := s.catalog(ctx)
		p, err := cat.place(stmt.Name, stmt.Temp)
		if err != nil {
			return nil, err
		}
		there, err := cat.taken(p)
		if err != nil {
			return nil, err
		}
		if there != nil {
			if stmt.IfNotExists {
				s.client.Notice(&wire.Error{Severity: "INFO", Code: "42P07", Message: fmt.Sprintf("Relation %q already exists and will be skipped", p.name)})
				return done(stmt.Tag()), nil
			}
			return nil, exists(p)
		}
		r := s.newRelation(p, "r")
		for _, like := range stmt.Likes {
			if err := cat.like(r, like); err != nil {
				return nil, err
			}
		}
		var constraints []constraint
		for _, def := range stmt.Columns {
			c, err := s.newColumn(r, def)
			if err != nil {
				return nil, err
			}
			r.Columns = append(r.Columns, c)
			for kind, given := range map[string]bool{"p": def.PrimaryKey, "u": def.Unique} {
				if given {
					constraints = append(constraints, constraint{Kind: kind, Columns: []int{c.Num}})
				}
			}
			if def.PrimaryKey {
				r.Columns[len(r.Columns)-1].NotNull = true
			}
			if def.References != nil {
				k, err := cat.foreign(*def.References)
				if err != nil {
					return nil, err
				}
				k.Columns = []int{c.Num}
				constraints = append(constraints, k)
			}
		}
		if len(r.Columns) == 0 {
			return nil, fail("42601", "a table needs at least one column")
		}
		for _, def := range stmt.Constraints {
			k, err := cat.constraint(r, def)
			if err != nil {
				return nil, err
			}
			constraints = append(constraints, k)
		}
		if err := applyAttrs(r, stmt.Attrs); err != nil {
			return nil, err
		}
		setEncodings(r)
		if err := s.makeTable(ctx, r); err != nil {
			return nil, err
		}
		if err := s.addConstraints(ctx, r, constraints); err != nil {
			return nil, err
		}
		return done(stmt.Tag()), nil
	})
}

// newColumn checks a column's definition.
func (s *Session) newColumn(r *relation, def sql.ColumnDef) (column, error) {
	if r.column(def.Name.Name) != nil {
		return column{}, fail("42701", "column %q specified more than once", def.Name.Name)
	}
	num := 1
	for _, c := range r.Columns {
		num = max(num, c.Num+1)
	}
	c := column{Num: num, Name: def.Name.Name, Type: def.Type, NotNull: def.NotNull, Default: def.DefaultSQL, Encode: def.Encode,
		DistKey: def.DistKey, Identity: def.Identity, NoCase: def.Collate == "case_insensitive"}
	if def.SortKey {
		c.SortKey = 1
		r.SortStyle = "compound"
	}
	if def.DistKey {
		r.DistStyle = "key"
	}
	switch c.Type.Kind {
	case sql.KUnknown, sql.KName, sql.KText, sql.KOID, sql.KRegclass, sql.KRegproc, sql.KRegtype, sql.KInternalChar, sql.KXid, sql.KACLItem,
		sql.KInt2Vector, sql.KOIDVector, sql.KArray, sql.KRecord, sql.KVoid:
		return c, fail("42P16", "Column %q has unsupported type %q.", c.Name, c.Type.String())
	case sql.KHLL, sql.KGeometry, sql.KGeography:
		return c, unsupported("columns of type %s are not supported", c.Type.String())
	}
	if c.Identity != nil {
		if !c.Type.IsInteger() {
			return c, fail("42601", "identity column %q must be of type integer or bigint", c.Name)
		}
		if def.Default != nil {
			return c, fail("42601", "both default and identity specified for column %q", c.Name)
		}
		c.NotNull = true
	}
	if def.Default != nil {
		env := sql.Session{User: s.user.Name, Database: s.database, Setting: s.settings.get, Now: s.w.now(), TxNow: s.w.now()}
		if _, err := sql.AnalyzeExpr(def.Default, def.Type, &env); err != nil {
			return c, err
		}
	}
	return c, nil
}

// like copies another table's columns.
func (c *catalog) like(r *relation, like sql.LikeTable) error {
	from, err := c.relation(like.Table)
	if err != nil {
		return err
	}
	if from == nil {
		return fail("42P01", "relation %q does not exist", like.Table.String())
	}
	if err := c.allowRelation(c.s.subject(), from, "r"); err != nil {
		return err
	}
	for _, col := range from.Columns {
		if r.column(col.Name) != nil {
			return fail("42701", "column %q specified more than once", col.Name)
		}
		if !like.Defaults {
			col.Default = ""
		}
		col.Num, col.Identity, col.Remark = len(r.Columns)+1, nil, ""
		r.Columns = append(r.Columns, col)
	}
	r.DistStyle, r.SortStyle = from.DistStyle, from.SortStyle
	return nil
}

func (c *catalog) foreign(ref sql.Reference) (constraint, error) {
	target, err := c.table(ref.Table)
	if err != nil {
		return constraint{}, err
	}
	k := constraint{Kind: "f", RefTable: target.OID}
	for _, id := range ref.Columns {
		col := target.column(id.Name)
		if col == nil {
			return k, fail("42703", "column %q referenced in foreign key constraint does not exist", id.Name)
		}
		k.RefColumns = append(k.RefColumns, col.Num)
	}
	return k, nil
}

// constraint checks a table's constraint.
func (c *catalog) constraint(r *relation, def sql.Constraint) (constraint, error) {
	k := constraint{}
	if def.References != nil {
		var err error
		if k, err = c.foreign(*def.References); err != nil {
			return k, err
		}
	}
	k.Name = def.Name.Name
	k.Kind = map[string]string{"primary key": "p", "unique": "u", "foreign key": "f"}[def.Kind]
	for _, id := range def.Columns {
		col := r.column(id.Name)
		if col == nil {
			return k, fail("42703", "column %q named in key does not exist", id.Name)
		}
		if k.Kind == "p" {
			col.NotNull = true
		}
		k.Columns = append(k.Columns, col.Num)
	}
	return k, nil
}

func (s *Session) addConstraints(ctx context.Context, r *relation, list []constraint) error {
	if r.Temp {
		return nil // they inform tools, and those don't see temporary tables
	}
	primary := 0
	for _, k := range list {
		k.OID, k.Relation = s.db.oid(), r.OID
		if k.Kind == "p" {
			if primary++; primary > 1 {
				return fail("42P16", "multiple primary keys for table %q are not allowed", r.Name)
			}
		}
		if k.Name == "" {
			var names []string
			for _, num := range k.Columns {
				for _, c := range r.Columns {
					if c.Num == num {
						names = append(names, c.Name)
					}
				}
			}
			columns := strings.Join(names, "_")
			k.Name = map[string]string{"p": r.Name + "_pkey", "u": r.Name + "_" + columns + "_key", "f": r.Name + "_" + columns + "_fkey"}[k.Kind]
		}
		if err := (store{s.engine, r.Database}).putConstraint(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

// applyAttrs gives a table the keys that follow its columns.
func applyAttrs(r *relation, a sql.TableAttrs) error {
	if a.DistStyle != "" {
		r.DistStyle = a.DistStyle
	}
	if a.DistKey != nil {
		c := r.column(a.DistKey.Name)
		if c == nil {
			return fail("42703", "column %q named in DISTKEY does not exist", a.DistKey.Name)
		}
		for i := range r.Columns {
			r.Columns[i].DistKey = false
		}
		c.DistKey = true
		if a.DistStyle != "" && a.DistStyle != "key" {
			return fail("42601", "DISTKEY can't be given with DISTSTYLE %s", strings.ToUpper(a.DistStyle))
		}
		r.DistStyle = "key"
	}
	if r.DistStyle == "key" && !slices.ContainsFunc(r.Columns, func(c column) bool { return c.DistKey }) {
		return fail("42601", "DISTSTYLE KEY needs a DISTKEY")
	}
	if r.DistStyle != "key" {
		for i := range r.Columns {
			r.Columns[i].DistKey = false
		}
	}
	if a.SortStyle != "" || len(a.SortKey) > 0 {
		for i := range r.Columns {
			r.Columns[i].SortKey = 0
		}
		r.SortStyle = a.SortStyle
		if r.SortStyle == "none" {
			r.SortStyle = ""
		}
		if len(a.SortKey) > 0 && r.SortStyle == "" {
			r.SortStyle = "compound"
		}
		for i, id := range a.SortKey {
			c := r.column(id.Name)
			if c == nil {
				return fail("42703", "column %q named in SORTKEY does not exist", id.Name)
			}
			c.SortKey = i + 1
			if r.SortStyle == "interleaved" && i%2 == 1 {
				c.SortKey = -c.SortKey
			}
		}
	}
	return nil
}

// setEncodings gives columns without an encoding the one that Redshift chooses.
func setEncodings(r *relation) {
	for i := range r.Columns {
		c := &r.Columns[i]
		if c.Encode != "" && c.Encode != "auto" {
			if c.Encode == "raw" {
				c.Encode = "none"
			}
			continue
		}
		switch {
		case r.Temp, c.SortKey != 0:
			c.Encode = "none"
		default:
			switch c.Type.Kind {
			case sql.KBool, sql.KFloat4, sql.KFloat8:
				c.Encode = "none"
			case sql.KChar, sql.KVarchar, sql.KVarbyte:
				c.Encode = "lzo"
			case sql.KSuper:
				c.Encode = "zstd"
			default:
				c.Encode = "az64"
			}
		}
	}
}

// makeTable makes the table in the engine and stores its definition.
func (s *Session) makeTable(ctx context.Context, r *relation) error {
	var defs []string
	for _, c := range r.Columns {
		def := engine.QuoteIdent(c.Name) + " " + c.Type.DuckDB()
		if c.NoCase {
			def += " COLLATE nocase"
		}
		if c.NotNull {
			def += " NOT NULL"
		}
		defs = append(defs, def)
		if c.Identity != nil {
			if err := s.makeSequence(ctx, r, c); err != nil {
				return err
			}
		}
	}
	create := "CREATE TABLE "
	if r.Temp {
		create = "CREATE TEMP TABLE "
	}
	if _, err := s.engine.Exec(ctx, create+r.physical()+" ("+strings.Join(defs, ", ")+")"); err != nil {
		return err
	}
	s.tx.tables[r.OID] = true
	if r.Temp {
		s.temp[r.Name] = r
		return nil
	}
	return store{s.engine, r.Database}.putRelation(ctx, r)
}

func (s *Session) makeSequence(ctx context.Context, r *relation, c column) error {
	seed, step := c.Identity.Seed, c.Identity.Step
	if step == 0 {
		return fail("22023", "the step of identity column %q must not be 0", c.Name)
	}
	create := "CREATE SEQUENCE "
	if r.Temp {
		create = "CREATE TEMP SEQUENCE "
	}
	_, err := s.engine.Exec(ctx, fmt.Sprintf("%s%s MINVALUE %d MAXVALUE %d START WITH %d INCREMENT BY %d", create, r.sequence(c.Num),
		-int64(1)<<62, int64(1)<<62, seed, step))
	return err
}

func (s *Session) createTableAs(ctx context.Context, stmt *sql.CreateTableAsStmt, args *arguments) (wire.Result, error) {
	return s.within(ctx, s.tableTarget(stmt.Name, stmt.Temp), func() (wire.Result, error) {
		plan, cat, err := s.plan(ctx, stmt, args)
		if err != nil {
			return nil, err
		}
		p, err := cat.place(stmt.Name, stmt.Temp)
		if err != nil {
			return nil, err
		}
		there, err := cat.taken(p)
		if err != nil {
			return nil, err
		}
		if there != nil {
			if stmt.IfNotExists {
				s.client.Notice(&wire.Error{Severity: "INFO", Code: "42P07", Message: fmt.Sprintf("Relation %q already exists and will be skipped", p.name)})
				return done("SELECT"), nil
			}
			return nil, exists(p)
		}
		r := s.newRelation(p, "r")
		for i, c := range plan.Columns {
			if r.column(c.Name) != nil {
				return nil, fail("42701", "column %q specified more than once", c.Name)
			}
			r.Columns = append(r.Columns, column{Num: i + 1, Name: c.Name, Type: storable(c.Type)})
		}
		if err := applyAttrs(r, stmt.Attrs); err != nil {
			return nil, err
		}
		setEncodings(r)
		if err := s.makeTable(ctx, r); err != nil {
			return nil, err
		}
		n, err := s.fill(ctx, r, plan, cat, args)
		if err != nil {
			return nil, err
		}
		return counted{done("SELECT"), n}, nil
	})
}

// storable is the type of a table's column that a query's column fills.
func storable(t sql.Type) sql.Type {
	switch t.Kind {
	case sql.KUnknown, sql.KArray, sql.KRecord, sql.KInt2Vector, sql.KOIDVector:
		return sql.Varchar(256)
	case sql.KName, sql.KText, sql.KInternalChar, sql.KACLItem, sql.KRegproc, sql.KRegclass, sql.KRegtype:
		return sql.Varchar(max(min(t.Len, sql.MaxVarchar), 256))
	case sql.KOID, sql.KXid:
		return sql.Int8
	case sql.KInterval:
		return sql.Type{Kind: sql.KIntervalDS, Prec: 6}
	}
	return t
}

// fill inserts a query's rows into a new table, in the order of its sort key.
func (s *Session) fill(ctx context.Context, r *relation, plan *sql.Plan, cat *catalog, args *arguments) (int64, error) {
	scan := cat.scan()
	defer scan.release()
	values, err := args.bind(plan.Params)
	if err != nil {
		return 0, err
	}
	text, err := scan.print(plan, values...)
	if err != nil {
		return 0, err
	}
	var items []string
	for i, c := range r.Columns {
		items = append(items, fmt.Sprintf("c%d::%s", i+1, c.Type.DuckDB()))
	}
	inner := make([]string, len(r.Columns))
	for i := range inner {
		inner[i] = fmt.Sprintf("c%d", i+1)
	}
	query := fmt.Sprintf("INSERT INTO %s SELECT %s FROM (%s) AS q(%s)", r.physical(), strings.Join(items, ", "), text, strings.Join(inner, ", "))
	if key := r.sortKey(); len(key) > 0 {
		var order []string
		for _, k := range key {
			for i, c := range r.Columns {
				if c.Name == k {
					order = append(order, inner[i])
				}
			}
		}
		query += " ORDER BY " + strings.Join(order, ", ")
	}
	n, err := s.engine.Exec(ctx, query, values...)
	if err != nil {
		return n, scan.explain(err)
	}
	var blanks []string
	for i, c := range plan.Columns {
		if c.Blank {
			blanks = append(blanks, r.Columns[i].Name)
		}
	}
	return n, s.noteBlanks(ctx, r, blanks, true)
}
