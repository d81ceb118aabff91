package main

import "github.com/spf13/cobra"

// projectCommands are the commands that work on a project folder.
func projectCommands() []*cobra.Command { return nil }
