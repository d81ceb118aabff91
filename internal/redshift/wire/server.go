package wire

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Server answers PostgreSQL clients.
type Server struct {
	Backend Backend
	TLS     *tls.Config // nil: connections are not encrypted
	// MaxConnections is the number of connections served at once, 500 when 0.
	MaxConnections int
	// LoginTimeout is the time a client has to log in, a minute when 0.
	LoginTimeout time.Duration
	Log          *slog.Logger

	mu      sync.Mutex
	conns   map[uint32]*conn
	nextPID uint32
	wg      sync.WaitGroup
	// clock orders the arrival of cancel requests and the start of queries.
	clock atomic.Uint64
}

// maxMessage bounds a client's message: Redshift takes statements of up to 16 MB.
const (
	maxMessage = 64 << 20
	maxLogin   = 16 << 10
)

// Serve accepts connections until ctx ends or the listener fails; then it ends the connections and
// returns when they are gone.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	defer s.wg.Wait()
	defer cancel()
	for {
		nc, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
				continue
			}
			return err
		}
		arrived := s.clock.Add(1)
		s.wg.Go(func() {
			defer nc.Close()
			if err := s.serve(ctx, nc, arrived); err != nil {
				s.Log.DebugContext(ctx, "redshift connection ended", "remote", nc.RemoteAddr(), "error", err)
			}
		})
	}
}

func (s *Server) serve(ctx context.Context, nc net.Conn, arrived uint64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// A server that stops wakes connections that wait for their client.
	c := newConn(s, nc)
	timeout := s.LoginTimeout
	if timeout == 0 {
		timeout = time.Minute
	}
	if err := nc.SetDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() {
		nc.SetReadDeadline(time.Unix(1, 0))
		nc.SetWriteDeadline(time.Now().Add(5 * time.Second))
	})
	defer stop()

	request, err := c.startup()
	if err != nil {
		return c.fatal(err)
	}
	if request.cancel != nil {
		s.cancel(request.cancel.ProcessID, request.cancel.SecretKey, arrived)
		return nil // closing tells the client that the request has been dealt with
	}
	if err := s.register(c); err != nil {
		return c.fatal(err)
	}
	defer s.unregister(c)
	if err := c.authenticate(ctx); err != nil {
		return c.fatal(err)
	}
	if err := nc.SetDeadline(time.Time{}); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return c.fatal(shutdown())
	}
	return c.run(ctx)
}

func (s *Server) register(c *conn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	limit := s.MaxConnections
	if limit == 0 {
		limit = 500
	}
	if len(s.conns) >= limit {
		return &Error{Severity: "FATAL", Code: "53300", Message: "sorry, too many clients already"}
	}
	if s.conns == nil {
		s.conns = map[uint32]*conn{}
		s.nextPID = 1 << 30 // as Redshift's process ids look
	}
	for {
		s.nextPID++
		if _, taken := s.conns[s.nextPID]; !taken && s.nextPID < 1<<31 {
			break
		}
		if s.nextPID >= 1<<31 {
			s.nextPID = 1 << 30
		}
	}
	c.start.PID = s.nextPID
	c.secret = make([]byte, 4)
	rand.Read(c.secret)
	s.conns[c.start.PID] = c
	return nil
}

func (s *Server) unregister(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c.start.PID)
}

// Cancel stops what the connection runs now, for CANCEL and pg_cancel_backend. It says whether the
// connection exists.
func (s *Server) Cancel(pid uint32) bool {
	s.mu.Lock()
	c := s.conns[pid]
	s.mu.Unlock()
	if c != nil {
		c.interrupt(s.clock.Add(1))
	}
	return c != nil
}

// Terminate ends a connection, for pg_terminate_backend.
func (s *Server) Terminate(pid uint32) bool {
	s.mu.Lock()
	c := s.conns[pid]
	s.mu.Unlock()
	if c != nil {
		c.terminate()
	}
	return c != nil
}

func shutdown() *Error {
	return &Error{Severity: "FATAL", Code: "57P01", Message: "terminating connection due to administrator command"}
}
