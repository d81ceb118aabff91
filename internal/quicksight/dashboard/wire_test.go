package dashboard

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/quicksight/dataset"
	"tarn/internal/quicksight/resource"
)

const (
	rootKey, rootSecret     = "AKIDROOT000000000000", "root/secret+key"
	readerKey, readerSecret = "AKIDREADER0000000000", "reader-secret"
)

// keys are the account's root key, and one of a reader who may describe one dashboard and nothing else.
type keys struct{}

func (keys) Key(_ context.Context, id, _ string) (awsapi.Key, error) {
	switch id {
	case rootKey:
		return awsapi.Key{Secret: rootSecret, Caller: awsapi.Caller{Account: account, ARN: "arn:aws:iam::" + account + ":root", Root: true}}, nil
	case readerKey:
		return awsapi.Key{Secret: readerSecret, Caller: awsapi.Caller{Account: account, ARN: "arn:aws:iam::" + account + ":user/reader"}}, nil
	}
	return awsapi.Key{}, awsapi.ErrNoKey
}

func (keys) Authorize(_ context.Context, c awsapi.Caller, need awsapi.Access) error {
	if c.Root || need.Action == "quicksight:DescribeDashboard" && need.Resource == "arn:aws:quicksight:us-east-1:"+account+":dashboard/delays" {
		return nil
	}
	return awsapi.AccessDenied(c, need.Action, need.Resource)
}

// sets gives the data sets' service another name beside the dashboards'.
type sets = dataset.Service

type unimplemented struct{ quicksight.Unimplemented }

// TestClients drives the operations with boto3, and the AWS CLI where it is installed; its tests are those of unittest.
func TestClients(t *testing.T) {
	w := newWorld(t)
	server := awsapi.NewServer(awsapi.Config{Auth: keys{}, Authz: keys{}, Domains: []string{"localhost"}, Now: time.Now, Rand: rand.Reader, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	server.Register(awsapi.Registration{Model: quicksight.Model, Access: resource.Access, Service: struct {
		*sets
		*Service
		unimplemented
	}{sets: w.sets, Service: w.Service}})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &http.Server{Handler: server}
	go h.Serve(l)
	defer h.Close()
	python := "python3"
	if p := os.Getenv("TARN_TEST_PYTHON"); p != "" {
		python = p
	}
	if out, err := exec.Command(python, "-c", "import boto3").CombinedOutput(); err != nil {
		t.Fatalf("%s has no boto3: %v\n%s\nset TARN_TEST_PYTHON to one that has it", python, err, out)
	}
	definition := filepath.Join(t.TempDir(), "delays.json")
	if err := os.WriteFile(definition, example(t, "boto3"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "testdata/clients.py")
	cmd.Env = append(os.Environ(), "TARN_ENDPOINT=http://"+l.Addr().String(), "DEFINITION="+definition, "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_DEFAULT_REGION=us-east-1", "ROOT_KEY="+rootKey, "ROOT_SECRET="+rootSecret, "READER_KEY="+readerKey, "READER_SECRET="+readerSecret)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
