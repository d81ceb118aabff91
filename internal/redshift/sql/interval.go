package sql

import (
	"math"
	"strconv"
	"strings"
)

func (c *compiler) interval(e *Interval) value {
	return intervalValue(e.Text, e.From, e.To, e.Pos())
}

// intervalValue reads an interval's text into months, days and microseconds.
func intervalValue(text, from, to string, pos int) value {
	months, days, micros, err := parseInterval(text, from, to)
	if err != nil {
		panic(errAt(pos, CodeInvalidDatetime, "invalid input syntax for type interval: \"%s\"", text))
	}
	t := IntervalT
	switch {
	case from == "":
	case strings.HasPrefix(from, "year") || strings.HasPrefix(from, "month"):
		t = Type{Kind: KIntervalYM}
	default:
		t = Type{Kind: KIntervalDS}
	}
	var parts []string
	if months != 0 {
		parts = append(parts, "to_months("+itoa(months)+")")
	}
	if days != 0 {
		parts = append(parts, "to_days("+itoa(days)+")")
	}
	if micros != 0 {
		parts = append(parts, "to_microseconds("+strconv.FormatInt(micros, 10)+")")
	}
	if len(parts) == 0 {
		parts = []string{"to_days(0)"}
	}
	s := strings.Join(parts, " + ")
	if len(parts) > 1 {
		s = "(" + s + ")"
	}
	return value{sql: s, typ: t, pos: pos}
}

var errInterval = errAt(-1, CodeInvalidDatetime, "invalid interval")

// parseInterval reads '1 year 2 months', '3 hours, 35 minutes', '1-2' YEAR TO MONTH, '1 02:03:04.5', '5' (seconds, or the
// qualifier's unit).
func parseInterval(text, from, to string) (months, days int, micros int64, err error) {
	fields := strings.Fields(strings.ReplaceAll(foldASCII(strings.TrimSpace(text)), ",", " "))
	if len(fields) == 0 {
		return 0, 0, 0, errInterval
	}
	bare := "second"
	if to != "" {
		bare = datePart[to]
	} else if from != "" {
		bare = datePart[from]
	}
	sign := 1.0
	if fields[len(fields)-1] == "ago" {
		sign = -1
		fields = fields[:len(fields)-1]
	}
	if fields[0] == "@" {
		fields = fields[1:]
	}
	var us float64
	add := func(n float64, unit string) error {
		whole, frac := math.Modf(n)
		switch unit {
		case "millennium", "century", "decade", "year", "quarter", "month":
			k := map[string]float64{"millennium": 12000, "century": 1200, "decade": 120, "year": 12, "quarter": 3, "month": 1}[unit]
			m, f := math.Modf(n * k)
			months += int(m)
			us += f * 30 * 86400e6
		case "week":
			d, f := math.Modf(n * 7)
			days += int(d)
			us += f * 86400e6
		case "day":
			days += int(whole)
			us += frac * 86400e6
		case "hour":
			us += n * 3600e6
		case "minute":
			us += n * 60e6
		case "second":
			us += n * 1e6
		case "millisecond":
			us += n * 1e3
		case "microsecond":
			us += n
		default:
			return errInterval
		}
		if math.Abs(n) > 1e12 {
			return errInterval
		}
		return nil
	}
	for i := 0; i < len(fields); i++ {
		f := fields[i]
		if strings.Contains(f, ":") {
			if err := addClock(f, from, to, add); err != nil {
				return 0, 0, 0, err
			}
			continue
		}
		if j := strings.IndexByte(strings.TrimLeft(f, "-+"), '-'); j > 0 { // years-months
			neg := strings.HasPrefix(f, "-")
			y, m, _ := strings.Cut(strings.TrimLeft(f, "-+"), "-")
			yn, e1 := strconv.Atoi(y)
			mn, e2 := strconv.Atoi(m)
			if e1 != nil || e2 != nil {
				return 0, 0, 0, errInterval
			}
			total := yn*12 + mn
			if neg {
				total = -total
			}
			months += total
			continue
		}
		end := len(f)
		for end > 0 && (f[end-1] >= 'a' && f[end-1] <= 'z' || f[end-1] == '_') {
			end--
		}
		n, e := strconv.ParseFloat(f[:end], 64)
		if e != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return 0, 0, 0, errInterval
		}
		unit := f[end:]
		switch {
		case unit != "":
			unit = datePart[unit]
		case i+1 < len(fields) && strings.Contains(fields[i+1], ":"):
			unit = "day"
		case i+1 < len(fields) && datePart[fields[i+1]] != "":
			i++
			unit = datePart[fields[i]]
		default:
			unit = bare
		}
		if err := add(n, unit); err != nil {
			return 0, 0, 0, err
		}
	}
	if math.Abs(us) > 9e18 {
		return 0, 0, 0, errInterval
	}
	s := int(sign)
	return months * s, days * s, int64(math.Round(us * sign)), nil
}

// addClock reads h:m[:s], or m:s under a MINUTE TO SECOND qualifier.
func addClock(f, from, to string, add func(float64, string) error) error {
	sign := 1.0
	if strings.HasPrefix(f, "-") {
		sign = -1
	}
	parts := strings.Split(strings.TrimLeft(f, "+-"), ":")
	units := []string{"hour", "minute", "second"}
	if len(parts) == 2 && strings.HasPrefix(from, "minute") {
		units = units[1:]
	}
	if len(parts) > len(units) {
		return errInterval
	}
	for i, p := range parts {
		n, err := strconv.ParseFloat(p, 64)
		if err != nil || n < 0 {
			return errInterval
		}
		if err := add(sign*n, units[i]); err != nil {
			return err
		}
	}
	return nil
}
