package warehouse

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestServe drives warehouse, engine and protocol together, as a client on the network does.
func TestServe(t *testing.T) {
	w := newWorld(t)
	address := w.listen()
	dial := func(user, password, database string) (*pgconn.PgConn, error) {
		config, err := pgconn.ParseConfig(address + "&application_name=test")
		if err != nil {
			t.Fatal(err)
		}
		config.User, config.Password, config.Database = user, password, database
		return pgconn.ConnectConfig(t.Context(), config)
	}
	c, err := dial("awsuser", "Secret123", "dev")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	if got := c.ParameterStatus("show_discovery") + c.ParameterStatus("application_name") + c.ParameterStatus("is_superuser"); got != "4teston" {
		t.Errorf("parameters %q", got)
	}
	for user, code := range map[string]string{"nobody": "28P01", "awsuser": "28P01"} {
		if _, err := dial(user, "wrong", "dev"); sqlState(err) != code {
			t.Errorf("%s: %v", user, err)
		}
	}
	if _, err := dial("awsuser", "Secret123", "none"); sqlState(err) != "3D000" {
		t.Errorf("a database that is not there: %v", err)
	}
	temporary, err := w.CreateTemporaryLogin(t.Context(), "IAMA:ann", "ann", true, nil, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	a, err := dial(temporary.User, temporary.Password, "dev")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close(context.Background())
	if r, err := a.Exec(t.Context(), "select current_user").ReadAll(); err != nil || string(r[0].Rows[0][0]) != "ann" {
		t.Errorf("%v %v", r, err)
	}

	rs, err := c.Exec(t.Context(), "create table t (a int, b varchar(3), c char(4), d float8, e decimal(6,2)); insert into t values (1, 'x', 'y', 0.1, 2); select * from t").ReadAll()
	if err != nil || string(rs[1].CommandTag.String()) != "INSERT 0 1" {
		t.Fatalf("%v %v", rs, err)
	}
	var row []string
	for _, v := range rs[2].Rows[0] {
		row = append(row, string(v))
	}
	if got := join(row); got != "1, x, y   , 0.1, 2.00" {
		t.Errorf("row %q", got)
	}
	r := c.ExecParams(t.Context(), "select a + $1::int from t where b = $2", [][]byte{[]byte("41"), []byte("x")}, nil, nil, []int16{1}).Read()
	if r.Err != nil || string(r.Rows[0][0]) != "\x00\x00\x00\x2a" {
		t.Errorf("%v", r)
	}
	if err := c.Exec(t.Context(), "select * from t where b = nope").Close(); sqlState(err) != "42703" {
		t.Errorf("got %v", err)
	}

	// A cancel request ends what runs, and nothing after it.
	running := make(chan error)
	go func() {
		running <- c.Exec(context.Background(), "select count(*) from generate_series(1, 100000000) a(x), generate_series(1, 100000) b(y) where a.x % 7 = b.y % 11").Close()
	}()
	time.Sleep(300 * time.Millisecond)
	if err := c.CancelRequest(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-running; sqlState(err) != "57014" {
		t.Errorf("got %v", err)
	}
	if err := c.Exec(t.Context(), "select 1").Close(); err != nil {
		t.Error(err)
	}
	// An administrator ends a session.
	if err := c.Exec(t.Context(), "select pg_terminate_backend(process) from stv_sessions where trim(user_name) = 'ann'").Close(); err != nil {
		t.Error(err)
	}
	if err := a.Exec(t.Context(), "select 1").Close(); err == nil {
		t.Error("the session that was ended goes on")
	}
}

func sqlState(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}
