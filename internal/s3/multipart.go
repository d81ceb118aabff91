package s3

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"net/http"
	"strconv"
	"strings"

	api "tarn/api/s3"
	"tarn/internal/awsapi"
	"tarn/internal/s3/blob"
	"tarn/internal/s3/checksum"
	"tarn/internal/s3/index"
)

const (
	maxParts    = 10000
	minPart     = 5 << 20 // but for the last
	listedParts = 1000
)

// CreateMultipartUpload starts an upload.
func (s *Service) CreateMultipartUpload(ctx context.Context, in *api.CreateMultipartUploadInput) (*api.CreateMultipartUploadOutput, error) {
	if _, err := s.owned(ctx, *in.Bucket, in.ExpectedBucketOwner); err != nil {
		return nil, err
	}
	if err := checkKey(*in.Key); err != nil {
		return nil, err
	}
	if err := checkGrants(in.GrantFullControl, in.GrantRead, in.GrantReadACP, in.GrantWriteACP); err != nil {
		return nil, err
	}
	if err := checkUnsupported(in.ACL, in.ServerSideEncryption, in.SSEKMSKeyId, in.SSECustomerAlgorithm, in.ObjectLockMode, in.ObjectLockLegalHoldStatus); err != nil {
		return nil, err
	}
	class, err := storageClass(in.StorageClass)
	if err != nil {
		return nil, err
	}
	doc := index.UploadDoc{
		Object: index.ObjectDoc{
			ContentType: awsapi.Val(in.ContentType), CacheControl: awsapi.Val(in.CacheControl), ContentDisposition: awsapi.Val(in.ContentDisposition),
			ContentEncoding: storedEncoding(in.ContentEncoding), ContentLanguage: awsapi.Val(in.ContentLanguage), Expires: awsapi.Val(in.Expires),
			WebsiteRedirect: awsapi.Val(in.WebsiteRedirectLocation),
		},
		Class: class, Initiator: awsapi.CallerFrom(ctx).ARN, Account: awsapi.CallerFrom(ctx).Account,
	}
	if doc.Object.ContentType == "" {
		doc.Object.ContentType = defaultMimeType
	}
	if doc.Object.Metadata, err = checkMetadata(in.Metadata); err != nil {
		return nil, err
	}
	if doc.Object.Tags, err = parseTagging(in.Tagging); err != nil {
		return nil, err
	}
	if err := uploadChecksum(&doc, in.ChecksumAlgorithm, in.ChecksumType); err != nil {
		return nil, err
	}
	u := &index.Upload{Key: *in.Key, Initiated: s.now(), Doc: doc}
	if u.ID, err = s.newID(); err != nil {
		return nil, err
	}
	err = s.index.Update(ctx, func(tx *index.Tx) error {
		b, err := tx.Bucket(*in.Bucket)
		if err != nil {
			return noSuchBucket(*in.Bucket)
		}
		u.Bucket = b.ID
		return tx.InsertUpload(u)
	})
	if err != nil {
		return nil, storageError(err)
	}
	out := &api.CreateMultipartUploadOutput{Bucket: in.Bucket, Key: in.Key, UploadId: &u.ID}
	if doc.Stated {
		out.ChecksumAlgorithm, out.ChecksumType = &doc.Algorithm, &doc.ChecksumType
	}
	return out, nil
}

// uploadChecksum settles the checksum of an upload: what is asked for, or that of S3.
func uploadChecksum(doc *index.UploadDoc, algorithm, kind *string) error {
	if algorithm == nil {
		if kind != nil {
			return fail(http.StatusBadRequest, "InvalidRequest", "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
		}
		doc.Algorithm, doc.ChecksumType = string(checksum.CRC64NVME), checksum.FullObject
		return nil
	}
	a, ok := checksum.Parse(*algorithm)
	if !ok {
		return badAlgorithm(*algorithm)
	}
	doc.Algorithm, doc.ChecksumType, doc.Stated = string(a), awsapi.Val(kind), true
	if doc.ChecksumType == "" {
		doc.ChecksumType = checksum.Composite
		if a == checksum.CRC64NVME {
			doc.ChecksumType = checksum.FullObject
		}
	}
	if doc.ChecksumType == checksum.FullObject && !a.Linear() || doc.ChecksumType == checksum.Composite && a == checksum.CRC64NVME {
		return fail(http.StatusBadRequest, "InvalidRequest", "The %s checksum type cannot be used with the %s checksum algorithm.", doc.ChecksumType, strings.ToLower(string(a)))
	}
	return nil
}

// upload finds an upload of the caller's bucket and key.
func (s *Service) upload(ctx context.Context, bucket, key, id string, expectedOwner *string) (*index.Upload, error) {
	b, err := s.owned(ctx, bucket, expectedOwner)
	if err != nil {
		return nil, err
	}
	return findUpload(s.index, b.ID, key, id)
}

func findUpload(in interface {
	Upload(id string) (*index.Upload, error)
}, bucket int64, key, id string) (*index.Upload, error) {
	u, err := in.Upload(id)
	if errors.Is(err, index.ErrNotFound) || err == nil && (u.Bucket != bucket || u.Key != key) {
		return nil, noSuchUpload(id)
	}
	return u, err
}

func checkPartNumber(n *int32) (int, error) {
	number := int(awsapi.Val(n))
	if number < 1 || number > maxParts {
		return 0, invalidArgument("partNumber", strconv.Itoa(number), "Part number must be an integer between 1 and 10000, inclusive")
	}
	return number, nil
}

// UploadPart stores a part.
func (s *Service) UploadPart(ctx context.Context, in *api.UploadPartInput) (*api.UploadPartOutput, error) {
	number, err := checkPartNumber(in.PartNumber)
	if err != nil {
		return nil, err
	}
	if err := checkUnsupported(nil, nil, nil, in.SSECustomerAlgorithm, nil, nil); err != nil {
		return nil, err
	}
	u, err := s.upload(ctx, *in.Bucket, *in.Key, *in.UploadId, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	if err := needLength(ctx, in.ContentLength); err != nil {
		return nil, err
	}
	x, err := expect(ctx, in.ContentMD5, in.ChecksumAlgorithm, in.ContentLength, statedSums{in.ChecksumCRC32, in.ChecksumCRC32C, in.ChecksumCRC64NVME,
		in.ChecksumSHA1, in.ChecksumSHA256, in.ChecksumSHA512, in.ChecksumMD5, in.ChecksumXXHASH64, in.ChecksumXXHASH3, in.ChecksumXXHASH128})
	if err != nil {
		return nil, err
	}
	if u.Doc.Stated && x.stated && string(x.algorithm) != u.Doc.Algorithm {
		return nil, fail(http.StatusBadRequest, "InvalidRequest", "Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s",
			strings.ToLower(u.Doc.Algorithm), strings.ToLower(string(x.algorithm)))
	}
	algorithms := []checksum.Algorithm{checksum.Algorithm(u.Doc.Algorithm)}
	if x.algorithm != "" && x.algorithm != algorithms[0] {
		algorithms = append(algorithms, x.algorithm)
	}
	r, err := s.receive(ctx, in.Body, x, algorithms...)
	if err != nil {
		return nil, err
	}
	p := &index.Part{Upload: u.ID, Number: number, Size: r.size, ETag: r.etag, Modified: s.now(), Checksums: map[string]string{}}
	for a, sum := range r.sums {
		p.Checksums[string(a)] = sum
	}
	err = s.index.Update(ctx, func(tx *index.Tx) error {
		if _, err := findUpload(tx, u.Bucket, u.Key, u.ID); err != nil {
			return err // ended meanwhile
		}
		var fresh []blob.ID
		if p.Segments, fresh, err = r.place(tx); err != nil {
			return err
		}
		return tx.PutPart(p, fresh...)
	})
	if err != nil {
		s.discard(err, r.blob)
		return nil, storageError(err)
	}
	out := &api.UploadPartOutput{ETag: new(quote(p.ETag))}
	if shown := algorithms[len(algorithms)-1]; x.stated || u.Doc.Stated {
		setSum(shown, r.sums[shown], &out.ChecksumCRC32, &out.ChecksumCRC32C, &out.ChecksumCRC64NVME, &out.ChecksumSHA1, &out.ChecksumSHA256,
			&out.ChecksumSHA512, &out.ChecksumMD5)
	}
	return out, nil
}

// UploadPartCopy makes a stretch of an object a part. The bytes are read for their checksums, and not copied.
func (s *Service) UploadPartCopy(ctx context.Context, in *api.UploadPartCopyInput) (*api.UploadPartCopyOutput, error) {
	number, err := checkPartNumber(in.PartNumber)
	if err != nil {
		return nil, err
	}
	u, err := s.upload(ctx, *in.Bucket, *in.Key, *in.UploadId, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	src, err := s.copySource(ctx, *in.CopySource, in.ExpectedSourceBucketOwner)
	if err != nil {
		return nil, err
	}
	algorithm := checksum.Algorithm(u.Doc.Algorithm)
	for attempt := 0; ; attempt++ {
		o, err := src.find(s.index, in.CopySourceIfMatch, in.CopySourceIfNoneMatch, in.CopySourceIfModifiedSince, in.CopySourceIfUnmodifiedSince)
		if err != nil {
			return nil, err
		}
		offset, size := int64(0), o.Size
		if in.CopySourceRange != nil {
			if offset, size, err = copyRange(*in.CopySourceRange, o.Size); err != nil {
				return nil, err
			}
		}
		if size > maxPut {
			return nil, tooLarge(size)
		}
		segments := cut(o.Segments, offset, size)
		set, err := s.digest(ctx, o.Segments, offset, size, algorithm)
		p := &index.Part{Upload: u.ID, Number: number, Size: size, Modified: s.now(), Segments: segments}
		if err == nil {
			p.ETag, p.Checksums = set.ETag(), map[string]string{string(algorithm): set.Sum(algorithm)}
			err = s.index.Update(ctx, func(tx *index.Tx) error {
				if _, err := findUpload(tx, u.Bucket, u.Key, u.ID); err != nil {
					return err
				}
				return tx.PutPart(p)
			})
		}
		if (errors.Is(err, index.ErrGone) || errors.Is(err, fs.ErrNotExist)) && attempt < 5 {
			continue // the source was overwritten while it was read
		}
		if err != nil {
			return nil, storageError(err)
		}
		result := &api.CopyPartResult{ETag: new(quote(p.ETag)), LastModified: &awsapi.Time{Time: p.Modified}}
		if u.Doc.Stated {
			setSum(algorithm, p.Checksums[string(algorithm)], &result.ChecksumCRC32, &result.ChecksumCRC32C, &result.ChecksumCRC64NVME, &result.ChecksumSHA1,
				&result.ChecksumSHA256, &result.ChecksumSHA512, &result.ChecksumMD5)
		}
		return &api.UploadPartCopyOutput{CopyPartResult: result}, nil
	}
}

// copyRange reads a copy-source-range, which is stricter than a Range.
func copyRange(header string, size int64) (offset, length int64, err error) {
	spec, found := strings.CutPrefix(header, "bytes=")
	first, last, dash := strings.Cut(spec, "-")
	from, ok := parseOffset(first)
	to, ok2 := parseOffset(last)
	if !found || !dash || !ok || !ok2 || to < from {
		return 0, 0, invalidArgument("x-amz-copy-source-range", header, "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy")
	}
	if to >= size {
		return 0, 0, invalidArgument("x-amz-copy-source-range", header, "Range specified is not valid for source object of size: %d", size)
	}
	return from, to - from + 1, nil
}

// cut is a stretch of segments.
func cut(segments []index.Segment, offset, size int64) []index.Segment {
	var out []index.Segment
	for _, g := range segments {
		if offset >= g.Size {
			offset -= g.Size
			continue
		}
		if size == 0 {
			break
		}
		n := min(size, g.Size-offset)
		out = append(out, index.Segment{Blob: g.Blob, Offset: g.Offset + offset, Size: n})
		size -= n
		offset = 0
	}
	return out
}

// completion is what CompleteMultipartUpload has answered, kept so that a client whose connection broke gets the same
// answer when it asks again.
type completion struct {
	Bucket    string `json:"bucket"`
	Key       string `json:"key"`
	ETag      string `json:"etag"`
	Algorithm string `json:"algorithm"`
	Type      string `json:"type"`
	Sum       string `json:"sum"`
}

// CompleteMultipartUpload makes an object of the parts: one transaction, whatever their size. Asking again answers
// the same.
func (s *Service) CompleteMultipartUpload(ctx context.Context, in *api.CompleteMultipartUploadInput) (*api.CompleteMultipartUploadOutput, error) {
	if _, err := s.owned(ctx, *in.Bucket, in.ExpectedBucketOwner); err != nil {
		return nil, err
	}
	cond, err := writeCondition(in.IfMatch, in.IfNoneMatch)
	if err != nil {
		return nil, err
	}
	_, stated, err := statedSums{in.ChecksumCRC32, in.ChecksumCRC32C, in.ChecksumCRC64NVME, in.ChecksumSHA1, in.ChecksumSHA256, in.ChecksumSHA512,
		in.ChecksumMD5, in.ChecksumXXHASH64, in.ChecksumXXHASH3, in.ChecksumXXHASH128}.one()
	if err != nil {
		return nil, err
	}
	var done completion
	err = s.index.Update(ctx, func(tx *index.Tx) error {
		b, err := tx.Bucket(*in.Bucket)
		if err != nil {
			return noSuchBucket(*in.Bucket)
		}
		u, err := findUpload(tx, b.ID, *in.Key, *in.UploadId)
		if awsapi.IsCode(err, "NoSuchUpload") {
			if e := tx.Completed(*in.UploadId, &done); e == nil && done.Bucket == *in.Bucket && done.Key == *in.Key {
				return nil
			}
		}
		if err != nil {
			return err
		}
		o, err := assemble(tx, u, in.MultipartUpload, in.ChecksumType)
		if err != nil {
			return err
		}
		if want := stripCount(stated); want != "" && want != stripCount(o.Doc.Checksum) {
			return fail(http.StatusBadRequest, "BadDigest", "The %s you specified did not match the calculated checksum.", o.Algorithm)
		}
		if n := in.MpuObjectSize; n != nil && *n != o.Size {
			return fail(http.StatusBadRequest, "InvalidRequest", "The provided 'x-amz-mp-object-size' header value %d does not match what was computed: %d", *n, o.Size)
		}
		o.Modified = s.now()
		if err := put(ctx, tx, *in.Bucket, o, cond, EventComplete, inPlace(o.Segments)); err != nil {
			return err
		}
		done = completion{Bucket: *in.Bucket, Key: *in.Key, ETag: o.ETag, Algorithm: o.Algorithm, Type: o.ChecksumType, Sum: o.Doc.Checksum}
		if err := tx.PutCompleted(u.ID, o.Modified, done); err != nil {
			return err
		}
		return tx.DeleteUpload(u, o.Modified)
	})
	if err != nil {
		return nil, storageError(err)
	}
	out := &api.CompleteMultipartUploadOutput{
		Bucket: in.Bucket, Key: in.Key, ETag: new(quote(done.ETag)), Location: new(location(ctx, *in.Bucket, *in.Key)), ChecksumType: text(done.Type),
	}
	setSum(checksum.Algorithm(done.Algorithm), done.Sum, &out.ChecksumCRC32, &out.ChecksumCRC32C, &out.ChecksumCRC64NVME, &out.ChecksumSHA1,
		&out.ChecksumSHA256, &out.ChecksumSHA512, &out.ChecksumMD5)
	return out, nil
}

func stripCount(sum string) string {
	sum, _, _ = strings.Cut(sum, "-") // base64 has no dash
	return sum
}

func location(ctx context.Context, bucket, key string) string {
	host, scheme := "localhost", "http"
	if r := awsapi.RequestFrom(ctx); r != nil {
		host = r.Host
		if r.TLS != nil {
			scheme = "https"
		}
	}
	escaped, _ := encoder(new("url"))
	return scheme + "://" + host + "/" + bucket + "/" + escaped(key)
}

// assemble checks the list of parts against what was uploaded and makes the object of it.
func assemble(tx *index.Tx, u *index.Upload, list *api.CompletedMultipartUpload, kind *string) (*index.Object, error) {
	if list == nil || len(list.Parts) == 0 {
		return nil, fail(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	if k := awsapi.Val(kind); k != "" && u.Doc.Stated && k != u.Doc.ChecksumType {
		return nil, fail(http.StatusBadRequest, "InvalidRequest", "The upload was created using the %s checksum mode. The complete request must use the same checksum mode.", u.Doc.ChecksumType)
	}
	stored, err := tx.Parts(u.ID, 0, -1)
	if err != nil {
		return nil, err
	}
	byNumber := make(map[int]*index.Part, len(stored))
	for _, p := range stored {
		byNumber[p.Number] = p
	}
	algorithm := checksum.Algorithm(u.Doc.Algorithm)
	composite := u.Doc.ChecksumType == checksum.Composite
	o := &index.Object{Bucket: u.Bucket, Key: u.Key, Class: u.Doc.Class, Doc: u.Doc.Object, Algorithm: u.Doc.Algorithm, ChecksumType: u.Doc.ChecksumType}
	etag := checksum.MD5.New()
	sums := make([]checksum.Part, 0, len(list.Parts))
	for i, want := range list.Parts {
		n := int(awsapi.Val(want.PartNumber))
		if i > 0 && n <= int(awsapi.Val(list.Parts[i-1].PartNumber)) {
			return nil, fail(http.StatusBadRequest, "InvalidPartOrder", "The list of parts was not in ascending order. Parts must be ordered by part number.").With("UploadId", u.ID)
		}
		if p := byNumber[n]; p == nil || want.ETag != nil && strings.Trim(*want.ETag, `"`) != p.ETag {
			return nil, invalidPart(u.ID, n, want.ETag)
		}
	}
	for i, want := range list.Parts {
		n := int(awsapi.Val(want.PartNumber))
		p := byNumber[n]
		if i < len(list.Parts)-1 && p.Size < minPart {
			return nil, fail(http.StatusBadRequest, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size").
				With("ProposedSize", number(p.Size)).With("MinSizeAllowed", number(minPart)).With("PartNumber", number(n)).With("ETag", p.ETag)
		}
		stated, sum, err := statedSums{want.ChecksumCRC32, want.ChecksumCRC32C, want.ChecksumCRC64NVME, want.ChecksumSHA1, want.ChecksumSHA256,
			want.ChecksumSHA512, want.ChecksumMD5, want.ChecksumXXHASH64, want.ChecksumXXHASH3, want.ChecksumXXHASH128}.one()
		if err != nil {
			return nil, err
		}
		if composite && u.Doc.Stated && stated == "" {
			return nil, fail(http.StatusBadRequest, "InvalidRequest", "The upload was created using a %s checksum. The complete request must include the checksum for each part. It was missing for part %d in the request.",
				strings.ToLower(u.Doc.Algorithm), n)
		}
		if have, ok := p.Checksums[string(stated)]; stated != "" && (!ok || have != sum) {
			return nil, invalidPart(u.ID, n, want.ETag)
		}
		addMD5(etag, p.ETag)
		sums = append(sums, checksum.Part{Sum: p.Checksums[u.Doc.Algorithm], Size: p.Size})
		part := index.ObjectPart{Number: n, Size: p.Size}
		if u.Doc.Stated {
			part.Checksum = p.Checksums[u.Doc.Algorithm]
		}
		o.Size += p.Size
		o.Segments = append(o.Segments, p.Segments...)
		o.Doc.Parts = append(o.Doc.Parts, part)
	}
	o.ETag = fmt.Sprintf("%s-%d", hex.EncodeToString(etag.Sum(nil)), len(list.Parts))
	if composite {
		o.Doc.Checksum, err = checksum.JoinComposite(algorithm, sums)
	} else {
		o.Doc.Checksum, err = checksum.JoinFull(algorithm, sums)
	}
	return o, err
}

func addMD5(h hash.Hash, etag string) {
	b, err := hex.DecodeString(etag)
	if err == nil {
		h.Write(b)
	}
}

func invalidPart(upload string, n int, etag *string) error {
	return fail(http.StatusBadRequest, "InvalidPart", "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.").
		With("UploadId", upload).With("PartNumber", number(n)).With("ETag", strings.Trim(awsapi.Val(etag), `"`))
}

// AbortMultipartUpload ends an upload without an object.
func (s *Service) AbortMultipartUpload(ctx context.Context, in *api.AbortMultipartUploadInput) (*api.AbortMultipartUploadOutput, error) {
	b, err := s.owned(ctx, *in.Bucket, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	err = s.freeing(ctx, func(tx *index.Tx) error {
		u, err := findUpload(tx, b.ID, *in.Key, *in.UploadId)
		if err != nil {
			return err
		}
		return tx.DeleteUpload(u, s.now())
	})
	if err != nil {
		return nil, err
	}
	return &api.AbortMultipartUploadOutput{}, nil
}
