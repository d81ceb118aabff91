package engine

import (
	"container/list"
	"context"
	"sync"
)

// gate lets a bounded weight of statements run; the rest wait in the order
// they came, so that a heavy one is not starved by light ones.
type gate struct {
	mu    sync.Mutex
	size  int
	busy  int
	queue list.List // of *waiter
}

type waiter struct {
	weight int
	ready  chan struct{}
}

func newGate(size int) *gate { return &gate{size: size} }

// enter waits for weight slots. More than there are counts as all of them.
func (g *gate) enter(ctx context.Context, weight int) (leave func(), err error) {
	weight = min(weight, g.size)
	if weight <= 0 {
		return func() {}, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	leave = sync.OnceFunc(func() { g.leave(weight) })
	g.mu.Lock()
	if g.queue.Len() == 0 && g.busy+weight <= g.size {
		g.busy += weight
		g.mu.Unlock()
		return leave, nil
	}
	w := &waiter{weight: weight, ready: make(chan struct{})}
	place := g.queue.PushBack(w)
	g.mu.Unlock()
	select {
	case <-w.ready:
		return leave, nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-w.ready: // admitted in the meantime: hand it back
		g.busy -= weight
	default:
		g.queue.Remove(place)
	}
	g.admit()
	return nil, context.Cause(ctx)
}

func (g *gate) leave(weight int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.busy -= weight
	g.admit()
}

// admit lets in whoever is first and fits.
func (g *gate) admit() {
	for front := g.queue.Front(); front != nil; front = g.queue.Front() {
		w := front.Value.(*waiter)
		if g.busy+w.weight > g.size {
			return
		}
		g.busy += w.weight
		g.queue.Remove(front)
		close(w.ready)
	}
}

func (g *gate) load() Load {
	g.mu.Lock()
	defer g.mu.Unlock()
	return Load{Slots: g.size, Busy: g.busy, Waiting: g.queue.Len()}
}
