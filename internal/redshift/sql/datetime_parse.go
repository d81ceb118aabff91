package sql

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

var (
	errDateSyntax = errors.New("invalid syntax")
	errDateRange  = errors.New("out of range")
)

func dateError(err error, pos int, typ, text string) *Error {
	if errors.Is(err, errDateRange) {
		return errAt(pos, CodeDatetimeOverflow, "date/time field value out of range: \"%s\"", text)
	}
	return errAt(pos, CodeInvalidDatetime, "invalid input syntax for type %s: \"%s\"", typ, text)
}

// civil is a date and time as read from text.
type civil struct {
	year, month, day         int
	hour, minute, sec, micro int
	zone                     *int // seconds east
	loc                      *time.Location
	bc                       bool
}

// ParseDate reads a date in any of the forms that Redshift takes under datestyle ISO, MDY, and gives it as the engine
// writes it. now resolves 'today' and the like.
func ParseDate(s string, now time.Time) (string, error) {
	c, err := parseCivil(s, now)
	if err != nil {
		return "", err
	}
	return c.date(), nil
}

// ParseTimestamp reads a timestamp; a zone in it is ignored.
func ParseTimestamp(s string, now time.Time) (string, error) {
	c, err := parseCivil(s, now)
	if err != nil {
		return "", err
	}
	return c.timestamp(), nil
}

// ParseTimestampTZ reads a timestamp with zone. zoned says that the text named one; the result then is in UTC.
func ParseTimestampTZ(s string, now time.Time) (text string, zoned bool, err error) {
	c, err := parseCivil(s, now)
	if err != nil {
		return "", false, err
	}
	if c.zone == nil && c.loc == nil {
		return c.timestamp(), false, nil
	}
	loc := c.loc
	if loc == nil {
		loc = time.FixedZone("", *c.zone)
	}
	if c.bc {
		return "", false, errDateRange
	}
	t := time.Date(c.year, time.Month(c.month), c.day, c.hour, c.minute, c.sec, c.micro*1000, loc).UTC()
	return t.Format("2006-01-02 15:04:05.999999"), true, nil
}

func (c civil) date() string {
	s := fmt.Sprintf("%04d-%02d-%02d", c.year, c.month, c.day)
	if c.bc {
		s += " (BC)"
	}
	return s
}

func (c civil) timestamp() string {
	s := fmt.Sprintf("%04d-%02d-%02d %02d:%02d:%02d", c.year, c.month, c.day, c.hour, c.minute, c.sec)
	if c.micro > 0 {
		s += strings.TrimRight(fmt.Sprintf(".%06d", c.micro), "0")
	}
	if c.bc {
		s += " (BC)"
	}
	return s
}

var monthNames = []string{"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"}

// monthNumber reads a month's name of three letters or in full, 0 if it is none.
func monthNumber(s string) int {
	for i, m := range monthNames {
		if s == m || len(s) >= 3 && s == m[:3] || s == "sept" && i == 8 {
			return i + 1
		}
	}
	return 0
}

var dayNames = wordSet(`sun sunday mon monday tue tues tuesday wed weds wednesday thu thur thurs thursday fri friday sat saturday`)

func parseCivil(s string, now time.Time) (civil, error) {
	text := foldASCII(strings.TrimSpace(s))
	now = now.UTC()
	of := func(t time.Time) civil {
		return civil{year: t.Year(), month: int(t.Month()), day: t.Day(), hour: t.Hour(), minute: t.Minute(), sec: t.Second(), micro: t.Nanosecond() / 1000}
	}
	midnight := now.Truncate(24 * time.Hour)
	switch text {
	case "":
		return civil{}, errDateSyntax
	case "now":
		return of(now), nil
	case "today":
		return of(midnight), nil
	case "tomorrow":
		return of(midnight.AddDate(0, 0, 1)), nil
	case "yesterday":
		return of(midnight.AddDate(0, 0, -1)), nil
	case "epoch":
		return civil{year: 1970, month: 1, day: 1}, nil
	}
	// 2024-01-31T10:00:00 is two fields.
	b := []byte(text)
	for i := 1; i+1 < len(b); i++ {
		if b[i] == 't' && isDigit(b[i-1]) && isDigit(b[i+1]) {
			b[i] = ' '
		}
	}
	var p civilParser
	for _, f := range strings.FieldsFunc(string(b), func(r rune) bool { return r == ' ' || r == ',' || r == '\t' || r == '\n' }) {
		if err := p.field(f); err != nil {
			return civil{}, err
		}
	}
	return p.finish()
}

type civilParser struct {
	civil
	haveDate, haveTime bool
	month3             int   // from a month's name
	nums               []int // loose numbers beside it
	pm, am             bool
}

func (p *civilParser) field(f string) error {
	switch {
	case strings.Contains(f, ":"):
		return p.clock(f)
	case (f[0] == '+' || f[0] == '-') && p.haveTime:
		return p.offset(f)
	case f[0] == 'j' && len(f) > 1 && isDigit(f[1]):
		n, err := strconv.Atoi(f[1:])
		if err != nil || p.haveDate {
			return errDateSyntax
		}
		t := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n-2451545)
		p.year, p.month, p.day, p.haveDate = t.Year(), int(t.Month()), t.Day(), true
		return nil
	case isDigit(f[0]) && strings.ContainsAny(f[1:], "-/."):
		return p.dashed(f)
	case isDigit(f[0]):
		return p.number(f)
	}
	if m := monthNumber(f); m > 0 && p.month3 == 0 {
		p.month3 = m
		return nil
	}
	switch {
	case dayNames[strings.TrimSuffix(f, ".")]:
		return nil
	case f == "am" || f == "a.m.":
		p.am = true
		return nil
	case f == "pm" || f == "p.m.":
		p.pm = true
		return nil
	case f == "bc" || f == "b.c.":
		p.bc = true
		return nil
	case f == "ad" || f == "a.d.":
		return nil
	case strings.ContainsAny(f, "-") && monthNumber(f[:strings.IndexByte(f, '-')]) > 0: // Jan-08-1999
		return p.dashed(f)
	}
	if p.haveTime || p.haveDate {
		return p.zoneNamed(f)
	}
	return errDateSyntax
}

func (p *civilParser) zoneNamed(f string) error {
	zero := 0
	switch f {
	case "z", "utc", "gmt", "zulu":
		p.zone = &zero
		return nil
	}
	if h, ok := zoneAbbreviations[upper(f)]; ok {
		n := h * 3600
		p.zone = &n
		return nil
	}
	if strings.Contains(f, "/") {
		for _, name := range []string{f, titleZone(f)} {
			if loc, err := time.LoadLocation(name); err == nil {
				p.loc = loc
				return nil
			}
		}
	}
	return errDateSyntax
}

// titleZone restores the capitals of a zone's name: america/new_york.
func titleZone(s string) string {
	b := []byte(s)
	up := true
	for i := range b {
		if up && b[i] >= 'a' && b[i] <= 'z' {
			b[i] -= 'a' - 'A'
		}
		up = b[i] == '/' || b[i] == '_' || b[i] == '-'
	}
	return string(b)
}

// clock reads 10:00[:00[.5]][am|pm][zone].
func (p *civilParser) clock(f string) error {
	if p.haveTime {
		return errDateSyntax
	}
	p.haveTime = true
	end := 0
	for end < len(f) && (isDigit(f[end]) || f[end] == ':' || f[end] == '.') {
		end++
	}
	rest := f[end:]
	parts := strings.Split(f[:end], ":")
	if len(parts) < 2 {
		return errDateSyntax
	}
	if len(parts) > 3 {
		if len(parts) == 4 { // 10:00:00:500 has milliseconds after a colon
			parts = []string{parts[0], parts[1], parts[2] + "." + parts[3]}
		} else {
			return errDateSyntax
		}
	}
	var err error
	if p.hour, err = small(parts[0]); err != nil {
		return err
	}
	if p.minute, err = small(parts[1]); err != nil {
		return err
	}
	if len(parts) == 3 {
		sec, frac, _ := strings.Cut(parts[2], ".")
		if p.sec, err = small(sec); err != nil {
			return err
		}
		if p.micro, err = microseconds(frac); err != nil {
			return err
		}
	}
	switch {
	case rest == "":
		return nil
	case rest == "am":
		p.am = true
		return nil
	case rest == "pm":
		p.pm = true
		return nil
	case rest[0] == '+' || rest[0] == '-':
		return p.offset(rest)
	}
	return p.zoneNamed(rest)
}

// microseconds reads the digits after a point, rounded to six.
func microseconds(frac string) (int, error) {
	if frac == "" {
		return 0, nil
	}
	if len(frac) > 6 {
		frac = frac[:6]
	}
	n, err := strconv.Atoi(frac)
	if err != nil {
		return 0, errDateSyntax
	}
	for i := len(frac); i < 6; i++ {
		n *= 10
	}
	return n, nil
}

func small(s string) (int, error) {
	if len(s) == 0 || len(s) > 9 {
		return 0, errDateSyntax
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, errDateSyntax
	}
	return n, nil
}

// offset reads +02, +02:30, +0230.
func (p *civilParser) offset(f string) error {
	sign := 1
	if f[0] == '-' {
		sign = -1
	}
	digits := strings.ReplaceAll(f[1:], ":", "")
	if len(digits) == 1 || len(digits) == 3 {
		digits = "0" + digits
	}
	if len(digits) != 2 && len(digits) != 4 && len(digits) != 6 {
		return errDateSyntax
	}
	n, err := small(digits)
	if err != nil {
		return err
	}
	switch len(digits) {
	case 2:
		n *= 3600
	case 4:
		n = n/100*3600 + n%100*60
	case 6:
		n = n/10000*3600 + n/100%100*60 + n%100
	}
	if n > 16*3600 {
		return errDateRange
	}
	n *= sign
	p.zone = &n
	return nil
}

// dashed reads a date with separators: 2024-01-31, 01/31/2024, 8-Jan-1999.
func (p *civilParser) dashed(f string) error {
	if p.haveDate {
		return errDateSyntax
	}
	parts := strings.FieldsFunc(f, func(r rune) bool { return r == '-' || r == '/' || r == '.' })
	if len(parts) == 2 && strings.Contains(f, ".") && p.nums == nil { // 1999.008: year and day of year
		return errDateSyntax
	}
	if len(parts) != 3 {
		return errDateSyntax
	}
	name := -1
	nums := make([]int, 3)
	for i, s := range parts {
		if m := monthNumber(s); m > 0 && name < 0 {
			name, nums[i] = i, m
			continue
		}
		n, err := small(s)
		if err != nil {
			return err
		}
		nums[i] = n
	}
	switch {
	case len(parts[0]) >= 3 && name != 0:
		p.year, p.month, p.day = nums[0], nums[1], nums[2]
		if name == 2 {
			p.month, p.day = nums[2], nums[1]
		}
	case name == 1:
		p.day, p.month, p.year = nums[0], nums[1], fullYear(parts[2], nums[2])
	case name == 2:
		return errDateSyntax
	default:
		p.month, p.day, p.year = nums[0], nums[1], fullYear(parts[2], nums[2])
	}
	p.haveDate = true
	return nil
}

// fullYear completes a year of two digits.
func fullYear(text string, n int) int {
	if len(text) > 2 {
		return n
	}
	if n < 70 {
		return 2000 + n
	}
	return 1900 + n
}

// number reads digits without separators: 20240131, 240131, 20240131101500, or a day or year beside a month's name.
func (p *civilParser) number(f string) error {
	digits := f
	if i := strings.IndexFunc(f, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
		suffix := f[i:]
		if suffix != "st" && suffix != "nd" && suffix != "rd" && suffix != "th" && suffix != "z" {
			return errDateSyntax
		}
		digits = f[:i]
	}
	at := func(i, n int) int {
		v, _ := strconv.Atoi(digits[i : i+n])
		return v
	}
	switch {
	case p.month3 == 0 && !p.haveDate && len(digits) == 8:
		p.year, p.month, p.day, p.haveDate = at(0, 4), at(4, 2), at(6, 2), true
	case p.month3 == 0 && !p.haveDate && len(digits) == 6:
		p.year, p.month, p.day, p.haveDate = fullYear(digits[:2], at(0, 2)), at(2, 2), at(4, 2), true
	case p.month3 == 0 && !p.haveDate && len(digits) == 14:
		p.year, p.month, p.day, p.haveDate = at(0, 4), at(4, 2), at(6, 2), true
		p.hour, p.minute, p.sec, p.haveTime = at(8, 2), at(10, 2), at(12, 2), true
	case p.haveDate && !p.haveTime && len(digits) == 6:
		p.hour, p.minute, p.sec, p.haveTime = at(0, 2), at(2, 2), at(4, 2), true
	case len(digits) <= 4:
		n, err := small(digits)
		if err != nil {
			return err
		}
		if len(digits) >= 3 {
			p.nums = append(p.nums, -n-1) // surely a year
		} else {
			p.nums = append(p.nums, n)
		}
	default:
		return errDateSyntax
	}
	return nil
}

func (p *civilParser) finish() (civil, error) {
	if !p.haveDate {
		if p.month3 == 0 || len(p.nums) != 2 {
			return civil{}, errDateSyntax
		}
		day, year := p.nums[0], p.nums[1]
		if day < 0 {
			day, year = year, day
		}
		if year < 0 {
			year = -year - 1
		} else {
			year = fullYear("00", year)
		}
		p.month, p.day, p.year = p.month3, day, year
	} else if len(p.nums) > 0 || p.month3 > 0 {
		return civil{}, errDateSyntax
	}
	switch {
	case p.pm && p.hour < 12:
		p.hour += 12
	case p.am && p.hour == 12:
		p.hour = 0
	}
	if p.month < 1 || p.month > 12 || p.day < 1 || p.day > daysIn(p.year, p.month) || p.hour > 24 || p.minute > 59 || p.sec > 60 ||
		p.year < 1 || p.year > 294276 || p.hour == 24 && (p.minute > 0 || p.sec > 0) {
		return civil{}, errDateRange
	}
	if p.hour == 24 || p.sec == 60 {
		t := time.Date(p.year, time.Month(p.month), p.day, p.hour, p.minute, p.sec, p.micro*1000, time.UTC)
		p.year, p.month, p.day, p.hour, p.minute, p.sec = t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute(), t.Second()
	}
	return p.civil, nil
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}
