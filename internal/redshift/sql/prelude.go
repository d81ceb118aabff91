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
	// rs_divN(a, b, f, last) is a * f^(N-1) * last / b, truncated, for 64-bit a and b: N steps of long division, each of
	// which brings down the digits of one factor.
	for n := 1; n <= maxDivisionSteps; n++ {
		digits, rest := "CAST(a // b AS HUGEINT)", "(a % b)"
		for i := 1; i <= n; i++ {
			f := "f"
			if i == n {
				f = "last"
			}
			digits = "(" + digits + " * " + f + " + " + rest + " * " + f + " // b)"
			rest = "(" + rest + " * " + f + " % b)"
		}
		b.WriteString(create + "rs_div" + itoa(n) + "(a, b, f, last) AS " + digits + ";\n")
	}
	return b.String()
}
