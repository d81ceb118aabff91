package identity

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"tarn/internal/awsapi"
)

// Policy is an IAM policy document: statements with actions and resources, in
// which * stands for any run of characters and ? for one.
type Policy struct {
	Version   string
	Statement statements
}

// Statement allows or denies.
type Statement struct {
	Sid         string          `json:",omitempty"`
	Effect      string          `json:""`
	Action      oneOrMany       `json:",omitempty"`
	NotAction   oneOrMany       `json:",omitempty"`
	Resource    oneOrMany       `json:",omitempty"`
	NotResource oneOrMany       `json:",omitempty"`
	Principal   json.RawMessage `json:",omitempty"`
	Condition   json.RawMessage `json:",omitempty"`
}

type statements []Statement

func (s *statements) UnmarshalJSON(b []byte) error {
	var many []Statement
	if err := json.Unmarshal(b, &many); err == nil {
		*s = many
		return nil
	}
	var one Statement
	if err := json.Unmarshal(b, &one); err != nil {
		return err
	}
	*s = statements{one}
	return nil
}

type oneOrMany []string

func (o *oneOrMany) UnmarshalJSON(b []byte) error {
	var one string
	if err := json.Unmarshal(b, &one); err == nil {
		*o = oneOrMany{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(b, &many); err != nil {
		return fmt.Errorf("%s is neither a string nor a list of strings", b)
	}
	*o = many
	return nil
}

// ParsePolicy reads an identity policy. What it can't enforce it refuses: a
// condition that is ignored would allow more than its author meant.
func ParsePolicy(text string) (*Policy, error) {
	var p Policy
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return nil, fmt.Errorf("the policy is not valid JSON: %w", err)
	}
	if len(p.Statement) == 0 {
		return nil, fmt.Errorf("the policy has no Statement")
	}
	for i, s := range p.Statement {
		where := fmt.Sprintf("Statement %d", i+1)
		if s.Sid != "" {
			where += " (" + s.Sid + ")"
		}
		switch {
		case s.Effect != "Allow" && s.Effect != "Deny":
			return nil, fmt.Errorf("%s: Effect is %q, should be Allow or Deny", where, s.Effect)
		case (len(s.Action) == 0) == (len(s.NotAction) == 0):
			return nil, fmt.Errorf("%s: needs Action or NotAction, not both", where)
		case (len(s.Resource) == 0) == (len(s.NotResource) == 0):
			return nil, fmt.Errorf("%s: needs Resource or NotResource, not both", where)
		case len(s.Condition) > 0 && string(s.Condition) != "{}":
			return nil, fmt.Errorf("%s: Condition is not supported; it is refused rather than ignored", where)
		case len(s.Principal) > 0:
			return nil, fmt.Errorf("%s: an identity policy has no Principal", where)
		}
	}
	return &p, nil
}

type verdict int

const (
	silent verdict = iota
	allowed
	denied
)

func (p *Policy) evaluate(need awsapi.Access) verdict {
	v := silent
	for i := range p.Statement {
		s := &p.Statement[i]
		if !s.matches(need) {
			continue
		}
		if s.Effect == "Deny" {
			return denied
		}
		v = allowed
	}
	return v
}

func (s *Statement) matches(need awsapi.Access) bool {
	action := func(p string) bool { return glob(strings.ToLower(p), strings.ToLower(need.Action)) }
	resource := func(p string) bool { return glob(p, need.Resource) }
	if len(s.Action) > 0 && !slices.ContainsFunc(s.Action, action) || slices.ContainsFunc(s.NotAction, action) {
		return false
	}
	if need.Resource == "*" { // an operation that is on no single resource
		return len(s.NotResource) > 0 || slices.Contains(s.Resource, "*") || s.Effect == "Allow" && slices.ContainsFunc(s.Resource, resource)
	}
	return !(len(s.Resource) > 0 && !slices.ContainsFunc(s.Resource, resource) || slices.ContainsFunc(s.NotResource, resource))
}

// glob matches IAM's wildcards in linear time.
func glob(pattern, s string) bool {
	p, i := 0, 0
	star, mark := -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i] && pattern[p] != '*'):
			p++
			i++
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case star >= 0:
			p = star + 1
			mark++
			i = mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
