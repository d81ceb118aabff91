package dataset

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/engine"
	"tarn/internal/meta"
	"tarn/internal/quicksight/resource"
)

const ingestionKind = "quicksight.ingestion"

// ingestionRecord is the document of an ingestion.
type ingestionRecord struct {
	Account, DataSet string
	Ingestion        quicksight.Ingestion
}

func (r *ingestionRecord) id() string { return awsapi.Val(r.Ingestion.IngestionId) }

func (r *ingestionRecord) key() meta.Key { return meta.Key{r.Account, r.DataSet, r.id()} }

func (r *ingestionRecord) ended() bool {
	switch awsapi.Val(r.Ingestion.IngestionStatus) {
	case quicksight.IngestionStatusCompleted, quicksight.IngestionStatusFailed, quicksight.IngestionStatusCancelled:
		return true
	}
	return false
}

func (s *Service) newIngestion(set *setRecord, id, kind, source string) *ingestionRecord {
	return &ingestionRecord{Account: set.Owner.Account, DataSet: awsapi.Val(set.Set.DataSetId), Ingestion: quicksight.Ingestion{
		Arn: new(awsapi.Val(set.Set.Arn) + "/ingestion/" + id), IngestionId: &id, IngestionStatus: new(quicksight.IngestionStatusInitialized),
		CreatedTime: &awsapi.Time{Time: s.o.Now()}, RequestSource: &source, RequestType: &kind,
	}}
}

// CreateIngestion builds the rows of a SPICE data set anew. One runs at a time, others wait.
func (s *Service) CreateIngestion(ctx context.Context, in *quicksight.CreateIngestionInput) (*quicksight.CreateIngestionOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	if awsapi.Val(in.IngestionType) == quicksight.IngestionTypeIncrementalRefresh {
		return nil, invalid("Incremental refreshes are not supported yet").WithHint("Ask for a FULL_REFRESH.")
	}
	var r *ingestionRecord
	err = s.o.Store.Update(ctx, func(tx meta.Tx) error {
		var set setRecord
		if err := resource.Get(tx, resource.DataSet, c.Account, *in.DataSetId, &set); err != nil {
			return err
		}
		if awsapi.Val(set.Set.ImportMode) != quicksight.DataSetImportModeSpice {
			return invalid("Data set %s is not in SPICE", *in.DataSetId).WithHint("Its rows are read directly, there is nothing to ingest.")
		}
		r = s.newIngestion(&set, *in.IngestionId, quicksight.IngestionRequestTypeFullRefresh, quicksight.IngestionRequestSourceManual)
		err := tx.Insert(ingestionKind, r.key(), r)
		if errors.Is(err, meta.ErrExists) {
			return quicksight.ResourceExistsException("Ingestion %s already exists", *in.IngestionId).With("ResourceType", "INGESTION")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	s.enqueue(r)
	return &quicksight.CreateIngestionOutput{Arn: r.Ingestion.Arn, IngestionId: in.IngestionId, IngestionStatus: r.Ingestion.IngestionStatus, RequestId: resource.RequestID(ctx), Status: new(int32(201))}, nil
}

func (s *Service) ingestion(ctx context.Context, account, set, id string) (*ingestionRecord, error) {
	var r ingestionRecord
	err := s.o.Store.View(ctx, func(tx meta.Tx) error {
		var rec setRecord
		if err := resource.Get(tx, resource.DataSet, account, set, &rec); err != nil {
			return err
		}
		return tx.Get(ingestionKind, meta.Key{account, set, id}, &r)
	})
	if errors.Is(err, meta.ErrNotFound) {
		return nil, quicksight.ResourceNotFoundException("Ingestion %s is not found", id).With("ResourceType", "INGESTION")
	}
	return &r, err
}

// DescribeIngestion tells how far an ingestion is.
func (s *Service) DescribeIngestion(ctx context.Context, in *quicksight.DescribeIngestionInput) (*quicksight.DescribeIngestionOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	r, err := s.ingestion(ctx, c.Account, *in.DataSetId, *in.IngestionId)
	if err != nil {
		return nil, err
	}
	return &quicksight.DescribeIngestionOutput{Ingestion: &r.Ingestion, RequestId: resource.RequestID(ctx), Status: new(int32(200))}, nil
}

// ListIngestions lists the latest first.
func (s *Service) ListIngestions(ctx context.Context, in *quicksight.ListIngestionsInput) (*quicksight.ListIngestionsOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	all := []*quicksight.Ingestion{}
	err = s.o.Store.View(ctx, func(tx meta.Tx) error {
		var rec setRecord
		if err := resource.Get(tx, resource.DataSet, c.Account, *in.DataSetId, &rec); err != nil {
			return err
		}
		return tx.Scan(ingestionKind, meta.Key{c.Account, *in.DataSetId}, nil, func(_ meta.Key, raw json.RawMessage) (bool, error) {
			var r ingestionRecord
			err := json.Unmarshal(raw, &r)
			all = append(all, &r.Ingestion)
			return err == nil, err
		})
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b *quicksight.Ingestion) int {
		return cmp.Or(b.CreatedTime.Compare(a.CreatedTime.Time), cmp.Compare(*a.IngestionId, *b.IngestionId))
	})
	out := &quicksight.ListIngestionsOutput{RequestId: resource.RequestID(ctx), Status: new(int32(200))}
	// The token names the last one answered: newer ones do not move the page.
	if t := awsapi.Val(in.NextToken); t != "" {
		i := slices.IndexFunc(all, func(i *quicksight.Ingestion) bool { return *i.IngestionId == t })
		if i < 0 {
			return nil, quicksight.InvalidNextTokenException("The NextToken is not one of this listing")
		}
		all = all[i+1:]
	}
	limit := int(awsapi.Val(in.MaxResults))
	if limit <= 0 {
		limit = 100
	}
	if len(all) > limit {
		all = all[:limit]
		out.NextToken = all[limit-1].IngestionId
	}
	out.Ingestions = all
	return out, nil
}

// CancelIngestion stops one that waits or runs; the rows served stay as they were.
func (s *Service) CancelIngestion(ctx context.Context, in *quicksight.CancelIngestionInput) (*quicksight.CancelIngestionOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	r, err := s.ingestion(ctx, c.Account, *in.DataSetId, *in.IngestionId)
	if err != nil {
		return nil, err
	}
	s.cancel(c.Account, *in.DataSetId, *in.IngestionId)
	return &quicksight.CancelIngestionOutput{Arn: r.Ingestion.Arn, IngestionId: in.IngestionId, RequestId: resource.RequestID(ctx), Status: new(int32(200))}, nil
}

var (
	errCancelled  = errors.New("the ingestion was cancelled")
	errDeleted    = errors.New("the data set was deleted")
	errSuperseded = errors.New("the data set was edited while the ingestion ran; the next one takes its place")
)

// queue holds the ingestions of one data set: the first runs, the others wait.
type queue struct {
	jobs []*job
	idle chan struct{} // closed when the last has ended
}

type job struct {
	rec    *ingestionRecord
	ctx    context.Context
	cancel context.CancelCauseFunc
}

func queueKey(account, set string) string { return account + "/" + set }

// enqueue hands an ingestion, already in the store, to the data set's worker.
func (s *Service) enqueue(r *ingestionRecord) {
	j := &job{rec: r}
	j.ctx, j.cancel = context.WithCancelCause(s.stop)
	key := queueKey(r.Account, r.DataSet)
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.queues[key]; q != nil {
		q.jobs = append(q.jobs, j)
		running := q.jobs[0].rec.id()
		s.runs.Go(func() {
			s.progress(j, func(i *quicksight.Ingestion) {
				if awsapi.Val(i.IngestionStatus) == quicksight.IngestionStatusInitialized {
					i.IngestionStatus = new(quicksight.IngestionStatusQueued)
					i.QueueInfo = &quicksight.QueueInfo{WaitingOnIngestion: &running, QueuedIngestion: i.IngestionId}
				}
			})
		})
		return
	}
	q := &queue{jobs: []*job{j}, idle: make(chan struct{})}
	s.queues[key] = q
	s.runs.Go(func() { s.work(key, q) })
}

func (s *Service) work(key string, q *queue) {
	for {
		s.mu.Lock()
		if len(q.jobs) == 0 {
			delete(s.queues, key)
			close(q.idle)
			s.mu.Unlock()
			return
		}
		j := q.jobs[0]
		s.mu.Unlock()
		s.ingest(j)
		s.mu.Lock()
		q.jobs = q.jobs[1:]
		s.mu.Unlock()
	}
}

// cancel ends one ingestion; abandon those of a deleted data set.
func (s *Service) cancel(account, set, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.queues[queueKey(account, set)]; q != nil {
		for _, j := range q.jobs {
			if j.rec.id() == id {
				j.cancel(errCancelled)
			}
		}
	}
}

func (s *Service) abandon(account, set string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.queues[queueKey(account, set)]; q != nil {
		for _, j := range q.jobs {
			j.cancel(errDeleted)
		}
	}
}

// waitIdle waits until nothing is ingested into a data set.
func (s *Service) waitIdle(ctx context.Context, account, set string) (waited bool, err error) {
	s.mu.Lock()
	q := s.queues[queueKey(account, set)]
	s.mu.Unlock()
	if q == nil {
		return false, nil
	}
	select {
	case <-q.idle:
		return true, nil
	case <-ctx.Done():
		return true, ctx.Err()
	}
}

// progress writes a step of an ingestion; when its data set has gone, there is nothing to write to.
func (s *Service) progress(j *job, change func(*quicksight.Ingestion)) {
	err := s.o.Store.Update(context.WithoutCancel(j.ctx), func(tx meta.Tx) error {
		var r ingestionRecord
		if err := tx.Get(ingestionKind, j.rec.key(), &r); err != nil {
			return err
		}
		if r.ended() {
			return nil
		}
		change(&r.Ingestion)
		return tx.Put(ingestionKind, j.rec.key(), r)
	})
	if err != nil && !errors.Is(err, meta.ErrNotFound) {
		s.o.Log.Error("writing an ingestion's state", "data_set", j.rec.DataSet, "ingestion", j.rec.id(), "error", err)
	}
}

func (s *Service) ingest(j *job) {
	defer j.cancel(nil)
	start := s.o.Now()
	s.progress(j, func(i *quicksight.Ingestion) {
		i.IngestionStatus, i.QueueInfo = new(quicksight.IngestionStatusRunning), nil
	})
	err := s.build(j, start)
	if err == nil {
		return
	}
	if cause := context.Cause(j.ctx); cause != nil {
		err = cause
	}
	s.progress(j, func(i *quicksight.Ingestion) {
		i.IngestionStatus = new(quicksight.IngestionStatusFailed)
		if errors.Is(err, errCancelled) {
			i.IngestionStatus = new(quicksight.IngestionStatusCancelled)
		}
		i.ErrorInfo = &quicksight.ErrorInfo{Type: new(errorType(err)), Message: new(errorText(err))}
		i.IngestionTimeInSeconds = new(int64(s.o.Now().Sub(start) / time.Second))
	})
	if !errors.Is(err, errCancelled) && !errors.Is(err, errDeleted) {
		s.o.Log.Warn("ingestion failed", "data_set", j.rec.DataSet, "ingestion", j.rec.id(), "error", err)
	}
}

func errorText(err error) string {
	var e *awsapi.Error
	if errors.As(err, &e) {
		return e.Text()
	}
	return err.Error()
}

// errorType finds the kind of failure in QuickSight's list.
func errorType(err error) string {
	var e *engine.Error
	var a *awsapi.Error
	var source *SourceError
	switch {
	case errors.Is(err, errCancelled):
		return quicksight.IngestionErrorTypeIngestionCanceled
	case errors.Is(err, errDeleted):
		return quicksight.IngestionErrorTypeDataSetDeleted
	case errors.Is(err, errSuperseded):
		return quicksight.IngestionErrorTypeIngestionSuperseded
	case awsapi.IsCode(err, "EntityNotFoundException"):
		return quicksight.IngestionErrorTypeSqlTableNotFound
	case awsapi.IsCode(err, "ResourceNotFoundException"):
		return quicksight.IngestionErrorTypeDataSourceNotFound
	case awsapi.IsCode(err, "InvalidParameterValueException"):
		return quicksight.IngestionErrorTypeInvalidDataprepSyntax
	case errors.As(err, &a) && strings.HasPrefix(a.Code, "AccessDenied"):
		return quicksight.IngestionErrorTypePermissionDenied
	case errors.As(err, &source):
		return source.ingestionType()
	case !errors.As(err, &e):
		return quicksight.IngestionErrorTypeInternalServiceError
	}
	switch e.Kind {
	case engine.Missing:
		if e.ObjectType == "Column" {
			return quicksight.IngestionErrorTypeSqlSchemaMismatchError
		}
		return quicksight.IngestionErrorTypeSqlTableNotFound
	case engine.Binder:
		return quicksight.IngestionErrorTypeSqlSchemaMismatchError
	case engine.Permission:
		return quicksight.IngestionErrorTypePermissionDenied
	case engine.Conversion:
		return quicksight.IngestionErrorTypeSqlInvalidParameterValue
	case engine.OutOfMemory, engine.DiskFull:
		return quicksight.IngestionErrorTypeAccountCapacityLimitExceeded
	}
	return quicksight.IngestionErrorTypeSqlException
}
