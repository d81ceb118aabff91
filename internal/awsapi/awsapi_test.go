package awsapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"tarn/api/glue"
	"tarn/api/iam"
	"tarn/api/quicksight"
	"tarn/api/s3"
	"tarn/internal/awsapi"
)

const (
	keyID  = "AKIATEST"
	secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// oneKey knows one permanent key and one session.
type oneKey struct{}

func (oneKey) Key(_ context.Context, id, token string) (awsapi.Key, error) {
	switch {
	case id == keyID && token == "":
		return awsapi.Key{Secret: secret, Caller: awsapi.Caller{Account: "000000000000", ARN: "arn:aws:iam::000000000000:user/ana"}}, nil
	case id == "ASIATEST" && token == "token":
		return awsapi.Key{Secret: secret, Caller: awsapi.Caller{Account: "000000000000", ARN: "arn:aws:sts::000000000000:assumed-role/r/s"}}, nil
	case id == "ASIAOLD":
		return awsapi.Key{}, awsapi.ErrExpired
	}
	return awsapi.Key{}, awsapi.ErrNoKey
}

// policy refuses actions by name.
type policy map[string]bool

func (p policy) Authorize(_ context.Context, c awsapi.Caller, need awsapi.Access) error {
	if p[need.Action] {
		return awsapi.AccessDenied(c, need.Action, need.Resource)
	}
	return nil
}

type glueAPI struct {
	glue.Unimplemented
	got *glue.CreateTableInput
}

func (g *glueAPI) CreateTable(ctx context.Context, in *glue.CreateTableInput) (*glue.CreateTableOutput, error) {
	g.got = in
	if awsapi.CallerFrom(ctx).Region != "eu-west-1" {
		return nil, errors.New("the region of the signature is lost")
	}
	return &glue.CreateTableOutput{}, nil
}

func (g *glueAPI) GetTables(context.Context, *glue.GetTablesInput) (*glue.GetTablesOutput, error) {
	return &glue.GetTablesOutput{TableList: []*glue.Table{}}, nil
}

func (g *glueAPI) GetDatabase(context.Context, *glue.GetDatabaseInput) (*glue.GetDatabaseOutput, error) {
	return nil, errors.New("disk on fire at /secret/path")
}

type s3API struct {
	s3.Unimplemented
	body []byte
	in   *s3.PutObjectInput
}

func (s *s3API) PutObject(_ context.Context, in *s3.PutObjectInput) (_ *s3.PutObjectOutput, err error) {
	s.in = in
	s.body, err = io.ReadAll(in.Body)
	return &s3.PutObjectOutput{ETag: new(`"e"`)}, err
}

func (s *s3API) GetObject(_ context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	if *in.Key != "a//b c/ü+%" {
		return nil, s3.NoSuchKey("The specified key does not exist.").With("Key", *in.Key)
	}
	return &s3.GetObjectOutput{Body: io.NopCloser(strings.NewReader("content")), ContentLength: new(int64(7)), Metadata: map[string]string{"who": "me"}, LastModified: &awsapi.Time{Time: now}}, nil
}

func (s *s3API) DeleteObjects(_ context.Context, in *s3.DeleteObjectsInput) (*s3.DeleteObjectsOutput, error) {
	out := &s3.DeleteObjectsOutput{}
	for _, o := range in.Delete.Objects {
		out.Deleted = append(out.Deleted, &s3.DeletedObject{Key: o.Key})
	}
	return out, nil
}

func (s *s3API) GetBucketLocation(context.Context, *s3.GetBucketLocationInput) (*s3.GetBucketLocationOutput, error) {
	return &s3.GetBucketLocationOutput{LocationConstraint: new("eu-west-1")}, nil
}

type iamAPI struct{ iam.Unimplemented }

func (iamAPI) CreateUser(_ context.Context, in *iam.CreateUserInput) (*iam.CreateUserOutput, error) {
	return &iam.CreateUserOutput{User: &iam.User{UserName: in.UserName, Tags: in.Tags, CreateDate: &awsapi.Time{Time: now}}}, nil
}

type qsAPI struct{ quicksight.Unimplemented }

func (qsAPI) CreateDashboard(_ context.Context, in *quicksight.CreateDashboardInput) (*quicksight.CreateDashboardOutput, error) {
	return &quicksight.CreateDashboardOutput{DashboardId: in.DashboardId, RequestId: new(string(in.Definition)), Status: new(int32(202))}, nil
}

type fixture struct {
	glue   *glueAPI
	s3     *s3API
	log    *strings.Builder
	client *awsapi.Client
	url    string
	server *awsapi.Server
}

func serve(t *testing.T, p policy) *fixture {
	f := &fixture{glue: &glueAPI{}, s3: &s3API{}, log: &strings.Builder{}}
	s := awsapi.NewServer(awsapi.Config{Auth: oneKey{}, Authz: p, Domains: []string{"localhost"}, Now: func() time.Time { return now }, Rand: strings.NewReader(strings.Repeat("0123456789abcdef", 1000)), Log: slog.New(slog.NewTextHandler(f.log, nil))})
	s.Register(awsapi.Registration{Model: glue.Model, Service: f.glue})
	s.Register(awsapi.Registration{Model: s3.Model, Service: f.s3})
	s.Register(awsapi.Registration{Model: iam.Model, Service: iamAPI{}})
	s.Register(awsapi.Registration{Model: quicksight.Model, Service: qsAPI{}})
	f.server = s
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	f.url = srv.URL
	f.client = &awsapi.Client{Endpoint: srv.URL, Region: "eu-west-1", Credentials: awsapi.Credentials{AccessKeyID: keyID, SecretAccessKey: secret}, Now: func() time.Time { return now }}
	return f
}

func do[O any](t *testing.T, f *fixture, m *awsapi.Model, op string, in any) (*O, error) {
	t.Helper()
	out := new(O)
	return out, f.client.Do(t.Context(), m, op, in, out)
}

func TestEachProtocolRoundTrips(t *testing.T) {
	f := serve(t, nil)
	in := &glue.CreateTableInput{DatabaseName: new("db"), TableInput: &glue.TableInput{Name: new("t"), Parameters: map[string]string{"a": ""}, PartitionKeys: []*glue.Column{}, LastAccessTime: &awsapi.Time{Time: now.Add(250 * time.Millisecond)}}}
	if _, err := do[glue.CreateTableOutput](t, f, glue.Model, "CreateTable", in); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(f.glue.got, in) {
		t.Errorf("json 1.1: got %+v, sent %+v", f.glue.got.TableInput, in.TableInput)
	}
	tables, err := do[glue.GetTablesOutput](t, f, glue.Model, "GetTables", &glue.GetTablesInput{DatabaseName: new("db")})
	if err != nil || tables.TableList == nil || len(tables.TableList) != 0 {
		t.Errorf("an empty list should stay one: %+v %v", tables, err)
	}
	user, err := do[iam.CreateUserOutput](t, f, iam.Model, "CreateUser", &iam.CreateUserInput{UserName: new("bob"), Tags: []*iam.Tag{{Key: new("k"), Value: new("a=b +")}}})
	if err != nil || *user.User.UserName != "bob" || *user.User.Tags[0].Value != "a=b +" || !user.User.CreateDate.Equal(now) {
		t.Errorf("query: %+v %v", user, err)
	}
	def := `{"Sheets":[{"SheetId":"s","FutureMember":[1,{"x":null}]}],"DataSetIdentifierDeclarations":[]}`
	dash, err := do[quicksight.CreateDashboardOutput](t, f, quicksight.Model, "CreateDashboard", &quicksight.CreateDashboardInput{AwsAccountId: new("000000000000"), DashboardId: new("d-1"), Name: new("n"), Definition: json.RawMessage(def)})
	if err != nil || *dash.RequestId != def || *dash.DashboardId != "d-1" || *dash.Status != 202 {
		t.Errorf("rest-json: %+v %v", dash, err)
	}
	if _, err := do[s3.PutObjectOutput](t, f, s3.Model, "PutObject", &s3.PutObjectInput{Bucket: new("bucket"), Key: new("a//b c/ü+%"), Body: strings.NewReader("hello"), ContentLength: new(int64(5)), Metadata: map[string]string{"color": "blue"}}); err != nil {
		t.Fatal(err)
	}
	if string(f.s3.body) != "hello" || *f.s3.in.Key != "a//b c/ü+%" || f.s3.in.Metadata["color"] != "blue" {
		t.Errorf("rest-xml: %q %q", f.s3.body, *f.s3.in.Key)
	}
	got, err := do[s3.GetObjectOutput](t, f, s3.Model, "GetObject", &s3.GetObjectInput{Bucket: new("bucket"), Key: new("a//b c/ü+%")})
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(got.Body)
	got.Body.Close()
	if err != nil || string(b) != "content" || got.Metadata["who"] != "me" || !got.LastModified.Equal(now) {
		t.Errorf("rest-xml: %q %+v %v", b, got, err)
	}
	del, err := do[s3.DeleteObjectsOutput](t, f, s3.Model, "DeleteObjects", &s3.DeleteObjectsInput{Bucket: new("bucket"), Delete: &s3.Delete{Objects: []*s3.ObjectIdentifier{{Key: new("x")}, {Key: new("y&")}}}})
	if err != nil || len(del.Deleted) != 2 || *del.Deleted[1].Key != "y&" {
		t.Errorf("rest-xml lists: %+v %v", del, err)
	}
	loc, err := do[s3.GetBucketLocationOutput](t, f, s3.Model, "GetBucketLocation", &s3.GetBucketLocationInput{Bucket: new("bucket")})
	if err != nil || awsapi.Val(loc.LocationConstraint) != "eu-west-1" {
		t.Errorf("an unwrapped answer: %+v %v", loc, err)
	}
}

func TestErrorsHaveAWSsShape(t *testing.T) {
	f := serve(t, policy{"glue:GetTables": true, "s3:GetObject": true, "iam:DeleteUser": true})
	long := strings.Repeat("x", 300)
	for _, c := range []struct {
		name, code, text string
		status           int
		call             func() error
	}{
		{"validation", "ValidationException", "3 validation errors detected: Value '" + long[:256] + "…' at 'databaseName' failed to satisfy constraint: Member must have length less than or equal to 255; Value null at 'tableInput.name' failed to satisfy constraint: Member must not be null; Value '-1' at 'tableInput.retention' failed to satisfy constraint: Member must have value greater than or equal to 0", 400, func() error {
			_, err := do[glue.CreateTableOutput](t, f, glue.Model, "CreateTable", &glue.CreateTableInput{DatabaseName: &long, TableInput: &glue.TableInput{Retention: new(int32(-1))}})
			return err
		}},
		{"json refusal", "AccessDeniedException", "is not authorized to perform: glue:GetTables", 400, func() error {
			_, err := do[glue.GetTablesOutput](t, f, glue.Model, "GetTables", &glue.GetTablesInput{DatabaseName: new("d")})
			return err
		}},
		{"xml refusal", "AccessDenied", "s3:GetObject", 403, func() error {
			_, err := do[s3.GetObjectOutput](t, f, s3.Model, "GetObject", &s3.GetObjectInput{Bucket: new("b"), Key: new("k")})
			return err
		}},
		{"query refusal", "AccessDenied", "iam:DeleteUser", 403, func() error {
			_, err := do[iam.DeleteUserOutput](t, f, iam.Model, "DeleteUser", &iam.DeleteUserInput{UserName: new("u")})
			return err
		}},
		{"not built", "NotImplemented", "operation GetJobs of Glue is not implemented", 501, func() error {
			_, err := do[glue.GetJobsOutput](t, f, glue.Model, "GetJobs", &glue.GetJobsInput{})
			return err
		}},
		{"unknown key", "UnrecognizedClientException", "security token", 400, func() error {
			f.client.Credentials.AccessKeyID = "AKIANOBODY"
			defer func() { f.client.Credentials.AccessKeyID = keyID }()
			_, err := do[glue.GetJobsOutput](t, f, glue.Model, "GetJobs", &glue.GetJobsInput{})
			return err
		}},
		{"wrong secret", "SignatureDoesNotMatch", "does not match", 403, func() error {
			f.client.Credentials.SecretAccessKey = "x"
			defer func() { f.client.Credentials.SecretAccessKey = secret }()
			_, err := do[s3.GetBucketLocationOutput](t, f, s3.Model, "GetBucketLocation", &s3.GetBucketLocationInput{Bucket: new("b")})
			return err
		}},
		{"expired session", "ExpiredToken", "expired", 403, func() error {
			f.client.Credentials.AccessKeyID = "ASIAOLD"
			defer func() { f.client.Credentials.AccessKeyID = keyID }()
			_, err := do[iam.CreateUserOutput](t, f, iam.Model, "CreateUser", &iam.CreateUserInput{UserName: new("u")})
			return err
		}},
		{"clock", "RequestTimeTooSkewed", "too large", 403, func() error {
			f.client.Now = func() time.Time { return now.Add(-16 * time.Minute) }
			defer func() { f.client.Now = func() time.Time { return now } }()
			_, err := do[s3.GetBucketLocationOutput](t, f, s3.Model, "GetBucketLocation", &s3.GetBucketLocationInput{Bucket: new("b")})
			return err
		}},
	} {
		var e *awsapi.Error
		if err := c.call(); !errors.As(err, &e) || e.Code != c.code || e.Status != c.status || !strings.Contains(e.Message, c.text) {
			t.Errorf("%s: %v (status %d), want %s %d with %q", c.name, err, awsapi.Val(e).Status, c.code, c.status, c.text)
		}
	}
}

func TestInternalErrorsStayInside(t *testing.T) {
	f := serve(t, nil)
	_, err := do[glue.GetDatabaseOutput](t, f, glue.Model, "GetDatabase", &glue.GetDatabaseInput{Name: new("d")})
	var e *awsapi.Error
	if !errors.As(err, &e) || e.Status != 500 || e.Code != "InternalServiceException" || strings.Contains(e.Message, "fire") {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(f.log.String(), "disk on fire") {
		t.Error("the log does not have the cause")
	}
}

func TestAServiceThatIsNotThereIsNamed(t *testing.T) {
	f := serve(t, nil)
	req, err := http.NewRequest("POST", f.url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Amz-Target", "AmazonAthena.ListWorkGroups")
	awsapi.Sign(req, awsapi.Credentials{AccessKeyID: keyID, SecretAccessKey: secret}, "athena", "us-east-1", "x", now)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 501 || !strings.Contains(string(b), "service athena is not implemented (operation ListWorkGroups)") {
		t.Errorf("%d %s", resp.StatusCode, b)
	}
}

func TestVirtualHostStyle(t *testing.T) {
	f := serve(t, nil)
	req, err := http.NewRequest("PUT", f.url+"/k", strings.NewReader("v"))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "mybucket.localhost"
	awsapi.Sign(req, awsapi.Credentials{AccessKeyID: keyID, SecretAccessKey: secret}, "s3", "us-east-1", "UNSIGNED-PAYLOAD", now)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 || *f.s3.in.Bucket != "mybucket" || *f.s3.in.Key != "k" {
		t.Errorf("%d %+v", resp.StatusCode, f.s3.in)
	}
}

// The example of "Signature calculations: examples", Amazon S3 API reference.
func TestSigV4AgainstAWSsExample(t *testing.T) {
	req, err := http.NewRequest("GET", "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J", nil)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)
	awsapi.Sign(req, awsapi.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}, "s3", "us-east-1", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", at)
	const want = "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
	if got := req.Header.Get("Authorization"); !strings.HasSuffix(got, "Signature="+want) {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestConsoleCallsUseTheSameAuthorisation(t *testing.T) {
	f := serve(t, policy{"glue:GetTables": true})
	ctx := awsapi.WithCaller(t.Context(), awsapi.Caller{Account: "000000000000", ARN: "arn:x", Region: "eu-west-1"})
	if _, err := f.server.Call(ctx, "glue", "GetTables", []byte(`{"DatabaseName":"d"}`)); !awsapi.IsCode(err, "AccessDeniedException") {
		t.Errorf("refused call answered %v", err)
	}
	out, err := f.server.Call(ctx, "quicksight", "CreateDashboard", []byte(`{"AwsAccountId":"000000000000","DashboardId":"d","Name":"n","Definition":{"a":1}}`))
	if err != nil || !strings.Contains(string(out), `"DashboardId":"d"`) {
		t.Errorf("%s %v", out, err)
	}
	if _, err := f.server.Call(ctx, "glue", "CreateTable", []byte(`{}`)); !awsapi.IsCode(err, "ValidationException") {
		t.Errorf("invalid input answered %v", err)
	}
}
