package wire

import (
	"encoding/binary"
	"math"
	"math/big"
	"time"
)

// appendBinary appends a value's binary form; types without one are text in either format.
func appendBinary(dst []byte, c Column, v any, f Format) ([]byte, error) {
	be := binary.BigEndian
	switch v := v.(type) {
	case bool:
		if v {
			return append(dst, 1), nil
		}
		return append(dst, 0), nil
	case int16:
		return appendInt(dst, c.OID, int64(v), 2), nil
	case int32:
		return appendInt(dst, c.OID, int64(v), 4), nil
	case uint32:
		return be.AppendUint32(dst, v), nil
	case int64:
		return appendInt(dst, c.OID, v, 8), nil
	case float32:
		if c.OID == OIDFloat8 {
			return be.AppendUint64(dst, math.Float64bits(float64(v))), nil
		}
		return be.AppendUint32(dst, math.Float32bits(v)), nil
	case float64:
		if c.OID == OIDFloat4 {
			return be.AppendUint32(dst, math.Float32bits(float32(v))), nil
		}
		return be.AppendUint64(dst, math.Float64bits(v)), nil
	case Numeric:
		return appendNumeric(dst, v), nil
	case time.Time:
		if c.OID == OIDDate {
			return be.AppendUint32(dst, uint32(int32(floorDiv(v.Unix()-epoch.Unix(), 86400)))), nil
		}
		return be.AppendUint64(dst, uint64(v.UnixMicro()-epoch.UnixMicro())), nil
	case TimeOfDay:
		dst = be.AppendUint64(dst, uint64(v.Micros))
		if c.OID == OIDTimeTZ {
			dst = be.AppendUint32(dst, uint32(int32(-v.East)))
		}
		return dst, nil
	case Interval:
		switch c.OID {
		case OIDIntervalY2M:
			return be.AppendUint32(dst, uint32(v.Months)), nil
		case OIDIntervalD2S:
			return be.AppendUint64(dst, uint64(v.Micros+int64(v.Days)*86400e6)), nil
		}
		dst = be.AppendUint64(dst, uint64(v.Micros+int64(v.Days)*86400e6))
		return be.AppendUint32(dst, uint32(v.Months)), nil
	}
	return appendText(dst, c, v, f)
}

// appendInt writes an integer in its column's width, which may be wider than the value's type.
func appendInt(dst []byte, oid uint32, v int64, width int) []byte {
	if n := typeLen(oid); n == 2 || n == 4 || n == 8 {
		width = int(n)
	}
	switch width {
	case 2:
		return binary.BigEndian.AppendUint16(dst, uint16(v))
	case 4:
		return binary.BigEndian.AppendUint32(dst, uint32(v))
	}
	return binary.BigEndian.AppendUint64(dst, uint64(v))
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// appendNumeric writes PostgreSQL's numeric: groups of four decimal digits.
func appendNumeric(dst []byte, n Numeric) []byte {
	be := binary.BigEndian
	scale := max(n.Scale, 0)
	v := new(big.Int).Abs(n.Unscaled)
	if n.Scale < 0 {
		v.Mul(v, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(-n.Scale)), nil))
	}
	// The fraction must fill whole groups.
	pad := (4 - scale%4) % 4
	v.Mul(v, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(pad)), nil))
	fraction := (scale + pad) / 4
	var groups []uint16 // least first
	base, rest := big.NewInt(10000), new(big.Int)
	for v.Sign() > 0 {
		v.DivMod(v, base, rest)
		groups = append(groups, uint16(rest.Uint64()))
	}
	weight := len(groups) - 1 - fraction
	for len(groups) > 0 && groups[0] == 0 {
		groups = groups[1:]
	}
	if len(groups) == 0 {
		weight = 0
	}
	sign := uint16(0)
	if n.Unscaled.Sign() < 0 {
		sign = 0x4000
	}
	dst = be.AppendUint16(dst, uint16(len(groups)))
	dst = be.AppendUint16(dst, uint16(int16(weight)))
	dst = be.AppendUint16(dst, sign)
	dst = be.AppendUint16(dst, uint16(scale))
	for i := len(groups) - 1; i >= 0; i-- {
		dst = be.AppendUint16(dst, groups[i])
	}
	return dst
}

// decodeArg reads a parameter of the client. Text stays text: its meaning is the statement's to
// decide.
func decodeArg(oid uint32, format int16, b []byte) (any, error) {
	if b == nil {
		return nil, nil
	}
	if format == 0 {
		return string(b), nil
	}
	be := binary.BigEndian
	bad := Errorf("22P03", "incorrect binary data format for a parameter of type %d", oid)
	width := int(typeLen(oid))
	switch oid {
	case OIDBool, OIDInt2, OIDInt4, OIDInt8, OIDOid, OIDFloat4, OIDFloat8, OIDDate, OIDTime, OIDTimestamp, OIDTimestampTZ, OIDTimeTZ:
		if len(b) != width {
			return nil, bad
		}
	}
	switch oid {
	case OIDBool:
		return b[0] != 0, nil
	case OIDInt2:
		return int16(be.Uint16(b)), nil
	case OIDInt4:
		return int32(be.Uint32(b)), nil
	case OIDInt8:
		return int64(be.Uint64(b)), nil
	case OIDOid:
		return int64(be.Uint32(b)), nil
	case OIDFloat4:
		return math.Float32frombits(be.Uint32(b)), nil
	case OIDFloat8:
		return math.Float64frombits(be.Uint64(b)), nil
	case OIDDate:
		return epoch.AddDate(0, 0, int(int32(be.Uint32(b)))), nil
	case OIDTime:
		return TimeOfDay{Micros: int64(be.Uint64(b))}, nil
	case OIDTimeTZ:
		return TimeOfDay{Micros: int64(be.Uint64(b)), East: -int(int32(be.Uint32(b[8:])))}, nil
	case OIDTimestamp, OIDTimestampTZ:
		return time.UnixMicro(int64(be.Uint64(b)) + epoch.UnixMicro()).UTC(), nil
	case OIDNumeric:
		return decodeNumeric(b)
	case OIDText, OIDVarchar, OIDChar, OIDName, OIDUnknown, OIDSuper, 0:
		return string(b), nil
	case 17: // bytea, which drivers declare for bytes
		return append([]byte(nil), b...), nil
	}
	return nil, Errorf("0A000", "a binary parameter of type %d is not supported", oid)
}

func decodeNumeric(b []byte) (any, error) {
	bad := Errorf("22P03", "incorrect binary data format for a parameter of type numeric")
	be := binary.BigEndian
	if len(b) < 8 {
		return nil, bad
	}
	count, weight, sign, scale := int(be.Uint16(b)), int(int16(be.Uint16(b[2:]))), be.Uint16(b[4:]), int(be.Uint16(b[6:]))
	if len(b) != 8+2*count || sign != 0 && sign != 0x4000 || scale > 1000 || weight > 1000 || weight < -1000 {
		return nil, bad
	}
	v, base := new(big.Int), big.NewInt(10000)
	for i := range count {
		v.Mul(v, base).Add(v, big.NewInt(int64(be.Uint16(b[8+2*i:]))))
	}
	// v has 4*(count-1-weight) decimal places; bring it to the scale.
	shift := scale - 4*(count-1-weight)
	pow := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(shift, -shift))), nil)
	if shift >= 0 {
		v.Mul(v, pow)
	} else {
		v.Quo(v, pow)
	}
	if sign == 0x4000 {
		v.Neg(v)
	}
	return Numeric{Unscaled: v, Scale: scale}, nil
}

// String writes the time as HH:MM:SS.
func (t TimeOfDay) String() string { return string(appendClock(nil, t.Micros)) }

// String writes the interval as PostgreSQL does.
func (v Interval) String() string { return string(appendInterval(nil, v)) }
