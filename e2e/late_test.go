package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// published is what the warehouse and the lake say of the flights that arrived.
func (p *tarn) published(dir string) string {
	p.t.Helper()
	r := p.one(dir, "select count(*) as n, avg(arr_delay::float) as late, count(distinct flight_date) as days from delays")
	return fmt.Sprintf("%v %.2f in %v days, %v clean", r["n"], r["late"], r["days"], p.one(dir, "select count(*) as n from clean_flights")["n"])
}

// asked is what is published, and how many flights the raw files hold.
func (p *tarn) asked(dir string) string {
	p.t.Helper()
	return fmt.Sprintf("%s, %v raw", p.published(dir), p.one(dir, "select count(*) as n from raw.flights")["n"])
}

// one asks for a single row.
func (p *tarn) one(dir, query string) map[string]any {
	p.t.Helper()
	rows := p.sql(dir, query)
	if len(rows) != 1 {
		p.t.Fatalf("%s gives %d rows", query, len(rows))
	}
	return rows[0]
}

// whole is what asked says of the whole year.
const whole = "327346 6.90 in 365 days, 327346 clean, 336776 raw"

func upTo(n int) []int {
	var out []int
	for m := 1; m <= n; m++ {
		out = append(out, m)
	}
	return out
}

// lateMonth: a run reads only the file that came after the last one.
func (p *tarn) lateMonth(t *testing.T) {
	dir := flights(t, upTo(11)...)
	p.project(dir, "apply")
	p.push(dir)
	p.project(dir, "run")
	expect(t, p.asked(dir), counted(t, dir))
	contains(t, p.project(dir, "logs", "clean_flights"), "11 of 11 files are new")

	addMonth(t, dir, 12)
	contains(t, p.project(dir, "run"), "1 file")
	log := p.project(dir, "logs", "clean_flights")
	contains(t, log, "1 of 12 files is new", month(12))
	for m := 1; m <= 11; m++ {
		if strings.Contains(log, month(m)) {
			t.Errorf("the log names %s, which was read before:\n%s", month(m), log)
		}
	}
	expect(t, p.asked(dir), whole)

	contains(t, p.project(dir, "run"), "no new files")
	contains(t, p.project(dir, "logs", "clean_flights"), "0 of 12 files are new")
	expect(t, p.asked(dir), whole)
}

func contains(t testing.TB, got string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("%q is not in\n%s", w, got)
		}
	}
}
