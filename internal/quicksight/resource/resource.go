// Package resource holds what all resources of QuickSight have in common: ARNs, the account in the path, permissions, tags and the
// pages of listings.
//
// It owns the kind "quicksight.tag". It does not own any resource: each is read and written by its own package.
package resource

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/meta"
)

// Kinds of documents, by the word that stands for them in an ARN.
const (
	DataSource = "datasource"
	DataSet    = "dataset"
	Dashboard  = "dashboard"
	Analysis   = "analysis"
)

// Kind is the kind of document in the metadata store of a type of resource.
func Kind(resource string) string { return "quicksight." + resource }

// ARN names a resource.
func ARN(c awsapi.Caller, resource, id string) string {
	return "arn:aws:quicksight:" + c.Region + ":" + c.Account + ":" + resource + "/" + id
}

// ParseARN takes the id out of the ARN of a resource of this account.
func ParseARN(account, resource, arn string) (id string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "quicksight" || parts[4] != account {
		return "", false
	}
	id, ok = strings.CutPrefix(parts[5], resource+"/")
	return id, ok && id != ""
}

// Caller gives the caller, whose account must be the one in the path.
func Caller(ctx context.Context, account *string) (awsapi.Caller, error) {
	c := awsapi.CallerFrom(ctx)
	if c.Account == "" || awsapi.Val(account) != c.Account {
		return c, quicksight.AccessDeniedException("the account %s is not the caller's", awsapi.Val(account))
	}
	return c, nil
}

// RequestID is the member that every answer carries.
func RequestID(ctx context.Context) *string { return new(awsapi.RequestID(ctx)) }

// NotFound is the answer for a resource that is not there.
func NotFound(resource, id string) error {
	name := map[string]string{DataSource: "Data source", DataSet: "Data set", Dashboard: "Dashboard", Analysis: "Analysis"}[resource]
	return quicksight.ResourceNotFoundException("%s %s is not found", name, id).With("ResourceType", strings.ToUpper(strings.ReplaceAll(name, " ", "_")))
}

// Get reads a resource, or answers that it is not there.
func Get(tx meta.Tx, resource, account, id string, v any) error {
	err := tx.Get(Kind(resource), meta.Key{account, id}, v)
	if errors.Is(err, meta.ErrNotFound) {
		return NotFound(resource, id)
	}
	return err
}

// Page reads one page of a listing. See is called for each document of it.
func Page[T any](tx meta.Tx, kind string, prefix meta.Key, token *string, max *int32, see func(v *T) (bool, error)) (next *string, err error) {
	var after meta.Key
	if t := awsapi.Val(token); t != "" {
		raw, err := base64.RawURLEncoding.DecodeString(t)
		if err != nil || json.Unmarshal(raw, &after) != nil || !after.HasPrefix(prefix) {
			return nil, quicksight.InvalidNextTokenException("The NextToken is not one of this listing")
		}
	}
	limit := int(awsapi.Val(max))
	if limit <= 0 {
		limit = 100
	}
	n := 0
	var last meta.Key
	err = tx.Scan(kind, prefix, after, func(k meta.Key, raw json.RawMessage) (bool, error) {
		var v T
		if err := json.Unmarshal(raw, &v); err != nil {
			return false, err
		}
		if n == limit {
			encoded, err := json.Marshal(last)
			next = new(base64.RawURLEncoding.EncodeToString(encoded))
			return false, err
		}
		ok, err := see(&v)
		if err != nil || !ok {
			return err == nil, err
		}
		n++
		last = slices.Clone(k)
		return true, nil
	})
	return next, err
}

// MergePermissions applies grants and revocations.
func MergePermissions(have, grant, revoke []*quicksight.ResourcePermission) []*quicksight.ResourcePermission {
	out := []*quicksight.ResourcePermission{}
	actions := func(principal string) *quicksight.ResourcePermission {
		for _, p := range out {
			if awsapi.Val(p.Principal) == principal {
				return p
			}
		}
		p := &quicksight.ResourcePermission{Principal: &principal, Actions: []string{}}
		out = append(out, p)
		return p
	}
	for _, p := range slices.Concat(have, grant) {
		merged := actions(awsapi.Val(p.Principal))
		for _, a := range p.Actions {
			if !slices.Contains(merged.Actions, a) {
				merged.Actions = append(merged.Actions, a)
			}
		}
	}
	for _, p := range revoke {
		merged := actions(awsapi.Val(p.Principal))
		merged.Actions = slices.DeleteFunc(merged.Actions, func(a string) bool { return slices.Contains(p.Actions, a) })
	}
	return slices.DeleteFunc(out, func(p *quicksight.ResourcePermission) bool { return len(p.Actions) == 0 })
}
