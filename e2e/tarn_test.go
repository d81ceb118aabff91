// Package e2e drives the real binary with real clients and a real browser.
// TARN_BIN names the binary, TARN_TEST_PYTHON a Python with the clients of
// scripts/requirements.txt; make e2e sets both.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// root is the project's folder.
func root(t testing.TB) string {
	dir, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func binary(t testing.TB) string {
	bin := os.Getenv("TARN_BIN")
	if bin == "" {
		bin = filepath.Join(root(t), "bin", "tarn")
	}
	if _, err := os.Stat(bin); err != nil {
		t.Fatalf("%v: build it with make build", err)
	}
	return bin
}

func python(t testing.TB) string {
	p := os.Getenv("TARN_TEST_PYTHON")
	if p == "" {
		p = filepath.Join(root(t), ".venv", "bin", "python")
	}
	if _, err := os.Stat(p); err != nil {
		t.Fatalf("%v: make test installs it", err)
	}
	return p
}

// tarn is a running process.
type tarn struct {
	t        testing.TB
	data     string
	cmd      *exec.Cmd
	out      *bytes.Buffer
	env      []string // of clients
	endpoint string
}

// dataFolder makes a data folder whose Python and Java environments are shared
// between tests: installing them is a test of its own (make demo).
func dataFolder(t testing.TB) string {
	dir := t.TempDir()
	envs := filepath.Join(root(t), "build", "e2e", "envs")
	if err := os.MkdirAll(envs, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(envs, filepath.Join(dir, "envs")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// start starts tarn on a data folder and waits until it is ready.
func start(t testing.TB, data string, args ...string) *tarn {
	t.Helper()
	p := &tarn{t: t, data: data, out: &bytes.Buffer{}}
	p.cmd = exec.Command(binary(t), append([]string{"up", "--addr", "127.0.0.1:0", "--pg", "127.0.0.1:0", "--data", data}, args...)...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	deadline := time.Now().Add(30 * time.Second)
	for {
		env, err := exec.Command(binary(t), "env", "--data", data, "--shell", "dotenv").Output()
		if err == nil {
			p.env = append(os.Environ(), strings.Split(strings.TrimSpace(string(env)), "\n")...)
			p.env = append(p.env, "AWS_EC2_METADATA_DISABLED=true", "PATH="+filepath.Dir(python(t))+":"+os.Getenv("PATH"))
			p.endpoint = p.value("AWS_ENDPOINT_URL")
			if resp, err := http.Get(p.endpoint + "/_/health"); err == nil {
				resp.Body.Close()
				if resp.StatusCode == 200 {
					return p
				}
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("tarn is not ready after 30 s:\n%s", p.out)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// in is the same process, seen by a subtest.
func (p *tarn) in(t testing.TB) *tarn {
	q := *p
	q.t = t
	return &q
}

func (p *tarn) value(name string) string {
	for _, v := range p.env {
		if rest, ok := strings.CutPrefix(v, name+"="); ok {
			return rest
		}
	}
	return ""
}

// stop ends tarn as Ctrl-C does.
func (p *tarn) stop() {
	if p.cmd.ProcessState != nil {
		return
	}
	p.cmd.Process.Signal(os.Interrupt)
	done := make(chan error, 1)
	go func() { done <- p.cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			p.t.Errorf("tarn ended with %v:\n%s", err, tail(p.out.String(), 40))
		}
	case <-time.After(45 * time.Second):
		p.cmd.Process.Kill()
		p.t.Errorf("tarn did not stop within 45 s:\n%s", tail(p.out.String(), 40))
	}
}

// kill ends tarn as power loss would: -9, at once.
func (p *tarn) kill() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// run runs a command as a client, and fails the test if it fails.
func (p *tarn) run(name string, args ...string) string {
	p.t.Helper()
	out, err := p.try(name, args...)
	if err != nil {
		p.t.Fatalf("%s %s: %v\n%s\n--- tarn\n%s", name, strings.Join(args, " "), err, out, tail(p.out.String(), 20))
	}
	return out
}

// try runs a command as a client; the output is both of its streams.
func (p *tarn) try(name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(p.t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = p.env
	cmd.Dir = root(p.t)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// script runs Python as a client.
func (p *tarn) script(text string) string {
	p.t.Helper()
	return strings.TrimSpace(p.run(python(p.t), "-c", text))
}

// aws runs the AWS CLI.
func (p *tarn) aws(args ...string) string {
	p.t.Helper()
	return p.run(filepath.Join(filepath.Dir(python(p.t)), "aws"), args...)
}

// tarn runs a tarn command on a project.
func (p *tarn) project(dir string, args ...string) string {
	p.t.Helper()
	return p.run(binary(p.t), append(args, "-C", dir)...)
}

func tail(s string, n int) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// flights copies the example, with only the given months (none: all).
func flights(t testing.TB, months ...int) string {
	dir := filepath.Join(t.TempDir(), "flights")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(root(t), "examples", "flights"))); err != nil {
		t.Fatal(err)
	}
	if len(months) == 0 {
		return dir
	}
	keep := map[string]bool{}
	for _, m := range months {
		keep[month(m)] = true
	}
	files, err := filepath.Glob(filepath.Join(dir, "data", "flights-*.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !keep[filepath.Base(f)] {
			if err := os.Remove(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func month(m int) string { return fmt.Sprintf("flights-2013-%02d.csv.gz", m) }

// addMonth brings a month's file into a project.
func addMonth(t testing.TB, dir string, m int) {
	b, err := os.ReadFile(filepath.Join(root(t), "examples", "flights", "data", month(m)))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "data", month(m)), b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// push uploads the airports as anyone would.
func (p *tarn) push(dir string) {
	p.t.Helper()
	p.aws("s3", "cp", "--no-progress", filepath.Join(dir, "pushed", "airports.csv"), "s3://flights-000000000000-us-east-1/raw/airports/")
}

// sql asks the warehouse by tarn sql, and gives the rows.
func (p *tarn) sql(dir, query string) []map[string]any {
	p.t.Helper()
	cmd := exec.Command(binary(p.t), "sql", query, "-C", dir, "--json")
	cmd.Env = p.env
	out, err := cmd.Output()
	if err != nil {
		stderr := ""
		if e, ok := err.(*exec.ExitError); ok {
			stderr = string(e.Stderr)
		}
		p.t.Fatalf("%s: %v\n%s", query, err, stderr)
	}
	var rows []map[string]any
	dec := json.NewDecoder(bytes.NewReader(out))
	for dec.More() {
		var row map[string]any
		if err := dec.Decode(&row); err != nil {
			p.t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}
