package logs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
)

// pruneEvery is how often Keep looks for what is too old.
const pruneEvery = 24 * time.Hour

// Keep forgets what is older than its group keeps it, at once and then once a day, until ctx ends. failed is told what
// went wrong; the next day may go better.
func (s *Store) Keep(ctx context.Context, failed func(error)) {
	t := time.NewTicker(pruneEvery)
	defer t.Stop()
	for {
		if err := s.Prune(ctx); err != nil && ctx.Err() == nil {
			failed(err)
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}

// Prune forgets what is older than its group keeps it: whole streams, and the beginnings of those that go on.
func (s *Store) Prune(ctx context.Context) error {
	accounts, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	var all error
	for _, a := range accounts {
		account := unescape(a.Name())
		groups, err := s.groups(account)
		if err != nil {
			return err
		}
		for _, group := range groups {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := s.pruneGroup(account, group); err != nil {
				all = errors.Join(all, fmt.Errorf("log group %s: %w", group, err))
			}
		}
	}
	return all
}

func (s *Store) pruneGroup(account, group string) error {
	d, err := s.group(account, group)
	if err != nil {
		return err
	}
	days := d.retention(group)
	if days == 0 {
		return nil
	}
	before := s.now().Add(-time.Duration(days) * 24 * time.Hour)
	entries, err := os.ReadDir(s.groupDir(account, group))
	if err != nil {
		return err
	}
	var all error
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".log")
		if !ok {
			continue
		}
		if err := s.pruneStream(s.path(account, group, unescape(name)), before); err != nil && !errors.Is(err, fs.ErrNotExist) {
			all = errors.Join(all, err)
		}
	}
	return all
}

// pruneStream removes a file that nobody has written to since, or its first blocks, if all of their events are older.
// What is being written to waits until it is not.
func (s *Store) pruneStream(path string, before time.Time) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	old := info.ModTime().Before(before)
	var from int64
	if !old {
		blocks, err := s.blocks.of(path)
		if err != nil {
			return err
		}
		for _, b := range blocks {
			if b.times.to >= before.UnixMilli() {
				break
			}
			from = b.end
		}
		if from == 0 {
			return nil
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[path] != nil {
		return nil
	}
	defer s.blocks.forget(path)
	if old {
		return os.Remove(path)
	}
	return trim(path, from)
}

// trim takes the beginning off a file. Tokens that lead into it lead to other events from then on.
func trim(path string, from int64) (err error) {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	if _, err := in.Seek(from, io.SeekStart); err != nil {
		return err
	}
	out, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return errors.Join(err, os.Remove(path+".new"))
	}
	return os.Rename(path+".new", path)
}

// remove forgets a stream. Who still writes to it writes to nobody, and who follows it comes to its end.
func (s *Store) remove(path string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := os.Remove(path); err != nil {
		return err
	}
	s.blocks.forget(path)
	delete(s.open, path)
	return nil
}
