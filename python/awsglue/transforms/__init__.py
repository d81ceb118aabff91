"""Glue's transforms as classes with `apply`."""

from __future__ import annotations

from awsglue.transforms.fields import ApplyMapping, DropFields, DropNullFields, RenameField, SelectFields
from awsglue.transforms.frames import Join, SelectFromCollection
from awsglue.transforms.rows import Filter, Map
from awsglue.transforms.transform import GlueTransform

__all__ = [
    "ApplyMapping",
    "DropFields",
    "DropNullFields",
    "Filter",
    "GlueTransform",
    "Join",
    "Map",
    "RenameField",
    "ResolveChoice",
    "SelectFields",
    "SelectFromCollection",
]


class ResolveChoice(GlueTransform):
    def __call__(self, frame, specs=None, choice="", transformation_ctx="", **more):
        return frame.resolveChoice(specs=specs, choice=choice, transformation_ctx=transformation_ctx, **more)
