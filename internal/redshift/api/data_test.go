package api

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tarn/api/redshift"
	"tarn/api/redshiftdata"
	"tarn/internal/awsapi"
	"tarn/internal/engine"
	"tarn/internal/meta"
	"tarn/internal/meta/sqlite"
	"tarn/internal/redshift/warehouse"
)

var _ interface {
	DescribeClusters(context.Context, *redshift.DescribeClustersInput) (*redshift.DescribeClustersOutput, error)
} = (*Cluster)(nil)

var _ redshiftdata.Service = (*Data)(nil)

type world struct {
	*Data
	t       *testing.T
	cluster *Cluster
	meta    meta.Store
	wh      *warehouse.Warehouse
	dir     string
	now     time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), now: time.Now()}
	store, err := sqlite.Open(filepath.Join(w.dir, "tarn.db"))
	if err != nil {
		t.Fatal(err)
	}
	w.meta = store
	e, err := engine.Open(engine.Options{TempDir: filepath.Join(w.dir, "spill"), AllowedDirectories: []string{w.dir}, MemoryLimit: 512 << 20, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	w.wh, err = warehouse.Open(t.Context(), warehouse.Options{Dir: filepath.Join(w.dir, "warehouse"), Engine: e, Meta: store, MasterPassword: func() string { return "Secret123" }})
	if err != nil {
		t.Fatal(err)
	}
	w.start()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if err := w.Data.Close(ctx); err != nil {
			t.Error(err)
		}
		if err := e.Close(ctx); err != nil {
			t.Error(err)
		}
		store.Close()
	})
	return w
}

func (w *world) options() Options {
	return Options{Warehouse: w.wh, Meta: w.meta, Dir: filepath.Join(w.dir, "results"), Endpoint: func() (string, int) { return "localhost", 5439 },
		Now: func() time.Time { return w.now.Add(time.Since(w.now)) }}
}

func (w *world) start() {
	w.t.Helper()
	d, err := NewData(w.t.Context(), w.options())
	if err != nil {
		w.t.Fatal(err)
	}
	w.Data, w.cluster = d, NewCluster(w.options())
}

func as(t *testing.T, arn string) context.Context {
	return awsapi.WithCaller(t.Context(), awsapi.Caller{Account: "000000000000", ARN: arn, Root: strings.HasSuffix(arn, ":root")})
}

func root(t *testing.T) context.Context { return as(t, "arn:aws:iam::000000000000:root") }

// exec runs a statement to its end.
func (w *world) exec(ctx context.Context, sql string, params ...string) *redshiftdata.DescribeStatementOutput {
	w.t.Helper()
	in := &redshiftdata.ExecuteStatementInput{Sql: &sql, ClusterIdentifier: new("tarn"), Database: new("dev")}
	for i := 0; i < len(params); i += 2 {
		in.Parameters = append(in.Parameters, &redshiftdata.SqlParameter{Name: &params[i], Value: &params[i+1]})
	}
	out, err := w.ExecuteStatement(ctx, in)
	if err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	d, err := w.DescribeStatement(ctx, &redshiftdata.DescribeStatementInput{Id: out.Id, WaitTimeSeconds: new(int32(20))})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *world) rows(ctx context.Context, id *string) string {
	w.t.Helper()
	var out []string
	var token *string
	for {
		page, err := w.GetStatementResult(ctx, &redshiftdata.GetStatementResultInput{Id: id, NextToken: token})
		if err != nil {
			w.t.Fatal(err)
		}
		for _, r := range page.Records {
			var parts []string
			for _, f := range r {
				if f.IsNull != nil {
					parts = append(parts, "NULL")
				} else {
					parts = append(parts, plain(f))
				}
			}
			out = append(out, strings.Join(parts, "|"))
		}
		if token = page.NextToken; token == nil {
			return strings.Join(out, "\n")
		}
	}
}

func TestExecuteStatement(t *testing.T) {
	w := newWorld(t)
	ctx := root(t)
	if d := w.exec(ctx, "create table t (a int not null, b varchar(10), c decimal(8,2), d date, e boolean, f float)"); *d.Status != finished || *d.HasResultSet || *d.ResultRows != -1 {
		t.Errorf("create: %+v", d)
	}
	if d := w.exec(ctx, "insert into t values (1, 'x', 1.5, '2024-01-02', true, 0.5), (2, null, null, null, null, null)"); *d.ResultRows != 2 || *d.HasResultSet {
		t.Errorf("insert: %+v", *d.ResultRows)
	}
	d := w.exec(ctx, "select * from t where a >= :low and (b = :word or b is null) order by a", "low", "1", "word", "x")
	if *d.Status != finished || !*d.HasResultSet || *d.ResultRows != 2 || *d.DbUser != "awsuser" {
		t.Fatalf("select: %s %s", *d.Status, awsapi.Val(d.Error))
	}
	if got := w.rows(ctx, d.Id); got != "1|x|1.50|2024-01-02|true|0.5\n2|NULL|NULL|NULL|NULL|NULL" {
		t.Errorf("rows %q", got)
	}
	page, err := w.GetStatementResult(ctx, &redshiftdata.GetStatementResultInput{Id: d.Id})
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, c := range page.ColumnMetadata {
		types = append(types, fmt.Sprintf("%s %s %d %d %d", *c.Name, *c.TypeName, *c.Length, *c.Precision, *c.Nullable))
	}
	if got := strings.Join(types, ", "); got != "a int4 0 10 0, b varchar 10 10 1, c numeric 0 8 1, d date 0 13 1, e bool 0 1 1, f float8 0 17 1" {
		t.Errorf("columns %s", got)
	}

	d = w.exec(ctx, "select nope from t")
	if *d.Status != failed || !strings.HasPrefix(*d.Error, `ERROR: column "nope" does not exist`) {
		t.Errorf("a wrong column gave %s %q", *d.Status, awsapi.Val(d.Error))
	}
	if _, err := w.GetStatementResult(ctx, &redshiftdata.GetStatementResultInput{Id: d.Id}); !awsapi.IsCode(err, "ResourceNotFoundException") {
		t.Errorf("a failed statement's result gave %v", err)
	}
	if d := w.exec(ctx, "select 1; select 2"); *d.Status != failed || !strings.Contains(*d.Error, "cannot insert multiple commands") {
		t.Errorf("two statements gave %s %v", *d.Status, awsapi.Val(d.Error))
	}

	// Many rows come in pages.
	d = w.exec(ctx, "select n from generate_series(1, 2500) as g(n) order by n")
	if got := strings.Count(w.rows(ctx, d.Id), "\n"); got != 2499 {
		t.Errorf("%d rows", got+1)
	}
	list, err := w.ListStatements(ctx, &redshiftdata.ListStatementsInput{MaxResults: new(int32(2))})
	if err != nil || len(list.Statements) != 2 || list.NextToken == nil || !strings.Contains(*list.Statements[0].QueryString, "generate_series") {
		t.Errorf("list %v %v", list, err)
	}
	if other, err := w.ListStatements(as(t, "arn:aws:iam::000000000000:user/eve"), &redshiftdata.ListStatementsInput{}); err != nil || len(other.Statements) != 0 {
		t.Errorf("another's list %v %v", other, err)
	}
	if _, err := w.DescribeStatement(as(t, "arn:aws:iam::000000000000:user/eve"), &redshiftdata.DescribeStatementInput{Id: d.Id}); !awsapi.IsCode(err, "ResourceNotFoundException") {
		t.Errorf("another's statement gave %v", err)
	}
}

func TestBadRequests(t *testing.T) {
	w := newWorld(t)
	ctx := root(t)
	one := func(change func(*redshiftdata.ExecuteStatementInput)) error {
		in := &redshiftdata.ExecuteStatementInput{Sql: new("select :a::int"), ClusterIdentifier: new("tarn"), Database: new("dev"),
			Parameters: []*redshiftdata.SqlParameter{{Name: new("a"), Value: new("1")}}}
		change(in)
		_, err := w.ExecuteStatement(ctx, in)
		return err
	}
	for _, c := range []struct {
		change func(*redshiftdata.ExecuteStatementInput)
		want   string
	}{
		{func(in *redshiftdata.ExecuteStatementInput) { in.ClusterIdentifier = new("other") }, "Redshift endpoint doesn't exist"},
		{func(in *redshiftdata.ExecuteStatementInput) { in.WorkgroupName = new("w") }, "can't both be given"},
		{func(in *redshiftdata.ExecuteStatementInput) { in.ClusterIdentifier = nil }, "must be given"},
		{func(in *redshiftdata.ExecuteStatementInput) { in.Database = new("none") }, `database "none" does not exist`},
		{func(in *redshiftdata.ExecuteStatementInput) { in.DbUser = new("nobody") }, `user "nobody" does not exist`},
		{func(in *redshiftdata.ExecuteStatementInput) { in.Parameters = nil }, "missing parameters"},
		{func(in *redshiftdata.ExecuteStatementInput) { in.Sql = new("select 1") }, "unused parameters"},
		{func(in *redshiftdata.ExecuteStatementInput) {
			in.Sql = new("select '" + strings.Repeat("x", maxSQL) + "', :a")
		}, "100kB"},
	} {
		err := one(c.change)
		if !awsapi.IsCode(err, "ValidationException") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

func TestBatch(t *testing.T) {
	w := newWorld(t)
	ctx := root(t)
	batch := func(mode string, sqls ...string) *redshiftdata.DescribeStatementOutput {
		t.Helper()
		in := &redshiftdata.BatchExecuteStatementInput{Sqls: sqls, ClusterIdentifier: new("tarn"), Database: new("dev"), WaitTimeSeconds: new(int32(20))}
		if mode != "" {
			in.ExecutionMode = &mode
		}
		out, err := w.BatchExecuteStatement(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		d, err := w.DescribeStatement(ctx, &redshiftdata.DescribeStatementInput{Id: out.Id})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	statuses := func(d *redshiftdata.DescribeStatementOutput) string {
		out := *d.Status
		for _, s := range d.SubStatements {
			out += " " + *s.Status
		}
		return out
	}
	d := batch("", "create table b (a int)", "insert into b values (1)", "select count(*) from b")
	if got := statuses(d); got != "FINISHED FINISHED FINISHED FINISHED" {
		t.Errorf("%s %s", got, awsapi.Val(d.Error))
	}
	if got := w.rows(ctx, d.SubStatements[2].Id); got != "1" {
		t.Errorf("count %s", got)
	}
	d = batch("", "insert into b values (2)", "insert into none values (1)", "insert into b values (3)")
	if got := statuses(d); got != "FAILED FINISHED FAILED ABORTED" || !strings.Contains(*d.Error, "Query #2 failed") {
		t.Errorf("%s %s", got, awsapi.Val(d.Error))
	}
	if got := w.rows(ctx, w.exec(ctx, "select count(*) from b").Id); got != "1" {
		t.Errorf("after a failed batch there are %s rows", got)
	}
	d = batch("AUTO_COMMIT", "insert into b values (2)", "insert into none values (1)", "insert into b values (3)")
	if got := statuses(d); got != "FAILED FINISHED FAILED FINISHED" {
		t.Error(got)
	}
	if got := w.rows(ctx, w.exec(ctx, "select count(*) from b").Id); got != "3" {
		t.Errorf("after single commits there are %s rows", got)
	}
}

func TestSessions(t *testing.T) {
	w := newWorld(t)
	ctx := root(t)
	out, err := w.ExecuteStatement(ctx, &redshiftdata.ExecuteStatementInput{Sql: new("create temp table s as select 7 as n"), ClusterIdentifier: new("tarn"), Database: new("dev"),
		SessionKeepAliveSeconds: new(int32(60)), WaitTimeSeconds: new(int32(20))})
	if err != nil || out.SessionId == nil {
		t.Fatal(out, err)
	}
	again, err := w.ExecuteStatement(ctx, &redshiftdata.ExecuteStatementInput{Sql: new("select n from s"), SessionId: out.SessionId, WaitTimeSeconds: new(int32(20))})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.rows(ctx, again.Id); got != "7" {
		t.Errorf("got %s", got)
	}
	list, err := w.ListSessions(ctx, &redshiftdata.ListSessionsInput{})
	if err != nil || len(list.Sessions) != 1 || *list.Sessions[0].Status != "AVAILABLE" {
		t.Errorf("%v %v", list, err)
	}
	if _, err := w.ExecuteStatement(ctx, &redshiftdata.ExecuteStatementInput{Sql: new("select 1"), SessionId: out.SessionId, Database: new("dev")}); !awsapi.IsCode(err, "ValidationException") {
		t.Errorf("got %v", err)
	}
}

func TestCancel(t *testing.T) {
	w := newWorld(t)
	ctx := root(t)
	out, err := w.ExecuteStatement(ctx, &redshiftdata.ExecuteStatementInput{ClusterIdentifier: new("tarn"), Database: new("dev"),
		Sql: new("select count(*) from generate_series(1, 100000000) a(x), generate_series(1, 100000) b(y) where a.x % 7 = b.y % 11")})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	if _, err := w.CancelStatement(ctx, &redshiftdata.CancelStatementInput{Id: out.Id}); err != nil {
		t.Fatal(err)
	}
	d, err := w.DescribeStatement(ctx, &redshiftdata.DescribeStatementInput{Id: out.Id, WaitTimeSeconds: new(int32(20))})
	if err != nil || *d.Status != aborted || !strings.Contains(*d.Error, "cancelled") {
		t.Errorf("%v %s %s", err, *d.Status, awsapi.Val(d.Error))
	}
	if _, err := w.CancelStatement(ctx, &redshiftdata.CancelStatementInput{Id: out.Id}); !awsapi.IsCode(err, "ValidationException") {
		t.Errorf("a second cancel gave %v", err)
	}
}

func TestMetadata(t *testing.T) {
	w := newWorld(t)
	ctx := root(t)
	w.exec(ctx, "create schema s")
	w.exec(ctx, "create table s.t (a int not null, b varchar(10) default 'x', c decimal(8,2))")
	w.exec(ctx, "create view s.v as select a from s.t")
	dbs, err := w.ListDatabases(ctx, &redshiftdata.ListDatabasesInput{ClusterIdentifier: new("tarn"), Database: new("dev")})
	if err != nil || fmt.Sprint(dbs.Databases) != "[dev]" {
		t.Errorf("%v %v", dbs, err)
	}
	schemas, err := w.ListSchemas(ctx, &redshiftdata.ListSchemasInput{ClusterIdentifier: new("tarn"), Database: new("dev"), SchemaPattern: new("s%")})
	if err != nil || fmt.Sprint(schemas.Schemas) != "[s]" {
		t.Errorf("%v %v", schemas, err)
	}
	tables, err := w.ListTables(ctx, &redshiftdata.ListTablesInput{ClusterIdentifier: new("tarn"), Database: new("dev"), SchemaPattern: new("s")})
	if err != nil || len(tables.Tables) != 2 || *tables.Tables[0].Type != "TABLE" || *tables.Tables[1].Type != "VIEW" {
		t.Errorf("%v %v", tables, err)
	}
	d, err := w.DescribeTable(ctx, &redshiftdata.DescribeTableInput{ClusterIdentifier: new("tarn"), Database: new("dev"), Schema: new("s"), Table: new("t")})
	if err != nil || len(d.ColumnList) != 3 || *d.ColumnList[1].TypeName != "varchar" || *d.ColumnList[1].Length != 10 || *d.ColumnList[2].Scale != 2 || *d.ColumnList[0].Nullable != 0 {
		t.Errorf("%+v %v", d, err)
	}
}

func TestIdentities(t *testing.T) {
	w := newWorld(t)
	w.exec(root(t), "create table secret (a int)")
	eve := as(t, "arn:aws:sts::000000000000:assumed-role/reader/x")
	d := w.exec(eve, "select current_user")
	if got := w.rows(eve, d.Id); got != "IAMR:reader" {
		t.Errorf("user %s", got)
	}
	if d := w.exec(eve, "select * from secret"); *d.Status != failed || !strings.Contains(*d.Error, "permission denied for relation secret") {
		t.Errorf("%s %s", *d.Status, awsapi.Val(d.Error))
	}
}

func TestRestart(t *testing.T) {
	w := newWorld(t)
	ctx := root(t)
	d := w.exec(ctx, "select 42")
	// A statement that was running when the process died.
	r, _, err := w.load(ctx, *d.Id)
	if err != nil {
		t.Fatal(err)
	}
	r.ID, r.Status, r.Subs[0].Status = "11111111-1111-4111-8111-111111111111", started, started
	if err := w.save(ctx, &r); err != nil {
		t.Fatal(err)
	}
	w.start()
	if got := w.rows(ctx, d.Id); got != "42" {
		t.Errorf("after a restart the result is %q", got)
	}
	died, err := w.DescribeStatement(ctx, &redshiftdata.DescribeStatementInput{Id: &r.ID})
	if err != nil || *died.Status != failed || !strings.Contains(*died.Error, "stopped") {
		t.Errorf("%+v %v", died, err)
	}
}

func TestCluster(t *testing.T) {
	w := newWorld(t)
	ctx := root(t)
	out, err := w.cluster.DescribeClusters(ctx, &redshift.DescribeClustersInput{})
	if err != nil || *out.Clusters[0].Endpoint.Port != 5439 || *out.Clusters[0].ClusterStatus != "available" {
		t.Errorf("%v %v", out, err)
	}
	if _, err := w.cluster.DescribeClusters(ctx, &redshift.DescribeClustersInput{ClusterIdentifier: new("x")}); !awsapi.IsCode(err, "ClusterNotFound") {
		t.Errorf("got %v", err)
	}
	c, err := w.cluster.GetClusterCredentials(ctx, &redshift.GetClusterCredentialsInput{ClusterIdentifier: new("tarn"), DbUser: new("temp"), AutoCreate: new(true)})
	if err != nil || *c.DbUser != "IAMA:temp" {
		t.Fatal(c, err)
	}
	if ok, err := w.wh.CheckPassword(ctx, *c.DbUser, *c.DbPassword); err != nil || !ok {
		t.Errorf("the temporary password is wrong: %v", err)
	}
	if ok, _ := w.wh.CheckPassword(ctx, *c.DbUser, "no"); ok {
		t.Error("any password is right")
	}
	if _, err := w.cluster.GetClusterCredentials(ctx, &redshift.GetClusterCredentialsInput{DbUser: new("ghost")}); !awsapi.IsCode(err, "RedshiftInvalidParameter") {
		t.Errorf("got %v", err)
	}
}
