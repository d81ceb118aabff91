package s3

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"

	"tarn/internal/awsapi"
	"tarn/internal/s3/blob"
	"tarn/internal/s3/checksum"
	"tarn/internal/s3/index"
)

const maxPut = 5 << 30 // bytes of a PUT or part

// expectation is what a request says about its body.
type expectation struct {
	md5       string // in hexadecimal; empty: not said
	algorithm checksum.Algorithm
	stated    bool   // the client chose the algorithm
	sum       string // base64; empty: not said, or comes in the trailer
	trailer   bool
	length    int64 // -1: not said
}

// statedSums are a request's checksum headers, in the order of the model: CRC32, CRC32C, CRC64NVME, SHA1, SHA256,
// SHA512, MD5, and those that tarn does not have.
type statedSums [10]*string

func sumAlgorithms() [10]checksum.Algorithm {
	return [10]checksum.Algorithm{checksum.CRC32, checksum.CRC32C, checksum.CRC64NVME, checksum.SHA1, checksum.SHA256, checksum.SHA512, checksum.MD5,
		"XXHASH64", "XXHASH3", "XXHASH128"}
}

// one picks the single checksum that was stated, if any.
func (st statedSums) one() (checksum.Algorithm, string, error) {
	var algorithm checksum.Algorithm
	var value string
	for i, p := range st {
		if p == nil {
			continue
		}
		if algorithm != "" {
			return "", "", fail(http.StatusBadRequest, "InvalidRequest", "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
		}
		algorithm, value = sumAlgorithms()[i], *p
	}
	return algorithm, value, nil
}

// setSum writes a checksum into the member of its algorithm; members are in the order of statedSums.
func setSum(algorithm checksum.Algorithm, value string, members ...**string) {
	if value == "" {
		return
	}
	for i, a := range sumAlgorithms() {
		if a == algorithm && i < len(members) {
			*members[i] = &value
		}
	}
}

func badAlgorithm(name string) *awsapi.Error {
	return fail(http.StatusBadRequest, "InvalidRequest", "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, MD5, SHA1, SHA256, SHA512]").
		With("ChecksumAlgorithm", name)
}

// expect gathers what a request says about its body.
func expect(ctx context.Context, contentMD5, sdkAlgorithm *string, length *int64, sums statedSums) (expectation, error) {
	x := expectation{length: -1}
	if length != nil {
		x.length = *length
	}
	if contentMD5 != nil {
		b, err := base64.StdEncoding.DecodeString(*contentMD5)
		if err != nil || len(b) != checksum.MD5.Size() {
			return x, fail(http.StatusBadRequest, "InvalidDigest", "The Content-MD5 you specified was invalid.").With("Content-MD5", *contentMD5)
		}
		x.md5 = hex.EncodeToString(b)
	}
	var err error
	if x.algorithm, x.sum, err = sums.one(); err != nil {
		return x, err
	}
	announced := ""
	if r := awsapi.RequestFrom(ctx); r != nil {
		if r.Header.Get("X-Amz-Decoded-Content-Length") != "" {
			x.length = -1 // what was said is the length of the encoded body
		}
		for name := range strings.SplitSeq(strings.Join(r.Header.Values("X-Amz-Trailer"), ","), ",") {
			if rest, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(name)), "x-amz-checksum-"); ok {
				announced = strings.ToUpper(rest)
			}
		}
	}
	if announced != "" {
		if x.algorithm != "" {
			return x, fail(http.StatusBadRequest, "InvalidRequest", "Expecting a single x-amz-checksum- header")
		}
		x.algorithm, x.trailer = checksum.Algorithm(announced), true
	}
	if x.algorithm != "" {
		a, ok := checksum.Parse(string(x.algorithm))
		if !ok {
			return x, badAlgorithm(string(x.algorithm))
		}
		x.algorithm, x.stated = a, true
		if !x.trailer && !a.Valid(x.sum) {
			return x, fail(http.StatusBadRequest, "InvalidRequest", "Value for %s header is invalid.", a.Header())
		}
	}
	if name := awsapi.Val(sdkAlgorithm); name != "" {
		a, ok := checksum.Parse(name)
		switch {
		case !ok:
			return x, badAlgorithm(name)
		case x.algorithm == "" && awsapi.RequestFrom(ctx) != nil:
			return x, fail(http.StatusBadRequest, "InvalidRequest", "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.")
		case x.algorithm != "" && a != x.algorithm:
			return x, fail(http.StatusBadRequest, "InvalidRequest", "Value for x-amz-sdk-checksum-algorithm header is invalid.")
		}
		x.algorithm, x.stated = a, true
	}
	return x, nil
}

// needLength refuses a body over the wire whose length was not said: it could not be told from one that was cut off.
func needLength(ctx context.Context, length *int64) error {
	r := awsapi.RequestFrom(ctx)
	if r == nil || length != nil || r.Header.Get("X-Amz-Decoded-Content-Length") != "" {
		return nil
	}
	return fail(http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header.")
}

// verify compares what was received with what was said of it, trailers included.
func (x expectation) verify(ctx context.Context, set *checksum.Set) error {
	if x.length >= 0 && set.Size() != x.length {
		return bodyError(ctx, io.ErrUnexpectedEOF)
	}
	if x.md5 != "" && x.md5 != set.ETag() {
		return fail(http.StatusBadRequest, "BadDigest", "The Content-MD5 you specified did not match what we received.").
			With("ExpectedDigest", x.md5).With("CalculatedDigest", set.ETag())
	}
	want := x.sum
	if x.trailer {
		want = awsapi.Trailers(ctx).Get(x.algorithm.Header())
		if !x.algorithm.Valid(want) {
			return fail(http.StatusBadRequest, "MalformedTrailerError", "The request contained trailing data that was not well-formed or did not conform to our published schema.")
		}
	}
	if want != "" && want != set.Sum(x.algorithm) {
		return fail(http.StatusBadRequest, "BadDigest", "The %s you specified did not match the calculated checksum.", x.algorithm)
	}
	return nil
}

// received is a body that nothing names yet: in a blob of its own, or in memory if it is small.
type received struct {
	small []byte
	blob  blob.ID // 0: it is small
	size  int64
	etag  string
	sums  map[checksum.Algorithm]string
}

// place gives the body its place in the lake, within the transaction that publishes it. Small ones share a blob with
// those of the same group of updates; an empty one needs none.
func (r *received) place(tx *index.Tx) (segments []index.Segment, fresh []blob.ID, err error) {
	switch {
	case r.blob != 0:
		return []index.Segment{{Blob: r.blob, Size: r.size}}, []blob.ID{r.blob}, nil
	case r.size == 0:
		return nil, nil, nil
	}
	s, err := tx.Pack(r.small)
	return []index.Segment{s}, nil, err
}

const (
	bufferSize = 128 << 10
	maxSmall   = 64 << 10 // bytes of a body that shares a blob: above, the fsync of its own file is worth it
)

type buffer [bufferSize]byte

// receive reads a body and checks it against what was said of it. One that is not small is streamed into a new blob
// and made durable: memory is one buffer, whatever the size. On an error nothing is left.
func (s *Service) receive(ctx context.Context, body io.Reader, x expectation, algorithms ...checksum.Algorithm) (*received, error) {
	if x.length > maxPut {
		return nil, tooLarge(x.length)
	}
	set := checksum.NewSet(algorithms...)
	buf := s.buffers.Get().(*buffer)
	defer s.buffers.Put(buf)
	n, err := 0, io.EOF
	if body != nil {
		n, err = fill(body, buf[:])
	}
	r := &received{}
	switch {
	case errors.Is(err, io.EOF) && n <= maxSmall:
		set.Write(buf[:n])
		if err := x.verify(ctx, set); err != nil {
			return nil, err
		}
		r.small = append([]byte(nil), buf[:n]...)
	case err != nil && !errors.Is(err, io.EOF):
		return nil, bodyError(ctx, err)
	default:
		w, err := s.blobs.Create()
		if err != nil {
			return nil, storageError(err)
		}
		defer w.Abort()
		rest := io.MultiReader(bytes.NewReader(buf[:n]), body)
		if err := s.copyBody(ctx, w, set, rest, maxPut); err != nil {
			return nil, err
		}
		if err := x.verify(ctx, set); err != nil {
			return nil, err
		}
		if err := w.Sync(); err != nil {
			return nil, storageError(err)
		}
		r.blob = w.ID
	}
	r.size, r.etag, r.sums = set.Size(), set.ETag(), map[checksum.Algorithm]string{}
	for _, a := range algorithms {
		r.sums[a] = set.Sum(a)
	}
	return r, nil
}

func tooLarge(size int64) *awsapi.Error {
	return fail(http.StatusBadRequest, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size").
		With("ProposedSize", number(size)).With("MaxSizeAllowed", number(int64(maxPut)))
}

func (s *Service) copyBody(ctx context.Context, w io.Writer, set *checksum.Set, body io.Reader, limit int64) error {
	buf := s.buffers.Get().(*buffer)
	defer s.buffers.Put(buf)
	for {
		n, err := fill(body, buf[:])
		if n > 0 {
			set.Write(buf[:n])
			if set.Size() > limit {
				return tooLarge(set.Size())
			}
			if _, err := w.Write(buf[:n]); err != nil {
				return storageError(err)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return bodyError(ctx, err)
		}
	}
}

// fill reads until the buffer is full or the body ends, so that small reads of the network become few writes.
func fill(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = r.Read(p[n:])
		n += m
	}
	return n, err
}

// discard removes a blob that was not published (0: there is none), unless the index cannot tell whether it was.
func (s *Service) discard(err error, id blob.ID) {
	if id == 0 || errors.Is(err, index.ErrUnknown) {
		return // the sweep of the next start decides
	}
	if _, err := s.blobs.Remove(id); err != nil {
		s.log.Warn("remove an unpublished blob", "path", s.blobs.Path(id), "error", err)
	}
}
