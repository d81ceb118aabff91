package dataset

import (
	"context"
	"errors"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/meta"
	"tarn/internal/quicksight/expression"
	"tarn/internal/quicksight/resource"
)

func parseType(name string) (expression.Type, bool) { return expression.ParseType(name) }

// CreateDataSet adds a data set; one in SPICE starts its first ingestion.
func (s *Service) CreateDataSet(ctx context.Context, in *quicksight.CreateDataSetInput) (*quicksight.CreateDataSetOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	now := awsapi.Time{Time: s.o.Now()}
	arn := resource.ARN(c, resource.DataSet, *in.DataSetId)
	rec := setRecord{Owner: ownerOf(c), Permissions: resource.MergePermissions(nil, in.Permissions, nil), Set: quicksight.DataSet{
		Arn: &arn, DataSetId: in.DataSetId, Name: in.Name, CreatedTime: &now, LastUpdatedTime: &now, PhysicalTableMap: in.PhysicalTableMap,
		LogicalTableMap: in.LogicalTableMap, ImportMode: in.ImportMode, ColumnGroups: in.ColumnGroups, FieldFolders: in.FieldFolders,
		RowLevelPermissionDataSet: in.RowLevelPermissionDataSet, RowLevelPermissionTagConfiguration: in.RowLevelPermissionTagConfiguration,
		ColumnLevelPermissionRules: in.ColumnLevelPermissionRules, DataSetUsageConfiguration: in.DataSetUsageConfiguration,
		DatasetParameters: in.DatasetParameters, PerformanceConfiguration: in.PerformanceConfiguration, UseAs: in.UseAs,
		DataPrepConfiguration: in.DataPrepConfiguration, SemanticModelConfiguration: in.SemanticModelConfiguration,
	}}
	if err := s.prepare(ctx, c.Account, &rec.Set); err != nil {
		return nil, err
	}
	spice := awsapi.Val(in.ImportMode) == quicksight.DataSetImportModeSpice
	ingestion := s.newIngestion(&rec, s.o.NewID(), quicksight.IngestionRequestTypeInitialIngestion, quicksight.IngestionRequestSourceManual)
	err = s.o.Store.Update(ctx, func(tx meta.Tx) error {
		err := tx.Insert(resource.Kind(resource.DataSet), meta.Key{c.Account, *in.DataSetId}, rec)
		if errors.Is(err, meta.ErrExists) {
			return quicksight.ResourceExistsException("Data set %s already exists", *in.DataSetId).With("ResourceType", "DATA_SET")
		}
		if err != nil {
			return err
		}
		if spice {
			if err := tx.Put(ingestionKind, ingestion.key(), ingestion); err != nil {
				return err
			}
		}
		return resource.SetTags(tx, arn, in.Tags)
	})
	if err != nil {
		return nil, err
	}
	out := &quicksight.CreateDataSetOutput{Arn: &arn, DataSetId: in.DataSetId, RequestId: resource.RequestID(ctx), Status: new(int32(201))}
	if spice {
		out.IngestionArn, out.IngestionId = ingestion.Ingestion.Arn, ingestion.Ingestion.IngestionId
		s.enqueue(ingestion)
	}
	return out, nil
}

// prepare checks a data set and fills in its output columns.
func (s *Service) prepare(ctx context.Context, account string, set *quicksight.DataSet) error {
	if err := refuse(set); err != nil {
		return err
	}
	var sources map[string]*sourceRecord
	err := s.o.Store.View(ctx, func(tx meta.Tx) (err error) {
		sources, err = s.sourcesOf(tx, account, set)
		return err
	})
	if err != nil {
		return err
	}
	p, _, err := s.plan(ctx, set, sources)
	if err != nil {
		return err
	}
	set.OutputColumns = p.outputColumns()
	return nil
}

// UpdateDataSet replaces a data set; one in SPICE serves its old rows until the ingestion that this starts has built the new ones.
func (s *Service) UpdateDataSet(ctx context.Context, in *quicksight.UpdateDataSetInput) (*quicksight.UpdateDataSetOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	set := quicksight.DataSet{
		DataSetId: in.DataSetId, Name: in.Name, LastUpdatedTime: &awsapi.Time{Time: s.o.Now()}, PhysicalTableMap: in.PhysicalTableMap,
		LogicalTableMap: in.LogicalTableMap, ImportMode: in.ImportMode, ColumnGroups: in.ColumnGroups, FieldFolders: in.FieldFolders,
		RowLevelPermissionDataSet: in.RowLevelPermissionDataSet, RowLevelPermissionTagConfiguration: in.RowLevelPermissionTagConfiguration,
		ColumnLevelPermissionRules: in.ColumnLevelPermissionRules, DataSetUsageConfiguration: in.DataSetUsageConfiguration,
		DatasetParameters: in.DatasetParameters, PerformanceConfiguration: in.PerformanceConfiguration,
		DataPrepConfiguration: in.DataPrepConfiguration, SemanticModelConfiguration: in.SemanticModelConfiguration,
	}
	if err := s.o.Store.View(ctx, func(tx meta.Tx) error {
		var rec setRecord
		return resource.Get(tx, resource.DataSet, c.Account, *in.DataSetId, &rec)
	}); err != nil {
		return nil, err
	}
	if err := s.prepare(ctx, c.Account, &set); err != nil {
		return nil, err
	}
	spice := awsapi.Val(in.ImportMode) == quicksight.DataSetImportModeSpice
	id := s.o.NewID()
	var ingestion *ingestionRecord
	retired := ""
	err = s.o.Store.Update(ctx, func(tx meta.Tx) error {
		var rec setRecord
		if err := resource.Get(tx, resource.DataSet, c.Account, *in.DataSetId, &rec); err != nil {
			return err
		}
		set := set
		set.Arn, set.CreatedTime, set.UseAs, set.ConsumedSpiceCapacityInBytes = rec.Set.Arn, rec.Set.CreatedTime, rec.Set.UseAs, rec.Set.ConsumedSpiceCapacityInBytes
		rec.Set = set
		rec.Revision++
		retired, ingestion = "", nil
		if !spice && rec.Spice != nil {
			retired = rec.Spice.Generation
			rec.Spice, rec.Set.ConsumedSpiceCapacityInBytes = nil, nil
		}
		if spice {
			ingestion = s.newIngestion(&rec, id, quicksight.IngestionRequestTypeEdit, quicksight.IngestionRequestSourceManual)
			if err := tx.Put(ingestionKind, ingestion.key(), ingestion); err != nil {
				return err
			}
		}
		return tx.Put(resource.Kind(resource.DataSet), meta.Key{c.Account, *in.DataSetId}, rec)
	})
	if err != nil {
		return nil, err
	}
	s.retire(retired)
	arn := resource.ARN(c, resource.DataSet, *in.DataSetId)
	out := &quicksight.UpdateDataSetOutput{Arn: &arn, DataSetId: in.DataSetId, RequestId: resource.RequestID(ctx), Status: new(int32(200))}
	if ingestion != nil {
		out.IngestionArn, out.IngestionId, out.Status = ingestion.Ingestion.Arn, ingestion.Ingestion.IngestionId, new(int32(201))
		s.enqueue(ingestion)
	}
	return out, nil
}

// DescribeDataSet echoes what was stored, with the columns that come out.
func (s *Service) DescribeDataSet(ctx context.Context, in *quicksight.DescribeDataSetInput) (*quicksight.DescribeDataSetOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	var rec setRecord
	err = s.o.Store.View(ctx, func(tx meta.Tx) error { return resource.Get(tx, resource.DataSet, c.Account, *in.DataSetId, &rec) })
	if err != nil {
		return nil, err
	}
	return &quicksight.DescribeDataSetOutput{DataSet: &rec.Set, RequestId: resource.RequestID(ctx), Status: new(int32(200))}, nil
}

func summary(r *setRecord) *quicksight.DataSetSummary {
	return &quicksight.DataSetSummary{
		Arn: r.Set.Arn, DataSetId: r.Set.DataSetId, Name: r.Set.Name, CreatedTime: r.Set.CreatedTime, LastUpdatedTime: r.Set.LastUpdatedTime,
		ImportMode: r.Set.ImportMode, RowLevelPermissionDataSet: r.Set.RowLevelPermissionDataSet, UseAs: r.Set.UseAs,
		RowLevelPermissionTagConfigurationApplied: new(false), ColumnLevelPermissionRulesApplied: new(false),
	}
}

// ListDataSets lists them by id.
func (s *Service) ListDataSets(ctx context.Context, in *quicksight.ListDataSetsInput) (*quicksight.ListDataSetsOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	out := &quicksight.ListDataSetsOutput{DataSetSummaries: []*quicksight.DataSetSummary{}, RequestId: resource.RequestID(ctx), Status: new(int32(200))}
	err = s.o.Store.View(ctx, func(tx meta.Tx) (err error) {
		out.NextToken, err = resource.Page(tx, resource.Kind(resource.DataSet), meta.Key{c.Account}, in.NextToken, in.MaxResults, func(r *setRecord) (bool, error) {
			out.DataSetSummaries = append(out.DataSetSummaries, summary(r))
			return true, nil
		})
		return err
	})
	return out, err
}

// DeleteDataSet removes a data set with its ingestions and rows.
func (s *Service) DeleteDataSet(ctx context.Context, in *quicksight.DeleteDataSetInput) (*quicksight.DeleteDataSetOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	var rec setRecord
	err = s.o.Store.Update(ctx, func(tx meta.Tx) error {
		if err := resource.Get(tx, resource.DataSet, c.Account, *in.DataSetId, &rec); err != nil {
			return err
		}
		if _, err := tx.DeletePrefix(ingestionKind, meta.Key{c.Account, *in.DataSetId}); err != nil {
			return err
		}
		if err := tx.Delete(resource.Kind(resource.DataSet), meta.Key{c.Account, *in.DataSetId}); err != nil {
			return err
		}
		return resource.SetTags(tx, awsapi.Val(rec.Set.Arn), nil)
	})
	if err != nil {
		return nil, err
	}
	s.abandon(c.Account, *in.DataSetId)
	if rec.Spice != nil {
		s.retire(rec.Spice.Generation)
	}
	return &quicksight.DeleteDataSetOutput{Arn: rec.Set.Arn, DataSetId: in.DataSetId, RequestId: resource.RequestID(ctx), Status: new(int32(200))}, nil
}

// DescribeDataSetPermissions lists who may do what.
func (s *Service) DescribeDataSetPermissions(ctx context.Context, in *quicksight.DescribeDataSetPermissionsInput) (*quicksight.DescribeDataSetPermissionsOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	var rec setRecord
	err = s.o.Store.View(ctx, func(tx meta.Tx) error { return resource.Get(tx, resource.DataSet, c.Account, *in.DataSetId, &rec) })
	if err != nil {
		return nil, err
	}
	return &quicksight.DescribeDataSetPermissionsOutput{DataSetArn: rec.Set.Arn, DataSetId: in.DataSetId, Permissions: rec.Permissions, RequestId: resource.RequestID(ctx), Status: new(int32(200))}, nil
}

// UpdateDataSetPermissions grants and revokes.
func (s *Service) UpdateDataSetPermissions(ctx context.Context, in *quicksight.UpdateDataSetPermissionsInput) (*quicksight.UpdateDataSetPermissionsOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	var rec setRecord
	err = s.o.Store.Update(ctx, func(tx meta.Tx) error {
		if err := resource.Get(tx, resource.DataSet, c.Account, *in.DataSetId, &rec); err != nil {
			return err
		}
		rec.Permissions = resource.MergePermissions(rec.Permissions, in.GrantPermissions, in.RevokePermissions)
		return tx.Put(resource.Kind(resource.DataSet), meta.Key{c.Account, *in.DataSetId}, rec)
	})
	if err != nil {
		return nil, err
	}
	return &quicksight.UpdateDataSetPermissionsOutput{DataSetArn: rec.Set.Arn, DataSetId: in.DataSetId, RequestId: resource.RequestID(ctx), Status: new(int32(200))}, nil
}
