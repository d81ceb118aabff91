package sql

func (p *parser) userOptions(o *UserOptions) {
	yes, no := true, false
	p.accept("with")
	for {
		switch {
		case p.accept("password"):
			if p.accept("disable") {
				o.PasswordDisable = true
			} else {
				s := p.str()
				o.Password = &s
			}
		case p.accept("createdb"):
			o.CreateDB = &yes
		case p.accept("nocreatedb"):
			o.CreateDB = &no
		case p.accept("createuser"):
			o.CreateUser = &yes
		case p.accept("nocreateuser"):
			o.CreateUser = &no
		case p.accept("syslog", "access"):
			o.SyslogAccess = p.expectAny("restricted", "unrestricted")
		case p.accept("in", "group"):
			o.Groups = list(p, p.ident)
		case p.accept("valid", "until"):
			s := p.str()
			o.ValidUntil = &s
		case p.accept("connection", "limit"):
			n := -1
			if !p.accept("unlimited") {
				n = p.smallInt()
			}
			o.ConnectionLimit = &n
		case p.accept("session", "timeout"):
			n := p.smallInt()
			o.SessionTimeout = &n
		case p.accept("externalid"):
			o.ExternalID = p.settingValue()
		default:
			return
		}
	}
}

func (p *parser) alterUser() Statement {
	s := &AlterUserStmt{Name: p.ident()}
	p.accept("with")
	switch {
	case p.accept("rename", "to"):
		id := p.ident()
		s.RenameTo = &id
	case p.is("set"):
		s.Set = p.spanned(p.setStmt).(*SetStmt)
	case p.accept("reset", "session", "timeout"):
		n := 0
		s.Options.SessionTimeout = &n
	case p.accept("reset"):
		s.Reset = p.settingName()
	default:
		p.userOptions(&s.Options)
	}
	return s
}

var privileges = wordSet(`select insert update delete drop references alter truncate create usage temp temporary execute all rule trigger`)

// systemPrivileges are granted to roles without an object.
var systemPrivileges = [][]string{
	{"create", "user"}, {"alter", "user"}, {"drop", "user"}, {"create", "role"}, {"alter", "role"}, {"drop", "role"},
	{"grant", "role"}, {"create", "schema"}, {"drop", "schema"}, {"alter", "table"}, {"create", "table"}, {"drop", "table"},
	{"create", "database"}, {"drop", "database"}, {"alter", "default", "privileges"}, {"access", "system", "table"},
	{"access", "catalog"}, {"explain", "rls"}, {"ignore", "rls"}, {"explain", "masking"}, {"truncate", "table"},
	{"create", "or", "replace", "function"}, {"create", "or", "replace", "procedure"}, {"vacuum"}, {"analyze"}, {"cancel"},
}

func (p *parser) grantStmt(revoke bool) Statement {
	p.pos++
	s := &GrantStmt{Revoke: revoke}
	if revoke {
		s.Option = p.accept("grant", "option", "for") || p.accept("admin", "option", "for")
	}
	p.grantBody(s)
	return s
}

func (p *parser) grantBody(s *GrantStmt) {
	switch {
	case p.accept("role"):
		s.ObjectKind = "role"
		s.Objects = list(p, func() QName { return QName{p.roleName()} })
	case p.accept("assumerole"):
		s.ObjectKind = "assumerole"
		s.Privileges = []Privilege{{Name: "assumerole"}}
		p.expect("on")
		s.RoleARNs = list(p, func() string {
			if w := p.acceptAny("default", "all"); w != "" {
				return w
			}
			return p.str()
		})
	case p.systemPrivilege(s):
	default:
		s.Privileges = list(p, p.privilege)
		if p.accept("on") {
			p.grantObject(s)
		} else {
			s.ObjectKind = "role" // GRANT rolename TO ...
			for _, pr := range s.Privileges {
				s.Objects = append(s.Objects, QName{{Name: pr.Name}})
			}
			s.Privileges = nil
		}
	}
	if s.Revoke {
		p.expect("from")
	} else {
		p.expect("to")
	}
	s.Grantees = list(p, p.grantee)
	if s.ObjectKind == "assumerole" && p.accept("for") {
		s.For = list(p, func() string { return p.label().Name })
		if p.accept("function") {
			s.For = append(s.For, "function")
		}
	}
	if !s.Revoke && (p.accept("with", "grant", "option") || p.accept("with", "admin", "option")) {
		s.Option = true
	}
	if s.Revoke {
		s.Cascade = p.acceptAny("cascade", "restrict") == "cascade"
	}
}

func (p *parser) systemPrivilege(s *GrantStmt) bool {
	for _, words := range systemPrivileges {
		n := p.ahead(len(words))
		if p.is(words...) && (n.is("to") || n.is("from") || n.isOp(",")) {
			s.ObjectKind = "system"
			s.Privileges = list(p, func() Privilege {
				name := ""
				for p.tok().kind == tokWord && !p.isAny("to", "from") {
					if name != "" {
						name += " "
					}
					name += p.take().text
				}
				return Privilege{Name: name}
			})
			return true
		}
	}
	return false
}

// roleName is a role, which may have a system prefix: sys:dba.
func (p *parser) roleName() Ident {
	id := p.ident()
	if p.isOp(":") {
		p.pos++
		id.Name += ":" + p.label().Name
	}
	return id
}

func (p *parser) privilege() Privilege {
	t := p.tok()
	if t.kind == tokWord && privileges[t.text] {
		p.pos++
		pr := Privilege{Name: t.text}
		if t.text == "all" {
			p.accept("privileges")
		}
		if t.text == "temporary" {
			pr.Name = "temp"
		}
		if p.isOp("(") {
			pr.Columns = parens(p, p.label)
		}
		return pr
	}
	return Privilege{Name: p.roleName().Name}
}

func (p *parser) grantObject(s *GrantStmt) {
	switch {
	case p.is("all") && (p.ahead(2).is("in")):
		p.pos++
		s.ObjectKind = "all " + p.expectAny("tables", "functions", "procedures") + " in schema"
		p.expect("in", "schema")
		s.Objects = list(p, p.qname)
	case p.is("function") || p.is("procedure"):
		s.ObjectKind = p.take().text
		s.Objects = list(p, func() QName {
			q := p.qname()
			s.Args = append(s.Args, p.argTypes())
			return q
		})
	case p.isAny("schema", "database", "language"):
		s.ObjectKind = p.take().text
		s.Objects = list(p, p.qname)
	case p.isAny("model", "datashare") || p.is("copy", "job") || p.is("external"):
		p.unsupported(p.here(), "GRANT ON "+upper(p.tok().text))
	default:
		p.accept("table")
		s.ObjectKind = "table"
		s.Objects = list(p, p.qname)
	}
}

func (p *parser) grantee() Grantee {
	switch {
	case p.accept("public"):
		return Grantee{Kind: "public"}
	case p.accept("group"):
		return Grantee{Kind: "group", Name: p.ident()}
	case p.is("role") && p.ahead(1).kind != tokEOF && !p.ahead(1).isOp(";") && !p.ahead(1).isOp(","):
		p.pos++
		return Grantee{Kind: "role", Name: p.roleName()}
	}
	p.accept("user")
	return Grantee{Kind: "user", Name: p.ident()}
}

func (p *parser) defaultPrivileges() Statement {
	s := &DefaultPrivilegesStmt{}
	if p.accept("for", "user") {
		s.ForUsers = list(p, p.ident)
	}
	if p.accept("in", "schema") {
		s.InSchemas = list(p, p.ident)
	}
	if p.accept("revoke") {
		s.Grant.Revoke = true
		s.Grant.Option = p.accept("grant", "option", "for")
	} else {
		p.expect("grant")
	}
	g := &s.Grant
	g.Privileges = list(p, p.privilege)
	p.expect("on")
	g.ObjectKind = p.expectAny("tables", "functions", "procedures")
	if g.Revoke {
		p.expect("from")
	} else {
		p.expect("to")
	}
	g.Grantees = list(p, p.grantee)
	if !g.Revoke && p.accept("with", "grant", "option") {
		g.Option = true
	}
	if g.Revoke {
		g.Cascade = p.acceptAny("cascade", "restrict") == "cascade"
	}
	return s
}
