package workflow

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tarn/api/glue"
	"tarn/internal/meta"
	"tarn/internal/meta/sqlite"
)

// crashing is a store that dies at a step: just before it is durable, or just after, when nobody hears of it.
type crashing struct {
	meta.Store
	mu    sync.Mutex // held through each step: none goes on beside the one that dies
	left  int64      // steps until then
	after bool
	dead  atomic.Bool
}

func (c *crashing) Update(ctx context.Context, fn func(meta.Tx) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead.Load() {
		return meta.ErrClosed
	}
	if c.left--; c.left != 0 {
		return c.Store.Update(ctx, fn)
	}
	c.dead.Store(true)
	if c.after {
		if err := c.Store.Update(ctx, fn); err != nil {
			return err
		}
	}
	return meta.ErrClosed
}

func (c *crashing) View(ctx context.Context, fn func(meta.Tx) error) error {
	if c.dead.Load() {
		return meta.ErrClosed
	}
	return c.Store.View(ctx, fn)
}

// crashPlan is a workflow with a retry, a failure and a crawler, and triggers outside of it.
func crashPlan() *plan {
	condition := func(name, state string) *glue.Condition {
		if crawler, ok := strings.CutPrefix(name, "crawler:"); ok {
			return &glue.Condition{LogicalOperator: new("EQUALS"), CrawlerName: &crawler, CrawlState: &state}
		}
		return &glue.Condition{LogicalOperator: new("EQUALS"), JobName: &name, State: &state}
	}
	conditional := func(name string, workflow *string, action string, all ...*glue.Condition) *glue.CreateTriggerInput {
		return &glue.CreateTriggerInput{Name: &name, WorkflowName: workflow, Type: new("CONDITIONAL"), StartOnCreation: new(true), Actions: actions(action),
			Predicate: &glue.Predicate{Logical: new("AND"), Conditions: all}}
	}
	w := new("w")
	return &plan{
		triggers: []*glue.CreateTriggerInput{
			{Name: new("begin"), WorkflowName: w, Type: new("ON_DEMAND"), Actions: actions("a", "crawler:c")},
			conditional("both", w, "b", condition("a", "SUCCEEDED"), condition("crawler:c", "SUCCEEDED")),
			conditional("failed", w, "d", condition("b", "FAILED")),
			{Name: new("alone"), Type: new("ON_DEMAND"), Actions: actions("x")},
			conditional("then", nil, "y", condition("x", "SUCCEEDED")),
		},
		outcome: map[string]string{"a": "RETRY", "c": "SUCCEEDED", "b": "FAILED", "d": "SUCCEEDED", "x": "SUCCEEDED", "y": "SUCCEEDED"},
	}
}

const crashWant = "a:FAILED a:SUCCEEDED b:FAILED c:SUCCEEDED d:SUCCEEDED x:SUCCEEDED y:SUCCEEDED"

func ran(t *testing.T, jobs *fakeJobs) string {
	t.Helper()
	var all []string
	for _, r := range jobs.runs(t) {
		all = append(all, r.Job+":"+r.State)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// TestCrashAtEveryStep ends a process at each step that is made durable, before and after it is, and lets another take
// over: everything runs, and nothing twice.
func TestCrashAtEveryStep(t *testing.T) {
	for _, after := range []bool{false, true} {
		for step := int64(1); ; step++ {
			if !crashAt(t, step, after) {
				t.Logf("%d steps", step-1)
				if step < 20 {
					t.Errorf("there were %d steps only", step-1)
				}
				break
			}
			if t.Failed() || step > 200 {
				t.Fatalf("at step %d, after %v", step, after)
			}
		}
	}
}

// crashAt reports whether there was such a step.
func crashAt(t *testing.T, step int64, after bool) bool {
	t.Helper()
	raw, err := sqlite.Open(filepath.Join(t.TempDir(), "meta.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	p, ctx := crashPlan(), callerContext()
	soon := func() time.Duration { return 0 }
	begin := func(s *Service) (err error) {
		if _, err = s.StartWorkflowRun(ctx, &glue.StartWorkflowRunInput{Name: new("w")}); err == nil {
			_, err = s.StartTrigger(ctx, &glue.StartTriggerInput{Name: new("alone")})
		}
		return err
	}
	{
		setup := newService(raw, &fakeJobs{store: raw}, 1, time.Now)
		if err := p.create(ctx, setup); err != nil {
			t.Fatal(err)
		}
		setup.Close()
	}
	store := &crashing{Store: raw, left: step, after: after}
	jobs := &fakeJobs{store: store, seed: 1, outcome: p.outcomes, delay: soon}
	s := newService(store, jobs, 1, time.Now)
	if err := s.Recover(ctx); err == nil {
		_ = begin(s) // it may be what crashes
	}
	for until := time.Now().Add(20 * time.Second); !store.dead.Load() && !done(t, raw, jobs); time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("stuck before step %d", step)
		}
	}
	store.mu.Lock()
	crashed := store.dead.Swap(true)
	store.mu.Unlock()
	jobs.mu.Lock()
	jobs.closed = true
	jobs.mu.Unlock()
	s.Close()
	if !crashed {
		return false
	}
	next := &fakeJobs{store: raw, seed: 2, outcome: p.outcomes, delay: soon}
	if err := next.recover(); err != nil {
		t.Fatal(err)
	}
	s = newService(raw, next, 2, time.Now)
	defer s.Close()
	if err := s.Recover(ctx); err != nil {
		t.Fatal(err)
	}
	again(t, raw, s, next)
	for until := time.Now().Add(20 * time.Second); !done(t, raw, next); time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Errorf("after step %d: %s", step, ran(t, next))
			return true
		}
	}
	if got := ran(t, next); got != crashWant {
		t.Errorf("after step %d: %s", step, got)
	}
	return true
}

// again begins what the client was not told had begun, where it had not.
func again(t *testing.T, store meta.Store, s *Service, jobs *fakeJobs) {
	t.Helper()
	ctx := callerContext()
	runs, fired := 0, strings.Contains(ran(t, jobs), "x:")
	err := store.View(ctx, func(tx meta.Tx) error {
		err := tx.Scan(KindRun, nil, nil, func(meta.Key, json.RawMessage) (bool, error) { runs++; return true, nil })
		if err != nil {
			return err
		}
		return tx.Scan(kindAction, nil, nil, func(meta.Key, json.RawMessage) (bool, error) { fired = true; return true, nil })
	})
	if err == nil && runs == 0 {
		_, err = s.StartWorkflowRun(ctx, &glue.StartWorkflowRunInput{Name: new("w")})
	}
	if err == nil && !fired && !strings.Contains(ran(t, jobs), "x:") {
		_, err = s.StartTrigger(ctx, &glue.StartTriggerInput{Name: new("alone")})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// done reports whether everything has ended, and is written down to have.
func done(t *testing.T, store meta.Store, jobs *fakeJobs) bool {
	t.Helper()
	going, completed := 0, false
	err := store.View(context.Background(), func(tx meta.Tx) error {
		for _, kind := range []string{kindGoing, kindAction} {
			if err := tx.Scan(kind, nil, nil, func(meta.Key, json.RawMessage) (bool, error) { going++; return true, nil }); err != nil {
				return err
			}
		}
		return tx.Scan(KindRun, nil, nil, func(_ meta.Key, raw json.RawMessage) (bool, error) {
			var r runDoc
			err := json.Unmarshal(raw, &r)
			completed = r.Status == glue.WorkflowRunStatusCompleted
			return true, err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if going > 0 || !completed {
		return false
	}
	raw := &fakeJobs{store: store}
	return strings.Contains(ran(t, raw), "y:")
}
