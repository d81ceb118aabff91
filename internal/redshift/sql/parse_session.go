package sql

import "strings"

func (p *parser) beginStmt() Statement {
	if p.take().text == "start" {
		p.expect("transaction")
	} else {
		p.acceptAny("work", "transaction")
	}
	s := &BeginStmt{}
	for {
		switch {
		case p.accept("isolation", "level"):
			switch {
			case p.accept("read"):
				s.Isolation = "read " + p.expectAny("committed", "uncommitted")
			case p.accept("repeatable"):
				p.expect("read")
				s.Isolation = "repeatable read"
			default:
				s.Isolation = p.expectAny("serializable", "snapshot")
			}
		case p.accept("read"):
			s.ReadOnly = p.expectAny("only", "write") == "only"
		case p.acceptOp(","):
		default:
			return s
		}
	}
}

// settingName is name or prefix.name.
func (p *parser) settingName() string {
	name := p.label().Name
	for p.acceptOp(".") {
		name += "." + p.label().Name
	}
	return name
}

func (p *parser) setStmt() Statement {
	p.expect("set")
	s := &SetStmt{}
	if p.is("session", "characteristics") {
		p.pos += 2
		p.expect("as", "transaction")
		s.Name = "transaction_isolation"
		for p.isAny("isolation", "level", "read", "write", "only", "committed", "uncommitted", "repeatable", "serializable", "snapshot") {
			s.Values = append(s.Values, p.take().text)
		}
		s.Values = []string{strings.Join(s.Values, " ")}
		return s
	}
	if p.is("session", "authorization") || p.is("local", "session", "authorization") {
		s.Local = p.accept("local")
		p.pos += 2
		s.Name = "session_authorization"
		if p.accept("default") {
			s.Default = true
		} else if p.tok().kind == tokString {
			s.Values = []string{p.str()}
		} else {
			s.Values = []string{p.ident().Name}
		}
		return s
	}
	s.Local = p.acceptAny("session", "local") == "local"
	if p.is("time", "zone") {
		p.pos += 2
		s.Name = "timezone"
		if p.isAny("default", "local") {
			p.pos++
			s.Default = true
			return s
		}
		if p.is("interval") {
			e := p.interval().(*Interval)
			s.Values = []string{e.Text}
			return s
		}
		s.Values = []string{p.settingValue()}
		return s
	}
	if p.is("transaction") {
		p.pos++
		s.Name = "transaction_isolation"
		for p.tok().kind == tokWord {
			s.Values = append(s.Values, p.take().text)
		}
		s.Values = []string{strings.Join(s.Values, " ")}
		return s
	}
	s.Name = p.settingName()
	if s.Name == "seed" {
		p.acceptOp("=")
		p.accept("to")
	} else if !p.acceptOp("=") {
		p.expect("to")
	}
	if p.accept("default") {
		s.Default = true
		return s
	}
	s.Values = list(p, p.settingValue)
	return s
}

func (p *parser) settingValue() string {
	sign := ""
	if p.isOp("-") || p.isOp("+") {
		if p.take().text == "-" {
			sign = "-"
		}
	}
	switch t := p.tok(); t.kind {
	case tokString, tokQuoted, tokNumber:
		p.pos++
		return sign + t.text
	case tokWord:
		p.pos++
		v := t.raw
		for p.isOp(".") || p.isOp("-") || p.isOp("/") { // us-east-1, America/New_York
			v += p.take().text
			part := p.take()
			if part.kind != tokWord && part.kind != tokNumber {
				p.pos--
				p.fail()
			}
			v += p.text[part.start:part.end]
		}
		return sign + v
	}
	p.failHint("expected a value")
	return ""
}

func (p *parser) resetStmt() Statement {
	p.expect("reset")
	if p.accept("session", "authorization") {
		return &ResetStmt{Name: "session_authorization"}
	}
	if p.accept("time", "zone") {
		return &ResetStmt{Name: "timezone"}
	}
	return &ResetStmt{Name: p.settingName()}
}

func (p *parser) showStmt() Statement {
	p.expect("show")
	s := &ShowStmt{}
	in := func(words ...string) bool {
		if p.accept(append([]string{"from"}, words...)...) || p.accept(append([]string{"in"}, words...)...) {
			s.Name = p.paramName()
			return true
		}
		return false
	}
	from := func(words ...string) {
		if !in(words...) {
			p.failHint("expected FROM " + upper(strings.Join(words, " ")))
		}
	}
	switch {
	case p.accept("databases"):
		s.Kind = "databases"
		if p.accept("from", "data", "catalog") {
			s.DataCatalog = true
			if p.accept("account") {
				s.Name = p.paramName()
			}
		}
	case p.accept("schemas"):
		s.Kind = "schemas"
		in("database")
	case p.accept("tables"):
		s.Kind = "tables"
		in("schema")
	case p.accept("columns"):
		s.Kind = "columns"
		from("table")
	case p.accept("constraints"):
		switch {
		case p.accept("primary", "keys"):
			s.Kind = "primary keys"
		default:
			p.expect("foreign", "keys")
			s.Kind = "foreign keys"
			if p.accept("exported") {
				s.Kind = "exported keys"
			}
		}
		from("table")
	case p.is("table") || p.is("view") && !p.ahead(1).isOp(";"):
		s.Kind = p.take().text
		s.Name = p.paramName()
	case p.accept("external", "table"):
		s.Kind = "external table"
		s.Name = p.paramName()
		s.Partition = p.accept("partition")
	case p.is("procedure") || p.is("function"):
		s.Kind = p.take().text
		s.Name = p.paramName()
		s.Args = p.argTypes()
	case p.accept("procedures"):
		s.Kind = "procedures"
		from("schema")
	case p.accept("functions"):
		s.Kind = "functions"
		from("schema")
	case p.accept("parameters", "of"):
		s.Kind = "parameters of " + p.expectAny("procedure", "function")
		s.Name = p.paramName()
		s.Args = p.argTypes()
	case p.is("grants"), p.is("column", "grants"):
		if p.accept("column") {
			s.Kind = "column "
		}
		p.expect("grants")
		s.Kind += "grants"
		if p.accept("on") {
			s.OnKind = p.expectAny("table", "schema", "database", "function", "procedure")
			s.Name = p.paramName()
		} else {
			p.expect("for")
			s.For = "user"
			if w := p.acceptAny("role", "user", "group"); w != "" {
				s.For = w
			}
			s.Name = p.paramName()
		}
	case p.is("datashares"), p.is("model"):
		p.unsupported(p.here(), "SHOW "+upper(p.tok().text))
	case p.accept("time", "zone"):
		return &ShowSettingStmt{Name: "timezone"}
	case p.accept("transaction", "isolation", "level"):
		return &ShowSettingStmt{Name: "transaction_isolation"}
	case p.accept("session", "authorization"):
		return &ShowSettingStmt{Name: "session_authorization"}
	default:
		return &ShowSettingStmt{Name: p.settingName()}
	}
	if p.accept("like") {
		s.Like = p.primary()
	}
	if p.accept("limit") {
		s.Limit = p.primary()
	}
	return s
}

// argTypes is an optional list of argument types in parentheses.
func (p *parser) argTypes() []TypeName {
	if !p.isOp("(") {
		return nil
	}
	p.pos++
	var out []TypeName
	if !p.isOp(")") {
		out = list(p, func() TypeName {
			p.acceptAny("in", "out", "inout")
			return p.typeName()
		})
	}
	p.expectOp(")")
	return out
}

func (p *parser) prepareStmt() Statement {
	p.expect("prepare")
	s := &PrepareStmt{Name: p.ident()}
	if p.isOp("(") {
		s.Types = parens(p, p.typeName)
	}
	p.expect("as")
	s.Statement = p.spanned(p.statement)
	return s
}

func (p *parser) executeStmt() Statement {
	p.expect("execute")
	s := &ExecuteStmt{Name: p.ident()}
	if p.acceptOp("(") {
		if !p.isOp(")") {
			s.Args = list(p, p.expr)
		}
		p.expectOp(")")
	}
	return s
}

func (p *parser) deallocateStmt() Statement {
	p.expect("deallocate")
	p.accept("prepare")
	if p.accept("all") {
		return &DeallocateStmt{All: true}
	}
	return &DeallocateStmt{Name: p.ident()}
}

func (p *parser) declareStmt() Statement {
	p.expect("declare")
	s := &DeclareCursorStmt{Name: p.ident()}
	p.acceptAny("binary", "insensitive")
	p.accept("no", "scroll")
	if p.is("scroll") {
		p.unsupported(p.here(), "a SCROLL cursor")
	}
	p.expect("cursor")
	if !p.accept("with", "hold") {
		p.accept("without", "hold")
	}
	p.expect("for")
	s.Query = p.spanned(p.selectStmt).(*SelectStmt)
	if s.Query.Into != nil {
		panic(errAt(s.Query.Into.Name.Pos(), CodeSyntax, "a cursor may not be declared FOR SELECT INTO"))
	}
	return s
}

func (p *parser) fetchStmt() Statement {
	p.expect("fetch")
	s := &FetchStmt{Count: 1}
	switch {
	case p.accept("next"):
	case p.accept("all"):
		s.Count = -1
	case p.accept("forward"):
		switch {
		case p.accept("all"):
			s.Count = -1
		case p.tok().kind == tokNumber:
			s.Count = p.integer()
		}
	case p.isAny("prior", "first", "last", "absolute", "relative", "backward"):
		p.unsupported(p.here(), "FETCH "+upper(p.tok().text))
	case p.tok().kind == tokNumber:
		s.Count = p.integer()
	}
	if p.acceptAny("from", "in") == "" && s.Count != 1 {
		p.failHint("expected FROM")
	}
	s.Cursor = p.ident()
	return s
}

func (p *parser) closeStmt() Statement {
	p.expect("close")
	if p.accept("all") {
		return &CloseStmt{All: true}
	}
	return &CloseStmt{Cursor: p.ident()}
}

func (p *parser) explainStmt() Statement {
	p.expect("explain")
	s := &ExplainStmt{Verbose: p.accept("verbose")}
	if p.is("explain") {
		p.fail()
	}
	s.Statement = p.spanned(p.statement)
	return s
}

func (p *parser) analyzeStmt() Statement {
	p.pos++
	s := &AnalyzeStmt{}
	s.Verbose = p.accept("verbose")
	s.Compression = p.accept("compression")
	if p.isIdent() && !p.isAny("predicate", "comprows") {
		s.Table = p.qname()
		if p.isOp("(") {
			s.Columns = parens(p, p.label)
		}
	}
	if !p.accept("predicate", "columns") && p.accept("all") {
		p.expect("columns")
	}
	if p.accept("comprows") {
		s.CompRows = p.integer()
	}
	return s
}

func (p *parser) vacuumStmt() Statement {
	p.expect("vacuum")
	s := &VacuumStmt{Mode: "full", To: -1}
	switch {
	case p.accept("full"):
	case p.is("sort", "only") || p.is("delete", "only"):
		s.Mode = p.take().text + " only"
		p.pos++
	case p.is("reindex") || p.is("recluster"):
		s.Mode = p.take().text
	}
	if p.isIdent() && !p.is("boost") {
		s.Table = p.qname()
	}
	if p.accept("to") {
		s.To = p.smallInt()
		p.expect("percent")
	}
	s.Boost = p.accept("boost")
	return s
}
