package job

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"time"

	"fmt"
)

// process names a process for good: ids are used again, ids with their start time are not.
type process struct {
	PID     int    `json:"pid"`
	Started string `json:"started,omitempty"`
}

// processOf describes a running process.
func processOf(pid int) process { return process{PID: pid, Started: startTime(pid)} }

// startTime is when a process began, as the kernel counts it; empty where that can't be known.
func startTime(pid int) string {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	// The name, in parentheses, may hold anything.
	fields := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
	if len(fields) < 20 {
		return ""
	}
	return fields[19]
}

// same tells whether the process still is the one that was recorded.
func (p process) same() bool {
	return p.PID > 1 && p.Started != "" && startTime(p.PID) == p.Started
}

// endGroup kills the process group that p leads, if p is still the one recorded, and waits until it is gone.
func (p process) endGroup() {
	if !p.same() {
		return
	}
	if err := syscall.Kill(-p.PID, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		// Not a leader: the process alone.
		_ = syscall.Kill(p.PID, syscall.SIGKILL)
	}
	for range 100 {
		if !p.same() || zombie(p.PID) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// zombie tells whether a process has ended and waits to be collected.
func zombie(pid int) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	fields := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
	return len(fields) > 0 && fields[0] == "Z"
}
