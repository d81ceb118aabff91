package s3

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func FuzzRange(f *testing.F) {
	for _, s := range []string{"bytes=0-0", "bytes=-1", "bytes=5-", "bytes=9-1", "bytes=99999999999999999999-", "bytes=--", "lines=1-2", "bytes=0-1,2-3"} {
		f.Add(s, int64(10))
	}
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 0 {
			return
		}
		offset, length, ok, err := parseRange(header, size)
		if err != nil || !ok {
			return
		}
		if offset < 0 || length <= 0 || offset+length > size {
			t.Errorf("%q of %d bytes: %d bytes from %d", header, size, length, offset)
		}
	})
}

func FuzzPolicy(f *testing.F) {
	for _, s := range []string{
		`{"expiration":"2030-01-01T00:00:00Z","conditions":[{"bucket":"b"},["starts-with","$key","u/"],["content-length-range",1,"10"]]}`,
		`{"expiration":"x","conditions":[]}`, `{"conditions":[[1,2,3]]}`, `[]`, `{"expiration":"2030-01-01T00:00:00Z","conditions":[["eq",1,null]]}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, document string) {
		p, err := parsePolicy(base64.StdEncoding.EncodeToString([]byte(document)))
		if err != nil {
			return
		}
		if p.minSize < 0 || p.maxSize > maxPut {
			t.Errorf("%s allows %d to %d bytes", document, p.minSize, p.maxSize)
		}
		p.check(time.Unix(0, 0), "b", &form{fields: map[string]string{"key": "k"}, names: []string{"key"}})
	})
}

func FuzzForm(f *testing.F) {
	f.Add([]byte("--x\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nbody\r\n--x--\r\n"))
	f.Add([]byte("--x--"))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "/b", bytes.NewReader(body))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		if got, err := readForm(r); err == nil && got.file == nil {
			t.Error("a form without a file was read")
		}
	})
}

func FuzzTagging(f *testing.F) {
	f.Add("a=1&b=%20x")
	f.Add("a&a=&%zz")
	f.Fuzz(func(t *testing.T, header string) {
		tags, err := parseTagging(&header)
		if err == nil && len(tags) > maxObjectTags {
			t.Errorf("%d tags", len(tags))
		}
	})
}

// FuzzList compares a page after a marker with what a plain look at the keys gives.
func FuzzList(f *testing.F) {
	f.Add("a/b", "a/", "/", "a/b/c")
	f.Add("", "", "", "")
	f.Add("x", "x\x00", "\xff", "x")
	f.Fuzz(func(t *testing.T, key, prefix, delimiter, after string) {
		l := listing{prefix: prefix, delimiter: delimiter, after: after, max: 1}
		c := l.common(key)
		if c != "" && (!strings.HasPrefix(key, c) || !strings.HasPrefix(c, prefix) || !strings.HasSuffix(c, delimiter)) {
			t.Errorf("the common prefix of %q is %q", key, c)
		}
		if s := successor(key); s != "\xff" && (s <= key || strings.HasPrefix(s, key)) {
			t.Errorf("the successor of %q is %q", key, s)
		}
		if start := l.start(); start < prefix && start != "\xff" && !strings.HasPrefix(after, prefix) && after >= prefix {
			t.Errorf("after %q with prefix %q starts at %q", after, prefix, start)
		}
		if got, err := readToken(writeToken(key)); err != nil || got != key {
			t.Errorf("token of %q: %q, %v", key, got, err)
		}
	})
}
