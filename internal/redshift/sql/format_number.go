package sql

import (
	"math/big"
	"strings"
)

// numberFormat is a parsed numeric template of TO_CHAR.
type numberFormat struct {
	elems  []string // "9", "0", ".", ",", "S", "L", text...
	whole  int      // digit places before the point
	frac   int
	fill   bool // FM
	sign   string
	shift  int // V
	exp    bool
	roman  bool
	th     string
	zeroAt int // index of the first 0 among whole digits, -1
}

// FormatNumber is TO_CHAR of a number given as text.
func FormatNumber(number, format string) (string, error) {
	switch number {
	case "nan", "NaN", "inf", "-inf", "Infinity", "-Infinity":
		return number, nil
	}
	r, ok := rational(number)
	if !ok {
		return "", errAt(-1, CodeInvalidText, "invalid input syntax for type numeric: \"%s\"", number)
	}
	f := parseNumberFormat(format)
	if f.roman {
		return roman(r, f.fill), nil
	}
	neg := r.Sign() < 0
	abs := new(big.Rat).Abs(r)
	if f.exp {
		return exponent(abs, neg, f), nil
	}
	if f.shift > 0 {
		abs.Mul(abs, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(f.shift)), nil)))
	}
	whole, frac, _ := strings.Cut(roundHalfUp(abs, f.frac), ".")
	if strings.Trim(whole+frac, "0") == "" {
		neg = false
	}
	whole = strings.TrimLeft(whole, "0")
	overflow := len(whole) > f.whole
	var b strings.Builder
	di, seen := 0, false
	wholeDigits := strings.Repeat(" ", max(f.whole-len(whole), 0)) + whole
	started := false
	point := false
	lastFrac := len(strings.TrimRight(frac, "0"))
	signed := false
	putSign := func() {
		if signed || f.sign != "" {
			return
		}
		signed = true
		if neg {
			b.WriteByte('-')
		} else if !f.fill {
			b.WriteByte(' ')
		}
	}
	var body []string
	flush := func(s string) { body = append(body, s) }
	for _, e := range f.elems {
		switch e {
		case "9", "0":
			if point {
				switch {
				case overflow:
					flush("#")
				case f.fill && e == "9" && di >= lastFrac:
				default:
					flush(frac[di : di+1])
				}
				di++
				continue
			}
			ch := "#"
			if !overflow {
				ch = wholeDigits[di : di+1]
			}
			if ch == " " {
				if started || e == "0" || f.zeroAt >= 0 && di >= f.zeroAt {
					ch, started = "0", true
				}
			} else {
				started = true
			}
			if ch == " " {
				// The last place before the point shows a zero only under FM-less formats that have no digits at all.
				flush("\x01")
			} else {
				flush(ch)
				seen = true
			}
			di++
		case ".", "D":
			point, di = true, 0
			flush(".")
		case ",", "G":
			if started || overflow {
				flush(",")
			} else {
				flush("\x01")
			}
		case "L":
			flush("$")
		default:
			flush(e)
		}
	}
	_ = seen
	if !point && !started && !overflow && f.whole > 0 { // the number is zero
		for i := len(body) - 1; i >= 0; i-- {
			if body[i] == "\x01" {
				body[i] = "0"
				break
			}
		}
	}
	text := strings.Join(body, "")
	lead := 0
	for lead < len(text) && text[lead] == 1 {
		lead++
	}
	pad := strings.Repeat(" ", lead)
	core := strings.ReplaceAll(text[lead:], "\x01", " ")
	if f.fill {
		pad = ""
		core = strings.ReplaceAll(core, " ", "")
	}
	switch f.sign {
	case "":
		b.WriteString(pad)
		putSign()
		b.WriteString(core)
	case "S":
		s := "+"
		if neg {
			s = "-"
		}
		b.WriteString(pad + s + core)
	case "S>":
		s := "+"
		if neg {
			s = "-"
		}
		b.WriteString(pad + core + s)
	case "MI", "MI>":
		s := " "
		if neg {
			s = "-"
		}
		if f.fill && !neg {
			s = ""
		}
		if f.sign == "MI" {
			b.WriteString(s + pad + core)
		} else {
			b.WriteString(pad + core + s)
		}
	case "PL":
		s := "+"
		if neg {
			s = " "
		}
		if neg {
			b.WriteString(s + pad + "-" + core)
		} else {
			b.WriteString(s + pad + core)
		}
	case "PR":
		if neg {
			b.WriteString(pad + "<" + core + ">")
		} else if f.fill {
			b.WriteString(core)
		} else {
			b.WriteString(pad + " " + core + " ")
		}
	}
	if f.th != "" && !neg && f.frac == 0 && !overflow {
		b.WriteString(ordinalSuffix(whole, f.th))
	}
	return b.String(), nil
}

func roundHalfUp(r *big.Rat, digits int) string {
	s := r.FloatString(digits) // rounds half away from zero
	return s
}

func parseNumberFormat(format string) numberFormat {
	f := numberFormat{zeroAt: -1}
	up := upper(format)
	point, digits := false, false
	for i := 0; i < len(format); {
		rest := up[i:]
		step := 1
		switch {
		case strings.HasPrefix(rest, "FM"):
			f.fill = true
			step = 2
		case strings.HasPrefix(rest, "EEEE"):
			f.exp = true
			step = 4
		case strings.HasPrefix(rest, "RN"):
			f.roman = true
			step = 2
		case strings.HasPrefix(rest, "TH"):
			f.th = format[i : i+2]
			step = 2
		case strings.HasPrefix(rest, "MI"):
			f.sign = "MI"
			if digits {
				f.sign = "MI>"
			}
			step = 2
		case strings.HasPrefix(rest, "PL"), strings.HasPrefix(rest, "SG"):
			f.sign = "PL"
			if rest[0] == 'S' {
				f.sign = "S"
			}
			step = 2
		case strings.HasPrefix(rest, "PR"):
			f.sign = "PR"
			step = 2
		case rest[0] == 'S':
			f.sign = "S"
			if digits {
				f.sign = "S>"
			}
		case rest[0] == 'V':
			f.shift = strings.Count(rest, "9") + strings.Count(rest, "0")
		case rest[0] == '9', rest[0] == '0':
			digits = true
			if point {
				f.frac++
			} else {
				if rest[0] == '0' && f.zeroAt < 0 {
					f.zeroAt = f.whole
				}
				f.whole++
			}
			f.elems = append(f.elems, rest[:1])
		case rest[0] == '.', rest[0] == 'D':
			if !point {
				f.elems = append(f.elems, ".")
			}
			point = true
		case rest[0] == ',', rest[0] == 'G':
			f.elems = append(f.elems, ",")
		case rest[0] == 'L', rest[0] == '$':
			f.elems = append(f.elems, "L")
		case rest[0] == '"':
			end := strings.IndexByte(format[i+1:], '"')
			if end < 0 {
				end = len(format) - i - 1
			}
			f.elems = append(f.elems, format[i+1:i+1+end])
			step = min(end+2, len(format)-i)
		default:
			f.elems = append(f.elems, format[i:i+1])
		}
		i += step
	}
	return f
}

func exponent(abs *big.Rat, neg bool, f numberFormat) string {
	e := 0
	ten := big.NewRat(10, 1)
	one := big.NewRat(1, 1)
	x := new(big.Rat).Set(abs)
	if x.Sign() != 0 {
		for x.Cmp(ten) >= 0 {
			x.Quo(x, ten)
			e++
		}
		for x.Cmp(one) < 0 {
			x.Mul(x, ten)
			e--
		}
	}
	s := x.FloatString(f.frac)
	if strings.HasPrefix(s, "10") {
		s = new(big.Rat).Quo(x, ten).FloatString(f.frac)
		e++
	}
	sign := " "
	if neg {
		sign = "-"
	} else if f.fill {
		sign = ""
	}
	es := "+"
	if e < 0 {
		es, e = "-", -e
	}
	d := itoa(e)
	if len(d) < 2 {
		d = "0" + d
	}
	return sign + s + "e" + es + d
}

func roman(r *big.Rat, fill bool) string {
	n := new(big.Int).Quo(r.Num(), r.Denom())
	out := "###############"
	if n.IsInt64() && n.Int64() >= 1 && n.Int64() <= 3999 {
		v := n.Int64()
		var b strings.Builder
		for i, num := range []int64{1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1} {
			for v >= num {
				b.WriteString([]string{"M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"}[i])
				v -= num
			}
		}
		out = b.String()
	}
	if fill {
		return out
	}
	return strings.Repeat(" ", max(15-len(out), 0)) + out
}

// ordinalSuffix is st, nd, rd or th, in capitals for TH.
func ordinalSuffix(digits, style string) string {
	s := "th"
	n := len(digits)
	teen := n > 1 && digits[n-2] == '1'
	if n > 0 && !teen {
		switch digits[n-1] {
		case '1':
			s = "st"
		case '2':
			s = "nd"
		case '3':
			s = "rd"
		}
	}
	if style == "TH" {
		return upper(s)
	}
	return s
}
