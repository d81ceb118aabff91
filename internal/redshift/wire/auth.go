package wire

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"
)

// authDigest is the number of Redshift's own password exchange.
const authDigest = 13

// authenticate asks for the user's password. Redshift's own drivers, known by their protocol
// version, are asked for a salted SHA-256 digest, since the JDBC driver has no SCRAM; all others
// use SCRAM-SHA-256. MD5 serves users of whom only an MD5 hash is stored.
func (c *conn) authenticate(ctx context.Context) error {
	user := c.start.User
	verifiers, err := c.srv.Backend.Verifiers(ctx, user)
	if err != nil {
		return err
	}
	var salted, hashed []Verifier
	for _, v := range verifiers {
		if v.MD5 != "" {
			hashed = append(hashed, v)
		} else {
			salted = append(salted, v)
		}
	}
	var ok bool
	switch {
	case len(hashed) > 0 && len(salted) == 0:
		ok, err = c.md5(hashed)
	case c.protocol > 0:
		ok, err = c.digest(salted)
	default:
		ok, err = c.scram(salted)
	}
	if err != nil {
		return err
	}
	if !ok {
		return &Error{Severity: "FATAL", Code: "28P01",
			Message: fmt.Sprintf("password authentication failed for user %q", user)}
	}
	return nil
}

func (c *conn) md5(verifiers []Verifier) (bool, error) {
	var salt [4]byte
	rand.Read(salt[:])
	c.be.Send(&pgproto3.AuthenticationMD5Password{Salt: salt})
	if err := c.be.SetAuthType(pgproto3.AuthTypeMD5Password); err != nil {
		return false, err
	}
	msg, err := c.ask()
	if err != nil {
		return false, err
	}
	answer, ok := msg.(*pgproto3.PasswordMessage)
	if !ok {
		return false, unexpected(msg)
	}
	for _, v := range verifiers {
		sum := md5.Sum(append([]byte(v.MD5), salt[:]...))
		want := "md5" + hex.EncodeToString(sum[:])
		if subtle.ConstantTimeCompare([]byte(want), []byte(answer.Password)) == 1 {
			return true, nil
		}
	}
	return false, nil
}

func (c *conn) digest(verifiers []Verifier) (bool, error) {
	salt := c.srv.Backend.Salt(c.start.User)
	nonce := make([]byte, 16)
	rand.Read(nonce)
	body := binary.BigEndian.AppendUint32(nil, authDigest)
	body = binary.BigEndian.AppendUint32(body, 0) // SHA-256
	body = binary.BigEndian.AppendUint32(body, uint32(len(salt)))
	body = append(body, salt...)
	body = binary.BigEndian.AppendUint32(body, uint32(len(nonce)))
	body = append(body, nonce...)
	c.be.Send(&rawMessage{'R', body})
	msg, err := c.ask()
	if err != nil {
		return false, err
	}
	// The answer has type 'd', which the protocol otherwise uses for rows of COPY.
	data, ok := msg.(*pgproto3.CopyData)
	if !ok {
		return false, unexpected(msg)
	}
	answer, rest, ok := counted(data.Data)
	if !ok {
		return false, malformed("password digest")
	}
	clientNonce, _, ok := counted(rest)
	if !ok {
		return false, malformed("password digest")
	}
	found := false
	for _, v := range verifiers {
		h := sha256.New()
		h.Write(v.Digest)
		h.Write(nonce)
		h.Write(clientNonce)
		if hmac.Equal(h.Sum(nil), answer) {
			found = true
		}
	}
	return found, nil
}

// counted takes a string of bytes that follows its length.
func counted(b []byte) (s, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := int64(binary.BigEndian.Uint32(b))
	if n > int64(len(b)-4) {
		return nil, nil, false
	}
	return b[4 : 4+n], b[4+n:], true
}

// scram is RFC 5802 and 7677, without channel binding.
func (c *conn) scram(verifiers []Verifier) (bool, error) {
	c.be.Send(&pgproto3.AuthenticationSASL{AuthMechanisms: []string{"SCRAM-SHA-256"}})
	if err := c.be.SetAuthType(pgproto3.AuthTypeSASL); err != nil {
		return false, err
	}
	msg, err := c.ask()
	if err != nil {
		return false, err
	}
	initial, ok := msg.(*pgproto3.SASLInitialResponse)
	if !ok {
		return false, unexpected(msg)
	}
	if initial.AuthMechanism != "SCRAM-SHA-256" {
		return false, &Error{Severity: "FATAL", Code: "28000", Message: "client chose an authentication mechanism that was not offered"}
	}
	first, err := parseClientFirst(string(initial.Data))
	if err != nil {
		return false, err
	}

	random := make([]byte, 18)
	rand.Read(random)
	nonce := first.nonce + base64.StdEncoding.EncodeToString(random)
	serverFirst := fmt.Sprintf("r=%s,s=%s,i=%d", nonce,
		base64.StdEncoding.EncodeToString(c.srv.Backend.Salt(c.start.User)), Iterations)
	c.be.Send(&pgproto3.AuthenticationSASLContinue{Data: []byte(serverFirst)})
	if err := c.be.SetAuthType(pgproto3.AuthTypeSASLContinue); err != nil {
		return false, err
	}
	if msg, err = c.ask(); err != nil {
		return false, err
	}
	response, ok := msg.(*pgproto3.SASLResponse)
	if !ok {
		return false, unexpected(msg)
	}
	final, err := parseClientFinal(string(response.Data))
	if err != nil {
		return false, err
	}
	if final.nonce != nonce || final.binding != first.gs2 {
		return false, malformed("SCRAM message")
	}

	signed := first.bare + "," + serverFirst + "," + final.withoutProof
	for _, v := range verifiers {
		key := mac(v.StoredKey, signed)
		if len(final.proof) != len(key) {
			continue
		}
		subtle.XORBytes(key, key, final.proof)
		stored := sha256.Sum256(key)
		if subtle.ConstantTimeCompare(stored[:], v.StoredKey) != 1 {
			continue
		}
		signature := base64.StdEncoding.EncodeToString(mac(v.ServerKey, signed))
		c.be.Send(&pgproto3.AuthenticationSASLFinal{Data: []byte("v=" + signature)})
		return true, nil
	}
	return false, nil
}

type clientFirst struct{ gs2, bare, nonce string }

func parseClientFirst(s string) (clientFirst, error) {
	bad := malformed("SCRAM message")
	flag, rest, ok := strings.Cut(s, ",")
	if !ok || (flag != "n" && flag != "y") {
		return clientFirst{}, bad // p= would want channel binding, which was not offered
	}
	authzid, bare, ok := strings.Cut(rest, ",")
	if !ok {
		return clientFirst{}, bad
	}
	name, rest, ok := strings.Cut(bare, ",")
	if !ok || !strings.HasPrefix(name, "n=") {
		return clientFirst{}, bad
	}
	nonce, _, _ := strings.Cut(rest, ",")
	nonce, ok = strings.CutPrefix(nonce, "r=")
	if !ok || nonce == "" {
		return clientFirst{}, bad
	}
	return clientFirst{gs2: flag + "," + authzid + ",", bare: bare, nonce: nonce}, nil
}

type clientFinal struct {
	binding, nonce, withoutProof string
	proof                        []byte
}

func parseClientFinal(s string) (clientFinal, error) {
	bad := malformed("SCRAM message")
	i := strings.LastIndex(s, ",p=")
	if i < 0 {
		return clientFinal{}, bad
	}
	f := clientFinal{withoutProof: s[:i]}
	proof, err := base64.StdEncoding.DecodeString(s[i+3:])
	if err != nil {
		return clientFinal{}, bad
	}
	f.proof = proof
	binding, rest, ok := strings.Cut(f.withoutProof, ",")
	if !ok || !strings.HasPrefix(binding, "c=") {
		return clientFinal{}, bad
	}
	gs2, err := base64.StdEncoding.DecodeString(binding[2:])
	if err != nil {
		return clientFinal{}, bad
	}
	f.binding = string(gs2)
	nonce, _, _ := strings.Cut(rest, ",")
	if f.nonce, ok = strings.CutPrefix(nonce, "r="); !ok {
		return clientFinal{}, bad
	}
	return f, nil
}

// ask flushes what was sent, and reads the client's answer.
func (c *conn) ask() (pgproto3.FrontendMessage, error) {
	if err := c.be.Flush(); err != nil {
		return nil, err
	}
	return c.be.Receive()
}

func malformed(what string) *Error {
	return &Error{Severity: "FATAL", Code: "08P01", Message: "malformed " + what}
}

func unexpected(msg pgproto3.FrontendMessage) *Error {
	return &Error{Severity: "FATAL", Code: "08P01", Message: fmt.Sprintf("unexpected message %T", msg)}
}
