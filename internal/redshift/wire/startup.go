package wire

import (
	"crypto/tls"
	"fmt"
	"maps"
	"strconv"

	"github.com/jackc/pgx/v5/pgproto3"
)

// request is what a connection begins with: a login, or the wish to cancel another's query.
type request struct {
	cancel *pgproto3.CancelRequest
}

// startup reads the first messages: encryption is agreed on, then the client says who it is.
func (c *conn) startup() (request, error) {
	for range 4 { // encryption of either kind may be asked for first
		msg, err := c.be.ReceiveStartupMessage()
		if err != nil {
			return request{}, err
		}
		switch msg := msg.(type) {
		case *pgproto3.SSLRequest:
			if c.srv.TLS == nil || c.start.Secure {
				if _, err := c.nc.Write([]byte{'N'}); err != nil {
					return request{}, err
				}
				continue
			}
			if _, err := c.nc.Write([]byte{'S'}); err != nil {
				return request{}, err
			}
			secure := tls.Server(c.nc, c.srv.TLS)
			if err := secure.Handshake(); err != nil {
				return request{}, err
			}
			c.start.Secure = true
			// What was read unencrypted beyond the request is dropped with the old reader.
			c.attach(secure)
		case *pgproto3.GSSEncRequest:
			if _, err := c.nc.Write([]byte{'N'}); err != nil {
				return request{}, err
			}
		case *pgproto3.CancelRequest:
			return request{cancel: msg}, nil
		case *pgproto3.StartupMessage:
			return request{}, c.login(msg)
		default:
			return request{}, unexpected(msg)
		}
	}
	return request{}, malformed("start-up")
}

func (c *conn) login(msg *pgproto3.StartupMessage) error {
	params := maps.Clone(msg.Parameters)
	c.start.User, c.start.Database = params["user"], params["database"]
	if c.start.User == "" {
		return &Error{Severity: "FATAL", Code: "28000", Message: "no PostgreSQL user name specified in startup packet"}
	}
	if c.start.Database == "" {
		c.start.Database = c.start.User
	}
	if v, ok := params["client_protocol_version"]; ok {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 {
			return &Error{Severity: "FATAL", Code: "08P01", Message: fmt.Sprintf("invalid client_protocol_version %q", v)}
		}
		c.protocol = min(n, serverProtocol)
	}
	for _, own := range []string{"user", "database", "client_protocol_version"} {
		delete(params, own)
	}
	c.start.Params = params
	if msg.ProtocolVersion != pgproto3.ProtocolVersion30 {
		c.be.Send(&pgproto3.NegotiateProtocolVersion{NewestMinorProtocol: 0})
	}
	return nil
}

// serverProtocol is the extent of Redshift's additions that is spoken: 1 extends the description of
// columns. 2 would turn numerics into scaled integers.
const serverProtocol = 1
