package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"tarn/internal/awsapi"
)

// lookup is a request's value of a condition key, whose name is in lower case; ok is false where it has none.
type lookup func(key string) (value string, ok bool)

// condition is one key of a Condition with the values that an operator compares it to: one of them must match or,
// for a negated operator, none.
type condition struct {
	key      string // in lower case
	compare  func(have, want string) bool
	negated  bool
	ifExists bool // holds without a value, too
	forAll   bool // ForAllValues: holds without a value, too
	null     bool // the operator Null: values are true and false
	want     []pattern
	wild     bool // * and ? in values are wildcards
}

// conditionKeys are the keys that requests here can have. The last ones are of things that are not here, so they
// never have a value, as with most requests on AWS. A policy with another key is refused.
func conditionKeys() []string {
	return []string{
		"aws:CurrentTime", "aws:EpochTime", "aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalType", "aws:Referer", "aws:RequestedRegion",
		"aws:SecureTransport", "aws:SourceIp", "aws:UserAgent", "aws:userid", "aws:username",
		"s3:delimiter", "s3:if-match", "s3:if-none-match", "s3:max-keys", "s3:prefix", "s3:VersionId", "s3:x-amz-acl", "s3:x-amz-content-sha256",
		"s3:x-amz-copy-source", "s3:x-amz-metadata-directive", "s3:x-amz-server-side-encryption", "s3:x-amz-storage-class",
		"aws:CalledVia", "aws:MultiFactorAuthAge", "aws:MultiFactorAuthPresent", "aws:PrincipalOrgID", "aws:SourceVpc", "aws:SourceVpce", "aws:ViaAWSService",
	}
}

// parseConditions reads {"operator": {"key": value or [values]}}.
func parseConditions(raw json.RawMessage, expand bool) ([]condition, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var doc map[string]map[string]scalars
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("Condition must be {\"operator\": {\"key\": \"value\"}}: %w", err)
	}
	var out []condition
	for name, keys := range doc {
		for key, values := range keys {
			c, err := newCondition(name, key, values, expand)
			if err != nil {
				return nil, err
			}
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b condition) int { return strings.Compare(a.key, b.key) })
	return out, nil
}

// scalars are values of a condition; JSON's own booleans and numbers stand for their text.
type scalars []string

func (s *scalars) UnmarshalJSON(b []byte) error {
	var many []json.RawMessage
	if json.Unmarshal(b, &many) != nil {
		many = []json.RawMessage{b}
	}
	for _, raw := range many {
		var text string
		if json.Unmarshal(raw, &text) == nil {
			*s = append(*s, text)
			continue
		}
		switch raw[0] {
		case '{', '[', 'n':
			return fmt.Errorf("%s is no value of a condition", raw)
		}
		*s = append(*s, string(raw))
	}
	return nil
}

func newCondition(operator, key string, values []string, expand bool) (condition, error) {
	c := condition{key: strings.ToLower(key)}
	if !slices.ContainsFunc(conditionKeys(), func(k string) bool { return strings.EqualFold(k, key) }) {
		return c, fmt.Errorf("condition key %s is not supported; it is refused rather than ignored", key)
	}
	name := operator
	if rest, ok := strings.CutPrefix(name, "ForAllValues:"); ok {
		name, c.forAll = rest, true
	} else {
		name = strings.TrimPrefix(name, "ForAnyValue:") // keys here have one value at most
	}
	name, c.ifExists = strings.CutSuffix(name, "IfExists")
	if name == "Null" {
		c.null = true
		return c.with(values, false)
	}
	kind, relation := name, ""
	for _, k := range []string{"String", "Numeric", "Date", "Arn"} {
		if rest, ok := strings.CutPrefix(name, k); ok {
			kind, relation = k, rest
		}
	}
	if rest, ok := strings.CutPrefix(relation, "Not"); ok {
		relation, c.negated = rest, true
	}
	if kind == "NotIpAddress" {
		kind, c.negated = "IpAddress", true
	}
	switch {
	case kind == "String" && relation == "Equals":
		c.compare = func(have, want string) bool { return have == want }
	case kind == "String" && relation == "EqualsIgnoreCase":
		c.compare = strings.EqualFold
	case kind == "String" && relation == "Like", kind == "Arn" && (relation == "Like" || relation == "Equals"):
		c.compare, c.wild = func(have, want string) bool { return glob(want, have) }, true
	case kind == "Numeric":
		c.compare = ordered(relation, func(have, want string) (int, bool) {
			a, err := strconv.ParseFloat(have, 64)
			b, err2 := strconv.ParseFloat(want, 64)
			return compareOrdered(a, b), err == nil && err2 == nil
		})
	case kind == "Date":
		c.compare = ordered(relation, func(have, want string) (int, bool) {
			a, ok := parseDate(have)
			b, ok2 := parseDate(want)
			return a.Compare(b), ok && ok2
		})
	case name == "Bool":
		c.compare = strings.EqualFold
	case kind == "IpAddress":
		for _, v := range values {
			if _, err := parsePrefix(v); err != nil {
				return c, fmt.Errorf("%s is no range of addresses", v)
			}
		}
		c.compare = func(have, want string) bool {
			addr, err := netip.ParseAddr(have)
			prefix, err2 := parsePrefix(want)
			return err == nil && err2 == nil && prefix.Contains(addr.Unmap())
		}
	}
	if c.compare == nil {
		return c, fmt.Errorf("condition operator %s is not supported; it is refused rather than ignored", operator)
	}
	return c.with(values, expand)
}

func (c condition) with(values []string, expand bool) (condition, error) {
	if len(values) == 0 {
		return c, fmt.Errorf("condition key %s has no value", c.key)
	}
	for _, v := range values {
		if c.wild {
			c.want = append(c.want, newPattern(v, expand))
			continue
		}
		c.want = append(c.want, pattern{v, expand && strings.Contains(v, "${")})
	}
	return c, nil
}

func ordered(relation string, compare func(have, want string) (int, bool)) func(have, want string) bool {
	var fits func(int) bool
	switch relation {
	case "Equals":
		fits = func(n int) bool { return n == 0 }
	case "LessThan":
		fits = func(n int) bool { return n < 0 }
	case "LessThanEquals":
		fits = func(n int) bool { return n <= 0 }
	case "GreaterThan":
		fits = func(n int) bool { return n > 0 }
	case "GreaterThanEquals":
		fits = func(n int) bool { return n >= 0 }
	default:
		return nil
	}
	return func(have, want string) bool {
		n, ok := compare(have, want)
		return ok && fits(n)
	}
}

func compareOrdered(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func parseDate(s string) (time.Time, bool) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.Unix(n, 0), true
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func parsePrefix(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return addr.Prefix(addr.BitLen())
	}
	return netip.ParsePrefix(s)
}

func (c *condition) holds(values lookup) bool {
	have, ok := values(c.key)
	if c.null {
		return slices.ContainsFunc(c.want, func(w pattern) bool { return strings.EqualFold(w.text, strconv.FormatBool(!ok)) })
	}
	if !ok {
		return c.ifExists || c.forAll || c.negated
	}
	plain := func(s string) string { return s }
	if c.wild {
		plain = wild
	}
	matched := slices.ContainsFunc(c.want, func(w pattern) bool {
		want, ok := w.resolve(values, plain)
		return ok && c.compare(have, want)
	})
	return matched != c.negated
}

// values are the condition keys of a request: who makes it, how it came, and what its operation says of itself.
func (d *Directory) values(ctx context.Context, c awsapi.Caller, need awsapi.Access) lookup {
	return func(key string) (string, bool) {
		switch key {
		case "aws:currenttime":
			return d.now().UTC().Format(time.RFC3339), true
		case "aws:epochtime":
			return strconv.FormatInt(d.now().Unix(), 10), true
		case "aws:principalaccount":
			return c.Account, true
		case "aws:principalarn":
			return principalARN(c), true
		case "aws:principaltype":
			if strings.Contains(c.ARN, ":assumed-role/") {
				return "AssumedRole", true
			}
			return "User", true
		case "aws:userid":
			return c.UserID, c.UserID != ""
		case "aws:username":
			_, name, ok := strings.Cut(c.ARN, ":user/")
			return name[strings.LastIndexByte(name, '/')+1:], ok
		case "aws:requestedregion":
			return c.Region, c.Region != ""
		}
		if need.Keys != nil {
			if v, ok := need.Keys(key); ok {
				return v, true
			}
		}
		if v, ok := awsapi.ConditionKeys(ctx)[key]; ok {
			return v, true
		}
		return fromRequest(ctx, key)
	}
}

func fromRequest(ctx context.Context, key string) (string, bool) {
	r := awsapi.RequestFrom(ctx)
	if r == nil {
		return "", false
	}
	header := func(name string) (string, bool) {
		v := r.Header.Get(name)
		return v, v != ""
	}
	switch key {
	case "aws:securetransport":
		return strconv.FormatBool(r.TLS != nil), true
	case "aws:sourceip":
		addr, err := netip.ParseAddrPort(r.RemoteAddr)
		return addr.Addr().Unmap().String(), err == nil
	case "aws:useragent":
		return header("User-Agent")
	case "aws:referer":
		return header("Referer")
	case "s3:x-amz-content-sha256":
		return header("X-Amz-Content-Sha256")
	}
	return "", false
}

// principalARN names the role itself rather than its session, as AWS's key does.
func principalARN(c awsapi.Caller) string {
	prefix, session, ok := strings.Cut(c.ARN, ":assumed-role/")
	if !ok {
		return c.ARN
	}
	role, _, _ := strings.Cut(session, "/")
	return strings.Replace(prefix, ":sts:", ":iam:", 1) + ":role/" + role
}
