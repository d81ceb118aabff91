package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"tarn/internal/identity"
)

func envCommand() *cobra.Command {
	var data, shell string
	c := &cobra.Command{
		Use:   "env",
		Short: "Print the environment that points AWS's tools and psql at the running tarn",
		Example: `  eval "$(tarn env)"
  aws s3 ls
  psql -c 'select current_user'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir := dataFolder(data)
			r, err := alive(dir)
			if err != nil {
				return &exitError{exitUnreachable, err}
			}
			vars, err := environment(dir, r)
			if err != nil {
				return err
			}
			text, err := formatEnv(shell, vars)
			if err != nil {
				return err
			}
			fmt.Fprint(cmd.OutOrStdout(), text)
			return nil
		},
	}
	c.Flags().StringVar(&data, "data", defaultData, "data folder of the running tarn")
	c.Flags().StringVar(&shell, "shell", "bash", "bash, fish, powershell or dotenv")
	return c
}

type variable struct{ name, value string }

// environment is what clients need to reach a running tarn as its root.
func environment(dir string, r running) ([]variable, error) {
	key, err := identity.ReadRootKey(filepath.Join(dir, "keys"))
	if err != nil {
		return nil, fmt.Errorf("reading the root key: %w", err)
	}
	return []variable{
		{"AWS_ENDPOINT_URL", r.Endpoint},
		{"AWS_ACCESS_KEY_ID", key.AccessKeyID},
		{"AWS_SECRET_ACCESS_KEY", key.SecretAccessKey},
		{"AWS_REGION", r.Region},
		{"AWS_DEFAULT_REGION", r.Region},
		{"AWS_ACCOUNT_ID", r.Account},
		{"PGHOST", r.PGHost},
		{"PGPORT", r.PGPort},
		{"PGUSER", "awsuser"},
		{"PGPASSWORD", key.SecretAccessKey},
		{"PGDATABASE", "dev"},
	}, nil
}

// stale are variables that would lead clients elsewhere.
var stale = []string{"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"}

func formatEnv(shell string, vars []variable) (string, error) {
	var b strings.Builder
	for _, v := range vars {
		switch shell {
		case "bash", "zsh", "sh":
			fmt.Fprintf(&b, "export %s='%s'\n", v.name, strings.ReplaceAll(v.value, "'", `'\''`))
		case "fish":
			fmt.Fprintf(&b, "set -gx %s '%s'\n", v.name, strings.ReplaceAll(v.value, "'", `\'`))
		case "powershell":
			fmt.Fprintf(&b, "$env:%s = '%s'\n", v.name, strings.ReplaceAll(v.value, "'", "''"))
		case "dotenv":
			fmt.Fprintf(&b, "%s=%s\n", v.name, v.value)
		default:
			return "", fmt.Errorf("unknown shell %q; one of bash, fish, powershell, dotenv", shell)
		}
	}
	switch shell {
	case "bash", "zsh", "sh":
		fmt.Fprintf(&b, "unset %s\n", strings.Join(stale, " "))
	case "fish":
		fmt.Fprintf(&b, "set -e %s\n", strings.Join(stale, " "))
	case "powershell":
		for _, s := range stale {
			fmt.Fprintf(&b, "Remove-Item Env:%s -ErrorAction SilentlyContinue\n", s)
		}
	}
	return b.String(), nil
}
