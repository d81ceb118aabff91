package warehouse

import (
	"context"
	"fmt"
	"strings"

	"tarn/internal/engine"
	"tarn/internal/redshift/sql"
)

// Comparisons of VARCHARs do not see trailing blanks. Cutting them in every comparison would cost each query its use of the engine's
// statistics, so the catalog keeps, a column, whether any value ends in blanks. The analyzer names the columns that a statement may have
// given such values; here they are looked at.

// localRows is where the engine's row numbers of rows begin that the transaction itself has added.
const localRows = int64(36028797018960000)

// noteBlanks looks for values that end in blanks in columns that a statement may have given some, among the rows that the transaction
// has added or, where it may have changed others, among all.
func (s *Session) noteBlanks(ctx context.Context, r *relation, names []string, added bool) error {
	var columns []*column
	var tests []string
	for _, name := range names {
		c := r.column(name)
		if c == nil || c.Blanks || c.Type.Kind != sql.KVarchar {
			continue
		}
		columns = append(columns, c)
		tests = append(tests, "coalesce(bool_or(suffix("+engine.QuoteIdent(name)+", ' ')), false)")
	}
	if len(columns) == 0 {
		return nil
	}
	query := "SELECT " + strings.Join(tests, ", ") + " FROM " + r.physical()
	if added {
		query += fmt.Sprintf(" WHERE rowid >= %d", localRows)
	}
	found := make([]bool, len(columns))
	into := make([]any, len(columns))
	for i := range found {
		into[i] = &found[i]
	}
	if err := s.engine.QueryRow(ctx, query, nil, into...); err != nil {
		return err
	}
	for i, c := range columns {
		if !found[i] {
			continue
		}
		c.Blanks = true
		if r.Temp {
			continue
		}
		if _, err := (store{s.engine, r.Database}).exec(ctx, "UPDATE {db}._tarn.attribute SET blanks = true WHERE rel = ? AND num = ?", r.OID, int16(c.Num)); err != nil {
			return err
		}
	}
	return nil
}

// addBlanks brings a store of layout 1 to layout 2: every VARCHAR column is looked at once.
func (s store) addBlanks(ctx context.Context) error {
	for _, q := range []string{"ALTER TABLE {db}._tarn.attribute ADD COLUMN blanks BOOLEAN", "UPDATE {db}._tarn.attribute SET blanks = false", "UPDATE {db}._tarn.version SET n = 2"} {
		if _, err := s.exec(ctx, q); err != nil {
			return err
		}
	}
	tables, err := s.relations(ctx, "r.kind = 'r' OR r.materialized")
	if err != nil {
		return err
	}
	for _, r := range tables {
		for _, c := range r.Columns {
			if c.Type.Kind != sql.KVarchar {
				continue
			}
			_, err := s.exec(ctx, fmt.Sprintf("UPDATE {db}._tarn.attribute SET blanks = true WHERE rel = ? AND num = ? AND EXISTS (SELECT 1 FROM %s WHERE suffix(%s, ' '))",
				r.physical(), engine.QuoteIdent(c.Name)), r.OID, int16(c.Num))
			if err != nil {
				return err
			}
		}
	}
	return nil
}
