package warehouse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"tarn/internal/engine"
	"tarn/internal/meta"
)

// defaultDatabase is the one that is there from the start.
const defaultDatabase = "dev"

// databaseRecord is a database in the metadata store.
type databaseRecord struct {
	OID     int64     `json:"oid"`
	Name    string    `json:"name"`
	Owner   string    `json:"owner"`
	File    string    `json:"file"` // in the warehouse's folder
	Created time.Time `json:"created"`
}

// database is one that is attached.
type database struct {
	databaseRecord
	nextOID atomic.Int64
}

// prepareDatabases makes the record of the first database.
func (w *Warehouse) prepareDatabases(ctx context.Context) error {
	return w.meta.Update(ctx, func(tx meta.Tx) error {
		var r databaseRecord
		err := tx.Get(kindDatabase, meta.Key{defaultDatabase}, &r)
		if errors.Is(err, meta.ErrNotFound) {
			r = databaseRecord{OID: firstOID, Name: defaultDatabase, Owner: w.master, File: defaultDatabase + ".duckdb", Created: w.now()}
			return tx.Insert(kindDatabase, meta.Key{r.Name}, r)
		}
		return err
	})
}

// Databases lists the names of the databases.
func (w *Warehouse) Databases(ctx context.Context) ([]string, error) {
	records, err := w.databaseRecords(ctx)
	var out []string
	for _, r := range records {
		out = append(out, r.Name)
	}
	return out, err
}

func (w *Warehouse) databaseRecords(ctx context.Context) ([]databaseRecord, error) {
	var out []databaseRecord
	err := w.meta.View(ctx, func(tx meta.Tx) error {
		out = nil
		return tx.Scan(kindDatabase, nil, nil, func(_ meta.Key, raw json.RawMessage) (bool, error) {
			var r databaseRecord
			if err := json.Unmarshal(raw, &r); err != nil {
				return false, err
			}
			out = append(out, r)
			return true, nil
		})
	})
	return out, err
}

// attach opens a database's file, making it where it is new.
func (w *Warehouse) attach(ctx context.Context, name string) (*database, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if db := w.databases[name]; db != nil {
		return db, nil
	}
	db := &database{}
	err := w.meta.View(ctx, func(tx meta.Tx) error { return tx.Get(kindDatabase, meta.Key{name}, &db.databaseRecord) })
	if errors.Is(err, meta.ErrNotFound) {
		return nil, fail("3D000", "database %q does not exist", name)
	}
	if err != nil {
		return nil, err
	}
	if err := w.engine.Attach(ctx, alias(name), filepath.Join(w.dir, db.File), engine.AttachOptions{}); err != nil {
		return nil, fmt.Errorf("open database %s: %w", name, err)
	}
	if err := w.prepareStore(ctx, db); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", name, err), w.engine.Detach(ctx, alias(name)))
	}
	w.databases[name] = db
	return db, nil
}

// prepareStore lays out a new file, and reads where an old one's object ids end.
func (w *Warehouse) prepareStore(ctx context.Context, db *database) error {
	sess, err := w.engine.Session(ctx, engine.WithWeight(0))
	if err != nil {
		return err
	}
	defer sess.Close()
	st := store{sess, db.Name}
	var there, version, last int64
	if err := sess.QueryRow(ctx, "SELECT count(*) FROM duckdb_tables() WHERE database_name = ? AND schema_name = '_tarn' AND table_name = 'version'",
		[]any{alias(db.Name)}, &there); err != nil {
		return err
	}
	if there == 0 {
		err := sess.Write(ctx, alias(db.Name), func() error {
			for q := range strings.SplitSeq(storeTables, ";\n") {
				if strings.TrimSpace(q) == "" {
					continue
				}
				if _, err := st.exec(ctx, q); err != nil {
					return err
				}
			}
			return st.putNamespace(ctx, namespace{OID: publicOID, Name: "public", Owner: w.master, Kind: "local",
				ACL: []grant{{Kind: "public", Privileges: "UC", Grantor: w.master}}})
		})
		if err != nil {
			return err
		}
	}
	if err := sess.QueryRow(ctx, st.text("SELECT n FROM {db}._tarn.version"), nil, &version); err != nil {
		return err
	}
	if version == 1 {
		if err := sess.Write(ctx, alias(db.Name), func() error { return st.addBlanks(ctx) }); err != nil {
			return err
		}
		version = storeVersion
	}
	if version != storeVersion {
		return fmt.Errorf("its catalog has layout %d, and this tarn reads %d", version, storeVersion)
	}
	err = sess.QueryRow(ctx, st.text(`SELECT greatest((SELECT max(oid) FROM {db}._tarn.relation), (SELECT max(oid) FROM {db}._tarn.namespace),
		(SELECT max(oid) FROM {db}._tarn.constr), ?)`), []any{int64(firstOID + 1)}, &last)
	db.nextOID.Store(last)
	return err
}

// publicOID is the id of the schema public.
const publicOID = 2200

// oid gives out an object id.
func (db *database) oid() int64 { return db.nextOID.Add(1) }

// createDatabase makes a database.
func (w *Warehouse) createDatabase(ctx context.Context, name, owner string) error {
	err := w.meta.Update(ctx, func(tx meta.Tx) error {
		last := int64(firstOID)
		err := tx.Scan(kindDatabase, nil, nil, func(_ meta.Key, raw json.RawMessage) (bool, error) {
			var r databaseRecord
			err := json.Unmarshal(raw, &r)
			last = max(last, r.OID)
			return true, err
		})
		if err != nil {
			return err
		}
		err = tx.Insert(kindDatabase, meta.Key{name}, databaseRecord{OID: last + 1, Name: name, Owner: owner,
			File: fmt.Sprintf("d%d.duckdb", last+1), Created: w.now()})
		if errors.Is(err, meta.ErrExists) {
			return fail("42P04", "database %q already exists", name)
		}
		return err
	})
	if err != nil {
		return err
	}
	_, err = w.attach(ctx, name)
	return err
}

// dropDatabase removes a database that nobody uses.
func (w *Warehouse) dropDatabase(ctx context.Context, name string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for s := range w.sessions {
		if s.database == name {
			return fail("55006", "database %q is being accessed by other users", name)
		}
	}
	var r databaseRecord
	err := w.meta.Update(ctx, func(tx meta.Tx) error {
		err := tx.Get(kindDatabase, meta.Key{name}, &r)
		if errors.Is(err, meta.ErrNotFound) {
			return fail("3D000", "database %q does not exist", name)
		}
		if err != nil {
			return err
		}
		return tx.Delete(kindDatabase, meta.Key{name})
	})
	if err != nil {
		return err
	}
	if w.databases[name] != nil {
		if err := w.engine.Detach(ctx, alias(name)); err != nil {
			return err
		}
		delete(w.databases, name)
	}
	for _, suffix := range []string{"", ".wal"} {
		if err := os.Remove(filepath.Join(w.dir, r.File+suffix)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}
