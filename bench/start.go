package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// start measures from the start of the process to health's 200.
func (b *bench) start(ctx context.Context) ([]figure, error) {
	measure := func(name, data string, fresh bool) ([]figure, error) {
		var ready, cpu []time.Duration
		for range b.n {
			if fresh {
				if err := os.RemoveAll(data); err != nil {
					return nil, err
				}
			}
			p, err := b.up(ctx, data)
			if err != nil {
				return nil, err
			}
			ready, cpu = append(ready, p.ready), append(cpu, p.startCPU)
			if err := p.down(); err != nil {
				return nil, err
			}
		}
		wall := of("start", "to ready, "+name, "s", seconds(ready))
		wall.Target = 0.5
		return []figure{wall, of("start", "CPU of it", "s", seconds(cpu))}, nil
	}
	fresh, err := measure("new data folder", filepath.Join(b.work, "fresh"), true)
	if err != nil {
		return fresh, err
	}
	data, err := b.flights(ctx)
	if err != nil {
		return fresh, err
	}
	existing, err := measure("flights' data folder", data, false)
	return append(fresh, existing...), err
}

// memory measures what all of tarn's processes hold, a while after a start without Spark.
func (b *bench) memory(ctx context.Context) (out []figure, err error) {
	data, err := b.flights(ctx)
	if err != nil {
		return nil, err
	}
	p, err := b.up(ctx, data)
	if err != nil {
		return nil, err
	}
	defer p.end(&err)
	b.say("   waiting %v", b.settle)
	select {
	case <-time.After(b.settle):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	var rss, pss, anonymous []float64
	for range b.n {
		r, s, a, err := memoryOf(p.cmd.Process.Pid)
		if err != nil {
			return nil, err
		}
		rss, pss, anonymous = append(rss, r), append(pss, s), append(anonymous, a)
		time.Sleep(100 * time.Millisecond)
	}
	resident := of("memory", fmt.Sprintf("RSS of %d process(es), %v after start", len(family(p.cmd.Process.Pid)), b.settle), "MB", rss)
	resident.Target = 100
	private := of("memory", "anonymous part of it", "MB", anonymous)
	private.Note = "the rest is the binary's own pages, which the kernel may drop"
	return []figure{resident, of("memory", "PSS", "MB", pss), private}, nil
}
