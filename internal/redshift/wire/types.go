package wire

import (
	"math/big"
	"time"
)

// OIDs of the types that results can have.
const (
	OIDBool        = 16
	OIDName        = 19
	OIDInt8        = 20
	OIDInt2        = 21
	OIDInt2Vector  = 22
	OIDInt4        = 23
	OIDRegproc     = 24
	OIDText        = 25
	OIDOid         = 26
	OIDFloat4      = 700
	OIDFloat8      = 701
	OIDUnknown     = 705
	OIDInt2Array   = 1005
	OIDTextArray   = 1009
	OIDVarcharArr  = 1015
	OIDAclItem     = 1033
	OIDAclItemArr  = 1034
	OIDChar        = 1042
	OIDVarchar     = 1043
	OIDDate        = 1082
	OIDTime        = 1083
	OIDTimestamp   = 1114
	OIDTimestampTZ = 1184
	OIDInterval    = 1186
	OIDIntervalY2M = 1188
	OIDIntervalD2S = 1190
	OIDTimeTZ      = 1266
	OIDNumeric     = 1700
	OIDHLL         = 2935
	OIDGeometry    = 3000
	OIDSuper       = 4000
	OIDVarbyte     = 6551
)

// Numeric is an exact number: Unscaled * 10^-Scale.
type Numeric struct {
	Unscaled *big.Int
	Scale    int
}

// TimeOfDay is a time without a date.
type TimeOfDay struct {
	Micros int64
	East   int // seconds east of UTC, for a time with a zone
}

// Interval has parts that do not convert into each other.
type Interval struct {
	Months, Days int32
	Micros       int64
}

// typeLen is the size of a type's values, or -1 where it varies.
func typeLen(oid uint32) int16 {
	switch oid {
	case OIDBool:
		return 1
	case OIDInt2:
		return 2
	case OIDInt4, OIDOid, OIDFloat4, OIDDate, OIDRegproc, OIDIntervalY2M:
		return 4
	case OIDInt8, OIDFloat8, OIDTime, OIDTimestamp, OIDTimestampTZ, OIDIntervalD2S:
		return 8
	case OIDTimeTZ, OIDInterval:
		return 12
	case OIDName:
		return 128
	}
	return -1
}

// epoch is where PostgreSQL's binary dates begin.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
