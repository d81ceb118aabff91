package query

import "fmt"

// Error is something in the definition or request that cannot be computed.
type Error struct {
	Where   string // the part of the definition: a visual, field or filter
	Message string
	Hint    string
	Err     error // an *expression.Error, where the mistake lies in a calculated field
}

func (e *Error) Error() string {
	s := e.Message
	if e.Where != "" {
		s = e.Where + ": " + s
	}
	if e.Err != nil && e.Message == "" {
		s += e.Err.Error()
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

func fail(where, hint, format string, args ...any) *Error {
	return &Error{Where: where, Hint: hint, Message: fmt.Sprintf(format, args...)}
}
