package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tarn/internal/awsapi"
	"tarn/internal/identity"
	"tarn/internal/pipeline"
)

// projectFlags are the flags of every command that works on a project.
type projectFlags struct {
	dir, env, target, data string
	vars                   []string
	json, quiet            bool
}

func (f *projectFlags) register(c *cobra.Command) {
	c.Flags().StringVarP(&f.dir, "dir", "C", ".", "project folder")
	c.Flags().StringVar(&f.env, "env", "", "environment of the project; default $TARN_ENV, else dev")
	c.Flags().StringVar(&f.target, "target", "", "where the APIs are; default the environment's, else $AWS_ENDPOINT_URL, else the running tarn")
	c.Flags().StringVar(&f.data, "data", defaultData, "data folder of the running tarn, for its address and root key")
	c.Flags().StringArrayVar(&f.vars, "var", nil, "set a variable of the project: --var name=value")
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object a line")
	c.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "print only what fails")
}

// projectCommands are the commands that work on a project folder.
func projectCommands() []*cobra.Command {
	return []*cobra.Command{planCommand(), applyCommand(), runCommand(), logsCommand(), sqlCommand(), demoCommand()}
}

// planner reads the project and connects to its target.
func (f *projectFlags) planner(ctx context.Context) (*pipeline.Planner, error) {
	p, err := f.project()
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	t, err := f.connect(ctx, p.Environ)
	if err != nil {
		return nil, exitFor(err)
	}
	return &pipeline.Planner{Project: p, Target: t, Gen: generators()}, nil
}

func (f *projectFlags) project() (*pipeline.Project, error) {
	if f.env == "" {
		f.env = os.Getenv("TARN_ENV")
	}
	vars := map[string]string{}
	for _, v := range f.vars {
		k, val, ok := strings.Cut(v, "=")
		if !ok {
			return nil, fmt.Errorf("--var %q is not name=value", v)
		}
		vars[k] = val
	}
	return pipeline.Load(f.dir, pipeline.LoadOptions{Env: f.env, Vars: vars, LookupEnv: os.LookupEnv})
}

// connect chooses the endpoint and the credentials: flag, environment of the
// project, AWS's own variables, else the running tarn's root key.
func (f *projectFlags) connect(ctx context.Context, e pipeline.Environ) (*pipeline.Target, error) {
	c := &awsapi.Client{Region: firstOf(e.Region, os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), "us-east-1")}
	endpoint := firstOf(f.target, e.Target, os.Getenv("AWS_ENDPOINT_URL"))
	c.Credentials = awsapi.Credentials{AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: os.Getenv("AWS_SESSION_TOKEN")}
	if endpoint == "aws" {
		endpoint = ""
		if c.Credentials.AccessKeyID == "" {
			return nil, &pipeline.Unreachable{Err: errors.New("no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")}
		}
	} else if endpoint == "" || c.Credentials.AccessKeyID == "" {
		dir := dataFolder(f.data)
		r, err := alive(dir)
		if err != nil {
			return nil, &pipeline.Unreachable{Err: err}
		}
		if endpoint == "" {
			endpoint = r.Endpoint
		}
		key, err := identity.ReadRootKey(filepath.Join(dir, "keys"))
		if err != nil {
			return nil, err
		}
		c.Credentials = awsapi.Credentials{AccessKeyID: key.AccessKeyID, SecretAccessKey: key.SecretAccessKey}
		c.Region = r.Region
	}
	c.Endpoint = endpoint
	return pipeline.Connect(ctx, c)
}

func firstOf(s ...string) string {
	for _, v := range s {
		if v != "" {
			return v
		}
	}
	return ""
}

// exitFor gives an error the exit code that its kind has.
func exitFor(err error) error {
	var (
		unreachable *pipeline.Unreachable
		refused     *pipeline.Refused
		failed      *pipeline.RunFailed
		problem     *pipeline.Problem
		problems    pipeline.Problems
		exit        *exitError
	)
	switch {
	case err == nil || errors.As(err, &exit):
		return err
	case errors.As(err, &unreachable):
		return &exitError{exitUnreachable, err}
	case errors.As(err, &refused):
		return &exitError{exitRefused, err}
	case errors.As(err, &problem), errors.As(err, &problems):
		return &exitError{exitUsage, err}
	case errors.As(err, &failed):
		return &exitError{exitFailed, nil} // its nodes have been printed
	case errors.Is(err, context.Canceled):
		return &exitError{exitInterrupted, nil}
	}
	return &exitError{exitFailed, err}
}

func planCommand() *cobra.Command {
	var f projectFlags
	var check bool
	c := &cobra.Command{
		Use: "plan", Short: "Show what apply would do", Args: cobra.NoArgs,
		Example: "  tarn plan\n  tarn plan --check        # exit status 3 if anything would change",
		RunE: func(cmd *cobra.Command, _ []string) error {
			pl, err := f.planner(cmd.Context())
			if err != nil {
				return err
			}
			plan, err := pl.Plan(cmd.Context())
			if err != nil {
				return exitFor(err)
			}
			if f.json {
				if err := json.NewEncoder(cmd.OutOrStdout()).Encode(plan); err != nil {
					return err
				}
			} else if !f.quiet {
				plan.Print(cmd.OutOrStdout())
			}
			if check && plan.Pending() > 0 {
				return &exitError{3, nil}
			}
			return nil
		},
	}
	f.register(c)
	c.Flags().BoolVar(&check, "check", false, "end with status 3 if anything would change")
	return c
}

func applyCommand() *cobra.Command {
	var f projectFlags
	var yes bool
	c := &cobra.Command{
		Use: "apply", Short: "Make the target what the project says", Args: cobra.NoArgs,
		Example: "  tarn apply\n  tarn apply --env prod --yes",
		RunE: func(cmd *cobra.Command, _ []string) error {
			pl, err := f.planner(cmd.Context())
			if err != nil {
				return err
			}
			if pl.Project.Environ.Live && !yes {
				return &exitError{exitUsage, fmt.Errorf("envs.%s is live\n  Look first:  tarn plan --env %[1]s      Then:  tarn apply --env %[1]s --yes", pl.Project.Env)}
			}
			return exitFor(f.apply(cmd.Context(), pl, cmd.OutOrStdout()))
		},
	}
	f.register(c)
	c.Flags().BoolVar(&yes, "yes", false, "do not ask, even where the environment is live")
	return c
}

func (f *projectFlags) apply(ctx context.Context, pl *pipeline.Planner, out io.Writer) error {
	plan, err := pl.Plan(ctx)
	if err != nil {
		return err
	}
	counts := map[string]int{}
	err = pl.Apply(ctx, plan, func(s *pipeline.Step) {
		counts[s.Kind]++
		switch {
		case f.json:
			f.event(out, map[string]any{"type": "apply", "node": s.Kind + " " + s.Name, "state": string(s.Do)})
		case !f.quiet:
			fmt.Fprintf(out, "  %-10s %s %s\n", s.Do, s.Kind, s.Name)
		}
	})
	if err != nil {
		return err
	}
	p := pl.Project
	if f.json {
		f.event(out, map[string]any{"type": "result", "state": "applied", "changed": plan.Pending()})
		return nil
	}
	if !f.quiet {
		fmt.Fprintf(out, "%s applied: %s, %s, %s\n", p.Name, count(len(p.Sources), "source"), count(len(p.Jobs), "job"), count(len(p.Dashboards), "dashboard"))
	}
	return nil
}

func count(n int, noun string) string { return pipeline.Count(int64(n), noun) }

// event prints one JSON line; keys are only ever added.
func (f *projectFlags) event(w io.Writer, m map[string]any) {
	m["time"] = time.Now().UTC().Format(time.RFC3339Nano)
	if err := json.NewEncoder(w).Encode(m); err != nil {
		fmt.Fprintln(os.Stderr, "tarn:", err)
	}
}
