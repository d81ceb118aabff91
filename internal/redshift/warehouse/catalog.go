package warehouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tarn/internal/engine"
	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/wire"
	"tarn/internal/table"
)

// catalog tells what names mean in a session, for one statement. It implements [sql.Catalog].
type catalog struct {
	ctx    context.Context
	s      *Session
	path   []string       // search path; a view has its own
	direct map[int64]bool // relations that the statement itself names; nil in a view's catalog
	// shared by the catalogs of a statement's views
	*looked
}

// looked is what has been looked up for a statement.
type looked struct {
	namespaces map[string]*namespace // by database and name; nil where there is none
	infos      map[string]*sql.TableInfo
	staged     *staged // stands for the name stagedName
	explicit   bool    // identity columns take values: COPY ... EXPLICIT_IDS
}

// stagedName can't be written by a user: names don't start with a blank.
const stagedName = " staged"

// catalog starts a statement's look-ups.
func (s *Session) catalog(ctx context.Context) *catalog {
	return &catalog{ctx: ctx, s: s, direct: map[int64]bool{}, path: s.settings.path(s.user.Name),
		looked: &looked{namespaces: map[string]*namespace{}, infos: map[string]*sql.TableInfo{}}}
}

func (c *catalog) store(database string) store { return store{c.s.engine, database} }

// namespace finds a schema; nil where there is none.
func (c *catalog) namespace(database, name string) (*namespace, error) {
	key := database + "\x00" + name
	if n, ok := c.namespaces[key]; ok {
		return n, nil
	}
	n, err := c.store(database).namespace(c.ctx, name)
	if errors.Is(err, errNoNamespace) {
		c.namespaces[key] = nil
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c.namespaces[key] = &n
	return &n, nil
}

// schemas are those of the search path that exist.
func (c *catalog) schemas() []string {
	var out []string
	for _, name := range c.path {
		if name == "pg_catalog" || name == "information_schema" {
			out = append(out, name)
			continue
		}
		if n, err := c.namespace(c.s.database, name); err == nil && n != nil {
			out = append(out, name)
		}
	}
	return out
}

// Table implements [sql.Catalog].
func (c *catalog) Table(path []string) (*sql.TableInfo, error) {
	info, err := c.find(path)
	if info != nil && c.direct != nil {
		if r, ok := info.Ref.(*relation); ok {
			c.direct[r.OID] = true
		}
	}
	return info, toSQL(err)
}

// toSQL gives the analyzer an error whose SQLSTATE it keeps.
func toSQL(err error) error {
	if e, ok := errors.AsType[*wire.Error](err); ok {
		return &sql.Error{Code: e.Code, Message: e.Message, Detail: e.Detail, Hint: e.Hint, Pos: -1}
	}
	return err
}

func (c *catalog) find(path []string) (*sql.TableInfo, error) {
	for _, p := range path {
		if p == "" {
			return nil, nil
		}
	}
	switch len(path) {
	case 1:
		if path[0] == stagedName && c.staged != nil {
			return &sql.TableInfo{Path: []string{c.s.database, "", stagedName}, Columns: c.staged.columns, Ref: c.staged}, nil
		}
		return c.unqualified(path[0])
	case 2:
		return c.qualified(c.s.database, path[0], path[1])
	case 3:
		if path[0] != c.s.database {
			if _, err := c.s.w.attach(c.ctx, path[0]); err != nil {
				return nil, err
			}
		}
		return c.qualified(path[0], path[1], path[2])
	}
	return nil, nil
}

func (c *catalog) unqualified(name string) (*sql.TableInfo, error) {
	if r := c.s.temp[name]; r != nil {
		return c.info(r)
	}
	if !slices.Contains(c.path, "pg_catalog") {
		if r := systemRelation("pg_catalog", name); r != nil {
			return r.info(c.s.database), nil
		}
	}
	for _, schema := range c.path {
		found, err := c.in(c.s.database, schema, name)
		if err != nil || found != nil {
			return found, err
		}
	}
	return nil, nil
}

func (c *catalog) qualified(database, schema, name string) (*sql.TableInfo, error) {
	if strings.HasPrefix(schema, "pg_temp") {
		if r := c.s.temp[name]; r != nil {
			return c.info(r)
		}
		return nil, nil
	}
	found, err := c.in(database, schema, name)
	if err != nil || found != nil {
		return found, err
	}
	if schema != "pg_catalog" && schema != "information_schema" {
		n, err := c.namespace(database, schema)
		if err != nil {
			return nil, err
		}
		if n == nil {
			return nil, fail("3F000", "schema %q does not exist", schema)
		}
	}
	return nil, nil
}

// in looks a name up in one schema.
func (c *catalog) in(database, schema, name string) (*sql.TableInfo, error) {
	if schema == "pg_catalog" || schema == "information_schema" {
		if r := systemRelation(schema, name); r != nil {
			return r.info(database), nil
		}
		return nil, nil
	}
	key := database + "\x00" + schema + "\x00" + name
	if info, ok := c.infos[key]; ok {
		return info, nil
	}
	n, err := c.namespace(database, schema)
	if err != nil || n == nil {
		return nil, err
	}
	if n.Kind == "external" {
		info, err := c.external(database, n, name)
		if err == nil {
			c.infos[key] = info
		}
		return info, err
	}
	r, err := c.store(database).relation(c.ctx, schema, name)
	if err != nil || r == nil {
		return nil, err
	}
	info, err := c.info(r)
	if err == nil {
		c.infos[key] = info
	}
	return info, err
}

// relation finds a local table or view, for commands; nil where there is none.
func (c *catalog) relation(name sql.QName) (*relation, error) {
	info, err := c.Table(name.Strings())
	if err != nil || info == nil {
		return nil, err
	}
	r, ok := info.Ref.(*relation)
	if !ok {
		if _, external := info.Ref.(*externalTable); external {
			return nil, fail("42809", "%q is an external table", name.String())
		}
		return nil, fail("42501", "permission denied: %q is a system catalog", name.String())
	}
	return r, nil
}

// table finds the table that a command changes.
func (c *catalog) table(name sql.QName) (*relation, error) {
	r, err := c.relation(name)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, fail("42P01", "relation %q does not exist", name.String())
	}
	if r.Kind != "r" {
		return nil, fail("42809", "%q is a view", r.Name)
	}
	return r, nil
}

// info describes a relation to the analyzer.
func (c *catalog) info(r *relation) (*sql.TableInfo, error) {
	info := &sql.TableInfo{Path: []string{r.Database, r.Schema, r.Name}, Ref: r}
	for _, col := range r.Columns {
		sc := sql.Column{Name: col.Name, Type: col.Type, NotNull: col.NotNull, Identity: col.Identity, TrailingBlanks: col.Blanks}
		if col.Identity != nil {
			if c.explicit && !col.Identity.ByDefault {
				sc.Identity = &sql.Identity{Seed: col.Identity.Seed, Step: col.Identity.Step, ByDefault: true}
			}
			sc.IdentityNext = "nextval(" + engine.QuoteText(r.sequence(col.Num)) + ")"
		}
		if col.Default != "" {
			x, err := parseExpr(col.Default)
			if err != nil {
				return nil, fmt.Errorf("catalog: default of column %s of %s: %w", col.Name, r.full(), err)
			}
			sc.Default = x
		}
		info.Columns = append(info.Columns, sc)
	}
	if r.Kind == "v" && !r.Materialized {
		q, err := parseQuery(r.Definition)
		if err != nil {
			return nil, fmt.Errorf("catalog: definition of view %s: %w", r.full(), err)
		}
		info.View, info.ViewSource = q, r.Definition
		view := *c
		view.path, view.direct = strings.Split(r.Path, ","), nil
		info.ViewCatalog = &view
	}
	return info, nil
}

func parseExpr(text string) (sql.Expr, error) {
	q, err := parseQuery("SELECT " + text)
	if err != nil {
		return nil, err
	}
	body, ok := q.Body.(*sql.Select)
	if !ok || len(body.Items) != 1 {
		return nil, fmt.Errorf("%q is not one expression", text)
	}
	return body.Items[0].X, nil
}

func parseQuery(text string) (*sql.Query, error) {
	stmts, err := sql.Parse(text)
	if err != nil {
		return nil, err
	}
	if len(stmts) == 1 {
		if q, ok := stmts[0].(*sql.SelectStmt); ok {
			return q.Query, nil
		}
	}
	return nil, fmt.Errorf("%q is not one query", text)
}

// scan prints tables for the engine, and keeps what they hold until it is released.
type scan struct {
	c       *catalog
	open    []*table.Relation
	filters map[*sql.TableUse]*table.Filter // of external tables
}

func (c *catalog) scan() *scan { return &scan{c: c} }

func (s *scan) release() {
	for _, r := range s.open {
		if err := r.Close(); err != nil {
			s.c.s.w.log.Warn("remove the links of a scan", "error", err)
		}
	}
	s.open = nil
}

// explain finds the file, line and column of an error among the scan's files.
func (s *scan) explain(err error) error {
	for _, r := range s.open {
		if found := r.Explain(err); found != err { //nolint:errorlint // identity is the question
			e := fail("XX000", "Spectrum Scan Error: %v", found)
			e.Err = found
			return e
		}
	}
	return err
}

// print prints a plan for the engine, and makes the functions that it calls. values are the
// statement's parameters, as far as they are known.
func (s *scan) print(plan *sql.Plan, values ...any) (string, error) {
	if s.external(plan) {
		if err := s.learn(s.c.ctx, plan, values); err != nil {
			return "", err
		}
	}
	text, err := plan.SQL(s.relation)
	if err != nil {
		return "", err
	}
	return text, s.c.needHost(text)
}

// relation implements [sql.Relation].
func (s *scan) relation(use *sql.TableUse) (string, error) {
	switch ref := use.Table.Ref.(type) {
	case *relation:
		return ref.physical(), nil
	case *systemTable:
		return ref.sql(s.c, use.Table.Path[0])
	case *staged:
		return ref.sql, nil
	case *externalTable:
		text, rel, err := ref.sql(s.c, s.filters[use])
		if rel != nil {
			s.open = append(s.open, rel)
		}
		return text, err
	}
	return "", fmt.Errorf("table %v has no place in the engine", use.Table.Path)
}

// staged is what COPY has read, before it is inserted.
type staged struct {
	sql     string
	columns []sql.Column
}
