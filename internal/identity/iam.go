package identity

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"tarn/api/iam"
	"tarn/internal/awsapi"
	"tarn/internal/meta"
)

// userDoc and roleDoc are what the store keeps of IAM's users and roles.
type userDoc struct {
	Name, ARN, ID, Path string
	Created             time.Time
	Policies            map[string]string // inline, by name
}

type roleDoc struct {
	Name, ARN, ID, Path, Description, Trust string
	MaxSession                              int32
	Created                                 time.Time
	Policies                                map[string]string
}

func (d *Directory) uniqueID(prefix string) (string, error) {
	b := make([]byte, 17)
	if _, err := io.ReadFull(d.rand, b); err != nil {
		return "", err
	}
	for i := range b {
		b[i] = keyAlphabet[b[i]%32]
	}
	return prefix + string(b), nil
}

func noUser(name string) error {
	return iam.NoSuchEntityException("The user with name %s cannot be found.", name)
}

func noRole(name string) error {
	return iam.NoSuchEntityException("The role with name %s cannot be found.", name)
}

// orNotFound turns the store's "not found" into IAM's.
func orNotFound(err, notFound error) error {
	if errors.Is(err, meta.ErrNotFound) {
		return notFound
	}
	return err
}

// CreateUser makes a user without rights.
func (d *Directory) CreateUser(ctx context.Context, in *iam.CreateUserInput) (*iam.CreateUserOutput, error) {
	c := awsapi.CallerFrom(ctx)
	id, err := d.uniqueID("AIDA")
	if err != nil {
		return nil, err
	}
	path := or(awsapi.Val(in.Path), "/")
	u := userDoc{Name: *in.UserName, Path: path, ID: id, ARN: "arn:aws:iam::" + c.Account + ":user" + path + *in.UserName, Created: d.now().UTC()}
	err = d.store.Update(ctx, func(tx meta.Tx) error { return tx.Insert(kindUser, meta.Key{c.Account, u.Name}, u) })
	if errors.Is(err, meta.ErrExists) {
		return nil, iam.EntityAlreadyExistsException("User with name %s already exists.", u.Name)
	}
	if err != nil {
		return nil, err
	}
	return &iam.CreateUserOutput{User: u.shape()}, nil
}

func (u *userDoc) shape() *iam.User {
	return &iam.User{UserName: &u.Name, Arn: &u.ARN, UserId: &u.ID, Path: &u.Path, CreateDate: &awsapi.Time{Time: u.Created}}
}

// GetUser describes a user; without a name, the caller.
func (d *Directory) GetUser(ctx context.Context, in *iam.GetUserInput) (*iam.GetUserOutput, error) {
	c := awsapi.CallerFrom(ctx)
	name := awsapi.Val(in.UserName)
	if name == "" {
		if c.Root {
			return &iam.GetUserOutput{User: &iam.User{Arn: &c.ARN, UserId: &c.UserID, Path: new("/"), UserName: new("root"), CreateDate: &awsapi.Time{}}}, nil
		}
		name = c.ARN[strings.LastIndexByte(c.ARN, '/')+1:]
	}
	var u userDoc
	err := d.store.View(ctx, func(tx meta.Tx) error { return tx.Get(kindUser, meta.Key{c.Account, name}, &u) })
	if err != nil {
		return nil, orNotFound(err, noUser(name))
	}
	return &iam.GetUserOutput{User: u.shape()}, nil
}

// ListUsers lists all users of the account.
func (d *Directory) ListUsers(ctx context.Context, _ *iam.ListUsersInput) (*iam.ListUsersOutput, error) {
	out := &iam.ListUsersOutput{Users: []*iam.User{}, IsTruncated: new(false)}
	return out, each(ctx, d, kindUser, func(u *userDoc) { out.Users = append(out.Users, u.shape()) })
}

func each[T any](ctx context.Context, d *Directory, kind string, fn func(*T)) error {
	return d.store.View(ctx, func(tx meta.Tx) error {
		return tx.Scan(kind, meta.Key{awsapi.CallerFrom(ctx).Account}, nil, func(_ meta.Key, raw json.RawMessage) (bool, error) {
			v := new(T)
			if err := json.Unmarshal(raw, v); err != nil {
				return false, err
			}
			fn(v)
			return true, nil
		})
	})
}

// DeleteUser removes a user who has no keys and no policies.
func (d *Directory) DeleteUser(ctx context.Context, in *iam.DeleteUserInput) (*iam.DeleteUserOutput, error) {
	c := awsapi.CallerFrom(ctx)
	err := d.store.Update(ctx, func(tx meta.Tx) error {
		var u userDoc
		if err := tx.Get(kindUser, meta.Key{c.Account, *in.UserName}, &u); err != nil {
			return orNotFound(err, noUser(*in.UserName))
		}
		keys, err := keysOf(tx, c.Account, u.Name)
		if err != nil {
			return err
		}
		if len(keys) > 0 || len(u.Policies) > 0 {
			return iam.DeleteConflictException("Cannot delete entity, must delete access keys and policies first.")
		}
		return tx.Delete(kindUser, meta.Key{c.Account, u.Name})
	})
	d.changed()
	return &iam.DeleteUserOutput{}, err
}

func keysOf(tx meta.Tx, account, user string) (map[string]keyDoc, error) {
	out := map[string]keyDoc{}
	err := tx.Scan(kindKey, nil, nil, func(k meta.Key, raw json.RawMessage) (bool, error) {
		var doc keyDoc
		if err := json.Unmarshal(raw, &doc); err != nil {
			return false, err
		}
		if doc.Account == account && doc.User == user {
			out[k[0]] = doc
		}
		return true, nil
	})
	return out, err
}

// CreateAccessKey makes a key; its secret is shown this once.
func (d *Directory) CreateAccessKey(ctx context.Context, in *iam.CreateAccessKeyInput) (*iam.CreateAccessKeyOutput, error) {
	c := awsapi.CallerFrom(ctx)
	name := awsapi.Val(in.UserName)
	if name == "" {
		return nil, awsapi.NewError("ValidationError", 400, "message", "Must specify userName when calling with the account's root key").WithHint("Make a user first: aws iam create-user --user-name NAME.")
	}
	id, secret, err := d.newKey("AKIA")
	if err != nil {
		return nil, err
	}
	sealed, err := d.sealer.Seal([]byte(secret), "key "+id)
	if err != nil {
		return nil, err
	}
	doc := keyDoc{Account: c.Account, User: name, Sealed: sealed, Status: "Active", Created: d.now().UTC()}
	err = d.store.Update(ctx, func(tx meta.Tx) error {
		var u userDoc
		if err := tx.Get(kindUser, meta.Key{c.Account, name}, &u); err != nil {
			return orNotFound(err, noUser(name))
		}
		return tx.Insert(kindKey, meta.Key{id}, doc)
	})
	if err != nil {
		return nil, err
	}
	return &iam.CreateAccessKeyOutput{AccessKey: &iam.AccessKey{UserName: &name, AccessKeyId: &id, SecretAccessKey: &secret, Status: new("Active"), CreateDate: &awsapi.Time{Time: doc.Created}}}, nil
}

// ListAccessKeys lists a user's keys, without secrets.
func (d *Directory) ListAccessKeys(ctx context.Context, in *iam.ListAccessKeysInput) (*iam.ListAccessKeysOutput, error) {
	c := awsapi.CallerFrom(ctx)
	out := &iam.ListAccessKeysOutput{AccessKeyMetadata: []*iam.AccessKeyMetadata{}, IsTruncated: new(false)}
	err := d.store.View(ctx, func(tx meta.Tx) error {
		keys, err := keysOf(tx, c.Account, awsapi.Val(in.UserName))
		if err != nil {
			return err
		}
		for id, k := range keys {
			out.AccessKeyMetadata = append(out.AccessKeyMetadata, &iam.AccessKeyMetadata{UserName: new(k.User), AccessKeyId: new(id), Status: new(k.Status), CreateDate: &awsapi.Time{Time: k.Created}})
		}
		return nil
	})
	slices.SortFunc(out.AccessKeyMetadata, func(a, b *iam.AccessKeyMetadata) int { return strings.Compare(*a.AccessKeyId, *b.AccessKeyId) })
	return out, err
}

// UpdateAccessKey activates or deactivates a key.
func (d *Directory) UpdateAccessKey(ctx context.Context, in *iam.UpdateAccessKeyInput) (*iam.UpdateAccessKeyOutput, error) {
	return &iam.UpdateAccessKeyOutput{}, d.withKey(ctx, *in.AccessKeyId, func(tx meta.Tx, k *keyDoc) error {
		k.Status = *in.Status
		return tx.Put(kindKey, meta.Key{*in.AccessKeyId}, k)
	})
}

// DeleteAccessKey ends a key.
func (d *Directory) DeleteAccessKey(ctx context.Context, in *iam.DeleteAccessKeyInput) (*iam.DeleteAccessKeyOutput, error) {
	return &iam.DeleteAccessKeyOutput{}, d.withKey(ctx, *in.AccessKeyId, func(tx meta.Tx, _ *keyDoc) error {
		return tx.Delete(kindKey, meta.Key{*in.AccessKeyId})
	})
}

func (d *Directory) withKey(ctx context.Context, id string, fn func(meta.Tx, *keyDoc) error) error {
	err := d.store.Update(ctx, func(tx meta.Tx) error {
		var k keyDoc
		err := tx.Get(kindKey, meta.Key{id}, &k)
		if err == nil && k.Account != awsapi.CallerFrom(ctx).Account {
			err = meta.ErrNotFound
		}
		if err != nil {
			return orNotFound(err, iam.NoSuchEntityException("The Access Key with id %s cannot be found.", id))
		}
		return fn(tx, &k)
	})
	d.changed()
	return err
}

func malformed(err error) error {
	return iam.MalformedPolicyDocumentException("%s", err.Error())
}

// PutUserPolicy sets an inline policy of a user.
func (d *Directory) PutUserPolicy(ctx context.Context, in *iam.PutUserPolicyInput) (*iam.PutUserPolicyOutput, error) {
	if _, err := ParsePolicy(*in.PolicyDocument); err != nil {
		return nil, malformed(err)
	}
	return &iam.PutUserPolicyOutput{}, d.withUser(ctx, *in.UserName, func(u *userDoc) error {
		if u.Policies == nil {
			u.Policies = map[string]string{}
		}
		u.Policies[*in.PolicyName] = *in.PolicyDocument
		return nil
	})
}

// GetUserPolicy reads one inline policy, URL-encoded as IAM does.
func (d *Directory) GetUserPolicy(ctx context.Context, in *iam.GetUserPolicyInput) (*iam.GetUserPolicyOutput, error) {
	var text string
	err := d.withUser(ctx, *in.UserName, func(u *userDoc) error {
		var ok bool
		if text, ok = u.Policies[*in.PolicyName]; !ok {
			return iam.NoSuchEntityException("The user policy with name %s cannot be found.", *in.PolicyName)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &iam.GetUserPolicyOutput{UserName: in.UserName, PolicyName: in.PolicyName, PolicyDocument: new(url.QueryEscape(text))}, nil
}

// ListUserPolicies names a user's inline policies.
func (d *Directory) ListUserPolicies(ctx context.Context, in *iam.ListUserPoliciesInput) (*iam.ListUserPoliciesOutput, error) {
	out := &iam.ListUserPoliciesOutput{PolicyNames: []string{}, IsTruncated: new(false)}
	return out, d.withUser(ctx, *in.UserName, func(u *userDoc) error {
		out.PolicyNames = names(u.Policies)
		return nil
	})
}

// DeleteUserPolicy removes an inline policy.
func (d *Directory) DeleteUserPolicy(ctx context.Context, in *iam.DeleteUserPolicyInput) (*iam.DeleteUserPolicyOutput, error) {
	return &iam.DeleteUserPolicyOutput{}, d.withUser(ctx, *in.UserName, func(u *userDoc) error {
		if _, ok := u.Policies[*in.PolicyName]; !ok {
			return iam.NoSuchEntityException("The user policy with name %s cannot be found.", *in.PolicyName)
		}
		delete(u.Policies, *in.PolicyName)
		return nil
	})
}

func names(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for n := range m {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

func (d *Directory) withUser(ctx context.Context, name string, fn func(*userDoc) error) error {
	return withDoc(ctx, d, kindUser, name, noUser(name), fn)
}

func (d *Directory) withRole(ctx context.Context, name string, fn func(*roleDoc) error) error {
	return withDoc(ctx, d, kindRole, name, noRole(name), fn)
}

// withDoc reads a document of the caller's account, lets fn change it, and stores it.
func withDoc[T any](ctx context.Context, d *Directory, kind, name string, notFound error, fn func(*T) error) error {
	key := meta.Key{awsapi.CallerFrom(ctx).Account, name}
	err := d.store.Update(ctx, func(tx meta.Tx) error {
		doc := new(T)
		if err := tx.Get(kind, key, doc); err != nil {
			return orNotFound(err, notFound)
		}
		if err := fn(doc); err != nil {
			return err
		}
		return tx.Put(kind, key, doc)
	})
	d.changed()
	return err
}
