package console

import (
	"net/netip"
	"sync"
	"time"
)

const (
	freeGuesses   = 3 // wrong passwords that cost nothing: everybody mistypes
	firstWait     = 500 * time.Millisecond
	longestWait   = 8 * time.Second // the owner gets in even while someone else guesses from the same address
	waitingOnce   = 8               // guesses of an address that wait at a time
	forgetGuesses = 15 * time.Minute
	maxGuessers   = 10_000
)

// throttle slows guesses of the password, by address: after some wrong ones each further one waits before it is looked
// at, and only a few wait at a time. Nobody is locked out: the right password is taken whenever its turn comes, from
// other addresses at once, and the sign-in link needs none.
type throttle struct {
	mu       sync.Mutex
	guessers map[netip.Prefix]*guesser
}

type guesser struct {
	wrong, waiting int
	last           time.Time // of the last wrong guess
}

// begin says how long a guess has to wait; ok is false when too many are waiting. Every begin with ok needs an end.
func (t *throttle) begin(from netip.Prefix, now time.Time) (wait time.Duration, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := t.guessers[from]
	if g == nil {
		if len(t.guessers) >= maxGuessers {
			t.forget(now)
		}
		if t.guessers == nil {
			t.guessers = map[netip.Prefix]*guesser{}
		}
		g = &guesser{}
		t.guessers[from] = g
	}
	if now.Sub(g.last) > forgetGuesses {
		g.wrong = 0
	}
	if g.waiting >= waitingOnce {
		return g.wait(), false
	}
	g.waiting++
	return g.wait(), true
}

func (g *guesser) wait() time.Duration {
	if g.wrong < freeGuesses {
		return 0
	}
	return min(firstWait<<min(g.wrong-freeGuesses, 10), longestWait)
}

// outcome is what came of a guess.
type outcome int

const (
	wrong outcome = iota
	right
	unknown // it was never compared
)

// end tells what came of a guess that began.
func (t *throttle) end(from netip.Prefix, now time.Time, o outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := t.guessers[from]
	if g == nil {
		return
	}
	g.waiting--
	switch o {
	case wrong:
		g.wrong++
		g.last = now
	case right:
		g.wrong = 0
	}
	if g.wrong == 0 && g.waiting == 0 {
		delete(t.guessers, from)
	}
}

// forget makes room: for all that are not waiting and have not guessed for a while or, if that frees nothing, for all
// that are not waiting.
func (t *throttle) forget(now time.Time) {
	for _, age := range []time.Duration{forgetGuesses, 0} {
		for from, g := range t.guessers {
			if g.waiting == 0 && now.Sub(g.last) >= age {
				delete(t.guessers, from)
			}
		}
		if len(t.guessers) < maxGuessers {
			return
		}
	}
}

// guesserOf is whom a remote address stands for: of IPv6 a whole network, since one machine has all of it.
func guesserOf(remote string) netip.Prefix {
	a, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Prefix{}
	}
	addr := a.Addr().Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
