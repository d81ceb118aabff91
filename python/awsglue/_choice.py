"""Columns that hold values of several types, and what resolveChoice makes of them.

A catalog gives a column one type; files of text may hold values that are not of it. A frame reads such files strictly: the first
misfit ends the job with its file, line and value. resolveChoice, called on the frame as it was read, reads the column as text
instead, so that each value gets the type it has: the column's own, or string.
"""

from __future__ import annotations

from pyspark.sql import functions as F
from pyspark.sql import types as t

from awsglue import _types

# The words by which Glue names types in what make_cols and make_struct make.
_GLUE_WORD = {"bigint": "long", "smallint": "short", "tinyint": "byte"}


def resolve(read, kinds: dict[str, t.DataType], specs: list[tuple[str, str]], choice: str):
    """The frame with its columns resolved. read(names) gives the frame with those columns as text; kinds are the types that the
    catalog gives them."""
    wanted = dict(specs)
    names = list(wanted) if wanted else [n for n, k in kinds.items() if not isinstance(k, t.StringType)]
    names = [n for n in names if n in kinds and not isinstance(kinds[n], t.StringType)]
    frame = read(names)
    # A column that is to be cast by name is cast whatever it holds.
    mixed = _mixed(frame, kinds, [n for n in names if not wanted.get(n, "").startswith(("cast:", "project:"))])
    columns = []
    for name in frame.columns:
        column = F.col(_types.quote(name))
        if name not in names:
            columns.append(column)
            continue
        own = column.try_cast(kinds[name])
        verb, _, kind = wanted.get(name, choice).partition(":")
        word = kinds[name].simpleString()
        parts = {_GLUE_WORD.get(word, word): own, "string": F.when(own.isNull(), column)}
        if verb in ("cast", "project") and (wanted or name in mixed):
            columns.append(column.try_cast(_types.spark_type(kind)).alias(name))
        elif verb == "make_cols" and name in mixed:
            columns += [value.alias(f"{name}_{w}") for w, value in parts.items()]
        elif verb == "make_struct" and name in mixed:
            columns.append(F.struct(*(value.alias(w) for w, value in parts.items())).alias(name))
        else:
            columns.append(own.alias(name))
    return frame.select(*columns)


def _mixed(frame, kinds: dict[str, t.DataType], names: list[str]) -> set[str]:
    """Those of the columns that hold a value of another type than their own."""
    if not names:
        return set()
    columns = [F.col(_types.quote(n)) for n in names]
    misfit = [
        F.count_if(c.isNotNull() & c.try_cast(kinds[n]).isNull()).alias(str(i)) for i, (n, c) in enumerate(zip(names, columns, strict=True))
    ]
    counts = frame.select(*misfit).first()
    return {n for n, found in zip(names, counts, strict=True) if found}
