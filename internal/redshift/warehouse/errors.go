package warehouse

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"tarn/internal/engine"
	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/wire"
)

// fail makes an error with a SQLSTATE.
func fail(code, format string, args ...any) *wire.Error { return wire.Errorf(code, format, args...) }

// unsupported names what is understood and not there.
func unsupported(format string, args ...any) *wire.Error {
	return fail("0A000", format, args...)
}

// character turns a byte offset into the protocol's character position, from 1.
func character(text string, pos int) int {
	if pos < 0 || pos > len(text) {
		return 0
	}
	return utf8.RuneCountInString(text[:pos]) + 1
}

// explain turns any error of a statement into one that a client understands. text is what the
// client sent.
func (s *Session) explain(err error, text string) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*wire.Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*sql.Error](err); ok {
		return sqlError(e, text)
	}
	if e, ok := errors.AsType[*engine.Error](err); ok {
		return s.explainEngine(e)
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return cancelled(s.query, err)
	}
	return &wire.Error{Code: "XX000", Message: err.Error(), Err: err}
}

// sqlError gives an error of the analyzer its place in the text.
func sqlError(e *sql.Error, text string) *wire.Error {
	return &wire.Error{Code: e.Code, Message: e.Message, Detail: e.Detail, Hint: e.Hint, Position: character(text, e.Pos), Err: e}
}

func cancelled(query int64, err error) *wire.Error {
	if errors.Is(err, errTimeout) {
		return &wire.Error{Code: "57014", Message: fmt.Sprintf("Query (%d) cancelled by user's statement timeout", query), Err: err}
	}
	return &wire.Error{Code: "57014", Message: fmt.Sprintf("Query (%d) cancelled on user's request", query), Err: err}
}

var notNull = regexp.MustCompile(`^NOT NULL constraint failed: [^.]+\.(.+)$`)

func (s *Session) explainEngine(e *engine.Error) error {
	out := &wire.Error{Code: "XX000", Message: e.Message, Hint: e.Hint, Err: e}
	message := e.Message
	switch e.Kind {
	case engine.Cancelled:
		return cancelled(s.query, e)
	case engine.Closed:
		out.Code = "57P01"
	case engine.OutOfMemory:
		out.Code = "53200"
	case engine.DiskFull:
		out.Code, out.Message = "53100", "Disk Full"
		out.Detail = message
	case engine.Missing:
		out.Code = map[string]string{"Table": "42P01", "Column": "42703"}[e.ObjectType]
		if out.Code == "" {
			out.Code = "42883"
		}
	case engine.Constraint:
		out.Code = "23000"
		if m := notNull.FindStringSubmatch(message); m != nil {
			out.Code, out.Message, out.Column = "23502", "Cannot insert a NULL value into column "+m[1], m[1]
		}
	case engine.Conversion, engine.InvalidInput:
		e := sql.EngineError(message)
		out.Code, out.Message = e.Code, e.Message
		if e.Message != message && !strings.Contains(message, e.Message) {
			out.Detail = message
		}
	case engine.Transaction:
		out.Code = "25000"
	default:
		if e := sql.EngineError(message); e.Code != "XX000" {
			out.Code, out.Message = e.Code, e.Message
		}
	}
	return out
}

// wireError is explain for who has no session.
func wireError(err error) error {
	if e, ok := errors.AsType[*sql.Error](err); ok {
		return sqlError(e, "")
	}
	return err
}
