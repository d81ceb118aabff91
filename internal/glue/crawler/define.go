package crawler

import (
	"context"
	"errors"
	"slices"
	"strings"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/cron"
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

// complete fills in what Glue answers where nothing was given.
func complete(c *glue.Crawler) {
	if c.Classifiers == nil {
		c.Classifiers = []string{}
	}
	if c.RecrawlPolicy == nil {
		c.RecrawlPolicy = &glue.RecrawlPolicy{RecrawlBehavior: new(glue.RecrawlBehaviorCrawlEverything)}
	}
	policy := glue.SchemaChangePolicy{}
	if c.SchemaChangePolicy != nil {
		policy = *c.SchemaChangePolicy
	}
	if policy.UpdateBehavior == nil {
		policy.UpdateBehavior = new(glue.UpdateBehaviorUpdateInDatabase)
	}
	if policy.DeleteBehavior == nil {
		policy.DeleteBehavior = new(glue.DeleteBehaviorDeprecateInDatabase)
	}
	c.SchemaChangePolicy = &policy
	if c.LineageConfiguration == nil {
		c.LineageConfiguration = &glue.LineageConfiguration{CrawlerLineageSettings: new(glue.CrawlerLineageSettingsDisable)}
	}
	if t := c.Targets; t != nil {
		given := *t
		if given.S3Targets == nil {
			given.S3Targets = []*glue.S3Target{}
		}
		for i, s3 := range given.S3Targets {
			if s3.Exclusions == nil {
				filled := *s3
				filled.Exclusions = []string{}
				given.S3Targets[i] = &filled
			}
		}
		if given.JdbcTargets == nil {
			given.JdbcTargets = []*glue.JdbcTarget{}
		}
		if given.CatalogTargets == nil {
			given.CatalogTargets = []*glue.CatalogTarget{}
		}
		c.Targets = &given
	}
}

// check refuses definitions that could not be crawled.
func check(tx meta.Tx, account string, c *glue.Crawler) error {
	if err := checkTargets(c); err != nil {
		return err
	}
	if _, err := parseConfiguration(awsapi.Val(c.Configuration)); err != nil {
		return err
	}
	for _, name := range c.Classifiers {
		custom, err := getClassifier(tx, account, name)
		if err != nil {
			return err
		}
		if _, _, err := readable(name, custom); err != nil {
			return err
		}
	}
	newOnly := awsapi.Val(c.RecrawlPolicy.RecrawlBehavior) == glue.RecrawlBehaviorCrawlNewFoldersOnly
	logs := *c.SchemaChangePolicy.UpdateBehavior == glue.UpdateBehaviorLog && *c.SchemaChangePolicy.DeleteBehavior == glue.DeleteBehaviorLog
	if newOnly && !logs {
		return glue.InvalidInputException(`The SchemaChangePolicy for "Crawl new folders only" Amazon S3 target can have only LOG DeleteBehavior value and LOG UpdateBehavior value.`)
	}
	return nil
}

func checkTargets(c *glue.Crawler) error {
	t := c.Targets
	if t == nil {
		return glue.InvalidInputException("Targets are required.")
	}
	unsupported := func(kind string) error {
		return glue.InvalidInputException("%s targets are not supported by this crawler; S3 targets are.", kind)
	}
	switch {
	case len(t.JdbcTargets) > 0:
		return unsupported("JDBC")
	case len(t.DynamoDBTargets) > 0:
		return unsupported("DynamoDB")
	case len(t.MongoDBTargets) > 0:
		return unsupported("MongoDB")
	case len(t.CatalogTargets) > 0:
		return unsupported("Catalog")
	case len(t.DeltaTargets) > 0:
		return unsupported("Delta")
	case len(t.IcebergTargets) > 0:
		return unsupported("Iceberg")
	case len(t.HudiTargets) > 0:
		return unsupported("Hudi")
	case len(t.S3Targets) == 0:
		return glue.InvalidInputException("A crawler needs at least one target.")
	}
	for _, s3 := range t.S3Targets {
		if _, err := parsePath(awsapi.Val(s3.Path)); err != nil {
			return err
		}
		if n := s3.SampleSize; n != nil && (*n < 1 || *n > 249) {
			return glue.InvalidInputException("SampleSize must be between 1 and 249, not %d.", *n)
		}
		for _, x := range s3.Exclusions {
			if _, err := parseExclusion(x); err != nil {
				return err
			}
		}
	}
	return nil
}

// target is where an S3 target points.
type target struct{ bucket, prefix string } // prefix: "" or without a slash at its end

func parsePath(path string) (target, error) {
	rest := ""
	for _, scheme := range []string{"s3://", "s3a://", "s3n://"} {
		if after, ok := strings.CutPrefix(path, scheme); ok {
			rest = after
		}
	}
	bucket, prefix, _ := strings.Cut(rest, "/")
	if bucket == "" {
		return target{}, glue.InvalidInputException("The S3 path %s must have the form s3://bucket/folder.", path)
	}
	return target{bucket, strings.Trim(prefix, "/")}, nil
}

func setSchedule(c *glue.Crawler, expression *string) error {
	text := strings.TrimSpace(awsapi.Val(expression))
	if text == "" {
		c.Schedule = nil
		return nil
	}
	if _, err := cron.Parse(text); err != nil {
		return glue.InvalidInputException("%s", err)
	}
	state := glue.ScheduleStateScheduled
	if c.Schedule != nil && awsapi.Val(c.Schedule.State) != "" {
		state = *c.Schedule.State
	}
	c.Schedule = &glue.Schedule{ScheduleExpression: &text, State: &state}
	return nil
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
