package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"tarn/internal/pipeline"
)

func TestProgress(t *testing.T) {
	var out bytes.Buffer
	now := time.UnixMilli(0)
	width := 60
	p := &progress{w: &out, now: func() time.Time { return now }, width: func() int { return width }, stop: make(chan struct{})}
	step := func(want string, do func()) {
		t.Helper()
		out.Reset()
		do()
		if got := out.String(); got != want {
			t.Errorf("got\n%q, want\n%q", got, want)
		}
	}
	node := func(state, detail string, seconds float64) *pipeline.Node {
		return &pipeline.Node{Name: "flights-delays", Kind: "job", State: state, Detail: detail, Seconds: seconds}
	}
	step("  ⠋ delays                   running…    0.0s\n", func() { width = 46; p.show(node("RUNNING", "", 0)) })
	now = now.Add(1500 * time.Millisecond)
	step("\x1b[1A\x1b[J  ⠴ delays                   reads … mor…    1.5s\n", func() { width = 50; p.show(node("RUNNING", "reads … more than fits", 0)) })
	step("\x1b[1A\x1b[J  ✓ delays                   12 rows"+strings.Repeat(" ", 45)+"2.0s\n", func() { p.show(node("SUCCEEDED", "12 rows", 2)) })
	step("", p.end)

	// Without a terminal a long node says now and then what it does.
	p = &progress{w: &out, now: func() time.Time { return now }, stop: make(chan struct{})}
	step("", func() { p.show(node("RUNNING", "", 0)); p.show(node("RUNNING", "one", 0)) })
	now = now.Add(11 * time.Second)
	step("  · delays                   two\n", func() { p.show(node("RUNNING", "two", 0)); p.show(node("RUNNING", "three", 0)) })
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		width int
		want  string
	}{{30, "  ✓ a long text here    12.3s"}, {20, "  ✓ a long …   12.3s"}, {5, "  ✓ a"}, {0, ""}} {
		if got := cut("  ✓ a long text here    12.3s", c.width); got != c.want {
			t.Errorf("%d: %q, want %q", c.width, got, c.want)
		}
	}
}
