package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/catalog/filter"
	"tarn/internal/meta"
)

// maxIndexes is how many indexes a table may have.
const maxIndexes = 3

// The store filters partitions without help, so an index is a description with two promises: values of indexed keys
// fit their types, and the keys do not change.

func (s *Service) createIndex(tx meta.Tx, acct string, t *glue.Table, in *glue.PartitionIndex) error {
	d := &glue.PartitionIndexDescriptor{IndexName: in.IndexName, IndexStatus: new(glue.PartitionIndexStatusActive)}
	for _, name := range in.Keys {
		i := slices.IndexFunc(t.PartitionKeys, func(c *glue.Column) bool { return awsapi.Val(c.Name) == fold(name) })
		if i < 0 {
			return glue.InvalidInputException("Key %s of index %s is not a partition key of table %s.", name, awsapi.Val(in.IndexName), *t.Name)
		}
		d.Keys = append(d.Keys, &glue.KeySchemaElement{Name: t.PartitionKeys[i].Name, Type: t.PartitionKeys[i].Type})
	}
	all, err := indexes(tx, t)
	if err != nil {
		return err
	}
	for _, other := range all {
		if slices.EqualFunc(other.Keys, d.Keys, func(a, b *glue.KeySchemaElement) bool { return *a.Name == *b.Name }) {
			return glue.AlreadyExistsException("Index %s has the same keys.", *other.IndexName)
		}
	}
	if len(all) >= maxIndexes {
		return glue.ResourceNumberLimitExceededException("A table can have at most %d partition indexes.", maxIndexes)
	}
	err = tx.Insert(kindIndex, append(tableKey(t), awsapi.Val(in.IndexName)), d)
	if errors.Is(err, meta.ErrExists) {
		return glue.AlreadyExistsException("Index already exists.")
	}
	return err
}

func indexes(tx meta.Tx, t *glue.Table) ([]*glue.PartitionIndexDescriptor, error) {
	all := []*glue.PartitionIndexDescriptor{}
	err := tx.Scan(kindIndex, tableKey(t), nil, func(_ meta.Key, raw json.RawMessage) (bool, error) {
		d := new(glue.PartitionIndexDescriptor)
		all = append(all, d)
		return true, json.Unmarshal(raw, d)
	})
	return all, err
}

// indexedValues refuses values that do not fit the types of indexed keys.
func indexedValues(tx meta.Tx, t *glue.Table, values []string) error {
	all, err := indexes(tx, t)
	if err != nil {
		return err
	}
	for _, d := range all {
		for _, k := range d.Keys {
			i := slices.IndexFunc(t.PartitionKeys, func(c *glue.Column) bool { return awsapi.Val(c.Name) == *k.Name })
			if i < 0 || i >= len(values) {
				continue
			}
			if err := filter.Fits(awsapi.Val(t.PartitionKeys[i].Type), values[i]); err != nil {
				return glue.InvalidInputException("%s", err).WithHint("The partition key %s is part of the index %s.", *k.Name, *d.IndexName)
			}
		}
	}
	return nil
}

// indexedKeysFrozen refuses a table update that changes partition keys which an index relies on.
func indexedKeysFrozen(tx meta.Tx, old, updated *glue.Table) error {
	same := slices.EqualFunc(old.PartitionKeys, updated.PartitionKeys, func(a, b *glue.Column) bool {
		return awsapi.Val(a.Name) == awsapi.Val(b.Name) && awsapi.Val(a.Type) == awsapi.Val(b.Type)
	})
	if same {
		return nil
	}
	all, err := indexes(tx, old)
	if err != nil || len(all) == 0 {
		return err
	}
	return glue.InvalidInputException("The partition keys of table %s can't change while it has the partition index %s.", *old.Name, *all[0].IndexName)
}

// CreatePartitionIndex adds an index; it is active at once.
func (s *Service) CreatePartitionIndex(ctx context.Context, in *glue.CreatePartitionIndexInput) (*glue.CreatePartitionIndexOutput, error) {
	err := s.store.Update(ctx, func(tx meta.Tx) error {
		t, err := locate(ctx, tx, in.CatalogId, in.DatabaseName, in.TableName)
		if err != nil {
			return err
		}
		return s.createIndex(tx, *t.CatalogId, t, in.PartitionIndex)
	})
	if err != nil {
		return nil, err
	}
	return &glue.CreatePartitionIndexOutput{}, nil
}

// GetPartitionIndexes answers a table's indexes.
func (s *Service) GetPartitionIndexes(ctx context.Context, in *glue.GetPartitionIndexesInput) (*glue.GetPartitionIndexesOutput, error) {
	out := &glue.GetPartitionIndexesOutput{}
	err := s.store.View(ctx, func(tx meta.Tx) error {
		t, err := locate(ctx, tx, in.CatalogId, in.DatabaseName, in.TableName)
		if err != nil {
			return err
		}
		out.PartitionIndexDescriptorList, err = indexes(tx, t)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeletePartitionIndex drops an index.
func (s *Service) DeletePartitionIndex(ctx context.Context, in *glue.DeletePartitionIndexInput) (*glue.DeletePartitionIndexOutput, error) {
	err := s.store.Update(ctx, func(tx meta.Tx) error {
		t, err := locate(ctx, tx, in.CatalogId, in.DatabaseName, in.TableName)
		if err != nil {
			return err
		}
		err = tx.Delete(kindIndex, append(tableKey(t), awsapi.Val(in.IndexName)))
		if errors.Is(err, meta.ErrNotFound) {
			return glue.EntityNotFoundException("Index %s not found.", awsapi.Val(in.IndexName))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &glue.DeletePartitionIndexOutput{}, nil
}
