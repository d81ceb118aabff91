package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"tarn/internal/awsapi"
)

// Tags that mark what belongs to a project.
const (
	tagProject = "tarn:project"
	tagEnv     = "tarn:env"
	tagWant    = "tarn:want" // hash of what was asked for
)

// resource is one thing on the target: what it should be, and how to see, make,
// change and remove it.
type resource struct {
	kind, name string
	file       string // what of the project it comes from
	// want is compared, member by member, with what live answers.
	want any
	// live answers nil when the resource is not there. tags may be nil for kinds
	// that can't be tagged.
	live   func(ctx context.Context, t *Target) (state any, tags map[string]string, err error)
	create func(ctx context.Context, t *Target, tags map[string]string) error
	update func(ctx context.Context, t *Target, tags map[string]string) error
	remove func(ctx context.Context, t *Target) error
	// untagged kinds are recognised by their name alone.
	untagged bool
	// waits says why the resource can't be made yet; "" if it can.
	waits string
}

func (r *resource) title() string { return r.kind + " " + r.name }

// missing turns a service's "not found" into absence.
func missing(err error, codes ...string) (bool, error) {
	var e *awsapi.Error
	if errors.As(err, &e) && slices.Contains(codes, e.Code) {
		return true, nil
	}
	return false, err
}

// flatten makes a value's JSON a map of paths to texts, for comparing.
func flatten(v any) (map[string]string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var x any
	if err := json.Unmarshal(b, &x); err != nil {
		return nil, err
	}
	out := map[string]string{}
	var walk func(path string, x any)
	walk = func(path string, x any) {
		switch x := x.(type) {
		case map[string]any:
			for k, v := range x {
				p := k
				if path != "" {
					p = path + "." + k
				}
				walk(p, v)
			}
		case []any:
			scalars := true
			texts := []string{}
			for _, v := range x {
				switch v.(type) {
				case map[string]any, []any:
					scalars = false
				default:
					texts = append(texts, fmt.Sprint(v))
				}
			}
			if scalars {
				out[path] = strings.Join(texts, ", ")
				return
			}
			for i, v := range x {
				walk(fmt.Sprintf("%s.%d", path, i+1), v)
			}
		case nil:
		default:
			out[path] = fmt.Sprint(x)
		}
	}
	walk("", x)
	return out, nil
}

func hash(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8]), nil
}

// Change is one difference of a resource.
type Change struct{ Member, From, To string }

// differences compares only members that want has: what a service adds by itself
// is not ours. A list is ours whole, and so are a job's arguments.
func differences(live, want any) ([]Change, error) {
	l, err := flatten(live)
	if err != nil {
		return nil, err
	}
	w, err := flatten(want)
	if err != nil {
		return nil, err
	}
	var out []Change
	for k, v := range w {
		if l[k] != v {
			out = append(out, Change{k, l[k], v})
		}
	}
	for k, v := range l {
		if _, ok := w[k]; !ok && v != "" && ours(k, w) {
			out = append(out, Change{k, v, ""})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Member < out[j].Member })
	return out, nil
}

// ours tells whether a member that only the live resource has lies in an element
// of a list that want has with fewer elements, or among a job's arguments.
func ours(path string, want map[string]string) bool {
	switch {
	case strings.HasPrefix(path, "DefaultArguments."):
		return true
	case strings.HasPrefix(path, "StorageDescriptor.Columns."):
		return false // the crawler may add columns to those that a source states
	}
	parts := strings.Split(path, ".")
	for i, p := range parts {
		if _, err := strconv.Atoi(p); err != nil || i == 0 {
			continue
		}
		list, element := strings.Join(parts[:i], ".")+".", strings.Join(parts[:i+1], ".")
		hasList, hasElement := false, false
		for k := range want {
			hasList = hasList || strings.HasPrefix(k, list+"1.") || k == list+"1"
			hasElement = hasElement || strings.HasPrefix(k, element+".") || k == element
		}
		if hasList && !hasElement {
			return true
		}
	}
	return false
}
