package catalog

import (
	"context"
	"errors"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/paging"
	"tarn/internal/meta"
)

func (s *Service) newFunction(acct, db string, in *glue.UserDefinedFunctionInput) *glue.UserDefinedFunction {
	return &glue.UserDefinedFunction{
		FunctionName: foldPtr(in.FunctionName), DatabaseName: &db, ClassName: in.ClassName, OwnerName: in.OwnerName,
		FunctionType: in.FunctionType, OwnerType: in.OwnerType, ResourceUris: in.ResourceUris, ArtifactLocation: in.ArtifactLocation,
		GovernanceMode: in.GovernanceMode, CatalogId: &acct, CreateTime: s.now(),
	}
}

func function(tx meta.Tx, acct, db, name string) (*glue.UserDefinedFunction, error) {
	var f glue.UserDefinedFunction
	err := tx.Get(kindFunction, meta.Key{acct, db, fold(name)}, &f)
	if errors.Is(err, meta.ErrNotFound) {
		return nil, glue.EntityNotFoundException("Function %s not found.", name)
	}
	return &f, err
}

// CreateUserDefinedFunction stores the description of a function.
func (s *Service) CreateUserDefinedFunction(ctx context.Context, in *glue.CreateUserDefinedFunctionInput) (*glue.CreateUserDefinedFunctionOutput, error) {
	acct, err := account(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	if awsapi.Val(in.FunctionInput.FunctionName) == "" {
		return nil, glue.InvalidInputException("FunctionInput.FunctionName is required.")
	}
	err = s.store.Update(ctx, func(tx meta.Tx) error {
		db, err := resolve(tx, acct, awsapi.Val(in.DatabaseName))
		if err != nil {
			return err
		}
		f := s.newFunction(acct, db, in.FunctionInput)
		err = tx.Insert(kindFunction, meta.Key{acct, db, *f.FunctionName}, f)
		if errors.Is(err, meta.ErrExists) {
			return glue.AlreadyExistsException("Function already exists.")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &glue.CreateUserDefinedFunctionOutput{}, nil
}

// GetUserDefinedFunction answers one function.
func (s *Service) GetUserDefinedFunction(ctx context.Context, in *glue.GetUserDefinedFunctionInput) (*glue.GetUserDefinedFunctionOutput, error) {
	acct, err := account(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	out := &glue.GetUserDefinedFunctionOutput{}
	err = s.store.View(ctx, func(tx meta.Tx) error {
		db, err := resolve(tx, acct, awsapi.Val(in.DatabaseName))
		if err != nil {
			return err
		}
		out.UserDefinedFunction, err = function(tx, acct, db, awsapi.Val(in.FunctionName))
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// GetUserDefinedFunctions lists functions by a pattern, of one database or of all.
func (s *Service) GetUserDefinedFunctions(ctx context.Context, in *glue.GetUserDefinedFunctionsInput) (*glue.GetUserDefinedFunctionsOutput, error) {
	acct, err := account(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	match, err := namePattern(awsapi.Val(in.Pattern))
	if err != nil {
		return nil, err
	}
	out := &glue.GetUserDefinedFunctionsOutput{}
	err = s.store.View(ctx, func(tx meta.Tx) error {
		prefix := meta.Key{acct}
		if in.DatabaseName != nil {
			db, err := resolve(tx, acct, *in.DatabaseName)
			if err != nil {
				return err
			}
			prefix = append(prefix, db)
		}
		var err error
		out.UserDefinedFunctions, out.NextToken, err = paging.List(tx, kindFunction, prefix,
			paging.Request{Of: []any{"GetUserDefinedFunctions", prefix, in.Pattern, in.FunctionType}, Token: in.NextToken, Max: in.MaxResults, Default: defaultPage},
			func(k meta.Key, f *glue.UserDefinedFunction) (bool, error) {
				return match(k[2]) && (in.FunctionType == nil || awsapi.Val(f.FunctionType) == *in.FunctionType), nil
			})
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// UpdateUserDefinedFunction replaces the description of a function.
func (s *Service) UpdateUserDefinedFunction(ctx context.Context, in *glue.UpdateUserDefinedFunctionInput) (*glue.UpdateUserDefinedFunctionOutput, error) {
	acct, err := account(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx meta.Tx) error {
		db, err := resolve(tx, acct, awsapi.Val(in.DatabaseName))
		if err != nil {
			return err
		}
		old, err := function(tx, acct, db, awsapi.Val(in.FunctionName))
		if err != nil {
			return err
		}
		f := s.newFunction(acct, db, in.FunctionInput)
		f.FunctionName, f.CreateTime = old.FunctionName, old.CreateTime
		return tx.Put(kindFunction, meta.Key{acct, db, *f.FunctionName}, f)
	})
	if err != nil {
		return nil, err
	}
	return &glue.UpdateUserDefinedFunctionOutput{}, nil
}

// DeleteUserDefinedFunction forgets a function.
func (s *Service) DeleteUserDefinedFunction(ctx context.Context, in *glue.DeleteUserDefinedFunctionInput) (*glue.DeleteUserDefinedFunctionOutput, error) {
	acct, err := account(ctx, in.CatalogId)
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx meta.Tx) error {
		db, err := resolve(tx, acct, awsapi.Val(in.DatabaseName))
		if err != nil {
			return err
		}
		f, err := function(tx, acct, db, awsapi.Val(in.FunctionName))
		if err != nil {
			return err
		}
		return tx.Delete(kindFunction, meta.Key{acct, db, *f.FunctionName})
	})
	if err != nil {
		return nil, err
	}
	return &glue.DeleteUserDefinedFunctionOutput{}, nil
}
