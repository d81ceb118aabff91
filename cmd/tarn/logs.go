package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"tarn/internal/pipeline"
)

func logsCommand() *cobra.Command {
	var f projectFlags
	var follow bool
	c := &cobra.Command{
		Use: "logs [JOB or RUN]", Short: "Print the log of a job's last run, or of one run", Args: cobra.MaximumNArgs(1),
		Example: "  tarn logs                     # of the job that ran last\n  tarn logs clean_flights -f    # live",
		RunE: func(cmd *cobra.Command, args []string) error {
			pl, err := f.planner(cmd.Context())
			if err != nil {
				return err
			}
			name := ""
			if len(args) > 0 {
				name = args[0]
			}
			run, err := pl.FindJobRun(cmd.Context(), name)
			if err != nil {
				return exitFor(err)
			}
			if err := printLog(cmd.Context(), pl, run, follow, func(l string) { fmt.Fprintln(cmd.OutOrStdout(), l) }); err != nil {
				return exitFor(err)
			}
			state, err := pl.JobRunState(cmd.Context(), run)
			if err == nil && state.Failed() {
				fmt.Fprintf(cmd.ErrOrStderr(), "\n✗ %s\n", indent(firstOf(state.Error, state.State)))
			}
			return exitFor(err)
		},
	}
	f.register(c)
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on until the run ends")
	return c
}

// printLog prints a run's log; if asked, until the run has ended.
func printLog(ctx context.Context, pl *pipeline.Planner, run pipeline.JobRun, follow bool, emit func(string)) error {
	printed := 0
	var next *string
	for {
		over := true
		if follow {
			state, err := pl.JobRunState(ctx, run)
			if err != nil {
				return err
			}
			over = state.Over()
		}
		lines, after, err := pl.JobLog(ctx, run.ID, next)
		if err != nil {
			return err
		}
		for _, l := range lines {
			emit(l)
		}
		printed, next = printed+len(lines), after
		if over {
			if printed == 0 {
				emit(fmt.Sprintf("(run %s of %s has written nothing)", shortRun(run.ID), run.Job))
			}
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(300 * time.Millisecond):
		}
	}
}
