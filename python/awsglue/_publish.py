"""Sinks write to a staging folder; publishing copies the staged files to where readers look, then tells the catalog.

A plan is plain JSON so that it can be journaled: {"copies": [[from, to], …], "catalog": [{…}, …], "staging": [url, …]}.
Every step of carrying it out can be repeated: final names are settled in the plan, a copy that is done is copied again
or, when its staged file is gone, checked; partitions that exist are left alone.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import ClientError

from awsglue import _aws, _catalog


class PublishError(Exception):
    """What was staged cannot be published."""


def new_plan() -> dict:
    return {"copies": [], "catalog": [], "staging": []}


def carry_out(plan: dict) -> None:
    copies = plan["copies"]
    if copies:
        with ThreadPoolExecutor(max_workers=min(8, len(copies))) as pool:
            # list() raises the first failure.
            list(pool.map(lambda pair: _copy(*pair), copies))
    for change in plan["catalog"]:
        apply_catalog(change)


def _copy(source: str, target: str) -> None:
    from_bucket, from_key = _aws.split(source)
    to_bucket, to_key = _aws.split(target)
    s3 = _aws.client("s3")
    origin = {"Bucket": from_bucket, "Key": from_key}
    try:
        s3.copy_object(CopySource=origin, Bucket=to_bucket, Key=to_key)
        return
    except ClientError as err:
        code = err.response["Error"]["Code"]
        if code in ("EntityTooLarge", "InvalidRequest"):
            # Beyond 5 GB a copy goes in parts.
            s3.copy(origin, to_bucket, to_key)
            return
        if code not in ("404", "NoSuchKey"):
            raise
    # The staged file is gone: it may have been published before a kill between deletion and the end.
    try:
        s3.head_object(Bucket=to_bucket, Key=to_key)
    except ClientError as err:
        raise PublishError(f"{source} was to become {target}, but neither exists: the staged output was deleted") from err


def discard(plan: dict) -> None:
    """Deletes staging folders. What is left behind by a kill is found by the next init."""
    for url in plan["staging"]:
        delete_prefix(url)


def delete_prefix(url: str) -> None:
    bucket, prefix = _aws.split(url)
    batch: list[dict] = []
    for item in _aws.list_objects(bucket, prefix):
        batch.append({"Key": item.key})
        if len(batch) == 1000:
            _aws.client("s3").delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
            batch = []
    if batch:
        _aws.client("s3").delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})


def apply_catalog(change: dict) -> None:
    """Makes or updates a table for what was written and adds its new partitions."""
    glue = _aws.client("glue")
    database, name = change["database"], change["table"]
    wanted = change["input"]
    table = _catalog.find_table(database, name)
    if table is None:
        try:
            glue.create_table(DatabaseName=database, TableInput=wanted)
        except glue.exceptions.AlreadyExistsException:
            pass
        table = _catalog.get_table(database, name)
    keys = [n for n, _ in table.keys]
    wanted_keys = [c["Name"] for c in wanted["PartitionKeys"]]
    if keys != [k.lower() for k in wanted_keys]:
        raise PublishError(
            f"partitionKeys {wanted_keys} differ from those of table {table.full_name}, which are {keys}: they must be the same, in order"
        )
    if change["behavior"] == "UPDATE_IN_DATABASE":
        _update_columns(table, wanted)
    if change["partitions"]:
        known = {p.values for p in _catalog.get_partitions(table)}
        missing = [(tuple(values), location) for values, location in change["partitions"]]
        _add_partitions(table, wanted, [m for m in missing if m[0] not in known])


def _update_columns(table: _catalog.Table, wanted: dict) -> None:
    have = dict(table.columns)
    new = {c["Name"].lower(): c["Type"] for c in wanted["StorageDescriptor"]["Columns"]}
    # Columns that this frame lacks stay: older files have them.
    merged = {**have, **{n: _wider(have.get(n, k), k) for n, k in new.items()}}
    if merged == have:
        return
    raw = _catalog.table_input(table.raw)
    raw["StorageDescriptor"] = {
        **raw["StorageDescriptor"],
        "Columns": [{"Name": n, "Type": k} for n, k in merged.items()],
    }
    _aws.client("glue").update_table(DatabaseName=table.database, TableInput=raw)


_WIDTHS = ("tinyint", "smallint", "int", "bigint"), ("float", "double")


def _wider(have: str, new: str) -> str:
    """The type of a column of which older files hold one type and newer files another: of two widths, the one that holds both."""
    for widths in _WIDTHS:
        if have in widths and new in widths:
            return max(have, new, key=widths.index)
    return new


def _add_partitions(table: _catalog.Table, wanted: dict, missing: list[tuple[tuple[str, ...], str]]) -> None:
    glue = _aws.client("glue")
    for start in range(0, len(missing), 100):
        inputs = [
            {
                "Values": list(values),
                "StorageDescriptor": {**wanted["StorageDescriptor"], "Location": location},
                "Parameters": {},
            }
            for values, location in missing[start : start + 100]
        ]
        answer = glue.batch_create_partition(DatabaseName=table.database, TableName=table.name, PartitionInputList=inputs)
        errors = [e for e in answer.get("Errors", ()) if e["ErrorDetail"]["ErrorCode"] != "AlreadyExistsException"]
        if errors:
            first = errors[0]
            raise PublishError(f"partition {first['PartitionValues']} of {table.full_name}: {first['ErrorDetail'].get('ErrorMessage', '')}")
