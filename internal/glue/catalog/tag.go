package catalog

import (
	"context"
	"errors"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/tags"
	"tarn/internal/meta"
)

// taggable are the kinds of documents behind the kinds in Glue's ARNs; their keys start with the account, and go on
// as the ARN does.
var taggable = map[string]string{
	"database":   kindDatabase,
	"table":      kindTable,
	"connection": kindConnection,
	"crawler":    "glue.crawler",
	"trigger":    "glue.trigger",
	"workflow":   "glue.workflow",
	"job":        "glue.job",
}

// tagged checks that an ARN names a resource that is there.
func tagged(ctx context.Context, tx meta.Tx, arn *string) (string, error) {
	key, err := tags.Key(awsapi.Val(arn))
	if err != nil {
		return "", err
	}
	if acct := awsapi.CallerFrom(ctx).Account; key[0] != acct {
		return "", glue.EntityNotFoundException("Resource %s not found.", *arn)
	}
	kind, ok := taggable[key[1]]
	if !ok {
		return "", glue.OperationNotSupportedException("Resources of kind %s can't be tagged.", key[1])
	}
	err = tx.Get(kind, append(meta.Key{key[0]}, key[2:]...), new(struct{}))
	if errors.Is(err, meta.ErrNotFound) {
		return "", glue.EntityNotFoundException("Resource %s not found.", *arn)
	}
	return *arn, err
}

// TagResource adds tags to any of Glue's resources.
func (s *Service) TagResource(ctx context.Context, in *glue.TagResourceInput) (*glue.TagResourceOutput, error) {
	err := s.store.Update(ctx, func(tx meta.Tx) error {
		arn, err := tagged(ctx, tx, in.ResourceArn)
		if err != nil {
			return err
		}
		return tags.Set(tx, arn, in.TagsToAdd)
	})
	if err != nil {
		return nil, err
	}
	return &glue.TagResourceOutput{}, nil
}

// UntagResource removes tags from any of Glue's resources.
func (s *Service) UntagResource(ctx context.Context, in *glue.UntagResourceInput) (*glue.UntagResourceOutput, error) {
	err := s.store.Update(ctx, func(tx meta.Tx) error {
		arn, err := tagged(ctx, tx, in.ResourceArn)
		if err != nil {
			return err
		}
		return tags.Unset(tx, arn, in.TagsToRemove)
	})
	if err != nil {
		return nil, err
	}
	return &glue.UntagResourceOutput{}, nil
}

// GetTags answers the tags of any of Glue's resources.
func (s *Service) GetTags(ctx context.Context, in *glue.GetTagsInput) (*glue.GetTagsOutput, error) {
	out := &glue.GetTagsOutput{}
	err := s.store.View(ctx, func(tx meta.Tx) error {
		arn, err := tagged(ctx, tx, in.ResourceArn)
		if err != nil {
			return err
		}
		out.Tags, err = tags.Get(tx, arn)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
