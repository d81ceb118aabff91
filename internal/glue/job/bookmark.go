package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/meta"
)

// The state of a job's bookmark is one object that the job's script reads and writes with its own role:
// s3://BUCKET/.tarn/bookmarks/JOB.json, in the bucket of the job's temporary folder, otherwise of its script.

// bookmarkState is what the service needs to know of the object; the rest passes through.
type bookmarkState struct {
	JobName       string
	Version, Run  int32
	Attempt       int32
	RunId         string `json:",omitempty"`
	PreviousRunId string `json:",omitempty"`
	Elements      json.RawMessage
	History       []bookmarkPast  `json:",omitempty"`
	Pending       json.RawMessage `json:",omitempty"`
}

type bookmarkPast struct {
	RunId    string
	Elements json.RawMessage
}

// bookmarkAddress is where a job's bookmark is. It depends on the definition alone, not on a run's arguments.
func bookmarkAddress(job *glue.Job) (bucket, key string, err error) {
	place := effective(job, nil)["--TempDir"]
	if place == "" && job.Command != nil {
		place = awsapi.Val(job.Command.ScriptLocation)
	}
	bucket, _, err = splitS3(place)
	return bucket, ".tarn/bookmarks/" + *job.Name + ".json", err
}

// GetJobBookmark answers what a job has read so far.
func (s *Service) GetJobBookmark(ctx context.Context, in *glue.GetJobBookmarkInput) (*glue.GetJobBookmarkOutput, error) {
	job, state, err := s.readBookmark(ctx, *in.JobName)
	if err != nil {
		return nil, err
	}
	if state == nil {
		return nil, noBookmark(*job.Name)
	}
	if id := awsapi.Val(in.RunId); id != "" && id != state.RunId {
		past := state.at(id)
		if past == nil {
			return nil, noBookmark(*job.Name).WithHint("Run %s has no state in its history.", id)
		}
		return &glue.GetJobBookmarkOutput{JobBookmarkEntry: state.entry(id, past.Elements)}, nil
	}
	return &glue.GetJobBookmarkOutput{JobBookmarkEntry: state.entry(state.RunId, state.Elements)}, nil
}

// ResetJobBookmark forgets what a job has read: everything, or what came after a run.
func (s *Service) ResetJobBookmark(ctx context.Context, in *glue.ResetJobBookmarkInput) (*glue.ResetJobBookmarkOutput, error) {
	job, state, err := s.readBookmark(ctx, *in.JobName)
	if err != nil {
		return nil, err
	}
	if state == nil {
		return nil, noBookmark(*job.Name)
	}
	roleCtx, done, err := s.asRole(ctx, job)
	if err != nil {
		return nil, err
	}
	defer done()
	// What a killed run had decided to publish is not undone by a reset: it is published by the next run.
	next := bookmarkState{JobName: *job.Name, Version: state.Version + 1, Elements: json.RawMessage("{}")}
	if id := awsapi.Val(in.RunId); id != "" {
		past := state.at(id)
		if past == nil {
			return nil, noBookmark(*job.Name).WithHint("Run %s has no state in its history.", id)
		}
		next.Run, next.RunId, next.Elements = state.Run, id, past.Elements
	}
	if state.Pending != nil {
		return nil, glue.InvalidInputException("Run of job %s ended while publishing its output; the next run finishes that.", *job.Name).
			WithHint("Run the job once, then reset its bookmark.")
	}
	bucket, key, err := bookmarkAddress(job)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(next)
	if err != nil {
		return nil, err
	}
	if err := s.o.Lake.WriteObject(roleCtx, bucket, key, raw); err != nil {
		return nil, err
	}
	return &glue.ResetJobBookmarkOutput{JobBookmarkEntry: next.entry(next.RunId, next.Elements)}, nil
}

func noBookmark(name string) *awsapi.Error {
	return glue.EntityNotFoundException("Continuation for job %s not found.", name)
}

func (b *bookmarkState) at(runID string) *bookmarkPast {
	if b.RunId == runID {
		return &bookmarkPast{b.RunId, b.Elements}
	}
	for i := range b.History {
		if b.History[i].RunId == runID {
			return &b.History[i]
		}
	}
	return nil
}

func (b *bookmarkState) entry(runID string, elements json.RawMessage) *glue.JobBookmarkEntry {
	e := &glue.JobBookmarkEntry{JobName: new(b.JobName), Version: new(b.Version), Run: new(b.Run), Attempt: new(b.Attempt), JobBookmark: new(string(elements))}
	if runID != "" {
		e.RunId = new(runID)
	}
	if b.PreviousRunId != "" {
		e.PreviousRunId = new(b.PreviousRunId)
	}
	return e
}

// readBookmark reads a job's state; nil where there is none.
func (s *Service) readBookmark(ctx context.Context, name string) (*glue.Job, *bookmarkState, error) {
	var job *glue.Job
	err := s.o.Store.View(ctx, func(tx meta.Tx) (err error) {
		job, err = getJob(tx, awsapi.CallerFrom(ctx).Account, name)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	bucket, key, err := bookmarkAddress(job)
	if err != nil {
		return job, nil, nil
	}
	roleCtx, done, err := s.asRole(ctx, job)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	raw, err := s.o.Lake.ReadObject(roleCtx, bucket, key)
	if awsapi.IsCode(err, "NoSuchKey") || awsapi.IsCode(err, "NoSuchBucket") {
		return job, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	state := &bookmarkState{}
	if err := json.Unmarshal(raw, state); err != nil {
		return nil, nil, fmt.Errorf("bookmark s3://%s/%s: %w", bucket, key, err)
	}
	if state.Version == 0 {
		return job, nil, nil
	}
	return job, state, nil
}

// dropBookmark deletes a job's state.
func (s *Service) dropBookmark(ctx context.Context, job *glue.Job) error {
	bucket, key, err := bookmarkAddress(job)
	if err != nil {
		return nil
	}
	roleCtx, done, err := s.asRole(ctx, job)
	if err != nil {
		return err
	}
	defer done()
	err = s.o.Lake.DeleteObject(roleCtx, bucket, key)
	if awsapi.IsCode(err, "NoSuchBucket") {
		return nil
	}
	return err
}

// asRole is a context in which the lake is asked with the rights of the job's role, as the script itself does.
func (s *Service) asRole(ctx context.Context, job *glue.Job) (context.Context, func(), error) {
	id, err := s.NewRunID()
	if err != nil {
		return nil, nil, err
	}
	owner := "bookmark_" + id
	c, err := s.o.Roles.Issue(ctx, roleARN(awsapi.CallerFrom(ctx).Account, job), "GlueJobRunnerSession", owner, bookmarkTTL)
	if err != nil {
		return nil, nil, err
	}
	done := func() {
		if err := s.o.Roles.Revoke(context.WithoutCancel(ctx), owner); err != nil {
			s.o.Log.Warn("credentials could not be revoked", "owner", owner, "error", err)
		}
	}
	if c.Caller.Account == "" {
		done()
		return nil, nil, errors.New("the role's credentials name nobody")
	}
	return awsapi.WithCaller(ctx, c.Caller), done, nil
}
