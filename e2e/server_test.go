package e2e

import "testing"

// TestOneServer is what needs a Spark but not one of its own: a tarn whose Spark
// is started once serves one after the other.
func TestOneServer(t *testing.T) {
	p := start(t, dataFolder(t))
	t.Run("late month", func(t *testing.T) { p.in(t).lateMonth(t) })
	t.Run("roles", func(t *testing.T) { p.in(t).roles(t) })
	t.Run("a busy Spark", func(t *testing.T) { p.in(t).busySpark(t) })
	t.Run("bad input", func(t *testing.T) { p.in(t).badInput(t) })
}

// busySpark: a Spark that is too busy to say how many rows it has written, which it gives a tenth
// of a second; the sink counts them itself.
func (p *tarn) busySpark(t *testing.T) {
	expect(t, p.glueScript("busy", `
import io
from contextlib import redirect_stdout
from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from pyspark.context import SparkContext
from pyspark.sql.connect.observation import Observation
Observation.get = property(lambda self: {})
glue = GlueContext(SparkContext.getOrCreate())
rows = glue.spark_session.createDataFrame([(1, "a,\n\"b\"", "x"), (2, None, "y"), (3, "c", "x")], "n int, text string, part string")
said = io.StringIO()
for form in ("csv", "json", "glueparquet"):
    for frame in (rows, rows.filter("n > 3")):
        sink = glue.getSink(connection_type="s3", path=f"s3://flights-000000000000-us-east-1/busy/{form}/", partitionKeys=["part"])
        sink.setFormat(form)
        with redirect_stdout(said):
            sink.writeFrame(DynamicFrame.fromDF(frame, glue, "f"))
print("RESULT", *[l.split(" in ")[0].split(": ")[1] for l in said.getvalue().splitlines()])
`), "3 rows 0 rows 3 rows 0 rows 3 rows 0 rows")
}
