package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tarn/api/glue"
	"tarn/api/s3"
	"tarn/internal/awsapi"
)

// Bucket is where the project lands its data.
func (pl *Planner) Bucket() string {
	if b := pl.Project.Environ.Bucket; b != "" {
		return b
	}
	return strings.ReplaceAll(pl.Project.Name, "_", "-") + "-" + pl.Target.Account + "-" + pl.Target.Client.Region
}

func (pl *Planner) role() string {
	if r := pl.Project.Environ.Role; r != "" {
		return r
	}
	return "arn:aws:iam::" + pl.Target.Account + ":role/" + pl.Project.Name
}

// resources is all that the project should be, in the order in which it is made.
func (pl *Planner) resources(ctx context.Context) ([]*resource, error) {
	p := pl.Project
	out := []*resource{pl.bucketResource()}
	out = append(out, pl.databaseResource(p.rawDatabase(), "raw/"), pl.databaseResource(p.database(), "curated/"))
	for _, s := range p.Sources {
		if len(s.Columns) > 0 {
			out = append(out, pl.sourceTable(s))
		}
	}
	var jobs []*resource
	for _, j := range p.Jobs {
		script, job, err := pl.jobResources(j)
		if err != nil {
			return nil, err
		}
		out = append(out, script)
		jobs = append(jobs, job)
		if j.Load != nil {
			for _, w := range j.Writes {
				script, job, err := pl.loadResources(j, w)
				if err != nil {
					return nil, err
				}
				out = append(out, script)
				jobs = append(jobs, job)
			}
		}
	}
	out = append(out, jobs...)
	if len(p.Sources) > 0 {
		if pl.crawlsCSV() {
			out = append(out, pl.classifierResource())
		}
		out = append(out, pl.crawlerResource())
	}
	out = append(out, pl.workflowResource())
	out = append(out, pl.triggerResources()...)
	if pl.usesWarehouse() {
		out = append(out, pl.schemaResources()...)
	}
	more, err := pl.dashboardResources(ctx)
	return append(out, more...), err
}

func (pl *Planner) bucketResource() *resource {
	name := pl.Bucket()
	tag := func(ctx context.Context, t *Target, tags map[string]string) error {
		set := &s3.Tagging{}
		for _, k := range slices.Sorted(maps.Keys(tags)) {
			set.TagSet = append(set.TagSet, &s3.Tag{Key: new(k), Value: new(tags[k])})
		}
		_, err := s3Call[s3.PutBucketTaggingOutput](ctx, t, "PutBucketTagging", &s3.PutBucketTaggingInput{Bucket: &name, Tagging: set})
		return err
	}
	return &resource{kind: "bucket", name: name, want: map[string]string{"Bucket": name},
		live: func(ctx context.Context, t *Target) (any, map[string]string, error) {
			_, err := s3Call[s3.HeadBucketOutput](ctx, t, "HeadBucket", &s3.HeadBucketInput{Bucket: &name})
			if absent, err := missing(err, "NoSuchBucket", "NotFound", "404"); absent || err != nil {
				return nil, nil, err
			}
			out, err := s3Call[s3.GetBucketTaggingOutput](ctx, t, "GetBucketTagging", &s3.GetBucketTaggingInput{Bucket: &name})
			if _, err := missing(err, "NoSuchTagSet"); err != nil {
				return nil, nil, err
			}
			tags := map[string]string{}
			if out != nil {
				for _, tg := range out.TagSet {
					tags[awsapi.Val(tg.Key)] = awsapi.Val(tg.Value)
				}
			}
			return map[string]string{"Bucket": name}, tags, nil
		},
		create: func(ctx context.Context, t *Target, tags map[string]string) error {
			in := &s3.CreateBucketInput{Bucket: &name}
			if r := t.Client.Region; r != "us-east-1" {
				in.CreateBucketConfiguration = &s3.CreateBucketConfiguration{LocationConstraint: &r}
			}
			if _, err := s3Call[s3.CreateBucketOutput](ctx, t, "CreateBucket", in); err != nil {
				return err
			}
			return tag(ctx, t, tags)
		},
		update: tag,
	}
}

// The catalog's databases and tables carry the project in their parameters.
func withTags(params, tags map[string]string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, params)
	maps.Copy(out, tags)
	return out
}

func (pl *Planner) databaseResource(name, prefix string) *resource {
	want := &glue.DatabaseInput{Name: &name, LocationUri: new("s3://" + pl.Bucket() + "/" + prefix)}
	input := func(tags map[string]string) *glue.DatabaseInput {
		in := *want
		in.Parameters = tags
		return &in
	}
	return &resource{kind: "database", name: name, want: want,
		live: func(ctx context.Context, t *Target) (any, map[string]string, error) {
			out, err := glueCall[glue.GetDatabaseOutput](ctx, t, "GetDatabase", &glue.GetDatabaseInput{Name: &name})
			if absent, err := missing(err, "EntityNotFoundException"); absent || err != nil {
				return nil, nil, err
			}
			return out.Database, out.Database.Parameters, nil
		},
		create: func(ctx context.Context, t *Target, tags map[string]string) error {
			_, err := glueCall[glue.CreateDatabaseOutput](ctx, t, "CreateDatabase", &glue.CreateDatabaseInput{DatabaseInput: input(tags)})
			return err
		},
		update: func(ctx context.Context, t *Target, tags map[string]string) error {
			_, err := glueCall[glue.UpdateDatabaseOutput](ctx, t, "UpdateDatabase", &glue.UpdateDatabaseInput{Name: &name, DatabaseInput: input(tags)})
			return err
		},
	}
}

// format is a source's format: stated, else by its files' names.
func (s *Source) formatName() string {
	if s.Format != "" {
		return s.Format
	}
	name := s.From
	for _, z := range []string{".gz", ".zst", ".bz2"} {
		name = strings.TrimSuffix(name, z)
	}
	switch filepath.Ext(name) {
	case ".json", ".jsonl", ".ndjson":
		return "json"
	case ".parquet":
		return "parquet"
	}
	return "csv"
}

func (pl *Planner) sourceTable(s *Source) *resource {
	db := pl.Project.rawDatabase()
	sd := &glue.StorageDescriptor{Location: new("s3://" + pl.Bucket() + "/raw/" + s.Name + "/")}
	for _, c := range s.Columns {
		sd.Columns = append(sd.Columns, &glue.Column{Name: new(c.Name), Type: new(c.Type)})
	}
	params := map[string]string{"classification": s.formatName(), "typeOfData": "file"}
	switch s.formatName() {
	case "csv":
		sd.InputFormat = new("org.apache.hadoop.mapred.TextInputFormat")
		sd.OutputFormat = new("org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat")
		delim := or(s.CSV.Delimiter, ",")
		sd.SerdeInfo = &glue.SerDeInfo{SerializationLibrary: new("org.apache.hadoop.hive.serde2.OpenCSVSerde"),
			Parameters: map[string]string{"separatorChar": delim, "quoteChar": or(s.CSV.Quote, `"`), "escapeChar": `\`}}
		params["delimiter"] = delim
		if s.CSV.Header == nil || *s.CSV.Header {
			params["skip.header.line.count"] = "1"
		}
	case "json", "jsonl":
		params["classification"] = "json"
		sd.InputFormat = new("org.apache.hadoop.mapred.TextInputFormat")
		sd.OutputFormat = new("org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat")
		sd.SerdeInfo = &glue.SerDeInfo{SerializationLibrary: new("org.openx.data.jsonserde.JsonSerDe")}
	case "parquet":
		sd.InputFormat = new("org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat")
		sd.OutputFormat = new("org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat")
		sd.SerdeInfo = &glue.SerDeInfo{SerializationLibrary: new("org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"), Parameters: map[string]string{"serialization.format": "1"}}
	}
	want := &glue.TableInput{Name: new(s.Name), TableType: new("EXTERNAL_TABLE"), StorageDescriptor: sd, Parameters: params}
	input := func(tags map[string]string, keep map[string]string) *glue.TableInput {
		in := *want
		in.PartitionKeys = []*glue.Column{}
		in.Parameters = withTags(withTags(keep, params), tags)
		return &in
	}
	return &resource{kind: "table", name: db + "." + s.Name, file: fmt.Sprintf("tarn.yaml:%d", s.line), want: want,
		live: func(ctx context.Context, t *Target) (any, map[string]string, error) {
			out, err := glueCall[glue.GetTableOutput](ctx, t, "GetTable", &glue.GetTableInput{DatabaseName: &db, Name: new(s.Name)})
			if absent, err := missing(err, "EntityNotFoundException"); absent || err != nil {
				return nil, nil, err
			}
			return out.Table, out.Table.Parameters, nil
		},
		create: func(ctx context.Context, t *Target, tags map[string]string) error {
			_, err := glueCall[glue.CreateTableOutput](ctx, t, "CreateTable", &glue.CreateTableInput{DatabaseName: &db, TableInput: input(tags, nil)})
			return err
		},
		update: func(ctx context.Context, t *Target, tags map[string]string) error {
			_, err := glueCall[glue.UpdateTableOutput](ctx, t, "UpdateTable", &glue.UpdateTableInput{DatabaseName: &db, TableInput: input(tags, nil)})
			return err
		},
	}
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// scriptResource is a script's object, in a folder named by its content: a script swapped in place is seen.
func (pl *Planner) scriptResource(name, file, text string) (*resource, string) {
	sum := sha256.Sum256([]byte(text))
	key := ".tarn/scripts/" + hex.EncodeToString(sum[:6]) + "/" + name + ".py" // errors name the file as the project does
	bucket := pl.Bucket()
	put := func(ctx context.Context, t *Target, _ map[string]string) error {
		_, err := s3Call[s3.PutObjectOutput](ctx, t, "PutObject", &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(text), ContentLength: new(int64(len(text))), ContentType: new("text/x-python")})
		return err
	}
	return &resource{kind: "script", name: name, file: file, want: map[string]any{"Key": key, "Size": len(text)}, untagged: true,
		live: func(ctx context.Context, t *Target) (any, map[string]string, error) {
			out, err := s3Call[s3.HeadObjectOutput](ctx, t, "HeadObject", &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
			if absent, err := missing(err, "NoSuchKey", "NotFound", "NoSuchBucket", "404"); absent || err != nil {
				return nil, nil, err
			}
			return map[string]any{"Key": key, "Size": awsapi.Val(out.ContentLength)}, nil, nil
		},
		create: put, update: put,
	}, "s3://" + bucket + "/" + key
}

// jobResources are a job's script and the Glue job.
func (pl *Planner) jobResources(j *Job) (script, job *resource, err error) {
	p := pl.Project
	text := j.text
	if j.Engine == "duckdb" {
		text, err = pl.Gen.SQL(SQLJob{Project: p.Name, Name: j.Name, File: j.File, Query: j.text, Bucket: pl.Bucket(), Database: p.database(), RawDatabase: p.rawDatabase(), Partition: j.Partition, Keys: j.Keys})
		if err != nil {
			return nil, nil, err
		}
	}
	script, location := pl.scriptResource(j.Name, j.File, text)
	in := pl.glueJob(p.jobName(j.Name), location)
	if j.Engine == "python" {
		in.Command.Name, in.Command.PythonVersion = new("pythonshell"), new("3.9")
		in.WorkerType, in.NumberOfWorkers = nil, nil
		in.MaxCapacity = new(0.0625)
	} else {
		n, kind := "2", "G.1X"
		if f := strings.Fields(j.Workers); len(f) == 2 {
			n, kind = f[0], f[1]
		}
		var count int32
		if _, err := fmt.Sscan(n, &count); err != nil {
			return nil, nil, &Problem{File: filepath.Join(p.Dir, "tarn.yaml"), Text: fmt.Sprintf("jobs.%s.workers %q is not like \"10 G.2X\"", j.Name, j.Workers)}
		}
		in.WorkerType, in.NumberOfWorkers = &kind, &count
	}
	in.GlueVersion = new(j.Glue)
	in.MaxRetries = new(int32(j.Retries))
	if j.Timeout > 0 {
		in.Timeout = new(int32(j.Timeout))
	}
	for k, v := range j.Args {
		in.DefaultArguments["--"+strings.TrimPrefix(k, "--")] = v
	}
	bookmark := strings.Contains(j.text, "transformation_ctx")
	if j.Bookmark != nil {
		bookmark = *j.Bookmark
	}
	if bookmark && j.Engine == "spark" {
		in.DefaultArguments["--job-bookmark-option"] = "job-bookmark-enable"
	}
	if len(j.Packages) > 0 {
		in.DefaultArguments["--additional-python-modules"] = strings.Join(j.Packages, ",")
	}
	return script, pl.jobResource(in, j.File), nil
}

// glueJob has what every job gets.
func (pl *Planner) glueJob(name, script string) *glue.CreateJobInput {
	p := pl.Project
	return &glue.CreateJobInput{
		Name: &name, Role: new(pl.role()), GlueVersion: new("6.0"), WorkerType: new("G.1X"), NumberOfWorkers: new(int32(2)), MaxRetries: new(int32(0)),
		Command:           &glue.JobCommand{Name: new("glueetl"), ScriptLocation: &script, PythonVersion: new("3")},
		ExecutionProperty: &glue.ExecutionProperty{MaxConcurrentRuns: new(int32(1))},
		DefaultArguments: map[string]string{
			"--env": p.Env, "--bucket": pl.Bucket(), "--database": p.database(), "--raw_database": p.rawDatabase(), "--TempDir": "s3://" + pl.Bucket() + "/.tarn/tmp/",
		},
	}
}

func (pl *Planner) loadResources(j *Job, table string) (script, job *resource, err error) {
	p := pl.Project
	l := LoadJob{Project: p.Name, Table: table, Bucket: pl.Bucket(), Schema: p.Name, ExternalSchema: p.Name + "_lake", Dist: j.Load.Dist, Sort: j.Load.Sort}
	if pl.drawn(table) {
		l.DataSets = []string{pl.qsID(table)}
	}
	text, err := pl.Gen.Load(l)
	if err != nil {
		return nil, nil, err
	}
	script, location := pl.scriptResource("load-"+table, j.File, text)
	in := pl.glueJob(p.loadName(table), location)
	return script, pl.jobResource(in, j.File), nil
}

func (pl *Planner) jobResource(in *glue.CreateJobInput, file string) *resource {
	name := awsapi.Val(in.Name)
	arn := pl.arn("job/" + name)
	return &resource{kind: "job", name: name, file: file, want: in,
		live: func(ctx context.Context, t *Target) (any, map[string]string, error) {
			out, err := glueCall[glue.GetJobOutput](ctx, t, "GetJob", &glue.GetJobInput{JobName: &name})
			if absent, err := missing(err, "EntityNotFoundException"); absent || err != nil {
				return nil, nil, err
			}
			tags, err := glueTags(ctx, t, arn)
			return out.Job, tags, err
		},
		create: func(ctx context.Context, t *Target, tags map[string]string) error {
			c := *in
			c.Tags = tags
			_, err := glueCall[glue.CreateJobOutput](ctx, t, "CreateJob", &c)
			return err
		},
		update: func(ctx context.Context, t *Target, tags map[string]string) error {
			u := &glue.JobUpdate{Role: in.Role, Command: in.Command, DefaultArguments: in.DefaultArguments, ExecutionProperty: in.ExecutionProperty, GlueVersion: in.GlueVersion,
				WorkerType: in.WorkerType, NumberOfWorkers: in.NumberOfWorkers, MaxCapacity: in.MaxCapacity, MaxRetries: in.MaxRetries, Timeout: in.Timeout}
			if _, err := glueCall[glue.UpdateJobOutput](ctx, t, "UpdateJob", &glue.UpdateJobInput{JobName: &name, JobUpdate: u}); err != nil {
				return err
			}
			return setGlueTags(ctx, t, arn, tags)
		},
		remove: func(ctx context.Context, t *Target) error {
			_, err := glueCall[glue.DeleteJobOutput](ctx, t, "DeleteJob", &glue.DeleteJobInput{JobName: &name})
			return err
		},
	}
}

func (pl *Planner) arn(rest string) string {
	return "arn:aws:glue:" + pl.Target.Client.Region + ":" + pl.Target.Account + ":" + rest
}

func glueTags(ctx context.Context, t *Target, arn string) (map[string]string, error) {
	out, err := glueCall[glue.GetTagsOutput](ctx, t, "GetTags", &glue.GetTagsInput{ResourceArn: &arn})
	if err != nil {
		return nil, err
	}
	return out.Tags, nil
}

func setGlueTags(ctx context.Context, t *Target, arn string, tags map[string]string) error {
	_, err := glueCall[glue.TagResourceOutput](ctx, t, "TagResource", &glue.TagResourceInput{ResourceArn: &arn, TagsToAdd: tags})
	return err
}

// crawlsCSV tells whether a CSV source leaves its columns to the crawler.
func (pl *Planner) crawlsCSV() bool {
	return slices.ContainsFunc(pl.Project.Sources, func(s *Source) bool { return len(s.Columns) == 0 && s.formatName() == "csv" })
}

// classifierResource states that CSV files have a header, so that no column is called col0.
func (pl *Planner) classifierResource() *resource {
	name := pl.Project.Name + "-csv"
	header := "PRESENT"
	var delimiter, quote *string
	for _, s := range pl.Project.Sources {
		if len(s.Columns) > 0 || s.formatName() != "csv" {
			continue
		}
		if s.CSV.Header != nil && !*s.CSV.Header {
			header = "UNKNOWN"
		}
		if s.CSV.Delimiter != "" {
			delimiter = new(s.CSV.Delimiter)
		}
		if s.CSV.Quote != "" {
			quote = new(s.CSV.Quote)
		}
	}
	in := &glue.CreateCsvClassifierRequest{Name: &name, ContainsHeader: &header, Delimiter: delimiter, QuoteSymbol: quote, AllowSingleColumn: new(true)}
	return &resource{kind: "classifier", name: name, file: "tarn.yaml", want: in, untagged: true,
		live: func(ctx context.Context, t *Target) (any, map[string]string, error) {
			out, err := glueCall[glue.GetClassifierOutput](ctx, t, "GetClassifier", &glue.GetClassifierInput{Name: &name})
			if absent, err := missing(err, "EntityNotFoundException"); absent || err != nil {
				return nil, nil, err
			}
			if out.Classifier == nil || out.Classifier.CsvClassifier == nil {
				return nil, nil, &Refused{fmt.Errorf("classifier %s is there already and is not of kind csv", name)}
			}
			return out.Classifier.CsvClassifier, nil, nil
		},
		create: func(ctx context.Context, t *Target, _ map[string]string) error {
			_, err := glueCall[glue.CreateClassifierOutput](ctx, t, "CreateClassifier", &glue.CreateClassifierInput{CsvClassifier: in})
			return err
		},
		update: func(ctx context.Context, t *Target, _ map[string]string) error {
			_, err := glueCall[glue.UpdateClassifierOutput](ctx, t, "UpdateClassifier", &glue.UpdateClassifierInput{CsvClassifier: &glue.UpdateCsvClassifierRequest{Name: &name, ContainsHeader: &header, Delimiter: delimiter, QuoteSymbol: quote, AllowSingleColumn: new(true)}})
			return err
		},
	}
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
	if pl.crawlsCSV() {
		in.Classifiers = []string{p.Name + "-csv"}
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

func (pl *Planner) workflowResource() *resource {
	name := pl.Project.workflow()
	arn := pl.arn("workflow/" + name)
	in := &glue.CreateWorkflowInput{Name: &name, Description: new("tarn project " + pl.Project.Name), MaxConcurrentRuns: new(int32(1))}
	return &resource{kind: "workflow", name: name, file: "tarn.yaml", want: in,
		live: func(ctx context.Context, t *Target) (any, map[string]string, error) {
			out, err := glueCall[glue.GetWorkflowOutput](ctx, t, "GetWorkflow", &glue.GetWorkflowInput{Name: &name})
			if absent, err := missing(err, "EntityNotFoundException"); absent || err != nil {
				return nil, nil, err
			}
			tags, err := glueTags(ctx, t, arn)
			return out.Workflow, tags, err
		},
		create: func(ctx context.Context, t *Target, tags map[string]string) error {
			c := *in
			c.Tags = tags
			_, err := glueCall[glue.CreateWorkflowOutput](ctx, t, "CreateWorkflow", &c)
			return err
		},
		update: func(ctx context.Context, t *Target, tags map[string]string) error {
			if _, err := glueCall[glue.UpdateWorkflowOutput](ctx, t, "UpdateWorkflow", &glue.UpdateWorkflowInput{Name: in.Name, Description: in.Description, MaxConcurrentRuns: in.MaxConcurrentRuns}); err != nil {
				return err
			}
			return setGlueTags(ctx, t, arn, tags)
		},
	}
}

// triggerResources start the crawler, then each set of jobs with the same
// predecessors, then loads after their tables.
func (pl *Planner) triggerResources() []*resource {
	p := pl.Project
	start := &glue.CreateTriggerInput{Name: new(p.Name + "-start"), WorkflowName: new(p.workflow()), Type: new("ON_DEMAND")}
	out := []*resource{}
	type group struct {
		crawl bool
		preds []string
		jobs  []string
	}
	groups := map[string]*group{}
	var order []string
	add := func(key string, g group, job string) {
		if groups[key] == nil {
			groups[key] = &g
			order = append(order, key)
		}
		groups[key].jobs = append(groups[key].jobs, job)
	}
	jobs, _ := p.order() // checked when the project was read
	for _, j := range jobs {
		preds := p.predecessors(j)
		if len(preds) == 0 {
			add("crawl", group{crawl: true}, p.jobName(j.Name))
		} else {
			add(strings.Join(preds, "+"), group{preds: preds}, p.jobName(j.Name))
		}
		if j.Load != nil {
			for _, w := range j.Writes {
				add(j.Name, group{preds: []string{j.Name}}, p.loadName(w))
			}
		}
	}
	if len(p.Sources) > 0 {
		start.Actions = []*glue.Action{{CrawlerName: new(p.crawler())}}
	} else if g := groups["crawl"]; g != nil { // no sources: jobs start at once
		for _, j := range g.jobs {
			start.Actions = append(start.Actions, &glue.Action{JobName: new(j)})
		}
		delete(groups, "crawl")
	}
	out = append(out, pl.triggerResource(start))
	for _, key := range order {
		g := groups[key]
		if g == nil {
			continue
		}
		pred := &glue.Predicate{Logical: new("AND")}
		if g.crawl {
			pred.Conditions = []*glue.Condition{{LogicalOperator: new("EQUALS"), CrawlerName: new(p.crawler()), CrawlState: new("SUCCEEDED")}}
		}
		for _, q := range g.preds {
			pred.Conditions = append(pred.Conditions, &glue.Condition{LogicalOperator: new("EQUALS"), JobName: new(p.jobName(q)), State: new("SUCCEEDED")})
		}
		in := &glue.CreateTriggerInput{Name: new(p.Name + "-after-" + strings.ReplaceAll(key, "+", "-")), WorkflowName: new(p.workflow()), Type: new("CONDITIONAL"), Predicate: pred}
		for _, j := range g.jobs {
			in.Actions = append(in.Actions, &glue.Action{JobName: new(j)})
		}
		out = append(out, pl.triggerResource(in))
	}
	return out
}

func (pl *Planner) triggerResource(in *glue.CreateTriggerInput) *resource {
	name := awsapi.Val(in.Name)
	arn := pl.arn("trigger/" + name)
	return &resource{kind: "trigger", name: name, file: "tarn.yaml", want: in,
		live: func(ctx context.Context, t *Target) (any, map[string]string, error) {
			out, err := glueCall[glue.GetTriggerOutput](ctx, t, "GetTrigger", &glue.GetTriggerInput{Name: &name})
			if absent, err := missing(err, "EntityNotFoundException"); absent || err != nil {
				return nil, nil, err
			}
			tags, err := glueTags(ctx, t, arn)
			return out.Trigger, tags, err
		},
		create: func(ctx context.Context, t *Target, tags map[string]string) error {
			c := *in
			c.Tags = tags
			if awsapi.Val(c.Type) == "CONDITIONAL" {
				c.StartOnCreation = new(true)
			}
			_, err := glueCall[glue.CreateTriggerOutput](ctx, t, "CreateTrigger", &c)
			return err
		},
		update: func(ctx context.Context, t *Target, tags map[string]string) error {
			if _, err := glueCall[glue.UpdateTriggerOutput](ctx, t, "UpdateTrigger", &glue.UpdateTriggerInput{Name: &name, TriggerUpdate: &glue.TriggerUpdate{Actions: in.Actions, Predicate: in.Predicate}}); err != nil {
				return err
			}
			return setGlueTags(ctx, t, arn, tags)
		},
		remove: func(ctx context.Context, t *Target) error {
			_, err := glueCall[glue.DeleteTriggerOutput](ctx, t, "DeleteTrigger", &glue.DeleteTriggerInput{Name: &name})
			return err
		},
	}
}

// obsolete are resources with the project's tags that the project no longer has.
func (pl *Planner) obsolete(ctx context.Context, have map[string]bool) ([]*resource, error) {
	p, t := pl.Project, pl.Target
	tags := map[string]string{tagProject: p.Name, tagEnv: p.Env}
	var out []*resource
	triggers, err := glueCall[glue.ListTriggersOutput](ctx, t, "ListTriggers", &glue.ListTriggersInput{Tags: tags})
	if err != nil {
		return nil, err
	}
	for _, n := range triggers.TriggerNames {
		if !have["trigger "+n] {
			out = append(out, pl.triggerResource(&glue.CreateTriggerInput{Name: new(n)}))
		}
	}
	jobs, err := glueCall[glue.ListJobsOutput](ctx, t, "ListJobs", &glue.ListJobsInput{Tags: tags})
	if err != nil {
		return nil, err
	}
	for _, n := range jobs.JobNames {
		if !have["job "+n] {
			out = append(out, pl.jobResource(&glue.CreateJobInput{Name: new(n)}, ""))
		}
	}
	return out, nil
}

// Upload brings new and changed files of file sources into the lake. done is
// told of each.
func (pl *Planner) Upload(ctx context.Context, done func(source, file string, size int64)) (int, error) {
	p := pl.Project
	bucket := pl.Bucket()
	n := 0
	for _, s := range p.Sources {
		if s.From == "" {
			continue
		}
		files, err := filepath.Glob(filepath.Join(p.Dir, filepath.FromSlash(s.From)))
		if err != nil {
			return n, &Problem{File: filepath.Join(p.Dir, "tarn.yaml"), Line: s.line, Col: 1, Text: fmt.Sprintf("sources.%s.from %q is not a file pattern", s.Name, s.From)}
		}
		if len(files) == 0 {
			return n, &Problem{File: filepath.Join(p.Dir, "tarn.yaml"), Line: s.line, Col: 3, Width: len(s.Name), Text: fmt.Sprintf("no file matches sources.%s.from: %s", s.Name, s.From)}
		}
		for _, f := range files {
			changed, size, err := pl.uploadFile(ctx, bucket, "raw/"+s.Name+"/"+filepath.Base(f), f)
			if err != nil {
				return n, fmt.Errorf("uploading %s: %w", f, err)
			}
			if changed {
				n++
				if done != nil {
					done(s.Name, f, size)
				}
			}
		}
	}
	return n, nil
}

// uploadFile puts a file unless the lake has it with the same content.
func (pl *Planner) uploadFile(ctx context.Context, bucket, key, path string) (bool, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, 0, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return false, 0, err
	}
	sum, err := fileSHA(f)
	if err != nil {
		return false, 0, err
	}
	head, err := s3Call[s3.HeadObjectOutput](ctx, pl.Target, "HeadObject", &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
	absent, err := missing(err, "NoSuchKey", "NotFound", "404")
	if err != nil {
		return false, 0, err
	}
	if !absent && head.Metadata["tarn-sha256"] == sum && awsapi.Val(head.ContentLength) == st.Size() {
		return false, st.Size(), nil
	}
	if _, err := f.Seek(0, 0); err != nil {
		return false, 0, err
	}
	_, err = s3Call[s3.PutObjectOutput](ctx, pl.Target, "PutObject", &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: f, ContentLength: new(st.Size()), Metadata: map[string]string{"tarn-sha256": sum}})
	return true, st.Size(), err
}
