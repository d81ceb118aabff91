package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	s3api "tarn/api/s3"
	"tarn/examples"
	"tarn/internal/awsapi"
	"tarn/internal/pipeline"
)

func demoCommand() *cobra.Command {
	var noServe bool
	c := &cobra.Command{
		Use: "demo [DIR]", Short: "Run the flights example from files to a dashboard", Args: cobra.MaximumNArgs(1),
		Long: `Writes the flights project to DIR (default ./flights-demo), starts a tarn of its own on DIR/.tarn,
applies and runs the project, and prints the figures and the dashboard's address. On a terminal it serves until Ctrl-C.`,
		Example: "  tarn demo\n  tarn demo /tmp/flights",
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "flights-demo"
			if len(args) > 0 {
				dir = args[0]
			}
			return demo(cmd.Context(), dir, noServe, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	c.Flags().BoolVar(&noServe, "no-serve", false, "end after the run, also on a terminal")
	return c
}

func demo(ctx context.Context, dir string, noServe bool, out, stderr io.Writer) error {
	if err := writeExample(dir); err != nil {
		return err
	}
	o := upOptions{data: filepath.Join(dir, ".tarn"), account: "000000000000", region: "us-east-1", spark: "warm",
		addr: freePort(out, "127.0.0.1:4566", "the APIs"), pg: freePort(out, "127.0.0.1:5439", "the warehouse")}
	p, err := startProcess(ctx, o, stderr)
	if err != nil {
		return err
	}
	runErr := p.demo(ctx, dir, out)
	if runErr == nil && !noServe && isTerminal(out) {
		fmt.Fprintf(out, "\nServing until Ctrl-C.\n")
		<-ctx.Done()
	}
	if err := p.stop(); err != nil {
		return errors.Join(runErr, err)
	}
	if noServe || !isTerminal(out) {
		fmt.Fprintf(out, "Serve it again:  %s up --data %s\n", os.Args[0], p.o.data)
	}
	return runErr
}

// demo applies and runs the example against this process.
func (p *process) demo(ctx context.Context, dir string, out io.Writer) error {
	key := p.w.who.Root()
	client := &awsapi.Client{Endpoint: p.run.Endpoint, Region: p.o.region, Credentials: awsapi.Credentials{AccessKeyID: key.AccessKeyID, SecretAccessKey: key.SecretAccessKey}}
	t, err := pipeline.Connect(ctx, client)
	if err != nil {
		return exitFor(err)
	}
	project, err := pipeline.Load(dir, pipeline.LoadOptions{LookupEnv: os.LookupEnv})
	if err != nil {
		return exitFor(err)
	}
	pl := &pipeline.Planner{Project: project, Target: t, Gen: generators()}
	f := projectFlags{}
	quiet := projectFlags{quiet: true}
	if err := quiet.apply(ctx, pl, out); err != nil {
		return exitFor(err)
	}
	fmt.Fprintf(out, "%s applied: %s, %s, %s\n", project.Name, count(len(project.Sources), "source"), count(len(project.Jobs), "job"), count(len(project.Dashboards), "dashboard"))
	if err := pushAirports(ctx, client, pl.Bucket(), filepath.Join(dir, "pushed", "airports.csv")); err != nil {
		return exitFor(err)
	}
	if _, err := f.run(ctx, pl, pipeline.RunOptions{}, out); err != nil {
		return exitFor(err)
	}
	if err := figures(ctx, t, out); err != nil {
		return exitFor(err)
	}
	fmt.Fprintf(out, "\n  Dashboard    %s/_/dashboards/flights-delays\n", p.run.Endpoint)
	fmt.Fprintf(out, "  Console      %s/_/?k=%s      opens once, then you choose a password\n", p.run.Endpoint, p.w.consoleKey())
	fmt.Fprintf(out, "  Any tool     eval \"$(%s env --data %s)\"\n", os.Args[0], p.o.data)
	return nil
}

// figures asks the warehouse and the lake what the data say.
func figures(ctx context.Context, t *pipeline.Target, out io.Writer) error {
	total, err := t.Query(ctx, "select count(*), cast(avg(arr_delay::float) as decimal(6,2)) from delays", "flights")
	if err != nil {
		return err
	}
	raw, err := t.Query(ctx, "select count(*) from flights_raw.flights", "flights")
	if err != nil {
		return err
	}
	late, err := t.Query(ctx, "select carrier, airline, count(*), cast(avg(arr_delay::float) as decimal(6,2)) from delays group by 1, 2 order by 4 desc limit 3", "flights")
	if err != nil {
		return err
	}
	n := func(v any) string {
		if i, ok := v.(int64); ok {
			return pipeline.Grouped(i)
		}
		return fmt.Sprint(v)
	}
	fmt.Fprintf(out, "\n  %s flights in the raw table, %s of them with an arrival delay: %s minutes on average\n", n(raw.Rows[0][0]), n(total.Rows[0][0]), n(total.Rows[0][1]))
	for _, r := range late.Rows {
		fmt.Fprintf(out, "    %-3v %-28v %8s flights   %6v minutes late\n", r[0], r[1], n(r[2]), r[3])
	}
	return nil
}

func pushAirports(ctx context.Context, c *awsapi.Client, bucket, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	return c.Do(ctx, s3api.Model, "PutObject", &s3api.PutObjectInput{Bucket: &bucket, Key: new("raw/airports/airports.csv"), Body: f, ContentLength: new(st.Size())}, &s3api.PutObjectOutput{})
}

// writeExample writes the project where there is none; what is there stays.
func writeExample(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return fs.WalkDir(examples.Flights, "flights", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(dir, filepath.FromSlash(strings.TrimPrefix(strings.TrimPrefix(path, "flights"), "/")))
		if d.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		if _, err := os.Stat(to); err == nil {
			return nil
		}
		b, err := examples.Flights.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, b, 0o644)
	})
}

// freePort is the usual address, or one on a free port if it is taken.
func freePort(out io.Writer, addr, what string) string {
	l, err := net.Listen("tcp", addr)
	if err == nil {
		l.Close()
		return addr
	}
	_, p, _ := net.SplitHostPort(addr)
	fmt.Fprintf(out, "port %s is taken by another program: %s get a free one\n", p, what)
	return "127.0.0.1:0"
}
