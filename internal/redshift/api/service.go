package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"tarn/internal/meta"
	"tarn/internal/redshift/warehouse"
)

// Options say what the service is made of.
type Options struct {
	Warehouse *warehouse.Warehouse
	Meta      meta.Store
	// Dir holds the results of statements.
	Dir string
	// Cluster is the identifier of the one cluster, tarn when empty.
	Cluster string
	// Endpoint is where the cluster listens.
	Endpoint func() (host string, port int)
	// Secret reads the user name and password of a secret; without it statements can't name one.
	Secret func(ctx context.Context, arn string) (user, password string, err error)
	Region string
	Now    func() time.Time
	Rand   io.Reader
	Log    *slog.Logger
}

// Data answers the Redshift Data API.
type Data struct {
	o    Options
	base context.Context // of statements that run
	stop context.CancelFunc
	work sync.WaitGroup

	mu       sync.Mutex
	running  map[string]*running // by statement
	sessions map[string]*kept    // by session id
	swept    time.Time
}

// running is a statement that has not ended.
type running struct {
	cancel    context.CancelFunc
	done      chan struct{}
	principal string
}

// The limits of the Data API.
const (
	maxSQL      = 100 << 10
	maxResult   = 500 << 20
	maxActive   = 500
	maxSessions = 500
	retention   = 24 * time.Hour
	pageRows    = 1000
	pageBytes   = 1 << 20
)

// NewData starts the service. Statements that an earlier process left unfinished are marked as failed.
func NewData(ctx context.Context, o Options) (*Data, error) {
	o = o.filled()
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("redshift data: %w", err)
	}
	base, stop := context.WithCancel(context.Background())
	d := &Data{o: o, base: base, stop: stop, running: map[string]*running{}, sessions: map[string]*kept{}}
	if err := d.recover(ctx); err != nil {
		stop()
		return nil, fmt.Errorf("redshift data: %w", err)
	}
	return d, nil
}

func (o Options) filled() Options {
	if o.Cluster == "" {
		o.Cluster = "tarn"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	return o
}

// Close cancels what runs and ends the sessions.
func (d *Data) Close(ctx context.Context) error {
	d.stop()
	ended := make(chan struct{})
	go func() {
		d.work.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		return ctx.Err()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	for id, k := range d.sessions {
		errs = append(errs, k.session.Close())
		delete(d.sessions, id)
	}
	return errors.Join(errs...)
}

// recover ends the records of statements whose process is gone.
func (d *Data) recover(ctx context.Context) error {
	return d.o.Meta.Update(ctx, func(tx meta.Tx) error {
		var open []record
		err := tx.Scan(kindStatement, nil, nil, func(_ meta.Key, raw json.RawMessage) (bool, error) {
			var r record
			if err := json.Unmarshal(raw, &r); err != nil {
				return false, err
			}
			if !r.ended() {
				open = append(open, r)
			}
			return true, nil
		})
		if err != nil {
			return err
		}
		for _, r := range open {
			r.Status, r.Error, r.Updated = failed, "ERROR: the server was stopped while the statement ran", d.o.Now().UTC()
			for i := range r.Subs {
				if s := &r.Subs[i]; !ended(s.Status) {
					s.Status, s.Error, s.Updated = failed, r.Error, r.Updated
				}
			}
			if err := tx.Put(kindStatement, meta.Key{r.ID}, r); err != nil {
				return err
			}
		}
		return nil
	})
}

// sweep removes what is older than a day, now and then.
func (d *Data) sweep(ctx context.Context) error {
	now := d.o.Now()
	d.mu.Lock()
	due := now.Sub(d.swept) > 10*time.Minute
	if due {
		d.swept = now
	}
	var idle []*kept
	for id, k := range d.sessions {
		if !k.busy && now.After(k.expires) {
			idle = append(idle, k)
			delete(d.sessions, id)
		}
	}
	d.mu.Unlock()
	for _, k := range idle {
		if err := k.session.Close(); err != nil {
			d.o.Log.WarnContext(ctx, "end a session of the Data API", "error", err)
		}
	}
	if !due {
		return nil
	}
	var old []record
	err := d.o.Meta.Update(ctx, func(tx meta.Tx) error {
		old = nil
		err := tx.Scan(kindStatement, nil, nil, func(_ meta.Key, raw json.RawMessage) (bool, error) {
			var r record
			if err := json.Unmarshal(raw, &r); err != nil {
				return false, err
			}
			if r.ended() && now.Sub(r.Updated) > retention {
				old = append(old, r)
			}
			return true, nil
		})
		if err != nil {
			return err
		}
		for _, r := range old {
			if err := tx.Delete(kindStatement, meta.Key{r.ID}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, r := range old {
		for i := range r.Subs {
			if err := os.Remove(d.resultPath(r.ID, i)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

func (d *Data) resultPath(id string, sub int) string {
	return filepath.Join(d.o.Dir, fmt.Sprintf("%s-%d.jsonl", id, sub))
}

// uuid makes a statement's or session's id.
func (d *Data) uuid() (string, error) {
	b := make([]byte, 16)
	if _, err := io.ReadFull(d.o.Rand, b); err != nil {
		return "", err
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16]), nil
}
