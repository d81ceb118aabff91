package sql

func (p *parser) insertStmt(w *With) Statement {
	p.expect("insert", "into")
	s := &InsertStmt{Table: p.qname()}
	if p.accept("default", "values") {
		s.DefaultValues = true
		return s
	}
	if p.isOp("(") && !p.queryAhead() {
		s.Columns = parens(p, p.label)
	}
	s.Query = p.query()
	if p.into != nil {
		panic(errAt(p.into.Name.Pos(), CodeSyntax, "INTO is not allowed in INSERT ... SELECT"))
	}
	if w != nil {
		if s.Query.With != nil {
			w.CTEs = append(w.CTEs, s.Query.With.CTEs...)
			w.Recursive = w.Recursive || s.Query.With.Recursive
		}
		s.Query.With = w
	}
	return s
}

func (p *parser) updateStmt(w *With) Statement {
	p.expect("update")
	s := &UpdateStmt{With: w, Table: p.qname()}
	if !p.is("set") {
		s.Alias = p.alias()
	}
	p.expect("set")
	s.Set = p.assignments()
	if p.accept("from") {
		s.From = list(p, p.tableExpr)
	}
	if p.accept("where") {
		s.Where = p.expr()
	}
	return s
}

func (p *parser) assignments() []Assignment {
	return list(p, func() Assignment {
		a := Assignment{Column: p.label()}
		if p.acceptOp(".") { // table.column, accepted by Redshift
			a.Column = p.label()
		}
		p.expectOp("=")
		a.Value = p.expr()
		return a
	})
}

func (p *parser) deleteStmt(w *With) Statement {
	p.expect("delete")
	p.accept("from")
	s := &DeleteStmt{With: w, Table: p.qname(), Alias: p.tableAlias()}
	if p.accept("using") {
		s.Using = list(p, p.tableExpr)
	}
	if p.accept("where") {
		s.Where = p.expr()
	}
	return s
}

func (p *parser) truncateStmt() Statement {
	p.expect("truncate")
	p.accept("table")
	return &TruncateStmt{Table: p.qname()}
}

func (p *parser) mergeStmt() Statement {
	p.expect("merge", "into")
	s := &MergeStmt{Table: p.qname()}
	if !p.is("using") {
		s.Alias = p.alias()
	}
	p.expect("using")
	s.Using = p.tablePrimary()
	p.expect("on")
	s.On = p.expr()
	if p.accept("remove", "duplicates") {
		s.RemoveDuplicates = true
		return s
	}
	matched, missing := false, false
	for p.accept("when") {
		not := p.accept("not")
		p.expect("matched", "then")
		switch {
		case not && !missing:
			missing = true
			p.expect("insert")
			if p.isOp("(") {
				s.InsertColumns = parens(p, p.label)
			}
			p.expect("values")
			s.InsertValues = parens(p, p.expr)
		case !not && !matched:
			matched = true
			if p.accept("delete") {
				s.Delete = true
			} else {
				p.expect("update", "set")
				s.Matched = p.assignments()
			}
		default:
			p.fail()
		}
	}
	if !matched || !missing {
		p.failHint("MERGE needs WHEN MATCHED and WHEN NOT MATCHED, once each")
	}
	return s
}
