package warehouse

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"tarn/internal/awsapi"
	"tarn/internal/engine"
	"tarn/internal/redshift/sql"
)

// systemPlace is a word in braces; other braces belong to the query.
var systemPlace = regexp.MustCompile(`\{[a-z_]+\}`)

// fillSystem replaces the words in braces of a system table's query. given are words of the one who
// asks. What is put in is not looked at again.
func (c *catalog) fillSystem(query, database string, given map[string]string) (string, error) {
	var failed error
	out := systemPlace.ReplaceAllStringFunc(query, func(place string) string {
		word := place[1 : len(place)-1]
		if text, ok := given[word]; ok {
			return text
		}
		text, err := c.systemWord(word, database)
		if err != nil && failed == nil {
			failed = err
		}
		return text
	})
	return out, failed
}

func (c *catalog) systemWord(word, database string) (string, error) {
	s := c.s
	switch word {
	case "db":
		return engine.QuoteIdent(alias(database)), nil
	case "database":
		return engine.QuoteText(database), nil
	case "user":
		return engine.QuoteText(s.user.Name), nil
	case "path":
		var items []string
		for _, p := range c.schemas() {
			items = append(items, engine.QuoteText(p))
		}
		return "[" + strings.Join(items, ", ") + "]::VARCHAR[]", nil
	case "pathtext":
		return engine.QuoteText(strings.Join(c.schemas(), ",")), nil
	case "users":
		users, err := s.w.users(c.ctx)
		if err != nil {
			return "", err
		}
		all := [][]any{{int64(1), "rdsdb", true, true, nil, true}}
		for _, u := range users {
			var until any
			if !u.ValidUntil.IsZero() {
				until = u.ValidUntil.UTC().Format(time.DateTime)
			}
			all = append(all, []any{u.ID, u.Name, u.Super, u.CreateDB, until, u.Syslog})
		}
		return values("id, name, super, createdb, until, syslog", all), nil
	case "groups":
		users, err := s.w.users(c.ctx)
		if err != nil {
			return "", err
		}
		groups, err := s.w.groups(c.ctx)
		if err != nil {
			return "", err
		}
		var all [][]any
		for _, g := range groups {
			var ids []string
			for _, u := range users {
				if slices.Contains(g.Members, u.Name) {
					ids = append(ids, fmt.Sprint(u.ID))
				}
			}
			all = append(all, []any{g.Name, g.ID, raw("[" + strings.Join(ids, ", ") + "]::INTEGER[]")})
		}
		return values("name, id, members", all), nil
	case "databases":
		records, err := s.w.databaseRecords(c.ctx)
		if err != nil {
			return "", err
		}
		var all [][]any
		for _, r := range records {
			all = append(all, []any{r.OID, r.Name, r.Owner})
		}
		return values("oid, name, owner", all), nil
	case "settings":
		var all [][]any
		for _, name := range s.settings.names() {
			all = append(all, []any{name, s.settings.value(name)})
		}
		return values("name, setting", all), nil
	case "sessions":
		return c.sessionRows(), nil
	case "history":
		return c.historyRows(), nil
	case "temp":
		return c.tempRows(), nil
	case "external_tables":
		return c.externalRows(database, false)
	case "external_columns":
		return c.externalRows(database, true)
	case "late_columns":
		return c.lateColumns(database)
	}
	return "", fmt.Errorf("system catalog: nothing is called %q", word)
}

// raw is text of the engine's SQL among values.
type raw string

// values writes rows as a relation; without any, one that is empty.
func values(columns string, rows [][]any) string {
	if len(rows) == 0 {
		names := strings.Split(columns, ",")
		for i, n := range names {
			names[i] = "NULL AS " + strings.TrimSpace(n)
		}
		return "(SELECT * FROM (SELECT " + strings.Join(names, ", ") + ") WHERE false)"
	}
	var all []string
	for _, row := range rows {
		items := make([]string, len(row))
		for i, v := range row {
			items[i] = literal(v)
		}
		all = append(all, "("+strings.Join(items, ", ")+")")
	}
	return "(SELECT * FROM (VALUES " + strings.Join(all, ", ") + ") AS v(" + columns + "))"
}

func literal(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case string:
		return engine.QuoteText(v)
	case raw:
		return string(v)
	case bool, int, int64, int32, uint32:
		return fmt.Sprint(v)
	case time.Time:
		if v.IsZero() {
			return "NULL"
		}
		return "TIMESTAMP " + engine.QuoteText(v.UTC().Format("2006-01-02 15:04:05.000000"))
	}
	return engine.QuoteText(fmt.Sprint(v))
}

func (c *catalog) sessionRows() string {
	w := c.s.w
	w.mu.Lock()
	defer w.mu.Unlock()
	var all [][]any
	for s := range w.sessions {
		if c.s.user.Super || c.s.user.Syslog || s.login.ID == c.s.user.ID {
			all = append(all, []any{s.started, int64(s.start.PID), s.login.Name, s.login.ID, s.database})
		}
	}
	return values("started, pid, name, userid, db", all)
}

func (c *catalog) historyRows() string {
	var all [][]any
	for _, e := range c.s.w.history.list(c.s.user) {
		status := "running"
		switch {
		case e.message != "" && strings.Contains(e.message, "cancelled"):
			status = "canceled"
		case e.message != "":
			status = "failed"
		case !e.end.IsZero():
			status = "success"
		}
		end := e.end
		if end.IsZero() {
			end = c.s.w.now().UTC()
		}
		text := e.text
		if len(text) > 4000 {
			text = strings.ToValidUTF8(text[:4000], "")
		}
		var finished any
		if !e.end.IsZero() {
			finished = e.end
		}
		all = append(all, []any{e.userID, e.user, e.id, e.label, e.xid, int64(e.pid), e.database, e.kind, status, e.start, finished,
			end.Sub(e.start).Microseconds(), e.message, e.rows, text})
	}
	return values("userid, username, id, label, xid, pid, db, kind, status, started, ended, micros, message, nrows, querytext", all)
}

func (c *catalog) tempRows() string {
	var all [][]any
	for _, r := range c.s.temp {
		for _, col := range r.Columns {
			all = append(all, []any{r.OID, r.Name, col.Num, col.Name, formatType(col.Type), int64(col.Type.OID()), col.Type.Typmod(), col.NotNull})
		}
	}
	return values("rel, relname, num, name, type, typoid, typmod, required", all)
}

// externalRows are the tables, or the columns, of the external schemas.
func (c *catalog) externalRows(database string, columns bool) (string, error) {
	namespaces, err := c.store(database).namespaces(c.ctx)
	if err != nil {
		return "", err
	}
	var all [][]any
	for _, n := range namespaces {
		if n.Kind != "external" || !c.s.subject().may(n.Owner, n.ACL, "U") {
			continue
		}
		tables, err := c.s.w.externalTables(c.ctx, database, &n)
		if err != nil {
			return "", err
		}
		for _, t := range tables {
			if columns {
				part := 0
				for i, col := range t.columns {
					key := 0
					if col.Partition {
						part++
						key = part
					}
					all = append(all, []any{n.Name, t.name, strings.ToLower(col.Name), col.Hive, i + 1, key, formatType(col.redshift)})
				}
				continue
			}
			var location, input, output, serde, serdeParams any
			if sd := t.table.StorageDescriptor; sd != nil {
				location, input, output = awsapi.Val(sd.Location), awsapi.Val(sd.InputFormat), awsapi.Val(sd.OutputFormat)
				if sd.SerdeInfo != nil {
					b, err := json.Marshal(sd.SerdeInfo.Parameters)
					if err != nil {
						return "", err
					}
					serde, serdeParams = awsapi.Val(sd.SerdeInfo.SerializationLibrary), string(b)
				}
			}
			b, err := json.Marshal(t.table.Parameters)
			if err != nil {
				return "", err
			}
			all = append(all, []any{n.Name, t.name, location, input, output, serde, serdeParams, string(b)})
		}
	}
	if columns {
		return values("schemaname, tablename, columnname, external_type, columnnum, part_key, redshift_type", all), nil
	}
	return values("schemaname, tablename, location, input_format, output_format, serialization_lib, serde_parameters, parameters", all), nil
}

// lateColumns are the columns that late-binding views have now; a view that can't be read has none.
func (c *catalog) lateColumns(database string) (string, error) {
	views, err := c.store(database).relations(c.ctx, "r.late")
	if err != nil {
		return "", err
	}
	var all [][]any
	for _, v := range views {
		q, err := parseQuery(v.Definition)
		if err != nil {
			continue
		}
		view := *c
		view.path, view.direct = strings.Split(v.Path, ","), nil
		env := c.s.environment(c.ctx, &view, nil)
		plan, err := sql.AnalyzeQuery(q, &view, &env)
		if err != nil {
			continue // reading the view says why
		}
		for i, col := range plan.Columns {
			t := storable(col.Type)
			all = append(all, []any{v.Schema, v.Name, col.Name, formatType(t), i + 1, int64(t.OID()), t.Typmod()})
		}
	}
	return values("view_schema, view_name, col_name, col_type, col_num, typoid, typmod", all), nil
}
