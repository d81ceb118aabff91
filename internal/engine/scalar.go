package engine

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// Scalar is a SQL function written in Go.
type Scalar struct {
	Name string
	// Overloads are told apart by their argument types.
	Overloads []Overload
}

// Overload is one signature of a Scalar. Types are SQL names: VARCHAR,
// INTEGER, BIGINT, DOUBLE, BOOLEAN, DATE, TIMESTAMP, DECIMAL(18,2), ANY, ...
type Overload struct {
	Args     []string
	Variadic string // type of any further arguments; "" = none
	Result   string
	// NullIn hands NULL arguments to Func; otherwise any makes the answer NULL.
	NullIn bool
	// Volatile functions may answer differently on every row.
	Volatile bool
	// Func gets one row's arguments, valued as in Rows, and returns a value of
	// the Result's Go type or nil. Its error fails the query.
	Func func(args []driver.Value) (any, error)
}

// RegisterScalar adds a function to every session, now or when DuckDB starts.
func (e *Engine) RegisterScalar(f Scalar) error {
	for _, o := range f.Overloads {
		if _, err := o.config(); err != nil {
			return fmt.Errorf("function %s: %w", f.Name, err)
		}
	}
	e.start.Lock()
	defer e.start.Unlock()
	e.mu.Lock()
	anchor := e.anchor
	e.mu.Unlock()
	if anchor != nil {
		if err := f.register(anchor); err != nil {
			return wrap(context.Background(), err)
		}
	}
	e.functions = append(e.functions, f)
	return nil
}

func (f Scalar) register(conn *sql.Conn) error {
	set := make([]duckdb.ScalarFunc, len(f.Overloads))
	for i, o := range f.Overloads {
		set[i] = o
	}
	if len(set) == 1 {
		return duckdb.RegisterScalarUDF(conn, f.Name, set[0])
	}
	return duckdb.RegisterScalarUDFSet(conn, f.Name, set...)
}

// Config implements duckdb.ScalarFunc; the types were checked on registration.
func (o Overload) Config() duckdb.ScalarFuncConfig {
	c, err := o.config()
	if err != nil {
		panic(err)
	}
	return c
}

// Executor implements duckdb.ScalarFunc.
func (o Overload) Executor() duckdb.ScalarFuncExecutor {
	return duckdb.ScalarFuncExecutor{RowExecutor: o.Func}
}

func (o Overload) config() (c duckdb.ScalarFuncConfig, err error) {
	c = duckdb.ScalarFuncConfig{Volatile: o.Volatile, SpecialNullHandling: o.NullIn}
	for _, a := range o.Args {
		t, err := typeInfo(a)
		if err != nil {
			return c, err
		}
		c.InputTypeInfos = append(c.InputTypeInfos, t)
	}
	if o.Variadic != "" {
		if c.VariadicTypeInfo, err = typeInfo(o.Variadic); err != nil {
			return c, err
		}
	}
	c.ResultTypeInfo, err = typeInfo(o.Result)
	return c, err
}

// typeInfo reads a SQL type name: a scalar, DECIMAL(p,s), or a list of them.
func typeInfo(name string) (duckdb.TypeInfo, error) {
	name = strings.TrimSpace(strings.ToUpper(name))
	if child, ok := strings.CutSuffix(name, "[]"); ok {
		t, err := typeInfo(child)
		if err != nil {
			return nil, err
		}
		return duckdb.NewListInfo(t)
	}
	if inner, ok := strings.CutPrefix(name, "DECIMAL("); ok {
		p, s, _ := strings.Cut(strings.TrimSuffix(inner, ")"), ",")
		width, err1 := strconv.ParseUint(strings.TrimSpace(p), 10, 8)
		scale, err2 := strconv.ParseUint(strings.TrimSpace(s), 10, 8)
		if err1 != nil || err2 != nil {
			return nil, fmt.Errorf("type %s is not DECIMAL(width,scale)", name)
		}
		return duckdb.NewDecimalInfo(uint8(width), uint8(scale))
	}
	t, ok := scalarTypes()[name]
	if !ok {
		return nil, fmt.Errorf("type %s is not known", name)
	}
	return duckdb.NewTypeInfo(t)
}

func scalarTypes() map[string]duckdb.Type {
	return map[string]duckdb.Type{
		"BOOLEAN": duckdb.TYPE_BOOLEAN, "TINYINT": duckdb.TYPE_TINYINT, "SMALLINT": duckdb.TYPE_SMALLINT,
		"INTEGER": duckdb.TYPE_INTEGER, "BIGINT": duckdb.TYPE_BIGINT, "HUGEINT": duckdb.TYPE_HUGEINT,
		"UTINYINT": duckdb.TYPE_UTINYINT, "USMALLINT": duckdb.TYPE_USMALLINT, "UINTEGER": duckdb.TYPE_UINTEGER,
		"UBIGINT": duckdb.TYPE_UBIGINT, "UHUGEINT": duckdb.TYPE_UHUGEINT, "BIGNUM": duckdb.TYPE_BIGNUM,
		"FLOAT": duckdb.TYPE_FLOAT, "DOUBLE": duckdb.TYPE_DOUBLE, "VARCHAR": duckdb.TYPE_VARCHAR,
		"BLOB": duckdb.TYPE_BLOB, "BIT": duckdb.TYPE_BIT, "DATE": duckdb.TYPE_DATE, "TIME": duckdb.TYPE_TIME,
		"TIMESTAMP": duckdb.TYPE_TIMESTAMP, "TIMESTAMP_S": duckdb.TYPE_TIMESTAMP_S,
		"TIMESTAMP_MS": duckdb.TYPE_TIMESTAMP_MS, "TIMESTAMP_NS": duckdb.TYPE_TIMESTAMP_NS,
		"TIMESTAMPTZ": duckdb.TYPE_TIMESTAMP_TZ, "TIMETZ": duckdb.TYPE_TIME_TZ,
		"INTERVAL": duckdb.TYPE_INTERVAL, "UUID": duckdb.TYPE_UUID, "ANY": duckdb.TYPE_ANY,
	}
}
