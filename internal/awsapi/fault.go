package awsapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// asError is the edge where errors that no service meant for clients are logged
// and become a 500 that shows nothing but the request's id.
func (s *Server) asError(reg *registered, id string, err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		if e.Code == "AccessDeniedException" && reg != nil {
			switch reg.Model.Protocol {
			case RESTXML, Query:
				c := *e
				c.Code = "AccessDenied"
				return &c
			case JSON10, JSON11:
				c := *e
				c.Status = 400
				return &c
			}
		}
		if e.Status >= 500 && e.Status != http.StatusNotImplemented {
			s.cfg.Log.Error("request failed", "request", id, "error", err)
		}
		return e
	}
	if errors.Is(err, context.Canceled) {
		return NewError("RequestCanceled", 499, "message", "the client ended the request")
	}
	s.cfg.Log.Error("request failed", "request", id, "error", err)
	code := "InternalFailure"
	if reg != nil {
		switch reg.Model.SigningName {
		case "s3":
			code = "InternalError"
		case "glue":
			code = "InternalServiceException"
		case "redshift-data":
			code = "InternalServerException"
		case "quicksight":
			code = "InternalFailureException"
		case "logs":
			code = "ServiceUnavailableException"
		}
	}
	return NewError(code, 500, "message", "an internal error occurred; the log has it under request id %s", id)
}

// authFailure gives a refused signature the name and status that the service's protocol uses.
func authFailure(m *Model, a *authError) *Error {
	type answer struct {
		code   string
		status int
	}
	json := map[authFault]answer{
		faultMissing: {"MissingAuthenticationTokenException", 400}, faultNoKey: {"UnrecognizedClientException", 400},
		faultToken: {"UnrecognizedClientException", 400}, faultMismatch: {"InvalidSignatureException", 400},
		faultUnsigned: {"InvalidSignatureException", 400}, faultSkew: {"InvalidSignatureException", 400},
		faultTime: {"InvalidSignatureException", 400}, faultExpiredToken: {"ExpiredTokenException", 400},
		faultMechanism: {"IncompleteSignatureException", 400}, faultMalformed: {"IncompleteSignatureException", 400},
		faultQuery: {"IncompleteSignatureException", 400},
	}
	query := map[authFault]answer{
		faultMissing: {"MissingAuthenticationToken", 403}, faultNoKey: {"InvalidClientTokenId", 403},
		faultToken: {"InvalidClientTokenId", 403}, faultMismatch: {"SignatureDoesNotMatch", 403},
		faultUnsigned: {"SignatureDoesNotMatch", 403}, faultSkew: {"SignatureDoesNotMatch", 403},
		faultTime: {"SignatureDoesNotMatch", 403}, faultExpiredToken: {"ExpiredToken", 403},
		faultMechanism: {"IncompleteSignature", 400}, faultMalformed: {"IncompleteSignature", 400},
		faultQuery: {"IncompleteSignature", 400},
	}
	s3 := map[authFault]answer{
		faultMissing: {"AccessDenied", 403}, faultNoKey: {"InvalidAccessKeyId", 403},
		faultToken: {"InvalidToken", 400}, faultMismatch: {"SignatureDoesNotMatch", 403},
		faultUnsigned: {"AccessDenied", 403}, faultSkew: {"RequestTimeTooSkewed", 403},
		faultTime: {"AccessDenied", 403}, faultExpiredToken: {"ExpiredToken", 400},
		faultMechanism: {"InvalidRequest", 400}, faultMalformed: {"AuthorizationHeaderMalformed", 400},
		faultQuery: {"AuthorizationQueryParametersError", 400},
	}
	text := a.detail
	var ans answer
	switch m.Protocol {
	case RESTXML:
		ans = s3[a.fault]
		switch a.fault {
		case faultMissing:
			text = "Access Denied"
		case faultNoKey:
			text = "The AWS Access Key Id you provided does not exist in our records."
		case faultToken:
			text = "The provided token is malformed or otherwise invalid."
		case faultMismatch:
			text = "The request signature we calculated does not match the signature you provided. Check your key and signing method."
		case faultSkew:
			text = "The difference between the request time and the current time is too large."
		case faultExpiredToken:
			text = "The provided token has expired."
		}
	case Query:
		ans = query[a.fault]
	case RESTJSON:
		ans = json[a.fault]
		ans.status = 403
	default:
		ans = json[a.fault]
	}
	e := NewError(ans.code, ans.status, "message", "%s", text)
	if m.Protocol == RESTXML {
		e.Members = a.members
	}
	return e
}

func (s *Server) writeError(w http.ResponseWriter, r *http.Request, reg *registered, id string, e *Error) {
	h := w.Header()
	proto := JSON11
	switch {
	case reg != nil:
		proto = reg.Model.Protocol
	case r.Header.Get("X-Amz-Target") == "":
		proto = Query
	}
	for _, name := range []string{"Content-Length", "Content-Range", "Etag", "Last-Modified", "Cache-Control"} {
		h.Del(name)
	}
	switch proto {
	case RESTXML:
		h["X-Amz-Request-Id"] = []string{id}
		h["X-Amz-Id-2"] = []string{id}
		if e.Status == http.StatusNotModified { // its validators are headers
			for k, v := range e.Members {
				h[http.CanonicalHeaderKey(k)] = []string{fmt.Sprint(v)}
			}
		}
		if r.Method == http.MethodHead || e.Status == http.StatusNotModified {
			w.WriteHeader(e.Status)
			return
		}
		var x xmlWriter
		x.header()
		x.open("Error", "")
		x.element("Code", e.Code)
		x.element("Message", e.Text())
		for _, k := range sortedAny(e.Members) {
			x.element(k, fmt.Sprint(e.Members[k]))
		}
		x.element("Resource", r.URL.Path)
		x.element("RequestId", id)
		x.element("HostId", id)
		x.close("Error")
		h.Set("Content-Type", "application/xml")
		h.Set("Content-Length", strconv.Itoa(x.Len()))
		w.WriteHeader(e.Status)
		w.Write(x.Bytes())
	case Query:
		var x xmlWriter
		ns := ""
		if reg != nil {
			ns = reg.Model.XMLNamespace
		}
		x.open("ErrorResponse", ns)
		x.open("Error", "")
		kind := "Sender"
		if e.Status >= 500 {
			kind = "Receiver"
		}
		x.element("Type", kind)
		x.element("Code", e.Code)
		x.element("Message", e.Text())
		x.close("Error")
		x.element("RequestId", id)
		x.close("ErrorResponse")
		h.Set("Content-Type", "text/xml")
		w.WriteHeader(e.Status)
		w.Write(x.Bytes())
	default:
		b := ErrorJSON(e)
		h.Set("X-Amzn-Errortype", e.Code)
		h.Set("Content-Type", "application/x-amz-json-1.1")
		if proto == RESTJSON {
			h.Set("Content-Type", "application/json")
		}
		h.Set("Content-Length", strconv.Itoa(len(b)))
		w.WriteHeader(e.Status)
		w.Write(b)
	}
}

// ErrorJSON is the body of an error in the JSON protocols.
func ErrorJSON(e *Error) []byte {
	m := map[string]any{"__type": e.Code}
	for k, v := range e.Members {
		m[k] = v
	}
	m[or(e.messageKey, "message")] = e.Text()
	b, err := json.Marshal(m)
	if err != nil {
		b, _ = json.Marshal(map[string]string{"__type": e.Code, "message": e.Text()}) // strings always encode
	}
	return b
}

func sortedAny(m map[string]any) []string {
	s := make(map[string]string, len(m))
	for k := range m {
		s[k] = ""
	}
	return sortedKeys(s)
}
