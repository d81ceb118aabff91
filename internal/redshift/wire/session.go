package wire

import (
	"context"
	"net"
	"time"
)

// Startup is what a client says about itself when it connects.
type Startup struct {
	User     string
	Database string
	// Params are the start-up parameters apart from user and database.
	Params map[string]string
	Remote net.Addr
	// PID identifies the connection, in cancel requests and in pg_backend_pid().
	PID uint32
	// Secure says that the connection is encrypted.
	Secure bool
}

// Backend knows the users and opens their sessions.
type Backend interface {
	// Verifiers returns what is stored about the passwords with which the user may log in, any one
	// of which is enough. An unknown user has none. All share the salt that Salt gives.
	Verifiers(ctx context.Context, user string) ([]Verifier, error)
	// Salt is constant for a user, known or not, so that an unknown user can't be told from a
	// known one.
	Salt(user string) []byte
	// Open starts the session of a user whose password was right. It ends with Close.
	Open(ctx context.Context, start Startup, client Client) (Session, error)
}

// Client is how a session reaches its client beside the answers to its statements. Its methods may
// be called while the session runs a statement, and send with the next bytes of the answer.
type Client interface {
	Notice(n *Error)
	Parameter(name, value string)
}

// Session is one connection's state. Its methods are called one at a time.
type Session interface {
	// Parameters are the settings that the client is told of when it has logged in.
	Parameters() []Parameter
	// Query runs the statements of a simple query, and gives each one's result to answer, which
	// reads it to its end. An error of answer ends the query.
	Query(ctx context.Context, sql string, answer func(Result) error) error
	// Prepare checks a single statement; oids are the types that the client declared for its
	// parameters, 0 where it leaves them to the server.
	Prepare(ctx context.Context, sql string, oids []uint32) (Statement, error)
	// Status is 'I' outside a transaction block, 'T' in one and 'E' in one that failed.
	Status() byte
	// Format says how values are written in the session.
	Format() Format
	Close() error
}

// Statement is a prepared statement. An empty one has neither columns nor a tag.
type Statement interface {
	Params() []uint32
	// Columns are nil for a statement that gives no rows.
	Columns() []Column
	// Run starts the statement. Arguments are nil, strings where the client sent text, or Go values
	// of their OID where it sent binary.
	Run(ctx context.Context, args []any) (Result, error)
	Close() error
}

// Result is a statement's answer, read as it arises.
type Result interface {
	// Columns are nil for a statement that gives no rows.
	Columns() []Column
	// Next returns the next row, which is valid until the following call, and io.EOF at the end.
	Next(ctx context.Context) ([]any, error)
	// Tag is what the command has done, complete after io.EOF. It is empty for an empty statement.
	Tag() string
	Close() error
}

// Parameter is a setting that the server reports.
type Parameter struct{ Name, Value string }

// Format holds the settings that change how values are written.
type Format struct {
	Location         *time.Location
	ExtraFloatDigits int
}

// Column describes a column of a result. What it says of a table is empty for an expression.
type Column struct {
	Name    string
	OID     uint32
	TypMod  int32
	Table   uint32
	Number  uint16
	Catalog string
	Schema  string
	Source  string // name of the table
	Base    string // name of the column in the table
	NotNull bool
	Serial  bool
}
