package s3

import (
	"context"
	"time"

	"tarn/internal/s3/blob"
	"tarn/internal/s3/index"
)

// sweep removes files that earlier starts wrote but never published, by generation: the cost is that of the last
// start's writes, not of the lake.
func (s *Service) sweep(ctx context.Context) error {
	generations, err := s.index.Unswept()
	if err != nil {
		return err
	}
	for _, g := range generations {
		n, err := s.blobs.Sweep(g, s.index.HasBlob)
		if err != nil {
			return err
		}
		if err := s.index.Update(ctx, func(tx *index.Tx) error { return tx.Swept(g) }); err != nil {
			return err
		}
		if n > 0 {
			s.log.InfoContext(ctx, "removed unpublished blobs of an earlier start", "blobs", n)
		}
	}
	return nil
}

const (
	collectEvery   = 20 * time.Second
	collectAtOnce  = 1000
	keepCompleted  = 24 * time.Hour
	trimEventsOnce = 2000
)

func (s *Service) collectLoop(ctx context.Context) {
	defer s.background.Done()
	every := min(collectEvery, max(s.options.Grace/2, 10*time.Millisecond))
	tick := time.NewTicker(every)
	defer tick.Stop()
	trimmed := time.Time{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if _, err := s.Collect(ctx); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "collect unused blobs", "error", err)
		}
		s.keepReserve()
		if now := s.now(); now.Sub(trimmed) > time.Hour {
			trimmed = now
			if err := s.trim(ctx, now); err != nil && ctx.Err() == nil {
				s.log.ErrorContext(ctx, "trim the outbox", "error", err)
			}
		}
	}
}

// Collect removes the blobs that nothing has used for the grace time and that are not pinned, and says how many.
func (s *Service) Collect(ctx context.Context) (removed int, err error) {
	before := s.now().Add(-s.options.Grace).UnixMilli()
	var last index.Dead
	for {
		dead, err := s.index.DeadBlobs(before, last, collectAtOnce)
		if err != nil || len(dead) == 0 {
			return removed, err
		}
		var gone []blob.ID
		for _, d := range dead {
			last = d // a pinned one is passed over, not waited for
			ok, err := s.blobs.Remove(d.ID)
			if err != nil {
				return removed, err
			}
			if ok {
				gone = append(gone, d.ID)
			}
		}
		// A dead blob is never used again (see index.ErrGone), so no one can have taken it up in between.
		if len(gone) > 0 {
			if err := s.index.Update(ctx, func(tx *index.Tx) error { return tx.ForgetBlobs(gone) }); err != nil {
				return removed, err
			}
		}
		removed += len(gone)
		if len(dead) < collectAtOnce {
			return removed, nil
		}
	}
}

// trim forgets old events and old answers, little by little: writes wait for each transaction.
func (s *Service) trim(ctx context.Context, now time.Time) error {
	err := s.index.Update(ctx, func(tx *index.Tx) error { return tx.TrimCompleted(now.Add(-keepCompleted)) })
	for n := int64(trimEventsOnce); n == trimEventsOnce && err == nil; {
		err = s.index.Update(ctx, func(tx *index.Tx) (err error) {
			n, err = tx.TrimEvents(now.Add(-s.options.KeepEvents), trimEventsOnce)
			return err
		})
	}
	return err
}
