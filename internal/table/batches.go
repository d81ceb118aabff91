package table

import (
	"iter"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// batchReader shows an iterator of Arrow batches as the reader that DuckDB takes.
type batchReader struct {
	schema *arrow.Schema
	next   func() (arrow.RecordBatch, error, bool)
	stop   func()
	batch  arrow.RecordBatch
	err    error
	refs   atomic.Int64
}

var _ array.RecordReader = (*batchReader)(nil)

func newBatchReader(schema *arrow.Schema, batches iter.Seq2[arrow.RecordBatch, error]) *batchReader {
	next, stop := iter.Pull2(batches)
	r := &batchReader{schema: schema, next: next, stop: stop}
	r.refs.Store(1)
	return r
}

func (r *batchReader) Schema() *arrow.Schema { return r.schema }

func (r *batchReader) Next() bool {
	if r.batch != nil {
		r.batch.Release()
		r.batch = nil
	}
	if r.err != nil {
		return false
	}
	batch, err, ok := r.next()
	if err != nil {
		r.err = err
		return false
	}
	r.batch = batch
	return ok
}

func (r *batchReader) RecordBatch() arrow.RecordBatch { return r.batch }
func (r *batchReader) Record() arrow.RecordBatch      { return r.batch }
func (r *batchReader) Err() error                     { return r.err }
func (r *batchReader) Retain()                        { r.refs.Add(1) }

func (r *batchReader) Release() {
	if r.refs.Add(-1) == 0 {
		if r.batch != nil {
			r.batch.Release()
		}
		r.stop()
	}
}
