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
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(preludeText, "CREATE MACRO ", create))
	// rs_scaledN(x) is x / 10^N, exactly, for a 128-bit x: whole part and fraction are converted apart, because the
	// engine's decimals hold 38 digits.
	for n := 1; n <= maxFastScale; n++ {
		f := "CAST('1" + strings.Repeat("0", n) + "' AS HUGEINT)"
		d := "DECIMAL(38," + itoa(n) + ")"
		b.WriteString(create + "rs_scaled" + itoa(n) + "(x) AS CAST(x // " + f + " AS " + d + ") + CAST(CAST(x % " + f + " AS DECIMAL(" + itoa(n) +
			",0)) * CAST('0." + strings.Repeat("0", n-1) + "1' AS DECIMAL(" + itoa(n) + "," + itoa(n) + ")) AS " + d + ");\n")
	}
	return b.String()
}
