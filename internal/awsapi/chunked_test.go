package awsapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// The example of "Signature calculations: transferring payload in multiple
// chunks", Amazon S3 API reference: 66,560 bytes "a" in two chunks.
func signedExample(tamper int) (string, *chunkedBody) {
	var b strings.Builder
	for _, c := range []struct {
		n   int
		sig string
	}{
		{65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"},
		{1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"},
		{0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"},
	} {
		fmt.Fprintf(&b, "%x;chunk-signature=%s\r\n%s\r\n", c.n, c.sig, strings.Repeat("a", c.n))
	}
	text := []byte(b.String())
	if tamper > 0 {
		text[tamper] = 'b'
	}
	body := newChunkedBody(io.NopCloser(bytes.NewReader(text)), 66560)
	body.key = signingKey("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20130524", "us-east-1", "s3")
	body.prev = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
	body.scope, body.date = "20130524/us-east-1/s3/aws4_request", "20130524T000000Z"
	return string(text), body
}

func TestSignedChunks(t *testing.T) {
	_, body := signedExample(0)
	got, err := io.ReadAll(body)
	if err != nil || len(got) != 66560 {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	_, body = signedExample(1000)
	_, err = io.ReadAll(body)
	var e *Error
	if !errors.As(err, &e) || e.Code != "SignatureDoesNotMatch" {
		t.Fatalf("a changed byte was answered with %v", err)
	}
}

func TestTrailersAndBrokenBodies(t *testing.T) {
	body := newChunkedBody(io.NopCloser(strings.NewReader("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n")), 5)
	b, err := io.ReadAll(body)
	if err != nil || string(b) != "hello" || body.trailers.Get("X-Amz-Checksum-Crc32") != "NhCmhg==" {
		t.Fatalf("%q %v %v", b, body.trailers, err)
	}
	for _, text := range []string{"", "5\r\nhel", "5\r\nhelloXX0\r\n\r\n", "zz\r\n", "-1\r\n", "3\r\nhel\r\n0\r\n\r\n", "9\r\nhellohell\r\n0\r\n\r\n"} {
		_, err := io.ReadAll(newChunkedBody(io.NopCloser(strings.NewReader(text)), 5))
		var e *Error
		if !errors.As(err, &e) || e.Code != "IncompleteBody" {
			t.Errorf("%q was answered with %v", text, err)
		}
	}
}

func FuzzChunked(f *testing.F) {
	text, _ := signedExample(0)
	f.Add([]byte(text[:200]))
	f.Add([]byte("5\r\nhello\r\n0\r\na:b\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		body := newChunkedBody(io.NopCloser(bytes.NewReader(b)), int64(len(b)))
		if got, _ := io.ReadAll(body); len(got) > len(b) {
			t.Fatalf("%d bytes came out of %d", len(got), len(b))
		}
	})
}

func FuzzXML(f *testing.F) {
	f.Add(`<a><b attr="x">t</b></a>`)
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := readXML(strings.NewReader(s)); err == nil && n == nil {
			t.Fatal("neither a document nor an error")
		}
	})
}

func FuzzSignature(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=A/20130524/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=f0", "/a%20b?x=1&y")
	f.Fuzz(func(t *testing.T, auth, target string) {
		r, err := http.NewRequest("GET", "http://localhost/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.URL.Path, r.URL.RawQuery = "/", strings.TrimPrefix(target, "/")
		r.Header.Set("Authorization", auth)
		if s, aerr := readSignature(r, r.URL.Query()); aerr == nil {
			canonicalRequest(r, s, "x")
		}
	})
}
