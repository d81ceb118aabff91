package sql

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// formatToken is one element of a date format: a keyword, or literal text.
type formatToken struct {
	key    string // upper case; "" for text
	text   string // as written
	fill   bool   // FM before it
	suffix string // "TH" or "th"
}

var formatKeys = []string{
	"Y,YYY", "YYYY", "YYY", "YY", "IYYY", "IYY", "IY", "HH24", "HH12", "HH", "MONTH", "MON", "MM", "MI", "MS", "DAY", "DDD", "DD", "DY",
	"SSSS", "SS", "US", "A.M.", "P.M.", "AM", "PM", "B.C.", "A.D.", "BC", "AD", "CC", "WW", "IW", "ID", "RM", "TZ", "OF", "Q", "J", "W", "D", "Y", "I",
}

// parseFormat cuts a date format into tokens.
func parseFormat(format string) []formatToken {
	var out []formatToken
	up := upper(format)
	fill := false
	for i := 0; i < len(format); {
		if strings.HasPrefix(up[i:], "FM") {
			fill = true
			i += 2
			continue
		}
		if format[i] == '"' {
			end := strings.IndexByte(format[i+1:], '"')
			if end < 0 {
				end = len(format) - i - 1
			}
			out = append(out, formatToken{text: format[i+1 : i+1+end]})
			i = min(i+end+2, len(format))
			continue
		}
		found := false
		for _, k := range formatKeys {
			if strings.HasPrefix(up[i:], k) {
				t := formatToken{key: k, text: format[i : i+len(k)], fill: fill}
				fill = false
				i += len(k)
				if strings.HasPrefix(up[i:], "TH") {
					t.suffix = format[i : i+2]
					i += 2
				}
				out = append(out, t)
				found = true
				break
			}
		}
		if !found {
			_, n := firstRune(format[i:])
			out = append(out, formatToken{text: format[i : i+n]})
			i += n
		}
	}
	return out
}

type formatCache struct {
	mu sync.Mutex
	m  map[string][]formatToken
}

func (f *formatCache) get(format string) []formatToken {
	f.mu.Lock()
	defer f.mu.Unlock()
	t, ok := f.m[format]
	if !ok {
		if len(f.m) > 256 {
			clear(f.m)
		}
		t = parseFormat(format)
		f.m[format] = t
	}
	return t
}

// FormatTimestamp is TO_CHAR of a wall-clock time; zone names its time zone, "" for none.
func FormatTimestamp(t time.Time, format, zone string) string {
	return formatTimestamp(t, parseFormat(format), zone)
}

func formatTimestamp(t time.Time, tokens []formatToken, zone string) string {
	t = t.UTC()
	var b strings.Builder
	num := func(tok formatToken, width, n int) {
		s := strconv.Itoa(n)
		if !tok.fill {
			s = fmt.Sprintf("%0*d", width, n)
		}
		if tok.suffix != "" {
			s += ordinalSuffix(strconv.Itoa(n), tok.suffix)
		}
		b.WriteString(s)
	}
	name := func(tok formatToken, full string, width int) {
		s := full
		switch {
		case tok.text == upper(tok.text):
			s = upper(full)
		case tok.text == strings.ToLower(tok.text):
			s = strings.ToLower(full)
		}
		if !tok.fill && width > 0 {
			s = fmt.Sprintf("%-*s", width, s)
		}
		b.WriteString(s)
	}
	year := t.Year()
	isoYear, isoWeek := t.ISOWeek()
	for _, tok := range tokens {
		switch tok.key {
		case "":
			b.WriteString(tok.text)
		case "YYYY":
			num(tok, 4, year)
		case "YYY":
			num(tok, 3, year%1000)
		case "YY":
			num(tok, 2, year%100)
		case "Y":
			num(tok, 1, year%10)
		case "Y,YYY":
			b.WriteString(fmt.Sprintf("%d,%03d", year/1000, year%1000))
		case "IYYY":
			num(tok, 4, isoYear)
		case "IYY":
			num(tok, 3, isoYear%1000)
		case "IY":
			num(tok, 2, isoYear%100)
		case "I":
			num(tok, 1, isoYear%10)
		case "CC":
			num(tok, 2, (year+99)/100)
		case "Q":
			num(tok, 1, (int(t.Month())+2)/3)
		case "MM":
			num(tok, 2, int(t.Month()))
		case "MONTH":
			name(tok, t.Month().String(), 9)
		case "MON":
			name(tok, t.Month().String()[:3], 0)
		case "RM":
			s := []string{"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"}[t.Month()-1]
			name(tok, s, 4)
		case "WW":
			num(tok, 2, (t.YearDay()-1)/7+1)
		case "W":
			num(tok, 1, (t.Day()-1)/7+1)
		case "IW":
			num(tok, 2, isoWeek)
		case "DAY":
			name(tok, t.Weekday().String(), 9)
		case "DY":
			name(tok, t.Weekday().String()[:3], 0)
		case "DDD":
			num(tok, 3, t.YearDay())
		case "DD":
			num(tok, 2, t.Day())
		case "D":
			num(tok, 1, int(t.Weekday())+1)
		case "ID":
			num(tok, 1, (int(t.Weekday())+6)%7+1)
		case "J":
			num(tok, 7, int(t.Unix()/86400)+2440588)
		case "HH24":
			num(tok, 2, t.Hour())
		case "HH12", "HH":
			num(tok, 2, (t.Hour()+11)%12+1)
		case "MI":
			num(tok, 2, t.Minute())
		case "SS":
			num(tok, 2, t.Second())
		case "MS":
			num(tok, 3, t.Nanosecond()/1e6)
		case "US":
			num(tok, 6, t.Nanosecond()/1e3)
		case "SSSS":
			num(tok, 1, t.Hour()*3600+t.Minute()*60+t.Second())
		case "AM", "PM", "A.M.", "P.M.":
			s := "AM"
			if t.Hour() >= 12 {
				s = "PM"
			}
			if strings.Contains(tok.key, ".") {
				s = s[:1] + ".M."
			}
			if tok.text == strings.ToLower(tok.text) {
				s = strings.ToLower(s)
			}
			b.WriteString(s)
		case "BC", "AD", "B.C.", "A.D.":
			s := "AD"
			if year < 1 {
				s = "BC"
			}
			if strings.Contains(tok.key, ".") {
				s = s[:1] + "." + s[1:] + "."
			}
			if tok.text == strings.ToLower(tok.text) {
				s = strings.ToLower(s)
			}
			b.WriteString(s)
		case "TZ", "OF":
			if zone == "" {
				break
			}
			local := t
			if loc, err := time.LoadLocation(zone); err == nil {
				local = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, loc)
			}
			abbr, off := local.Zone()
			if tok.key == "OF" {
				b.WriteString(offsetText(off))
			} else if tok.text == "tz" {
				b.WriteString(strings.ToLower(abbr))
			} else {
				b.WriteString(abbr)
			}
		}
	}
	return b.String()
}

// offsetText is +hh or +hh:mm.
func offsetText(seconds int) string {
	sign := "+"
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	s := fmt.Sprintf("%s%02d", sign, seconds/3600)
	if m := seconds % 3600 / 60; m > 0 {
		s += fmt.Sprintf(":%02d", m)
	}
	return s
}

// ParseFormatted reads text by a date format, as TO_DATE, TO_TIMESTAMP and COPY do. strict refuses days that the month has
// not; otherwise they run over into the next month.
func ParseFormatted(s, format string, strict bool) (time.Time, error) {
	c, err := parseFormatted(s, parseFormat(format), strict)
	if err != nil {
		return time.Time{}, err
	}
	loc := time.UTC
	if c.zone != nil {
		loc = time.FixedZone("", *c.zone)
	}
	return time.Date(c.year, time.Month(c.month), c.day, c.hour, c.minute, c.sec, c.micro*1000, loc), nil
}

func parseFormatted(s string, tokens []formatToken, strict bool) (civil, error) {
	c := civil{year: 1, month: 1, day: 1}
	pos := 0
	bad := func() (civil, error) {
		return civil{}, errAt(-1, CodeInvalidDatetime, "invalid value for the date format: \"%s\"", s)
	}
	skip := func() {
		for pos < len(s) && (s[pos] == ' ' || s[pos] == '\t') {
			pos++
		}
	}
	digits := func(maxLen int) (int, bool) {
		skip()
		start := pos
		for pos < len(s) && pos-start < maxLen && isDigit(s[pos]) {
			pos++
		}
		if pos == start {
			return 0, false
		}
		n, err := strconv.Atoi(s[start:pos])
		return n, err == nil
	}
	word := func() string {
		skip()
		start := pos
		for pos < len(s) && (s[pos] >= 'a' && s[pos] <= 'z' || s[pos] >= 'A' && s[pos] <= 'Z' || s[pos] == '.') {
			pos++
		}
		return foldASCII(s[start:pos])
	}
	pm, am, doy, haveYear := false, false, 0, false
	julian := 0
	for i, tok := range tokens {
		if pos >= len(s) {
			break
		}
		// A number runs on to the next separator only when the format has one there.
		width := func(n int) int {
			if i+1 < len(tokens) && tokens[i+1].key == "" || i+1 == len(tokens) {
				return max(n, 4)
			}
			return n
		}
		var n int
		ok := true
		switch tok.key {
		case "":
			if tok.text == " " {
				skip()
				continue
			}
			// Separators need not be the same ones.
			if isSeparator(tok.text[0]) {
				if pos < len(s) && isSeparator(s[pos]) {
					pos++
				}
				continue
			}
			for range tok.text {
				if pos < len(s) {
					_, w := firstRune(s[pos:])
					pos += w
				}
			}
		case "YYYY", "IYYY":
			start := pos
			n, ok = digits(4)
			if ok && pos-start <= 2 && n < 100 {
				n = fullYear("00", n)
			}
			c.year, haveYear = n, true
		case "Y,YYY":
			n, ok = digits(3)
			if ok && pos < len(s) && s[pos] == ',' {
				pos++
				var rest int
				rest, ok = digits(3)
				n = n*1000 + rest
			}
			c.year, haveYear = n, true
		case "YYY", "IYY":
			n, ok = digits(3)
			c.year, haveYear = 2000+n, true
		case "YY", "IY":
			n, ok = digits(2)
			c.year, haveYear = fullYear("00", n), true
		case "Y", "I":
			n, ok = digits(1)
			c.year, haveYear = 2000+n, true
		case "MM":
			c.month, ok = digits(2)
		case "MONTH", "MON":
			skip()
			start := pos
			w := word()
			c.month = monthNumber(w)
			if c.month == 0 && len(w) > 3 {
				c.month = monthNumber(w[:3])
				pos = start + 3
			}
			ok = c.month > 0
		case "DAY", "DY":
			ok = word() != ""
		case "DD":
			c.day, ok = digits(2)
		case "DDD":
			doy, ok = digits(3)
		case "J":
			julian, ok = digits(7)
		case "HH24", "HH12", "HH":
			c.hour, ok = digits(2)
		case "MI":
			c.minute, ok = digits(2)
		case "SS":
			c.sec, ok = digits(2)
		case "SSSS":
			n, ok = digits(5)
			c.hour, c.minute, c.sec = n/3600, n/60%60, n%60
		case "MS", "US":
			skip()
			start := pos
			if _, ok = digits(width(6)); ok {
				frac := s[start:pos]
				if len(frac) > 6 {
					frac = frac[:6]
				}
				c.micro, _ = microseconds(frac)
			}
		case "AM", "PM", "A.M.", "P.M.":
			w := word()
			pm, am = strings.HasPrefix(w, "p"), strings.HasPrefix(w, "a")
			ok = pm || am
		case "BC", "AD", "B.C.", "A.D.":
			c.bc = strings.HasPrefix(word(), "b")
		case "Q", "WW", "W", "IW", "D", "ID", "CC":
			_, ok = digits(2)
		case "RM":
			w := upper(word())
			ok = false
			for m, r := range []string{"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"} {
				if w == r {
					c.month, ok = m+1, true
				}
			}
		case "TZ", "OF":
			skip()
			end := pos
			for end < len(s) && s[end] != ' ' {
				end++
			}
			var p civilParser
			p.haveTime = true
			f := foldASCII(s[pos:end])
			var err error
			if f != "" && (f[0] == '+' || f[0] == '-') {
				err = p.offset(f)
			} else {
				err = p.zoneNamed(f)
			}
			ok = err == nil
			c.zone = p.zone
			if p.loc != nil {
				_, off := time.Date(c.year, time.Month(c.month), c.day, c.hour, c.minute, c.sec, 0, p.loc).Zone()
				c.zone = &off
			}
			pos = end
		}
		if !ok {
			return bad()
		}
	}
	switch {
	case pm && c.hour < 12:
		c.hour += 12
	case am && c.hour == 12:
		c.hour = 0
	}
	rangeError := func() (civil, error) {
		return civil{}, errAt(-1, CodeDatetimeOverflow, "date/time field value out of range: \"%s\"", s)
	}
	if c.month < 1 || c.month > 12 || c.hour > 23 || c.minute > 59 || c.sec > 59 || c.day < 1 || c.day > 31 || haveYear && c.year < 1 {
		return rangeError()
	}
	switch {
	case julian > 0:
		t := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, julian-2451545)
		c.year, c.month, c.day = t.Year(), int(t.Month()), t.Day()
	case doy > 0:
		if doy > 366 {
			return rangeError()
		}
		t := time.Date(c.year, 1, doy, 0, 0, 0, 0, time.UTC)
		c.month, c.day = int(t.Month()), t.Day()
	case c.day > daysIn(c.year, c.month):
		if strict {
			return rangeError()
		}
		t := time.Date(c.year, time.Month(c.month), c.day, 0, 0, 0, 0, time.UTC)
		c.year, c.month, c.day = t.Year(), int(t.Month()), t.Day()
	}
	return c, nil
}

func isSeparator(b byte) bool { return strings.IndexByte(" -/.,:;_", b) >= 0 }
