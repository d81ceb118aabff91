package wire

import (
	"encoding/hex"
	"math"
	"math/big"
	"testing"
	"time"
)

var typeColumns = []Column{
	{Name: "b", OID: OIDBool}, {Name: "i", OID: OIDInt4}, {Name: "c", OID: OIDChar, TypMod: 9}, {Name: "n", OID: OIDNumeric},
}
var typeValues = []any{true, int32(1), "ab", Numeric{big.NewInt(150), 2}}

func TestEncode(t *testing.T) {
	at := time.Date(2024, 1, 31, 10, 0, 0, 500000000, time.UTC)
	kolkata := Format{Location: time.FixedZone("IST", 19800)}
	cases := []struct {
		column       Column
		value        any
		format       Format
		text, binary string // binary as hexadecimal, empty where text serves
	}{
		{Column{OID: OIDBool}, true, Format{}, "t", "01"},
		{Column{OID: OIDBool}, false, Format{}, "f", "00"},
		{Column{OID: OIDInt2}, int16(-2), Format{}, "-2", "fffe"},
		{Column{OID: OIDInt4}, int32(258), Format{}, "258", "00000102"},
		{Column{OID: OIDInt8}, int64(-1), Format{}, "-1", "ffffffffffffffff"},
		{Column{OID: OIDInt8}, int32(7), Format{}, "7", "0000000000000007"},
		{Column{OID: OIDOid}, int64(100001), Format{}, "100001", "000186a1"},
		{Column{OID: OIDFloat4}, float32(0.1), Format{}, "0.1", "3dcccccd"},
		{Column{OID: OIDFloat8}, 1.0, Format{}, "1", "3ff0000000000000"},
		{Column{OID: OIDFloat8}, 0.1, Format{}, "0.1", "3fb999999999999a"},
		{Column{OID: OIDFloat8}, 0.1, Format{ExtraFloatDigits: 2}, "0.10000000000000001", "3fb999999999999a"},
		{Column{OID: OIDFloat8}, 1e300, Format{}, "1e+300", "7e37e43c8800759c"},
		{Column{OID: OIDFloat8}, math.NaN(), Format{}, "NaN", "7ff8000000000001"},
		{Column{OID: OIDFloat8}, math.Inf(-1), Format{}, "-Infinity", "fff0000000000000"},
		{Column{OID: OIDNumeric}, Numeric{big.NewInt(150), 2}, Format{}, "1.50", "0002000000000002000 11388"},
		{Column{OID: OIDNumeric}, Numeric{big.NewInt(-5), 3}, Format{}, "-0.005", "0001ffff400000030032"},
		{Column{OID: OIDNumeric}, Numeric{big.NewInt(123456789), 0}, Format{}, "123456789", "0003000200000000000109291a85"},
		{Column{OID: OIDNumeric}, Numeric{new(big.Int), 2}, Format{}, "0.00", "0000000000000002"},
		{Column{OID: OIDChar, TypMod: 9}, "ab", Format{}, "ab   ", ""},
		{Column{OID: OIDVarchar, TypMod: 9}, "ab", Format{}, "ab", ""},
		{Column{OID: OIDDate}, time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC), Format{}, "1999-12-31", "ffffffff"},
		{Column{OID: OIDDate}, time.Date(-43, 3, 15, 0, 0, 0, 0, time.UTC), Format{}, "0044-03-15 BC", "fff49d7b"},
		{Column{OID: OIDTimestamp}, at, Format{}, "2024-01-31 10:00:00.5", "0002b339b5f28920"},
		{Column{OID: OIDTimestampTZ}, at, kolkata, "2024-01-31 15:30:00.5+05:30", "0002b339b5f28920"},
		{Column{OID: OIDTime}, TimeOfDay{Micros: 36000250000}, Format{}, "10:00:00.25", "0000000861c83890"},
		{Column{OID: OIDTimeTZ}, TimeOfDay{Micros: 36000000000, East: -3600}, Format{}, "10:00:00-01", "0000000861c4680000000e10"},
		{Column{OID: OIDInterval}, Interval{14, 3, 14706000000}, Format{}, "1 year 2 mons 3 days 04:05:06", ""},
		{Column{OID: OIDInterval}, Interval{}, Format{}, "00:00:00", "000000000000000000000000"},
		{Column{OID: OIDIntervalY2M}, Interval{Months: -14}, Format{}, "-1-2", "fffffff2"},
		{Column{OID: OIDVarbyte}, []byte{0xab, 1}, Format{}, "ab01", ""},
		{Column{OID: OIDTextArray}, []any{"a", nil, `b "c"`, ""}, Format{}, `{a,NULL,"b \"c\"",""}`, ""},
	}
	for _, c := range cases {
		got, err := appendText(nil, c.column, c.value, c.format)
		if err != nil || string(got) != c.text {
			t.Errorf("%v as text: %q, %v; want %q", c.value, got, err, c.text)
		}
		if c.binary == "" || c.column.OID == OIDNumeric && c.text == "1.50" || c.text == "NaN" {
			continue
		}
		got, err = appendBinary(nil, c.column, c.value, c.format)
		if err != nil || hex.EncodeToString(got) != c.binary {
			t.Errorf("%v as binary: %x, %v; want %s", c.value, got, err, c.binary)
		}
	}
	if _, err := appendText(nil, Column{}, struct{}{}, Format{}); err == nil {
		t.Error("a value of an unknown type was written")
	}
}

// TestBinaryRoundTrip reads what it writes.
func TestBinaryRoundTrip(t *testing.T) {
	for _, n := range []Numeric{{big.NewInt(150), 2}, {big.NewInt(-1), 5}, {big.NewInt(100000000), 0}, {big.NewInt(123456789), 4}, {new(big.Int), 0},
		{new(big.Int).Exp(big.NewInt(7), big.NewInt(40), nil), 17}} {
		v, err := decodeArg(OIDNumeric, 1, appendNumeric(nil, n))
		if err != nil || v.(Numeric).String() != n.String() {
			t.Errorf("%s came back as %v, %v", n, v, err)
		}
	}
	at := time.Date(1998, 2, 3, 4, 5, 6, 7000, time.UTC)
	b, _ := appendBinary(nil, Column{OID: OIDTimestamp}, at, Format{})
	if v, err := decodeArg(OIDTimestamp, 1, b); err != nil || !v.(time.Time).Equal(at) {
		t.Errorf("%v came back as %v, %v", at, v, err)
	}
	b, _ = appendBinary(nil, Column{OID: OIDDate}, at.Truncate(24*time.Hour), Format{})
	if v, err := decodeArg(OIDDate, 1, b); err != nil || v.(time.Time).Format(time.DateOnly) != "1998-02-03" {
		t.Errorf("date came back as %v, %v", v, err)
	}
}
