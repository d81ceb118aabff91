package awsapi

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
)

// route is a REST operation's method, path and fixed query.
type route struct {
	op       *Operation
	segments []string // "{Bucket}", "{Key+}", or literal
	greedy   bool
	literals []string            // fixed query parameters: "uploads" or "list-type=2"
	needs    []requiredParameter // required query parameters and headers, which tell operations on one path apart
}

type requiredParameter struct{ loc, name string }

// restTable finds the operation of a REST request.
type restTable map[string][]*route // by method

func newRestTable(m *Model) restTable {
	t := restTable{}
	for i := range m.Operations {
		op := &m.Operations[i]
		path, query, _ := strings.Cut(op.Path, "?")
		r := &route{op: op, segments: splitPath(path)}
		if n := len(r.segments); n > 0 && strings.HasSuffix(r.segments[n-1], "+}") {
			r.greedy = true
		}
		if query != "" {
			r.literals = strings.Split(query, "&")
		}
		for _, f := range planOf(reflect.TypeOf(op.NewInput()).Elem()).fields {
			if f.required && (f.loc == "querystring" || f.loc == "header") {
				r.needs = append(r.needs, requiredParameter{f.loc, f.wire})
			}
		}
		t[op.Method] = append(t[op.Method], r)
	}
	return t
}

func splitPath(p string) []string {
	p = strings.TrimPrefix(p, "/")
	if p == "" {
		return nil
	}
	return strings.Split(p, "/")
}

// find picks the operation whose path fits and whose fixed and required
// parameters are all there; of several, the one that asks for most. Operations
// whose fixed parameters are there but whose required ones are not come last,
// so that a missing one is reported as missing.
func (t restTable) find(r *http.Request, path string, q url.Values) (*Operation, map[string]string) {
	segs := splitPath(path)
	if n := len(segs); n == 2 && segs[1] == "" { // "/bucket/" is the bucket
		segs = segs[:1]
	}
	var best *route
	bestScore := -1
	for _, rt := range t[r.Method] {
		if !rt.matches(segs) {
			continue
		}
		score, ok := 0, true
		for _, l := range rt.literals {
			k, v, eq := strings.Cut(l, "=")
			if vs, has := q[k]; !has || eq && vs[0] != v {
				ok = false
				break
			}
			score += 100
		}
		if !ok {
			continue
		}
		for _, n := range rt.needs {
			if n.loc == "querystring" && !q.Has(n.name) || n.loc == "header" && r.Header.Get(n.name) == "" {
				score -= 50
			} else {
				score += 10
			}
		}
		if !rt.greedy {
			score++ // a literal path wins over a greedy label
		}
		for _, s := range rt.segments {
			if s[0] != '{' {
				score++
			}
		}
		if best == nil || score > bestScore {
			best, bestScore = rt, score
		}
	}
	if best == nil {
		return nil, nil
	}
	labels := map[string]string{}
	for i, s := range best.segments {
		if s[0] != '{' {
			continue
		}
		raw := segs[i]
		name := s[1 : len(s)-1]
		if best.greedy && i == len(best.segments)-1 {
			raw = strings.Join(segs[i:], "/")
			name = strings.TrimSuffix(name, "+")
		}
		if d, err := url.PathUnescape(raw); err == nil {
			raw = d
		}
		labels[name] = raw
	}
	return best.op, labels
}

func (rt *route) matches(segs []string) bool {
	if rt.greedy {
		if len(segs) < len(rt.segments) {
			return false
		}
	} else if len(segs) != len(rt.segments) {
		return false
	}
	for i, s := range rt.segments {
		if s[0] != '{' && s != segs[i] {
			return false
		}
	}
	return true
}

// bind fills an input's members that travel in path, query and headers.
func bind(in reflect.Value, r *http.Request, labels map[string]string, q url.Values) error {
	for _, f := range planOf(in.Type()).located {
		var text string
		var ok bool
		switch f.loc { // most members of most requests are absent: find that out before anything else
		case "header":
			if r.Header[f.header] == nil && f.wire != "Content-Length" {
				continue
			}
		case "querystring":
			if len(q) == 0 {
				continue
			}
		}
		fv := in.Field(f.index)
		switch f.loc {
		case "uri":
			text, ok = labels[f.wire]
		case "querystring":
			if fv.Kind() == reflect.Slice {
				for _, v := range q[f.wire] {
					e := reflect.New(fv.Type().Elem()).Elem()
					if err := setScalar(e, v); err != nil {
						return fmt.Errorf("%s: %w", f.wire, err)
					}
					fv.Set(reflect.Append(fv, e))
				}
				continue
			}
			if fv.Kind() == reflect.Map {
				continue
			}
			if ok = q.Has(f.wire); ok {
				text = q.Get(f.wire)
			}
		case "header":
			vs := r.Header[f.header]
			if f.wire == "Content-Length" && (r.ContentLength > 0 || r.ContentLength == 0 && len(vs) > 0) { // 0 as well where nothing was said
				text, ok = strconv.FormatInt(r.ContentLength, 10), true
			} else if len(vs) > 0 {
				text, ok = vs[0], true
			}
			if ok && fv.Kind() == reflect.Slice && fv.Type().Elem().Kind() == reflect.String {
				for _, v := range strings.Split(strings.Join(vs, ","), ",") {
					fv.Set(reflect.Append(fv, reflect.ValueOf(strings.TrimSpace(v))))
				}
				continue
			}
		case "headers":
			var m map[string]string
			for k, vs := range r.Header {
				if n := len(f.wire); len(k) >= n && strings.EqualFold(k[:n], f.wire) {
					if m == nil {
						m = map[string]string{}
					}
					m[strings.ToLower(k[n:])] = strings.Join(vs, ",")
				}
			}
			if m != nil {
				fv.Set(reflect.ValueOf(m))
			}
			continue
		default:
			continue
		}
		if !ok {
			continue
		}
		if err := setScalar(fv, text); err != nil {
			return fmt.Errorf("%s: %w", f.wire, err)
		}
	}
	return nil
}

// outHeaders writes an output's members that travel in headers, and gives its status.
func outHeaders(out reflect.Value, h http.Header, status int) int {
	for _, f := range planOf(out.Type()).located {
		v := out.Field(f.index)
		if isNil(v) {
			continue
		}
		switch f.loc {
		case "header":
			if text, ok := scalarText(v, or(f.ts, "rfc822")); ok {
				h[f.header] = []string{text}
			}
		case "headers":
			for _, k := range v.MapKeys() {
				// Not canonicalised: user metadata keeps the case it was given.
				h[f.wire+k.String()] = []string{v.MapIndex(k).String()}
			}
		case "statusCode":
			if v.Kind() == reflect.Pointer && !v.IsNil() {
				status = int(v.Elem().Int())
			}
		}
	}
	return status
}
