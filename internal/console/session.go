package console

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"tarn/internal/awsapi"
	"tarn/internal/meta"
)

const (
	kindPassword = "console.password" // {account}
	kindSession  = "console.session"  // {sha256 of the cookie's value}
	cookieName   = "tarn_session"
	sessionTTL   = 30 * 24 * time.Hour
	minPassword  = 8
	// pbkdf2Rounds is OWASP's figure of 2023 for PBKDF2-HMAC-SHA256.
	pbkdf2Rounds = 600_000
)

type passwordDoc struct {
	Salt, Hash []byte
	Rounds     int
}

type sessionDoc struct{ Created, Expires time.Time }

// oneTimeKey is what the sign-in link carries: it opens the console once.
type oneTimeKey struct {
	mu  sync.Mutex
	key string
}

func (k *oneTimeKey) renew(random io.Reader) error {
	s, err := randomText(random)
	if err != nil {
		return err
	}
	k.mu.Lock()
	k.key = s
	k.mu.Unlock()
	return nil
}

func (k *oneTimeKey) current() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.key
}

// use spends the key if it is the right one.
func (k *oneTimeKey) use(key string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.key == "" || subtle.ConstantTimeCompare([]byte(key), []byte(k.key)) != 1 {
		return false
	}
	k.key = ""
	return true
}

func randomText(random io.Reader) (string, error) {
	if random == nil {
		random = rand.Reader
	}
	b := make([]byte, 24)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

func cookieKey(value string) meta.Key {
	sum := sha256.Sum256([]byte(value)) // the store never holds what opens a session
	return meta.Key{hex.EncodeToString(sum[:])}
}

func (c *Console) session(r *http.Request) (bool, error) {
	ck, err := r.Cookie(cookieName)
	if err != nil {
		return false, nil
	}
	var doc sessionDoc
	err = c.o.Store.View(r.Context(), func(tx meta.Tx) error { return tx.Get(kindSession, cookieKey(ck.Value), &doc) })
	if errors.Is(err, meta.ErrNotFound) {
		return false, nil
	}
	return err == nil && c.o.Now().Before(doc.Expires), err
}

// signedIn lets only a signed-in page through, acting as the account's root.
func (c *Console) signedIn(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ok, err := c.session(r)
		if err != nil {
			c.answer(w, r, nil, err)
			return
		}
		if !ok {
			fail(w, http.StatusUnauthorized, "Unauthorized", "sign in first")
			return
		}
		next(w, r.WithContext(awsapi.WithCaller(r.Context(), c.o.Root())))
	}
}

func (c *Console) password(r *http.Request) (*passwordDoc, error) {
	var doc passwordDoc
	err := c.o.Store.View(r.Context(), func(tx meta.Tx) error { return tx.Get(kindPassword, meta.Key{c.o.Root().Account}, &doc) })
	if errors.Is(err, meta.ErrNotFound) {
		return nil, nil
	}
	return &doc, err
}

func (c *Console) getSession(w http.ResponseWriter, r *http.Request) {
	ok, err := c.session(r)
	if err != nil {
		c.answer(w, r, nil, err)
		return
	}
	pw, err := c.password(r)
	if err != nil {
		c.answer(w, r, nil, err)
		return
	}
	root := c.o.Root()
	out := map[string]any{"SignedIn": ok, "NeedsPassword": pw == nil}
	if ok {
		out["User"], out["Account"], out["Region"] = "root", root.Account, root.Region
	}
	c.answer(w, r, out, nil)
}

func (c *Console) postSession(w http.ResponseWriter, r *http.Request) {
	var in struct{ Key, Password string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4096)).Decode(&in); err != nil {
		fail(w, http.StatusBadRequest, "SerializationException", "the request is not valid JSON")
		return
	}
	switch {
	case in.Key != "":
		if !c.key.use(in.Key) {
			fail(w, http.StatusUnauthorized, "Unauthorized", "this sign-in link has been used or is of an earlier start; tarn up prints a new one")
			return
		}
	default:
		if err := c.checkPassword(r, in.Password); err != nil {
			c.answer(w, r, nil, err)
			return
		}
	}
	value, err := randomText(c.o.Rand)
	if err != nil {
		c.answer(w, r, nil, err)
		return
	}
	now := c.o.Now()
	err = c.o.Store.Update(r.Context(), func(tx meta.Tx) error {
		if err := endSessions(tx, func(_ meta.Key, s sessionDoc) bool { return !now.Before(s.Expires) }); err != nil {
			return err
		}
		return tx.Put(kindSession, cookieKey(value), sessionDoc{now, now.Add(sessionTTL)})
	})
	if err != nil {
		c.answer(w, r, nil, err)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: value, Path: "/_/", HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode, MaxAge: int(sessionTTL.Seconds())})
	c.answer(w, r, map[string]any{"SignedIn": true}, nil)
}

// checkPassword compares a guess with the password, slower and slower for those who guess wrong.
func (c *Console) checkPassword(r *http.Request, guess string) error {
	pw, err := c.password(r)
	if err != nil {
		return err
	}
	if pw == nil {
		return unauthorized("no password has been chosen yet; open the sign-in link that tarn up prints")
	}
	from := guesserOf(r.RemoteAddr)
	wait, ok := c.guesses.begin(from, c.o.Now())
	if !ok {
		return awsapi.NewError("TooManyRequestsException", http.StatusTooManyRequests, "message", "too many wrong passwords; try again in a few seconds")
	}
	result := unknown
	defer func() { c.guesses.end(from, c.o.Now(), result) }()
	if err := c.sleep(r.Context(), wait); err != nil {
		return err
	}
	select {
	case c.comparing <- struct{}{}:
		defer func() { <-c.comparing }()
	case <-r.Context().Done():
		return r.Context().Err()
	}
	got, err := pbkdf2.Key(sha256.New, guess, pw.Salt, pw.Rounds, len(pw.Hash))
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(got, pw.Hash) != 1 {
		result = wrong
		return unauthorized("the password is wrong")
	}
	result = right
	return nil
}

func unauthorized(message string) error {
	return awsapi.NewError("Unauthorized", http.StatusUnauthorized, "message", "%s", message)
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// endSessions removes the sessions that which picks.
func endSessions(tx meta.Tx, which func(meta.Key, sessionDoc) bool) error {
	var gone []meta.Key
	err := tx.Scan(kindSession, nil, nil, func(k meta.Key, raw json.RawMessage) (bool, error) {
		var s sessionDoc
		if err := json.Unmarshal(raw, &s); err != nil {
			return false, err
		}
		if which(k, s) {
			gone = append(gone, k)
		}
		return true, nil
	})
	for _, k := range gone {
		if err := tx.Delete(kindSession, k); err != nil {
			return err
		}
	}
	return err
}

func (c *Console) deleteSession(w http.ResponseWriter, r *http.Request) {
	if ck, err := r.Cookie(cookieName); err == nil {
		err := c.o.Store.Update(r.Context(), func(tx meta.Tx) error { return tx.Delete(kindSession, cookieKey(ck.Value)) })
		if err != nil && !errors.Is(err, meta.ErrNotFound) {
			c.answer(w, r, nil, err)
			return
		}
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Path: "/_/", MaxAge: -1})
	c.answer(w, r, map[string]any{"SignedIn": false}, nil)
}

func (c *Console) postPassword(w http.ResponseWriter, r *http.Request) {
	var in struct{ Password string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4096)).Decode(&in); err != nil {
		fail(w, http.StatusBadRequest, "SerializationException", "the request is not valid JSON")
		return
	}
	if len(in.Password) < minPassword {
		fail(w, http.StatusBadRequest, "InvalidParameterValueException", "a password has at least %d characters", minPassword)
		return
	}
	salt, err := randomText(c.o.Rand)
	if err != nil {
		c.answer(w, r, nil, err)
		return
	}
	hash, err := pbkdf2.Key(sha256.New, in.Password, []byte(salt), pbkdf2Rounds, 32)
	if err != nil {
		c.answer(w, r, nil, err)
		return
	}
	own := meta.Key{}
	if ck, err := r.Cookie(cookieName); err == nil {
		own = cookieKey(ck.Value)
	}
	err = c.o.Store.Update(r.Context(), func(tx meta.Tx) error {
		// Who signed in with the old password, on whatever machine, has to do so again.
		if err := endSessions(tx, func(k meta.Key, _ sessionDoc) bool { return !slices.Equal(k, own) }); err != nil {
			return err
		}
		return tx.Put(kindPassword, meta.Key{c.o.Root().Account}, passwordDoc{[]byte(salt), hash, pbkdf2Rounds})
	})
	c.answer(w, r, map[string]any{"SignedIn": true}, err)
}
