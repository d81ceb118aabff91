package catalog

import (
	"context"
	"errors"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/meta"
)

// statisticsKind is where the statistics of a table, or of a partition when there are values, are kept.
func statisticsKind(values []string) string {
	if values == nil {
		return kindStatistics
	}
	return kindPartitionStatistics
}

func statisticsKey(t *glue.Table, values []string, column string) meta.Key {
	return append(append(tableKey(t), values...), fold(column))
}

// checkStatistics wants exactly the member that the type names.
func checkStatistics(st *glue.ColumnStatistics) error {
	d := st.StatisticsData
	set := map[string]bool{
		glue.ColumnStatisticsTypeBoolean: d.BooleanColumnStatisticsData != nil,
		glue.ColumnStatisticsTypeDate:    d.DateColumnStatisticsData != nil,
		glue.ColumnStatisticsTypeDecimal: d.DecimalColumnStatisticsData != nil,
		glue.ColumnStatisticsTypeDouble:  d.DoubleColumnStatisticsData != nil,
		glue.ColumnStatisticsTypeLong:    d.LongColumnStatisticsData != nil,
		glue.ColumnStatisticsTypeString:  d.StringColumnStatisticsData != nil,
		glue.ColumnStatisticsTypeBinary:  d.BinaryColumnStatisticsData != nil,
	}
	if !set[awsapi.Val(d.Type)] {
		return glue.InvalidInputException("The statistics of column %s have type %s, but not that type's data.", awsapi.Val(st.ColumnName), awsapi.Val(d.Type))
	}
	return nil
}

func hasColumn(t *glue.Table, name string) bool {
	all := t.PartitionKeys
	if t.StorageDescriptor != nil {
		all = append(all[:len(all):len(all)], t.StorageDescriptor.Columns...)
	}
	for _, c := range all {
		if awsapi.Val(c.Name) == fold(name) {
			return true
		}
	}
	return false
}

func putStatistics(tx meta.Tx, t *glue.Table, values []string, list []*glue.ColumnStatistics) ([]*glue.ColumnStatisticsError, error) {
	failed := []*glue.ColumnStatisticsError{}
	for _, st := range list {
		err := checkStatistics(st)
		if err == nil && !hasColumn(t, awsapi.Val(st.ColumnName)) {
			err = glue.EntityNotFoundException("Column %s not found.", awsapi.Val(st.ColumnName))
		}
		if err == nil {
			err = tx.Put(statisticsKind(values), statisticsKey(t, values, awsapi.Val(st.ColumnName)), st)
		}
		if err != nil {
			d, err := detail(err)
			if err != nil {
				return nil, err
			}
			failed = append(failed, &glue.ColumnStatisticsError{ColumnStatistics: st, Error: d})
		}
	}
	return failed, nil
}

func getStatistics(tx meta.Tx, t *glue.Table, values []string, names []string) ([]*glue.ColumnStatistics, []*glue.ColumnError, error) {
	found, failed := []*glue.ColumnStatistics{}, []*glue.ColumnError{}
	for _, name := range names {
		st := new(glue.ColumnStatistics)
		err := tx.Get(statisticsKind(values), statisticsKey(t, values, name), st)
		switch {
		case err == nil:
			found = append(found, st)
		case errors.Is(err, meta.ErrNotFound):
			failed = append(failed, &glue.ColumnError{ColumnName: &name, Error: &glue.ErrorDetail{
				ErrorCode: new("EntityNotFoundException"), ErrorMessage: new("Statistics of column " + name + " not found."),
			}})
		default:
			return nil, nil, err
		}
	}
	return found, failed, nil
}

func deleteStatistics(tx meta.Tx, t *glue.Table, values []string, name string) error {
	err := tx.Delete(statisticsKind(values), statisticsKey(t, values, name))
	if errors.Is(err, meta.ErrNotFound) {
		return glue.EntityNotFoundException("Statistics of column %s not found.", name)
	}
	return err
}

// UpdateColumnStatisticsForTable stores statistics of a table's columns.
func (s *Service) UpdateColumnStatisticsForTable(ctx context.Context, in *glue.UpdateColumnStatisticsForTableInput) (*glue.UpdateColumnStatisticsForTableOutput, error) {
	out := &glue.UpdateColumnStatisticsForTableOutput{}
	err := s.store.Update(ctx, func(tx meta.Tx) error {
		t, err := locate(ctx, tx, in.CatalogId, in.DatabaseName, in.TableName)
		if err != nil {
			return err
		}
		out.Errors, err = putStatistics(tx, t, nil, in.ColumnStatisticsList)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// GetColumnStatisticsForTable answers statistics of a table's columns.
func (s *Service) GetColumnStatisticsForTable(ctx context.Context, in *glue.GetColumnStatisticsForTableInput) (*glue.GetColumnStatisticsForTableOutput, error) {
	out := &glue.GetColumnStatisticsForTableOutput{}
	err := s.store.View(ctx, func(tx meta.Tx) error {
		t, err := locate(ctx, tx, in.CatalogId, in.DatabaseName, in.TableName)
		if err != nil {
			return err
		}
		out.ColumnStatisticsList, out.Errors, err = getStatistics(tx, t, nil, in.ColumnNames)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeleteColumnStatisticsForTable forgets the statistics of one column.
func (s *Service) DeleteColumnStatisticsForTable(ctx context.Context, in *glue.DeleteColumnStatisticsForTableInput) (*glue.DeleteColumnStatisticsForTableOutput, error) {
	err := s.store.Update(ctx, func(tx meta.Tx) error {
		t, err := locate(ctx, tx, in.CatalogId, in.DatabaseName, in.TableName)
		if err != nil {
			return err
		}
		return deleteStatistics(tx, t, nil, awsapi.Val(in.ColumnName))
	})
	if err != nil {
		return nil, err
	}
	return &glue.DeleteColumnStatisticsForTableOutput{}, nil
}

// UpdateColumnStatisticsForPartition stores statistics of a partition's columns.
func (s *Service) UpdateColumnStatisticsForPartition(ctx context.Context, in *glue.UpdateColumnStatisticsForPartitionInput) (*glue.UpdateColumnStatisticsForPartitionOutput, error) {
	out := &glue.UpdateColumnStatisticsForPartitionOutput{}
	err := s.store.Update(ctx, func(tx meta.Tx) error {
		t, err := locate(ctx, tx, in.CatalogId, in.DatabaseName, in.TableName)
		if err != nil {
			return err
		}
		if _, err := partition(tx, t, in.PartitionValues); err != nil {
			return err
		}
		out.Errors, err = putStatistics(tx, t, in.PartitionValues, in.ColumnStatisticsList)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// GetColumnStatisticsForPartition answers statistics of a partition's columns.
func (s *Service) GetColumnStatisticsForPartition(ctx context.Context, in *glue.GetColumnStatisticsForPartitionInput) (*glue.GetColumnStatisticsForPartitionOutput, error) {
	out := &glue.GetColumnStatisticsForPartitionOutput{}
	err := s.store.View(ctx, func(tx meta.Tx) error {
		t, err := locate(ctx, tx, in.CatalogId, in.DatabaseName, in.TableName)
		if err != nil {
			return err
		}
		if _, err := partition(tx, t, in.PartitionValues); err != nil {
			return err
		}
		out.ColumnStatisticsList, out.Errors, err = getStatistics(tx, t, in.PartitionValues, in.ColumnNames)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeleteColumnStatisticsForPartition forgets the statistics of one column of a partition.
func (s *Service) DeleteColumnStatisticsForPartition(ctx context.Context, in *glue.DeleteColumnStatisticsForPartitionInput) (*glue.DeleteColumnStatisticsForPartitionOutput, error) {
	err := s.store.Update(ctx, func(tx meta.Tx) error {
		t, err := locate(ctx, tx, in.CatalogId, in.DatabaseName, in.TableName)
		if err != nil {
			return err
		}
		if _, err := partition(tx, t, in.PartitionValues); err != nil {
			return err
		}
		return deleteStatistics(tx, t, in.PartitionValues, awsapi.Val(in.ColumnName))
	})
	if err != nil {
		return nil, err
	}
	return &glue.DeleteColumnStatisticsForPartitionOutput{}, nil
}
