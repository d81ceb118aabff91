"""Where frames are written: S3, with the catalog told."""

from __future__ import annotations

import os

from pyspark.sql import functions as F
from pyspark.sql.observation import Observation

from awsglue import _aws, _catalog, _publish, _read, _types

_EXTENSION_OF = {"glueparquet": "parquet", "parquet": "parquet", "csv": "csv", "json": "json", "orc": "orc"}


class DataSink:
    """A destination made by GlueContext.getSink."""

    def __init__(self, glue_context, connection_type: str, options: dict, transformation_ctx: str = ""):
        if connection_type != "s3":
            raise NotImplementedError(
                f"writing to connection type {connection_type!r}: sinks write to s3; into the warehouse comes what"
                " a load step or COPY reads from there"
            )
        self._glue_context = glue_context
        self._options = dict(options)
        self._format, self._format_options = "", {}
        self._database = self._table = ""
        self._name = transformation_ctx

    def setFormat(self, format: str, **options) -> None:
        if format not in _EXTENSION_OF:
            raise ValueError(f"format {format!r} cannot be written: csv, json, parquet, glueparquet, orc")
        self._format, self._format_options = _EXTENSION_OF[format], options

    def setCatalogInfo(self, catalogDatabase: str, catalogTableName: str) -> None:
        self._database, self._table = catalogDatabase, catalogTableName

    def setAccumulableSize(self, size: int) -> None:
        """Accepted: there are no accumulables here."""

    def write(self, dynamic_frame_or_dfc, info: str = ""):
        return self.writeFrame(dynamic_frame_or_dfc, info)

    def writeFrame(self, dynamic_frame, info: str = ""):
        if not self._format:
            raise ValueError("a sink needs setFormat before writeFrame")
        if not self._options.get("path"):
            raise ValueError("an s3 sink needs a path: getSink(connection_type='s3', path='s3://bucket/prefix/')")
        target = _aws.folder(self._options["path"])
        keys = list(self._options.get("partitionKeys") or ())
        frame = dynamic_frame.toDF()
        _check_keys(frame, keys)
        staged, rows = self._stage(frame, keys)
        plan, partitions = self._plan(staged, target, keys)
        if rows and self._tells_catalog():
            plan["catalog"].append(self._catalog_change(frame, target, keys, partitions))
        where = f" in {_counted(len(partitions), 'partition')}" if keys else ""
        self._glue_context._log(f"{self._label()}: {_counted(rows, 'row')}{where} to {target}")
        self._glue_context._publish(plan)
        return dynamic_frame

    def _label(self) -> str:
        return f"{self._database}.{self._table}" if self._table else self._name or "sink"

    def _tells_catalog(self) -> bool:
        return bool(self._table) and _read.true(self._options.get("enableUpdateCatalog", False))

    def _stage(self, frame, keys: list[str]) -> tuple[str, int]:
        """Writes to a folder of this run alone; what is there counts only once it has been published."""
        staging = self._glue_context._staging(self._options["path"])
        counted = Observation()
        writer = frame.observe(counted, F.count(F.lit(1)).alias("rows")).write.format(self._format).mode("overwrite")
        writer = writer.options(**self._writer_options())
        if keys:
            writer = writer.partitionBy(*keys)
        writer.save(staging)
        rows = counted.get.get("rows")
        if rows is None:
            # The server waits a tenth of a second for what it observed; on a busy machine that may not do.
            rows = self._staged_rows(staging, frame.schema)
        return staging, int(rows)

    def _staged_rows(self, staging: str, schema) -> int:
        reader = self._glue_context.spark_session.read.format(self._format).schema(schema).options(**self._writer_options())
        return reader.option("multiLine", str(self._format == "csv").lower()).load(staging).count()

    def _writer_options(self) -> dict[str, str]:
        # Task output goes straight to the staging folder: nobody reads it before the whole write has succeeded.
        chosen = {"mapreduce.fileoutputcommitter.algorithm.version": "2"}
        given = self._format_options
        if self._format == "csv":
            quote = given.get("quoteChar", '"')
            chosen |= {
                "sep": given.get("separator", ","),
                "header": str(_read.true(given.get("writeHeader", True))).lower(),
                "quote": "\0" if str(quote) == "-1" else quote,
                "escape": _read.escape(given),
            }
        compression = given.get("compression") or self._options.get("compression")
        if compression:
            chosen["compression"] = {"uncompressed": "none"}.get(compression, compression)
        return chosen

    def _plan(self, staging: str, target: str, keys: list[str]) -> tuple[dict, list]:
        plan = _publish.new_plan()
        plan["staging"].append(staging)
        bucket, prefix = _aws.split(staging)
        token = self._glue_context._write_token()
        partitions: dict[tuple[str, ...], str] = {}
        for number, item in enumerate(_aws.list_objects(bucket, prefix)):
            relative = item.key[len(prefix) :]
            if item.size == 0 or _aws.hidden(relative):
                continue
            folders, _, name = relative.rpartition("/")
            place = target + (folders + "/" if folders else "")
            extension = name[name.index(".") :] if "." in name else ""
            # The name holds the run, so that publishing twice writes the same objects.
            plan["copies"].append([item.url, f"{place}run-{token}-part-r-{number:05d}{extension}"])
            if keys:
                values = _catalog.path_values(relative, keys)
                if values is None:
                    raise _publish.PublishError(f"{item.url} is not in a folder of the partition keys {keys}")
                partitions[values] = place
        return plan, [[list(values), place] for values, place in sorted(partitions.items())]

    def _catalog_change(self, frame, target: str, keys: list[str], partitions: list) -> dict:
        by_name = {f.name.lower(): f for f in frame.schema.fields}
        lower = [k.lower() for k in keys]
        columns = [(f.name.lower(), _types.hive_type(f.dataType)) for f in frame.schema.fields if f.name.lower() not in lower]
        behavior = self._options.get("updateBehavior", "UPDATE_IN_DATABASE")
        if behavior not in ("UPDATE_IN_DATABASE", "LOG"):
            raise ValueError(f"updateBehavior is UPDATE_IN_DATABASE or LOG, not {behavior!r}")
        parameters = {"classification": self._format, "compressionType": "none", "typeOfData": "file"}
        if self._format == "csv" and _read.true(self._format_options.get("writeHeader", True)):
            parameters["skip.header.line.count"] = "1"
        return {
            "database": self._database,
            "table": self._table,
            "behavior": behavior,
            "partitions": partitions,
            "input": {
                "Name": self._table,
                "TableType": "EXTERNAL_TABLE",
                "Parameters": parameters,
                "PartitionKeys": [{"Name": k, "Type": _types.hive_type(by_name[k].dataType)} for k in lower],
                "StorageDescriptor": _catalog.storage(self._format, target, columns, self._format_options),
            },
        }


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def _check_keys(frame, keys: list[str]) -> None:
    have = {c.lower() for c in frame.columns}
    missing = [k for k in keys if k.lower() not in have]
    if missing:
        raise ValueError(f"partitionKeys {missing} are not columns of the frame, which has: {', '.join(frame.columns)}")


def staging_root(target: str) -> str:
    """Staged output lies with the job's temporary data, or under .tarn/ of the bucket it is written to."""
    temp = os.environ.get("TARN_TEMP_DIR")
    if temp:
        return _aws.folder(temp) + "staging/"
    return f"s3://{_aws.split(target)[0]}/.tarn/staging/"
