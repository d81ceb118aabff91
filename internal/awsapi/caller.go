package awsapi

import (
	"context"
	"net/http"
)

// Caller is who signed a request.
type Caller struct {
	Account      string // 12 digits
	Region       string // the region in the signature's scope
	ARN          string // of the user or assumed role
	UserID       string
	AccessKeyID  string
	SessionToken string
	Root         bool // the account's root key: allowed everything
}

type ctxKey int

const (
	callerKey ctxKey = iota
	requestKey
	requestIDKey
	bodyKey
	conditionsKey
)

// WithCaller is a context in which work is done on behalf of c.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey, c)
}

// CallerFrom is who ctx works for; the zero Caller (empty Account) if nobody.
func CallerFrom(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey).(Caller)
	return c
}

// WithConditionKeys is a context whose work has values for keys of policies' conditions, in lower case, as a request
// over the wire has them: "s3:prefix" of a listing.
func WithConditionKeys(ctx context.Context, keys map[string]string) context.Context {
	return context.WithValue(ctx, conditionsKey, keys)
}

// ConditionKeys are the values that WithConditionKeys gave.
func ConditionKeys(ctx context.Context) map[string]string {
	m, _ := ctx.Value(conditionsKey).(map[string]string)
	return m
}

// RequestFrom is the HTTP request behind ctx, or nil.
func RequestFrom(ctx context.Context) *http.Request {
	r, _ := ctx.Value(requestKey).(*http.Request)
	return r
}

// RequestID is the id that the answer carries and the log names.
func RequestID(ctx context.Context) string {
	s, _ := ctx.Value(requestIDKey).(string)
	return s
}

// Trailers are the headers that followed an aws-chunked body: complete once the
// body has been read to its end.
func Trailers(ctx context.Context) http.Header {
	b, _ := ctx.Value(bodyKey).(*chunkedBody)
	if b == nil {
		return nil
	}
	return b.trailers
}
