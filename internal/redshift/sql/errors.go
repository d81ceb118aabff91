package sql

import (
	"errors"
	"fmt"
	"strings"
)

// Error is anything that is wrong with a statement. Pos is the byte offset into the text that was parsed, -1 when no
// single place is to blame.
type Error struct {
	Code    string // SQLSTATE
	Message string
	Detail  string
	Hint    string
	Pos     int
	Line    int // from 1; 0 when Pos is -1
	Col     int // from 1, in characters
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Message)
	if e.Line > 0 {
		fmt.Fprintf(&b, " (line %d, column %d)", e.Line, e.Col)
	}
	if e.Hint != "" {
		b.WriteString(": " + e.Hint)
	}
	return b.String()
}

// The SQLSTATEs that this package raises.
const (
	CodeSyntax             = "42601"
	CodeUndefinedTable     = "42P01"
	CodeUndefinedColumn    = "42703"
	CodeUndefinedFunction  = "42883"
	CodeUndefinedObject    = "42704"
	CodeAmbiguousColumn    = "42702"
	CodeDuplicateAlias     = "42712"
	CodeDuplicateColumn    = "42701"
	CodeGrouping           = "42803"
	CodeWindowing          = "42P20"
	CodeTypeMismatch       = "42804"
	CodeCannotCast         = "42846"
	CodeNotSupported       = "0A000"
	CodeInvalidText        = "22P02"
	CodeInvalidDatetime    = "22007"
	CodeDatetimeOverflow   = "22008"
	CodeNumericRange       = "22003"
	CodeInvalidParameter   = "22023"
	CodeInvalidColumnCount = "42601"
	CodeInvalidRecursion   = "42P19"
	CodeUndefinedParameter = "42P02"
	CodeNameTooLong        = "42622"
	CodeIndeterminateType  = "42P18"
	CodeNoCharacter        = "22021"
)

func errAt(pos int, code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Pos: pos}
}

func (e *Error) hint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// locate fills Line and Col from the text that Pos points into.
func (e *Error) locate(text string) *Error {
	if e.Pos < 0 || e.Line > 0 {
		return e
	}
	if e.Pos > len(text) {
		e.Pos = len(text)
	}
	before := text[:e.Pos]
	e.Line = 1 + strings.Count(before, "\n")
	e.Col = 1 + len([]rune(before[strings.LastIndexByte(before, '\n')+1:]))
	return e
}

// asError is the typed error inside err; the parser and the analyzer give no other.
func asError(err error) *Error {
	e, _ := errors.AsType[*Error](err)
	return e
}
