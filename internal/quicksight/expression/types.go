package expression

import "strings"

// Type is the kind of a value.
type Type int

const (
	Null     Type = iota // the type of a bare NULL: fits everywhere
	String               // VARCHAR
	Integer              // BIGINT
	Decimal              // DOUBLE
	Datetime             // TIMESTAMP, UTC
	Boolean              // BOOLEAN inside expressions; a column shows it as 1 or 0
)

// ParseType reads the name of a column type as QuickSight spells it in InputColumns and OutputColumns.
func ParseType(name string) (Type, bool) {
	switch strings.ToUpper(name) {
	case "STRING", "JSON", "SEMISTRUCT":
		return String, true
	case "INTEGER", "BIT", "BOOLEAN":
		return Integer, true
	case "DECIMAL":
		return Decimal, true
	case "DATETIME":
		return Datetime, true
	}
	return Null, false
}

// String gives QuickSight's name of the type.
func (t Type) String() string {
	return [...]string{"NULL", "STRING", "INTEGER", "DECIMAL", "DATETIME", "BOOLEAN"}[t]
}

// SQL is the DuckDB type that holds values of t.
func (t Type) SQL() string {
	return [...]string{"VARCHAR", "VARCHAR", "BIGINT", "DOUBLE", "TIMESTAMP", "BOOLEAN"}[t]
}

// IsNumber reports whether t is INTEGER or DECIMAL.
func (t Type) IsNumber() bool { return t == Integer || t == Decimal }

// Level says over what a value is computed. A row value and an aggregate do not mix.
type Level int

const (
	Constant Level = iota
	Row
	Aggregated
)

func (l Level) String() string { return [...]string{"a constant", "a row value", "an aggregate"}[l] }

// Value is a compiled expression.
type Value struct {
	SQL   string
	Type  Type
	Level Level
	// Literal is the text of a constant text literal, kept because some functions need it while compiling.
	Literal *string
	// number is the value of a constant number literal.
	number *float64
}

// As prints v so that DuckDB sees type t; only for NULL and for numbers as DECIMAL does it change anything.
func (v Value) As(t Type) string {
	if v.Type == t {
		return v.SQL
	}
	return "CAST(" + v.SQL + " AS " + t.SQL() + ")"
}

// Column prints v as a result column shows it: booleans become 1 or 0, a bare NULL becomes text.
func (v Value) Column() Value {
	switch v.Type {
	case Boolean:
		return Value{SQL: v.As(Integer), Type: Integer, Level: v.Level}
	case Null:
		return Value{SQL: v.As(String), Type: String, Level: v.Level}
	}
	return v
}

// Ident quotes a name for SQL.
func Ident(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Text quotes a text literal for SQL. DuckDB knows no escape in it but the doubled quote.
func Text(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
