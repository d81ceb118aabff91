package resource

import (
	"context"
	"errors"
	"slices"
	"strings"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/meta"
)

// Tags implements the operations on tags for every type of resource.
type Tags struct{ Store meta.Store }

const tagKind = "quicksight.tag"

// SetTags replaces the tags of a resource; none deletes them.
func SetTags(tx meta.Tx, arn string, tags []*quicksight.Tag) error {
	if len(tags) > 0 {
		return tx.Put(tagKind, meta.Key{arn}, tags)
	}
	if err := tx.Delete(tagKind, meta.Key{arn}); err != nil && !errors.Is(err, meta.ErrNotFound) {
		return err
	}
	return nil
}

// tagged checks that the resource is there and gives its tags.
func tagged(ctx context.Context, tx meta.Tx, arn string) ([]*quicksight.Tag, error) {
	account := awsapi.CallerFrom(ctx).Account
	found := false
	for _, r := range []string{DataSource, DataSet, Dashboard, Analysis} {
		id, ok := ParseARN(account, r, arn)
		if !ok || strings.Contains(id, "/") {
			continue
		}
		var any struct{}
		if err := Get(tx, r, account, id, &any); err != nil {
			return nil, err
		}
		found = true
	}
	if !found {
		return nil, quicksight.ResourceNotFoundException("The resource %s is not found", arn)
	}
	tags := []*quicksight.Tag{}
	if err := tx.Get(tagKind, meta.Key{arn}, &tags); err != nil && !errors.Is(err, meta.ErrNotFound) {
		return nil, err
	}
	return tags, nil
}

// TagResource adds or replaces tags.
func (t *Tags) TagResource(ctx context.Context, in *quicksight.TagResourceInput) (*quicksight.TagResourceOutput, error) {
	err := t.Store.Update(ctx, func(tx meta.Tx) error {
		tags, err := tagged(ctx, tx, *in.ResourceArn)
		if err != nil {
			return err
		}
		for _, n := range in.Tags {
			tags = slices.DeleteFunc(tags, func(o *quicksight.Tag) bool { return awsapi.Val(o.Key) == awsapi.Val(n.Key) })
			tags = append(tags, n)
		}
		return SetTags(tx, *in.ResourceArn, tags)
	})
	return &quicksight.TagResourceOutput{RequestId: RequestID(ctx), Status: new(int32(200))}, err
}

// UntagResource removes tags.
func (t *Tags) UntagResource(ctx context.Context, in *quicksight.UntagResourceInput) (*quicksight.UntagResourceOutput, error) {
	err := t.Store.Update(ctx, func(tx meta.Tx) error {
		tags, err := tagged(ctx, tx, *in.ResourceArn)
		if err != nil {
			return err
		}
		tags = slices.DeleteFunc(tags, func(o *quicksight.Tag) bool { return slices.Contains(in.TagKeys, awsapi.Val(o.Key)) })
		return SetTags(tx, *in.ResourceArn, tags)
	})
	return &quicksight.UntagResourceOutput{RequestId: RequestID(ctx), Status: new(int32(200))}, err
}

// ListTagsForResource lists the tags of a resource.
func (t *Tags) ListTagsForResource(ctx context.Context, in *quicksight.ListTagsForResourceInput) (*quicksight.ListTagsForResourceOutput, error) {
	out := &quicksight.ListTagsForResourceOutput{RequestId: RequestID(ctx), Status: new(int32(200))}
	err := t.Store.View(ctx, func(tx meta.Tx) (err error) {
		out.Tags, err = tagged(ctx, tx, *in.ResourceArn)
		return err
	})
	return out, err
}
