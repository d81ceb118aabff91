package warehouse

import (
	"fmt"
	"strings"
	"sync"

	"tarn/internal/engine"
	"tarn/internal/redshift/sql"
)

// systemTable is a table of the system catalog. Its rows are a query over the store, where {db}
// stands for the database and words in braces for rows that Go knows (see fillSystem).
type systemTable struct {
	oid     int64
	schema  string
	name    string
	columns []sql.Column
	query   string
	given   map[string]string // words of its own
}

// define makes a system table. Columns are "name type" pairs, split by commas; those that start with
// a minus are hidden.
func define(schema, name, columns, query string) systemTable {
	t := systemTable{schema: schema, name: name, query: query}
	for def := range strings.SplitSeq(columns, ",") {
		column, word, ok := strings.Cut(strings.TrimSpace(def), " ")
		if !ok {
			word = "text"
		}
		// A column that Redshift does not have and psql asks for is left out of *.
		column, hidden := strings.CutPrefix(column, "-")
		t.columns = append(t.columns, sql.Column{Name: column, Type: systemType(word), Hidden: hidden})
	}
	return t
}

// systemType reads the short type words of the definitions: cN is char(N), vN varchar(N).
func systemType(word string) sql.Type {
	switch word {
	case "name":
		return sql.NameT
	case "text":
		return sql.TextT
	case "oid":
		return sql.OIDT
	case "int2":
		return sql.Int2
	case "int4":
		return sql.Int4
	case "int8":
		return sql.Int8
	case "float4":
		return sql.Float4
	case "bool":
		return sql.Bool
	case "ts":
		return sql.Timestamp
	case "char":
		return sql.Type{Kind: sql.KInternalChar}
	case "v":
		return sql.Varchar(128)
	case "xid":
		return sql.Type{Kind: sql.KXid}
	case "regproc":
		return sql.Type{Kind: sql.KRegproc}
	case "acl":
		return sql.ArrayOf(sql.KText)
	case "names":
		return sql.ArrayOf(sql.KText)
	case "int2s":
		return sql.ArrayOf(sql.KInt2)
	case "int4s":
		return sql.ArrayOf(sql.KInt4)
	case "oids":
		return sql.Type{Kind: sql.KOIDVector}
	case "int2vector":
		return sql.Type{Kind: sql.KInt2Vector}
	}
	var n, m int
	if _, err := fmt.Sscanf(word, "c%d", &n); err == nil {
		return sql.Char(n)
	}
	if _, err := fmt.Sscanf(word, "v%d", &n); err == nil {
		return sql.Varchar(n)
	}
	if _, err := fmt.Sscanf(word, "n%d.%d", &n, &m); err == nil {
		return sql.Decimal(n, m)
	}
	panic("system catalog: no type " + word)
}

// systemTables are made once; they are constant.
var systemTables = sync.OnceValue(func() map[string]*systemTable {
	out := map[string]*systemTable{}
	oid := int64(1200)
	for _, list := range [][]systemTable{pgTables(), informationTables(), redshiftTables()} {
		for _, t := range list {
			oid++
			t.oid = oid
			out[t.schema+"."+t.name] = &t
		}
	}
	// The ids that PostgreSQL gives its own; clients write them as numbers.
	for name, oid := range map[string]int64{"pg_class": 1259, "pg_attribute": 1249, "pg_type": 1247, "pg_proc": 1255, "pg_namespace": 2615,
		"pg_attrdef": 2604, "pg_constraint": 2606, "pg_database": 1262, "pg_description": 2609, "pg_index": 2610} {
		if t := out["pg_catalog."+name]; t != nil {
			t.oid = oid
		}
	}
	return out
})

func systemRelation(schema, name string) *systemTable { return systemTables()[schema+"."+name] }

// info describes the table to the analyzer.
func (t *systemTable) info(database string) *sql.TableInfo {
	return &sql.TableInfo{Path: []string{database, t.schema, t.name}, Columns: t.columns, Ref: t}
}

// sql is the engine's relation, with each column of its type.
func (t *systemTable) sql(c *catalog, database string) (string, error) {
	query, err := c.fillSystem(t.query, database, t.given)
	if err != nil {
		return "", err
	}
	items := make([]string, len(t.columns))
	names := make([]string, len(t.columns))
	for i, col := range t.columns {
		names[i] = fmt.Sprintf("c%d", i)
		items[i] = fmt.Sprintf("CAST(c%d AS %s) AS %s", i, col.Type.DuckDB(), engine.QuoteIdent(col.Name))
	}
	return "(SELECT " + strings.Join(items, ", ") + " FROM (" + query + ") AS q(" + strings.Join(names, ", ") + "))", nil
}

// systemPrelude makes the rows that are the same in every database: types, and the system's own
// tables.
func systemPrelude() []string {
	var types, classes, attributes []string
	for _, t := range pgTypes() {
		types = append(types, fmt.Sprintf("(%d, %s, %d, %s, %d)", t.oid, engine.QuoteText(t.name), t.size, engine.QuoteText(t.kind), t.elem))
	}
	for _, t := range systemTables() {
		schema := int64(pgCatalogOID)
		if t.schema == "information_schema" {
			schema = informationOID
		}
		kind := "v"
		if strings.HasPrefix(t.name, "pg_") && !strings.HasSuffix(t.name, "s") {
			kind = "r"
		}
		classes = append(classes, fmt.Sprintf("(%d, %s, %d, %s, %d, %s)", t.oid, engine.QuoteText(t.name), schema, engine.QuoteText(kind), len(t.columns),
			engine.QuoteText(t.schema)))
		for i, c := range t.columns {
			attributes = append(attributes, fmt.Sprintf("(%d, %d, %s, %d, %d, %d, %s)", t.oid, i+1, engine.QuoteText(c.Name), c.Type.OID(), c.Type.Typmod(),
				c.Type.Size(), engine.QuoteText(c.Type.String())))
		}
	}
	values := func(table, columns string, rows []string) string {
		return "CREATE TABLE memory.tarn_system." + table + " AS SELECT * FROM (VALUES " + strings.Join(rows, ", ") + ") AS v(" + columns + ")"
	}
	return []string{
		"CREATE SCHEMA memory.tarn_system",
		values("types", "oid, name, len, kind, elem", types),
		values("classes", "oid, name, schema, kind, natts, nspname", classes),
		values("attributes", "rel, num, name, typoid, typmod, len, type", attributes),
	}
}

// The ids of the system's schemas.
const (
	pgCatalogOID   = 11
	informationOID = 13000
)

type pgType struct {
	oid, elem int64
	size      int
	name      string
	kind      string // b base, p pseudo
}

// pgTypes are the types of pg_type.
func pgTypes() []pgType {
	base := func(oid int64, name string, size int) pgType {
		return pgType{oid: oid, name: name, size: size, kind: "b"}
	}
	out := []pgType{
		base(16, "bool", 1), base(17, "bytea", -1), base(18, "char", 1), base(19, "name", 128), base(20, "int8", 8), base(21, "int2", 2),
		base(22, "int2vector", -1), base(23, "int4", 4), base(24, "regproc", 4), base(25, "text", -1), base(26, "oid", 4), base(27, "tid", 6),
		base(28, "xid", 4), base(29, "cid", 4), base(30, "oidvector", -1), base(700, "float4", 4), base(701, "float8", 8), base(702, "abstime", 4),
		base(705, "unknown", -2), base(1033, "aclitem", 12), base(1042, "bpchar", -1), base(1043, "varchar", -1), base(1082, "date", 4),
		base(1083, "time", 8), base(1114, "timestamp", 8), base(1184, "timestamptz", 8), base(1186, "interval", 12), base(1188, "intervaly2m", 4),
		base(1190, "intervald2s", 8), base(1266, "timetz", 12), base(1700, "numeric", -1), base(2205, "regclass", 4), base(2206, "regtype", 4),
		base(2935, "hllsketch", -1), base(3000, "geometry", -1), base(3001, "geography", -1), base(4000, "super", -1), base(6551, "varbyte", -1),
		{oid: 2249, name: "record", size: 4, kind: "p"}, {oid: 2275, name: "cstring", size: -2, kind: "p"}, {oid: 2276, name: "any", size: 4, kind: "p"},
		{oid: 2277, name: "anyarray", size: -1, kind: "p"}, {oid: 2278, name: "void", size: 4, kind: "p"}, {oid: 2279, name: "trigger", size: 4, kind: "p"},
	}
	for _, a := range []struct {
		oid, elem int64
		name      string
	}{{1000, 16, "_bool"}, {1001, 17, "_bytea"}, {1002, 18, "_char"}, {1003, 19, "_name"}, {1005, 21, "_int2"}, {1007, 23, "_int4"}, {1009, 25, "_text"},
		{1014, 1042, "_bpchar"}, {1015, 1043, "_varchar"}, {1016, 20, "_int8"}, {1021, 700, "_float4"}, {1022, 701, "_float8"}, {1028, 26, "_oid"},
		{1034, 1033, "_aclitem"}, {1115, 1114, "_timestamp"}, {1182, 1082, "_date"}, {1231, 1700, "_numeric"}} {
		out = append(out, pgType{oid: a.oid, elem: a.elem, name: a.name, size: -1, kind: "b"})
	}
	return out
}
