package crawler

import (
	"context"
	"fmt"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/meta"
)

type logger func(level, format string, args ...any)

// crawl does the work of one crawl: list, read, lay out, compare, write.
func (s *Service) crawl(ctx context.Context, key runKey, c *crawlDoc, r *run, log logger) error {
	var d *crawlerDoc
	err := s.Store.View(ctx, func(tx meta.Tx) (err error) {
		d, err = getCrawler(tx, key.account, key.crawler)
		return err
	})
	if err != nil {
		return err
	}
	log("BENCHMARK", "Running Start Crawl for Crawler %s", key.crawler)
	conf, err := parseConfiguration(awsapi.Val(d.Crawler.Configuration))
	if err != nil {
		return err
	}
	ctx, release, err := s.Roles.Assume(ctx, awsapi.Val(d.Crawler.Role), c.ID)
	if err != nil {
		return fmt.Errorf("the role %s can't be assumed: %w", awsapi.Val(d.Crawler.Role), err)
	}
	defer release()
	options, by, err := s.classifiers(ctx, key.account, d)
	if err != nil {
		return err
	}
	if awsapi.Val(d.Crawler.RecrawlPolicy.RecrawlBehavior) == glue.RecrawlBehaviorCrawlEventMode {
		log("INFO", "No history of events is kept: everything under the targets is listed instead")
	}
	inv, err := s.list(ctx, d, log)
	if err != nil {
		return err
	}
	unread, err := s.recall(ctx, key, d, inv, by)
	if err != nil {
		return err
	}
	log("INFO", "Reading %d of %d files; %d have not changed since they were last read", len(unread), len(inv.files), len(inv.files)-len(unread))
	for i, f := range unread {
		if i == mostNames {
			log("INFO", "... and %d more", len(unread)-i)
			break
		}
		log("INFO", "Reading %s", f.url())
	}
	if err := s.read(ctx, unread, options, r, log); err != nil {
		return err
	}
	for _, f := range inv.files {
		for _, w := range f.result.Warnings {
			if w.Line > 0 {
				log("WARN", "%s, line %d: %s", f.url(), w.Line, w.Text)
			} else {
				log("WARN", "%s: %s", f.url(), w.Text)
			}
		}
	}
	lay := &layout{combine: conf.combine, level: conf.level, warn: func(format string, args ...any) { log("WARN", format, args...) }}
	for _, root := range inv.roots {
		lay.add(root)
	}
	if conf.threshold > 0 && len(lay.tables) > conf.threshold {
		return fmt.Errorf("%d tables were found, more than the TableThreshold of %d; nothing was written", len(lay.tables), conf.threshold)
	}
	log("BENCHMARK", "Classification complete, writing results to database %s", awsapi.Val(d.Crawler.DatabaseName))
	log("INFO", "Crawler configured with Configuration %s and SchemaChangePolicy {\"UpdateBehavior\":\"%s\",\"DeleteBehavior\":\"%s\"}",
		orEmpty(awsapi.Val(d.Crawler.Configuration)), *d.Crawler.SchemaChangePolicy.UpdateBehavior, *d.Crawler.SchemaChangePolicy.DeleteBehavior)
	w := &writer{s: s, key: key, crawl: c, d: &d.Crawler, conf: conf, log: log}
	if err := w.write(ctx, lay.tables, inv); err != nil {
		return err
	}
	if err := s.remember(ctx, key, inv, by); err != nil {
		return err
	}
	if t := c.Summary.Table.String(); t != "" {
		log("BENCHMARK", "Run Summary For TABLE: %s", t)
	}
	if p := c.Summary.Partition.String(); p != "" {
		log("BENCHMARK", "Run Summary For PARTITION: %s", p)
	}
	log("BENCHMARK", "Finished writing to Catalog")
	return nil
}

func orEmpty(s string) string {
	if s == "" {
		return "{}"
	}
	return s
}
