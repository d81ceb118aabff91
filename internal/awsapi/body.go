package awsapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// s3Body wraps the body as its payload hash demands.
func s3Body(r *http.Request, sig *signature, payload string, sk []byte) (*chunkedBody, error) {
	switch payload {
	case unsignedPayload:
		return nil, nil
	case streamSigned, streamSignedTr, streamTr:
		n, err := strconv.ParseInt(r.Header.Get("X-Amz-Decoded-Content-Length"), 10, 64)
		if err != nil || n < 0 {
			return nil, refuse(faultMalformed, "an aws-chunked body needs X-Amz-Decoded-Content-Length")
		}
		b := newChunkedBody(r.Body, n)
		if payload != streamTr {
			b.key, b.prev, b.scope, b.date = sk, sig.value, sig.scope(), sig.stamp()
		}
		b.trailer = payload != streamSigned
		r.Body, r.ContentLength = b, n
		if ce := r.Header.Get("Content-Encoding"); ce != "" {
			var keep []string
			for _, e := range strings.Split(ce, ",") {
				if e = strings.TrimSpace(e); e != "aws-chunked" && e != "" {
					keep = append(keep, e)
				}
			}
			r.Header.Del("Content-Encoding")
			if len(keep) > 0 {
				r.Header.Set("Content-Encoding", strings.Join(keep, ","))
			}
		}
		return b, nil
	}
	want, err := hex.DecodeString(payload)
	if err != nil || len(want) != sha256.Size {
		return nil, refuse(faultMalformed, "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-…, or a SHA-256 in hex")
	}
	r.Body = &hashedBody{body: r.Body, h: sha256.New(), want: want}
	return nil, nil
}

// hashedBody fails at its end when the content is not what was signed.
type hashedBody struct {
	body io.ReadCloser
	h    interface {
		io.Writer
		Sum([]byte) []byte
	}
	want []byte
	done bool
}

func (b *hashedBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	if n > 0 {
		b.h.Write(p[:n])
	}
	if errors.Is(err, io.EOF) && !b.done {
		b.done = true
		if !bytes.Equal(b.h.Sum(nil), b.want) {
			return n, NewError("XAmzContentSHA256Mismatch", 400, "message", "The provided 'x-amz-content-sha256' header does not match what was computed.")
		}
	}
	return n, err
}

func (b *hashedBody) Close() error { return b.body.Close() }
