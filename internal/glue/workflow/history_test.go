package workflow

import (
	"bufio"
	"context"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/meta/sqlite"
)

// plan is a random workflow with the outcome of each of its jobs.
type plan struct {
	triggers []*glue.CreateTriggerInput
	outcome  map[string]string
}

func randomPlan(rnd *rand.Rand) *plan {
	p := &plan{outcome: map[string]string{}}
	n := 2 + rnd.Intn(9)
	kind := func(i int) bool { return i%4 == 3 } // a crawler
	name := func(i int) string { return fmt.Sprintf("n%d", i) }
	for i := range n {
		states := []string{"SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "FAILED", "RETRY"}
		if kind(i) {
			states = []string{"SUCCEEDED", "SUCCEEDED", "FAILED", "CANCELLED"}
		}
		p.outcome[name(i)] = states[rnd.Intn(len(states))]
	}
	action := func(i int) *glue.Action {
		if kind(i) {
			return &glue.Action{CrawlerName: new(name(i))}
		}
		return &glue.Action{JobName: new(name(i))}
	}
	first := 1 + rnd.Intn(min(3, n))
	start := &glue.CreateTriggerInput{Name: new("begin"), Type: new("ON_DEMAND"), WorkflowName: new("w")}
	for i := range first {
		start.Actions = append(start.Actions, action(i))
	}
	p.triggers = append(p.triggers, start)
	for i := first; i < n; i++ {
		t := &glue.CreateTriggerInput{Name: new("t" + name(i)), Type: new("CONDITIONAL"), WorkflowName: new("w"), StartOnCreation: new(true),
			Actions: []*glue.Action{action(i)}, Predicate: &glue.Predicate{Logical: new([]string{"AND", "ANY"}[rnd.Intn(2)])}}
		for range 1 + rnd.Intn(3) {
			j := rnd.Intn(i)
			c := &glue.Condition{LogicalOperator: new("EQUALS")}
			state := "SUCCEEDED"
			if rnd.Intn(4) == 0 {
				state = "FAILED"
			}
			if kind(j) {
				c.CrawlerName, c.CrawlState = new(name(j)), &state
			} else {
				c.JobName, c.State = new(name(j)), &state
			}
			t.Predicate.Conditions = append(t.Predicate.Conditions, c)
		}
		p.triggers = append(p.triggers, t)
	}
	return p
}

// expect is the model: what ends how, by going over the triggers until nothing changes.
func (p *plan) expect() string {
	done := map[string]string{}
	for changed := true; changed; {
		changed = false
		for _, t := range p.triggers {
			fires := t.Predicate == nil
			if !fires {
				met := 0
				for _, c := range t.Predicate.Conditions {
					_, name, state := watched(c)
					if final(done[name]) == state {
						met++
					}
				}
				fires = met == len(t.Predicate.Conditions) || *t.Predicate.Logical == "ANY" && met > 0
			}
			if !fires {
				continue
			}
			for _, a := range t.Actions {
				if _, name := started(a); done[name] == "" {
					done[name] = p.outcome[name]
					changed = true
				}
			}
		}
	}
	var all []string
	for name, o := range done {
		if o == "RETRY" {
			all = append(all, name+":FAILED", name+":SUCCEEDED")
		} else {
			all = append(all, name+":"+o)
		}
	}
	slices.Sort(all)
	return "COMPLETED " + strings.Join(all, " ")
}

func final(outcome string) string {
	if outcome == "RETRY" {
		return "SUCCEEDED"
	}
	return outcome
}

func (p *plan) outcomes(name, id string) string {
	if strings.Contains(id, "_attempt_") {
		return "SUCCEEDED"
	}
	return p.outcome[name]
}

func (p *plan) create(ctx context.Context, s *Service) error {
	if _, err := s.CreateWorkflow(ctx, &glue.CreateWorkflowInput{Name: new("w")}); err != nil {
		return err
	}
	for _, t := range p.triggers {
		if _, err := s.CreateTrigger(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// TestRandomHistories runs random workflows, with the service ended and begun again at random, and compares with the
// model. Nothing may be started twice.
func TestRandomHistories(t *testing.T) {
	for seed := int64(1); seed <= 25; seed++ {
		rnd := rand.New(rand.NewSource(seed))
		p := randomPlan(rnd)
		f := newFixture(t, seed)
		f.jobs.hold, f.jobs.outcome = false, p.outcomes
		f.jobs.delay = func() time.Duration { return time.Duration(rand.Intn(8)) * time.Millisecond }
		f.check(p.create(f.ctx, f.Service))
		out, err := f.StartWorkflowRun(f.ctx, &glue.StartWorkflowRunInput{Name: new("w")})
		f.check(err)
		for range rnd.Intn(4) {
			time.Sleep(time.Duration(rnd.Intn(10)) * time.Millisecond)
			f.restart()
		}
		want := p.expect()
		var got string
		for range 3000 {
			run, err := f.GetWorkflowRun(f.ctx, &glue.GetWorkflowRunInput{Name: new("w"), RunId: out.RunId, IncludeGraph: new(true)})
			f.check(err)
			if got = states(run.Run); got == want {
				break
			}
			time.Sleep(2 * time.Millisecond)
		}
		if got != want {
			t.Fatalf("seed %d: got %s, want %s", seed, got, want)
		}
		if n := len(f.jobs.runs(t)); n != strings.Count(want, ":") {
			t.Errorf("seed %d: %d runs were made for %s", seed, n, want)
		}
	}
}

// childEnv makes the test binary the process that TestKill kills.
const childEnv = "TARN_TEST_WORKFLOW"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		if err := child(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func killPlan() *plan { return randomPlan(rand.New(rand.NewSource(58))) }

// child runs one workflow to its end, beginning it if nobody has, and prints how it ended.
func child(dir string) error {
	store, err := sqlite.Open(filepath.Join(dir, "meta.db"))
	if err != nil {
		return err
	}
	defer store.Close()
	p := killPlan()
	jobs := &fakeJobs{store: store, seed: time.Now().UnixNano(), outcome: p.outcomes, delay: func() time.Duration { return 60 * time.Millisecond }}
	s := newService(store, jobs, time.Now().UnixNano(), time.Now)
	ctx := callerContext()
	if err := jobs.recover(); err != nil {
		return err
	}
	err = p.create(ctx, s)
	if err != nil && !awsapi.IsCode(err, "AlreadyExistsException") {
		return err
	}
	// What an earlier process has left half made is completed.
	for _, t := range p.triggers {
		if _, err := s.CreateTrigger(ctx, t); err != nil && !awsapi.IsCode(err, "AlreadyExistsException") {
			return err
		}
	}
	if err := s.Recover(ctx); err != nil {
		return err
	}
	runs, err := s.GetWorkflowRuns(ctx, &glue.GetWorkflowRunsInput{Name: new("w")})
	if err != nil {
		return err
	}
	if len(runs.Runs) == 0 {
		if _, err := s.StartWorkflowRun(ctx, &glue.StartWorkflowRunInput{Name: new("w")}); err != nil {
			return err
		}
	}
	for change := range store.Watch(ctx, KindRun) {
		_ = change
		runs, err := s.GetWorkflowRuns(ctx, &glue.GetWorkflowRunsInput{Name: new("w"), IncludeGraph: new(true)})
		if err != nil {
			return err
		}
		if got := states(runs.Runs[0]); strings.HasPrefix(got, "COMPLETED") {
			fmt.Println(got)
			return s.Close()
		}
	}
	return nil
}

// TestKill kills the process that runs a workflow again and again, at other moments each time, until it has got to its
// end in spite of that.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	want := killPlan().expect()
	kills := 0
	rnd := rand.New(rand.NewSource(3))
	for round := 0; ; round++ {
		if round == 60 {
			t.Fatal("the workflow never ended")
		}
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"="+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(20+rnd.Intn(70)+round*3)*time.Millisecond, func() { cmd.Process.Kill() })
		var got string
		for lines := bufio.NewScanner(out); lines.Scan(); {
			got = lines.Text()
		}
		err = cmd.Wait()
		timer.Stop()
		if got == "" {
			if kills++; err == nil {
				t.Log("ended without a word")
			}
			if finished(t, dir) {
				break // killed between its end and the word of it
			}
			continue
		}
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		break
	}
	store, err := sqlite.Open(filepath.Join(dir, "meta.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	jobs := &fakeJobs{store: store}
	var all []string
	for _, r := range jobs.runs(t) {
		all = append(all, r.Job+":"+r.State)
	}
	slices.Sort(all)
	if got := "COMPLETED " + strings.Join(all, " "); got != want {
		t.Errorf("after %d kills the runs are %s, want %s", kills, got, want)
	}
	if kills < 2 {
		t.Errorf("the process was killed %d times only", kills)
	}
}

func finished(t *testing.T, dir string) bool {
	t.Helper()
	store, err := sqlite.Open(filepath.Join(dir, "meta.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	s := newService(store, &fakeJobs{store: store}, 1, time.Now)
	runs, err := s.GetWorkflowRuns(callerContext(), &glue.GetWorkflowRunsInput{Name: new("w")})
	return err == nil && len(runs.Runs) == 1 && *runs.Runs[0].Status == "COMPLETED"
}
