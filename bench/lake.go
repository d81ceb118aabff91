package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"tarn/api/s3"
)

const (
	objectSize = 16 << 10
	workers    = 16
	perRound   = 500
)

// peers are the servers of the lake's study, measured there with this size and
// this many workers: the range of op/s and of server CPU per operation.
var peers = []struct {
	name             string
	put, putCPU      [2]float64
	get, getCPU      [2]float64
	durable, signing bool
}{
	{"plain net/http with SigV4, fsync", [2]float64{601, 640}, [2]float64{550, 674}, [2]float64{2620, 3536}, [2]float64{86, 101}, true, true},
	{"versitygw 1.8.0", [2]float64{437, 718}, [2]float64{452, 595}, [2]float64{783, 1431}, [2]float64{213, 230}, false, true},
	{"gofakes3 1.2.0", [2]float64{302, 577}, [2]float64{773, 1198}, [2]float64{1862, 2384}, [2]float64{129, 148}, false, false},
	{"MinIO 20260212", [2]float64{647, 647}, [2]float64{1386, 1386}, [2]float64{1755, 1755}, [2]float64{392, 392}, true, true},
	{"moto 5.2.5", [2]float64{176, 187}, [2]float64{2500, 2500}, [2]float64{179, 192}, [2]float64{2800, 2800}, false, false},
}

// lake measures signed GETs and durable PUTs of 16 KiB from 16 workers over
// HTTP. This process is the client, so the server's CPU time is the server's alone.
func (b *bench) lake(ctx context.Context) (out []figure, err error) {
	p, err := b.up(ctx, filepath.Join(b.work, "lake"))
	if err != nil {
		return nil, err
	}
	defer p.end(&err)
	c, err := p.client()
	if err != nil {
		return nil, err
	}
	name := "bench-" + strconv.FormatInt(time.Now().UnixMilli(), 36)
	if err := c.Do(ctx, s3.Model, "CreateBucket", &s3.CreateBucketInput{Bucket: &name}, &s3.CreateBucketOutput{}); err != nil {
		return nil, err
	}
	body := bytes.Repeat([]byte("0123456789abcdef"), objectSize/16)
	put := func(i int) error {
		in := &s3.PutObjectInput{Bucket: &name, Key: new("o/" + strconv.Itoa(i)), Body: bytes.NewReader(body), ContentLength: new(int64(len(body)))}
		return c.Do(ctx, s3.Model, "PutObject", in, &s3.PutObjectOutput{})
	}
	get := func(i int) error {
		o := &s3.GetObjectOutput{}
		if err := c.Do(ctx, s3.Model, "GetObject", &s3.GetObjectInput{Bucket: &name, Key: new("o/" + strconv.Itoa(1+i%perRound))}, o); err != nil {
			return err
		}
		n, err := io.Copy(io.Discard, o.Body)
		if err = errors.Join(err, o.Body.Close()); err == nil && n != objectSize {
			err = fmt.Errorf("%d bytes in place of %d", n, objectSize)
		}
		return err
	}
	for _, m := range []struct {
		name string
		call func(int) error
	}{{"durable PUT", put}, {"GET", get}} {
		var rates, cpus []float64
		var next atomic.Int64
		if _, _, err := p.round(&next, m.call); err != nil { // warms up, and makes what GET reads
			return out, err
		}
		for range b.n {
			r, cpu, err := p.round(&next, m.call)
			if err != nil {
				return out, err
			}
			rates, cpus = append(rates, r), append(cpus, cpu)
		}
		f := rate("lake", m.name+" 16 KiB x 16 workers", rates)
		f.Note = fmt.Sprintf("%d operations a sample", perRound)
		out = append(out, f, of("lake", m.name+", server CPU", "us/op", cpus))
	}
	return append(out, references()...), nil
}

// round makes perRound calls and gives their rate and the server's CPU time for each in microseconds.
func (p *tarn) round(next *atomic.Int64, call func(int) error) (perSecond, cpu float64, err error) {
	before, err := cpuOf(p.cmd.Process.Pid)
	if err != nil {
		return 0, 0, err
	}
	var wg sync.WaitGroup
	var left atomic.Int64
	left.Store(perRound)
	errs := make(chan error, workers)
	began := time.Now()
	for range workers {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := call(int(next.Add(1))); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	close(errs)
	for e := range errs {
		err = errors.Join(err, e)
	}
	after, cpuErr := cpuOf(p.cmd.Process.Pid)
	return perRound / took.Seconds(), float64((after - before).Microseconds()) / perRound, errors.Join(err, cpuErr)
}

// references are the peers' figures: fast end and slow end.
func references() []figure {
	var out []figure
	for _, p := range peers {
		note := ""
		if !p.durable {
			note = "does not fsync"
		}
		if !p.signing {
			note += ", checks no signature"
		}
		for _, m := range []struct {
			name      string
			rate, cpu [2]float64
		}{{"PUT", p.put, p.putCPU}, {"GET", p.get, p.getCPU}} {
			out = append(out,
				figure{Part: "lake", Name: p.name + ", " + m.name, Unit: "op/s", P50: m.rate[1], P95: m.rate[0], Reference: "measured earlier: best and worst", Note: note},
				figure{Part: "lake", Name: p.name + ", " + m.name + ", server CPU", Unit: "us/op", P50: m.cpu[0], P95: m.cpu[1], Reference: "measured earlier: best and worst"})
		}
	}
	return out
}
