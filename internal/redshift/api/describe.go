package api

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tarn/api/redshiftdata"
	"tarn/internal/awsapi"
)

// DescribeStatement says how far a statement is.
func (d *Data) DescribeStatement(ctx context.Context, in *redshiftdata.DescribeStatementInput) (*redshiftdata.DescribeStatementOutput, error) {
	if in.WaitTimeSeconds != nil {
		whole, _, _ := strings.Cut(awsapi.Val(in.Id), ":")
		d.await(ctx, whole, time.Duration(*in.WaitTimeSeconds)*time.Second)
	}
	r, n, err := d.load(ctx, awsapi.Val(in.Id))
	if err != nil {
		return nil, err
	}
	out := &redshiftdata.DescribeStatementOutput{
		Id: new(awsapi.Val(in.Id)), Status: new(r.Status), Error: optional(r.Error), CreatedAt: stamp(r.Created), UpdatedAt: stamp(r.Updated),
		Database: new(r.Database), DbUser: new(r.User), ClusterIdentifier: optional(r.Cluster), WorkgroupName: optional(r.Workgroup), SecretArn: optional(r.Secret),
		SessionId: optional(r.Session), ResultFormat: new(r.Format), Duration: new(r.Duration), RedshiftPid: new(r.PID), HasResultSet: new(r.hasResult()),
		QueryParameters: r.parameters(), ResultRows: new(int64(-1)), ResultSize: new(int64(-1)), RedshiftQueryId: new(int64(0)),
	}
	if r.Batch && n == 0 {
		out.ExecutionMode = new("TRANSACTION")
		if r.Mode != "" {
			out.ExecutionMode = new(r.Mode)
		}
		for i, s := range r.Subs {
			out.SubStatements = append(out.SubStatements, &redshiftdata.SubStatementData{
				Id: new(fmt.Sprintf("%s:%d", r.ID, i+1)), QueryString: new(s.SQL), Status: new(s.Status), Error: optional(s.Error), HasResultSet: new(s.HasResult),
				ResultRows: new(s.Rows), ResultSize: new(s.Size), Duration: new(s.Duration), RedshiftQueryId: new(s.Query), CreatedAt: stamp(s.Created), UpdatedAt: stamp(s.Updated),
			})
		}
		return out, nil
	}
	s := r.Subs[max(n-1, 0)]
	out.QueryString, out.ResultRows, out.ResultSize, out.RedshiftQueryId, out.HasResultSet = new(s.SQL), new(s.Rows), new(s.Size), new(s.Query), new(s.HasResult)
	if n > 0 {
		out.Status, out.Error, out.Duration = new(s.Status), optional(s.Error), new(s.Duration)
	}
	return out, nil
}

// CancelStatement ends a statement.
func (d *Data) CancelStatement(ctx context.Context, in *redshiftdata.CancelStatementInput) (*redshiftdata.CancelStatementOutput, error) {
	r, n, err := d.load(ctx, awsapi.Val(in.Id))
	if err != nil {
		return nil, err
	}
	if n > 0 {
		return nil, redshiftdata.ValidationException("A statement of a batch can't be cancelled on its own: cancel %s.", r.ID)
	}
	d.mu.Lock()
	entry := d.running[r.ID]
	d.mu.Unlock()
	if entry == nil {
		if r, _, err = d.load(ctx, r.ID); err != nil {
			return nil, err
		}
		return nil, redshiftdata.ValidationException("Could not cancel a query that is already in %s state with ID: %s", r.Status, r.ID)
	}
	entry.cancel()
	return &redshiftdata.CancelStatementOutput{Status: new(true)}, nil
}

// ListStatements lists the caller's statements of the last day, the newest first.
func (d *Data) ListStatements(ctx context.Context, in *redshiftdata.ListStatementsInput) (*redshiftdata.ListStatementsOutput, error) {
	since := d.o.Now().Add(-retention)
	list, err := d.records(ctx, func(r *record) bool {
		status := awsapi.Val(in.Status)
		return r.Principal == principal(ctx) && r.Created.After(since) && strings.HasPrefix(r.Name, awsapi.Val(in.StatementName)) &&
			(status == "" || status == "ALL" || status == r.Status) && (in.Database == nil || *in.Database == r.Database) &&
			(in.ClusterIdentifier == nil || *in.ClusterIdentifier == r.Cluster) && (in.WorkgroupName == nil || *in.WorkgroupName == r.Workgroup)
	})
	if err != nil {
		return nil, err
	}
	limit := int(awsapi.Val(in.MaxResults))
	if limit == 0 {
		limit = 100
	}
	list, next, err := cut(list, in.NextToken, limit)
	if err != nil {
		return nil, err
	}
	out := &redshiftdata.ListStatementsOutput{Statements: []*redshiftdata.StatementData{}, NextToken: next}
	for _, r := range list {
		s := &redshiftdata.StatementData{Id: new(r.ID), Status: new(r.Status), StatementName: optional(r.Name), SecretArn: optional(r.Secret), CreatedAt: stamp(r.Created),
			UpdatedAt: stamp(r.Updated), QueryParameters: r.parameters(), IsBatchStatement: new(r.Batch), ResultFormat: new(r.Format), SessionId: optional(r.Session)}
		if r.Batch {
			for _, sub := range r.Subs {
				s.QueryStrings = append(s.QueryStrings, sub.SQL)
			}
		} else {
			s.QueryString = new(r.Subs[0].SQL)
		}
		out.Statements = append(out.Statements, s)
	}
	return out, nil
}

// ListSessions lists the sessions that the caller keeps.
func (d *Data) ListSessions(ctx context.Context, in *redshiftdata.ListSessionsInput) (*redshiftdata.ListSessionsOutput, error) {
	if err := d.sweep(ctx); err != nil {
		return nil, err
	}
	d.mu.Lock()
	var all []*redshiftdata.SessionData
	for _, k := range d.sessions {
		status := "AVAILABLE"
		if k.busy {
			status = "BUSY"
		}
		if k.principal != principal(ctx) || in.SessionId != nil && *in.SessionId != k.id || in.Status != nil && *in.Status != status ||
			in.Database != nil && *in.Database != k.session.Database() {
			continue
		}
		s := &redshiftdata.SessionData{SessionId: new(k.id), Status: new(status), CreatedAt: stamp(k.created), UpdatedAt: stamp(k.updated), Database: new(k.session.Database()),
			DbUser: new(k.session.User()), ClusterIdentifier: optional(k.cluster), WorkgroupName: optional(k.workgroup),
			SessionAliveSeconds: new(int32(k.keep.Seconds())), CurrentStatementId: optional(k.current)}
		if !k.expires.IsZero() {
			s.SessionTtl = stamp(k.expires)
		}
		all = append(all, s)
	}
	d.mu.Unlock()
	slices.SortFunc(all, func(a, b *redshiftdata.SessionData) int { return b.CreatedAt.Compare(a.CreatedAt.Time) })
	limit := int(awsapi.Val(in.MaxResults))
	if limit == 0 {
		limit = 100
	}
	all, next, err := cut(all, in.NextToken, limit)
	if all == nil {
		all = []*redshiftdata.SessionData{}
	}
	return &redshiftdata.ListSessionsOutput{Sessions: all, NextToken: next}, err
}

// cut takes a page out of a list; its token is where the next one starts.
func cut[T any](list []T, token *string, limit int) ([]T, *string, error) {
	at := 0
	if t := awsapi.Val(token); t != "" {
		n, err := strconv.ParseInt(t, 36, 32)
		if err != nil || n < 0 {
			return nil, nil, redshiftdata.ValidationException("Invalid NextToken.")
		}
		at = min(int(n), len(list))
	}
	end := min(at+limit, len(list))
	if end < len(list) {
		return list[at:end], new(strconv.FormatInt(int64(end), 36)), nil
	}
	return list[at:end], nil, nil
}
