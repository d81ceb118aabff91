package index

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

// TestReadsAreNeverOlderThanAnswers counts keys up while readers look on: none may see a value below one whose write
// was answered, or was seen before, when it began to read.
func TestReadsAreNeverOlderThanAnswers(t *testing.T) {
	ix := open(t, t.TempDir())
	b := addBucket(t, ix)
	const keys, writes = 4, 150
	var least [keys]atomic.Int64
	raise := func(k int, n int64) {
		for {
			old := least[k].Load()
			if old >= n || least[k].CompareAndSwap(old, n) {
				return
			}
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	var readers, writers sync.WaitGroup
	for k := range keys {
		key := fmt.Sprint(k)
		writers.Go(func() {
			var old *Object
			for n := int64(1); n <= writes; n++ {
				o := &Object{Bucket: b.ID, Key: key, Size: n}
				if err := ix.Update(ctx, func(tx *Tx) error { return tx.PutObject(o, old) }); err != nil {
					t.Error(err)
				}
				old = o
				raise(k, n)
			}
		})
		for range 2 {
			readers.Go(func() {
				for ctx.Err() == nil {
					before := least[k].Load()
					o, err := ix.Object(b.ID, key)
					if errors.Is(err, ErrNotFound) && before == 0 {
						continue
					}
					if err != nil || o.Size < before {
						t.Errorf("read %+v, %v after %d", o, err, before)
						return
					}
					raise(k, o.Size)
				}
			})
		}
	}
	writers.Wait()
	stop()
	readers.Wait()
}
