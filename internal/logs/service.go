package logs

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tarn/api/logs"
	"tarn/internal/awsapi"
)

// Service answers the operations of CloudWatch Logs on a Store.
type Service struct{ s *Store }

// NewService answers operations on s.
func NewService(s *Store) *Service { return &Service{s} }

const (
	mostEvents = 10000
	mostBytes  = 1 << 20
)

func noGroup() error {
	return logs.ResourceNotFoundException("The specified log group does not exist.")
}
func noStream() error {
	return logs.ResourceNotFoundException("The specified log stream does not exist.")
}

// groupOf is the group that a request names, by name or ARN.
func groupOf(name, identifier *string) (string, error) {
	if n := awsapi.Val(name); n != "" {
		return n, nil
	}
	id := awsapi.Val(identifier)
	if _, rest, ok := strings.Cut(id, ":log-group:"); ok {
		return strings.TrimSuffix(rest, ":*"), nil
	}
	if id == "" {
		return "", logs.InvalidParameterException("A log group is needed: logGroupName or logGroupIdentifier.")
	}
	return id, nil
}

// CreateLogGroup makes an empty group.
func (v *Service) CreateLogGroup(ctx context.Context, in *logs.CreateLogGroupInput) (*logs.CreateLogGroupOutput, error) {
	dir := v.s.groupDir(awsapi.CallerFrom(ctx).Account, *in.LogGroupName)
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return nil, err
	}
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil, logs.ResourceAlreadyExistsException("The specified log group already exists")
	}
	return &logs.CreateLogGroupOutput{}, err
}

// CreateLogStream makes an empty stream.
func (v *Service) CreateLogStream(ctx context.Context, in *logs.CreateLogStreamInput) (*logs.CreateLogStreamOutput, error) {
	account := awsapi.CallerFrom(ctx).Account
	if !exists(v.s.groupDir(account, *in.LogGroupName)) {
		return nil, noGroup()
	}
	f, err := os.OpenFile(v.s.path(account, *in.LogGroupName, *in.LogStreamName), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, logs.ResourceAlreadyExistsException("The specified log stream already exists")
	}
	if err != nil {
		return nil, err
	}
	return &logs.CreateLogStreamOutput{}, f.Close()
}

// PutLogEvents appends events; those too far from now are rejected, as CloudWatch does.
func (v *Service) PutLogEvents(ctx context.Context, in *logs.PutLogEventsInput) (*logs.PutLogEventsOutput, error) {
	account := awsapi.CallerFrom(ctx).Account
	if !exists(v.s.groupDir(account, *in.LogGroupName)) {
		return nil, noGroup()
	}
	path := v.s.path(account, *in.LogGroupName, *in.LogStreamName)
	if !exists(path) {
		return nil, noStream()
	}
	out := &logs.PutLogEventsOutput{NextSequenceToken: new("0")}
	now := v.s.now()
	var events []Event
	var last int64
	for i, e := range in.LogEvents {
		ms := awsapi.Val(e.Timestamp)
		if ms < last {
			return nil, logs.InvalidParameterException("Log events in a single PutLogEvents request must be in chronological order.")
		}
		last = ms
		at := time.UnixMilli(ms)
		switch {
		case at.After(now.Add(2 * time.Hour)):
			if out.RejectedLogEventsInfo == nil {
				out.RejectedLogEventsInfo = &logs.RejectedLogEventsInfo{}
			}
			if out.RejectedLogEventsInfo.TooNewLogEventStartIndex == nil {
				out.RejectedLogEventsInfo.TooNewLogEventStartIndex = new(int32(i))
			}
			continue
		case at.Before(now.Add(-14 * 24 * time.Hour)):
			if out.RejectedLogEventsInfo == nil {
				out.RejectedLogEventsInfo = &logs.RejectedLogEventsInfo{}
			}
			out.RejectedLogEventsInfo.TooOldLogEventEndIndex = new(int32(i + 1))
			continue
		}
		events = append(events, Event{Time: at, Message: awsapi.Val(e.Message)})
	}
	l, err := v.s.acquire(path)
	if err != nil {
		return nil, err
	}
	err = errors.Join(l.appendEvents(events), v.s.release(l))
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DescribeLogGroups lists groups by name.
func (v *Service) DescribeLogGroups(ctx context.Context, in *logs.DescribeLogGroupsInput) (*logs.DescribeLogGroupsOutput, error) {
	caller := awsapi.CallerFrom(ctx)
	entries, err := os.ReadDir(filepath.Join(v.s.dir, escape(caller.Account)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	all := []*logs.LogGroup{}
	for _, e := range entries {
		name := unescape(e.Name())
		if !strings.HasPrefix(name, awsapi.Val(in.LogGroupNamePrefix)) || !strings.Contains(name, awsapi.Val(in.LogGroupNamePattern)) {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		arn := fmt.Sprintf("arn:aws:logs:%s:%s:log-group:%s", caller.Region, caller.Account, name)
		all = append(all, &logs.LogGroup{LogGroupName: new(name), Arn: new(arn + ":*"), LogGroupArn: new(arn), LogGroupClass: new("STANDARD"),
			CreationTime: new(info.ModTime().UnixMilli()), MetricFilterCount: new(int32(0)), StoredBytes: new(size(filepath.Join(v.s.dir, escape(caller.Account), e.Name())))})
	}
	slices.SortFunc(all, func(a, b *logs.LogGroup) int { return strings.Compare(*a.LogGroupName, *b.LogGroupName) })
	page, next, err := page(all, in.NextToken, limit(in.Limit, 50))
	return &logs.DescribeLogGroupsOutput{LogGroups: page, NextToken: next}, err
}

func size(dir string) (n int64) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			n += info.Size()
		}
	}
	return n
}

// DescribeLogStreams lists a group's streams by name or by their last event.
func (v *Service) DescribeLogStreams(ctx context.Context, in *logs.DescribeLogStreamsInput) (*logs.DescribeLogStreamsOutput, error) {
	caller := awsapi.CallerFrom(ctx)
	group, err := groupOf(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	byTime := awsapi.Val(in.OrderBy) == "LastEventTime"
	if byTime && in.LogStreamNamePrefix != nil {
		return nil, logs.InvalidParameterException("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	names, err := v.streams(caller.Account, group)
	if err != nil {
		return nil, err
	}
	all := []*logs.LogStream{}
	for _, name := range names {
		if !strings.HasPrefix(name, awsapi.Val(in.LogStreamNamePrefix)) {
			continue
		}
		path := v.s.path(caller.Account, group, name)
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		item := &logs.LogStream{LogStreamName: new(name), StoredBytes: new(int64(0)), CreationTime: new(info.ModTime().UnixMilli()),
			Arn: new(fmt.Sprintf("arn:aws:logs:%s:%s:log-group:%s:log-stream:%s", caller.Region, caller.Account, group, name))}
		var first, last *Event
		if _, err := scan(path, 0, func(e Event) bool { first = &e; return false }); err != nil {
			return nil, err
		}
		if _, err := scan(path, tailOffset(path, 4096), func(e Event) bool { last = &e; return true }); err != nil {
			return nil, err
		}
		if first != nil {
			item.FirstEventTimestamp, item.CreationTime = new(first.Time.UnixMilli()), new(first.Time.UnixMilli())
		}
		if last != nil {
			item.LastEventTimestamp, item.LastIngestionTime = new(last.Time.UnixMilli()), new(last.Time.UnixMilli())
		}
		all = append(all, item)
	}
	slices.SortStableFunc(all, func(a, b *logs.LogStream) int {
		if byTime {
			if d := awsapi.Val(a.LastEventTimestamp) - awsapi.Val(b.LastEventTimestamp); d != 0 {
				return int(max(-1, min(1, d)))
			}
		}
		return strings.Compare(*a.LogStreamName, *b.LogStreamName)
	})
	if awsapi.Val(in.Descending) {
		slices.Reverse(all)
	}
	page, next, err := page(all, in.NextToken, limit(in.Limit, 50))
	return &logs.DescribeLogStreamsOutput{LogStreams: page, NextToken: next}, err
}

// streams are the names of a group's streams, in order.
func (v *Service) streams(account, group string) ([]string, error) {
	entries, err := os.ReadDir(v.s.groupDir(account, group))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noGroup()
	}
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".log"); ok {
			names = append(names, unescape(name))
		}
	}
	slices.Sort(names)
	return names, nil
}

// tailOffset is where an event begins, at most about n bytes before a file's end.
func tailOffset(path string, n int64) int64 {
	info, err := os.Stat(path)
	if err != nil || info.Size() <= n {
		return 0
	}
	var at int64
	from := info.Size() - n
	raw := make([]byte, n)
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	if _, err := f.ReadAt(raw, from); err != nil {
		return 0
	}
	i := slices.Index(raw, '\n')
	if i < 0 {
		// One event is longer than n.
		return tailOffset(path, n*8)
	}
	at = from + int64(i) + 1
	if at >= info.Size() {
		return tailOffset(path, n*8)
	}
	return at
}

// GetLogEvents reads a stream, from its head or its tail, onward and back by tokens.
func (v *Service) GetLogEvents(ctx context.Context, in *logs.GetLogEventsInput) (*logs.GetLogEventsOutput, error) {
	account := awsapi.CallerFrom(ctx).Account
	group, err := groupOf(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	path, err := v.s.resolve(account, group, *in.LogStreamName)
	if err != nil {
		if !exists(v.s.groupDir(account, group)) {
			return nil, noGroup()
		}
		return nil, noStream()
	}
	most := limit(in.Limit, mostEvents)
	direction, at := "f", int64(0)
	if t := awsapi.Val(in.NextToken); t != "" {
		if _, err := fmt.Sscanf(t, "%1s/%d", &direction, &at); err != nil || at < 0 || (direction != "f" && direction != "b") {
			return nil, logs.InvalidParameterException("The specified nextToken is invalid.")
		}
	} else if !awsapi.Val(in.StartFromHead) {
		direction = "b"
		if info, err := os.Stat(path); err == nil {
			at = info.Size()
		}
	}
	inRange := func(e Event) bool {
		ms := e.Time.UnixMilli()
		return (in.StartTime == nil || ms >= *in.StartTime) && (in.EndTime == nil || ms < *in.EndTime)
	}
	var found []Event
	begin, end := at, at
	if direction == "f" {
		bytes := 0
		end, err = scan(path, at, func(e Event) bool {
			if !inRange(e) {
				return true
			}
			if len(found) == most || bytes > mostBytes {
				return false
			}
			bytes += len(e.Message)
			found = append(found, e)
			return true
		})
	} else {
		// The last of what lies before at.
		_, err = scan(path, 0, func(e Event) bool {
			if e.Offset >= at {
				return false
			}
			if inRange(e) {
				found = append(found, e)
				if len(found) > 2*most {
					found = slices.Clone(found[len(found)-most:])
				}
			}
			return true
		})
		found = found[max(0, len(found)-most):]
		for len(found) > 0 && total(found) > mostBytes+longest {
			found = found[1:]
		}
	}
	if err != nil {
		return nil, err
	}
	if len(found) > 0 && direction == "b" {
		begin, end = found[0].Offset, found[len(found)-1].next
	}
	out := &logs.GetLogEventsOutput{Events: []*logs.OutputLogEvent{},
		NextForwardToken: new(fmt.Sprintf("f/%d", end)), NextBackwardToken: new(fmt.Sprintf("b/%d", begin))}
	for _, e := range found {
		ms := e.Time.UnixMilli()
		out.Events = append(out.Events, &logs.OutputLogEvent{Timestamp: new(ms), IngestionTime: new(ms), Message: new(e.Message)})
	}
	return out, nil
}

func total(events []Event) (n int) {
	for _, e := range events {
		n += len(e.Message)
	}
	return n
}

// FilterLogEvents reads several streams of a group as one, in order of time.
func (v *Service) FilterLogEvents(ctx context.Context, in *logs.FilterLogEventsInput) (*logs.FilterLogEventsOutput, error) {
	account := awsapi.CallerFrom(ctx).Account
	group, err := groupOf(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	if len(in.LogStreamNames) > 0 && in.LogStreamNamePrefix != nil {
		return nil, logs.InvalidParameterException("logStreamNames and logStreamNamePrefix cannot both be given.")
	}
	match, err := parsePattern(awsapi.Val(in.FilterPattern))
	if err != nil {
		return nil, err
	}
	names, err := v.streams(account, group)
	if err != nil {
		return nil, err
	}
	if len(in.LogStreamNames) > 0 {
		for _, n := range in.LogStreamNames {
			if _, err := v.s.resolve(account, group, n); err != nil {
				return nil, noStream()
			}
		}
		names = in.LogStreamNames
	}
	type place struct {
		Time   int64
		Stream string
		Offset int64
	}
	type item struct {
		place
		message string
	}
	less := func(a, b place) int {
		if a.Time != b.Time {
			return int(max(-1, min(1, a.Time-b.Time)))
		}
		if c := strings.Compare(a.Stream, b.Stream); c != 0 {
			return c
		}
		return int(max(-1, min(1, a.Offset-b.Offset)))
	}
	var after *place
	if t := awsapi.Val(in.NextToken); t != "" {
		raw, err := base64.RawURLEncoding.DecodeString(t)
		if err == nil {
			err = json.Unmarshal(raw, &after)
		}
		if err != nil || after == nil {
			return nil, logs.InvalidParameterException("The specified nextToken is invalid.")
		}
	}
	var found []item
	for _, name := range names {
		if !strings.HasPrefix(name, awsapi.Val(in.LogStreamNamePrefix)) {
			continue
		}
		path, err := v.s.resolve(account, group, name)
		if err != nil {
			continue
		}
		// A file that has not changed since the start holds nothing newer.
		if info, err := os.Stat(path); err == nil && in.StartTime != nil && info.ModTime().UnixMilli() < *in.StartTime-1000 {
			continue
		}
		_, err = scan(path, 0, func(e Event) bool {
			p := place{e.Time.UnixMilli(), name, e.Offset}
			if (in.StartTime != nil && p.Time < *in.StartTime) || (in.EndTime != nil && p.Time > *in.EndTime) || !match(e.Message) {
				return true
			}
			if after == nil || less(p, *after) > 0 {
				found = append(found, item{p, e.Message})
			}
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(found, func(a, b item) int { return less(a.place, b.place) })
	out := &logs.FilterLogEventsOutput{Events: []*logs.FilteredLogEvent{}, SearchedLogStreams: []*logs.SearchedLogStream{}}
	most, bytes := limit(in.Limit, mostEvents), 0
	for i, f := range found {
		if len(out.Events) == most || bytes > mostBytes {
			raw, err := json.Marshal(found[i-1].place)
			if err != nil {
				return nil, err
			}
			out.NextToken = new(base64.RawURLEncoding.EncodeToString(raw))
			break
		}
		bytes += len(f.message)
		out.Events = append(out.Events, &logs.FilteredLogEvent{LogStreamName: new(f.Stream), Timestamp: new(f.Time), IngestionTime: new(f.Time),
			Message: new(f.message), EventId: new(fmt.Sprintf("%d:%d:%s", f.Time, f.Offset, f.Stream))})
	}
	return out, nil
}

func limit(given *int32, most int) int {
	if given == nil || *given <= 0 || int(*given) > most {
		return most
	}
	return int(*given)
}

// page cuts a listing by position; names only come in at their place, so a token stays right for what was listed.
func page[T any](all []T, token *string, most int) ([]T, *string, error) {
	var from int
	if t := awsapi.Val(token); t != "" {
		if _, err := fmt.Sscanf(t, "p/%d", &from); err != nil || from < 0 {
			return nil, nil, logs.InvalidParameterException("The specified nextToken is invalid.")
		}
	}
	from = min(from, len(all))
	to := min(from+most, len(all))
	if to < len(all) {
		return all[from:to], new(fmt.Sprintf("p/%d", to)), nil
	}
	return all[from:to], nil, nil
}
