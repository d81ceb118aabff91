"""Glue's transforms as classes with `apply`."""

from __future__ import annotations

from awsglue.transforms.fields import (
    ApplyMapping,
    DropFields,
    DropNullFields,
    RenameField,
    ResolveChoice,
    SelectFields,
    Unbox,
    UnnestFrame,
)
from awsglue.transforms.frames import (
    ErrorsAsDynamicFrame,
    FlatMap,
    Join,
    MapToCollection,
    Relationalize,
    SelectFromCollection,
    SplitFields,
    SplitRows,
)
from awsglue.transforms.rows import Filter, Map, Spigot
from awsglue.transforms.transform import GlueTransform

__all__ = [
    "ApplyMapping",
    "DropFields",
    "DropNullFields",
    "ErrorsAsDynamicFrame",
    "Filter",
    "FlatMap",
    "GlueTransform",
    "Join",
    "Map",
    "MapToCollection",
    "Relationalize",
    "RenameField",
    "ResolveChoice",
    "SelectFields",
    "SelectFromCollection",
    "Spigot",
    "SplitFields",
    "SplitRows",
    "Unbox",
    "UnnestFrame",
]

# What exists in Glue and not here: a script learns it where it imports it.
_ABSENT = {
    "FillMissingValues": "its values come from a model of AWS's; use toDF().fillna(…)",
    "FindMatches": "it needs a machine learning transform of AWS's; use Join on keys",
    "FindIncrementalMatches": "it needs a machine learning transform of AWS's; use Join on keys",
    "SimplifyDDBJson": "use ApplyMapping with the typed members (`item.name.S`)",
}


def __getattr__(name: str):
    if name in _ABSENT:
        raise NotImplementedError(f"awsglue.transforms.{name} is not available here: {_ABSENT[name]}")
    raise AttributeError(f"module 'awsglue.transforms' has no attribute {name!r}")
