package s3

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"tarn/internal/awsapi"
	"tarn/internal/s3/checksum"
	"tarn/internal/s3/index"
)

const (
	maxFormFields = 100
	maxFormData   = 1 << 20 // of all fields but the file
)

// form is a browser's upload, up to its file.
type form struct {
	fields map[string]string // by name in lower case
	names  []string          // as they came
	file   *multipart.Part
}

// PostObject handles a browser's upload: a form whose policy is signed in place of the request. It is a handler and
// not an operation, since the form is not in S3's model.
func (s *Service) PostObject(w http.ResponseWriter, r *http.Request, bucket string) {
	ctx := r.Context()
	f, err := readForm(r)
	var o *index.Object
	if err == nil {
		o, err = s.post(ctx, r, bucket, f)
	}
	if err != nil {
		s.postError(ctx, w, r, err)
		return
	}
	at := *r.URL
	at.Scheme, at.Host = "http", r.Host
	if r.TLS != nil {
		at.Scheme = "https"
	}
	at.Path = strings.TrimSuffix(at.Path, "/") + "/" + o.Key
	at.RawQuery = ""
	h := w.Header()
	h.Set("ETag", quote(o.ETag))
	h.Set("Location", at.String())
	if to := f.fields["success_action_redirect"]; to != "" {
		if target, err := url.Parse(to); err == nil && (target.Scheme == "http" || target.Scheme == "https") {
			q := target.Query()
			q.Set("bucket", bucket)
			q.Set("key", o.Key)
			q.Set("etag", quote(o.ETag))
			target.RawQuery = q.Encode()
			h.Set("Location", target.String())
			w.WriteHeader(http.StatusSeeOther)
			return
		}
	}
	switch f.fields["success_action_status"] {
	case "200":
		w.WriteHeader(http.StatusOK)
	case "201":
		writeXML(w, http.StatusCreated, struct {
			XMLName                     xml.Name `xml:"PostResponse"`
			Location, Bucket, Key, ETag string
		}{Location: at.String(), Bucket: bucket, Key: o.Key, ETag: quote(o.ETag)})
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func writeXML(w http.ResponseWriter, status int, v any) {
	b, err := xml.Marshal(v)
	if err != nil {
		status, b = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	io.WriteString(w, xml.Header)
	w.Write(b)
}

func (s *Service) postError(ctx context.Context, w http.ResponseWriter, r *http.Request, err error) {
	var e *awsapi.Error
	if !errors.As(err, &e) {
		s.log.ErrorContext(ctx, "upload by form", "request", awsapi.RequestID(ctx), "error", err)
		e = fail(http.StatusInternalServerError, "InternalError", "We encountered an internal error. Please try again.")
	}
	writeXML(w, e.Status, struct {
		XMLName                            xml.Name `xml:"Error"`
		Code, Message, Resource, RequestId string
	}{Code: e.Code, Message: e.Text(), Resource: r.URL.Path, RequestId: awsapi.RequestID(ctx)})
}

// readForm reads a form up to its file. What comes after the file is ignored, as S3 does.
func readForm(r *http.Request) (*form, error) {
	mr, err := r.MultipartReader()
	if err != nil {
		return nil, fail(http.StatusPreconditionFailed, "PreconditionFailed", "Bucket POST must be of the enclosure-type multipart/form-data")
	}
	f := &form{fields: map[string]string{}}
	left := int64(maxFormData)
	for {
		p, err := mr.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil, fail(http.StatusBadRequest, "InvalidArgument", "POST requires exactly one file upload per request.").With("ArgumentName", "file").With("ArgumentValue", "0")
		}
		if err != nil {
			return nil, fail(http.StatusBadRequest, "MalformedPOSTRequest", "The body of your POST request is not well-formed multipart/form-data.")
		}
		name := strings.ToLower(p.FormName())
		if name == "file" {
			f.file = p
			return f, nil
		}
		b, err := io.ReadAll(io.LimitReader(p, left+1))
		if err != nil {
			return nil, fail(http.StatusBadRequest, "MalformedPOSTRequest", "The body of your POST request is not well-formed multipart/form-data.")
		}
		if left -= int64(len(b)); left < 0 || len(f.names) == maxFormFields {
			return nil, fail(http.StatusBadRequest, "MaxPostPreDataLengthExceededError", "Your POST request fields preceding the upload file were too large.")
		}
		if _, twice := f.fields[name]; twice {
			return nil, invalidArgument(name, string(b), "POST requires exactly one value for the field %s.", name)
		}
		f.fields[name] = string(b)
		f.names = append(f.names, name)
	}
}

func (s *Service) post(ctx context.Context, r *http.Request, bucket string, f *form) (*index.Object, error) {
	caller, err := s.signer(ctx, f)
	if err != nil {
		return nil, err
	}
	ctx = awsapi.WithCaller(ctx, caller)
	key, ok := f.fields["key"]
	if !ok || key == "" {
		return nil, invalidArgument("key", "", "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.")
	}
	p, err := parsePolicy(f.fields["policy"])
	if err != nil {
		return nil, err
	}
	if err := p.check(s.now(), bucket, f); err != nil {
		return nil, err
	}
	key = strings.ReplaceAll(key, "${filename}", path.Base(strings.ReplaceAll(f.file.FileName(), `\`, "/")))
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if err := s.authorize(ctx, "s3:PutObject", resourceARN(bucket, key)); err != nil {
		return nil, err
	}
	if _, err := s.owned(ctx, bucket, nil); err != nil {
		return nil, err
	}
	return s.storeForm(ctx, bucket, key, f, p)
}

func (s *Service) storeForm(ctx context.Context, bucket, key string, f *form, p *policy) (*index.Object, error) {
	field := func(name string) *string { return text(f.fields[name]) }
	if err := checkUnsupported(field("acl"), field("x-amz-server-side-encryption"), field("x-amz-server-side-encryption-aws-kms-key-id"),
		field("x-amz-server-side-encryption-customer-algorithm"), nil, nil); err != nil {
		return nil, err
	}
	doc := index.ObjectDoc{
		ContentType: f.fields["content-type"], CacheControl: f.fields["cache-control"], ContentDisposition: f.fields["content-disposition"],
		ContentEncoding: f.fields["content-encoding"], Expires: f.fields["expires"], WebsiteRedirect: f.fields["x-amz-website-redirect-location"],
	}
	metadata := map[string]string{}
	for name, value := range f.fields {
		if rest, ok := strings.CutPrefix(name, "x-amz-meta-"); ok {
			metadata[rest] = value
		}
	}
	var err error
	if doc.Metadata, err = checkMetadata(metadata); err != nil {
		return nil, err
	}
	if t := f.fields["tagging"]; t != "" {
		if doc.Tags, err = formTags(t); err != nil {
			return nil, err
		}
	}
	var sums statedSums
	for i, a := range sumAlgorithms() {
		sums[i] = field(a.Header())
	}
	x, err := expect(ctx, field("content-md5"), nil, nil, sums)
	if err != nil {
		return nil, err
	}
	if x.algorithm == "" {
		x.algorithm = checksum.CRC64NVME
	}
	class, err := storageClass(field("x-amz-storage-class"))
	if err != nil {
		return nil, err
	}
	o := &index.Object{Key: key, Class: class, Modified: s.now(), Doc: doc}
	// One byte more than is allowed is enough to know.
	limit := p.maxSize
	if limit < math.MaxInt64 {
		limit++
	}
	received, err := s.receive(ctx, io.LimitReader(f.file, limit), x, x.algorithm)
	if err != nil {
		return nil, err
	}
	if received.size < p.minSize {
		err = fail(http.StatusBadRequest, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size").
			With("ProposedSize", number(received.size)).With("MinSizeAllowed", number(p.minSize))
	} else if received.size > p.maxSize {
		err = fail(http.StatusBadRequest, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size").
			With("ProposedSize", number(received.size)).With("MaxSizeAllowed", number(p.maxSize))
	}
	if err != nil {
		s.discard(err, received.blob)
		return nil, err
	}
	return o, s.publishReceived(ctx, bucket, o, received, x.algorithm, condition{}, EventPost)
}

func formTags(document string) ([]index.Tag, error) {
	var d struct {
		TagSet struct {
			Tag []struct{ Key, Value string }
		}
	}
	if err := xml.NewDecoder(bytes.NewReader([]byte(document))).Decode(&d); err != nil {
		return nil, fail(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	tags := make([]index.Tag, len(d.TagSet.Tag))
	for i, t := range d.TagSet.Tag {
		tags[i] = index.Tag{Key: t.Key, Value: t.Value}
	}
	return tags, checkTags(tags, maxObjectTags, "Object")
}

// signer is who has signed the form's policy.
func (s *Service) signer(ctx context.Context, f *form) (awsapi.Caller, error) {
	refused := awsapi.Caller{}
	policy := f.fields["policy"]
	if policy == "" || s.options.Keys == nil {
		return refused, accessDenied()
	}
	keyID, scope := f.fields["awsaccesskeyid"], ""
	if credential := f.fields["x-amz-credential"]; credential != "" {
		keyID, scope, _ = strings.Cut(credential, "/")
	}
	if keyID == "" {
		return refused, accessDenied()
	}
	key, err := s.options.Keys.Key(ctx, keyID, f.fields["x-amz-security-token"])
	switch {
	case errors.Is(err, awsapi.ErrExpired):
		return refused, fail(http.StatusBadRequest, "ExpiredToken", "The provided token has expired.")
	case errors.Is(err, awsapi.ErrBadToken):
		return refused, fail(http.StatusBadRequest, "InvalidToken", "The provided token is malformed or otherwise invalid.")
	case errors.Is(err, awsapi.ErrNoKey):
		return refused, fail(http.StatusForbidden, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.").With("AWSAccessKeyId", keyID)
	case err != nil:
		return refused, err
	}
	var want, have string
	if scope == "" {
		mac := hmac.New(sha1.New, []byte(key.Secret))
		mac.Write([]byte(policy))
		want, have = base64.StdEncoding.EncodeToString(mac.Sum(nil)), f.fields["signature"]
	} else {
		parts := strings.Split(scope, "/") // date/region/s3/aws4_request
		if len(parts) != 4 || parts[2] != "s3" || parts[3] != "aws4_request" || f.fields["x-amz-algorithm"] != "AWS4-HMAC-SHA256" {
			return refused, invalidArgument("X-Amz-Credential", f.fields["x-amz-credential"], "The Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".")
		}
		signing := []byte("AWS4" + key.Secret)
		for _, p := range parts {
			signing = hmacSHA256(signing, p)
		}
		want, have = hex.EncodeToString(hmacSHA256(signing, policy)), f.fields["x-amz-signature"]
		key.Caller.Region = parts[1]
	}
	if subtle.ConstantTimeCompare([]byte(want), []byte(have)) != 1 {
		return refused, fail(http.StatusForbidden, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your key and signing method.").
			With("AWSAccessKeyId", keyID)
	}
	key.Caller.AccessKeyID = keyID
	return key.Caller, nil
}

func hmacSHA256(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// expired tells whether the policy's time has come.
func (p *policy) expired(now time.Time) bool { return !now.Before(p.expiration) }
