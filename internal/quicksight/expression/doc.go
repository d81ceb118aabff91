// Package expression is QuickSight's calculated-field language: it lexes, parses and types an expression and prints it as DuckDB SQL.
//
// It owns the grammar, the types, the levels (constant, row, aggregate) and every function of the language. It does not own where
// an expression is used (wells, filters, data set transforms): callers describe the surroundings by an Environment. It runs nothing
// and imports no other part of the project.
//
// To add a function, add an entry to the table of its family (text.go, number.go, date.go, logic.go, convert.go, aggregate.go) and a
// case to testdata/functions.txt, which runs on a real DuckDB.
package expression
