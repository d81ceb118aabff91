package main

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	glueapi "tarn/api/glue"
	"tarn/api/iam"
	s3api "tarn/api/s3"
	"tarn/api/scheduler"
	"tarn/api/secretsmanager"
	"tarn/api/sts"
	"tarn/internal/awsapi"
	"tarn/internal/console"
	"tarn/internal/glue/catalog"
	"tarn/internal/identity"
	"tarn/internal/meta"
	"tarn/internal/meta/sqlite"
	"tarn/internal/s3"
	"tarn/internal/server"
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

	store   meta.Store
	who     *identity.Directory
	lake    *s3.Service
	catalog *catalog.Service
	aws     *awsapi.Server
	console *console.Console
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
		{Name: "catalog", Start: w.startCatalog},
		{Name: "apis", Start: w.startAPIs},
		server.HTTP("listeners", w.api, http.HandlerFunc(w.route), w.log),
	}
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

func (w *wiring) startCatalog(context.Context) error {
	w.catalog = catalog.New(catalog.Config{Store: w.store, Sealer: w.who.Sealer(), Now: w.now})
	return nil
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
	glueRest struct{ glueapi.Unimplemented }
	glueAPI  struct {
		*catalog.Service
		glueRest
	}
	s3API struct {
		*s3.Service
		s3Rest
	}
)

func (w *wiring) startAPIs(context.Context) (err error) {
	w.aws = awsapi.NewServer(awsapi.Config{Auth: w.who, Authz: w.who, Domains: w.domains(), Now: w.now, Rand: rand.Reader, Log: w.log})
	w.aws.Register(awsapi.Registration{Model: iam.Model, Service: iamAPI{Directory: w.who}})
	w.aws.Register(awsapi.Registration{Model: sts.Model, Service: stsAPI{Directory: w.who}, Access: identity.STSAccess})
	w.aws.Register(awsapi.Registration{Model: s3api.Model, Service: s3API{Service: w.lake}, Access: identity.S3Access, Form: w.lake.PostObject})
	w.aws.Register(awsapi.Registration{Model: glueapi.Model, Service: glueAPI{Service: w.catalog}, Access: identity.GlueAccess})
	w.aws.Register(awsapi.Registration{Model: secretsmanager.Model, Service: secretsmanager.Unimplemented{}})
	w.aws.Register(awsapi.Registration{Model: scheduler.Model, Service: scheduler.Unimplemented{}})
	w.console, err = console.New(console.Options{
		Pages: web.Handler(web.Files()), Store: w.store, API: w.aws.Call, Root: w.who.RootCaller, Health: w.srv.Health,
		Hosts: w.domains(), Now: w.now, Rand: rand.Reader, Log: w.log,
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
