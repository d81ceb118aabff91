"""Loads a table of the lake into Redshift: into a staging table first, then in its place in one transaction."""
import json
import time

import boto3

with open(__file__, encoding="utf-8") as f:
    STEP = json.loads(f.readline().split(" v1 ", 1)[1])

api = boto3.client("redshift-data")
where = {"Database": STEP.get("warehouse_database") or "dev"}
if STEP.get("cluster"):
    where["ClusterIdentifier"] = STEP["cluster"]
else:
    where["WorkgroupName"] = STEP.get("workgroup") or "default"


def ident(name):
    return '"' + name.replace('"', '""') + '"'


def run(*statements):
    """One statement by itself, several as one transaction."""
    if len(statements) == 1:
        run_id = api.execute_statement(Sql=statements[0], **where)["Id"]
    else:
        run_id = api.batch_execute_statement(Sqls=list(statements), **where)["Id"]
    while True:
        state = api.describe_statement(Id=run_id)
        if state["Status"] == "FINISHED":
            return
        if state["Status"] in ("FAILED", "ABORTED"):
            raise RuntimeError("%s: %s" % (state["Status"], state.get("Error", "no reason given")))
        time.sleep(0.5)


schema, table = ident(STEP["schema"]), STEP["table"]
staging = schema + "." + ident(table + "__new")
keys = ""
dist = STEP.get("dist", "")
if dist.lower() in ("even", "all", "auto"):
    keys += " DISTSTYLE " + dist.upper()
elif dist:
    keys += " DISTKEY (%s)" % ident(dist)
if STEP.get("sort"):
    keys += " SORTKEY (%s)" % ", ".join(ident(c) for c in STEP["sort"])

run("CREATE SCHEMA IF NOT EXISTS " + schema)
run("DROP TABLE IF EXISTS " + staging)
run("CREATE TABLE %s%s AS SELECT * FROM %s.%s" % (staging, keys, ident(STEP["external_schema"]), ident(table)))
run("DROP TABLE IF EXISTS %s.%s" % (schema, ident(table)), "ALTER TABLE %s RENAME TO %s" % (staging, ident(table)))
print("loaded %s.%s" % (STEP["schema"], table))

if STEP.get("data_sets"):
    account = boto3.client("sts").get_caller_identity()["Account"]
    quicksight = boto3.client("quicksight")
    for data_set in STEP["data_sets"]:
        ingestion = {"AwsAccountId": account, "DataSetId": data_set, "IngestionId": "load-%d" % time.time_ns()}
        quicksight.create_ingestion(**ingestion)
        while True:
            state = quicksight.describe_ingestion(**ingestion)["Ingestion"]
            if state["IngestionStatus"] == "COMPLETED":
                break
            if state["IngestionStatus"] in ("FAILED", "CANCELLED"):
                raise RuntimeError("data set %s: %s" % (data_set, state.get("ErrorInfo", {}).get("Message", state["IngestionStatus"])))
            time.sleep(0.5)
        print("refreshed data set " + data_set)
