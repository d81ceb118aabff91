package filter

import (
	"cmp"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// kind is a family of key types that compare alike.
type kind int

const (
	text kind = iota
	integer
	decimal
	date
	timestamp
)

// kindOf reads a column's type; its parameters do not matter here.
func kindOf(typ string) (kind, bool) {
	base, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(typ)), "(")
	switch strings.TrimSpace(base) {
	case "string", "char", "varchar":
		return text, true
	case "tinyint", "smallint", "int", "integer", "bigint", "long":
		return integer, true
	case "decimal":
		return decimal, true
	case "date":
		return date, true
	case "timestamp":
		return timestamp, true
	}
	return 0, false
}

var (
	// The exponent is bounded so that a short text cannot stand for a number of gigabytes.
	decimalForm   = regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$`)
	timestampForm = regexp.MustCompile(`^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,9})?$`)
)

// parse reads a value as this kind. The error's text is Glue's.
func (k kind) parse(s string) (any, error) {
	switch k {
	case integer:
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return n, nil
		}
		return nil, fmt.Errorf("%q is not an integer.", s)
	case decimal:
		if decimalForm.MatchString(s) {
			if r, ok := new(big.Rat).SetString(s); ok {
				return r, nil
			}
		}
		return nil, fmt.Errorf("%s is not a decimal.", s)
	case date:
		if t, err := time.Parse(time.DateOnly, s); err == nil {
			return t, nil
		}
		return nil, fmt.Errorf("%s is not a date.", s)
	case timestamp:
		if timestampForm.MatchString(s) {
			if t, err := time.Parse(time.DateTime, s); err == nil {
				return t, nil
			}
		}
		return nil, fmt.Errorf("%s is not a timestamp.", s)
	}
	return s, nil
}

// compare orders two values of this kind.
func (k kind) compare(a, b any) int {
	switch k {
	case integer:
		return cmp.Compare(a.(int64), b.(int64))
	case decimal:
		return a.(*big.Rat).Cmp(b.(*big.Rat))
	case date, timestamp:
		return a.(time.Time).Compare(b.(time.Time))
	}
	return strings.Compare(a.(string), b.(string)) // UTF-8 keeps the order of code points
}

// noLike names the kind as Glue does where LIKE is refused.
func (k kind) noLike() string {
	switch k {
	case integer:
		return "Integral"
	case decimal:
		return "Decimal"
	case date:
		return "Date"
	}
	return "Timestamp"
}

// wild is one element of a LIKE pattern.
type wild struct {
	char rune
	any  bool // %
	one  bool // _
}

func likePattern(s string) []wild {
	var p []wild
	escaped := false
	for _, r := range s {
		switch {
		case escaped:
			if r != '%' && r != '_' && r != '\\' {
				p = append(p, wild{char: '\\'})
			}
			p = append(p, wild{char: r})
			escaped = false
		case r == '\\':
			escaped = true
		case r == '%':
			if len(p) == 0 || !p[len(p)-1].any {
				p = append(p, wild{any: true})
			}
		case r == '_':
			p = append(p, wild{one: true})
		default:
			p = append(p, wild{char: r})
		}
	}
	if escaped {
		p = append(p, wild{char: '\\'})
	}
	return p
}

// likeMatch goes back only to the last %, so that it takes quadratic time at worst.
func likeMatch(s []rune, p []wild) bool {
	i, j, star, from := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case j < len(p) && p[j].any:
			star, from = j, i
			j++
		case j < len(p) && (p[j].one || p[j].char == s[i]):
			i++
			j++
		case star >= 0:
			from++
			i, j = from, star+1
		default:
			return false
		}
	}
	for j < len(p) && p[j].any {
		j++
	}
	return j == len(p)
}

// Fits reports, in Glue's words, why a value is not one of a key's type. Types that can't be filtered fit everything,
// and so does NULL.
func Fits(typ, value string) error {
	k, ok := kindOf(typ)
	if !ok || value == hiveNull {
		return nil
	}
	_, err := k.parse(value)
	return err
}
