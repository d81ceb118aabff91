package crawler

import (
	"regexp"
	"strings"

	"tarn/api/glue"
)

// parseExclusion reads a glob of paths below a target, in the form of Java's: * stays within a name, ** crosses
// folders, {a,b} chooses, [a-z] and [!a] are classes, \ takes away meaning.
func parseExclusion(pattern string) (func(path string) bool, error) {
	fail := func(why string) (func(string) bool, error) {
		return nil, glue.InvalidInputException("The exclusion %s is not a valid pattern: %s.", pattern, why)
	}
	var re strings.Builder
	re.WriteString(`\A(?s:`)
	group := false
	p := []rune(strings.TrimPrefix(pattern, "/"))
	for i := 0; i < len(p); i++ {
		switch c := p[i]; c {
		case '*':
			if i+1 < len(p) && p[i+1] == '*' {
				re.WriteString(`.*`)
				i++
			} else {
				re.WriteString(`[^/]*`)
			}
		case '?':
			re.WriteString(`[^/]`)
		case '[':
			end := i + 1
			for end < len(p) && p[end] != ']' {
				end++
			}
			if end == len(p) || end == i+1 {
				return fail("a [ is not closed, or empty")
			}
			class := p[i+1 : end]
			re.WriteByte('[')
			if class[0] == '!' || class[0] == '^' {
				re.WriteString(`^/`)
				class = class[1:]
			}
			for _, c := range class {
				if strings.ContainsRune(`\[]^&~`, c) {
					re.WriteByte('\\')
				}
				re.WriteRune(c)
			}
			re.WriteByte(']')
			i = end
		case '{':
			if group {
				return fail("groups can't be nested")
			}
			group = true
			re.WriteString(`(?:`)
		case '}':
			if !group {
				return fail("a } without {")
			}
			group = false
			re.WriteByte(')')
		case ',':
			if group {
				re.WriteByte('|')
			} else {
				re.WriteByte(',')
			}
		case '\\':
			if i++; i == len(p) {
				return fail("it ends with a \\")
			}
			re.WriteString(regexp.QuoteMeta(string(p[i])))
		default:
			re.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	if group {
		return fail("a { is not closed")
	}
	re.WriteString(`)\z`)
	compiled, err := regexp.Compile(re.String())
	if err != nil {
		return fail(err.Error())
	}
	return compiled.MatchString, nil
}
