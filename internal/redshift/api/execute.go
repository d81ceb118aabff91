package api

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tarn/api/redshiftdata"
	"tarn/internal/awsapi"
	"tarn/internal/redshift/warehouse"
	"tarn/internal/redshift/wire"
)

// request is what ExecuteStatement and BatchExecuteStatement have in common.
type request struct {
	sqls                                       []string
	cluster, workgroup, secret, user, database *string
	name, token, format, session, mode         *string
	params                                     []*redshiftdata.SqlParameter
	keep, wait                                 *int32
	event                                      *bool
	batch                                      bool
}

// ExecuteStatement runs one statement, and answers before it has ended.
func (d *Data) ExecuteStatement(ctx context.Context, in *redshiftdata.ExecuteStatementInput) (*redshiftdata.ExecuteStatementOutput, error) {
	r, err := d.submit(ctx, request{
		sqls: []string{awsapi.Val(in.Sql)}, cluster: in.ClusterIdentifier, workgroup: in.WorkgroupName, secret: in.SecretArn, user: in.DbUser,
		database: in.Database, name: in.StatementName, token: in.ClientToken, format: in.ResultFormat, session: in.SessionId, params: in.Parameters,
		keep: in.SessionKeepAliveSeconds, wait: in.WaitTimeSeconds, event: in.WithEvent,
	})
	if err != nil {
		return nil, err
	}
	out := &redshiftdata.ExecuteStatementOutput{Id: new(r.ID), CreatedAt: stamp(r.Created), ClusterIdentifier: optional(r.Cluster), WorkgroupName: optional(r.Workgroup),
		Database: new(r.Database), DbUser: new(r.User), SecretArn: optional(r.Secret), SessionId: optional(r.Session)}
	if in.WaitTimeSeconds != nil {
		out.Status, out.HasResultSet, out.RedshiftPid = new(r.Status), new(r.hasResult()), new(r.PID)
	}
	return out, nil
}

// BatchExecuteStatement runs several statements, as one transaction unless each is to be on its own.
func (d *Data) BatchExecuteStatement(ctx context.Context, in *redshiftdata.BatchExecuteStatementInput) (*redshiftdata.BatchExecuteStatementOutput, error) {
	r, err := d.submit(ctx, request{
		sqls: in.Sqls, cluster: in.ClusterIdentifier, workgroup: in.WorkgroupName, secret: in.SecretArn, user: in.DbUser, database: in.Database,
		name: in.StatementName, token: in.ClientToken, format: in.ResultFormat, session: in.SessionId, params: in.Parameters, mode: in.ExecutionMode,
		keep: in.SessionKeepAliveSeconds, wait: in.WaitTimeSeconds, event: in.WithEvent, batch: true,
	})
	if err != nil {
		return nil, err
	}
	out := &redshiftdata.BatchExecuteStatementOutput{Id: new(r.ID), CreatedAt: stamp(r.Created), ClusterIdentifier: optional(r.Cluster), WorkgroupName: optional(r.Workgroup),
		Database: new(r.Database), DbUser: new(r.User), SecretArn: optional(r.Secret), SessionId: optional(r.Session)}
	if in.WaitTimeSeconds != nil {
		out.Status, out.HasResultSet, out.RedshiftPid = new(r.Status), new(r.hasResult()), new(r.PID)
	}
	return out, nil
}

func (r *record) hasResult() bool {
	return slices.ContainsFunc(r.Subs, func(s sub) bool { return s.HasResult })
}

// kept is a session that outlives its statements.
type kept struct {
	id        string
	session   *warehouse.Session
	principal string
	cluster   string
	workgroup string
	secret    string
	keep      time.Duration
	created   time.Time
	updated   time.Time
	expires   time.Time
	busy      bool
	current   string
}

// submit checks a request, stores its record and starts it.
func (d *Data) submit(ctx context.Context, q request) (*record, error) {
	if err := d.sweep(ctx); err != nil {
		return nil, err
	}
	if awsapi.Val(q.event) {
		return nil, redshiftdata.ValidationException("WithEvent is not supported yet: there is no event bus.")
	}
	size := 0
	for _, s := range q.sqls {
		if size += len(s); size > maxSQL {
			return nil, redshiftdata.ValidationException("Cannot process query string larger than 100kB")
		}
	}
	params, err := checkParameters(q.sqls, q.params)
	if err != nil {
		return nil, err
	}
	if token := awsapi.Val(q.token); token != "" {
		same, err := d.records(ctx, func(r *record) bool { return r.Token == token && r.Principal == principal(ctx) })
		if err != nil {
			return nil, err
		}
		if len(same) > 0 {
			return &same[0], nil
		}
	}
	id, err := d.uuid()
	if err != nil {
		return nil, err
	}
	now := d.o.Now().UTC()
	r := &record{ID: id, Principal: principal(ctx), Name: awsapi.Val(q.name), Format: "JSON", Token: awsapi.Val(q.token), Batch: q.batch, Mode: awsapi.Val(q.mode),
		Params: params, Created: now, Updated: now, Status: submitted}
	if q.format != nil {
		r.Format = *q.format
	}
	for _, s := range q.sqls {
		r.Subs = append(r.Subs, sub{SQL: s, Status: submitted, Rows: -1, Created: now, Updated: now})
	}

	d.mu.Lock()
	active := len(d.running)
	d.mu.Unlock()
	if active >= maxActive {
		return nil, redshiftdata.ActiveStatementsExceededException("The number of active statements exceeds the limit of %d.", maxActive)
	}
	k, err := d.session(ctx, q, r)
	if err != nil {
		return nil, err
	}
	if err := d.save(ctx, r); err != nil {
		d.giveBack(k)
		return nil, err
	}
	run, cancel := context.WithTimeout(d.base, retention)
	entry := &running{cancel: cancel, done: make(chan struct{}), principal: r.Principal}
	d.mu.Lock()
	d.running[id] = entry
	d.mu.Unlock()
	answer := *r
	answer.Subs = slices.Clone(r.Subs)
	d.work.Go(func() {
		defer cancel()
		d.run(run, r, k)
		d.giveBack(k)
		d.mu.Lock()
		delete(d.running, id)
		d.mu.Unlock()
		close(entry.done)
	})
	if q.wait != nil {
		d.await(ctx, id, time.Duration(*q.wait)*time.Second)
		now, _, err := d.load(ctx, id)
		return &now, err
	}
	return &answer, nil
}

// await waits for a statement to end.
func (d *Data) await(ctx context.Context, id string, limit time.Duration) {
	d.mu.Lock()
	entry := d.running[id]
	d.mu.Unlock()
	if entry == nil {
		return
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-entry.done:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// checkParameters holds names and values together: each is used, none is missing.
func checkParameters(sqls []string, given []*redshiftdata.SqlParameter) ([]parameter, error) {
	used := map[string]bool{}
	parsed := true
	for _, s := range sqls {
		names, err := warehouse.ParameterNames(s)
		if err != nil {
			parsed = false // running it says what is wrong
			continue
		}
		for _, n := range names {
			used[n] = true
		}
	}
	var out []parameter
	have := map[string]bool{}
	for _, p := range given {
		name := strings.ToLower(awsapi.Val(p.Name))
		if have[name] {
			return nil, redshiftdata.ValidationException("Parameter %s is given more than once.", awsapi.Val(p.Name))
		}
		have[name] = true
		if parsed && !used[name] {
			return nil, redshiftdata.ValidationException("Parameters list contains unused parameters. Unused parameters: [%s]", awsapi.Val(p.Name))
		}
		out = append(out, parameter{name, awsapi.Val(p.Value)})
	}
	for name := range used {
		if !have[name] {
			return nil, redshiftdata.ValidationException("Parameters list is missing parameters. Missing parameters: [%s]", name)
		}
	}
	return out, nil
}

// session finds the session that a request goes on with, or opens one for the user that it names.
func (d *Data) session(ctx context.Context, q request, r *record) (*kept, error) {
	if id := awsapi.Val(q.session); id != "" {
		if q.cluster != nil || q.workgroup != nil || q.database != nil || q.user != nil || q.secret != nil {
			return nil, redshiftdata.ValidationException("SessionId can't be given together with ClusterIdentifier, WorkgroupName, Database, DbUser or SecretArn.")
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		k := d.sessions[id]
		if k == nil || k.principal != r.Principal {
			return nil, redshiftdata.ResourceNotFoundException("Session %s does not exist or has ended.", id).With("ResourceId", id)
		}
		if k.busy {
			return nil, redshiftdata.ValidationException("Session %s is busy with statement %s.", id, k.current)
		}
		if q.keep != nil {
			k.keep = time.Duration(*q.keep) * time.Second
		}
		k.busy, k.current = true, r.ID
		r.Session, r.Cluster, r.Workgroup, r.Secret = id, k.cluster, k.workgroup, k.secret
		r.Database, r.User, r.PID = k.session.Database(), k.session.User(), int64(k.session.PID())
		return k, nil
	}
	s, login, err := d.connect(ctx, q.cluster, q.workgroup, q.secret, q.user, q.database)
	if err != nil {
		return nil, err
	}
	k := &kept{session: s, principal: r.Principal, cluster: awsapi.Val(q.cluster), workgroup: awsapi.Val(q.workgroup), secret: awsapi.Val(q.secret),
		created: r.Created, updated: r.Created, busy: true, current: r.ID}
	r.Cluster, r.Workgroup, r.Secret = k.cluster, k.workgroup, k.secret
	r.Database, r.User, r.PID = s.Database(), login, int64(s.PID())
	if seconds := awsapi.Val(q.keep); seconds > 0 {
		if k.id, err = d.uuid(); err != nil {
			return nil, err
		}
		k.keep = time.Duration(seconds) * time.Second
		r.Session = k.id
		d.mu.Lock()
		full := len(d.sessions) >= maxSessions
		if !full {
			d.sessions[k.id] = k
		}
		d.mu.Unlock()
		if full {
			if err := s.Close(); err != nil {
				d.o.Log.WarnContext(ctx, "end a session of the Data API", "error", err)
			}
			return nil, redshiftdata.ActiveSessionsExceededException("The number of active sessions exceeds the limit of %d.", maxSessions)
		}
	}
	return k, nil
}

// giveBack ends a session, or leaves it for the next statement.
func (d *Data) giveBack(k *kept) {
	d.mu.Lock()
	k.busy, k.current = false, ""
	k.updated = d.o.Now()
	k.expires = k.updated.Add(k.keep)
	stays := k.id != "" && d.sessions[k.id] == k && k.keep > 0
	if !stays {
		delete(d.sessions, k.id)
	}
	d.mu.Unlock()
	if !stays {
		if err := k.session.Close(); err != nil {
			d.o.Log.Warn("end a session of the Data API", "error", err)
		}
	}
}

// run runs a record's statements to their end.
func (d *Data) run(ctx context.Context, r *record, k *kept) {
	begun := d.o.Now()
	keep := context.WithoutCancel(ctx)
	note := func() {
		r.Updated = d.o.Now().UTC()
		if err := d.save(keep, r); err != nil {
			d.o.Log.Error("keep the state of a statement", "statement", r.ID, "error", err)
		}
	}
	r.Status = started
	note()
	transaction := r.Batch && r.Mode != "AUTO_COMMIT"
	var first error
	if transaction {
		first = k.session.Begin(ctx)
	}
	for i := range r.Subs {
		s := &r.Subs[i]
		if first != nil && (transaction || ctx.Err() != nil) {
			s.Status, s.Updated = aborted, d.o.Now().UTC()
			continue
		}
		s.Status, s.Updated = started, d.o.Now().UTC()
		if r.Batch {
			note()
		}
		at := d.o.Now()
		err := d.one(ctx, r, i, k.session)
		s.Duration, s.Query, s.Updated = d.o.Now().Sub(at).Nanoseconds(), k.session.LastQuery(), d.o.Now().UTC()
		if err == nil {
			s.Status = finished
			continue
		}
		s.Status, s.Error = failed, message(err)
		if ctx.Err() != nil {
			s.Status = aborted
		}
		if first == nil {
			first = err
			if r.Batch {
				r.Error = fmt.Sprintf("Query #%d failed with %s", i+1, message(err))
			} else {
				r.Error = s.Error
			}
		}
	}
	if transaction {
		if first == nil {
			first = k.session.Commit(ctx)
			if first != nil {
				r.Error = message(first)
			}
		} else if err := k.session.Rollback(keep); err != nil {
			d.o.Log.Error("undo a batch", "statement", r.ID, "error", err)
		}
	}
	r.Status = finished
	switch {
	case first != nil && ctx.Err() != nil:
		r.Status = aborted
	case first != nil:
		r.Status = failed
	}
	if r.Error == "" && first != nil {
		r.Error = message(first)
	}
	r.Duration = d.o.Now().Sub(begun).Nanoseconds()
	note()
}

// message is an error as the Data API shows it.
func message(err error) string {
	if e, ok := err.(*wire.Error); ok { //nolint:errorlint // the session's own errors are of this type
		out := "ERROR: " + e.Message
		if e.Detail != "" {
			out += "\n  Detail: " + e.Detail
		}
		if e.Hint != "" {
			out += "\n  Hint: " + e.Hint
		}
		if e.Position > 0 {
			out += fmt.Sprintf("\n  Position: %d", e.Position)
		}
		return out
	}
	return "ERROR: " + err.Error()
}
