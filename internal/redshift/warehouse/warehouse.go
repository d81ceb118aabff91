package warehouse

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"tarn/internal/engine"
	"tarn/internal/meta"
)

// Options say what a warehouse is made of.
type Options struct {
	// Dir holds the databases' files; the engine must be allowed to reach it.
	Dir    string
	Engine *engine.Engine
	Meta   meta.Store
	// Master is the first user's name, awsuser when empty, and MasterPassword its password at the
	// time of asking.
	Master         string
	MasterPassword func() string
	// Lake, Files and Principals serve external schemas and COPY; without them these say that there
	// is no lake.
	Lake       Lake
	Files      Files
	Principals Principals
	// Account and Namespace identify the cluster in current_aws_account() and the like.
	Account string
	Now     func() time.Time
	Log     *slog.Logger
}

// Warehouse is the cluster: its databases, users and sessions.
type Warehouse struct {
	dir            string
	engine         *engine.Engine
	meta           meta.Store
	master         string
	masterPassword func() string
	lake           Lake
	files          Files
	principals     Principals
	account        string
	now            func() time.Time
	log            *slog.Logger
	cluster        cluster

	queries atomic.Int64  // ids of queries
	pids    atomic.Uint32 // of sessions without a connection
	history history
	locks   locks

	// mu guards what follows. It is held while a database is attached.
	mu        sync.Mutex
	databases map[string]*database
	sessions  map[*Session]struct{}
	control   Control
}

// Control is what CANCEL and pg_terminate_backend act on: the server of the protocol.
type Control interface {
	Cancel(pid uint32) bool
	Terminate(pid uint32) bool
}

// Open opens the warehouse. The engine starts with the first session.
func Open(ctx context.Context, o Options) (*Warehouse, error) {
	if o.Master == "" {
		o.Master = "awsuser"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Account == "" {
		o.Account = "000000000000"
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("open the warehouse: %w", err)
	}
	w := &Warehouse{
		dir: o.Dir, engine: o.Engine, meta: o.Meta, master: o.Master, masterPassword: o.MasterPassword, lake: o.Lake,
		files: o.Files, principals: o.Principals, account: o.Account, now: o.Now, log: o.Log,
		databases: map[string]*database{}, sessions: map[*Session]struct{}{},
	}
	w.pids.Store(1 << 29)
	w.queries.Store(o.Now().Unix() % 1e9)
	if err := w.prepareCluster(ctx); err != nil {
		return nil, fmt.Errorf("open the warehouse: %w", err)
	}
	if err := w.register(); err != nil {
		return nil, fmt.Errorf("open the warehouse: %w", err)
	}
	if err := w.prepareDatabases(ctx); err != nil {
		return nil, fmt.Errorf("open the warehouse: %w", err)
	}
	return w, nil
}

// SetControl tells the warehouse of the protocol's server, whose connections CANCEL ends.
func (w *Warehouse) SetControl(c Control) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.control = c
}
