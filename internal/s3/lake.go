package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math"
	"os"
	"path/filepath"
	"time"

	"tarn/internal/awsapi"
	"tarn/internal/s3/blob"
	"tarn/internal/s3/checksum"
	"tarn/internal/s3/index"
)

// Lake is the lake for the rest of the program: the same objects and the same permissions as over the wire, with
// local files in place of streams.
type Lake struct{ s *Service }

// Lake gives access within the process.
func (s *Service) Lake() *Lake { return &Lake{s} }

// LakeObject is a key in a listing.
type LakeObject struct {
	Key          string
	Size         int64
	ETag         string // without quotes
	LastModified time.Time
}

// Pinned is an object as a local file, which stays as it is until Close, whatever happens to the key.
type Pinned struct {
	Path string
	Size int64
	ETag string // without quotes

	close func() error
}

// Close lets go of the file.
func (p *Pinned) Close() error {
	if p.close == nil {
		return nil
	}
	end := p.close
	p.close = nil
	return end()
}

// TempDir is where files for Put are written. It is emptied at each start.
func (l *Lake) TempDir() string { return l.s.blobs.TempDir() }

func (l *Lake) authorize(ctx context.Context, action, bucket, key string) error {
	if awsapi.CallerFrom(ctx).Account == "" {
		return fmt.Errorf("%s on %s: nobody is named to do it for", action, resourceARN(bucket, key))
	}
	if err := l.s.authorize(ctx, action, resourceARN(bucket, key)); err != nil {
		return err
	}
	_, err := l.s.owned(ctx, bucket, nil)
	return err
}

// List gives the objects under a prefix in the order of their keys.
func (l *Lake) List(ctx context.Context, bucket, prefix string) iter.Seq2[LakeObject, error] {
	return func(yield func(LakeObject, error) bool) {
		keys := map[string]string{"s3:prefix": prefix}
		if err := l.authorize(awsapi.WithConditionKeys(ctx, keys), "s3:ListBucket", bucket, ""); err != nil {
			yield(LakeObject{}, err)
			return
		}
		b, err := l.s.bucket(bucket)
		if err != nil {
			yield(LakeObject{}, err)
			return
		}
		q := listing{bucket: b.ID, prefix: prefix, max: maxKeys}
		for {
			entries, truncated, err := l.s.list(ctx, q)
			if err != nil {
				yield(LakeObject{}, err)
				return
			}
			for _, e := range entries {
				o := e.object
				if !yield(LakeObject{Key: o.Key, Size: o.Size, ETag: o.ETag, LastModified: o.Modified}, nil) {
					return
				}
				q.after = o.Key
			}
			if !truncated {
				return
			}
		}
	}
}

// maxLoose is the size up to which an object without a file of its own is copied for each Open rather than given one.
const maxLoose = 1 << 20

// Open pins an object as a local file. One that lies in several blobs (a multipart upload) is put into one first,
// once: the key keeps it. A small one that shares its blob is copied, for as long as it is open.
func (l *Lake) Open(ctx context.Context, bucket, key string) (*Pinned, error) {
	if err := l.authorize(ctx, "s3:GetObject", bucket, key); err != nil {
		return nil, err
	}
	for attempt := 0; ; attempt++ {
		o, err := copySource{bucket, key}.find(l.s.index, nil, nil, nil, nil)
		if err != nil {
			return nil, err
		}
		id, whole, err := l.s.pinWhole(o)
		if errors.Is(err, fs.ErrNotExist) && attempt < 5 {
			continue // overwritten and collected since it was looked up
		}
		if err != nil {
			return nil, err
		}
		if !whole && o.Size <= maxLoose {
			p, err := l.s.loose(o)
			if errors.Is(err, fs.ErrNotExist) && attempt < 5 {
				continue
			}
			return p, err
		}
		if !whole {
			if err := l.s.repack(ctx, o); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("put the parts of s3://%s/%s together: %w", bucket, key, err)
			}
			continue
		}
		return &Pinned{Path: l.s.blobs.Path(id), Size: o.Size, ETag: o.ETag, close: func() error {
			l.s.blobs.Unpin(id)
			return nil
		}}, nil
	}
}

// loose copies a small object to a file that lasts as long as it is pinned.
func (s *Service) loose(o *index.Object) (*Pinned, error) {
	body, err := s.open(o.Segments, 0, o.Size)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	f, err := os.CreateTemp(s.blobs.TempDir(), "loose-")
	if err != nil {
		return nil, storageError(err)
	}
	n, err := io.Copy(f, body)
	if err == nil && n != o.Size {
		err = io.ErrUnexpectedEOF
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		os.Remove(f.Name())
		return nil, storageError(err)
	}
	return &Pinned{Path: f.Name(), Size: o.Size, ETag: o.ETag, close: func() error { return os.Remove(f.Name()) }}, nil
}

// pinWhole pins the one blob that holds exactly the object's bytes, if there is such a one.
func (s *Service) pinWhole(o *index.Object) (id blob.ID, whole bool, err error) {
	if len(o.Segments) != 1 || o.Segments[0].Offset != 0 {
		return 0, false, nil
	}
	id = o.Segments[0].Blob
	if err := s.blobs.Pin(id); err != nil {
		return 0, false, err
	}
	info, err := os.Stat(s.blobs.Path(id))
	if err == nil && info.Size() == o.Size {
		return id, true, nil
	}
	s.blobs.Unpin(id)
	return 0, false, err
}

// repack copies an object's bytes into one blob and points the object there, if it is still the same.
func (s *Service) repack(ctx context.Context, o *index.Object) error {
	body, err := s.open(o.Segments, 0, o.Size)
	if err != nil {
		return err
	}
	defer body.Close()
	w, err := s.blobs.Create()
	if err != nil {
		return storageError(err)
	}
	defer w.Abort()
	buf := s.buffers.Get().(*buffer)
	defer s.buffers.Put(buf)
	n, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{body}, buf[:])
	if err == nil && n != o.Size {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		err = w.Sync()
	}
	if err != nil {
		return storageError(err)
	}
	used := false
	err = s.index.Update(ctx, func(tx *index.Tx) error {
		now, err := tx.Object(o.Bucket, o.Key)
		used = err == nil && now.ETag == o.ETag && now.Modified.Equal(o.Modified) && sameSegments(now.Segments, o.Segments)
		if errors.Is(err, index.ErrNotFound) || err == nil && !used {
			return nil
		}
		if err != nil {
			return err
		}
		return tx.Repack(now, []index.Segment{{Blob: w.ID, Size: o.Size}}, s.now(), w.ID)
	})
	if err != nil || !used {
		s.discard(err, w.ID)
	}
	return storageError(err)
}

func sameSegments(a, b []index.Segment) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// Put makes a file under TempDir an object. The file is gone from there afterwards, whether or not it went well.
func (l *Lake) Put(ctx context.Context, bucket, key, file string) (etag string, err error) {
	if rel, err := filepath.Rel(l.TempDir(), file); err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("%s is not under %s", file, l.TempDir())
	}
	defer os.Remove(file)
	if err := l.authorize(ctx, "s3:PutObject", bucket, key); err != nil {
		return "", err
	}
	if err := checkKey(key); err != nil {
		return "", err
	}
	set, err := l.s.digestFile(ctx, file)
	if err != nil {
		return "", err
	}
	id, err := l.s.blobs.Adopt(file)
	if err != nil {
		return "", storageError(err)
	}
	o := &index.Object{Key: key, Class: standardClass, Modified: l.s.now()}
	r := &received{blob: id, size: set.Size(), etag: set.ETag(), sums: map[checksum.Algorithm]string{checksum.CRC64NVME: set.Sum(checksum.CRC64NVME)}}
	err = l.s.publishReceived(ctx, bucket, o, r, checksum.CRC64NVME, condition{}, EventPut)
	return o.ETag, err
}

func (s *Service) digestFile(ctx context.Context, file string) (*checksum.Set, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	set := checksum.NewSet(checksum.CRC64NVME)
	return set, s.copyBody(ctx, io.Discard, set, f, math.MaxInt64)
}

// Delete removes objects, all in one transaction. Keys that are not there are no error.
func (l *Lake) Delete(ctx context.Context, bucket string, keys ...string) error {
	for _, k := range keys {
		if err := l.authorize(ctx, "s3:DeleteObject", bucket, k); err != nil {
			return err
		}
	}
	return l.s.freeing(ctx, func(tx *index.Tx) error {
		for _, k := range keys {
			if err := l.s.remove(ctx, tx, bucket, deletion{key: k}); err != nil {
				return err
			}
		}
		return nil
	})
}
