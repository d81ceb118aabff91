package logs

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"tarn/api/logs"
	"tarn/internal/awsapi"
)

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

// DeleteLogStream forgets a stream.
func (v *Service) DeleteLogStream(ctx context.Context, in *logs.DeleteLogStreamInput) (*logs.DeleteLogStreamOutput, error) {
	account := awsapi.CallerFrom(ctx).Account
	if !exists(v.s.groupDir(account, *in.LogGroupName)) {
		return nil, noGroup()
	}
	err := v.s.remove(v.s.path(account, *in.LogGroupName, *in.LogStreamName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noStream()
	}
	if err != nil {
		return nil, err
	}
	return &logs.DeleteLogStreamOutput{}, nil
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

// listed is a stream in a listing.
type listed struct {
	name string
	key  string // what the listing goes by
}

// DescribeLogStreams lists a group's streams by name or by their last event.
func (v *Service) DescribeLogStreams(ctx context.Context, in *logs.DescribeLogStreamsInput) (*logs.DescribeLogStreamsOutput, error) {
	caller := awsapi.CallerFrom(ctx)
	group, err := groupOf(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	byTime := awsapi.Val(in.OrderBy) == logs.OrderByLastEventTime
	if byTime && in.LogStreamNamePrefix != nil {
		return nil, logs.InvalidParameterException("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	names, err := v.streams(caller.Account, group)
	if err != nil {
		return nil, err
	}
	var all []listed
	for _, name := range names {
		if !strings.HasPrefix(name, awsapi.Val(in.LogStreamNamePrefix)) {
			continue
		}
		l := listed{name, name}
		if byTime {
			last, err := v.s.last(v.s.path(caller.Account, group, name))
			if err != nil {
				return nil, err
			}
			var ms int64
			if last != nil {
				ms = last.Time.UnixMilli()
			}
			l.key = fmt.Sprintf("%019d/%s", ms, name)
		}
		all = append(all, l)
	}
	descending := awsapi.Val(in.Descending)
	slices.SortFunc(all, func(a, b listed) int {
		if descending {
			a, b = b, a
		}
		return strings.Compare(a.key, b.key)
	})
	all, next, err := page(all, func(l listed) string { return l.key }, descending, in.NextToken, limit(in.Limit, 50))
	if err != nil {
		return nil, err
	}
	out := &logs.DescribeLogStreamsOutput{LogStreams: []*logs.LogStream{}, NextToken: next}
	for _, l := range all {
		item, err := v.describe(caller, group, l.name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was deleted since
		}
		if err != nil {
			return nil, err
		}
		out.LogStreams = append(out.LogStreams, item)
	}
	return out, nil
}

func (v *Service) describe(caller awsapi.Caller, group, name string) (*logs.LogStream, error) {
	path := v.s.path(caller.Account, group, name)
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	// StoredBytes is answered as 0 by AWS too, which has given it up.
	item := &logs.LogStream{LogStreamName: new(name), StoredBytes: new(int64(0)), CreationTime: new(info.ModTime().UnixMilli()),
		Arn: new(fmt.Sprintf("arn:aws:logs:%s:%s:log-group:%s:log-stream:%s", caller.Region, caller.Account, group, name))}
	var first *Event
	if _, err := scan(path, 0, func(e Event) bool { first = &e; return false }); err != nil {
		return nil, err
	}
	last, err := v.s.last(path)
	if err != nil {
		return nil, err
	}
	if first != nil && last != nil {
		item.FirstEventTimestamp, item.CreationTime = new(first.Time.UnixMilli()), new(first.Time.UnixMilli())
		item.LastEventTimestamp, item.LastIngestionTime = new(last.Time.UnixMilli()), new(last.Time.UnixMilli())
		item.UploadSequenceToken = new("0")
	}
	return item, nil
}

// last is the last event of a file; nil if there is none.
func (s *Store) last(path string) (*Event, error) {
	for n := int64(4 << 10); ; n *= 8 {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		from := max(0, info.Size()-n)
		var last *Event
		if _, err := scan(path, from, func(e Event) bool { last = &e; return true }); err != nil {
			return nil, err
		}
		if last != nil || from == 0 {
			return last, nil
		}
	}
}

// page cuts a listing behind the key that a token names, so that what comes in or goes elsewhere changes nothing.
func page[T any](all []T, key func(T) string, descending bool, token *string, most int) ([]T, *string, error) {
	if t := awsapi.Val(token); t != "" {
		after, err := base64.RawURLEncoding.DecodeString(t)
		if err != nil {
			return nil, nil, badToken()
		}
		for len(all) > 0 {
			c := strings.Compare(key(all[0]), string(after))
			if c > 0 != descending && c != 0 {
				break
			}
			all = all[1:]
		}
	}
	if len(all) <= most {
		return all, nil, nil
	}
	return all[:most], new(base64.RawURLEncoding.EncodeToString([]byte(key(all[most-1])))), nil
}
