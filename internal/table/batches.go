package table

import (
	"iter"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// batchReader shows an iterator of Arrow batches as the reader that DuckDB
// takes. DuckDB's threads call it from C, where iter.Pull's coroutines can't
// go: a goroutine of its own runs the iterator.
type batchReader struct {
	schema  *arrow.Schema
	batches chan arrow.RecordBatch
	failure chan error // holds the iterator's error, or nothing
	stop    chan struct{}
	once    sync.Once
	batch   arrow.RecordBatch
	err     error
	refs    atomic.Int64
}

var _ array.RecordReader = (*batchReader)(nil)

func newBatchReader(schema *arrow.Schema, batches iter.Seq2[arrow.RecordBatch, error]) *batchReader {
	r := &batchReader{schema: schema, batches: make(chan arrow.RecordBatch), failure: make(chan error, 1), stop: make(chan struct{})}
	r.refs.Store(1)
	go func() {
		defer close(r.batches)
		for batch, err := range batches {
			if err != nil {
				r.failure <- err
				return
			}
			select {
			case r.batches <- batch:
			case <-r.stop:
				batch.Release()
				return
			}
		}
	}()
	return r
}

func (r *batchReader) Schema() *arrow.Schema { return r.schema }

func (r *batchReader) Next() bool {
	if r.batch != nil {
		r.batch.Release()
		r.batch = nil
	}
	batch, ok := <-r.batches
	if !ok {
		select {
		case r.err = <-r.failure:
		default:
		}
		return false
	}
	r.batch = batch
	return true
}

func (r *batchReader) RecordBatch() arrow.RecordBatch { return r.batch }
func (r *batchReader) Record() arrow.RecordBatch      { return r.batch }
func (r *batchReader) Err() error                     { return r.err }
func (r *batchReader) Retain()                        { r.refs.Add(1) }

func (r *batchReader) Release() {
	if r.refs.Add(-1) > 0 {
		return
	}
	r.once.Do(func() { close(r.stop) })
	if r.batch != nil {
		r.batch.Release()
		r.batch = nil
	}
	for batch := range r.batches { // until the iterator has ended
		batch.Release()
	}
}
