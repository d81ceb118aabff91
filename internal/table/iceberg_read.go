package table

import (
	"context"
	"errors"

	"tarn/api/glue"
	"tarn/internal/engine"
)

func (r *Reader) icebergRelation(ctx context.Context, sess *engine.Session, t *glue.Table, o Options) (*Relation, error) {
	return nil, errors.New("iceberg")
}
