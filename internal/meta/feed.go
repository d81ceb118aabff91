package meta

import (
	"context"
	"sync"
)

// feedLimit is how many changes a reader may be behind before it is told that it missed some.
const feedLimit = 4096

// Feed hands committed changes to watchers. A backend embeds one and calls Publish in the order of its commits.
// The zero value is ready.
type Feed struct {
	mu       sync.Mutex
	watchers map[*watcher]struct{}
	closed   bool
}

type watcher struct {
	kinds map[string]bool
	mu    sync.Mutex
	queue []Change
	wake  chan struct{}
	done  chan struct{}
}

// Watch is Store.Watch.
func (f *Feed) Watch(ctx context.Context, kinds ...string) <-chan Change {
	w := &watcher{wake: make(chan struct{}, 1), done: make(chan struct{})}
	if len(kinds) > 0 {
		w.kinds = make(map[string]bool, len(kinds))
		for _, k := range kinds {
			w.kinds[k] = true
		}
	}
	out := make(chan Change)
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		close(out)
		return out
	}
	if f.watchers == nil {
		f.watchers = map[*watcher]struct{}{}
	}
	f.watchers[w] = struct{}{}
	f.mu.Unlock()
	go func() {
		defer close(out)
		defer f.remove(w)
		w.pump(ctx, out)
	}()
	return out
}

// Publish queues changes for every watcher of their kinds. It never waits for one.
func (f *Feed) Publish(changes []Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for w := range f.watchers {
		w.push(changes)
	}
}

// Close ends all watchers.
func (f *Feed) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for w := range f.watchers {
		close(w.done)
		delete(f.watchers, w)
	}
}

func (f *Feed) remove(w *watcher) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.watchers, w)
}

func (w *watcher) push(changes []Change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range changes {
		if w.kinds != nil && !w.kinds[c.Kind] {
			continue
		}
		if len(w.queue) >= feedLimit {
			w.queue = append(w.queue[:0:0], Change{Dropped: true})
		}
		// What follows a marker would be seen by the new look too, but it costs little and keeps the rule simple.
		w.queue = append(w.queue, c)
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *watcher) pump(ctx context.Context, out chan<- Change) {
	for {
		w.mu.Lock()
		batch := w.queue
		w.queue = nil
		w.mu.Unlock()
		for i, c := range batch {
			select {
			case out <- c:
			case <-ctx.Done():
				return
			case <-w.done:
				return
			}
			// A reader that is slow within a batch must not hold an unbounded backlog beside it.
			if i+1 < len(batch) && w.backlogged() {
				break
			}
		}
		select {
		case <-w.wake:
		case <-ctx.Done():
			return
		case <-w.done:
			return
		}
	}
}

// backlogged reports whether the queue has overflowed since this batch was taken: its marker then covers the rest
// of the batch too.
func (w *watcher) backlogged() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.queue) > 0 && w.queue[0].Dropped
}
