package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/meta"
)

// itemKind is what there is to look at.
type itemKind int

const (
	everything itemKind = iota // all that has not ended
	aRun                       // a workflow's run
	alone                      // an account's actions outside workflows
)

type item struct {
	kind                   itemKind
	account, workflow, run string
}

func runItem(r *runDoc) item {
	return item{kind: aRun, account: r.Caller.Account, workflow: r.Workflow, run: r.ID}
}

// queue holds what there is to look at, each thing once.
type queue struct {
	mu    sync.Mutex
	items []item
	in    map[item]bool
	wake  chan struct{}
	// watched leads from the id of a job's run or a crawl to who waits for it.
	watched map[string]item
}

func newQueue() *queue {
	return &queue{in: map[item]bool{}, wake: make(chan struct{}, 1), watched: map[string]item{}}
}

func (q *queue) add(it item) {
	q.mu.Lock()
	if !q.in[it] {
		q.in[it] = true
		q.items = append(q.items, it)
	}
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *queue) take() (item, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) == 0 {
		return item{}, false
	}
	it := q.items[0]
	q.items = q.items[1:]
	delete(q.in, it)
	return it, true
}

func (q *queue) watch(id string, it item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.watched[id] = it
}

func (q *queue) unwatch(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.watched, id)
}

func (q *queue) changed(id string) {
	q.mu.Lock()
	it, ok := q.watched[id]
	q.mu.Unlock()
	if ok {
		q.add(it)
	}
}

// Recover looks at everything that has not ended, and lets the machine run. It is called once, when jobs and crawlers
// have recovered. What requests have asked for before waits until then.
func (s *Service) Recover(ctx context.Context) error {
	if err := s.listGoing(ctx); err != nil {
		return err
	}
	// The watch begins before the first look, so that nothing falls between them.
	feed := s.Store.Watch(s.ctx, s.JobKind, s.CrawlKind)
	if err := s.rescan(ctx); err != nil {
		return err
	}
	s.wg.Go(func() {
		for c := range feed {
			switch {
			case c.Dropped:
				s.work.add(item{kind: everything})
			case len(c.Key) > 0:
				s.work.changed(c.Key[len(c.Key)-1])
			}
		}
	})
	s.wg.Go(s.loop)
	s.wg.Go(s.keepSchedules)
	return nil
}

// rescan queues everything that has not ended.
func (s *Service) rescan(ctx context.Context) error {
	accounts := map[string]bool{}
	err := s.Store.View(ctx, func(tx meta.Tx) error {
		err := tx.Scan(kindGoing, nil, nil, func(k meta.Key, _ json.RawMessage) (bool, error) {
			s.work.add(item{kind: aRun, account: k[0], workflow: k[1], run: k[2]})
			return true, nil
		})
		if err != nil {
			return err
		}
		return tx.Scan(kindAction, nil, nil, func(k meta.Key, _ json.RawMessage) (bool, error) {
			accounts[k[0]] = true
			return true, nil
		})
	})
	for a := range accounts {
		s.work.add(item{kind: alone, account: a})
	}
	return err
}

// retryAfter is how long to wait when the store or a service fails for a reason that is not the workflow's.
const retryAfter = time.Second

// loop looks at one thing after the other: only it starts and stops anything, so no two do the same.
func (s *Service) loop() {
	for {
		it, ok := s.work.take()
		if !ok {
			select {
			case <-s.ctx.Done():
				return
			case <-s.work.wake:
			}
			continue
		}
		if s.ctx.Err() != nil {
			return
		}
		if err := s.look(it); err != nil && s.ctx.Err() == nil {
			s.Log.Error("a workflow could not go on; it is tried again", "workflow", it.workflow, "run", it.run, "error", err)
			time.AfterFunc(retryAfter, func() { s.work.add(it) })
		}
	}
}

func (s *Service) look(it item) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("internal fault: %v", p)
		}
	}()
	switch it.kind {
	case aRun:
		return s.settle(it)
	case alone:
		return s.settleAlone(it.account)
	}
	return s.rescan(s.ctx)
}

// settle brings a run as far as it can get now.
func (s *Service) settle(it item) error {
	for {
		var r *runDoc
		err := s.Store.View(s.ctx, func(tx meta.Tx) (err error) {
			r, err = getRun(tx, it.account, it.workflow, it.run)
			return err
		})
		if awsapi.IsCode(err, "EntityNotFoundException") {
			return nil
		}
		if err != nil || r.over() {
			return err
		}
		seen, err := s.act(r, it)
		if err != nil {
			return err
		}
		again := false
		err = s.Store.Update(s.ctx, func(tx meta.Tx) error {
			again = false
			now, err := getRun(tx, it.account, it.workflow, it.run)
			if err != nil {
				return err
			}
			before, err := json.Marshal(now)
			if err != nil {
				return err
			}
			for id, o := range seen {
				now.observe(id, o)
			}
			if err := now.advance(s.newID, s.Now().UTC()); err != nil {
				return err
			}
			for _, a := range now.active() {
				again = again || a.State == waiting
			}
			after, err := json.Marshal(now)
			if err != nil || string(before) == string(after) {
				return err
			}
			r = now
			return putRun(tx, it.account, now)
		})
		if err != nil {
			return err
		}
		for id, o := range seen {
			if ended(o.state) {
				s.work.unwatch(id)
			}
			if o.retry != "" {
				s.work.watch(o.retry, it)
				again = true // it may have ended already
			}
		}
		if !again {
			return nil
		}
	}
}

// act starts what waits, stops what is to stop, and learns how everything is.
func (s *Service) act(r *runDoc, it item) (map[string]observation, error) {
	ctx := awsapi.WithCaller(s.ctx, r.Caller)
	seen := map[string]observation{}
	for _, n := range r.Nodes {
		for _, a := range n.Attempts {
			if ended(a.State) {
				continue
			}
			// Watched before it starts: its end can't be missed.
			s.work.watch(a.ID, it)
			stopping := r.Status == glue.WorkflowRunStatusStopping
			if a.State == waiting && !stopping {
				o, done, err := s.start(ctx, n.Type, n.Name, JobStart{Arguments: a.Arguments, Timeout: a.Timeout, TriggerName: a.Trigger,
					Workflow: r.Workflow, WorkflowRunID: r.ID, Predecessors: r.predecessors(a.Trigger), RunID: a.ID})
				if err != nil {
					return nil, err
				}
				if done {
					seen[a.ID] = o
					continue
				}
			}
			o, err := s.ask(ctx, n.Type, n.Name, a.ID)
			if awsapi.IsCode(err, "EntityNotFoundException") {
				o = observation{state: glue.JobRunStateError, completed: s.Now().UTC(), message: "The run is not there any more."}
				if a.State == waiting {
					o.state, o.message = stoppedState(n.Type), "" // it was never started
				}
				err = nil
			}
			if err != nil {
				return nil, err
			}
			if stopping && !ended(o.state) {
				if err := s.stop(ctx, n.Type, n.Name, a.ID); err != nil {
					return nil, err
				}
			}
			seen[a.ID] = o
		}
	}
	return seen, nil
}

// start starts a job or a crawler. done: it could not be, and that is its end.
func (s *Service) start(ctx context.Context, kind, name string, in JobStart) (o observation, done bool, err error) {
	// A killed predecessor may have started it. Then it counts against the limit of concurrent runs, which a second
	// start must not run into.
	if _, err := s.ask(ctx, kind, name, in.RunID); !awsapi.IsCode(err, "EntityNotFoundException") {
		return o, false, err
	}
	if kind == glue.NodeTypeCrawler {
		err = s.Crawlers.StartCrawl(ctx, name, in.RunID)
	} else {
		in.JobName = name
		err = s.Jobs.StartRun(ctx, in)
	}
	var refused *awsapi.Error
	if err == nil || !errors.As(err, &refused) || refused.Status >= 500 {
		return o, false, err
	}
	now := s.Now().UTC()
	o = observation{state: glue.JobRunStateError, started: now, completed: now, message: refused.Text()}
	if refused.Code == "ConcurrentRunsExceededException" {
		o.state, o.message = glue.JobRunStateFailed, "Max concurrent runs exceeded"
	}
	return o, true, nil
}

func (s *Service) stop(ctx context.Context, kind, name, id string) error {
	if kind == glue.NodeTypeCrawler {
		return s.Crawlers.StopCrawl(ctx, name, id)
	}
	return s.Jobs.StopRun(ctx, name, id)
}

// ask learns how a run or crawl is.
func (s *Service) ask(ctx context.Context, kind, name, id string) (observation, error) {
	if kind == glue.NodeTypeCrawler {
		c, err := s.Crawlers.Crawl(ctx, name, id)
		if err != nil {
			return observation{}, err
		}
		return observation{state: awsapi.Val(c.State), started: at(c.StartedOn), completed: at(c.CompletedOn), message: awsapi.Val(c.ErrorMessage)}, nil
	}
	run, err := s.Jobs.Run(ctx, name, id)
	if err != nil {
		return observation{}, err
	}
	o := observation{state: awsapi.Val(run.JobRunState), started: at(run.StartedOn), completed: at(run.CompletedOn), message: awsapi.Val(run.ErrorMessage)}
	if o.state == waiting {
		o.state = glue.JobRunStateStarting // queued by the job itself, not by this machine
	}
	if o.state == glue.JobRunStateFailed || o.state == glue.JobRunStateTimeout {
		// A retry is made in the step in which the run ends.
		first, _, _ := strings.Cut(id, "_attempt_")
		next := fmt.Sprintf("%s_attempt_%d", first, awsapi.Val(run.Attempt)+1)
		_, err := s.Jobs.Run(ctx, name, next)
		switch {
		case err == nil:
			o.retry = next
		case !awsapi.IsCode(err, "EntityNotFoundException"):
			return o, err
		}
	}
	return o, nil
}

func at(t *awsapi.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}
