package warehouse

import (
	"errors"
	"slices"
	"strings"

	"tarn/internal/meta"
	"tarn/internal/redshift/sql"
)

// The letters of privileges in access lists.
var (
	tablePrivileges = map[string]string{"select": "r", "insert": "a", "update": "w", "delete": "d", "references": "x",
		"drop": "D", "alter": "A", "truncate": "P"}
	schemaPrivileges   = map[string]string{"create": "C", "usage": "U"}
	databasePrivileges = map[string]string{"create": "C", "temp": "T", "temporary": "T", "usage": "U", "connect": "U"}
)

// everything are the letters of ALL, in the order in which lists are written.
func everything(of map[string]string) string {
	var out []string
	for _, letter := range of {
		if !slices.Contains(out, letter) {
			out = append(out, letter)
		}
	}
	slices.Sort(out)
	return strings.Join(out, "")
}

// subject is somebody who asks for access.
type subject struct {
	name   string
	super  bool
	groups []string
}

func (s *Session) subject() subject { return subject{s.user.Name, s.user.Super, s.groups} }

// may says whether an access list gives the subject a privilege; owners have all.
func (u subject) may(owner string, acl []grant, letter string) bool {
	if u.super || u.name == owner {
		return true
	}
	for _, g := range acl {
		if !strings.Contains(g.Privileges, letter) {
			continue
		}
		switch g.Kind {
		case "public":
			return true
		case "user":
			if g.Name == u.name {
				return true
			}
		case "group":
			if slices.Contains(u.groups, g.Name) {
				return true
			}
		}
	}
	return false
}

// owns says whether the subject may do what only owners do.
func (u subject) owns(owner string) bool { return u.super || u.name == owner }

// allow checks that a statement's user may do with its tables what the plan does.
func (c *catalog) allow(plan *sql.Plan) error {
	for _, use := range plan.Reads {
		if err := c.allowUse(use, "r"); err != nil {
			return err
		}
		c.s.tx.note(use)
	}
	if plan.Write == nil {
		return nil
	}
	// MERGE asks for all that it may come to do.
	letters := map[sql.PlanKind]string{sql.PlanInsert: "a", sql.PlanUpdate: "w", sql.PlanDelete: "d", sql.PlanMerge: "rawd"}[plan.Kind]
	for _, letter := range letters {
		if err := c.allowUse(plan.Write, string(letter)); err != nil {
			return err
		}
	}
	if plan.Kind != sql.PlanInsert {
		c.s.tx.note(plan.Write)
	}
	return nil
}

func (c *catalog) allowUse(use *sql.TableUse, letter string) error {
	who := c.s.subject()
	if use.Via != nil {
		view, ok := use.Via.Ref.(*relation)
		if !ok {
			return nil // a system view reads what it needs
		}
		var err error
		if who, err = c.subjectOf(view.Owner); err != nil {
			return err
		}
	}
	switch ref := use.Table.Ref.(type) {
	case *relation:
		return c.allowRelation(who, ref, letter)
	case *externalTable:
		return c.allowSchema(who, ref.database, ref.schema.Name, "U")
	case *systemTable:
		if letter != "r" {
			return fail("42501", "permission denied: %q is a system catalog", ref.name)
		}
	}
	return nil
}

func (c *catalog) allowRelation(who subject, r *relation, letter string) error {
	if r.Temp {
		return nil
	}
	if err := c.allowSchema(who, r.Database, r.Schema, "U"); err != nil {
		return err
	}
	if !who.may(r.Owner, r.ACL, letter) {
		return fail("42501", "permission denied for relation %s", r.Name)
	}
	return nil
}

func (c *catalog) allowSchema(who subject, database, schema, letter string) error {
	n, err := c.namespace(database, schema)
	if err != nil {
		return err
	}
	if n == nil {
		return fail("3F000", "schema %q does not exist", schema)
	}
	if !who.may(n.Owner, n.ACL, letter) {
		return fail("42501", "permission denied for schema %s", schema)
	}
	return nil
}

// subjectOf is a user by name; one who is gone has no rights.
func (c *catalog) subjectOf(name string) (subject, error) {
	if name == c.s.user.Name {
		return c.s.subject(), nil
	}
	var u user
	err := c.s.w.meta.View(c.ctx, func(tx meta.Tx) error { return tx.Get(kindUser, meta.Key{name}, &u) })
	if errors.Is(err, meta.ErrNotFound) {
		return subject{name: name}, nil
	}
	if err != nil {
		return subject{}, err
	}
	groups, err := c.s.w.memberships(c.ctx, name)
	return subject{name, u.Super, groups}, err
}

// change applies GRANT or REVOKE to an access list.
func change(acl []grant, revoke bool, to sql.Grantee, letters, grantor string) []grant {
	acl = slices.Clone(acl)
	name := to.Name.Name
	if to.Kind == "public" {
		name = ""
	}
	i := slices.IndexFunc(acl, func(g grant) bool { return g.Kind == to.Kind && g.Name == name })
	if i < 0 {
		if revoke {
			return acl
		}
		acl = append(acl, grant{Kind: to.Kind, Name: name, Grantor: grantor})
		i = len(acl) - 1
	}
	var out []byte
	for _, l := range []byte("rawdxDAPCUT") {
		has := strings.IndexByte(acl[i].Privileges, l) >= 0
		named := strings.IndexByte(letters, l) >= 0
		if has && !(revoke && named) || named && !revoke {
			out = append(out, l)
		}
	}
	acl[i].Privileges = string(out)
	if acl[i].Privileges == "" {
		acl = slices.Delete(acl, i, i+1)
	}
	return acl
}
