package pipeline

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"tarn/api/glue"
	"tarn/api/logs"
	"tarn/api/quicksight"
	"tarn/api/redshiftdata"
	"tarn/api/s3"
	"tarn/api/sts"
	"tarn/internal/awsapi"
)

// Target is where a project's resources are: tarn or AWS.
type Target struct {
	Client  *awsapi.Client
	Account string
}

// Connect finds out whose account the credentials are of.
func Connect(ctx context.Context, c *awsapi.Client) (*Target, error) {
	t := &Target{Client: c}
	out, err := call[sts.GetCallerIdentityOutput](ctx, t, sts.Model, "GetCallerIdentity", &sts.GetCallerIdentityInput{})
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) {
			return nil, &Unreachable{fmt.Errorf("nothing answers at %s\n  Start tarn:  tarn up", c.Endpoint)}
		}
		for _, code := range []string{"SignatureDoesNotMatch", "InvalidClientTokenId", "ExpiredToken", "ExpiredTokenException"} {
			if awsapi.IsCode(err, code) {
				return nil, &Unreachable{fmt.Errorf("%s refused the key %s: %w\n  It comes from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.   A running tarn's own:  eval \"$(tarn env)\"", t.where(), c.Credentials.AccessKeyID, err)}
			}
		}
		return nil, &Unreachable{err}
	}
	t.Account = awsapi.Val(out.Account)
	return t, nil
}

// Unreachable is the failure to reach or be let into a target.
type Unreachable struct{ Err error }

func (u *Unreachable) Error() string { return u.Err.Error() }
func (u *Unreachable) Unwrap() error { return u.Err }

func call[O any](ctx context.Context, t *Target, m *awsapi.Model, op string, in any) (*O, error) {
	out := new(O)
	if err := t.Client.Do(ctx, m, op, in, out); err != nil {
		var e *awsapi.Error
		if errors.As(err, &e) && strings.HasPrefix(e.Code, "AccessDenied") {
			return nil, &Unreachable{fmt.Errorf("%s refused %s:%s: %s", t.where(), m.SigningName, op, e.Message)}
		}
		return nil, err
	}
	return out, nil
}

func (t *Target) where() string {
	if t.Client.Endpoint == "" {
		return "AWS"
	}
	if u, err := url.Parse(t.Client.Endpoint); err == nil {
		return u.Host
	}
	return t.Client.Endpoint
}

// The calls that the pipeline makes, typed.

func glueCall[O any](ctx context.Context, t *Target, op string, in any) (*O, error) {
	return call[O](ctx, t, glue.Model, op, in)
}

func s3Call[O any](ctx context.Context, t *Target, op string, in any) (*O, error) {
	return call[O](ctx, t, s3.Model, op, in)
}

func qsCall[O any](ctx context.Context, t *Target, op string, in any) (*O, error) {
	return call[O](ctx, t, quicksight.Model, op, in)
}

func logsCall[O any](ctx context.Context, t *Target, op string, in any) (*O, error) {
	return call[O](ctx, t, logs.Model, op, in)
}

func dataCall[O any](ctx context.Context, t *Target, op string, in any) (*O, error) {
	return call[O](ctx, t, redshiftdata.Model, op, in)
}

// SQL runs statements in the warehouse through the Data API, several in one
// transaction, and waits for them.
func (t *Target) SQL(ctx context.Context, statements ...string) (*redshiftdata.DescribeStatementOutput, error) {
	id, err := t.submit(ctx, statements)
	if err != nil {
		return nil, err
	}
	for wait := 5 * time.Millisecond; ; wait = min(wait*2, 500*time.Millisecond) {
		d, err := dataCall[redshiftdata.DescribeStatementOutput](ctx, t, "DescribeStatement", &redshiftdata.DescribeStatementInput{Id: &id})
		if err != nil {
			return nil, err
		}
		switch awsapi.Val(d.Status) {
		case "FINISHED":
			return d, nil
		case "FAILED", "ABORTED":
			return d, errors.New(awsapi.Val(d.Error))
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), t.cancelStatement(ctx, id))
		case <-time.After(wait):
		}
	}
}

func (t *Target) submit(ctx context.Context, statements []string) (string, error) {
	if len(statements) == 1 {
		out, err := dataCall[redshiftdata.ExecuteStatementOutput](ctx, t, "ExecuteStatement", &redshiftdata.ExecuteStatementInput{
			ClusterIdentifier: new(warehouseCluster), Database: new(warehouseDatabase), DbUser: new("awsuser"), Sql: &statements[0],
		})
		if err != nil {
			return "", err
		}
		return awsapi.Val(out.Id), nil
	}
	out, err := dataCall[redshiftdata.BatchExecuteStatementOutput](ctx, t, "BatchExecuteStatement", &redshiftdata.BatchExecuteStatementInput{
		ClusterIdentifier: new(warehouseCluster), Database: new(warehouseDatabase), DbUser: new("awsuser"), Sqls: statements,
	})
	if err != nil {
		return "", err
	}
	return awsapi.Val(out.Id), nil
}

// cancelStatement ends a statement that nobody waits for any more.
func (t *Target) cancelStatement(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, err := dataCall[redshiftdata.CancelStatementOutput](ctx, t, "CancelStatement", &redshiftdata.CancelStatementInput{Id: &id})
	return err
}

// warehouseCluster and warehouseDatabase are tarn's own warehouse.
const (
	warehouseCluster  = "tarn"
	warehouseDatabase = "dev"
)
