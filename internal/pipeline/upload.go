package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"

	"github.com/bmatcuk/doublestar/v4"

	"tarn/api/s3"
	"tarn/internal/awsapi"
)

// Upload brings new and changed files of file sources into the lake. done is
// told of each.
func (pl *Planner) Upload(ctx context.Context, done func(source, file string, size int64)) (int, error) {
	n := 0
	for _, s := range pl.Project.Sources {
		if s.From == "" {
			continue
		}
		files, err := pl.sourceFiles(s)
		if err != nil {
			return n, err
		}
		for _, f := range files {
			changed, size, err := pl.uploadFile(ctx, pl.Bucket(), "raw/"+s.Name+"/"+f.key, f.path)
			if err != nil {
				return n, fmt.Errorf("uploading %s: %w", f.path, err)
			}
			if changed {
				n++
				if done != nil {
					done(s.Name, f.path, size)
				}
			}
		}
	}
	return n, nil
}

type sourceFile struct{ path, key string }

// sourceFiles are the files that a source's pattern matches. Folders that the
// pattern leaves open stay in the key, so that files of one name in two folders
// do not replace each other, and year=2013/ is a partition.
func (pl *Planner) sourceFiles(s *Source) ([]sourceFile, error) {
	p := pl.Project
	at := func(text string) error {
		return &Problem{File: filepath.Join(p.Dir, filepath.FromSlash(s.file)), Line: s.line, Col: s.col, Width: len(s.Name), Text: text}
	}
	base, pattern := doublestar.SplitPattern(s.From)
	root := filepath.Join(p.Dir, filepath.FromSlash(base))
	names, err := doublestar.Glob(os.DirFS(root), pattern, doublestar.WithFilesOnly(), doublestar.WithFailOnIOErrors())
	if errors.Is(err, doublestar.ErrBadPattern) {
		return nil, at(fmt.Sprintf("sources.%s.from %q is not a file pattern", s.Name, s.From))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, at(fmt.Sprintf("sources.%s.from: %v", s.Name, err))
	}
	if len(names) == 0 {
		return nil, at(fmt.Sprintf("no file matches sources.%s.from: %s", s.Name, s.From))
	}
	sort.Strings(names)
	var out []sourceFile
	for _, n := range names {
		out = append(out, sourceFile{path: filepath.Join(root, filepath.FromSlash(n)), key: n})
	}
	return out, nil
}

// uploadFile puts a file unless the lake has it with the same content.
func (pl *Planner) uploadFile(ctx context.Context, bucket, key, path string) (bool, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, 0, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return false, 0, err
	}
	sum, err := fileSHA(f)
	if err != nil {
		return false, 0, err
	}
	head, err := s3Call[s3.HeadObjectOutput](ctx, pl.Target, "HeadObject", &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
	absent, err := missing(err, "NoSuchKey", "NotFound", "404")
	if err != nil {
		return false, 0, err
	}
	if !absent && head.Metadata["tarn-sha256"] == sum && awsapi.Val(head.ContentLength) == st.Size() {
		return false, st.Size(), nil
	}
	if _, err := f.Seek(0, 0); err != nil {
		return false, 0, err
	}
	_, err = s3Call[s3.PutObjectOutput](ctx, pl.Target, "PutObject", &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: f, ContentLength: new(st.Size()), Metadata: map[string]string{"tarn-sha256": sum}})
	return true, st.Size(), err
}

func fileSHA(r io.Reader) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
