package warehouse

import (
	"context"
	"errors"
	"strings"

	"tarn/internal/engine"
	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/wire"
)

// analyze runs ANALYZE.
func (s *Session) analyze(ctx context.Context, stmt *sql.AnalyzeStmt) (wire.Result, error) {
	if stmt.Compression {
		return nil, unsupported("ANALYZE COMPRESSION is not supported: the engine chooses encodings by itself")
	}
	return s.within(ctx, s.maintains(stmt.Table), func() (wire.Result, error) {
		tables, err := s.maintained(ctx, stmt.Table)
		if err != nil {
			return nil, err
		}
		for _, r := range tables {
			if _, err := s.engine.Exec(ctx, "ANALYZE "+r.physical()); err != nil {
				return nil, err
			}
		}
		return done(stmt.Tag()), nil
	})
}

// maintains is what ANALYZE and VACUUM write.
func (s *Session) maintains(name sql.QName) target {
	if len(name) == 0 {
		return s.writesSchemas()
	}
	return s.writes(name)
}

// maintained are the tables that ANALYZE and VACUUM mean: the one that is named, or all of the user's.
func (s *Session) maintained(ctx context.Context, name sql.QName) ([]*relation, error) {
	if len(name) > 0 {
		r, err := s.catalog(ctx).table(name)
		if err != nil {
			return nil, err
		}
		if !r.Temp && !s.subject().owns(r.Owner) {
			return nil, fail("42501", "must be owner of relation %s", r.Name)
		}
		return []*relation{r}, nil
	}
	all, err := store{s.engine, s.database}.relations(ctx, "r.kind = 'r'")
	if err != nil {
		return nil, err
	}
	var out []*relation
	for _, r := range all {
		if s.subject().owns(r.Owner) {
			out = append(out, r)
		}
	}
	return out, nil
}

// vacuum runs VACUUM: rows are put in the order of the sort key, and the database's file is brought
// up to date.
func (s *Session) vacuum(ctx context.Context, stmt *sql.VacuumStmt) (wire.Result, error) {
	if err := s.outside("VACUUM"); err != nil {
		return nil, err
	}
	written := s.maintains(stmt.Table)
	r, err := s.within(ctx, written, func() (wire.Result, error) {
		tables, err := s.maintained(ctx, stmt.Table)
		if err != nil {
			return nil, err
		}
		for _, r := range tables {
			key := r.sortKey()
			if len(key) == 0 || stmt.Mode == "delete only" || r.Temp {
				continue
			}
			for i := range key {
				key[i] = engine.QuoteIdent(key[i])
			}
			s.tx.tables[r.OID] = true
			for _, q := range []string{
				"CREATE TEMP TABLE sorted AS SELECT * FROM " + r.physical() + " ORDER BY " + strings.Join(key, ", "),
				"DELETE FROM " + r.physical(),
				"INSERT INTO " + r.physical() + " SELECT * FROM temp.main.sorted",
				"DROP TABLE temp.main.sorted",
			} {
				if _, err := s.engine.Exec(ctx, q); err != nil {
					return nil, err
				}
			}
		}
		return done(stmt.Tag()), nil
	})
	if err != nil || written.database == "" {
		return r, err
	}
	err = s.w.engine.Checkpoint(ctx, alias(written.database))
	if e, ok := errors.AsType[*engine.Error](err); ok && e.Kind == engine.Transaction {
		err = nil // others write: the engine does it by itself once it can
	}
	return r, err
}
