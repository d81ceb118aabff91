// Package query turns a visual of a dashboard's definition, with its filters, control values and clicked marks, into one SQL statement.
//
// It owns the order of evaluation, field wells, filters, sorting and limits. It does not own the language of calculated fields
// (expression), where the rows come from (the statement reads a relation named ds) or running anything. Values reach the statement
// as bound arguments, never as text.
//
// To add a visual, add its wells to wells.go and a case to testdata/. Each filter type is a file of its own (filter_*.go).
package query
