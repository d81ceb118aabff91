// Command awsgen generates api/ from the pinned public API models in models/.
//
// It owns how a model's shape becomes a Go type, and which constraints travel
// with it. It owns nothing of the wire: package awsapi reads the generated
// struct tags and tables at run time.
//
//	go run ./internal/awsgen            # from the project's root
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
)

// services maps a folder of models/ to its package under api/.
var services = map[string]string{
	"s3": "s3", "glue": "glue", "redshift-data": "redshiftdata", "redshift": "redshift", "quicksight": "quicksight",
	"sts": "sts", "iam": "iam", "secretsmanager": "secretsmanager", "scheduler": "scheduler", "logs": "logs",
}

func main() {
	models := flag.String("models", "models", "folder of the pinned models")
	out := flag.String("out", "api", "folder to write packages to")
	coverage := flag.String("coverage", "", "write the table of implemented operations to this file instead")
	flag.Parse()
	if err := run(*models, *out, *coverage); err != nil {
		fmt.Fprintln(os.Stderr, "awsgen:", err)
		os.Exit(1)
	}
}

func run(models, out, coverage string) error {
	b, err := os.ReadFile(filepath.Join(models, "overlay.json"))
	if err != nil {
		return err
	}
	patches := map[string]overlay{}
	if err := json.Unmarshal(b, &patches); err != nil {
		return fmt.Errorf("overlay.json: %w", err)
	}
	var names []string
	for n := range services {
		names = append(names, n)
	}
	sort.Strings(names)
	loaded := map[string]*model{}
	for _, n := range names {
		m, err := load(models, n, patches)
		if err != nil {
			return err
		}
		loaded[n] = m
	}
	if coverage != "" {
		return writeCoverage(coverage, names, loaded)
	}
	for _, n := range names {
		g := &generator{service: n, pkg: services[n], m: loaded[n], overlay: patches[n]}
		if err := g.write(filepath.Join(out, services[n])); err != nil {
			return fmt.Errorf("%s: %w", n, err)
		}
	}
	return nil
}
