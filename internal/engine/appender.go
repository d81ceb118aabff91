package engine

import (
	"context"
	"database/sql/driver"

	"github.com/duckdb/duckdb-go/v2"
)

// Appender adds rows in bulk to a table of an attached database.
type Appender struct {
	session  *Session
	appender *duckdb.Appender
}

// Appender opens one on database.schema.table. Nothing is visible before
// Close, or Flush, and then by the session's transaction.
func (s *Session) Appender(database, schema, table string) (*Appender, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &Appender{session: s}
	err := s.conn.Raw(func(c any) error {
		var err error
		out.appender, err = duckdb.NewAppender(c.(driver.Conn), database, schema, table)
		return err
	})
	if err != nil {
		return nil, wrap(context.Background(), err)
	}
	return out, nil
}

// Append adds a row; values are Go's for the columns' types, or nil.
func (a *Appender) Append(values ...driver.Value) error {
	return wrap(context.Background(), a.appender.AppendRow(values...))
}

// Flush hands what was appended to the table.
func (a *Appender) Flush(ctx context.Context) error {
	return a.session.run(ctx, func(ctx context.Context) error { return a.appender.FlushWithCancel(ctx) })
}

// Close flushes and ends the appender.
func (a *Appender) Close(ctx context.Context) error {
	return a.session.run(ctx, func(ctx context.Context) error { return a.appender.CloseWithCancel(ctx) })
}
