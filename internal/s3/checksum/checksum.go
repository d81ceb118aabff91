// Package checksum computes the checksums of S3 objects while their bytes stream by, and joins the checksums of
// parts into that of the whole.
//
// It owns the algorithms and their wire form (base64). It does not own where a client's expectation comes from
// (header, trailer, form field), nor what is stored.
package checksum

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/crc32"
	"strconv"
	"strings"
)

// Algorithm is a checksum as S3 names it.
type Algorithm string

// The algorithms that can be asked for.
const (
	CRC32     Algorithm = "CRC32"
	CRC32C    Algorithm = "CRC32C"
	CRC64NVME Algorithm = "CRC64NVME"
	SHA1      Algorithm = "SHA1"
	SHA256    Algorithm = "SHA256"
	SHA512    Algorithm = "SHA512"
	MD5       Algorithm = "MD5"
)

// The two ways in which the checksum of a multipart upload is made.
const (
	Composite  = "COMPOSITE"   // the checksum of the parts' checksums
	FullObject = "FULL_OBJECT" // the checksum of the bytes, joined from the parts'
)

// All lists the algorithms.
func All() []Algorithm {
	return []Algorithm{CRC32, CRC32C, CRC64NVME, SHA1, SHA256, SHA512, MD5}
}

// Parse reads the name of an algorithm, in any case.
func Parse(name string) (Algorithm, bool) {
	a := Algorithm(strings.ToUpper(name))
	switch a {
	case CRC32, CRC32C, CRC64NVME, SHA1, SHA256, SHA512, MD5:
		return a, true
	}
	return "", false
}

// Header is the HTTP header (or trailer) that carries the checksum.
func (a Algorithm) Header() string { return "x-amz-checksum-" + strings.ToLower(string(a)) }

// Size is the length of the checksum in bytes.
func (a Algorithm) Size() int {
	switch a {
	case CRC32, CRC32C:
		return 4
	case CRC64NVME:
		return 8
	case MD5:
		return md5.Size
	case SHA1:
		return sha1.Size
	case SHA256:
		return sha256.Size
	case SHA512:
		return sha512.Size
	}
	return 0
}

// Linear tells whether the checksum of a whole follows from those of its parts.
func (a Algorithm) Linear() bool { return a == CRC32 || a == CRC32C || a == CRC64NVME }

// New makes the hash of an algorithm.
func (a Algorithm) New() hash.Hash {
	switch a {
	case CRC32:
		return crc32.NewIEEE()
	case CRC32C:
		return crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case CRC64NVME:
		return newNVME()
	case SHA1:
		return sha1.New()
	case SHA256:
		return sha256.New()
	case SHA512:
		return sha512.New()
	case MD5:
		return md5.New()
	}
	panic("checksum: unknown algorithm " + string(a))
}

// Valid tells whether value is well formed: base64 of the right length.
func (a Algorithm) Valid(value string) bool {
	b, err := base64.StdEncoding.DecodeString(value)
	return err == nil && len(b) == a.Size()
}

// Set computes an MD5 (the ETag) and further checksums of one stream. It is an io.Writer that never fails.
type Set struct {
	md5    hash.Hash
	hashes map[Algorithm]hash.Hash
	n      int64
}

// NewSet makes a Set of an MD5 and the given algorithms.
func NewSet(algorithms ...Algorithm) *Set {
	s := &Set{md5: md5.New(), hashes: make(map[Algorithm]hash.Hash, len(algorithms))}
	for _, a := range algorithms {
		if a == MD5 {
			s.hashes[a] = s.md5
			continue
		}
		s.hashes[a] = a.New()
	}
	return s
}

func (s *Set) Write(p []byte) (int, error) {
	s.n += int64(len(p))
	s.md5.Write(p)
	for a, h := range s.hashes {
		if a != MD5 {
			h.Write(p)
		}
	}
	return len(p), nil
}

// Size is how many bytes went by.
func (s *Set) Size() int64 { return s.n }

// MD5 is the MD5 of what went by.
func (s *Set) MD5() []byte { return s.md5.Sum(nil) }

// ETag is the MD5 in hexadecimal, without quotes.
func (s *Set) ETag() string { return hex.EncodeToString(s.MD5()) }

// Sum is the checksum of what went by, in base64; empty if it was not asked for.
func (s *Set) Sum(a Algorithm) string {
	h := s.hashes[a]
	if h == nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// Part is one part of a whole: its checksum in base64 and its length.
type Part struct {
	Sum  string
	Size int64
}

// JoinComposite is the checksum of the parts' checksums, with their number: "<base64>-<n>".
func JoinComposite(a Algorithm, parts []Part) (string, error) {
	h := a.New()
	for i, p := range parts {
		b, err := base64.StdEncoding.DecodeString(p.Sum)
		if err != nil || len(b) != a.Size() {
			return "", fmt.Errorf("checksum %q of part %d is not a base64 %s", p.Sum, i+1, a)
		}
		h.Write(b)
	}
	return base64.StdEncoding.EncodeToString(h.Sum(nil)) + "-" + strconv.Itoa(len(parts)), nil
}

// JoinFull is the checksum of the parts' bytes in a row; the algorithm must be Linear.
func JoinFull(a Algorithm, parts []Part) (string, error) {
	if !a.Linear() {
		return "", fmt.Errorf("the %s of an object does not follow from those of its parts", a)
	}
	size := a.Size()
	var poly, total uint64
	switch a {
	case CRC32:
		poly = crc32.IEEE
	case CRC32C:
		poly = crc32.Castagnoli
	case CRC64NVME:
		poly = nvme
	}
	for i, p := range parts {
		b, err := base64.StdEncoding.DecodeString(p.Sum)
		if err != nil || len(b) != size {
			return "", fmt.Errorf("checksum %q of part %d is not a base64 %s", p.Sum, i+1, a)
		}
		var crc uint64
		for _, c := range b {
			crc = crc<<8 | uint64(c)
		}
		total = joinCRC(poly, uint(size*8), total, crc, p.Size)
	}
	out := make([]byte, size)
	for i := size - 1; i >= 0; i-- {
		out[i] = byte(total)
		total >>= 8
	}
	return base64.StdEncoding.EncodeToString(out), nil
}

// joinCRC is the CRC of A followed by B, given that of A, that of B, and B's length. Appending a zero bit to a
// message is a linear map of its CRC over GF(2); so shifting A's CRC over the length of B is that map to the power
// of 8*size, taken here by squaring. Initial and final inversions cancel out.
func joinCRC(poly uint64, width uint, a, b uint64, size int64) uint64 {
	if size == 0 {
		return a
	}
	var even, odd [64]uint64
	odd[0] = poly
	for i := uint(1); i < width; i++ {
		odd[i] = 1 << (i - 1)
	}
	square(even[:width], odd[:width]) // two zero bits
	square(odd[:width], even[:width]) // four
	from, to := odd[:width], even[:width]
	for n := size; n != 0; n >>= 1 {
		square(to, from) // the first time: one zero byte
		if n&1 == 1 {
			a = times(to, a)
		}
		from, to = to, from
	}
	return a ^ b
}

func times(m []uint64, v uint64) uint64 {
	var sum uint64
	for i := 0; v != 0; i, v = i+1, v>>1 {
		if v&1 == 1 {
			sum ^= m[i]
		}
	}
	return sum
}

func square(to, m []uint64) {
	for i := range m {
		to[i] = times(m, m[i])
	}
}
