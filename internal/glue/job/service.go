package job

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"tarn/internal/awsapi"
	"tarn/internal/meta"
)

// Credentials are a run's temporary keys and who they belong to.
type Credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	Expires                                    time.Time
	Caller                                     awsapi.Caller
}

// Roles issues temporary credentials.
type Roles interface {
	// Issue makes credentials of a role for the work of owner, on behalf of the caller in ctx.
	Issue(ctx context.Context, roleARN, name, owner string, ttl time.Duration) (Credentials, error)
	// Revoke ends all credentials that were issued for owner.
	Revoke(ctx context.Context, owner string) error
}

// Lake reads and writes small objects with the rights of the caller in ctx. A missing key is NoSuchKey.
type Lake interface {
	ReadObject(ctx context.Context, bucket, key string) ([]byte, error)
	WriteObject(ctx context.Context, bucket, key string, data []byte) error
	DeleteObject(ctx context.Context, bucket, key string) error
}

// Logs opens a stream of a log group for appending, making both where they are missing. What is written is split
// into lines; Close ends the stream for those who follow it.
type Logs interface {
	Stream(account, group, stream string) (io.WriteCloser, error)
}

// RunRequest is a run of a native step.
type RunRequest struct {
	JobName, RunID string
	// Marker is the word behind "# tarn:", such as "sql" or "load".
	Marker    string
	Script    []byte
	Arguments map[string]string
	// TempDir is a local folder of this run alone.
	TempDir        string
	Stdout, Stderr io.Writer
}

// Result is what a native step says of itself.
type Result struct {
	Rows int64
}

// Native runs a script whose first line is `# tarn:MARKER v1`, without Python. ctx carries the role as caller and ends
// when the run is stopped.
type Native interface {
	Run(ctx context.Context, r RunRequest) (Result, error)
}

// Options are what a Service works with.
type Options struct {
	Store  meta.Store
	Roles  Roles
	Lake   Lake
	Logs   Logs
	Native Native // nil: native steps run as Python
	// Data is the data folder: runs/, envs/ and tmp/ below it are used.
	Data string
	// Endpoint is where jobs reach the AWS APIs.
	Endpoint func() string
	// Environment is a ready Spark environment (py/, jars/) to use in place of installing one.
	Environment string
	// NoSpark refuses Spark jobs: whoever says so wants neither the memory nor the installation.
	NoSpark bool
	// SparkMemory is the heap of the Spark server, as Java writes it ("2g"); empty: a quarter of the machine's.
	SparkMemory string
	Now         func() time.Time
	Rand        io.Reader
	Log         *slog.Logger
}

// Service answers Glue's job operations and runs the jobs.
type Service struct {
	o   Options
	env *environments

	spark  *sparkServer
	sparkR *runner
	pyR    *runner

	mu      sync.Mutex
	running map[string]*execution // by run id
	closing bool
	wg      sync.WaitGroup
	ctx     context.Context
	cancel  context.CancelCauseFunc
}

// New makes a Service; Start takes up what was left unfinished.
func New(o Options) (*Service, error) {
	if o.Store == nil || o.Roles == nil || o.Lake == nil || o.Logs == nil || o.Endpoint == nil || o.Now == nil || o.Rand == nil || o.Log == nil {
		return nil, fmt.Errorf("job: incomplete options")
	}
	data, err := filepath.Abs(o.Data)
	if err != nil {
		return nil, err
	}
	o.Data = data
	s := &Service{o: o, running: map[string]*execution{}}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	s.env = &environments{dir: filepath.Join(data, "envs"), given: o.Environment}
	s.spark = &sparkServer{svc: s}
	s.sparkR = &runner{svc: s, kind: "spark"}
	s.pyR = &runner{svc: s, kind: "python"}
	return s, nil
}

// Start ends what a killed predecessor left running, and settles its runs.
func (s *Service) Start(ctx context.Context) error { return s.recover(ctx) }

// Prewarm installs and starts what Spark jobs need, so that the first one need not wait.
func (s *Service) Prewarm(ctx context.Context, progress func(string)) error {
	if _, err := s.spark.ready(ctx, progress); err != nil {
		return err
	}
	return s.sparkR.ready(ctx, progress)
}

var errStopping = fmt.Errorf("tarn was stopped while the run was going on")

// Close ends all runs, marks them failed, and ends the processes.
func (s *Service) Close() error {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	s.cancel(errStopping)
	s.wg.Wait()
	s.sparkR.close()
	s.pyR.close()
	s.spark.close()
	return nil
}
