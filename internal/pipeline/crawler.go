package pipeline

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tarn/api/glue"
)

// csvClassifier is how files of one CSV format are known: by their delimiter. That
// they have a header is stated, so that no column is called col0.
type csvClassifier struct {
	name   string
	format CSVFormat
}

// csvClassifiers are the formats of the CSV sources that are crawled. The crawler
// tries them in order, so those that state a delimiter come first; the last one
// takes every other file.
func (pl *Planner) csvClassifiers() []csvClassifier {
	var stated, rest []csvClassifier
	for _, s := range pl.Project.Sources {
		same := func(c csvClassifier) bool { return c.format.Delimiter == s.CSV.Delimiter }
		switch {
		case !s.crawledCSV() || slices.ContainsFunc(stated, same) || slices.ContainsFunc(rest, same):
		case s.CSV.Delimiter == "":
			rest = append(rest, csvClassifier{pl.Project.Name + "-csv", s.CSV})
		default:
			stated = append(stated, csvClassifier{pl.Project.Name + "-csv-" + s.Name, s.CSV})
		}
	}
	return append(stated, rest...)
}

// jsonClassifier is the name of the classifier for JSON. A classifier for CSV would
// take lines of JSON for text with commas, so where a project has both, JSON is tried first.
func (pl *Planner) jsonClassifier() string { return pl.Project.Name + "-json" }

func (pl *Planner) needsJSONClassifier() bool {
	crawled := func(s *Source) bool { return len(s.Columns) == 0 && strings.HasPrefix(s.formatName(), "json") }
	return slices.ContainsFunc(pl.Project.Sources, crawled) && len(pl.csvClassifiers()) > 0
}

func (pl *Planner) jsonClassifierResource() *resource {
	name := pl.jsonClassifier()
	in := &glue.CreateJsonClassifierRequest{Name: &name, JsonPath: new("$")}
	r := pl.classifier(name, in, func(c *glue.Classifier) any {
		if c.JsonClassifier == nil {
			return nil
		}
		return c.JsonClassifier
	})
	r.create = func(ctx context.Context, t *Target, _ map[string]string) error {
		_, err := glueCall[glue.CreateClassifierOutput](ctx, t, "CreateClassifier", &glue.CreateClassifierInput{JsonClassifier: in})
		return err
	}
	r.update = func(ctx context.Context, t *Target, _ map[string]string) error {
		_, err := glueCall[glue.UpdateClassifierOutput](ctx, t, "UpdateClassifier", &glue.UpdateClassifierInput{JsonClassifier: &glue.UpdateJsonClassifierRequest{Name: &name, JsonPath: in.JsonPath}})
		return err
	}
	return r
}

// classifier is what classifiers of every kind share. kind answers that of its own kind, or nil.
func (pl *Planner) classifier(name string, want any, kind func(*glue.Classifier) any) *resource {
	return &resource{kind: "classifier", name: name, file: "tarn.yaml", want: want, untagged: true,
		live: func(ctx context.Context, t *Target) (any, map[string]string, error) {
			out, err := glueCall[glue.GetClassifierOutput](ctx, t, "GetClassifier", &glue.GetClassifierInput{Name: &name})
			if absent, err := missing(err, "EntityNotFoundException"); absent || err != nil {
				return nil, nil, err
			}
			if c := kind(out.Classifier); c != nil {
				return c, nil, nil
			}
			return nil, nil, &Refused{fmt.Errorf("classifier %s is there already and is of another kind", name)}
		},
		remove: func(ctx context.Context, t *Target) error {
			_, err := glueCall[glue.DeleteClassifierOutput](ctx, t, "DeleteClassifier", &glue.DeleteClassifierInput{Name: &name})
			return err
		},
	}
}

func (pl *Planner) csvClassifierResource(c csvClassifier) *resource {
	name := c.name
	contains := "PRESENT"
	if !c.format.header() {
		contains = "ABSENT"
	}
	// A format that is stated must show in a file; the other one also takes files of one column.
	single := c.format.Delimiter == ""
	var delimiter, quote *string
	if c.format.Delimiter != "" {
		delimiter = new(c.format.Delimiter)
	}
	if c.format.Quote != "" {
		quote = new(c.format.Quote)
	}
	in := &glue.CreateCsvClassifierRequest{Name: &name, ContainsHeader: &contains, Delimiter: delimiter, QuoteSymbol: quote, AllowSingleColumn: &single}
	r := pl.classifier(name, in, func(c *glue.Classifier) any {
		if c.CsvClassifier == nil {
			return nil
		}
		return c.CsvClassifier
	})
	r.create = func(ctx context.Context, t *Target, _ map[string]string) error {
		_, err := glueCall[glue.CreateClassifierOutput](ctx, t, "CreateClassifier", &glue.CreateClassifierInput{CsvClassifier: in})
		return err
	}
	r.update = func(ctx context.Context, t *Target, _ map[string]string) error {
		_, err := glueCall[glue.UpdateClassifierOutput](ctx, t, "UpdateClassifier", &glue.UpdateClassifierInput{CsvClassifier: &glue.UpdateCsvClassifierRequest{Name: &name, ContainsHeader: &contains, Delimiter: delimiter, QuoteSymbol: quote, AllowSingleColumn: &single}})
		return err
	}
	return r
}

func (pl *Planner) crawlerResource() *resource {
	p := pl.Project
	name := p.crawler()
	arn := pl.arn("crawler/" + name)
	in := &glue.CreateCrawlerInput{
		Name: &name, Role: new(pl.role()), DatabaseName: new(p.rawDatabase()), Targets: &glue.CrawlerTargets{},
		SchemaChangePolicy: &glue.SchemaChangePolicy{UpdateBehavior: new("UPDATE_IN_DATABASE"), DeleteBehavior: new("LOG")},
		Configuration:      new(`{"Version":1.0,"CrawlerOutput":{"Tables":{"AddOrUpdateBehavior":"MergeNewColumns"},"Partitions":{"AddOrUpdateBehavior":"InheritFromTable"}},"Grouping":{"TableGroupingPolicy":"CombineCompatibleSchemas","TableLevelConfiguration":3}}`),
	}
	if pl.needsJSONClassifier() {
		in.Classifiers = append(in.Classifiers, pl.jsonClassifier())
	}
	for _, c := range pl.csvClassifiers() {
		in.Classifiers = append(in.Classifiers, c.name)
	}
	for _, s := range p.Sources {
		in.Targets.S3Targets = append(in.Targets.S3Targets, &glue.S3Target{Path: new("s3://" + pl.Bucket() + "/raw/" + s.Name + "/")})
	}
	return &resource{kind: "crawler", name: name, file: "tarn.yaml", want: in,
		live: func(ctx context.Context, t *Target) (any, map[string]string, error) {
			out, err := glueCall[glue.GetCrawlerOutput](ctx, t, "GetCrawler", &glue.GetCrawlerInput{Name: &name})
			if absent, err := missing(err, "EntityNotFoundException"); absent || err != nil {
				return nil, nil, err
			}
			tags, err := glueTags(ctx, t, arn)
			return out.Crawler, tags, err
		},
		create: func(ctx context.Context, t *Target, tags map[string]string) error {
			c := *in
			c.Tags = tags
			_, err := glueCall[glue.CreateCrawlerOutput](ctx, t, "CreateCrawler", &c)
			return err
		},
		update: func(ctx context.Context, t *Target, tags map[string]string) error {
			u := &glue.UpdateCrawlerInput{Name: in.Name, Role: in.Role, DatabaseName: in.DatabaseName, Targets: in.Targets, SchemaChangePolicy: in.SchemaChangePolicy, Configuration: in.Configuration, Classifiers: in.Classifiers}
			if _, err := glueCall[glue.UpdateCrawlerOutput](ctx, t, "UpdateCrawler", u); err != nil {
				return err
			}
			return setGlueTags(ctx, t, arn, tags)
		},
		remove: func(ctx context.Context, t *Target) error {
			_, err := glueCall[glue.DeleteCrawlerOutput](ctx, t, "DeleteCrawler", &glue.DeleteCrawlerInput{Name: &name})
			return err
		},
	}
}
