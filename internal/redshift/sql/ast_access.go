package sql

type (
	CreateUserStmt struct {
		Span
		Name    Ident
		Options UserOptions
	}
	// UserOptions are the words of CREATE USER and ALTER USER. Nil members were not given.
	UserOptions struct {
		Password        *string
		PasswordDisable bool
		CreateDB        *bool
		CreateUser      *bool // superuser
		Groups          []Ident
		ValidUntil      *string
		ConnectionLimit *int // -1: unlimited
		SessionTimeout  *int
		SyslogAccess    string // "restricted", "unrestricted", ""
		ExternalID      string
	}
	AlterUserStmt struct {
		Span
		Name     Ident
		Options  UserOptions
		RenameTo *Ident
		Set      *SetStmt
		Reset    string
	}
	// GroupStmt is CREATE GROUP and ALTER GROUP. Action: "create", "add", "drop", "rename".
	GroupStmt struct {
		Span
		Name   Ident
		Action string
		Users  []Ident
		To     Ident
	}
	// RoleStmt is CREATE ROLE and ALTER ROLE. Action: "create", "rename", "owner".
	RoleStmt struct {
		Span
		Name   Ident
		Action string
		To     Ident
	}
	// GrantStmt is GRANT and REVOKE.
	GrantStmt struct {
		Span
		Revoke     bool
		Privileges []Privilege // Name "all" for ALL [PRIVILEGES]
		// ObjectKind: "table", "schema", "database", "function", "procedure", "language", "role" (Objects are the granted
		// roles), "all tables in schema", "all functions in schema", "all procedures in schema", "assumerole", "system".
		ObjectKind string
		Objects    []QName
		Args       [][]TypeName // argument types of functions and procedures, one list an object
		Grantees   []Grantee
		Option     bool // WITH GRANT OPTION, GRANT OPTION FOR, WITH ADMIN OPTION
		Cascade    bool
		RoleARNs   []string // ASSUMEROLE ON
		For        []string // ASSUMEROLE ... FOR COPY, UNLOAD
	}
	Privilege struct {
		Name    string // lower case
		Columns []Ident
	}
	// Grantee: Kind is "user", "group", "role" or "public".
	Grantee struct {
		Kind string
		Name Ident
	}
	DefaultPrivilegesStmt struct {
		Span
		ForUsers  []Ident
		InSchemas []Ident
		Grant     GrantStmt // ObjectKind "tables", "functions", "procedures"
	}
)

func (*CreateUserStmt) Tag() string { return "CREATE USER" }
func (*AlterUserStmt) Tag() string  { return "ALTER USER" }

func (s *GroupStmt) Tag() string {
	if s.Action == "create" {
		return "CREATE GROUP"
	}
	return "ALTER GROUP"
}
func (s *RoleStmt) Tag() string {
	if s.Action == "create" {
		return "CREATE ROLE"
	}
	return "ALTER ROLE"
}
func (s *GrantStmt) Tag() string {
	if s.Revoke {
		return "REVOKE"
	}
	return "GRANT"
}
func (*DefaultPrivilegesStmt) Tag() string { return "ALTER DEFAULT PRIVILEGES" }
