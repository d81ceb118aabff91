"""Glue's machine learning transforms, by name."""

from __future__ import annotations

_ABSENT = {
    "FillMissingValues": "its values come from a model of AWS's; use toDF().fillna(…)",
    "FindMatches": "it needs a machine learning transform of AWS's; use Join on keys",
    "EntityDetector": "it needs AWS's own detectors; use toDF() and regular expressions",
}


def __getattr__(name: str):
    if name in _ABSENT:
        raise NotImplementedError(f"awsglueml.transforms.{name} is not available here: {_ABSENT[name]}")
    raise AttributeError(f"module 'awsglueml.transforms' has no attribute {name!r}")
