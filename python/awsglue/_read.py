"""Files to DataFrames. Spark gets explicit paths and, where it is known, the schema: no guessing from data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyspark.sql import functions as F

from awsglue import _aws, _catalog, _relational, _types

# Spark takes a path for a glob unless told otherwise, and S3 keys may hold any of its characters.
_NO_GLOB = {"__globPaths__": "false"}


# Options that would change the rows, and that nothing here carries out.
_ABSENT = ("withSchema", "strictCheckForQuoting")


def true(value) -> bool:
    return str(value).lower() == "true"


def several_lines(options: dict) -> bool:
    """Whether a record may go over several lines; scripts write the option both ways."""
    return true(options.get("multiLine", options.get("multiline", False)))


def escape(options: dict) -> str:
    """What stands before a quote inside of quotes: without an escaper that is another quote."""
    quote = str(options.get("quoteChar", '"'))
    return options.get("escaper") or ('"' if quote == "-1" else quote)


def csv_options(options: dict) -> dict[str, str]:
    quote = str(options.get("quoteChar", '"'))
    chosen = {
        "sep": options.get("separator", ","),
        "quote": "" if quote == "-1" else quote,
        "escape": escape(options),
        # A header that is skipped is a first line that is.
        "header": str(true(options.get("withHeader", False)) or true(options.get("skipFirst", False))).lower(),
        "multiLine": str(several_lines(options)).lower(),
        # A broken row ends the read with its file and text; silently skipped rows would be wrong figures.
        "mode": "FAILFAST",
    }
    if "nullValue" in options:
        chosen["nullValue"] = options["nullValue"]
    return chosen


def read_files(spark, fmt: str, options: dict, urls: Sequence[str], columns: list | None, base: str | None = None):
    """A DataFrame over these files or folders. base makes folders `k=v` below it columns."""
    for name in _ABSENT:
        if options.get(name) and str(options[name]).lower() != "false":
            raise NotImplementedError(f"format option {name!r} is not available here: use toDF() and the DataFrame's own functions")
    if true(options.get("withHeader", False)) and true(options.get("skipFirst", False)):
        raise NotImplementedError("format options withHeader and skipFirst cannot be had together: filter the first row out")
    reader = spark.read.options(**_NO_GLOB)
    if base:
        reader = reader.option("basePath", base)
    fmt = fmt.lower()
    # Should a file turn out to be broken, this says what was expected of it.
    note = {"urls": list(urls), "format": fmt, "options": options, "columns": columns}
    spark.__dict__.setdefault("_tarn_reads", []).append(note)
    schema = _types.ddl(columns) if columns else None
    if fmt == "json" and options.get("jsonPath"):
        return _at_path(reader, options, urls)
    if fmt == "csv":
        reader = reader.format("csv").options(**csv_options(options))
        if schema and true(options.get("withHeader", False)):
            # The header must name the schema's columns: a missing or moved column is an error, not a shift.
            reader = reader.option("enforceSchema", "false")
    elif fmt == "json":
        reader = reader.format("json").option("multiLine", str(several_lines(options)).lower())
        reader = reader.option("mode", "FAILFAST")
    elif fmt in ("parquet", "glueparquet"):
        reader = reader.format("parquet")
        if not schema:
            reader = reader.option("mergeSchema", "true")
    elif fmt in ("orc", "text"):
        reader = reader.format(fmt)
    else:
        raise ValueError(f"format {fmt!r} cannot be read: csv, json, parquet, orc, text")
    if schema:
        reader = reader.schema(schema)
    frame = reader.load(list(urls))
    if fmt == "csv" and not schema and not true(options.get("withHeader", False)):
        frame = frame.toDF(*(f"col{i}" for i in range(len(frame.columns))))
    return frame


def _at_path(reader, options: dict, urls: Sequence[str]):
    """The records at a path within JSON documents, such as `$.records[*]`; a document is a line, or with multiLine a file."""
    path = options["jsonPath"]
    inner = path.removesuffix("[*]")
    if not inner.startswith("$") or "*" in inner or "?" in inner or ".." in inner:
        raise NotImplementedError(f"jsonPath {path!r}: readable are paths such as $.a.b and $.a[*]; read whole records and explode them")
    document = F.parse_json("value")
    # Not reader.text(…), which sets the option again.
    text = reader.format("text").option("wholetext", str(several_lines(options)).lower()).load(list(urls)).where(F.trim("value") != "")
    if path.endswith("[*]"):
        found = text.select(F.explode(F.variant_get(document, inner, "array<variant>")).alias("v"))
    else:
        found = text.select(F.variant_get(document, inner, "variant").alias("v")).where("v is not null")
    kind = _relational.variant_ddl(found.select(F.schema_of_variant_agg("v")).first()[0])
    if not kind.startswith("STRUCT<"):
        raise ValueError(f"jsonPath {path!r} leads to {kind.lower()}, not to objects")
    return found.select(F.from_json(F.to_json("v"), kind).alias("v")).select("v.*")


def empty(spark, schema: str):
    return spark.createDataFrame([], schema)


def read_table(
    spark, table: _catalog.Table, partitions: list[_catalog.Partition], objects: list[_aws.Object] | None, as_text: Iterable[str] = ()
):
    """The table's rows: all of the partitions' files, or only the given objects of them; some columns as text."""
    fmt, options = table.reader()
    data, keys = [(n, "string" if n in as_text else k) for n, k in table.columns], table.keys
    names = {name.lower() for name, _ in keys}
    data = [(n, k) for n, k in data if n.lower() not in names]
    whole = _types.ddl(data + keys)

    if not keys:
        urls = [o.url for o in objects] if objects is not None else [_aws.folder(table.location)]
        if objects is None and not _aws.data_objects(table.location):
            urls = []
        return read_files(spark, fmt, options, urls, data) if urls else empty(spark, whole)

    base = _aws.folder(table.location)
    in_place, elsewhere = [], []
    for partition in partitions:
        expected = _catalog.path_values(_aws.folder(partition.location).removeprefix(base), [n for n, _ in keys])
        (in_place if expected == partition.values else elsewhere).append(partition)

    def files(of: Iterable[_catalog.Partition]) -> list[str]:
        folders = [_aws.folder(p.location) for p in of]
        if objects is None:
            return [f for f in folders if _aws.data_objects(f)]
        return [o.url for o in objects if any(o.url.startswith(f) for f in folders)]

    frames = []
    if urls := files(in_place):
        # Partition folders come back as strings (session setting) and get the catalog's types below.
        frames.append(read_files(spark, fmt, options, urls, data, base))
    for partition in elsewhere:
        if urls := files([partition]):
            frame = read_files(spark, fmt, options, urls, data)
            for (name, _), value in zip(keys, partition.values, strict=True):
                frame = frame.withColumn(name, F.lit(None if value == "__HIVE_DEFAULT_PARTITION__" else value))
            frames.append(frame)
    if not frames:
        return empty(spark, whole)
    typed = [
        frame.select(
            *(F.col(_types.quote(n)) for n, _ in data),
            *(F.col(_types.quote(n)).cast(_types.spark_type(k)).alias(n) for n, k in keys),
        )
        for frame in frames
    ]
    result = typed[0]
    for frame in typed[1:]:
        result = result.unionByName(frame)
    return result


def prune(spark, table: _catalog.Table, partitions: list[_catalog.Partition], predicate: str) -> list[_catalog.Partition]:
    """Partitions that a Spark SQL predicate over the partition columns keeps."""
    if not predicate or not partitions:
        return partitions
    rows = [(i, *(None if v == "__HIVE_DEFAULT_PARTITION__" else v for v in p.values)) for i, p in enumerate(partitions)]
    schema = "`_position` int, " + ", ".join(f"{_types.quote(n)} string" for n, _ in table.keys)
    frame = spark.createDataFrame(rows, schema).select(
        "_position", *(F.col(_types.quote(n)).cast(_types.spark_type(k)).alias(n) for n, k in table.keys)
    )
    kept = sorted(row[0] for row in frame.where(predicate).select("_position").collect())
    return [partitions[i] for i in kept]
