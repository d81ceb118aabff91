package s3

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	api "tarn/api/s3"
	"tarn/internal/awsapi"
	"tarn/internal/s3/checksum"
	"tarn/internal/s3/index"
)

// CopyObject copies an object without its bytes: the copy lies in the same blobs. They are read only where they are
// needed for a digest: the copy of a multipart upload is an object of one part, whose ETag is its MD5.
func (s *Service) CopyObject(ctx context.Context, in *api.CopyObjectInput) (*api.CopyObjectOutput, error) {
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
	src, err := s.copySource(ctx, *in.CopySource, in.ExpectedSourceBucketOwner)
	if err != nil {
		return nil, err
	}
	cond, err := writeCondition(in.IfMatch, in.IfNoneMatch)
	if err != nil {
		return nil, err
	}
	replaced := index.ObjectDoc{
		ContentType: awsapi.Val(in.ContentType), CacheControl: awsapi.Val(in.CacheControl), ContentDisposition: awsapi.Val(in.ContentDisposition),
		ContentEncoding: storedEncoding(in.ContentEncoding), ContentLanguage: awsapi.Val(in.ContentLanguage), Expires: awsapi.Val(in.Expires),
	}
	if replaced.ContentType == "" {
		replaced.ContentType = defaultMimeType
	}
	if replaced.Metadata, err = checkMetadata(in.Metadata); err != nil {
		return nil, err
	}
	tags, err := parseTagging(in.Tagging)
	if err != nil {
		return nil, err
	}
	replaceMetadata, err := replaces("x-amz-metadata-directive", "metadata", in.MetadataDirective)
	if err != nil {
		return nil, err
	}
	replaceTags, err := replaces("x-amz-tagging-directive", "tagging", in.TaggingDirective)
	if err != nil {
		return nil, err
	}
	class, err := storageClass(in.StorageClass)
	if err != nil {
		return nil, err
	}
	changes := replaceMetadata || replaceTags || in.StorageClass != nil || in.WebsiteRedirectLocation != nil || in.ServerSideEncryption != nil
	if src.bucket == *in.Bucket && src.key == *in.Key && !changes {
		return nil, fail(http.StatusBadRequest, "InvalidRequest", "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	var asked checksum.Algorithm
	if name := awsapi.Val(in.ChecksumAlgorithm); name != "" {
		var ok bool
		if asked, ok = checksum.Parse(name); !ok {
			return nil, badAlgorithm(name)
		}
	}

	var o index.Object
	var algorithm checksum.Algorithm
	var read *index.Object // the object whose digests are in set
	var set *checksum.Set
	for {
		var needs *index.Object
		err = s.index.Update(ctx, func(tx *index.Tx) error {
			needs = nil
			from, err := src.find(tx, in.CopySourceIfMatch, in.CopySourceIfNoneMatch, in.CopySourceIfModifiedSince, in.CopySourceIfUnmodifiedSince)
			if err != nil {
				return err
			}
			if from.Size > maxPut {
				return fail(http.StatusBadRequest, "InvalidRequest", "The specified copy source is larger than the maximum allowable size for a copy source: %d", int64(maxPut))
			}
			o = *from
			if algorithm = asked; algorithm == "" {
				algorithm = checksum.Algorithm(from.Algorithm)
			}
			if len(from.Doc.Parts) > 0 || string(algorithm) != from.Algorithm {
				if read == nil || read.ETag != from.ETag || !read.Modified.Equal(from.Modified) {
					needs = from
					return nil
				}
				o.ETag, o.Doc.Parts = set.ETag(), nil
				o.Algorithm, o.ChecksumType, o.Doc.Checksum = string(algorithm), checksum.FullObject, set.Sum(algorithm)
			}
			o.Key, o.Modified, o.Class = *in.Key, s.now(), class
			oldTags := o.Doc.Tags
			if replaceMetadata {
				replaced.Checksum, replaced.Parts = o.Doc.Checksum, o.Doc.Parts
				o.Doc = replaced
			}
			o.Doc.WebsiteRedirect = awsapi.Val(in.WebsiteRedirectLocation)
			if o.Doc.Tags = oldTags; replaceTags {
				o.Doc.Tags = tags
			}
			return put(ctx, tx, *in.Bucket, &o, cond, EventCopy, inPlace(o.Segments))
		})
		if err != nil || needs == nil {
			break
		}
		set, err = s.digest(ctx, needs.Segments, 0, needs.Size, algorithm)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue // overwritten and collected since it was looked up
		case err != nil:
			return nil, err
		}
		read = needs
	}
	if err != nil {
		return nil, storageError(err)
	}
	result := &api.CopyObjectResult{ETag: new(quote(o.ETag)), LastModified: &awsapi.Time{Time: o.Modified}, ChecksumType: text(o.ChecksumType)}
	setSum(checksum.Algorithm(o.Algorithm), o.Doc.Checksum, &result.ChecksumCRC32, &result.ChecksumCRC32C, &result.ChecksumCRC64NVME,
		&result.ChecksumSHA1, &result.ChecksumSHA256, &result.ChecksumSHA512, &result.ChecksumMD5)
	return &api.CopyObjectOutput{CopyObjectResult: result}, nil
}

// replaces reads a directive of a copy: COPY, which is what happens without one, or REPLACE.
func replaces(header, what string, directive *string) (bool, error) {
	switch d := awsapi.Val(directive); d {
	case "", api.MetadataDirectiveCopy:
		return false, nil
	case api.MetadataDirectiveReplace:
		return true, nil
	default:
		return false, invalidArgument(header, d, "Unknown %s directive.", what)
	}
}

// digest reads a stretch of an object for its checksums.
func (s *Service) digest(ctx context.Context, segments []index.Segment, offset, size int64, algorithms ...checksum.Algorithm) (*checksum.Set, error) {
	body, err := s.open(segments, offset, size)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	set := checksum.NewSet(algorithms...)
	buf := s.buffers.Get().(*buffer)
	defer s.buffers.Put(buf)
	for {
		n, err := body.Read(buf[:])
		set.Write(buf[:n])
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil && set.Size() == size:
			return set, nil
		case err != nil:
			return nil, err
		}
	}
}

// copySource is the object that a copy reads.
type copySource struct{ bucket, key string }

// copySource reads the x-amz-copy-source header and checks that the caller may read what it names.
func (s *Service) copySource(ctx context.Context, header string, expectedOwner *string) (copySource, error) {
	path, query, _ := strings.Cut(header, "?")
	path, err := url.PathUnescape(path)
	if err != nil {
		return copySource{}, invalidArgument("x-amz-copy-source", header, "Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
	}
	if v, ok := strings.CutPrefix(query, "versionId="); ok {
		if err := checkVersion(&v); err != nil {
			return copySource{}, err
		}
	}
	bucket, key, found := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if !found || bucket == "" || key == "" {
		return copySource{}, invalidArgument("x-amz-copy-source", header, "Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
	}
	b, err := s.owned(ctx, bucket, expectedOwner)
	if err != nil {
		return copySource{}, err
	}
	if err := s.authorize(ctx, "s3:GetObject", resourceARN(bucket, key)); err != nil {
		return copySource{}, err
	}
	if _, err := s.index.Object(b.ID, key); errors.Is(err, index.ErrNotFound) {
		return copySource{}, s.missing(ctx, bucket, key)
	}
	return copySource{bucket, key}, nil
}

type finder interface {
	Bucket(name string) (*index.Bucket, error)
	Object(bucket int64, key string) (*index.Object, error)
}

func (c copySource) find(in finder, ifMatch, ifNoneMatch *string, modifiedSince, unmodifiedSince *awsapi.Time) (*index.Object, error) {
	b, err := in.Bucket(c.bucket)
	if err != nil {
		return nil, noSuchBucket(c.bucket)
	}
	o, err := in.Object(b.ID, c.key)
	if errors.Is(err, index.ErrNotFound) {
		return nil, noSuchKey(c.key)
	}
	if err != nil {
		return nil, err
	}
	// What would be "not modified" for a reader fails the precondition of a copy.
	if err := readCondition(o, ifMatch, ifNoneMatch, modifiedSince, unmodifiedSince); err != nil {
		return nil, preconditionFailed("x-amz-copy-source-if")
	}
	return o, nil
}
