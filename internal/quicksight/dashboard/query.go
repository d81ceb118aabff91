package dashboard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/engine"
	"tarn/internal/meta"
	"tarn/internal/quicksight/dataset"
	"tarn/internal/quicksight/query"
	"tarn/internal/quicksight/resource"
)

// VisualQuery asks for the rows of one visual.
type VisualQuery struct {
	DashboardID   string                 `json:"DashboardId"`
	VersionNumber *int64                 `json:"VersionNumber,omitzero"` // the published one if absent
	SheetID       string                 `json:"SheetId"`
	VisualID      string                 `json:"VisualId"`
	Filters       map[string]FilterState `json:"Filters,omitzero"` // by FilterId
	Selections    []Selection            `json:"Selections,omitzero"`
	Parameters    map[string][]string    `json:"Parameters,omitzero"`
	Limit         int                    `json:"Limit,omitzero"`
}

// FilterState is what a filter's control is set to. Values that are null stand for everything, an empty list for nothing; without any
// member the filter stays as it is defined.
type FilterState struct {
	Values json.RawMessage `json:"Values,omitzero"`
	From   any             `json:"From,omitzero"`
	To     any             `json:"To,omitzero"`
}

func (f FilterState) override() (o query.Override, touched bool, err error) {
	o.From, o.To = f.From, f.To
	if len(f.Values) > 0 {
		if err := json.Unmarshal(f.Values, &o.Values); err != nil {
			return o, false, quicksight.InvalidParameterValueException("Values must be a list, or null")
		}
	}
	return o, len(f.Values) > 0 || f.From != nil || f.To != nil, nil
}

// Selection is a clicked mark of another visual.
type Selection struct {
	VisualID          string `json:"VisualId"`
	ColumnName        string `json:"ColumnName"`
	DataSetIdentifier string `json:"DataSetIdentifier"`
	Values            []any  `json:"Values"`
}

// Column describes a column of a result.
type Column struct {
	FieldID string `json:"FieldId"`
	Name    string `json:"Name"`
	Role    string `json:"Role"`
	Type    string `json:"Type"`
}

// VisualResult is the rows of a visual. Dates are ISO texts; integers beyond what JavaScript holds exactly are texts.
type VisualResult struct {
	Columns   []Column `json:"Columns"`
	Rows      [][]any  `json:"Rows"`
	Truncated bool     `json:"Truncated"`
	ElapsedMs int64    `json:"ElapsedMs"`
	Notes     []string `json:"Notes,omitzero"`
	Total     []any    `json:"Total"` // of a table that shows one: a value for each column, null for its dimensions
}

// ControlQuery asks for what a control offers.
type ControlQuery struct {
	DashboardID   string `json:"DashboardId"`
	VersionNumber *int64 `json:"VersionNumber,omitzero"`
	FilterID      string `json:"FilterId,omitzero"`
	// Column is asked for instead of a filter by the controls of parameters.
	Column *quicksight.ColumnIdentifier `json:"Column,omitzero"`
}

// ControlResult holds the values of a list, or the ends of a range.
type ControlResult struct {
	Values    []any `json:"Values,omitzero"`
	Min       any   `json:"Min,omitzero"`
	Max       any   `json:"Max,omitzero"`
	Truncated bool  `json:"Truncated,omitzero"`
}

// maxRows bounds what a request may ask for.
const maxRows = 50_000

// open authorises the caller and reads the version, with the columns of its data sets. The key names the version for good.
func (s *Service) open(ctx context.Context, id string, number *int64) (key string, _ *query.Request, err error) {
	c := awsapi.CallerFrom(ctx)
	if c.Account == "" {
		return "", nil, quicksight.AccessDeniedException("nobody is signed in")
	}
	if err := s.o.Authorize(ctx, "quicksight:DescribeDashboard", resource.ARN(c, resource.Dashboard, id)); err != nil {
		return "", nil, err
	}
	var d *quicksight.DashboardVersionDefinition
	err = s.o.Store.View(ctx, func(tx meta.Tx) error {
		r, n, err := find(tx, c.Account, id, number, nil)
		if err != nil {
			return err
		}
		key = versionID(c.Account, id, r.Created, n)
		if d = s.decoded.get(key); d != nil {
			return nil
		}
		v, err := loadVersion(tx, c.Account, id, n)
		if err != nil {
			return err
		}
		if d, err = decode(v.Definition); err == nil {
			s.decoded.put(key, d)
		}
		return err
	})
	if err != nil {
		return "", nil, err
	}
	columns, _, err := s.columns(ctx, c.Account, d)
	if err != nil {
		return "", nil, err
	}
	return key, &query.Request{Definition: d, Columns: columns, Now: s.o.Now()}, nil
}

// Query computes a visual. Requests that are alike and come while one of them runs share its answer.
func (s *Service) Query(ctx context.Context, q VisualQuery) (*VisualResult, error) {
	version, req, err := s.open(ctx, q.DashboardID, q.VersionNumber)
	if err != nil {
		return nil, err
	}
	req.SheetID, req.VisualID, req.Parameters = q.SheetID, q.VisualID, q.Parameters
	req.Limit = min(max(q.Limit, 0), maxRows)
	req.Filters = map[string]query.Override{}
	for id, f := range q.Filters {
		o, touched, err := f.override()
		if err != nil {
			return nil, err
		}
		if touched {
			req.Filters[id] = o
		}
	}
	for _, x := range q.Selections {
		req.Selections = append(req.Selections, query.Selection(x))
	}
	key, err := json.Marshal([]any{version, q})
	if err != nil {
		return nil, err
	}
	out, err := s.flights.do(ctx, string(key), func(ctx context.Context) (any, error) {
		return s.run(ctx, req, func() (*query.Query, error) { return query.Build(req) })
	})
	if err != nil {
		return nil, err
	}
	return out.(*VisualResult), nil
}

// ControlValues lists what a filter's control offers; other filters do not narrow it.
func (s *Service) ControlValues(ctx context.Context, q ControlQuery) (*ControlResult, error) {
	_, req, err := s.open(ctx, q.DashboardID, q.VersionNumber)
	if err != nil {
		return nil, err
	}
	bounds := false
	r, err := s.run(ctx, req, func() (built *query.Query, err error) {
		if q.Column != nil {
			return query.Values(req, q.Column)
		}
		built, bounds, err = query.Control(req, q.FilterID)
		return built, err
	})
	if err != nil {
		return nil, err
	}
	if bounds {
		return &ControlResult{Min: r.Rows[0][0], Max: r.Rows[0][1]}, nil
	}
	out := &ControlResult{Values: []any{}, Truncated: r.Truncated}
	for _, row := range r.Rows {
		out.Values = append(out.Values, row[0])
	}
	return out, nil
}

// run builds a query, opens the data set that it reads and executes it.
func (s *Service) run(ctx context.Context, req *query.Request, build func() (*query.Query, error)) (_ *VisualResult, err error) {
	start := s.o.Now()
	q, err := build()
	if err != nil {
		return nil, refuse(err)
	}
	h, err := s.openSet(ctx, req.Definition, q.DataSet)
	if err != nil {
		return nil, failed(err)
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	// What is served may be older than the data set's definition while a new generation is built.
	req.Columns[q.DataSet] = h.Columns
	if q, err = build(); err != nil {
		return nil, refuse(err)
	}
	rows, err := h.Session.Query(ctx, q.SQL(h.Relation), q.Args...)
	if err != nil {
		return nil, failed(h.Explain(ctx, err))
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out := &VisualResult{Columns: []Column{}, Rows: [][]any{}, Notes: q.Notes}
	for _, c := range q.Columns {
		out.Columns = append(out.Columns, Column{FieldID: c.FieldID, Name: c.Name, Role: c.Role, Type: c.Type.String()})
	}
	for rows.Next() {
		if len(out.Rows) == q.Limit {
			out.Truncated = true
			break
		}
		row := make([]any, len(q.Columns))
		for i, v := range rows.Values() {
			row[i] = shown(v)
		}
		if q.Total && out.Total == nil {
			out.Total = row
			continue
		}
		out.Rows = append(out.Rows, row)
	}
	if err := rows.Err(); err != nil {
		return nil, failed(err)
	}
	out.ElapsedMs = s.o.Now().Sub(start).Milliseconds()
	return out, nil
}

func (s *Service) openSet(ctx context.Context, d *quicksight.DashboardVersionDefinition, identifier string) (*dataset.Handle, error) {
	account := awsapi.CallerFrom(ctx).Account
	for _, decl := range d.DataSetIdentifierDeclarations {
		if awsapi.Val(decl.Identifier) == identifier {
			id, ok := resource.ParseARN(account, resource.DataSet, awsapi.Val(decl.DataSetArn))
			if !ok {
				break
			}
			return s.o.DataSets.Open(ctx, account, id)
		}
	}
	return nil, quicksight.ResourceNotFoundException("Data set %s of the dashboard is not found", identifier)
}

// refuse turns a mistake in the definition or request into an answer of the API.
func refuse(err error) error {
	var e *query.Error
	if errors.As(err, &e) {
		return quicksight.InvalidParameterValueException("%s", e.Error())
	}
	return err
}

// failed turns an engine's failure into an answer, except for what is no fault of the query.
func failed(err error) error {
	var e *engine.Error
	if errors.As(err, &e) {
		switch e.Kind {
		case engine.Cancelled, engine.Closed, engine.Fatal, engine.Internal:
			return err
		}
		return quicksight.ConflictException("The query failed: %s", e.Error())
	}
	var source *dataset.SourceError
	if errors.As(err, &source) {
		return quicksight.ConflictException("The data set cannot be read: %s", source.Error())
	}
	return err
}

// shown brings a value into the form that the console gets.
func shown(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.000Z")
	case int64:
		if v > 1<<53-1 || v < -(1<<53-1) {
			return fmt.Sprint(v)
		}
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
	}
	return v
}
