package awsapi

import (
	"bufio"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net/http"
	"sort"
	"strconv"
	"strings"
)

// maxChunk bounds one chunk of an aws-chunked body; clients send 64 KiB to some MiB.
const maxChunk = 1 << 30

// chunkedBody decodes an aws-chunked body, checking each chunk's signature
// where chunks are signed, and collects its trailers.
// Source: "Signature calculations for the authorization header: transferring
// payload in multiple chunks", Amazon S3 API reference.
type chunkedBody struct {
	src     io.ReadCloser
	br      *bufio.Reader
	length  int64 // of the decoded content, as announced
	read    int64
	left    int64 // in this chunk
	done    bool
	err     error
	trailer bool

	key               []byte // nil: chunks are not signed
	prev, scope, date string
	sum               hash.Hash
	sig               string

	trailers http.Header
}

func newChunkedBody(src io.ReadCloser, length int64) *chunkedBody {
	return &chunkedBody{src: src, br: bufio.NewReaderSize(src, 64<<10), length: length, trailers: http.Header{}}
}

func (b *chunkedBody) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.left == 0 {
		if err := b.next(); err != nil {
			b.err = err
			return 0, err
		}
	}
	n, err := b.br.Read(p[:min(int64(len(p)), b.left)])
	if n > 0 {
		b.left -= int64(n)
		if b.read += int64(n); b.read > b.length {
			b.err = incompleteBody("the body is longer than X-Amz-Decoded-Content-Length says")
			return 0, b.err
		}
		if b.sum != nil {
			b.sum.Write(p[:n])
		}
		if b.left == 0 {
			if b.err = b.endChunk(); b.err != nil {
				return n, b.err
			}
		}
	}
	if err != nil {
		b.err = incompleteBody("the body ended inside a chunk")
		return n, b.err
	}
	return n, nil
}

func incompleteBody(detail string) *Error {
	return NewError("IncompleteBody", 400, "message", "The request body terminated unexpectedly: %s", detail)
}

func (b *chunkedBody) line() (string, error) {
	l, err := b.br.ReadSlice('\n')
	if err != nil {
		return "", incompleteBody("a line of an aws-chunked body is missing or too long")
	}
	return strings.TrimRight(string(l), "\r\n"), nil
}

// next reads a chunk's head; at the last one, the trailers, and answers io.EOF.
func (b *chunkedBody) next() error {
	head, err := b.line()
	if err != nil {
		return err
	}
	size, ext, _ := strings.Cut(head, ";")
	n, perr := strconv.ParseInt(size, 16, 64)
	if perr != nil || n < 0 || n > maxChunk {
		return incompleteBody(fmt.Sprintf("%q is no chunk size", size))
	}
	b.sig = strings.TrimPrefix(ext, "chunk-signature=")
	if b.key != nil {
		b.sum = sha256.New()
	}
	b.left = n
	if n > 0 {
		return nil
	}
	if err := b.checkSignature(); err != nil {
		return err
	}
	if b.read != b.length {
		return incompleteBody(fmt.Sprintf("%d bytes instead of %d", b.read, b.length))
	}
	return b.readTrailers()
}

func (b *chunkedBody) endChunk() error {
	var crlf [2]byte
	if _, err := io.ReadFull(b.br, crlf[:]); err != nil || crlf != [2]byte{'\r', '\n'} {
		return incompleteBody("a chunk does not end with CRLF")
	}
	return b.checkSignature()
}

func (b *chunkedBody) checkSignature() error {
	if b.key == nil {
		return nil
	}
	text := "AWS4-HMAC-SHA256-PAYLOAD\n" + b.date + "\n" + b.scope + "\n" + b.prev + "\n" + emptySHA256 + "\n" + hex.EncodeToString(b.sum.Sum(nil))
	want := hex.EncodeToString(hmacSHA256(b.key, text))
	if subtle.ConstantTimeCompare([]byte(want), []byte(b.sig)) != 1 {
		return NewError("SignatureDoesNotMatch", 403, "message", "The signature of a chunk does not match its content.")
	}
	b.prev = want
	return nil
}

func (b *chunkedBody) readTrailers() error {
	var names []string
	sig := ""
	for {
		l, err := b.br.ReadString('\n')
		l = strings.TrimRight(l, "\r\n")
		if l == "" {
			break
		}
		k, v, ok := strings.Cut(l, ":")
		if !ok || len(names) > 32 {
			return incompleteBody(fmt.Sprintf("%q is no trailer", l))
		}
		k, v = strings.ToLower(strings.TrimSpace(k)), strings.TrimSpace(v)
		if k == "x-amz-trailer-signature" {
			sig = v
		} else {
			b.trailers.Set(k, v)
			names = append(names, k)
		}
		if err != nil {
			break
		}
	}
	if b.key != nil && b.trailer {
		sort.Strings(names)
		h := sha256.New()
		for _, n := range names {
			io.WriteString(h, n+":"+b.trailers.Get(n)+"\n")
		}
		text := "AWS4-HMAC-SHA256-TRAILER\n" + b.date + "\n" + b.scope + "\n" + b.prev + "\n" + hex.EncodeToString(h.Sum(nil))
		if want := hex.EncodeToString(hmacSHA256(b.key, text)); subtle.ConstantTimeCompare([]byte(want), []byte(sig)) != 1 {
			return NewError("SignatureDoesNotMatch", 403, "message", "The signature of the trailer does not match its content.")
		}
	}
	return io.EOF
}

func (b *chunkedBody) Close() error { return b.src.Close() }
