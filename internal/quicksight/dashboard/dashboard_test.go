package dashboard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/engine"
	"tarn/internal/meta/sqlite"
	"tarn/internal/quicksight/dataset"
)

const account = "000000000000"

// flightsFile is the source of the tests: whatever table is asked for, it is the flights of 2013, with the columns of the example.
type flightsFile struct{ path string }

func (f flightsFile) Describe(context.Context, dataset.SourceQuery) ([]dataset.SourceColumn, error) {
	return nil, errors.New("the tests declare their columns")
}

func (f flightsFile) Relation(context.Context, *engine.Session, dataset.SourceQuery) (string, func(), error) {
	return "(SELECT * FROM read_parquet('" + f.path + "') WHERE arr_delay IS NOT NULL)", func() {}, nil
}

type world struct {
	*Service
	sets    *dataset.Service
	ctx     context.Context
	refused atomic.Bool
}

func newWorld(t *testing.T) *world {
	t.Helper()
	data, err := filepath.Abs("../testdata")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{ctx: awsapi.WithCaller(t.Context(), awsapi.Caller{Account: account, Region: "us-east-1", Root: true})}
	spice := t.TempDir()
	e, err := engine.Open(engine.Options{TempDir: t.TempDir(), AllowedDirectories: []string{data, spice}, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(filepath.Join(t.TempDir(), "tarn.db"))
	if err != nil {
		t.Fatal(err)
	}
	var ids atomic.Int64
	w.sets, err = dataset.Open(w.ctx, dataset.Options{
		Store: store, Engine: e, Sources: map[dataset.Kind]dataset.Source{dataset.Lake: flightsFile{data + "/flights.parquet"}}, Dir: spice, Now: time.Now,
		NewID: func() string { return fmt.Sprintf("id-%d", ids.Add(1)) }, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Service = New(Options{Store: store, DataSets: w.sets, Now: time.Now, Authorize: func(_ context.Context, action, arn string) error {
		if w.refused.Load() {
			return quicksight.AccessDeniedException("not authorized to perform: %s on resource: %s", action, arn)
		}
		return nil
	}})
	t.Cleanup(func() {
		ctx := context.Background()
		if err := errors.Join(w.sets.Close(ctx), e.Close(ctx), store.Close()); err != nil {
			t.Error(err)
		}
	})
	source, err := w.sets.CreateDataSource(w.ctx, &quicksight.CreateDataSourceInput{AwsAccountId: new(account), DataSourceId: new("lake"), Name: new("lake"), Type: new("ATHENA")})
	if err != nil {
		t.Fatal(err)
	}
	var columns []*quicksight.InputColumn
	for _, c := range []string{"flight_date DATETIME", "carrier STRING", "airline STRING", "origin STRING", "dest STRING", "dep_delay INTEGER", "arr_delay INTEGER", "distance INTEGER"} {
		name, kind, _ := strings.Cut(c, " ")
		columns = append(columns, &quicksight.InputColumn{Name: &name, Type: &kind})
	}
	for id, mode := range map[string]string{"spice": "SPICE", "direct": "DIRECT_QUERY"} {
		if _, err := w.sets.CreateDataSet(w.ctx, &quicksight.CreateDataSetInput{
			AwsAccountId: new(account), DataSetId: &id, Name: new("Delays"), ImportMode: &mode,
			PhysicalTableMap: map[string]*quicksight.PhysicalTable{"t": {RelationalTable: &quicksight.RelationalTable{DataSourceArn: source.Arn, Schema: new("curated"), Name: new("delays"), InputColumns: columns}}},
		}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// example is the definition of the flights example, over one of the data sets.
func example(t *testing.T, set string) json.RawMessage {
	t.Helper()
	raw, err := os.ReadFile("../../../examples/flights/dashboards/delays.json")
	if err != nil {
		t.Fatal(err)
	}
	var d map[string]any
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	d["DataSetIdentifierDeclarations"].([]any)[0].(map[string]any)["DataSetArn"] = "arn:aws:quicksight:us-east-1:000000000000:dataset/" + set
	d["OfAnotherVersion"] = map[string]any{"Kept": []any{1.5, "<&>", nil}} // a member that is not understood
	out, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (w *world) create(t *testing.T, id string, definition json.RawMessage) {
	t.Helper()
	if _, err := w.CreateDashboard(w.ctx, &quicksight.CreateDashboardInput{AwsAccountId: new(account), DashboardId: &id, Name: new("New York flights 2013"), Definition: definition}); err != nil {
		t.Fatal(err)
	}
}

func (w *world) query(t *testing.T, q VisualQuery) *VisualResult {
	t.Helper()
	r, err := w.Query(w.ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func rows(r *VisualResult, n int) string {
	var b strings.Builder
	for i, row := range r.Rows {
		if i == n {
			break
		}
		for j, v := range row {
			if j > 0 {
				b.WriteString(" ")
			}
			if f, ok := v.(float64); ok {
				v = fmt.Sprintf("%.2f", f)
			}
			fmt.Fprint(&b, v)
		}
		b.WriteString("; ")
	}
	return strings.TrimSuffix(b.String(), "; ")
}

// The example's visuals show the figures of the data, from SPICE and directly, and follow controls and clicks.
func TestExampleFigures(t *testing.T) {
	w := newWorld(t)
	for _, set := range []string{"spice", "direct"} {
		w.create(t, set, example(t, set))
		for _, c := range []struct {
			q    VisualQuery
			want string
		}{
			{VisualQuery{VisualID: "flights"}, "327346"},
			{VisualQuery{VisualID: "mean-arr-delay"}, "6.90"},
			{VisualQuery{VisualID: "delay-by-airline"}, "Frontier Airlines Inc. 21.92; AirTran Airways Corporation 20.12; ExpressJet Airlines Inc. 15.80"},
			{VisualQuery{VisualID: "flights-by-month"}, "2013-01-01T00:00:00.000Z EWR 9616; 2013-01-01T00:00:00.000Z JFK 9031; 2013-01-01T00:00:00.000Z LGA 7751"},
			{VisualQuery{VisualID: "flights", Filters: map[string]FilterState{"carrier": {Values: json.RawMessage(`["F9"]`)}}}, "681"},
			{VisualQuery{VisualID: "flights", Filters: map[string]FilterState{"carrier": {Values: json.RawMessage("null")}, "origin": {}}}, "327346"},
			{VisualQuery{VisualID: "flights", Filters: map[string]FilterState{"carrier": {Values: json.RawMessage("[]")}}}, "0"},
			{VisualQuery{VisualID: "flights", Filters: map[string]FilterState{"flight-date": {From: "2013-02-01", To: "2013-02-28"}}}, "23611"},
			{VisualQuery{VisualID: "flights", Selections: []Selection{{VisualID: "delay-by-airline", ColumnName: "airline", DataSetIdentifier: "delays", Values: []any{"Frontier Airlines Inc."}}}}, "681"},
			{VisualQuery{VisualID: "delay-by-airline", Selections: []Selection{{VisualID: "delay-by-month", ColumnName: "flight_date", DataSetIdentifier: "delays", Values: []any{"2013-07-01T00:00:00.000Z"}}}, Limit: 1}, "AirTran Airways Corporation 44.97"},
		} {
			c.q.DashboardID, c.q.SheetID = set, "delays"
			r := w.query(t, c.q)
			if got := rows(r, 3); got != c.want {
				t.Errorf("%s, %s %v %v: got %s, want %s", set, c.q.VisualID, c.q.Filters, c.q.Selections, got, c.want)
			}
			if r.Truncated != (c.q.Limit == 1) {
				t.Errorf("%s, %s: truncated %v", set, c.q.VisualID, r.Truncated)
			}
		}
	}
}

func TestControlValues(t *testing.T) {
	w := newWorld(t)
	w.create(t, "d", example(t, "spice"))
	r, err := w.ControlValues(w.ctx, ControlQuery{DashboardID: "d", FilterID: "carrier"})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(r.Values); got != "[9E AA AS B6 DL EV F9 FL HA MQ OO UA US VX WN YV]" {
		t.Errorf("got %s", got)
	}
	r, err = w.ControlValues(w.ctx, ControlQuery{DashboardID: "d", FilterID: "flight-date"})
	if err != nil || r.Min != "2013-01-01T00:00:00.000Z" || r.Max != "2013-12-31T00:00:00.000Z" {
		t.Errorf("got %+v, %v", r, err)
	}
	if _, err = w.ControlValues(w.ctx, ControlQuery{DashboardID: "d", FilterID: "nope"}); !awsapi.IsCode(err, "InvalidParameterValueException") {
		t.Errorf("got %v", err)
	}
}

// The JSON of the console's endpoints is part of a contract.
func TestJSON(t *testing.T) {
	w := newWorld(t)
	w.create(t, "d", example(t, "spice"))
	var q VisualQuery
	if err := json.Unmarshal([]byte(`{"DashboardId":"d","SheetId":"delays","VisualId":"delay-by-airline","Limit":1,
		"Filters":{"carrier":{"Values":["F9"]},"origin":{"Values":null},"flight-date":{"From":"2013-01-01","To":"2013-12-31"}},
		"Selections":[{"VisualId":"flights-by-month","ColumnName":"origin","DataSetIdentifier":"delays","Values":["LGA",null]}]}`), &q); err != nil {
		t.Fatal(err)
	}
	r := w.query(t, q)
	r.ElapsedMs = 0
	got, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"Columns":[{"FieldId":"airline","Name":"airline","Role":"Category","Type":"STRING"},{"FieldId":"airline-delay","Name":"arr_delay (Average)","Role":"Value","Type":"DECIMAL"}],"Rows":[["Frontier Airlines Inc.",21.920704845814978]],"Truncated":false,"ElapsedMs":0,"Total":null}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Alike requests give the same answer whether they share a run or not, and one that goes away stops no other.
func TestConcurrentQueries(t *testing.T) {
	w := newWorld(t)
	w.create(t, "d", example(t, "spice"))
	q := VisualQuery{DashboardID: "d", SheetID: "delays", VisualID: "delay-by-airline"}
	first := w.query(t, q)
	var all sync.WaitGroup
	for i := range 24 {
		all.Go(func() {
			ctx := w.ctx
			if i%4 == 3 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, time.Duration(i)*time.Millisecond)
				defer cancel()
			}
			r, err := w.Query(ctx, q)
			if i%4 == 3 && errors.Is(err, context.DeadlineExceeded) {
				return
			}
			if err != nil || !reflect.DeepEqual(r.Rows, first.Rows) {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	all.Wait()
	if n := len(w.flights.calls); n != 0 {
		t.Errorf("%d runs are left", n)
	}
}

func TestQueriesAreAuthorized(t *testing.T) {
	w := newWorld(t)
	w.create(t, "d", example(t, "spice"))
	q := VisualQuery{DashboardID: "d", SheetID: "delays", VisualID: "flights"}
	w.refused.Store(true)
	if _, err := w.Query(w.ctx, q); !awsapi.IsCode(err, "AccessDeniedException") {
		t.Errorf("got %v", err)
	}
	if _, err := w.ControlValues(w.ctx, ControlQuery{DashboardID: "d", FilterID: "carrier"}); !awsapi.IsCode(err, "AccessDeniedException") {
		t.Errorf("got %v", err)
	}
	w.refused.Store(false)
	if _, err := w.Query(t.Context(), q); !awsapi.IsCode(err, "AccessDeniedException") {
		t.Errorf("nobody: got %v", err)
	}
}

// What went in comes out equal; versions, publishing and deletion.
func TestVersions(t *testing.T) {
	w := newWorld(t)
	definition := example(t, "spice")
	w.create(t, "d", definition)
	equal := func(version *int64, alias *string, want json.RawMessage) {
		t.Helper()
		out, err := w.DescribeDashboardDefinition(w.ctx, &quicksight.DescribeDashboardDefinitionInput{AwsAccountId: new(account), DashboardId: new("d"), VersionNumber: version, AliasName: alias})
		if err != nil {
			t.Fatal(err)
		}
		var a, b any
		if err := errors.Join(json.Unmarshal(want, &a), json.Unmarshal(out.Definition, &b)); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(a, b) || *out.ResourceStatus != "CREATION_SUCCESSFUL" {
			t.Errorf("%s: the definition differs", *out.ResourceStatus)
		}
	}
	equal(nil, nil, definition)
	if _, err := w.CreateDashboard(w.ctx, &quicksight.CreateDashboardInput{AwsAccountId: new(account), DashboardId: new("d"), Name: new("x"), Definition: definition}); !awsapi.IsCode(err, "ResourceExistsException") {
		t.Errorf("got %v", err)
	}
	second := json.RawMessage(strings.Replace(string(definition), `"Delays"`, `"Late"`, 1))
	up, err := w.UpdateDashboard(w.ctx, &quicksight.UpdateDashboardInput{AwsAccountId: new(account), DashboardId: new("d"), Name: new("x"), Definition: second, VersionDescription: new("renamed")})
	if err != nil || !strings.HasSuffix(*up.VersionArn, "dashboard/d/version/2") {
		t.Fatalf("got %+v, %v", up, err)
	}
	equal(nil, nil, definition)
	equal(nil, new("$LATEST"), second)
	if _, err := w.UpdateDashboardPublishedVersion(w.ctx, &quicksight.UpdateDashboardPublishedVersionInput{AwsAccountId: new(account), DashboardId: new("d"), VersionNumber: new(int64(2))}); err != nil {
		t.Fatal(err)
	}
	equal(nil, nil, second)
	equal(new(int64(1)), nil, definition)
	if r := w.query(t, VisualQuery{DashboardID: "d", SheetID: "delays", VisualID: "flights"}); rows(r, 1) != "327346" {
		t.Errorf("got %v", r.Rows)
	}
	d, err := w.DescribeDashboard(w.ctx, &quicksight.DescribeDashboardInput{AwsAccountId: new(account), DashboardId: new("d")})
	if err != nil || *d.Dashboard.Version.VersionNumber != 2 || *d.Dashboard.Version.Sheets[0].Name != "Late" || d.Dashboard.Version.DataSetArns[0] != "arn:aws:quicksight:us-east-1:000000000000:dataset/spice" {
		t.Errorf("got %+v, %v", d, err)
	}
	list, err := w.ListDashboardVersions(w.ctx, &quicksight.ListDashboardVersionsInput{AwsAccountId: new(account), DashboardId: new("d")})
	if err != nil || len(list.DashboardVersionSummaryList) != 2 || *list.DashboardVersionSummaryList[1].Description != "renamed" {
		t.Errorf("got %+v, %v", list, err)
	}
	remove := func(version *int64) error {
		_, err := w.DeleteDashboard(w.ctx, &quicksight.DeleteDashboardInput{AwsAccountId: new(account), DashboardId: new("d"), VersionNumber: version})
		return err
	}
	if err := remove(new(int64(2))); !awsapi.IsCode(err, "ConflictException") {
		t.Errorf("got %v", err)
	}
	first := VisualQuery{DashboardID: "d", SheetID: "delays", VisualID: "flights", VersionNumber: new(int64(1))}
	w.query(t, first)
	if err := remove(new(int64(1))); err != nil {
		t.Error(err)
	}
	if _, err := w.Query(w.ctx, first); !awsapi.IsCode(err, "ResourceNotFoundException") {
		t.Errorf("got %v", err)
	}
	if err := remove(nil); err != nil {
		t.Error(err)
	}
	if _, err := w.DescribeDashboard(w.ctx, &quicksight.DescribeDashboardInput{AwsAccountId: new(account), DashboardId: new("d")}); !awsapi.IsCode(err, "ResourceNotFoundException") {
		t.Errorf("got %v", err)
	}
	if _, err := w.Query(w.ctx, VisualQuery{DashboardID: "d", SheetID: "delays", VisualID: "flights"}); !awsapi.IsCode(err, "ResourceNotFoundException") {
		t.Errorf("got %v", err)
	}
	dashboards, err := w.ListDashboards(w.ctx, &quicksight.ListDashboardsInput{AwsAccountId: new(account)})
	if err != nil || len(dashboards.DashboardSummaryList) != 0 {
		t.Errorf("got %+v, %v", dashboards, err)
	}
}

func TestDefinitionsAreKept(t *testing.T) {
	var d definitions
	for i := range 20 {
		key := fmt.Sprint(i)
		if d.get(key) != nil {
			t.Fatal(key)
		}
		d.put(key, &quicksight.DashboardVersionDefinition{})
		if d.get("0") == nil { // used again and again, so it stays
			t.Fatalf("0 has gone after %d", i)
		}
	}
	if len(d.entries) != keptDefinitions || d.get("5") != nil || d.get("19") == nil {
		t.Errorf("%d are kept", len(d.entries))
	}
}

// Mistakes in a definition fail the version, with their places and what was meant; LENIENT notes them.
func TestChecks(t *testing.T) {
	w := newWorld(t)
	text := string(example(t, "spice"))
	text = strings.ReplaceAll(text, `"ColumnName":"airline"`, `"ColumnName":"airlin"`)
	text = strings.Replace(text, `"DataSetIdentifier":"delays"}`, `"DataSetIdentifier":"delay"}`, 1)
	for _, c := range []struct{ mode, status string }{{"STRICT", "CREATION_FAILED"}, {"LENIENT", "CREATION_SUCCESSFUL"}} {
		if _, err := w.CreateDashboard(w.ctx, &quicksight.CreateDashboardInput{
			AwsAccountId: new(account), DashboardId: &c.mode, Name: new("x"), Definition: json.RawMessage(text), ValidationStrategy: &quicksight.ValidationStrategy{Mode: &c.mode},
		}); err != nil {
			t.Fatal(err)
		}
		d, err := w.DescribeDashboard(w.ctx, &quicksight.DescribeDashboardInput{AwsAccountId: new(account), DashboardId: &c.mode})
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, e := range d.Dashboard.Version.Errors {
			found = append(found, *e.Type+" "+*e.Message)
			if len(e.ViolatedEntities) == 0 || !strings.Contains(*e.ViolatedEntities[0].Path, "Column") {
				t.Errorf("%s at %+v", *e.Message, e.ViolatedEntities)
			}
		}
		if *d.Dashboard.Version.Status != c.status || len(found) != 2 ||
			!strings.Contains(strings.Join(found, "\n"), "COLUMN_REPLACEMENT_MISSING Data set delays has no column airlin. Did you mean airline?") ||
			!strings.Contains(strings.Join(found, "\n"), "DATA_SET_NOT_FOUND Data set identifier delay is not declared. Did you mean delays?") {
			t.Errorf("%s: %s %q", c.mode, *d.Dashboard.Version.Status, found)
		}
	}
	if _, err := w.CreateDashboard(w.ctx, &quicksight.CreateDashboardInput{AwsAccountId: new(account), DashboardId: new("nowhere"), Name: new("x"), Definition: example(t, "nowhere")}); err != nil {
		t.Fatal(err)
	}
	d, err := w.DescribeDashboard(w.ctx, &quicksight.DescribeDashboardInput{AwsAccountId: new(account), DashboardId: new("nowhere")})
	if err != nil || *d.Dashboard.Version.Status != "CREATION_FAILED" || *d.Dashboard.Version.Errors[0].Message != "Data set nowhere is not found" {
		t.Errorf("got %+v, %v", d, err)
	}
	if _, err := w.CreateDashboard(w.ctx, &quicksight.CreateDashboardInput{AwsAccountId: new(account), DashboardId: new("x"), Name: new("x"), Definition: json.RawMessage(`{"Sheets": 1}`)}); !awsapi.IsCode(err, "InvalidParameterValueException") {
		t.Errorf("got %v", err)
	}
}

func TestUsersAndPermissions(t *testing.T) {
	w := newWorld(t)
	w.create(t, "d", example(t, "spice"))
	out, err := w.RegisterUser(w.ctx, &quicksight.RegisterUserInput{
		AwsAccountId: new(account), Namespace: new("default"), IdentityType: new("IAM"), IamArn: new("arn:aws:iam::000000000000:role/Analyst"), SessionName: new("ana"),
		Email: new("ana@example.com"), UserRole: new("READER"),
	})
	if err != nil || *out.User.UserName != "Analyst/ana" || *out.User.Arn != "arn:aws:quicksight:us-east-1:000000000000:user/default/Analyst/ana" {
		t.Fatalf("got %+v, %v", out, err)
	}
	users, err := w.ListUsers(w.ctx, &quicksight.ListUsersInput{AwsAccountId: new(account), Namespace: new("default")})
	if err != nil || len(users.UserList) != 2 || *users.UserList[0].UserName != "root" || *users.UserList[0].Role != "ADMIN" {
		t.Errorf("got %+v, %v", users, err)
	}
	if _, err := w.DescribeUser(w.ctx, &quicksight.DescribeUserInput{AwsAccountId: new(account), Namespace: new("default"), UserName: new("nobody")}); !awsapi.IsCode(err, "ResourceNotFoundException") {
		t.Errorf("got %v", err)
	}
	grant := []*quicksight.ResourcePermission{{Principal: out.User.Arn, Actions: []string{"quicksight:DescribeDashboard", "quicksight:QueryDashboard"}}}
	p, err := w.UpdateDashboardPermissions(w.ctx, &quicksight.UpdateDashboardPermissionsInput{AwsAccountId: new(account), DashboardId: new("d"), GrantPermissions: grant})
	if err != nil || len(p.Permissions) != 1 {
		t.Errorf("got %+v, %v", p, err)
	}
	p, err = w.UpdateDashboardPermissions(w.ctx, &quicksight.UpdateDashboardPermissionsInput{AwsAccountId: new(account), DashboardId: new("d"), RevokePermissions: grant})
	if err != nil || len(p.Permissions) != 0 {
		t.Errorf("got %+v, %v", p, err)
	}
}
