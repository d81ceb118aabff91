package crawler

import (
	"strings"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/cron"
	"tarn/internal/meta"
)

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
