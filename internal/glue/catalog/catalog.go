// Package catalog is Glue's Data Catalog: databases, tables and their versions, partitions and their filter
// expressions, indexes, column statistics, functions, connections and tags.
//
// It owns the kinds glue.database, glue.table, glue.table.version, glue.partition, glue.partition.index,
// glue.column.statistics,
// glue.partition.statistics, glue.function and glue.connection. It does not own the data that tables describe, nor who
// may call what: requests arrive authorised.
package catalog

import (
	"context"
	"errors"
	"strings"
	"time"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/meta"
)

// Kinds of documents. All keys start with the account.
const (
	kindDatabase   = "glue.database"          // account, database
	kindTable      = "glue.table"             // account, database, table
	kindVersion    = "glue.table.version"     // account, database, table, version (newest first); old ones only
	kindPartition  = "glue.partition"         // account, database, table, values...
	kindIndex      = "glue.partition.index"   // account, database, table, index
	kindStatistics = "glue.column.statistics" // account, database, table, column
	kindFunction   = "glue.function"          // account, database, function
	kindConnection = "glue.connection"        // account, connection

	kindPartitionStatistics = "glue.partition.statistics" // account, database, table, values..., column
)

// defaultPage is the size of a page where the caller names none.
const defaultPage = 100

// Sealer encrypts what must not lie in the store as plain text. context is bound to the sealed bytes: what was sealed
// for one place does not open in another.
type Sealer interface {
	Seal(plain []byte, context string) ([]byte, error)
	Open(sealed []byte, context string) ([]byte, error)
}

// Config is what a Service needs.
type Config struct {
	Store  meta.Store
	Sealer Sealer
	Now    func() time.Time
}

// Service implements the catalog's part of Glue's API.
type Service struct {
	store  meta.Store
	sealer Sealer
	clock  func() time.Time
}

// New makes a Service. It holds no state of its own.
func New(c Config) *Service {
	return &Service{store: c.Store, sealer: c.Sealer, clock: c.Now}
}

func (s *Service) now() *awsapi.Time { return &awsapi.Time{Time: s.clock().UTC()} }

// account resolves CatalogId, which defaults to the caller's account. Other catalogs are not here.
func account(ctx context.Context, catalogID *string) (string, error) {
	caller := awsapi.CallerFrom(ctx).Account
	if caller == "" {
		return "", errors.New("the catalog was called on behalf of nobody")
	}
	if catalogID != nil && *catalogID != caller {
		return "", glue.EntityNotFoundException("Catalog %s not found.", *catalogID)
	}
	return caller, nil
}

// fold is how names of databases, tables, functions, columns and partition keys are stored and looked up.
func fold(name string) string { return strings.ToLower(name) }

func foldPtr(name *string) *string {
	if name == nil {
		return nil
	}
	return new(fold(*name))
}

// detail is an error as an entry of a batch's Errors. What is not a Glue error fails the whole call.
func detail(err error) (*glue.ErrorDetail, error) {
	var e *awsapi.Error
	if errors.As(err, &e) {
		return &glue.ErrorDetail{ErrorCode: &e.Code, ErrorMessage: new(e.Text())}, nil
	}
	return nil, err
}
