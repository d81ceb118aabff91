package crawler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/paging"
	"tarn/internal/meta"
)

// StartCrawler begins a crawl.
func (s *Service) StartCrawler(ctx context.Context, in *glue.StartCrawlerInput) (*glue.StartCrawlerOutput, error) {
	if err := s.StartCrawl(ctx, awsapi.Val(in.Name), s.NewID()); err != nil {
		return nil, err
	}
	return &glue.StartCrawlerOutput{}, nil
}

// NewCrawlID makes an id for StartCrawl.
func (s *Service) NewCrawlID() (string, error) { return s.NewID(), nil }

// StartCrawl begins a crawl. It may be repeated: a crawl that has this id already is not begun again.
func (s *Service) StartCrawl(ctx context.Context, name, id string) error {
	caller, err := callerOf(ctx)
	if err != nil {
		return err
	}
	c := &crawlDoc{ID: id, State: glue.CrawlerHistoryStateRunning, Start: s.Now().UTC(), Caller: caller}
	again := false
	err = s.Store.Update(ctx, func(tx meta.Tx) error {
		old, err := findCrawl(tx, caller.Account, name, id)
		if again = old != nil; again || err != nil {
			return err
		}
		return begin(tx, caller.Account, name, c)
	})
	if err != nil || again {
		return err
	}
	s.launch(caller.Account, name, c)
	return nil
}

// findCrawl finds a crawl by its id; nil if there is none. The one that is asked for is mostly the newest.
func findCrawl(tx meta.Tx, account, name, id string) (*crawlDoc, error) {
	var found *crawlDoc
	err := tx.Scan(KindCrawl, meta.Key{account, name}, nil, func(k meta.Key, raw json.RawMessage) (bool, error) {
		if k[3] != id {
			return true, nil
		}
		found = new(crawlDoc)
		return false, json.Unmarshal(raw, found)
	})
	return found, err
}

// begin records a crawl before anything is done for it.
func begin(tx meta.Tx, account, name string, c *crawlDoc) error {
	d, err := getCrawler(tx, account, name)
	if err != nil {
		return err
	}
	if d.Current != nil {
		return alreadyStarted(name)
	}
	d.Current = c
	d.Crawler.State = new(glue.CrawlerStateRunning)
	if err := tx.Put(KindCrawl, crawlKey(account, name, c), c); err != nil {
		return err
	}
	return putCrawler(tx, account, d)
}

// StopCrawler asks a running crawl to end.
func (s *Service) StopCrawler(ctx context.Context, in *glue.StopCrawlerInput) (*glue.StopCrawlerOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	name := awsapi.Val(in.Name)
	err = s.Store.Update(ctx, func(tx meta.Tx) error {
		d, err := getCrawler(tx, caller.Account, name)
		if err != nil {
			return err
		}
		switch {
		case d.Current == nil:
			return glue.CrawlerNotRunningException("Crawler with name %s isn't running", name)
		case awsapi.Val(d.Crawler.State) == glue.CrawlerStateStopping:
			return glue.CrawlerStoppingException("Crawler with name %s is stopping", name)
		}
		d.Crawler.State = new(glue.CrawlerStateStopping)
		return putCrawler(tx, caller.Account, d)
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	if r := s.running[runKey{caller.Account, name}]; r != nil {
		r.stopped = true
		r.cancel()
	}
	s.mu.Unlock()
	return &glue.StopCrawlerOutput{}, nil
}

// Recover begins again what was interrupted, and the schedules. It is called once, when the lake can be read. What
// requests have started before is left alone.
func (s *Service) Recover(ctx context.Context) error {
	type interrupted struct {
		key   runKey
		crawl *crawlDoc
		state string
	}
	var all []interrupted
	err := s.Store.View(ctx, func(tx meta.Tx) error {
		return tx.Scan(KindCrawler, nil, nil, func(k meta.Key, raw json.RawMessage) (bool, error) {
			var d crawlerDoc
			if err := json.Unmarshal(raw, &d); err != nil {
				return false, err
			}
			if d.Current != nil {
				all = append(all, interrupted{runKey{k[0], k[1]}, d.Current, awsapi.Val(d.Crawler.State)})
			}
			return true, nil
		})
	})
	if err != nil {
		return err
	}
	for _, it := range all {
		s.mu.Lock()
		_, here := s.running[it.key]
		s.mu.Unlock()
		if here {
			continue
		}
		if it.state == glue.CrawlerStateStopping {
			if err := s.finish(ctx, it.key, it.crawl, glue.CrawlerHistoryStateStopped, ""); err != nil {
				return err
			}
			continue
		}
		// A crawl changes each table in one piece and may be repeated: it begins again from its start.
		s.launch(it.key.account, it.key.crawler, it.crawl)
	}
	s.wg.Go(s.keepSchedules)
	return nil
}

// launch runs a crawl that is recorded.
func (s *Service) launch(account, name string, c *crawlDoc) {
	key := runKey{account, name}
	ctx, cancel := context.WithCancel(s.ctx)
	r := &run{cancel: cancel, done: make(chan struct{}), began: s.Now()}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		cancel()
		return // recorded, so the next start begins it
	}
	s.running[key] = r
	s.wg.Add(1)
	s.mu.Unlock()
	go func() {
		defer s.wg.Done()
		defer close(r.done)
		defer cancel()
		state, message := s.execute(ctx, key, c, r)
		s.mu.Lock()
		stopped := r.stopped
		s.mu.Unlock()
		if stopped && state != glue.CrawlerHistoryStateCompleted {
			state, message = glue.CrawlerHistoryStateStopped, ""
		} else if s.ctx.Err() != nil && state != glue.CrawlerHistoryStateCompleted {
			s.forget(key, r)
			return // the process ends; Recover goes on
		}
		// The state must be stored whatever became of the crawl's own context.
		err := s.finish(context.WithoutCancel(ctx), key, c, state, message)
		s.forget(key, r)
		if err != nil && s.ctx.Err() == nil {
			s.Log(awsapi.WithCaller(s.ctx, c.Caller), LogGroup, name, line(c.ID, "ERROR", "the end of the crawl could not be recorded: %v", err))
		}
	}()
}

func (s *Service) forget(key runKey, r *run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[key] == r {
		delete(s.running, key)
	}
}

func line(crawl, level, format string, args ...any) string {
	return fmt.Sprintf("[%s] %s : %s", crawl, level, fmt.Sprintf(format, args...))
}

// execute runs a crawl and says how it ended.
func (s *Service) execute(ctx context.Context, key runKey, c *crawlDoc, r *run) (state, message string) {
	ctx = awsapi.WithCaller(ctx, c.Caller)
	log := func(level, format string, args ...any) {
		s.Log(context.WithoutCancel(ctx), LogGroup, key.crawler, line(c.ID, level, format, args...))
	}
	err := func() (err error) {
		// A crawl reads whatever lies in a bucket; a fault in reading it must not end everything else.
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("internal fault while crawling: %v", p)
			}
		}()
		return s.crawl(ctx, key, c, r, log)
	}()
	if err != nil {
		if ctx.Err() != nil {
			log("INFO", "The crawl was stopped")
		} else {
			log("ERROR", "%v", err)
		}
		log("BENCHMARK", "Crawler has finished running and is in state READY")
		return glue.CrawlerHistoryStateFailed, text(err)
	}
	log("BENCHMARK", "Crawler has finished running and is in state READY")
	return glue.CrawlerHistoryStateCompleted, ""
}

// text is an error for those who do not care what AWS calls it.
func text(err error) string {
	var e *awsapi.Error
	if errors.As(err, &e) {
		return strings.TrimPrefix(err.Error(), e.Code+": ")
	}
	return err.Error()
}

// finish records the end of a crawl.
func (s *Service) finish(ctx context.Context, key runKey, c *crawlDoc, state, message string) error {
	return s.Store.Update(ctx, func(tx meta.Tx) error {
		d, err := getCrawler(tx, key.account, key.crawler)
		if awsapi.IsCode(err, "EntityNotFoundException") {
			return nil
		}
		if err != nil {
			return err
		}
		done := *c
		done.State, done.Error, done.End = state, message, s.Now().UTC()
		if err := tx.Put(KindCrawl, crawlKey(key.account, key.crawler, &done), done); err != nil {
			return err
		}
		status := map[string]string{
			glue.CrawlerHistoryStateCompleted: glue.LastCrawlStatusSucceeded,
			glue.CrawlerHistoryStateFailed:    glue.LastCrawlStatusFailed,
			glue.CrawlerHistoryStateStopped:   glue.LastCrawlStatusCancelled,
		}[state]
		last := &glue.LastCrawlInfo{
			Status: &status, LogGroup: new(LogGroup), LogStream: &key.crawler, MessagePrefix: &done.ID, StartTime: stamp(done.Start),
		}
		if message != "" {
			last.ErrorMessage = new(clipText(message, 2048))
		}
		d.Current = nil
		d.Crawler.State, d.Crawler.LastCrawl = new(glue.CrawlerStateReady), last
		d.Crawler.CrawlElapsedTime = new(int64(0))
		t := done.Summary.Table
		d.Tables.Created += int32(t.Add.Count)
		d.Tables.Updated += int32(t.Update.Count)
		d.Tables.Deleted += int32(t.Delete.Count)
		return putCrawler(tx, key.account, d)
	})
}

func clipText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n-3], "") + "..."
}

// Crawl answers one crawl. A change of it is a change of KindCrawl or KindCrawler.
func (s *Service) Crawl(ctx context.Context, name, id string) (*glue.Crawl, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	var found *crawlDoc
	stopping := false
	err = s.Store.View(ctx, func(tx meta.Tx) error {
		if d, err := getCrawler(tx, caller.Account, name); err == nil {
			stopping = d.Current != nil && d.Current.ID == id && awsapi.Val(d.Crawler.State) == glue.CrawlerStateStopping
		}
		var err error
		found, err = findCrawl(tx, caller.Account, name, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, glue.EntityNotFoundException("Crawl %s of crawler %s not found.", id, name)
	}
	out := &glue.Crawl{StartedOn: stamp(found.Start), CompletedOn: stamp(found.End), LogGroup: new(LogGroup), LogStream: &name}
	if found.Error != "" {
		out.ErrorMessage = &found.Error
	}
	switch {
	case found.State == glue.CrawlerHistoryStateRunning && stopping:
		out.State = new(glue.CrawlStateCancelling)
	case found.State == glue.CrawlerHistoryStateRunning:
		out.State = new(glue.CrawlStateRunning)
	case found.State == glue.CrawlerHistoryStateCompleted:
		out.State = new(glue.CrawlStateSucceeded)
	case found.State == glue.CrawlerHistoryStateStopped:
		out.State = new(glue.CrawlStateCancelled)
	default:
		out.State = new(glue.CrawlStateFailed)
	}
	return out, nil
}

// StopCrawl ends a crawl if it is the one that runs.
func (s *Service) StopCrawl(ctx context.Context, name, id string) error {
	caller, err := callerOf(ctx)
	if err != nil {
		return err
	}
	running := false
	err = s.Store.View(ctx, func(tx meta.Tx) error {
		d, err := getCrawler(tx, caller.Account, name)
		running = err == nil && d.Current != nil && d.Current.ID == id
		if awsapi.IsCode(err, "EntityNotFoundException") {
			return nil
		}
		return err
	})
	if err != nil || !running {
		return err
	}
	_, err = s.StopCrawler(ctx, &glue.StopCrawlerInput{Name: &name})
	if awsapi.IsCode(err, "CrawlerNotRunningException") || awsapi.IsCode(err, "CrawlerStoppingException") {
		return nil
	}
	return err
}

// ListCrawls lists a crawler's crawls, newest first.
func (s *Service) ListCrawls(ctx context.Context, in *glue.ListCrawlsInput) (*glue.ListCrawlsOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	var filters []func(*crawlDoc) bool
	for _, f := range in.Filters {
		keep, err := crawlFilter(f)
		if err != nil {
			return nil, err
		}
		filters = append(filters, keep)
	}
	name := awsapi.Val(in.CrawlerName)
	out := &glue.ListCrawlsOutput{Crawls: []*glue.CrawlerHistory{}}
	err = s.Store.View(ctx, func(tx meta.Tx) error {
		if _, err := getCrawler(tx, caller.Account, name); err != nil {
			return err
		}
		docs, next, err := paging.List(tx, KindCrawl, meta.Key{caller.Account, name},
			paging.Request{Of: []any{"ListCrawls", caller.Account, name, in.Filters}, Token: in.NextToken, Max: in.MaxResults, Default: 20},
			func(_ meta.Key, c *crawlDoc) (bool, error) {
				for _, keep := range filters {
					if !keep(c) {
						return false, nil
					}
				}
				return true, nil
			})
		out.NextToken = next
		for _, c := range docs {
			h := &glue.CrawlerHistory{
				CrawlId: &c.ID, State: &c.State, StartTime: stamp(c.Start), EndTime: stamp(c.End), LogGroup: new(LogGroup), LogStream: &name,
				MessagePrefix: &c.ID, DPUHour: new(0.0),
			}
			if c.Error != "" {
				h.ErrorMessage = &c.Error
			}
			if s := c.Summary.String(); s != "" {
				h.Summary = &s
			}
			out.Crawls = append(out.Crawls, h)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func crawlFilter(f *glue.CrawlsFilter) (func(*crawlDoc) bool, error) {
	field, op, value := awsapi.Val(f.FieldName), awsapi.Val(f.FilterOperator), awsapi.Val(f.FieldValue)
	compare := func(c int) bool {
		switch op {
		case glue.FilterOperatorGt:
			return c > 0
		case glue.FilterOperatorGe:
			return c >= 0
		case glue.FilterOperatorLt:
			return c < 0
		case glue.FilterOperatorLe:
			return c <= 0
		case glue.FilterOperatorNe:
			return c != 0
		}
		return c == 0
	}
	number := func(of func(*crawlDoc) (float64, bool)) (func(*crawlDoc) bool, error) {
		var want float64
		if err := json.Unmarshal([]byte(value), &want); err != nil {
			return nil, glue.InvalidInputException("The value %s of the filter %s is not a number.", value, field)
		}
		return func(c *crawlDoc) bool {
			have, ok := of(c)
			switch {
			case !ok:
				return false
			case have < want:
				return compare(-1)
			case have > want:
				return compare(1)
			}
			return compare(0)
		}, nil
	}
	millis := func(t time.Time) (float64, bool) { return float64(t.UnixMilli()), !t.IsZero() }
	switch field {
	case glue.FieldNameCrawlId:
		return func(c *crawlDoc) bool { return compare(strings.Compare(c.ID, value)) }, nil
	case glue.FieldNameState:
		return func(c *crawlDoc) bool { return compare(strings.Compare(c.State, value)) }, nil
	case glue.FieldNameStartTime:
		return number(func(c *crawlDoc) (float64, bool) { return millis(c.Start) })
	case glue.FieldNameEndTime:
		return number(func(c *crawlDoc) (float64, bool) { return millis(c.End) })
	case glue.FieldNameDpuHour:
		return number(func(*crawlDoc) (float64, bool) { return 0, true })
	}
	return nil, glue.InvalidInputException("Crawls can't be filtered by %s.", field)
}
