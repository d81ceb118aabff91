package pipeline

import (
	"fmt"
	"os"
	"strings"
)

// Problem is something wrong with a project, at its place, with what to do.
type Problem struct {
	File      string // as the person would type it
	Line, Col int    // from 1; 0 where there is none
	Text      string
	Hint      string
	Width     int // characters to mark; 0 for one
}

func (p *Problem) Error() string {
	var b strings.Builder
	switch {
	case p.File != "" && p.Line > 0:
		fmt.Fprintf(&b, "%s:%d:%d  ", p.File, p.Line, p.Col)
	case p.File != "":
		fmt.Fprintf(&b, "%s  ", p.File)
	}
	b.WriteString(p.Text)
	if line, ok := p.source(); ok {
		fmt.Fprintf(&b, "\n%5d | %s\n      | %s%s", p.Line, line, strings.Repeat(" ", max(p.Col-1, 0)), strings.Repeat("^", max(p.Width, 1)))
	}
	if p.Hint != "" {
		b.WriteString("\n  " + p.Hint)
	}
	return b.String()
}

func (p *Problem) source() (string, bool) {
	if p.File == "" || p.Line == 0 {
		return "", false
	}
	b, err := os.ReadFile(p.File)
	if err != nil {
		return "", false
	}
	lines := strings.Split(string(b), "\n")
	if p.Line > len(lines) || len(lines[p.Line-1]) > 200 {
		return "", false
	}
	return strings.TrimRight(lines[p.Line-1], "\r"), true
}

// Problems are several at once: a person fixes them in one go.
type Problems []*Problem

func (ps Problems) Error() string {
	var out []string
	for _, p := range ps {
		out = append(out, p.Error())
	}
	return strings.Join(out, "\n\n")
}

// nearest is the known word that a misspelt one is closest to, if any is close.
func nearest(word string, known []string) string {
	best, bestD := "", len(word)/3+2
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d < bestD {
			best, bestD = k, d
		}
	}
	return best
}

// distance is how many letters must be inserted, removed, replaced or swapped.
func distance(a, b string) int {
	prev2, prev := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur := make([]int, len(b)+1)
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev = prev, cur
	}
	return prev[len(b)]
}
