package main

import (
	"context"
	"fmt"
	"strings"
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
			return exitFor(printLog(cmd.Context(), pl, run, follow, func(l string) { fmt.Fprintln(cmd.OutOrStdout(), l) }))
		},
	}
	f.register(c)
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on until the run ends")
	return c
}

// printLog prints a run's log; if asked, until the run has ended.
func printLog(ctx context.Context, pl *pipeline.Planner, run pipeline.JobRun, follow bool, emit func(string)) error {
	printed := 0
	for {
		over := true
		if follow {
			state, err := pl.JobRunState(ctx, run)
			if err != nil {
				return err
			}
			over = state.Over()
		}
		lines, err := pl.JobLog(ctx, run.ID)
		if err != nil {
			return err
		}
		for _, l := range lines[min(printed, len(lines)):] {
			emit(l)
		}
		printed = len(lines)
		if over {
			if printed == 0 {
				emit(fmt.Sprintf("(run %s of %s has written nothing)", strings.TrimPrefix(run.ID, "jr_")[:8], run.Job))
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
