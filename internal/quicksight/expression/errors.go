package expression

import "fmt"

// Code tells the kinds of mistakes apart, for programs.
type Code string

const (
	Syntax                Code = "CALC_SYNTAX"
	UnknownFunction       Code = "CALC_UNKNOWN_FUNCTION"
	NotSupported          Code = "CALC_NOT_SUPPORTED"
	ArgumentCount         Code = "CALC_ARG_COUNT"
	ArgumentType          Code = "CALC_ARG_TYPE"
	UnknownField          Code = "CALC_UNKNOWN_FIELD"
	UnknownParameter      Code = "CALC_UNKNOWN_PARAMETER"
	MismatchedAggregation Code = "CALC_MISMATCHED_AGGREGATION"
	NestedAggregation     Code = "CALC_NESTED_AGGREGATION"
	Circular              Code = "CALC_CIRCULAR"
	TooComplex            Code = "CALC_TOO_COMPLEX"
)

// Error is a mistake in an expression, with its place and what to do about it.
type Error struct {
	Code    Code
	Pos     Pos
	Field   string // the calculated field whose text holds the mistake; empty for an expression of its own
	Message string
	Hint    string
}

func (e *Error) Error() string {
	where := e.Pos.String()
	if e.Field != "" {
		where = fmt.Sprintf("calculated field %q, %s", e.Field, where)
	}
	s := where + ": " + e.Message
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

func fail(code Code, pos Pos, hint, format string, args ...any) *Error {
	return &Error{Code: code, Pos: pos, Hint: hint, Message: fmt.Sprintf(format, args...)}
}
