"""GlueContext: reading and writing frames."""

from __future__ import annotations

import datetime
import hashlib
import logging
import os
import sys
import uuid

from pyspark.sql import functions as F

from awsglue import _aws, _bookmark, _catalog, _publish, _purge, _read, _sink
from awsglue.dynamicframe import DynamicFrame, DynamicFrameCollection
from awsglue.utils import parse_arguments

# What a SQLContext has, which Glue's context is one of.
_OF_THE_SESSION = {"read", "readStream", "table", "createDataFrame", "range", "udf", "streams"}

# What exists in Glue and not here: named, so that a script's author learns it at once.
_ABSENT = {
    "create_dynamic_frame_from_rdd": "use spark.createDataFrame and DynamicFrame.fromDF",
    "forEachBatch": "streaming jobs are not available; read a folder with a bookmark",
    "getCatalogSource": "use create_dynamic_frame.from_catalog",
    "getCatalogSink": "use getSink(…, enableUpdateCatalog=True) and setCatalogInfo",
    "extract_jdbc_conf": "connections hold no JDBC settings here; give the driver's options to the script as arguments",
    "start_transaction": "governed tables do not exist any more; use an Iceberg table",
    "commit_transaction": "governed tables do not exist any more; use an Iceberg table",
    "cancel_transaction": "governed tables do not exist any more; use an Iceberg table",
    "write_dynamic_frame_from_jdbc_conf": "write to s3 and load the table into the warehouse from there (COPY, or `load` in tarn.yaml)",
    "write_from_jdbc_conf": "write to s3 and load the table into the warehouse from there (COPY, or `load` in tarn.yaml)",
}

_JDBC = ("jdbc", "mysql", "postgresql", "oracle", "sqlserver", "redshift")


class GlueContext:
    """What a Glue script starts from. It holds the Spark session and, once Job.init ran, the job's bookmark."""

    def __init__(self, sparkContext=None, **options):
        from pyspark.sql import SparkSession

        self._sc = sparkContext
        self.spark_session = SparkSession.builder.getOrCreate()
        self._bookmark: _bookmark.Bookmark | None = None
        self._pending = _publish.new_plan()
        self._writes = 0
        arguments = parse_arguments(sys.argv)
        self._job_name = arguments.get("JOB_NAME", "")
        self._run_id = arguments.get("JOB_RUN_ID") or os.environ.get("TARN_RUN_ID") or "local_" + uuid.uuid4().hex
        self.create_dynamic_frame = DynamicFrameReader(self)
        self.create_data_frame = DataFrameReader(self)
        self.write_dynamic_frame = DynamicFrameWriter(self)
        self.write_data_frame = DataFrameWriter(self)

    @property
    def sparkSession(self):
        return self.spark_session

    @property
    def spark_context(self):
        return self._sc

    def sql(self, query: str):
        return self.spark_session.sql(query)

    def __getattr__(self, name: str):
        if name in _OF_THE_SESSION:
            return getattr(self.spark_session, name)
        if name in _ABSENT:
            raise NotImplementedError(f"GlueContext.{name} is not available here: {_ABSENT[name]}")
        raise AttributeError(f"GlueContext has no attribute {name!r}")

    def registerDataFrameAsTable(self, df, tableName: str) -> None:
        df.createOrReplaceTempView(tableName)

    def dropTempTable(self, tableName: str) -> None:
        self.spark_session.catalog.dropTempView(tableName)

    def setConf(self, key: str, value) -> None:
        self.spark_session.conf.set(key, value)

    def getConf(self, key: str, defaultValue=None):
        return self.spark_session.conf.get(key, defaultValue)

    def get_logger(self):
        return _logger()

    def setTempDir(self, tmpDir: str) -> None:
        os.environ["TARN_TEMP_DIR"] = tmpDir

    def purge_table(self, database, table_name, options=None, transformation_ctx="", catalog_id=None) -> None:
        gone = _purge.purge_table(self.spark_session, database, table_name, options or {}, _now())
        self._log(f"purged {len(gone):,} files of {database}.{table_name}")

    def purge_s3_path(self, s3_path, options=None, transformation_ctx="") -> None:
        self._log(f"purged {len(_purge.purge_path(s3_path, options or {}, _now())):,} files of {s3_path}")

    def transition_table(self, database, table_name, transition_to, options=None, transformation_ctx="", catalog_id=None) -> None:
        moved = _purge.transition_table(self.spark_session, database, table_name, transition_to, options or {}, _now())
        self._log(f"{len(moved):,} files of {database}.{table_name} are now {transition_to}")

    def transition_s3_path(self, s3_path, transition_to, options=None, transformation_ctx="") -> None:
        moved = _purge.transition_path(s3_path, transition_to, options or {}, _now())
        self._log(f"{len(moved):,} files of {s3_path} are now {transition_to}")

    def add_ingestion_time_columns(self, dataFrame, timeGranularity: str = ""):
        """ingest_year, … down to the granularity: the time at which the batch is read."""
        units = ("year", "month", "day", "hour", "minute")
        if timeGranularity not in ("day", "hour", "minute"):
            raise ValueError(f"timeGranularity is day, hour or minute, not {timeGranularity!r}")
        now = _now()
        for unit in units[: units.index(timeGranularity) + 1]:
            dataFrame = dataFrame.withColumn(f"ingest_{unit}", F.lit(getattr(now, unit)))
        return dataFrame

    def create_sample_dynamic_frame_from_catalog(self, database, table_name, num, redshift_tmp_dir="", transformation_ctx="", **more):
        """The first num records of a table."""
        frame = self.create_dynamic_frame.from_catalog(database, table_name, redshift_tmp_dir, transformation_ctx, **_sampled(more))
        return frame._with(frame.toDF().limit(num))

    def create_sample_dynamic_frame_from_options(
        self, connection_type, connection_options=None, num=1000, sample_options=None, format=None, format_options=None, **more
    ):
        """The first num records of files."""
        frame = self.create_dynamic_frame.from_options(connection_type, connection_options, format, format_options, **_sampled(more))
        return frame._with(frame.toDF().limit(num))

    def getSource(self, connection_type: str, transformation_ctx: str = "", **options):
        return DataSource(self, connection_type, transformation_ctx, options)

    def getSink(self, connection_type: str, format: str | None = None, transformation_ctx: str = "", **options):
        sink = _sink.DataSink(self, connection_type, options, transformation_ctx)
        if format:
            sink.setFormat(format)
        return sink

    def create_dynamic_frame_from_catalog(self, database, table_name, redshift_tmp_dir="", transformation_ctx="", **more):
        return self.create_dynamic_frame.from_catalog(database, table_name, redshift_tmp_dir, transformation_ctx, **more)

    def create_dynamic_frame_from_options(
        self, connection_type, connection_options=None, format=None, format_options=None, transformation_ctx="", **more
    ):
        return self.create_dynamic_frame.from_options(
            connection_type, connection_options, format, format_options, transformation_ctx, **more
        )

    def create_data_frame_from_options(
        self, connection_type, connection_options=None, format=None, format_options=None, transformation_ctx="", **more
    ):
        return self.create_data_frame.from_options(connection_type, connection_options, format, format_options, transformation_ctx, **more)

    def write_data_frame_from_catalog(self, frame, database, table_name, **more):
        return self.write_data_frame.from_catalog(frame, database, table_name, **more)

    def create_data_frame_from_catalog(self, database, table_name, redshift_tmp_dir="", transformation_ctx="", **more):
        return self.create_data_frame.from_catalog(database, table_name, redshift_tmp_dir, transformation_ctx, **more)

    def write_dynamic_frame_from_catalog(self, frame, database, table_name, **more):
        return self.write_dynamic_frame.from_catalog(frame, database, table_name, **more)

    def write_dynamic_frame_from_options(self, frame, connection_type, connection_options=None, **more):
        return self.write_dynamic_frame.from_options(frame, connection_type, connection_options, **more)

    # What readers and sinks of this package use.

    def _log(self, text: str) -> None:
        print(text, flush=True)

    def _staging(self, target: str) -> str:
        self._writes += 1
        return f"{_sink.staging_root(target)}{self._job_name or 'job'}/{self._run_id}/{self._writes}/"

    def _write_token(self) -> str:
        return hashlib.sha256(f"{self._run_id}/{self._writes}".encode()).hexdigest()[:24]

    def _publish(self, plan: dict) -> None:
        """At once, or with a bookmark that moves, together with it at Job.commit."""
        if self._bookmark is not None and self._bookmark.saves:
            for part in self._pending:
                self._pending[part].extend(plan[part])
            return
        _publish.carry_out(plan)
        _publish.discard(plan)

    def _filters(self) -> bool:
        return self._bookmark is not None and self._bookmark.reads

    def _take(self, label: str, ctx: str, folders: dict[str, list[_aws.Object]], bounds: dict) -> list[_aws.Object] | None:
        """The objects that the bookmark lets through, or None where no bookmark applies."""
        if not self._filters() or not ctx:
            return None
        total = sum(len(objects) for objects in folders.values())
        fresh = self._bookmark.take(ctx, folders, bounds)
        verb = "is" if len(fresh) == 1 else "are"
        self._log(f"{label}: {len(fresh)} of {total} files {verb} new")
        for item in fresh[:20]:
            self._log(f"  {item.url}  {item.size:,} bytes")
        if len(fresh) > 20:
            self._log(f"  and {len(fresh) - 20} more")
        return fresh


class DataFrameReader:
    """GlueContext.create_data_frame."""

    def __init__(self, glue_context: GlueContext):
        self._glue_context = glue_context

    def from_catalog(
        self,
        database=None,
        table_name=None,
        redshift_tmp_dir="",
        transformation_ctx="",
        push_down_predicate="",
        additional_options=None,
        catalog_id=None,
        **more,
    ):
        return self._of_table(database, table_name, transformation_ctx, push_down_predicate, additional_options)[0]

    def _of_table(self, database, table_name, transformation_ctx, push_down_predicate, additional_options):
        """The table's rows, and what reads them again with some columns as text; None where the files know their types."""
        if not database or not table_name:
            raise ValueError("from_catalog needs database and table_name")
        options = additional_options or {}
        spark = self._glue_context.spark_session
        table = _catalog.get_table(database, table_name)
        if table.is_iceberg:
            return spark.table(f"glue_catalog.`{table.database}`.`{table.name}`"), None
        if not table.location:
            raise ValueError(f"table {table.full_name} has no location: only tables in S3 are read")
        partitions = []
        if table.keys:
            partitions = _catalog.get_partitions(table, options.get("catalogPartitionPredicate", ""))
            partitions = _read.prune(spark, table, partitions, push_down_predicate)
        objects = None
        exclusions = _aws.exclusions_of(options.get("exclusions") or table.parameters.get("exclusions"))
        if (transformation_ctx and self._glue_context._filters()) or exclusions:
            folders = [_aws.folder(p.location) for p in partitions] if table.keys else [_aws.folder(table.location)]
            found = {f: _aws.data_objects(f, exclusions) for f in folders}
            objects = self._glue_context._take(self._label(table), transformation_ctx, found, options)
            if objects is None and exclusions:
                objects = [o for group in found.values() for o in group]

        def again(names):
            return _read.read_table(spark, table, partitions, objects, names)

        return again(()), again if table.reader()[0] in ("csv", "json") else None

    def _label(self, table: _catalog.Table) -> str:
        return self._glue_context._job_name or table.full_name

    def from_options(self, connection_type, connection_options=None, format=None, format_options=None, transformation_ctx="", **more):
        options = connection_options or {}
        if connection_type != "s3":
            raise NotImplementedError(f"reading from connection type {connection_type!r}: s3 is what can be read here")
        if not format:
            raise ValueError("from_options needs a format: csv, json, parquet, orc")
        paths = options.get("paths") or options.get("path")
        paths = [paths] if isinstance(paths, str) else list(paths or ())
        if not paths:
            raise ValueError("from_options needs connection_options={'paths': ['s3://bucket/prefix/']}")
        recurse = _read.true(options.get("recurse", False))
        exclusions = _aws.exclusions_of(options.get("exclusions"))
        found = {p: _aws.data_objects(p, exclusions, recurse) for p in paths}
        taken = self._glue_context._take(self._glue_context._job_name or "source", transformation_ctx, found, options)
        objects = taken if taken is not None else [o for group in found.values() for o in group]
        spark = self._glue_context.spark_session
        if not objects:
            return self._nothing(spark, format, format_options or {}, found, options)
        base = _aws.folder(paths[0]) if recurse and len(paths) == 1 and objects[0].url != paths[0] else None
        return _with_file(_read.read_files(spark, format, format_options or {}, [o.url for o in objects], None, base), options)

    def _nothing(self, spark, format: str, format_options: dict, found: dict, options: dict):
        """No new files: no rows, but the columns that the old files show, so that a script goes on."""
        old = [o.url for group in found.values() for o in group]
        if not old:
            return spark.createDataFrame([], "struct<>")
        return _with_file(_read.read_files(spark, format, format_options, old[-1:], None), options).limit(0)


def _sampled(options: dict) -> dict:
    return {k: v for k, v in options.items() if k != "sample_options"}


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


def _with_file(frame, options: dict):
    """attachFilename names a column for the file that a row comes from."""
    if options.get("attachTimestamp"):
        raise NotImplementedError("option 'attachTimestamp' is not available here: add the column with toDF() and current_timestamp()")
    name = options.get("attachFilename")
    return frame.withColumn(name, F.col("_metadata.file_path")) if name else frame


class DynamicFrameReader:
    """GlueContext.create_dynamic_frame."""

    def __init__(self, glue_context: GlueContext):
        self._glue_context = glue_context

    def from_catalog(
        self,
        database=None,
        table_name=None,
        redshift_tmp_dir="",
        transformation_ctx="",
        push_down_predicate="",
        additional_options=None,
        catalog_id=None,
        name_space=None,
        **more,
    ) -> DynamicFrame:
        rows, again = self._glue_context.create_data_frame._of_table(
            database or name_space, table_name, transformation_ctx, push_down_predicate, additional_options
        )
        frame = DynamicFrame(rows, self._glue_context, transformation_ctx or table_name)
        frame._read_as_text = again
        return frame

    def from_options(
        self, connection_type, connection_options=None, format=None, format_options=None, transformation_ctx="", **more
    ) -> DynamicFrame:
        frame = self._glue_context.create_data_frame.from_options(
            connection_type, connection_options, format, format_options, transformation_ctx
        )
        return DynamicFrame(frame, self._glue_context, transformation_ctx or "source")


    def from_rdd(self, data, name, *rest, **more):
        raise NotImplementedError("create_dynamic_frame.from_rdd is not available here: use spark.createDataFrame and DynamicFrame.fromDF")


class DynamicFrameWriter:
    """GlueContext.write_dynamic_frame."""

    def __init__(self, glue_context: GlueContext):
        self._glue_context = glue_context

    def from_options(
        self,
        frame,
        connection_type,
        connection_options=None,
        format=None,
        format_options=None,
        transformation_ctx="",
        accumulator_size=0,
    ):
        if connection_type in _JDBC:
            self.from_jdbc_conf(frame, connection_type, connection_options)
        if not format:
            raise ValueError("write_dynamic_frame.from_options needs a format: parquet, csv, json, orc")
        sink = _sink.DataSink(self._glue_context, connection_type, connection_options or {}, transformation_ctx)
        sink.setFormat(format, **(format_options or {}))
        return sink.write(frame)

    def from_catalog(
        self,
        frame,
        database=None,
        table_name=None,
        redshift_tmp_dir="",
        transformation_ctx="",
        additional_options=None,
        catalog_id=None,
        name_space=None,
    ):
        table = _catalog.get_table(database or name_space, table_name)
        if table.is_iceberg:
            if self._glue_context._bookmark is not None and self._glue_context._bookmark.saves:
                raise NotImplementedError(
                    f"{table.full_name} is an Iceberg table: with a bookmark on, an append to it could double rows after"
                    " a failure. Write it without bookmark, or with MERGE INTO"
                )
            frame.toDF().writeTo(f"glue_catalog.`{table.database}`.`{table.name}`").append()
            return frame
        fmt, given = table.reader()
        options = {"path": table.location, "partitionKeys": [n for n, _ in table.keys], **(additional_options or {})}
        sink = _sink.DataSink(self._glue_context, "s3", options, transformation_ctx)
        written = {"writeHeader": given.get("withHeader", False), **given} if fmt == "csv" else given
        sink.setFormat(fmt, **written)
        sink.setCatalogInfo(table.database, table.name)
        return sink.write(frame)

    def from_jdbc_conf(self, frame, catalog_connection, connection_options=None, redshift_tmp_dir="", transformation_ctx="", **more):
        raise NotImplementedError(
            f"writing through connection {catalog_connection!r}: JDBC targets are not available to scripts here."
            " Write to s3 and load the table into the warehouse from there (COPY, or `load` in tarn.yaml)"
        )


class DataFrameWriter:
    """GlueContext.write_data_frame."""

    def __init__(self, glue_context: GlueContext):
        self._glue_context = glue_context

    def from_catalog(self, frame, database, table_name, **more):
        wrapped = DynamicFrame(frame, self._glue_context, table_name)
        return self._glue_context.write_dynamic_frame.from_catalog(wrapped, database, table_name, **more)

    def from_options(self, frame, connection_type, connection_options=None, **more):
        wrapped = DynamicFrame(frame, self._glue_context, "frame")
        return self._glue_context.write_dynamic_frame.from_options(wrapped, connection_type, connection_options, **more)


class DataSource:
    """What GlueContext.getSource answers."""

    def __init__(self, glue_context: GlueContext, connection_type: str, transformation_ctx: str, options: dict):
        self._glue_context, self._connection_type = glue_context, connection_type
        self._ctx, self._options = transformation_ctx, options
        self._format, self._format_options = "", {}

    def setFormat(self, format: str, **options) -> None:
        self._format, self._format_options = format, options

    def getFrame(self) -> DynamicFrame:
        return self._glue_context.create_dynamic_frame.from_options(
            self._connection_type, self._options, self._format, self._format_options, self._ctx
        )


def _logger() -> logging.Logger:
    """The job's logger, on stderr. warn exists beside warning, as in Glue."""
    logger = logging.getLogger("glue")
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
    return logger


__all__ = ["DynamicFrameCollection", "GlueContext"]
