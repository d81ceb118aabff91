package table

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// File is one object of a table.
type File struct {
	Bucket, Key string
	Size        int64
	ETag        string
	// Partition holds the catalog's values of the table's partition keys.
	Partition []PartitionValue
}

// PartitionValue is one key's value; Null is Hive's default partition.
type PartitionValue struct {
	Name, Value string
	Null        bool
}

// hiveNull is how Hive names the folder of a NULL partition value.
const hiveNull = "__HIVE_DEFAULT_PARTITION__"

// LinkedFile is a File as DuckDB sees it.
type LinkedFile struct {
	File
	Path        string
	Compression string // gzip, zstd, bzip2 or ""
	// How it is read, once that is settled: for who looks a place up.
	csv  *csvLayout
	json *jsonLayout
}

// Scan is a folder of hard links to the files of one read. Links keep blobs
// readable that are replaced or collected meanwhile.
type Scan struct {
	Table  string
	Dir    string
	Files  []LinkedFile
	Bytes  int64
	byPath map[string]*LinkedFile
	// Of Parquet files: how they are read, their columns, and how to look into them again.
	parquet *parquetLayout
	columns []string
	probe   func(ctx context.Context, query string, dst ...any) error
}

// Close removes the links. Queries that still read them must have ended.
func (s *Scan) Close() error {
	if s == nil || s.Dir == "" {
		return nil
	}
	return os.RemoveAll(s.Dir)
}

// LinkOptions shape a scan's file names.
type LinkOptions struct {
	Table  string // for errors
	Suffix string // .csv, .json, .parquet: before a compression's
	// Text files may be compressed: their first bytes say how.
	Text bool
}

// Link makes a scan of the given files, under key=value folders where they
// have partition values. On any failure nothing stays behind.
func (r *Reader) Link(ctx context.Context, files []File, o LinkOptions) (_ *Scan, err error) {
	s := &Scan{Table: o.Table, Dir: filepath.Join(r.dir, r.newID()), byPath: make(map[string]*LinkedFile, len(files))}
	if err := os.Mkdir(s.Dir, 0o700); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	s.Files = make([]LinkedFile, 0, len(files))
	made := map[string]bool{s.Dir: true}
	for i, f := range files {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		dir := s.Dir
		for _, p := range f.Partition {
			value := hiveNull
			if !p.Null {
				value = escapeFolder(p.Value)
			}
			dir = filepath.Join(dir, escapeFolder(p.Name)+"="+value)
		}
		if !made[dir] {
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return nil, err
			}
			made[dir] = true
		}
		linked, err := r.link(ctx, f, dir, strconv.Itoa(i), o)
		if err != nil {
			return nil, err
		}
		s.Files = append(s.Files, linked)
		s.Bytes += linked.Size
	}
	for i := range s.Files {
		s.byPath[s.Files[i].Path] = &s.Files[i]
	}
	return s, nil
}

// link makes one link. Its number keeps two objects of one name apart, and the
// object's own base name follows for who reads a plan.
func (r *Reader) link(ctx context.Context, f File, dir, number string, o LinkOptions) (LinkedFile, error) {
	pin, err := r.lake.Open(ctx, f.Bucket, f.Key)
	if err != nil {
		return LinkedFile{}, fmt.Errorf("open s3://%s/%s: %w", f.Bucket, f.Key, err)
	}
	defer pin.Close()
	out := LinkedFile{File: f}
	out.Size, out.ETag = pin.Size, pin.ETag
	suffix := o.Suffix
	if o.Text {
		if out.Compression, err = compressionOf(pin.Path); err != nil {
			return LinkedFile{}, err
		}
		switch out.Compression {
		case "gzip":
			suffix += ".gz"
		case "zstd":
			suffix += ".zst"
		case "":
		default:
			return LinkedFile{}, &Error{Table: o.Table, Bucket: f.Bucket, Key: f.Key,
				Message: out.Compression + " compression is not read", Hint: "store the file as gzip, zstd or plain"}
		}
	}
	out.Path = filepath.Join(dir, number+"-"+plainName(f.Key)+suffix)
	if err := os.Link(pin.Path, out.Path); err != nil {
		if errors.Is(err, syscall.EXDEV) {
			return LinkedFile{}, fmt.Errorf("the folder for scans must be on the objects' file system: %w", err)
		}
		return LinkedFile{}, err
	}
	return out, nil
}

// escapeFolder percent-encodes what DuckDB decodes when it reads a folder's name.
func escapeFolder(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c > 127:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// plainName is a key's base name without anything that DuckDB's globs, the
// file system or a suffix would mind.
func plainName(key string) string {
	base, _, _ := strings.Cut(path.Base(key), ".")
	return strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
			return c
		}
		return '_'
	}, clipName(base))
}

func clipName(s string) string {
	if len(s) > 60 {
		return s[:60]
	}
	return s
}

// compressionOf reads a file's first bytes: names lie, magic numbers don't.
func compressionOf(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var head [10]byte
	n, _ := f.Read(head[:])
	h := string(head[:n])
	switch {
	case strings.HasPrefix(h, "\x1f\x8b"):
		return "gzip", nil
	case strings.HasPrefix(h, "\x28\xb5\x2f\xfd"):
		return "zstd", nil
	case strings.HasPrefix(h, "BZh"):
		return "bzip2", nil
	case strings.HasPrefix(h, "\xff\x06\x00\x00sNaPpY"):
		return "snappy", nil
	case strings.HasPrefix(h, "\x04\x22\x4d\x18"):
		return "lz4", nil
	case strings.HasPrefix(h, "\xfd7zXZ\x00"):
		return "xz", nil
	case strings.HasPrefix(h, "PK\x03\x04"):
		return "zip", nil
	}
	return "", nil
}
