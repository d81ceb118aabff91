package crawler

import (
	"testing"
	"time"

	"tarn/api/glue"
	"tarn/internal/meta"
)

// TestHistoryIsPruned lets a year pass: older crawls are forgotten, but for one that still runs.
func TestHistoryIsPruned(t *testing.T) {
	f := newFixture(t)
	f.put("lake/a/x.csv", []byte("id,v\n1,2\n2,3\n"))
	_, err := f.CreateCrawler(f.ctx, &glue.CreateCrawlerInput{Name: new("c"), Role: new("r"), DatabaseName: new("raw"),
		Targets: &glue.CrawlerTargets{S3Targets: []*glue.S3Target{{Path: new("s3://lake/a")}}}})
	if err != nil {
		t.Fatal(err)
	}
	begun := f.now()
	err = f.store.Update(f.ctx, func(tx meta.Tx) error {
		for i := range 2*pruneBatch + 3 {
			old := &crawlDoc{ID: "old", State: glue.CrawlerHistoryStateCompleted, Start: begun.Add(-time.Duration(i) * time.Hour)}
			if err := tx.Put(KindCrawl, crawlKey("000000000000", "c", old), old); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	f.lake.gate = make(chan struct{})
	defer close(f.lake.gate)
	if _, err := f.StartCrawler(f.ctx, &glue.StartCrawlerInput{Name: new("c")}); err != nil {
		t.Fatal(err)
	}
	history := func() []*glue.CrawlerHistory {
		t.Helper()
		out, err := f.ListCrawls(f.ctx, &glue.ListCrawlsInput{CrawlerName: new("c"), MaxResults: new(int32(1000))})
		if err != nil {
			t.Fatal(err)
		}
		return out.Crawls
	}
	if err := f.prune(begun.Add(-24 * time.Hour)); err != nil {
		t.Fatal(err)
	}
	if n := len(history()); n != 25 {
		t.Errorf("a day and what runs are %d crawls", n)
	}
	f.mu.Lock()
	f.clock = begun.Add(366 * 24 * time.Hour)
	f.mu.Unlock()
	if err := f.pruneDue(); err != nil {
		t.Fatal(err)
	}
	if all := history(); len(all) != 1 || *all[0].State != glue.CrawlerHistoryStateRunning {
		t.Errorf("left are %+v", all)
	}
}
