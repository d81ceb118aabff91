package warehouse

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"tarn/internal/redshift/wire"
)

// listen serves a world to the network and returns a connection string.
func (w *world) listen() string {
	w.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	srv := &wire.Server{Backend: w.Warehouse}
	w.SetControl(srv)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ctx, l) }()
	w.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			w.t.Error(err)
		}
	})
	return "postgres://awsuser:Secret123@" + l.Addr().String() + "/dev?sslmode=disable"
}

// TestStatements sends the statements of testdata/statements over the protocol: a statement, a line
// of dashes, and its columns with their types, rows and command tag, or its error. The statements of
// a file build on one another.
func TestStatements(t *testing.T) {
	files, err := filepath.Glob("testdata/statements/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			now := func() time.Time { return time.Date(2024, 3, 15, 10, 20, 30, 500_000_000, time.UTC) }
			w := openWorld(t, t.TempDir(), Options{Now: now})
			var notices []string
			config, err := pgconn.ParseConfig(w.listen())
			if err != nil {
				t.Fatal(err)
			}
			config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
				notices = append(notices, n.Severity+": "+n.Message+"\n")
			}
			c, err := pgconn.ConnectConfig(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close(context.Background())
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			for block := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
				statement, want, _ := strings.Cut(block+"\n", "----\n")
				notices = nil
				got := answer(c, statement)
				got = strings.Join(notices, "") + got
				fmt.Fprintf(&out, "%s----\n%s\n", statement, got)
				if !*update && strings.TrimRight(got, "\n") != strings.TrimRight(want, "\n") {
					t.Errorf("%s\ngot:\n%s\nwant:\n%s", statement, got, want)
				}
			}
			if *update {
				if err := os.WriteFile(name, []byte(strings.TrimRight(out.String(), "\n")+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// oidName is a type as clients call it.
func oidName(oid uint32) string {
	names := map[uint32]string{16: "bool", 19: "name", 20: "int8", 21: "int2", 23: "int4", 25: "text", 26: "oid", 700: "float4", 701: "float8", 1042: "bpchar",
		1043: "varchar", 1082: "date", 1083: "time", 1114: "timestamp", 1184: "timestamptz", 1186: "interval", 1188: "intervaly2m", 1190: "intervald2s",
		1266: "timetz", 1700: "numeric", 4000: "super", 6551: "varbyte"}
	if n := names[oid]; n != "" {
		return n
	}
	return fmt.Sprint("oid", oid)
}

// answer is what a client gets for a text.
func answer(c *pgconn.PgConn, text string) string {
	var out strings.Builder
	results := c.Exec(context.Background(), text)
	for results.NextResult() {
		r := results.ResultReader()
		var heads []string
		for _, f := range r.FieldDescriptions() {
			head := f.Name + " " + oidName(f.DataTypeOID)
			if f.TypeModifier >= 0 && f.DataTypeOID == wire.OIDNumeric {
				head += fmt.Sprintf("(%d,%d)", (f.TypeModifier-4)>>16, (f.TypeModifier-4)&0xffff)
			} else if f.TypeModifier >= 0 {
				head += fmt.Sprintf("(%d)", f.TypeModifier-4)
			}
			heads = append(heads, head)
		}
		if heads != nil {
			fmt.Fprintln(&out, strings.Join(heads, ", "))
		}
		for r.NextRow() {
			var row []string
			for _, v := range r.Values() {
				if v == nil {
					row = append(row, "NULL")
				} else {
					row = append(row, string(v))
				}
			}
			fmt.Fprintln(&out, strings.TrimRight(strings.Join(row, " | "), " "))
		}
		if tag, err := r.Close(); err == nil && heads == nil {
			fmt.Fprintln(&out, tag)
		}
	}
	err := results.Close()
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		fmt.Fprintf(&out, "%s %s: %s\n", e.Severity, e.Code, e.Message)
		if e.Position > 0 {
			fmt.Fprintf(&out, "at %d\n", e.Position)
		}
		if e.Detail != "" {
			fmt.Fprintf(&out, "detail: %s\n", e.Detail)
		}
		if e.Hint != "" {
			fmt.Fprintf(&out, "hint: %s\n", e.Hint)
		}
	} else if err != nil {
		fmt.Fprintln(&out, err)
	}
	return out.String()
}
