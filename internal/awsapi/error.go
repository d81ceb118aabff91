package awsapi

import (
	"errors"
	"fmt"
	"net/http"
)

// Error is an answer in AWS's shape: its exception name, its text, its status.
type Error struct {
	Code    string
	Message string
	Status  int
	// Hint says what to do next. It goes out behind the message.
	Hint string
	// Members are further members of the exception's shape.
	Members map[string]any

	messageKey string
}

// NewError makes an error of the given exception; key is what the exception's
// shape calls its text ("message" or "Message").
func NewError(code string, status int, key, format string, args ...any) *Error {
	msg := format
	if len(args) > 0 {
		msg = fmt.Sprintf(format, args...)
	}
	return &Error{Code: code, Status: status, Message: msg, messageKey: key}
}

func (e *Error) Error() string { return e.Code + ": " + e.Text() }

// Text is the message with its hint.
func (e *Error) Text() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + " " + e.Hint
}

// With adds a member of the exception's shape.
func (e *Error) With(member string, value any) *Error {
	if e.Members == nil {
		e.Members = map[string]any{}
	}
	e.Members[member] = value
	return e
}

// WithHint adds what to do next.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// IsCode tells whether err is (or wraps) AWS's exception of that name.
func IsCode(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// NotImplemented is the loud answer for what tarn doesn't have.
func NotImplemented(service, operation string) *Error {
	return NewError("NotImplemented", http.StatusNotImplemented, "message", "operation %s of %s is not implemented", operation, service)
}

// AccessDenied is the refusal of an action that no policy allows.
func AccessDenied(caller Caller, action, resource string) *Error {
	return accessDenied(caller, action, resource, "because no identity-based policy allows the "+action+" action")
}

// AccessDeniedExplicitly is the refusal of an action that a policy denies.
func AccessDeniedExplicitly(caller Caller, action, resource string) *Error {
	return accessDenied(caller, action, resource, "with an explicit deny in an identity-based policy")
}

func accessDenied(caller Caller, action, resource, why string) *Error {
	text := "User: " + caller.ARN + " is not authorized to perform: " + action
	if resource != "" && resource != "*" {
		text += " on resource: " + resource
	}
	return NewError("AccessDeniedException", http.StatusForbidden, "Message", "%s %s", text, why)
}
