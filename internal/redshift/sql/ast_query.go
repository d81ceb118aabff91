package sql

type (
	// SelectStmt is a query as a statement; Into makes it SELECT ... INTO.
	SelectStmt struct {
		Span
		Query *Query
		Into  *IntoTarget
	}
	IntoTarget struct {
		Name QName
		Temp bool
	}
	// Query is [WITH] body [ORDER BY] [LIMIT] [OFFSET].
	Query struct {
		At      int
		With    *With
		Body    QueryBody
		OrderBy []OrderItem
		Limit   Expr // nil: none
		Offset  Expr
	}
	With struct {
		Recursive bool
		CTEs      []*CTE
	}
	CTE struct {
		Name    Ident
		Columns []Ident
		Query   *Query
	}
	OrderItem struct {
		X          Expr
		Desc       bool
		NullsFirst *bool
	}
	// QueryBody is *Select, *SetOp, *Values or *Query (a parenthesised query).
	QueryBody interface{ queryBody() }

	Select struct {
		At       int
		Distinct bool
		Top      Expr
		Items    []SelectItem
		From     []TableExpr
		Where    Expr
		GroupBy  []GroupItem
		GroupAll bool
		Having   Expr
		Qualify  Expr
		Start    Expr // START WITH
		Connect  Expr // CONNECT BY
		NoCycle  bool
	}
	SelectItem struct {
		X     Expr
		Alias *Ident
	}
	// GroupItem is an expression (Kind "") or ROLLUP, CUBE, GROUPING SETS over lists.
	GroupItem struct {
		Kind string // "", "rollup", "cube", "grouping sets"
		X    Expr
		Sets []GroupItem // members; a member of Kind "set" has its expressions in List
		List []Expr
	}
	// SetOp is UNION [ALL], INTERSECT, EXCEPT (MINUS arrives as "except").
	SetOp struct {
		At   int
		Op   string
		All  bool
		L, R QueryBody
	}
	Values struct {
		At   int
		Rows [][]Expr
	}

	// TableExpr is an item of FROM: *TableRef, *Derived, *TableFunc, *Unpivot, *Pivot, *UnpivotTable
	// or *Join.
	TableExpr interface{ tableExpr() }

	// TableRef is a table, view or CTE; with two or more parts it may also be an array of an earlier item (t.arr), which
	// the analyzer decides.
	TableRef struct {
		Name    QName
		Alias   *Ident
		Columns []Ident
		AtAlias *Ident // x AT i
		Path    Expr   // a path with subscripts, t.arr[0].items; Name then is its head
	}
	Derived struct {
		At      int
		Query   *Query
		Alias   *Ident
		Columns []Ident
	}
	TableFunc struct {
		Call    *Call
		Alias   *Ident
		Columns []RecordColumn
	}
	// Unpivot is UNPIVOT object AS value AT key in FROM.
	Unpivot struct {
		At      int
		X       Expr
		Alias   Ident
		AtAlias *Ident
	}
	// Pivot is source PIVOT (aggregates FOR column IN (values)).
	Pivot struct {
		At     int
		Source TableExpr
		Aggs   []SelectItem // calls of aggregates
		For    Ident
		Values []SelectItem // constants
		Alias  *Ident
	}
	// UnpivotTable is source UNPIVOT (value FOR name IN (columns)).
	UnpivotTable struct {
		At           int
		Source       TableExpr
		IncludeNulls bool
		Value, For   Ident
		Columns      []SelectItem // columns; the alias is the name given instead of the column's
		Alias        *Ident
	}
	// RecordColumn is a column of a record function's definition list; Type is nil when only the name is given.
	RecordColumn struct {
		Name Ident
		Type *TypeName
	}
	Join struct {
		At      int
		Kind    string // "inner", "left", "right", "full", "cross"
		Natural bool
		L, R    TableExpr
		On      Expr
		Using   []Ident
	}
)

func (*Select) queryBody() {}
func (*SetOp) queryBody()  {}
func (*Values) queryBody() {}
func (*Query) queryBody()  {}

func (*TableRef) tableExpr()     {}
func (*Derived) tableExpr()      {}
func (*TableFunc) tableExpr()    {}
func (*Join) tableExpr()         {}
func (*Unpivot) tableExpr()      {}
func (*Pivot) tableExpr()        {}
func (*UnpivotTable) tableExpr() {}

func (s *SelectStmt) Tag() string { return "SELECT" }
