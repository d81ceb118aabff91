package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// child is a process, told from a later one of the same id by when it began.
type child struct {
	pid, parent      int
	name, began, was string
}

func readChild(pid int) (child, bool) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return child{}, false
	}
	// The name stands in parentheses and may hold anything.
	open, end := strings.IndexByte(string(raw), '('), strings.LastIndexByte(string(raw), ')')
	f := strings.Fields(string(raw[end+1:]))
	parent, err := strconv.Atoi(f[1])
	return child{pid: pid, parent: parent, name: string(raw[open+1 : end]), began: f[19], was: f[0]}, err == nil
}

// alive tells whether the process still runs.
func (c child) alive() bool {
	now, ok := readChild(c.pid)
	return ok && now.began == c.began && now.was != "Z"
}

// children are all processes below one.
func children(t testing.TB, pid int) []child {
	t.Helper()
	names, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	below := map[int][]child{}
	for _, n := range names {
		id, err := strconv.Atoi(filepath.Base(n))
		if err != nil {
			continue
		}
		if c, ok := readChild(id); ok {
			below[c.parent] = append(below[c.parent], c)
		}
	}
	var out []child
	for next := []int{pid}; len(next) > 0; next = next[1:] {
		for _, c := range below[next[0]] {
			out = append(out, c)
			next = append(next, c.pid)
		}
	}
	return out
}

// gone fails the test for each process that still runs after a while.
func gone(t testing.TB, left []child) {
	t.Helper()
	for _, c := range left {
		if !eventually(10*time.Second, func() bool { return !c.alive() }) {
			t.Errorf("%s (%d) outlives the tarn that started it", c.name, c.pid)
		}
	}
}

// eventually tries until it is true or time is up.
func eventually(limit time.Duration, is func() bool) bool {
	for end := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		if is() {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}
