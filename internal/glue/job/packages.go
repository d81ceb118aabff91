package job

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// packages fetches what a job brings along: files for sys.path, and pip packages, for which it needs an interpreter
// that has imported nothing yet.
func (ex *execution) packages(ctx context.Context, r *runner) (paths []string, fresh bool, err error) {
	for _, url := range list(ex.args["--extra-py-files"]) {
		path, err := ex.fetch(url, "py-files")
		if err != nil {
			return nil, false, fmt.Errorf("--extra-py-files: %w", err)
		}
		if strings.HasSuffix(path, ".py") {
			// A module is found through its folder.
			path = filepath.Dir(path)
		}
		paths = append(paths, path)
	}
	for _, url := range list(ex.args["--extra-files"]) {
		if _, err := ex.fetch(url, "work"); err != nil {
			return nil, false, fmt.Errorf("--extra-files: %w", err)
		}
	}
	wanted := list(ex.args["--additional-python-modules"])
	if len(wanted) == 0 {
		return paths, false, nil
	}
	// An installation is kept by what is in it: a wheel by its content, for its folder is this run's.
	names := slices.Clone(wanted)
	for i, w := range wanted {
		if strings.HasPrefix(w, "s3://") {
			if wanted[i], err = ex.fetch(w, "wheels"); err == nil {
				names[i], err = fileSHA256(wanted[i])
			}
			if err != nil {
				return nil, false, fmt.Errorf("--additional-python-modules: %w", err)
			}
		}
	}
	site, err := ex.svc.env.modules(ctx, r.python, wanted, names, strings.Fields(ex.args["--python-modules-installer-option"]), ex.progress)
	if err != nil {
		return nil, false, fmt.Errorf("--additional-python-modules: %w", err)
	}
	return append(paths, site), true, nil
}

// fetch copies an object into a folder of the run.
func (ex *execution) fetch(url, folder string) (string, error) {
	bucket, key, err := splitS3(url)
	if err != nil {
		return "", err
	}
	data, err := ex.svc.o.Lake.ReadObject(ex.callerCtx, bucket, key)
	if err != nil {
		return "", fmt.Errorf("%s: %w", url, err)
	}
	dir := filepath.Join(ex.dir, folder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	path := filepath.Join(dir, filepath.Base(key))
	return path, os.WriteFile(path, data, 0o600)
}

func list(text string) []string {
	var all []string
	for _, item := range strings.Split(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			all = append(all, item)
		}
	}
	return all
}
