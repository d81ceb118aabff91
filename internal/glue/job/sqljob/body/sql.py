"""Runs a SELECT with DuckDB and lands its answer as an Iceberg table of the Glue catalog."""
import datetime
import json
import os
import re
import sys
import tempfile
from urllib.parse import quote
from zoneinfo import ZoneInfo

import boto3
import duckdb
import pyarrow as pa
from pyiceberg.catalog import load_catalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.expressions import And, GreaterThanOrEqual, LessThan
from pyiceberg.transforms import DayTransform, HourTransform, IdentityTransform, MonthTransform, YearTransform

with open(__file__, encoding="utf-8") as f:
    STEP = json.loads(f.readline().split(" v1 ", 1)[1])
ARGS = {k[2:]: v for k, v in zip(sys.argv, sys.argv[1:]) if k.startswith("--")}

glue, s3 = boto3.client("glue"), boto3.client("s3")
settings = {"client.region": boto3.session.Session().region_name or "us-east-1"}
if os.environ.get("AWS_ENDPOINT_URL"):
    settings.update({"glue.endpoint": os.environ["AWS_ENDPOINT_URL"], "s3.endpoint": os.environ["AWS_ENDPOINT_URL"]})
settings["s3.region"] = settings["client.region"]
catalog = load_catalog("glue", type="glue", **settings)
con = duckdb.connect()
con.execute("SET TimeZone = 'UTC'")
scratch = tempfile.mkdtemp()
con.execute("SET temp_directory = '%s/spill'" % scratch)


def ident(name):
    return '"' + name.replace('"', '""') + '"'


def text(value):
    return "'" + value.replace("'", "''") + "'"


def tables(node, found):
    """All tables that a parsed SELECT names."""
    if isinstance(node, dict):
        if node.get("type") == "BASE_TABLE":
            found.add((node["schema_name"].lower(), node["table_name"].lower()))
        for child in node.values():
            tables(child, found)
    elif isinstance(node, list):
        for child in node:
            tables(child, found)
    return found


def interval():
    zone = ZoneInfo(STEP.get("timezone") or "UTC")
    start, end = ARGS.get("start"), ARGS.get("end")
    if not (start and end) and ARGS.get("WORKFLOW_RUN_ID"):
        run = glue.get_workflow_run_properties(Name=ARGS["WORKFLOW_NAME"], RunId=ARGS["WORKFLOW_RUN_ID"])["RunProperties"]
        start, end = start or run.get("start"), end or run.get("end")
    if not (start and end):
        raise SystemExit("this run has no interval for $start and $end: give --start and --end")

    def local(value):
        t = datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
        return t.astimezone(zone).replace(tzinfo=None) if t.tzinfo else t

    return local(start), local(end)


def widen(transform, start, end):
    """Whole partitions round an interval."""
    unit = {"hour": "hour", "day": "day", "month": "month", "year": "year"}[transform]
    return con.execute(
        f"SELECT date_trunc('{unit}', $a::TIMESTAMP), CASE WHEN date_trunc('{unit}', $b::TIMESTAMP) = $b THEN $b::TIMESTAMP "
        f"ELSE date_trunc('{unit}', $b::TIMESTAMP) + INTERVAL 1 {unit} END", {"a": start, "b": end}).fetchone()


def duck_type(hive):
    """A Hive type in DuckDB's words."""
    hive = hive.strip()
    low = hive.lower()
    simple = {"string": "VARCHAR", "int": "INTEGER", "binary": "BLOB", "decimal": "DECIMAL(10,0)", "timestamptz": "TIMESTAMPTZ"}
    if "<" not in hive:
        return simple.get(low, "VARCHAR" if low.startswith(("char", "varchar")) else hive)
    kind, inner = low.split("<", 1)[0], hive[hive.index("<") + 1 : hive.rindex(">")]
    parts, depth, last = [], 0, 0
    for i, c in enumerate(inner):
        depth += (c in "<(") - (c in ">)")
        if c == "," and depth == 0:
            parts.append(inner[last:i])
            last = i + 1
    parts.append(inner[last:])
    if kind == "array":
        return duck_type(inner) + "[]"
    if kind == "map":
        return "MAP(%s, %s)" % (duck_type(parts[0]), duck_type(parts[1]))
    fields = [p.split(":", 1) for p in parts]
    return "STRUCT(%s)" % ", ".join(ident(n.strip().strip("`")) + " " + duck_type(t) for n, t in fields)


def download(descriptor, values, keys, folder):
    bucket, prefix = re.match(r"s3[an]?://([^/]+)/?(.*)", descriptor["Location"]).groups()
    prefix = prefix if not prefix or prefix.endswith("/") else prefix + "/"
    files = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for o in page.get("Contents", []):
            name = o["Key"][len(prefix) :]
            if o["Size"] == 0 or any(p.startswith(("_", ".")) for p in name.split("/")):
                continue
            under = "/".join("%s=%s" % (k["Name"], quote(v, safe="")) for k, v in zip(keys, values))
            path = os.path.join(folder, under, "%05d-%s" % (len(files), os.path.basename(name)))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            s3.download_file(bucket, o["Key"], path)
            files.append(path)
    return files


def relation(database, name):
    """The rows of a catalog table, as something to put after FROM."""
    t = glue.get_table(DatabaseName=database, Name=name)["Table"]
    if t.get("Parameters", {}).get("table_type", "").upper() == "ICEBERG":
        view = "iceberg_%d" % len(con.execute("SHOW TABLES").fetchall())
        con.register(view, catalog.load_table((database, name)).scan().to_arrow())
        return "SELECT * FROM " + view
    sd, keys = t["StorageDescriptor"], t.get("PartitionKeys", [])
    folder, files = tempfile.mkdtemp(dir=scratch), []
    if keys:
        for page in glue.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=name):
            for p in page["Partitions"]:
                files += download(p["StorageDescriptor"], p["Values"], keys, folder)
    else:
        files = download(sd, [], [], folder)
    columns = {c["Name"]: duck_type(c["Type"]) for c in sd["Columns"]}
    parts = {k["Name"]: duck_type(k["Type"]) for k in keys}
    if not files:
        return "SELECT %s WHERE false" % ", ".join("CAST(NULL AS %s) AS %s" % (v, ident(k)) for k, v in {**columns, **parts}.items())
    listed = "[%s]" % ", ".join(text(f) for f in files)
    hive = "hive_partitioning = %s" % str(bool(keys)).lower()
    if keys:
        hive += ", hive_types = {%s}" % ", ".join("%s: %s" % (ident(k), v) for k, v in parts.items())
    typed = "{%s}" % ", ".join("%s: %s" % (text(k), text(v)) for k, v in columns.items())
    serde = sd.get("SerdeInfo", {})
    library, params = serde.get("SerializationLibrary", ""), {**t.get("Parameters", {}), **serde.get("Parameters", {})}
    if "Parquet" in library:
        have = {r[0].lower() for r in con.execute(f"DESCRIBE SELECT * FROM read_parquet({listed}, union_by_name = true, {hive})").fetchall()}
        chosen = ", ".join("CAST(%s AS %s) AS %s" % (ident(k) if k.lower() in have else "NULL", v, ident(k)) for k, v in {**columns, **parts}.items())
        return f"SELECT {chosen} FROM read_parquet({listed}, union_by_name = true, {hive})"
    if "JsonSerDe" in library:
        return f"SELECT * FROM read_json({listed}, columns = {typed}, format = 'newline_delimited', {hive})"
    if "LazySimple" in library or "OpenCSV" in library:
        delimiter = params.get("field.delim") or params.get("separatorChar") or ","
        nulls = ["''"] + ([text(params["serialization.null.format"])] if params.get("serialization.null.format") else [])
        return (f"SELECT * FROM read_csv({listed}, columns = {typed}, auto_detect = false, header = false, delim = {text(delimiter)}, quote = '\"', "
                f"escape = '\"', skip = {int(params.get('skip.header.line.count', 0))}, nullstr = [{', '.join(nulls)}], {hive})")
    raise SystemExit(f"{database}.{name}: files of {library or 'an unknown format'} are not read")


query, keys = STEP["query"], STEP.get("keys", [])
partition = [re.fullmatch(r"(?:(\w+)\()?\s*([^()]+?)\s*\)?", p).groups() for p in STEP.get("partition", [])]
timed = next(((t, c) for t, c in partition if t), None)
uses_start = re.search(r"\$start\b", query)
parameters, mode = {}, "replace"
if uses_start or re.search(r"\$end\b", query):
    start, end = interval()
    if uses_start and keys:
        mode = "merge"
    elif uses_start and timed:
        mode = "range"
        start, end = widen(timed[0], start, end)
    elif uses_start:
        raise SystemExit("$start is used, but there are neither keys nor a time partition")
    parameters = {k: v for k, v in {"start": start, "end": end}.items() if re.search(r"\$%s\b" % k, query)}

parsed = json.loads(con.execute("SELECT json_serialize_sql(?::VARCHAR)", [query]).fetchone()[0])
if parsed.get("error"):
    raise SystemExit("%s: %s" % (STEP.get("file"), parsed.get("error_message")))
for schema, name in sorted(tables(parsed["statements"], set())):
    database = {"": STEP["database"], STEP["project"]: STEP["database"], "raw": STEP["raw_database"]}.get(schema, schema)
    try:
        rows = relation(database, name)
    except glue.exceptions.EntityNotFoundException:
        if schema:
            raise
        continue  # a common table expression, or DuckDB says what is missing
    if schema:
        con.execute("CREATE SCHEMA IF NOT EXISTS " + ident(schema))
    con.execute("CREATE VIEW %s%s AS %s" % (ident(schema) + "." if schema else "", ident(name), rows))
answer = con.execute(query, parameters).arrow()
answer = answer.read_all() if isinstance(answer, pa.RecordBatchReader) else answer
print("%s: %d rows" % (STEP["table"], answer.num_rows))

identifier = (STEP["database"], STEP["table"])
location = STEP.get("location") or "s3://%s/curated/%s/" % (ARGS["bucket"], STEP["table"])
transforms = {None: IdentityTransform(), "year": YearTransform(), "month": MonthTransform(), "day": DayTransform(), "hour": HourTransform()}
try:
    table = catalog.load_table(identifier)
    before = int((table.current_snapshot().summary or {}).get("total-records", 0)) if table.current_snapshot() else 0
    if mode == "replace" and answer.num_rows == 0 and before > 0 and ARGS.get("allow_empty", "").lower() not in ("true", "1"):
        raise SystemExit("%s would replace %d rows by none. The old table is untouched." % (STEP["table"], before))
    with table.transaction() as change:
        with change.update_schema(allow_incompatible_changes=mode == "replace") as schema:
            schema.union_by_name(answer.schema)
        if mode == "range":
            dates = pa.types.is_date(answer.schema.field(timed[1]).type)
            low, high = ((t.date() if dates else t).isoformat() for t in (start, end))
            change.overwrite(answer, And(GreaterThanOrEqual(timed[1], low), LessThan(timed[1], high)))
        elif mode == "merge":
            change.upsert(answer, join_cols=keys)
        else:
            change.overwrite(answer)
except NoSuchTableError:
    with catalog.create_table_transaction(identifier, answer.schema, location=location.rstrip("/")) as change:
        with change.update_spec() as spec:
            for transform, column in partition:
                spec.add_field(column, transforms[transform], column + "_" + transform if transform else column)
        change.append(answer)
