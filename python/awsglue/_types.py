"""Glue's type words and Spark's."""

from __future__ import annotations

from pyspark.sql import types as t

_WORDS = {
    "byte": "tinyint",
    "tinyint": "tinyint",
    "short": "smallint",
    "smallint": "smallint",
    "int": "int",
    "integer": "int",
    "long": "bigint",
    "bigint": "bigint",
    "float": "float",
    "real": "float",
    "double": "double",
    "string": "string",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "binary": "binary",
    "null": "void",
}


def spark_type(word: str) -> str:
    """Spark's DDL for a type as ApplyMapping, resolveChoice or the catalog name it."""
    text = word.strip()
    low = text.lower()
    if low in _WORDS:
        return _WORDS[low]
    if low.startswith(("decimal", "numeric")):
        # A bare decimal is (10,0) in Hive and in Spark alike.
        return low.replace("numeric", "decimal")
    if low.startswith(("char(", "varchar(")):
        return "string"
    if low.startswith(("array<", "map<", "struct<")):
        return text
    if low in ("array", "map", "struct"):
        return ""
    raise ValueError(f"unknown type {word!r}")


def hive_type(kind: t.DataType) -> str:
    """The catalog's spelling of a Spark type, without blanks."""
    if isinstance(kind, t.StructType):
        return "struct<" + ",".join(f"{f.name}:{hive_type(f.dataType)}" for f in kind.fields) + ">"
    if isinstance(kind, t.ArrayType):
        return f"array<{hive_type(kind.elementType)}>"
    if isinstance(kind, t.MapType):
        return f"map<{hive_type(kind.keyType)},{hive_type(kind.valueType)}>"
    if isinstance(kind, (t.TimestampType, t.TimestampNTZType)):
        return "timestamp"
    if isinstance(kind, t.NullType):
        return "string"
    return kind.simpleString()


def ddl(columns: list[tuple[str, str]]) -> str:
    """A schema in Spark's DDL from catalog columns."""
    return ", ".join(f"{quote(name)} {spark_type(kind)}" for name, kind in columns)


def quote(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def path(name: str) -> list[str]:
    """The steps of a field path: dots descend, backticks keep a name with dots whole."""
    steps, step, quoted = [], "", False
    for c in name:
        if c == "`":
            quoted = not quoted
        elif c == "." and not quoted:
            steps.append(step)
            step = ""
        else:
            step += c
    return [*steps, step]


def column_path(name: str) -> str:
    return ".".join(quote(step) for step in path(name))
