package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tarn/internal/pipeline"
)

func runCommand() *cobra.Command {
	var f projectFlags
	var o pipeline.RunOptions
	c := &cobra.Command{
		Use: "run", Short: "Run the project and follow it", Args: cobra.NoArgs,
		Example: "  tarn run\n  tarn run --resume        # go on after what failed in the last run",
		RunE: func(cmd *cobra.Command, _ []string) error {
			pl, err := f.planner(cmd.Context())
			if err != nil {
				return err
			}
			_, err = f.run(cmd.Context(), pl, o, cmd.OutOrStdout())
			return exitFor(err)
		},
	}
	f.register(c)
	c.Flags().BoolVar(&o.Resume, "resume", false, "start the failed parts of the last run again, and what follows them")
	c.Flags().BoolVar(&o.Detach, "detach", false, "start the run and do not follow it")
	return c
}

// run starts the project, prints its progress, and says where to look next.
func (f *projectFlags) run(ctx context.Context, pl *pipeline.Planner, o pipeline.RunOptions, out io.Writer) (*pipeline.Run, error) {
	began := time.Now()
	plan, err := pl.Plan(ctx)
	if err != nil {
		return nil, err
	}
	if err := plan.Runnable(); err != nil {
		return nil, err
	}
	if n := plan.Pending(); n > 0 && !f.quiet {
		fmt.Fprintf(os.Stderr, "%s not applied; this runs what is.   tarn plan   tarn apply\n", count(n, "change"))
	}
	view := newProgress(out, f.json, f.quiet)
	if !f.json && !f.quiet {
		fmt.Fprintf(out, "%s · %s\n", pl.Project.Name, pl.Project.Env)
	}
	o.Progress = view.show
	run, err := pl.Start(ctx, o)
	view.end()
	seconds := time.Since(began).Seconds()
	switch {
	case errors.Is(err, context.Canceled) && run != nil:
		fmt.Fprintf(os.Stderr, "not followed any more; the run %s goes on.   tarn logs -f\n", shortRun(run.ID))
	case err != nil:
		var failed *pipeline.RunFailed
		if errors.As(err, &failed) {
			for _, n := range failed.Nodes {
				fmt.Fprintf(os.Stderr, "\n%s  %s\n", strings.TrimPrefix(n.Name, pl.Project.Name+"-"), indent(firstOf(n.Error, n.State)))
			}
			fmt.Fprintf(os.Stderr, "\n  See its log:  tarn logs %s       Go on from here:  tarn run --resume\n", strings.TrimPrefix(failed.Nodes[0].Name, pl.Project.Name+"-"))
		}
		if f.json {
			f.event(out, map[string]any{"type": "result", "state": "FAILED", "seconds": seconds, "error": map[string]any{"message": err.Error()}})
		}
	case f.json:
		f.event(out, map[string]any{"type": "result", "state": "SUCCEEDED", "run": run.ID, "seconds": seconds})
	case o.Detach:
		fmt.Fprintf(out, "  started run %s\n", shortRun(run.ID))
	case !f.quiet:
		fmt.Fprintf(out, "  Done in %.1fs.", seconds)
		if ep := pl.Target.Client.Endpoint; ep != "" {
			fmt.Fprintf(out, "  %s/_/pipelines/%s/runs/%s", ep, pl.Project.Name, run.ID)
			for _, d := range pl.Project.Dashboards {
				fmt.Fprintf(out, "    Dashboard: %s/_/dashboards/%s-%s", ep, pl.Project.Name, d.Name)
			}
		}
		fmt.Fprintln(out)
	}
	return run, err
}

func indent(s string) string { return strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n  ") }

func shortRun(id string) string {
	id = strings.TrimPrefix(strings.TrimPrefix(id, "wr_"), "jr_")
	return id[:min(8, len(id))]
}
