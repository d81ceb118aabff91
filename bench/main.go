// Command bench measures a tarn process from outside and prints each figure
// beside its target and, where there is one, beside the bare engine doing the
// same work in the same run. TARN_BIN names the binary; make bench sets it.
//
// It owns the measuring and nothing else: no figure here fails a test, since
// a busy machine would fail it too.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// bench is one run of the program.
type bench struct {
	bin    string        // the tarn binary
	root   string        // the project's folder
	work   string        // what this run may write; removed at the end unless given
	n      int           // times that each thing is measured
	settle time.Duration // from a start to the measure of memory
	say    func(format string, args ...any)
}

// parts are what can be measured, in the order in which they run.
var parts = []struct {
	name    string
	measure func(*bench, context.Context) ([]figure, error)
}{
	{"start", (*bench).start},
	{"memory", (*bench).memory},
	{"lake", (*bench).lake},
	{"sql", (*bench).sqlJob},
	{"queries", (*bench).queries},
	{"spark", (*bench).sparkJob},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	b := &bench{}
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	only := flag.String("only", "", "comma-separated parts to measure: "+strings.Join(names, ", ")+"; all if empty")
	asJSON := flag.Bool("json", false, "print JSON in place of the table")
	flag.IntVar(&b.n, "n", 20, "times that each thing is measured")
	flag.DurationVar(&b.settle, "settle", time.Minute, "time from a start to the measure of memory")
	flag.StringVar(&b.work, "work", "", "folder to work in and to keep; a folder of its own in build/bench, removed at the end, if empty")
	flag.Parse()
	if b.n < 1 {
		return fmt.Errorf("-n %d: at least 1", b.n)
	}
	if b.root, err = os.Getwd(); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(b.root, "examples", "flights", "tarn.yaml")); err != nil {
		return fmt.Errorf("start it in the project's folder: %w", err)
	}
	if b.bin = os.Getenv("TARN_BIN"); b.bin == "" {
		b.bin = filepath.Join(b.root, "bin", "tarn")
	}
	if _, err := os.Stat(b.bin); err != nil {
		return fmt.Errorf("TARN_BIN: %w; make build makes it", err)
	}
	b.say = func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
	if b.work == "" {
		if err := os.MkdirAll(filepath.Join(b.root, "build", "bench"), 0o755); err != nil {
			return err
		}
		if b.work, err = os.MkdirTemp(filepath.Join(b.root, "build", "bench"), "run-"); err != nil {
			return err
		}
		defer os.RemoveAll(b.work)
	} else if b.work, err = filepath.Abs(b.work); err != nil {
		return err
	}
	rep := report{Machine: thisMachine(), Began: time.Now().UTC(), N: b.n}
	rep.warn(b.say)
	for _, p := range parts {
		if *only != "" && !slices.Contains(strings.Split(*only, ","), p.name) {
			continue
		}
		b.say("== %s", p.name)
		figures, err := p.measure(b, ctx)
		rep.Figures = append(rep.Figures, figures...)
		if err != nil { // what was measured before is shown all the same
			err = fmt.Errorf("%s: %w", p.name, err)
			rep.LoadAfter = load()
			return errors.Join(rep.print(os.Stdout, *asJSON), err)
		}
	}
	rep.LoadAfter = load()
	return rep.print(os.Stdout, *asJSON)
}

// encode writes JSON as the report's readers expect it.
func encode(v any) ([]byte, error) { return json.MarshalIndent(v, "", "  ") }
