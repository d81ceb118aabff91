package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	glueapi "tarn/api/glue"
	"tarn/api/iam"
	logsapi "tarn/api/logs"
	qsapi "tarn/api/quicksight"
	redshiftapi "tarn/api/redshift"
	"tarn/api/redshiftdata"
	s3api "tarn/api/s3"
	"tarn/api/scheduler"
	"tarn/api/secretsmanager"
	"tarn/api/sts"
	"tarn/internal/awsapi"
	"tarn/internal/console"
	"tarn/internal/engine"
	"tarn/internal/glue/catalog"
	"tarn/internal/glue/crawler"
	"tarn/internal/glue/job"
	"tarn/internal/glue/job/sqljob"
	"tarn/internal/glue/workflow"
	"tarn/internal/identity"
	"tarn/internal/logs"
	"tarn/internal/meta"
	"tarn/internal/meta/sqlite"
	"tarn/internal/quicksight/dashboard"
	"tarn/internal/quicksight/dataset"
	"tarn/internal/quicksight/resource"
	redshift "tarn/internal/redshift/api"
	"tarn/internal/redshift/warehouse"
	"tarn/internal/redshift/wire"
	"tarn/internal/s3"
	"tarn/internal/server"
	"tarn/internal/table"
	"tarn/web"
)

// wiring holds the parts while they are put together. Parts start in the order
// of parts(), so each finds what it needs already there.
type wiring struct {
	o       upOptions
	log     *slog.Logger
	api, pg []net.Listener
	srv     *server.Server
	now     func() time.Time
	stderr  io.Writer // for the progress of installations

	store      meta.Store
	who        *identity.Directory
	lake       *s3.Service
	engine     *engine.Engine
	logs       *logs.Store
	catalog    *catalog.Service
	reader     *table.Reader
	warehouse  *warehouse.Warehouse
	data       *redshift.Data
	cluster    *redshift.Cluster
	dataSets   *dataset.Service
	dashboards *dashboard.Service
	jobs       *job.Service
	crawlers   *crawler.Service
	workflows  *workflow.Service
	aws        *awsapi.Server
	console    *console.Console
}

func (w *wiring) dir(name string) string { return filepath.Join(w.o.data, name) }

// endpoint is how clients on this machine reach the APIs.
func (w *wiring) endpoint() string {
	host, _, err := net.SplitHostPort(w.o.addr)
	if err != nil || server.Loopback(w.o.addr) || host == "" || host == "0.0.0.0" || host == "::" {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port(w.api[0]))
}

func (w *wiring) consoleKey() string { return w.console.Key() }

func (w *wiring) parts() []server.Part {
	return []server.Part{
		{Name: "metadata", Start: w.startMeta, Stop: func(context.Context) error { return w.store.Close() }},
		{Name: "identity", Start: w.startIdentity},
		{Name: "lake", Start: w.startLake, Stop: func(context.Context) error { return w.lake.Close() }},
		{Name: "engine", Start: w.startEngine, Stop: func(ctx context.Context) error { return w.engine.Close(ctx) }},
		w.logging(),
		{Name: "catalog", Start: w.startCatalog},
		{Name: "warehouse", Start: w.startWarehouse},
		{Name: "redshift data", Start: w.startRedshiftData, Stop: func(ctx context.Context) error { return w.data.Close(ctx) }},
		{Name: "dashboards", Start: w.startQuickSight, Stop: func(ctx context.Context) error { return w.dataSets.Close(ctx) }},
		{Name: "jobs", Start: w.startJobs, Stop: func(context.Context) error { return w.jobs.Close() }},
		{Name: "crawlers", Start: w.startCrawlers, Stop: func(context.Context) error { return w.crawlers.Close() }},
		{Name: "workflows", Start: w.startWorkflows, Stop: func(context.Context) error { return w.workflows.Close() }},
		{Name: "apis", Start: w.startAPIs},
		w.redshift(),
		server.HTTP("listeners", w.api, http.HandlerFunc(w.route), w.log),
		{Name: "recovery", Start: w.recover},
	}
}

// redshift is the part that serves the warehouse's port.
func (w *wiring) redshift() server.Part {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	return server.Part{
		Name: "redshift",
		Start: func(context.Context) error {
			srv := &wire.Server{Backend: w.warehouse, Log: w.log}
			w.warehouse.SetControl(srv)
			for _, l := range w.pg {
				wg.Go(func() {
					if err := srv.Serve(ctx, l); err != nil {
						w.log.Error("listener ended", "address", l.Addr().String(), "error", err)
					}
				})
			}
			return nil
		},
		Stop: func(context.Context) error {
			cancel()
			wg.Wait()
			return nil
		},
	}
}

// recover takes up what a killed predecessor left unfinished, once everything
// that it may need can be reached.
func (w *wiring) recover(ctx context.Context) error {
	if err := w.jobs.Start(ctx); err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	if err := w.crawlers.Recover(ctx); err != nil {
		return fmt.Errorf("crawlers: %w", err)
	}
	if err := w.workflows.Recover(ctx); err != nil {
		return fmt.Errorf("workflows: %w", err)
	}
	if w.o.spark == "warm" {
		go func() {
			if err := w.jobs.Prewarm(ctx, func(line string) { fmt.Fprintln(w.stderr, line) }); err != nil && ctx.Err() == nil {
				w.log.Error("Spark did not start", "error", err)
			}
		}()
	}
	return nil
}

func (w *wiring) startMeta(context.Context) (err error) {
	w.store, err = sqlite.Open(w.dir("tarn.db"))
	return err
}

func (w *wiring) startIdentity(ctx context.Context) (err error) {
	w.who, err = identity.Open(ctx, identity.Options{Store: w.store, Dir: w.dir("keys"), Account: w.o.account, Region: w.o.region, DevKey: w.o.devKey, Now: w.now, Rand: rand.Reader})
	return err
}

// authorize is how services ask whether the caller of ctx may.
func (w *wiring) authorize(ctx context.Context, action, resource string) error {
	return w.who.Authorize(ctx, awsapi.CallerFrom(ctx), awsapi.Access{Action: action, Resource: resource})
}

func (w *wiring) startLake(ctx context.Context) (err error) {
	w.lake, err = s3.Open(ctx, s3.Options{
		Dir: w.dir("objects"), Now: w.now, Rand: rand.Reader, Logger: w.log, Region: w.o.region, Authorize: w.authorize, Keys: w.who,
	})
	return err
}

func (w *wiring) startEngine(context.Context) (err error) {
	memory, err := parseSize(w.o.memory)
	if err != nil {
		return err
	}
	w.engine, err = engine.Open(engine.Options{
		TempDir: w.dir("tmp/spill"), MemoryLimit: memory,
		AllowedDirectories: []string{w.dir("warehouse"), w.dir("spice"), w.scans(), w.lake.Lake().TempDir()},
	})
	return err
}

// scans is where links to the lake's files stand while a query reads them.
func (w *wiring) scans() string { return w.dir("tmp/scan") }

// logging is the part that keeps logs, for as long as their groups say.
func (w *wiring) logging() server.Part {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	return server.Part{
		Name: "logs",
		Start: func(context.Context) (err error) {
			if w.logs, err = logs.Open(w.dir("runs/logs"), w.now); err != nil {
				return err
			}
			wg.Go(func() {
				w.logs.Keep(ctx, func(err error) { w.log.Warn("old logs could not be removed; it is tried again in a day", "error", err) })
			})
			return nil
		},
		Stop: func(context.Context) error {
			cancel()
			wg.Wait()
			return nil
		},
	}
}

func (w *wiring) startCatalog(context.Context) (err error) {
	w.catalog = catalog.New(catalog.Config{Store: w.store, Sealer: w.who.Sealer(), Now: w.now})
	w.reader, err = table.NewReader(tableLake{w.lake.Lake()}, w.catalog, w.scans(), newID)
	return err
}

func (w *wiring) roles() roles { return roles{w.who, w.authorize} }

func (w *wiring) startWarehouse(ctx context.Context) (err error) {
	w.warehouse, err = warehouse.Open(ctx, warehouse.Options{
		Dir: w.dir("warehouse"), Engine: w.engine, Meta: w.store, MasterPassword: func() string { return w.who.Root().SecretAccessKey },
		Lake: warehouseLake{w.catalog, w.reader}, Files: warehouseFiles{tableLake{w.lake.Lake()}, w.reader}, Principals: w.roles(),
		Account: w.o.account, Now: w.now, Log: w.log,
	})
	return err
}

func (w *wiring) startRedshiftData(ctx context.Context) (err error) {
	o := redshift.Options{
		Warehouse: w.warehouse, Meta: w.store, Dir: w.dir("runs/statements"), Region: w.o.region, Now: w.now, Rand: rand.Reader, Log: w.log,
		Endpoint: func() (string, int) {
			n, err := strconv.Atoi(port(w.pg[0]))
			if err != nil {
				n = 0
			}
			return "localhost", n
		},
	}
	w.cluster = redshift.NewCluster(o)
	w.data, err = redshift.NewData(ctx, o)
	return err
}

func (w *wiring) startQuickSight(ctx context.Context) (err error) {
	w.dataSets, err = dataset.Open(ctx, dataset.Options{
		Store: w.store, Engine: w.engine, Dir: w.dir("spice"), Now: w.now, NewID: newID, Log: w.log,
		Sources: map[dataset.Kind]dataset.Source{dataset.Warehouse: warehouseSource{w.warehouse}, dataset.Lake: lakeSource{w.reader}},
		Login:   w.warehouseLogin,
	})
	if err != nil {
		return err
	}
	w.dashboards = dashboard.New(dashboard.Options{Store: w.store, DataSets: w.dataSets, Authorize: w.authorize, Now: w.now})
	return nil
}

// warehouseLogin checks a user's password as the wire protocol would.
func (w *wiring) warehouseLogin(ctx context.Context, _, user, password string) error {
	verifiers, err := w.warehouse.Verifiers(ctx, user)
	if err != nil {
		return err
	}
	for _, v := range verifiers {
		if v.Matches(user, password) {
			return nil
		}
	}
	return fmt.Errorf("password authentication failed for user %q", user)
}

func (w *wiring) startJobs(context.Context) (err error) {
	writer := table.NewWriter(tableLake{w.lake.Lake()}, w.catalog, w.reader, w.now, uuid.New)
	w.jobs, err = job.New(job.Options{
		Store: w.store, Roles: jobRoles{w.who}, Lake: objects{w.lake}, Logs: w.logs, Data: w.o.data, Endpoint: w.endpoint, Now: w.now, Rand: rand.Reader, Log: w.log,
		NoSpark: w.o.spark == "off",
		Native: native{
			sql:  &sqljob.Runner{Engine: w.engine, Reader: w.reader, Writer: writer, Catalog: w.catalog, Now: w.now, NewID: newID, Properties: w.runProperties},
			load: &sqljob.Loader{Warehouse: loadWarehouse{w}, DataSets: refresher{w}, Now: w.now},
		},
	})
	return err
}

// runProperties reads a workflow run's properties with the rights of the caller in ctx.
func (w *wiring) runProperties(ctx context.Context, name, id string) (map[string]string, error) {
	in := &glueapi.GetWorkflowRunPropertiesInput{Name: &name, RunId: &id}
	for _, need := range identity.GlueAccess(awsapi.CallerFrom(ctx), "GetWorkflowRunProperties", in) {
		if err := w.authorize(ctx, need.Action, need.Resource); err != nil {
			return nil, err
		}
	}
	out, err := w.workflows.GetWorkflowRunProperties(ctx, in)
	if err != nil {
		return nil, err
	}
	return out.RunProperties, nil
}

func (w *wiring) startCrawlers(context.Context) error {
	w.crawlers = crawler.New(crawler.Config{Store: w.store, Catalog: w.catalog, Lake: crawlerLake{w.lake.Lake()}, Roles: w.roles(), Log: w.writeLog, Now: w.now, NewID: newUUID})
	return nil
}

func (w *wiring) startWorkflows(context.Context) error {
	w.workflows = workflow.New(workflow.Config{Store: w.store, Jobs: workflowJobs{w.jobs}, Crawlers: w.crawlers, Expect: w.jobs.Expect, JobKind: "glue.job.run", CrawlKind: crawler.KindCrawl, Now: w.now, Rand: rand.Reader, Log: w.log})
	return nil
}

// writeLog appends a line to a log of the caller's account.
func (w *wiring) writeLog(ctx context.Context, group, stream, message string) {
	s, err := w.logs.Stream(awsapi.CallerFrom(ctx).Account, group, stream)
	if err == nil {
		_, err = io.WriteString(s, message+"\n")
		err = errors.Join(err, s.Close())
	}
	if err != nil {
		w.log.Warn("a log line is lost", "group", group, "stream", stream, "error", err)
	}
}

// Each service's answer to what is not built lies deeper than its own methods, so that they win.
type (
	iamRest struct{ iam.Unimplemented }
	stsRest struct{ sts.Unimplemented }
	s3Rest  struct{ s3api.Unimplemented }
	iamAPI  struct {
		*identity.Directory
		iamRest
	}
	stsAPI struct {
		*identity.Directory
		stsRest
	}
	glueRest struct{ glueDeep }
	glueDeep struct{ glueapi.Unimplemented }
	glueAPI  struct {
		catalogAPI
		crawlersAPI
		jobsAPI
		workflowsAPI
		glueRest
	}
	catalogAPI   struct{ *catalog.Service }
	crawlersAPI  struct{ *crawler.Service }
	jobsAPI      struct{ *job.Service }
	workflowsAPI struct{ *workflow.Service }
	logsRest     struct{ logsapi.Unimplemented }
	logsAPI      struct {
		*logs.Service
		logsRest
	}
	dataRest struct{ redshiftdata.Unimplemented }
	dataAPI  struct {
		*redshift.Data
		dataRest
	}
	clusterRest struct{ redshiftapi.Unimplemented }
	clusterAPI  struct {
		*redshift.Cluster
		clusterRest
	}
	qsRest struct{ qsDeep }
	qsDeep struct{ qsapi.Unimplemented }
	qsAPI  struct {
		dataSetsAPI
		dashboardsAPI
		qsRest
	}
	dataSetsAPI   struct{ *dataset.Service }
	dashboardsAPI struct{ *dashboard.Service }
	s3API         struct {
		*s3.Service
		s3Rest
	}
)

// A method that two parts of a service have, or none, is found here.
var (
	_ glueapi.Service      = glueAPI{}
	_ qsapi.Service        = qsAPI{}
	_ logsapi.Service      = logsAPI{}
	_ s3api.Service        = s3API{}
	_ iam.Service          = iamAPI{}
	_ redshiftdata.Service = dataAPI{}
	_ redshiftapi.Service  = clusterAPI{}
	_ sts.Service          = stsAPI{}
)

func (w *wiring) startAPIs(context.Context) (err error) {
	w.aws = awsapi.NewServer(awsapi.Config{Auth: w.who, Authz: w.who, Domains: w.domains(), Now: w.now, Rand: rand.Reader, Log: w.log})
	w.aws.Register(awsapi.Registration{Model: iam.Model, Service: iamAPI{Directory: w.who}})
	w.aws.Register(awsapi.Registration{Model: sts.Model, Service: stsAPI{Directory: w.who}, Access: identity.STSAccess})
	w.aws.Register(awsapi.Registration{Model: s3api.Model, Service: s3API{Service: w.lake}, Access: identity.S3Access, Form: w.lake.PostObject, Document: w.lake.CheckDocument})
	w.aws.Register(awsapi.Registration{Model: glueapi.Model, Service: glueAPI{catalogAPI: catalogAPI{w.catalog}, crawlersAPI: crawlersAPI{w.crawlers}, jobsAPI: jobsAPI{w.jobs}, workflowsAPI: workflowsAPI{w.workflows}}, Access: identity.GlueAccess})
	w.aws.Register(awsapi.Registration{Model: redshiftdata.Model, Service: dataAPI{Data: w.data}, Access: identity.RedshiftDataAccess})
	w.aws.Register(awsapi.Registration{Model: redshiftapi.Model, Service: clusterAPI{Cluster: w.cluster}})
	w.aws.Register(awsapi.Registration{Model: logsapi.Model, Service: logsAPI{Service: logs.NewService(w.logs)}, Access: identity.LogsAccess})
	w.aws.Register(awsapi.Registration{Model: qsapi.Model, Service: qsAPI{dataSetsAPI: dataSetsAPI{w.dataSets}, dashboardsAPI: dashboardsAPI{w.dashboards}}, Access: resource.Access})
	w.aws.Register(awsapi.Registration{Model: secretsmanager.Model, Service: secretsmanager.Unimplemented{}})
	w.aws.Register(awsapi.Registration{Model: scheduler.Model, Service: scheduler.Unimplemented{}})
	w.console, err = console.New(console.Options{
		Pages: web.Handler(web.Files()), Store: w.store, API: w.aws.Call, Root: w.who.RootCaller, Health: w.srv.Health,
		Hosts: w.domains(), Now: w.now, Rand: rand.Reader, Log: w.log, Queries: w.queries(), Follow: w.follow,
	})
	return err
}

// domains are the hosts under which buckets and the console may be addressed.
func (w *wiring) domains() []string {
	d := []string{"localhost"}
	if u := w.o.publicURL; u != "" {
		host := strings.TrimPrefix(strings.TrimPrefix(u, "https://"), "http://")
		host, _, _ = strings.Cut(host, "/")
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		d = append(d, host)
	}
	return d
}

// route parts the console from the APIs: no bucket is named "_".
func (w *wiring) route(rw http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/_/") {
		w.console.ServeHTTP(rw, r)
		return
	}
	if r.URL.Path == "/" && r.Method == http.MethodGet && r.URL.RawQuery == "" && r.Header.Get("Authorization") == "" && strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.Redirect(rw, r, "/_/", http.StatusFound)
		return
	}
	w.aws.ServeHTTP(rw, r)
}
