package s3

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"
)

// policy is the document of a browser's upload: what the form may say.
type policy struct {
	expiration       time.Time
	conditions       []policyCondition
	minSize, maxSize int64
}

// policyCondition holds one field to a value or a prefix.
type policyCondition struct {
	field, value string
	prefix       bool
	text         string // as S3 shows it when it fails
}

func malformedPolicy(format string, args ...any) error {
	return fail(http.StatusBadRequest, "InvalidPolicyDocument", "Invalid Policy: %s", fmt.Sprintf(format, args...))
}

// parsePolicy reads a policy document in base64.
func parsePolicy(encoded string) (*policy, error) {
	b, err := base64.StdEncoding.DecodeString(strings.NewReplacer("\r", "", "\n", "").Replace(encoded))
	if err != nil {
		return nil, malformedPolicy("it is not base64.")
	}
	var doc struct {
		Expiration *string
		Conditions []json.RawMessage
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	if err := dec.Decode(&doc); err != nil {
		return nil, malformedPolicy("Invalid JSON: %v.", err)
	}
	if doc.Expiration == nil {
		return nil, malformedPolicy("Policy missing expiration.")
	}
	if doc.Conditions == nil {
		return nil, malformedPolicy("Policy missing conditions.")
	}
	p := &policy{maxSize: maxPut}
	if p.expiration, err = time.Parse(time.RFC3339, *doc.Expiration); err != nil {
		return nil, malformedPolicy("Invalid 'expiration' value: '%s'.", *doc.Expiration)
	}
	for _, raw := range doc.Conditions {
		if err := p.add(raw); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *policy) add(raw json.RawMessage) error {
	var exact map[string]string
	if json.Unmarshal(raw, &exact) == nil {
		if len(exact) != 1 {
			return malformedPolicy("Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.")
		}
		for k, v := range exact {
			p.condition("eq", "$"+k, v)
		}
		return nil
	}
	var list []any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if dec.Decode(&list) != nil || len(list) != 3 {
		return malformedPolicy("Invalid Condition: %s.", raw)
	}
	op, ok := list[0].(string)
	if op = strings.ToLower(op); !ok {
		return malformedPolicy("Invalid Condition: %s.", raw)
	}
	if op == "content-length-range" {
		low, ok1 := policyNumber(list[1])
		high, ok2 := policyNumber(list[2])
		if !ok1 || !ok2 || low < 0 || high < low {
			return malformedPolicy("Invalid content-length-range: %s.", raw)
		}
		p.minSize, p.maxSize = max(p.minSize, low), min(p.maxSize, high)
		return nil
	}
	field, ok1 := list[1].(string)
	value, ok2 := list[2].(string)
	if !ok1 || !ok2 || !strings.HasPrefix(field, "$") || op != "eq" && op != "starts-with" {
		return malformedPolicy("Invalid Condition: %s.", raw)
	}
	p.condition(op, field, value)
	return nil
}

func policyNumber(v any) (int64, bool) {
	text, ok := v.(string)
	if n, isNumber := v.(json.Number); isNumber {
		text, ok = n.String(), true
	}
	n, valid := parseOffset(text)
	return n, ok && valid && n < math.MaxInt64
}

func (p *policy) condition(op, field, value string) {
	shown, err := json.Marshal([]string{op, field, value})
	if err != nil {
		shown = []byte(op + " " + field) // strings always encode
	}
	p.conditions = append(p.conditions, policyCondition{
		field: strings.ToLower(strings.TrimPrefix(field, "$")), value: value, prefix: op == "starts-with", text: strings.ReplaceAll(string(shown), `","`, `", "`),
	})
}

// check holds a form to the policy: every condition must hold, and every field must be in a condition.
func (p *policy) check(now time.Time, bucket string, f *form) error {
	refuse := func(format string, args ...any) error {
		return fail(http.StatusForbidden, "AccessDenied", "Invalid according to Policy: %s", fmt.Sprintf(format, args...))
	}
	if p.expired(now) {
		return refuse("Policy expired.")
	}
	named := []string{"policy", "x-amz-signature", "signature", "awsaccesskeyid", "file"}
	for _, c := range p.conditions {
		value := f.fields[c.field]
		if c.field == "bucket" {
			value = bucket
		}
		named = append(named, c.field)
		if ok := value == c.value || c.prefix && c.matchesPrefix(value); !ok {
			return refuse("Policy Condition failed: %s", c.text)
		}
	}
	for _, name := range f.names {
		if !slices.Contains(named, name) && !strings.HasPrefix(name, "x-ignore-") && name != "bucket" {
			return refuse("Extra input fields: %s", name)
		}
	}
	return nil
}

// matchesPrefix compares a value; a content type may be a list, each of which must start so.
func (c policyCondition) matchesPrefix(value string) bool {
	if c.field != "content-type" {
		return strings.HasPrefix(value, c.value)
	}
	for v := range strings.SplitSeq(value, ",") {
		if !strings.HasPrefix(v, c.value) {
			return false
		}
	}
	return true
}
