package s3

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/netip"
	"strings"

	api "tarn/api/s3"
	"tarn/internal/awsapi"
	"tarn/internal/s3/index"
)

// CreateBucket makes a bucket. In us-east-1 a bucket that the caller has already is answered like a new one, as S3
// does for the sake of old clients.
func (s *Service) CreateBucket(ctx context.Context, in *api.CreateBucketInput) (*api.CreateBucketOutput, error) {
	name := *in.Bucket
	if err := checkBucketName(name); err != nil {
		return nil, err
	}
	if awsapi.Val(in.ObjectLockEnabledForBucket) {
		return nil, notHere("x-amz-bucket-object-lock-enabled")
	}
	if o := in.ObjectOwnership; o != nil && *o != api.ObjectOwnershipBucketOwnerEnforced {
		return nil, notHere("x-amz-object-ownership")
	}
	if err := checkGrants(in.GrantFullControl, in.GrantRead, in.GrantReadACP, in.GrantWrite, in.GrantWriteACP); err != nil {
		return nil, err
	}
	if err := checkUnsupported(in.ACL, nil, nil, nil, nil, nil); err != nil {
		return nil, err
	}
	caller := awsapi.CallerFrom(ctx)
	region, err := s.bucketRegion(in.CreateBucketConfiguration, caller.Region)
	if err != nil {
		return nil, err
	}
	var tags []index.Tag
	if c := in.CreateBucketConfiguration; c != nil {
		if tags, err = tagsFrom(c.Tags, maxBucketTags, "Bucket"); err != nil {
			return nil, err
		}
	}
	err = s.index.Update(ctx, func(tx *index.Tx) error {
		old, err := tx.Bucket(name)
		switch {
		case errors.Is(err, index.ErrNotFound):
			return tx.InsertBucket(&index.Bucket{Name: name, Account: caller.Account, Region: region, Created: s.now(), Doc: index.BucketDoc{Tags: tags}})
		case err != nil:
			return err
		case old.Account != caller.Account:
			return api.BucketAlreadyExists("The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.").With("BucketName", name)
		case old.Region != "us-east-1" || region != "us-east-1":
			return api.BucketAlreadyOwnedByYou("Your previous request to create the named bucket succeeded and you already own it.").With("BucketName", name)
		}
		return nil
	})
	if err != nil {
		return nil, storageError(err)
	}
	return &api.CreateBucketOutput{Location: new("/" + name), BucketArn: new(resourceARN(name, ""))}, nil
}

func (s *Service) bucketRegion(c *api.CreateBucketConfiguration, signed string) (string, error) {
	if signed == "" {
		signed = s.options.Region
	}
	if c == nil || c.LocationConstraint == nil {
		return signed, nil
	}
	switch l := *c.LocationConstraint; l {
	case "us-east-1":
		return "", fail(http.StatusBadRequest, "InvalidLocationConstraint", "The specified location-constraint is not valid").With("LocationConstraint", l)
	case "":
		return "us-east-1", nil
	case "EU":
		return "eu-west-1", nil
	default:
		if l != signed && signed != "us-east-1" {
			return "", fail(http.StatusBadRequest, "IllegalLocationConstraintException", "The %s location constraint is incompatible for the region specific endpoint this request was sent to.", l)
		}
		return l, nil
	}
}

// checkBucketName holds names to S3's rules for new buckets.
func checkBucketName(name string) error {
	bad := func() error {
		return fail(http.StatusBadRequest, "InvalidBucketName", "The specified bucket is not valid.").With("BucketName", name)
	}
	if len(name) < 3 || len(name) > 63 || strings.Contains(name, "..") {
		return bad()
	}
	for i := range len(name) {
		c := name[i]
		alnum := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if !alnum && ((c != '-' && c != '.') || i == 0 || i == len(name)-1) {
			return bad()
		}
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return bad()
	}
	for _, p := range []string{"xn--", "sthree-", "amzn-s3-demo-"} {
		if strings.HasPrefix(name, p) {
			return bad()
		}
	}
	for _, p := range []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"} {
		if strings.HasSuffix(name, p) {
			return bad()
		}
	}
	return nil
}

// DeleteBucket removes an empty bucket.
func (s *Service) DeleteBucket(ctx context.Context, in *api.DeleteBucketInput) (*api.DeleteBucketOutput, error) {
	err := s.index.Update(ctx, func(tx *index.Tx) error {
		b, err := tx.Bucket(*in.Bucket)
		if err != nil {
			return noSuchBucket(*in.Bucket)
		}
		if err := allow(ctx, b, in.ExpectedBucketOwner); err != nil {
			return err
		}
		empty, err := tx.Empty(b.ID)
		if err != nil {
			return err
		}
		if !empty {
			return fail(http.StatusConflict, "BucketNotEmpty", "The bucket you tried to delete is not empty").With("BucketName", b.Name)
		}
		// S3 lets go of uploads under way with their bucket.
		uploads, err := tx.Uploads(b.ID, "", "", -1)
		if err != nil {
			return err
		}
		for _, u := range uploads {
			if err := tx.DeleteUpload(u, s.now()); err != nil {
				return err
			}
		}
		return tx.DeleteBucket(b)
	})
	if err != nil {
		return nil, storageError(err)
	}
	return &api.DeleteBucketOutput{}, nil
}

// HeadBucket tells whether a bucket is there and the caller's.
func (s *Service) HeadBucket(ctx context.Context, in *api.HeadBucketInput) (*api.HeadBucketOutput, error) {
	b, err := s.owned(ctx, *in.Bucket, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	return &api.HeadBucketOutput{BucketRegion: &b.Region, AccessPointAlias: new(false), BucketArn: new(resourceARN(b.Name, ""))}, nil
}

const maxBuckets = 10000

// ListBuckets lists the caller's buckets.
func (s *Service) ListBuckets(ctx context.Context, in *api.ListBucketsInput) (*api.ListBucketsOutput, error) {
	account := awsapi.CallerFrom(ctx).Account
	limit := maxBuckets
	if in.MaxBuckets != nil {
		limit = int(*in.MaxBuckets)
		if limit < 1 || limit > maxBuckets {
			return nil, invalidArgument("max-buckets", "", "Argument max-buckets must be an integer between 1 and 10000")
		}
	}
	after := ""
	if in.ContinuationToken != nil {
		b, err := base64.RawURLEncoding.DecodeString(*in.ContinuationToken)
		if err != nil {
			return nil, invalidArgument("continuation-token", *in.ContinuationToken, "The continuation token provided is incorrect")
		}
		after = string(b)
	}
	out := &api.ListBucketsOutput{Owner: owner(account), Buckets: []*api.Bucket{}, Prefix: in.Prefix}
	for _, b := range s.index.Buckets(account) {
		if !strings.HasPrefix(b.Name, awsapi.Val(in.Prefix)) || b.Name <= after || in.BucketRegion != nil && *in.BucketRegion != b.Region {
			continue
		}
		if len(out.Buckets) == limit {
			out.ContinuationToken = new(base64.RawURLEncoding.EncodeToString([]byte(*out.Buckets[limit-1].Name)))
			break
		}
		e := &api.Bucket{Name: &b.Name, CreationDate: &awsapi.Time{Time: b.Created}}
		if in.MaxBuckets != nil || in.BucketRegion != nil || in.Prefix != nil { // S3 names the region only to callers of the paged form
			e.BucketRegion = &b.Region
		}
		out.Buckets = append(out.Buckets, e)
	}
	return out, nil
}

// GetBucketLocation answers a bucket's region; us-east-1 is the empty one.
func (s *Service) GetBucketLocation(ctx context.Context, in *api.GetBucketLocationInput) (*api.GetBucketLocationOutput, error) {
	b, err := s.owned(ctx, *in.Bucket, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	if b.Region == "us-east-1" {
		return &api.GetBucketLocationOutput{LocationConstraint: new("")}, nil
	}
	return &api.GetBucketLocationOutput{LocationConstraint: &b.Region}, nil
}

func owner(account string) *api.Owner { return &api.Owner{ID: &account} }
