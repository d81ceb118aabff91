package s3

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	api "tarn/api/s3"
	"tarn/internal/awsapi"
)

func TestLake(t *testing.T) {
	var asked []string
	refuse := ""
	s := openService(t, t.TempDir(), func(o *Options) {
		o.Authorize = func(ctx context.Context, action, resource string) error {
			asked = append(asked, action+" "+resource)
			if action == refuse {
				return awsapi.AccessDenied(awsapi.CallerFrom(ctx), action, resource)
			}
			return nil
		}
	})
	ctx := caller(t.Context())
	lake := s.Lake()
	mustBucket(t, s, "lake")
	file := filepath.Join(lake.TempDir(), "part-0.parquet")
	body := bytes.Repeat([]byte("parquet"), 50_000)
	write := func() {
		t.Helper()
		if err := os.WriteFile(file, body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write()
	etag, err := lake.Put(ctx, "lake", "t/a=1/part-0", file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the file is still under its own name: %v", err)
	}
	mustPut(t, s, "lake", "t/a=2/small", []byte("small"))
	mustPut(t, s, "lake", "t/a=2/empty", nil)
	mustPut(t, s, "lake", "u", []byte("other"))

	var listed []string
	for o, err := range lake.List(ctx, "lake", "t/") {
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, fmt.Sprintf("%s %d", o.Key, o.Size))
	}
	if want := []string{"t/a=1/part-0 350000", "t/a=2/empty 0", "t/a=2/small 5"}; !slices.Equal(listed, want) {
		t.Errorf("listed %q, want %q", listed, want)
	}
	p, err := lake.Open(ctx, "lake", "t/a=1/part-0")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(p.Path); err != nil || !bytes.Equal(b, body) || p.ETag != etag || p.Size != int64(len(body)) {
		t.Errorf("%d bytes, %v, %+v", len(b), err, p)
	}
	p.Close()
	for key, want := range map[string]string{"t/a=2/small": "small", "t/a=2/empty": ""} {
		p, err := lake.Open(ctx, "lake", key)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(p.Path); err != nil || string(b) != want {
			t.Errorf("%s: %q, %v", key, b, err)
		}
		p.Close()
		p.Close()
	}
	if left, err := os.ReadDir(lake.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("%d files are left in the temporary folder, %v", len(left), err)
	}
	if err := lake.Delete(ctx, "lake", "t/a=1/part-0", "none"); err != nil {
		t.Fatal(err)
	}
	if _, err = lake.Open(ctx, "lake", "t/a=1/part-0"); !awsapi.IsCode(err, "NoSuchKey") {
		t.Errorf("opened what was deleted: %v", err)
	}

	want := []string{
		"s3:PutObject arn:aws:s3:::lake/t/a=1/part-0", "s3:ListBucket arn:aws:s3:::lake", "s3:GetObject arn:aws:s3:::lake/t/a=1/part-0",
		"s3:GetObject arn:aws:s3:::lake/t/a=2/small", "s3:DeleteObject arn:aws:s3:::lake/none",
	}
	for _, w := range want {
		if !slices.Contains(asked, w) {
			t.Errorf("nobody asked for %s; asked was %q", w, asked)
		}
	}
	write()
	refuse = "s3:PutObject"
	_, err = lake.Put(ctx, "lake", "t/b", file)
	wantCode(t, err, "AccessDenied")
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Error("a refused file was left")
	}
	refuse = "s3:GetObject"
	_, err = lake.Open(ctx, "lake", "u")
	wantCode(t, err, "AccessDenied")
	refuse = ""
	if _, err := lake.Open(t.Context(), "lake", "u"); err == nil {
		t.Error("opened for nobody")
	}
	_, err = lake.Open(awsapi.WithCaller(ctx, awsapi.Caller{Account: "111111111111"}), "lake", "u")
	wantCode(t, err, "AccessDenied")
	outside := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(outside, body, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := lake.Put(ctx, "lake", "t/c", outside); err == nil {
		t.Error("adopted a file from elsewhere")
	}
	if _, err := os.Stat(outside); err != nil {
		t.Error("a file from elsewhere was removed")
	}
}

// TestLakeJoinsParts opens an object made of parts: it is put together once, and reads the same over the wire.
func TestLakeJoinsParts(t *testing.T) {
	s := openService(t, t.TempDir(), nil)
	ctx := caller(t.Context())
	mustBucket(t, s, "lake")
	up, err := s.CreateMultipartUpload(ctx, &api.CreateMultipartUploadInput{Bucket: new("lake"), Key: new("m")})
	if err != nil {
		t.Fatal(err)
	}
	var whole []byte
	var parts []*api.CompletedPart
	for i, size := range []int{minPart, minPart + 1, 10} {
		body := bytes.Repeat([]byte{byte('a' + i)}, size)
		whole = append(whole, body...)
		out, err := s.UploadPart(ctx, &api.UploadPartInput{Bucket: new("lake"), Key: new("m"), UploadId: up.UploadId, PartNumber: new(int32(i + 1)), Body: bytes.NewReader(body)})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, &api.CompletedPart{PartNumber: new(int32(i + 1)), ETag: out.ETag})
	}
	done, err := s.CompleteMultipartUpload(ctx, &api.CompleteMultipartUploadInput{Bucket: new("lake"), Key: new("m"), UploadId: up.UploadId,
		MultipartUpload: &api.CompletedMultipartUpload{Parts: parts}})
	if err != nil {
		t.Fatal(err)
	}
	var path string
	for range 2 {
		p, err := s.Lake().Open(ctx, "lake", "m")
		if err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(p.Path); err != nil || !bytes.Equal(b, whole) || quote(p.ETag) != *done.ETag {
			t.Fatalf("%d bytes, %v, %s", len(b), err, p.ETag)
		}
		if path != "" && p.Path != path {
			t.Error("put together twice")
		}
		path = p.Path
		p.Close()
	}
	if b, err := get(ctx, s, "lake", "m"); err != nil || !bytes.Equal(b, whole) {
		t.Errorf("over the wire: %d bytes, %v", len(b), err)
	}
	h, err := s.HeadObject(ctx, &api.HeadObjectInput{Bucket: new("lake"), Key: new("m"), PartNumber: new(int32(2))})
	if err != nil || *h.ContentLength != minPart+1 || *h.PartsCount != 3 {
		t.Errorf("part 2: %+v, %v", h, err)
	}
}
