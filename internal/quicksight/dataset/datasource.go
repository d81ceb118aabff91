package dataset

import (
	"context"
	"errors"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/meta"
	"tarn/internal/quicksight/resource"
)

// CreateDataSource adds a data source over the warehouse (REDSHIFT) or the lake's tables (ATHENA).
func (s *Service) CreateDataSource(ctx context.Context, in *quicksight.CreateDataSourceInput) (*quicksight.CreateDataSourceOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	now := awsapi.Time{Time: s.o.Now()}
	arn := resource.ARN(c, resource.DataSource, *in.DataSourceId)
	rec := sourceRecord{Owner: ownerOf(c), Permissions: resource.MergePermissions(nil, in.Permissions, nil), Source: quicksight.DataSource{
		Arn: &arn, DataSourceId: in.DataSourceId, Name: in.Name, Type: in.Type, DataSourceParameters: in.DataSourceParameters,
		VpcConnectionProperties: in.VpcConnectionProperties, SslProperties: in.SslProperties, CreatedTime: &now, LastUpdatedTime: &now,
		Status: new(quicksight.ResourceStatusCreationSuccessful),
	}}
	if err := s.connect(ctx, &rec, in.Credentials); err != nil {
		return nil, err
	}
	if rec.Source.ErrorInfo != nil {
		rec.Source.Status = new(quicksight.ResourceStatusCreationFailed)
	}
	err = s.o.Store.Update(ctx, func(tx meta.Tx) error {
		err := tx.Insert(resource.Kind(resource.DataSource), meta.Key{c.Account, *in.DataSourceId}, rec)
		if errors.Is(err, meta.ErrExists) {
			return quicksight.ResourceExistsException("Data source %s already exists", *in.DataSourceId).With("ResourceType", "DATA_SOURCE")
		}
		if err != nil {
			return err
		}
		return resource.SetTags(tx, arn, in.Tags)
	})
	if err != nil {
		return nil, err
	}
	return &quicksight.CreateDataSourceOutput{Arn: &arn, DataSourceId: in.DataSourceId, CreationStatus: new(quicksight.ResourceStatusCreationInProgress), RequestId: resource.RequestID(ctx), Status: new(int32(202))}, nil
}

// connect checks the parameters; an address that is not ours becomes the data source's ErrorInfo, as a failed connection does on AWS.
func (s *Service) connect(ctx context.Context, rec *sourceRecord, credentials *quicksight.DataSourceCredentials) error {
	src := &rec.Source
	src.ErrorInfo = nil
	bad := func(kind, message string) {
		src.ErrorInfo = &quicksight.DataSourceErrorInfo{Type: &kind, Message: &message}
	}
	p := src.DataSourceParameters
	switch awsapi.Val(src.Type) {
	case quicksight.DataSourceTypeRedshift:
		if p == nil || p.RedshiftParameters == nil {
			return invalid("A data source of type REDSHIFT needs RedshiftParameters")
		}
		if !s.o.Owns(p.RedshiftParameters) {
			bad(quicksight.DataSourceErrorInfoTypeUnknownHost, "The host "+awsapi.Val(p.RedshiftParameters.Host)+" is not this warehouse; other hosts are not reached yet")
			return nil
		}
		if credentials == nil || credentials.CredentialPair == nil {
			if credentials != nil && (credentials.SecretArn != nil || credentials.CopySourceArn != nil) {
				return invalid("Credentials by SecretArn or CopySourceArn are not supported yet").WithHint("Give a CredentialPair, or none to read as the warehouse's first user.")
			}
			return nil
		}
		pair := credentials.CredentialPair
		if s.o.Login == nil {
			return invalid("This warehouse takes no CredentialPair").WithHint("Leave Credentials out.")
		}
		if err := s.o.Login(ctx, awsapi.Val(p.RedshiftParameters.Database), awsapi.Val(pair.Username), awsapi.Val(pair.Password)); err != nil {
			bad(quicksight.DataSourceErrorInfoTypeAccessDenied, err.Error())
			return nil
		}
		rec.User = awsapi.Val(pair.Username)
	case quicksight.DataSourceTypeAthena:
		if p == nil || p.AthenaParameters == nil {
			src.DataSourceParameters = &quicksight.DataSourceParameters{AthenaParameters: &quicksight.AthenaParameters{WorkGroup: new("primary")}}
		}
	default:
		return invalid("Data sources of type %s are not supported yet", awsapi.Val(src.Type)).WithHint("REDSHIFT reads the warehouse, ATHENA the tables of the Glue catalog.")
	}
	return nil
}

// UpdateDataSource replaces name and parameters.
func (s *Service) UpdateDataSource(ctx context.Context, in *quicksight.UpdateDataSourceInput) (*quicksight.UpdateDataSourceOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	var rec sourceRecord
	if err := s.o.Store.View(ctx, func(tx meta.Tx) error {
		return resource.Get(tx, resource.DataSource, c.Account, *in.DataSourceId, &rec)
	}); err != nil {
		return nil, err
	}
	rec.Source.Name, rec.Source.LastUpdatedTime = in.Name, &awsapi.Time{Time: s.o.Now()}
	if in.DataSourceParameters != nil {
		rec.Source.DataSourceParameters = in.DataSourceParameters
	}
	rec.Source.VpcConnectionProperties, rec.Source.SslProperties = in.VpcConnectionProperties, in.SslProperties
	if in.DataSourceParameters != nil || in.Credentials != nil {
		if err := s.connect(ctx, &rec, in.Credentials); err != nil {
			return nil, err
		}
	}
	rec.Source.Status = new(quicksight.ResourceStatusUpdateSuccessful)
	if rec.Source.ErrorInfo != nil {
		rec.Source.Status = new(quicksight.ResourceStatusUpdateFailed)
	}
	err = s.o.Store.Update(ctx, func(tx meta.Tx) error {
		var now sourceRecord
		if err := resource.Get(tx, resource.DataSource, c.Account, *in.DataSourceId, &now); err != nil {
			return err
		}
		rec.Permissions = now.Permissions
		return tx.Put(resource.Kind(resource.DataSource), meta.Key{c.Account, *in.DataSourceId}, rec)
	})
	if err != nil {
		return nil, err
	}
	return &quicksight.UpdateDataSourceOutput{Arn: rec.Source.Arn, DataSourceId: in.DataSourceId, UpdateStatus: new(quicksight.ResourceStatusUpdateInProgress), RequestId: resource.RequestID(ctx), Status: new(int32(202))}, nil
}

// DescribeDataSource never tells credentials.
func (s *Service) DescribeDataSource(ctx context.Context, in *quicksight.DescribeDataSourceInput) (*quicksight.DescribeDataSourceOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	var rec sourceRecord
	err = s.o.Store.View(ctx, func(tx meta.Tx) error {
		return resource.Get(tx, resource.DataSource, c.Account, *in.DataSourceId, &rec)
	})
	if err != nil {
		return nil, err
	}
	return &quicksight.DescribeDataSourceOutput{DataSource: &rec.Source, RequestId: resource.RequestID(ctx), Status: new(int32(200))}, nil
}

// ListDataSources lists them by id.
func (s *Service) ListDataSources(ctx context.Context, in *quicksight.ListDataSourcesInput) (*quicksight.ListDataSourcesOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	out := &quicksight.ListDataSourcesOutput{DataSources: []*quicksight.DataSource{}, RequestId: resource.RequestID(ctx), Status: new(int32(200))}
	err = s.o.Store.View(ctx, func(tx meta.Tx) (err error) {
		out.NextToken, err = resource.Page(tx, resource.Kind(resource.DataSource), meta.Key{c.Account}, in.NextToken, in.MaxResults, func(r *sourceRecord) (bool, error) {
			out.DataSources = append(out.DataSources, &r.Source)
			return true, nil
		})
		return err
	})
	return out, err
}

// DeleteDataSource removes a data source. Data sets over it stay, as on AWS, and fail when they next read it.
func (s *Service) DeleteDataSource(ctx context.Context, in *quicksight.DeleteDataSourceInput) (*quicksight.DeleteDataSourceOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	var rec sourceRecord
	err = s.o.Store.Update(ctx, func(tx meta.Tx) error {
		if err := resource.Get(tx, resource.DataSource, c.Account, *in.DataSourceId, &rec); err != nil {
			return err
		}
		if err := tx.Delete(resource.Kind(resource.DataSource), meta.Key{c.Account, *in.DataSourceId}); err != nil {
			return err
		}
		return resource.SetTags(tx, awsapi.Val(rec.Source.Arn), nil)
	})
	if err != nil {
		return nil, err
	}
	return &quicksight.DeleteDataSourceOutput{Arn: rec.Source.Arn, DataSourceId: in.DataSourceId, RequestId: resource.RequestID(ctx), Status: new(int32(200))}, nil
}

// DescribeDataSourcePermissions lists who may do what.
func (s *Service) DescribeDataSourcePermissions(ctx context.Context, in *quicksight.DescribeDataSourcePermissionsInput) (*quicksight.DescribeDataSourcePermissionsOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	var rec sourceRecord
	err = s.o.Store.View(ctx, func(tx meta.Tx) error {
		return resource.Get(tx, resource.DataSource, c.Account, *in.DataSourceId, &rec)
	})
	if err != nil {
		return nil, err
	}
	return &quicksight.DescribeDataSourcePermissionsOutput{DataSourceArn: rec.Source.Arn, DataSourceId: in.DataSourceId, Permissions: rec.Permissions, RequestId: resource.RequestID(ctx), Status: new(int32(200))}, nil
}

// UpdateDataSourcePermissions grants and revokes.
func (s *Service) UpdateDataSourcePermissions(ctx context.Context, in *quicksight.UpdateDataSourcePermissionsInput) (*quicksight.UpdateDataSourcePermissionsOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	var rec sourceRecord
	err = s.o.Store.Update(ctx, func(tx meta.Tx) error {
		if err := resource.Get(tx, resource.DataSource, c.Account, *in.DataSourceId, &rec); err != nil {
			return err
		}
		rec.Permissions = resource.MergePermissions(rec.Permissions, in.GrantPermissions, in.RevokePermissions)
		return tx.Put(resource.Kind(resource.DataSource), meta.Key{c.Account, *in.DataSourceId}, rec)
	})
	if err != nil {
		return nil, err
	}
	return &quicksight.UpdateDataSourcePermissionsOutput{DataSourceArn: rec.Source.Arn, DataSourceId: in.DataSourceId, RequestId: resource.RequestID(ctx), Status: new(int32(200))}, nil
}
