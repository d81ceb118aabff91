package console

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"tarn/internal/meta"
)

// hidden are kinds of documents whose changes are nobody's business.
var hidden = []string{"identity.", "console."}

// stream is a response of server-sent events.
type stream struct {
	w http.ResponseWriter
	c *http.ResponseController
}

func newStream(w http.ResponseWriter) (*stream, error) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	s := &stream{w, http.NewResponseController(w)}
	w.WriteHeader(http.StatusOK)
	return s, s.c.Flush()
}

func (s *stream) send(event string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	text := "data: " + string(b) + "\n\n"
	if event != "" {
		text = "event: " + event + "\n" + text
	}
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.c.Flush()
}

// beat keeps the connection open through proxies, and notices a page that has gone.
func (s *stream) beat() error {
	if _, err := s.w.Write([]byte(": still here\n\n")); err != nil {
		return err
	}
	return s.c.Flush()
}

type change struct {
	Kind    string   `json:"kind"`
	Key     meta.Key `json:"key"`
	Deleted bool     `json:"deleted"`
	Dropped bool     `json:"dropped,omitempty"` // some changes were missed: re-read everything
}

// events tells the page what has changed, so that it never asks again and again.
func (c *Console) events(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	changes := c.o.Store.Watch(ctx)
	s, err := newStream(w)
	if err != nil {
		return
	}
	tick := time.NewTicker(20 * time.Second)
	defer tick.Stop()
	account := c.o.Root().Account
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			err = s.beat()
		case ch, ok := <-changes:
			if !ok {
				return
			}
			if hiddenKind(ch.Kind) || len(ch.Key) > 0 && ch.Key[0] != account && !ch.Dropped {
				continue
			}
			err = s.send("", change{ch.Kind, ch.Key, ch.Deleted, ch.Dropped})
		}
		if err != nil {
			return
		}
	}
}

func hiddenKind(kind string) bool {
	for _, h := range hidden {
		if strings.HasPrefix(kind, h) {
			return true
		}
	}
	return false
}

// logs sends a log from its start, and follows it live.
func (c *Console) logs(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	lines, err := c.o.Follow(ctx, r.URL.Query().Get("group"), r.URL.Query().Get("stream"))
	if err != nil {
		c.answer(w, r, nil, err)
		return
	}
	s, err := newStream(w)
	if err != nil {
		return
	}
	tick := time.NewTicker(20 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			err = s.beat()
		case l, ok := <-lines:
			if !ok {
				s.send("end", struct{}{})
				return
			}
			err = s.send("log", l)
		}
		if err != nil {
			return
		}
	}
}
