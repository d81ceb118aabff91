package sqljob

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"tarn/internal/engine"
)

// tableRef is a table that a query names.
type tableRef struct {
	schema, name string // as written, lower case
	position     int
}

func (t tableRef) String() string {
	if t.schema == "" {
		return t.name
	}
	return t.schema + "." + t.name
}

// analysis is what a checked query consists of.
type analysis struct {
	tables  []tableRef // each once, in order of appearance
	aliases map[string]tableRef
	ctes    set
}

// parsed is what json_serialize_sql answers.
type parsed struct {
	Error      bool              `json:"error"`
	Message    string            `json:"error_message"`
	Type       string            `json:"error_type"`
	Position   string            `json:"position"`
	Statements []json.RawMessage `json:"statements"`
}

// analyse parses a SELECT with DuckDB's own parser and walks what comes out:
// every kind of table, every function must be known. Nothing of the query has
// run by then.
func (s *Spec) analyse(ctx context.Context, sess *engine.Session, query string, origin func(int) int) (*analysis, error) {
	var text string
	if err := sess.QueryRow(ctx, "SELECT json_serialize_sql(?::VARCHAR)::VARCHAR", []any{query}, &text); err != nil {
		return nil, err
	}
	var p parsed
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return nil, fmt.Errorf("read DuckDB's parse: %w", err)
	}
	if p.Error {
		at := -1
		if n, err := strconv.Atoi(p.Position); err == nil {
			at = origin(n)
		}
		if p.Type == "parser" {
			return nil, s.at(at, p.Message, "", nil)
		}
		return nil, s.at(0, "a SQL job is one SELECT (PIVOT and other statements are not allowed)", "The answer becomes the table "+s.Table+".", nil)
	}
	if len(p.Statements) != 1 {
		return nil, s.at(0, fmt.Sprintf("there are %d statements, a SQL job is one SELECT", len(p.Statements)), "Make a job of each: a table each.", nil)
	}
	var tree any
	if err := json.Unmarshal(p.Statements[0], &tree); err != nil {
		return nil, fmt.Errorf("read DuckDB's parse: %w", err)
	}
	w := &walker{spec: s, origin: origin, functions: words(functions, operators), tableFunctions: words(tableFunctions),
		out: &analysis{aliases: map[string]tableRef{}, ctes: set{}}, seen: set{}}
	w.collectCTEs(tree)
	if err := w.walk(tree); err != nil {
		return nil, err
	}
	return w.out, nil
}

type walker struct {
	spec                      *Spec
	origin                    func(int) int
	functions, tableFunctions set
	out                       *analysis
	seen                      set
}

// nowhere is how the parse says that it does not know a place.
const nowhere = float64(1<<64 - 1)

func (w *walker) position(node map[string]any) int {
	n, ok := node["query_location"].(float64)
	if !ok || n >= nowhere {
		return -1
	}
	return w.origin(int(n))
}

// collectCTEs notes the names of common table expressions.
func (w *walker) collectCTEs(v any) {
	switch v := v.(type) {
	case map[string]any:
		if ctes, ok := v["cte_map"].(map[string]any); ok {
			list, _ := ctes["map"].([]any)
			for _, entry := range list {
				if e, ok := entry.(map[string]any); ok {
					w.out.ctes[strings.ToLower(text(e["key"]))] = true
				}
			}
		}
		if v["type"] == "RECURSIVE_CTE_NODE" || v["type"] == "CTE_NODE" {
			w.out.ctes[strings.ToLower(text(v["cte_name"]))] = true
			w.out.ctes[strings.ToLower(text(v["ctename"]))] = true
		}
		for _, c := range v {
			w.collectCTEs(c)
		}
	case []any:
		for _, c := range v {
			w.collectCTEs(c)
		}
	}
}

func text(v any) string { s, _ := v.(string); return s }

// The node types that may stand for rows. A new one in a later DuckDB is
// refused until someone has looked at it.
const (
	queryNodes = "SELECT_NODE SET_OPERATION_NODE RECURSIVE_CTE_NODE CTE_NODE"
	tableNodes = "BASE_TABLE SUBQUERY JOIN TABLE_FUNCTION EXPRESSION_LIST EMPTY EMPTY_FROM PIVOT COLUMN_DATA"
	classes    = "BOUND_CONSTANT CASE CAST COLLATE COLUMN_REF COMPARISON CONJUNCTION CONSTANT DEFAULT FUNCTION LAMBDA LAMBDA_REF OPERATOR PARAMETER POSITIONAL_REFERENCE STAR SUBQUERY WINDOW BETWEEN"
)

func (w *walker) walk(v any) error {
	switch v := v.(type) {
	case []any:
		for _, c := range v {
			if err := w.walk(c); err != nil {
				return err
			}
		}
	case map[string]any:
		if err := w.node(v); err != nil {
			return err
		}
		for _, k := range slices.Sorted(maps.Keys(v)) { // a fixed order: the first error is always the same
			if err := w.walk(v[k]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *walker) node(n map[string]any) error {
	at := w.position(n)
	kind := text(n["type"])
	if class, ok := n["class"].(string); ok {
		if !words(classes)[class] {
			return w.spec.at(at, "the expression "+strings.ToLower(strings.ReplaceAll(class, "_", " "))+" is not allowed in a SQL job", "", nil)
		}
		if name, ok := n["function_name"].(string); ok {
			return w.function(n, name, at)
		}
		return nil
	}
	_, isTable := n["sample"]
	_, hasAlias := n["alias"]
	switch {
	case isTable && hasAlias: // a table reference; query nodes have no alias
		if !words(tableNodes)[kind] {
			what := strings.ToLower(strings.ReplaceAll(kind, "_", " "))
			if kind == "SHOW_REF" {
				what = "SHOW, DESCRIBE and SUMMARIZE"
			}
			return w.spec.at(max(at, 0), what+" is not allowed in a SQL job", "", nil)
		}
	case strings.HasSuffix(kind, "_NODE"):
		if !words(queryNodes)[kind] {
			return w.spec.at(max(at, 0), strings.ToLower(kind)+" is not allowed in a SQL job", "", nil)
		}
	}
	if kind == "TABLE_FUNCTION" {
		f, _ := n["function"].(map[string]any)
		name := strings.ToLower(text(f["function_name"]))
		if !w.tableFunctions[name] {
			return w.spec.at(at, fmt.Sprintf("the table function %s is not allowed in a SQL job", name),
				"It reads tables by name: raw.x is a source's, x another job's. Functions after FROM: "+strings.ReplaceAll(tableFunctions, " ", ", ")+".", nil)
		}
	}
	if kind == "BASE_TABLE" {
		return w.table(n, at)
	}
	return nil
}

func (w *walker) table(n map[string]any, at int) error {
	ref := tableRef{strings.ToLower(text(n["schema_name"])), strings.ToLower(text(n["table_name"])), at}
	if c := text(n["catalog_name"]); c != "" {
		return w.spec.at(at, fmt.Sprintf("%s.%s has three parts", c, ref), "A table is x, raw.x or project.x.", nil)
	}
	if n["at_clause"] != nil {
		return w.spec.at(at, "AT is not allowed in a SQL job: it reads tables as they are", "", nil)
	}
	alias := strings.ToLower(text(n["alias"]))
	if alias == "" {
		alias = ref.name
	}
	w.out.aliases[alias] = ref
	if !w.seen[ref.String()] {
		w.seen[ref.String()] = true
		w.out.tables = append(w.out.tables, ref)
	}
	return nil
}

func (w *walker) function(n map[string]any, name string, at int) error {
	schema, catalog := text(n["schema"]), text(n["catalog"])
	if schema != "" && schema != "main" && schema != "pg_catalog" || catalog != "" && catalog != "system" {
		return w.spec.at(at, fmt.Sprintf("the function %s.%s is not allowed in a SQL job", schema, name), "", nil)
	}
	low := strings.ToLower(name)
	if w.functions[low] || w.tableFunctions[low] {
		return nil
	}
	hint := ""
	if near := nearest(low, slices.Sorted(maps.Keys(w.functions))); near != "" {
		hint = fmt.Sprintf("Did you mean %q?", near)
	}
	return w.spec.at(at, fmt.Sprintf("the function %s is not known, or not allowed in a SQL job", name), hint, nil)
}
