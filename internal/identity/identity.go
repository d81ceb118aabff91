package identity

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"tarn/internal/awsapi"
	"tarn/internal/meta"
)

// Kinds of documents in the metadata store.
const (
	kindKey     = "identity.key"     // {accessKeyID}
	kindSession = "identity.session" // {accessKeyID}
	kindUser    = "identity.user"    // {account, name}
	kindRole    = "identity.role"    // {account, name}
)

// Options of a Directory.
type Options struct {
	Store   meta.Store
	Dir     string // for the master key and the root key
	Account string // 12 digits
	Region  string
	// DevKey is a well-known key "ID:SECRET" that stands beside the root key; empty for none.
	DevKey string
	Now    func() time.Time
	Rand   io.Reader
}

// Directory is who there is and what they may do.
type Directory struct {
	store   meta.Store
	sealer  *Sealer
	account string
	region  string
	now     func() time.Time
	rand    io.Reader
	root    RootKey
	dev     map[string]string // well-known keys, with root's rights

	mu    sync.RWMutex
	cache map[string]*identity // by access key id; emptied when anything changes
}

// RootKey is the account's first key: it may do everything.
type RootKey struct{ AccessKeyID, SecretAccessKey string }

type keyDoc struct {
	Account, User string
	Sealed        []byte
	Status        string // Active or Inactive
	Created       time.Time
}

type sessionDoc struct {
	Account, RoleARN, RoleName, Name, Owner string
	Sealed                                  []byte // secret
	Token                                   []byte // sealed
	Policies                                []string
	Root                                    bool // no role is defined and the account's root started it
	Expires                                 time.Time
}

// identity is a key's resolved owner.
type identity struct {
	key      awsapi.Key
	token    string
	expires  time.Time
	policies []*Policy
}

// Open reads or makes the master key and the root key.
func Open(ctx context.Context, o Options) (*Directory, error) {
	sealer, err := OpenSealer(filepath.Join(o.Dir, "master"), o.Rand)
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	d := &Directory{store: o.Store, sealer: sealer, account: o.Account, region: o.Region, now: o.Now, rand: o.Rand, cache: map[string]*identity{}, dev: map[string]string{}}
	if err := d.openRoot(filepath.Join(o.Dir, "root.json")); err != nil {
		return nil, fmt.Errorf("root key: %w", err)
	}
	if o.DevKey != "" {
		id, secret, ok := strings.Cut(o.DevKey, ":")
		if !ok || id == "" || secret == "" {
			return nil, fmt.Errorf("a well-known key is ID:SECRET, not %q", o.DevKey)
		}
		d.dev[id] = secret
	}
	return d, nil
}

func (d *Directory) openRoot(path string) error {
	b, err := os.ReadFile(path)
	if err == nil {
		if err := json.Unmarshal(b, &d.root); err != nil || d.root.AccessKeyID == "" || d.root.SecretAccessKey == "" {
			return fmt.Errorf("%s holds no key", path)
		}
		return nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	id, secret, err := d.newKey("AKIA")
	if err != nil {
		return err
	}
	d.root = RootKey{id, secret}
	b, err = json.MarshalIndent(d.root, "", "  ")
	if err != nil {
		return err
	}
	return writeSecret(path, append(b, '\n'))
}

// ReadRootKey reads the root key of a data folder's key directory, for the
// command line on the same machine.
func ReadRootKey(dir string) (RootKey, error) {
	var k RootKey
	b, err := os.ReadFile(filepath.Join(dir, "root.json"))
	if err != nil {
		return k, err
	}
	return k, json.Unmarshal(b, &k)
}

const keyAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

func (d *Directory) newKey(prefix string) (id, secret string, err error) {
	b := make([]byte, 46)
	if _, err := io.ReadFull(d.rand, b); err != nil {
		return "", "", err
	}
	var s strings.Builder
	s.WriteString(prefix)
	for _, c := range b[:16] {
		s.WriteByte(keyAlphabet[c%32])
	}
	return s.String(), base64.StdEncoding.EncodeToString(b[16:]), nil
}

// Root is the account's root key.
func (d *Directory) Root() RootKey { return d.root }

// Account is the account that this process serves.
func (d *Directory) Account() string { return d.account }

// Sealer encrypts other packages' secrets under the same master key.
func (d *Directory) Sealer() *Sealer { return d.sealer }

// RootCaller is the account's root, for work that the process does on its own behalf.
func (d *Directory) RootCaller() awsapi.Caller {
	return awsapi.Caller{Account: d.account, Region: d.region, ARN: "arn:aws:iam::" + d.account + ":root", UserID: d.account, AccessKeyID: d.root.AccessKeyID, Root: true}
}

// Key implements awsapi.Authenticator.
func (d *Directory) Key(ctx context.Context, id, token string) (awsapi.Key, error) {
	if id == d.root.AccessKeyID {
		return awsapi.Key{Secret: d.root.SecretAccessKey, Caller: d.RootCaller()}, nil
	}
	if secret, ok := d.dev[id]; ok {
		c := d.RootCaller()
		c.AccessKeyID = id
		return awsapi.Key{Secret: secret, Caller: c}, nil
	}
	who, err := d.resolve(ctx, id)
	if err != nil {
		return awsapi.Key{}, err
	}
	if who.token != token {
		return awsapi.Key{}, awsapi.ErrBadToken
	}
	if !who.expires.IsZero() && d.now().After(who.expires) {
		return awsapi.Key{}, awsapi.ErrExpired
	}
	return who.key, nil
}

// resolve finds a key's owner and policies, from the cache or the store.
func (d *Directory) resolve(ctx context.Context, id string) (*identity, error) {
	d.mu.RLock()
	who := d.cache[id]
	d.mu.RUnlock()
	if who != nil {
		return who, nil
	}
	d.mu.Lock() // held over the read, so that a change can't slip between read and caching
	defer d.mu.Unlock()
	err := d.store.View(ctx, func(tx meta.Tx) error {
		var err error
		if strings.HasPrefix(id, "ASIA") {
			who, err = d.readSession(tx, id)
		} else {
			who, err = d.readKey(tx, id)
		}
		return err
	})
	if errors.Is(err, meta.ErrNotFound) {
		return nil, awsapi.ErrNoKey
	}
	if err != nil {
		return nil, err
	}
	if len(d.cache) > 10_000 {
		clear(d.cache)
	}
	d.cache[id] = who
	return who, nil
}

func (d *Directory) readKey(tx meta.Tx, id string) (*identity, error) {
	var k keyDoc
	if err := tx.Get(kindKey, meta.Key{id}, &k); err != nil {
		return nil, err
	}
	if k.Status != "Active" {
		return nil, meta.ErrNotFound
	}
	var u userDoc
	if err := tx.Get(kindUser, meta.Key{k.Account, k.User}, &u); err != nil {
		return nil, err
	}
	secret, err := d.sealer.Open(k.Sealed, "key "+id)
	if err != nil {
		return nil, fmt.Errorf("the secret of key %s can't be read with this master key: %w", id, err)
	}
	who := &identity{key: awsapi.Key{Secret: string(secret), Caller: awsapi.Caller{Account: k.Account, Region: d.region, ARN: u.ARN, UserID: u.ID}}}
	who.policies, err = parseAll(u.Policies)
	return who, err
}

func (d *Directory) readSession(tx meta.Tx, id string) (*identity, error) {
	var s sessionDoc
	if err := tx.Get(kindSession, meta.Key{id}, &s); err != nil {
		return nil, err
	}
	secret, err := d.sealer.Open(s.Sealed, "session "+id)
	if err != nil {
		return nil, err
	}
	token, err := d.sealer.Open(s.Token, "token "+id)
	if err != nil {
		return nil, err
	}
	who := &identity{token: string(token), expires: s.Expires, key: awsapi.Key{Secret: string(secret), Caller: awsapi.Caller{
		Account: s.Account, Region: d.region, Root: s.Root, UserID: "AROA" + id[4:] + ":" + s.Name,
		ARN: "arn:aws:sts::" + s.Account + ":assumed-role/" + s.RoleName + "/" + s.Name,
	}}}
	var r roleDoc
	switch err := tx.Get(kindRole, meta.Key{s.Account, s.RoleName}, &r); {
	case err == nil:
		who.key.Caller.Root = false
		who.policies, err = parseAll(r.Policies)
		return who, err
	case !errors.Is(err, meta.ErrNotFound):
		return nil, err
	}
	for _, p := range s.Policies {
		parsed, err := ParsePolicy(p)
		if err != nil {
			return nil, err
		}
		who.policies = append(who.policies, parsed)
	}
	return who, nil
}

func parseAll(m map[string]string) ([]*Policy, error) {
	var out []*Policy
	for name, text := range m {
		p, err := ParsePolicy(text)
		if err != nil {
			return nil, fmt.Errorf("policy %s: %w", name, err)
		}
		out = append(out, p)
	}
	return out, nil
}

// changed forgets what was resolved: keys, policies or roles are different now.
func (d *Directory) changed() {
	d.mu.Lock()
	clear(d.cache)
	d.mu.Unlock()
}

// Authorize implements awsapi.Authorizer: an explicit deny wins, then an allow, else no.
func (d *Directory) Authorize(ctx context.Context, c awsapi.Caller, need awsapi.Access) error {
	if c.Account == "" {
		return awsapi.AccessDenied(awsapi.Caller{ARN: "anonymous"}, need.Action, need.Resource)
	}
	if c.Root {
		return nil
	}
	who, err := d.resolve(ctx, c.AccessKeyID)
	if err != nil {
		if errors.Is(err, awsapi.ErrNoKey) {
			return awsapi.AccessDenied(c, need.Action, need.Resource)
		}
		return err
	}
	if !who.expires.IsZero() && d.now().After(who.expires) {
		return awsapi.AccessDenied(c, need.Action, need.Resource)
	}
	v := silent
	values := d.values(ctx, c, need)
	for _, p := range who.policies {
		switch p.evaluate(need, values) {
		case denied:
			return awsapi.AccessDeniedExplicitly(c, need.Action, need.Resource)
		case allowed:
			v = allowed
		}
	}
	if v != allowed {
		return awsapi.AccessDenied(c, need.Action, need.Resource)
	}
	return nil
}

// Session is a set of temporary credentials.
type Session struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	Expires                                    time.Time
	Caller                                     awsapi.Caller
}

// Issue makes temporary credentials of a role for the work of owner (a run's
// id), on behalf of the caller in ctx. A role that IAM does not know gets what
// the caller has: a script that names AWS's role runs here without more, and
// never gains a right by it.
func (d *Directory) Issue(ctx context.Context, roleARN, name, owner string, ttl time.Duration) (Session, error) {
	c := awsapi.CallerFrom(ctx)
	if c.Account == "" {
		return Session{}, errors.New("temporary credentials need a caller")
	}
	roleName := roleARN[strings.LastIndexByte(roleARN, '/')+1:]
	id, secret, err := d.newKey("ASIA")
	if err != nil {
		return Session{}, err
	}
	raw := make([]byte, 96)
	if _, err := io.ReadFull(d.rand, raw); err != nil {
		return Session{}, err
	}
	token := base64.StdEncoding.EncodeToString(raw)
	doc := sessionDoc{Account: c.Account, RoleARN: roleARN, RoleName: roleName, Name: name, Owner: owner, Root: c.Root, Expires: d.now().Add(ttl).UTC()}
	if doc.Sealed, err = d.sealer.Seal([]byte(secret), "session "+id); err != nil {
		return Session{}, err
	}
	if doc.Token, err = d.sealer.Seal([]byte(token), "token "+id); err != nil {
		return Session{}, err
	}
	if !c.Root {
		if doc.Policies, err = d.policyTexts(ctx, c.AccessKeyID); err != nil {
			return Session{}, err
		}
	}
	err = d.store.Update(ctx, func(tx meta.Tx) error {
		if err := d.sweep(tx); err != nil {
			return err
		}
		return tx.Insert(kindSession, meta.Key{id}, doc)
	})
	if err != nil {
		return Session{}, err
	}
	who, err := d.resolve(ctx, id)
	if err != nil {
		return Session{}, err
	}
	caller := who.key.Caller
	caller.AccessKeyID, caller.SessionToken = id, token
	return Session{AccessKeyID: id, SecretAccessKey: secret, SessionToken: token, Expires: doc.Expires, Caller: caller}, nil
}

// policyTexts are the documents that a key's rights come from.
func (d *Directory) policyTexts(ctx context.Context, id string) ([]string, error) {
	who, err := d.resolve(ctx, id)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, p := range who.policies {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(p); err != nil {
			return nil, err
		}
		out = append(out, b.String())
	}
	slices.Sort(out)
	return out, nil
}

// sweep drops sessions that ended a day ago.
func (d *Directory) sweep(tx meta.Tx) error {
	old := d.now().Add(-24 * time.Hour)
	var gone []meta.Key
	err := tx.Scan(kindSession, nil, nil, func(k meta.Key, raw json.RawMessage) (bool, error) {
		var s sessionDoc
		if err := json.Unmarshal(raw, &s); err != nil {
			return false, err
		}
		if s.Expires.Before(old) {
			gone = append(gone, k)
		}
		return len(gone) < 100, nil
	})
	if err != nil {
		return err
	}
	for _, k := range gone {
		if err := tx.Delete(kindSession, k); err != nil {
			return err
		}
	}
	return nil
}

// Revoke ends all sessions issued for an owner.
func (d *Directory) Revoke(ctx context.Context, owner string) error {
	err := d.store.Update(ctx, func(tx meta.Tx) error {
		var ids []meta.Key
		err := tx.Scan(kindSession, nil, nil, func(k meta.Key, raw json.RawMessage) (bool, error) {
			var s sessionDoc
			if err := json.Unmarshal(raw, &s); err != nil {
				return false, err
			}
			if s.Owner == owner {
				ids = append(ids, k)
			}
			return true, nil
		})
		if err != nil {
			return err
		}
		for _, k := range ids {
			if err := tx.Delete(kindSession, k); err != nil {
				return err
			}
		}
		return nil
	})
	d.changed()
	return err
}
