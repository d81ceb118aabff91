package warehouse

import (
	"context"
	"strings"

	"tarn/internal/engine"
	"tarn/internal/redshift/sql"
	"tarn/internal/table"
)

// learn plans a query over sketches of its external tables, so that relation lists and links only
// what the query filters for. values are the statement's parameters.
func (s *scan) learn(ctx context.Context, plan *sql.Plan, values []any) error {
	var sketches []*table.Sketch
	defer func() {
		for _, k := range sketches {
			if err := k.Close(); err != nil {
				s.c.s.w.log.Warn("remove the sketch of a table", "error", err)
			}
		}
	}()
	worth := false
	byUse := map[*sql.TableUse]*table.Sketch{}
	text, err := plan.SQL(func(use *sql.TableUse) (string, error) {
		ref, ok := use.Table.Ref.(*externalTable)
		if !ok {
			return s.relation(use)
		}
		if k := byUse[use]; k != nil { // of a query that is printed twice
			return ref.over(k.SQL), nil
		}
		lake, err := s.c.s.w.reach(s.c.ctx, ref.schema.Options["role"])
		if err != nil {
			return "", err
		}
		k, err := s.c.s.w.lake.Sketch(lake, ref.table, len(sketches))
		if err != nil {
			return "", lakeError(err)
		}
		worth = worth || table.Prunes(ref.table)
		sketches = append(sketches, k)
		byUse[use] = k
		return ref.over(k.SQL), nil
	})
	if err != nil || !worth {
		return err
	}
	if err := s.c.needHost(text); err != nil {
		return err
	}
	if err := table.Learn(ctx, s.c.s.engine, text, values, sketches...); err != nil {
		return err
	}
	s.filters = map[*sql.TableUse]*table.Filter{}
	for use, k := range byUse {
		s.filters[use] = k.Filter()
	}
	return nil
}

// external says whether a plan reads external tables.
func (s *scan) external(plan *sql.Plan) bool {
	found := false
	_, err := plan.SQL(func(use *sql.TableUse) (string, error) {
		_, is := use.Table.Ref.(*externalTable)
		found = found || is
		return "t", nil
	})
	return err == nil && found
}

// over gives columns of a relation of the table the types that they have here.
func (t *externalTable) over(relation string) string {
	items := make([]string, len(t.columns))
	for i, col := range t.columns {
		items[i] = strings.ReplaceAll(col.convert, "%s", engine.QuoteIdent(col.Name)) + " AS " + engine.QuoteIdent(strings.ToLower(col.Name))
	}
	return "(SELECT " + strings.Join(items, ", ") + " FROM " + relation + ")"
}
