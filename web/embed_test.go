package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func TestHandler(t *testing.T) {
	script := strings.Repeat("export const lake = 1;\n", 100)
	files := fstest.MapFS{
		"index.html":      {Data: []byte("<!doctype html><title>tarn</title>")},
		"assets/a-1a2.js": {Data: []byte(script)},
	}
	for _, c := range []struct {
		name, method, path, encoding string
		status                       int
		kind, cache, body            string
	}{
		{"root", "GET", "/_/", "", 200, "text/html; charset=utf-8", "no-cache", "<!doctype html><title>tarn</title>"},
		{"page", "GET", "/_/pipelines/flights", "", 200, "text/html; charset=utf-8", "no-cache", "<!doctype html><title>tarn</title>"},
		{"page with a dot", "GET", "/_/data/flights/raw.v1", "", 200, "text/html; charset=utf-8", "no-cache", "<!doctype html><title>tarn</title>"},
		{"asset", "GET", "/_/assets/a-1a2.js", "", 200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", script},
		{"packed asset", "GET", "/_/assets/a-1a2.js", "gzip", 200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", script},
		{"asset of another build", "GET", "/_/assets/a-000.js", "", 404, "text/plain; charset=utf-8", "", "404 page not found\n"},
		{"above the root", "GET", "/_/../../etc/passwd", "", 200, "text/html; charset=utf-8", "no-cache", "<!doctype html><title>tarn</title>"},
		{"head", "HEAD", "/_/", "", 200, "text/html; charset=utf-8", "no-cache", ""},
		{"post", "POST", "/_/", "", 405, "text/plain; charset=utf-8", "", "the console's files are only read\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, "/_/", nil)
			r.URL.Path = c.path
			r.Header.Set("Accept-Encoding", c.encoding)
			w := httptest.NewRecorder()
			Handler(files).ServeHTTP(w, r)
			if w.Code != c.status {
				t.Errorf("status %d, want %d", w.Code, c.status)
			}
			if got := w.Header().Get("Content-Type"); got != c.kind {
				t.Errorf("Content-Type %q, want %q", got, c.kind)
			}
			if got := w.Header().Get("Cache-Control"); got != c.cache {
				t.Errorf("Cache-Control %q, want %q", got, c.cache)
			}
			body := io.Reader(w.Body)
			if c.encoding == "gzip" {
				if got := w.Header().Get("Content-Encoding"); got != "gzip" {
					t.Fatalf("Content-Encoding %q, want gzip", got)
				}
				z, err := gzip.NewReader(body)
				if err != nil {
					t.Fatal(err)
				}
				body = z
			}
			got, err := io.ReadAll(body)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.body {
				t.Errorf("body %q, want %q", got, c.body)
			}
		})
	}
}

func TestNotBuilt(t *testing.T) {
	w := httptest.NewRecorder()
	Handler(fstest.MapFS{}).ServeHTTP(w, httptest.NewRequest("GET", "/_/", nil))
	if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "make web") {
		t.Errorf("got %d %q", w.Code, w.Body.String())
	}
}
