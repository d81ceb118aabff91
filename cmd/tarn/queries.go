package main

import (
	"context"
	"encoding/json"

	"tarn/internal/awsapi"
	"tarn/internal/console"
	"tarn/internal/quicksight/dashboard"
)

// queries are what the console asks beside AWS's operations.
func (w *wiring) queries() map[string]func(context.Context, json.RawMessage) (any, error) {
	return map[string]func(context.Context, json.RawMessage) (any, error){
		"visual": ask(func(ctx context.Context, q dashboard.VisualQuery) (any, error) { return w.dashboards.Query(ctx, q) }),
		"control": ask(func(ctx context.Context, q dashboard.ControlQuery) (any, error) {
			return w.dashboards.ControlValues(ctx, q)
		}),
		"table": ask(w.preview),
	}
}

// ask decodes a query's JSON.
func ask[Q any](fn func(context.Context, Q) (any, error)) func(context.Context, json.RawMessage) (any, error) {
	return func(ctx context.Context, body json.RawMessage) (any, error) {
		var q Q
		if err := json.Unmarshal(body, &q); err != nil {
			return nil, awsapi.NewError("SerializationException", 400, "message", "the query can't be read: %v", err)
		}
		return fn(ctx, q)
	}
}

// follow gives the console a log.
func (w *wiring) follow(ctx context.Context, group, stream string) (<-chan console.Line, error) {
	if err := w.authorize(ctx, "logs:GetLogEvents", "*"); err != nil {
		return nil, err
	}
	events, err := w.logs.Follow(ctx, awsapi.CallerFrom(ctx).Account, group, stream)
	if err != nil {
		return nil, awsapi.NewError("ResourceNotFoundException", 404, "message", "%v", err)
	}
	out := make(chan console.Line)
	go func() {
		defer close(out)
		for e := range events {
			select {
			case out <- console.Line{Time: e.Time.UnixMilli(), Message: e.Message}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, nil
}
