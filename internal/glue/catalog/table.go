package catalog

import (
	"context"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/paging"
	"tarn/internal/glue/tags"
	"tarn/internal/meta"
)

// CreateTable stores a new table, version 0.
func (s *Service) CreateTable(ctx context.Context, in *glue.CreateTableInput) (*glue.CreateTableOutput, error) {
	acct, err := account(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	switch {
	case in.OpenTableFormatInput != nil:
		return nil, glue.OperationNotSupportedException("OpenTableFormatInput is not supported.").
			WithHint("Let the Iceberg client write the table's first metadata and pass it in TableInput.Parameters.")
	case in.TableInput == nil:
		return nil, glue.InvalidInputException("TableInput is required.")
	}
	err = s.store.Update(ctx, func(tx meta.Tx) error {
		db, err := resolve(tx, acct, awsapi.Val(in.DatabaseName))
		if err != nil {
			return err
		}
		t, err := s.createTable(ctx, tx, acct, db, in.TableInput)
		if err != nil {
			return err
		}
		for _, index := range in.PartitionIndexes {
			if err := s.createIndex(tx, acct, t, index); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &glue.CreateTableOutput{}, nil
}

func (s *Service) createTable(ctx context.Context, tx meta.Tx, acct, db string, in *glue.TableInput) (*glue.Table, error) {
	t, err := newTable(in)
	if err != nil {
		return nil, err
	}
	t.DatabaseName, t.CatalogId = &db, &acct
	t.CreateTime = s.now()
	t.UpdateTime = t.CreateTime
	t.VersionId = new("0")
	t.CreatedBy = new(awsapi.CallerFrom(ctx).ARN)
	err = tx.Insert(kindTable, tableKey(t), t)
	if errors.Is(err, meta.ErrExists) {
		return nil, glue.AlreadyExistsException("Table already exists.")
	}
	return t, err
}

func tableKey(t *glue.Table) meta.Key { return meta.Key{*t.CatalogId, *t.DatabaseName, *t.Name} }

// newTable is the stored form of what a client gave: given members are kept as they are, even when empty.
func newTable(in *glue.TableInput) (*glue.Table, error) {
	if in.ViewDefinition != nil {
		return nil, glue.OperationNotSupportedException("Multi-dialect views are not supported.").WithHint("Use ViewOriginalText and ViewExpandedText.")
	}
	if in.FederatedTable != nil {
		return nil, glue.OperationNotSupportedException("Federated tables are not supported.")
	}
	t := &glue.Table{
		Name: foldPtr(in.Name), Description: in.Description, Owner: in.Owner, LastAccessTime: in.LastAccessTime,
		LastAnalyzedTime: in.LastAnalyzedTime, Retention: in.Retention, StorageDescriptor: in.StorageDescriptor,
		PartitionKeys: in.PartitionKeys, ViewOriginalText: in.ViewOriginalText, ViewExpandedText: in.ViewExpandedText,
		TableType: in.TableType, Parameters: in.Parameters, TargetTable: in.TargetTable,
		IsRegisteredWithLakeFormation: new(false), IsMultiDialectView: new(false),
	}
	if t.Retention == nil {
		t.Retention = new(int32(0))
	}
	var err error
	if t.PartitionKeys, err = foldColumns(t.PartitionKeys, "partition keys"); err != nil {
		return nil, err
	}
	if t.PartitionKeys == nil {
		t.PartitionKeys = []*glue.Column{}
	}
	t.StorageDescriptor, err = descriptor(t.StorageDescriptor)
	return t, err
}

// foldColumns folds the names of columns, and refuses one that is written twice.
func foldColumns(in []*glue.Column, where string) ([]*glue.Column, error) {
	if in == nil {
		return nil, nil
	}
	seen := make(map[string]bool, len(in))
	out := make([]*glue.Column, 0, len(in))
	for _, c := range in {
		name := awsapi.Val(c.Name)
		if seen[name] {
			return nil, glue.InvalidInputException("Duplicate column %s in the %s.", name, where)
		}
		seen[name] = true
		folded := *c
		folded.Name = new(fold(name))
		out = append(out, &folded)
	}
	return out, nil
}

// descriptor fills in what Glue always answers.
func descriptor(in *glue.StorageDescriptor) (*glue.StorageDescriptor, error) {
	if in == nil {
		return nil, nil
	}
	sd := *in
	var err error
	if sd.Columns, err = foldColumns(sd.Columns, "columns"); err != nil {
		return nil, err
	}
	if sd.Compressed == nil {
		sd.Compressed = new(false)
	}
	if sd.NumberOfBuckets == nil {
		sd.NumberOfBuckets = new(int32(0))
	}
	if sd.StoredAsSubDirectories == nil {
		sd.StoredAsSubDirectories = new(false)
	}
	if sd.SortColumns == nil {
		sd.SortColumns = []*glue.Order{}
	}
	if sd.BucketColumns == nil {
		sd.BucketColumns = []string{}
	}
	if sd.Parameters == nil {
		sd.Parameters = map[string]string{}
	}
	return &sd, nil
}

// table reads a table of a resolved database, or answers that there is none.
func table(tx meta.Tx, acct, db, name string) (*glue.Table, error) {
	var t glue.Table
	err := tx.Get(kindTable, meta.Key{acct, db, fold(name)}, &t)
	if errors.Is(err, meta.ErrNotFound) {
		return nil, glue.EntityNotFoundException("Table %s not found.", name)
	}
	return &t, err
}

// locate reads the table that a request names.
func locate(ctx context.Context, tx meta.Tx, catalogID, dbName, name *string) (*glue.Table, error) {
	acct, err := account(ctx, catalogID)
	if err != nil {
		return nil, err
	}
	db, err := resolve(tx, acct, awsapi.Val(dbName))
	if err != nil {
		return nil, err
	}
	return table(tx, acct, db, awsapi.Val(name))
}

// GetTable answers one table; a resource link answers itself.
func (s *Service) GetTable(ctx context.Context, in *glue.GetTableInput) (*glue.GetTableOutput, error) {
	out := &glue.GetTableOutput{}
	err := s.store.View(ctx, func(tx meta.Tx) (err error) {
		out.Table, err = locate(ctx, tx, in.CatalogId, in.DatabaseName, in.Name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// GetTables lists a database's tables by name.
func (s *Service) GetTables(ctx context.Context, in *glue.GetTablesInput) (*glue.GetTablesOutput, error) {
	acct, err := account(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	match, err := namePattern(awsapi.Val(in.Expression))
	if err != nil {
		return nil, err
	}
	out := &glue.GetTablesOutput{}
	err = s.store.View(ctx, func(tx meta.Tx) error {
		db, err := resolve(tx, acct, awsapi.Val(in.DatabaseName))
		if err != nil {
			return err
		}
		out.TableList, out.NextToken, err = paging.List[glue.Table](tx, kindTable, meta.Key{acct, db},
			paging.Request{Of: []any{"GetTables", acct, db, in.Expression, in.AttributesToGet}, Token: in.NextToken, Max: in.MaxResults, Default: defaultPage,
				Want: func(k meta.Key) (bool, error) { return match(k[2]), nil }}, nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(in.AttributesToGet) > 0 {
		typed := false
		for _, a := range in.AttributesToGet {
			typed = typed || a == glue.TableAttributesTableType
		}
		for i, t := range out.TableList {
			out.TableList[i] = &glue.Table{Name: t.Name, DatabaseName: t.DatabaseName, CatalogId: t.CatalogId}
			if typed {
				out.TableList[i].TableType = t.TableType
			}
		}
	}
	return out, nil
}

// hiveGlob is the form of patterns that Hive's clients send: * stands for anything.
var hiveGlob = regexp.MustCompile(`^[A-Za-z0-9_*|]*$`)

// namePattern reads an expression that must match the whole of a name; stored names are folded.
func namePattern(expr string) (func(string) bool, error) {
	if expr == "" {
		return func(string) bool { return true }, nil
	}
	if hiveGlob.MatchString(expr) {
		expr = strings.ReplaceAll(expr, "*", ".*")
	}
	if _, err := regexp.Compile(expr); err != nil {
		return nil, glue.InvalidInputException("The expression %s is not a regular expression: %v.", expr, err)
	}
	re, err := regexp.Compile(`(?i)\A(?:` + expr + `)\z`)
	if err != nil {
		return nil, glue.InvalidInputException("The expression %s is not a regular expression: %v.", expr, err)
	}
	return re.MatchString, nil
}

// UpdateTable replaces a table's description. With a VersionId it does so only if that is the current version, which
// is how Iceberg commits.
func (s *Service) UpdateTable(ctx context.Context, in *glue.UpdateTableInput) (*glue.UpdateTableOutput, error) {
	switch {
	case in.UpdateOpenTableFormatInput != nil:
		return nil, glue.OperationNotSupportedException("UpdateOpenTableFormatInput is not supported.").
			WithHint("Commit through TableInput.Parameters and VersionId.")
	case in.ViewUpdateAction != nil:
		return nil, glue.OperationNotSupportedException("Multi-dialect views are not supported.")
	case in.TableInput == nil:
		return nil, glue.InvalidInputException("TableInput is required.")
	}
	err := s.store.Update(ctx, func(tx meta.Tx) error {
		old, err := locate(ctx, tx, in.CatalogId, in.DatabaseName, in.TableInput.Name)
		if err != nil {
			return err
		}
		if in.Name != nil && fold(*in.Name) != *old.Name {
			return glue.InvalidInputException("Table %s can't be renamed to %s.", *in.Name, *old.Name)
		}
		if in.VersionId != nil && *in.VersionId != *old.VersionId {
			return glue.ConcurrentModificationException("Update table failed due to concurrent modifications.").
				WithHint("The table is at version %s, the update was made for %s.", *old.VersionId, *in.VersionId)
		}
		return s.updateTable(tx, old, in.TableInput, awsapi.Val(in.SkipArchive))
	})
	if err != nil {
		return nil, err
	}
	return &glue.UpdateTableOutput{}, nil
}

func (s *Service) updateTable(tx meta.Tx, old *glue.Table, in *glue.TableInput, skipArchive bool) error {
	t, err := newTable(in)
	if err != nil {
		return err
	}
	if err := indexedKeysFrozen(tx, old, t); err != nil {
		return err
	}
	t.DatabaseName, t.CatalogId, t.CreateTime, t.CreatedBy = old.DatabaseName, old.CatalogId, old.CreateTime, old.CreatedBy
	t.UpdateTime = s.now()
	version, err := strconv.ParseInt(*old.VersionId, 10, 64)
	if err != nil {
		return err
	}
	t.VersionId = new(strconv.FormatInt(version+1, 10))
	if !skipArchive {
		if err := archive(tx, old, version); err != nil {
			return err
		}
	}
	return tx.Put(kindTable, tableKey(t), t)
}

// DeleteTable drops a table with its partitions, versions and statistics.
func (s *Service) DeleteTable(ctx context.Context, in *glue.DeleteTableInput) (*glue.DeleteTableOutput, error) {
	err := s.store.Update(ctx, func(tx meta.Tx) error {
		t, err := locate(ctx, tx, in.CatalogId, in.DatabaseName, in.Name)
		if err != nil {
			return err
		}
		return deleteTable(ctx, tx, t)
	})
	if err != nil {
		return nil, err
	}
	return &glue.DeleteTableOutput{}, nil
}

func deleteTable(ctx context.Context, tx meta.Tx, t *glue.Table) error {
	for _, kind := range []string{kindVersion, kindPartition, kindIndex, kindStatistics, kindPartitionStatistics} {
		if _, err := tx.DeletePrefix(kind, tableKey(t)); err != nil {
			return err
		}
	}
	if err := tags.Remove(tx, tags.ARN(awsapi.CallerFrom(ctx), "table", *t.DatabaseName, *t.Name)); err != nil {
		return err
	}
	return tx.Delete(kindTable, tableKey(t))
}

// BatchDeleteTable drops the tables that are there and says which are not.
func (s *Service) BatchDeleteTable(ctx context.Context, in *glue.BatchDeleteTableInput) (*glue.BatchDeleteTableOutput, error) {
	acct, err := account(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	var out *glue.BatchDeleteTableOutput
	err = s.store.Update(ctx, func(tx meta.Tx) error {
		out = &glue.BatchDeleteTableOutput{Errors: []*glue.TableError{}}
		db, err := resolve(tx, acct, awsapi.Val(in.DatabaseName))
		if err != nil {
			return err
		}
		for _, name := range in.TablesToDelete {
			t, err := table(tx, acct, db, name)
			if err == nil {
				err = deleteTable(ctx, tx, t)
			}
			if err != nil {
				d, err := detail(err)
				if err != nil {
					return err
				}
				out.Errors = append(out.Errors, &glue.TableError{TableName: &name, ErrorDetail: d})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
