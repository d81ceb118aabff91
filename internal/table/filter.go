package table

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"tarn/internal/engine"
)

// Filter is what a query keeps of a table, as far as it is known: rows for
// which any of its alternatives, one a scan, holds. nil keeps all.
type Filter struct {
	sketch       *Sketch
	alternatives [][]condition
}

// condition is one of the conditions that must hold together.
type condition struct {
	expr    filterExpr
	columns map[int]bool // of the sketch
}

// filterExpr is an expression in the engine's parse, of the kinds that are
// understood: the others make no condition.
type filterExpr struct {
	Class        string       `json:"class"`
	Type         string       `json:"type"`
	ColumnNames  []string     `json:"column_names"`
	Left         *filterExpr  `json:"left"`
	Right        *filterExpr  `json:"right"`
	Input        *filterExpr  `json:"input"`
	Lower        *filterExpr  `json:"lower"`
	Upper        *filterExpr  `json:"upper"`
	Child        *filterExpr  `json:"child"`
	Children     []filterExpr `json:"children"`
	FunctionName string       `json:"function_name"`
	CastType     struct {
		ID string `json:"id"`
	} `json:"cast_type"`
	Value struct {
		Type struct {
			ID   string `json:"id"`
			Info *struct {
				Width int `json:"width"`
				Scale int `json:"scale"`
			} `json:"type_info"`
		} `json:"type"`
		IsNull bool            `json:"is_null"`
		Value  json.RawMessage `json:"value"`
	} `json:"value"`

	column int // of a COLUMN_REF
}

// parseFilter reads the expressions that a plan filters the scans of a sketch by.
func parseFilter(ctx context.Context, sess *engine.Session, k *Sketch, expressions []string) (*Filter, error) {
	f := &Filter{sketch: k}
	for _, text := range expressions {
		if text == "" {
			return nil, nil
		}
		var answer string
		if err := sess.QueryRow(ctx, "SELECT json_serialize_sql(?::VARCHAR)::VARCHAR", []any{"SELECT " + text}, &answer); err != nil {
			return nil, err
		}
		var parsed struct {
			Error      bool `json:"error"`
			Statements []struct {
				Node struct {
					SelectList []filterExpr `json:"select_list"`
				} `json:"node"`
			} `json:"statements"`
		}
		if json.Unmarshal([]byte(answer), &parsed) != nil || parsed.Error || len(parsed.Statements) != 1 || len(parsed.Statements[0].Node.SelectList) != 1 {
			return nil, nil
		}
		var conditions []condition
		f.split(parsed.Statements[0].Node.SelectList[0], &conditions)
		if len(conditions) == 0 {
			return nil, nil
		}
		f.alternatives = append(f.alternatives, conditions)
	}
	if len(f.alternatives) == 0 {
		return nil, nil
	}
	return f, nil
}

// split collects the conditions of a conjunction that are understood.
func (f *Filter) split(e filterExpr, into *[]condition) {
	if e.Class == "CONJUNCTION" && e.Type == "CONJUNCTION_AND" {
		for _, c := range e.Children {
			f.split(c, into)
		}
		return
	}
	columns := map[int]bool{}
	if f.understand(&e, columns) && len(columns) > 0 {
		*into = append(*into, condition{e, columns})
	}
}

// pure are functions that compute from their arguments alone and never fail.
const pure = " prefix suffix contains ~~ !~~ upper lower year month day "

// understand says whether an expression is of a kind that can be judged apart
// from its query, and numbers its columns.
func (f *Filter) understand(e *filterExpr, columns map[int]bool) bool {
	all := func(list ...*filterExpr) bool {
		for _, c := range list {
			if c == nil || !f.understand(c, columns) {
				return false
			}
		}
		return true
	}
	switch e.Class {
	case "COLUMN_REF":
		if len(e.ColumnNames) != 1 {
			return false
		}
		for i := range f.sketch.Columns {
			if f.sketch.column(i) == e.ColumnNames[0] {
				e.column = i
				columns[i] = true
				return true
			}
		}
		return false
	case "CONSTANT":
		_, ok := e.literal()
		return ok
	case "CAST":
		_, ok := e.literal()
		return ok
	case "COMPARISON":
		return e.comparison() != "" && all(e.Left, e.Right)
	case "BETWEEN":
		return all(e.Input, e.Lower, e.Upper)
	case "CONJUNCTION", "OPERATOR":
		switch e.Type {
		case "CONJUNCTION_AND", "CONJUNCTION_OR", "COMPARE_IN", "COMPARE_NOT_IN", "OPERATOR_NOT", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL":
		default:
			return false
		}
	case "FUNCTION":
		if !strings.Contains(pure, " "+e.FunctionName+" ") {
			return false
		}
	default:
		return false
	}
	for i := range e.Children {
		if !f.understand(&e.Children[i], columns) {
			return false
		}
	}
	return len(e.Children) > 0
}

func (e *filterExpr) comparison() string {
	switch e.Type {
	case "COMPARE_EQUAL":
		return "="
	case "COMPARE_NOTEQUAL":
		return "<>"
	case "COMPARE_LESSTHAN":
		return "<"
	case "COMPARE_GREATERTHAN":
		return ">"
	case "COMPARE_LESSTHANOREQUALTO":
		return "<="
	case "COMPARE_GREATERTHANOREQUALTO":
		return ">="
	}
	return ""
}

// literal writes a constant as SQL.
func (e *filterExpr) literal() (string, bool) {
	if e.Class == "CAST" {
		if e.Child == nil || e.Child.Class != "CONSTANT" {
			return "", false
		}
		switch e.CastType.ID {
		case "DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "BIGINT", "INTEGER", "SMALLINT", "TINYINT", "BOOLEAN", "DOUBLE", "VARCHAR":
		default:
			return "", false
		}
		inner, ok := e.Child.literal()
		return "CAST(" + inner + " AS " + e.CastType.ID + ")", ok
	}
	if e.Value.IsNull {
		return "NULL", true
	}
	switch e.Value.Type.ID {
	case "VARCHAR":
		var s string
		if json.Unmarshal(e.Value.Value, &s) != nil {
			return "", false
		}
		return engine.QuoteText(s), true
	case "INTEGER", "BIGINT", "SMALLINT", "TINYINT", "BOOLEAN", "DOUBLE":
		return string(e.Value.Value), true
	case "DECIMAL":
		if e.Value.Type.Info == nil {
			return "", false
		}
		return fmt.Sprintf("(%s::DECIMAL(38,0) / %s::DECIMAL(38,0))", e.Value.Value, "1"+strings.Repeat("0", e.Value.Type.Info.Scale)), e.Value.Type.Info.Scale <= 12
	}
	return "", false
}

// sql writes a condition for the engine again, its columns as name says.
func (e *filterExpr) sql(name func(int) string) string {
	list := func(children []filterExpr, by string) string {
		parts := make([]string, len(children))
		for i := range children {
			parts[i] = children[i].sql(name)
		}
		return strings.Join(parts, by)
	}
	switch e.Class {
	case "COLUMN_REF":
		return name(e.column)
	case "COMPARISON":
		return "(" + e.Left.sql(name) + " " + e.comparison() + " " + e.Right.sql(name) + ")"
	case "BETWEEN":
		return "(" + e.Input.sql(name) + " BETWEEN " + e.Lower.sql(name) + " AND " + e.Upper.sql(name) + ")"
	case "CONJUNCTION":
		return "(" + list(e.Children, " "+strings.TrimPrefix(e.Type, "CONJUNCTION_")+" ") + ")"
	case "FUNCTION":
		if strings.HasSuffix(e.FunctionName, "~~") {
			return "(" + e.Children[0].sql(name) + " " + e.FunctionName + " " + e.Children[1].sql(name) + ")"
		}
		return quote(e.FunctionName) + "(" + list(e.Children, ", ") + ")"
	case "OPERATOR":
		first := e.Children[0].sql(name)
		switch e.Type {
		case "OPERATOR_NOT":
			return "(NOT " + first + ")"
		case "OPERATOR_IS_NULL":
			return "(" + first + " IS NULL)"
		case "OPERATOR_IS_NOT_NULL":
			return "(" + first + " IS NOT NULL)"
		case "COMPARE_NOT_IN":
			return "(" + first + " NOT IN (" + list(e.Children[1:], ", ") + "))"
		}
		return "(" + first + " IN (" + list(e.Children[1:], ", ") + "))"
	}
	text, _ := e.literal()
	return text
}

// partitions writes what the filter asks of the partition keys alone; "" if
// some alternative asks nothing.
func (f *Filter) partitions(name func(column int) string) string {
	if f == nil {
		return ""
	}
	var out []string
	for _, conditions := range f.alternatives {
		var parts []string
		for _, c := range conditions {
			own := true
			for i := range c.columns {
				own = own && f.sketch.Columns[i].Partition
			}
			if own {
				parts = append(parts, c.expr.sql(name))
			}
		}
		if len(parts) == 0 {
			return ""
		}
		out = append(out, "("+strings.Join(parts, " AND ")+")")
	}
	return strings.Join(out, " OR ")
}

// choose keeps the partitions that the filter may need.
func (f *Filter) choose(ctx context.Context, sess *engine.Session, parts []part) ([]part, error) {
	where := f.partitions(func(column int) string { return quote(f.sketch.Columns[column].Name) })
	if where == "" || len(parts) == 0 {
		return parts, nil
	}
	var types []string
	for _, v := range parts[0].values {
		c := f.sketch.Columns[findColumn(f.sketch.Columns, v.Name)]
		types = append(types, fmt.Sprintf("CAST(v%d AS %s) AS %s", len(types), c.DuckDB(), quote(c.Name)))
	}
	var rows strings.Builder
	for i, p := range parts {
		if i > 0 {
			rows.WriteString(", ")
		}
		fmt.Fprintf(&rows, "(%d", i)
		for _, v := range p.values {
			if v.Null {
				rows.WriteString(", NULL")
			} else {
				rows.WriteString(", " + engine.QuoteText(v.Value))
			}
		}
		rows.WriteByte(')')
	}
	names := make([]string, len(types))
	for i := range names {
		names[i] = fmt.Sprintf("v%d", i)
	}
	answer, err := sess.Query(ctx, "SELECT \" number\" FROM (SELECT \" number\", "+strings.Join(types, ", ")+" FROM (VALUES "+rows.String()+") p(\" number\", "+strings.Join(names, ", ")+")) WHERE "+where+" ORDER BY 1")
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		return parts, nil // a value that is not of its key's type: the scan says so
	}
	defer answer.Close()
	var out []part
	for answer.Next() {
		var n int64
		if err := answer.Scan(&n); err != nil {
			return nil, err
		}
		out = append(out, parts[n])
	}
	return out, answer.Err()
}

// expression writes what the filter asks of the partition keys in the
// catalog's grammar, as far as both mean the same by it; "" asks for all.
func (f *Filter) expression() string {
	if f == nil {
		return ""
	}
	var out []string
	for _, conditions := range f.alternatives {
		var parts []string
		for _, c := range conditions {
			if text, ok := f.catalog(&c.expr); ok {
				parts = append(parts, text)
			}
		}
		if len(parts) == 0 {
			return ""
		}
		out = append(out, "("+strings.Join(parts, " AND ")+")")
	}
	text := strings.Join(out, " OR ")
	if len(text) > longestExpression {
		return ""
	}
	return text
}

// longestExpression is what GetPartitions takes.
const longestExpression = 2048

// catalog writes a comparison of a partition key with constants.
func (f *Filter) catalog(e *filterExpr) (string, bool) {
	key := func(x *filterExpr) (Column, bool) {
		if x == nil || x.Class != "COLUMN_REF" {
			return Column{}, false
		}
		c := f.sketch.Columns[x.column]
		for _, r := range c.Name {
			if (r < 'a' || r > 'z') && r != '_' && (r < '0' || r > '9') {
				return c, false
			}
		}
		return c, c.Partition
	}
	switch {
	case e.Class == "COMPARISON" && e.comparison() != "<>":
		c, ok := key(e.Left)
		v, constant := catalogValue(c, e.Right)
		return c.Name + " " + e.comparison() + " " + v, ok && constant
	case e.Class == "BETWEEN":
		c, ok := key(e.Input)
		from, okFrom := catalogValue(c, e.Lower)
		to, okTo := catalogValue(c, e.Upper)
		return c.Name + " >= " + from + " AND " + c.Name + " <= " + to, ok && okFrom && okTo
	case e.Class == "CONJUNCTION" && e.Type == "CONJUNCTION_OR":
		parts := make([]string, len(e.Children))
		for i := range e.Children {
			text, ok := f.catalog(&e.Children[i])
			if !ok {
				return "", false
			}
			parts[i] = "(" + text + ")"
		}
		return "(" + strings.Join(parts, " OR ") + ")", true
	case e.Class == "OPERATOR" && e.Type == "COMPARE_IN":
		c, ok := key(&e.Children[0])
		values := make([]string, len(e.Children)-1)
		for i := range values {
			v, constant := catalogValue(c, &e.Children[i+1])
			values[i], ok = v, ok && constant
		}
		return c.Name + " IN (" + strings.Join(values, ", ") + ")", ok
	}
	return "", false
}

// catalogValue writes a constant for comparison with a key, where catalog and
// engine compare alike: whole numbers, plain texts and dates.
func catalogValue(c Column, e *filterExpr) (string, bool) {
	if e == nil {
		return "", false
	}
	typ, v := e.Value.Type.ID, e
	if e.Class == "CAST" && e.Child != nil {
		typ, v = e.CastType.ID, e.Child
	}
	if v.Class != "CONSTANT" || v.Value.IsNull {
		return "", false
	}
	var text string
	isText := json.Unmarshal(v.Value.Value, &text) == nil
	switch c.Type.Kind {
	case TinyInt, SmallInt, Int, BigInt:
		return string(v.Value.Value), e.Class == "CONSTANT" && (typ == "INTEGER" || typ == "BIGINT")
	case String, Varchar:
		return "'" + text + "'", typ == "VARCHAR" && isText && !strings.ContainsAny(text, `'\`)
	case Date:
		return "'" + text + "'", typ == "DATE" && isText && len(text) == len("2013-01-01")
	}
	return "", false
}
