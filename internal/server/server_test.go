package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
)

func TestPartsStopInOppositeOrder(t *testing.T) {
	var calls []string
	part := func(name string, err error) Part {
		return Part{Name: name,
			Start: func(context.Context) error { calls = append(calls, "start "+name); return err },
			Stop:  func(context.Context) error { calls = append(calls, "stop "+name); return nil }}
	}
	s := New(slog.New(slog.NewTextHandler(io.Discard, nil)))
	broken := errors.New("no disk")
	err := s.Start(t.Context(), part("a", nil), part("b", nil), part("c", broken), part("d", nil))
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "c: no disk") {
		t.Fatalf("error is %v", err)
	}
	want := []string{"start a", "start b", "start c", "stop b", "stop a"}
	if !reflect.DeepEqual(calls, want) {
		t.Fatalf("calls %v, want %v", calls, want)
	}
}

func TestHealthNamesPartsThatAreNotReady(t *testing.T) {
	s := New(slog.New(slog.NewTextHandler(io.Discard, nil)))
	check := func(code int, text string) {
		t.Helper()
		w := httptest.NewRecorder()
		s.Health(w, nil)
		if w.Code != code || !strings.Contains(w.Body.String(), text) {
			t.Fatalf("%d %s, want %d with %s", w.Code, w.Body, code, text)
		}
	}
	check(503, `"Ready":false`)
	err := s.Start(t.Context(), Part{Name: "lake"}, Part{Name: "slow", Start: func(context.Context) error {
		check(503, `{"Name":"slow","State":"starting"}`)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	check(200, `{"Name":"slow","State":"ready"}`)
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(503, `"stopped"`)
}

func TestLoopback(t *testing.T) {
	for addr, want := range map[string]bool{"127.0.0.1:1": true, "localhost:0": true, "[::1]:5": true, "0.0.0.0:1": false, ":4566": false, "192.168.1.2:1": false} {
		if Loopback(addr) != want {
			t.Errorf("Loopback(%q) = %v", addr, !want)
		}
	}
}
