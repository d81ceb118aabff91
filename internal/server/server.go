// Package server runs tarn's parts in one process: it starts them in order,
// stops them in the opposite order, opens the listeners, and says when all is
// ready. It knows no service: cmd/tarn hands it parts.
package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Part is something that lives as long as the process.
type Part struct {
	Name string
	// Start brings the part up; a part that fails to start ends the process.
	Start func(context.Context) error
	// Stop ends it within the context's time.
	Stop func(context.Context) error
}

// Server is the running process.
type Server struct {
	log *slog.Logger

	mu      sync.Mutex
	started []Part
	states  map[string]string // name -> "starting", "ready" or the error
	order   []string
}

// New makes a server without parts.
func New(log *slog.Logger) *Server { return &Server{log: log, states: map[string]string{}} }

// Start starts one part after the other; on an error, what has started is stopped again.
func (s *Server) Start(ctx context.Context, parts ...Part) error {
	for _, p := range parts {
		s.set(p.Name, "starting")
	}
	for _, p := range parts {
		begin := time.Now()
		if p.Start != nil {
			if err := p.Start(ctx); err != nil {
				s.set(p.Name, err.Error())
				return errors.Join(fmt.Errorf("%s: %w", p.Name, err), s.Stop(context.WithoutCancel(ctx)))
			}
		}
		s.mu.Lock()
		s.started = append(s.started, p)
		s.mu.Unlock()
		s.set(p.Name, "ready")
		s.log.Debug("started", "part", p.Name, "seconds", time.Since(begin).Seconds())
	}
	return nil
}

func (s *Server) set(name, state string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.states[name]; !ok {
		s.order = append(s.order, name)
	}
	s.states[name] = state
}

// Stop stops all parts in the opposite order of their start, and tells of every failure.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	parts := s.started
	s.started = nil
	s.mu.Unlock()
	var errs []error
	for i := len(parts) - 1; i >= 0; i-- {
		s.set(parts[i].Name, "stopped")
		if parts[i].Stop == nil {
			continue
		}
		if err := parts[i].Stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", parts[i].Name, err))
		}
	}
	return errors.Join(errs...)
}

// Health answers 200 once every part is ready, 503 before and while stopping.
func (s *Server) Health(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	type part struct{ Name, State string }
	out := struct {
		Ready bool
		Parts []part
	}{Ready: len(s.order) > 0}
	for _, n := range s.order {
		out.Parts = append(out.Parts, part{n, s.states[n]})
		out.Ready = out.Ready && s.states[n] == "ready"
	}
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if !out.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	json.NewEncoder(w).Encode(out)
}

// Listen opens an address. A loopback address is opened on ::1 as well, as
// "localhost" may mean either; port 0 takes a free port, the same on both.
func Listen(addr string) ([]net.Listener, error) {
	first, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	ls := []net.Listener{first}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	if host == "127.0.0.1" || host == "localhost" {
		_, port, err := net.SplitHostPort(first.Addr().String())
		if err != nil {
			return nil, err
		}
		if second, err := net.Listen("tcp", net.JoinHostPort("::1", port)); err == nil { // a machine without IPv6 does without
			ls = append(ls, second)
		}
	}
	return ls, nil
}

// Loopback tells whether an address can be reached from this machine only.
func Loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// HTTP is the part that serves a handler on listeners.
func HTTP(name string, ls []net.Listener, h http.Handler, log *slog.Logger) Part {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	return Part{
		Name: name,
		Start: func(context.Context) error {
			for _, l := range ls {
				go func() {
					if err := srv.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
						log.Error("listener ended", "address", l.Addr().String(), "error", err)
					}
				}()
			}
			return nil
		},
		Stop: func(ctx context.Context) error {
			grace, cancel := context.WithTimeout(ctx, 5*time.Second)
			defer cancel()
			if err := srv.Shutdown(grace); err != nil {
				return srv.Close() // streams (events, logs) do not end by themselves
			}
			return nil
		},
	}
}
