package console

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tarn/internal/awsapi"
	"tarn/internal/meta"
	"tarn/internal/meta/sqlite"
)

// fixture is a console with the password "open sesame", whose clock moves only while a guess waits.
type fixture struct {
	*Console
	store meta.Store

	mu  sync.Mutex
	now time.Time
}

func (f *fixture) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fixture) pass(_ context.Context, d time.Duration) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
	return nil
}

func open(t *testing.T) *fixture {
	t.Helper()
	store, err := sqlite.Open(filepath.Join(t.TempDir(), "tarn.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	f := &fixture{store: store, now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
	f.Console, err = New(Options{
		Pages: http.NotFoundHandler(), Store: store, Root: func() awsapi.Caller { return awsapi.Caller{Account: "000000000000", Root: true} },
		Health: func(http.ResponseWriter, *http.Request) {}, Now: f.clock, Rand: rand.Reader,
	})
	if err != nil {
		t.Fatal(err)
	}
	f.sleep = f.pass
	const rounds = 10 // a real password's are made to be costly
	hash, err := pbkdf2.Key(sha256.New, "open sesame", []byte("salt"), rounds, 32)
	if err != nil {
		t.Fatal(err)
	}
	err = store.Update(t.Context(), func(tx meta.Tx) error {
		return tx.Put(kindPassword, meta.Key{"000000000000"}, passwordDoc{[]byte("salt"), hash, rounds})
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) do(t *testing.T, from, method, path, body, cookie string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
	r.RemoteAddr = from + ":4000"
	r.Header.Set("X-Tarn", "1")
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w
}

func cookieOf(w *httptest.ResponseRecorder) string {
	c, _, _ := strings.Cut(w.Header().Get("Set-Cookie"), ";")
	return c
}

func (f *fixture) signIn(t *testing.T, from, password string) (status int, took time.Duration, cookie string) {
	t.Helper()
	before := f.clock()
	w := f.do(t, from, "POST", "/_/session", `{"Password":"`+password+`"}`, "")
	return w.Code, f.clock().Sub(before), cookieOf(w)
}

func (f *fixture) signedIn(t *testing.T, cookie string) bool {
	t.Helper()
	return strings.Contains(f.do(t, "203.0.113.1", "GET", "/_/session", "", cookie).Body.String(), `"SignedIn":true`)
}

func TestGuessesGetSlower(t *testing.T) {
	f := open(t)
	const guesser, owner = "203.0.113.66", "203.0.113.2"
	var total time.Duration
	for range 8 {
		status, took, _ := f.signIn(t, guesser, "guess")
		if status != http.StatusUnauthorized {
			t.Fatal(status)
		}
		total += took
	}
	if want := 15500 * time.Millisecond; total != want {
		t.Errorf("eight guesses took %s, want %s", total, want)
	}
	if status, took, _ := f.signIn(t, owner, "open sesame"); status != 200 || took != 0 {
		t.Errorf("the owner elsewhere got %d after %s", status, took)
	}
	status, took, cookie := f.signIn(t, guesser, "open sesame")
	if status != 200 || took != longestWait || !f.signedIn(t, cookie) {
		t.Errorf("the owner at the same address got %d after %s", status, took)
	}
}

func TestNewPasswordEndsOtherSessions(t *testing.T) {
	f := open(t)
	link := f.do(t, "203.0.113.2", "POST", "/_/session", `{"Key":"`+f.Key()+`"}`, "")
	one := cookieOf(link)
	_, _, two := f.signIn(t, "203.0.113.3", "open sesame")
	if !f.signedIn(t, one) || !f.signedIn(t, two) {
		t.Fatal("not signed in")
	}
	if w := f.do(t, "203.0.113.2", "POST", "/_/password", `{"Password":"closed sesame"}`, one); w.Code != 200 {
		t.Fatal(w.Code, w.Body)
	}
	if !f.signedIn(t, one) || f.signedIn(t, two) {
		t.Error("the other session goes on, or one's own has ended")
	}
	if status, _, _ := f.signIn(t, "203.0.113.3", "open sesame"); status != http.StatusUnauthorized {
		t.Errorf("the old password was answered with %d", status)
	}
}

func TestEndedSessionsAreForgotten(t *testing.T) {
	f := open(t)
	for range 3 {
		f.signIn(t, "203.0.113.2", "open sesame")
	}
	f.pass(t.Context(), sessionTTL+time.Second)
	_, _, cookie := f.signIn(t, "203.0.113.2", "open sesame")
	n := 0
	err := f.store.View(t.Context(), func(tx meta.Tx) error {
		return tx.Scan(kindSession, nil, nil, func(meta.Key, json.RawMessage) (bool, error) { n++; return true, nil })
	})
	if err != nil || n != 1 || !f.signedIn(t, cookie) {
		t.Errorf("%d sessions are kept, %v", n, err)
	}
}
