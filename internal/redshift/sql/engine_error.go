package sql

import (
	"regexp"
	"strings"
)

// engineErrors map the engine's run-time messages to Redshift's. The first match wins; $1 in a message is the pattern's group.
var engineErrors = []struct {
	pattern *regexp.Regexp
	code    string
	message string
}{
	{regexp.MustCompile(`(?i)divide by zero|division by zero`), "22012", "Divide by zero"},
	{regexp.MustCompile(`(invalid input syntax for [^:]+: ".*")`), CodeInvalidText, "$1"},
	{regexp.MustCompile(`(date/time field value out of range: ".*")`), CodeDatetimeOverflow, "$1"},
	{regexp.MustCompile(`time field value out of range: (".*?")`), CodeDatetimeOverflow, "date/time field value out of range: $1"},
	{regexp.MustCompile(`Unknown TimeZone '(.*?)'`), CodeInvalidParameter, "time zone \"$1\" not recognized"},
	{regexp.MustCompile(`(value too long for type [^\n]+)`), "22001", "$1"},
	{regexp.MustCompile(`(negative substring length not allowed)`), "22011", "$1"},
	{regexp.MustCompile(`(Result size exceeds LISTAGG limit)`), "XX000", "$1"},
	{regexp.MustCompile(`(JSON parsing error: [^\n]*)`), "XX000", "$1"},
	{regexp.MustCompile(`Malformed JSON`), "XX000", "JSON parsing error"},
	{regexp.MustCompile(`MERGE INTO may only (?:update|delete|modify) |more than once in the same MERGE|update the same tuple|same row multiple times`), "XX000", "Found multiple matches to update the same tuple."},
	{regexp.MustCompile(`Overflow in \w+ of INT16|out of range for the destination type INT16|Could not cast value .* to SMALLINT`), CodeNumericRange, "smallint out of range"},
	{regexp.MustCompile(`Overflow in \w+ of INT32|out of range for the destination type INT32`), CodeNumericRange, "integer out of range"},
	{regexp.MustCompile(`Overflow in \w+ of INT64|out of range for the destination type INT64`), CodeNumericRange, "bigint out of range"},
	{regexp.MustCompile(`(?i)overflow.*(DECIMAL|HUGEINT|INT128)|(DECIMAL|HUGEINT|INT128).*(overflow|out of range)|Could not cast value .* to DECIMAL`), CodeNumericRange, "Numeric data overflow (result precision)"},
	{regexp.MustCompile(`(?i)overflow|out of range`), CodeNumericRange, "Value out of range"},
	{regexp.MustCompile(`(?i)invalid (timestamp|date|time) field format: (".*?")`), CodeInvalidDatetime, "invalid input syntax for type $1: $2"},
	{regexp.MustCompile(`Could not convert string ['"](.*?)['"] to (\w+)`), CodeInvalidText, "invalid input syntax for type $2: \"$1\""},
	{regexp.MustCompile(`NOT NULL constraint failed: (?:[^.]+\.)?(\S+)`), "23502", "Cannot insert a NULL value into column $1"},
	{regexp.MustCompile(`More than one row returned by a subquery`), "21000", "Single-row subquery returns more than one row"},
	{regexp.MustCompile(`(?i)Conflict on (update|tuple)|write-write conflict|Transaction conflict|TransactionContext Error`), "XX000", "1023: Serializable isolation violation on table"},
	{regexp.MustCompile(`cannot take (square root|logarithm) of (a negative number|zero|[^\n]+)`), "2201F", "cannot take $1 of $2"},
	{regexp.MustCompile(`(?i)interrupted`), "57014", "Query cancelled on user's request"},
}

// engineTypes are Redshift's names of the engine's types.
var engineTypes = map[string]string{"DOUBLE": "double precision", "FLOAT": "real", "INT16": "smallint", "INT32": "integer", "INT64": "bigint",
	"SMALLINT": "smallint", "INTEGER": "integer", "BIGINT": "bigint", "BOOL": "boolean", "BOOLEAN": "boolean", "DATE": "date", "TIMESTAMP": "timestamp", "TIME": "time"}

// raised is an error() in printed SQL that brings its own SQLSTATE: "[42P01] relation ...".
var raised = regexp.MustCompile(`\[([0-9A-Z]{5})\] ([^\n]*)`)

var engineClass = regexp.MustCompile(`^(?:[A-Z][A-Za-z]*(?: [A-Z][a-z]+)* Error: )+`)

// EngineError turns a run-time message of the engine into the error that Redshift gives.
func EngineError(message string) *Error {
	if m := raised.FindStringSubmatch(message); m != nil {
		return &Error{Code: m[1], Message: m[2], Pos: -1}
	}
	for _, e := range engineErrors {
		if m := e.pattern.FindStringSubmatchIndex(message); m != nil {
			text := string(e.pattern.ExpandString(nil, e.message, message, m))
			if rest, ok := strings.CutPrefix(text, "invalid input syntax for type "); ok {
				name, value, _ := strings.Cut(rest, ": ")
				if known, ok := engineTypes[name]; ok {
					name = known
				}
				text = "invalid input syntax for type " + name + ": " + value
			}
			return &Error{Code: e.code, Message: text, Pos: -1}
		}
	}
	first, _, _ := strings.Cut(message, "\n")
	first = engineClass.ReplaceAllString(first, "")
	return &Error{Code: "XX000", Message: strings.TrimPrefix(first, "database/sql/driver: API error: "), Pos: -1}
}
