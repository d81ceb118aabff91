package warehouse

import (
	"sync"
	"time"

	"tarn/internal/redshift/sql"
)

// keptQueries bounds what is remembered of statements.
const keptQueries = 1000

// history remembers statements, for the system tables and to name a rival in a conflict.
type history struct {
	mu      sync.Mutex
	queries []*entry // oldest first
	commits []commit // oldest first
	seq     int64    // of the newest commit
}

// entry is one statement.
type entry struct {
	id, xid    int64
	pid        uint32
	userID     int64
	user       string
	database   string
	label      string
	kind       string
	text       string
	start, end time.Time // end is zero while it runs
	rows       int64
	message    string // of its error
}

func (h *history) begin(s *Session, stmt sql.Statement) *entry {
	text := ""
	if span := stmt.Source(); span != nil {
		text = span.Text
	}
	e := &entry{id: s.query, xid: s.tx.xid, pid: s.start.PID, userID: s.user.ID, user: s.user.Name, database: s.database,
		label: s.settings.value("query_group"), kind: queryKind(stmt), text: text, start: s.w.now().UTC()}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.queries = append(h.queries, e)
	if len(h.queries) > keptQueries {
		h.queries = append([]*entry(nil), h.queries[len(h.queries)-keptQueries/2:]...)
	}
	return e
}

func (h *history) end(e *entry, at time.Time, rows int64, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	e.end, e.rows = at.UTC(), rows
	if err != nil {
		e.message = err.Error()
	}
}

// list copies what is remembered, the newest first; users see their own statements, superusers all.
func (h *history) list(u user) []entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []entry
	for i := len(h.queries) - 1; i >= 0; i-- {
		if e := h.queries[i]; u.Super || u.Syslog || e.userID == u.ID {
			out = append(out, *e)
		}
	}
	return out
}

// queryKind is a statement's kind in sys_query_history.
func queryKind(stmt sql.Statement) string {
	switch stmt.(type) {
	case *sql.SelectStmt:
		return "SELECT"
	case *sql.InsertStmt:
		return "INSERT"
	case *sql.UpdateStmt:
		return "UPDATE"
	case *sql.DeleteStmt:
		return "DELETE"
	case *sql.CopyStmt:
		return "COPY"
	case *sql.UnloadStmt:
		return "UNLOAD"
	case *sql.CreateTableAsStmt:
		return "CTAS"
	case *sql.CreateTableStmt, *sql.CreateViewStmt, *sql.CreateSchemaStmt, *sql.CreateExternalSchemaStmt, *sql.DropStmt, *sql.AlterTableStmt,
		*sql.TruncateStmt, *sql.AlterSchemaStmt, *sql.CreateExternalTableStmt:
		return "DDL"
	case *sql.SetStmt, *sql.ShowStmt, *sql.ShowSettingStmt, *sql.BeginStmt, *sql.CommitStmt, *sql.RollbackStmt, *sql.ResetStmt:
		return "UTILITY"
	}
	return "COMMAND"
}
