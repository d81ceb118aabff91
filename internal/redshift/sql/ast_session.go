package sql

type (
	BeginStmt struct {
		Span
		Isolation string // as written, lower case; "" if absent
		ReadOnly  bool
	}
	CommitStmt   struct{ Span }
	RollbackStmt struct{ Span }

	// SetStmt is SET [SESSION|LOCAL] name TO value. Values are unquoted texts; Default is SET ... TO DEFAULT.
	// SET TIME ZONE is name "timezone", SET SEED is "seed", SET SESSION AUTHORIZATION is "session_authorization".
	SetStmt struct {
		Span
		Name    string
		Values  []string
		Default bool
		Local   bool
	}
	// ResetStmt: Name "all" for RESET ALL.
	ResetStmt struct {
		Span
		Name string
	}
	// ShowSettingStmt is SHOW name; Name "all" for SHOW ALL.
	ShowSettingStmt struct {
		Span
		Name string
	}
	// ShowStmt is the SHOW family that lists objects. Kind: "databases", "schemas", "tables", "columns", "table", "view",
	// "external table", "procedure", "primary keys", "foreign keys", "exported keys", "grants", "column grants",
	// "procedures", "functions", "parameters of procedure", "parameters of function".
	// Name is what follows FROM/ON/the object; its parts may be parameters.
	ShowStmt struct {
		Span
		Kind        string
		Name        QName
		Args        []TypeName
		DataCatalog bool
		Like        Expr // *Literal or *Param, nil if absent
		Limit       Expr
		For         string // "", "user", "role" (SHOW GRANTS FOR)
		OnKind      string // "table", "schema", "database"
		Partition   bool
	}

	// PrepareStmt: Statement is the prepared one.
	PrepareStmt struct {
		Span
		Name      Ident
		Types     []TypeName
		Statement Statement
	}
	ExecuteStmt struct {
		Span
		Name Ident
		Args []Expr
	}
	// DeallocateStmt: All for DEALLOCATE ALL.
	DeallocateStmt struct {
		Span
		Name Ident
		All  bool
	}
	DeclareCursorStmt struct {
		Span
		Name  Ident
		Query *SelectStmt
	}
	// FetchStmt: Count -1 is ALL.
	FetchStmt struct {
		Span
		Cursor Ident
		Count  int64
	}
	// CloseStmt: All for CLOSE ALL.
	CloseStmt struct {
		Span
		Cursor Ident
		All    bool
	}
	ExplainStmt struct {
		Span
		Verbose   bool
		Statement Statement
	}
	// AnalyzeStmt: Table is empty for all tables.
	AnalyzeStmt struct {
		Span
		Table       QName
		Columns     []Ident
		Verbose     bool
		Compression bool
		CompRows    int64
	}
	// VacuumStmt: Mode is "full", "sort only", "delete only", "reindex", "recluster".
	VacuumStmt struct {
		Span
		Mode  string
		Table QName
		To    int // percent; -1 if absent
		Boost bool
	}
	LockStmt struct {
		Span
		Tables []QName
	}
	CallStmt struct {
		Span
		Name QName
		Args []Expr
	}
	// UseStmt is USE database.
	UseStmt struct {
		Span
		Database Ident
	}
	// CancelStmt is CANCEL pid ['message'].
	CancelStmt struct {
		Span
		PID     int64
		Message string
	}
)

func (*BeginStmt) Tag() string         { return "BEGIN" }
func (*CommitStmt) Tag() string        { return "COMMIT" }
func (*RollbackStmt) Tag() string      { return "ROLLBACK" }
func (*SetStmt) Tag() string           { return "SET" }
func (*ResetStmt) Tag() string         { return "RESET" }
func (*ShowSettingStmt) Tag() string   { return "SHOW" }
func (*ShowStmt) Tag() string          { return "SHOW" }
func (*PrepareStmt) Tag() string       { return "PREPARE" }
func (*ExecuteStmt) Tag() string       { return "EXECUTE" }
func (*DeallocateStmt) Tag() string    { return "DEALLOCATE" }
func (*DeclareCursorStmt) Tag() string { return "DECLARE CURSOR" }
func (*FetchStmt) Tag() string         { return "FETCH" }
func (*CloseStmt) Tag() string         { return "CLOSE CURSOR" }
func (*ExplainStmt) Tag() string       { return "EXPLAIN" }
func (*AnalyzeStmt) Tag() string       { return "ANALYZE" }
func (*VacuumStmt) Tag() string        { return "VACUUM" }
func (*LockStmt) Tag() string          { return "LOCK TABLE" }
func (*CallStmt) Tag() string          { return "CALL" }
func (*UseStmt) Tag() string           { return "USE" }
func (*CancelStmt) Tag() string        { return "CANCEL" }
