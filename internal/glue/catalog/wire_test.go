package catalog_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tarn/api/glue"
	s3api "tarn/api/s3"
	"tarn/internal/awsapi"
	"tarn/internal/glue/catalog"
	"tarn/internal/identity"
	"tarn/internal/meta/sqlite"
	"tarn/internal/s3"
)

type (
	glueRest struct{ glue.Unimplemented }
	glueAPI  struct {
		*catalog.Service
		glueRest
	}
	s3Rest struct{ s3api.Unimplemented }
	s3API  struct {
		*s3.Service
		s3Rest
	}
)

// TestClients drives the catalog by boto3, awswrangler and pyiceberg. TARN_TEST_PYTHON is a Python that has them.
func TestClients(t *testing.T) {
	python := os.Getenv("TARN_TEST_PYTHON")
	if python == "" {
		python = "python3"
	}
	if out, err := exec.Command(python, "-c", "import boto3, awswrangler, pyiceberg, pyarrow").CombinedOutput(); err != nil {
		t.Fatalf("%s lacks the clients: %v\n%s\nset TARN_TEST_PYTHON to one with boto3, awswrangler and pyiceberg[glue,pyarrow]", python, err, out)
	}
	dir := t.TempDir()
	ctx := context.Background()
	store, err := sqlite.Open(filepath.Join(dir, "meta.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	who, err := identity.Open(ctx, identity.Options{Store: store, Dir: filepath.Join(dir, "keys"), Account: "000000000000", Region: "us-east-1", Now: time.Now, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	lake, err := s3.Open(ctx, s3.Options{Dir: filepath.Join(dir, "objects"), Now: time.Now, Rand: rand.Reader, Logger: log, Region: "us-east-1", Keys: who,
		Authorize: func(ctx context.Context, action, resource string) error {
			return who.Authorize(ctx, awsapi.CallerFrom(ctx), awsapi.Access{Action: action, Resource: resource})
		}})
	if err != nil {
		t.Fatal(err)
	}
	defer lake.Close()
	aws := awsapi.NewServer(awsapi.Config{Auth: who, Authz: who, Domains: []string{"localhost"}, Now: time.Now, Rand: rand.Reader, Log: log})
	aws.Register(awsapi.Registration{Model: s3api.Model, Service: s3API{Service: lake}, Access: identity.S3Access})
	aws.Register(awsapi.Registration{Model: glue.Model, Access: identity.GlueAccess,
		Service: glueAPI{Service: catalog.New(catalog.Config{Store: store, Sealer: who.Sealer(), Now: time.Now})}})
	srv := httptest.NewServer(aws)
	defer srv.Close()

	cmd := exec.Command(python, filepath.Join("testdata", "clients.py"))
	cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+strings.Replace(srv.URL, "127.0.0.1", "localhost", 1), "AWS_DEFAULT_REGION=us-east-1", "AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID="+who.Root().AccessKeyID, "AWS_SECRET_ACCESS_KEY="+who.Root().SecretAccessKey, "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE="+os.DevNull)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil || !strings.HasSuffix(strings.TrimSpace(string(out)), "done") {
		t.Fatalf("the clients failed: %v", err)
	}
}
