package sql

// maxViews bounds views over views, so that a view that reads itself ends in an error.
const maxViews = 64

// view expands a view in place: its names are resolved on their own, its permissions are its owner's.
func (c *compiler) view(info *TableInfo, alias string, t *TableRef) (string, []*column) {
	if c.views >= maxViews {
		panic(errAt(t.Name.Pos(), "42P17", "infinite recursion detected in view \"%s\"", t.Name.Last()))
	}
	sub := &compiler{cat: c.cat, ses: c.ses, tables: c.tables, via: info, views: c.views + 1}
	if info.ViewCatalog != nil {
		sub.cat = info.ViewCatalog
	}
	use, _ := sub.newUse(info, t.Name.Pos())
	use.Via = c.via
	var out compiled
	if err := c.guard(func() {
		out = sub.query(info.View)
		sub.settleColumns(out)
	}); err != nil {
		e := asError(err)
		panic(&Error{Code: e.Code, Message: e.Message, Pos: t.Name.Pos(), Hint: "in view \"" + t.Name.Last() + "\", which reads what is no longer there"})
	}
	c.tables = sub.tables
	cols := out.columns()
	// The view's declared columns win over the names in its query.
	r := c.queryRel(cols, alias, nil, t.Name.Pos())
	r.path = info.Path
	if len(info.Columns) == len(r.cols) {
		for i := range r.cols {
			r.cols[i].name = info.Columns[i].Name
		}
	}
	for i := range r.cols {
		r.cols[i].use, r.cols[i].source, r.cols[i].attnum = use, r.cols[i].name, i+1
	}
	c.renameRel(r, t.Columns)
	return "(" + out.text() + ") AS " + quoteIdent(r.sql), r.cols
}
