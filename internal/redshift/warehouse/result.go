package warehouse

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"time"

	"tarn/internal/engine"
	"tarn/internal/redshift/sql"
	"tarn/internal/redshift/wire"
)

// rows is a query's result as clients get it.
type rows struct {
	columns []wire.Column
	types   []sql.Type
	rows    *engine.Rows
	out     []any
	count   int64
	tag     func(count int64) string
	// end is called once, when the rows have been read or given up; err is why they ended early.
	end   func(count int64, err error) error
	done  bool
	after error
}

func (r *rows) Columns() []wire.Column { return r.columns }
func (r *rows) Tag() string            { return r.tag(r.count) }

func (r *rows) Next(ctx context.Context) ([]any, error) {
	if r.done {
		if r.after != nil {
			return nil, r.after
		}
		return nil, io.EOF
	}
	if err := ctx.Err(); err != nil {
		return nil, r.finish(err)
	}
	if !r.rows.Next() {
		if err := r.finish(r.rows.Err()); err != nil {
			return nil, err
		}
		return nil, io.EOF
	}
	for i, v := range r.rows.Values() {
		if i >= len(r.out) {
			break
		}
		converted, err := convert(v, r.types[i])
		if err != nil {
			return nil, r.finish(fmt.Errorf("column %q: %w", r.columns[i].Name, err))
		}
		r.out[i] = converted
	}
	r.count++
	return r.out, nil
}

// finish ends the statement of which this is the result.
func (r *rows) finish(err error) error {
	r.done = true
	closed := r.rows.Close()
	if err == nil {
		err = closed
	}
	r.after = r.end(r.count, err)
	return r.after
}

func (r *rows) Close() error {
	if r.done {
		return nil
	}
	return r.finish(nil)
}

// convert turns a value of the engine into one of the protocol.
func convert(v any, t sql.Type) (any, error) {
	switch v := v.(type) {
	case nil, bool, int16, int32, int64, float32, float64, []byte:
		return v, nil
	case string:
		return v, nil
	case int8:
		return int16(v), nil
	case uint8:
		return int16(v), nil
	case uint16:
		return int32(v), nil
	case uint32:
		return int64(v), nil
	case uint64:
		return wire.Numeric{Unscaled: new(big.Int).SetUint64(v)}, nil
	case *big.Int:
		if t.IsInteger() && v.IsInt64() {
			return v.Int64(), nil
		}
		return scaled(wire.Numeric{Unscaled: v}, t), nil
	case engine.Decimal:
		return wire.Numeric{Unscaled: v.Value, Scale: int(v.Scale)}, nil
	case time.Time:
		switch t.Kind {
		case sql.KTime, sql.KTimeTZ:
			_, east := v.Zone()
			micros := int64(v.Hour())*3600e6 + int64(v.Minute())*60e6 + int64(v.Second())*1e6 + int64(v.Nanosecond())/1000
			return wire.TimeOfDay{Micros: micros, East: east}, nil
		}
		return v, nil
	case engine.Interval:
		return wire.Interval{Months: v.Months, Days: v.Days, Micros: v.Micros}, nil
	case engine.UUID:
		return v.String(), nil
	case []any:
		if t.Kind == sql.KSuper {
			return marshal(v)
		}
		out := make([]any, len(v))
		for i, x := range v {
			c, err := convert(x, sql.Type{Kind: t.Elem})
			if err != nil {
				return nil, err
			}
			out[i] = c
		}
		return out, nil
	case map[string]any:
		return marshal(v)
	case fmt.Stringer:
		return v.String(), nil
	}
	return nil, fmt.Errorf("the engine gave a value of Go type %T", v)
}

// scaled writes a whole number with its column's scale.
func scaled(n wire.Numeric, t sql.Type) wire.Numeric {
	if t.Kind == sql.KDecimal && t.Scale > 0 {
		pow := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(t.Scale)), nil)
		return wire.Numeric{Unscaled: pow.Mul(pow, n.Unscaled), Scale: t.Scale}
	}
	return n
}

func marshal(v any) (any, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

// done is the result of a command without rows.
func done(tag string) wire.Result { return wire.NewResult(nil, nil, tag) }
