package sql

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ScalarUDF is a function in Go that the warehouse registers with the engine. Arguments arrive as string, bool, int32,
// int64, time.Time or []byte by their types; a NULL argument makes the result NULL without a call. All are pure.
type ScalarUDF struct {
	Name   string
	Args   []Type
	Result Type
	Fn     func(args []any) (any, error)
}

// ScalarUDFs are the functions that generated SQL and Prelude call. now resolves words such as 'today' in text that is
// converted row by row.
func ScalarUDFs(now func() time.Time) []ScalarUDF {
	txt := Varchar(MaxVarchar)
	text := func(a any) string { return a.(string) }
	patterns := &regexCache{m: map[string]*regexp.Regexp{}}
	formats := &formatCache{m: map[string][]formatToken{}}
	return []ScalarUDF{
		{"rs_to_char_timestamp", []Type{Timestamp, txt, txt}, txt, func(a []any) (any, error) {
			return formatTimestamp(a[0].(time.Time), formats.get(text(a[1])), text(a[2])), nil
		}},
		{"rs_to_char_number", []Type{txt, txt}, txt, func(a []any) (any, error) { return FormatNumber(text(a[0]), text(a[1])) }},
		{"rs_to_number", []Type{txt, txt}, txt, func(a []any) (any, error) { return ParseNumber(text(a[0]), text(a[1])) }},
		{"rs_to_date", []Type{txt, txt, Bool}, txt, func(a []any) (any, error) {
			c, err := parseFormatted(text(a[0]), formats.get(text(a[1])), a[2].(bool))
			if err != nil {
				return nil, err
			}
			return c.date(), nil
		}},
		{"rs_to_timestamp", []Type{txt, txt, Bool}, txt, func(a []any) (any, error) {
			c, err := parseFormatted(text(a[0]), formats.get(text(a[1])), a[2].(bool))
			if err != nil {
				return nil, err
			}
			s := c.timestamp()
			if c.zone != nil {
				s += offsetText(*c.zone)
			}
			return s, nil
		}},
		{"rs_iso_date", []Type{txt}, txt, func(a []any) (any, error) {
			d, err := ParseDate(text(a[0]), now())
			if err != nil {
				return nil, dateError(err, -1, "date", text(a[0]))
			}
			return d, nil
		}},
		{"rs_iso_timestamp", []Type{txt}, txt, func(a []any) (any, error) {
			d, err := ParseTimestamp(text(a[0]), now())
			if err != nil {
				return nil, dateError(err, -1, "timestamp", text(a[0]))
			}
			return d, nil
		}},
		{"rs_iso_timestamptz", []Type{txt}, txt, func(a []any) (any, error) {
			d, zoned, err := ParseTimestampTZ(text(a[0]), now())
			if err != nil {
				return nil, dateError(err, -1, "timestamp with time zone", text(a[0]))
			}
			if zoned {
				d += "+00"
			}
			return d, nil
		}},
		{"rs_try_iso_timestamp", []Type{txt}, txt, func(a []any) (any, error) {
			d, err := ParseTimestamp(text(a[0]), now())
			if err != nil {
				return nil, nil
			}
			return d, nil
		}},
		{"rs_cut_bytes", []Type{txt, Int4}, txt, func(a []any) (any, error) { return cutBytes(text(a[0]), int(a[1].(int32))), nil }},
		{"rs_subbytes", []Type{Varbyte(1024000), Int8, Int8}, Varbyte(1024000), func(a []any) (any, error) {
			return subBytes(a[0].([]byte), a[1].(int64), a[2].(int64))
		}},
		{"rs_similar", []Type{txt, txt}, txt, func(a []any) (any, error) { return similarPattern(text(a[0]), text(a[1])), nil }},
		{"rs_regexp_instr", []Type{txt, txt, Int8, Int8, Int8, txt}, Int8, func(a []any) (any, error) {
			return regexpInstr(patterns, text(a[0]), text(a[1]), a[2].(int64), a[3].(int64), a[4].(int64), text(a[5]))
		}},
		{"rs_sha2", []Type{txt, Int4}, txt, func(a []any) (any, error) { return sha2(text(a[0]), int(a[1].(int32))) }},
		{"rs_crc32", []Type{txt}, txt, func(a []any) (any, error) {
			return fmt.Sprintf("%08x", crc32.Checksum([]byte(text(a[0])), crc32.MakeTable(crc32.Castagnoli))), nil
		}},
		{"rs_strtol", []Type{txt, Int4}, Int8, func(a []any) (any, error) { return strtol(text(a[0]), int(a[1].(int32))) }},
		{"rs_fnv_hash", []Type{txt}, Int8, func(a []any) (any, error) { return fnvHash([]byte(text(a[0]))), nil }},
		{"rs_fnv_hash_int", []Type{Int8, Int4}, Int8, func(a []any) (any, error) {
			b := make([]byte, a[1].(int32))
			for i := range b {
				b[i] = byte(uint64(a[0].(int64)) >> (8 * i))
			}
			return fnvHash(b), nil
		}},
	}
}

// regexCache keeps compiled patterns; UDFs run on several threads.
type regexCache struct {
	mu sync.Mutex
	m  map[string]*regexp.Regexp
}

func (r *regexCache) get(p string) (*regexp.Regexp, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if re := r.m[p]; re != nil {
		return re, nil
	}
	re, err := regexp.Compile(p)
	if err != nil {
		return nil, errAt(-1, "2201B", "invalid regular expression: %s", p)
	}
	if len(r.m) > 256 {
		clear(r.m)
	}
	r.m[p] = re
	return re, nil
}

func regexpInstr(cache *regexCache, s, p string, pos, occ, opt int64, flags string) (any, error) {
	if strings.Contains(flags, "i") {
		p = "(?i)" + p
	}
	re, err := cache.get(p)
	if err != nil {
		return nil, err
	}
	if pos < 1 || occ < 1 {
		return nil, errAt(-1, CodeInvalidParameter, "position and occurrence of REGEXP_INSTR must be positive")
	}
	rs := []rune(s)
	if pos > int64(len(rs))+1 {
		return int64(0), nil
	}
	rest := string(rs[pos-1:])
	all := re.FindAllStringSubmatchIndex(rest, int(min(occ, 1<<30)))
	if int64(len(all)) < occ {
		return int64(0), nil
	}
	m := all[occ-1]
	lo, hi := m[0], m[1]
	if strings.Contains(flags, "e") && len(m) >= 4 && m[2] >= 0 {
		lo, hi = m[2], m[3]
	}
	if opt == 1 {
		lo = hi
	}
	return pos + int64(len([]rune(rest[:lo]))), nil
}

func subBytes(b []byte, p, n int64) (any, error) {
	if n < 0 {
		return nil, errAt(-1, "22011", "negative substring length not allowed")
	}
	end := min(p+n, int64(len(b))+1)
	start := max(p, 1)
	if start >= end {
		return []byte{}, nil
	}
	return b[start-1 : end-1], nil
}

func sha2(s string, bits int) (any, error) {
	var sum []byte
	switch bits {
	case 0, 256:
		h := sha256.Sum256([]byte(s))
		sum = h[:]
	case 224:
		h := sha256.Sum224([]byte(s))
		sum = h[:]
	case 384:
		h := sha512.Sum384([]byte(s))
		sum = h[:]
	case 512:
		h := sha512.Sum512([]byte(s))
		sum = h[:]
	default:
		return nil, nil
	}
	return hex.EncodeToString(sum), nil
}

func strtol(s string, base int) (any, error) {
	t := foldASCII(strings.TrimSpace(s))
	if base == 16 {
		t = strings.Replace(t, "0x", "", 1)
	}
	if base < 2 || base > 36 {
		return nil, errAt(-1, CodeInvalidParameter, "base of STRTOL must be between 2 and 36")
	}
	n, err := strconv.ParseInt(t, base, 64)
	if err != nil {
		if isRange(err) {
			return nil, errAt(-1, CodeNumericRange, "value \"%s\" is out of range for type bigint", s)
		}
		return nil, errAt(-1, CodeInvalidText, "The input %s is not valid to be converted to base %d", s, base)
	}
	return n, nil
}

func fnvHash(b []byte) int64 {
	h := fnv.New64a()
	h.Write(b)
	return int64(h.Sum64())
}

// ParseNumber is TO_NUMBER: the format says where digits and the point stand; the result is the number's text.
func ParseNumber(s, format string) (string, error) {
	f := upper(format)
	neg := false
	t := strings.TrimSpace(s)
	if strings.HasPrefix(t, "<") && strings.HasSuffix(t, ">") && strings.Contains(f, "PR") {
		neg = true
		t = t[1 : len(t)-1]
	}
	var b strings.Builder
	for _, r := range t {
		switch {
		case r >= '0' && r <= '9', r == '.':
			b.WriteRune(r)
		case r == '-':
			neg = true
		}
	}
	digits := b.String()
	if strings.Count(digits, ".") > 1 || strings.Trim(digits, ".") == "" {
		return "", errAt(-1, CodeInvalidText, "invalid input syntax for type numeric: \"%s\"", s)
	}
	want := fractionDigits(format)
	whole, frac, _ := strings.Cut(digits, ".")
	if len(frac) > want {
		frac = frac[:want]
	}
	if whole == "" {
		whole = "0"
	}
	out := whole
	if frac != "" {
		out += "." + frac
	}
	if neg {
		out = "-" + out
	}
	return out, nil
}

// rational reads a number's text, also in exponent form.
func rational(s string) (*big.Rat, bool) {
	if strings.ContainsAny(s, "/_xXpP") {
		return nil, false
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		if n, err := strconv.Atoi(s[i+1:]); err != nil || n > 400 || n < -400 {
			return nil, false
		}
	}
	return new(big.Rat).SetString(s)
}
