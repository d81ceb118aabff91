package pipeline

import (
	"regexp"
	"slices"
	"strings"
)

// tableRef is a table that a job's text names, and where.
type tableRef struct {
	schema, table string
	writes        bool
	line, col     int
}

// sqlTables finds the tables that a SELECT reads: the names after FROM and JOIN
// that are not common table expressions. Strings and comments are skipped. The
// engine checks the statement itself when it runs; this is for the order of jobs.
func sqlTables(text string) []tableRef {
	toks := sqlTokens(text)
	ctes := map[string]bool{}
	for i := 0; i+2 < len(toks); i++ { // name AS (, or name (columns) AS (
		if toks[i].word && (strings.EqualFold(toks[i+1].text, "as") && toks[i+2].text == "(") && i > 0 &&
			(strings.EqualFold(toks[i-1].text, "with") || strings.EqualFold(toks[i-1].text, "recursive") || toks[i-1].text == ",") {
			ctes[strings.ToLower(toks[i].text)] = true
		}
	}
	var out []tableRef
	// inFrom says, for each open parenthesis, whether a comma there separates tables.
	inFrom := []bool{false}
	ends := []string{"where", "group", "having", "qualify", "order", "limit", "union", "except", "intersect", "window", "select", "on", "using", "set", "offset", "sample", "tablesample"}
	expect := false
	for i := 0; i < len(toks); i++ {
		t := toks[i]
		low := strings.ToLower(t.text)
		switch {
		case t.text == "(":
			inFrom = append(inFrom, expect)
			continue // FROM (a JOIN b): a table may still follow
		case t.text == ")":
			if len(inFrom) > 1 {
				inFrom = inFrom[:len(inFrom)-1]
			}
			expect = false
			continue
		case t.text == "," && inFrom[len(inFrom)-1]:
			expect = true
			continue
		case t.word && !t.quoted && (low == "from" || low == "join"):
			if i > 0 && low == "from" && len(inFrom) > 1 && isExtract(toks, i) {
				continue
			}
			expect = true
			inFrom[len(inFrom)-1] = true
			continue
		case t.word && !t.quoted && slices.Contains(ends, low):
			if low != "on" && low != "using" {
				inFrom[len(inFrom)-1] = false
			}
			expect = false
			continue
		}
		if !expect || !t.word {
			expect = false
			continue
		}
		if !t.quoted && low == "lateral" {
			continue
		}
		expect = false
		ref := tableRef{table: t.text, line: t.line, col: t.col}
		if i+2 < len(toks) && toks[i+1].text == "." && toks[i+2].word {
			ref.schema, ref.table = t.text, toks[i+2].text
			i += 2
		}
		if i+1 < len(toks) && toks[i+1].text == "(" { // a table function
			continue
		}
		if ref.schema == "" && ctes[strings.ToLower(ref.table)] {
			continue
		}
		ref.schema, ref.table = strings.ToLower(ref.schema), strings.ToLower(ref.table)
		out = append(out, ref)
	}
	return out
}

// isExtract tells whether the FROM at i belongs to extract(x FROM y) and its like.
func isExtract(toks []sqlToken, i int) bool {
	depth := 0
	for j := i - 1; j >= 0 && j > i-64; j-- {
		switch toks[j].text {
		case ")":
			depth++
		case "(":
			if depth == 0 {
				return j > 0 && slices.Contains([]string{"extract", "trim", "substring", "overlay", "position"}, strings.ToLower(toks[j-1].text))
			}
			depth--
		}
		if depth == 0 && strings.EqualFold(toks[j].text, "select") {
			return false
		}
	}
	return false
}

type sqlToken struct {
	text         string
	word, quoted bool
	line, col    int
}

func sqlTokens(s string) []sqlToken {
	var out []sqlToken
	line, start := 1, 0
	for i := 0; i < len(s); {
		c := s[i]
		at := sqlToken{line: line, col: i - start + 1}
		switch {
		case c == '\n':
			line++
			i++
			start = i
		case c == ' ' || c == '\t' || c == '\r':
			i++
		case c == '-' && strings.HasPrefix(s[i:], "--"):
			for i < len(s) && s[i] != '\n' {
				i++
			}
		case c == '/' && strings.HasPrefix(s[i:], "/*"):
			end := strings.Index(s[i+2:], "*/")
			if end < 0 {
				return out
			}
			for _, b := range []byte(s[i : i+2+end]) {
				if b == '\n' {
					line++
				}
			}
			i += end + 4
			if nl := strings.LastIndexByte(s[:i], '\n'); nl >= 0 {
				start = nl + 1
			}
		case c == '\'' || c == '"':
			j := i + 1
			for j < len(s) {
				if s[j] == c {
					if j+1 < len(s) && s[j+1] == c {
						j += 2
						continue
					}
					break
				}
				if s[j] == '\n' {
					line++
					start = j + 1
				}
				j++
			}
			if c == '"' && j < len(s) {
				at.text, at.word, at.quoted = strings.ReplaceAll(s[i+1:j], `""`, `"`), true, true
			} else {
				at.text = "''"
			}
			out = append(out, at)
			i = j + 1
		case isWord(c):
			j := i
			for j < len(s) && (isWord(s[j]) || s[j] >= '0' && s[j] <= '9' || s[j] == '$') {
				j++
			}
			at.text, at.word = s[i:j], true
			out = append(out, at)
			i = j
		default:
			at.text = string(c)
			out = append(out, at)
			i++
		}
	}
	return out
}

func isWord(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

var (
	scriptReads = []*regexp.Regexp{
		regexp.MustCompile(`(?s)(?:from_catalog|create_data_frame_from_catalog|create_dynamic_frame_from_catalog)\(\s*(?:database\s*=\s*)?["']([A-Za-z0-9_]+)["']\s*,\s*(?:table_name\s*=\s*)?["']([A-Za-z0-9_]+)["']`),
		regexp.MustCompile(`spark\.(?:table|read\.table)\(\s*["'](?:[A-Za-z0-9_]+\.)?([A-Za-z0-9_]+)\.([A-Za-z0-9_]+)["']`),
	}
	scriptWrites = []*regexp.Regexp{
		regexp.MustCompile(`(?s)setCatalogInfo\(\s*(?:catalogDatabase\s*=\s*)?["']([A-Za-z0-9_]+)["']\s*,\s*(?:catalogTableName\s*=\s*)?["']([A-Za-z0-9_]+)["']`),
		regexp.MustCompile(`(?s)write_dynamic_frame\.from_catalog\([^)]*?database\s*=\s*["']([A-Za-z0-9_]+)["']\s*,\s*table_name\s*=\s*["']([A-Za-z0-9_]+)["']`),
		regexp.MustCompile(`(?s)to_parquet\([^)]*?database\s*=\s*["']([A-Za-z0-9_]+)["']\s*,\s*table\s*=\s*["']([A-Za-z0-9_]+)["']`),
		regexp.MustCompile(`(?:saveAsTable|writeTo)\(\s*["'](?:[A-Za-z0-9_]+\.)?([A-Za-z0-9_]+)\.([A-Za-z0-9_]+)["']`),
	}
	pathReads    = regexp.MustCompile(`s3://[^"'\s]*/raw/([a-z0-9_]+)/`)
	pyComment    = regexp.MustCompile(`(?m)^\s*#.*$`)
	lineBreaksRE = regexp.MustCompile(`[^\n]`)
)

// scriptTables finds the tables that a Python script names literally. What it
// computes at run time can't be seen: the project says it with reads: and writes:.
func scriptTables(text string) []tableRef {
	blank := func(s string) string { return lineBreaksRE.ReplaceAllString(s, " ") }
	text = pyComment.ReplaceAllStringFunc(text, blank)
	var out []tableRef
	place := func(off int) (int, int) {
		line := 1 + strings.Count(text[:off], "\n")
		return line, off - strings.LastIndexByte(text[:off], '\n')
	}
	for _, re := range scriptWrites {
		for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
			l, c := place(m[2])
			out = append(out, tableRef{schema: strings.ToLower(text[m[2]:m[3]]), table: strings.ToLower(text[m[4]:m[5]]), writes: true, line: l, col: c})
			text = text[:m[0]] + blank(text[m[0]:m[1]]) + text[m[1]:] // not a read as well
		}
	}
	for _, re := range scriptReads {
		for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
			l, c := place(m[2])
			out = append(out, tableRef{schema: strings.ToLower(text[m[2]:m[3]]), table: strings.ToLower(text[m[4]:m[5]]), line: l, col: c})
		}
	}
	for _, m := range pathReads.FindAllStringSubmatchIndex(text, -1) {
		l, c := place(m[2])
		out = append(out, tableRef{schema: "raw", table: text[m[2]:m[3]], line: l, col: c})
	}
	return out
}
