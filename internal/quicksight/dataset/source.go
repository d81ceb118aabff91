package dataset

import (
	"context"
	"errors"
	"strings"

	"tarn/api/quicksight"
	"tarn/internal/awsapi"
	"tarn/internal/engine"
	"tarn/internal/quicksight/expression"
)

// Kind says where a data source's rows are.
type Kind string

// The kinds of sources.
const (
	Warehouse Kind = "warehouse" // a data source of type REDSHIFT
	Lake      Kind = "lake"      // a data source of type ATHENA: tables of the Glue catalog
)

// SourceQuery names rows: a table, or in the warehouse a query in its own SQL.
type SourceQuery struct {
	Kind     Kind
	Database string // of the warehouse, or of the Glue catalog
	User     string // of the warehouse; empty is its first user
	Schema   string // of the warehouse
	Table    string
	SQL      string // instead of Schema and Table
}

// SourceColumn is a column of a source with the engine's name for its type.
type SourceColumn struct{ Name, Type string }

// Source reaches rows. Calls come on behalf of awsapi.CallerFrom(ctx).
type Source interface {
	// Describe tells the columns, without reading rows.
	Describe(ctx context.Context, q SourceQuery) ([]SourceColumn, error)
	// Relation gives what stands after FROM in a query of this session: a quoted name or a parenthesised query. It holds until close.
	Relation(ctx context.Context, sess *engine.Session, q SourceQuery) (sql string, close func(), err error)
}

// SourceError is a source's refusal or failure: whatever a Source answers, but for errors of AWS's APIs and of the engine, is wrapped
// in one. A cause with a method SQLState() string says what kind of failure it was.
type SourceError struct {
	SQLState string
	Err      error
}

func (e *SourceError) Error() string { return e.Err.Error() }

func (e *SourceError) Unwrap() error { return e.Err }

// ingestionType is QuickSight's word for the failure.
func (e *SourceError) ingestionType() string {
	switch {
	case e.SQLState == "42P01", e.SQLState == "3F000", e.SQLState == "3D000":
		return quicksight.IngestionErrorTypeSqlTableNotFound
	case e.SQLState == "42703", e.SQLState == "42804":
		return quicksight.IngestionErrorTypeSqlSchemaMismatchError
	case e.SQLState == "42501":
		return quicksight.IngestionErrorTypePermissionDenied
	case strings.HasPrefix(e.SQLState, "28"):
		return quicksight.IngestionErrorTypePasswordAuthenticationFailure
	case e.SQLState == "22003":
		return quicksight.IngestionErrorTypeSqlNumericOverflow
	case strings.HasPrefix(e.SQLState, "22"):
		return quicksight.IngestionErrorTypeSqlInvalidParameterValue
	}
	return quicksight.IngestionErrorTypeSqlException
}

func sourceError(err error) error {
	var api *awsapi.Error
	var db *engine.Error
	var own *SourceError
	if err == nil || errors.As(err, &api) || errors.As(err, &db) || errors.As(err, &own) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	wrapped := &SourceError{Err: err}
	var state interface{ SQLState() string }
	if errors.As(err, &state) {
		wrapped.SQLState = state.SQLState()
	}
	return wrapped
}

// columnType maps the engine's types to QuickSight's.
func columnType(t string) expression.Type {
	t, _, _ = strings.Cut(strings.ToUpper(t), "(")
	switch t {
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "BOOLEAN":
		return expression.Integer
	case "FLOAT", "REAL", "DOUBLE", "DECIMAL", "NUMERIC":
		return expression.Decimal
	case "DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ", "DATETIME":
		return expression.Datetime
	}
	return expression.String
}

// sourceQuery resolves a physical table against its data source.
func sourceQuery(src *sourceRecord, t *quicksight.PhysicalTable) (SourceQuery, error) {
	q := SourceQuery{User: src.User}
	p := src.Source.DataSourceParameters
	switch awsapi.Val(src.Source.Type) {
	case quicksight.DataSourceTypeRedshift:
		q.Kind, q.Database, q.Schema = Warehouse, awsapi.Val(p.RedshiftParameters.Database), "public"
	case quicksight.DataSourceTypeAthena:
		q.Kind = Lake
	}
	switch {
	case t.RelationalTable != nil:
		r := t.RelationalTable
		q.Table = awsapi.Val(r.Name)
		if s := awsapi.Val(r.Schema); s != "" && q.Kind == Lake {
			q.Database = s
		} else if s != "" {
			q.Schema = s
		}
		if q.Database == "" {
			return q, quicksight.InvalidParameterValueException("The table %s names no Schema", q.Table).WithHint("For an ATHENA data source, Schema is the database of the Glue catalog.")
		}
	case t.CustomSql != nil:
		if q.Kind == Lake {
			return q, quicksight.InvalidParameterValueException("Custom SQL over an ATHENA data source is not supported").WithHint("Use a REDSHIFT data source with an external schema over the Glue catalog, or a RelationalTable.")
		}
		q.Schema, q.SQL = "", awsapi.Val(t.CustomSql.SqlQuery)
	}
	return q, nil
}
