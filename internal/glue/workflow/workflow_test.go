package workflow

import (
	"context"
	"fmt"
	"math/rand"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/meta"
	"tarn/internal/meta/sqlite"
)

type fixture struct {
	*Service
	t     *testing.T
	ctx   context.Context
	jobs  *fakeJobs
	store meta.Store
}

func newFixture(t *testing.T, seed int64) *fixture {
	store, err := sqlite.Open(filepath.Join(t.TempDir(), "meta.db"))
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, ctx: callerContext(), store: store}
	f.jobs = &fakeJobs{store: store, seed: seed, hold: true, refuse: map[string]error{}}
	f.Service = newService(store, f.jobs, seed, time.Now)
	if err := f.Recover(f.ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.Service.Close()
		store.Close()
	})
	return f
}

// restart ends the service and begins another on the same store.
func (f *fixture) restart() {
	f.t.Helper()
	f.Service.Close()
	f.Service = newService(f.store, f.jobs, rand.Int63(), time.Now)
	if err := f.Recover(f.ctx); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) check(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) code(what, want string, err error) {
	f.t.Helper()
	if !awsapi.IsCode(err, want) {
		f.t.Errorf("%s: got %v, want %s", what, err, want)
	}
}

func actions(names ...string) []*glue.Action {
	var all []*glue.Action
	for _, n := range names {
		if crawler, ok := strings.CutPrefix(n, "crawler:"); ok {
			all = append(all, &glue.Action{CrawlerName: &crawler})
		} else {
			all = append(all, &glue.Action{JobName: &n})
		}
	}
	return all
}

// when makes a predicate of conditions such as "a SUCCEEDED" and "crawler:c FAILED".
func when(logical string, conditions ...string) *glue.Predicate {
	p := &glue.Predicate{}
	if logical != "" {
		p.Logical = &logical
	}
	for _, c := range conditions {
		name, state, _ := strings.Cut(c, " ")
		cond := &glue.Condition{LogicalOperator: new("EQUALS")}
		if crawler, ok := strings.CutPrefix(name, "crawler:"); ok {
			cond.CrawlerName, cond.CrawlState = &crawler, &state
		} else {
			cond.JobName, cond.State = &name, &state
		}
		p.Conditions = append(p.Conditions, cond)
	}
	return p
}

func (f *fixture) trigger(workflow, name, kind string, p *glue.Predicate, starts ...string) {
	f.t.Helper()
	in := &glue.CreateTriggerInput{Name: &name, Type: &kind, Predicate: p, Actions: actions(starts...)}
	if workflow != "" {
		in.WorkflowName = &workflow
	}
	if kind != glue.TriggerTypeOnDemand {
		in.StartOnCreation = new(true)
	}
	_, err := f.CreateTrigger(f.ctx, in)
	f.check(err)
}

// flights is a workflow: crawl, then clean and weather, then delays when both are well, and mail when either fails.
func (f *fixture) flights() {
	f.t.Helper()
	_, err := f.CreateWorkflow(f.ctx, &glue.CreateWorkflowInput{Name: new("flights"), DefaultRunProperties: map[string]string{"env": "dev", "start": "0"}, MaxConcurrentRuns: new(int32(1))})
	f.check(err)
	f.trigger("flights", "begin", "ON_DEMAND", nil, "crawler:raw")
	f.trigger("flights", "crawled", "CONDITIONAL", when("", "crawler:raw SUCCEEDED"), "clean", "weather")
	f.trigger("flights", "ready", "CONDITIONAL", when("AND", "clean SUCCEEDED", "weather SUCCEEDED"), "delays")
	f.trigger("flights", "failed", "CONDITIONAL", when("ANY", "clean FAILED", "weather FAILED"), "mail")
}

func (f *fixture) start() string {
	f.t.Helper()
	out, err := f.StartWorkflowRun(f.ctx, &glue.StartWorkflowRunInput{Name: new("flights"), RunProperties: map[string]string{"start": "1"}})
	f.check(err)
	return *out.RunId
}

func (f *fixture) get(run string) *glue.WorkflowRun {
	f.t.Helper()
	out, err := f.GetWorkflowRun(f.ctx, &glue.GetWorkflowRunInput{Name: new("flights"), RunId: &run, IncludeGraph: new(true)})
	f.check(err)
	return out.Run
}

// states prints how a run's nodes are.
func states(r *glue.WorkflowRun) string {
	var all []string
	for _, n := range r.Graph.Nodes {
		switch {
		case n.JobDetails != nil:
			for _, j := range n.JobDetails.JobRuns {
				all = append(all, *n.Name+":"+*j.JobRunState)
			}
		case n.CrawlerDetails != nil:
			for _, c := range n.CrawlerDetails.Crawls {
				all = append(all, *n.Name+":"+*c.State)
			}
		}
	}
	slices.Sort(all)
	return *r.Status + " " + strings.Join(all, " ")
}

// until waits until a run is as wanted.
func (f *fixture) until(run, want string) *glue.WorkflowRun {
	f.t.Helper()
	var got string
	for range 2000 {
		r := f.get(run)
		if got = states(r); got == want {
			return r
		}
		time.Sleep(2 * time.Millisecond)
	}
	f.t.Fatalf("the run is %s, want %s", got, want)
	return nil
}

// end lets the runs of a job end that go on.
func (f *fixture) end(name, state string) {
	f.t.Helper()
	ended := 0
	for _, r := range f.jobs.runs(f.t) {
		if r.Job == name && r.State == "RUNNING" {
			f.jobs.finish(name, r.ID, state)
			ended++
		}
	}
	if ended == 0 {
		f.t.Fatalf("no run of %s goes on", name)
	}
}

func TestRun(t *testing.T) {
	f := newFixture(t, 1)
	f.flights()
	run := f.start()
	if !strings.HasPrefix(run, "wr_") || len(run) != 67 {
		t.Errorf("run id %s", run)
	}
	f.until(run, "RUNNING raw:RUNNING")
	_, err := f.StartWorkflowRun(f.ctx, &glue.StartWorkflowRunInput{Name: new("flights")})
	f.code("second run", "ConcurrentRunsExceededException", err)
	_, err = f.PutWorkflowRunProperties(f.ctx, &glue.PutWorkflowRunPropertiesInput{Name: new("flights"), RunId: &run, RunProperties: map[string]string{"rows": "7"}})
	f.check(err)
	f.end("raw", "SUCCEEDED")
	f.until(run, "RUNNING clean:RUNNING raw:SUCCEEDED weather:RUNNING")
	f.restart()
	f.end("clean", "SUCCEEDED")
	f.until(run, "RUNNING clean:SUCCEEDED raw:SUCCEEDED weather:RUNNING")
	f.end("weather", "SUCCEEDED")
	r := f.until(run, "RUNNING clean:SUCCEEDED delays:RUNNING raw:SUCCEEDED weather:SUCCEEDED")
	for _, n := range r.Graph.Nodes {
		if *n.Name == "delays" {
			j := n.JobDetails.JobRuns[0]
			if *j.TriggerName != "ready" || len(j.PredecessorRuns) != 2 {
				t.Errorf("delays was started by %s after %d", *j.TriggerName, len(j.PredecessorRuns))
			}
		}
	}
	f.end("delays", "SUCCEEDED")
	r = f.until(run, "COMPLETED clean:SUCCEEDED delays:SUCCEEDED raw:SUCCEEDED weather:SUCCEEDED")
	if s := r.Statistics; *s.TotalActions != 5 || *s.SucceededActions != 4 || *s.FailedActions != 0 || *s.RunningActions != 0 {
		t.Errorf("statistics: %d of %d", *s.SucceededActions, *s.TotalActions)
	}
	if got := fmt.Sprint(r.WorkflowRunProperties); got != "map[env:dev rows:7 start:1]" {
		t.Errorf("properties: %s", got)
	}
	if len(r.Graph.Nodes) != 9 || len(r.Graph.Edges) != 10 {
		t.Errorf("graph: %d nodes, %d edges", len(r.Graph.Nodes), len(r.Graph.Edges))
	}
	w, err := f.GetWorkflow(f.ctx, &glue.GetWorkflowInput{Name: new("flights"), IncludeGraph: new(true)})
	f.check(err)
	if *w.Workflow.LastRun.WorkflowRunId != run || len(w.Workflow.Graph.Nodes) != 9 {
		t.Errorf("workflow: %+v", w.Workflow)
	}
	if *w.Workflow.Graph.Nodes[0].UniqueId != *r.Graph.Nodes[0].UniqueId {
		t.Error("the design's nodes have other ids than the run's")
	}
	_, err = f.StopWorkflowRun(f.ctx, &glue.StopWorkflowRunInput{Name: new("flights"), RunId: &run})
	f.code("stop of what has ended", "IllegalWorkflowStateException", err)
}

func TestFailureAndResume(t *testing.T) {
	f := newFixture(t, 2)
	f.flights()
	run := f.start()
	f.until(run, "RUNNING raw:RUNNING")
	f.end("raw", "SUCCEEDED")
	f.until(run, "RUNNING clean:RUNNING raw:SUCCEEDED weather:RUNNING")
	f.end("clean", "FAILED")
	f.until(run, "RUNNING clean:FAILED mail:RUNNING raw:SUCCEEDED weather:RUNNING")
	f.end("weather", "SUCCEEDED")
	_, err := f.ResumeWorkflowRun(f.ctx, &glue.ResumeWorkflowRunInput{Name: new("flights"), RunId: &run, NodeIds: []string{"x"}})
	f.code("resume of what runs", "IllegalWorkflowStateException", err)
	f.end("mail", "SUCCEEDED")
	r := f.until(run, "COMPLETED clean:FAILED mail:SUCCEEDED raw:SUCCEEDED weather:SUCCEEDED")
	ids := map[string]string{}
	for _, n := range r.Graph.Nodes {
		ids[*n.Name] = *n.UniqueId
	}
	for _, bad := range []string{"x", ids["begin"], ids["delays"]} {
		_, err = f.ResumeWorkflowRun(f.ctx, &glue.ResumeWorkflowRunInput{Name: new("flights"), RunId: &run, NodeIds: []string{bad}})
		f.code("resume of "+bad, "InvalidInputException", err)
	}
	// mail comes after clean, so it drops out.
	again, err := f.ResumeWorkflowRun(f.ctx, &glue.ResumeWorkflowRunInput{Name: new("flights"), RunId: &run, NodeIds: []string{ids["mail"], ids["clean"]}})
	f.check(err)
	if !slices.Equal(again.NodeIds, []string{ids["clean"]}) || *again.RunId == run {
		t.Errorf("resumed %v as %s", again.NodeIds, *again.RunId)
	}
	r = f.until(*again.RunId, "RUNNING clean:RUNNING raw:SUCCEEDED weather:SUCCEEDED")
	if *r.PreviousRunId != run {
		t.Errorf("the run before is %s", *r.PreviousRunId)
	}
	f.end("clean", "SUCCEEDED")
	f.until(*again.RunId, "RUNNING clean:SUCCEEDED delays:RUNNING raw:SUCCEEDED weather:SUCCEEDED")
	f.end("delays", "TIMEOUT")
	f.until(*again.RunId, "COMPLETED clean:SUCCEEDED delays:TIMEOUT raw:SUCCEEDED weather:SUCCEEDED")
	f.until(run, "COMPLETED clean:FAILED mail:SUCCEEDED raw:SUCCEEDED weather:SUCCEEDED") // the old one stays
	runs, err := f.GetWorkflowRuns(f.ctx, &glue.GetWorkflowRunsInput{Name: new("flights")})
	f.check(err)
	if len(runs.Runs) != 2 || *runs.Runs[0].WorkflowRunId != *again.RunId {
		t.Errorf("runs are not the newest first: %d", len(runs.Runs))
	}
}

func TestStop(t *testing.T) {
	f := newFixture(t, 3)
	f.flights()
	run := f.start()
	f.until(run, "RUNNING raw:RUNNING")
	f.end("raw", "SUCCEEDED")
	f.until(run, "RUNNING clean:RUNNING raw:SUCCEEDED weather:RUNNING")
	f.end("clean", "SUCCEEDED")
	f.until(run, "RUNNING clean:SUCCEEDED raw:SUCCEEDED weather:RUNNING")
	_, err := f.StopWorkflowRun(f.ctx, &glue.StopWorkflowRunInput{Name: new("flights"), RunId: &run})
	f.check(err)
	f.until(run, "STOPPED clean:SUCCEEDED raw:SUCCEEDED weather:STOPPED")
}

func TestRetriesAndRefusals(t *testing.T) {
	f := newFixture(t, 4)
	f.flights()
	f.jobs.refuse["weather"] = glue.EntityNotFoundException("Failed to start job run due to missing metadata")
	run := f.start()
	f.until(run, "RUNNING raw:RUNNING")
	f.end("raw", "SUCCEEDED")
	f.until(run, "RUNNING clean:RUNNING raw:SUCCEEDED weather:ERROR")
	f.end("clean", "RETRY")
	f.until(run, "RUNNING clean:FAILED clean:RUNNING raw:SUCCEEDED weather:ERROR")
	f.end("clean", "SUCCEEDED")
	f.until(run, "COMPLETED clean:FAILED clean:SUCCEEDED raw:SUCCEEDED weather:ERROR")
	f.jobs.refuse["weather"] = glue.ConcurrentRunsExceededException("Concurrent runs exceeded for weather")
	run = f.start()
	f.until(run, "RUNNING raw:RUNNING")
	f.end("raw", "SUCCEEDED")
	f.until(run, "RUNNING clean:RUNNING mail:RUNNING raw:SUCCEEDED weather:FAILED")
}

func TestTriggersOutsideWorkflows(t *testing.T) {
	f := newFixture(t, 5)
	f.trigger("", "go", "ON_DEMAND", nil, "a", "b")
	f.trigger("", "then", "CONDITIONAL", when("AND", "a SUCCEEDED", "b SUCCEEDED"), "c")
	count := func(job string) (n int) {
		for _, r := range f.jobs.runs(t) {
			if r.Job == job {
				n++
			}
		}
		return n
	}
	wait := func(job string, n int) {
		t.Helper()
		for range 2000 {
			if count(job) == n {
				return
			}
			time.Sleep(2 * time.Millisecond)
		}
		t.Fatalf("%d runs of %s, want %d", count(job), job, n)
	}
	// A run by hand does not count.
	f.check(f.jobs.StartRun(f.ctx, JobStart{JobName: "a", RunID: "by-hand"}))
	f.end("a", "SUCCEEDED")
	_, err := f.StartTrigger(f.ctx, &glue.StartTriggerInput{Name: new("go")})
	f.check(err)
	wait("b", 1)
	f.end("b", "SUCCEEDED")
	time.Sleep(30 * time.Millisecond)
	if count("c") != 0 {
		t.Fatal("a run that was started by hand made a trigger fire")
	}
	f.restart()
	f.end("a", "SUCCEEDED")
	wait("c", 1)
	f.end("c", "SUCCEEDED")
	// Each condition must be met again.
	_, err = f.StartTrigger(f.ctx, &glue.StartTriggerInput{Name: new("go")})
	f.check(err)
	wait("b", 2)
	wait("a", 3)
	f.end("b", "SUCCEEDED")
	_, err = f.StopTrigger(f.ctx, &glue.StopTriggerInput{Name: new("then")})
	f.check(err)
	f.end("a", "SUCCEEDED")
	time.Sleep(30 * time.Millisecond)
	if count("c") != 1 {
		t.Error("a deactivated trigger fired")
	}
}

func TestTriggerChecks(t *testing.T) {
	f := newFixture(t, 6)
	cases := []struct {
		in   glue.CreateTriggerInput
		code string
		want string
	}{
		{glue.CreateTriggerInput{Type: new("ON_DEMAND")}, "InvalidInputException", "at least one action"},
		{glue.CreateTriggerInput{Type: new("ON_DEMAND"), Actions: actions("a"), StartOnCreation: new(true)}, "InvalidInputException", "StartOnCreation is not supported"},
		{glue.CreateTriggerInput{Type: new("ON_DEMAND"), Actions: actions("crawler:a", "crawler:b", "crawler:c")}, "InvalidInputException", "at most 2 crawlers"},
		{glue.CreateTriggerInput{Type: new("SCHEDULED"), Actions: actions("a")}, "InvalidInputException", "needs a Schedule"},
		{glue.CreateTriggerInput{Type: new("SCHEDULED"), Actions: actions("a"), Schedule: new("cron(0 0 * * * *)")}, "InvalidInputException", "exactly one of"},
		{glue.CreateTriggerInput{Type: new("CONDITIONAL"), Actions: actions("a")}, "InvalidInputException", "needs a Predicate"},
		{glue.CreateTriggerInput{Type: new("CONDITIONAL"), Actions: actions("a"), Predicate: when("", "b SUCCEEDED", "c SUCCEEDED")}, "InvalidInputException", "needs Logical"},
		{glue.CreateTriggerInput{Type: new("CONDITIONAL"), Actions: actions("a"), Predicate: when("", "b RUNNING")}, "InvalidInputException", "must have one of the states"},
		{glue.CreateTriggerInput{Type: new("EVENT"), Actions: actions("a")}, "InvalidInputException", "EVENT triggers are not supported"},
		{glue.CreateTriggerInput{Type: new("ON_DEMAND"), Actions: actions("a"), WorkflowName: new("none")}, "EntityNotFoundException", "Workflow none not found"},
	}
	for _, c := range cases {
		c.in.Name = new("t")
		_, err := f.CreateTrigger(f.ctx, &c.in)
		if !awsapi.IsCode(err, c.code) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	f.flights()
	_, err := f.CreateTrigger(f.ctx, &glue.CreateTriggerInput{Name: new("second"), Type: new("ON_DEMAND"), Actions: actions("a"), WorkflowName: new("flights")})
	f.code("second start trigger", "InvalidInputException", err)
	_, err = f.CreateTrigger(f.ctx, &glue.CreateTriggerInput{Name: new("begin"), Type: new("ON_DEMAND"), Actions: actions("a")})
	f.code("same name", "AlreadyExistsException", err)
	list, err := f.ListTriggers(f.ctx, &glue.ListTriggersInput{DependentJobName: new("clean")})
	f.check(err)
	if !slices.Equal(list.TriggerNames, []string{"crawled"}) {
		t.Errorf("triggers of clean: %v", list.TriggerNames)
	}
	up, err := f.UpdateTrigger(f.ctx, &glue.UpdateTriggerInput{Name: new("crawled"), TriggerUpdate: &glue.TriggerUpdate{Actions: actions("clean")}})
	f.check(err)
	if *up.Trigger.State != "ACTIVATED" || len(up.Trigger.Actions) != 1 || up.Trigger.Predicate == nil {
		t.Errorf("updated: %+v", up.Trigger)
	}
	batch, err := f.BatchGetTriggers(f.ctx, &glue.BatchGetTriggersInput{TriggerNames: []string{"begin", "none"}})
	f.check(err)
	if len(batch.Triggers) != 1 || len(batch.TriggersNotFound) != 1 {
		t.Errorf("batch: %+v", batch)
	}
	for range 2 { // the second deletes nothing, which is fine
		_, err = f.DeleteTrigger(f.ctx, &glue.DeleteTriggerInput{Name: new("begin")})
		f.check(err)
	}
	_, err = f.StartWorkflowRun(f.ctx, &glue.StartWorkflowRunInput{Name: new("flights")})
	f.code("start without a start trigger", "InvalidInputException", err)
	for range 2 {
		_, err = f.DeleteWorkflow(f.ctx, &glue.DeleteWorkflowInput{Name: new("flights")})
		f.check(err)
	}
	all, err := f.GetTriggers(f.ctx, &glue.GetTriggersInput{})
	f.check(err)
	if len(all.Triggers) != 0 {
		t.Errorf("%d triggers are left", len(all.Triggers))
	}
}

func TestScheduledWorkflow(t *testing.T) {
	f := newFixture(t, 7)
	f.Service.Close()
	clock := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	f.Service = newService(f.store, f.jobs, 7, func() time.Time { return clock })
	_, err := f.CreateWorkflow(f.ctx, &glue.CreateWorkflowInput{Name: new("flights"), MaxConcurrentRuns: new(int32(1))})
	f.check(err)
	_, err = f.CreateTrigger(f.ctx, &glue.CreateTriggerInput{Name: new("nightly"), Type: new("SCHEDULED"), Schedule: new("cron(0 5 * * ? *)"), Actions: actions("a"), WorkflowName: new("flights"), StartOnCreation: new(true)})
	f.check(err)
	for _, step := range []struct {
		hours int
		runs  int
	}{{4, 0}, {2, 1}, {1, 1}, {72, 2}} {
		clock = clock.Add(time.Duration(step.hours) * time.Hour)
		_, err := f.fireDue()
		f.check(err)
		runs, err := f.GetWorkflowRuns(f.ctx, &glue.GetWorkflowRunsInput{Name: new("flights")})
		f.check(err)
		if len(runs.Runs) != step.runs {
			t.Errorf("at %v there are %d runs, want %d", clock, len(runs.Runs), step.runs)
		}
	}
	runs, err := f.GetWorkflowRuns(f.ctx, &glue.GetWorkflowRunsInput{Name: new("flights")})
	f.check(err)
	if *runs.Runs[0].Status != "ERROR" { // the first one still goes on
		t.Errorf("the second run is %s", *runs.Runs[0].Status)
	}
}
