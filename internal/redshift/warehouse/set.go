package warehouse

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"tarn/internal/engine"
	"tarn/internal/meta"
	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/wire"
)

func scanAll[T any](tx meta.Tx, kind string, each func(T)) error {
	return tx.Scan(kind, nil, nil, func(_ meta.Key, raw json.RawMessage) (bool, error) {
		var v T
		if err := json.Unmarshal(raw, &v); err != nil {
			return false, err
		}
		each(v)
		return true, nil
	})
}

func join(values []string) string { return strings.Join(values, ", ") }

// set changes a setting and tells the client where clients are told. No word of it reaches the
// engine but a time zone that is known.
func (s *Session) set(ctx context.Context, name string, value *string, local bool) error {
	name = strings.ToLower(name)
	if name == "time zone" {
		name = "timezone"
	}
	if err := s.settings.change(name, value, local); err != nil {
		return err
	}
	if name == "timezone" {
		if err := s.tellEngine(ctx); err != nil {
			return err
		}
	}
	if known, ok := reported[name]; ok {
		s.client.Parameter(known, s.settings.value(name))
	}
	return nil
}

// tellEngine gives the engine the session's time zone.
func (s *Session) tellEngine(ctx context.Context) error {
	name := s.settings.value("timezone")
	loc, err := location(name)
	if err != nil {
		return err
	}
	if _, err := time.LoadLocation(loc.String()); err != nil {
		// Hours from UTC: the zone database counts them to the west.
		_, east := time.Unix(0, 0).In(loc).Zone()
		name = fmt.Sprintf("Etc/GMT%+d", -east/3600)
	}
	_, err = s.engine.Exec(ctx, "SET SESSION TimeZone = "+engine.QuoteText(name))
	return err
}

func (s *Session) setStatement(ctx context.Context, stmt *sql.SetStmt) (wire.Result, error) {
	switch stmt.Name {
	case "session_authorization":
		return done(stmt.Tag()), s.become(ctx, stmt)
	case "seed":
		if len(stmt.Values) != 1 {
			return nil, fail("22023", "SET SEED takes one value")
		}
		_, err := s.engine.Exec(ctx, "SELECT setseed(TRY_CAST(? AS DOUBLE))", stmt.Values[0])
		return done(stmt.Tag()), err
	}
	if stmt.Default {
		return done(stmt.Tag()), s.set(ctx, stmt.Name, nil, false)
	}
	value := join(stmt.Values)
	return done(stmt.Tag()), s.set(ctx, stmt.Name, &value, stmt.Local)
}

// become runs SET SESSION AUTHORIZATION.
func (s *Session) become(ctx context.Context, stmt *sql.SetStmt) error {
	name := s.login.Name
	if !stmt.Default && len(stmt.Values) == 1 {
		name = stmt.Values[0]
	}
	if name != s.login.Name && !s.login.Super {
		return fail("42501", "permission denied to set session authorization")
	}
	u := s.login
	if name != s.login.Name {
		var other user
		err := s.w.meta.View(ctx, func(tx meta.Tx) error { return tx.Get(kindUser, meta.Key{name}, &other) })
		if err != nil {
			return missing(err, "42704", "user", name)
		}
		u = other
	}
	groups, err := s.w.memberships(ctx, name)
	if err != nil {
		return err
	}
	s.user, s.groups = u, groups
	s.client.Parameter("session_authorization", name)
	return nil
}

func (s *Session) resetStatement(ctx context.Context, stmt *sql.ResetStmt) (wire.Result, error) {
	switch stmt.Name {
	case "all":
		s.settings.reset()
		for name, known := range reported {
			if name != "session_authorization" {
				s.client.Parameter(known, s.settings.value(name))
			}
		}
		return done(stmt.Tag()), s.tellEngine(ctx)
	case "session_authorization":
		return done(stmt.Tag()), s.become(ctx, &sql.SetStmt{Default: true})
	}
	return done(stmt.Tag()), s.set(ctx, stmt.Name, nil, false)
}

func showSettingColumns(stmt *sql.ShowSettingStmt) []wire.Column {
	if stmt.Name == "all" {
		return []wire.Column{{Name: "name", OID: wire.OIDText}, {Name: "setting", OID: wire.OIDText}}
	}
	return []wire.Column{{Name: stmt.Name, OID: wire.OIDText}}
}

func (s *Session) showSetting(stmt *sql.ShowSettingStmt) (wire.Result, error) {
	columns := showSettingColumns(stmt)
	if stmt.Name == "all" {
		var rows [][]any
		for _, name := range s.settings.names() {
			rows = append(rows, []any{name, s.settings.value(name)})
		}
		return wire.NewResult(columns, rows, "SHOW"), nil
	}
	value, ok := s.settings.get(stmt.Name)
	if stmt.Name == "session_authorization" {
		value = s.user.Name
	}
	if !ok {
		return nil, fail("42704", "unrecognized configuration parameter %q", stmt.Name)
	}
	return wire.NewResult(columns, [][]any{{value}}, "SHOW"), nil
}
