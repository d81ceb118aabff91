package s3

import (
	"bufio"
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	api "tarn/api/s3"
	"tarn/internal/awsapi"
	"tarn/internal/s3/blob"
)

func walkFiles(fsys fs.FS, fn func(path string)) error {
	return fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			fn(path)
		}
		return err
	})
}

const (
	crashDir     = "TARN_S3_CRASH_DIR"
	crashSeed    = "TARN_S3_CRASH_SEED"
	crashWorkers = 8
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		crashChild(dir)
		return
	}
	os.Exit(m.Run())
}

// crashChild writes until it is killed. Before each write it says what it is about to do, and afterwards that it was
// answered: "worker begin key etag-or-gone" and "worker done key".
func crashChild(dir string) {
	ctx := caller(context.Background())
	s, err := Open(ctx, Options{Dir: dir, Authorize: allowAll, Grace: time.Millisecond})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	if _, err := s.CreateBucket(ctx, &api.CreateBucketInput{Bucket: new("lake")}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	seed, _ := strconv.ParseUint(os.Getenv(crashSeed), 10, 64)
	var mu sync.Mutex
	// say has written a line when it returns: unbuffered, so it survives the kill, and a write never comes before its line.
	say := func(line string) {
		mu.Lock()
		defer mu.Unlock()
		os.Stdout.WriteString(line + "\n")
	}
	for w := range crashWorkers {
		go func() {
			rnd := rand.New(rand.NewPCG(seed, uint64(w)))
			for {
				if err := crashStep(ctx, s, rnd, w, say); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(4)
				}
			}
		}()
	}
	select {} // until it is killed
}

func crashStep(ctx context.Context, s *Service, rnd *rand.Rand, w int, say func(line string)) error {
	key := fmt.Sprintf("w%d/%d", w, rnd.IntN(12))
	body := bytes.Repeat([]byte{byte(rnd.Uint32())}, rnd.IntN(100_000))
	sum := md5.Sum(body)
	want := hex.EncodeToString(sum[:])
	begin := func(state string) { say(fmt.Sprintf("%d begin %s %s", w, key, state)) }
	var err error
	switch rnd.IntN(5) {
	case 0, 1:
		begin(want)
		_, err = s.PutObject(ctx, &api.PutObjectInput{Bucket: new("lake"), Key: &key, Body: bytes.NewReader(body)})
	case 2:
		begin("gone")
		_, err = s.DeleteObject(ctx, &api.DeleteObjectInput{Bucket: new("lake"), Key: &key})
	case 3:
		begin(want)
		file := s.Lake().TempDir() + fmt.Sprintf("/%d", w)
		if err := os.WriteFile(file, body, 0o600); err != nil {
			return err
		}
		_, err = s.Lake().Put(ctx, "lake", key, file)
	case 4:
		up, e := s.CreateMultipartUpload(ctx, &api.CreateMultipartUploadInput{Bucket: new("lake"), Key: &key})
		if e != nil {
			return e
		}
		part, e := s.UploadPart(ctx, &api.UploadPartInput{Bucket: new("lake"), Key: &key, UploadId: up.UploadId, PartNumber: new(int32(1)), Body: bytes.NewReader(body)})
		if e != nil {
			return e
		}
		whole := md5.Sum(sum[:])
		begin(hex.EncodeToString(whole[:]) + "-1")
		_, err = s.CompleteMultipartUpload(ctx, &api.CompleteMultipartUploadInput{Bucket: new("lake"), Key: &key, UploadId: up.UploadId,
			MultipartUpload: &api.CompletedMultipartUpload{Parts: []*api.CompletedPart{{PartNumber: new(int32(1)), ETag: part.ETag}}}})
	}
	say(fmt.Sprintf("%d done %s", w, key))
	return err
}

// TestKill ends a writing process with SIGKILL at random moments, again and again on one folder: what was answered
// is there, what was not is there whole or not at all, and no file is left over.
func TestKill(t *testing.T) {
	rounds := 8
	if testing.Short() {
		rounds = 3
	}
	dir := t.TempDir()
	known := map[string]string{} // key -> ETag or "gone"
	rnd := rand.New(rand.NewPCG(7, 7))
	writes := 0
	for round := range rounds {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), crashDir+"="+dir, crashSeed+"="+strconv.Itoa(round))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(200+rnd.IntN(900))*time.Millisecond, func() { cmd.Process.Kill() })
		open := map[string]string{} // key -> state that was begun and not answered
		begun := map[string]string{}
		for sc := bufio.NewScanner(out); sc.Scan(); {
			f := strings.Fields(sc.Text())
			switch {
			case len(f) == 4 && f[1] == "begin":
				begun[f[0]], open[f[2]] = f[3], f[3]
			case len(f) == 3 && f[1] == "done":
				known[f[2]] = begun[f[0]]
				delete(open, f[2])
				writes++
			}
		}
		cmd.Wait()
		timer.Stop()
		if stderr.Len() > 0 {
			t.Fatalf("round %d: %s", round, stderr.String())
		}
		verifyAfterKill(t, dir, known, open)
	}
	if writes < 100 {
		t.Errorf("only %d writes were answered", writes)
	}
	t.Logf("%d writes answered in %d rounds", writes, rounds)
}

func verifyAfterKill(t *testing.T, dir string, known, open map[string]string) {
	t.Helper()
	ctx := caller(t.Context())
	s, err := Open(ctx, Options{Dir: dir, Authorize: allowAll, Grace: time.Nanosecond, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	keys := map[string]bool{}
	for k := range known {
		keys[k] = true
	}
	for k := range open {
		keys[k] = true
	}
	for k := range keys {
		state := "gone"
		out, err := s.GetObject(ctx, &api.GetObjectInput{Bucket: new("lake"), Key: &k})
		switch {
		case err == nil:
			b, err := io.ReadAll(out.Body)
			out.Body.Close()
			if err != nil || int64(len(b)) != *out.ContentLength {
				t.Fatalf("%s: %d bytes instead of %d, %v", k, len(b), *out.ContentLength, err)
			}
			state = strings.Trim(*out.ETag, `"`)
			sum := md5.Sum(b)
			if strings.HasSuffix(state, "-1") {
				sum = md5.Sum(sum[:])
			}
			if have := hex.EncodeToString(sum[:]); have != strings.TrimSuffix(state, "-1") {
				t.Fatalf("%s: the bytes do not have the ETag %s", k, state)
			}
		case !awsapi.IsCode(err, "NoSuchKey"):
			t.Fatal(err)
		}
		before, answered := known[k]
		if !answered {
			before = "gone"
		}
		if state != before && state != open[k] {
			t.Fatalf("%s is %s; answered was %s, begun %q", k, state, before, open[k])
		}
		known[k] = state
	}
	// Everything goes but what objects and uploads under way lie in.
	time.Sleep(2 * time.Millisecond)
	if _, err := s.Collect(ctx); err != nil {
		t.Fatal(err)
	}
	b, err := s.bucket("lake")
	if err != nil {
		t.Fatal(err)
	}
	used := map[blob.ID]bool{}
	for k, state := range known {
		if state == "gone" {
			continue
		}
		o, err := s.index.Object(b.ID, k)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range o.Segments {
			used[g.Blob] = true
		}
	}
	uploads, err := s.ListMultipartUploads(ctx, &api.ListMultipartUploadsInput{Bucket: new("lake")})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range uploads.Uploads {
		if _, err := s.AbortMultipartUpload(ctx, &api.AbortMultipartUploadInput{Bucket: new("lake"), Key: u.Key, UploadId: u.UploadId}); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(2 * time.Millisecond)
	if _, err := s.Collect(ctx); err != nil {
		t.Fatal(err)
	}
	if n := countBlobs(t, dir); n != len(used) {
		t.Errorf("%d blobs are there, %d in use", n, len(used))
	}
}
