package dataset

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/engine"
	"tarn/internal/meta"
	"tarn/internal/quicksight/query"
	"tarn/internal/quicksight/resource"
)

// Options are what the service needs.
type Options struct {
	Store   meta.Store
	Engine  *engine.Engine
	Sources map[Kind]Source
	Dir     string // of the SPICE generations; the engine must be allowed to use it
	// Owns tells whether a data source's address is this warehouse; nil takes loopback hosts, and any ClusterId.
	Owns func(p *quicksight.RedshiftParameters) bool
	// Login checks a data source's user and password; nil accepts none but an empty pair.
	Login func(ctx context.Context, database, user, password string) error
	Now   func() time.Time
	NewID func() string // unique, of letters, digits and dashes
	Log   *slog.Logger
}

// Service implements the operations of QuickSight on data sources, data sets, ingestions and tags.
type Service struct {
	o    Options
	tags resource.Tags
	stop context.Context
	end  context.CancelFunc
	runs sync.WaitGroup

	mu          sync.Mutex
	generations map[string]*generation // by id
	queues      map[string]*queue      // by account/data set
}

// Open makes the service. Ingestions that an earlier process left running are marked failed, and files that no data set points to
// are removed; the engine is not started.
func Open(ctx context.Context, o Options) (*Service, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	if o.Owns == nil {
		o.Owns = loopback
	}
	s := &Service{o: o, tags: resource.Tags{Store: o.Store}, generations: map[string]*generation{}, queues: map[string]*queue{}}
	s.stop, s.end = context.WithCancel(context.Background())
	if err := s.recover(ctx); err != nil {
		return nil, fmt.Errorf("recovering data sets: %w", err)
	}
	return s, nil
}

// Close cancels what runs and waits for it.
func (s *Service) Close(ctx context.Context) error {
	s.end()
	done := make(chan struct{})
	go func() { s.runs.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func loopback(p *quicksight.RedshiftParameters) bool {
	host := awsapi.Val(p.Host)
	if host == "" {
		return awsapi.Val(p.ClusterId) != ""
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// sourceRecord is the document of a data source.
type sourceRecord struct {
	Source      quicksight.DataSource
	User        string // of the warehouse; its password is checked and not kept
	Owner       owner
	Permissions []*quicksight.ResourcePermission
}

// setRecord is the document of a data set.
type setRecord struct {
	Set         quicksight.DataSet
	Owner       owner
	Permissions []*quicksight.ResourcePermission
	Revision    int64       // counts edits
	Spice       *spiceState `json:",omitzero"`
}

// owner is who created a resource: its work is done on behalf of them, with what their key may do by then. A key that has ended, as
// that of a session does, may nothing.
type owner struct {
	Account, Region, ARN, UserID, AccessKeyID string
	Root                                      bool
}

func ownerOf(c awsapi.Caller) owner {
	return owner{c.Account, c.Region, c.ARN, c.UserID, c.AccessKeyID, c.Root}
}

func (o owner) caller() awsapi.Caller {
	return awsapi.Caller{Account: o.Account, Region: o.Region, ARN: o.ARN, UserID: o.UserID, AccessKeyID: o.AccessKeyID, Root: o.Root}
}

// spiceState points to the generation that is served.
type spiceState struct {
	Generation string
	Columns    []query.Column
	Rows       int64
	Bytes      int64
}

func (s *Service) source(q SourceQuery) (Source, error) {
	src := s.o.Sources[q.Kind]
	if src == nil {
		return nil, invalid("There is no %s to read from", q.Kind)
	}
	return src, nil
}

// session opens an engine session with the settings that compiled expressions expect, and the warehouse's relations.
func (s *Service) session(ctx context.Context) (*engine.Session, error) {
	return s.o.Engine.Session(ctx, engine.WithRedshiftSettings(), engine.WithSetting("max_expression_depth", "3000"))
}

// Handle is a data set opened for a query: a session, and the relation to put after FROM.
type Handle struct {
	Session  *engine.Session
	Relation string
	Columns  []query.Column
	Version  string // changes when what is served changes; empty when it cannot be told
	release  func()
	check    func(ctx context.Context) error // of a source that is read directly
}

// Explain looks for what a failed query really suffered from: a source whose columns are no longer those of the data set.
func (h *Handle) Explain(ctx context.Context, err error) error {
	var e *engine.Error
	if h.check == nil || !errors.As(err, &e) || e.Kind != engine.Missing && e.Kind != engine.Binder {
		return err
	}
	if found := h.check(ctx); found != nil {
		return found
	}
	return err
}

// Close gives up the relation and the session.
func (h *Handle) Close() error {
	h.release()
	return h.Session.Close()
}

// Open opens a data set for a query. The caller of ctx must have been authorised already: rows are read on behalf of the data
// source's owner.
func (s *Service) Open(ctx context.Context, account, id string) (*Handle, error) {
	var rec setRecord
	var sources map[string]*sourceRecord
	err := s.o.Store.View(ctx, func(tx meta.Tx) (err error) {
		if err := resource.Get(tx, resource.DataSet, account, id, &rec); err != nil {
			return err
		}
		if awsapi.Val(rec.Set.ImportMode) == quicksight.DataSetImportModeDirectQuery {
			sources, err = s.sourcesOf(tx, account, &rec.Set)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if sources == nil {
		return s.openSpice(ctx, account, id)
	}
	p, reads, err := s.plan(ctx, &rec.Set, sources)
	if err != nil {
		return nil, err
	}
	sess, err := s.session(ctx)
	if err != nil {
		return nil, err
	}
	relations, release, err := s.relations(ctx, sess, reads)
	if err != nil {
		return nil, errors.Join(err, sess.Close())
	}
	check := func(ctx context.Context) error { return p.check(ctx, sess, relations) }
	return &Handle{Session: sess, Relation: p.sql(relations), Columns: p.queryColumns(), release: release, check: check}, nil
}

// Columns tells the columns of a data set, without reading it.
func (s *Service) Columns(ctx context.Context, account, id string) ([]query.Column, error) {
	var rec setRecord
	err := s.o.Store.View(ctx, func(tx meta.Tx) error { return resource.Get(tx, resource.DataSet, account, id, &rec) })
	if err != nil {
		return nil, err
	}
	var out []query.Column
	for _, c := range rec.Set.OutputColumns {
		t, _ := parseType(awsapi.Val(c.Type))
		out = append(out, query.Column{Name: awsapi.Val(c.Name), Type: t})
	}
	return out, nil
}
