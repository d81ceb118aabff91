package expression

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Parameter is what ${name} stands for. No Values means unset: it compares as NULL.
type Parameter struct {
	Type   Type
	Multi  bool
	Values []any  // string, int64, float64 or time.Time, by Type
	SQL    string // instead of Values, a constant SQL expression of Type
}

// Environment is what an expression can see. It is filled once and then used by one goroutine.
// Its SQL is for sessions with TimeZone UTC, max_expression_depth 3000, and ieee_floating_point_ops off, where dividing by zero gives NULL. It uses no macro of
// DuckDB that doubles its argument (nullif does): what the text of the SQL weighs is then what binding it costs.
type Environment struct {
	Columns    map[string]Type      // columns of the relation that the SQL runs over
	Calculated map[string]string    // calculated fields, name to expression; they hide columns of the same name
	Parameters map[string]Parameter //
	Bind       func(v any) string   // adds an argument to the query and gives its placeholder
	Now        time.Time            // the one instant of now()
	WeekStart  int                  // ISO day of the week, Monday 1 to Sunday 7; 0 is Sunday

	fields  map[string]*field
	bound   map[string][]string // placeholders of parameters already bound
	now     string
	nesting int
}

type field struct {
	value Value
	err   error
	done  bool
}

// maxSQL bounds what calculated fields that use one another twice, twice over, can grow to.
const maxSQL = 256 << 10

// Compile parses, types and prints one expression.
func (e *Environment) Compile(src string) (Value, error) {
	n, err := Parse(src)
	if err != nil {
		return Value{}, err
	}
	return e.CompileNode(n)
}

// CompileNode types and prints a parsed expression.
func (e *Environment) CompileNode(n Node) (Value, error) {
	return (&compiler{env: e}).node(n)
}

// Field gives the value of a column or calculated field by its name: exact first, then ignoring case.
func (e *Environment) Field(name string) (Value, error) {
	return e.field(name, Pos{Line: 1, Column: 1}, "")
}

func (e *Environment) field(name string, pos Pos, inside string) (Value, error) {
	if calculated, ok := match(e.Calculated, name); ok {
		if _, column := match(e.Columns, name); !column || calculated != inside {
			return e.calculated(calculated, pos)
		}
	}
	if column, ok := match(e.Columns, name); ok {
		return Value{SQL: Ident(column), Type: e.Columns[column], Level: Row}, nil
	}
	return Value{}, fail(UnknownField, pos, e.suggest(name), "there is no field named %q", name)
}

func (e *Environment) calculated(name string, pos Pos) (Value, error) {
	if e.fields == nil {
		e.fields = map[string]*field{}
	}
	f, ok := e.fields[name]
	if ok && !f.done {
		return Value{}, fail(Circular, pos, "take one of the fields out of the circle", "calculated field %q uses itself, directly or through others", name)
	}
	if ok {
		return f.value, f.err
	}
	f = &field{}
	e.fields[name] = f
	f.value, f.err = e.compileField(name)
	f.done = true
	return f.value, f.err
}

func (e *Environment) compileField(name string) (Value, error) {
	e.nesting++
	defer func() { e.nesting-- }()
	n, err := Parse(e.Calculated[name])
	var v Value
	if err == nil {
		v, err = (&compiler{env: e, inside: name}).node(n)
	}
	var mistake *Error
	if errors.As(err, &mistake) && mistake.Field == "" {
		mistake.Field = name
	}
	v.Literal, v.number = nil, nil
	return v, err
}

// match finds a key: exactly first, then ignoring case (the first in order, so that the answer is always the same).
func match[V any](m map[string]V, name string) (string, bool) {
	if _, ok := m[name]; ok {
		return name, true
	}
	var found []string
	for k := range m {
		if strings.EqualFold(k, name) {
			found = append(found, k)
		}
	}
	if len(found) == 0 {
		return "", false
	}
	return slices.Min(found), true
}

func (e *Environment) suggest(name string) string {
	names := make([]string, 0, len(e.Columns)+len(e.Calculated))
	for k := range e.Columns {
		names = append(names, k)
	}
	for k := range e.Calculated {
		names = append(names, k)
	}
	if near := Nearest(name, names); near != "" {
		return "did you mean {" + near + "}?"
	}
	return ""
}

// parameter gives the placeholders of a parameter's values, binding them at the first use.
func (e *Environment) parameter(ref *ParameterRef) (Parameter, []string, error) {
	name, ok := match(e.Parameters, ref.Name)
	if !ok {
		names := make([]string, 0, len(e.Parameters))
		for k := range e.Parameters {
			names = append(names, k)
		}
		hint := "declare it in ParameterDeclarations"
		if near := Nearest(ref.Name, names); near != "" {
			hint = "did you mean ${" + near + "}?"
		}
		return Parameter{}, nil, fail(UnknownParameter, ref.Pos, hint, "there is no parameter named %q", ref.Name)
	}
	p := e.Parameters[name]
	if e.bound == nil {
		e.bound = map[string][]string{}
	}
	if holders, ok := e.bound[name]; ok {
		return p, holders, nil
	}
	if p.SQL != "" {
		return p, []string{p.SQL}, nil
	}
	holders := make([]string, len(p.Values))
	for i, v := range p.Values {
		holders[i] = "CAST(" + e.Bind(v) + " AS " + p.Type.SQL() + ")"
	}
	e.bound[name] = holders
	return p, holders, nil
}

// NowSQL gives the SQL of now(), bound once a query so that every part of it sees the same instant.
func (e *Environment) NowSQL() string {
	if e.now == "" {
		e.now = "CAST(" + e.Bind(e.Now.UTC().Truncate(time.Millisecond)) + " AS TIMESTAMP)"
	}
	return e.now
}

func (e *Environment) weekStart() int {
	if e.WeekStart == 0 {
		return 7
	}
	return e.WeekStart
}

// Truncate prints the start of the period that x lies in. Period is one of YYYY Q MM WK DD HH MI SS MS. Months, weeks and days count
// back from the date: DuckDB takes two to three times as long for date_trunc.
func (e *Environment) Truncate(period, x string) string {
	switch period {
	case "MM":
		return "CAST(CAST(" + x + " AS DATE) - CAST(day(" + x + ") - 1 AS INTEGER) AS TIMESTAMP)"
	case "WK":
		return "CAST(CAST(" + x + " AS DATE) - CAST((isodow(" + x + ") - " + strconv.Itoa(e.weekStart()) + " + 7) % 7 AS INTEGER) AS TIMESTAMP)"
	case "DD":
		return "CAST(CAST(" + x + " AS DATE) AS TIMESTAMP)"
	}
	return "CAST(date_trunc('" + datePart[period] + "', " + x + ") AS TIMESTAMP)"
}

// Nearest gives the name most like the one written, or "" when none is near.
func Nearest(written string, names []string) string {
	best, bestDistance := "", max(1, len(written)/3)+1
	slices.Sort(names)
	for _, n := range names {
		if d := editDistance(strings.ToLower(written), strings.ToLower(n), bestDistance); d < bestDistance {
			best, bestDistance = n, d
		}
	}
	return best
}

func editDistance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit || len(a) > 200 || len(b) > 200 {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			diagonal, row[j] = row[j], min(row[j]+1, row[j-1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
