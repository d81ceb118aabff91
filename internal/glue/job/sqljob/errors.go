package sqljob

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error is a fault of a SQL file, with its place.
type Error struct {
	File      string
	Line, Col int // from 1; 0 = the file as a whole
	Message   string
	Hint      string // what there is instead, or what to do
	Err       error
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", e.Line, e.Col)
		}
		b.WriteString("  ")
	} else if e.Line > 0 {
		fmt.Fprintf(&b, "line %d, column %d  ", e.Line, e.Col)
	}
	b.WriteString(e.Message)
	if e.Hint != "" {
		b.WriteString("\n  " + e.Hint)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// at makes an error about a byte of the query; a negative one is the file.
func (s *Spec) at(position int, message, hint string, err error) *Error {
	e := &Error{File: s.File, Message: message, Hint: hint, Err: err}
	if position >= 0 && position <= len(s.Query) {
		before := s.Query[:position]
		e.Line = 1 + strings.Count(before, "\n")
		e.Col = 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	}
	return e
}

// nearest is the name most like the one that was not found, if any is near.
func nearest(name string, names []string) string {
	best, distance := "", 1+len(name)/3
	for _, n := range names {
		if d := edits(strings.ToLower(name), strings.ToLower(n)); d < distance || d == distance && best == "" {
			best, distance = n, d
		}
	}
	return best
}

// edits counts insertions, deletions and changes between two words.
func edits(a, b string) int {
	x, y := []rune(a), []rune(b)
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		last := row[0]
		row[0] = i + 1
		for j := range y {
			cost := last
			if x[i] != y[j] {
				cost++
			}
			last = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(y)]
}

// offer lists what there is, and what was probably meant.
func offer(name string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	shown := names
	if len(shown) > 40 {
		shown = shown[:40]
	}
	text := "It has: " + strings.Join(shown, ", ")
	if len(names) > len(shown) {
		text += fmt.Sprintf(" and %d more", len(names)-len(shown))
	}
	text += "."
	if n := nearest(name, names); n != "" {
		text += fmt.Sprintf("   Did you mean %q?", n)
	}
	return text
}
