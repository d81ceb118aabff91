// Package tags keeps the tags of all of Glue's resources in one place.
//
// It owns the kind "glue.tags" and the form of Glue's ARNs. Whoever creates or deletes a resource sets or removes its
// tags in the same transaction.
package tags

import (
	"errors"
	"fmt"
	"strings"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/meta"
)

const kind = "glue.tags"

// limit is how many tags a resource may have.
const limit = 50

// ARN names a resource of the caller: kind is job, crawler, trigger, workflow, connection, database, table, ...
func ARN(c awsapi.Caller, kind string, name ...string) string {
	return fmt.Sprintf("arn:aws:glue:%s:%s:%s/%s", c.Region, c.Account, kind, strings.Join(name, "/"))
}

// Key is where the tags of a resource are kept: {account, kind, name...}, the same for every region.
func Key(arn string) (meta.Key, error) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) == 6 && parts[0] == "arn" && parts[2] == "glue" {
		if path := strings.Split(parts[5], "/"); len(path) >= 2 && path[0] != "" && path[1] != "" {
			return append(meta.Key{parts[4]}, path...), nil
		}
	}
	return nil, glue.InvalidInputException("Invalid resource ARN: %s", arn)
}

// Get reads the tags of a resource: an empty map when it has none.
func Get(tx meta.Tx, arn string) (map[string]string, error) {
	key, err := Key(arn)
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	if err := tx.Get(kind, key, &tags); err != nil && !errors.Is(err, meta.ErrNotFound) {
		return nil, err
	}
	return tags, nil
}

// Set adds tags to a resource.
func Set(tx meta.Tx, arn string, add map[string]string) error {
	if len(add) == 0 {
		return nil
	}
	key, err := Key(arn)
	if err != nil {
		return err
	}
	all, err := Get(tx, arn)
	if err != nil {
		return err
	}
	for k, v := range add {
		if strings.HasPrefix(strings.ToLower(k), "aws:") {
			return glue.InvalidInputException("Tag key %s is reserved: keys must not start with aws:", k)
		}
		all[k] = v
	}
	if len(all) > limit {
		return glue.InvalidInputException("A resource can have at most %d tags, this one would have %d.", limit, len(all))
	}
	return tx.Put(kind, key, all)
}

// Unset removes some tags of a resource.
func Unset(tx meta.Tx, arn string, names []string) error {
	key, err := Key(arn)
	if err != nil {
		return err
	}
	all, err := Get(tx, arn)
	if err != nil {
		return err
	}
	before := len(all)
	for _, n := range names {
		delete(all, n)
	}
	switch {
	case len(all) == before:
		return nil
	case len(all) == 0:
		return tx.Delete(kind, key)
	}
	return tx.Put(kind, key, all)
}

// Remove forgets the tags of a resource that is deleted, and of everything inside it.
func Remove(tx meta.Tx, arn string) error {
	key, err := Key(arn)
	if err != nil {
		return err
	}
	_, err = tx.DeletePrefix(kind, key)
	return err
}

// Match reports whether a resource has all of these tags.
func Match(tx meta.Tx, arn string, want map[string]string) (bool, error) {
	if len(want) == 0 {
		return true, nil
	}
	have, err := Get(tx, arn)
	if err != nil {
		return false, err
	}
	for k, v := range want {
		if got, ok := have[k]; !ok || got != v {
			return false, nil
		}
	}
	return true, nil
}
