package job

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// sparkServer is the Spark Connect server that all Spark jobs share: started with the first, kept warm, and started
// anew when it has died.
type sparkServer struct {
	svc *Service

	mu  sync.Mutex
	cur *sparkAddress
}

// sparkAddress is one running server.
type sparkAddress struct {
	remote string // sc://host:port
	token  string // whoever does not know it is refused
	cmd    *exec.Cmd
	exit   string // how it ended; set before gone is closed
	gone   chan struct{}
}

// ready answers a running server, starting it if need be.
func (p *sparkServer) ready(ctx context.Context, progress func(string)) (*sparkAddress, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cur != nil {
		select {
		case <-p.cur.gone:
			p.cur = nil
		default:
			return p.cur, nil
		}
	}
	env, err := p.svc.env.spark(ctx, progress)
	if err != nil {
		return nil, err
	}
	if env.sessions, err = p.svc.env.sessions(ctx, env, progress); err != nil {
		return nil, fmt.Errorf("compile the file system of sessions: %w", err)
	}
	lib, err := p.svc.env.unpack()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	a, err := p.start(ctx, env, lib)
	if err != nil {
		return nil, err
	}
	progress(fmt.Sprintf("Spark is up after %.1f s", time.Since(began).Seconds()))
	p.cur = a
	return a, nil
}

var listening = regexp.MustCompile(`Spark Connect server started at: \S+:(\d+)`)

func (p *sparkServer) start(ctx context.Context, env sparkEnvironment, lib string) (*sparkAddress, error) {
	var random [24]byte
	if _, err := io.ReadFull(p.svc.o.Rand, random[:]); err != nil {
		return nil, err
	}
	a := &sparkAddress{token: hex.EncodeToString(random[:]), gone: make(chan struct{})}
	if err := os.MkdirAll(filepath.Dir(p.logPath()), 0o700); err != nil {
		return nil, err
	}
	log, err := os.Create(p.logPath())
	if err != nil {
		return nil, err
	}
	temp := filepath.Join(p.svc.o.Data, "tmp", "spark")
	if err := os.RemoveAll(temp); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(temp, 0o700); err != nil {
		return nil, err
	}
	cmd := exec.Command(env.java, p.arguments(env, temp)...)
	cmd.Dir = temp
	// Nothing of the server's own environment reaches it: keys there would be every session's keys.
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + temp, "LANG=C.UTF-8", "TZ=UTC", "SPARK_HOME=" + env.home, "PYSPARK_PYTHON=" + env.python,
		"PYTHONPATH=" + lib, "PYTHONDONTWRITEBYTECODE=1", "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=" + os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "SPARK_CONNECT_AUTHENTICATE_TOKEN=" + a.token, "SPARK_LOCAL_DIRS=" + temp,
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout = log
	if err := cmd.Start(); err != nil {
		log.Close()
		return nil, fmt.Errorf("start Java: %w", err)
	}
	a.cmd = cmd
	port := make(chan string, 1)
	go func() {
		lines := bufio.NewReader(out)
		for {
			line, err := lines.ReadString('\n')
			_, _ = log.WriteString(line)
			if m := listening.FindStringSubmatch(line); m != nil {
				select {
				case port <- m[1]:
				default:
				}
			}
			if err != nil {
				break
			}
		}
		err := cmd.Wait()
		log.Close()
		a.exit = "exit status 0"
		if err != nil {
			a.exit = err.Error()
		}
		close(a.gone)
	}()
	if err := p.svc.remember("spark", processOf(cmd.Process.Pid)); err != nil {
		p.kill(a)
		return nil, err
	}
	select {
	case n := <-port:
		// By this name the client sends the token over a plain local connection.
		a.remote = "sc://localhost:" + n
		return a, nil
	case <-a.gone:
		return nil, fmt.Errorf("Spark did not start (%s): %s", a.exit, lastLines(p.logPath(), 5))
	case <-ctx.Done():
		p.kill(a)
		return nil, context.Cause(ctx)
	case <-time.After(3 * time.Minute):
		p.kill(a)
		return nil, fmt.Errorf("Spark was not up after three minutes; its log: %s", p.logPath())
	}
}

// opens are the packages that Spark needs opened to itself; its launcher's list without the module that this
// Java has not got.
var opens = []string{
	"java.base/java.lang", "java.base/java.lang.invoke", "java.base/java.lang.reflect", "java.base/java.io", "java.base/java.net",
	"java.base/java.nio", "java.base/java.util", "java.base/java.util.concurrent", "java.base/java.util.concurrent.atomic",
	"java.base/jdk.internal.ref", "java.base/sun.nio.ch", "java.base/sun.nio.cs", "java.base/sun.security.action",
	"java.base/sun.util.calendar", "java.security.jgss/sun.security.krb5",
}

func (p *sparkServer) arguments(env sparkEnvironment, temp string) []string {
	heap := p.svc.o.SparkMemory
	if heap == "" {
		heap = defaultHeap()
	}
	args := []string{"-Xmx" + heap, "-XX:+UseParallelGC", "-XX:+ExitOnOutOfMemoryError", "-XX:+IgnoreUnrecognizedVMOptions",
		"-Djdk.reflect.useDirectMethodHandle=false", "-Dio.netty.tryReflectionSetAccessible=true", "--enable-native-access=ALL-UNNAMED"}
	for _, o := range opens {
		args = append(args, "--add-opens="+o+"=ALL-UNNAMED")
	}
	args = append(args, "-cp", filepath.Join(env.home, "jars", "*")+string(os.PathListSeparator)+filepath.Join(env.jars, "*")+string(os.PathListSeparator)+env.sessions,
		"org.apache.spark.deploy.SparkSubmit", "--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "--master", "local[*]", "--name", "tarn")
	for _, kv := range [][2]string{
		{"spark.connect.grpc.binding.address", "127.0.0.1"},
		{"spark.connect.grpc.binding.port", "0"},
		{"spark.driver.host", "127.0.0.1"},
		{"spark.driver.bindAddress", "127.0.0.1"},
		{"spark.ui.enabled", "false"},
		// 200 tasks for a handful of rows cost more than the rows.
		{"spark.sql.shuffle.partitions", "4"},
		{"spark.default.parallelism", "4"},
		{"spark.sql.warehouse.dir", filepath.Join(temp, "warehouse")},
		{"spark.sql.catalogImplementation", "in-memory"},
		{"spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions,tarn.spark.CatalogExtension"},
		{"spark.hadoop.hadoop.tmp.dir", filepath.Join(temp, "hadoop")},
		{"spark.hadoop.fs.s3a.audit.enabled", "false"},
		{"spark.hadoop.fs.s3.impl", "tarn.spark.SessionFileSystem"},
		{"spark.hadoop.fs.s3a.impl", "tarn.spark.SessionFileSystem"},
		// Hadoop's cache would give one session's file system, with its keys, to the next: see sessions.scala.
		{"spark.hadoop.fs.s3.impl.disable.cache", "true"},
		{"spark.hadoop.fs.s3a.impl.disable.cache", "true"},
	} {
		args = append(args, "--conf", kv[0]+"="+kv[1])
	}
	return append(args, "spark-internal")
}

// defaultHeap is a quarter of the machine's memory, from one to eight gigabytes.
func defaultHeap() string {
	raw, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return "2g"
	}
	for line := range strings.Lines(string(raw)) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "MemTotal:" {
			kb, _ := strconv.ParseInt(f[1], 10, 64)
			return fmt.Sprintf("%dm", min(max(kb/4/1024, 1024), 8192))
		}
	}
	return "2g"
}

// alive tells whether a server that a run used is still there. A connection breaks a moment before the process ends.
func (a *sparkAddress) alive() bool {
	select {
	case <-a.gone:
		return false
	case <-time.After(300 * time.Millisecond):
		return true
	}
}

func (p *sparkServer) logPath() string { return filepath.Join(p.svc.o.Data, "runs", "spark.log") }

func (p *sparkServer) kill(a *sparkAddress) {
	if err := syscall.Kill(-a.cmd.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		_ = a.cmd.Process.Kill()
	}
}

// close ends the server.
func (p *sparkServer) close() {
	p.mu.Lock()
	a := p.cur
	p.cur = nil
	p.mu.Unlock()
	if a == nil {
		return
	}
	_ = a.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-a.gone:
	case <-time.After(5 * time.Second):
		p.kill(a)
		<-a.gone
	}
	if err := p.svc.forget("spark"); err != nil {
		p.svc.o.Log.Warn("record of an ended process stays", "error", err)
	}
}

func lastLines(path string, n int) string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
