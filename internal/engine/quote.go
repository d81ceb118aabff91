package engine

import "strings"

// QuoteIdent writes a name as a quoted identifier.
func QuoteIdent(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// QuoteText writes a string literal.
func QuoteText(s string) string {
	// A NUL ends DuckDB's statement text: it can only travel as an escape.
	if strings.IndexByte(s, 0) >= 0 {
		parts := strings.Split(s, "\x00")
		for i, p := range parts {
			parts[i] = QuoteText(p)
		}
		return "(" + strings.Join(parts, " || chr(0) || ") + ")"
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}
