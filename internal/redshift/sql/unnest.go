package sql

// isPath says whether a member of FROM is an array inside an earlier member (FROM t, t.arr x) rather than a table.
func (c *compiler) isPath(t *TableRef) bool {
	if t.Path != nil {
		return true
	}
	if len(t.Name) == 1 {
		return t.AtAlias != nil
	}
	for n := len(t.Name) - 1; n >= 1; n-- {
		if c.scope.findRel(t.Name[:n]) != nil {
			return true
		}
	}
	return false
}

// fromValue compiles an expression over the earlier members of FROM.
func (c *compiler) fromValue(e Expr) value {
	save := c.scope.cols
	for _, r := range c.scope.rels {
		for _, col := range r.cols {
			if !col.hidden && !c.scope.has(col.name) {
				c.scope.cols = append(c.scope.cols[:len(c.scope.cols):len(c.scope.cols)], col)
			}
		}
	}
	f := c.f
	v := c.expr(e)
	c.f = f
	c.scope.cols = save
	if v.typ.Kind != KSuper {
		panic(errAt(e.Pos(), CodeTypeMismatch, "only a SUPER value can be navigated in FROM, not type %s", v.typ.BaseName()))
	}
	return v
}

// unnest is FROM t, t.arr x [AT i]: one row for each element; what is no array gives none.
func (c *compiler) unnest(t *TableRef) (string, []*column) {
	e := t.Path
	if e == nil {
		e = &ColumnRef{at: at(t.Name.Pos()), Name: t.Name}
	}
	v := c.fromValue(e)
	alias := aliasOf(t.Alias, t.Name.Last())
	r := &rel{alias: alias, sql: c.freeAlias(alias)}
	text := "unnest(CASE WHEN json_type(" + v.sql + ") = 'ARRAY' THEN CAST(" + v.sql + " AS JSON[]) END) WITH ORDINALITY AS " +
		quoteIdent(r.sql) + `("item", "at")`
	r.item = &column{name: alias, sql: "rs_super_null(" + quoteIdent(r.sql) + `."item")`, typ: Super, rel: r}
	r.cols = []*column{r.item}
	if t.AtAlias != nil {
		r.cols = append(r.cols, &column{name: t.AtAlias.Name, sql: "(" + quoteIdent(r.sql) + `."at" - 1)`, typ: Int8, rel: r, hidden: true})
	}
	c.scope.addRel(r, t.Name.Pos())
	return text, visible(r.cols)
}

// unpivotObject is FROM t, UNPIVOT t.obj AS v AT k: one row for each key of an object.
func (c *compiler) unpivotObject(u *Unpivot) (string, []*column) {
	v := c.fromValue(u.X)
	r := &rel{alias: u.Alias.Name, sql: c.freeAlias(u.Alias.Name)}
	text := "unnest(CASE WHEN json_type(" + v.sql + ") = 'OBJECT' THEN json_keys(" + v.sql + ") END) AS " + quoteIdent(r.sql) + `("key")`
	key := quoteIdent(r.sql) + `."key"`
	r.item = &column{name: u.Alias.Name, sql: "rs_super_null(json_extract(" + v.sql + `, '$."' || replace(` + key + `, '"', '\"') || '"'))`, typ: Super, rel: r}
	r.cols = []*column{r.item}
	if u.AtAlias != nil {
		r.cols = append(r.cols, &column{name: u.AtAlias.Name, sql: key, typ: Varchar(MaxVarchar), rel: r, hidden: true})
	}
	c.scope.addRel(r, u.At)
	return text, visible(r.cols)
}
