package engine

import (
	"context"
	"database/sql/driver"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/duckdb/duckdb-go/v2"
)

// Arrow runs a query and returns its result as Arrow batches: release it.
func (s *Session) Arrow(ctx context.Context, query string, args ...any) (array.RecordReader, error) {
	// The driver's reader looks at its context before every batch, so the
	// context lives until the reader is released.
	ctx, cancel := context.WithCancelCause(ctx)
	var reader array.RecordReader
	err := s.run(ctx, func(run context.Context) error {
		defer context.AfterFunc(run, func() { cancel(context.Cause(run)) })()
		return s.conn.Raw(func(c any) error {
			a, err := duckdb.NewArrowFromConn(c.(driver.Conn))
			if err != nil {
				return err
			}
			reader, err = a.QueryContext(ctx, query, args...)
			return err
		})
	})
	if err != nil {
		cancel(nil)
		return nil, err
	}
	r := &arrowReader{RecordReader: reader, cancel: cancel}
	r.refs.Store(1)
	return r, nil
}

// arrowReader ends its context with its last reference.
type arrowReader struct {
	array.RecordReader
	refs   atomic.Int64
	cancel context.CancelCauseFunc
}

func (r *arrowReader) Retain() { r.refs.Add(1); r.RecordReader.Retain() }

func (r *arrowReader) Release() {
	r.RecordReader.Release()
	if r.refs.Add(-1) == 0 {
		r.cancel(nil)
	}
}

// RegisterArrow shows a stream of batches to this session as the view name.
// The stream can be read once; release it when the query is done.
func (s *Session) RegisterArrow(reader array.RecordReader, name string) (release func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.conn.Raw(func(c any) error {
		a, err := duckdb.NewArrowFromConn(c.(driver.Conn))
		if err != nil {
			return err
		}
		release, err = a.RegisterView(reader, name)
		return err
	})
	return release, wrap(context.Background(), err)
}
