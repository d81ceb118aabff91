package job

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// runner is a warm Python process that forks once a job; see python/tarn_runner/parent.py for the protocol.
type runner struct {
	svc  *Service
	kind string // spark or python

	mu     sync.Mutex
	cmd    *exec.Cmd
	life   io.Closer // its stdin: closing it ends the runner and all its jobs
	socket string
	python string
	gone   chan struct{} // closed when the process has ended
}

type runnerRequest struct {
	Run    string            `json:"run"`
	Script string            `json:"script"`
	Name   string            `json:"name"`
	Argv   []string          `json:"argv"`
	Env    map[string]string `json:"env"`
	Cwd    string            `json:"cwd"`
	Mode   string            `json:"mode"` // spark, python, or release: end a killed job's Spark session
	Paths  []string          `json:"paths,omitempty"`
	// Fresh starts a new interpreter in place of a fork, for jobs that bring packages of their own.
	Fresh bool `json:"fresh,omitempty"`
}

// runnerReply is one line of the runner.
type runnerReply struct {
	PID     int          `json:"pid"`
	Started string       `json:"started"`
	Error   *scriptError `json:"error"`
	Exit    *int         `json:"exit"`
	Signal  int          `json:"signal"`
}

// scriptError is what a script raised.
type scriptError struct {
	Class   string `json:"class"`
	Message string `json:"message"`
	File    string `json:"file"`
	Line    int    `json:"line"`
	Text    string `json:"text"` // the line itself
}

func (e *scriptError) Error() string {
	text := e.Class
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Line > 0 {
		text += fmt.Sprintf(" (%s, line %d", e.File, e.Line)
		if e.Text != "" {
			text += ": " + e.Text
		}
		text += ")"
	}
	return text
}

// ready starts the runner unless it runs.
func (r *runner) ready(ctx context.Context, progress func(string)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd != nil {
		select {
		case <-r.gone:
			r.cmd = nil
		default:
			return nil
		}
	}
	env, err := r.svc.env.python(ctx, r.kind, progress)
	if err != nil {
		return err
	}
	lib, err := r.svc.env.unpack()
	if err != nil {
		return err
	}
	// A socket's address is short (108 bytes), a data folder's may not be.
	dir, err := os.MkdirTemp("", "tarn-")
	if err != nil {
		return err
	}
	r.socket = filepath.Join(dir, r.kind)
	cmd := exec.Command(env, "-m", "tarn_runner", "--socket", r.socket, "--kind", r.kind)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "LANG=C.UTF-8", "PYTHONPATH=" + lib, "PYTHONDONTWRITEBYTECODE=1"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var complaints tailBuffer
	cmd.Stderr = &complaints
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start Python: %w", err)
	}
	gone := make(chan struct{})
	lines := bufio.NewReader(out)
	said := make(chan error, 1)
	go func() {
		line, err := lines.ReadString('\n')
		if err == nil && line != "ready\n" {
			err = fmt.Errorf("it said %q", line)
		}
		said <- err
		_, _ = io.Copy(io.Discard, lines)
		_ = cmd.Wait()
		os.RemoveAll(dir)
		close(gone)
	}()
	if err := r.svc.remember("runner-"+r.kind, processOf(cmd.Process.Pid)); err != nil {
		in.Close()
		return err
	}
	select {
	case err = <-said:
	case <-time.After(2 * time.Minute):
		err = errors.New("not ready after two minutes")
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		in.Close()
		_ = cmd.Process.Kill()
		return fmt.Errorf("the Python runner did not start: %w: %s", err, lastLine(complaints.String()))
	}
	r.cmd, r.life, r.gone, r.python = cmd, in, gone, env
	return nil
}

// run carries out one request and answers when the job's process has ended. started is told its process first.
func (r *runner) run(ctx context.Context, q runnerRequest, stdout, stderr io.Writer, started func(process) error) error {
	r.mu.Lock()
	socket, gone := r.socket, r.gone
	r.mu.Unlock()
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		return fmt.Errorf("the Python runner is not there: %w", err)
	}
	defer conn.Close()

	var copies sync.WaitGroup
	var theirs []*os.File
	var ours []*os.File
	closeAll := func(files []*os.File) {
		for _, f := range files {
			f.Close()
		}
	}
	for _, to := range []io.Writer{stdout, stderr} {
		read, write, err := os.Pipe()
		if err != nil {
			closeAll(theirs)
			closeAll(ours)
			return err
		}
		theirs, ours = append(theirs, write), append(ours, read)
		copies.Go(func() { _, _ = io.Copy(to, read) })
	}
	defer closeAll(ours)
	raw, err := json.Marshal(q)
	if err == nil {
		rights := syscall.UnixRights(int(theirs[0].Fd()), int(theirs[1].Fd()))
		raw = append(raw, '\n')
		var n int
		n, _, err = conn.WriteMsgUnix(raw, rights, nil)
		if err == nil && n < len(raw) {
			_, err = conn.Write(raw[n:])
		}
	}
	closeAll(theirs)
	if err != nil {
		return fmt.Errorf("the Python runner took no request: %w", err)
	}

	replies := make(chan runnerReply)
	broken := make(chan error, 1)
	go func() {
		d := json.NewDecoder(conn)
		for {
			var m runnerReply
			if err := d.Decode(&m); err != nil {
				broken <- err
				return
			}
			select {
			case replies <- m:
			case <-gone:
				return
			}
			if m.Exit != nil {
				return
			}
		}
	}()
	var raised *scriptError
	done := ctx.Done()
	var kill <-chan time.Time
	for {
		select {
		case m := <-replies:
			switch {
			case m.Exit != nil:
				wait(&copies, 5*time.Second)
				if q.Mode == "spark" && m.Signal != 0 && !errors.Is(context.Cause(ctx), errSparkEnded) && !errors.Is(context.Cause(ctx), errStopping) {
					r.release(q)
				}
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				return outcome(m, raised)
			case m.Error != nil:
				raised = m.Error
			case m.PID != 0:
				if err := started(process{m.PID, m.Started}); err != nil {
					return err
				}
			}
		case <-done:
			done = nil
			kill = time.After(5 * time.Second)
			_, _ = conn.Write([]byte("{\"signal\": \"TERM\"}\n"))
		case <-kill:
			kill = nil
			_, _ = conn.Write([]byte("{\"signal\": \"KILL\"}\n"))
		case err := <-broken:
			return fmt.Errorf("the Python runner ended during this run: %w", err)
		case <-gone:
			return errors.New("the Python runner ended during this run")
		}
	}
}

func outcome(m runnerReply, raised *scriptError) error {
	switch {
	case raised != nil:
		return raised
	case m.Signal != 0:
		text := fmt.Sprintf("the script's process was ended by signal %d", m.Signal)
		if m.Signal == int(syscall.SIGKILL) {
			text += ", which is what a machine without memory does"
		}
		return errors.New(text)
	case *m.Exit != 0:
		return &scriptError{Class: "SystemExit", Message: fmt.Sprint(*m.Exit)}
	}
	return nil
}

// release ends the Spark session of a job that was killed and could not do it itself.
func (r *runner) release(q runnerRequest) {
	q.Mode, q.Fresh = "release", false
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := r.run(ctx, q, io.Discard, io.Discard, func(process) error { return nil }); err != nil {
		r.svc.o.Log.Warn("the Spark session of a killed run may go on until it times out", "run", q.Run, "error", err)
	}
}

// close ends the runner and everything it forked.
func (r *runner) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd == nil {
		return
	}
	r.life.Close()
	select {
	case <-r.gone:
	case <-time.After(3 * time.Second):
		_ = syscall.Kill(-r.cmd.Process.Pid, syscall.SIGKILL)
		<-r.gone
	}
	r.cmd = nil
	if err := r.svc.forget("runner-" + r.kind); err != nil {
		r.svc.o.Log.Warn("record of an ended process stays", "error", err)
	}
}

func wait(g *sync.WaitGroup, most time.Duration) {
	done := make(chan struct{})
	go func() { g.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(most):
	}
}

// tailBuffer keeps the last part of what is written to it.
type tailBuffer struct {
	mu  sync.Mutex
	buf []byte
}

func (t *tailBuffer) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if len(t.buf) > 4096 {
		t.buf = append([]byte(nil), t.buf[len(t.buf)-4096:]...)
	}
	return len(p), nil
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

func (t *tailBuffer) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf)
}
