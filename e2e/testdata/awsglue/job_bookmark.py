"""New files of a folder and of a table into a sink and a plain write; with --fail, everything but the commit."""

import sys

from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext

args = getResolvedOptions(sys.argv, ["JOB_NAME", "bucket", "fail"])
glue = GlueContext(SparkContext.getOrCreate())
job = Job(glue)
job.init(args["JOB_NAME"], args)
top = f"s3://{args['bucket']}/"
files = glue.create_dynamic_frame.from_options("s3", {"paths": [top + "drop/"]}, "json", transformation_ctx="files")
table = glue.create_dynamic_frame.from_catalog(database="lake", table_name="sales", transformation_ctx="table")
sink = glue.getSink("s3", path=top + "lake/taken/", enableUpdateCatalog=True, transformation_ctx="sink")
sink.setFormat("glueparquet")
sink.setCatalogInfo("lake", "taken")
sink.writeFrame(files)
glue.write_dynamic_frame.from_options(table, "s3", {"path": top + "out/sales/"}, "json", transformation_ctx="written")
if args["fail"] == "yes":
    raise RuntimeError("after the writes, before the commit")
job.commit()
print("RESULT", files.count(), table.count())
