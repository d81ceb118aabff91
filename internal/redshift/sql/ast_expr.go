package sql

// LiteralKind says what a Literal holds.
type LiteralKind uint8

const (
	LitNull LiteralKind = iota
	LitBool
	LitInteger
	LitDecimal
	LitFloat
	LitString
)

type (
	// Literal is a constant. Text is "true" or "false" for booleans, the digits for numbers, the unescaped text for strings.
	Literal struct {
		at
		Kind LiteralKind
		Text string
	}
	// ColumnRef is a name in an expression: column, table.column, ... or, when its head is a SUPER column, a path.
	ColumnRef struct {
		at
		Name QName
	}
	// Star is *, t.* with Redshift's EXCLUDE.
	Star struct {
		at
		Table   QName
		Exclude []Ident
	}
	// Param is $n; Name is set for the Data API's :name (N then counts the distinct names from 1).
	Param struct {
		at
		N    int
		Name string
	}
	// Unary is a prefix operator ("-", "+", "not", "~", "@", "|/", "||/", "!!") or, for "!", a postfix one.
	Unary struct {
		at
		Op string
		X  Expr
	}
	// Binary is an infix operator; "and" and "or" are written so. != is "<>".
	Binary struct {
		at
		Op   string
		L, R Expr
	}
	// IsTest is X IS [NOT] NULL, TRUE, FALSE or UNKNOWN; What is lower case.
	IsTest struct {
		at
		X    Expr
		What string
		Not  bool
	}
	Between struct {
		at
		X, Lo, Hi Expr
		Not       bool
		Symmetric bool
	}
	InList struct {
		at
		X    Expr
		List []Expr
		Not  bool
	}
	InQuery struct {
		at
		X     Expr
		Query *Query
		Not   bool
	}
	// Like is LIKE, ILIKE and SIMILAR TO; Kind is "like", "ilike" or "similar".
	Like struct {
		at
		X, Pattern, Escape Expr
		Kind               string
		Not                bool
	}
	// Quantified is X op ANY|ALL (subquery or array).
	Quantified struct {
		at
		X     Expr
		Op    string
		All   bool
		Query *Query // one of Query and Array
		Array Expr
	}
	Exists struct {
		at
		Query *Query
	}
	// Subquery is a scalar subquery.
	Subquery struct {
		at
		Query *Query
	}
	ArrayQuery struct {
		at
		Query *Query
	}
	ArrayLit struct {
		at
		Items []Expr
	}
	When struct {
		Cond, Then Expr
	}
	Case struct {
		at
		Operand Expr // nil for the searched form
		Whens   []When
		Else    Expr
	}
	// Cast is x::t, CAST, CONVERT, TRY_CAST, and t 'literal'.
	Cast struct {
		at
		X    Expr
		Type TypeName
		Try  bool
	}
	// Call is a function, an aggregate or a window function. Forms with words in them (EXTRACT, TRIM, SUBSTRING ... FROM,
	// POSITION ... IN) arrive as plain calls: extract(part, x), btrim/ltrim/rtrim(s, chars), substring(s, p, n),
	// position(a, s). A date part is a ColumnRef or a string literal in its place.
	Call struct {
		at
		Name        QName
		Args        []Expr
		Star        bool // count(*)
		Distinct    bool
		Approximate bool
		Within      []OrderItem // WITHIN GROUP (ORDER BY ...)
		IgnoreNulls bool
		Bare        bool // CURRENT_DATE and other calls without parentheses
		Over        *Window
		OrderBy     []OrderItem // inside the parentheses
	}
	Window struct {
		Partition []Expr
		Order     []OrderItem
		Frame     *Frame
	}
	// Frame is ROWS|RANGE BETWEEN From AND To.
	Frame struct {
		Unit     string // "rows", "range"
		From, To FrameBound
	}
	// FrameBound is "unbounded preceding", "n preceding" (N set), "current row", ...
	FrameBound struct {
		Kind string // "unbounded preceding", "preceding", "current row", "following", "unbounded following"
		N    Expr
	}
	// Row is (a, b).
	Row struct {
		at
		Items []Expr
	}
	// Interval is INTERVAL 'text' [qualifier]; From and To are lower-case field names ("year", "month"), empty if absent.
	Interval struct {
		at
		Text     string
		From, To string
		Prec     int // -1 when not given
	}
	AtTimeZone struct {
		at
		X, Zone Expr
	}
	Collate struct {
		at
		X    Expr
		Name QName
	}
	// Subscript is x[i].
	Subscript struct {
		at
		X, Index Expr
	}
	// Field is x.name where x is not a plain name: a[0].b, (expr).b.
	Field struct {
		at
		X    Expr
		Name Ident
	}
	// Outer is x(+), Oracle's mark of the optional side.
	Outer struct {
		at
		X Expr
	}
	// Prior is PRIOR x in CONNECT BY.
	Prior struct {
		at
		X Expr
	}
	// Default is the word DEFAULT in VALUES or SET.
	Default struct{ at }
)

// TypeName is a type as written.
type TypeName struct {
	Pos   int
	Name  string // lower case, canonical words: "character varying", "timestamp with time zone"
	Args  []int
	Max   bool // varchar(max)
	Array bool
	Qual  string // interval qualifier: "year to month"
}
