package table

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/apache/iceberg-go"

	"tarn/internal/engine"
)

// prepare turns the query into what the files must hold, and settles which
// present files stay. It leaves the columns behind; drop removes its
// temporary tables.
func (l *landing) prepare(ctx context.Context) (drop func(), err error) {
	nothing := func() {}
	if err := l.describe(ctx); err != nil {
		return nothing, err
	}
	fresh := l.base == nil || l.base.CurrentSnapshot() == nil
	switch {
	case l.Mode == Merge:
		return l.prepareMerge(ctx, fresh)
	case l.Mode == Replace || fresh:
		return nothing, nil
	case l.Mode == ReplaceRange:
		return l.prepareRange(ctx)
	}
	return nothing, fmt.Errorf("landing mode %q is not known", l.Mode)
}

// describe asks the engine for the query's columns. Column.Hive holds
// DuckDB's own type, to know where a cast is needed.
func (l *landing) describe(ctx context.Context) error {
	d, err := l.sess.Describe(ctx, l.Query)
	if err != nil {
		return l.Wrap(err)
	}
	if !d.Known {
		return &Error{Table: l.Database + "." + l.Table, Message: "the types of the answer depend on parameters", Hint: "cast them"}
	}
	l.columns = nil
	for _, c := range d.Columns {
		t, err := ParseDuckDB(c.Type)
		if err != nil {
			return &Error{Table: l.Database + "." + l.Table, Column: c.Name, Message: err.Error(), Hint: "cast it to a type that a table can hold"}
		}
		l.columns = append(l.columns, Column{Name: c.Name, Type: t, Hive: c.Type})
	}
	return nil
}

// prepareMerge keeps the answer in a temporary table, so that it is computed
// once: it says which old rows go, and which old files have any such row.
func (l *landing) prepareMerge(ctx context.Context, fresh bool) (drop func(), err error) {
	var old *Relation
	drop = func() {}
	if len(l.Keys) == 0 {
		return drop, errors.New("a merge needs keys")
	}
	for _, k := range l.Keys {
		if findColumn(l.columns, k) < 0 {
			return drop, &Error{Table: l.Database + "." + l.Table, Column: k, Message: "the key is not in the answer"}
		}
	}
	answer := "temp." + quote("merge_"+l.id.String())
	if _, err := l.sess.Exec(ctx, "CREATE TEMP TABLE "+strings.TrimPrefix(answer, "temp.")+" AS "+l.Query, l.Args...); err != nil {
		return drop, l.Wrap(err)
	}
	drop = func() {
		_ = old.Close()
		_, _ = l.sess.Exec(context.WithoutCancel(ctx), "DROP TABLE IF EXISTS "+answer)
	}
	keys := make([]string, len(l.Keys))
	same := make([]string, len(l.Keys))
	for i, k := range l.Keys {
		keys[i] = quote(k)
		same[i] = "o." + quote(k) + " IS NOT DISTINCT FROM n." + quote(k)
	}
	var double any
	err = l.sess.QueryRow(ctx, "SELECT concat_ws(', ', "+strings.Join(keys, ", ")+") FROM "+answer+" GROUP BY "+strings.Join(keys, ", ")+" HAVING count(*) > 1 LIMIT 1", nil, &double)
	switch {
	case err == nil:
		return drop, &Error{Table: l.Database + "." + l.Table, Column: strings.Join(l.Keys, ", "), Value: fmt.Sprint(double),
			Message: fmt.Sprintf("the answer has more than one row for %v", double), Hint: "its keys must be unique"}
	case !errors.Is(err, engine.ErrNoRows):
		return drop, err
	}
	query := "SELECT * FROM " + answer
	if !fresh {
		if old, err = l.touched(ctx, answer, strings.Join(same, " AND ")); err != nil {
			return drop, err
		}
		query += " UNION ALL BY NAME SELECT * FROM " + old.SQL + " o WHERE NOT EXISTS (SELECT 1 FROM " + answer + " n WHERE " + strings.Join(same, " AND ") + ")"
	}
	l.Query, l.Args = query, nil
	return drop, l.describe(ctx) // old columns that the answer lacks stay
}

// prepareRange keeps the present files whose partition lies outside [From, To).
func (l *landing) prepareRange(ctx context.Context) (drop func(), err error) {
	nothing := func() {}
	if err := l.plan(); err != nil {
		return nothing, err
	}
	at := -1
	for i, f := range l.Partition {
		if strings.EqualFold(f.Column, l.RangeColumn) && f.Transform != Identity {
			at = i
		}
	}
	if at < 0 {
		return nothing, fmt.Errorf("column %s is not partitioned by time", l.RangeColumn)
	}
	if l.entriesFit() {
		keep, ok, err := l.outside(ctx, at)
		if err != nil {
			return nothing, err
		}
		if ok {
			l.keep = keep
			return nothing, nil
		}
	}
	// Another spec, another schema, or rows deleted one by one: write the
	// table anew, old rows outside the range included.
	old, err := l.w.reader.icebergRelation(ctx, l.sess, l.current, Options{})
	if err != nil {
		return nothing, err
	}
	l.rewrote = true
	column := quote(l.RangeColumn)
	stamp := func(t time.Time) string {
		return "TIMESTAMP " + engine.QuoteText(t.UTC().Format("2006-01-02 15:04:05.999999"))
	}
	l.Query = "SELECT * FROM (" + l.Query + "\n) UNION ALL BY NAME SELECT * FROM " + old.SQL +
		" WHERE " + column + " < " + stamp(l.From) + " OR " + column + " >= " + stamp(l.To) + " OR " + column + " IS NULL"
	return func() { _ = old.Close() }, l.describe(ctx)
}

// checkRange refuses rows outside the range: a second run would double them.
func (l *landing) checkRange(files []*dataFile) error {
	if l.Mode != ReplaceRange || l.rewrote {
		return nil
	}
	for i, f := range l.Partition {
		if !strings.EqualFold(f.Column, l.RangeColumn) || f.Transform == Identity {
			continue
		}
		from, to := transformTime(f.Transform, l.From), transformTime(f.Transform, l.To)
		id := l.spec.Field(i).FieldID
		for _, d := range files {
			if v, ok := partitionNumber(d.values[id]); !ok || v < from || v >= to {
				return &Error{Table: l.Database + "." + l.Table, Column: l.RangeColumn, Value: d.partitionPath,
					Message: fmt.Sprintf("the answer has %s rows of %s, outside of %s to %s", thousands(d.rows), d.partitionPath, l.From.UTC().Format("2006-01-02"), l.To.UTC().Format("2006-01-02")),
					Hint:    "filter by $start and $end, or the next run would add them again"}
			}
		}
	}
	return nil
}

// entriesFit says whether present data files may stand beside the new ones:
// same spec, and a schema in which nothing changed.
func (l *landing) entriesFit() bool {
	spec := l.base.Spec()
	return l.spec.CompatibleWith(&spec) && l.schema.Equals(l.base.Schema())
}

// outside lists the present files that the range does not touch; ok is false
// if rows of theirs were deleted one by one.
func (l *landing) outside(ctx context.Context, at int) (keep []keptFile, ok bool, err error) {
	spec := l.base.Spec()
	field := spec.Field(at)
	from, to := transformTime(l.Partition[at].Transform, l.From), transformTime(l.Partition[at].Transform, l.To)
	manifests, err := l.base.CurrentSnapshot().Manifests(lakeIO{ctx, l.w.lake})
	if err != nil {
		return nil, false, err
	}
	for _, m := range manifests {
		if m.ManifestContent() != iceberg.ManifestContentData || int(m.PartitionSpecID()) != spec.ID() {
			return nil, false, nil
		}
		for e, err := range m.Entries(lakeIO{ctx, l.w.lake}, true) {
			if err != nil {
				return nil, false, err
			}
			v, known := partitionNumber(e.DataFile().Partition()[field.FieldID])
			if known && v >= from && v < to {
				continue
			}
			keep = append(keep, keptFile{e})
		}
	}
	return keep, true, nil
}

func partitionNumber(v any) (int64, bool) {
	switch v := v.(type) {
	case int32:
		return int64(v), true
	case int64:
		return v, true
	case int:
		return int64(v), true
	case iceberg.Date:
		return int64(v), true
	}
	return 0, false
}

// transformTime is the number of the partition that a time lies in.
func transformTime(t Transform, at time.Time) int64 {
	at = at.UTC()
	switch t {
	case Year:
		return int64(at.Year() - 1970)
	case Month:
		return int64((at.Year()-1970)*12 + int(at.Month()) - 1)
	case Day:
		return floorDiv(at.Unix(), 86400)
	default:
		return floorDiv(at.Unix(), 3600)
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && a < 0 {
		q--
	}
	return q
}

// emptied says whether no rows would mean an emptier table.
func (l *landing) emptied() bool { return l.Mode == Replace || l.Mode == ReplaceRange && l.dropsRows() }

// dropsRows says whether the range held rows.
func (l *landing) dropsRows() bool {
	var kept int64
	for _, k := range l.keep {
		kept += k.entry.DataFile().Count()
	}
	return kept < totalRecords(l.base)
}
