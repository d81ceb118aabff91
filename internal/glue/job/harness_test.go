package job_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	glueapi "tarn/api/glue"
	"tarn/api/iam"
	logsapi "tarn/api/logs"
	s3api "tarn/api/s3"
	"tarn/api/sts"
	"tarn/internal/awsapi"
	"tarn/internal/glue/catalog"
	"tarn/internal/glue/job"
	"tarn/internal/identity"
	"tarn/internal/logs"
	"tarn/internal/meta"
	"tarn/internal/meta/sqlite"
	"tarn/internal/s3"
)

// rig is the services that jobs need, on a port of their own, as one process has them.
type rig struct {
	dir      string
	store    meta.Store
	who      *identity.Directory
	lake     *s3.Service
	jobs     *job.Service
	logs     *logs.Store
	endpoint string
	stop     func()
}

type (
	iamRest  struct{ iam.Unimplemented }
	stsRest  struct{ sts.Unimplemented }
	s3Rest   struct{ s3api.Unimplemented }
	glueRest struct{ glueapi.Unimplemented }
	logsRest struct{ logsapi.Unimplemented }
	iamAPI   struct {
		*identity.Directory
		iamRest
	}
	stsAPI struct {
		*identity.Directory
		stsRest
	}
	s3API struct {
		*s3.Service
		s3Rest
	}
	logsAPI struct {
		*logs.Service
		logsRest
	}
	glueAPI struct {
		*catalog.Service
		jobsAPI
		glueRest
	}
	jobsAPI = *job.Service
)

// roles adapts the directory.
type roles struct{ d *identity.Directory }

func (r roles) Issue(ctx context.Context, role, name, owner string, ttl time.Duration) (job.Credentials, error) {
	s, err := r.d.Issue(ctx, role, name, owner, ttl)
	return job.Credentials(s), err
}
func (r roles) Revoke(ctx context.Context, owner string) error { return r.d.Revoke(ctx, owner) }

// objects adapts the lake.
type objects struct{ l *s3.Lake }

func (o objects) ReadObject(ctx context.Context, bucket, key string) ([]byte, error) {
	p, err := o.l.Open(ctx, bucket, key)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	return os.ReadFile(p.Path)
}

func (o objects) WriteObject(ctx context.Context, bucket, key string, data []byte) error {
	f, err := os.CreateTemp(o.l.TempDir(), "object-")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	_, err = o.l.Put(ctx, bucket, key, f.Name())
	return err
}

func (o objects) DeleteObject(ctx context.Context, bucket, key string) error {
	return o.l.Delete(ctx, bucket, key)
}

func open(t testing.TB, dir, addr string, native job.Native) *rig {
	t.Helper()
	ctx := context.Background()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	r := &rig{dir: dir}
	var err error
	check := func() {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	r.store, err = sqlite.Open(filepath.Join(dir, "tarn.db"))
	check()
	r.who, err = identity.Open(ctx, identity.Options{Store: r.store, Dir: filepath.Join(dir, "keys"), Account: "000000000000", Region: "us-east-1", DevKey: "test:testtesttest", Now: time.Now, Rand: rand.Reader})
	check()
	authorize := func(ctx context.Context, action, resource string) error {
		return r.who.Authorize(ctx, awsapi.CallerFrom(ctx), awsapi.Access{Action: action, Resource: resource})
	}
	r.lake, err = s3.Open(ctx, s3.Options{Dir: filepath.Join(dir, "objects"), Now: time.Now, Rand: rand.Reader, Logger: log, Region: "us-east-1", Authorize: authorize, Keys: r.who})
	check()
	cat := catalog.New(catalog.Config{Store: r.store, Sealer: r.who.Sealer(), Now: time.Now})
	r.logs, err = logs.Open(filepath.Join(dir, "runs", "logs"), time.Now)
	check()
	l, err := net.Listen("tcp", addr)
	check()
	r.endpoint = "http://localhost:" + port(l)
	r.jobs, err = job.New(job.Options{Store: r.store, Roles: roles{r.who}, Lake: objects{r.lake.Lake()}, Logs: r.logs, Native: native, Data: dir,
		Endpoint: func() string { return r.endpoint }, Environment: os.Getenv("TARN_SPARK_ENV"), SparkMemory: "1500m", Now: time.Now, Rand: rand.Reader, Log: log})
	check()
	aws := awsapi.NewServer(awsapi.Config{Auth: r.who, Authz: r.who, Domains: []string{"localhost"}, Now: time.Now, Rand: rand.Reader, Log: log})
	aws.Register(awsapi.Registration{Model: iam.Model, Service: iamAPI{Directory: r.who}})
	aws.Register(awsapi.Registration{Model: sts.Model, Service: stsAPI{Directory: r.who}, Access: identity.STSAccess})
	aws.Register(awsapi.Registration{Model: s3api.Model, Service: s3API{Service: r.lake}, Access: identity.S3Access, Form: r.lake.PostObject})
	aws.Register(awsapi.Registration{Model: glueapi.Model, Service: glueAPI{Service: cat, jobsAPI: r.jobs}, Access: identity.GlueAccess})
	aws.Register(awsapi.Registration{Model: logsapi.Model, Service: logsAPI{Service: logs.NewService(r.logs)}})
	srv := &http.Server{Handler: aws}
	go func() { _ = srv.Serve(l) }()
	if err = r.jobs.Start(ctx); err != nil {
		t.Fatal(err)
	}
	r.stop = func() {
		_ = r.jobs.Close()
		_ = srv.Close()
		_ = r.lake.Close()
		_ = r.store.Close()
	}
	return r
}

func port(l net.Listener) string {
	_, p, _ := net.SplitHostPort(l.Addr().String())
	return p
}

// root is a context of the account's root.
func (r *rig) root() context.Context {
	return awsapi.WithCaller(context.Background(), r.who.RootCaller())
}
