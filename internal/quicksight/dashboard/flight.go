package dashboard

import (
	"context"
	"sync"
)

// flights lets requests that are alike share one execution.
type flights struct {
	mu    sync.Mutex
	calls map[string]*call
}

type call struct {
	waiting int
	cancel  context.CancelFunc
	done    chan struct{}
	value   any
	err     error
}

// do runs fn, or waits for a run under the same key. The run is cancelled once nobody waits for it any more.
func (f *flights) do(ctx context.Context, key string, fn func(context.Context) (any, error)) (any, error) {
	f.mu.Lock()
	c := f.calls[key]
	if c == nil {
		run, cancel := context.WithCancel(context.WithoutCancel(ctx))
		c = &call{cancel: cancel, done: make(chan struct{})}
		f.calls[key] = c
		go func() {
			c.value, c.err = fn(run)
			f.forget(key, c)
			cancel()
			close(c.done)
		}()
	}
	c.waiting++
	f.mu.Unlock()
	select {
	case <-c.done:
		return c.value, c.err
	case <-ctx.Done():
		f.mu.Lock()
		defer f.mu.Unlock()
		if c.waiting--; c.waiting == 0 {
			if f.calls[key] == c { // before the lock goes, so that nobody joins a cancelled run
				delete(f.calls, key)
			}
			c.cancel()
		}
		return nil, ctx.Err()
	}
}

func (f *flights) forget(key string, c *call) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls[key] == c {
		delete(f.calls, key)
	}
}
