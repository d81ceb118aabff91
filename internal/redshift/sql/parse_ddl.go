package sql

import "strings"

func (p *parser) createStmt() Statement {
	start := p.here()
	p.expect("create")
	replace := p.accept("or", "replace")
	if replace && !p.is("view") {
		if p.isAny("procedure", "function") {
			p.unsupported(p.here(), "CREATE "+upper(p.tok().text))
		}
		p.expect("view")
	}
	temp := false
	if p.is("local") || p.is("temp") || p.is("temporary") {
		p.accept("local")
		p.expectAny("temp", "temporary")
		temp = true
	}
	switch {
	case p.accept("table"):
		return p.createTable(temp)
	case temp && p.is("view"):
		p.unsupported(start, "CREATE TEMPORARY VIEW")
	case p.accept("view"):
		return p.createView(replace)
	case p.accept("materialized", "view"):
		return p.createMaterializedView()
	case p.accept("schema"):
		return p.createSchema()
	case p.accept("external", "schema"):
		return p.createExternalSchema()
	case p.accept("external", "table"):
		return p.createExternalTable()
	case p.accept("database"):
		return p.createDatabase()
	case p.accept("user"):
		s := &CreateUserStmt{Name: p.ident()}
		p.userOptions(&s.Options)
		return s
	case p.accept("group"):
		s := &GroupStmt{Action: "create", Name: p.ident()}
		if p.accept("with") || p.is("user") {
			p.expect("user")
			s.Users = list(p, p.ident)
		}
		return s
	case p.accept("role"):
		s := &RoleStmt{Action: "create", Name: p.ident()}
		if p.accept("externalid") {
			s.To = Ident{Name: p.settingValue()}
		}
		return s
	case p.tok().kind == tokWord:
		words := upper(p.tok().text)
		if p.is("external") || p.is("identity") || p.is("rls") || p.is("masking") {
			words += " " + upper(p.ahead(1).text)
		}
		switch p.tok().text {
		case "procedure", "function", "external", "identity", "rls", "masking", "library", "model", "datashare", "template":
			p.unsupported(start, "CREATE "+words)
		case "index", "sequence", "type", "domain", "trigger", "extension", "aggregate", "operator", "rule", "tablespace", "unique":
			p.unsupported(start, "CREATE "+words)
		}
	}
	p.fail()
	return nil
}

func (p *parser) ifNotExists() bool { return p.accept("if", "not", "exists") }

// queryWithText parses a query and returns it with its text.
func (p *parser) queryWithText() (*Query, string) {
	start := p.here()
	save := p.into
	p.into = nil
	// A query in parentheses may be the whole of it.
	q := p.query()
	if p.into != nil {
		panic(errAt(p.into.Name.Pos(), CodeSyntax, "INTO is not allowed here"))
	}
	p.into = save
	return q, p.text[start:p.prevEnd()]
}

func (p *parser) createTable(temp bool) Statement {
	exists := p.ifNotExists()
	name := p.qname()
	if strings.HasPrefix(name.Last(), "#") {
		temp = true
	}
	ctas := &CreateTableAsStmt{Name: name, Temp: temp, IfNotExists: exists}
	if p.isOp("(") && p.namesThenAs() {
		ctas.Columns = parens(p, p.label)
	}
	if !p.isOp("(") {
		p.tableAttrs(&ctas.Attrs)
		p.expect("as")
		ctas.Query, ctas.QueryText = p.queryWithText()
		return ctas
	}
	s := &CreateTableStmt{Name: name, Temp: temp, IfNotExists: exists}
	p.expectOp("(")
	for {
		p.tableElement(s)
		if !p.acceptOp(",") {
			break
		}
	}
	p.expectOp(")")
	p.tableAttrs(&s.Attrs)
	if p.is("as") {
		p.failHint("CREATE TABLE ... AS takes column names without types")
	}
	return s
}

// namesThenAs says whether the parenthesis here holds bare names, so that AS query follows.
func (p *parser) namesThenAs() bool {
	for i := 1; ; i += 2 {
		if k := p.ahead(i).kind; k != tokWord && k != tokQuoted {
			return false
		}
		switch t := p.ahead(i + 1); {
		case t.isOp(","):
		case t.isOp(")"):
			return true
		default:
			return false
		}
	}
}

func (p *parser) tableElement(s *CreateTableStmt) {
	switch {
	case p.accept("like"):
		l := LikeTable{Table: p.qname()}
		for p.isAny("including", "excluding") {
			inc := p.take().text == "including"
			p.expect("defaults")
			l.Defaults = inc
		}
		s.Likes = append(s.Likes, l)
	case p.isAny("constraint", "primary", "foreign", "check") || p.is("unique") && p.ahead(1).isOp("("):
		s.Constraints = append(s.Constraints, p.constraint())
	default:
		s.Columns = append(s.Columns, p.columnDef())
	}
}

func (p *parser) constraint() Constraint {
	c := Constraint{}
	if p.accept("constraint") {
		c.Name = p.ident()
	}
	switch {
	case p.accept("primary", "key"):
		c.Kind = "primary key"
		c.Columns = parens(p, p.label)
	case p.accept("unique"):
		c.Kind = "unique"
		c.Columns = parens(p, p.label)
	case p.accept("foreign", "key"):
		c.Kind = "foreign key"
		c.Columns = parens(p, p.label)
		c.References = p.reference()
	case p.is("check"):
		p.unsupported(p.here(), "a CHECK constraint")
	default:
		p.fail()
	}
	p.deferrable()
	return c
}

func (p *parser) deferrable() {
	for {
		switch {
		case p.accept("not", "deferrable"), p.accept("deferrable"), p.accept("initially", "immediate"), p.accept("initially", "deferred"):
		default:
			return
		}
	}
}

func (p *parser) reference() *Reference {
	p.expect("references")
	r := &Reference{Table: p.qname()}
	if p.isOp("(") {
		r.Columns = parens(p, p.label)
	}
	for p.accept("on") {
		p.expectAny("delete", "update")
		switch {
		case p.accept("no", "action"), p.accept("restrict"), p.accept("cascade"), p.accept("set", "null"), p.accept("set", "default"):
		default:
			p.fail()
		}
	}
	return r
}

func (p *parser) resolved(n TypeName) Type {
	t, err := ResolveType(n)
	if err != nil {
		panic(err)
	}
	return t
}

var encodings = wordSet(`raw az64 bytedict delta delta32k lzo mostly8 mostly16 mostly32 runlength text255 text32k zstd auto none`)

func (p *parser) encoding() string {
	t := p.tok()
	if (t.kind != tokWord && t.kind != tokString) || !encodings[foldASCII(t.text)] {
		p.failHint("expected an encoding such as AZ64, LZO, ZSTD or RAW")
	}
	p.pos++
	return foldASCII(t.text)
}

func (p *parser) columnDef() ColumnDef {
	c := ColumnDef{Name: p.ident()}
	c.TypeName = p.typeName()
	c.Type = p.resolved(c.TypeName)
	switch c.Type.Kind {
	case KArray, KRecord, KVoid, KUnknown, KInterval:
		panic(errAt(c.TypeName.Pos, CodeNotSupported, "column \"%s\" has unsupported type \"%s\"", c.Name.Name, c.Type.BaseName()))
	}
	for {
		switch {
		case p.accept("default"):
			start := p.here()
			c.Default = p.exprAt(bindOther)
			c.DefaultSQL = p.text[start:p.prevEnd()]
		case p.accept("not", "null"):
			c.NotNull = true
		case p.accept("null"):
			c.Null = true
		case p.accept("encode"):
			c.Encode = p.encoding()
		case p.accept("distkey"):
			c.DistKey = true
		case p.accept("sortkey"):
			c.SortKey = true
		case p.accept("collate"):
			switch p.expectAny("case_sensitive", "case_insensitive", "cs", "ci") {
			case "case_sensitive", "cs":
				c.Collate = "case_sensitive"
			default:
				c.Collate = "case_insensitive"
			}
		case p.accept("identity"):
			c.Identity = p.identity(false)
		case p.accept("generated", "by", "default", "as", "identity"):
			c.Identity = p.identity(true)
		case p.accept("unique"):
			c.Unique = true
		case p.accept("primary", "key"):
			c.PrimaryKey = true
		case p.is("references"):
			c.References = p.reference()
		case p.accept("constraint"):
			p.ident()
		case p.is("check"):
			p.unsupported(p.here(), "a CHECK constraint")
		default:
			return c
		}
		p.deferrable()
	}
}

func (p *parser) identity(byDefault bool) *Identity {
	id := &Identity{Seed: 1, Step: 1, ByDefault: byDefault}
	if p.acceptOp("(") {
		id.Seed = p.integer()
		p.expectOp(",")
		id.Step = p.integer()
		p.expectOp(")")
	}
	return id
}

func (p *parser) tableAttrs(a *TableAttrs) {
	for {
		pos := p.here()
		switch {
		case p.accept("backup"):
			yes := p.expectAny("yes", "no") == "yes"
			a.Backup = &yes
		case p.accept("diststyle"):
			a.DistStyle = p.expectAny("auto", "even", "key", "all")
		case p.accept("distkey"):
			p.expectOp("(")
			id := p.label()
			a.DistKey = &id
			p.expectOp(")")
		case p.is("compound") || p.is("interleaved"):
			a.SortStyle = p.take().text
			p.expect("sortkey")
			a.SortKey = parens(p, p.label)
		case p.accept("sortkey"):
			if p.accept("auto") {
				a.SortStyle = "auto"
			} else {
				a.SortStyle = "compound"
				if p.isOp("(") {
					a.SortKey = parens(p, p.label)
				} else {
					a.SortKey = []Ident{p.label()}
				}
			}
		case p.accept("encode", "auto"):
			a.EncodeAuto = true
		case p.is("on", "commit"):
			p.unsupported(pos, "ON COMMIT")
		default:
			return
		}
		a.given = true
	}
}

// Given says whether any attribute was written.
func (a TableAttrs) Given() bool { return a.given }

func (p *parser) createView(replace bool) Statement {
	s := &CreateViewStmt{OrReplace: replace, Name: p.qname()}
	if p.isOp("(") {
		s.Columns = parens(p, p.label)
	}
	p.expect("as")
	s.Query, s.QueryText = p.queryWithText()
	if p.accept("with", "no", "schema", "binding") {
		s.NoBinding = true
	}
	return s
}

func (p *parser) createMaterializedView() Statement {
	s := &CreateViewStmt{Materialized: true, Name: p.qname()}
	if p.isOp("(") {
		s.Columns = parens(p, p.label)
	}
	for {
		p.tableAttrs(&s.Attrs)
		if !p.accept("auto", "refresh") {
			break
		}
		s.AutoRefresh = p.expectAny("yes", "no") == "yes"
	}
	p.expect("as")
	s.Query, s.QueryText = p.queryWithText()
	return s
}

func (p *parser) quota() int64 {
	if p.accept("unlimited") {
		return -1
	}
	n := p.integer()
	switch p.expectAny("mb", "gb", "tb") {
	case "gb":
		n <<= 10
	case "tb":
		n <<= 20
	}
	return n
}

func (p *parser) createSchema() Statement {
	s := &CreateSchemaStmt{IfNotExists: p.ifNotExists()}
	if !p.is("authorization") {
		s.Name = p.ident()
	}
	if p.accept("authorization") {
		id := p.ident()
		s.Authorization = &id
		if s.Name.Name == "" {
			s.Name = id
		}
	}
	if p.accept("quota") {
		s.QuotaMB = p.quota()
	}
	return s
}

func (p *parser) createExternalSchema() Statement {
	s := &CreateExternalSchemaStmt{IfNotExists: p.ifNotExists(), Options: map[string]string{}}
	s.Name = p.ident()
	p.expect("from")
	switch {
	case p.accept("data", "catalog"):
		s.Kind = "data catalog"
	case p.accept("hive", "metastore"):
		s.Kind = "hive metastore"
	default:
		s.Kind = p.expectAny("postgres", "mysql", "kinesis", "msk", "kafka", "redshift")
	}
	for {
		switch {
		case p.accept("database"):
			s.Database = p.str()
		case p.accept("region"):
			s.Region = p.str()
		case p.accept("catalog_id"):
			s.CatalogID = p.str()
		case p.accept("catalog_role"):
			s.CatalogRole = p.settingValue()
		case p.accept("iam_role"):
			if p.accept("default") {
				s.IAMRole = "default"
			} else {
				s.IAMRole = p.str()
			}
		case p.accept("create", "external", "database", "if", "not", "exists"):
			s.CreateDatabase = true
		case p.isAny("uri", "port", "schema", "secret_arn", "authentication", "authentication_arn", "cluster_arn"):
			k := p.take().text
			s.Options[k] = p.settingValue()
		default:
			return s
		}
	}
}

func (p *parser) createDatabase() Statement {
	s := &CreateDatabaseStmt{Name: p.ident(), Options: map[string]string{}}
	p.accept("with")
	for {
		switch {
		case p.accept("owner"):
			p.acceptOp("=")
			id := p.ident()
			s.Owner = &id
		case p.accept("connection", "limit"):
			p.acceptOp("=")
			s.Options["connection limit"] = p.settingValue()
		case p.accept("collate"):
			s.Options["collate"] = p.settingValue()
		case p.accept("isolation", "level"):
			s.Options["isolation level"] = p.expectAny("serializable", "snapshot")
		case p.accept("encoding"):
			p.acceptOp("=")
			s.Options["encoding"] = p.settingValue()
		case p.is("from"):
			p.unsupported(p.here(), "CREATE DATABASE ... FROM")
		default:
			return s
		}
	}
}

func (p *parser) properties() map[string]string {
	m := map[string]string{}
	parens(p, func() struct{} {
		k := p.str()
		p.expectOp("=")
		m[k] = p.str()
		return struct{}{}
	})
	return m
}

func (p *parser) createExternalTable() Statement {
	s := &CreateExternalTableStmt{Name: p.qname()}
	if p.isOp("(") {
		s.Columns = parens(p, p.externalColumn)
	}
	for {
		switch {
		case p.accept("partitioned", "by"):
			s.PartitionedBy = parens(p, p.externalColumn)
		case p.accept("row", "format"):
			if p.accept("serde") {
				s.Serde = p.str()
				if p.accept("with") {
					p.expect("serdeproperties")
					s.SerdeProperties = p.properties()
				}
				continue
			}
			p.expect("delimited")
			for {
				if p.accept("fields", "terminated", "by") {
					s.FieldDelim = p.str()
				} else if p.accept("lines", "terminated", "by") {
					s.LineDelim = p.str()
				} else {
					break
				}
			}
		case p.accept("stored", "as"):
			if p.accept("inputformat") {
				s.InputFormat = p.str()
				p.expect("outputformat")
				s.OutputFormat = p.str()
			} else {
				s.StoredAs = p.label().Name
			}
		case p.accept("location"):
			s.Location = p.str()
		case p.accept("table", "properties"):
			s.Properties = p.properties()
		case p.accept("as"):
			s.Query, s.QueryText = p.queryWithText()
			return s
		default:
			return s
		}
	}
}

// externalColumn keeps the type's text: the catalog has types that tables here have not.
func (p *parser) externalColumn() ExternalColumn {
	c := ExternalColumn{Name: p.label()}
	start, depth := p.here(), 0
	for !(depth == 0 && (p.isOp(",") || p.isOp(")"))) {
		switch {
		case p.tok().kind == tokEOF:
			p.fail()
		case p.isOp("("), p.isOp("<"):
			depth++
		case p.isOp(")"), p.isOp(">"):
			depth--
		case p.isOp(">>"):
			depth -= 2
		}
		p.pos++
	}
	if p.here() > start {
		c.Type = strings.TrimSpace(foldASCII(p.text[start:p.prevEnd()]))
	}
	return c
}

func (p *parser) dropStmt() Statement {
	p.expect("drop")
	s := &DropStmt{}
	switch {
	case p.accept("materialized", "view"):
		s.Kind = "materialized view"
	case p.is("rls") || p.is("masking") || p.is("identity") || p.is("datashare") || p.is("model") || p.is("library"):
		p.unsupported(p.here(), "DROP "+upper(p.tok().text))
	default:
		s.Kind = p.expectAny("table", "view", "schema", "database", "user", "group", "role", "function", "procedure")
	}
	s.IfExists = p.accept("if", "exists")
	s.Names = list(p, func() QName {
		q := p.qname()
		if s.Kind == "function" || s.Kind == "procedure" {
			s.Args = p.argTypes()
		}
		return q
	})
	if p.accept("drop", "external", "database") {
		s.ExternalDatabase = true
	}
	s.Cascade = p.acceptAny("cascade", "restrict", "force") == "cascade"
	return s
}

func (p *parser) alterStmt() Statement {
	start := p.here()
	p.expect("alter")
	switch {
	case p.accept("table"):
		return p.alterTable()
	case p.accept("view"), p.accept("materialized", "view"):
		return p.alterTable()
	case p.accept("schema"):
		s := &AlterSchemaStmt{Name: p.ident()}
		switch {
		case p.accept("rename", "to"):
			id := p.ident()
			s.RenameTo = &id
		case p.accept("owner", "to"):
			id := p.ident()
			s.Owner = &id
		default:
			p.expect("quota")
			s.QuotaMB = p.quota()
		}
		return s
	case p.accept("user"):
		return p.alterUser()
	case p.accept("group"):
		s := &GroupStmt{Name: p.ident()}
		switch {
		case p.is("add") || p.is("drop"):
			s.Action = p.take().text
			p.expect("user")
			s.Users = list(p, p.ident)
		default:
			p.expect("rename", "to")
			s.Action, s.To = "rename", p.ident()
		}
		return s
	case p.accept("role"):
		s := &RoleStmt{Name: p.ident()}
		p.acceptAny("with")
		switch {
		case p.accept("rename"):
			p.expect("to")
			s.Action, s.To = "rename", p.ident()
		default:
			p.expect("owner", "to")
			s.Action, s.To = "owner", p.ident()
		}
		return s
	case p.accept("default", "privileges"):
		return p.defaultPrivileges()
	case p.tok().kind == tokWord:
		p.unsupported(start, "ALTER "+upper(p.tok().text))
	}
	p.fail()
	return nil
}

func (p *parser) alterTable() Statement {
	s := &AlterTableStmt{Table: p.qname()}
	s.Action = p.alterAction()
	return s
}

func (p *parser) alterAction() AlterAction {
	switch {
	case p.accept("add"):
		if p.isAny("constraint", "primary", "foreign", "check") || p.is("unique") && p.ahead(1).isOp("(") {
			return AlterAddConstraint{p.constraint()}
		}
		if p.is("partition") || p.is("if", "not", "exists") && p.ahead(3).is("partition") {
			a := AlterAddPartition{IfNotExists: p.ifNotExists()}
			p.expect("partition")
			a.Values = p.partitionValues()
			if p.accept("location") {
				a.Location = p.str()
			}
			return a
		}
		p.accept("column")
		return AlterAddColumn{p.columnDef()}
	case p.accept("drop"):
		switch {
		case p.accept("constraint"):
			a := AlterDropConstraint{Name: p.ident()}
			a.Cascade = p.acceptAny("cascade", "restrict") == "cascade"
			return a
		case p.accept("partition"):
			return AlterDropPartition{p.partitionValues()}
		}
		p.accept("column")
		a := AlterDropColumn{Name: p.label()}
		a.Cascade = p.acceptAny("cascade", "restrict") == "cascade"
		return a
	case p.accept("rename", "to"):
		return AlterRename{p.ident()}
	case p.accept("rename"):
		p.accept("column")
		a := AlterRenameColumn{From: p.label()}
		p.expect("to")
		a.To = p.label()
		return a
	case p.accept("owner", "to"):
		return AlterOwner{p.ident()}
	case p.accept("append", "from"):
		a := AlterAppend{From: p.qname()}
		switch p.acceptAny("ignoreextra", "fillTarget", "filltarget") {
		case "ignoreextra":
			a.IgnoreExtra = true
		case "filltarget":
			a.FillTarget = true
		}
		return a
	case p.accept("set", "location"):
		return AlterSetLocation{p.str()}
	case p.accept("row", "level", "security"):
		return AlterRowSecurity{p.expectAny("on", "off") == "on"}
	case p.accept("alter"):
		return p.alterAlter()
	}
	p.fail()
	return nil
}

func (p *parser) alterAlter() AlterAction {
	switch {
	case p.accept("distkey"):
		id := p.label()
		return AlterDistStyle{Style: "key", Key: &id}
	case p.accept("diststyle"):
		a := AlterDistStyle{Style: p.expectAny("all", "even", "auto", "key")}
		if a.Style == "key" {
			p.expect("distkey")
			id := p.label()
			a.Key = &id
		}
		return a
	case p.accept("encode", "auto"):
		return AlterEncodeAuto{}
	case p.isAny("compound", "interleaved", "sortkey"):
		a := AlterSortKey{Style: "compound"}
		if !p.is("sortkey") {
			a.Style = p.take().text
		}
		p.expect("sortkey")
		if w := p.acceptAny("auto", "none"); w != "" {
			a.Style = w
			return a
		}
		a.Columns = parens(p, p.label)
		return a
	}
	p.accept("column")
	name := p.label()
	if p.accept("type") {
		n := p.typeName()
		return AlterColumnType{Name: name, TypeName: n, Type: p.resolved(n)}
	}
	p.expect("encode")
	a := AlterColumnEncode{Names: []Ident{name}, Encodes: []string{p.encoding()}}
	for p.acceptOp(",") {
		p.expect("alter")
		p.accept("column")
		a.Names = append(a.Names, p.label())
		p.expect("encode")
		a.Encodes = append(a.Encodes, p.encoding())
	}
	return a
}

func (p *parser) partitionValues() []PartitionValue {
	return parens(p, func() PartitionValue {
		v := PartitionValue{Column: p.label()}
		p.expectOp("=")
		v.Value = p.settingValue()
		return v
	})
}

func (p *parser) commentStmt() Statement {
	p.expect("comment", "on")
	s := &CommentStmt{}
	s.Kind = p.expectAny("table", "column", "view", "database", "constraint", "schema", "function", "procedure")
	s.Name = p.qname()
	if s.Kind == "constraint" {
		p.expect("on")
		s.On = p.qname()
	}
	p.argTypes()
	p.expect("is")
	if !p.accept("null") {
		t := p.str()
		s.Text = &t
	}
	return s
}
