package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// running says how to reach the process that serves a data folder. It is kept
// in the folder while the process lives.
type running struct {
	PID      int    `json:"pid"`
	Endpoint string `json:"endpoint"`
	PGHost   string `json:"pg_host"`
	PGPort   string `json:"pg_port"`
	Account  string `json:"account"`
	Region   string `json:"region"`
}

// lockData makes this process the only one on a data folder, until it ends.
func lockData(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("locking %s: %w", dir, err)
		}
		if r, err := readRunning(dir); err == nil {
			return nil, fmt.Errorf("%s is served by process %d already, at %s\n  Use it:  eval \"$(tarn env --data %[1]s)\"      Or choose another folder:  tarn up --data DIR", dir, r.PID, r.Endpoint)
		}
		return nil, fmt.Errorf("%s is in use by another tarn", dir)
	}
	return f, nil
}

func readRunning(dir string) (running, error) {
	var r running
	b, err := os.ReadFile(filepath.Join(dir, "running.json"))
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(b, &r)
}

func writeRunning(dir string, r running) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	tmp := filepath.Join(dir, "running.json.new")
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(dir, "running.json"))
}

// alive finds the process that serves a data folder, if one does.
func alive(dir string) (running, error) {
	r, err := readRunning(dir)
	if err != nil {
		return r, fmt.Errorf("no tarn serves %s\n  Start one:  tarn up", dir)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR, 0)
	if err != nil {
		return r, err
	}
	defer f.Close()
	if syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil {
		return r, fmt.Errorf("no tarn serves %s (process %d has ended)\n  Start one:  tarn up", dir, r.PID)
	}
	return r, nil
}
