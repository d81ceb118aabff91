package s3

import (
	"context"

	api "tarn/api/s3"
	"tarn/internal/awsapi"
	"tarn/internal/s3/index"
)

func tagsFrom(list []*api.Tag, limit int, what string) ([]index.Tag, error) {
	tags := make([]index.Tag, len(list))
	for i, t := range list {
		tags[i] = index.Tag{Key: awsapi.Val(t.Key), Value: awsapi.Val(t.Value)}
	}
	return tags, checkTags(tags, limit, what)
}

func tagSet(tags []index.Tag) []*api.Tag {
	out := make([]*api.Tag, len(tags))
	for i := range tags {
		out[i] = &api.Tag{Key: &tags[i].Key, Value: &tags[i].Value}
	}
	return out
}

// PutObjectTagging replaces an object's tags. The object itself, and when it was modified, stay.
func (s *Service) PutObjectTagging(ctx context.Context, in *api.PutObjectTaggingInput) (*api.PutObjectTaggingOutput, error) {
	tags, err := tagsFrom(in.Tagging.TagSet, maxObjectTags, "Object")
	if err != nil {
		return nil, err
	}
	if err := s.setObjectTags(ctx, *in.Bucket, *in.Key, in.VersionId, in.ExpectedBucketOwner, tags); err != nil {
		return nil, err
	}
	return &api.PutObjectTaggingOutput{}, nil
}

// DeleteObjectTagging removes an object's tags.
func (s *Service) DeleteObjectTagging(ctx context.Context, in *api.DeleteObjectTaggingInput) (*api.DeleteObjectTaggingOutput, error) {
	if err := s.setObjectTags(ctx, *in.Bucket, *in.Key, in.VersionId, in.ExpectedBucketOwner, nil); err != nil {
		return nil, err
	}
	return &api.DeleteObjectTaggingOutput{}, nil
}

func (s *Service) setObjectTags(ctx context.Context, bucket, key string, version, expectedOwner *string, tags []index.Tag) error {
	if _, err := s.current(ctx, bucket, key, version, expectedOwner); err != nil {
		return err
	}
	err := s.index.Update(ctx, func(tx *index.Tx) error {
		o, err := copySource{bucket, key}.find(tx, nil, nil, nil, nil)
		if err != nil {
			return err
		}
		n := *o
		n.Doc.Tags = tags
		return tx.SetDoc(&n)
	})
	return storageError(err)
}

// GetObjectTagging answers an object's tags.
func (s *Service) GetObjectTagging(ctx context.Context, in *api.GetObjectTaggingInput) (*api.GetObjectTaggingOutput, error) {
	o, err := s.current(ctx, *in.Bucket, *in.Key, in.VersionId, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	return &api.GetObjectTaggingOutput{TagSet: tagSet(o.Doc.Tags)}, nil
}

// PutBucketTagging replaces a bucket's tags.
func (s *Service) PutBucketTagging(ctx context.Context, in *api.PutBucketTaggingInput) (*api.PutBucketTaggingOutput, error) {
	tags, err := tagsFrom(in.Tagging.TagSet, maxBucketTags, "Bucket")
	if err != nil {
		return nil, err
	}
	if err := s.setBucketTags(ctx, *in.Bucket, in.ExpectedBucketOwner, tags); err != nil {
		return nil, err
	}
	return &api.PutBucketTaggingOutput{}, nil
}

// DeleteBucketTagging removes a bucket's tags.
func (s *Service) DeleteBucketTagging(ctx context.Context, in *api.DeleteBucketTaggingInput) (*api.DeleteBucketTaggingOutput, error) {
	if err := s.setBucketTags(ctx, *in.Bucket, in.ExpectedBucketOwner, nil); err != nil {
		return nil, err
	}
	return &api.DeleteBucketTaggingOutput{}, nil
}

func (s *Service) setBucketTags(ctx context.Context, bucket string, expectedOwner *string, tags []index.Tag) error {
	err := s.index.Update(ctx, func(tx *index.Tx) error {
		b, err := tx.Bucket(bucket)
		if err != nil {
			return noSuchBucket(bucket)
		}
		if err := allow(ctx, b, expectedOwner); err != nil {
			return err
		}
		b.Doc.Tags = tags
		return tx.UpdateBucket(b)
	})
	return storageError(err)
}

// GetBucketTagging answers a bucket's tags, or NoSuchTagSet.
func (s *Service) GetBucketTagging(ctx context.Context, in *api.GetBucketTaggingInput) (*api.GetBucketTaggingOutput, error) {
	b, err := s.owned(ctx, *in.Bucket, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	if len(b.Doc.Tags) == 0 {
		return nil, absent(b, "NoSuchTagSet", "The TagSet does not exist")
	}
	return &api.GetBucketTaggingOutput{TagSet: tagSet(b.Doc.Tags)}, nil
}
