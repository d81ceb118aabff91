package wire

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Error is an error or a notice with the fields that PostgreSQL's protocol has for it.
type Error struct {
	Severity string // ERROR when empty
	Code     string // SQLSTATE
	Message  string
	Detail   string
	Hint     string
	Position int // of the character in the statement, from 1; 0 where unknown
	Schema   string
	Table    string
	Column   string
	Err      error // what caused it, not sent
}

// SQLState is the error's SQLSTATE.
func (e *Error) SQLState() string { return e.Code }

// Errorf makes an error with a SQLSTATE.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func (e *Error) Error() string {
	s := e.Message
	if e.Detail != "" {
		s += "\n  Detail: " + e.Detail
	}
	if e.Hint != "" {
		s += "\n  Hint: " + e.Hint
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// asError gives any error the protocol's fields.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: "XX000", Message: err.Error(), Err: err}
}

func (e *Error) response() *pgproto3.ErrorResponse {
	severity := e.Severity
	if severity == "" {
		severity = "ERROR"
	}
	code := e.Code
	if code == "" {
		code = "XX000"
	}
	return &pgproto3.ErrorResponse{
		Severity: severity, Code: code, Message: e.Message, Detail: e.Detail, Hint: e.Hint,
		Position: int32(e.Position), SchemaName: e.Schema, TableName: e.Table, ColumnName: e.Column,
	}
}
