package console

import (
	"fmt"
	"testing"
	"time"
)

func TestThrottle(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	a, b := guesserOf("203.0.113.7:1000"), guesserOf("203.0.113.8:1000")
	var th throttle
	guess := func(o outcome) time.Duration {
		t.Helper()
		d, ok := th.begin(a, now)
		if !ok {
			t.Fatal("refused")
		}
		now = now.Add(d)
		th.end(a, now, o)
		return d
	}
	for i, want := range []time.Duration{0, 0, 0, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 8 * time.Second} {
		if got := guess(wrong); got != want {
			t.Errorf("guess %d waits %s, want %s", i+1, got, want)
		}
	}
	for range 100 { // without an overflow
		guess(wrong)
	}
	if d := guess(unknown); d != longestWait {
		t.Errorf("a guess that was given up resets the wait to %s", d)
	}
	if d, ok := th.begin(b, now); d != 0 || !ok {
		t.Errorf("another address waits %s", d)
	}
	th.end(b, now, right)
	if d := guess(right); d != longestWait {
		t.Errorf("the right one waits %s", d)
	}
	if d := guess(wrong); d != 0 {
		t.Errorf("after the right one a guess waits %s", d)
	}
	for range 5 {
		guess(wrong)
	}
	now = now.Add(forgetGuesses + time.Second)
	if d := guess(wrong); d != 0 {
		t.Errorf("a guess waits %s long after the last", d)
	}
}

func TestThrottleBoundsThoseWhoWait(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	a := guesserOf("[2001:db8::1]:1")
	if a != guesserOf("[2001:db8::ffff:2]:9") || a == guesserOf("[2001:db8:0:1::1]:1") {
		t.Error("a network of IPv6 is not one guesser")
	}
	if guesserOf("[::ffff:10.0.0.1]:1") != guesserOf("10.0.0.1:2") {
		t.Error("a mapped address is another guesser")
	}
	var th throttle
	for range waitingOnce {
		if _, ok := th.begin(a, now); !ok {
			t.Fatal("refused too early")
		}
	}
	if _, ok := th.begin(a, now); ok {
		t.Error("too many wait")
	}
	th.end(a, now, wrong)
	if _, ok := th.begin(a, now); !ok {
		t.Error("still refused when one has gone")
	}
	for range waitingOnce {
		th.end(a, now, right)
	}
	if len(th.guessers) != 0 {
		t.Errorf("%d are remembered for nothing", len(th.guessers))
	}
	for i := range maxGuessers + 500 {
		from := guesserOf(fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255))
		th.begin(from, now)
		th.end(from, now, wrong)
		now = now.Add(time.Millisecond)
	}
	if len(th.guessers) > maxGuessers {
		t.Errorf("%d are remembered", len(th.guessers))
	}
}
