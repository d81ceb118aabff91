// Package paging reads Glue's listings page by page.
//
// It owns the form of Glue's NextToken: it names the last key that was answered, so that a listing stays stable while
// others insert, and the request that it belongs to. It owns no documents.
package paging

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"tarn/api/glue"
	"tarn/internal/meta"
)

// Request is one call of a listing.
type Request struct {
	// Of identifies the listing: the operation and every argument that chooses what is listed.
	Of    []any
	Token *string
	// Max is the caller's MaxResults; nil = Default. Zero Default = as many as fit.
	Max     *int32
	Default int
	// Want chooses by keys alone, before anything is decoded; nil wants all.
	Want func(meta.Key) (bool, error)
}

// maxBytes ends a page that has grown large, as AWS's own limit on answers does.
const maxBytes = 4 << 20

type token struct {
	Of  []byte   `json:"o"`
	Key meta.Key `json:"k"`
}

// List reads one page: the documents of kind below prefix that keep accepts, and the token of the next page, nil at
// the end. keep may change the document; nil keeps all.
func List[T any](tx meta.Tx, kind string, prefix meta.Key, r Request, keep func(k meta.Key, v *T) (bool, error)) ([]*T, *string, error) {
	after, err := r.after()
	if err != nil {
		return nil, nil, err
	}
	limit := r.Default
	if r.Max != nil {
		limit = int(*r.Max)
	}
	items := []*T{}
	var last meta.Key
	var next *string
	bytes := 0
	err = tx.Scan(kind, prefix, after, func(k meta.Key, raw json.RawMessage) (bool, error) {
		if r.Want != nil {
			if ok, err := r.Want(k); err != nil || !ok {
				return true, err
			}
		}
		v := new(T)
		if err := json.Unmarshal(raw, v); err != nil {
			return false, fmt.Errorf("%s %s: %w", kind, k, err)
		}
		if keep != nil {
			if ok, err := keep(k, v); err != nil || !ok {
				return true, err
			}
		}
		if limit > 0 && len(items) == limit || bytes > maxBytes {
			next, err = r.next(last)
			return false, err
		}
		items = append(items, v)
		bytes += len(raw)
		last = k
		return true, nil
	})
	return items, next, err
}

// Slice is List for what is already in memory, in the order of keys.
func Slice[T any](items []T, key func(T) meta.Key, r Request) ([]T, *string, error) {
	after, err := r.after()
	if err != nil {
		return nil, nil, err
	}
	limit := r.Default
	if r.Max != nil {
		limit = int(*r.Max)
	}
	page := []T{}
	for _, it := range items {
		if after != nil && key(it).Compare(after) <= 0 {
			continue
		}
		if limit > 0 && len(page) == limit {
			next, err := r.next(key(page[len(page)-1]))
			return page, next, err
		}
		page = append(page, it)
	}
	return page, nil, nil
}

func (r Request) fingerprint() ([]byte, error) {
	b, err := json.Marshal(r.Of)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(b)
	return sum[:9], nil
}

func (r Request) after() (meta.Key, error) {
	if r.Token == nil || *r.Token == "" {
		return nil, nil
	}
	of, err := r.fingerprint()
	if err != nil {
		return nil, err
	}
	var t token
	b, err := base64.URLEncoding.DecodeString(*r.Token)
	if err == nil {
		err = json.Unmarshal(b, &t)
	}
	if err != nil || len(t.Key) == 0 {
		return nil, glue.InvalidInputException("Invalid next token.")
	}
	if string(t.Of) != string(of) {
		return nil, glue.InvalidInputException("Invalid next token.").WithHint("It belongs to a request with other arguments.")
	}
	return t.Key, nil
}

func (r Request) next(last meta.Key) (*string, error) {
	of, err := r.fingerprint()
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(token{of, last})
	if err != nil {
		return nil, err
	}
	return new(base64.URLEncoding.EncodeToString(b)), nil
}
