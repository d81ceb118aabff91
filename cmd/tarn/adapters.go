package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"iter"
	"os"
	"time"

	glueapi "tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/engine"
	"tarn/internal/glue/catalog"
	"tarn/internal/glue/crawler"
	"tarn/internal/glue/job"
	"tarn/internal/glue/workflow"
	"tarn/internal/identity"
	"tarn/internal/quicksight/dataset"
	"tarn/internal/redshift/warehouse"
	"tarn/internal/s3"
	"tarn/internal/table"
)

// The adapters here give a service what it asks of another, in the shapes that
// it declares itself. They hold no logic of their own.

// newID is a fresh word of [0-9a-f].
func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// newUUID is a fresh UUID, version 4.
func newUUID() string {
	h := newID()
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
}

// tableLake is the lake as package table sees it.
type tableLake struct{ *s3.Lake }

func (l tableLake) List(ctx context.Context, bucket, prefix string) iter.Seq2[table.Object, error] {
	return func(yield func(table.Object, error) bool) {
		for o, err := range l.Lake.List(ctx, bucket, prefix) {
			if !yield(table.Object(o), err) {
				return
			}
		}
	}
}

func (l tableLake) Open(ctx context.Context, bucket, key string) (table.Pinned, error) {
	p, err := l.Lake.Open(ctx, bucket, key)
	if err != nil {
		return table.Pinned{}, err
	}
	return table.Pinned{Path: p.Path, Size: p.Size, ETag: p.ETag, Release: func() { p.Close() }}, nil
}

// crawlerLake is the lake as crawlers see it.
type crawlerLake struct{ *s3.Lake }

func (l crawlerLake) List(ctx context.Context, bucket, prefix string) iter.Seq2[crawler.Object, error] {
	return func(yield func(crawler.Object, error) bool) {
		for o, err := range l.Lake.List(ctx, bucket, prefix) {
			if !yield(crawler.Object(o), err) {
				return
			}
		}
	}
}

type pinnedFile struct {
	*os.File
	pin *s3.Pinned
}

func (f pinnedFile) Size() int64  { return f.pin.Size }
func (f pinnedFile) Close() error { return errors.Join(f.File.Close(), f.pin.Close()) }

func (l crawlerLake) Open(ctx context.Context, bucket, key string) (crawler.File, error) {
	p, err := l.Lake.Open(ctx, bucket, key)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(p.Path)
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return pinnedFile{f, p}, nil
}

// roles lets work be done as a role.
type roles struct {
	who       *identity.Directory
	authorize func(ctx context.Context, action, resource string) error
}

// workTTL bounds the keys of work whose length is not known.
const workTTL = 12 * time.Hour

func (r roles) Assume(ctx context.Context, role, owner string) (context.Context, func(), error) {
	s, err := r.who.Issue(ctx, role, sessionName(owner), owner, workTTL)
	if err != nil {
		return nil, nil, err
	}
	return awsapi.WithCaller(ctx, s.Caller), func() { r.who.Revoke(context.WithoutCancel(ctx), owner) }, nil
}

func (r roles) Authorize(ctx context.Context, action, resource string) error {
	return r.authorize(ctx, action, resource)
}

func sessionName(owner string) string { return "tarn-" + owner[:min(len(owner), 24)] }

// Role and Keys are the identities that the warehouse reaches the lake with.
func (r roles) Role(ctx context.Context, arn string) (context.Context, error) {
	// The warehouse itself acts for the account; a role that IAM knows limits it.
	base := awsapi.WithCaller(ctx, r.who.RootCaller())
	if arn == "" || arn == "default" {
		return base, nil
	}
	s, err := r.who.Issue(base, arn, "redshift", "redshift", time.Hour)
	if err != nil {
		return nil, err
	}
	return awsapi.WithCaller(ctx, s.Caller), nil
}

func (r roles) Keys(ctx context.Context, id, secret, token string) (context.Context, error) {
	k, err := r.who.Key(ctx, id, token)
	if err != nil {
		return nil, err
	}
	if k.Secret != secret {
		return nil, awsapi.ErrNoKey
	}
	c := k.Caller
	c.AccessKeyID, c.SessionToken = id, token
	return awsapi.WithCaller(ctx, c), nil
}

// warehouseLake is the catalog's tables for external schemas.
type warehouseLake struct {
	*catalog.Service
	reader *table.Reader
}

func (l warehouseLake) RelationOf(ctx context.Context, sess *engine.Session, t *glueapi.Table, o table.Options) (*table.Relation, error) {
	return l.reader.RelationOf(ctx, sess, t, o)
}

func (l warehouseLake) Sketch(ctx context.Context, t *glueapi.Table, number int) (*table.Sketch, error) {
	return l.reader.Sketch(ctx, t, number)
}

// warehouseFiles are the objects that COPY reads.
type warehouseFiles struct {
	tableLake
	reader *table.Reader
}

func (f warehouseFiles) Link(ctx context.Context, files []table.File, o table.LinkOptions) (*table.Scan, error) {
	return f.reader.Link(ctx, files, o)
}

// lakeSource is the catalog's tables as QuickSight's data sets see them.
type lakeSource struct{ reader *table.Reader }

func (s lakeSource) Describe(ctx context.Context, q dataset.SourceQuery) ([]dataset.SourceColumn, error) {
	if q.SQL != "" {
		return nil, awsapi.NewError("InvalidParameterValueException", 400, "Message", "custom SQL runs on a data source of type REDSHIFT")
	}
	cols, err := s.reader.Columns(ctx, q.Database, q.Table)
	if err != nil {
		return nil, err
	}
	out := make([]dataset.SourceColumn, len(cols))
	for i, c := range cols {
		out[i] = dataset.SourceColumn{Name: c.Name, Type: c.DuckDB()}
	}
	return out, nil
}

func (s lakeSource) Relation(ctx context.Context, sess *engine.Session, q dataset.SourceQuery) (string, func(), error) {
	rel, err := s.reader.Relation(ctx, sess, q.Database, q.Table, table.Options{})
	if err != nil {
		return "", nil, err
	}
	return rel.SQL, func() { rel.Close() }, nil
}

// objects reads and writes small objects for jobs.
type objects struct{ s *s3.Service }

func (o objects) ReadObject(ctx context.Context, bucket, key string) ([]byte, error) {
	p, err := o.s.Lake().Open(ctx, bucket, key)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	return os.ReadFile(p.Path)
}

func (o objects) WriteObject(ctx context.Context, bucket, key string, data []byte) error {
	l := o.s.Lake()
	f, err := os.CreateTemp(l.TempDir(), "object-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err := f.Write(data); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	_, err = l.Put(ctx, bucket, key, f.Name())
	return err
}

func (o objects) DeleteObject(ctx context.Context, bucket, key string) error {
	return o.s.Lake().Delete(ctx, bucket, key)
}

// warehouseSource is the warehouse's tables and queries as QuickSight's data sets see them.
type warehouseSource struct{ w *warehouse.Warehouse }

func (s warehouseSource) open(ctx context.Context, q dataset.SourceQuery) (*warehouse.Source, error) {
	text := q.SQL
	if text == "" {
		text = warehouse.TableQuery(q.Schema, q.Table)
	}
	return s.w.Source(ctx, q.User, q.Database, text)
}

func (s warehouseSource) Describe(ctx context.Context, q dataset.SourceQuery) ([]dataset.SourceColumn, error) {
	src, err := s.open(ctx, q)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	out := make([]dataset.SourceColumn, len(src.Columns))
	for i, c := range src.Columns {
		out[i] = dataset.SourceColumn(c)
	}
	return out, nil
}

func (s warehouseSource) Relation(ctx context.Context, _ *engine.Session, q dataset.SourceQuery) (string, func(), error) {
	src, err := s.open(ctx, q)
	if err != nil {
		return "", nil, err
	}
	return src.SQL, src.Close, nil
}

// jobRoles issues the temporary keys that job runs work with.
type jobRoles struct{ who *identity.Directory }

func (r jobRoles) Issue(ctx context.Context, roleARN, name, owner string, ttl time.Duration) (job.Credentials, error) {
	s, err := r.who.Issue(ctx, roleARN, name, owner, ttl)
	return job.Credentials(s), err
}

func (r jobRoles) Revoke(ctx context.Context, owner string) error { return r.who.Revoke(ctx, owner) }

// workflowJobs is the jobs as workflows start and watch them.
type workflowJobs struct{ *job.Service }

func (j workflowJobs) StartRun(ctx context.Context, in workflow.JobStart) error {
	_, err := j.Service.StartRun(ctx, job.StartRequest(in))
	return err
}

func (j workflowJobs) Run(ctx context.Context, name, id string) (*glueapi.JobRun, error) {
	out, err := j.GetJobRun(ctx, &glueapi.GetJobRunInput{JobName: &name, RunId: &id, PredecessorsIncluded: new(true)})
	if err != nil {
		return nil, err
	}
	return out.JobRun, nil
}

func (j workflowJobs) StopRun(ctx context.Context, name, id string) error {
	err := j.Stop(ctx, name, id)
	if awsapi.IsCode(err, "InvalidInputException") { // it has ended
		return nil
	}
	return err
}
