package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand"
	"strings"
	"sync"
	"testing"
	"time"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/meta"
)

// fakeJobs are jobs and crawlers whose runs are documents, so that their ends come through the store's feed.
type fakeJobs struct {
	store meta.Store
	mu    sync.Mutex
	n     int
	seed  int64
	// hold keeps runs going until finish is called.
	hold bool
	// outcome is how runs of a job or crawler end.
	outcome func(name, id string) string
	delay   func() time.Duration
	refuse  map[string]error
	starts  map[string]int // calls of StartRun, by id
	closed  bool
}

const fakeKind = "fake.run"

func (f *fakeJobs) id(prefix string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
	return fmt.Sprintf("%s_%d_%d_%d", prefix, f.seed, f.n, rand.Int63()), nil
}

func (f *fakeJobs) NewRunID() (string, error)   { return f.id("jr") }
func (f *fakeJobs) NewCrawlID() (string, error) { return f.id("crawl") }

type fakeRun struct {
	Job, ID, State, Workflow, RunID, Trigger string
	Arguments                                map[string]string
	Predecessors                             []*glue.Predecessor
	Attempt                                  int32
}

func (f *fakeJobs) StartRun(ctx context.Context, in JobStart) error {
	if awsapi.CallerFrom(ctx).Account == "" {
		return errors.New("nobody's run")
	}
	f.mu.Lock()
	if f.starts == nil {
		f.starts = map[string]int{}
	}
	f.starts[in.RunID]++
	refused := f.refuse[in.JobName]
	f.mu.Unlock()
	if refused != nil {
		return refused
	}
	r := fakeRun{Job: in.JobName, ID: in.RunID, State: "RUNNING", Workflow: in.Workflow, RunID: in.WorkflowRunID, Trigger: in.TriggerName, Arguments: in.Arguments, Predecessors: in.Predecessors}
	err := f.store.Update(ctx, func(tx meta.Tx) error { return tx.Insert(fakeKind, meta.Key{"000000000000", in.JobName, in.RunID}, r) })
	if errors.Is(err, meta.ErrExists) {
		return nil
	}
	if err == nil {
		f.later(in.JobName, in.RunID)
	}
	return err
}

func (f *fakeJobs) later(job, id string) {
	if !f.hold {
		time.AfterFunc(f.delay(), func() { f.finish(job, id, f.outcome(job, id)) })
	}
}

// recover lets the runs of a killed process go on.
func (f *fakeJobs) recover() error {
	return f.store.View(context.Background(), func(tx meta.Tx) error {
		return tx.Scan(fakeKind, nil, nil, func(_ meta.Key, raw json.RawMessage) (bool, error) {
			var r fakeRun
			if err := json.Unmarshal(raw, &r); err != nil {
				return false, err
			}
			if !ended(r.State) {
				f.later(r.Job, r.ID)
			}
			return true, nil
		})
	})
}

func (f *fakeJobs) finish(job, id, state string) {
	f.mu.Lock()
	closed := f.closed
	f.mu.Unlock()
	if closed {
		return
	}
	err := f.store.Update(context.Background(), func(tx meta.Tx) error {
		var r fakeRun
		key := meta.Key{"000000000000", job, id}
		if err := tx.Get(fakeKind, key, &r); err != nil {
			return err
		}
		if ended(r.State) {
			return nil
		}
		r.State = state
		if strings.HasPrefix(state, "RETRY") { // fails, and is tried again at once
			r.State = "FAILED"
			next := r
			next.ID, next.State, next.Attempt = id+"_attempt_1", "RUNNING", 1
			if err := tx.Insert(fakeKind, meta.Key{"000000000000", job, next.ID}, next); err != nil {
				return err
			}
			f.later(job, next.ID)
		}
		return tx.Put(fakeKind, key, r)
	})
	if err != nil && !errors.Is(err, meta.ErrClosed) {
		panic(err)
	}
}

func (f *fakeJobs) get(job, id string) (*fakeRun, error) {
	var r fakeRun
	err := f.store.View(context.Background(), func(tx meta.Tx) error { return tx.Get(fakeKind, meta.Key{"000000000000", job, id}, &r) })
	if errors.Is(err, meta.ErrNotFound) {
		return nil, glue.EntityNotFoundException("Run %s not found.", id)
	}
	return &r, err
}

func (f *fakeJobs) Run(_ context.Context, job, id string) (*glue.JobRun, error) {
	r, err := f.get(job, id)
	if err != nil {
		return nil, err
	}
	return &glue.JobRun{Id: &r.ID, JobName: &r.Job, JobRunState: &r.State, Attempt: &r.Attempt, Arguments: r.Arguments, PredecessorRuns: r.Predecessors, TriggerName: &r.Trigger}, nil
}

func (f *fakeJobs) StopRun(_ context.Context, job, id string) error {
	f.finish(job, id, "STOPPED")
	return nil
}

func (f *fakeJobs) StartCrawl(ctx context.Context, crawler, id string) error {
	return f.StartRun(ctx, JobStart{JobName: crawler, RunID: id})
}

func (f *fakeJobs) Crawl(ctx context.Context, crawler, id string) (*glue.Crawl, error) {
	r, err := f.get(crawler, id)
	if err != nil {
		return nil, err
	}
	return &glue.Crawl{State: &r.State}, nil
}

func (f *fakeJobs) StopCrawl(_ context.Context, crawler, id string) error {
	f.finish(crawler, id, "CANCELLED")
	return nil
}

func (f *fakeJobs) runs(t *testing.T) []fakeRun {
	t.Helper()
	var all []fakeRun
	err := f.store.View(context.Background(), func(tx meta.Tx) error {
		return tx.Scan(fakeKind, nil, nil, func(_ meta.Key, raw json.RawMessage) (bool, error) {
			var r fakeRun
			err := json.Unmarshal(raw, &r)
			all = append(all, r)
			return true, err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// randomReader is not random enough for anything but tests.
type randomReader struct {
	mu  sync.Mutex
	rnd *rand.Rand
}

func (r *randomReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rnd.Read(p)
}

func newService(store meta.Store, jobs *fakeJobs, seed int64, now func() time.Time) *Service {
	return New(Config{Store: store, Jobs: jobs, Crawlers: jobs, JobKind: fakeKind, CrawlKind: fakeKind, Now: now,
		Rand: &randomReader{rnd: rand.New(rand.NewSource(seed))}, Log: slog.New(slog.DiscardHandler)})
}

func callerContext() context.Context {
	return awsapi.WithCaller(context.Background(), awsapi.Caller{Account: "000000000000", Region: "us-east-1", ARN: "arn:aws:iam::000000000000:root"})
}
