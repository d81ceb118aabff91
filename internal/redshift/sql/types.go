package sql

import (
	"fmt"
	"strconv"
	"strings"
)

// Kind is a family of types.
type Kind uint8

const (
	KUnknown Kind = iota // an untyped literal, parameter or NULL: takes the other side's type
	KBool
	KInt2
	KInt4
	KInt8
	KDecimal
	KFloat4
	KFloat8
	KChar
	KVarchar
	KDate
	KTime
	KTimeTZ
	KTimestamp
	KTimestampTZ
	KInterval   // the old type, result of subtracting timestamps
	KIntervalYM // YEAR TO MONTH
	KIntervalDS // DAY TO SECOND
	KSuper
	KVarbyte
	KHLL
	KGeometry
	KGeography
	// Types of catalog columns alone.
	KName
	KText
	KOID
	KRegclass
	KRegproc
	KRegtype
	KInternalChar // "char"
	KXid
	KACLItem
	KInt2Vector
	KOIDVector
	KArray // of Elem
	KRecord
	KVoid
)

// Type is a Redshift type. It is comparable; two equal Types are the same type.
type Type struct {
	Kind  Kind
	Len   int // bytes of char, varchar and varbyte
	Prec  int // digits of decimal; fraction digits of an interval's seconds
	Scale int
	Elem  Kind // of arrays
}

// The types without modifiers, and the usual ones with.
var (
	Unknown     = Type{Kind: KUnknown}
	Bool        = Type{Kind: KBool}
	Int2        = Type{Kind: KInt2}
	Int4        = Type{Kind: KInt4}
	Int8        = Type{Kind: KInt8}
	Float4      = Type{Kind: KFloat4}
	Float8      = Type{Kind: KFloat8}
	Date        = Type{Kind: KDate}
	Time        = Type{Kind: KTime}
	TimeTZ      = Type{Kind: KTimeTZ}
	Timestamp   = Type{Kind: KTimestamp}
	TimestampTZ = Type{Kind: KTimestampTZ}
	IntervalT   = Type{Kind: KInterval}
	Super       = Type{Kind: KSuper}
	NameT       = Type{Kind: KName, Len: 128}
	TextT       = Type{Kind: KText, Len: MaxVarchar}
	OIDT        = Type{Kind: KOID}
	Void        = Type{Kind: KVoid}
)

// MaxVarchar is the longest VARCHAR in bytes, and what VARCHAR(MAX) means.
const MaxVarchar = 65535

// MaxChar is the longest CHAR.
const MaxChar = 4096

func Varchar(n int) Type         { return Type{Kind: KVarchar, Len: n} }
func Char(n int) Type            { return Type{Kind: KChar, Len: n} }
func Decimal(p, s int) Type      { return Type{Kind: KDecimal, Prec: p, Scale: s} }
func Varbyte(n int) Type         { return Type{Kind: KVarbyte, Len: n} }
func ArrayOf(elem Kind) Type     { return Type{Kind: KArray, Elem: elem} }
func (t Type) IsInteger() bool   { return t.Kind == KInt2 || t.Kind == KInt4 || t.Kind == KInt8 }
func (t Type) IsFloat() bool     { return t.Kind == KFloat4 || t.Kind == KFloat8 }
func (t Type) IsNumber() bool    { return t.IsInteger() || t.Kind == KDecimal || t.IsFloat() }
func (t Type) IsInterval() bool  { return t.Kind >= KInterval && t.Kind <= KIntervalDS }
func (t Type) isOIDLike() bool   { return t.Kind >= KOID && t.Kind <= KRegtype || t.Kind == KXid }
func (t Type) isTimestamp() bool { return t.Kind == KTimestamp || t.Kind == KTimestampTZ }

// IsText says whether values of the type are character strings.
func (t Type) IsText() bool {
	switch t.Kind {
	case KChar, KVarchar, KName, KText, KInternalChar, KACLItem:
		return true
	}
	return false
}

// OID is the type's number in RowDescription and pg_type.
func (t Type) OID() uint32 {
	switch t.Kind {
	case KBool:
		return 16
	case KInt2:
		return 21
	case KInt4:
		return 23
	case KInt8:
		return 20
	case KDecimal:
		return 1700
	case KFloat4:
		return 700
	case KFloat8:
		return 701
	case KChar:
		return 1042
	case KVarchar:
		return 1043
	case KDate:
		return 1082
	case KTime:
		return 1083
	case KTimeTZ:
		return 1266
	case KTimestamp:
		return 1114
	case KTimestampTZ:
		return 1184
	case KInterval:
		return 1186
	case KIntervalYM:
		return 1188
	case KIntervalDS:
		return 1190
	case KSuper:
		return 4000
	case KVarbyte:
		return 6551
	case KHLL:
		return 2935
	case KGeometry:
		return 3000
	case KGeography:
		return 3001
	case KName:
		return 19
	case KText:
		return 25
	case KOID:
		return 26
	case KRegclass:
		return 2205
	case KRegproc:
		return 24
	case KRegtype:
		return 2206
	case KInternalChar:
		return 18
	case KXid:
		return 28
	case KACLItem:
		return 1033
	case KInt2Vector:
		return 22
	case KOIDVector:
		return 30
	case KRecord:
		return 2249
	case KVoid:
		return 2278
	case KArray:
		switch t.Elem {
		case KBool:
			return 1000
		case KInt2:
			return 1005
		case KInt4:
			return 1007
		case KInt8:
			return 1016
		case KText:
			return 1009
		case KVarchar:
			return 1015
		case KACLItem:
			return 1034
		case KFloat4:
			return 1021
		case KFloat8:
			return 1022
		case KOID:
			return 1028
		case KName:
			return 1003
		}
		return 1015
	}
	return 705
}

// Typmod is the type's modifier in RowDescription and pg_attribute.
func (t Type) Typmod() int32 {
	switch t.Kind {
	case KChar, KVarchar:
		return int32(t.Len) + 4
	case KVarbyte:
		return int32(t.Len) + 4
	case KDecimal:
		return int32(t.Prec<<16|t.Scale) + 4
	}
	return -1
}

// Size is typlen: the bytes of a fixed-size type, -1 otherwise.
func (t Type) Size() int16 {
	switch t.Kind {
	case KBool, KInternalChar:
		return 1
	case KInt2:
		return 2
	case KInt4, KFloat4, KDate, KOID, KRegclass, KRegproc, KRegtype, KXid, KIntervalYM, KVoid:
		return 4
	case KInt8, KFloat8, KTime, KTimestamp, KTimestampTZ, KIntervalDS:
		return 8
	case KTimeTZ, KInterval, KACLItem:
		return 12
	case KName:
		return 128
	case KUnknown:
		return -2
	}
	return -1
}

var kindNames = map[Kind]string{
	KUnknown: `"unknown"`, KBool: "boolean", KInt2: "smallint", KInt4: "integer", KInt8: "bigint", KDecimal: "numeric",
	KFloat4: "real", KFloat8: "double precision", KChar: "character", KVarchar: "character varying", KDate: "date",
	KTime: "time without time zone", KTimeTZ: "time with time zone", KTimestamp: "timestamp without time zone",
	KTimestampTZ: "timestamp with time zone", KInterval: "interval", KIntervalYM: "intervaly2m", KIntervalDS: "intervald2s",
	KSuper: "super", KVarbyte: "binary varying", KHLL: "hllsketch", KGeometry: "geometry", KGeography: "geography",
	KName: "name", KText: "text", KOID: "oid", KRegclass: "regclass", KRegproc: "regproc", KRegtype: "regtype",
	KInternalChar: `"char"`, KXid: "xid", KACLItem: "aclitem", KInt2Vector: "int2vector", KOIDVector: "oidvector",
	KRecord: "record", KVoid: "void",
}

// BaseName is the type's name without modifiers, as error messages spell it.
func (t Type) BaseName() string {
	if t.Kind == KArray {
		return kindNames[t.Elem] + "[]"
	}
	return kindNames[t.Kind]
}

// String is format_type's name: "character varying(10)", "numeric(12,2)".
func (t Type) String() string {
	switch t.Kind {
	case KChar, KVarchar, KVarbyte:
		if t.Len > 0 {
			return fmt.Sprintf("%s(%d)", kindNames[t.Kind], t.Len)
		}
	case KDecimal:
		return fmt.Sprintf("numeric(%d,%d)", t.Prec, t.Scale)
	}
	return t.BaseName()
}

// TypeName is the short name that drivers and the Data API know: int4, varchar, numeric.
func (t Type) TypeName() string {
	switch t.Kind {
	case KBool:
		return "bool"
	case KInt2:
		return "int2"
	case KInt4:
		return "int4"
	case KInt8:
		return "int8"
	case KFloat4:
		return "float4"
	case KFloat8:
		return "float8"
	case KChar:
		return "bpchar"
	case KVarchar:
		return "varchar"
	case KTime:
		return "time"
	case KTimeTZ:
		return "timetz"
	case KTimestamp:
		return "timestamp"
	case KTimestampTZ:
		return "timestamptz"
	case KVarbyte:
		return "varbyte"
	case KUnknown:
		return "unknown"
	case KInternalChar:
		return "char"
	case KArray:
		return "_" + Type{Kind: t.Elem}.TypeName()
	}
	return kindNames[t.Kind]
}

// DuckDB is the type in which the engine holds values.
func (t Type) DuckDB() string {
	switch t.Kind {
	case KBool:
		return "BOOLEAN"
	case KInt2:
		return "SMALLINT"
	case KInt4:
		return "INTEGER"
	case KInt8:
		return "BIGINT"
	case KDecimal:
		return "DECIMAL(" + strconv.Itoa(t.Prec) + "," + strconv.Itoa(t.Scale) + ")"
	case KFloat4:
		return "REAL"
	case KFloat8:
		return "DOUBLE"
	case KDate:
		return "DATE"
	case KTime:
		return "TIME"
	case KTimeTZ:
		return "TIMETZ"
	case KTimestamp:
		return "TIMESTAMP"
	case KTimestampTZ:
		return "TIMESTAMPTZ"
	case KInterval, KIntervalYM, KIntervalDS:
		return "INTERVAL"
	case KSuper:
		return "JSON"
	case KVarbyte, KHLL, KGeometry, KGeography:
		return "BLOB"
	case KOID, KRegclass, KRegproc, KRegtype, KXid:
		return "BIGINT"
	case KInt2Vector:
		return "SMALLINT[]"
	case KOIDVector:
		return "BIGINT[]"
	case KArray:
		return Type{Kind: t.Elem}.DuckDB() + "[]"
	}
	return "VARCHAR"
}

// typeWords maps every spelling of a type to its kind; modifiers are read in ResolveType.
var typeWords = map[string]Kind{
	"smallint": KInt2, "int2": KInt2, "integer": KInt4, "int": KInt4, "int4": KInt4, "bigint": KInt8, "int8": KInt8,
	"decimal": KDecimal, "numeric": KDecimal, "dec": KDecimal, "real": KFloat4, "float4": KFloat4,
	"double precision": KFloat8, "double": KFloat8, "float8": KFloat8, "float": KFloat8, "boolean": KBool, "bool": KBool,
	"char": KChar, "character": KChar, "nchar": KChar, "bpchar": KChar, "varchar": KVarchar, "character varying": KVarchar,
	"char varying": KVarchar, "nvarchar": KVarchar, "text": KVarchar, "string": KVarchar, "date": KDate, "time": KTime,
	"time without time zone": KTime, "timetz": KTimeTZ, "time with time zone": KTimeTZ, "timestamp": KTimestamp,
	"timestamp without time zone": KTimestamp, "timestamptz": KTimestampTZ, "timestamp with time zone": KTimestampTZ,
	"datetime": KTimestamp, "interval": KInterval, "super": KSuper, "varbyte": KVarbyte, "varbinary": KVarbyte,
	"binary varying": KVarbyte, "binary": KVarbyte, "hllsketch": KHLL, "geometry": KGeometry, "geography": KGeography,
	"name": KName, "oid": KOID, "regclass": KRegclass, "regproc": KRegproc, "regprocedure": KRegproc, "regtype": KRegtype,
	"xid": KXid, "aclitem": KACLItem, "int2vector": KInt2Vector, "oidvector": KOIDVector, `"char"`: KInternalChar,
	"record": KRecord, "void": KVoid, "unknown": KUnknown, "tinyint": KInt2,
}

// ResolveType turns a type as written into a Type, with the limits and defaults of Redshift.
func ResolveType(n TypeName) (Type, error) {
	k, ok := typeWords[n.Name]
	if !ok {
		return Type{}, errAt(n.Pos, CodeUndefinedObject, "type \"%s\" does not exist", n.Name)
	}
	t := Type{Kind: k}
	if n.Array {
		return ArrayOf(k), nil
	}
	arg := func(i, def int) int {
		if i < len(n.Args) {
			return n.Args[i]
		}
		return def
	}
	maxArgs := 0
	switch k {
	case KDecimal:
		maxArgs = 2
		t.Prec, t.Scale = arg(0, 18), arg(1, 0)
		if t.Prec < 1 || t.Prec > 38 {
			return Type{}, errAt(n.Pos, CodeInvalidParameter, "DECIMAL precision %d must be between 1 and 38", t.Prec)
		}
		if t.Scale < 0 || t.Scale > t.Prec || t.Scale > 37 {
			return Type{}, errAt(n.Pos, CodeInvalidParameter, "DECIMAL scale %d must be between 0 and precision %d", t.Scale, t.Prec)
		}
	case KFloat8:
		maxArgs = 1
		if p := arg(0, 53); p < 1 || p > 53 {
			return Type{}, errAt(n.Pos, CodeInvalidParameter, "precision for FLOAT must be between 1 and 53 bits")
		} else if p <= 24 && n.Name == "float" {
			t.Kind = KFloat4
		}
	case KChar:
		maxArgs = 1
		def := 1
		if n.Name == "bpchar" {
			def = 256
		}
		t.Len = arg(0, def)
		if n.Max {
			t.Len = MaxChar
		}
		if t.Len < 1 || t.Len > MaxChar {
			return Type{}, errAt(n.Pos, CodeInvalidParameter, "length for type character cannot exceed %d", MaxChar)
		}
	case KVarchar:
		maxArgs = 1
		t.Len = arg(0, 256)
		if n.Name == "string" && len(n.Args) == 0 || n.Max {
			t.Len = MaxVarchar
		}
		if t.Len < 1 {
			return Type{}, errAt(n.Pos, CodeInvalidParameter, "length for type character varying must be at least 1")
		}
		if t.Len > MaxVarchar {
			return Type{}, errAt(n.Pos, CodeInvalidParameter, "length for type character varying cannot exceed %d", MaxVarchar)
		}
	case KVarbyte:
		maxArgs = 1
		t.Len = arg(0, 64000)
		if n.Max {
			t.Len = 1024000
		}
	case KTime, KTimeTZ, KTimestamp, KTimestampTZ:
		maxArgs = 1 // a precision is read and has no effect
	case KInterval:
		maxArgs = 1
		switch n.Qual {
		case "":
		case "year", "month", "year to month":
			t.Kind = KIntervalYM
		default:
			t.Kind = KIntervalDS
			t.Prec = arg(0, 6)
		}
	case KName:
		t.Len = 128
	}
	if len(n.Args) > maxArgs || n.Max && k != KVarchar && k != KChar && k != KVarbyte {
		return Type{}, errAt(n.Pos, CodeSyntax, "type modifier is not allowed for type \"%s\"", n.Name)
	}
	return t, nil
}

// ParseType reads one type, such as a catalog's "varchar(10)" or "decimal(12,2)".
func ParseType(text string) (Type, error) {
	toks, err := lex(text, Options{})
	if err != nil {
		return Type{}, err
	}
	p := &parser{text: text, toks: toks}
	var t Type
	err = p.guard(func() {
		n := p.typeName()
		if p.tok().kind != tokEOF {
			p.fail()
		}
		var e error
		if t, e = ResolveType(n); e != nil {
			panic(e)
		}
	})
	return t, err
}

func upper(s string) string { return strings.ToUpper(s) }
