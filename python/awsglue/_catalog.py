"""Catalog tables: where their files are and how to read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from botocore.exceptions import ClientError

from awsglue import _aws


@dataclass(frozen=True)
class Partition:
    values: tuple[str, ...]
    location: str


@dataclass
class Table:
    database: str
    name: str
    location: str
    columns: list[tuple[str, str]]
    keys: list[tuple[str, str]]
    parameters: dict[str, str]
    serde: str
    serde_parameters: dict[str, str]
    raw: dict = field(repr=False, default_factory=dict)

    @property
    def full_name(self) -> str:
        return f"{self.database}.{self.name}"

    @property
    def is_iceberg(self) -> bool:
        return self.parameters.get("table_type", "").upper() == "ICEBERG"

    def reader(self) -> tuple[str, dict[str, str]]:
        """Format and its options in awsglue's own words. The SerDe decides, then the classification."""
        kind = self.parameters.get("classification", "").lower()
        serde = self.serde.lower()
        given = self.serde_parameters
        header = self.parameters.get("skip.header.line.count", "0") not in ("", "0")
        if "opencsvserde" in serde:
            options = {"separator": given.get("separatorChar", ","), "quoteChar": given.get("quoteChar", '"'), "withHeader": header}
            # The SerDe's default, a backslash, stands in most tables over files that double their quotes: they are
            # read as such, here and in the warehouse.
            if given.get("escapeChar", "\\") != "\\":
                options["escaper"] = given["escapeChar"]
            return "csv", options
        if "lazysimpleserde" in serde:
            separator = given.get("field.delim") or self.parameters.get("delimiter") or ("," if kind == "csv" else "\x01")
            options = {"separator": separator, "withHeader": header}
            if "serialization.null.format" in given:
                options["nullValue"] = given["serialization.null.format"]
            return "csv", options
        if "jsonserde" in serde:
            return "json", {}
        if "parquet" in serde:
            return "parquet", {}
        if "orc" in serde:
            return "orc", {}
        if kind in ("csv", "json", "parquet", "orc"):
            return kind, {"withHeader": header} if kind == "csv" else {}
        raise ValueError(
            f"table {self.full_name} has SerDe {self.serde or 'none'} and classification {kind or 'none'}:"
            " readable are csv, json, parquet, orc and Iceberg"
        )


def get_table(database: str, name: str) -> Table:
    answer = _aws.client("glue").get_table(DatabaseName=database, Name=name)["Table"]
    target = answer.get("TargetTable")
    if target:
        return get_table(target["DatabaseName"], target["Name"])
    storage = answer.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    return Table(
        database=answer["DatabaseName"],
        name=answer["Name"],
        location=storage.get("Location", ""),
        columns=[(c["Name"], c.get("Type", "string")) for c in storage.get("Columns") or ()],
        keys=[(c["Name"], c.get("Type", "string")) for c in answer.get("PartitionKeys") or ()],
        parameters=answer.get("Parameters") or {},
        serde=serde.get("SerializationLibrary", ""),
        serde_parameters=serde.get("Parameters") or {},
        raw=answer,
    )


def find_table(database: str, name: str) -> Table | None:
    try:
        return get_table(database, name)
    except ClientError as err:
        if err.response["Error"]["Code"] == "EntityNotFoundException":
            return None
        raise


def get_partitions(table: Table, expression: str = "") -> list[Partition]:
    arguments = {"DatabaseName": table.database, "TableName": table.name, "ExcludeColumnSchema": True}
    if expression:
        arguments["Expression"] = expression
    found = []
    for page in _aws.client("glue").get_paginator("get_partitions").paginate(**arguments):
        for item in page["Partitions"]:
            location = (item.get("StorageDescriptor") or {}).get("Location") or default_location(table, item["Values"])
            found.append(Partition(tuple(item["Values"]), location))
    return found


def default_location(table: Table, values: Iterable[str]) -> str:
    names = (name for name, _ in table.keys)
    return _aws.folder(table.location) + "".join(f"{n}={v}/" for n, v in zip(names, values, strict=True))


def path_values(relative: str, keys: list[str]) -> tuple[str, ...] | None:
    """The partition values in a relative path `a=1/b=x/file`, or None where its folders are not those keys."""
    parts = relative.split("/")[:-1]
    if len(parts) != len(keys):
        return None
    values = []
    for part, key in zip(parts, keys, strict=True):
        name, equals, value = part.partition("=")
        if not equals or unquote(name).lower() != key.lower():
            return None
        values.append(unquote(value))
    return tuple(values)


_HIVE = "org.apache.hadoop.hive.ql.io."
_TEXT = ("org.apache.hadoop.mapred.TextInputFormat", _HIVE + "HiveIgnoreKeyTextOutputFormat")


def storage(fmt: str, location: str, columns: list[tuple[str, str]], options: dict) -> dict:
    """The StorageDescriptor that other readers of the catalog expect for a format."""
    if fmt == "parquet":
        formats = (_HIVE + "parquet.MapredParquetInputFormat", _HIVE + "parquet.MapredParquetOutputFormat")
        serde, parameters = _HIVE + "parquet.serde.ParquetHiveSerDe", {"serialization.format": "1"}
    elif fmt == "json":
        formats, serde = _TEXT, "org.openx.data.jsonserde.JsonSerDe"
        parameters = {"paths": ",".join(sorted(name for name, _ in columns))}
    elif fmt == "csv":
        formats, serde = _TEXT, "org.apache.hadoop.hive.serde2.OpenCSVSerde"
        parameters = {
            "separatorChar": str(options.get("separator", ",")),
            "quoteChar": str(options.get("quoteChar", '"')),
            "escapeChar": "\\",
        }
    elif fmt == "orc":
        formats = (_HIVE + "orc.OrcInputFormat", _HIVE + "orc.OrcOutputFormat")
        serde, parameters = _HIVE + "orc.OrcSerde", {"serialization.format": "1"}
    else:
        raise ValueError(f"format {fmt!r} cannot be catalogued: csv, json, parquet, orc")
    return {
        "Columns": [{"Name": name, "Type": kind} for name, kind in columns],
        "Location": location,
        "InputFormat": formats[0],
        "OutputFormat": formats[1],
        "SerdeInfo": {"SerializationLibrary": serde, "Parameters": parameters},
    }


# What UpdateTable accepts of what GetTable answers.
_TABLE_INPUT = """
    Name Description Owner LastAccessTime LastAnalyzedTime Retention StorageDescriptor PartitionKeys
    ViewOriginalText ViewExpandedText TableType Parameters TargetTable
""".split()


def table_input(raw: dict) -> dict:
    return {k: raw[k] for k in _TABLE_INPUT if k in raw}
