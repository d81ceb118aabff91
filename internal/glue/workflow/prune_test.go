package workflow

import (
	"fmt"
	"testing"
	"time"

	"tarn/api/glue"
	"tarn/internal/meta"
)

func (f *fixture) runsOf(workflow string) (states []string) {
	f.t.Helper()
	for in := (&glue.GetWorkflowRunsInput{Name: &workflow}); ; {
		out, err := f.GetWorkflowRuns(f.ctx, in)
		f.check(err)
		for _, r := range out.Runs {
			states = append(states, *r.Status)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return states
		}
	}
}

// TestHistoryIsPruned lets 91 days pass: runs that began before the last 90 are forgotten, but for one that goes on.
func TestHistoryIsPruned(t *testing.T) {
	f := newFixture(t, 1)
	begun := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(now time.Time) {
		f.Service.Close()
		f.Service = newService(f.store, f.jobs, now.Unix(), func() time.Time { return now })
		f.check(f.Recover(f.ctx))
	}
	_, err := f.CreateWorkflow(f.ctx, &glue.CreateWorkflowInput{Name: new("w"), MaxConcurrentRuns: new(int32(2))})
	f.check(err)
	_, err = f.CreateTrigger(f.ctx, &glue.CreateTriggerInput{Name: new("begin"), Type: new("ON_DEMAND"), WorkflowName: new("w"), Actions: actions("a")})
	f.check(err)
	at(begun)
	// Ended runs in plenty, more than one transaction takes, and one that goes on.
	f.check(f.Store.Update(f.ctx, func(tx meta.Tx) error {
		for i := range 3*pruneBatch + 7 {
			r := &runDoc{Workflow: "w", ID: fmt.Sprintf("%s%048d", countdown(begun.Add(-time.Duration(i)*time.Hour)), i), Status: "COMPLETED", Started: begun}
			if err := putRun(tx, "000000000000", r); err != nil {
				return err
			}
		}
		return nil
	}))
	going, err := f.StartWorkflowRun(f.ctx, &glue.StartWorkflowRunInput{Name: new("w")})
	f.check(err)
	at(begun.Add(2 * 24 * time.Hour))
	young, err := f.StartWorkflowRun(f.ctx, &glue.StartWorkflowRunInput{Name: new("w")})
	f.check(err)
	if _, err := f.StartWorkflowRun(f.ctx, &glue.StartWorkflowRunInput{Name: new("w")}); err == nil {
		t.Error("a third run was allowed")
	}
	at(begun.Add(91 * 24 * time.Hour))
	for range 2000 {
		if len(f.runsOf("w")) == 2 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if got := fmt.Sprint(f.runsOf("w")); got != "[RUNNING RUNNING]" {
		t.Fatalf("left are %s", got)
	}
	for _, id := range []*string{going.RunId, young.RunId} {
		_, err = f.GetWorkflowRun(f.ctx, &glue.GetWorkflowRunInput{Name: new("w"), RunId: id})
		f.check(err)
	}
}

// TestRunsOfEarlierVersionsGoOn: a store in which no list says what goes on.
func TestRunsOfEarlierVersionsGoOn(t *testing.T) {
	f := newFixture(t, 2)
	_, err := f.CreateWorkflow(f.ctx, &glue.CreateWorkflowInput{Name: new("w")})
	f.check(err)
	_, err = f.CreateTrigger(f.ctx, &glue.CreateTriggerInput{Name: new("begin"), Type: new("ON_DEMAND"), WorkflowName: new("w"), Actions: actions("a")})
	f.check(err)
	out, err := f.StartWorkflowRun(f.ctx, &glue.StartWorkflowRunInput{Name: new("w")})
	f.check(err)
	for len(f.jobs.runs(t)) == 0 {
		time.Sleep(time.Millisecond)
	}
	f.Service.Close()
	f.check(f.Store.Update(f.ctx, func(tx meta.Tx) error {
		if _, err := tx.DeletePrefix(kindGoing, nil); err != nil {
			return err
		}
		_, err := tx.DeletePrefix(kindState, nil)
		return err
	}))
	f.restart()
	f.jobs.finish("a", f.jobs.runs(t)[0].ID, "SUCCEEDED")
	for range 2000 {
		run, err := f.GetWorkflowRun(f.ctx, &glue.GetWorkflowRunInput{Name: new("w"), RunId: out.RunId})
		f.check(err)
		if *run.Run.Status == "COMPLETED" {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("the run never ended")
}
