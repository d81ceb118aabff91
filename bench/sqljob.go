package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	_ "github.com/duckdb/duckdb-go/v2" //nolint:depguard // the peer is DuckDB itself, without the engine around it
	"tarn/api/glue"
	"tarn/api/s3"
	"tarn/internal/awsapi"
)

// sqlJob measures delays.sql with its landing, from StartJobRun to SUCCEEDED,
// beside a bare DuckDB in this process that runs the same SELECT over the same
// files into Parquet of the same kind and partitions, and fsyncs it. The two
// take turns, so that both see the same machine.
func (b *bench) sqlJob(ctx context.Context) (out []figure, err error) {
	data, err := b.flights(ctx)
	if err != nil {
		return nil, err
	}
	p, err := b.up(ctx, data)
	if err != nil {
		return nil, err
	}
	defer p.end(&err)
	c, err := p.client()
	if err != nil {
		return nil, err
	}
	bare, err := b.bareDuckDB(ctx, c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, bare.db.Close()) }()
	var ours, theirs, oursCPU, theirsCPU, syncs []time.Duration
	for i := range b.n + 1 {
		cpu, err := cpuOf(p.cmd.Process.Pid)
		if err != nil {
			return nil, err
		}
		began := time.Now()
		if _, err := runJob(ctx, c, "flights-delays", 5*time.Millisecond); err != nil {
			return nil, err
		}
		took := time.Since(began)
		after, err := cpuOf(p.cmd.Process.Pid)
		if err != nil {
			return nil, err
		}
		bareTook, bareSync, bareCPU, err := bare.run(ctx)
		if err != nil {
			return nil, err
		}
		if i == 0 { // both are cold
			continue
		}
		ours, oursCPU = append(ours, took), append(oursCPU, after-cpu)
		theirs, theirsCPU, syncs = append(theirs, bareTook), append(theirsCPU, bareCPU), append(syncs, bareSync)
	}
	wall, peer := of("sql", "delays.sql with landing, StartJobRun to SUCCEEDED", "s", seconds(ours)), of("sql", "bare DuckDB, same input and Parquet, fsync", "s", seconds(theirs))
	cpu, peerCPU := of("sql", "delays.sql, server CPU", "s", seconds(oursCPU)), of("sql", "bare DuckDB, CPU", "s", seconds(theirsCPU))
	ratio := figure{Part: "sql", Name: "ratio to bare DuckDB", Unit: "x", P50: wall.P50 / peer.P50, P95: wall.P95 / peer.P95, N: wall.N, Target: 1.5, Note: "p50 by p50, p95 by p95"}
	ratioCPU := figure{Part: "sql", Name: "ratio of CPU", Unit: "x", P50: cpu.P50 / peerCPU.P50, P95: cpu.P95 / peerCPU.P95, N: cpu.N}
	peer.Note = fmt.Sprintf("p50 of its fsync alone: %s s", number(quantile(seconds(syncs), 0.5)))
	peer.Reference, peerCPU.Reference = "the peer, in turns with it", "the peer"
	return []figure{wall, peer, ratio, cpu, peerCPU, ratioCPU}, nil
}

// runJob starts a job and waits for its success.
func runJob(ctx context.Context, c *awsapi.Client, name string, every time.Duration) (*glue.JobRun, error) {
	var started glue.StartJobRunOutput
	if err := c.Do(ctx, glue.Model, "StartJobRun", &glue.StartJobRunInput{JobName: &name}, &started); err != nil {
		return nil, err
	}
	for {
		var out glue.GetJobRunOutput
		if err := c.Do(ctx, glue.Model, "GetJobRun", &glue.GetJobRunInput{JobName: &name, RunId: started.JobRunId}, &out); err != nil {
			return nil, err
		}
		switch state := awsapi.Val(out.JobRun.JobRunState); state {
		case glue.JobRunStateSucceeded:
			return out.JobRun, nil
		case glue.JobRunStateFailed, glue.JobRunStateStopped, glue.JobRunStateTimeout, glue.JobRunStateError:
			return nil, fmt.Errorf("%s %s: %s", name, state, awsapi.Val(out.JobRun.ErrorMessage))
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// bareDuckDB is the peer: delays.sql over local copies of the lake's files.
type bareDuckDB struct {
	db    *sql.DB
	query string
	out   string
}

func (b *bench) bareDuckDB(ctx context.Context, c *awsapi.Client) (*bareDuckDB, error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return nil, err
	}
	p := &bareDuckDB{db: db, out: filepath.Join(b.work, "bare")}
	if err := p.prepare(ctx, b, c); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return p, nil
}

func (p *bareDuckDB) prepare(ctx context.Context, b *bench, c *awsapi.Client) error {
	if _, err := p.db.ExecContext(ctx, "CREATE SCHEMA raw"); err != nil {
		return err
	}
	for _, t := range []struct{ database, table, name string }{
		{database, "clean_flights", "clean_flights"}, {database + "_raw", "airlines", "raw.airlines"}, {database + "_raw", "planes", "raw.planes"}, {database + "_raw", "airports", "raw.airports"},
	} {
		relation, err := download(ctx, c, filepath.Join(b.work, "inputs"), t.database, t.table)
		if err != nil {
			return fmt.Errorf("%s: %w", t.table, err)
		}
		if _, err := p.db.ExecContext(ctx, "CREATE OR REPLACE VIEW "+t.name+" AS SELECT * FROM "+relation); err != nil {
			return fmt.Errorf("%s: %w", t.table, err)
		}
	}
	text, err := os.ReadFile(filepath.Join(b.root, "examples", "flights", "jobs", "delays.sql"))
	if err != nil {
		return err
	}
	p.query = "COPY (SELECT *, date_trunc('month', flight_date) AS flight_month FROM (" + string(text) + ")) TO " + quote(p.out) +
		" (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (flight_month))"
	return nil
}

// run writes the result anew and makes it durable; synced is the part of took that the latter needs.
func (p *bareDuckDB) run(ctx context.Context) (took, synced, cpu time.Duration, err error) {
	if err := os.RemoveAll(p.out); err != nil {
		return 0, 0, 0, err
	}
	before, err := ownCPU()
	if err != nil {
		return 0, 0, 0, err
	}
	began := time.Now()
	if _, err := p.db.ExecContext(ctx, p.query); err != nil {
		return 0, 0, 0, err
	}
	written := time.Now()
	if err := syncAll(p.out); err != nil {
		return 0, 0, 0, err
	}
	took, synced = time.Since(began), time.Since(written)
	after, err := ownCPU()
	return took, synced, after - before, err
}

func ownCPU() (time.Duration, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}

// syncAll makes files and folders durable, all at once: one after the other
// would be slow for a reason that is not DuckDB's.
func syncAll(dir string) error {
	var paths []string
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		paths = append(paths, path)
		return err
	})
	errs := make([]error, len(paths))
	var wg sync.WaitGroup
	for i, path := range paths {
		wg.Go(func() {
			f, err := os.Open(path)
			if err == nil {
				err = errors.Join(f.Sync(), f.Close())
			}
			errs[i] = err
		})
	}
	wg.Wait()
	return errors.Join(append(errs, err)...)
}

// download copies a table's objects and gives the DuckDB relation over them.
func download(ctx context.Context, c *awsapi.Client, dir, database, table string) (string, error) {
	var t glue.GetTableOutput
	if err := c.Do(ctx, glue.Model, "GetTable", &glue.GetTableInput{DatabaseName: &database, Name: &table}, &t); err != nil {
		return "", err
	}
	sd := t.Table.StorageDescriptor
	bucket, prefix, _ := strings.Cut(strings.TrimPrefix(awsapi.Val(sd.Location), "s3://"), "/")
	prefix = strings.TrimSuffix(prefix, "/") + "/"
	var files []string
	in := &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix}
	for {
		var page s3.ListObjectsV2Output
		if err := c.Do(ctx, s3.Model, "ListObjectsV2", in, &page); err != nil {
			return "", err
		}
		for _, o := range page.Contents {
			key := awsapi.Val(o.Key)
			base := filepath.Base(key)
			if awsapi.Val(o.Size) == 0 || strings.HasPrefix(base, "_") || strings.HasPrefix(base, ".") {
				continue
			}
			path := filepath.Join(dir, table, strings.TrimPrefix(key, prefix))
			if err := fetch(ctx, c, bucket, key, path); err != nil {
				return "", err
			}
			files = append(files, quote(path))
		}
		if !awsapi.Val(page.IsTruncated) {
			break
		}
		in.ContinuationToken = page.NextContinuationToken
	}
	if len(files) == 0 {
		return "", errors.New("it has no files")
	}
	list := "[" + strings.Join(files, ", ") + "]"
	if strings.HasSuffix(files[0], ".parquet'") {
		return "read_parquet(" + list + ", hive_partitioning = true)", nil
	}
	var columns []string
	for _, col := range sd.Columns {
		columns = append(columns, quote(awsapi.Val(col.Name))+": "+quote(duckType(awsapi.Val(col.Type))))
	}
	return "read_csv(" + list + ", header = true, nullstr = ['', 'NA'], columns = {" + strings.Join(columns, ", ") + "})", nil
}

func duckType(hive string) string {
	if hive == "string" {
		return "VARCHAR"
	}
	return strings.ToUpper(hive)
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func fetch(ctx context.Context, c *awsapi.Client, bucket, key, path string) error {
	var out s3.GetObjectOutput
	if err := c.Do(ctx, s3.Model, "GetObject", &s3.GetObjectInput{Bucket: &bucket, Key: &key}, &out); err != nil {
		return err
	}
	defer out.Body.Close()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, out.Body)
	return errors.Join(err, f.Close())
}
