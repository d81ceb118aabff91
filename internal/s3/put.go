package s3

import (
	"context"
	"errors"
	"io"
	"net/http"

	api "tarn/api/s3"
	"tarn/internal/awsapi"
	"tarn/internal/s3/blob"
	"tarn/internal/s3/checksum"
	"tarn/internal/s3/index"
)

// The kinds of events, as S3's notifications name them.
const (
	EventPut      = "ObjectCreated:Put"
	EventPost     = "ObjectCreated:Post"
	EventCopy     = "ObjectCreated:Copy"
	EventComplete = "ObjectCreated:CompleteMultipartUpload"
	EventDelete   = "ObjectRemoved:Delete"
)

// PutObject stores an object: one blob, then one transaction.
func (s *Service) PutObject(ctx context.Context, in *api.PutObjectInput) (*api.PutObjectOutput, error) {
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
	if in.WriteOffsetBytes != nil {
		return nil, notHere("x-amz-write-offset-bytes")
	}
	cond, err := writeCondition(in.IfMatch, in.IfNoneMatch)
	if err != nil {
		return nil, err
	}
	doc := index.ObjectDoc{
		ContentType: awsapi.Val(in.ContentType), CacheControl: awsapi.Val(in.CacheControl), ContentDisposition: awsapi.Val(in.ContentDisposition),
		ContentEncoding: storedEncoding(in.ContentEncoding), ContentLanguage: awsapi.Val(in.ContentLanguage), Expires: awsapi.Val(in.Expires),
		WebsiteRedirect: awsapi.Val(in.WebsiteRedirectLocation),
	}
	if doc.Metadata, err = checkMetadata(in.Metadata); err != nil {
		return nil, err
	}
	if doc.Tags, err = parseTagging(in.Tagging); err != nil {
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
	if x.algorithm == "" {
		x.algorithm = checksum.CRC64NVME
	}
	class, err := storageClass(in.StorageClass)
	if err != nil {
		return nil, err
	}
	if err := s.early(*in.Bucket, *in.Key, cond); err != nil {
		return nil, err
	}
	o := &index.Object{Key: *in.Key, Class: class, Modified: s.now(), Doc: doc}
	if err := s.store(ctx, *in.Bucket, o, in.Body, x, cond, EventPut); err != nil {
		return nil, err
	}
	out := &api.PutObjectOutput{ETag: new(quote(o.ETag)), ChecksumType: new(o.ChecksumType)}
	setSum(x.algorithm, o.Doc.Checksum, &out.ChecksumCRC32, &out.ChecksumCRC32C, &out.ChecksumCRC64NVME, &out.ChecksumSHA1, &out.ChecksumSHA256,
		&out.ChecksumSHA512, &out.ChecksumMD5)
	return out, nil
}

// store receives a body and publishes it as the object o, which it completes.
func (s *Service) store(ctx context.Context, bucket string, o *index.Object, body io.Reader, x expectation, cond condition, kind string) error {
	r, err := s.receive(ctx, body, x, x.algorithm)
	if err != nil {
		return err
	}
	return s.publishReceived(ctx, bucket, o, r, x.algorithm, cond, kind)
}

func (s *Service) publishReceived(ctx context.Context, bucket string, o *index.Object, r *received, a checksum.Algorithm, cond condition, kind string) error {
	if o.Doc.ContentType == "" {
		o.Doc.ContentType = defaultMimeType
	}
	o.Size, o.ETag = r.size, r.etag
	o.Algorithm, o.ChecksumType, o.Doc.Checksum = string(a), checksum.FullObject, r.sums[a]
	err := s.index.Update(ctx, func(tx *index.Tx) error { return put(ctx, tx, bucket, o, cond, kind, r.place) })
	if err != nil {
		s.discard(err, r.blob)
	}
	return storageError(err)
}

// placing gives an object its bytes once it is clear that it will be published.
type placing func(tx *index.Tx) (segments []index.Segment, fresh []blob.ID, err error)

// put makes o the current state of its key if the condition holds, and says so in the outbox.
func put(ctx context.Context, tx *index.Tx, bucket string, o *index.Object, cond condition, kind string, place placing) error {
	b, err := tx.Bucket(bucket)
	if err != nil {
		return noSuchBucket(bucket)
	}
	if err := allow(ctx, b, nil); err != nil {
		return err
	}
	old, err := tx.Object(b.ID, o.Key)
	if err != nil && !errors.Is(err, index.ErrNotFound) {
		return err
	}
	if err := cond.check(o.Key, old); err != nil {
		return err
	}
	o.Bucket = b.ID
	var fresh []blob.ID
	if o.Segments, fresh, err = place(tx); err != nil {
		return err
	}
	if err := tx.PutObject(o, old, fresh...); err != nil {
		return err
	}
	return tx.Emit(index.Event{At: o.Modified, Kind: kind, Account: b.Account, Bucket: b.Name, Key: o.Key, Size: o.Size, ETag: o.ETag})
}

// inPlace is the placing of an object whose bytes are published already.
func inPlace(segments []index.Segment) placing {
	return func(*index.Tx) ([]index.Segment, []blob.ID, error) { return segments, nil, nil }
}

// condition is what must hold of a key's current state for it to be written.
type condition struct {
	ifMatch string // an ETag, or *
	ifNone  bool   // there must be no object
}

func writeCondition(ifMatch, ifNoneMatch *string) (condition, error) {
	var c condition
	if ifNoneMatch != nil {
		if *ifNoneMatch != "*" {
			return c, fail(http.StatusNotImplemented, "NotImplemented", "A header you provided implies functionality that is not implemented").
				With("Header", "If-None-Match")
		}
		c.ifNone = true
	}
	c.ifMatch = awsapi.Val(ifMatch)
	return c, nil
}

func (c condition) check(key string, current *index.Object) error {
	if c.ifNone && current != nil {
		return preconditionFailed("If-None-Match")
	}
	if c.ifMatch != "" {
		if current == nil {
			return noSuchKey(key)
		}
		if !matchesETag(c.ifMatch, current.ETag) {
			return preconditionFailed("If-Match")
		}
	}
	return nil
}

// early checks a condition before the body is read, which saves both sides the transfer. It decides nothing: the
// transaction checks again.
func (s *Service) early(bucket, key string, c condition) error {
	if c == (condition{}) {
		return nil
	}
	b, err := s.bucket(bucket)
	if err != nil {
		return err
	}
	current, err := s.index.Object(b.ID, key)
	if err != nil && !errors.Is(err, index.ErrNotFound) {
		return err
	}
	return c.check(key, current)
}
