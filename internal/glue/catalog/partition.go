package catalog

import (
	"context"
	"errors"
	"hash/fnv"
	"slices"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/catalog/filter"
	"tarn/internal/glue/paging"
	"tarn/internal/meta"
)

func partitionKey(t *glue.Table, values []string) meta.Key { return append(tableKey(t), values...) }

func checkValues(t *glue.Table, values []string) error {
	if len(values) != len(t.PartitionKeys) || len(values) == 0 {
		return glue.InvalidInputException("The number of partition keys do not match the number of partition values").
			WithHint("Table %s has %d keys, %d values were given.", *t.Name, len(t.PartitionKeys), len(values))
	}
	return nil
}

func cannotFindPartition() *awsapi.Error {
	return glue.EntityNotFoundException("Cannot find partition.")
}

func partition(tx meta.Tx, t *glue.Table, values []string) (*glue.Partition, error) {
	if err := checkValues(t, values); err != nil {
		return nil, err
	}
	var p glue.Partition
	err := tx.Get(kindPartition, partitionKey(t, values), &p)
	if errors.Is(err, meta.ErrNotFound) {
		return nil, cannotFindPartition()
	}
	return &p, err
}

func newPartition(t *glue.Table, in *glue.PartitionInput) (*glue.Partition, error) {
	if err := checkValues(t, in.Values); err != nil {
		return nil, err
	}
	p := &glue.Partition{
		Values: in.Values, DatabaseName: t.DatabaseName, TableName: t.Name, CatalogId: t.CatalogId,
		LastAccessTime: in.LastAccessTime, LastAnalyzedTime: in.LastAnalyzedTime, Parameters: in.Parameters,
	}
	var err error
	p.StorageDescriptor, err = descriptor(in.StorageDescriptor)
	return p, err
}

func (s *Service) createPartition(tx meta.Tx, t *glue.Table, in *glue.PartitionInput) error {
	p, err := newPartition(t, in)
	if err != nil {
		return err
	}
	if err := indexedValues(tx, t, p.Values); err != nil {
		return err
	}
	p.CreationTime = s.now()
	err = tx.Insert(kindPartition, partitionKey(t, p.Values), p)
	if errors.Is(err, meta.ErrExists) {
		return glue.AlreadyExistsException("Partition already exists.")
	}
	return err
}

func (s *Service) updatePartition(tx meta.Tx, t *glue.Table, values []string, in *glue.PartitionInput) error {
	old, err := partition(tx, t, values)
	if err != nil {
		return err
	}
	given := *in
	if len(given.Values) == 0 {
		given.Values = values
	}
	p, err := newPartition(t, &given)
	if err != nil {
		return err
	}
	p.CreationTime = old.CreationTime
	if slices.Equal(p.Values, values) {
		return tx.Put(kindPartition, partitionKey(t, values), p)
	}
	// Its values are its key: it moves.
	if err := indexedValues(tx, t, p.Values); err != nil {
		return err
	}
	err = tx.Insert(kindPartition, partitionKey(t, p.Values), p)
	if errors.Is(err, meta.ErrExists) {
		return glue.AlreadyExistsException("Partition already exists.")
	}
	if err != nil {
		return err
	}
	return deletePartition(tx, t, values)
}

func deletePartition(tx meta.Tx, t *glue.Table, values []string) error {
	if err := checkValues(t, values); err != nil {
		return err
	}
	err := tx.Delete(kindPartition, partitionKey(t, values))
	if errors.Is(err, meta.ErrNotFound) {
		return cannotFindPartition()
	}
	if err != nil {
		return err
	}
	_, err = tx.DeletePrefix(kindPartitionStatistics, partitionKey(t, values))
	return err
}

// CreatePartition adds one partition.
func (s *Service) CreatePartition(ctx context.Context, in *glue.CreatePartitionInput) (*glue.CreatePartitionOutput, error) {
	err := s.store.Update(ctx, func(tx meta.Tx) error {
		t, err := locate(ctx, tx, in.CatalogId, in.DatabaseName, in.TableName)
		if err != nil {
			return err
		}
		return s.createPartition(tx, t, in.PartitionInput)
	})
	if err != nil {
		return nil, err
	}
	return &glue.CreatePartitionOutput{}, nil
}

// UpdatePartition replaces one partition, and may give it other values.
func (s *Service) UpdatePartition(ctx context.Context, in *glue.UpdatePartitionInput) (*glue.UpdatePartitionOutput, error) {
	err := s.store.Update(ctx, func(tx meta.Tx) error {
		t, err := locate(ctx, tx, in.CatalogId, in.DatabaseName, in.TableName)
		if err != nil {
			return err
		}
		return s.updatePartition(tx, t, in.PartitionValueList, in.PartitionInput)
	})
	if err != nil {
		return nil, err
	}
	return &glue.UpdatePartitionOutput{}, nil
}

// DeletePartition drops one partition.
func (s *Service) DeletePartition(ctx context.Context, in *glue.DeletePartitionInput) (*glue.DeletePartitionOutput, error) {
	err := s.store.Update(ctx, func(tx meta.Tx) error {
		t, err := locate(ctx, tx, in.CatalogId, in.DatabaseName, in.TableName)
		if err != nil {
			return err
		}
		return deletePartition(tx, t, in.PartitionValues)
	})
	if err != nil {
		return nil, err
	}
	return &glue.DeletePartitionOutput{}, nil
}

// GetPartition answers one partition.
func (s *Service) GetPartition(ctx context.Context, in *glue.GetPartitionInput) (*glue.GetPartitionOutput, error) {
	out := &glue.GetPartitionOutput{}
	err := s.store.View(ctx, func(tx meta.Tx) error {
		t, err := locate(ctx, tx, in.CatalogId, in.DatabaseName, in.TableName)
		if err != nil {
			return err
		}
		out.Partition, err = partition(tx, t, in.PartitionValues)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// GetPartitions lists the partitions that an expression and a segment choose, by their values.
func (s *Service) GetPartitions(ctx context.Context, in *glue.GetPartitionsInput) (*glue.GetPartitionsOutput, error) {
	if seg := in.Segment; seg != nil && awsapi.Val(seg.SegmentNumber) >= awsapi.Val(seg.TotalSegments) {
		return nil, glue.InvalidInputException("Segment number %d must be less than the total of %d segments.", awsapi.Val(seg.SegmentNumber), awsapi.Val(seg.TotalSegments))
	}
	out := &glue.GetPartitionsOutput{}
	err := s.store.View(ctx, func(tx meta.Tx) error {
		t, err := locate(ctx, tx, in.CatalogId, in.DatabaseName, in.TableName)
		if err != nil {
			return err
		}
		prefix := tableKey(t)
		match := func([]string) (bool, error) { return true, nil }
		if expr := awsapi.Val(in.Expression); !blank(expr) {
			f, err := filter.Compile(expr, filterKeys(t))
			if err != nil {
				return err
			}
			match = f.Match
			prefix = append(prefix, f.Prefix()...)
		}
		base := len(tableKey(t))
		out.Partitions, out.NextToken, err = paging.List(tx, kindPartition, prefix,
			paging.Request{Of: []any{"GetPartitions", tableKey(t), in.Expression, in.Segment, in.ExcludeColumnSchema}, Token: in.NextToken, Max: in.MaxResults,
				Want: func(k meta.Key) (bool, error) {
					if !inSegment(in.Segment, k[base:]) {
						return false, nil
					}
					return match(k[base:])
				}},
			func(_ meta.Key, p *glue.Partition) (bool, error) {
				if awsapi.Val(in.ExcludeColumnSchema) && p.StorageDescriptor != nil {
					p.StorageDescriptor.Columns = nil
				}
				return true, nil
			})
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func blank(s string) bool {
	for _, r := range s {
		if r != ' ' && r != '\t' && r != '\n' && r != '\r' {
			return false
		}
	}
	return true
}

func filterKeys(t *glue.Table) []filter.Key {
	keys := make([]filter.Key, len(t.PartitionKeys))
	for i, c := range t.PartitionKeys {
		keys[i] = filter.Key{Name: awsapi.Val(c.Name), Type: awsapi.Val(c.Type)}
	}
	return keys
}

// inSegment divides partitions by a hash of their values, so that segments are disjoint and complete.
func inSegment(seg *glue.Segment, values []string) bool {
	if seg == nil || awsapi.Val(seg.TotalSegments) <= 1 {
		return true
	}
	h := fnv.New32a()
	h.Write(meta.Key(values).Encode())
	return h.Sum32()%uint32(*seg.TotalSegments) == uint32(awsapi.Val(seg.SegmentNumber))
}

// BatchCreatePartition adds the partitions that are new and says which are not.
func (s *Service) BatchCreatePartition(ctx context.Context, in *glue.BatchCreatePartitionInput) (*glue.BatchCreatePartitionOutput, error) {
	var out *glue.BatchCreatePartitionOutput
	err := s.store.Update(ctx, func(tx meta.Tx) error {
		out = &glue.BatchCreatePartitionOutput{Errors: []*glue.PartitionError{}}
		t, err := locate(ctx, tx, in.CatalogId, in.DatabaseName, in.TableName)
		if err != nil {
			return err
		}
		for _, p := range in.PartitionInputList {
			if err := s.createPartition(tx, t, p); err != nil {
				d, err := detail(err)
				if err != nil {
					return err
				}
				out.Errors = append(out.Errors, &glue.PartitionError{PartitionValues: p.Values, ErrorDetail: d})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// BatchUpdatePartition replaces the partitions that are there and says which are not.
func (s *Service) BatchUpdatePartition(ctx context.Context, in *glue.BatchUpdatePartitionInput) (*glue.BatchUpdatePartitionOutput, error) {
	var out *glue.BatchUpdatePartitionOutput
	err := s.store.Update(ctx, func(tx meta.Tx) error {
		out = &glue.BatchUpdatePartitionOutput{Errors: []*glue.BatchUpdatePartitionFailureEntry{}}
		t, err := locate(ctx, tx, in.CatalogId, in.DatabaseName, in.TableName)
		if err != nil {
			return err
		}
		for _, e := range in.Entries {
			if err := s.updatePartition(tx, t, e.PartitionValueList, e.PartitionInput); err != nil {
				d, err := detail(err)
				if err != nil {
					return err
				}
				out.Errors = append(out.Errors, &glue.BatchUpdatePartitionFailureEntry{PartitionValueList: e.PartitionValueList, ErrorDetail: d})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// BatchDeletePartition drops the partitions that are there and says which are not.
func (s *Service) BatchDeletePartition(ctx context.Context, in *glue.BatchDeletePartitionInput) (*glue.BatchDeletePartitionOutput, error) {
	var out *glue.BatchDeletePartitionOutput
	err := s.store.Update(ctx, func(tx meta.Tx) error {
		out = &glue.BatchDeletePartitionOutput{Errors: []*glue.PartitionError{}}
		t, err := locate(ctx, tx, in.CatalogId, in.DatabaseName, in.TableName)
		if err != nil {
			return err
		}
		for _, p := range in.PartitionsToDelete {
			if err := deletePartition(tx, t, p.Values); err != nil {
				d, err := detail(err)
				if err != nil {
					return err
				}
				out.Errors = append(out.Errors, &glue.PartitionError{PartitionValues: p.Values, ErrorDetail: d})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// BatchGetPartition answers those of the partitions that are there.
func (s *Service) BatchGetPartition(ctx context.Context, in *glue.BatchGetPartitionInput) (*glue.BatchGetPartitionOutput, error) {
	out := &glue.BatchGetPartitionOutput{Partitions: []*glue.Partition{}, UnprocessedKeys: []*glue.PartitionValueList{}}
	err := s.store.View(ctx, func(tx meta.Tx) error {
		t, err := locate(ctx, tx, in.CatalogId, in.DatabaseName, in.TableName)
		if err != nil {
			return err
		}
		for _, want := range in.PartitionsToGet {
			p, err := partition(tx, t, want.Values)
			if awsapi.IsCode(err, "EntityNotFoundException") {
				continue
			}
			if err != nil {
				return err
			}
			out.Partitions = append(out.Partitions, p)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
