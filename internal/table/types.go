package table

import (
	"fmt"
	"strconv"
	"strings"
)

// Kind is a type's name without its parts, in Hive's words where Hive has one.
type Kind string

// The kinds of types that tables and queries meet.
const (
	Boolean     Kind = "boolean"
	TinyInt     Kind = "tinyint"
	SmallInt    Kind = "smallint"
	Int         Kind = "int"
	BigInt      Kind = "bigint"
	Float       Kind = "float"
	Double      Kind = "double"
	Decimal     Kind = "decimal"
	String      Kind = "string"
	Char        Kind = "char"
	Varchar     Kind = "varchar"
	Binary      Kind = "binary"
	Date        Kind = "date"
	Time        Kind = "time" // Iceberg's; Hive has none
	Timestamp   Kind = "timestamp"
	TimestampTZ Kind = "timestamptz"
	Interval    Kind = "interval"
	UUID        Kind = "uuid" // Iceberg's; Hive has none
	Array       Kind = "array"
	MapOf       Kind = "map"
	Struct      Kind = "struct"
	Union       Kind = "uniontype"
	Void        Kind = "void"
)

// Type is a column's type.
type Type struct {
	Kind             Kind
	Precision, Scale int     // decimal
	Length           int     // char, varchar
	Elem             *Type   // array; map's values
	Key              *Type   // map's keys
	Fields           []Field // struct; uniontype's alternatives, unnamed
}

// Field is a struct's field.
type Field struct {
	Name string
	Type Type
}

// Hive spells the type as the catalog does.
func (t Type) Hive() string {
	switch t.Kind {
	case Decimal:
		return fmt.Sprintf("decimal(%d,%d)", t.Precision, t.Scale)
	case Char, Varchar:
		return fmt.Sprintf("%s(%d)", t.Kind, t.Length)
	case Array:
		return "array<" + t.Elem.Hive() + ">"
	case MapOf:
		return "map<" + t.Key.Hive() + "," + t.Elem.Hive() + ">"
	case Struct:
		parts := make([]string, len(t.Fields))
		for i, f := range t.Fields {
			name := f.Name
			if strings.ContainsAny(name, ",:<>` ") {
				name = "`" + strings.ReplaceAll(name, "`", "``") + "`"
			}
			parts[i] = name + ":" + f.Type.Hive()
		}
		return "struct<" + strings.Join(parts, ",") + ">"
	case Union:
		parts := make([]string, len(t.Fields))
		for i, f := range t.Fields {
			parts[i] = f.Type.Hive()
		}
		return "uniontype<" + strings.Join(parts, ",") + ">"
	case Time, UUID, Interval:
		return "string"
	case TimestampTZ:
		return "timestamp" // as Iceberg's Glue clients write it
	}
	return string(t.Kind)
}

// DuckDB spells the type in DuckDB's SQL.
func (t Type) DuckDB() string {
	switch t.Kind {
	case TinyInt, SmallInt, BigInt, Float, Double, Boolean, Date, Time, Timestamp, Interval, UUID:
		return strings.ToUpper(string(t.Kind))
	case Int:
		return "INTEGER"
	case String, Char, Varchar, Void:
		return "VARCHAR"
	case Binary:
		return "BLOB"
	case TimestampTZ:
		return "TIMESTAMP WITH TIME ZONE"
	case Decimal:
		return fmt.Sprintf("DECIMAL(%d,%d)", t.Precision, t.Scale)
	case Array:
		return t.Elem.DuckDB() + "[]"
	case MapOf:
		return "MAP(" + t.Key.DuckDB() + ", " + t.Elem.DuckDB() + ")"
	case Struct:
		parts := make([]string, len(t.Fields))
		for i, f := range t.Fields {
			parts[i] = quote(f.Name) + " " + f.Type.DuckDB()
		}
		return "STRUCT(" + strings.Join(parts, ", ") + ")"
	case Union:
		parts := make([]string, len(t.Fields))
		for i, f := range t.Fields {
			parts[i] = fmt.Sprintf("tag_%d %s", i, f.Type.DuckDB())
		}
		return "UNION(" + strings.Join(parts, ", ") + ")"
	}
	return "VARCHAR"
}

// isText says whether any text is a value of the type.
func (t Type) isText() bool {
	return t.Kind == String || t.Kind == Char || t.Kind == Varchar || t.Kind == Void
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// ParseHive reads a type as the catalog spells it; case and blanks don't matter.
func ParseHive(text string) (Type, error) {
	p := &typeParser{text: text}
	t, err := p.hive(0)
	if err == nil {
		p.blanks()
		if p.pos < len(p.text) {
			err = fmt.Errorf("%q is left over", p.text[p.pos:])
		}
	}
	if err != nil {
		return Type{}, fmt.Errorf("type %q: %w", text, err)
	}
	return t, nil
}

// ParseDuckDB reads a type as DuckDB names it in results. What Hive has no
// word for becomes the nearest wider type.
func ParseDuckDB(text string) (Type, error) {
	p := &typeParser{text: text}
	t, err := p.duckdb(0)
	if err == nil {
		p.blanks()
		if p.pos < len(p.text) {
			err = fmt.Errorf("%q is left over", p.text[p.pos:])
		}
	}
	if err != nil {
		return Type{}, fmt.Errorf("type %q: %w", text, err)
	}
	return t, nil
}

type typeParser struct {
	text string
	pos  int
}

const deepest = 64 // nesting that no real table reaches

func (p *typeParser) blanks() {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
}

func (p *typeParser) take(c byte) bool {
	p.blanks()
	if p.pos < len(p.text) && p.text[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

func (p *typeParser) need(c byte) error {
	if !p.take(c) {
		return fmt.Errorf("%q is missing at character %d", c, p.pos+1)
	}
	return nil
}

// word reads letters, digits and underscores.
func (p *typeParser) word() string {
	p.blanks()
	start := p.pos
	for p.pos < len(p.text) {
		c := p.text[p.pos]
		if c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			break
		}
		p.pos++
	}
	return p.text[start:p.pos]
}

// numbers reads (n{,n}); absent is no numbers.
func (p *typeParser) numbers() ([]int, error) {
	if !p.take('(') {
		return nil, nil
	}
	var out []int
	for {
		n, err := strconv.Atoi(p.word())
		if err != nil || n < 0 {
			return nil, fmt.Errorf("a number is missing at character %d", p.pos+1)
		}
		out = append(out, n)
		if p.take(')') {
			return out, nil
		}
		if err := p.need(','); err != nil {
			return nil, err
		}
	}
}

func decimal(n []int, precision, scale int) (Type, error) {
	if len(n) > 0 {
		precision, scale = n[0], 0
	}
	if len(n) > 1 {
		scale = n[1]
	}
	if len(n) > 2 || precision < 1 || precision > 38 || scale > precision {
		return Type{}, fmt.Errorf("decimal takes a precision of 1 to 38 and a scale within it")
	}
	return Type{Kind: Decimal, Precision: precision, Scale: scale}, nil
}

func (p *typeParser) hive(depth int) (Type, error) {
	if depth > deepest {
		return Type{}, fmt.Errorf("nested too deeply")
	}
	word := strings.ToLower(p.word())
	switch word {
	case "tinyint", "smallint", "int", "bigint", "boolean", "float", "double", "string", "binary", "date", "void", "timestamptz", "uuid", "time":
		return Type{Kind: Kind(word)}, nil
	case "integer":
		return Type{Kind: Int}, nil
	case "long":
		return Type{Kind: BigInt}, nil
	case "short":
		return Type{Kind: SmallInt}, nil
	case "byte":
		return Type{Kind: TinyInt}, nil
	case "real":
		return Type{Kind: Float}, nil
	case "null":
		return Type{Kind: Void}, nil
	case "timestamp":
		rest := strings.ToLower(strings.TrimSpace(p.text[p.pos:]))
		for _, zone := range []string{"with local time zone", "with time zone"} {
			if strings.HasPrefix(rest, zone) {
				p.blanks()
				p.pos += len(zone)
				return Type{Kind: TimestampTZ}, nil
			}
		}
		return Type{Kind: Timestamp}, nil
	case "interval", "interval_year_month", "interval_day_time":
		return Type{Kind: Interval}, nil
	case "decimal", "numeric":
		n, err := p.numbers()
		if err != nil {
			return Type{}, err
		}
		return decimal(n, 10, 0)
	case "char", "varchar":
		n, err := p.numbers()
		if err != nil {
			return Type{}, err
		}
		if len(n) != 1 {
			return Type{Kind: String}, nil
		}
		return Type{Kind: Kind(word), Length: n[0]}, nil
	case "array", "set":
		if err := p.need('<'); err != nil {
			return Type{}, err
		}
		elem, err := p.hive(depth + 1)
		if err != nil {
			return Type{}, err
		}
		return Type{Kind: Array, Elem: &elem}, p.need('>')
	case "map":
		if err := p.need('<'); err != nil {
			return Type{}, err
		}
		key, err := p.hive(depth + 1)
		if err != nil {
			return Type{}, err
		}
		if err := p.need(','); err != nil {
			return Type{}, err
		}
		elem, err := p.hive(depth + 1)
		if err != nil {
			return Type{}, err
		}
		return Type{Kind: MapOf, Key: &key, Elem: &elem}, p.need('>')
	case "struct":
		return p.hiveStruct(depth)
	case "uniontype":
		if err := p.need('<'); err != nil {
			return Type{}, err
		}
		t := Type{Kind: Union}
		for {
			f, err := p.hive(depth + 1)
			if err != nil {
				return Type{}, err
			}
			t.Fields = append(t.Fields, Field{Type: f})
			if p.take('>') {
				return t, nil
			}
			if err := p.need(','); err != nil {
				return Type{}, err
			}
		}
	}
	return Type{}, fmt.Errorf("%q is not a type", word)
}

func (p *typeParser) hiveStruct(depth int) (Type, error) {
	if err := p.need('<'); err != nil {
		return Type{}, err
	}
	t := Type{Kind: Struct}
	if p.take('>') {
		return t, nil
	}
	for {
		name, err := p.fieldName()
		if err != nil {
			return Type{}, err
		}
		if err := p.need(':'); err != nil {
			return Type{}, err
		}
		f, err := p.hive(depth + 1)
		if err != nil {
			return Type{}, err
		}
		t.Fields = append(t.Fields, Field{name, f})
		// Hive allows a comment after a field.
		p.blanks()
		if rest := p.text[p.pos:]; len(rest) > 8 && strings.EqualFold(rest[:8], "comment ") {
			p.pos += 8
			if err := p.need('\''); err != nil {
				return Type{}, err
			}
			end := strings.IndexByte(p.text[p.pos:], '\'')
			if end < 0 {
				return Type{}, fmt.Errorf("a comment does not end")
			}
			p.pos += end + 1
		}
		if p.take('>') {
			return t, nil
		}
		if err := p.need(','); err != nil {
			return Type{}, err
		}
	}
}

// fieldName reads up to the colon; backticks protect anything.
func (p *typeParser) fieldName() (string, error) {
	if p.take('`') {
		return p.quoted('`')
	}
	end := strings.IndexAny(p.text[p.pos:], ",:<>")
	if end <= 0 {
		return "", fmt.Errorf("a field's name is missing at character %d", p.pos+1)
	}
	name := strings.TrimSpace(p.text[p.pos : p.pos+end])
	p.pos += end
	if name == "" {
		return "", fmt.Errorf("a field's name is missing at character %d", p.pos+1)
	}
	return name, nil
}

// quoted reads to the closing mark, which doubled stands for itself.
func (p *typeParser) quoted(mark byte) (string, error) {
	var b strings.Builder
	for p.pos < len(p.text) {
		c := p.text[p.pos]
		p.pos++
		if c == mark {
			if p.pos < len(p.text) && p.text[p.pos] == mark {
				p.pos++
			} else {
				return b.String(), nil
			}
		}
		b.WriteByte(c)
	}
	return "", fmt.Errorf("a quoted name does not end")
}

func (p *typeParser) duckdb(depth int) (Type, error) {
	if depth > deepest {
		return Type{}, fmt.Errorf("nested too deeply")
	}
	t, err := p.duckdbBase(depth)
	for err == nil && p.take('[') {
		p.word() // a fixed length
		err = p.need(']')
		elem := t
		t = Type{Kind: Array, Elem: &elem}
	}
	return t, err
}

func (p *typeParser) duckdbBase(depth int) (Type, error) {
	if p.take('"') { // "NULL"
		if _, err := p.quoted('"'); err != nil {
			return Type{}, err
		}
		return Type{Kind: String}, nil
	}
	word := strings.ToUpper(p.word())
	switch word {
	case "BOOLEAN", "TINYINT", "SMALLINT", "BIGINT", "FLOAT", "DOUBLE", "DATE", "INTERVAL", "UUID":
		return Type{Kind: Kind(strings.ToLower(word))}, nil
	case "INTEGER":
		return Type{Kind: Int}, nil
	case "UTINYINT":
		return Type{Kind: SmallInt}, nil
	case "USMALLINT":
		return Type{Kind: Int}, nil
	case "UINTEGER":
		return Type{Kind: BigInt}, nil
	case "UBIGINT":
		return Type{Kind: Decimal, Precision: 20}, nil
	case "HUGEINT", "UHUGEINT":
		return Type{Kind: Decimal, Precision: 38}, nil
	case "VARCHAR", "JSON", "BIT", "NULL", "BIGNUM":
		return Type{Kind: String}, nil
	case "BLOB":
		return Type{Kind: Binary}, nil
	case "TIMESTAMP", "TIME":
		if rest := strings.ToUpper(p.text[p.pos:]); strings.HasPrefix(rest, " WITH TIME ZONE") {
			p.pos += len(" WITH TIME ZONE")
			word += "TZ"
		}
		return Type{Kind: Kind(strings.ToLower(strings.TrimSuffix(word, "TZ")) + map[bool]string{true: "tz"}[word == "TIMESTAMPTZ"])}, nil
	case "TIMESTAMPTZ":
		return Type{Kind: TimestampTZ}, nil
	case "TIMETZ":
		return Type{Kind: Time}, nil
	case "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS":
		return Type{Kind: Timestamp}, nil
	case "DECIMAL":
		n, err := p.numbers()
		if err != nil {
			return Type{}, err
		}
		return decimal(n, 18, 3)
	case "ENUM":
		return Type{Kind: String}, p.skipParens()
	case "MAP":
		if err := p.need('('); err != nil {
			return Type{}, err
		}
		key, err := p.duckdb(depth + 1)
		if err != nil {
			return Type{}, err
		}
		if err := p.need(','); err != nil {
			return Type{}, err
		}
		elem, err := p.duckdb(depth + 1)
		if err != nil {
			return Type{}, err
		}
		return Type{Kind: MapOf, Key: &key, Elem: &elem}, p.need(')')
	case "STRUCT":
		if err := p.need('('); err != nil {
			return Type{}, err
		}
		t := Type{Kind: Struct}
		for {
			name := ""
			if p.take('"') {
				var err error
				if name, err = p.quoted('"'); err != nil {
					return Type{}, err
				}
			} else if name = p.word(); name == "" {
				return Type{}, fmt.Errorf("a field's name is missing at character %d", p.pos+1)
			}
			f, err := p.duckdb(depth + 1)
			if err != nil {
				return Type{}, err
			}
			t.Fields = append(t.Fields, Field{name, f})
			if p.take(')') {
				return t, nil
			}
			if err := p.need(','); err != nil {
				return Type{}, err
			}
		}
	}
	return Type{}, fmt.Errorf("%q can't be stored in a table", word)
}

// skipParens passes over (...) with strings in it.
func (p *typeParser) skipParens() error {
	if err := p.need('('); err != nil {
		return err
	}
	for depth := 1; p.pos < len(p.text); {
		c := p.text[p.pos]
		p.pos++
		switch c {
		case '\'':
			if _, err := p.quoted('\''); err != nil {
				return err
			}
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return nil
			}
		}
	}
	return fmt.Errorf("a bracket does not close")
}
