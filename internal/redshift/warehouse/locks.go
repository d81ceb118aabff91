package warehouse

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"tarn/internal/redshift/sql"
)

// target is what a statement writes: names in one database. Its zero value is nothing.
type target struct {
	database string
	names    []string
	shape    bool // it makes, changes or removes the relations themselves
}

// catalogName is what statements on schemas lock: no relation has an empty name.
const catalogName = ""

// writes is what a change of tables writes; temporary tables are nobody else's and need no lock.
func (s *Session) writes(names ...sql.QName) target {
	var t target
	for _, name := range names {
		if len(name) == 0 || len(name) == 1 && s.temp[name[0].Name] != nil {
			continue
		}
		t.database = s.database
		if len(name) == 3 {
			t.database = name[0].Name
		}
		t.names = append(t.names, name.Last())
	}
	return t
}

// writesSchemas is what a statement on the session's database as a whole writes.
func (s *Session) writesSchemas() target { return target{s.database, []string{catalogName}, true} }

// reshapes is what a change of relations themselves writes.
func (s *Session) reshapes(names ...sql.QName) target {
	t := s.writes(names...)
	t.shape = true
	return t
}

// locks make the writers of a table take turns, until the end of their transactions. A lock is on a
// name, whatever its schema, so that it can be taken before the catalog is read: a transaction's view
// of the database then begins after its wait.
type locks struct {
	mu   sync.Mutex
	held map[lockKey]*lock
}

type lockKey struct{ database, name string }

type lock struct {
	key     lockKey
	owner   *Session
	waiters []*waiter
}

type waiter struct {
	s     *Session
	ready chan struct{}
}

// acquire waits until the session has a lock, or says that it never would.
func (l *locks) acquire(ctx context.Context, s *Session, key lockKey) error {
	l.mu.Lock()
	if l.held == nil {
		l.held = map[lockKey]*lock{}
	}
	k := l.held[key]
	switch {
	case k == nil:
		l.held[key] = &lock{key: key, owner: s}
		s.locked = append(s.locked, key)
		fallthrough
	case k.owner == s:
		l.mu.Unlock()
		return nil
	}
	for next := k; next != nil; next = next.owner.waits {
		if next.owner == s {
			pid, name := k.owner.start.PID, key.name
			l.mu.Unlock()
			e := fail("40P01", "deadlock detected")
			e.Detail = fmt.Sprintf("Process %d waits for a lock on relation %q, which process %d holds while it waits for process %d.", s.start.PID, name, pid, s.start.PID)
			e.Hint = "change tables in the same order in all transactions, or run this one again"
			return e
		}
	}
	w := &waiter{s, make(chan struct{})}
	k.waiters = append(k.waiters, w)
	s.waits = k
	l.mu.Unlock()
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if k.owner == s { // it came in the same moment: the transaction's end gives it back
		return context.Cause(ctx)
	}
	s.waits = nil
	k.waiters = slices.DeleteFunc(k.waiters, func(x *waiter) bool { return x == w })
	return context.Cause(ctx)
}

// release gives all of a session's locks to those who wait.
func (l *locks) release(s *Session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, key := range s.locked {
		k := l.held[key]
		if len(k.waiters) == 0 {
			delete(l.held, key)
			continue
		}
		next := k.waiters[0]
		k.waiters, k.owner = k.waiters[1:], next.s
		next.s.waits = nil
		next.s.locked = append(next.s.locked, key)
		close(next.ready)
	}
	s.locked = nil
}

// turn waits until the session may write a target.
func (s *Session) turn(ctx context.Context, t target) error {
	if t.database == "" {
		return nil
	}
	if _, err := s.w.attach(ctx, t.database); err != nil {
		return err
	}
	names := slices.Clone(t.names)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if err := s.w.locks.acquire(ctx, s, lockKey{t.database, name}); err != nil {
			return err
		}
	}
	return nil
}
