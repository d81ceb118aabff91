package job

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// truststores are where systems keep the certificates that Java trusts; a Java
// that comes in a wheel knows nothing of a company's own.
var truststores = []string{"/etc/ssl/certs/java/cacerts", "/etc/pki/java/cacerts"}

// fetchJars fetches the pinned jars with Ivy, which Spark brings along, and
// checks each against its digest. MAVEN_REPO_URL names a mirror of Maven Central.
func fetchJars(ctx context.Context, env sparkEnvironment, dir string, progress func(string)) error {
	ivy, err := filepath.Glob(filepath.Join(env.home, "jars", "ivy-*.jar"))
	if err != nil || len(ivy) != 1 {
		return fmt.Errorf("%s/jars has no Ivy to fetch jars with", env.home)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), "ivy-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	module := filepath.Join(work, "ivy.xml")
	if err := os.WriteFile(module, ivyModule(), 0o600); err != nil {
		return err
	}
	args := []string{}
	for _, t := range truststores {
		if _, err := os.Stat(t); err == nil {
			args = append(args, "-Djavax.net.ssl.trustStore="+t)
			break
		}
	}
	args = append(args, "-cp", ivy[0], "org.apache.ivy.Main", "-warn", "-cache", filepath.Join(work, "cache"), "-ivy", module, "-types", "jar",
		"-retrieve", filepath.Join(dir, "[artifact]-[revision].[ext]"))
	if mirror := os.Getenv("MAVEN_REPO_URL"); mirror != "" {
		settings := filepath.Join(work, "settings.xml")
		if err := os.WriteFile(settings, ivySettings(mirror), 0o600); err != nil {
			return err
		}
		args = append(args, "-settings", settings)
	}
	for _, j := range jars {
		progress("  " + j.file())
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, env.java, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("fetch jars from Maven Central: %w\n%s", err, bytes.TrimSpace(out))
	}
	for _, j := range jars {
		got, err := fileSHA256(filepath.Join(dir, j.file()))
		if errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s:%s:%s is not to be had from Maven Central\n%s", j.org, j.name, j.revision, bytes.TrimSpace(out))
		}
		if err != nil {
			return err
		}
		if got != j.sha256 {
			return fmt.Errorf("%s has SHA-256 %s, expected %s", j.file(), got, j.sha256)
		}
	}
	return nil
}

func ivyModule() []byte {
	var b strings.Builder
	b.WriteString(`<ivy-module version="2.0"><info organisation="tarn" module="spark"/><dependencies>`)
	for _, j := range jars {
		fmt.Fprintf(&b, `<dependency org="%s" name="%s" rev="%s" transitive="false"/>`, j.org, j.name, j.revision)
	}
	b.WriteString(`</dependencies></ivy-module>`)
	return []byte(b.String())
}

func ivySettings(mirror string) []byte {
	var root bytes.Buffer
	xml.EscapeText(&root, []byte(strings.TrimSuffix(mirror, "/")+"/")) // a Buffer never fails
	return []byte(`<ivysettings><settings defaultResolver="mirror"/><resolvers><ibiblio name="mirror" m2compatible="true" root="` + root.String() + `"/></resolvers></ivysettings>`)
}

func fileSHA256(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
