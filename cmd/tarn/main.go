// Command tarn is an AWS data pipeline in one binary: S3, Glue, Redshift and
// QuickSight answered on one machine. Each file here is a subcommand; up.go and
// wire.go are the only places that put parts together.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set by the build.
var version = "dev"

// Exit codes, the same for every command.
const (
	exitFailed      = 1   // a run, test or rule failed
	exitUsage       = 2   // the project or the command line is wrong
	exitRefused     = 4   // live, not ours, would empty
	exitUnreachable = 5   // target not reachable or not allowed
	exitInterrupted = 130 // the run goes on
)

// exitError ends the process with a code; its text, if any, goes to stderr.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

func run(ctx context.Context, args []string) int {
	root := &cobra.Command{
		Use:           "tarn",
		Short:         "An AWS data pipeline in one binary: S3, Glue, Redshift and QuickSight on one machine",
		SilenceUsage:  true,
		SilenceErrors: true,
		CompletionOptions: cobra.CompletionOptions{
			HiddenDefaultCmd: false,
		},
	}
	root.AddCommand(upCommand(), envCommand(), versionCommand())
	root.AddCommand(projectCommands()...)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	var exit *exitError
	if errors.As(err, &exit) {
		if exit.err != nil {
			fmt.Fprintln(os.Stderr, exit.err)
		}
		return exit.code
	}
	fmt.Fprintln(os.Stderr, "tarn:", err)
	return exitUsage
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  tarn version",
		Args:    cobra.NoArgs,
		Run:     func(cmd *cobra.Command, _ []string) { fmt.Fprintln(cmd.OutOrStdout(), "tarn", version) },
	}
}
