// Package console serves the browser's side at /_/: the embedded pages, sign-in,
// live events, and the few queries that no AWS operation answers. AWS operations
// go through awsapi with the same handlers and the same authorisation as signed
// requests.
//
// It owns sessions and passwords of the console. It does not own pages (web/),
// nor any service: those come as functions in Options.
package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tarn/internal/awsapi"
	"tarn/internal/meta"
)

// Line is one line of a log.
type Line struct {
	Time    int64  `json:"time"` // epoch milliseconds
	Message string `json:"message"`
}

// Options are what a console needs.
type Options struct {
	Pages http.Handler // the built web app
	Store meta.Store
	// API runs an AWS operation for the signed-in caller: awsapi.Server.Call.
	API func(ctx context.Context, service, operation string, body []byte) ([]byte, error)
	// Root is whom a signed-in person acts as.
	Root func() awsapi.Caller
	// Queries answer POST /_/query/<name>.
	Queries map[string]func(ctx context.Context, body json.RawMessage) (any, error)
	// Follow sends a log's lines from its start on, until it ends or ctx does.
	Follow func(ctx context.Context, group, stream string) (<-chan Line, error)
	// Health is answered at /_/health without sign-in.
	Health http.HandlerFunc
	// Hosts are the names under which the console may be opened, beside loopback ones.
	Hosts []string
	Now   func() time.Time
	Rand  io.Reader
	Log   *slog.Logger
}

// Console is the handler below /_/.
type Console struct {
	o   Options
	mux *http.ServeMux
	key oneTimeKey

	guesses   throttle
	comparing chan struct{} // holds one while a password is compared: that is made to be costly
	sleep     func(ctx context.Context, d time.Duration) error
}

// New makes the handler, and the one-time key with which it is opened first.
func New(o Options) (*Console, error) {
	c := &Console{o: o, mux: http.NewServeMux(), comparing: make(chan struct{}, 1), sleep: sleep}
	if err := c.key.renew(o.Rand); err != nil {
		return nil, err
	}
	c.mux.HandleFunc("GET /_/health", o.Health)
	c.mux.HandleFunc("GET /_/session", c.getSession)
	c.mux.HandleFunc("POST /_/session", c.postSession)
	c.mux.HandleFunc("DELETE /_/session", c.deleteSession)
	c.mux.HandleFunc("POST /_/password", c.signedIn(c.postPassword))
	c.mux.HandleFunc("POST /_/api/{service}/{operation}", c.signedIn(c.call))
	c.mux.HandleFunc("POST /_/query/{name}", c.signedIn(c.query))
	c.mux.HandleFunc("GET /_/events", c.signedIn(c.events))
	c.mux.HandleFunc("GET /_/logs", c.signedIn(c.logs))
	c.mux.Handle("GET /_/", o.Pages)
	return c, nil
}

// Key is the one-time key of the sign-in link.
func (c *Console) Key() string { return c.key.current() }

// ServeHTTP answers what is below /_/. A page of another origin gets nothing:
// Host must be one of ours (against DNS rebinding), and Origin the same.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !c.ours(r.Host) {
		http.Error(w, "this console is not served under the name "+r.Host, http.StatusMisdirectedRequest)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		if o := r.Header.Get("Origin"); o != "" {
			u, err := url.Parse(o)
			if err != nil || u.Host != r.Host {
				fail(w, http.StatusForbidden, "Forbidden", "a request from another origin is refused")
				return
			}
		}
		if r.Header.Get("X-Tarn") == "" {
			fail(w, http.StatusForbidden, "Forbidden", "a request that changes something needs the header X-Tarn: 1")
			return
		}
	}
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; frame-ancestors 'none'")
	c.mux.ServeHTTP(w, r)
}

func (c *Console) ours(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.Trim(name, "[]")
	if ip := net.ParseIP(name); name == "localhost" || ip != nil && ip.IsLoopback() {
		return true
	}
	for _, h := range c.o.Hosts {
		if name == h {
			return true
		}
	}
	return false
}

func fail(w http.ResponseWriter, status int, code, format string, args ...any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": fmt.Sprintf(format, args...)})
}

// answer writes a value or an error; an error that is not AWS's is logged here.
func (c *Console) answer(w http.ResponseWriter, r *http.Request, v any, err error) {
	if err == nil {
		w.Header().Set("Content-Type", "application/json")
		if b, ok := v.([]byte); ok {
			w.Write(b)
			return
		}
		json.NewEncoder(w).Encode(v)
		return
	}
	if r.Context().Err() != nil {
		return // the page has gone
	}
	var e *awsapi.Error
	if !errors.As(err, &e) {
		c.o.Log.Error("console query failed", "path", r.URL.Path, "error", err)
		fail(w, http.StatusInternalServerError, "InternalFailure", "%s", err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.Status)
	w.Write(awsapi.ErrorJSON(&awsapi.Error{Code: e.Code, Message: e.Message, Hint: e.Hint, Members: e.Members}))
}

const maxBody = 32 << 20

func (c *Console) call(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		fail(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "the request is larger than %d bytes", maxBody)
		return
	}
	out, err := c.o.API(r.Context(), r.PathValue("service"), r.PathValue("operation"), body)
	c.answer(w, r, out, err)
}

func (c *Console) query(w http.ResponseWriter, r *http.Request) {
	q := c.o.Queries[r.PathValue("name")]
	if q == nil {
		fail(w, http.StatusNotFound, "NotFound", "there is no query %q", r.PathValue("name"))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		fail(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "the request is larger than %d bytes", maxBody)
		return
	}
	out, err := q(r.Context(), body)
	c.answer(w, r, out, err)
}
