package s3

import (
	"bytes"
	"errors"
	"os"
	"syscall"
	"testing"

	api "tarn/api/s3"
	"tarn/internal/awsapi"
	"tarn/internal/s3/blob"
)

// fullDisk is a store of blobs on a disk that has no space while full is set.
type fullDisk struct {
	*blob.Store
	full bool
}

func (d *fullDisk) WriteAll(id blob.ID, b []byte) error {
	if d.full {
		return &os.PathError{Op: "write", Path: d.Path(id), Err: syscall.ENOSPC}
	}
	return d.Store.WriteAll(id, b)
}

func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	s := openService(t, dir, nil)
	ctx := caller(t.Context())
	disk := &fullDisk{Store: s.blobs}
	s.index.Attach(disk)
	mustBucket(t, s, "lake")
	mustPut(t, s, "lake", "k", []byte("before"))
	disk.full = true
	_, err := s.PutObject(ctx, &api.PutObjectInput{Bucket: new("lake"), Key: new("k"), Body: bytes.NewReader([]byte("after"))})
	var e *awsapi.Error
	if !errors.As(err, &e) || e.Code != "InsufficientStorage" || e.Status != 507 || e.Hint == "" {
		t.Fatalf("a full disk answers %v", err)
	}
	if b, err := get(ctx, s, "lake", "k"); err != nil || string(b) != "before" {
		t.Errorf("%q, %v", b, err)
	}
	disk.full = false
	mustPut(t, s, "lake", "k", []byte("after"))
	if b, err := get(ctx, s, "lake", "k"); err != nil || string(b) != "after" {
		t.Errorf("%q, %v", b, err)
	}
	if n, err := s.LastEvent(); err != nil || n != 2 {
		t.Errorf("%d events, %v", n, err)
	}
}
