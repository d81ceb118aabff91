package logs

import (
	"strings"
	"testing"

	"tarn/internal/awsapi"
)

func TestPatterns(t *testing.T) {
	const doc = `{"level":"ERROR","n":12,"ok":true,"none":null,"user":{"ip":"10.1.2.3","a.b":1},"tags":["x","y"],"items":[{"id":1},{"id":7}]}`
	for _, c := range []struct {
		pattern, message string
		want             bool
	}{
		{"", "anything", true},
		{"ERROR", "an ERROR here", true}, {"ERROR", "an error here", false}, {"ERROR disk", "disk ERROR", true}, {"ERROR disk", "ERROR", false},
		{`"disk full"`, "the disk full", true}, {`"disk full"`, "full disk", false}, {`"a \"b\""`, `x a "b"`, true},
		{"?a ?b", "b", true}, {"?a ?b", "c", false}, {"-debug", "debug", false}, {"ERROR -debug", "ERROR", true}, {"a\tb", "b a", true},
		{"%ERR|WARN%", "a WARNING", true}, {"%^a.c$%", "abc", true}, {"%^a.c$%", "abcd", false},
		{`{ $.level = "ERROR" }`, doc, true}, {`{ $.level = ERR* }`, doc, true}, {`{$.level="WARN"}`, doc, false}, {`{ $.level != "WARN" }`, doc, true},
		{`{ $.level = "ERROR" }`, "no JSON", false}, {`{ $.missing = "x" }`, doc, false}, {`{ $.missing != "x" }`, doc, false},
		{`{ $.ok = "*" }`, doc, true}, {`{ $.nope = * }`, doc, false},
		{`{ $.n > 11 && $.n <= 12 }`, doc, true}, {`{ $.n < 12 }`, doc, false}, {`{ $.n = 1.2e1 }`, doc, true},
		{`{ $.ok IS TRUE }`, doc, true}, {`{ $.ok IS FALSE }`, doc, false}, {`{ $.none IS NULL }`, doc, true}, {`{ $.level is null }`, doc, false},
		{`{ $.nope NOT EXISTS }`, doc, true}, {`{ $.n NOT EXISTS }`, doc, false},
		{`{ $.user.ip = 10.1.* }`, doc, true}, {`{ $.user["a.b"] = 1 }`, doc, true}, {`{ $.tags[1] = "y" }`, doc, true}, {`{ $.tags[2] = "y" }`, doc, false},
		{`{ $.items[*].id = 7 }`, doc, true}, {`{ $.items[*].id = 8 }`, doc, false}, {`{ $.level = %^E.*R$% }`, doc, true},
		{`{ ($.n = 1 || $.n = 12) && $.ok IS TRUE }`, doc, true}, {`{ $.n = 1 || $.n = 12 && $.ok IS FALSE }`, doc, false},
	} {
		match, err := parsePattern(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		if got := match([]byte(c.message)); got != c.want {
			t.Errorf("%s on %s: %v", c.pattern, c.message, got)
		}
	}
	for _, bad := range []string{
		`"open`, `[ip, user]`, `%`, `%(%`, `{`, `{ }`, `{ $.a }`, `{ $.a = }`, `{ $.a = 1`, `{ $.a = 1 } x`, `{ a = 1 }`, `{ $. = 1 }`, `{ $.a[x] = 1 }`, `{ $.a[0 = 1 }`,
		`{ $.a > "x" }`, `{ $.a IS MAYBE }`, `{ $.a NOT 1 }`, `{ ($.a = 1 }`, `{ $.a = "x }`, `{ $.a = %x }`, `{ $.a = 1 && }`, "{" + strings.Repeat("(", 100000),
	} {
		if _, err := parsePattern(bad); !awsapi.IsCode(err, "InvalidParameterException") {
			t.Errorf("%.40s: %v", bad, err)
		}
	}
}

func FuzzPattern(f *testing.F) {
	for _, s := range []string{`a "b" -c ?d`, `{ ($.a.b[0]["c"] >= 1.5 || $.x IS NULL) && $.y NOT EXISTS }`, `{ $.a = %x% }`, `%a+%`, `{ $.a[*] != "x*" }`} {
		f.Add(s, `{"a":{"b":[{"c":2}]},"x":null}`)
	}
	f.Fuzz(func(t *testing.T, pattern, message string) {
		match, err := parsePattern(pattern)
		if err != nil {
			if !awsapi.IsCode(err, "InvalidParameterException") {
				t.Errorf("%q: %v", pattern, err)
			}
			return
		}
		match([]byte(message))
	})
}
