package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"tarn/api/glue"
	"tarn/api/logs"
	"tarn/internal/awsapi"
)

// Node is a part of a run as a person sees it.
type Node struct {
	Name    string  `json:"node"`
	Kind    string  `json:"kind"` // upload, crawl, job, load, refresh
	State   string  `json:"state"`
	Detail  string  `json:"detail,omitempty"`
	Seconds float64 `json:"seconds"`
	Error   string  `json:"error,omitempty"`

	jobRun string
	id     string // of the node in the workflow's graph
	began  time.Time
	ended  time.Time // zero while it runs
	asked  time.Time // when its log was looked at last
}

// Over tells whether a node has ended.
func (n *Node) Over() bool {
	switch n.State {
	case "SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR", "CANCELLED", "EXPIRED", "COMPLETED":
		return true
	}
	return false
}

func (n *Node) took(from, to *awsapi.Time) {
	if from != nil && to != nil {
		n.Seconds, n.ended = to.Sub(from.Time).Seconds(), to.Time
	}
}

// Failed tells whether a node has ended badly.
func (n *Node) Failed() bool { return n.Over() && n.State != "SUCCEEDED" && n.State != "COMPLETED" }

// Run is one run of a project's workflow.
type Run struct {
	ID    string
	Nodes []*Node
}

// RunOptions say how to run.
type RunOptions struct {
	Resume bool
	Detach bool
	// Progress is told of each node whose state or detail has changed.
	Progress func(*Node)
}

// RunFailed is a run that has ended with failures.
type RunFailed struct{ Nodes []*Node }

func (e *RunFailed) Error() string {
	var out []string
	for _, n := range e.Nodes {
		text := n.Error
		if text == "" {
			text = n.State
		}
		out = append(out, n.Name+"  "+text)
	}
	return strings.Join(out, "\n")
}

// Start uploads files, starts the workflow (or resumes its last run) and follows it to its end.
func (pl *Planner) Start(ctx context.Context, o RunOptions) (*Run, error) {
	p, t := pl.Project, pl.Target
	progress := o.Progress
	if progress == nil {
		progress = func(*Node) {}
	}
	up := &Node{Name: "upload", Kind: "upload", State: "RUNNING", began: time.Now()}
	var size int64
	files := 0
	_, err := pl.Upload(ctx, func(_, _ string, n int64) {
		files++
		size += n
		up.Detail = Count(int64(files), "file") + " · " + bytesText(size)
		up.Seconds = time.Since(up.began).Seconds()
		progress(up)
	})
	up.Seconds = time.Since(up.began).Seconds()
	if err != nil {
		up.State, up.Error = "FAILED", err.Error()
		progress(up)
		return nil, err
	}
	if up.State = "SUCCEEDED"; files == 0 {
		up.Detail = "no new files"
	}
	progress(up)

	run := &Run{}
	if o.Resume {
		run.ID, err = pl.resume(ctx)
	} else {
		var out *glue.StartWorkflowRunOutput
		out, err = glueCall[glue.StartWorkflowRunOutput](ctx, t, "StartWorkflowRun", &glue.StartWorkflowRunInput{Name: new(p.workflow())})
		if err == nil {
			run.ID = awsapi.Val(out.RunId)
		}
	}
	if err != nil {
		if awsapi.IsCode(err, "ConcurrentRunsExceededException") {
			return nil, fmt.Errorf("%s runs already; one run at a time\n  Follow it:  tarn logs -f", p.Name)
		}
		return nil, err
	}
	if o.Detach {
		return run, nil
	}
	if err := pl.follow(ctx, run, progress); err != nil {
		return run, err
	}
	return run, pl.publish(ctx, run, progress)
}

// follow watches a workflow run until it has ended.
func (pl *Planner) follow(ctx context.Context, run *Run, progress func(*Node)) error {
	p, t := pl.Project, pl.Target
	every := 100 * time.Millisecond
	if t.Client.Endpoint == "" {
		every = 5 * time.Second // AWS throttles
	}
	known := map[string]*Node{}
	for {
		out, err := glueCall[glue.GetWorkflowRunOutput](ctx, t, "GetWorkflowRun", &glue.GetWorkflowRunInput{Name: new(p.workflow()), RunId: &run.ID, IncludeGraph: new(true)})
		if err != nil {
			return err
		}
		w := out.Run
		for _, n := range nodesOf(w.Graph) {
			old := known[n.id]
			if old != nil && old.State == n.State && old.jobRun == n.jobRun {
				if pl.says(ctx, old) {
					progress(old)
				}
				continue
			}
			if n.Over() {
				pl.finish(ctx, n)
			}
			if old == nil {
				run.Nodes = append(run.Nodes, n)
			} else {
				run.Nodes[slices.Index(run.Nodes, old)] = n
			}
			known[n.id] = n
			progress(n)
		}
		switch awsapi.Val(w.Status) {
		case "COMPLETED", "STOPPED", "ERROR":
			var failed []*Node
			for _, n := range run.Nodes {
				if n.Failed() {
					failed = append(failed, n)
				}
			}
			if len(failed) > 0 {
				return &RunFailed{failed}
			}
			if s := awsapi.Val(w.Status); s != "COMPLETED" {
				return &RunFailed{[]*Node{{Name: p.Name, State: s, Error: awsapi.Val(w.ErrorMessage)}}}
			}
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(every):
		}
	}
}

// nodesOf are the nodes of a run that have begun, in the order in which they ended.
func nodesOf(g *glue.WorkflowGraph) []*Node {
	var out []*Node
	if g != nil {
		for _, gn := range g.Nodes {
			if n := nodeOf(gn); n != nil {
				out = append(out, n)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b *Node) int {
		switch {
		case a.ended.IsZero() == b.ended.IsZero():
			return a.ended.Compare(b.ended)
		case a.ended.IsZero():
			return 1
		}
		return -1
	})
	return out
}

func nodeOf(g *glue.Node) *Node {
	n := &Node{Name: awsapi.Val(g.Name), id: awsapi.Val(g.UniqueId)}
	switch awsapi.Val(g.Type) {
	case "JOB":
		n.Kind = "job"
		if g.JobDetails == nil || len(g.JobDetails.JobRuns) == 0 {
			return nil
		}
		runs := slices.Clone(g.JobDetails.JobRuns)
		sort.SliceStable(runs, func(i, j int) bool { return awsapi.Val(runs[i].Attempt) < awsapi.Val(runs[j].Attempt) })
		r := runs[len(runs)-1]
		n.State, n.Error, n.jobRun = awsapi.Val(r.JobRunState), awsapi.Val(r.ErrorMessage), awsapi.Val(r.Id)
		n.took(r.StartedOn, r.CompletedOn)
	case "CRAWLER":
		n.Kind = "crawl"
		if g.CrawlerDetails == nil || len(g.CrawlerDetails.Crawls) == 0 {
			return nil
		}
		c := g.CrawlerDetails.Crawls[len(g.CrawlerDetails.Crawls)-1]
		n.State, n.Error = awsapi.Val(c.State), awsapi.Val(c.ErrorMessage)
		n.took(c.StartedOn, c.CompletedOn)
	default:
		return nil
	}
	return n
}

// says reads, once a second, the last line that a running job has printed, and
// tells whether that is news.
func (pl *Planner) says(ctx context.Context, n *Node) bool {
	if n.Over() || n.jobRun == "" || time.Since(n.asked) < time.Second {
		return false
	}
	n.asked = time.Now()
	last, err := logsCall[logs.GetLogEventsOutput](ctx, pl.Target, "GetLogEvents", &logs.GetLogEventsInput{LogGroupName: new(outputLog), LogStreamName: &n.jobRun, Limit: new(int32(1))})
	if err != nil || len(last.Events) == 0 { // an ornament; there may be no log yet
		return false
	}
	line, _, _ := strings.Cut(strings.TrimSpace(awsapi.Val(last.Events[0].Message)), "\n")
	if line == n.Detail {
		return false
	}
	n.Detail = line
	return true
}

// finish adds what the ended node says of its work: what a crawl has changed, or
// the last line of a job's log that names a table it has written.
func (pl *Planner) finish(ctx context.Context, n *Node) {
	if n.Kind == "crawl" {
		n.Detail = pl.crawlSummary(ctx, n.Name)
		return
	}
	last, err := logsCall[logs.GetLogEventsOutput](ctx, pl.Target, "GetLogEvents", &logs.GetLogEventsInput{LogGroupName: new(outputLog), LogStreamName: &n.jobRun, Limit: new(int32(100))})
	if err != nil {
		return // the log is an ornament here; the state has been read
	}
	for _, e := range slices.Backward(last.Events) {
		l := strings.TrimRight(awsapi.Val(e.Message), "\n")
		for _, start := range []string{pl.Project.database() + ".", "loaded "} {
			if rest, ok := strings.CutPrefix(l, start); ok {
				if _, after, ok := strings.Cut(rest, ": "); ok && start != "loaded " {
					rest = after
				}
				n.Detail, _, _ = strings.Cut(rest, " to s3://")
				return
			}
		}
	}
}

// crawlSummary says what the last crawl has changed.
func (pl *Planner) crawlSummary(ctx context.Context, crawler string) string {
	out, err := glueCall[glue.ListCrawlsOutput](ctx, pl.Target, "ListCrawls", &glue.ListCrawlsInput{CrawlerName: &crawler, MaxResults: new(int32(1))})
	if err != nil || len(out.Crawls) == 0 {
		return "" // an ornament, as above
	}
	var summary map[string]map[string]struct{ Count int64 }
	if text := awsapi.Val(out.Crawls[0].Summary); text != "" && json.Unmarshal([]byte(text), &summary) != nil {
		return ""
	}
	var parts []string
	for _, k := range []struct{ key, noun string }{{"TABLE", "table"}, {"PARTITION", "partition"}} {
		for _, d := range []struct{ key, verb string }{{"ADD", "added"}, {"UPDATE", "changed"}, {"DELETE", "deleted"}} {
			n := summary[k.key][d.key].Count
			if n == 0 {
				continue
			}
			parts = append(parts, Count(n, k.noun)+" "+d.verb)
		}
	}
	if len(parts) == 0 {
		return "nothing has changed"
	}
	return strings.Join(parts, ", ")
}

// resume starts the failed nodes of the last run again, and what follows them.
func (pl *Planner) resume(ctx context.Context) (string, error) {
	p, t := pl.Project, pl.Target
	runs, err := glueCall[glue.GetWorkflowRunsOutput](ctx, t, "GetWorkflowRuns", &glue.GetWorkflowRunsInput{Name: new(p.workflow()), IncludeGraph: new(true), MaxResults: new(int32(1))})
	if err != nil {
		return "", err
	}
	if len(runs.Runs) == 0 {
		return "", fmt.Errorf("%s has not run yet: there is nothing to resume\n  Run it:  tarn run", p.Name)
	}
	last := runs.Runs[0]
	switch awsapi.Val(last.Status) {
	case glue.WorkflowRunStatusRunning, glue.WorkflowRunStatusStopping:
		return "", fmt.Errorf("the last run of %s still goes on: there is nothing to resume yet\n  Follow it:  tarn logs -f", p.Name)
	}
	var ids []string
	for _, g := range last.Graph.Nodes {
		if n := nodeOf(g); n != nil && n.Failed() {
			ids = append(ids, n.id)
		}
	}
	if len(ids) == 0 {
		return "", fmt.Errorf("nothing failed in the last run of %s: there is nothing to resume\n  Run it again:  tarn run", p.Name)
	}
	out, err := glueCall[glue.ResumeWorkflowRunOutput](ctx, t, "ResumeWorkflowRun", &glue.ResumeWorkflowRunInput{Name: new(p.workflow()), RunId: last.WorkflowRunId, NodeIds: ids})
	if err != nil {
		return "", err
	}
	return awsapi.Val(out.RunId), nil
}
