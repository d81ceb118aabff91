"""Drives the catalog by clients that know nothing of tarn: boto3, awswrangler, pyiceberg. Ends with the word done."""
import io, os, sys, traceback
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint = os.environ["AWS_ENDPOINT_URL"]
glue = boto3.client("glue", config=Config(retries={"max_attempts": 1}))
s3 = boto3.client("s3")
s3.create_bucket(Bucket="lake")


def refused(code, text, call, **kw):
    try:
        call(**kw)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, (code, e)
        assert text in e.response["Error"]["Message"], (text, e)
        assert e.response["ResponseMetadata"]["HTTPStatusCode"] == 400, e.response
        return e
    raise AssertionError(f"{code} was not raised")


def plain():
    glue.create_database(DatabaseInput={"Name": "MixedCase", "Description": "", "Parameters": {}}, Tags={"team": "air"})
    refused("AlreadyExistsException", "Database already exists.", glue.create_database, DatabaseInput={"Name": "mixedcase"})
    refused("EntityNotFoundException", "Database none not found.", glue.get_database, Name="none")
    db = glue.get_database(Name="MIXEDCASE")["Database"]
    assert db["Name"] == "mixedcase" and db["Description"] == "" and db["CatalogId"] == "000000000000", db
    assert db["CreateTableDefaultPermissions"][0]["Permissions"] == ["ALL"], db
    arn = "arn:aws:glue:us-east-1:000000000000:database/mixedcase"
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "air"}
    glue.tag_resource(ResourceArn=arn, TagsToAdd={"more": "x"})
    glue.untag_resource(ResourceArn=arn, TagsToRemove=["team"])
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"more": "x"}
    refused("EntityNotFoundException", "not found", glue.get_tags, ResourceArn=arn + "x")

    table = {"Name": "T1", "StorageDescriptor": {"Columns": [{"Name": "A", "Type": "struct<Aa:int>"}], "Location": "s3://lake/t1"},
             "PartitionKeys": [{"Name": "Year", "Type": "int"}, {"Name": "kind", "Type": "string"}], "Parameters": {"x": ""}}
    glue.create_table(DatabaseName="mixedcase", TableInput=table)
    t = glue.get_table(DatabaseName="mixedcase", Name="t1")["Table"]
    sd = t["StorageDescriptor"]
    assert t["Name"] == "t1" and sd["Columns"] == [{"Name": "a", "Type": "struct<Aa:int>"}] and t["PartitionKeys"][0]["Name"] == "year", t
    assert t["VersionId"] == "0" and t["Retention"] == 0 and t["Parameters"] == {"x": ""} and not t["IsRegisteredWithLakeFormation"], t
    assert sd["Compressed"] is False and sd["SortColumns"] == [] and sd["Parameters"] == {}, sd
    refused("EntityNotFoundException", "Table none not found.", glue.get_table, DatabaseName="mixedcase", Name="none")
    refused("EntityNotFoundException", "Database none not found.", glue.get_table, DatabaseName="none", Name="none")

    # Versions, and one winner among writers of the same version.
    table["Parameters"] = {"n": "1"}
    glue.update_table(DatabaseName="mixedcase", TableInput=table)
    def write(i):
        t = dict(table, Parameters={"n": str(i)})
        try:
            boto3.client("glue").update_table(DatabaseName="mixedcase", TableInput=t, VersionId="1", SkipArchive=True)
            return i
        except ClientError as e:
            assert e.response["Error"]["Code"] == "ConcurrentModificationException", e
            assert "Update table failed due to concurrent modifications." in str(e)
    with ThreadPoolExecutor(8) as pool:
        winners = [i for i in pool.map(write, range(8)) if i is not None]
    assert len(winners) == 1, winners
    t = glue.get_table(DatabaseName="mixedcase", Name="T1")["Table"]
    assert t["VersionId"] == "2" and t["Parameters"] == {"n": str(winners[0])}, t
    versions = glue.get_table_versions(DatabaseName="mixedcase", TableName="t1")["TableVersions"]
    assert [v["VersionId"] for v in versions] == ["2", "0"], versions
    refused("InvalidInputException", "current version", glue.delete_table_version, DatabaseName="mixedcase", TableName="t1", VersionId="2")
    bad = glue.batch_delete_table_version(DatabaseName="mixedcase", TableName="t1", VersionIds=["0", "9"])["Errors"]
    assert [(e["VersionId"], e["ErrorDetail"]["ErrorCode"]) for e in bad] == [("9", "EntityNotFoundException")], bad

    # Partitions.
    parts = [{"Values": [str(y), k], "StorageDescriptor": dict(table["StorageDescriptor"], Location=f"s3://lake/t1/{y}/{k}")} for y in range(2000, 2050) for k in ("a", "b")]
    assert glue.batch_create_partition(DatabaseName="mixedcase", TableName="t1", PartitionInputList=parts)["Errors"] == []
    again = glue.batch_create_partition(DatabaseName="mixedcase", TableName="t1", PartitionInputList=parts[:1])["Errors"]
    assert again[0]["ErrorDetail"] == {"ErrorCode": "AlreadyExistsException", "ErrorMessage": "Partition already exists."}, again
    pages = glue.get_paginator("get_partitions")
    def values(**kw):
        return sorted(tuple(p["Values"]) for page in pages.paginate(DatabaseName="mixedcase", TableName="t1", **kw) for p in page["Partitions"])
    assert len(values()) == 100 and len(values(PaginationConfig={"PageSize": 7})) == 100
    assert values(Expression="year > 2047 AND kind = 'a'") == [("2048", "a"), ("2049", "a")]
    assert values(Expression="YEAR in (2001, '2002') and NOT kind like 'a%'", PaginationConfig={"PageSize": 1}) == [("2001", "b"), ("2002", "b")]
    segments = [values(Segment={"SegmentNumber": i, "TotalSegments": 4}) for i in range(4)]
    assert sorted(sum(segments, [])) == values() and all(segments), segments
    thin = glue.get_partitions(DatabaseName="mixedcase", TableName="t1", ExcludeColumnSchema=True)["Partitions"][0]
    assert "Columns" not in thin["StorageDescriptor"], thin
    refused("InvalidInputException", "Invalid partition expression!", glue.get_partitions, DatabaseName="mixedcase", TableName="t1", Expression="a = 1")
    refused("InvalidInputException", '"x" is not an integer.', glue.get_partitions, DatabaseName="mixedcase", TableName="t1", Expression="year = 'x'")
    refused("InvalidInputException", "Invalid next token", glue.get_partitions, DatabaseName="mixedcase", TableName="t1", NextToken="x")
    refused("EntityNotFoundException", "Cannot find partition.", glue.get_partition, DatabaseName="mixedcase", TableName="t1", PartitionValues=["1999", "a"])
    refused("InvalidInputException", "number of partition keys", glue.get_partition, DatabaseName="mixedcase", TableName="t1", PartitionValues=["1999"])
    glue.update_partition(DatabaseName="mixedcase", TableName="t1", PartitionValueList=["2000", "a"], PartitionInput=dict(parts[0], Values=["1990", "A"]))
    got = glue.batch_get_partition(DatabaseName="mixedcase", TableName="t1", PartitionsToGet=[{"Values": ["2000", "a"]}, {"Values": ["1990", "A"]}])
    assert [p["Values"] for p in got["Partitions"]] == [["1990", "A"]] and got["UnprocessedKeys"] == [], got
    bad = glue.batch_update_partition(DatabaseName="mixedcase", TableName="t1", Entries=[{"PartitionValueList": ["1", "2"], "PartitionInput": {"Values": ["1", "2"]}}])["Errors"]
    assert bad[0]["PartitionValueList"] == ["1", "2"], bad
    bad = glue.batch_delete_partition(DatabaseName="mixedcase", TableName="t1", PartitionsToDelete=[{"Values": ["1990", "A"]}, {"Values": ["1", "2"]}])["Errors"]
    assert [e["PartitionValues"] for e in bad] == [["1", "2"]], bad
    glue.create_partition_index(DatabaseName="mixedcase", TableName="t1", PartitionIndex={"Keys": ["year"], "IndexName": "by_year"})
    ix = glue.get_partition_indexes(DatabaseName="mixedcase", TableName="t1")["PartitionIndexDescriptorList"]
    assert ix[0]["IndexStatus"] == "ACTIVE" and ix[0]["Keys"] == [{"Name": "year", "Type": "int"}], ix
    refused("InvalidInputException", '"late" is not an integer.', glue.create_partition, DatabaseName="mixedcase", TableName="t1", PartitionInput=dict(parts[0], Values=["late", "a"]))

    # Listing.
    for n in ("foo", "foobar", "bar"):
        glue.create_table(DatabaseName="mixedcase", TableInput={"Name": n})
    def names(**kw):
        return [t["Name"] for page in glue.get_paginator("get_tables").paginate(DatabaseName="mixedcase", **kw) for t in page["TableList"]]
    assert names() == ["bar", "foo", "foobar", "t1"] and names(PaginationConfig={"PageSize": 1}) == names()
    assert names(Expression="foo") == ["foo"] and names(Expression="foo.*") == names(Expression="foo*") == ["foo", "foobar"]
    assert names(Expression="FOO|bar") == ["bar", "foo"] and names(AttributesToGet=["NAME"]) == names()
    refused("InvalidInputException", "not a regular expression", glue.get_tables, DatabaseName="mixedcase", Expression="a(")
    assert [t["Name"] for t in glue.search_tables(SearchText="foo")["TableList"]] == ["foo", "foobar"]
    bad = glue.batch_delete_table(DatabaseName="mixedcase", TablesToDelete=["foo", "none"])["Errors"]
    assert [e["TableName"] for e in bad] == ["none"], bad

    stats = {"ColumnName": "a", "ColumnType": "int", "AnalyzedTime": 0, "StatisticsData": {"Type": "LONG", "LongColumnStatisticsData": {"MinimumValue": 1, "MaximumValue": 9, "NumberOfNulls": 0, "NumberOfDistinctValues": 9}}}
    assert glue.update_column_statistics_for_table(DatabaseName="mixedcase", TableName="t1", ColumnStatisticsList=[stats]).get("Errors") == []
    got = glue.get_column_statistics_for_table(DatabaseName="mixedcase", TableName="t1", ColumnNames=["a", "year"])
    assert got["ColumnStatisticsList"][0]["StatisticsData"]["LongColumnStatisticsData"]["MaximumValue"] == 9 and got["Errors"][0]["ColumnName"] == "year", got

    # Connections keep their secrets to themselves.
    glue.create_connection(ConnectionInput={"Name": "Ops", "ConnectionType": "JDBC", "ConnectionProperties": {"JDBC_CONNECTION_URL": "jdbc:postgresql://h/db", "USERNAME": "u", "PASSWORD": "hunter2"}})
    assert glue.get_connection(Name="Ops")["Connection"]["ConnectionProperties"]["PASSWORD"] == "hunter2"
    assert "PASSWORD" not in glue.get_connection(Name="Ops", HidePassword=True)["Connection"]["ConnectionProperties"]
    refused("EntityNotFoundException", "not found", glue.get_connection, Name="ops")
    refused("InvalidInputException", "USERNAME and PASSWORD", glue.create_connection, ConnectionInput={"Name": "x", "ConnectionType": "JDBC", "ConnectionProperties": {"JDBC_CONNECTION_URL": "jdbc:x"}})

    # What Athena's clients ask to learn that tables are in Glue.
    assert glue.get_catalog_import_status()["ImportStatus"] == {"ImportCompleted": True}
    assert glue.get_catalog_import_status(CatalogId="000000000000")["ImportStatus"]["ImportCompleted"] is True
    refused("EntityNotFoundException", "Catalog 999999999999 not found.", glue.get_catalog_import_status, CatalogId="999999999999")
    refused("ValidationException", "'catalogId' failed to satisfy", glue.get_catalog_import_status, CatalogId="a\nb")

    # What Hive and Trino ask before anything else.
    assert glue.get_user_defined_functions(DatabaseName="mixedcase", Pattern=".*")["UserDefinedFunctions"] == []
    glue.create_user_defined_function(DatabaseName="mixedcase", FunctionInput={"FunctionName": "F", "ClassName": "x.F", "OwnerName": "me", "OwnerType": "USER"})
    assert [f["FunctionName"] for f in glue.get_user_defined_functions(Pattern="f|g")["UserDefinedFunctions"]] == ["f"]

    glue.create_database(DatabaseInput={"Name": "link", "TargetDatabase": {"CatalogId": "000000000000", "DatabaseName": "mixedcase"}})
    assert [t["Name"] for t in glue.get_tables(DatabaseName="link")["TableList"]] == ["bar", "foobar", "t1"]
    glue.delete_database(Name="link")
    refused("EntityNotFoundException", "Table none not found.", glue.delete_table, DatabaseName="mixedcase", Name="none")
    refused("ValidationException", "", glue.batch_delete_partition, DatabaseName="mixedcase", TableName="t1", PartitionsToDelete=[{"Values": ["1", "2"]}] * 26)
    glue.delete_database(Name="mixedcase")
    assert "mixedcase" not in [d["Name"] for d in glue.get_databases()["DatabaseList"]]
    glue.create_database(DatabaseInput={"Name": "mixedcase"})
    assert glue.get_tables(DatabaseName="mixedcase")["TableList"] == []
    glue.delete_database(Name="mixedcase")


def wrangler():
    import awswrangler as wr
    import pandas as pd
    wr.config.s3_endpoint_url = wr.config.glue_endpoint_url = wr.config.sts_endpoint_url = endpoint
    wr.catalog.create_database("wr")
    frame = pd.DataFrame({"id": [1, 2, 3], "name": ["a", "b", None], "day": ["2020-01-01", "2020-01-01", "2020-01-02"]})
    for mode in ("overwrite", "append"):
        wr.s3.to_parquet(frame, path="s3://lake/wr/t/", dataset=True, database="wr", table="t", partition_cols=["day"], mode=mode)
    assert wr.catalog.does_table_exist("wr", "t") and wr.catalog.table("wr", "t").shape[0] == 3
    assert sorted(wr.catalog.get_parquet_partitions("wr", "t").values()) == [["2020-01-01"], ["2020-01-02"]]
    back = wr.s3.read_parquet_table(database="wr", table="t")
    assert len(back) == 6 and int(back.id.sum()) == 12, back
    wider = frame.assign(extra=[1.5, 2.5, 3.5])
    wr.s3.to_parquet(wider, path="s3://lake/wr/t/", dataset=True, database="wr", table="t", partition_cols=["day"], mode="append")
    assert wr.catalog.get_table_types("wr", "t")["extra"] == "double"
    wr.s3.to_csv(frame, path="s3://lake/wr/c/", dataset=True, database="wr", table="c", index=False)
    assert [t["Name"] for t in wr.catalog.get_tables(database="wr", name_contains="c")] == ["c"]
    assert wr.catalog.delete_all_partitions(table="t", database="wr") and wr.catalog.delete_table_if_exists("wr", "t")
    wr.catalog.delete_database("wr")


def iceberg():
    import pyarrow as pa
    from pyiceberg.catalog import load_catalog
    from pyiceberg.exceptions import CommitFailedException, NamespaceNotEmptyError, NoSuchTableError
    catalog = load_catalog("glue", **{"type": "glue", "glue.endpoint": endpoint, "s3.endpoint": endpoint, "warehouse": "s3://lake/ice",
                                      "glue.region": "us-east-1", "s3.region": "us-east-1"})
    catalog.create_namespace("ice")
    rows = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "name": ["a", "b", "c"]})
    table = catalog.create_table("ice.t", schema=rows.schema)
    table.append(rows)
    other = catalog.load_table("ice.t")
    other.append(rows)
    try:
        table.append(rows)  # made from what is no longer current
        stale = False
    except CommitFailedException:
        stale = True
    table = catalog.load_table("ice.t")
    n = table.scan().to_arrow().num_rows
    assert n in ((6,) if stale else (9,)), n
    with table.update_schema() as u:
        from pyiceberg.types import DoubleType
        u.add_column("extra", DoubleType())
    assert len(catalog.load_table("ice.t").history()) >= 2
    raw = glue.get_table(DatabaseName="ice", Name="t")["Table"]
    assert raw["Parameters"]["table_type"] == "ICEBERG" and raw["PartitionKeys"] == [] and raw["TableType"] == "EXTERNAL_TABLE", raw
    assert [c["Name"] for c in raw["StorageDescriptor"]["Columns"]] == ["id", "name", "extra"], raw
    assert catalog.list_tables("ice") == [("ice", "t")] and ("ice",) in catalog.list_namespaces()
    try:
        catalog.drop_namespace("ice")
        raise AssertionError("a full namespace was dropped")
    except NamespaceNotEmptyError:
        pass
    catalog.rename_table("ice.t", "ice.u")
    catalog.drop_table("ice.u")
    try:
        catalog.load_table("ice.u")
        raise AssertionError("a dropped table was loaded")
    except NoSuchTableError:
        pass
    catalog.drop_namespace("ice")


failed = False
for part in (plain, wrangler, iceberg):
    try:
        part()
        print("ok", part.__name__)
    except Exception:
        traceback.print_exc()
        failed = True
print("failed" if failed else "done")
sys.exit(failed)
