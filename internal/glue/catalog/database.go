package catalog

import (
	"context"
	"errors"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/paging"
	"tarn/internal/glue/tags"
	"tarn/internal/meta"
)

// CreateDatabase stores a new database.
func (s *Service) CreateDatabase(ctx context.Context, in *glue.CreateDatabaseInput) (*glue.CreateDatabaseOutput, error) {
	acct, err := account(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	db := s.newDatabase(acct, in.DatabaseInput)
	db.CreateTime = s.now()
	err = s.store.Update(ctx, func(tx meta.Tx) error {
		err := tx.Insert(kindDatabase, meta.Key{acct, *db.Name}, db)
		if errors.Is(err, meta.ErrExists) {
			return glue.AlreadyExistsException("Database already exists.")
		}
		if err != nil {
			return err
		}
		return tags.Set(tx, tags.ARN(awsapi.CallerFrom(ctx), "database", *db.Name), in.Tags)
	})
	if err != nil {
		return nil, err
	}
	return &glue.CreateDatabaseOutput{}, nil
}

func (s *Service) newDatabase(acct string, in *glue.DatabaseInput) *glue.Database {
	db := &glue.Database{
		Name: foldPtr(in.Name), Description: in.Description, LocationUri: in.LocationUri, Parameters: in.Parameters,
		CreateTableDefaultPermissions: in.CreateTableDefaultPermissions, TargetDatabase: in.TargetDatabase, CatalogId: &acct,
	}
	if db.CreateTableDefaultPermissions == nil {
		db.CreateTableDefaultPermissions = []*glue.PrincipalPermissions{{
			Principal:   &glue.DataLakePrincipal{DataLakePrincipalIdentifier: new("IAM_ALLOWED_PRINCIPALS")},
			Permissions: []string{"ALL"},
		}}
	}
	return db
}

// database reads a database, or answers that there is none.
func database(tx meta.Tx, acct, name string) (*glue.Database, error) {
	var db glue.Database
	err := tx.Get(kindDatabase, meta.Key{acct, fold(name)}, &db)
	if errors.Is(err, meta.ErrNotFound) {
		return nil, glue.EntityNotFoundException("Database %s not found.", name)
	}
	return &db, err
}

// resolve is the folded name of the database that holds the tables: a resource link leads to its target.
func resolve(tx meta.Tx, acct, name string) (string, error) {
	db, err := database(tx, acct, name)
	if err != nil {
		return "", err
	}
	target := db.TargetDatabase
	if target == nil {
		return *db.Name, nil
	}
	if id := awsapi.Val(target.CatalogId); id != "" && id != acct {
		return "", glue.EntityNotFoundException("Catalog %s not found.", id).
			WithHint("The database %s is a link to its database %s.", name, awsapi.Val(target.DatabaseName))
	}
	if db, err = database(tx, acct, awsapi.Val(target.DatabaseName)); err != nil {
		return "", err
	}
	if db.TargetDatabase != nil {
		return "", glue.InvalidInputException("Database %s is a link to %s, which is a link itself.", name, *db.Name)
	}
	return *db.Name, nil
}

// GetDatabase answers one database.
func (s *Service) GetDatabase(ctx context.Context, in *glue.GetDatabaseInput) (*glue.GetDatabaseOutput, error) {
	acct, err := account(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	out := &glue.GetDatabaseOutput{}
	err = s.store.View(ctx, func(tx meta.Tx) (err error) {
		out.Database, err = database(tx, acct, awsapi.Val(in.Name))
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// GetDatabases lists the account's databases by name.
func (s *Service) GetDatabases(ctx context.Context, in *glue.GetDatabasesInput) (*glue.GetDatabasesOutput, error) {
	acct, err := account(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	out := &glue.GetDatabasesOutput{DatabaseList: []*glue.Database{}}
	if share := awsapi.Val(in.ResourceShareType); share == glue.ResourceShareTypeForeign || share == glue.ResourceShareTypeFederated {
		return out, nil // no other account shares anything with this one
	}
	err = s.store.View(ctx, func(tx meta.Tx) (err error) {
		out.DatabaseList, out.NextToken, err = paging.List[glue.Database](tx, kindDatabase, meta.Key{acct},
			paging.Request{Of: []any{"GetDatabases", acct, in.AttributesToGet}, Token: in.NextToken, Max: in.MaxResults, Default: defaultPage}, nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(in.AttributesToGet) > 0 {
		link := false
		for _, a := range in.AttributesToGet {
			link = link || a == glue.DatabaseAttributesTargetDatabase
		}
		for i, db := range out.DatabaseList {
			out.DatabaseList[i] = &glue.Database{Name: db.Name, CatalogId: db.CatalogId}
			if link {
				out.DatabaseList[i].TargetDatabase = db.TargetDatabase
			}
		}
	}
	return out, nil
}

// UpdateDatabase replaces a database's description; what the input leaves out is gone.
func (s *Service) UpdateDatabase(ctx context.Context, in *glue.UpdateDatabaseInput) (*glue.UpdateDatabaseOutput, error) {
	acct, err := account(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	name := awsapi.Val(in.Name)
	if fold(awsapi.Val(in.DatabaseInput.Name)) != fold(name) {
		return nil, glue.InvalidInputException("Database %s can't be renamed to %s.", name, awsapi.Val(in.DatabaseInput.Name))
	}
	err = s.store.Update(ctx, func(tx meta.Tx) error {
		old, err := database(tx, acct, name)
		if err != nil {
			return err
		}
		db := s.newDatabase(acct, in.DatabaseInput)
		db.CreateTime = old.CreateTime
		return tx.Put(kindDatabase, meta.Key{acct, *db.Name}, db)
	})
	if err != nil {
		return nil, err
	}
	return &glue.UpdateDatabaseOutput{}, nil
}

// DeleteDatabase drops a database with everything that is in it. Clients that want it empty look before.
func (s *Service) DeleteDatabase(ctx context.Context, in *glue.DeleteDatabaseInput) (*glue.DeleteDatabaseOutput, error) {
	acct, err := account(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx meta.Tx) error {
		db, err := database(tx, acct, awsapi.Val(in.Name))
		if err != nil {
			return err
		}
		for _, kind := range []string{kindTable, kindVersion, kindPartition, kindIndex, kindStatistics, kindPartitionStatistics, kindFunction} {
			if _, err := tx.DeletePrefix(kind, meta.Key{acct, *db.Name}); err != nil {
				return err
			}
		}
		caller := awsapi.CallerFrom(ctx)
		if err := tags.Remove(tx, tags.ARN(caller, "table", *db.Name)); err != nil {
			return err
		}
		if err := tags.Remove(tx, tags.ARN(caller, "database", *db.Name)); err != nil {
			return err
		}
		return tx.Delete(kindDatabase, meta.Key{acct, *db.Name})
	})
	if err != nil {
		return nil, err
	}
	return &glue.DeleteDatabaseOutput{}, nil
}
