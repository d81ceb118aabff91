// Package web holds the console's built files and serves them.
//
// It owns the folder dist, which `make web` builds from the sources beside it, and how those files
// are sent. It does not own sessions, the API or any other address under /_/.
package web

import (
	"compress/gzip"
	"embed"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed all:dist
var dist embed.FS

// Files is the built console: index.html and its assets.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // "dist" is a valid path, which is all that Sub checks
	}
	return files
}

// policy keeps a page to what the process itself serves. Styles are inline because charts and
// graphs place their parts by style attributes.
const policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
	"font-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"

// Handler serves files under the prefix /_/. Addresses that are pages of the console rather than
// files get index.html, so that any page can be opened or reloaded by its address.
func Handler(files fs.FS) http.Handler {
	return &handler{files: files, packed: map[string][]byte{}}
}

type handler struct {
	files fs.FS

	mu     sync.Mutex
	packed map[string][]byte // name -> gzipped content, filled as files are asked for
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "the console's files are only read", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(path.Clean("/"+strings.TrimPrefix(r.URL.Path, "/_")), "/")
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")

	if content, err := fs.ReadFile(h.files, name); err == nil {
		// Names under assets/ carry a hash of what they hold.
		cache := "no-cache"
		if strings.HasPrefix(name, "assets/") {
			cache = "public, max-age=31536000, immutable"
		}
		h.send(w, r, name, content, cache)
		return
	}
	if strings.HasPrefix(name, "assets/") {
		http.NotFound(w, r)
		return
	}
	index, err := fs.ReadFile(h.files, "index.html")
	if err != nil {
		http.Error(w, "The console is not in this binary: build it with `make web`, then `make build`.", http.StatusNotFound)
		return
	}
	h.send(w, r, "index.html", index, "no-cache")
}

func (h *handler) send(w http.ResponseWriter, r *http.Request, name string, content []byte, cache string) {
	header := w.Header()
	header.Set("Cache-Control", cache)
	header.Set("Vary", "Accept-Encoding")
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" {
		kind = http.DetectContentType(content)
	}
	header.Set("Content-Type", kind)
	if name == "index.html" {
		header.Set("Content-Security-Policy", policy)
		header.Set("Referrer-Policy", "no-referrer") // the sign-in link carries a key
	}
	if len(content) > 1024 && compressible(kind) && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		content = h.gzipped(name, content)
		header.Set("Content-Encoding", "gzip")
	}
	header.Set("Content-Length", strconv.Itoa(len(content)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(content) // the reader went away: nobody is left to tell
	}
}

// gzipped packs a file once and keeps the answer: there are few files and they never change.
func (h *handler) gzipped(name string, content []byte) []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	if packed, ok := h.packed[name]; ok {
		return packed
	}
	var b strings.Builder
	z := gzip.NewWriter(&b)
	_, _ = z.Write(content) // a strings.Builder takes everything
	_ = z.Close()
	packed := []byte(b.String())
	h.packed[name] = packed
	return packed
}

func compressible(kind string) bool {
	return strings.HasPrefix(kind, "text/") || strings.Contains(kind, "javascript") ||
		strings.Contains(kind, "json") || strings.Contains(kind, "svg")
}
