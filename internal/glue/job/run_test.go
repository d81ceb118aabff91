package job_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"tarn/api/glue"
	logsapi "tarn/api/logs"
	s3api "tarn/api/s3"
	"tarn/internal/awsapi"
	"tarn/internal/glue/job"
	"tarn/internal/logs"
)

// steps is a native runner whose scripts are one word: what to do.
type steps struct {
	mu      sync.Mutex
	ran     []string
	args    map[string]string // of the last run
	started chan string
	fails   int
}

func (s *steps) Run(ctx context.Context, r job.RunRequest) (job.Result, error) {
	_, body, _ := strings.Cut(string(r.Script), "\n")
	word := strings.TrimSpace(body)
	s.mu.Lock()
	s.ran, s.args = append(s.ran, r.RunID), r.Arguments
	s.mu.Unlock()
	fmt.Fprintf(r.Stdout, "%s as %s with %s\n", word, awsapi.CallerFrom(ctx).ARN, r.Arguments["--x"])
	if s.started != nil {
		s.started <- r.RunID
	}
	switch word {
	case "wait":
		<-ctx.Done()
		return job.Result{}, context.Cause(ctx)
	case "fail":
		return job.Result{}, errors.New("ValueError: it failed")
	case "once":
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.fails++; s.fails == 1 {
			return job.Result{}, errors.New("ValueError: the first time")
		}
	}
	return job.Result{Rows: 1}, nil
}

// define puts a script and makes a job of it.
func (r *rig) define(t *testing.T, name, word string, change func(*glue.CreateJobInput)) {
	t.Helper()
	ctx := r.root()
	if _, err := r.lake.CreateBucket(ctx, &s3api.CreateBucketInput{Bucket: new("lake")}); err != nil && !awsapi.IsCode(err, "BucketAlreadyOwnedByYou") {
		// us-east-1 answers success for an owned bucket.
		t.Fatal(err)
	}
	script := "# tarn:sql v1 {}\n" + word + "\n"
	if err := (objects{r.lake.Lake()}).WriteObject(ctx, "lake", "scripts/"+name+".py", []byte(script)); err != nil {
		t.Fatal(err)
	}
	in := &glue.CreateJobInput{Name: new(name), Role: new("jobs"), Command: &glue.JobCommand{Name: new("pythonshell"), ScriptLocation: new("s3://lake/scripts/" + name + ".py")},
		DefaultArguments: map[string]string{"--x": "default"}}
	if change != nil {
		change(in)
	}
	if _, err := r.jobs.CreateJob(ctx, in); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) start(t *testing.T, name string, args map[string]string) string {
	t.Helper()
	out, err := r.jobs.StartJobRun(r.root(), &glue.StartJobRunInput{JobName: new(name), Arguments: args})
	if err != nil {
		t.Fatal(err)
	}
	return *out.JobRunId
}

func (r *rig) get(t *testing.T, name, id string) *glue.JobRun {
	t.Helper()
	out, err := r.jobs.GetJobRun(r.root(), &glue.GetJobRunInput{JobName: new(name), RunId: new(id)})
	if err != nil {
		t.Fatal(err)
	}
	return out.JobRun
}

// wait waits for a run's end by the feed of changes, as the console does.
func (r *rig) wait(t *testing.T, name, id string) *glue.JobRun {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	changes := r.store.Watch(ctx, "glue.job.run")
	for {
		run := r.get(t, name, id)
		if run.CompletedOn != nil {
			return run
		}
		if _, ok := <-changes; !ok {
			t.Fatalf("run %s is still %s", id, *run.JobRunState)
		}
	}
}

func (r *rig) log(t *testing.T, group, stream string) []string {
	t.Helper()
	out, err := logs.NewService(r.logs).GetLogEvents(r.root(), &logsapi.GetLogEventsInput{LogGroupName: new(group), LogStreamName: new(stream), StartFromHead: new(true)})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, e := range out.Events {
		lines = append(lines, *e.Message)
	}
	return lines
}

func TestRunSucceeds(t *testing.T) {
	r := open(t, t.TempDir(), "127.0.0.1:0", &steps{})
	defer r.stop()
	r.define(t, "ok", "go", func(in *glue.CreateJobInput) {
		in.NonOverridableArguments = map[string]string{"--y": "fixed"}
	})
	id := r.start(t, "ok", map[string]string{"--x": "given", "--y": "ignored"})
	run := r.wait(t, "ok", id)
	if *run.JobRunState != "SUCCEEDED" || run.ErrorMessage != nil || *run.LogGroupName != "/aws-glue/python-jobs" || run.Arguments["--x"] != "given" {
		t.Fatalf("%+v", run)
	}
	want := "go as arn:aws:sts::000000000000:assumed-role/jobs/GlueJobRunnerSession with given"
	// By the run's own name and by the driver's.
	for _, stream := range []string{id, id + "-driver"} {
		if got := r.log(t, "/aws-glue/python-jobs/output", stream); len(got) != 1 || got[0] != want {
			t.Fatalf("%q", got)
		}
	}
}

func TestRunInsideWorkflow(t *testing.T) {
	native := &steps{}
	r := open(t, t.TempDir(), "127.0.0.1:0", native)
	defer r.stop()
	r.define(t, "j", "go", nil)
	id, err := r.jobs.StartRun(r.root(), job.StartRequest{JobName: "j", Arguments: map[string]string{"--x": "given"}, Workflow: "nightly", WorkflowRunID: "wr_1"})
	if err != nil {
		t.Fatal(err)
	}
	run := r.wait(t, "j", id)
	want := map[string]string{"--x": "given", "--WORKFLOW_NAME": "nightly", "--WORKFLOW_RUN_ID": "wr_1"}
	if !maps.Equal(run.Arguments, want) {
		t.Errorf("GetJobRun shows %v", run.Arguments)
	}
	if !maps.Equal(native.args, want) {
		t.Errorf("the script saw %v", native.args)
	}
	// Repeated by hand it is part of no workflow.
	out, err := r.jobs.StartJobRun(r.root(), &glue.StartJobRunInput{JobName: new("j"), JobRunId: &id})
	if err != nil {
		t.Fatal(err)
	}
	if again := r.wait(t, "j", *out.JobRunId); !maps.Equal(again.Arguments, map[string]string{"--x": "given"}) {
		t.Errorf("repeated with %v", again.Arguments)
	}
	// What a user passes under these names is not believed.
	r.wait(t, "j", r.start(t, "j", map[string]string{"--WORKFLOW_NAME": "mine"}))
	if _, ok := native.args["--WORKFLOW_NAME"]; ok {
		t.Errorf("the script saw %v", native.args)
	}
}

func TestRunFails(t *testing.T) {
	r := open(t, t.TempDir(), "127.0.0.1:0", &steps{})
	defer r.stop()
	r.define(t, "bad", "fail", nil)
	id := r.start(t, "bad", nil)
	if run := r.wait(t, "bad", id); *run.JobRunState != "FAILED" || *run.ErrorMessage != "ValueError: it failed" {
		t.Fatalf("%+v", run)
	}
	if got := r.log(t, "/aws-glue/python-jobs/error", id); len(got) != 1 || got[0] != "ValueError: it failed" {
		t.Fatalf("%q", got)
	}
}

func TestRetry(t *testing.T) {
	r := open(t, t.TempDir(), "127.0.0.1:0", &steps{})
	defer r.stop()
	r.define(t, "flaky", "once", func(in *glue.CreateJobInput) { in.MaxRetries = new(int32(2)) })
	id := r.start(t, "flaky", nil)
	if run := r.wait(t, "flaky", id); *run.JobRunState != "FAILED" {
		t.Fatalf("%+v", run)
	}
	again := r.wait(t, "flaky", id+"_attempt_1")
	if *again.JobRunState != "SUCCEEDED" || *again.Attempt != 1 || *again.PreviousRunId != id {
		t.Fatalf("%+v", again)
	}
	out, err := r.jobs.GetJobRuns(r.root(), &glue.GetJobRunsInput{JobName: new("flaky")})
	if err != nil || len(out.JobRuns) != 2 || *out.JobRuns[0].Id != id+"_attempt_1" {
		t.Fatalf("%v %+v", err, out)
	}
}

func TestStopAndConcurrency(t *testing.T) {
	s := &steps{started: make(chan string, 1)}
	r := open(t, t.TempDir(), "127.0.0.1:0", s)
	defer r.stop()
	r.define(t, "slow", "wait", func(in *glue.CreateJobInput) { in.MaxRetries = new(int32(3)) })
	id := r.start(t, "slow", nil)
	<-s.started
	_, err := r.jobs.StartJobRun(r.root(), &glue.StartJobRunInput{JobName: new("slow")})
	if !awsapi.IsCode(err, "ConcurrentRunsExceededException") {
		t.Fatal(err)
	}
	out, err := r.jobs.BatchStopJobRun(r.root(), &glue.BatchStopJobRunInput{JobName: new("slow"), JobRunIds: []string{id, "jr_none"}})
	if err != nil || len(out.SuccessfulSubmissions) != 1 || len(out.Errors) != 1 || *out.Errors[0].ErrorDetail.ErrorCode != "EntityNotFoundException" {
		t.Fatalf("%v %+v", err, out)
	}
	// A stopped run is not retried, and makes room.
	if run := r.wait(t, "slow", id); *run.JobRunState != "STOPPED" {
		t.Fatalf("%+v", run)
	}
	out, err = r.jobs.BatchStopJobRun(r.root(), &glue.BatchStopJobRunInput{JobName: new("slow"), JobRunIds: []string{id}})
	if err != nil || len(out.Errors) != 1 {
		t.Fatalf("%v %+v", err, out)
	}
	next := r.start(t, "slow", nil)
	<-s.started
	if err := r.jobs.Stop(r.root(), "slow", next); err != nil {
		t.Fatal(err)
	}
	r.wait(t, "slow", next)
}

func TestMissingThings(t *testing.T) {
	r := open(t, t.TempDir(), "127.0.0.1:0", &steps{})
	defer r.stop()
	_, err := r.jobs.StartJobRun(r.root(), &glue.StartJobRunInput{JobName: new("none")})
	if !awsapi.IsCode(err, "EntityNotFoundException") || !strings.HasPrefix(err.Error(), "EntityNotFoundException: Failed to start job run due to missing metadata") {
		t.Fatal(err)
	}
	r.define(t, "lost", "go", func(in *glue.CreateJobInput) { in.Command.ScriptLocation = new("s3://lake/none.py") })
	run := r.wait(t, "lost", r.start(t, "lost", nil))
	if *run.JobRunState != "FAILED" || !strings.HasPrefix(*run.ErrorMessage, "script s3://lake/none.py: NoSuchKey: ") {
		t.Fatalf("%+v", *run.ErrorMessage)
	}
}

// A kill is played by a service that is dropped without Close and another on the same data.
func TestRecovery(t *testing.T) {
	dir := t.TempDir()
	s := &steps{started: make(chan string, 4)}
	r := open(t, dir, "127.0.0.1:0", s)
	r.define(t, "slow", "wait", func(in *glue.CreateJobInput) {
		in.ExecutionProperty = &glue.ExecutionProperty{MaxConcurrentRuns: new(int32(5))}
	})
	r.define(t, "quick", "go", nil)
	running := r.start(t, "slow", nil)
	<-s.started
	// The last thing that a killed process did may be to make a run durable; closing keeps one that has not begun.
	if err := r.jobs.Close(); err != nil {
		t.Fatal(err)
	}
	waiting := r.start(t, "quick", nil)
	if got := *r.get(t, "quick", waiting).JobRunState; got != "STARTING" {
		t.Fatal(got)
	}
	if run := r.get(t, "slow", running); *run.JobRunState != "FAILED" || *run.ErrorMessage != "tarn was stopped while the run was going on" {
		t.Fatalf("%+v", run)
	}
	r.stop()

	s = &steps{}
	r = open(t, dir, "127.0.0.1:0", s)
	defer r.stop()
	if run := r.wait(t, "quick", waiting); *run.JobRunState != "SUCCEEDED" {
		t.Fatalf("%+v", run)
	}
	if len(s.ran) != 1 || s.ran[0] != waiting {
		t.Fatalf("%v", s.ran)
	}
}

func TestDefinitions(t *testing.T) {
	r := open(t, t.TempDir(), "127.0.0.1:0", &steps{})
	defer r.stop()
	ctx := r.root()
	bad := map[string]func(*glue.CreateJobInput){
		"both given":    func(in *glue.CreateJobInput) { in.WorkerType, in.MaxCapacity = new("G.1X"), new(2.0) },
		"no s3":         func(in *glue.CreateJobInput) { in.Command.ScriptLocation = new("/tmp/x.py") },
		"unknown":       func(in *glue.CreateJobInput) { in.Command.Name = new("glueray") },
		"no role":       func(in *glue.CreateJobInput) { in.Role = new("") },
		"retries":       func(in *glue.CreateJobInput) { in.MaxRetries = new(int32(11)) },
		"workers alone": func(in *glue.CreateJobInput) { in.NumberOfWorkers = new(int32(4)) },
		"one worker":    func(in *glue.CreateJobInput) { in.WorkerType, in.NumberOfWorkers = new("G.1X"), new(int32(1)) },
		"half a DPU":    func(in *glue.CreateJobInput) { in.MaxCapacity = new(0.5) },
		"version":       func(in *glue.CreateJobInput) { in.GlueVersion = new("7.5") },
		"python":        func(in *glue.CreateJobInput) { in.Command.PythonVersion = new("3.9") },
		"concurrency": func(in *glue.CreateJobInput) {
			in.ExecutionProperty = &glue.ExecutionProperty{MaxConcurrentRuns: new(int32(0))}
		},
		"flex shell":     func(in *glue.CreateJobInput) { in.Command.Name, in.ExecutionClass = new("pythonshell"), new("FLEX") },
		"flex version 2": func(in *glue.CreateJobInput) { in.GlueVersion, in.ExecutionClass = new("2.0"), new("FLEX") },
		"long arguments": func(in *glue.CreateJobInput) {
			in.DefaultArguments = map[string]string{"--x": strings.Repeat("x", 261<<10)}
		},
		"shell worker": func(in *glue.CreateJobInput) { in.Command.Name, in.WorkerType = new("pythonshell"), new("G.1X") },
	}
	for name, change := range bad {
		in := &glue.CreateJobInput{Name: new("j"), Role: new("jobs"), Command: &glue.JobCommand{Name: new("glueetl"), ScriptLocation: new("s3://lake/x.py")}}
		change(in)
		if _, err := r.jobs.CreateJob(ctx, in); !awsapi.IsCode(err, "InvalidInputException") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"b", "a", "c"} {
		in := &glue.CreateJobInput{Name: new(name), Role: new("jobs"), Command: &glue.JobCommand{Name: new("glueetl"), ScriptLocation: new("s3://lake/x.py")},
			WorkerType: new("G.2X"), NumberOfWorkers: new(int32(3)), Tags: map[string]string{"is": name}}
		if _, err := r.jobs.CreateJob(ctx, in); err != nil {
			t.Fatal(err)
		}
		if _, err := r.jobs.CreateJob(ctx, in); !awsapi.IsCode(err, "AlreadyExistsException") {
			t.Fatal(err)
		}
	}
	got, err := r.jobs.GetJob(ctx, &glue.GetJobInput{JobName: new("a")})
	if err != nil || *got.Job.GlueVersion != "6.0" || *got.Job.Timeout != 480 || *got.Job.MaxCapacity != 6 || *got.Job.ExecutionProperty.MaxConcurrentRuns != 1 || *got.Job.ExecutionClass != "STANDARD" {
		t.Fatalf("%v %+v", err, got.Job)
	}
	var names []string
	for token := (*string)(nil); ; {
		page, err := r.jobs.ListJobs(ctx, &glue.ListJobsInput{MaxResults: new(int32(2)), NextToken: token})
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, page.JobNames...)
		if token = page.NextToken; token == nil {
			break
		}
	}
	if strings.Join(names, " ") != "a b c" {
		t.Fatal(names)
	}
	tagged, err := r.jobs.ListJobs(ctx, &glue.ListJobsInput{Tags: map[string]string{"is": "b"}})
	if err != nil || len(tagged.JobNames) != 1 {
		t.Fatalf("%v %v", err, tagged)
	}
	// What an update leaves out is gone, but the version.
	if _, err := r.jobs.UpdateJob(ctx, &glue.UpdateJobInput{JobName: new("a"), JobUpdate: &glue.JobUpdate{Role: new("other"), GlueVersion: new("4.0"), Command: got.Job.Command}}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.jobs.UpdateJob(ctx, &glue.UpdateJobInput{JobName: new("a"), JobUpdate: &glue.JobUpdate{Role: new("other"), Command: got.Job.Command}}); err != nil {
		t.Fatal(err)
	}
	now, err := r.jobs.GetJob(ctx, &glue.GetJobInput{JobName: new("a")})
	if err != nil || *now.Job.GlueVersion != "4.0" || now.Job.WorkerType != nil || *now.Job.MaxCapacity != 10 || *now.Job.Timeout != 2880 || !now.Job.CreatedOn.Equal(got.Job.CreatedOn.Time) {
		t.Fatalf("%v %+v", err, now.Job)
	}
	batch, err := r.jobs.BatchGetJobs(ctx, &glue.BatchGetJobsInput{JobNames: []string{"a", "x"}})
	if err != nil || len(batch.Jobs) != 1 || batch.JobsNotFound[0] != "x" {
		t.Fatalf("%v %+v", err, batch)
	}
	for range 2 {
		if _, err := r.jobs.DeleteJob(ctx, &glue.DeleteJobInput{JobName: new("a")}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.jobs.GetJob(ctx, &glue.GetJobInput{JobName: new("a")}); !awsapi.IsCode(err, "EntityNotFoundException") {
		t.Fatal(err)
	}
}

func TestBookmarkOperations(t *testing.T) {
	r := open(t, t.TempDir(), "127.0.0.1:0", &steps{})
	defer r.stop()
	ctx := r.root()
	r.define(t, "j", "go", func(in *glue.CreateJobInput) { in.DefaultArguments = map[string]string{"--TempDir": "s3://lake/tmp/"} })
	if _, err := r.jobs.GetJobBookmark(ctx, &glue.GetJobBookmarkInput{JobName: new("j")}); !awsapi.IsCode(err, "EntityNotFoundException") {
		t.Fatal(err)
	}
	state := `{"JobName":"j","Version":3,"Run":3,"Attempt":0,"RunId":"jr_3","PreviousRunId":"jr_2","Elements":{"raw":{"x":3}},"History":[{"RunId":"jr_2","Elements":{"raw":{"x":2}}}]}`
	if err := (objects{r.lake.Lake()}).WriteObject(ctx, "lake", ".tarn/bookmarks/j.json", []byte(state)); err != nil {
		t.Fatal(err)
	}
	got, err := r.jobs.GetJobBookmark(ctx, &glue.GetJobBookmarkInput{JobName: new("j")})
	if err != nil || *got.JobBookmarkEntry.Run != 3 || *got.JobBookmarkEntry.JobBookmark != `{"raw":{"x":3}}` {
		t.Fatalf("%v %+v", err, got)
	}
	back, err := r.jobs.ResetJobBookmark(ctx, &glue.ResetJobBookmarkInput{JobName: new("j"), RunId: new("jr_2")})
	if err != nil || *back.JobBookmarkEntry.JobBookmark != `{"raw":{"x":2}}` || *back.JobBookmarkEntry.Version != 4 {
		t.Fatalf("%v %+v", err, back)
	}
	all, err := r.jobs.ResetJobBookmark(ctx, &glue.ResetJobBookmarkInput{JobName: new("j")})
	if err != nil || *all.JobBookmarkEntry.JobBookmark != `{}` || *all.JobBookmarkEntry.Run != 0 {
		t.Fatalf("%v %+v", err, all)
	}
}
