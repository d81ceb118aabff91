package warehouse

import (
	"context"
	"strings"

	"tarn/internal/meta"
	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/wire"
)

// grant runs GRANT and REVOKE on tables and schemas.
func (s *Session) grant(ctx context.Context, stmt *sql.GrantStmt) (wire.Result, error) {
	if stmt.Option {
		return nil, unsupported("WITH GRANT OPTION is not supported yet")
	}
	known := tablePrivileges
	switch stmt.ObjectKind {
	case "table", "all tables in schema":
	case "schema":
		known = schemaPrivileges
	default:
		return nil, unsupported("%s on %s is not supported yet", stmt.Tag(), strings.ToUpper(stmt.ObjectKind))
	}
	letters := ""
	for _, p := range stmt.Privileges {
		if len(p.Columns) > 0 {
			return nil, unsupported("column privileges are not supported yet")
		}
		if p.Name == "all" {
			letters += everything(known)
			continue
		}
		l, ok := known[p.Name]
		if !ok {
			return nil, fail("0LP01", "invalid privilege type %s for %s", strings.ToUpper(p.Name), stmt.ObjectKind)
		}
		letters += l
	}
	for _, g := range stmt.Grantees {
		switch g.Kind {
		case "user":
			if err := s.userExists(ctx, g.Name.Name); err != nil {
				return nil, err
			}
		case "group":
			if err := s.groupExists(ctx, g.Name.Name); err != nil {
				return nil, err
			}
		case "public":
		default:
			return nil, unsupported("roles are not supported yet")
		}
	}
	apply := func(acl []grant) []grant {
		for _, g := range stmt.Grantees {
			acl = change(acl, stmt.Revoke, g, letters, s.user.Name)
		}
		return acl
	}
	written := s.writesSchemas()
	if stmt.ObjectKind == "table" {
		written = s.reshapes(stmt.Objects...)
	}
	return s.within(ctx, written, func() (wire.Result, error) {
		st := store{s.engine, s.database}
		for _, name := range stmt.Objects {
			cat := s.catalog(ctx)
			switch stmt.ObjectKind {
			case "schema":
				n, err := s.ownNamespace(cat, name.Last())
				if err != nil {
					return nil, err
				}
				changed := *n
				changed.ACL = apply(n.ACL)
				if err := st.putNamespace(ctx, changed); err != nil {
					return nil, err
				}
				continue
			case "all tables in schema":
				n, err := cat.namespace(s.database, name.Last())
				if err != nil {
					return nil, err
				}
				if n == nil {
					return nil, fail("3F000", "schema %q does not exist", name.Last())
				}
				all, err := st.relations(ctx, "n.oid = ?", n.OID)
				if err != nil {
					return nil, err
				}
				for _, r := range all {
					if !s.subject().owns(r.Owner) {
						return nil, fail("42501", "permission denied for relation %s", r.Name)
					}
					r.ACL = apply(r.ACL)
					if err := st.putRelation(ctx, r); err != nil {
						return nil, err
					}
				}
				continue
			}
			r, err := cat.relation(name)
			if err != nil {
				return nil, err
			}
			if r == nil {
				return nil, fail("42P01", "relation %q does not exist", name.String())
			}
			if r.Temp || r.Database != s.database {
				return nil, unsupported("privileges on %q can't be granted from here", name.String())
			}
			if !s.subject().owns(r.Owner) {
				return nil, fail("42501", "permission denied for relation %s", r.Name)
			}
			r.ACL = apply(r.ACL)
			if err := st.putRelation(ctx, r); err != nil {
				return nil, err
			}
		}
		return done(stmt.Tag()), nil
	})
}

func (s *Session) userExists(ctx context.Context, name string) error {
	return s.there(ctx, kindUser, "user", name)
}

func (s *Session) groupExists(ctx context.Context, name string) error {
	return s.there(ctx, kindGroup, "group", name)
}

func (s *Session) there(ctx context.Context, kind, word, name string) error {
	var v any
	err := s.w.meta.View(ctx, func(tx meta.Tx) error { return tx.Get(kind, meta.Key{name}, &v) })
	return missing(err, "42704", word, name)
}
