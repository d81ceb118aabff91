package s3

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	api "tarn/api/s3"
	"tarn/internal/awsapi"
)

func readFile(path string) ([]byte, error) { return os.ReadFile(path) }

// TestHistories runs random histories against a map, with collection running beside them, and compares contents and
// listings of every form.
func TestHistories(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { history(t, seed, 150) })
	}
}

func history(t *testing.T, seed uint64, steps int) {
	rnd := rand.New(rand.NewPCG(seed, 42))
	dir := t.TempDir()
	change := func(o *Options) { o.Grace = time.Nanosecond }
	s := openService(t, dir, change)
	ctx := caller(t.Context())
	mustBucket(t, s, "lake")
	model := map[string][]byte{}
	key := func() string {
		parts := []string{"a", "b", "b/", "/", "//", "a/b", "ä", "z\U0001f600", "a b+c&<>", "./p", "\x01"}
		k := ""
		for range 1 + rnd.IntN(3) {
			k += parts[rnd.IntN(len(parts))]
		}
		return k
	}
	existing := func() string {
		if len(model) == 0 {
			return "nothing"
		}
		return slices.Sorted(maps.Keys(model))[rnd.IntN(len(model))]
	}
	for step := range steps {
		switch op := rnd.IntN(12); op {
		case 0, 1, 2, 3:
			k, body := key(), bytes.Repeat([]byte{byte(rnd.Uint32())}, rnd.IntN(3000))
			mustPut(t, s, "lake", k, body)
			model[k] = body
		case 4:
			k := existing()
			if _, err := s.DeleteObject(ctx, &api.DeleteObjectInput{Bucket: new("lake"), Key: &k}); err != nil {
				t.Fatal(err)
			}
			delete(model, k)
		case 5, 6:
			from, to := existing(), key()
			in := &api.CopyObjectInput{Bucket: new("lake"), Key: &to, CopySource: new("lake/" + escapePath(from)), MetadataDirective: new("REPLACE")}
			_, err := s.CopyObject(ctx, in)
			if _, ok := model[from]; ok != (err == nil) {
				t.Fatalf("step %d: copy %q to %q: %v", step, from, to, err)
			} else if ok {
				model[to] = model[from]
			}
		case 7:
			k := key()
			model[k] = uploadInParts(t, s, ctx, rnd, "lake", k, existing(), model)
		case 8:
			var in api.Delete
			for range rnd.IntN(4) + 1 {
				k := existing()
				in.Objects = append(in.Objects, &api.ObjectIdentifier{Key: &k})
			}
			if _, err := s.DeleteObjects(ctx, &api.DeleteObjectsInput{Bucket: new("lake"), Delete: &in}); err != nil {
				t.Fatal(err)
			}
			for _, o := range in.Objects {
				delete(model, *o.Key)
			}
		case 9:
			if _, err := s.Collect(ctx); err != nil {
				t.Fatal(err)
			}
		case 10:
			k := existing()
			p, err := s.Lake().Open(ctx, "lake", k)
			want, ok := model[k]
			if ok != (err == nil) {
				t.Fatalf("step %d: open %q: %v", step, k, err)
			}
			if ok {
				if b, err := readFile(p.Path); err != nil || !bytes.Equal(b, want) {
					t.Fatalf("step %d: file of %q: %d bytes, %v; want %d", step, k, len(b), err, len(want))
				}
				p.Close()
			}
		case 11:
			if rnd.IntN(10) == 0 {
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				s = openService(t, dir, change)
			}
			compareListing(t, s, ctx, rnd, model)
		}
	}
	time.Sleep(2 * time.Millisecond)
	if _, err := s.Collect(ctx); err != nil {
		t.Fatal(err)
	}
	for k, want := range model {
		if b, err := get(ctx, s, "lake", k); err != nil || !bytes.Equal(b, want) {
			t.Fatalf("%q: %d bytes, %v; want %d", k, len(b), err, len(want))
		}
	}
	for k := range model {
		if _, err := s.DeleteObject(ctx, &api.DeleteObjectInput{Bucket: new("lake"), Key: &k}); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(2 * time.Millisecond)
	if _, err := s.Collect(ctx); err != nil {
		t.Fatal(err)
	}
	if n := countBlobs(t, dir); n != 0 {
		t.Errorf("%d blobs are left of an empty lake", n)
	}
}

func countBlobs(t *testing.T, dir string) int {
	t.Helper()
	n := 0
	fsys := os.DirFS(dir + "/blobs")
	err := walkFiles(fsys, func(string) { n++ })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func escapePath(k string) string {
	e, _ := encoder(new("url"))
	return strings.ReplaceAll(e(k), "+", "%20")
}

// uploadInParts uploads a small part, and perhaps a copied one in front, whose size the rules then allow only alone.
func uploadInParts(t *testing.T, s *Service, ctx context.Context, rnd *rand.Rand, bucket, key, source string, model map[string][]byte) []byte {
	t.Helper()
	up, err := s.CreateMultipartUpload(ctx, &api.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	var want []byte
	var etag *string
	if from := model[source]; len(from) > 2 && rnd.IntN(2) == 0 {
		first := rnd.IntN(len(from) - 1)
		last := first + rnd.IntN(len(from)-first)
		out, err := s.UploadPartCopy(ctx, &api.UploadPartCopyInput{Bucket: &bucket, Key: &key, UploadId: up.UploadId, PartNumber: new(int32(7)),
			CopySource: new(bucket + "/" + escapePath(source)), CopySourceRange: new(fmt.Sprintf("bytes=%d-%d", first, last))})
		if err != nil {
			t.Fatal(err)
		}
		want, etag = from[first:last+1], out.CopyPartResult.ETag
	} else {
		want = bytes.Repeat([]byte{byte(rnd.Uint32())}, rnd.IntN(5000))
		out, err := s.UploadPart(ctx, &api.UploadPartInput{Bucket: &bucket, Key: &key, UploadId: up.UploadId, PartNumber: new(int32(7)), Body: bytes.NewReader(want)})
		if err != nil {
			t.Fatal(err)
		}
		etag = out.ETag
	}
	in := &api.CompleteMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: up.UploadId,
		MultipartUpload: &api.CompletedMultipartUpload{Parts: []*api.CompletedPart{{PartNumber: new(int32(7)), ETag: etag}}}}
	first, err := s.CompleteMultipartUpload(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.CompleteMultipartUpload(ctx, in)
	if err != nil || *again.ETag != *first.ETag {
		t.Fatalf("asked again: %v, %v", again, err)
	}
	return want
}

func compareListing(t *testing.T, s *Service, ctx context.Context, rnd *rand.Rand, model map[string][]byte) {
	t.Helper()
	prefix := []string{"", "a", "b/", "/", "nope"}[rnd.IntN(5)]
	delimiter := []string{"", "/", "b/"}[rnd.IntN(3)]
	page := int32(1 + rnd.IntN(7))
	var want []string
	for _, k := range slices.Sorted(maps.Keys(model)) {
		if !strings.HasPrefix(k, prefix) {
			continue
		}
		if i := strings.Index(k[len(prefix):], delimiter); delimiter != "" && i >= 0 {
			if p := "P " + k[:len(prefix)+i+len(delimiter)]; !slices.Contains(want, p) {
				want = append(want, p)
			}
			continue
		}
		want = append(want, "K "+k)
	}
	var got, gotV1 []string
	in := &api.ListObjectsV2Input{Bucket: new("lake"), Prefix: &prefix, Delimiter: &delimiter, MaxKeys: &page}
	for {
		out, err := s.ListObjectsV2(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, merged(out.Contents, out.CommonPrefixes)...)
		if !*out.IsTruncated {
			break
		}
		in.ContinuationToken = out.NextContinuationToken
	}
	v1 := &api.ListObjectsInput{Bucket: new("lake"), Prefix: &prefix, Delimiter: &delimiter, MaxKeys: &page}
	for {
		out, err := s.ListObjects(ctx, v1)
		if err != nil {
			t.Fatal(err)
		}
		gotV1 = append(gotV1, merged(out.Contents, out.CommonPrefixes)...)
		if !*out.IsTruncated {
			break
		}
		if v1.Marker = out.NextMarker; delimiter == "" {
			v1.Marker = out.Contents[len(out.Contents)-1].Key
		}
	}
	if !slices.Equal(got, want) || !slices.Equal(gotV1, want) {
		t.Fatalf("prefix %q, delimiter %q, %d a page:\nv2   %q\nv1   %q\nwant %q", prefix, delimiter, page, got, gotV1, want)
	}
}

func merged(objects []*api.Object, prefixes []*api.CommonPrefix) []string {
	var out []string
	for _, o := range objects {
		out = append(out, "K "+awsapi.Val(o.Key))
	}
	for _, p := range prefixes {
		out = append(out, "P "+awsapi.Val(p.Prefix))
	}
	slices.SortFunc(out, func(a, b string) int { return strings.Compare(a[2:], b[2:]) })
	return out
}
