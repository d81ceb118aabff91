package identity

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"tarn/api/iam"
	"tarn/api/sts"
	"tarn/internal/awsapi"
	"tarn/internal/meta"
)

// CreateRole makes a role without rights.
func (d *Directory) CreateRole(ctx context.Context, in *iam.CreateRoleInput) (*iam.CreateRoleOutput, error) {
	c := awsapi.CallerFrom(ctx)
	if _, err := parseTrust(*in.AssumeRolePolicyDocument); err != nil {
		return nil, malformed(err)
	}
	id, err := d.uniqueID("AROA")
	if err != nil {
		return nil, err
	}
	path := or(awsapi.Val(in.Path), "/")
	r := roleDoc{Name: *in.RoleName, Path: path, ID: id, ARN: "arn:aws:iam::" + c.Account + ":role" + path + *in.RoleName, Description: awsapi.Val(in.Description), Trust: *in.AssumeRolePolicyDocument, MaxSession: 3600, Created: d.now().UTC()}
	if in.MaxSessionDuration != nil {
		r.MaxSession = *in.MaxSessionDuration
	}
	err = d.store.Update(ctx, func(tx meta.Tx) error { return tx.Insert(kindRole, meta.Key{c.Account, r.Name}, r) })
	if errors.Is(err, meta.ErrExists) {
		return nil, iam.EntityAlreadyExistsException("Role with name %s already exists.", r.Name)
	}
	if err != nil {
		return nil, err
	}
	d.changed()
	return &iam.CreateRoleOutput{Role: r.shape()}, nil
}

func (r *roleDoc) shape() *iam.Role {
	return &iam.Role{RoleName: &r.Name, Arn: &r.ARN, RoleId: &r.ID, Path: &r.Path, Description: &r.Description, MaxSessionDuration: &r.MaxSession,
		CreateDate: &awsapi.Time{Time: r.Created}, AssumeRolePolicyDocument: new(url.QueryEscape(r.Trust))}
}

// GetRole describes a role.
func (d *Directory) GetRole(ctx context.Context, in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
	var r roleDoc
	err := d.store.View(ctx, func(tx meta.Tx) error {
		return tx.Get(kindRole, meta.Key{awsapi.CallerFrom(ctx).Account, *in.RoleName}, &r)
	})
	if err != nil {
		return nil, orNotFound(err, noRole(*in.RoleName))
	}
	return &iam.GetRoleOutput{Role: r.shape()}, nil
}

// ListRoles lists all roles of the account.
func (d *Directory) ListRoles(ctx context.Context, _ *iam.ListRolesInput) (*iam.ListRolesOutput, error) {
	out := &iam.ListRolesOutput{Roles: []*iam.Role{}, IsTruncated: new(false)}
	return out, each(ctx, d, kindRole, func(r *roleDoc) { out.Roles = append(out.Roles, r.shape()) })
}

// DeleteRole removes a role that has no policies; its sessions lose all rights.
func (d *Directory) DeleteRole(ctx context.Context, in *iam.DeleteRoleInput) (*iam.DeleteRoleOutput, error) {
	account := awsapi.CallerFrom(ctx).Account
	err := d.store.Update(ctx, func(tx meta.Tx) error {
		var r roleDoc
		if err := tx.Get(kindRole, meta.Key{account, *in.RoleName}, &r); err != nil {
			return orNotFound(err, noRole(*in.RoleName))
		}
		if len(r.Policies) > 0 {
			return iam.DeleteConflictException("Cannot delete entity, must delete policies first.")
		}
		var gone []meta.Key
		err := tx.Scan(kindSession, nil, nil, func(k meta.Key, raw json.RawMessage) (bool, error) {
			var s sessionDoc
			if err := json.Unmarshal(raw, &s); err != nil {
				return false, err
			}
			if s.Account == account && s.RoleName == r.Name {
				gone = append(gone, k)
			}
			return true, nil
		})
		if err != nil {
			return err
		}
		for _, k := range gone {
			if err := tx.Delete(kindSession, k); err != nil {
				return err
			}
		}
		return tx.Delete(kindRole, meta.Key{account, r.Name})
	})
	d.changed()
	return &iam.DeleteRoleOutput{}, err
}

// PutRolePolicy sets an inline policy of a role.
func (d *Directory) PutRolePolicy(ctx context.Context, in *iam.PutRolePolicyInput) (*iam.PutRolePolicyOutput, error) {
	if _, err := ParsePolicy(*in.PolicyDocument); err != nil {
		return nil, malformed(err)
	}
	return &iam.PutRolePolicyOutput{}, d.withRole(ctx, *in.RoleName, func(r *roleDoc) error {
		if r.Policies == nil {
			r.Policies = map[string]string{}
		}
		r.Policies[*in.PolicyName] = *in.PolicyDocument
		return nil
	})
}

// GetRolePolicy reads one inline policy, URL-encoded as IAM does.
func (d *Directory) GetRolePolicy(ctx context.Context, in *iam.GetRolePolicyInput) (*iam.GetRolePolicyOutput, error) {
	var text string
	err := d.withRole(ctx, *in.RoleName, func(r *roleDoc) error {
		var ok bool
		if text, ok = r.Policies[*in.PolicyName]; !ok {
			return iam.NoSuchEntityException("The role policy with name %s cannot be found.", *in.PolicyName)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &iam.GetRolePolicyOutput{RoleName: in.RoleName, PolicyName: in.PolicyName, PolicyDocument: new(url.QueryEscape(text))}, nil
}

// ListRolePolicies names a role's inline policies.
func (d *Directory) ListRolePolicies(ctx context.Context, in *iam.ListRolePoliciesInput) (*iam.ListRolePoliciesOutput, error) {
	out := &iam.ListRolePoliciesOutput{PolicyNames: []string{}, IsTruncated: new(false)}
	return out, d.withRole(ctx, *in.RoleName, func(r *roleDoc) error {
		out.PolicyNames = names(r.Policies)
		return nil
	})
}

// DeleteRolePolicy removes an inline policy.
func (d *Directory) DeleteRolePolicy(ctx context.Context, in *iam.DeleteRolePolicyInput) (*iam.DeleteRolePolicyOutput, error) {
	return &iam.DeleteRolePolicyOutput{}, d.withRole(ctx, *in.RoleName, func(r *roleDoc) error {
		if _, ok := r.Policies[*in.PolicyName]; !ok {
			return iam.NoSuchEntityException("The role policy with name %s cannot be found.", *in.PolicyName)
		}
		delete(r.Policies, *in.PolicyName)
		return nil
	})
}

// parseTrust reads who may assume a role.
func parseTrust(text string) (*Policy, error) {
	var p Policy
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return nil, err
	}
	if len(p.Statement) == 0 {
		return nil, errors.New("the trust policy has no Statement")
	}
	for _, s := range p.Statement {
		if len(s.Condition) > 0 && string(s.Condition) != "{}" {
			return nil, errors.New("Condition is not supported in a trust policy; it is refused rather than ignored")
		}
		if len(s.Principal) == 0 {
			return nil, errors.New("each statement of a trust policy needs a Principal")
		}
	}
	return &p, nil
}

// trusts tells whether a role's trust policy lets the caller assume it.
func trusts(p *Policy, c awsapi.Caller) bool {
	v := false
	for _, s := range p.Statement {
		if !slices.ContainsFunc(s.Action, func(a string) bool { return glob(wild(strings.ToLower(a)), "sts:assumerole") }) || !principal(s.Principal, c) {
			continue
		}
		if s.Effect == "Deny" {
			return false
		}
		v = s.Effect == "Allow"
	}
	return v
}

func principal(raw json.RawMessage, c awsapi.Caller) bool {
	var all string
	if json.Unmarshal(raw, &all) == nil {
		return all == "*"
	}
	var p struct{ AWS oneOrMany }
	if json.Unmarshal(raw, &p) != nil {
		return false
	}
	return slices.ContainsFunc(p.AWS, func(a string) bool {
		return a == "*" || a == c.Account || a == "arn:aws:iam::"+c.Account+":root" || a == c.ARN
	})
}

// GetCallerIdentity says who signed.
func (d *Directory) GetCallerIdentity(ctx context.Context, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	c := awsapi.CallerFrom(ctx)
	return &sts.GetCallerIdentityOutput{Account: &c.Account, Arn: &c.ARN, UserId: &c.UserID}, nil
}

// AssumeRole gives temporary credentials of a role that trusts the caller.
func (d *Directory) AssumeRole(ctx context.Context, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	c := awsapi.CallerFrom(ctx)
	refuse := awsapi.AccessDenied(c, "sts:AssumeRole", *in.RoleArn)
	parts := strings.SplitN(*in.RoleArn, ":", 6)
	if len(parts) != 6 || parts[4] != c.Account || !strings.HasPrefix(parts[5], "role/") {
		return nil, refuse
	}
	name := parts[5][strings.LastIndexByte(parts[5], '/')+1:]
	var r roleDoc
	err := d.store.View(ctx, func(tx meta.Tx) error { return tx.Get(kindRole, meta.Key{c.Account, name}, &r) })
	if errors.Is(err, meta.ErrNotFound) {
		return nil, refuse
	}
	if err != nil {
		return nil, err
	}
	if in.Policy != nil || len(in.PolicyArns) > 0 {
		return nil, awsapi.NotImplemented("STS", "AssumeRole with a session policy")
	}
	trust, err := parseTrust(r.Trust)
	if err != nil {
		return nil, err
	}
	if !trusts(trust, c) {
		return nil, refuse
	}
	ttl := time.Hour
	if in.DurationSeconds != nil {
		if *in.DurationSeconds > r.MaxSession {
			return nil, awsapi.NewError("ValidationError", 400, "message", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
		}
		ttl = time.Duration(*in.DurationSeconds) * time.Second
	}
	s, err := d.Issue(ctx, r.ARN, *in.RoleSessionName, "sts:"+*in.RoleSessionName, ttl)
	if err != nil {
		return nil, err
	}
	return &sts.AssumeRoleOutput{
		Credentials:     &sts.Credentials{AccessKeyId: &s.AccessKeyID, SecretAccessKey: &s.SecretAccessKey, SessionToken: &s.SessionToken, Expiration: &awsapi.Time{Time: s.Expires}},
		AssumedRoleUser: &sts.AssumedRoleUser{Arn: &s.Caller.ARN, AssumedRoleId: new(r.ID + ":" + *in.RoleSessionName)},
	}, nil
}
