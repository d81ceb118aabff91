package dataset

import (
	"context"

	"tarn/api/quicksight"
)

// TagResource adds or replaces tags of any resource.
func (s *Service) TagResource(ctx context.Context, in *quicksight.TagResourceInput) (*quicksight.TagResourceOutput, error) {
	return s.tags.TagResource(ctx, in)
}

// UntagResource removes tags of any resource.
func (s *Service) UntagResource(ctx context.Context, in *quicksight.UntagResourceInput) (*quicksight.UntagResourceOutput, error) {
	return s.tags.UntagResource(ctx, in)
}

// ListTagsForResource lists the tags of any resource.
func (s *Service) ListTagsForResource(ctx context.Context, in *quicksight.ListTagsForResourceInput) (*quicksight.ListTagsForResourceOutput, error) {
	return s.tags.ListTagsForResource(ctx, in)
}
