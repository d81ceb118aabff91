package sql

type (
	// InsertStmt is INSERT INTO t [(cols)] query | VALUES | DEFAULT VALUES. With belongs to the query.
	InsertStmt struct {
		Span
		Table         QName
		Columns       []Ident
		Query         *Query // nil for DEFAULT VALUES; VALUES is a Query whose body is *Values
		DefaultValues bool
	}
	UpdateStmt struct {
		Span
		With  *With
		Table QName
		Alias *Ident
		Set   []Assignment
		From  []TableExpr
		Where Expr
	}
	Assignment struct {
		Column Ident
		Value  Expr // *Default for DEFAULT
	}
	DeleteStmt struct {
		Span
		With  *With
		Table QName
		Alias *Ident
		Using []TableExpr
		Where Expr
	}
	TruncateStmt struct {
		Span
		Table QName
	}
	// MergeStmt is MERGE INTO t USING s ON c with one arm each, or REMOVE DUPLICATES.
	MergeStmt struct {
		Span
		Table            QName
		Alias            *Ident
		Using            TableExpr
		On               Expr
		Matched          []Assignment // WHEN MATCHED THEN UPDATE SET
		Delete           bool         // WHEN MATCHED THEN DELETE
		InsertColumns    []Ident
		InsertValues     []Expr
		RemoveDuplicates bool
	}
)

func (*InsertStmt) Tag() string   { return "INSERT" }
func (*UpdateStmt) Tag() string   { return "UPDATE" }
func (*DeleteStmt) Tag() string   { return "DELETE" }
func (*TruncateStmt) Tag() string { return "TRUNCATE TABLE" }
func (*MergeStmt) Tag() string    { return "MERGE" }
