package awsapi

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

type presignKeys struct{}

func (presignKeys) Key(context.Context, string, string) (Key, error) {
	return Key{Secret: "secret"}, nil
}

// presign signs a URL of a service, with the host header alone.
func presign(method, url, service, payload string, at time.Time) *http.Request {
	stamp, date := at.Format(timeFormat), at.Format("20060102")
	r := httptest.NewRequest(method, url+"&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F"+date+"%2Fus-east-1%2F"+service+
		"%2Faws4_request&X-Amz-Date="+stamp+"&X-Amz-Expires=60&X-Amz-SignedHeaders=host", nil)
	s := &signature{keyID: "AK", date: date, region: "us-east-1", service: service, time: at, date8601: stamp, signedHeaders: []string{"host"}, presigned: true}
	value := hex.EncodeToString(hmacSHA256(signingKey("secret", date, "us-east-1", service), stringToSign(s, canonicalRequest(r, s, payload))))
	r.URL.RawQuery += "&X-Amz-Signature=" + value
	return r
}

func TestPresigned(t *testing.T) {
	at := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name, service, payload string
		after                  time.Duration
		change                 func(*http.Request)
		body                   string
		want                   authFault
	}{
		{"STS", "sts", emptySHA256, 0, nil, "", 0},
		{"STS with a body of its own", "sts", emptySHA256, 0, nil, "Action=AssumeRole&RoleArn=x", faultMismatch},
		{"S3", "s3", unsignedPayload, 59 * time.Second, nil, "", 0},
		{"late", "s3", unsignedPayload, 61 * time.Second, nil, "", faultTime},
		{"early", "s3", unsignedPayload, -16 * time.Minute, nil, "", faultTime},
		{"a header that makes it a copy", "s3", unsignedPayload, 0, func(r *http.Request) { r.Header.Set("X-Amz-Copy-Source", "b/secret") }, "", faultUnsigned},
		{"a target that makes it another operation", "sts", emptySHA256, 0, func(r *http.Request) { r.Header.Set("X-Amz-Target", "AWSGlue.GetTables") }, "", faultUnsigned},
		{"a header that S3 leaves alone", "s3", unsignedPayload, 0, func(r *http.Request) { r.Header.Set("X-Amz-User-Agent", "x") }, "", 0},
		{"another method", "s3", unsignedPayload, 0, func(r *http.Request) { r.Method = "DELETE" }, "", faultMismatch},
		{"another query", "s3", unsignedPayload, 0, func(r *http.Request) { r.URL.RawQuery += "&acl" }, "", faultMismatch},
		{"another host", "s3", unsignedPayload, 0, func(r *http.Request) { r.Host = "other" }, "", faultMismatch},
		{"without the host", "s3", unsignedPayload, 0, func(r *http.Request) {
			r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "SignedHeaders=host", "SignedHeaders=date", 1)
		}, "", faultUnsigned},
	} {
		s := NewServer(Config{Auth: presignKeys{}, Now: func() time.Time { return at.Add(c.after) }})
		r := presign("GET", "http://localhost/b/k?Action=GetCallerIdentity&Version=2011-06-15", c.service, c.payload, at)
		if c.change != nil {
			c.change(r)
		}
		sig, aerr := readSignature(r, r.URL.Query())
		if aerr != nil {
			t.Errorf("%s: %v", c.name, aerr)
			continue
		}
		_, _, err := s.authenticate(t.Context(), r, sig, []byte(c.body))
		var refused *authError
		errors.As(err, &refused)
		if got := Val(refused).fault; got != c.want || (err == nil) != (c.want == 0) {
			t.Errorf("%s: %v (%d), want %d", c.name, err, got, c.want)
		}
	}
}
