package dataset

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/engine"
	"tarn/internal/meta"
	"tarn/internal/meta/sqlite"
)

const account = "000000000000"

// files is a source over the engine itself: the table "flights" is a Parquet file, and SQL is the engine's own.
type files struct {
	engine *engine.Engine
	path   string
	fail   atomic.Pointer[error]
	hold   chan struct{} // when set, Relation waits for it
}

func (f *files) from(q SourceQuery) (string, error) {
	switch {
	case q.SQL != "":
		return "(" + strings.ReplaceAll(q.SQL, "flights", "read_parquet('"+f.path+"')") + ")", nil
	case q.Table == "flights":
		return "read_parquet('" + f.path + "')", nil
	}
	return "", &engine.Error{Kind: engine.Missing, ObjectType: "Table", Name: q.Table, Position: -1, Message: "Table " + q.Table + " does not exist"}
}

func (f *files) Describe(ctx context.Context, q SourceQuery) ([]SourceColumn, error) {
	from, err := f.from(q)
	if err != nil {
		return nil, err
	}
	s, err := f.engine.Session(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	d, err := s.Describe(ctx, "SELECT * FROM "+from)
	if err != nil {
		return nil, err
	}
	var out []SourceColumn
	for _, c := range d.Columns {
		out = append(out, SourceColumn(c))
	}
	return out, nil
}

func (f *files) Relation(ctx context.Context, _ *engine.Session, q SourceQuery) (string, func(), error) {
	if c := awsapi.CallerFrom(ctx); c.Account != account || c.AccessKeyID != "AKIDOWNER" || !c.Root {
		return "", nil, errors.New("nobody asks")
	}
	if f.hold != nil {
		select {
		case <-f.hold:
		case <-ctx.Done():
			return "", nil, ctx.Err()
		}
	}
	if e := f.fail.Load(); e != nil {
		return "", nil, *e
	}
	sql, err := f.from(q)
	return sql, func() {}, err
}

type world struct {
	*Service
	t      *testing.T
	ctx    context.Context
	engine *engine.Engine
	store  meta.Store
	source *files
	dir    string
	ids    atomic.Int64
}

func newWorld(t *testing.T) *world {
	t.Helper()
	data, err := filepath.Abs("../testdata")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, dir: t.TempDir()}
	w.ctx = awsapi.WithCaller(t.Context(), awsapi.Caller{Account: account, Region: "us-east-1", ARN: "arn:aws:iam::" + account + ":root", AccessKeyID: "AKIDOWNER", Root: true})
	if w.engine, err = engine.Open(engine.Options{TempDir: t.TempDir(), AllowedDirectories: []string{data, w.dir}, Threads: 2}); err != nil {
		t.Fatal(err)
	}
	if w.store, err = sqlite.Open(filepath.Join(t.TempDir(), "tarn.db")); err != nil {
		t.Fatal(err)
	}
	w.source = &files{engine: w.engine, path: data + "/flights.parquet"}
	w.open()
	t.Cleanup(func() {
		ctx := context.Background()
		if err := errors.Join(w.Close(ctx), w.engine.Close(ctx), w.store.Close()); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *world) open() {
	w.t.Helper()
	var err error
	w.Service, err = Open(w.ctx, Options{
		Store: w.store, Engine: w.engine, Sources: map[Kind]Source{Warehouse: w.source, Lake: w.source}, Dir: w.dir, Now: time.Now,
		NewID: func() string { return fmt.Sprintf("id-%d", w.ids.Add(1)) }, Log: slog.New(slog.DiscardHandler),
		Login: func(_ context.Context, _, user, password string) error {
			if password != "secret" {
				return fmt.Errorf("password authentication failed for user %q", user)
			}
			return nil
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) createSource() string {
	w.t.Helper()
	out, err := w.CreateDataSource(w.ctx, &quicksight.CreateDataSourceInput{
		AwsAccountId: new(account), DataSourceId: new("warehouse"), Name: new("Warehouse"), Type: new("REDSHIFT"),
		DataSourceParameters: &quicksight.DataSourceParameters{RedshiftParameters: &quicksight.RedshiftParameters{Host: new("localhost"), Port: new(int32(5439)), Database: new("dev")}},
		Credentials:          &quicksight.DataSourceCredentials{CredentialPair: &quicksight.CredentialPair{Username: new("awsuser"), Password: new("secret")}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return *out.Arn
}

func column(name, kind string) *quicksight.InputColumn {
	return &quicksight.InputColumn{Name: &name, Type: &kind}
}

// flightsSet is a data set over the table, with one transform of each kind.
func flightsSet(source, id, mode string) *quicksight.CreateDataSetInput {
	return &quicksight.CreateDataSetInput{
		AwsAccountId: new(account), DataSetId: &id, Name: new("Flights"), ImportMode: &mode,
		PhysicalTableMap: map[string]*quicksight.PhysicalTable{"t": {RelationalTable: &quicksight.RelationalTable{
			DataSourceArn: &source, Schema: new("public"), Name: new("flights"),
			InputColumns: []*quicksight.InputColumn{column("flight_date", "DATETIME"), column("carrier", "STRING"), column("origin", "STRING"), column("arr_delay", "INTEGER"), column("distance", "INTEGER")},
		}}},
		LogicalTableMap: map[string]*quicksight.LogicalTable{"l": {Alias: new("flights"), Source: &quicksight.LogicalTableSource{PhysicalTableId: new("t")}, DataTransforms: []*quicksight.TransformOperation{
			{RenameColumnOperation: &quicksight.RenameColumnOperation{ColumnName: new("arr_delay"), NewColumnName: new("arrival delay")}},
			{CreateColumnsOperation: &quicksight.CreateColumnsOperation{Columns: []*quicksight.CalculatedColumn{
				{ColumnName: new("late"), ColumnId: new("late"), Expression: new("ifelse({arrival delay} > 15, 'late', 'on time')")},
				{ColumnName: new("label"), ColumnId: new("label"), Expression: new("concat({carrier}, ' ', {late})")},
			}}},
			{CastColumnTypeOperation: &quicksight.CastColumnTypeOperation{ColumnName: new("distance"), NewColumnType: new("DECIMAL")}},
			{FilterOperation: &quicksight.FilterOperation{ConditionExpression: new("isNotNull({arrival delay})")}},
			{ProjectOperation: &quicksight.ProjectOperation{ProjectedColumns: []string{"flight_date", "carrier", "origin", "arrival delay", "distance", "late", "label"}}},
		}}},
	}
}

func (w *world) create(in *quicksight.CreateDataSetInput) *quicksight.CreateDataSetOutput {
	w.t.Helper()
	out, err := w.CreateDataSet(w.ctx, in)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *world) value(id, sql string) string {
	w.t.Helper()
	h, err := w.Open(w.ctx, account, id)
	if err != nil {
		w.t.Fatal(err)
	}
	defer h.Close()
	var v any
	if err := h.Session.QueryRow(w.ctx, strings.ReplaceAll(sql, "ds", h.Relation), nil, &v); err != nil {
		w.t.Fatal(err)
	}
	if f, ok := v.(float64); ok {
		return fmt.Sprintf("%.6f", f)
	}
	return fmt.Sprint(v)
}

func (w *world) await(set, ingestion string) *quicksight.Ingestion {
	w.t.Helper()
	for range 600 {
		out, err := w.DescribeIngestion(w.ctx, &quicksight.DescribeIngestionInput{AwsAccountId: new(account), DataSetId: &set, IngestionId: &ingestion})
		if err != nil {
			w.t.Fatal(err)
		}
		switch *out.Ingestion.IngestionStatus {
		case "COMPLETED", "FAILED", "CANCELLED":
			return out.Ingestion
		}
		time.Sleep(20 * time.Millisecond)
	}
	w.t.Fatal("the ingestion does not end")
	return nil
}

// Both modes give the figures of the data.
func TestFigures(t *testing.T) {
	w := newWorld(t)
	source := w.createSource()
	for _, mode := range []string{"DIRECT_QUERY", "SPICE"} {
		id := strings.ToLower(mode)
		out := w.create(flightsSet(source, id, mode))
		if (out.IngestionId != nil) != (mode == "SPICE") {
			t.Errorf("%s: ingestion %v", mode, out.IngestionId)
		}
		for sql, want := range map[string]string{
			`SELECT count(*) FROM ds`:             "327346",
			`SELECT avg("arrival delay") FROM ds`: "6.895377",
			`SELECT carrier FROM ds GROUP BY 1 ORDER BY avg("arrival delay") DESC LIMIT 1`: "F9",
			`SELECT avg("arrival delay") FROM ds WHERE carrier = 'F9'`:                     "21.920705",
			`SELECT count(*) FROM ds WHERE late = 'late'`:                                  "77630",
			`SELECT typeof(distance) FROM ds LIMIT 1`:                                      "DOUBLE",
			`SELECT count(*) FROM ds WHERE label = 'HA on time'`:                           "299",
		} {
			if got := w.value(id, sql); got != want {
				t.Errorf("%s: %s\n got %s, want %s", mode, sql, got, want)
			}
		}
		d, err := w.DescribeDataSet(w.ctx, &quicksight.DescribeDataSetInput{AwsAccountId: new(account), DataSetId: &id})
		if err != nil {
			t.Fatal(err)
		}
		var columns []string
		for _, c := range d.DataSet.OutputColumns {
			columns = append(columns, *c.Name+" "+*c.Type)
		}
		if got, want := strings.Join(columns, ", "), "flight_date DATETIME, carrier STRING, origin STRING, arrival delay INTEGER, distance DECIMAL, late STRING, label STRING"; got != want {
			t.Errorf("%s: got %s", mode, got)
		}
		if mode == "SPICE" {
			i := w.await(id, *out.IngestionId)
			if *i.IngestionStatus != "COMPLETED" || *i.RowInfo.RowsIngested != 327346 || *i.RequestType != "INITIAL_INGESTION" || *d.DataSet.ConsumedSpiceCapacityInBytes == 0 {
				t.Errorf("got %+v", i)
			}
		}
	}
}

func TestCustomSQLTellsItsColumns(t *testing.T) {
	w := newWorld(t)
	source := w.createSource()
	in := flightsSet(source, "sql", "DIRECT_QUERY")
	in.LogicalTableMap = nil
	in.PhysicalTableMap = map[string]*quicksight.PhysicalTable{"t": {CustomSql: &quicksight.CustomSql{DataSourceArn: &source, Name: new("q"), SqlQuery: new("SELECT carrier, avg(arr_delay) AS mean, min(flight_date) AS first, count(*) AS n FROM flights GROUP BY 1")}}}
	w.create(in)
	columns, err := w.Columns(w.ctx, account, "sql")
	if err != nil || fmt.Sprint(columns) != "[{carrier STRING} {mean DECIMAL} {first DATETIME} {n INTEGER}]" {
		t.Errorf("got %v, %v", columns, err)
	}
	if got := w.value("sql", "SELECT mean FROM ds WHERE carrier = 'AS'"); got != "-9.930889" {
		t.Errorf("got %s", got)
	}
	in.DataSetId = new("broken")
	in.PhysicalTableMap["t"].CustomSql.SqlQuery = new("SELECT nope FROM flights")
	if _, err := w.CreateDataSet(w.ctx, in); err == nil || !strings.Contains(err.Error(), "nope") {
		t.Errorf("got %v", err)
	}
}

// A failing refresh keeps the rows served; a good one replaces them, and the old file goes when its last reader has.
func TestRefresh(t *testing.T) {
	w := newWorld(t)
	out := w.create(flightsSet(w.createSource(), "f", "SPICE"))
	w.await("f", *out.IngestionId)
	h, err := w.Open(w.ctx, account, "f")
	if err != nil {
		t.Fatal(err)
	}
	refresh := func(id string) *quicksight.Ingestion {
		t.Helper()
		if _, err := w.CreateIngestion(w.ctx, &quicksight.CreateIngestionInput{AwsAccountId: new(account), DataSetId: new("f"), IngestionId: &id}); err != nil {
			t.Fatal(err)
		}
		return w.await("f", id)
	}
	broken := error(&engine.Error{Kind: engine.Missing, ObjectType: "Table", Position: -1, Message: "Table flights does not exist"})
	w.source.fail.Store(&broken)
	if i := refresh("bad"); *i.IngestionStatus != "FAILED" || *i.ErrorInfo.Type != "SQL_TABLE_NOT_FOUND" || *i.ErrorInfo.Message != "Table flights does not exist" {
		t.Errorf("got %s %+v", *i.IngestionStatus, i.ErrorInfo)
	}
	if got := w.value("f", "SELECT count(*) FROM ds"); got != "327346" {
		t.Errorf("got %s", got)
	}
	w.source.fail.Store(nil)
	if i := refresh("good"); *i.IngestionStatus != "COMPLETED" {
		t.Errorf("got %+v", i)
	}
	h2, err := w.Open(w.ctx, account, "f")
	if err != nil {
		t.Fatal(err)
	}
	if h2.Version == h.Version {
		t.Error("the pointer did not move")
	}
	if n := w.files(); n != 2 { // one is still read
		t.Errorf("%d files", n)
	}
	var n int64
	if err := h.Session.QueryRow(w.ctx, "SELECT count(*) FROM "+h.Relation, nil, &n); err != nil || n != 327346 {
		t.Errorf("the old generation: %d, %v", n, err)
	}
	if err := errors.Join(h.Close(), h2.Close()); err != nil {
		t.Fatal(err)
	}
	if n := w.files(); n != 1 {
		t.Errorf("%d files", n)
	}
	if _, err := w.CreateIngestion(w.ctx, &quicksight.CreateIngestionInput{AwsAccountId: new(account), DataSetId: new("f"), IngestionId: new("good")}); !awsapi.IsCode(err, "ResourceExistsException") {
		t.Errorf("got %v", err)
	}
	list, err := w.ListIngestions(w.ctx, &quicksight.ListIngestionsInput{AwsAccountId: new(account), DataSetId: new("f"), MaxResults: new(int32(2))})
	if err != nil || len(list.Ingestions) != 2 || *list.Ingestions[0].IngestionId != "good" {
		t.Fatalf("got %v, %v", list, err)
	}
	list, err = w.ListIngestions(w.ctx, &quicksight.ListIngestionsInput{AwsAccountId: new(account), DataSetId: new("f"), MaxResults: new(int32(2)), NextToken: list.NextToken})
	if err != nil || len(list.Ingestions) != 1 || list.NextToken != nil {
		t.Errorf("got %v, %v", list, err)
	}
	if _, err := w.DeleteDataSet(w.ctx, &quicksight.DeleteDataSetInput{AwsAccountId: new(account), DataSetId: new("f")}); err != nil {
		t.Fatal(err)
	}
	if n := w.files(); n != 0 {
		t.Errorf("%d files", n)
	}
}

func (w *world) files() int {
	w.t.Helper()
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		w.t.Fatal(err)
	}
	return len(entries)
}

type refusal struct{ state string }

func (r refusal) Error() string    { return "refused" }
func (r refusal) SQLState() string { return r.state }

// Failures of a source keep their kind.
func TestFailuresAreTold(t *testing.T) {
	w := newWorld(t)
	source := w.createSource()
	for state, want := range map[string]string{"42P01": "SQL_TABLE_NOT_FOUND", "42501": "PERMISSION_DENIED", "22003": "SQL_NUMERIC_OVERFLOW", "XX000": "SQL_EXCEPTION"} {
		w.source.fail.Store(new(error(fmt.Errorf("source: %w", refusal{state}))))
		out := w.create(flightsSet(source, "f"+state, "SPICE"))
		if i := w.await("f"+state, *out.IngestionId); *i.ErrorInfo.Type != want || *i.ErrorInfo.Message != "source: refused" {
			t.Errorf("%s: got %s %s", state, *i.ErrorInfo.Type, *i.ErrorInfo.Message)
		}
	}
	w.source.fail.Store(nil)
	in := flightsSet(source, "column", "SPICE")
	in.PhysicalTableMap["t"].RelationalTable.InputColumns = append(in.PhysicalTableMap["t"].RelationalTable.InputColumns, column("carier", "STRING"))
	if i := w.await("column", *w.create(in).IngestionId); *i.ErrorInfo.Type != "SQL_SCHEMA_MISMATCH_ERROR" || *i.ErrorInfo.Message != "the source has no column carier (did you mean carrier?)" {
		t.Errorf("got %s %s", *i.ErrorInfo.Type, *i.ErrorInfo.Message)
	}
	in.DataSetId, in.ImportMode = new("direct"), new("DIRECT_QUERY")
	w.create(in)
	h, err := w.Open(w.ctx, account, "direct")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	_, err = h.Session.Query(w.ctx, "SELECT * FROM "+h.Relation)
	if err = h.Explain(w.ctx, err); err == nil || err.Error() != "the source has no column carier (did you mean carrier?)" {
		t.Errorf("got %v", err)
	}
}

// A second ingestion waits for the first, and both can be cancelled.
func TestQueueAndCancel(t *testing.T) {
	w := newWorld(t)
	w.source.hold = make(chan struct{})
	out := w.create(flightsSet(w.createSource(), "f", "SPICE"))
	if _, err := w.CreateIngestion(w.ctx, &quicksight.CreateIngestionInput{AwsAccountId: new(account), DataSetId: new("f"), IngestionId: new("second")}); err != nil {
		t.Fatal(err)
	}
	status := func(id string) (string, *quicksight.QueueInfo) {
		o, err := w.DescribeIngestion(w.ctx, &quicksight.DescribeIngestionInput{AwsAccountId: new(account), DataSetId: new("f"), IngestionId: &id})
		if err != nil {
			t.Fatal(err)
		}
		return *o.Ingestion.IngestionStatus, o.Ingestion.QueueInfo
	}
	for range 200 {
		a, _ := status(*out.IngestionId)
		b, q := status("second")
		if a == "RUNNING" && b == "QUEUED" && q != nil && *q.WaitingOnIngestion == *out.IngestionId {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if b, q := status("second"); b != "QUEUED" || q == nil {
		t.Errorf("second is %s", b)
	}
	for _, id := range []string{*out.IngestionId, "second"} {
		if _, err := w.CancelIngestion(w.ctx, &quicksight.CancelIngestionInput{AwsAccountId: new(account), DataSetId: new("f"), IngestionId: &id}); err != nil {
			t.Fatal(err)
		}
		if i := w.await("f", id); *i.IngestionStatus != "CANCELLED" || *i.ErrorInfo.Type != "INGESTION_CANCELED" {
			t.Errorf("%s: got %+v", id, i)
		}
	}
	if _, err := w.Open(w.ctx, account, "f"); err == nil || !strings.Contains(err.Error(), "has no rows yet") {
		t.Errorf("got %v", err)
	}
	if n := w.files(); n != 0 {
		t.Errorf("%d files", n)
	}
}

// An edit serves the old rows until the new ones are there.
func TestUpdate(t *testing.T) {
	w := newWorld(t)
	in := flightsSet(w.createSource(), "f", "SPICE")
	w.await("f", *w.create(in).IngestionId)
	in.LogicalTableMap["l"].DataTransforms[3].FilterOperation.ConditionExpression = new("{carrier} = 'HA'")
	up := &quicksight.UpdateDataSetInput{AwsAccountId: new(account), DataSetId: new("f"), Name: new("Hawaiian"), ImportMode: new("SPICE"), PhysicalTableMap: in.PhysicalTableMap, LogicalTableMap: in.LogicalTableMap}
	out, err := w.UpdateDataSet(w.ctx, up)
	if err != nil {
		t.Fatal(err)
	}
	if i := w.await("f", *out.IngestionId); *i.RequestType != "EDIT" || *i.RowInfo.TotalRowsInDataset != 342 {
		t.Errorf("got %+v", i)
	}
	up.ImportMode = new("DIRECT_QUERY")
	if _, err := w.UpdateDataSet(w.ctx, up); err != nil {
		t.Fatal(err)
	}
	if n := w.files(); n != 0 {
		t.Errorf("%d files", n)
	}
	if got := w.value("f", "SELECT count(*) FROM ds"); got != "342" {
		t.Errorf("got %s", got)
	}
}

// After a start, rows are served as before, files that nothing points to go, and what ran is marked failed.
func TestRestart(t *testing.T) {
	w := newWorld(t)
	w.await("f", *w.create(flightsSet(w.createSource(), "f", "SPICE")).IngestionId)
	if err := os.WriteFile(filepath.Join(w.dir, "half.duckdb"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	left := &ingestionRecord{Account: account, DataSet: "f", Ingestion: quicksight.Ingestion{IngestionId: new("left"), IngestionStatus: new("RUNNING"), CreatedTime: &awsapi.Time{Time: time.Now()}}}
	if err := w.store.Update(w.ctx, func(tx meta.Tx) error { return tx.Put(ingestionKind, left.key(), left) }); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(w.ctx); err != nil {
		t.Fatal(err)
	}
	w.open()
	if i := w.await("f", "left"); *i.IngestionStatus != "FAILED" {
		t.Errorf("got %+v", i)
	}
	if n := w.files(); n != 1 {
		t.Errorf("%d files", n)
	}
	if got := w.value("f", "SELECT count(*) FROM ds"); got != "327346" {
		t.Errorf("got %s", got)
	}
}

// Readers that come and go while refreshes replace the rows never see anything but a whole data set.
func TestReadersDuringRefreshes(t *testing.T) {
	w := newWorld(t)
	w.await("f", *w.create(flightsSet(w.createSource(), "f", "SPICE")).IngestionId)
	ctx, stop := context.WithCancel(w.ctx)
	var readers sync.WaitGroup
	var reads atomic.Int64
	for range 3 {
		readers.Go(func() {
			for ctx.Err() == nil {
				h, err := w.Open(w.ctx, account, "f")
				if err != nil {
					t.Error(err)
					return
				}
				var n int64
				err = h.Session.QueryRow(w.ctx, "SELECT count(*) FROM "+h.Relation, nil, &n)
				if err := errors.Join(err, h.Close()); err != nil || n != 327346 {
					t.Errorf("read %d: %v", n, err)
					return
				}
				reads.Add(1)
			}
		})
	}
	for i := range 4 {
		id := fmt.Sprintf("r%d", i)
		if _, err := w.CreateIngestion(w.ctx, &quicksight.CreateIngestionInput{AwsAccountId: new(account), DataSetId: new("f"), IngestionId: &id}); err != nil {
			t.Fatal(err)
		}
		if got := w.await("f", id); *got.IngestionStatus != "COMPLETED" {
			t.Errorf("got %+v", got.ErrorInfo)
		}
	}
	stop()
	readers.Wait()
	if n := w.files(); n != 1 {
		t.Errorf("%d files after %d reads", n, reads.Load())
	}
}

func TestDataSources(t *testing.T) {
	w := newWorld(t)
	arn := w.createSource()
	d, err := w.DescribeDataSource(w.ctx, &quicksight.DescribeDataSourceInput{AwsAccountId: new(account), DataSourceId: new("warehouse")})
	if err != nil || *d.DataSource.Arn != arn || *d.DataSource.Status != "CREATION_SUCCESSFUL" || arn != "arn:aws:quicksight:us-east-1:000000000000:datasource/warehouse" {
		t.Errorf("got %+v, %v", d, err)
	}
	create := func(id, kind string, p *quicksight.DataSourceParameters, c *quicksight.DataSourceCredentials) (string, error) {
		_, err := w.CreateDataSource(w.ctx, &quicksight.CreateDataSourceInput{AwsAccountId: new(account), DataSourceId: &id, Name: &id, Type: &kind, DataSourceParameters: p, Credentials: c})
		if err != nil {
			return "", err
		}
		d, err := w.DescribeDataSource(w.ctx, &quicksight.DescribeDataSourceInput{AwsAccountId: new(account), DataSourceId: &id})
		if err != nil {
			return "", err
		}
		if d.DataSource.ErrorInfo != nil {
			return *d.DataSource.Status + " " + *d.DataSource.ErrorInfo.Type, nil
		}
		return *d.DataSource.Status, nil
	}
	redshift := func(host string) *quicksight.DataSourceParameters {
		return &quicksight.DataSourceParameters{RedshiftParameters: &quicksight.RedshiftParameters{Host: &host, Port: new(int32(5439)), Database: new("dev")}}
	}
	pair := func(password string) *quicksight.DataSourceCredentials {
		return &quicksight.DataSourceCredentials{CredentialPair: &quicksight.CredentialPair{Username: new("awsuser"), Password: &password}}
	}
	for _, c := range []struct {
		id, kind    string
		parameters  *quicksight.DataSourceParameters
		credentials *quicksight.DataSourceCredentials
		want        string
	}{
		{"lake", "ATHENA", nil, nil, "CREATION_SUCCESSFUL"},
		{"elsewhere", "REDSHIFT", redshift("prod.example.com"), nil, "CREATION_FAILED UNKNOWN_HOST"},
		{"wrong", "REDSHIFT", redshift("127.0.0.1"), pair("guess"), "CREATION_FAILED ACCESS_DENIED"},
	} {
		if got, err := create(c.id, c.kind, c.parameters, c.credentials); got != c.want || err != nil {
			t.Errorf("%s: got %s, %v", c.id, got, err)
		}
	}
	if _, err := create("pg", "POSTGRESQL", nil, nil); !awsapi.IsCode(err, "InvalidParameterValueException") {
		t.Errorf("got %v", err)
	}
	if _, err := create("lake", "ATHENA", nil, nil); !awsapi.IsCode(err, "ResourceExistsException") {
		t.Errorf("got %v", err)
	}
	if _, err := w.CreateDataSet(w.ctx, flightsSet("arn:aws:quicksight:us-east-1:000000000000:datasource/wrong", "x", "SPICE")); err == nil || !strings.Contains(err.Error(), "cannot be used: password authentication failed") {
		t.Errorf("got %v", err)
	}
	first, err := w.ListDataSources(w.ctx, &quicksight.ListDataSourcesInput{AwsAccountId: new(account), MaxResults: new(int32(3))})
	if err != nil || len(first.DataSources) != 3 || first.NextToken == nil {
		t.Fatalf("got %+v, %v", first, err)
	}
	rest, err := w.ListDataSources(w.ctx, &quicksight.ListDataSourcesInput{AwsAccountId: new(account), MaxResults: new(int32(3)), NextToken: first.NextToken})
	if err != nil || len(rest.DataSources) != 1 || rest.NextToken != nil {
		t.Errorf("got %+v, %v", rest, err)
	}
	if _, err := w.ListDataSources(w.ctx, &quicksight.ListDataSourcesInput{AwsAccountId: new(account), NextToken: new("bogus")}); !awsapi.IsCode(err, "InvalidNextTokenException") {
		t.Errorf("got %v", err)
	}
	if _, err := w.ListDataSources(w.ctx, &quicksight.ListDataSourcesInput{AwsAccountId: new("111111111111")}); !awsapi.IsCode(err, "AccessDeniedException") {
		t.Errorf("got %v", err)
	}
	grant := []*quicksight.ResourcePermission{{Principal: new("p"), Actions: []string{"quicksight:DescribeDataSource", "quicksight:PassDataSource"}}}
	if _, err := w.UpdateDataSourcePermissions(w.ctx, &quicksight.UpdateDataSourcePermissionsInput{AwsAccountId: new(account), DataSourceId: new("lake"), GrantPermissions: grant}); err != nil {
		t.Fatal(err)
	}
	p, err := w.DescribeDataSourcePermissions(w.ctx, &quicksight.DescribeDataSourcePermissionsInput{AwsAccountId: new(account), DataSourceId: new("lake")})
	if err != nil || len(p.Permissions) != 1 || len(p.Permissions[0].Actions) != 2 {
		t.Errorf("got %+v, %v", p, err)
	}
	if _, err := w.TagResource(w.ctx, &quicksight.TagResourceInput{ResourceArn: &arn, Tags: []*quicksight.Tag{{Key: new("team"), Value: new("data")}}}); err != nil {
		t.Fatal(err)
	}
	tags, err := w.ListTagsForResource(w.ctx, &quicksight.ListTagsForResourceInput{ResourceArn: &arn})
	if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Value != "data" {
		t.Errorf("got %+v, %v", tags, err)
	}
	if _, err := w.DeleteDataSource(w.ctx, &quicksight.DeleteDataSourceInput{AwsAccountId: new(account), DataSourceId: new("warehouse")}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.ListTagsForResource(w.ctx, &quicksight.ListTagsForResourceInput{ResourceArn: &arn}); !awsapi.IsCode(err, "ResourceNotFoundException") {
		t.Errorf("got %v", err)
	}
}

// What a data set asks for is done or refused, never ignored; mistakes are placed.
func TestRefusals(t *testing.T) {
	w := newWorld(t)
	source := w.createSource()
	for name, c := range map[string]struct {
		change func(in *quicksight.CreateDataSetInput)
		want   string
	}{
		"row-level": {func(in *quicksight.CreateDataSetInput) {
			in.RowLevelPermissionDataSet = &quicksight.RowLevelPermissionDataSet{Arn: new("x"), PermissionPolicy: new("GRANT_ACCESS")}
		}, "Row-level permissions of a data set are not supported yet"},
		"expression": {func(in *quicksight.CreateDataSetInput) {
			in.LogicalTableMap["l"].DataTransforms[1].CreateColumnsOperation.Columns[0].Expression = new("ifelse({arr_delay} > 15, 'late', 'on time')")
		}, `DataTransforms[1]: Column late: line 1, column 8: there is no field named "arr_delay"`},
		"aggregate": {func(in *quicksight.CreateDataSetInput) {
			in.LogicalTableMap["l"].DataTransforms[1].CreateColumnsOperation.Columns[0].Expression = new("sum({distance})")
		}, "cannot be an aggregate"},
		"project": {func(in *quicksight.CreateDataSetInput) {
			in.LogicalTableMap["l"].DataTransforms[4].ProjectOperation.ProjectedColumns = []string{"carier"}
		}, "DataTransforms[4]: There is no column named carier Did you mean carrier?"},
		"source": {func(in *quicksight.CreateDataSetInput) {
			in.PhysicalTableMap["t"].RelationalTable.DataSourceArn = new("arn:aws:quicksight:us-east-1:000000000000:datasource/none")
		}, "Data source none is not found"},
		"s3": {func(in *quicksight.CreateDataSetInput) {
			in.PhysicalTableMap["t"] = &quicksight.PhysicalTable{S3Source: &quicksight.S3Source{DataSourceArn: &source}}
		}, "Physical table t is an S3Source, which is not supported yet"},
		"folder": {func(in *quicksight.CreateDataSetInput) {
			in.FieldFolders = map[string]*quicksight.FieldFolder{"Where": {Columns: []string{"origin", "destiny"}}}
		}, "FieldFolders[Where]: There is no column named destiny"},
		"duplicate": {func(in *quicksight.CreateDataSetInput) {
			in.PhysicalTableMap["t"].RelationalTable.InputColumns = append(in.PhysicalTableMap["t"].RelationalTable.InputColumns, column("Carrier", "STRING"))
		}, "Column Carrier is declared twice"},
	} {
		in := flightsSet(source, "x", "SPICE")
		c.change(in)
		if _, err := w.CreateDataSet(w.ctx, in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
