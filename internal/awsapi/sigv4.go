package awsapi

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Key is an access key's secret and whom it speaks for.
type Key struct {
	Secret string
	Caller Caller
}

// Authenticator finds access keys.
type Authenticator interface {
	// Key answers ErrNoKey for an unknown or inactive key, ErrBadToken for a key
	// with another's token or none, and ErrExpired for a session that has ended.
	Key(ctx context.Context, accessKeyID, sessionToken string) (Key, error)
}

// Answers of an Authenticator.
var (
	ErrNoKey    = errors.New("no such access key")
	ErrBadToken = fmt.Errorf("%w with this session token", ErrNoKey)
	ErrExpired  = errors.New("the security token has expired")
)

const (
	emptySHA256     = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	unsignedPayload = "UNSIGNED-PAYLOAD"
	streamSigned    = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	streamSignedTr  = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	streamTr        = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
	timeFormat      = "20060102T150405Z"
	maxSkew         = 15 * time.Minute
	maxPresign      = 7 * 24 * time.Hour
)

// signature is what a request says about how it was signed.
type signature struct {
	keyID, date, region, service string
	signedHeaders                []string
	value                        string
	token                        string
	time                         time.Time
	date8601                     string        // time as the request has it, where that is in timeFormat
	expires                      time.Duration // presigned only
	presigned                    bool
	v2                           bool
	anonymous                    bool
}

// authFault is why a signature was refused; each protocol has its own names for these.
type authFault int

const (
	faultMissing authFault = iota + 1
	faultNoKey
	faultToken
	faultMismatch
	faultUnsigned
	faultSkew
	faultTime // a presigned URL used too late or too early
	faultExpiredToken
	faultMechanism
	faultMalformed
	faultQuery // a presigned URL's parameters
)

type authError struct {
	fault   authFault
	detail  string
	members map[string]any // what S3 says besides
}

func refuse(fault authFault, detail string) *authError {
	return &authError{fault: fault, detail: detail}
}

func (e *authError) Error() string { return e.detail }

func (e *authError) with(member string, value any) *authError {
	if e.members == nil {
		e.members = map[string]any{}
	}
	e.members[member] = value
	return e
}

// readSignature finds the signature of a request without checking it.
func readSignature(r *http.Request, q url.Values) (*signature, *authError) {
	if h := r.Header.Get("Authorization"); h != "" {
		if !strings.HasPrefix(h, "AWS4-HMAC-SHA256") {
			return nil, refuse(faultMechanism, "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.")
		}
		s := &signature{token: r.Header.Get("X-Amz-Security-Token")}
		var cred string
		for _, part := range strings.Split(strings.TrimPrefix(h, "AWS4-HMAC-SHA256"), ",") {
			k, v, _ := strings.Cut(strings.TrimSpace(part), "=")
			switch k {
			case "Credential":
				cred = v
			case "SignedHeaders":
				s.signedHeaders = strings.Split(strings.ToLower(v), ";")
			case "Signature":
				s.value = v
			}
		}
		if !s.credential(cred) || len(s.signedHeaders) == 0 || s.value == "" {
			return nil, refuse(faultMalformed, "the Authorization header needs Credential, SignedHeaders and Signature")
		}
		date := r.Header.Get("X-Amz-Date")
		if date == "" {
			date = r.Header.Get("Date")
		}
		t, err := time.Parse(timeFormat, date)
		if err == nil {
			s.date8601 = date
		} else {
			if t, err = http.ParseTime(date); err != nil {
				return nil, refuse(faultMalformed, "the request needs an X-Amz-Date header such as 20130524T000000Z")
			}
		}
		s.time = t.UTC()
		return s, nil
	}
	if q.Get("X-Amz-Algorithm") != "" || q.Get("X-Amz-Credential") != "" {
		s := &signature{presigned: true, value: q.Get("X-Amz-Signature"), token: q.Get("X-Amz-Security-Token")}
		if !s.credential(q.Get("X-Amz-Credential")) || q.Get("X-Amz-Algorithm") != "AWS4-HMAC-SHA256" {
			return nil, refuse(faultQuery, "a presigned URL needs X-Amz-Algorithm=AWS4-HMAC-SHA256 and an X-Amz-Credential of the form <YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request")
		}
		s.signedHeaders = strings.Split(strings.ToLower(q.Get("X-Amz-SignedHeaders")), ";")
		t, err := time.Parse(timeFormat, q.Get("X-Amz-Date"))
		secs, err2 := strconv.Atoi(q.Get("X-Amz-Expires"))
		if err2 != nil && q.Get("X-Amz-Expires") == "" { // other services than S3 leave it out
			secs, err2 = 900, nil
		}
		switch {
		case err != nil:
			return nil, refuse(faultQuery, "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
		case err2 != nil:
			return nil, refuse(faultQuery, "X-Amz-Expires should be a number")
		case secs < 0:
			return nil, refuse(faultQuery, "X-Amz-Expires must be non-negative")
		case time.Duration(secs) > maxPresign/time.Second:
			return nil, refuse(faultQuery, "X-Amz-Expires must be less than a week (in seconds) that is, the given X-Amz-Expires must be less than 604800 seconds")
		}
		s.time, s.expires = t, time.Duration(secs)*time.Second
		return s, nil
	}
	if q.Get("AWSAccessKeyId") != "" && q.Get("Signature") != "" {
		exp, err := strconv.ParseInt(q.Get("Expires"), 10, 64)
		if err != nil {
			return nil, refuse(faultQuery, "a presigned URL needs Expires in epoch seconds")
		}
		return &signature{v2: true, presigned: true, service: "s3", keyID: q.Get("AWSAccessKeyId"), value: q.Get("Signature"), token: q.Get("x-amz-security-token"), time: time.Unix(exp, 0)}, nil
	}
	return &signature{anonymous: true}, nil
}

func (s *signature) credential(c string) bool {
	// A key id never holds a slash, so the last four parts are the scope.
	p := strings.Split(c, "/")
	if len(p) != 5 || p[4] != "aws4_request" {
		return false
	}
	s.keyID, s.date, s.region, s.service = p[0], p[1], p[2], p[3]
	return true
}

func (s *signature) scope() string {
	return s.date + "/" + s.region + "/" + s.service + "/aws4_request"
}

func hmacSHA256(key []byte, data string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(data))
	return h.Sum(nil)
}

// signingKeys caches derived keys, four HMACs each.
type signingKeys struct {
	mu sync.Mutex
	m  map[string][]byte
}

func (c *signingKeys) get(secret, date, region, service string) []byte {
	id := secret + "\x00" + date + "\x00" + region + "\x00" + service
	c.mu.Lock()
	defer c.mu.Unlock()
	if k, ok := c.m[id]; ok {
		return k
	}
	if c.m == nil || len(c.m) > 4096 {
		c.m = map[string][]byte{}
	}
	k := signingKey(secret, date, region, service)
	c.m[id] = k
	return k
}

func signingKey(secret, date, region, service string) []byte {
	return hmacSHA256(hmacSHA256(hmacSHA256(hmacSHA256([]byte("AWS4"+secret), date), region), service), "aws4_request")
}

// authenticate checks the request's signature. On success the request's Body is
// what the client meant to send: unchunked, and checked while it is read.
func (s *Server) authenticate(ctx context.Context, r *http.Request, sig *signature, form []byte) (Caller, *chunkedBody, error) {
	if sig.anonymous {
		return Caller{}, nil, refuse(faultMissing, "Request is missing Authentication Token")
	}
	key, err := s.cfg.Auth.Key(ctx, sig.keyID, sig.token)
	switch {
	case errors.Is(err, ErrExpired):
		return Caller{}, nil, refuse(faultExpiredToken, "The security token included in the request is expired").with("Token-0", sig.token)
	case errors.Is(err, ErrBadToken):
		return Caller{}, nil, refuse(faultToken, "The security token included in the request is invalid.").with("Token-0", sig.token)
	case errors.Is(err, ErrNoKey):
		return Caller{}, nil, refuse(faultNoKey, "The security token included in the request is invalid.").with("AWSAccessKeyId", sig.keyID)
	case err != nil:
		return Caller{}, nil, err
	}
	now := s.cfg.Now()
	if sig.v2 {
		return s.authenticateV2(r, sig, key, now)
	}
	if err := sig.inTime(now); err != nil {
		return Caller{}, nil, err
	}
	if !strings.HasPrefix(sig.stamp(), sig.date) {
		return Caller{}, nil, refuse(faultMismatch, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP")
	}
	if err := sig.coversHeaders(r.Header); err != nil {
		return Caller{}, nil, err
	}
	payload := r.Header.Get("X-Amz-Content-Sha256")
	switch {
	case sig.service != "s3": // presigned ones too: with another body they would be another request
		sum := sha256.Sum256(form)
		payload = hex.EncodeToString(sum[:])
	case sig.presigned && payload == "":
		payload = or(r.URL.Query().Get("X-Amz-Content-Sha256"), unsignedPayload)
	case payload == "":
		return Caller{}, nil, refuse(faultMalformed, "Missing required header for this request: x-amz-content-sha256")
	}
	sk := s.keys.get(key.Secret, sig.date, sig.region, sig.service)
	canonical := canonicalRequest(r, sig, payload)
	toSign := stringToSign(sig, canonical)
	want := hex.EncodeToString(hmacSHA256(sk, toSign))
	if subtle.ConstantTimeCompare([]byte(want), []byte(sig.value)) != 1 {
		return Caller{}, nil, refuse(faultMismatch, "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.").
			with("AWSAccessKeyId", sig.keyID).with("SignatureProvided", sig.value).with("StringToSign", toSign).with("CanonicalRequest", canonical)
	}
	c := key.Caller
	c.AccessKeyID, c.SessionToken, c.Region = sig.keyID, sig.token, sig.region
	if sig.service != "s3" {
		return c, nil, nil
	}
	body, err := s3Body(r, sig, payload, sk)
	return c, body, err
}

// inTime holds a signature to the clock.
func (s *signature) inTime(now time.Time) error {
	iso := func(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
	if !s.presigned {
		if d := now.Sub(s.time); d > maxSkew || d < -maxSkew {
			return refuse(faultSkew, "Signature expired: "+s.time.Format(timeFormat)+" is more than 15 min. away from the server's clock, "+now.UTC().Format(timeFormat)).
				with("RequestTime", s.stamp()).with("ServerTime", iso(now)).with("MaxAllowedSkewMilliseconds", maxSkew.Milliseconds())
		}
		return nil
	}
	if end := s.time.Add(s.expires); now.After(end) {
		return refuse(faultTime, "Request has expired").
			with("X-Amz-Expires", int64(s.expires/time.Second)).with("Expires", iso(end)).with("ServerTime", iso(now))
	}
	if s.time.After(now.Add(maxSkew)) {
		return refuse(faultTime, "Request is not yet valid").with("ServerTime", iso(now))
	}
	return nil
}

// coversHeaders refuses a request whose host or x-amz- headers were not signed: whoever holds a presigned URL could
// otherwise make another request of it, a copy of any object by x-amz-copy-source in place of an upload.
func (s *signature) coversHeaders(h http.Header) error {
	if !contains(s.signedHeaders, "host") {
		return refuse(faultUnsigned, "'Host' must be a 'SignedHeader' in the AWS Authorization.").with("HeadersNotSigned", "host")
	}
	var unsigned []string
	for k := range h {
		if !strings.HasPrefix(k, "X-Amz-") || contains(s.signedHeaders, strings.ToLower(k)) {
			continue
		}
		switch k {
		case "X-Amz-Content-Sha256", "X-Amz-Date": // are in what is signed
		case "X-Amz-Security-Token": // is the key's own or refused
		case "X-Amz-User-Agent":
		default:
			unsigned = append(unsigned, strings.ToLower(k))
		}
	}
	if len(unsigned) == 0 {
		return nil
	}
	sort.Strings(unsigned)
	return refuse(faultUnsigned, "There were headers present in the request which were not signed").with("HeadersNotSigned", strings.Join(unsigned, ", "))
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
