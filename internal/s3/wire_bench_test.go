package s3_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	api "tarn/api/s3"
	"tarn/internal/awsapi"
)

const serveEnv = "TARN_S3_BENCH_DIR"

// TestServeChild is the server of the benchmarks, in a process of its own so that its CPU time can be told from the
// client's. Without its variable there is nothing to do.
func TestServeChild(t *testing.T) {
	dir := os.Getenv(serveEnv)
	if dir == "" {
		return
	}
	endpoint, _ := serve(t, dir)
	fmt.Println("serving", endpoint)
	io.Copy(io.Discard, os.Stdin) // until the parent ends
}

// startServer starts TestServeChild and answers its address and the CPU time it has used, in microseconds.
func startServer(b *testing.B) (endpoint string, cpu func() float64) {
	b.Helper()
	args := []string{"-test.run=^TestServeChild$", "-test.timeout=0"}
	if profile := os.Getenv("TARN_S3_BENCH_PROFILE"); profile != "" {
		args = append(args, "-test.cpuprofile="+profile)
	}
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), serveEnv+"="+b.TempDir())
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	for sc := bufio.NewScanner(stdout); sc.Scan(); {
		if e, ok := strings.CutPrefix(sc.Text(), "serving "); ok {
			endpoint = e
			break
		}
	}
	if endpoint == "" {
		b.Fatal("the server did not start")
	}
	return endpoint, func() float64 {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
		if err != nil {
			b.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		f := strings.Fields(rest)
		user, _ := strconv.ParseFloat(f[11], 64)
		system, _ := strconv.ParseFloat(f[12], 64)
		return (user + system) * 1e4 // clock ticks of 10 ms
	}
}

// benchWire runs an operation from 16 workers and reports its rate and the server's CPU time for each.
func benchWire(b *testing.B, prepare func(call func(op string, in, out any)), operation func(call func(op string, in, out any), worker, i int)) {
	endpoint, cpu := startServer(b)
	client := &awsapi.Client{
		Endpoint: endpoint, Region: "us-east-1", Credentials: awsapi.Credentials{AccessKeyID: rootKey, SecretAccessKey: rootSecret},
		HTTP: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32, DisableCompression: true}},
	}
	call := func(op string, in, out any) {
		if err := client.Do(context.Background(), api.Model, op, in, out); err != nil {
			b.Error(err)
		}
	}
	call("CreateBucket", &api.CreateBucketInput{Bucket: new("lake")}, &api.CreateBucketOutput{})
	prepare(call)
	var next atomic.Int64
	var workers sync.WaitGroup
	before := cpu()
	b.ResetTimer()
	for w := range 16 {
		workers.Go(func() {
			for i := int(next.Add(1)); i <= b.N; i = int(next.Add(1)) {
				operation(call, w, i)
			}
		})
	}
	workers.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "op/s")
	b.ReportMetric((cpu()-before)/float64(b.N), "server-us/op")
}

func BenchmarkWirePut16KiB(b *testing.B) {
	body := bytes.Repeat([]byte("0123456789abcdef"), 1024)
	benchWire(b, func(func(string, any, any)) {}, func(call func(string, any, any), w, i int) {
		call("PutObject", &api.PutObjectInput{Bucket: new("lake"), Key: new(fmt.Sprintf("w%d/%d", w, i)), Body: bytes.NewReader(body)}, &api.PutObjectOutput{})
	})
}

func BenchmarkWireGet16KiB(b *testing.B) {
	body := bytes.Repeat([]byte("0123456789abcdef"), 1024)
	const objects = 500
	prepare := func(call func(string, any, any)) {
		for i := range objects {
			call("PutObject", &api.PutObjectInput{Bucket: new("lake"), Key: new(strconv.Itoa(i)), Body: bytes.NewReader(body)}, &api.PutObjectOutput{})
		}
	}
	benchWire(b, prepare, func(call func(string, any, any), w, i int) {
		out := &api.GetObjectOutput{}
		call("GetObject", &api.GetObjectInput{Bucket: new("lake"), Key: new(strconv.Itoa(i % objects))}, out)
		n, err := io.Copy(io.Discard, out.Body)
		out.Body.Close()
		if err != nil || n != int64(len(body)) {
			b.Errorf("%d bytes, %v", n, err)
		}
	})
}
