package sql

import "time"

// Catalog tells the analyzer what names mean. It sees what the session's user may see; permissions are checked by the
// caller on Plan.Reads and Plan.Writes.
type Catalog interface {
	// Table finds a table, view or external table by its name as written: table, schema.table or database.schema.table.
	// A bare name goes through the search path. Nil without an error means that there is none.
	Table(path []string) (*TableInfo, error)
}

// TableInfo is what the analyzer needs of a relation.
type TableInfo struct {
	Path    []string // its canonical name: database, schema, table
	Columns []Column
	// View is the query of a view, expanded in place; nil for tables. ViewCatalog resolves its names (a late-binding view
	// or one of another search path), nil for the same catalog.
	View        *Query
	ViewCatalog Catalog
	// ViewSource is the text that View was parsed from, for error places.
	ViewSource string
	Ref        any // the catalog's own handle, untouched
}

// Column is a column of a table.
type Column struct {
	Name    string
	Type    Type
	NotNull bool
	// Engine is the column's name in the relation when that differs from Name.
	Engine string
	// TrailingBlanks says that some VARCHAR value ends in blanks, which comparisons then must ignore.
	TrailingBlanks bool
	Default        Expr // nil: NULL
	Identity       *Identity
	// IdentityNext is the engine expression for the next identity value, given when Identity is set.
	IdentityNext string
	Hidden       bool // left out of *: "$path", oid, ctid
}

// Session is what functions without arguments read. Zero members give NULL or empty texts.
type Session struct {
	User         string
	SessionUser  string
	UserID       int
	Database     string
	Schema       string   // CURRENT_SCHEMA
	Schemas      []string // CURRENT_SCHEMAS(false)
	BackendPID   int
	Now          time.Time // start of the statement
	TxNow        time.Time // start of the transaction
	TimeZone     string
	Version      string
	LastQueryID  int64
	LastCopyID   int64
	LastCopyRows int64
	LastUnloadID int64
	LastUnload   int64 // rows
	Account      string
	Namespace    string
	Setting      func(name string) (value string, ok bool)
	// ParamTypes are the types of $1, $2, ... that the client declared; Unknown or missing ones are inferred.
	ParamTypes []Type
	// ParamBlanks says that the value of some parameter may end in blanks, or that the values are not known yet.
	ParamBlanks bool
	// NumericRounding is enable_numeric_rounding.
	NumericRounding bool
}

// TableUse is one relation that a statement reads or writes.
type TableUse struct {
	Table *TableInfo
	Pos   int
	// Columns are the names read (or assigned, of a written table), in order of use without repetition; nil when the
	// statement needs the table as a whole (COUNT(*), DELETE).
	Columns []string
	// Via is the view through which it is read, nil when named in the statement itself: the view's owner needs the
	// permission then, not the user.
	Via *TableInfo

	slot int
}

// ResultColumn is a column of a query's result.
type ResultColumn struct {
	Name    string
	Type    Type
	Table   *TableInfo // the table it is taken from unchanged, nil for expressions
	Source  string     // its column there
	Attnum  int        // its number there, from 1
	NotNull bool
	Blank   bool // a VARCHAR that may end in blanks
}

// PlanKind says what executing a plan does.
type PlanKind uint8

const (
	PlanQuery PlanKind = iota
	PlanInsert
	PlanUpdate
	PlanDelete
	PlanMerge
)

// Plan is an analyzed statement, ready to be printed for the engine.
type Plan struct {
	Kind    PlanKind
	Columns []ResultColumn // of a query; empty for the rest
	Reads   []*TableUse
	Write   *TableUse // the target of INSERT, UPDATE, DELETE, MERGE
	Params  []Type    // of $1, $2, ... as declared or inferred
	// Blanks are the columns of the written table that the statement may give values with trailing blanks though the
	// catalog says that they have none. The caller looks, and notes it in the catalog (Column.TrailingBlanks).
	Blanks []string
	// Settings are what set_config(...) in the query changes; the caller applies them when it runs the plan.
	Settings []SettingChange

	sql    string
	guard  string
	tables []*TableUse
}

// SettingChange is one set_config(name, value, is_local).
type SettingChange struct {
	Name, Value string
	Local       bool
}

// Relation prints a table for the engine: "db"."schema"."table", or a parenthesised relation.
type Relation func(use *TableUse) (string, error)

// SQL prints the plan for DuckDB. It calls relation once for each place where a table stands, also repeatedly for the
// same table.
func (p *Plan) SQL(relation Relation) (string, error) { return fillSlots(p.sql, p.tables, relation) }

// GuardSQL prints a query that gives a row where several source rows match one row of a MERGE's or an UPDATE's target. It takes the
// plan's parameters. It is "" where that can't be.
func (p *Plan) GuardSQL(relation Relation) (string, error) {
	return fillSlots(p.guard, p.tables, relation)
}

// slotMark brackets the number of a table in generated SQL; no statement can hold it, the lexer refuses NUL.
const slotMark = "\x00"
