package awsapi

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
)

// uriEncode encodes all but unreserved characters (and slashes, if asked).
func uriEncode(s string, keepSlash bool) string {
	const hexDigits = "0123456789ABCDEF"
	n := 0
	for i := range len(s) {
		if !unreserved(s[i]) && !(keepSlash && s[i] == '/') {
			n++
		}
	}
	if n == 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 2*n)
	for i := range len(s) {
		if c := s[i]; unreserved(c) || keepSlash && c == '/' {
			b.WriteByte(c)
		} else {
			b.WriteByte('%')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		}
	}
	return b.String()
}

func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

func canonicalQuery(raw string, drop string) string {
	if raw == "" {
		return ""
	}
	var pairs []string
	for _, p := range strings.Split(raw, "&") {
		if p == "" {
			continue
		}
		k, v, _ := strings.Cut(p, "=")
		k, v = reencode(k), reencode(v)
		if k == drop {
			continue
		}
		pairs = append(pairs, k+"="+v)
	}
	sort.Slice(pairs, func(i, j int) bool {
		ki, vi, _ := strings.Cut(pairs[i], "=")
		kj, vj, _ := strings.Cut(pairs[j], "=")
		if ki != kj {
			return ki < kj
		}
		return vi < vj
	})
	return strings.Join(pairs, "&")
}

func reencode(s string) string {
	d, err := url.QueryUnescape(s)
	if err != nil {
		d = s
	}
	return uriEncode(d, false)
}

// canonicalRequest is SigV4's text form of a request.
func canonicalRequest(r *http.Request, s *signature, payloadHash string) string {
	var b strings.Builder
	b.WriteString(r.Method)
	b.WriteByte('\n')
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	if s.service == "s3" {
		if d, err := url.PathUnescape(path); err == nil {
			path = uriEncode(d, true)
		}
	} else {
		path = uriEncode(path, true)
	}
	b.WriteString(path)
	b.WriteByte('\n')
	drop := ""
	if s.presigned {
		drop = "X-Amz-Signature"
	}
	b.WriteString(canonicalQuery(r.URL.RawQuery, drop))
	b.WriteByte('\n')
	for _, h := range s.signedHeaders {
		b.WriteString(h)
		b.WriteByte(':')
		b.WriteString(headerValue(r, h))
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	b.WriteString(strings.Join(s.signedHeaders, ";"))
	b.WriteByte('\n')
	b.WriteString(payloadHash)
	return b.String()
}

func headerValue(r *http.Request, name string) string {
	switch name {
	case "host":
		return r.Host
	case "content-length":
		return strconv.FormatInt(max(r.ContentLength, 0), 10)
	}
	vs := r.Header.Values(name)
	if len(vs) == 1 && oneWord(vs[0]) { // as almost all are
		return vs[0]
	}
	out := make([]string, len(vs))
	for i, v := range vs {
		out[i] = strings.Join(strings.Fields(v), " ")
	}
	return strings.Join(out, ",")
}

// oneWord says that s has visible ASCII characters only, so that folding its white space changes nothing.
func oneWord(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// stamp is the signature's time as it was signed.
func (s *signature) stamp() string {
	if len(s.date8601) == len(timeFormat) {
		return s.date8601
	}
	return s.time.UTC().Format(timeFormat)
}

func stringToSign(s *signature, canonical string) string {
	sum := sha256.Sum256([]byte(canonical))
	return "AWS4-HMAC-SHA256\n" + s.stamp() + "\n" + s.scope() + "\n" + hex.EncodeToString(sum[:])
}
