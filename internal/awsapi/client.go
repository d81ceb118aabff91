package awsapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Credentials sign a client's requests.
type Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// Client calls AWS's APIs, tarn's or AWS's own, with the generated shapes.
type Client struct {
	Endpoint    string // http://localhost:4566; empty: AWS's own for the region
	Region      string
	Credentials Credentials
	HTTP        *http.Client
	Now         func() time.Time
}

// Do calls one operation; out is the generated output of that operation.
// The error is an *Error for an answer of the service's.
func (c *Client) Do(ctx context.Context, m *Model, operation string, in, out any) error {
	var op *Operation
	for i := range m.Operations {
		if m.Operations[i].Name == operation {
			op = &m.Operations[i]
		}
	}
	if op == nil {
		return fmt.Errorf("%s has no operation %s", m.ID, operation)
	}
	req, err := c.request(ctx, m, op, in)
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	httpClient := c.HTTP
	if httpClient == nil {
		httpClient = http.DefaultClient
	}
	resp, err := httpClient.Do(req)
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	if resp.StatusCode >= 300 {
		defer resp.Body.Close()
		return readError(m, resp)
	}
	return readOutput(m, op, resp, reflect.ValueOf(out).Elem())
}

func (c *Client) request(ctx context.Context, m *Model, op *Operation, in any) (*http.Request, error) {
	base := c.Endpoint
	if base == "" {
		base = "https://" + m.EndpointPrefix + "." + c.Region + ".amazonaws.com"
	}
	v := reflect.ValueOf(in).Elem()
	path, rawQuery := "/", ""
	header := http.Header{}
	var body []byte
	var stream io.Reader
	var length int64 = -1
	switch m.Protocol {
	case JSON10, JSON11:
		b, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = b
		version := "1.1"
		if m.Protocol == JSON10 {
			version = "1.0"
		}
		header.Set("Content-Type", "application/x-amz-json-"+version)
		header.Set("X-Amz-Target", m.TargetPrefix+"."+op.Name)
	case Query:
		form := url.Values{"Action": {op.Name}, "Version": {m.Version}}
		queryValues(form, "", v, nil)
		body = []byte(form.Encode())
		header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	default:
		p, q, err := unbind(op, v, header)
		if err != nil {
			return nil, err
		}
		path, rawQuery = p, q
		plan := planOf(v.Type())
		switch {
		case plan.payload != nil && plan.payload.stream:
			stream, _ = v.Field(plan.payload.index).Interface().(io.Reader)
			if n, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64); err == nil {
				length = n
			}
		case m.Protocol == RESTJSON:
			if plan.body {
				b, err := bodyJSON(v)
				if err != nil {
					return nil, err
				}
				body = b
				header.Set("Content-Type", "application/json")
			}
		case plan.payload != nil && !isNil(v.Field(plan.payload.index)):
			if text, ok := scalarText(v.Field(plan.payload.index), ""); ok {
				body = []byte(text)
				break
			}
			var x xmlWriter
			x.open(plan.payload.wire, s3Namespace)
			x.fields(v.Field(plan.payload.index).Elem())
			x.close(plan.payload.wire)
			body = x.Bytes()
		}
	}
	var rd io.Reader = bytes.NewReader(body)
	if stream != nil {
		rd = stream
	}
	req, err := http.NewRequestWithContext(ctx, op.Method, strings.TrimSuffix(base, "/")+path, rd)
	if err != nil {
		return nil, err
	}
	req.URL.RawQuery = rawQuery
	for k, vs := range header {
		if k != "Content-Length" {
			req.Header[k] = vs
		}
	}
	hash := unsignedPayload
	if stream == nil {
		sum := sha256.Sum256(body)
		hash = hex.EncodeToString(sum[:])
	} else if length >= 0 {
		req.ContentLength = length
	}
	now := time.Now
	if c.Now != nil {
		now = c.Now
	}
	Sign(req, c.Credentials, m.SigningName, c.Region, hash, now())
	return req, nil
}

// Sign adds SigV4's headers to a request whose payload has the given hash in hex.
func Sign(r *http.Request, cred Credentials, service, region, payloadHash string, now time.Time) {
	s := &signature{keyID: cred.AccessKeyID, date: now.UTC().Format("20060102"), region: region, service: service, time: now.UTC()}
	r.Header.Set("X-Amz-Date", s.time.Format(timeFormat))
	if service == "s3" {
		r.Header.Set("X-Amz-Content-Sha256", payloadHash)
	}
	if cred.SessionToken != "" {
		r.Header.Set("X-Amz-Security-Token", cred.SessionToken)
	}
	if r.Host == "" {
		r.Host = r.URL.Host
	}
	s.signedHeaders = []string{"host"}
	for k := range r.Header {
		if lk := strings.ToLower(k); strings.HasPrefix(lk, "x-amz-") || lk == "content-type" || lk == "content-md5" {
			s.signedHeaders = append(s.signedHeaders, lk)
		}
	}
	sort.Strings(s.signedHeaders)
	key := signingKey(cred.SecretAccessKey, s.date, region, service)
	sig := hex.EncodeToString(hmacSHA256(key, stringToSign(s, canonicalRequest(r, s, payloadHash))))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+cred.AccessKeyID+"/"+s.scope()+", SignedHeaders="+strings.Join(s.signedHeaders, ";")+", Signature="+sig)
}

// unbind writes an input's located members into path, query and headers.
func unbind(op *Operation, v reflect.Value, header http.Header) (path, query string, err error) {
	path, query, _ = strings.Cut(op.Path, "?")
	var pairs []string
	if query != "" {
		pairs = append(pairs, strings.Split(query, "&")...)
	}
	p := planOf(v.Type())
	for i := range p.fields {
		f := &p.fields[i]
		fv := v.Field(f.index)
		if f.loc == "" || isNil(fv) {
			continue
		}
		switch f.loc {
		case "uri":
			text, _ := scalarText(fv, "")
			if text == "" {
				return "", "", fmt.Errorf("%s is empty", f.name)
			}
			path = strings.Replace(path, "{"+f.wire+"}", uriEncode(text, false), 1)
			path = strings.Replace(path, "{"+f.wire+"+}", uriEncode(text, true), 1)
		case "querystring":
			if fv.Kind() == reflect.Slice {
				for j := range fv.Len() {
					text, _ := scalarText(fv.Index(j), "")
					pairs = append(pairs, uriEncode(f.wire, false)+"="+uriEncode(text, false))
				}
				continue
			}
			text, _ := scalarText(fv, "")
			pairs = append(pairs, uriEncode(f.wire, false)+"="+uriEncode(text, false))
		case "header":
			if text, ok := scalarText(fv, or(f.ts, "rfc822")); ok {
				header.Set(f.wire, text)
			}
		case "headers":
			for _, k := range fv.MapKeys() {
				header.Set(f.wire+k.String(), fv.MapIndex(k).String())
			}
		}
	}
	if strings.Contains(path, "{") {
		return "", "", fmt.Errorf("a member of the path %s is missing", op.Path)
	}
	return path, strings.Join(pairs, "&"), nil
}

// bodyJSON is the JSON of the members that travel in the body.
func bodyJSON(v reflect.Value) ([]byte, error) {
	p := planOf(v.Type())
	if p.payload != nil {
		return json.Marshal(v.Field(p.payload.index).Interface())
	}
	body := map[string]any{}
	for i := range p.fields {
		if f := &p.fields[i]; f.loc == "" && !isNil(v.Field(f.index)) {
			body[f.name] = v.Field(f.index).Interface()
		}
	}
	return json.Marshal(body)
}

func readOutput(m *Model, op *Operation, resp *http.Response, v reflect.Value) error {
	p := planOf(v.Type())
	if p.payload != nil && p.payload.stream {
		v.Field(p.payload.index).Set(reflect.ValueOf(resp.Body))
		return readHeaders(resp, v)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("%s: %w", op.Name, err)
	}
	if err := readHeaders(resp, v); err != nil {
		return err
	}
	if len(bytes.TrimSpace(b)) == 0 {
		return nil
	}
	switch m.Protocol {
	case JSON10, JSON11, RESTJSON:
		target := v
		if p.payload != nil {
			target = v.Field(p.payload.index)
		}
		return json.Unmarshal(b, target.Addr().Interface())
	case Query:
		root, err := readXML(bytes.NewReader(b))
		if err != nil {
			return err
		}
		for _, c := range root.children {
			if strings.HasSuffix(c.name, "Result") {
				return c.into(v)
			}
		}
		return nil
	}
	if p.payload == nil && !p.body {
		return nil
	}
	root, err := readXML(bytes.NewReader(b))
	if err != nil {
		return err
	}
	if root.name == "Error" { // S3 answers 200 before it knows, where a call takes long
		return root.asError(resp.StatusCode)
	}
	if p.payload != nil {
		return root.into(v.Field(p.payload.index))
	}
	if op.Wrapper == "-" {
		for i := range p.fields {
			if f := &p.fields[i]; f.loc == "" {
				return setScalar(v.Field(f.index), root.text.String())
			}
		}
	}
	return root.into(v)
}

func readHeaders(resp *http.Response, v reflect.Value) error {
	p := planOf(v.Type())
	for i := range p.fields {
		f := &p.fields[i]
		fv := v.Field(f.index)
		switch f.loc {
		case "header":
			if text := resp.Header.Get(f.wire); text != "" {
				if err := setScalar(fv, text); err != nil {
					return fmt.Errorf("%s: %w", f.wire, err)
				}
			}
		case "headers":
			md := map[string]string{}
			for k, vs := range resp.Header {
				if rest, ok := strings.CutPrefix(strings.ToLower(k), strings.ToLower(f.wire)); ok {
					md[rest] = vs[0]
				}
			}
			if len(md) > 0 {
				fv.Set(reflect.ValueOf(md))
			}
		case "statusCode":
			if err := setScalar(fv, strconv.Itoa(resp.StatusCode)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (n *xmlNode) asError(status int) *Error {
	e := &Error{Status: status}
	for _, c := range n.children {
		switch c.name {
		case "Code":
			e.Code = c.text.String()
		case "Message":
			e.Message = c.text.String()
		}
	}
	return e
}

func readError(m *Model, resp *http.Response) error {
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	if m.Protocol == RESTXML || m.Protocol == Query {
		root, err := readXML(bytes.NewReader(b))
		if err == nil {
			if m.Protocol == Query && len(root.children) > 0 {
				return root.children[0].asError(resp.StatusCode)
			}
			return root.asError(resp.StatusCode)
		}
		return &Error{Code: strings.ReplaceAll(http.StatusText(resp.StatusCode), " ", ""), Status: resp.StatusCode, Message: strings.TrimSpace(string(b))}
	}
	var body map[string]any
	e := &Error{Status: resp.StatusCode, Code: resp.Header.Get("X-Amzn-Errortype")}
	if json.Unmarshal(b, &body) != nil {
		e.Message = strings.TrimSpace(string(b))
		return e
	}
	if t, _ := body["__type"].(string); t != "" {
		_, after, ok := strings.Cut(t, "#")
		if !ok {
			after = t
		}
		e.Code = after
	}
	for _, k := range []string{"message", "Message"} {
		if t, _ := body[k].(string); t != "" {
			e.Message = t
		}
	}
	return e
}
