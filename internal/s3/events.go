package s3

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"tarn/internal/s3/index"
)

// Event is one change of an object.
type Event = index.Event

// ErrEventsGone says that events after the given number have been forgotten: the reader must look at the lake
// itself, and go on from Last.
var ErrEventsGone = errors.New("events have been forgotten")

const eventsAtOnce = 500

// LastEvent is the number of the latest event; 0 before the first.
func (s *Service) LastEvent() (int64, error) {
	_, last, err := s.index.EventBounds()
	return last, err
}

// Events gives every event after a number, in the order in which they became durable, and then waits for more until
// ctx ends. It is in process and not authorised: callers filter by Account.
func (s *Service) Events(ctx context.Context, after int64) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			changed := s.index.Changed()
			events, err := s.index.Events(after, eventsAtOnce)
			if err == nil && (len(events) == 0 || events[0].Seq != after+1) {
				err = s.checkGap(after, len(events) > 0)
			}
			if err != nil {
				yield(Event{}, err)
				return
			}
			for _, e := range events {
				if !yield(e, nil) {
					return
				}
				after = e.Seq
			}
			if len(events) > 0 {
				continue
			}
			select {
			case <-changed:
			case <-ctx.Done():
				yield(Event{}, ctx.Err())
				return
			}
		}
	}
}

// checkGap tells events that were trimmed from numbers that were never given to an event.
func (s *Service) checkGap(after int64, some bool) error {
	first, last, err := s.index.EventBounds()
	if err != nil {
		return err
	}
	if !some && after >= last || first > 0 && first <= after+1 {
		return nil
	}
	return fmt.Errorf("%w: those after %d, the oldest kept is %d, the last was %d", ErrEventsGone, after, first, last)
}
