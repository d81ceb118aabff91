//go:build unix

package s3

import (
	"os"

	"golang.org/x/sys/unix"
)

// lockFile takes the file's lock, which ends with the process.
func lockFile(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }
