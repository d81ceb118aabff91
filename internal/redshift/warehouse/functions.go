package warehouse

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"

	"tarn/internal/engine"
	"tarn/internal/redshift/sql"
)

// The analyzer prints calls of functions over the catalog, whose answers depend on the session's
// database, search path and users. They are temporary macros of the session's connection, made when
// a statement first needs them and again when what they depend on has changed.

// hostFunctions are the macros, as the catalog's words fill them. Their tables have names of their own,
// since an argument is put in as it is written and may name a table of the statement.
var hostFunctions = map[string]string{
	"rs_regclass(t)": `CASE WHEN t IS NULL THEN NULL WHEN TRY_CAST(t AS BIGINT) IS NOT NULL THEN TRY_CAST(t AS BIGINT) ELSE coalesce(
		(SELECT any_value(tarn_c.oid ORDER BY list_position(list_concat(['pg_catalog'], {path}), tarn_c.nspname)) FROM ` + allRelations + ` tarn_c
		WHERE tarn_c.nspname || '.' || tarn_c.name = replace(lower(t), '"', '') OR tarn_c.name = replace(lower(t), '"', '') AND list_contains(list_concat(['pg_catalog'], {path}), tarn_c.nspname)),
		CAST(error('[42P01] relation "' || t || '" does not exist') AS BIGINT)) END`,
	"rs_regclass_text(o)": `coalesce((SELECT any_value(CASE WHEN list_contains(list_concat(['pg_catalog'], {path}), tarn_c.nspname) THEN tarn_c.name ELSE tarn_c.nspname || '.' || tarn_c.name END)
		FROM ` + allRelations + ` tarn_c WHERE tarn_c.oid = o), CAST(o AS VARCHAR))`,
	"rs_regproc(t)":        `TRY_CAST(t AS BIGINT)`,
	"rs_regproc_text(o)":   `CASE WHEN o = 0 THEN '-' ELSE CAST(o AS VARCHAR) END`,
	"rs_regtype(t)":        `coalesce(TRY_CAST(t AS BIGINT), (SELECT any_value(tarn_x.oid) FROM memory.tarn_system.types tarn_x WHERE tarn_x.name = lower(t) OR tarn_type_name(tarn_x.oid, -1) = lower(t)))`,
	"rs_regtype_text(o)":   `coalesce(tarn_type_name(o, -1), CAST(o AS VARCHAR))`,
	"rs_format_type(o, m)": `tarn_type_name(o, m)`,
	"rs_get_userbyid(o)":   `coalesce((SELECT any_value(tarn_u.name) FROM {users} tarn_u WHERE tarn_u.id = o), 'unknown (OID=' || o || ')')`,
	"rs_get_viewdef(o)":    `(SELECT any_value(tarn_r.definition) FROM {db}._tarn.relation tarn_r WHERE tarn_r.oid = o)`,
	"rs_get_expr(t, o)":    `t`,
	"rs_get_constraintdef(o)": `(SELECT any_value(tarn_d.def) FROM (SELECT tarn_k.oid, CASE tarn_k.kind WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' ELSE 'FOREIGN KEY' END || ' (' ||
		string_agg(tarn_a.name, ', ' ORDER BY list_position(tarn_k.columns, tarn_a.num)) || ')' || coalesce(' REFERENCES ' || tarn_f.ref, '') AS def
		FROM {db}._tarn.constr tarn_k JOIN {db}._tarn.attribute tarn_a ON tarn_a.rel = tarn_k.rel AND list_contains(tarn_k.columns, tarn_a.num)
		LEFT JOIN (SELECT tarn_k.oid, CASE WHEN list_contains({path}, tarn_n.name) THEN '' ELSE tarn_n.name || '.' END || tarn_r.name || '(' ||
			string_agg(tarn_a.name, ', ' ORDER BY list_position(tarn_k.refcolumns, tarn_a.num)) || ')' AS ref
			FROM {db}._tarn.constr tarn_k JOIN {db}._tarn.relation tarn_r ON tarn_r.oid = tarn_k.refrel JOIN {db}._tarn.namespace tarn_n ON tarn_n.oid = tarn_r.schema
			JOIN {db}._tarn.attribute tarn_a ON tarn_a.rel = tarn_r.oid AND list_contains(tarn_k.refcolumns, tarn_a.num)
			GROUP BY tarn_k.oid, tarn_n.name, tarn_r.name) tarn_f ON tarn_f.oid = tarn_k.oid
		GROUP BY tarn_k.oid, tarn_k.kind, tarn_f.ref) tarn_d WHERE tarn_d.oid = o)`,
	"rs_get_indexdef(o)":        `CAST(NULL AS VARCHAR)`,
	"rs_table_is_visible(o)":    `coalesce((SELECT bool_or(list_contains(list_concat(['pg_catalog'], {path}), tarn_c.nspname)) FROM ` + allRelations + ` tarn_c WHERE tarn_c.oid = o), false)`,
	"rs_function_is_visible(o)": `true`,
	"rs_col_description(o, n)":  `(SELECT any_value(tarn_a.remark) FROM {db}._tarn.attribute tarn_a WHERE tarn_a.rel = o AND tarn_a.num = n)`,
	"rs_obj_description(o, c)": `coalesce((SELECT any_value(tarn_r.remark) FROM {db}._tarn.relation tarn_r WHERE tarn_r.oid = o),
		(SELECT any_value(tarn_n.remark) FROM {db}._tarn.namespace tarn_n WHERE tarn_n.oid = o))`,
	"rs_has_table_privilege(u, o, p)":    `tarn_privilege({database}, {pathtext}, 'table', CAST(u AS VARCHAR), CAST(o AS VARCHAR), CAST(p AS VARCHAR))`,
	"rs_has_schema_privilege(u, o, p)":   `tarn_privilege({database}, {pathtext}, 'schema', CAST(u AS VARCHAR), CAST(o AS VARCHAR), CAST(p AS VARCHAR))`,
	"rs_has_database_privilege(u, o, p)": `tarn_privilege({database}, {pathtext}, 'database', CAST(u AS VARCHAR), CAST(o AS VARCHAR), CAST(p AS VARCHAR))`,
	"rs_has_function_privilege(u, o, p)": `true`,
	"rs_encoding_name(n)": `CASE n WHEN 0 THEN 'none' WHEN 1 THEN 'runlength' WHEN 2 THEN 'bytedict' WHEN 3 THEN 'delta' WHEN 4 THEN 'delta32k' WHEN 6 THEN 'text255'
		WHEN 7 THEN 'text32k' WHEN 8 THEN 'lzo' WHEN 9 THEN 'zstd' WHEN 11 THEN 'az64' WHEN 128 THEN 'mostly8' WHEN 129 THEN 'mostly16' WHEN 130 THEN 'mostly32' END`,
	"rs_user_is_member_of(u, r)": `coalesce((SELECT bool_or(list_contains(tarn_g.members, tarn_x.id)) FROM {groups} tarn_g, {users} tarn_x WHERE tarn_g.name = r AND tarn_x.name = u), false)`,
	"rs_terminate_backend(n)":    `tarn_signal({user}, n, true)`,
	"rs_cancel_backend(n)":       `tarn_signal({user}, n, false)`,
}

// needHost makes the macros that a printed statement calls.
func (c *catalog) needHost(text string) error {
	s := c.s
	for signature, body := range hostFunctions {
		name, _, _ := strings.Cut(signature, "(")
		if !strings.Contains(text, name+"(") {
			continue
		}
		filled, err := c.fillSystem(body, s.database, nil)
		if err != nil {
			return err
		}
		if s.macros[name] == filled {
			continue
		}
		if _, err := s.engine.Exec(c.ctx, "CREATE OR REPLACE TEMP MACRO "+signature+" AS ("+filled+")"); err != nil {
			return fmt.Errorf("prepare function %s: %w", name, err)
		}
		s.macros[name] = filled
	}
	return nil
}

// register gives the engine the functions that macros call.
func (w *Warehouse) register() error {
	text := func(v driver.Value) string { s, _ := v.(string); return s }
	for _, f := range []engine.Scalar{
		{Name: "tarn_type_name", Overloads: []engine.Overload{{Args: []string{"BIGINT", "INTEGER"}, Result: "VARCHAR", Func: func(a []driver.Value) (any, error) {
			name := typeName(number(a[0]), int32(number(a[1])))
			if name == "" {
				return nil, nil
			}
			return name, nil
		}}}},
		{Name: "tarn_privilege", Overloads: []engine.Overload{{Args: []string{"VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR"}, Result: "BOOLEAN",
			Volatile: true, Func: func(a []driver.Value) (any, error) {
				return w.privilege(context.Background(), text(a[0]), strings.Split(text(a[1]), ","), text(a[2]), text(a[3]), text(a[4]), text(a[5]))
			}}}},
		{Name: "tarn_signal", Overloads: []engine.Overload{{Args: []string{"VARCHAR", "INTEGER", "BOOLEAN"}, Result: "INTEGER", Volatile: true,
			Func: func(a []driver.Value) (any, error) {
				end, _ := a[2].(bool)
				return w.signal(context.Background(), text(a[0]), number(a[1]), end)
			}}}},
	} {
		if err := w.engine.RegisterScalar(f); err != nil {
			return err
		}
	}
	scalars := map[string]*engine.Scalar{}
	var order []string
	for _, f := range sql.ScalarUDFs(w.now) {
		o := engine.Overload{Result: f.Result.DuckDB(), Func: func(a []driver.Value) (any, error) {
			args := make([]any, len(a))
			for i, v := range a {
				args[i] = v
			}
			return f.Fn(args)
		}}
		for _, t := range f.Args {
			o.Args = append(o.Args, t.DuckDB())
		}
		if scalars[f.Name] == nil {
			scalars[f.Name] = &engine.Scalar{Name: f.Name}
			order = append(order, f.Name)
		}
		scalars[f.Name].Overloads = append(scalars[f.Name].Overloads, o)
	}
	for _, name := range order {
		if err := w.engine.RegisterScalar(*scalars[name]); err != nil {
			return err
		}
	}
	return w.engine.Prelude(context.Background(), append([]string{sql.Prelude(false)}, systemPrelude()...)...)
}

// typeName is format_type.
func typeName(oid int64, typmod int32) string {
	n := int(typmod) - 4
	name := map[int64]string{16: "boolean", 17: "bytea", 18: `"char"`, 19: "name", 20: "bigint", 21: "smallint", 22: "int2vector", 23: "integer", 24: "regproc",
		25: "text", 26: "oid", 27: "tid", 28: "xid", 29: "cid", 30: "oidvector", 700: "real", 701: "double precision", 702: "abstime", 705: `"unknown"`, 1033: "aclitem",
		1042: "character", 1043: "character varying", 1082: "date", 1083: "time without time zone", 1114: "timestamp without time zone",
		1184: "timestamp with time zone", 1186: "interval", 1188: "intervaly2m", 1190: "intervald2s", 1266: "time with time zone", 1700: "numeric", 2205: "regclass",
		2206: "regtype", 2249: "record", 2278: "void", 2935: "hllsketch", 3000: "geometry", 3001: "geography", 4000: "super", 6551: "binary varying",
		1000: "boolean[]", 1005: "smallint[]", 1007: "integer[]", 1009: "text[]", 1015: "character varying[]", 1016: "bigint[]", 1028: "oid[]", 1034: "aclitem[]", 1003: "name[]",
		1021: "real[]", 1022: "double precision[]"}[oid]
	switch oid {
	case 1042, 1043, 6551:
		if n > 0 {
			return fmt.Sprintf("%s(%d)", name, n)
		}
	case 1700:
		if n > 0 {
			return fmt.Sprintf("numeric(%d,%d)", n>>16, n&0xffff)
		}
	}
	return name
}

// privilege answers has_table_privilege and its like. It looks at what is committed.
func (w *Warehouse) privilege(ctx context.Context, database string, path []string, kind, who, object, privileges string) (bool, error) {
	sess, err := w.engine.Session(ctx, engine.WithWeight(0))
	if err != nil {
		return false, err
	}
	defer sess.Close()
	u, err := w.accountOf(ctx, who)
	if err != nil {
		return false, err
	}
	groups, err := w.memberships(ctx, u.Name)
	if err != nil {
		return false, err
	}
	s := &Session{w: w, user: u, groups: groups, database: database, engine: sess, settings: newSettings(nil)}
	c := s.catalog(ctx)
	c.path = path
	var owner string
	var acl []grant
	var known map[string]string
	switch kind {
	case "table":
		known = tablePrivileges
		var r *relation
		var oid int64
		if _, err := fmt.Sscan(object, &oid); err == nil {
			if r, err = c.store(database).relationByOID(ctx, oid); err != nil {
				return false, err
			}
		} else {
			info, err := c.find(strings.Split(strings.ReplaceAll(object, `"`, ""), "."))
			if err != nil {
				return false, err
			}
			if info == nil {
				return false, fail("42P01", "relation %q does not exist", object)
			}
			r, _ = info.Ref.(*relation)
		}
		if r == nil {
			return true, nil // a system table
		}
		owner, acl = r.Owner, r.ACL
	case "schema":
		known = schemaPrivileges
		if object == "pg_catalog" || object == "information_schema" {
			return !strings.Contains(strings.ToLower(privileges), "create"), nil
		}
		n, err := c.namespace(database, strings.ReplaceAll(object, `"`, ""))
		if err != nil {
			return false, err
		}
		if n == nil {
			return false, fail("3F000", "schema %q does not exist", object)
		}
		owner, acl = n.Owner, n.ACL
	default:
		known = databasePrivileges
		acl = []grant{{Kind: "public", Privileges: "TU"}}
	}
	for p := range strings.SplitSeq(strings.ToLower(privileges), ",") {
		p = strings.TrimSpace(p)
		letter, ok := known[p]
		if !ok {
			return false, fail("22023", "unrecognized privilege type: %q", p)
		}
		if s.subject().may(owner, acl, letter) {
			return true, nil
		}
	}
	return false, nil
}

// signal runs pg_cancel_backend and pg_terminate_backend.
func (w *Warehouse) signal(ctx context.Context, who string, pid int64, end bool) (int32, error) {
	u, err := w.accountOf(ctx, who)
	if err != nil {
		return 0, err
	}
	w.mu.Lock()
	control := w.control
	var target *Session
	for s := range w.sessions {
		if int64(s.start.PID) == pid {
			target = s
		}
	}
	w.mu.Unlock()
	if target == nil || control == nil {
		return 0, nil
	}
	if !u.Super && target.login.ID != u.ID {
		return 0, fail("42501", "must be superuser to signal another user's process")
	}
	done := false
	if end {
		done = control.Terminate(uint32(pid))
	} else {
		done = control.Cancel(uint32(pid))
	}
	if done {
		return 1, nil
	}
	return 0, nil
}
