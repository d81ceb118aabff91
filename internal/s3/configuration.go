package s3

import (
	"context"
	"net/http"

	api "tarn/api/s3"
	"tarn/internal/awsapi"
	"tarn/internal/s3/index"
)

// What clients ask of a bucket before they use it. None of it can be configured, so each call gets S3's answer for a
// bucket on which it never was.

func absent(b *index.Bucket, code, message string) *awsapi.Error {
	return fail(http.StatusNotFound, code, "%s", message).With("BucketName", b.Name)
}

func (s *Service) unconfigured(ctx context.Context, bucket, expectedOwner *string, code, message string) error {
	b, err := s.owned(ctx, *bucket, expectedOwner)
	if err != nil {
		return err
	}
	return absent(b, code, message)
}

// GetBucketVersioning answers that versions were never enabled.
func (s *Service) GetBucketVersioning(ctx context.Context, in *api.GetBucketVersioningInput) (*api.GetBucketVersioningOutput, error) {
	if _, err := s.owned(ctx, *in.Bucket, in.ExpectedBucketOwner); err != nil {
		return nil, err
	}
	return &api.GetBucketVersioningOutput{}, nil
}

// GetBucketPolicy answers that there is none.
func (s *Service) GetBucketPolicy(ctx context.Context, in *api.GetBucketPolicyInput) (*api.GetBucketPolicyOutput, error) {
	return nil, s.unconfigured(ctx, in.Bucket, in.ExpectedBucketOwner, "NoSuchBucketPolicy", "The bucket policy does not exist")
}

// GetBucketPolicyStatus answers that there is no policy.
func (s *Service) GetBucketPolicyStatus(ctx context.Context, in *api.GetBucketPolicyStatusInput) (*api.GetBucketPolicyStatusOutput, error) {
	return nil, s.unconfigured(ctx, in.Bucket, in.ExpectedBucketOwner, "NoSuchBucketPolicy", "The bucket policy does not exist")
}

// GetBucketLifecycleConfiguration answers that there is none.
func (s *Service) GetBucketLifecycleConfiguration(ctx context.Context, in *api.GetBucketLifecycleConfigurationInput) (*api.GetBucketLifecycleConfigurationOutput, error) {
	return nil, s.unconfigured(ctx, in.Bucket, in.ExpectedBucketOwner, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
}

// GetBucketLifecycle is the older form of the same request: nothing in it tells the two apart.
func (s *Service) GetBucketLifecycle(ctx context.Context, in *api.GetBucketLifecycleInput) (*api.GetBucketLifecycleOutput, error) {
	return nil, s.unconfigured(ctx, in.Bucket, in.ExpectedBucketOwner, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
}

// GetBucketNotificationConfiguration answers that nothing is notified.
func (s *Service) GetBucketNotificationConfiguration(ctx context.Context, in *api.GetBucketNotificationConfigurationInput) (*api.GetBucketNotificationConfigurationOutput, error) {
	if _, err := s.owned(ctx, *in.Bucket, in.ExpectedBucketOwner); err != nil {
		return nil, err
	}
	return &api.GetBucketNotificationConfigurationOutput{}, nil
}

// GetBucketNotification is the older form of the same request: nothing in it tells the two apart.
func (s *Service) GetBucketNotification(ctx context.Context, in *api.GetBucketNotificationInput) (*api.GetBucketNotificationOutput, error) {
	if _, err := s.owned(ctx, *in.Bucket, in.ExpectedBucketOwner); err != nil {
		return nil, err
	}
	return &api.GetBucketNotificationOutput{}, nil
}

// GetBucketEncryption answers that there is none: encryption at rest is the disk's.
func (s *Service) GetBucketEncryption(ctx context.Context, in *api.GetBucketEncryptionInput) (*api.GetBucketEncryptionOutput, error) {
	return nil, s.unconfigured(ctx, in.Bucket, in.ExpectedBucketOwner, "ServerSideEncryptionConfigurationNotFoundError", "The server side encryption configuration was not found")
}

// GetBucketCors answers that there is none.
func (s *Service) GetBucketCors(ctx context.Context, in *api.GetBucketCorsInput) (*api.GetBucketCorsOutput, error) {
	return nil, s.unconfigured(ctx, in.Bucket, in.ExpectedBucketOwner, "NoSuchCORSConfiguration", "The CORS configuration does not exist")
}

// GetBucketWebsite answers that there is none.
func (s *Service) GetBucketWebsite(ctx context.Context, in *api.GetBucketWebsiteInput) (*api.GetBucketWebsiteOutput, error) {
	return nil, s.unconfigured(ctx, in.Bucket, in.ExpectedBucketOwner, "NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration")
}

// GetBucketReplication answers that there is none.
func (s *Service) GetBucketReplication(ctx context.Context, in *api.GetBucketReplicationInput) (*api.GetBucketReplicationOutput, error) {
	return nil, s.unconfigured(ctx, in.Bucket, in.ExpectedBucketOwner, "ReplicationConfigurationNotFoundError", "The replication configuration was not found")
}

// GetPublicAccessBlock answers that there is none.
func (s *Service) GetPublicAccessBlock(ctx context.Context, in *api.GetPublicAccessBlockInput) (*api.GetPublicAccessBlockOutput, error) {
	return nil, s.unconfigured(ctx, in.Bucket, in.ExpectedBucketOwner, "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found")
}

// GetObjectLockConfiguration answers that there is none.
func (s *Service) GetObjectLockConfiguration(ctx context.Context, in *api.GetObjectLockConfigurationInput) (*api.GetObjectLockConfigurationOutput, error) {
	return nil, s.unconfigured(ctx, in.Bucket, in.ExpectedBucketOwner, "ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket")
}

// GetBucketOwnershipControls answers S3's default: access lists are disabled.
func (s *Service) GetBucketOwnershipControls(ctx context.Context, in *api.GetBucketOwnershipControlsInput) (*api.GetBucketOwnershipControlsOutput, error) {
	if _, err := s.owned(ctx, *in.Bucket, in.ExpectedBucketOwner); err != nil {
		return nil, err
	}
	return &api.GetBucketOwnershipControlsOutput{OwnershipControls: &api.OwnershipControls{
		Rules: []*api.OwnershipControlsRule{{ObjectOwnership: new(api.ObjectOwnershipBucketOwnerEnforced)}},
	}}, nil
}

// GetBucketLogging answers that there is no logging.
func (s *Service) GetBucketLogging(ctx context.Context, in *api.GetBucketLoggingInput) (*api.GetBucketLoggingOutput, error) {
	if _, err := s.owned(ctx, *in.Bucket, in.ExpectedBucketOwner); err != nil {
		return nil, err
	}
	return &api.GetBucketLoggingOutput{}, nil
}

// GetBucketAccelerateConfiguration answers that it was never set.
func (s *Service) GetBucketAccelerateConfiguration(ctx context.Context, in *api.GetBucketAccelerateConfigurationInput) (*api.GetBucketAccelerateConfigurationOutput, error) {
	if _, err := s.owned(ctx, *in.Bucket, in.ExpectedBucketOwner); err != nil {
		return nil, err
	}
	return &api.GetBucketAccelerateConfigurationOutput{}, nil
}

// GetBucketRequestPayment answers that the owner pays.
func (s *Service) GetBucketRequestPayment(ctx context.Context, in *api.GetBucketRequestPaymentInput) (*api.GetBucketRequestPaymentOutput, error) {
	if _, err := s.owned(ctx, *in.Bucket, in.ExpectedBucketOwner); err != nil {
		return nil, err
	}
	return &api.GetBucketRequestPaymentOutput{Payer: new(api.PayerBucketOwner)}, nil
}

// GetBucketAcl answers what a bucket without access lists shows: its owner may do everything.
func (s *Service) GetBucketAcl(ctx context.Context, in *api.GetBucketAclInput) (*api.GetBucketAclOutput, error) {
	b, err := s.owned(ctx, *in.Bucket, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	return &api.GetBucketAclOutput{Owner: owner(b.Account), Grants: ownersGrant(b)}, nil
}

// GetObjectAcl answers what an object in such a bucket shows.
func (s *Service) GetObjectAcl(ctx context.Context, in *api.GetObjectAclInput) (*api.GetObjectAclOutput, error) {
	if _, err := s.current(ctx, *in.Bucket, *in.Key, in.VersionId, in.ExpectedBucketOwner); err != nil {
		return nil, err
	}
	b, err := s.bucket(*in.Bucket)
	if err != nil {
		return nil, err
	}
	return &api.GetObjectAclOutput{Owner: owner(b.Account), Grants: ownersGrant(b)}, nil
}

func ownersGrant(b *index.Bucket) []*api.Grant {
	return []*api.Grant{{Grantee: &api.Grantee{ID: &b.Account, Type: new(api.TypeCanonicalUser)}, Permission: new(api.PermissionFullControl)}}
}

// GetObjectRetention answers that objects can't be locked here.
func (s *Service) GetObjectRetention(ctx context.Context, in *api.GetObjectRetentionInput) (*api.GetObjectRetentionOutput, error) {
	if _, err := s.current(ctx, *in.Bucket, *in.Key, in.VersionId, in.ExpectedBucketOwner); err != nil {
		return nil, err
	}
	return nil, fail(http.StatusBadRequest, "InvalidRequest", "Bucket is missing Object Lock Configuration")
}

// GetObjectLegalHold answers that objects can't be locked here.
func (s *Service) GetObjectLegalHold(ctx context.Context, in *api.GetObjectLegalHoldInput) (*api.GetObjectLegalHoldOutput, error) {
	if _, err := s.current(ctx, *in.Bucket, *in.Key, in.VersionId, in.ExpectedBucketOwner); err != nil {
		return nil, err
	}
	return nil, fail(http.StatusBadRequest, "InvalidRequest", "Bucket is missing Object Lock Configuration")
}
