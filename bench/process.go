package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"tarn/internal/awsapi"
)

// tarn is a running process.
type tarn struct {
	b        *bench
	cmd      *exec.Cmd
	out      *bytes.Buffer
	data     string
	endpoint string
	pg       string // host:port
	ready    time.Duration
	startCPU time.Duration // until it was ready
}

// freeAddress is an address that nothing listens on at this moment.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// up starts tarn and waits until it says that all is ready.
func (b *bench) up(ctx context.Context, data string, args ...string) (*tarn, error) {
	api, err := freeAddress()
	if err != nil {
		return nil, err
	}
	pg, err := freeAddress()
	if err != nil {
		return nil, err
	}
	p := &tarn{b: b, data: data, endpoint: "http://" + api, pg: pg, out: &bytes.Buffer{}}
	p.cmd = exec.Command(b.bin, append([]string{"up", "--addr", api, "--pg", pg, "--data", data}, args...)...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	// Connections of their own: none of the probes is held up by an earlier one.
	probe := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		if resp, err := probe.Get(p.endpoint + "/_/health"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				break
			}
		}
		if time.Since(began) > time.Minute || ctx.Err() != nil {
			p.cmd.Process.Kill()
			p.cmd.Wait()
			return nil, errors.Join(ctx.Err(), fmt.Errorf("tarn was not ready in time:\n%s", p.out))
		}
		time.Sleep(2 * time.Millisecond)
	}
	p.ready = time.Since(began)
	p.startCPU, err = cpuOf(p.cmd.Process.Pid)
	return p, err
}

// down ends tarn as Ctrl-C does.
func (p *tarn) down() error {
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("tarn ended with %w:\n%s", err, p.out)
	}
	return nil
}

// end is down for a defer, whose error joins what went wrong before.
func (p *tarn) end(err *error) { *err = errors.Join(*err, p.down()) }

// environment is what tarn env prints.
func (p *tarn) environment() (map[string]string, error) {
	var out []byte
	var err error
	for range 100 { // the address is written a moment after all is ready
		if out, err = exec.Command(p.b.bin, "env", "--data", p.data, "--shell", "dotenv").Output(); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil {
		return nil, fmt.Errorf("tarn env: %w", err)
	}
	env := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			env[k] = v
		}
	}
	return env, nil
}

// client speaks to tarn as the root.
func (p *tarn) client() (*awsapi.Client, error) {
	env, err := p.environment()
	if err != nil {
		return nil, err
	}
	return &awsapi.Client{
		Endpoint: p.endpoint, Region: env["AWS_REGION"],
		Credentials: awsapi.Credentials{AccessKeyID: env["AWS_ACCESS_KEY_ID"], SecretAccessKey: env["AWS_SECRET_ACCESS_KEY"]},
		HTTP:        &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32, DisableCompression: true}},
	}, nil
}

// tarn runs a subcommand against the process, on a project.
func (p *tarn) command(ctx context.Context, args ...string) error {
	env, err := p.environment()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, p.b.bin, args...)
	cmd.Env = os.Environ()
	for k, v := range env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("tarn %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// family is the process and all that it has started.
func family(pid int) []int {
	out := []int{pid}
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, t := range tasks {
		text, err := os.ReadFile(t)
		if err != nil {
			continue // the thread has ended
		}
		for _, f := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(f); err == nil {
				out = append(out, family(child)...)
			}
		}
	}
	return out
}

// memoryOf sums what a process and its children hold, in MB of 2^20 bytes.
func memoryOf(pid int) (rss, pss, anonymous float64, err error) {
	for _, id := range family(pid) {
		f, err := os.Open(fmt.Sprintf("/proc/%d/smaps_rollup", id))
		if err != nil {
			return 0, 0, 0, err
		}
		for sc := bufio.NewScanner(f); sc.Scan(); {
			name, rest, _ := strings.Cut(sc.Text(), ":")
			var kb float64
			if _, err := fmt.Sscan(rest, &kb); err != nil {
				continue // the heading
			}
			switch name {
			case "Rss":
				rss += kb / 1024
			case "Pss":
				pss += kb / 1024
			case "Anonymous":
				anonymous += kb / 1024
			}
		}
		f.Close()
	}
	return rss, pss, anonymous, nil
}

// cpuOf is the CPU time of a process and its children, user and system.
func cpuOf(pid int) (time.Duration, error) {
	var sum time.Duration
	for _, id := range family(pid) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", id))
		if err != nil {
			return 0, err
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		f := strings.Fields(rest)
		for _, i := range []int{11, 12} {
			ticks, err := strconv.ParseInt(f[i], 10, 64)
			if err != nil {
				return 0, err
			}
			sum += time.Duration(ticks) * 10 * time.Millisecond
		}
	}
	return sum, nil
}
