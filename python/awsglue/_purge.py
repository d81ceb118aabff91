"""Deleting and moving files of the lake by age: purge and transition."""

from __future__ import annotations

import csv
import datetime
import io

from awsglue import _aws, _catalog, _publish, _read

_RETENTION_HOURS = 168
_CLASSES = (
    "STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE", "REDUCED_REDUNDANCY", "GLACIER_IR",
)  # fmt: skip


def purge_path(url: str, options: dict, now: datetime.datetime) -> list[_aws.Object]:
    """Deletes the files that are older than retentionPeriod hours, and answers them."""
    old = _old(url, options, now)
    for start in range(0, len(old), 1000):
        batch = [{"Key": o.key} for o in old[start : start + 1000]]
        answer = _aws.client("s3").delete_objects(Bucket=old[0].bucket, Delete={"Objects": batch, "Quiet": True})
        if errors := answer.get("Errors"):
            raise _publish.PublishError(f"s3://{old[0].bucket}/{errors[0]['Key']} is not deleted: {errors[0].get('Message', '')}")
    _manifest(old, options)
    return old


def transition_path(url: str, to: str, options: dict, now: datetime.datetime) -> list[_aws.Object]:
    """Gives the files that are older than retentionPeriod hours another storage class."""
    if to not in _CLASSES:
        raise ValueError(f"transition to {to!r}: the storage classes are {', '.join(_CLASSES)}")
    old = _old(url, options, now)
    for o in old:
        _aws.client("s3").copy_object(
            CopySource={"Bucket": o.bucket, "Key": o.key}, Bucket=o.bucket, Key=o.key, StorageClass=to, MetadataDirective="COPY"
        )
    _manifest(old, options)
    return old


def purge_table(spark, database: str, name: str, options: dict, now: datetime.datetime) -> list[_aws.Object]:
    """Deletes the old files of the partitions that partitionPredicate keeps, and the partitions that are then empty."""
    table, partitions = _parts(spark, database, name, options)
    if not table.keys:
        return purge_path(table.location, options, now)
    gone: list[_aws.Object] = []
    for p in partitions:
        gone += purge_path(_aws.folder(p.location), {**options, "manifestFilePath": ""}, now)
    empty = [p for p in partitions if not _aws.data_objects(_aws.folder(p.location))]
    for start in range(0, len(empty), 25):
        _aws.client("glue").batch_delete_partition(
            DatabaseName=table.database,
            TableName=table.name,
            PartitionsToDelete=[{"Values": list(p.values)} for p in empty[start : start + 25]],
        )
    _manifest(gone, options)
    return gone


def transition_table(spark, database: str, name: str, to: str, options: dict, now: datetime.datetime) -> list[_aws.Object]:
    table, partitions = _parts(spark, database, name, options)
    places = [p.location for p in partitions] if table.keys else [table.location]
    moved: list[_aws.Object] = []
    for place in places:
        moved += transition_path(_aws.folder(place), to, {**options, "manifestFilePath": ""}, now)
    _manifest(moved, options)
    return moved


def _parts(spark, database: str, name: str, options: dict):
    table = _catalog.get_table(database, name)
    if table.is_iceberg:
        raise NotImplementedError(f"{table.full_name} is an Iceberg table: expire its snapshots, or DELETE FROM it in Spark SQL")
    partitions = _catalog.get_partitions(table) if table.keys else []
    return table, _read.prune(spark, table, partitions, options.get("partitionPredicate", ""))


def _old(url: str, options: dict, now: datetime.datetime) -> list[_aws.Object]:
    if options.get("excludeStorageClasses"):
        raise NotImplementedError("option 'excludeStorageClasses' is not available here: leave it out, or name the files by another path")
    hours = float(options.get("retentionPeriod", _RETENTION_HOURS))
    # A folder is meant, so that `raw/fl` does not take `raw/flights/…`.
    bucket, key = _aws.split(url)
    found = [o for o in _aws.list_objects(bucket, key) if not key or key.endswith("/") or o.key == key or o.key.startswith(key + "/")]
    return [o for o in found if now - o.modified >= datetime.timedelta(hours=hours)]


def _manifest(done: list[_aws.Object], options: dict) -> None:
    place = options.get("manifestFilePath")
    if not place:
        return
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([o.url, o.modified.isoformat()] for o in done)
    bucket, prefix = _aws.split(_aws.folder(place))
    _aws.client("s3").put_object(Bucket=bucket, Key=prefix + "Success.csv", Body=text.getvalue().encode())
