package pipeline

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tarn/api/glue"
	"tarn/api/logs"
	"tarn/internal/awsapi"
)

// outputLog is where Glue keeps what jobs print, a stream a run.
const outputLog = "/aws-glue/jobs/output"

// JobRun names one run of a Glue job.
type JobRun struct{ Job, ID string }

// FindJobRun finds the run a person means: a run's id (or its beginning), a
// job's last run, or, without a name, the run of the project that started last.
func (pl *Planner) FindJobRun(ctx context.Context, name string) (JobRun, error) {
	p := pl.Project
	var jobs []string
	for _, j := range p.Jobs {
		jobs = append(jobs, p.jobName(j.Name))
		if j.Load != nil {
			for _, w := range j.Writes {
				jobs = append(jobs, p.loadName(w))
			}
		}
	}
	wanted := jobs
	for _, j := range jobs {
		if name != "" && (j == name || strings.TrimPrefix(j, p.Name+"-") == name) {
			wanted = []string{j}
			name = ""
		}
	}
	var best JobRun
	var when time.Time
	for _, j := range wanted {
		out, err := glueCall[glue.GetJobRunsOutput](ctx, pl.Target, "GetJobRuns", &glue.GetJobRunsInput{JobName: new(j), MaxResults: new(int32(50))})
		if absent, err := missing(err, "EntityNotFoundException"); absent {
			continue
		} else if err != nil {
			return best, err
		}
		for _, r := range out.JobRuns {
			id := awsapi.Val(r.Id)
			if name != "" && !strings.HasPrefix(id, name) && !strings.HasPrefix(strings.TrimPrefix(id, "jr_"), name) {
				continue
			}
			if r.StartedOn != nil && r.StartedOn.After(when) {
				best, when = JobRun{j, id}, r.StartedOn.Time
			}
		}
	}
	switch {
	case best.ID != "":
		return best, nil
	case name != "":
		hint := "Its jobs: "
		for i, j := range jobs {
			if i > 0 {
				hint += ", "
			}
			hint += strings.TrimPrefix(j, p.Name+"-")
		}
		return best, &Problem{Text: fmt.Sprintf("%q is neither a job nor a run of %s", name, p.Name), Hint: hint + "."}
	}
	return best, fmt.Errorf("there is no run yet\n  Run it:  tarn run")
}

// JobRunState reads how a run stands.
func (pl *Planner) JobRunState(ctx context.Context, r JobRun) (*Node, error) {
	out, err := glueCall[glue.GetJobRunOutput](ctx, pl.Target, "GetJobRun", &glue.GetJobRunInput{JobName: &r.Job, RunId: &r.ID})
	if err != nil {
		return nil, err
	}
	return &Node{Name: r.Job, Kind: "job", State: awsapi.Val(out.JobRun.JobRunState), Error: awsapi.Val(out.JobRun.ErrorMessage)}, nil
}

// JobLog reads a job run's log from where next points to, from its start if that
// is nil, to its present end; and says where to go on.
func (pl *Planner) JobLog(ctx context.Context, runID string, next *string) (lines []string, after *string, err error) {
	after = next
	for {
		page, err := logsCall[logs.GetLogEventsOutput](ctx, pl.Target, "GetLogEvents", &logs.GetLogEventsInput{LogGroupName: new(outputLog), LogStreamName: &runID, StartFromHead: new(true), NextToken: after})
		if err != nil {
			return lines, after, err
		}
		for _, e := range page.Events {
			lines = append(lines, strings.TrimRight(awsapi.Val(e.Message), "\n"))
		}
		if page.NextForwardToken == nil || awsapi.Val(after) == *page.NextForwardToken {
			return lines, after, nil
		}
		after = page.NextForwardToken
	}
}
