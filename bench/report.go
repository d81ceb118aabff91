package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// figure is one line of the report.
type figure struct {
	Part string `json:"part"`
	Name string `json:"name"`
	Unit string `json:"unit"`
	// P50 and P95 are of N samples. For a rate, p95 is the slow end.
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	N   int     `json:"n"`
	// Target bounds P95, from above; for a reference, and where none is set, it is 0.
	Target float64 `json:"target,omitempty"`
	// Reference figures were measured elsewhere, or are the peer's.
	Reference string `json:"reference,omitempty"`
	Note      string `json:"note,omitempty"`
}

func (f figure) verdict() string {
	switch {
	case f.Reference != "" || f.Target == 0:
		return ""
	case f.P95 <= f.Target:
		return "met"
	}
	return "missed"
}

// of makes a figure of samples where less is better.
func of(part, name, unit string, samples []float64) figure {
	return figure{Part: part, Name: name, Unit: unit, P50: quantile(samples, 0.5), P95: quantile(samples, 0.95), N: len(samples)}
}

// rate makes a figure of samples where more is better.
func rate(part, name string, samples []float64) figure {
	return figure{Part: part, Name: name, Unit: "op/s", P50: quantile(samples, 0.5), P95: quantile(samples, 0.05), N: len(samples)}
}

// quantile is the nearest-rank quantile.
func quantile(samples []float64, q float64) float64 {
	if len(samples) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(samples))
	return s[max(0, int(math.Ceil(q*float64(len(s))))-1)]
}

func seconds(d []time.Duration) []float64 {
	out := make([]float64, len(d))
	for i := range d {
		out[i] = d[i].Seconds()
	}
	return out
}

// machine says what the figures were measured on.
type machine struct {
	CPUs   int     `json:"cpus"`
	CPU    string  `json:"cpu"`
	Memory float64 `json:"memory_gb"`
	Kernel string  `json:"kernel"`
	Load   float64 `json:"load"` // of the last minute, before anything ran
}

func thisMachine() machine {
	m := machine{CPUs: runtime.NumCPU(), Load: load()}
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
			m.CPU = strings.TrimSpace(v)
			break
		}
	}
	memory, _ := os.ReadFile("/proc/meminfo")
	var kb float64
	if _, err := fmt.Sscanf(string(memory), "MemTotal: %f kB", &kb); err == nil {
		m.Memory = math.Round(kb / (1 << 20))
	}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	m.Kernel = strings.TrimSpace(string(kernel))
	return m
}

// load is the load average of the last minute; NaN would not be JSON, so 0 where there is none.
func load() float64 {
	text, _ := os.ReadFile("/proc/loadavg")
	var l float64
	if _, err := fmt.Sscan(string(text), &l); err != nil {
		return 0
	}
	return l
}

type report struct {
	Began     time.Time `json:"began"`
	Machine   machine   `json:"machine"`
	LoadAfter float64   `json:"load_after"`
	N         int       `json:"n"`
	Figures   []figure  `json:"figures"`
}

// busy is the load from which on wall-clock times say little.
const busy = 2

func (r *report) warn(say func(string, ...any)) {
	if r.Machine.Load > busy {
		say("warning: the load average is %.1f: others use this machine, and wall-clock times will be too long.\n  Ratios and CPU times still say something.", r.Machine.Load)
	}
}

func (r *report) print(w io.Writer, asJSON bool) error {
	if asJSON {
		b, err := encode(r)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(w, string(b))
		return err
	}
	m := r.Machine
	fmt.Fprintf(w, "%s   %d x %s, %.0f GB, Linux %s   load %.1f before, %.1f after\n\n", r.Began.Format("2006-01-02 15:04 UTC"), m.CPUs, m.CPU, m.Memory, m.Kernel, m.Load, r.LoadAfter)
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "figure\tp50\tp95\tunit\tn\ttarget\t\tnote")
	part := ""
	for _, f := range r.Figures {
		if f.Part != part {
			part = f.Part
			fmt.Fprintf(t, "%s\t\t\t\t\t\t\t\n", part)
		}
		target, n := "", fmt.Sprint(f.N)
		if f.Target > 0 && f.Reference == "" {
			target = "≤ " + number(f.Target)
		}
		if f.N == 0 {
			n = ""
		}
		note := f.Note
		if f.Reference != "" {
			note = strings.TrimPrefix(f.Reference+"; "+note, "; ")
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.Name, number(f.P50), number(f.P95), f.Unit, n, target, f.verdict(), strings.TrimSuffix(note, "; "))
	}
	return t.Flush()
}

// number writes three digits that matter.
func number(v float64) string {
	switch a := math.Abs(v); {
	case a >= 100:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	case a >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}
