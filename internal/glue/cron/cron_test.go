package cron

import (
	"strings"
	"testing"
	"time"
)

func TestNext(t *testing.T) {
	cases := []struct {
		expr, after string
		want        []string
	}{
		{"cron(15 12 * * ? *)", "2026-11-25T12:14:59Z", []string{"2026-11-25T12:15", "2026-11-26T12:15"}},
		{"cron(15 12 * * ? *)", "2026-11-25T12:15:00Z", []string{"2026-11-26T12:15"}},
		{"cron(0/15 * * * ? *)", "2026-11-25T12:14:59Z", []string{"2026-11-25T12:15", "2026-11-25T12:30", "2026-11-25T12:45", "2026-11-25T13:00"}},
		{"cron(0 8 1 * ? *)", "2026-12-01T08:00:00Z", []string{"2027-01-01T08:00", "2027-02-01T08:00"}},
		{"cron(0 10 ? * MON-FRI *)", "2026-11-27T10:00:00Z", []string{"2026-11-30T10:00"}}, // Friday, then Monday
		{"cron(0 10 ? * 2-6 *)", "2026-11-27T10:00:00Z", []string{"2026-11-30T10:00"}},
		{"cron(0 10 ? * 1 *)", "2026-11-27T10:00:00Z", []string{"2026-11-29T10:00"}}, // 1 is Sunday
		{"cron(0 0 L * ? *)", "2028-01-31T00:00:00Z", []string{"2028-02-29T00:00", "2028-03-31T00:00"}},
		{"cron(0 0 LW * ? *)", "2026-10-30T00:00:00Z", []string{"2026-11-30T00:00", "2026-12-31T00:00", "2027-01-29T00:00"}},
		{"cron(0 0 3W * ? *)", "2026-09-30T00:00:00Z", []string{"2026-10-02T00:00", "2026-11-03T00:00"}}, // the 3rd is a Saturday
		{"cron(0 0 1W * ? *)", "2026-07-31T00:00:00Z", []string{"2026-08-03T00:00"}},                     // never into July
		{"cron(0 0 ? * 5L *)", "2026-11-25T00:00:00Z", []string{"2026-11-26T00:00", "2026-12-31T00:00"}},
		{"cron(0 0 ? * 2#1 *)", "2026-11-25T00:00:00Z", []string{"2026-12-07T00:00"}},
		{"cron(0 22-2 * * ? *)", "2026-11-25T22:30:00Z", []string{"2026-11-25T23:00", "2026-11-26T00:00", "2026-11-26T01:00", "2026-11-26T02:00", "2026-11-26T22:00"}},
		{"cron(0 0 29 feb ? *)", "2026-11-25T00:00:00Z", []string{"2028-02-29T00:00"}},
		{"cron(0 0 1 1 ? 2030,2040)", "2026-11-25T00:00:00Z", []string{"2030-01-01T00:00", "2040-01-01T00:00"}},
		{"cron(0 0 1 1 ? 2020)", "2026-11-25T00:00:00Z", []string{""}},
		{"cron(0 0 31 2 ? *)", "2026-11-25T00:00:00Z", []string{""}},
	}
	for _, c := range cases {
		s, err := Parse(c.expr)
		if err != nil {
			t.Error(err)
			continue
		}
		at, err := time.Parse(time.RFC3339, c.after)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range c.want {
			at = s.Next(at)
			got := ""
			if !at.IsZero() {
				got = at.Format("2006-01-02T15:04")
			}
			if got != w {
				t.Errorf("%s after %s: got %q, want %q", c.expr, c.after, got, w)
				break
			}
		}
	}
}

func TestErrors(t *testing.T) {
	cases := map[string]string{
		"":                         "it must have the form",
		"rate(1 day)":              "it must have the form",
		"cron(0 0 * * ?)":          "it has 5 fields, not 6",
		"cron(60 0 * * ? *)":       "minutes: 60 is not between 0 and 59",
		"cron(0 24 * * ? *)":       "hours: 24 is not between 0 and 23",
		"cron(0 0 0 * ? *)":        "day-of-month: 0 is not between 1 and 31",
		"cron(0 0 ? XYZ 2 *)":      `month: "XYZ" is not understood`,
		"cron(0 0 ? * 8 *)":        "day-of-week: 8 is not between 1 and 7",
		"cron(0 0 ? * 2#6 *)":      "day-of-week: 6 is not between 1 and 5",
		"cron(0 0 * * ? 1969)":     "year: 1969 is not between 1970 and 2199",
		"cron(0 0 * * * *)":        "exactly one of day-of-month and day-of-week must be ?",
		"cron(0 0 ? * ? *)":        "exactly one of day-of-month and day-of-week must be ?",
		"cron(* * * * ? *)":        "it fires every 1m0s, more often than every 5m0s",
		"cron(0,3 12 * * ? *)":     "it fires every 3m0s",
		"cron(0/0 12 * * ? *)":     `"0" is no step`,
		"cron(-1 12 * * ? *)":      `"" is not understood`,
		"cron(0 12 ,1 * ? *)":      `"" is not understood`,
		"cron(0/99999 12 * * ? *)": `"99999" is no step`,
	}
	for expr, want := range cases {
		_, err := Parse(expr)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", expr, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("cron(0/15 22-2 3W JAN-DEC ? 2020-2030/2)")
	f.Add("cron(0 10 ? * 2#1 *)")
	f.Fuzz(func(t *testing.T, expr string) {
		s, err := Parse(expr)
		if err != nil {
			return
		}
		from := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
		if next := s.Next(from); !next.IsZero() && !next.After(from) {
			t.Errorf("%s fires at %v, not after %v", expr, next, from)
		}
	})
}
