package warehouse

import (
	"database/sql/driver"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tarn/internal/engine"
	"tarn/internal/redshift/sql"
)

// conversion is how COPY turns text into values.
type conversion struct {
	null        string
	emptyNull   bool // EMPTYASNULL
	blankNull   bool // BLANKSASNULL
	trimBlanks  bool
	truncate    bool // TRUNCATECOLUMNS
	roundDec    bool
	anyDate     bool
	dateFormat  string
	timeFormat  string
	now         time.Time
	explicitIDs bool
}

// typeWord is a type's name in stl_load_errors.
func typeWord(t sql.Type) string {
	switch t.Kind {
	case sql.KInt2:
		return "int2"
	case sql.KInt4:
		return "int4"
	case sql.KInt8:
		return "int8"
	case sql.KChar:
		return "char"
	case sql.KVarbyte:
		return "varbyte"
	case sql.KTimestampTZ:
		return "timestamptz"
	}
	return t.TypeName()
}

// value converts a field; the error names the code and reason of stl_load_errors.
func (c *conversion) value(f field, t sql.Type) (driver.Value, *rowError) {
	if f.null {
		return nil, nil
	}
	text := f.text
	if text == c.null && !(f.quoted && text == "") {
		return nil, nil
	}
	if t.IsText() {
		return c.text(text, t)
	}
	trimmed := strings.TrimSpace(text)
	if trimmed == "" {
		return nil, nil
	}
	invalid := func(code int, format string, args ...any) (driver.Value, *rowError) {
		return nil, &rowError{code: code, reason: fmt.Sprintf(format, args...), value: text}
	}
	switch t.Kind {
	case sql.KInt2, sql.KInt4, sql.KInt8:
		word, bits := "Integer", 32
		switch t.Kind {
		case sql.KInt2:
			word, bits = "Short", 16
		case sql.KInt8:
			word, bits = "Long", 64
		}
		n, err := strconv.ParseInt(strings.TrimPrefix(trimmed, "+"), 10, bits)
		if errors.Is(err, strconv.ErrRange) {
			return invalid(1222, "Overflow, (Integer valid range) Value '%s', Type: %s", clip(trimmed, 40), word)
		}
		if err != nil {
			pos, bad := badDigit(trimmed)
			return invalid(1207, "Invalid digit, Value '%s', Pos %d, Type: %s", bad, pos, word)
		}
		switch bits {
		case 16:
			return int16(n), nil
		case 32:
			return int32(n), nil
		}
		return n, nil
	case sql.KDecimal:
		return c.decimal(trimmed, t)
	case sql.KFloat4, sql.KFloat8:
		bits := 64
		if t.Kind == sql.KFloat4 {
			bits = 32
		}
		v, err := strconv.ParseFloat(trimmed, bits)
		if err != nil {
			return invalid(1208, "Invalid float format or data, Value '%s'", clip(trimmed, 40))
		}
		if bits == 32 {
			return float32(v), nil
		}
		return v, nil
	case sql.KBool:
		switch strings.ToLower(trimmed) {
		case "1", "t", "true", "y", "yes":
			return true, nil
		case "0", "f", "false", "n", "no":
			return false, nil
		}
		return invalid(1210, "Unknown boolean format, Value '%s'", clip(trimmed, 40))
	case sql.KDate:
		v, err := c.date(trimmed)
		if err != nil {
			if c.anyDate {
				return nil, nil
			}
			return invalid(1205, "Invalid Date Format - length must be 10 or more, Value '%s'", clip(trimmed, 40))
		}
		return v, nil
	case sql.KTimestamp, sql.KTimestampTZ:
		v, err := c.timestamp(trimmed, t.Kind == sql.KTimestampTZ)
		if err != nil {
			if c.anyDate {
				return nil, nil
			}
			return invalid(1206, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS], Value '%s'", clip(trimmed, 40))
		}
		return v, nil
	case sql.KTime, sql.KTimeTZ:
		for _, layout := range []string{"15:04:05.999999", "15:04", "15:04:05.999999Z07", "15:04:05.999999Z07:00"} {
			if v, err := time.Parse(layout, trimmed); err == nil {
				return v, nil
			}
		}
		return invalid(1206, "Invalid time format or value, Value '%s'", clip(trimmed, 40))
	case sql.KSuper:
		if !json.Valid([]byte(text)) {
			return invalid(1224, "Invalid JSON for a SUPER column")
		}
		return text, nil
	case sql.KVarbyte:
		b, err := hex.DecodeString(trimmed)
		if err != nil {
			return invalid(1219, "Invalid hexadecimal digits for a VARBYTE column")
		}
		if len(b) > t.Len {
			return invalid(1204, "Length exceeds DDL length")
		}
		return b, nil
	}
	return invalid(1223, "COPY can't read type %s from text", t.String())
}

func (c *conversion) text(text string, t sql.Type) (driver.Value, *rowError) {
	if text == "" && c.emptyNull {
		return nil, nil
	}
	if c.blankNull && text != "" && strings.TrimSpace(text) == "" {
		return nil, nil
	}
	if c.trimBlanks && t.Kind == sql.KVarchar || t.Kind == sql.KChar {
		text = strings.TrimRight(text, " ")
	}
	if t.Kind == sql.KChar {
		for i := range len(text) {
			if text[i] >= utf8.RuneSelf {
				return nil, &rowError{code: 1220, reason: "Multibyte character not supported for CHAR (Hint: try using VARCHAR). Invalid char: " + clip(text[i:], 8), value: text}
			}
		}
	}
	if len(text) > t.Len {
		if !c.truncate {
			return nil, &rowError{code: 1204, reason: "String length exceeds DDL length", value: text}
		}
		cut := t.Len
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut]
	}
	return text, nil
}

// badDigit finds the first character that is not a digit.
func badDigit(s string) (int, string) {
	for i, r := range s {
		if (r < '0' || r > '9') && !(i == 0 && (r == '-' || r == '+')) {
			return i, string(r)
		}
	}
	return 0, clip(s, 1)
}

// decimal reads an exact number, cutting digits beyond the scale, or rounding where asked to.
func (c *conversion) decimal(text string, t sql.Type) (driver.Value, *rowError) {
	r, ok := new(big.Rat).SetString(text)
	if !ok || strings.ContainsAny(text, "/_xXpP") || len(text) > 400 {
		return nil, &rowError{code: 1209, reason: fmt.Sprintf("Invalid numeric format or data, Value '%s'", clip(text, 40)), value: text}
	}
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(t.Scale)), nil)
	num := new(big.Int).Mul(r.Num(), scale)
	rest := new(big.Int)
	num.QuoRem(num, r.Denom(), rest)
	if c.roundDec && rest.Abs(rest).Lsh(rest, 1).Cmp(r.Denom()) >= 0 {
		num.Add(num, big.NewInt(int64(r.Sign())))
	}
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(t.Prec)), nil)
	if new(big.Int).Abs(num).Cmp(limit) >= 0 {
		return nil, &rowError{code: 1209, reason: fmt.Sprintf("Numeric value out of range, Value '%s'", clip(text, 40)), value: text}
	}
	return engine.Decimal{Width: uint8(t.Prec), Scale: uint8(t.Scale), Value: num}, nil
}

func (c *conversion) date(text string) (time.Time, error) {
	if len(text) == 10 && c.dateFormat == "" {
		if v, err := time.Parse(time.DateOnly, text); err == nil {
			return v, nil
		}
	}
	switch {
	case c.dateFormat == "":
		// The default format; what follows the day is dropped.
		if len(text) > 10 {
			return time.Parse(time.DateOnly, text[:10])
		}
		return time.Parse(time.DateOnly, text)
	case strings.EqualFold(c.dateFormat, "auto"):
		iso, err := sql.ParseDate(text, c.now)
		if err != nil {
			return time.Time{}, err
		}
		return time.Parse(time.DateOnly, iso)
	}
	v, err := sql.ParseFormatted(text, c.dateFormat, true)
	return v.Truncate(24 * time.Hour), err
}

func (c *conversion) timestamp(text string, zoned bool) (time.Time, error) {
	if c.timeFormat == "" || strings.EqualFold(c.timeFormat, "auto") {
		if v, ok := isoTimestamp(text); ok {
			return v, nil
		}
	}
	switch strings.ToLower(c.timeFormat) {
	case "":
		for _, layout := range []string{"2006-01-02 15:04:05.999999", "2006-01-02 15:04:05.999999Z07", "2006-01-02 15:04:05.999999Z07:00", "2006-01-02T15:04:05.999999Z07:00",
			"2006-01-02T15:04:05.999999", "2006-01-02 15:04", time.DateOnly} {
			if v, err := time.Parse(layout, text); err == nil {
				return civil(v, zoned), nil
			}
		}
		return time.Time{}, fmt.Errorf("no timestamp: %q", text)
	case "auto":
		if zoned {
			iso, _, err := sql.ParseTimestampTZ(text, c.now)
			if err != nil {
				return time.Time{}, err
			}
			return time.Parse("2006-01-02 15:04:05.999999", iso)
		}
		iso, err := sql.ParseTimestamp(text, c.now)
		if err != nil {
			return time.Time{}, err
		}
		return time.Parse("2006-01-02 15:04:05.999999", iso)
	case "epochsecs":
		f, err := strconv.ParseFloat(text, 64)
		return time.UnixMicro(int64(f * 1e6)).UTC(), err
	case "epochmillisecs":
		n, err := strconv.ParseFloat(text, 64)
		return time.UnixMicro(int64(n * 1e3)).UTC(), err
	}
	v, err := sql.ParseFormatted(text, c.timeFormat, true)
	return civil(v, zoned), err
}

// isoTimestamp reads the form that most files have, 2013-01-01 05:00:00 with T or a blank between,
// and Z or nothing at its end.
func isoTimestamp(s string) (time.Time, bool) {
	s = strings.TrimSuffix(s, "Z")
	if len(s) != 19 || s[4] != '-' || s[7] != '-' || s[10] != ' ' && s[10] != 'T' || s[13] != ':' || s[16] != ':' {
		return time.Time{}, false
	}
	two := func(at int) int {
		a, b := s[at]-'0', s[at+1]-'0'
		if a > 9 || b > 9 {
			return -1
		}
		return int(a)*10 + int(b)
	}
	century, year, month, day, hour, minute, second := two(0), two(2), two(5), two(8), two(11), two(14), two(17)
	if century < 0 || year < 0 || month < 1 || month > 12 || day < 1 || day > 28 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return time.Time{}, false // days that not every month has are left to the full parser
	}
	return time.Date(century*100+year, time.Month(month), day, hour, minute, second, 0, time.UTC), true
}

// civil keeps the clock's reading of a time without a zone, and the instant of one with a zone.
func civil(t time.Time, zoned bool) time.Time {
	if zoned {
		return t.UTC()
	}
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}
