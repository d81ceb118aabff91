"""Transforms of rows."""

from __future__ import annotations

from awsglue.transforms.transform import GlueTransform


class Filter(GlueTransform):
    def __call__(self, frame, f, transformation_ctx="", **more):
        return frame.filter(f, transformation_ctx)


class Map(GlueTransform):
    def __call__(self, frame, f, transformation_ctx="", **more):
        return frame.map(f, transformation_ctx)


class Spigot(GlueTransform):
    def __call__(self, frame, path, options=None, transformation_ctx="", **more):
        return frame.spigot(path, options, transformation_ctx)
