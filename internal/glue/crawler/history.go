package crawler

import (
	"encoding/json"
	"time"

	"tarn/internal/meta"
)

// kept is how long a crawl stays in its crawler's history, counted from its start: as long as AWS keeps it.
const kept = 365 * 24 * time.Hour

// pruneEvery is how often histories are looked at, and pruneBatch how many crawls one transaction takes.
const (
	pruneEvery = 24 * time.Hour
	pruneBatch = 500
)

// pruneDue prunes once in a while.
func (s *Service) pruneDue() error {
	now := s.Now().UTC()
	if !s.pruned.IsZero() && now.Sub(s.pruned) < pruneEvery {
		return nil
	}
	if err := s.prune(now.Add(-kept)); err != nil {
		return err
	}
	s.pruned = now
	return nil
}

// prune forgets the crawls that began before a time, but for one that still runs. Keys say when a crawl began, so
// nothing that is younger is read.
func (s *Service) prune(before time.Time) error {
	running := map[runKey]string{}
	err := s.Store.View(s.ctx, func(tx meta.Tx) error {
		return tx.Scan(KindCrawler, nil, nil, func(k meta.Key, raw json.RawMessage) (bool, error) {
			var d struct{ Current *struct{ ID string } }
			err := json.Unmarshal(raw, &d)
			id := ""
			if d.Current != nil {
				id = d.Current.ID
			}
			running[runKey{k[0], k[1]}] = id
			return true, err
		})
	})
	if err != nil {
		return err
	}
	for key, current := range running {
		for more := true; more; {
			err := s.Store.Update(s.ctx, func(tx meta.Tx) error {
				var old []meta.Key
				more = false
				history := meta.Key{key.account, key.crawler}
				err := tx.Scan(KindCrawl, history, append(history, countdown(before)), func(k meta.Key, _ json.RawMessage) (bool, error) {
					if more = len(old) == pruneBatch; more {
						return false, nil
					}
					if k[3] != current {
						old = append(old, k)
					}
					return true, nil
				})
				if err != nil {
					return err
				}
				for _, k := range old {
					if err := tx.Delete(KindCrawl, k); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
