package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"tarn/internal/pipeline"
)

// progress prints the nodes of a run, a line each when it ends. On a terminal the
// running ones stay below, with what they do and for how long; elsewhere what a
// long one does is said now and then.
type progress struct {
	w           io.Writer
	json, quiet bool
	width       func() int // of the terminal; nil where there is none
	now         func() time.Time
	stop        chan struct{}

	mu      sync.Mutex
	running []*runningNode
	drawn   int // lines below the ended ones
}

// runningNode is a node and since when it is seen to run.
type runningNode struct {
	*pipeline.Node
	since, said time.Time
}

// patience is how long nothing is said, where there is no terminal, of a node that runs on.
const patience = 10 * time.Second

func newProgress(w io.Writer, asJSON, quiet bool) *progress {
	p := &progress{w: w, json: asJSON, quiet: quiet, now: time.Now, stop: make(chan struct{})}
	if f, ok := w.(*os.File); ok && !asJSON && isTerminal(w) && os.Getenv("TERM") != "dumb" {
		p.width = func() int {
			columns, _, err := term.GetSize(int(f.Fd()))
			if err != nil || columns == 0 {
				return 80
			}
			return columns
		}
		go p.tick()
	}
	return p
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// tick keeps the clocks of what runs going.
func (p *progress) tick() {
	t := time.NewTicker(100 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-t.C:
			p.mu.Lock()
			p.erase()
			p.draw()
			p.mu.Unlock()
		}
	}
}

// end leaves only the lines of what has ended.
func (p *progress) end() {
	close(p.stop)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	p.running = nil
}

func (p *progress) show(n *pipeline.Node) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.json {
		p.event(n)
		return
	}
	if p.quiet && !n.Failed() {
		return
	}
	p.erase()
	r := p.take(n)
	switch {
	case n.Over():
		fmt.Fprintln(p.w, endLine(n))
	default:
		p.running = append(p.running, r)
		if p.width == nil && n.Detail != "" && p.now().Sub(r.said) > patience {
			r.said = p.now()
			fmt.Fprintf(p.w, "  · %-24s %s\n", nodeName(n), n.Detail)
		}
	}
	p.draw()
}

func (p *progress) event(n *pipeline.Node) {
	m := map[string]any{"type": "node", "node": n.Name, "kind": n.Kind, "state": n.State, "seconds": n.Seconds}
	if n.Detail != "" {
		m["detail"] = n.Detail
	}
	if n.Error != "" {
		m["error"] = map[string]any{"message": n.Error}
	}
	f := projectFlags{}
	f.event(p.w, m)
}

// take takes a node out of those that run, with its clock.
func (p *progress) take(n *pipeline.Node) *runningNode {
	for i, r := range p.running {
		if r.Name == n.Name && r.Kind == n.Kind {
			p.running = append(p.running[:i], p.running[i+1:]...)
			return &runningNode{n, r.since, r.said}
		}
	}
	return &runningNode{n, p.now(), p.now()}
}

const spinner = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"

func (p *progress) draw() {
	if p.width == nil {
		return
	}
	marks := []rune(spinner)
	now := p.now()
	for _, r := range p.running {
		text := r.Detail
		if text == "" {
			text = strings.ToLower(r.State)
		}
		mark := marks[now.UnixMilli()/100%int64(len(marks))]
		fmt.Fprintln(p.w, cut(nodeLine(string(mark), r.Node, text, now.Sub(r.since)), p.width()-1))
	}
	p.drawn = len(p.running)
}

func (p *progress) erase() {
	if p.drawn > 0 {
		fmt.Fprintf(p.w, "\x1b[%dA\x1b[J", p.drawn)
		p.drawn = 0
	}
}

// endLine is the line that stays of a node.
func endLine(n *pipeline.Node) string {
	took := time.Duration(n.Seconds * float64(time.Second))
	if n.Failed() {
		text, _, _ := strings.Cut(firstOf(n.Error, n.State), "\n")
		return nodeLine("✗", n, text, took)
	}
	return nodeLine("✓", n, n.Detail, took)
}

func nodeLine(mark string, n *pipeline.Node, text string, took time.Duration) string {
	return fmt.Sprintf("  %s %-24s %-48s %6.1fs", mark, nodeName(n), text, took.Seconds())
}

// nodeName is a node's name without the project.
func nodeName(n *pipeline.Node) string {
	if n.Kind == "crawl" {
		return "crawl"
	}
	if _, job, ok := strings.Cut(n.Name, "-"); ok && n.Kind == "job" {
		return job
	}
	return n.Name
}

// cut shortens a line to a width, so that it takes one line of the terminal: of the
// text in the middle, not of the time at the end.
func cut(line string, width int) string {
	over := utf8.RuneCountInString(line) - width
	if over <= 0 {
		return line
	}
	r := []rune(line)
	tail := len(r) - 8 // " 123.4s"
	keep := tail - over - 1
	if keep < 1 {
		return string(r[:max(width, 0)])
	}
	return string(r[:keep]) + "…" + string(r[tail:])
}
