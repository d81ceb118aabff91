package warehouse

import (
	"context"

	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/wire"
)

func (s *Session) copy(ctx context.Context, stmt *sql.CopyStmt) (wire.Result, error) {
	return nil, unsupported("COPY")
}
