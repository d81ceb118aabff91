package warehouse

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/wire"
)

// typeOf is the type of an OID that a client declares for a parameter.
func typeOf(oid uint32) sql.Type {
	switch oid {
	case wire.OIDBool:
		return sql.Bool
	case wire.OIDInt2:
		return sql.Int2
	case wire.OIDInt4:
		return sql.Int4
	case wire.OIDInt8, wire.OIDOid:
		return sql.Int8
	case wire.OIDFloat4:
		return sql.Float4
	case wire.OIDFloat8:
		return sql.Float8
	case wire.OIDNumeric:
		return sql.Decimal(38, 18)
	case wire.OIDVarchar, wire.OIDText, wire.OIDChar, wire.OIDName:
		return sql.Varchar(sql.MaxVarchar)
	case wire.OIDDate:
		return sql.Date
	case wire.OIDTime:
		return sql.Time
	case wire.OIDTimeTZ:
		return sql.TimeTZ
	case wire.OIDTimestamp:
		return sql.Timestamp
	case wire.OIDTimestampTZ:
		return sql.TimestampTZ
	case wire.OIDInterval:
		return sql.IntervalT
	case wire.OIDSuper:
		return sql.Super
	}
	return sql.Unknown
}

// declared are the types that the client gave its arguments.
func (a *arguments) declared() []sql.Type {
	if a == nil {
		return nil
	}
	return a.types
}

// blanks says whether an argument ends in blanks, as far as is known.
func (a *arguments) blanks() bool {
	if a == nil {
		return false
	}
	if len(a.values) < len(a.types) {
		return true
	}
	return slices.ContainsFunc(a.values, func(v any) bool {
		s, ok := v.(string)
		return ok && strings.HasSuffix(s, " ")
	})
}

// bind gives the engine values of the parameters' types.
func (a *arguments) bind(params []sql.Type) ([]any, error) {
	if len(params) == 0 {
		return nil, nil
	}
	if a == nil || len(a.values) < len(params) {
		return nil, fail("42P02", "there is no parameter $%d", len(params))
	}
	out := make([]any, len(params))
	for i, t := range params {
		v, err := bindValue(a.values[i], t)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

func bindValue(v any, t sql.Type) (any, error) {
	switch v := v.(type) {
	case wire.Numeric:
		return bindText(v.String(), t)
	case wire.TimeOfDay:
		return v.String(), nil
	case wire.Interval:
		return v.String(), nil
	case time.Time:
		if t.Kind == sql.KDate {
			return v.Format(time.DateOnly), nil
		}
		return v, nil
	case string:
		return bindText(v, t)
	}
	return v, nil
}

// bindText reads an argument that came as text.
func bindText(text string, t sql.Type) (any, error) {
	trimmed := strings.TrimSpace(text)
	invalid := fail("22P02", "invalid input syntax for %s: %q", t.BaseName(), text)
	switch t.Kind {
	case sql.KInt2, sql.KInt4, sql.KInt8, sql.KOID:
		bits := map[sql.Kind]int{sql.KInt2: 16, sql.KInt4: 32}[t.Kind]
		if bits == 0 {
			bits = 64
		}
		n, err := strconv.ParseInt(trimmed, 10, bits)
		if err != nil {
			if _, ok := new(big.Int).SetString(trimmed, 10); ok {
				return nil, fail("22003", "value %q is out of range for type %s", trimmed, t.BaseName())
			}
			return nil, invalid
		}
		switch bits {
		case 16:
			return int16(n), nil
		case 32:
			return int32(n), nil
		}
		return n, nil
	case sql.KFloat4, sql.KFloat8:
		f, err := strconv.ParseFloat(trimmed, 64)
		if err != nil {
			return nil, invalid
		}
		return f, nil
	case sql.KBool:
		b, ok := boolean(trimmed)
		if !ok {
			return nil, invalid
		}
		return b, nil
	}
	return text, nil
}
