package classify

import (
	"archive/zip"
	"bytes"
	"compress/bzip2"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// magic numbers decide before suffixes do.
var magic = []struct {
	name   string
	start  string
	suffix []string
}{
	{"gzip", "\x1f\x8b", []string{".gz", ".gzip"}},
	{"bzip2", "BZh", []string{".bz2"}},
	{"zstd", "\x28\xb5\x2f\xfd", []string{".zst", ".zstd"}},
	{"snappy", "\xff\x06\x00\x00sNaPpY", []string{".snappy", ".sz"}},
	{"lz4", "\x04\x22\x4d\x18", []string{".lz4"}},
	{"zip", "PK\x03\x04", []string{".zip"}},
}

// decompress finds the compression and opens the text behind it.
func decompress(r *Result, raw io.Reader, at io.ReaderAt, size int64, head []byte, name string) (io.Reader, func(), error) {
	none := func() {}
	for _, m := range magic {
		if bytes.HasPrefix(head, []byte(m.start)) {
			r.Compression = m.name
		}
	}
	if r.Compression == "none" {
		for _, m := range magic {
			for _, s := range m.suffix {
				if strings.HasSuffix(strings.ToLower(name), s) && !looksLikeText(head) {
					return nil, none, fmt.Errorf("the name says %s, the content does not", m.name)
				}
			}
		}
	}
	switch r.Compression {
	case "gzip":
		z, err := gzip.NewReader(raw)
		if err != nil {
			return nil, none, fmt.Errorf("%s", damage(r, err))
		}
		return z, none, nil
	case "bzip2":
		return bzip2.NewReader(raw), none, nil
	case "zstd":
		z, err := zstd.NewReader(raw, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
		if err != nil {
			return nil, none, fmt.Errorf("%s", damage(r, err))
		}
		return z, z.Close, nil
	case "snappy":
		return snappy.NewReader(raw), none, nil
	case "lz4":
		return lz4.NewReader(raw), none, nil
	case "zip":
		z, err := zip.NewReader(at, size)
		if err != nil {
			return nil, none, fmt.Errorf("the zip archive is damaged: %w", err)
		}
		if len(z.File) != 1 {
			return nil, none, fmt.Errorf("the zip archive holds %d files; archives of exactly one are read", len(z.File))
		}
		f, err := z.File[0].Open()
		if err != nil {
			return nil, none, fmt.Errorf("the zip archive is damaged: %w", err)
		}
		return f, func() { f.Close() }, nil
	}
	return raw, none, nil
}

func looksLikeText(head []byte) bool { return notText(append(head[:len(head):len(head)], '\n')) == "" }
