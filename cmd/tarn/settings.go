package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// defaultData is the data folder where nothing else is said.
const defaultData = "~/.tarn"

// dataFolder is the data folder of a running tarn: the flag's, else TARN_DATA's, else the default.
func dataFolder(flag string) string {
	if v := os.Getenv("TARN_DATA"); v != "" && flag == defaultData {
		flag = v
	}
	return expandHome(flag)
}

// resolve gives each flag of tarn up that was not typed its value from
// TARN_<FLAG>, else from server.yaml in the data folder. Unknown keys of the file
// are errors.
func resolve(cmd *cobra.Command) error {
	const dataFlag = "data"
	fromEnv := func(f *pflag.Flag) (string, bool) {
		return os.LookupEnv("TARN_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_")))
	}
	var first error
	set := func(f *pflag.Flag, v, source string) {
		if err := cmd.Flags().Set(f.Name, v); err != nil && first == nil {
			first = fmt.Errorf("%s: --%s: %w", source, f.Name, err)
		}
	}
	if f := cmd.Flags().Lookup(dataFlag); !f.Changed {
		if v, ok := fromEnv(f); ok {
			set(f, v, "environment")
		}
	}
	dir, err := cmd.Flags().GetString(dataFlag)
	if err != nil {
		return err
	}
	path := filepath.Join(expandHome(dir), "server.yaml")
	file := map[string]any{}
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := yaml.Unmarshal(b, &file); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for k := range file {
		if cmd.Flags().Lookup(k) == nil || k == dataFlag {
			return fmt.Errorf("%s: unknown key %q; its keys are the flags of tarn up", path, k)
		}
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed {
			return
		}
		if v, ok := fromEnv(f); ok {
			set(f, v, "environment TARN_"+strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_")))
		} else if v, ok := file[f.Name]; ok {
			set(f, fmt.Sprint(v), path)
		}
	})
	return first
}

func expandHome(p string) string {
	if rest, ok := strings.CutPrefix(p, "~/"); ok || p == "~" {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return p
}

// parseSize reads 512MB, 4GB or a number of bytes; "" is 0.
func parseSize(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	for _, u := range []struct {
		suffix string
		factor int64
	}{{"TB", 1 << 40}, {"GB", 1 << 30}, {"MB", 1 << 20}, {"KB", 1 << 10}, {"", 1}} {
		if n, ok := strings.CutSuffix(strings.ToUpper(s), u.suffix); ok {
			v, err := strconv.ParseInt(strings.TrimSpace(n), 10, 64)
			if err != nil || v <= 0 {
				break
			}
			return v * u.factor, nil
		}
	}
	return 0, fmt.Errorf("%q is not a size such as 512MB or 4GB", s)
}
