package logs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tarn/api/logs"
	"tarn/internal/awsapi"
)

// groupFile lies in a group's folder beside its streams, whose names end in .log.
const groupFile = "group.json"

// groupDoc is what is known about a group.
type groupDoc struct {
	Created int64 // milliseconds
	// Retention is for how many days events are kept: 0 = for ever, nil = as long as this kind of group keeps them.
	Retention *int32 `json:",omitzero"`
}

// ownRetention is for how many days what Glue's own runs wrote is kept where nobody says otherwise: as long as the runs.
const ownRetention = 90

// retention is for how many days a group keeps its events; 0 = for ever.
func (d *groupDoc) retention(group string) int32 {
	switch {
	case d.Retention != nil:
		return *d.Retention
	case strings.HasPrefix(group, "/aws-glue/"):
		return ownRetention
	}
	return 0
}

// group reads what is known about a group; it was made before that was written down if there is nothing.
func (s *Store) group(account, group string) (*groupDoc, error) {
	dir := s.groupDir(account, group)
	raw, err := os.ReadFile(filepath.Join(dir, groupFile))
	if errors.Is(err, fs.ErrNotExist) {
		info, err := os.Stat(dir)
		if err != nil {
			return nil, err
		}
		return &groupDoc{Created: info.ModTime().UnixMilli()}, nil
	}
	if err != nil {
		return nil, err
	}
	d := &groupDoc{}
	if err := json.Unmarshal(raw, d); err != nil {
		return nil, fmt.Errorf("log group %s: %w", group, err)
	}
	return d, nil
}

func (s *Store) putGroup(account, group string, d *groupDoc) error {
	raw, err := json.Marshal(d)
	if err != nil {
		return err
	}
	path := filepath.Join(s.groupDir(account, group), groupFile)
	if err := os.WriteFile(path+".new", raw, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// makeGroup makes a group unless it is there.
func (s *Store) makeGroup(account, group string) (made bool, err error) {
	dir := s.groupDir(account, group)
	if exists(dir) {
		return false, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return false, err
	}
	err = os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, s.putGroup(account, group, &groupDoc{Created: s.now().UnixMilli()})
}

// CreateLogGroup makes an empty group.
func (v *Service) CreateLogGroup(ctx context.Context, in *logs.CreateLogGroupInput) (*logs.CreateLogGroupOutput, error) {
	made, err := v.s.makeGroup(awsapi.CallerFrom(ctx).Account, *in.LogGroupName)
	if err != nil {
		return nil, err
	}
	if !made {
		return nil, logs.ResourceAlreadyExistsException("The specified log group already exists")
	}
	return &logs.CreateLogGroupOutput{}, nil
}

// DeleteLogGroup forgets a group with its streams. Who still writes to one of them writes to nobody.
func (v *Service) DeleteLogGroup(ctx context.Context, in *logs.DeleteLogGroupInput) (*logs.DeleteLogGroupOutput, error) {
	account, group := awsapi.CallerFrom(ctx).Account, awsapi.Val(in.LogGroupName)
	names, err := v.streams(account, group)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := v.s.remove(v.s.path(account, group, name)); err != nil {
			return nil, err
		}
	}
	if err := os.RemoveAll(v.s.groupDir(account, group)); err != nil {
		return nil, err
	}
	return &logs.DeleteLogGroupOutput{}, nil
}

// PutRetentionPolicy says for how many days a group keeps its events.
func (v *Service) PutRetentionPolicy(ctx context.Context, in *logs.PutRetentionPolicyInput) (*logs.PutRetentionPolicyOutput, error) {
	days := awsapi.Val(in.RetentionInDays)
	allowed := []int32{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
	if !slices.Contains(allowed, days) {
		return nil, logs.InvalidParameterException("The retention of %d days is not one of %s.", days, strings.Trim(fmt.Sprint(allowed), "[]"))
	}
	if err := v.setRetention(ctx, *in.LogGroupName, &days); err != nil {
		return nil, err
	}
	return &logs.PutRetentionPolicyOutput{}, nil
}

// DeleteRetentionPolicy lets a group keep its events for ever.
func (v *Service) DeleteRetentionPolicy(ctx context.Context, in *logs.DeleteRetentionPolicyInput) (*logs.DeleteRetentionPolicyOutput, error) {
	if err := v.setRetention(ctx, *in.LogGroupName, new(int32(0))); err != nil {
		return nil, err
	}
	return &logs.DeleteRetentionPolicyOutput{}, nil
}

func (v *Service) setRetention(ctx context.Context, group string, days *int32) error {
	account := awsapi.CallerFrom(ctx).Account
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	d, err := v.s.group(account, group)
	if errors.Is(err, fs.ErrNotExist) {
		return noGroup()
	}
	if err != nil {
		return err
	}
	d.Retention = days
	return v.s.putGroup(account, group, d)
}

// groups are the names of an account's groups, in order.
func (s *Store) groups(account string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, escape(account)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	names := []string{}
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, unescape(e.Name()))
		}
	}
	slices.Sort(names)
	return names, nil
}

// DescribeLogGroups lists groups by name.
func (v *Service) DescribeLogGroups(ctx context.Context, in *logs.DescribeLogGroupsInput) (*logs.DescribeLogGroupsOutput, error) {
	caller := awsapi.CallerFrom(ctx)
	prefix, pattern := awsapi.Val(in.LogGroupNamePrefix), awsapi.Val(in.LogGroupNamePattern)
	if prefix != "" && pattern != "" {
		return nil, logs.InvalidParameterException("logGroupNamePrefix and logGroupNamePattern cannot both be given.")
	}
	names, err := v.s.groups(caller.Account)
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		return !strings.HasPrefix(name, prefix) || !strings.Contains(name, pattern)
	})
	names, next, err := page(names, func(name string) string { return name }, false, in.NextToken, limit(in.Limit, 50))
	if err != nil {
		return nil, err
	}
	out := &logs.DescribeLogGroupsOutput{LogGroups: []*logs.LogGroup{}, NextToken: next}
	for _, name := range names {
		d, err := v.s.group(caller.Account, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was deleted since
		}
		if err != nil {
			return nil, err
		}
		arn := fmt.Sprintf("arn:aws:logs:%s:%s:log-group:%s", caller.Region, caller.Account, name)
		g := &logs.LogGroup{LogGroupName: new(name), Arn: new(arn + ":*"), LogGroupArn: new(arn), LogGroupClass: new("STANDARD"),
			CreationTime: new(d.Created), MetricFilterCount: new(int32(0)), StoredBytes: new(size(v.s.groupDir(caller.Account, name)))}
		if days := d.retention(name); days > 0 {
			g.RetentionInDays = &days
		}
		out.LogGroups = append(out.LogGroups, g)
	}
	return out, nil
}

func size(dir string) (n int64) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && strings.HasSuffix(e.Name(), ".log") {
			n += info.Size()
		}
	}
	return n
}
