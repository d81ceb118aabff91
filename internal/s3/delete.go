package s3

import (
	"context"
	"errors"
	"net/http"

	api "tarn/api/s3"
	"tarn/internal/awsapi"
	"tarn/internal/s3/index"
)

const maxDelete = 1000

// DeleteObject removes an object. That there is none is no error.
func (s *Service) DeleteObject(ctx context.Context, in *api.DeleteObjectInput) (*api.DeleteObjectOutput, error) {
	if _, err := s.owned(ctx, *in.Bucket, in.ExpectedBucketOwner); err != nil {
		return nil, err
	}
	if err := checkVersion(in.VersionId); err != nil {
		return nil, err
	}
	want := deletion{key: *in.Key, etag: in.IfMatch, modified: in.IfMatchLastModifiedTime, size: in.IfMatchSize}
	err := s.freeing(ctx, func(tx *index.Tx) error { return s.remove(ctx, tx, *in.Bucket, want) })
	if err != nil {
		return nil, err
	}
	return &api.DeleteObjectOutput{}, nil
}

// deletion is a key to delete, and what must hold of its object.
type deletion struct {
	key      string
	etag     *string
	modified *awsapi.Time
	size     *int64
}

func (d deletion) check(o *index.Object) error {
	if d.etag != nil && !matchesETag(*d.etag, o.ETag) {
		return preconditionFailed("If-Match")
	}
	if d.modified != nil && d.modified.Unix() != o.Modified.Unix() {
		return preconditionFailed("x-amz-if-match-last-modified-time")
	}
	if d.size != nil && *d.size != o.Size {
		return preconditionFailed("x-amz-if-match-size")
	}
	return nil
}

func (s *Service) remove(ctx context.Context, tx *index.Tx, bucket string, d deletion) error {
	b, err := tx.Bucket(bucket)
	if err != nil {
		return noSuchBucket(bucket)
	}
	if err := allow(ctx, b, nil); err != nil {
		return err
	}
	o, err := tx.Object(b.ID, d.key)
	if errors.Is(err, index.ErrNotFound) {
		if d.etag != nil {
			return noSuchKey(d.key)
		}
		return nil
	}
	if err != nil {
		return err
	}
	if err := d.check(o); err != nil {
		return err
	}
	now := s.now()
	if err := tx.DeleteObject(o, now); err != nil {
		return err
	}
	return tx.Emit(index.Event{At: now, Kind: EventDelete, Account: b.Account, Bucket: b.Name, Key: o.Key})
}

// DeleteObjects removes up to a thousand objects in one transaction; each has its own outcome.
func (s *Service) DeleteObjects(ctx context.Context, in *api.DeleteObjectsInput) (*api.DeleteObjectsOutput, error) {
	if _, err := s.owned(ctx, *in.Bucket, in.ExpectedBucketOwner); err != nil {
		return nil, err
	}
	if n := len(in.Delete.Objects); n == 0 || n > maxDelete {
		return nil, fail(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	outcome := make([]error, len(in.Delete.Objects))
	allowed := make([]error, len(in.Delete.Objects))
	for i, k := range in.Delete.Objects {
		if allowed[i] = checkVersion(k.VersionId); allowed[i] == nil {
			allowed[i] = s.authorize(ctx, "s3:DeleteObject", resourceARN(*in.Bucket, awsapi.Val(k.Key)))
		}
	}
	err := s.freeing(ctx, func(tx *index.Tx) error {
		for i, k := range in.Delete.Objects {
			if outcome[i] = allowed[i]; outcome[i] == nil {
				outcome[i] = s.remove(ctx, tx, *in.Bucket, deletion{key: awsapi.Val(k.Key), etag: k.ETag, modified: k.LastModifiedTime, size: k.Size})
			}
			var refused *awsapi.Error
			if outcome[i] != nil && !errors.As(outcome[i], &refused) {
				return outcome[i]
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := &api.DeleteObjectsOutput{}
	for i, k := range in.Delete.Objects {
		var refused *awsapi.Error
		if errors.As(outcome[i], &refused) {
			out.Errors = append(out.Errors, &api.Error{Key: k.Key, VersionId: k.VersionId, Code: &refused.Code, Message: &refused.Message})
		} else if !awsapi.Val(in.Delete.Quiet) {
			out.Deleted = append(out.Deleted, &api.DeletedObject{Key: k.Key, VersionId: k.VersionId})
		}
	}
	return out, nil
}
