package workflow

import (
	"slices"
	"time"

	"tarn/api/glue"
	"tarn/internal/awsapi"
)

// runDoc is a workflow's run as it is stored. Its methods are the state machine: they change the document and nothing
// else, so that a transition and what it decides are one write.
type runDoc struct {
	Workflow   string
	ID         string
	Previous   string            `json:",omitzero"`
	Properties map[string]string `json:",omitzero"`
	Started    time.Time
	Completed  time.Time `json:",omitzero"`
	Status     string
	Error      string `json:",omitzero"`
	Caller     awsapi.Caller
	Triggers   []*triggerNode
	Nodes      []*actionNode
}

// triggerNode is a trigger as it was when the run began.
type triggerNode struct {
	ID      string
	Trigger *glue.Trigger
	Fired   bool
}

// actionNode is a job or crawler.
type actionNode struct {
	ID       string
	Type     string // glue.NodeTypeJob or NodeTypeCrawler
	Name     string
	Attempts []*attempt
}

// attempt is one run of a job, or one crawl.
type attempt struct {
	ID        string
	State     string // a job's run's, or a crawl's; waiting until it was started
	Trigger   string
	Arguments map[string]string `json:",omitzero"`
	Timeout   *int32            `json:",omitzero"`
	Started   time.Time         `json:",omitzero"`
	Completed time.Time         `json:",omitzero"`
	Error     string            `json:",omitzero"`
}

// waiting: the attempt is decided on, and may or may not have been started.
const waiting = glue.JobRunStateWaiting

// ended reports whether a state of a job's run or of a crawl is a last one.
func ended(state string) bool {
	switch state {
	case glue.JobRunStateSucceeded, glue.JobRunStateFailed, glue.JobRunStateStopped, glue.JobRunStateTimeout,
		glue.JobRunStateError, glue.JobRunStateExpired, glue.CrawlStateCancelled:
		return true
	}
	return false
}

func (n *actionNode) last() *attempt {
	if len(n.Attempts) == 0 {
		return nil
	}
	return n.Attempts[len(n.Attempts)-1]
}

func (r *runDoc) node(kind, name string) *actionNode {
	for _, n := range r.Nodes {
		if n.Type == kind && n.Name == name {
			return n
		}
	}
	return nil
}

func (r *runDoc) over() bool {
	return r.Status != glue.WorkflowRunStatusRunning && r.Status != glue.WorkflowRunStatusStopping
}

// active are the attempts that have not ended.
func (r *runDoc) active() []*attempt {
	var all []*attempt
	for _, n := range r.Nodes {
		for _, a := range n.Attempts {
			if !ended(a.State) {
				all = append(all, a)
			}
		}
	}
	return all
}

// ids makes ids for new attempts.
type ids func(kind string) (string, error)

// observation is what was learned about an attempt.
type observation struct {
	state              string
	started, completed time.Time
	message            string
	// retry is the run that the job has begun by itself in place of this one.
	retry string
}

// observe writes down what was learned. What has ended stays as it is.
func (r *runDoc) observe(id string, o observation) {
	n, a := r.find(id)
	if a == nil || ended(a.State) {
		return
	}
	a.State, a.Started, a.Completed, a.Error = o.state, o.started, o.completed, o.message
	if o.retry != "" {
		n.Attempts = append(n.Attempts, &attempt{ID: o.retry, State: glue.JobRunStateStarting, Trigger: a.Trigger, Arguments: a.Arguments, Timeout: a.Timeout})
	}
}

// advance fires what can fire, and ends the run when nothing runs and nothing can fire any more.
func (r *runDoc) advance(newID ids, now time.Time) error {
	if r.over() {
		return nil
	}
	if r.Status == glue.WorkflowRunStatusRunning {
		for _, t := range r.Triggers {
			if t.Fired || !r.met(t) {
				continue
			}
			if err := r.fire(t, newID); err != nil {
				return err
			}
		}
	}
	if len(r.active()) > 0 {
		return nil
	}
	r.Completed = now
	if r.Status == glue.WorkflowRunStatusStopping {
		r.Status = glue.WorkflowRunStatusStopped
	} else {
		r.Status = glue.WorkflowRunStatusCompleted
	}
	return nil
}

// met reports whether a conditional trigger's predicate holds in this run.
func (r *runDoc) met(t *triggerNode) bool {
	if awsapi.Val(t.Trigger.Type) != glue.TriggerTypeConditional || awsapi.Val(t.Trigger.State) != glue.TriggerStateActivated {
		return false
	}
	return holds(t.Trigger.Predicate, func(c *glue.Condition) bool {
		kind, name, state := watched(c)
		n := r.node(kind, name)
		return n != nil && n.last() != nil && n.last().State == state
	})
}

// holds evaluates a predicate whose conditions are decided by met.
func holds(p *glue.Predicate, met func(*glue.Condition) bool) bool {
	if p == nil || len(p.Conditions) == 0 {
		return false
	}
	if awsapi.Val(p.Logical) == glue.LogicalAny {
		return slices.ContainsFunc(p.Conditions, met)
	}
	return !slices.ContainsFunc(p.Conditions, func(c *glue.Condition) bool { return !met(c) })
}

// watched is what a condition waits for.
func watched(c *glue.Condition) (kind, name, state string) {
	if c.CrawlerName != nil {
		return glue.NodeTypeCrawler, *c.CrawlerName, awsapi.Val(c.CrawlState)
	}
	return glue.NodeTypeJob, awsapi.Val(c.JobName), awsapi.Val(c.State)
}

// started is what an action starts.
func started(a *glue.Action) (kind, name string) {
	if a.CrawlerName != nil {
		return glue.NodeTypeCrawler, *a.CrawlerName
	}
	return glue.NodeTypeJob, awsapi.Val(a.JobName)
}

// fire decides on an attempt of each of a trigger's actions.
func (r *runDoc) fire(t *triggerNode, newID ids) error {
	t.Fired = true
	for _, action := range t.Trigger.Actions {
		kind, name := started(action)
		n := r.node(kind, name)
		if n == nil || n.last() != nil && !ended(n.last().State) {
			continue // it runs already, started by another trigger
		}
		id, err := newID(kind)
		if err != nil {
			return err
		}
		n.Attempts = append(n.Attempts, &attempt{ID: id, State: waiting, Trigger: awsapi.Val(t.Trigger.Name), Arguments: action.Arguments, Timeout: action.Timeout})
	}
	return nil
}

// stoppedState is how what was stopped before it began is called.
func stoppedState(kind string) string {
	if kind == glue.NodeTypeCrawler {
		return glue.CrawlStateCancelled
	}
	return glue.JobRunStateStopped
}

// find finds an attempt by its id.
func (r *runDoc) find(id string) (*actionNode, *attempt) {
	for _, n := range r.Nodes {
		for _, a := range n.Attempts {
			if a.ID == id {
				return n, a
			}
		}
	}
	return nil, nil
}

// predecessors are the runs of jobs that a trigger waited for.
func (r *runDoc) predecessors(trigger string) []*glue.Predecessor {
	var all []*glue.Predecessor
	for _, t := range r.Triggers {
		if awsapi.Val(t.Trigger.Name) != trigger || t.Trigger.Predicate == nil {
			continue
		}
		for _, c := range t.Trigger.Predicate.Conditions {
			if c.JobName == nil {
				continue
			}
			if n := r.node(glue.NodeTypeJob, *c.JobName); n != nil && n.last() != nil {
				all = append(all, &glue.Predecessor{JobName: c.JobName, RunId: new(n.last().ID)})
			}
		}
	}
	return all
}

// downstream are the triggers and nodes that come after a node, by their ids.
func (r *runDoc) downstream(id string) map[string]bool {
	next := map[string][]string{}
	for _, e := range r.edges() {
		next[*e.SourceId] = append(next[*e.SourceId], *e.DestinationId)
	}
	seen := map[string]bool{}
	for stack := next[id]; len(stack) > 0; {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[n] {
			continue
		}
		seen[n] = true
		stack = append(stack, next[n]...)
	}
	return seen
}

func (r *runDoc) edges() []*glue.Edge {
	edges := []*glue.Edge{}
	for _, t := range r.Triggers {
		if t.Trigger.Predicate != nil {
			seen := map[string]bool{}
			for _, c := range t.Trigger.Predicate.Conditions {
				kind, name, _ := watched(c)
				if n := r.node(kind, name); n != nil && !seen[n.ID] {
					seen[n.ID] = true
					edges = append(edges, &glue.Edge{SourceId: new(n.ID), DestinationId: new(t.ID)})
				}
			}
		}
		for _, a := range t.Trigger.Actions {
			kind, name := started(a)
			if n := r.node(kind, name); n != nil {
				edges = append(edges, &glue.Edge{SourceId: new(t.ID), DestinationId: new(n.ID)})
			}
		}
	}
	return edges
}

// resume begins again at some nodes: everything behind them is forgotten, everything else stays as it ended. It
// answers the nodes that it began.
func (r *runDoc) resume(nodes []string, newID ids) ([]string, error) {
	behind := map[string]bool{}
	for _, id := range nodes {
		for d := range r.downstream(id) {
			if d != id {
				behind[d] = true
			}
		}
	}
	var begun []string
	for _, id := range nodes {
		if !behind[id] && !slices.Contains(begun, id) {
			begun = append(begun, id)
		}
	}
	for _, t := range r.Triggers {
		if behind[t.ID] {
			t.Fired = false
		}
	}
	for _, n := range r.Nodes {
		switch {
		case slices.Contains(begun, n.ID):
			last := n.last()
			id, err := newID(n.Type)
			if err != nil {
				return nil, err
			}
			n.Attempts = []*attempt{{ID: id, State: waiting, Trigger: last.Trigger, Arguments: last.Arguments, Timeout: last.Timeout}}
		case behind[n.ID]:
			n.Attempts = nil
		}
	}
	r.Status = glue.WorkflowRunStatusRunning
	return begun, nil
}

// statistics counts the actions by how they are.
func (r *runDoc) statistics() *glue.WorkflowRunStatistics {
	var total, succeeded, failed, stopped, timeout, running, errored, waits int32
	total = int32(len(r.Nodes))
	for _, n := range r.Nodes {
		a := n.last()
		if a == nil {
			continue
		}
		switch a.State {
		case glue.JobRunStateSucceeded:
			succeeded++
		case glue.JobRunStateFailed:
			failed++
		case glue.JobRunStateStopped, glue.CrawlStateCancelled:
			stopped++
		case glue.JobRunStateTimeout:
			timeout++
		case glue.JobRunStateError, glue.JobRunStateExpired:
			errored++
		case waiting:
			waits++
		default:
			running++
		}
	}
	return &glue.WorkflowRunStatistics{TotalActions: &total, SucceededActions: &succeeded, FailedActions: &failed, StoppedActions: &stopped,
		TimeoutActions: &timeout, RunningActions: &running, ErroredActions: &errored, WaitingActions: &waits}
}
