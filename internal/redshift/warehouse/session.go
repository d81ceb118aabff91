package warehouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tarn/internal/engine"
	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/wire"
)

// version is what version() answers.
const version = "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0.100000"

// Session is one connection of a user to a database. Its methods are called one at a time.
type Session struct {
	w        *Warehouse
	start    wire.Startup
	client   wire.Client
	login    user     // who logged in
	user     user     // for whom statements run
	groups   []string // of user
	database string
	db       *database
	engine   *engine.Session
	settings *settings
	started  time.Time

	tx       transaction
	locked   []lockKey // guarded by locks.mu, as is waits
	waits    *lock
	temp     map[string]*relation
	prepared map[string]*sql.PrepareStmt
	cursors  map[string]wire.Result
	macros   map[string]string // functions of the catalog, as the connection has them

	query      int64 // id of the statement that runs
	last       int64 // id of the one before
	lastCopy   struct{ query, rows int64 }
	lastUnload struct{ query, rows int64 }
}

// errTimeout is why a statement that took too long was ended.
var errTimeout = fmt.Errorf("statement timeout: %w", context.DeadlineExceeded)

// nobody takes notices where there is no client.
type nobody struct{}

func (nobody) Notice(*wire.Error)       {}
func (nobody) Parameter(string, string) {}

// Open implements [wire.Backend]. The client may be nil.
func (w *Warehouse) Open(ctx context.Context, start wire.Startup, client wire.Client) (wire.Session, error) {
	s, err := w.open(ctx, start, client)
	if err != nil {
		e, ok := errors.AsType[*wire.Error](err)
		if !ok {
			e = &wire.Error{Code: "XX000", Message: err.Error(), Err: err}
		}
		fatal := *e
		fatal.Severity = "FATAL"
		return nil, &fatal
	}
	return s, nil
}

func (w *Warehouse) open(ctx context.Context, start wire.Startup, client wire.Client) (*Session, error) {
	if client == nil {
		client = nobody{}
	}
	u, err := w.accountOf(ctx, start.User)
	if err != nil {
		return nil, err
	}
	groups, err := w.memberships(ctx, u.Name)
	if err != nil {
		return nil, err
	}
	db, err := w.attach(ctx, start.Database)
	if err != nil {
		return nil, err
	}
	conn, err := w.engine.Session(ctx, engine.WithRedshiftSettings())
	if err != nil {
		return nil, err
	}
	s := &Session{
		w: w, start: start, client: client, login: u, user: u, groups: groups, database: db.Name, db: db, engine: conn,
		settings: newSettings(u.Settings), started: w.now(),
		temp: map[string]*relation{}, prepared: map[string]*sql.PrepareStmt{}, cursors: map[string]wire.Result{}, macros: map[string]string{},
	}
	s.tx.status = 'I'
	s.lastCopy.query, s.lastUnload.query = -1, -1
	for name, value := range start.Params {
		name = strings.ToLower(name)
		if name == "options" {
			s.options(value)
			continue
		}
		// Drivers send words of their own, which Redshift takes without a sound.
		if _, known := defaults[name]; known && !constant[name] {
			if err := s.set(ctx, name, &value, false); err != nil {
				return nil, errors.Join(err, conn.Close())
			}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	count := 0
	for other := range w.sessions {
		if other.login.Name == u.Name {
			count++
		}
	}
	if u.Limit > 0 && count >= u.Limit {
		return nil, errors.Join(fail("53300", "too many connections for user %q", u.Name), conn.Close())
	}
	w.sessions[s] = struct{}{}
	return s, nil
}

// options reads PGOPTIONS: -c name=value.
func (s *Session) options(text string) {
	words := strings.Fields(text)
	for i, word := range words {
		word = strings.TrimPrefix(word, "-c")
		if word == "" && i+1 < len(words) {
			word = words[i+1]
		}
		if name, value, ok := strings.Cut(strings.TrimPrefix(word, "--"), "="); ok {
			s.settings.change(strings.ToLower(name), &value, false)
		}
	}
}

// Close implements [wire.Session].
func (s *Session) Close() error {
	s.w.mu.Lock()
	delete(s.w.sessions, s)
	s.w.mu.Unlock()
	s.abandon(context.Background())
	return s.engine.Close()
}

// Database is the name of the session's database, and User that of its user.
func (s *Session) Database() string { return s.database }

// User is the name of the session's user.
func (s *Session) User() string { return s.user.Name }

// LastQuery is the id of the statement that ran last.
func (s *Session) LastQuery() int64 { return s.query }

// Status implements [wire.Session].
func (s *Session) Status() byte { return s.tx.status }

// Format implements [wire.Session].
func (s *Session) Format() wire.Format {
	loc, err := location(s.settings.value("timezone"))
	if err != nil {
		loc = time.UTC
	}
	digits, _ := strconv.Atoi(s.settings.value("extra_float_digits"))
	return wire.Format{Location: loc, ExtraFloatDigits: min(digits, 2)}
}

// Parameters implements [wire.Session].
func (s *Session) Parameters() []wire.Parameter {
	out := []wire.Parameter{
		{Name: "server_version", Value: s.settings.value("server_version")},
		{Name: "server_encoding", Value: "UTF8"},
		{Name: "integer_datetimes", Value: "on"},
		{Name: "is_superuser", Value: onOff(s.user.Super)},
		{Name: "session_authorization", Value: s.user.Name},
		{Name: "datashare_enabled", Value: "off"},
		{Name: "external_database", Value: "off"},
		{Name: "show_discovery", Value: "4"},
	}
	for name, known := range reported {
		if name != "session_authorization" {
			out = append(out, wire.Parameter{Name: known, Value: s.settings.value(name)})
		}
	}
	slices.SortFunc(out, func(a, b wire.Parameter) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

func (s *Session) parse(text string) ([]sql.Statement, error) {
	stmts, err := sql.ParseWith(text, sql.Options{CaseSensitive: s.settings.on("enable_case_sensitive_identifier")})
	return stmts, s.explain(err, text)
}

// Query implements [wire.Session].
func (s *Session) Query(ctx context.Context, text string, answer func(wire.Result) error) error {
	stmts, err := s.parse(text)
	if err != nil {
		s.fail(ctx)
		return err
	}
	// Several statements are one transaction, unless they say themselves where one begins or ends.
	block := len(stmts) > 1 && s.tx.status == 'I' && !slices.ContainsFunc(stmts, controlsTransaction)
	if block {
		if err := s.begin(ctx); err != nil {
			return s.explain(err, text)
		}
		s.tx.implicit = true
	}
	for _, stmt := range stmts {
		r, err := s.Run(ctx, stmt, text, nil)
		if err == nil {
			err = answer(r)
		}
		if err != nil {
			s.fail(ctx)
			if block {
				s.rollback(ctx)
			}
			return err
		}
	}
	if block && s.tx.implicit {
		return s.explain(s.commit(ctx), text)
	}
	return nil
}

func controlsTransaction(stmt sql.Statement) bool {
	switch stmt.(type) {
	case *sql.BeginStmt, *sql.CommitStmt, *sql.RollbackStmt, *sql.VacuumStmt, *sql.CreateDatabaseStmt:
		return true
	}
	return false
}

// statement is one that was prepared by the protocol.
type statement struct {
	s       *Session
	text    string
	parsed  sql.Statement // nil when empty
	params  []uint32
	columns []wire.Column
}

// Prepare implements [wire.Session].
func (s *Session) Prepare(ctx context.Context, text string, oids []uint32) (wire.Statement, error) {
	stmts, err := s.parse(text)
	if err != nil {
		s.fail(ctx)
		return nil, err
	}
	switch len(stmts) {
	case 0:
		return &statement{s: s, text: text}, nil
	case 1:
	default:
		s.fail(ctx)
		return nil, fail("42601", "cannot insert multiple commands into a prepared statement")
	}
	if s.tx.status == 'E' && !controlsTransaction(stmts[0]) {
		return nil, aborted()
	}
	out := &statement{s: s, text: text, parsed: stmts[0]}
	out.params, out.columns, err = s.describe(ctx, stmts[0], oids)
	if err != nil {
		s.fail(ctx)
		return nil, s.explain(err, text)
	}
	return out, nil
}

func (t *statement) Params() []uint32       { return t.params }
func (t *statement) Columns() []wire.Column { return t.columns }
func (t *statement) Close() error           { return nil }

func (t *statement) Run(ctx context.Context, args []any) (wire.Result, error) {
	if t.parsed == nil {
		return done(""), nil
	}
	types := make([]sql.Type, len(t.params))
	for i, oid := range t.params {
		types[i] = typeOf(oid)
	}
	r, err := t.s.Run(ctx, t.parsed, t.text, &arguments{values: args, types: types})
	if err != nil {
		t.s.fail(ctx)
	}
	return r, err
}

// arguments are the values of $1, $2, ...
type arguments struct {
	values []any
	types  []sql.Type
}

// Run runs one statement of the text.
func (s *Session) Run(ctx context.Context, stmt sql.Statement, text string, args *arguments) (wire.Result, error) {
	if s.tx.status == 'E' {
		switch stmt.(type) {
		case *sql.CommitStmt, *sql.RollbackStmt:
		default:
			return nil, aborted()
		}
	}
	s.last, s.query = s.query, s.w.queries.Add(1)
	if ms, _ := strconv.Atoi(s.settings.value("statement_timeout")); ms > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, time.Duration(ms)*time.Millisecond, errTimeout)
		defer cancel()
	}
	entry := s.w.history.begin(s, stmt)
	r, err := s.dispatch(ctx, stmt, text, args)
	err = s.explain(err, text)
	var count int64
	if c, ok := r.(interface{ affected() int64 }); ok {
		count = c.affected()
	}
	s.w.history.end(entry, s.w.now(), count, err)
	return r, err
}

func aborted() error {
	return fail("25P02", "current transaction is aborted, commands ignored until end of transaction block")
}

// environment is what SQL functions without arguments read.
func (s *Session) environment(ctx context.Context, cat *catalog, params []sql.Type) sql.Session {
	schemas := cat.schemas()
	current := ""
	if len(schemas) > 0 {
		current = schemas[0]
	}
	now := s.w.now().UTC()
	txNow := now
	if s.tx.open {
		txNow = s.tx.begun
	}
	return sql.Session{
		User: s.user.Name, SessionUser: s.login.Name, UserID: int(s.user.ID), Database: s.database, Schema: current, Schemas: schemas,
		BackendPID: int(s.start.PID), Now: now, TxNow: txNow, TimeZone: s.settings.value("timezone"), Version: version,
		LastQueryID: s.last, LastCopyID: s.lastCopy.query, LastCopyRows: s.lastCopy.rows, LastUnloadID: s.lastUnload.query, LastUnload: s.lastUnload.rows,
		Account: s.w.account, Namespace: s.w.namespaceID(), Setting: s.settings.get, ParamTypes: params,
		NumericRounding: s.settings.on("enable_numeric_rounding"),
	}
}
