package warehouse

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkCopy loads rows like those of flights.
func BenchmarkCopy(b *testing.B) {
	var csv strings.Builder
	const rows = 50_000
	for i := range rows {
		fmt.Fprintf(&csv, "2013,%d,%d,%d,515,2,830,819,NA,UA,%d,N%d,EWR,IAH,227,1400,5,15,2013-01-01T05:00:00Z\n", i%12+1, i%28+1, i%2400, i%9000, i%99999)
	}
	w := lakeWorld(b, map[string]string{"f/a.csv": csv.String()})
	c := w.login("awsuser")
	c.do(`create table f (year int, month int, day int, dep_time int, sched_dep_time int, dep_delay int, arr_time int, sched_arr_time int, arr_delay int,
		carrier varchar(2), flight int, tailnum varchar(8), origin char(3), dest char(3), air_time int, distance int, hour int, minute int, time_hour timestamp)`)
	b.SetBytes(int64(csv.Len()))
	for b.Loop() {
		c.do("truncate f", "copy f from 's3://b/f/' iam_role default csv null as 'NA' timeformat 'auto'")
	}
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
}
