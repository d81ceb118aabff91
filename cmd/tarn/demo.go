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
	"tarn/internal/identity"
	"tarn/internal/pipeline"
)

func demoCommand() *cobra.Command {
	o := demoOptions{}
	c := &cobra.Command{
		Use: "demo [DIR]", Short: "Run the flights example from files to a dashboard", Args: cobra.MaximumNArgs(1),
		Long: `Writes the flights project to DIR (default ./flights-demo), applies and runs it, and prints the figures and the
dashboard's address. It uses the tarn that is running; where none is, it starts one on DIR/.tarn, and on a terminal
serves until Ctrl-C.`,
		Example: "  tarn demo\n  tarn demo /tmp/flights\n  tarn demo --data ./data      # the tarn of that folder, running or not",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.dir = "flights-demo"
			if len(args) > 0 {
				o.dir = args[0]
			}
			return demo(cmd.Context(), o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	c.Flags().StringVar(&o.data, "data", "", "data folder of the tarn to use; default that of the running one, else DIR/.tarn")
	c.Flags().BoolVar(&o.noServe, "no-serve", false, "end after the run, also on a terminal")
	return c
}

type demoOptions struct {
	dir, data string
	noServe   bool
}

// demo runs the example on the tarn that serves the data folder, or on one that it starts there.
func demo(ctx context.Context, o demoOptions, out, stderr io.Writer) error {
	if err := writeExample(o.dir); err != nil {
		return err
	}
	if o.data == "" {
		if o.data = dataFolder(defaultData); !isAlive(o.data) {
			o.data = filepath.Join(o.dir, ".tarn")
		}
	}
	if r, err := alive(expandHome(o.data)); err == nil {
		fmt.Fprintf(out, "using the tarn at %s   data in %s\n", r.Endpoint, o.data)
		return runDemo(ctx, o.dir, expandHome(o.data), r, r.Endpoint+"/_/", out)
	}
	p, err := startProcess(ctx, upOptions{data: o.data, account: "000000000000", region: "us-east-1", spark: "warm",
		addr: freePort(out, "127.0.0.1:4566", "the APIs"), pg: freePort(out, "127.0.0.1:5439", "the warehouse")}, stderr)
	if err != nil {
		return err
	}
	signIn := fmt.Sprintf("%s/_/?k=%s      opens once, then you choose a password", p.run.Endpoint, p.w.consoleKey())
	runErr := runDemo(ctx, o.dir, p.o.data, p.run, signIn, out)
	serve := !o.noServe && isTerminal(out)
	if runErr == nil && serve {
		fmt.Fprintf(out, "\nServing until Ctrl-C.\n")
		<-ctx.Done()
	}
	if err := p.stop(); err != nil {
		return errors.Join(runErr, err)
	}
	if !serve {
		fmt.Fprintf(out, "Serve it again:  %s up --data %s\n", os.Args[0], p.o.data)
	}
	return runErr
}

func isAlive(dir string) bool {
	_, err := alive(dir)
	return err == nil
}

// runDemo applies and runs the example on a running tarn, as its root.
func runDemo(ctx context.Context, dir, data string, r running, signIn string, out io.Writer) error {
	key, err := identity.ReadRootKey(filepath.Join(data, "keys"))
	if err != nil {
		return err
	}
	client := &awsapi.Client{Endpoint: r.Endpoint, Region: r.Region, Credentials: awsapi.Credentials{AccessKeyID: key.AccessKeyID, SecretAccessKey: key.SecretAccessKey}}
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
	fmt.Fprintf(out, "\n  Dashboard    %s/_/dashboards/flights-delays\n", r.Endpoint)
	fmt.Fprintf(out, "  Console      %s\n", signIn)
	fmt.Fprintf(out, "  Any tool     eval \"$(%s env --data %s)\"\n", os.Args[0], data)
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
