package crawler

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/crawler/classify"
)

// bigCSV makes rows like those of a large export.
func bigCSV(rows int) []byte {
	var b bytes.Buffer
	b.WriteString("year,month,day,dep_time,carrier,tailnum,distance,delay,time_hour\n")
	for i := range rows {
		fmt.Fprintf(&b, "2013,%d,%d,%d,UA,N%05d,%d,%d.5,2013-01-01T10:00:00Z\n", i%12+1, i%28+1, i%2400, i%99999, i%3000, i%60)
	}
	return b.Bytes()
}

func BenchmarkClassifyCSV(b *testing.B) {
	data := bigCSV(200000)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		r, err := classify.File(context.Background(), bytes.NewReader(data), int64(len(data)), "a.csv", classify.Options{})
		if err != nil || r.Records != 200001 || !r.Complete {
			b.Fatal(r, err)
		}
	}
}

// TestOnlyChangedFilesAreRead is the late month: eleven are known, the twelfth is read.
func TestOnlyChangedFilesAreRead(t *testing.T) {
	f := newFixture(t)
	for m := 1; m <= 11; m++ {
		f.put(fmt.Sprintf("lake/raw/flights/flights-%02d.csv.gz", m), bigCSV(100))
	}
	_, err := f.CreateCrawler(f.ctx, &glue.CreateCrawlerInput{Name: new("c"), Role: new("r"), DatabaseName: new("raw"),
		Targets: &glue.CrawlerTargets{S3Targets: []*glue.S3Target{{Path: new("s3://lake/raw/flights/")}}}})
	if err != nil {
		t.Fatal(err)
	}
	crawl := func() []string {
		t.Helper()
		f.lake.opened = nil
		if _, err := f.StartCrawler(f.ctx, &glue.StartCrawlerInput{Name: new("c")}); err != nil {
			t.Fatal(err)
		}
		if c := f.wait("c"); *c.LastCrawl.Status != "SUCCEEDED" {
			t.Fatal(awsapi.Val(c.LastCrawl.ErrorMessage))
		}
		return f.lake.opened
	}
	if n := len(crawl()); n != 11 {
		t.Errorf("the first crawl read %d files", n)
	}
	f.put("lake/raw/flights/flights-12.csv.gz", bigCSV(100))
	if got := crawl(); len(got) != 1 || got[0] != "raw/flights/flights-12.csv.gz" {
		t.Errorf("the second crawl read %v", got)
	}
	if !strings.Contains(strings.Join(f.logged, "\n"), "Reading 1 of 12 files; 11 have not changed") {
		t.Errorf("the log does not say so: %v", f.logged)
	}
	table, err := f.catalog.GetTable(f.ctx, &glue.GetTableInput{DatabaseName: new("raw"), Name: new("flights")})
	if err != nil {
		t.Fatal(err)
	}
	if got := table.Table.Parameters["recordCount"]; got != "1200" {
		t.Errorf("recordCount is %s", got)
	}
}

func TestLifecycle(t *testing.T) {
	f := newFixture(t)
	f.put("lake/a/x.csv", []byte("id,v\n1,2\n2,3\n"))
	name := new("c")
	create := &glue.CreateCrawlerInput{Name: name, Role: new("r"), DatabaseName: new("raw"), Tags: map[string]string{"team": "air"},
		Targets: &glue.CrawlerTargets{S3Targets: []*glue.S3Target{{Path: new("s3://lake/a")}}}}
	if _, err := f.CreateCrawler(f.ctx, create); err != nil {
		t.Fatal(err)
	}
	code := func(what, want string, err error) {
		t.Helper()
		if !awsapi.IsCode(err, want) {
			t.Errorf("%s: got %v, want %s", what, err, want)
		}
	}
	_, err := f.CreateCrawler(f.ctx, create)
	code("second create", "AlreadyExistsException", err)
	_, err = f.StopCrawler(f.ctx, &glue.StopCrawlerInput{Name: name})
	code("stop of what does not run", "CrawlerNotRunningException", err)
	_, err = f.GetCrawler(f.ctx, &glue.GetCrawlerInput{Name: new("none")})
	code("get of nothing", "EntityNotFoundException", err)
	_, err = f.StartCrawlerSchedule(f.ctx, &glue.StartCrawlerScheduleInput{CrawlerName: name})
	code("schedule of none", "NoScheduleException", err)

	f.lake.gate = make(chan struct{})
	start := func() {
		t.Helper()
		if _, err := f.StartCrawler(f.ctx, &glue.StartCrawlerInput{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	start()
	_, err = f.StartCrawler(f.ctx, &glue.StartCrawlerInput{Name: name})
	code("second start", "CrawlerRunningException", err)
	_, err = f.UpdateCrawler(f.ctx, &glue.UpdateCrawlerInput{Name: name, Description: new("x")})
	code("update while it runs", "CrawlerRunningException", err)
	_, err = f.DeleteCrawler(f.ctx, &glue.DeleteCrawlerInput{Name: name})
	code("delete while it runs", "CrawlerRunningException", err)
	if out, err := f.GetCrawler(f.ctx, &glue.GetCrawlerInput{Name: name}); err != nil || *out.Crawler.State != "RUNNING" {
		t.Errorf("got %v %v", out, err)
	}
	if _, err := f.StopCrawler(f.ctx, &glue.StopCrawlerInput{Name: name}); err != nil {
		t.Fatal(err)
	}
	if c := f.wait("c"); *c.LastCrawl.Status != "CANCELLED" {
		t.Errorf("a stopped crawl ends as %s", *c.LastCrawl.Status)
	}

	// Killed while it reads: the next process begins it again, under the same id.
	start()
	if err := f.Service.Close(); err != nil {
		t.Fatal(err)
	}
	close(f.lake.gate)
	f.Service = f.open()
	if err := f.Recover(f.ctx); err != nil {
		t.Fatal(err)
	}
	if c := f.wait("c"); *c.LastCrawl.Status != "SUCCEEDED" || *c.LastCrawl.MessagePrefix != "crawl-3" {
		t.Errorf("after a restart: %s %s", *c.LastCrawl.Status, *c.LastCrawl.MessagePrefix)
	}

	// A role that may not read fails the crawl, and nothing is dropped.
	f.lake.deny = func(context.Context, string, string) error { return errors403() }
	f.put("lake/a/y.csv", []byte("id,v\n1,2\n2,3\n"))
	start()
	if c := f.wait("c"); *c.LastCrawl.Status != "FAILED" || !strings.Contains(*c.LastCrawl.ErrorMessage, "s3://lake/a/y.csv") {
		t.Errorf("denied: %s %s", *c.LastCrawl.Status, awsapi.Val(c.LastCrawl.ErrorMessage))
	}
	crawls, err := f.ListCrawls(f.ctx, &glue.ListCrawlsInput{CrawlerName: name})
	if err != nil {
		t.Fatal(err)
	}
	var states []string
	for _, c := range crawls.Crawls {
		states = append(states, *c.State)
	}
	if got := strings.Join(states, " "); got != "FAILED COMPLETED STOPPED" {
		t.Errorf("history: %s", got)
	}
	some, err := f.ListCrawls(f.ctx, &glue.ListCrawlsInput{CrawlerName: name, Filters: []*glue.CrawlsFilter{{FieldName: new("STATE"), FilterOperator: new("EQ"), FieldValue: new("COMPLETED")}}})
	if err != nil || len(some.Crawls) != 1 || !strings.Contains(*some.Crawls[0].Summary, `"TABLE":{"ADD"`) {
		t.Errorf("filtered history: %+v %v", some, err)
	}
	m, err := f.GetCrawlerMetrics(f.ctx, &glue.GetCrawlerMetricsInput{})
	if err != nil || len(m.CrawlerMetricsList) != 1 || *m.CrawlerMetricsList[0].TablesCreated != 1 {
		t.Errorf("metrics: %+v %v", m, err)
	}
	batch, err := f.BatchGetCrawlers(f.ctx, &glue.BatchGetCrawlersInput{CrawlerNames: []string{"c", "none"}})
	if err != nil || len(batch.Crawlers) != 1 || len(batch.CrawlersNotFound) != 1 {
		t.Errorf("batch: %+v %v", batch, err)
	}
	list, err := f.ListCrawlers(f.ctx, &glue.ListCrawlersInput{Tags: map[string]string{"team": "air"}})
	if err != nil || len(list.CrawlerNames) != 1 {
		t.Errorf("list: %+v %v", list, err)
	}
	if _, err := f.DeleteCrawler(f.ctx, &glue.DeleteCrawlerInput{Name: name}); err != nil {
		t.Error(err)
	}
}

func errors403() error { return glue.AccessDeniedException("not allowed") }

func TestRefusals(t *testing.T) {
	f := newFixture(t)
	s3 := func(path string) *glue.CrawlerTargets {
		return &glue.CrawlerTargets{S3Targets: []*glue.S3Target{{Path: &path}}}
	}
	if _, err := f.CreateClassifier(f.ctx, &glue.CreateClassifierInput{JsonClassifier: &glue.CreateJsonClassifierRequest{Name: new("array"), JsonPath: new("$.records[*]")}}); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		in   glue.CreateCrawlerInput
		want string
	}{
		{glue.CreateCrawlerInput{}, "Targets are required"},
		{glue.CreateCrawlerInput{Targets: &glue.CrawlerTargets{}}, "at least one target"},
		{glue.CreateCrawlerInput{Targets: s3("lake/a")}, "must have the form s3://bucket/folder"},
		{glue.CreateCrawlerInput{Targets: &glue.CrawlerTargets{DynamoDBTargets: []*glue.DynamoDBTarget{{}}}}, "DynamoDB targets are not supported"},
		{glue.CreateCrawlerInput{Targets: s3("s3://a"), Schedule: new("cron(* * * * ? *)")}, "more often than every 5m0s"},
		{glue.CreateCrawlerInput{Targets: s3("s3://a"), Configuration: new("{")}, "not valid JSON"},
		{glue.CreateCrawlerInput{Targets: s3("s3://a"), Configuration: new(`{"Version":1.0,"CrawlerOutput":{"Partitions":{"X":1}}}`)}, "CrawlerOutput.Partitions contains unsupported keys: X."},
		{glue.CreateCrawlerInput{Targets: s3("s3://a"), Configuration: new(`{"Version":1.0,"Grouping":{"TableLevelConfiguration":0}}`)}, "positive number"},
		{glue.CreateCrawlerInput{Targets: s3("s3://a"), Classifiers: []string{"none"}}, "Classifier none not found"},
		{glue.CreateCrawlerInput{Targets: s3("s3://a"), Classifiers: []string{"array"}}, "crawlers use only $ and $[*] yet"},
		{glue.CreateCrawlerInput{Targets: s3("s3://a"), RecrawlPolicy: &glue.RecrawlPolicy{RecrawlBehavior: new("CRAWL_NEW_FOLDERS_ONLY")}}, "can have only LOG DeleteBehavior value"},
	}
	for _, c := range cases {
		c.in.Name, c.in.Role = new("c"), new("r")
		_, err := f.CreateCrawler(f.ctx, &c.in)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

func TestSchedule(t *testing.T) {
	f := newFixture(t)
	f.put("lake/a/x.csv", []byte("id,v\n1,2\n2,3\n"))
	if err := f.Recover(f.ctx); err != nil {
		t.Fatal(err)
	}
	_, err := f.CreateCrawler(f.ctx, &glue.CreateCrawlerInput{Name: new("c"), Role: new("r"), DatabaseName: new("raw"), Schedule: new("cron(0 13 * * ? *)"),
		Targets: &glue.CrawlerTargets{S3Targets: []*glue.S3Target{{Path: new("s3://lake/a")}}}})
	if err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	f.clock = f.clock.Add(49 * time.Hour) // two firings are missed: one is made up for
	f.mu.Unlock()
	f.reschedule()
	for range 1000 {
		out, err := f.ListCrawls(f.ctx, &glue.ListCrawlsInput{CrawlerName: new("c")})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Crawls) > 0 && *out.Crawls[0].State == "COMPLETED" {
			if len(out.Crawls) != 1 {
				t.Errorf("%d crawls", len(out.Crawls))
			}
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("the schedule never fired")
}

func TestExclusions(t *testing.T) {
	cases := []struct {
		pattern string
		yes, no string
	}{
		{"*.csv", "a.csv .csv", "b/a.csv a.csv.gz"}, {"**.csv", "a.csv b/c/a.csv", "a.json"}, {"**/*.csv", "b/a.csv b/c/a.csv", "a.csv"},
		{"tmp/**", "tmp/a tmp/b/c", "tmp xtmp/a"}, {"a?.csv", "ab.csv", "a.csv a/.csv abc.csv"}, {"[a-c]x", "ax bx", "dx /x"}, {"[!a-c]x", "dx", "ax /x"},
		{"{a,b}.csv", "a.csv b.csv", "c.csv"}, {`\*`, "*", "a"}, {"a.b+c", "a.b+c", "aab+c"},
	}
	for _, c := range cases {
		match, err := parseExclusion(c.pattern)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, p := range strings.Fields(c.yes) {
			if !match(p) {
				t.Errorf("%s does not match %s", c.pattern, p)
			}
		}
		for _, p := range strings.Fields(c.no) {
			if match(p) {
				t.Errorf("%s matches %s", c.pattern, p)
			}
		}
	}
	for _, bad := range []string{"[a", "{a", "a}", "{a,{b}}", `a\`, "[]", "[z-a]"} {
		if _, err := parseExclusion(bad); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}

func FuzzExclusion(f *testing.F) {
	f.Add("**/[!a]{x,y}?*.csv", "a/bx1.csv")
	f.Fuzz(func(t *testing.T, pattern, path string) {
		if match, err := parseExclusion(pattern); err == nil {
			match(path)
		}
	})
}
