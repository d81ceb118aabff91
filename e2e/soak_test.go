package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A phase is where kill -9 strikes: from the first event of a node on, after up to a while.
type phase struct {
	name, node string
	within     time.Duration
}

var phases = []phase{
	{"upload", "upload", 20 * time.Millisecond},
	{"crawl", "flights", 200 * time.Millisecond},
	{"Spark write", "flights-clean_flights", 5 * time.Second},
	{"commit", "flights-delays", 800 * time.Millisecond},
	{"load", "flights-load-delays", 800 * time.Millisecond},
}

// TestSoak lets months come one after another, and ends tarn with kill -9 in the
// middle of some of the runs. TARN_SOAK=1 makes it a year in ten runs with five
// kills; without, it is two runs with a kill each. TARN_SOAK_SEED repeats one.
func TestSoak(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("TARN_SOAK_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("TARN_SOAK_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))

	// What kills each run, if anything.
	kills := []*phase{&phases[random.IntN(3)], &phases[3+random.IntN(2)]}
	if os.Getenv("TARN_SOAK") != "" {
		kills = make([]*phase, 10)
		for i, at := range random.Perm(len(kills))[:len(phases)] {
			kills[at] = &phases[i]
		}
	}

	temp, err := os.MkdirTemp("", "e2e") // short: sockets are in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(temp) })
	data, dir := dataFolder(t), flights(t, 1)
	t.Setenv("TMPDIR", temp)
	p := start(t, data)
	p.project(dir, "apply")
	p.push(dir)
	next := 2
	for i, at := range kills {
		if i > 0 {
			// An upload can only be struck when there is more than one file; the last run has what is left of the year.
			n := 1
			switch {
			case len(kills) == 10 && i == len(kills)-1:
				n = 12
			case at != nil && at.name == "upload":
				n = 3
			}
			for ; n > 0 && next <= 12; n-- {
				addMonth(t, dir, next)
				next++
			}
		}
		if at == nil {
			p.project(dir, "run")
		} else {
			delay := time.Duration(random.Int64N(int64(at.within)))
			left := p.killDuring(dir, *at, delay)
			p = start(t, data)
			gone(t, left)
			p.goOn(dir)
		}
		if got, want := p.asked(dir), counted(t, dir); got != want {
			t.Fatalf("after run %d: %s, want %s", i+1, got, want)
		}
	}
	if os.Getenv("TARN_SOAK") != "" {
		expect(t, p.asked(dir), whole)
	}
	// Each flight once, and nothing in the table's folder but what the catalog has.
	expect(t, fmt.Sprint(p.one(dir, "select count(*) as n from (select carrier, flight_date, hour, origin, dest, dep_delay, arr_delay from delays except select carrier, flight_date, hour, origin, dest, dep_delay, arr_delay from clean_flights) x")["n"]), "0")
	expect(t, p.script(`
import awswrangler as wr, pyarrow
d = wr.s3.read_parquet("s3://flights-000000000000-us-east-1/curated/clean_flights/", dataset=True, columns=["arr_delay"])
print(len(d))`), fmt.Sprint(p.one(dir, "select count(*) as n from clean_flights")["n"]))

	running := children(t, p.cmd.Process.Pid)
	p.stop()
	gone(t, running)
	for _, folder := range []string{filepath.Join(data, "tmp", "scan"), filepath.Join(data, "tmp", "run"), filepath.Join(data, "tmp", "spill"), filepath.Join(data, "objects", "tmp"), temp} {
		if left := entries(t, folder); len(left) > 0 {
			t.Errorf("left in %s: %v", folder, left)
		}
	}
}

// killDuring starts a run and kills tarn in one of its phases. It answers the
// processes that tarn had.
func (p *tarn) killDuring(dir string, at phase, delay time.Duration) []child {
	p.t.Helper()
	cmd := exec.CommandContext(p.t.Context(), binary(p.t), "run", "--json", "-C", dir)
	cmd.Env = p.env
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		p.t.Fatal(err)
	}
	type event struct{ Type, Node, Kind, State string }
	events := make(chan event)
	go func() {
		defer close(events)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var e event
			if json.Unmarshal(lines.Bytes(), &e) == nil && e.Type == "node" {
				events <- e
			}
		}
	}()
	var due <-chan time.Time
	last, struck := "before the first event", false
	var left []child
	strike := func() {
		if !struck {
			struck = true
			left = children(p.t, p.cmd.Process.Pid)
			p.kill()
			p.t.Logf("killed in %s, %v after its first event: %s", at.name, delay.Round(time.Millisecond), last)
		}
	}
	for events != nil {
		select {
		case e, ok := <-events:
			if !ok {
				events = nil
				break
			}
			last = e.Node + " " + e.State
			if e.Node != at.node {
				break
			}
			if due == nil && e.State != "WAITING" {
				due = time.After(delay)
			}
			if e.State == "SUCCEEDED" || e.State == "FAILED" {
				strike()
			}
		case <-due:
			due = nil
			strike()
			due = make(chan time.Time)
		}
	}
	err = cmd.Wait()
	if !struck {
		p.t.Fatalf("the run ended (%v) before %s began: %s\n%s", err, at.name, last, complaints.String())
	}
	if err == nil {
		p.t.Errorf("the command that followed the run does not say that tarn has gone")
	}
	return left
}

// goOn finishes what a kill has interrupted, as its messages tell a person to.
func (p *tarn) goOn(dir string) {
	p.t.Helper()
	deadline := time.Now().Add(5 * time.Minute)
	args := []string{"run", "--resume"}
	for {
		out, err := p.try(binary(p.t), append(args, "-C", dir)...)
		switch {
		case err == nil && (len(args) == 1 || p.asked(dir) == counted(p.t, dir)):
			return
		case err == nil:
			// What was interrupted is done; a run reads what was uploaded meanwhile.
			args = args[:1]
		case strings.Contains(out, "still goes on"), strings.Contains(out, "one run at a time"):
			time.Sleep(200 * time.Millisecond)
		case strings.Contains(out, "nothing to resume"):
			args = args[:1]
		default:
			p.t.Fatalf("tarn %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("not done after five minutes: %s", out)
		}
	}
}

// entries are the names in a folder.
func entries(t testing.TB, dir string) []string {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range all {
		out = append(out, e.Name())
	}
	return out
}
