package logs

import (
	"cmp"
	"container/heap"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"tarn/api/logs"
	"tarn/internal/awsapi"
)

// place orders the events of several streams: by time, then by stream, then as they were written.
type place struct {
	Time   int64
	Stream string
	Offset int64
}

func (a place) compare(b place) int {
	return cmp.Or(cmp.Compare(a.Time, b.Time), strings.Compare(a.Stream, b.Stream), cmp.Compare(a.Offset, b.Offset))
}

type found struct {
	place
	message string
}

// earliest keeps the first events of all that it is given, as many as one answer holds.
type earliest struct {
	events []found // a heap whose top is the last one
	bytes  int
	most   int
	cut    *place // the first of what was left out: neither does anything behind it have a place
}

func (h *earliest) Len() int           { return len(h.events) }
func (h *earliest) Less(i, j int) bool { return h.events[i].compare(h.events[j].place) > 0 }
func (h *earliest) Swap(i, j int)      { h.events[i], h.events[j] = h.events[j], h.events[i] }
func (h *earliest) Push(x any)         { h.events = append(h.events, x.(found)) }
func (h *earliest) Pop() any {
	last := h.events[len(h.events)-1]
	h.events = h.events[:len(h.events)-1]
	return last
}

// leavesOut reports whether an event at a place has none in the answer.
func (h *earliest) leavesOut(p place) bool { return h.cut != nil && p.compare(*h.cut) >= 0 }

func (h *earliest) add(f found) {
	heap.Push(h, f)
	h.bytes += len(f.message) + overhead
	for len(h.events) > h.most || len(h.events) > 1 && h.bytes > mostBytes {
		last := heap.Pop(h).(found)
		h.bytes -= len(last.message) + overhead
		h.cut = &last.place
	}
}

// sorted empties it in order.
func (h *earliest) sorted() []found {
	slices.SortFunc(h.events, func(a, b found) int { return a.compare(b.place) })
	return h.events
}

// newest is how far ahead of the clock PutLogEvents takes an event.
const newest = 2 * 60 * 60 * 1000

// FilterLogEvents reads several streams of a group as one, in order of time. It holds no more than it answers, however
// large the streams are.
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
	after, err := placeOf(in.NextToken)
	if err != nil {
		return nil, err
	}
	within := always
	if in.StartTime != nil {
		within.from = *in.StartTime
	}
	if in.EndTime != nil {
		within.to = *in.EndTime
	}
	if after != nil {
		within.from = max(within.from, after.Time)
	}
	first := &earliest{most: limit(in.Limit, mostEvents)}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !strings.HasPrefix(name, awsapi.Val(in.LogStreamNamePrefix)) {
			continue
		}
		path, err := v.s.resolve(account, group, name)
		if err != nil {
			continue // it was removed since
		}
		// A file that has not changed for so long holds nothing that new.
		if info, err := os.Stat(path); err == nil && info.ModTime().UnixMilli()+newest+1000 < within.from {
			continue
		}
		skip := func(b block) bool { return first.leavesOut(place{b.times.from, name, b.offset}) }
		_, err = v.s.blocks.forward(path, 0, within, skip, func(c *cursor) bool {
			p := place{c.ms, name, c.begin}
			if after != nil && p.compare(*after) <= 0 {
				return true
			}
			if first.leavesOut(p) {
				return true
			}
			if message := c.message(); match(message) {
				first.add(found{p, string(message)})
			}
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	out := &logs.FilterLogEventsOutput{Events: []*logs.FilteredLogEvent{}, SearchedLogStreams: []*logs.SearchedLogStream{}}
	events := first.sorted()
	for _, f := range events {
		out.Events = append(out.Events, &logs.FilteredLogEvent{LogStreamName: new(f.Stream), Timestamp: new(f.Time), IngestionTime: new(f.Time),
			Message: new(f.message), EventId: new(fmt.Sprintf("%d:%d:%s", f.Time, f.Offset, f.Stream))})
	}
	if first.cut != nil {
		raw, err := json.Marshal(events[len(events)-1].place)
		if err != nil {
			return nil, err
		}
		out.NextToken = new(base64.RawURLEncoding.EncodeToString(raw))
	}
	return out, nil
}

// placeOf reads a token: the last event that was answered.
func placeOf(token *string) (*place, error) {
	t := awsapi.Val(token)
	if t == "" {
		return nil, nil
	}
	var p *place
	raw, err := base64.RawURLEncoding.DecodeString(t)
	if err == nil {
		err = json.Unmarshal(raw, &p)
	}
	if err != nil || p == nil {
		return nil, badToken()
	}
	return p, nil
}
