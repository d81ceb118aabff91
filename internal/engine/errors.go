package engine

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// Kind says what sort of failure an Error is.
type Kind string

// The kinds that callers tell apart. The rest carry DuckDB's own word for
// them in lower case ("io", "not implemented", ...).
const (
	OutOfMemory          Kind = "out of memory"
	DiskFull             Kind = "disk full"
	Conflict             Kind = "conflict" // two writers on one row or one catalog entry: retry
	Cancelled            Kind = "cancelled"
	Closed               Kind = "closed"
	Syntax               Kind = "syntax"
	Missing              Kind = "missing" // a table, column or function that isn't there
	Exists               Kind = "exists"
	Binder               Kind = "binder" // understood, but does not fit: types, arguments
	Conversion           Kind = "conversion"
	Constraint           Kind = "constraint"
	Permission           Kind = "permission"
	Transaction          Kind = "transaction" // an earlier failure ended the transaction
	InvalidInput         Kind = "invalid input"
	IO                   Kind = "io"
	InvalidConfiguration Kind = "invalid configuration"
	Fatal                Kind = "fatal" // the instance is lost: restart the process
	Internal             Kind = "internal"
)

// Sentinels for errors.Is: errors.Is(err, engine.ErrConflict).
var (
	ErrOutOfMemory = &Error{Kind: OutOfMemory}
	ErrDiskFull    = &Error{Kind: DiskFull}
	ErrConflict    = &Error{Kind: Conflict}
	ErrCancelled   = &Error{Kind: Cancelled}
	ErrClosed      = &Error{Kind: Closed}
	ErrMissing     = &Error{Kind: Missing}
)

// Error is what DuckDB, or the engine round it, answered.
type Error struct {
	Kind    Kind
	Message string // DuckDB's text without its kind
	Hint    string // what to do, where we know
	// Position is the byte in the statement that the error is about, or -1.
	Position int
	// Name and Candidates belong to Missing: what was not found, of what
	// ObjectType ("Table", "Column", "Scalar Function"), and what there is.
	Name, ObjectType string
	Candidates       []string
	Err              error
}

func (e *Error) Error() string {
	s := e.Message
	if s == "" {
		s = string(e.Kind)
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Is matches the sentinels: an Error that has a kind alone.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Message == "" && t.Err == nil && t.Kind == e.Kind
}

func errClosed() *Error {
	return &Error{Kind: Closed, Message: "the engine is shutting down", Position: -1}
}

// wrap turns whatever a statement answered into an *Error. ctx is the
// statement's: an interrupted query is reported as the reason it was stopped.
func wrap(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var done *Error
	if errors.As(err, &done) {
		return err
	}
	if cause := context.Cause(ctx); cause != nil {
		if errors.As(cause, &done) {
			return cause
		}
		return &Error{Kind: Cancelled, Message: "the query was cancelled: " + cause.Error(), Position: -1, Err: cause}
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &Error{Kind: Cancelled, Message: "the query was cancelled", Position: -1, Err: err}
	}
	var de *duckdb.Error
	if errors.As(err, &de) {
		return fromDuckDB(de)
	}
	return &Error{Kind: Internal, Message: err.Error(), Position: -1, Err: err}
}

// answer is DuckDB's error with errors_as_json set.
type answer struct {
	Type       string `json:"exception_type"`
	Message    string `json:"exception_message"`
	Subtype    string `json:"error_subtype"`
	Position   string `json:"position"`
	Name       string `json:"name"`
	ObjectType string `json:"type"`
	Candidates string `json:"candidates"`
}

func fromDuckDB(de *duckdb.Error) *Error {
	a := answer{Message: de.Msg}
	// Prose before the JSON, if any, is the kind again ("Binder Error: {...}").
	if i := strings.IndexByte(de.Msg, '{'); i >= 0 && strings.Contains(de.Msg, `"exception_type"`) {
		if json.Unmarshal([]byte(de.Msg[i:]), &a) != nil {
			a = answer{Message: de.Msg}
		}
	}
	if a.Type == "" {
		if kind, rest, ok := strings.Cut(a.Message, " Error: "); ok && !strings.ContainsAny(kind, "\n\"'") {
			a.Type, a.Message = kind, rest
		}
	}
	e := &Error{Message: a.Message, Position: -1, Name: a.Name, ObjectType: a.ObjectType, Err: de}
	if n, err := strconv.Atoi(a.Position); err == nil {
		e.Position = n
	}
	if a.Candidates != "" {
		e.Candidates = strings.Split(a.Candidates, ", ")
	}
	e.Kind, e.Hint = classify(a)
	if e.Kind == DiskFull || e.Kind == OutOfMemory { // what follows is advice on settings that users don't have
		e.Message, _, _ = strings.Cut(e.Message, "\n")
	}
	if strings.Contains(e.Message, "No space left on device") { // it names a temporary file
		e.Message = "the disk is full: there is no room for what the query writes"
	}
	if e.Kind == Missing && e.ObjectType == "" {
		e.ObjectType = "Column"
	}
	return e
}

func classify(a answer) (Kind, string) {
	message := a.Message
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(message, p) {
				return true
			}
		}
		return false
	}
	switch {
	case has("No space left on device", "max_temp_directory_size", "Disk quota exceeded"):
		return DiskFull, "free some space in the data folder and run it again"
	case has("failed to offload data block") && has("limit was reached"):
		return DiskFull, "free some disk space, or raise the spill limit"
	}
	switch strings.ToLower(a.Type) {
	case "out of memory":
		return OutOfMemory, "raise the memory limit, or make the query hold less at once"
	case "transactioncontext", "transaction":
		if has("onflict", "write-write", "altered!") {
			return Conflict, "another writer changed the same rows: try again"
		}
		return Transaction, ""
	case "interrupt":
		return Cancelled, ""
	case "parser", "syntax":
		return Syntax, ""
	case "catalog":
		switch {
		case a.Subtype == "MISSING_ENTRY", has("does not exist"):
			return Missing, ""
		case has("already exists"):
			return Exists, ""
		case has("write-write conflict"):
			return Conflict, "another writer changed the same object: try again"
		}
		return Binder, ""
	case "binder":
		if a.Subtype == "COLUMN_NOT_FOUND" || has("does not have a column named", "not found in FROM clause") {
			return Missing, ""
		}
		return Binder, ""
	case "conversion", "out of range":
		return Conversion, ""
	case "constraint":
		return Constraint, ""
	case "permission":
		return Permission, ""
	case "invalid input":
		return InvalidInput, ""
	case "io":
		return IO, ""
	case "fatal":
		return Fatal, "restart tarn"
	case "internal", "":
		return Internal, ""
	}
	return Kind(strings.ToLower(a.Type)), ""
}
