package logs_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	api "tarn/api/logs"
	"tarn/internal/awsapi"
	"tarn/internal/logs"
)

// clock goes on by a millisecond at each look.
type clock struct{ at time.Time }

func (c *clock) now() time.Time {
	c.at = c.at.Add(time.Millisecond)
	return c.at
}

var begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func setup(t *testing.T) (*logs.Store, *logs.Service, context.Context) {
	t.Helper()
	c := &clock{begin}
	s, err := logs.Open(t.TempDir(), c.now)
	if err != nil {
		t.Fatal(err)
	}
	return s, logs.NewService(s), awsapi.WithCaller(context.Background(), awsapi.Caller{Account: "000000000000", Region: "us-east-1"})
}

func write(t *testing.T, s *logs.Store, group, stream string, texts ...string) {
	t.Helper()
	w, err := s.Stream("000000000000", group, stream)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func messages[T any](events []T, of func(T) *string) string {
	var all []string
	for _, e := range events {
		all = append(all, *of(e))
	}
	return strings.Join(all, "|")
}

func TestLinesBecomeEvents(t *testing.T) {
	s, v, ctx := setup(t)
	write(t, s, "/g", "s", "one\ntw", "o\r\n\nback\\slash\n", "no end")
	out, err := v.GetLogEvents(ctx, &api.GetLogEventsInput{LogGroupName: new("/g"), LogStreamName: new("s"), StartFromHead: new(true)})
	if err != nil {
		t.Fatal(err)
	}
	got := messages(out.Events, func(e *api.OutputLogEvent) *string { return e.Message })
	if got != `one|two||back\slash|no end` {
		t.Fatal(got)
	}
}

func TestTokens(t *testing.T) {
	s, v, ctx := setup(t)
	var text strings.Builder
	for i := range 10 {
		fmt.Fprintln(&text, i)
	}
	write(t, s, "/g", "s", text.String())
	read := func(in *api.GetLogEventsInput) (string, *api.GetLogEventsOutput) {
		t.Helper()
		in.LogGroupName, in.LogStreamName, in.Limit = new("/g"), new("s"), new(int32(4))
		out, err := v.GetLogEvents(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		return messages(out.Events, func(e *api.OutputLogEvent) *string { return e.Message }), out
	}
	// Onward from the head; at the end the token stays the same, which is how clients know.
	in := &api.GetLogEventsInput{StartFromHead: new(true)}
	var all []string
	for {
		got, out := read(in)
		if in.NextToken != nil && *in.NextToken == *out.NextForwardToken {
			break
		}
		all = append(all, got)
		in.NextToken = out.NextForwardToken
	}
	if got := strings.Join(all, "/"); got != "0|1|2|3/4|5|6|7/8|9" {
		t.Fatal(got)
	}
	// What comes later is found from there.
	write(t, s, "/g", "s", "late\n")
	if got, _ := read(in); got != "late" {
		t.Fatal(got)
	}
	// From the tail, and back.
	got, out := read(&api.GetLogEventsInput{})
	if got != "7|8|9|late" {
		t.Fatal(got)
	}
	if got, _ := read(&api.GetLogEventsInput{NextToken: out.NextBackwardToken}); got != "3|4|5|6" {
		t.Fatal(got)
	}
	for _, bad := range []string{"x", "f/-1", "q/3"} {
		if _, err := v.GetLogEvents(ctx, &api.GetLogEventsInput{LogGroupName: new("/g"), LogStreamName: new("s"), NextToken: &bad}); !awsapi.IsCode(err, "InvalidParameterException") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestFilterMergesStreams(t *testing.T) {
	s, v, ctx := setup(t)
	a, _ := s.Stream("000000000000", "/g", "a")
	b, _ := s.Stream("000000000000", "/g", "b")
	for i := range 4 {
		fmt.Fprintf(a, "a%d ERROR x\n", i)
		fmt.Fprintf(b, "b%d ok\n", i)
	}
	a.Close()
	b.Close()
	filter := func(in *api.FilterLogEventsInput) string {
		t.Helper()
		in.LogGroupName = new("/g")
		var all []string
		for {
			out, err := v.FilterLogEvents(ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			if m := messages(out.Events, func(e *api.FilteredLogEvent) *string { return e.Message }); m != "" {
				all = append(all, m)
			}
			if in.NextToken = out.NextToken; in.NextToken == nil {
				return strings.Join(all, "/")
			}
		}
	}
	for _, c := range []struct {
		name string
		in   *api.FilterLogEventsInput
		want string
	}{
		{"all, by time, in pages", &api.FilterLogEventsInput{Limit: new(int32(3))}, "a0 ERROR x|b0 ok|a1 ERROR x/b1 ok|a2 ERROR x|b2 ok/a3 ERROR x|b3 ok"},
		{"one stream", &api.FilterLogEventsInput{LogStreamNames: []string{"b"}}, "b0 ok|b1 ok|b2 ok|b3 ok"},
		{"prefix", &api.FilterLogEventsInput{LogStreamNamePrefix: new("a")}, "a0 ERROR x|a1 ERROR x|a2 ERROR x|a3 ERROR x"},
		{"since", &api.FilterLogEventsInput{StartTime: new(begin.UnixMilli() + 8)}, "a3 ERROR x|b3 ok"},
		{"until", &api.FilterLogEventsInput{EndTime: new(begin.UnixMilli() + 3)}, "a0 ERROR x|b0 ok"},
		{"terms", &api.FilterLogEventsInput{FilterPattern: new(`ERROR "a1 E"`)}, "a1 ERROR x"},
		{"either", &api.FilterLogEventsInput{FilterPattern: new(`?a1 ?b2 -none`)}, "a1 ERROR x|b2 ok"},
		{"not", &api.FilterLogEventsInput{FilterPattern: new(`-ERROR`)}, "b0 ok|b1 ok|b2 ok|b3 ok"},
	} {
		if got := filter(c.in); got != c.want {
			t.Errorf("%s: %s", c.name, got)
		}
	}
	if _, err := v.FilterLogEvents(ctx, &api.FilterLogEventsInput{LogGroupName: new("/g"), FilterPattern: new("[a, b]")}); !awsapi.IsCode(err, "InvalidParameterException") {
		t.Error(err)
	}
	if _, err := v.FilterLogEvents(ctx, &api.FilterLogEventsInput{LogGroupName: new("/none")}); !awsapi.IsCode(err, "ResourceNotFoundException") {
		t.Error(err)
	}
}

func TestGroupsAndStreams(t *testing.T) {
	s, v, ctx := setup(t)
	for _, g := range []string{"/aws-glue/jobs/output", "/aws-glue/jobs/error", "..", "x y"} {
		write(t, s, g, "s1", "x\n")
		write(t, s, g, "..", "y\n")
	}
	groups, err := v.DescribeLogGroups(ctx, &api.DescribeLogGroupsInput{})
	if err != nil || messages(groups.LogGroups, func(g *api.LogGroup) *string { return g.LogGroupName }) != "..|/aws-glue/jobs/error|/aws-glue/jobs/output|x y" {
		t.Fatalf("%v %+v", err, groups)
	}
	groups, err = v.DescribeLogGroups(ctx, &api.DescribeLogGroupsInput{LogGroupNamePrefix: new("/aws-glue/jobs/o")})
	if err != nil || len(groups.LogGroups) != 1 || *groups.LogGroups[0].Arn != "arn:aws:logs:us-east-1:000000000000:log-group:/aws-glue/jobs/output:*" {
		t.Fatalf("%v %+v", err, groups)
	}
	streams, err := v.DescribeLogStreams(ctx, &api.DescribeLogStreamsInput{LogGroupName: new(".."), OrderBy: new("LastEventTime"), Descending: new(true), Limit: new(int32(1))})
	if err != nil || *streams.LogStreams[0].LogStreamName != ".." || streams.NextToken == nil {
		t.Fatalf("%v %+v", err, streams)
	}
}

func TestPutLogEvents(t *testing.T) {
	_, v, ctx := setup(t)
	name, stream := new("/mine"), new("s")
	if _, err := v.PutLogEvents(ctx, &api.PutLogEventsInput{LogGroupName: name, LogStreamName: stream}); !awsapi.IsCode(err, "ResourceNotFoundException") {
		t.Fatal(err)
	}
	if _, err := v.CreateLogGroup(ctx, &api.CreateLogGroupInput{LogGroupName: name}); err != nil {
		t.Fatal(err)
	}
	if _, err := v.CreateLogGroup(ctx, &api.CreateLogGroupInput{LogGroupName: name}); !awsapi.IsCode(err, "ResourceAlreadyExistsException") {
		t.Fatal(err)
	}
	if _, err := v.CreateLogStream(ctx, &api.CreateLogStreamInput{LogGroupName: name, LogStreamName: stream}); err != nil {
		t.Fatal(err)
	}
	at := func(d time.Duration) *int64 { return new(begin.Add(d).UnixMilli()) }
	out, err := v.PutLogEvents(ctx, &api.PutLogEventsInput{LogGroupName: name, LogStreamName: stream, LogEvents: []*api.InputLogEvent{
		{Timestamp: at(-15 * 24 * time.Hour), Message: new("old")}, {Timestamp: at(0), Message: new("two\nlines")}, {Timestamp: at(3 * time.Hour), Message: new("early")},
	}})
	if err != nil || *out.RejectedLogEventsInfo.TooOldLogEventEndIndex != 1 || *out.RejectedLogEventsInfo.TooNewLogEventStartIndex != 2 {
		t.Fatalf("%v %+v", err, out)
	}
	got, err := v.GetLogEvents(ctx, &api.GetLogEventsInput{LogGroupName: name, LogStreamName: stream})
	if err != nil || len(got.Events) != 1 || *got.Events[0].Message != "two\nlines" {
		t.Fatalf("%v %+v", err, got)
	}
}

func TestFollow(t *testing.T) {
	s, _, _ := setup(t)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if _, err := s.Follow(ctx, "000000000000", "/g", "s"); err == nil {
		t.Fatal("followed what isn't there")
	}
	w, err := s.Stream("000000000000", "/g", "s")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(w, "before")
	events, err := s.Follow(ctx, "000000000000", "/g", "s")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		fmt.Fprintln(w, i)
		if i == 0 {
			if e := <-events; e.Message != "before" {
				t.Fatal(e)
			}
		}
		if e := <-events; e.Message != fmt.Sprint(i) {
			t.Fatal(e)
		}
	}
	w.Close()
	if e, ok := <-events; ok {
		t.Fatal(e)
	}
	if ctx.Err() != nil {
		t.Fatal("it did not end with the stream")
	}
}
