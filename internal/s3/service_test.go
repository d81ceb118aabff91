package s3

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	api "tarn/api/s3"
	"tarn/internal/awsapi"
	"tarn/internal/s3/index"
)

const account = "000000000000"

func allowAll(context.Context, string, string) error { return nil }

func caller(ctx context.Context) context.Context {
	return awsapi.WithCaller(ctx, awsapi.Caller{Account: account, Region: "us-east-1", ARN: "arn:aws:iam::" + account + ":root", Root: true})
}

func openService(t testing.TB, dir string, change func(*Options)) *Service {
	t.Helper()
	o := Options{Dir: dir, Authorize: allowAll, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	if change != nil {
		change(&o)
	}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func mustBucket(t testing.TB, s *Service, name string) {
	t.Helper()
	if _, err := s.CreateBucket(caller(t.Context()), &api.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatal(err)
	}
}

func mustPut(t testing.TB, s *Service, bucket, key string, body []byte) string {
	t.Helper()
	out, err := s.PutObject(caller(t.Context()), &api.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)})
	if err != nil {
		t.Fatal(err)
	}
	return *out.ETag
}

func get(ctx context.Context, s *Service, bucket, key string) ([]byte, error) {
	out, err := s.GetObject(ctx, &api.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	return io.ReadAll(out.Body)
}

func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	if !awsapi.IsCode(err, code) {
		t.Errorf("error is %v, want %s", err, code)
	}
}

func TestReadersKeepWhatTheyOpened(t *testing.T) {
	s := openService(t, t.TempDir(), func(o *Options) { o.Grace = time.Nanosecond })
	ctx := caller(t.Context())
	mustBucket(t, s, "lake")
	old := bytes.Repeat([]byte("old"), 100_000)
	mustPut(t, s, "lake", "k", old)
	out, err := s.GetObject(ctx, &api.GetObjectInput{Bucket: new("lake"), Key: new("k")})
	if err != nil {
		t.Fatal(err)
	}
	pinned, err := s.Lake().Open(ctx, "lake", "k")
	if err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, "lake", "k", []byte("new"))
	if _, err := s.DeleteObject(ctx, &api.DeleteObjectInput{Bucket: new("lake"), Key: new("k")}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Millisecond)
	if _, err := s.Collect(ctx); err != nil {
		t.Fatal(err)
	}
	if b, err := readFile(pinned.Path); err != nil || !bytes.Equal(b, old) {
		t.Errorf("the pinned file: %d bytes, %v", len(b), err)
	}
	pinned.Close()
	if _, err := s.Collect(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := readFile(pinned.Path); err == nil {
		t.Error("the file is still there after its pin was taken back")
	}
	if b, err := io.ReadAll(out.Body); err != nil || !bytes.Equal(b, old) {
		t.Errorf("the open reader: %d bytes, %v", len(b), err)
	}
	out.Body.Close()
}

func TestSecondProcessIsRefused(t *testing.T) {
	dir := t.TempDir()
	openService(t, dir, nil)
	if _, err := Open(t.Context(), Options{Dir: dir, Authorize: allowAll}); err == nil {
		t.Error("opened twice")
	}
}

func TestReopen(t *testing.T) {
	dir := t.TempDir()
	s := openService(t, dir, nil)
	mustBucket(t, s, "lake")
	mustPut(t, s, "lake", "a/b", []byte("one"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openService(t, dir, nil)
	mustPut(t, s, "lake", "a", []byte("two"))
	for key, want := range map[string]string{"a/b": "one", "a": "two"} {
		if b, err := get(caller(t.Context()), s, "lake", key); err != nil || string(b) != want {
			t.Errorf("%s: %q, %v", key, b, err)
		}
	}
}

func TestOneWinner(t *testing.T) {
	s := openService(t, t.TempDir(), nil)
	mustBucket(t, s, "lake")
	for round := range 20 {
		results := make(chan error)
		for i := range 16 {
			go func() {
				_, err := s.PutObject(caller(t.Context()), &api.PutObjectInput{
					Bucket: new("lake"), Key: new(fmt.Sprint(round)), Body: bytes.NewReader([]byte{byte(i)}), IfNoneMatch: new("*"),
				})
				results <- err
			}()
		}
		won := 0
		for range 16 {
			if err := <-results; err == nil {
				won++
			} else if !awsapi.IsCode(err, "PreconditionFailed") {
				t.Fatal(err)
			}
		}
		if won != 1 {
			t.Fatalf("%d winners", won)
		}
	}
}

func TestEventsFollow(t *testing.T) {
	s := openService(t, t.TempDir(), nil)
	ctx, stop := context.WithTimeout(caller(t.Context()), 10*time.Second)
	defer stop()
	mustBucket(t, s, "lake")
	mustPut(t, s, "lake", "a", []byte("x"))
	go func() {
		time.Sleep(20 * time.Millisecond)
		s.PutObject(ctx, &api.PutObjectInput{Bucket: new("lake"), Key: new("b"), Body: bytes.NewReader([]byte("yy"))})
		s.DeleteObject(ctx, &api.DeleteObjectInput{Bucket: new("lake"), Key: new("a")})
	}()
	var got []string
	for e, err := range s.Events(ctx, 0) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%d %s %s/%s %d", e.Seq, e.Kind, e.Bucket, e.Key, e.Size))
		if len(got) == 3 {
			break
		}
	}
	want := "[1 ObjectCreated:Put lake/a 1 2 ObjectCreated:Put lake/b 2 3 ObjectRemoved:Delete lake/a 0]"
	if fmt.Sprint(got) != want {
		t.Errorf("got  %v\nwant %s", got, want)
	}
}

func BenchmarkPut16KiB(b *testing.B) {
	s := openService(b, b.TempDir(), nil)
	mustBucket(b, s, "lake")
	body := bytes.Repeat([]byte("0123456789abcdef"), 1024)
	b.SetParallelism(8)
	b.ReportAllocs()
	n := make(chan int, 1)
	n <- 0
	b.RunParallel(func(pb *testing.PB) {
		me := <-n
		n <- me + 1
		for i := 0; pb.Next(); i++ {
			mustPut(b, s, "lake", fmt.Sprintf("w%d/%d", me, i), body)
		}
	})
}

func BenchmarkGet16KiB(b *testing.B) {
	s := openService(b, b.TempDir(), nil)
	mustBucket(b, s, "lake")
	body := bytes.Repeat([]byte("0123456789abcdef"), 1024)
	for i := range 200 {
		mustPut(b, s, "lake", fmt.Sprint(i), body)
	}
	ctx := caller(b.Context())
	b.SetParallelism(8)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			out, err := s.GetObject(ctx, &api.GetObjectInput{Bucket: new("lake"), Key: new(fmt.Sprint(i % 200))})
			if err != nil {
				b.Fatal(err)
			}
			io.Copy(io.Discard, out.Body)
			out.Body.Close()
		}
	})
}

// BenchmarkListFolders lists a bucket whose folders hold many keys: the cost is that of the folders.
func BenchmarkListFolders(b *testing.B) {
	s := openService(b, b.TempDir(), nil)
	mustBucket(b, s, "lake")
	ctx := caller(b.Context())
	fillKeys(b, s, 100_000)
	for b.Loop() {
		out, err := s.ListObjectsV2(ctx, &api.ListObjectsV2Input{Bucket: new("lake"), Delimiter: new("/")})
		if err != nil || len(out.CommonPrefixes) != 100 {
			b.Fatal(len(out.CommonPrefixes), err)
		}
	}
}

// BenchmarkListPages walks 100,000 keys in pages of a thousand.
func BenchmarkListPages(b *testing.B) {
	s := openService(b, b.TempDir(), nil)
	mustBucket(b, s, "lake")
	ctx := caller(b.Context())
	fillKeys(b, s, 100_000)
	for b.Loop() {
		n := 0
		in := &api.ListObjectsV2Input{Bucket: new("lake")}
		for {
			out, err := s.ListObjectsV2(ctx, in)
			if err != nil {
				b.Fatal(err)
			}
			n += len(out.Contents)
			if in.ContinuationToken = out.NextContinuationToken; in.ContinuationToken == nil {
				break
			}
		}
		if n != 100_000 {
			b.Fatal(n)
		}
	}
}

func fillKeys(b *testing.B, s *Service, n int) {
	b.Helper()
	bucket, err := s.bucket("lake")
	if err != nil {
		b.Fatal(err)
	}
	for done := 0; done < n; done += 5000 {
		err := s.index.Update(b.Context(), func(tx *index.Tx) error {
			for i := done; i < done+5000; i++ {
				o := &index.Object{Bucket: bucket.ID, Key: fmt.Sprintf("%02d/%05d", i%100, i), ETag: "d41d8cd98f00b204e9800998ecf8427e", Class: standardClass}
				if err := tx.PutObject(o, nil); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
