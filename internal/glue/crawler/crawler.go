// Package crawler is Glue's crawlers and classifiers: it reads what lies under S3 targets, infers formats, columns and
// partitions, and brings the catalog in line with that.
//
// It owns the kinds glue.crawler, glue.crawl, glue.crawl.file and glue.classifier, and the state machine of a crawl.
// It owns neither the objects, nor the catalog, nor the log: those come through Lake, Catalog and Log. What a file is,
// and what its types are, is in the packages classify and schema; which folders become which tables is in layout.go.
package crawler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"time"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/glue/catalog"
	"tarn/internal/meta"
)

// Kinds of documents. All keys start with the account.
const (
	KindCrawler    = "glue.crawler"    // account, crawler
	KindCrawl      = "glue.crawl"      // account, crawler, start (newest first), id
	kindFile       = "glue.crawl.file" // account, crawler, bucket, key
	kindClassifier = "glue.classifier" // account, classifier
)

// LogGroup is where crawls write; the stream is the crawler's name.
const LogGroup = "/aws-glue/crawlers"

// Object is a key in a listing.
type Object struct {
	Key          string
	Size         int64
	ETag         string
	LastModified time.Time
}

// File is an object that stays as it was when it was opened.
type File interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Lake reads objects for the caller in ctx, with that caller's rights.
type Lake interface {
	List(ctx context.Context, bucket, prefix string) iter.Seq2[Object, error] // in the order of keys
	Open(ctx context.Context, bucket, key string) (File, error)
}

// Catalog is what a crawl reads and writes; *catalog.Service.
type Catalog interface {
	GetDatabase(context.Context, *glue.GetDatabaseInput) (*glue.GetDatabaseOutput, error)
	CreateDatabase(context.Context, *glue.CreateDatabaseInput) (*glue.CreateDatabaseOutput, error)
	GetTables(context.Context, *glue.GetTablesInput) (*glue.GetTablesOutput, error)
	GetPartitions(context.Context, *glue.GetPartitionsInput) (*glue.GetPartitionsOutput, error)
	Apply(context.Context, catalog.Batch) error
}

// Roles lets a crawl act as its role.
type Roles interface {
	// Assume returns a context that acts as the role, for the caller in ctx, and what ends that. owner is the crawl.
	Assume(ctx context.Context, role, owner string) (context.Context, func(), error)
	// Authorize decides whether the caller in ctx may do an action on a resource.
	Authorize(ctx context.Context, action, resource string) error
}

// Config is what a Service needs.
type Config struct {
	Store   meta.Store
	Catalog Catalog
	Lake    Lake
	Roles   Roles
	// Log takes a line of a log stream. The account is the caller's in ctx.
	Log   func(ctx context.Context, group, stream, message string)
	Now   func() time.Time
	NewID func() string // of a crawl: a UUID
}

// Service implements the crawlers' part of Glue's API and runs the crawls.
type Service struct {
	Config
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	running map[runKey]*run
	wake    chan struct{} // the schedules changed
	pruned  time.Time     // when histories were looked at last; of keepSchedules alone
}

// runKey names a crawler; one crawl of it runs at a time.
type runKey struct{ account, crawler string }

// run is a crawl in this process.
type run struct {
	cancel  context.CancelFunc
	stopped bool // by StopCrawler
	done    chan struct{}
	mu      sync.Mutex
	files   int // to read
	read    int
	listed  bool
	began   time.Time
}

// New makes a Service. Nothing runs before Recover.
func New(c Config) *Service {
	s := &Service{Config: c, running: map[runKey]*run{}, wake: make(chan struct{}, 1)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// Close stops the crawls that run. What they were is stored, so that Recover begins them again.
func (s *Service) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.wg.Wait()
	return nil
}

// crawlerDoc is a crawler as it is stored.
type crawlerDoc struct {
	Crawler glue.Crawler
	Region  string
	// Current is the crawl that runs; it decides State.
	Current *crawlDoc `json:",omitzero"`
	// LastFiring is when the schedule fired last.
	LastFiring time.Time     `json:",omitzero"`
	Caller     awsapi.Caller // who made or changed it last: scheduled crawls run on their behalf
	Tables     tableCounts
}

// tableCounts are the cumulative figures of GetCrawlerMetrics.
type tableCounts struct{ Created, Updated, Deleted int32 }

// crawlDoc is one crawl as it is stored.
type crawlDoc struct {
	ID     string
	State  string // CrawlerHistoryState
	Start  time.Time
	End    time.Time `json:",omitzero"`
	Error  string    `json:",omitzero"`
	Caller awsapi.Caller
	// Summary counts what was written.
	Summary Summary `json:",omitzero"`
}

func callerOf(ctx context.Context) (awsapi.Caller, error) {
	c := awsapi.CallerFrom(ctx)
	if c.Account == "" {
		return c, errors.New("a crawler was called on behalf of nobody")
	}
	// The session's token is a secret, and of no use later.
	c.SessionToken = ""
	return c, nil
}

func notFound(name string) error { return glue.EntityNotFoundException("Crawler %s not found.", name) }

func getCrawler(tx meta.Tx, account, name string) (*crawlerDoc, error) {
	var d crawlerDoc
	err := tx.Get(KindCrawler, meta.Key{account, name}, &d)
	if errors.Is(err, meta.ErrNotFound) {
		return nil, notFound(name)
	}
	return &d, err
}

func putCrawler(tx meta.Tx, account string, d *crawlerDoc) error {
	return tx.Put(KindCrawler, meta.Key{account, *d.Crawler.Name}, d)
}

// crawlKey sorts newer crawls first.
func crawlKey(account, crawler string, c *crawlDoc) meta.Key {
	return meta.Key{account, crawler, countdown(c.Start), c.ID}
}

// countdown is the part of the keys of crawls that begin at a time.
func countdown(t time.Time) string { return fmt.Sprintf("%015d", 999999999999999-t.UnixMilli()) }

func stamp(t time.Time) *awsapi.Time {
	if t.IsZero() {
		return nil
	}
	return &awsapi.Time{Time: t.UTC()}
}
