package awsapi

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"
)

// v2SubResources are the query parameters that SigV2 signs.
const v2SubResources = " acl cors delete lifecycle location logging notification partNumber policy requestPayment response-cache-control response-content-disposition response-content-encoding response-content-language response-content-type response-expires restore tagging torrent uploadId uploads versionId versioning versions website "

// authenticateV2 checks a presigned S3 URL of the old kind, which boto3 and the
// AWS CLI still make unless they are told otherwise.
func (s *Server) authenticateV2(r *http.Request, sig *signature, key Key, now time.Time) (Caller, *chunkedBody, error) {
	if now.After(sig.time) {
		return Caller{}, nil, refuse(faultTime, "Request has expired").with("Expires", sig.time.UTC().Format("2006-01-02T15:04:05Z")).with("ServerTime", now.UTC().Format("2006-01-02T15:04:05Z"))
	}
	var b strings.Builder
	b.WriteString(r.Method + "\n" + r.Header.Get("Content-MD5") + "\n" + r.Header.Get("Content-Type") + "\n" + strconv.FormatInt(sig.time.Unix(), 10) + "\n")
	q := r.URL.Query()
	amz := map[string]string{}
	for k, v := range r.Header {
		if lk := strings.ToLower(k); strings.HasPrefix(lk, "x-amz-") {
			amz[lk] = strings.Join(v, ",")
		}
	}
	for k, v := range q {
		if lk := strings.ToLower(k); strings.HasPrefix(lk, "x-amz-") {
			amz[lk] = strings.Join(v, ",")
		}
	}
	for _, k := range sortedKeys(amz) {
		b.WriteString(k + ":" + amz[k] + "\n")
	}
	if bucket := s.virtualBucket(r.Host); bucket != "" {
		b.WriteString("/" + bucket)
	}
	b.WriteString(r.URL.EscapedPath())
	var sub []string
	for k, v := range q {
		if strings.Contains(v2SubResources, " "+k+" ") {
			if v[0] != "" {
				sub = append(sub, k+"="+v[0])
			} else {
				sub = append(sub, k)
			}
		}
	}
	if len(sub) > 0 {
		sort.Strings(sub)
		b.WriteString("?" + strings.Join(sub, "&"))
	}
	h := hmac.New(sha1.New, []byte(key.Secret))
	h.Write([]byte(b.String()))
	want := base64.StdEncoding.EncodeToString(h.Sum(nil))
	got := sig.value
	if d, err := url.QueryUnescape(got); err == nil && strings.Contains(got, "%") {
		got = d
	}
	if subtle.ConstantTimeCompare([]byte(want), []byte(got)) != 1 {
		return Caller{}, nil, refuse(faultMismatch, "").
			with("AWSAccessKeyId", sig.keyID).with("SignatureProvided", got).with("StringToSign", b.String())
	}
	c := key.Caller
	c.AccessKeyID, c.SessionToken = sig.keyID, sig.token
	return c, nil, nil
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
