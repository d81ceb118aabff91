package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"tarn/internal/server"
)

// upOptions are the flags of tarn up, and the keys of server.yaml.
type upOptions struct {
	addr, pg, data  string
	account, region string
	devKey          string
	spark           string
	memory          string
	listenInsecure  bool
	publicURL       string
	verbose         bool
}

func upCommand() *cobra.Command {
	var o upOptions
	c := &cobra.Command{
		Use:   "up",
		Short: "Start everything in one process: S3, Glue, Redshift, QuickSight and the console",
		Example: `  tarn up
  tarn up --addr 127.0.0.1:0 --pg 127.0.0.1:0 --data ./data     # free ports, a folder of its own`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := resolve(cmd); err != nil {
				return err
			}
			return up(cmd.Context(), o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringVar(&o.addr, "addr", "127.0.0.1:4566", "address of the AWS APIs and the console; port 0 takes a free one")
	f.StringVar(&o.pg, "pg", "127.0.0.1:5439", "address of the warehouse; port 0 takes a free one")
	f.StringVar(&o.data, "data", defaultData, "data folder: everything is kept here")
	f.StringVar(&o.account, "account", "000000000000", "account id, 12 digits")
	f.StringVar(&o.region, "region", "us-east-1", "region")
	f.StringVar(&o.devKey, "dev-key", "", "a well-known access key ID:SECRET beside the root key; loopback only")
	f.StringVar(&o.spark, "spark", "local", "local (a Spark of tarn's own, started by the first Spark job), warm (started at once) or off")
	f.StringVar(&o.memory, "memory", "", "memory that queries may use, such as 4GB; default half of the machine's")
	f.BoolVar(&o.listenInsecure, "listen-insecure", false, "allow plain HTTP on addresses that other machines reach")
	f.StringVar(&o.publicURL, "public-url", "", "how others reach this server, such as http://host:4566")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "log what happens inside")
	return c
}

// check refuses what would be unsafe or can't work.
func (o *upOptions) check() error {
	if len(o.account) != 12 || !digits(o.account) {
		return fmt.Errorf("--account %q is not 12 digits", o.account)
	}
	for _, a := range []struct{ flag, addr string }{{"--addr", o.addr}, {"--pg", o.pg}} {
		if _, _, err := net.SplitHostPort(a.addr); err != nil {
			return fmt.Errorf("%s %q is not host:port, such as 127.0.0.1:4566", a.flag, a.addr)
		}
		if server.Loopback(a.addr) {
			continue
		}
		if !o.listenInsecure {
			return fmt.Errorf("%s %s can be reached from other machines, without encryption.\n  Listen on 127.0.0.1, or add --listen-insecure if something in front of tarn encrypts", a.flag, a.addr)
		}
		if o.devKey != "" {
			return fmt.Errorf("--dev-key is for loopback addresses only: everyone knows it, and %s %s can be reached from other machines", a.flag, a.addr)
		}
	}
	switch o.spark {
	case "local", "warm", "off":
	default:
		return fmt.Errorf("--spark %q is not one of local, warm, off", o.spark)
	}
	return nil
}

func digits(s string) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// up runs until ctx ends.
func up(ctx context.Context, o upOptions, stdout, stderr io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	p, err := startProcess(ctx, o, stderr)
	if err != nil {
		return err
	}
	banner(stdout, p.o, p.run, p.w.consoleKey(), p.fresh)
	<-ctx.Done()
	fmt.Fprintln(stdout, "stopping ...")
	if err := p.stop(); err != nil {
		return &exitError{exitFailed, fmt.Errorf("stopped, but: %w", err)}
	}
	fmt.Fprintln(stdout, "stopped cleanly")
	return nil
}

// process is a running tarn inside this program.
type process struct {
	o     upOptions
	w     *wiring
	run   running
	fresh bool // the data folder is new
	lock  *os.File
	end   context.CancelFunc
}

// startProcess opens the listeners and starts all parts. They outlive ctx: they
// end in order, by stop.
func startProcess(ctx context.Context, o upOptions, stderr io.Writer) (*process, error) {
	dir, err := filepath.Abs(expandHome(o.data))
	if err != nil {
		return nil, err
	}
	o.data = dir
	_, statErr := os.Stat(filepath.Join(dir, "tarn.db"))
	lock, err := lockData(dir)
	if err != nil {
		return nil, &exitError{exitRefused, err}
	}
	level := slog.LevelWarn
	if o.verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	api, err := server.Listen(o.addr)
	if err != nil {
		lock.Close()
		return nil, portTaken("--addr", o.addr, err)
	}
	pg, err := server.Listen(o.pg)
	if err != nil {
		for _, l := range api {
			l.Close()
		}
		lock.Close()
		return nil, portTaken("--pg", o.pg, err)
	}
	w := &wiring{o: o, log: log, api: api, pg: pg, srv: server.New(log), now: time.Now, stderr: stderr}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	p := &process{o: o, w: w, fresh: errors.Is(statErr, os.ErrNotExist), lock: lock, end: end}
	if err := w.srv.Start(life, w.parts()...); err != nil {
		end()
		lock.Close()
		return nil, &exitError{exitFailed, err}
	}
	p.run = running{PID: os.Getpid(), Endpoint: w.endpoint(), PGHost: "localhost", PGPort: port(pg[0]), Account: o.account, Region: o.region}
	if err := writeRunning(dir, p.run); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

func (p *process) stop() error {
	grace, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err := p.w.srv.Stop(grace)
	p.end()
	if rmErr := os.Remove(filepath.Join(p.o.data, "running.json")); !errors.Is(rmErr, os.ErrNotExist) {
		err = errors.Join(err, rmErr)
	}
	return errors.Join(err, p.lock.Close())
}

func portTaken(flag, addr string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return &exitError{exitFailed, fmt.Errorf("%s %s is taken by another program.\n  Take a free port:  tarn up %s 127.0.0.1:0", flag, addr, flag)}
	}
	return &exitError{exitFailed, fmt.Errorf("%s %s: %w", flag, addr, err)}
}

func port(l net.Listener) string {
	_, p, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return ""
	}
	return p
}

func banner(w io.Writer, o upOptions, r running, key string, fresh bool) {
	state := ""
	if fresh {
		state = " (new)"
	}
	env := `eval "$(tarn env)"`
	if def := expandHome(defaultData); o.data != def {
		env = fmt.Sprintf(`eval "$(tarn env --data %s)"`, o.data)
	}
	fmt.Fprintf(w, "tarn %s   data in %s%s\n", version, o.data, state)
	fmt.Fprintf(w, "  Console      %s/_/?k=%s      opens once, then you choose a password\n", r.Endpoint, key)
	fmt.Fprintf(w, "  AWS APIs     %s      %s  and use any AWS tool\n", r.Endpoint, env)
	fmt.Fprintf(w, "  Warehouse    %s:%s/dev      psql, JDBC, ODBC\n", r.PGHost, r.PGPort)
	switch o.spark {
	case "off":
		fmt.Fprintln(w, "  Spark        off: Spark jobs fail")
	case "warm":
		fmt.Fprintln(w, "  Spark        starting")
	default:
		fmt.Fprintln(w, "  Spark        not started; the first Spark job starts it")
	}
}
