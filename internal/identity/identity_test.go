package identity_test

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tarn/api/iam"
	"tarn/api/sts"
	"tarn/internal/awsapi"
	"tarn/internal/identity"
	"tarn/internal/meta/sqlite"
)

type clock struct{ t time.Time }

func open(t *testing.T) (*identity.Directory, context.Context, *clock, string) {
	dir := t.TempDir()
	store, err := sqlite.Open(filepath.Join(dir, "tarn.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	c := &clock{time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
	d, err := identity.Open(t.Context(), identity.Options{Store: store, Dir: filepath.Join(dir, "keys"), Account: "000000000000", Region: "us-east-1", Now: func() time.Time { return c.t }, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	return d, awsapi.WithCaller(t.Context(), d.RootCaller()), c, dir
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// as is a context in which a key's owner acts.
func as(t *testing.T, d *identity.Directory, id, token string) context.Context {
	k, err := d.Key(t.Context(), id, token)
	if err != nil {
		t.Fatal(err)
	}
	k.Caller.AccessKeyID = id
	return awsapi.WithCaller(t.Context(), k.Caller)
}

func may(t *testing.T, d *identity.Directory, ctx context.Context, action, resource string, want bool) {
	t.Helper()
	err := d.Authorize(ctx, awsapi.CallerFrom(ctx), awsapi.Access{Action: action, Resource: resource})
	if (err == nil) != want {
		t.Errorf("%s on %s: %v, want allowed=%v", action, resource, err, want)
	}
	if err != nil && !awsapi.IsCode(err, "AccessDeniedException") {
		t.Errorf("refused with %v", err)
	}
}

func TestAKeyIsLimitedByItsPolicies(t *testing.T) {
	d, root, _, dir := open(t)
	must(d.CreateUser(root, &iam.CreateUserInput{UserName: new("ana")}))
	key := must(d.CreateAccessKey(root, &iam.CreateAccessKeyInput{UserName: new("ana")})).AccessKey
	ana := as(t, d, *key.AccessKeyId, "")
	may(t, d, ana, "s3:GetObject", "arn:aws:s3:::lake/x", false)
	must(d.PutUserPolicy(root, &iam.PutUserPolicyInput{UserName: new("ana"), PolicyName: new("p"), PolicyDocument: new(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["s3:Get*","s3:ListBucket"],"Resource":["arn:aws:s3:::lake","arn:aws:s3:::lake/*"]},
		{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::lake/secret/*"}]}`)}))
	may(t, d, ana, "s3:GetObject", "arn:aws:s3:::lake/x", true)
	may(t, d, ana, "S3:getobject", "arn:aws:s3:::lake/x", true)
	may(t, d, ana, "s3:GetObject", "arn:aws:s3:::lake/secret/x", false)
	may(t, d, ana, "s3:PutObject", "arn:aws:s3:::lake/x", false)
	may(t, d, ana, "s3:GetObject", "arn:aws:s3:::lakes/x", false)
	may(t, d, root, "s3:PutObject", "arn:aws:s3:::lake/x", true)
	must(d.UpdateAccessKey(root, &iam.UpdateAccessKeyInput{AccessKeyId: key.AccessKeyId, Status: new("Inactive")}))
	if _, err := d.Key(t.Context(), *key.AccessKeyId, ""); !errors.Is(err, awsapi.ErrNoKey) {
		t.Errorf("an inactive key was answered with %v", err)
	}
	for _, f := range must(filepath.Glob(filepath.Join(dir, "tarn.db*"))) {
		if b := must(os.ReadFile(f)); strings.Contains(string(b), *key.SecretAccessKey) {
			t.Errorf("%s holds a secret in the clear", f)
		}
	}
	if st := must(os.Stat(filepath.Join(dir, "keys", "root.json"))); st.Mode().Perm() != 0o600 {
		t.Errorf("the root key's file has mode %v", st.Mode())
	}
}

func TestWhatAPolicyCannotEnforceIsRefused(t *testing.T) {
	d, root, _, _ := open(t)
	must(d.CreateUser(root, &iam.CreateUserInput{UserName: new("u")}))
	for _, doc := range []string{
		`{`, `{"Statement":[]}`, `{"Statement":{"Effect":"Maybe","Action":"*","Resource":"*"}}`,
		`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"s3:ExistingObjectTag/a":"true"}}}}`,
		`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringSounds":{"aws:username":"true"}}}}`,
		`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"here"}}}}`,
		`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringLike":{"aws:username":[]}}}}`,
		`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":[]}}`,
		`{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Conditions":{}}}`, `{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Conditions":{}}]}`,
		`{"Version":"2020-01-01","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`,
		`{"Statement":{"Effect":"Allow","Action":"GetObject","Resource":"*"}}`, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"lake/*"}}`,
		`{"Statement":{"Effect":"Allow","Action":"*"}}`, `{"Statement":{"Effect":"Allow","Resource":"*"}}`,
	} {
		_, err := d.PutUserPolicy(root, &iam.PutUserPolicyInput{UserName: new("u"), PolicyName: new("p"), PolicyDocument: &doc})
		if !awsapi.IsCode(err, "MalformedPolicyDocument") {
			t.Errorf("%s was answered with %v", doc, err)
		}
	}
}

func TestRolesAndSessions(t *testing.T) {
	d, root, now, _ := open(t)
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"sts:AssumeRole"}]}`
	role := must(d.CreateRole(root, &iam.CreateRoleInput{RoleName: new("reader"), AssumeRolePolicyDocument: &trust})).Role
	must(d.PutRolePolicy(root, &iam.PutRolePolicyInput{RoleName: new("reader"), PolicyName: new("p"), PolicyDocument: new(`{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}`)}))
	out := must(d.AssumeRole(root, &sts.AssumeRoleInput{RoleArn: role.Arn, RoleSessionName: new("s1")}))
	c := out.Credentials
	s := as(t, d, *c.AccessKeyId, *c.SessionToken)
	may(t, d, s, "s3:GetObject", "arn:aws:s3:::b/k", true)
	may(t, d, s, "s3:PutObject", "arn:aws:s3:::b/k", false)
	if arn := awsapi.CallerFrom(s).ARN; arn != "arn:aws:sts::000000000000:assumed-role/reader/s1" {
		t.Errorf("the session is %s", arn)
	}
	if _, err := d.Key(t.Context(), *c.AccessKeyId, "wrong"); !errors.Is(err, awsapi.ErrNoKey) {
		t.Errorf("a wrong token was answered with %v", err)
	}
	now.t = now.t.Add(61 * time.Minute)
	if _, err := d.Key(t.Context(), *c.AccessKeyId, *c.SessionToken); !errors.Is(err, awsapi.ErrExpired) {
		t.Errorf("an expired session was answered with %v", err)
	}
	may(t, d, s, "s3:GetObject", "arn:aws:s3:::b/k", false)
	if _, err := d.AssumeRole(root, &sts.AssumeRoleInput{RoleArn: new("arn:aws:iam::000000000000:role/nobody"), RoleSessionName: new("s")}); !awsapi.IsCode(err, "AccessDeniedException") {
		t.Errorf("an unknown role was answered with %v", err)
	}
}

func TestAnUnknownRoleNeverGainsRights(t *testing.T) {
	d, root, _, _ := open(t)
	must(d.CreateUser(root, &iam.CreateUserInput{UserName: new("ana")}))
	key := must(d.CreateAccessKey(root, &iam.CreateAccessKeyInput{UserName: new("ana")})).AccessKey
	must(d.PutUserPolicy(root, &iam.PutUserPolicyInput{UserName: new("ana"), PolicyName: new("p"), PolicyDocument: new(`{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::mine/*"}}`)}))
	ana := as(t, d, *key.AccessKeyId, "")
	s := must(d.Issue(ana, "arn:aws:iam::000000000000:role/AdminOnAWS", "job", "jr_1", time.Hour))
	run := awsapi.WithCaller(t.Context(), s.Caller)
	may(t, d, run, "s3:GetObject", "arn:aws:s3:::mine/x", true)
	may(t, d, run, "s3:GetObject", "arn:aws:s3:::other/x", false)
	if err := d.Revoke(t.Context(), "jr_1"); err != nil {
		t.Fatal(err)
	}
	may(t, d, run, "s3:GetObject", "arn:aws:s3:::mine/x", false)
	if _, err := d.Key(t.Context(), s.AccessKeyID, s.SessionToken); !errors.Is(err, awsapi.ErrNoKey) {
		t.Errorf("a revoked key was answered with %v", err)
	}
}
