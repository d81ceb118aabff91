package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	api "tarn/api/s3"
	"tarn/internal/awsapi"
	"tarn/internal/s3/checksum"
	"tarn/internal/s3/index"
)

// GetObject answers an object's bytes, or a range or part of them. What it opens stays readable to the end, whatever
// happens to the key meanwhile.
func (s *Service) GetObject(ctx context.Context, in *api.GetObjectInput) (*api.GetObjectOutput, error) {
	var o *index.Object
	var body io.ReadCloser
	var v *view
	for attempt := 0; ; attempt++ {
		var err error
		if o, err = s.current(ctx, *in.Bucket, *in.Key, in.VersionId, in.ExpectedBucketOwner); err != nil {
			return nil, err
		}
		if err := readCondition(o, in.IfMatch, in.IfNoneMatch, in.IfModifiedSince, in.IfUnmodifiedSince); err != nil {
			return nil, err
		}
		if v, err = viewOf(o, in.Range, in.PartNumber); err != nil {
			return nil, err
		}
		body, err = s.open(o.Segments, v.offset, v.size)
		if err == nil {
			break
		}
		// The object was overwritten and its bytes collected since it was looked up: the key has another by now.
		if !errors.Is(err, fs.ErrNotExist) || attempt > 3 {
			return nil, err
		}
	}
	d := &o.Doc
	out := &api.GetObjectOutput{
		Body: body, AcceptRanges: new("bytes"), ContentLength: &v.size, ContentRange: v.contentRange(o.Size), ETag: new(quote(o.ETag)),
		LastModified: &awsapi.Time{Time: o.Modified}, Metadata: d.Metadata, PartsCount: v.parts, StorageClass: shownClass(o.Class),
		ContentType: text(d.ContentType), CacheControl: text(d.CacheControl), ContentDisposition: text(d.ContentDisposition),
		ContentEncoding: text(d.ContentEncoding), ContentLanguage: text(d.ContentLanguage), Expires: text(d.Expires),
		WebsiteRedirectLocation: text(d.WebsiteRedirect), TagCount: count(len(d.Tags)),
	}
	override(&out.ContentType, in.ResponseContentType)
	override(&out.CacheControl, in.ResponseCacheControl)
	override(&out.ContentDisposition, in.ResponseContentDisposition)
	override(&out.ContentEncoding, in.ResponseContentEncoding)
	override(&out.ContentLanguage, in.ResponseContentLanguage)
	if t := in.ResponseExpires; t != nil {
		out.Expires = new(t.UTC().Format(http.TimeFormat))
	}
	if awsapi.Val(in.ChecksumMode) == api.ChecksumModeEnabled {
		if sum := v.checksum(o); sum != "" {
			out.ChecksumType = text(o.ChecksumType)
			setSum(checksum.Algorithm(o.Algorithm), sum, &out.ChecksumCRC32, &out.ChecksumCRC32C, &out.ChecksumCRC64NVME, &out.ChecksumSHA1,
				&out.ChecksumSHA256, &out.ChecksumSHA512, &out.ChecksumMD5)
		}
	}
	return out, nil
}

// HeadObject answers what GetObject does, but for the bytes.
func (s *Service) HeadObject(ctx context.Context, in *api.HeadObjectInput) (*api.HeadObjectOutput, error) {
	o, err := s.current(ctx, *in.Bucket, *in.Key, in.VersionId, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	if err := readCondition(o, in.IfMatch, in.IfNoneMatch, in.IfModifiedSince, in.IfUnmodifiedSince); err != nil {
		return nil, err
	}
	v, err := viewOf(o, in.Range, in.PartNumber)
	if err != nil {
		return nil, err
	}
	d := &o.Doc
	out := &api.HeadObjectOutput{
		AcceptRanges: new("bytes"), ContentLength: &v.size, ContentRange: v.contentRange(o.Size), ETag: new(quote(o.ETag)),
		LastModified: &awsapi.Time{Time: o.Modified}, Metadata: d.Metadata, PartsCount: v.parts, StorageClass: shownClass(o.Class),
		ContentType: text(d.ContentType), CacheControl: text(d.CacheControl), ContentDisposition: text(d.ContentDisposition),
		ContentEncoding: text(d.ContentEncoding), ContentLanguage: text(d.ContentLanguage), Expires: text(d.Expires),
		WebsiteRedirectLocation: text(d.WebsiteRedirect), TagCount: count(len(d.Tags)),
	}
	override(&out.ContentType, in.ResponseContentType)
	override(&out.CacheControl, in.ResponseCacheControl)
	override(&out.ContentDisposition, in.ResponseContentDisposition)
	override(&out.ContentEncoding, in.ResponseContentEncoding)
	override(&out.ContentLanguage, in.ResponseContentLanguage)
	if t := in.ResponseExpires; t != nil {
		out.Expires = new(t.UTC().Format(http.TimeFormat))
	}
	if awsapi.Val(in.ChecksumMode) == api.ChecksumModeEnabled {
		if sum := v.checksum(o); sum != "" {
			out.ChecksumType = text(o.ChecksumType)
			setSum(checksum.Algorithm(o.Algorithm), sum, &out.ChecksumCRC32, &out.ChecksumCRC32C, &out.ChecksumCRC64NVME, &out.ChecksumSHA1,
				&out.ChecksumSHA256, &out.ChecksumSHA512, &out.ChecksumMD5)
		}
	}
	return out, nil
}

// current finds an object for the caller.
func (s *Service) current(ctx context.Context, bucket, key string, version, expectedOwner *string) (*index.Object, error) {
	b, err := s.owned(ctx, bucket, expectedOwner)
	if err != nil {
		return nil, err
	}
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if err := checkVersion(version); err != nil {
		return nil, err
	}
	o, err := s.index.Object(b.ID, key)
	if errors.Is(err, index.ErrNotFound) {
		return nil, s.missing(ctx, bucket, key)
	}
	return o, err
}

// missing is the answer for a key that is not there. Only who may list it is told so; as on AWS, the key then is the
// prefix in conditions.
func (s *Service) missing(ctx context.Context, bucket, key string) error {
	keys := map[string]string{"s3:prefix": key}
	if err := s.authorize(awsapi.WithConditionKeys(ctx, keys), "s3:ListBucket", resourceARN(bucket, "")); err != nil {
		return err
	}
	return noSuchKey(key)
}

// readCondition evaluates conditional headers in the order of RFC 9110, as S3 does.
func readCondition(o *index.Object, ifMatch, ifNoneMatch *string, modifiedSince, unmodifiedSince *awsapi.Time) error {
	modified := o.Modified.Truncate(time.Second) // headers have no fractions
	switch {
	case ifMatch != nil:
		if !matchesETag(*ifMatch, o.ETag) {
			return preconditionFailed("If-Match")
		}
	case unmodifiedSince != nil && modified.After(unmodifiedSince.Time):
		return preconditionFailed("If-Unmodified-Since")
	}
	switch {
	case ifNoneMatch != nil:
		if matchesETag(*ifNoneMatch, o.ETag) {
			return notModified(o)
		}
	case modifiedSince != nil && !modified.After(modifiedSince.Time):
		return notModified(o)
	}
	return nil
}

func notModified(o *index.Object) error {
	return fail(http.StatusNotModified, "NotModified", "Not Modified").With("ETag", quote(o.ETag)).With("Last-Modified", o.Modified.UTC().Format(http.TimeFormat))
}

// view is the stretch of an object that a request asks for.
type view struct {
	offset, size int64
	partial      bool
	parts        *int32 // number of parts, when one was asked for
	part         *index.ObjectPart
}

func viewOf(o *index.Object, rangeHeader *string, partNumber *int32) (*view, error) {
	v := &view{size: o.Size}
	if partNumber != nil {
		if rangeHeader != nil {
			return nil, fail(http.StatusBadRequest, "InvalidRequest", "Cannot specify both Range header and partNumber query parameter")
		}
		return partView(o, int(*partNumber))
	}
	if rangeHeader == nil {
		return v, nil
	}
	offset, size, ok, err := parseRange(*rangeHeader, o.Size)
	if err != nil {
		return nil, err
	}
	if ok {
		v.offset, v.size, v.partial = offset, size, true
	}
	return v, nil
}

func partView(o *index.Object, n int) (*view, error) {
	if n < 1 || n > maxParts {
		return nil, invalidArgument("partNumber", strconv.Itoa(n), "Part number must be an integer between 1 and 10000, inclusive")
	}
	if len(o.Doc.Parts) == 0 {
		if n != 1 {
			return nil, fail(http.StatusRequestedRangeNotSatisfiable, "InvalidPartNumber", "The requested partnumber is not satisfiable").
				With("PartNumberRequested", number(n)).With("ActualPartCount", "1")
		}
		return &view{size: o.Size, partial: o.Size > 0}, nil
	}
	v := &view{partial: true, parts: count(len(o.Doc.Parts))}
	for i := range o.Doc.Parts {
		p := &o.Doc.Parts[i]
		if p.Number == n {
			v.size, v.part = p.Size, p
			return v, nil
		}
		v.offset += p.Size
	}
	return nil, fail(http.StatusRequestedRangeNotSatisfiable, "InvalidPartNumber", "The requested partnumber is not satisfiable").
		With("PartNumberRequested", number(n)).With("ActualPartCount", number(len(o.Doc.Parts)))
}

func (v *view) contentRange(size int64) *string {
	if !v.partial {
		return nil
	}
	return new(fmt.Sprintf("bytes %d-%d/%d", v.offset, v.offset+v.size-1, size))
}

// checksum is the one that the bytes of the view have: of the whole, or of a part.
func (v *view) checksum(o *index.Object) string {
	switch {
	case v.part != nil:
		return v.part.Checksum
	case v.partial && v.size != o.Size:
		return ""
	}
	return o.Doc.Checksum
}

// parseRange reads a Range header. One that S3 does not understand is ignored (ok is false): the whole is answered.
func parseRange(header string, size int64) (offset, length int64, ok bool, err error) {
	spec, found := strings.CutPrefix(header, "bytes=")
	if !found || strings.Contains(spec, ",") {
		return 0, 0, false, nil
	}
	first, last, found := strings.Cut(strings.TrimSpace(spec), "-")
	if !found {
		return 0, 0, false, nil
	}
	unsatisfiable := fail(http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The requested range is not satisfiable").
		With("RangeRequested", header).With("ActualObjectSize", number(size))
	if first == "" {
		n, ok := parseOffset(last)
		if !ok {
			return 0, 0, false, nil
		}
		if n == 0 || size == 0 {
			return 0, 0, false, unsatisfiable
		}
		n = min(n, size)
		return size - n, n, true, nil
	}
	from, valid := parseOffset(first)
	if !valid {
		return 0, 0, false, nil
	}
	to := int64(math.MaxInt64)
	if last != "" {
		if to, valid = parseOffset(last); !valid || to < from {
			return 0, 0, false, nil
		}
	}
	if from >= size {
		return 0, 0, false, unsatisfiable
	}
	to = min(to, size-1)
	return from, to - from + 1, true, nil
}

func parseOffset(s string) (int64, bool) {
	if s == "" {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return math.MaxInt64, true
	}
	return n, true
}

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func count(n int) *int32 {
	if n == 0 {
		return nil
	}
	return new(int32(n))
}

func override(member **string, with *string) {
	if with != nil {
		*member = with
	}
}

// shownClass is the storage class as S3 shows it with an object: the standard one is not named.
func shownClass(class string) *string {
	if class == standardClass {
		return nil
	}
	return &class
}
