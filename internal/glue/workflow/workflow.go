// Package workflow is Glue's triggers and workflows: what starts what, and the state machine of a workflow's run.
//
// It owns the kinds glue.trigger, glue.trigger.action and glue.workflow with those below it. It starts jobs and crawlers
// through Jobs and Crawlers, and learns how they end from the store's feed.
//
// The machine never acts before it has written down what it is going to do: an action is first stored with the id that
// its run will have, then started under that id, which may be repeated. Whatever moment the process is killed at,
// Recover reads what is stored, starts again what may not have been started, asks how the rest is, and goes on.
package workflow

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/meta"
)

// Kinds of documents. All keys start with the account.
const (
	kindTrigger  = "glue.trigger"        // account, trigger
	kindAction   = "glue.trigger.action" // account, id of the job's run or crawl: started by a trigger outside workflows
	kindWorkflow = "glue.workflow"       // account, workflow
	KindRun      = "glue.workflow.run"   // account, workflow, run (newest first)
	kindGoing    = "glue.workflow.going" // account, workflow, run: those that have not ended
	kindState    = "glue.workflow.state" // what was done once
)

// JobStart is a run of a job to be started.
type JobStart struct {
	JobName       string
	Arguments     map[string]string
	Timeout       *int32
	TriggerName   string
	Workflow      string
	WorkflowRunID string
	Predecessors  []*glue.Predecessor
	RunID         string
}

// Jobs starts and watches jobs for the caller in ctx.
type Jobs interface {
	NewRunID() (string, error)
	// StartRun starts a run under the id it is given; a second start under the same id does nothing.
	StartRun(ctx context.Context, in JobStart) error
	// Run answers a run; EntityNotFoundException where there is none.
	Run(ctx context.Context, job, id string) (*glue.JobRun, error)
	// StopRun asks a run to end; one that has ended is left alone.
	StopRun(ctx context.Context, job, id string) error
}

// Crawlers starts and watches crawlers for the caller in ctx; *crawler.Service.
type Crawlers interface {
	NewCrawlID() (string, error)
	// StartCrawl starts a crawl under the id it is given; a second start under the same id does nothing.
	StartCrawl(ctx context.Context, crawler, id string) error
	// Crawl answers a crawl; EntityNotFoundException where there is none.
	Crawl(ctx context.Context, crawler, id string) (*glue.Crawl, error)
	// StopCrawl asks a crawl to end; one that has ended is left alone.
	StopCrawl(ctx context.Context, crawler, id string) error
}

// Config is what a Service needs.
type Config struct {
	Store    meta.Store
	Jobs     Jobs
	Crawlers Crawlers
	// Expect is told the jobs of a run that begins, so that what they need can be made ready; nil: nobody.
	Expect func(caller awsapi.Caller, jobs []string)
	// JobKind and CrawlKind are the kinds of documents whose changes tell that a run or crawl has changed; the last
	// part of a job's key, and of a crawl's, is its id.
	JobKind, CrawlKind string
	Now                func() time.Time
	Rand               io.Reader
	Log                *slog.Logger
}

// Service implements the triggers' and workflows' part of Glue's API and runs workflows.
type Service struct {
	Config
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
	wake   chan struct{} // the schedules changed
	work   *queue
	pruned time.Time // when the history was looked at last; of keepSchedules alone
}

// New makes a Service. Nothing runs before Recover.
func New(c Config) *Service {
	s := &Service{Config: c, wake: make(chan struct{}, 1), work: newQueue()}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// Close stops the machine. What runs goes on by itself, and Recover finds it.
func (s *Service) Close() error {
	s.cancel()
	s.wg.Wait()
	return nil
}

func callerOf(ctx context.Context) (awsapi.Caller, error) {
	c := awsapi.CallerFrom(ctx)
	if c.Account == "" {
		return c, errors.New("workflows were called on behalf of nobody")
	}
	// The session's token is a secret, and of no use later.
	c.SessionToken = ""
	return c, nil
}

func stamp(t time.Time) *awsapi.Time {
	if t.IsZero() {
		return nil
	}
	return &awsapi.Time{Time: t.UTC()}
}

// newRunID makes a workflow run's id. Its first digits count down with time, so that keys in order are the newest
// runs first.
func (s *Service) newRunID() (string, error) {
	var random [24]byte
	if _, err := io.ReadFull(s.Rand, random[:]); err != nil {
		return "", err
	}
	return countdown(s.Now()) + hex.EncodeToString(random[:]), nil
}

// countdown is the beginning of the ids of runs that begin at a time.
func countdown(t time.Time) string { return fmt.Sprintf("wr_%016x", ^uint64(t.UnixNano())) }
