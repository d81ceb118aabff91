package classify

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

func columnName(i int) string { return "col" + strconv.Itoa(i) }

// vote collects what the values of one text column are.
type vote struct {
	integer, double, boolean, date, timestamp, text bool

	n   int64     // values before the first text
	odd *OddValue // the first text, where values of another type came before it
}

func (v *vote) add(b []byte, trim bool, line int64) {
	if v.text {
		return
	}
	if trim {
		b = bytes.TrimSpace(b)
	}
	switch textType(b) {
	case "":
		return
	case "bigint":
		v.integer = true
	case "double":
		v.double = true
	case "boolean":
		v.boolean = true
	case "date":
		v.date = true
	case "timestamp":
		v.timestamp = true
	default:
		if before := v.typ(); before != "" && before != "string" {
			v.odd = &OddValue{Line: line, Value: clip(strings.ToValidUTF8(string(b), "\ufffd"), longestShown), Before: v.n, Type: before}
		}
		v.text = true
	}
	v.n++
}

// typ is the type that holds all values; "" when there were none.
func (v *vote) typ() string {
	kinds := 0
	for _, is := range []bool{v.integer || v.double, v.boolean, v.date || v.timestamp, v.text} {
		if is {
			kinds++
		}
	}
	switch {
	case kinds == 0:
		return ""
	case kinds > 1 || v.text:
		return "string"
	case v.double:
		return "double"
	case v.integer:
		return "bigint"
	case v.boolean:
		return "boolean"
	case v.timestamp:
		return "timestamp"
	}
	return "date"
}

// textType is the type of one value of text; "" for an empty one.
func textType(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	switch c := b[0]; {
	case c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.':
		return numberType(b)
	case (c == 't' || c == 'T') && bytes.EqualFold(b, []byte("true")), (c == 'f' || c == 'F') && bytes.EqualFold(b, []byte("false")):
		return "boolean"
	}
	return "string"
}

func numberType(b []byte) string {
	digits := b
	if b[0] == '-' || b[0] == '+' {
		digits = b[1:]
	}
	n, dot, exp := 0, 0, 0
	for i, c := range digits {
		switch {
		case c >= '0' && c <= '9':
			n++
		case c == '.' && dot == 0 && exp == 0:
			dot++
		case (c == 'e' || c == 'E') && exp == 0 && n > 0:
			exp++
			if i+1 < len(digits) && (digits[i+1] == '-' || digits[i+1] == '+') {
				continue
			}
		case (c == '-' || c == '+') && i > 0 && (digits[i-1] == 'e' || digits[i-1] == 'E'):
		default:
			return dateType(b)
		}
	}
	if n == 0 {
		return "string"
	}
	if dot == 0 && exp == 0 {
		// A leading zero is part of a code, and what exceeds 18 digits is one too: as numbers they would not come back.
		if len(digits) > 18 || len(digits) > 1 && digits[0] == '0' {
			return "string"
		}
		return "bigint"
	}
	if _, err := strconv.ParseFloat(string(b), 64); err != nil {
		return "string"
	}
	return "double"
}

func dateType(b []byte) string {
	if len(b) < 10 || b[4] != '-' || b[7] != '-' {
		return "string"
	}
	if _, err := time.Parse(time.DateOnly, string(b[:10])); err != nil {
		return "string"
	}
	if len(b) == 10 {
		return "date"
	}
	if len(b) <= 29 {
		if _, err := time.Parse("2006-01-02 15:04:05.999999999", string(b)); err == nil {
			return "timestamp"
		}
	}
	return "string"
}
