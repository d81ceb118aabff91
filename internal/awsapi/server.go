package awsapi

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// maxMessage bounds every body but S3's object bodies: AWS's own largest are a
// few MiB (a dashboard's definition).
const maxMessage = 32 << 20

// Access is one permission that an operation needs.
type Access struct {
	Action, Resource string
	// Keys gives the operation's own values of condition keys, in lower case ("s3:prefix"); nil where it has none.
	Keys func(key string) (value string, ok bool)
}

// Authorizer decides whether a caller may.
type Authorizer interface {
	// Authorize answers nil, or an AccessDenied error naming action and resource.
	Authorize(ctx context.Context, c Caller, need Access) error
}

// Config is what a Server needs from outside.
type Config struct {
	Auth    Authenticator
	Authz   Authorizer
	Domains []string // hosts under which bucket.host is a bucket: "localhost"
	Now     func() time.Time
	Rand    io.Reader // for request ids
	Log     *slog.Logger
}

// Registration makes a service answer.
type Registration struct {
	Model   *Model
	Service any // implements the generated Service interface
	// Access names what an operation with this input needs; nil means
	// "service:Operation" on "*". An empty answer means no permission is needed.
	Access func(c Caller, op string, in any) []Access
	// Form handles S3's browser uploads: POST multipart/form-data to a bucket.
	Form func(w http.ResponseWriter, r *http.Request, bucket string)
	// Document holds the XML or JSON that an S3 operation came with to the digests stated in the request's headers and
	// trailers. Objects' bodies are not documents: their operations check them while they read.
	Document func(ctx context.Context, op string, body []byte) error
}

type registered struct {
	Registration
	rest restTable
	ops  map[string]*Operation
}

// Server answers AWS's APIs on one http.Handler.
type Server struct {
	cfg      Config
	services map[string]*registered // by signing name
	targets  map[string]*registered // by X-Amz-Target prefix
	keys     signingKeys
}

// NewServer makes a server without services.
func NewServer(cfg Config) *Server {
	return &Server{cfg: cfg, services: map[string]*registered{}, targets: map[string]*registered{}}
}

// Register adds a service; not to be called while serving.
func (s *Server) Register(r Registration) {
	reg := &registered{Registration: r, ops: map[string]*Operation{}}
	for i := range r.Model.Operations {
		reg.ops[r.Model.Operations[i].Name] = &r.Model.Operations[i]
	}
	if p := r.Model.Protocol; p == RESTJSON || p == RESTXML {
		reg.rest = newRestTable(r.Model)
	}
	s.services[r.Model.SigningName] = reg
	if r.Model.TargetPrefix != "" {
		s.targets[r.Model.TargetPrefix] = reg
	}
}

func (s *Server) requestID() string {
	var b [16]byte
	if _, err := io.ReadFull(s.cfg.Rand, b[:]); err != nil {
		return "00000000-0000-0000-0000-000000000000"
	}
	b[6], b[8] = 0x40|b[6]&0x0f, 0xa0|b[8]&0x0f // version and variant of a UUID
	var id [36]byte
	hex.Encode(id[:], b[:4])
	id[8], id[13], id[18], id[23] = '-', '-', '-', '-'
	hex.Encode(id[9:], b[4:6])
	hex.Encode(id[14:], b[6:8])
	hex.Encode(id[19:], b[8:10])
	hex.Encode(id[24:], b[10:])
	return string(id[:])
}

func (s *Server) virtualBucket(host string) string {
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host = host[:i]
	}
	for _, d := range s.cfg.Domains {
		if b, ok := strings.CutSuffix(host, "."+d); ok && b != "" && b != "s3" {
			return strings.TrimSuffix(b, ".s3")
		}
	}
	return ""
}

// ServeHTTP answers one AWS request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := s.requestID()
	ctx := context.WithValue(r.Context(), requestIDKey, id)
	h := w.Header()
	h["X-Amzn-Requestid"] = []string{id}
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			s.cfg.Log.Error("panic while answering", "request", id, "panic", p, "stack", string(debug.Stack()))
			s.writeError(w, r, nil, id, NewError("InternalFailure", 500, "message", "the request could not be answered; the log has the details under request id %s", id))
		}
	}()
	q := r.URL.Query()
	sig, aerr := readSignature(r, q)
	reg := s.pick(r, sig)
	if reg == nil {
		s.writeError(w, r, nil, id, s.noSuchService(r, sig))
		return
	}
	if aerr != nil {
		s.writeError(w, r, reg, id, authFailure(reg.Model, aerr))
		return
	}
	if err := s.serve(ctx, w, r, reg, sig, q, id); err != nil {
		s.writeError(w, r, reg, id, s.asError(reg, id, err))
	}
}

// pick chooses the service: by the signature's scope, then X-Amz-Target, then
// Query's Version, else S3.
func (s *Server) pick(r *http.Request, sig *signature) *registered {
	if sig != nil && sig.service != "" {
		return s.services[sig.service]
	}
	if t := r.Header.Get("X-Amz-Target"); t != "" {
		prefix, _, _ := strings.Cut(t, ".")
		return s.targets[prefix]
	}
	if r.Method == http.MethodPost && r.URL.Path == "/" && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return s.services["sts"]
	}
	return s.services["s3"]
}

func (s *Server) noSuchService(r *http.Request, sig *signature) *Error {
	name := ""
	if sig != nil {
		name = sig.service
	}
	if name == "" {
		name, _, _ = strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	}
	e := NewError("NotImplemented", 501, "message", "service %s is not implemented", name)
	if t := r.Header.Get("X-Amz-Target"); t != "" {
		_, op, _ := strings.Cut(t, ".")
		e.Message = fmt.Sprintf("service %s is not implemented (operation %s)", name, op)
	}
	return e
}

func (s *Server) serve(ctx context.Context, w http.ResponseWriter, r *http.Request, reg *registered, sig *signature, q url.Values, id string) error {
	m := reg.Model
	// The body is replaced below. In a copy: net/http must still know the body of a client that waits for "100 Continue",
	// or it waits for that body, and the client for the answer, when a request is refused without having been read.
	r = new(*r)
	var body []byte
	if m.Protocol != RESTXML {
		b, err := io.ReadAll(io.LimitReader(r.Body, maxMessage+1))
		if err != nil {
			return NewError("IncompleteBody", 400, "message", "the request body could not be read: %v", err)
		}
		if len(b) > maxMessage {
			return NewError("RequestEntityTooLarge", 413, "message", "the request body is larger than %d bytes", maxMessage)
		}
		body = b
	}
	ctx = context.WithValue(ctx, requestKey, r)
	path := r.URL.EscapedPath()
	if m.Protocol == RESTXML {
		if b := s.virtualBucket(r.Host); b != "" {
			path = "/" + b + path
		}
		if reg.Form != nil && r.Method == http.MethodPost && sig.anonymous && strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
			if segs := splitPath(strings.TrimSuffix(path, "/")); len(segs) == 1 {
				reg.Form(w, r.WithContext(ctx), segs[0])
				return nil
			}
		}
	}
	caller, chunked, err := s.authenticate(ctx, r, sig, body)
	var refused *authError
	if errors.As(err, &refused) {
		return authFailure(m, refused)
	}
	if err != nil {
		return err
	}
	ctx = WithCaller(ctx, caller)
	if chunked != nil {
		ctx = context.WithValue(ctx, bodyKey, chunked)
	}
	op, in, err := reg.decode(ctx, r, path, q, body)
	if err != nil {
		return err
	}
	out, err := s.invoke(ctx, reg, op, in)
	if err != nil {
		return err
	}
	return s.writeOutput(ctx, w, r, reg, op, out, id)
}

// invoke authorises, checks and calls one operation.
func (s *Server) invoke(ctx context.Context, reg *registered, op *Operation, in any) (any, error) {
	caller := CallerFrom(ctx)
	needs := []Access{{Action: reg.Model.SigningName + ":" + op.Name, Resource: "*"}}
	if reg.Access != nil {
		needs = reg.Access(caller, op.Name, in)
	}
	for _, n := range needs {
		if err := s.cfg.Authz.Authorize(ctx, caller, n); err != nil {
			return nil, err
		}
	}
	if reg.Model.Protocol != RESTXML {
		if err := reg.Model.Validate(in); err != nil {
			return nil, err
		}
	} else if err := requireMembers(in); err != nil {
		return nil, err
	}
	return op.Call(ctx, reg.Service, in)
}

// requireMembers is S3's check: a missing required member is an InvalidRequest or MalformedXML.
func requireMembers(in any) error {
	v := reflect.ValueOf(in).Elem()
	p := planOf(v.Type())
	for i := range p.fields {
		f := &p.fields[i]
		if !f.required || f.stream || !isNil(v.Field(f.index)) {
			continue
		}
		if f.payload {
			return NewError("MissingRequestBodyError", 400, "message", "Request Body is empty")
		}
		return NewError("InvalidArgument", 400, "message", "Missing required parameter %s", f.wire)
	}
	return nil
}

func (reg *registered) decode(ctx context.Context, r *http.Request, path string, q url.Values, body []byte) (*Operation, any, error) {
	m := reg.Model
	bad := func(err error) error {
		return NewError("SerializationException", 400, "Message", "the request could not be read: %v", err)
	}
	switch m.Protocol {
	case JSON10, JSON11:
		_, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		op := reg.ops[name]
		if op == nil {
			return nil, nil, NewError("UnknownOperationException", 400, "message", "%s has no operation %q", m.ID, name)
		}
		in := op.NewInput()
		if len(bytes.TrimSpace(body)) > 0 {
			if err := json.Unmarshal(body, in); err != nil {
				return nil, nil, bad(err)
			}
		}
		return op, in, nil
	case Query:
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, nil, bad(err)
		}
		for k, v := range q {
			if form[k] == nil {
				form[k] = v
			}
		}
		op := reg.ops[form.Get("Action")]
		if op == nil {
			return nil, nil, NewError("InvalidAction", 400, "message", "Could not find operation %s for version %s", form.Get("Action"), form.Get("Version"))
		}
		tree, err := newParamTree(form)
		if err != nil {
			return nil, nil, bad(err)
		}
		in := op.NewInput()
		if err := tree.into(reflect.ValueOf(in).Elem()); err != nil {
			return nil, nil, NewError("MalformedInput", 400, "message", "%v", err)
		}
		return op, in, nil
	}
	op, labels := reg.rest.find(r, path, q)
	if op == nil {
		if m.Protocol == RESTXML {
			return nil, nil, NewError("MethodNotAllowed", 405, "message", "The specified method is not allowed against this resource.")
		}
		return nil, nil, NewError("UnknownOperationException", 404, "message", "%s has no operation at %s %s", m.ID, r.Method, path)
	}
	in := op.NewInput()
	v := reflect.ValueOf(in).Elem()
	if m.Protocol == RESTJSON {
		if p := planOf(v.Type()); len(bytes.TrimSpace(body)) > 0 && (p.body || p.payload != nil) {
			target := in
			if p.payload != nil {
				target = v.Field(p.payload.index).Addr().Interface()
			}
			if err := json.Unmarshal(body, target); err != nil {
				return nil, nil, bad(err)
			}
		}
	} else if err := reg.decodeXMLBody(ctx, r, op.Name, v); err != nil {
		return nil, nil, err
	}
	if err := bind(v, r, labels, q); err != nil {
		code := "InvalidArgument"
		if m.Protocol == RESTJSON {
			code = "InvalidParameterValueException"
		}
		return nil, nil, NewError(code, 400, "message", "%v", err)
	}
	return op, in, nil
}

func (s *Server) writeOutput(ctx context.Context, w http.ResponseWriter, r *http.Request, reg *registered, op *Operation, out any, id string) error {
	m := reg.Model
	v := reflect.ValueOf(out).Elem()
	h := w.Header()
	switch m.Protocol {
	case JSON10, JSON11, RESTJSON:
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		p := planOf(v.Type())
		var body any = out
		if p.payload != nil {
			body = v.Field(p.payload.index).Interface()
		}
		if err := enc.Encode(body); err != nil {
			return fmt.Errorf("encoding %s: %w", op.Name, err)
		}
		status := op.Status
		ct := "application/json"
		if m.Protocol == RESTJSON {
			status = outHeaders(v, h, status)
		} else if m.Protocol == JSON11 {
			ct = "application/x-amz-json-1.1"
		} else {
			ct = "application/x-amz-json-1.0"
		}
		b := bytes.TrimRight(buf.Bytes(), "\n")
		h["Content-Type"] = []string{ct}
		h["Content-Length"] = []string{strconv.Itoa(len(b))}
		w.WriteHeader(status)
		w.Write(b)
		return nil
	case Query:
		var x xmlWriter
		x.open(op.Name+"Response", m.XMLNamespace)
		if v.NumField() > 0 || op.Wrapper != "" {
			x.open(op.Name+"Result", "")
			x.fields(v)
			x.close(op.Name + "Result")
		}
		x.open("ResponseMetadata", "")
		x.element("RequestId", id)
		x.close("ResponseMetadata")
		x.close(op.Name + "Response")
		h.Set("Content-Type", "text/xml")
		h.Set("Content-Length", strconv.Itoa(x.Len()))
		w.WriteHeader(op.Status)
		w.Write(x.Bytes())
		return nil
	}
	return s.writeS3(w, r, op, v, id)
}

// Call runs an operation for a caller who has been authenticated in another
// way (the console's sign-in): the same handlers, the same authorisation. The
// input and the answer are JSON, whatever the service's protocol. The service
// is named by its signing name.
func (s *Server) Call(ctx context.Context, service, operation string, body []byte) ([]byte, error) {
	ctx = context.WithValue(ctx, requestIDKey, s.requestID())
	reg := s.services[service]
	if reg == nil || reg.Model.Protocol == RESTXML {
		return nil, NewError("NotImplemented", 501, "message", "service %s is not implemented here", service)
	}
	op := reg.ops[operation]
	if op == nil {
		return nil, NewError("UnknownOperationException", 400, "message", "%s has no operation %q", reg.Model.ID, operation)
	}
	in := op.NewInput()
	if len(bytes.TrimSpace(body)) > 0 {
		if err := json.Unmarshal(body, in); err != nil {
			return nil, NewError("SerializationException", 400, "message", "the request could not be read: %v", err)
		}
	}
	out, err := s.invoke(ctx, reg, op, in)
	if err != nil {
		return nil, s.asError(reg, RequestID(ctx), err)
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(out); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}
