package warehouse

import (
	"context"
	"iter"

	"tarn/api/glue"
	"tarn/internal/engine"
	"tarn/internal/table"
)

// Lake is the catalog's tables, as external schemas show them. Its methods act for the caller in
// the context.
type Lake interface {
	GetDatabase(context.Context, *glue.GetDatabaseInput) (*glue.GetDatabaseOutput, error)
	CreateDatabase(context.Context, *glue.CreateDatabaseInput) (*glue.CreateDatabaseOutput, error)
	GetTables(context.Context, *glue.GetTablesInput) (*glue.GetTablesOutput, error)
	GetTable(context.Context, *glue.GetTableInput) (*glue.GetTableOutput, error)
	// RelationOf gives the engine's relation of a table, readable until it is closed.
	RelationOf(ctx context.Context, sess *engine.Session, t *glue.Table, o table.Options) (*table.Relation, error)
	// Sketch gives a table's columns without its rows, to plan a query with.
	Sketch(ctx context.Context, t *glue.Table, number int) (*table.Sketch, error)
}

// Files are the lake's objects, which COPY reads and UNLOAD writes, for the caller in the context.
type Files interface {
	List(ctx context.Context, bucket, prefix string) iter.Seq2[table.Object, error]
	// Open gives an object as a local file.
	Open(ctx context.Context, bucket, key string) (table.Pinned, error)
	// Put adopts a file under TempDir, and Delete removes objects.
	Put(ctx context.Context, bucket, key, file string) (etag string, err error)
	Delete(ctx context.Context, bucket string, keys ...string) error
	TempDir() string
	// Link makes links to objects where the engine can read them.
	Link(ctx context.Context, files []table.File, o table.LinkOptions) (*table.Scan, error)
}

// Principals put the identity for which the lake is reached into a context.
type Principals interface {
	// Role is an IAM role's identity; arn may be "default", and "" for an external schema that
	// names none.
	Role(ctx context.Context, arn string) (context.Context, error)
	// Keys is the identity of an access key.
	Keys(ctx context.Context, id, secret, token string) (context.Context, error)
}
