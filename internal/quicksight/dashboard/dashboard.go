package dashboard

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/meta"
	"tarn/internal/quicksight/resource"
)

func stamp(t time.Time) *awsapi.Time {
	if t.IsZero() {
		return nil
	}
	return &awsapi.Time{Time: t}
}

// newVersion checks a definition against its data sets. With the strategy STRICT, which is the default, mistakes fail the version;
// with LENIENT they are noted on it.
func (s *Service) newVersion(ctx context.Context, account string, raw json.RawMessage, template *quicksight.DashboardSourceEntity, strategy *quicksight.ValidationStrategy, success, failure string) (*version, error) {
	if template != nil {
		return nil, quicksight.InvalidParameterValueException("Dashboards from a SourceTemplate are not supported yet").WithHint("Give the Definition.")
	}
	if len(raw) == 0 {
		return nil, quicksight.InvalidParameterValueException("A dashboard needs a Definition")
	}
	d, err := decode(raw)
	if err != nil {
		return nil, err
	}
	columns, missing, err := s.columns(ctx, account, d)
	if err != nil {
		return nil, err
	}
	v := &version{Created: s.o.Now(), Status: success, Definition: raw}
	if v.Errors, err = check(raw, d, columns, missing); err != nil {
		return nil, err
	}
	if len(v.Errors) > 0 && (strategy == nil || awsapi.Val(strategy.Mode) != quicksight.ValidationStrategyModeLenient) {
		v.Status = failure
	}
	for _, decl := range d.DataSetIdentifierDeclarations {
		v.DataSetARNs = append(v.DataSetARNs, awsapi.Val(decl.DataSetArn))
	}
	return v, nil
}

// CreateDashboard adds a dashboard; its first version is published.
func (s *Service) CreateDashboard(ctx context.Context, in *quicksight.CreateDashboardInput) (*quicksight.CreateDashboardOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	v, err := s.newVersion(ctx, c.Account, in.Definition, in.SourceEntity, in.ValidationStrategy, quicksight.ResourceStatusCreationSuccessful, quicksight.ResourceStatusCreationFailed)
	if err != nil {
		return nil, err
	}
	v.Number, v.Name, v.Description, v.ThemeARN, v.PublishOptions, v.Parameters = 1, *in.Name, in.VersionDescription, in.ThemeArn, in.DashboardPublishOptions, in.Parameters
	r := record{
		ID: *in.DashboardId, ARN: resource.ARN(c, resource.Dashboard, *in.DashboardId), Name: *in.Name, Created: v.Created, Updated: v.Created,
		PublishedTime: v.Created, Published: 1, Latest: 1, Permissions: resource.MergePermissions(nil, in.Permissions, nil),
		LinkSharing: in.LinkSharingConfiguration, LinkEntities: in.LinkEntities,
	}
	err = s.o.Store.Update(ctx, func(tx meta.Tx) error {
		err := tx.Insert(resource.Kind(resource.Dashboard), meta.Key{c.Account, r.ID}, r)
		if errors.Is(err, meta.ErrExists) {
			return quicksight.ResourceExistsException("Dashboard %s already exists", r.ID).With("ResourceType", "DASHBOARD")
		}
		if err != nil {
			return err
		}
		if err := tx.Put(versionKind, versionKey(c.Account, r.ID, 1), v); err != nil {
			return err
		}
		return resource.SetTags(tx, r.ARN, in.Tags)
	})
	if err != nil {
		return nil, err
	}
	return &quicksight.CreateDashboardOutput{
		Arn: &r.ARN, VersionArn: r.versionARN(1), DashboardId: in.DashboardId, CreationStatus: new(quicksight.ResourceStatusCreationInProgress),
		Status: new(int32(202)), RequestId: resource.RequestID(ctx),
	}, nil
}

// UpdateDashboard adds a version, which is not published.
func (s *Service) UpdateDashboard(ctx context.Context, in *quicksight.UpdateDashboardInput) (*quicksight.UpdateDashboardOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	v, err := s.newVersion(ctx, c.Account, in.Definition, in.SourceEntity, in.ValidationStrategy, quicksight.ResourceStatusCreationSuccessful, quicksight.ResourceStatusCreationFailed)
	if err != nil {
		return nil, err
	}
	v.Name, v.Description, v.ThemeARN, v.PublishOptions, v.Parameters = *in.Name, in.VersionDescription, in.ThemeArn, in.DashboardPublishOptions, in.Parameters
	var r record
	err = s.o.Store.Update(ctx, func(tx meta.Tx) error {
		if err := resource.Get(tx, resource.Dashboard, c.Account, *in.DashboardId, &r); err != nil {
			return err
		}
		r.Latest++
		r.Name, r.Updated, v.Number = *in.Name, v.Created, r.Latest
		if err := tx.Put(versionKind, versionKey(c.Account, r.ID, v.Number), v); err != nil {
			return err
		}
		return tx.Put(resource.Kind(resource.Dashboard), meta.Key{c.Account, r.ID}, r)
	})
	if err != nil {
		return nil, err
	}
	return &quicksight.UpdateDashboardOutput{
		Arn: &r.ARN, VersionArn: r.versionARN(v.Number), DashboardId: in.DashboardId, CreationStatus: new(quicksight.ResourceStatusCreationInProgress),
		Status: new(int32(202)), RequestId: resource.RequestID(ctx),
	}, nil
}

// UpdateDashboardPublishedVersion makes a version the one that viewers see.
func (s *Service) UpdateDashboardPublishedVersion(ctx context.Context, in *quicksight.UpdateDashboardPublishedVersionInput) (*quicksight.UpdateDashboardPublishedVersionOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	var arn string
	err = s.o.Store.Update(ctx, func(tx meta.Tx) error {
		r, v, err := load(tx, c.Account, *in.DashboardId, in.VersionNumber, nil)
		if err != nil {
			return err
		}
		if v.Status == quicksight.ResourceStatusCreationFailed {
			return quicksight.ConflictException("Version %d of dashboard %s has errors and cannot be published", v.Number, r.ID)
		}
		arn = r.ARN
		r.Published, r.PublishedTime = v.Number, s.o.Now()
		return tx.Put(resource.Kind(resource.Dashboard), meta.Key{c.Account, r.ID}, r)
	})
	if err != nil {
		return nil, err
	}
	return &quicksight.UpdateDashboardPublishedVersionOutput{DashboardId: in.DashboardId, DashboardArn: &arn, Status: new(int32(200)), RequestId: resource.RequestID(ctx)}, nil
}

// DescribeDashboard tells about a dashboard and one of its versions.
func (s *Service) DescribeDashboard(ctx context.Context, in *quicksight.DescribeDashboardInput) (*quicksight.DescribeDashboardOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	var r *record
	var v *version
	err = s.o.Store.View(ctx, func(tx meta.Tx) (err error) {
		r, v, err = load(tx, c.Account, *in.DashboardId, in.VersionNumber, in.AliasName)
		return err
	})
	if err != nil {
		return nil, err
	}
	d, err := decode(v.Definition)
	if err != nil {
		return nil, err
	}
	sheets := []*quicksight.Sheet{}
	for _, x := range d.Sheets {
		sheets = append(sheets, &quicksight.Sheet{SheetId: x.SheetId, Name: x.Name})
	}
	return &quicksight.DescribeDashboardOutput{Dashboard: &quicksight.Dashboard{
		DashboardId: &r.ID, Arn: &r.ARN, Name: &v.Name, CreatedTime: stamp(r.Created), LastUpdatedTime: stamp(r.Updated), LastPublishedTime: stamp(r.PublishedTime), LinkEntities: r.LinkEntities,
		Version: &quicksight.DashboardVersion{
			CreatedTime: stamp(v.Created), Errors: v.Errors, VersionNumber: &v.Number, Status: &v.Status, Arn: r.versionARN(v.Number), DataSetArns: v.DataSetARNs,
			Description: v.Description, ThemeArn: v.ThemeARN, Sheets: sheets,
		},
	}, Status: new(int32(200)), RequestId: resource.RequestID(ctx)}, nil
}

// DescribeDashboardDefinition gives the definition as it came.
func (s *Service) DescribeDashboardDefinition(ctx context.Context, in *quicksight.DescribeDashboardDefinitionInput) (*quicksight.DescribeDashboardDefinitionOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	var v *version
	err = s.o.Store.View(ctx, func(tx meta.Tx) (err error) {
		_, v, err = load(tx, c.Account, *in.DashboardId, in.VersionNumber, in.AliasName)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &quicksight.DescribeDashboardDefinitionOutput{
		DashboardId: in.DashboardId, Errors: v.Errors, Name: &v.Name, ResourceStatus: &v.Status, ThemeArn: v.ThemeARN, Definition: v.Definition,
		DashboardPublishOptions: v.PublishOptions, Status: new(int32(200)), RequestId: resource.RequestID(ctx),
	}, nil
}

func summary(r *record) *quicksight.DashboardSummary {
	return &quicksight.DashboardSummary{
		Arn: &r.ARN, DashboardId: &r.ID, Name: &r.Name, CreatedTime: stamp(r.Created), LastUpdatedTime: stamp(r.Updated),
		PublishedVersionNumber: &r.Published, LastPublishedTime: stamp(r.PublishedTime),
	}
}

// ListDashboards lists them by id.
func (s *Service) ListDashboards(ctx context.Context, in *quicksight.ListDashboardsInput) (*quicksight.ListDashboardsOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	out := &quicksight.ListDashboardsOutput{DashboardSummaryList: []*quicksight.DashboardSummary{}, Status: new(int32(200)), RequestId: resource.RequestID(ctx)}
	err = s.o.Store.View(ctx, func(tx meta.Tx) (err error) {
		out.NextToken, err = resource.Page(tx, resource.Kind(resource.Dashboard), meta.Key{c.Account}, in.NextToken, in.MaxResults, func(r *record) (bool, error) {
			out.DashboardSummaryList = append(out.DashboardSummaryList, summary(r))
			return true, nil
		})
		return err
	})
	return out, err
}

// ListDashboardVersions lists the versions of a dashboard, oldest first.
func (s *Service) ListDashboardVersions(ctx context.Context, in *quicksight.ListDashboardVersionsInput) (*quicksight.ListDashboardVersionsOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	out := &quicksight.ListDashboardVersionsOutput{DashboardVersionSummaryList: []*quicksight.DashboardVersionSummary{}, Status: new(int32(200)), RequestId: resource.RequestID(ctx)}
	err = s.o.Store.View(ctx, func(tx meta.Tx) error {
		var r record
		if err := resource.Get(tx, resource.Dashboard, c.Account, *in.DashboardId, &r); err != nil {
			return err
		}
		next, err := resource.Page(tx, versionKind, meta.Key{c.Account, *in.DashboardId}, in.NextToken, in.MaxResults, func(v *version) (bool, error) {
			out.DashboardVersionSummaryList = append(out.DashboardVersionSummaryList, &quicksight.DashboardVersionSummary{
				Arn: r.versionARN(v.Number), CreatedTime: stamp(v.Created), VersionNumber: &v.Number, Status: &v.Status, Description: v.Description,
			})
			return true, nil
		})
		out.NextToken = next
		return err
	})
	return out, err
}

// DeleteDashboard removes a dashboard, or one version that is not published.
func (s *Service) DeleteDashboard(ctx context.Context, in *quicksight.DeleteDashboardInput) (*quicksight.DeleteDashboardOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	var r *record
	err = s.o.Store.Update(ctx, func(tx meta.Tx) (err error) {
		if in.VersionNumber == nil {
			r = new(record)
			if err := resource.Get(tx, resource.Dashboard, c.Account, *in.DashboardId, r); err != nil {
				return err
			}
			if _, err := tx.DeletePrefix(versionKind, meta.Key{c.Account, r.ID}); err != nil {
				return err
			}
			if err := tx.Delete(resource.Kind(resource.Dashboard), meta.Key{c.Account, r.ID}); err != nil {
				return err
			}
			return resource.SetTags(tx, r.ARN, nil)
		}
		if r, _, err = load(tx, c.Account, *in.DashboardId, in.VersionNumber, nil); err != nil {
			return err
		}
		if r.Published == *in.VersionNumber {
			return quicksight.ConflictException("Version %d of dashboard %s is published", r.Published, r.ID).WithHint("Publish another one first, or delete the dashboard.")
		}
		return tx.Delete(versionKind, versionKey(c.Account, r.ID, *in.VersionNumber))
	})
	if err != nil {
		return nil, err
	}
	if in.VersionNumber != nil {
		s.decoded.drop(versionID(c.Account, r.ID, r.Created, *in.VersionNumber))
	}
	return &quicksight.DeleteDashboardOutput{Status: new(int32(200)), Arn: &r.ARN, DashboardId: &r.ID, RequestId: resource.RequestID(ctx)}, nil
}

// DescribeDashboardPermissions lists who may do what.
func (s *Service) DescribeDashboardPermissions(ctx context.Context, in *quicksight.DescribeDashboardPermissionsInput) (*quicksight.DescribeDashboardPermissionsOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	var r record
	err = s.o.Store.View(ctx, func(tx meta.Tx) error { return resource.Get(tx, resource.Dashboard, c.Account, *in.DashboardId, &r) })
	if err != nil {
		return nil, err
	}
	return &quicksight.DescribeDashboardPermissionsOutput{
		DashboardId: &r.ID, DashboardArn: &r.ARN, Permissions: r.Permissions, LinkSharingConfiguration: r.LinkSharing, Status: new(int32(200)), RequestId: resource.RequestID(ctx),
	}, nil
}

// UpdateDashboardPermissions grants and revokes.
func (s *Service) UpdateDashboardPermissions(ctx context.Context, in *quicksight.UpdateDashboardPermissionsInput) (*quicksight.UpdateDashboardPermissionsOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	var r record
	err = s.o.Store.Update(ctx, func(tx meta.Tx) error {
		if err := resource.Get(tx, resource.Dashboard, c.Account, *in.DashboardId, &r); err != nil {
			return err
		}
		r.Permissions = resource.MergePermissions(r.Permissions, in.GrantPermissions, in.RevokePermissions)
		if len(in.GrantLinkPermissions) > 0 || len(in.RevokeLinkPermissions) > 0 {
			if r.LinkSharing == nil {
				r.LinkSharing = &quicksight.LinkSharingConfiguration{}
			}
			r.LinkSharing.Permissions = resource.MergePermissions(r.LinkSharing.Permissions, in.GrantLinkPermissions, in.RevokeLinkPermissions)
		}
		return tx.Put(resource.Kind(resource.Dashboard), meta.Key{c.Account, r.ID}, r)
	})
	if err != nil {
		return nil, err
	}
	return &quicksight.UpdateDashboardPermissionsOutput{
		DashboardArn: &r.ARN, DashboardId: &r.ID, Permissions: r.Permissions, LinkSharingConfiguration: r.LinkSharing, RequestId: resource.RequestID(ctx), Status: new(int32(200)),
	}, nil
}
