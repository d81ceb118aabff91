package identity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"tarn/internal/awsapi"
)

// Policy is an IAM policy document: statements with actions, resources and conditions, in which * stands for any run
// of characters and ? for one.
type Policy struct {
	Version   string `json:",omitempty"`
	ID        string `json:"Id,omitempty"`
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

	actions, notActions     []pattern // in lower case
	resources, notResources []pattern
	conditions              []condition
}

type statements []Statement

// UnmarshalJSON reads one statement or a list. An element that is not IAM's is an error: a condition that is ignored
// for a slip of the pen would allow more than its author meant.
func (s *statements) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(b), []byte("{")) {
		var one Statement
		err := strictly(b, &one)
		*s = statements{one}
		return err
	}
	return strictly(b, (*[]Statement)(s))
}

func strictly(b []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	return dec.Decode(v)
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

// variables is the version of the language in which ${...} stands for a value of the request.
const variables = "2012-10-17"

// ParsePolicy reads an identity policy. What it can't enforce it refuses.
func ParsePolicy(text string) (*Policy, error) {
	var p Policy
	if !json.Valid([]byte(text)) {
		return nil, fmt.Errorf("the policy is not valid JSON: %w", json.Unmarshal([]byte(text), &p))
	}
	if err := strictly([]byte(text), &p); err != nil {
		return nil, fmt.Errorf("the policy has a syntax error: %w", err)
	}
	if p.Version != "" && p.Version != variables && p.Version != "2008-10-17" {
		return nil, fmt.Errorf("the policy's Version is %q, should be %s", p.Version, variables)
	}
	if len(p.Statement) == 0 {
		return nil, fmt.Errorf("the policy has no Statement")
	}
	for i := range p.Statement {
		s := &p.Statement[i]
		if err := s.compile(p.Version == variables); err != nil {
			where := fmt.Sprintf("Statement %d", i+1)
			if s.Sid != "" {
				where += " (" + s.Sid + ")"
			}
			return nil, fmt.Errorf("%s: %w", where, err)
		}
	}
	return &p, nil
}

// compile checks a statement and prepares it for matching.
func (s *Statement) compile(expand bool) error {
	switch {
	case s.Effect != "Allow" && s.Effect != "Deny":
		return fmt.Errorf("Effect is %q, should be Allow or Deny", s.Effect)
	case (len(s.Action) == 0) == (len(s.NotAction) == 0):
		return fmt.Errorf("needs Action or NotAction, not both")
	case (len(s.Resource) == 0) == (len(s.NotResource) == 0):
		return fmt.Errorf("needs Resource or NotResource, not both")
	case len(s.Principal) > 0:
		return fmt.Errorf("an identity policy has no Principal")
	}
	for _, a := range slices.Concat(s.Action, s.NotAction) {
		if a != "*" && !strings.Contains(a, ":") {
			return fmt.Errorf("action %q needs its service in front, as in s3:GetObject", a)
		}
	}
	for _, r := range slices.Concat(s.Resource, s.NotResource) {
		if r != "*" && !strings.HasPrefix(r, "arn:") {
			return fmt.Errorf("resource %q must be in ARN format or \"*\"", r)
		}
	}
	lower := func(list []string) []pattern {
		var out []pattern
		for _, a := range list {
			out = append(out, newPattern(strings.ToLower(a), false))
		}
		return out
	}
	s.actions, s.notActions = lower(s.Action), lower(s.NotAction)
	s.resources, s.notResources = newPatterns(s.Resource, expand), newPatterns(s.NotResource, expand)
	var err error
	s.conditions, err = parseConditions(s.Condition, expand)
	return err
}

type verdict int

const (
	silent verdict = iota
	allowed
	denied
)

func (p *Policy) evaluate(need awsapi.Access, values lookup) verdict {
	v := silent
	action := strings.ToLower(need.Action)
	for i := range p.Statement {
		s := &p.Statement[i]
		if !s.matches(action, need.Resource, values) {
			continue
		}
		if s.Effect == "Deny" {
			return denied
		}
		v = allowed
	}
	return v
}

func (s *Statement) matches(action, resource string, values lookup) bool {
	if len(s.actions) > 0 && !matchesAny(s.actions, action, values) || matchesAny(s.notActions, action, values) {
		return false
	}
	return s.covers(resource, values) && s.holds(values)
}

func (s *Statement) covers(resource string, values lookup) bool {
	if resource == "*" { // an operation that is on no single resource
		return len(s.NotResource) > 0 || slices.Contains(s.Resource, "*") || s.Effect == "Allow" && matchesAny(s.resources, resource, values)
	}
	return (len(s.resources) == 0 || matchesAny(s.resources, resource, values)) && !matchesAny(s.notResources, resource, values)
}

func (s *Statement) holds(values lookup) bool {
	for i := range s.conditions {
		if !s.conditions[i].holds(values) {
			return false
		}
	}
	return true
}

func matchesAny(patterns []pattern, s string, values lookup) bool {
	for i := range patterns {
		if patterns[i].matches(s, values) {
			return true
		}
	}
	return false
}
