package catalog

import (
	"context"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/meta"
)

// Batch is a change to one table that happens as a whole or not at all. It is how a crawler writes; AWS's API has no
// such call.
type Batch struct {
	Database string
	// Create or Update describes the table; neither changes partitions only. Expect is the version that Update was
	// made for; anything else is a ConcurrentModificationException.
	Create *glue.TableInput
	Update *glue.TableInput
	Expect string
	// Replace lets Create take the place of a table of the same name, with all that belonged to it.
	Replace bool
	// Table names the table when it is neither created nor updated.
	Table  string
	Delete bool // the table, with all that belongs to it
	// Put creates partitions, or replaces them where they are.
	Put []*glue.PartitionInput
	// Drop removes partitions by their values; what is not there does not matter.
	Drop [][]string
	// Indexes are added where they are not there yet.
	Indexes []*glue.PartitionIndex
}

// Apply makes a change to one table.
func (s *Service) Apply(ctx context.Context, b Batch) error {
	acct, err := account(ctx, nil)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, func(tx meta.Tx) error {
		db, err := resolve(tx, acct, b.Database)
		if err != nil {
			return err
		}
		t, err := s.applyTable(ctx, tx, acct, db, b)
		if err != nil || b.Delete {
			return err
		}
		for _, values := range b.Drop {
			if err := deletePartition(tx, t, values); err != nil && !awsapi.IsCode(err, "EntityNotFoundException") {
				return err
			}
		}
		for _, p := range b.Put {
			err := s.createPartition(tx, t, p)
			if awsapi.IsCode(err, "AlreadyExistsException") {
				err = s.updatePartition(tx, t, p.Values, p)
			}
			if err != nil {
				return err
			}
		}
		for _, index := range b.Indexes {
			if err := s.createIndex(tx, acct, t, index); err != nil && !awsapi.IsCode(err, "AlreadyExistsException") {
				return err
			}
		}
		return nil
	})
}

func (s *Service) applyTable(ctx context.Context, tx meta.Tx, acct, db string, b Batch) (*glue.Table, error) {
	if b.Create != nil {
		if b.Replace {
			old, err := table(tx, acct, db, awsapi.Val(b.Create.Name))
			if err == nil {
				err = deleteTable(ctx, tx, old)
			}
			if err != nil && !awsapi.IsCode(err, "EntityNotFoundException") {
				return nil, err
			}
		}
		return s.createTable(ctx, tx, acct, db, b.Create)
	}
	name := b.Table
	if b.Update != nil {
		name = awsapi.Val(b.Update.Name)
	}
	t, err := table(tx, acct, db, name)
	switch {
	case err != nil:
		return nil, err
	case b.Delete:
		return nil, deleteTable(ctx, tx, t)
	case b.Update == nil:
		return t, nil
	case b.Expect != "" && b.Expect != *t.VersionId:
		return nil, glue.ConcurrentModificationException("Update table failed due to concurrent modifications.").
			WithHint("The table is at version %s, the update was made for %s.", *t.VersionId, b.Expect)
	}
	if err := s.updateTable(tx, t, b.Update, false); err != nil {
		return nil, err
	}
	return table(tx, acct, db, name)
}
