"""Frames: reading files, and every transform. Each check stands alone; the run fails if one does."""

import datetime
import sys
import time
import traceback

import extra_package
from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame, DynamicFrameCollection
from awsglue.job import Job
from awsglue.transforms import (
    ApplyMapping,
    DropFields,
    DropNullFields,
    Filter,
    FlatMap,
    Join,
    Map,
    Relationalize,
    RenameField,
    ResolveChoice,
    SelectFields,
    SelectFromCollection,
    Spigot,
    SplitFields,
    SplitRows,
    Unbox,
)
from awsglue.utils import GlueArgumentError, getResolvedOptions
from extra_module import small
from pyspark.context import SparkContext

args = getResolvedOptions(sys.argv, ["JOB_NAME", "TempDir", "bucket"])
glue = GlueContext(SparkContext.getOrCreate())
spark = glue.spark_session
job = Job(glue)
job.init(args["JOB_NAME"], args)
top = f"s3://{args['bucket']}/"
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


def refused(what, kind, *words):
    try:
        what()
    except kind as e:
        assert all(w in str(e) for w in words), e
    else:
        raise AssertionError("it is not refused")


def rows(frame, *order):
    df = frame.toDF() if isinstance(frame, DynamicFrame) else frame
    return [r.asDict(recursive=True) for r in (df.orderBy(*order) if order else df).collect()]


def kinds(frame):
    return {f.name: f.dataType.simpleString() for f in frame.toDF().schema.fields}


def read(folder, fmt, **options):
    return glue.create_dynamic_frame.from_options("s3", {"paths": [top + folder], "recurse": True}, fmt, options)


people = read("in/people/", "json")


@check
def arguments():
    same(args["JOB_NAME"], "frames")
    same(getResolvedOptions(["x", "--a", "1", "--b=2=3", "--c"], ["a", "b", "c"]), {"a": "1", "b": "2=3", "c": ""})
    got = getResolvedOptions(sys.argv, ["dashed_name", "empty", "number"])
    # What Job.init needs comes back unasked.
    same({k: v for k, v in got.items() if not k.startswith("JOB_")}, {"dashed_name": "a value", "empty": "", "number": "-1"})
    try:
        getResolvedOptions(sys.argv, ["absent"])
    except GlueArgumentError as e:
        assert "--absent" in str(e), e
    else:
        raise AssertionError("a missing argument is no error")


@check
def csv():
    frame = read("in/carriers/", "csv", separator="|", quoteChar="'", withHeader=True)
    same(rows(frame, "id"), [{"id": "1", "name": "Delta | Air", "note": "it's"}, {"id": "2", "name": "United", "note": None}])
    frame = read("in/plain/", "csv")
    same(rows(frame, "col1"), [{"col0": "x", "col1": "1"}, {"col0": 'y "quoted", z', "col1": "2"}])
    named = glue.create_dynamic_frame.from_options(
        "s3", {"paths": [top + "in/plain/"], "attachFilename": "file"}, "csv", {"skipFirst": True}
    )
    same(rows(named), [{"col0": 'y "quoted", z', "col1": "2", "file": top + "in/plain/a.csv"}])


@check
def json():
    same(people.count(), 3)
    same(kinds(people)["who"], "struct<age:string,name:string>")
    same(kinds(people)["tags"], "array<string>")
    deep = glue.create_dynamic_frame.from_options(
        connection_type="s3",
        connection_options={"paths": [top + "in/deep/"], "recurse": True, "exclusions": '["**/skip*"]'},
        format="json",
        transformation_ctx="deep",
    )
    same(rows(deep, "v"), [{"v": 1, "y": "2013"}, {"v": 2, "y": "2014"}])


@check
def apply_mapping():
    frame = ApplyMapping.apply(
        frame=people,
        mappings=[
            ("who.name", "string", "name", "string"),
            ("id", "bigint", "key", "int"),
            ("who.age", "string", "person.age", "int"),
            ("delay", "string", "delay", "decimal(6,2)"),
            ("when", "string", "when", "timestamp"),
            ("tags", "array", "tags", "array"),
            ("absent", "string", "absent", "string"),
        ],
        transformation_ctx="mapped",
    )
    same(list(kinds(frame).items())[:4], [("name", "string"), ("key", "int"), ("person", "struct<age:int>"), ("delay", "decimal(6,2)")])
    same(frame.toDF().columns, ["name", "key", "person", "delay", "when", "tags"])
    got = rows(frame, "key")
    same([(r["name"], r["person"]["age"], float(r["delay"]) if r["delay"] else None, r["tags"]) for r in got],
         [("Ann", 41, 12.5, ["a", "b"]), ("Bob", None, None, []), (None, None, None, None)])
    same([r["when"] for r in got], [datetime.datetime(2013, 1, 2, 3, 4, 5), None, None])


@check
def fields():
    same(SelectFields.apply(frame=people, paths=["delay", "id", "absent"]).toDF().columns, ["delay", "id"])
    same(kinds(SelectFields.apply(people, ["who.name"])), {"who": "struct<name:string>"})
    dropped = DropFields.apply(frame=people, paths=["who.age", "tags", "absent", "empty"])
    same(kinds(dropped), {"delay": "string", "id": "bigint", "when": "string", "who": "struct<name:string>"})
    renamed = RenameField.apply(frame=dropped, old_name="delay", new_name="late")
    renamed = RenameField.apply(frame=renamed, old_name="who.name", new_name="who.label")
    same([(r["late"], r["who"]) for r in rows(renamed, "id")], [("12.5", {"label": "Ann"}), ("NA", {"label": "Bob"}), (None, None)])
    dotted = people.rename_field("id", "`the.id`").rename_field("`the.id`", "number")
    assert "number" in dotted.toDF().columns, dotted.toDF().columns
    flat = people.unnest()
    same(sorted(flat.toDF().columns), ["delay", "empty", "id", "tags", "when", "who.age", "who.name"])
    same(flat.apply_mapping([("`who.name`", "string", "n", "string")]).toDF().columns, ["n"])


@check
def drop_null_fields():
    same(DropNullFields.apply(frame=people).toDF().columns, ["delay", "id", "tags", "when", "who"])


@check
def filter_rows():
    same([r["id"] for r in rows(Filter.apply(frame=people, f=lambda r: r["id"] > 1 and r["who"] is not None))], [2])
    limit = 2
    same([r["id"] for r in rows(people.filter(lambda r: r["id"] > limit))], [3])


@check
def filter_by_extra_module():
    same([r["id"] for r in rows(Filter.apply(frame=people, f=small))], [1])
    same(extra_package.double(4), 8)


@check
def filter_by_extra_package():
    same([r["id"] for r in rows(Filter.apply(frame=people, f=lambda r: extra_package.double(r["id"]) == 4))], [2])


@check
def map_rows():
    def change(record):
        record["id"] = record["id"] * 10
        record["name"] = record["who"]["name"] if record["who"] else None
        del record["who"]
        return record

    got = rows(Map.apply(frame=people, f=change), "id")
    same([(r["id"], r["name"], r["tags"]) for r in got], [(10, "Ann", ["a", "b"]), (20, "Bob", []), (30, None, None)])
    assert "who" not in got[0] and got[0]["empty"] is None, got


@check
def join():
    one = DynamicFrame.fromDF(spark.createDataFrame([(1, "a"), (2, "b"), (2, "c")], "id int, v string"), glue, "one")
    two = DynamicFrame.fromDF(spark.createDataFrame([(2, "x", True), (3, "y", False)], "id int, w string, `.o` boolean"), glue, "two")
    both = Join.apply(frame1=one, frame2=two, keys1=["id"], keys2=["id"], transformation_ctx="both")
    same(sorted(both.toDF().columns), [".id", ".o", "id", "v", "w"])
    same([(r["id"], r["v"], r[".id"], r["w"]) for r in rows(both, "v")], [(2, "b", 2, "x"), (2, "c", 2, "x")])
    same(both.drop_fields(["`.id`", "`.o`"]).toDF().columns, ["id", "v", "w"])
    itself = Join.apply(one, one, "id", "id")
    same(itself.count(), 5)
    other = Join.apply(one, two.rename_field("id", "key"), ["id"], ["key"])
    same(other.toDF().columns, ["id", "v", "key", "w", ".o"])
    same(other.count(), 2)


@check
def resolve_choice():
    frame = ResolveChoice.apply(frame=people, specs=[("delay", "cast:double"), ("who.age", "cast:int"), ("id", "project:string")])
    same({k: v for k, v in kinds(frame).items() if k in ("delay", "id", "who")}, {"delay": "double", "id": "string", "who": "struct<age:int,name:string>"})
    got = rows(frame, "id")
    same([(r["delay"], r["who"]) for r in got], [(12.5, {"age": 41, "name": "Ann"}), (None, {"age": None, "name": "Bob"}), (None, None)])
    same(people.resolveChoice(choice="make_cols").toDF().columns, people.toDF().columns)
    matched = people.resolveChoice(choice="match_catalog", database="lake", table_name="sales")
    same(kinds(matched)["id"], "int")


@check
def collections():
    both = DynamicFrameCollection({"a": people, "b": people}, glue)
    same(sorted(both.keys()), ["a", "b"])
    same(SelectFromCollection.apply(dfc=both, key="a").count(), 3)
    same([f.toDF().columns for f in FlatMap.apply(both, SelectFields, paths=["id"]).values()], [["id"], ["id"]])
    refused(lambda: both.select("c"), KeyError, "no frame 'c'", "'a', 'b'")


@check
def relationalize():
    nested = DynamicFrame.fromDF(
        spark.createDataFrame(
            [(1, [(1, "x", [5, 6]), (2, "y", [])], ["p", "q"], ("z", 3)), (2, None, [], None)],
            "id int, items array<struct<n:int,w:string,deep:array<int>>>, tags array<string>, s struct<a:string,b:int>",
        ),
        glue,
        "nested",
    )
    flat = Relationalize.apply(frame=nested, staging_path=args["TempDir"], name="root", transformation_ctx="flat")
    same(sorted(flat.keys()), ["root", "root_items", "root_items.val.deep", "root_tags"])
    top, second = rows(flat.select("root"), "id")
    same((top["s.a"], top["s.b"], second["items"], second["s.a"]), ("z", 3, None, None))
    items = rows(flat.select("root_items"), "index")
    same([(r["id"], r["index"], r["items.val.n"], r["items.val.w"]) for r in items], [(top["items"], 0, 1, "x"), (top["items"], 1, 2, "y")])
    deep = rows(flat.select("root_items.val.deep"), "index")
    same([(r["id"], r["items.val.deep.val"]) for r in deep], [(items[0]["items.val.deep"], 5), (items[0]["items.val.deep"], 6)])
    same([r["tags.val"] for r in rows(flat.select("root_tags"), "index")], ["p", "q"])
    refused(lambda: nested.relationalize("root", ""), ValueError, "staging path")


@check
def splits():
    parts = SplitRows.apply(frame=people, comparison_dict={"id": {">": 1, "<": 3}}, name1="middle", name2="rest")
    same([[r["id"] for r in rows(parts.select(n), "id")] for n in ("middle", "rest")], [[2], [1, 3]])
    fields = SplitFields.apply(frame=people, paths=["id", "who.name"], name1="l", name2="r")
    same(kinds(fields.select("l")), {"id": "bigint", "who": "struct<name:string>"})
    same(sorted(fields.select("r").toDF().columns), ["delay", "empty", "tags", "when", "who"])
    few = people.select_fields(["id", "delay"])
    stage = DynamicFrame.fromDF(spark.createDataFrame([(2, "0"), (4, "1")], "id long, delay string"), glue, "stage")
    same([(r["id"], r["delay"]) for r in rows(few.mergeDynamicFrame(stage, ["id"]), "id")], [(1, "12.5"), (2, "0"), (3, None), (4, "1")])


@check
def unbox():
    texts = DynamicFrame.fromDF(spark.createDataFrame([('{"a": 1, "b": {"c": 1.5}}',), ('{"a": 2, "d": [true]}',)], "j string"), glue, "texts")
    boxed = Unbox.apply(frame=texts, path="j", format="json")
    same(kinds(boxed), {"j": "struct<a:bigint,b:struct<c:double>,d:array<boolean>>"})
    same([r["j"]["a"] for r in rows(boxed, "j.a")], [1, 2])
    refused(lambda: texts.unbox("j", "xml"), NotImplementedError, "xml")


@check
def spigot():
    same(Spigot.apply(frame=people, path=top + "out/sample/", options={"topk": 2}).count(), 3)
    same(read("out/sample/", "json").count(), 2)


@check
def json_path():
    frame = read("in/document/", "json", jsonPath="$.records[*]", multiline=True)
    same([(r["a"], r["b"]) for r in rows(frame, "a")], [(1, {"c": "x"}), (2, None)])


@check
def what_is_not_there():
    refused(lambda: people.simplify_ddb_json(), NotImplementedError, "simplify_ddb_json", "apply_mapping")
    refused(lambda: glue.forEachBatch(), NotImplementedError, "forEachBatch", "bookmark")
    refused(lambda: __import__("awsglue.transforms", fromlist=["FillMissingValues"]).FillMissingValues, NotImplementedError, "fillna")
    refused(lambda: __import__("awsgluedq.transforms", fromlist=["x"]).EvaluateDataQuality, NotImplementedError, "EvaluateDataQuality")


@check
def shows():
    people.printSchema()
    people.show(2)
    same(sorted(people.schema().fieldNames()), ["delay", "empty", "id", "tags", "when", "who"])
    same(people.repartition(2).coalesce(1).count(), 3)
    same(people.union(people).count(), 6)
    same(people.errorsCount(), 0)


def written(folder, fmt, frame, options=None, **connection):
    glue.write_dynamic_frame.from_options(
        frame=frame, connection_type="s3", connection_options={"path": top + folder, **connection}, format=fmt, format_options=options or {}
    )
    return read(folder, fmt, **({"withHeader": True, **(options or {})} if fmt == "csv" else {}))


few = DynamicFrame.fromDF(spark.createDataFrame([(1, "a,b", "x y"), (2, 'q"q', "z/w"), (3, None, None)], "id int, v string, k string"), glue, "few")


@check
def write_json():
    back = written("out/json/", "json", few)
    same([(r["id"], r.get("v"), r.get("k")) for r in rows(back, "id")], [(1, "a,b", "x y"), (2, 'q"q', "z/w"), (3, None, None)])


@check
def write_csv():
    back = written("out/csv/", "csv", few)
    same([(r["id"], r["v"]) for r in rows(back, "id")], [("1", "a,b"), ("2", 'q"q'), ("3", None)])
    back = written("out/psv/", "csv", few, {"separator": "|", "quoteChar": "-1"}, compression="gzip")
    same([(r["id"], r["v"]) for r in rows(back, "id")], [("1", "a,b"), ("2", 'q"q'), ("3", None)])


@check
def write_parquet():
    back = written("out/parquet/", "parquet", few, partitionKeys=["k"])
    same([(r["id"], r["v"], r["k"]) for r in rows(back, "id")], [(1, "a,b", "x y"), (2, 'q"q', "z/w"), (3, None, None)])
    # A second write adds to the first.
    back = written("out/parquet/", "glueparquet", few, {"compression": "snappy"}, partitionKeys=["k"])
    same(back.count(), 6)


job.commit()
if failed:
    raise SystemExit("failed: " + ", ".join(failed))
print("RESULT ok")
