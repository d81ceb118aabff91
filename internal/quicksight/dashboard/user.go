package dashboard

import (
	"context"
	"errors"
	"strings"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/meta"
	"tarn/internal/quicksight/resource"
)

const (
	userKind  = "quicksight.user"
	namespace = "default"
	rootName  = "root"
)

// root is the account's own user: it is there without being registered.
func root(c awsapi.Caller) *quicksight.User {
	return &quicksight.User{
		Arn: new(resource.ARN(c, "user", namespace+"/"+rootName)), UserName: new(rootName), Email: new(""), Role: new(quicksight.UserRoleAdmin),
		IdentityType: new(quicksight.IdentityTypeIam), Active: new(true), PrincipalId: new("federated/iam/" + c.Account),
	}
}

func inNamespace(name *string) error {
	if awsapi.Val(name) != namespace {
		return quicksight.ResourceNotFoundException("Namespace %s is not found", awsapi.Val(name)).With("ResourceType", "NAMESPACE")
	}
	return nil
}

// RegisterUser adds a user to the namespace default, so that resources can be shared with it.
func (s *Service) RegisterUser(ctx context.Context, in *quicksight.RegisterUserInput) (*quicksight.RegisterUserOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	if err := inNamespace(in.Namespace); err != nil {
		return nil, err
	}
	name := awsapi.Val(in.UserName)
	if awsapi.Val(in.IdentityType) == quicksight.IdentityTypeIam {
		_, rest, ok := strings.Cut(awsapi.Val(in.IamArn), ":user/")
		if !ok {
			if _, rest, ok = strings.Cut(awsapi.Val(in.IamArn), ":role/"); ok {
				if awsapi.Val(in.SessionName) == "" {
					return nil, quicksight.InvalidParameterValueException("A role is registered together with a SessionName")
				}
				rest += "/" + *in.SessionName
			}
		}
		if !ok {
			return nil, quicksight.InvalidParameterValueException("IamArn %q is not the ARN of an IAM user or role", awsapi.Val(in.IamArn))
		}
		name = rest
	}
	if name == "" {
		return nil, quicksight.InvalidParameterValueException("A user needs a UserName")
	}
	u := &quicksight.User{
		Arn: new(resource.ARN(c, "user", namespace+"/"+name)), UserName: &name, Email: in.Email, Role: in.UserRole, IdentityType: in.IdentityType,
		Active: new(true), PrincipalId: new("federated/iam/" + name), CustomPermissionsName: in.CustomPermissionsName,
		ExternalLoginFederationProviderType: in.ExternalLoginFederationProviderType, ExternalLoginId: in.ExternalLoginId, ExternalLoginFederationProviderUrl: in.CustomFederationProviderUrl,
	}
	err = s.o.Store.Update(ctx, func(tx meta.Tx) error {
		err := tx.Insert(userKind, meta.Key{c.Account, namespace, name}, u)
		if errors.Is(err, meta.ErrExists) || name == rootName {
			return quicksight.ResourceExistsException("User %s already exists", name).With("ResourceType", "USER")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &quicksight.RegisterUserOutput{User: u, RequestId: resource.RequestID(ctx), Status: new(int32(201))}, nil
}

// DescribeUser tells about one user.
func (s *Service) DescribeUser(ctx context.Context, in *quicksight.DescribeUserInput) (*quicksight.DescribeUserOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	if err := inNamespace(in.Namespace); err != nil {
		return nil, err
	}
	u := root(c)
	if *in.UserName != rootName {
		u = &quicksight.User{}
		err = s.o.Store.View(ctx, func(tx meta.Tx) error { return tx.Get(userKind, meta.Key{c.Account, namespace, *in.UserName}, u) })
		if errors.Is(err, meta.ErrNotFound) {
			return nil, userNotFound(*in.UserName)
		}
		if err != nil {
			return nil, err
		}
	}
	return &quicksight.DescribeUserOutput{User: u, RequestId: resource.RequestID(ctx), Status: new(int32(200))}, nil
}

func userNotFound(name string) error {
	return quicksight.ResourceNotFoundException("User %s is not found", name).With("ResourceType", "USER")
}

// ListUsers lists the root user, then those registered by name.
func (s *Service) ListUsers(ctx context.Context, in *quicksight.ListUsersInput) (*quicksight.ListUsersOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	if err := inNamespace(in.Namespace); err != nil {
		return nil, err
	}
	out := &quicksight.ListUsersOutput{UserList: []*quicksight.User{}, RequestId: resource.RequestID(ctx), Status: new(int32(200))}
	if awsapi.Val(in.NextToken) == "" {
		out.UserList = append(out.UserList, root(c))
	}
	err = s.o.Store.View(ctx, func(tx meta.Tx) (err error) {
		out.NextToken, err = resource.Page(tx, userKind, meta.Key{c.Account, namespace}, in.NextToken, in.MaxResults, func(u *quicksight.User) (bool, error) {
			out.UserList = append(out.UserList, u)
			return true, nil
		})
		return err
	})
	return out, err
}

// DeleteUser removes a registered user.
func (s *Service) DeleteUser(ctx context.Context, in *quicksight.DeleteUserInput) (*quicksight.DeleteUserOutput, error) {
	c, err := resource.Caller(ctx, in.AwsAccountId)
	if err != nil {
		return nil, err
	}
	if err := inNamespace(in.Namespace); err != nil {
		return nil, err
	}
	err = s.o.Store.Update(ctx, func(tx meta.Tx) error { return tx.Delete(userKind, meta.Key{c.Account, namespace, *in.UserName}) })
	if errors.Is(err, meta.ErrNotFound) {
		return nil, userNotFound(*in.UserName)
	}
	if err != nil {
		return nil, err
	}
	return &quicksight.DeleteUserOutput{RequestId: resource.RequestID(ctx), Status: new(int32(200))}, nil
}
