package logs_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	api "tarn/api/logs"
	"tarn/internal/awsapi"
	"tarn/internal/logs"
)

// TestRetention: what Glue's runs wrote is kept for 90 days, what others wrote for ever, unless a policy says otherwise.
func TestRetention(t *testing.T) {
	dir := t.TempDir()
	now := begin
	s, err := logs.Open(dir, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	v, ctx := logs.NewService(s), awsapi.WithCaller(context.Background(), awsapi.Caller{Account: "000000000000", Region: "us-east-1"})
	path := func(group, stream string) string {
		return filepath.Join(dir, "000000000000", strings.ReplaceAll(group, "/", "%2F"), stream+".log")
	}
	at := func(group, stream string, days int, text string) {
		t.Helper()
		now = begin.Add(time.Duration(days) * 24 * time.Hour)
		write(t, s, group, stream, text)
		if err := os.Chtimes(path(group, stream), now, now); err != nil {
			t.Fatal(err)
		}
	}
	long := strings.Repeat(strings.Repeat("x", 1000)+"\n", 1500)
	at("/aws-glue/jobs/output", "old", 0, "1\n")
	at("/aws-glue/jobs/output", "new", 20, "2\n")
	at("/aws-glue/crawlers", "c", 0, long)
	at("/aws-glue/crawlers", "c", 50, long)
	at("/mine", "s", 0, "3\n")
	at("/short", "s", 0, "4\n")
	if _, err := v.PutRetentionPolicy(ctx, &api.PutRetentionPolicyInput{LogGroupName: new("/short"), RetentionInDays: new(int32(30))}); err != nil {
		t.Fatal(err)
	}
	if _, err := v.PutRetentionPolicy(ctx, &api.PutRetentionPolicyInput{LogGroupName: new("/short"), RetentionInDays: new(int32(31))}); !awsapi.IsCode(err, "InvalidParameterException") {
		t.Error(err)
	}
	if _, err := v.PutRetentionPolicy(ctx, &api.PutRetentionPolicyInput{LogGroupName: new("/none"), RetentionInDays: new(int32(30))}); !awsapi.IsCode(err, "ResourceNotFoundException") {
		t.Error(err)
	}
	now = begin.Add(91 * 24 * time.Hour)
	before := size(t, path("/aws-glue/crawlers", "c"))
	if err := s.Prune(ctx); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		group, stream string
		want          bool
	}{{"/aws-glue/jobs/output", "old", false}, {"/aws-glue/jobs/output", "new", true}, {"/mine", "s", true}, {"/short", "s", false}} {
		if _, err := os.Stat(path(c.group, c.stream)); (err == nil) != c.want {
			t.Errorf("%s %s: %v", c.group, c.stream, err)
		}
	}
	// The crawler's stream goes on: its beginning is gone, what is young is whole.
	after := size(t, path("/aws-glue/crawlers", "c"))
	if after > before*7/10 || after < before/2 {
		t.Errorf("%d of %d bytes are left", after, before)
	}
	out, err := v.GetLogEvents(ctx, &api.GetLogEventsInput{LogGroupName: new("/aws-glue/crawlers"), LogStreamName: new("c")})
	if err != nil || len(out.Events) < 1000 || *out.Events[0].Message != strings.Repeat("x", 1000) {
		t.Errorf("%v", err)
	}
	// A token into what was taken off leads to whole events.
	out, err = v.GetLogEvents(ctx, &api.GetLogEventsInput{LogGroupName: new("/aws-glue/crawlers"), LogStreamName: new("c"), NextToken: new("f/12345"), Limit: new(int32(1))})
	if err != nil || len(out.Events) != 1 || *out.Events[0].Message != strings.Repeat("x", 1000) {
		t.Errorf("%v %v", out, err)
	}
	groups, err := v.DescribeLogGroups(ctx, &api.DescribeLogGroupsInput{})
	var got []string
	for _, g := range groups.LogGroups {
		got = append(got, fmt.Sprint(*g.LogGroupName, " ", awsapi.Val(g.RetentionInDays), " ", *g.CreationTime-begin.UnixMilli()))
	}
	if s := strings.Join(got, ", "); err != nil || s != "/aws-glue/crawlers 90 0, /aws-glue/jobs/output 90 0, /mine 0 0, /short 30 0" {
		t.Errorf("%s %v", s, err)
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// TestDelete: a group and a stream that are gone can be made anew, even while someone still writes to the old ones.
func TestDelete(t *testing.T) {
	s, v, ctx := setup(t)
	w, err := s.Stream("000000000000", "/g", "s")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(w, "old")
	events, err := s.Follow(ctx, "000000000000", "/g", "s")
	if err != nil {
		t.Fatal(err)
	}
	if e := <-events; e.Message != "old" {
		t.Fatal(e)
	}
	if _, err := v.DeleteLogStream(ctx, &api.DeleteLogStreamInput{LogGroupName: new("/g"), LogStreamName: new("none")}); !awsapi.IsCode(err, "ResourceNotFoundException") {
		t.Error(err)
	}
	if _, err := v.DeleteLogStream(ctx, &api.DeleteLogStreamInput{LogGroupName: new("/g"), LogStreamName: new("s")}); err != nil {
		t.Fatal(err)
	}
	write(t, s, "/g", "s", "new\n")
	fmt.Fprintln(w, "to nobody")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for range events { // it ends
	}
	out, err := v.GetLogEvents(ctx, &api.GetLogEventsInput{LogGroupName: new("/g"), LogStreamName: new("s")})
	if err != nil || messages(out.Events, func(e *api.OutputLogEvent) *string { return e.Message }) != "new" {
		t.Errorf("%v %v", out, err)
	}
	if _, err := v.DeleteLogGroup(ctx, &api.DeleteLogGroupInput{LogGroupName: new("/g")}); err != nil {
		t.Fatal(err)
	}
	if _, err := v.DeleteLogGroup(ctx, &api.DeleteLogGroupInput{LogGroupName: new("/g")}); !awsapi.IsCode(err, "ResourceNotFoundException") {
		t.Error(err)
	}
	write(t, s, "/g", "s", "again\n")
}

// TestStreamsInPages lists streams in all orders, a page at a time.
func TestStreamsInPages(t *testing.T) {
	s, v, ctx := setup(t)
	for _, name := range []string{"b", "d", "a", "c", "e"} {
		write(t, s, "/g", name, name+"\n")
	}
	for _, c := range []struct {
		by         *string
		descending bool
		want       string
	}{{nil, false, "abcde"}, {nil, true, "edcba"}, {new("LastEventTime"), false, "bdace"}, {new("LastEventTime"), true, "ecadb"}} {
		got := ""
		in := &api.DescribeLogStreamsInput{LogGroupName: new("/g"), OrderBy: c.by, Descending: &c.descending, Limit: new(int32(2))}
		for {
			out, err := v.DescribeLogStreams(ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range out.LogStreams {
				got += *l.LogStreamName
			}
			if in.NextToken = out.NextToken; in.NextToken == nil {
				break
			}
		}
		if got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
