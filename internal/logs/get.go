package logs

import (
	"context"
	"fmt"
	"os"

	"tarn/api/logs"
	"tarn/internal/awsapi"
)

// GetLogEvents reads a stream, from its head or its tail, onward and back by tokens. At an end the token stays the same:
// that is how clients know it.
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
			return nil, badToken()
		}
	} else if !awsapi.Val(in.StartFromHead) {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		direction, at = "b", info.Size()
	}
	within := always
	if in.StartTime != nil {
		within.from = *in.StartTime
	}
	if in.EndTime != nil {
		within.to = *in.EndTime - 1
	}
	var found []Event
	begin, end := at, at
	if direction == "f" {
		bytes := 0
		end, err = v.s.blocks.forward(path, at, within, nil, func(c *cursor) bool {
			bytes += len(c.text) + overhead
			if len(found) == most || len(found) > 0 && bytes > mostBytes {
				return false
			}
			found = append(found, c.event())
			return true
		})
	} else {
		found, err = v.s.blocks.backward(path, at, within, most, mostBytes)
		if len(found) > 0 {
			begin, end = found[0].Offset, found[len(found)-1].next
		}
	}
	if err != nil {
		return nil, err
	}
	out := &logs.GetLogEventsOutput{Events: []*logs.OutputLogEvent{},
		NextForwardToken: new(fmt.Sprintf("f/%d", end)), NextBackwardToken: new(fmt.Sprintf("b/%d", begin))}
	for _, e := range found {
		ms := e.Time.UnixMilli()
		out.Events = append(out.Events, &logs.OutputLogEvent{Timestamp: new(ms), IngestionTime: new(ms), Message: new(e.Message)})
	}
	return out, nil
}
