package warehouse

import (
	"context"
	"strings"

	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/wire"
)

// Source is a query of the warehouse as a relation for another session of the
// engine: a data set of QuickSight's, mostly.
type Source struct {
	// SQL is a parenthesised query in the engine's own SQL, valid until Close.
	SQL     string
	Columns []SourceColumn

	session *Session
	scan    *scan
}

// SourceColumn is a column with its type in the engine's words.
type SourceColumn struct{ Name, Type string }

// TableQuery is the query for all rows of a table, in Redshift's SQL.
func TableQuery(schema, name string) string {
	quote := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
	return "SELECT * FROM " + quote(schema) + "." + quote(name)
}

// Source compiles one SELECT with the rights of a user of the warehouse.
func (w *Warehouse) Source(ctx context.Context, user, database, query string) (*Source, error) {
	if user == "" {
		user = w.master
	}
	s, err := w.open(ctx, wire.Startup{User: user, Database: database}, nil)
	if err != nil {
		return nil, err
	}
	src := &Source{session: s}
	if err := src.compile(ctx, query); err != nil {
		src.Close()
		return nil, s.explain(err, query)
	}
	return src, nil
}

func (src *Source) compile(ctx context.Context, query string) error {
	s := src.session
	stmts, err := s.parse(query)
	if err != nil {
		return err
	}
	if len(stmts) != 1 {
		return fail("42601", "a data set needs one query, not %d statements", len(stmts))
	}
	sel, ok := stmts[0].(*sql.SelectStmt)
	if !ok || sel.Into != nil {
		return fail("42601", "a data set needs a SELECT, not %s", stmts[0].Tag())
	}
	if err := s.begin(ctx); err != nil {
		return err
	}
	plan, cat, err := s.plan(ctx, sel, nil)
	if err != nil {
		return err
	}
	src.scan = cat.scan()
	text, err := src.scan.print(plan)
	if err != nil {
		return err
	}
	src.SQL = "(" + text + ")"
	for _, c := range plan.Columns {
		src.Columns = append(src.Columns, SourceColumn{c.Name, c.Type.DuckDB()})
	}
	return s.rollback(ctx) // nothing was written; the text does not depend on the transaction
}

// Close lets go of the files that the query reads.
func (src *Source) Close() {
	if src.scan != nil {
		src.scan.release()
	}
	if err := src.session.Close(); err != nil {
		src.session.w.log.Warn("close a session", "error", err)
	}
}
