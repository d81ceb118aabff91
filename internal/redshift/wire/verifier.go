package wire

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Iterations is how often a password is hashed for a SCRAM verifier.
const Iterations = 4096

// Verifier is what is stored about a password: enough to check it, not to know it.
type Verifier struct {
	Salt []byte `json:"salt,omitempty"`
	// StoredKey and ServerKey are SCRAM-SHA-256's.
	StoredKey []byte `json:"storedKey,omitempty"`
	ServerKey []byte `json:"serverKey,omitempty"`
	// Digest is SHA-256 of the password and the salt, for the exchange that Redshift's own drivers
	// know.
	Digest []byte `json:"digest,omitempty"`
	// MD5 alone is kept of a user who was created with an MD5 hash: 32 hexadecimal digits of
	// password and user name.
	MD5 string `json:"md5,omitempty"`
}

// NewVerifier hashes a password.
func NewVerifier(password string, salt []byte) (Verifier, error) {
	salted, err := pbkdf2.Key(sha256.New, password, salt, Iterations, sha256.Size)
	if err != nil {
		return Verifier{}, fmt.Errorf("hash a password: %w", err)
	}
	stored := sha256.Sum256(mac(salted, "Client Key"))
	digest := sha256.Sum256(append([]byte(password), salt...))
	return Verifier{Salt: salt, StoredKey: stored[:], ServerKey: mac(salted, "Server Key"), Digest: digest[:]}, nil
}

// MD5Verifier takes a password that was hashed before: "md5" and 32 hexadecimal digits.
func MD5Verifier(hash string) (Verifier, bool) {
	digits, ok := strings.CutPrefix(hash, "md5")
	if raw, err := hex.DecodeString(digits); !ok || err != nil || len(raw) != md5.Size {
		return Verifier{}, false
	}
	return Verifier{MD5: strings.ToLower(digits)}, true
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// Matches says whether a password is the one.
func (v Verifier) Matches(user, password string) bool {
	if v.MD5 != "" {
		sum := md5.Sum([]byte(password + user))
		return hmac.Equal([]byte(hex.EncodeToString(sum[:])), []byte(v.MD5))
	}
	digest := sha256.Sum256(append([]byte(password), v.Salt...))
	return hmac.Equal(digest[:], v.Digest)
}
