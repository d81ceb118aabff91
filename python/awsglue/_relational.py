"""Nested frames as flat ones: relationalize, unnest and unbox."""

from __future__ import annotations

import re
import uuid

from pyspark.sql import functions as F
from pyspark.sql import types as t

from awsglue import _aws, _types


def leaves(schema: t.StructType, above: list[str]) -> list[tuple[list[str], t.DataType]]:
    """The paths of all that is no struct."""
    found = []
    for f in schema.fields:
        if isinstance(f.dataType, t.StructType):
            found += leaves(f.dataType, [*above, f.name])
        else:
            found.append(([*above, f.name], f.dataType))
    return found


def unnest(frame):
    """Structs become columns whose names hold dots."""
    return frame.select(*(F.col(".".join(map(_types.quote, steps))).alias(".".join(steps)) for steps, _ in leaves(frame.schema, [])))


def relationalize(frame, root: str, staging: str) -> dict:
    """The frame without structs, and a frame for each array in it: `id` is the number that stands in the array's place, `index`
    the position from 0, `NAME.val` the element or, of a struct, its members. A map counts as an array of key and value."""
    if not staging:
        raise ValueError("relationalize needs a staging path: relationalize('root', 's3://bucket/temp/')")
    frames: dict = {}
    _relationalize(frame, root, root, _aws.folder(staging), frames)
    return frames


def _relationalize(frame, name: str, root: str, staging: str, frames: dict) -> None:
    flat = unnest(frame)
    maps = [f.name for f in flat.schema.fields if isinstance(f.dataType, t.MapType)]
    for m in maps:
        flat = flat.withColumn(m, F.map_entries(F.col(_types.quote(m))))
    arrays = [f for f in flat.schema.fields if isinstance(f.dataType, t.ArrayType)]
    if not arrays:
        frames[name] = flat
        return
    # The numbers must be the same in all of the frames, however often they are computed: they are written down first.
    number = "_number"
    place = f"{staging}relationalize-{uuid.uuid4().hex}/"
    empty = [f.name for f in flat.schema.fields if isinstance(f.dataType, t.NullType)]
    for e in empty:
        flat = flat.withColumn(e, F.col(_types.quote(e)).cast("string"))
    schema = t.StructType([*flat.schema.fields, t.StructField(number, t.LongType())])
    flat.withColumn(number, F.monotonically_increasing_id() + 1).write.parquet(place)
    kept = frame.sparkSession.read.schema(schema).parquet(place)
    names = {f.name for f in arrays}
    columns = [
        F.when(F.col(_types.quote(c)).isNotNull(), F.col(number)).alias(c) if c in names else F.col(_types.quote(c)) for c in flat.columns
    ]
    frames[name] = kept.select(*columns)
    for f in arrays:
        exploded = kept.select(F.col(number).alias("id"), F.posexplode(F.col(_types.quote(f.name))).alias("index", "val"))
        if isinstance(f.dataType.elementType, t.StructType):
            members = [F.col(f"val.{_types.quote(m)}").alias(f"{f.name}.val.{m}") for m in f.dataType.elementType.fieldNames()]
        else:
            members = [F.col("val").alias(f"{f.name}.val")]
        _relationalize(exploded.select("id", "index", *members), f"{root}_{f.name}", root, staging, frames)


def unbox(frame, path: str, fmt: str, options: dict):
    """A string column that holds a text of some format, read as that."""
    steps = _types.path(path)
    if len(steps) != 1:
        raise NotImplementedError(f"unbox of {path!r}: a member of a struct cannot be unboxed; unnest the frame first")
    column = F.col(_types.quote(steps[0]))
    if fmt == "json":
        found = frame.select(F.schema_of_variant_agg(F.try_parse_json(column))).first()[0]
        return frame.withColumn(steps[0], F.from_json(column, variant_ddl(found), {"mode": "PERMISSIVE"}))
    if fmt == "csv":
        separator = options.get("separator", ",")
        first = frame.where(column.isNotNull()).select(column).first()
        width = len(first[0].split(separator)) if first else 1
        ddl = ", ".join(f"col{i} string" for i in range(width))
        return frame.withColumn(steps[0], F.from_csv(column, ddl, {"sep": separator, "quote": str(options.get("quoteChar", '"'))}))
    raise NotImplementedError(f"unbox of format {fmt!r}: json and csv can be unboxed here; read others with from_options")


def variant_ddl(found: str) -> str:
    """The type that schema_of_variant_agg names, as a schema: what is of several types there, or always null, is a string."""
    parts = re.split(r"(`(?:[^`]|``)*`)", found)
    for i in range(0, len(parts), 2):
        words = parts[i].replace("OBJECT<>", "MAP<STRING, STRING>").replace("OBJECT<", "STRUCT<")
        words = re.sub(r"\b(VOID|VARIANT)\b", "STRING", words)
        parts[i] = re.sub(r"\bDECIMAL\(\d+, ?\d+\)", "DOUBLE", words)
    return "".join(parts)
