package wire

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// conn serves one client.
type conn struct {
	srv      *Server
	nc       net.Conn
	be       *pgproto3.Backend
	start    Startup
	protocol int
	secret   []byte

	sess       Session
	statements map[string]*statement
	portals    map[string]*portal
	unsent     int  // bytes of rows since the last flush
	skipping   bool // messages until the next Sync, after an error

	mu      sync.Mutex
	stop    context.CancelFunc // ends what runs now; nil between queries
	started uint64             // when it started, by the server's clock
	asked   bool               // to stop, by a cancel request
	end     func()             // ends the connection
}

func newConn(s *Server, nc net.Conn) *conn {
	c := &conn{srv: s, statements: map[string]*statement{}, portals: map[string]*portal{}}
	c.start.Remote = nc.RemoteAddr()
	c.attach(nc)
	return c
}

func (c *conn) attach(nc net.Conn) {
	c.nc = nc
	c.be = pgproto3.NewBackend(nc, nc)
	c.be.SetMaxBodyLen(maxLogin)
}

// fatal tells the client why its connection ends.
func (c *conn) fatal(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	e := *asError(err)
	if e.Severity == "" {
		e.Severity = "FATAL"
	}
	c.be.Send(e.response())
	return errors.Join(err, c.be.Flush())
}

// run serves a client that has logged in.
func (c *conn) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c.mu.Lock()
	c.end = cancel
	c.mu.Unlock()
	c.be.SetMaxBodyLen(maxMessage)

	c.be.Send(&pgproto3.AuthenticationOk{})
	sess, err := c.srv.Backend.Open(ctx, c.start, c)
	if err != nil {
		return c.fatal(err)
	}
	c.sess = sess
	defer sess.Close()
	defer c.closeAll()
	for _, p := range sess.Parameters() {
		c.Parameter(p.Name, p.Value)
	}
	if c.protocol > 0 {
		c.Parameter("server_protocol_version", strconv.Itoa(c.protocol))
	}
	c.be.Send(&pgproto3.BackendKeyData{ProcessID: c.start.PID, SecretKey: c.secret})
	if err := c.ready(); err != nil {
		return err
	}

	// Messages are read ahead by one, so that a client that goes away ends its query.
	messages := make(chan pgproto3.FrontendMessage)
	failed := make(chan error, 1)
	go func() {
		for {
			msg, err := c.be.Receive()
			if err != nil {
				failed <- err
				cancel()
				return
			}
			select {
			case messages <- keep(msg):
			case <-ctx.Done():
				failed <- ctx.Err()
				return
			}
		}
	}()
	for {
		select {
		case msg := <-messages:
			done, err := c.handle(ctx, msg)
			if err != nil || done {
				cancel()
				c.nc.Close()
				<-failed
				return err
			}
		case <-ctx.Done():
			c.nc.SetReadDeadline(time.Unix(1, 0))
			err := <-failed
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) {
				return nil
			}
			if _, ok := errors.AsType[*pgproto3.ExceededMaxBodyLenErr](err); ok {
				return c.fatal(Errorf("54000", "message of the client exceeds %d bytes", maxMessage))
			}
			if _, ok := errors.AsType[net.Error](err); ok || errors.Is(err, context.Canceled) {
				return c.fatal(shutdown())
			}
			return c.fatal(Errorf("08P01", "%v", err))
		}
	}
}

// keep copies what a message shares with the reader's buffer.
func keep(msg pgproto3.FrontendMessage) pgproto3.FrontendMessage {
	switch m := msg.(type) {
	case *pgproto3.Query:
		n := *m
		return &n
	case *pgproto3.Parse:
		n := *m
		n.ParameterOIDs = slices.Clone(m.ParameterOIDs)
		return &n
	case *pgproto3.Bind:
		n := *m
		n.ParameterFormatCodes = slices.Clone(m.ParameterFormatCodes)
		n.ResultFormatCodes = slices.Clone(m.ResultFormatCodes)
		n.Parameters = make([][]byte, len(m.Parameters))
		for i, p := range m.Parameters {
			if p != nil {
				n.Parameters[i] = append([]byte{}, p...)
			}
		}
		return &n
	case *pgproto3.Describe:
		n := *m
		return &n
	case *pgproto3.Execute:
		n := *m
		return &n
	case *pgproto3.Close:
		n := *m
		return &n
	}
	return msg // no content
}

// handle answers a message, and says whether the client is done.
func (c *conn) handle(ctx context.Context, msg pgproto3.FrontendMessage) (bool, error) {
	switch m := msg.(type) {
	case *pgproto3.Query:
		return false, c.simple(ctx, m.String)
	case *pgproto3.Terminate:
		return true, nil
	case *pgproto3.Sync:
		c.skipping = false
		if c.sess.Status() == 'I' {
			c.closePortals()
		}
		return false, c.ready()
	case *pgproto3.Flush:
		return false, c.be.Flush()
	}
	if c.skipping {
		return false, nil
	}
	var err error
	switch m := msg.(type) {
	case *pgproto3.Parse:
		err = c.parse(ctx, m)
	case *pgproto3.Bind:
		err = c.bind(ctx, m)
	case *pgproto3.Describe:
		err = c.describe(m)
	case *pgproto3.Execute:
		err = c.execute(ctx, m)
	case *pgproto3.Close:
		c.close(m)
	case *pgproto3.CopyData, *pgproto3.CopyDone, *pgproto3.CopyFail:
		return false, nil // of a COPY that failed; PostgreSQL ignores them too
	case *pgproto3.FunctionCall:
		c.be.Send(Errorf("0A000", "function calls of the protocol are not supported").response())
		return false, c.ready()
	default:
		return false, c.fatal(unexpected(msg))
	}
	if w, ok := errors.AsType[*connError](err); ok {
		return false, w.err
	}
	if err != nil {
		c.skipping = true
		c.be.Send(asError(err).response())
	}
	return false, nil
}

// connError is a failure of the connection, not of a statement.
type connError struct{ err error }

func (e *connError) Error() string { return e.err.Error() }

// ready tells the client that the next query may come.
func (c *conn) ready() error {
	c.be.Send(&pgproto3.ReadyForQuery{TxStatus: c.sess.Status()})
	c.unsent = 0
	return c.be.Flush()
}

// simple runs a simple query: each statement is described, its rows follow, then its tag.
func (c *conn) simple(ctx context.Context, sql string) error {
	c.skipping = false
	c.drop("") // as PostgreSQL, a simple query ends the unnamed portal and statement
	delete(c.statements, "")
	if err := c.buffer(ctx); err != nil {
		c.be.Send(asError(err).response())
		return c.ready()
	}
	empty := true
	err := c.running(ctx, func(ctx context.Context) error {
		return c.sess.Query(ctx, sql, func(r Result) error {
			defer r.Close()
			if r.Tag() == "" && r.Columns() == nil {
				if _, err := r.Next(ctx); errors.Is(err, io.EOF) && r.Tag() == "" {
					return nil // an empty statement
				}
			}
			empty = false
			if columns := r.Columns(); columns != nil {
				c.be.Send(&rowDescription{columns: columns, protocol: c.protocol})
			}
			if _, err := c.rows(ctx, r, nil, 0); err != nil {
				return err
			}
			c.be.Send(&pgproto3.CommandComplete{CommandTag: []byte(r.Tag())})
			return nil
		})
	})
	if w, ok := errors.AsType[*connError](err); ok {
		return w.err
	}
	switch {
	case err != nil:
		c.be.Send(asError(err).response())
	case empty:
		c.be.Send(&pgproto3.EmptyQueryResponse{})
	}
	if c.sess.Status() == 'I' {
		c.closePortals()
	}
	return c.ready()
}

// rows sends a result's rows, up to limit where it is not 0, and says whether the end was reached.
func (c *conn) rows(ctx context.Context, r Result, formats []int16, limit int) (bool, error) {
	row := &dataRow{columns: r.Columns(), formats: formats, format: c.sess.Format(), numeric: c.protocol == 0}
	for n := 0; limit == 0 || n < limit; n++ {
		values, err := r.Next(ctx)
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		row.values = values
		c.be.Send(row)
		if c.unsent += row.size; c.unsent > 32<<10 {
			c.unsent = 0
			if err := c.be.Flush(); err != nil {
				return false, &connError{err}
			}
		}
	}
	return false, nil
}

// running runs fn as the connection's query, which a cancel request ends.
func (c *conn) running(ctx context.Context, fn func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	c.mu.Lock()
	c.stop, c.asked, c.started = stop, false, c.srv.clock.Add(1)
	c.mu.Unlock()
	err := fn(ctx)
	c.mu.Lock()
	asked := c.asked
	c.stop = nil
	c.mu.Unlock()
	if err != nil && asked {
		if e, ok := errors.AsType[*Error](err); !ok || e.Code != "57014" {
			err = &Error{Code: "57014", Message: "Query (" + strconv.Itoa(int(c.start.PID)) + ") cancelled on user's request", Err: err}
		}
	}
	return err
}

// interrupt ends the query that runs, unless it started after the request to do so arrived: such a
// request was meant for the query before.
func (c *conn) interrupt(arrived uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stop != nil && c.started < arrived {
		c.asked = true
		c.stop()
	}
}

func (c *conn) terminate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end != nil {
		c.end()
	}
}

// cancel deals with a cancel request.
func (s *Server) cancel(pid uint32, secret []byte, arrived uint64) {
	s.mu.Lock()
	c := s.conns[pid]
	s.mu.Unlock()
	if c != nil && subtle.ConstantTimeCompare(secret, c.secret) == 1 {
		c.interrupt(arrived)
	}
}

// Notice sends a notice. See [Client].
func (c *conn) Notice(n *Error) {
	m := *n
	if m.Severity == "" {
		m.Severity = "NOTICE"
	}
	if m.Code == "" {
		m.Code = "00000"
	}
	c.be.Send((*pgproto3.NoticeResponse)(m.response()))
}

// Parameter tells the client of a setting. See [Client].
func (c *conn) Parameter(name, value string) {
	c.be.Send(&pgproto3.ParameterStatus{Name: name, Value: value})
}
