"""Keeps flights that arrived, with typed delays and a date: an ordinary Glue script."""

import sys

from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from pyspark.sql import functions as F

args = getResolvedOptions(sys.argv, ["JOB_NAME", "bucket"])
glue = GlueContext(SparkContext.getOrCreate())
job = Job(glue)
job.init(args["JOB_NAME"], args)

raw = glue.create_dynamic_frame.from_catalog("flights_raw", "flights", transformation_ctx="raw").toDF()
if raw.columns:  # with a bookmark, a run without new files reads nothing
    flights = (
        raw.filter("arr_delay <> 'NA'")
        .withColumn("arr_delay", F.col("arr_delay").cast("int"))
        .withColumn("dep_delay", F.col("dep_delay").cast("int"))
        .withColumn("flight_date", F.expr("make_date(int(year), int(month), int(day))"))
        .select("flight_date", "hour", "carrier", "tailnum", "origin", "dest", "dep_delay", "arr_delay", "month")
    )
    sink = glue.getSink(
        connection_type="s3",
        path=f"s3://{args['bucket']}/curated/clean_flights/",
        enableUpdateCatalog=True,
        partitionKeys=["month"],
        transformation_ctx="clean_flights",
    )
    sink.setCatalogInfo(catalogDatabase="flights", catalogTableName="clean_flights")
    sink.setFormat("glueparquet")
    sink.writeFrame(DynamicFrame.fromDF(flights, glue, "clean_flights"))
job.commit()
