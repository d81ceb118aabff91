"""Transforms of columns."""

from __future__ import annotations

from awsglue.transforms.transform import GlueTransform


class ApplyMapping(GlueTransform):
    def __call__(self, frame, mappings, case_sensitive=True, transformation_ctx="", **more):
        return frame.apply_mapping(mappings, case_sensitive, transformation_ctx)


class SelectFields(GlueTransform):
    def __call__(self, frame, paths, transformation_ctx="", **more):
        return frame.select_fields(paths, transformation_ctx)


class DropFields(GlueTransform):
    def __call__(self, frame, paths, transformation_ctx="", **more):
        return frame.drop_fields(paths, transformation_ctx)


class RenameField(GlueTransform):
    def __call__(self, frame, old_name, new_name, transformation_ctx="", **more):
        return frame.rename_field(old_name, new_name, transformation_ctx)


class DropNullFields(GlueTransform):
    def __call__(self, frame, transformation_ctx="", **more):
        return frame.drop_null_fields(transformation_ctx)


class Unbox(GlueTransform):
    def __call__(self, frame, path, format, transformation_ctx="", info="", stageThreshold=0, totalThreshold=0, **options):
        return frame.unbox(path, format, transformation_ctx, **options)


class UnnestFrame(GlueTransform):
    def __call__(self, frame, transformation_ctx="", **more):
        return frame.unnest(transformation_ctx)


class ResolveChoice(GlueTransform):
    def __call__(self, frame, specs=None, choice="", transformation_ctx="", **more):
        return frame.resolveChoice(specs=specs, choice=choice, transformation_ctx=transformation_ctx, **more)
