package warehouse

import (
	"context"
	"errors"
	"slices"

	"tarn/internal/meta"
	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/wire"
)

// Users and groups belong to the cluster, and are changed at once, whatever becomes of the open
// transaction: it is a transaction of one database.

func missing(err error, code, word, name string) error {
	if errors.Is(err, meta.ErrNotFound) {
		return fail(code, "%s %q does not exist", word, name)
	}
	return err
}

func (s *Session) superuser(what string) error {
	if s.user.Super {
		return nil
	}
	return fail("42501", "must be superuser to %s", what)
}

func (s *Session) createUser(ctx context.Context, stmt *sql.CreateUserStmt) (wire.Result, error) {
	if err := s.superuser("create users"); err != nil {
		return nil, err
	}
	if stmt.Options.Password == nil && !stmt.Options.PasswordDisable {
		return nil, fail("42601", "a user needs PASSWORD, or PASSWORD DISABLE")
	}
	u := user{Name: stmt.Name.Name, Created: s.w.now()}
	if err := s.w.apply(&u, stmt.Options); err != nil {
		return nil, err
	}
	err := s.w.meta.Update(ctx, func(tx meta.Tx) error {
		if err := s.w.insertUser(tx, &u); err != nil {
			return err
		}
		for _, g := range stmt.Options.Groups {
			if err := changeGroup(tx, g.Name, func(g *group) { g.Members = append(g.Members, u.Name) }); err != nil {
				return err
			}
		}
		return nil
	})
	return done(stmt.Tag()), err
}

func (s *Session) alterUser(ctx context.Context, stmt *sql.AlterUserStmt) (wire.Result, error) {
	own := stmt.Name.Name == s.user.Name
	o := stmt.Options
	privileged := o.CreateDB != nil || o.CreateUser != nil || o.ConnectionLimit != nil || o.SyslogAccess != "" || o.ValidUntil != nil || stmt.RenameTo != nil
	if !s.user.Super && (!own || privileged) {
		return nil, s.superuser("alter users")
	}
	if stmt.RenameTo != nil {
		return nil, unsupported("users can't be renamed: what they own names them")
	}
	err := s.w.meta.Update(ctx, func(tx meta.Tx) error {
		var u user
		if err := tx.Get(kindUser, meta.Key{stmt.Name.Name}, &u); err != nil {
			return missing(err, "42704", "user", stmt.Name.Name)
		}
		if err := s.w.apply(&u, o); err != nil {
			return err
		}
		if stmt.Set != nil {
			value := ""
			if len(stmt.Set.Values) > 0 {
				value = join(stmt.Set.Values)
			}
			trial := newSettings(nil)
			if err := trial.change(stmt.Set.Name, &value, false); err != nil {
				return err
			}
			if u.Settings == nil {
				u.Settings = map[string]string{}
			}
			u.Settings[stmt.Set.Name] = trial.value(stmt.Set.Name)
		}
		switch stmt.Reset {
		case "":
		case "all":
			u.Settings = nil
		default:
			delete(u.Settings, stmt.Reset)
		}
		return tx.Put(kindUser, meta.Key{u.Name}, u)
	})
	return done(stmt.Tag()), err
}

// dropUsers removes users who own nothing and have been granted nothing.
func (s *Session) dropUsers(ctx context.Context, stmt *sql.DropStmt) (wire.Result, error) {
	if err := s.superuser("drop users"); err != nil {
		return nil, err
	}
	databases, err := s.w.databaseRecords(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range stmt.Names {
		name := id.Last()
		if err := s.userExists(ctx, name); err != nil {
			if stmt.IfExists {
				continue
			}
			return nil, err
		}
		if name == s.w.master || name == s.user.Name {
			return nil, fail("55006", "user %q cannot be dropped", name)
		}
		for _, db := range databases {
			if db.Owner == name {
				return nil, inUse(name, "database "+db.Name)
			}
			if _, err := s.w.attach(ctx, db.Name); err != nil {
				return nil, err
			}
			if err := s.owned(ctx, db.Name, name); err != nil {
				return nil, err
			}
		}
		err := s.w.meta.Update(ctx, func(tx meta.Tx) error {
			groups, err := groupsOf(tx, name)
			if err != nil {
				return err
			}
			for _, g := range groups {
				if err := changeGroup(tx, g, func(g *group) {
					g.Members = slices.DeleteFunc(g.Members, func(m string) bool { return m == name })
				}); err != nil {
					return err
				}
			}
			return missing(tx.Delete(kindUser, meta.Key{name}), "42704", "user", name)
		})
		if err != nil {
			return nil, err
		}
	}
	return done(stmt.Tag()), nil
}

func inUse(user, by string) error {
	e := fail("2BP01", "user %q cannot be dropped because some objects depend on it", user)
	e.Detail = by
	return e
}

// owned refuses where a user owns or was granted something in a database.
func (s *Session) owned(ctx context.Context, database, name string) error {
	st := store{s.engine, database}
	granted := func(acl []grant) bool {
		return slices.ContainsFunc(acl, func(g grant) bool { return g.Kind == "user" && g.Name == name })
	}
	schemas, err := st.namespaces(ctx)
	if err != nil {
		return err
	}
	for _, n := range schemas {
		if n.Owner == name || granted(n.ACL) {
			return inUse(name, "schema "+database+"."+n.Name)
		}
	}
	relations, err := st.relations(ctx, "r.owner = ? OR r.acl IS NOT NULL", name)
	if err != nil {
		return err
	}
	for _, r := range relations {
		if r.Owner == name || granted(r.ACL) {
			return inUse(name, "relation "+database+"."+r.full())
		}
	}
	return nil
}

func (s *Session) group(ctx context.Context, stmt *sql.GroupStmt) (wire.Result, error) {
	if err := s.superuser("change groups"); err != nil {
		return nil, err
	}
	name := stmt.Name.Name
	for _, u := range stmt.Users {
		if err := s.userExists(ctx, u.Name); err != nil {
			return nil, err
		}
	}
	err := s.w.meta.Update(ctx, func(tx meta.Tx) error {
		switch stmt.Action {
		case "create":
			var c cluster
			if err := tx.Get(kindCluster, meta.Key{"main"}, &c); err != nil {
				return err
			}
			g := group{ID: c.NextUser, Name: name}
			c.NextUser++
			for _, u := range stmt.Users {
				g.Members = append(g.Members, u.Name)
			}
			if err := tx.Put(kindCluster, meta.Key{"main"}, c); err != nil {
				return err
			}
			err := tx.Insert(kindGroup, meta.Key{name}, g)
			if errors.Is(err, meta.ErrExists) {
				return fail("42710", "group %q already exists", name)
			}
			return err
		case "add":
			return changeGroup(tx, name, func(g *group) {
				for _, u := range stmt.Users {
					if !slices.Contains(g.Members, u.Name) {
						g.Members = append(g.Members, u.Name)
					}
				}
			})
		case "drop":
			return changeGroup(tx, name, func(g *group) {
				g.Members = slices.DeleteFunc(g.Members, func(m string) bool {
					return slices.ContainsFunc(stmt.Users, func(u sql.Ident) bool { return u.Name == m })
				})
			})
		}
		return unsupported("groups can't be renamed: grants name them")
	})
	return done(stmt.Tag()), err
}

func (s *Session) dropGroups(ctx context.Context, stmt *sql.DropStmt) (wire.Result, error) {
	if err := s.superuser("drop groups"); err != nil {
		return nil, err
	}
	err := s.w.meta.Update(ctx, func(tx meta.Tx) error {
		for _, id := range stmt.Names {
			err := tx.Delete(kindGroup, meta.Key{id.Last()})
			if errors.Is(err, meta.ErrNotFound) && stmt.IfExists {
				continue
			}
			if err != nil {
				return missing(err, "42704", "group", id.Last())
			}
		}
		return nil
	})
	return done(stmt.Tag()), err
}

func changeGroup(tx meta.Tx, name string, fn func(*group)) error {
	var g group
	if err := tx.Get(kindGroup, meta.Key{name}, &g); err != nil {
		return missing(err, "42704", "group", name)
	}
	fn(&g)
	return tx.Put(kindGroup, meta.Key{name}, g)
}

// groupsOf are the names of the groups that a user is in.
func groupsOf(tx meta.Tx, name string) ([]string, error) {
	var out []string
	err := scanAll(tx, kindGroup, func(g group) {
		if slices.Contains(g.Members, name) {
			out = append(out, g.Name)
		}
	})
	return out, err
}
