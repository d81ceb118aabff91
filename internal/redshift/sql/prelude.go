package sql

import (
	_ "embed"
	"strings"
)

//go:embed prelude.sql
var preludeText string

// Prelude is the text of the macros that printed SQL calls, one CREATE statement each. They call ScalarUDFs, so register
// those first. With temp the macros belong to the connection; otherwise to the current schema. Running it again is harmless.
func Prelude(temp bool) string {
	create := "CREATE OR REPLACE MACRO "
	if temp {
		create = "CREATE OR REPLACE TEMP MACRO "
	}
	return strings.ReplaceAll(preludeText, "CREATE MACRO ", create)
}
