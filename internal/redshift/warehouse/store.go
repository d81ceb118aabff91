package warehouse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tarn/internal/engine"
	"tarn/internal/redshift/sql"
)

// storeVersion is the layout of _tarn that this code reads and writes.
const storeVersion = 2

// storeTables hold what DuckDB does not keep of a database's objects. Table t<oid> and sequence
// s<oid>_<n> of the schema data hold the rows, so that a rename touches only the store.
const storeTables = `
CREATE SCHEMA {db}._tarn;
CREATE SCHEMA {db}.data;
CREATE TABLE {db}._tarn.version (n INTEGER NOT NULL);
CREATE TABLE {db}._tarn.namespace (oid BIGINT NOT NULL, name VARCHAR NOT NULL, owner VARCHAR NOT NULL, acl JSON,
	kind VARCHAR NOT NULL, options JSON, quota BIGINT, remark VARCHAR);
CREATE TABLE {db}._tarn.relation (oid BIGINT NOT NULL, schema BIGINT NOT NULL, name VARCHAR NOT NULL, kind VARCHAR NOT NULL,
	owner VARCHAR NOT NULL, acl JSON, diststyle VARCHAR NOT NULL, sortstyle VARCHAR NOT NULL, definition VARCHAR,
	late BOOLEAN NOT NULL, materialized BOOLEAN NOT NULL, path VARCHAR, remark VARCHAR, created TIMESTAMP NOT NULL);
CREATE TABLE {db}._tarn.attribute (rel BIGINT NOT NULL, num SMALLINT NOT NULL, name VARCHAR NOT NULL, type VARCHAR NOT NULL,
	typoid BIGINT NOT NULL, typmod INTEGER NOT NULL, len SMALLINT NOT NULL, required BOOLEAN NOT NULL, preset VARCHAR,
	encode VARCHAR NOT NULL, distkey BOOLEAN NOT NULL, sortkey SMALLINT NOT NULL, seed BIGINT, step BIGINT,
	bydefault BOOLEAN NOT NULL, nocase BOOLEAN NOT NULL, remark VARCHAR, blanks BOOLEAN);
CREATE TABLE {db}._tarn.constr (oid BIGINT NOT NULL, rel BIGINT NOT NULL, name VARCHAR NOT NULL, kind VARCHAR NOT NULL,
	columns SMALLINT[] NOT NULL, refrel BIGINT, refcolumns SMALLINT[]);
CREATE TABLE {db}._tarn.depend (view BIGINT NOT NULL, rel BIGINT NOT NULL);
CREATE TABLE {db}._tarn.load_error (userid INTEGER, tbl BIGINT, starttime TIMESTAMP, session BIGINT, query BIGINT, filename VARCHAR,
	line_number BIGINT, colname VARCHAR, type VARCHAR, col_length VARCHAR, position INTEGER, raw_line VARCHAR,
	raw_field_value VARCHAR, err_code INTEGER, err_reason VARCHAR);
INSERT INTO {db}._tarn.version VALUES (2);
`

// firstOID is the first object id of a user's objects; those below belong to the system.
const firstOID = 100000

// grant is a privilege that somebody has on an object.
type grant struct {
	Kind       string `json:"kind"` // user, group, public
	Name       string `json:"name,omitempty"`
	Privileges string `json:"privileges"` // letters of PostgreSQL's access lists
	Grantor    string `json:"grantor"`
}

// namespace is a schema.
type namespace struct {
	OID     int64
	Name    string
	Owner   string
	ACL     []grant
	Kind    string // local, external, alias, system
	Options map[string]string
	Remark  string
}

// relation is a table or a view.
type relation struct {
	OID          int64
	Database     string
	Schema       string
	SchemaOID    int64
	Name         string
	Kind         string // r, v, external
	Owner        string
	ACL          []grant
	DistStyle    string // auto, even, key, all
	SortStyle    string // "", compound, interleaved, auto
	Definition   string // of a view
	Late         bool
	Materialized bool
	Path         string // search path in which a view's definition is read
	Remark       string
	Created      time.Time
	Temp         bool
	Columns      []column
}

// column is a column of a relation.
type column struct {
	Num       int
	Name      string
	Type      sql.Type
	NotNull   bool
	Default   string // as written
	Encode    string
	DistKey   bool
	SortKey   int // place in the sort key, from 1; negative for an interleaved one
	Identity  *sql.Identity
	NoCase    bool
	Remark    string
	Blanks    bool // some value of a VARCHAR ends in blanks, or did
	Partition bool // of an external table
}

// physical is the table's name in the engine.
func (r *relation) physical() string {
	name := fmt.Sprintf("t%d", r.OID)
	if r.Temp {
		return "temp.main." + name
	}
	return engine.QuoteIdent(alias(r.Database)) + ".data." + name
}

// sequence is the name of an identity column's numbers.
func (r *relation) sequence(num int) string {
	name := fmt.Sprintf("s%d_%d", r.OID, num)
	if r.Temp {
		return "temp.main." + name
	}
	return alias(r.Database) + ".data." + name
}

func (r *relation) column(name string) *column {
	for i := range r.Columns {
		if r.Columns[i].Name == name {
			return &r.Columns[i]
		}
	}
	return nil
}

// full is the qualified name for messages.
func (r *relation) full() string { return r.Schema + "." + r.Name }

// sortKey are the columns of the sort key in its order.
func (r *relation) sortKey() []string {
	keyed := slices.Clone(r.Columns)
	keyed = slices.DeleteFunc(keyed, func(c column) bool { return c.SortKey == 0 })
	slices.SortFunc(keyed, func(a, b column) int { return abs(a.SortKey) - abs(b.SortKey) })
	var out []string
	for _, c := range keyed {
		out = append(out, c.Name)
	}
	return out
}

func abs(n int) int { return max(n, -n) }

// alias is the name under which a database is attached, which can't be one of the engine's own.
func alias(database string) string { return "db_" + database }

// store reads and writes the catalog of one database over a session's connection, and so in its
// transaction.
type store struct {
	sess *engine.Session
	db   string
}

func (s store) text(query string) string {
	return strings.ReplaceAll(query, "{db}", engine.QuoteIdent(alias(s.db)))
}

func (s store) exec(ctx context.Context, query string, args ...any) (int64, error) {
	return s.sess.Exec(ctx, s.text(query), args...)
}

func (s store) query(ctx context.Context, query string, args []any, each func(row []any) error) error {
	rows, err := s.sess.Query(ctx, s.text(query), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		values := make([]any, len(rows.Values()))
		for i, v := range rows.Values() {
			values[i] = v
		}
		if err := each(values); err != nil {
			return err
		}
	}
	return rows.Err()
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func number(v any) int64 {
	switch v := v.(type) {
	case int64:
		return v
	case int32:
		return int64(v)
	case int16:
		return int64(v)
	}
	return 0
}

func decodeACL(v any) []grant {
	var out []grant
	decodeJSON(v, &out)
	return out
}

// decodeJSON reads a JSON column, which the engine may hand over as text or decoded.
func decodeJSON(v any, into any) {
	if v == nil {
		return
	}
	b, ok := v.(string)
	if !ok {
		raw, err := json.Marshal(v)
		if err != nil {
			return
		}
		b = string(raw)
	}
	json.Unmarshal([]byte(b), into)
}

func encodeJSON(v any) any {
	b, err := json.Marshal(v)
	if err != nil || string(b) == "null" {
		return nil
	}
	return string(b)
}

func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

var errNoNamespace = errors.New("no such schema")

const namespaceColumns = "oid, name, owner, acl::VARCHAR, kind, options::VARCHAR, remark"

func readNamespace(row []any) namespace {
	n := namespace{OID: number(row[0]), Name: text(row[1]), Owner: text(row[2]), ACL: decodeACL(row[3]), Kind: text(row[4]), Remark: text(row[6])}
	decodeJSON(row[5], &n.Options)
	return n
}

// namespace finds a schema.
func (s store) namespace(ctx context.Context, name string) (namespace, error) {
	var found *namespace
	err := s.query(ctx, "SELECT "+namespaceColumns+" FROM {db}._tarn.namespace WHERE name = ?", []any{name}, func(row []any) error {
		n := readNamespace(row)
		found = &n
		return nil
	})
	if err != nil {
		return namespace{}, err
	}
	if found == nil {
		return namespace{}, errNoNamespace
	}
	return *found, nil
}

// namespaces lists the schemas.
func (s store) namespaces(ctx context.Context) ([]namespace, error) {
	var out []namespace
	err := s.query(ctx, "SELECT "+namespaceColumns+" FROM {db}._tarn.namespace ORDER BY name", nil, func(row []any) error {
		out = append(out, readNamespace(row))
		return nil
	})
	return out, err
}

func (s store) putNamespace(ctx context.Context, n namespace) error {
	if _, err := s.exec(ctx, "DELETE FROM {db}._tarn.namespace WHERE oid = ?", n.OID); err != nil {
		return err
	}
	_, err := s.exec(ctx, "INSERT INTO {db}._tarn.namespace VALUES (?, ?, ?, ?, ?, ?, NULL, ?)",
		n.OID, n.Name, n.Owner, encodeJSON(n.ACL), n.Kind, encodeJSON(n.Options), nullable(n.Remark))
	return err
}

const relationColumns = `r.oid, n.name, n.oid, r.name, r.kind, r.owner, r.acl::VARCHAR, r.diststyle, r.sortstyle, r.definition, r.late,
	r.materialized, r.remark, r.created, r.path`

func (s store) readRelation(row []any) *relation {
	r := &relation{OID: number(row[0]), Database: s.db, Schema: text(row[1]), SchemaOID: number(row[2]), Name: text(row[3]),
		Kind: text(row[4]), Owner: text(row[5]), ACL: decodeACL(row[6]), DistStyle: text(row[7]), SortStyle: text(row[8]),
		Definition: text(row[9]), Remark: text(row[12])}
	r.Late, _ = row[10].(bool)
	r.Materialized, _ = row[11].(bool)
	r.Created, _ = row[13].(time.Time)
	r.Path = text(row[14])
	return r
}

// relation finds a table or view with its columns; nil where there is none.
func (s store) relation(ctx context.Context, schema, name string) (*relation, error) {
	return s.one(ctx, "n.name = ? AND r.name = ?", schema, name)
}

func (s store) relationByOID(ctx context.Context, oid int64) (*relation, error) {
	return s.one(ctx, "r.oid = ?", oid)
}

func (s store) one(ctx context.Context, where string, args ...any) (*relation, error) {
	found, err := s.relations(ctx, where, args...)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// relations lists tables and views with their columns.
func (s store) relations(ctx context.Context, where string, args ...any) ([]*relation, error) {
	var out []*relation
	byOID := map[int64]*relation{}
	from := " FROM {db}._tarn.relation r JOIN {db}._tarn.namespace n ON n.oid = r.schema WHERE " + where
	err := s.query(ctx, "SELECT "+relationColumns+from+" ORDER BY n.name, r.name", args, func(row []any) error {
		r := s.readRelation(row)
		out = append(out, r)
		byOID[r.OID] = r
		return nil
	})
	if err != nil || len(out) == 0 {
		return nil, err
	}
	// A view's columns are few; one query for all relations found.
	err = s.query(ctx, `SELECT rel, num, name, type, required, preset, encode, distkey, sortkey, seed, step, bydefault, nocase, remark, blanks
		FROM {db}._tarn.attribute WHERE rel IN (SELECT r.oid`+from+`) ORDER BY rel, num`, args, func(row []any) error {
		r := byOID[number(row[0])]
		if r == nil {
			return nil
		}
		t, err := parseType(text(row[3]))
		if err != nil {
			return fmt.Errorf("catalog: type of column %s of %s: %w", text(row[2]), r.full(), err)
		}
		c := column{Num: int(number(row[1])), Name: text(row[2]), Type: t, Default: text(row[5]), Encode: text(row[6]),
			SortKey: int(number(row[8])), Remark: text(row[13])}
		c.NotNull, _ = row[4].(bool)
		c.DistKey, _ = row[7].(bool)
		c.NoCase, _ = row[12].(bool)
		c.Blanks, _ = row[14].(bool)
		if row[9] != nil {
			c.Identity = &sql.Identity{Seed: number(row[9]), Step: number(row[10])}
			c.Identity.ByDefault, _ = row[11].(bool)
		}
		r.Columns = append(r.Columns, c)
		return nil
	})
	return out, err
}

// putRelation stores a relation, new or changed.
func (s store) putRelation(ctx context.Context, r *relation) error {
	for _, q := range []string{"DELETE FROM {db}._tarn.relation WHERE oid = ?", "DELETE FROM {db}._tarn.attribute WHERE rel = ?"} {
		if _, err := s.exec(ctx, q, r.OID); err != nil {
			return err
		}
	}
	_, err := s.exec(ctx, "INSERT INTO {db}._tarn.relation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		r.OID, r.SchemaOID, r.Name, r.Kind, r.Owner, encodeJSON(r.ACL), r.DistStyle, r.SortStyle, nullable(r.Definition),
		r.Late, r.Materialized, nullable(r.Path), nullable(r.Remark), r.Created)
	if err != nil {
		return err
	}
	for _, c := range r.Columns {
		var seed, step any
		byDefault := false
		if c.Identity != nil {
			seed, step, byDefault = c.Identity.Seed, c.Identity.Step, c.Identity.ByDefault
		}
		_, err := s.exec(ctx, "INSERT INTO {db}._tarn.attribute VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			r.OID, int16(c.Num), c.Name, formatType(c.Type), int64(c.Type.OID()), c.Type.Typmod(), c.Type.Size(), c.NotNull,
			nullable(c.Default), c.Encode, c.DistKey, int16(c.SortKey), seed, step, byDefault, c.NoCase, nullable(c.Remark), c.Blanks)
		if err != nil {
			return err
		}
	}
	return nil
}

// dropRelation removes a relation from the store.
func (s store) dropRelation(ctx context.Context, oid int64) error {
	for _, q := range []string{
		"DELETE FROM {db}._tarn.relation WHERE oid = ?", "DELETE FROM {db}._tarn.attribute WHERE rel = ?",
		"DELETE FROM {db}._tarn.constr WHERE rel = ?", "DELETE FROM {db}._tarn.depend WHERE view = ?",
	} {
		if _, err := s.exec(ctx, q, oid); err != nil {
			return err
		}
	}
	return nil
}

// dependents are the bound views over a relation, the nearest first.
func (s store) dependents(ctx context.Context, oid int64) ([]*relation, error) {
	return s.relations(ctx, "r.oid IN (SELECT view FROM {db}._tarn.depend WHERE rel = ?)", oid)
}

// constraint informs; nothing enforces it.
type constraint struct {
	OID        int64
	Relation   int64
	Name       string
	Kind       string // p, u, f
	Columns    []int
	RefTable   int64
	RefColumns []int
}

func (s store) putConstraint(ctx context.Context, c constraint) error {
	var ref any
	if c.RefTable != 0 {
		ref = c.RefTable
	}
	_, err := s.exec(ctx, fmt.Sprintf("INSERT INTO {db}._tarn.constr VALUES (?, ?, ?, ?, %s, ?, %s)", list(c.Columns), list(c.RefColumns)),
		c.OID, c.Relation, c.Name, c.Kind, ref)
	return err
}

// list writes numbers as an array of the engine.
func list(n []int) string {
	parts := make([]string, len(n))
	for i, v := range n {
		parts[i] = fmt.Sprint(v)
	}
	return "[" + strings.Join(parts, ", ") + "]::SMALLINT[]"
}

// formatType and parseType keep a type in the store as SQL writes it.
func formatType(t sql.Type) string {
	switch t.Kind {
	case sql.KIntervalYM:
		return "interval year to month"
	case sql.KIntervalDS:
		return "interval day to second"
	}
	return t.String()
}

func parseType(s string) (sql.Type, error) { return sql.ParseType(s) }
