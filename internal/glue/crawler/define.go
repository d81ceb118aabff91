package crawler

import (
	"context"
	"errors"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/paging"
	"tarn/internal/glue/tags"
	"tarn/internal/meta"
)

const defaultPage = 100

// CreateCrawler stores a new crawler.
func (s *Service) CreateCrawler(ctx context.Context, in *glue.CreateCrawlerInput) (*glue.CreateCrawlerOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	now := stamp(s.Now())
	d := &crawlerDoc{Region: caller.Region, Caller: caller, Crawler: glue.Crawler{
		Name: in.Name, Role: in.Role, Targets: in.Targets, DatabaseName: in.DatabaseName, Description: in.Description,
		Classifiers: in.Classifiers, RecrawlPolicy: in.RecrawlPolicy, SchemaChangePolicy: in.SchemaChangePolicy,
		LineageConfiguration: in.LineageConfiguration, TablePrefix: in.TablePrefix, Configuration: in.Configuration,
		CrawlerSecurityConfiguration: in.CrawlerSecurityConfiguration, LakeFormationConfiguration: in.LakeFormationConfiguration,
		State: new(glue.CrawlerStateReady), CreationTime: now, LastUpdated: now, Version: new(int64(1)), CrawlElapsedTime: new(int64(0)),
	}}
	if err := setSchedule(&d.Crawler, in.Schedule); err != nil {
		return nil, err
	}
	complete(&d.Crawler)
	err = s.Store.Update(ctx, func(tx meta.Tx) error {
		if err := check(tx, caller.Account, &d.Crawler); err != nil {
			return err
		}
		err := tx.Insert(KindCrawler, meta.Key{caller.Account, *in.Name}, d)
		if errors.Is(err, meta.ErrExists) {
			return glue.AlreadyExistsException("Crawler already exists.")
		}
		if err != nil {
			return err
		}
		return tags.Set(tx, tags.ARN(caller, "crawler", *in.Name), in.Tags)
	})
	if err != nil {
		return nil, err
	}
	s.reschedule()
	return &glue.CreateCrawlerOutput{}, nil
}

// UpdateCrawler changes what it is given of a crawler that is ready.
func (s *Service) UpdateCrawler(ctx context.Context, in *glue.UpdateCrawlerInput) (*glue.UpdateCrawlerOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	err = s.Store.Update(ctx, func(tx meta.Tx) error {
		d, err := getCrawler(tx, caller.Account, awsapi.Val(in.Name))
		if err != nil {
			return err
		}
		if d.Current != nil {
			return alreadyStarted(*d.Crawler.Name)
		}
		c := &d.Crawler
		replace(&c.Role, in.Role)
		replace(&c.DatabaseName, in.DatabaseName)
		replace(&c.Description, in.Description)
		replace(&c.Targets, in.Targets)
		replace(&c.TablePrefix, in.TablePrefix)
		replace(&c.SchemaChangePolicy, in.SchemaChangePolicy)
		replace(&c.RecrawlPolicy, in.RecrawlPolicy)
		replace(&c.LineageConfiguration, in.LineageConfiguration)
		replace(&c.LakeFormationConfiguration, in.LakeFormationConfiguration)
		replace(&c.Configuration, in.Configuration)
		replace(&c.CrawlerSecurityConfiguration, in.CrawlerSecurityConfiguration)
		if in.Classifiers != nil {
			c.Classifiers = in.Classifiers
		}
		if in.Schedule != nil {
			if err := setSchedule(c, in.Schedule); err != nil {
				return err
			}
		}
		complete(c)
		if err := check(tx, caller.Account, c); err != nil {
			return err
		}
		c.LastUpdated = stamp(s.Now())
		*c.Version++
		d.Caller, d.Region = caller, caller.Region
		return putCrawler(tx, caller.Account, d)
	})
	if err != nil {
		return nil, err
	}
	s.reschedule()
	return &glue.UpdateCrawlerOutput{}, nil
}

func replace[T any](old **T, given *T) {
	if given != nil {
		*old = given
	}
}

func alreadyStarted(name string) error {
	return glue.CrawlerRunningException("Crawler with name %s has already started", name)
}

// answer is the crawler as GetCrawler shows it.
func (s *Service) answer(d *crawlerDoc) *glue.Crawler {
	c := d.Crawler
	if d.Current != nil {
		c.CrawlElapsedTime = new(s.Now().Sub(d.Current.Start).Milliseconds())
	}
	return &c
}

// GetCrawler answers one crawler.
func (s *Service) GetCrawler(ctx context.Context, in *glue.GetCrawlerInput) (*glue.GetCrawlerOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	out := &glue.GetCrawlerOutput{}
	err = s.Store.View(ctx, func(tx meta.Tx) error {
		d, err := getCrawler(tx, caller.Account, awsapi.Val(in.Name))
		if err != nil {
			return err
		}
		out.Crawler = s.answer(d)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// GetCrawlers lists crawlers by name.
func (s *Service) GetCrawlers(ctx context.Context, in *glue.GetCrawlersInput) (*glue.GetCrawlersOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	out := &glue.GetCrawlersOutput{Crawlers: []*glue.Crawler{}}
	err = s.Store.View(ctx, func(tx meta.Tx) error {
		docs, next, err := paging.List[crawlerDoc](tx, KindCrawler, meta.Key{caller.Account},
			paging.Request{Of: []any{"GetCrawlers", caller.Account}, Token: in.NextToken, Max: in.MaxResults, Default: defaultPage}, nil)
		for _, d := range docs {
			out.Crawlers = append(out.Crawlers, s.answer(d))
		}
		out.NextToken = next
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// BatchGetCrawlers answers those of the crawlers that are there, and the names of the others.
func (s *Service) BatchGetCrawlers(ctx context.Context, in *glue.BatchGetCrawlersInput) (*glue.BatchGetCrawlersOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	out := &glue.BatchGetCrawlersOutput{Crawlers: []*glue.Crawler{}, CrawlersNotFound: []string{}}
	err = s.Store.View(ctx, func(tx meta.Tx) error {
		for _, name := range in.CrawlerNames {
			d, err := getCrawler(tx, caller.Account, name)
			switch {
			case awsapi.IsCode(err, "EntityNotFoundException"):
				out.CrawlersNotFound = append(out.CrawlersNotFound, name)
			case err != nil:
				return err
			default:
				out.Crawlers = append(out.Crawlers, s.answer(d))
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListCrawlers lists the names of crawlers, of all or of those with these tags.
func (s *Service) ListCrawlers(ctx context.Context, in *glue.ListCrawlersInput) (*glue.ListCrawlersOutput, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	out := &glue.ListCrawlersOutput{CrawlerNames: []string{}}
	err = s.Store.View(ctx, func(tx meta.Tx) error {
		docs, next, err := paging.List(tx, KindCrawler, meta.Key{caller.Account},
			paging.Request{Of: []any{"ListCrawlers", caller.Account, in.Tags}, Token: in.NextToken, Max: in.MaxResults, Default: defaultPage},
			func(k meta.Key, _ *crawlerDoc) (bool, error) {
				return tags.Match(tx, tags.ARN(caller, "crawler", k[1]), in.Tags)
			})
		for _, d := range docs {
			out.CrawlerNames = append(out.CrawlerNames, *d.Crawler.Name)
		}
		out.NextToken = next
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeleteCrawler forgets a crawler that is ready, with its history and what it knew of files. Its tables stay.
func (s *Service) DeleteCrawler(ctx context.Context, in *glue.DeleteCrawlerInput) (*glue.DeleteCrawlerOutput, error) {
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
		if d.Current != nil {
			return alreadyStarted(name)
		}
		for _, kind := range []string{KindCrawl, kindFile} {
			if _, err := tx.DeletePrefix(kind, meta.Key{caller.Account, name}); err != nil {
				return err
			}
		}
		if err := tags.Remove(tx, tags.ARN(caller, "crawler", name)); err != nil {
			return err
		}
		return tx.Delete(KindCrawler, meta.Key{caller.Account, name})
	})
	if err != nil {
		return nil, err
	}
	s.reschedule()
	return &glue.DeleteCrawlerOutput{}, nil
}
