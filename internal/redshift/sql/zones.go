package sql

import (
	"strconv"
	"strings"
)

// zoneAbbreviations are fixed offsets in Redshift, where the engine follows daylight saving.
var zoneAbbreviations = map[string]int{"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
	"AKST": -9, "AKDT": -8, "HST": -10, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "JST": 9, "KST": 9, "IST_": 5, "WET": 0, "WEST": 1}

// zone prints a time zone; constants are mapped to names that the engine reads as Redshift does.
func (c *compiler) zone(v value) value {
	v = c.asText(v)
	if s, ok := constant(v); ok {
		v.sql = quoteText(zoneName(s))
		v.lit = nil
	}
	return v
}

func zoneName(s string) string {
	name := strings.TrimSpace(s)
	up := upper(name)
	if off, ok := zoneAbbreviations[up]; ok {
		return etc(-off)
	}
	for _, prefix := range []string{"UTC", "GMT"} { // POSIX style: UTC+2 is west of Greenwich
		if rest := strings.TrimPrefix(up, prefix); rest != up {
			if n, err := strconv.Atoi(rest); err == nil && n >= -14 && n <= 14 {
				return etc(n)
			}
		}
	}
	if n, err := strconv.Atoi(strings.TrimSuffix(name, ":00")); err == nil && (strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-")) && n >= -14 && n <= 14 {
		return etc(-n)
	}
	return name
}

// etc is the zone n hours west of Greenwich.
func etc(n int) string {
	if n == 0 {
		return "UTC"
	}
	if n > 0 {
		return "Etc/GMT+" + itoa(n)
	}
	return "Etc/GMT" + itoa(n)
}

func (c *compiler) atTimeZone(x, z value) value {
	x = c.moment(x)
	z = c.zone(z)
	switch x.typ.Kind {
	case KTimestampTZ:
		return value{sql: "(" + x.sql + " AT TIME ZONE " + z.sql + ")", typ: Timestamp}
	case KDate:
		x = c.castTo(x, Timestamp)
	case KTimestamp:
	default:
		panic(errAt(x.pos, CodeUndefinedFunction, "function timezone(character varying, %s) does not exist", x.typ.BaseName()))
	}
	return value{sql: "(" + x.sql + " AT TIME ZONE " + z.sql + ")", typ: TimestampTZ}
}
