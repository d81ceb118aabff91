package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tarn/api/redshift"
	"tarn/internal/awsapi"
	"tarn/internal/redshift/wire"
)

// Cluster answers, of Redshift's control plane, what clients ask before they connect.
type Cluster struct{ o Options }

// NewCluster describes the one cluster.
func NewCluster(o Options) *Cluster {
	return &Cluster{o: o.filled()}
}

func (c *Cluster) known(id *string) error {
	if name := awsapi.Val(id); name != "" && name != c.o.Cluster {
		return redshift.ClusterNotFoundFault("Cluster %s not found.", name).WithHint("The one cluster here is called %s.", c.o.Cluster)
	}
	return nil
}

// DescribeClusters describes the one cluster.
func (c *Cluster) DescribeClusters(ctx context.Context, in *redshift.DescribeClustersInput) (*redshift.DescribeClustersOutput, error) {
	if err := c.known(in.ClusterIdentifier); err != nil {
		return nil, err
	}
	if len(in.TagKeys) > 0 || len(in.TagValues) > 0 {
		return &redshift.DescribeClustersOutput{Clusters: []*redshift.Cluster{}}, nil // it has no tags
	}
	host, port := c.o.Endpoint()
	caller := awsapi.CallerFrom(ctx)
	return &redshift.DescribeClustersOutput{Clusters: []*redshift.Cluster{{
		ClusterIdentifier: new(c.o.Cluster), NodeType: new("dc2.large"), ClusterStatus: new("available"), ClusterAvailabilityStatus: new("Available"),
		MasterUsername: new(c.o.Warehouse.Master()), DBName: new("dev"), Endpoint: &redshift.Endpoint{Address: new(host), Port: new(int32(port))},
		ClusterCreateTime: stamp(c.o.Warehouse.Created()), AutomatedSnapshotRetentionPeriod: new(int32(0)), ClusterVersion: new("1.0"), AllowVersionUpgrade: new(false),
		NumberOfNodes: new(int32(1)), PubliclyAccessible: new(false), Encrypted: new(false), EnhancedVpcRouting: new(false), MultiAZ: new("Disabled"),
		ClusterRevisionNumber: new("100000"), AvailabilityZone: new(c.o.Region + "a"),
		ClusterNodes:          []*redshift.ClusterNode{{NodeRole: new("SHARED"), PrivateIPAddress: new(host)}},
		ClusterNamespaceArn:   new(fmt.Sprintf("arn:aws:redshift:%s:%s:namespace:%s", c.o.Region, caller.Account, c.o.Warehouse.NamespaceID())),
		VpcSecurityGroups:     []*redshift.VpcSecurityGroupMembership{},
		ClusterSecurityGroups: []*redshift.ClusterSecurityGroupMembership{},
		IamRoles:              []*redshift.ClusterIamRole{},
		Tags:                  []*redshift.Tag{},
	}}}, nil
}

func lifetime(seconds *int32) (time.Duration, error) {
	if seconds == nil {
		return 15 * time.Minute, nil
	}
	if *seconds < 900 || *seconds > 3600 {
		return 0, redshift.RedshiftInvalidParameterFault("DurationSeconds must be between 900 and 3600.")
	}
	return time.Duration(*seconds) * time.Second, nil
}

// GetClusterCredentials gives a temporary password for a database user.
func (c *Cluster) GetClusterCredentials(ctx context.Context, in *redshift.GetClusterCredentialsInput) (*redshift.GetClusterCredentialsOutput, error) {
	if err := c.known(in.ClusterIdentifier); err != nil {
		return nil, err
	}
	life, err := lifetime(in.DurationSeconds)
	if err != nil {
		return nil, err
	}
	prefix := "IAM:"
	if awsapi.Val(in.AutoCreate) {
		prefix = "IAMA:"
	}
	name := awsapi.Val(in.DbUser)
	login, err := c.o.Warehouse.CreateTemporaryLogin(ctx, prefix+name, name, awsapi.Val(in.AutoCreate), in.DbGroups, life)
	if err != nil {
		return nil, invalid(err)
	}
	return &redshift.GetClusterCredentialsOutput{DbUser: new(login.User), DbPassword: new(login.Password), Expiration: stamp(login.Expires)}, nil
}

// GetClusterCredentialsWithIAM gives a temporary password for the caller's own database user.
func (c *Cluster) GetClusterCredentialsWithIAM(ctx context.Context, in *redshift.GetClusterCredentialsWithIAMInput) (*redshift.GetClusterCredentialsWithIAMOutput, error) {
	if err := c.known(in.ClusterIdentifier); err != nil {
		return nil, err
	}
	life, err := lifetime(in.DurationSeconds)
	if err != nil {
		return nil, err
	}
	caller := awsapi.CallerFrom(ctx)
	name, login := IAMUser(caller.ARN), IAMUser(caller.ARN)
	if caller.Root {
		name = c.o.Warehouse.Master()
	}
	t, err := c.o.Warehouse.CreateTemporaryLogin(ctx, login, name, true, nil, life)
	if err != nil {
		return nil, invalid(err)
	}
	return &redshift.GetClusterCredentialsWithIAMOutput{DbUser: new(t.User), DbPassword: new(t.Password), Expiration: stamp(t.Expires),
		NextRefreshTime: stamp(c.o.Now().Add(life / 2))}, nil
}

// invalid gives an error of the warehouse its place in the control plane.
func invalid(err error) error {
	if e, ok := errors.AsType[*wire.Error](err); ok {
		return redshift.RedshiftInvalidParameterFault("%s", e.Message)
	}
	return err
}
