package s3_test

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	api "tarn/api/s3"
	"tarn/internal/awsapi"
	"tarn/internal/identity"
	"tarn/internal/s3"
)

const (
	rootKey, rootSecret   = "AKIDROOT000000000000", "root/secret+key"
	otherKey, otherSecret = "AKIDOTHER00000000000", "other-secret"
	guestKey, guestSecret = "AKIDGUEST00000000000", "guest-secret"
)

// keys are two accounts' root keys, and a guest of the first account who may do nothing under private/, and may not
// list buckets named private-list-.
type keys struct{}

func (keys) Key(_ context.Context, id, _ string) (awsapi.Key, error) {
	switch id {
	case rootKey:
		return awsapi.Key{Secret: rootSecret, Caller: awsapi.Caller{Account: "000000000000", ARN: "arn:aws:iam::000000000000:root", Root: true}}, nil
	case otherKey:
		return awsapi.Key{Secret: otherSecret, Caller: awsapi.Caller{Account: "111111111111", ARN: "arn:aws:iam::111111111111:root", Root: true}}, nil
	case guestKey:
		return awsapi.Key{Secret: guestSecret, Caller: awsapi.Caller{Account: "000000000000", ARN: "arn:aws:iam::000000000000:user/guest"}}, nil
	}
	return awsapi.Key{}, awsapi.ErrNoKey
}

func (keys) Authorize(_ context.Context, c awsapi.Caller, need awsapi.Access) error {
	if !c.Root && (strings.Contains(need.Resource, "/private/") || need.Action == "s3:ListBucket" && strings.Contains(need.Resource, ":private-list-")) {
		return awsapi.AccessDenied(c, need.Action, need.Resource)
	}
	return nil
}

type unimplemented struct{ api.Unimplemented }

// serve starts the lake behind a real listener and answers its address.
func serve(t testing.TB, dir string) (endpoint string, s *s3.Service) {
	t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	authorize := func(ctx context.Context, action, resource string) error {
		return keys{}.Authorize(ctx, awsapi.CallerFrom(ctx), awsapi.Access{Action: action, Resource: resource})
	}
	s, err := s3.Open(t.Context(), s3.Options{Dir: dir, Logger: log, Keys: keys{}, Authorize: authorize})
	if err != nil {
		t.Fatal(err)
	}
	server := awsapi.NewServer(awsapi.Config{Auth: keys{}, Authz: keys{}, Domains: []string{"localhost"}, Now: time.Now, Rand: rand.Reader, Log: log})
	server.Register(awsapi.Registration{Model: api.Model, Access: identity.S3Access, Form: s.PostObject, Document: s.CheckDocument, Service: struct {
		*s3.Service
		unimplemented
	}{Service: s}})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &http.Server{Handler: server}
	go h.Serve(l)
	t.Cleanup(func() {
		h.Close()
		s.Close()
	})
	return "http://" + l.Addr().String(), s
}

// python is the interpreter that has boto3.
func python() string {
	if p := os.Getenv("TARN_TEST_PYTHON"); p != "" {
		return p
	}
	return "python3"
}

// TestClients drives the lake with boto3, the AWS CLI where it is installed, and hand-made requests. See the file for
// what it holds; its tests are those of unittest.
func TestClients(t *testing.T) {
	if out, err := exec.Command(python(), "-c", "import boto3").CombinedOutput(); err != nil {
		t.Fatalf("%s has no boto3: %v\n%s\nset TARN_TEST_PYTHON to one that has it", python(), err, out)
	}
	endpoint, _ := serve(t, t.TempDir())
	cmd := exec.CommandContext(t.Context(), python(), "testdata/clients.py")
	cmd.Env = append(os.Environ(), "TARN_ENDPOINT="+endpoint, "TARN_TMP="+t.TempDir(), "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_DEFAULT_REGION=us-east-1", "ROOT_KEY="+rootKey, "ROOT_SECRET="+rootSecret, "OTHER_KEY="+otherKey,
		"OTHER_SECRET="+otherSecret, "GUEST_KEY="+guestKey, "GUEST_SECRET="+guestSecret)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
