package wire

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// Text writes a value as clients get it in text.
func Text(c Column, v any, f Format) (string, error) {
	b, err := appendText(nil, c, v, f)
	return string(b), err
}

// appendText appends a value's text. The value's Go type decides, and the column's type where one
// Go type serves several.
func appendText(dst []byte, c Column, v any, f Format) ([]byte, error) {
	switch v := v.(type) {
	case string:
		dst = append(dst, v...)
		if c.OID == OIDChar { // char(n) is blank-padded on the wire
			for n := int(c.TypMod) - 4 - len(v); n > 0; n-- {
				dst = append(dst, ' ')
			}
		}
		return dst, nil
	case []byte:
		return hex.AppendEncode(dst, v), nil
	case bool:
		if v {
			return append(dst, 't'), nil
		}
		return append(dst, 'f'), nil
	case int16:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int32:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case uint32:
		return strconv.AppendUint(dst, uint64(v), 10), nil
	case float32:
		return appendFloat(dst, float64(v), 6+f.ExtraFloatDigits, 32), nil
	case float64:
		return appendFloat(dst, v, 15+f.ExtraFloatDigits, 64), nil
	case Numeric:
		return append(dst, v.String()...), nil
	case time.Time:
		return appendTime(dst, c.OID, v, f), nil
	case TimeOfDay:
		dst = appendClock(dst, v.Micros)
		if c.OID == OIDTimeTZ {
			dst = appendOffset(dst, v.East)
		}
		return dst, nil
	case Interval:
		if c.OID == OIDIntervalY2M {
			return appendYears(dst, v.Months), nil
		}
		return appendInterval(dst, v), nil
	case []any:
		return appendArray(dst, v, f)
	}
	return nil, fmt.Errorf("a value of Go type %T can't be written", v)
}

func appendFloat(dst []byte, v float64, digits, bits int) []byte {
	switch {
	case math.IsNaN(v):
		return append(dst, "NaN"...)
	case math.IsInf(v, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(v, -1):
		return append(dst, "-Infinity"...)
	}
	// As C's %g does, so no zeros follow the digits.
	return strconv.AppendFloat(dst, v, 'g', max(digits, 1), bits)
}

// String writes all digits of the scale.
func (n Numeric) String() string {
	if n.Scale <= 0 {
		if n.Scale == 0 {
			return n.Unscaled.String()
		}
		return n.Unscaled.String() + strings.Repeat("0", -n.Scale)
	}
	digits := new(big.Int).Abs(n.Unscaled).String()
	if len(digits) <= n.Scale {
		digits = strings.Repeat("0", n.Scale-len(digits)+1) + digits
	}
	sign := ""
	if n.Unscaled.Sign() < 0 {
		sign = "-"
	}
	cut := len(digits) - n.Scale
	return sign + digits[:cut] + "." + digits[cut:]
}

func appendTime(dst []byte, oid uint32, t time.Time, f Format) []byte {
	if oid == OIDTimestampTZ && f.Location != nil {
		t = t.In(f.Location)
	} else {
		t = t.UTC()
	}
	year, era := t.Year(), ""
	if year <= 0 {
		year, era = 1-year, " BC"
	}
	dst = fmt.Appendf(dst, "%04d-%02d-%02d", year, t.Month(), t.Day())
	if oid != OIDDate {
		dst = append(dst, ' ')
		micros := int64(t.Hour())*3600e6 + int64(t.Minute())*60e6 + int64(t.Second())*1e6 + int64(t.Nanosecond())/1000
		dst = appendClock(dst, micros)
		if oid == OIDTimestampTZ {
			_, east := t.Zone()
			dst = appendOffset(dst, east)
		}
	}
	return append(dst, era...)
}

func appendClock(dst []byte, micros int64) []byte {
	s := micros / 1e6
	dst = fmt.Appendf(dst, "%02d:%02d:%02d", s/3600, s/60%60, s%60)
	return appendFraction(dst, micros%1e6)
}

func appendFraction(dst []byte, micros int64) []byte {
	if micros == 0 {
		return dst
	}
	return append(dst, strings.TrimRight(fmt.Sprintf(".%06d", micros), "0")...)
}

func appendOffset(dst []byte, east int) []byte {
	sign := byte('+')
	if east < 0 {
		sign, east = '-', -east
	}
	dst = fmt.Appendf(append(dst, sign), "%02d", east/3600)
	if east%3600 != 0 {
		dst = fmt.Appendf(dst, ":%02d", east/60%60)
	}
	return dst
}

func appendYears(dst []byte, months int32) []byte {
	m := int64(months)
	if m < 0 {
		dst, m = append(dst, '-'), -m
	}
	return fmt.Appendf(dst, "%d-%d", m/12, m%12)
}

// appendInterval writes PostgreSQL's style: 1 year 2 mons 3 days 04:05:06.
func appendInterval(dst []byte, v Interval) []byte {
	start := len(dst)
	part := func(n int64, unit string) {
		if n == 0 {
			return
		}
		if len(dst) > start {
			dst = append(dst, ' ')
		}
		dst = strconv.AppendInt(dst, n, 10)
		dst = append(append(dst, ' '), unit...)
		if n != 1 && n != -1 {
			dst = append(dst, 's')
		}
	}
	part(int64(v.Months/12), "year")
	part(int64(v.Months%12), "mon")
	part(int64(v.Days), "day")
	if v.Micros == 0 && len(dst) > start {
		return dst
	}
	if len(dst) > start {
		dst = append(dst, ' ')
	}
	micros := v.Micros
	if micros < 0 {
		dst, micros = append(dst, '-'), -micros
	}
	return appendClock(dst, micros)
}

// appendArray writes {a,b}, which only catalog columns have.
func appendArray(dst []byte, values []any, f Format) ([]byte, error) {
	dst = append(dst, '{')
	for i, v := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		if v == nil {
			dst = append(dst, "NULL"...)
			continue
		}
		at := len(dst)
		var err error
		if dst, err = appendText(dst, Column{}, v, f); err != nil {
			return nil, err
		}
		s := string(dst[at:])
		if s == "" || strings.EqualFold(s, "null") || strings.ContainsAny(s, `{}," \`) {
			s = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)
			dst = append(append(append(dst[:at], '"'), s...), '"')
		}
	}
	return append(dst, '}'), nil
}
