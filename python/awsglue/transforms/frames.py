"""Transforms over several frames."""

from __future__ import annotations

from awsglue.transforms.transform import GlueTransform


class Join(GlueTransform):
    def __call__(self, frame1, frame2, keys1, keys2, transformation_ctx=""):
        return frame1.join(keys1, keys2, frame2, transformation_ctx)


class SelectFromCollection(GlueTransform):
    def __call__(self, dfc, key, transformation_ctx="", **more):
        return dfc.select(key)


class SplitFields(GlueTransform):
    def __call__(self, frame, paths, name1="frame1", name2="frame2", transformation_ctx="", **more):
        return frame.split_fields(paths, name1, name2, transformation_ctx)


class SplitRows(GlueTransform):
    def __call__(self, frame, comparison_dict, name1="frame1", name2="frame2", transformation_ctx="", **more):
        return frame.split_rows(comparison_dict, name1, name2, transformation_ctx)


class Relationalize(GlueTransform):
    def __call__(self, frame, staging_path="", name="roottable", options=None, transformation_ctx="", **more):
        return frame.relationalize(name, staging_path, options, transformation_ctx)


class MapToCollection(GlueTransform):
    def __call__(self, dfc, callable, transformation_ctx="", **more):
        return dfc.map(callable, transformation_ctx)


class FlatMap(GlueTransform):
    """A transform of each frame of a collection."""

    def __call__(self, dfc, BaseTransform, frame_name="frame", transformation_ctx="", **base_kwargs):
        def each(frame, ctx):
            return BaseTransform.apply(**{frame_name: frame, "transformation_ctx": ctx, **base_kwargs})

        return dfc.flatmap(each, transformation_ctx)


class ErrorsAsDynamicFrame(GlueTransform):
    def __call__(self, frame):
        return frame.errorsAsDynamicFrame()
