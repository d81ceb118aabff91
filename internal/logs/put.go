package logs

import (
	"context"
	"errors"
	"time"

	"tarn/api/logs"
	"tarn/internal/awsapi"
)

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
