"""Glue's catalog as Spark's metastore: --enable-glue-datacatalog lets SQL name tables as Athena does."""

import sys
import time
import traceback

import boto3
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext

args = getResolvedOptions(sys.argv, ["JOB_NAME", "bucket"])
glue = GlueContext(SparkContext.getOrCreate())
spark = glue.spark_session
job = Job(glue)
job.init(args["JOB_NAME"], args)
top = f"s3://{args['bucket']}/"
catalog = boto3.client("glue")
failed = []


def check(f):
    begun = time.monotonic()
    try:
        f()
        print(f"ok {f.__name__} {time.monotonic() - begun:.1f}")
    except Exception:
        failed.append(f.__name__)
        print(f"FAILED {f.__name__}\n{traceback.format_exc().partition('JVM stacktrace')[0]}")


def same(got, want):
    assert got == want, f"\n got  {got}\n want {want}"


def rows(query):
    return [tuple(r) for r in spark.sql(query).collect()]


def table(name):
    return catalog.get_table(DatabaseName="meta", Name=name)["Table"]


def partitions(name):
    return sorted((tuple(p["Values"]), p["StorageDescriptor"]["Location"]) for p in catalog.get_partitions(DatabaseName="meta", TableName=name)["Partitions"])


def refused(what, *words):
    try:
        what()
    except Exception as e:
        assert all(w in str(e) for w in words), e
    else:
        raise AssertionError("it is not refused")


@check
def reads():
    same(rows("select id, amount, year, month from lake.sales where id < 10 and year < '2016' order by id"),
         [(1, 1.5, "2013", 1), (2, 2.5, "2013", 1), (3, 3.5, "2013", 2), (4, 4.5, "2014", 1), (5, 5.5, "2015", 7)])
    same(spark.table("lake.sales").where("year = '2015'").count(), 1)
    spark.sql("use lake")
    same(rows("select sum(s.id) from sales s join lake.events e on s.id = e.id where s.year = '2013' and s.month = 1"), [(3,)])
    spark.sql("use default")


@check
def names():
    assert ("lake",) in rows("show databases"), rows("show databases")
    assert ("lake", "sales", False) in rows("show tables in lake"), rows("show tables in lake")
    same(spark.catalog.tableExists("lake.sales"), True)
    same(spark.catalog.tableExists("lake.absent"), False)
    same([r[0] for r in rows("describe lake.sales")][:4], ["id", "amount", "year", "month"])
    same(rows("show partitions lake.sales partition (year='2015')"), [("year=2015/month=7",)])
    refused(lambda: spark.table("lake.absent").collect(), "TABLE_OR_VIEW_NOT_FOUND", "absent")


@check
def saves():
    spark.sql(f"create database if not exists meta location '{top}meta'")
    few = spark.createDataFrame([(1, "a", "x"), (2, "b", "y")], "Id int, v string, k string")
    few.write.mode("overwrite").partitionBy("k").format("parquet").saveAsTable("meta.saved")
    t = table("saved")
    same([(c["Name"], c["Type"]) for c in t["StorageDescriptor"]["Columns"]], [("id", "int"), ("v", "string")])
    same(t["Parameters"]["classification"], "parquet")
    same(partitions("saved"), [(("x",), top + "meta/saved/k=x/"), (("y",), top + "meta/saved/k=y/")])
    same(spark.table("meta.saved").columns, ["Id", "v", "k"])
    spark.createDataFrame([(3, "c", "z")], "Id int, v string, k string").write.insertInto("meta.saved")
    spark.sql("insert into meta.saved values (4, 'd', 'x')")
    same(rows("select * from meta.saved order by id"), [(1, "a", "x"), (2, "b", "y"), (3, "c", "z"), (4, "d", "x")])
    same(len(partitions("saved")), 3)
    spark.conf.set("spark.sql.sources.partitionOverwriteMode", "dynamic")
    spark.sql("insert overwrite table meta.saved partition (k) select 9, 'e', 'x'")
    same(rows("select id from meta.saved order by id"), [(2,), (3,), (9,)])
    spark.sql("insert overwrite table meta.saved partition (k='y') select 8, 'f'")
    same(rows("select id from meta.saved order by id"), [(3,), (8,), (9,)])
    spark.sql("alter table meta.saved drop partition (k='z')")
    same([p[0] for p in partitions("saved")], [("x",), ("y",)])


@check
def alters():
    spark.sql(f"create table meta.made (id int, n bigint) using json options (path '{top}meta-made')")
    spark.sql("insert into meta.made values (1, 2)")
    spark.sql("alter table meta.made add columns (w string)")
    spark.sql("insert into meta.made values (2, 3, 'w')")
    same(rows("select * from meta.made order by id"), [(1, 2, None), (2, 3, "w")])
    # The others of Glue's readers see the same.
    same(sorted(tuple(r) for r in glue.create_data_frame.from_catalog(database="meta", table_name="made").collect()), [(1, 2, None), (2, 3, "w")])
    spark.sql("create or replace view meta.seen as select id from meta.made where n > 2")
    same(rows("select * from meta.seen"), [(2,)])
    spark.sql("drop view meta.seen")
    spark.sql("drop table meta.made")
    same(spark.catalog.tableExists("meta.made"), False)
    assert boto3.client("s3").list_objects_v2(Bucket=args["bucket"], Prefix="meta-made/")["KeyCount"] > 0, "the files of an external table are gone"
    spark.sql("drop table meta.saved")
    same(boto3.client("s3").list_objects_v2(Bucket=args["bucket"], Prefix="meta/saved/")["KeyCount"], 0)


@check
def foreign_tables_keep_their_serde():
    before = catalog.get_table(DatabaseName="lake", Name="events")["Table"]["StorageDescriptor"]["SerdeInfo"]
    spark.sql("alter table lake.events set tblproperties ('note' = 'seen')")
    after = catalog.get_table(DatabaseName="lake", Name="events")["Table"]
    same((after["StorageDescriptor"]["SerdeInfo"], after["Parameters"]["note"]), (before, "seen"))
    spark.sql("insert into lake.events values (70)")
    same(rows("select id from lake.events where id = 70"), [(70,)])
    spark.sql("insert into lake.sales partition (year='2020', month=5) values (20, 20.5)")
    same(rows("select id, amount from lake.sales where year = '2020'"), [(20, 20.5)])


@check
def iceberg():
    spark.sql("create table glue_catalog.lake.cold (id int) using iceberg")
    spark.sql("insert into glue_catalog.lake.cold values (1)")
    refused(lambda: spark.table("lake.cold").count(), "lake.cold is an Iceberg table: name it glue_catalog.lake.cold")


job.commit()
if failed:
    raise SystemExit("failed: " + ", ".join(failed))
print("RESULT ok")
