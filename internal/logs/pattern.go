package logs

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"

	"tarn/api/logs"
)

func badPattern(hint string, args ...any) error {
	return logs.InvalidParameterException("Invalid filter pattern").WithHint(hint, args...)
}

// parsePattern reads a filter pattern: terms, { selectors of JSON }, or one %regular expression%.
func parsePattern(text string) (func([]byte) bool, error) {
	text = strings.TrimSpace(text)
	switch {
	case !utf8.ValidString(text):
		return nil, badPattern("It is not UTF-8.")
	case strings.HasPrefix(text, "{"):
		return parseJSONPattern(text)
	case strings.HasPrefix(text, "["):
		return nil, badPattern("Patterns of fields between blanks are not available: use terms, such as \"ERROR\" -debug ?a ?b, or { $.level = \"ERROR\" }.")
	case strings.HasPrefix(text, "%"):
		return parseRegexp(text)
	}
	return parseTerms(text)
}

// parseRegexp reads %text%.
func parseRegexp(text string) (func([]byte) bool, error) {
	if len(text) < 3 || !strings.HasSuffix(text, "%") {
		return nil, badPattern("A regular expression stands between two %%.")
	}
	re, err := regexp.Compile(text[1 : len(text)-1])
	if err != nil {
		return nil, badPattern("The regular expression can't be read: %v.", err)
	}
	return re.Match, nil
}

// parseTerms reads terms: all plain ones must occur, one of those with ? if there are any, none of those with -. A term
// in double quotes may hold anything.
func parseTerms(text string) (func([]byte) bool, error) {
	var all, some, none [][]byte
	for text != "" {
		sign := byte(0)
		if text[0] == '-' || text[0] == '?' {
			sign, text = text[0], text[1:]
		}
		var term string
		if strings.HasPrefix(text, `"`) {
			quoted, rest, err := cutQuoted(text)
			if err != nil {
				return nil, err
			}
			term, text = quoted, rest
		} else if i := strings.IndexAny(text, " \t\r\n"); i >= 0 {
			term, text = text[:i], text[i:]
		} else {
			term, text = text, ""
		}
		text = strings.TrimSpace(text)
		if term == "" {
			continue
		}
		switch sign {
		case '-':
			none = append(none, []byte(term))
		case '?':
			some = append(some, []byte(term))
		default:
			all = append(all, []byte(term))
		}
	}
	return func(message []byte) bool {
		for _, t := range all {
			if !bytes.Contains(message, t) {
				return false
			}
		}
		for _, t := range none {
			if bytes.Contains(message, t) {
				return false
			}
		}
		for _, t := range some {
			if bytes.Contains(message, t) {
				return true
			}
		}
		return len(some) == 0
	}, nil
}

// cutQuoted takes a term in double quotes off the beginning of a text; \" stands for a quote.
func cutQuoted(text string) (term, rest string, err error) {
	end := 1
	for end < len(text) && text[end] != '"' {
		if text[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(text) {
		return "", "", badPattern("A quoted term has no end.")
	}
	return strings.ReplaceAll(text[1:end], `\"`, `"`), text[end+1:], nil
}
