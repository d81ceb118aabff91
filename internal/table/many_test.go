package table

import (
	"fmt"
	"testing"
)

// BenchmarkManySmallFiles reads 2,000 files of ten rows each, of each format.
func BenchmarkManySmallFiles(b *testing.B) {
	for _, format := range []string{"csv.gz", "json", "parquet"} {
		b.Run(format, func(b *testing.B) {
			w := newWorld(b)
			cols := columns("n", "bigint", "name", "string")
			serde := map[string]string{"csv.gz": lazySimple, "json": openxJSON, "parquet": parquetLib}[format]
			t := w.table("t", serde, cols, columns("p", "int"), header, "field.delim", ",")
			if format == "parquet" {
				w.parquet("t/p=0/0.parquet", "SELECT range AS n, 'name' AS name FROM range(10)", "")
			}
			for i := range 2000 {
				key := fmt.Sprintf("t/p=%d/%d.%s", i%50, i, format)
				switch format {
				case "csv.gz":
					w.put(key, gz(fmt.Sprintf("n,name\n%d,a\n", i)))
				case "json":
					w.put(key, fmt.Sprintf("{\"n\":%d,\"name\":\"a\"}\n", i))
				default:
					w.lake.files["lake/"+key] = w.lake.files["lake/t/p=0/0.parquet"]
					o := w.lake.objects["lake/t/p=0/0.parquet"]
					o.Key = key
					w.lake.objects["lake/"+key] = o
				}
			}
			for p := range 50 {
				w.partition(t, fmt.Sprintf("s3://lake/t/p=%d/", p), fmt.Sprint(p))
			}
			for b.Loop() {
				if _, err := w.rows("t", "count(*), sum(n)::BIGINT", "", Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
