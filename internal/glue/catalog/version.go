package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/paging"
	"tarn/internal/meta"
)

// versionKey sorts newer versions first.
func versionKey(t *glue.Table, version int64) meta.Key {
	return append(tableKey(t), fmt.Sprintf("%019d", math.MaxInt64-version))
}

// keptVersions is how far back a table's old versions reach. AWS keeps them until a quota of the account is reached, and
// refuses every update then.
const keptVersions = 1000

// archive keeps a table's description as an old version, and forgets the one that is too old for it.
func archive(tx meta.Tx, old *glue.Table, version int64) error {
	if err := tx.Put(kindVersion, versionKey(old, version), old); err != nil {
		return err
	}
	if version < keptVersions {
		return nil
	}
	// Not every version was kept, so there may be none of that number, but there are never more.
	if err := tx.Delete(kindVersion, versionKey(old, version-keptVersions)); err != nil && !errors.Is(err, meta.ErrNotFound) {
		return err
	}
	return nil
}

func versionNotFound(t *glue.Table, id string) error {
	return glue.EntityNotFoundException("Version %s of table %s not found.", id, *t.Name)
}

// version reads one version; an empty id is the current one.
func version(tx meta.Tx, t *glue.Table, id string) (*glue.Table, error) {
	if id == "" || id == *t.VersionId {
		return t, nil
	}
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n < 0 {
		return nil, versionNotFound(t, id)
	}
	var old glue.Table
	err = tx.Get(kindVersion, versionKey(t, n), &old)
	if errors.Is(err, meta.ErrNotFound) {
		return nil, versionNotFound(t, id)
	}
	return &old, err
}

// GetTableVersion answers one version of a table, by default the current one.
func (s *Service) GetTableVersion(ctx context.Context, in *glue.GetTableVersionInput) (*glue.GetTableVersionOutput, error) {
	out := &glue.GetTableVersionOutput{}
	err := s.store.View(ctx, func(tx meta.Tx) error {
		t, err := locate(ctx, tx, in.CatalogId, in.DatabaseName, in.TableName)
		if err != nil {
			return err
		}
		v, err := version(tx, t, awsapi.Val(in.VersionId))
		if err != nil {
			return err
		}
		out.TableVersion = &glue.TableVersion{Table: v, VersionId: v.VersionId}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// GetTableVersions lists a table's versions, the current one first.
func (s *Service) GetTableVersions(ctx context.Context, in *glue.GetTableVersionsInput) (*glue.GetTableVersionsOutput, error) {
	out := &glue.GetTableVersionsOutput{}
	err := s.store.View(ctx, func(tx meta.Tx) error {
		t, err := locate(ctx, tx, in.CatalogId, in.DatabaseName, in.TableName)
		if err != nil {
			return err
		}
		all := []*glue.TableVersion{{Table: t, VersionId: t.VersionId}}
		err = tx.Scan(kindVersion, tableKey(t), nil, func(_ meta.Key, raw json.RawMessage) (bool, error) {
			old := new(glue.Table)
			if err := json.Unmarshal(raw, old); err != nil {
				return false, err
			}
			all = append(all, &glue.TableVersion{Table: old, VersionId: old.VersionId})
			return true, nil
		})
		if err != nil {
			return err
		}
		out.TableVersions, out.NextToken, err = paging.Slice(all,
			func(v *glue.TableVersion) meta.Key {
				n, _ := strconv.ParseInt(*v.VersionId, 10, 64) // written by us
				return versionKey(t, n)
			},
			paging.Request{Of: []any{"GetTableVersions", tableKey(t)}, Token: in.NextToken, Max: in.MaxResults, Default: defaultPage})
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func deleteVersion(tx meta.Tx, t *glue.Table, id string) error {
	if id == *t.VersionId {
		return glue.InvalidInputException("Version %s is the current version of table %s and can't be deleted.", id, *t.Name)
	}
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n < 0 {
		return versionNotFound(t, id)
	}
	err = tx.Delete(kindVersion, versionKey(t, n))
	if errors.Is(err, meta.ErrNotFound) {
		return versionNotFound(t, id)
	}
	return err
}

// DeleteTableVersion forgets an old version.
func (s *Service) DeleteTableVersion(ctx context.Context, in *glue.DeleteTableVersionInput) (*glue.DeleteTableVersionOutput, error) {
	err := s.store.Update(ctx, func(tx meta.Tx) error {
		t, err := locate(ctx, tx, in.CatalogId, in.DatabaseName, in.TableName)
		if err != nil {
			return err
		}
		return deleteVersion(tx, t, awsapi.Val(in.VersionId))
	})
	if err != nil {
		return nil, err
	}
	return &glue.DeleteTableVersionOutput{}, nil
}

// BatchDeleteTableVersion forgets the old versions that are there and says which are not.
func (s *Service) BatchDeleteTableVersion(ctx context.Context, in *glue.BatchDeleteTableVersionInput) (*glue.BatchDeleteTableVersionOutput, error) {
	var out *glue.BatchDeleteTableVersionOutput
	err := s.store.Update(ctx, func(tx meta.Tx) error {
		out = &glue.BatchDeleteTableVersionOutput{Errors: []*glue.TableVersionError{}}
		t, err := locate(ctx, tx, in.CatalogId, in.DatabaseName, in.TableName)
		if err != nil {
			return err
		}
		for _, id := range in.VersionIds {
			if err := deleteVersion(tx, t, id); err != nil {
				d, err := detail(err)
				if err != nil {
					return err
				}
				out.Errors = append(out.Errors, &glue.TableVersionError{TableName: in.TableName, VersionId: &id, ErrorDetail: d})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
