package warehouse

import (
	"slices"
	"time"
)

// Transactions see the database as it was when they began to look at it. That alone would let two of
// them each read what the other writes. As Redshift does, a transaction is refused if no order of
// transactions, one after the other, explains what it read and wrote, table by table.

// commit is a transaction that wrote and was committed.
type commit struct {
	seq, snapshot int64 // its place among commits, and the last commit that it saw
	xid           int64
	pid           uint32
	reads, writes map[int64]bool
	at            time.Time
	text          string
	shape         []lockKey // the relations that it made, changed or removed
}

// latest is the place of the newest commit.
func (h *history) latest() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.seq
}

// committed remembers that a session's transaction wrote.
func (h *history) committed(s *Session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	text := ""
	for i := len(h.queries) - 1; i >= 0; i-- {
		if e := h.queries[i]; e.pid == s.start.PID && e.kind != "UTILITY" {
			text = e.text
			break
		}
	}
	h.seq++
	var shape []lockKey
	if s.tx.shape {
		shape = s.locked // no other changes the list while the session has its locks
	}
	h.commits = append(h.commits, commit{shape: shape, seq: h.seq, snapshot: s.tx.snapshot, xid: s.tx.xid, pid: s.start.PID,
		reads: s.tx.reads, writes: s.tx.tables, at: s.w.now(), text: text})
	if len(h.commits) > keptQueries {
		h.commits = append([]commit(nil), h.commits[len(h.commits)-keptQueries/2:]...)
	}
}

// violated finds a commit that stands in a circle with the session's transaction: it comes before
// the transaction in every order, and after it as well. It gives the table that they share.
func (h *history) violated(s *Session) (*commit, int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.seq == s.tx.snapshot || len(s.tx.tables) == 0 {
		return nil, 0
	}
	var concurrent []*commit
	for i := range h.commits {
		if h.commits[i].seq > s.tx.snapshot {
			concurrent = append(concurrent, &h.commits[i])
		}
	}
	// From those that must come after the transaction, since it did not see what they wrote.
	var queue []*commit
	table := map[*commit]int64{}
	reach := func(c *commit, t int64) {
		if _, seen := table[c]; !seen {
			table[c] = t
			queue = append(queue, c)
		}
	}
	for _, c := range concurrent {
		if t, ok := shared(s.tx.reads, c.writes); ok {
			reach(c, t)
		}
	}
	for len(queue) > 0 {
		c := queue[0]
		queue = queue[1:]
		if _, ok := shared(c.reads, s.tx.tables); ok {
			return c, table[c]
		}
		if _, ok := shared(c.writes, s.tx.tables); ok {
			return c, table[c]
		}
		for _, d := range concurrent {
			if d == c {
				continue
			}
			_, unseen := shared(c.reads, d.writes)
			_, over := shared(c.writes, d.writes)
			_, seen := shared(c.writes, d.reads)
			if unseen && c.snapshot < d.seq || over && c.seq < d.seq || seen && c.seq <= d.snapshot {
				reach(d, table[c])
			}
		}
	}
	return nil, 0
}

func shared(a, b map[int64]bool) (int64, bool) {
	for t := range a {
		if b[t] {
			return t, true
		}
	}
	return 0, false
}

// reshaped is a transaction that made, changed or removed a relation of the target's names and was
// committed after the session's transaction looked.
func (h *history) reshaped(s *Session, t target) *commit {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := len(h.commits) - 1; i >= 0 && h.commits[i].seq > s.tx.snapshot; i-- {
		for _, name := range t.names {
			if slices.Contains(h.commits[i].shape, lockKey{t.database, name}) {
				c := h.commits[i]
				return &c
			}
		}
	}
	return nil
}

// rival is the newest transaction of another session that wrote one of the session's tables after
// its transaction began.
func (h *history) rival(s *Session) (*commit, int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := len(h.commits) - 1; i >= 0; i-- {
		c := h.commits[i]
		if c.pid == s.start.PID || c.seq <= s.tx.snapshot {
			continue
		}
		if t, ok := shared(s.tx.tables, c.writes); ok {
			return &c, t
		}
	}
	return nil, 0
}
