package job

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/paging"
	"tarn/internal/meta"
)

const (
	kindRun    = "glue.job.run"
	kindActive = "glue.job.active"
)

// runDoc is a run as it is stored under {account, job, id}.
type runDoc struct {
	Run glue.JobRun `json:"run"`
	// Job is the definition as it was when the run was started.
	Job glue.Job `json:"job"`
	// Caller started the run; its work is done on their behalf.
	Caller        awsapi.Caller `json:"caller"`
	Workflow      string        `json:"workflow,omitempty"`
	WorkflowRunID string        `json:"workflowRunId,omitempty"`
	// Process leads the run's process group while it runs.
	Process *process `json:"process,omitempty"`
	// Began is set once the script may have done anything: such a run is never started a second time.
	Began bool `json:"began,omitempty"`
}

// activeDoc marks a run that has not ended, under {account, job, id}.
type activeDoc struct{}

func (d *runDoc) key() meta.Key {
	return meta.Key{d.Caller.Account, *d.Run.JobName, *d.Run.Id}
}

// StartRequest is a run started from within: by a trigger, inside a workflow run.
type StartRequest struct {
	JobName       string
	Arguments     map[string]string
	Timeout       *int32
	TriggerName   string
	Workflow      string
	WorkflowRunID string
	Predecessors  []*glue.Predecessor
	// RunID makes the start repeatable: a second one of the same id finds the first. Empty: a new id.
	RunID string
}

// StartJobRun starts a run, or an old one again.
func (s *Service) StartJobRun(ctx context.Context, in *glue.StartJobRunInput) (*glue.StartJobRunOutput, error) {
	id, err := s.NewRunID()
	if err != nil {
		return nil, err
	}
	doc, err := s.insert(ctx, id, func(tx meta.Tx, job *glue.Job, doc *runDoc) error {
		r := &doc.Run
		r.Arguments = in.Arguments
		if old := awsapi.Val(in.JobRunId); old != "" {
			again, err := getRun(tx, doc.Caller.Account, *in.JobName, old)
			if err != nil {
				return err
			}
			r.PreviousRunId = new(old)
			if in.Arguments == nil {
				r.Arguments = outsideWorkflow(again.Run.Arguments)
			}
		}
		if in.WorkerType != nil || in.MaxCapacity != nil || in.NumberOfWorkers != nil || in.AllocatedCapacity != nil {
			r.WorkerType, r.NumberOfWorkers, r.MaxCapacity, r.AllocatedCapacity = in.WorkerType, in.NumberOfWorkers, in.MaxCapacity, in.AllocatedCapacity
			if in.WorkerType == nil && in.NumberOfWorkers != nil {
				r.WorkerType = job.WorkerType
			}
			if err := size(*job.Command.Name, &r.WorkerType, &r.NumberOfWorkers, &r.MaxCapacity, &r.AllocatedCapacity); err != nil {
				return err
			}
		}
		if in.Timeout != nil {
			if err := checkTimeout(*in.Timeout); err != nil {
				return err
			}
			r.Timeout = in.Timeout
		}
		if in.SecurityConfiguration != nil {
			r.SecurityConfiguration = in.SecurityConfiguration
		}
		if in.ExecutionClass != nil {
			if err := checkClass(*job.Command.Name, *job.GlueVersion, *in.ExecutionClass); err != nil {
				return err
			}
			r.ExecutionClass = in.ExecutionClass
		}
		return nil
	}, *in.JobName)
	if err != nil {
		return nil, err
	}
	s.launch(doc)
	return &glue.StartJobRunOutput{JobRunId: doc.Run.Id}, nil
}

// StartRun starts a run on behalf of a trigger and answers its id once it is durable.
func (s *Service) StartRun(ctx context.Context, in StartRequest) (string, error) {
	id := in.RunID
	if id == "" {
		var err error
		if id, err = s.NewRunID(); err != nil {
			return "", err
		}
	}
	doc, err := s.insert(ctx, id, func(_ meta.Tx, _ *glue.Job, doc *runDoc) error {
		doc.Run.Arguments = insideWorkflow(in.Arguments, in.Workflow, in.WorkflowRunID)
		doc.Workflow, doc.WorkflowRunID = in.Workflow, in.WorkflowRunID
		if in.TriggerName != "" {
			doc.Run.TriggerName = new(in.TriggerName)
		}
		if in.Timeout != nil {
			doc.Run.Timeout = in.Timeout
		}
		doc.Run.PredecessorRuns = in.Predecessors
		return nil
	}, in.JobName)
	if errors.Is(err, meta.ErrExists) && in.RunID != "" {
		return id, nil
	}
	if err != nil {
		return "", err
	}
	s.launch(doc)
	return id, nil
}

// insert makes a run durable in state STARTING.
func (s *Service) insert(ctx context.Context, id string, fill func(meta.Tx, *glue.Job, *runDoc) error, name string) (*runDoc, error) {
	caller := awsapi.CallerFrom(ctx)
	var doc *runDoc
	err := s.o.Store.Update(ctx, func(tx meta.Tx) error {
		job, err := getJob(tx, caller.Account, name)
		if awsapi.IsCode(err, "EntityNotFoundException") {
			return glue.EntityNotFoundException("Failed to start job run due to missing metadata").WithHint("There is no job %s.", name)
		}
		if err != nil {
			return err
		}
		doc = &runDoc{Job: *job, Caller: caller}
		now := awsapi.Time{Time: s.o.Now()}
		doc.Run = glue.JobRun{
			Id: new(id), Attempt: new(int32(0)), JobName: job.Name, JobMode: job.JobMode, StartedOn: &now, LastModifiedOn: &now,
			JobRunState: new(glue.JobRunStateStarting), AllocatedCapacity: job.AllocatedCapacity, MaxCapacity: job.MaxCapacity,
			WorkerType: job.WorkerType, NumberOfWorkers: job.NumberOfWorkers, Timeout: job.Timeout, GlueVersion: job.GlueVersion,
			ExecutionClass: job.ExecutionClass, SecurityConfiguration: job.SecurityConfiguration, NotificationProperty: job.NotificationProperty,
			LogGroupName: new(logGroup(job)), ExecutionTime: new(int32(0)),
		}
		if err := fill(tx, job, doc); err != nil {
			return err
		}
		if err := checkArguments(doc.Run.Arguments, job.DefaultArguments, job.NonOverridableArguments); err != nil {
			return err
		}
		active, err := countActive(tx, caller.Account, name)
		if err != nil {
			return err
		}
		if limit := int(*job.ExecutionProperty.MaxConcurrentRuns); active >= limit {
			return glue.ConcurrentRunsExceededException("Concurrent runs exceeded for %s.", name).
				WithHint("%d of %d allowed runs are going on; MaxConcurrentRuns of the job sets the limit.", active, limit)
		}
		if err := tx.Insert(kindRun, doc.key(), doc); err != nil {
			return err
		}
		return tx.Put(kindActive, doc.key(), activeDoc{})
	})
	return doc, err
}

func logGroup(job *glue.Job) string {
	if *job.Command.Name == "pythonshell" {
		return "/aws-glue/python-jobs"
	}
	return "/aws-glue/jobs"
}

func countActive(tx meta.Tx, account, name string) (n int, err error) {
	err = tx.Scan(kindActive, meta.Key{account, name}, nil, func(meta.Key, json.RawMessage) (bool, error) {
		n++
		return true, nil
	})
	return n, err
}

// NewRunID makes an id of Glue's form. Its first digits count down with time, so that keys in order are the newest
// runs first.
func (s *Service) NewRunID() (string, error) {
	var random [24]byte
	if _, err := io.ReadFull(s.o.Rand, random[:]); err != nil {
		return "", err
	}
	return fmt.Sprintf("jr_%016x%s", ^uint64(s.o.Now().UnixNano()), hex.EncodeToString(random[:])), nil
}

// GetJobRun answers a run.
func (s *Service) GetJobRun(ctx context.Context, in *glue.GetJobRunInput) (*glue.GetJobRunOutput, error) {
	var doc *runDoc
	err := s.o.Store.View(ctx, func(tx meta.Tx) (err error) {
		doc, err = getRun(tx, awsapi.CallerFrom(ctx).Account, *in.JobName, *in.RunId)
		return err
	})
	if err != nil {
		return nil, err
	}
	run := s.shown(doc)
	if !awsapi.Val(in.PredecessorsIncluded) {
		run.PredecessorRuns = nil
	}
	return &glue.GetJobRunOutput{JobRun: run}, nil
}

// GetJobRuns lists a job's runs, newest first.
func (s *Service) GetJobRuns(ctx context.Context, in *glue.GetJobRunsInput) (*glue.GetJobRunsOutput, error) {
	account := awsapi.CallerFrom(ctx).Account
	out := &glue.GetJobRunsOutput{JobRuns: []*glue.JobRun{}}
	err := s.o.Store.View(ctx, func(tx meta.Tx) error {
		r := paging.Request{Of: []any{"GetJobRuns", *in.JobName}, Token: in.NextToken, Max: in.MaxResults, Default: 200}
		docs, next, err := paging.List[runDoc](tx, kindRun, meta.Key{account, *in.JobName}, r, nil)
		if err != nil {
			return err
		}
		if len(docs) == 0 {
			if _, err := getJob(tx, account, *in.JobName); err != nil {
				return err
			}
		}
		for _, d := range docs {
			run := s.shown(d)
			run.PredecessorRuns = nil
			out.JobRuns = append(out.JobRuns, run)
		}
		out.NextToken = next
		return nil
	})
	if err != nil {
		return nil, err
	}
	// A retry has its first attempt's id with a suffix, but is newer.
	slices.SortStableFunc(out.JobRuns, func(a, b *glue.JobRun) int { return b.StartedOn.Compare(a.StartedOn.Time) })
	return out, nil
}

// shown is a run as it is answered: while it runs, its time goes on.
func (s *Service) shown(d *runDoc) *glue.JobRun {
	run := d.Run
	if run.CompletedOn == nil && *run.JobRunState == glue.JobRunStateRunning {
		run.ExecutionTime = new(int32(s.o.Now().Sub(run.StartedOn.Time).Seconds()))
	}
	return &run
}

func getRun(tx meta.Tx, account, name, id string) (*runDoc, error) {
	doc := &runDoc{}
	err := tx.Get(kindRun, meta.Key{account, name, id}, doc)
	if errors.Is(err, meta.ErrNotFound) {
		return nil, glue.EntityNotFoundException("Job Run %s not found for job %s.", id, name)
	}
	return doc, err
}

// BatchStopJobRun asks runs to stop; they are STOPPED a little later.
func (s *Service) BatchStopJobRun(ctx context.Context, in *glue.BatchStopJobRunInput) (*glue.BatchStopJobRunOutput, error) {
	account := awsapi.CallerFrom(ctx).Account
	out := &glue.BatchStopJobRunOutput{SuccessfulSubmissions: []*glue.BatchStopJobRunSuccessfulSubmission{}, Errors: []*glue.BatchStopJobRunError{}}
	err := s.o.Store.View(ctx, func(tx meta.Tx) error {
		_, err := getJob(tx, account, *in.JobName)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, id := range in.JobRunIds {
		if err := s.Stop(ctx, *in.JobName, id); err != nil {
			var e *awsapi.Error
			if !errors.As(err, &e) {
				return nil, err
			}
			out.Errors = append(out.Errors, &glue.BatchStopJobRunError{JobName: in.JobName, JobRunId: new(id),
				ErrorDetail: &glue.ErrorDetail{ErrorCode: new(e.Code), ErrorMessage: new(e.Text())}})
			continue
		}
		out.SuccessfulSubmissions = append(out.SuccessfulSubmissions, &glue.BatchStopJobRunSuccessfulSubmission{JobName: in.JobName, JobRunId: new(id)})
	}
	return out, nil
}

var errStopped = errors.New("stopped on request")

// Stop asks one run of the caller's account to stop.
func (s *Service) Stop(ctx context.Context, name, id string) error {
	account := awsapi.CallerFrom(ctx).Account
	err := s.o.Store.Update(ctx, func(tx meta.Tx) error {
		doc, err := getRun(tx, account, name, id)
		if err != nil {
			return err
		}
		if ended(*doc.Run.JobRunState) {
			return glue.InvalidInputException("Job Run %s is in state %s and cannot be stopped.", id, *doc.Run.JobRunState)
		}
		doc.Run.JobRunState = new(glue.JobRunStateStopping)
		doc.Run.LastModifiedOn = &awsapi.Time{Time: s.o.Now()}
		return tx.Put(kindRun, doc.key(), doc)
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	ex := s.running[id]
	s.mu.Unlock()
	if ex != nil {
		ex.cancel(errStopped)
	}
	return nil
}

func ended(state string) bool {
	switch state {
	case glue.JobRunStateSucceeded, glue.JobRunStateFailed, glue.JobRunStateStopped, glue.JobRunStateTimeout, glue.JobRunStateError, glue.JobRunStateExpired:
		return true
	}
	return false
}

// change writes what fn does to a run that has not ended. It outlives the request that caused it.
func (s *Service) change(doc *runDoc, fn func(*runDoc)) error {
	return s.o.Store.Update(context.Background(), func(tx meta.Tx) error {
		now, err := getRun(tx, doc.Caller.Account, *doc.Run.JobName, *doc.Run.Id)
		if err != nil {
			return err
		}
		if ended(*now.Run.JobRunState) {
			return fmt.Errorf("run %s has already ended", *doc.Run.Id)
		}
		fn(now)
		now.Run.LastModifiedOn = &awsapi.Time{Time: s.o.Now()}
		*doc = *now
		return tx.Put(kindRun, now.key(), now)
	})
}

// finish settles a run and, where a retry is due, makes the retry durable in the same step. It answers the retry.
func (s *Service) finish(doc *runDoc, state, message string) (*runDoc, error) {
	var retry *runDoc
	err := s.o.Store.Update(context.Background(), func(tx meta.Tx) error {
		retry = nil
		now, err := getRun(tx, doc.Caller.Account, *doc.Run.JobName, *doc.Run.Id)
		if err != nil {
			return err
		}
		at := s.o.Now()
		now.Run.JobRunState = new(state)
		now.Run.CompletedOn, now.Run.LastModifiedOn = &awsapi.Time{Time: at}, &awsapi.Time{Time: at}
		now.Run.ExecutionTime = new(int32(at.Sub(now.Run.StartedOn.Time).Round(time.Second).Seconds()))
		now.Process = nil
		if message != "" {
			now.Run.ErrorMessage = new(message)
		}
		if err := tx.Put(kindRun, now.key(), now); err != nil {
			return err
		}
		if err := tx.Delete(kindActive, now.key()); err != nil && !errors.Is(err, meta.ErrNotFound) {
			return err
		}
		*doc = *now
		attempt := awsapi.Val(now.Run.Attempt)
		if (state != glue.JobRunStateFailed && state != glue.JobRunStateTimeout) || attempt >= awsapi.Val(now.Job.MaxRetries) {
			return nil
		}
		next := *now
		first, _, _ := strings.Cut(*now.Run.Id, "_attempt_")
		next.Run.Id = new(fmt.Sprintf("%s_attempt_%d", first, attempt+1))
		next.Run.PreviousRunId, next.Run.Attempt = new(first), new(attempt+1)
		next.Run.StartedOn = &awsapi.Time{Time: at}
		next.Run.CompletedOn, next.Run.ErrorMessage, next.Run.ExecutionTime = nil, nil, new(int32(0))
		next.Run.JobRunState = new(glue.JobRunStateStarting)
		next.Began = false
		if err := tx.Put(kindRun, next.key(), &next); err != nil {
			return err
		}
		retry = &next
		return tx.Put(kindActive, next.key(), activeDoc{})
	})
	return retry, err
}
