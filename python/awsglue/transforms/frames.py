"""Transforms over several frames."""

from __future__ import annotations

from awsglue.transforms.transform import GlueTransform


class Join(GlueTransform):
    def __call__(self, frame1, frame2, keys1, keys2, transformation_ctx=""):
        return frame1.join(keys1, keys2, frame2, transformation_ctx)


class SelectFromCollection(GlueTransform):
    def __call__(self, dfc, key, transformation_ctx="", **more):
        return dfc.select(key)
