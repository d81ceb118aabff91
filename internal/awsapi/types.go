package awsapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
)

// Protocol is how a service's messages travel.
type Protocol int

// AWS's protocols.
const (
	JSON10 Protocol = iota + 1
	JSON11
	RESTJSON
	RESTXML
	Query
)

// Model describes a service; generated, read-only.
type Model struct {
	ID             string // AWS's service id, such as "Redshift Data"
	SigningName    string // the service in a signature's scope; also the first part of an IAM action
	EndpointPrefix string
	Protocol       Protocol
	TargetPrefix   string // X-Amz-Target is TargetPrefix.Operation (JSON)
	Version        string
	XMLNamespace   string
	Operations     []Operation
	Shapes         map[string]Shape // constraints, by shape name
}

// Operation is one call of a service.
type Operation struct {
	Name           string
	Method, Path   string // as in the model: /{Bucket}/{Key+}?uploads
	Status         int    // of success
	Wrapper        string // Query: element around the result; REST-XML: root element of the answer
	InputName      string // REST-XML: root element of the request
	InputNamespace string
	NewInput       func() any
	NewOutput      func() any
	Call           func(ctx context.Context, service, input any) (any, error)
}

// Shape is what a model demands of a value beyond its type.
type Shape struct {
	Min, Max           *float64 // length of strings and blobs, size of lists and maps, value of numbers
	Pattern            string   // in Go's syntax
	PatternText        string   // as the model writes it, where that differs
	Enum               []string
	Member, Key, Value string // shapes of elements
}

// Limit makes a bound for the generated tables.
func Limit(f float64) *float64 { return &f }

// Val is the value of an optional member, or zero.
func Val[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// Document is JSON that is passed through byte for byte.
type Document = json.RawMessage

// Time travels as epoch seconds with a fraction (JSON protocols) or as ISO 8601
// (XML, Query); always UTC.
type Time struct{ time.Time }

// MarshalJSON writes epoch seconds, to the millisecond.
func (t Time) MarshalJSON() ([]byte, error) {
	ms := t.UnixMilli()
	if ms%1000 == 0 {
		return strconv.AppendInt(nil, ms/1000, 10), nil
	}
	return strconv.AppendFloat(nil, float64(ms)/1000, 'f', 3, 64), nil
}

// UnmarshalJSON reads epoch seconds or an ISO 8601 string.
func (t *Time) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	if len(b) > 0 && b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		v, err := parseTime(s)
		t.Time = v
		return err
	}
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil {
		return fmt.Errorf("timestamp %s is neither epoch seconds nor ISO 8601", b)
	}
	sec, frac := math.Modf(f)
	t.Time = time.Unix(int64(sec), int64(math.Round(frac*1e6))*1000).UTC()
	return nil
}

func parseTime(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04Z", "2006-01-02", time.RFC1123, "Mon, 02 Jan 2006 15:04:05 MST"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return time.Unix(int64(f), 0).UTC(), nil
	}
	return time.Time{}, fmt.Errorf("timestamp %q is neither ISO 8601 nor RFC 1123", s)
}

func formatTime(t time.Time, format string) string {
	switch format {
	case "rfc822":
		return t.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	case "unixTimestamp":
		return strconv.FormatInt(t.Unix(), 10)
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
