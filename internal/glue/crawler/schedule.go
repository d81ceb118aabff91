package crawler

import (
	"context"
	"encoding/json"
	"time"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/cron"
	"tarn/internal/meta"
)

// StartCrawlerSchedule lets a crawler's schedule fire.
func (s *Service) StartCrawlerSchedule(ctx context.Context, in *glue.StartCrawlerScheduleInput) (*glue.StartCrawlerScheduleOutput, error) {
	err := s.setScheduled(ctx, awsapi.Val(in.CrawlerName), glue.ScheduleStateScheduled)
	if err != nil {
		return nil, err
	}
	return &glue.StartCrawlerScheduleOutput{}, nil
}

// StopCrawlerSchedule keeps a crawler's schedule from firing.
func (s *Service) StopCrawlerSchedule(ctx context.Context, in *glue.StopCrawlerScheduleInput) (*glue.StopCrawlerScheduleOutput, error) {
	err := s.setScheduled(ctx, awsapi.Val(in.CrawlerName), glue.ScheduleStateNotScheduled)
	if err != nil {
		return nil, err
	}
	return &glue.StopCrawlerScheduleOutput{}, nil
}

func (s *Service) setScheduled(ctx context.Context, name, state string) error {
	caller, err := callerOf(ctx)
	if err != nil {
		return err
	}
	err = s.Store.Update(ctx, func(tx meta.Tx) error {
		d, err := getCrawler(tx, caller.Account, name)
		if err != nil {
			return err
		}
		switch {
		case d.Crawler.Schedule == nil:
			return glue.NoScheduleException("Crawler %s has no schedule.", name)
		case *d.Crawler.Schedule.State == state && state == glue.ScheduleStateScheduled:
			return glue.SchedulerRunningException("The schedule of crawler %s is already running.", name)
		case *d.Crawler.Schedule.State == state:
			return glue.SchedulerNotRunningException("The schedule of crawler %s isn't running.", name)
		}
		d.Crawler.Schedule.State = &state
		d.LastFiring, d.Caller = s.Now().UTC(), caller
		return putCrawler(tx, caller.Account, d)
	})
	if err == nil {
		s.reschedule()
	}
	return err
}

// UpdateCrawlerSchedule gives a crawler another schedule, or none.
func (s *Service) UpdateCrawlerSchedule(ctx context.Context, in *glue.UpdateCrawlerScheduleInput) (*glue.UpdateCrawlerScheduleOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	err = s.Store.Update(ctx, func(tx meta.Tx) error {
		d, err := getCrawler(tx, caller.Account, awsapi.Val(in.CrawlerName))
		if err != nil {
			return err
		}
		if err := setSchedule(&d.Crawler, in.Schedule); err != nil {
			return err
		}
		d.LastFiring, d.Caller = s.Now().UTC(), caller
		d.Crawler.LastUpdated = stamp(s.Now())
		*d.Crawler.Version++
		return putCrawler(tx, caller.Account, d)
	})
	if err != nil {
		return nil, err
	}
	s.reschedule()
	return &glue.UpdateCrawlerScheduleOutput{}, nil
}

func (s *Service) reschedule() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// longestSleep bounds how wrong the clock can get while schedules are slept on.
const longestSleep = time.Hour

// keepSchedules starts what is due, and prunes histories. What was missed while nothing ran fires once.
func (s *Service) keepSchedules() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.wake:
		case <-timer.C:
		}
		wait := longestSleep
		next, err := s.fire()
		if err == nil {
			err = s.pruneDue()
		}
		switch {
		case err != nil:
			wait = time.Minute // the store is busy or ending; look again
		case !next.IsZero():
			wait = min(max(next.Sub(s.Now()), 0), longestSleep)
		}
		timer.Reset(wait)
	}
}

// fire starts all crawlers whose time has come and answers the next time.
func (s *Service) fire() (time.Time, error) {
	now := s.Now().UTC()
	var next time.Time
	var due []runKey
	err := s.Store.View(s.ctx, func(tx meta.Tx) error {
		return tx.Scan(KindCrawler, nil, nil, func(k meta.Key, raw json.RawMessage) (bool, error) {
			var d crawlerDoc
			if err := json.Unmarshal(raw, &d); err != nil {
				return false, err
			}
			at := nextFiring(&d)
			switch {
			case at.IsZero():
			case !at.After(now):
				due = append(due, runKey{k[0], k[1]})
			case next.IsZero() || at.Before(next):
				next = at
			}
			return true, nil
		})
	})
	if err != nil {
		return next, err
	}
	for _, key := range due {
		if err := s.fireOne(key, now); err != nil {
			return next, err
		}
		next = now // look again at once for its next time
	}
	return next, nil
}

func nextFiring(d *crawlerDoc) time.Time {
	sch := d.Crawler.Schedule
	if sch == nil || awsapi.Val(sch.State) != glue.ScheduleStateScheduled {
		return time.Time{}
	}
	parsed, err := cron.Parse(awsapi.Val(sch.ScheduleExpression))
	if err != nil {
		return time.Time{} // it was checked when it was stored
	}
	since := d.LastFiring
	if since.IsZero() {
		since = d.Crawler.LastUpdated.Time
	}
	return parsed.Next(since)
}

func (s *Service) fireOne(key runKey, now time.Time) error {
	var c *crawlDoc
	err := s.Store.Update(s.ctx, func(tx meta.Tx) error {
		c = nil
		d, err := getCrawler(tx, key.account, key.crawler)
		if awsapi.IsCode(err, "EntityNotFoundException") {
			return nil
		}
		if err != nil {
			return err
		}
		d.LastFiring = now
		if err := putCrawler(tx, key.account, d); err != nil || d.Current != nil {
			return err // still at it: this firing is left out
		}
		c = &crawlDoc{ID: s.NewID(), State: glue.CrawlerHistoryStateRunning, Start: now, Caller: d.Caller}
		return begin(tx, key.account, key.crawler, c)
	})
	if err == nil && c != nil {
		s.launch(key.account, key.crawler, c)
	}
	return err
}
