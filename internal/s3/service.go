package s3

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	api "tarn/api/s3"
	"tarn/internal/awsapi"
	"tarn/internal/s3/blob"
	"tarn/internal/s3/index"
)

// Service implements the operations of S3 that tarn has, as methods of api.Service, on one folder.
type Service struct {
	options Options
	index   *index.Index
	blobs   *blob.Store
	log     *slog.Logger
	lock    *os.File

	buffers    sync.Pool
	background sync.WaitGroup
	stop       context.CancelFunc
}

// Options of a Service. Dir is required.
type Options struct {
	Dir    string           // the folder of the lake, objects/ of the data folder
	Now    func() time.Time // default: time.Now
	Rand   io.Reader        // of upload ids; default: crypto/rand
	Logger *slog.Logger     // default: slog.Default()
	// Region of buckets created without one; default us-east-1.
	Region string
	// Grace is how long a blob stays after its last use; default one minute.
	Grace time.Duration
	// KeepEvents is how long the outbox keeps events; default 14 days.
	KeepEvents time.Duration
	// Keys finds the secrets that forms of PostObject are signed with. Without it every form is refused.
	Keys awsapi.Authenticator
	// Authorize decides whether the caller of ctx may do an action (such as s3:GetObject) on a resource (an ARN), where
	// that is not decided before an operation is called: in Lake, in PostObject, for the source of a copy and for each
	// key of DeleteObjects. Required.
	Authorize func(ctx context.Context, action, resource string) error
}

// Open opens the lake in a folder, or makes it, and removes what a crash has left unpublished.
func Open(ctx context.Context, o Options) (*Service, error) {
	if o.Dir == "" {
		return nil, errors.New("s3: no folder given")
	}
	if o.Authorize == nil {
		return nil, errors.New("s3: nothing given to authorize with")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.Grace == 0 {
		o.Grace = time.Minute
	}
	if o.KeepEvents == 0 {
		o.KeepEvents = 14 * 24 * time.Hour
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := lockFolder(o.Dir)
	if err != nil {
		return nil, err
	}
	ix, err := index.Open(o.Dir)
	if err != nil {
		lock.Close()
		return nil, err
	}
	blobs, err := blob.Open(o.Dir, ix.Generation())
	if err != nil {
		ix.Close()
		lock.Close()
		return nil, err
	}
	ix.Attach(blobs)
	s := &Service{options: o, index: ix, blobs: blobs, log: o.Logger, lock: lock}
	s.buffers.New = func() any { return new(buffer) }
	if err := s.sweep(ctx); err != nil {
		ix.Close()
		lock.Close()
		return nil, fmt.Errorf("remove what a crash has left in %s: %w", o.Dir, err)
	}
	s.keepReserve()
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	s.background.Add(1)
	go s.collectLoop(background)
	return s, nil
}

// Close ends the service. Requests should have ended before; those that have not get errors.
func (s *Service) Close() error {
	s.stop()
	s.background.Wait()
	err := s.index.Close()
	s.blobs.Close()
	return errors.Join(err, s.lock.Close())
}

func (s *Service) now() time.Time { return s.options.Now().UTC().Truncate(time.Millisecond) }

// authorize is S3's answer to Options.Authorize: a refusal is AccessDenied, whatever it is called elsewhere.
func (s *Service) authorize(ctx context.Context, action, resource string) error {
	err := s.options.Authorize(ctx, action, resource)
	var refused *awsapi.Error
	if errors.As(err, &refused) && refused.Status == http.StatusForbidden {
		return api.AccessDenied("%s", refused.Message)
	}
	return err
}

// newID is a random name that sorts by the time it was made, in lower-case hexadecimal.
func (s *Service) newID() (string, error) {
	var b [24]byte
	ms := uint64(s.now().UnixMilli())
	for i := range 6 {
		b[i] = byte(ms >> (8 * (5 - i)))
	}
	if _, err := io.ReadFull(s.options.Rand, b[6:]); err != nil {
		return "", err
	}
	return hex.EncodeToString(b[:]), nil
}

// bucket finds a bucket, and answers as S3 does when there is none.
func (s *Service) bucket(name string) (*index.Bucket, error) {
	b, err := s.index.Bucket(name)
	if err != nil {
		return nil, noSuchBucket(name)
	}
	return b, nil
}

func lockFolder(dir string) (*os.File, error) {
	path := filepath.Join(dir, "lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockFile(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s is in use by another process: %w", dir, err)
	}
	return f, nil
}
