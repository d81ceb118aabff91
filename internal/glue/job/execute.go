package job

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"tarn/api/glue"
	"tarn/internal/awsapi"
)

// execution is a run that is going on.
type execution struct {
	svc    *Service
	doc    *runDoc
	cancel context.CancelCauseFunc

	args           map[string]string
	creds          Credentials
	dir            string // of this run alone; removed at the end
	stdout, stderr io.WriteCloser
	callerCtx      context.Context // as the job's role
}

var errTimeout = errors.New("timed out")

// launch carries a durable run out in the background.
func (s *Service) launch(doc *runDoc) {
	ctx, cancel := context.WithCancelCause(s.ctx)
	ex := &execution{svc: s, doc: doc, cancel: cancel}
	id := *doc.Run.Id
	s.mu.Lock()
	if s.closing {
		// The next start takes it up: nothing of it has begun.
		s.mu.Unlock()
		cancel(nil)
		return
	}
	s.running[id] = ex
	s.wg.Add(1)
	s.mu.Unlock()
	go func() {
		defer s.wg.Done()
		state, message := ex.run(ctx)
		cancel(nil)
		s.mu.Lock()
		delete(s.running, id)
		s.mu.Unlock()
		retry, err := s.finish(doc, state, message)
		// Followers of the log see its end once the state is settled.
		ex.closeLogs()
		if err != nil {
			s.o.Log.Error("a run's end could not be stored", "run", id, "state", state, "error", err)
			return
		}
		if retry != nil {
			s.launch(retry)
		}
	}()
}

// run does the work and answers the state that the run ends in.
func (ex *execution) run(ctx context.Context) (state, message string) {
	minutes := awsapi.Val(ex.doc.Run.Timeout)
	if minutes > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, time.Duration(minutes)*time.Minute, errTimeout)
		defer stop()
	}
	err := ex.prepare(ctx)
	if err == nil {
		err = ex.dispatch(ctx)
	}
	ex.cleanup()
	if err == nil {
		return glue.JobRunStateSucceeded, ""
	}
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errStopped):
		ex.note("stopped on request")
		return glue.JobRunStateStopped, ""
	case errors.Is(cause, errTimeout):
		text := fmt.Sprintf("Job run exceeded the timeout of %d minutes", minutes)
		ex.note(text)
		return glue.JobRunStateTimeout, text
	case errors.Is(cause, errStopping):
		return glue.JobRunStateFailed, errStopping.Error()
	}
	var raised *scriptError
	if !errors.As(err, &raised) {
		// What a script raised is in its log already, with its traceback.
		ex.note(err.Error())
	}
	return glue.JobRunStateFailed, errorText(err)
}

// errorText is an error as ErrorMessage shows it: what was being done, the exception's name and its text with its hint.
func errorText(err error) string {
	var e *awsapi.Error
	if errors.As(err, &e) {
		doing, _ := strings.CutSuffix(err.Error(), e.Error())
		return doing + e.Code + ": " + e.Text()
	}
	return err.Error()
}

// prepare gives the run its logs, credentials and folder.
func (ex *execution) prepare(ctx context.Context) (err error) {
	s, doc := ex.svc, ex.doc
	group := *doc.Run.LogGroupName
	if ex.stdout, err = s.o.Logs.Stream(doc.Caller.Account, group+"/output", *doc.Run.Id); err != nil {
		return err
	}
	if ex.stderr, err = s.o.Logs.Stream(doc.Caller.Account, group+"/error", *doc.Run.Id); err != nil {
		return err
	}
	ex.args = insideWorkflow(effective(&doc.Job, doc.Run.Arguments), doc.Workflow, doc.WorkflowRunID)
	ttl := 15 * time.Minute
	if m := awsapi.Val(doc.Run.Timeout); m > 0 {
		ttl += time.Duration(m) * time.Minute
	}
	role := roleARN(doc.Caller.Account, &doc.Job)
	ex.creds, err = s.o.Roles.Issue(awsapi.WithCaller(ctx, doc.Caller), role, "GlueJobRunnerSession", *doc.Run.Id, ttl)
	if err != nil {
		return fmt.Errorf("role %s: %w", role, err)
	}
	ex.callerCtx = awsapi.WithCaller(ctx, ex.creds.Caller)
	ex.dir = filepath.Join(s.o.Data, "tmp", "run", *doc.Run.Id)
	return os.MkdirAll(filepath.Join(ex.dir, "work"), 0o700)
}

func (ex *execution) cleanup() {
	s := ex.svc
	if ex.creds.AccessKeyID != "" {
		if err := s.o.Roles.Revoke(context.Background(), *ex.doc.Run.Id); err != nil {
			s.o.Log.Error("a run's credentials could not be revoked", "run", *ex.doc.Run.Id, "error", err)
		}
	}
	if ex.dir != "" {
		if err := os.RemoveAll(ex.dir); err != nil {
			s.o.Log.Warn("a run's folder stays", "dir", ex.dir, "error", err)
		}
	}
}

func (ex *execution) closeLogs() {
	for _, w := range []io.Closer{ex.stdout, ex.stderr} {
		if w != nil {
			w.Close()
		}
	}
}

// note writes a line of the service itself into the run's error log.
func (ex *execution) note(text string) {
	if ex.stderr != nil {
		fmt.Fprintln(ex.stderr, text)
	}
}

// dispatch fetches the script and gives it to who runs its kind.
func (ex *execution) dispatch(ctx context.Context) error {
	location := awsapi.Val(ex.doc.Job.Command.ScriptLocation)
	if given := ex.args["--scriptLocation"]; given != "" {
		location = given
	}
	if location == "" {
		return errors.New("the job has visual nodes and no script: save it with a script")
	}
	if lang := ex.args["--job-language"]; strings.EqualFold(lang, "scala") {
		return errors.New("Scala jobs are not available: the script must be Python")
	}
	bucket, key, err := splitS3(location)
	if err != nil {
		return err
	}
	script, err := ex.svc.o.Lake.ReadObject(ex.callerCtx, bucket, key)
	if err != nil {
		return fmt.Errorf("script %s: %w", location, err)
	}
	if word := marker(script); word != "" && ex.svc.o.Native != nil {
		return ex.native(ctx, word, script)
	}
	path := filepath.Join(ex.dir, filepath.Base(key))
	if err := os.WriteFile(path, script, 0o600); err != nil {
		return err
	}
	if *ex.doc.Job.Command.Name == "pythonshell" {
		return ex.python(ctx, ex.svc.pyR, path, nil)
	}
	if ex.svc.o.NoSpark {
		return errors.New("Spark is switched off (--spark off): start tarn without it to run Spark jobs")
	}
	remote, err := ex.svc.spark.ready(ctx, ex.progress)
	if err != nil {
		return err
	}
	return ex.python(ctx, ex.svc.sparkR, path, remote)
}

// marker is the word of a script whose first line is `# tarn:WORD v1 …`.
func marker(script []byte) string {
	line, _, _ := bytes.Cut(script, []byte("\n"))
	rest, ok := strings.CutPrefix(string(line), "# tarn:")
	if !ok {
		return ""
	}
	word, rest, _ := strings.Cut(rest, " ")
	if version, _, _ := strings.Cut(strings.TrimSpace(rest), " "); strings.TrimSpace(version) != "v1" {
		return ""
	}
	return word
}

func (ex *execution) progress(text string) {
	if ex.stdout != nil {
		fmt.Fprintln(ex.stdout, text)
	}
}

func (ex *execution) native(ctx context.Context, word string, script []byte) error {
	if err := ex.svc.change(ex.doc, began(nil)); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	_, err := ex.svc.o.Native.Run(awsapi.WithCaller(ctx, ex.creds.Caller), RunRequest{
		JobName: *ex.doc.Run.JobName, RunID: *ex.doc.Run.Id, Marker: word, Script: script, Arguments: ex.args,
		TempDir: filepath.Join(ex.dir, "work"), Stdout: ex.stdout, Stderr: ex.stderr,
	})
	return err
}

// began is the change to RUNNING; a run that was asked to stop meanwhile stays STOPPING.
func began(p *process) func(*runDoc) {
	return func(d *runDoc) {
		d.Process, d.Began = p, true
		if *d.Run.JobRunState != glue.JobRunStateStopping {
			d.Run.JobRunState = new(glue.JobRunStateRunning)
		}
	}
}

// python runs a script in a fork of the warm runner.
func (ex *execution) python(ctx context.Context, r *runner, script string, spark *sparkAddress) error {
	if err := r.ready(ctx, ex.progress); err != nil {
		return err
	}
	paths, fresh, err := ex.packages(ctx, r)
	if err != nil {
		return err
	}
	run, d := &ex.doc.Run, ex.doc
	supplied := []string{"--JOB_NAME", *run.JobName, "--JOB_ID", "j_" + *run.JobName, "--JOB_RUN_ID", *run.Id}
	request := runnerRequest{
		Run: *run.Id, Script: script, Name: filepath.Base(script), Argv: argv(ex.args, supplied...), Cwd: filepath.Join(ex.dir, "work"),
		Mode: "python", Paths: paths, Fresh: fresh, Env: ex.environ(spark),
	}
	if spark != nil {
		request.Mode = "spark"
	}
	runCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if spark != nil {
		// The client in the script would go on trying for minutes.
		go func() {
			select {
			case <-spark.gone:
				cancel(errSparkEnded)
			case <-runCtx.Done():
			}
		}()
	}
	err = r.run(runCtx, request, ex.stdout, ex.stderr, func(p process) error { return ex.svc.change(d, began(&p)) })
	if err != nil && spark != nil && ctx.Err() == nil && !spark.alive() {
		return fmt.Errorf("%w (%s); the next run starts it anew. Its log: %s", errSparkEnded, spark.exit, ex.svc.spark.logPath())
	}
	return err
}

var errSparkEnded = errors.New("Spark ended during this run")

// environ is all that a script's process has in its environment.
func (ex *execution) environ(spark *sparkAddress) map[string]string {
	endpoint := ex.svc.o.Endpoint()
	c := ex.creds
	env := map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": filepath.Join(ex.dir, "work"), "LANG": "C.UTF-8", "TMPDIR": filepath.Join(ex.dir, "work"), "TZ": "UTC",
		"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": c.Caller.Region, "AWS_DEFAULT_REGION": c.Caller.Region,
		"AWS_ACCESS_KEY_ID": c.AccessKeyID, "AWS_SECRET_ACCESS_KEY": c.SecretAccessKey, "AWS_SESSION_TOKEN": c.SessionToken,
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"PYTHONPATH": ex.svc.env.library(), "PYTHONUNBUFFERED": "1",
		"TARN_RUN_ID": *ex.doc.Run.Id, "TARN_ROLE": path.Base(awsapi.Val(ex.doc.Job.Role)), "TARN_CREDENTIALS_EXPIRE_MS": strconv.FormatInt(c.Expires.UnixMilli(), 10),
	}
	if bucket, key, err := bookmarkAddress(&ex.doc.Job); err == nil {
		env["TARN_BOOKMARK"] = "s3://" + bucket + "/" + key
	}
	if temp := ex.args["--TempDir"]; temp != "" {
		env["TARN_TEMP_DIR"] = temp
	}
	if spark != nil {
		env["SPARK_REMOTE"] = spark.remote
		env["SPARK_CONNECT_MODE_ENABLED"] = "1"
		env["SPARK_CONNECT_AUTHENTICATE_TOKEN"] = spark.token
		env["TARN_SPARK_SESSION"] = sessionUUID(*ex.doc.Run.Id)
		// Scripts written for Spark 3 count on a bad cast being null.
		env["TARN_SPARK_ANSI"] = strconv.FormatBool(major(awsapi.Val(ex.doc.Run.GlueVersion)) >= 6)
	}
	return env
}

// sessionUUID is the id of a run's Spark session: the service must know it to end what a killed run left.
func sessionUUID(runID string) string {
	hex := strings.TrimPrefix(runID, "jr_")
	hex, attempt, _ := strings.Cut(hex, "_attempt_")
	n, _ := strconv.Atoi(attempt)
	// The random half of the id, with the version and variant that a UUID carries.
	h := hex[len(hex)-32:]
	return fmt.Sprintf("%s-%s-4%s-8%s-%s%02x", h[:8], h[8:12], h[13:16], h[17:20], h[20:30], n&0xff)
}

// bookmarkTTL is how long credentials for one look at a bookmark live.
const bookmarkTTL = 15 * time.Minute

// roleARN is a job's role; a definition may give its name alone.
func roleARN(account string, job *glue.Job) string {
	role := awsapi.Val(job.Role)
	if strings.HasPrefix(role, "arn:") {
		return role
	}
	return fmt.Sprintf("arn:aws:iam::%s:role/%s", account, role)
}
