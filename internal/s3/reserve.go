package s3

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"tarn/internal/awsapi"
	"tarn/internal/s3/index"
)

// reserveSize is enough for the index to write down some thousand deletions.
const reserveSize = 4 << 20

// keepReserve makes the file whose only use is to be removed when the disk is full, so that deleting objects, which
// has to be written down before it frees anything, still works. Without space for it there is none.
func (s *Service) keepReserve() {
	path := s.reservePath()
	if info, err := os.Stat(path); err == nil && info.Size() == reserveSize {
		return
	}
	if err := os.WriteFile(path, make([]byte, reserveSize), 0o600); err != nil {
		os.Remove(path)
	}
}

func (s *Service) reservePath() string { return filepath.Join(s.options.Dir, "reserve") }

// freeing runs an update that frees space: on a full disk, with what was kept in reserve for it.
func (s *Service) freeing(ctx context.Context, fn func(*index.Tx) error) error {
	err := storageError(s.index.Update(ctx, fn))
	if !awsapi.IsCode(err, "InsufficientStorage") {
		return err
	}
	if e := os.Remove(s.reservePath()); errors.Is(e, fs.ErrNotExist) {
		return err
	}
	return storageError(s.index.Update(ctx, fn))
}
