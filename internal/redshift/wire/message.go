package wire

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5/pgproto3"
)

// rawMessage is a message that pgproto3 does not know.
type rawMessage struct {
	kind byte
	body []byte
}

func (*rawMessage) Backend()            {}
func (*rawMessage) Decode([]byte) error { return fmt.Errorf("a server's message is not read here") }
func (m *rawMessage) Encode(dst []byte) ([]byte, error) {
	dst = append(dst, m.kind)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(m.body)+4))
	return append(dst, m.body...), nil
}

var _ pgproto3.BackendMessage = (*rawMessage)(nil)

// rowDescription describes columns. From protocol 1 up, four names and flags follow each column.
type rowDescription struct {
	columns  []Column
	formats  []int16
	protocol int
}

func (*rowDescription) Backend()            {}
func (*rowDescription) Decode([]byte) error { return fmt.Errorf("a server's message is not read here") }
func (m *rowDescription) Encode(dst []byte) ([]byte, error) {
	if len(m.columns) > math.MaxInt16 {
		return nil, fmt.Errorf("a result of %d columns is too wide", len(m.columns))
	}
	at := len(dst)
	dst = append(dst, 'T', 0, 0, 0, 0)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(m.columns)))
	for i, c := range m.columns {
		dst = append(append(dst, c.Name...), 0)
		dst = binary.BigEndian.AppendUint32(dst, c.Table)
		dst = binary.BigEndian.AppendUint16(dst, c.Number)
		dst = binary.BigEndian.AppendUint32(dst, c.OID)
		dst = binary.BigEndian.AppendUint16(dst, uint16(typeLen(c.OID)))
		typmod := c.TypMod
		if typmod == 0 {
			typmod = -1
		}
		dst = binary.BigEndian.AppendUint32(dst, uint32(typmod))
		dst = binary.BigEndian.AppendUint16(dst, uint16(format(m.formats, i)))
		if m.protocol > 0 {
			for _, s := range []string{c.Schema, c.Source, c.Base, c.Catalog} {
				dst = append(append(dst, s...), 0)
			}
			dst = binary.BigEndian.AppendUint16(dst, c.flags())
		}
	}
	binary.BigEndian.PutUint32(dst[at+1:], uint32(len(dst)-at-1))
	return dst, nil
}

func (c Column) flags() uint16 {
	flags := uint16(1 << 12) // searchable
	if c.NotNull {
		flags |= 1
	}
	if c.Serial {
		flags |= 1 << 4
	}
	if c.Table == 0 {
		flags |= 1 << 8 // read-only
	}
	return flags
}

// format is the format of column i: one format may hold for all, none means text.
func format(formats []int16, i int) int16 {
	switch {
	case len(formats) == 0:
		return pgproto3.TextFormat
	case len(formats) == 1:
		return formats[0]
	case i < len(formats):
		return formats[i]
	}
	return pgproto3.TextFormat
}

// dataRow encodes a row straight into the connection's buffer.
type dataRow struct {
	columns []Column
	formats []int16
	values  []any
	format  Format
	numeric bool // numeric's binary form is wanted, which Redshift's drivers do not want
	size    int
}

func (*dataRow) Backend()            {}
func (*dataRow) Decode([]byte) error { return fmt.Errorf("a server's message is not read here") }
func (m *dataRow) Encode(dst []byte) ([]byte, error) {
	at := len(dst)
	dst = append(dst, 'D', 0, 0, 0, 0)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(m.columns)))
	for i, c := range m.columns {
		v := m.values[i]
		if v == nil {
			dst = append(dst, 0xff, 0xff, 0xff, 0xff)
			continue
		}
		start := len(dst)
		dst = append(dst, 0, 0, 0, 0)
		var err error
		if format(m.formats, i) == pgproto3.BinaryFormat && (c.OID != OIDNumeric || m.numeric) {
			dst, err = appendBinary(dst, c, v, m.format)
		} else {
			dst, err = appendText(dst, c, v, m.format)
		}
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", c.Name, err)
		}
		binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	}
	m.size = len(dst) - at
	binary.BigEndian.PutUint32(dst[at+1:], uint32(m.size-1))
	return dst, nil
}
