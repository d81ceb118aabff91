package logs_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	api "tarn/api/logs"
	"tarn/internal/logs"
)

// file writes a stream's file as the package does, whatever the order of its times.
func file(t testing.TB, path string, n int, event func(i int) (ms int64, message string)) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	for i := range n {
		ms, message := event(i)
		fmt.Fprintf(w, "%d %s\n", ms, message)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func largeSetup(t testing.TB) (dir string, v *logs.Service) {
	t.Helper()
	root := t.TempDir()
	s, err := logs.Open(root, func() time.Time { return begin })
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, "000000000000", "g"), logs.NewService(s)
}

type seen struct {
	ms              int64
	stream, message string
}

// TestFilterAgainstModel reads files of several blocks, whose times are not in order, in pages of all sizes, and
// compares with a plain sort.
func TestFilterAgainstModel(t *testing.T) {
	dir, v := largeSetup(t)
	_, _, ctx := setup(t)
	rnd := rand.New(rand.NewSource(1))
	var model []seen
	for _, stream := range []string{"a", "b", "c"} {
		n := 3000
		if stream == "b" {
			n = 40
		}
		ms := int64(10000)
		file(t, filepath.Join(dir, stream+".log"), n, func(i int) (int64, string) {
			ms += int64(rnd.Intn(40))
			at := ms
			if rnd.Intn(20) == 0 {
				at -= int64(rnd.Intn(3000)) // written late
			}
			m := fmt.Sprintf("%s%d %s%s", stream, i, strings.Repeat("x", rnd.Intn(1500)), []string{"", " ODD"}[rnd.Intn(2)])
			model = append(model, seen{at, stream, m})
			return at, m
		})
	}
	slices.SortStableFunc(model, func(a, b seen) int {
		if a.ms != b.ms {
			return int(a.ms - b.ms)
		}
		return strings.Compare(a.stream, b.stream)
	})
	for _, c := range []struct {
		limit    *int32
		from, to *int64
		pattern  string
	}{
		{}, {limit: new(int32(777))}, {limit: new(int32(500)), pattern: "ODD"}, {from: new(int64(20000)), to: new(int64(40000))},
		{limit: new(int32(100)), from: new(int64(50000))}, {to: new(int64(10500)), limit: new(int32(7))},
	} {
		var want, got []seen
		for _, e := range model {
			if (c.from == nil || e.ms >= *c.from) && (c.to == nil || e.ms <= *c.to) && strings.Contains(e.message, c.pattern) {
				want = append(want, e)
			}
		}
		in := &api.FilterLogEventsInput{LogGroupName: new("g"), Limit: c.limit, StartTime: c.from, EndTime: c.to, FilterPattern: &c.pattern}
		for {
			out, err := v.FilterLogEvents(ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			bytes := 0
			for _, e := range out.Events {
				bytes += len(*e.Message) + 26
				got = append(got, seen{*e.Timestamp, *e.LogStreamName, *e.Message})
			}
			if bytes > 1<<20 || len(out.Events) > 10000 || len(out.Events) == 0 && out.NextToken != nil {
				t.Errorf("%+v: a page of %d events and %d bytes", c, len(out.Events), bytes)
			}
			if in.NextToken = out.NextToken; in.NextToken == nil {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+v: %d events, want %d", c, len(got), len(want))
		}
	}
}

// TestGetAgainstModel pages through a file of several blocks, onward and back.
func TestGetAgainstModel(t *testing.T) {
	dir, v := largeSetup(t)
	_, _, ctx := setup(t)
	var model []string
	file(t, filepath.Join(dir, "s.log"), 4000, func(i int) (int64, string) {
		model = append(model, fmt.Sprintf("%d %s", i, strings.Repeat("y", i%900)))
		return int64(i), model[i]
	})
	for _, limit := range []*int32{nil, new(int32(37))} {
		for _, head := range []bool{true, false} {
			in := &api.GetLogEventsInput{LogGroupName: new("g"), LogStreamName: new("s"), StartFromHead: &head, Limit: limit}
			var got []string
			for pages := 0; ; pages++ {
				out, err := v.GetLogEvents(ctx, in)
				if err != nil {
					t.Fatal(err)
				}
				var page []string
				bytes := 0
				for _, e := range out.Events {
					page = append(page, *e.Message)
					bytes += len(*e.Message) + 26
				}
				if bytes > 1<<20 {
					t.Errorf("a page of %d bytes", bytes)
				}
				next := out.NextForwardToken
				if head {
					got = append(got, page...)
				} else {
					got, next = append(page, got...), out.NextBackwardToken
				}
				if in.NextToken != nil && *in.NextToken == *next {
					break
				}
				in.NextToken = next
			}
			if !slices.Equal(got, model) {
				t.Errorf("head %v: %d events, want %d", head, len(got), len(model))
			}
		}
	}
	// By time alone, from both ends.
	for _, head := range []bool{true, false} {
		out, err := v.GetLogEvents(ctx, &api.GetLogEventsInput{LogGroupName: new("g"), LogStreamName: new("s"), StartFromHead: &head, StartTime: new(int64(1500)), EndTime: new(int64(1600))})
		if err != nil || len(out.Events) != 100 || *out.Events[0].Timestamp != 1500 || *out.Events[99].Timestamp != 1599 {
			t.Errorf("by time, head %v: %d events %v", head, len(out.Events), err)
		}
	}
}

// TestMemoryIsFlat reads pages of a log that is much larger than what may be held.
func TestMemoryIsFlat(t *testing.T) {
	dir, v := largeSetup(t)
	_, _, ctx := setup(t)
	line := strings.Repeat("z", 1000)
	file(t, filepath.Join(dir, "s.log"), 100000, func(i int) (int64, string) { return int64(i), line })
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	peak := uint64(0)
	look := func() {
		runtime.ReadMemStats(&after)
		peak = max(peak, after.HeapInuse-min(after.HeapInuse, before.HeapInuse))
	}
	if out, err := v.GetLogEvents(ctx, &api.GetLogEventsInput{LogGroupName: new("g"), LogStreamName: new("s")}); err != nil || len(out.Events) < 1000 {
		t.Fatal(err)
	}
	look()
	in := &api.FilterLogEventsInput{LogGroupName: new("g")}
	began := time.Now()
	for range 20 {
		out, err := v.FilterLogEvents(ctx, in)
		if err != nil || len(out.Events) < 1000 {
			t.Fatal(err)
		}
		in.NextToken = out.NextToken
		look()
	}
	if peak > 40<<20 {
		t.Errorf("%d MB are held for pages of a 100 MB log", peak>>20)
	}
	t.Logf("20 pages in %v, at most %d MB", time.Since(began), peak>>20)
}

// TestWritersAndReaders lets many write to one stream while others read and follow it: each line is whole, and there
// once.
func TestWritersAndReaders(t *testing.T) {
	s, err := logs.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	v := logs.NewService(s)
	_, _, ctx := setup(t)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	const writers, lines = 8, 3000
	keep, err := s.Stream("000000000000", "/g", "s") // so that the stream does not end before all have begun
	if err != nil {
		t.Fatal(err)
	}
	followed, err := s.Follow(ctx, "000000000000", "/g", "s")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			out, err := s.Stream("000000000000", "/g", "s")
			if err != nil {
				t.Error(err)
				return
			}
			defer out.Close()
			for i := range lines {
				fmt.Fprintf(out, "%d %d %s", w, i, strings.Repeat("x", i%200))
				fmt.Fprintln(out)
			}
		})
	}
	done := make(chan struct{})
	go func() {
		wg.Wait()
		keep.Close()
		close(done)
	}()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
			if _, err := v.FilterLogEvents(ctx, &api.FilterLogEventsInput{LogGroupName: new("/g"), Limit: new(int32(50))}); err != nil {
				t.Error(err)
			}
			if _, err := v.GetLogEvents(ctx, &api.GetLogEventsInput{LogGroupName: new("/g"), LogStreamName: new("s"), Limit: new(int32(50))}); err != nil {
				t.Error(err)
			}
		}
		for range min(len(followed), 10) {
			<-followed
		}
	}
	counts := make([]int, writers)
	in := &api.FilterLogEventsInput{LogGroupName: new("/g")}
	for {
		out, err := v.FilterLogEvents(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range out.Events {
			var w, i int
			if n, err := fmt.Sscanf(*e.Message, "%d %d", &w, &i); n != 2 || err != nil {
				t.Fatalf("%q: %v", *e.Message, err)
			}
			counts[w]++
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	for w, n := range counts {
		if n != lines {
			t.Errorf("writer %d: %d lines", w, n)
		}
	}
}
