package logs

import (
	"strings"

	"tarn/api/logs"
)

// parsePattern reads a filter pattern of terms: all plain ones must occur, one of those with ? if there are any, none
// of those with -. A term in double quotes may hold anything.
func parsePattern(text string) (func(string) bool, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") || strings.HasPrefix(text, "%") {
		return nil, logs.InvalidParameterException("Invalid filter pattern").
			WithHint("Patterns of JSON, fields or regular expressions are not available: use terms, such as \"ERROR\" -debug ?a ?b.")
	}
	var all, any, none []string
	for text != "" {
		sign := byte(0)
		if text[0] == '-' || text[0] == '?' {
			sign, text = text[0], text[1:]
		}
		var term string
		if strings.HasPrefix(text, `"`) {
			end := 1
			for end < len(text) && text[end] != '"' {
				if text[end] == '\\' {
					end++
				}
				end++
			}
			if end >= len(text) {
				return nil, logs.InvalidParameterException("Invalid filter pattern").WithHint("A quoted term has no end.")
			}
			term = strings.ReplaceAll(text[1:end], `\"`, `"`)
			text = text[end+1:]
		} else {
			term, text, _ = strings.Cut(text, " ")
		}
		text = strings.TrimSpace(text)
		if term == "" {
			continue
		}
		switch sign {
		case '-':
			none = append(none, term)
		case '?':
			any = append(any, term)
		default:
			all = append(all, term)
		}
	}
	return func(message string) bool {
		for _, t := range all {
			if !strings.Contains(message, t) {
				return false
			}
		}
		for _, t := range none {
			if strings.Contains(message, t) {
				return false
			}
		}
		for _, t := range any {
			if strings.Contains(message, t) {
				return true
			}
		}
		return len(any) == 0
	}, nil
}
