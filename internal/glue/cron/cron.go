// Package cron reads the six-field schedules of crawlers and triggers, cron(min hour day-of-month month day-of-week
// year) in UTC, and says when they fire. It is pure.
package cron

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

const (
	firstYear = 1970
	lastYear  = 2199
	// shortest is the smallest distance of two firings that Glue accepts.
	shortest = 5 * time.Minute
)

// Schedule is a parsed expression.
type Schedule struct {
	minute, hour, month uint64
	years               [lastYear - firstYear + 1]bool
	dom                 days // of the month; any = "?"
	dow                 days // of the week, 1 = Sunday; any = "?"
}

type days struct {
	any      bool
	set      uint64
	last     bool // L: the last of the month
	lastWork bool // LW
	nearest  int  // 3W: the weekday nearest to the 3rd
	lastDay  int  // 5L: the last Thursday
	nth      int  // 2#1: the first Monday
	nthDay   int
}

// Error says which field of which expression is wrong, and why.
type Error struct {
	Expression, Field, Reason string
}

func (e *Error) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("Invalid schedule expression %s: %s.", e.Expression, e.Reason)
	}
	return fmt.Sprintf("Invalid schedule expression %s: %s: %s.", e.Expression, e.Field, e.Reason)
}

var (
	months   = []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
	weekdays = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
)

// Parse reads an expression with its cron( ).
func Parse(expression string) (*Schedule, error) {
	fail := func(field, reason string, args ...any) (*Schedule, error) {
		return nil, &Error{expression, field, fmt.Sprintf(reason, args...)}
	}
	inner, ok := strings.CutPrefix(strings.TrimSpace(expression), "cron(")
	inner, ok2 := strings.CutSuffix(inner, ")")
	if !ok || !ok2 {
		return fail("", "it must have the form cron(minutes hours day-of-month month day-of-week year)")
	}
	f := strings.Fields(inner)
	if len(f) != 6 {
		return fail("", "it has %d fields, not 6: minutes hours day-of-month month day-of-week year", len(f))
	}
	s := &Schedule{}
	var err error
	if s.minute, err = set(f[0], 0, 59, nil, 0); err != nil {
		return fail("minutes", "%v", err)
	}
	if s.hour, err = set(f[1], 0, 23, nil, 0); err != nil {
		return fail("hours", "%v", err)
	}
	if s.dom, err = dayOfMonth(f[2]); err != nil {
		return fail("day-of-month", "%v", err)
	}
	if s.month, err = set(f[3], 1, 12, months, 1); err != nil {
		return fail("month", "%v", err)
	}
	if s.dow, err = dayOfWeek(f[4]); err != nil {
		return fail("day-of-week", "%v", err)
	}
	err = values(f[5], firstYear, lastYear, nil, 0, func(y int) { s.years[y-firstYear] = true })
	if err != nil {
		return fail("year", "%v", err)
	}
	if s.dom.any == s.dow.any {
		return fail("", "exactly one of day-of-month and day-of-week must be ?")
	}
	if gap := s.smallestGap(); gap < shortest {
		return fail("", "it fires every %v, more often than every %v", gap, shortest)
	}
	return s, nil
}

// values calls add for each value of a field: lists, ranges (which may wrap), steps and names.
func values(field string, lo, hi int, names []string, base int, add func(int)) error {
	for _, part := range strings.Split(field, ",") {
		span, stepText, stepped := strings.Cut(part, "/")
		step := 1
		if stepped {
			n, err := strconv.Atoi(stepText)
			if err != nil || n < 1 || n > hi {
				return fmt.Errorf("%q is no step", stepText)
			}
			step = n
		}
		from, to := lo, hi
		if span != "*" {
			a, b, ranged := strings.Cut(span, "-")
			var err error
			if from, err = value(a, lo, hi, names, base); err != nil {
				return err
			}
			switch {
			case ranged:
				if to, err = value(b, lo, hi, names, base); err != nil {
					return err
				}
			case !stepped:
				to = from
			}
		}
		if to < from { // wraps
			to += hi - lo + 1
		}
		for v := from; v <= to; v += step {
			add(lo + (v-lo)%(hi-lo+1))
		}
	}
	return nil
}

func value(text string, lo, hi int, names []string, base int) (int, error) {
	for i, n := range names {
		if strings.EqualFold(n, text) {
			return i + base, nil
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil || text[0] == '+' || text[0] == '-' {
		return 0, fmt.Errorf("%q is not understood", text)
	}
	if n < lo || n > hi {
		return 0, fmt.Errorf("%d is not between %d and %d", n, lo, hi)
	}
	return n, nil
}

func set(field string, lo, hi int, names []string, base int) (uint64, error) {
	var m uint64
	err := values(field, lo, hi, names, base, func(v int) { m |= 1 << v })
	return m, err
}

func dayOfMonth(field string) (days, error) {
	up := strings.ToUpper(field)
	switch {
	case field == "?":
		return days{any: true}, nil
	case up == "L":
		return days{last: true}, nil
	case up == "LW":
		return days{lastWork: true}, nil
	case strings.HasSuffix(up, "W"):
		n, err := value(strings.TrimSuffix(up, "W"), 1, 31, nil, 0)
		return days{nearest: n}, err
	}
	m, err := set(field, 1, 31, nil, 0)
	return days{set: m}, err
}

func dayOfWeek(field string) (days, error) {
	up := strings.ToUpper(field)
	day, nth, ok := strings.Cut(up, "#")
	switch {
	case field == "?":
		return days{any: true}, nil
	case up == "L":
		return days{set: 1 << 7}, nil
	case ok:
		d, err := value(day, 1, 7, weekdays, 1)
		if err != nil {
			return days{}, err
		}
		n, err := value(nth, 1, 5, nil, 0)
		return days{nthDay: d, nth: n}, err
	case strings.HasSuffix(up, "L") && len(up) > 1:
		d, err := value(strings.TrimSuffix(up, "L"), 1, 7, weekdays, 1)
		return days{lastDay: d}, err
	}
	m, err := set(field, 1, 7, weekdays, 1)
	return days{set: m}, err
}

// smallestGap looks at one day's firings and across midnight.
func (s *Schedule) smallestGap() time.Duration {
	gap, first, prev := 24*60, -1, -1
	for h := range 24 {
		if s.hour&(1<<h) == 0 {
			continue
		}
		for m := range 60 {
			if s.minute&(1<<m) == 0 {
				continue
			}
			at := h*60 + m
			if prev >= 0 {
				gap = min(gap, at-prev)
			} else {
				first = at
			}
			prev = at
		}
	}
	// Across midnight it matters only when the next day fires too; being strict here would refuse nothing sensible.
	if bits.OnesCount64(s.hour)*bits.OnesCount64(s.minute) > 1 {
		gap = min(gap, 24*60-prev+first)
	}
	return time.Duration(gap) * time.Minute
}

// Next is the first firing after t; the zero time if there is none.
func (s *Schedule) Next(t time.Time) time.Time {
	t = t.UTC().Truncate(time.Minute).Add(time.Minute)
	for t.Year() <= lastYear {
		switch {
		case t.Year() < firstYear:
			t = time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC)
		case !s.years[t.Year()-firstYear]:
			t = time.Date(t.Year()+1, 1, 1, 0, 0, 0, 0, time.UTC)
		case s.month&(1<<int(t.Month())) == 0:
			t = time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, time.UTC)
		case !s.onDay(t):
			t = time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, time.UTC)
		case s.hour&(1<<t.Hour()) == 0:
			t = t.Truncate(time.Hour).Add(time.Hour)
		case s.minute&(1<<t.Minute()) == 0:
			t = t.Add(time.Minute)
		default:
			return t
		}
	}
	return time.Time{}
}

func (s *Schedule) onDay(t time.Time) bool {
	length := time.Date(t.Year(), t.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	weekday := int(t.Weekday()) + 1
	switch d := s.dom; {
	case d.any:
	case d.last:
		return t.Day() == length
	case d.lastWork:
		return t.Day() == nearestWeekday(t.Year(), t.Month(), length, length)
	case d.nearest > 0:
		return d.nearest <= length && t.Day() == nearestWeekday(t.Year(), t.Month(), d.nearest, length)
	default:
		return d.set&(1<<t.Day()) != 0
	}
	switch d := s.dow; {
	case d.lastDay > 0:
		return weekday == d.lastDay && t.Day()+7 > length
	case d.nth > 0:
		return weekday == d.nthDay && (t.Day()-1)/7+1 == d.nth
	default:
		return d.set&(1<<weekday) != 0
	}
}

// nearestWeekday is the day from Monday to Friday nearest to day, within the month.
func nearestWeekday(year int, month time.Month, day, length int) int {
	switch time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Weekday() {
	case time.Saturday:
		if day == 1 {
			return 3
		}
		return day - 1
	case time.Sunday:
		if day == length {
			return day - 2
		}
		return day + 1
	}
	return day
}
