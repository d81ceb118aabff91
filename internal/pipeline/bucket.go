package pipeline

import (
	"context"
	"maps"
	"slices"

	"tarn/api/s3"
	"tarn/internal/awsapi"
)

func (pl *Planner) bucketResource() *resource {
	name := pl.Bucket()
	tag := func(ctx context.Context, t *Target, tags map[string]string) error {
		set := &s3.Tagging{}
		for _, k := range slices.Sorted(maps.Keys(tags)) {
			set.TagSet = append(set.TagSet, &s3.Tag{Key: new(k), Value: new(tags[k])})
		}
		_, err := s3Call[s3.PutBucketTaggingOutput](ctx, t, "PutBucketTagging", &s3.PutBucketTaggingInput{Bucket: &name, Tagging: set})
		return err
	}
	return &resource{kind: "bucket", name: name, want: map[string]string{"Bucket": name},
		live: func(ctx context.Context, t *Target) (any, map[string]string, error) {
			_, err := s3Call[s3.HeadBucketOutput](ctx, t, "HeadBucket", &s3.HeadBucketInput{Bucket: &name})
			if absent, err := missing(err, "NoSuchBucket", "NotFound", "404"); absent || err != nil {
				return nil, nil, err
			}
			out, err := s3Call[s3.GetBucketTaggingOutput](ctx, t, "GetBucketTagging", &s3.GetBucketTaggingInput{Bucket: &name})
			if _, err := missing(err, "NoSuchTagSet"); err != nil {
				return nil, nil, err
			}
			tags := map[string]string{}
			if out != nil {
				for _, tg := range out.TagSet {
					tags[awsapi.Val(tg.Key)] = awsapi.Val(tg.Value)
				}
			}
			if len(tags) == 0 { // an apply that was killed between making and tagging leaves it bare: making it goes on from there
				page, err := s3Call[s3.ListObjectsV2Output](ctx, t, "ListObjectsV2", &s3.ListObjectsV2Input{Bucket: &name, MaxKeys: new(int32(1))})
				if err != nil || len(page.Contents) == 0 {
					return nil, nil, err
				}
			}
			return map[string]string{"Bucket": name}, tags, nil
		},
		create: func(ctx context.Context, t *Target, tags map[string]string) error {
			in := &s3.CreateBucketInput{Bucket: &name}
			if r := t.Client.Region; r != "us-east-1" {
				in.CreateBucketConfiguration = &s3.CreateBucketConfiguration{LocationConstraint: &r}
			}
			_, err := s3Call[s3.CreateBucketOutput](ctx, t, "CreateBucket", in)
			if _, err := missing(err, "BucketAlreadyOwnedByYou"); err != nil {
				return err
			}
			return tag(ctx, t, tags)
		},
		update: tag,
	}
}
