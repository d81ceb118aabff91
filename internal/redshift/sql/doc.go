// Package sql is the Redshift dialect: it parses statements, resolves and types them against a catalog, and prints them as
// SQL for DuckDB. It is pure: it runs nothing, keeps nothing and imports no engine.
//
// It owns the grammar, the type system, name resolution, the functions and the errors of all these. It does not own what
// is stored (Catalog is an interface), who may read it (Plan lists what is read and written), the running of commands
// such as COPY or GRANT (it hands out their AST), or the wire.
//
//	stmts, err := sql.Parse(text)               // AST, one Statement each, with byte range and text
//	plan, err := sql.Analyze(stmt, catalog, ses) // result columns with types, tables read and written, parameter types
//	text, err := plan.SQL(relation)              // DuckDB SQL; relation prints each table
//
// The engine needs, before: ScalarUDFs registered, HostFunctions supplied by the warehouse, Prelude run on the connection,
// and the settings integer_division=true, default_null_order='nulls_last_on_asc_first_on_desc',
// ieee_floating_point_ops=false, TimeZone set to the session's.
//
// Stored values: CHAR is kept without trailing blanks, SUPER is JSON, names and OIDs are VARCHAR and BIGINT
// (Type.DuckDB says each).
//
// # To add a function
//
// Add an entry to the list of its family (functions_string.go, functions_date.go, ...):
//
//	fn("reverse", ov(args(cText), textOf(1), "reverse($1)")),
//
// names, then one ov(...) a signature: the classes of the arguments, the result's type, the DuckDB text with $1, $2 for
// the arguments. The arguments arrive converted to their class; cast the text when DuckDB's type is not the declared one
// (the cases fail if it isn't). What depends on the call's form is special("name", func(c *compiler, e *Call) value).
// A macro goes into prelude.sql, a function in Go into udf.go. Then add a case to testdata/cases/FAMILY.txt (a query, a
// line "----") and run
//
//	go test ./internal/redshift/sql -run TestCases -update
//
// which fills in the printed SQL and the rows; check them against Redshift's documentation before keeping them.
//
// # To add a statement
//
// Add its node to the ast_ file of its family, its grammar beside its neighbours in the parse_ file, a branch in
// parser.statement, and a line in testdata/parse/accept.sql.
package sql
