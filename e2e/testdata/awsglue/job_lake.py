"""The catalog: reading, pruning, sinks that update it, and Iceberg tables in SQL."""

import sys
import time
import traceback

import boto3
from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
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


def sales(**more):
    return sorted(tuple(r) for r in glue.create_dynamic_frame.from_catalog(database="lake", table_name="sales", **more).toDF().collect())


def frame_of(values, schema):
    return DynamicFrame.fromDF(spark.createDataFrame(values, schema), glue, "frame")


def table(name):
    return catalog.get_table(DatabaseName="lake", Name=name)["Table"]


def columns(name):
    return [(c["Name"], c["Type"]) for c in table(name)["StorageDescriptor"]["Columns"]]


def partitions(name):
    return sorted(tuple(p["Values"]) for p in catalog.get_partitions(DatabaseName="lake", TableName=name)["Partitions"])


@check
def from_catalog():
    same(sales(), [(1, 1.5, "2013", 1), (2, 2.5, "2013", 1), (3, 3.5, "2013", 2), (4, 4.5, "2014", 1), (5, 5.5, "2015", 7)])


@check
def predicates():
    same(sales(push_down_predicate="year = '2013' and month >= 2"), [(3, 3.5, "2013", 2)])
    same(sales(additional_options={"catalogPartitionPredicate": "year='2014'"}), [(4, 4.5, "2014", 1)])
    both = sales(push_down_predicate="month in (1)", additional_options={"catalogPartitionPredicate": "year < '2014'"})
    same([r[0] for r in both], [1, 2])
    same(sales(push_down_predicate="year = '1999'"), [])
    none = glue.create_dynamic_frame.from_catalog(database="lake", table_name="sales", push_down_predicate="year = '1999'")
    same(none.toDF().columns, ["id", "amount", "year", "month"])


@check
def several_types_in_a_column():
    mixed = glue.create_dynamic_frame.from_catalog(database="lake", table_name="mixed")
    got = mixed.resolveChoice(specs=[("id", "cast:long"), ("amount", "make_cols")]).toDF()
    same(got.columns, ["id", "amount_double", "amount_string"])
    same(sorted((tuple(r) for r in got.collect()), key=str), [(1, 1.5, None), (3, None, None), (None, None, "many")])
    got = mixed.resolveChoice(choice="make_struct").toDF().select("id.long", "id.string", "amount.double").collect()
    same(sorted((tuple(r) for r in got), key=str), [(1, None, 1.5), (3, None, None), (None, "x2", None)])
    same(sales(), sorted(tuple(r) for r in glue.create_dynamic_frame.from_catalog("lake", "sales").resolveChoice(choice="make_cols").toDF().collect()))
    try:
        mixed.toDF().collect()
    except Exception:
        pass
    else:
        raise AssertionError("an unresolved misfit is read in silence")


@check
def purges():
    glue.purge_table("lake", "old", {"retentionPeriod": 1})
    same(partitions("old"), [("1",)])
    glue.purge_table("lake", "old", {"retentionPeriod": 0, "manifestFilePath": f"{top}manifest/"})
    same(partitions("old"), [])
    listed = boto3.client("s3").get_object(Bucket=args["bucket"], Key="manifest/Success.csv")["Body"].read().decode()
    assert listed.startswith(f"{top}lake/old/y=1/a.csv,"), listed


@check
def write_from_catalog():
    glue.write_dynamic_frame.from_catalog(frame=frame_of([(3,), (4,)], "id long"), database="lake", table_name="events")
    got = glue.create_data_frame.from_catalog(database="lake", table_name="events")
    same(sorted(r[0] for r in got.collect()), [1, 2, 3, 4])
    # Without enableUpdateCatalog the partition is not told to the catalog.
    more = frame_of([(9, 9.5, "2016", 1)], "id int, amount double, year string, month int")
    glue.write_dynamic_frame.from_catalog(frame=more, database="lake", table_name="sales")
    assert ("2016", "1") not in partitions("sales"), partitions("sales")
    told = {"enableUpdateCatalog": True, "updateBehavior": "LOG", "partitionKeys": ["year", "month"]}
    more = frame_of([(8, 8.5, "2017", 1)], "id int, amount double, year string, month int")
    glue.write_dynamic_frame.from_catalog(frame=more, database="lake", table_name="sales", additional_options=told)
    same(sales(push_down_predicate="year > '2015'"), [(8, 8.5, "2017", 1)])


def sink(name, fmt, frame, keys, **more):
    s = glue.getSink(connection_type="s3", path=f"{top}lake/{name}/", enableUpdateCatalog=True, partitionKeys=keys, **more)
    s.setFormat(fmt)
    s.setCatalogInfo(catalogDatabase="lake", catalogTableName=name)
    s.writeFrame(frame)


@check
def get_sink():
    sink("made", "glueparquet", frame_of([(1, "a", "2013"), (2, "b", "2014")], "Id int, v string, y string"), ["y"])
    same(columns("made"), [("id", "int"), ("v", "string")])
    same(partitions("made"), [("2013",), ("2014",)])
    more = frame_of([(3, 1.5, "2014"), (4, 2.5, "2015")], "id int, amount double, y string")
    sink("made", "glueparquet", more, ["y"], updateBehavior="UPDATE_IN_DATABASE")
    same(columns("made"), [("id", "int"), ("v", "string"), ("amount", "double")])
    same(partitions("made"), [("2013",), ("2014",), ("2015",)])
    got = glue.create_data_frame.from_catalog(database="lake", table_name="made")
    same(sorted((tuple(r) for r in got.collect()), key=lambda r: r[0]), [(1, "a", None, "2013"), (2, "b", None, "2014"), (3, None, 1.5, "2014"), (4, None, 2.5, "2015")])
    try:
        sink("made", "glueparquet", more, [])
    except Exception as e:
        assert "partitionKeys" in str(e), e
    else:
        raise AssertionError("other partition keys are no error")


@check
def get_sink_csv():
    s = glue.getSink(connection_type="s3", path=f"{top}lake/text/", enableUpdateCatalog=True)
    s.setFormat("csv")
    s.setCatalogInfo(catalogDatabase="lake", catalogTableName="text")
    s.writeFrame(frame_of([(1, "a,b"), (2, 'c"d'), (3, "e\\f")], "id int, v string"))
    got = glue.create_data_frame.from_catalog(database="lake", table_name="text")
    same(sorted((int(r[0]), r[1]) for r in got.collect()), [(1, "a,b"), (2, 'c"d'), (3, "e\\f")])


@check
def iceberg():
    name = "glue_catalog.lake.ice"
    spark.sql(f"create table {name} (id int, v string, day date) using iceberg partitioned by (day)")
    spark.sql(f"insert into {name} values (1, 'a', date '2013-01-01'), (2, 'b', date '2013-01-02')")
    spark.createDataFrame([(2, "B", "2013-01-02"), (3, "C", "2013-01-03")], "id int, v string, day string").createOrReplaceTempView("changes")
    spark.sql(f"""merge into {name} t using (select id, v, cast(day as date) as day from changes) s on t.id = s.id
        when matched then update set v = s.v when not matched then insert *""")
    same([(r.id, r.v) for r in spark.sql(f"select id, v from {name} order by id").collect()], [(1, "a"), (2, "B"), (3, "C")])
    same(table("ice")["Parameters"]["table_type"].upper(), "ICEBERG")
    assert table("ice")["StorageDescriptor"]["Location"].startswith(top + "lake/"), table("ice")["StorageDescriptor"]["Location"]


@check
def iceberg_by_catalog():
    got = glue.create_data_frame.from_catalog(database="lake", table_name="ice")
    same(got.count(), 3)
    more = frame_of([(4, "D", "2013-01-04")], "id int, v string, day string").apply_mapping(
        [("id", "int", "id", "int"), ("v", "string", "v", "string"), ("day", "string", "day", "date")]
    )
    glue.write_dynamic_frame.from_catalog(frame=more, database="lake", table_name="ice")
    same(glue.create_dynamic_frame.from_catalog(database="lake", table_name="ice").count(), 4)
    more.toDF().writeTo("glue_catalog.lake.ice2").using("iceberg").createOrReplace()
    same(spark.table("glue_catalog.lake.ice2").count(), 1)


job.commit()
if failed:
    raise SystemExit("failed: " + ", ".join(failed))
print("RESULT ok")
