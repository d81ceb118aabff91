package api

import (
	"context"
	"errors"
	"strings"

	"tarn/api/redshiftdata"
	"tarn/internal/awsapi"
	"tarn/internal/redshift/warehouse"
	"tarn/internal/redshift/wire"
)

// connect opens a session for whom the request names: a database user, a secret's user, or the caller
// under a name of its own.
func (d *Data) connect(ctx context.Context, cluster, workgroup, secret, user, database *string) (*warehouse.Session, string, error) {
	switch {
	case cluster != nil && workgroup != nil:
		return nil, "", redshiftdata.ValidationException("ClusterIdentifier and WorkgroupName can't both be given.")
	case cluster == nil && workgroup == nil:
		return nil, "", redshiftdata.ValidationException("Either ClusterIdentifier or WorkgroupName must be given.")
	case secret != nil && user != nil:
		return nil, "", redshiftdata.ValidationException("SecretArn and DbUser can't both be given.")
	case workgroup != nil && user != nil:
		return nil, "", redshiftdata.ValidationException("DbUser can't be given together with WorkgroupName.")
	case awsapi.Val(database) == "":
		return nil, "", redshiftdata.ValidationException("Database must be given.")
	}
	if name := awsapi.Val(cluster) + awsapi.Val(workgroup); name != d.o.Cluster {
		return nil, "", redshiftdata.ValidationException("Redshift endpoint doesn't exist in this region.").WithHint("The one cluster here is called %s.", d.o.Cluster)
	}
	name, err := d.databaseUser(ctx, secret, user)
	if err != nil {
		return nil, "", err
	}
	s, err := d.o.Warehouse.Connect(ctx, name, *database)
	if e, ok := errors.AsType[*wire.Error](err); ok {
		return nil, "", redshiftdata.ValidationException("FATAL: %s", e.Message)
	}
	return s, name, err
}

// databaseUser is the database user for whom a request runs.
func (d *Data) databaseUser(ctx context.Context, secret, user *string) (string, error) {
	if secret != nil {
		if d.o.Secret == nil {
			return "", redshiftdata.ValidationException("Secrets are not supported yet: give DbUser.")
		}
		name, password, err := d.o.Secret(ctx, *secret)
		if err != nil {
			return "", err
		}
		ok, err := d.o.Warehouse.CheckPassword(ctx, name, password)
		if err != nil {
			return "", err
		}
		if !ok {
			return "", redshiftdata.ValidationException("FATAL: password authentication failed for user %q", name)
		}
		return name, nil
	}
	if name := awsapi.Val(user); name != "" {
		there, err := d.o.Warehouse.HasUser(ctx, name)
		if err != nil {
			return "", err
		}
		if !there {
			return "", redshiftdata.ValidationException("FATAL: user %q does not exist", name)
		}
		return name, nil
	}
	caller := awsapi.CallerFrom(ctx)
	if caller.Root {
		return d.o.Warehouse.Master(), nil
	}
	name := IAMUser(caller.ARN)
	return name, d.o.Warehouse.EnsureUser(ctx, name)
}

// IAMUser is the database user that an identity of IAM has: IAM:name of a user, IAMR:name of a role.
func IAMUser(arn string) string {
	resource := arn[strings.LastIndexByte(arn, ':')+1:]
	parts := strings.Split(resource, "/")
	if parts[0] == "assumed-role" && len(parts) > 1 {
		return "IAMR:" + parts[1]
	}
	return "IAM:" + parts[len(parts)-1]
}
