package api

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"tarn/api/redshiftdata"
	"tarn/internal/awsapi"
	"tarn/internal/meta"
)

// kindStatement are the records of statements, by their ids.
const kindStatement = "redshift.statement"

// The states of a statement.
const (
	submitted = "SUBMITTED"
	picked    = "PICKED"
	started   = "STARTED"
	finished  = "FINISHED"
	failed    = "FAILED"
	aborted   = "ABORTED"
)

func ended(status string) bool { return status == finished || status == failed || status == aborted }

// record is what is known of a statement, or of a batch.
type record struct {
	ID        string      `json:"id"`
	Principal string      `json:"principal"` // who sent it
	Name      string      `json:"name,omitempty"`
	Cluster   string      `json:"cluster,omitempty"`
	Workgroup string      `json:"workgroup,omitempty"`
	Database  string      `json:"database"`
	User      string      `json:"user"`
	Secret    string      `json:"secret,omitempty"`
	Format    string      `json:"format"`
	Session   string      `json:"session,omitempty"`
	Token     string      `json:"token,omitempty"`
	Batch     bool        `json:"batch,omitempty"`
	Mode      string      `json:"mode,omitempty"`
	Params    []parameter `json:"params,omitempty"`
	Created   time.Time   `json:"created"`
	Updated   time.Time   `json:"updated"`
	Status    string      `json:"status"`
	Error     string      `json:"error,omitempty"`
	PID       int64       `json:"pid,omitempty"`
	Duration  int64       `json:"duration,omitempty"` // nanoseconds
	Subs      []sub       `json:"subs"`
}

type parameter struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// sub is one statement of a record.
type sub struct {
	SQL       string    `json:"sql"`
	Status    string    `json:"status"`
	Error     string    `json:"error,omitempty"`
	HasResult bool      `json:"hasResult,omitempty"`
	Rows      int64     `json:"rows"`
	Size      int64     `json:"size"`
	Duration  int64     `json:"duration,omitempty"`
	Query     int64     `json:"query,omitempty"`
	Created   time.Time `json:"created"`
	Updated   time.Time `json:"updated"`
}

func (r *record) ended() bool { return ended(r.Status) }

func (d *Data) save(ctx context.Context, r *record) error {
	return d.o.Meta.Update(ctx, func(tx meta.Tx) error { return tx.Put(kindStatement, meta.Key{r.ID}, r) })
}

// load finds a record, and the statement in it that a batch's id with :n means.
func (d *Data) load(ctx context.Context, id string) (record, int, error) {
	whole, part, isPart := strings.Cut(id, ":")
	var r record
	err := d.o.Meta.View(ctx, func(tx meta.Tx) error { return tx.Get(kindStatement, meta.Key{whole}, &r) })
	missing := redshiftdata.ResourceNotFoundException("Query does not exist.").With("ResourceId", id)
	if errors.Is(err, meta.ErrNotFound) {
		return r, 0, missing
	}
	if err != nil {
		return r, 0, err
	}
	if r.Principal != principal(ctx) && !awsapi.CallerFrom(ctx).Root {
		return r, 0, missing
	}
	n := 0
	if isPart {
		n, err = strconv.Atoi(part)
		if err != nil || n < 1 || n > len(r.Subs) || !r.Batch {
			return r, 0, missing
		}
	}
	return r, n, nil
}

// records lists the statements that a caller sent, the newest first.
func (d *Data) records(ctx context.Context, keep func(*record) bool) ([]record, error) {
	var out []record
	err := d.o.Meta.View(ctx, func(tx meta.Tx) error {
		out = nil
		return tx.Scan(kindStatement, nil, nil, func(_ meta.Key, raw json.RawMessage) (bool, error) {
			var r record
			if err := json.Unmarshal(raw, &r); err != nil {
				return false, err
			}
			if keep(&r) {
				out = append(out, r)
			}
			return true, nil
		})
	})
	slices.SortFunc(out, func(a, b record) int {
		if c := b.Created.Compare(a.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out, err
}

// principal is who sends a request; statements belong to their senders.
func principal(ctx context.Context) string { return awsapi.CallerFrom(ctx).ARN }

func (r *record) parameters() []*redshiftdata.SqlParameter {
	var out []*redshiftdata.SqlParameter
	for _, p := range r.Params {
		out = append(out, &redshiftdata.SqlParameter{Name: new(p.Name), Value: new(p.Value)})
	}
	return out
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func stamp(t time.Time) *awsapi.Time { return &awsapi.Time{Time: t} }
