package table

import (
	"encoding/binary"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/apache/iceberg-go"
)

// bound encodes a column's least or greatest value, as DuckDB's COPY reports
// it, in Iceberg's single-value form; nil = leave it out, which is always right.
func bound(t iceberg.Type, text string, upper bool) []byte {
	integer := func() (int64, bool) {
		n, err := strconv.ParseInt(text, 10, 64)
		return n, err == nil
	}
	int4 := func(n int64) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(int32(n))) }
	int8 := func(n int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) }
	switch t := t.(type) {
	case iceberg.BooleanType:
		switch text {
		case "true":
			return []byte{1}
		case "false":
			return []byte{0}
		}
	case iceberg.Int32Type:
		if n, ok := integer(); ok && n >= math.MinInt32 && n <= math.MaxInt32 {
			return int4(n)
		}
	case iceberg.Int64Type:
		if n, ok := integer(); ok {
			return int8(n)
		}
	case iceberg.Float32Type:
		if f, err := strconv.ParseFloat(text, 32); err == nil && !math.IsNaN(f) {
			return binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(f)))
		}
	case iceberg.Float64Type:
		if f, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(f) {
			return binary.LittleEndian.AppendUint64(nil, math.Float64bits(f))
		}
	case iceberg.DateType:
		if d, err := time.Parse("2006-01-02", text); err == nil {
			return int4(d.Unix() / 86400)
		}
	case iceberg.TimestampType, iceberg.TimestampTzType:
		for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04:05Z07"} {
			if at, err := time.Parse(layout, text); err == nil {
				return int8(at.UnixMicro())
			}
		}
	case iceberg.DecimalType:
		whole, fraction, _ := strings.Cut(text, ".")
		if len(fraction) > t.Scale() {
			return nil
		}
		fraction += strings.Repeat("0", t.Scale()-len(fraction))
		if n, ok := new(big.Int).SetString(whole+fraction, 10); ok {
			return twosComplement(n)
		}
	case iceberg.StringType:
		return textBound(text, upper)
	}
	return nil
}

// twosComplement is the shortest big-endian form of a number.
func twosComplement(n *big.Int) []byte {
	if n.Sign() >= 0 {
		b := n.Bytes()
		if len(b) == 0 || b[0]&0x80 != 0 {
			b = append([]byte{0}, b...)
		}
		return b
	}
	size := len(n.Bytes())
	power := new(big.Int).Lsh(big.NewInt(1), uint(8*size))
	if half := new(big.Int).Rsh(power, 1); new(big.Int).Neg(n).Cmp(half) > 0 {
		size++
		power.Lsh(power, 8)
	}
	b := new(big.Int).Add(power, n).Bytes()
	for len(b) < size {
		b = append([]byte{0}, b...)
	}
	return b
}

// longestBound is how much of a text the metadata keeps.
const longestBound = 16

// textBound cuts a text to a prefix that still bounds it: an upper bound's
// last character that can be raised is.
func textBound(text string, upper bool) []byte {
	if !utf8.ValidString(text) {
		return nil
	}
	runes := []rune(text)
	if len(runes) <= longestBound {
		return []byte(text)
	}
	runes = runes[:longestBound]
	if !upper {
		return []byte(string(runes))
	}
	for i := len(runes) - 1; i >= 0; i-- {
		next := runes[i] + 1
		if next == 0xD800 { // surrogates are no characters
			next = 0xE000
		}
		if next <= utf8.MaxRune {
			runes[i] = next
			return []byte(string(runes[:i+1]))
		}
	}
	return nil
}
