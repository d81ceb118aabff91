package wire

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// FuzzStartup feeds a connection's first bytes.
func FuzzStartup(f *testing.F) {
	hello, _ := (&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "ann"}}).Encode(nil)
	tls, _ := (&pgproto3.SSLRequest{}).Encode(nil)
	cancel, _ := (&pgproto3.CancelRequest{ProcessID: 1, SecretKey: []byte{0, 0, 0, 0}}).Encode(nil)
	f.Add(hello)
	f.Add(append(tls, hello...))
	f.Add(cancel)
	f.Add([]byte{0, 0, 0, 8, 0, 3, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) { feed(t, b, false) })
}

// FuzzMessages feeds what follows the login.
func FuzzMessages(f *testing.F) {
	add := func(messages ...pgproto3.FrontendMessage) {
		var b []byte
		for _, m := range messages {
			b, _ = m.Encode(b)
		}
		f.Add(b)
	}
	add(&pgproto3.Query{String: "rows 3; fail"}, &pgproto3.Terminate{})
	add(&pgproto3.Parse{Name: "s", Query: "echo $1"}, &pgproto3.Describe{ObjectType: 'S', Name: "s"},
		&pgproto3.Bind{PreparedStatement: "s", Parameters: [][]byte{{0, 0, 0, 1}}, ParameterFormatCodes: []int16{1}},
		&pgproto3.Execute{MaxRows: 1}, &pgproto3.Sync{})
	add(&pgproto3.Parse{Query: "types"}, &pgproto3.Bind{ResultFormatCodes: []int16{1}}, &pgproto3.Execute{}, &pgproto3.Close{ObjectType: 'P'}, &pgproto3.Flush{})
	f.Add([]byte{'d', 0, 0, 0, 4})
	f.Fuzz(func(t *testing.T, b []byte) { feed(t, b, true) })
}

// feed gives bytes to a connection, which has to come to an end.
func feed(t *testing.T, b []byte, loggedIn bool) {
	client, server := net.Pipe()
	s := &Server{Backend: &fake{map[string]string{"ann": "Secret1!"}}, LoginTimeout: time.Second}
	done := make(chan struct{})
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	go func() {
		defer close(done)
		defer server.Close()
		if loggedIn {
			c := newConn(s, server)
			c.run(ctx)
		} else {
			s.serve(ctx, server, 0)
		}
	}()
	go io.Copy(io.Discard, client)
	client.SetWriteDeadline(time.Now().Add(time.Second))
	client.Write(b)
	client.Close()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatal("the connection does not end")
	}
}

// FuzzArgument decodes parameters.
func FuzzArgument(f *testing.F) {
	f.Add(uint32(OIDNumeric), []byte{0, 1, 0, 0, 0, 0, 0, 0, 0, 1})
	f.Add(uint32(OIDTimestamp), make([]byte, 8))
	f.Fuzz(func(t *testing.T, oid uint32, b []byte) { decodeArg(oid, 1, b) })
}
