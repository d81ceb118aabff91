package table

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/apache/iceberg-go"
)

// partitionSpec binds the fields to a schema.
func partitionSpec(fields []PartitionField, schema *iceberg.Schema) (iceberg.PartitionSpec, error) {
	var options []iceberg.PartitionOption
	for i, f := range fields {
		id := iceberg.PartitionDataIDStart + i // distinct; the table's metadata may give others
		column, ok := schema.FindFieldByNameCaseInsensitive(f.Column)
		if !ok {
			return iceberg.PartitionSpec{}, fmt.Errorf("partition column %q is not in the answer, which has %s", f.Column, strings.Join(fieldNames(schema), ", "))
		}
		t, err := transformOf(f.Transform)
		if err != nil {
			return iceberg.PartitionSpec{}, err
		}
		if !t.CanTransform(column.Type) || !identityWritten(f.Transform, column.Type) {
			return iceberg.PartitionSpec{}, fmt.Errorf("column %s of type %s can't be partitioned by %s", column.Name, column.Type, f.Transform)
		}
		name := column.Name
		if f.Transform != Identity {
			name += "_" + string(f.Transform)
		}
		options = append(options, iceberg.AddPartitionFieldBySourceID(column.ID, name, t, schema, &id))
	}
	return iceberg.NewPartitionSpecOpts(options...)
}

func fieldNames(schema *iceberg.Schema) []string {
	var out []string
	for _, f := range schema.Fields() {
		out = append(out, f.Name)
	}
	return out
}

func transformOf(t Transform) (iceberg.Transform, error) {
	switch t {
	case Identity, "":
		return iceberg.IdentityTransform{}, nil
	case Year:
		return iceberg.YearTransform{}, nil
	case Month:
		return iceberg.MonthTransform{}, nil
	case Day:
		return iceberg.DayTransform{}, nil
	case Hour:
		return iceberg.HourTransform{}, nil
	}
	return nil, fmt.Errorf("partition transform %q is not written: identity, year, month, day and hour are", t)
}

// identityWritten says whether a value of the type can be carried through a
// folder's name and back.
func identityWritten(t Transform, typ iceberg.Type) bool {
	if t != Identity && t != "" {
		return true
	}
	switch typ.(type) {
	case iceberg.BooleanType, iceberg.Int32Type, iceberg.Int64Type, iceberg.StringType, iceberg.DateType, iceberg.TimestampType, iceberg.TimestampTzType:
		return true
	}
	return false
}

// partitionExpression computes a partition value in DuckDB as a text that
// partitionValue reads.
func partitionExpression(f PartitionField, column Column) string {
	v := quote(column.Name)
	at := v
	if column.Type.Kind == TimestampTZ {
		at = "timezone('UTC', " + v + ")"
	}
	switch f.Transform {
	case Year:
		return "year(" + at + ") - 1970"
	case Month:
		return "(year(" + at + ") - 1970) * 12 + month(" + at + ") - 1"
	case Day:
		return "CAST(" + at + " AS DATE) - DATE '1970-01-01'"
	case Hour:
		return "CAST(floor(epoch_us(" + at + ") / 3600000000.0) AS BIGINT)"
	}
	switch column.Type.Kind {
	case Date:
		return v + " - DATE '1970-01-01'"
	case Timestamp, TimestampTZ:
		return "epoch_us(" + v + ")"
	case String, Char, Varchar, Void, UUID, Interval:
		// Hex, so that no value collides with a folder's own marks.
		return "'x' || hex(CAST(" + v + " AS VARCHAR))"
	}
	return v
}

// partitionValue reads what partitionExpression wrote, as iceberg-go wants it,
// and writes it for people.
func partitionValue(f PartitionField, source iceberg.Type, text *string) (value any, human string, err error) {
	if text == nil {
		return nil, "null", nil
	}
	number := func(bits int) (int64, error) { return strconv.ParseInt(*text, 10, bits) }
	epoch := time.Unix(0, 0).UTC()
	switch f.Transform {
	case Year:
		n, err := number(32)
		return int32(n), epoch.AddDate(int(n), 0, 0).Format("2006"), err
	case Month:
		n, err := number(32)
		return int32(n), epoch.AddDate(0, int(n), 0).Format("2006-01"), err
	case Day:
		n, err := number(32)
		return iceberg.Date(n), epoch.AddDate(0, 0, int(n)).Format("2006-01-02"), err
	case Hour:
		n, err := number(32)
		return int32(n), epoch.Add(time.Duration(n) * time.Hour).Format("2006-01-02-15"), err
	}
	switch source.(type) {
	case iceberg.BooleanType:
		return *text == "true", *text, nil
	case iceberg.Int32Type:
		n, err := number(32)
		return int32(n), *text, err
	case iceberg.Int64Type:
		n, err := number(64)
		return n, *text, err
	case iceberg.DateType:
		n, err := number(32)
		return iceberg.Date(n), epoch.AddDate(0, 0, int(n)).Format("2006-01-02"), err
	case iceberg.TimestampType, iceberg.TimestampTzType:
		n, err := number(64)
		return iceberg.Timestamp(n), time.UnixMicro(n).UTC().Format("2006-01-02T15-04-05.000000"), err
	case iceberg.StringType:
		raw, err := hex.DecodeString(strings.TrimPrefix(*text, "x"))
		return string(raw), string(raw), err
	}
	return nil, "", fmt.Errorf("%s can't be a partition value", source)
}

// partitionFolder is one part of a data file's key, made of what every S3
// client passes through untouched.
func partitionFolder(name, human string) string {
	clean := func(s string) string {
		return strings.Map(func(c rune) rune {
			if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' {
				return c
			}
			return '_'
		}, clip(s, 60))
	}
	return clean(name) + "=" + clean(human)
}
