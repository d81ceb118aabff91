package warehouse

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"tarn/internal/meta"
	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/wire"
)

// The kinds of documents that this package owns.
const (
	kindCluster    = "redshift.cluster"
	kindUser       = "redshift.user"
	kindGroup      = "redshift.group"
	kindCredential = "redshift.credential"
	kindDatabase   = "redshift.database"
)

// cluster is what all databases share.
type cluster struct {
	Secret   []byte    `json:"secret"`   // from which users' salts are made
	NextUser int64     `json:"nextUser"` // id of the next user or group
	Master   string    `json:"master"`
	Created  time.Time `json:"created"`
}

// user is a database user of the cluster.
type user struct {
	ID         int64             `json:"id"`
	Name       string            `json:"name"`
	Super      bool              `json:"super,omitempty"`
	CreateDB   bool              `json:"createDB,omitempty"`
	Verifier   *wire.Verifier    `json:"verifier,omitempty"`
	ValidUntil time.Time         `json:"validUntil,omitzero"`
	Limit      int               `json:"limit,omitempty"` // connections; 0 is unlimited
	Syslog     bool              `json:"syslog,omitempty"`
	Settings   map[string]string `json:"settings,omitempty"`
	Created    time.Time         `json:"created"`
}

// group is a set of users.
type group struct {
	ID      int64    `json:"id"`
	Name    string   `json:"name"`
	Members []string `json:"members,omitempty"`
}

// credential is a temporary password.
type credential struct {
	User     string        `json:"user"`
	Verifier wire.Verifier `json:"verifier"`
	Expires  time.Time     `json:"expires"`
	Groups   []string      `json:"groups,omitempty"`
}

// firstUser is the id of the cluster's first user; those below belong to the system.
const firstUser = 100

// prepareCluster makes the cluster's document and its first user.
func (w *Warehouse) prepareCluster(ctx context.Context) error {
	return w.meta.Update(ctx, func(tx meta.Tx) error {
		err := tx.Get(kindCluster, meta.Key{"main"}, &w.cluster)
		if errors.Is(err, meta.ErrNotFound) {
			secret := make([]byte, 32)
			rand.Read(secret)
			w.cluster = cluster{Secret: secret, NextUser: firstUser + 1, Master: w.master, Created: w.now().UTC()}
			if err := tx.Insert(kindUser, meta.Key{w.master}, user{ID: firstUser, Name: w.master, Super: true, CreateDB: true, Syslog: true, Created: w.now()}); err != nil {
				return err
			}
			err = tx.Insert(kindCluster, meta.Key{"main"}, w.cluster)
		}
		return err
	})
}

// Salt implements [wire.Backend].
func (w *Warehouse) Salt(login string) []byte {
	h := hmac.New(sha256.New, w.cluster.Secret)
	h.Write([]byte(login))
	return h.Sum(nil)[:16]
}

// Verifiers implements [wire.Backend].
func (w *Warehouse) Verifiers(ctx context.Context, login string) ([]wire.Verifier, error) {
	var out []wire.Verifier
	now := w.now()
	err := w.meta.View(ctx, func(tx meta.Tx) error {
		out = nil
		var u user
		err := tx.Get(kindUser, meta.Key{login}, &u)
		switch {
		case errors.Is(err, meta.ErrNotFound):
		case err != nil:
			return err
		case u.Verifier != nil && (u.ValidUntil.IsZero() || now.Before(u.ValidUntil)):
			out = append(out, *u.Verifier)
		}
		return tx.Scan(kindCredential, meta.Key{login}, nil, func(_ meta.Key, raw json.RawMessage) (bool, error) {
			var c credential
			if err := json.Unmarshal(raw, &c); err != nil {
				return false, err
			}
			if now.Before(c.Expires) {
				out = append(out, c.Verifier)
			}
			return true, nil
		})
	})
	if err != nil {
		return nil, err
	}
	// The first user's password is the root key's secret unless another was set.
	if login == w.master && w.masterPassword != nil {
		if password := w.masterPassword(); password != "" {
			v, err := wire.NewVerifier(password, w.Salt(login))
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
	}
	return out, nil
}

// accountOf finds the user that a login name stands for: its own, or that of a temporary password.
func (w *Warehouse) accountOf(ctx context.Context, login string) (user, error) {
	var u user
	err := w.meta.View(ctx, func(tx meta.Tx) error {
		name := login
		err := tx.Scan(kindCredential, meta.Key{login}, nil, func(_ meta.Key, raw json.RawMessage) (bool, error) {
			var c credential
			if err := json.Unmarshal(raw, &c); err != nil {
				return false, err
			}
			if w.now().Before(c.Expires) {
				name = c.User
			}
			return true, nil
		})
		if err != nil {
			return err
		}
		return tx.Get(kindUser, meta.Key{name}, &u)
	})
	if errors.Is(err, meta.ErrNotFound) {
		return user{}, fail("28000", "user %q does not exist", login)
	}
	return u, err
}

// TemporaryLogin is a user name and password that work for a while.
type TemporaryLogin struct {
	User     string // to log in with
	Password string
	Expires  time.Time
}

// CreateTemporaryLogin makes a password for a user under a login name of its own, such as IAM:name.
// create makes the user where there is none, as a plain one.
func (w *Warehouse) CreateTemporaryLogin(ctx context.Context, login, name string, create bool, groups []string, lifetime time.Duration) (TemporaryLogin, error) {
	random := make([]byte, 24)
	rand.Read(random)
	password := base64.StdEncoding.EncodeToString(random) + "Aa1"
	v, err := wire.NewVerifier(password, w.Salt(login))
	if err != nil {
		return TemporaryLogin{}, err
	}
	expires := w.now().Add(lifetime)
	id := base64.RawURLEncoding.EncodeToString(random[:9])
	err = w.meta.Update(ctx, func(tx meta.Tx) error {
		var u user
		err := tx.Get(kindUser, meta.Key{name}, &u)
		if errors.Is(err, meta.ErrNotFound) && create {
			u = user{Name: name, Created: w.now()}
			err = w.insertUser(tx, &u)
		}
		if errors.Is(err, meta.ErrNotFound) {
			return fail("42704", "user %q does not exist", name)
		}
		if err != nil {
			return err
		}
		// Passwords that have run out go as new ones come.
		var old []meta.Key
		err = tx.Scan(kindCredential, nil, nil, func(k meta.Key, raw json.RawMessage) (bool, error) {
			var c credential
			if err := json.Unmarshal(raw, &c); err != nil {
				return false, err
			}
			if !w.now().Before(c.Expires) {
				old = append(old, k)
			}
			return true, nil
		})
		if err != nil {
			return err
		}
		for _, k := range old {
			if err := tx.Delete(kindCredential, k); err != nil {
				return err
			}
		}
		for _, g := range groups {
			var found group
			if err := tx.Get(kindGroup, meta.Key{g}, &found); err != nil {
				if errors.Is(err, meta.ErrNotFound) {
					return fail("42704", "group %q does not exist", g)
				}
				return err
			}
		}
		return tx.Insert(kindCredential, meta.Key{login, id}, credential{User: name, Verifier: v, Expires: expires, Groups: groups})
	})
	return TemporaryLogin{User: login, Password: password, Expires: expires}, err
}

// Master is the name of the cluster's first user.
func (w *Warehouse) Master() string { return w.master }

// Created is when the cluster was made.
func (w *Warehouse) Created() time.Time { return w.cluster.Created }

// insertUser gives a user its id and stores it.
func (w *Warehouse) insertUser(tx meta.Tx, u *user) error {
	var c cluster
	if err := tx.Get(kindCluster, meta.Key{"main"}, &c); err != nil {
		return err
	}
	u.ID = c.NextUser
	c.NextUser++
	if err := tx.Put(kindCluster, meta.Key{"main"}, c); err != nil {
		return err
	}
	err := tx.Insert(kindUser, meta.Key{u.Name}, u)
	if errors.Is(err, meta.ErrExists) {
		return fail("42710", "user %q already exists", u.Name)
	}
	return err
}

// users lists all users in order of their ids.
func (w *Warehouse) users(ctx context.Context) ([]user, error) {
	var out []user
	err := w.meta.View(ctx, func(tx meta.Tx) error {
		out = nil
		return tx.Scan(kindUser, nil, nil, func(_ meta.Key, raw json.RawMessage) (bool, error) {
			var u user
			if err := json.Unmarshal(raw, &u); err != nil {
				return false, err
			}
			out = append(out, u)
			return true, nil
		})
	})
	slices.SortFunc(out, func(a, b user) int { return int(a.ID - b.ID) })
	return out, err
}

func (w *Warehouse) groups(ctx context.Context) ([]group, error) {
	var out []group
	err := w.meta.View(ctx, func(tx meta.Tx) error {
		out = nil
		return tx.Scan(kindGroup, nil, nil, func(_ meta.Key, raw json.RawMessage) (bool, error) {
			var g group
			if err := json.Unmarshal(raw, &g); err != nil {
				return false, err
			}
			out = append(out, g)
			return true, nil
		})
	})
	return out, err
}

// memberships are the names of the groups that a user is in.
func (w *Warehouse) memberships(ctx context.Context, name string) ([]string, error) {
	all, err := w.groups(ctx)
	var out []string
	for _, g := range all {
		if slices.Contains(g.Members, name) {
			out = append(out, g.Name)
		}
	}
	return out, err
}

// passwordVerifier applies Redshift's rule for passwords and hashes one.
func (w *Warehouse) passwordVerifier(name, password string) (*wire.Verifier, error) {
	if v, ok := wire.MD5Verifier(password); ok {
		return &v, nil
	}
	if strings.HasPrefix(password, "sha256|") {
		return nil, unsupported("a password given as a SHA-256 hash is not supported")
	}
	lower, upper, digit := false, false, false
	for _, r := range password {
		lower = lower || unicode.IsLower(r)
		upper = upper || unicode.IsUpper(r)
		digit = digit || unicode.IsDigit(r)
	}
	switch {
	case len(password) < 8 || len(password) > 64:
		return nil, fail("22023", "password must be between 8 and 64 characters long")
	case !upper:
		return nil, fail("22023", "password must contain at least one uppercase letter")
	case !lower:
		return nil, fail("22023", "password must contain at least one lowercase letter")
	case !digit:
		return nil, fail("22023", "password must contain at least one number")
	}
	v, err := wire.NewVerifier(password, w.Salt(name))
	return &v, err
}

var hasZone = regexp.MustCompile(`(Z|[+-]\d\d(:?\d\d)?)$`)

// apply gives a user what CREATE USER and ALTER USER say.
func (w *Warehouse) apply(u *user, o sql.UserOptions) error {
	if o.Password != nil {
		v, err := w.passwordVerifier(u.Name, *o.Password)
		if err != nil {
			return err
		}
		u.Verifier = v
	}
	if o.PasswordDisable {
		u.Verifier = nil
	}
	if o.CreateDB != nil {
		u.CreateDB = *o.CreateDB
	}
	if o.CreateUser != nil {
		u.Super = *o.CreateUser
	}
	if o.ConnectionLimit != nil {
		u.Limit = max(*o.ConnectionLimit, 0)
	}
	switch o.SyslogAccess {
	case "restricted":
		u.Syslog = false
	case "unrestricted":
		u.Syslog = true
	}
	if o.ValidUntil != nil {
		u.ValidUntil = time.Time{}
		if !strings.EqualFold(*o.ValidUntil, "infinity") {
			text := *o.ValidUntil
			layouts := []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"}
			if hasZone.MatchString(text) && len(text) > 10 {
				layouts = []string{"2006-01-02 15:04:05Z07", "2006-01-02 15:04:05Z07:00", time.RFC3339}
			}
			for _, layout := range layouts {
				if t, err := time.Parse(layout, text); err == nil {
					u.ValidUntil = t
					return nil
				}
			}
			return fail("22007", "invalid input syntax for type timestamp: %q", text)
		}
	}
	return nil
}

// namespaceID is the cluster's id, made from its secret.
func (w *Warehouse) namespaceID() string {
	sum := sha256.Sum256(append([]byte("namespace"), w.cluster.Secret...))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// CheckPassword says whether a user's password is right.
func (w *Warehouse) CheckPassword(ctx context.Context, login, password string) (bool, error) {
	verifiers, err := w.Verifiers(ctx, login)
	if err != nil {
		return false, err
	}
	for _, v := range verifiers {
		if v.Matches(login, password) {
			return true, nil
		}
	}
	return false, nil
}
