package awsapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strconv"
)

const s3Namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

// decodeXMLBody reads a body into its member: a stream, a text, or a document.
func (reg *registered) decodeXMLBody(ctx context.Context, r *http.Request, op string, v reflect.Value) error {
	p := planOf(v.Type())
	target := v
	switch {
	case p.payload != nil && p.payload.stream:
		v.Field(p.payload.index).Set(reflect.ValueOf(io.Reader(r.Body)))
		return nil
	case p.payload != nil:
		target = v.Field(p.payload.index)
	case !p.body:
		return nil
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, maxMessage+1))
	if err != nil {
		var e *Error
		if errors.As(err, &e) {
			return e
		}
		return NewError("IncompleteBody", 400, "message", "The request body could not be read: %v", err)
	}
	if len(b) > maxMessage {
		return NewError("MaxMessageLengthExceeded", 400, "message", "Your request was too big.").With("MaxMessageLengthBytes", maxMessage)
	}
	if reg.Document != nil {
		if err := reg.Document(ctx, op, b); err != nil {
			return err
		}
	}
	if p.payload != nil && isScalarType(target.Type()) { // a policy's JSON text
		if len(b) > 0 {
			return setScalar(target, string(b))
		}
		return nil
	}
	root, err := readXML(bytes.NewReader(b))
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return NewError("MalformedXML", 400, "message", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	if err := root.into(target); err != nil {
		return NewError("MalformedXML", 400, "message", "The XML you provided did not validate against our published schema: %v", err)
	}
	return nil
}

func (s *Server) writeS3(w http.ResponseWriter, r *http.Request, op *Operation, v reflect.Value, id string) error {
	h := w.Header()
	h["X-Amz-Request-Id"] = []string{id}
	h["X-Amz-Id-2"] = []string{id}
	// Objects share the console's origin: an uploaded page must not run as one of it.
	h["Content-Security-Policy"] = []string{"sandbox"}
	h["X-Content-Type-Options"] = []string{"nosniff"}
	status := outHeaders(v, h, op.Status)
	if status == http.StatusOK && h.Get("Content-Range") != "" {
		status = http.StatusPartialContent
	}
	p := planOf(v.Type())
	if p.payload != nil && p.payload.stream {
		body, _ := v.Field(p.payload.index).Interface().(io.ReadCloser)
		if body != nil {
			defer body.Close()
		}
		if h.Get("Content-Type") == "" {
			h.Set("Content-Type", "binary/octet-stream")
		}
		w.WriteHeader(status)
		if body != nil && r.Method != http.MethodHead {
			if _, err := io.Copy(w, body); err != nil {
				panic(http.ErrAbortHandler) // the status is out: cut the connection, so that the client sees it
			}
		}
		return nil
	}
	if r.Method == http.MethodHead || status == http.StatusNoContent {
		w.WriteHeader(status)
		return nil
	}
	var x xmlWriter
	switch {
	case p.payload != nil && isScalarType(p.payload.typ):
		if text, ok := scalarText(v.Field(p.payload.index), ""); ok {
			x.WriteString(text)
			h.Set("Content-Type", "application/json")
		}
	case p.payload != nil:
		if pv := v.Field(p.payload.index); !isNil(pv) {
			x.header()
			x.open(p.payload.wire, s3Namespace)
			x.fields(pv.Elem())
			x.close(p.payload.wire)
		}
	case p.body && op.Wrapper == "-": // the one member is the document
		for i := range p.fields {
			if f := &p.fields[i]; f.loc == "" {
				text, _ := scalarText(v.Field(f.index), f.ts)
				x.header()
				x.open(f.wire, s3Namespace)
				x.escape(text)
				x.close(f.wire)
			}
		}
	case p.body:
		name := or(op.Wrapper, op.Name+"Result")
		x.header()
		x.open(name, s3Namespace)
		x.fields(v)
		x.close(name)
	}
	if x.Len() > 0 && h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/xml")
	}
	h.Set("Content-Length", strconv.Itoa(x.Len()))
	w.WriteHeader(status)
	w.Write(x.Bytes())
	return nil
}

func (w *xmlWriter) header() { w.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n") }
