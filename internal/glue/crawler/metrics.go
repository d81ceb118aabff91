package crawler

import (
	"context"
	"slices"

	"tarn/api/glue"
	"tarn/internal/glue/paging"
	"tarn/internal/meta"
)

// GetCrawlerMetrics answers figures of crawlers: how long they take, and what they have made.
func (s *Service) GetCrawlerMetrics(ctx context.Context, in *glue.GetCrawlerMetricsInput) (*glue.GetCrawlerMetricsOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	out := &glue.GetCrawlerMetricsOutput{CrawlerMetricsList: []*glue.CrawlerMetrics{}}
	err = s.Store.View(ctx, func(tx meta.Tx) error {
		docs, next, err := paging.List(tx, KindCrawler, meta.Key{caller.Account},
			paging.Request{Of: []any{"GetCrawlerMetrics", caller.Account, in.CrawlerNameList}, Token: in.NextToken, Max: in.MaxResults, Default: defaultPage},
			func(k meta.Key, _ *crawlerDoc) (bool, error) {
				return len(in.CrawlerNameList) == 0 || slices.Contains(in.CrawlerNameList, k[1]), nil
			})
		if err != nil {
			return err
		}
		for _, d := range docs {
			m, err := s.metrics(tx, caller.Account, d)
			if err != nil {
				return err
			}
			out.CrawlerMetricsList = append(out.CrawlerMetricsList, m)
		}
		out.NextToken = next
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) metrics(tx meta.Tx, account string, d *crawlerDoc) (*glue.CrawlerMetrics, error) {
	name := *d.Crawler.Name
	m := &glue.CrawlerMetrics{
		CrawlerName: &name, TimeLeftSeconds: new(0.0), StillEstimating: new(false), LastRuntimeSeconds: new(0.0), MedianRuntimeSeconds: new(0.0),
		TablesCreated: &d.Tables.Created, TablesUpdated: &d.Tables.Updated, TablesDeleted: &d.Tables.Deleted,
	}
	crawls, _, err := paging.List[crawlDoc](tx, KindCrawl, meta.Key{account, name}, paging.Request{Default: 100}, nil)
	if err != nil {
		return nil, err
	}
	var took []float64
	for _, c := range crawls {
		if !c.End.IsZero() {
			took = append(took, c.End.Sub(c.Start).Seconds())
		}
	}
	if len(took) > 0 {
		m.LastRuntimeSeconds = &took[0]
		sorted := slices.Clone(took)
		slices.Sort(sorted)
		m.MedianRuntimeSeconds = &sorted[len(sorted)/2]
	}
	s.mu.Lock()
	r := s.running[runKey{account, name}]
	s.mu.Unlock()
	if r != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		if !r.listed || r.read == 0 {
			m.StillEstimating = new(true)
		} else {
			m.TimeLeftSeconds = new(s.Now().Sub(r.began).Seconds() / float64(r.read) * float64(r.files-r.read))
		}
	}
	return m, nil
}
