package wire

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// fake is a backend whose statements are words: "rows N" gives N numbers, "sleep" waits to be
// cancelled, "fail" fails, "types" gives one row of every type, "echo $1" gives its argument.
type fake struct{ password map[string]string }

func (f *fake) Salt(user string) []byte { s := sha256.Sum256([]byte(user)); return s[:16] }

func (f *fake) Verifiers(_ context.Context, user string) ([]Verifier, error) {
	p, ok := f.password[user]
	if !ok {
		return nil, nil
	}
	if v, ok := MD5Verifier(p); ok {
		return []Verifier{v}, nil
	}
	other, err := NewVerifier("other", f.Salt(user))
	if err != nil {
		return nil, err
	}
	v, err := NewVerifier(p, f.Salt(user))
	return []Verifier{other, v}, err
}

func (f *fake) Open(_ context.Context, s Startup, c Client) (Session, error) {
	if s.Database == "nowhere" {
		return nil, &Error{Severity: "FATAL", Code: "3D000", Message: `database "nowhere" does not exist`}
	}
	return &fakeSession{start: s, client: c, status: 'I'}, nil
}

type fakeSession struct {
	start  Startup
	client Client
	status byte
}

func (s *fakeSession) Parameters() []Parameter { return []Parameter{{"server_version", "8.0.2"}} }
func (s *fakeSession) Status() byte            { return s.status }
func (s *fakeSession) Format() Format          { return Format{Location: time.FixedZone("", 19800)} }
func (s *fakeSession) Close() error            { return nil }

func (s *fakeSession) Query(ctx context.Context, sql string, answer func(Result) error) error {
	for part := range strings.SplitSeq(sql, ";") {
		st, err := s.Prepare(ctx, part, nil)
		if err != nil {
			return err
		}
		r, err := st.Run(ctx, nil)
		if err != nil {
			return err
		}
		if err := answer(r); err != nil {
			return err
		}
	}
	return nil
}

func (s *fakeSession) Prepare(_ context.Context, sql string, oids []uint32) (Statement, error) {
	return &fakeStatement{s, strings.TrimSpace(sql)}, nil
}

type fakeStatement struct {
	s   *fakeSession
	sql string
}

func (t *fakeStatement) Close() error { return nil }
func (t *fakeStatement) Params() []uint32 {
	if strings.HasPrefix(t.sql, "echo") {
		return []uint32{OIDInt4}
	}
	return nil
}

func (t *fakeStatement) Columns() []Column {
	switch word, _, _ := strings.Cut(t.sql, " "); word {
	case "rows", "sleep":
		return []Column{{Name: "n", OID: OIDInt4, Table: 100001, Number: 1, Schema: "public", Source: "t", Base: "n", Catalog: "dev", NotNull: true}}
	case "echo":
		return []Column{{Name: "e", OID: OIDVarchar, TypMod: 14}}
	case "types":
		return typeColumns
	}
	return nil
}

func (t *fakeStatement) Run(ctx context.Context, args []any) (Result, error) {
	word, rest, _ := strings.Cut(t.sql, " ")
	switch word {
	case "rows":
		n, _ := strconv.Atoi(rest)
		return &counting{columns: t.Columns(), n: n}, nil
	case "sleep":
		<-ctx.Done()
		return nil, ctx.Err()
	case "fail":
		return nil, &Error{Code: "42P01", Message: `relation "x" does not exist`, Position: 15, Hint: "look"}
	case "echo":
		return NewResult(t.Columns(), [][]any{{fmt.Sprint(args[0])}}, "SELECT"), nil
	case "types":
		return NewResult(typeColumns, [][]any{typeValues}, "SELECT"), nil
	case "begin":
		t.s.status = 'T'
		t.s.client.Notice(Errorf("", "begun"))
		return NewResult(nil, nil, "BEGIN"), nil
	case "":
		return NewResult(nil, nil, ""), nil
	}
	return nil, Errorf("42601", "syntax error at or near %q", word)
}

type counting struct {
	columns []Column
	n, i    int
}

func (c *counting) Columns() []Column { return c.columns }
func (c *counting) Tag() string       { return "SELECT" }
func (c *counting) Close() error      { return nil }
func (c *counting) Next(ctx context.Context) ([]any, error) {
	if c.i == c.n {
		return nil, io.EOF
	}
	c.i++
	return []any{int32(c.i)}, ctx.Err()
}

func start(t *testing.T, tune func(*Server)) (addr string, srv *Server) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv = &Server{Backend: &fake{map[string]string{"ann": "Secret1!", "old": "md5" + "3f8bd6bb1a3ee2ac4b5a5d0b5e1e3ad3"}}}
	if tune != nil {
		tune(srv)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- srv.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String(), srv
}

func connect(t *testing.T, addr, options string) *pgconn.PgConn {
	t.Helper()
	c, err := pgconn.Connect(t.Context(), "postgres://ann:Secret1%21@"+addr+"/dev?"+options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

func TestLogin(t *testing.T) {
	addr, _ := start(t, nil)
	connect(t, addr, "sslmode=prefer")
	for _, c := range []struct{ url, code string }{
		{"postgres://ann:wrong@%s/dev?sslmode=disable", "28P01"},
		{"postgres://nobody:Secret1%%21@%s/dev?sslmode=disable", "28P01"},
		{"postgres://old:wrong@%s/dev?sslmode=disable", "28P01"},
		{"postgres://ann:Secret1%%21@%s/nowhere?sslmode=disable", "3D000"},
	} {
		_, err := pgconn.Connect(t.Context(), fmt.Sprintf(c.url, addr))
		var pe *pgconn.PgError
		if !errors.As(err, &pe) || pe.Code != c.code {
			t.Errorf("%s: got %v, want %s", c.url, err, c.code)
		}
	}
}

func TestTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	addr, _ := start(t, func(s *Server) {
		s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert}, PrivateKey: key}}}
	})
	c := connect(t, addr, "sslmode=require")
	if _, ok := c.Conn().(*tls.Conn); !ok {
		t.Errorf("connection is %T", c.Conn())
	}
	if got, err := c.Exec(t.Context(), "rows 1").ReadAll(); err != nil || len(got) != 1 {
		t.Error(got, err)
	}
}

func TestSimple(t *testing.T) {
	addr, _ := start(t, nil)
	var notices []string
	config, err := pgconn.ParseConfig("postgres://ann:Secret1%21@" + addr + "/dev?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { notices = append(notices, n.Message) }
	c, err := pgconn.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	if got := c.ParameterStatus("server_version"); got != "8.0.2" {
		t.Errorf("server_version %q", got)
	}
	rs, err := c.Exec(t.Context(), "rows 2; ; rows 50000").ReadAll()
	if err != nil || len(rs) != 2 || len(rs[0].Rows) != 2 || len(rs[1].Rows) != 50000 || string(rs[1].Rows[49999][0]) != "50000" {
		t.Fatalf("%d results, %v", len(rs), err)
	}
	_, err = c.Exec(t.Context(), "rows 1; fail; rows 1").ReadAll()
	var pe *pgconn.PgError
	if !errors.As(err, &pe) || pe.Code != "42P01" || pe.Position != 15 || pe.Hint != "look" {
		t.Errorf("got %v", err)
	}
	if _, err := c.Exec(t.Context(), " ; ").ReadAll(); err != nil {
		t.Error(err)
	}
	if _, err := c.Exec(t.Context(), "begin").ReadAll(); err != nil || c.TxStatus() != 'T' {
		t.Errorf("status %c, %v", c.TxStatus(), err)
	}
	if fmt.Sprint(notices) != "[begun]" {
		t.Errorf("notices %v", notices)
	}
}

func TestExtended(t *testing.T) {
	addr, _ := start(t, nil)
	c := connect(t, addr, "sslmode=disable")
	d, err := c.Prepare(t.Context(), "s", "echo $1", nil)
	if err != nil || fmt.Sprint(d.ParamOIDs) != "[23]" || len(d.Fields) != 1 {
		t.Fatalf("%v %v", d, err)
	}
	r := c.ExecPrepared(t.Context(), "s", [][]byte{{0, 0, 1, 2}}, []int16{1}, nil).Read()
	if r.Err != nil || string(r.Rows[0][0]) != "258" {
		t.Errorf("binary: %v", r)
	}
	r = c.ExecPrepared(t.Context(), "s", [][]byte{[]byte("7")}, nil, nil).Read()
	if r.Err != nil || string(r.Rows[0][0]) != "7" {
		t.Errorf("text: %v", r)
	}
	for what, r := range map[string]*pgconn.Result{
		"too short":  c.ExecPrepared(t.Context(), "s", [][]byte{{0}}, []int16{1}, nil).Read(),
		"no such":    c.ExecPrepared(t.Context(), "none", nil, nil, nil).Read(),
		"parameters": c.ExecPrepared(t.Context(), "s", nil, nil, nil).Read(),
	} {
		if r.Err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	if r := c.ExecParams(t.Context(), "rows 3", nil, nil, nil, nil).Read(); r.Err != nil || len(r.Rows) != 3 {
		t.Errorf("%v", r)
	}
}

func TestPortalsSuspend(t *testing.T) {
	addr, _ := start(t, nil)
	c := connect(t, addr, "sslmode=disable")
	if _, err := c.Exec(t.Context(), "begin").ReadAll(); err != nil {
		t.Fatal(err)
	}
	h, err := c.Hijack()
	if err != nil {
		t.Fatal(err)
	}
	defer h.Conn.Close()
	f := h.Frontend
	send := func(messages ...pgproto3.FrontendMessage) string {
		for _, m := range messages {
			f.Send(m)
		}
		f.SendSync(&pgproto3.Sync{})
		if err := f.Flush(); err != nil {
			t.Fatal(err)
		}
		var got []string
		for {
			m, err := f.Receive()
			if err != nil {
				t.Fatal(err)
			}
			switch m := m.(type) {
			case *pgproto3.DataRow:
				got = append(got, string(m.Values[0]))
			case *pgproto3.PortalSuspended:
				got = append(got, "suspended")
			case *pgproto3.CommandComplete:
				got = append(got, string(m.CommandTag))
			case *pgproto3.ErrorResponse:
				got = append(got, m.Code)
			case *pgproto3.ReadyForQuery:
				return strings.Join(got, " ")
			}
		}
	}
	for _, step := range []struct {
		send []pgproto3.FrontendMessage
		want string
	}{
		{[]pgproto3.FrontendMessage{&pgproto3.Parse{Name: "a", Query: "rows 5"}, &pgproto3.Bind{DestinationPortal: "p", PreparedStatement: "a"}, &pgproto3.Execute{Portal: "p", MaxRows: 2}}, "1 2 suspended"},
		{[]pgproto3.FrontendMessage{&pgproto3.Parse{Query: "rows 1"}, &pgproto3.Bind{}, &pgproto3.Execute{}}, "1 SELECT"},
		{[]pgproto3.FrontendMessage{&pgproto3.Execute{Portal: "p", MaxRows: 2}}, "3 4 suspended"},
		{[]pgproto3.FrontendMessage{&pgproto3.Execute{Portal: "p"}}, "5 SELECT"},
		{[]pgproto3.FrontendMessage{&pgproto3.Close{ObjectType: 'P', Name: "p"}, &pgproto3.Execute{Portal: "p"}, &pgproto3.Execute{Portal: "p"}}, "34000"},
	} {
		if got := send(step.send...); got != step.want {
			t.Errorf("got %q, want %q", got, step.want)
		}
	}
}

func TestCancel(t *testing.T) {
	addr, _ := start(t, nil)
	c := connect(t, addr, "sslmode=disable")
	sleeping := make(chan error)
	go func() {
		_, err := c.Exec(context.Background(), "sleep").ReadAll()
		sleeping <- err
	}()
	time.Sleep(50 * time.Millisecond)
	if err := c.CancelRequest(t.Context()); err != nil {
		t.Fatal(err)
	}
	var pe *pgconn.PgError
	if err := <-sleeping; !errors.As(err, &pe) || pe.Code != "57014" {
		t.Errorf("got %v", err)
	}
	// Nothing runs now, and the next query is not hit.
	if err := c.CancelRequest(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Exec(t.Context(), "rows 3").ReadAll(); err != nil {
		t.Error(err)
	}
}

func TestLateCancelSparesNextQuery(t *testing.T) {
	s := &Server{}
	c := newConn(s, fakeConn{})
	arrived := s.clock.Add(1)
	err := c.running(t.Context(), func(ctx context.Context) error {
		c.interrupt(arrived)
		return ctx.Err()
	})
	if err != nil {
		t.Errorf("a request that came before the query ended it: %v", err)
	}
}

type fakeConn struct{ net.Conn }

func (fakeConn) RemoteAddr() net.Addr { return &net.TCPAddr{} }

func TestClientGoesAway(t *testing.T) {
	addr, srv := start(t, nil)
	c := connect(t, addr, "sslmode=disable")
	go c.Exec(context.Background(), "sleep").ReadAll()
	time.Sleep(50 * time.Millisecond)
	c.Conn().Close()
	for range 100 {
		srv.mu.Lock()
		n := len(srv.conns)
		srv.mu.Unlock()
		if n == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("the query of a client that went away still runs")
}

func TestRedshiftDriver(t *testing.T) {
	addr, _ := start(t, nil)
	for _, password := range []string{"Secret1!", "wrong"} {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		hello, _ := (&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30,
			Parameters: map[string]string{"user": "ann", "database": "dev", "client_protocol_version": "2"}}).Encode(nil)
		nc.Write(hello)
		kind, body := receive(t, nc)
		if kind != 'R' || binary.BigEndian.Uint32(body) != authDigest {
			t.Fatalf("asked for %c %d", kind, binary.BigEndian.Uint32(body))
		}
		salt, rest, _ := counted(body[8:])
		nonce, _, _ := counted(rest)
		inner := sha256.Sum256(append([]byte(password), salt...))
		outer := sha256.Sum256(append(append(inner[:], nonce...), "123"...))
		answer := binary.BigEndian.AppendUint32(nil, 32)
		answer = append(answer, outer[:]...)
		answer = append(binary.BigEndian.AppendUint32(answer, 3), "123"...)
		nc.Write(append(binary.BigEndian.AppendUint32([]byte{'d'}, uint32(len(answer)+4)), answer...))
		kind, _ = receive(t, nc)
		if password == "wrong" {
			if kind != 'E' {
				t.Errorf("a wrong password gave %c", kind)
			}
			continue
		}
		protocol := ""
		for kind != 'Z' {
			kind, body = receive(t, nc)
			if kind == 'S' && bytes.HasPrefix(body, []byte("server_protocol_version\x00")) {
				protocol = string(body[24 : len(body)-1])
			}
		}
		if protocol != "1" {
			t.Errorf("server_protocol_version %q", protocol)
		}
		query, _ := (&pgproto3.Query{String: "rows 1"}).Encode(nil)
		nc.Write(query)
		if _, body = receive(t, nc); !bytes.HasSuffix(body, []byte("public\x00t\x00n\x00dev\x00\x10\x01")) {
			t.Errorf("description %q", body)
		}
	}
}

func receive(t *testing.T, r io.Reader) (byte, []byte) {
	t.Helper()
	head := make([]byte, 5)
	if _, err := io.ReadFull(r, head); err != nil {
		t.Fatal(err)
	}
	body := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
	if _, err := io.ReadFull(r, body); err != nil {
		t.Fatal(err)
	}
	return head[0], body
}

func TestLimits(t *testing.T) {
	addr, _ := start(t, func(s *Server) { s.MaxConnections = 1 })
	connect(t, addr, "sslmode=disable")
	_, err := pgconn.Connect(t.Context(), "postgres://ann:Secret1%21@"+addr+"/dev?sslmode=disable")
	var pe *pgconn.PgError
	if !errors.As(err, &pe) || pe.Code != "53300" {
		t.Errorf("got %v", err)
	}
}
